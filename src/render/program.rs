//! Which Chromium there is.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// Names under which systems install it, the most usual first.
const NAMES: &[&str] =
    &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge"];

/// A Chromium that can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program(PathBuf);

impl Program {
    /// The configured program, or the first Chromium on the search path; `None` when there is none. A configured one
    /// that is no file is not replaced by another: what the office chose is used or nothing.
    pub fn find(configured: Option<&Path>) -> Option<Self> {
        match configured {
            Some(path) => path.is_file().then(|| Self(path.to_owned())),
            None => search(std::env::var_os("PATH").as_deref()),
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What it says of itself, for example `Chromium 140.0.7339.80`; `None` when it does not answer within ten seconds.
    pub async fn version(&self) -> Option<String> {
        let mut command = tokio::process::Command::new(&self.0);
        command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let answer = tokio::time::timeout(Duration::from_secs(10), command.output()).await.ok()?.ok()?;
        let line = String::from_utf8_lossy(&answer.stdout).lines().next()?.trim().to_owned();
        (answer.status.success() && !line.is_empty()).then_some(line)
    }

    /// Arguments that every start shares: a profile of its own, nothing that talks to the maker of the browser,
    /// nothing remembered. Chromium refuses its sandbox to the superuser, so there, and only there, it runs without.
    pub(super) fn arguments(profile: &Path) -> Vec<String> {
        let mut arguments: Vec<String> = [
            "--headless",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-extensions",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-domain-reliability",
            "--disable-sync",
            "--disable-breakpad",
            "--metrics-recording-only",
            "--password-store=basic",
            "--use-mock-keychain",
        ]
        .map(str::to_owned)
        .into();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        if is_superuser() {
            arguments.push("--no-sandbox".to_owned());
        }
        arguments
    }
}

fn search(path: Option<&std::ffi::OsStr>) -> Option<Program> {
    let folders: Vec<PathBuf> = std::env::split_paths(path?).filter(|folder| folder.is_absolute()).collect();
    NAMES.iter().find_map(|name| {
        folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()).map(Program)
    })
}

fn is_superuser() -> bool {
    #[cfg(target_os = "linux")]
    return std::os::unix::fs::MetadataExt::uid(&match std::fs::metadata("/proc/self") {
        Ok(own) => own,
        Err(_) => return false,
    }) == 0;
    #[cfg(not(target_os = "linux"))]
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_program_is_used_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("browser");
        assert_eq!(Program::find(Some(&own)), None);
        std::fs::write(&own, "").unwrap();
        assert_eq!(Program::find(Some(&own)).unwrap().path(), own);
    }

    #[test]
    fn the_search_path_is_asked_by_usual_names_and_never_by_the_working_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("google-chrome"), "").unwrap();
        let path = std::env::join_paths([Path::new("."), folder.path()]).unwrap();
        assert_eq!(search(Some(&path)).unwrap().path(), folder.path().join("google-chrome"));
        std::fs::write(folder.path().join("chromium"), "").unwrap();
        assert_eq!(search(Some(&path)).unwrap().path(), folder.path().join("chromium"));
        assert_eq!(search(Some(std::ffi::OsStr::new("."))), None);
        assert_eq!(search(None), None);
    }
}
