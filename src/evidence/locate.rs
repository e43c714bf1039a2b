//! Where published words stand in the bytes of a page: between tags, as entities, as JSON escapes, in its charset.

use encoding_rs::Encoding;

use crate::domain::hit::Span;
use crate::extract::charset;

/// Characters of the same line around the words that must fit as well, on each side.
const CONTEXT_CHARS: usize = 24;
/// Bytes of tags and blanks that may stand between two characters.
const MAX_GAP_BYTES: usize = 4096;
/// Bytes looked at behind first characters that fit, at most, for one hit and file: a page made to be slow is given up.
const MAX_WORK_BYTES: usize = 32 << 20;
/// Places named for one hit and file, at most.
const MAX_PLACES: usize = 8;

/// A raw file as it is searched.
pub(super) struct RawFile<'a> {
    bytes: &'a [u8],
    encoding: &'static Encoding,
}

/// Bytes of a raw file that carry the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) struct Place {
    pub start: usize,
    pub end: usize,
    /// Whether the words around them fit too; otherwise only the words themselves were found.
    pub with_context: bool,
}

impl<'a> RawFile<'a> {
    /// `None` when the bytes are still compressed, so that offsets into them would say nothing, or are no text.
    pub(super) fn new(
        bytes: &'a [u8],
        content_type: Option<&str>,
        content_encoding: Option<&str>,
    ) -> Option<Self> {
        if content_encoding.is_some_and(|encoding| !matches!(encoding.trim(), "" | "identity")) {
            return None;
        }
        let is_text = |kind: &str| {
            let kind = kind.to_ascii_lowercase();
            ["text/", "html", "json", "xml", "javascript"].iter().any(|word| kind.contains(word))
        };
        if content_type.is_some_and(|kind| !is_text(kind)) {
            return None;
        }
        let (decoded, _) = charset::decode(bytes, content_type);
        let encoding = Encoding::for_label(decoded.charset.as_bytes())?;
        // The search goes byte by byte and needs ASCII to stand for itself.
        encoding.is_ascii_compatible().then_some(Self { bytes, encoding })
    }

    /// Places of `span` of `text`, in the order of the file; empty when the words are not there as such (in an image,
    /// put together by a script, or in another file).
    pub(super) fn places(&self, text: &str, span: Span) -> Vec<Place> {
        let words = span.of(text);
        if words.trim().is_empty() {
            return Vec::new();
        }
        let line_start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
        let before: String = last_chars(&text[line_start..span.start], CONTEXT_CHARS);
        let after: String = text[span.end..line_end].chars().take(CONTEXT_CHARS).collect();
        let has_context = !before.trim().is_empty() || !after.trim().is_empty();
        if has_context {
            let found = self.search(&before, words, &after);
            if !found.is_empty() {
                return found
                    .into_iter()
                    .map(|(start, end)| Place { start, end, with_context: true })
                    .collect();
            }
        }
        let found = self.search("", words, "");
        found.into_iter().map(|(start, end)| Place { start, end, with_context: false }).collect()
    }

    /// Where `before`, `words` and `after` follow each other; gives the bytes of `words` alone.
    fn search(&self, before: &str, words: &str, after: &str) -> Vec<(usize, usize)> {
        let tokens = |text: &str| -> Vec<Token> {
            text.chars().filter(|c| !c.is_whitespace()).map(|c| Token::new(c, self.encoding)).collect()
        };
        let (lead, middle, tail) = (tokens(before), tokens(words), tokens(after));
        let all: Vec<&Token> = lead.iter().chain(&middle).chain(&tail).collect();
        let mut found = Vec::new();
        let mut at = 0;
        let mut work_bytes = 0;
        let first_byte = all[0].encoded.first().copied().unwrap_or(b'&');
        while found.len() < MAX_PLACES && work_bytes < MAX_WORK_BYTES {
            let Some(ahead) = memchr::memchr3(first_byte, b'&', b'\\', &self.bytes[at..]) else { break };
            at += ahead;
            match self.match_at(&all, at, &mut work_bytes) {
                Some(ends) => {
                    let (first, last) = (lead.len(), lead.len() + middle.len() - 1);
                    found.push((ends[first].0, ends[last].1));
                    at = ends[last].1;
                }
                None => at += 1,
            }
        }
        found
    }

