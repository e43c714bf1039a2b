//! Which findings a list wants, as conditions of a statement, and how the engine should look for them.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyArguments;

use super::dialect::Dialect;
use super::error::Doing as _;
use super::row::{column, plain};
use super::word::Tokens;
use super::{Db, Result};
use crate::domain::finding::FindingState;
use crate::domain::hit::{RuleId, Severity};
use crate::domain::office::Scope;
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
    /// Whose words, title or names contain this, without regard to case; words with spaces between must all be there.
    pub text: Option<String>,
    /// With a hit of this rule.
    pub rule: Option<RuleId>,
    /// Whose advertiser or publisher has this in its name.
    pub party: Option<String>,
    /// That shows this contact point.
    pub contact: Option<String>,
    /// That leads to this host or one below it.
    pub host: Option<String>,
    /// Entered the queue at or after this time.
    pub created_from: Option<UnixMs>,
    /// Entered the queue before this time.
    pub created_until: Option<UnixMs>,
    /// Of these offices.
    pub scope: Scope,
}

impl FindingFilter {
    /// Whether it asks for nothing but state, severity and office, which are counted already.
    pub(super) fn is_counted(&self) -> bool {
        let Self {
            state: _,
            min_severity: _,
            scope: _,
            source,
            text,
            rule,
            party,
            contact,
            host,
            created_from,
            created_until,
        } = self;
        source.is_none()
            && rule.is_none()
            && [text, party, contact, host].into_iter().all(Option::is_none)
            && created_from.is_none()
            && created_until.is_none()
    }

    fn words(&self) -> impl Iterator<Item = String> {
        let text = self.text.as_deref().unwrap_or_default();
        text.split_whitespace().map(|word| plain(word).to_lowercase()).collect::<Vec<_>>().into_iter()
    }

    /// What the search index must have.
    fn tokens(&self) -> Tokens {
        let mut tokens = Tokens::default();
        for word in self.words() {
            tokens.add_words(&word);
        }
        if let Some(party) = &self.party {
            tokens.add_party(party.trim());
        }
        if let Some(rule) = &self.rule {
            tokens.add_rule(rule);
        }
        if let Some(contact) = &self.contact {
            tokens.add_contact(contact);
        }
        if let Some(host) = &self.host {
            tokens.add_host(host);
        }
        tokens
    }
}

/// How the engine looks for findings. An engine guesses how many rows a word has, and a wrong guess costs seconds; so
/// the first few are counted, and the way is chosen here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// Few findings have the tokens: read them all and sort.
    FewWords,
    /// Few ads were seen at the source: read them all and sort.
    FewOfSource,
    /// Many have the tokens, and the index gives them in the order of the list.
    WordsInOrder,
    /// Walk the list and look at each.
    Walk,
}

/// A value bound to a condition.
pub(super) enum Value {
    Text(String),
    Int(i64),
}

/// Conditions of a `where`, with their values in order. The texts are ours; what a person typed is only ever bound.
pub(super) struct Conditions {
    clauses: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    pub(super) fn of(filter: &FindingFilter, plan: Plan, dialect: Dialect) -> Self {
        let mut conditions = Self { clauses: Vec::new(), values: Vec::new() };
        if let (Plan::FewOfSource, Some(source)) = (plan, &filter.source) {
            // Bound as $1, which `Plan::from` names.
            conditions.values.push(Value::Text(source.to_string()));
        }
        conditions.add_tokens(filter, plan, dialect);
        if plan == Plan::FewOfSource {
            conditions.clauses.push("f.ad_id = o.ad_id".to_owned());
        }
        if let Some(state) = filter.state {
            conditions.add("f.stage = $a", Value::Text(state.as_str().to_owned()));
        }
        if let Scope::Offices(offices) = &filter.scope {
            let first = conditions.values.len() + 1;
            let places = super::batch::placeholders(first, offices.len());
            conditions.clauses.push(format!("f.office in ({places})"));
            conditions.values.extend(offices.iter().map(|office| Value::Text(office.to_string())));
        }
        match (&filter.source, plan) {
            (Some(source), Plan::FewWords | Plan::WordsInOrder | Plan::Walk) => conditions.add(
                "exists (select 1 from sighting s where s.ad_id = f.ad_id and s.source_id = $a)",
                Value::Text(source.to_string()),
            ),
            (Some(_), Plan::FewOfSource) | (None, _) => {}
        }
        if let Some(severity) = filter.min_severity {
            conditions.add("f.severity >= $a", Value::Int(i64::from(severity.level())));
        }
        for word in filter.words().chain(filter.party.iter().map(|party| plain(party.trim()).to_lowercase()))
        {
            // The index knows pairs of characters; longer words, and single characters, are looked for in the text.
            if !Tokens::default().add_words(&word) {
                conditions.add(
                    "exists (select 1 from ad s where s.id = f.ad_id and s.search_text like $a escape '!')",
                    Value::Text(contains_pattern(&word)),
                );
            }
        }
        if let Some(from) = filter.created_from {
            conditions.add("f.created_at >= $a", Value::Int(from.0));
        }
        if let Some(until) = filter.created_until {
            conditions.add("f.created_at < $a", Value::Int(until.0));
        }
        conditions
    }

