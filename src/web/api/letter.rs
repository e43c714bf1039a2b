//! 文书 and 复查: drafts, issued letters, looks at pages.

use axum::http::StatusCode;

use super::ROOT;
use super::call::{Answered, Call, Content, Reply};
use super::problem::Problem;
use super::shapes::{BlankJson, IssueBody, LetterIssued, LetterJson, RecheckJson, RecheckList, SUSPECTED};
use crate::domain::lead::LeadId;
use crate::kit::digest::sha256_hex;
use crate::letter::{LetterKind, page};
use crate::web::error::Failure;

/// The type of an issued letter.
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// `GET /leads/{id}/letters/{kind}`: the draft with what is known.
pub async fn draft(call: Call) -> Answered {
    let (id, kind) = asked(&call)?;
    let draft = call.app().letter(call.actor()?, &id, kind, &Default::default()).await?;
    let blanks = draft.document.blanks();
    Reply::ok(&LetterJson {
        notice: SUSPECTED,
        kind: kind.as_str(),
        title: draft.document.title.clone(),
        blanks: blanks
            .into_iter()
            .map(|blank| BlankJson { key: blank.key.to_owned(), label: blank.label.to_owned() })
            .collect(),
        html: page(&draft.document),
    })
}

/// `POST /leads/{id}/letters/{kind}`: issues it with what the body fills in.
pub async fn issue(call: Call) -> Answered {
    let (id, kind) = asked(&call)?;
    let seen = call.version()?;
    let body: IssueBody = call.body()?;
    let (view, file) = call.app().issue_letter(call.actor()?, &id, kind, &body.fill, seen).await?;
    let sha256 = sha256_hex(&file);
    let location = format!("{ROOT}/leads/{id}/issued/{sha256}");
    let version = view.lead().steps.len() as u64;
    let issued = LetterIssued { kind: kind.as_str(), lead: id.to_string(), sha256, version };
    Ok(Reply::created(&issued, location)?.of_version(version))
}

/// `GET /leads/{id}/issued/{sha256}`: the file of an issued letter.
pub async fn issued(call: Call) -> Answered {
    let id: LeadId = call.id("id")?;
    let sha256: String = call.id("sha256")?;
    let (kind, bytes) = call.app().issued_letter(call.actor()?, &id, &sha256).await?;
    let body = Content::File { bytes, name: format!("{}.docx", kind.as_str()), kind: DOCX };
    Ok(Reply { status: StatusCode::OK, body, version: None, location: None })
}

/// `GET /leads/{id}/rechecks`.
pub async fn rechecks(call: Call) -> Answered {
    let id: LeadId = call.id("id")?;
    // A lead that is not there is no lead without looks.
    call.app().lead_for(call.actor()?, &id).await?;
    let looks = call.app().rechecks(&id).await?.into_iter().map(|look| RecheckJson {
        at: look.at.into(),
        url: look.url,
        result: look.result.as_str(),
        detail: look.detail,
        capture: look.capture_id.map(|id| id.to_string()),
    });
    Reply::ok(&RecheckList { rechecks: looks.collect() })
}

fn asked(call: &Call) -> Result<(LeadId, LetterKind), Problem> {
    let kind: String = call.id("kind")?;
    Ok((call.id("id")?, LetterKind::parse(&kind).ok_or(Failure::NoPage)?))
}
