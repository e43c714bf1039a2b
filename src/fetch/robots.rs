//! robots.txt as RFC 9309 reads it.

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
    /// `Crawl-delay`, in milliseconds, at most two minutes.
    pub(super) crawl_delay_ms: Option<u64>,
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
            last_was_agent &= !matches!(key.as_str(), "allow" | "disallow" | "crawl-delay");
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

    fn add(&mut self, key: &str, value: &str, line: usize) -> bool {
        match key {
            "allow" | "disallow" => {
                if !value.is_empty() {
                    self.rules.push(Rule { allow: key == "allow", pattern: normalize(value), line });
                }
                true
            }
            "crawl-delay" => {
                if let Some(seconds) = value.parse::<f64>().ok().filter(|s| s.is_finite() && *s >= 0.0)
                    && self.crawl_delay_ms.is_none()
                {
                    let capped = seconds.min(MAX_DELAY_MS as f64 / 1000.0);
                    self.crawl_delay_ms = Some((capped * 1000.0) as u64);
                }
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

fn product_token(value: &str) -> &str {
    let end = value.find(|c: char| !(c.is_ascii_alphabetic() || c == '_' || c == '-')).unwrap_or(value.len());
    &value[..end]
}

/// Percent-encodes what is not ASCII, decodes what needs no encoding, writes escapes in upper case (RFC 9309 §2.2.2).
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
            None if byte.is_ascii() => {
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
