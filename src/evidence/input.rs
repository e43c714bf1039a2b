//! What a package is made from: plain values, gathered by the use case.

use super::mask::MaskedFrom;
use crate::domain::ad::{Ad, Sighting};
use crate::domain::blob::BlobRef;
use crate::domain::capture::{Capture, CaptureId, ClockState};
use crate::domain::evidence::CustodyEvent;
use crate::domain::finding::Finding;
use crate::domain::party::Contact;
use crate::domain::provision::Provision;
use crate::domain::rendering::{PartRole, RenderProfile, RenderState, Rendering};
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
    /// Ways to reach or recognize who is behind the ad, in the order of its words.
    pub contacts: Vec<Contact>,
    /// Whose certificate is over the signing key, as it names itself; `None` without one.
    pub signer: Option<String>,
    /// From which package this copy is made, when it is a masked one.
    pub masked_from: Option<MaskedFrom>,
    /// What the capture logs of the days prove of these captures.
    pub logs: Vec<LogExtract>,
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
    /// Certificates (DER) that the host showed, its own first.
    pub certificates: Vec<Vec<u8>>,
    /// The document that describes program, rules, settings and system, as it was at that time.
    pub environment: Option<Vec<u8>>,
    /// What a browser made of it, when it was looked at with one.
    pub rendering: Option<RenderingInput>,
}

/// What a browser made of a captured page, with its bytes.
#[derive(Debug, Clone)]
pub struct RenderingInput {
    /// The record.
    pub rendering: Rendering,
    /// The same byte for byte as it was kept, JSON.
    pub record: Vec<u8>,
    /// Elements, pictures and bodies of answers.
    pub parts: Vec<PartInput>,
}

/// Bytes that belong to a rendering.
#[derive(Debug, Clone)]
pub struct PartInput {
    /// What they are.
    pub role: PartRole,
    /// Address of a frame or body, place of an ad; empty for others.
    pub name: String,
    /// Whether it is a picture of the ad that this package is about.
    pub is_of_ad: bool,
    /// Digests and size.
    pub blob: BlobRef,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// 采集日志摘录: entries of one day's capture log, and the links from the first of them to a time-stamped head.
#[derive(Debug, Clone)]
pub struct LogExtract {
    /// Which day.
    pub day: String,
    /// Hash before the first link.
    pub before: String,
    /// Links without gap: of the entries below and of those between and after them, up to the stamped head.
    pub links: Vec<LogLink>,
    /// The documents about captures of this package.
    pub documents: Vec<(CaptureId, String)>,
    /// Tokens (RFC 3161) over the hash of the last link; empty while the log waits for its stamp.
    pub tokens: Vec<LogToken>,
}

/// One link of a log: `hash` is the SHA-256 of the hash before it, a line feed, and `digest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLink {
    /// Its place in the day's log, from 1.
    pub ordinal: i64,
    /// SHA-256 of its document.
    pub digest: String,
    /// Its hash.
    pub hash: String,
}

/// A time stamp over the head of a log.
#[derive(Debug, Clone)]
pub struct LogToken {
    /// Name of the authority.
    pub authority: String,
    /// The response as received.
    pub bytes: Vec<u8>,
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
    pub clock: ClockState,
}

impl RenderingInput {
    /// 渲染方法, as record and report say it.
    pub(super) fn words(&self) -> String {
        let seen = &self.rendering;
        let profile = match seen.profile {
            RenderProfile::Desktop => "桌面",
            RenderProfile::Mobile => "手机",
        };
        let (width, height) = seen.window;
        let state = match &seen.state {
            RenderState::Complete => "完整".to_owned(),
            RenderState::Cut { why } => format!("未完（{why}）"),
        };
        format!(
            "{}，{profile}窗口 {width}×{height}，{state}；网络请求 {} 个，其中被安全规则拒绝 {} 个；广告位 {} 个",
            seen.browser,
            seen.requests.len(),
            seen.refused.len(),
            seen.ads.len()
        )
    }
}

impl PackageInput {
    pub(super) fn rule(&self, id: &str) -> Option<&RuleNote> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    pub(super) fn provision(&self, id: &str) -> Option<&Provision> {
        self.provisions.iter().find(|provision| provision.id.as_str() == id)
    }
}
