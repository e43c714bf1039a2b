//! The replayable archive: WARC 1.1 (ISO 28500:2017), one gzip member for each record, and its CDXJ index.
//!
//! Record names and times come from the captures, so the same captures give the same bytes. The exact list of headers
//! stays in `captures/`; here `transfer-encoding` is renamed, because the body stands without it.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::input::{CaptureInput, PackageInput};
use super::rendered::{Answer, AnswerForm};
use super::surt::surt;
use crate::domain::capture::{Capture, Exchange};
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

/// Name of the archive file below `archive/`.
pub(super) const WARC_NAME: &str = "data.warc.gz";

/// One response, or file that people brought, in the index.
pub(super) struct Indexed {
    pub url: String,
    pub at: UnixMs,
    pub mime: String,
    pub status: Option<u16>,
    pub payload_sha256: String,
    pub offset: u64,
    pub size_bytes: u64,
}

/// The archive and what to find in it.
pub(super) struct Warc {
    pub bytes: Vec<u8>,
    pub index: Vec<Indexed>,
}

/// Every capture with its redirects and the answers to its page's requests, and the words of the ad. `metadata` gives
/// the JSON of a capture by its place, `answers` what its page asked for.
///
/// # Errors
/// When a record cannot be compressed.
pub(super) fn warc(
    input: &PackageInput,
    metadata: &[Vec<u8>],
    answers: &[Vec<Answer<'_>>],
) -> anyhow::Result<Warc> {
    let mut records = Records::default();
    records.0.push(info(input));
    for ((captured, metadata), answers) in input.captures.iter().zip(metadata).zip(answers) {
        records.capture(captured, metadata);
        for (index, answer) in answers.iter().enumerate().filter(|(_, answer)| !answer.is_repeated) {
            records.answer(&captured.capture, index, answer);
        }
    }
    if let Some(first) = input.captures.first() {
        let exchange = &first.capture.exchange;
        records.0.push(Record {
            kind: "resource",
            id: record_id(&first.capture, "text"),
            at: exchange.finished_at,
            headers: vec![
                ("WARC-Target-URI", format!("urn:text:{}", exchange.final_url)),
                ("WARC-Refers-To", record_id(&first.capture, "response")),
            ],
            content_type: "text/plain; charset=utf-8".to_owned(),
            head: Vec::new(),
            payload: input.ad.draft.text.as_bytes(),
            payload_sha256: None,
            indexed: None,
        });
    }
    records.written()
}

/// `indexes/index.cdx`: one line for each response, sorted by bytes.
pub(super) fn cdxj(index: &[Indexed]) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Fields<'a> {
        url: &'a str,
        mime: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<String>,
        digest: String,
        length: String,
        offset: String,
        filename: &'static str,
    }
    let mut lines = Vec::with_capacity(index.len());
    for entry in index {
        let fields = serde_json::to_string(&Fields {
            url: &entry.url,
            mime: &entry.mime,
            status: entry.status.map(|status| status.to_string()),
            digest: format!("sha256:{}", entry.payload_sha256),
            length: entry.size_bytes.to_string(),
            offset: entry.offset.to_string(),
            filename: WARC_NAME,
        })?;
        lines.push(format!("{} {} {fields}\n", surt(&entry.url), timestamp14(entry.at)));
    }
    lines.sort_unstable();
    Ok(lines.concat())
}

/// `20261123002500`.
pub(super) fn timestamp14(at: UnixMs) -> String {
    at.rfc3339().chars().filter(char::is_ascii_digit).take(14).collect()
}

struct Record<'a> {
    kind: &'static str,
    id: String,
    at: UnixMs,
    headers: Vec<(&'static str, String)>,
    content_type: String,
    /// What stands in the block before the payload: the head of an HTTP message.
    head: Vec<u8>,
    payload: &'a [u8],
    /// SHA-256 of the payload, where it is known.
    payload_sha256: Option<Cow<'a, str>>,
    /// What the index says of it, for content.
    indexed: Option<(Option<u16>, String)>,
}

/// Records in the order of the file.
#[derive(Default)]
struct Records<'a>(Vec<Record<'a>>);

