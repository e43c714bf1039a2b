//! Any bytes as a page, and as JSON Lines through the scan.
#![no_main]

use std::sync::LazyLock;

use adwatch::app::scan::{InputFormat, ScanInput, scan};
use adwatch::domain::ad::AdKind;
use adwatch::extract::{charset, html};
use adwatch::judge::Judge;
use libfuzzer_sys::fuzz_target;

static JUDGE: LazyLock<Judge> = LazyLock::new(|| Judge::new(adwatch::rules::embedded().0).0);

fuzz_target!(|bytes: &[u8]| {
    let (decoded, _) = charset::decode(bytes, None);
    let _ = html::page_text(&decoded.text);
    let path = std::env::temp_dir().join(format!("adwatch-fuzz-{}.jsonl", std::process::id()));
    if std::fs::write(&path, bytes).is_ok() {
        let inputs = [ScanInput::Path(path, InputFormat::JsonLines)];
        let _ = scan(&JUDGE, &inputs, AdKind::Text, |scanned| scanned.hits.len(), |_| Ok(()));
    }
});
