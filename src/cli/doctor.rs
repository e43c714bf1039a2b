//! `adwatch doctor`: is everything in order?

use super::exit::Exit;
use super::out::{Style, pad};
use super::say;
use crate::app::{App, Result};

/// Prints one line per check. Exit code 1 when something is wrong.
pub async fn run(app: &App, style: Style) -> Result<Exit> {
    let checks = app.check_health().await?;
    for check in &checks {
        let mark = if check.fine { style.good("✓") } else { style.severity(4, "✗") };
        say(&format!("{mark} {}  {}", pad(style.lang.pick(check.zh, check.en), 14), check.detail));
    }
    Ok(if checks.iter().all(|check| check.fine) { Exit::NOTHING } else { Exit::FINDINGS })
}
