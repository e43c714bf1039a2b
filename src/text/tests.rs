use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

static NORMALIZER: LazyLock<Normalizer> = LazyLock::new(|| Normalizer::new(&Tables::embedded()));

fn check(published: &str, expect: &str, transforms: &[&str]) {
    let got = NORMALIZER.normalize(published);
    assert_eq!(got.text, expect, "text of {published:?}");
    assert_eq!(got.transforms(0, got.text.len()), transforms, "transforms of {published:?}");
}

#[test]
fn published_text_is_read_as_the_words_it_means() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("保本保息", "保本保息", &[]),
        ("ＱＱ１２３", "qq123", &["width", "case"]),
        ("保 本", "保本", &["separator"]),
        ("保.本-保*息", "保本保息", &["separator"]),
        ("保🔥本💰保🀄️息", "保本保息", &["separator"]),
        ("保\u{200b}本", "保本", &["invisible"]),
        ("保\u{301}本", "保本", &["combining"]),
        ("“保本”保息", "保本保息", &["punctuation"]),
        ("穩賺不賠", "稳赚不赔", &["traditional"]),
        ("保夲", "保本", &["lookalike"]),
        ("葆本", "保本", &["homophone"]),
        ("扌甲金", "押金", &["split-character"]),
        ("亻呆本", "保本", &["split-character"]),
        ("保(bǎo)本(běn)保（bǎo）息（xī）", "保本保息", &["bracketed-pinyin"]),
        ("gao收益", "高收益", &["pinyin"]),
        ("牛gu推荐", "牛股推荐", &["pinyin"]),
        ("保保本本", "保本", &["repeated"]),
        ("高高收益", "高收益", &["repeated"]),
        ("薇信", "微信", &["contact-alias"]),
        ("加V", "加微", &["case", "contact-alias"]),
        ("微亻言", "微信", &["split-character"]),
        ("加扣扣123456", "加qq123456", &["contact-alias"]),
        ("+vx：abc123", "加微信：abc123", &["contact-alias"]),
        ("①对②", "1对2", &["numeral"]),
        ("年化壹拾伍%", "年化一十五%", &["numeral"]),
        ("二〇二六年", "二零二六年", &["numeral"]),
        ("大陆登陆伍先生收拾", "大陆登陆伍先生收拾", &[]),
        ("年化 15 %", "年化15%", &[]),
        ("永葆本色", "永葆本色", &[]),
        ("百分之十五", "百分之十五", &[]),
        ("1.5 倍，3-5 天，10,000元", "1.5倍，3-5天，10,000元", &[]),
        ("1.保本 2.保息", "1保本2保息", &["separator"]),
        ("日赚300-500元", "日赚300-500元", &[]),
        ("3万-5万元", "3万-5万元", &[]),
        ("返￥300", "返¥300", &[]),
        ("保%本", "保本", &["separator"]),
        ("保本,保息!加我?", "保本，保息！加我？", &[]),
        ("保本\r\n保息\r付", "保本\n保息\n付", &[]),
        ("保，本。保\n本", "保，本。保\n本", &[]),
        ("Double your money. Join now", "double your money。join now", &["case"]),
        ("guaranteed   returns", "guaranteed returns", &[]),
        ("P2P 理 财", "p2p理财", &["case", "separator"]),
        ("", "", &[]),
    ];
    for (published, expect, transforms) in cases {
        check(published, expect, transforms);
    }
}

#[test]
fn repeats_are_taken_away_however_many_there_are() {
    for n in [1, 2, 63, 64, 65, 130, 5000] {
        let got = NORMALIZER.normalize(&format!("{}息", "保".repeat(n)));
        assert_eq!(got.text, "保息", "{n}");
        let span = got.source_span(0, got.text.len());
        assert_eq!((span.start, span.end), (0, 3 * (n + 1)), "{n}");
    }
}

#[test]
fn sentences_of_published_text_are_never_shorter_than_those_it_means() {
    let mut published = Vec::new();
    for text in ["保本!收益①倍?\r\n加我；尾", "a. b", "无标点", "第\u{2028}二", "１２。３\n"]
    {
        NORMALIZER.published_sentences(text, &mut published);
        let meant = NORMALIZER.normalize(text);
        let windows = sentence::Windows::of(&meant.text);
        let mut start = 0;
        for sentence in windows.sentences() {
            let span = meant.source_span(start, sentence.end as usize);
            let around = published.partition_point(|one| one.end as usize <= span.start);
            let around = published.get(around).expect("a sentence around it");
            assert!(span.end <= around.end as usize + 1, "{text:?}");
            assert!(around.has_digit || !sentence.has_digit, "{text:?}");
            start = sentence.end as usize;
        }
    }
}

#[test]
fn a_span_covers_the_inserted_evasion_and_nothing_else() {
    let cases = [
        ("我们保 本 保*息哦", "保本保息", "保 本 保*息"),
        ("高额 gao收益 项目", "高收益", "gao收益"),
        ("加薇信托付", "信托", "信托"),
        ("请+vx：a", "微信", "vx"),
        ("收扌甲金", "押", "扌甲"),
        ("好（hǎo）保(bao)本啊", "保本", "保(bao)本"),
        ("年化１５％起", "15%", "１５％"),
        ("稳穩賺", "赚", "賺"),
        ("共⑩元", "10", "⑩"),
        ("真保保本本吗", "保本", "保保本本"),
    ];
    for (published, words, expect) in cases {
        let got = NORMALIZER.normalize(published);
        let start = got.text.find(words).unwrap_or_else(|| panic!("{words} is not in {:?}", got.text));
        assert_eq!(got.source_span(start, start + words.len()).of(published), expect, "{published}");
    }
}

