//! Floor 1: pictures. Decodes hostile bytes within limits, prepares pixels for character recognition, finds codes, brings
//! what several attempts read together, and attaches it to an ad.
//!
//! Recognition itself is a program of others and lives on floor 2 (`ocr/`); it only ever gets pixels that were decoded
//! and encoded again here, never the bytes of an advertiser.

mod attach;
mod codes;
mod decode;
mod merge;
mod prepare;
mod skew;
mod table;

pub use attach::attach;
pub use codes::{CODES_BY, codes};
pub use decode::{MAX_PIXELS, MAX_SIDE, Picture, is_picture};
pub use merge::{merge, sureness};
pub use prepare::{Prepared, Variant, prepare};
pub use table::lines_of_table;
