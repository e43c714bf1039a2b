//! Reading, with every oddity named.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};

use super::{CENTRAL, CENTRAL_BYTES, DOS_DATE, END, END_BYTES, LOCAL, LOCAL_BYTES};
use crate::evidence::sums::is_safe;

/// Members that are looked at, at most: more are not in any package of ours.
const MAX_MEMBERS: usize = 65_535;
/// How far from the end of the file its directory's end is looked for: the longest comment.
const MAX_COMMENT: u64 = 65_535;

/// One member that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path, safe to write below a folder.
    pub path: String,
    /// First byte of its content in the file.
    pub offset: u64,
    /// Bytes of content.
    pub size_bytes: u64,
    /// What the directory says its CRC-32 is.
    pub crc32: u32,
}

/// Something that no package of ours has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The member, or nothing when it is the container itself.
    pub path: Option<String>,
    /// One sentence.
    pub detail: String,
}

/// A ZIP file, as far as it could be read.
#[derive(Debug)]
pub struct Archive {
    /// Its members in the order of the directory, without those that are unsafe or doubtful.
    pub members: Vec<Member>,
    /// What is wrong with it; empty for every package as it was sealed.
    pub flaws: Vec<Flaw>,
    /// Bytes of the file.
    pub size_bytes: u64,
}

impl Archive {
    /// Reads the directory of a file; `None` when it is no ZIP file at all.
    ///
    /// # Errors
    /// What the disk says.
    pub fn read(file: &mut File) -> io::Result<Option<Self>> {
        let size_bytes = file.seek(SeekFrom::End(0))?;
        let mut archive = Self { members: Vec::new(), flaws: Vec::new(), size_bytes };
        match find_end(file, size_bytes)? {
            Some(at) => {
                archive.read_directory(file, at)?;
                Ok(Some(archive))
            }
            None => Ok(archive.salvage(file)?.then_some(archive)),
        }
    }

    fn flaw(&mut self, path: Option<&str>, detail: impl Into<String>) {
        self.flaws.push(Flaw { path: path.map(str::to_owned), detail: detail.into() });
    }

    fn read_directory(&mut self, file: &mut File, end_at: u64) -> io::Result<()> {
        let end = read_at(file, end_at, END_BYTES)?;
        let comment = u64::from(u16_at(&end, 20));
        let after = self.size_bytes - end_at - END_BYTES as u64;
        if after > 0 {
            self.flaw(None, format!("{after} bytes stand after its end ({comment} of them as a comment)"));
        } else if comment > 0 {
            self.flaw(None, format!("its end announces a comment of {comment} bytes, which is cut off"));
        }
        let (n_here, n_members) = (u16_at(&end, 8), u16_at(&end, 10));
        let (size, offset) = (u64::from(u32_at(&end, 12)), u64::from(u32_at(&end, 16)));
        if u32_at(&end, 4) != 0 || n_here != n_members {
            self.flaw(None, "its end says that it continues on other disks");
        }
        if offset + size != end_at {
            self.flaw(
                None,
                format!(
                    "its directory is said to lie at {offset} with {size} bytes, but its end lies at {end_at}"
                ),
            );
            if size > end_at {
                return Ok(());
            }
        }
        // Where the two disagree, the directory is the one that ends where the end begins.
        let directory_at = end_at - size;
        let directory = read_at(file, directory_at, usize::try_from(size).unwrap_or(usize::MAX))?;
        let entries = self.entries(&directory, usize::from(n_members));
        self.check_layout(file, entries, directory_at)
    }

    /// The entries of the directory, each checked by itself.
    fn entries(&mut self, mut directory: &[u8], n_members: usize) -> Vec<Entry> {
        let mut entries = Vec::new();
        while !directory.is_empty() && entries.len() < MAX_MEMBERS {
            let Some((entry, rest)) = Entry::parse(directory) else {
                let left = directory.len();
                self.flaw(
                    None,
                    format!(
                        "its directory cannot be read from entry {} on ({left} bytes)",
                        entries.len() + 1
                    ),
                );
                break;
            };
            entries.push(entry);
            directory = rest;
        }
        if entries.len() != n_members {
            self.flaw(None, format!("its directory has {} entries, its end says {n_members}", entries.len()));
        }
        entries
    }

    /// Whether members follow each other without gaps, as their own heads say.
    fn check_layout(&mut self, file: &mut File, entries: Vec<Entry>, directory_at: u64) -> io::Result<()> {
        let mut expected_at = 0;
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for entry in entries {
            let path = entry.path.clone();
            let shown = Some(path.as_str());
            for problem in entry.problems() {
                self.flaw(shown, problem);
            }
            let doubled = seen.insert(path.to_lowercase(), path.clone());
            if let Some(other) = &doubled {
                let how = if *other == path {
                    "stands in the directory twice"
                } else {
                    "differs only in case from another"
                };
                self.flaw(shown, format!("{how} (`{other}`); tools disagree about which one they show"));
            }
            if entry.offset != expected_at {
                self.flaw(
                    shown,
                    format!("begins at byte {} where {expected_at} was expected: bytes are hidden between members, or members overlap", entry.offset),
                );
            }
            if entry.offset + LOCAL_BYTES as u64 + path.len() as u64 > directory_at {
                self.flaw(shown, "begins behind the directory");
                continue;
            }
            let head = read_at(file, entry.offset, LOCAL_BYTES + path.len())?;
            if u32_at(&head, 0) != LOCAL || head[4..30] != entry.fields[..] || head[30..] != *entry.raw_path {
                self.flaw(shown, "its own head says something else than the directory");
            }
            let content_at = entry.offset + head.len() as u64;
            expected_at = content_at + entry.size;
            if expected_at > directory_at {
                self.flaw(shown, "reaches into the directory");
                continue;
            }
            if doubled.is_none() && is_safe(&path) && entry.is_stored() {
                self.members.push(Member {
                    path,
                    offset: content_at,
                    size_bytes: entry.size,
                    crc32: entry.crc,
                });
            }
        }
        if expected_at < directory_at {
            let hidden = directory_at - expected_at;
            self.flaw(None, format!("{hidden} bytes are hidden between the last member and the directory"));
        }
        Ok(())
    }

