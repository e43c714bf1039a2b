//! WACZ: web archives in a ZIP archive. Its parts are read where they stand; their names are never paths.

use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use super::{BadRecord, Head, Input, Items, Keeps, Opened, Options, Reader, warc, without_columns};
use crate::kit::problem::Problem;

/// Most parts of an archive.
const MAX_PARTS: usize = 100_000;
/// A part that unpacks to more than this and more than [`MAX_RATIO`] times its size is a bomb.
const BOMB_FROM_BYTES: u64 = 32 << 20;
const MAX_RATIO: u64 = 200;

pub(super) const READER: Reader = Reader {
    name: "wacz",
    zh: "网页存档 WACZ",
    en: "web archives (WACZ)",
    extensions: &["wacz"],
    told_by: "a ZIP archive with `archive/….warc` or `archive/….warc.gz`",
    example: "pages.wacz",
    keeps: Keeps::Records,
    recognizes: |head: &Head| head.names.iter().any(|name| is_warc(name)),
    open,
};

fn is_warc(name: &str) -> bool {
    name.starts_with("archive/") && (name.ends_with(".warc") || name.ends_with(".warc.gz"))
}

fn open(mut input: Input, _: &Options) -> Result<Opened, Problem> {
    let damaged = |error: &dyn std::fmt::Display| {
        Problem::new("damaged", format!("the archive cannot be read: {error}"))
    };
    let mut archive = zip::ZipArchive::new(&mut input).map_err(|error| damaged(&error))?;
    if archive.len() > MAX_PARTS {
        let message = format!("the archive has {} parts; at most {MAX_PARTS} are read", archive.len());
        return Err(Problem::new("too-large", message));
    }
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|error| damaged(&error))?;
        if !part.name().is_ok_and(|name| is_warc(&name)) {
            continue;
        }
        let place = format!("part {}", index + 1);
        let is_plain = part.compression() == zip::CompressionMethod::Stored;
        let Some(at) = part.data_start().filter(|_| !part.encrypted()) else {
            return Err(damaged(&format!("{place} is encrypted or has no data")));
        };
        if !is_plain && part.compression() != zip::CompressionMethod::Deflated {
            return Err(damaged(&format!("{place} is packed in a way that is not known")));
        }
        parts.push((place, at, part.compressed_size(), is_plain));
    }
    drop(archive);
    let shared = Arc::new(Mutex::new(input));
    let items = parts.into_iter().flat_map(move |(place, at, n_bytes, is_plain)| {
        let section = Section { input: shared.clone(), at, left: n_bytes };
        let unpacked: Box<dyn Read + Send> = if is_plain {
            Box::new(section)
        } else {
            let limit = n_bytes.saturating_mul(MAX_RATIO).max(BOMB_FROM_BYTES);
            Box::new(Limited { inner: flate2::read::DeflateDecoder::new(section), left: limit })
        };
        let mut bytes = super::window::Window::new(unpacked);
        let items: Items = match bytes.peek(2).map(|start| start.starts_with(&[0x1f, 0x8b])) {
            Ok(is_gzip) => warc::open_stream(bytes, is_gzip).items,
            Err(error) => {
                Box::new(std::iter::once(Err(BadRecord::new("start", "damaged", error.to_string()))))
            }
        };
        let in_part = place;
        items.map(move |item| match item {
            Ok(mut record) => {
                record.place = format!("{in_part}, {}", record.place);
                Ok(record)
            }
            Err(mut bad) => {
                bad.place = format!("{in_part}, {}", bad.place);
                Err(bad)
            }
        })
    });
    Ok(without_columns(items))
}

/// A stretch of the archive.
struct Section {
    input: Arc<Mutex<Input>>,
    at: u64,
    left: u64,
}

impl Read for Section {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        input.seek(SeekFrom::Start(self.at))?;
        let n = input.by_ref().take(self.left).read(out)?;
        self.at += n as u64;
        self.left -= n as u64;
        Ok(n)
    }
}

/// Fails when more comes out than a part of its size ever holds.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(out)? as u64;
        self.left = self.left.checked_sub(n).ok_or_else(|| {
            std::io::Error::other(format!("the part unpacks to more than {MAX_RATIO} times its size"))
        })?;
        Ok(n as usize)
    }
}
