//! Pictures that look the same: a perceptual hash of a gray thumbnail.
//!
//! pHash (Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010): the low frequencies of a
//! 32 × 32 cosine transform, each compared with their median. Scaling, compression and brightness change few bits.

/// Side of the picture that is transformed.
const SIDE: usize = 32;
/// Side of the block of low frequencies that is kept.
const KEPT: usize = 8;
/// Gray levels that a picture must vary by, as standard deviation: blank pictures look like everything.
const MIN_DEVIATION: f64 = 4.0;

/// Pictures whose hashes differ in at most this many bits look the same.
pub const MAX_DISTANCE: u32 = 7;

/// What a picture looks like, 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImageHash(pub u64);

impl ImageHash {
    /// The hash of a gray picture, `width` × `height` bytes row by row, of any size from 8 × 8; small thumbnails are
    /// enough. `None` for a wrong number of bytes and for pictures with nothing on them.
    pub fn of_gray(pixels: &[u8], width: usize, height: usize) -> Option<Self> {
        if width < KEPT || height < KEPT || width.checked_mul(height) != Some(pixels.len()) {
            return None;
        }
        let small = shrunk(pixels, width, height);
        let mean = small.iter().sum::<f64>() / small.len() as f64;
        let variance = small.iter().map(|level| (level - mean).powi(2)).sum::<f64>() / small.len() as f64;
        if variance.sqrt() < MIN_DEVIATION {
            return None;
        }
        let low = low_frequencies(&small);
        // The first one is the brightness of the whole.
        let mut sorted: Vec<f64> = low[1..].to_vec();
        sorted.sort_by(f64::total_cmp);
        let median = sorted[sorted.len() / 2];
        let bits = low.iter().enumerate().skip(1).filter(|(_, value)| **value > median);
        Some(Self(bits.fold(0, |hash, (at, _)| hash | 1 << at)))
    }

    /// How many bits differ.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }

    /// Keys under which a store keeps it: its four quarters, each with its position.
    pub fn keys(self) -> [u64; 4] {
        std::array::from_fn(|quarter| key(quarter, (self.0 >> (16 * quarter) & 0xffff) as u16))
    }

    /// Keys to look for: two hashes that differ in at most [`MAX_DISTANCE`] bits have a quarter that differs in at most
    /// one, so each quarter is looked for as it is and with each bit turned.
    pub fn probe_keys(self) -> Vec<u64> {
        let turns = std::iter::once(0).chain((0..16).map(|bit| 1_u16 << bit));
        turns
            .flat_map(|turn| {
                (0..4).map(move |quarter| key(quarter, (self.0 >> (16 * quarter) & 0xffff) as u16 ^ turn))
            })
            .collect()
    }
}

fn key(quarter: usize, bits: u16) -> u64 {
    (quarter as u64) << 16 | u64::from(bits)
}

/// The mean gray of each of 32 × 32 fields, pixels on a border counted with their share.
fn shrunk(pixels: &[u8], width: usize, height: usize) -> Vec<f64> {
    let (columns, rows) = (shares(width), shares(height));
    let mut small = Vec::with_capacity(SIDE * SIDE);
    for row in &rows {
        for column in &columns {
            let line = |y: usize| -> f64 {
                column.iter().map(|(x, share)| f64::from(pixels[y * width + x]) * share).sum()
            };
            small.push(row.iter().map(|(y, share)| line(*y) * share).sum());
        }
    }
    small
}

/// For each of 32 fields of an axis of `len` pixels: the pixels in it and their shares, which add up to 1.
fn shares(len: usize) -> Vec<Vec<(usize, f64)>> {
    let size = len as f64 / SIDE as f64;
    let field = |at: usize| {
        let (from, to) = (at as f64 * size, (at + 1) as f64 * size);
        let pixels = from as usize..(to.ceil() as usize).min(len);
        pixels
            .map(|x| (x, ((x + 1) as f64).min(to) - (x as f64).max(from)))
            .map(|(x, part)| (x, part / size))
            .collect()
    };
    (0..SIDE).map(field).collect()
}

