//! How far the lines of a picture are turned, and turning them back.

use image::{GrayImage, Luma};

/// Turns that are looked for, in degrees to either side.
const MAX_DEGREES: f32 = 7.0;
const STEP_DEGREES: f32 = 0.5;

/// Turns below this are left: recognition reads them as well, and turning softens edges.
const MIN_DEGREES: f32 = 0.8;

/// So much clearer than as it stands must the lines become, or nothing is turned.
const MIN_GAIN: f64 = 1.12;

/// Width to which the picture is reduced for looking.
const LOOK_WIDTH: u32 = 480;

/// By how many degrees the lines of a black and white picture (words black) fall to the right; 0 when there is no
/// clear answer.
pub(super) fn skew(black: &GrayImage) -> f32 {
    let small;
    let looked = if black.width() > LOOK_WIDTH {
        let height = (black.height() * LOOK_WIDTH / black.width()).max(8);
        small = image::imageops::thumbnail(black, LOOK_WIDTH, height);
        &small
    } else {
        black
    };
    let dark: Vec<(f32, f32)> = looked
        .enumerate_pixels()
        .filter(|(_, _, level)| level.0[0] < 128)
        .map(|(x, y, _)| (x as f32, y as f32))
        .collect();
    // A picture that is mostly dark has no words on it that could be told.
    if dark.len() < 50 || dark.len() * 2 > (looked.width() * looked.height()) as usize {
        return 0.0;
    }
    let straight = clearness(&dark, looked, 0.0);
    let n_steps = (MAX_DEGREES / STEP_DEGREES) as i32;
    let turns = (-n_steps..=n_steps).map(|step| step as f32 * STEP_DEGREES);
    let best = turns
        .map(|degrees| (clearness(&dark, looked, degrees), degrees))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap_or((straight, 0.0));
    if best.0 < straight * MIN_GAIN || best.1.abs() < MIN_DEGREES { 0.0 } else { best.1 }
}

/// How much the number of dark pixels changes from line to line when lines are taken at this slope.
fn clearness(dark: &[(f32, f32)], looked: &GrayImage, degrees: f32) -> f64 {
    let slope = degrees.to_radians().tan();
    let reach = (looked.width() as f32 * slope.abs()).ceil();
    let n_bins = looked.height() as usize + 2 * reach as usize + 2;
    let mut bins = vec![0_u32; n_bins];
    for (x, y) in dark {
        let bin = (y - x * slope + reach).max(0.0) as usize;
        bins[bin.min(n_bins - 1)] += 1;
    }
    bins.windows(2).map(|pair| (f64::from(pair[0]) - f64::from(pair[1])).powi(2)).sum()
}

/// A picture turned so that lines which fall by `degrees` lie straight; the corners that appear are white.
pub(super) fn turned(image: &GrayImage, degrees: f32) -> GrayImage {
    let (width, height) = (image.width() as f32, image.height() as f32);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let new_width = (width * cos.abs() + height * sin.abs()).ceil();
    let new_height = (width * sin.abs() + height * cos.abs()).ceil();
    let mut out = GrayImage::from_pixel(new_width as u32, new_height as u32, Luma([255]));
    for (x, y, to) in out.enumerate_pixels_mut() {
        let (from_x, from_y) =
            turned_back((x as f32, y as f32), (new_width, new_height), (width, height), degrees);
        if from_x > -1.0 && from_y > -1.0 && from_x < width && from_y < height {
            *to = Luma([between(image, from_x, from_y)]);
        }
    }
    out
}

/// Where a point of the turned picture lies in the picture as it was; sizes are those of the turned one and the other.
pub(super) fn turned_back(
    (x, y): (f32, f32),
    (new_width, new_height): (f32, f32),
    (width, height): (f32, f32),
    degrees: f32,
) -> (f32, f32) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (dx, dy) = (x - new_width / 2.0, y - new_height / 2.0);
    (dx * cos - dy * sin + width / 2.0, dx * sin + dy * cos + height / 2.0)
}

/// The level between pixels, white outside.
fn between(image: &GrayImage, x: f32, y: f32) -> u8 {
    let level = |x: i64, y: i64| {
        let inside =
            (0..i64::from(image.width())).contains(&x) && (0..i64::from(image.height())).contains(&y);
        if inside { f32::from(image.get_pixel(x as u32, y as u32).0[0]) } else { 255.0 }
    };
    let (left, top) = (x.floor(), y.floor());
    let (right_share, low_share) = (x - left, y - top);
    let (left, top) = (left as i64, top as i64);
    let upper = level(left, top) * (1.0 - right_share) + level(left + 1, top) * right_share;
    let lower = level(left, top + 1) * (1.0 - right_share) + level(left + 1, top + 1) * right_share;
    (upper * (1.0 - low_share) + lower * low_share) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bars like lines of words, falling to the right by `degrees`.
    fn bars(degrees: f32) -> GrayImage {
        let slope = degrees.to_radians().tan();
        GrayImage::from_fn(400, 200, |x, y| {
            let line = y as f32 - x as f32 * slope;
            let dark = (line as i32).rem_euclid(40) < 14 && x % 11 < 8 && x > 30 && x < 370;
            Luma([if dark { 0 } else { 255 }])
        })
    }

    #[test]
    fn the_slope_of_lines_is_found_and_taken_back() {
        for degrees in [-5.0, -2.5, 2.0, 5.0] {
            let found = skew(&bars(degrees));
            assert!((found - degrees).abs() <= 0.5, "{degrees} was read as {found}");
            assert_eq!(skew(&turned(&bars(degrees), found)), 0.0);
        }
        assert_eq!(skew(&bars(0.0)), 0.0);
        assert_eq!(skew(&GrayImage::from_pixel(50, 50, Luma([255]))), 0.0);
    }

    #[test]
    fn every_point_is_found_again() {
        let image = GrayImage::from_fn(100, 40, |x, y| {
            Luma([if (60..64).contains(&x) && (10..14).contains(&y) { 0 } else { 255 }])
        });
        let out = turned(&image, 5.0);
        let (x, y, _) = out.enumerate_pixels().min_by_key(|(_, _, level)| level.0[0]).unwrap();
        let sizes = ((out.width() as f32, out.height() as f32), (100.0, 40.0));
        let (x, y) = turned_back((x as f32, y as f32), sizes.0, sizes.1, 5.0);
        assert!((59.0..65.0).contains(&x) && (9.0..15.0).contains(&y), "{x}, {y}");
    }
}
