//! The words that make a number a promise. A claim needs one of its kind's words, so they also decide whether a
//! text can hold such a claim at all.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::domain::claim::ClaimKind;

/// Words of return on money.
const YIELD: &[&str] = &[
    "收益",
    "回报",
    "年化",
    "年利",
    "年息",
    "月息",
    "月利",
    "月化",
    "日息",
    "日利",
    "日化",
    "周息",
    "季息",
    "利息",
    "利率",
    "返利",
    "返还",
    "返息",
    "返本",
    "返现",
    "年返",
    "月返",
    "周返",
    "日返",
    "天返",
    "派息",
    "付息",
    "股息",
    "固息",
    "高息",
    "分红",
    "红利",
    "盈利",
    "获利",
    "净赚",
    "稳赚",
    "能赚",
    "赚取",
    "就赚",
    "可赚",
    "赚到",
    "溢价",
    "租金",
    "返租",
    "增值",
    "升值",
    "静态",
    "保底",
    "福利金",
    "息差",
    "利滚利",
    "复利",
    "回馈",
    "补贴",
    "翻倍",
    "回本",
    "yield",
    "return",
    "apy",
    "apr",
    "profit",
    "interest",
];

/// Words of commission: a percent near one of these is a rebate.
const REBATE: &[&str] = &[
    "返利",
    "返佣",
    "返点",
    "返现",
    "返积分",
    "提成",
    "佣金",
    "推荐奖",
    "推广奖",
    "奖励",
    "奖金",
    "分成",
    "抽成",
    "拉新",
    "直推",
    "间推",
    "分润",
    "推荐",
    "团队",
    "管理奖",
    "commission",
    "referral",
];

/// Words that, between or beside, make a percent something else.
const NOT_YIELD: &[&str] = &[
    "占比",
    "占",
    "持股",
    "股权的",
    "税",
    "同比",
    "环比",
    "增长",
    "下降",
    "下跌",
    "上涨",
    "涨幅",
    "跌幅",
    "降幅",
    "增幅",
    "下调",
    "上调",
    "首付",
    "毛利",
    "净利率",
    "利润率",
    "费率",
    "手续费",
    "lpr",
    "准备金",
    "通胀",
    "cpi",
    "gdp",
    "逾期率",
    "不良",
    "仓位",
    "中签",
    "概率",
    "胜率",
    "成功率",
    "折扣",
    "浓度",
    "含量",
    "电量",
    "市盈率",
    "换手率",
    "投票",
    "正确率",
    "准确率",
    "增速",
    "速度",
    "涨停",
    "违约金",
    "滞纳金",
    "罚息",
    "保证金比例",
    "折旧",
    "折现率",
    "空置率",
    "出租率",
    "入住率",
    "好评率",
    "份额",
];

/// Words of borrowing: an interest rate near one of these is a price, not a promise.
const LOAN: &[&str] = &[
    "贷款",
    "房贷",
    "车贷",
    "借款",
    "借钱",
    "信用卡",
    "分期",
    "透支",
    "罚息",
    "逾期",
    "公积金",
    "按揭",
    "借呗",
    "白条",
    "助学贷",
];

/// Interest words that are prices when money is borrowed; 收益 and 回报 never are.
const INTEREST: &[&str] = &["利率", "利息", "月息", "月利", "日息", "日利", "年息", "年利", "年化"];

