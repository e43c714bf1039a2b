//! The words of the letters and forms.

use super::Facts;
use super::document::{Block, Cell, Document, plain, words};

/// What stands under every letter and form that speaks of an ad.
pub(super) const NOTICE: &str =
    "以上“涉嫌”系互联网广告监测与核查情况，尚未经有权机关认定；非法集资的认定由处置非法集资牵头部门组织。";

/// 线索登记表.
pub(super) fn register(facts: &Facts) -> Document {
    let name = Cell::name;
    let of = |text: &str| Cell::of(facts, text);
    let rows = vec![
        vec![name("线索编号"), of("{lead}"), name("发现日期"), of("{found-on}")],
        vec![name("线索来源"), of("{source}"), name("严重程度"), of("{severity}")],
        vec![name("核查期限"), of("{verify-by}"), name("承办人"), of("{officers}")],
        vec![name("广告标题"), of("{title}")],
        vec![name("发布媒介"), of("{media}")],
        vec![name("发布页面"), pages(facts)],
        vec![name("监测时间"), of("首次 {first-seen}；最近 {last-seen}")],
        vec![name("当事人"), of("{party}")],
        vec![name("信用代码"), of("{credit-code}")],
        vec![name("涉嫌违法\n用语"), quotes(facts)],
        vec![name("涉嫌违反\n的规定"), provisions(facts)],
        vec![name("证据材料"), packages(facts)],
        vec![name("登记意见"), Cell::lines(Vec::new()).with_room(3)],
        vec![name("负责人\n批示"), Cell::lines(Vec::new()).with_room(3)],
    ];
    Document {
        title: "涉嫌违法广告线索登记表".to_owned(),
        blocks: vec![
            Block::Number(words(facts, "{office}    {date}")),
            Block::Table { widths: vec![16, 34, 16, 34], rows },
            Block::Paragraph(plain(NOTICE)),
        ],
    }
}

/// 核查审批表.
pub(super) fn approval(facts: &Facts) -> Document {
    let name = Cell::name;
    let of = |text: &str| Cell::of(facts, text);
    let rows = vec![
        vec![name("线索编号"), of("{lead}"), name("线索来源"), of("{source}")],
        vec![name("发现日期"), of("{found-on}"), name("核查期限"), of("{verify-by}")],
        vec![name("当事人"), of("{party}"), name("信用代码"), of("{credit-code}")],
        vec![name("住所"), of("{party-address}"), name("法定代表人\n(负责人)"), of("{representative}")],
        vec![
            name("核查情况"),
            Cell {
                lines: vec![
                    words(
                        facts,
                        "经核查，{media}发布的广告“{title}”（首次监测 {first-seen}，最近监测 {last-seen}）含有涉嫌违法用语：",
                    ),
                    plain(&joined_quotes(facts)),
                ],
                is_name: false,
                n_free_lines: 0,
            },
        ],
        vec![name("涉嫌违反\n的规定"), provisions(facts)],
        vec![name("证据材料"), packages(facts)],
        vec![
            name("核查意见"),
            Cell {
                lines: vec![words(facts, "{opinion}"), words(facts, "承办人：{officers}        {date}")],
                is_name: false,
                n_free_lines: 0,
            },
        ],
        vec![name("办案机构\n意见"), Cell::lines(Vec::new()).with_room(3)],
        vec![name("负责人\n审批意见"), Cell::lines(Vec::new()).with_room(3)],
        vec![
            name("备注"),
            Cell::lines([
                "立案条件见《市场监督管理行政处罚程序规定》第十九条，不予立案情形见第二十条。".to_owned()
            ]),
        ],
    ];
    Document {
        title: "涉嫌违法广告线索核查审批表".to_owned(),
        blocks: vec![
            Block::Number(words(facts, "{office}")),
            Block::Table { widths: vec![16, 34, 16, 34], rows },
            Block::Paragraph(plain(NOTICE)),
        ],
    }
}

/// 移送函 and its receipt.
pub(super) fn transfer(facts: &Facts) -> Document {
    let mut blocks = vec![
        Block::Number(words(facts, "{number}")),
        Block::To(words(facts, "{to}：")),
        Block::Paragraph(words(
            facts,
            "我单位在互联网广告监测工作中发现，{media}发布的广告“{title}”涉嫌违反广告管理规定，涉嫌与非法集资有关。{reason}，现将有关线索及材料移送你单位，请依法处理。",
        )),
        Block::Heading("一、当事人基本情况".to_owned()),
        Block::Paragraph(words(
            facts,
            "名称：{party}；统一社会信用代码：{credit-code}；住所：{party-address}。",
        )),
        Block::Heading("二、涉嫌违法的情况".to_owned()),
        Block::Paragraph(words(
            facts,
            "该广告首次监测到的时间为{first-seen}，最近监测到的时间为{last-seen}。广告中的下列用语涉嫌违法：",
        )),
    ];
    blocks.extend(facts.quotes.iter().map(|quote| Block::Paragraph(plain(&format!("“{quote}”")))));
    blocks.push(Block::Paragraph(plain(&format!("涉嫌违反的规定：{}。", facts.provisions.join("、")))));
    blocks.push(Block::Heading("三、随函移送的材料".to_owned()));
    blocks.extend(material_list(facts).into_iter().map(|line| Block::Paragraph(plain(&line))));
    blocks.extend([
        Block::Paragraph(plain(
            "请收到后填写回执并退回我单位；处理结果请及时反馈。收件单位认为不属于本单位管辖的，请说明理由退回，或者报请共同的上一级机关指定管辖，不再自行移送。",
        )),
        Block::Paragraph(plain(NOTICE)),
        Block::Paragraph(words(facts, "联系人：{contact}　　联系电话：{phone}　　地址：{address}")),
        Block::Signature(words(facts, "{office}")),
        Block::Signature(words(facts, "{date}")),
    ]);
    blocks.extend(receipt(facts, "移送函"));
    Document { title: "涉嫌违法广告线索移送函".to_owned(), blocks }
}

