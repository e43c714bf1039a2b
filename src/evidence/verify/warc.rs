//! Reads the replayable archive record by record, in pieces, within limits.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use sha2::Digest as _;

/// Longest head of a record or of an HTTP message in it.
const MAX_HEAD_BYTES: u64 = 256 << 10;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub kind: String,
    pub url: String,
    /// SHA-256 of what follows the HTTP head, for responses.
    pub payload_sha256: String,
    /// Where its gzip member begins, and how long it is.
    pub offset: u64,
    pub size_bytes: u64,
}

/// Reads every record. `max_bytes` bounds what all of them unpack to.
///
/// # Errors
/// What is wrong, with the byte at which the record begins.
pub(super) fn records(archive: impl BufRead, max_bytes: u64) -> Result<Vec<Record>, String> {
    let mut reader = Counted { inner: archive, n_read: 0 };
    let mut records = Vec::new();
    let mut left = max_bytes;
    loop {
        let offset = reader.n_read;
        let at = |problem: String| format!("record at byte {offset}: {problem}");
        if reader.fill_buf().map_err(|error| at(error.to_string()))?.is_empty() {
            return Ok(records);
        }
        let mut member = io::BufReader::new(GzDecoder::new(reader));
        let mut record = one(&mut member, &mut left).map_err(at)?;
        reader = member.into_inner().into_inner();
        record.offset = offset;
        record.size_bytes = reader.n_read - offset;
        records.push(record);
    }
}

fn one(member: &mut impl BufRead, left: &mut u64) -> Result<Record, String> {
    let head = head(member)?;
    let mut lines = head.lines();
    if lines.next() != Some("WARC/1.1") {
        return Err("it does not begin with WARC/1.1".to_owned());
    }
    let fields: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let field = |name: &str| {
        let mut named = fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        match (named.next(), named.next()) {
            (Some((_, value)), None) => Ok(*value),
            (None, _) => Err(format!("it has no {name}")),
            _ => Err(format!("it has {name} twice")),
        }
    };
    let kind = field("WARC-Type")?.to_owned();
    let size: u64 =
        field("Content-Length")?.parse().map_err(|_| "its Content-Length is no number".to_owned())?;
    *left = left
        .checked_sub(size)
        .ok_or_else(|| format!("it unpacks to {size} bytes, more than the raw files can account for"))?;
    let mut block = Digesting { inner: member.take(size), hasher: sha2::Sha256::new() };
    let is_response = kind == "response";
    if is_response {
        let mut buffered = io::BufReader::with_capacity(1, &mut block);
        self::head(&mut buffered)?;
    }
    let mut payload = sha2::Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let n_read = block.read(&mut buffer).map_err(|error| error.to_string())?;
        if n_read == 0 {
            break;
        }
        payload.update(&buffer[..n_read]);
    }
    if block.inner.limit() > 0 {
        return Err(format!("it is {} bytes shorter than its Content-Length", block.inner.limit()));
    }
    let block_sha256 = hex::encode(block.hasher.finalize());
    if field("WARC-Block-Digest")? != format!("sha256:{block_sha256}") {
        return Err(format!("its block has SHA-256 {block_sha256}, its head says otherwise"));
    }
    let payload_sha256 = hex::encode(payload.finalize());
    if is_response && field("WARC-Payload-Digest")? != format!("sha256:{payload_sha256}") {
        return Err(format!("its payload has SHA-256 {payload_sha256}, its head says otherwise"));
    }
    let mut end = Vec::new();
    member.take(5).read_to_end(&mut end).map_err(|error| error.to_string())?;
    if end != b"\r\n\r\n" {
        return Err("something else than an empty line follows it".to_owned());
    }
    let url = if kind == "warcinfo" { String::new() } else { field("WARC-Target-URI")?.to_owned() };
    Ok(Record { kind, url, payload_sha256, offset: 0, size_bytes: 0 })
}

/// Lines up to an empty one.
fn head(from: &mut impl BufRead) -> Result<String, String> {
    let mut head = Vec::new();
    let mut limited = from.take(MAX_HEAD_BYTES);
    while !head.ends_with(b"\r\n\r\n") {
        let n_read = limited.read_until(b'\n', &mut head).map_err(|error| error.to_string())?;
        if n_read == 0 {
            return Err("its head does not end".to_owned());
        }
    }
    String::from_utf8(head).map_err(|_| "its head is not UTF-8".to_owned())
}

struct Counted<R> {
    inner: R,
    n_read: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_read = self.inner.read(buffer)?;
        self.n_read += n_read as u64;
        Ok(n_read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, n_bytes: usize) {
        self.n_read += n_bytes as u64;
        self.inner.consume(n_bytes);
    }
}

struct Digesting<R> {
    inner: R,
    hasher: sha2::Sha256,
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..n_read]);
        Ok(n_read)
    }
}
