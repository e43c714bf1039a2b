//! Writes a package so that a killed process leaves no folder that looks sealed.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::package::File;
use crate::kit::digest::sha256_hex;

/// A package on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedFolder {
    /// Where it lies.
    pub path: PathBuf,
    /// SHA-256 of `SHA256SUMS`: whoever knows this number can tell whether anything was changed.
    pub seal_sha256: String,
    /// How many files.
    pub n_files: usize,
    /// Their bytes together.
    pub size_bytes: u64,
}

/// Why a package was not written.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A folder of that name is there already; a sealed package is never written over.
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

/// Writes `files` to `parent/name`: into a hidden folder first, each file flushed to disk, then renamed.
/// Files become read-only. The last of `files` is the list whose digest is the seal.
///
/// # Errors
/// [`SealError`] names the path. What was written so far is removed, or stays under a name that begins with a dot
/// when the process was killed; the next sealing under that name removes it.
pub fn seal(parent: &Path, name: &str, files: &[File]) -> Result<SealedFolder, SealError> {
    let target = parent.join(name);
    if target.symlink_metadata().is_ok() {
        return Err(SealError::Exists(target));
    }
    let partial = parent.join(format!(".{name}.unsealed"));
    let written = write_all(parent, &partial, files).and_then(|()| {
        fs::rename(&partial, &target).map_err(|source| SealError::Io { path: target.clone(), source })?;
        sync_folder(parent)
    });
    if let Err(error) = written {
        // Best effort: the first error says what happened.
        let _ = fs::remove_dir_all(&partial);
        return Err(error);
    }
    Ok(SealedFolder {
        path: target,
        seal_sha256: files.last().map(|list| sha256_hex(&list.bytes)).unwrap_or_default(),
        n_files: files.len(),
        size_bytes: files.iter().map(|file| file.bytes.len() as u64).sum(),
    })
}

fn write_all(parent: &Path, partial: &Path, files: &[File]) -> Result<(), SealError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| SealError::Io { path, source }
    };
    fs::create_dir_all(parent).map_err(at(parent))?;
    match fs::remove_dir_all(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(partial)(error)),
        _ => {}
    }
    fs::create_dir(partial).map_err(at(partial))?;
    let mut folders = vec![partial.to_owned()];
    for file in files {
        let path = partial.join(&file.path);
        if let Some(folder) = path.parent()
            && !folders.iter().any(|known| known == folder)
        {
            fs::create_dir_all(folder).map_err(at(folder))?;
            folders.extend(folder.ancestors().take_while(|above| *above != partial).map(Path::to_owned));
        }
        write_one(&path, &file.bytes).map_err(at(&path))?;
    }
    folders.sort();
    folders.dedup();
    folders.iter().rev().try_for_each(|folder| sync_folder(folder))
}

fn write_one(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> Result<(), SealError> {
    fs::File::open(folder)
        .and_then(|open| open.sync_all())
        .map_err(|source| SealError::Io { path: folder.to_owned(), source })
}
