//! 校验清单: the lists that name every file with its digests, and how they are read back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::package::File;
use crate::kit::digest::Digests;

/// Machine-readable list with sizes and origin.
pub const MANIFEST: &str = "manifest.json";
/// List that `sha256sum -c` reads; its own digest is the seal.
pub const SHA256SUMS: &str = "SHA256SUMS";
/// List that `cksum -a sm3 -c` reads.
pub const SM3SUMS: &str = "SM3SUMS";
/// Version of the form of [`Manifest`].
pub const SCHEMA: &str = "adwatch-evidence/1";

/// The content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub schema: String,
    pub package_id: String,
    pub finding_id: String,
    pub ad_id: String,
    /// RFC 3339, UTC.
    pub sealed_at: String,
    pub sealed_by: String,
    pub software: String,
    pub rule_pack: String,
    /// Every file but this one and the two lists.
    pub files: Vec<ManifestEntry>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    pub path: String,
    pub size_bytes: u64,
    pub sha256: String,
    pub sm3: String,
    /// 制作方法.
    pub made_by: String,
}

impl ManifestEntry {
    pub fn of(file: &File) -> Self {
        let Digests { sha256, sm3 } = Digests::of(&file.bytes);
        let made_by = file.made_by.to_owned();
        Self { path: file.path.clone(), size_bytes: file.bytes.len() as u64, sha256, sm3, made_by }
    }
}

/// Which digest a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Sha256,
    Sm3,
}

/// Lines of `digest`, two spaces, path, in the order of the paths' bytes.
pub fn sums(files: &[File], algorithm: Algorithm) -> String {
    let mut lines: Vec<(&str, String)> = files
        .iter()
        .map(|file| {
            let digests = Digests::of(&file.bytes);
            (file.path.as_str(), if algorithm == Algorithm::Sha256 { digests.sha256 } else { digests.sm3 })
        })
        .collect();
    lines.sort_unstable();
    lines.iter().map(|(path, digest)| format!("{digest}  {path}\n")).collect()
}

/// Reads a list back; the second value names lines that cannot be trusted.
pub fn parse_sums(text: &str) -> (BTreeMap<String, String>, Vec<String>) {
    let mut listed = BTreeMap::new();
    let mut bad = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let entry = line.split_once("  ").filter(|(digest, path)| is_digest(digest) && is_safe(path));
        match entry {
            None => bad.push(format!("line {number} is not `digest  path`")),
            Some((digest, path)) => {
                if listed.insert(path.to_owned(), digest.to_owned()).is_some() {
                    bad.push(format!("line {number} names `{path}` a second time"));
                }
            }
        }
    }
    (listed, bad)
}

/// Whether a path stays inside the folder on every system.
pub fn is_safe(path: &str) -> bool {
    !path.is_empty()
        && path.split('/').all(|part| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        })
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
