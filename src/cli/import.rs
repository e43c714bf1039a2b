//! `adwatch import`: bring files into the queue, with progress and a closing table.

use std::path::PathBuf;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};

use super::exit::Exit;
use super::out::{Lang, Style, inert, pad, pad_left};
use super::say;
use crate::app::import::{self, FileReport, ImportEvent, ImportRequest};
use crate::app::{App, Error, Result};
use crate::extract::moment;
use crate::source::import::{ColumnMap, Field};

/// Problems of one file that are shown one by one; the rest is counted.
const MAX_SHOWN: u64 = 20;

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct ImportArgs {
    /// 要导入的文件 — files to import
    #[arg(required_unless_present_any = ["formats", "reporters"])]
    files: Vec<PathBuf>,
    /// 归入的监测源编号，没有则新建 — source to import for; made when it is not there [default: import]
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// 新建监测源的名称 — title of a source that is made
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// 列的含义：text=内容,url=链接，或 TOML 文件 — columns: FIELD=HEADING pairs, or a TOML file of them
    #[arg(long = "map", value_name = "MAP")]
    maps: Vec<String>,
    /// 文件格式，代替自动识别 — format of the files instead of telling it from them
    #[arg(long = "as", value_name = "FORMAT")]
    format: Option<String>,
    /// 记录未写明时的发布者，例如电台频率 — publisher where a record names none
    #[arg(long, value_name = "NAME")]
    publisher: Option<String>,
    /// 记录未写明时的发布时间 — time of publication where a record names none
    #[arg(long, value_name = "TIME")]
    published: Option<String>,
    /// 抓取清单中的网址（遵守 robots.txt 与间隔） — fetch the addresses in lists, as a crawl does
    #[arg(long)]
    fetch: bool,
    /// 允许抓取的非公开来源 — origin that may be fetched although not public
    #[arg(long = "allow-origin", value_name = "ORIGIN", requires = "fetch")]
    allow_origins: Vec<String>,
    /// 列出支持的格式 — list the formats and the fields of tables
    #[arg(long, exclusive = true)]
    formats: bool,
    /// 查看某待审项的举报人（已遮盖） — who reported a finding, masked
    #[arg(long, value_name = "FINDING", conflicts_with_all = ["files", "source", "maps", "fetch"])]
    reporters: Option<String>,
}

const AFTER_HELP: &str = "\
格式由内容识别，其次看扩展名 formats are told by content, then by extension:  adwatch import --formats
例 examples:
  adwatch import pages.warc.gz saved.mhtml session.har
  adwatch import export.csv --map text=文案,url=作品链接
  adwatch import complaints.xlsx --source 12345 --title '12345 热线工单'
  adwatch import radio.srt --publisher '江州广播 FM98.1' --published '2026-11-20 08:00'
  adwatch import urls.txt --fetch
退出码 exit codes: 0 未发现 nothing flagged · 1 有涉嫌 something flagged · 2 用法错误，或没有一个文件能读 usage, or no file could be read · 3 外部故障 failure outside";

/// Imports and prints a table. Exit code 1 when something was flagged, whether new or not.
pub async fn run(args: ImportArgs, app: &App, style: Style) -> Result<Exit> {
    if args.formats {
        say(&formats(style));
        return Ok(Exit::NOTHING);
    }
    if let Some(id) = &args.reporters {
        let id = id
            .parse()
            .map_err(|error: crate::kit::id::ParseIdError| Error::invalid("reporters", error.to_string()))?;
        return reporters(app, &id, style).await;
    }
    let request = request(args)?;
    if let Some(missing) = request.paths.iter().find(|path| !path.exists()) {
        return Ok(Exit::usage(format!("{} does not exist; name the files to import", missing.display())));
    }
    let shown = Shown::new(style);
    let report = app.import(&request, &|event| shown.event(event)).await?;
    shown.bar.finish_and_clear();
    say(&table(&report.files, style));
    for line in remarks(&report.files, &request, style.lang) {
        say(&line);
    }
    let total = |of: fn(&FileReport) -> u64| report.files.iter().map(of).sum::<u64>();
    if total(|file| file.n_flagged) > 0 {
        say(&style.dim(&format!("adwatch queue list --source {}", report.run.source_id)));
        return Ok(Exit::FINDINGS);
    }
    if report.files.iter().all(|file| file.failed.is_some()) {
        return Ok(Exit::usage("no file could be read; see the lines above"));
    }
    Ok(Exit::NOTHING)
}

