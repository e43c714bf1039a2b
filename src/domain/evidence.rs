//! 证据包: what leaves the office, sealed and never edited.

use crate::kit::clock::UnixMs;
use crate::kit::digest::Digests;
use crate::kit::id::typed_id;

typed_id!(
    /// Names an evidence package.
    PackageId
);

/// 证据材料: one file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhibit {
    /// Path inside the package, with `/`.
    pub path: String,
    /// How many bytes.
    pub size_bytes: u64,
    /// Digests of the file.
    pub digests: Digests,
    /// How it came to be (制作方法), for example `as received` or `derived: text extraction`.
    pub made_by: String,
}

/// 保管链记录: one thing that happened to a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodyEvent {
    /// When.
    pub at: UnixMs,
    /// Who.
    pub actor: String,
    /// What: `sealed`, `verified`, `exported` …
    pub action: String,
    /// Which package.
    pub package_id: PackageId,
    /// Further words.
    pub note: String,
}