    /// Walks the members' own heads when the directory is gone; `false` when there is not even a first one.
    fn salvage(&mut self, file: &mut File) -> io::Result<bool> {
        let mut at = 0;
        let mut cut = None;
        while at + (LOCAL_BYTES as u64) <= self.size_bytes && self.members.len() < MAX_MEMBERS {
            let head = read_at(file, at, LOCAL_BYTES)?;
            if u32_at(&head, 0) != LOCAL {
                break;
            }
            let name_size = usize::from(u16_at(&head, 26));
            let content_at = at + (LOCAL_BYTES + name_size) as u64;
            if content_at > self.size_bytes {
                break;
            }
            let name = read_at(file, at + LOCAL_BYTES as u64, name_size)?;
            let path = String::from_utf8_lossy(&name).into_owned();
            let size_bytes = u64::from(u32_at(&head, 18));
            if content_at + size_bytes > self.size_bytes {
                cut = Some((path, self.size_bytes - content_at, size_bytes));
                break;
            }
            if is_safe(&path) && u16_at(&head, 8) == 0 {
                self.members.push(Member { path, offset: content_at, size_bytes, crc32: u32_at(&head, 14) });
            }
            at = content_at + size_bytes;
        }
        if self.members.is_empty() && cut.is_none() {
            return Ok(false);
        }
        self.flaw(
            None,
            "it is cut off or its end was changed: the directory is not where a package ends with it",
        );
        if let Some((path, n_there, size)) = cut {
            self.flaw(Some(&path), format!("cut off after {n_there} of {size} bytes"));
        }
        Ok(true)
    }
}

/// One entry of the directory.
struct Entry {
    path: String,
    raw_path: Vec<u8>,
    /// The 26 bytes that the member's own head repeats.
    fields: Vec<u8>,
    made_by: u16,
    flags: u16,
    method: u16,
    date: u32,
    crc: u32,
    compressed: u64,
    size: u64,
    n_extra: u16,
    n_comment: u16,
    /// Disk number and internal attributes.
    internal: u32,
    attributes: u32,
    offset: u64,
}

impl Entry {
    fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        if bytes.len() < CENTRAL_BYTES || u32_at(bytes, 0) != CENTRAL {
            return None;
        }
        let (name, extra, comment) = (u16_at(bytes, 28), u16_at(bytes, 30), u16_at(bytes, 32));
        let end = CENTRAL_BYTES + usize::from(name) + usize::from(extra) + usize::from(comment);
        let raw_path = bytes.get(CENTRAL_BYTES..CENTRAL_BYTES + usize::from(name))?.to_vec();
        let entry = Self {
            path: String::from_utf8_lossy(&raw_path).into_owned(),
            raw_path,
            fields: bytes[6..32].to_vec(),
            made_by: u16_at(bytes, 4),
            flags: u16_at(bytes, 8),
            method: u16_at(bytes, 10),
            date: u32_at(bytes, 12),
            crc: u32_at(bytes, 16),
            compressed: u64::from(u32_at(bytes, 20)),
            size: u64::from(u32_at(bytes, 24)),
            n_extra: extra,
            n_comment: comment,
            internal: u32_at(bytes, 34),
            attributes: u32_at(bytes, 38),
            offset: u64::from(u32_at(bytes, 42)),
        };
        Some((entry, bytes.get(end..)?))
    }

    fn is_stored(&self) -> bool {
        self.method == 0 && self.compressed == self.size
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !is_safe(&self.path) {
            problems
                .push("its path could leave the folder that it is unpacked into; it was not read".to_owned());
        }
        if !self.is_stored() {
            problems.push(format!(
                "it is compressed (method {}, {} bytes into {}), which no package is; it was not unpacked",
                self.method, self.compressed, self.size
            ));
        }
        if self.attributes >> 28 == 0o12 {
            problems.push("it is a symbolic link; it was not followed".to_owned());
        }
        let usual = self.made_by == super::MADE_BY
            && self.flags == 0
            && self.date == u32::from(DOS_DATE) << 16
            && self.n_extra == 0
            && self.n_comment == 0
            && self.internal == 0
            && self.attributes == super::ATTRIBUTES;
        if !usual {
            problems.push("its entry has marks, times or extra fields that no package has".to_owned());
        }
        problems
    }
}

/// Where the end of the directory begins: the last place from which its comment reaches exactly to the end of the
/// file, or else the last place that looks like one.
fn find_end(file: &mut File, size_bytes: u64) -> io::Result<Option<u64>> {
    let window = size_bytes.min(END_BYTES as u64 + MAX_COMMENT);
    let start = size_bytes - window;
    let tail = read_at(file, start, usize::try_from(window).unwrap_or(usize::MAX))?;
    let looks_so = |at: &usize| u32_at(&tail, *at) == END;
    let candidates = || (0..=tail.len().saturating_sub(END_BYTES)).rev().filter(looks_so);
    if tail.len() < END_BYTES {
        return Ok(None);
    }
    let exact = candidates().find(|at| at + END_BYTES + usize::from(u16_at(&tail, at + 20)) == tail.len());
    Ok(exact.or_else(|| candidates().next()).map(|at| start + at as u64))
}

fn read_at(file: &mut File, offset: u64, n_bytes: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; n_bytes];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
