//! `adwatch evidence`: seal, verify, list, show and hand over packages.

use std::path::{Path, PathBuf};

use super::evidence_keep as keep;
use super::exit::Exit;
use super::out::Style;
use super::say;
use crate::app::{App, Config, Error, Printed, Result};
use crate::domain::evidence::PackageId;
use crate::domain::finding::FindingId;
use crate::domain::user::Actor;
use crate::evidence::{Beside, Expected, Reports, Verdict, Verification, VerifyError};

/// Packages that `evidence list` shows at most.
const MAX_LISTED: u32 = 1_000;

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
    /// 校验证据包（无需数据库；有数据库时与保管链台账比对） — verify a package; needs no database, asks its ledger when there is one
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// 列出证据包 — list packages, of one finding or all
    List {
        /// 待审项编号 — id of the finding
        finding: Option<String>,
    },
    /// 查看证据包的保管链 — a package and what happened to it
    Show {
        /// 证据包编号 — id of the package
        package: String,
        /// 操作人姓名 — who looks; recorded
        #[arg(long, env = "ADWATCH_ACTOR", value_name = "NAME")]
        actor: String,
    },
    /// 打印证据包的报告（PDF，需要本机有 Chromium） — print the report of a package to PDF
    Report {
        /// 证据包编号 — id of the package
        package: String,
        /// 操作人姓名 — who prints; recorded
        #[arg(long, env = "ADWATCH_ACTOR", value_name = "NAME")]
        actor: String,
    },
    /// 采集日志：列出、输出、校验 — the capture log
    #[command(subcommand)]
    Log(super::evidence_log::LogCommand),
    /// 向时间戳机构索取尚缺的时间戳 — ask for the time stamps that packages and capture logs wait for
    Stamp,
    /// 移交证据包的副本 — hand over a copy of a package
    Export(keep::ExportArgs),
    /// 记录移交的回执，或者列出尚未签收的移交 — record the receipt of a hand-over, or list what waits for one
    Receipt(keep::ReceiptArgs),
    /// 收存其他单位的证据包（先校验） — take in a package of another office, verified first
    Import(keep::ImportArgs),
    /// 保留证据包，期满也不处置 — keep a package whatever its term says
    Hold(keep::HoldArgs),
    /// 保管期限：列出，或者销毁已到期的 — terms of keeping; dispose of what is due
    Retention(keep::RetentionArgs),
}

const VERIFY_HELP: &str = "\
退出码 exit codes: 0 与封存时一致 as sealed · 1 有改动 changed · 2 不是证据包或用法错误 no package, or wrong usage ·
3 读取失败 cannot be read · 4 自身完整，但封存值或公钥与预期不符（被整体替换） whole in itself, but not the expected seal or key";

/// What to verify, and against what.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// 证据包文件（.wacz），或者解压后的文件夹 — the .wacz file, or the folder it was unpacked into
    path: PathBuf,
    /// 封存值（来自台账或者笔录） — the seal, from the ledger or the record
    #[arg(long, value_name = "SHA256")]
    seal: Option<String>,
    /// 公钥指纹（由制作单位另行告知） — fingerprint of the office's key, learnt by another way
    #[arg(long, value_name = "SHA256")]
    key: Option<String>,
    /// 时间戳机构的根证书（PEM） — roots of the time stamp authority; checked with openssl
    #[arg(long, value_name = "FILE")]
    stamp_roots: Option<PathBuf>,
    /// 操作人姓名，记入保管链 — who verifies; recorded in the ledger
    #[arg(long, env = "ADWATCH_ACTOR", value_name = "NAME")]
    actor: Option<String>,
    /// 不查台账 — do not ask the ledger
    #[arg(long)]
    offline: bool,
}

impl VerifyArgs {
    /// Whether there is a ledger to ask.
    pub fn asks_ledger(&self, config: &Config) -> bool {
        let has_database = !config.database.is_empty() || config.data_dir.join("adwatch.db").is_file();
        !self.offline && has_database
    }

    fn expected(&self) -> Expected {
        Expected {
            seal_sha256: self.seal.clone(),
            key_fingerprint: self.key.clone(),
            now: None,
            stamp_roots: self.stamp_roots.clone(),
        }
    }
}

