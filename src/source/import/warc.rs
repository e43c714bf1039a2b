//! WARC (ISO 28500), packed or not, of any size: one record in memory at a time. Behind a damaged record the next
//! one is looked for.

use std::io::{BufRead as _, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::window::Window;
use super::{
    BadRecord, Content, Head, Input, Keeps, MAX_RECORD_BYTES, Opened, Options, Reader, Record, Saved, http,
    without_columns,
};
use crate::extract::moment;
use crate::kit::problem::Problem;

/// HTTP headers stand in a record beside the body.
const MAX_BLOCK_BYTES: u64 = MAX_RECORD_BYTES + (1 << 20);
/// Headers of a record, in bytes.
const MAX_HEADER_BYTES: u64 = 64 << 10;
/// A packed record that unpacks to more than this and more than [`MAX_RATIO`] times its size is a bomb.
const BOMB_FROM_BYTES: u64 = 32 << 20;
const MAX_RATIO: u64 = 200;

pub(super) const READER: Reader = Reader {
    name: "warc",
    zh: "网页存档 WARC（.warc、.warc.gz）",
    en: "web archives (.warc, .warc.gz)",
    extensions: &["warc"],
    told_by: "`WARC/` in the first line, also inside gzip",
    example: "pages.warc",
    keeps: Keeps::Records,
    recognizes: |head: &Head| head.bytes.starts_with(b"WARC/"),
    open: |mut input: Input, _: &Options| {
        let mut magic = [0; 2];
        let unreadable =
            |error: std::io::Error| Problem::new("unreadable", format!("reading stopped: {error}"));
        input.read_exact(&mut magic).and_then(|()| input.rewind()).map_err(unreadable)?;
        Ok(open_stream(input, magic == [0x1f, 0x8b]))
    },
};

/// Opens a WARC that need not be rewound; `is_gzip` says whether its records are packed.
pub(super) fn open_stream(input: impl Read + Send + 'static, is_gzip: bool) -> Opened {
    let member_at = Arc::new(AtomicU64::new(0));
    let bytes: Box<dyn Read + Send> =
        if is_gzip { Box::new(Members::new(input, member_at.clone())) } else { Box::new(input) };
    without_columns(Records {
        bytes: Window::new(bytes),
        member_at: is_gzip.then_some(member_at),
        n_records: 0,
        is_over: false,
        behind: None,
    })
}

struct Records {
    bytes: Window<Box<dyn Read + Send>>,
    /// Where the packed record being read begins.
    member_at: Option<Arc<AtomicU64>>,
    n_records: u64,
    is_over: bool,
    /// What stood behind a record that was whole.
    behind: Option<std::io::Error>,
}

impl Iterator for Records {
    type Item = Result<Record, BadRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            match self.read() {
                Ok(Step::Record(record)) => return Some(Ok(record)),
                Ok(Step::PassedOver) => {}
                Ok(Step::End) => self.is_over = true,
                Err(Failure::Record(bad)) => return Some(Err(bad)),
                Err(Failure::Stream(error)) => {
                    // The unpacker stands at the next record already; a plain file does not go on.
                    self.bytes.clear();
                    self.is_over = self.member_at.is_none();
                    return Some(Err(BadRecord::new(
                        self.place(),
                        "damaged",
                        format!("{error}; the record is skipped"),
                    )));
                }
            }
        }
        None
    }
}

enum Step {
    Record(Record),
    /// A request, metadata, or something else that is no answer of a host.
    PassedOver,
    End,
}

enum Failure {
    Record(BadRecord),
    Stream(std::io::Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Stream(error)
    }
}

impl Records {
    /// Where the packed record that was read last begins.
    fn member(&self) -> Option<u64> {
        self.member_at.as_ref().map(|at| at.load(Ordering::Relaxed))
    }

    fn place(&self) -> String {
        format!("record {} at byte {}", self.n_records, self.member().unwrap_or(self.bytes.position))
    }

    fn bad(&self, place: &str, code: &str, message: impl Into<String>) -> Failure {
        Failure::Record(BadRecord::new(place, code, message))
    }

