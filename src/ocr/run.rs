//! Running it on one picture: several ways of preparing it, as many as are worth it.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::Program;
use crate::domain::picture::ReadLine;
use crate::kit::problem::Problem;
use crate::picture::{Picture, Prepared, Variant, lines_of_table, merge, prepare, sureness};

/// Time for one piece of a picture, and for a picture in all.
const PIECE_LIMIT: Duration = Duration::from_secs(40);
const PICTURE_LIMIT: Duration = Duration::from_secs(180);

/// Address space of the program: its models take 0.3 GB, a piece of a picture a tenth of that.
const MEMORY_BYTES: u64 = 2 << 30;

/// Output that is read at most; the table of a dense page has 1 MB.
const MAX_TABLE_BYTES: u64 = 8 << 20;

/// A reading this sure, in percent, with at least so many letters, needs no second attempt.
const SURE_PERCENT: u64 = 93;
const SURE_LETTERS: u64 = 8;

/// Why a piece was not read.
#[derive(Debug, thiserror::Error)]
pub enum OcrError {
    /// The program could not be started, or a file beside it not written.
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
    #[error("tesseract did not finish within {limit_s} s and was ended")]
    TooSlow {
        /// The limit, in seconds.
        limit_s: u64,
    },
    /// It ended with a failure.
    #[error("tesseract ended with {status}: {says}")]
    Failed {
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of what it wrote.
        says: String,
    },
}

/// The words of a picture, and what went wrong with parts of it. Attempts end when one is sure, or when the time for the
/// picture is used.
///
/// # Errors
/// [`OcrError`] when nothing could be read because the program failed each time.
pub fn read_words(program: &Program, picture: &Picture) -> Result<(Vec<ReadLine>, Vec<Problem>), OcrError> {
    let work = Folder::new()?;
    let begin = Instant::now();
    let (mut attempts, mut problems, mut failed) = (Vec::new(), Vec::new(), None);
    for variant in Variant::ALL {
        let mut lines = Vec::new();
        for piece in prepare(picture, variant) {
            if begin.elapsed() > PICTURE_LIMIT {
                break;
            }
            match read_piece(program, &piece, &work.0) {
                Ok(table) => lines.extend(lines_of_table(&table, &piece)),
                Err(error) => failed = Some(error),
            }
        }
        let (n_letters, percent) = sureness(&lines);
        attempts.push(lines);
        if percent >= SURE_PERCENT && n_letters >= SURE_LETTERS {
            break;
        }
    }
    let lines = merge(attempts);
    match failed {
        Some(error) if lines.is_empty() => return Err(error),
        Some(error) => problems.push(Problem::new("picture-partly-read", error.to_string())),
        None => {}
    }
    if begin.elapsed() > PICTURE_LIMIT {
        let message = format!("the time for one picture, {} s, was used up", PICTURE_LIMIT.as_secs());
        problems.push(Problem::new("picture-partly-read", message));
    }
    Ok((lines, problems))
}

fn read_piece(program: &Program, piece: &Prepared, work: &Path) -> Result<String, OcrError> {
    let page = work.join("piece.pgm");
    write_pgm(&page, piece).map_err(|source| OcrError::Io { doing: "write", path: page.clone(), source })?;
    let mut command = program.command(PIECE_LIMIT.as_secs(), MEMORY_BYTES);
    command
        .arg(&page)
        .args(["stdout", "-l", program.languages(), "--psm", "6", "--dpi", "150"])
        .args(["-c", "tessedit_create_tsv=1"])
        .current_dir(work)
        .env_clear()
        .env("HOME", work)
        .env("TMPDIR", work)
        .env("LC_ALL", "C.UTF-8")
        // One thread: several pictures are read at a time, and its threads slow it down.
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(folder) = std::env::var_os("TESSDATA_PREFIX") {
        command.env("TESSDATA_PREFIX", folder);
    }
    let child = command.spawn().map_err(|source| OcrError::Io {
        doing: "start",
        path: program.path().to_owned(),
        source,
    })?;
    finish(child, PIECE_LIMIT)
}

