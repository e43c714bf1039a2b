//! `adwatch letter`: letters and forms of a lead or case.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::out::{Lang, Style};
use super::queue::By;
use super::say;
use super::step::lead_id;
use crate::app::{App, Error, Result};
use crate::letter::{LetterKind, page};

/// Writes a letter or form; without `--issue` it is a draft.
#[derive(Debug, clap::Args)]
pub struct LetterArgs {
    /// 文书：register 线索登记表、approval 核查审批表、transfer 移送函、police 涉嫌犯罪案件移送书、assistance 协助调查函 — which
    kind: String,
    /// 线索或案件编号 — a lead or a case
    id: String,
    /// 写入文件：.docx、.html 或 .pdf — where to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// 填写一项，可重复，例如 --set 'number=江市监移〔2026〕3号' — fill a value in
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// 制发：不得有未填项，留存文件并记入办理记录 — issue it: nothing may be blank
    #[arg(long)]
    issue: bool,
    #[command(flatten)]
    by: By,
}

/// Runs the verb; ends with 1 when the draft has blanks.
pub async fn run(args: LetterArgs, app: &App, style: Style) -> Result<Exit> {
    let kind = LetterKind::parse(&args.kind).ok_or_else(|| {
        let known = LetterKind::ALL.map(LetterKind::as_str).join(", ");
        Error::invalid("kind", format!("`{}` is not one of {known}", args.kind))
    })?;
    let id = lead_id(&args.id)?;
    let given = given(&args.set)?;
    let actor = args.by.actor()?;
    let draft = app.letter(&actor, &id, kind, &given).await?;
    let form = args.output.extension().and_then(|end| end.to_str()).unwrap_or_default().to_owned();
    if args.issue {
        if form != "docx" {
            return Err(Error::invalid("output", "制发的文书是 DOCX (an issued letter is a .docx)"));
        }
        let (_, file) = app.issue_letter(&actor, &id, kind, &given, None).await?;
        write(&args.output, &file)?;
        say(&format!("{} {}", style.good("✓"), args.output.display()));
        return Ok(Exit::NOTHING);
    }
    let bytes = match form.as_str() {
        "docx" => app.letter_file(&draft)?,
        "html" => page(&draft.document).into_bytes(),
        "pdf" => app.letter_pdf(&draft).await?,
        _ => {
            return Err(Error::invalid(
                "output",
                "文件名应以 .docx、.html 或 .pdf 结尾 (.docx, .html or .pdf)",
            ));
        }
    };
    write(&args.output, &bytes)?;
    let blanks = draft.document.blanks();
    say(&match (style.lang, blanks.len()) {
        (Lang::Zh, 0) => format!("{}（内容完整，未制发）", args.output.display()),
        (Lang::En, 0) => format!("{} (complete, not issued)", args.output.display()),
        (Lang::Zh, n) => format!("{}（草稿，{n} 处未填）", args.output.display()),
        (Lang::En, n) => format!("{} (draft, {n} blanks)", args.output.display()),
    });
    for blank in &blanks {
        say(&format!("  --set '{}=…'  {}", blank.key, blank.label));
    }
    Ok(if blanks.is_empty() { Exit::NOTHING } else { Exit::FINDINGS })
}

fn given(set: &[String]) -> Result<BTreeMap<String, String>> {
    let pair = |text: &String| match text.split_once('=') {
        Some((key, value)) => Ok((key.trim().to_owned(), value.to_owned())),
        None => Err(Error::invalid("set", format!("`{text}` is not KEY=VALUE"))),
    };
    set.iter().map(pair).collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes)
        .map_err(|error| Error::invalid("output", format!("{}: {error}", path.display())))
}
