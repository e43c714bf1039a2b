//! Checks a package and names every deviation, offline and from the folder alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::manifest::{self, MANIFEST, Manifest, ManifestEntry, SHA256SUMS, SM3SUMS};
use crate::kit::digest::{Digests, Hasher};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The package's own name, when its manifest can be read.
    pub package_id: Option<String>,
    /// SHA-256 of `SHA256SUMS`, to compare with the custody ledger.
    pub seal_sha256: String,
    /// How many files were read.
    pub n_files: usize,
    /// Their bytes together.
    pub size_bytes: u64,
    /// Every deviation, by path; empty means as sealed.
    pub deviations: Vec<Deviation>,
}

impl Verification {
    /// Whether everything is as sealed.
    pub fn is_intact(&self) -> bool {
        self.deviations.is_empty()
    }

    /// Adds a deviation when the seal is not the one that the custody ledger has.
    pub fn compare_with_ledger(&mut self, ledger_seal: &str) {
        if !ledger_seal.eq_ignore_ascii_case(&self.seal_sha256) {
            let detail = format!(
                "its SHA-256 is {}, the custody ledger says {ledger_seal}: the list was replaced after sealing",
                self.seal_sha256
            );
            let deviation = Deviation { path: SHA256SUMS.to_owned(), kind: DeviationKind::Seal, detail };
            self.deviations.insert(0, deviation);
        }
    }
}

/// One way in which the folder differs from what was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// Path inside the package.
    pub path: String,
    /// Which way.
    pub kind: DeviationKind,
    /// One sentence with the numbers.
    pub detail: String,
}

/// Ways to differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviationKind {
    /// A listed file is not there.
    Missing,
    /// A file is there that no list names.
    Added,
    /// It has another size: truncated or extended.
    Size,
    /// Same size, other bytes.
    Content,
    /// A list disagrees with the files and with the other lists, or cannot be read.
    List,
    /// The seal is not the one in the custody ledger.
    Seal,
    /// A link, device or other thing that is no plain file.
    NotAFile,
    /// Two names that become one on systems that ignore case.
    NameClash,
}

impl DeviationKind {
    /// Stable name for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Added => "added",
            Self::Size => "size",
            Self::Content => "content",
            Self::List => "list",
            Self::Seal => "seal",
            Self::NotAFile => "not-a-file",
            Self::NameClash => "name-clash",
        }
    }
}

/// Why a folder could not be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is no package.
    #[error("{} is not an evidence package: it has no {SHA256SUMS}", .0.display())]
    NotAPackage(PathBuf),
    /// The disk refused.
    #[error("{} cannot be read: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A file as it lies there now.
struct Found {
    digests: Digests,
    size_bytes: u64,
}

/// What the three lists say of one file.
struct Listed<'a> {
    sha256: Option<&'a String>,
    sm3: Option<&'a String>,
    entry: Option<&'a ManifestEntry>,
}

/// Checks the package in `folder`; `expected_seal` is the seal from the custody ledger, if known.
///
/// # Errors
/// [`VerifyError`] when there is no package or the disk refuses; a changed package is not an error but a value.
pub fn verify(folder: &Path, expected_seal: Option<&str>) -> Result<Verification, VerifyError> {
    let mut deviations = Vec::new();
    let found = read_folder(folder, &mut deviations)?;
    let seal = found.get(SHA256SUMS).map(|list| list.digests.sha256.clone());
    let Some(seal_sha256) = seal else { return Err(VerifyError::NotAPackage(folder.to_owned())) };
    let sha256 = read_sums(folder, SHA256SUMS, &mut deviations)?;
    let sm3 = if found.contains_key(SM3SUMS) {
        read_sums(folder, SM3SUMS, &mut deviations)?
    } else {
        BTreeMap::new()
    };
    let manifest = read_manifest(folder, found.contains_key(MANIFEST), &mut deviations)?;
    let entries: BTreeMap<&str, &ManifestEntry> =
        manifest.iter().flat_map(|listed| &listed.files).map(|entry| (entry.path.as_str(), entry)).collect();

    let mut paths: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    paths.extend(sha256.keys().map(String::as_str));
    paths.extend(sm3.keys().map(String::as_str));
    paths.extend(entries.keys());
    paths.remove(SHA256SUMS);
    for path in paths {
        let listed =
            Listed { sha256: sha256.get(path), sm3: sm3.get(path), entry: entries.get(path).copied() };
        let skipped =
            deviations.iter().any(|known| known.path == path && known.kind == DeviationKind::NotAFile);
        if !skipped {
            deviations.extend(compare(path, found.get(path), &listed, manifest.is_some()));
        }
    }
    deviations.sort_by(|a, b| a.path.cmp(&b.path));
    let mut verification = Verification {
        package_id: manifest.map(|listed| listed.package_id),
        seal_sha256,
        n_files: found.len(),
        size_bytes: found.values().map(|file| file.size_bytes).sum(),
        deviations,
    };
    if let Some(expected) = expected_seal {
        verification.compare_with_ledger(expected);
    }
    Ok(verification)
}

