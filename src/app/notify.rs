//! 提醒: what alerts and digests say, and sending what waits in the outbox.

use std::collections::BTreeMap;

use crate::domain::ad::{AdDraft, AdId};
use crate::domain::category;
use crate::domain::duty::{Duty, DutyKind, Owner};
use crate::domain::finding::{Assessment, FindingId};
use crate::domain::hit::Hit;
use crate::domain::notice::{Notice, NoticeId, NoticeKind};
use crate::domain::run::{CrawlRun, RunOutcome};
use crate::domain::source::Source;
use crate::kit::clock::UnixMs;
use crate::notify::template::{self, AlertFacts, DigestFacts, LeadDue, QuotedWords, SourceTrouble, Words};
use crate::notify::{Letter, MailError, Mailer, Security, SmtpSettings};
use crate::rules::RulePack;
use crate::store::finding::FindingFilter;
use crate::store::outbox::TakenNotice;

use super::lead::{ALERT_DAYS, LeadFilter, LeadView};
use super::schedule::retry_pause_ms;
use super::{App, Config, Error, Result};

/// From this severity a finding is worth a message of its own.
const ALERT_SEVERITY: u8 = 4;

/// Notices handed to the mailer at a time, and how long they are kept from other workers meanwhile: longer than so
/// many connections can take.
const BATCH: u32 = 20;
const HOLD_MS: i64 = 30 * 60_000;

/// Pause before a notice is tried again; it doubles with each attempt. There is no last attempt: a notice that nobody
/// got must not be forgotten because a server was away for a week.
const FIRST_RETRY_MS: i64 = 30_000;
const LONGEST_RETRY_MS: i64 = 3_600_000;

const DAY_MS: i64 = 86_400_000;

/// What a round of sending did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sending {
    /// Letters handed over.
    pub n_sent: u32,
    /// Letters that wait for their next attempt.
    pub n_failed: u32,
    /// Why the last of them failed.
    pub last_error: Option<String>,
}

/// Use cases of notices.
pub struct Notices<'a> {
    app: &'a App,
}

impl App {
    /// Alerts, digest, outbox.
    pub fn notify(&self) -> Notices<'_> {
        Notices { app: self }
    }

    /// The alert about an ad if it deserves one: flagged with the highest severity. The caller writes it in the same
    /// transaction as the finding, which sends it only if the finding is new.
    pub(crate) fn alert(
        &self,
        source: &Source,
        ad_id: &AdId,
        draft: &AdDraft,
        assessment: &Assessment,
        hits: &[Hit],
        seen_at: UnixMs,
    ) -> Option<Notice> {
        let severity = assessment.severity.map(|severity| severity.level())?;
        if !assessment.flagged || severity < ALERT_SEVERITY {
            return None;
        }
        let finding = FindingId::of(ad_id);
        let words = template::alert(&AlertFacts {
            finding: finding.to_string(),
            source: named(source),
            title: draft.title.clone(),
            seen_at,
            severity,
            quotes: quotes(draft, hits, self.judge.pack()),
            review_url: format!("{}/findings/{finding}", pages_address(&self.config)),
        });
        notice(&format!("alert-{finding}"), NoticeKind::Alert, words, seen_at)
    }
}

