//! Floor 3: evidence packages (证据包): a folder that convinces a reader who trusts neither adwatch nor the office's computer.
//!
//! Everything in it is computed from a [`PackageInput`] by [`files`], without clock or randomness, so the same input
//! gives the same bytes. [`seal`] writes the folder so that a killed process leaves nothing that looks sealed;
//! [`verify`] names every deviation, and so do `sha256sum -c` and the folder's own `verify.sh`.

mod analysis;
mod input;
mod manifest;
mod package;
mod record;
mod seal;
mod verify;

#[cfg(test)]
mod tests;

pub use input::{CaptureInput, PackageInput, RuleNote, Software};
pub use package::{File, exhibits, files, package_id};
pub use seal::{SealError, SealedFolder, seal};
pub use verify::{Deviation, DeviationKind, Verification, VerifyError, verify};
