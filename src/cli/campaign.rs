//! `adwatch campaign`, `adwatch party` and `adwatch picture`: what ads have in common, who stands behind them, and reading
//! pictures that wait.

use super::exit::Exit;
use super::out::{Lang, Style, inert, pad, pad_left};
use super::queue::Look;
use super::say;
use crate::app::campaigns::{CampaignFile, CampaignLine, PartyLine};
use crate::app::{App, Error, Result};
use crate::domain::campaign::{CampaignId, Tie};
use crate::domain::user::Actor;
use crate::kit::redact;

/// Characters of an ad's words in a list.
const SHOWN_CHARS: usize = 36;

/// Verbs of `campaign`.
#[derive(Debug, clap::Subcommand)]
pub enum CampaignCommand {
    /// 列出推广活动，广告多的在前 — list campaigns, those with the most ads first
    List {
        /// 最多几个 — at most this many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// 查看一个推广活动：广告、关联理由、主体 — one campaign: its ads, why they belong together, who is named
    Show {
        /// 编号 — its id
        id: String,
        #[command(flatten)]
        look: Look,
    },
}

/// Verbs of `party`.
#[derive(Debug, clap::Subcommand)]
pub enum PartyCommand {
    /// 列出涉嫌广告中的主体 — list parties that flagged ads name
    List {
        /// 最多几个 — at most this many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// 查看一个主体两年内的情况 — what was decided about its ads within two years
    Show {
        /// 名称 — its name, as `list` shows it
        name: String,
    },
}

/// Verbs of `picture`.
#[derive(Debug, clap::Subcommand)]
pub enum PictureCommand {
    /// 立即识别待识别的图片 — read pictures that wait, now
    Read,
}

/// Runs a verb of `campaign`.
pub async fn run(command: CampaignCommand, app: &App, style: Style) -> Result<Exit> {
    match command {
        CampaignCommand::List { limit } => {
            let lines = app.campaigns(&Actor::machine(), limit).await?;
            for line in &lines {
                say(&campaign_line(line, style));
            }
            if lines.is_empty() {
                say(style.lang.pick("还没有相互关联的广告。", "No ads are linked yet."));
            }
        }
        CampaignCommand::Show { id, look } => {
            let id = CampaignId::parse(&id).map_err(|error| Error::invalid("id", error.to_string()))?;
            let file = app.campaign(&Actor::machine(), &id).await?;
            let reveal = look.revealed(app, id.as_str()).await?;
            say(&campaign_text(&file, reveal, style));
            for view in app.parties_of_campaign(&file.line.id).await? {
                say(&party_line(&view.line, style));
                for reason in &view.repeat.view.reasons {
                    say(&format!("    {}", style.severity(3, reason.sentence_zh())));
                }
            }
        }
    }
    Ok(Exit::NOTHING)
}

/// Runs a verb of `party`.
pub async fn run_party(command: PartyCommand, app: &App, style: Style) -> Result<Exit> {
    let lang = style.lang;
    match command {
        PartyCommand::List { limit } => {
            let lines = app.parties(limit).await?;
            for line in &lines {
                say(&party_line(line, style));
            }
            if lines.is_empty() {
                say(lang.pick("涉嫌广告中还没有可识别的主体。", "No flagged ad names a party yet."));
            }
        }
        PartyCommand::Show { name } => {
            let view = app.party(&name).await?;
            say(&party_line(&view.line, style));
            let repeat = &view.repeat.view;
            let (since, n) = (repeat.since.beijing(), repeat.accepted.len());
            say(&match lang {
                Lang::Zh => format!(
                    "  自 {since} 起认为涉嫌违法 {n} 件；行政处罚只含本系统内案件的决定，其他请另行查询"
                ),
                Lang::En => format!(
                    "  since {since}: {n} findings accepted; only penalties of cases on record here are counted"
                ),
            });
            for (finding, at) in &repeat.accepted {
                say(&format!("  {} {}", style.bold(finding.as_str()), style.dim(&at.beijing())));
            }
            for penalty in &repeat.penalties {
                say(&format!("  {} {}", inert(&penalty.document), style.dim(&penalty.at.beijing())));
            }
            for reason in &repeat.reasons {
                say(&format!("  {}", style.severity(3, reason.sentence_zh())));
            }
        }
    }
    Ok(Exit::NOTHING)
}

/// Runs a verb of `picture`. Exit code 3 when there is nothing that reads.
pub async fn run_picture(command: PictureCommand, app: &App, style: Style) -> Result<Exit> {
    let PictureCommand::Read = command;
    if let Err(error) = app.picture_reader().program() {
        return Ok(Exit { code: 3, message: Some(error.to_string()) });
    }
    let mut total = crate::app::pictures::PicturesRead::default();
    loop {
        let done = app.read_waiting_pictures().await?;
        total.n_read += done.n_read;
        total.n_failed += done.n_failed;
        total.n_ads += done.n_ads;
        total.n_new_findings += done.n_new_findings;
        total.n_waiting = done.n_waiting;
        if done.n_read == 0 {
            break;
        }
    }
    let crate::app::pictures::PicturesRead { n_read, n_failed, n_ads, n_new_findings, n_waiting } = total;
    say(&match style.lang {
        Lang::Zh => format!(
            "识别图片 {n_read} 张，{n_ads} 条广告有了新文字，新待审 {n_new_findings}；未能识别 {n_failed}，仍待识别 {n_waiting}"
        ),
        Lang::En => format!(
            "{n_read} pictures read, {n_ads} ads have more words, {n_new_findings} new findings; {n_failed} not readable now, {n_waiting} wait"
        ),
    });
    Ok(Exit::NOTHING)
}

fn campaign_line(line: &CampaignLine, style: Style) -> String {
    let counts = match style.lang {
        Lang::Zh => format!(
            "{} 条广告  待审 {}  涉嫌违法 {}  已排除 {}",
            line.n_ads, line.n_pending, line.n_accepted, line.n_dismissed
        ),
        Lang::En => format!(
            "{} ads  {} pending  {} accepted  {} dismissed",
            line.n_ads, line.n_pending, line.n_accepted, line.n_dismissed
        ),
    };
    format!("{}  {counts}  {}", style.bold(line.id.as_str()), style.dim(&line.updated_at.beijing()))
}

fn campaign_text(file: &CampaignFile, reveal: bool, style: Style) -> String {
    let lang = style.lang;
    let mut lines = vec![campaign_line(&file.line, style)];
    lines.push(style.bold(lang.pick("共同点", "in common")));
    for tie in &file.ties {
        let (kind, value) = tie_words(&tie.tie, reveal, style);
        lines.push(format!("  {} {} {}", pad_left(&tie.n_ads.to_string(), 4), pad(kind, 18), value));
    }
    lines.push(style.bold(lang.pick("广告", "ads")));
    for member in &file.members {
        let words: String = member.ad.draft.text.chars().take(SHOWN_CHARS).collect();
        let words = if reveal { words } else { redact::text(&words) };
        let finding = member.finding.as_ref().map_or("-", |(id, _)| id.as_str());
        let mark = if member.is_variant { lang.pick("（变体）", " (variant)") } else { "" };
        let n = member.ad.n_sightings;
        lines.push(format!("  {} {finding}{mark} ×{n}  {}", short(member.ad.id.as_str()), inert(&words)));
    }
    lines.push(style.bold(lang.pick("每条关联的理由", "why each is linked")));
    for link in &file.links {
        let (kind, value) = tie_words(&link.tie, reveal, style);
        let (ad, other) = (short(link.ad.as_str()), short(link.other.as_str()));
        lines.push(format!("  {ad} → {other}  {kind} {value}  {}", style.dim(&link.at.beijing())));
    }
    lines.join("\n")
}

fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

fn tie_words(tie: &Tie, reveal: bool, style: Style) -> (&'static str, String) {
    let label = tie.kind.label();
    let value = if reveal { tie.value.clone() } else { tie.masked() };
    (if style.lang == Lang::Zh { label.zh } else { label.en }, inert(&value))
}

fn party_line(line: &PartyLine, style: Style) -> String {
    let code = line.credit_code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
    let counts = match style.lang {
        Lang::Zh => format!("{} 条涉嫌广告，认为涉嫌违法 {} 件", line.n_ads, line.n_accepted),
        Lang::En => format!("{} flagged ads, {} findings accepted", line.n_ads, line.n_accepted),
    };
    format!("{}{code}  {counts}", style.bold(&inert(&line.name)))
}