/// Reads what a program writes until it ends, and ends it when its time is over.
fn finish(mut child: Child, limit: Duration) -> Result<String, OcrError> {
    let out = child.stdout.take().map(|pipe| std::thread::spawn(move || read_all(pipe)));
    let err = child.stderr.take().map(|pipe| std::thread::spawn(move || read_all(pipe)));
    let begin = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if begin.elapsed() < limit => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) | Err(_) => break None,
        }
    };
    let Some(status) = status else {
        // It may have ended by itself meanwhile; then there is nothing to end.
        let _ = child.kill();
        let _ = child.wait();
        return Err(OcrError::TooSlow { limit_s: limit.as_secs() });
    };
    let text = |thread: Option<std::thread::JoinHandle<Vec<u8>>>| {
        let bytes = thread.and_then(|thread| thread.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (table, says) = (text(out), text(err));
    if status.success() {
        return Ok(table);
    }
    let lines: Vec<&str> = says.lines().filter(|line| !line.trim().is_empty()).collect();
    let says = lines[lines.len().saturating_sub(3)..].join(" | ").chars().take(400).collect();
    Err(OcrError::Failed { status, says })
}

fn read_all(pipe: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut pipe = pipe;
    // What was read before a failure is still worth having.
    let _ = pipe.by_ref().take(MAX_TABLE_BYTES).read_to_end(&mut bytes);
    // The rest is thrown away, so that the program is not blocked on a full pipe.
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    bytes
}

/// The simplest format there is: nothing in it can be wrong.
fn write_pgm(path: &Path, piece: &Prepared) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    write!(file, "P5\n{} {}\n255\n", piece.pixels.width(), piece.pixels.height())?;
    file.write_all(piece.pixels.as_raw())?;
    file.flush()
}

/// A private folder that goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, OcrError> {
        let path = std::env::temp_dir().join(format!("adwatch-ocr-{}", uuid::Uuid::now_v7().simple()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(OcrError::Io { doing: "create the folder", path, source }),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: what is left holds nothing that the caller did not have.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn picture() -> Picture {
        Picture::of_pixels(image::RgbImage::from_fn(64, 32, |x, _| {
            image::Rgb(if x % 9 < 4 { [0; 3] } else { [255; 3] })
        }))
    }

    /// A program that answers for itself and then does what `script` says.
    fn program(folder: &Path, script: &str) -> Program {
        let path = folder.join("reader");
        let head = "#!/bin/sh\ncase $1 in --version) echo tesseract 5; exit;; --list-langs) echo eng; echo chi_sim; exit;; esac\n";
        std::fs::write(&path, format!("{head}{script}")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Program::find(Some(&path), super::super::DEFAULT_LANGUAGES).unwrap()
    }

    #[test]
    fn it_gets_arguments_pixels_and_a_folder_of_its_own_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let script = "/usr/bin/head -c 2 \"$1\" | /usr/bin/od -c | /usr/bin/head -1 >&2; echo \"$# $2 $3 $4 home=$HOME secret=$ADWATCH_SMTP_PASSWORD\" >&2; exit 7\n";
        let says = read_words(&program(folder.path(), script), &picture()).unwrap_err().to_string();
        assert!(says.contains("P   5") && says.contains("10 stdout -l chi_sim+eng home=/"), "{says}");
        assert!(says.contains("secret=") && !says.contains("secret=x"), "{says}");
        let home = says.split("home=").nth(1).unwrap().split_whitespace().next().unwrap();
        assert!(!Path::new(home).exists(), "its folder is gone");
    }

    #[test]
    fn what_hangs_is_ended_and_what_floods_is_cut() {
        let child = |script: &str| {
            std::process::Command::new("/bin/sh")
                .args(["-c", script])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let begin = Instant::now();
        let error = finish(child("exec sleep 600"), Duration::from_millis(200)).unwrap_err();
        assert!(matches!(error, OcrError::TooSlow { .. }) && begin.elapsed() < Duration::from_secs(20));
        let table =
            finish(child("head -c 20000000 /dev/zero | tr '\\0' 5"), Duration::from_secs(60)).unwrap();
        assert_eq!(table.len() as u64, MAX_TABLE_BYTES);
    }

    #[test]
    fn words_of_the_table_are_words_of_the_picture() {
        let folder = tempfile::tempdir().unwrap();
        let script = "printf '5\\t1\\t1\\t1\\t1\\t1\\t20\\t10\\t40\\t20\\t96.1\\t保本保息零风险高收益\\n'\n";
        let (lines, problems) = read_words(&program(folder.path(), script), &picture()).unwrap();
        assert_eq!((lines.len(), problems.len()), (1, 0));
        assert_eq!(lines[0].words[0].text, "保本保息零风险高收益");
        assert_eq!(lines[0].words[0].area.x, 10);
    }
}
