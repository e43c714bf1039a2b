//! A desk in memory, with findings that a hostile site could have made.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures::FutureExt as _;

use crate::app::lead::{CaseFilter, LeadFilter, LeadView, ListedLead};
use crate::app::letter::Draft;
use crate::app::office::OfficeLine;
use crate::app::{Error, FieldProblem, FindingCounts, FindingFilter, PackageFile};
use crate::domain::ad::{Ad, AdDraft, AdId, AdKind, Sighting};
use crate::domain::blob::BlobRef;
use crate::domain::calendar::WorkCalendar;
use crate::domain::capture::{Capture, CaptureId, CapturePurpose, Exchange, Redirect};
use crate::domain::evidence::PackageId;
use crate::domain::finding::{Assessment, Finding, FindingId, FindingState, Reason};
use crate::domain::hit::{Hit, HitStatus, RuleId, Severity, Span, Track};
use crate::domain::lead::{Lead, LeadId, LeadStep, Step, day};
use crate::domain::office::OfficeId;
use crate::domain::provision::ProvisionId;
use crate::domain::recheck::{Recheck, RecheckId, RecheckResult};
use crate::domain::review::{ASSIGNMENT_MS, Assignment, Decision, DecisionId, Remark, RemarkKind, Verdict};
use crate::domain::run::{CrawlRun, RunCounts, RunId, RunOutcome};
use crate::domain::schedule::Schedule;
use crate::domain::source::{Source, SourceId, SourceKind};
use crate::domain::user::Actor;
use crate::kit::clock::UnixMs;
use crate::letter::{Facts, LetterKind, compose};
use crate::rules::{RulePack, embedded};
use crate::web::desk::{
    Answer, Beside, Desk, FindingFile, PackageNote, QueueFilter, QueueItem, QueuePage, SourceLine, Taken,
};

/// 2026-11-23 09:05 in Beijing.
pub const NOW: UnixMs = UnixMs(1_795_395_900_000);

/// A desk that keeps its findings in memory and counts what changed it.
pub struct MemoryDesk {
    pub files: Mutex<Vec<FindingFile>>,
    pub changes: Mutex<Vec<String>>,
    pub body: Vec<u8>,
    pub sources: Vec<SourceLine>,
    pub leads: Mutex<Vec<ListedLead>>,
    pub header: String,
    pack: RulePack,
}

impl MemoryDesk {
    pub fn new(files: Vec<FindingFile>) -> Self {
        let listed = |file: &FindingFile| ListedLead {
            lead: Lead::open(file.finding.id.clone(), NOW),
            severity: file.finding.assessment.severity,
            ad: file.ad.clone(),
        };
        Self {
            leads: Mutex::new(files.iter().map(listed).collect()),
            files: Mutex::new(files),
            changes: Mutex::new(Vec::new()),
            body: b"<script>alert(1)</script>\xb1\xa3\xb1\xbe".to_vec(),
            sources: vec![source("city-news", "江州新闻网财经频道", Some(RunOutcome::Ok))],
            header: "text/html; charset=gb18030".to_owned(),
            pack: embedded().0,
        }
    }

    fn changed(&self, what: String) {
        self.changes.lock().unwrap().push(what);
    }

    fn with_file<T>(&self, id: &FindingId, act: impl FnOnce(&mut FindingFile) -> T) -> Result<T, Error> {
        let mut files = self.files.lock().unwrap();
        let found = files.iter_mut().find(|file| file.finding.id == *id);
        found.map(act).ok_or_else(|| Error::NotFound { kind: "finding", id: id.to_string() })
    }
}

fn is_wanted(filter: &FindingFilter, file: &FindingFile) -> bool {
    filter.state.is_none_or(|state| file.finding.state == state)
        && filter.min_severity.is_none_or(|least| file.finding.assessment.severity >= Some(least))
        && filter.text.as_ref().is_none_or(|text| file.ad.draft.text.contains(text.as_str()))
}

