//! Use cases after sealing: masked copies, receipts, packages of other offices, holds, and disposal when the time is over.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use super::super::App;
use super::super::error::{Error, Result};
use super::super::users::require;
use super::custody::{check, copy_all, recipient_name, remove};
use super::stamp::write;
use crate::domain::evidence::{CustodyEvent, PackageId};
use crate::domain::retention::Retention;
use crate::domain::user::{Actor, Permission};
use crate::evidence::{self, Expected, HandoverFacts, SealedFacts};
use crate::kit::clock::UnixMs;
use crate::kit::digest::Digests;
use crate::store::audit::AuditNote;
use crate::store::evidence::SealedPackage;
use crate::store::keeping::{Handover, Hold, ImportedPackage, KeptPackage};

/// Longest words of a reason or receipt, in characters.
const MAX_WORDS: usize = 500;

/// A copy that was handed over, with its form for the receipt.
#[derive(Debug, Clone)]
pub struct HandedOver {
    /// Where the copy lies.
    pub path: PathBuf,
    /// SHA-256 of the copy.
    pub sha256: String,
    /// Number of the hand-over, for the receipt.
    pub number: String,
    /// The form for the receipt.
    pub form: PathBuf,
    /// What was hidden; `None` for a full copy.
    pub masked: Option<(usize, usize)>,
}

/// How long a package is kept.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// The package.
    pub package: SealedPackage,
    /// By which rule.
    pub rule: Retention,
    /// Until when at least; `None`: without end.
    pub until: Option<UnixMs>,
    /// Whether a hold stands.
    pub is_held: bool,
}

impl Keeping {
    /// Whether its time is over.
    pub fn is_due(&self, now: UnixMs) -> bool {
        !self.is_held && self.until.is_some_and(|until| until <= now)
    }
}

impl From<KeptPackage> for Keeping {
    fn from(kept: KeptPackage) -> Self {
        let rule = Retention::of(kept.lead.map(|(state, _)| state));
        let from = kept.lead.map_or(kept.package.sealed_at, |(_, at)| at.max(kept.package.sealed_at));
        Self { until: rule.until(from), rule, is_held: kept.is_held, package: kept.package }
    }
}

impl App {
    /// Seals a copy with data of bystanders hidden into the folder `to`, for `recipient`, and records it. The original is
    /// verified first; the copy is made of the same captures.
    ///
    /// # Errors
    /// As [`App::export_evidence`]; `Conflict` also when the captures are no longer those of the original.
    pub async fn export_masked(
        &self,
        actor: &Actor,
        id: &PackageId,
        to: &Path,
        recipient: &str,
    ) -> Result<HandedOver> {
        require(actor, Permission::Seal)?;
        let recipient = recipient_name(recipient)?;
        let package = self.known_package(id).await?;
        let view = self.finding(&package.finding_id).await?;
        let mut input = self.gather(actor, view).await?;
        // What came after the sealing is not in the original either.
        input.captures.retain(|captured| captured.capture.exchange.finished_at <= package.sealed_at);
        input.decisions.retain(|decision| decision.at <= package.sealed_at);
        let original: Vec<String> =
            self.store.exhibits(id).await?.into_iter().map(|exhibit| exhibit.digests.sha256).collect();
        if input.captures.iter().any(|captured| !original.contains(&captured.capture.body.digests.sha256)) {
            return Err(Error::Conflict(format!("the captures are no longer those of package {id}")));
        }
        let (from, seal) = (PathBuf::from(&package.location), package.seal.sha256.clone());
        let key = self.signing_key()?;
        let (folder, original_id) = (to.to_owned(), id.clone());
        let made = tokio::task::spawn_blocking(move || {
            check(&from, &seal)?;
            let input = evidence::masked(input, &original_id, &seal);
            let copy_id = input.package_id().map_err(anyhow::Error::from)?;
            let files = evidence::files(&input, &key)?;
            let sealed =
                evidence::seal(&folder, copy_id.as_str(), &files, &key).map_err(|error| match error {
                    evidence::SealError::Exists(_) => Error::Conflict(error.to_string()),
                    error => Error::Internal(error.into()),
                })?;
            let facts = SealedFacts {
                file_name: format!("{copy_id}.wacz"),
                id: copy_id,
                seal: sealed.seal.clone(),
                size_bytes: sealed.size_bytes,
                n_files: sealed.n_files,
                key_fingerprint: key.public_key().fingerprint(),
                stamps: Vec::new(),
            };
            super::report::write_reports(&input, &facts, &sealed.path)?;
            let hidden = input.masked_from.map(|from| (from.n_masked, from.n_left_out));
            Ok::<_, Error>((sealed, hidden))
        });
        let (sealed, hidden) = made.await.context("making the copy was interrupted")??;
        self.hand_over(actor, &package, recipient, sealed.path, sealed.seal.sha256, hidden).await
    }

