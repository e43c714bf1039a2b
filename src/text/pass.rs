//! The single pass: published characters in, normalized characters and their origin out.

use super::fold::{Class, Entry, is_clause_end, is_han_digit, is_letter, is_wide};
use super::marks::{Mark, bits_of_dropped, is_mark, resolve};
use super::span_map::Unit;
use super::transform::Bits;
use super::{Compiled, Normalized};

/// Rewriting may make another variant complete; tables are checked so that this stays short.
const MAX_REWRITES_IN_A_ROW: u32 = 64;

/// Stands for "nothing before": no variant contains it.
const NOTHING: char = '\0';

pub(super) struct Pass<'a> {
    tables: &'a Compiled,
    raw: &'a str,
    out: &'a mut Normalized,
    /// Next byte to read.
    at: usize,
    /// First byte read unchanged and not yet copied.
    copy_from: usize,
    /// Transforms of what was removed since the last character.
    gap: Bits,
    /// The last two characters written, copied or not.
    before: char,
    last: char,
    n_rewrites: u32,
    /// Length of the normalized text right behind a word whose repeats were taken away.
    repeat_end: usize,
}

impl<'a> Pass<'a> {
    pub fn new(tables: &'a Compiled, raw: &'a str, out: &'a mut Normalized) -> Self {
        let (before, last) = (NOTHING, NOTHING);
        Self {
            tables,
            raw,
            out,
            at: 0,
            copy_from: 0,
            gap: Bits::NONE,
            before,
            last,
            n_rewrites: 0,
            repeat_end: usize::MAX,
        }
    }

    pub fn run(mut self) {
        loop {
            self.read_plain();
            let Some((code, len)) = decode(self.raw.as_bytes(), self.at) else { break };
            let entry = self.tables.fold.get(code);
            match entry.class() {
                Class::Plain => {
                    self.end_word();
                    if self.repeat_end == self.out.text.len() && self.absorb(code, self.at + len) {
                        continue;
                    }
                    self.copy(code, len);
                    if self.tables.rewrite.may_end(self.before, self.last) {
                        self.rewrite();
                    }
                }
                Class::Letter => self.copy(code, len),
                Class::Digit => {
                    self.end_word();
                    self.copy(code, len);
                }
                _ => self.step(entry, code, len),
            }
        }
        self.end_word();
        self.flush();
    }

    /// Reads on over characters that stay as they are and complete nothing: the bulk of ordinary text.
    fn read_plain(&mut self) {
        if is_letter(self.last) || self.repeat_end == self.out.text.len() {
            return;
        }
        let tables = self.tables;
        let (mut before, mut last) = (self.before, self.last);
        let mut rest = self.raw[self.at..].chars();
        let mut n_left = rest.as_str().len();
        while let Some(ch) = rest.next() {
            if tables.fold.get(ch as u32).class() != Class::Plain || tables.rewrite.may_end(last, ch) {
                break;
            }
            (before, last) = (last, ch);
            n_left = rest.as_str().len();
        }
        self.at = self.raw.len() - n_left;
        (self.before, self.last) = (before, last);
    }

    /// Characters that do not stay as they are.
    fn step(&mut self, entry: Entry, code: u32, len: usize) {
        match entry.class() {
            Class::Fold => self.fold(entry, len),
            Class::Invisible => self.skip(len, Bits::INVISIBLE),
            Class::Combining => self.combine(len),
            Class::Clause => self.clause(entry.canonical(), code, len),
            Class::Comma if self.groups_digits(len) => self.copy(code, len),
            Class::Comma => self.clause('，', code, len),
            Class::Return if self.raw.as_bytes().get(self.at + 1) == Some(&b'\n') => {
                self.skip(len, Bits::NONE)
            }
            Class::Return => self.clause('\n', code, len),
            Class::Circle if self.is_zero(len) => {
                self.flush();
                self.unit('零', self.at, self.at + len, Bits::NUMERAL);
                self.at += len;
                self.copy_from = self.at;
            }
            _ => self.marks(),
        }
    }

    /// Leaves the character as it is; bytes are copied when the run ends.
    fn copy(&mut self, code: u32, len: usize) {
        self.before = self.last;
        self.last = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.at += len;
    }

    /// Copies what was read unchanged.
    fn flush(&mut self) {
        if self.copy_from < self.at {
            let copied = &self.raw[self.copy_from..self.at];
            self.out.map.push_copied(self.out.text.len(), self.copy_from, copied.len(), self.gap);
            self.out.text.push_str(copied);
            self.gap = Bits::NONE;
        }
        self.copy_from = self.at;
    }

