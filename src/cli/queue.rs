//! `adwatch queue`: the review queue in the terminal.

use super::exit::Exit;
use super::out::{Lang, Style, excerpt, inert, pad};
use super::say;
use crate::app::{App, Error, FindingFilter, FindingView, ListedContact, ListedFinding, Result};
use crate::domain::finding::{FindingId, FindingState};
use crate::domain::hit::{Hit, RuleId, Severity};
use crate::domain::lead::LeadId;
use crate::domain::party::{masked_mentions, masked_words};
use crate::domain::provision::ProvisionId;
use crate::domain::review::{DismissReason, Verdict};
use crate::domain::user::Actor;
use crate::kit::redact;

/// Verbs of `queue`.
#[derive(Debug, clap::Subcommand)]
pub enum QueueCommand {
    /// 列出待审项 — list findings, highest priority first
    List {
        /// 状态：pending、second-review、needs-evidence、accepted、dismissed 或 all — state
        #[arg(long, default_value = "pending")]
        state: String,
        /// 只列某监测源 — one source only
        #[arg(long)]
        source: Option<String>,
        /// 最低严重程度 1–4 — least severity
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=4))]
        severity: Option<u8>,
        /// 含有这些字 — containing these words
        #[arg(long)]
        search: Option<String>,
        /// 命中某条规则 — with a hit of this rule
        #[arg(long)]
        rule: Option<String>,
        /// 广告主或发布者名称含有 — whose advertiser or publisher is named so
        #[arg(long)]
        party: Option<String>,
        /// 留有此联系方式 — that shows this contact point
        #[arg(long)]
        contact: Option<String>,
        /// 指向此域名 — that leads to this host
        #[arg(long)]
        host: Option<String>,
        /// 最多几条 — at most this many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// 输出格式 — output format
        #[arg(long, value_enum, default_value = "human")]
        format: ListFormat,
    },
    /// 查看一个待审项 — one finding in full
    Show {
        /// 编号 — its id
        id: String,
        #[command(flatten)]
        look: Look,
    },
    /// 认定涉嫌违法 — accept as 涉嫌违法
    Accept {
        /// 编号 — its id
        id: String,
        /// 法律依据，可重复；不给则用规则建议的 — provision; default: those the rules propose
        #[arg(long = "provision", value_name = "ID")]
        provisions: Vec<String>,
        #[command(flatten)]
        by: By,
    },
    /// 排除（不违法） — dismiss
    Dismiss {
        /// 编号 — its id
        id: String,
        /// 理由：warning、news、licensed、not-ad、duplicate、other — reason
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// 撤销上一决定 — take the last decision back
    Undo {
        /// 编号 — its id
        id: String,
        #[command(flatten)]
        by: By,
    },
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ListFormat {
    /// For people.
    Human,
    /// One JSON object per finding.
    Jsonl,
}

/// Whether contact points are shown in full: only with a reason, which is put on record with the name.
#[derive(Debug, clap::Args)]
pub struct Look {
    /// 完整显示联系方式，写明原因（记入审计） — show contact points in full, and why; that is put on record
    #[arg(long, value_name = "WHY", requires = "looker")]
    reveal: Option<String>,
    /// 查看人姓名 — who looks
    #[arg(id = "looker", long = "actor", env = "ADWATCH_ACTOR", value_name = "NAME")]
    looker: Option<String>,
}

impl Look {
    /// Puts the look on record, and says whether anything is shown in full.
    ///
    /// # Errors
    /// `Invalid` without a name or a reason.
    pub async fn revealed(&self, app: &App, object: &str) -> Result<bool> {
        let Some(why) = &self.reveal else { return Ok(false) };
        let name = self.looker.as_deref().unwrap_or_default();
        app.registry().record_reveal(&actor_of(name)?, object, why).await?;
        Ok(true)
    }
}

/// Who decides, and further words.
#[derive(Debug, clap::Args)]
pub struct By {
    /// 审核人姓名 — name of the reviewer
    #[arg(long, env = "ADWATCH_ACTOR", value_name = "NAME")]
    actor: String,
    /// 备注 — note
    #[arg(long, default_value = "")]
    pub note: String,
}

impl By {
    /// The reviewer.
    ///
    /// # Errors
    /// `Invalid` when the name is blank or too long.
    pub fn actor(&self) -> Result<Actor> {
        actor_of(&self.actor)
    }
}

fn actor_of(name: &str) -> Result<Actor> {
    Actor::person(name)
        .ok_or_else(|| Error::invalid("actor", "name the reviewer with --actor (1 to 40 characters)"))
}

/// Runs the verb. `list` exits with 1 when something is pending.
pub async fn run(command: QueueCommand, app: &App, style: Style) -> Result<Exit> {
    match command {
        QueueCommand::List { state, source, severity, search, rule, party, contact, host, limit, format } => {
            let state = match state.as_str() {
                "all" => None,
                name => Some(FindingState::parse(name).ok_or_else(|| {
                    Error::invalid(
                        "state",
                        format!(
                            "`{name}` is not one of {}, all",
                            FindingState::ALL.map(FindingState::as_str).join(", ")
                        ),
                    )
                })?),
            };
            let source = source
                .map(|id| {
                    id.parse().map_err(|error: crate::kit::id::ParseIdError| {
                        Error::invalid("source", error.to_string())
                    })
                })
                .transpose()?;
            let filter = FindingFilter {
                state,
                source,
                min_severity: severity.and_then(Severity::new),
                text: search,
                rule: rule
                    .map(|id| RuleId::parse(&id).map_err(|error| Error::invalid("rule", error.to_string())))
                    .transpose()?,
                party,
                contact,
                host,
                ..FindingFilter::default()
            };
            match format {
                ListFormat::Human => list(app, &filter, limit, style).await,
                ListFormat::Jsonl => list_jsonl(app, &filter, limit).await,
            }
        }
        QueueCommand::Show { id, look } => {
            let mut view = app.finding(&parse(&id)?).await?;
            let reveal = look.revealed(app, &id).await?;
            let contacts = app.contacts(&view.ad.id).await?;
            if !reveal {
                let found = contacts.iter().map(|listed| &listed.contact);
                view.ad.draft.text = masked_words(&view.ad.draft.text, found.clone()).into_owned();
                view.ad.draft.title = view.ad.draft.title.as_deref().map(redact::text);
                for reason in &mut view.finding.assessment.reasons {
                    reason.text = masked_mentions(&reason.text, found.clone());
                }
                for hit in &mut view.finding.hits {
                    hit.normalized = masked_mentions(&hit.normalized, found.clone());
                }
            }
            say(&show(app, &view, style));
            if !contacts.is_empty() {
                say(&contact_lines(&contacts, reveal, style));
            }
            Ok(Exit::NOTHING)
        }
        QueueCommand::Accept { id, provisions, by } => {
            let id = parse(&id)?;
            let provisions = if provisions.is_empty() {
                app.finding(&id).await?.finding.assessment.provisions
            } else {
                let parsed: std::result::Result<Vec<ProvisionId>, _> =
                    provisions.iter().map(|id| id.parse()).collect();
                parsed.map_err(|error| Error::invalid("provision", error.to_string()))?
            };
            decide(app, &id, Verdict::Accept { provisions }, &by, style).await
        }
        QueueCommand::Dismiss { id, reason, by } => {
            let reason = DismissReason::parse(&reason).ok_or_else(|| {
                let known: Vec<&str> = DismissReason::ALL.iter().map(|reason| reason.as_str()).collect();
                Error::invalid("reason", format!("`{reason}` is not one of {}", known.join(", ")))
            })?;
            decide(app, &parse(&id)?, Verdict::Dismiss { reason }, &by, style).await
        }
        QueueCommand::Undo { id, by } => decide(app, &parse(&id)?, Verdict::Undo, &by, style).await,
    }
}

async fn list(app: &App, filter: &FindingFilter, limit: u32, style: Style) -> Result<Exit> {
    let page = app.queue(filter, None, limit).await?;
    for item in &page.findings {
        say(&line(item, style));
    }
    let counts = app.queue_counts(&FindingFilter::default()).await?;
    say(&style.dim(&match style.lang {
        Lang::Zh => {
            let open = counts.pending + counts.second_review + counts.needs_evidence;
            format!("待审 {open}，已认定 {}，已排除 {}", counts.accepted, counts.dismissed)
        }
        Lang::En => format!(
            "{} pending, {} accepted, {} dismissed",
            counts.pending + counts.second_review + counts.needs_evidence,
            counts.accepted,
            counts.dismissed
        ),
    }));
    if let Some(first) = page.findings.first() {
        say(&style.dim(&format!("adwatch queue show {}", first.finding.id)));
    }
    let pending = filter.state == Some(FindingState::Pending) && !page.findings.is_empty();
    Ok(if pending { Exit::FINDINGS } else { Exit::NOTHING })
}

/// One object per finding; fields are documented in `docs/operations.md` and only ever added to.
async fn list_jsonl(app: &App, filter: &FindingFilter, limit: u32) -> Result<Exit> {
    let page = app.queue(filter, None, limit).await?;
    for view in &page.findings {
        let assessment = &view.finding.assessment;
        let object = serde_json::json!({
            "id": view.finding.id.as_str(),
            "state": view.finding.state.as_str(),
            "severity": assessment.severity.map(Severity::level),
            "priority": assessment.priority,
            "rules": asserted_rules(&view.finding.hits),
            "provisions": assessment.provisions.iter().map(ProvisionId::as_str).collect::<Vec<_>>(),
            "title": view.ad.draft.title.as_deref().map(redact::text),
            "text": redact::in_place(&view.ad.draft.text),
            "n_sightings": view.ad.n_sightings,
            "first_seen_at": view.ad.first_seen_at.rfc3339(),
            "last_seen_at": view.ad.last_seen_at.rfc3339(),
        });
        say(&object.to_string());
    }
    Ok(if page.findings.is_empty() { Exit::NOTHING } else { Exit::FINDINGS })
}

/// One finding as two lines: what it is, and the words.
pub fn line(view: &ListedFinding, style: Style) -> String {
    let assessment = &view.finding.assessment;
    let level = assessment.severity.map_or(0, Severity::level);
    let rules = asserted_rules(&view.finding.hits);
    let head = format!(
        "{} {} {}  {}",
        style.severity(level, &format!("{level} {}", style.lang.pick("级", "sev"))),
        style.bold(view.finding.id.as_str()),
        pad(priority_word(assessment.priority, style.lang), 4),
        style.dim(&rules.join(" ")),
    );
    format!("{head}\n    {}", excerpt(style, &redact::in_place(&view.ad.draft.text), &view.finding.hits, 24))
}

/// 高, 中 or 低: people do not understand bare scores.
pub fn priority_word(priority: f64, lang: Lang) -> &'static str {
    match (priority, lang) {
        (0.85.., Lang::Zh) => "高",
        (0.65.., Lang::Zh) => "中",
        (_, Lang::Zh) => "低",
        (0.85.., Lang::En) => "high",
        (0.65.., Lang::En) => "mid",
        (_, Lang::En) => "low",
    }
}

