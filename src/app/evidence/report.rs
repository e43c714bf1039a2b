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

impl App {
    /// The report of a package and its name, for a person who takes it along; the PDF is printed when it is not there.
    /// That it was taken is recorded.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`; `Conflict` when there is no report, or no browser to print it.
    pub async fn take_report(
        &self,
        actor: &Actor,
        id: &PackageId,
        as_pdf: bool,
    ) -> Result<(String, Vec<u8>)> {
        require(actor, Permission::Seal)?;
        let package = self.known_package(id).await?;
        self.finding_for(actor, &package.finding_id).await?;
        let reports = Reports::of(Path::new(&package.location));
        let path = if as_pdf { reports.pdf } else { reports.docx };
        if as_pdf && !path.is_file() && self.print_report(actor, id).await? == Printed::NoBrowser {
            return Err(Error::Conflict(
                "没有 PDF：服务器上没有 Chromium，请下载 DOCX。 There is no PDF: no Chromium on the server; take the DOCX."
                    .to_owned(),
            ));
        }
        let bytes = std::fs::read(&path)
            .map_err(|error| Error::Conflict(format!("{} cannot be read: {error}", path.display())))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.record(actor, id, "report-downloaded", name.clone()).await?;
        Ok((name, bytes))
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