#[test]
fn every_hidden_spelling_is_read_as_the_word_it_hides() {
    let variants: Vec<_> = NORMALIZER.0.rewrite.variants().collect();
    assert!(variants.len() > 1000);
    let wrong = variants.iter().filter_map(|variant| {
        let got = NORMALIZER.normalize(&variant.text).text;
        // Of 收收益益率率, 收益 is undone first and 率率 stays: the word is there.
        let is_read = match variant.bits {
            Bits::REPEATED => got.starts_with(&variant.word),
            _ => got == variant.word,
        };
        (!is_read).then(|| format!("{} -> {got}, not {}", variant.text, variant.word))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn folding_a_folded_character_changes_nothing() {
    let fold = NORMALIZER.fold();
    for ch in (0..=0x3_0000).filter_map(char::from_u32) {
        for folded in fold.fold_text(&ch.to_string()).chars().filter(|folded| folded.is_alphanumeric()) {
            assert_eq!(fold.fold_text(&folded.to_string()), folded.to_string(), "{ch:?} U+{:04X}", ch as u32);
        }
    }
}

/// Pieces that the transforms look for, and characters of every class.
const PIECES: &[&str] = &[
    "保",
    "本",
    "息",
    "葆",
    "夲",
    "扌",
    "甲",
    "亻",
    "呆",
    "言",
    "薇",
    "信",
    "v",
    "V",
    "x",
    "wx",
    "加",
    "+",
    "扣扣",
    "gao",
    "收益",
    "gu",
    "牛",
    "(",
    ")",
    "（",
    "）",
    "bǎo",
    "ben",
    "15",
    "%",
    "‰",
    "万",
    "-",
    "~",
    ".",
    ",",
    "，",
    "。",
    "！",
    ":",
    "\n",
    "\r",
    "\r\n",
    " ",
    "\u{3000}",
    "\u{200b}",
    "\u{301}",
    "\u{fe0f}",
    "🔥",
    "❤️",
    "①",
    "⑩",
    "½",
    "㈱",
    "Ａ",
    "é",
    "穩",
    "賺",
    "伍",
    "拾",
    "二",
    "○",
    "〇",
    "¥",
    "$",
    "'",
    "“",
    "”",
    "\u{fffd}",
    "か",
    "가",
    "я",
    "х",
    "3",
    "0",
    "高",
    "高收益",
    "bao",
    "飞机",
    "号",
    "tg",
    "q",
    "群",
    "ﷺ",
];

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn normalizing_twice_changes_nothing(text in any_text()) {
        let once = NORMALIZER.normalize(&text).text;
        prop_assert_eq!(&NORMALIZER.normalize(&once).text, &once);
    }

    #[test]
    fn spans_are_ordered_and_on_character_boundaries(text in any_text()) {
        let got = NORMALIZER.normalize(&text);
        let bounds: Vec<usize> = got.text.char_indices().map(|(at, _)| at).chain([got.text.len()]).collect();
        let mut last_start = 0;
        for (index, start) in bounds.iter().enumerate() {
            for end in &bounds[index..] {
                let span = got.source_span(*start, *end);
                prop_assert!(span.start <= span.end && span.end <= text.len());
                prop_assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
                prop_assert!(end == start || span.end > span.start);
            }
            let start = got.source_span(*start, *start).start;
            prop_assert!(start >= last_start);
            last_start = start;
        }
    }

    #[test]
    fn arbitrary_bytes_and_positions_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), start in 0usize..80, end in 0usize..80) {
        let text = String::from_utf8_lossy(&bytes);
        let got = NORMALIZER.normalize(&text);
        let span = got.source_span(start, end);
        prop_assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
        got.transforms(start, end);
    }

    #[test]
    fn reused_buffers_give_what_fresh_ones_give(first in any_text(), second in any_text()) {
        let mut reused = NORMALIZER.normalize(&first);
        NORMALIZER.normalize_into(&second, &mut reused);
        let fresh = NORMALIZER.normalize(&second);
        prop_assert_eq!((&reused.text, &reused.map), (&fresh.text, &fresh.map));
    }

    #[test]
    fn text_without_anything_to_fold_stays_and_spans_are_its_own(text in "[一-三产品于是的了0-9]{0,40}") {
        let got = NORMALIZER.normalize(&text);
        prop_assert_eq!(&got.text, &text);
        prop_assert_eq!(got.source_span(0, text.len()).of(&text), text.as_str());
        prop_assert!(got.transform_bits(0, text.len()).is_empty());
    }

    #[test]
    fn a_span_covers_a_disguised_word_and_nothing_else(word in any::<prop::sample::Index>(), trick in any::<prop::sample::Index>(), seed in any::<u64>()) {
        let tables = Tables::embedded();
        let word = &tables.risk_words[word.index(tables.risk_words.len())];
        let trick = &super::evade::EVASIONS[trick.index(super::evade::EVASIONS.len())];
        let hidden = trick.apply(&tables, word, seed).unwrap_or_else(|| word.clone());
        let published = format!("的{hidden}了");
        let (got, word) = (NORMALIZER.normalize(&published), NORMALIZER.normalize(word).text);
        // How often a trick is seen through is measured elsewhere.
        if got.text == format!("的{word}了") {
            let span = got.source_span("的".len(), "的".len() + word.len());
            prop_assert!(span.start >= "的".len() && span.end <= published.len() - "了".len());
            prop_assert_eq!(&NORMALIZER.normalize(span.of(&published)).text, &word, "{}: {}", trick.name, hidden);
            let before = NORMALIZER.normalize(&published[..span.start]).text;
            let after = NORMALIZER.normalize(&format!("的{}", &published[span.end..])).text;
            prop_assert_eq!((before.as_str(), after.as_str()), ("的", "的了"), "{}: {}", trick.name, hidden);
        }
    }
}
