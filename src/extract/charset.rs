//! From bytes to text, in whatever charset a Chinese page is written and whatever it says about it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, WINDOWS_1252};

use crate::kit::problem::Problem;

/// How far into a page a `<meta charset>` is looked for, in bytes.
const META_WITHIN_BYTES: usize = 4096;

/// Text and the charset it was decoded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// UTF-8 without a byte order mark; bytes that do not decode are U+FFFD.
    pub text: String,
    /// WHATWG name of the charset in lower case, for example `gb18030`.
    pub charset: &'static str,
}

/// Decodes `body`, taking the charset from its byte order mark, the `Content-Type` header, a `<meta>` or XML
/// declaration, or the bytes themselves, in this order.
///
/// GB2312 and GBK are read as GB18030, which contains them. A declared charset in which the bytes do not decode is
/// overruled when another one fits.
pub fn decode(body: &[u8], content_type: Option<&str>) -> (Decoded, Vec<Problem>) {
    if let Some((encoding, mark_len)) = Encoding::for_bom(body) {
        return finish(encoding, &body[mark_len..]);
    }
    // Servers are set to Latin-1 by default and its decoder accepts every byte, so it says nothing.
    let declared = content_type
        .and_then(charset_of_content_type)
        .filter(|encoding| *encoding != WINDOWS_1252)
        .or_else(|| declared_inside(body));
    let utf8 = std::str::from_utf8(body);
    if let Ok(text) = utf8
        && (declared.is_none_or(|declared| declared == UTF_8) || !body.is_ascii())
    {
        // GBK text is hardly ever valid UTF-8 by accident, so valid UTF-8 overrules a declaration.
        let mut problems = Vec::new();
        if let Some(wrong) = declared.filter(|declared| *declared != UTF_8) {
            problems.push(mismatch(wrong, UTF_8));
        }
        return (Decoded { text: text.to_owned(), charset: name_of(UTF_8) }, problems);
    }
    let Some(declared) = declared else { return finish(guess(body), body) };
    let (decoded, problems) = finish(declared, body);
    if problems.is_empty() {
        return (decoded, problems);
    }
    let guessed = guess(body);
    let (other, mut other_problems) = finish(guessed, body);
    if n_lost(&other.text) * 2 < n_lost(&decoded.text) {
        other_problems.push(mismatch(declared, guessed));
        return (other, other_problems);
    }
    (decoded, problems)
}

/// Share of `text` that was lost in decoding, 0 to 1.
pub fn lost_share(text: &str) -> f64 {
    let n_chars = text.chars().count().max(1);
    n_lost(text) as f64 / n_chars as f64
}

fn finish(encoding: &'static Encoding, body: &[u8]) -> (Decoded, Vec<Problem>) {
    let encoding = if encoding == GBK { GB18030 } else { encoding };
    let (text, had_errors) = encoding.decode_without_bom_handling(body);
    let decoded = Decoded { text: text.into_owned(), charset: name_of(encoding) };
    let mut problems = Vec::new();
    if had_errors {
        let message = format!("{} places do not decode as {}", n_lost(&decoded.text), decoded.charset);
        problems.push(Problem::new("charset", message));
    }
    (decoded, problems)
}

fn guess(body: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(body, true);
    detector.guess(None, Utf8Detection::Allow)
}

fn n_lost(text: &str) -> usize {
    text.matches('\u{fffd}').count()
}

fn mismatch(declared: &'static Encoding, read: &'static Encoding) -> Problem {
    let message = format!("the page says {} but its bytes are {}", name_of(declared), name_of(read));
    Problem::new("charset-mismatch", message)
}

fn name_of(encoding: &'static Encoding) -> &'static str {
    match encoding.name() {
        "UTF-8" => "utf-8",
        "GBK" => "gb18030",
        "Big5" => "big5",
        "UTF-16LE" => "utf-16le",
        "UTF-16BE" => "utf-16be",
        other => other,
    }
}

fn charset_of_content_type(content_type: &str) -> Option<&'static Encoding> {
    value_after(content_type.as_bytes(), b"charset")
}

/// A `charset` in a `<meta>` tag or an `encoding` in an XML declaration near the beginning.
fn declared_inside(body: &[u8]) -> Option<&'static Encoding> {
    let head = &body[..body.len().min(META_WITHIN_BYTES)];
    if head.starts_with(b"<?xml") {
        let end = head.iter().position(|byte| *byte == b'>').unwrap_or(head.len());
        if let Some(encoding) = value_after(&head[..end], b"encoding") {
            return Some(encoding);
        }
    }
    let mut rest = head;
    while let Some(start) = find_ignoring_case(rest, b"<meta") {
        rest = &rest[start + 5..];
        let end = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
        if let Some(encoding) = value_after(&rest[..end], b"charset") {
            // A page that could be scanned for ASCII is not UTF-16, whatever it says (HTML standard).
            return Some(if encoding.name().starts_with("UTF-16") { UTF_8 } else { encoding });
        }
    }
    None
}

