//! Importing files with the real binary: every format, twice, hostile, and with reporters who must stay unknown.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod world;

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use world::{Ran, SitesPlayed, World};

/// Example of each reader, by name.
const EXAMPLES: &[&str] = &[
    "ads.xlsx",
    "complaints.csv",
    "flyer.pdf",
    "page.mhtml",
    "pages.wacz",
    "pages.warc",
    "posts.jsonl",
    "radio.json",
    "radio.srt",
    "screenshot.png",
    "session.har",
    "singlefile.html",
    "tv.vtt",
    "urls.txt",
];

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/import").join(name);
    path.to_str().unwrap().to_owned()
}

/// The numbers of a file's line in the closing table: records, ads, new ads, sightings, flagged, findings, problems.
fn line(ran: &Ran, name: &str) -> Vec<u64> {
    let line = ran.out.lines().find(|line| line.starts_with(name) && line.split_whitespace().count() == 9);
    let line = line.unwrap_or_else(|| panic!("no line of {name} in\n{}\n{}", ran.out, ran.err));
    line.split_whitespace().skip(2).map(|number| number.parse().unwrap()).collect()
}

/// Every file below `folder` as text, those in ZIP archives and gzip unpacked.
fn unpacked(folder: &Path) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for path in files_below(folder) {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.display().to_string();
        if let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(&bytes)) {
            for index in 0..archive.len() {
                let mut part = archive.by_index(index).unwrap();
                let name = format!("{name}!{}", part.name().unwrap());
                let mut bytes = Vec::new();
                part.read_to_end(&mut bytes).unwrap();
                texts.insert(name, text_of(bytes));
            }
        } else {
            texts.insert(name, text_of(bytes));
        }
    }
    texts
}

