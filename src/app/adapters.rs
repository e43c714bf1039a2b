//! Adapter files: which there are, what is wrong with them, and what they read in their fixtures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::config::Config;
use super::error::{Error, Result};
use crate::kit::diagnostic::{Diagnostic, TextFile};
use crate::source::adapter::{self, Adapter, Fixture};
use crate::source::catalog::{self, Catalog};

/// The environment variable that holds the credential of this name.
pub fn credential_variable(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("ADWATCH_CREDENTIAL_{name}")
}

/// What was found out about one adapter.
#[derive(Debug, Clone)]
pub struct AdapterCheck {
    /// The file.
    pub path: String,
    /// The adapter, if its file is without mistakes.
    pub adapter: Option<Adapter>,
    /// Mistakes, at their places.
    pub diagnostics: Vec<Diagnostic>,
    /// What it reads in its fixture; `None` when the file has mistakes.
    pub replay: Option<Replayed>,
}

/// How the fixture was read.
#[derive(Debug, Clone)]
pub enum Replayed {
    /// There is none; the path is where it belongs.
    NoFixture(String),
    /// It cannot be replayed.
    Broken(String),
    /// As expected, with so many requests and so many ads and posts.
    AsExpected {
        /// Requests.
        n_requests: usize,
        /// Ads and posts.
        n_drafts: usize,
    },
    /// Nothing says yet what is expected: this is what was read.
    Unexpected {
        /// Pretty JSON.
        read: String,
        /// The lines that differ from what is expected; empty when nothing is expected yet.
        differences: Vec<String>,
    },
}

impl AdapterCheck {
    /// Whether it can be used and reads what it should.
    pub fn is_fine(&self) -> bool {
        self.adapter.is_some() && matches!(self.replay, Some(Replayed::AsExpected { .. }))
    }
}

/// Every adapter: those that are built in, and in their place or beside them those of `adapters/` in the folder of
/// rules and in the data folder. Files with mistakes are left out and logged; `adwatch source check` shows why.
pub fn catalog(config: &Config) -> Catalog {
    let files: Vec<TextFile> = own_files(config).into_iter().map(|(file, _)| file).collect();
    let (catalog, diagnostics) = Catalog::with_files(&files);
    for mistake in diagnostics.iter().filter(|mistake| mistake.is_error()) {
        tracing::warn!(file = mistake.file, line = mistake.line, "adapter left out: {}", mistake.message);
    }
    catalog
}

/// Checks the adapter of this name, or the one in the file at this path, and replays its fixture. With `accept`, what
/// is read now becomes what is expected.
///
/// # Errors
/// `NotFound` when there is no such adapter; `Invalid` when the file cannot be read or `expected.json` not be written.
pub fn check(config: &Config, name_or_path: &str, accept: bool) -> Result<AdapterCheck> {
    let (file, folder) = find(config, name_or_path)?;
    let (adapter, diagnostics) = adapter::load(&file);
    let name = stem(&file.path).to_owned();
    let replay = match (&adapter, folder) {
        (None, _) => None,
        (Some(adapter), Some(folder)) => Some(replay_folder(adapter, &folder.join(&name), accept)?),
        (Some(adapter), None) => {
            let fixture = catalog::built_in_fixture(&name);
            Some(
                fixture
                    .map_or_else(|| Replayed::NoFixture(name.clone()), |fixture| replay(adapter, &fixture)),
            )
        }
    };
    Ok(AdapterCheck { path: file.path, adapter, diagnostics, replay })
}

/// Whether there is an adapter of this name, with or without mistakes, or a file at this path.
pub fn is_known(config: &Config, name_or_path: &str) -> bool {
    find(config, name_or_path).is_ok()
}

/// The file, and the folder in which it stands if it is not built in.
fn find(config: &Config, name_or_path: &str) -> Result<(TextFile, Option<PathBuf>)> {
    if name_or_path.ends_with(".toml") {
        let path = Path::new(name_or_path);
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::invalid("adapter", format!("{name_or_path} cannot be read: {error}")))?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        return Ok((TextFile { path: name_or_path.to_owned(), text }, Some(folder)));
    }
    let own = own_files(config).into_iter().rev().find(|(file, _)| stem(&file.path) == name_or_path);
    let built_in = || catalog::built_in_files().into_iter().find(|file| stem(&file.path) == name_or_path);
    own.map(|(file, folder)| (file, Some(folder)))
        .or_else(|| built_in().map(|file| (file, None)))
        .ok_or_else(|| Error::NotFound { kind: "adapter", id: name_or_path.to_owned() })
}

