//! Labelled documents, from JSON Lines or from TOML files with `[[case]]` tables.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::error::{Error, Result};

/// What a person says a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// An offer or promotion that staff want in the queue.
    Violation,
    /// Everything else.
    Benign,
}

/// Which part of a corpus a document belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Seen while rules are written.
    Dev,
    /// Kept away from rule writing; only totals are looked at.
    Check,
}

impl Split {
    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Check => "check",
        }
    }
}

/// One labelled document. Further fields are welcome and ignored.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// Its name; `file:number` when it has none.
    #[serde(default)]
    pub id: String,
    /// The words.
    pub text: String,
    /// What a person says it is.
    pub label: Label,
    /// Category of the violation, or kind of benign text.
    #[serde(default)]
    pub category: String,
    /// Where such words appear.
    #[serde(default)]
    pub source: String,
    /// Part of the corpus.
    #[serde(default)]
    pub split: Option<Split>,
    /// Why it has its label.
    #[serde(default)]
    pub because: String,
    /// Labels in doubt are left out of every figure.
    #[serde(default)]
    pub doubtful: bool,
}

#[derive(Deserialize)]
struct CaseFile {
    #[serde(default, rename = "case")]
    cases: Vec<Case>,
}

/// Reads `.jsonl` and `.toml` files, and folders of them in name order; doubtful cases are left out.
///
/// # Errors
/// `Invalid` with file and line when one cannot be read: a measurement over half a corpus is worse than none.
pub fn read_cases(paths: &[PathBuf]) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for path in paths {
        read_path(path, &mut cases)?;
    }
    cases.retain(|case| !case.doubtful);
    if cases.is_empty() {
        return Err(Error::invalid("file", "there is no labelled document in these files"));
    }
    Ok(cases)
}

fn read_path(path: &Path, cases: &mut Vec<Case>) -> Result<()> {
    let wrong = |why: String| Error::invalid("file", format!("{}: {why}", path.display()));
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| wrong(error.to_string()))?;
        let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        inside.retain(|path| {
            path.extension().is_some_and(|extension| extension == "toml" || extension == "jsonl")
        });
        inside.sort();
        return inside.iter().try_for_each(|path| read_path(path, cases));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("case");
    let first = cases.len();
    if path.extension().is_some_and(|extension| extension == "toml") {
        let file: CaseFile = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        cases.extend(file.cases);
    } else {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let case =
                serde_json::from_str(line).map_err(|error| wrong(format!("line {}: {error}", index + 1)))?;
            cases.push(case);
        }
    }
    for (index, case) in cases.iter_mut().skip(first).enumerate() {
        if case.id.is_empty() {
            case.id = format!("{stem}:{}", index + 1);
        }
    }
    Ok(())
}
