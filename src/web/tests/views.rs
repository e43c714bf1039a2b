//! Languages and filters: how the same pages are looked at.

use axum::http::{StatusCode, header};

use super::{log_in, standard};

#[tokio::test]
async fn every_page_speaks_both_languages() {
    let visitor = log_in(standard()).await;
    let missing = ["/queue", "/findings/f-a000000000000000", "/captures/cap-1", "/sources", "/nothing"];
    for path in missing {
        let chinese = visitor.get(path).await;
        assert!(chinese.text().contains("<html lang=\"zh-CN\">"), "{path}");
        let english = visitor.get(&format!("{path}?lang=en")).await;
        assert!(
            english.text().contains("<html lang=\"en\">") && english.text().contains("Review queue"),
            "{path}"
        );
        assert!(english.header(header::SET_COOKIE).contains("adwatch-lang=en"), "the choice stays");
        assert!(
            english.text().contains(&format!("href=\"{path}?lang=zh\"")),
            "{path}: the switch leads back here"
        );
    }
}

#[tokio::test]
async fn filters_stay_while_paging_and_wrong_ones_are_ignored() {
    let visitor = log_in(standard()).await;
    let page = visitor.get("/queue?state=all&severity=4&q=%E4%BF%9D").await.text();
    assert!(page.contains("href=\"/queue?state=accepted&#38;severity=4&#38;q=%E4%BF%9D\""), "{page}");
    for wrong in ["/queue?state=x", "/queue?severity=9", "/queue?source=../x", "/queue?severity=x&foo=bar"] {
        let answered = visitor.get(wrong).await;
        assert_eq!(answered.status, StatusCode::OK, "{wrong}");
        assert!(answered.text().contains("江州颐养公寓"), "{wrong}");
    }
    assert!(
        page.contains(
            "<mark class=\"s4\">保 本 保 息</mark>，年化收益15%，<mark class=\"s4\">每月返300元</mark>"
        ),
        "{page}"
    );
    let empty = visitor.get("/queue?q=nothing-has-this").await.text();
    assert!(empty.contains("没有符合条件的内容"));
}