/// How often something is paid, with payments per year; longer words first.
const RECURRENCE: &[(&str, f64)] = &[
    ("每个工作日", 250.0),
    ("每工作日", 250.0),
    ("每个交易日", 250.0),
    ("每个月", 12.0),
    ("每个季度", 4.0),
    ("每个星期", 52.0),
    ("每星期", 52.0),
    ("每季度", 4.0),
    ("每半年", 2.0),
    ("每天", 365.0),
    ("每日", 365.0),
    ("每周", 52.0),
    ("每月", 12.0),
    ("每季", 4.0),
    ("每年", 1.0),
    ("天天", 365.0),
    ("日日", 365.0),
    ("月月", 12.0),
    ("年年", 1.0),
    ("按天", 365.0),
    ("按日", 365.0),
    ("按周", 52.0),
    ("按月", 12.0),
    ("按季", 4.0),
    ("按年", 1.0),
    ("单日", 365.0),
    ("日均", 365.0),
    ("月均", 12.0),
    ("逐月", 12.0),
    ("当天", 365.0),
    ("半年", 2.0),
    ("年化", 1.0),
    ("月化", 12.0),
    ("日化", 365.0),
    ("年收益", 1.0),
    ("年回报", 1.0),
    ("年利", 1.0),
    ("年息", 1.0),
    ("年返", 1.0),
    ("年分红", 1.0),
    ("年均", 1.0),
    ("月收益", 12.0),
    ("月回报", 12.0),
    ("月利", 12.0),
    ("月息", 12.0),
    ("月返", 12.0),
    ("月分红", 12.0),
    ("月付息", 12.0),
    ("月入", 12.0),
    ("月赚", 12.0),
    ("周收益", 52.0),
    ("周息", 52.0),
    ("周返", 52.0),
    ("周赚", 52.0),
    ("季息", 4.0),
    ("季返", 4.0),
    ("日收益", 365.0),
    ("日回报", 365.0),
    ("日利", 365.0),
    ("日息", 365.0),
    ("日返", 365.0),
    ("日分红", 365.0),
    ("日入", 365.0),
    ("日赚", 365.0),
    ("日结", 365.0),
    ("天返", 365.0),
    ("天赚", 365.0),
    ("一天", 365.0),
    ("一日", 365.0),
    ("一周", 52.0),
    ("一星期", 52.0),
    ("一个月", 12.0),
    ("一月", 12.0),
    ("一季", 4.0),
    ("一个季度", 4.0),
    ("一年", 1.0),
    ("daily", 365.0),
    ("per day", 365.0),
    ("weekly", 52.0),
    ("per week", 52.0),
    ("monthly", 12.0),
    ("per month", 12.0),
    ("per year", 1.0),
    ("annual", 1.0),
];

/// Words of being paid.
const PAID: &[&str] = &[
    "返", "领", "分红", "派息", "付息", "利息", "收益", "回报", "收租", "租金", "拿", "到账", "进账", "赚",
    "挣", "结算", "发放", "入账", "提现", "净得", "可得", "获得", "福利", "补贴", "盈利", "收入", "日入",
    "月入", "日结", "产", "earn", "profit", "pay",
];

/// Words of putting money in: an amount after one of these is a stake.
const STAKE: &[&str] = &[
    "每投资",
    "投资",
    "投入",
    "每投",
    "投",
    "存入",
    "存",
    "买入",
    "购买",
    "买",
    "交付",
    "交纳",
    "缴纳",
    "交",
    "入金",
    "充值",
    "充",
    "预存",
    "认购",
    "认养",
    "花",
    "入股",
    "出资",
    "本金",
    "押金",
    "加盟费",
    "起投",
    "入资",
    "借给",
    "支付",
    "付",
    "invest",
    "deposit",
];

/// Words of multiplication.
const MULTIPLE: &[&str] = &[
    "翻倍", "翻番", "翻几", "翻一", "翻两", "翻三", "翻四", "翻五", "翻十", "翻了", "翻4", "回报", "收益",
    "分红", "利润", "增值", "升值", "赚", "获利", "盈利", "本金", "涨", "万变", "变成", "元变", "块变",
    "返还", "返利", "返", "暴利", "double", "triple", "times",
];

/// Words of borrowed leverage.
const LEVERAGE: &[&str] = &["杠杆", "配资", "融资", "倍资金", "保证金", "配比", "leverage"];

/// Words after an amount that make it a stake: 二百元入资, 10万起投.
const STAKE_AFTER: &[&str] = &[
    "入资", "入金", "入股", "起投", "投资", "认购", "本金", "加盟", "存款", "一份", "一台", "一只", "一头",
    "一股", "一单",
];

/// Words after a time that say the stake is back.
const PAYBACK: &[&str] =
    &["回本", "收回成本", "收回本金", "收回投资", "收回全部投资", "收回全部本金", "翻本", "赚回"];

/// Doubling without a number, with the factor.
const DOUBLING: &[(&str, f64)] =
    &[("翻倍", 2.0), ("翻番", 2.0), ("翻了倍", 2.0), ("翻几番", 4.0), ("翻几倍", 2.0)];

/// What a word may mean; a word may have several classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Yield,
    Rebate,
    NotYield,
    Loan,
    Interest,
    Recurrence,
    Paid,
    Stake,
    StakeAfter,
    Multiple,
    Leverage,
    Payback,
    Doubling,
}

/// A word found in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Word {
    pub start: usize,
    pub end: usize,
    pub text: &'static str,
    /// Payments per year of a recurrence, factor of a doubling.
    pub value: f64,
    classes: u16,
}

impl Word {
    pub fn is(&self, class: Class) -> bool {
        self.classes & (1 << class as u16) != 0
    }
}

