//! Floor 2: what a browser makes of a page. The browser is a program beside adwatch, never a library in it.
//!
//! It reaches the network only through a proxy whose address it is given: each page has a context with that proxy and
//! nothing else, names are not resolved, and what the page opens is attached to before it runs. A browser that ends or
//! no longer answers is replaced, and the page tried once more; every call has a time limit.

mod assemble;
mod browser;
mod error;
mod page;
mod pipe;
mod print;
mod program;
mod pump;
mod recorder;
mod renderer;
mod snapshot;

pub use assemble::{KeptBody, Rendered, RenderedAd};
pub use error::RenderError;
pub use page::{RenderJob, RequestSign};
pub use print::{PrintError, print};
pub use program::Program;
pub use renderer::{Limits, Renderer};
