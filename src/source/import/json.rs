//! Elements of a JSON array one by one, so that a broken end costs only the end.

use serde::de::IgnoredAny;

/// The texts of the elements of the array that `bytes` begins with (white space before it is passed over), each
/// as a slice that is valid JSON; an error in the middle ends it with what the parser said.
pub(super) fn elements(bytes: &[u8]) -> impl Iterator<Item = Result<std::ops::Range<usize>, String>> + '_ {
    let mut at = skip(bytes, 0, b"");
    let mut is_over = bytes.get(at) != Some(&b'[');
    at += 1;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        at = skip(bytes, at, b",");
        match bytes.get(at) {
            Some(b']') => {
                is_over = true;
                return None;
            }
            None => {
                is_over = true;
                return Some(Err("the array is not closed: the file is cut off".to_owned()));
            }
            Some(_) => {}
        }
        let mut stream = serde_json::Deserializer::from_slice(&bytes[at..]).into_iter::<IgnoredAny>();
        match stream.next() {
            Some(Ok(_)) => {
                let range = at..at + stream.byte_offset();
                at = range.end;
                Some(Ok(range))
            }
            Some(Err(error)) => {
                is_over = true;
                Some(Err(message(&error)))
            }
            None => {
                is_over = true;
                None
            }
        }
    })
}

/// What the parser says about one element, whose place in the file is told beside it.
pub(super) fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("{what}, at column {}", error.column())
}

/// The position behind white space and the bytes of `also`, from `at`.
pub(super) fn skip(bytes: &[u8], at: usize, also: &[u8]) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let passed =
        |byte: &u8| byte.is_ascii_whitespace() || also.contains(byte) || matches!(byte, 0xef | 0xbb | 0xbf);
    at + rest.iter().take_while(|byte| passed(byte)).count()
}

/// The position of the value behind the first key `name`, if there is one.
pub(super) fn value_of(bytes: &[u8], name: &str) -> Option<usize> {
    let key = format!("\"{name}\"");
    memchr::memmem::find_iter(bytes, key.as_bytes()).find_map(|at| {
        let colon = skip(bytes, at + key.len(), b"");
        (bytes.get(colon) == Some(&b':')).then(|| skip(bytes, colon + 1, b""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_before_a_break_are_given() {
        let cases: [(&str, &[&str], bool); 6] = [
            ("[]", &[], false),
            (" [1, {\"a\":[2]}, \"x,]\"] ", &["1", "{\"a\":[2]}", "\"x,]\""], false),
            ("[1,2", &["1", "2"], true),
            ("[1,{\"a\"", &["1"], true),
            ("{}", &[], false),
            ("", &[], false),
        ];
        for (text, expected, breaks) in cases {
            let found: Vec<_> = elements(text.as_bytes()).collect();
            let texts: Vec<&str> = found.iter().flatten().map(|range| &text[range.clone()]).collect();
            assert_eq!(texts, expected, "{text}");
            assert_eq!(found.iter().any(Result::is_err), breaks, "{text}");
        }
        assert_eq!(value_of(br#"{"x":"entries","entries" : [1]}"#, "entries"), Some(27));
    }
}
