//! Addresses, headers and bodies with placeholders.
//!
//! | placeholder | becomes |
//! |---|---|
//! | `{keyword}` | a parameter of the source, or a value that the bootstrap request gave |
//! | `{page}`, `{offset}`, `{cursor}` | where the list goes on |
//! | `{date(%Y%m)}` | the day of the request in China |
//! | `{now_ms}` | the time of the request, Unix milliseconds |
//! | `{nonce}` | 32 hexadecimal digits, others for each source and day |
//! | `{/id}`, `{a@href}` | in items: what stands at that path |
//! | `{page_url}` | in items: the address of the page |

use std::collections::BTreeMap;

use crate::kit::clock::UnixMs;

/// Placeholders that are filled when the request is made, and not when the source is added.
pub(super) const LATE: &[&str] = &["page", "offset", "cursor", "now_ms", "nonce"];

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Name(String),
    /// `strftime` format.
    Date(String),
    /// A path in the item.
    Path(String),
}

/// How a value must be written where it is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    Url,
    Json,
    Plain,
}

impl Template {
    /// Reads a template. `{` that opens no placeholder (as in JSON) is a character.
    pub fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (head, tail) = rest.split_at(at);
            plain.push_str(head);
            let inside = tail[1..].split('}').next().unwrap_or_default();
            let piece = (tail.len() > inside.len() + 1).then(|| piece(inside)).flatten();
            match piece {
                Some(piece) => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(piece);
                    rest = &tail[inside.len() + 2..];
                }
                None => {
                    plain.push('{');
                    rest = &tail[1..];
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Self { pieces }
    }

    /// Its pieces in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Fills the placeholders for which `value` answers; the others stay as they are.
    pub fn fill(&self, writing: Writing, value: &dyn Fn(&Piece) -> Option<String>) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match (piece, value(piece)) {
                (Piece::Text(text), _) => out.push_str(text),
                (_, Some(value)) => out.push_str(&written(&value, writing, &out)),
                (Piece::Name(name) | Piece::Path(name), None) => out.push_str(&format!("{{{name}}}")),
                (Piece::Date(format), None) => out.push_str(&format!("{{date({format})}}")),
            }
        }
        out
    }
}

/// The values of the placeholders of requests.
pub(super) fn request_value(
    piece: &Piece,
    known: &BTreeMap<String, String>,
    source: &str,
    now: UnixMs,
) -> Option<String> {
    match piece {
        Piece::Name(name) if name == "now_ms" => Some(now.0.to_string()),
        Piece::Name(name) if name == "nonce" => {
            let day = now.0 / 86_400_000;
            let digest = crate::kit::digest::sha256_hex(format!("{source} {day}").as_bytes());
            Some(digest.chars().take(32).collect())
        }
        Piece::Name(name) => known.get(name).cloned(),
        Piece::Date(format) => now.zoned("Asia/Shanghai").map(|at| at.strftime(format.as_str()).to_string()),
        Piece::Text(_) | Piece::Path(_) => None,
    }
}

fn piece(inside: &str) -> Option<Piece> {
    if let Some(format) = inside.strip_prefix("date(").and_then(|rest| rest.strip_suffix(')')) {
        return (!format.is_empty()).then(|| Piece::Date(format.to_owned()));
    }
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if is_name(inside) {
        return Some(Piece::Name(inside.to_owned()));
    }
    let is_path = inside.starts_with(['/', '^', '.', '#', '@']) || inside.contains('@');
    (is_path && !inside.contains(['"', '\n'])).then(|| Piece::Path(inside.to_owned()))
}

/// `value` as it must be written behind `before`.
fn written(value: &str, writing: Writing, before: &str) -> String {
    match writing {
        Writing::Plain => value.to_owned(),
        Writing::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        // A whole address, or the host of one, is not a part that could be mistaken for something else.
        Writing::Url if before.is_empty() || before.ends_with("//") => value.to_owned(),
        Writing::Url => {
            let is_in_path = !before.contains('?');
            let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let encoded = encoded.replace('+', "%20");
            if is_in_path { encoded.replace("%2F", "/") } else { encoded }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_their_place_needs() {
        let cases = [
            (
                "https://a.example/s?q={word}&n={page}",
                Writing::Url,
                "https://a.example/s?q=%E4%BF%9D%26%22&n={page}",
            ),
            ("{word}", Writing::Url, "保&\""),
            ("https://a.example/{path}/x", Writing::Url, "https://a.example/a/b%3F/x"),
            ("{\"q\": \"{word}\", \"o\": {}}", Writing::Json, "{\"q\": \"保&\\\"\", \"o\": {}}"),
            ("x {word}{page}", Writing::Plain, "x 保&\"{page}"),
            ("{date(%Y%m)}/{date(%d)}-{now_ms}", Writing::Plain, "202611/23-1795393500000"),
            ("{\"2\":40}", Writing::Json, "{\"2\":40}"),
            ("{/id} {a.t@href}", Writing::Plain, "{/id} {a.t@href}"),
            ("{", Writing::Plain, "{"),
        ];
        let known =
            BTreeMap::from([("word".to_owned(), "保&\"".to_owned()), ("path".to_owned(), "a/b?".to_owned())]);
        for (text, writing, expected) in cases {
            let value = |piece: &Piece| request_value(piece, &known, "s", UnixMs(1_795_393_500_000));
            assert_eq!(Template::parse(text).fill(writing, &value), expected, "{text}");
        }
    }
}
