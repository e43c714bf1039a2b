//! `adwatch recheck`: whether ads still stand where they were seen.

use super::exit::Exit;
use super::out::{Style, inert, pad};
use super::queue::By;
use super::say;
use super::step::lead_id;
use crate::app::{App, Result};
use crate::domain::recheck::{Recheck, RecheckResult};

/// Looks again at the pages of one lead or case, or at all that are due after an order.
#[derive(Debug, clap::Args)]
pub struct RecheckArgs {
    /// 线索或案件编号；不填则复查所有到期的 — a lead or case; without one all that are due
    id: Option<String>,
    #[command(flatten)]
    by: By,
}

/// Runs the verb; ends with 1 when an ad still stands somewhere, unchanged or changed.
pub async fn run(args: RecheckArgs, app: &App, style: Style) -> Result<Exit> {
    let actor = args.by.actor()?;
    let done = match &args.id {
        Some(id) => {
            let id = lead_id(id)?;
            let looks = app.recheck(&actor, &id).await?;
            vec![(id, looks)]
        }
        None => app.recheck_due(&actor).await?,
    };
    for (id, looks) in &done {
        say(&style.bold(id.as_str()));
        for look in looks {
            say(&line(look, style));
        }
    }
    if done.is_empty() {
        say(style.lang.pick("没有到期的复查。", "No recheck is due."));
    }
    let stands = |look: &Recheck| matches!(look.result, RecheckResult::StillThere | RecheckResult::Changed);
    Ok(if done.iter().flat_map(|(_, looks)| looks).any(stands) { Exit::FINDINGS } else { Exit::NOTHING })
}

fn line(look: &Recheck, style: Style) -> String {
    let label = look.result.label();
    let name = pad(style.lang.pick(label.zh, label.en), 12);
    format!("  {} {name} {}  {}", look.at.beijing(), inert(&look.url), style.dim(&inert(&look.detail)))
}
