//! Use cases of 文书: letters and forms of a lead or case, drafted by anybody who works on it, issued by those who may.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::duty::DutyKind;
use crate::domain::hit::{Hit, Span};
use crate::domain::lead::{LeadId, LeadStep, Step, StepRefused};
use crate::domain::party::{Certainty, ContactKind};
use crate::domain::review::Verdict;
use crate::domain::source::SourceKind;
use crate::domain::user::{Actor, Permission};
use crate::letter::{self, Document, Facts, KEYS, LetterKind};
use crate::render::{Program, print};
use crate::store::audit::AuditNote;
use crate::store::finding::FindingView;
use crate::store::lead::StepRecord;

use super::error::{Error, FieldProblem, Result};
use super::lead::LeadView;
use super::users::require;
use super::{App, Config};

/// Words of the ad that a letter quotes at most, the gravest first.
const MAX_QUOTES: usize = 12;
/// Longest sentence that is quoted whole, in characters.
const MAX_QUOTE_CHARS: usize = 80;
/// Longest value that a person may give, in characters.
const MAX_VALUE_CHARS: usize = 4_000;
/// Longest time for printing.
const PRINT_LIMIT: Duration = Duration::from_secs(60);

/// A letter as it stands.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Which.
    pub kind: LetterKind,
    /// What it says.
    pub document: Document,
    /// What is known, for forms.
    pub facts: Facts,
}

impl App {
    /// The letter of this kind for a lead, with what is known and what `given` adds or replaces, by key.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` names a key that is none or a value that is too long.
    pub async fn letter(
        &self,
        actor: &Actor,
        id: &LeadId,
        kind: LetterKind,
        given: &BTreeMap<String, String>,
    ) -> Result<Draft> {
        check(given)?;
        let view = self.lead_for(actor, id).await?;
        let mut facts = self.facts(&view).await?;
        for (key, value) in given {
            facts.set(key, value);
        }
        Ok(Draft { kind, document: letter::compose(kind, &facts), facts })
    }

    /// Issues a letter: its file is kept, and that it was issued is a step of the lead that had `n_seen` steps when the
    /// person looked. Gives the lead and the file.
    ///
    /// # Errors
    /// `Forbidden` when the role may not; `Invalid` names every blank; `Conflict` when someone was faster; `NotFound`.
    pub async fn issue_letter(
        &self,
        actor: &Actor,
        id: &LeadId,
        kind: LetterKind,
        given: &BTreeMap<String, String>,
        n_seen: Option<u64>,
    ) -> Result<(LeadView, Vec<u8>)> {
        require(actor, Permission::Issue)?;
        let draft = self.letter(actor, id, kind, given).await?;
        let blanks = draft.document.blanks();
        if !blanks.is_empty() {
            let problem = |blank: letter::Blank| FieldProblem {
                field: blank.key,
                message: format!("“{}”未填 (not filled in)", blank.label),
            };
            return Err(Error::Invalid(blanks.into_iter().map(problem).collect()));
        }
        let file = file_of(&draft.document)?;
        let blob = self.vault.put(file.clone().into()).await?;
        let view = self.lead(id).await?;
        let at = self.clock.now();
        let step = Step::Letter {
            kind: kind.as_str().to_owned(),
            number: draft.facts.get("number").unwrap_or_default().to_owned(),
            sha256: blob.digests.sha256.clone(),
        };
        let step = LeadStep { at, actor: actor.name().to_owned(), step };
        view.lead().check(&step.step).map_err(|refused: StepRefused| Error::Conflict(refused.to_string()))?;
        let audit = AuditNote {
            at,
            actor: actor.clone(),
            action: "lead.letter".to_owned(),
            object: id.to_string(),
            detail: serde_json::json!({ "kind": kind.as_str(), "sha256": blob.digests.sha256, "given": given }),
        };
        let n_steps = view.lead().steps.len() as u64;
        let mut after = view.lead().clone();
        after.apply(step.clone()).map_err(|refused| Error::Conflict(refused.to_string()))?;
        let record = StepRecord {
            lead_id: id.clone(),
            n_seen: n_seen.unwrap_or(n_steps),
            notices: self.hooks(
                "letter.issued",
                &after,
                serde_json::json!({ "kind": kind.as_str(), "sha256": blob.digests.sha256 }),
                at,
            ),
            step,
            state: after.state,
            recheck_at: None,
        };
        self.store.record_step(&record, &audit).await?;
        Ok((self.lead(id).await?, file))
    }

