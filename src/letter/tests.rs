use std::io::Read as _;

use super::*;

fn facts() -> Facts {
    let mut facts = Facts::default();
    for (key, label) in KEYS {
        facts.set(key, &format!("（{label}的内容）"));
    }
    facts.quotes = vec!["保本保息，年化15%".to_owned(), "{number} <b>零风险</b>\u{202e}\u{1}".to_owned()];
    facts.provisions = vec!["《中华人民共和国广告法》第二十五条第（一）项".to_owned()];
    facts.packages = vec![("ev-f-1-20261123T010500000Z".to_owned(), "ab".repeat(32))];
    facts.pages = vec![("http://a.example/x?y=<z>".to_owned(), "2026-11-23 09:05".to_owned())];
    facts
}

fn xml_of(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_letter_with_everything_known_has_no_blank_and_says_suspected() {
    for kind in LetterKind::ALL {
        let document = compose(kind, &facts());
        assert_eq!(document.blanks(), [], "{kind:?}");
        let html = page(&document);
        assert!(html.contains("涉嫌") && !html.contains("草稿") && !html.contains("待填"), "{kind:?}");
        let bytes = docx(&document).unwrap();
        let xml = xml_of(&bytes, "word/document.xml");
        assert!(xml.contains("仿宋_GB2312") && xml.contains("涉嫌") && !xml.contains("待填"), "{kind:?}");
        assert!(xml_of(&bytes, "word/footer1.xml").contains("PAGE"), "page numbers");
        assert_eq!(kind.leaves(), html.contains("回执"), "{kind:?}");
    }
}

#[test]
fn what_is_missing_is_named_once_and_makes_a_draft() {
    for kind in LetterKind::ALL {
        let document = compose(kind, &Facts::default());
        let blanks = document.blanks();
        assert!(blanks.len() >= 5, "{kind:?}: {blanks:?}");
        let mut keys: Vec<&str> = blanks.iter().map(|blank| blank.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), blanks.len(), "each once");
        assert!(blanks.iter().all(|blank| !blank.label.is_empty() && !blank.key.is_empty()), "{kind:?}");
        let html = page(&document);
        assert!(html.contains("草稿") && html.contains("【待填："), "{kind:?}");
        assert!(xml_of(&docx(&document).unwrap(), "word/header1.xml").contains("不得外发"), "{kind:?}");
    }
}

#[test]
fn hostile_words_stay_words() {
    let document = compose(LetterKind::Transfer, &facts());
    let html = page(&document);
    assert!(html.contains("{number} &lt;b&gt;零风险&lt;/b&gt;"), "{html}");
    assert!(!html.contains('\u{202e}') && !html.contains('\u{1}'));
    let xml = xml_of(&docx(&document).unwrap(), "word/document.xml");
    assert!(xml.contains("&lt;b&gt;") && !xml.contains('\u{1}'));
}

#[test]
fn the_transfer_to_the_police_has_its_five_materials() {
    let html = page(&compose(LetterKind::Police, &facts()));
    for words in [
        "涉嫌犯罪案件移送书（本文书）",
        "调查报告",
        "涉案物品清单",
        "检验报告或者鉴定结论",
        "其他有关涉嫌犯罪的材料",
    ] {
        assert!(html.contains(words), "{words}");
    }
    for number in 1..=4 {
        assert!(html.contains(&format!("<p class=\"mark\">附件{number}</p>")));
    }
}
