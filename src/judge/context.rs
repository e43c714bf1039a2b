//! What the words around a hit make of it, in the manner of ConText: cues with direction, scope and terminators.
//!
//! A cue clears; nothing else does. Three things keep a cue from clearing: its reach, a terminator between it and
//! the hit, and a promoter who speaks: a text that gives a private contact and calls to act, or that names one
//! platform as the safe one, cannot be cleared as a warning, a report or a quotation.

use std::ops::Range;

use crate::domain::hit::{HitStatus, Span};
use crate::matcher::{GroupId, Groups, Occurrence, Places};
use crate::rules::{Cue, CueStatus, Direction, RulePack};
use crate::text::sentence::{Scope, Windows};

/// Characters from the start of a text in which a title or lead stands.
const HEAD_CHARS: usize = 60;

/// Characters before the end of a text in which a closing warning stands.
const TAIL_CHARS: usize = 120;

/// Warning or reporting cues, in at least two different words, that make the whole text one.
const N_FRAME_CUES: usize = 3;

/// Characters that deny the word behind them. 别 and 没 end other words (特别, 有没有).
const DENIALS: [char; 5] = ['不', '未', '无', '非', '勿'];

/// Longest quotation, in bytes of the published text.
const MAX_QUOTE_BYTES: usize = 600;

/// The cues of a pack as groups.
pub(super) struct Cues(Vec<CompiledCue>);

struct CompiledCue {
    status: CueStatus,
    direction: Direction,
    scope: Scope,
    group: GroupId,
    stop: GroupId,
}

impl Cues {
    pub fn new(pack: &RulePack, groups: &mut Groups<'_, '_>) -> Self {
        let compile = |cue: &Cue| CompiledCue {
            status: cue.status,
            direction: cue.direction,
            scope: cue.scope,
            group: groups.of(cue.terms.iter().map(|term| (&term.place, &term.value))),
            stop: groups.of(cue.stop.iter().map(|term| (&term.place, &term.value))),
        };
        Self(pack.cues.iter().map(compile).collect())
    }
}

/// Why a hit does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clearance {
    pub status: HitStatus,
    /// The cue, in bytes of the normalized text.
    pub cue: Occurrence,
    pub how: How,
}

/// In which way a cue reached the hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Inside its scope.
    Near,
    /// The hit stands in quotation marks and the cue in a neighbouring sentence.
    Quotation,
    /// The whole text is a warning or a report.
    Frame,
}

/// One text with everything that decides about its hits.
pub(super) struct Context<'a> {
    text: &'a str,
    windows: &'a Windows,
    places: &'a Places,
    cues: &'a Cues,
    promotes: bool,
    head_end: usize,
    tail_start: usize,
    frame: Option<(CueStatus, Occurrence)>,
}

impl<'a> Context<'a> {
    /// `promotes`: the text gives a promoter's contact and calls to act, or is promotion dressed as a warning.
    pub fn new(text: &'a str, places: &'a Places, cues: &'a Cues, promotes: bool) -> Self {
        let head = text.char_indices().nth(HEAD_CHARS).map_or(text.len(), |(at, _)| at);
        let tail_start = text.char_indices().rev().nth(TAIL_CHARS).map_or(0, |(at, _)| at);
        let windows = places.windows();
        let head_end = windows.around(Scope::Clause, head.min(text.len())..head.min(text.len())).end;
        let mut context = Self { text, windows, places, cues, promotes, head_end, tail_start, frame: None };
        context.frame = context.frame();
        context
    }

    /// What clears the hit at `hit`, if anything does.
    pub fn clearance(&self, hit: Occurrence, is_quoted: bool) -> Option<Clearance> {
        if let Some(cue) = self.denied(hit) {
            return Some(Clearance { status: HitStatus::Negated, cue, how: How::Near });
        }
        let mut best: Option<(usize, CueStatus, Occurrence, How)> = None;
        for cue in &self.cues.0 {
            if self.promotes && !may_clear_a_promoter(cue) {
                continue;
            }
            let (window, how) = self.window(cue, hit, is_quoted);
            let places = self.places.of(cue.group);
            let from = places.partition_point(|place| place.start < window.start);
            for place in places[from..].iter().take_while(|place| place.start < window.end) {
                if place.end <= window.end && self.reaches(cue, *place, hit, how) {
                    let candidate = (distance(*place, hit), cue.status, *place, how);
                    if best.is_none_or(|best| (candidate.0, candidate.1) < (best.0, best.1)) {
                        best = Some(candidate);
                    }
                }
            }
        }
        let near = best.map(|(_, status, cue, how)| Clearance { status: status.hit_status(), cue, how });
        near.or_else(|| {
            let (status, cue) = self.frame?;
            Some(Clearance { status: status.hit_status(), cue, how: How::Frame })
        })
    }

    /// 不回购, 未返本, 无保底: the word that denies stands before the hit itself.
    fn denied(&self, hit: Occurrence) -> Option<Occurrence> {
        let (start, word) = self.text[..hit.start].char_indices().next_back()?;
        DENIALS.contains(&word).then_some(Occurrence { start, end: hit.start })
    }

    fn window(&self, cue: &CompiledCue, hit: Occurrence, is_quoted: bool) -> (Range<usize>, How) {
        let span = hit.start..hit.end;
        match cue.scope {
            Scope::Document => match cue.direction {
                Direction::Forward => (0..self.head_end, How::Frame),
                Direction::Backward => (self.tail_start..self.text.len(), How::Frame),
                Direction::Both => (0..self.text.len(), How::Frame),
            },
            Scope::Block => (self.windows.around(Scope::Block, span), How::Near),
            Scope::Clause | Scope::Sentence if is_quoted => (self.sentences_beside(&span), How::Quotation),
            scope => (self.windows.around(scope, span), How::Near),
        }
    }

