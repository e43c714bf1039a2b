//! Use cases of offices: add one, say who and what belongs to it, and what somebody therefore sees.

use serde_json::json;

use super::error::{Error, Result};
use super::lead::{CaseFilter, LeadFilter, LeadView};
use super::users::require;
use super::{App, Registry};
use crate::domain::finding::FindingId;
use crate::domain::lead::LeadId;
use crate::domain::office::{Office, OfficeId, Scope};
use crate::domain::source::SourceId;
use crate::domain::user::{Account, Actor, Permission};
use crate::store::audit::AuditNote;
use crate::store::finding::{FindingCounts, FindingFilter, FindingPage, FindingView, PageKey};

/// Longest name of an office, in characters.
const MAX_NAME_CHARS: usize = 60;

/// An office with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeLine {
    /// The office.
    pub office: Office,
    /// Names of its people.
    pub people: Vec<String>,
    /// Its sources.
    pub sources: Vec<SourceId>,
    /// How its findings stand.
    pub counts: FindingCounts,
}

impl Registry {
    /// Adds an office below another, or as the highest.
    ///
    /// # Errors
    /// `Invalid` names a field; `Conflict` when there is one of this name; `NotFound` when there is none above it;
    /// `Forbidden`.
    pub async fn add_office(
        &self,
        actor: &Actor,
        id: &str,
        name: &str,
        parent: Option<&str>,
    ) -> Result<Office> {
        require(actor, Permission::ManageUsers)?;
        let parse = |field, text: &str| {
            OfficeId::parse(text.trim()).map_err(|error| Error::invalid(field, error.to_string()))
        };
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
            let why = format!("机构名称 1–{MAX_NAME_CHARS} 字 (a name of 1 to {MAX_NAME_CHARS} characters)");
            return Err(Error::invalid("name", why));
        }
        let parent = parent.map(str::trim).filter(|parent| !parent.is_empty());
        let office = Office {
            id: parse("id", id)?,
            name: name.to_owned(),
            parent: parent.map(|parent| parse("parent", parent)).transpose()?,
            created_at: self.clock.now(),
        };
        let note = self.about_office(
            actor,
            "office.add",
            &office.id,
            json!({"name": name, "parent": office.parent}),
        );
        self.store.add_office(&office, &note).await?;
        Ok(office)
    }

    /// Every office.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn offices(&self) -> Result<Vec<Office>> {
        Ok(self.store.offices().await?)
    }

    /// Makes an account belong to an office, or to none.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`.
    pub async fn set_user_office(&self, actor: &Actor, name: &str, office: Option<&OfficeId>) -> Result<()> {
        require(actor, Permission::ManageUsers)?;
        let Account { id, name, .. } = self.account(name).await?;
        let note = self.note(actor, "user.office", &name, json!({"office": office}));
        Ok(self.store.set_user_office(&id, office, &note).await?)
    }

    /// What an actor sees.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn scope(&self, actor: &Actor) -> Result<Scope> {
        match actor.office() {
            None => Ok(Scope::Everything),
            office => Ok(Scope::of(office, &self.store.offices().await?)),
        }
    }

    fn about_office(
        &self,
        actor: &Actor,
        action: &str,
        id: &OfficeId,
        detail: serde_json::Value,
    ) -> AuditNote {
        let action = action.to_owned();
        AuditNote {
            at: self.clock.now(),
            actor: actor.clone(),
            action,
            object: format!("office {id}"),
            detail,
        }
    }
}

impl App {
    /// Every office with what belongs to it.
    ///
    /// # Errors
    /// `Forbidden`.
    pub async fn office_lines(&self, actor: &Actor) -> Result<Vec<OfficeLine>> {
        require(actor, Permission::ManageUsers)?;
        let accounts = self.registry.accounts(actor).await?;
        let sources = self.store.offices_of_sources().await?;
        let mut lines = Vec::new();
        for office in self.store.offices().await? {
            let own = Scope::Offices([office.id.clone()].into());
            let filter = FindingFilter { scope: own, ..FindingFilter::default() };
            let belongs = |account: &&Account| account.office.as_ref() == Some(&office.id);
            let of_it = sources.iter().filter(|(_, of)| **of == office.id);
            lines.push(OfficeLine {
                people: accounts.iter().filter(belongs).map(|account| account.name.clone()).collect(),
                sources: of_it.map(|(id, _)| id.clone()).collect(),
                counts: self.store.count_findings(&filter).await?,
                office,
            });
        }
        Ok(lines)
    }

