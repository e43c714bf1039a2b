//! What was found so far in one text, and the text itself.

use crate::domain::hit::Span;
use crate::domain::party::{Certainty, Contact, ContactKind, ContactPlace, FoundBy};
use crate::text::{Normalized, is_evasive};

/// One find; places are bytes of the normalized text.
#[derive(Debug, Clone)]
pub(super) struct Find {
    pub kind: ContactKind,
    pub value: String,
    pub start: usize,
    pub end: usize,
    pub certainty: Certainty,
    pub found_by: Vec<FoundBy>,
}

/// A text under reading: normalized, except that Latin words stay as they were written (`baoben.top` is a host, not
/// 保本). A reader claims what it understood, so that the next does not read a piece of it again.
pub(super) struct Sheet<'a> {
    published: &'a str,
    normalized: &'a Normalized,
    text: String,
    /// For each byte of `text`: the published bytes and the normalized bytes of its character.
    origins: Vec<Origin>,
    finds: Vec<Find>,
    claimed: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Origin {
    published: (usize, usize),
    normalized: (usize, usize),
}

impl<'a> Sheet<'a> {
    pub fn new(published: &'a str, normalized: &'a Normalized) -> Self {
        let mut sheet = Self {
            published,
            normalized,
            text: String::with_capacity(normalized.text.len()),
            origins: Vec::with_capacity(normalized.text.len()),
            finds: Vec::new(),
            claimed: Vec::new(),
        };
        let damaged = damaged_words(published, normalized);
        let mut next_word = damaged.into_iter().peekable();
        let mut written: Option<Word> = None;
        for (at, c) in normalized.text.char_indices() {
            let place = (at, at + c.len_utf8());
            let Span { start, end } = normalized.source_span(place.0, place.1);
            if written.is_some_and(|word| start < word.end) {
                continue;
            }
            if let Some(word) = next_word.next_if(|word| word.start < end.max(start + 1)) {
                for (offset, letter) in published[word.start..word.end].char_indices() {
                    let from = word.start + offset;
                    sheet.push(letter.to_ascii_lowercase(), (from, from + letter.len_utf8()), place);
                }
                written = Some(word);
                continue;
            }
            sheet.push(c, (start, end), place);
        }
        sheet
    }

    fn push(&mut self, c: char, published: (usize, usize), normalized: (usize, usize)) {
        self.text.push(c);
        self.origins.resize(self.text.len(), Origin { published, normalized });
    }