/// Compares one file with the lists. When only one list disagrees, that list is named and not the file.
fn compare(path: &str, found: Option<&Found>, listed: &Listed<'_>, has_manifest: bool) -> Vec<Deviation> {
    let deviation = |path: &str, kind, detail| Deviation { path: path.to_owned(), kind, detail };
    let in_some_list = listed.sha256.is_some() || listed.sm3.is_some() || listed.entry.is_some();
    let Some(found) = found else {
        return vec![deviation(
            path,
            DeviationKind::Missing,
            "the lists name it, but it is not there".to_owned(),
        )];
    };
    if !in_some_list {
        let detail = format!("{} bytes that no list names", found.size_bytes);
        return vec![deviation(path, DeviationKind::Added, detail)];
    }
    let sha256_fits = listed.sha256.is_some_and(|digest| *digest == found.digests.sha256);
    // The list of SM3 digests is itself only in the list of SHA-256 digests, the manifest in both, as it cannot name itself.
    let sm3_fits = path == SM3SUMS || listed.sm3.is_some_and(|digest| *digest == found.digests.sm3);
    let named_by_manifest = has_manifest && path != SM3SUMS && path != MANIFEST;
    let entry_fits = !named_by_manifest
        || listed.entry.is_some_and(|entry| {
            entry.sha256 == found.digests.sha256
                && entry.sm3 == found.digests.sm3
                && entry.size_bytes == found.size_bytes
        });
    let votes = [
        (true, sha256_fits, SHA256SUMS),
        (path != SM3SUMS, sm3_fits, SM3SUMS),
        (named_by_manifest, entry_fits, MANIFEST),
    ];
    let asked = || votes.iter().filter(|(asked, ..)| *asked);
    let fitting: Vec<&str> = asked().filter(|(_, fits, _)| *fits).map(|(.., list)| *list).collect();
    // Where most lists disagree with the file, the file was changed, if need be together with a list.
    if fitting.len() * 2 < asked().count() {
        let size = listed.entry.map(|entry| entry.size_bytes).filter(|size| *size != found.size_bytes);
        let (kind, mut detail) = match size {
            Some(expected) => {
                (DeviationKind::Size, format!("{} bytes instead of {expected}", found.size_bytes))
            }
            None => (
                DeviationKind::Content,
                format!(
                    "SHA-256 is {}, sealed was {}",
                    found.digests.sha256,
                    listed
                        .entry
                        .map(|entry| &entry.sha256)
                        .or(listed.sha256)
                        .map_or("(not listed)", String::as_str)
                ),
            ),
        };
        if !fitting.is_empty() {
            detail.push_str(&format!("; {} was changed to fit it", fitting.join(" and ")));
        }
        return vec![deviation(path, kind, detail)];
    }
    asked()
        .filter(|(_, fits, _)| !fits)
        .map(|(.., list)| {
            let detail = format!("what it says of `{path}` fits neither the file nor the other lists");
            deviation(list, DeviationKind::List, detail)
        })
        .collect()
}

/// Every plain file below `folder` with its digests; other things are deviations and are not followed.
fn read_folder(
    folder: &Path,
    deviations: &mut Vec<Deviation>,
) -> Result<BTreeMap<String, Found>, VerifyError> {
    let mut found = BTreeMap::new();
    let mut folded: BTreeMap<String, String> = BTreeMap::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(at(&folder))? {
            let entry = entry.map_err(at(&folder))?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(at(&entry.path()))?;
            if let Some(other) = folded.insert(path.to_lowercase(), path.clone()) {
                let detail = format!("differs from `{other}` only in case");
                deviations.push(Deviation { path: path.clone(), kind: DeviationKind::NameClash, detail });
            }
            if kind.is_dir() {
                open.push((entry.path(), format!("{path}/")));
            } else if kind.is_file() {
                found.insert(path, read_file(&entry.path())?);
            } else {
                let detail = "a link or device, not a plain file; it was not followed".to_owned();
                deviations.push(Deviation { path, kind: DeviationKind::NotAFile, detail });
            }
        }
    }
    Ok(found)
}

fn read_file(path: &Path) -> Result<Found, VerifyError> {
    let mut file = fs::File::open(path).map_err(at(path))?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 256 << 10];
    let mut size_bytes = 0;
    loop {
        let n_read = file.read(&mut buffer).map_err(at(path))?;
        if n_read == 0 {
            return Ok(Found { digests: hasher.finish(), size_bytes });
        }
        hasher.update(&buffer[..n_read]);
        size_bytes += n_read as u64;
    }
}

fn read_sums(
    folder: &Path,
    list: &str,
    deviations: &mut Vec<Deviation>,
) -> Result<BTreeMap<String, String>, VerifyError> {
    let path = folder.join(list);
    let bytes = fs::read(&path).map_err(at(&path))?;
    let (listed, bad) = manifest::parse_sums(&String::from_utf8_lossy(&bytes));
    deviations.extend(bad.into_iter().map(|detail| Deviation {
        path: list.to_owned(),
        kind: DeviationKind::List,
        detail,
    }));
    Ok(listed)
}

/// The manifest, or `None` with a deviation when it is there and cannot be read.
fn read_manifest(
    folder: &Path,
    is_there: bool,
    deviations: &mut Vec<Deviation>,
) -> Result<Option<Manifest>, VerifyError> {
    if !is_there {
        return Ok(None);
    }
    let path = folder.join(MANIFEST);
    let bytes = fs::read(&path).map_err(at(&path))?;
    let problem = match serde_json::from_slice::<Manifest>(&bytes) {
        Ok(manifest) if manifest.schema != manifest::SCHEMA => {
            format!("its form is `{}`, this version reads `{}`", manifest.schema, manifest::SCHEMA)
        }
        Ok(manifest) => return Ok(Some(manifest)),
        Err(error) => format!("it cannot be read: {error}"),
    };
    deviations.push(Deviation { path: MANIFEST.to_owned(), kind: DeviationKind::List, detail: problem });
    Ok(None)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> VerifyError {
    let path = path.to_owned();
    move |source| VerifyError::Io { path, source }
}
