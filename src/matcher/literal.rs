//! Many literals at once in published text, without normalizing it first.
//!
//! A table gives every published character the number of the character it normalizes to, or says that it vanishes.
//! Each literal is represented by its rarest pair of neighboring characters; a bit per hashed pair rejects nearly all
//! positions, and what survives is compared with the literals of that pair. Positions are those of the published text,
//! so the span comes for free.
//!
//! Where normalizing needs more than one character at a time (hidden spellings, bracketed pinyin, marks that may stay),
//! the sentence is normalized and the same search runs over the result. Both ways report exactly what a search of
//! [`Normalizer::normalize`]'s text reports, mapped back by its spans.

mod alphabet;
mod anchors;
mod patterns;

use crate::domain::hit::Span;
use crate::text::fold::{Class, is_han_digit, is_letter};
use crate::text::marks::{Mark, is_contact_start, resolve};
use crate::text::pass::decode;
use crate::text::{Frequency, Normalized, Normalizer};
use alphabet::{Alphabet, CIRCLE, COMMA, EXPAND, FIRST_ALONE, OPEN, OTHER, PLUS, SKIP};
use anchors::{Anchors, key};
use patterns::{Kind, Pattern, Patterns};

/// One literal and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LiteralMatch {
    /// Bytes of the published text, evasions inside included.
    pub span: Span,
    /// Index of the literal in the list that the set was built from.
    pub literal: u32,
}

/// Buffers that scans use again and again; one per thread.
#[derive(Debug, Default)]
pub struct Scratch {
    found: Vec<LiteralMatch>,
    found_in_part: Vec<LiteralMatch>,
    normalized: Normalized,
    marks: Marks,
}

#[derive(Debug, Default)]
struct Marks {
    run: Vec<Mark>,
    kept: Vec<Mark>,
}

/// A set of literals, compiled; used from any thread.
#[derive(Debug)]
pub struct LiteralSet {
    normalizer: Normalizer,
    patterns: Patterns,
    alphabet: Alphabet,
    anchors: Anchors,
    /// Patterns of one character beside marks, by their symbol: `1` and `1%`.
    alone: Vec<Vec<u32>>,
    /// Whether a literal contains a comma of a number.
    has_comma: bool,
    /// Whether a literal contains the end of a sentence.
    has_stop: bool,
}

/// What a closer look at a candidate says.
enum Look {
    Nothing,
    Found(Span),
    /// Only normalizing the part can tell.
    Normalize,
}

impl LiteralSet {
    /// Compiles `literals`, which are normalized as published text is. Literals of marks only,
    /// and those that normalize to several lines, are never found.
    pub fn new(normalizer: &Normalizer, literals: &[String]) -> Self {
        let mut patterns = Patterns::new(normalizer, literals);
        let alphabet = patterns.alphabet(normalizer);
        patterns.set_symbols(&alphabet);
        let anchors = Anchors::new(&patterns, Frequency::embedded());
        let mut alone = Vec::new();
        for (index, ch) in patterns.alone() {
            let symbol = alphabet.symbol(ch) as usize;
            if alone.len() <= symbol {
                alone.resize(symbol + 1, Vec::new());
            }
            alone[symbol].push(index);
        }
        let has_comma = patterns.contain(&[',']);
        let has_stop = patterns.contain(&['。', '！', '？']);
        Self { normalizer: normalizer.clone(), patterns, alphabet, anchors, alone, has_comma, has_stop }
    }

    /// Calls `found` for every occurrence of every literal in the normalized form of `raw`, overlapping ones included,
    /// ordered by span and literal.
    pub fn scan(&self, raw: &str, scratch: &mut Scratch, found: impl FnMut(LiteralMatch)) {
        self.collect(raw, scratch);
        scratch.found.iter().copied().for_each(found);
    }

    /// The same for text that is its own normal form, which needs no second look.
    pub fn scan_normalized(&self, text: &str, scratch: &mut Scratch, found: impl FnMut(LiteralMatch)) {
        scratch.found.clear();
        self.search::<false>(text, 0, &mut scratch.found, &mut scratch.marks);
        sort(&mut scratch.found);
        scratch.found.iter().copied().for_each(found);
    }

    /// Whether any literal occurs.
    pub fn any(&self, raw: &str, scratch: &mut Scratch) -> bool {
        self.collect(raw, scratch);
        !scratch.found.is_empty()
    }

