//! robots.txt as RFC 9309 reads it.

use crate::kit::clock::UnixMs;

/// Largest part of a robots.txt that is read, in bytes (RFC 9309 §2.5 asks for at least 500 KiB).
pub(super) const MAX_BYTES: u64 = 512 << 10;
/// Longest rule that is read, in bytes; longer ones are cut, as other crawlers do.
const MAX_LINE_BYTES: usize = 2_083 * 8;
/// Longest crawl delay that is honored, in milliseconds.
const MAX_DELAY_MS: u64 = 120_000;

/// What one origin lets one product fetch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// The longer of `Crawl-delay` and `Request-rate`, in milliseconds, at most two minutes.
    pub(super) crawl_delay_ms: Option<u64>,
    /// `Visit-time`: minutes of the day (UTC) at which we are welcome.
    visit_time: Option<(u16, u16)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allow: bool,
    /// Normalized by [`normalize`].
    pattern: String,
    line: usize,
}

impl Rules {
    /// Everything may be fetched.
    pub(super) fn allow_all() -> Self {
        Self::default()
    }

    /// The rules in `text` for `product`, the bare token of the user agent, for example `adwatch`.
    pub(super) fn parse(product: &str, text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
        let (mut ours, mut everyones) = (Self::default(), Self::default());
        let mut is_ours_named = false;
        let (mut in_ours, mut in_everyones, mut last_was_agent) = (false, false, false);
        for (nth, line) in text.split(['\n', '\r', '\0']).enumerate() {
            let Some((key, value)) = key_and_value(line) else { continue };
            if key == "user-agent" {
                if !last_was_agent {
                    (in_ours, in_everyones) = (false, false);
                }
                last_was_agent = true;
                if value == "*" || value.starts_with("* ") {
                    in_everyones = true;
                } else if product_token(value).eq_ignore_ascii_case(product) {
                    (in_ours, is_ours_named) = (true, true);
                }
                continue;
            }
            let groups = [(in_ours, &mut ours), (in_everyones, &mut everyones)];
            for (_, group) in groups.into_iter().filter(|(is_in, _)| *is_in) {
                last_was_agent &= !group.add(&key, value, nth + 1);
            }
            // A rule ends the list of agents also when the group is not for us.
            const RULES: [&str; 5] = ["allow", "disallow", "crawl-delay", "request-rate", "visit-time"];
            last_was_agent &= !RULES.contains(&key.as_str());
        }
        if is_ours_named { ours } else { everyones }
    }

    /// The line that forbids `path_and_query`, or `None` when it may be fetched.
    pub(super) fn forbidden_by(&self, path_and_query: &str) -> Option<usize> {
        let path = normalize(path_and_query);
        if path == "/robots.txt" {
            return None;
        }
        let matching = self.rules.iter().filter(|rule| pattern_matches(&rule.pattern, &path));
        // The longest pattern decides; of equally long ones the permission (RFC 9309 §2.2.2).
        let decides = matching.max_by_key(|rule| (rule.pattern.len(), rule.allow))?;
        (!decides.allow).then_some(decides.line)
    }

    /// How long until `Visit-time` begins, in milliseconds; 0 when we are welcome at `now`.
    pub(super) fn visit_in_ms(&self, now: UnixMs) -> u64 {
        const DAY: i64 = 24 * 60;
        let Some((from, to)) = self.visit_time else { return 0 };
        let minute = now.0.div_euclid(60_000).rem_euclid(DAY);
        let since = (minute - i64::from(from)).rem_euclid(DAY);
        let lasts = (i64::from(to) - i64::from(from)).rem_euclid(DAY);
        if lasts == 0 || since < lasts {
            return 0;
        }
        u64::try_from(DAY - since).unwrap_or(0) * 60_000
    }

    fn delay(&mut self, seconds: f64) {
        let capped_ms = (seconds.min(MAX_DELAY_MS as f64 / 1000.0) * 1000.0) as u64;
        self.crawl_delay_ms = Some(self.crawl_delay_ms.unwrap_or(0).max(capped_ms));
    }