fn with_clock(listed: ListedLead) -> LeadView {
    LeadView::at(listed, &WorkCalendar::default(), day(NOW))
}

impl Desk for MemoryDesk {
    fn queue<'a>(&'a self, _: &'a Actor, filter: &'a QueueFilter) -> Answer<'a, QueuePage> {
        let files = self.files.lock().unwrap();
        let count = |state| files.iter().filter(|file| file.finding.state == state).count() as u64;
        let QueueFilter { wanted, limit, .. } = filter;
        let items = files.iter().filter(|file| is_wanted(wanted, file)).take(*limit as usize);
        let page = QueuePage {
            items: items
                .map(|file| QueueItem {
                    finding: file.finding.clone(),
                    ad: file.ad.clone(),
                    holder: file.holder.clone(),
                    source: SourceId::parse("city-news").ok(),
                    version: file.version,
                })
                .collect(),
            next: None,
            counts: FindingCounts {
                stopped: wanted.text.as_deref() == Some("保"),
                pending: count(FindingState::Pending),
                second_review: count(FindingState::SecondReview),
                needs_evidence: count(FindingState::NeedsEvidence),
                accepted: count(FindingState::Accepted),
                dismissed: count(FindingState::Dismissed),
            },
        };
        async { Ok(page) }.boxed()
    }

    fn neighbours<'a>(
        &'a self,
        _: &'a Actor,
        filter: &'a FindingFilter,
        id: &'a FindingId,
    ) -> Answer<'a, (Option<FindingId>, Option<FindingId>)> {
        let files = self.files.lock().unwrap();
        let at = files.iter().position(|file| file.finding.id == *id);
        let free = |file: &&FindingFile| is_wanted(filter, file) && file.holder.is_none();
        let id_of = |file: &FindingFile| file.finding.id.clone();
        let around = at.map_or((None, None), |at| {
            let before = files[..at].iter().rev().find(free).map(id_of);
            (before, files[at + 1..].iter().find(free).map(id_of))
        });
        async { Ok(around) }.boxed()
    }

    fn finding<'a>(&'a self, _: &'a Actor, id: &'a FindingId) -> Answer<'a, FindingFile> {
        let found = self.with_file(id, |file| file.clone());
        async { found }.boxed()
    }

    fn decide<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a FindingId,
        verdict: Verdict,
        note: &'a str,
        seen_version: Option<u64>,
    ) -> Answer<'a, Decision> {
        let decision = Decision {
            id: DecisionId::parse("d-1").unwrap(),
            finding_id: id.clone(),
            actor: actor.name().to_owned(),
            at: NOW,
            verdict: verdict.clone(),
            note: note.to_owned(),
        };
        let empty = matches!(&verdict, Verdict::Accept { provisions } if provisions.is_empty());
        let answer = if empty {
            let message = "认定涉嫌违法须至少引用一条法律依据".to_owned();
            Err(Error::Invalid(vec![FieldProblem { field: "provision", message }]))
        } else {
            self.with_file(id, |file| {
                let held = file.holder.as_ref().is_some_and(|held| held.holder != actor.name());
                let stale = seen_version.is_some_and(|seen| seen != file.version);
                let fits = match verdict {
                    Verdict::Undo => file.finding.state != FindingState::Pending,
                    _ => file.finding.state.is_open(),
                };
                if held || stale || !fits {
                    return Err(Error::Conflict(format!("{id} 已由他人决定")));
                }
                file.finding.state = verdict.state_after();
                file.version += 1;
                file.decisions.push(decision.clone());
                Ok(decision)
            })
            .and_then(|decided| decided)
        };
        if answer.is_ok() {
            self.changed(format!("{} {id}", verdict.as_str()));
        }
        async { answer }.boxed()
    }

    fn leads<'a>(&'a self, _: &'a Actor, _: LeadFilter) -> Answer<'a, Vec<LeadView>> {
        let views = self.leads.lock().unwrap().iter().cloned().map(with_clock).collect();
        async { Ok(views) }.boxed()
    }

    fn cases<'a>(&'a self, _: &'a Actor, _: CaseFilter) -> Answer<'a, Vec<LeadView>> {
        let listed = self.leads.lock().unwrap().clone();
        let views: Vec<LeadView> =
            listed.into_iter().map(with_clock).filter(|view| view.case().is_some()).collect();
        async { Ok(views) }.boxed()
    }

    fn lead<'a>(&'a self, _: &'a Actor, id: &'a LeadId) -> Answer<'a, LeadView> {
        let found = self.leads.lock().unwrap().iter().find(|listed| listed.lead.id == *id).cloned();
        let found = found.ok_or_else(|| Error::NotFound { kind: "lead", id: id.to_string() });
        async { found.map(with_clock) }.boxed()
    }

    fn record_step<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a LeadId,
        step: Step,
        n_seen: Option<u64>,
    ) -> Answer<'a, LeadView> {
        let mut leads = self.leads.lock().unwrap();
        let listed = leads.iter_mut().find(|listed| listed.lead.id == *id).unwrap();
        let name = step.as_str();
        let stale = n_seen.is_some_and(|seen| seen != listed.lead.steps.len() as u64);
        let step = LeadStep { at: NOW, actor: actor.name().to_owned(), step };
        let applied = if stale {
            Err(Error::Conflict(format!("{id} 已由他人办理")))
        } else {
            listed.lead.apply(step).map_err(|refused| Error::Conflict(refused.to_string()))
        };
        let answer = applied.map(|()| with_clock(listed.clone()));
        drop(leads);
        if answer.is_ok() {
            self.changed(format!("{name} {id}"));
        }
        async { answer }.boxed()
    }

    fn beside<'a>(&'a self, _: &'a Actor, view: &'a LeadView) -> Answer<'a, Beside> {
        let rechecks = RecheckResult::ALL.map(|result| Recheck {
            id: RecheckId::parse(result.as_str()).unwrap(),
            lead_id: view.lead().id.clone(),
            url: "javascript:alert(1)//\u{202e}</bdi><script>alert(1)</script>".to_owned(),
            at: NOW,
            result,
            detail: "<img src=x onerror=alert(1)>".to_owned(),
            capture_id: None,
        });
        async { Ok(Beside { rechecks: rechecks.into(), ..Beside::default() }) }.boxed()
    }

    fn recheck<'a>(&'a self, _: &'a Actor, id: &'a LeadId) -> Answer<'a, Vec<Recheck>> {
        self.changed(format!("recheck {id}"));
        async { Ok(Vec::new()) }.boxed()
    }

    fn letter<'a>(
        &'a self,
        _: &'a Actor,
        id: &'a LeadId,
        kind: LetterKind,
        given: &'a BTreeMap<String, String>,
    ) -> Answer<'a, Draft> {
        let mut facts = Facts::default();
        facts.set("lead", id.as_str());
        for (key, value) in given {
            facts.set(key, value);
        }
        async move { Ok(Draft { kind, document: compose(kind, &facts), facts }) }.boxed()
    }

    fn letter_file<'a>(
        &'a self,
        _: &'a Actor,
        _: &'a LeadId,
        _: LetterKind,
        _: &'a BTreeMap<String, String>,
        _: bool,
    ) -> Answer<'a, Vec<u8>> {
        async { Ok(b"PK".to_vec()) }.boxed()
    }

    fn issue_letter<'a>(
        &'a self,
        _: &'a Actor,
        id: &'a LeadId,
        kind: LetterKind,
        given: &'a BTreeMap<String, String>,
        _: Option<u64>,
    ) -> Answer<'a, ()> {
        if given.is_empty() {
            return async { Err(Error::invalid("number", "“文号”未填")) }.boxed();
        }
        self.changed(format!("letter {} {id}", kind.as_str()));
        async { Ok(()) }.boxed()
    }

    fn issued_letter<'a>(
        &'a self,
        _: &'a Actor,
        _: &'a LeadId,
        sha256: &'a str,
    ) -> Answer<'a, (LetterKind, Vec<u8>)> {
        let id = sha256.to_owned();
        async { Err(Error::NotFound { kind: "letter", id }) }.boxed()
    }

    fn seal<'a>(&'a self, actor: &'a Actor, id: &'a FindingId) -> Answer<'a, PackageNote> {
        let package = PackageNote {
            id: format!("ev-{id}-20261123T010500000Z"),
            path: format!("adwatch-data/evidence/ev-{id}-20261123T010500000Z"),
            seal_sha256: "ab".repeat(32),
            sealed_at: NOW,
            sealed_by: actor.name().to_owned(),
        };
        let answer = self.with_file(id, |file| {
            file.packages.push(package.clone());
            package
        });
        self.changed(format!("seal {id}"));
        async { answer }.boxed()
    }

    fn take<'a>(&'a self, actor: &'a Actor, id: &'a FindingId, over: bool) -> Answer<'a, Assignment> {
        let mine = Assignment {
            finding_id: id.clone(),
            holder: actor.name().to_owned(),
            since: NOW,
            until: NOW.plus_ms(ASSIGNMENT_MS),
        };
        let answer = self
            .with_file(id, |file| match &file.holder {
                Some(held) if held.holder != mine.holder && !over => {
                    Err(Error::Conflict(format!("{} 正在审核", held.holder)))
                }
                _ => {
                    file.holder = Some(mine.clone());
                    Ok(mine)
                }
            })
            .and_then(|taken| taken);
        self.changed(format!("take {id}"));
        async { answer }.boxed()
    }

    fn release<'a>(&'a self, _: &'a Actor, id: &'a FindingId) -> Answer<'a, ()> {
        let answer = self.with_file(id, |file| file.holder = None);
        self.changed(format!("release {id}"));
        async { answer }.boxed()
    }

    fn remark<'a>(
        &'a self,
        actor: &'a Actor,
        id: &'a FindingId,
        kind: RemarkKind,
        note: &'a str,
    ) -> Answer<'a, Remark> {
        let remark = Remark {
            id: "r-1".to_owned(),
            finding_id: id.clone(),
            actor: actor.name().to_owned(),
            at: NOW,
            kind,
            note: note.to_owned(),
        };
        let answer = self.with_file(id, |file| {
            file.remarks.push(remark.clone());
            remark
        });
        self.changed(format!("remark {id}"));
        async { answer }.boxed()
    }

    fn package<'a>(&'a self, _: &'a Actor, id: &'a PackageId) -> Answer<'a, PackageFile> {
        async move { Err(Error::NotFound { kind: "evidence package", id: id.to_string() }) }.boxed()
    }

    fn replay<'a>(&'a self, _: &'a Actor, id: &'a PackageId) -> Answer<'a, crate::evidence::Replay> {
        async move { Err(Error::NotFound { kind: "evidence package", id: id.to_string() }) }.boxed()
    }

    fn take_package<'a>(
        &'a self,
        _: &'a Actor,
        id: &'a PackageId,
        _: Taken,
    ) -> Answer<'a, (String, Vec<u8>)> {
        async move { Err(Error::NotFound { kind: "evidence package", id: id.to_string() }) }.boxed()
    }

    fn capture<'a>(&'a self, id: &'a CaptureId) -> Answer<'a, Capture> {
        let hostile = self.header.clone();
        let capture = Capture {
            id: id.clone(),
            source_id: SourceId::parse("city-news").unwrap(),
            run_id: RunId::parse("run-1").unwrap(),
            purpose: CapturePurpose::Page,
            parent_id: None,
            exchange: Exchange {
                imported: None,
                provenance: None,
                robots_override: None,
                requested_url: format!("http://news.example/1?{hostile}"),
                final_url: format!("http://news.example/1/?{hostile}"),
                request_headers: vec![("user-agent".to_owned(), "adwatch/0.1".to_owned())],
                status: 200,
                http_version: "HTTP/1.1".to_owned(),
                response_headers: vec![
                    ("content-type".to_owned(), hostile.clone()),
                    ("server".to_owned(), hostile.clone()),
                ],
                redirects: vec![Redirect {
                    url: "http://news.example/1".to_owned(),
                    status: 301,
                    location: hostile,
                    remote_addr: "203.0.113.7:80".to_owned(),
                    headers: Vec::new(),
                }],
                remote_addr: "203.0.113.7:80".to_owned(),
                started_at: NOW.plus_ms(-60_000),
                finished_at: NOW.plus_ms(-59_700),
            },
            body: BlobRef::of(&self.body),
        };
        async { Ok(capture) }.boxed()
    }

    fn capture_body<'a>(&'a self, _: &'a CaptureId) -> Answer<'a, Vec<u8>> {
        async { Ok(self.body.clone()) }.boxed()
    }

    fn rendering<'a>(&'a self, _: &'a CaptureId) -> Answer<'a, Option<crate::app::RenderingView>> {
        async { Ok(None) }.boxed()
    }

    fn rendered_picture<'a>(&'a self, sha256: &'a str) -> Answer<'a, Vec<u8>> {
        async move { Err(Error::NotFound { kind: "picture", id: sha256.to_owned() }) }.boxed()
    }

    fn sources(&self) -> Answer<'_, Vec<SourceLine>> {
        async { Ok(self.sources.clone()) }.boxed()
    }

    fn offices<'a>(&'a self, _: &'a Actor) -> Answer<'a, Vec<OfficeLine>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn route_source<'a>(
        &'a self,
        _: &'a Actor,
        source: &'a SourceId,
        _: Option<&'a OfficeId>,
    ) -> Answer<'a, u64> {
        self.changed(format!("route {source}"));
        async { Ok(1) }.boxed()
    }

    fn move_finding<'a>(
        &'a self,
        _: &'a Actor,
        id: &'a FindingId,
        office: &'a OfficeId,
        _: &'a str,
    ) -> Answer<'a, ()> {
        self.changed(format!("move {id} {office}"));
        async { Ok(()) }.boxed()
    }

    fn pack(&self) -> &RulePack {
        &self.pack
    }

    fn now(&self) -> UnixMs {
        NOW
    }
}

