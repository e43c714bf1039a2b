//! What authors see when a rule file is wrong: `fixtures/rules/errors/NAME.toml` gives `NAME.out`.
//!
//! After a wanted change, `UPDATE_GOLDEN=1 cargo test --test rule_errors` writes the files again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use adwatch::rules::{self, PackFile};

const FOLDER: &str = "fixtures/rules/errors";

/// First line of a case that brings its own `[pack]`.
const ALONE: &str = "# Loaded without base.toml.";

#[test]
fn every_mistake_is_shown_at_its_place() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let shown = shown(&case);
        let golden = case.with_extension("out");
        if update {
            fs::write(&golden, &shown).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != shown {
            wrong.push(format!("{} now gives:\n{shown}", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_GOLDEN=1 accepts these:\n{}", wrong.join("\n"));
}

#[test]
fn each_case_shows_the_code_it_is_named_after() {
    for case in cases() {
        let code = format!("[R{}]", &name(&case)[..3]);
        let shown = shown(&case);
        assert!(shown.contains(&code), "{} does not show {code}:\n{shown}", case.display());
    }
}

#[test]
fn no_golden_file_is_left_behind() {
    let cases: BTreeSet<String> = cases().iter().map(|case| name(case)).collect();
    for file in folder("out") {
        assert!(cases.contains(&name(&file)), "{} belongs to no case", file.display());
    }
}

#[test]
fn every_documented_code_has_a_case() {
    let documentation = fs::read_to_string("src/rules/mod.rs").unwrap();
    let cases: BTreeSet<String> = cases().iter().map(|case| name(case)[..3].to_owned()).collect();
    let codes = documentation.lines().filter_map(|line| line.strip_prefix("//! | R")?.get(..3));
    let missing: Vec<&str> = codes.filter(|code| !cases.contains(*code)).collect();
    assert!(missing.is_empty(), "no case in {FOLDER} for {missing:?}");
}

fn shown(case: &Path) -> String {
    let file = |path: &Path| PackFile {
        path: path.file_name().unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(path).unwrap(),
    };
    let own = file(case);
    let mut files = Vec::new();
    if !own.text.starts_with(ALONE) {
        files.push(file(&Path::new(FOLDER).join("base.toml")));
    }
    files.push(own);
    let (pack, mut diagnostics) = rules::load(&files);
    if diagnostics.is_empty() {
        diagnostics = rules::check(&pack);
    }
    diagnostics.iter().map(rules::Diagnostic::render).collect::<Vec<_>>().join("\n")
}

fn cases() -> Vec<PathBuf> {
    folder("toml").into_iter().filter(|path| name(path) != "base").collect()
}

fn folder(extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}
