//! Damaged and hostile files end in problems, never in a panic, a path or a flood.

use std::io::{Cursor, Write as _};

use super::{fixture, gzip, read};
use crate::source::import::*;

fn seen(name: &str, bytes: &[u8]) -> super::Seen {
    read(reader(name).unwrap(), bytes).unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

/// The problem that a file as a whole has.
fn refused(name: &str, bytes: &[u8]) -> Problem {
    match read(reader(name).unwrap(), bytes) {
        Err(problem) => problem,
        Ok(seen) => panic!("{name} read {:?}", seen.places),
    }
}

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn record(url: &str, body: &str) -> Vec<u8> {
    let block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n{body}");
    format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nContent-Length: {}\r\n\r\n{block}\r\n\r\n",
        block.len()
    )
    .into_bytes()
}

fn five_records() -> Vec<Vec<u8>> {
    (1..=5).map(|n| record(&format!("http://a.example/{n}"), &format!("正文{n}，").repeat(40))).collect()
}

fn numbers(words: &str) -> Vec<char> {
    let mut numbers: Vec<char> = words.chars().filter(|c| ('1'..='5').contains(c)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[test]
fn a_damaged_record_of_a_warc_costs_that_record_alone() {
    let records = five_records();
    let plain = records.concat();
    let start = records[..2].concat().len();
    let mut cut = plain.clone();
    cut.drain(start + 150..start + 300);
    let mut no_mark = plain.clone();
    no_mark[start] = b'X';
    let mut no_length = plain.clone();
    let at = start + memchr::memmem::find(&plain[start..], b"Content-Length").unwrap();
    no_length[at] = b'X';
    let between = [records[..2].concat(), vec![b'z'; 100_000], records[2..].concat()].concat();
    for (what, bytes, left) in [
        ("bytes are missing", cut, "1245"),
        ("the mark is damaged", no_mark, "1245"),
        ("the length is damaged", no_length, "1245"),
        ("bytes stand between", between, "12345"),
        ("the end is missing", plain[..plain.len() - 40].to_vec(), "1234"),
    ] {
        let seen = seen("warc", &bytes);
        assert_eq!(numbers(&seen.words).into_iter().collect::<String>(), left, "{what}");
        assert_eq!(seen.problems, ["damaged"], "{what}");
    }
}

#[test]
fn a_damaged_member_of_a_packed_warc_costs_that_record_alone() {
    let members: Vec<Vec<u8>> = five_records().iter().map(|record| gzip(record)).collect();
    let plain = members.concat();
    assert_eq!(seen("warc", &plain).places.len(), 5);
    let whole = gzip(&five_records().concat());
    assert_eq!(seen("warc", &whole).places.len(), 5, "one member with all records");
    let start = members[..2].concat().len();
    for at in [0, 1, 4, 12, 30, members[2].len() / 2, members[2].len() - 6] {
        let mut bytes = plain.clone();
        bytes[start + at] ^= 0x5a;
        let seen = seen("warc", &bytes);
        let left: String = numbers(&seen.words).into_iter().collect();
        // The five bytes of time and origin in a gzip header say nothing about the content.
        assert!(left == "1245" || at == 4 && left == "12345", "byte {at}: {left}");
        assert!(left == "12345" || !seen.problems.is_empty(), "byte {at}");
    }
    let cut = &plain[..plain.len() - 20];
    assert_eq!(numbers(&seen("warc", cut).words).len(), 4);
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![0; 40 << 20];
    let warc = |length: &str| {
        [format!("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: {length}\r\n\r\n").as_bytes(), &zeros]
            .concat()
    };
    let after = gzip(&record("http://a.example/1", "正文1"));
    for length in ["41943040", "18446744073709551615", "99999999999999999999", "-1"] {
        let bomb = [gzip(&warc(length)), after.clone()].concat();
        let seen = seen("warc", &bomb);
        assert!(!seen.problems.is_empty() && seen.words.contains("正文1"), "{length}: {:?}", seen.problems);
    }
    let workbook = zipped(&[("xl/workbook.xml", b"<workbook/>"), ("xl/sharedStrings.xml", &zeros)]);
    assert!(workbook.len() < 1 << 20);
    assert_eq!(refused("xlsx", &workbook).code, "too-large");
    let wacz = zipped(&[("archive/a.warc", &zeros)]);
    let seen = seen("wacz", &wacz);
    assert!(seen.places.is_empty() && !seen.problems.is_empty(), "{:?}", seen.problems);
}

#[test]
fn names_in_archives_are_never_paths() {
    let record = record("http://a.example/1", "正文1");
    let outside = std::env::temp_dir().join("adwatch-slip.warc");
    let names = [
        "archive/../../../../tmp/adwatch-slip.warc",
        "archive//tmp/adwatch-slip.warc",
        "archive/\\..\\x.warc",
    ];
    for name in names {
        let seen = seen("wacz", &zipped(&[(name, &record)]));
        assert_eq!(seen.places, ["part 1, record 1 at byte 0"], "{name}");
    }
    assert!(!outside.exists());
}

#[test]
fn entities_in_a_workbook_open_nothing_and_multiply_nothing() {
    let laughs: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let shared = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE sst [<!ENTITY l0 \"哈\">{laughs}<!ENTITY file SYSTEM \"file:///etc/passwd\">]>\
         <sst><si><t>内容</t></si><si><t>甲&l9;乙&file;丙</t></si></sst>"
    );
    let example = fixture("ads.xlsx");
    let mut archive = zip::ZipArchive::new(Cursor::new(example)).unwrap();
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut part, &mut bytes).unwrap();
        if name == "xl/sharedStrings.xml" {
            bytes = shared.clone().into_bytes();
        }
        entries.push((name, bytes));
    }
    let entries: Vec<(&str, &[u8])> =
        entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let text = match read(reader("xlsx").unwrap(), &zipped(&entries)) {
        Ok(seen) => seen.words,
        Err(problem) => problem.to_string(),
    };
    assert!(text.len() < 10_000 && !text.contains("root:"), "{text}");
}

