//! One file: recognize it, keep it, read its records in batches.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::batch::{Batch, Carrier};
use super::{FileReport, Import, ImportEvent, Result};
use crate::domain::blob::BlobRef;
use crate::domain::run::RunCounts;
use crate::kit::digest::Hasher;
use crate::kit::problem::Problem;
use crate::source::import::{
    BadRecord, Content, Head, Input, Items, Keeps, Opened, Options, Reader, Record, recognize,
};
use crate::store::import::ImportedFile;

/// Records of one batch, and the bytes of their bodies.
const BATCH_RECORDS: usize = 200;
const BATCH_BYTES: usize = 8 << 20;
/// Batches that are read ahead.
const BATCHES_AHEAD: usize = 2;

impl Import<'_> {
    /// Imports one file. What is wrong with it is in the report.
    pub(super) async fn file(&self, path: &Path, counts: &mut RunCounts) -> Result<FileReport> {
        let name = path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let mut report = FileReport { name, ..FileReport::default() };
        if let Err(problem) = self.read_file(path, &mut report, counts).await? {
            self.tell(&report.name, "", problem.clone());
            report.failed = Some(problem);
        }
        Ok(report)
    }

    async fn read_file(
        &self,
        path: &Path,
        report: &mut FileReport,
        counts: &mut RunCounts,
    ) -> Result<std::result::Result<(), Problem>> {
        let (reader, size_bytes) = match self.recognize(path) {
            Ok(found) => found,
            Err(problem) => return Ok(Err(problem)),
        };
        report.format = Some(reader.name);
        // Bytes first: nothing is read from a file before it is safe, unless its records are kept one by one.
        let is_kept = reader.keeps == Keeps::File;
        let file = if is_kept {
            self.app.vault.put_file(path).await?
        } else {
            match tokio::task::block_in_place(|| digests(path)) {
                Ok(file) => file,
                Err(error) => return Ok(Err(unreadable(&error))),
            }
        };
        self.app
            .store
            .record_import(&ImportedFile {
                source_id: self.source.id.clone(),
                file: file.clone(),
                name: report.name.clone(),
                format: reader.name.to_owned(),
                is_kept,
                imported_at: self.now,
            })
            .await?;
        let n_read = Arc::new(AtomicU64::new(0));
        let input: Input = match File::open(path) {
            Ok(file) => Box::new(Counted { inner: file, n_read: n_read.clone() }),
            Err(error) => return Ok(Err(unreadable(&error))),
        };
        let options = Options { columns: self.request.columns.clone() };
        let opened = tokio::task::block_in_place(|| (reader.open)(input, &options));
        let Opened { columns, items } = match opened {
            Ok(opened) => opened,
            Err(problem) => return Ok(Err(problem)),
        };
        (self.on_event)(ImportEvent::Opened { file: report.name.clone(), format: reader.name, columns });
        let carrier = Carrier::new(self, &report.name, reader.name, file);
        let mut addresses = Vec::new();
        let mut batches = in_batches(items);
        while let Some(batch) = batches.recv().await {
            self.batch(&carrier, batch, report, counts, &mut addresses).await?;
            self.progress(report, &n_read, size_bytes);
        }
        self.addresses(addresses, report, counts).await?;
        Ok(Ok(()))
    }

    fn recognize(&self, path: &Path) -> std::result::Result<(&'static Reader, u64), Problem> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, mut file) = opened.map_err(|error| unreadable(&error))?;
        if !metadata.is_file() {
            return Err(Problem::new("no-file", "this is no file; name the files, for example folder/*"));
        }
        if metadata.len() == 0 {
            return Err(Problem::new("empty", "the file is empty"));
        }
        if let Some(reader) = self.reader {
            return Ok((reader, metadata.len()));
        }
        let head = Head::of(&mut file).map_err(|error| unreadable(&error))?;
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let reader = recognize(&head, extension).ok_or_else(|| {
            let message = "neither its content nor its extension tells a format; `adwatch import --help` lists \
                           them, --as NAME says which, and `adwatch scan` judges plain text";
            Problem::new("unknown-format", message)
        })?;
        Ok((reader, metadata.len()))
    }
}

fn unreadable(error: &std::io::Error) -> Problem {
    Problem::new("unreadable", format!("the file cannot be read: {error}"))
}

/// Digests of a file that is not kept.
fn digests(path: &Path) -> std::io::Result<BlobRef> {
    let mut file = File::open(path)?;
    let (mut hasher, mut size_bytes) = (Hasher::default(), 0);
    let mut chunk = vec![0; 1 << 18];
    loop {
        let n = file.read(&mut chunk)?;
        if n == 0 {
            return Ok(BlobRef { digests: hasher.finish(), size_bytes });
        }
        hasher.update(&chunk[..n]);
        size_bytes += n as u64;
    }
}

/// Reads `items` on a thread of their own, a few batches ahead.
fn in_batches(items: Items) -> tokio::sync::mpsc::Receiver<Batch> {
    let (sender, receiver) = tokio::sync::mpsc::channel(BATCHES_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut batch = Batch::new();
        let mut n_bytes = 0;
        for item in items {
            n_bytes += size_of(&item);
            batch.push(item);
            if batch.len() >= BATCH_RECORDS || n_bytes >= BATCH_BYTES {
                // An error says that the import ended early.
                if sender.blocking_send(std::mem::take(&mut batch)).is_err() {
                    return;
                }
                n_bytes = 0;
            }
        }
        let _ = sender.blocking_send(batch);
    });
    receiver
}

fn size_of(item: &std::result::Result<Record, BadRecord>) -> usize {
    match item.as_ref().map(|record| &record.content) {
        Ok(Content::Saved(saved)) => saved.body.len(),
        Ok(Content::Words(words)) => words.draft.text.len(),
        Ok(Content::Report(report)) => report.row.len() + report.words.draft.text.len(),
        Ok(Content::Address(_)) | Err(_) => 0,
    }
}

/// Counts what was read, for the progress bar.
struct Counted {
    inner: File,
    n_read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(out)?;
        self.n_read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}
