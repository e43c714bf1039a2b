//! Pictures of the report: captured pictures, and what a browser saw of a page, each with address, time and digest.

use super::super::input::{CaptureInput, PackageInput, PartInput, RenderingInput};
use super::super::rendered;
use super::content::line;
use super::paper::Figure;
use crate::domain::rendering::{Area, PartRole};

/// Figures that are larger than this are named and not shown.
const MAX_FIGURE_BYTES: usize = 8 << 20;
/// Pictures of the ad that are shown of one page at most.
const MAX_ADS: usize = 2;
/// What is shown of a page above the ad, in CSS pixels.
const ABOVE_AD: i32 = 160;
/// Height of the shown stretch of a page, in percent of its width: what fits on a sheet.
const STRETCH_PERCENT: u32 = 115;

/// What can be shown of a capture. `index` is its place.
pub(super) fn figures(input: &PackageInput, index: usize, captured: &CaptureInput) -> Vec<Figure> {
    let mut figures: Vec<Figure> = own(captured).into_iter().collect();
    if let Some(rendering) = &captured.rendering {
        figures.extend(page(input, index, captured, rendering));
        let shown = rendered::named(&rendering.parts, index);
        let of_ad = shown.iter().filter(|(_, part)| part.role == PartRole::Ad && part.is_of_ad);
        figures.extend(of_ad.take(MAX_ADS).filter_map(|(path, part)| ad(captured, path, part)));
    }
    figures
}

/// The capture as a picture, when it is one.
fn own(captured: &CaptureInput) -> Option<Figure> {
    let mut strip = place_and_time(captured);
    strip.push(format!("SHA-256 {}", captured.capture.body.digests.sha256));
    whole(&captured.body, strip)
}

/// The stretch of the page in which the ad stands, or its beginning.
fn page(
    input: &PackageInput,
    index: usize,
    captured: &CaptureInput,
    rendering: &RenderingInput,
) -> Option<Figure> {
    let named = rendered::named(&rendering.parts, index);
    let (path, part) = named.iter().find(|(_, part)| part.role == PartRole::Screenshot)?;
    let picture = image::load_from_memory_with_format(&part.bytes, image::ImageFormat::Png).ok()?;
    let (width, height) = (picture.width(), picture.height());
    let stretch = (width / 100 * STRETCH_PERCENT).clamp(1, height);
    let top = ad_area(input, captured, rendering).map_or(0, |area| {
        // The picture may have more pixels than the page has CSS pixels.
        let scale = f64::from(width) / f64::from(rendering.rendering.page.0.max(1));
        let wanted = (f64::from((area.y - ABOVE_AD).max(0)) * scale) as u32;
        wanted.min(height - stretch)
    });
    let mut strip = vec![match stretch == height {
        true => format!("整页截图 {path}"),
        false => format!("整页截图 {path} 的一段：纵向第 {top}–{} 像素，共 {height} 像素", top + stretch),
    }];
    strip.extend(place_and_time(captured));
    strip.push(format!("整页截图 SHA-256 {}", part.blob.digests.sha256));
    if stretch == height {
        return whole(&part.bytes, strip);
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.crop_imm(0, top, width, stretch).write_to(&mut bytes, image::ImageFormat::Png).ok()?;
    whole(&bytes.into_inner(), strip)
}

/// A picture of the ad alone.
fn ad(captured: &CaptureInput, path: &str, part: &PartInput) -> Option<Figure> {
    let mut strip = vec![format!("广告截图 {path}")];
    strip.extend(place_and_time(captured));
    strip.push(format!("SHA-256 {}", part.blob.digests.sha256));
    whole(&part.bytes, strip)
}

/// Where this package's ad stands in the page.
fn ad_area(input: &PackageInput, captured: &CaptureInput, rendering: &RenderingInput) -> Option<Area> {
    let sighting = input.sightings.iter().find(|sighting| sighting.capture_id == captured.capture.id)?;
    let slot = rendering.rendering.ads.iter().find(|slot| slot.locator == sighting.locator)?;
    (slot.area.size() > 0).then_some(slot.area)
}

fn place_and_time(captured: &CaptureInput) -> Vec<String> {
    let exchange = &captured.capture.exchange;
    vec![format!("网址 {}", line(&exchange.final_url)), format!("时间 {}", exchange.finished_at.beijing())]
}

fn whole(bytes: &[u8], strip: Vec<String>) -> Option<Figure> {
    let mime = match bytes.get(..4)? {
        [0x89, b'P', b'N', b'G'] => "image/png",
        [0xff, 0xd8, 0xff, _] => "image/jpeg",
        _ => return None,
    };
    if bytes.len() > MAX_FIGURE_BYTES {
        return None;
    }
    let size = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().ok()?;
    let (width_px, height_px) = size.into_dimensions().ok()?;
    Some(Figure { bytes: bytes.to_vec(), mime, width_px, height_px, strip })
}
