//! The beginning of a file, from which its format is told.

use std::io::{BufReader, Read, Seek, SeekFrom};

use crate::extract::charset;

/// How much of a file is looked at, in bytes.
const HEAD_BYTES: u64 = 8 << 10;
/// How many names of an archive are looked at.
const MAX_NAMES: usize = 2_000;

/// The first bytes of a file, unpacked once if it is gzip, and the names in it if it is a ZIP archive.
#[derive(Debug, Default)]
pub struct Head {
    /// The first bytes; those inside when the file is gzip.
    pub bytes: Vec<u8>,
    /// Whether the file is gzip (RFC 1952).
    pub is_gzip: bool,
    /// The first bytes as text, lower case, without byte order mark and white space before it.
    pub text: String,
    /// Names in a ZIP archive.
    pub names: Vec<String>,
}

impl Head {
    /// Looks at `input` and leaves it at its beginning.
    ///
    /// # Errors
    /// What the system said.
    pub fn of(input: &mut (impl Read + Seek)) -> std::io::Result<Self> {
        let mut bytes = Vec::new();
        input.by_ref().take(HEAD_BYTES).read_to_end(&mut bytes)?;
        input.seek(SeekFrom::Start(0))?;
        let is_gzip = bytes.starts_with(&[0x1f, 0x8b]);
        if is_gzip {
            let mut inside = Vec::new();
            // A damaged beginning still gives what came before the damage.
            let _ = flate2::read::GzDecoder::new(BufReader::new(&bytes[..]))
                .take(HEAD_BYTES)
                .read_to_end(&mut inside);
            bytes = inside;
        }
        let mut names = Vec::new();
        if bytes.starts_with(b"PK\x03\x04") {
            if let Ok(archive) = zip::ZipArchive::new(&mut *input) {
                names = archive.file_names().take(MAX_NAMES).flatten().map(Into::into).collect();
            }
            input.seek(SeekFrom::Start(0))?;
        }
        let text = if is_binary(&bytes) { String::new() } else { text_of(&bytes) };
        Ok(Self { bytes, is_gzip, text, names })
    }

    /// The lines that are whole, without white space around them and without empty ones.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let whole = if (self.bytes.len() as u64) < HEAD_BYTES {
            self.text.as_str()
        } else {
            self.text.rsplit_once('\n').map_or(self.text.as_str(), |(whole, _)| whole)
        };
        whole.lines().map(str::trim).filter(|line| !line.is_empty())
    }
}

fn text_of(bytes: &[u8]) -> String {
    // A cut character at the end would make the whole look like another charset.
    let cut = if (bytes.len() as u64) < HEAD_BYTES { None } else { memchr::memrchr(b'\n', bytes) };
    let (decoded, _) = charset::decode(&bytes[..cut.unwrap_or(bytes.len())], None);
    decoded.text.trim_start().to_lowercase()
}

fn is_binary(bytes: &[u8]) -> bool {
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    !is_utf16 && bytes.contains(&0)
}
