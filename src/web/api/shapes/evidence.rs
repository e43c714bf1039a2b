//! Captures and evidence packages on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use super::Instant;

/// One fetch, without its bytes.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaptureJson {
    /// Its name.
    pub id: String,
    /// For which source.
    pub source: String,
    /// In which run.
    pub run: String,
    /// `discover`, `page` or `landing`.
    pub purpose: String,
    /// The page that linked here.
    pub parent: Option<String>,
    /// The address asked for.
    pub requested_url: String,
    /// The address that answered in the end.
    pub final_url: String,
    /// Redirects followed, in order.
    pub redirects: Vec<RedirectJson>,
    /// Address and port of the final answer.
    pub remote_addr: String,
    /// HTTP status; 0 for what people brought as a file.
    pub status: u16,
    /// HTTP version.
    pub http_version: String,
    /// As sent.
    pub request_headers: Vec<HeaderJson>,
    /// As received.
    pub response_headers: Vec<HeaderJson>,
    /// When the request was sent.
    pub started_at: Instant,
    /// When the last byte arrived.
    pub finished_at: Instant,
    /// Size of the body.
    pub size_bytes: u64,
    /// SHA-256 of the body.
    pub sha256: String,
    /// SM3 of the body.
    pub sm3: String,
    /// Name of the file that people brought.
    pub imported_from: Option<String>,
}

/// One redirect.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedirectJson {
    /// The address that answered.
    pub url: String,
    /// Its status.
    pub status: u16,
    /// Where it led.
    pub location: String,
    /// Who answered.
    pub remote_addr: String,
}

/// One header.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeaderJson {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Packages of a finding.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageList {
    /// Oldest first.
    pub packages: Vec<Package>,
}

/// A sealed package.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Package {
    /// Its name.
    pub id: String,
    /// Of which finding.
    pub finding: String,
    /// SHA-256 of the whole file: the seal.
    pub seal_sha256: String,
    /// SM3 of the whole file.
    pub seal_sm3: String,
    /// When it was sealed.
    pub sealed_at: Instant,
    /// By whom.
    pub sealed_by: String,
}

/// A package with what happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageFull {
    #[serde(flatten)]
    pub package: Package,
    /// Oldest first, this look included.
    pub custody: Vec<CustodyJson>,
    /// Whether the chain of these events is whole.
    pub chain_is_whole: bool,
}

/// One thing that happened to a package.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustodyJson {
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// Further words.
    pub note: String,
}
