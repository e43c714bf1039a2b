//! Habits of the house as tests: floors, sizes, words.

use std::fs;
use std::path::{Path, PathBuf};

/// Module and its floor; a module uses only floors below its own (`docs/architecture.md`).
const FLOORS: &[(&str, u8)] = &[
    ("kit", 0),
    ("domain", 0),
    ("text", 1),
    ("rules", 1),
    ("matcher", 1),
    ("judge", 1),
    ("extract", 1),
    ("group", 1),
    ("letter", 1),
    ("picture", 1),
    ("fetch", 2),
    ("render", 2),
    ("ocr", 2),
    ("store", 2),
    ("vault", 2),
    ("notify", 2),
    ("source", 3),
    ("evidence", 3),
    ("app", 4),
    ("cli", 5),
    ("web", 5),
    ("worker", 5),
];

/// Neighbours on one floor that may use each other, in this direction only.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("domain", "kit"),
    ("rules", "text"),
    ("rules", "matcher"),
    ("rules", "judge"),
    ("matcher", "text"),
    ("matcher", "rules"),
    ("judge", "matcher"),
    ("judge", "rules"),
    ("judge", "text"),
    ("judge", "extract"),
    ("extract", "text"),
    ("group", "text"),
    ("group", "extract"),
    ("picture", "group"),
];

#[test]
fn every_module_uses_only_floors_below_it() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let Some(own) = module_of(&path) else { continue };
        let Some(own_floor) = floor(&own) else {
            wrong.push(format!(
                "{}: module `{own}` has no floor; give it one in tests/tidy.rs",
                path.display()
            ));
            continue;
        };
        for used in modules_used(&read(&path)) {
            let Some(used_floor) = floor(&used) else { continue };
            if used == own || used_floor < own_floor || NEIGHBOURS.contains(&(own.as_str(), used.as_str())) {
                continue;
            }
            wrong.push(format!(
                "{}: `{own}` (floor {own_floor}) uses `crate::{used}` (floor {used_floor}); {}",
                path.display(),
                advice(&own, own_floor, &used, used_floor),
            ));
        }
        if own_floor == 5 {
            let below = modules_used(&read(&path));
            for adapter in ["store", "vault", "fetch", "notify"] {
                if below.iter().any(|used| used == adapter) {
                    wrong.push(format!(
                        "{}: shells translate only; `crate::{adapter}` belongs behind a use case in app/",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "floors were skipped:\n{}", wrong.join("\n"));
}

#[test]
fn each_outside_thing_has_one_door() {
    let doors: &[(&str, &[&str], &str)] = &[
        ("sqlx::", &["src/store/"], "SQL lives in store/"),
        ("lettre::", &["src/notify/"], "mail lives in notify/"),
        ("reqwest::", &["src/fetch/"], "outgoing requests go through fetch/, which checks addresses"),
        ("axum::", &["src/web/"], "only web/ knows HTTP serving"),
        ("SystemTime::now", &["src/app/clock.rs"], "ask the Clock"),
    ];
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let shown = path.display().to_string();
        let text = code_of(&read(&path));
        for (needle, allowed, why) in doors {
            if text.contains(needle) && !allowed.iter().any(|prefix| shown.starts_with(prefix)) {
                wrong.push(format!("{shown}: `{needle}`: {why}"));
            }
        }
        let pure = module_of(&path).and_then(|own| floor(&own)).is_some_and(|level| level <= 1);
        if pure {
            for needle in ["std::fs", "std::net", "tokio::", "async fn", "std::env"] {
                if text.contains(needle) {
                    wrong.push(format!(
                        "{shown}: `{needle}` on floor 0 or 1; pass the data in as an argument"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "an outside thing has a second door:\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_small_enough_to_read() {
    let long: Vec<String> = rust_files("src")
        .into_iter()
        .chain(rust_files("tests"))
        .map(|path| (read(&path).lines().count(), path))
        .filter(|(lines, _)| *lines > 700)
        .map(|(lines, path)| {
            format!("{}: {lines} lines; a second noun lives here, give it its own file", path.display())
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn nothing_unfinished_is_shipped() {
    let words =
        ["todo!(", "unimplemented!(", "FIXME", "XXX", "#[ignore", "allow(dead_code", "allow(clippy::all"];
    let found: Vec<String> = rust_files("src")
        .into_iter()
        .chain(rust_files("benches"))
        .flat_map(|path| {
            let text = read(&path);
            words
                .iter()
                .filter(|word| text.contains(**word))
                .map(|word| format!("{}: `{word}`", path.display()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "finish or delete:\n{}", found.join("\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    let documents = ["README.md", "README.zh-CN.md", "CHANGELOG.md"].iter().map(PathBuf::from);
    for path in documents.chain(files("docs", "md")) {
        let text = read(&path);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || folder.join(file).exists() {
                continue;
            }
            broken.push(format!("{}: {target}", path.display()));
        }
    }
    assert!(broken.is_empty(), "links to nothing:\n{}", broken.join("\n"));
}

#[test]
fn every_test_that_a_document_names_exists() {
    let sources: String =
        rust_files("src").iter().chain(&rust_files("tests")).map(|path| read(path)).collect();
    let document = read(Path::new("docs/security.md"));
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| A")).collect();
    assert_eq!(rows.len(), 28, "one row for each class");
    let named = |row: &&str| row.rsplit('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2).count();
    assert!(rows.iter().all(|row| named(row) > 0), "a class without a test");
    let tests =
        rows.iter().flat_map(|row| row.rsplit('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2));
    let missing: Vec<&str> = tests.filter(|test| !sources.contains(&format!("fn {test}("))).collect();
    assert!(missing.is_empty(), "docs/security.md names tests that do not exist: {missing:?}");
}

fn advice(own: &str, own_floor: u8, used: &str, used_floor: u8) -> String {
    match (own_floor, used_floor) {
        (0 | 1, 2..) => format!("engines are pure: take what `{used}` gives as an argument"),
        (2, 2) => format!("adapters do not know each other: combine `{own}` and `{used}` in app/"),
        (5, 5) => {
            "shells never call each other: put the shared step into app/, or wire it in main.rs".to_owned()
        }
        _ => format!("move the call up to app/, or the shared part of `{used}` down"),
    }
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, level)| *level)
}

/// `src/text/width.rs` → `text`; `src/main.rs` and `src/lib.rs` stand above and have none.
fn module_of(path: &Path) -> Option<String> {
    let mut parts = path.strip_prefix("src").ok()?.components();
    let first = parts.next()?.as_os_str().to_str()?.to_owned();
    parts.next().map(|_| first)
}

/// First path segments after `crate::` in code, also inside `use crate::{a::…, b::…}`.
fn modules_used(source: &str) -> Vec<String> {
    let code = code_of(source);
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(std::mem::take(&mut word)),
                    _ if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            found.push(word);
        } else {
            found.push(rest.to_owned());
        }
    }
    let mut names: Vec<String> = found
        .iter()
        .map(|path| path.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The source without comments and without its unit tests, which may reach further.
fn code_of(source: &str) -> String {
    let production = source.split("#[cfg(test)]\nmod ").next().unwrap_or(source);
    production
        .lines()
        .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    files(folder, "rs")
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
