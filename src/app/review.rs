//! Use cases of review: look at the queue, look at one finding, decide, take back.

use crate::domain::ad::AdId;
use crate::domain::capture::{Capture, CaptureId};
use crate::domain::finding::{FindingId, FindingState};
use crate::domain::lead::Lead;
use crate::domain::provision::ProvisionId;
use crate::domain::review::{Decision, DecisionId, DismissReason, Verdict};
use crate::domain::user::{Actor, Permission};
use crate::store::audit::AuditNote;
use crate::store::contact::ListedContact;
use crate::store::finding::{FindingCounts, FindingFilter, FindingPage, FindingView, PageKey};
use crate::store::lead::LeadChange;
use crate::store::review::DecisionRecord;

use super::error::{Error, Result};
use super::users::require;
use super::{App, new_id};

/// Longest note to a decision, in characters.
const MAX_NOTE_CHARS: usize = 2_000;

impl App {
    /// At most `limit` findings of the queue, highest priority first, from behind `after`.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn queue(
        &self,
        filter: &FindingFilter,
        after: Option<&PageKey>,
        limit: u32,
    ) -> Result<FindingPage> {
        Ok(self.store.list_findings(filter, after, limit).await?)
    }

    /// How many findings that pass `filter` are in each state.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn queue_counts(&self, filter: &FindingFilter) -> Result<FindingCounts> {
        Ok(self.store.count_findings(filter).await?)
    }

    /// One finding with its ad, sightings and decisions.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn finding(&self, id: &FindingId) -> Result<FindingView> {
        self.store.finding(id).await?.ok_or_else(|| Error::NotFound { kind: "finding", id: id.to_string() })
    }

    /// The contact points of an ad with a finding, each with the number of flagged ads that show it.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn contacts(&self, ad: &AdId) -> Result<Vec<ListedContact>> {
        Ok(self.store.contacts(ad).await?)
    }

    /// One capture: the exchange and where its bytes are.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn capture(&self, id: &CaptureId) -> Result<Capture> {
        self.store.capture(id).await?.ok_or_else(|| Error::NotFound { kind: "capture", id: id.to_string() })
    }

    /// The bytes of a capture as received.
    ///
    /// # Errors
    /// `NotFound`; `Internal` when the vault lost or altered them.
    pub async fn capture_body(&self, id: &CaptureId) -> Result<(Capture, Vec<u8>)> {
        let capture = self.capture(id).await?;
        let bytes = self.vault.get(&capture.body.digests.sha256).await?;
        Ok((capture, bytes.to_vec()))
    }

    /// Records a person's verdict on a finding as it stands now; see [`App::decide_seen`].
    ///
    /// # Errors
    /// As [`App::decide_seen`].
    pub async fn decide(
        &self,
        actor: &Actor,
        id: &FindingId,
        verdict: Verdict,
        note: &str,
    ) -> Result<Decision> {
        self.decide_seen(actor, id, verdict, note, None).await
    }

    /// Records a person's verdict on the version of a finding that they saw; decision, state and audit entry are one
    /// transaction, and the person's hold on it ends. Whatever somebody else did meanwhile is a conflict.
    ///
    /// # Errors
    /// `Forbidden` when the role may not, or takes back what another decided without being allowed to;
    /// `Invalid` when an acceptance names no provision or an unknown one, or a dismissal as `other` says
    /// nothing; `Conflict` when the finding is not in the state the verdict needs, or someone was faster;
    /// `NotFound`.
    pub async fn decide_seen(
        &self,
        actor: &Actor,
        id: &FindingId,
        verdict: Verdict,
        note: &str,
        seen_version: Option<u64>,
    ) -> Result<Decision> {
        require(actor, Permission::Decide)?;
        self.check_verdict(&verdict, note)?;
        let view = self.finding_for(actor, id).await?;
        self.demand_free(actor, id).await?;
        let state = view.finding.state;
        let fits = match verdict {
            Verdict::Undo => state != FindingState::Pending,
            Verdict::AskSecond => state.is_open() && state != FindingState::SecondReview,
            Verdict::Accept { .. } | Verdict::Dismiss { .. } | Verdict::NeedEvidence => state.is_open(),
        };
        if !fits {
            return Err(Error::Conflict(refusal(id, &verdict, &view)));
        }
        if state == FindingState::SecondReview && verdict != Verdict::Undo {
            demand_another_person(actor, &view)?;
        }
        if let Verdict::Dismiss { reason: DismissReason::Duplicate } = verdict {
            self.demand_original(actor, id, note).await?;
        }
        if verdict == Verdict::Undo && view.decisions.last().is_some_and(|last| last.actor != actor.name()) {
            require(actor, Permission::Overrule)?;
        }
        let at = self.clock.now();
        let decision = Decision {
            id: new_id::<DecisionId>(),
            finding_id: id.clone(),
            actor: actor.name().to_owned(),
            at,
            verdict,
            note: note.trim().to_owned(),
        };
        let audit = AuditNote {
            at,
            actor: actor.clone(),
            action: format!("finding.{}", decision.verdict.as_str()),
            object: id.to_string(),
            detail: describe(&decision),
        };
        let lead = self.lead_change(actor, &decision).await?;
        let notices = match lead {
            Some(LeadChange::Open { at }) => {
                self.hooks("lead.opened", &Lead::open(id.clone(), at), serde_json::Value::Null, at)
            }
            _ => Vec::new(),
        };
        let seen_version = Some(seen_version.unwrap_or(view.version));
        let record = DecisionRecord { decision, seen_version, audit, lead, notices };
        let decision = self.store.decide(record).await?;
        self.release(actor, id).await?;
        Ok(decision)
    }

    fn check_verdict(&self, verdict: &Verdict, note: &str) -> Result<()> {
        if note.chars().count() > MAX_NOTE_CHARS {
            return Err(Error::invalid("note", format!("at most {MAX_NOTE_CHARS} characters")));
        }
        match verdict {
            Verdict::Accept { provisions } if provisions.is_empty() => Err(Error::invalid(
                "provision",
                "认定涉嫌违法须至少引用一条法律依据 (an acceptance names at least one provision)",
            )),
            Verdict::Accept { provisions } => {
                let unknown = |id: &&ProvisionId| !self.pack().provisions.contains_key(*id);
                match provisions.iter().find(unknown) {
                    None => Ok(()),
                    Some(id) => Err(Error::invalid(
                        "provision",
                        format!("`{id}` is not a provision of the rule pack"),
                    )),
                }
            }
            Verdict::Dismiss { reason: DismissReason::Other } if note.trim().is_empty() => {
                Err(Error::invalid("note", "以“其他”排除须说明理由 (dismissing as `other` needs a note)"))
            }
            Verdict::NeedEvidence if note.trim().is_empty() => {
                Err(Error::invalid("note", "请写明需要补充什么 (say in the note what is missing)"))
            }
            Verdict::AskSecond if note.trim().is_empty() => {
                Err(Error::invalid("note", "请写明为何提请复核 (say in the note why another should decide)"))
            }
            Verdict::Dismiss { .. } | Verdict::NeedEvidence | Verdict::AskSecond | Verdict::Undo => Ok(()),
        }
    }

    /// A duplicate names the finding that it repeats.
    async fn demand_original(&self, actor: &Actor, id: &FindingId, note: &str) -> Result<()> {
        let why = "请在备注写明与哪一条重复，例如 f-0a1b2c3d4e5f6071 (name in the note the finding that it repeats)";
        let words = note.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        for word in words.filter(|word| word.starts_with("f-")) {
            let Ok(other) = FindingId::parse(word) else { continue };
            if other != *id && self.finding_for(actor, &other).await.is_ok() {
                return Ok(());
            }
        }
        Err(Error::invalid("note", why))
    }
}