impl<'a> Records<'a> {
    fn capture(&mut self, captured: &'a CaptureInput, metadata: &'a [u8]) {
        let capture = &captured.capture;
        let exchange = &capture.exchange;
        for (index, step) in exchange.redirects.iter().enumerate() {
            let head = redirect_head(step.status, &step.headers, &step.location);
            self.0.push(Record {
                kind: "response",
                id: record_id(capture, &format!("redirect-{index}")),
                at: exchange.started_at,
                headers: with_address(
                    vec![
                        ("WARC-Target-URI", step.url.clone()),
                        // Of a redirect its body is not kept.
                        ("WARC-Truncated", "unspecified".to_owned()),
                    ],
                    &step.remote_addr,
                ),
                content_type: "application/http; msgtype=response".to_owned(),
                head,
                payload: &[],
                payload_sha256: None,
                indexed: Some((Some(step.status), "unk".to_owned())),
            });
        }
        let response_id = record_id(capture, "response");
        if exchange.status == 0 {
            // Brought as a file: there was no request, and no host's answer to show.
            let mime = exchange.response_header("content-type").unwrap_or("application/octet-stream");
            let mime = one_line(mime.split(';').next().unwrap_or_default().trim());
            self.0.push(Record {
                kind: "resource",
                id: response_id,
                at: exchange.finished_at,
                headers: vec![("WARC-Target-URI", exchange.final_url.clone())],
                content_type: mime.clone(),
                head: Vec::new(),
                payload: &captured.body,
                payload_sha256: Some(Cow::Borrowed(&capture.body.digests.sha256)),
                indexed: Some((None, mime)),
            });
            return self.metadata(captured, metadata);
        }
        self.0.push(Record {
            kind: "request",
            id: record_id(capture, "request"),
            at: exchange.started_at,
            headers: with_address(
                vec![
                    ("WARC-Target-URI", exchange.final_url.clone()),
                    ("WARC-Concurrent-To", response_id.clone()),
                ],
                &exchange.remote_addr,
            ),
            content_type: "application/http; msgtype=request".to_owned(),
            head: request_head(exchange),
            payload: &[],
            payload_sha256: None,
            indexed: None,
        });
        let mut headers =
            with_address(vec![("WARC-Target-URI", exchange.final_url.clone())], &exchange.remote_addr);
        if exchange.http_version.starts_with("HTTP/2") {
            headers.push(("WARC-Protocol", "h2".to_owned()));
        }
        let mime = exchange.response_header("content-type").unwrap_or_default();
        let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        self.0.push(Record {
            kind: "response",
            id: response_id,
            at: exchange.started_at,
            headers,
            content_type: "application/http; msgtype=response".to_owned(),
            head: response_head("HTTP/1.1", exchange.status, &exchange.response_headers, captured.body.len()),
            payload: &captured.body,
            payload_sha256: Some(Cow::Borrowed(&capture.body.digests.sha256)),
            indexed: Some((Some(exchange.status), if mime.is_empty() { "unk".to_owned() } else { mime })),
        });
        self.metadata(captured, metadata);
    }

    /// What answered a request of the page.
    fn answer(&mut self, capture: &Capture, index: usize, answer: &Answer<'a>) {
        let request = answer.request;
        let status = request.status.unwrap_or(0);
        let mut headers = vec![("WARC-Target-URI", answer.target())];
        let mime = match one_line(&request.mime) {
            mime if mime.is_empty() => "application/octet-stream".to_owned(),
            mime => mime,
        };
        let is_indexed = !answer.target().starts_with("urn:answer:");
        let (kind, content_type, head, said) = match answer.form {
            AnswerForm::Response => {
                let head = response_head("HTTP/1.1", status, &request.headers, answer.bytes.len());
                ("response", "application/http; msgtype=response".to_owned(), head, Some(status))
            }
            AnswerForm::Redirect => {
                headers.push(("WARC-Truncated", "unspecified".to_owned()));
                let location = request.redirected_to.as_deref().unwrap_or_default();
                let head = redirect_head(status, &request.headers, location);
                ("response", "application/http; msgtype=response".to_owned(), head, Some(status))
            }
            AnswerForm::Resource => {
                let charset = if request.is_decoded { "; charset=utf-8" } else { "" };
                ("resource", format!("{mime}{charset}"), Vec::new(), None)
            }
        };
        headers.push(("WARC-Concurrent-To", record_id(capture, "response")));
        self.0.push(Record {
            kind,
            id: record_id(capture, &format!("answer-{index}")),
            at: capture.exchange.started_at.plus_ms(i64::try_from(request.at_ms).unwrap_or(0)),
            headers,
            content_type,
            head,
            payload: answer.bytes,
            payload_sha256: Some(Cow::Owned(answer.blob.digests.sha256.clone())),
            indexed: is_indexed.then_some((said, mime.to_ascii_lowercase())),
        });
    }