    fn skip(&mut self, len: usize, bits: Bits) {
        self.flush();
        self.gap = self.gap.with(bits);
        self.at += len;
        self.copy_from = self.at;
    }

    /// Takes a further repeat of the last character away, right behind a word whose repeats were taken away.
    fn absorb(&mut self, code: u32, src_end: usize) -> bool {
        if code != u32::from(self.last) || self.copy_from != self.at {
            return false;
        }
        let Some(unit) = self.out.map.pop_unit(&mut self.out.text) else { return false };
        let src_end = src_end as u32;
        self.put(Unit { src_end, own: unit.own.with(Bits::REPEATED), ..unit });
        self.at = src_end as usize;
        self.copy_from = self.at;
        true
    }

    /// A combining mark belongs to the character before it.
    fn combine(&mut self, len: usize) {
        self.flush();
        if !matches!(self.last, NOTHING | '\n')
            && let Some(unit) = self.out.map.pop_unit(&mut self.out.text)
        {
            let src_end = (self.at + len) as u32;
            self.put(Unit { src_end, own: unit.own.with(Bits::COMBINING), ..unit });
        }
        self.at += len;
        self.copy_from = self.at;
    }

    fn fold(&mut self, entry: Entry, len: usize) {
        self.flush();
        let folded = self.tables.fold.folded(entry);
        let (from, to) = (self.at, self.at + len);
        if self.repeat_end == self.out.text.len()
            && let [ch] = *folded.text
            && self.absorb(u32::from(ch), to)
        {
            return;
        }
        for ch in &folded.text {
            self.unit(*ch, from, to, folded.bits);
        }
        self.at = to;
        self.copy_from = to;
    }

    fn clause(&mut self, canonical: char, code: u32, len: usize) {
        self.end_word();
        if code == u32::from(canonical) {
            return self.copy(code, len);
        }
        self.flush();
        self.unit(canonical, self.at, self.at + len, Bits::NONE);
        self.at += len;
        self.copy_from = self.at;
    }

    /// A run of marks and blanks: reads on to the next character, then keeps what must stay between the two.
    fn marks(&mut self) {
        self.end_word();
        self.flush();
        let mut run = std::mem::take(&mut self.out.run);
        run.clear();
        let mut dropped = Bits::NONE;
        while let Some((code, len)) = decode(self.raw.as_bytes(), self.at) {
            let entry = self.tables.fold.get(code);
            let (src_start, src_end) = (self.at as u32, (self.at + len) as u32);
            match entry.class() {
                Class::Invisible => dropped = dropped.with(Bits::INVISIBLE),
                Class::Combining => {}
                Class::Circle if self.is_zero(len) => break,
                Class::Mark | Class::Circle => {
                    let ch = if entry.class() == Class::Circle { ' ' } else { entry.canonical() };
                    if ch == '('
                        && is_wide(self.last)
                        && !is_clause_end(self.last)
                        && let Some(end) = bracketed_pinyin(self.tables, self.raw, self.at + len)
                    {
                        dropped = dropped.with(Bits::BRACKETED);
                        self.at = end;
                        continue;
                    }
                    let is_blank = char::from_u32(code).is_some_and(char::is_whitespace);
                    run.push(Mark { ch, src_start, src_end, is_blank });
                }
                _ => break,
            }
            self.at += len;
        }
        self.copy_from = self.at;
        let left = Some(self.last).filter(|last| *last != NOTHING);
        let right = self.peek();
        let mut kept = std::mem::take(&mut self.out.kept);
        resolve(left, &run, right, &mut kept);
        for mark in &kept {
            self.write_mark(*mark);
        }
        if kept.is_empty() {
            self.gap = self.gap.with(dropped).with(bits_of_dropped(left, &run, right));
        } else {
            self.gap = self.gap.with(dropped);
        }
        (self.out.run, self.out.kept) = (run, kept);
    }

    fn write_mark(&mut self, mark: Mark) {
        let own = if mark.ch == '加' { Bits::ALIAS } else { Bits::NONE };
        self.unit(mark.ch, mark.src_start as usize, mark.src_end as usize, own);
    }

    /// The first character that the next character becomes.
    fn peek(&self) -> Option<char> {
        let (code, len) = decode(self.raw.as_bytes(), self.at)?;
        let entry = self.tables.fold.get(code);
        match entry.class() {
            Class::Fold => self.tables.fold.folded(entry).text.first().copied(),
            Class::Clause => Some(entry.canonical()),
            Class::Comma => Some('，'),
            Class::Return => Some('\n'),
            Class::Circle => Some('零').filter(|_| len > 0),
            _ => char::from_u32(code),
        }
    }

