//! The filters of a queue as its address carries them. They stay with a finding that was opened from there, so that
//! "next" means the next of the same list.

use jiff::civil::Date;
use serde::Deserialize;

use crate::app::FindingFilter;
use crate::domain::finding::FindingState;
use crate::domain::hit::{RuleId, Severity};
use crate::domain::source::SourceId;
use crate::kit::clock::UnixMs;
use crate::web::page::shorten;

const DAY_MS: i64 = 86_400_000;

/// Filters of the queue, as in its address.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    pub state: Option<String>,
    pub severity: Option<String>,
    pub source: Option<String>,
    pub q: Option<String>,
    pub rule: Option<String>,
    pub party: Option<String>,
    pub contact: Option<String>,
    pub host: Option<String>,
    pub from: Option<String>,
    pub until: Option<String>,
    pub after: Option<String>,
}

impl Asked {
    /// The filters of a query, as a hidden field brings it back.
    pub fn parse(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if let Some((_, field)) = asked.fields_mut().into_iter().find(|(known, _)| *known == name) {
                *field = Some(value.into_owned());
            }
        }
        asked
    }

    /// What is wanted. Values that do not parse are as if not given: a filter is a view, not a command.
    pub fn filter(&self) -> FindingFilter {
        let words = |field: &Option<String>| given(field).map(|text| shorten(text.trim(), 100));
        FindingFilter {
            state: self.state(),
            source: given(&self.source).and_then(|id| SourceId::parse(&id).ok()),
            min_severity: given(&self.severity).and_then(|level| level.parse().ok()).and_then(Severity::new),
            text: words(&self.q),
            rule: given(&self.rule).and_then(|id| RuleId::parse(id.trim()).ok()),
            party: words(&self.party),
            contact: words(&self.contact),
            host: words(&self.host),
            created_from: given(&self.from).and_then(|date| begin_of(&date)),
            created_until: given(&self.until).and_then(|date| begin_of(&date)).map(|at| at.plus_ms(DAY_MS)),
            ..FindingFilter::default()
        }
    }

    /// The state of the tab; `None` for all.
    pub fn state(&self) -> Option<FindingState> {
        match self.state.as_deref() {
            Some("all") => None,
            Some(name) => FindingState::parse(name).or(Some(FindingState::Pending)),
            None => Some(FindingState::Pending),
        }
    }

    /// Whether anything but the state is asked for.
    pub fn is_filtered(&self) -> bool {
        let filter = self.filter();
        filter != FindingFilter { state: filter.state, ..FindingFilter::default() }
    }

    /// Whether one of the fields behind the fold is used.
    pub fn is_detailed(&self) -> bool {
        let fields = [&self.rule, &self.party, &self.contact, &self.host, &self.from, &self.until];
        fields.into_iter().any(|field| given(field).is_some())
    }

    /// The same filters as a query, without the place in the list; empty for the queue as it opens.
    pub fn query(&self) -> String {
        let state = self.state().map_or("all", FindingState::as_str);
        if state == FindingState::Pending.as_str() && !self.is_filtered() {
            return String::new();
        }
        self.query_with(state, None)
    }

    /// The address of the same list in another state or from another place on.
    pub fn href(&self, state: &str, after: Option<&str>) -> String {
        format!("/queue?{}", self.query_with(state, after))
    }

    /// The address of a finding that remembers this list.
    pub fn finding_href(&self, id: &impl std::fmt::Display) -> String {
        match self.query() {
            query if query.is_empty() => format!("/findings/{id}"),
            query => format!("/findings/{id}?{query}"),
        }
    }

    fn query_with(&self, state: &str, after: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", state);
        for (name, value) in self.clone().fields_mut() {
            match value.as_deref() {
                Some(value) if !value.is_empty() && name != "state" => query.append_pair(name, value),
                _ => continue,
            };
        }
        if let Some(key) = after {
            query.append_pair("after", key);
        }
        query.finish()
    }

    /// The fields that make the list, in the order of its address.
    fn fields_mut(&mut self) -> [(&'static str, &mut Option<String>); 10] {
        [
            ("state", &mut self.state),
            ("severity", &mut self.severity),
            ("source", &mut self.source),
            ("q", &mut self.q),
            ("rule", &mut self.rule),
            ("party", &mut self.party),
            ("contact", &mut self.contact),
            ("host", &mut self.host),
            ("from", &mut self.from),
            ("until", &mut self.until),
        ]
    }
}

/// A value that is not blank.
pub fn given(field: &Option<String>) -> Option<String> {
    field.clone().filter(|value| !value.trim().is_empty())
}

/// The first instant of a day in Beijing.
fn begin_of(date: &str) -> Option<UnixMs> {
    let date: Date = date.trim().parse().ok()?;
    let zoned = date.in_tz("Asia/Shanghai").ok()?;
    Some(UnixMs(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_from_its_query_and_nonsense_is_ignored() {
        let asked = Asked::parse(
            "state=accepted&q=%E4%BF%9D+%E6%9C%AC&host=a.example&from=2026-11-01&until=2026-11-01&x=1&after=5",
        );
        let filter = asked.filter();
        assert_eq!(filter.text.as_deref(), Some("保 本"));
        assert_eq!(filter.created_until.unwrap().0 - filter.created_from.unwrap().0, DAY_MS);
        assert_eq!(filter.created_from.unwrap().beijing().get(..16), Some("2026-11-01 00:00"));
        assert_eq!(Asked::parse(&asked.query()).query(), asked.query());
        assert!(asked.is_detailed() && asked.is_filtered() && asked.after.is_none());
        let nonsense = Asked::parse("state=x&severity=9&source=../x&rule=%00&from=gestern");
        assert_eq!(nonsense.filter(), Asked::default().filter());
        assert_eq!(nonsense.query(), "");
    }
}
