//! Use cases of samples (双随机): what is drawn and who answers are both chosen by chance.

use std::collections::BTreeSet;

use serde_json::json;

use super::error::{Error, Result};
use super::users::{random_hex, require};
use super::{Registry, new_id};
use crate::domain::ad::{Ad, AdId};
use crate::domain::finding::{FindingId, FindingState};
use crate::domain::office::Scope;
use crate::domain::sample::{Answer, Sample, SampleId, SampleItem, SampleKind};
use crate::domain::user::{Actor, Permission, Role};
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;
use crate::store::audit::AuditNote;

/// Ads of one sample at most.
pub const MAX_DRAWN: u32 = 500;
/// Samples that a list shows at most.
const MAX_LISTED: u32 = 50;

impl Registry {
    /// Draws `n` ads by chance from what was decided or left unflagged in a span, and for each by chance somebody who
    /// answers; blind items never go to who decided them.
    ///
    /// # Errors
    /// `Invalid` when there is nothing to draw from, or nobody to answer; `Forbidden`.
    pub async fn draw_sample(
        &self,
        actor: &Actor,
        kind: SampleKind,
        (from, until): (UnixMs, UnixMs),
        n: u32,
    ) -> Result<Sample> {
        require(actor, Permission::Overrule)?;
        self.demand_everything(actor).await?;
        if !(1..=MAX_DRAWN).contains(&n) {
            return Err(Error::invalid("n", format!("1–{MAX_DRAWN} 条 (1 to {MAX_DRAWN})")));
        }
        let people = self.reviewers().await?;
        let n_frame = self.store.count_frame(kind, from, until).await?;
        let seed = random_hex()?;
        let mut drawn: BTreeSet<AdId> = BTreeSet::new();
        let mut items = Vec::new();
        // Ads that were drawn before are passed over, so a small frame takes more turns than it has ads.
        for turn in 0..n.saturating_mul(20) {
            if items.len() >= n as usize || drawn.len() as u64 >= n_frame {
                break;
            }
            let at = sha256_hex(format!("{seed} {turn}").as_bytes());
            let found = match self.store.draw_from_frame(kind, from, until, &at).await? {
                Some(found) => Some(found),
                None => self.store.draw_from_frame(kind, from, until, "0").await?,
            };
            let Some(ad_id) = found.filter(|ad_id| drawn.insert(ad_id.clone())) else { continue };
            let ordinal = u32::try_from(items.len() + 1).unwrap_or(u32::MAX);
            if let Some(item) = self.item(kind, ordinal, ad_id, &at, &people).await? {
                items.push(item);
            }
        }
        if items.is_empty() {
            let why = "这段时间没有可抽取的内容，或没有可以作答的其他人员 (nothing to draw from, or nobody else to answer)";
            return Err(Error::invalid("from", why));
        }
        let made_at = self.clock.now();
        let made_by = actor.name().to_owned();
        let sample = Sample { id: new_id(), kind, made_at, made_by, from, until, seed, n_frame };
        let detail = json!({
            "kind": kind.as_str(), "n": items.len(), "n_frame": n_frame, "seed": sample.seed,
            "from": from.rfc3339(), "until": until.rfc3339(),
        });
        let note = self.about_sample(actor, "sample.draw", &sample.id, detail);
        self.store.add_sample(&sample, &items, &note).await?;
        Ok(sample)
    }

    /// The latest samples with their items.
    ///
    /// # Errors
    /// `Forbidden` for people of one office: a sample is drawn from everything.
    pub async fn samples(&self, actor: &Actor) -> Result<Vec<(Sample, Vec<SampleItem>)>> {
        require(actor, Permission::See)?;
        self.demand_everything(actor).await?;
        let mut samples = Vec::new();
        for sample in self.store.samples(MAX_LISTED).await? {
            let items = self.store.sample_items(&sample.id).await?;
            samples.push((sample, items));
        }
        Ok(samples)
    }