    fn collect(&self, raw: &str, scratch: &mut Scratch) {
        scratch.found.clear();
        let mut from = 0;
        while let Some(part) = self.search::<true>(raw, from, &mut scratch.found, &mut scratch.marks) {
            // Matches of this part are the last ones found.
            while scratch.found.last().is_some_and(|last| last.span.start >= part.start) {
                scratch.found.pop();
            }
            self.normalizer.normalize_into(&raw[part.start..part.end], &mut scratch.normalized);
            scratch.found_in_part.clear();
            let text = &scratch.normalized.text;
            self.search::<false>(text, 0, &mut scratch.found_in_part, &mut scratch.marks);
            for LiteralMatch { span, literal } in scratch.found_in_part.drain(..) {
                let Span { start, end } = scratch.normalized.source_span(span.start, span.end);
                let span = Span { start: start + part.start, end: end + part.start };
                scratch.found.push(LiteralMatch { span, literal });
            }
            from = part.end;
        }
        sort(&mut scratch.found);
    }

    /// Searches `text` from byte `from` on. Published text (`RAW`) stops at a part that must be normalized, which is
    /// returned; in normalized text characters stand for themselves.
    fn search<const RAW: bool>(
        &self,
        text: &str,
        from: usize,
        found: &mut Vec<LiteralMatch>,
        marks: &mut Marks,
    ) -> Option<Span> {
        let (mut left, mut before) = (OTHER, OTHER);
        let mut rest = text[from..].chars();
        while let Some(ch) = rest.next() {
            // Positions are worked out only where they matter.
            let place = |rest: &std::str::Chars<'_>| {
                let end = text.len() - rest.as_str().len();
                end - ch.len_utf8()..end
            };
            let mut symbol = self.alphabet.value(ch as u32);
            if symbol >= FIRST_ALONE {
                if symbol == SKIP {
                    continue;
                }
                let place = place(&rest);
                match self.special::<RAW>(text, place.clone(), symbol, found) {
                    Some(Some(plain)) => symbol = plain,
                    Some(None) => continue,
                    None => return Some(self.part_around(text, place.start)),
                }
            }
            if self.anchors.may_have(key(before, symbol)) {
                let place = place(&rest);
                if !self.candidates::<RAW>(text, [left, before, symbol], place.clone(), found, marks) {
                    return Some(self.part_around(text, place.start));
                }
            }
            left = before;
            before = symbol;
        }
        None
    }

    /// Looks closer at the literals behind a pair of symbols: `last` are the last three symbols, `place` is where the
    /// last one stands. False when the part must be normalized.
    #[inline(never)]
    fn candidates<const RAW: bool>(
        &self,
        text: &str,
        last: [u16; 3],
        place: std::ops::Range<usize>,
        found: &mut Vec<LiteralMatch>,
        marks: &mut Marks,
    ) -> bool {
        let anchors = self.anchors.of(key(last[1], last[2]));
        if anchors.is_empty() {
            return true;
        }
        let right = self.symbol_after(text, place.end).map_or(OTHER, |(symbol, _)| symbol);
        for anchor in anchors.iter().filter(|anchor| anchor.fits(last[0], right)) {
            let pattern = self.patterns.get(anchor.pattern);
            let look = match RAW {
                true => self.look(text, pattern, anchor.at as usize, place.clone(), marks),
                false => look_normalized(text, pattern, anchor.at as usize, place.start),
            };
            match look {
                Look::Nothing => {}
                Look::Found(span) => report(pattern, span, found),
                Look::Normalize => return false,
            }
        }
        true
    }

    /// Decides about a character whose value is no plain symbol: its symbol, nothing when it vanishes, and no answer
    /// when the part must be normalized.
    #[cold]
    fn special<const RAW: bool>(
        &self,
        text: &str,
        place: std::ops::Range<usize>,
        value: u16,
        found: &mut Vec<LiteralMatch>,
    ) -> Option<Option<u16>> {
        match value {
            EXPAND if RAW => None,
            EXPAND => Some(Some(OTHER)),
            COMMA => {
                let symbol = self.comma(text, place.start);
                if RAW && symbol.is_none() && self.has_comma {
                    None
                } else {
                    Some(Some(symbol.unwrap_or(OTHER)))
                }
            }
            CIRCLE if RAW && self.folds_to(text, place.end, |ch| is_han_digit(ch) || ch == '○') => None,
            OPEN if RAW && self.normalizer.bracketed_pinyin(text, place.end).is_some() => None,
            PLUS if RAW && self.starts_contact(text, place.end) => None,
            CIRCLE | OPEN | PLUS => Some(None),
            alone => {
                let symbol = self.alphabet.alone(alone);
                for index in self.alone.get(symbol as usize)? {
                    let pattern = self.patterns.get(*index);
                    match (RAW, pattern.kind) {
                        (true, Kind::Plain) => {
                            let end = self.end_with_combining(text, place.end);
                            report(pattern, Span { start: place.start, end }, found);
                        }
                        (true, _) if self.is_beside_mark(text, &place) => return None,
                        (true, _) => {}
                        (false, _) => {
                            if let Look::Found(span) = look_normalized(text, pattern, 0, place.start) {
                                report(pattern, span, found);
                            }
                        }
                    }
                }
                Some(Some(symbol))
            }
        }
    }

    /// Whether the character at `place` has a neighbor that may be a mark or may hide one.
    fn is_beside_mark(&self, text: &str, place: &std::ops::Range<usize>) -> bool {
        let may_be_mark =
            |ch: char| matches!(self.alphabet.value(ch as u32), SKIP | CIRCLE | OPEN | PLUS | COMMA | EXPAND);
        text[..place.start].chars().next_back().is_some_and(may_be_mark)
            || text[place.end..].chars().next().is_some_and(may_be_mark)
    }

    /// Compares the symbols around a pair of published characters with a pattern: `second` is the place of the
    /// character with index `at`.
    fn look(
        &self,
        text: &str,
        pattern: &Pattern,
        at: usize,
        second: std::ops::Range<usize>,
        marks: &mut Marks,
    ) -> Look {
        let mut start = second.start;
        let mut n_gaps = 0;
        for index in (0..at).rev() {
            match self.symbol_before(text, start) {
                Some((symbol, place)) if symbol == pattern.symbols[index] => {
                    n_gaps += usize::from(place.end != start);
                    start = place.start;
                }
                _ => return Look::Nothing,
            }
        }
        let mut end = second.end;
        for symbol in &pattern.symbols[at + 1..] {
            match self.symbol_after(text, end) {
                Some((other, place)) if other == *symbol => {
                    n_gaps += usize::from(place.start != end);
                    end = place.end;
                }
                _ => return Look::Nothing,
            }
        }
        match pattern.kind {
            Kind::Marked => Look::Normalize,
            Kind::Hidden if pattern.starts_narrow() && self.is_letter_before(text, start) => Look::Nothing,
            Kind::Hidden if pattern.ends_narrow() && self.is_letter_after(text, end) => Look::Nothing,
            Kind::Hidden => Look::Normalize,
            Kind::Plain if n_gaps > 0 && !self.gaps_vanish(text, pattern, start, end, marks) => Look::Nothing,
            Kind::Plain => Look::Found(Span { start, end: self.end_with_combining(text, end) }),
        }
    }

    /// Whether nothing stays of what stands between the characters of a match.
    fn gaps_vanish(
        &self,
        text: &str,
        pattern: &Pattern,
        start: usize,
        end: usize,
        marks: &mut Marks,
    ) -> bool {
        let fold = self.normalizer.fold();
        let mut index = 0;
        marks.run.clear();
        let mut at = start;
        while let Some((code, len)) = decode(text.as_bytes(), at).filter(|_| at < end) {
            let entry = fold.get(code);
            at += len;
            match entry.class() {
                Class::Invisible | Class::Combining => continue,
                Class::Mark | Class::Circle => {
                    let ch = if entry.class() == Class::Circle { ' ' } else { entry.canonical() };
                    marks.run.push(Mark { ch, src_start: 0, src_end: 0, is_blank: false });
                    continue;
                }
                Class::Comma if !marks.run.is_empty() => return false,
                _ => {}
            }
            if !marks.run.is_empty() {
                let (left, right) = (pattern.chars.get(index - 1), pattern.chars.get(index));
                resolve(left.copied(), &marks.run, right.copied(), &mut marks.kept);
                if !marks.kept.is_empty() {
                    return false;
                }
                marks.run.clear();
            }
            index += 1;
        }
        true
    }

    /// Symbol and place of the last character before byte `at` that does not vanish.
    fn symbol_before(&self, text: &str, mut at: usize) -> Option<(u16, std::ops::Range<usize>)> {
        loop {
            let ch = text[..at].chars().next_back()?;
            let place = at - ch.len_utf8()..at;
            at = place.start;
            match self.plain_symbol(text, ch, at) {
                Some(symbol) => return Some((symbol, place)),
                None => continue,
            }
        }
    }

    /// Symbol and place of the first character from byte `at` on that does not vanish.
    fn symbol_after(&self, text: &str, mut at: usize) -> Option<(u16, std::ops::Range<usize>)> {
        loop {
            let ch = text[at..].chars().next()?;
            let place = at..at + ch.len_utf8();
            match self.plain_symbol(text, ch, at) {
                Some(symbol) => return Some((symbol, place)),
                None => at = place.end,
            }
        }
    }

    /// The symbol of the character at byte `at`, nothing when it vanishes. A part that must be normalized for its sake
    /// is noticed when the search comes by.
    fn plain_symbol(&self, text: &str, ch: char, at: usize) -> Option<u16> {
        match self.alphabet.value(ch as u32) {
            SKIP | CIRCLE | OPEN | PLUS => None,
            EXPAND => Some(OTHER),
            COMMA => Some(self.comma(text, at).unwrap_or(OTHER)),
            value if value >= FIRST_ALONE => Some(self.alphabet.alone(value)),
            symbol => Some(symbol),
        }
    }

    /// The symbol of the comma at byte `at` as the end of a clause; nothing inside a number.
    fn comma(&self, text: &str, at: usize) -> Option<u16> {
        let last = text[..at].chars().rev().find(|ch| self.alphabet.value(*ch as u32) != SKIP);
        let is_digit = |ch: char| ch.is_ascii_digit();
        let in_number =
            last.is_some_and(|ch| self.folds_to_by(ch, is_digit)) && self.folds_to(text, at + 1, is_digit);
        (!in_number).then_some(self.alphabet.comma())
    }

    /// Whether a way of contact may follow behind marks.
    fn starts_contact(&self, text: &str, at: usize) -> bool {
        let vanishes = |ch: &char| matches!(self.alphabet.value(*ch as u32), SKIP | CIRCLE | OPEN | PLUS);
        let next = text[at..].chars().find(|ch| !vanishes(ch));
        next.is_some_and(|ch| self.folds_to_by(ch, is_contact_start))
    }

    /// Whether the visible character at `at` becomes one that fits.
    fn folds_to(&self, text: &str, at: usize, fits: impl Fn(char) -> bool) -> bool {
        let class = |ch: &char| self.normalizer.fold().get(*ch as u32).class();
        let next = text[at..].chars().find(|ch| !matches!(class(ch), Class::Invisible | Class::Combining));
        next.is_some_and(|ch| self.folds_to_by(ch, fits))
    }

    fn folds_to_by(&self, ch: char, fits: impl Fn(char) -> bool) -> bool {
        match self.kept(&ch) {
            [] => fits(ch),
            kept => kept.iter().any(|ch| fits(*ch)),
        }
    }

    fn is_letter_before(&self, text: &str, at: usize) -> bool {
        let before = text[..at].chars().next_back();
        before.is_some_and(|ch| self.kept(&ch).last().copied().is_some_and(is_letter))
    }

    fn is_letter_after(&self, text: &str, at: usize) -> bool {
        let after = text[at..].chars().next();
        after.is_some_and(|ch| self.kept(&ch).first().copied().is_some_and(is_letter))
    }

    /// What a character becomes, nothing when it vanishes.
    fn kept<'a>(&'a self, ch: &'a char) -> &'a [char] {
        let fold = self.normalizer.fold();
        let entry = fold.get(*ch as u32);
        match entry.class() {
            Class::Fold => &fold.folded(entry).text,
            Class::Plain | Class::Letter | Class::Digit => std::slice::from_ref(ch),
            _ => &[],
        }
    }

    /// The part of `text` around byte `at` that is normalized alike on its own: up to the next line feeds, or to the
    /// next ends of sentences unless a literal reaches across them.
    fn part_around(&self, text: &str, at: usize) -> Span {
        let is_end = |ch: char| ch == '\n' || (!self.has_stop && matches!(ch, '。' | '！' | '？'));
        let start = text[..at].char_indices().rev().find(|(_, ch)| is_end(*ch));
        let start = start.map_or(0, |(before, ch)| before + ch.len_utf8());
        let end = text[at..].find(is_end).map_or(text.len(), |behind| at + behind);
        Span { start, end }
    }

    /// Combining marks belong to the character before them.
    fn end_with_combining(&self, text: &str, end: usize) -> usize {
        let mut with_marks = end;
        for (offset, ch) in text[end..].char_indices() {
            match self.normalizer.fold().get(ch as u32).class() {
                Class::Combining => with_marks = end + offset + ch.len_utf8(),
                Class::Invisible => {}
                _ => break,
            }
        }
        with_marks
    }
}

/// Puts matches in order; they are found nearly so.
fn sort(found: &mut [LiteralMatch]) {
    for at in 1..found.len() {
        let one = found[at];
        let mut to = at;
        while to > 0 && found[to - 1] > one {
            found[to] = found[to - 1];
            to -= 1;
        }
        found[to] = one;
    }
}

/// In normalized text a pattern is found where its text stands.
fn look_normalized(text: &str, pattern: &Pattern, at: usize, byte: usize) -> Look {
    let Some(start) = byte.checked_sub(pattern.offset(at)) else { return Look::Nothing };
    let end = start + pattern.text.len();
    match pattern.kind {
        Kind::Hidden => Look::Nothing,
        _ if text.as_bytes().get(start..end) == Some(pattern.text.as_bytes()) => {
            Look::Found(Span { start, end })
        }
        _ => Look::Nothing,
    }
}

fn report(pattern: &Pattern, span: Span, found: &mut Vec<LiteralMatch>) {
    found.extend(pattern.literals.iter().map(|literal| LiteralMatch { span, literal: *literal }));
}

#[cfg(test)]
mod tests;
