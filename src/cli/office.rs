//! `adwatch office`: offices, and who and what belongs to them.

use super::exit::Exit;
use super::out::{Style, pad};
use super::say;
use super::user::{By, actor};
use crate::app::{App, Error, Result};
use crate::domain::office::OfficeId;
use crate::domain::source::SourceId;
use crate::domain::user::Actor;

/// Verbs of `office`.
#[derive(Debug, clap::Subcommand)]
pub enum OfficeCommand {
    /// 新增机构 — add an office
    Add {
        /// 代号，例如 jiangzhou-dong — its id
        id: String,
        /// 名称，例如 江州市东区市场监督管理局 — what people call it
        #[arg(long)]
        name: String,
        /// 上级机构的代号 — the office above it
        #[arg(long, value_name = "OFFICE")]
        parent: Option<String>,
        #[command(flatten)]
        by: By,
    },
    /// 列出机构、人员、监测源与未决数 — list offices with people, sources and what is open
    List,
    /// 人员归属机构；不给机构则看到全部 — the office of a person; without one they see everything
    User {
        /// 用户名 — whose
        name: String,
        /// 机构代号 — the office
        office: Option<String>,
        #[command(flatten)]
        by: By,
    },
    /// 监测源归属机构；未决内容一并转移 — the office of a source; what is open goes along
    Source {
        /// 监测源编号 — which source
        source: String,
        /// 机构代号 — the office
        office: Option<String>,
        #[command(flatten)]
        by: By,
    },
}

/// Runs the verb.
pub async fn run(command: OfficeCommand, app: &App, style: Style) -> Result<Exit> {
    let done = style.good("✓");
    match command {
        OfficeCommand::Add { id, name, parent, by } => {
            let office = app.registry().add_office(&actor(&by)?, &id, &name, parent.as_deref()).await?;
            say(&format!("{done} {}  {}", office.id, office.name));
            say(&style.dim(&format!("adwatch office source SOURCE {}", office.id)));
        }
        OfficeCommand::List => {
            for line in app.office_lines(&Actor::machine()).await? {
                let counts = line.counts;
                let n_open = counts.pending + counts.second_review + counts.needs_evidence;
                let people = match line.people.is_empty() {
                    true => style.lang.pick("（无人员）", "(nobody)").to_owned(),
                    false => line.people.join("、"),
                };
                let under = line.office.parent.map(|parent| format!(" ← {parent}")).unwrap_or_default();
                let sources = line.sources.iter().map(SourceId::as_str).collect::<Vec<_>>().join(" ");
                say(&format!(
                    "{}  {}{under}  {} {n_open}/{}  {people}  {}",
                    pad(line.office.id.as_str(), 16),
                    line.office.name,
                    style.lang.pick("未决", "open"),
                    counts.all(),
                    style.dim(&sources)
                ));
            }
        }
        OfficeCommand::User { name, office, by } => {
            let office = parse(office)?;
            app.registry().set_user_office(&actor(&by)?, &name, office.as_ref()).await?;
            say(&format!("{done} {name}"));
        }
        OfficeCommand::Source { source, office, by } => {
            let office = parse(office)?;
            let id = SourceId::parse(&source).map_err(|error| Error::invalid("source", error.to_string()))?;
            let n = app.set_source_office(&actor(&by)?, &id, office.as_ref()).await?;
            let along = style.lang.pick("条未决内容一并转移", "open findings went along");
            say(&format!("{done} {id}  {n} {along}"));
        }
    }
    Ok(Exit::NOTHING)
}

fn parse(office: Option<String>) -> Result<Option<OfficeId>> {
    let parse =
        |id: String| OfficeId::parse(&id).map_err(|error| Error::invalid("office", error.to_string()));
    office.map(parse).transpose()
}
