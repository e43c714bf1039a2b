//! What the report says.

use super::super::input::{CaptureInput, PackageInput};
use super::super::package::capture_path;
use super::super::record::{clock_words, review};
use super::SealedFacts;
use super::figures::figures;
use super::paper::{Block, Cell, Paper, Row, Run, Style, Table, code, facts, plain};
use crate::domain::highlight::pieces;
use crate::domain::hit::Hit;
use crate::kit::clock::UnixMs;

/// Words of an ad that are shown at most, in bytes; the whole is in the package.
const MAX_AD_BYTES: usize = 24 << 10;
/// Contacts that are listed at most.
const MAX_CONTACTS: usize = 60;

/// The whole report: what was found, and the record to be signed.
pub(super) fn paper(input: &PackageInput, sealed: &SealedFacts) -> Paper {
    let mut blocks = vec![overview(input, sealed)];
    blocks.push(Block::Paragraph(plain(
        "本报告中“涉嫌”仅指技术监测结果与规则相符，不是对违法行为或者非法集资的认定。是否构成违法由市场监督管理部门依法认定；\
         是否属于非法集资由处置非法集资牵头部门组织认定。",
    )));
    blocks.push(Block::Heading("一、广告内容".to_owned()));
    blocks.push(ad_facts(input));
    blocks.extend(ad_words(input));
    blocks.push(Block::Heading("二、涉嫌违法的内容及拟适用条文".to_owned()));
    blocks.extend(hits(input));
    blocks.push(Block::Heading("三、主体与联系方式".to_owned()));
    blocks.extend(parties(input));
    blocks.push(Block::Heading("四、网页留存".to_owned()));
    blocks.extend(captures(input));
    blocks.push(Block::Heading("五、完整性与校验".to_owned()));
    blocks.extend(integrity(input, sealed));
    blocks.push(Block::Heading("六、能证明什么，不能证明什么".to_owned()));
    blocks.extend(limits());
    blocks.extend(super::record::blocks(input, sealed));
    Paper {
        office: office(input),
        title: "涉嫌违法广告电子数据证据报告".to_owned(),
        running: format!("证据报告　{}", sealed.id),
        seal_line: format!("封存值 {}", sealed.seal.sha256),
        blocks,
    }
}

/// The office's name, or room for it.
pub(super) fn office(input: &PackageInput) -> String {
    input.office.clone().unwrap_or_else(|| "　　　　　　市场监督管理局".to_owned())
}

/// Captured words as one line; direction overrides do not reach the page.
pub(super) fn line(captured: &str) -> String {
    lines(captured).replace('\n', " ")
}

