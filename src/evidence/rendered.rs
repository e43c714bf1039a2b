//! What a browser made of a captured page: its elements and pictures as files, the bodies of answers as records of the
//! archive, and what the capture's record says of both.
//!
//! Elements are text files, because a page that was captured must not run when somebody opens the package's folder.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::input::{CaptureInput, PackageInput, PartInput};
use super::package::File;
use crate::domain::blob::BlobRef;
use crate::domain::capture::Capture;
use crate::domain::rendering::{PartRole, RequestSeen};
use crate::kit::digest::sha256_hex;

/// The folder of these files.
pub(super) const FOLDER: &str = "rendered";

/// What the archive holds of one request of a page.
pub(super) struct Answer<'a> {
    pub request: &'a RequestSeen,
    pub form: AnswerForm,
    pub blob: BlobRef,
    pub bytes: &'a [u8],
    /// Another capture, or an earlier page, brought the same bytes from the same address: one record is enough.
    pub is_repeated: bool,
}

/// As which record an answer stands in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AnswerForm {
    /// Headers and bytes as received.
    Response,
    /// Status, address and headers of a redirect, which has no body that was kept.
    Redirect,
    /// The bytes alone: headers were not kept, or the browser had decoded the text.
    Resource,
}

impl Answer<'_> {
    /// The address under which the archive has it. Answers to anything but GET are not what the address alone gives.
    pub(super) fn target(&self) -> String {
        match self.request.method.as_str() {
            "GET" | "" => self.request.url.clone(),
            method => format!("urn:answer:{}:{}", method.to_lowercase(), self.request.url),
        }
    }
}

/// What the archive holds of the requests of each capture's page, by the capture's place.
pub(super) fn answers(input: &PackageInput) -> Vec<Vec<Answer<'_>>> {
    let nothing = sha256_hex(&[]);
    // The captures themselves, with the redirects that led to them, have records of their own.
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    for Capture { exchange, body, .. } in input.captures.iter().map(|captured| &captured.capture) {
        known.insert((exchange.final_url.clone(), body.digests.sha256.clone()));
        known.extend(exchange.redirects.iter().map(|step| (step.url.clone(), nothing.clone())));
    }
    let mut of_capture = |captured| {
        let mut answers = answers_of(captured);
        for answer in &mut answers {
            answer.is_repeated = !known.insert((answer.target(), answer.blob.digests.sha256.clone()));
        }
        answers
    };
    input.captures.iter().map(&mut of_capture).collect()
}

fn answers_of(captured: &CaptureInput) -> Vec<Answer<'_>> {
    let Some(rendering) = &captured.rendering else { return Vec::new() };
    let bodies: BTreeMap<&str, &PartInput> = rendering
        .parts
        .iter()
        .filter(|part| part.role == PartRole::Body)
        .map(|part| (part.blob.digests.sha256.as_str(), part))
        .collect();
    let mut answers = Vec::new();
    for request in rendering.rendering.requests.iter().filter(|request| is_web(request)) {
        if let (Some(_), Some(300..400)) = (&request.redirected_to, request.status) {
            answers.push(Answer {
                request,
                form: AnswerForm::Redirect,
                blob: BlobRef::of(&[]),
                bytes: &[],
                is_repeated: false,
            });
            continue;
        }
        let Some(body) = &request.body else { continue };
        let Some(part) = bodies.get(body.digests.sha256.as_str()) else { continue };
        let is_whole = request.status.is_some() && !request.headers.is_empty() && !request.is_decoded;
        let is_get = matches!(request.method.as_str(), "GET" | "");
        answers.push(Answer {
            request,
            form: if is_whole && is_get { AnswerForm::Response } else { AnswerForm::Resource },
            blob: body.clone(),
            bytes: &part.bytes,
            is_repeated: false,
        });
    }
    answers
}

fn is_web(request: &RequestSeen) -> bool {
    request.url.starts_with("http://") || request.url.starts_with("https://")
}

/// The files of a capture's rendering; none without one. `index` is the capture's place.
pub(super) fn files(captured: &CaptureInput, index: usize) -> Vec<File> {
    let Some(rendering) = &captured.rendering else { return Vec::new() };
    let mut files = vec![File::new(
        record_path(index),
        "recorded while rendering: profile, browser, requests, what was refused, ads with their places",
        rendering.record.clone(),
    )];
    for (path, part) in named(&rendering.parts, index) {
        files.push(File {
            path,
            bytes: part.bytes.clone(),
            // Whoever gathered the input compared them with the bytes.
            digests: part.blob.digests.clone(),
            made_by: made_by(part.role),
        });
    }
    files
}

fn made_by(role: PartRole) -> &'static str {
    match role {
        PartRole::Dom => "made by the browser: the page's elements at the end, HTML in UTF-8 (open as text)",
        PartRole::Frame => "made by the browser: a frame's elements at the end, HTML in UTF-8 (open as text)",
        PartRole::Screenshot => "made by the browser: picture of the whole page",
        PartRole::Ad => "made by the browser: picture of an ad of the page",
        PartRole::Body => "as received",
    }
}