    fn add_tokens(&mut self, filter: &FindingFilter, plan: Plan, dialect: Dialect) {
        let tokens = filter.tokens();
        if tokens.is_empty() {
            return;
        }
        let wanted = Value::Text(tokens.wanted(dialect.and_words()));
        let has = dialect.has_words();
        match plan {
            Plan::FewWords | Plan::WordsInOrder => {
                self.add(&format!("{has} and f.rank = finding_word.rowid"), wanted);
            }
            Plan::FewOfSource | Plan::Walk => self.add(
                &format!("exists (select 1 from finding_word where finding_word.rowid = f.rank and {has})"),
                wanted,
            ),
        }
    }

    /// Adds a condition whose value is written `$a`.
    pub(super) fn add(&mut self, clause: &str, value: Value) {
        self.values.push(value);
        self.clauses.push(clause.replace("$a", &format!("${}", self.values.len())));
    }

    /// Binds what the last condition wrote as `$b`.
    pub(super) fn also(&mut self, text: &str) {
        self.values.push(Value::Text(plain(text)));
        let place = format!("${}", self.values.len());
        if let Some(last) = self.clauses.last_mut() {
            *last = last.replace("$b", &place);
        }
    }

    /// The `where`, or nothing.
    pub(super) fn sql(&self) -> String {
        if self.clauses.is_empty() { String::new() } else { format!("where {}", self.clauses.join(" and ")) }
    }

    pub(super) fn bind(self, sql: String) -> sqlx::query::Query<'static, sqlx::Any, AnyArguments> {
        self.values.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, value| match value {
            Value::Text(value) => query.bind(value),
            Value::Int(value) => query.bind(value),
        })
    }
}

impl Plan {
    /// Tables to read, and the order of the list in them; both name the finding `f`.
    pub(super) fn from(self) -> (&'static str, &'static str) {
        match self {
            // The sum is no index's order, so that no engine walks the list in spite of the plan. `cross join` makes
            // SQLite read the tables as written.
            Self::FewWords => ("finding_word cross join finding f", "f.rank + 0"),
            Self::FewOfSource => (
                "(select distinct s.ad_id from sighting s where s.source_id = $1) o cross join finding f",
                "f.rank + 0",
            ),
            Self::WordsInOrder => ("finding_word cross join finding f", "finding_word.rowid"),
            Self::Walk => ("finding f", "f.rank"),
        }
    }
}

impl Db {
    /// The way to look for what a filter wants.
    pub(super) async fn plan(&self, filter: &FindingFilter) -> Result<Plan> {
        let dialect = self.dialect();
        let tokens = filter.tokens();
        if !tokens.is_empty() {
            let sql = format!("select 1 from finding_word where {}", dialect.has_words().replace("$a", "$1"));
            if self.are_few(sql, tokens.wanted(dialect.and_words())).await? {
                return Ok(Plan::FewWords);
            }
        }
        if let Some(source) = &filter.source {
            let sql = "select distinct ad_id from sighting where source_id = $1".to_owned();
            if self.are_few(sql, source.to_string()).await? {
                return Ok(Plan::FewOfSource);
            }
        }
        Ok(match dialect {
            Dialect::Sqlite if !tokens.is_empty() => Plan::WordsInOrder,
            _ => Plan::Walk,
        })
    }

    /// Where few become many, for tests of both ways.
    #[cfg(test)]
    pub(super) fn few_for_tests(&self) -> usize {
        self.dialect().few()
    }

    async fn are_few(&self, sql: String, wanted: String) -> Result<bool> {
        let few = self.dialect().few();
        let sql = format!("select count(*) from ({sql} limit {}) met", few + 1);
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(wanted)
            .fetch_one(self.pool())
            .await
            .doing("count what a search meets")?;
        Ok(usize::try_from(column::<i64>(&row, 0)?).is_ok_and(|n| n <= few))
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
