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
    if matcher.gate.opens(&matcher.index, raw, &mut scratch) {
        matcher.read(normalizer, raw, &mut scratch);
        gated.append(&mut scratch.matches);
    }
    matcher.read_with(normalizer, raw, &mut scratch, false);
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