    /// Start and end of each token when they all follow each other from `at` on.
    fn match_at(&self, tokens: &[&Token], at: usize, work_bytes: &mut usize) -> Option<Vec<(usize, usize)>> {
        let mut ends = Vec::new();
        let mut at = at;
        for (index, token) in tokens.iter().enumerate() {
            if index > 0 {
                let (after, looked_at) = self.skip_gap(at);
                at = after;
                *work_bytes += looked_at;
            }
            let n_bytes = token.length_at(&self.bytes[at..])?;
            ends.push((at, at + n_bytes));
            at += n_bytes;
        }
        Some(ends)
    }

    /// Past blanks, tags, comments and escaped line feeds; gives where it ends and how many bytes were looked at.
    fn skip_gap(&self, from: usize) -> (usize, usize) {
        let mut at = from;
        while at - from < MAX_GAP_BYTES {
            let rest = &self.bytes[at..];
            let step = match rest {
                [byte, ..] if byte.is_ascii_whitespace() => 1,
                [b'\\', b'n' | b'r' | b't', ..] => 2,
                [b'<', b'!' | b'/' | b'a'..=b'z' | b'A'..=b'Z', ..] => {
                    match memchr::memchr(b'>', &rest[..rest.len().min(MAX_GAP_BYTES)]) {
                        Some(end) => end + 1,
                        None => return (at, at - from + MAX_GAP_BYTES),
                    }
                }
                _ => ["&nbsp;", "&ensp;", "&emsp;", "&#160;", "&#xa0;", "&#12288;", "\u{3000}", "\u{a0}"]
                    .iter()
                    .find(|blank| rest.starts_with(blank.as_bytes()))
                    .map_or(0, |blank| blank.len()),
            };
            if step == 0 {
                break;
            }
            at += step;
        }
        (at, at - from)
    }
}

/// One published character and the ways in which a page spells it.
struct Token {
    character: char,
    encoded: Vec<u8>,
}

impl Token {
    fn new(character: char, encoding: &'static Encoding) -> Self {
        let mut buffer = [0; 4];
        let (encoded, _, unmappable) = encoding.encode(character.encode_utf8(&mut buffer));
        // A character outside the charset can only stand there as an entity.
        let encoded = if unmappable { Vec::new() } else { encoded.into_owned() };
        Self { character, encoded }
    }

    /// How many bytes spell it at the beginning of `bytes`.
    fn length_at(&self, bytes: &[u8]) -> Option<usize> {
        let spelled = match bytes.first()? {
            b'&' => self.entity_length(bytes),
            b'\\' => self.escape_length(bytes),
            _ => None,
        };
        let is_plain = !self.encoded.is_empty() && bytes.starts_with(&self.encoded);
        spelled.or_else(|| is_plain.then_some(self.encoded.len()))
    }

    fn entity_length(&self, bytes: &[u8]) -> Option<usize> {
        let end = bytes.iter().take(12).position(|byte| *byte == b';')?;
        let name = std::str::from_utf8(&bytes[1..end]).ok()?;
        let named = match name.strip_prefix('#') {
            Some(number) => {
                let value = match number.strip_prefix(['x', 'X']) {
                    Some(digits) => u32::from_str_radix(digits, 16),
                    None => number.parse(),
                };
                char::from_u32(value.ok()?)?
            }
            None => match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                "yen" => '¥',
                "middot" => '·',
                "ldquo" => '“',
                "rdquo" => '”',
                "hellip" => '…',
                "mdash" => '—',
                "times" => '×',
                "permil" => '‰',
                _ => return None,
            },
        };
        (named == self.character).then_some(end + 1)
    }

    fn escape_length(&self, bytes: &[u8]) -> Option<usize> {
        let mut units = [0; 2];
        let units = self.character.encode_utf16(&mut units);
        let mut at = 0;
        for unit in units.iter() {
            let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
            let read = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            if read != *unit {
                return None;
            }
            at += 6;
        }
        Some(at).filter(|at| *at > 0)
    }
}

