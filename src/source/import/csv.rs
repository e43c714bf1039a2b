//! CSV and TSV in any charset that Chinese exports are written in. A formula is a text like any other.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::table::{self, Row};
use super::{BadRecord, Head, Input, Keeps, Opened, Options, Reader};
use crate::extract::charset;
use crate::kit::problem::Problem;

/// Longest row, in bytes; behind a quote that is never closed everything looks like one row.
const MAX_ROW_BYTES: u64 = 4 << 20;
/// From how much of the file charset and separator are told, in bytes.
const SAMPLE_BYTES: u64 = 256 << 10;

pub(super) const READER: Reader = Reader {
    name: "csv",
    zh: "CSV 表格（含 12321、12345 举报投诉表）",
    en: "CSV and TSV tables, reports and complaints",
    extensions: &["csv", "tsv"],
    told_by: "a first line with commas, tabs or semicolons between names of columns",
    example: "complaints.csv",
    keeps: Keeps::File,
    recognizes,
    open,
};

fn recognizes(head: &Head) -> bool {
    !head.text.starts_with(['<', '{', '['])
        && head.lines().take(3).any(|line| {
            let separator = separator_of(line);
            let headings =
                line.split(char::from(separator)).map(|heading| heading.trim_matches('"').to_owned());
            line.contains(char::from(separator))
                && table::Layout::of(headings.collect(), &Default::default()).is_ok()
        })
}

fn open(mut input: Input, options: &Options) -> Result<Opened, Problem> {
    let unreadable = |error: std::io::Error| Problem::new("unreadable", format!("reading stopped: {error}"));
    let mut sample = Vec::new();
    input.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(unreadable)?;
    input.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    if sample.len() as u64 == SAMPLE_BYTES {
        // A cut character at the end would make the whole look like another charset.
        sample.truncate(memchr::memrchr(b'\n', &sample).unwrap_or(sample.len()));
    }
    let (decoded, _) = charset::decode(&sample, None);
    let encoding = encoding_rs::Encoding::for_label(decoded.charset.as_bytes());
    let first_line = decoded.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let separator = separator_of(first_line);
    let utf8 = encoding_rs_io::DecodeReaderBytesBuilder::new().encoding(encoding).build(input);
    let left = Arc::new(AtomicU64::new(MAX_ROW_BYTES));
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(Bounded { inner: utf8, left: left.clone() });
    let mut number = 0_u64;
    let mut is_over = false;
    let rows = std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        number += 1;
        let mut record = ::csv::ByteRecord::new();
        left.store(MAX_ROW_BYTES, Ordering::Relaxed);
        match reader.read_byte_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let cells = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
                Some(Ok(Row { place: format!("row {number}"), cells }))
            }
            Err(error) => {
                is_over = true;
                let message = format!("{error}; the rows behind it were not read");
                Some(Err(BadRecord::new(format!("row {number}"), "unreadable", message)))
            }
        }
    });
    table::open(rows, &options.columns)
}

/// The separator that divides `line` into the most cells.
fn separator_of(line: &str) -> u8 {
    let n = |separator: u8| line.bytes().filter(|byte| *byte == separator).count();
    [b',', b'\t', b';', b'|'].into_iter().rev().max_by_key(|separator| n(*separator)).unwrap_or(b',')
}

/// Fails when more is read than one row may have.
struct Bounded<R> {
    inner: R,
    left: Arc<AtomicU64>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            let message = format!("a row has more than {} MiB: is a quote not closed?", MAX_ROW_BYTES >> 20);
            return Err(std::io::Error::other(message));
        }
        let n = self.inner.read(buffer)?;
        self.left.store(left.saturating_sub(n as u64), Ordering::Relaxed);
        Ok(n)
    }
}
