//! The browser of a process: started when a page needs it, replaced when it fails, shared by several pages.

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore};

use super::assemble::{self, Rendered};
use super::browser::Browser;
use super::error::RenderError;
use super::page::{self, RenderJob};
use super::program::Program;
use crate::kit::clock::Clock;

/// Memory of a browser without pages, and of an ordinary news page, in MiB: estimates that decide how many pages open at once.
const BROWSER_MIB: u64 = 320;
const PAGE_MIB: u64 = 120;

/// Limits of looking at a page.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Memory that the browser may take with all its pages, in MiB.
    pub memory_mib: u64,
    /// Most pages at one time, whatever the memory.
    pub max_pages: usize,
    /// A browser is replaced after so many pages: what leaks is then given back.
    pub max_pages_per_browser: u32,
    /// Longest time for one page, in milliseconds.
    pub page_ms: u64,
    /// Longest wait for the document, in milliseconds.
    pub navigate_ms: u64,
    /// Longest wait for the network to come to rest, in milliseconds.
    pub settle_ms: u64,
    /// The network rests when nothing was asked for so long, in milliseconds.
    pub quiet_ms: u128,
    /// Longest wait for an answer of the page, in milliseconds.
    pub answer_ms: u64,
    /// Longest wait for a picture, in milliseconds.
    pub picture_ms: u64,
    /// Most steps of scrolling.
    pub max_scrolls: u32,
    /// Pause after each step, in milliseconds.
    pub scroll_pause_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mib: 1_024,
            max_pages: 4,
            max_pages_per_browser: 200,
            page_ms: 60_000,
            navigate_ms: 20_000,
            settle_ms: 10_000,
            quiet_ms: 500,
            answer_ms: 4_000,
            picture_ms: 15_000,
            max_scrolls: 24,
            scroll_pause_ms: 150,
        }
    }
}

impl Limits {
    /// How many pages fit into the memory; one always does.
    pub fn n_pages(&self) -> usize {
        let by_memory = self.memory_mib.saturating_sub(BROWSER_MIB) / PAGE_MIB;
        usize::try_from(by_memory).unwrap_or(1).clamp(1, self.max_pages.max(1))
    }
}

/// Looks at pages with one browser.
pub struct Renderer {
    program: Program,
    limits: Limits,
    clock: Arc<dyn Clock>,
    turns: Semaphore,
    current: Mutex<Option<Arc<Browser>>>,
}

impl Renderer {
    /// One that starts `program` when the first page comes.
    pub fn new(program: Program, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let turns = Semaphore::new(limits.n_pages());
        Self { program, limits, clock, turns, current: Mutex::new(None) }
    }

    /// The program that it starts.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Looks at one page, after those that came before it.
    ///
    /// # Errors
    /// See [`RenderError`]; a page that was seen in part is a page.
    pub async fn render(&self, job: &RenderJob) -> Result<Rendered, RenderError> {
        let _turn = self.turns.acquire().await;
        let first = self.attempt(job, false).await;
        match first {
            Err(error) if error.is_worth_a_retry() => {
                tracing::info!(url = %job.url, "trying once more: {error}");
                self.attempt(job, true).await
            }
            result => result,
        }
    }

    async fn attempt(&self, job: &RenderJob, keeps_part: bool) -> Result<Rendered, RenderError> {
        let browser = self.browser().await?;
        let started_at = self.clock.now();
        let look = page::look(&browser, job, &self.limits, keeps_part).await;
        if look.is_err() && !browser.is_well().await {
            self.replace(&browser).await;
        }
        Ok(assemble::rendered(look?, job, &browser.version, started_at, self.clock.now()))
    }

    /// The browser, started or replaced when it must be.
    async fn browser(&self) -> Result<Arc<Browser>, RenderError> {
        let mut current = self.current.lock().await;
        if let Some(browser) = current.as_ref() {
            let is_worn = browser.n_pages() >= self.limits.max_pages_per_browser;
            if !browser.pipe.is_closed() && !is_worn {
                return Ok(browser.clone());
            }
            // Pages that are still in a worn one end there; it goes with the last of them.
            *current = None;
        }
        let started = Arc::new(Browser::start(&self.program).await?);
        tracing::info!(version = %started.version, "started the browser");
        *current = Some(started.clone());
        Ok(started)
    }

    async fn replace(&self, failed: &Arc<Browser>) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|browser| Arc::ptr_eq(browser, failed)) {
            *current = None;
        }
        failed.kill().await;
    }

    /// The process of the browser, while one runs: for measuring and for tests.
    pub async fn process(&self) -> Option<u32> {
        let current = self.current.lock().await.clone();
        current?.process().await
    }
}
