//! `adwatch scan` as its user meets it: formats, streams, bad input, exit codes.

mod world;

use std::io::Write as _;

use serde_json::Value;
use world::World;

const AD: &str = "投资10万，每月返3000元，到期退还本金，保本保息，加微信ax8899";
const HIDDEN: &str = "保\u{200b}本·保 息，年化收益１８％，零风险，加V信ax8899";
const WARNING: &str = "警方提醒：凡是承诺保本保息、高额回报的都是骗局，切勿轻信。";
const PLAIN: &str = "今天食堂的红烧肉不错，下午三点在二楼开会。";

fn objects(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("one JSON object per line")).collect()
}

#[test]
fn words_are_judged_without_any_setup_and_the_exit_code_tells() {
    let world = World::new();
    let ran = world.run(&["scan", "--text", AD]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("涉嫌违法") && ran.out.contains("《中华人民共和国广告法》"), "{}", ran.out);
    for harmless in [WARNING, PLAIN] {
        let ran = world.run(&["scan", "--text", harmless]);
        assert_eq!(ran.code, 0, "{harmless}: {}", ran.out);
    }
    assert!(!world.data().exists(), "scan keeps nothing");
}

#[test]
fn a_hit_highlights_the_published_characters() {
    let world = World::new();
    let ran = world.run(&["scan", "--format", "jsonl", "--text", HIDDEN]);
    let object = objects(&ran.out).remove(0);
    assert_eq!(object["flagged"], true);
    let hits = object["hits"].as_array().unwrap();
    let hit =
        hits.iter().find(|hit| hit["normalized"].as_str().unwrap().contains("保本保息")).expect("found");
    let (start, end) = (hit["start"].as_u64().unwrap() as usize, hit["end"].as_u64().unwrap() as usize);
    assert_eq!(&HIDDEN[start..end], hit["text"].as_str().unwrap());
    assert!(hit["text"].as_str().unwrap().starts_with("保\u{200b}本·保 息"));
    assert!(!hit["transforms"].as_array().unwrap().is_empty());
}

#[test]
fn one_object_per_document_in_input_order_with_the_documented_fields() {
    let world = World::new();
    let mut lines = Vec::new();
    for index in 0..5_000 {
        let text = [AD, WARNING, PLAIN][index % 3];
        writeln!(lines, "{}", serde_json::json!({"id": index, "text": text, "extra": [1, 2]})).unwrap();
    }
    let ran = world.run_with_input(&["scan", "-", "--format", "jsonl"], &lines);
    assert_eq!(ran.code, 1);
    let objects = objects(&ran.out);
    assert_eq!(objects.len(), 5_000);
    for (index, object) in objects.iter().enumerate() {
        assert_eq!(object["id"], index);
        assert_eq!(object["flagged"], index % 3 == 0, "document {index}");
        for field in ["score", "severity", "track", "hits", "problems"] {
            assert!(object.get(field).is_some(), "field {field} of document {index}");
        }
    }
    let hit = &objects[0]["hits"][0];
    for field in
        ["rule", "category", "start", "end", "text", "normalized", "transforms", "provision", "status"]
    {
        assert!(hit.get(field).is_some(), "field {field} of a hit");
    }
    assert!(objects[1]["hits"].as_array().unwrap().iter().all(|hit| hit["status"] != "asserted"));
}

#[test]
fn bad_documents_are_reported_and_never_stop_the_rest() {
    let world = World::new();
    let mut input = Vec::new();
    writeln!(input, "{}", serde_json::json!({"id": "first", "text": AD})).unwrap();
    input.extend_from_slice(b"this is not JSON\n");
    input.extend_from_slice(b"{\"id\":\"no text\"}\n");
    input.extend_from_slice(b"{\"id\":\"latin\",\"text\":\"caf\xe9\"}\n\n");
    input.extend_from_slice(b"{\"id\":\"long\",\"text\":\"");
    input.resize(input.len() + (100 << 20), b'x');
    input.extend_from_slice(b"\"}\n");
    writeln!(input, "{}", serde_json::json!({"id": "last", "title": "年化18%", "text": AD})).unwrap();
    let ran = world.run_with_input(&["scan", "-", "--format", "jsonl", "--input", "jsonl"], &input);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let objects = objects(&ran.out);
    let told: Vec<(String, String)> = objects
        .iter()
        .map(|object| {
            let id = object["id"].as_str().unwrap().to_owned();
            (id, object["problems"][0]["code"].as_str().unwrap_or("").to_owned())
        })
        .collect();
    let expected = [
        ("first", ""),
        ("-:2", "invalid-json"),
        ("no text", "no-text"),
        ("latin", "invalid-utf8"),
        ("-:6", "too-large"),
        ("last", ""),
    ];
    assert_eq!(told, expected.map(|(id, code)| (id.to_owned(), code.to_owned())));
    assert_eq!(objects[5]["flagged"], true);
}