    /// Whether a comma stands directly between two digits.
    fn groups_digits(&self, len: usize) -> bool {
        self.last.is_ascii_digit() && self.folds_to(self.at + len, |ch| ch.is_ascii_digit())
    }

    /// Whether a circle stands directly between two Chinese digits.
    fn is_zero(&self, len: usize) -> bool {
        is_han_digit(self.last) && self.folds_to(self.at + len, |ch| is_han_digit(ch) || ch == '○')
    }

    /// Whether the visible character at `at` becomes one that fits.
    fn folds_to(&self, mut at: usize, fits: impl Fn(char) -> bool) -> bool {
        while let Some((code, len)) = decode(self.raw.as_bytes(), at) {
            let entry = self.tables.fold.get(code);
            match entry.class() {
                Class::Invisible | Class::Combining => at += len,
                Class::Fold => {
                    return self.tables.fold.folded(entry).text.first().is_some_and(|ch| fits(*ch));
                }
                _ => return char::from_u32(code).is_some_and(fits),
            }
        }
        false
    }

    /// Writes one character that is not a copy, and undoes the variant it completes.
    fn unit(&mut self, ch: char, src_start: usize, src_end: usize, own: Bits) {
        let gap = std::mem::take(&mut self.gap);
        self.push(Unit { ch, src_start: src_start as u32, src_end: src_end as u32, own, gap });
    }

    fn push(&mut self, unit: Unit) {
        self.set(unit);
        if !is_letter(unit.ch) && self.tables.rewrite.may_end(self.before, self.last) {
            self.rewrite();
        }
    }

    fn set(&mut self, unit: Unit) {
        if !is_letter(unit.ch) {
            self.end_word();
        }
        self.put(unit);
        (self.before, self.last) = (self.last, unit.ch);
    }

    fn put(&mut self, unit: Unit) {
        self.out.map.push_unit(self.out.text.len(), unit);
        self.out.text.push(unit.ch);
    }

    /// A narrow word is complete: variants that end with a letter apply now.
    fn end_word(&mut self) {
        if is_letter(self.last) && self.tables.rewrite.may_end(self.before, self.last) {
            self.rewrite();
        }
    }

    /// Undoes the variant that the text ends with, if any, and those that are complete then.
    fn rewrite(&mut self) {
        let mut is_repeat = false;
        let mut n_left = MAX_REWRITES_IN_A_ROW.saturating_sub(self.n_rewrites);
        while n_left > 0
            && let Some((bits, is_shorter)) = self.rewrite_once()
        {
            is_repeat |= bits == Bits::REPEATED;
            // What makes the text shorter comes to an end by itself: 保保保保息.
            n_left -= u32::from(!is_shorter);
            if is_letter(self.last) || !self.tables.rewrite.may_end(self.before, self.last) {
                break;
            }
        }
        if is_repeat {
            self.repeat_end = self.out.text.len();
        }
    }

    /// Undoes one variant; its transform, and whether the text is shorter by it.
    fn rewrite_once(&mut self) -> Option<(Bits, bool)> {
        self.flush();
        let variant = self.tables.rewrite.ending(&self.out.text)?;
        self.n_rewrites += 1;
        let n_chars = variant.text.chars().count();
        let popped = (0..n_chars).filter_map(|_| self.out.map.pop_unit(&mut self.out.text));
        let mut units: Vec<Unit> = popped.collect();
        units.reverse();
        let meant: Vec<char> = variant.word.chars().collect();
        let mut units = align(&units, &meant, variant.bits);
        let dropped = self.reopen(units.first().map(|unit| unit.ch));
        if let Some(first) = units.first_mut() {
            first.gap = first.gap.with(dropped);
        }
        let last = units.pop();
        for unit in units {
            self.push(unit);
        }
        if let Some(last) = last {
            self.set(last);
        }
        self.n_rewrites -= 1;
        Some((variant.bits, meant.len() < n_chars))
    }

