//! The audit.

use super::call::{Answered, Call, Reply};
use super::page;
use super::shapes::{AuditLine, AuditList};
use crate::app::AuditFilter;

/// `GET /audit`.
pub async fn list(call: Call) -> Answered {
    let text = |name: &str| call.asked(name).unwrap_or_default().to_owned();
    let filter = AuditFilter { actor: text("actor"), action: text("action"), object: text("object") };
    let before: Option<u64> = page::read(call.asked("cursor"))?;
    let found = call.app().registry().audit(call.actor()?, &filter, before, call.limit() + 1).await?;
    let limit = usize::try_from(call.limit()).unwrap_or(usize::MAX);
    let next = (found.len() > limit).then(|| found[limit - 1].ordinal);
    let entries = found.into_iter().take(limit).map(|entry| AuditLine {
        ordinal: entry.ordinal,
        at: entry.at.into(),
        actor: entry.actor,
        action: entry.action,
        object: entry.object,
        detail: entry.detail,
        hash: entry.hash,
    });
    Reply::ok(&AuditList { entries: entries.collect(), next: next.map(|ordinal| page::write(&ordinal)) })
}
