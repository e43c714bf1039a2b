use super::*;
use crate::text::Tables;
use crate::text::marks::is_mark;
use aho_corasick::AhoCorasick;
use proptest::prelude::*;
use std::sync::LazyLock;

static NORMALIZER: LazyLock<Normalizer> = LazyLock::new(|| Normalizer::new(&Tables::embedded()));

const LITERALS: &[&str] = &[
    "保本",
    "保本保息",
    "本息",
    "押金",
    "微信",
    "加微信",
    "高收益",
    "收益",
    "收益率",
    "牛股",
    "无风险",
    "年化15%",
    "15%",
    "guaranteed returns",
    "p2p",
    "返利",
    "全返",
    "稳赚不赔",
    "1.5倍",
    "日赚500",
    "10,000元",
    "保本，保息",
    "息",
    "v",
    "5",
    "m2",
    "qq",
    "微",
    "信托",
    "零风险",
    "一十五",
    "二零二六",
    "¥300",
    "保本。",
    "10",
    "usdt",
    "加",
    "月月返",
    "扫码进群",
    "稳",
    "保本",
    "保 本",
    "!",
    "",
    "保\n本",
];

static SET: LazyLock<LiteralSet> = LazyLock::new(|| set(LITERALS));

fn set(literals: &[&str]) -> LiteralSet {
    LiteralSet::new(&NORMALIZER, &literals.iter().map(|literal| (*literal).to_owned()).collect::<Vec<_>>())
}

/// A search over the normalized text, which the scan must agree with.
struct Reference {
    search: AhoCorasick,
    literals: Vec<u32>,
}

impl Reference {
    fn new(literals: &[&str]) -> Self {
        let texts: Vec<String> = literals.iter().map(|literal| NORMALIZER.normalize(literal).text).collect();
        let can_be_found = |text: &str| !text.chars().all(is_mark) && !text.contains('\n');
        let kept: Vec<usize> = (0..texts.len()).filter(|index| can_be_found(&texts[*index])).collect();
        let search = AhoCorasick::new(kept.iter().map(|index| &texts[*index])).unwrap();
        Self { search, literals: kept.into_iter().map(|index| index as u32).collect() }
    }

    fn find(&self, raw: &str) -> Vec<LiteralMatch> {
        let normalized = NORMALIZER.normalize(raw);
        let hits = self.search.find_overlapping_iter(&normalized.text);
        let mut found: Vec<LiteralMatch> = hits
            .map(|hit| LiteralMatch {
                literal: self.literals[hit.pattern().as_usize()],
                span: normalized.source_span(hit.start(), hit.end()),
            })
            .collect();
        found.sort_unstable();
        found
    }
}

/// Literals that reach across no sentence, so that single sentences are normalized.
static SHORT: LazyLock<(LiteralSet, Reference)> = LazyLock::new(|| {
    let short: Vec<&str> =
        LITERALS.iter().copied().filter(|literal| !literal.contains(['。', '!', ','])).collect();
    (set(&short), Reference::new(&short))
});

static REFERENCE: LazyLock<Reference> = LazyLock::new(|| Reference::new(LITERALS));

fn scan(set: &LiteralSet, raw: &str) -> Vec<LiteralMatch> {
    let mut found = Vec::new();
    set.scan(raw, &mut Scratch::default(), |hit| found.push(hit));
    found
}

#[test]
fn published_words_are_found_where_they_stand() {
    let cases: &[(&str, &[&str])] = &[
        ("承诺保本", &["保本"]),
        ("保 本*保🔥息", &["保 本*保🔥息", "保 本", "息"]),
        ("保\u{200b}本\u{301}吗", &["保\u{200b}本\u{301}"]),
        ("葆本", &["葆本"]),
        ("交扌甲金", &["扌甲金"]),
        ("保，本。", &[]),
        ("年化 15 %", &["年化 15 %", "15 %", "5"]),
        ("15元", &["5"]),
        ("Guaranteed  Returns now", &["Guaranteed  Returns"]),
        ("guaranteedreturns", &[]),
        ("第一行保本\n第二行gao收益\n第三行保本", &["保本", "gao收益", "收益", "保本"]),
        ("保(bǎo)本", &["保(bǎo)本"]),
        ("wx\u{8d4}牛", &["w", "wx\u{8d4}"]),
        ("10,000元", &["10,000元", "10"]),
        ("1 10000元", &["10"]),
    ];
    let literals: Vec<&str> =
        LITERALS.iter().copied().filter(|literal| !matches!(*literal, "保 本" | "v" | "稳")).collect();
    let (set, reference) = (set(&literals), Reference::new(&literals));
    for (raw, expect) in cases {
        let mut found: Vec<&str> = scan(&set, raw).iter().map(|hit| hit.span.of(raw)).collect();
        let mut expect = expect.to_vec();
        found.dedup();
        found.sort_unstable();
        expect.sort_unstable();
        assert_eq!(found, expect, "{raw}");
        assert_eq!(scan(&set, raw), reference.find(raw), "{raw}");
    }
}