    fn read(&mut self) -> Result<Step, Failure> {
        if let Some(error) = self.behind.take() {
            return Err(Failure::Stream(error));
        }
        loop {
            match self.bytes.peek(1)?.first() {
                Some(b'\r' | b'\n') => self.bytes.consume(1),
                Some(_) => break,
                None => return Ok(Step::End),
            }
        }
        self.n_records += 1;
        let (place, member) = (self.place(), self.member());
        if !self.bytes.peek(5)?.starts_with(b"WARC/") {
            let n_skipped = self.skip_to_record()?;
            return Err(self.bad(
                &place,
                "damaged",
                format!("no record begins here; {n_skipped} bytes were skipped"),
            ));
        }
        let Some(headers) = self.headers()? else {
            self.skip_to_record()?;
            return Err(self.bad(&place, "damaged", "the headers of the record do not end; it is skipped"));
        };
        let Some(length) = http::value(&headers, "content-length").and_then(|text| text.parse::<u64>().ok())
        else {
            self.skip_to_record()?;
            return Err(self.bad(&place, "damaged", "the record does not say how long it is; it is skipped"));
        };
        if length > MAX_BLOCK_BYTES {
            self.skip(length, member)?;
            let message = format!("{length} bytes, at most {MAX_RECORD_BYTES} are read; it is skipped");
            return Err(self.bad(&place, "too-large", message));
        }
        let mut block = Vec::new();
        self.bytes.by_ref().take(length).read_to_end(&mut block)?;
        // One byte more than the mark at the end of a record makes the unpacker check the sum at the end of its member.
        if let Err(error) = self.bytes.peek(5).map(drop) {
            if self.member() == member {
                return Err(Failure::Stream(error));
            }
            self.behind = Some(error);
        }
        let after = if self.behind.is_some() { &b"\r\n"[..] } else { self.bytes.peek(4)? };
        if !(after.is_empty() || after.starts_with(b"\r\n") || after.starts_with(b"\n"))
            || (block.len() as u64) < length
        {
            // Bytes are missing: the next record may stand inside what looked like this one.
            if let Some(at) = memchr::memmem::find(&block, b"\r\nWARC/1.") {
                let rest = block.split_off(at + 2);
                self.bytes.give_back(&rest);
            }
            return Err(self.bad(
                &place,
                "damaged",
                format!("the record is not {length} bytes long as it says; it is skipped"),
            ));
        }
        Ok(saved(&headers, block).map_or(Step::PassedOver, |saved| {
            Step::Record(Record { place, content: Content::Saved(Box::new(saved)) })
        }))
    }

    /// Headers with their version line, up to the empty line.
    fn headers(&mut self) -> Result<Option<Vec<(String, String)>>, Failure> {
        let mut text = Vec::new();
        loop {
            let before = text.len();
            let left = MAX_HEADER_BYTES.saturating_sub(before as u64);
            self.bytes.by_ref().take(left).read_until(b'\n', &mut text)?;
            let line = &text[before..];
            if line.trim_ascii().is_empty() && line.last() == Some(&b'\n') {
                return Ok(Some(http::headers(String::from_utf8_lossy(&text).lines())));
            }
            if line.last() != Some(&b'\n') {
                return Ok(None);
            }
        }
    }

    /// Takes `length` bytes, but none of another packed record.
    fn skip(&mut self, length: u64, member: Option<u64>) -> Result<(), Failure> {
        let mut left = length;
        while left > 0 {
            let n = self.bytes.peek(1)?.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if n == 0 || self.member() != member {
                break;
            }
            self.bytes.consume(n);
            left -= n as u64;
        }
        Ok(())
    }

