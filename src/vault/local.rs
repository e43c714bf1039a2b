//! A vault in a folder: `objects/ab/cdef…` for blobs, `tmp/` for files being written, `quarantine/` for what
//! was found half written or changed.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Digest, VaultError};
use crate::domain::blob::BlobRef;
use crate::kit::digest::{Hasher, sha256_hex};

/// A folder with the layout of this module. Several processes may use it at once.
#[derive(Debug, Clone)]
pub struct Local(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    quarantined: Vec<PathBuf>,
    n_written: AtomicU64,
}

impl Local {
    pub(super) fn open(root: &Path) -> Result<Self, VaultError> {
        for folder in ["objects", "tmp", "quarantine"] {
            create_folder(&root.join(folder))?;
        }
        let quarantined = set_torn_files_aside(root)?;
        for path in &quarantined {
            tracing::warn!(path = %path.display(), "vault: a half-written file was put aside; no row refers to it");
        }
        Ok(Self(Arc::new(Inner { root: root.to_path_buf(), quarantined, n_written: AtomicU64::new(0) })))
    }

    pub(super) fn quarantined(&self) -> &[PathBuf] {
        &self.0.quarantined
    }

    pub(super) fn put(&self, bytes: &[u8]) -> Result<BlobRef, VaultError> {
        let blob = BlobRef::of(bytes);
        let path = self.path_of(&blob.digests.sha256);
        match fs::read(&path) {
            Ok(kept) if kept == bytes => return Ok(blob),
            // The file rotted or was tampered with: keep it for inspection and put the right bytes in its place.
            Ok(_) => self.set_aside(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(io_error("read", &path, source)),
        }
        let folder = path.parent().unwrap_or(&self.0.root);
        if !folder.is_dir() {
            create_folder(folder)?;
            sync_folder(&self.0.root.join("objects"))?;
        }
        // A second opener may take a file between its creation and its lock for a torn one; then write it again.
        for _ in 0..3 {
            let temporary = self.write_temporary(bytes)?;
            match fs::rename(&temporary.path, &path) {
                Ok(()) => {
                    sync_folder(folder)?;
                    return Ok(blob);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(io_error("rename", &temporary.path, source)),
            }
        }
        Err(io_error("keep", &path, io::Error::other("its temporary file was moved away three times")))
    }

    pub(super) fn put_file(&self, from: &Path) -> Result<BlobRef, VaultError> {
        const CHUNK_BYTES: usize = 1 << 18;
        let mut source = File::open(from).map_err(|source| io_error("read", from, source))?;
        let mut temporary = self.new_temporary()?;
        let (mut hasher, mut size_bytes) = (Hasher::default(), 0);
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let n = source.read(&mut chunk).map_err(|source| io_error("read", from, source))?;
            if n == 0 {
                break;
            }
            hasher.update(&chunk[..n]);
            size_bytes += n as u64;
            temporary.write(&chunk[..n])?;
        }
        temporary.finish()?;
        let blob = BlobRef { digests: hasher.finish(), size_bytes };
        let path = self.path_of(&blob.digests.sha256);
        let folder = path.parent().unwrap_or(&self.0.root);
        if !folder.is_dir() {
            create_folder(folder)?;
            sync_folder(&self.0.root.join("objects"))?;
        }
        // In place of what may stand there: the same bytes, or a file that rotted.
        fs::rename(&temporary.path, &path).map_err(|source| io_error("rename", &temporary.path, source))?;
        sync_folder(folder)?;
        Ok(blob)
    }

    pub(super) fn get(&self, digest: &Digest) -> Result<Vec<u8>, VaultError> {
        let path = self.path_of(&digest.0);
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(VaultError::NotFound { sha256: digest.0.clone() });
            }
            Err(source) => return Err(io_error("read", &path, source)),
        }
        let actual = sha256_hex(&bytes);
        if actual == digest.0 {
            Ok(bytes)
        } else {
            Err(VaultError::Corrupt { sha256: digest.0.clone(), actual, path })
        }
    }

    pub(super) fn has(&self, digest: &Digest) -> Result<bool, VaultError> {
        let path = self.path_of(&digest.0);
        path.try_exists().map_err(|source| io_error("look for", &path, source))
    }

    pub(super) fn list(&self, after: Option<&Digest>, limit: usize) -> Result<Vec<String>, VaultError> {
        let after = after.map_or("", |digest| digest.0.as_str());
        let objects = self.0.root.join("objects");
        let mut listed = Vec::new();
        for prefix in sorted_names(&objects)? {
            if listed.len() >= limit {
                break;
            }
            if prefix.as_str() < after.get(..2).unwrap_or("") {
                continue;
            }
            let names = sorted_names(&objects.join(&prefix))?;
            listed.extend(
                names
                    .into_iter()
                    .map(|rest| format!("{prefix}{rest}"))
                    .filter(|name| name.as_str() > after && Digest::parse(name).is_ok()),
            );
        }
        listed.truncate(limit);
        Ok(listed)
    }

    fn path_of(&self, sha256: &str) -> PathBuf {
        let (prefix, rest) = sha256.split_at(2);
        self.0.root.join("objects").join(prefix).join(rest)
    }

    /// Writes and syncs a file in `tmp/`, which is on the same file system as `objects/`.
    fn write_temporary(&self, bytes: &[u8]) -> Result<Temporary, VaultError> {
        let mut temporary = self.new_temporary()?;
        temporary.write(bytes)?;
        temporary.finish()?;
        Ok(temporary)
    }

    fn new_temporary(&self) -> Result<Temporary, VaultError> {
        let serial = self.0.n_written.fetch_add(1, Ordering::Relaxed);
        let unique = uuid::Uuid::now_v7().simple();
        let path = self.0.root.join("tmp").join(format!("{}-{serial}-{unique}", std::process::id()));
        let file = File::create_new(&path).map_err(|source| io_error("create", &path, source))?;
        // The lock tells other openers that this file is being written, not left behind.
        file.lock().map_err(|source| io_error("lock", &path, source))?;
        Ok(Temporary { path, locked: file })
    }

    fn set_aside(&self, path: &Path) -> Result<(), VaultError> {
        let name = format!("changed-{}", uuid::Uuid::now_v7().simple());
        let to = self.0.root.join("quarantine").join(name);
        tracing::error!(from = %path.display(), to = %to.display(), "vault: a stored file was changed; it is put aside");
        fs::rename(path, &to).map_err(|source| io_error("put aside", path, source))
    }
}

