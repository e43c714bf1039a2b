//! Pictures and screenshots: kept as they are, each an ad of its own. What is in them is read elsewhere: readers are pure.

use super::{Content, Input, Keeps, Opened, Options, Reader, Record, Saved, whole, without_columns};
use crate::domain::ad::{AdDraft, AdKind};
use crate::kit::digest::sha256_hex;
use crate::kit::problem::Problem;

/// Code of the note that a picture was kept and its words were not read.
pub const WORDS_NOT_READ: &str = "picture-not-read";

pub(super) const READER: Reader = Reader {
    name: "image",
    zh: "截图、图片",
    en: "screenshots and pictures",
    extensions: &["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "heic", "avif"],
    told_by: "the first bytes of PNG, JPEG, GIF, WebP, BMP, TIFF, HEIC or AVIF",
    example: "screenshot.png",
    keeps: Keeps::File,
    recognizes: |head| media_type(&head.bytes).is_some(),
    open,
};

/// The media type of a picture, by its first bytes.
pub(super) fn media_type(bytes: &[u8]) -> Option<&'static str> {
    let brand = bytes.get(8..12).unwrap_or_default();
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', ..] if brand == b"WEBP" => Some("image/webp"),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some("image/bmp"),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Some("image/tiff"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] if matches!(brand, b"avif" | b"avis") => Some("image/avif"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..]
            if matches!(brand, b"heic" | b"heix" | b"mif1" | b"msf1") =>
        {
            Some("image/heic")
        }
        _ => None,
    }
}

/// The ad that a picture is: without words of its own, named by its bytes.
pub(super) fn draft(body: &[u8]) -> AdDraft {
    AdDraft {
        images: vec![format!("urn:sha256:{}", sha256_hex(body))],
        locator: "picture".to_owned(),
        ..AdDraft::of_text(AdKind::Display, "")
    }
}

fn open(input: Input, _: &Options) -> Result<Opened, Problem> {
    let body = whole(input)?;
    let media_type = media_type(&body).unwrap_or("application/octet-stream");
    let saved = Saved::of_file(body, media_type);
    let record = Record { place: "picture".to_owned(), content: Content::Saved(Box::new(saved)) };
    Ok(without_columns(std::iter::once(Ok(record))))
}
