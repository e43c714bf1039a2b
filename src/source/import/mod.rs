//! Reading files that people bring: every format of `adwatch import`, each a pure reader over bytes.
//!
//! A reader turns a file into records, in order and without holding the whole file where the format allows it.
//! What is broken is a value between the records, with its place, and the reader goes on behind it. Readers
//! never touch disk or network, and a name inside an archive is only ever shown, never used as a path.

mod csv;
mod har;
mod head;
mod html_file;
mod http;
mod image;
mod json;
mod json_rows;
mod mhtml;
mod pdf;
mod saved;
mod table;
mod transcript;
mod url_list;
mod wacz;
mod warc;
mod window;
mod xlsx;

#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

use crate::domain::ad::AdDraft;
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

pub use head::Head;
pub use image::WORDS_NOT_READ;
pub use saved::{Media, media_of, read_saved};
pub use table::{ColumnMap, Field};

/// Largest file that is read as a whole (pages, HAR, PDF, transcripts), in bytes.
pub const MAX_WHOLE_BYTES: u64 = 256 << 20;
/// Largest body of one record of an archive, in bytes; a larger one is reported and skipped.
pub const MAX_RECORD_BYTES: u64 = 20 << 20;

/// Something that can be read from any position: a file, or bytes in a test.
pub trait Bytes: Read + Seek + Send {}
impl<T: Read + Seek + Send> Bytes for T {}

/// The file to read.
pub type Input = Box<dyn Bytes>;

/// What a person said about the file.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which column holds what; columns that are not named are guessed from their headings.
    pub columns: ColumnMap,
}

/// A file that was opened.
pub struct Opened {
    /// Which heading is taken for which field, for tables; shown to the user.
    pub columns: Vec<(Field, String)>,
    /// The records and what was wrong between them, in the order of the file.
    pub items: Items,
}

/// Records in the order of the file.
pub type Items = Box<dyn Iterator<Item = Result<Record, BadRecord>> + Send>;

/// One record that could not be read; the ones behind it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// Where, for example `row 7` or `record 3 at byte 1024`.
    pub place: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl BadRecord {
    fn new(place: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self { place: place.into(), problem: Problem::new(code, message) }
    }
}

/// One record of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands: row, record, page or cue times.
    pub place: String,
    /// What it holds.
    pub content: Content,
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A page or another answer of a host, with bytes of its own.
    Saved(Box<Saved>),
    /// Words in the file itself.
    Words(Box<Words>),
    /// A report by a person: words, and apart from them who reported.
    Report(Box<Report>),
    /// An address to fetch.
    Address(String),
}

/// An answer of a host as an archive kept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The address that answered; `None` when the file does not say.
    pub url: Option<String>,
    /// When it was saved, as the file says.
    pub saved_at: Option<UnixMs>,
    /// HTTP status; 200 where the format has none.
    pub status: u16,
    /// HTTP version; empty where the format has none.
    pub http_version: String,
    /// Response headers as the archive has them.
    pub headers: Vec<(String, String)>,
    /// The address that answered, if the archive has it.
    pub remote_addr: String,
    /// The body; `Content-Encoding` is still on it if the headers say so.
    pub body: Vec<u8>,
}

/// Words of a table or a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The ad; its locator is the place.
    pub draft: AdDraft,
    /// The page it stood on, if the file says.
    pub page_url: Option<String>,
}

/// A complaint or report: what was received, without who received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The words that were reported.
    pub words: Words,
    /// The row without the columns that tell the reporter; what is kept and shown as evidence.
    pub row: Vec<u8>,
    /// Heading and value of each column that tells the reporter. Never judged, logged or sealed.
    pub reporter: Vec<(String, String)>,
}

/// What the vault keeps of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// The file, byte by byte; records that have no bytes of their own point to it.
    File,
    /// Each record; the archive, which may be larger than any disk, stays where it is and is named by its digest.
    Records,
}

/// One format.
pub struct Reader {
    /// Stable name, for `--as`, reports and records.
    pub name: &'static str,
    /// What it is, Chinese.
    pub zh: &'static str,
    /// What it is, English.
    pub en: &'static str,
    /// Extensions that files of this format have, lower case; used only when the content does not tell.
    pub extensions: &'static [&'static str],
    /// By what the content tells the format, for documentation.
    pub told_by: &'static str,
    /// A file under `fixtures/import/` that shows it.
    pub example: &'static str,
    /// What is kept.
    pub keeps: Keeps,
    /// Whether the content is of this format.
    pub recognizes: fn(&Head) -> bool,
    /// Opens a file.
    pub open: fn(Input, &Options) -> Result<Opened, Problem>,
}

/// Every format; of those that recognize a file the first reads it.
pub const READERS: &[Reader] = &[
    warc::READER,
    wacz::READER,
    xlsx::READER,
    pdf::READER,
    image::READER,
    mhtml::READER,
    har::READER,
    transcript::VTT,
    transcript::SRT,
    transcript::ASR,
    html_file::READER,
    json_rows::READER,
    url_list::READER,
    csv::READER,
];

/// The reader of this name.
pub fn reader(name: &str) -> Option<&'static Reader> {
    READERS.iter().find(|reader| reader.name == name)
}

/// Which reader reads a file that begins with `head` and has this extension: by content, then by extension.
pub fn recognize(head: &Head, extension: &str) -> Option<&'static Reader> {
    let extension = extension.to_ascii_lowercase();
    let by_name = || READERS.iter().find(|reader| reader.extensions.contains(&extension.as_str()));
    READERS.iter().find(|reader| (reader.recognizes)(head)).or_else(by_name)
}

/// The whole input, if it is not larger than [`MAX_WHOLE_BYTES`].
fn whole(mut input: Input) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    match input.by_ref().take(MAX_WHOLE_BYTES + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > MAX_WHOLE_BYTES => Err(Problem::new(
            "too-large",
            format!("the file has more than {} MiB; split it, or bring it as WARC", MAX_WHOLE_BYTES >> 20),
        )),
        Ok(_) => Ok(bytes),
        Err(error) => Err(Problem::new("unreadable", format!("reading stopped: {error}"))),
    }
}

fn without_columns(items: impl Iterator<Item = Result<Record, BadRecord>> + Send + 'static) -> Opened {
    Opened { columns: Vec::new(), items: Box::new(items) }
}

/// Runs a parser of others on bytes that may be hostile: a panic in it is a problem of the file.
fn guarded<T: Send + 'static>(
    what: &str,
    parse: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    const STACK_BYTES: usize = 32 << 20;
    let damaged = |why: String| Problem::new("damaged", format!("the {what} cannot be read: {why}"));
    std::thread::Builder::new()
        .name(format!("read {what}"))
        .stack_size(STACK_BYTES)
        .spawn(parse)
        .map_err(|error| damaged(error.to_string()))?
        .join()
        .unwrap_or_else(|_| Err(damaged("its parser gave up on it".to_owned())))
}
