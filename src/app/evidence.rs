//! Use cases of evidence: seal a finding, list its packages, verify a folder against the custody ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use super::App;
use super::error::{Error, Result};
use crate::domain::capture::{Capture, CaptureId};
use crate::domain::evidence::{CustodyEvent, PackageId};
use crate::domain::finding::FindingId;
use crate::domain::hit::RuleId;
use crate::domain::provision::{Provision, ProvisionId};
use crate::domain::review::Verdict;
use crate::domain::run::RunId;
use crate::domain::user::Actor;
use crate::evidence::{self, CaptureInput, PackageInput, RuleNote, SealError, Software, Verification};
use crate::kit::digest::Digests;
use crate::store::audit::AuditNote;
use crate::store::evidence::SealedPackage;
use crate::store::finding::FindingView;

/// A package that was just sealed.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its row, as the ledger has it.
    pub package: SealedPackage,
    /// Where it lies.
    pub path: PathBuf,
    /// How many files.
    pub n_files: usize,
    /// SHA-256 of its `SHA256SUMS`: the seal, kept in the custody ledger and to be written on the record.
    pub sums_sha256: String,
}

/// What a check of a folder found.
#[derive(Debug, Clone)]
pub struct EvidenceCheck {
    /// Every deviation, including one from the ledger.
    pub verification: Verification,
    /// Whether the ledger of this office knows the package.
    pub is_in_ledger: bool,
}

impl App {
    /// Seals everything known about a finding into a folder below `into` (default: `evidence` in the data folder).
    /// Bytes are checked against their digests on the way. The folder is complete before the ledger names it.
    ///
    /// # Errors
    /// `NotFound` when there is no such finding; `Conflict` when a package of this name exists; `Internal` when the
    /// vault lost or altered bytes, or the disk refuses: then nothing that looks sealed is left.
    pub async fn seal(&self, actor: &Actor, id: &FindingId, into: Option<PathBuf>) -> Result<Sealed> {
        let view = self.finding(id).await?;
        let captures = self.captures_of(&view).await?;
        let custody = self.custody_of(id).await?;
        let input = self.package_input(actor, view, captures, custody);
        let package_id = evidence::package_id(id, input.sealed_at).map_err(anyhow::Error::from)?;
        let parent = into.unwrap_or_else(|| self.config.data_dir.join("evidence"));
        let sealed_at = input.sealed_at;
        let name = package_id.to_string();
        let written = tokio::task::spawn_blocking(move || {
            let files = evidence::files(&input)?;
            let sums = files.last().map(|list| Digests::of(&list.bytes)).context("a package has no list")?;
            let exhibits = evidence::exhibits(&files);
            evidence::seal(&parent, &name, &files)
                .map(|folder| (folder, exhibits, sums))
                .map_err(anyhow::Error::from)
        });
        let (folder, exhibits, sums) = written.await.context("sealing was interrupted")?.map_err(refused)?;
        let path = std::path::absolute(&folder.path).unwrap_or_else(|_| folder.path.clone());
        let package = SealedPackage {
            id: package_id,
            finding_id: id.clone(),
            location: path.display().to_string(),
            manifest: sums,
            sealed_at,
            sealed_by: actor.name().to_owned(),
        };
        let audit = AuditNote {
            at: sealed_at,
            actor: actor.clone(),
            action: "seal".to_owned(),
            object: format!("finding {id}"),
            detail: json!({ "package": package.id, "seal_sha256": folder.seal_sha256, "n_files": folder.n_files }),
        };
        if let Err(error) = self.store.add_package(&package, &exhibits, &audit).await {
            // A folder the ledger does not know would look sealed; best effort, the error below says what happened.
            let _ = std::fs::remove_dir_all(&folder.path);
            return Err(error.into());
        }
        Ok(Sealed { package, path, n_files: folder.n_files, sums_sha256: folder.seal_sha256 })
    }

