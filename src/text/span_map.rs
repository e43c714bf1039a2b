//! From positions of the normalized text back to the published bytes.

use super::transform::Bits;
use crate::domain::hit::Span;

/// Characters that came from consecutive published bytes in the same way.
///
/// Invariant: either both lengths are equal and every byte has its own source byte at the same distance,
/// or the segment holds exactly one character, whose source is the whole range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    out_start: u32,
    out_len: u32,
    src_start: u32,
    src_len: u32,
    /// Transforms of these characters.
    own: Bits,
    /// Transforms of what was removed between the segment before and this one.
    gap: Bits,
}

impl Segment {
    fn src_end(&self) -> u32 {
        self.src_start + self.src_len
    }

    fn is_copied(&self) -> bool {
        self.src_len == self.out_len
    }
}

/// One normalized character with where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    pub ch: char,
    pub src_start: u32,
    pub src_end: u32,
    pub own: Bits,
    pub gap: Bits,
}

/// Runs of equally mapped characters; ordinary text needs a few entries per paragraph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SpanMap {
    segments: Vec<Segment>,
}

impl SpanMap {
    pub fn clear(&mut self) {
        self.segments.clear();
    }

    /// Notes `len` bytes copied unchanged from `src_start` to `out_start`.
    pub fn push_copied(&mut self, out_start: usize, src_start: usize, len: usize, gap: Bits) {
        let (out_len, src_len) = (len as u32, len as u32);
        let (out_start, src_start) = (out_start as u32, src_start as u32);
        self.push(Segment { out_start, out_len, src_start, src_len, own: Bits::NONE, gap });
    }

    /// Notes one character written at `out_start`.
    pub fn push_unit(&mut self, out_start: usize, unit: Unit) {
        let Unit { ch, src_start, src_end, own, gap } = unit;
        let out_len = ch.len_utf8() as u32;
        self.push(Segment {
            out_start: out_start as u32,
            out_len,
            src_start,
            src_len: src_end - src_start,
            own,
            gap,
        });
    }

    fn push(&mut self, new: Segment) {
        match self.segments.last_mut() {
            Some(last)
                if new.gap.is_empty()
                    && last.own == new.own
                    && last.src_end() == new.src_start
                    && last.is_copied()
                    && new.is_copied() =>
            {
                last.out_len += new.out_len;
                last.src_len += new.src_len;
            }
            _ => self.segments.push(new),
        }
    }

    /// Takes the last character of `text` away and says where it had come from.
    pub fn pop_unit(&mut self, text: &mut String) -> Option<Unit> {
        let ch = text.pop()?;
        let len = ch.len_utf8() as u32;
        let last = self.segments.last_mut()?;
        let Segment { src_start, own, gap, .. } = *last;
        let src_end = last.src_end();
        if last.out_len == len {
            self.segments.pop();
            return Some(Unit { ch, src_start, src_end, own, gap });
        }
        last.out_len -= len;
        last.src_len -= len;
        Some(Unit { ch, src_start: src_end - len, src_end, own, gap: Bits::NONE })
    }

    /// Published bytes of the normalized bytes `start..end`, which must lie on character boundaries.
    pub fn source_span(&self, start: usize, end: usize) -> Span {
        let Some(first) = self.at(start) else { return Span { start: 0, end: 0 } };
        let from = match (first.is_copied(), start >= (first.out_start + first.out_len) as usize) {
            (_, true) => first.src_end() as usize,
            (true, false) => first.src_start as usize + (start - first.out_start as usize),
            (false, false) => first.src_start as usize,
        };
        let Some(last) = end.checked_sub(1).filter(|_| end > start).and_then(|at| self.at(at)) else {
            return Span { start: from, end: from };
        };
        let to = if last.is_copied() {
            last.src_start as usize + (end - last.out_start as usize).min(last.out_len as usize)
        } else {
            last.src_end() as usize
        };
        Span { start: from, end: to.max(from) }
    }

    /// Transforms of the normalized bytes `start..end`, removals between their characters included.
    pub fn transforms(&self, start: usize, end: usize) -> Bits {
        let first = self.segments.partition_point(|segment| segment.out_start as usize <= start);
        let inside = self.segments[first.saturating_sub(1)..].iter();
        inside.take_while(|segment| (segment.out_start as usize) < end).fold(Bits::NONE, |bits, segment| {
            let own =
                if (segment.out_start + segment.out_len) as usize > start { segment.own } else { Bits::NONE };
            let gap = if segment.out_start as usize > start { segment.gap } else { Bits::NONE };
            bits.with(own).with(gap)
        })
    }

    /// The segment that holds the normalized byte `at`, or the last one before it.
    fn at(&self, at: usize) -> Option<&Segment> {
        let after = self.segments.partition_point(|segment| segment.out_start as usize <= at);
        self.segments.get(after.checked_sub(1)?)
    }
}
