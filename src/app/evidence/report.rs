//! Use cases of the report: written beside the package when it is sealed, printed to PDF where there is a browser.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::super::App;
use super::super::error::{Error, Result};
use super::super::users::require;
use super::stamp::write;
use crate::domain::evidence::PackageId;
use crate::domain::user::{Actor, Permission};
use crate::evidence::{PackageInput, Reports, SealedFacts};
use crate::kit::digest::sha256_hex;
use crate::render::{self, Program};

/// A report of many pages with pictures takes some seconds.
const PRINT_LIMIT: Duration = Duration::from_secs(90);

/// What printing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Printed {
    /// The PDF lies here.
    Pdf(PathBuf),
    /// There is no Chromium on this computer; the report is there as a page and for word processors.
    NoBrowser,
}

impl App {
    /// Prints the report of a package to PDF, beside it.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`; `Conflict` when the report of the package is not there; `Internal` when the browser
    /// fails or the disk refuses.
    pub async fn print_report(&self, actor: &Actor, id: &PackageId) -> Result<Printed> {
        require(actor, Permission::Seal)?;
        let package = self.known_package(id).await?;
        let Some(browser) = Program::find(None) else { return Ok(Printed::NoBrowser) };
        let reports = Reports::of(Path::new(&package.location));
        let html = std::fs::read_to_string(&reports.html).map_err(|error| {
            Error::Conflict(format!("{} cannot be read: {error}", reports.html.display()))
        })?;
        let pdf = render::print(&browser, &html, PRINT_LIMIT).await.map_err(anyhow::Error::from)?;
        write(&reports.pdf, &pdf).with_context(|| format!("{} cannot be written", reports.pdf.display()))?;
        self.record(actor, id, "report-printed", format!("PDF, SHA-256 {}", sha256_hex(&pdf))).await?;
        Ok(Printed::Pdf(reports.pdf))
    }
}

/// Writes the report of a package that was just sealed, as a page and for word processors; gives their digests for the
/// record.
pub(super) fn write_reports(
    input: &PackageInput,
    facts: &SealedFacts,
    package: &Path,
) -> anyhow::Result<String> {
    let report = crate::evidence::report(input, facts)?;
    let reports = Reports::of(package);
    for (path, bytes) in [(&reports.html, report.html.as_bytes()), (&reports.docx, &report.docx)] {
        write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(format!(
        "HTML, SHA-256 {}; DOCX, SHA-256 {}",
        sha256_hex(report.html.as_bytes()),
        sha256_hex(&report.docx)
    ))
}