/// Who asked for a second review does not give it.
fn demand_another_person(actor: &Actor, view: &FindingView) -> Result<()> {
    match view.decisions.last() {
        Some(last) if last.verdict == Verdict::AskSecond && last.actor == actor.name() => {
            Err(Error::Conflict(format!(
                "{} 由你提请复核，须由另一人作出决定 (you asked for a second review; another person decides)",
                view.finding.id
            )))
        }
        _ => Ok(()),
    }
}

fn refusal(id: &FindingId, verdict: &Verdict, view: &FindingView) -> String {
    match (verdict, view.decisions.last()) {
        (Verdict::Undo, _) => {
            format!("{id} 尚未作出决定，无可撤销 ({id} is pending; there is nothing to undo)")
        }
        (_, Some(last)) => format!(
            "{id} 已由 {} 于 {} 作出决定（{}）；如需更改，请先撤销 (already decided; undo first)",
            last.actor,
            last.at.beijing(),
            last.verdict.as_str()
        ),
        (_, None) => format!("{id} is {}", view.finding.state.as_str()),
    }
}

fn describe(decision: &Decision) -> serde_json::Value {
    match &decision.verdict {
        Verdict::Accept { provisions } => {
            serde_json::json!({"provisions": provisions, "note": decision.note})
        }
        Verdict::Dismiss { reason } => serde_json::json!({"reason": reason.as_str(), "note": decision.note}),
        Verdict::NeedEvidence | Verdict::AskSecond | Verdict::Undo => {
            serde_json::json!({"note": decision.note})
        }
    }
}