    /// The file of a letter that was issued for this lead.
    ///
    /// # Errors
    /// `NotFound` when none of this digest was; `Internal` when the vault lost or altered it.
    pub async fn issued_letter(
        &self,
        actor: &Actor,
        id: &LeadId,
        sha256: &str,
    ) -> Result<(LetterKind, Vec<u8>)> {
        let view = self.lead_for(actor, id).await?;
        let found = view.lead().steps.iter().find_map(|step| match &step.step {
            Step::Letter { kind, sha256: known, .. } if known == sha256 => LetterKind::parse(kind),
            _ => None,
        });
        let kind = found.ok_or_else(|| Error::NotFound { kind: "letter", id: sha256.to_owned() })?;
        Ok((kind, self.vault.get(sha256).await?))
    }

    /// A letter as DOCX; with blanks it is marked as a draft.
    ///
    /// # Errors
    /// `Internal`.
    pub fn letter_file(&self, draft: &Draft) -> Result<Vec<u8>> {
        file_of(&draft.document)
    }

    /// A letter as PDF, printed by the Chromium of this machine.
    ///
    /// # Errors
    /// `Conflict` when there is no Chromium; `Internal` when it does not print.
    pub async fn letter_pdf(&self, draft: &Draft) -> Result<Vec<u8>> {
        let program = Program::find(None).ok_or_else(|| {
            let why = "没有找到 Chromium，不能打印 PDF；请改用 DOCX (no Chromium here; take the DOCX)";
            Error::Conflict(why.to_owned())
        })?;
        let page = letter::page(&draft.document);
        print(&program, &page, PRINT_LIMIT).await.map_err(|error| Error::Internal(error.into()))
    }

    async fn facts(&self, view: &LeadView) -> Result<Facts> {
        let lead = view.lead();
        let found = self.finding(&lead.finding_id).await?;
        let mut facts = Facts::default();
        facts.quotes = quotes(&found);
        facts.provisions = self.cited(&found);
        let packages = self.evidence_packages(&lead.finding_id).await?.into_iter();
        facts.packages = packages.map(|package| (package.id.to_string(), package.seal.sha256)).collect();
        of_config(&mut facts, &self.config);
        let date = self.today();
        facts.set("date", &long_date(date));
        facts.set("lead", lead.id.as_str());
        facts.set("found-on", &long_date(crate::domain::lead::day(lead.opened_at)));
        if let Some(duty) = view.duties.iter().find(|duty| duty.kind == DutyKind::Verify) {
            facts.set("verify-by", &long_date(duty.deadline.last_day));
        }
        facts.set("title", &view.title());
        if let Some(severity) = view.listed.severity {
            facts.set("severity", &format!("{} {}", severity.level(), severity.label().zh));
        }
        facts.set("first-seen", &minutes(found.ad.first_seen_at.beijing()));
        facts.set("last-seen", &minutes(found.ad.last_seen_at.beijing()));
        self.of_sources(&mut facts, &found).await?;
        self.of_contacts(&mut facts, &found).await?;
        if let Some(case) = view.case() {
            facts.set("case-number", &case.number);
            facts.set("party", &case.party);
            facts.set("officers", &case.officers.join("、"));
        }
        Ok(facts)
    }

    /// Where the ad was seen. Who brought a file is nobody's business here: reporters are kept secret (条例 art 17).
    async fn of_sources(&self, facts: &mut Facts, found: &FindingView) -> Result<()> {
        let mut media: Vec<String> = Vec::new();
        let mut is_imported = false;
        for sighting in &found.sightings {
            let at = minutes(sighting.seen_at.beijing());
            if facts.pages.iter().all(|(url, _)| *url != sighting.page_url) {
                facts.pages.push((sighting.page_url.clone(), at));
            }
            let Some(source) = self.store.source(&sighting.source_id).await? else { continue };
            if source.kind == SourceKind::Import {
                is_imported = true;
            } else if !media.contains(&source.title) {
                media.push(source.title);
            }
        }
        facts.set("media", &media.join("、"));
        facts.set(
            "source",
            if is_imported && media.is_empty() {
                "投诉举报或者其他部门提供"
            } else {
                "互联网广告监测"
            },
        );
        Ok(())
    }

    /// The advertiser as the ad itself names it, where it is certain.
    async fn of_contacts(&self, facts: &mut Facts, found: &FindingView) -> Result<()> {
        let contacts = self.contacts(&found.ad.id).await?;
        let certain = |kind: ContactKind| {
            let mut values = contacts
                .iter()
                .map(|listed| &listed.contact)
                .filter(|contact| contact.kind == kind && contact.certainty >= Certainty::Likely);
            let first = values.next()?;
            // With two names it is for people to say who the party is.
            values.all(|other| other.value == first.value).then(|| first.value.clone())
        };
        facts.set("credit-code", &certain(ContactKind::CreditCode).unwrap_or_default());
        facts.set("party", &certain(ContactKind::Company).unwrap_or_default());
        Ok(())
    }

