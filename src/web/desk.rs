//! What the pages ask of the use cases, and nothing more: so that every page is tested without disk and network.

use std::collections::BTreeMap;

use futures::future::BoxFuture;

use super::group_desk::GroupDesk;
use crate::app::lead::{CaseFilter, LeadFilter, LeadView};
use crate::app::letter::Draft;
use crate::app::office::OfficeLine;
use crate::app::{FindingCounts, FindingFilter, ListedContact, PackageFile, RenderingView, Repeat, Result};
use crate::domain::ad::{Ad, Sighting};
use crate::domain::capture::{Capture, CaptureId};
use crate::domain::evidence::PackageId;
use crate::domain::finding::{Finding, FindingId};
use crate::domain::lead::{LeadId, Step};
use crate::domain::office::OfficeId;
use crate::domain::recheck::Recheck;
use crate::domain::review::{Assignment, Decision, Remark, RemarkKind, Verdict};
use crate::domain::run::CrawlRun;
use crate::domain::source::{Source, SourceId};
use crate::domain::user::Actor;
use crate::evidence::Replay;
use crate::group::route::Routing;
use crate::kit::clock::UnixMs;
use crate::letter::LetterKind;
use crate::rules::RulePack;

/// An answer that takes a while.
pub type Answer<'a, T> = BoxFuture<'a, Result<T>>;

/// The use cases behind the pages.
pub trait Desk: GroupDesk {
    /// One page of the queue, highest priority first.
    fn queue<'a>(&'a self, actor: &'a Actor, filter: &'a QueueFilter) -> Answer<'a, QueuePage>;
    /// The findings before and after this one among those of a filter, without those that others work on.
    fn neighbours<'a>(
        &'a self,
        actor: &'a Actor,
        filter: &'a FindingFilter,
        id: &'a FindingId,
    ) -> Answer<'a, (Option<FindingId>, Option<FindingId>)>;
    /// Everything about one finding.
    fn finding<'a>(&'a self, actor: &'a Actor, id: &'a FindingId) -> Answer<'a, FindingFile>;
    /// Records a verdict on the version of a finding that the person saw; `None` takes it as it stands.
    fn decide<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a FindingId,
        verdict: Verdict,
        note: &'a str,
        seen_version: Option<u64>,
    ) -> Answer<'a, Decision>;
    /// Holds a finding for a while; `over` takes it from somebody else.
    fn take<'a>(&'a self, actor: &'a Actor, id: &'a FindingId, over: bool) -> Answer<'a, Assignment>;
    /// Lets a finding go.
    fn release<'a>(&'a self, actor: &'a Actor, id: &'a FindingId) -> Answer<'a, ()>;
    /// Comments on a finding, or passes it over.
    fn remark<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a FindingId,
        kind: RemarkKind,
        note: &'a str,
    ) -> Answer<'a, Remark>;
    /// Leads, the most urgent first.
    fn leads<'a>(&'a self, actor: &'a Actor, filter: LeadFilter) -> Answer<'a, Vec<LeadView>>;
    /// Cases, the most urgent first.
    fn cases<'a>(&'a self, actor: &'a Actor, filter: CaseFilter) -> Answer<'a, Vec<LeadView>>;
    /// One lead.
    fn lead<'a>(&'a self, actor: &'a Actor, id: &'a LeadId) -> Answer<'a, LeadView>;
    /// Records a step on the lead as the person saw it, with so many steps; `None` takes it as it stands.
    fn record_step<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        step: Step,
        n_seen: Option<u64>,
    ) -> Answer<'a, LeadView>;
    /// What stands beside a lead or case.
    fn beside<'a>(&'a self, actor: &'a Actor, view: &'a LeadView) -> Answer<'a, Beside>;
    /// Looks again at the pages of a lead.
    fn recheck<'a>(&'a self, actor: &'a Actor, id: &'a LeadId) -> Answer<'a, Vec<Recheck>>;
    /// A letter as it stands.
    fn letter<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        kind: LetterKind,
        given: &'a BTreeMap<String, String>,
    ) -> Answer<'a, Draft>;
    /// The same as a file: DOCX, or printed.
    fn letter_file<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        kind: LetterKind,
        given: &'a BTreeMap<String, String>,
        printed: bool,
    ) -> Answer<'a, Vec<u8>>;
    /// Issues a letter on the lead as the person saw it.
    fn issue_letter<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        kind: LetterKind,
        given: &'a BTreeMap<String, String>,
        n_seen: Option<u64>,
    ) -> Answer<'a, ()>;
    /// The file of a letter that was issued.
    fn issued_letter<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        sha256: &'a str,
    ) -> Answer<'a, (LetterKind, Vec<u8>)>;
    /// Seals an evidence package.
    fn seal<'a>(&'a self, actor: &'a Actor, id: &'a FindingId) -> Answer<'a, PackageNote>;
    /// One package with its custody; the look is on record.
    fn package<'a>(&'a self, actor: &'a Actor, id: &'a PackageId) -> Answer<'a, PackageFile>;
    /// A sealed package, open for looking at its pages; that is on record.
    fn replay<'a>(&'a self, actor: &'a Actor, id: &'a PackageId) -> Answer<'a, Replay>;
    /// A file of a package and its name, to be taken along; that is on record.
    fn take_package<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a PackageId,
        what: Taken,
    ) -> Answer<'a, (String, Vec<u8>)>;
    /// One capture without its bytes.
    fn capture<'a>(&'a self, id: &'a CaptureId) -> Answer<'a, Capture>;
    /// The bytes of a capture as received.
    fn capture_body<'a>(&'a self, id: &'a CaptureId) -> Answer<'a, Vec<u8>>;
    /// What a browser made of a capture.
    fn rendering<'a>(&'a self, id: &'a CaptureId) -> Answer<'a, Option<RenderingView>>;
    /// A picture that the browser made, by its SHA-256.
    fn rendered_picture<'a>(&'a self, sha256: &'a str) -> Answer<'a, Vec<u8>>;
    /// Every source with its last run.
    fn sources(&self) -> Answer<'_, Vec<SourceLine>>;
    /// Every office with what belongs to it.
    fn offices<'a>(&'a self, actor: &'a Actor) -> Answer<'a, Vec<OfficeLine>>;
    /// Makes a source belong to an office, or to none; gives how many open findings went along.
    fn route_source<'a>(
        &'a self,
        actor: &'a Actor,
        source: &'a SourceId,
        office: Option<&'a OfficeId>,
    ) -> Answer<'a, u64>;
    /// Moves a finding to another office.
    fn move_finding<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a FindingId,
        office: &'a OfficeId,
        why: &'a str,
    ) -> Answer<'a, ()>;
    /// The rules in force.
    fn pack(&self) -> &RulePack;
    /// The present instant.
    fn now(&self) -> UnixMs;
}

