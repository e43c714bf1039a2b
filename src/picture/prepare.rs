//! Pixels as recognition likes them: dark words on white, large enough, lying straight, in pieces of bounded height.

use image::imageops::FilterType;
use image::{GrayImage, Luma};

use super::Picture;
use super::skew::{skew, turned, turned_back};
use crate::domain::picture::Area;

/// Pieces of a long picture are at most so many of its pixels high.
const PIECE_HEIGHT: u32 = 1_600;
/// Where a piece may end earlier, at a line between words.
const PIECE_SLACK: u32 = 500;

/// Pictures up to this width are doubled: small print is 12 pixels high, recognition wants 25 and more.
const DOUBLED_TO_WIDTH: u32 = 1_300;
/// Pictures beyond this width are reduced to it.
const MAX_WIDTH: u32 = 2_600;

/// Share of pixels at either end of the brightness that is ignored when contrast is stretched.
const CLIPPED: f32 = 0.01;

/// Side of the neighbourhood against which the local variant compares, as a share of the height of a piece.
const LOCAL_SHARE: u32 = 6;

/// One way of preparing a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Brightness, stretched, split at the best level (Otsu 1979), words made black by majority.
    Split,
    /// As [`Self::Split`], with the other half black.
    Opposite,
    /// Brightness, stretched, all its grays kept.
    Gray,
    /// Each pixel compared with those around it: for backgrounds that change.
    Local,
    /// The colour in which the picture varies most, split: for words as bright as their background.
    Colour,
}

impl Variant {
    /// In the order in which they are tried.
    pub const ALL: [Self; 5] = [Self::Split, Self::Gray, Self::Local, Self::Opposite, Self::Colour];
}

/// One piece, ready for recognition.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Words dark on white.
    pub pixels: GrayImage,
    /// How many of its pixels are one of the picture.
    scale: f32,
    /// First row of the piece in the picture.
    top: u32,
    /// Size of the piece in the picture.
    size: (f32, f32),
    /// By how much it was turned.
    degrees: f32,
}

impl Prepared {
    /// The rectangle of the picture that a rectangle of the prepared pixels was.
    pub fn original(&self, area: Area) -> Area {
        let sized = (self.pixels.width() as f32 / self.scale, self.pixels.height() as f32 / self.scale);
        let (left, top) = (area.x as f32 / self.scale, area.y as f32 / self.scale);
        let (right, bottom) = (left + area.width as f32 / self.scale, top + area.height as f32 / self.scale);
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        let corners = corners.map(|corner| {
            if self.degrees == 0.0 { corner } else { turned_back(corner, sized, self.size, self.degrees) }
        });
        let least = |of: fn(&(f32, f32)) -> f32| corners.iter().map(of).fold(f32::MAX, f32::min);
        let most = |of: fn(&(f32, f32)) -> f32| corners.iter().map(of).fold(f32::MIN, f32::max);
        let (x, y) = (
            least(|corner| corner.0).clamp(0.0, self.size.0),
            least(|corner| corner.1).clamp(0.0, self.size.1),
        );
        let (right, bottom) =
            (most(|corner| corner.0).clamp(x, self.size.0), most(|corner| corner.1).clamp(y, self.size.1));
        Area {
            x: x as u32,
            y: y as u32 + self.top,
            width: (right.ceil() - x.floor()) as u32,
            height: (bottom.ceil() - y.floor()) as u32,
        }
    }
}

/// The pieces of a picture, from top to bottom, prepared in this way.
pub fn prepare(picture: &Picture, variant: Variant) -> Vec<Prepared> {
    let level = match variant {
        Variant::Colour => widest_channel(picture),
        Variant::Split | Variant::Opposite | Variant::Gray | Variant::Local => picture.gray(),
    };
    if level.width() < 8 || level.height() < 8 {
        return Vec::new();
    }
    pieces(&level).into_iter().map(|(top, piece)| prepare_piece(top, piece, variant)).collect()
}

fn prepare_piece(top: u32, mut piece: GrayImage, variant: Variant) -> Prepared {
    let size = (piece.width() as f32, piece.height() as f32);
    stretch(&mut piece);
    let scale = scale_for(piece.width());
    let (width, height) = ((size.0 * scale).round() as u32, (size.1 * scale).round() as u32);
    let mut pixels = image::imageops::resize(&piece, width.max(8), height.max(8), FilterType::CatmullRom);
    let level = otsu(&pixels);
    let dark_words = is_light(&pixels, level);
    let mut black = split(&pixels, level, dark_words);
    let degrees = skew(&black);
    match variant {
        Variant::Split | Variant::Colour => {}
        Variant::Opposite => black = split(&pixels, level, !dark_words),
        Variant::Local => black = local(&pixels, dark_words),
        Variant::Gray => {
            if !dark_words {
                image::imageops::invert(&mut pixels);
            }
            black = pixels;
        }
    }
    if degrees != 0.0 {
        black = turned(&black, degrees);
    }
    Prepared { pixels: black, scale, top, size, degrees }
}

