//! The annex to be signed: 电子数据提取笔录.

use super::super::input::PackageInput;
use super::super::package::capture_path;
use super::super::record::{cause, clock_words, user_agents};
use super::SealedFacts;
use super::content::{line, moment, office};
use super::paper::{Block, Cell, Row, Table, code, facts, plain};

/// The record, beginning on a page of its own.
pub(super) fn blocks(input: &PackageInput, sealed: &SealedFacts) -> Vec<Block> {
    let exchanges = || input.captures.iter().map(|captured| &captured.capture.exchange);
    let began = exchanges().map(|exchange| exchange.started_at).min();
    let ended = exchanges().map(|exchange| exchange.finished_at).max();
    let at = |instant: Option<_>| instant.map_or_else(|| vec![plain("—")], moment);
    vec![
        Block::Part("电子数据提取笔录".to_owned()),
        facts(vec![
            ("案由", vec![plain(cause(input))]),
            ("制作单位", vec![plain(office(input))]),
            ("提取开始", at(began)),
            ("提取结束", at(ended)),
            ("提取地点", vec![plain("")]),
            ("时间来源", vec![plain(clock_words(&input.software.clock))]),
        ]),
        people(),
        Block::Heading("提取方法、工具和环境".to_owned()),
        method(input),
        Block::Heading(format!("提取的电子数据（共 {} 项）", input.captures.len())),
        items(input),
        Block::Heading("完整性".to_owned()),
        Block::Paragraph(plain("上述数据与提取记录一并封存于下列文件，制作时即计算校验值：")),
        facts(vec![
            ("文件", vec![code(&sealed.file_name)]),
            ("SHA-256", vec![code(&sealed.seal.sha256)]),
            ("SM3", vec![code(&sealed.seal.sm3)]),
        ]),
        Block::Heading("需要说明的情况".to_owned()),
        Block::Table(Table { widths: vec![100], rows: vec![Row::tall(vec![Cell::blank()])] }),
        Block::Paragraph(plain("以上笔录经核对，与提取过程和结果一致。")),
        signatures(),
    ]
}

fn people() -> Block {
    let head = |text: &str| Cell::heading(text);
    Block::Table(Table {
        widths: vec![22, 28, 22, 28],
        rows: vec![
            Row::of(vec![head("提取人（执法人员）"), Cell::blank(), head("执法证号"), Cell::blank()]),
            Row::of(vec![head("提取人（执法人员）"), Cell::blank(), head("执法证号"), Cell::blank()]),
            Row::of(vec![head("见证人"), Cell::blank(), head("单位或者住址"), Cell::blank()]),
            Row::of(vec![
                head("当事人"),
                Cell::blank(),
                head("到场情况"),
                Cell::text("□到场 □未到场 □拒绝签名"),
            ]),
            Row::of(vec![head("无见证人、未到场的原因"), Cell::blank().spanning(3)]),
        ],
    })
}

fn method(input: &PackageInput) -> Block {
    let software = &input.software;
    let mut tool = vec![plain(format!(
        "adwatch {}；规则包 {}",
        software.version, input.finding.assessment.pack_revision
    ))];
    if let Some(build) = &software.build_sha256 {
        tool.push(code(format!("程序文件 SHA-256 {build}")));
    }
    let mut environment = vec![plain(line(&software.system))];
    environment.extend(user_agents(input).into_iter().map(|agent| code(line(agent))));
    facts(vec![
        (
            "方法",
            vec![plain(
                "网络在线提取。以公开访问方式发出 HTTP 请求，在解析之前按收到的字节原样保存响应正文，同时记录请求、响应头、跳转过程、\
                 对方地址、TLS 证书和起止时间；不登录、不提交任何内容。标有“渲染”的由浏览器打开并滚动到底，截图、页面元素由浏览器生成，\
                 有遮挡页面的同意提示时点击一次同意，此外不点击。标有“导入”的不是本工具访问取得，是由人员提供的文件，\
                 按字节原样保存。",
            )],
        ),
        ("工具", tool),
        ("系统环境", environment),
        (
            "步骤",
            vec![
                plain("1. 访问监测源，按地址逐页提取，字节落盘后登记；"),
                plain("2. 计算 SHA-256、SM3，写入当日采集日志（链式校验）；"),
                plain("3. 提取广告文字，与规则比对，人工审核；"),
                plain("4. 封存为证据包，签名，申请时间戳。"),
            ],
        ),
    ])
}

fn items(input: &PackageInput) -> Block {
    let mut rows = vec![Row::of(["序号", "网络地址", "时间、大小、校验值"].map(Cell::heading).to_vec())];
    for (index, captured) in input.captures.iter().enumerate() {
        let capture = &captured.capture;
        let source = if capture.exchange.imported.is_some() { "导入　" } else { "" };
        rows.push(Row::of(vec![
            Cell::heading((index + 1).to_string()),
            Cell::of(vec![
                code(line(&capture.exchange.final_url)),
                code(format!("{}.bin", capture_path(index, capture))),
            ]),
            Cell::of(vec![
                plain(format!(
                    "{source}{}　{} 字节",
                    capture.exchange.finished_at.beijing(),
                    capture.body.size_bytes
                )),
                code(format!("SHA-256 {}", capture.body.digests.sha256)),
            ]),
        ]));
    }
    Block::Table(Table { widths: vec![8, 38, 54], rows })
}

fn signatures() -> Block {
    let day = || Cell::text("　　年　　月　　日");
    let row = |name: &str| Row::tall(vec![Cell::heading(name), Cell::blank(), day()]);
    Block::Table(Table {
        widths: vec![32, 40, 28],
        rows: vec![
            row("提取人（签名）"),
            row("提取人（签名）"),
            row("见证人（签名）"),
            row("当事人（签名或者盖章）“以上与原件一致”"),
        ],
    })
}