    /// One item of a sample with its ad, for who is to answer it.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` for anybody else.
    pub async fn sample_item(&self, actor: &Actor, id: &SampleId, ordinal: u32) -> Result<(SampleItem, Ad)> {
        require(actor, Permission::Decide)?;
        let missing = || Error::NotFound { kind: "sampled ad", id: format!("{id} {ordinal}") };
        let items = self.store.sample_items(id).await?;
        let item = items.into_iter().find(|item| item.ordinal == ordinal).ok_or_else(missing)?;
        if item.assigned != actor.name() {
            return Err(Error::Forbidden("这一条由他人作答 (somebody else answers this one)".to_owned()));
        }
        let ad = self.store.ad(&item.ad_id).await?.ok_or_else(missing)?;
        Ok((item, ad))
    }

    /// Records an answer, once.
    ///
    /// # Errors
    /// `Conflict` when it is answered already; as [`Registry::sample_item`].
    pub async fn answer_sample(
        &self,
        actor: &Actor,
        id: &SampleId,
        ordinal: u32,
        answer: Answer,
        words: &str,
    ) -> Result<()> {
        self.sample_item(actor, id, ordinal).await?;
        let words = words.trim();
        if words.chars().count() > 2_000 {
            return Err(Error::invalid("note", "至多 2000 字 (at most 2000 characters)"));
        }
        let detail = json!({"ordinal": ordinal, "answer": answer.as_str(), "note": words});
        let note = self.about_sample(actor, "sample.answer", id, detail);
        Ok(self.store.answer_item(id, ordinal, actor.name(), (answer, words), &note).await?)
    }

    /// An item for a drawn ad; `None` when nobody may answer it.
    async fn item(
        &self,
        kind: SampleKind,
        ordinal: u32,
        ad_id: AdId,
        at: &str,
        people: &[String],
    ) -> Result<Option<SampleItem>> {
        let (mut finding_id, mut first, mut decided_by) = (None, None, None);
        if kind == SampleKind::Blind {
            let id = FindingId::of(&ad_id);
            let Some(view) = self.store.finding(&id).await? else { return Ok(None) };
            first = match view.finding.state {
                FindingState::Accepted => Some(Answer::Violating),
                FindingState::Dismissed => Some(Answer::Fine),
                FindingState::Pending | FindingState::SecondReview | FindingState::NeedsEvidence => {
                    return Ok(None);
                }
            };
            decided_by = view.decisions.last().map(|last| last.actor.clone());
            finding_id = Some(id);
        }
        let others: Vec<&String> = people.iter().filter(|name| Some(*name) != decided_by.as_ref()).collect();
        // The end of the digest is independent of its beginning, which chose the ad.
        let chance = u64::from_str_radix(&at[48..], 16).unwrap_or_default();
        let place = usize::try_from(chance % others.len().max(1) as u64).unwrap_or_default();
        Ok(others.get(place).map(|name| SampleItem {
            ordinal,
            ad_id,
            finding_id,
            assigned: (*name).clone(),
            first,
            answer: None,
            note: String::new(),
        }))
    }

    /// Names of those who decide and see everything.
    async fn reviewers(&self) -> Result<Vec<String>> {
        let accounts = self.store.accounts().await?;
        let decides = |role: Role| role.may(Permission::Decide) && role != Role::Administrator;
        let mut names: Vec<String> = accounts
            .iter()
            .filter(|account| {
                account.disabled_at.is_none() && account.office.is_none() && decides(account.role)
            })
            .map(|account| account.name.clone())
            .collect();
        if names.is_empty() {
            // A small office in which the administrator reviews too.
            names = accounts
                .iter()
                .filter(|one| one.role.may(Permission::Decide))
                .map(|one| one.name.clone())
                .collect();
        }
        names.sort();
        Ok(names)
    }

    async fn demand_everything(&self, actor: &Actor) -> Result<()> {
        match self.scope(actor).await? {
            Scope::Everything => Ok(()),
            Scope::Offices(_) => Err(Error::Forbidden(
                "抽查面向全部内容，由未归属机构的人员进行 (samples are for people who see everything)"
                    .to_owned(),
            )),
        }
    }

    fn about_sample(
        &self,
        actor: &Actor,
        action: &str,
        id: &SampleId,
        detail: serde_json::Value,
    ) -> AuditNote {
        let action = action.to_owned();
        AuditNote {
            at: self.clock.now(),
            actor: actor.clone(),
            action,
            object: format!("sample {id}"),
            detail,
        }
    }
}