fn scale_for(width: u32) -> f32 {
    if width <= DOUBLED_TO_WIDTH {
        2.0
    } else if width <= MAX_WIDTH {
        1.0
    } else {
        MAX_WIDTH as f32 / width as f32
    }
}

/// Cuts a long picture at its quietest lines; each piece with its first row.
fn pieces(level: &GrayImage) -> Vec<(u32, GrayImage)> {
    let mut pieces = Vec::new();
    let mut top = 0;
    while top < level.height() {
        let rest = level.height() - top;
        let height = if rest <= PIECE_HEIGHT {
            rest
        } else {
            let rows = (top + PIECE_HEIGHT - PIECE_SLACK)..(top + PIECE_HEIGHT);
            rows.rev().min_by_key(|row| unrest(level, *row)).map_or(PIECE_HEIGHT, |row| row - top)
        };
        pieces.push((top, image::imageops::crop_imm(level, 0, top, level.width(), height).to_image()));
        top += height;
    }
    pieces
}

/// How much a row varies from pixel to pixel.
fn unrest(level: &GrayImage, row: u32) -> u64 {
    let at = |x: u32| level.get_pixel(x, row).0[0];
    (1..level.width()).map(|x| u64::from(at(x).abs_diff(at(x - 1)))).sum()
}

fn widest_channel(picture: &Picture) -> GrayImage {
    let spread = |channel: &GrayImage| {
        let n = channel.as_raw().len().max(1) as f64;
        let mean = channel.as_raw().iter().map(|level| f64::from(*level)).sum::<f64>() / n;
        channel.as_raw().iter().map(|level| (f64::from(*level) - mean).powi(2)).sum::<f64>() / n
    };
    let mut channels: Vec<(f64, GrayImage)> =
        (0..3).map(|which| picture.channel(which)).map(|channel| (spread(&channel), channel)).collect();
    channels.sort_by(|a, b| b.0.total_cmp(&a.0));
    channels.swap_remove(0).1
}

/// Stretches the levels over the whole range, without the outermost few.
fn stretch(image: &mut GrayImage) {
    let counts = histogram(image);
    let n_clipped = (image.as_raw().len() as f32 * CLIPPED) as u32;
    let (low, high) = (reached(&counts, n_clipped, 0..256), reached(&counts, n_clipped, (0..256).rev()));
    let (Some(low), Some(high)) = (low, high) else { return };
    if high <= low {
        return;
    }
    for level in image.pixels_mut() {
        let moved = usize::from(level.0[0]).saturating_sub(low) * 255 / (high - low);
        level.0[0] = u8::try_from(moved).unwrap_or(u8::MAX);
    }
}

/// The first of these levels that has more than so many pixels, together with those before it.
fn reached(counts: &[u32; 256], n_clipped: u32, mut levels: impl Iterator<Item = usize>) -> Option<usize> {
    let mut n = 0;
    levels.find(|level| {
        n += counts[*level];
        n > n_clipped
    })
}

fn histogram(image: &GrayImage) -> [u32; 256] {
    let mut counts = [0; 256];
    for level in image.as_raw() {
        counts[usize::from(*level)] += 1;
    }
    counts
}

/// The level that splits the picture into two halves that differ most (Otsu 1979).
fn otsu(image: &GrayImage) -> u8 {
    let counts = histogram(image);
    let total = image.as_raw().len() as f64;
    let sum: f64 = counts.iter().enumerate().map(|(level, n)| level as f64 * f64::from(*n)).sum();
    let (mut below, mut sum_below) = (0.0, 0.0);
    let mut best = (0.0, 127);
    for (level, n) in counts.iter().enumerate() {
        below += f64::from(*n);
        sum_below += level as f64 * f64::from(*n);
        let above = total - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let apart = sum_below / below - (sum - sum_below) / above;
        let between = below * above * apart * apart;
        if between > best.0 {
            best = (between, level);
        }
    }
    u8::try_from(best.1).unwrap_or(127)
}

