//! What the documents of a package say.

use std::collections::BTreeMap;

use super::*;

#[test]
fn hostile_captured_words_stay_words() {
    let hostile =
        "</div><script>alert(1)</script><img src=x onerror=alert(1)>\"'>{{7*7}}\n二、提取人员：伪造\u{202e}";
    let mut input = input();
    input.ad.draft.title = Some(hostile.to_owned());
    input.ad.draft.publisher = Some(hostile.to_owned());
    input.ad.draft.landing_url = Some("javascript:alert(1)".to_owned());
    input.ad.draft.text = format!("{hostile}{TEXT}");
    input.sightings[0].page_url = hostile.to_owned();
    input.sightings[0].locator = hostile.to_owned();
    input.captures[0].source_title = hostile.to_owned();
    input.captures[0].capture.exchange.requested_url = hostile.to_owned();
    input.captures[0].capture.exchange.response_headers.push(("x".to_owned(), hostile.to_owned()));
    input.decisions[0].note = hostile.to_owned();
    let files: BTreeMap<String, String> = made(&input)
        .into_iter()
        .map(|file| (file.path, String::from_utf8_lossy(&file.bytes).into_owned()))
        .collect();
    for page in ["record/record.html", "analysis/analysis.html"] {
        let html = &files[page];
        assert!(!html.contains("<script") && !html.contains("<img"), "{page}");
        assert!(!html.contains("href="), "{page}: captured addresses are not links");
        assert!(html.contains("default-src 'none'"), "{page}");
    }
    let record = &files["record/record.txt"];
    assert_eq!(
        record.lines().filter(|line| line.starts_with("二、提取人员")).count(),
        1,
        "no forged heading"
    );
    assert!(!record.contains('\u{202e}'));
}

#[test]
fn every_document_says_suspected_and_none_says_established() {
    for file in made(&input()).iter().filter(|file| !file.path.ends_with(".gz")) {
        let text = String::from_utf8_lossy(&file.bytes);
        for (at, _) in text.match_indices("非法集资") {
            let before: String =
                text[..at].chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
            let allowed = ["涉嫌", "不是对违法行为或者", "是否属于", "处置"];
            assert!(allowed.iter().any(|word| before.contains(word)), "{}: …{before}非法集资", file.path);
        }
    }
}

#[test]
fn offsets_of_the_analysis_point_into_the_text_file() {
    let made = made(&input());
    let of = |path: &str| made.iter().find(|file| file.path == path).unwrap().bytes.clone();
    let analysis: serde_json::Value = serde_json::from_slice(&of("analysis/analysis.json")).unwrap();
    let text = of("analysis/ad-text.txt");
    let hits = analysis["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 2);
    for hit in hits {
        let (start, end) = (hit["start"].as_u64().unwrap() as usize, hit["end"].as_u64().unwrap() as usize);
        assert_eq!(hit["text"].as_str().unwrap().as_bytes(), &text[start..end]);
    }
    assert_eq!(hits[1]["status"], "negated");
}

#[test]
fn hits_are_located_in_the_bytes_as_received() {
    let files = made(&input());
    let of = |path: &str| files.iter().find(|file| file.path == path).unwrap().bytes.clone();
    let analysis: serde_json::Value = serde_json::from_slice(&of("analysis/analysis.json")).unwrap();
    let expected = ["保 本 <b>保</b> 息", "无风险"];
    for (hit, words) in analysis["hits"].as_array().unwrap().iter().zip(expected) {
        let places = hit["raw"].as_array().unwrap();
        assert_eq!(places.len(), 1, "{hit}");
        let at = |end: &str| places[0][end].as_u64().unwrap() as usize;
        let raw = of(places[0]["file"].as_str().unwrap());
        assert_eq!(encoding_rs::GB18030.decode(&raw[at("start")..at("end")]).0, words);
        assert_eq!(places[0]["with_context"], true);
    }
}