    /// Packages of a finding, oldest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn evidence_packages(&self, id: &FindingId) -> Result<Vec<SealedPackage>> {
        Ok(self.store.packages(id).await?)
    }

    /// Checks a folder and compares its seal with the custody ledger; the check itself is put into the ledger.
    ///
    /// # Errors
    /// `Invalid` when the folder is no package or cannot be read; `Internal`. A changed package is not an error.
    pub async fn verify_evidence(&self, actor: &Actor, path: &Path) -> Result<EvidenceCheck> {
        let folder = path.to_owned();
        let verified = tokio::task::spawn_blocking(move || evidence::verify(&folder, None)).await;
        let mut verification = verified
            .context("verifying was interrupted")?
            .map_err(|error| Error::invalid("path", error.to_string()))?;
        let id = verification.package_id.as_deref().and_then(|id| PackageId::parse(id).ok());
        let known = match &id {
            Some(id) => self.store.package(id).await?,
            None => None,
        };
        let Some(package) = known else { return Ok(EvidenceCheck { verification, is_in_ledger: false }) };
        verification.compare_with_ledger(&package.manifest.sha256);
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

    /// The pages on which the ad was seen and the landing pages it led to in the same runs, in the order of fetching.
    async fn captures_of(&self, view: &FindingView) -> Result<Vec<CaptureInput>> {
        let ids: BTreeSet<&CaptureId> = view.sightings.iter().map(|sighting| &sighting.capture_id).collect();
        let mut captures: BTreeMap<CaptureId, Capture> = BTreeMap::new();
        for id in ids {
            captures.insert(id.clone(), self.capture(id).await?);
        }
        if let Some(url) = view.ad.draft.landing_url.as_deref() {
            let runs: BTreeSet<RunId> = captures.values().map(|page| page.run_id.clone()).collect();
            for run in runs {
                let landings = self.store.landing_captures(&run).await?.into_iter();
                let wanted = landings.filter(|landing| same_address(url, &landing.exchange.requested_url));
                captures.extend(wanted.map(|landing| (landing.id.clone(), landing)));
            }
        }
        let mut ordered: Vec<Capture> = captures.into_values().collect();
        ordered.sort_by(|a, b| (a.exchange.started_at, &a.id).cmp(&(b.exchange.started_at, &b.id)));
        let mut inputs = Vec::with_capacity(ordered.len());
        for capture in ordered {
            let (capture, body) = self.capture_body(&capture.id).await?;
            if Digests::of(&body) != capture.body.digests {
                return Err(Error::Internal(anyhow::anyhow!(
                    "the bytes of capture {} are not those that were received; nothing was sealed",
                    capture.id
                )));
            }
            let source = self.store.source(&capture.source_id).await?;
            let source_title = source.map_or_else(|| capture.source_id.to_string(), |source| source.title);
            inputs.push(CaptureInput { capture, source_title, body });
        }
        Ok(inputs)
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
            office: None,
            software: Software {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
                clock: "本机系统时钟（UTC），未由本软件与标准时间源核对".to_owned(),
            },
            rules: rules.collect(),
            provisions,
            sightings,
            captures,
            custody,
            decisions: view.decisions,
            ad: view.ad,
            finding: view.finding,
        }
    }
}

/// Whether two spellings name one address, as the client asked for it.
fn same_address(one: &str, two: &str) -> bool {
    match (url::Url::parse(one), url::Url::parse(two)) {
        (Ok(mut one), Ok(mut two)) => {
            one.set_fragment(None);
            two.set_fragment(None);
            one == two
        }
        _ => one == two,
    }
}