/// Which findings a queue page shows.
#[derive(Debug, Clone, Default)]
pub struct QueueFilter {
    /// Which are wanted.
    pub wanted: FindingFilter,
    /// Where the page begins: what the page before gave as `next`.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// One page of the queue.
#[derive(Debug, Clone)]
pub struct QueuePage {
    /// The findings.
    pub items: Vec<QueueItem>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many of the same filter are in each state.
    pub counts: FindingCounts,
}

/// One finding in the queue.
#[derive(Debug, Clone)]
pub struct QueueItem {
    /// The finding with its hits.
    pub finding: Finding,
    /// Its ad.
    pub ad: Ad,
    /// Who works on it now.
    pub holder: Option<Assignment>,
    /// Where the ad was last seen.
    pub source: Option<SourceId>,
    /// Grows with every change.
    pub version: u64,
}

/// Everything about one finding.
#[derive(Debug, Clone)]
pub struct FindingFile {
    /// The finding with its hits.
    pub finding: Finding,
    /// Its ad.
    pub ad: Ad,
    /// Contact points in it, in the order of its words.
    pub contacts: Vec<ListedContact>,
    /// Where the ad was seen, latest first.
    pub sightings: Vec<Sighting>,
    /// What was decided, oldest first.
    pub decisions: Vec<Decision>,
    /// Grows with every change.
    pub version: u64,
    /// Who works on it now.
    pub holder: Option<Assignment>,
    /// What people said besides deciding, oldest first.
    pub remarks: Vec<Remark>,
    /// Sealed packages, oldest first.
    pub packages: Vec<PackageNote>,
}

/// A sealed package.
#[derive(Debug, Clone)]
pub struct PackageNote {
    /// Its name.
    pub id: String,
    /// Where it lies.
    pub path: String,
    /// SHA-256 of its `SHA256SUMS`.
    pub seal_sha256: String,
    /// When it was sealed.
    pub sealed_at: UnixMs,
    /// By whom.
    pub sealed_by: String,
}

/// What stands beside a lead or case.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Where it may have to go.
    pub routing: Routing,
    /// What else its party did.
    pub repeat: Option<Repeat>,
    /// Looks at its pages, latest first.
    pub rechecks: Vec<Recheck>,
}

/// What a person takes along of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The sealed file.
    Package,
    /// The report for word processors.
    Docx,
    /// The report to be printed.
    Pdf,
}

/// A source and how it last went.
#[derive(Debug, Clone)]
pub struct SourceLine {
    /// The source.
    pub source: Source,
    /// Its last run.
    pub last_run: Option<CrawlRun>,
}
