//! 文书: letters and forms of an office, filled from data, as DOCX and as HTML for printing.
//!
//! Pure: what is known comes in as [`Facts`], bytes come out. A value that nobody knows is a blank with a name; a letter
//! with blanks is a draft and says so on every page. Nothing here knows who reported a lead, and everything says 涉嫌.

mod compose;
mod document;
mod docx;
mod html;
mod police;

use std::collections::BTreeMap;

pub use document::{Blank, Block, Document, Piece, Words};
pub use docx::docx;
pub use html::{body, page};

/// Which letter or form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LetterKind {
    /// 线索登记表.
    Register,
    /// 核查审批表: 立案 or 不予立案 (arts 19, 20).
    Approval,
    /// 移送函, with its receipt.
    Transfer,
    /// 涉嫌犯罪案件移送书, with what art 6 of the rule on transfers wants.
    Police,
    /// 协助调查函 (art 45).
    Assistance,
}

impl LetterKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Register, Self::Approval, Self::Transfer, Self::Police, Self::Assistance];

    /// Stable name for commands, addresses and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Approval => "approval",
            Self::Transfer => "transfer",
            Self::Police => "police",
            Self::Assistance => "assistance",
        }
    }

    /// The kind with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Its name, Chinese and English.
    pub fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Register => ("线索登记表", "Registration form"),
            Self::Approval => ("核查审批表", "Verification form"),
            Self::Transfer => ("移送函", "Letter of transfer"),
            Self::Police => ("涉嫌犯罪案件移送书", "Transfer to the police"),
            Self::Assistance => ("协助调查函", "Request for assistance"),
        }
    }

    /// Whether it goes to another office.
    pub fn leaves(self) -> bool {
        matches!(self, Self::Transfer | Self::Police | Self::Assistance)
    }
}

/// What is known: values by key, each as it is to be printed. [`KEYS`] names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    values: BTreeMap<&'static str, String>,
    /// 涉嫌违法用语: words of the ad, as published.
    pub quotes: Vec<String>,
    /// 涉嫌违反的规定: names of articles.
    pub provisions: Vec<String>,
    /// 证据包: name and seal.
    pub packages: Vec<(String, String)>,
    /// 发布情况: page and the last time it was seen there.
    pub pages: Vec<(String, String)>,
}

/// Every value a letter may need: key, and what it is called on a form.
pub const KEYS: &[(&str, &str)] = &[
    ("number", "文号"),
    ("date", "落款日期"),
    ("office", "本单位名称"),
    ("address", "本单位地址"),
    ("contact", "联系人"),
    ("phone", "联系电话"),
    ("to", "主送单位"),
    ("lead", "线索编号"),
    ("case-number", "案号"),
    ("source", "线索来源"),
    ("found-on", "发现日期"),
    ("verify-by", "核查期限"),
    ("title", "广告标题"),
    ("severity", "严重程度"),
    ("media", "发布媒介"),
    ("first-seen", "首次监测到的时间"),
    ("last-seen", "最近监测到的时间"),
    ("party", "当事人"),
    ("credit-code", "统一社会信用代码"),
    ("party-address", "当事人住所"),
    ("representative", "法定代表人或者负责人"),
    ("officers", "承办人"),
    ("opinion", "核查意见"),
    ("reason", "移送理由"),
    ("matters", "请协助的事项"),
    ("crime", "涉嫌罪名"),
    ("facts", "调查认定的情况"),
    ("amount", "涉案金额"),
    ("goods", "涉案物品"),
    ("appraisal", "检验报告或者鉴定结论"),
];

/// What this key is called on a form.
pub fn label(key: &str) -> &'static str {
    KEYS.iter().find(|(known, _)| *known == key).map_or("", |(_, label)| label)
}

impl Facts {
    /// Sets a value; a blank one and an unknown key change nothing.
    pub fn set(&mut self, key: &str, value: &str) {
        let value = value.trim();
        if let (Some((key, _)), false) = (KEYS.iter().find(|(known, _)| *known == key), value.is_empty()) {
            self.values.insert(key, value.to_owned());
        }
    }

    /// The value of this key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

/// The letter of this kind with what is known.
pub fn compose(kind: LetterKind, facts: &Facts) -> Document {
    match kind {
        LetterKind::Register => compose::register(facts),
        LetterKind::Approval => compose::approval(facts),
        LetterKind::Transfer => compose::transfer(facts),
        LetterKind::Police => police::compose(facts),
        LetterKind::Assistance => compose::assistance(facts),
    }
}

#[cfg(test)]
mod tests;