/// The charset named after `key` and `=`, with or without quotes.
fn value_after(text: &[u8], key: &[u8]) -> Option<&'static Encoding> {
    let rest = &text[find_ignoring_case(text, key)? + key.len()..];
    let rest = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
    let end = rest
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b';' | b'/' | b'>'))
        .unwrap_or(rest.len());
    Encoding::for_label(&rest[..end])
}

fn find_ignoring_case(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "理财有风险，投资需谨慎。本公司承诺保本保息，年化收益百分之十五，欢迎来电咨询。";

    fn encoded(label: &str, text: &str) -> Vec<u8> {
        Encoding::for_label(label.as_bytes()).unwrap().encode(text).0.into_owned()
    }

    #[test]
    fn the_declared_charset_is_used_wherever_it_stands() {
        let traditional = "本公司保證獲利，歡迎來電洽詢。";
        let cases: &[(&str, &str, Option<&str>, &str, &str)] = &[
            ("gbk", TEXT, Some("text/html; charset=GBK"), "", "gb18030"),
            ("gbk", TEXT, Some("text/html; Charset=\"gb2312\""), "", "gb18030"),
            ("gbk", TEXT, None, "<meta charset=gb2312>", "gb18030"),
            (
                "gbk",
                TEXT,
                None,
                "<META http-equiv='Content-Type' content='text/html; charset=GBK' />",
                "gb18030",
            ),
            ("gb18030", "𠮷野家保本", None, "<meta charset=\"gb18030\"/>", "gb18030"),
            ("gbk", TEXT, None, "<?xml version='1.0' encoding='GB2312'?>", "gb18030"),
            ("big5", traditional, Some("text/html; charset=big5"), "", "big5"),
            ("big5", traditional, None, "<meta charset='Big5'>", "big5"),
            ("utf-8", TEXT, None, "<meta charset=utf-8>", "utf-8"),
            ("utf-8", TEXT, None, "", "utf-8"),
            ("gbk", TEXT, Some("text/html; charset=ISO-8859-1"), "<meta charset=gbk>", "gb18030"),
            ("gbk", TEXT, Some("text/html; charset=nonsense"), "", "gb18030"),
        ];
        for (label, text, content_type, head, charset) in cases {
            let page = [head.as_bytes(), &encoded(label, text)].concat();
            let (decoded, problems) = decode(&page, *content_type);
            assert_eq!(decoded.text, format!("{head}{text}"), "{label} {content_type:?} {head}");
            assert_eq!((decoded.charset, problems), (*charset, vec![]), "{label} {content_type:?} {head}");
        }
    }

    #[test]
    fn a_byte_order_mark_goes_first_and_is_removed() {
        let utf16: Vec<u8> = "保本".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let cases = [
            ([&b"\xef\xbb\xbf"[..], "保本".as_bytes()].concat(), "utf-8"),
            ([&b"\xff\xfe"[..], &utf16].concat(), "utf-16le"),
        ];
        for (body, charset) in cases {
            let (decoded, _) = decode(&body, Some("text/html; charset=gbk"));
            assert_eq!((decoded.text.as_str(), decoded.charset), ("保本", charset));
        }
    }

    #[test]
    fn a_wrong_declaration_is_overruled_and_reported() {
        for (label, content_type, charset) in
            [("utf-8", "text/html; charset=gb2312", "utf-8"), ("gbk", "text/html; charset=utf-8", "gb18030")]
        {
            let (decoded, problems) = decode(&encoded(label, &TEXT.repeat(3)), Some(content_type));
            assert_eq!((decoded.text, decoded.charset), (TEXT.repeat(3), charset));
            assert_eq!(problems[0].code, "charset-mismatch");
        }
    }

    #[test]
    fn bytes_without_any_charset_are_reported() {
        let (decoded, problems) = decode(&[b"<meta charset=utf-8>".as_slice(), &[0xff; 50]].concat(), None);
        assert!(lost_share(&decoded.text) > 0.5 || decoded.charset != "utf-8", "{decoded:?}");
        assert!(!problems.is_empty());
        let (decoded, problems) = decode(b"", None);
        assert_eq!((decoded.text.as_str(), problems), ("", vec![]));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), header in ".{0,40}") {
            decode(&body, Some(&header));
        }
    }
}
