//! QR codes and bar codes in a picture.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::GrayImage;
use image::imageops::FilterType;
use rxing::common::{GlobalHistogramBinarizer, HybridBinarizer};
use rxing::multi::{GenericMultipleBarcodeReader, MultipleBarcodeReader as _};
use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource, MultiUseMultiFormatReader, RXingResult,
};

use super::Picture;
use crate::domain::picture::{Area, ReadAs, ReadCode};

/// What reads codes, for records.
pub const CODES_BY: &str = "rxing 0.9";

/// Codes of one picture that are kept at most.
const MAX_CODES: usize = 20;
/// Bytes of the content of a code at most; the largest QR code holds fewer.
const MAX_CONTENT_BYTES: usize = 8_000;

/// Pictures larger than this, on their longer side, are also looked at reduced to it: a code over half a poster has
/// modules of many pixels, and noise in each.
const REDUCED_SIDE: u32 = 900;
/// Pictures up to this side are also looked at doubled.
const DOUBLED_SIDE: u32 = 1_000;

/// Codes in the picture, each content once, in the order in which they were found.
pub fn codes(picture: &Picture) -> Vec<ReadCode> {
    let gray = picture.gray();
    let side = gray.width().max(gray.height());
    let mut found: Vec<ReadCode> = Vec::new();
    look(&gray, 1.0, &mut found);
    if found.is_empty() && side <= DOUBLED_SIDE {
        look(&resized(&gray, 2.0), 2.0, &mut found);
    }
    if found.is_empty() && side > REDUCED_SIDE {
        let scale = REDUCED_SIDE as f32 / side as f32;
        look(&resized(&gray, scale), scale, &mut found);
    }
    found.truncate(MAX_CODES);
    found
}

fn resized(gray: &GrayImage, scale: f32) -> GrayImage {
    let size = |side: u32| ((side as f32 * scale).round() as u32).max(1);
    image::imageops::resize(gray, size(gray.width()), size(gray.height()), FilterType::Triangle)
}

/// Adds the codes that are not known yet; `scale` is how many pixels of `gray` are one of the picture.
fn look(gray: &GrayImage, scale: f32, found: &mut Vec<ReadCode>) {
    for binarizer in [true, false] {
        // A reader of others that panics on hostile pixels must not end more than this look.
        let results = catch_unwind(AssertUnwindSafe(|| read(gray, binarizer))).unwrap_or_default();
        for code in results.iter().filter_map(|result| code(result, scale)) {
            if !found.iter().any(|known| known.content == code.content && known.kind == code.kind) {
                found.push(code);
            }
        }
        if !found.is_empty() {
            return;
        }
    }
}

fn read(gray: &GrayImage, local: bool) -> Vec<RXingResult> {
    let hints = DecodeHints {
        TryHarder: Some(true),
        AlsoInverted: Some(true),
        PossibleFormats: Some(HashSet::from([
            BarcodeFormat::QR_CODE,
            BarcodeFormat::EAN_13,
            BarcodeFormat::EAN_8,
            BarcodeFormat::UPC_A,
            BarcodeFormat::CODE_128,
            BarcodeFormat::CODE_39,
        ])),
        ..DecodeHints::default()
    };
    let Ok(source) = Luma8LuminanceSource::new(gray.as_raw().clone(), gray.width(), gray.height()) else {
        return Vec::new();
    };
    let mut reader = GenericMultipleBarcodeReader::new(MultiUseMultiFormatReader::default());
    // That there is no code is an error there and nothing here.
    if local {
        reader.decode_multiple_with_hints(&mut BinaryBitmap::new(HybridBinarizer::new(source)), &hints)
    } else {
        reader
            .decode_multiple_with_hints(&mut BinaryBitmap::new(GlobalHistogramBinarizer::new(source)), &hints)
    }
    .unwrap_or_default()
}

fn code(result: &RXingResult, scale: f32) -> Option<ReadCode> {
    let content = result.getText().trim();
    if content.is_empty() || content.len() > MAX_CONTENT_BYTES {
        return None;
    }
    let kind =
        if *result.getBarcodeFormat() == BarcodeFormat::QR_CODE { ReadAs::QrCode } else { ReadAs::BarCode };
    let points = result.getPoints();
    let least = |of: fn(&rxing::Point) -> f32| points.iter().map(of).fold(f32::MAX, f32::min).max(0.0);
    let most = |of: fn(&rxing::Point) -> f32| points.iter().map(of).fold(0.0, f32::max);
    let (left, top) = (least(|point| point.x), least(|point| point.y));
    let (right, bottom) = (most(|point| point.x), most(|point| point.y));
    // Its points are the middles of the three large squares: the code reaches a quarter further to each side.
    let margin = if kind == ReadAs::QrCode { (right - left).max(bottom - top) * 0.25 } else { 0.0 };
    let pixel = |position: f32| (position.max(0.0) / scale) as u32;
    Some(ReadCode {
        kind,
        content: content.to_owned(),
        area: Area {
            x: pixel(left - margin),
            y: pixel(top - margin),
            width: pixel(right - left + 2.0 * margin).max(1),
            height: pixel(bottom - top + 2.0 * margin).max(1),
        },
    })
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use rxing::{EncodeHints, MultiFormatWriter, Writer as _};

    use super::*;

    /// A code of `side` pixels at (40, 30) of a picture in these colours.
    fn drawn(content: &str, format: BarcodeFormat, side: u32, ink: [u8; 3], ground: [u8; 3]) -> Picture {
        let hints = EncodeHints { CharacterSet: Some("utf-8".to_owned()), ..EncodeHints::default() };
        let matrix =
            MultiFormatWriter.encode_with_hints(content, &format, side as i32, side as i32, &hints).unwrap();
        Picture::of_pixels(RgbImage::from_fn(side + 120, side + 80, |x, y| {
            let inside = (40..40 + side).contains(&x) && (30..30 + side).contains(&y);
            Rgb(if inside && matrix.get(x - 40, y - 30) { ink } else { ground })
        }))
    }

    #[test]
    fn codes_are_read_in_colour_small_and_inverted() {
        let content = "https://vip.jinnuo.example/a?from=二维码保本";
        for (side, ink, ground) in [
            (100, [0; 3], [255; 3]),
            (160, [160, 0, 0], [255, 240, 200]),
            (160, [255; 3], [20, 20, 60]),
            (600, [0; 3], [255; 3]),
        ] {
            let found = codes(&drawn(content, BarcodeFormat::QR_CODE, side, ink, ground));
            assert_eq!(found.len(), 1, "{side} {ink:?}");
            assert_eq!((found[0].content.as_str(), found[0].kind), (content, ReadAs::QrCode));
            let wanted = Area { x: 40, y: 30, width: side, height: side };
            assert!(found[0].area.shared(wanted) * 10 > wanted.n_pixels() * 5, "{:?}", found[0].area);
        }
    }

    #[test]
    fn bars_are_read_and_plain_pictures_hold_nothing() {
        let found = codes(&drawn("6901234567892", BarcodeFormat::EAN_13, 200, [0; 3], [255; 3]));
        assert_eq!(found.iter().map(|code| code.content.as_str()).collect::<Vec<_>>(), ["6901234567892"]);
        assert_eq!(found[0].kind, ReadAs::BarCode);
        assert!(codes(&Picture::of_pixels(RgbImage::from_pixel(300, 200, Rgb([200, 30, 30])))).is_empty());
    }
}
