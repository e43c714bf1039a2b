//! Use cases around deciding: hold a finding while working on it, pass it over, say something about it.

use std::collections::HashMap;

use serde_json::json;

use super::error::{Error, Result};
use super::users::require;
use super::{App, new_id};
use crate::domain::ad::AdId;
use crate::domain::finding::FindingId;
use crate::domain::review::{ASSIGNMENT_MS, Assignment, DecisionId, Remark, RemarkKind};
use crate::domain::source::SourceId;
use crate::domain::user::{Actor, Permission};
use crate::store::audit::AuditNote;

/// Longest comment, in characters.
const MAX_REMARK_CHARS: usize = 2_000;

impl App {
    /// Holds a finding for ten minutes from now, or goes on holding it. `over` takes it from somebody else, on record.
    ///
    /// # Errors
    /// `Conflict` names who holds it; `NotFound`, `Forbidden`.
    pub async fn take(&self, actor: &Actor, id: &FindingId, over: bool) -> Result<Assignment> {
        require(actor, Permission::Decide)?;
        self.demand_seen(actor, id).await?;
        let now = self.clock.now();
        let taken = self.holder(id).await?.filter(|held| over && held.holder != actor.name());
        let note =
            taken.map(|held| self.about(actor, "finding.take-over", id, json!({"from_holder": held.holder})));
        let until = now.plus_ms(ASSIGNMENT_MS);
        match self.store.assign(id, actor.name(), now, until, note.as_ref()).await {
            Err(crate::store::StoreError::Held { holder, until, .. }) => {
                Err(Error::Conflict(held_by(&holder, until)))
            }
            other => Ok(other?),
        }
    }

    /// Lets a finding go again.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn release(&self, actor: &Actor, id: &FindingId) -> Result<()> {
        Ok(self.store.unassign(id, actor.name()).await?)
    }

    /// Who holds a finding now.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn holder(&self, id: &FindingId) -> Result<Option<Assignment>> {
        Ok(self.holders(&[id]).await?.pop())
    }

    /// Who holds which of these findings now.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn holders(&self, ids: &[&FindingId]) -> Result<Vec<Assignment>> {
        Ok(self.store.assignments(ids, self.clock.now()).await?)
    }

    /// Says something about a finding, or why it is passed over; passing over lets it go.
    ///
    /// # Errors
    /// `Invalid` for an empty comment or one over 2,000 characters; `NotFound`, `Forbidden`.
    pub async fn remark(
        &self,
        actor: &Actor,
        id: &FindingId,
        kind: RemarkKind,
        note: &str,
    ) -> Result<Remark> {
        require(actor, Permission::Decide)?;
        self.demand_seen(actor, id).await?;
        let note = note.trim();
        if note.chars().count() > MAX_REMARK_CHARS {
            return Err(Error::invalid(
                "note",
                format!("至多 {MAX_REMARK_CHARS} 字 (at most so many characters)"),
            ));
        }
        if note.is_empty() && kind == RemarkKind::Comment {
            return Err(Error::invalid("note", "请填写意见 (say something)"));
        }
        let remark = Remark {
            id: new_id::<DecisionId>().to_string(),
            finding_id: id.clone(),
            actor: actor.name().to_owned(),
            at: self.clock.now(),
            kind,
            note: note.to_owned(),
        };
        let (action, detail) = match kind {
            RemarkKind::Comment => ("finding.comment", json!({"note": note})),
            RemarkKind::Skip(reason) => ("finding.skip", json!({"reason": reason.as_str(), "note": note})),
        };
        self.store.add_remark(&remark, &self.about(actor, action, id, detail)).await?;
        if matches!(kind, RemarkKind::Skip(_)) {
            self.release(actor, id).await?;
        }
        Ok(remark)
    }

    /// The source at which each of these ads was last seen.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn last_sources(&self, ads: &[&AdId]) -> Result<HashMap<AdId, SourceId>> {
        Ok(self.store.last_sources(ads).await?)
    }

    /// What people said about a finding, oldest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn remarks(&self, id: &FindingId) -> Result<Vec<Remark>> {
        Ok(self.store.remarks(id).await?)
    }

    /// Refuses to decide what somebody else is working on.
    pub(super) async fn demand_free(&self, actor: &Actor, id: &FindingId) -> Result<()> {
        match self.holder(id).await? {
            Some(held) if held.holder != actor.name() => {
                Err(Error::Conflict(held_by(&held.holder, held.until)))
            }
            _ => Ok(()),
        }
    }

    fn about(&self, actor: &Actor, action: &str, id: &FindingId, detail: serde_json::Value) -> AuditNote {
        AuditNote {
            at: self.clock.now(),
            actor: actor.clone(),
            action: action.to_owned(),
            object: id.to_string(),
            detail,
        }
    }
}

fn held_by(holder: &str, until: crate::kit::clock::UnixMs) -> String {
    format!(
        "{holder} 正在审核这一条，占用至 {}；请等待或接手 ({holder} is working on this until then; wait or take it over)",
        until.beijing()
    )
}