    fn metadata(&mut self, captured: &'a CaptureInput, metadata: &'a [u8]) {
        let capture = &captured.capture;
        self.0.push(Record {
            kind: "metadata",
            id: record_id(capture, "metadata"),
            at: capture.exchange.finished_at,
            headers: vec![
                // Not the address itself: players would show it in place of the page.
                ("WARC-Target-URI", format!("urn:metadata:{}", capture.exchange.final_url)),
                ("WARC-Concurrent-To", record_id(capture, "response")),
            ],
            content_type: "application/json".to_owned(),
            head: Vec::new(),
            payload: metadata,
            payload_sha256: None,
            indexed: None,
        });
    }

    /// The file and its index. Records are compressed on every core and put together in their order.
    fn written(self) -> anyhow::Result<Warc> {
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from).min(self.0.len().max(1));
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(record) = self.0.get(index) else { return Ok::<_, io::Error>(done) };
                done.push((index, record.member()?));
            }
        };
        let mut members: Vec<(usize, Vec<u8>)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
            let mut members = Vec::new();
            for thread in threads {
                let done = thread.join().map_err(|_| anyhow::anyhow!("compressing a record failed"))?;
                members.extend(done?);
            }
            Ok::<_, anyhow::Error>(members)
        })?;
        members.sort_unstable_by_key(|(index, _)| *index);
        let mut warc = Warc { bytes: Vec::new(), index: Vec::new() };
        for (record, (_, member)) in self.0.iter().zip(members) {
            if let Some((status, mime)) = &record.indexed {
                warc.index.push(Indexed {
                    url: record.headers.first().map(|(_, url)| url.clone()).unwrap_or_default(),
                    at: record.at,
                    mime: mime.clone(),
                    status: *status,
                    payload_sha256: record.payload_digest().into_owned(),
                    offset: warc.bytes.len() as u64,
                    size_bytes: member.len() as u64,
                });
            }
            warc.bytes.extend_from_slice(&member);
        }
        Ok(warc)
    }
}

impl Record<'_> {
    fn payload_digest(&self) -> Cow<'_, str> {
        match &self.payload_sha256 {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(sha256_hex(self.payload)),
        }
    }

    /// The record as one gzip member.
    fn member(&self) -> io::Result<Vec<u8>> {
        let mut block = Sha256::new();
        block.update(&self.head);
        block.update(self.payload);
        let mut head = format!(
            "WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {}\r\nWARC-Date: {}\r\n",
            self.kind,
            self.id,
            self.at.rfc3339()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {}\r\n", one_line(value)));
        }
        head.push_str(&format!("WARC-Block-Digest: sha256:{}\r\n", hex::encode(block.finalize())));
        if !self.head.is_empty() && self.kind == "response" {
            head.push_str(&format!("WARC-Payload-Digest: sha256:{}\r\n", self.payload_digest()));
        }
        head.push_str(&format!(
            "Content-Type: {}\r\nContent-Length: {}\r\n\r\n",
            self.content_type,
            self.head.len() + self.payload.len()
        ));
        let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        member.write_all(head.as_bytes())?;
        member.write_all(&self.head)?;
        member.write_all(self.payload)?;
        member.write_all(b"\r\n\r\n")?;
        member.finish()
    }
}

fn info(input: &PackageInput) -> Record<'static> {
    let at = input.captures.iter().map(|captured| captured.capture.exchange.finished_at).max();
    let names: Vec<&str> = input.captures.iter().map(|captured| captured.capture.id.as_str()).collect();
    let fields = format!(
        "software: adwatch/{}\r\nformat: WARC File Format 1.1\r\nconformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\nisPartOf: {}\r\nrobots: obey\r\n",
        one_line(&input.software.version),
        input.finding.id,
    );
    Record {
        kind: "warcinfo",
        id: urn(&format!("warcinfo {} {}", input.finding.id, names.join(" "))),
        at: at.unwrap_or(input.finding.created_at),
        headers: vec![("WARC-Filename", WARC_NAME.to_owned())],
        content_type: "application/warc-fields".to_owned(),
        head: fields.into_bytes(),
        payload: &[],
        payload_sha256: None,
        indexed: None,
    }
}

