//! Pages of our own in a real Chromium: what is planted is found, and hostile pages end in a reported outcome.
//!
//! Without Chromium these tests say so and pass, unless `ADWATCH_TEST_STRICT=1` (`.ci/test` sets it and installs one).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "a test that is not run says so")]
#![expect(clippy::disallowed_methods, reason = "how strict the tests are is told from outside")]

mod found;
mod hostile;
mod site;

use std::net::IpAddr;
use std::sync::Arc;

use adwatch::domain::rendering::RenderProfile;
use adwatch::fetch::{FetchConfig, Fetcher, FilteringProxy, ProxyLimits, Resolver};
use adwatch::kit::clock::{FixedClock, UnixMs};
use adwatch::render::{Limits, Program, RenderError, RenderJob, Rendered, Renderer};
use futures::future::BoxFuture;

/// Every name is this machine, as it is for somebody who wants a crawler to attack its own network.
struct AllHere;

impl Resolver for AllHere {
    fn resolve(&self, _name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) })
    }
}

/// The browser under test.
pub struct Bench {
    renderer: Renderer,
    fetcher: Fetcher,
}

impl Bench {
    /// `None`, with a line, when there is no Chromium.
    pub fn new(limits: Limits) -> Option<Self> {
        let Some(program) = Program::find(None) else {
            assert!(std::env::var("ADWATCH_TEST_STRICT").is_err(), "there is no Chromium");
            eprintln!("skipped: there is no Chromium");
            return None;
        };
        let clock = Arc::new(FixedClock::at(UnixMs(1_795_395_900_000)));
        let fetcher =
            Fetcher::with_resolver(FetchConfig::default(), clock.clone(), Arc::new(AllHere)).unwrap();
        Some(Self { renderer: Renderer::new(program, limits, clock), fetcher })
    }

    /// A proxy that lets out to `allowed`.
    pub async fn proxy(&self, allowed: &[String]) -> FilteringProxy {
        self.fetcher.open_proxy(allowed, ProxyLimits::default()).await.unwrap()
    }

    /// Looks at a page.
    pub async fn look(
        &self,
        url: &str,
        profile: RenderProfile,
        proxy: &FilteringProxy,
    ) -> Result<Rendered, RenderError> {
        let job = RenderJob {
            url: url.to_owned(),
            profile,
            proxy: proxy.address(),
            // Nothing is known of the networks of these pages: the signs must do.
            is_request: Arc::new(|_: &str, _: &str, _: &str| None),
        };
        self.renderer.render(&job).await
    }

    /// The process of the browser.
    pub async fn process(&self) -> Option<u32> {
        self.renderer.process().await
    }
}

/// Limits that keep hostile pages short.
pub fn short() -> Limits {
    Limits {
        page_ms: 25_000,
        navigate_ms: 6_000,
        settle_ms: 3_000,
        answer_ms: 2_000,
        max_scrolls: 12,
        scroll_pause_ms: 80,
        ..Limits::default()
    }
}
