//! How fast a site is crawled: fetch, keep the capture, extract, judge, store; in pages per CPU-second, and how much
//! memory that takes.
//!
//! `cargo bench --bench crawl -- [PAGES]` crawls PAGES pages of about 8 KB (default 20,000) from a server of its own,
//! which runs in another process so that its CPU time does not count. Politeness is off.
//!
//! Others are measured in the same run when the environment says where they are:
//!
//! - `ADWATCH_BENCH_PYTHON`: a Python with Scrapy (`python3 -m venv V; V/bin/pip install scrapy`), which follows links
//!   and extracts links and text (`benches/crawl/scrapy_site.py`).
//! - `ADWATCH_BENCH_SPIDER`: the program of `benches/crawl/spider` (`cargo build --release` there), which collects
//!   links with the crate `spider`.
#![expect(clippy::print_stdout, reason = "a benchmark speaks to the terminal")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to measure")]
#![expect(clippy::disallowed_methods, reason = "a benchmark is told from outside where other programs are")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use adwatch::app::sources::NewSource;
use adwatch::app::{App, Config, CrawlOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Links on one list page, addresses in one sitemap.
const PER_LIST: usize = 1_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let n_pages = words.iter().find_map(|word| word.parse().ok()).unwrap_or(20_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if words.iter().any(|word| word == "serve") {
        runtime.block_on(serve(n_pages));
        return;
    }
    let server = Server::start(n_pages);
    runtime.block_on(own(&server.origin, n_pages));
    if let Ok(python) = std::env::var("ADWATCH_BENCH_PYTHON") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/crawl/scrapy_site.py");
        other("Scrapy", Command::new(python).args([script, &server.origin]));
    }
    if let Ok(program) = std::env::var("ADWATCH_BENCH_SPIDER") {
        other("spider", Command::new(program).arg(&server.origin));
    }
}

async fn own(origin: &str, n_pages: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
    config.fetch.host_interval_ms = 0;
    config.fetch.max_pages_per_run = u32::MAX;
    let app = App::open(config).await.unwrap();
    let source = app
        .add_source(NewSource {
            id: "bench".to_owned(),
            kind: "sitemap".to_owned(),
            settings: vec![format!("url={origin}/sitemap.xml")],
            allow_origins: vec![origin.to_owned()],
            ..NewSource::default()
        })
        .await
        .unwrap();
    for look in ["first", "again"] {
        let (cpu, begin) = (cpu_seconds(false), Instant::now());
        let options = CrawlOptions { everything: true, ..CrawlOptions::default() };
        let run = app.crawl_source(&source.id, options, &|_| {}).await.unwrap();
        let counts = run.counts;
        let n_read = counts.n_pages;
        assert!(n_read as usize >= n_pages, "{run:?}");
        report("adwatch", look, n_read as usize, cpu_seconds(false) - cpu, begin.elapsed().as_secs_f64());
        println!(
            "{:10}   {} ads and articles, {} new findings, most memory {} MB",
            "",
            counts.n_sightings,
            counts.n_new_findings,
            peak_mb()
        );
    }
}

/// Runs another program, whose last line is the number of pages it saw.
fn other(name: &str, command: &mut Command) {
    let (cpu, begin) = (cpu_seconds(true), Instant::now());
    let output = command.stderr(Stdio::null()).output().unwrap();
    let seconds = begin.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&output.stdout);
    let n_pages = text.lines().last().and_then(|line| line.trim().parse().ok());
    match n_pages {
        Some(n_pages) => report(name, "links", n_pages, cpu_seconds(true) - cpu, seconds),
        None => println!("{name:10} gave no number of pages: {text}"),
    }
}

fn report(name: &str, what: &str, n_pages: usize, cpu_seconds: f64, seconds: f64) {
    let n = n_pages as f64;
    println!(
        "{name:10} {what:6} {n_pages:>7} pages  {:>8.0} pages/CPU-s  {:>8.0} pages/s",
        n / cpu_seconds.max(0.01),
        n / seconds
    );
}

/// User and system time of this process, or of its ended children.
fn cpu_seconds(of_children: bool) -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name in brackets that may hold blanks.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let first = if of_children { 13 } else { 11 };
    let ticks: f64 = fields.iter().skip(first).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// The site, in a process of its own.
struct Server {
    child: Child,
    origin: String,
}

