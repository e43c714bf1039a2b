//! Writes a package so that a killed process leaves nothing that looks sealed.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::package::File;
use super::sign::SigningKey;
use super::zip;
use crate::kit::digest::{Digests, Hasher};

/// What a name gets while its file is being written.
const UNFINISHED: &str = ".unsealed";

/// A package on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Digests of the whole file; the SHA-256 is the seal: whoever knows it can tell whether anything was changed.
    pub seal: Digests,
    /// How many files are in it.
    pub n_files: usize,
    /// Its size.
    pub size_bytes: u64,
}

/// Why a package was not written.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A file of that name is there already; a sealed package is never written over.
    #[error("{} is there already; a sealed package is never written over: choose another folder", .0.display())]
    Exists(PathBuf),
    /// The disk refused.
    #[error("evidence package cannot be written at {}: {source}; nothing that looks sealed was left", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Files that lie beside a package: its digest, a signature over that, and the public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// `NAME.wacz.sha256`, one line for `sha256sum -c`.
    pub digest: PathBuf,
    /// `NAME.wacz.sig`, Ed25519 over the digest file.
    pub signature: PathBuf,
    /// `NAME.wacz.pem`, the public key, followed by the certificate if the office has one.
    pub key: PathBuf,
}

impl Beside {
    /// Their names for a package.
    pub fn of(package: &Path) -> Self {
        let named = |extension: &str| {
            let mut name = package.as_os_str().to_owned();
            name.push(extension);
            PathBuf::from(name)
        };
        Self { digest: named(".sha256"), signature: named(".sig"), key: named(".pem") }
    }
}

/// Writes `files` to `parent/name.wacz`, and what lies beside it: everything into hidden files first, flushed to disk,
/// then renamed, the package last.
///
/// # Errors
/// [`SealError`], which names the path. What was written so far is removed, or stays under a name that begins with a
/// dot when the process was killed; see [`sweep`].
pub fn seal(parent: &Path, name: &str, files: &[File], key: &SigningKey) -> Result<SealedFile, SealError> {
    let target = parent.join(format!("{name}.wacz"));
    if target.symlink_metadata().is_ok() {
        return Err(SealError::Exists(target));
    }
    let mut unfinished = Vec::new();
    let written = write_all(parent, &target, files, key, &mut unfinished);
    if written.is_err() {
        for path in &unfinished {
            // Best effort: the first error says what happened.
            let _ = fs::remove_file(path);
        }
    }
    written
}

/// Moves what a killed process left half written in `parent` to `parent/quarantine`, and gives the new paths.
///
/// # Errors
/// [`SealError::Io`]; a missing folder is not an error.
pub fn sweep(parent: &Path) -> Result<Vec<PathBuf>, SealError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| SealError::Io { path, source }
    };
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(parent)(error)),
    };
    let mut moved = Vec::new();
    for entry in entries {
        let entry = entry.map_err(at(parent))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') || !name.ends_with(UNFINISHED) {
            continue;
        }
        // A lock tells that another process is writing it just now.
        if fs::File::open(entry.path()).is_ok_and(|open| open.try_lock().is_err()) {
            continue;
        }
        let quarantine = parent.join("quarantine");
        fs::create_dir_all(&quarantine).map_err(at(&quarantine))?;
        let to = quarantine.join(name.trim_start_matches('.'));
        fs::rename(entry.path(), &to).map_err(at(&entry.path()))?;
        moved.push(to);
    }
    Ok(moved)
}

fn write_all(
    parent: &Path,
    target: &Path,
    files: &[File],
    key: &SigningKey,
    unfinished: &mut Vec<PathBuf>,
) -> Result<SealedFile, SealError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| SealError::Io { path, source }
    };
    fs::create_dir_all(parent).map_err(at(parent))?;
    let mut hasher = Hashing::default();
    let mut size_bytes = 0;
    let members = || files.iter().map(|file| (file.path.as_str(), file.bytes.as_slice()));
    let package = partial(target);
    unfinished.push(package.clone());
    let package_file = write_one(&package, |to| {
        size_bytes = zip::write(&mut hasher.over(to), members())?;
        Ok(())
    })
    .map_err(at(&package))?;
    let seal = hasher.0.finish();

    let beside = Beside::of(target);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let line = format!("{}  {name}\n", seal.sha256);
    let signature = key
        .sign(line.as_bytes())
        .map_err(|error| SealError::Io { path: beside.signature.clone(), source: io::Error::other(error) })?;
    let mut pem = key.public_key().pem();
    pem.push_str(key.certificate_pem().unwrap_or_default());
    let contents: [(&PathBuf, &[u8]); 3] =
        [(&beside.digest, line.as_bytes()), (&beside.signature, &signature), (&beside.key, pem.as_bytes())];
    for (path, bytes) in contents {
        let hidden = partial(path);
        unfinished.push(hidden.clone());
        write_one(&hidden, |to| to.write_all(bytes)).map_err(at(path))?;
        fs::rename(&hidden, path).map_err(at(path))?;
        unfinished.push(path.clone());
    }
    // Last: whoever sees the package finds everything that belongs to it.
    fs::rename(&package, target).map_err(at(target))?;
    unfinished.push(target.to_owned());
    fs::File::open(parent).and_then(|open| open.sync_all()).map_err(at(parent))?;
    drop(package_file);
    Ok(SealedFile { path: target.to_owned(), seal, n_files: files.len(), size_bytes })
}

/// `.NAME.unsealed` in the same folder: what a file that belongs to a package is called while it is written.
pub fn partial(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{UNFINISHED}"))
}

/// Writes, flushes and protects a file; it stays locked until the returned handle is dropped.
fn write_one(
    path: &Path,
    content: impl FnOnce(&mut io::BufWriter<&fs::File>) -> io::Result<()>,
) -> io::Result<fs::File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.lock()?;
    let mut buffered = io::BufWriter::with_capacity(1 << 20, &file);
    content(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions)?;
    file.sync_all()?;
    Ok(file)
}

/// Digests of what is written.
#[derive(Default)]
struct Hashing(Hasher);

impl Hashing {
    fn over<'a, W: Write>(&'a mut self, to: &'a mut W) -> Tee<'a, W> {
        Tee { hasher: &mut self.0, to }
    }
}

struct Tee<'a, W> {
    hasher: &'a mut Hasher,
    to: &'a mut W,
}

impl<W: Write> Write for Tee<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_written = self.to.write(bytes)?;
        self.hasher.update(&bytes[..n_written]);
        Ok(n_written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
