//! Rules: list, explain, try on a text.

use super::call::{Answered, Call, Reply};
use super::finding::{hit, reason, tracks};
use super::problem::Problem;
use super::shapes::{Judged, ProvisionJson, ProvisionList, RuleFull, RuleLine, RuleList, SUSPECTED, TryBody};
use crate::app::Error;
use crate::domain::hit::{RuleId, Severity};
use crate::rules::Rule;
use crate::web::error::Failure;

/// Longest text that is judged, in characters.
const MAX_CHARS: usize = 50_000;

/// `GET /rules`.
pub async fn list(call: Call) -> Answered {
    let pack = call.app().pack();
    Reply::ok(&RuleList { pack: pack.revision_name(), rules: pack.rules.iter().map(line).collect() })
}

/// `GET /rules/{id}`.
pub async fn show(call: Call) -> Answered {
    let id: RuleId = call.id("id")?;
    let rule = call.app().pack().rule(&id).ok_or(Problem::Failure(Failure::NoPage))?;
    let explained = call.app().explain_rule(&id)?;
    Reply::ok(&RuleFull { rule: line(rule), why: rule.why.clone(), explained })
}

/// `POST /rules/try`.
pub async fn judge(call: Call) -> Answered {
    let body: TryBody = call.body()?;
    if body.text.chars().count() > MAX_CHARS {
        let why = format!("至多 {MAX_CHARS} 字 (at most so many characters)");
        return Err(Error::invalid("text", why).into());
    }
    let judged = call.app().try_text(body.text.clone(), body.publisher_host).await?;
    let assessment = &judged.assessment;
    Reply::ok(&Judged {
        notice: SUSPECTED,
        flagged: assessment.flagged,
        severity: assessment.severity.map(Severity::level),
        priority: assessment.priority,
        provisions: assessment.provisions.iter().map(ToString::to_string).collect(),
        reasons: assessment.reasons.iter().map(reason).collect(),
        hits: judged.hits.iter().map(|found| hit(found, &body.text)).collect(),
        pack: assessment.pack_revision.clone(),
    })
}

/// `GET /provisions`.
pub async fn provisions(call: Call) -> Answered {
    let provisions = call.app().pack().provisions.values().map(|provision| ProvisionJson {
        id: provision.id.to_string(),
        citation: provision.citation(),
        text: provision.text.clone(),
        liability: provision.liability.clone(),
        effective_from: provision.effective_from.clone(),
        effective_to: provision.effective_to.clone(),
    });
    Reply::ok(&ProvisionList { provisions: provisions.collect() })
}

fn line(rule: &Rule) -> RuleLine {
    RuleLine {
        id: rule.id.to_string(),
        category: rule.category.clone(),
        title: rule.title.clone(),
        severity: rule.severity.level(),
        tracks: tracks(&rule.tracks),
        provisions: rule.basis.iter().map(|basis| basis.value.to_string()).collect(),
    }
}
