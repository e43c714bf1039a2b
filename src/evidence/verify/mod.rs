//! Checks a package and names every deviation, offline and from the package alone.
//!
//! A package is one `.wacz` file, or the folder into which it was unpacked. What is checked, in this order: the
//! container, the three lists against every file, signatures and certificate, what lies beside the file, and whether
//! what the package says fits together (archive and raw files, index, offsets, times).

mod contents;
mod lists;
mod meaning;
mod proofs;
mod provenance;
mod stamps;
mod warc;

use std::io;
use std::path::{Path, PathBuf};

use contents::Contents;
pub use stamps::{check_token_signature, stamps_beside};

use super::sums::SHA256SUMS;
use crate::kit::clock::UnixMs;

/// How entries of the capture log end beside their captures.
const LOG_SUFFIX: &str = ".log.json";
/// How descriptions of environments begin.
const ENVIRONMENT_PREFIX: &str = "captures/environment-";

/// What the reader knows from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// SHA-256 of the whole file, from the custody ledger or the signed record.
    pub seal_sha256: Option<String>,
    /// Fingerprint of the office's public key.
    pub key_fingerprint: Option<String>,
    /// The present instant: nothing may have been sealed after it.
    pub now: Option<UnixMs>,
    /// PEM file of the roots that time stamps must lead to; without it their signatures are not checked.
    pub stamp_roots: Option<PathBuf>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The package's own name, when its manifest can be read.
    pub package_id: Option<String>,
    /// When it says that it was sealed.
    pub sealed_at: Option<UnixMs>,
    /// SHA-256 of the whole file, to compare with the custody ledger; `None` for an unpacked folder.
    pub seal_sha256: Option<String>,
    /// Fingerprint of the key that signed, when every signature fits it.
    pub key_fingerprint: Option<String>,
    /// How many files were read.
    pub n_files: usize,
    /// Their bytes together.
    pub size_bytes: u64,
    /// Every deviation, by path; empty means as sealed.
    pub deviations: Vec<Deviation>,
    /// Time stamps that lie beside the file and fit it: the file's name and the instant that the authority certifies.
    pub stamps: Vec<(String, UnixMs)>,
    /// What could not be checked, and why: one sentence each.
    pub unchecked: Vec<String>,
}

/// What a check comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as it was sealed.
    Intact,
    /// Something in it was changed.
    Changed,
    /// It fits together, but is not the package, or not by the key, that the reader expected.
    Replaced,
}

impl Verification {
    /// Whether everything is as sealed.
    pub fn is_intact(&self) -> bool {
        self.deviations.is_empty()
    }

    /// What the deviations come to.
    pub fn verdict(&self) -> Verdict {
        let of_identity =
            |deviation: &Deviation| matches!(deviation.kind, DeviationKind::Seal | DeviationKind::Key);
        match self.deviations.iter().all(of_identity) {
            _ if self.deviations.is_empty() => Verdict::Intact,
            true => Verdict::Replaced,
            false => Verdict::Changed,
        }
    }

    /// Adds a deviation when the seal is not the one that the custody ledger has.
    pub fn compare_with_ledger(&mut self, ledger_seal: &str) {
        self.expect_seal(ledger_seal, "the custody ledger says");
    }

    fn expect_seal(&mut self, expected: &str, who: &str) {
        let Some(seal) = &self.seal_sha256 else {
            self.unchecked.push(
                "the seal is the SHA-256 of the .wacz file; an unpacked folder has none to compare"
                    .to_owned(),
            );
            return;
        };
        if !expected.eq_ignore_ascii_case(seal) {
            let detail =
                format!("its SHA-256 is {seal}, {who} {expected}: the package was replaced or changed");
            self.deviations.insert(0, Deviation::of(CONTAINER, DeviationKind::Seal, detail));
        }
    }

    fn expect_key(&mut self, expected: &str) {
        if let Some(key) = self.key_fingerprint.as_ref().filter(|key| !expected.eq_ignore_ascii_case(key)) {
            let detail = format!("the signing key has fingerprint {key}, expected was {expected}");
            let path = super::package::PUBLIC_KEY;
            self.deviations.insert(0, Deviation::of(path, DeviationKind::Key, detail));
        }
    }
}

