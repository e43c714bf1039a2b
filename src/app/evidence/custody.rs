//! Use cases of custody: look at a package and hand copies of it over, each recorded in its chain.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::super::App;
use super::super::error::{Error, Result};
use super::super::users::require;
use crate::domain::evidence::{CustodyEvent, PackageId};
use crate::domain::user::{Actor, Permission};
use crate::evidence::{self, Beside, Expected, Replay, Reports};
use crate::store::ChainCheck;
use crate::store::evidence::SealedPackage;

/// Longest name of a recipient, in characters.
const MAX_RECIPIENT_CHARS: usize = 200;

/// One package with everything that happened to it.
#[derive(Debug, Clone)]
pub struct PackageFile {
    /// Its row in the ledger.
    pub package: SealedPackage,
    /// What happened to it, oldest first, this look included.
    pub custody: Vec<CustodyEvent>,
    /// Whether the chain of these events is whole.
    pub chain: ChainCheck,
}

impl App {
    /// At most `limit` packages of all findings, the newest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn recent_packages(&self, limit: u32) -> Result<Vec<SealedPackage>> {
        Ok(self.store.recent_packages(limit).await?)
    }

    /// One package and its custody. The look itself is recorded.
    ///
    /// # Errors
    /// `NotFound`, `Internal`.
    pub async fn evidence_package(&self, actor: &Actor, id: &PackageId) -> Result<PackageFile> {
        let package = self.known_package(id).await?;
        self.record(actor, id, "read", String::new()).await?;
        let custody = self.store.custody(id).await?;
        let chain = self.store.check_custody(id).await?;
        Ok(PackageFile { package, custody, chain })
    }

    /// As [`App::evidence_package`]; packages of findings that the actor does not see are not there.
    ///
    /// # Errors
    /// `NotFound`, `Internal`.
    pub async fn evidence_package_for(&self, actor: &Actor, id: &PackageId) -> Result<PackageFile> {
        let package = self.known_package(id).await?;
        self.finding_for(actor, &package.finding_id).await?;
        self.evidence_package(actor, id).await
    }

    /// The sealed file of a package and its name, for a program that takes it along; it is verified first and its being
    /// taken is recorded.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`; `Conflict` when the file is not as sealed; `Internal` when it cannot be read.
    pub async fn take_package(&self, actor: &Actor, id: &PackageId) -> Result<(String, Vec<u8>)> {
        require(actor, Permission::Seal)?;
        let package = self.known_package(id).await?;
        let (from, seal) = (PathBuf::from(&package.location), package.seal.sha256.clone());
        let read = tokio::task::spawn_blocking(move || {
            check(&from, &seal)?;
            let bytes = std::fs::read(&from).with_context(|| format!("{} cannot be read", from.display()))?;
            let name = from.file_name().context("the ledger names no file")?.to_string_lossy().into_owned();
            Ok::<_, Error>((name, bytes))
        });
        let taken = read.await.context("reading was interrupted")??;
        self.record(actor, id, "downloaded", format!("{} bytes", taken.1.len())).await?;
        Ok(taken)
    }

    /// The sealed file of a package, open for looking at its pages. It is compared with its seal first, and that somebody
    /// looked is recorded.
    ///
    /// # Errors
    /// `NotFound`, also for packages of findings that the actor does not see; `Conflict` when the file is not as sealed;
    /// `Internal` when it cannot be read.
    pub async fn replay_package(&self, actor: &Actor, id: &PackageId) -> Result<Replay> {
        let package = self.known_package(id).await?;
        self.finding_for(actor, &package.finding_id).await?;
        let (path, seal) = (PathBuf::from(&package.location), package.seal.sha256.clone());
        let opened = tokio::task::spawn_blocking(move || {
            check(&path, &seal)?;
            let opened = Replay::open(&path);
            Ok::<_, Error>(opened.with_context(|| format!("{} cannot be replayed", path.display()))?)
        });
        let replay = opened.await.context("opening was interrupted")??;
        self.record(actor, id, "replayed", String::new()).await?;
        Ok(replay)
    }

    pub(super) async fn known_package(&self, id: &PackageId) -> Result<SealedPackage> {
        let known = self.store.package(id).await?;
        known.ok_or_else(|| Error::NotFound { kind: "evidence package", id: id.to_string() })
    }

    pub(super) async fn record(
        &self,
        actor: &Actor,
        id: &PackageId,
        action: &str,
        note: String,
    ) -> Result<()> {
        let event = CustodyEvent {
            at: self.clock.now(),
            actor: actor.name().to_owned(),
            action: action.to_owned(),
            package_id: id.clone(),
            note,
        };
        Ok(self.store.append_custody(&event).await?)
    }
}