fn last_chars(text: &str, n: usize) -> String {
    let skip = text.chars().count().saturating_sub(n);
    text.chars().skip(skip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks the found bytes with 【】 in the page, which is given in a charset.
    fn marked(page: &str, charset: &str, text: &str, words: &str) -> Vec<String> {
        let encoding = Encoding::for_label(charset.as_bytes()).unwrap();
        let (bytes, ..) = encoding.encode(page);
        let kind = format!("text/html; charset={charset}");
        let file = RawFile::new(&bytes, Some(&kind), None).unwrap();
        let start = text.find(words).unwrap();
        let places = file.places(text, Span { start, end: start + words.len() });
        places.iter().map(|place| encoding.decode(&bytes[place.start..place.end]).0.into_owned()).collect()
    }

    #[test]
    fn words_are_found_as_the_page_spells_them() {
        let cases = [
            ("plain", "<p>我们保本保息，稳赚</p>", "utf-8", "我们保本保息，稳赚", "保本保息", "保本保息"),
            ("gbk", "<p>我们保本保息，稳赚</p>", "gb18030", "我们保本保息，稳赚", "保本保息", "保本保息"),
            (
                "tags",
                "<p>我们保<b>本</b>保 <i>息</i>！</p>",
                "utf-8",
                "我们保本保息！",
                "保本保息",
                "保<b>本</b>保 <i>息",
            ),
            (
                "entities",
                "<p>&#20445;&#x672c;&amp;保息</p>",
                "gb18030",
                "保本&保息",
                "保本&保息",
                "&#20445;&#x672c;&amp;保息",
            ),
            (
                "json",
                r#"{"text":"\u4fdd\u672c\n保息"}"#,
                "utf-8",
                "保本\n保息",
                "保本\n保息",
                r"\u4fdd\u672c\n保息",
            ),
            (
                "blanks",
                "<p>保&nbsp;本　保\n息</p>",
                "utf-8",
                "保 本 保 息",
                "保 本 保 息",
                "保&nbsp;本　保\n息",
            ),
        ];
        for (name, page, charset, text, words, expected) in cases {
            assert_eq!(marked(page, charset, text, words), [expected], "{name}");
        }
    }

    #[test]
    fn the_words_around_tell_two_places_apart() {
        let page = "<p>谨防保本骗局</p><p>本店保本，欢迎</p>";
        let text = "本店保本，欢迎";
        let file = RawFile::new(page.as_bytes(), None, None).unwrap();
        let start = text.find("保本").unwrap();
        let places = file.places(text, Span { start, end: start + 6 });
        assert_eq!(places.len(), 1);
        assert!(places[0].with_context);
        assert_eq!(places[0].start, page.rfind("保本").unwrap());
        // Without anything around it, every place is named.
        assert_eq!(file.places("保本", Span { start: 0, end: 6 }).len(), 2);
    }

    #[test]
    fn words_that_are_not_in_the_bytes_have_no_place() {
        let file = RawFile::new("<img src=\"a.png\">".as_bytes(), None, None).unwrap();
        assert_eq!(file.places("保本", Span { start: 0, end: 6 }), []);
        assert!(RawFile::new(b"\x1f\x8b", None, Some("gzip")).is_none());
    }

    #[test]
    fn hostile_pages_do_not_take_long() {
        let page = "保<a ".repeat(400_000);
        let file = RawFile::new(page.as_bytes(), Some("text/html; charset=utf-8"), None).unwrap();
        let text = "保".repeat(100) + "本";
        let began = std::time::Instant::now();
        assert_eq!(file.places(&text, Span { start: 297, end: 303 }), []);
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }
}
