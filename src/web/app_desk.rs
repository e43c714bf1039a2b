//! The use cases of the application behind the pages.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use futures::FutureExt as _;

use super::desk::{
    Answer, Beside, Desk, FindingFile, PackageNote, QueueFilter, QueueItem, QueuePage, SourceLine, Taken,
};
use crate::app::lead::{CaseFilter, LeadFilter, LeadView};
use crate::app::letter::Draft;
use crate::app::office::OfficeLine;
use crate::app::{App, FindingFilter, ListedFinding, PackageFile, PageKey, RenderingView, SealedPackage};
use crate::domain::ad::AdId;
use crate::domain::capture::{Capture, CaptureId};
use crate::domain::evidence::PackageId;
use crate::domain::finding::FindingId;
use crate::domain::lead::{LeadId, Step};
use crate::domain::office::OfficeId;
use crate::domain::recheck::Recheck;
use crate::domain::review::{Assignment, Decision, Remark, RemarkKind, Verdict};
use crate::domain::source::SourceId;
use crate::domain::user::Actor;
use crate::evidence::Replay;
use crate::kit::clock::UnixMs;
use crate::letter::LetterKind;
use crate::rules::RulePack;

/// Other leads of a party that a page names.
const MAX_OTHERS: usize = 20;

impl Desk for App {
    fn queue<'a>(&'a self, actor: &'a Actor, filter: &'a QueueFilter) -> Answer<'a, QueuePage> {
        // A place that does not parse is as if not given: the list begins at its first page.
        let after = filter.after.as_deref().and_then(|key| PageKey::from_str(key).ok());
        async move {
            let found = self.queue_for(actor, &filter.wanted, after.as_ref(), filter.limit).await?;
            let counts = self.queue_counts_for(actor, &filter.wanted).await?;
            let ids: Vec<&FindingId> = found.findings.iter().map(|listed| &listed.finding.id).collect();
            let mut holders = self.holders(&ids).await?;
            let ads: Vec<&AdId> = found.findings.iter().map(|listed| &listed.ad.id).collect();
            let mut sources = self.last_sources(&ads).await?;
            let mut item = |listed: ListedFinding| QueueItem {
                holder: holders
                    .iter()
                    .position(|held| held.finding_id == listed.finding.id)
                    .map(|at| holders.swap_remove(at)),
                source: sources.remove(&listed.ad.id),
                version: listed.version,
                finding: listed.finding,
                ad: listed.ad,
            };
            Ok(QueuePage {
                items: found.findings.into_iter().map(&mut item).collect(),
                next: found.next.map(|key| key.to_string()),
                counts,
            })
        }
        .boxed()
    }

    fn neighbours<'a>(
        &'a self,
        actor: &'a Actor,
        filter: &'a FindingFilter,
        id: &'a FindingId,
    ) -> Answer<'a, (Option<FindingId>, Option<FindingId>)> {
        App::neighbours(self, actor, filter, id).boxed()
    }

    fn finding<'a>(&'a self, actor: &'a Actor, id: &'a FindingId) -> Answer<'a, FindingFile> {
        async move {
            let view = self.finding_for(actor, id).await?;
            let packages = self.evidence_packages(id).await?;
            let contacts = self.contacts(&view.ad.id).await?;
            Ok(FindingFile {
                version: view.version,
                holder: self.holder(id).await?,
                remarks: self.remarks(id).await?,
                finding: view.finding,
                ad: view.ad,
                contacts,
                sightings: view.sightings,
                decisions: view.decisions,
                packages: packages.into_iter().map(note).collect(),
            })
        }
        .boxed()
    }

    fn decide<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a FindingId,
        verdict: Verdict,
        note: &'a str,
        seen_version: Option<u64>,
    ) -> Answer<'a, Decision> {
        self.decide_seen(actor, id, verdict, note, seen_version).boxed()
    }

    fn take<'a>(&'a self, actor: &'a Actor, id: &'a FindingId, over: bool) -> Answer<'a, Assignment> {
        App::take(self, actor, id, over).boxed()
    }

    fn release<'a>(&'a self, actor: &'a Actor, id: &'a FindingId) -> Answer<'a, ()> {
        App::release(self, actor, id).boxed()
    }

    fn remark<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a FindingId,
        kind: RemarkKind,
        note: &'a str,
    ) -> Answer<'a, Remark> {
        App::remark(self, actor, id, kind, note).boxed()
    }

    fn leads<'a>(&'a self, actor: &'a Actor, filter: LeadFilter) -> Answer<'a, Vec<LeadView>> {
        self.leads_for(actor, filter).boxed()
    }

    fn cases<'a>(&'a self, actor: &'a Actor, filter: CaseFilter) -> Answer<'a, Vec<LeadView>> {
        self.cases_for(actor, filter).boxed()
    }

    fn lead<'a>(&'a self, actor: &'a Actor, id: &'a LeadId) -> Answer<'a, LeadView> {
        self.lead_for(actor, id).boxed()
    }

    fn record_step<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        step: Step,
        n_seen: Option<u64>,
    ) -> Answer<'a, LeadView> {
        async move {
            self.lead_for(actor, id).await?;
            App::record_step(self, actor, id, step, n_seen).await
        }
        .boxed()
    }

    fn beside<'a>(&'a self, actor: &'a Actor, view: &'a LeadView) -> Answer<'a, Beside> {
        async move {
            let mut repeat = self.repeat(view).await?;
            if let Some(repeat) = &mut repeat {
                // What counts is known to all; whose they are only to those who see them.
                let mut seen = Vec::new();
                for other in repeat.others.drain(..).take(MAX_OTHERS) {
                    if self.lead_for(actor, &other.0).await.is_ok() {
                        seen.push(other);
                    }
                }
                repeat.others = seen;
            }
            Ok(Beside {
                routing: self.routing(view).await?,
                repeat,
                rechecks: self.rechecks(&view.lead().id).await?,
            })
        }
        .boxed()
    }

    fn recheck<'a>(&'a self, actor: &'a Actor, id: &'a LeadId) -> Answer<'a, Vec<Recheck>> {
        App::recheck(self, actor, id).boxed()
    }

    fn letter<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        kind: LetterKind,
        given: &'a BTreeMap<String, String>,
    ) -> Answer<'a, Draft> {
        App::letter(self, actor, id, kind, given).boxed()
    }

    fn letter_file<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        kind: LetterKind,
        given: &'a BTreeMap<String, String>,
        printed: bool,
    ) -> Answer<'a, Vec<u8>> {
        async move {
            let draft = App::letter(self, actor, id, kind, given).await?;
            if printed { self.letter_pdf(&draft).await } else { App::letter_file(self, &draft) }
        }
        .boxed()
    }

    fn issue_letter<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        kind: LetterKind,
        given: &'a BTreeMap<String, String>,
        n_seen: Option<u64>,
    ) -> Answer<'a, ()> {
        async move { App::issue_letter(self, actor, id, kind, given, n_seen).await.map(drop) }.boxed()
    }

    fn issued_letter<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        sha256: &'a str,
    ) -> Answer<'a, (LetterKind, Vec<u8>)> {
        App::issued_letter(self, actor, id, sha256).boxed()
    }

    fn seal<'a>(&'a self, actor: &'a Actor, id: &'a FindingId) -> Answer<'a, PackageNote> {
        async move {
            self.finding_for(actor, id).await?;
            Ok(note(App::seal(self, actor, id, None).await?.package))
        }
        .boxed()
    }

    fn package<'a>(&'a self, actor: &'a Actor, id: &'a PackageId) -> Answer<'a, PackageFile> {
        self.evidence_package_for(actor, id).boxed()
    }

    fn replay<'a>(&'a self, actor: &'a Actor, id: &'a PackageId) -> Answer<'a, Replay> {
        self.replay_package(actor, id).boxed()
    }

    fn take_package<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a PackageId,
        what: Taken,
    ) -> Answer<'a, (String, Vec<u8>)> {
        match what {
            Taken::Package => App::take_package(self, actor, id).boxed(),
            Taken::Docx => self.take_report(actor, id, false).boxed(),
            Taken::Pdf => self.take_report(actor, id, true).boxed(),
        }
    }

    fn capture<'a>(&'a self, id: &'a CaptureId) -> Answer<'a, Capture> {
        App::capture(self, id).boxed()
    }

    fn capture_body<'a>(&'a self, id: &'a CaptureId) -> Answer<'a, Vec<u8>> {
        async move { Ok(App::capture_body(self, id).await?.1) }.boxed()
    }

    fn rendering<'a>(&'a self, id: &'a CaptureId) -> Answer<'a, Option<RenderingView>> {
        App::rendering(self, id).boxed()
    }

    fn rendered_picture<'a>(&'a self, sha256: &'a str) -> Answer<'a, Vec<u8>> {
        App::rendered_picture(self, sha256).boxed()
    }

    fn sources(&self) -> Answer<'_, Vec<SourceLine>> {
        async move {
            let overviews = self.sources_overview().await?.into_iter();
            Ok(overviews.map(|line| SourceLine { source: line.source, last_run: line.last_run }).collect())
        }
        .boxed()
    }

    fn offices<'a>(&'a self, actor: &'a Actor) -> Answer<'a, Vec<OfficeLine>> {
        self.office_lines(actor).boxed()
    }

    fn route_source<'a>(
        &'a self,
        actor: &'a Actor,
        source: &'a SourceId,
        office: Option<&'a OfficeId>,
    ) -> Answer<'a, u64> {
        self.set_source_office(actor, source, office).boxed()
    }

    fn move_finding<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a FindingId,
        office: &'a OfficeId,
        why: &'a str,
    ) -> Answer<'a, ()> {
        App::move_finding(self, actor, id, office, why).boxed()
    }

    fn pack(&self) -> &RulePack {
        App::pack(self)
    }

    fn now(&self) -> UnixMs {
        App::now(self)
    }
}

fn note(package: SealedPackage) -> PackageNote {
    PackageNote {
        id: package.id.to_string(),
        path: package.location,
        seal_sha256: package.seal.sha256,
        sealed_at: package.sealed_at,
        sealed_by: package.sealed_by,
    }
}
