//! Floor 0: tiny helpers with no knowledge of advertisements.

pub mod chain;
pub mod clock;
pub mod diagnostic;
pub mod digest;
pub mod id;
pub mod problem;
pub mod redact;
pub mod totp;
pub mod webhook;