/// Runs the verb.
pub async fn run(command: EvidenceCommand, app: &App, style: Style) -> Result<Exit> {
    match command {
        EvidenceCommand::Seal { finding, out, actor } => {
            seal(app, &person(&actor)?, &parse(&finding)?, out, style).await?;
        }
        EvidenceCommand::Verify(args) => {
            let actor = args.actor.as_deref().map_or_else(|| Ok(Actor::machine()), person)?;
            let check = app.verify_evidence(&actor, &args.path, args.expected()).await?;
            let exit = print_verification(&args.path, &check.verification, style);
            say(&style.dim(if check.is_in_ledger {
                style.lang.pick(
                    "  已与保管链台账比对，并记入台账",
                    "  compared with the custody ledger, and recorded there",
                )
            } else {
                style
                    .lang
                    .pick("  保管链台账中没有这个证据包", "  the custody ledger does not know this package")
            }));
            return Ok(exit);
        }
        EvidenceCommand::List { finding } => {
            let imported = if finding.is_none() { app.imported_packages().await? } else { Vec::new() };
            let packages = match finding {
                Some(finding) => app.evidence_packages(&parse(&finding)?).await?,
                None => app.recent_packages(MAX_LISTED).await?,
            };
            for package in packages {
                say(&format!("{}  {}  {}", package.id, package.sealed_at.beijing(), package.location));
            }
            for taken in imported {
                say(&format!("{}  {}  {}", taken.id, taken.sealed_at.beijing(), taken.location));
                say(&style.dim(&format!("  {} {}", style.lang.pick("来自", "from"), taken.from_office)));
            }
        }
        EvidenceCommand::Show { package, actor } => show(app, &person(&actor)?, &package, style).await?,
        EvidenceCommand::Report { package, actor } => {
            let (actor, id) = (person(&actor)?, parse_package(&package)?);
            say(&printed(app.print_report(&actor, &id).await?, style));
        }
        EvidenceCommand::Log(command) => return super::evidence_log::run(command, app, style).await,
        EvidenceCommand::Stamp => {
            let stamped = app.stamp_waiting(app.now()).await?;
            say(&format!(
                "{} {}",
                stamped.n_stamped,
                style.lang.pick("个时间戳已取得", "time stamps received")
            ));
            for why in &stamped.failed {
                say(&format!("{} {why}", style.severity(3, "✗")));
            }
            return Ok(if stamped.failed.is_empty() { Exit::NOTHING } else { Exit::FINDINGS });
        }
        EvidenceCommand::Export(args) => return keep::export(args, app, style).await,
        EvidenceCommand::Receipt(args) => return keep::receipt(args, app, style).await,
        EvidenceCommand::Import(args) => return keep::import(args, app, style).await,
        EvidenceCommand::Hold(args) => return keep::hold(args, app, style).await,
        EvidenceCommand::Retention(args) => return keep::retention(args, app, style).await,
    }
    Ok(Exit::NOTHING)
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
    // Printing may fail without harm: the report is there as a page and for word processors.
    let report = match app.print_report(actor, &sealed.package.id).await {
        Ok(done) => printed(done, style),
        Err(error) => format!("{}: {error}", style.lang.pick("PDF 未能打印", "the PDF was not printed")),
    };
    let reports = Reports::of(&sealed.path);
    let path = sealed.path.display();
    say(&format!(
        "{} {}",
        style.good(style.lang.pick("证据包已封存", "evidence package sealed")),
        style.bold(&path.to_string())
    ));
    say(&format!(
        "  {} {}, {} KiB",
        sealed.n_files,
        style.lang.pick("个文件", "files"),
        sealed.size_bytes.div_ceil(1024)
    ));
    say(&format!(
        "  {} {}",
        style.lang.pick("封存值（SHA-256）", "seal (SHA-256)   "),
        style.dim(&sealed.seal_sha256)
    ));
    say(&format!(
        "  {} {}",
        style.lang.pick("公钥指纹         ", "key fingerprint  "),
        style.dim(&sealed.key_fingerprint)
    ));
    let stamps = match sealed.n_stamps_waiting {
        0 => style.lang.pick("未配置时间戳机构", "no authority is configured").to_owned(),
        n => format!("{n} {}", style.lang.pick("个，等待后台任务索取", "to be asked for by the worker")),
    };
    say(&format!("  {} {}", style.lang.pick("时间戳           ", "time stamps      "), style.dim(&stamps)));
    say(&format!(
        "  {} {}",
        style.lang.pick("报告             ", "report           "),
        reports.docx.display()
    ));
    say(&format!("                    {report}"));
    say(&style.dim(style.lang.pick("  校验（任选其一）：", "  check it (either way):")));
    say(&format!("    adwatch evidence verify {path}"));
    let beside = Beside::of(&sealed.path);
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = sealed.path.parent().unwrap_or(Path::new(".")).display();
    let (digest, signature, key) = (name(&beside.digest), name(&beside.signature), name(&beside.key));
    say(&format!("    cd {folder} && sha256sum -c {digest}"));
    say(&format!("    openssl pkeyutl -verify -rawin -in {digest} -sigfile {signature} -pubin -inkey {key}"));
    Ok(())
}

