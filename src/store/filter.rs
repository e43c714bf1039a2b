//! Which findings a list wants, as conditions of a statement.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyArguments;

use super::row::plain;
use crate::domain::finding::FindingState;
use crate::domain::hit::Severity;
use crate::domain::source::SourceId;
use crate::kit::clock::UnixMs;

/// Which findings are wanted; an empty filter wants all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingFilter {
    /// In this state.
    pub state: Option<FindingState>,
    /// Whose ad was seen at this source.
    pub source: Option<SourceId>,
    /// Of at least this severity.
    pub min_severity: Option<Severity>,
    /// Whose words, title or names contain this, without regard to case.
    pub text: Option<String>,
    /// Entered the queue at or after this time.
    pub created_from: Option<UnixMs>,
}

/// A value bound to a condition.
pub(super) enum Value {
    Text(String),
    Int(i64),
    Real(f64),
}

/// Conditions of a `where`, with their values in order. The texts are ours; what a person typed is only ever bound.
pub(super) struct Conditions {
    clauses: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    pub(super) fn of(filter: &FindingFilter) -> Self {
        let mut conditions = Self { clauses: Vec::new(), values: Vec::new() };
        if let Some(state) = filter.state {
            conditions.add("f.state = $a", Value::Text(state.as_str().to_owned()));
        }
        if let Some(source) = &filter.source {
            conditions.add(
                "exists (select 1 from sighting s where s.ad_id = f.ad_id and s.source_id = $a)",
                Value::Text(source.to_string()),
            );
        }
        if let Some(severity) = filter.min_severity {
            conditions.add("f.severity >= $a", Value::Int(i64::from(severity.level())));
        }
        if let Some(words) = filter.text.as_deref().map(str::trim).filter(|words| !words.is_empty()) {
            conditions.add(
                "exists (select 1 from ad s where s.id = f.ad_id and s.search_text like $a escape '!')",
                Value::Text(contains_pattern(words)),
            );
        }
        if let Some(from) = filter.created_from {
            conditions.add("f.created_at >= $a", Value::Int(from.0));
        }
        conditions
    }

    /// Adds a condition whose value is written `$a`.
    fn add(&mut self, clause: &str, value: Value) {
        self.values.push(value);
        self.clauses.push(clause.replace("$a", &format!("${}", self.values.len())));
    }

    /// Adds a condition whose values are written `$a` and `$b`.
    pub(super) fn add_two(&mut self, clause: &str, a: Value, b: Value) {
        let number_of_b = self.values.len() + 2;
        self.add(&clause.replace("$b", &format!("${number_of_b}")), a);
        self.values.push(b);
    }

    /// The `where`, or nothing.
    pub(super) fn sql(&self) -> String {
        if self.clauses.is_empty() { String::new() } else { format!("where {}", self.clauses.join(" and ")) }
    }

    pub(super) fn bind(self, sql: String) -> sqlx::query::Query<'static, sqlx::Any, AnyArguments> {
        self.values.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, value| match value {
            Value::Text(value) => query.bind(value),
            Value::Int(value) => query.bind(value),
            Value::Real(value) => query.bind(value),
        })
    }
}

/// A `like` pattern for "contains these words literally".
fn contains_pattern(words: &str) -> String {
    let mut pattern = String::from("%");
    for character in plain(words).to_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
