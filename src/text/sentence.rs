//! Windows over normalized text: clauses, sentences, blocks.

use std::ops::Range;

/// A block is closed at a line feed only when it holds this many characters already, so a short text is one block.
pub const BLOCK_CHARS: usize = 300;

/// How far a condition reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Between two of ，。！？；and line feeds.
    Clause,
    /// Between two of 。！？；and line feeds.
    Sentence,
    /// A paragraph: whole lines up to a blank line, at least 300 characters where the text has them.
    Block,
    /// Everything.
    Document,
}

/// One sentence of a text: where it ends, and whether it holds an ASCII digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    /// One past its last byte; it begins where the one before ends.
    pub end: u32,
    /// Whether it holds an ASCII digit.
    pub has_digit: bool,
}

/// Where the windows of one normalized text end; the buffers are reused from text to text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Windows {
    len: usize,
    clause_ends: Vec<u32>,
    sentence_ends: Vec<u32>,
    block_ends: Vec<u32>,
    /// Every sentence, the last one without its end too.
    sentences: Vec<Sentence>,
}

impl Windows {
    /// The windows of `text`, which must be normalized.
    pub fn of(text: &str) -> Self {
        let mut windows = Self::default();
        windows.rebuild(text);
        windows
    }

    /// Forgets the text before and reads `text`, which must be normalized.
    pub fn rebuild(&mut self, text: &str) {
        for ends in [&mut self.clause_ends, &mut self.sentence_ends, &mut self.block_ends] {
            ends.clear();
        }
        self.sentences.clear();
        self.len = text.len();
        let bytes = text.as_bytes();
        let (mut n_all, mut n_chars, mut was_feed, mut has_digit) = (0, 0, false, false);
        let mut at = 0;
        while let Some(first) = bytes.get(at) {
            let (len, ends_clause, ends_sentence) = match first {
                b'\n' => (1, true, true),
                b'0'..=b'9' => {
                    has_digit = true;
                    (1, false, false)
                }
                0..0x80 => (1, false, false),
                // 。 and ！ ， ； ？
                0xE3 if bytes[at..].starts_with(&[0xE3, 0x80, 0x82]) => (3, true, true),
                0xEF => match bytes.get(at + 1..at + 3) {
                    Some([0xBC, 0x8C]) => (3, true, false),
                    Some([0xBC, 0x81 | 0x9B | 0x9F]) => (3, true, true),
                    _ => (3, false, false),
                },
                0xE0..0xF0 => (3, false, false),
                0x80..0xE0 => (2, false, false),
                0xF0.. => (4, false, false),
            };
            at += len;
            n_all += 1;
            n_chars += 1;
            if ends_clause {
                let end = at as u32;
                self.clause_ends.push(end);
                if ends_sentence {
                    self.sentence_ends.push(end);
                    self.sentences.push(Sentence { end, has_digit: std::mem::take(&mut has_digit) });
                }
            }
            let is_feed = *first == b'\n';
            if is_feed && (was_feed || n_chars >= BLOCK_CHARS) {
                self.block_ends.push(at as u32);
                n_chars = 0;
            }
            was_feed = is_feed;
        }
        if self.sentence_ends.last().is_none_or(|end| (*end as usize) < self.len) {
            self.sentences.push(Sentence { end: self.len as u32, has_digit });
        }
        if n_all <= BLOCK_CHARS {
            self.block_ends.clear();
        }
    }

    /// Every sentence in order; one at least.
    pub fn sentences(&self) -> &[Sentence] {
        &self.sentences
    }

    /// Sentence number `index`.
    pub fn sentence(&self, index: usize) -> Range<usize> {
        let end = |index: usize| self.sentences.get(index).map_or(self.len, |sentence| sentence.end as usize);
        index.checked_sub(1).map_or(0, end)..end(index)
    }

    /// The window of `scope` around `range`: from the start of the window that holds its first byte to the end of the
    /// one that holds its last. A mark belongs to the window that it ends.
    pub fn around(&self, scope: Scope, range: Range<usize>) -> Range<usize> {
        let ends = self.ends(scope);
        let before = ends.partition_point(|end| *end as usize <= range.start);
        let start = before.checked_sub(1).map_or(0, |index| ends[index] as usize);
        let last = range.end.saturating_sub(1).max(range.start);
        let after = ends.partition_point(|end| *end as usize <= last);
        start.min(self.len)..ends.get(after).map_or(self.len, |end| *end as usize)
    }

    /// Every window of `scope` in order; together they cover the text.
    pub fn iter(&self, scope: Scope) -> impl Iterator<Item = Range<usize>> {
        let ends = self.ends(scope);
        let tail =
            (ends.last().is_none_or(|end| (*end as usize) < self.len) && self.len > 0).then_some(self.len);
        let mut start = 0;
        ends.iter()
            .map(|end| *end as usize)
            .chain(tail)
            .map(move |end| std::mem::replace(&mut start, end)..end)
    }

    fn ends(&self, scope: Scope) -> &[u32] {
        match scope {
            Scope::Clause => &self.clause_ends,
            Scope::Sentence => &self.sentence_ends,
            Scope::Block => &self.block_ends,
            Scope::Document => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, scope: Scope) -> Vec<&str> {
        Windows::of(text).iter(scope).map(|range| &text[range]).collect()
    }

    #[test]
    fn clauses_and_sentences_end_at_their_marks() {
        let text = "保本，保息：真的。加我！\n微信，尾";
        assert_eq!(pieces(text, Scope::Clause), ["保本，", "保息：真的。", "加我！", "\n", "微信，", "尾"]);
        assert_eq!(pieces(text, Scope::Sentence), ["保本，保息：真的。", "加我！", "\n", "微信，尾"]);
        assert_eq!(pieces(text, Scope::Document), [text]);
        assert_eq!(pieces("", Scope::Clause), [""; 0]);
    }

    #[test]
    fn a_short_text_is_one_block_and_a_long_one_has_paragraphs() {
        assert_eq!(pieces("甲\n\n乙", Scope::Block), ["甲\n\n乙"]);
        let line = "文".repeat(160);
        let text = format!("{line}\n{line}\n{line}\n\n尾");
        let lengths: Vec<usize> =
            pieces(&text, Scope::Block).iter().map(|piece| piece.chars().count()).collect();
        assert_eq!(lengths, [322, 162, 1]);
    }

    #[test]
    fn a_window_around_a_range_covers_it() {
        let text = "甲，乙丙。丁";
        let windows = Windows::of(text);
        let cases = [
            (Scope::Clause, "乙", "乙丙。"),
            (Scope::Sentence, "丙", "甲，乙丙。"),
            (Scope::Clause, "甲，乙", "甲，乙丙。"),
            (Scope::Sentence, "丁", "丁"),
            (Scope::Document, "丁", text),
        ];
        for (scope, inner, expect) in cases {
            let start = text.find(inner).unwrap();
            assert_eq!(&text[windows.around(scope, start..start + inner.len())], expect, "{scope:?} {inner}");
        }
    }
}
