//! HTTP answers as archives keep them: status line, headers, body.

/// An answer, with transfer coding undone and content coding still on the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub version: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Headers in a message, in bytes; what is longer is no header.
const MAX_HEADER_BYTES: usize = 256 << 10;

/// Reads an answer; `None` when it does not begin with a status line.
pub(super) fn answer(message: &[u8]) -> Option<Answer> {
    let (head, body) = divided(message);
    let mut lines = head.lines();
    let mut status_line = lines.next()?.splitn(3, ' ');
    let version = status_line.next().filter(|version| version.starts_with("HTTP/"))?.to_owned();
    let status = status_line.next()?.trim().parse().ok()?;
    let mut headers = headers(lines);
    let is_chunked = headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.to_ascii_lowercase().contains("chunked")
    });
    // Many archives undo chunks and leave the header, so only what really is in chunks is taken apart.
    let whole = if is_chunked { unchunked(body) } else { None };
    if whole.is_some() {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("transfer-encoding"));
    }
    Some(Answer { version, status, headers, body: whole.unwrap_or_else(|| body.to_vec()) })
}

/// Header text and what stands behind the empty line after it.
pub(super) fn divided(message: &[u8]) -> (String, &[u8]) {
    let head = &message[..message.len().min(MAX_HEADER_BYTES)];
    let ends = [(&b"\r\n\r\n"[..], 4), (&b"\n\n"[..], 2)];
    let found = ends.into_iter().filter_map(|(mark, len)| Some((memchr::memmem::find(head, mark)?, len)));
    let (end, len) = found.min().unwrap_or((head.len(), 0));
    (String::from_utf8_lossy(&message[..end]).into_owned(), &message[end + len..])
}

/// Names and values; lines that begin with white space go on with the value before them.
pub(super) fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    headers
}

/// The value of the first header of this name.
pub(super) fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The body without its chunks (RFC 9112 §7.1); `None` when it is not in chunks.
fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::with_capacity(body.len());
    loop {
        let end = memchr::memchr(b'\n', body).filter(|end| *end < 100)?;
        let size = std::str::from_utf8(&body[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        body = &body[end + 1..];
        if size == 0 {
            return Some(whole);
        }
        match body.get(..size) {
            Some(chunk) => whole.extend_from_slice(chunk),
            // Cut off: what there is.
            None => {
                whole.extend_from_slice(body);
                return Some(whole);
            }
        }
        body = body[size..]
            .strip_prefix(b"\r\n")
            .or_else(|| body[size..].strip_prefix(b"\n"))
            .unwrap_or_default();
        if body.is_empty() {
            return Some(whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_apart_as_archives_keep_them() {
        let cases: [(&str, u16, &str); 6] = [
            ("HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody", 200, "body"),
            ("HTTP/2 404\n\nbody\r\n\r\nmore", 404, "body\r\n\r\nmore"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
                200,
                "abcde",
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<html>undone", 200, "<html>undone"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\ncut", 200, "cut"),
            ("HTTP/1.0 200 OK", 200, ""),
        ];
        for (message, status, body) in cases {
            let answer = answer(message.as_bytes()).unwrap();
            assert_eq!(
                (answer.status, String::from_utf8(answer.body).unwrap()),
                (status, body.to_owned()),
                "{message}"
            );
        }
        for wrong in ["", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 x\r\n\r\n", "<html>"] {
            assert_eq!(answer(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
