//! Use cases on rules: load them from the built-in or an office's folder, check, explain.

use std::path::Path;

use super::App;
use super::error::{Error, Result};
use crate::domain::ad::{AdDraft, AdKind};
use crate::domain::hit::RuleId;
use crate::judge::{Judge, Judgement, RuleTrace, Scratch, Setting};
use crate::rules::{self, Diagnostic, PackFile, RulePack};

/// Outcome of checking a pack.
#[derive(Debug)]
pub struct Checked {
    /// `id@revision`.
    pub pack: String,
    /// Rules in it.
    pub n_rules: usize,
    /// Examples and counter-examples run through the real path.
    pub n_examples: usize,
    /// Provisions that may be cited.
    pub n_provisions: usize,
    /// Errors among the diagnostics.
    pub n_errors: usize,
    /// Warnings among the diagnostics.
    pub n_warnings: usize,
    /// Everything there is to say, in file order.
    pub diagnostics: Vec<Diagnostic>,
}

/// The pack of `folder`, or the built-in one, with what the loader has to say.
///
/// # Errors
/// [`Error::Invalid`] when the folder cannot be read.
pub fn pack(folder: Option<&Path>) -> Result<(RulePack, Vec<Diagnostic>)> {
    match folder {
        None => Ok(rules::embedded()),
        Some(folder) => Ok(rules::load(&files(folder)?)),
    }
}

/// A judge ready to work.
///
/// # Errors
/// [`Error::Invalid`] with the first diagnostic when a rule is wrong: a pack that does not compile must not
/// judge silently with fewer rules.
pub fn judge(folder: Option<&Path>) -> Result<Judge> {
    let (pack, mut diagnostics) = pack(folder)?;
    let (judge, more) = Judge::new(pack);
    diagnostics.extend(more);
    let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    match errors.first() {
        None => Ok(judge),
        Some(first) => Err(Error::invalid(
            "patterns",
            format!("{} errors in the rules; run `adwatch rules check`. The first:\n{first}", errors.len()),
        )),
    }
}

/// Loads, compiles and runs every example through the real path.
///
/// # Errors
/// [`Error::Invalid`] when the folder cannot be read. Wrong rules are diagnostics.
pub fn check(folder: Option<&Path>) -> Result<Checked> {
    let (pack, mut diagnostics) = pack(folder)?;
    let n_rules = pack.rules.len();
    let n_examples = pack.rules.iter().map(|rule| rule.examples.len() + rule.counter_examples.len()).sum();
    let n_provisions = pack.provisions.len();
    let name = pack.revision_name();
    diagnostics.extend(rules::check(&pack));
    let n_errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    Ok(Checked {
        pack: name,
        n_rules,
        n_examples,
        n_provisions,
        n_errors,
        n_warnings: diagnostics.len() - n_errors,
        diagnostics,
    })
}

/// The page of one rule: why, conditions, provisions with their text, examples.
///
/// # Errors
/// [`Error::NotFound`] when there is no such rule.
pub fn explain(folder: Option<&Path>, rule: &str) -> Result<String> {
    let (pack, _) = pack(folder)?;
    let not_found = || Error::NotFound { kind: "rule", id: rule.to_owned() };
    let id = RuleId::parse(rule).map_err(|_| not_found())?;
    rules::explain(&pack, &id).ok_or_else(not_found)
}

/// Every rule whose trigger stands in `text`, condition by condition; `only` narrows it to one rule.
///
/// # Errors
/// [`Error::NotFound`] when there is no such rule; as [`judge`] when the pack is wrong.
pub fn trace(folder: Option<&Path>, text: &str, only: Option<&str>) -> Result<Vec<RuleTrace>> {
    let judge = judge(folder)?;
    let not_found = |rule: &str| Error::NotFound { kind: "rule", id: rule.to_owned() };
    let only = only
        .map(|rule| {
            RuleId::parse(rule)
                .ok()
                .filter(|id| judge.pack().rule(id).is_some())
                .ok_or_else(|| not_found(rule))
        })
        .transpose()?;
    let mut traces = judge.trace(text, &mut Scratch::default());
    traces.retain(|trace| only.as_ref().is_none_or(|only| trace.rule == *only));
    Ok(traces)
}

impl App {
    /// The page of one rule in force.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn explain_rule(&self, id: &RuleId) -> Result<String> {
        rules::explain(self.pack(), id).ok_or_else(|| Error::NotFound { kind: "rule", id: id.to_string() })
    }

    /// Judges a text by the rules in force, as if it stood on a page of `publisher_host`; nothing is kept.
    ///
    /// # Errors
    /// `Internal` when the process ends meanwhile.
    pub async fn try_text(&self, text: String, publisher_host: Option<String>) -> Result<Judgement> {
        let judge = self.judge.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let setting = Setting { publisher_host: publisher_host.as_deref() };
            judge.judge(&AdDraft::of_text(AdKind::Text, text), &setting, &mut Scratch::default())
        });
        judged.await.map_err(|error| Error::Internal(error.into()))
    }
}

fn files(folder: &Path) -> Result<Vec<PackFile>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(current) = open.pop() {
        let entries = std::fs::read_dir(&current).map_err(|error| {
            Error::invalid("patterns", format!("{} cannot be read: {error}", current.display()))
        })?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                let text = std::fs::read_to_string(&path).map_err(|error| {
                    Error::invalid("patterns", format!("{} cannot be read: {error}", path.display()))
                })?;
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                files.push(PackFile { path: name, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
