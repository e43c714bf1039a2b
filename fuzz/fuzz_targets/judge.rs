//! Any bytes through the whole judge with the built-in pack.
#![no_main]

use std::sync::LazyLock;

use adwatch::domain::ad::{AdDraft, AdKind};
use adwatch::judge::{Judge, Scratch, Setting};
use libfuzzer_sys::fuzz_target;

static JUDGE: LazyLock<Judge> = LazyLock::new(|| Judge::new(adwatch::rules::embedded().0).0);

fuzz_target!(|bytes: &[u8]| {
    let draft = AdDraft::of_text(AdKind::Text, String::from_utf8_lossy(bytes));
    let judgement = JUDGE.judge(&draft, &Setting::default(), &mut Scratch::default());
    for hit in &judgement.hits {
        assert!(draft.text.get(hit.span.start..hit.span.end).is_some(), "{:?} does not fit", hit.span);
    }
    assert!((0.0..=1.0).contains(&judgement.assessment.priority));
});
