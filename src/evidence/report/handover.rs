//! 电子证据移交清单: what goes with a copy, signed by both sides, and returned as the receipt.

use super::docx;
use super::paper::{Block, Cell, Paper, Row, Table, code, facts, plain};
use crate::domain::evidence::PackageId;
use crate::kit::clock::UnixMs;

/// What is known of a hand-over.
#[derive(Debug, Clone)]
pub struct HandoverFacts {
    /// Its number.
    pub number: String,
    /// The office, if its name is configured.
    pub office: Option<String>,
    /// To whom.
    pub recipient: String,
    /// By whom.
    pub handed_by: String,
    /// When.
    pub handed_at: UnixMs,
    /// Name of the copy's file.
    pub file_name: String,
    /// SHA-256 of the copy.
    pub sha256: String,
    /// The package that it is a copy of.
    pub package_id: PackageId,
    /// Whether data of bystanders was masked in it.
    pub is_masked: bool,
}

/// The form, for word processors.
///
/// # Errors
/// When the file cannot be packed.
pub fn handover_form(form: &HandoverFacts) -> anyhow::Result<Vec<u8>> {
    let kind = if form.is_masked {
        "遮盖副本（无关人员信息已遮盖，图片等未附）"
    } else {
        "完整副本，与原件逐字节相同"
    };
    let day = || Cell::text("　　年　　月　　日");
    let blocks = vec![
        facts(vec![
            ("移交编号", vec![code(&form.number)]),
            ("移交单位", vec![plain(form.office.clone().unwrap_or_default())]),
            ("接收单位（人）", vec![plain(&form.recipient)]),
            ("移交时间", vec![plain(form.handed_at.beijing())]),
            ("经办人（系统记录）", vec![plain(&form.handed_by)]),
        ]),
        Block::Heading("移交的电子证据".to_owned()),
        facts(vec![
            ("证据包编号", vec![code(form.package_id.as_str())]),
            ("文件", vec![code(&form.file_name)]),
            ("副本种类", vec![plain(kind)]),
            ("SHA-256", vec![code(&form.sha256)]),
            ("载体、数量", vec![plain("")]),
        ]),
        Block::Paragraph(plain(
            "接收时请先核对：sha256sum -c 文件名.wacz.sha256，结果应为 OK，数值应与上表一致；核对无误后签收，并将本清单一份退回移交单位。",
        )),
        Block::Table(Table {
            widths: vec![26, 46, 28],
            rows: vec![
                Row::tall(vec![Cell::heading("移交人（签名）"), Cell::blank(), day()]),
                Row::tall(vec![Cell::heading("移交人（签名）"), Cell::blank(), day()]),
                Row::tall(vec![Cell::heading("接收人（签名、盖章）"), Cell::blank(), day()]),
                Row::of(vec![Cell::heading("核对结果"), Cell::text("□一致　□不一致，情况：").spanning(2)]),
            ],
        }),
    ];
    docx::render(&Paper {
        office: form.office.clone().unwrap_or_else(|| "　　　　　　市场监督管理局".to_owned()),
        title: "电子证据移交清单（回执）".to_owned(),
        running: format!("移交编号　{}", form.number),
        seal_line: format!("SHA-256 {}", form.sha256),
        blocks,
    })
}
