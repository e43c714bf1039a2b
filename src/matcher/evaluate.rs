//! Conditions of a rule over the places where its groups occur.

use std::ops::Range;

use super::compile::GroupId;
use crate::text::sentence::{Scope, Windows};

/// Where a group holds: bytes of the normalized text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Where every group holds in one text; sorted by start, longer first.
#[derive(Debug, Default)]
pub struct Occurrences {
    groups: Vec<Vec<Occurrence>>,
    touched: Vec<GroupId>,
}

impl Occurrences {
    /// Forgets the last text and makes room for `n_groups`.
    pub(super) fn reset(&mut self, n_groups: usize) {
        for group in self.touched.drain(..) {
            if let Some(places) = self.groups.get_mut(group) {
                places.clear();
            }
        }
        self.groups.resize_with(n_groups.max(self.groups.len()), Vec::new);
    }

    pub(super) fn push(&mut self, group: GroupId, start: usize, end: usize) {
        let places = &mut self.groups[group];
        if places.is_empty() {
            self.touched.push(group);
        }
        places.push(Occurrence { start, end });
    }

    pub(super) fn sort(&mut self) {
        for group in &self.touched {
            let places = &mut self.groups[*group];
            places.sort_unstable_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
            places.dedup();
        }
    }

    /// Where the group holds.
    pub(crate) fn of(&self, group: GroupId) -> &[Occurrence] {
        self.groups.get(group).map(Vec::as_slice).unwrap_or_default()
    }

    /// The first place inside `window` where the group holds.
    pub(crate) fn first_in(&self, group: GroupId, window: &Range<usize>) -> Option<Occurrence> {
        let places = self.of(group);
        let from = places.partition_point(|place| place.start < window.start);
        places[from..]
            .iter()
            .take_while(|place| place.start < window.end)
            .find(|place| place.end <= window.end)
            .copied()
    }

    /// Leftmost-longest places of the group without overlap, appended to `out`.
    pub(super) fn leftmost_longest(&self, group: GroupId, out: &mut Vec<Occurrence>) {
        let mut end = 0;
        for place in self.of(group) {
            if place.start >= end {
                out.push(*place);
                end = place.end;
            }
        }
    }
}

/// The conditions of one rule, as groups.
#[derive(Debug, Clone)]
pub struct Conditions {
    pub(super) trigger: GroupId,
    pub(super) all: Vec<GroupId>,
    pub(super) n_of: Option<(usize, Vec<GroupId>)>,
    pub(super) near: Option<(GroupId, usize)>,
    pub(super) unless: Vec<GroupId>,
    pub(super) absent: Vec<GroupId>,
    pub(super) not_in: Option<GroupId>,
    pub(super) within: Scope,
    pub(super) word: bool,
}

/// One condition at one trigger, for `rules try`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Key and number in the rule file, for example `all[1]`.
    pub condition: String,
    /// Whether it lets the rule through.
    pub holds: bool,
    /// Where its words stand, if they do: bytes of the normalized text.
    pub found: Option<Range<usize>>,
}

/// One text with the places where groups hold.
pub(super) struct Reading<'a> {
    pub text: &'a str,
    pub windows: &'a Windows,
    pub occurrences: &'a Occurrences,
}

impl Reading<'_> {
    /// Whether the rule holds at this trigger.
    pub fn holds(&self, conditions: &Conditions, trigger: Occurrence) -> bool {
        self.truths(conditions, trigger, |_, _, holds, _| holds)
    }

    /// Each condition at this trigger.
    pub fn trace(&self, conditions: &Conditions, trigger: Occurrence) -> Vec<Truth> {
        let mut out = Vec::new();
        self.truths(conditions, trigger, |key, index, holds, found| {
            let condition = index.map_or_else(|| key.to_owned(), |index| format!("{key}[{index}]"));
            out.push(Truth { condition, holds, found: found.map(|place| place.start..place.end) });
            true
        });
        out
    }

    /// Goes through the conditions while `each(key, index, holds, where)` says so; whether it went to the end.
    fn truths(
        &self,
        conditions: &Conditions,
        trigger: Occurrence,
        mut each: impl FnMut(&str, Option<usize>, bool, Option<Occurrence>) -> bool,
    ) -> bool {
        if conditions.word && !each("word", None, self.stands_alone(trigger), None) {
            return false;
        }
        if let Some(group) = conditions.not_in {
            let longer = self
                .occurrences
                .of(group)
                .iter()
                .find(|place| place.start <= trigger.start && trigger.end <= place.end)
                .copied();
            if !each("not_in", None, longer.is_none(), longer) {
                return false;
            }
        }
        let window = self.windows.around(conditions.within, trigger.start..trigger.end);
        for (index, group) in conditions.all.iter().enumerate() {
            let found = self.occurrences.first_in(*group, &window);
            if !each("all", Some(index), found.is_some(), found) {
                return false;
            }
        }
        if let Some((n, groups)) = &conditions.n_of {
            let mut places = groups.iter().filter_map(|group| self.occurrences.first_in(*group, &window));
            let found = places.nth(n.saturating_sub(1));
            if !each("n_of", None, found.is_some(), found) {
                return false;
            }
        }
        if let Some((group, max_chars)) = conditions.near {
            let found = self.nearby(group, trigger, max_chars);
            if !each("near", None, found.is_some(), found) {
                return false;
            }
        }
        for (index, group) in conditions.unless.iter().enumerate() {
            let found = self.occurrences.first_in(*group, &window);
            if !each("unless", Some(index), found.is_none(), found) {
                return false;
            }
        }
        for (index, group) in conditions.absent.iter().enumerate() {
            let found = self.occurrences.of(*group).first().copied();
            if !each("absent", Some(index), found.is_none(), found) {
                return false;
            }
        }
        true
    }

    fn stands_alone(&self, trigger: Occurrence) -> bool {
        let is_word = |c: char| c.is_ascii_alphanumeric();
        !self.text[..trigger.start].chars().next_back().is_some_and(is_word)
            && !self.text[trigger.end..].chars().next().is_some_and(is_word)
    }

    fn nearby(&self, group: GroupId, trigger: Occurrence, max_chars: usize) -> Option<Occurrence> {
        let places = self.occurrences.of(group);
        // No character takes more than four bytes.
        let from = places.partition_point(|place| place.end + max_chars * 4 < trigger.start);
        places[from..]
            .iter()
            .take_while(|place| place.start <= trigger.end + max_chars * 4)
            .find(|place| {
                let gap = if place.end <= trigger.start {
                    &self.text[place.end..trigger.start]
                } else if place.start >= trigger.end {
                    &self.text[trigger.end..place.start]
                } else {
                    ""
                };
                gap.chars().count() <= max_chars
            })
            .copied()
    }
}
