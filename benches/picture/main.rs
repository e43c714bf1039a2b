//! How well words and codes in pictures are read, on generated banners.
//!
//! `cargo bench --bench picture -- [BANNERS] [SEED]` draws BANNERS banners (default 200) of SEED (default 2; 1 is what the
//! reader was tuned on) with Chromium, reads them with tesseract, and says how many characters were found and how many
//! banners that break the law were flagged. QR codes of 100 pixels and more stand on their own.
//! `--write FOLDER` keeps the pictures and what stands on them; `--list` shows each banner.
#![expect(clippy::print_stdout, reason = "a benchmark speaks to the terminal")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]

mod banners;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use adwatch::app::rules;
use adwatch::domain::ad::{AdDraft, AdKind};
use adwatch::domain::picture::PictureReading;
use adwatch::judge::{Judge, Scratch, Setting};
use adwatch::ocr::{DEFAULT_LANGUAGES, Program, read_words};
use adwatch::picture::{Picture, attach, codes};
use banners::{Banner, Random, draw, jpeg};
use image::{Rgb, RgbImage};
use rxing::{BarcodeFormat, EncodeHints, MultiFormatWriter, Writer as _};

/// What one banner came to.
struct Read {
    recall: f64,
    flagged: bool,
    text: String,
    took: Duration,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let numbers: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let (n_banners, seed) = (numbers.first().copied().unwrap_or(200), numbers.get(1).copied().unwrap_or(2));
    let list = words.iter().any(|word| word == "--list");
    let folder =
        words.iter().position(|word| word == "--write").and_then(|at| words.get(at + 1)).map(PathBuf::from);
    let judge = rules::judge(None).unwrap();
    let program = Program::find(None, DEFAULT_LANGUAGES).unwrap();
    println!("{} · {n_banners} banners of seed {seed}", program.title());
    let work = tempfile::tempdir().unwrap();
    let banners: Vec<Banner> = (0..n_banners).map(|number| Banner::of(seed, number)).collect();
    let pictures = draw(&banners, work.path());
    if let Some(folder) = folder {
        write(&folder, &banners, &pictures);
        return;
    }
    let reads = read_all(&program, &judge, &pictures, &banners);
    for (banner, read) in banners.iter().zip(&reads) {
        if list {
            let text = read.text.replace('\n', " / ");
            println!(
                "{:.2} {} {} | {} | {text}",
                read.recall,
                if read.flagged { "F" } else { "-" },
                banner.style,
                banner.text().replace('\n', " / ")
            );
        }
    }
    report("plain", &judge, &banners, &reads, |banner| !banner.is_decorated);
    report("decorated", &judge, &banners, &reads, |banner| banner.is_decorated);
    report("turned", &judge, &banners, &reads, |banner| banner.degrees != 0.0);
    report("all", &judge, &banners, &reads, |_| true);
    qr_codes(seed);
}

fn report(name: &str, judge: &Judge, banners: &[Banner], reads: &[Read], of: impl Fn(&Banner) -> bool) {
    let these: Vec<(&Banner, &Read)> = banners.iter().zip(reads).filter(|(banner, _)| of(banner)).collect();
    let (n_chars, n_found) = these.iter().fold((0.0, 0.0), |(all, found), (banner, read)| {
        let n = letters(&banner.text()).len() as f64;
        (all + n, found + n * read.recall)
    });
    // Only banners whose words are flagged when they are read without a mistake tell anything about reading.
    let violating = these.iter().filter(|(banner, _)| banner.violates && is_flagged(judge, &banner.text()));
    let (n_violating, n_flagged) =
        violating.fold((0, 0), |(all, flagged), (_, read)| (all + 1, flagged + usize::from(read.flagged)));
    let harmless = these.iter().filter(|(banner, _)| !banner.violates);
    let (n_harmless, n_wrong) =
        harmless.fold((0, 0), |(all, wrong), (_, read)| (all + 1, wrong + usize::from(read.flagged)));
    let took: Duration = these.iter().map(|(_, read)| read.took).sum();
    println!(
        "{name:<10} {:>4} banners: character recall {:.3}, flagged {n_flagged} of {n_violating} violating ({:.3}), {n_wrong} of \
         {n_harmless} harmless, {:.2} s each",
        these.len(),
        n_found / n_chars,
        n_flagged as f64 / f64::from(n_violating.max(1)),
        took.as_secs_f64() / these.len().max(1) as f64,
    );
}

fn read_all(program: &Program, judge: &Judge, pictures: &[Vec<u8>], banners: &[Banner]) -> Vec<Read> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Read)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(bytes) = pictures.get(at) else { return };
                    let read = read(program, judge, bytes, &banners[at]);
                    done.lock().unwrap().push((at, read));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, read)| read).collect()
}

