//! `adwatch scan`: judge files, folders, a stream or words given directly.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::exit::Exit;
use super::out::{Style, excerpt, inert};
use crate::app::pictures::PictureReader;
use crate::app::scan::{InputFormat, ScanInput, ScanSummary, Scanned, scan};
use crate::domain::ad::AdKind;
use crate::domain::hit::{Hit, Track};
use crate::domain::picture::{Area, Derived, ReadAs};
use crate::judge::Judge;
use crate::kit::problem::Problem;

/// Version of the JSON objects that `--format json|jsonl` writes; documented in `docs/scan.md`.
pub const SCHEMA_VERSION: u32 = 1;

/// Arguments of `scan`.
#[derive(Debug, clap::Args)]
pub struct ScanArgs {
    /// 文件、文件夹或 -（标准输入） — files, folders or - for standard input
    pub paths: Vec<PathBuf>,
    /// 直接给出文本 — judge these words
    #[arg(long, conflicts_with = "paths")]
    pub text: Option<String>,
    /// 输出格式 — output format
    #[arg(long, value_enum, default_value = "human")]
    pub format: Format,
    /// 输入格式 — how to read the input
    #[arg(long, value_enum, default_value = "auto")]
    pub input: Input,
    /// 也列出未命中的文档（human、csv） — also list documents without findings (human, csv)
    #[arg(long)]
    pub all: bool,
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON object with all documents and a summary.
    Json,
    /// One JSON object per document.
    Jsonl,
    /// One line per hit.
    Csv,
}

/// Input formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Input {
    /// By name and first characters.
    Auto,
    /// Plain text.
    Text,
    /// HTML.
    Html,
    /// JSON Lines.
    Jsonl,
}

/// Runs the command. Exit code 1 when something was flagged.
pub fn run(args: &ScanArgs, judge: &Judge, pictures: &PictureReader, style: Style) -> anyhow::Result<Exit> {
    let inputs = match inputs(args) {
        Ok(inputs) => inputs,
        Err(message) => return Ok(Exit::usage(message)),
    };
    if let Some(missing) = inputs.iter().find_map(missing) {
        return Ok(Exit::usage(format!("{} does not exist; name a file, a folder or -", missing.display())));
    }
    let out = std::io::stdout().lock();
    let mut out = std::io::BufWriter::with_capacity(1 << 16, out);
    let result = write(args, judge, pictures, style, &inputs, &mut out)
        .and_then(|summary| out.flush().map(|()| summary));
    match result {
        Ok(summary) if summary.n_flagged > 0 => Ok(Exit::FINDINGS),
        Ok(_) => Ok(Exit::NOTHING),
        // The reader of our output has seen enough (`| head`).
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::NOTHING),
        Err(error) => Err(error.into()),
    }
}

fn inputs(args: &ScanArgs) -> Result<Vec<ScanInput>, String> {
    let format = match args.input {
        Input::Auto => InputFormat::Auto,
        Input::Text => InputFormat::Text,
        Input::Html => InputFormat::Html,
        Input::Jsonl => InputFormat::JsonLines,
    };
    if let Some(text) = &args.text {
        return Ok(vec![ScanInput::Text(text.clone())]);
    }
    if args.paths.is_empty() {
        return Err(
            "nothing to scan: name a file, a folder or - for standard input, or use --text".to_owned()
        );
    }
    let input = |path: &PathBuf| {
        if path.as_os_str() == "-" { ScanInput::Stdin(format) } else { ScanInput::Path(path.clone(), format) }
    };
    Ok(args.paths.iter().map(input).collect())
}

fn missing(input: &ScanInput) -> Option<&Path> {
    match input {
        ScanInput::Path(path, _) if !path.exists() => Some(path),
        _ => None,
    }
}