/// Captured words, their line feeds kept.
fn lines(captured: &str) -> String {
    captured
        .chars()
        .map(|c| match c {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            '\u{2028}' | '\u{2029}' | '\n' => '\n',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

/// Both spellings of an instant.
pub(super) fn moment(at: UnixMs) -> Vec<Vec<Run>> {
    vec![vec![
        Run::new(format!("{}（北京时间）", at.beijing()), Style::Plain),
        Run::new(format!("　{}", at.rfc3339()), Style::Code),
    ]]
}

fn overview(input: &PackageInput, sealed: &SealedFacts) -> Block {
    let assessment = &input.finding.assessment;
    let severity = match assessment.severity {
        Some(severity) => format!("严重程度 {} 级（{}）", severity.level(), severity.label().zh),
        None => "无".to_owned(),
    };
    facts(vec![
        ("证据包编号", vec![code(sealed.id.as_str())]),
        ("副本", vec![plain(super::super::record::copy_words(input))]),
        ("案由", vec![plain(super::super::record::cause(input))]),
        ("机器研判", vec![plain(severity)]),
        ("人工审核", vec![plain(review(input))]),
        (
            "首次／最近发现",
            vec![plain(format!(
                "{}／{}，共 {} 次",
                input.ad.first_seen_at.beijing(),
                input.ad.last_seen_at.beijing(),
                input.ad.n_sightings
            ))],
        ),
        ("封存时间", moment(input.sealed_at)),
        ("封存值 SHA-256", vec![code(&sealed.seal.sha256)]),
        ("封存值 SM3", vec![code(&sealed.seal.sm3)]),
    ])
}

fn ad_facts(input: &PackageInput) -> Block {
    let draft = &input.ad.draft;
    let shown = |value: Option<&str>, otherwise: &str| vec![plain(line(value.unwrap_or(otherwise)))];
    facts(vec![
        ("标题", shown(draft.title.as_deref(), "（无标题）")),
        ("形式", vec![plain(draft.kind.label().zh)]),
        ("“广告”标识", shown(draft.label.as_deref(), "未见")),
        ("下一级链接", vec![code(line(draft.landing_url.as_deref().unwrap_or("无")))]),
    ])
}

/// The words of the ad, with what is held against it underlined.
fn ad_words(input: &PackageInput) -> Vec<Block> {
    let hits = &input.finding.hits;
    let mut runs: Vec<Run> = Vec::new();
    let mut n_bytes = 0;
    for piece in pieces(&input.ad.draft.text, hits) {
        n_bytes += piece.text.len();
        if n_bytes > MAX_AD_BYTES {
            runs.push(Run::new("……（余下见证据包 analysis/ad-text.txt）", Style::Plain));
            break;
        }
        let is_asserted = piece.hits.iter().any(|index| hits[*index].status.is_asserted());
        let style = match (piece.hits.is_empty(), is_asserted) {
            (true, _) => Style::Plain,
            (false, true) => Style::Asserted,
            (false, false) => Style::Cleared,
        };
        runs.push(Run::new(lines(piece.text), style));
    }
    let heading = Cell::heading("广告原文（粗体加线：广告自身的宣称；点线：经语境排除的字句）");
    vec![Block::Table(Table {
        widths: vec![100],
        rows: vec![Row::of(vec![heading]), Row::of(vec![Cell::of(vec![runs])])],
    })]
}

fn hits(input: &PackageInput) -> Vec<Block> {
    let mut rows = vec![Row::of(["序号", "原文字句", "为什么", "拟适用条文"].map(Cell::heading).to_vec())];
    // One row for each rule: an ad often breaks one rule in several places.
    let mut by_rule: Vec<(&Hit, Vec<String>)> = Vec::new();
    let mut cleared: Vec<String> = Vec::new();
    for hit in &input.finding.hits {
        let words = line(hit.span.of(&input.ad.draft.text));
        if !hit.status.is_asserted() {
            let because = hit.because.as_deref().map(|why| format!("（{}）", line(why))).unwrap_or_default();
            cleared.push(format!("“{words}”：{}{because}", hit.status.label().zh));
            continue;
        }
        match by_rule.iter_mut().find(|(known, _)| known.rule == hit.rule) {
            Some((_, all)) if all.contains(&words) => {}
            Some((_, all)) => all.push(words),
            None => by_rule.push((hit, vec![words])),
        }
    }
    by_rule.sort_by_key(|(hit, _)| std::cmp::Reverse(hit.severity));
    for (index, (hit, words)) in by_rule.iter().enumerate() {
        rows.push(hit_row(input, index + 1, hit, words));
    }
    let mut blocks = Vec::new();
    if rows.len() > 1 {
        blocks.push(Block::Table(Table { widths: vec![8, 26, 36, 30], rows }));
    } else {
        blocks.push(Block::Paragraph(plain("没有广告自身宣称的涉嫌违法字句。")));
    }
    let articles: Vec<Row> = input
        .provisions
        .iter()
        .map(|provision| {
            let mut said = vec![plain(format!("“{}”", provision.text))];
            if let Some(liability) = &provision.liability {
                said.push(plain(format!("法律责任：{liability}")));
            }
            Row::of(vec![Cell::heading(provision.citation()), Cell::of(said)])
        })
        .collect();
    if !articles.is_empty() {
        blocks.push(Block::Table(Table { widths: vec![30, 70], rows: articles }));
    }
    if !cleared.is_empty() {
        blocks.push(Block::Paragraph(plain(format!(
            "下列字句也与规则相符，但经语境排除，不作为涉嫌违法内容：{}。",
            cleared.join("；")
        ))));
    }
    blocks
}

fn hit_row(input: &PackageInput, number: usize, hit: &Hit, words: &[String]) -> Row {
    let title = input.rule(hit.rule.as_str()).map_or(hit.rule.as_str(), |rule| rule.title.as_str());
    let mut why = vec![plain(format!("{title}（{} 级）", hit.severity.level()))];
    if let Some(because) = &hit.because {
        why.push(plain(line(because)));
    }
    if let [one] = words
        && hit.normalized != *one
    {
        why.push(plain(format!("读作“{}”", line(&hit.normalized))));
    }
    let cited = hit.provisions.iter().map(|id| match input.provision(id.as_str()) {
        Some(provision) => plain(provision.citation()),
        None => plain(id.to_string()),
    });
    Row::of(vec![
        Cell::heading(number.to_string()),
        Cell::of(words.iter().map(|words| vec![Run::new(words.as_str(), Style::Strong)]).collect()),
        Cell::of(why),
        Cell::of(cited.collect()),
    ])
}

fn parties(input: &PackageInput) -> Vec<Block> {
    let draft = &input.ad.draft;
    let shown = |value: Option<&str>| match value {
        Some(value) => vec![plain(format!("{}（页面所示）", line(value)))],
        None => vec![plain("页面未显示，待查")],
    };
    let mut blocks = vec![facts(vec![
        ("广告主", shown(draft.advertiser.as_deref())),
        ("广告发布者", shown(draft.publisher.as_deref())),
        ("经营者、代言人、平台", vec![plain("未由本软件查明，待查")]),
        ("登记信息、广告费用", vec![plain("未由本软件查明，待查")]),
    ])];
    let mut rows = vec![Row::of(["类别", "内容", "所在"].map(Cell::heading).to_vec())];
    for contact in input.contacts.iter().take(MAX_CONTACTS) {
        let place = match contact.place {
            crate::domain::party::ContactPlace::Words(span) => {
                format!("原文 {}–{} 字节", span.start, span.end)
            }
            crate::domain::party::ContactPlace::Markup => "链接或者页面字段".to_owned(),
        };
        rows.push(Row::of(vec![
            Cell::heading(contact.kind.title_zh()),
            Cell::of(vec![code(line(&contact.value))]),
            Cell::text(place),
        ]));
    }
    if rows.len() > 1 {
        blocks.push(Block::Table(Table { widths: vec![22, 50, 28], rows }));
    } else {
        blocks.push(Block::Paragraph(plain("广告文字和链接中没有找到联系方式。")));
    }
    if input.contacts.len() > MAX_CONTACTS {
        let left = input.contacts.len() - MAX_CONTACTS;
        blocks.push(Block::Paragraph(plain(format!("另有 {left} 项，见证据包 record/parties.json。"))));
    }
    blocks
}

fn captures(input: &PackageInput) -> Vec<Block> {
    let mut blocks = Vec::new();
    if input.captures.is_empty() {
        blocks.push(Block::Paragraph(plain("本包没有网页留存。")));
    }
    let mut n_figures = 0;
    for (index, captured) in input.captures.iter().enumerate() {
        blocks.push(capture_facts(input, index, captured));
        let figures = figures(input, index, captured);
        n_figures += figures.len();
        blocks.extend(figures.into_iter().map(Block::Figure));
    }
    if n_figures == 0 {
        blocks.push(Block::Paragraph(plain(
            "本包没有页面截图。网页可以用 ReplayWeb.page、pywb 等软件从证据包离线回放；需要截图的，由执法人员另行制作并注明方法、时间、制作人。",
        )));
    }
    blocks
}

fn capture_facts(input: &PackageInput, index: usize, captured: &CaptureInput) -> Block {
    let capture = &captured.capture;
    let exchange = &capture.exchange;
    let number = index + 1;
    let head = format!("（{number}）{}　{}", capture.purpose.label().zh, line(&captured.source_title));
    let mut rows = vec![Row::of(vec![Cell::heading(head).spanning(2)])];
    let mut add = |name: &str, lines: Vec<Vec<Run>>| {
        rows.push(Row::of(vec![Cell::heading(name), Cell::of(lines)]));
    };
    add("文件", vec![code(format!("{}.bin", capture_path(index, capture)))]);
    if let Some(imported) = &exchange.imported {
        add(
            "导入",
            vec![
                plain(format!(
                    "{}（{}）{}，{}",
                    line(&imported.file_name),
                    imported.format,
                    line(&imported.place),
                    imported.imported_at.beijing()
                )),
                code(format!("SHA-256 {}", imported.file_sha256)),
            ],
        );
    }
    let mut address = vec![code(line(&exchange.requested_url))];
    for step in &exchange.redirects {
        address.push(code(format!("→ {} → {}", step.status, line(&step.location))));
    }
    add("网址", address);
    if exchange.status != 0 {
        let answered = format!("{}　{} {}", exchange.remote_addr, exchange.http_version, exchange.status);
        add("对方地址、响应", vec![code(line(&answered))]);
    }
    add("完成时间", moment(exchange.finished_at));
    if let Some(provenance) = &exchange.provenance {
        add("时钟", vec![plain(clock_words(&provenance.clock))]);
        if let Some(own) = provenance.certificates.first() {
            let n_more = provenance.certificates.len() - 1;
            let more = if n_more > 0 { format!("（另有签发链 {n_more} 张）") } else { String::new() };
            add("TLS 证书 SHA-256", vec![code(own.clone()), plain(more)]);
        }
    }
    if let Some(rendering) = &captured.rendering {
        add("渲染", vec![plain(line(&rendering.words())), code(super::super::rendered::record_path(index))]);
    }
    add("SHA-256", vec![code(&capture.body.digests.sha256)]);
    add("SM3", vec![code(&capture.body.digests.sm3)]);
    if let Some(log) = super::super::record::logged(input, &capture.id) {
        add("采集日志", vec![code(log)]);
    }
    Block::Table(Table { widths: vec![22, 78], rows })
}

fn integrity(input: &PackageInput, sealed: &SealedFacts) -> Vec<Block> {
    let mut stamps: Vec<Vec<Run>> = sealed
        .stamps
        .iter()
        .map(|(authority, at)| match at {
            Some(at) => plain(format!("{authority}：{}", at.beijing())),
            None => plain(format!("{authority}：制作本报告时尚未取得，取得后随证据包另附")),
        })
        .collect();
    if stamps.is_empty() {
        stamps.push(plain("未向时间戳机构申请"));
    }
    let signed = match &input.signer {
        Some(signer) => vec![plain(line(signer))],
        None => vec![plain("单位密钥（Ed25519），未附数字证书")],
    };
    let name = &sealed.file_name;
    vec![
        facts(vec![
            ("证据包文件", vec![code(name)]),
            ("文件数、大小", vec![plain(format!("{} 个文件，{} 字节", sealed.n_files, sealed.size_bytes))]),
            ("签名", signed),
            ("公钥指纹 SHA-256", vec![code(&sealed.key_fingerprint)]),
            ("可信时间戳", stamps),
            ("封存人（系统记录）", vec![plain(line(&input.sealed_by))]),
        ]),
        Block::Paragraph(plain("不用本软件也可以校验，在证据包所在文件夹执行：")),
        Block::Table(Table {
            widths: vec![100],
            rows: vec![Row::of(vec![Cell::of(vec![
                code(format!("sha256sum -c {name}.sha256")),
                code(format!("unzip {name} -d 文件夹 && sh 文件夹/about/verify.sh")),
            ])])],
        }),
        Block::Paragraph(plain(
            "校验值应与本报告每页页脚的封存值一致。公钥指纹应与制作单位另行公布或者当面告知的一致。",
        )),
    ]
}

fn limits() -> Vec<Block> {
    let proved = "能证明：自封存时起，证据包内的文件没有改动；有时间戳的，在时间戳所示时刻之前已经存在；\
                  分析所引字句确在所存的网页数据之中；采集日志所列各项按所列顺序记录，没有增删。";
    let unproved = "不能单独证明：对方网站向其他访问者显示同样的内容；本机时钟准确（偏差以所载核对结果为准）；\
                    操作人的身份；所示主体就是实际经营者。需要由提取笔录、见证、公证、重复提取或者向有关单位调取来印证。";
    vec![Block::Paragraph(plain(proved)), Block::Paragraph(plain(unproved))]
}
