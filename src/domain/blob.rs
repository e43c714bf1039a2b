//! 原始数据: bytes in the vault, named by what they contain.

use crate::kit::digest::Digests;

/// Names bytes in the vault by their digests.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BlobRef {
    /// Digests of the stored bytes.
    pub digests: Digests,
    /// How many bytes.
    pub size_bytes: u64,
}

impl BlobRef {
    /// The reference that `bytes` would be stored under.
    pub fn of(bytes: &[u8]) -> Self {
        Self { digests: Digests::of(bytes), size_bytes: bytes.len() as u64 }
    }
}