    /// Makes a source belong to an office, or to none; gives how many open findings went along.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`.
    pub async fn set_source_office(
        &self,
        actor: &Actor,
        source: &SourceId,
        office: Option<&OfficeId>,
    ) -> Result<u64> {
        require(actor, Permission::ManageUsers)?;
        let note = AuditNote {
            at: self.clock.now(),
            actor: actor.clone(),
            action: "source.office".to_owned(),
            object: format!("source {source}"),
            detail: json!({"office": office}),
        };
        Ok(self.store.set_source_office(source, office, &note).await?)
    }

    /// Moves a finding to another office; the audit says why.
    ///
    /// # Errors
    /// `Invalid` without a reason; `NotFound`, `Forbidden`.
    pub async fn move_finding(
        &self,
        actor: &Actor,
        id: &FindingId,
        office: &OfficeId,
        why: &str,
    ) -> Result<()> {
        require(actor, Permission::Decide)?;
        self.finding_for(actor, id).await?;
        let why = why.trim();
        if why.is_empty() || why.chars().count() > 300 {
            return Err(Error::invalid("why", "请说明移交原因，1–300 字 (say why, 1 to 300 characters)"));
        }
        let note = AuditNote {
            at: self.clock.now(),
            actor: actor.clone(),
            action: "finding.move".to_owned(),
            object: id.to_string(),
            detail: json!({"office": office, "why": why}),
        };
        Ok(self.store.set_finding_office(id, office, &note).await?)
    }

    /// As [`App::queue`], only what the actor sees.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn queue_for(
        &self,
        actor: &Actor,
        filter: &FindingFilter,
        after: Option<&PageKey>,
        limit: u32,
    ) -> Result<FindingPage> {
        let filter = self.scoped(actor, filter).await?;
        Ok(self.store.list_findings(&filter, after, limit).await?)
    }

    /// As [`App::queue_counts`], only what the actor sees.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn queue_counts_for(&self, actor: &Actor, filter: &FindingFilter) -> Result<FindingCounts> {
        let filter = self.scoped(actor, filter).await?;
        Ok(self.store.count_findings(&filter).await?)
    }

    /// The findings before and after this one among those of a filter, without those that others work on.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn neighbours(
        &self,
        actor: &Actor,
        filter: &FindingFilter,
        id: &FindingId,
    ) -> Result<(Option<FindingId>, Option<FindingId>)> {
        let filter = self.scoped(actor, filter).await?;
        Ok(self.store.neighbours(&filter, id, actor.name(), self.clock.now()).await?)
    }

    /// As [`App::finding`]; what the actor does not see is not there.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn finding_for(&self, actor: &Actor, id: &FindingId) -> Result<FindingView> {
        let view = self.finding(id).await?;
        if self.registry.scope(actor).await?.holds(view.finding.office.as_ref()) {
            return Ok(view);
        }
        Err(Error::NotFound { kind: "finding", id: id.to_string() })
    }

    /// As [`App::leads`], only of findings that the actor sees.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn leads_for(&self, actor: &Actor, filter: LeadFilter) -> Result<Vec<LeadView>> {
        let views = self.leads(filter).await?;
        self.only_seen(actor, views).await
    }

    /// As [`App::cases`], only of findings that the actor sees.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn cases_for(&self, actor: &Actor, filter: CaseFilter) -> Result<Vec<LeadView>> {
        let views = self.cases(filter).await?;
        self.only_seen(actor, views).await
    }

    async fn only_seen(&self, actor: &Actor, mut views: Vec<LeadView>) -> Result<Vec<LeadView>> {
        let scope = self.registry.scope(actor).await?;
        if scope != Scope::Everything {
            let ids: Vec<FindingId> = views.iter().map(|view| view.lead().finding_id.clone()).collect();
            let offices = self.store.offices_of_findings(&ids.iter().collect::<Vec<_>>()).await?;
            views.retain(|view| scope.holds(offices.get(&view.lead().finding_id)));
        }
        Ok(views)
    }

    /// As [`App::lead`]; a lead of a finding that the actor does not see is not there.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn lead_for(&self, actor: &Actor, id: &LeadId) -> Result<LeadView> {
        let view = self.lead(id).await?;
        match self.finding_for(actor, &view.lead().finding_id).await {
            Ok(_) => Ok(view),
            Err(Error::NotFound { .. }) => Err(Error::NotFound { kind: "lead", id: id.to_string() }),
            Err(other) => Err(other),
        }
    }

    /// Refuses what the actor does not see.
    pub(super) async fn demand_seen(&self, actor: &Actor, id: &FindingId) -> Result<()> {
        match actor.office() {
            None => Ok(()),
            Some(_) => self.finding_for(actor, id).await.map(drop),
        }
    }

    async fn scoped(&self, actor: &Actor, filter: &FindingFilter) -> Result<FindingFilter> {
        Ok(FindingFilter { scope: self.registry.scope(actor).await?, ..filter.clone() })
    }
}
