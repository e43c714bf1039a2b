//! The one table of the API.

use std::collections::BTreeMap;

use axum::http::Method;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, schema::Schema};

use super::call::{Answered, Call};
use super::problem::Problem;
use super::{audit, capture, case, evidence, finding, lead, letter, openapi, rule, shapes, source, token};
use crate::domain::case::CaseState;
use crate::domain::finding::FindingState;
use crate::domain::lead::LeadState;
use crate::domain::referral::ReferralState;
use crate::domain::user::Permission::{self, Audit, Decide, Issue, Reveal, Seal, See};

/// One address.
pub struct Endpoint {
    pub method: Method,
    /// Below [`super::ROOT`], as axum matches it.
    pub path: &'static str,
    /// What the program must be allowed; `None` lets everyone.
    pub needs: Option<Permission>,
    /// Which part of the document it stands in.
    pub tag: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Parameters of the address; others are refused.
    pub query: Vec<Param>,
    /// The body it takes.
    pub body: Option<Shape>,
    /// Whether a change must say which version it is based on (`If-Match`).
    pub versioned: bool,
    /// What it gives.
    pub gives: Gives,
    pub run: fn(Call) -> BoxFuture<'static, Answered>,
}

/// What an address gives when all is well.
pub enum Gives {
    /// 200.
    Ok(Shape),
    /// 201 with `Location`.
    Created(Shape),
    /// Bytes to be kept as a file, of this type.
    File(&'static str),
    /// Any JSON.
    Json,
}

/// A shape, named in the document.
pub struct Shape {
    pub name: fn() -> String,
    pub schema: fn() -> RefOr<Schema>,
    pub parts: fn(&mut Vec<(String, RefOr<Schema>)>),
}

/// A parameter.
pub struct Param {
    pub name: &'static str,
    pub about: &'static str,
    pub kind: Kind,
}

/// What a parameter looks like.
pub enum Kind {
    /// One of these.
    OneOf(Vec<&'static str>),
    /// A number between these.
    Number(u64, u64),
    /// At most so many characters.
    Text(usize),
    /// A typed name.
    Name,
    /// An instant, RFC 3339.
    Instant,
}

/// The shape of a type.
fn shape<T: ToSchema>() -> Shape {
    Shape { name: || T::name().into_owned(), schema: T::schema, parts: T::schemas }
}

/// Every address of the API.
pub fn table() -> Vec<Endpoint> {
    vec![
        get("/openapi.json", None, "meta", "This document", |_| openapi::show().boxed()).gives(Gives::Json),
        get("/me", Some(See), "meta", "The token that asks, and what it may do", |call| {
            token::me(call).boxed()
        })
        .gives(Gives::Ok(shape::<shapes::Me>())),
        get("/findings", Some(See), "findings", "待审项, highest priority first", |call| {
            finding::list(call).boxed()
        })
        .with(vec![
            one_of("state", "Only in this state", FindingState::ALL.map(FindingState::as_str).to_vec()),
            name("source", "Only seen at this source"),
            Param {
                name: "min_severity",
                about: "Only of this severity and above",
                kind: Kind::Number(1, 4),
            },
            Param { name: "q", about: "Only whose words contain this", kind: Kind::Text(200) },
            Param { name: "created_from", about: "Only in the queue since then", kind: Kind::Instant },
        ])
        .paged()
        .gives(Gives::Ok(shape::<shapes::FindingList>())),
        get("/findings/{id}", Some(See), "findings", "One 待审项 with all that is known", |call| {
            finding::show(call).boxed()
        })
        .gives(Gives::Ok(shape::<shapes::FindingFull>())),
        post("/findings/{id}/decisions", Decide, "findings", "Record a verdict", |call| {
            finding::decide(call).boxed()
        })
        .takes(shape::<shapes::DecisionBody>())
        .versioned()
        .gives(Gives::Created(shape::<shapes::FindingFull>())),
        post("/findings/{id}/undo", Decide, "findings", "Take the last verdict back", |call| {
            finding::undo(call).boxed()
        })
        .takes(shape::<shapes::UndoBody>())
        .versioned()
        .gives(Gives::Created(shape::<shapes::FindingFull>())),
        post("/findings/{id}/comments", Decide, "findings", "Say something", |call| {
            finding::comment(call).boxed()
        })
        .takes(shape::<shapes::CommentBody>())
        .gives(Gives::Created(shape::<shapes::RemarkJson>())),
        get("/findings/{id}/contacts", Some(See), "findings", "Contact points, masked", |call| {
            finding::contacts(call).boxed()
        })
        .gives(Gives::Ok(shape::<shapes::ContactList>())),
        post(
            "/findings/{id}/contacts/reveal",
            Reveal,
            "findings",
            "Contact points in full; the look is on record",
            |call| finding::reveal(call).boxed(),
        )
        .takes(shape::<shapes::RevealBody>())
        .gives(Gives::Ok(shape::<shapes::ContactList>())),
        get("/findings/{id}/packages", Some(See), "evidence", "Evidence packages of a finding", |call| {
            evidence::list(call).boxed()
        })
        .gives(Gives::Ok(shape::<shapes::PackageList>())),
        post("/findings/{id}/packages", Seal, "evidence", "Seal an evidence package", |call| {
            evidence::seal(call).boxed()
        })
        .gives(Gives::Created(shape::<shapes::Package>())),
        get(
            "/packages/{id}",
            Some(See),
            "evidence",
            "One evidence package and its custody; the look is on record",
            |call| evidence::show(call).boxed(),
        )
        .gives(Gives::Ok(shape::<shapes::PackageFull>())),
        get(
            "/packages/{id}/content",
            Some(Seal),
            "evidence",
            "The sealed file; its being taken is on record",
            |call| evidence::content(call).boxed(),
        )
        .gives(Gives::File("application/zip")),
        get("/captures/{id}", Some(See), "captures", "One capture without its bytes", |call| {
            capture::show(call).boxed()
        })
        .gives(Gives::Ok(shape::<shapes::CaptureJson>())),
        get(
            "/captures/{id}/raw",
            Some(See),
            "captures",
            "The bytes as received; their being taken is on record",
            |call| capture::raw(call).boxed(),
        )
        .gives(Gives::File("application/octet-stream")),
        get("/leads", Some(See), "leads", "线索, the most urgent first", |call| lead::list(call).boxed())
            .with(vec![one_of("state", "Only these", lead_views())])
            .paged()
            .gives(Gives::Ok(shape::<shapes::LeadList>())),
        get("/leads/{id}", Some(See), "leads", "One 线索 with its steps", |call| lead::show(call).boxed())
            .gives(Gives::Ok(shape::<shapes::LeadFull>())),
        post("/leads/{id}/steps", Decide, "leads", "Record a step", |call| lead::step(call).boxed())
            .takes(shape::<shapes::StepBody>())
            .versioned()
            .gives(Gives::Created(shape::<shapes::LeadFull>())),
        get(
            "/leads/{id}/letters/{kind}",
            Some(See),
            "letters",
            "A 文书 as it stands, and what is missing",
            |call| letter::draft(call).boxed(),
        )
        .gives(Gives::Ok(shape::<shapes::LetterJson>())),
        post("/leads/{id}/letters/{kind}", Issue, "letters", "Issue a 文书; nothing may be blank", |call| {
            letter::issue(call).boxed()
        })
        .takes(shape::<shapes::IssueBody>())
        .versioned()
        .gives(Gives::Created(shape::<shapes::LetterIssued>())),
        get("/leads/{id}/issued/{sha256}", Some(See), "letters", "The file of an issued 文书", |call| {
            letter::issued(call).boxed()
        })
        .gives(Gives::File(letter::DOCX)),
        get(
            "/leads/{id}/rechecks",
            Some(See),
            "leads",
            "Looks at the pages of a 线索, latest first",
            |call| letter::rechecks(call).boxed(),
        )
        .gives(Gives::Ok(shape::<shapes::RecheckList>())),
        get("/cases", Some(See), "cases", "案件, the most urgent first", |call| case::list(call).boxed())
            .with(vec![one_of("state", "Only these", case_views())])
            .paged()
            .gives(Gives::Ok(shape::<shapes::CaseList>())),
        get("/cases/{id}", Some(See), "cases", "One 案件 with duties, referrals and steps", |call| {
            case::show(call).boxed()
        })
        .gives(Gives::Ok(shape::<shapes::CaseFull>())),
        post("/cases/{id}/steps", Decide, "cases", "Record a step", |call| case::step(call).boxed())
            .takes(shape::<shapes::StepBody>())
            .versioned()
            .gives(Gives::Created(shape::<shapes::CaseFull>())),
        get(
            "/referrals",
            Some(See),
            "cases",
            "移送 and 函告 of all leads and cases, the latest first",
            |call| case::referral_list(call).boxed(),
        )
        .with(vec![one_of("state", "Only these", ReferralState::ALL.map(ReferralState::as_str).to_vec())])
        .paged()
        .gives(Gives::Ok(shape::<shapes::ReferralList>())),
        get("/sources", Some(See), "sources", "Sources, each with its last run", |call| {
            source::list(call).boxed()
        })
        .gives(Gives::Ok(shape::<shapes::SourceList>())),
        get("/runs", Some(See), "sources", "Crawl runs, newest first", |call| source::runs(call).boxed())
            .with(vec![name("source", "Only of this source")])
            .paged()
            .gives(Gives::Ok(shape::<shapes::RunList>())),
        get("/rules", Some(See), "rules", "The rules in force", |call| rule::list(call).boxed())
            .gives(Gives::Ok(shape::<shapes::RuleList>())),
        get("/rules/{id}", Some(See), "rules", "One rule explained", |call| rule::show(call).boxed())
            .gives(Gives::Ok(shape::<shapes::RuleFull>())),
        post("/rules/try", See, "rules", "Judge a text; nothing is kept", |call| rule::judge(call).boxed())
            .takes(shape::<shapes::TryBody>())
            .gives(Gives::Ok(shape::<shapes::Judged>())),
        get("/provisions", Some(See), "rules", "Provisions that a verdict may cite", |call| {
            rule::provisions(call).boxed()
        })
        .gives(Gives::Ok(shape::<shapes::ProvisionList>())),
        get("/audit", Some(Audit), "audit", "The audit, newest first", |call| audit::list(call).boxed())
            .with(vec![
                Param { name: "actor", about: "Only of this person", kind: Kind::Text(80) },
                Param { name: "action", about: "Only actions that begin so", kind: Kind::Text(80) },
                Param { name: "object", about: "Only about this thing", kind: Kind::Text(200) },
            ])
            .paged()
            .gives(Gives::Ok(shape::<shapes::AuditList>())),
    ]
}

/// What `/leads` can be asked for.
pub fn lead_views() -> Vec<&'static str> {
    ["open", "overdue", "all"].into_iter().chain(LeadState::ALL.map(LeadState::as_str)).collect()
}

/// What `/cases` can be asked for.
pub fn case_views() -> Vec<&'static str> {
    ["open", "overdue", "all"].into_iter().chain(CaseState::ALL.map(CaseState::as_str)).collect()
}