/// `rendered/NN-rendering.txt`: JSON, but not by its name, because validators of data packages read files of that name as
/// tables.
pub(super) fn record_path(index: usize) -> String {
    format!("{FOLDER}/{:02}-rendering.txt", index + 1)
}

/// `rendered/NN-dom.txt`.
pub(super) fn dom_path(index: usize) -> String {
    format!("{FOLDER}/{:02}-dom.txt", index + 1)
}

/// `rendered/NN-screenshot.png`.
pub(super) fn screenshot_path(index: usize) -> String {
    format!("{FOLDER}/{:02}-screenshot.png", index + 1)
}

/// Each part that is a file of its own, with its path. Bodies are in the archive.
pub(super) fn named(parts: &[PartInput], index: usize) -> Vec<(String, &PartInput)> {
    let (mut n_frames, mut n_ads) = (0, 0);
    let mut named = Vec::new();
    for part in parts {
        let name = match part.role {
            PartRole::Dom => "dom.txt".to_owned(),
            PartRole::Frame => {
                n_frames += 1;
                format!("frame-{n_frames}.txt")
            }
            PartRole::Screenshot => "screenshot.png".to_owned(),
            PartRole::Ad => {
                n_ads += 1;
                format!("ad-{n_ads}.png")
            }
            PartRole::Body => continue,
        };
        named.push((format!("{FOLDER}/{:02}-{name}", index + 1), part));
    }
    named
}

/// What `captures/NN-….json` says of a rendering.
#[derive(Serialize)]
pub(super) struct RenderingJson<'a> {
    profile: &'static str,
    browser: &'a str,
    record: FileJson<'a>,
    parts: Vec<PartJson<'a>>,
    /// Answers to the page's requests; their bytes are in the archive.
    answers: Vec<AnswerJson<'a>>,
    /// Bodies that the record names and this package leaves out, because all of them together would be too much.
    n_left_out: usize,
}

#[derive(Serialize)]
struct FileJson<'a> {
    file: String,
    size_bytes: u64,
    sha256: String,
    sm3: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
struct PartJson<'a> {
    role: &'static str,
    /// Address of a frame, place of an ad; empty for others.
    name: &'a str,
    /// Whether it shows the ad that this package is about.
    is_of_ad: bool,
    #[serde(flatten)]
    file: FileJson<'a>,
}

#[derive(Serialize)]
struct AnswerJson<'a> {
    /// The record's `WARC-Target-URI`.
    target: String,
    form: AnswerForm,
    method: &'a str,
    status: Option<u16>,
    mime: &'a str,
    size_bytes: u64,
    sha256: String,
    sm3: String,
    /// The browser gave it as decoded text, so its bytes may differ from those on the wire.
    is_decoded: bool,
}

/// What the record of the capture says; `None` without a rendering.
pub(super) fn document<'a>(
    captured: &'a CaptureInput,
    index: usize,
    answers: &[Answer<'a>],
) -> Option<RenderingJson<'a>> {
    let rendering = captured.rendering.as_ref()?;
    let record = BlobRef::of(&rendering.record);
    let parts = named(&rendering.parts, index).into_iter().map(|(file, part)| PartJson {
        role: part.role.as_str(),
        name: &part.name,
        is_of_ad: part.is_of_ad,
        file: FileJson {
            file,
            size_bytes: part.blob.size_bytes,
            sha256: part.blob.digests.sha256.clone(),
            sm3: (&part.blob.digests.sm3).into(),
        },
    });
    let kept: BTreeSet<&str> = answers.iter().map(|answer| answer.blob.digests.sha256.as_str()).collect();
    let bodies = rendering.rendering.requests.iter().filter(|request| is_web(request));
    let bodies = bodies.filter_map(|request| request.body.as_ref());
    Some(RenderingJson {
        n_left_out: bodies.filter(|body| !kept.contains(body.digests.sha256.as_str())).count(),
        profile: rendering.rendering.profile.as_str(),
        browser: &rendering.rendering.browser,
        record: FileJson {
            file: record_path(index),
            size_bytes: record.size_bytes,
            sha256: record.digests.sha256,
            sm3: record.digests.sm3.into(),
        },
        parts: parts.collect(),
        answers: answers
            .iter()
            .map(|answer| AnswerJson {
                target: answer.target(),
                form: answer.form,
                method: &answer.request.method,
                status: answer.request.status,
                mime: &answer.request.mime,
                size_bytes: answer.blob.size_bytes,
                sha256: answer.blob.digests.sha256.clone(),
                sm3: answer.blob.digests.sm3.clone(),
                is_decoded: answer.request.is_decoded,
            })
            .collect(),
    })
}
