//! `adwatch evidence` after sealing: hand-over, receipt, import, holds, retention.

use std::path::PathBuf;

use super::exit::Exit;
use super::out::{Style, inert};
use super::say;
use crate::app::{App, Error, Result};
use crate::domain::evidence::PackageId;
use crate::domain::user::Actor;
use crate::evidence::Expected;

/// A copy for somebody.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// 证据包编号 — id of the package
    package: String,
    /// 复制到哪个文件夹 — folder to copy into
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// 接收人或者接收单位 — who receives it; recorded
    #[arg(long, value_name = "WHO")]
    recipient: String,
    /// 遮盖无关人员的信息，不附图片等文件 — hide data of bystanders, leave out pictures
    #[arg(long)]
    masked: bool,
    /// 操作人姓名 — who hands it over; recorded
    #[arg(long, env = "ADWATCH_ACTOR", value_name = "NAME")]
    actor: String,
}

/// A package of another office.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// 证据包文件（.wacz） — the .wacz file
    file: PathBuf,
    /// 来自哪个单位 — which office it comes from
    #[arg(long, value_name = "OFFICE")]
    from: String,
    /// 对方告知的封存值 — its seal, as the office told it
    #[arg(long, value_name = "SHA256")]
    seal: Option<String>,
    /// 对方告知的公钥指纹 — fingerprint of the office's key, as the office told it
    #[arg(long, value_name = "SHA256")]
    key: Option<String>,
    /// 操作人姓名 — who takes it in; recorded
    #[arg(long, env = "ADWATCH_ACTOR", value_name = "NAME")]
    actor: String,
}

/// The receipt of a hand-over.
#[derive(Debug, clap::Args)]
pub struct ReceiptArgs {
    /// 移交编号；不写则列出尚未签收的移交 — number of the hand-over; without one, those not acknowledged are listed
    number: Option<String>,
    /// 签收人、回执文号 — who received it, number of the receipt
    #[arg(long, value_name = "WORDS", requires = "number")]
    receipt: Option<String>,
    /// 操作人姓名 — who records it
    #[arg(long, env = "ADWATCH_ACTOR", value_name = "NAME")]
    actor: Option<String>,
}

/// A hold.
#[derive(Debug, clap::Args)]
pub struct HoldArgs {
    /// 证据包编号 — id of the package
    package: String,
    /// 理由 — why it must be kept
    #[arg(long, value_name = "WORDS", required_unless_present = "release")]
    reason: Option<String>,
    /// 解除 — take the hold back
    #[arg(long, conflicts_with = "reason")]
    release: bool,
    /// 操作人姓名 — who orders it; recorded
    #[arg(long, env = "ADWATCH_ACTOR", value_name = "NAME")]
    actor: String,
}

/// Terms of keeping.
#[derive(Debug, clap::Args)]
pub struct RetentionArgs {
    /// 销毁这一个已到期的证据包的文件 — dispose of the file of this package, whose time is over
    #[arg(long, value_name = "PACKAGE", requires = "actor")]
    dispose: Option<String>,
    /// 操作人姓名 — who disposes; recorded
    #[arg(long, env = "ADWATCH_ACTOR", value_name = "NAME")]
    actor: Option<String>,
}

/// Hands a copy over.
pub async fn export(args: ExportArgs, app: &App, style: Style) -> Result<Exit> {
    let (actor, id) = (person(&args.actor)?, package(&args.package)?);
    let handed = if args.masked {
        app.export_masked(&actor, &id, &args.to, &args.recipient).await?
    } else {
        app.export_evidence(&actor, &id, &args.to, &args.recipient).await?
    };
    let lang = style.lang;
    say(&format!(
        "{} {}",
        style.good(lang.pick("副本已移交并记入保管链", "the copy was handed over and recorded")),
        style.bold(&handed.path.display().to_string())
    ));
    say(&format!("  SHA-256 {}", style.dim(&handed.sha256)));
    if let Some((n_masked, n_left_out)) = handed.masked {
        say(&format!(
            "  {} {n_masked}，{} {n_left_out}",
            lang.pick("遮盖", "stretches hidden"),
            lang.pick("未附文件", "files left out")
        ));
    }
    say(&format!("  {} {}", lang.pick("移交清单（回执）", "form for the receipt"), handed.form.display()));
    say(&style.dim(lang.pick("  收到回执后：", "  when the receipt comes back:")));
    say(&format!("    adwatch evidence receipt {} --receipt '…'", handed.number));
    Ok(Exit::NOTHING)
}

