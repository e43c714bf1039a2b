//! Floor 3: evidence packages (证据包): one file that convinces a reader who trusts neither adwatch nor the office's computer.
//!
//! Everything in it is computed from a [`PackageInput`] and the office's key by [`files`], without clock or
//! randomness, so the same input gives the same bytes. [`seal`] writes the file so that a killed process leaves
//! nothing that looks sealed; [`verify`] names every deviation, and so do stock tools: `sha256sum -c`,
//! `openssl pkeyutl`, `unzip -t`, validators of WACZ and WARC, and the package's own `verify.sh`.

mod analysis;
mod certificate;
mod datapackage;
mod der;
mod documents;
mod input;
mod locate;
mod mask;
mod package;
mod record;
mod rendered;
mod replay;
mod report;
mod seal;
mod sign;
mod sums;
mod surt;
pub mod timestamp;
mod verify;
mod warc;
mod zip;

#[cfg(test)]
pub(crate) mod tests;

pub use input::{
    CaptureInput, LogExtract, LogLink, LogToken, PackageInput, PartInput, RenderingInput, RuleNote, Software,
};
pub use mask::{MaskedFrom, masked};
pub use package::{File, VARYING, exhibits, files};
pub use replay::{Replay, ReplayPage, Replayed};
pub use report::{HandoverFacts, Report, Reports, SealedFacts, handover_form, report};
pub use seal::{Beside, SealError, SealedFile, partial, seal, sweep};
pub use sign::{KeyError, PublicKey, SigningKey};
pub use verify::{
    CONTAINER, Deviation, DeviationKind, Expected, Verdict, Verification, VerifyError, check_token_signature,
    stamps_beside, verify,
};
