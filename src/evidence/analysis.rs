//! 命中分析: which published words, read as what, under which rule and article, and what context cleared.

use std::collections::BTreeSet;

use askama::Template;
use serde::Serialize;

use super::documents::Moment;
use super::input::{PackageInput, PartInput};
use super::locate::{Place, RawFile};
use super::package::{AD_TEXT, capture_path};
use super::rendered;
use crate::domain::highlight::pieces;
use crate::domain::hit::{Hit, HitStatus, Span};
use crate::domain::picture::{Derived, DerivedPiece};
use crate::domain::rendering::PartRole;
use crate::domain::{category, finding};
use crate::kit::digest::Digests;
use crate::text::TRANSFORMS;

/// What every reader must know first.
pub(super) const NOTICE: &str = "本分析为技术监测结果，所称“涉嫌”仅指文字表述与规则相符，不是对违法行为或者非法集资的认定。\
     是否构成违法由市场监督管理部门依法认定；是否属于非法集资由处置非法集资牵头部门组织认定（《防范和处置非法集资条例》）。";

#[derive(Serialize)]
pub(super) struct AnalysisJson<'a> {
    schema: &'static str,
    notice: &'static str,
    finding_id: &'a str,
    ad: AdJson<'a>,
    text: TextJson,
    assessment: AssessmentJson<'a>,
    hits: Vec<HitJson<'a>>,
    sightings: Vec<SightingJson<'a>>,
    /// Which words of the text a program read in pictures: derived, and not as published.
    derived: Vec<DerivedJson<'a>>,
}

#[derive(Serialize)]
struct DerivedJson<'a> {
    /// Bytes of the text.
    start: usize,
    end: usize,
    /// `words`, `qr-code` or `bar-code`.
    read_as: &'static str,
    /// The program, with its version.
    by: &'a str,
    picture_sha256: &'a str,
    /// The picture in this package; `null` when it is not part of it.
    file: Option<String>,
    width: u32,
    height: u32,
    /// Bytes of the text and the pixels that they were read from.
    pieces: &'a [DerivedPiece],
}

#[derive(Serialize)]
struct AdJson<'a> {
    ad_id: &'a str,
    kind: &'static str,
    title: Option<&'a str>,
    advertiser: Option<&'a str>,
    publisher: Option<&'a str>,
    /// The label 广告 as shown; `null` when there was none.
    label: Option<&'a str>,
    landing_url: Option<&'a str>,
    links: &'a [String],
    images: &'a [String],
    platform_ids: &'a std::collections::BTreeMap<String, String>,
    published_at: Option<Moment>,
    first_seen_at: Moment,
    last_seen_at: Moment,
    n_sightings: u64,
}

#[derive(Serialize)]
struct TextJson {
    file: &'static str,
    charset: &'static str,
    size_bytes: usize,
    sha256: String,
    sm3: String,
}

#[derive(Serialize)]
struct AssessmentJson<'a> {
    severity: Option<u8>,
    priority: f64,
    tracks: Vec<&'static str>,
    provisions: Vec<ProvisionJson<'a>>,
    reasons: Vec<ReasonJson<'a>>,
    rule_pack: &'a str,
}

#[derive(Serialize)]
struct ReasonJson<'a> {
    code: &'a str,
    text: &'a str,
    weight: f64,
}

#[derive(Serialize)]
struct ProvisionJson<'a> {
    id: &'a str,
    citation: Option<String>,
    text: Option<&'a str>,
    liability: Option<&'a str>,
    effective_from: Option<&'a str>,
    effective_to: Option<&'a str>,
    checked_on: Option<&'a str>,
}

#[derive(Serialize)]
struct HitJson<'a> {
    number: usize,
    rule: &'a str,
    rule_title: Option<&'a str>,
    why: Option<&'a str>,
    category: &'a str,
    category_title: &'a str,
    severity: u8,
    /// First byte in `analysis/ad-text.txt`.
    start: usize,
    /// One past the last byte.
    end: usize,
    text: &'a str,
    /// Where the words stand in the raw files; empty when they are not there as such, for example in an image.
    raw: &'a [RawPlace],
    read_as: &'a str,
    transforms: Vec<TransformJson<'a>>,
    provisions: Vec<&'a str>,
    tracks: Vec<&'static str>,
    status: &'static str,
    status_text: &'static str,
    because: Option<&'a str>,
    cue: Option<CueJson<'a>>,
}

/// Bytes of a raw file that carry the words.
#[derive(Clone, Serialize)]
pub(super) struct RawPlace {
    file: String,
    #[serde(flatten)]
    place: Place,
}

/// A step from the published words to what they were read as.
#[derive(Serialize)]
struct TransformJson<'a> {
    name: &'a str,
    /// What it does; `null` for a step this version does not know.
    about: Option<&'static str>,
}