fn printed(printed: Printed, style: Style) -> String {
    match printed {
        Printed::Pdf(path) => path.display().to_string(),
        Printed::NoBrowser => style
            .lang
            .pick(
                "没有 PDF：本机没有 Chromium；报告见 .docx 和 .html",
                "no PDF: there is no Chromium here; the report is in .docx and .html",
            )
            .to_owned(),
    }
}

/// Checks a package without a database.
pub fn verify(args: &VerifyArgs, style: Style) -> Exit {
    use crate::kit::clock::Clock as _;
    let expected = Expected { now: Some(crate::app::SystemClock.now()), ..args.expected() };
    match crate::evidence::verify(&args.path, &expected) {
        Ok(verification) => print_verification(&args.path, &verification, style),
        Err(error @ VerifyError::NotAPackage(_)) => Exit::usage(error.to_string()),
        Err(error @ VerifyError::Io { .. }) => Exit { code: 3, message: Some(error.to_string()) },
    }
}

/// Names every deviation; exit codes as in [`VERIFY_HELP`].
fn print_verification(path: &Path, verification: &Verification, style: Style) -> Exit {
    let lang = style.lang;
    for deviation in &verification.deviations {
        let mark = style.severity(4, "✗");
        say(&format!("{mark} {} {}: {}", deviation.kind.as_str(), deviation.path, deviation.detail));
    }
    let (n_files, n_deviations) = (verification.n_files, verification.deviations.len());
    let summary = match verification.verdict() {
        Verdict::Intact => format!(
            "{} {n_files} {}",
            style.good("✓"),
            lang.pick("个文件，每个都与封存时一致", "files, each as it was sealed"),
        ),
        Verdict::Changed => {
            format!("{n_deviations} {}", lang.pick("处与封存时不符", "deviations from what was sealed"))
        }
        Verdict::Replaced => lang
            .pick(
                "自身完整，但不是预期的那一个：被整体替换",
                "whole in itself, but not the expected one: replaced as a whole",
            )
            .to_owned(),
    };
    say(&format!("{summary}  {}", style.dim(&path.display().to_string())));
    let facts = [
        (lang.pick("  封存值（SHA-256）", "  seal (SHA-256)   "), &verification.seal_sha256),
        (lang.pick("  公钥指纹         ", "  key fingerprint  "), &verification.key_fingerprint),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            say(&format!("{name} {}", style.dim(value)));
        }
    }
    for (name, at) in &verification.stamps {
        say(&format!("  {} {name}: {}", lang.pick("时间戳", "time stamp"), at.beijing()));
    }
    if verification.stamps.is_empty() && verification.seal_sha256.is_some() {
        say(&style.dim(lang.pick("  没有时间戳", "  not time-stamped")));
    }
    for note in &verification.unchecked {
        say(&style.dim(&format!("  {} {note}", lang.pick("未校验", "not checked:"))));
    }
    match verification.verdict() {
        Verdict::Intact => Exit::NOTHING,
        Verdict::Changed => Exit::FINDINGS,
        Verdict::Replaced => Exit { code: 4, message: None },
    }
}

async fn show(app: &App, actor: &Actor, package: &str, style: Style) -> Result<()> {
    let file = app.evidence_package(actor, &parse_package(package)?).await?;
    let package = &file.package;
    say(&style.bold(package.id.as_str()));
    say(&format!("  {} {}", style.lang.pick("待审项", "finding"), package.finding_id));
    say(&format!("  {} {}", style.lang.pick("位置", "place"), package.location));
    say(&format!("  SHA-256 {}", package.seal.sha256));
    say(&format!("  SM3     {}", package.seal.sm3));
    for event in &file.custody {
        say(&format!("  {}  {}  {}  {}", event.at.beijing(), event.actor, event.action, event.note));
    }
    let chain = match file.chain {
        crate::app::ChainCheck::Whole { n_entries } => {
            format!(
                "{} {n_entries} {}",
                style.good("✓"),
                style.lang.pick("条保管链记录，链条完整", "custody events, chain unbroken")
            )
        }
        broken => style.severity(4, &format!("✗ {broken:?}")),
    };
    say(&chain);
    Ok(())
}

fn person(name: &str) -> Result<Actor> {
    Actor::person(name)
        .ok_or_else(|| Error::invalid("actor", "name who acts with --actor (1 to 40 characters)"))
}

fn parse(id: &str) -> Result<FindingId> {
    FindingId::parse(id).map_err(|error| Error::invalid("finding", error.to_string()))
}

fn parse_package(id: &str) -> Result<PackageId> {
    PackageId::parse(id).map_err(|error| Error::invalid("package", error.to_string()))
}
