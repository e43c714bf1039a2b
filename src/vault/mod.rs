//! Floor 2: bytes named by their SHA-256; what is put once is never changed.
//!
//! A row may point at a blob only after [`Vault::put`] returned: then the bytes are on the disk, and a process
//! killed at any moment leaves at most an unreferenced blob.

mod local;
#[cfg(test)]
mod suite;

use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::domain::blob::BlobRef;

/// Where captured bytes and sealed packages are kept.
#[derive(Debug, Clone)]
pub enum Vault {
    /// A folder of this machine (or a mounted one).
    Local(local::Local),
}

/// Why the vault could not do it.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// No such blob.
    #[error("the vault holds no blob {sha256}; was it put into another vault or removed by hand?")]
    NotFound {
        /// Digest asked for.
        sha256: String,
    },
    /// The stored bytes are not those that were put.
    #[error("blob {sha256} at {path} now has digest {actual}: the file was changed or the disk is failing")]
    Corrupt {
        /// Digest asked for.
        sha256: String,
        /// Digest of what is stored.
        actual: String,
        /// Where it is stored.
        path: PathBuf,
    },
    /// A name that is no digest, so never a path.
    #[error("`{text}` is not a SHA-256 digest: 64 characters of 0-9 a-f")]
    NotADigest {
        /// What was given, shortened.
        text: String,
    },
    /// An address of a kind that is not known.
    #[error("vault address `{url}` is not understood: give a folder or file:///folder")]
    UnknownAddress {
        /// The address.
        url: String,
    },
    /// The disk refused.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried, for example `write`.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Vault {
    /// Opens the vault at `url`, a plain path or `file:///path`, and makes the folder when it is missing.
    ///
    /// Files that a killed process left half written are moved to `quarantine/`; see [`Vault::quarantined`].
    ///
    /// # Errors
    /// [`VaultError::UnknownAddress`] or [`VaultError::Io`].
    pub async fn open(url: &str) -> Result<Self, VaultError> {
        let folder = folder_of(url)?;
        on_disk(move || local::Local::open(&folder)).await.map(Self::Local)
    }

    /// Half-written files that opening found and put aside.
    pub fn quarantined(&self) -> &[PathBuf] {
        match self {
            Self::Local(local) => local.quarantined(),
        }
    }

    /// Keeps `bytes`; when it returns they survive a power cut. Putting the same bytes again changes nothing.
    ///
    /// # Errors
    /// [`VaultError::Io`]; then nothing was kept under the digest.
    pub async fn put(&self, bytes: Bytes) -> Result<BlobRef, VaultError> {
        let Self::Local(local) = self.clone();
        on_disk(move || local.put(&bytes)).await
    }

    /// Keeps the bytes of a file of any size, as [`Vault::put`] does, without holding them in memory.
    ///
    /// # Errors
    /// [`VaultError::Io`]; then nothing was kept.
    pub async fn put_file(&self, path: &Path) -> Result<BlobRef, VaultError> {
        let (Self::Local(local), path) = (self.clone(), path.to_path_buf());
        on_disk(move || local.put_file(&path)).await
    }

    /// The bytes with this digest (lower-case hexadecimal), checked against it.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Corrupt`], [`VaultError::NotADigest`] or [`VaultError::Io`].
    pub async fn get(&self, sha256: &str) -> Result<Vec<u8>, VaultError> {
        let (Self::Local(local), digest) = (self.clone(), Digest::parse(sha256)?);
        on_disk(move || local.get(&digest)).await
    }

    /// Whether a blob with this digest is kept; its bytes are not read.
    ///
    /// # Errors
    /// [`VaultError::NotADigest`] or [`VaultError::Io`].
    pub async fn has(&self, sha256: &str) -> Result<bool, VaultError> {
        let (Self::Local(local), digest) = (self.clone(), Digest::parse(sha256)?);
        on_disk(move || local.has(&digest)).await
    }

    /// Up to `limit` digests in ascending order that come after `after`.
    ///
    /// # Errors
    /// [`VaultError::NotADigest`] or [`VaultError::Io`].
    pub async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, VaultError> {
        let Self::Local(local) = self.clone();
        let after = after.map(Digest::parse).transpose()?;
        on_disk(move || local.list(after.as_ref(), limit)).await
    }
}

/// A text that passed the check for 64 lower-case hexadecimal characters, so it is safe in a path.
#[derive(Debug, Clone)]
struct Digest(String);

impl Digest {
    fn parse(text: &str) -> Result<Self, VaultError> {
        let ok = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(VaultError::NotADigest { text: text.chars().take(80).collect() })
        }
    }
}

fn folder_of(url: &str) -> Result<PathBuf, VaultError> {
    let unknown = || VaultError::UnknownAddress { url: url.to_owned() };
    match url.split_once("://") {
        Some(("file", path)) if path.starts_with('/') => Ok(PathBuf::from(path)),
        Some(_) => Err(unknown()),
        None if url.is_empty() => Err(unknown()),
        None => Ok(Path::new(url).to_path_buf()),
    }
}

/// Runs blocking disk work beside the async threads.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(VaultError::Io {
            doing: "finish the work on",
            path: PathBuf::from("the vault"),
            source: std::io::Error::other(error),
        }),
    }
}