#[test]
fn folders_gzip_html_and_foreign_charsets_are_read() {
    let world = World::new();
    let (gbk, ..) = encoding_rs::GB18030.encode(
        "<html><head><meta charset=gb2312><title>广告</title></head><body><p>投资10万，每月返3000元，<b>到期退还本金</b>，保本保息</p></body></html>",
    );
    world.write("in/a.html", &gbk);
    world.write("in/b.txt", PLAIN);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for _ in 0..200 {
        writeln!(packed, "{}", serde_json::json!({"text": AD})).unwrap();
    }
    let packed = packed.finish().unwrap();
    world.write("in/c.jsonl.gz", &packed);
    world.write("in/d.jsonl.gz", &packed[..packed.len() / 2]);
    world.write("in/e.txt", "");
    let folder = world.path().join("in");
    let ran = world.run(&["scan", folder.to_str().unwrap(), "--format", "jsonl"]);
    let objects = objects(&ran.out);
    assert!(objects[0]["id"].as_str().unwrap().ends_with("a.html"));
    assert_eq!(objects[0]["flagged"], true, "{}", objects[0]);
    assert_eq!(objects[1]["flagged"], false);
    assert_eq!(objects[2..202].iter().filter(|object| object["flagged"] == true).count(), 200);
    let damaged = objects.iter().filter(|object| object["problems"][0]["code"] == "damaged-gzip").count();
    assert_eq!(damaged, 1, "the cut file says so once");
    assert!(objects.last().unwrap()["id"].as_str().unwrap().ends_with("e.txt"), "what follows is still read");
}

#[test]
fn wrong_usage_says_what_would_be_right() {
    let world = World::new();
    for args in [
        &["scan"][..],
        &["scan", "no-such-file"],
        &["scan", "--format", "xml"],
        &["scan", "--text", "a", "b"],
    ] {
        let ran = world.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.out, ran.err);
        assert!(!ran.err.is_empty());
    }
    let ran = world.run(&["--patterns", "no-such-folder", "scan", "--text", "a"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no-such-folder"), "{}", ran.err);
}

#[test]
fn a_spreadsheet_gets_one_line_per_hit() {
    let world = World::new();
    let ran = world.run(&["scan", "--format", "csv", "--text", AD]);
    let mut lines = ran.out.lines();
    assert!(lines.next().unwrap().starts_with("\u{feff}id,flagged,score,severity,track,rule"));
    let n_fields = |line: &str| line.matches("\",\"").count() + 1;
    assert!(lines.clone().count() >= 1);
    assert!(lines.all(|line| n_fields(line) == 14), "{}", ran.out);
}

#[test]
fn both_languages_are_complete() {
    let world = World::new();
    let ran = world.run(&["--lang", "en", "scan", "--text", AD]);
    assert!(ran.out.contains("flagged (涉嫌)") && ran.out.contains("1 documents"), "{}", ran.out);
}

#[test]
fn a_picture_is_told_by_its_first_bytes_and_waits_for_nobody() {
    let world = World::new();
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/picture/banner.jpg");
    let config = world.write("none.toml", "[pictures]\ntesseract = \"/nonexistent\"\n");
    let config = config.to_str().unwrap();
    let ran = world.run(&["scan", "--config", config, "--format", "jsonl", picture]);
    let object = objects(&ran.out).remove(0);
    assert_eq!(object["problems"][0]["code"], "picture-not-read", "{object}");
    // Where the program is, its words are judged and each hit says where it stands.
    let ran = world.run(&["scan", "--format", "jsonl", picture]);
    let object = objects(&ran.out).remove(0);
    if object["problems"].as_array().unwrap().is_empty() {
        assert_eq!(object["flagged"], true, "{object}");
        assert_eq!(object["hits"][0]["areas"][0]["read_as"], "words", "{object}");
    }
}
