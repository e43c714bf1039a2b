//! 电子数据提取笔录: the record of how the data was obtained, filled from what is known, with blanks for people.
//!
//! Items follow 市场监督管理行政处罚程序规定 arts 23–28 and, for what is checked after a transfer,
//! 人民检察院办理网络犯罪案件规定 art 37: address, method, tool, time, environment, digests, signatures.

use askama::Template;

use super::input::{CaptureInput, PackageInput};
use super::package::capture_path;
use crate::domain::evidence::PackageId;
use crate::domain::review::Verdict;
use crate::kit::clock::UnixMs;

struct Facts<'a> {
    input: &'a PackageInput,
    id: &'a PackageId,
    cause: String,
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
    let tracks = &input.finding.assessment.tracks;
    let cause: Vec<&str> = tracks.iter().map(|track| track.label().zh).collect();
    let exchanges = || input.captures.iter().map(|captured| &captured.capture.exchange);
    let mut user_agents: Vec<&str> = exchanges()
        .flat_map(|exchange| &exchange.request_headers)
        .filter(|(name, _)| name.eq_ignore_ascii_case("user-agent"))
        .map(|(_, value)| value.as_str())
        .collect();
    user_agents.sort_unstable();
    user_agents.dedup();
    let numbered = input.captures.iter().enumerate();
    Facts {
        input,
        id,
        cause: if cause.is_empty() { "涉嫌违法广告".to_owned() } else { cause.join("；") },
        review: review(input),
        began_at: exchanges().map(|exchange| exchange.started_at).min(),
        ended_at: exchanges().map(|exchange| exchange.finished_at).max(),
        user_agents,
        items: numbered
            .map(|(index, captured)| Item { file: capture_path(index, &captured.capture), captured })
            .collect(),
    }
}

/// What people decided so far; a record no person reviewed is no evidence yet (行政处罚法 art 41).
fn review(input: &PackageInput) -> String {
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
