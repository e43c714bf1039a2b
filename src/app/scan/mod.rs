//! Judging documents that come as files or a stream, in order, in constant memory.
//!
//! A reader cuts the input into batches of bounded size, a few threads judge them, and the results
//! leave in input order. Nothing is kept of a document once its result is out.

mod input;
mod pipeline;
mod worker;

pub use input::{InputFormat, ScanInput};

use crate::app::pictures::PictureReader;
use crate::domain::ad::AdKind;
use crate::domain::finding::Assessment;
use crate::domain::hit::Hit;
use crate::domain::picture::Derived;
use crate::judge::Judge;
use crate::kit::problem::Problem;

/// Longest single document that is judged, in bytes; more is cut off and reported.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;

/// One judged document.
#[derive(Debug)]
pub struct Scanned {
    /// The document's own id, or `path:line`, or the path.
    pub id: serde_json::Value,
    /// The judged text; spans of the hits are bytes of it.
    pub text: String,
    /// Every hit, asserted and cleared.
    pub hits: Vec<Hit>,
    /// What the machine concludes; `None` when there was no text to judge.
    pub assessment: Option<Assessment>,
    /// What was wrong with the document.
    pub problems: Vec<Problem>,
    /// Which parts of the text were read in pictures.
    pub derived: Vec<Derived>,
}

impl Scanned {
    /// Whether the document belongs in the queue.
    pub fn is_flagged(&self) -> bool {
        self.assessment.as_ref().is_some_and(|assessment| assessment.flagged)
    }

    /// 0 to 1.
    pub fn score(&self) -> f64 {
        self.assessment.as_ref().map_or(0.0, |assessment| assessment.priority)
    }
}

/// What a scan counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ScanSummary {
    /// Documents judged.
    pub n_documents: u64,
    /// Documents flagged.
    pub n_flagged: u64,
    /// Documents in which hits were found and all cleared.
    pub n_cleared: u64,
    /// Problems reported.
    pub n_problems: u64,
}

/// Judges every document of `inputs`; `render` runs on the judging threads, `emit` in input order on this one.
///
/// # Errors
/// The first error of `emit`, for example a closed pipe. Bad input is a problem of its document, never an error.
pub fn scan<R: Send>(
    judge: &Judge,
    pictures: &PictureReader,
    inputs: &[ScanInput],
    kind: AdKind,
    render: impl Fn(Scanned) -> R + Sync,
    mut emit: impl FnMut(R) -> std::io::Result<()>,
) -> std::io::Result<ScanSummary> {
    let mut summary = ScanSummary::default();
    let batches = input::batches(inputs);
    pipeline::run(
        batches,
        || worker::Worker::new(judge, pictures, kind),
        |worker, batch| {
            let mut part = ScanSummary::default();
            let mut rendered = Vec::new();
            worker.judge_batch(batch, |scanned| {
                part.n_documents += 1;
                part.n_flagged += u64::from(scanned.is_flagged());
                part.n_cleared += u64::from(!scanned.is_flagged() && !scanned.hits.is_empty());
                part.n_problems += scanned.problems.len() as u64;
                rendered.push(render(scanned));
            });
            (part, rendered)
        },
        |(part, rendered)| {
            summary.n_documents += part.n_documents;
            summary.n_flagged += part.n_flagged;
            summary.n_cleared += part.n_cleared;
            summary.n_problems += part.n_problems;
            rendered.into_iter().try_for_each(&mut emit)
        },
    )?;
    Ok(summary)
}
