//! stub
use super::*;
use crate::domain::{finding::FindingId, user::Actor};
use std::path::PathBuf;
/// x
pub struct Sealed {
    /// x
    pub path: PathBuf,
    /// x
    pub n_files: usize,
    /// x
    pub sums_sha256: String,
}
impl App {
    /// x
    pub async fn seal(&self, _: &Actor, _: &FindingId, _: Option<PathBuf>) -> Result<Sealed> {
        panic!()
    }
    /// x
    pub async fn evidence_packages(
        &self,
        _: &FindingId,
    ) -> Result<Vec<crate::store::evidence::SealedPackage>> {
        panic!()
    }
}
