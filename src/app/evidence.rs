//! Use cases of evidence: seal a finding, list its packages, verify a package against the custody ledger.

mod custody;
mod gather;
mod keeping;
mod log;
mod look;
mod provenance;
mod reconcile;
mod report;
mod stamp;

pub use custody::PackageFile;
pub use keeping::{HandedOver, Keeping};
pub use log::{LogCheck, LogReport};
pub use look::RenderingView;
pub(crate) use provenance::Circumstances;
use reconcile::{Sealing, tell_swept};
pub use report::Printed;
pub use stamp::Stamped;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context as _;
use serde_json::json;

use super::App;
use super::error::{Error, Result};
use super::users::require;
use crate::domain::capture::{Capture, ClockState};
use crate::domain::evidence::{CustodyEvent, PackageId};
use crate::domain::finding::FindingId;
use crate::domain::hit::RuleId;
use crate::domain::party::Contact;
use crate::domain::provision::{Provision, ProvisionId};
use crate::domain::review::Verdict;
use crate::domain::user::{Actor, Permission};
use crate::evidence::{
    self, Beside, CaptureInput, Expected, PackageInput, Reports, RuleNote, SealError, SealedFacts,
    SigningKey, Software, Verification,
};
use crate::store::audit::AuditNote;
use crate::store::contact::ListedContact;
use crate::store::evidence::SealedPackage;
use crate::store::finding::FindingView;

/// A package that was just sealed.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its row, as the ledger has it.
    pub package: SealedPackage,
    /// Where it lies; its digest, signature and key lie beside it.
    pub path: PathBuf,
    /// How many files are in it.
    pub n_files: usize,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of the whole file: the seal, kept in the custody ledger and to be written on the record.
    pub seal_sha256: String,
    /// Fingerprint of the key that signed it.
    pub key_fingerprint: String,
    /// Time stamps that the worker asks for; 0 when no authority is configured.
    pub n_stamps_waiting: usize,
}

/// What a check of a package found.
#[derive(Debug, Clone)]
pub struct EvidenceCheck {
    /// Every deviation, including one from the ledger.
    pub verification: Verification,
    /// Whether the ledger of this office knows the package.
    pub is_in_ledger: bool,
}

