//! Floor 4: use cases, the only place that combines store, vault and engines.

pub mod clock;
pub mod config;
pub mod error;

pub use error::{Error, FieldProblem, Result};