type Run = fn(Call) -> BoxFuture<'static, Answered>;

fn get(
    path: &'static str,
    needs: Option<Permission>,
    tag: &'static str,
    summary: &'static str,
    run: Run,
) -> Endpoint {
    Endpoint {
        method: Method::GET,
        path,
        needs,
        tag,
        summary,
        query: Vec::new(),
        body: None,
        versioned: false,
        gives: Gives::Json,
        run,
    }
}

fn post(
    path: &'static str,
    needs: Permission,
    tag: &'static str,
    summary: &'static str,
    run: Run,
) -> Endpoint {
    Endpoint { method: Method::POST, ..get(path, Some(needs), tag, summary, run) }
}

fn one_of(name: &'static str, about: &'static str, values: Vec<&'static str>) -> Param {
    Param { name, about, kind: Kind::OneOf(values) }
}

fn name(name: &'static str, about: &'static str) -> Param {
    Param { name, about, kind: Kind::Name }
}

impl Endpoint {
    fn with(mut self, query: Vec<Param>) -> Self {
        self.query.extend(query);
        self
    }

    /// A list in pages: `limit`, and `cursor` as the page before gave it.
    fn paged(self) -> Self {
        self.with(vec![
            Param { name: "limit", about: "Entries on a page", kind: Kind::Number(1, 200) },
            Param { name: "cursor", about: "`next` of the page before", kind: Kind::Text(300) },
        ])
    }