/// Whether most of the picture is lighter than `level`: then its words are dark.
fn is_light(image: &GrayImage, level: u8) -> bool {
    let n_light = image.as_raw().iter().filter(|pixel| **pixel > level).count();
    n_light * 2 >= image.as_raw().len()
}

fn split(image: &GrayImage, level: u8, dark_words: bool) -> GrayImage {
    let mut out = image.clone();
    for pixel in out.pixels_mut() {
        pixel.0[0] = if (pixel.0[0] > level) == dark_words { 255 } else { 0 };
    }
    out
}

/// Compares each pixel with the mean of its neighbourhood (Bradley and Roth 2007).
fn local(image: &GrayImage, dark_words: bool) -> GrayImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut sums = vec![0_u64; (width + 1) * (height + 1)];
    for (y, row) in image.as_raw().chunks_exact(width).enumerate() {
        let mut of_row = 0;
        for (x, level) in row.iter().enumerate() {
            of_row += u64::from(*level);
            sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + of_row;
        }
    }
    let reach = (height / LOCAL_SHARE as usize).clamp(12, 60);
    GrayImage::from_fn(image.width(), image.height(), |x, y| {
        let (x, y) = (x as usize, y as usize);
        let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(width));
        let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(height));
        let at = |x: usize, y: usize| sums[y * (width + 1) + x];
        let sum = at(right, bottom) + at(left, top) - at(left, bottom) - at(right, top);
        let mean = sum as f32 / ((right - left) * (bottom - top)) as f32;
        let level = f32::from(image.get_pixel(x as u32, y as u32).0[0]);
        let is_word = if dark_words { level < mean - 18.0 } else { level > mean + 18.0 };
        Luma([if is_word { 0 } else { 255 }])
    })
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    /// A bar on a ground, 40 × 10 at (30, 20), of 100 × `height`.
    fn bar(height: u32, ink: [u8; 3], ground: [u8; 3]) -> Picture {
        Picture::of_pixels(RgbImage::from_fn(100, height, |x, y| {
            Rgb(if (30..70).contains(&x) && (20..30).contains(&y) { ink } else { ground })
        }))
    }

    #[test]
    fn words_become_dark_whatever_their_colour() {
        let (red, yellow, white) = ([200, 20, 20], [250, 230, 40], [255, 255, 255]);
        for (ink, ground) in [(yellow, red), (red, yellow), (white, red), ([0, 0, 0], white)] {
            for variant in [Variant::Split, Variant::Gray, Variant::Local, Variant::Colour] {
                let prepared = prepare(&bar(60, ink, ground), variant).remove(0);
                let (word, around) = (prepared.pixels[(62, 42)].0[0], prepared.pixels[(20, 100)].0[0]);
                assert!(word < 60 && around > 200, "{variant:?} {ink:?} on {ground:?}: {word} on {around}");
            }
        }
        let opposite = prepare(&bar(60, yellow, red), Variant::Opposite).remove(0);
        assert!(opposite.pixels[(100, 50)].0[0] > 200);
    }

    #[test]
    fn a_rectangle_is_found_again_in_the_picture() {
        let prepared = prepare(&bar(60, [0, 0, 0], [255, 255, 255]), Variant::Split).remove(0);
        let area = Area { x: 60, y: 40, width: 80, height: 20 };
        assert_eq!(prepared.original(area), Area { x: 30, y: 20, width: 40, height: 10 });
    }

    #[test]
    fn a_long_picture_is_cut_between_words_and_nothing_is_lost() {
        // Lines of words, 24 high, every 60 rows.
        let picture = Picture::of_pixels(RgbImage::from_fn(200, 5_000, |x, y| {
            Rgb(if y % 60 < 24 && x % 9 < 5 { [0; 3] } else { [255; 3] })
        }));
        let pieces = prepare(&picture, Variant::Split);
        assert!(pieces.len() >= 4);
        let mut expected_top = 0;
        for piece in &pieces {
            assert_eq!(piece.top, expected_top);
            assert!(piece.size.1 as u32 <= PIECE_HEIGHT);
            expected_top += piece.size.1 as u32;
            assert!(expected_top == 5_000 || expected_top % 60 >= 24, "cut through words at {expected_top}");
        }
        assert_eq!(expected_top, 5_000);
    }

    #[test]
    fn tiny_pictures_have_nothing_to_read() {
        assert!(prepare(&Picture::of_pixels(RgbImage::new(3, 3)), Variant::Split).is_empty());
    }
}
