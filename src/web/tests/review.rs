//! Further verdicts, several at once, views and lists that stay with a finding.

use axum::http::{StatusCode, header};

use super::{ID, log_in, standard};

const SECOND: &str = "f-b000000000000000";

#[tokio::test]
async fn further_verdicts_are_recorded_and_lead_on() {
    let visitor = log_in(standard()).await;
    let path = |what: &str| format!("/findings/{ID}/{what}");
    let page = visitor.get(&format!("/findings/{ID}")).await.text();
    assert!(page.contains("/need-evidence\"") && page.contains("/ask-second\""), "{page}");
    let asked = visitor.post(&path("ask-second"), &[("note", "拿不准"), ("then", "next")]).await;
    assert_eq!(asked.header(header::LOCATION), format!("/findings/{SECOND}"));
    let page = visitor.get(&format!("/findings/{ID}")).await.text();
    assert!(page.contains("待复核") && page.contains("/accept\"") && page.contains("/undo\""), "{page}");
    assert!(!page.contains("/ask-second\""), "nobody is asked twice");
    let waits = visitor.post(&path("need-evidence"), &[("note", "缺落地页")]).await;
    assert_eq!(waits.status, StatusCode::SEE_OTHER);
    assert!(visitor.get("/queue?state=needs-evidence").await.text().contains(ID));
    assert_eq!(visitor.changes(), [format!("ask-second {ID}"), format!("need-evidence {ID}")]);
}

#[tokio::test]
async fn a_finding_remembers_the_list_it_was_opened_from() {
    let visitor = log_in(standard()).await;
    let queue = visitor.get("/queue?state=pending&severity=4").await.text();
    let href = format!("/findings/{ID}?state=pending&#38;severity=4");
    assert!(queue.contains(&href), "{queue}");
    let page = visitor.get(&format!("/findings/{ID}?state=pending&severity=4")).await.text();
    assert!(page.contains("href=\"/queue?state=pending&#38;severity=4\""), "the way back: {page}");
    assert!(page.contains(&format!("href=\"/findings/{SECOND}?state=pending&#38;severity=4\"")), "{page}");
    let fields = [("reason", "news"), ("then", "next"), ("in", "state=pending&severity=4")];
    let decided = visitor.post(&format!("/findings/{ID}/dismiss"), &fields).await;
    let next = format!("/findings/{SECOND}?state=pending&severity=4");
    assert_eq!(decided.header(header::LOCATION), next);
    let last = visitor.post(&format!("/findings/{SECOND}/dismiss"), &fields).await;
    assert_eq!(last.header(header::LOCATION), "/queue?state=pending&severity=4", "after the last, the list");
    for hostile in ["//evil.example", "state=all&q=\"><script>", "after=x&lang=\r\nSet-Cookie: a=b"] {
        visitor.post(&format!("/findings/{ID}/dismiss"), &[("reason", "news")]).await;
        let fields = [("note", "x"), ("in", hostile)];
        let answered = visitor.post(&format!("/findings/{ID}/undo"), &fields).await;
        assert!(answered.header(header::LOCATION).starts_with("/findings/f-"), "{hostile}");
    }
}

#[tokio::test]
async fn several_are_shown_counted_recorded_one_by_one_and_taken_back() {
    let visitor = log_in(standard()).await;
    let picks = [format!("{ID}@1"), format!("{SECOND}@1")];
    let fields = |verdict| [("verdict", verdict), ("pick", picks[0].as_str()), ("pick", picks[1].as_str())];
    let shown = visitor.post("/queue/bulk", &fields("dismiss news")).await.text();
    assert!(
        shown.contains("保 本 保 息") && shown.contains("稳赚不赔") && shown.contains("确认记录 2"),
        "{shown}"
    );
    assert!(visitor.changes().is_empty(), "nothing is recorded before it was shown");
    let mut confirmed = fields("dismiss news").to_vec();
    confirmed.push(("confirm", "1"));
    // Somebody else was faster with one of them.
    visitor.desk.files.lock().unwrap()[1].version = 2;
    let done = visitor.post("/queue/bulk", &confirmed).await;
    assert_eq!(done.status, StatusCode::OK);
    let page = done.text();
    assert!(page.contains("<b>1</b> / 2") && page.contains("已由他人决定"), "{page}");
    assert_eq!(visitor.changes(), [format!("dismiss {ID}")]);
    assert!(page.contains(&format!("value=\"{ID}@2\"")), "what went through can be taken back: {page}");
    let back = visitor.post("/queue/bulk/undo", &[("pick", &format!("{ID}@2"))]).await;
    assert!(back.text().contains("<b>1</b> / 1"));
    assert_eq!(visitor.changes().last().unwrap(), &format!("undo {ID}"));
}

#[tokio::test]
async fn a_wrong_bulk_form_changes_nothing() {
    let visitor = log_in(standard()).await;
    let many: Vec<String> = (0..31).map(|number| format!("f-{number}@1")).collect();
    let mut too_many: Vec<(&str, &str)> = vec![("verdict", "dismiss news"), ("confirm", "1")];
    too_many.extend(many.iter().map(|pick| ("pick", pick.as_str())));
    for fields in [
        vec![("verdict", "dismiss news"), ("confirm", "1")],
        vec![("verdict", "accept"), ("confirm", "1"), ("pick", "f-a000000000000000@1")],
        vec![("verdict", "dismiss nothing"), ("confirm", "1"), ("pick", "f-a000000000000000@1")],
        vec![("verdict", "dismiss news"), ("confirm", "1"), ("pick", "../../etc@1")],
        vec![("verdict", "dismiss news"), ("confirm", "1"), ("pick", "f-a000000000000000")],
        too_many,
    ] {
        let answered = visitor.post("/queue/bulk", &fields).await;
        assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
    }
    assert!(visitor.changes().is_empty());
}

#[tokio::test]
async fn a_view_is_saved_opened_and_removed() {
    let visitor = log_in(standard()).await;
    let saved = visitor.post("/views", &[("name", "高危"), ("query", "state=pending&severity=4")]).await;
    assert_eq!(saved.header(header::LOCATION), "/queue?state=pending&severity=4");
    let page = visitor.get("/queue?state=pending&severity=4").await.text();
    assert!(page.contains("aria-current=\"page\"><bdi>高危</bdi>"), "{page}");
    let (_, rest) = page.split_once("action=\"/views/remove\"").unwrap();
    let id = super::hidden(rest, "id");
    visitor.post("/views/remove", &[("id", &id)]).await;
    assert!(!visitor.get("/queue").await.text().contains("<bdi>高危</bdi>"));
    for name in ["", &"长".repeat(31)] {
        let refused = visitor.post("/views", &[("name", name), ("query", "q=x")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    visitor.post("/views", &[("name", "<script>alert(1)</script>"), ("query", "q=x")]).await;
    assert!(!visitor.get("/queue").await.text().contains("<script>alert"));
}