    /// Copies a package, with what lies beside it, into the folder `to` for `recipient`, with a form for the receipt, and
    /// records it. The original is verified first and the copy afterwards.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when no recipient is named; `Conflict` when the original is not as sealed or the folder
    /// holds a file of its name; `Internal` when the disk refuses: then no copy is left.
    pub async fn export_evidence(
        &self,
        actor: &Actor,
        id: &PackageId,
        to: &Path,
        recipient: &str,
    ) -> Result<HandedOver> {
        let recipient = recipient_name(recipient)?;
        let package = self.known_package(id).await?;
        let (from, seal, folder) =
            (PathBuf::from(&package.location), package.seal.sha256.clone(), to.to_owned());
        let copied = tokio::task::spawn_blocking(move || copy_all(&from, &folder, &seal));
        let path = copied.await.context("exporting was interrupted")??;
        let sha256 = package.seal.sha256.clone();
        self.hand_over(actor, &package, recipient, path, sha256, None).await
    }

    async fn hand_over(
        &self,
        actor: &Actor,
        package: &SealedPackage,
        recipient: String,
        path: PathBuf,
        sha256: String,
        masked: Option<(usize, usize)>,
    ) -> Result<HandedOver> {
        let number = uuid::Uuid::now_v7().simple().to_string();
        let now = self.clock.now();
        let handover = Handover {
            id: number.clone(),
            package_id: package.id.clone(),
            recipient: recipient.clone(),
            copy_sha256: sha256.clone(),
            is_masked: masked.is_some(),
            handed_at: now,
            handed_by: actor.name().to_owned(),
            received_at: None,
            receipt: None,
        };
        let form = path.with_extension("handover.docx");
        let facts = HandoverFacts {
            number: number.clone(),
            office: self.config.evidence.office.clone(),
            recipient: recipient.clone(),
            handed_by: actor.name().to_owned(),
            handed_at: now,
            file_name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            sha256: sha256.clone(),
            package_id: package.id.clone(),
            is_masked: masked.is_some(),
        };
        let kind = if masked.is_some() { "exported-masked" } else { "exported" };
        let note = format!("to {recipient}: {}, SHA-256 {sha256}, hand-over {number}", path.display());
        let event = self.event(actor, &package.id, kind, note);
        let done = async {
            let bytes = evidence::handover_form(&facts)?;
            write(&form, &bytes).with_context(|| format!("{} cannot be written", form.display()))?;
            self.store.add_handover(&handover, &event).await?;
            Ok::<_, Error>(())
        };
        if let Err(error) = done.await {
            // A copy that is not on record must not be there.
            remove(&path);
            let _ = std::fs::remove_file(&form);
            return Err(error);
        }
        Ok(HandedOver { path, sha256, number, form, masked })
    }

    /// Records that the recipient acknowledged a hand-over.
    ///
    /// # Errors
    /// `NotFound` when there is no such hand-over, `Conflict` when it was acknowledged already, `Invalid` without words.
    pub async fn acknowledge_handover(&self, actor: &Actor, number: &str, receipt: &str) -> Result<()> {
        require(actor, Permission::Seal)?;
        let receipt = words("receipt", receipt)?;
        let now = self.clock.now();
        let by = actor.name().to_owned();
        let noted = receipt.clone();
        let event = move |handover: &Handover| CustodyEvent {
            at: now,
            actor: by,
            action: "received".to_owned(),
            package_id: handover.package_id.clone(),
            note: format!("by {}, hand-over {}: {noted}", handover.recipient, handover.id),
        };
        if self.store.acknowledge(number, now, &receipt, event).await? {
            Ok(())
        } else {
            Err(Error::Conflict(format!("hand-over {number} was acknowledged already")))
        }
    }

