//! Masks what reaches or identifies a person before it goes into a log or a copy that leaves the office.
//!
//! Masking is for display only: stored values and evidence are never masked.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Names of address parameters whose values open doors.
const SECRETS: [&str; 12] = [
    "token",
    "access_token",
    "key",
    "api_key",
    "apikey",
    "secret",
    "sign",
    "signature",
    "password",
    "passwd",
    "auth",
    "session",
];

/// The first and last characters of `text`, the rest as `****`: three and four of long values, two and two of short
/// ones, nothing of tiny ones. `13800138000` becomes `138****8000`.
pub fn middle(text: &str) -> String {
    let n_chars = text.chars().count();
    let (front, behind) = match n_chars {
        11.. => (3, 4),
        6.. => (2, 2),
        _ => (0, 1.min(n_chars)),
    };
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    format!("{}****{}", &text[..at(front)], &text[at(n_chars - behind)..])
}

/// An e-mail address with one letter of the name: `z***@x.example`.
pub fn mail(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((name, host)) => {
            format!("{}***@{host}", name.chars().next().map(String::from).unwrap_or_default())
        }
        None => middle(address),
    }
}

/// An address without password and without the values of parameters that open doors.
pub fn url(address: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(address) else { return text(address) };
    if parsed.password().is_some() {
        // Fails only for addresses that cannot have a password.
        let _ = parsed.set_password(Some("****"));
    }
    if parsed.query().is_some() {
        let pairs: Vec<(String, String)> = parsed
            .query_pairs()
            .map(|(name, value)| {
                let is_secret = SECRETS.contains(&name.to_ascii_lowercase().as_str());
                let value = if is_secret { "****".to_owned() } else { text(&value) };
                (name.into_owned(), value)
            })
            .collect();
        parsed.query_pairs_mut().clear().extend_pairs(pairs);
    }
    parsed.to_string().replace("%2A", "*")
}

/// Free text with e-mail addresses and runs of seven digits or more masked; everything else stays.
pub fn text(text: &str) -> String {
    let Some(pattern) = PERSONAL.as_ref() else { return "****".to_owned() };
    let mask = |found: &regex::Captures<'_>| {
        let word = &found[0];
        if word.contains('@') { mail(word) } else { middle(word) }
    };
    pattern.replace_all(text, mask).into_owned()
}

/// As [`text`], but every character keeps its number of bytes, so that places in the text keep their meaning.
pub fn in_place(text: &str) -> Cow<'_, str> {
    match PERSONAL.as_ref() {
        Some(pattern) => hide(text, &pattern.find_iter(text).map(|found| found.range()).collect::<Vec<_>>()),
        None => hide(text, std::slice::from_ref(&(0..text.len()))),
    }
}

/// The text with the middle of each of these ranges of bytes hidden: all letters and digits but the first two and the
/// last two, or all of them where there are fewer than six. Every character keeps its number of bytes.
pub fn hide<'a>(text: &'a str, ranges: &[Range<usize>]) -> Cow<'a, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut hidden: Vec<usize> = Vec::new();
    for range in ranges {
        let words = text.get(range.clone()).unwrap_or_default();
        let letters: Vec<usize> = words
            .char_indices()
            .filter(|(_, c)| c.is_alphanumeric())
            .map(|(offset, _)| range.start + offset)
            .collect();
        let shown = if letters.len() >= 6 { 2 } else { 0 };
        hidden.extend(letters.iter().skip(shown).take(letters.len() - 2 * shown));
    }
    hidden.sort_unstable();
    let star = |(at, c): (usize, char)| if hidden.binary_search(&at).is_ok() { star(c) } else { c };
    Cow::Owned(text.char_indices().map(star).collect())
}

/// A star of as many bytes.
fn star(c: char) -> char {
    match c.len_utf8() {
        1 => '*',
        2 => '·',
        3 => '＊',
        _ => '🞶',
    }
}

static PERSONAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // Dates are not personal: 2026-11-23 has no run of seven.
    let pattern = concat!(
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
        r"|\b1[3-9]\d[ -]\d{4}[ -]\d{4}\b|\b(?:\d{4} ){3,4}\d{1,4}\b|\d{7,}[Xx]?",
    );
    Regex::new(pattern).ok()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_is_left_to_recognize_and_too_little_to_use() {
        for (given, shown) in [
            ("13800138000", "138****8000"),
            ("6222021234567890123", "622****0123"),
            ("abc12345", "ab****45"),
            ("abc", "****c"),
            ("", "****"),
            ("微信号六个字", "微信****个字"),
        ] {
            assert_eq!(middle(given), shown);
        }
        assert_eq!(mail("zhang.san@x.example"), "z***@x.example");
    }

    #[test]
    fn what_is_hidden_in_place_keeps_its_bytes() {
        let text = "电话138-0013-8000，微信ａｂ１２３４，短ab";
        let range = |words: &str| {
            let start = text.find(words).unwrap();
            start..start + words.len()
        };
        let shown = hide(text, &[range("138-0013-8000"), range("ａｂ１２３４"), range("ab")]);
        assert_eq!(shown, "电话13*-****-**00，微信ａｂ＊＊３４，短**");
        assert_eq!(shown.len(), text.len());
        assert!(matches!(hide(text, &[]), Cow::Borrowed(_)));
        assert_eq!(in_place("加13800138000，2026-11-23"), "加13*******00，2026-11-23");
    }

    #[test]
    fn free_text_keeps_its_meaning_and_loses_its_numbers() {
        assert_eq!(
            text("张三 138-0013-8000，邮箱 a.b@x.example，2026-11-23，15000 元"),
            "张三 138****8000，邮箱 a***@x.example，2026-11-23，15000 元"
        );
    }

    #[test]
    fn addresses_lose_what_opens_doors() {
        assert_eq!(
            url("https://u:p@x.example/a?token=abc&from=b&phone=13800138000"),
            "https://u:****@x.example/a?token=****&from=b&phone=138****8000"
        );
        assert_eq!(url("https://x.example/a?b=1"), "https://x.example/a?b=1");
    }
}
