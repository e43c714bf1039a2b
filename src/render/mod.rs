//! Floor 2: what a browser makes of a page. The browser is a program beside adwatch, never a library in it.

mod print;
mod program;

pub use print::{PrintError, print};
pub use program::Program;
