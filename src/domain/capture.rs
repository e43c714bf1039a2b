//! 网页留存: one fetch, kept as received before anything is parsed.

use super::blob::BlobRef;
use super::manners::RobotsOverride;
use super::run::RunId;
use super::source::SourceId;
use crate::kit::clock::UnixMs;
use crate::kit::id::typed_id;

typed_id!(
    /// Names a capture (UUID version 7).
    CaptureId
);

/// Why a page was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapturePurpose {
    /// To learn which pages to fetch (list page, feed, lookup answer).
    Discover,
    /// For its own content.
    Page,
    /// The next-level link of an ad (互联网广告管理办法 art 18).
    Landing,
    /// A picture that an ad shows.
    Picture,
    /// A window that a page opened by itself.
    Popup,
}

impl CapturePurpose {
    /// Stable name for the `capture` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Page => "page",
            Self::Landing => "landing",
            Self::Picture => "picture",
            Self::Popup => "popup",
        }
    }

    /// The purpose with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Discover, Self::Page, Self::Landing, Self::Picture, Self::Popup];
        all.into_iter().find(|purpose| purpose.as_str() == text)
    }
}

/// One redirect that was followed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Redirect {
    /// The address that answered with a redirect.
    pub url: String,
    /// Its HTTP status.
    pub status: u16,
    /// Its `Location`, resolved.
    pub location: String,
    /// The IP address that answered.
    pub remote_addr: String,
    /// Response headers as received, in order; empty in captures of versions that did not keep them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
}

/// What was asked and what came back, without the body.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exchange {
    /// The address asked for.
    pub requested_url: String,
    /// The address that answered in the end.
    pub final_url: String,
    /// Request headers as sent, in order; cookies and credentials are never kept.
    pub request_headers: Vec<(String, String)>,
    /// HTTP status of the final answer.
    pub status: u16,
    /// HTTP version of the final answer, for example `HTTP/1.1`.
    pub http_version: String,
    /// Response headers as received, in order.
    pub response_headers: Vec<(String, String)>,
    /// Redirects followed, in order.
    pub redirects: Vec<Redirect>,
    /// IP address and port of the final answer.
    pub remote_addr: String,
    /// When the request was sent.
    pub started_at: UnixMs,
    /// When the last byte arrived.
    pub finished_at: UnixMs,
    /// For what people brought as a file: from which one. Then nothing above was seen by this program itself; times,
    /// addresses and headers are as the file has them, and without a host's answer the status is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// With what and how surely it was obtained; `None` for what people brought and for captures of versions that did
    /// not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// For what was fetched although robots.txt may ask not to: who ordered it, on which legal basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robots_override: Option<RobotsOverride>,
}

/// 取证环境: what a reader needs to judge a capture beyond question and answer. The named bytes are in the vault.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Provenance {
    /// SHA-256 of each certificate (DER) that the host of the final address showed, its own first; empty without TLS.
    pub certificates: Vec<String>,
    /// SHA-256 of the document that describes program, rules, settings and system.
    pub environment: String,
    /// How far the clock could be relied on.
    pub clock: ClockState,
}

/// 时钟来源与偏差.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ClockState {
    /// The time server that the computer's clock was compared with; `None` when it was compared with none.
    pub server: Option<String>,
    /// Milliseconds to add to this computer's time to get the server's.
    pub offset_ms: Option<i64>,
    /// The offset is right within so many milliseconds.
    pub error_ms: Option<i64>,
    /// When it was compared, by this computer's time.
    pub measured_at: Option<UnixMs>,
    /// Why it could not be compared, when a server is set but did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl ClockState {
    /// A clock that was compared with nothing.
    pub fn unchecked() -> Self {
        Self { server: None, offset_ms: None, error_ms: None, measured_at: None, problem: None }
    }
}

/// Where an imported capture comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Imported {
    /// Name of the file, without its folder.
    pub file_name: String,
    /// SHA-256 of the whole file.
    pub file_sha256: String,
    /// Its format, by the name of the reader.
    pub format: String,
    /// Where in the file, for example `record 3 at byte 1024`; empty for the file itself.
    pub place: String,
    /// When it was imported.
    pub imported_at: UnixMs,
}

impl Exchange {
    /// The first response header of this name, compared without case.
    pub fn response_header(&self, name: &str) -> Option<&str> {
        self.response_headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// One fetch, with its bytes in the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Its name.
    pub id: CaptureId,
    /// For which source.
    pub source_id: SourceId,
    /// In which run.
    pub run_id: RunId,
    /// Why.
    pub purpose: CapturePurpose,
    /// The page that linked here, for landing pages.
    pub parent_id: Option<CaptureId>,
    /// The exchange.
    pub exchange: Exchange,
    /// The body as received: only transfer decoding is undone. Pages are asked for without compression; where a
    /// host compresses all the same, `Content-Encoding` is still on these bytes and readers undo it.
    pub body: BlobRef,
}