/// The 8 × 8 lowest coefficients of the cosine transform (DCT-II), row by row.
fn low_frequencies(small: &[f64]) -> Vec<f64> {
    let wave = |frequency: usize, at: usize| {
        (std::f64::consts::PI / SIDE as f64 * (at as f64 + 0.5) * frequency as f64).cos()
    };
    let waves: Vec<Vec<f64>> =
        (0..KEPT).map(|frequency| (0..SIDE).map(|at| wave(frequency, at)).collect()).collect();
    let rows: Vec<Vec<f64>> = small
        .chunks(SIDE)
        .map(|row| waves.iter().map(|wave| row.iter().zip(wave).map(|(a, b)| a * b).sum()).collect())
        .collect();
    let mut low = Vec::with_capacity(KEPT * KEPT);
    for vertical in &waves {
        for horizontal in 0..KEPT {
            low.push(rows.iter().zip(vertical).map(|(row, wave)| row[horizontal] * wave).sum());
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A banner: a gradient with bars and blocks in places that `seed` chooses.
    fn banner(seed: u64, width: usize, height: usize) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = |n: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % n
        };
        let blocks: Vec<(f64, f64, f64, f64, f64)> = (0..12)
            .map(|_| {
                let share = |value: u64| value as f64 / 1_000.0;
                (
                    share(next(900)),
                    share(next(900)),
                    share(40 + next(300)),
                    share(40 + next(250)),
                    next(256) as f64,
                )
            })
            .collect();
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let (u, v) = (x as f64 / width as f64, y as f64 / height as f64);
                let inside = |block: &&(f64, f64, f64, f64, f64)| {
                    u >= block.0 && v >= block.1 && u < block.0 + block.2 && v < block.1 + block.3
                };
                let level = blocks.iter().rev().find(inside).map_or(40.0 + 150.0 * u, |block| block.4);
                pixels.push(level as u8);
            }
        }
        pixels
    }

    fn hash(pixels: &[u8], width: usize, height: usize) -> ImageHash {
        ImageHash::of_gray(pixels, width, height).unwrap()
    }

    #[test]
    fn scaling_brightness_and_noise_change_few_bits() {
        let mut worst = 0;
        for seed in 1..200 {
            let own = hash(&banner(seed, 320, 120), 320, 120);
            let darker: Vec<u8> = banner(seed, 320, 120).iter().map(|level| level / 2 + 20).collect();
            let noisy: Vec<u8> = banner(seed, 320, 120)
                .iter()
                .enumerate()
                .map(|(at, level)| level.saturating_add((at * 7919 % 23) as u8))
                .collect();
            for other in [
                hash(&banner(seed, 640, 240), 640, 240),
                hash(&banner(seed, 160, 60), 160, 60),
                hash(&darker, 320, 120),
                hash(&noisy, 320, 120),
            ] {
                worst = worst.max(own.distance(other));
                let probes = own.probe_keys();
                assert!(other.keys().iter().any(|key| probes.contains(key)), "seed {seed}");
            }
        }
        assert!(worst <= MAX_DISTANCE, "{worst} bits differ");
    }

    #[test]
    fn other_pictures_are_far_away() {
        let hashes: Vec<ImageHash> = (1..200).map(|seed| hash(&banner(seed, 320, 120), 320, 120)).collect();
        let mut n_close = 0;
        for (at, one) in hashes.iter().enumerate() {
            n_close += hashes[at + 1..].iter().filter(|other| one.distance(**other) <= MAX_DISTANCE).count();
        }
        assert_eq!(n_close, 0, "of {} pairs", hashes.len() * (hashes.len() - 1) / 2);
    }

    #[test]
    fn blank_and_broken_pictures_have_no_hash() {
        assert_eq!(ImageHash::of_gray(&[200; 64 * 64], 64, 64), None);
        assert_eq!(ImageHash::of_gray(&[0, 255, 0], 64, 64), None);
        assert_eq!(ImageHash::of_gray(&[], 0, 0), None);
        assert_eq!(ImageHash::of_gray(&[1; 16], 4, 4), None);
        assert_eq!(ImageHash::of_gray(&[1; 16], usize::MAX, 2), None);
    }
}
