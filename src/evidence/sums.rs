//! The lists that `sha256sum -c` and `cksum -a sm3 -c` read.

use std::collections::BTreeMap;

use super::package::File;

/// List that `sha256sum -c` reads; it is signed.
pub const SHA256SUMS: &str = "SHA256SUMS";
/// List that `cksum -a sm3 -c` reads.
pub const SM3SUMS: &str = "SM3SUMS";

/// Which digest a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Sha256,
    Sm3,
}

/// Lines of `digest`, two spaces, path, in the order of the paths' bytes.
pub fn sums(files: &[File], algorithm: Algorithm) -> String {
    let mut lines: Vec<(&str, &str)> = files
        .iter()
        .map(|file| {
            let digests = &file.digests;
            (
                file.path.as_str(),
                if algorithm == Algorithm::Sha256 { &*digests.sha256 } else { &*digests.sm3 },
            )
        })
        .collect();
    lines.sort_unstable();
    lines.iter().map(|(path, digest)| format!("{digest}  {path}\n")).collect()
}

/// Reads a list back; the second value names lines that cannot be trusted.
pub fn parse_sums(text: &str) -> (BTreeMap<String, String>, Vec<String>) {
    let mut listed = BTreeMap::new();
    let mut bad = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let entry = line.split_once("  ").filter(|(digest, path)| is_digest(digest) && is_safe(path));
        match entry {
            None => bad.push(format!("line {number} is not `digest  path`")),
            Some((digest, path)) => {
                if listed.insert(path.to_owned(), digest.to_owned()).is_some() {
                    bad.push(format!("line {number} names `{path}` a second time"));
                }
            }
        }
    }
    (listed, bad)
}

/// Whether a path stays inside the folder on every system.
pub fn is_safe(path: &str) -> bool {
    !path.is_empty()
        && path.split('/').all(|part| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        })
}

/// Whether this is a digest of 64 lower-case hexadecimal characters.
pub fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