fn refused(error: anyhow::Error) -> Error {
    match error.downcast_ref::<SealError>() {
        Some(SealError::Exists(_)) => Error::Conflict(error.to_string()),
        _ => Error::Internal(error),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::Config;
    use crate::domain::ad::{AdDraft, AdKind, Sighting};
    use crate::domain::capture::{CapturePurpose, Exchange};
    use crate::domain::source::{Source, SourceId, SourceKind};
    use crate::group::fingerprint;
    use crate::judge::{Scratch, Setting};
    use crate::kit::clock::{FixedClock, UnixMs};
    use crate::store::page::{PageRecord, SeenAd};

    const NOW: UnixMs = UnixMs(1_795_395_900_000);
    const WORDS: &str = "江州颐养公寓\n保本保息，年化收益15%，一万元起投，加微信 jz88661 报名。";
    const LANDING: &str = "http://apply.example.cn/join";

    /// An application on an empty folder that saw one page with one suspect ad, its landing page, and another landing
    /// page that belongs to a different ad.
    pub(crate) async fn app_with_a_finding(folder: &Path) -> (App, Arc<FixedClock>, FindingId) {
        let clock = Arc::new(FixedClock::at(NOW));
        let config = Config { data_dir: folder.to_owned(), ..Config::default() };
        let app = App::open_with_clock(config, clock.clone()).await.unwrap();
        let source = Source {
            id: SourceId::parse("city-news").unwrap(),
            kind: SourceKind::NewsSite,
            title: "江州新闻网财经频道".to_owned(),
            url: "http://news.example.cn/".to_owned(),
            settings: BTreeMap::new(),
            schedule: None,
            allowed_origins: Vec::new(),
            enabled: true,
            created_at: NOW,
        };
        app.store.add_source(&source).await.unwrap();
        let run = RunId::parse("run-1").unwrap();
        app.store.open_run(&run, &source.id, NOW).await.unwrap();

        let page = capture(&app, "c1", "http://news.example.cn/a", CapturePurpose::Page, "<p>页面</p>").await;
        let draft = AdDraft {
            title: Some("江州颐养公寓".to_owned()),
            landing_url: Some(format!("{LANDING}#top")),
            ..AdDraft::of_text(AdKind::Display, WORDS)
        };
        let id = fingerprint(&draft);
        let judged = app.judge.judge(&draft, &Setting { publisher_host: None }, &mut Scratch::default());
        assert!(judged.assessment.flagged, "{:?}", judged.assessment);
        let sighting = Sighting {
            ad_id: id.clone(),
            capture_id: page.id.clone(),
            source_id: source.id.clone(),
            page_url: page.exchange.final_url.clone(),
            locator: "div.ad".to_owned(),
            seen_at: NOW,
        };
        let judgement = Some((judged.assessment, judged.hits));
        let seen = SeenAd { id: id.clone(), draft, sighting, judgement, alert: None };
        app.store.record_page(&PageRecord { capture: page, ads: vec![seen], now: NOW }).await.unwrap();
        for (name, url) in [("c2", LANDING), ("c3", "http://other.example.cn/")] {
            let landing = capture(&app, name, url, CapturePurpose::Landing, "<h1>落地页</h1>").await;
            app.store.record_page(&PageRecord { capture: landing, ads: Vec::new(), now: NOW }).await.unwrap();
        }
        clock.advance_ms(60_000);
        (app, clock, FindingId::of(&id))
    }

    async fn capture(app: &App, id: &str, url: &str, purpose: CapturePurpose, body: &'static str) -> Capture {
        Capture {
            id: CaptureId::parse(id).unwrap(),
            source_id: SourceId::parse("city-news").unwrap(),
            run_id: RunId::parse("run-1").unwrap(),
            purpose,
            parent_id: None,
            exchange: Exchange {
                imported: None,
                requested_url: url.to_owned(),
                final_url: url.to_owned(),
                request_headers: Vec::new(),
                status: 200,
                http_version: "HTTP/1.1".to_owned(),
                response_headers: Vec::new(),
                redirects: Vec::new(),
                remote_addr: "203.0.113.7:80".to_owned(),
                started_at: NOW,
                finished_at: NOW.plus_ms(100),
            },
            body: app.vault.put(body.into()).await.unwrap(),
        }
    }

    fn officer() -> Actor {
        Actor::person("李青").unwrap()
    }

    #[tokio::test]
    async fn a_package_holds_the_page_and_its_own_landing_page_and_is_in_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let (app, _, id) = app_with_a_finding(folder.path()).await;
        let sealed = app.seal(&officer(), &id, None).await.unwrap();
        let read = |path: &str| std::fs::read_to_string(sealed.path.join(path));
        assert_eq!(read("captures/01-page/body.bin").unwrap(), "<p>页面</p>");
        assert_eq!(read("captures/02-landing/body.bin").unwrap(), "<h1>落地页</h1>");
        assert!(read("captures/03-landing/body.bin").is_err(), "the landing page of another ad stays out");
        assert!(read("analysis.html").unwrap().contains("保本保息"));
        let packages = app.evidence_packages(&id).await.unwrap();
        assert_eq!(packages, std::slice::from_ref(&sealed.package));
        let custody = app.store.custody(&sealed.package.id).await.unwrap();
        assert!(custody[0].note.contains(&sealed.sums_sha256), "{custody:?}");
        let check = app.verify_evidence(&officer(), &sealed.path).await.unwrap();
        assert!(check.is_in_ledger && check.verification.is_intact(), "{check:?}");
        assert_eq!(app.store.custody(&sealed.package.id).await.unwrap().len(), 2, "the check is on record");
    }

    #[tokio::test]
    async fn a_package_replaced_as_a_whole_is_told_by_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let (app, _, id) = app_with_a_finding(folder.path()).await;
        let sealed = app.seal(&officer(), &id, None).await.unwrap();
        // The same package, made by someone else at the same time under another name: consistent in itself.
        let elsewhere = folder.path().join("forged");
        let forger = Actor::person("别人").unwrap();
        let again = app.seal(&forger, &id, Some(elsewhere.clone())).await;
        assert!(matches!(again, Err(Error::Conflict(_))), "the ledger has one package of a name: {again:?}");
        assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0, "no folder the ledger does not know");
        let list = sealed.path.join("SHA256SUMS");
        let text = std::fs::read_to_string(&list).unwrap();
        std::fs::remove_file(&list).unwrap();
        std::fs::write(&list, text.lines().rev().map(|line| format!("{line}\n")).collect::<String>())
            .unwrap();
        let check = app.verify_evidence(&officer(), &sealed.path).await.unwrap();
        assert_eq!(check.verification.deviations.len(), 1, "{check:?}");
        assert_eq!(check.verification.deviations[0].kind, evidence::DeviationKind::Seal);
    }

    #[tokio::test]
    async fn altered_bytes_in_the_vault_are_never_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let (app, _, id) = app_with_a_finding(folder.path()).await;
        let digest = crate::kit::digest::sha256_hex("<p>页面</p>".as_bytes());
        let mut open = vec![folder.path().join("vault")];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.to_string_lossy().replace('/', "").contains(&digest) {
                let mut permissions = std::fs::metadata(&path).unwrap().permissions();
                #[expect(
                    clippy::permissions_set_readonly_false,
                    reason = "a test makes its own file writable"
                )]
                permissions.set_readonly(false);
                std::fs::set_permissions(&path, permissions).unwrap();
                std::fs::write(&path, "<p>other</p>").unwrap();
            }
        }
        let error = app.seal(&officer(), &id, None).await.unwrap_err();
        assert!(matches!(error, Error::Internal(_)), "{error:?}");
        assert!(!folder.path().join("evidence").exists());
    }

    #[tokio::test]
    async fn an_unknown_finding_or_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (app, _, _) = app_with_a_finding(folder.path()).await;
        let unknown = FindingId::parse("f-0").unwrap();
        assert!(matches!(app.seal(&officer(), &unknown, None).await, Err(Error::NotFound { .. })));
        let nothing = app.verify_evidence(&officer(), &folder.path().join("nothing")).await.unwrap_err();
        assert!(nothing.to_string().contains("nothing"), "{nothing}");
    }
}