fn asserted_rules(hits: &[Hit]) -> Vec<&str> {
    let mut rules: Vec<&str> =
        hits.iter().filter(|hit| hit.status.is_asserted()).map(|hit| hit.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

fn show(app: &App, view: &FindingView, style: Style) -> String {
    use std::fmt::Write as _;
    let lang = style.lang;
    let finding = &view.finding;
    let mut text = String::new();
    let title = view.ad.draft.title.as_deref().map(inert).unwrap_or_default();
    let level = finding.assessment.severity.map_or(0, Severity::level);
    let _ = writeln!(
        text,
        "{}  {}  {}",
        style.bold(finding.id.as_str()),
        style.severity(
            level,
            &format!("{} {level}", lang.pick("涉嫌违法，严重程度", "flagged (涉嫌), severity"))
        ),
        finding.state.as_str()
    );
    let _ = writeln!(text, "{title}\n\n{}\n", excerpt(style, &view.ad.draft.text, &finding.hits, 400));
    let _ = writeln!(text, "{}", style.bold(lang.pick("理由", "Reasons")));
    for reason in &finding.assessment.reasons {
        let _ = writeln!(
            text,
            "  · {} {}",
            reason.text,
            style.dim(&format!("({}, {:.2})", reason.code, reason.weight))
        );
    }
    let _ = writeln!(text, "\n{}", style.bold(lang.pick("命中", "Hits")));
    for hit in &finding.hits {
        let words = inert(hit.span.of(&view.ad.draft.text));
        let rule = app.pack().rule(&hit.rule).map_or("", |rule| rule.title.as_str());
        let mark = if hit.status.is_asserted() {
            style.severity(hit.severity.level(), "●")
        } else {
            style.good("○")
        };
        let _ = writeln!(
            text,
            "  {mark} “{words}”  {} {rule}  {} {}",
            hit.rule,
            hit.status.as_str(),
            style.dim(hit.because.as_deref().unwrap_or_default())
        );
        if !hit.transforms.is_empty() {
            let _ = writeln!(
                text,
                "      {} “{}” ({})",
                lang.pick("读作", "read as"),
                inert(&hit.normalized),
                hit.transforms.join(", ")
            );
        }
    }
    let _ = writeln!(text, "\n{}", style.bold(lang.pick("建议法律依据", "Proposed provisions")));
    for provision in finding.assessment.provisions.iter().filter_map(|id| app.pack().provisions.get(id)) {
        let _ = writeln!(
            text,
            "  {} {}\n      {}",
            provision.id,
            provision.citation(),
            style.dim(&provision.text)
        );
    }
    let _ = writeln!(text, "\n{}", style.bold(lang.pick("出现", "Sightings")));
    for sighting in view.sightings.iter().take(10) {
        let _ = writeln!(
            text,
            "  {}  {}  {}",
            sighting.seen_at.beijing(),
            sighting.source_id,
            inert(&sighting.page_url)
        );
    }
    if view.ad.n_sightings > 10 {
        let _ = writeln!(text, "  … {}", view.ad.n_sightings);
    }
    if !view.decisions.is_empty() {
        let _ = writeln!(text, "\n{}", style.bold(lang.pick("决定", "Decisions")));
        for decision in &view.decisions {
            let _ = writeln!(
                text,
                "  {}  {}  {}  {}",
                decision.at.beijing(),
                decision.actor,
                decision.verdict.as_str(),
                inert(&decision.note)
            );
        }
    }
    text.trim_end().to_owned()
}

/// Contact points, masked unless asked for: what is on a terminal ends up in copies.
fn contact_lines(contacts: &[ListedContact], reveal: bool, style: Style) -> String {
    use std::fmt::Write as _;
    let lang = style.lang;
    let mut text = format!("\n{}", style.bold(lang.pick("联系方式", "Contact points")));
    let mut shown = std::collections::BTreeSet::new();
    for ListedContact { contact, n_ads } in contacts {
        if !shown.insert((contact.kind, &contact.value)) {
            continue;
        }
        let value = if reveal { contact.value.clone() } else { contact.masked() };
        let reach = match lang {
            Lang::Zh => format!("见于 {n_ads} 条"),
            Lang::En => format!("in {n_ads} ads"),
        };
        let title = lang.pick(contact.kind.title_zh(), contact.kind.title_en());
        let _ = write!(text, "\n  {title}  {}  {}", inert(&value), style.dim(&reach));
    }
    text
}

async fn decide(app: &App, id: &FindingId, verdict: Verdict, by: &By, style: Style) -> Result<Exit> {
    let actor = by.actor()?;
    let decision = app.decide(&actor, id, verdict, &by.note).await?;
    say(&format!(
        "{} {id}  {}  {}  {}",
        style.good("✓"),
        decision.verdict.as_str(),
        decision.actor,
        decision.at.beijing()
    ));
    if matches!(decision.verdict, Verdict::Accept { .. }) {
        let lead = LeadId::of(id);
        say(&style.dim(&format!(
            "adwatch evidence seal {id} --actor {}   |   adwatch lead show {lead}",
            decision.actor
        )));
    }
    Ok(Exit::NOTHING)
}

fn parse(id: &str) -> Result<FindingId> {
    FindingId::parse(id).map_err(|error| Error::invalid("id", error.to_string()))
}