impl Notices<'_> {
    /// Sends every notice that is due. What cannot be sent stays and is tried again later. When the server cannot be
    /// reached, the rest of the batch is not tried and the rest of the outbox is left for the next call.
    ///
    /// # Errors
    /// `Internal` when the database fails. A letter that was not sent is no error but part of the answer.
    pub async fn send_waiting(&self, now: UnixMs) -> Result<Sending> {
        let mut sending = Sending::default();
        let mut unreachable: Option<String> = None;
        loop {
            let taken = self.app.store.take_notices(now, BATCH, HOLD_MS).await?;
            for taken in &taken {
                let outcome = match &unreachable {
                    _ if taken.notice.kind == NoticeKind::Webhook => self.app.deliver(&taken.notice).await,
                    Some(why) => Err(why.clone()),
                    None => self.send(&taken.notice).await.map_err(|error| {
                        let why = error.to_string();
                        if matches!(error, MailError::Unreachable { .. } | MailError::Settings { .. }) {
                            unreachable = Some(why.clone());
                        }
                        why
                    }),
                };
                self.record(taken, outcome, now, &mut sending).await?;
            }
            if taken.is_empty() || unreachable.is_some() {
                return Ok(sending);
            }
        }
    }

    /// Writes the digest of the day that ends at `now` into the outbox; `false` when this day's is there already.
    ///
    /// # Errors
    /// `Internal` when the database fails.
    pub async fn digest(&self, now: UnixMs) -> Result<bool> {
        let facts = self.digest_facts(now).await?;
        let day = now.zoned("Asia/Shanghai").map_or_else(|| now.0.to_string(), |at| at.date().to_string());
        match notice(&format!("digest-{day}"), NoticeKind::Digest, template::digest(&facts), now) {
            Some(notice) => Ok(self.app.store.add_notice(&notice).await?),
            None => Ok(false),
        }
    }

    async fn send(&self, notice: &Notice) -> std::result::Result<String, MailError> {
        let letter = letter(notice, &self.app.config);
        self.app.mailer.send(&letter).await.map(|()| letter.message_id())
    }

    async fn record(
        &self,
        taken: &TakenNotice,
        outcome: std::result::Result<String, String>,
        now: UnixMs,
        sending: &mut Sending,
    ) -> Result<()> {
        let id = &taken.notice.id;
        match outcome {
            Ok(message_id) => {
                self.app.store.mark_sent(id, &message_id, now).await?;
                sending.n_sent += 1;
            }
            Err(why) => {
                let retry_at =
                    now.plus_ms(retry_pause_ms(taken.n_attempts, FIRST_RETRY_MS, LONGEST_RETRY_MS));
                tracing::warn!(notice.id = %id, retry_at = %retry_at.rfc3339(), "notice not sent: {why}");
                self.app.store.mark_failed(id, &why, retry_at).await?;
                sending.n_failed += 1;
                sending.last_error = Some(why);
            }
        }
        Ok(())
    }

    async fn digest_facts(&self, now: UnixMs) -> Result<DigestFacts> {
        let store = &self.app.store;
        let from = now.plus_ms(-DAY_MS);
        let figures = store.queue_figures(from, now).await?;
        let mut by_category: Vec<(String, u64)> =
            figures.by_category.iter().map(|(code, n)| (category_name(code), *n)).collect();
        by_category.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let counts = store.count_findings(&FindingFilter::default()).await?;
        let oldest = store.oldest_pending().await?;
        let last_runs: BTreeMap<_, _> =
            store.last_runs().await?.into_iter().map(|run| (run.source_id.clone(), run)).collect();
        let troubles = store
            .list_sources()
            .await?
            .iter()
            .filter(|source| source.enabled)
            .filter_map(|source| trouble(source, last_runs.get(&source.id), now))
            .collect();
        let leads_due = self.app.leads(LeadFilter::All).await?.iter().flat_map(leads_due).collect();
        Ok(DigestFacts {
            from,
            until: now,
            by_category,
            by_severity: figures.by_severity.into_iter().rev().collect(),
            n_pending: counts.pending,
            oldest_pending: oldest.map(|(id, since)| (id.to_string(), since)),
            troubles,
            leads_due,
            queue_url: format!("{}/queue", pages_address(&self.app.config)),
        })
    }
}

/// What today's mail must say about a lead and its case: what this office must do in 5, 2 or 0 working days or should have
/// done, and what others should have answered.
fn leads_due(view: &LeadView) -> Vec<LeadDue> {
    let is_due = |duty: &&Duty| match duty.kind.owner() {
        Owner::Own => !duty.is_paused && (duty.days_left < 0 || ALERT_DAYS.contains(&duty.days_left)),
        Owner::Other => duty.days_left <= 0,
        Owner::Party => duty.kind == DutyKind::Payment && duty.days_left < 0,
    };
    let due = |duty: &Duty| LeadDue {
        lead: view.case().map_or_else(|| view.lead().id.to_string(), |case| case.id.to_string()),
        state: duty.kind.label().zh,
        title: match duty.about.as_str() {
            "" => view.title(),
            about => format!("{about}，{}", view.title()),
        },
        last_day: duty.deadline.last_day.to_string(),
        days_left: duty.days_left,
    };
    view.duties.iter().filter(is_due).map(due).collect()
}

