//! 涉嫌犯罪案件移送书 with the five materials that 行政执法机关移送涉嫌犯罪案件的规定 (State Council Order 310, revised 2020)
//! art 6 wants: the letter itself, the report, the list of goods, the appraisal, and what else bears on it.

use super::Facts;
use super::compose::{NOTICE, material_list, receipt};
use super::document::{Block, Cell, Document, plain, words};

/// The letter, its four annexes and the receipt.
pub(super) fn compose(facts: &Facts) -> Document {
    let mut blocks = vec![
        Block::Number(words(facts, "{number}")),
        Block::To(words(facts, "{to}：")),
        Block::Paragraph(words(
            facts,
            "我单位在查处{party}涉嫌发布违法广告一案（{case-number}）中，发现当事人的行为涉嫌构成犯罪（{crime}）。根据《中华人民共和国行政处罚法》第二十七条和《行政执法机关移送涉嫌犯罪案件的规定》第三条、第五条，经本单位负责人批准，现将该案移送你单位。",
        )),
        Block::Paragraph(plain(
            "请在本移送书的回执上签字，并依法审查；立案或者不予立案的决定请书面通知我单位，不予立案的请说明理由并退回案卷材料。",
        )),
        Block::Paragraph(plain(
            "随案移送下列材料（《行政执法机关移送涉嫌犯罪案件的规定》第六条）：一、涉嫌犯罪案件移送书（本文书）；二、涉嫌犯罪案件情况的调查报告（附件1）；三、涉案物品清单（附件2）；四、有关检验报告或者鉴定结论（附件3）；五、其他有关涉嫌犯罪的材料（附件4）。",
        )),
        Block::Paragraph(words(facts, "承办人：{officers}　　联系电话：{phone}　　地址：{address}")),
        Block::Signature(words(facts, "{office}")),
        Block::Signature(words(facts, "{date}")),
    ];
    blocks.extend(report(facts));
    blocks.extend(goods(facts));
    blocks.extend([
        Block::Annex { mark: "附件3".to_owned(), title: "有关检验报告或者鉴定结论".to_owned() },
        Block::Paragraph(words(facts, "{appraisal}")),
    ]);
    blocks.extend(others(facts));
    blocks.extend(receipt(facts, "涉嫌犯罪案件移送书"));
    Document { title: "涉嫌犯罪案件移送书".to_owned(), blocks }
}

fn report(facts: &Facts) -> Vec<Block> {
    let mut blocks = vec![
        Block::Annex {
            mark: "附件1".to_owned(), title: "涉嫌犯罪案件情况的调查报告".to_owned()
        },
        Block::Heading("一、当事人基本情况".to_owned()),
        Block::Paragraph(words(
            facts,
            "{party}，统一社会信用代码：{credit-code}，住所：{party-address}，法定代表人（负责人）：{representative}。",
        )),
        Block::Heading("二、案件来源和调查经过".to_owned()),
        Block::Paragraph(words(
            facts,
            "线索来源：{source}，{found-on}登记（编号 {lead}）。承办人：{officers}。",
        )),
        Block::Heading("三、涉嫌违法的广告".to_owned()),
        Block::Paragraph(words(
            facts,
            "{media}发布的广告“{title}”，首次监测 {first-seen}，最近监测 {last-seen}。其中涉嫌违法的用语：",
        )),
    ];
    blocks.extend(facts.quotes.iter().map(|quote| Block::Paragraph(plain(&format!("“{quote}”")))));
    blocks.extend([
        Block::Paragraph(plain(&format!("涉嫌违反的规定：{}。", facts.provisions.join("、")))),
        Block::Heading("四、调查认定的情况".to_owned()),
        Block::Paragraph(words(facts, "{facts}")),
        Block::Paragraph(words(facts, "涉案金额：{amount}。")),
        Block::Heading("五、涉嫌犯罪的理由".to_owned()),
        Block::Paragraph(words(facts, "当事人的行为涉嫌{crime}。{reason}。")),
        Block::Paragraph(plain(NOTICE)),
    ]);
    blocks
}

fn goods(facts: &Facts) -> Vec<Block> {
    let head = ["序号", "名称", "数量", "特征", "存放地点"].map(Cell::name).to_vec();
    let row = vec![Cell::lines(["1".to_owned()]), Cell::of(facts, "{goods}")];
    vec![
        Block::Annex { mark: "附件2".to_owned(), title: "涉案物品清单".to_owned() },
        Block::Table { widths: vec![10, 34, 14, 22, 20], rows: vec![head, row] },
        Block::Paragraph(plain("没有涉案物品的，写明“无”。移交人、接收人在清单上签字：")),
        Block::Paragraph(plain("移交人：　　　　　　接收人：　　　　　　年　月　日")),
    ]
}

fn others(facts: &Facts) -> Vec<Block> {
    let mut blocks = vec![Block::Annex {
        mark: "附件4".to_owned(),
        title: "其他有关涉嫌犯罪的材料".to_owned(),
    }];
    blocks.extend(material_list(facts).into_iter().map(|line| Block::Paragraph(plain(&line))));
    let head = ["发布页面", "最近监测到的时间"].map(Cell::name).to_vec();
    let row = |(url, at): &(String, String)| vec![Cell::lines([url.clone()]), Cell::lines([at.clone()])];
    if !facts.pages.is_empty() {
        let rows = std::iter::once(head).chain(facts.pages.iter().map(row)).collect();
        blocks.push(Block::Table { widths: vec![68, 32], rows });
    }
    blocks
}
