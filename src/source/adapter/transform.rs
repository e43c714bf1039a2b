//! What may be done to a value: the closed list from which check, help and documentation derive.

use regex::Regex;
use scraper::Html;
use url::Url;

use super::path::{Found, JsonPath, shown};
use crate::extract::{html, moment};
use crate::kit::clock::UnixMs;

/// One entry of the list.
#[derive(Debug, Clone, Copy)]
pub struct TransformKind {
    /// Its name in `as = ["…"]`.
    pub name: &'static str,
    /// What stands in brackets behind the name; empty when nothing does.
    pub argument: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// A use, with the value that goes in and what comes out.
    pub example: (&'static str, &'static str, &'static str),
    make: fn(&str) -> Result<Transform, String>,
}

const fn plain(
    name: &'static str,
    about: &'static str,
    example: (&'static str, &'static str, &'static str),
    make: fn(&str) -> Result<Transform, String>,
) -> TransformKind {
    TransformKind { name, argument: "", about, example, make }
}

const fn with(
    name: &'static str,
    argument: &'static str,
    about: &'static str,
    example: (&'static str, &'static str, &'static str),
    make: fn(&str) -> Result<Transform, String>,
) -> TransformKind {
    TransformKind { name, argument, about, example, make }
}

/// Every transform. Times come out as Unix milliseconds; a value that cannot be read comes out as nothing.
pub const TRANSFORMS: &[TransformKind] = &[
    plain("trim", "White space at both ends goes.", ("trim", "  保本 ", "保本"), |_| Ok(Transform::Trim)),
    plain(
        "strip-html",
        "Markup to its visible text, one line per block.",
        ("strip-html", "<p>日返<b>千三</b></p><p>稳赚</p>", "日返千三\n稳赚"),
        |_| Ok(Transform::StripHtml),
    ),
    plain(
        "unescape",
        "HTML entities to characters.",
        ("unescape", "A&amp;B &#20445;本", "A&B 保本"),
        |_| Ok(Transform::Unescape),
    ),
    plain(
        "absolute-url",
        "An address resolved against that of the page.",
        ("absolute-url", "../a.html", "https://example.com/a.html"),
        |_| Ok(Transform::AbsoluteUrl),
    ),
    plain(
        "percent-decode",
        "`%E4%BF%9D` and `+` to characters.",
        ("percent-decode", "%E4%BF%9D%E6%9C%AC+1", "保本 1"),
        |_| Ok(Transform::PercentDecode),
    ),
    plain(
        "json-string",
        "Escapes of a JavaScript string to characters.",
        ("json-string", r"\u4fdd\x2f\/本", "保//本"),
        |_| Ok(Transform::JsonString),
    ),
    plain(
        "unix-seconds",
        "Seconds since 1970 as a time.",
        ("unix-seconds", "1795393500", "1795393500000"),
        |_| Ok(Transform::UnixSeconds),
    ),
    plain(
        "unix-ms",
        "Milliseconds since 1970 as a time.",
        ("unix-ms", "1795393500000", "1795393500000"),
        |_| Ok(Transform::UnixMs),
    ),
    plain(
        "rfc3339",
        "A time that names its zone: RFC 3339, RFC 2822, or `Tue Feb 23 12:28:47 +0800 2021`.",
        ("rfc3339", "2026-11-23T00:25:00Z", "1795393500000"),
        |_| Ok(Transform::Moment),
    ),
    plain(
        "chinese-date",
        "The first date in the text, in China's zone: 2026年11月23日 08:25, 2026-11-23, 2026/11/23.",
        ("chinese-date", "发布于2026年11月23日 08:25", "1795393500000"),
        |_| Ok(Transform::ChineseDate),
    ),
    with(
        "date",
        "FORMAT",
        "A date in a form of its own (`strptime`), at midnight in China.",
        ("date(%Y%m/%d)", "202611/23", "1795363200000"),
        |argument| some(argument).map(Transform::Date),
    ),
    plain(
        "relative-time",
        "A time told from that of the capture: 刚刚, 3分钟前, 昨天 08:30, 06-27, and all of the above.",
        ("relative-time", "5分钟前", "1795393200000"),
        |_| Ok(Transform::RelativeTime),
    ),
    plain(
        "number",
        "A number with 万, 亿, thousands separators or a plus sign.",
        ("number", "1.2万+", "12000"),
        |_| Ok(Transform::Number),
    ),
    with("scale", "FACTOR", "A number times a factor.", ("scale(0.000001)", "4990000", "4.99"), |argument| {
        argument.trim().parse().map(Transform::Scale).map_err(|_| "the factor is no number".to_owned())
    }),
    plain(
        "redirect-target",
        "Where a redirecting link leads, from its usual parameters, never by following it.",
        ("redirect-target", "https://weibo.cn/sinaurl?u=https%3A%2F%2Fx.example%2F", "https://x.example/"),
        |_| Ok(Transform::RedirectTarget),
    ),
    with(
        "redirect-parameter",
        "NAME",
        "The value of one query parameter of an address.",
        ("redirect-parameter(to)", "https://a.example/j?to=https%3A%2F%2Fx.example%2F", "https://x.example/"),
        |argument| some(argument).map(Transform::QueryParameter),
    ),
    plain(
        "links",
        "Addresses of the links in markup.",
        ("links", "点<a href='/a'>我</a>", "https://example.com/a"),
        |_| Ok(Transform::Links),
    ),
    plain(
        "images",
        "Addresses of the images in markup.",
        ("images", "<p><img data-src='/a.png'></p>", "https://example.com/a.png"),
        |_| Ok(Transform::Images),
    ),
    plain(
        "css-url",
        "The address in `url(…)` of a style.",
        ("css-url", "background-image:url('https://p.example/1.jpg')", "https://p.example/1.jpg"),
        |_| Ok(Transform::CssUrl),
    ),
    with(
        "regex",
        "PATTERN",
        "The first group of each match, or the whole match when there is no group.",
        (r"regex(id=(\d+))", "a?id=12&b", "12"),
        |argument| Regex::new(argument).map(Transform::Pattern).map_err(|error| error.to_string()),
    ),
    with(
        "keep",
        "PATTERN",
        "The value if it matches, nothing otherwise.",
        ("keep(^(广告|推广)$)", "广告", "广告"),
        |argument| Regex::new(argument).map(Transform::Keep).map_err(|error| error.to_string()),
    ),
    with("replace", "OLD=>NEW", "Every OLD by NEW.", ("replace(&amp;=>&)", "a&amp;b", "a&b"), |argument| {
        match argument.split_once("=>") {
            Some((old, new)) if !old.is_empty() => Ok(Transform::Replace(old.to_owned(), new.to_owned())),
            _ => Err("write replace(OLD=>NEW)".to_owned()),
        }
    }),
    with(
        "prefix",
        "TEXT",
        "TEXT before the value.",
        ("prefix(https:)", "//a.example/", "https://a.example/"),
        |argument| some(argument).map(Transform::Prefix),
    ),
    with("say", "TEXT", "TEXT in place of the value.", ("say(推广)", "true", "推广"), |argument| {
        some(argument).map(Transform::Say)
    }),
    with("split", "SEPARATOR", "The pieces between separators.", ("split(|)", "a|b", "a\nb"), |argument| {
        some(argument).map(Transform::Split)
    }),
    with(
        "json",
        "POINTER",
        "The value is JSON; what stands at the pointer in it.",
        ("json(/id)", r#"{"id":12}"#, "12"),
        |argument| JsonPath::parse(argument).map(Transform::Json),
    ),
];

/// A transform with its argument.
#[derive(Debug, Clone)]
pub(super) enum Transform {
    Trim,
    StripHtml,
    Unescape,
    AbsoluteUrl,
    PercentDecode,
    JsonString,
    UnixSeconds,
    UnixMs,
    Moment,
    ChineseDate,
    RelativeTime,
    Date(String),
    Number,
    Scale(f64),
    RedirectTarget,
    QueryParameter(String),
    Links,
    Images,
    CssUrl,
    Pattern(Regex),
    Keep(Regex),
    Replace(String, String),
    Prefix(String),
    Say(String),
    Split(String),
    Json(JsonPath),
}

/// What transforms may know of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// Against which addresses are resolved.
    pub base: &'a Url,
    /// When the page was captured.
    pub now: UnixMs,
}

impl Transform {
    /// Reads `name` or `name(argument)`.
    ///
    /// # Errors
    /// What is wrong, and the known names when the name is unknown.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, argument) = call(text);
        let Some(kind) = TRANSFORMS.iter().find(|kind| kind.name == name) else {
            let known: Vec<&str> = TRANSFORMS.iter().map(|kind| kind.name).collect();
            return Err(format!("unknown transform `{name}`; known: {}", known.join(", ")));
        };
        match (kind.argument, argument) {
            ("", Some(_)) => Err(format!("`{name}` takes nothing in brackets")),
            ("", None) => (kind.make)(""),
            (wanted, None) => Err(format!("write {name}({wanted})")),
            (_, Some(argument)) => (kind.make)(argument),
        }
    }

    /// Whether a time comes out.
    pub fn gives_time(&self) -> bool {
        matches!(
            self,
            Self::UnixSeconds
                | Self::UnixMs
                | Self::Moment
                | Self::ChineseDate
                | Self::RelativeTime
                | Self::Date(_)
        )
    }

    /// What comes out for one value.
    pub fn apply(&self, value: &str, place: Place<'_>) -> Vec<String> {
        let one = |value: Option<String>| value.into_iter().collect::<Vec<_>>();
        let time = |at: Option<UnixMs>| one(at.map(|at| at.0.to_string()));
        match self {
            Self::Trim => vec![value.trim().to_owned()],
            Self::StripHtml => vec![html::text_of(html::parse_fragment(value).root_element())],
            Self::Unescape => vec![unescaped(value)],
            Self::AbsoluteUrl => one(html::resolve(place.base, value)),
            Self::PercentDecode => vec![percent_decoded(value)],
            Self::JsonString => vec![unescaped_script(value)],
            Self::UnixSeconds => {
                time(value.trim().parse::<f64>().ok().map(|seconds| UnixMs((seconds * 1000.0) as i64)))
            }
            Self::UnixMs => time(value.trim().parse::<f64>().ok().map(|ms| UnixMs(ms as i64))),
            Self::Moment => time(moment::parse(value)),
            Self::ChineseDate => time(moment::first_in(value)),
            Self::RelativeTime => time(moment::parse_relative(value, place.now)),
            Self::Date(format) => time(moment::parse_form(value, format)),
            Self::Number => one(number(value).map(|number| number.to_string())),
            Self::Scale(factor) => one(number(value).map(|number| rounded(number * factor))),
            Self::RedirectTarget => vec![html::unwrap_redirect(value)],
            Self::QueryParameter(name) => {
                let url = html::resolve(place.base, value).and_then(|url| Url::parse(&url).ok());
                let found = url.and_then(|url| {
                    url.query_pairs()
                        .find(|(key, _)| key == name.as_str())
                        .map(|(_, value)| value.into_owned())
                });
                one(found)
            }
            Self::Links => html::links_of(html::parse_fragment(value).root_element(), place.base),
            Self::Images => html::images_of(html::parse_fragment(value).root_element(), place.base),
            Self::CssUrl => one(html::background_image(value)),
            Self::Pattern(pattern) => {
                let group = usize::from(pattern.captures_len() > 1);
                let matches = pattern.captures_iter(value);
                matches.filter_map(|found| found.get(group)).map(|found| found.as_str().to_owned()).collect()
            }
            Self::Keep(pattern) => one(pattern.is_match(value).then(|| value.to_owned())),
            Self::Replace(old, new) => vec![value.replace(old, new)],
            Self::Prefix(prefix) => vec![format!("{prefix}{value}")],
            Self::Say(text) => vec![text.clone()],
            Self::Split(separator) => value.split(separator.as_str()).map(str::to_owned).collect(),
            Self::Json(path) => {
                let Ok(root) = serde_json::from_str::<serde_json::Value>(value) else { return Vec::new() };
                let item = Found { pointer: String::new(), value: std::borrow::Cow::Borrowed(&root) };
                path.find(&root, &item).iter().filter_map(|found| shown(&found.value)).collect()
            }
        }
    }
}

/// `name(argument)` → name and argument.
pub(super) fn call(text: &str) -> (&str, Option<&str>) {
    match text.split_once('(') {
        Some((name, rest)) => match rest.strip_suffix(')') {
            Some(argument) => (name.trim(), Some(argument)),
            None => (text, None),
        },
        None => (text.trim(), None),
    }
}

fn some(argument: &str) -> Result<String, String> {
    if argument.is_empty() {
        Err("nothing stands in the brackets".to_owned())
    } else {
        Ok(argument.to_owned())
    }
}

/// Entities only: markup stays as characters.
fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let markup = text.replace('<', "&lt;");
    Html::parse_fragment(&markup).root_element().text().collect()
}

fn percent_decoded(text: &str) -> String {
    // A form with one nameless value is decoded as WHATWG says.
    url::form_urlencoded::parse(format!("v={}", text.replace('&', "%26")).as_bytes())
        .next()
        .map_or_else(|| text.to_owned(), |(_, value)| value.into_owned())
}

/// Escapes of characters and of code units in four or two hexadecimal digits.
fn unescaped_script(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    let mut buffer = [0_u16; 2];
    while let Some(c) = chars.next() {
        if c != '\\' {
            units.extend_from_slice(c.encode_utf16(&mut buffer));
            continue;
        }
        let digits = match chars.next() {
            Some('u') => 4,
            Some('x') => 2,
            Some('n') => {
                units.push(u16::from(b'\n'));
                continue;
            }
            Some('t') => {
                units.push(u16::from(b'\t'));
                continue;
            }
            Some('r') | None => continue,
            Some(other) => {
                units.extend_from_slice(other.encode_utf16(&mut buffer));
                continue;
            }
        };
        let hex: String = chars.clone().take(digits).collect();
        if let Ok(unit) = u16::from_str_radix(&hex, 16) {
            units.push(unit);
            chars.nth(digits - 1);
        }
    }
    String::from_utf16_lossy(&units)
}

fn number(text: &str) -> Option<f64> {
    let text: String = text.chars().filter(|c| !matches!(c, ',' | '，' | '+' | ' ' | '\u{a0}')).collect();
    let (digits, factor) = match text.strip_suffix('万') {
        Some(digits) => (digits, 1e4),
        None => match text.strip_suffix('亿') {
            Some(digits) => (digits, 1e8),
            None => (text.as_str(), 1.0),
        },
    };
    digits.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * factor)
}