/// Adapter files of the office, those that count more later.
fn own_files(config: &Config) -> Vec<(TextFile, PathBuf)> {
    let folders = config.patterns.iter().map(|patterns| patterns.join("adapters"));
    let mut files = Vec::new();
    for folder in folders.chain([config.data_dir.join("adapters")]) {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "toml")) {
            match std::fs::read_to_string(&path) {
                Ok(text) => files.push((TextFile { path: path.display().to_string(), text }, folder.clone())),
                Err(error) => tracing::warn!(file = %path.display(), "adapter cannot be read: {error}"),
            }
        }
    }
    files
}

fn stem(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default().trim_end_matches(".toml")
}

fn replay_folder(adapter: &Adapter, folder: &Path, accept: bool) -> Result<Replayed> {
    let mut files = BTreeMap::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if let (Some(name), Ok(content)) =
            (path.file_name().and_then(|name| name.to_str()), std::fs::read(&path))
        {
            files.insert(name.to_owned(), content);
        }
    }
    if files.is_empty() {
        return Ok(Replayed::NoFixture(folder.display().to_string()));
    }
    let replayed = replay(adapter, &Fixture { files: files.clone() });
    let Replayed::Unexpected { read, .. } = &replayed else { return Ok(replayed) };
    if !accept {
        return Ok(replayed);
    }
    let path = folder.join("expected.json");
    std::fs::write(&path, read).map_err(|error| {
        Error::invalid("accept", format!("{} cannot be written: {error}", path.display()))
    })?;
    files.insert("expected.json".to_owned(), read.clone().into_bytes());
    Ok(replay(adapter, &Fixture { files }))
}

fn replay(adapter: &Adapter, fixture: &Fixture) -> Replayed {
    let steps = match adapter::replay(adapter, fixture) {
        Ok(steps) => steps,
        Err(problem) => return Replayed::Broken(problem.to_string()),
    };
    let read = format!("{steps:#}\n");
    let expected =
        fixture.files.get("expected.json").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    if expected.as_deref().is_some_and(|expected| expected.trim() == read.trim()) {
        let steps = steps.as_array().map(Vec::as_slice).unwrap_or_default();
        let n_drafts = steps.iter().filter_map(|step| step["drafts"].as_array()).map(Vec::len).sum();
        return Replayed::AsExpected { n_requests: steps.len(), n_drafts };
    }
    Replayed::Unexpected {
        differences: expected.map(|expected| differences(&expected, &read)).unwrap_or_default(),
        read,
    }
}

/// Lines that only one of the two has, as `-` and `+`; the first twenty.
fn differences(expected: &str, read: &str) -> Vec<String> {
    let (expected, read): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), read.lines().collect());
    let start = expected.iter().zip(&read).take_while(|(a, b)| a == b).count();
    let end = expected.iter().rev().zip(read.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle = |lines: &[&str], mark: char| {
        let end = lines.len().saturating_sub(end).max(start);
        lines[start.min(lines.len())..end]
            .iter()
            .take(10)
            .map(|line| format!("{mark} {line}"))
            .collect::<Vec<_>>()
    };
    [middle(&expected, '-'), middle(&read, '+')].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADAPTER: &str = r#"
[adapter]
id = "village-board"
version = 1
title = "村务公告栏"
about = "The notices of a village."
platform = "village"
kind = "html"
gives = "article"
hosts = ["board.example.com"]
shape = "recorded"
[request]
url = "https://board.example.com/"
[list]
items = "li"
[item]
text = [{ path = "." }]
"#;

    #[test]
    fn an_adapter_is_one_file_and_its_fixture_is_accepted_once() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
        let adapters = folder.path().join("adapters");
        std::fs::create_dir_all(adapters.join("village-board")).unwrap();
        std::fs::write(adapters.join("village-board.toml"), ADAPTER).unwrap();
        assert!(catalog(&config).adapter("village-board").is_some());
        let replayed = |accept| check(&config, "village-board", accept).unwrap().replay.unwrap();
        assert!(matches!(replayed(false), Replayed::NoFixture(path) if path.ends_with("village-board")));
        let write =
            |name: &str, text: &str| std::fs::write(adapters.join("village-board").join(name), text).unwrap();
        write("pages.toml", "[[page]]\nurl = \"https://board.example.com/\"\nfile = \"board.html\"\n");
        write("board.html", "<ul><li>投资十万，每月返三千</li></ul>");
        assert!(
            matches!(replayed(false), Replayed::Unexpected { differences, .. } if differences.is_empty())
        );
        assert!(matches!(replayed(true), Replayed::AsExpected { n_requests: 1, n_drafts: 1 }));
        write("board.html", "<ul><li>今天停水</li></ul>");
        let Replayed::Unexpected { differences, .. } = replayed(false) else { panic!("must differ") };
        assert!(
            differences.iter().any(|line| line.starts_with('+') && line.contains("今天停水")),
            "{differences:?}"
        );
    }

    #[test]
    fn names_of_variables_are_derived() {
        assert_eq!(credential_variable("weibo-cookie"), "ADWATCH_CREDENTIAL_WEIBO_COOKIE");
    }
}