/// A source that last ended so.
pub fn source(id: &str, title: &str, outcome: Option<RunOutcome>) -> SourceLine {
    let source_id = SourceId::parse(id).unwrap();
    SourceLine {
        source: Source {
            id: source_id.clone(),
            kind: SourceKind::NewsSite,
            title: title.to_owned(),
            url: "http://news.example/finance/".to_owned(),
            settings: Default::default(),
            schedule: Schedule::parse("0 8 * * 1-5", "Asia/Shanghai").ok(),
            allowed_origins: Vec::new(),
            enabled: true,
            created_at: NOW,
        },
        last_run: outcome.map(|outcome| CrawlRun {
            id: RunId::parse("run-1").unwrap(),
            source_id,
            started_at: NOW.plus_ms(-3_600_000),
            finished_at: Some(NOW.plus_ms(-3_500_000)),
            outcome: Some(outcome),
            counts: RunCounts {
                n_pages: 12,
                n_sightings: 31,
                n_new_ads: 9,
                n_hits: 22,
                n_new_findings: 5,
                n_cleared: 4,
                n_failed: 1,
                ..RunCounts::default()
            },
        }),
    }
}

/// Words of an ad, how they were judged: rule, category, severity, status, provisions.
pub type Marked = (&'static str, &'static str, &'static str, u8, HitStatus, &'static [&'static str]);

/// A finding about a text in which `marked` words hit.
pub fn finding(key: &str, title: &str, text: &str, priority: f64, marked: &[Marked]) -> FindingFile {
    let ad_id = AdId::parse(&format!("{key}{}", "0".repeat(15))).unwrap();
    let id = FindingId::of(&ad_id);
    let hits: Vec<Hit> = marked.iter().map(|marked| hit(text, marked)).collect();
    let asserted = || hits.iter().filter(|hit| hit.status.is_asserted());
    let mut provisions: Vec<ProvisionId> = asserted().flat_map(|hit| hit.provisions.clone()).collect();
    provisions.sort();
    provisions.dedup();
    let seen_at = NOW.plus_ms(-86_400_000);
    let capture_id = CaptureId::parse("cap-1").unwrap();
    let source_id = SourceId::parse("city-news").unwrap();
    FindingFile {
        finding: Finding {
            id,
            ad_id: ad_id.clone(),
            state: FindingState::Pending,
            office: None,
            assessment: Assessment {
                flagged: true,
                severity: asserted().map(|hit| hit.severity).max(),
                priority,
                tracks: vec![Track::A, Track::B],
                provisions,
                reasons: vec![
                    Reason {
                        code: "severity-4".to_owned(),
                        text: "明示保本保收益。".to_owned(),
                        weight: 0.9,
                    },
                    Reason {
                        code: "contact".to_owned(), text: "留有联系方式。".to_owned(), weight: 0.25
                    },
                    Reason {
                        code: "no-label".to_owned(),
                        text: "页面未见“广告”标识。".to_owned(),
                        weight: 0.0,
                    },
                ],
                pack_revision: "cn-illegal-fundraising@2026.11.1".to_owned(),
            },
            hits,
            created_at: seen_at,
            updated_at: seen_at,
        },
        ad: Ad {
            id: ad_id.clone(),
            draft: AdDraft {
                title: Some(title.to_owned()),
                landing_url: Some("http://jz-yanglao.example.cn/apply?from=news".to_owned()),
                links: vec!["http://jz-yanglao.example.cn/about".to_owned()],
                publisher: Some("江州新闻网".to_owned()),
                platform_ids: [("slot".to_owned(), "right-1".to_owned())].into(),
                ..AdDraft::of_text(AdKind::Display, text)
            },
            first_seen_at: seen_at,
            last_seen_at: NOW.plus_ms(-3_600_000),
            n_sightings: 3,
        },
        contacts: Vec::new(),
        sightings: vec![Sighting {
            ad_id,
            capture_id,
            source_id,
            page_url: "http://news.example.cn/finance/2026/11/22/a.html".to_owned(),
            locator: "div.side > a.ad-slot:nth-of-type(2)".to_owned(),
            seen_at,
        }],
        decisions: Vec::new(),
        version: 1,
        holder: None,
        remarks: Vec::new(),
        packages: Vec::new(),
    }
}

fn hit(text: &str, (words, rule, category, severity, status, provisions): &Marked) -> Hit {
    let start = text.find(words).unwrap();
    let normalized: String = words.chars().filter(|c| !c.is_whitespace()).collect();
    let cleared = !status.is_asserted();
    Hit {
        rule: RuleId::parse(rule).unwrap(),
        category: (*category).to_owned(),
        severity: Severity::new(*severity).unwrap(),
        span: Span { start, end: start + words.len() },
        transforms: if normalized == *words { Vec::new() } else { vec!["separator".to_owned()] },
        normalized,
        provisions: provisions.iter().map(|id| ProvisionId::parse(id).unwrap()).collect(),
        tracks: vec![Track::A, Track::B],
        status: *status,
        cue: None,
        because: cleared.then(|| "前文“不承诺”否定了这一说法。".to_owned()),
    }
}
