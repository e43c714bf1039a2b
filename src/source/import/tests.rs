//! Every format on its example; hostile files are in `hostile.rs`.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use super::*;
use crate::domain::capture::{Exchange, Imported};
use crate::source::CapturedPage;

mod hostile;

const NOW: UnixMs = UnixMs(1_795_500_000_000);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    reader: String,
    places: Vec<String>,
    texts: Vec<String>,
    #[serde(default)]
    gone: Vec<String>,
    #[serde(default)]
    columns: String,
    problems: Vec<String>,
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/import");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn input(bytes: &[u8]) -> Input {
    Box::new(Cursor::new(bytes.to_vec()))
}

/// What a file gives, with everything that was read as one text.
struct Seen {
    columns: String,
    places: Vec<String>,
    words: String,
    problems: Vec<String>,
}

fn read(reader: &Reader, bytes: &[u8]) -> Result<Seen, Problem> {
    let opened = (reader.open)(input(bytes), &Options::default())?;
    let columns: Vec<String> =
        opened.columns.iter().map(|(field, heading)| format!("{}={heading}", field.as_str())).collect();
    let mut seen =
        Seen { columns: columns.join(" "), places: Vec::new(), words: String::new(), problems: Vec::new() };
    for item in opened.items {
        match item {
            Ok(record) => {
                seen.places.push(record.place.clone());
                seen.words += &words_of(&record);
            }
            Err(bad) => {
                assert!(!bad.place.is_empty(), "a problem says where: {bad:?}");
                seen.problems.push(bad.problem.code);
            }
        }
    }
    Ok(seen)
}

/// Everything that judges, evidence or logs would see of a record.
fn words_of(record: &Record) -> String {
    match &record.content {
        Content::Address(url) => url.clone(),
        Content::Words(words) => words_of_draft(&words.draft),
        Content::Report(report) => {
            assert!(!report.reporter.is_empty(), "{}", record.place);
            words_of_draft(&report.words.draft) + &String::from_utf8(report.row.clone()).unwrap()
        }
        Content::Saved(saved) => {
            let exchange = exchange(saved);
            let reading = read_saved(&CapturedPage::new(&exchange, &saved.body));
            let problems = reading.problems.iter().map(ToString::to_string);
            let drafts = reading.drafts.iter().map(words_of_draft);
            let at = saved.saved_at.map(UnixMs::beijing).unwrap_or_default();
            drafts.chain(problems).chain([at]).collect::<Vec<_>>().join("\n")
        }
    }
}

fn words_of_draft(draft: &AdDraft) -> String {
    let at = draft.published_at.map(UnixMs::beijing);
    format!("{}\n{}\n{:?} {:?} {:?}\n", draft.locator, draft.text, draft.publisher, draft.advertiser, at)
}

fn exchange(saved: &Saved) -> Exchange {
    let url = saved.url.clone().unwrap_or_else(|| "urn:sha256:00".to_owned());
    Exchange {
        robots_override: None,
        requested_url: url.clone(),
        final_url: url,
        request_headers: Vec::new(),
        status: if saved.http_version.is_empty() { 0 } else { saved.status },
        http_version: saved.http_version.clone(),
        response_headers: saved.headers.clone(),
        redirects: Vec::new(),
        remote_addr: saved.remote_addr.clone(),
        started_at: NOW,
        finished_at: NOW,
        provenance: None,
        imported: Some(Imported {
            file_name: "file".to_owned(),
            file_sha256: "00".to_owned(),
            format: "test".to_owned(),
            place: String::new(),
            imported_at: NOW,
        }),
    }
}

#[test]
fn every_reader_reads_its_example() {
    let text = String::from_utf8(fixture("cases.toml")).unwrap();
    let cases: Cases = toml::from_str(&text).unwrap();
    let mut cases: BTreeMap<String, Case> =
        cases.case.into_iter().map(|case| (case.reader.clone(), case)).collect();
    for reader in READERS {
        let case = cases.remove(reader.name).unwrap_or_else(|| panic!("{} has no case", reader.name));
        let bytes = fixture(reader.example);
        let head = Head::of(&mut Cursor::new(&bytes)).unwrap();
        let found = recognize(&head, "bin").map(|reader| reader.name);
        assert_eq!(found, Some(reader.name), "{} is told by its content", reader.example);
        let seen = read(reader, &bytes).unwrap();
        assert_eq!(seen.places, case.places, "{}", reader.name);
        assert_eq!(seen.problems, case.problems, "{}", reader.name);
        assert_eq!(seen.columns, case.columns, "{}", reader.name);
        for text in &case.texts {
            assert!(
                seen.words.contains(text.as_str()),
                "{}: {text} is missing in {}",
                reader.name,
                seen.words
            );
        }
        for text in &case.gone {
            assert!(!seen.words.contains(text.as_str()), "{}: {text} is in {}", reader.name, seen.words);
        }
    }
    assert!(cases.is_empty(), "cases of no reader: {:?}", cases.keys());
}

#[test]
fn names_and_extensions_belong_to_one_reader() {
    let mut names: Vec<&str> = READERS.iter().map(|reader| reader.name).collect();
    let mut extensions: Vec<&str> = READERS.iter().flat_map(|reader| reader.extensions).copied().collect();
    for list in [&mut names, &mut extensions] {
        let n = list.len();
        list.sort_unstable();
        list.dedup();
        assert_eq!(list.len(), n, "{list:?}");
    }
    for reader in READERS {
        assert!(reader.extensions.iter().all(|extension| *extension == extension.to_lowercase()));
        assert_eq!(super::reader(reader.name).map(|found| found.name), Some(reader.name));
    }
}

#[test]
fn the_content_outweighs_the_extension_and_the_extension_helps_out() {
    let told = |bytes: &[u8], extension: &str| {
        let head = Head::of(&mut Cursor::new(bytes)).unwrap();
        recognize(&head, extension).map(|reader| reader.name)
    };
    let gbk_csv = encoding_rs::GB18030.encode("标题,内容\n一,二\n").0.into_owned();
    let cases: &[(&[u8], &str, Option<&str>)] = &[
        (b"WARC/1.0\r\n", "csv", Some("warc")),
        (b"%PDF-1.4", "png", Some("pdf")),
        (b"<html>", "pdf", Some("html")),
        (b"1\n00:00:01,000 --> 00:00:02,000\nx", "txt", Some("srt")),
        ("\u{feff}标题,内容\n".as_bytes(), "txt", Some("csv")),
        (&gbk_csv, "", Some("csv")),
        ("甲,乙\n1,2\n".as_bytes(), "CSV", Some("csv")),
        ("甲,乙\n1,2\n".as_bytes(), "txt", None),
        (b"https://a.example/\n", "txt", Some("urls")),
        (b"words", "txt", None),
        (b"\0\0\0", "", None),
        (b"", "jsonl", Some("jsonl")),
    ];
    for (bytes, extension, expected) in cases {
        assert_eq!(told(bytes, extension), *expected, "{:?} .{extension}", String::from_utf8_lossy(bytes));
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
