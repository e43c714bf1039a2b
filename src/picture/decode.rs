//! Bytes to pixels, within limits.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Limits, RgbImage};

use crate::group::image::ImageHash;
use crate::kit::problem::Problem;

/// Whether these bytes begin like a picture of a format that is read.
pub fn is_picture(head: &[u8]) -> bool {
    let format = image::guess_format(head).ok();
    matches!(format, Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Gif))
}

/// Pixels of a picture at most; its header is asked before anything is decoded. A telephone's longest screenshot has
/// fewer.
pub const MAX_PIXELS: u64 = 25_000_000;

/// Longest side in pixels.
pub const MAX_SIDE: u32 = 30_000;

/// Bytes that decoding may take beside the pixels.
const MAX_ALLOC_BYTES: u64 = 256 << 20;

/// Side of the thumbnail from which the look of a picture is told.
const THUMBNAIL_SIDE: u32 = 128;

/// A decoded picture; of a moving one the first image.
#[derive(Debug, Clone)]
pub struct Picture {
    rgb: RgbImage,
}

impl Picture {
    /// Decodes PNG, JPEG, WebP or GIF. Transparent parts become the background on which the rest is easier to read.
    ///
    /// # Errors
    /// `picture-format` for another format, `picture-too-large` beyond [`MAX_PIXELS`] or [`MAX_SIDE`], `picture-damaged`
    /// when its decoder gives up on it.
    pub fn decode(bytes: &[u8]) -> Result<Self, Problem> {
        // A decoder of others that panics on hostile bytes must not end more than this picture.
        catch_unwind(AssertUnwindSafe(|| decode(bytes)))
            .unwrap_or_else(|_| Err(damaged("its decoder gave up on it")))
    }

    /// A picture of these pixels.
    pub fn of_pixels(rgb: RgbImage) -> Self {
        Self { rgb }
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.rgb.width()
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.rgb.height()
    }

    /// Its brightness (ITU-R BT.601).
    pub fn gray(&self) -> GrayImage {
        let level = |[r, g, b]: [u8; 3]| {
            let sum = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
            u8::try_from(sum / 1_000).unwrap_or(u8::MAX)
        };
        let pixels = self.rgb.pixels().map(|pixel| level(pixel.0)).collect();
        GrayImage::from_raw(self.width(), self.height(), pixels).unwrap_or_default()
    }

    /// One of its colours: 0 red, 1 green, 2 blue.
    pub fn channel(&self, which: usize) -> GrayImage {
        let pixels = self.rgb.pixels().map(|pixel| pixel.0[which.min(2)]).collect();
        GrayImage::from_raw(self.width(), self.height(), pixels).unwrap_or_default()
    }

    /// What it looks like; `None` for a blank one.
    pub fn look(&self) -> Option<ImageHash> {
        let small = image::imageops::thumbnail(&self.gray(), THUMBNAIL_SIDE, THUMBNAIL_SIDE);
        ImageHash::of_gray(small.as_raw(), THUMBNAIL_SIDE as usize, THUMBNAIL_SIDE as usize)
    }

    /// The pixels as a PNG of our own making, at most `max_width` pixels wide: without anything that the
    /// advertiser may have put into the file.
    ///
    /// # Errors
    /// `picture-damaged` when it cannot be encoded.
    pub fn to_png(&self, max_width: u32) -> Result<Vec<u8>, Problem> {
        let mut shown = DynamicImage::ImageRgb8(self.rgb.clone());
        if self.width() > max_width {
            shown = shown.resize(max_width, u32::MAX, image::imageops::FilterType::Triangle);
        }
        let mut png = Cursor::new(Vec::new());
        shown.write_to(&mut png, ImageFormat::Png).map_err(damaged)?;
        Ok(png.into_inner())
    }
}

