//! What a package is made from: plain values, gathered by the use case.

use crate::domain::ad::{Ad, Sighting};
use crate::domain::capture::Capture;
use crate::domain::evidence::CustodyEvent;
use crate::domain::finding::Finding;
use crate::domain::provision::Provision;
use crate::domain::review::Decision;
use crate::kit::clock::UnixMs;

/// Everything that goes into one package.
#[derive(Debug, Clone)]
pub struct PackageInput {
    /// When it is sealed.
    pub sealed_at: UnixMs,
    /// Who seals it.
    pub sealed_by: String,
    /// The office, if its name is configured.
    pub office: Option<String>,
    /// What made the captures and the analysis.
    pub software: Software,
    /// The finding, with every hit, asserted and cleared.
    pub finding: Finding,
    /// Its ad.
    pub ad: Ad,
    /// Where the ad was seen, oldest first.
    pub sightings: Vec<Sighting>,
    /// The pages it stood on and the pages it leads to, in the order of fetching.
    pub captures: Vec<CaptureInput>,
    /// Decisions so far, oldest first.
    pub decisions: Vec<Decision>,
    /// The rules that hit.
    pub rules: Vec<RuleNote>,
    /// The provisions that rules propose and decisions name.
    pub provisions: Vec<Provision>,
    /// What happened to earlier packages of the same finding.
    pub custody: Vec<CustodyEvent>,
}

/// A capture with its bytes.
#[derive(Debug, Clone)]
pub struct CaptureInput {
    /// The capture.
    pub capture: Capture,
    /// What people call its source.
    pub source_title: String,
    /// The body as received.
    pub body: Vec<u8>,
}

/// What the analysis says of a rule.
#[derive(Debug, Clone)]
pub struct RuleNote {
    /// Its name, for example `pg.principal-guarantee.1`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Why such words matter.
    pub why: String,
}

/// 方法、工具、环境.
#[derive(Debug, Clone)]
pub struct Software {
    /// Version of adwatch.
    pub version: String,
    /// SHA-256 of the program file that sealed.
    pub build_sha256: Option<String>,
    /// Operating system and processor it ran on when sealing.
    pub system: String,
    /// Where its time comes from, and whether the offset was checked.
    pub clock: String,
}

impl PackageInput {
    pub(super) fn rule(&self, id: &str) -> Option<&RuleNote> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    pub(super) fn provision(&self, id: &str) -> Option<&Provision> {
        self.provisions.iter().find(|provision| provision.id.as_str() == id)
    }
}
