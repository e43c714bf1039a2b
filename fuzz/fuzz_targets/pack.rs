//! Any text as a rule file: loading, compiling and checking never panic.
#![no_main]

use adwatch::judge::Judge;
use adwatch::rules::{self, PackFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (pack, diagnostics) = rules::load(&[PackFile { path: "fuzz.toml".to_owned(), text: text.to_owned() }]);
    for diagnostic in &diagnostics {
        let _ = diagnostic.to_string();
    }
    let _ = Judge::new(pack);
});