    /// Articles that the last acceptance names, or else those of the machine.
    fn cited(&self, found: &FindingView) -> Vec<String> {
        let accepted = found.decisions.iter().rev().find_map(|decision| match &decision.verdict {
            Verdict::Accept { provisions } => Some(provisions.as_slice()),
            _ => None,
        });
        let ids = accepted.unwrap_or(&found.finding.assessment.provisions);
        let name = |id| {
            self.pack().provisions.get(id).map_or_else(|| format!("{id}"), |provision| provision.citation())
        };
        ids.iter().map(name).collect()
    }
}

fn of_config(facts: &mut Facts, config: &Config) {
    facts.set("office", config.evidence.office.as_deref().unwrap_or_default());
    facts.set("address", &config.letters.address);
    facts.set("contact", &config.letters.contact);
    facts.set("phone", &config.letters.phone);
}

/// The sentences of the ad that hold its asserted hits, the gravest first.
fn quotes(found: &FindingView) -> Vec<String> {
    let mut asserted: Vec<&Hit> = found.finding.hits.iter().filter(|hit| hit.status.is_asserted()).collect();
    asserted.sort_by_key(|hit| (std::cmp::Reverse(hit.severity), hit.span));
    let mut quotes: Vec<String> = Vec::new();
    for hit in asserted {
        let sentence = sentence_around(&found.ad.draft.text, hit.span);
        // A longer quotation holds the shorter one.
        if !sentence.is_empty() && quotes.iter().all(|known| !known.contains(sentence)) {
            quotes.retain(|known| !sentence.contains(known.as_str()));
            quotes.push(sentence.to_owned());
        }
    }
    quotes.truncate(MAX_QUOTES);
    quotes
}

/// The sentence that holds the span; of a long one only its clause.
fn sentence_around(text: &str, span: Span) -> &str {
    const ENDS: &[char] = &['\n', '。', '！', '？', '；', '!', '?', ';'];
    const CLAUSES: &[char] = &['\n', '。', '！', '？', '；', '!', '?', ';', '，', ',', '、', ' ', '\u{3000}'];
    let within = |ends: &[char]| {
        let before = text.get(..span.start).unwrap_or_default();
        let start =
            before.rfind(ends).map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
        let end =
            text.get(span.end..).and_then(|rest| rest.find(ends)).map_or(text.len(), |at| span.end + at);
        text.get(start..end).unwrap_or_default().trim()
    };
    let sentence = within(ENDS);
    if sentence.chars().count() <= MAX_QUOTE_CHARS { sentence } else { within(CLAUSES) }
}

fn check(given: &BTreeMap<String, String>) -> Result<()> {
    for (key, value) in given {
        let Some((known, _)) = KEYS.iter().find(|(known, _)| known == key) else {
            let shown: String = key.chars().take(40).collect();
            let known: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
            return Err(Error::invalid("key", format!("`{shown}` is not one of {}", known.join(", "))));
        };
        if value.chars().count() > MAX_VALUE_CHARS {
            return Err(Error::invalid(
                known,
                format!("不超过 {MAX_VALUE_CHARS} 字 (at most {MAX_VALUE_CHARS} characters)"),
            ));
        }
    }
    Ok(())
}

fn file_of(document: &Document) -> Result<Vec<u8>> {
    letter::docx(document).map_err(|error| Error::Internal(error.into()))
}

/// `2026年11月23日`.
fn long_date(date: jiff::civil::Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// Without the seconds and the zone, which letters do not show.
fn minutes(beijing: String) -> String {
    beijing.get(..16).unwrap_or(&beijing).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_is_quoted_with_its_sentence_and_in_a_long_one_with_its_clause() {
        let text = "欢迎！投资十万元，每月返三千元。到期还本";
        let at = |text: &str, words: &str| {
            let start = text.find(words).unwrap();
            Span { start, end: start + words.len() }
        };
        assert_eq!(sentence_around(text, at(text, "返三")), "投资十万元，每月返三千元");
        assert_eq!(sentence_around(text, at(text, "还本")), "到期还本");
        assert_eq!(sentence_around(text, at(text, text)), text);
        let long = format!("{}，保本保息，{}", "很".repeat(60), "好".repeat(60));
        assert_eq!(sentence_around(&long, at(&long, "保息")), "保本保息");
    }
}
