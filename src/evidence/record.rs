//! 电子数据提取笔录: the record of how the data was obtained, filled from what is known, with blanks for people.
//!
//! Items follow 市场监督管理行政处罚程序规定 arts 23–28 and, for what is checked after a transfer,
//! 人民检察院办理网络犯罪案件规定 art 37: address, method, tool, time, environment, digests, signatures.

use askama::Template;

use super::input::{CaptureInput, PackageInput};
use super::package::capture_path;
use crate::domain::capture::{CaptureId, ClockState, Provenance};
use crate::domain::evidence::PackageId;
use crate::domain::review::Verdict;
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

/// 时间来源, as the record says it.
pub(super) fn clock_words(clock: &ClockState) -> String {
    let own = "本机系统时钟（UTC）";
    let Some(server) = &clock.server else { return format!("{own}，未与标准时间源核对") };
    match (clock.offset_ms, clock.error_ms, clock.measured_at) {
        (Some(offset_ms), Some(error_ms), Some(at)) => format!(
            "{own}，{} 与时间服务器 {server} 核对：偏差 {offset_ms:+} 毫秒（误差 ±{error_ms} 毫秒）",
            at.beijing()
        ),
        _ => format!("{own}，时间服务器 {server} 未应答，未核对"),
    }
}

/// Where the capture log names a capture, and whether that head is time-stamped.
pub(super) fn logged(input: &PackageInput, id: &CaptureId) -> Option<String> {
    let log = input.logs.iter().find(|log| log.documents.iter().any(|(known, _)| known == id))?;
    let (_, document) = log.documents.iter().find(|(known, _)| known == id)?;
    let digest = sha256_hex(document.as_bytes());
    let link = log.links.iter().find(|link| link.digest == digest)?;
    let stamps = match log.tokens.as_slice() {
        [] => "尚无时间戳".to_owned(),
        tokens => {
            let names: Vec<&str> = tokens.iter().map(|token| token.authority.as_str()).collect();
            format!("有时间戳（{}）", names.join("、"))
        }
    };
    Some(format!("{} 第 {} 条，链值 {}，{stamps}", log.day, link.ordinal, link.hash))
}

/// Whether this is a copy for sharing, and of what.
pub(super) fn copy_words(input: &PackageInput) -> String {
    match &input.masked_from {
        None => "完整证据包".to_owned(),
        Some(from) => format!(
            "遮盖副本：原件为 {}（SHA-256 {}）；已遮盖与广告主无关的个人信息 {} 处，未附图片等文件 {} 个；\
             原始数据以原件为准",
            from.package_id, from.seal_sha256, from.n_masked, from.n_left_out
        ),
    }
}

/// 案由: what kinds of breach are suspected.
pub(super) fn cause(input: &PackageInput) -> String {
    let tracks = &input.finding.assessment.tracks;
    let cause: Vec<&str> = tracks.iter().map(|track| track.label().zh).collect();
    if cause.is_empty() { "涉嫌违法广告".to_owned() } else { cause.join("；") }
}

/// What the program called itself, each once.
pub(super) fn user_agents(input: &PackageInput) -> Vec<&str> {
    let mut user_agents: Vec<&str> = input
        .captures
        .iter()
        .flat_map(|captured| &captured.capture.exchange.request_headers)
        .filter(|(name, _)| name.eq_ignore_ascii_case("user-agent"))
        .map(|(_, value)| value.as_str())
        .collect();
    user_agents.sort_unstable();
    user_agents.dedup();
    user_agents
}

struct Facts<'a> {
    input: &'a PackageInput,
    id: &'a PackageId,
    cause: String,
    copy: String,
    review: String,
    began_at: Option<UnixMs>,
    ended_at: Option<UnixMs>,
    user_agents: Vec<&'a str>,
    items: Vec<Item<'a>>,
}

/// One capture with its place in the package.
struct Item<'a> {
    file: String,
    captured: &'a CaptureInput,
}

impl Item<'_> {
    /// `01`: how the names of its files begin.
    fn number(&self) -> String {
        self.file.trim_start_matches("captures/").chars().take_while(char::is_ascii_digit).collect()
    }
}

#[derive(Template)]
#[template(path = "record.txt", escape = "none")]
struct TextRecord<'a> {
    facts: Facts<'a>,
}

#[derive(Template)]
#[template(path = "record.html")]
struct HtmlRecord<'a> {
    facts: Facts<'a>,
}

/// `record.txt`.
pub(super) fn text(input: &PackageInput, id: &PackageId) -> anyhow::Result<String> {
    Ok(TextRecord { facts: facts(input, id) }.render()?)
}

/// `record.html`, for printing.
pub(super) fn page(input: &PackageInput, id: &PackageId) -> anyhow::Result<String> {
    Ok(HtmlRecord { facts: facts(input, id) }.render()?)
}

fn facts<'a>(input: &'a PackageInput, id: &'a PackageId) -> Facts<'a> {
    let exchanges = || input.captures.iter().map(|captured| &captured.capture.exchange);
    let numbered = input.captures.iter().enumerate();
    Facts {
        input,
        id,
        cause: cause(input),
        copy: copy_words(input),
        review: review(input),
        began_at: exchanges().map(|exchange| exchange.started_at).min(),
        ended_at: exchanges().map(|exchange| exchange.finished_at).max(),
        user_agents: user_agents(input),
        items: numbered
            .map(|(index, captured)| Item { file: capture_path(index, &captured.capture), captured })
            .collect(),
    }
}

/// What people decided so far; a record no person reviewed is no evidence yet (行政处罚法 art 41).
pub(super) fn review(input: &PackageInput) -> String {
    let Some(last) = input.decisions.last() else { return "尚未经人工审核".to_owned() };
    let said = match &last.verdict {
        Verdict::Accept { provisions } => {
            let cited = provisions.iter().map(|id| match input.provision(id.as_str()) {
                Some(provision) => provision.citation(),
                None => id.to_string(),
            });
            format!("认为涉嫌违法，依据{}", cited.collect::<Vec<_>>().join("、"))
        }
        Verdict::Dismiss { reason } => format!("排除，理由：{}", reason.label().zh),
        Verdict::NeedEvidence => "认为证据不足，待补充".to_owned(),
        Verdict::AskSecond => "提请他人复核".to_owned(),
        Verdict::Undo => "撤销前一决定，恢复待审".to_owned(),
    };
    format!("{} 于 {} {said}", last.actor, last.at.beijing())
}

impl Facts<'_> {
    /// 时钟来源与偏差 when sealing.
    fn sealing_clock(&self) -> String {
        clock_words(&self.input.software.clock)
    }

    /// 时钟来源与偏差 of one capture.
    #[expect(clippy::unused_self, reason = "templates reach functions through their data")]
    fn clock(&self, provenance: &Provenance) -> String {
        clock_words(&provenance.clock)
    }

    fn logged(&self, id: &CaptureId) -> Option<String> {
        logged(self.input, id)
    }

    /// Captured words on one line: a line feed or a direction override in a title must not forge the record's own lines.
    #[expect(clippy::unused_self, reason = "templates reach functions through their data")]
    fn line(&self, captured: &str) -> String {
        captured
            .chars()
            .map(|c| match c {
                '\u{200e}'
                | '\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{2028}'
                | '\u{2029}' => '\u{fffd}',
                c if c.is_control() => ' ',
                c => c,
            })
            .collect()
    }
}