/// What stands for the path when it is the file itself that deviates.
pub const CONTAINER: &str = ".wacz";

/// One way in which the package differs from what was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// Path inside the package; [`CONTAINER`] for the file as a whole; a file name that begins with `.wacz.` for what
    /// lies beside it.
    pub path: String,
    /// Which way.
    pub kind: DeviationKind,
    /// One sentence with the numbers.
    pub detail: String,
}

impl Deviation {
    fn of(path: &str, kind: DeviationKind, detail: impl Into<String>) -> Self {
        Self { path: path.to_owned(), kind, detail: detail.into() }
    }
}

/// Ways to differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviationKind {
    /// The file is no proper container: cut off, bytes hidden, names twice, compressed members.
    Container,
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
    /// A link, device or other thing that is no plain file.
    NotAFile,
    /// Two names that become one on systems that ignore case.
    NameClash,
    /// A signature does not fit what it signs, or the key.
    Signature,
    /// The certificate is over another key, or was not valid when the package was sealed.
    Certificate,
    /// A time stamp does not fit the package.
    Timestamp,
    /// What lies beside the file does not fit it.
    Beside,
    /// The replayable archive says something else than the raw files.
    Archive,
    /// An extract of the capture log does not fit its links or the capture.
    Log,
    /// The analysis points at other words than it quotes.
    Analysis,
    /// Times run backwards.
    Time,
    /// The seal is not the expected one.
    Seal,
    /// The key is not the expected one.
    Key,
}

impl DeviationKind {
    /// Stable name for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Missing => "missing",
            Self::Added => "added",
            Self::Size => "size",
            Self::Content => "content",
            Self::List => "list",
            Self::NotAFile => "not-a-file",
            Self::NameClash => "name-clash",
            Self::Signature => "signature",
            Self::Certificate => "certificate",
            Self::Timestamp => "timestamp",
            Self::Beside => "beside",
            Self::Archive => "archive",
            Self::Log => "log",
            Self::Analysis => "analysis",
            Self::Time => "time",
            Self::Seal => "seal",
            Self::Key => "key",
        }
    }
}

/// Why something could not be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is no package.
    #[error("{} is not an evidence package: it is neither a .wacz file nor a folder with {SHA256SUMS}", .0.display())]
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

/// Checks the package at `path`: a `.wacz` file, or the folder into which one was unpacked.
///
/// # Errors
/// [`VerifyError`] when there is no package or the disk refuses; a changed package is not an error but a value.
pub fn verify(path: &Path, expected: &Expected) -> Result<Verification, VerifyError> {
    let mut deviations = Vec::new();
    let contents = Contents::read(path, &mut deviations)?;
    let lists = lists::check(&contents, &mut deviations);
    let mut unchecked = Vec::new();
    let key = proofs::check(&contents, &lists, path, &mut deviations, &mut unchecked);
    let stamps = stamps::check(&contents, &lists, path, expected, &mut deviations, &mut unchecked);
    meaning::check(&contents, &lists, expected.now, &mut deviations);
    deviations.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
    deviations.dedup();
    let mut verification = Verification {
        package_id: lists.package.as_ref().map(|package| package.evidence.package_id.clone()),
        sealed_at: lists
            .package
            .as_ref()
            .and_then(|package| super::documents::instant(&package.evidence.sealed_at)),
        seal_sha256: contents.seal_sha256.clone(),
        key_fingerprint: key.map(|key| key.fingerprint()),
        n_files: contents.files.len(),
        size_bytes: contents.files.values().map(|file| file.size_bytes).sum(),
        deviations,
        stamps,
        unchecked,
    };
    if let Some(seal) = &expected.seal_sha256 {
        verification.expect_seal(seal, "expected was");
    }
    if let Some(key) = &expected.key_fingerprint {
        verification.expect_key(key);
    }
    Ok(verification)
}