fn rounded(number: f64) -> String {
    format!("{number:.6}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transform_does_what_its_example_says() {
        let base = Url::parse("https://example.com/list/").unwrap();
        let place = Place { base: &base, now: UnixMs(1_795_393_500_000) };
        for kind in TRANSFORMS {
            let (call, value, expected) = kind.example;
            let transform = Transform::parse(call).unwrap_or_else(|error| panic!("{call}: {error}"));
            assert_eq!(transform.apply(value, place).join("\n"), expected, "{call}");
            assert!(call.starts_with(kind.name), "{call}");
            assert_eq!(kind.argument.is_empty(), !call.contains('('), "{call}");
        }
    }

    #[test]
    fn unreadable_values_come_out_as_nothing() {
        let base = Url::parse("https://example.com/").unwrap();
        let place = Place { base: &base, now: UnixMs(0) };
        for (call, value) in [
            ("unix-seconds", "soon"),
            ("rfc3339", "soon"),
            ("chinese-date", "soon"),
            ("relative-time", "soon"),
            ("number", "many"),
            ("absolute-url", "javascript:1"),
            ("redirect-parameter(u)", "https://example.com/"),
            ("css-url", "color:red"),
            ("regex(x)", "y"),
            ("keep(x)", "y"),
            ("json(/a)", "{"),
        ] {
            assert_eq!(Transform::parse(call).unwrap().apply(value, place), [""; 0], "{call}");
        }
    }

    #[test]
    fn wrong_calls_say_what_is_known() {
        for (call, expected) in [
            ("shout", "unknown transform `shout`; known: trim"),
            ("trim(x)", "takes nothing"),
            ("regex", "write regex(PATTERN)"),
            ("regex(()", "unclosed"),
            ("replace(a)", "OLD=>NEW"),
            ("scale(x)", "no number"),
            ("prefix()", "nothing stands"),
        ] {
            let error = Transform::parse(call).unwrap_err();
            assert!(error.contains(expected), "{call}: {error}");
        }
    }
}
