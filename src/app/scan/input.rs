//! Where documents come from, cut into batches of bounded size.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::MAX_DOCUMENT_BYTES;
use crate::kit::problem::Problem;
use crate::picture::is_picture;

/// Bytes of JSON Lines that are judged together.
const BATCH_BYTES: usize = 256 << 10;
/// Plain text longer than this is judged piece by piece, cut between lines.
const TEXT_PIECE_BYTES: usize = 1 << 20;

/// Largest picture that is read.
const MAX_PICTURE_BYTES: usize = 32 << 20;

/// One thing named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanInput {
    /// Words given directly.
    Text(String),
    /// Standard input.
    Stdin(InputFormat),
    /// A file or a folder, walked in name order.
    Path(PathBuf, InputFormat),
}

/// How bytes are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// By name: `.jsonl`/`.ndjson`, `.html`/`.htm`, else by its first bytes: a picture, a page, JSON Lines, else text.
    Auto,
    /// One document.
    Text,
    /// One page.
    Html,
    /// One JSON object per line.
    JsonLines,
}

/// Work for one thread.
#[derive(Debug)]
pub enum Batch {
    /// Whole lines of JSON.
    Lines {
        /// The file.
        origin: Arc<str>,
        /// Number of the first line, from 1.
        first_line: u64,
        /// The lines.
        bytes: Vec<u8>,
        /// What ended the file early; belongs to the last line.
        problem: Option<Problem>,
    },
    /// A line that is too long to keep; only its head was read.
    LongLine {
        /// The file.
        origin: Arc<str>,
        /// Its number, from 1.
        line: u64,
        /// How long it was.
        size_bytes: u64,
    },
    /// Text or a page; long text comes as several pieces with one id.
    Document {
        /// The file.
        origin: Arc<str>,
        /// Whether it is HTML.
        html: bool,
        /// The bytes.
        bytes: Vec<u8>,
        /// Which piece of the text it is, from 0, when there are several.
        piece: Option<u64>,
        /// What was wrong.
        problems: Vec<Problem>,
    },
    /// A picture.
    Picture {
        /// The file.
        origin: Arc<str>,
        /// Its bytes.
        bytes: Vec<u8>,
        /// What was wrong.
        problems: Vec<Problem>,
    },
    /// Something that could not be opened.
    Unreadable {
        /// The file.
        origin: Arc<str>,
        /// Why.
        problem: Problem,
    },
}

/// The batches of `inputs`, read lazily.
pub fn batches(inputs: &[ScanInput]) -> impl Iterator<Item = Batch> + Send {
    inputs.iter().cloned().flat_map(batches_of)
}

type Batches = Box<dyn Iterator<Item = Batch> + Send>;

fn batches_of(input: ScanInput) -> Batches {
    match input {
        ScanInput::Text(text) => one(Batch::Document {
            origin: Arc::from("text"),
            html: false,
            bytes: text.into_bytes(),
            piece: None,
            problems: Vec::new(),
        }),
        ScanInput::Stdin(format) => {
            read(Arc::from("-"), unpacked(BufReader::with_capacity(64 << 10, std::io::stdin())), format)
        }
        ScanInput::Path(path, format) => path_batches(path, format),
    }
}

fn path_batches(path: PathBuf, format: InputFormat) -> Batches {
    let origin: Arc<str> = Arc::from(path.display().to_string());
    if path.is_dir() {
        return match std::fs::read_dir(&path) {
            Ok(entries) => {
                let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
                paths.sort();
                // A link could lead out of the folder or in a circle; files named themselves are still read.
                paths.retain(|path| !path.is_symlink());
                Box::new(paths.into_iter().flat_map(move |path| path_batches(path, format)))
            }
            Err(error) => unreadable(origin, &error),
        };
    }
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) => return unreadable(origin, &error),
    };
    let name = if extension(&path) == "gz" { path.with_extension("") } else { path };
    let mut reader = unpacked(BufReader::with_capacity(64 << 10, file));
    let format = match (format, extension(&name).as_str()) {
        (InputFormat::Auto, "jsonl" | "ndjson") => InputFormat::JsonLines,
        (InputFormat::Auto, "html" | "htm" | "xhtml") => InputFormat::Html,
        (InputFormat::Auto, _) if reader.fill_buf().is_ok_and(is_picture) => InputFormat::Auto,
        (InputFormat::Auto, _) => InputFormat::Text,
        (chosen, _) => chosen,
    };
    read(origin, reader, format)
}

type Reader = Box<dyn BufRead + Send>;