    /// Takes bytes until a record may begin; gives how many.
    fn skip_to_record(&mut self) -> Result<u64, Failure> {
        let from = self.bytes.position;
        // The mark that stands here is not the one that is looked for.
        let n = self.bytes.peek(1)?.len().min(1);
        self.bytes.consume(n);
        loop {
            let shown = self.bytes.peek(16)?;
            if let Some(at) = memchr::memmem::find(shown, b"WARC/1.") {
                self.bytes.consume(at);
                return Ok(self.bytes.position - from);
            }
            // The mark may begin at the end of what is shown.
            let (n, is_end) = (shown.len(), shown.len() < 16);
            self.bytes.consume(if is_end { n } else { n - 6 });
            if is_end {
                return Ok(self.bytes.position - from);
            }
        }
    }
}

/// The answer in a record, if it is one.
fn saved(headers: &[(String, String)], block: Vec<u8>) -> Option<Saved> {
    let header = |name| http::value(headers, name);
    let url = header("warc-target-uri")?.trim_matches(['<', '>']);
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return None;
    }
    let mut saved = match header("warc-type")? {
        "response" => {
            let http::Answer { version, status, headers, body } = http::answer(&block)?;
            Saved { status, http_version: version, headers, ..Saved::of_file(body, "") }
        }
        "resource" | "conversion" => Saved::of_file(block, header("content-type").unwrap_or_default()),
        _ => return None,
    };
    saved.url = Some(url.to_owned());
    saved.saved_at = header("warc-date").and_then(moment::parse);
    saved.remote_addr = header("warc-ip-address").unwrap_or_default().to_owned();
    Some(saved)
}

/// The bytes inside the members of a gzip file. A damaged member ends with an error, once; reading goes on with
/// the next member.
struct Members<R: Read> {
    state: State<R>,
    member_at: Arc<AtomicU64>,
    n_unpacked: u64,
}

enum State<R: Read> {
    Between(Window<R>),
    Inside(Box<flate2::bufread::GzDecoder<Window<R>>>),
    Over,
}

impl<R: Read> Members<R> {
    fn new(inner: R, member_at: Arc<AtomicU64>) -> Self {
        Self { state: State::Between(Window::new(inner)), member_at, n_unpacked: 0 }
    }

    /// Leaves the packed bytes at the next place where a member may begin.
    fn after_damage(&mut self, mut packed: Window<R>) -> std::io::Result<()> {
        if packed.position == self.member_at.load(Ordering::Relaxed) {
            packed.peek(1)?;
            packed.consume(1);
        }
        loop {
            let shown = packed.peek(3)?;
            if shown.len() < 3 {
                self.state = State::Over;
                return Ok(());
            }
            if let Some(at) = memchr::memmem::find(shown, &[0x1f, 0x8b, 0x08]) {
                packed.consume(at);
                self.state = State::Between(packed);
                return Ok(());
            }
            let n = shown.len() - 2;
            packed.consume(n);
        }
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Ok(0),
                State::Between(mut packed) => {
                    let shown = packed.peek(2)?;
                    if shown.is_empty() {
                        return Ok(0);
                    }
                    let is_member = shown.starts_with(&[0x1f, 0x8b]);
                    self.member_at.store(packed.position, Ordering::Relaxed);
                    self.n_unpacked = 0;
                    if !is_member {
                        self.after_damage(packed)?;
                        return Err(std::io::Error::other(
                            "bytes that are no gzip stand between the records",
                        ));
                    }
                    self.state = State::Inside(Box::new(flate2::bufread::GzDecoder::new(packed)));
                }
                State::Inside(mut member) => match member.read(out) {
                    Ok(0) if !out.is_empty() => self.state = State::Between(member.into_inner()),
                    Ok(n) => {
                        self.n_unpacked += n as u64;
                        let n_packed = member.get_ref().position - self.member_at.load(Ordering::Relaxed);
                        if self.n_unpacked > BOMB_FROM_BYTES && self.n_unpacked / MAX_RATIO > n_packed {
                            let message =
                                format!("{n_packed} packed bytes unpack to more than {}", self.n_unpacked);
                            self.after_damage(member.into_inner())?;
                            return Err(std::io::Error::other(message));
                        }
                        self.state = State::Inside(member);
                        return Ok(n);
                    }
                    Err(error) => {
                        self.after_damage(member.into_inner())?;
                        return Err(error);
                    }
                },
            }
        }
    }
}