    fn add(&mut self, key: &str, value: &str, line: usize) -> bool {
        match key {
            "allow" | "disallow" => {
                if !value.is_empty() {
                    let (allow, pattern) = (key == "allow", normalize(value));
                    // As Google reads it: who may fetch the first page by its name may fetch it without.
                    let folder =
                        ["index.html", "index.htm"].iter().find_map(|name| pattern.strip_suffix(name));
                    if let Some(folder) = folder.filter(|folder| allow && folder.ends_with('/')) {
                        self.rules.push(Rule { allow, pattern: format!("{folder}$"), line });
                    }
                    self.rules.push(Rule { allow, pattern, line });
                }
                true
            }
            "crawl-delay" => {
                if let Some(seconds) = value.parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0) {
                    self.delay(seconds);
                }
                true
            }
            // Not in the RFC; honored because a site that writes them means them.
            "request-rate" => {
                if let Some(seconds) = seconds_per_request(value) {
                    self.delay(seconds);
                }
                true
            }
            "visit-time" => {
                self.visit_time = self.visit_time.or_else(|| hours(value));
                true
            }
            _ => false,
        }
    }
}

/// A line without its comment, split at the colon; key in lower case with common slips mended.
fn key_and_value(line: &str) -> Option<(String, &str)> {
    let mut end = line.len().min(MAX_LINE_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let line = line[..end].split('#').next().unwrap_or("").trim();
    let (key, value) = line.split_once(':').or_else(|| line.split_once(char::is_whitespace))?;
    let key = match key.trim().to_ascii_lowercase().as_str() {
        "useragent" | "user agent" => "user-agent".to_owned(),
        "dissallow" | "dissalow" | "disalow" | "diasllow" | "disallaw" => "disallow".to_owned(),
        other => other.to_owned(),
    };
    Some((key, value.trim()))
}

/// `1/10s`, `100/15m`, `400/1h`, `9000/1d`, with or without hours of the day behind it.
fn seconds_per_request(value: &str) -> Option<f64> {
    let (requests, time) = value.split_whitespace().next()?.split_once('/')?;
    let n_digits = time.find(|c: char| !c.is_ascii_digit()).unwrap_or(time.len());
    let (number, unit) = time.split_at(n_digits);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let (requests, number): (f64, f64) = (requests.parse().ok()?, number.parse().ok()?);
    let seconds = number * unit / requests;
    (requests > 0.0 && seconds.is_finite()).then_some(seconds)
}

/// `0600-0845` as minutes of the day.
fn hours(value: &str) -> Option<(u16, u16)> {
    let minute = |text: &str| {
        let digits = text.trim();
        let number: u16 = (digits.len() == 4).then(|| digits.parse().ok()).flatten()?;
        let (hour, minute) = (number / 100, number % 100);
        (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let (from, to) = value.split_once('-')?;
    Some((minute(from)?, minute(to)?))
}

fn product_token(value: &str) -> &str {
    let end = value.find(|c: char| !(c.is_ascii_alphabetic() || c == '_' || c == '-')).unwrap_or(value.len());
    &value[..end]
}

/// Percent-encodes what addresses do not hold, decodes what needs no encoding, writes escapes in upper case (RFC 9309 §2.2.2).
fn normalize(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut normal = String::with_capacity(path.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let escaped = (byte == b'%')
            .then(|| path.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()))
            .flatten();
        match escaped {
            Some(decoded) if decoded.is_ascii_alphanumeric() || b"-._~".contains(&decoded) => {
                normal.push(char::from(decoded));
                at += 3;
            }
            Some(decoded) => {
                normal.push_str(&format!("%{decoded:02X}"));
                at += 3;
            }
            // What parsers of addresses escape too.
            None if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) => {
                normal.push(char::from(byte));
                at += 1;
            }
            None => {
                normal.push_str(&format!("%{byte:02X}"));
                at += 1;
            }
        }
    }
    normal
}

/// `*` stands for any characters, `$` at the end for the end; otherwise the pattern is a prefix.
fn pattern_matches(pattern: &str, path: &str) -> bool {
    let (pattern, anchored) = match pattern.strip_suffix('$') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop();
    // Taking each part at its first occurrence leaves the most for the parts after it, so no search backwards is needed.
    for part in parts {
        let Some(found) = rest.find(part) else { return false };
        rest = &rest[found + part.len()..];
    }
    match (last, anchored) {
        (None, anchored) => !anchored || rest.is_empty(),
        (Some(last), true) => rest.ends_with(last),
        (Some(last), false) => rest.contains(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(robots: &str, path: &str) -> bool {
        Rules::parse("adwatch", robots.as_bytes()).forbidden_by(path).is_none()
    }

    #[test]
    fn the_longest_rule_decides_and_permission_wins_a_tie() {
        let cases = [
            ("", "/x", true),
            ("user-agent: *\ndisallow: /", "/x", false),
            ("user-agent: *\ndisallow: /", "/robots.txt", true),
            ("user-agent: *\ndisallow:", "/x", true),
            ("user-agent: *\nallow: /p\ndisallow: /", "/page", true),
            ("user-agent: *\ndisallow: /x/page.html\nallow: /x/", "/x/page.html", false),
            ("user-agent: *\ndisallow: /page\nallow: /page", "/page", true),
            ("user-agent: *\nallow: /page\ndisallow: /*.htm", "/page.htm", false),
            ("user-agent: *\nallow: /$\ndisallow: /", "/", true),
            ("user-agent: *\nallow: /$\ndisallow: /", "/page", false),
            ("user-agent: *\ndisallow: /a*b*c$", "/axxbyyc", false),
            ("user-agent: *\ndisallow: /a*b*c$", "/axxbyycd", true),
            ("user-agent: *\ndisallow: /*?id=", "/list?id=3", false),
            ("user-agent: *\ndisallow: /fish*.php$", "/fish.php.php", false),
            ("user-agent: *\ndisallow: /A", "/a", true),
            ("user-agent: *\ndisallow: /$x", "/$x", false),
            ("user-agent: *\ndisallow: *.pdf$", "/a/b.pdf", false),
        ];
        for (robots, path, expected) in cases {
            assert_eq!(allows(robots, path), expected, "{robots:?} {path}");
        }
    }

    #[test]
    fn the_group_that_names_the_product_is_the_only_one_that_counts() {
        let cases = [
            ("user-agent: *\ndisallow: /\nuser-agent: adwatch\nallow: /", "/x", true),
            ("user-agent: adwatch\ndisallow: /\nuser-agent: *\nallow: /", "/x", false),
            ("user-agent: AdWatch/1.0 (bot)\ndisallow: /", "/x", false),
            ("user-agent: adwatcher\ndisallow: /", "/x", true),
            ("user-agent: other\ndisallow: /", "/x", true),
            ("user-agent: other\nuser-agent: adwatch\ndisallow: /", "/x", false),
            ("user-agent: other\nsitemap: /s\nuser-agent: adwatch\ndisallow: /", "/x", false),
            (
                "user-agent: adwatch\ndisallow: /a\nuser-agent: x\ndisallow: /c\nuser-agent: adwatch\ndisallow: /b",
                "/b",
                false,
            ),
            ("user-agent: adwatch\ndisallow: /a\nuser-agent: x\ndisallow: /c", "/c", true),
            ("user-agent: adwatch\nuser-agent: *\ndisallow: /a", "/a", false),
            ("disallow: /x\nuser-agent: *\ndisallow: /y", "/x", true),
        ];
        for (robots, path, expected) in cases {
            assert_eq!(allows(robots, path), expected, "{robots:?} {path}");
        }
    }

    #[test]
    fn lines_are_read_with_comments_slips_and_every_line_ending() {
        let cases = [
            ("\u{feff}user-agent: *\r\ndisallow: /x # no\r\n", "/x", false),
            ("user-agent: *\rdisallow: /x", "/x", false),
            ("User Agent: *\nDissallow : /x", "/x", false),
            ("user-agent *\ndisallow /x", "/x", false),
            ("user-agent: *\ndisallow: /a#b", "/a", false),
            ("<html><body>404: not here</body></html>", "/x", true),
            ("user-agent: *\nnonsense\n\n\ndisallow: /x", "/x", false),
        ];
        for (robots, path, expected) in cases {
            assert_eq!(allows(robots, path), expected, "{robots:?} {path}");
        }
    }

    #[test]
    fn escapes_are_compared_in_one_form() {
        let cases = [
            ("/foo/bar/ツ", "/foo/bar/%E3%83%84", false),
            ("/foo/bar/%e3%83%84", "/foo/bar/%E3%83%84", false),
            ("/foo/bar/%62%61%7A", "/foo/bar/baz", false),
            ("/a%2fb", "/a/b", true),
            ("/100%", "/100%", false),
        ];
        for (rule, path, expected) in cases {
            assert_eq!(allows(&format!("user-agent: *\ndisallow: {rule}"), path), expected, "{rule} {path}");
        }
    }

    #[test]
    fn crawl_delay_is_read_for_our_group_and_bounded() {
        let delay = |text: &str| Rules::parse("adwatch", text.as_bytes()).crawl_delay_ms;
        assert_eq!(delay("user-agent: *\ncrawl-delay: 2.5"), Some(2_500));
        assert_eq!(delay("user-agent: *\ncrawl-delay: 9\nuser-agent: adwatch\ncrawl-delay: 1"), Some(1_000));
        assert_eq!(delay("user-agent: *\ncrawl-delay: 99999999999"), Some(120_000));
        for nothing in ["-1", "NaN", "inf", "soon", ""] {
            assert_eq!(delay(&format!("user-agent: *\ncrawl-delay: {nothing}")), None, "{nothing}");
        }
    }

    #[test]
    fn request_rate_and_visit_time_are_honored() {
        let rules = |text: &str| Rules::parse("adwatch", format!("user-agent: *\n{text}").as_bytes());
        for (rate, expected) in [
            ("1/10s", Some(10_000)),
            ("100/15m", Some(9_000)),
            ("400/1h", Some(9_000)),
            ("9000/1d", Some(9_600)),
            ("1/10s 1820-1940", Some(10_000)),
            ("1/1d", Some(120_000)),
            ("0/1s", None),
            ("1/1w", None),
            ("often", None),
        ] {
            assert_eq!(rules(&format!("request-rate: {rate}")).crawl_delay_ms, expected, "{rate}");
        }
        assert_eq!(rules("request-rate: 1/3s\ncrawl-delay: 7").crawl_delay_ms, Some(7_000));
        let at = |minute: i64| UnixMs(1_795_392_000_000 + minute * 60_000); // 00:00 UTC
        let night = rules("visit-time: 2200-0130");
        for (minute, wait_min) in [(0, 0), (89, 0), (90, 1_230), (1_319, 1), (1_320, 0)] {
            assert_eq!(night.visit_in_ms(at(minute)), wait_min * 60_000, "{minute}");
        }
        for always in ["", "visit-time: 0000-2400", "visit-time: 2500-2600", "visit-time: morning"] {
            assert_eq!(rules(always).visit_in_ms(at(600)), 0, "{always}");
        }
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Case {
        name: String,
        #[serde(rename = "because")]
        _because: Option<String>,
        robots: String,
        #[serde(default)]
        allow: Vec<String>,
        #[serde(default)]
        deny: Vec<String>,
    }

    #[test]
    fn the_table_of_cases_is_read_as_others_read_it() {
        #[derive(serde::Deserialize)]
        struct Table {
            case: Vec<Case>,
        }
        let table: Table = toml::from_str(include_str!("../../fixtures/fetch/robots.toml")).unwrap();
        let mut wrong = Vec::new();
        let mut n_expectations = 0;
        for case in &table.case {
            let rules = Rules::parse("JzBot", case.robots.as_bytes());
            let paths = case.allow.iter().map(|path| (path, true));
            for (path, allowed) in paths.chain(case.deny.iter().map(|path| (path, false))) {
                n_expectations += 1;
                if rules.forbidden_by(path).is_none() != allowed {
                    wrong.push(format!(
                        "{}: {path} must be {}",
                        case.name,
                        if allowed { "allowed" } else { "denied" }
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(n_expectations >= 200, "{n_expectations}");
    }

    #[test]
    fn lines_are_cut_where_google_cuts_them() {
        let path = format!("/x/{}", "a".repeat(MAX_LINE_BYTES));
        let text = format!("user-agent: JzBot\ndisallow: {path}/qux");
        let rules = Rules::parse("JzBot", text.as_bytes());
        assert!(rules.forbidden_by("/fux").is_none());
        assert!(rules.forbidden_by(&format!("{}/fux", &path[..MAX_LINE_BYTES - 10])).is_some());
    }

    #[test]
    fn hostile_patterns_cost_linear_time() {
        let pattern = "/*a".repeat(3_000);
        let path = format!("/{}", "a/".repeat(4_000));
        assert!(allows(&format!("user-agent: *\ndisallow: {pattern}b"), &path));
    }

    #[test]
    fn the_forbidding_line_is_named() {
        let rules = Rules::parse("adwatch", b"# hello\nuser-agent: *\nallow: /a\ndisallow: /ab\n");
        assert_eq!(rules.forbidden_by("/abc"), Some(4));
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_the_reader_panic(text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), path in ".{0,60}") {
            Rules::parse("adwatch", &text).forbidden_by(&path);
        }
    }
}