fn request(args: ImportArgs) -> Result<ImportRequest> {
    let wrong = |message: String| Error::invalid("map", message);
    let columns = match args.maps.as_slice() {
        [path] if path.ends_with(".toml") && !path.contains('=') => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| wrong(format!("{path} cannot be read: {error}")))?;
            ColumnMap::from_toml(&text).map_err(|message| wrong(format!("{path}: {message}")))?
        }
        pairs => ColumnMap::from_pairs(pairs.iter().map(String::as_str)).map_err(wrong)?,
    };
    let published_at = args
        .published
        .map(|text| {
            let message = || format!("`{text}` is no time; write it as 2026-11-20 08:00 or in RFC 3339");
            moment::parse(&text).ok_or_else(|| Error::invalid("published", message()))
        })
        .transpose()?;
    Ok(ImportRequest {
        paths: args.files,
        source: args.source,
        title: args.title,
        format: args.format,
        columns,
        publisher: args.publisher,
        published_at,
        fetch: args.fetch,
        allowed_origins: args.allow_origins,
    })
}

/// The progress bar and the lines above it.
struct Shown {
    bar: ProgressBar,
    style: Style,
    /// File that is being read and how many of its problems were shown.
    problems: Mutex<(String, u64)>,
}

impl Shown {
    fn new(style: Style) -> Self {
        let template = "  {prefix} {bar:24} {bytes:>10}/{total_bytes:<10} {bytes_per_sec:>12}  {eta}  {msg}";
        let look = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: ProgressBar::new(0).with_style(look), style, problems: Mutex::default() }
    }

    fn event(&self, event: ImportEvent) {
        match event {
            ImportEvent::Opened { file, format, columns } => {
                self.bar.set_prefix(pad(&inert(&file), 18));
                if !columns.is_empty() {
                    let pair =
                        |(field, heading): &(Field, String)| format!("{}={}", field.as_str(), inert(heading));
                    let columns: Vec<String> = columns.iter().map(pair).collect();
                    let lead = self.style.lang.pick("列", "columns");
                    self.line(&self.style.dim(&format!(
                        "  {} ({format}) {lead}: {}",
                        inert(&file),
                        columns.join(" ")
                    )));
                }
            }
            ImportEvent::Progress { n_bytes, size_bytes, n_records, .. } => {
                self.bar.set_length(size_bytes);
                self.bar.set_position(n_bytes);
                self.bar.set_message(format!("{n_records} {}", self.style.lang.pick("条", "records")));
            }
            ImportEvent::Problem { file, place, problem } => {
                let Ok(mut problems) = self.problems.lock() else { return };
                if problems.0 != file {
                    *problems = (file.clone(), 0);
                }
                problems.1 += 1;
                let at = if place.is_empty() {
                    inert(&file)
                } else {
                    format!("{} {}", inert(&file), inert(&place))
                };
                match problems.1 {
                    n if n <= MAX_SHOWN => self.line(&format!(
                        "  {} {}",
                        self.style.severity(2, &at),
                        inert(&problem.to_string())
                    )),
                    n if n == MAX_SHOWN + 1 => self.line(&self.style.dim(
                        self.style.lang.pick("  其余问题只计数", "  further problems are only counted"),
                    )),
                    _ => {}
                }
            }
        }
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| say(text));
    }
}

type Column = (&'static str, &'static str, fn(&FileReport) -> u64);

const COLUMNS: [Column; 7] = [
    ("记录", "records", |file| file.n_records),
    ("广告与帖文", "ads", |file| file.n_ads),
    ("新广告", "new ads", |file| file.n_new_ads),
    ("新出现", "sightings", |file| file.n_new_sightings),
    ("涉嫌", "flagged", |file| file.n_flagged),
    ("新待审", "findings", |file| file.n_new_findings),
    ("问题", "problems", |file| file.n_problems + u64::from(file.failed.is_some())),
];