fn write(
    args: &ScanArgs,
    judge: &Judge,
    pictures: &PictureReader,
    style: Style,
    inputs: &[ScanInput],
    out: &mut impl std::io::Write,
) -> std::io::Result<ScanSummary> {
    match args.format {
        Format::Jsonl => {
            let line = |scanned: Scanned| {
                let mut line = object(&scanned);
                line.push('\n');
                line
            };
            scan(judge, pictures, inputs, AdKind::Text, line, |line| out.write_all(line.as_bytes()))
        }
        Format::Json => {
            write!(out, "{{\"schema\":{SCHEMA_VERSION},\"documents\":[")?;
            let mut first = true;
            let summary = scan(
                judge,
                pictures,
                inputs,
                AdKind::Text,
                |scanned| object(&scanned),
                |text| {
                    let comma = if std::mem::take(&mut first) { "\n" } else { ",\n" };
                    write!(out, "{comma}{text}")
                },
            )?;
            let ScanSummary { n_documents, n_flagged, n_cleared, n_problems } = summary;
            let totals = json!({"documents": n_documents, "flagged": n_flagged, "cleared": n_cleared, "problems": n_problems});
            writeln!(out, "\n],\"summary\":{totals}}}")?;
            Ok(summary)
        }
        Format::Csv => {
            // A byte order mark, because spreadsheets otherwise read Chinese as GBK.
            writeln!(
                out,
                "\u{feff}id,flagged,score,severity,track,rule,category,status,start,end,text,normalized,transforms,provision"
            )?;
            scan(
                judge,
                pictures,
                inputs,
                AdKind::Text,
                |scanned| csv(&scanned, args.all),
                |lines| out.write_all(lines.as_bytes()),
            )
        }
        Format::Human => {
            let summary = scan(
                judge,
                pictures,
                inputs,
                AdKind::Text,
                |scanned| human(&scanned, judge, style, args.all),
                |text| out.write_all(text.as_bytes()),
            )?;
            let ScanSummary { n_documents, n_flagged, n_cleared, n_problems } = summary;
            let line = match style.lang {
                super::out::Lang::Zh => format!(
                    "共 {n_documents} 篇：{n_flagged} 篇涉嫌违法，{n_cleared} 篇命中后因语境排除，{n_problems} 个输入问题"
                ),
                super::out::Lang::En => format!(
                    "{n_documents} documents: {n_flagged} flagged (涉嫌), {n_cleared} cleared by context, {n_problems} input problems"
                ),
            };
            writeln!(out, "{}", style.bold(&line))?;
            Ok(summary)
        }
    }
}

/// The object of one document, schema version 1 (`docs/scan.md`). Keys are in the order of the alphabet.
#[derive(serde::Serialize)]
struct Document<'a> {
    flagged: bool,
    hits: Vec<Value>,
    id: &'a Value,
    problems: Vec<Value>,
    score: f64,
    severity: Option<u8>,
    track: Option<String>,
}

fn object(scanned: &Scanned) -> String {
    let severity = scanned.assessment.as_ref().and_then(|assessment| assessment.severity);
    let problem = |problem: &Problem| json!({"code": problem.code, "message": problem.message});
    let document = Document {
        flagged: scanned.is_flagged(),
        hits: scanned.hits.iter().map(|hit| hit_object(hit, scanned)).collect(),
        id: &scanned.id,
        problems: scanned.problems.iter().map(problem).collect(),
        score: (scanned.score() * 1e4).round() / 1e4,
        severity: severity.map(|severity| severity.level()),
        track: tracks(scanned),
    };
    // A document of plain values always has a JSON form.
    serde_json::to_string(&document).unwrap_or_default()
}

fn hit_object(hit: &Hit, scanned: &Scanned) -> Value {
    let text = scanned.text.as_str();
    let mut object = json!({
        "rule": hit.rule.as_str(),
        "category": hit.category,
        "severity": hit.severity.level(),
        "start": hit.span.start,
        "end": hit.span.end,
        "text": hit.span.of(text),
        "normalized": hit.normalized,
        "transforms": hit.transforms,
        "provision": hit.provisions.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
        "track": hit.tracks.iter().map(|track| track.as_str()).collect::<String>(),
        "status": hit.status.as_str(),
        "because": hit.because,
    });
    let areas = areas(scanned, hit);
    if !areas.is_empty() {
        let area = |(role, area): &(ReadAs, Area)| json!({"read_as": role.as_str(), "x": area.x, "y": area.y, "width": area.width, "height": area.height});
        object["areas"] = Value::from(areas.iter().map(area).collect::<Vec<_>>());
    }
    object
}

/// Where in the picture the words of a hit were read.
fn areas(scanned: &Scanned, hit: &Hit) -> Vec<(ReadAs, Area)> {
    let of =
        |part: &Derived| part.areas(hit.span).into_iter().map(|area| (part.role, area)).collect::<Vec<_>>();
    scanned.derived.iter().flat_map(of).collect()
}

/// `A`, `B` or `AB`.
fn tracks(scanned: &Scanned) -> Option<String> {
    let assessment = scanned.assessment.as_ref()?;
    let mut tracks: Vec<Track> = assessment.tracks.clone();
    tracks.sort();
    (!tracks.is_empty()).then(|| tracks.iter().map(|track| track.as_str()).collect())
}