/// A written file whose lock lasts until it has its final name.
struct Temporary {
    path: PathBuf,
    locked: File,
}

impl Temporary {
    fn write(&mut self, bytes: &[u8]) -> Result<(), VaultError> {
        self.locked.write_all(bytes).map_err(|source| io_error("write", &self.path, source))
    }

    /// Protects the file and waits until it is on the disk.
    fn finish(&self) -> Result<(), VaultError> {
        make_read_only(&self.locked).map_err(|source| io_error("protect", &self.path, source))?;
        self.locked.sync_all().map_err(|source| io_error("sync", &self.path, source))
    }
}

fn set_torn_files_aside(root: &Path) -> Result<Vec<PathBuf>, VaultError> {
    let mut moved = Vec::new();
    for name in sorted_names(&root.join("tmp"))? {
        let from = root.join("tmp").join(&name);
        let Ok(file) = File::open(&from) else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        let to = root.join("quarantine").join(&name);
        match fs::rename(&from, &to) {
            Ok(()) => moved.push(to),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(io_error("put aside", &from, source)),
        }
    }
    Ok(moved)
}

fn sorted_names(folder: &Path) -> Result<Vec<String>, VaultError> {
    let read = || -> io::Result<Vec<String>> {
        let mut names: Vec<String> = fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<_>>()?;
        names.sort_unstable();
        Ok(names)
    };
    read().map_err(|source| io_error("list", folder, source))
}