impl Server {
    fn start(n_pages: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["serve", &n_pages.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut origin = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut origin).unwrap();
        Self { child, origin: origin.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn serve(n_pages: usize) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    println!("{origin}");
    while let Ok((mut stream, _)) = listener.accept().await {
        let origin = origin.clone();
        tokio::spawn(async move {
            let mut head = Vec::new();
            let mut buffer = [0_u8; 4_096];
            loop {
                let n = stream.read(&mut buffer).await.unwrap_or(0);
                if n == 0 {
                    return;
                }
                head.extend_from_slice(&buffer[..n]);
                while let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                    let request = String::from_utf8_lossy(&head[..end]).into_owned();
                    head.drain(..end + 4);
                    let path = request.split(' ').nth(1).unwrap_or("/").to_owned();
                    if stream.write_all(&answer(&origin, &path, n_pages)).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}

fn answer(origin: &str, path: &str, n_pages: usize) -> Vec<u8> {
    let number = path.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    let n_lists = n_pages.div_ceil(PER_LIST);
    let of_list = number * PER_LIST..((number + 1) * PER_LIST).min(n_pages);
    let (kind, body) = match path {
        "/" => ("text/html; charset=utf-8", links((0..n_lists).map(|n| format!("/list_{n}.html")))),
        "/sitemap.xml" => ("application/xml", sitemap_index(origin, n_lists)),
        _ if path.starts_with("/list_") => {
            ("text/html; charset=utf-8", links(of_list.map(|n| format!("/2026/11/c_{n}.html"))))
        }
        _ if path.starts_with("/map_") => ("application/xml", sitemap(origin, of_list)),
        _ if path.starts_with("/2026/") => ("text/html; charset=utf-8", page(number)),
        _ => return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body.into_bytes()].concat()
}

fn links(addresses: impl Iterator<Item = String>) -> String {
    let items: String = addresses
        .map(|address| format!("<li><a href=\"{address}\">江州新闻：{address}</a></li>\n"))
        .collect();
    format!("<!doctype html><title>目录</title><ul>{items}</ul>")
}

fn sitemap_index(origin: &str, n_lists: usize) -> String {
    let maps: String =
        (0..n_lists).map(|n| format!("<sitemap><loc>{origin}/map_{n}.xml</loc></sitemap>")).collect();
    format!(
        "<?xml version=\"1.0\"?><sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{maps}</sitemapindex>"
    )
}

fn sitemap(origin: &str, pages: std::ops::Range<usize>) -> String {
    let urls: String = pages.map(|n| format!("<url><loc>{origin}/2026/11/c_{n}.html</loc></url>")).collect();
    format!(
        "<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{urls}</urlset>"
    )
}

/// A news page of about 8 KB with menus, an article, links to others, and an ad slot filled by a script.
fn page(number: usize) -> String {
    const SENTENCES: &[&str] = &[
        "江州市场监管局昨日召开全市老年人消费安全工作会议，通报今年以来的检查情况。",
        "会议要求各县区加强对养老服务机构广告的日常监测，发现问题及时处置。",
        "记者在城东农贸市场看到，蔬菜供应充足，价格与上周基本持平。",
        "市气象台预计，未来三天我市以多云天气为主，气温略有回升。",
        "据介绍，该项目总投资约三亿元，建成后可提供就业岗位八百余个。",
        "居民李女士说，小区加装电梯以后，老人上下楼方便多了。",
        "交警提醒广大驾驶员，雨雪天气请减速慢行，保持安全车距。",
        "市图书馆本周末将举办亲子阅读活动，欢迎市民免费参加。",
        "专家表示，任何承诺保本高收益的理财宣传都应当引起警惕。",
        "全市已有一百二十个社区建成日间照料中心，服务老人两万余人。",
    ];
    let mut seed = number as u64 ^ 0x9E37_79B9_7F4A_7C15;
    let mut next = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    let menu: String =
        (0..18).map(|n| format!("<li class=\"item\"><a href=\"/channel/{n}/\">频道第{n}</a></li>")).collect();
    let words: String = (0..14)
        .map(|_| {
            let sentences: String = (0..2).map(|_| SENTENCES[next(SENTENCES.len())]).collect();
            format!("<p>{sentences}</p>\n")
        })
        .collect();
    let others: String = (0..16)
        .map(|_| {
            format!(
                "<li><a href=\"/2026/11/c_{}.html\" target=\"_blank\">{}</a></li>\n",
                next(1_000),
                SENTENCES[next(SENTENCES.len())]
            )
        })
        .collect();
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>江州新闻第{number}条_江州新闻网</title>\
         <meta name=\"description\" content=\"江州新闻网\"><link rel=\"stylesheet\" href=\"/s.css\"><script src=\"/a.js\"></script></head>\
         <body><div class=\"header\"><ul class=\"nav\">{menu}</ul></div><div class=\"main\"><h1>江州新闻第{number}条</h1>\
         <div class=\"info\"><span class=\"time\">2026年11月20日 08:30</span> <span class=\"source\">来源：江州日报</span></div>\
         <div class=\"content\" id=\"content\">{words}</div><div class=\"ad-right\"><script src=\"//cpro.baidustatic.com/c.js\"></script></div>\
         <div class=\"related\"><h3>相关新闻</h3><ul>{others}</ul></div></div><div class=\"footer\"><p>江州新闻网版权所有 京ICP备00000000号</p></div></body></html>"
    )
}
