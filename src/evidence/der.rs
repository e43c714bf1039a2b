//! The little of DER (X.690) that keys, certificates and time stamps need: reading and writing tagged values.

/// Tags that occur here.
pub mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OID: u8 = 0x06;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const SEQUENCE: u8 = 0x30;
    pub const CONTEXT_0: u8 = 0xa0;
}

/// One value: its tag, its content, and the whole of it with tag and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    pub whole: &'a [u8],
}

/// The value at the beginning of `bytes`, and what follows it; `None` when it is cut off or not DER.
pub fn next(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    // Tags above 30 take several bytes and do not occur here.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let n = usize::from(first & 0x7f);
        if n == 0 || n > 4 || rest.len() < n || rest[0] == 0 {
            return None;
        }
        let length = rest[..n].iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        (length >= 0x80).then_some((length, &rest[n..]))?
    };
    if rest.len() < length {
        return None;
    }
    let (content, after) = rest.split_at(length);
    let whole = &bytes[..bytes.len() - after.len()];
    Some((Value { tag, content, whole }, after))
}

/// The one value that `bytes` are, of this tag.
pub fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (value, rest) = next(bytes)?;
    (value.tag == tag && rest.is_empty()).then_some(value.content)
}

/// Every value in the content of a constructed value.
pub fn all(mut content: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut values = Vec::new();
    while !content.is_empty() {
        let (value, rest) = next(content)?;
        values.push(value);
        content = rest;
    }
    Some(values)
}

/// A value with this tag and content.
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len();
    if length < 0x80 {
        bytes.push(u8::try_from(length).unwrap_or(u8::MAX));
    } else {
        let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or(u8::MAX));
        bytes.extend(digits);
    }
    bytes.extend_from_slice(content);
    bytes
}

/// The instant that a UTCTime or GeneralizedTime names, in milliseconds since 1970; only forms in UTC (`Z`).
pub fn time_ms(value: Value<'_>) -> Option<i64> {
    let text = std::str::from_utf8(value.content).ok()?.strip_suffix('Z')?;
    let full = match value.tag {
        tag::GENERALIZED_TIME => text.to_owned(),
        // RFC 5280 4.1.2.5.1: two digits below 50 are 20xx.
        tag::UTC_TIME => {
            let year: u8 = text.get(..2)?.parse().ok()?;
            format!("{}{text}", if year < 50 { "20" } else { "19" })
        }
        _ => return None,
    };
    let (whole, fraction) = full.split_once('.').unwrap_or((&full, ""));
    if whole.len() != 14 || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let spelled = format!(
        "{}-{}-{}T{}:{}:{}.{:0<3}Z",
        &whole[..4],
        &whole[4..6],
        &whole[6..8],
        &whole[8..10],
        &whole[10..12],
        &whole[12..],
        fraction.get(..fraction.len().min(3)).unwrap_or_default()
    );
    Some(spelled.parse::<jiff::Timestamp>().ok()?.as_millisecond())
}

/// The bytes between the lines `BEGIN label` and `END label` of a PEM text; the first block of that label.
pub fn from_pem(text: &str, label: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let body = text.split_once(&format!("-----BEGIN {label}-----"))?.1;
    let body = body.split_once(&format!("-----END {label}-----"))?.0;
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(body).ok()
}

/// Every block of that label, in order.
pub fn every_pem(text: &str, label: &str) -> Vec<Vec<u8>> {
    let begin = format!("-----BEGIN {label}-----");
    let blocks = text.match_indices(&begin).filter_map(|(at, _)| from_pem(&text[at..], label));
    blocks.collect()
}

/// PEM text with lines of 64 characters.
pub fn to_pem(bytes: &[u8], label: &str) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_and_read_in_their_shortest_form() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x1_0000] {
            let content = vec![7; length];
            let bytes = value(tag::OCTET_STRING, &content);
            assert_eq!(only(&bytes, tag::OCTET_STRING), Some(&*content), "{length}");
            assert_eq!(next(&bytes[..bytes.len() - 1]), None, "cut off at {length}");
        }
        assert_eq!(next(&[0x04, 0x81, 0x01, 7]), None, "a length that could be shorter");
        assert_eq!(next(&[0x04, 0x85, 1, 1, 1, 1, 1]), None, "a length beyond 4 bytes");
    }

    #[test]
    fn times_are_read_in_both_forms() {
        let read = |tag, text: &str| {
            let bytes = value(tag, text.as_bytes());
            time_ms(next(&bytes).unwrap().0)
        };
        assert_eq!(read(tag::UTC_TIME, "261123002500Z"), Some(1_795_393_500_000));
        assert_eq!(read(tag::GENERALIZED_TIME, "20261123002500.12Z"), Some(1_795_393_500_120));
        assert_eq!(read(tag::GENERALIZED_TIME, "20261123082500+0800"), None);
        assert_eq!(read(tag::GENERALIZED_TIME, "20261323002500Z"), None);
    }

    #[test]
    fn pem_goes_there_and_back() {
        let bytes: Vec<u8> = (0..200).collect();
        let text = to_pem(&bytes, "PUBLIC KEY");
        assert_eq!(from_pem(&text, "PUBLIC KEY"), Some(bytes));
        assert_eq!(from_pem(&text, "CERTIFICATE"), None);
        assert!(text.lines().all(|line| line.len() <= 64));
    }
}
