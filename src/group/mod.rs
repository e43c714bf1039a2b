//! Floor 1: which sightings are one ad, which ads are nearly the same, and which belong to one campaign.

pub mod campaign;
pub mod family;
mod fingerprint;
pub mod image;
pub mod near_text;
pub mod recheck;
pub mod repeat;
pub mod route;
pub mod variant;

pub use fingerprint::fingerprint;
