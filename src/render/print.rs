//! HTML to PDF.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::program::Program;

/// Stands before every page, so that its policy holds from the first byte; the page's own doctype, `html` and `head` are
/// then read as if they stood here. Switching scripts off by an argument would also switch off printing.
const HEAD: &str = "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
    content=\"default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'\">\n";

/// Why nothing was printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The program could not be started, or a file beside it not written or read.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It took too long and was ended.
    #[error("{program} did not finish printing within {limit_s} s and was ended")]
    TooSlow {
        /// The program.
        program: PathBuf,
        /// The limit, in seconds.
        limit_s: u64,
    },
    /// It ended without a PDF.
    #[error("{program} ended with {status} and left no PDF; it says: {says}")]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of what it wrote.
        says: String,
    },
}

/// Prints a page of our own making to PDF, as its `@page` rules say. Images must be `data:` addresses: there is no
/// network, no script runs, and the profile is new and removed afterwards. The bytes carry the time of printing, so two
/// prints of one page differ.
///
/// # Errors
/// [`PrintError`]; the program is ended in every case.
pub async fn print(program: &Program, html: &str, limit: Duration) -> Result<Vec<u8>, PrintError> {
    let work = Folder::new()?;
    let (page, printed) = (work.0.join("page.html"), work.0.join("page.pdf"));
    std::fs::write(&page, [HEAD, html].concat()).map_err(|source| io_error("write", &page, source))?;
    let mut command = Command::new(program.path());
    command
        .args(Program::arguments(&work.0.join("profile")))
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        // Nothing listens on this port; loopback is not exempt, so even an address without a name leads nowhere.
        .args(["--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>"])
        .arg("--no-pdf-header-footer")
        .arg(format!("--print-to-pdf={}", printed.display()))
        .arg(format!("file://{}", page.display()))
        .current_dir(&work.0)
        .env("HOME", &work.0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let child = command.spawn().map_err(|source| io_error("start", program.path(), source))?;
    let ended = tokio::time::timeout(limit, child.wait_with_output())
        .await
        .map_err(|_| PrintError::TooSlow { program: program.path().to_owned(), limit_s: limit.as_secs() })?
        .map_err(|source| io_error("wait for", program.path(), source))?;
    match std::fs::read(&printed) {
        Ok(pdf) if pdf.starts_with(b"%PDF-") => Ok(pdf),
        _ => Err(PrintError::Failed {
            program: program.path().to_owned(),
            status: ended.status,
            says: last_words(&ended.stderr),
        }),
    }
}

/// A private folder that goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, PrintError> {
        let path = std::env::temp_dir().join(format!("adwatch-print-{}", uuid::Uuid::now_v7().simple()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|source| io_error("create the folder", &path, source))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: what is left holds nothing that the caller did not have.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" | ").chars().take(600).collect()
}

fn io_error(doing: &'static str, path: &Path, source: std::io::Error) -> PrintError {
    PrintError::Io { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Machines without Chromium check the rest; `.ci/test` installs it.
    fn chromium() -> Option<Program> {
        Program::find(None)
    }

    #[tokio::test]
    async fn a_page_becomes_a_pdf_without_its_script_and_its_image_from_afar() {
        let Some(program) = chromium() else { return };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let html = format!(
            "<!doctype html><meta charset=utf-8><title>涉嫌</title><p>保本</p><img src=http://{}/x.png>\
             <script>document.title = 'ran'</script>",
            listener.local_addr().unwrap()
        );
        let pdf = print(&program, &html, Duration::from_secs(60)).await.unwrap();
        let document = lopdf::Document::load_mem(&pdf).unwrap();
        assert_eq!(document.get_pages().len(), 1);
        let info = document.trailer.get(b"Info").unwrap().as_reference().unwrap();
        let title = document.get_dictionary(info).unwrap().get(b"Title").unwrap();
        assert_eq!(lopdf::decode_text_string(title).unwrap(), "涉嫌", "a script would have changed it");
        let asked = listener.accept().map(|_| ());
        assert_eq!(asked.unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "the network was used");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_that_hangs_or_fails_is_named_with_what_it_says() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let cases = [
            ("hangs", "#!/bin/sh\nexec sleep 600\n", "did not finish printing within 1 s"),
            ("fails", "#!/bin/sh\necho no display >&2\nexit 7\n", "it says: no display"),
        ];
        for (name, script, expected) in cases {
            let path = folder.path().join(name);
            std::fs::write(&path, script).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            let program = Program::find(Some(&path)).unwrap();
            let error = print(&program, "<p>", Duration::from_secs(1)).await.unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(name), "{error}");
        }
    }
}
