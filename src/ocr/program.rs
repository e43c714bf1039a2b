//! Which tesseract there is, and what it can read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Simplified Chinese and Latin letters: the languages of the ads.
pub const DEFAULT_LANGUAGES: &str = "chi_sim+eng";

/// Why no words are read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// There is no program.
    #[error(
        "tesseract is not installed; words in pictures are not read until it is (apt-get install tesseract-ocr tesseract-ocr-chi-sim)"
    )]
    Absent,
    /// What the settings name is no file; another is not taken in its place.
    #[error("the settings name {0} as tesseract, and there is no such file")]
    NoSuchFile(PathBuf),
    /// The settings name languages in a way that tesseract does not.
    #[error("`{0}` are no languages of tesseract; write them like {DEFAULT_LANGUAGES}")]
    Languages(String),
    /// It does not answer.
    #[error("{0} does not tell its version and languages")]
    Silent(PathBuf),
    /// A language is not there.
    #[error("{program} cannot read `{language}`; install its data (apt-get install tesseract-ocr-{})", language.replace('_', "-"))]
    NoLanguage {
        /// The program.
        program: PathBuf,
        /// The missing one.
        language: String,
    },
}

/// A tesseract that can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
    /// `prlimit` of util-linux, which sets limits before the program starts.
    limiter: Option<PathBuf>,
    languages: String,
    version: String,
}

impl Program {
    /// The configured program, or the one on the search path, with its version and that it reads `languages`.
    ///
    /// # Errors
    /// [`ProgramError`], a sentence for people.
    pub fn find(configured: Option<&Path>, languages: &str) -> Result<Self, ProgramError> {
        let search = std::env::var_os("PATH");
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !languages.split('+').all(is_name) {
            return Err(ProgramError::Languages(languages.to_owned()));
        }
        let path = match configured {
            Some(path) if path.is_file() => path.to_owned(),
            Some(path) => return Err(ProgramError::NoSuchFile(path.to_owned())),
            None => on_path(search.as_deref(), "tesseract").ok_or(ProgramError::Absent)?,
        };
        let version = answer(&path, "--version").and_then(|text| version_of(&text));
        let known = answer(&path, "--list-langs");
        let (Some(version), Some(known)) = (version, known) else { return Err(ProgramError::Silent(path)) };
        if let Some(missing) =
            languages.split('+').find(|name| !known.lines().any(|line| line.trim() == *name))
        {
            return Err(ProgramError::NoLanguage { program: path, language: missing.to_owned() });
        }
        let limiter = on_path(search.as_deref(), "prlimit");
        Ok(Self { path, limiter, languages: languages.to_owned(), version })
    }

    /// What reads, for records: `tesseract 5.3.0 chi_sim+eng`.
    pub fn title(&self) -> String {
        format!("tesseract {} {}", self.version, self.languages)
    }

    /// A start of it with limits, without arguments of its own: `seconds` of processor time, `memory_bytes` of address
    /// space, no file written.
    pub(super) fn command(&self, seconds: u64, memory_bytes: u64) -> Command {
        let Some(limiter) = &self.limiter else { return Command::new(&self.path) };
        let mut command = Command::new(limiter);
        command
            .arg(format!("--cpu={seconds}"))
            .arg(format!("--as={memory_bytes}"))
            .args(["--fsize=0", "--core=0", "--nofile=64", "--"])
            .arg(&self.path);
        command
    }

    pub(super) fn languages(&self) -> &str {
        &self.languages
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn on_path(path: Option<&OsStr>, name: &str) -> Option<PathBuf> {
    let mut folders = std::env::split_paths(path?).filter(|folder| folder.is_absolute());
    folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()))
}

fn answer(program: &Path, question: &str) -> Option<String> {
    let output = Command::new(program).arg(question).stdin(Stdio::null()).output().ok()?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    output.status.success().then(|| String::from_utf8_lossy(&text).into_owned())
}

/// `tesseract 5.3.0` as `5.3.0`.
fn version_of(text: &str) -> Option<String> {
    let version = text.lines().next()?.strip_prefix("tesseract ")?.trim().trim_start_matches('v');
    let is_version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!version.is_empty() && version.chars().all(is_version)).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_program_is_used_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("reader");
        let find = || Program::find(Some(&own), DEFAULT_LANGUAGES).unwrap_err();
        assert_eq!(find(), ProgramError::NoSuchFile(own.clone()));
        let error = Program::find(Some(&own), "chi_sim;rm").unwrap_err();
        assert_eq!(error, ProgramError::Languages("chi_sim;rm".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn version_and_languages_are_asked_before_anything_is_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("reader");
        let find = |script: &str| {
            std::fs::write(&own, script).unwrap();
            std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o755)).unwrap();
            Program::find(Some(&own), DEFAULT_LANGUAGES)
        };
        let script =
            "#!/bin/sh\ncase $1 in --version) echo tesseract 5.3.0;; *) echo List; echo eng;; esac\n";
        let missing = ProgramError::NoLanguage { program: own.clone(), language: "chi_sim".to_owned() };
        assert_eq!(find(script), Err(missing.clone()));
        assert!(missing.to_string().contains("tesseract-ocr-chi-sim"), "{missing}");
        assert_eq!(find("#!/bin/sh\nexit 1\n"), Err(ProgramError::Silent(own.clone())));
        let whole = find(&script.replace("echo eng", "echo eng; echo chi_sim")).unwrap();
        assert_eq!(whole.title(), "tesseract 5.3.0 chi_sim+eng");
    }
}
