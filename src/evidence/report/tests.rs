//! What the report says, in both forms.

use std::io::Read as _;

use super::super::tests::input;
use super::*;

fn facts() -> SealedFacts {
    SealedFacts {
        id: PackageId::parse("ev-f-0123-20261123T000000000Z").unwrap(),
        file_name: "ev-f-0123-20261123T000000000Z.wacz".to_owned(),
        seal: Digests::of(b"package"),
        size_bytes: 1234,
        n_files: 25,
        key_fingerprint: "cd".repeat(32),
        stamps: vec![("office-tsa".to_owned(), None)],
    }
}

fn docx_part(docx: &[u8], name: &str) -> String {
    let mut archive = ::zip::ZipArchive::new(std::io::Cursor::new(docx)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn both_forms_say_what_was_found_what_it_proves_and_leave_room_to_sign() {
    let report = report(&input(), &facts()).unwrap();
    let docx = docx_part(&report.docx, "word/document.xml");
    for words in [
        "涉嫌违法广告电子数据证据报告",
        "电子数据提取笔录",
        "保 本 保 息",
        "承诺保本保收益",
        "《中华人民共和国广告法》第二十五条第一项",
        "执法证号",
        "见证人",
        "不能单独证明",
        "http://news.example/1/",
        "尚未取得",
    ] {
        assert!(report.html.contains(words), "the page does not say {words}");
        assert!(docx.contains(words), "the document does not say {words}");
    }
    let seal = facts().seal.sha256;
    assert!(docx_part(&report.docx, "word/footer1.xml").contains(&seal), "the seal is on each page");
    assert!(report.html.contains("@bottom-left") && report.html.contains(&seal));
    assert!(!report.html.contains("非法集资广告"), "nothing is called established");
}

#[test]
fn hostile_words_stay_words() {
    let mut input = input();
    input.ad.draft.title = Some("</td><script>alert(1)</script>\u{202e}\u{1}]]>&".to_owned());
    let report = report(&input, &facts()).unwrap();
    assert!(!report.html.contains("<script") && !report.html.contains('\u{202e}'));
    let docx = docx_part(&report.docx, "word/document.xml");
    assert!(!docx.contains("<script") && !docx.contains('\u{1}') && docx.contains("alert(1)"));
}

#[test]
fn a_picture_that_was_brought_is_shown_with_its_strip() {
    let mut input = input();
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(40, 20).write_to(&mut png, image::ImageFormat::Png).unwrap();
    input.captures[1].body = png.into_inner();
    let report = report(&input, &facts()).unwrap();
    assert!(
        report.html.contains("data:image/png;base64,") && report.html.contains("网址 http://news.example/2/")
    );
    let archive = ::zip::ZipArchive::new(std::io::Cursor::new(&report.docx)).unwrap();
    assert!(archive.file_names().any(|name| name.unwrap().starts_with("word/media/")));
}