#[derive(Serialize)]
struct CueJson<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct SightingJson<'a> {
    seen_at: Moment,
    source_id: &'a str,
    page_url: &'a str,
    locator: &'a str,
    capture_id: &'a str,
    /// Its bytes in this package; `null` when the capture is not part of it.
    file: Option<String>,
}

/// The content of `analysis.json`.
pub(super) fn document<'a>(input: &'a PackageInput, places: &'a [Vec<RawPlace>]) -> AnalysisJson<'a> {
    let draft = &input.ad.draft;
    let digests = Digests::of(draft.text.as_bytes());
    AnalysisJson {
        schema: "adwatch-analysis/2",
        notice: NOTICE,
        finding_id: input.finding.id.as_str(),
        ad: AdJson {
            ad_id: input.ad.id.as_str(),
            kind: draft.kind.as_str(),
            title: draft.title.as_deref(),
            advertiser: draft.advertiser.as_deref(),
            publisher: draft.publisher.as_deref(),
            label: draft.label.as_deref(),
            landing_url: draft.landing_url.as_deref(),
            links: &draft.links,
            images: &draft.images,
            platform_ids: &draft.platform_ids,
            published_at: draft.published_at.map(Moment::from),
            first_seen_at: input.ad.first_seen_at.into(),
            last_seen_at: input.ad.last_seen_at.into(),
            n_sightings: input.ad.n_sightings,
        },
        text: TextJson {
            file: AD_TEXT,
            charset: "UTF-8",
            size_bytes: draft.text.len(),
            sha256: digests.sha256,
            sm3: digests.sm3,
        },
        assessment: assessment(input, &input.finding.assessment),
        hits: input
            .finding
            .hits
            .iter()
            .enumerate()
            .map(|(index, hit)| hit_json(input, places, index, hit))
            .collect(),
        sightings: input.sightings.iter().map(|sighting| sighting_json(input, sighting)).collect(),
        derived: draft.derived.iter().map(|derived| derived_json(input, derived)).collect(),
    }
}

fn assessment<'a>(input: &'a PackageInput, found: &'a finding::Assessment) -> AssessmentJson<'a> {
    AssessmentJson {
        severity: found.severity.map(|severity| severity.level()),
        priority: found.priority,
        tracks: found.tracks.iter().map(|track| track.as_str()).collect(),
        provisions: found.provisions.iter().map(|id| provision_json(input, id.as_str())).collect(),
        reasons: found
            .reasons
            .iter()
            .map(|reason| ReasonJson { code: &reason.code, text: &reason.text, weight: reason.weight })
            .collect(),
        rule_pack: &found.pack_revision,
    }
}

fn provision_json<'a>(input: &'a PackageInput, id: &'a str) -> ProvisionJson<'a> {
    let known = input.provision(id);
    ProvisionJson {
        id,
        citation: known.map(|provision| provision.citation()),
        text: known.map(|provision| provision.text.as_str()),
        liability: known.and_then(|provision| provision.liability.as_deref()),
        effective_from: known.map(|provision| provision.effective_from.as_str()),
        effective_to: known.and_then(|provision| provision.effective_to.as_deref()),
        checked_on: known.map(|provision| provision.checked_on.as_str()),
    }
}

/// Where the words of each hit stand in the raw files, in the order of the hits.
pub(super) fn places(input: &PackageInput) -> Vec<Vec<RawPlace>> {
    let raw = raw_files(input);
    let text = input.ad.draft.text.as_str();
    let of = |hit: &Hit| {
        let found = raw.iter().flat_map(|(file, raw)| {
            let places = raw.places(text, hit.span).into_iter();
            places.map(|place| RawPlace { file: file.clone(), place })
        });
        found.collect()
    };
    input.finding.hits.iter().map(of).collect()
}

/// The raw files in which the ad was seen, and what a browser made of them, with their paths, each content once.
fn raw_files(input: &PackageInput) -> Vec<(String, RawFile<'_>)> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut files = Vec::new();
    for (index, captured) in input.captures.iter().enumerate() {
        let capture = &captured.capture;
        let is_seen = input.sightings.iter().any(|sighting| sighting.capture_id == capture.id);
        if !is_seen {
            continue;
        }
        let parts = captured.rendering.iter().flat_map(|rendering| rendered::named(&rendering.parts, index));
        for (path, part) in parts.filter(|(_, part)| matches!(part.role, PartRole::Dom | PartRole::Frame)) {
            if known.insert(part.blob.digests.sha256.as_str()) {
                let raw = RawFile::new(&part.bytes, Some("text/html; charset=utf-8"), None);
                files.extend(raw.map(|raw| (path, raw)));
            }
        }
        if !known.insert(capture.body.digests.sha256.as_str()) {
            continue;
        }
        let header = |name| capture.exchange.response_header(name);
        if let Some(raw) = RawFile::new(&captured.body, header("content-type"), header("content-encoding")) {
            files.push((format!("{}.bin", capture_path(index, capture)), raw));
        }
    }
    files
}

