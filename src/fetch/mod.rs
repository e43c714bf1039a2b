//! Floor 2: the only door to the outside. Every outgoing web request of the product goes through [`Fetcher`],
//! those of the browser through the [`FilteringProxy`] that it opens.
//!
//! What arrives is kept as it arrives: pages are asked for without compression (`Accept-Encoding: identity`), and a
//! body that is compressed all the same is handed on compressed; [`crate::extract::content`] decodes it for reading.

mod client;
mod cookies;
mod error;
mod guard;
mod politeness;
mod proxy;
mod ranges;
mod robots;
mod robots_cache;
mod sntp;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;
mod tls;

pub use client::{FetchConfig, FetchRequest, Fetched, Fetcher};
pub use cookies::Jar;
pub use error::FetchError;
pub use guard::{AllowedOrigins, Refusal, Resolver, SystemResolver, parse_url};
pub use politeness::{HostSlots, MemorySlots, SlotsUnavailable, Turn};
pub use proxy::{FilteringProxy, ProxiedRequest, ProxyLimits, ProxyOutcome};
pub use sntp::{ClockOffset, SntpError, compare as compare_clock};