    fn reaches(&self, cue: &CompiledCue, place: Occurrence, hit: Occurrence, how: How) -> bool {
        // 绝不亏损 holds 不亏 without denying anything: what is inside the hit belongs to it.
        if place.start >= hit.start && place.end <= hit.end {
            return false;
        }
        let free = how != How::Near;
        let right_side = match cue.direction {
            Direction::Forward => place.start < hit.start,
            Direction::Backward => place.end > hit.end,
            Direction::Both => true,
        };
        (free || right_side) && !self.is_stopped(cue, place, hit)
    }

    fn is_stopped(&self, cue: &CompiledCue, place: Occurrence, hit: Occurrence) -> bool {
        let between =
            if place.end <= hit.start { place.end..hit.start } else { hit.end..place.start.max(hit.end) };
        self.places.first_in(cue.stop, &between).is_some()
    }

    fn sentences_beside(&self, span: &Range<usize>) -> Range<usize> {
        let own = self.windows.around(Scope::Sentence, span.clone());
        let before = own.start.checked_sub(1).map(|at| self.windows.around(Scope::Sentence, at..own.start));
        let after =
            (own.end < self.text.len()).then(|| self.windows.around(Scope::Sentence, own.end..own.end + 1));
        before.map_or(own.start, |before| before.start)..after.map_or(own.end, |after| after.end)
    }

    /// Whether the text as a whole warns or reports: several such cues, in different words.
    fn frame(&self) -> Option<(CueStatus, Occurrence)> {
        if self.promotes {
            return None;
        }
        let mut first: Option<(CueStatus, Occurrence)> = None;
        let mut last_end = 0;
        let mut n_cues = 0;
        let mut different = false;
        let framing = |cue: &&CompiledCue| matches!(cue.status, CueStatus::Warned | CueStatus::Reported);
        let mut places: Vec<(Occurrence, CueStatus)> = self
            .cues
            .0
            .iter()
            .filter(framing)
            .flat_map(|cue| self.places.of(cue.group).iter().map(|place| (*place, cue.status)))
            .collect();
        places.sort_unstable();
        for (place, status) in places {
            if place.start < last_end {
                continue;
            }
            last_end = place.end;
            n_cues += 1;
            match first {
                None => first = Some((status, place)),
                Some((_, one)) => {
                    different |= self.text[one.start..one.end] != self.text[place.start..place.end]
                }
            }
        }
        first.filter(|_| n_cues >= N_FRAME_CUES && different)
    }
}

/// Denial and a definition beside the words hold whoever speaks.
fn may_clear_a_promoter(cue: &CompiledCue) -> bool {
    match cue.status {
        CueStatus::Negated => true,
        CueStatus::Quoted => matches!(cue.scope, Scope::Clause | Scope::Sentence),
        CueStatus::Warned | CueStatus::Reported | CueStatus::Hypothetical => false,
    }
}

/// Bytes between a place and a hit; nothing when they touch or overlap.
pub(super) fn distance(place: Occurrence, hit: Occurrence) -> usize {
    if place.end <= hit.start { hit.start - place.end } else { place.start.saturating_sub(hit.end) }
}

impl Clearance {
    /// One sentence for the reviewer; `words` are the cue's as published.
    pub fn because(&self, words: &str) -> String {
        let what = match self.status {
            HitStatus::Negated => "处于否定语境",
            HitStatus::Warned => "属于警示、提醒",
            HitStatus::Reported => "属于新闻、案例或者公告的叙述",
            HitStatus::Quoted => "属于引用条文、释义或者专业用语",
            HitStatus::Hypothetical => "属于假设、设问",
            HitStatus::Asserted | HitStatus::Licensed | HitStatus::NotAd => "已排除",
        };
        match self.how {
            How::Near => format!("{what}：附近有“{words}”。"),
            How::Quotation => format!("该用语在引号内，{what}：前后句有“{words}”。"),
            How::Frame => format!("全文{what}：文中有“{words}”。"),
        }
    }
}

/// Whether the words at `span` are cited: inside a quotation that is not the whole text.
pub(super) fn is_cited(quotations: &[Span], span: Span, raw: &str) -> bool {
    let len = raw.trim().len();
    let holds = |quotation: &&Span| quotation.start <= span.start && span.end <= quotation.end;
    quotations.iter().find(holds).is_some_and(|quotation| (quotation.end - quotation.start) * 10 < len * 9)
}

/// Quotations of the published text, in bytes, in order; nested ones count as part of the outer.
pub(super) fn quotations(raw: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, c) in raw.char_indices() {
        match open {
            Some((start, close)) if c == close || at - start > MAX_QUOTE_BYTES => {
                if c == close {
                    found.push(Span { start, end: at + c.len_utf8() });
                }
                open = None;
            }
            Some(_) => {}
            None => {
                let close = match c {
                    '“' => '”',
                    // Carelessly closed with an opening mark, or opened with a closing one.
                    '”' => '”',
                    '‘' => '’',
                    '「' => '」',
                    '『' => '』',
                    '"' => '"',
                    '＂' => '＂',
                    _ => continue,
                };
                open = Some((at, close));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_found_in_published_text() {
        let cases: [(&str, &[&str]); 6] = [
            ("不轻信“保本高收益”“低投入”", &["“保本高收益”", "“低投入”"]),
            ("他说\"稳赚\"，又说「保本」", &["\"稳赚\"", "「保本」"]),
            ("承诺”零风险”", &["”零风险”"]),
            ("没有", &[]),
            ("“没有收尾", &[]),
            ("”前面没有开头", &[]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = quotations(text).iter().map(|span| span.of(text)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