/// A recipient's name without surrounding blanks.
pub(super) fn recipient_name(recipient: &str) -> Result<String> {
    let recipient = recipient.trim();
    let length = recipient.chars().count();
    if length == 0 || length > MAX_RECIPIENT_CHARS || recipient.chars().any(char::is_control) {
        let why = format!("name who receives it (1 to {MAX_RECIPIENT_CHARS} characters)");
        return Err(Error::invalid("recipient", why));
    }
    Ok(recipient.to_owned())
}

/// Copies a package with what lies beside it into a folder. The original is verified first and the copy afterwards.
pub(super) fn copy_all(from: &Path, folder: &Path, seal: &str) -> Result<PathBuf> {
    let name = from.file_name().context("the ledger names no file")?;
    let target = folder.join(name);
    if target.symlink_metadata().is_ok() {
        return Err(Error::Conflict(format!("{} is there already", target.display())));
    }
    check(from, seal)?;
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let (one, two) = (Beside::of(from), Beside::of(&target));
    let mut pairs = vec![(one.digest, two.digest), (one.signature, two.signature), (one.key, two.key)];
    for stamp in evidence::stamps_beside(from) {
        let to = stamp.file_name().map(|name| folder.join(name));
        pairs.extend(to.map(|to| (stamp, to)));
    }
    for (from, to) in Reports::of(from).all().into_iter().zip(Reports::of(&target).all()) {
        if from.is_file() {
            pairs.push((from.clone(), to.clone()));
        }
    }
    // Last: whoever sees the copy finds everything that belongs to it.
    pairs.push((from.to_owned(), target.clone()));
    for (from, to) in &pairs {
        let copied = copy_one(from, to).with_context(|| format!("{} cannot be written", to.display()));
        if let Err(error) = copied {
            remove(&target);
            return Err(error.into());
        }
    }
    check(&target, seal).inspect_err(|_| remove(&target))?;
    Ok(target)
}

/// Refuses a package that is not as it was sealed.
pub(super) fn check(package: &Path, seal: &str) -> Result<()> {
    let expected = Expected { seal_sha256: Some(seal.to_owned()), ..Expected::default() };
    let found = evidence::verify(package, &expected).map_err(anyhow::Error::from)?;
    match found.deviations.first() {
        None => Ok(()),
        Some(first) => Err(Error::Conflict(format!(
            "{} is not as it was sealed ({} deviations; {}: {}); it is not handed over",
            package.display(),
            found.deviations.len(),
            first.path,
            first.detail
        ))),
    }
}

fn copy_one(from: &Path, to: &Path) -> std::io::Result<()> {
    let partial = evidence::partial(to);
    let copied = std::fs::copy(from, &partial)
        .and_then(|_| std::fs::File::open(&partial)?.sync_all())
        .and_then(|()| std::fs::rename(&partial, to));
    if copied.is_err() {
        // Best effort: the first error says what happened.
        let _ = std::fs::remove_file(&partial);
    }
    copied
}

/// Removes a package with what lies beside it. Best effort: what led here is on record or an error under way.
pub(super) fn remove(package: &Path) {
    let Beside { digest, signature, key } = Beside::of(package);
    let (reports, stamps) = (Reports::of(package), evidence::stamps_beside(package));
    let beside = [&package.to_owned(), &digest, &signature, &key];
    for path in reports.all().into_iter().chain(&stamps).chain(beside) {
        let _ = std::fs::remove_file(path);
    }
}
