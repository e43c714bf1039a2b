//! One file for each kind of work.

pub(super) mod crawl;
pub(super) mod digest;
pub(super) mod notify;
pub(super) mod pictures;
pub(super) mod recheck;
pub(super) mod stamp;