struct Index {
    automaton: Option<AhoCorasick>,
    /// Word, value and classes of each pattern.
    words: Vec<(&'static str, f64, u16)>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let plain: [(Class, &[&'static str]); 11] = [
        (Class::Yield, YIELD),
        (Class::Rebate, REBATE),
        (Class::NotYield, NOT_YIELD),
        (Class::Loan, LOAN),
        (Class::Interest, INTEREST),
        (Class::Paid, PAID),
        (Class::Stake, STAKE),
        (Class::StakeAfter, STAKE_AFTER),
        (Class::Multiple, MULTIPLE),
        (Class::Leverage, LEVERAGE),
        (Class::Payback, PAYBACK),
    ];
    let mut words: BTreeMap<&'static str, (f64, u16)> = BTreeMap::new();
    for (class, list) in plain {
        for word in list {
            words.entry(word).or_default().1 |= 1 << class as u16;
        }
    }
    for (class, list) in [(Class::Recurrence, RECURRENCE), (Class::Doubling, DOUBLING)] {
        for (word, value) in list {
            let entry = words.entry(word).or_default();
            *entry = (*value, entry.1 | 1 << class as u16);
        }
    }
    let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(words.keys()).ok();
    Index {
        automaton,
        words: words.into_iter().map(|(word, (value, classes))| (word, value, classes)).collect(),
    }
});

/// Appends the words of `text[range]`, in the order of their ends, overlapping ones included.
pub(super) fn find(text: &str, range: Range<usize>, found: &mut Vec<Word>) {
    let index = &*INDEX;
    let Some(automaton) = &index.automaton else { return };
    let offset = range.start;
    for hit in automaton.find_overlapping_iter(&text[range]) {
        let (text, value, classes) = index.words[hit.pattern().as_usize()];
        found.push(Word { start: offset + hit.start(), end: offset + hit.end(), text, value, classes });
    }
}

/// What a text must hold for a claim of this kind: one of the first words, or in one clause a word of each of the
/// other sets. `None` when any number will do.
pub(crate) struct Gate {
    /// Words of which one is enough.
    pub words: Vec<String>,
    /// Alternatives: sets of which each must have a word in the clause.
    pub sets: Vec<[Vec<String>; 2]>,
}

/// The gate of a kind of claim.
pub(crate) fn gate(kind: ClaimKind) -> Option<Gate> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let gate = |words: &[&str]| Some(Gate { words: owned(words), sets: Vec::new() });
    let recurrent = || RECURRENCE.iter().map(|(word, _)| *word);
    match kind {
        ClaimKind::Yield => {
            let long = YIELD.iter().copied().filter(|word| word.chars().count() > 1);
            // A payout near a stake implies a yield, and so does 一年后10万变13万; a time does with a rate or a factor.
            let words: Vec<&str> =
                long.chain(recurrent()).chain(PAYBACK.iter().copied()).chain(["变"]).collect();
            let sets = vec![[times(), rates()], [times(), owned(&["倍", "翻", "番"])]];
            Some(Gate { words: owned(&words), sets })
        }
        ClaimKind::Payout => gate(&recurrent().collect::<Vec<_>>()),
        ClaimKind::Leverage => gate(LEVERAGE),
        ClaimKind::Rebate => gate(REBATE),
        ClaimKind::Multiple => gate(&["倍", "翻", "番", "变"]),
        ClaimKind::Amount | ClaimKind::Period => None,
    }
}

/// What a number may end with, in digits, hidden digits or Chinese.
const NUMBER_ENDS: &str = "0123456789x零〇一二两三四五六七八九十百千万亿几半多余来";

fn after_number<'a>(units: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    NUMBER_ENDS.chars().flat_map(move |end| units.iter().map(move |unit| format!("{end}{unit}")))
}

/// How times are written.
fn times() -> Vec<String> {
    let units = ["天", "日", "周", "星期", "季度", "年", "小时", "工作日", "交易日"];
    let counted = ["个月", "个多月", "个星期", "个季度", "个小时", "个工作日", "个交易日", "个自然日"];
    after_number(&units).chain(counted.map(str::to_owned)).collect()
}

/// How rates are written; a mark alone is no word, so the end of the number belongs to it.
fn rates() -> Vec<String> {
    let counted = ["百分", "千分", "万分", "个点", "个多点"];
    after_number(&["%", "‰", "‱", "点", "成", "分", "厘"]).chain(counted.map(str::to_owned)).collect()
}