fn text_of(bytes: Vec<u8>) -> String {
    let mut plain = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
    } else {
        plain = bytes;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn every_format_comes_into_the_queue_and_a_second_time_adds_nothing() {
    let world = World::new();
    let paths: Vec<String> = EXAMPLES.iter().map(|name| fixture(name)).collect();
    let args: Vec<&str> = ["import"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let first = world.run(&args);
    assert_eq!(first.code, 1, "{}\n{}", first.out, first.err);
    for name in EXAMPLES {
        let numbers = line(&first, name);
        assert!(numbers[0] > 0, "{name} has no records: {numbers:?}");
        let has_ad = !matches!(*name, "screenshot.png" | "urls.txt");
        assert_eq!(numbers[4] > 0, has_ad, "{name} flagged: {numbers:?}");
    }
    for said in ["图中文字未识别", "网址未抓取", "举报人信息已单独保存"] {
        assert!(first.out.contains(said), "{said}\n{}", first.out);
    }
    let before = world.findings();
    assert!(!before.is_empty());
    let second = world.run(&args);
    assert_eq!(second.code, 1, "what is there is still flagged\n{}", second.err);
    for name in EXAMPLES {
        let numbers = line(&second, name);
        assert_eq!((numbers[2], numbers[3], numbers[5]), (0, 0, 0), "{name} adds: {numbers:?}");
    }
    assert_eq!(world.findings(), before);
    assert_eq!(world.run(&["doctor"]).code, 0, "every capture has its bytes");
    // The same creative in several files is one finding with several sightings.
    let sightings: u64 = before.iter().map(|finding| finding["n_sightings"].as_u64().unwrap()).sum();
    assert!(sightings > before.len() as u64, "{before:?}");
}

#[test]
fn one_bad_record_is_named_and_the_rest_is_imported() {
    let world = World::new();
    let ran = world.run(&["import", &fixture("posts.jsonl"), &fixture("pages.warc")]);
    assert!(ran.out.contains("posts.jsonl line 2 invalid-json"), "{}", ran.out);
    assert_eq!(line(&ran, "posts.jsonl")[..2], [2, 2]);
    let mut warc = std::fs::read(fixture("pages.warc")).unwrap();
    let at = warc.windows(5).rposition(|bytes| bytes == b"WARC/").unwrap();
    warc[at] = b'X';
    let path = world.write("damaged.warc", warc);
    let ran = world.run(&["import", path.to_str().unwrap()]);
    assert!(ran.out.contains("damaged.warc record 7 at byte"), "{}", ran.out);
    assert_eq!(line(&ran, "damaged.warc")[0], 2);
}

#[test]
fn who_reported_is_found_nowhere_but_in_the_own_table() {
    let world = World::new();
    let ran = world.run(&[
        "--log",
        "trace,sqlx=off,hyper=off",
        "import",
        &fixture("complaints.csv"),
        "--source",
        "hotline",
    ]);
    assert_eq!(ran.code, 1, "{}\n{}", ran.out, ran.err);
    let canaries = ["钱一二", "13000000001", "孙三四", "13000000002"];
    let seen = |what: &str, text: &str| {
        for canary in canaries {
            assert!(!text.contains(canary), "{what} tells {canary}");
        }
    };
    seen("the output", &ran.out);
    seen("the log", &ran.err);
    let finding = world.findings().remove(0);
    assert!(finding["text"].as_str().unwrap().contains("＊"), "{finding}");
    seen("the queue", &finding.to_string());
    let id = finding["id"].as_str().unwrap();
    seen("the finding", &world.ok(&["queue", "show", id]).out);
    world.ok(&["queue", "accept", id, "--actor", "tester"]);
    let sealed = world.ok(&["evidence", "seal", id, "--actor", "tester", "--out", "sealed"]);
    let files = unpacked(&world.path().join("sealed"));
    assert!(files.len() > 5, "{}\n{:?}", sealed.out, files.keys());
    let mut has_import = false;
    for (name, text) in &files {
        has_import |= text.contains("complaints.csv");
        seen(name, text);
    }
    assert!(has_import, "the package says from which file it comes");
    let masked = world.ok(&["import", "--reporters", id]);
    assert!(masked.out.contains("钱**") && masked.out.contains("130****0001"), "{}", masked.out);
    seen("the masked list", &masked.out);
}

#[test]
fn columns_are_shown_and_can_be_said() {
    let world = World::new();
    let path = world.write("odd.csv", "甲,乙\n保本保息，年化收益18%，加微信ax8899,https://a.example/1\n");
    let path = path.to_str().unwrap();
    let ran = world.run(&["import", path]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.out.contains("甲, 乙") && ran.out.contains("--map"), "{}", ran.out);
    let ran = world.run(&["import", path, "--map", "text=甲,url=乙"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("text=甲 url=乙"), "{}", ran.out);
    let map = world.write("map.toml", "text = \"甲\"\nurl = \"乙\"\n");
    let ran = world.run(&["import", path, "--map", map.to_str().unwrap()]);
    assert_eq!(line(&ran, "odd.csv")[2..4], [0, 0], "the same map by file\n{}", ran.out);
    for wrong in ["texts=甲", "text", "none.toml"] {
        let ran = world.run(&["import", path, "--map", wrong]);
        assert_eq!(ran.code, 2, "{wrong}: {}", ran.out);
    }
}

#[test]
fn files_that_are_none_of_these_are_refused_with_the_next_step() {
    let world = World::new();
    let words = world.write("words.txt", "保本保息");
    let empty = world.write("empty.csv", "");
    let ran = world.run(&["import", words.to_str().unwrap(), empty.to_str().unwrap()]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.out.contains("adwatch scan") && ran.out.contains("empty.csv empty"), "{}", ran.out);
    assert_eq!(world.run(&["import", "no-such-file"]).code, 2);
    assert_eq!(world.run(&["import"]).code, 2);
    assert_eq!(world.run(&["import", words.to_str().unwrap(), "--as", "docx"]).code, 2);
    let formats = world.ok(&["import", "--formats"]);
    for name in EXAMPLES {
        let extension = format!(".{}", name.rsplit('.').next().unwrap());
        let is_known = formats.out.contains(&extension) || *name == "urls.txt";
        assert!(is_known, "{extension} is missing in\n{}", formats.out);
    }
}

#[test]
fn addresses_are_fetched_only_on_demand_and_by_the_guarded_client() {
    let world = World::new();
    let sites = SitesPlayed::start(&world);
    let (url, origins) = sites
        .sources
        .iter()
        .find(|source| source[1] == "news-site")
        .map(|source| (source[2].clone(), source[3].clone()))
        .unwrap();
    world.write("adwatch.toml", "[fetch]\nhost_interval_ms = 0\n");
    let list = world.write("list.urls", format!("{url}\nhttp://127.0.0.1:9/\n"));
    let list = list.to_str().unwrap();
    let ran = world.run(&["import", list]);
    assert!(ran.code == 0 && ran.out.contains("2 个网址未抓取"), "{}", ran.out);
    let guarded = world.run(&["import", list, "--fetch"]);
    assert_eq!(line(&guarded, "list.urls")[6], 2, "both are refused\n{}", guarded.out);
    let mut args = vec!["import", list, "--fetch"];
    for origin in origins.split(',') {
        args.extend(["--allow-origin", origin]);
    }
    let ran = world.run(&args);
    let numbers = line(&ran, "list.urls");
    assert!(numbers[1] > 0 && numbers[6] == 1, "{}\n{}", ran.out, ran.err);
}

#[test]
fn a_crawl_leaves_imported_files_alone() {
    let world = World::new();
    world.run(&[
        "import",
        &fixture("radio.srt"),
        "--publisher",
        "江州广播",
        "--published",
        "2026-11-20 08:00",
    ]);
    let ran = world.run(&["crawl", "import"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("adwatch import"), "{}", ran.err);
}
