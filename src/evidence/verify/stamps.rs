//! Time stamps beside a package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::contents::Contents;
use super::lists::Lists;
use super::{CONTAINER, Deviation, DeviationKind, Expected};
use crate::evidence::documents::instant;
use crate::evidence::timestamp;
use crate::kit::clock::UnixMs;

/// The clocks of office and authority may differ by so much.
const CLOCK_SLACK_MS: i64 = 600_000;

/// Checks every `NAME.wacz.….tsr`; gives those that fit.
pub(super) fn check(
    contents: &Contents,
    lists: &Lists,
    package: &Path,
    expected: &Expected,
    deviations: &mut Vec<Deviation>,
    unchecked: &mut Vec<String>,
) -> Vec<(String, UnixMs)> {
    let Some(seal) = &contents.seal_sha256 else { return Vec::new() };
    let sealed_at = lists.package.as_ref().and_then(|package| instant(&package.evidence.sealed_at));
    let mut stamps = Vec::new();
    for path in stamps_beside(package) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = package.file_name().unwrap_or_default().to_string_lossy();
        let shown = format!("{CONTAINER}{}", name.strip_prefix(&*stem).unwrap_or_default());
        let mut wrong =
            |detail: String| deviations.push(Deviation::of(&shown, DeviationKind::Timestamp, detail));
        let stamp = fs::read(&path).map_err(|error| error.to_string());
        let stamp = stamp.and_then(|bytes| timestamp::read(&bytes).map_err(|error| error.to_string()));
        let stamp = match stamp {
            Ok(stamp) => stamp,
            Err(problem) => {
                wrong(problem);
                continue;
            }
        };
        if stamp.imprint_sha256 != *seal {
            wrong(format!("it is about SHA-256 {}, the file has {seal}", stamp.imprint_sha256));
            continue;
        }
        if let Some(sealed_at) = sealed_at.filter(|sealed_at| stamp.at.plus_ms(CLOCK_SLACK_MS) < *sealed_at) {
            let (at, sealed) = (stamp.at.rfc3339(), sealed_at.rfc3339());
            wrong(format!(
                "the authority saw the file at {at}, before it was sealed at {sealed}: a clock was wrong"
            ));
            continue;
        }
        match &expected.stamp_roots {
            None => unchecked.push(format!("who signed {name}: give the authority's roots")),
            Some(roots) => match check_token_signature(seal, &path, roots) {
                Ok(()) => {}
                Err(said) => {
                    wrong(format!("openssl does not accept it against {}: {said}", roots.display()));
                    continue;
                }
            },
        }
        stamps.push((name, stamp.at));
    }
    stamps
}

/// Asks `openssl ts -verify` whether the token in this file is about this SHA-256 and signed under these roots.
///
/// # Errors
/// What openssl says.
pub fn check_token_signature(sha256: &str, token: &Path, roots: &Path) -> Result<(), String> {
    let mut command = Command::new("openssl");
    command.args(["ts", "-verify", "-digest", sha256]).arg("-in").arg(token).arg("-CAfile").arg(roots);
    let output = command.output().map_err(|error| format!("openssl cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().last().unwrap_or("no reason given").chars().take(200).collect())
}

/// The time stamps that lie beside a package, by name.
pub fn stamps_beside(package: &Path) -> Vec<PathBuf> {
    let folder = package.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stem = format!("{}.", package.file_name().unwrap_or_default().to_string_lossy());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with(&stem) && name.ends_with(".tsr")
        })
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}