    /// Hand-overs of a package, or all that were not acknowledged.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn handovers(&self, package: Option<&PackageId>) -> Result<Vec<Handover>> {
        Ok(self.store.handovers(package).await?)
    }

    /// Takes in a package of another office. It is verified first, also against what the office told by another way.
    ///
    /// # Errors
    /// `Invalid` when it is no package or no office is named; `Conflict` when it is not as sealed, or one of its name is
    /// there; `Internal` when the disk refuses.
    pub async fn import_package(
        &self,
        actor: &Actor,
        file: &Path,
        from_office: &str,
        mut expected: Expected,
    ) -> Result<ImportedPackage> {
        require(actor, Permission::Seal)?;
        let from_office = words("from", from_office)?;
        let now = self.clock.now();
        expected.now.get_or_insert(now);
        let (path, folder) = (file.to_owned(), self.config.data_dir.join("evidence").join("imported"));
        let taken = tokio::task::spawn_blocking(move || take_in(&path, &folder, &expected));
        let (location, verification, seal) = taken.await.context("importing was interrupted")??;
        let id = verification.package_id.as_deref().and_then(|id| PackageId::parse(id).ok());
        let sealed_at = verification.sealed_at.unwrap_or(now);
        let package = ImportedPackage {
            id: id.ok_or_else(|| Error::invalid("path", "the package does not say its name"))?,
            from_office,
            location: location.display().to_string(),
            seal,
            key_fingerprint: verification.key_fingerprint.unwrap_or_default(),
            sealed_at,
            imported_at: now,
            imported_by: actor.name().to_owned(),
        };
        let audit = AuditNote {
            at: now,
            actor: actor.clone(),
            action: "import-evidence".to_owned(),
            object: format!("package {}", package.id),
            detail: json!({
                "from": package.from_office,
                "seal_sha256": package.seal.sha256,
                "key_fingerprint": package.key_fingerprint,
            }),
        };
        if let Err(error) = self.store.add_imported(&package, &audit).await {
            remove(&location);
            return Err(error.into());
        }
        Ok(package)
    }

    /// Packages of other offices, the newest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn imported_packages(&self) -> Result<Vec<ImportedPackage>> {
        Ok(self.store.imported_packages().await?)
    }

    /// Orders a package to be kept whatever its term says.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `Invalid` without a reason.
    pub async fn hold_package(&self, actor: &Actor, id: &PackageId, reason: &str) -> Result<()> {
        require(actor, Permission::Seal)?;
        let reason = words("reason", reason)?;
        self.known_package(id).await?;
        let hold = Hold {
            package_id: id.clone(),
            placed_at: self.clock.now(),
            placed_by: actor.name().to_owned(),
            reason: reason.clone(),
        };
        Ok(self.store.place_hold(&hold, &self.event(actor, id, "held", reason)).await?)
    }

    /// Takes back every hold of a package; gives how many stood.
    ///
    /// # Errors
    /// `Forbidden` unless the role may overrule; `NotFound`.
    pub async fn release_package(&self, actor: &Actor, id: &PackageId) -> Result<u64> {
        require(actor, Permission::Overrule)?;
        self.known_package(id).await?;
        let event = self.event(actor, id, "released", String::new());
        Ok(self.store.release_holds(id, event.at, actor.name(), &event).await?)
    }

    /// How long each package is kept, the oldest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn keeping(&self) -> Result<Vec<Keeping>> {
        Ok(self.store.kept_packages().await?.into_iter().map(Keeping::from).collect())
    }

    /// Disposes of the file of a package whose time is over. Its row, its custody and the digests of its files stay.
    ///
    /// # Errors
    /// `Forbidden` unless the role may overrule; `NotFound`; `Conflict` when it is held or its time is not over.
    pub async fn dispose_package(&self, actor: &Actor, id: &PackageId) -> Result<()> {
        require(actor, Permission::Overrule)?;
        let now = self.clock.now();
        let kept = self.keeping().await?.into_iter().find(|kept| kept.package.id == *id);
        let kept = kept.ok_or_else(|| Error::NotFound { kind: "evidence package", id: id.to_string() })?;
        if !kept.is_due(now) {
            let why = if kept.is_held { "a hold stands" } else { "its time is not over" };
            return Err(Error::Conflict(format!("{id} is kept: {why} ({})", kept.rule.as_str())));
        }
        let event = self.event(actor, id, "disposed", format!("by rule {}", kept.rule.as_str()));
        let audit = AuditNote {
            at: now,
            actor: actor.clone(),
            action: "dispose-evidence".to_owned(),
            object: format!("package {id}"),
            detail: json!({ "rule": kept.rule.as_str(), "seal_sha256": kept.package.seal.sha256 }),
        };
        self.store.dispose_package(&event, kept.rule.as_str(), &audit).await?;
        remove(Path::new(&kept.package.location));
        Ok(())
    }

    fn event(&self, actor: &Actor, id: &PackageId, action: &str, note: String) -> CustodyEvent {
        CustodyEvent {
            at: self.clock.now(),
            actor: actor.name().to_owned(),
            action: action.to_owned(),
            package_id: id.clone(),
            note,
        }
    }
}

fn words(field: &'static str, text: &str) -> Result<String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > MAX_WORDS || text.chars().any(char::is_control) {
        return Err(Error::invalid(field, format!("write 1 to {MAX_WORDS} characters on one line")));
    }
    Ok(text.to_owned())
}

/// Verifies a file and copies it, with what lies beside it, into the folder.
fn take_in(
    path: &Path,
    folder: &Path,
    expected: &Expected,
) -> Result<(PathBuf, evidence::Verification, Digests)> {
    let verification = evidence::verify(path, expected).map_err(|error| match error {
        evidence::VerifyError::NotAPackage(_) => Error::invalid("path", error.to_string()),
        evidence::VerifyError::Io { .. } => Error::Internal(error.into()),
    })?;
    if let Some(first) = verification.deviations.first() {
        return Err(Error::Conflict(format!(
            "{} is not as it was sealed ({} deviations; {}: {}); it is not taken in",
            path.display(),
            verification.deviations.len(),
            first.path,
            first.detail
        )));
    }
    let Some(seal) = verification.seal_sha256.clone() else {
        return Err(Error::invalid("path", "give the .wacz file; an unpacked folder has no seal"));
    };
    let copy = copy_all(path, folder, &seal)?;
    let bytes = std::fs::read(&copy).with_context(|| format!("{} cannot be read", copy.display()))?;
    Ok((copy, verification, Digests::of(&bytes)))
}

#[cfg(test)]
mod tests;
