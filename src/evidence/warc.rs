//! The replayable archive: WARC 1.1 (ISO 28500:2017), one gzip member for each record, and its CDXJ index.
//!
//! Record names and times come from the captures, so the same captures give the same bytes. The exact list of headers
//! stays in `captures/`; here `transfer-encoding` is renamed, because the body stands without it.

use std::io::Write as _;

use serde::Serialize;

use super::input::{CaptureInput, PackageInput};
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

/// Every capture with its redirects, and the words of the ad. `metadata` gives the JSON of a capture by its place.
///
/// # Errors
/// When a record cannot be compressed.
pub(super) fn warc(input: &PackageInput, metadata: &[Vec<u8>]) -> anyhow::Result<Warc> {
    let mut warc = Warc { bytes: Vec::new(), index: Vec::new() };
    warc.record(&info(input))?;
    for (captured, metadata) in input.captures.iter().zip(metadata) {
        warc.capture(captured, metadata)?;
    }
    if let Some(first) = input.captures.first() {
        let exchange = &first.capture.exchange;
        warc.record(&Record {
            kind: "resource",
            id: record_id(&first.capture, "text"),
            at: exchange.finished_at,
            headers: vec![
                ("WARC-Target-URI", format!("urn:text:{}", exchange.final_url)),
                ("WARC-Refers-To", record_id(&first.capture, "response")),
            ],
            content_type: "text/plain; charset=utf-8",
            head: Vec::new(),
            payload: input.ad.draft.text.as_bytes(),
        })?;
    }
    Ok(warc)
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
    content_type: &'a str,
    /// What stands in the block before the payload: the head of an HTTP message.
    head: Vec<u8>,
    payload: &'a [u8],
}

impl Warc {
    fn capture(&mut self, captured: &CaptureInput, metadata: &[u8]) -> anyhow::Result<()> {
        let capture = &captured.capture;
        let exchange = &capture.exchange;
        for (index, step) in exchange.redirects.iter().enumerate() {
            let head =
                response_head("HTTP/1.1", step.status, &[("location".to_owned(), step.location.clone())], 0);
            self.indexed(
                Record {
                    kind: "response",
                    id: record_id(capture, &format!("redirect-{index}")),
                    at: exchange.started_at,
                    headers: with_address(
                        vec![
                            ("WARC-Target-URI", step.url.clone()),
                            // Of a redirect its status, location and address are kept.
                            ("WARC-Truncated", "unspecified".to_owned()),
                        ],
                        &step.remote_addr,
                    ),
                    content_type: "application/http; msgtype=response",
                    head,
                    payload: &[],
                },
                Some(step.status),
                "unk",
            )?;
        }
        let response_id = record_id(capture, "response");
        if exchange.status == 0 {
            // Brought as a file: there was no request, and no host's answer to show.
            let mime = exchange.response_header("content-type").unwrap_or("application/octet-stream");
            let mime = one_line(mime.split(';').next().unwrap_or_default().trim());
            self.indexed(
                Record {
                    kind: "resource",
                    id: response_id,
                    at: exchange.finished_at,
                    headers: vec![("WARC-Target-URI", exchange.final_url.clone())],
                    content_type: &mime,
                    head: Vec::new(),
                    payload: &captured.body,
                },
                None,
                &mime,
            )?;
            return self.metadata(captured, metadata);
        }
        self.record(&Record {
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
            content_type: "application/http; msgtype=request",
            head: request_head(exchange),
            payload: &[],
        })?;
        let mut headers =
            with_address(vec![("WARC-Target-URI", exchange.final_url.clone())], &exchange.remote_addr);
        if exchange.http_version.starts_with("HTTP/2") {
            headers.push(("WARC-Protocol", "h2".to_owned()));
        }
        let mime = exchange.response_header("content-type").unwrap_or_default();
        let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        self.indexed(
            Record {
                kind: "response",
                id: response_id.clone(),
                at: exchange.started_at,
                headers,
                content_type: "application/http; msgtype=response",
                head: response_head(
                    "HTTP/1.1",
                    exchange.status,
                    &exchange.response_headers,
                    captured.body.len(),
                ),
                payload: &captured.body,
            },
            Some(exchange.status),
            if mime.is_empty() { "unk" } else { &mime },
        )?;
        self.metadata(captured, metadata)
    }

    fn metadata(&mut self, captured: &CaptureInput, metadata: &[u8]) -> anyhow::Result<()> {
        let capture = &captured.capture;
        self.record(&Record {
            kind: "metadata",
            id: record_id(capture, "metadata"),
            at: capture.exchange.finished_at,
            headers: vec![
                // Not the address itself: players would show it in place of the page.
                ("WARC-Target-URI", format!("urn:metadata:{}", capture.exchange.final_url)),
                ("WARC-Concurrent-To", record_id(capture, "response")),
            ],
            content_type: "application/json",
            head: Vec::new(),
            payload: metadata,
        })
        .map(drop)
    }

    fn indexed(&mut self, record: Record<'_>, status: Option<u16>, mime: &str) -> anyhow::Result<()> {
        let url = record.headers.first().map(|(_, url)| url.clone()).unwrap_or_default();
        let at = record.at;
        let payload_sha256 = sha256_hex(record.payload);
        let (offset, size_bytes) = self.record(&record)?;
        self.index.push(Indexed {
            url,
            at,
            mime: mime.to_owned(),
            status,
            payload_sha256,
            offset,
            size_bytes,
        });
        Ok(())
    }

    /// Appends a record; gives where its gzip member begins and how long it is.
    fn record(&mut self, record: &Record<'_>) -> anyhow::Result<(u64, u64)> {
        let mut block = record.head.clone();
        block.extend_from_slice(record.payload);
        let mut head = format!(
            "WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {}\r\nWARC-Date: {}\r\n",
            record.kind,
            record.id,
            record.at.rfc3339()
        );
        for (name, value) in &record.headers {
            head.push_str(&format!("{name}: {}\r\n", one_line(value)));
        }
        head.push_str(&format!("WARC-Block-Digest: sha256:{}\r\n", sha256_hex(&block)));
        if !record.head.is_empty() && record.kind == "response" {
            head.push_str(&format!("WARC-Payload-Digest: sha256:{}\r\n", sha256_hex(record.payload)));
        }
        head.push_str(&format!(
            "Content-Type: {}\r\nContent-Length: {}\r\n\r\n",
            record.content_type,
            block.len()
        ));
        let offset = self.bytes.len();
        let mut member = flate2::write::GzEncoder::new(&mut self.bytes, flate2::Compression::new(6));
        member.write_all(head.as_bytes())?;
        member.write_all(&block)?;
        member.write_all(b"\r\n\r\n")?;
        member.finish()?;
        Ok((offset as u64, (self.bytes.len() - offset) as u64))
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
        content_type: "application/warc-fields",
        head: fields.into_bytes(),
        payload: &[],
    }
}

fn request_head(exchange: &Exchange) -> Vec<u8> {
    let target = url::Url::parse(&exchange.final_url).map_or_else(
        |_| "/".to_owned(),
        |url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
    );
    http_head(&format!("GET {target} HTTP/1.1"), &exchange.request_headers)
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