/// 协助调查函 (art 45).
pub(super) fn assistance(facts: &Facts) -> Document {
    let mut blocks = vec![
        Block::Number(words(facts, "{number}")),
        Block::To(words(facts, "{to}：")),
        Block::Paragraph(words(
            facts,
            "我单位正在办理{party}涉嫌发布违法广告一案（{case-number}）。因案件调查需要，根据《市场监督管理行政处罚程序规定》第四十五条，请你单位协助调查下列事项：",
        )),
        Block::Paragraph(words(facts, "{matters}")),
        Block::Heading("案件情况".to_owned()),
        Block::Paragraph(words(
            facts,
            "{media}发布的广告“{title}”，首次监测 {first-seen}，最近监测 {last-seen}。涉嫌违法用语：",
        )),
    ];
    blocks.extend(facts.quotes.iter().map(|quote| Block::Paragraph(plain(&format!("“{quote}”")))));
    blocks.extend([
        Block::Paragraph(plain(
            "请自接到本函之日起十五个工作日内完成并书面答复；需要延期的，请在期限届满前告知。提供的材料请注明出处、提供日期，由提供人签名或者盖章。",
        )),
        Block::Paragraph(plain(NOTICE)),
        Block::Paragraph(words(facts, "承办人：{officers}　　联系电话：{phone}　　地址：{address}")),
        Block::Signature(words(facts, "{office}")),
        Block::Signature(words(facts, "{date}")),
    ]);
    blocks.extend(receipt(facts, "协助调查函"));
    Document { title: "协助调查函".to_owned(), blocks }
}

/// 回执: filled in by the other side, so its lines are no blanks of ours.
pub(super) fn receipt(facts: &Facts, of: &str) -> Vec<Block> {
    let line = |name: &str| vec![Cell::name(name), Cell::lines(Vec::new()).with_room(1)];
    let rows = vec![
        vec![Cell::name("来函"), Cell::of(facts, &format!("《{of}》{{number}}"))],
        vec![Cell::name("线索编号"), Cell::of(facts, "{lead}")],
        line("收到日期"),
        line("收到材料"),
        vec![
            Cell::name("处理意见"),
            Cell::lines(["□ 受理  □ 立案  □ 不予受理  □ 不予立案  □ 退回（理由附后）".to_owned()])
                .with_room(2),
        ],
        line("收件人及电话"),
        vec![Cell::name("收件单位\n（盖章）"), Cell::lines(Vec::new()).with_room(3)],
    ];
    vec![
        Block::Annex { mark: String::new(), title: format!("《{of}》回执") },
        Block::To(words(facts, "{office}：")),
        Block::Table { widths: vec![22, 78], rows },
    ]
}

/// What goes with a letter.
pub(super) fn material_list(facts: &Facts) -> Vec<String> {
    if facts.packages.is_empty() {
        return vec!["1. 监测记录打印件（未封存证据包）。".to_owned()];
    }
    let package = |(at, (id, seal)): (usize, &(String, String))| {
        format!(
            "{}. 电子证据包 {id}（封存值 SHA-256：{seal}），内含网页原始数据、电子数据提取笔录和校验清单。",
            at + 1
        )
    };
    facts.packages.iter().enumerate().map(package).collect()
}

fn pages(facts: &Facts) -> Cell {
    let line = |(url, at): &(String, String)| format!("{url}（{at}）");
    Cell::lines(
        facts
            .pages
            .iter()
            .take(5)
            .map(line)
            .chain((facts.pages.len() > 5).then(|| format!("等 {} 个页面，详见证据材料", facts.pages.len()))),
    )
}

pub(super) fn quotes(facts: &Facts) -> Cell {
    Cell::lines(facts.quotes.iter().map(|quote| format!("“{quote}”")))
}

fn joined_quotes(facts: &Facts) -> String {
    facts.quotes.iter().map(|quote| format!("“{quote}”")).collect::<Vec<_>>().join("；")
}

pub(super) fn provisions(facts: &Facts) -> Cell {
    Cell::lines(facts.provisions.iter().cloned())
}

fn packages(facts: &Facts) -> Cell {
    Cell::lines(match facts.packages.as_slice() {
        [] => vec!["尚未封存证据包".to_owned()],
        some => some.iter().map(|(id, seal)| format!("{id}，SHA-256 {seal}")).collect(),
    })
}