#[test]
fn literals_that_differ_in_marks_alone_are_told_apart() {
    let literals = ["1", "1%", "返", "5", "5%"];
    let (set, reference) = (set(&literals), Reference::new(&literals));
    for text in ["1%", "年化1%", "1%返5%", "1", "返1", "5 %", "1.5%"] {
        assert_eq!(scan(&set, text), reference.find(text), "{text}");
    }
    assert_eq!(scan(&set, "年化1%").len(), 2);
}

#[test]
fn text_that_is_its_own_normal_form_needs_no_second_look() {
    for text in ["保本保息，年化15%，加微信", "guaranteed returns 1.5倍p2p", "押金。稳赚不赔", ""]
    {
        assert_eq!(NORMALIZER.normalize(text).text, text);
        let mut found = Vec::new();
        SET.scan_normalized(text, &mut Scratch::default(), |hit| found.push(hit));
        assert_eq!(found, REFERENCE.find(text), "{text}");
    }
}

#[test]
fn every_literal_finds_itself() {
    for (index, literal) in LITERALS.iter().enumerate() {
        let findable = !NORMALIZER.normalize(literal).text.chars().all(is_mark) && !literal.contains('\n');
        let is_found = scan(&SET, literal).iter().any(|hit| hit.literal as usize == index);
        assert_eq!(is_found, findable, "{literal}");
    }
}

#[test]
fn any_agrees_with_scan() {
    let set = set(&["保本"]);
    let mut scratch = Scratch::default();
    assert!(set.any("保 本", &mut scratch));
    assert!(!set.any("保值", &mut scratch));
}

/// Literals in pieces, what hides them, and characters of every class.
const PIECES: &[&str] = &[
    "保",
    "本",
    "息",
    "保本",
    "高收益",
    "收益率",
    "葆",
    "夲",
    "扌",
    "甲金",
    "亻呆",
    "言",
    "薇信",
    "微信",
    "v",
    "V",
    "x",
    "wx",
    "加",
    "+",
    "gao",
    "gu",
    "牛",
    "(",
    "（",
    ")",
    "）",
    "bǎo",
    "15",
    "%",
    "万",
    "-",
    ".",
    ",",
    "，",
    "。",
    "\n",
    "\r",
    " ",
    "\u{200b}",
    "\u{301}",
    "\u{fe0f}",
    "🔥",
    "①",
    "⑩",
    "½",
    "㎡",
    "Ａ",
    "穩",
    "賺",
    "不赔",
    "拾",
    "伍",
    "二",
    "○",
    "〇",
    "¥",
    "'",
    "“",
    "か",
    "3",
    "0",
    "00元",
    "quaranteed",
    "guaranteed",
    "returns",
    "P2P",
    "p",
    "日赚5",
    "全",
    "返",
    "利",
    "风险",
    "零",
    "无",
    "信托",
    "保保",
    "本本",
    "年化",
];

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        12 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scan_agrees_hit_for_hit_with_a_search_of_the_normalized_text(raw in any_text()) {
        prop_assert_eq!(scan(&SET, &raw), REFERENCE.find(&raw));
        prop_assert_eq!(scan(&SHORT.0, &raw), SHORT.1.find(&raw));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let raw = String::from_utf8_lossy(&bytes);
        prop_assert_eq!(scan(&SET, &raw), REFERENCE.find(&raw));
    }
}