    fn takes(self, body: Shape) -> Self {
        Self { body: Some(body), ..self }
    }

    fn versioned(self) -> Self {
        Self { versioned: true, ..self }
    }

    fn gives(self, gives: Gives) -> Self {
        Self { gives, ..self }
    }

    /// The parameters of a request; one that is unknown, given twice or out of its kind is refused.
    pub fn check_query(&self, query: &str) -> Result<BTreeMap<String, String>, Problem> {
        let mut found = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let shown: String = name.chars().take(40).collect();
            let Some(param) = self.query.iter().find(|param| param.name == name) else {
                let known: Vec<&str> = self.query.iter().map(|param| param.name).collect();
                let why = format!("not a parameter here; there are: {}", known.join(", "));
                return Err(Problem::Parameter { name: shown, why });
            };
            if !param.kind.takes(&value) {
                return Err(Problem::Parameter { name: shown, why: param.kind.words() });
            }
            if found.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Problem::Parameter { name: shown, why: "given twice".to_owned() });
            }
        }
        Ok(found)
    }
}

impl Kind {
    fn takes(&self, value: &str) -> bool {
        match self {
            Self::OneOf(names) => names.contains(&value),
            Self::Number(least, most) => {
                let plain =
                    !value.is_empty() && value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit());
                plain && value.parse::<u64>().is_ok_and(|number| (*least..=*most).contains(&number))
            }
            Self::Text(most) => value.chars().count() <= *most && !value.contains('\0'),
            Self::Name => crate::kit::id::is_valid(value),
            Self::Instant => value.parse::<jiff::Timestamp>().is_ok(),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::OneOf(names) => format!("one of: {}", names.join(", ")),
            Self::Number(least, most) => format!("a whole number from {least} to {most}"),
            Self::Text(most) => format!("at most {most} characters"),
            Self::Name => "letters, digits, `.`, `_` and `-`, at most 80".to_owned(),
            Self::Instant => "an instant as in RFC 3339, for example 2026-11-23T00:00:00Z".to_owned(),
        }
    }

    /// Its schema.
    pub fn schema(&self) -> Value {
        match self {
            Self::OneOf(names) => json!({"type": "string", "enum": names}),
            Self::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Self::Text(most) => json!({"type": "string", "maxLength": most}),
            Self::Name => json!({"type": "string", "pattern": NAME, "maxLength": crate::kit::id::MAX_LEN}),
            Self::Instant => json!({"type": "string", "format": "date-time"}),
        }
    }
}

/// What a typed name looks like.
pub const NAME: &str = "^[A-Za-z0-9]([._-]?[A-Za-z0-9_-])*$";