fn decode(bytes: &[u8]) -> Result<Picture, Problem> {
    let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(damaged);
    let format = reader()?.format();
    if !matches!(format, Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Gif)) {
        let message = "the picture is no PNG, JPEG, WebP or GIF; save it as one of them to have it read";
        return Err(Problem::new("picture-format", message));
    }
    let (width, height) = reader()?.into_dimensions().map_err(damaged)?;
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        let message = format!(
            "the picture has {width} × {height} pixels; at most {MAX_PIXELS} in all and {MAX_SIDE} on a side are read"
        );
        return Err(Problem::new("picture-too-large", message));
    }
    let mut reader = reader()?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_ALLOC_BYTES);
    reader.limits(limits);
    let decoded = reader.decode().map_err(damaged)?;
    Ok(Picture { rgb: on_background(decoded) })
}

/// Light words on nothing get a black background, everything else a white one.
fn on_background(decoded: DynamicImage) -> RgbImage {
    if !decoded.color().has_alpha() {
        return decoded.into_rgb8();
    }
    let rgba = decoded.into_rgba8();
    let (mut light, mut solid) = (0_u64, 0_u64);
    for [r, g, b, alpha] in rgba.pixels().map(|pixel| pixel.0) {
        if alpha > 127 {
            solid += 1;
            light += u64::from(u16::from(r) + u16::from(g) + u16::from(b) > 3 * 180);
        }
    }
    let is_see_through = solid * 10 < 9 * u64::from(rgba.width()) * u64::from(rgba.height());
    let background = if is_see_through && light * 2 > solid { 0 } else { 255_u32 };
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let alpha = u32::from(from.0[3]);
        let mixed = |level: u8| {
            u8::try_from((u32::from(level) * alpha + background * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        to.0 = [mixed(from.0[0]), mixed(from.0[1]), mixed(from.0[2])];
    }
    rgb
}

fn damaged(why: impl std::fmt::Display) -> Problem {
    Problem::new("picture-damaged", format!("the picture cannot be decoded: {why}"))
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::*;

    fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_before_anything_is_decoded() {
        let mut bytes = png(GrayImage::new(4, 4));
        // Width and height of the IHDR chunk; its checksum is wrong then, so it is computed again.
        bytes[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(Picture::decode(&bytes).unwrap_err().code, "picture-too-large");
    }

    #[test]
    fn broken_and_foreign_bytes_are_problems() {
        let whole = png(GrayImage::from_fn(64, 64, |x, y| image::Luma([(x * y) as u8])));
        for end in (0..whole.len()).step_by(7) {
            // Whatever comes out, nothing panics and nothing hangs.
            let _ = Picture::decode(&whole[..end]);
        }
        assert_eq!(Picture::decode(b"BM\0\0\0\0\0\0\0\0").unwrap_err().code, "picture-format");
        assert_eq!(Picture::decode(&[]).unwrap_err().code, "picture-format");
        assert_eq!(Picture::decode(&whole[..40]).unwrap_err().code, "picture-damaged");
    }

    #[test]
    fn words_on_nothing_stand_out() {
        let drawn = |level: u8| {
            let image = RgbaImage::from_fn(20, 20, |x, _| {
                if x < 5 { Rgba([level, level, level, 255]) } else { Rgba([0, 0, 0, 0]) }
            });
            Picture::decode(&png(image)).unwrap().gray()
        };
        let (white, black) = (drawn(255), drawn(0));
        assert_eq!((white[(0, 0)].0, white[(10, 0)].0), ([255], [0]));
        assert_eq!((black[(0, 0)].0, black[(10, 0)].0), ([0], [255]));
    }

    #[test]
    fn what_is_shown_is_encoded_again_and_not_larger_than_asked() {
        let picture = Picture::decode(&png(GrayImage::new(400, 100))).unwrap();
        let shown = Picture::decode(&picture.to_png(200).unwrap()).unwrap();
        assert_eq!((shown.width(), shown.height()), (200, 50));
        assert_eq!(picture.look(), None, "a blank picture looks like every blank picture");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = !0_u32;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            }
        }
        !crc
    }
}
