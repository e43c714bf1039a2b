//! `adwatch evidence`: seal, verify and list packages.

use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::out::Style;
use super::say;
use crate::app::{App, Error, Result};
use crate::domain::finding::FindingId;
use crate::domain::user::Actor;

/// Verbs of `evidence`.
#[derive(Debug, clap::Subcommand)]
pub enum EvidenceCommand {
    /// 封存一个待审项的证据 — seal the evidence of a finding
    Seal {
        /// 待审项编号 — id of the finding
        finding: String,
        /// 写到哪个文件夹 — folder to write into; default: evidence in the data folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// 操作人姓名 — who seals
        #[arg(long, env = "ADWATCH_ACTOR", value_name = "NAME")]
        actor: String,
    },
    /// 校验证据包（无需数据库） — verify a package; needs no database
    Verify {
        /// 证据包文件夹 — the package
        path: PathBuf,
    },
    /// 列出一个待审项的证据包 — packages of a finding
    List {
        /// 待审项编号 — id of the finding
        finding: String,
    },
}

/// Runs the verb.
pub async fn run(command: EvidenceCommand, app: &App, style: Style) -> Result<Exit> {
    match command {
        EvidenceCommand::Seal { finding, out, actor } => {
            let actor = Actor::person(&actor)
                .ok_or_else(|| Error::invalid("actor", "name who seals with --actor (1 to 40 characters)"))?;
            seal(app, &actor, &parse(&finding)?, out, style).await?;
            Ok(Exit::NOTHING)
        }
        EvidenceCommand::Verify { path } => Ok(verify(&path, style)),
        EvidenceCommand::List { finding } => {
            for package in app.evidence_packages(&parse(&finding)?).await? {
                say(&format!("{}  {}  {}", package.id, package.sealed_at.beijing(), package.location));
            }
            Ok(Exit::NOTHING)
        }
    }
}

/// Seals and says how to check the package.
pub async fn seal(
    app: &App,
    actor: &Actor,
    id: &FindingId,
    out: Option<PathBuf>,
    style: Style,
) -> Result<()> {
    let sealed = app.seal(actor, id, out).await?;
    let path = sealed.path.display();
    say(&format!(
        "{} {}",
        style.good(style.lang.pick("证据包已封存", "evidence package sealed")),
        style.bold(&path.to_string())
    ));
    say(&format!(
        "  {} {}, SHA256SUMS {}",
        sealed.n_files,
        style.lang.pick("个文件", "files"),
        style.dim(&sealed.sums_sha256)
    ));
    say(&style.dim(style.lang.pick("  校验（任选其一）：", "  check it (either way):")));
    say(&format!("    adwatch evidence verify {path}"));
    say(&format!("    cd {path} && sha256sum -c SHA256SUMS"));
    Ok(())
}

/// Checks a package and names every deviation. Exit code 1 when there is one, 2 when it is no package.
pub fn verify(path: &Path, style: Style) -> Exit {
    let verification = match crate::evidence::verify(path, None) {
        Ok(verification) => verification,
        Err(error) => return Exit::usage(format!("{} is not an evidence package: {error}", path.display())),
    };
    let seal = &verification.seal_sha256;
    if verification.is_intact() {
        say(&format!(
            "{} {} {} {}",
            style.good("✓"),
            verification.n_files,
            style.lang.pick("个文件，每个都与校验清单一致；", "files, each agrees with the manifest;"),
            style.dim(&format!("SHA256SUMS {seal}")),
        ));
        return Exit::NOTHING;
    }
    for deviation in &verification.deviations {
        say(&format!(
            "{} {} {}: {}",
            style.severity(4, "✗"),
            deviation.kind.as_str(),
            deviation.path,
            deviation.detail
        ));
    }
    Exit::FINDINGS
}

fn parse(id: &str) -> Result<FindingId> {
    FindingId::parse(id).map_err(|error| Error::invalid("finding", error.to_string()))
}
