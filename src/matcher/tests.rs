use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

struct Shipped {
    normalizer: Normalizer,
    matcher: Matcher,
    /// Examples and counter-examples of the rules.
    texts: Vec<String>,
}

static SHIPPED: LazyLock<Shipped> = LazyLock::new(|| {
    let (pack, _) = crate::rules::embedded();
    let normalizer = Normalizer::embedded();
    let examples = pack.rules.iter().flat_map(|rule| rule.examples.iter().chain(&rule.counter_examples));
    let texts = examples.map(|text| text.value.clone()).collect();
    let (matcher, (), _) = Matcher::new(&pack, &normalizer, |_| ());
    Shipped { normalizer, matcher, texts }
});

/// The matches of a text, with all that saves time and with none of it.
fn both_ways(raw: &str) -> (Vec<Match>, Vec<Match>) {
    let Shipped { normalizer, matcher, .. } = &*SHIPPED;
    let mut scratch = Scratch::default();
    let mut gated = Vec::new();
    if matcher.gate.opens(raw, &mut scratch.gate) {
        matcher.read(normalizer, raw, &mut scratch, |_, _, _| true);
        gated.append(&mut scratch.matches);
    }
    matcher.read_with(normalizer, raw, &mut scratch, false, |_, _, _| true);
    (gated, scratch.matches)
}

#[test]
fn nothing_is_lost_by_what_is_skipped() {
    for text in &SHIPPED.texts {
        let (gated, plain) = both_ways(text);
        assert_eq!(gated, plain, "{text}");
    }
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => (0..SHIPPED.texts.len()).prop_map(|at| SHIPPED.texts[at].clone()),
        1 => "[0-9一二三十百千万两半]{1,4}(%|个点|天|个月|年|元|万|倍|分|成)[变返赚翻]?[0-9一二千万]{0,3}".prop_map(String::from),
        1 => "[ -~]{0,12}".prop_map(String::from),
    ];
    let joints = prop::sample::select(vec!["", "，", "。", "\n", "!", "\n\n", "；", " "]);
    prop::collection::vec((piece, joints, any::<prop::sample::Index>()), 1..5).prop_map(|pieces| {
        let mut text = String::new();
        for (piece, joint, cut) in pieces {
            // A piece may end anywhere.
            text.push_str(
                &piece[..piece.floor_char_boundary(cut.index(piece.len() * 2 + 1).min(piece.len()))],
            );
            text.push_str(joint);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_in_any_mixture_of_texts(text in texts()) {
        let (gated, plain) = both_ways(&text);
        prop_assert_eq!(gated, plain);
    }
}

/// A pack of one rule with this trigger.
fn pack_of(trigger: &str) -> RulePack {
    let text = format!(
        r#"
        [pack]
        id = "t"
        revision = "1"
        title = "t"
        language = "zh"
        threshold = 0.5
        [[provision]]
        id = "FF-11"
        law = "防范和处置非法集资条例"
        article = "第十一条"
        text = "t"
        effective_from = "2021-05-01"
        checked_on = "2026-11-01"
        [[rule]]
        id = "xx.t.1"
        category = "XX"
        title = "t"
        severity = 3
        tracks = ["B"]
        basis = ["FF-11"]
        why = "t"
        any = ['{trigger}']
        "#
    );
    let file = crate::rules::PackFile { path: "t.toml".to_owned(), text };
    let (pack, diagnostics) = crate::rules::load(&[file]);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    pack
}

#[test]
fn a_pattern_reaches_as_far_as_it_says() {
    let normalizer = Normalizer::embedded();
    for (trigger, raw, holds) in [
        (r"/骗子[^\n]{0,20}加我微信/", "骗子太多了！跟着老师，加我微信", true),
        (r"/骗子[^\n]{0,20}加我微信/", "骗子太多了\n加我微信", false),
        (r"/骗子.{0,20}加我微信/", "骗子太多了！跟着老师，加我微信", false),
        ("/加我微信$/", "加我微信！骗子太多了", false),
        ("/加我微信$/", "骗子太多了！加我微信", true),
    ] {
        let (matcher, (), _) = Matcher::new(&pack_of(trigger), &normalizer, |_| ());
        let mut scratch = Scratch::default();
        let opens = matcher.gate.opens(raw, &mut scratch.gate);
        matcher.read(&normalizer, raw, &mut scratch, |_, _, _| true);
        assert_eq!((opens || !holds, !scratch.matches.is_empty()), (true, holds), "{trigger} {raw}");
    }
}