impl App {
    /// Seals everything known about a finding into a file below `into` (default: `evidence` in the data folder),
    /// signed with the office's key, which is made on first use. Bytes are checked against their digests on the way.
    /// The file is complete before the ledger names it.
    ///
    /// # Errors
    /// `Forbidden` when the role may not; `NotFound` when there is no such finding; `Conflict` when a package of this name exists; `Invalid` when the
    /// key or certificate cannot be used; `Internal` when the vault lost or altered bytes, or the disk refuses: then
    /// nothing that looks sealed is left.
    pub async fn seal(&self, actor: &Actor, id: &FindingId, into: Option<PathBuf>) -> Result<Sealed> {
        require(actor, Permission::Seal)?;
        let view = self.finding(id).await?;
        let mut input = self.gather(actor, view).await?;
        let package_id = input.package_id().map_err(anyhow::Error::from)?;
        let parent = into.unwrap_or_else(|| self.config.data_dir.join("evidence"));
        let key = self.signing_key()?;
        input.signer = key.signer();
        let key_fingerprint = key.public_key().fingerprint();
        let sealed_at = input.sealed_at;
        let name = package_id.to_string();
        let waiting: Vec<_> =
            self.config.evidence.timestamp.iter().map(|authority| (authority.name.clone(), None)).collect();
        let sealing = Sealing::begin(&self.config.data_dir.join("evidence"))?;
        let (id_of_package, fingerprint) = (package_id.clone(), key_fingerprint.clone());
        let written = tokio::task::spawn_blocking(move || {
            tell_swept(evidence::sweep(&parent)?);
            let files = evidence::files(&input, &key)?;
            let exhibits = evidence::exhibits(&files);
            let sealed = evidence::seal(&parent, &name, &files, &key)?;
            let facts = SealedFacts {
                id: id_of_package,
                file_name: format!("{name}.wacz"),
                seal: sealed.seal.clone(),
                size_bytes: sealed.size_bytes,
                n_files: sealed.n_files,
                key_fingerprint: fingerprint,
                stamps: waiting,
            };
            // The package is sealed; without a report it is no less so.
            let reported = report::write_reports(&input, &facts, &sealed.path);
            Ok((sealed, exhibits, reported))
        });
        let (sealed, exhibits, reported) =
            written.await.context("sealing was interrupted")?.map_err(refused)?;
        let path = std::path::absolute(&sealed.path).unwrap_or_else(|_| sealed.path.clone());
        let package = SealedPackage {
            id: package_id,
            finding_id: id.clone(),
            location: path.display().to_string(),
            seal: sealed.seal.clone(),
            sealed_at,
            sealed_by: actor.name().to_owned(),
        };
        // Until here a killed process leaves a file that the ledger does not know; see `reconcile_packages`.
        let audit = AuditNote {
            at: sealed_at,
            actor: actor.clone(),
            action: "seal".to_owned(),
            object: format!("finding {id}"),
            detail: json!({
                "package": package.id,
                "seal_sha256": sealed.seal.sha256,
                "key_fingerprint": key_fingerprint,
                "n_files": sealed.n_files,
            }),
        };
        if let Err(error) = self.store.add_package(&package, &exhibits, &audit).await {
            // A file the ledger does not know would look sealed; best effort, the error below says what happened.
            let Beside { digest, signature, key } = Beside::of(&sealed.path);
            let reports = Reports::of(&sealed.path);
            for path in reports.all().into_iter().chain([&sealed.path, &digest, &signature, &key]) {
                let _ = std::fs::remove_file(path);
            }
            return Err(error.into());
        }
        drop(sealing);
        match reported {
            Ok(note) => self.record(actor, &package.id, "reported", note).await?,
            Err(error) => tracing::error!(package = %package.id, "the report was not written: {error:#}"),
        }
        let authorities: Vec<&str> =
            self.config.evidence.timestamp.iter().map(|authority| authority.name.as_str()).collect();
        self.store.queue_stamps(&package.id, &authorities, sealed_at).await?;
        Ok(Sealed {
            n_stamps_waiting: authorities.len(),
            package,
            path,
            n_files: sealed.n_files,
            size_bytes: sealed.size_bytes,
            seal_sha256: sealed.seal.sha256,
            key_fingerprint,
        })
    }

    /// Everything that goes into a package of a finding, read and checked.
    async fn gather(&self, actor: &Actor, view: FindingView) -> Result<PackageInput> {
        let captures = self.captures_of(&view).await?;
        let custody = self.custody_of(&view.finding.id).await?;
        let kept: Vec<Capture> = captures.iter().map(|captured| captured.capture.clone()).collect();
        let logs = self.log_extracts(&kept).await?;
        let contacts = contacts_of(&self.store.contacts(&view.ad.id).await?);
        let clock = self.clock_state().await;
        let mut input = self.package_input(actor, view, captures, custody);
        input.software.clock = clock;
        input.logs = logs;
        input.contacts = contacts;
        Ok(input)
    }

    /// The office's key for sealing, with the certificate over it: those of the settings, or `evidence-key.pem` in the
    /// data folder, made on first use.
    ///
    /// # Errors
    /// `Invalid` when the file is no key or others can read it, when the certificate is not over it or not valid now.
    pub(crate) fn signing_key(&self) -> Result<SigningKey> {
        let settings = &self.config.evidence;
        let opened = match &settings.key {
            Some(path) => SigningKey::open(path),
            None => SigningKey::open_or_make(&self.config.data_dir.join("evidence-key.pem")),
        };
        let key = opened.map_err(|error| Error::invalid("evidence.key", error.to_string()))?;
        let Some(certificate) = &settings.certificate else { return Ok(key) };
        key.with_certificate(certificate, self.clock.now())
            .map_err(|error| Error::invalid("evidence.certificate", error.to_string()))
    }