fn csv(scanned: &Scanned, all: bool) -> String {
    let id = scanned.id.as_str().map_or_else(|| scanned.id.to_string(), str::to_owned);
    let severity =
        scanned.assessment.as_ref().and_then(|a| a.severity).map_or(0, |severity| severity.level());
    let lead =
        |fields: &[String]| fields.iter().map(|field| cell(field)).collect::<Vec<_>>().join(",") + "\n";
    let document = [
        id,
        scanned.is_flagged().to_string(),
        format!("{:.4}", scanned.score()),
        severity.to_string(),
        tracks(scanned).unwrap_or_default(),
    ];
    if scanned.hits.is_empty() {
        return if all { lead(&document).trim_end().to_owned() + ",,,,,,,,,\n" } else { String::new() };
    }
    scanned
        .hits
        .iter()
        .map(|hit| {
            let mut fields = document.to_vec();
            fields.extend([
                hit.rule.to_string(),
                hit.category.clone(),
                hit.status.as_str().to_owned(),
                hit.span.start.to_string(),
                hit.span.end.to_string(),
                hit.span.of(&scanned.text).to_owned(),
                hit.normalized.clone(),
                hit.transforms.join(" "),
                hit.provisions.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(" "),
            ]);
            lead(&fields)
        })
        .collect()
}

/// A quoted cell that a spreadsheet never takes for a formula (CWE-1236), full-width signs included.
fn cell(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let guard = if risky { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\"").replace(['\r', '\n'], " "))
}

fn human(scanned: &Scanned, judge: &Judge, style: Style, all: bool) -> String {
    use std::fmt::Write as _;
    let lang = style.lang;
    let mut text = String::new();
    let id = inert(scanned.id.as_str().map_or_else(|| scanned.id.to_string(), str::to_owned).as_str());
    for problem in &scanned.problems {
        let _ = writeln!(
            text,
            "{} {id}: {problem}",
            style.severity(2, lang.pick("[输入问题]", "[input problem]"))
        );
    }
    let Some(assessment) = &scanned.assessment else { return text };
    if scanned.hits.is_empty() {
        if all {
            let _ = writeln!(text, "{} {id}", style.good(lang.pick("[未命中]", "[nothing found]")));
        }
        return text;
    }
    let label = match (assessment.flagged, assessment.severity) {
        (true, Some(severity)) => {
            let words = match lang {
                super::out::Lang::Zh => format!("[涉嫌违法 {} 级]", severity.level()),
                super::out::Lang::En => format!("[flagged (涉嫌), severity {}]", severity.level()),
            };
            style.severity(severity.level(), &words)
        }
        (false, Some(_)) => style.dim(lang.pick("[低于阈值]", "[below threshold]")),
        _ => style.good(lang.pick("[因语境排除]", "[cleared by context]")),
    };
    let _ = writeln!(
        text,
        "{label} {}  {}",
        style.bold(&id),
        style.dim(&format!("{} {:.2}", lang.pick("优先级", "priority"), assessment.priority))
    );
    let _ = writeln!(text, "  {}", excerpt(style, &scanned.text, &scanned.hits, 40));
    for hit in &scanned.hits {
        text.push_str(&hit_lines(hit, scanned, judge, style));
    }
    text.push('\n');
    text
}

fn hit_lines(hit: &Hit, scanned: &Scanned, judge: &Judge, style: Style) -> String {
    use std::fmt::Write as _;
    let lang = style.lang;
    let words = inert(hit.span.of(&scanned.text));
    let title = judge.pack().rule(&hit.rule).map_or("", |rule| rule.title.as_str());
    let mut lines = String::new();
    if !hit.status.is_asserted() {
        let _ = writeln!(
            lines,
            "  {} “{words}” {}: {}",
            style.good("○"),
            hit.status.as_str(),
            style.dim(hit.because.as_deref().unwrap_or_default())
        );
        return lines;
    }
    let cited: Vec<String> = hit
        .provisions
        .iter()
        .filter_map(|id| judge.pack().provisions.get(id))
        .map(crate::domain::provision::Provision::citation)
        .collect();
    let _ = writeln!(
        lines,
        "  {} “{words}” {} {title} ({})",
        style.severity(hit.severity.level(), "●"),
        hit.rule,
        hit.category
    );
    if !hit.transforms.is_empty() {
        let _ = writeln!(
            lines,
            "      {}",
            style.dim(&format!(
                "{} “{}” ({})",
                lang.pick("读作", "read as"),
                inert(&hit.normalized),
                hit.transforms.join(", ")
            ))
        );
    }
    for (role, Area { x, y, width, height }) in areas(scanned, hit) {
        let label = role.label();
        let place = format!("{} x {x} y {y}, {width} × {height}", lang.pick(label.zh, label.en));
        let _ = writeln!(lines, "      {}", style.dim(&place));
    }
    let _ = writeln!(lines, "      {}", cited.join("；"));
    lines
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_spreadsheet_never_runs_an_ad() {
        for bad in ["=1+1", "+86", "-1", "@SUM", "＝HYPERLINK", "\t=1"] {
            assert!(cell(bad).starts_with("\"'"), "{bad:?}");
        }
        assert_eq!(cell("他说\"保本\""), "\"他说\"\"保本\"\"\"");
    }
}