#[test]
fn a_quote_that_is_never_closed_ends_the_table_with_a_problem() {
    let csv = format!("标题,内容\n一,二\n三,\"{}", "长".repeat(3 << 20));
    let seen = seen("csv", csv.as_bytes());
    assert_eq!((seen.places.len(), seen.problems.len()), (1, 1), "{:?}", seen.problems);
    let line =
        format!("{{\"text\":\"一\"}}\n{{\"text\":\"{}\"}}\n{{\"text\":\"三\"}}\n", "长".repeat(3 << 20));
    let lines = self::seen("jsonl", line.as_bytes());
    assert_eq!(
        (lines.places, lines.problems),
        (vec!["line 1".to_owned(), "line 3".to_owned()], vec!["invalid-json".to_owned()])
    );
}

#[test]
fn a_pdf_made_to_break_its_reader_ends_in_a_problem() {
    let deep = format!(
        "%PDF-1.4\n1 0 obj\n{}{}\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let example = fixture("flyer.pdf");
    let circle =
        String::from_utf8_lossy(&example).replace("/Kids [6 0 R 8 0 R]", "/Kids [2 0 R 2 0 R]").into_bytes();
    for bytes in [deep.as_bytes(), b"%PDF-1.7", &example[..example.len() / 2], &circle] {
        let seen = seen("pdf", bytes);
        assert!(
            !seen.words.trim().is_empty(),
            "what is wrong is said: {:?}",
            String::from_utf8_lossy(&bytes[..20.min(bytes.len())])
        );
    }
}

#[test]
fn no_cut_and_no_flipped_byte_makes_a_reader_panic() {
    for reader in READERS {
        let whole = fixture(reader.example);
        for nth in 0..12 {
            let _ = read(reader, &whole[..whole.len() * nth / 12]);
        }
        for nth in 0..40 {
            let mut bytes = whole.clone();
            let at = nth * 7919 % bytes.len();
            bytes[at] ^= 0xff;
            let _ = read(reader, &bytes);
        }
        for other in READERS {
            let _ = read(reader, &fixture(other.example));
        }
    }
}