/// The mailer that the settings describe.
///
/// # Errors
/// `Invalid` names the setting.
pub(crate) fn mailer(config: &Config) -> Result<Mailer> {
    let mail = &config.mail;
    if mail.smtp.is_empty() {
        return Ok(Mailer::folder(config.data_dir.join("mail")));
    }
    if mail.to.is_empty() {
        return Err(Error::invalid(
            "mail.to",
            "an SMTP server is set but nobody to write to; add an address",
        ));
    }
    let security = Security::parse(&mail.security).ok_or_else(|| {
        let why = format!("`{}` is not known; use `starttls`, `tls` or `plain`", mail.security);
        Error::invalid("mail.security", why)
    })?;
    let login = match (mail.user.is_empty(), config.smtp_password()) {
        (true, _) => None,
        (false, Some(password)) => Some((mail.user.clone(), password)),
        (false, None) => {
            let why = format!("a user is set but the environment variable {} is not", mail.password_env);
            return Err(Error::invalid("mail.password_env", why));
        }
    };
    let settings = SmtpSettings { server: mail.smtp.clone(), security, ca_file: mail.ca_file.clone(), login };
    Mailer::smtp(&settings).map_err(|error| Error::invalid("mail", error.to_string()))
}

/// The letter of a notice. Into a folder, letters may go to nobody in particular: they are then addressed to their
/// sender.
fn letter(notice: &Notice, config: &Config) -> Letter {
    let mail = &config.mail;
    Letter {
        name: notice.id.to_string(),
        from: mail.from.clone(),
        to: if mail.to.is_empty() { vec![mail.from.clone()] } else { mail.to.clone() },
        subject: notice.subject.clone(),
        body: notice.body.clone(),
        at: notice.created_at,
    }
}

fn notice(id: &str, kind: NoticeKind, words: Words, created_at: UnixMs) -> Option<Notice> {
    let id = NoticeId::parse(id).ok()?;
    Some(Notice { id, kind, subject: words.subject, body: words.body, created_at })
}

/// The words of the asserted hits with rule and provisions, strongest first, each span once.
fn quotes(draft: &AdDraft, hits: &[Hit], pack: &RulePack) -> Vec<QuotedWords> {
    let mut asserted: Vec<&Hit> = hits.iter().filter(|hit| hit.status.is_asserted()).collect();
    asserted.sort_by_key(|hit| (std::cmp::Reverse(hit.severity), hit.span));
    asserted.dedup_by_key(|hit| hit.span);
    asserted
        .into_iter()
        .map(|hit| QuotedWords {
            words: hit.span.of(&draft.text).to_owned(),
            rule_title: pack
                .rule(&hit.rule)
                .map_or_else(|| category_name(&hit.category), |rule| rule.title.clone()),
            rule: hit.rule.to_string(),
            citations: hit
                .provisions
                .iter()
                .map(|id| pack.provisions.get(id).map_or_else(|| id.to_string(), |found| found.citation()))
                .collect(),
        })
        .collect()
}

/// What needs a look at a source; `None` when it is well.
fn trouble(source: &Source, last: Option<&CrawlRun>, now: UnixMs) -> Option<SourceTrouble> {
    let what = match last {
        None => {
            // Not yet due is no trouble.
            source.schedule.as_ref()?.latest_due(source.created_at, now.plus_ms(-DAY_MS))?;
            "到期未采集，请检查后台任务是否运行".to_owned()
        }
        Some(run) => match &run.outcome {
            Some(RunOutcome::Ok) => {
                let missed = source.schedule.as_ref()?.latest_due(run.started_at, now.plus_ms(-DAY_MS))?;
                format!("{} 到期的采集未执行，请检查后台任务是否运行", missed.beijing())
            }
            Some(outcome) => format!("{}（{}）", outcome.label().zh, outcome.describe()),
            None if run.started_at.plus_ms(DAY_MS) < now => "上次采集未完成，可能被中断".to_owned(),
            None => return None,
        },
    };
    Some(SourceTrouble { source: named(source), last_run_at: last.map(|run| run.started_at), what })
}

fn named(source: &Source) -> String {
    format!("{}（{}）", source.title, source.id)
}

fn category_name(code: &str) -> String {
    match category::title_zh(code) {
        title if title == code => code.to_owned(),
        title => format!("{title}（{code}）"),
    }
}

/// Where a reader of mail reaches the pages, without a slash at the end.
fn pages_address(config: &Config) -> String {
    match config.web.hosts.first() {
        Some(host) if config.web.behind_tls_proxy => format!("https://{host}"),
        _ => format!("http://{}", config.web.listen),
    }
}

#[cfg(test)]
mod tests;