fn table(files: &[FileReport], style: Style) -> String {
    const WIDTH: usize = 11;
    let head = |zh, en| pad_left(style.lang.pick(zh, en), WIDTH);
    let row = |name: &str, format: &str, cells: Vec<String>| {
        format!("{} {} {}", pad(name, 24), pad(format, 8), cells.concat())
    };
    let headings = COLUMNS.iter().map(|(zh, en, _)| head(zh, en)).collect();
    let mut lines =
        vec![style.dim(&row(style.lang.pick("文件", "file"), style.lang.pick("格式", "format"), headings))];
    let cells =
        |file: &FileReport| COLUMNS.iter().map(|(_, _, of)| pad_left(&of(file).to_string(), WIDTH)).collect();
    lines.extend(files.iter().map(|file| row(&inert(&file.name), file.format.unwrap_or("?"), cells(file))));
    if files.len() > 1 {
        let sum = |of: fn(&FileReport) -> u64| files.iter().map(of).sum::<u64>();
        let totals = COLUMNS.iter().map(|(_, _, of)| pad_left(&sum(*of).to_string(), WIDTH)).collect();
        lines.push(style.bold(&row(style.lang.pick("合计", "total"), "", totals)));
    }
    lines.join("\n")
}

/// What the table cannot say: what was kept and not read, and what waits for a further step.
fn remarks(files: &[FileReport], request: &ImportRequest, lang: Lang) -> Vec<String> {
    let total = |of: fn(&FileReport) -> u64| files.iter().map(of).sum::<u64>();
    let line = |n: u64, zh: &str, en: &str| (n > 0).then(|| lang.pick(zh, en).replace("{n}", &n.to_string()));
    let unfetched = if request.fetch { 0 } else { total(|file| file.n_unfetched) };
    [
        line(
            total(|file| file.n_pictures),
            "{n} 张图片（含无文字层的 PDF 页）已留存，图中文字未识别：后台任务（adwatch worker）在装有 tesseract 时识别图片，PDF 页与网页内嵌图片请人工查看。",
            "{n} pictures (also PDF pages without text) were kept; words in them are not read yet: the worker reads pictures when tesseract is there; look at pages of PDFs and pictures inside pages yourself.",
        ),
        line(unfetched, "{n} 个网址未抓取；加 --fetch 抓取。", "{n} addresses were not fetched; --fetch fetches them."),
        line(
            total(|file| file.n_reporters),
            "{n} 条记录的举报人信息已单独保存，不进入研判、证据和日志。",
            "{n} records tell who reported: kept apart from what is judged, sealed and logged.",
        ),
        line(
            total(|file| file.n_passed_over),
            "{n} 个脚本、样式、跳转等响应没有可研判的内容，未留存。",
            "{n} scripts, styles, redirects and the like hold nothing to judge and were not kept.",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn reporters(app: &App, id: &crate::domain::finding::FindingId, style: Style) -> Result<Exit> {
    let reporters = app.masked_reporters(id).await?;
    for reporter in &reporters {
        let pair = |(heading, value): &(String, String)| format!("{} {}", inert(heading), inert(value));
        say(&reporter.iter().map(pair).collect::<Vec<_>>().join("  "));
    }
    if reporters.is_empty() {
        say(style.lang.pick("没有举报人记录。", "Nobody is on record as its reporter."));
    }
    Ok(Exit::NOTHING)
}

fn formats(style: Style) -> String {
    let mut lines = Vec::new();
    for reader in import::formats() {
        let extensions: Vec<String> =
            reader.extensions.iter().map(|extension| format!(".{extension}")).collect();
        lines.push(format!(
            "{} {}  {}",
            style.bold(&pad(reader.name, 9)),
            style.lang.pick(reader.zh, reader.en),
            style.dim(&extensions.join(" "))
        ));
        lines.push(style.dim(&format!(
            "{}{} {}",
            " ".repeat(10),
            style.lang.pick("识别依据", "told by"),
            reader.told_by
        )));
    }
    lines.push(String::new());
    lines.push(
        style
            .lang
            .pick(
                "表格的列（--map FIELD=HEADING），未指定的按常见列名猜测：",
                "Columns of tables (--map FIELD=HEADING); others are guessed from usual headings:",
            )
            .to_owned(),
    );
    for field in Field::ALL {
        let usual: Vec<&str> = field.usual_headings().iter().take(8).copied().collect();
        lines.push(format!("  {} {}", style.bold(&pad(field.as_str(), 11)), style.dim(&usual.join(" "))));
    }
    lines.join("\n")
}
