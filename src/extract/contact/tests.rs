//! Cases as data: what is read, where it stands, why, and what costs nothing.

use super::*;
use crate::domain::ad::AdKind;
use crate::domain::hit::Span;
use crate::text::Tables as Characters;

fn finder() -> Finder {
    Finder::new(Normalizer::new(&Characters::embedded())).unwrap()
}

#[test]
fn places_cover_the_published_words_with_their_evasions() {
    let finder = finder();
    for (text, kind, value, published) in [
        ("咨询☎1 38-0013 8000，速来", ContactKind::Mobile, "13800138000", "1 38-0013 8000"),
        ("电话：壹叁八〇〇壹叁八〇〇〇。", ContactKind::Mobile, "13800138000", "壹叁八〇〇壹叁八〇〇〇"),
        ("加微❤ ａｂｃ_１２３ 领取", ContactKind::Wechat, "abc_123", "ａｂｃ_１２３"),
        (
            "官网 https://www.baoben.example/a?b=1 注册",
            ContactKind::Host,
            "baoben.example",
            "https://www.baoben.example/a?b=1",
        ),
        ("健身微信 gym_wx7。", ContactKind::Wechat, "gym_wx7", "gym_wx7"),
        ("中奖人138****8000", ContactKind::Mobile, "138****8000", "138****8000"),
        (
            "由深圳市 鑫源 投资有限公司发起",
            ContactKind::Company,
            "深圳市鑫源投资有限公司",
            "深圳市 鑫源 投资有限公司",
        ),
    ] {
        let found = finder.find_in_text(text);
        let contact =
            found.iter().find(|contact| contact.kind == kind).unwrap_or_else(|| panic!("{text}: {found:?}"));
        assert_eq!(contact.value, value, "{text}");
        let ContactPlace::Words(span) = contact.place else { panic!("{text}: {contact:?}") };
        assert_eq!(span.of(text), published);
    }
}

#[test]
fn every_find_says_why() {
    let finder = finder();
    let reasons = |text: &str| finder.find_in_text(text).remove(0);
    let card = reasons("收款卡号 6222021234567890128");
    assert_eq!(card.certainty, Certainty::Certain);
    assert!(card.found_by.contains(&FoundBy::Checksum("Luhn".to_owned())), "{card:?}");
    let slip = reasons("统一社会信用代码：91350100M000100Y44");
    assert_eq!(slip.certainty, Certainty::Possible);
    assert!(slip.found_by.contains(&FoundBy::BrokenChecksum("GB 32100".to_owned())), "{slip:?}");
    let hidden = reasons("电话1-3-8-0-0-1-3-8-0-0-0");
    assert!(hidden.found_by.contains(&FoundBy::Hidden("digits-apart".to_owned())), "{hidden:?}");
    assert!(hidden.found_by.contains(&FoundBy::Label("电话".to_owned())), "{hidden:?}");
}

#[test]
fn links_and_fields_count_once_and_platforms_do_not() {
    let finder = finder();
    let mut draft = AdDraft::of_text(AdKind::Post, "电话13800138000");
    draft.landing_url = Some("https://www.lead.example/reg?from=1".to_owned());
    draft.links = [
        "tel:13800138000",
        "tel:+8613900139000",
        "mailto:A.B@x.example?subject=1",
        "https://t.me/Boss_Lao",
        "https://t.me/+AbCdEf0123",
        "https://weixin.qq.com/r/abc",
        "https://wpa.qq.com/msgrd?v=3&uin=12345678&site=qq",
        "https://play.google.com/store/apps/details?id=com.jinfu.App",
        "https://lead.example/other",
        "not an address",
        "javascript:void(0)",
    ]
    .map(str::to_owned)
    .to_vec();
    draft.advertiser = Some("上海鑫源（集团）有限公司".to_owned());
    draft.publisher = Some("城市晚报".to_owned());
    let contacts = finder.find(&draft);
    let shown: Vec<String> =
        contacts.iter().map(|contact| format!("{}:{}", contact.kind.as_str(), contact.value)).collect();
    assert_eq!(
        shown,
        [
            "mobile:13800138000",
            "host:lead.example",
            "mobile:13900139000",
            "email:a.b@x.example",
            "telegram:boss_lao",
            "telegram:AbCdEf0123",
            "qq:12345678",
            "app-package:com.jinfu.App",
            "company:上海鑫源集团有限公司",
        ]
    );
    assert_eq!(contacts[0].place, ContactPlace::Words(Span { start: 6, end: 17 }));
    assert!(contacts[1..].iter().all(|contact| contact.place == ContactPlace::Markup));
}

#[test]
fn parties_keep_their_part_and_their_code() {
    let finder = finder();
    let text = "上海鑫源投资有限公司（统一社会信用代码 91350100M000100Y43）发起，杭州恒泰担保有限公司担保";
    let mut draft = AdDraft::of_text(AdKind::Display, text);
    draft.advertiser = Some("上海鑫源投资有限公司".to_owned());
    let parties = finder.parties(&draft, &finder.find(&draft));
    let shown: Vec<_> =
        parties.iter().map(|party| (party.role, party.name.as_str(), party.credit_code.as_deref())).collect();
    assert_eq!(
        shown,
        [
            (PartyRole::Advertiser, "上海鑫源投资有限公司", Some("91350100M000100Y43")),
            (PartyRole::Named, "杭州恒泰担保有限公司", None),
        ]
    );
}

#[test]
fn any_text_is_read_without_harm_and_places_fit_it() {
    use proptest::prelude::*;
    let finder = finder();
    let piece = prop_oneof![
        Just("微信".to_owned()),
        Just("wx".to_owned()),
        Just("138".to_owned()),
        Just("baoben.top".to_owned()),
        Just("有限公司".to_owned()),
        Just("。".to_owned()),
        Just("@".to_owned()),
        Just("：".to_owned()),
        Just("一三八".to_owned()),
        Just("0x".to_owned()),
        Just("\u{200b}".to_owned()),
        "\\PC{0,6}",
        "[0-9 *x-]{0,12}",
    ];
    let texts = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(600));
    runner
        .run(&texts, |text| {
            for contact in finder.find_in_text(&text) {
                let ContactPlace::Words(span) = contact.place else { unreachable!() };
                prop_assert!(
                    text.get(span.start..span.end).is_some_and(|words| !words.is_empty()),
                    "{contact:?}"
                );
                prop_assert!(!contact.value.is_empty());
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn long_texts_take_time_in_proportion() {
    let finder = finder();
    let unit = "年化18%，电话1 38-0013 8000，微信abc_123，由上海鑫源投资有限公司发起，1 2 3 4 5 6，http://a.example/x。\n";
    assert_eq!(finder.find_in_text(&unit.repeat(300)).len(), 300 * finder.find_in_text(unit).len());
}