fn hit_json<'a>(
    input: &'a PackageInput,
    places: &'a [Vec<RawPlace>],
    index: usize,
    hit: &'a Hit,
) -> HitJson<'a> {
    let text = input.ad.draft.text.as_str();
    let rule = input.rule(hit.rule.as_str());
    HitJson {
        number: index + 1,
        rule: hit.rule.as_str(),
        rule_title: rule.map(|rule| rule.title.as_str()),
        why: rule.map(|rule| rule.why.as_str()),
        category: &hit.category,
        category_title: category::title_zh(&hit.category),
        severity: hit.severity.level(),
        start: hit.span.start,
        end: hit.span.end,
        text: hit.span.of(text),
        raw: places.get(index).map(Vec::as_slice).unwrap_or_default(),
        read_as: &hit.normalized,
        transforms: hit.transforms.iter().map(|name| transform(name)).collect(),
        provisions: hit.provisions.iter().map(|id| id.as_str()).collect(),
        tracks: hit.tracks.iter().map(|track| track.as_str()).collect(),
        status: hit.status.as_str(),
        status_text: hit.status.label().zh,
        because: hit.because.as_deref(),
        cue: hit.cue.map(|Span { start, end }| CueJson { start, end, text: Span { start, end }.of(text) }),
    }
}

fn transform(name: &str) -> TransformJson<'_> {
    let known = TRANSFORMS.iter().find(|known| known.name == name);
    TransformJson { name, about: known.map(|known| known.about) }
}

fn sighting_json<'a>(input: &'a PackageInput, sighting: &'a crate::domain::ad::Sighting) -> SightingJson<'a> {
    SightingJson {
        seen_at: sighting.seen_at.into(),
        source_id: sighting.source_id.as_str(),
        page_url: &sighting.page_url,
        locator: &sighting.locator,
        capture_id: sighting.capture_id.as_str(),
        file: input
            .captures
            .iter()
            .position(|captured| captured.capture.id == sighting.capture_id)
            .map(|index| format!("{}.bin", capture_path(index, &input.captures[index].capture))),
    }
}

fn derived_json<'a>(input: &'a PackageInput, derived: &'a Derived) -> DerivedJson<'a> {
    let span = derived.span();
    let file = input.captures.iter().enumerate().find_map(|(index, captured)| {
        if captured.capture.body.digests.sha256 == derived.picture {
            return Some(format!("{}.bin", capture_path(index, &captured.capture)));
        }
        let named = rendered::named(&captured.rendering.as_ref()?.parts, index);
        let is_it = |part: &PartInput| part.blob.digests.sha256 == derived.picture;
        named.into_iter().find(|(_, part)| is_it(part)).map(|(path, _)| path)
    });
    DerivedJson {
        start: span.start,
        end: span.end,
        read_as: derived.role.as_str(),
        by: &derived.by,
        picture_sha256: &derived.picture,
        file,
        width: derived.width,
        height: derived.height,
        pieces: &derived.pieces,
    }
}

/// A stretch of the text for `analysis.html`.
struct Stretch<'a> {
    text: &'a str,
    /// Numbers of the hits over it, joined by `,`; empty for plain words.
    numbers: String,
    asserted: bool,
}

#[derive(Template)]
#[template(path = "analysis.html")]
struct Page<'a> {
    notice: &'static str,
    input: &'a PackageInput,
    stretches: Vec<Stretch<'a>>,
    asserted: Vec<HitJson<'a>>,
    cleared: Vec<HitJson<'a>>,
    provisions: Vec<ProvisionJson<'a>>,
}

/// `analysis.html`: self-contained, without scripts; shows captured words as text only.
pub(super) fn page(input: &PackageInput, places: &[Vec<RawPlace>]) -> anyhow::Result<String> {
    let hits = &input.finding.hits;
    let stretches = pieces(&input.ad.draft.text, hits)
        .into_iter()
        .map(|piece| Stretch {
            text: piece.text,
            numbers: piece.hits.iter().map(|hit| (hit + 1).to_string()).collect::<Vec<_>>().join(","),
            asserted: piece.hits.iter().any(|hit| hits[*hit].status.is_asserted()),
        })
        .collect();
    let (asserted, cleared) = hits
        .iter()
        .enumerate()
        .map(|(index, hit)| hit_json(input, places, index, hit))
        .partition(|hit| hit.status == HitStatus::Asserted.as_str());
    let mut cited: Vec<&str> = hits.iter().flat_map(|hit| &hit.provisions).map(|id| id.as_str()).collect();
    cited.sort_unstable();
    cited.dedup();
    let page = Page {
        notice: NOTICE,
        input,
        stretches,
        asserted,
        cleared,
        provisions: cited.into_iter().map(|id| provision_json(input, id)).collect(),
    };
    Ok(page.render()?)
}
