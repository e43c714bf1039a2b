//! Banners like those of the trade, made from a seed: words, fonts, colours, sizes, decoration, turns of up to 5°. Chromium
//! draws them, JPEG at quality 60 spoils them.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

const JPEG_QUALITY: u8 = 60;

/// Banners on one sheet, and the place that each has on it.
const PER_SHEET: usize = 20;
const CELL_WIDTH: u32 = 1_100;
const CELL_HEIGHT: u32 = 620;

/// Words that break the law, as published ads do.
const VIOLATING: &[&[&str]] = &[
    &["养老公寓床位火热预订", "交三万元每年福利补贴12%", "到期全额返还"],
    &["投资10万 每月返3000元", "到期退还本金"],
    &["保本保息 年化收益18%", "零风险 高回报 随存随取"],
    &["原始股内部认购", "上市至少翻三倍", "名额仅剩二十个"],
    &["USDT量化理财", "日息1% 保本保收益", "稳赚不赔"],
    &["国企担保 稳健理财", "年化15% 本金安全有保障"],
    &["私募基金火热募集", "承诺保本 年收益20%"],
    &["以租代售 商铺投资", "每年返租12% 五年回购"],
    &["虚拟货币矿机托管", "100天回本 每天返利1%"],
    &["艺术品份额投资", "保底年收益15% 到期原价回购"],
    &["P2P网贷理财", "预期年化24% 本息全额兑付"],
    &["老年康养卡", "存5万每年返6000元", "到期还本"],
    &["黄金托管 到期还本", "每月付息1.5%"],
    &["消费全返 花多少返多少", "充值一万返三万"],
    &["外汇跟单 专家带单", "月收益30% 亏损包赔"],
    &["认养一头牛", "投入2万 一年返2.4万", "保本保收益"],
    &["理财产品 年化36%", "保本付息 随时赎回"],
    &["区块链项目 静态收益日返2%", "拉人头奖励10%"],
    &["财富中心内部理财", "年息18% 到期兑付本息"],
    &["白酒原浆投资", "三年翻倍 保底回购"],
];

/// Words that do not.
const HARMLESS: &[&[&str]] = &[
    &["夏季清仓大促销", "全场五折起 满三百减五十"],
    &["江州图书馆周末讲座", "免费入场 欢迎参加"],
    &["正规驾校招生", "一人一车 随到随学"],
    &["新鲜水果 产地直发", "次日送达 坏果包赔"],
    &["谨防非法集资", "保护好您的养老钱"],
    &["市民公园花展开幕", "四月一日至五月十日"],
    &["英语培训班开课", "小班教学 名师授课"],
    &["家电维修 上门服务", "持证上岗 明码标价"],
];

const CONTACTS: &[&str] =
    &["电话13800138000", "微信cf8866", "热线025-88888888", "添加客服领取资料", "立即咨询", ""];

const SIZES: &[(u32, u32)] = &[
    (728, 90),
    (640, 100),
    (468, 120),
    (300, 250),
    (336, 280),
    (970, 250),
    (600, 300),
    (640, 360),
    (320, 480),
    (1000, 200),
];

const FONTS: &[&str] = &["Noto Sans CJK SC", "Noto Serif CJK SC"];

/// Ink and ground that people tell apart.
const COLOURS: &[(&str, &str)] = &[
    ("#fff000", "#d0101c"),
    ("#ffffff", "#c8102e"),
    ("#c8102e", "#fff4d6"),
    ("#ffffff", "#0b3d91"),
    ("#ffe066", "#12304f"),
    ("#222222", "#ffffff"),
    ("#000000", "#ffd800"),
    ("#ffffff", "#1d7a3a"),
    ("#7a0b0b", "#f7c948"),
    ("#ffffff", "#222222"),
    ("#5b2a86", "#fdf3ff"),
    ("#ff5a00", "#fffdf5"),
];

/// One banner.
pub struct Banner {
    /// What stands on it, line by line.
    pub lines: Vec<String>,
    /// Outlines, shadows, patterns, slanted or coloured in parts.
    pub is_decorated: bool,
    /// Whether its words break the law.
    pub violates: bool,
    /// By how much its words are turned.
    pub degrees: f32,
    /// How it is drawn, for looking at what went wrong.
    pub style: String,
    width: u32,
    height: u32,
    body: String,
}

