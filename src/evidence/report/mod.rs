//! 证据报告: what a reader holds in the hand. Made from what was sealed, after it was sealed, so that the seal stands on
//! every page; it lies beside the package and proves nothing by itself.

mod content;
mod docx;
mod figures;
mod handover;
mod html;
mod paper;
mod record;
#[cfg(test)]
mod tests;

pub use handover::{HandoverFacts, handover_form};

use std::path::{Path, PathBuf};

use super::input::PackageInput;
use crate::domain::evidence::PackageId;
use crate::kit::clock::UnixMs;
use crate::kit::digest::Digests;

/// What is known of the sealed file.
#[derive(Debug, Clone)]
pub struct SealedFacts {
    /// Its name.
    pub id: PackageId,
    /// Name of the file.
    pub file_name: String,
    /// Digests of the whole file.
    pub seal: Digests,
    /// Its size.
    pub size_bytes: u64,
    /// How many files are in it.
    pub n_files: usize,
    /// Fingerprint of the key that signed it.
    pub key_fingerprint: String,
    /// Authorities that were asked for a time stamp, and when they certified it; `None` while it is waited for.
    pub stamps: Vec<(String, Option<UnixMs>)>,
}

/// One report in two forms.
#[derive(Debug, Clone)]
pub struct Report {
    /// A self-contained page, to be printed to PDF.
    pub html: String,
    /// The same for word processors.
    pub docx: Vec<u8>,
}

/// Where the reports of a package lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reports {
    /// `NAME.report.html`.
    pub html: PathBuf,
    /// `NAME.report.docx`.
    pub docx: PathBuf,
    /// `NAME.report.pdf`.
    pub pdf: PathBuf,
}

impl Reports {
    /// Their names for a package.
    pub fn of(package: &Path) -> Self {
        let named = |extension: &str| package.with_extension(format!("report.{extension}"));
        Self { html: named("html"), docx: named("docx"), pdf: named("pdf") }
    }

    /// All of them.
    pub fn all(&self) -> [&PathBuf; 3] {
        [&self.html, &self.docx, &self.pdf]
    }
}

/// Writes the report of a sealed package.
///
/// # Errors
/// When the DOCX file cannot be packed.
pub fn report(input: &PackageInput, facts: &SealedFacts) -> anyhow::Result<Report> {
    let paper = content::paper(input, facts);
    Ok(Report { html: html::render(&paper), docx: docx::render(&paper)? })
}