/// The bytes inside gzip when the input is gzip by its first two bytes (RFC 1952), whatever its name says.
fn unpacked(mut reader: impl BufRead + Send + 'static) -> Reader {
    if reader.fill_buf().is_ok_and(|head| head.starts_with(&[0x1f, 0x8b])) {
        Box::new(BufReader::with_capacity(64 << 10, flate2::bufread::MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    }
}

fn read(origin: Arc<str>, mut reader: Reader, format: InputFormat) -> Batches {
    let format = match format {
        InputFormat::Auto => match reader.fill_buf() {
            Ok(head) if head.trim_ascii_start().starts_with(b"{") => InputFormat::JsonLines,
            Ok(head) if looks_like_html(head) => InputFormat::Html,
            Ok(head) if is_picture(head) => {
                let (bytes, problems) = read_up_to(&mut reader, MAX_PICTURE_BYTES);
                return one(Batch::Picture { origin, bytes, problems });
            }
            _ => InputFormat::Text,
        },
        chosen => chosen,
    };
    match format {
        InputFormat::JsonLines => {
            Box::new(Lines { origin, reader, next_line: 1, carried: None, ended: false })
        }
        InputFormat::Html => {
            let (bytes, problems) = read_up_to(&mut reader, MAX_DOCUMENT_BYTES);
            one(Batch::Document { origin, html: true, bytes, piece: None, problems })
        }
        InputFormat::Auto | InputFormat::Text => {
            Box::new(Pieces { origin, reader, next_piece: 0, ended: false })
        }
    }
}

fn looks_like_html(head: &[u8]) -> bool {
    let head: Vec<u8> = head.trim_ascii_start().iter().take(15).map(u8::to_ascii_lowercase).collect();
    head.starts_with(b"<!doctype html") || head.starts_with(b"<html")
}

fn extension(path: &Path) -> String {
    path.extension().and_then(|found| found.to_str()).unwrap_or_default().to_ascii_lowercase()
}

fn one(batch: Batch) -> Batches {
    Box::new(std::iter::once(batch))
}

fn unreadable(origin: Arc<str>, error: &std::io::Error) -> Batches {
    let problem = Problem::new("unreadable", format!("{origin} cannot be opened: {error}"));
    one(Batch::Unreadable { origin, problem })
}

/// A read error as a problem: for packed input nearly always a cut or damaged file.
fn read_problem(error: &std::io::Error) -> Problem {
    use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    if matches!(error.kind(), UnexpectedEof | InvalidData | InvalidInput) {
        Problem::new(
            "damaged-gzip",
            format!("the packed input ends early or is damaged: {error}; what came before was judged"),
        )
    } else {
        Problem::new("read-error", format!("reading stopped: {error}; what came before was judged"))
    }
}

fn read_up_to(reader: &mut impl BufRead, limit_bytes: usize) -> (Vec<u8>, Vec<Problem>) {
    let mut bytes = Vec::new();
    let mut problems = Vec::new();
    if let Err(error) = reader.by_ref().take(limit_bytes as u64).read_to_end(&mut bytes) {
        problems.push(read_problem(&error));
    } else if reader.fill_buf().is_ok_and(|rest| !rest.is_empty()) {
        problems.push(Problem::new(
            "too-large",
            format!("only the first {limit_bytes} bytes were judged; split the document to judge the rest"),
        ));
    }
    (bytes, problems)
}

/// JSON Lines in batches of whole lines.
struct Lines {
    origin: Arc<str>,
    reader: Reader,
    next_line: u64,
    carried: Option<Batch>,
    ended: bool,
}

impl Iterator for Lines {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        if let Some(batch) = self.carried.take() {
            return Some(batch);
        }
        let first_line = self.next_line;
        let mut bytes = Vec::new();
        let mut problem = None;
        while !self.ended && bytes.len() < BATCH_BYTES {
            let start = bytes.len();
            match read_line(&mut self.reader, &mut bytes) {
                Ok(Line::End) => self.ended = true,
                Ok(Line::Read) => self.next_line += 1,
                Ok(Line::TooLong { size_bytes }) => {
                    bytes.truncate(start);
                    self.carried = Some(Batch::LongLine {
                        origin: self.origin.clone(),
                        line: self.next_line,
                        size_bytes,
                    });
                    self.next_line += 1;
                    break;
                }
                Err(error) => {
                    self.ended = true;
                    problem = Some(read_problem(&error));
                }
            }
        }
        if bytes.is_empty() && problem.is_none() {
            return self.carried.take();
        }
        Some(Batch::Lines { origin: self.origin.clone(), first_line, bytes, problem })
    }
}

enum Line {
    Read,
    TooLong { size_bytes: u64 },
    End,
}

/// Appends one line; of a line over the limit only its length is learnt, so memory stays bounded.
fn read_line(reader: &mut impl BufRead, bytes: &mut Vec<u8>) -> std::io::Result<Line> {
    let start = bytes.len();
    let read = reader.by_ref().take(MAX_DOCUMENT_BYTES as u64 + 1).read_until(b'\n', bytes)?;
    if read == 0 {
        return Ok(Line::End);
    }
    if bytes.last() == Some(&b'\n') || bytes.len() - start <= MAX_DOCUMENT_BYTES {
        return Ok(Line::Read);
    }
    let mut size_bytes = read as u64;
    loop {
        let (used, found) = {
            let buffer = reader.fill_buf()?;
            match memchr::memchr(b'\n', buffer) {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            }
        };
        reader.consume(used);
        size_bytes += used as u64;
        if found {
            return Ok(Line::TooLong { size_bytes });
        }
    }
}

/// Plain text, whole when short, else in pieces cut between lines.
struct Pieces {
    origin: Arc<str>,
    reader: Reader,
    next_piece: u64,
    ended: bool,
}

impl Iterator for Pieces {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        if self.ended {
            return None;
        }
        let mut bytes = Vec::new();
        let mut problems = Vec::new();
        match self.reader.by_ref().take(TEXT_PIECE_BYTES as u64).read_to_end(&mut bytes) {
            Ok(read) if read == TEXT_PIECE_BYTES => {
                // Up to the end of the line, or of a bounded stretch when there are no lines.
                match self.reader.by_ref().take(TEXT_PIECE_BYTES as u64).read_until(b'\n', &mut bytes) {
                    Ok(_) => self.ended = self.reader.fill_buf().is_ok_and(<[u8]>::is_empty),
                    Err(error) => {
                        self.ended = true;
                        problems.push(read_problem(&error));
                    }
                }
            }
            Ok(_) => self.ended = true,
            Err(error) => {
                self.ended = true;
                problems.push(read_problem(&error));
            }
        }
        let piece = (self.next_piece > 0 || !self.ended).then_some(self.next_piece);
        self.next_piece += 1;
        if bytes.is_empty() && problems.is_empty() && piece.is_some_and(|piece| piece > 0) {
            return None;
        }
        Some(Batch::Document { origin: self.origin.clone(), html: false, bytes, piece, problems })
    }
}
