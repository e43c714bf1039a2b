//! Floor 2: words in pictures, by the program `tesseract`. It is optional: without it pictures are kept, their codes are
//! read, and their words wait.
//!
//! The program gets arguments, never a command line; pixels that were decoded and encoded again here, never the bytes of
//! an advertiser; a private folder as its home; and limits of time, memory and output. It writes to a pipe and nothing
//! else.

mod program;
mod run;

pub use program::{DEFAULT_LANGUAGES, Program, ProgramError};
pub use run::{OcrError, read_words};
