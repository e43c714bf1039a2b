//! Any bytes: spans are valid, and normalizing twice changes nothing.
#![no_main]

use std::sync::LazyLock;

use adwatch::text::{Normalizer, Tables};
use libfuzzer_sys::fuzz_target;

static NORMALIZER: LazyLock<Normalizer> = LazyLock::new(|| Normalizer::new(&Tables::embedded()));

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let normalized = NORMALIZER.normalize(&text);
    for (start, c) in normalized.text.char_indices() {
        let span = normalized.source_span(start, start + c.len_utf8());
        assert!(text.get(span.start..span.end).is_some(), "{span:?} does not fit");
    }
    assert_eq!(NORMALIZER.normalize(&normalized.text).text, normalized.text, "not idempotent");
});
