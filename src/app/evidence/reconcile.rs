//! Start-up: what a killed process left is put aside, and said.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::super::App;
use super::super::error::Result;
use crate::domain::evidence::PackageId;
use crate::evidence::{self, Beside, Reports};

/// Stands while somebody seals, so that a start-up of another process does not take a package for one that was left.
pub(super) struct Sealing(#[expect(dead_code, reason = "the lock ends with the value")] File);

impl Sealing {
    /// Begins sealing into the data folder's packages.
    pub(super) fn begin(folder: &Path) -> Result<Self> {
        let file = open(folder)?;
        file.lock_shared().with_context(|| format!("{} cannot be locked", folder.display()))?;
        Ok(Self(file))
    }

    /// A moment in which nobody seals; `None` when somebody does.
    fn none(folder: &Path) -> Result<Option<Self>> {
        let file = open(folder)?;
        Ok(file.try_lock().is_ok().then_some(Self(file)))
    }
}

impl App {
    /// Puts aside what was left half written, and packages that a process sealed and was killed before the ledger knew of
    /// them: they would look sealed, and nobody could say by whom.
    pub(in crate::app) async fn reconcile_packages(&self) -> Result<()> {
        let folder = self.config.data_dir.join("evidence");
        if !folder.is_dir() {
            return Ok(());
        }
        tell_swept(evidence::sweep(&folder).map_err(anyhow::Error::from)?);
        let Some(_alone) = Sealing::none(&folder)? else { return Ok(()) };
        let listed =
            std::fs::read_dir(&folder).with_context(|| format!("{} cannot be listed", folder.display()))?;
        for entry in listed.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(stem) = name.strip_suffix(".wacz") else { continue };
            let known = match PackageId::parse(stem) {
                Ok(id) => self.store.package(&id).await?.is_some(),
                Err(_) => false,
            };
            if known {
                continue;
            }
            let aside = put_aside(&folder, &path)
                .with_context(|| format!("{} cannot be put aside", path.display()))?;
            tracing::warn!(
                path = %aside.display(),
                "evidence: a package that the ledger does not know was put aside; its sealing was interrupted, seal again"
            );
        }
        Ok(())
    }
}

/// Says what a sweep put aside.
pub(super) fn tell_swept(paths: Vec<PathBuf>) {
    for path in paths {
        tracing::warn!(path = %path.display(), "evidence: a half-written package was put aside; it was never sealed");
    }
}

fn put_aside(folder: &Path, package: &Path) -> std::io::Result<PathBuf> {
    let quarantine = folder.join("quarantine");
    std::fs::create_dir_all(&quarantine)?;
    let aside = |path: &Path| quarantine.join(path.file_name().unwrap_or_default());
    let Beside { digest, signature, key } = Beside::of(package);
    let reports = Reports::of(package);
    // The package first: what lies beside it looks like nothing alone.
    std::fs::rename(package, aside(package))?;
    for path in reports.all().into_iter().chain([&digest, &signature, &key]) {
        match std::fs::rename(path, aside(path)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside(package))
}

fn open(folder: &Path) -> Result<File> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let path = folder.join(".sealing");
    let opened = File::options().create(true).truncate(false).write(true).open(&path);
    Ok(opened.with_context(|| format!("{} cannot be opened", path.display()))?)
}