fn request_head(exchange: &Exchange) -> Vec<u8> {
    let target = url::Url::parse(&exchange.final_url).map_or_else(
        |_| "/".to_owned(),
        |url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
    );
    http_head(&format!("GET {target} HTTP/1.1"), &exchange.request_headers)
}

/// The head of a redirect; one whose headers were not kept names its location alone.
fn redirect_head(status: u16, headers: &[(String, String)], location: &str) -> Vec<u8> {
    match headers {
        [] => response_head("HTTP/1.1", status, &[("location".to_owned(), location.to_owned())], 0),
        headers => {
            // The body that these lengths and encodings are about is not here.
            let is_of_body = |name: &str| {
                ["content-length", "content-encoding"].iter().any(|known| name.eq_ignore_ascii_case(known))
            };
            let kept: Vec<(String, String)> = headers
                .iter()
                .map(|(name, value)| match is_of_body(name) {
                    true => (format!("x-orig-{name}"), value.clone()),
                    false => (name.clone(), value.clone()),
                })
                .collect();
            response_head("HTTP/1.1", status, &kept, 0)
        }
    }
}

fn response_head(version: &str, status: u16, headers: &[(String, String)], body_size: usize) -> Vec<u8> {
    let mut kept: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| {
            let renamed = name.eq_ignore_ascii_case("transfer-encoding");
            (if renamed { "x-orig-transfer-encoding".to_owned() } else { name.clone() }, value.clone())
        })
        .collect();
    if !kept.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
        kept.push(("content-length".to_owned(), body_size.to_string()));
    }
    http_head(&format!("{version} {status} {}", reason(status)), &kept)
}

fn http_head(first: &str, headers: &[(String, String)]) -> Vec<u8> {
    let mut head = format!("{}\r\n", one_line(first));
    for (name, value) in headers {
        head.push_str(&format!("{}: {}\r\n", one_line(name), one_line(value)));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// The usual words, which tools want to see and HTTP/2 does not send.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        403 => "Forbidden",
        404 => "Not Found",
        410 => "Gone",
        500 => "Internal Server Error",
        _ => "Status",
    }
}

fn with_address(mut headers: Vec<(&'static str, String)>, remote_addr: &str) -> Vec<(&'static str, String)> {
    if let Ok(address) = remote_addr.parse::<std::net::SocketAddr>() {
        headers.push(("WARC-IP-Address", address.ip().to_string()));
    }
    headers
}

/// Values come from hostile servers; a line feed in one would begin a header of its own.
fn one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn record_id(capture: &Capture, what: &str) -> String {
    urn(&format!("{} {what}", capture.id))
}

/// A UUID of version 8 (RFC 9562) that is made of the digest of a name.
fn urn(name: &str) -> String {
    let digest = sha256_hex(format!("adwatch warc record {name}").as_bytes());
    format!(
        "<urn:uuid:{}-{}-8{}-a{}-{}>",
        &digest[..8],
        &digest[8..12],
        &digest[13..16],
        &digest[17..20],
        &digest[20..32]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_with_a_line_feed_stays_one_header() {
        let headers = [("x-evil".to_owned(), "1\r\nSet-Cookie: a=b".to_owned())];
        let head = String::from_utf8(response_head("HTTP/1.1", 200, &headers, 3)).unwrap();
        assert_eq!(head.lines().count(), 4, "{head:?}");
        assert!(head.ends_with("content-length: 3\r\n\r\n"));
    }

    #[test]
    fn a_chunked_answer_is_marked_as_unchunked() {
        let headers = [("Transfer-Encoding".to_owned(), "chunked".to_owned())];
        let head = String::from_utf8(response_head("HTTP/1.1", 200, &headers, 0)).unwrap();
        assert!(head.contains("x-orig-transfer-encoding: chunked"), "{head}");
    }
}