    /// The text under reading.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The published words behind a place of the text.
    pub fn raw(&self, start: usize, end: usize) -> &'a str {
        self.source_span(start, end).of(self.published)
    }

    /// The published words between two places of the text.
    pub fn raw_between(&self, left_end: usize, right_start: usize) -> &'a str {
        let from = left_end
            .checked_sub(1)
            .and_then(|at| self.origins.get(at))
            .map_or(0, |origin| origin.published.1);
        let to = self.origins.get(right_start).map_or(self.published.len(), |origin| origin.published.0);
        self.published.get(from..to.max(from)).unwrap_or_default()
    }

    /// The published words directly before a place of the text, at most 4 characters of them.
    pub fn raw_before(&self, start: usize) -> &'a str {
        let to = self.origins.get(start).map_or(self.published.len(), |origin| origin.published.0);
        let head = &self.published[..to];
        let from = head.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        &head[from..]
    }

    fn source_span(&self, start: usize, end: usize) -> Span {
        let from = self.origins.get(start).copied().unwrap_or_default().published.0;
        let to =
            end.checked_sub(1).and_then(|at| self.origins.get(at)).copied().unwrap_or_default().published.1;
        Span { start: from, end: to.max(from) }
    }

    fn transforms(&self, start: usize, end: usize) -> Vec<&'static str> {
        let from = self.origins.get(start).copied().unwrap_or_default().normalized.0;
        let to =
            end.checked_sub(1).and_then(|at| self.origins.get(at)).copied().unwrap_or_default().normalized.1;
        self.normalized.transforms(from, to)
    }

    /// Keeps a find, unless the same was found at the same place.
    pub fn add(&mut self, mut find: Find) {
        let hidden = self.transforms(find.start, find.end).into_iter().filter(|name| is_evasive(name));
        find.found_by.extend(hidden.map(|name| FoundBy::Hidden(name.to_owned())));
        let is_same =
            |known: &Find| known.kind == find.kind && known.value == find.value && known.start == find.start;
        if !self.finds.iter().any(is_same) {
            self.finds.push(find);
        }
    }

    /// Keeps a find and claims its place.
    pub fn take(&mut self, find: Find) {
        self.claim(find.start, find.end);
        self.add(find);
    }

    pub fn claim(&mut self, start: usize, end: usize) {
        self.claimed.push((start, end));
    }

    pub fn is_free(&self, start: usize, end: usize) -> bool {
        !self.claimed.iter().any(|(from, to)| *from < end && start < *to)
    }

    /// Up to `n_chars` characters before `at`, back to the end of the sentence or line before.
    pub fn before(&self, at: usize, n_chars: usize) -> &str {
        let head = &self.text()[..at];
        let mut from = at;
        for (start, c) in head.char_indices().rev().take(n_chars) {
            if matches!(c, '。' | '！' | '？' | '；' | '\n') {
                break;
            }
            from = start;
        }
        &head[from..]
    }

    /// The character before `at`.
    pub fn char_before(&self, at: usize) -> Option<char> {
        self.text()[..at].chars().next_back()
    }

    /// The character at `at`.
    pub fn char_at(&self, at: usize) -> Option<char> {
        self.text()[at..].chars().next()
    }

    /// Everything found, in the order of the words, with places in the published text. The same contact written
    /// twice stands twice.
    pub fn into_contacts(mut self) -> Vec<Contact> {
        let mut finds = std::mem::take(&mut self.finds);
        finds.sort_by_key(|find| (find.start, find.kind));
        let contact = |find: Find| Contact {
            kind: find.kind,
            value: find.value,
            place: ContactPlace::Words(self.source_span(find.start, find.end)),
            certainty: find.certainty,
            found_by: find.found_by,
        };
        finds.into_iter().map(contact).collect()
    }
}

/// A Latin word of the published text.
#[derive(Debug, Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
}

/// Latin words in which the normalizer read pinyin, in their order. Names of ways of contact (vx) are not damage.
fn damaged_words(published: &str, normalized: &Normalized) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut alias_end = 0;
    for (at, c) in normalized.text.char_indices().filter(|(_, c)| !c.is_ascii()) {
        let end = at + c.len_utf8();
        let Span { start: from, end: to } = normalized.source_span(at, end);
        let raw = &published[from..to];
        let is_latin = !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_latin || words.last().is_some_and(|word| from < word.end) {
            continue;
        }
        // Behind other letters (gym_wx7) a name of a way of contact is damage as well.
        let is_alias = normalized.transforms(at, end).contains(&"contact-alias");
        let is_inside =
            published[..from].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        if is_alias && (!is_inside || alias_end == from) {
            alias_end = to;
            continue;
        }
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-@/:?=&%+[]".contains(byte);
        let bytes = published.as_bytes();
        let floor = words.last().map_or(0, |word| word.end);
        let n_before = bytes[floor..from].iter().rev().take_while(|byte| is_word(byte)).count();
        let n_behind = bytes[to..].iter().take_while(|byte| is_word(byte)).count();
        words.push(Word { start: from - n_before, end: to + n_behind });
    }
    words
}

impl Sheet<'_> {
    /// Mobile numbers found so far: value and place.
    pub fn mobiles(&self) -> Vec<(String, usize, usize)> {
        let is_mobile = |find: &&Find| find.kind == ContactKind::Mobile && !find.value.contains('*');
        self.finds.iter().filter(is_mobile).map(|find| (find.value.clone(), find.start, find.end)).collect()
    }
}