impl Banner {
    /// The `number`th banner of a seed.
    pub fn of(seed: u64, number: u64) -> Self {
        let mut random = Random::of(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let violates = random.below(100) < 65;
        let words = if violates { random.choose(VIOLATING) } else { random.choose(HARMLESS) };
        let mut lines: Vec<String> = words.iter().map(|line| (*line).to_owned()).collect();
        let contact = random.choose(CONTACTS);
        if !contact.is_empty() {
            lines.push((*contact).to_owned());
        }
        let (width, height) = *random.choose(SIZES);
        if height < 130 {
            // Flat banners have two lines at most.
            let all = lines.join(" ");
            let half = all.char_indices().filter(|(_, c)| *c == ' ').map(|(at, _)| at);
            let middle = all.len() / 2;
            let cut = half.min_by_key(|at| at.abs_diff(middle));
            lines = match cut {
                Some(at) if all.chars().count() > 12 => vec![all[..at].to_owned(), all[at + 1..].to_owned()],
                _ => vec![all],
            };
        }
        let is_decorated = random.below(2) == 1;
        let degrees = if random.below(3) == 0 { (random.below(101) as f32 - 50.0) / 10.0 } else { 0.0 };
        let (ink, ground) = *random.choose(COLOURS);
        let font = random.choose(FONTS);
        let weight = *random.choose(&[400, 700, 900]);
        let longest = lines.iter().map(|line| width_of(line)).fold(1.0, f32::max);
        let room = if degrees == 0.0 { 0.92 } else { 0.82 };
        let by_width = width as f32 * room / longest;
        let by_height = height as f32 * room / (lines.len() as f32 * 1.35);
        let size = by_width.min(by_height).clamp(15.0, 64.0);
        let mut style = format!("font:{weight} {size:.1}px '{font}';color:{ink};");
        let mut back = format!("background:{ground};");
        let mut name = String::from("plain");
        if is_decorated {
            let kind = random.below(8);
            name = decorate(kind, ink, ground, &mut style, &mut back, &mut random).to_owned();
        }
        let ribbon = name == "ribbon";
        let mut body = format!(
            "<div style=\"width:{width}px;height:{height}px;overflow:hidden;display:flex;align-items:center;\
             justify-content:center;{back}\"><div style=\"transform:rotate({degrees}deg);line-height:1.35;\
             white-space:nowrap;{style}\">"
        );
        for (at, line) in lines.iter().enumerate() {
            let _ = if ribbon && at == lines.len() - 1 {
                write!(
                    body,
                    "<div><span style=\"background:{ink};color:{ground};padding:0 .4em\">{line}</span></div>"
                )
            } else {
                write!(body, "<div>{line}</div>")
            };
        }
        body.push_str("</div></div>");
        let style =
            format!("{name} {font} {weight} {size:.0}px {ink} on {ground} {width}x{height} {degrees}°");
        Self { lines, is_decorated, violates, degrees, style, width, height, body }
    }

    /// Everything that stands on it.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}

fn decorate(
    kind: u64,
    ink: &str,
    ground: &str,
    style: &mut String,
    back: &mut String,
    random: &mut Random,
) -> &'static str {
    let _ = match kind {
        0 => {
            write!(style, "-webkit-text-stroke:1.2px {};", if is_light(ink) { "#7a3b00" } else { "#ffffff" })
        }
        1 => write!(style, "text-shadow:2px 3px 3px rgba(0,0,0,.6);"),
        2 => write!(
            back,
            "background:linear-gradient({}deg,{ground},#{});",
            random.below(360),
            if is_light(ink) { "3a0a4a" } else { "ffd9a0" }
        ),
        3 => write!(
            back,
            "background:repeating-linear-gradient(45deg,{ground} 0 14px,rgba(127,127,127,.35) 14px 18px),{ground};"
        ),
        4 => write!(
            style,
            "background:linear-gradient({ink},{});-webkit-background-clip:text;color:transparent;",
            if is_light(ink) { "#ffb000" } else { "#003a70" }
        ),
        5 => {
            let spot = |random: &mut Random| {
                format!(
                    "radial-gradient(circle at {}% {}%,rgba(255,255,255,.28),transparent {}%)",
                    random.below(100),
                    random.below(100),
                    15 + random.below(35)
                )
            };
            let (a, b, c) = (spot(random), spot(random), spot(random));
            write!(back, "background:{a},{b},{c},{ground};")
        }
        6 => write!(style, ""),
        _ => write!(style, "font-style:italic;transform-origin:center;letter-spacing:.06em;"),
    };
    ["outline", "shadow", "gradient", "stripes", "gradient-words", "spots", "ribbon", "italic"][kind as usize]
}

fn is_light(colour: &str) -> bool {
    let part = |at: usize| u32::from_str_radix(&colour[at..at + 2], 16).unwrap_or(0);
    part(1) * 299 + part(3) * 587 + part(5) * 114 > 128_000
}

/// Width of a line in characters of full width.
fn width_of(line: &str) -> f32 {
    line.chars().map(|c| if c.is_ascii() { 0.6 } else { 1.0 }).sum()
}

/// Draws banners and gives the bytes of a JPEG for each.
pub fn draw(banners: &[Banner], folder: &Path) -> Vec<Vec<u8>> {
    let mut drawn = Vec::new();
    for (number, sheet) in banners.chunks(PER_SHEET).enumerate() {
        let mut page =
            String::from("<!doctype html><meta charset=utf-8><style>body{margin:0;background:#888}</style>");
        for (at, banner) in sheet.iter().enumerate() {
            let top = at as u32 * CELL_HEIGHT;
            let _ = write!(page, "<div style=\"position:absolute;left:0;top:{top}px\">{}</div>", banner.body);
        }
        let picture = shoot(&page, folder, number, sheet.len() as u32 * CELL_HEIGHT);
        for (at, banner) in sheet.iter().enumerate() {
            let cut =
                image::imageops::crop_imm(&picture, 0, at as u32 * CELL_HEIGHT, banner.width, banner.height);
            drawn.push(jpeg(&cut.to_image()));
        }
    }
    drawn
}

/// The bytes of a JPEG of the quality of the bench.
pub fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).encode_image(picture).unwrap();
    bytes
}

fn shoot(page: &str, folder: &Path, number: usize, height: u32) -> RgbImage {
    let (html, png) =
        (folder.join(format!("sheet-{number}.html")), folder.join(format!("sheet-{number}.png")));
    std::fs::write(&html, page).unwrap();
    let status = Command::new("chromium")
        .args([
            "--headless",
            "--disable-gpu",
            "--no-sandbox",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
        ])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--window-size={CELL_WIDTH},{height}"))
        .arg(format!("--screenshot={}", png.display()))
        .arg(format!("file://{}", html.display()))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the banners are drawn by chromium: apt-get install chromium fonts-noto-cjk");
    assert!(status.success());
    image::open(&png).unwrap().into_rgb8()
}

/// xorshift64*.
pub struct Random(u64);

impl Random {
    /// Numbers of a seed.
    pub fn of(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number from 0 to `n` - 1.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// One of them.
    pub fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}
