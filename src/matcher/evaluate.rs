//! Conditions of a rule over the places where its groups occur.

use std::ops::Range;

use super::compile::GroupId;
use super::places::{Occurrence, Reading};
use crate::text::sentence::Scope;

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

impl Conditions {
    /// Whether every group that the rule needs can hold at all.
    pub fn may_all_hold(&self, may_hold: impl Fn(GroupId) -> bool) -> bool {
        may_hold(self.trigger)
            && self.all.iter().all(|group| may_hold(*group))
            && self.near.is_none_or(|(group, _)| may_hold(group))
            && self.n_of.as_ref().is_none_or(|(n, groups)| {
                groups.iter().filter(|group| may_hold(**group)).take(*n).count() == *n
            })
    }

    /// Groups without which the rule cannot hold; of `n_of` only when all of them are needed.
    pub fn required(&self) -> impl Iterator<Item = GroupId> {
        let n_of = self
            .n_of
            .iter()
            .filter(|(n, groups)| *n == groups.len())
            .flat_map(|(_, groups)| groups.iter().copied());
        [self.trigger]
            .into_iter()
            .chain(self.all.iter().copied())
            .chain(self.near.map(|(group, _)| group))
            .chain(n_of)
    }
}

impl Reading<'_> {
    /// Leftmost-longest places of the group without overlap, appended to `out`.
    pub fn leftmost_longest(&mut self, group: GroupId, out: &mut Vec<Occurrence>) {
        let mut end = 0;
        for place in self.of(group) {
            if place.start >= end {
                out.push(*place);
                end = place.end;
            }
        }
    }

    /// Whether the rule holds at this trigger.
    pub fn holds(&mut self, conditions: &Conditions, trigger: Occurrence) -> bool {
        self.truths(conditions, trigger, |_, _, holds, _| holds)
    }

    /// Each condition at this trigger.
    pub fn trace(&mut self, conditions: &Conditions, trigger: Occurrence) -> Vec<Truth> {
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
        &mut self,
        conditions: &Conditions,
        trigger: Occurrence,
        mut each: impl FnMut(&str, Option<usize>, bool, Option<Occurrence>) -> bool,
    ) -> bool {
        if conditions.word && !each("word", None, self.stands_alone(trigger), None) {
            return false;
        }
        if let Some(group) = conditions.not_in {
            let longer = self
                .of(group)
                .iter()
                .find(|place| place.start <= trigger.start && trigger.end <= place.end)
                .copied();
            if !each("not_in", None, longer.is_none(), longer) {
                return false;
            }
        }
        let window = self.window(conditions.within, trigger.start, trigger.end);
        for (index, group) in conditions.all.iter().enumerate() {
            let found = self.first_in(*group, &window);
            if !each("all", Some(index), found.is_some(), found) {
                return false;
            }
        }
        if let Some((n, groups)) = &conditions.n_of {
            let mut found = None;
            let mut n_left = *n;
            for group in groups {
                if n_left == 0 {
                    break;
                }
                if let Some(place) = self.first_in(*group, &window) {
                    n_left -= 1;
                    found = (n_left == 0).then_some(place);
                }
            }
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
            let found = self.first_in(*group, &window);
            if !each("unless", Some(index), found.is_none(), found) {
                return false;
            }
        }
        for (index, group) in conditions.absent.iter().enumerate() {
            let found = self.of(*group).first().copied();
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

    fn nearby(&mut self, group: GroupId, trigger: Occurrence, max_chars: usize) -> Option<Occurrence> {
        let text = self.text;
        let places = self.of(group);
        // No character takes more than four bytes.
        let from = places.partition_point(|place| place.end + max_chars * 4 < trigger.start);
        places[from..]
            .iter()
            .take_while(|place| place.start <= trigger.end + max_chars * 4)
            .find(|place| {
                let gap = if place.end <= trigger.start {
                    &text[place.end..trigger.start]
                } else if place.start >= trigger.end {
                    &text[trigger.end..place.start]
                } else {
                    ""
                };
                gap.chars().count() <= max_chars
            })
            .copied()
    }
}
