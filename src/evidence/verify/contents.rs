//! Every file of a package with its digests, read once, from a `.wacz` file or an unpacked folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::{CONTAINER, Deviation, DeviationKind, VerifyError};
use crate::evidence::package::WARC;
use crate::evidence::sums::SHA256SUMS;
use crate::evidence::zip::{Archive, Member};
use crate::kit::digest::{Digests, Hasher};

/// Files up to this size are kept in memory for the later checks; documents and lists are far smaller.
const MAX_KEPT_BYTES: u64 = 64 << 20;
const BUFFER_BYTES: usize = 1 << 20;

/// A file as it lies there now.
#[derive(Debug)]
pub(super) struct Found {
    pub digests: Digests,
    pub size_bytes: u64,
    /// What the container says its CRC-32 is, and what it is.
    pub crc32: Option<(u32, u32)>,
    /// Its bytes, unless it is the archive or very large.
    pub bytes: Option<Vec<u8>>,
}

/// Everything in a package.
#[derive(Debug)]
pub(super) struct Contents {
    pub files: BTreeMap<String, Found>,
    /// SHA-256 of the whole file; `None` for a folder.
    pub seal_sha256: Option<String>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File { path: PathBuf, members: BTreeMap<String, Member> },
    Folder(PathBuf),
}

impl Contents {
    pub(super) fn read(path: &Path, deviations: &mut Vec<Deviation>) -> Result<Self, VerifyError> {
        let metadata = fs::metadata(path).map_err(at(path))?;
        if metadata.is_dir() {
            Self::read_folder(path, deviations)
        } else {
            Self::read_file(path, deviations)
        }
    }

    /// The bytes of a small file.
    pub(super) fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path)?.bytes.as_deref()
    }

    /// The bytes of a small file as text; what is no UTF-8 shows as U+FFFD.
    pub(super) fn text(&self, path: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.bytes(path).map(String::from_utf8_lossy)
    }

    /// Reads a file again, in pieces.
    pub(super) fn open(&self, path: &str) -> Option<io::BufReader<Box<dyn Read>>> {
        let reader: Box<dyn Read> = match &self.place {
            Place::Folder(folder) => Box::new(fs::File::open(folder.join(path)).ok()?),
            Place::File { path: package, members } => {
                let member = members.get(path)?;
                let mut file = fs::File::open(package).ok()?;
                file.seek(SeekFrom::Start(member.offset)).ok()?;
                Box::new(file.take(member.size_bytes))
            }
        };
        Some(io::BufReader::with_capacity(BUFFER_BYTES, reader))
    }

    fn read_file(path: &Path, deviations: &mut Vec<Deviation>) -> Result<Self, VerifyError> {
        let mut file = fs::File::open(path).map_err(at(path))?;
        let archive = Archive::read(&mut file).map_err(at(path))?;
        let archive = archive.ok_or_else(|| VerifyError::NotAPackage(path.to_owned()))?;
        deviations.extend(archive.flaws.iter().map(|flaw| {
            let path = flaw.path.as_deref().unwrap_or(CONTAINER);
            Deviation::of(path, DeviationKind::Container, flaw.detail.clone())
        }));
        // The digest of the whole and those of the parts are independent: one core each.
        let (whole, parts) = std::thread::scope(|scope| {
            let whole = scope.spawn(|| digest_of_whole(path));
            let parts = read_members(file, &archive.members);
            (whole.join(), parts)
        });
        let whole = whole.unwrap_or_else(|_| Err(io::Error::other("the reader of the whole file ended")));
        Ok(Self {
            files: parts.map_err(at(path))?,
            seal_sha256: Some(whole.map_err(at(path))?),
            place: Place::File {
                path: path.to_owned(),
                members: archive.members.into_iter().map(|member| (member.path.clone(), member)).collect(),
            },
        })
    }

    fn read_folder(folder: &Path, deviations: &mut Vec<Deviation>) -> Result<Self, VerifyError> {
        let mut files = BTreeMap::new();
        let mut folded: BTreeMap<String, String> = BTreeMap::new();
        let mut open = vec![(folder.to_owned(), String::new())];
        while let Some((folder, prefix)) = open.pop() {
            for entry in fs::read_dir(&folder).map_err(at(&folder))? {
                let entry = entry.map_err(at(&folder))?;
                let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
                let kind = entry.file_type().map_err(at(&entry.path()))?;
                if let Some(other) = folded.insert(path.to_lowercase(), path.clone()) {
                    let detail = format!("differs from `{other}` only in case");
                    deviations.push(Deviation::of(&path, DeviationKind::NameClash, detail));
                }
                if kind.is_dir() {
                    open.push((entry.path(), format!("{path}/")));
                } else if kind.is_file() {
                    let size_bytes = entry.metadata().map_err(at(&entry.path()))?.len();
                    let mut file = fs::File::open(entry.path()).map_err(at(&entry.path()))?;
                    let found = read_one(&mut file, &path, size_bytes).map_err(at(&entry.path()))?;
                    files.insert(path, found);
                } else {
                    let detail = "a link or device, not a plain file; it was not followed";
                    deviations.push(Deviation::of(&path, DeviationKind::NotAFile, detail));
                }
            }
        }
        if !files.contains_key(SHA256SUMS) {
            return Err(VerifyError::NotAPackage(folder.to_owned()));
        }
        Ok(Self { files, seal_sha256: None, place: Place::Folder(folder.to_owned()) })
    }
}

fn read_members(mut file: fs::File, members: &[Member]) -> io::Result<BTreeMap<String, Found>> {
    let mut files = BTreeMap::new();
    for member in members {
        file.seek(SeekFrom::Start(member.offset))?;
        let mut found = read_one(&mut (&mut file).take(member.size_bytes), &member.path, member.size_bytes)?;
        found.crc32 = found.crc32.map(|(_, actual)| (member.crc32, actual));
        files.insert(member.path.clone(), found);
    }
    Ok(files)
}

fn read_one(from: &mut impl Read, path: &str, size_bytes: u64) -> io::Result<Found> {
    let keeps = path != WARC && size_bytes <= MAX_KEPT_BYTES;
    let mut kept = Vec::with_capacity(if keeps { usize::try_from(size_bytes).unwrap_or(0) } else { 0 });
    let mut hasher = Hasher::default();
    let mut crc = flate2::Crc::new();
    let mut buffer = vec![0; BUFFER_BYTES.min(usize::try_from(size_bytes).unwrap_or(BUFFER_BYTES).max(1))];
    let mut n_all = 0;
    loop {
        let n_read = from.read(&mut buffer)?;
        if n_read == 0 {
            break;
        }
        let bytes = &buffer[..n_read];
        hasher.update(bytes);
        crc.update(bytes);
        if keeps {
            kept.extend_from_slice(bytes);
        }
        n_all += n_read as u64;
    }
    Ok(Found {
        digests: hasher.finish(),
        size_bytes: n_all,
        crc32: Some((crc.sum(), crc.sum())),
        bytes: keeps.then_some(kept),
    })
}

fn digest_of_whole(path: &Path) -> io::Result<String> {
    use sha2::Digest as _;
    let mut file = fs::File::open(path)?;
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let n_read = file.read(&mut buffer)?;
        if n_read == 0 {
            return Ok(hex::encode(hasher.finalize()));
        }
        hasher.update(&buffer[..n_read]);
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> VerifyError {
    let path = path.to_owned();
    move |source| VerifyError::Io { path, source }
}