fn create_folder(path: &Path) -> Result<(), VaultError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| io_error("create the folder", path, source))
}

fn make_read_only(file: &File) -> io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions)
}

/// Makes a rename in `folder` survive a power cut.
fn sync_folder(folder: &Path) -> Result<(), VaultError> {
    #[cfg(unix)]
    File::open(folder).and_then(|file| file.sync_all()).map_err(|source| io_error("sync", folder, source))?;
    Ok(())
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> VaultError {
    VaultError::Io { doing, path: path.to_path_buf(), source }
}

#[cfg(test)]
mod tests {
    use super::super::{Vault, VaultError, suite};
    use super::*;
    use bytes::Bytes;

    async fn vault_in(folder: &Path) -> Vault {
        Vault::open(folder.to_str().unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn a_folder_keeps_the_promises_of_a_vault() {
        let folder = tempfile::tempdir().unwrap();
        suite::suite(vault_in(folder.path()).await).await;
    }

    #[tokio::test]
    async fn a_changed_file_is_named_and_healed_by_the_next_put() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault_in(folder.path()).await;
        let sha256 = vault.put(Bytes::from_static(b"page")).await.unwrap().digests.sha256;
        let Vault::Local(local) = &vault;
        let path = local.path_of(&sha256);
        fs::remove_file(&path).unwrap();
        fs::write(&path, b"edited").unwrap();
        let error = vault.get(&sha256).await.unwrap_err();
        assert!(matches!(&error, VaultError::Corrupt { sha256: named, .. } if *named == sha256), "{error}");
        vault.put(Bytes::from_static(b"page")).await.unwrap();
        assert_eq!(vault.get(&sha256).await.unwrap(), b"page");
        assert_eq!(fs::read_dir(folder.path().join("quarantine")).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn opening_puts_torn_files_aside_and_leaves_those_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let first = vault_in(folder.path()).await;
        assert_eq!(first.quarantined(), [] as [PathBuf; 0]);
        let torn = folder.path().join("tmp/1-0-torn");
        fs::write(&torn, b"half a pa").unwrap();
        let Vault::Local(local) = &first;
        let writing = local.write_temporary(b"still being written").unwrap();
        let second = vault_in(folder.path()).await;
        assert_eq!(second.quarantined(), [folder.path().join("quarantine/1-0-torn")]);
        assert!(writing.path.exists(), "a live writer must keep its file");
        assert!(!torn.exists());
        assert_eq!(second.list(None, 10).await.unwrap(), [] as [String; 0]);
    }

    #[tokio::test]
    async fn many_writers_of_the_same_bytes_agree() {
        let folder = tempfile::tempdir().unwrap();
        let vaults = [vault_in(folder.path()).await, vault_in(folder.path()).await];
        let puts = (0..24).map(|nth: usize| {
            let vault = vaults[nth % 2].clone();
            async move { vault.put(Bytes::from(vec![u8::try_from(nth % 3).unwrap(); 50_000])).await.unwrap() }
        });
        futures::future::join_all(puts).await;
        assert_eq!(vaults[0].list(None, 100).await.unwrap().len(), 3);
        assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn stored_files_are_private_and_read_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let vault = vault_in(&folder.path().join("vault")).await;
        let sha256 = vault.put(Bytes::from_static(b"page")).await.unwrap().digests.sha256;
        let Vault::Local(local) = &vault;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&folder.path().join("vault/objects")) & 0o077, 0);
        assert_eq!(mode(&local.path_of(&sha256)) & 0o222, 0);
    }

    #[tokio::test]
    async fn addresses_of_other_kinds_are_refused() {
        for url in ["s3://bucket", "file://host/x", "", "http://example.com/"] {
            let error = Vault::open(url).await.unwrap_err();
            assert!(matches!(error, VaultError::UnknownAddress { .. }), "{url}: {error}");
        }
    }
}