fn read(program: &Program, judge: &Judge, bytes: &[u8], banner: &Banner) -> Read {
    let begin = Instant::now();
    let picture = Picture::decode(bytes).unwrap();
    let (lines, _) = read_words(program, &picture).unwrap();
    let reading = PictureReading {
        width: picture.width(),
        height: picture.height(),
        lines,
        words_by: Some(program.title()),
        ..PictureReading::default()
    };
    let mut draft = AdDraft::of_text(AdKind::Display, "");
    attach(&mut draft, &[("00".to_owned(), reading)]);
    let took = begin.elapsed();
    let (wanted, found) = (letters(&banner.text()), letters(&draft.text));
    let recall = common(&wanted, &found) as f64 / wanted.len() as f64;
    Read { recall, flagged: is_flagged(judge, &draft.text), text: draft.text, took }
}

fn is_flagged(judge: &Judge, text: &str) -> bool {
    let draft = AdDraft::of_text(AdKind::Display, text);
    judge.judge(&draft, &Setting::default(), &mut Scratch::default()).assessment.flagged
}

/// Characters that count.
fn letters(text: &str) -> Vec<char> {
    text.chars().filter(|c| c.is_alphanumeric() || *c == '%').flat_map(char::to_lowercase).collect()
}

/// Length of the longest common subsequence: characters that were found, in the right order.
fn common(wanted: &[char], found: &[char]) -> usize {
    let mut row = vec![0; found.len() + 1];
    for want in wanted {
        let mut diagonal = 0;
        for (at, have) in found.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if want == have { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[found.len()]
}

fn qr_codes(seed: u64) {
    let mut random = Random::of(seed ^ 0x5151);
    let (mut n_read, mut n_all) = (0, 0);
    let begin = Instant::now();
    for number in 0..300_u64 {
        let content = match number % 3 {
            0 => format!(
                "https://vip{}.example/a?from={}",
                random.below(1_000_000),
                random.below(1_000_000_000)
            ),
            1 => format!("https://u.wechat.com/{:x}", random.below(u64::MAX >> 1)),
            _ => format!("加微信 cf{} 领取保本理财资料", random.below(100_000)),
        };
        let side = 100 + random.below(200) as u32;
        let ink = [[0, 0, 0], [20, 40, 120], [120, 10, 10]][random.below(3) as usize];
        let picture = banner_with_code(&content, side, ink, &mut random);
        let picture = Picture::decode(&jpeg(&picture)).unwrap();
        n_all += 1;
        if codes(&picture).iter().any(|code| code.content == content) {
            n_read += 1;
        } else {
            println!("not read: {side} pixels, {content}");
        }
    }
    let each = begin.elapsed().as_secs_f64() / f64::from(n_all);
    println!(
        "QR codes of 100 to 299 pixels: {n_read} of {n_all} read ({:.4}), {each:.3} s each",
        f64::from(n_read) / f64::from(n_all)
    );
}

/// A code somewhere on a banner with bars and blocks around it.
fn banner_with_code(content: &str, side: u32, ink: [u8; 3], random: &mut Random) -> RgbImage {
    let hints = EncodeHints { CharacterSet: Some("utf-8".to_owned()), ..EncodeHints::default() };
    let matrix = MultiFormatWriter
        .encode_with_hints(content, &BarcodeFormat::QR_CODE, side as i32, side as i32, &hints)
        .unwrap();
    let (width, height) = (side + 40 + random.below(500) as u32, side + 20 + random.below(200) as u32);
    let (left, top) =
        (random.below(u64::from(width - side)) as u32, random.below(u64::from(height - side)) as u32);
    let ground = [[200, 16, 46], [255, 244, 214], [11, 61, 145], [250, 250, 250]][random.below(4) as usize];
    let bar = 7 + random.below(30) as u32;
    RgbImage::from_fn(width, height, |x, y| {
        if (left..left + side).contains(&x) && (top..top + side).contains(&y) {
            return Rgb(if matrix.get(x - left, y - top) { ink } else { [255, 255, 255] });
        }
        Rgb(if (x / bar + y / bar).is_multiple_of(5) { [255 - ground[0], 180, 40] } else { ground })
    })
}

fn write(folder: &std::path::Path, banners: &[Banner], pictures: &[Vec<u8>]) {
    std::fs::create_dir_all(folder).unwrap();
    let mut list = String::from(
        "# Written by `cargo bench --bench picture -- BANNERS SEED --write FOLDER`: what stands on each picture.\n",
    );
    for (number, (banner, bytes)) in banners.iter().zip(pictures).enumerate() {
        let name = format!("{number:03}.jpg");
        std::fs::write(folder.join(&name), bytes).unwrap();
        let lines: Vec<String> = banner.lines.iter().map(|line| format!("{line:?}")).collect();
        let _ = write!(
            list,
            "\n[[banner]]\nfile = \"{name}\"\nlines = [{}]\ndecorated = {}\nviolates = {}\nstyle = {:?}\n",
            lines.join(", "),
            banner.is_decorated,
            banner.violates,
            banner.style
        );
    }
    std::fs::write(folder.join("banners.toml"), list).unwrap();
}