    /// Packages of a finding, oldest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn evidence_packages(&self, id: &FindingId) -> Result<Vec<SealedPackage>> {
        Ok(self.store.packages(id).await?)
    }

    /// Checks a package and compares its seal and key with the custody ledger; the check itself is put into the
    /// ledger.
    ///
    /// # Errors
    /// `Invalid` when it is no package; `Internal`. A changed package is not an error.
    pub async fn verify_evidence(
        &self,
        actor: &Actor,
        path: &Path,
        mut expected: Expected,
    ) -> Result<EvidenceCheck> {
        expected.now.get_or_insert(self.clock.now());
        let package = path.to_owned();
        let verified = tokio::task::spawn_blocking(move || evidence::verify(&package, &expected)).await;
        let mut verification =
            verified.context("verifying was interrupted")?.map_err(|error| match error {
                evidence::VerifyError::NotAPackage(_) => Error::invalid("path", error.to_string()),
                evidence::VerifyError::Io { .. } => Error::Internal(error.into()),
            })?;
        let id = verification.package_id.as_deref().and_then(|id| PackageId::parse(id).ok());
        let known = match &id {
            Some(id) => self.store.package(id).await?,
            None => None,
        };
        let Some(package) = known else { return Ok(EvidenceCheck { verification, is_in_ledger: false }) };
        verification.compare_with_ledger(&package.seal.sha256);
        let event = CustodyEvent {
            at: self.clock.now(),
            actor: actor.name().to_owned(),
            action: "verified".to_owned(),
            package_id: package.id,
            note: format!("{} deviations, {}", verification.deviations.len(), path.display()),
        };
        self.store.append_custody(&event).await?;
        Ok(EvidenceCheck { verification, is_in_ledger: true })
    }

    async fn custody_of(&self, id: &FindingId) -> Result<Vec<CustodyEvent>> {
        let mut events = Vec::new();
        for package in self.store.packages(id).await? {
            events.extend(self.store.custody(&package.id).await?);
        }
        Ok(events)
    }

    fn package_input(
        &self,
        actor: &Actor,
        view: FindingView,
        captures: Vec<CaptureInput>,
        custody: Vec<CustodyEvent>,
    ) -> PackageInput {
        let hits = &view.finding.hits;
        let rule_ids: BTreeSet<&RuleId> = hits.iter().map(|hit| &hit.rule).collect();
        let rules = rule_ids.into_iter().filter_map(|id| self.pack().rule(id)).map(|rule| RuleNote {
            id: rule.id.to_string(),
            title: rule.title.clone(),
            why: rule.why.clone(),
        });
        let mut cited: BTreeSet<&ProvisionId> = hits.iter().flat_map(|hit| &hit.provisions).collect();
        cited.extend(&view.finding.assessment.provisions);
        for decision in &view.decisions {
            if let Verdict::Accept { provisions } = &decision.verdict {
                cited.extend(provisions);
            }
        }
        let provisions: Vec<Provision> =
            cited.into_iter().filter_map(|id| self.pack().provisions.get(id).cloned()).collect();
        let mut sightings = view.sightings;
        sightings.reverse();
        PackageInput {
            sealed_at: self.clock.now(),
            sealed_by: actor.name().to_owned(),
            office: self.config.evidence.office.clone().filter(|office| !office.is_empty()),
            software: Software {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                build_sha256: build_sha256(),
                system: provenance::system(),
                clock: ClockState::unchecked(),
            },
            rules: rules.collect(),
            provisions,
            sightings,
            captures,
            custody,
            contacts: Vec::new(),
            signer: None,
            masked_from: None,
            logs: Vec::new(),
            decisions: view.decisions,
            ad: view.ad,
            finding: view.finding,
        }
    }
}

/// Each contact once, in the order of the words.
fn contacts_of(listed: &[ListedContact]) -> Vec<Contact> {
    let mut known = BTreeSet::new();
    let distinct = listed.iter().filter(|one| known.insert((one.contact.kind, &one.contact.value)));
    distinct.map(|one| one.contact.clone()).collect()
}

/// SHA-256 of the program that is running, computed once; `None` when its file cannot be read any more.
fn build_sha256() -> Option<String> {
    static BUILD: OnceLock<Option<String>> = OnceLock::new();
    BUILD
        .get_or_init(|| {
            let program = std::fs::read(std::env::current_exe().ok()?).ok()?;
            Some(crate::kit::digest::sha256_hex(&program))
        })
        .clone()
}

fn refused(error: anyhow::Error) -> Error {
    match error.downcast_ref::<SealError>() {
        Some(SealError::Exists(_)) => Error::Conflict(error.to_string()),
        _ => Error::Internal(error),
    }
}

#[cfg(test)]
pub(crate) mod tests;