/// Takes a package in.
pub async fn import(args: ImportArgs, app: &App, style: Style) -> Result<Exit> {
    let expected =
        Expected { seal_sha256: args.seal.clone(), key_fingerprint: args.key.clone(), ..Expected::default() };
    let taken = app.import_package(&person(&args.actor)?, &args.file, &args.from, expected).await?;
    let lang = style.lang;
    say(&format!(
        "{} {}  {}",
        style.good(lang.pick("校验无误，已收存", "verified and taken in")),
        style.bold(taken.id.as_str()),
        taken.location
    ));
    say(&format!("  {} {}", lang.pick("来自", "from"), inert(&taken.from_office)));
    say(&format!("  SHA-256 {}", taken.seal.sha256));
    say(&format!("  {} {}", lang.pick("公钥指纹", "key fingerprint"), taken.key_fingerprint));
    if args.key.is_none() && args.seal.is_none() {
        say(&style.dim(lang.pick(
            "  未与对方另行告知的封存值或公钥指纹核对：请电话核对上面两项",
            "  not compared with a seal or key that the office told by another way: read both to it by telephone",
        )));
    }
    Ok(Exit::NOTHING)
}

/// Records a receipt, or lists what waits for one.
pub async fn receipt(args: ReceiptArgs, app: &App, style: Style) -> Result<Exit> {
    let Some(number) = args.number else {
        for handover in app.handovers(None).await? {
            say(&format!(
                "{}  {}  {}  {}",
                handover.id,
                handover.handed_at.beijing(),
                handover.package_id,
                inert(&handover.recipient)
            ));
        }
        return Ok(Exit::NOTHING);
    };
    let actor = args.actor.as_deref().unwrap_or_default();
    app.acknowledge_handover(&person(actor)?, &number, args.receipt.as_deref().unwrap_or_default()).await?;
    say(&style.good(style.lang.pick("签收已记入保管链", "the receipt is on record")));
    Ok(Exit::NOTHING)
}

/// Places or releases a hold.
pub async fn hold(args: HoldArgs, app: &App, style: Style) -> Result<Exit> {
    let (actor, id) = (person(&args.actor)?, package(&args.package)?);
    if args.release {
        let n_released = app.release_package(&actor, &id).await?;
        say(&format!("{n_released} {}", style.lang.pick("项保留已解除", "holds released")));
    } else {
        app.hold_package(&actor, &id, args.reason.as_deref().unwrap_or_default()).await?;
        say(&style.good(style.lang.pick("已保留，期满也不处置", "held: kept whatever its term says")));
    }
    Ok(Exit::NOTHING)
}

/// Lists terms, or disposes of one package.
pub async fn retention(args: RetentionArgs, app: &App, style: Style) -> Result<Exit> {
    let lang = style.lang;
    if let Some(id) = args.dispose {
        app.dispose_package(&person(args.actor.as_deref().unwrap_or_default())?, &package(&id)?).await?;
        say(&style
            .good(lang.pick("文件已销毁，台账和保管链保留", "the file is gone; its row and custody stay")));
        return Ok(Exit::NOTHING);
    }
    let now = app.now();
    for kept in app.keeping().await? {
        let until = match kept.until {
            Some(until) => until.beijing().chars().take(10).collect(),
            None => lang.pick("不定期", "no end    ").to_owned(),
        };
        let label = if lang.pick("zh", "en") == "zh" { kept.rule.label().zh } else { kept.rule.label().en };
        let mark = match (kept.is_held, kept.is_due(now)) {
            (true, _) => lang.pick("  已保留", "  held"),
            (false, true) => lang.pick("  已到期", "  due"),
            (false, false) => "",
        };
        say(&format!("{}  {until}  {label}{mark}", kept.package.id));
    }
    Ok(Exit::NOTHING)
}

fn person(name: &str) -> Result<Actor> {
    Actor::person(name)
        .ok_or_else(|| Error::invalid("actor", "name who acts with --actor (1 to 40 characters)"))
}

fn package(id: &str) -> Result<PackageId> {
    PackageId::parse(id).map_err(|error| Error::invalid("package", error.to_string()))
}
