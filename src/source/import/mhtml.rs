//! MHTML (RFC 2557): a page with its frames and pictures, as browsers save it in one file.

use base64::Engine as _;

use super::{
    BadRecord, Content, Head, Input, Keeps, Opened, Options, Reader, Record, Saved, http, whole,
    without_columns,
};
use crate::extract::moment;
use crate::kit::problem::Problem;

/// Most parts of one file.
const MAX_PARTS: usize = 10_000;

pub(super) const READER: Reader = Reader {
    name: "mhtml",
    zh: "单文件网页 MHTML",
    en: "pages saved as MHTML",
    extensions: &["mhtml", "mht"],
    told_by: "mail headers with `Content-Type: multipart/related`",
    example: "page.mhtml",
    keeps: Keeps::File,
    recognizes: |head: &Head| {
        let end = head.text.find("\r\n\r\n").or_else(|| head.text.find("\n\n")).unwrap_or(head.text.len());
        let headers = &head.text[..end];
        headers.contains("content-type:") && headers.contains("multipart/related")
    },
    open,
};

fn open(input: Input, _: &Options) -> Result<Opened, Problem> {
    let bytes = whole(input)?;
    let (head, body) = http::divided(&bytes);
    let headers = http::headers(head.lines());
    let content_type = http::value(&headers, "content-type").unwrap_or_default();
    let Some(boundary) = parameter(content_type, "boundary") else {
        return Err(Problem::new("no-boundary", "the file does not say what divides its parts"));
    };
    let saved_at = http::value(&headers, "date").and_then(moment::parse);
    let page_url = http::value(&headers, "snapshot-content-location").map(str::to_owned);
    let mut items = Vec::new();
    for (index, part) in parts(body, &boundary).into_iter().take(MAX_PARTS).enumerate() {
        let place = format!("part {}", index + 1);
        let (head, encoded) = http::divided(part);
        let headers = http::headers(head.lines());
        let encoding =
            http::value(&headers, "content-transfer-encoding").unwrap_or("binary").to_ascii_lowercase();
        let body = match encoding.as_str() {
            "quoted-printable" => quoted_printable(encoded),
            "base64" => {
                let packed: Vec<u8> =
                    encoded.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
                match base64::engine::general_purpose::STANDARD_NO_PAD.decode(packed.trim_ascii_end_of(b'='))
                {
                    Ok(body) => body,
                    Err(error) => {
                        items.push(Err(BadRecord::new(
                            place,
                            "base64",
                            format!("the part does not decode: {error}"),
                        )));
                        continue;
                    }
                }
            }
            _ => encoded.to_vec(),
        };
        let location = http::value(&headers, "content-location").filter(|url| url.starts_with("http"));
        let saved = Saved {
            url: location.map(str::to_owned).or_else(|| page_url.clone()),
            saved_at,
            ..Saved::of_file(body, http::value(&headers, "content-type").unwrap_or_default())
        };
        items.push(Ok(Record { place, content: Content::Saved(Box::new(saved)) }));
    }
    if items.is_empty() {
        return Err(Problem::new("no-parts", "the file has no parts between its boundaries"));
    }
    Ok(without_columns(items.into_iter()))
}

trait TrimEnd {
    fn trim_ascii_end_of(&self, byte: u8) -> &[u8];
}

impl TrimEnd for Vec<u8> {
    fn trim_ascii_end_of(&self, byte: u8) -> &[u8] {
        let n = self.iter().rev().take_while(|last| **last == byte).count();
        &self[..self.len() - n]
    }
}

/// The value of a parameter such as `boundary="x"`.
fn parameter(value: &str, name: &str) -> Option<String> {
    let found = value.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    });
    found.filter(|value| !value.is_empty())
}

/// What stands between the lines `--boundary`; a file that is cut off still gives its last part.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mark = format!("--{boundary}");
    let marks: Vec<usize> = memchr::memmem::find_iter(body, mark.as_bytes())
        .filter(|at| *at == 0 || body[at - 1] == b'\n')
        .collect();
    let ends = marks.iter().skip(1).copied().chain([body.len()]);
    marks
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| {
            let part = body.get(start + mark.len()..end)?;
            if part.starts_with(b"--") {
                return None;
            }
            let part = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n")).unwrap_or(part);
            Some(part.strip_suffix(b"\r\n").or_else(|| part.strip_suffix(b"\n")).unwrap_or(part))
        })
        .filter(|part| !part.trim_ascii().is_empty())
        .collect()
}

/// RFC 2045 §6.7; what is no code stays as it is.
fn quoted_printable(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut at = 0;
    while at < encoded.len() {
        let byte = encoded[at];
        if byte != b'=' {
            decoded.push(byte);
            at += 1;
            continue;
        }
        match &encoded[at + 1..] {
            [b'\r', b'\n', ..] => at += 3,
            [b'\n', ..] => at += 2,
            [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
                decoded.push(digit(*high) << 4 | digit(*low));
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_codes_are_undone() {
        let body = b"preamble\r\n--b\r\nA: 1\r\n\r\none\r\n--b\r\nA: 2\r\n\r\ntwo --b\r\n--b--\r\n";
        assert_eq!(parts(body, "b"), [&b"A: 1\r\n\r\none"[..], b"A: 2\r\n\r\ntwo --b"]);
        assert_eq!(parts(b"--b\nx: 1\n\ncut", "b"), [b"x: 1\n\ncut"]);
        for (code, plain) in
            [("=E4=BF=9D=\r\n=e6=9c=ac", "保本"), ("a=3Db=\nc", "a=bc"), ("1=zz=", "1=zz="), ("=", "=")]
        {
            assert_eq!(quoted_printable(code.as_bytes()), plain.as_bytes(), "{code}");
        }
        assert_eq!(
            parameter("multipart/related; type=\"text/html\"; Boundary=\"--x;\"", "boundary").as_deref(),
            Some("--x")
        );
    }
}