    /// Sets the last characters again after some were taken away. Marks were kept for the narrow character that
    /// stood here: when `next` is wide they are looked at once more. Returns what dropping them amounts to.
    fn reopen(&mut self, next: Option<char>) -> Bits {
        let mut run = Vec::new();
        if next.is_some_and(is_wide) {
            while self.out.text.ends_with(is_mark)
                && let Some(unit) = self.out.map.pop_unit(&mut self.out.text)
            {
                let Unit { ch, src_start, src_end, .. } = unit;
                run.push(Mark { ch, src_start, src_end, is_blank: ch == ' ' });
            }
        }
        self.look_back();
        if run.is_empty() {
            return Bits::NONE;
        }
        run.reverse();
        let mut kept = Vec::new();
        let left = Some(self.last).filter(|last| *last != NOTHING);
        resolve(left, &run, next, &mut kept);
        for Mark { ch, src_start, src_end, .. } in &kept {
            self.put(Unit {
                ch: *ch,
                src_start: *src_start,
                src_end: *src_end,
                own: Bits::NONE,
                gap: Bits::NONE,
            });
        }
        self.look_back();
        if kept.is_empty() { bits_of_dropped(left, &run, next) } else { Bits::NONE }
    }

    fn look_back(&mut self) {
        let mut chars = self.out.text.chars().rev();
        self.last = chars.next().unwrap_or(NOTHING);
        self.before = chars.next().unwrap_or(NOTHING);
    }
}

/// Where bracketed pinyin ends, when a syllable and a closing bracket follow.
pub(super) fn bracketed_pinyin(tables: &Compiled, raw: &str, mut at: usize) -> Option<usize> {
    let mut syllable = String::new();
    while let Some((code, len)) = decode(raw.as_bytes(), at).filter(|_| syllable.len() <= 7) {
        let entry = tables.fold.get(code);
        at += len;
        match entry.class() {
            Class::Letter | Class::Digit => syllable.extend(char::from_u32(code)),
            Class::Fold => syllable.extend(tables.fold.folded(entry).text.iter()),
            Class::Invisible | Class::Combining => {}
            Class::Mark if entry.canonical() == ')' => {
                let tone = syllable.trim_end_matches(|ch: char| ('1'..='5').contains(&ch));
                return tables.syllables.contains(tone).then_some(at);
            }
            Class::Mark if entry.canonical() == ' ' => {}
            _ => return None,
        }
    }
    None
}

/// Gives the characters of the word meant their origin: one by one when the counts agree, else what differs
/// between the common beginning and the common end takes all of the source in between.
fn align(units: &[Unit], meant: &[char], bits: Bits) -> Vec<Unit> {
    let changed = |unit: &Unit, ch: char| Unit {
        ch,
        own: if unit.ch == ch { unit.own } else { unit.own.with(bits) },
        ..*unit
    };
    if units.len() == meant.len() {
        return units.iter().zip(meant).map(|(unit, ch)| changed(unit, *ch)).collect();
    }
    let shorter = units.len().min(meant.len());
    let n_head = units.iter().zip(meant).take_while(|(unit, ch)| unit.ch == **ch).count().min(shorter);
    let same_tail = units.iter().rev().zip(meant.iter().rev()).take_while(|(unit, ch)| unit.ch == **ch);
    let n_tail = same_tail.count().min(shorter - n_head);
    let (head, middle, tail) =
        (&units[..n_head], &units[n_head..units.len() - n_tail], &units[units.len() - n_tail..]);
    let removed = middle.iter().fold(Bits::NONE, |all, unit| all.with(unit.own).with(unit.gap));
    let mut out = head.to_vec();
    let of_middle = &meant[n_head..meant.len() - n_tail];
    for (at, ch) in of_middle.iter().enumerate() {
        let gap = middle.first().filter(|_| at == 0).map_or(Bits::NONE, |first| first.gap);
        let src_start = middle
            .first()
            .map_or_else(|| head.last().map_or(0, |unit| unit.src_end), |first| first.src_start);
        let src_end = middle.last().map_or(src_start, |last| last.src_end);
        out.push(Unit { ch: *ch, src_start, src_end, own: removed.with(bits), gap });
    }
    out.extend(tail);
    if of_middle.is_empty()
        && let Some(first) = out.get_mut(n_head)
    {
        first.gap = first.gap.with(removed).with(bits);
    }
    out
}

/// Code point and length of the character at byte `at` of valid UTF-8.
#[inline]
pub(crate) fn decode(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let first = u32::from(*bytes.get(at)?);
    if first < 0x80 {
        return Some((first, 1));
    }
    let next = |offset: usize| bytes.get(at + offset).map_or(0, |byte| u32::from(byte & 0x3F));
    Some(match first {
        0xE0..0xF0 => ((first & 0x0F) << 12 | next(1) << 6 | next(2), 3),
        0xC0..0xE0 => ((first & 0x1F) << 6 | next(1), 2),
        _ => ((first & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4),
    })
}
