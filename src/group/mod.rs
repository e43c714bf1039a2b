//! Floor 1: which sightings are one ad.

mod fingerprint;

pub use fingerprint::fingerprint;
