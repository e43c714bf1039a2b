//! The pages of leads: reading, steps, and hostile words.

use axum::http::StatusCode;

use super::desk::MemoryDesk;
use super::{assert_inert, log_in, standard};

const LEAD: &str = "/leads/l-a000000000000000";

#[tokio::test]
async fn a_lead_is_filed_by_two_officers_and_shows_what_was_done() {
    let visitor = log_in(standard()).await;
    let list = visitor.get("/leads").await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(list.text().contains(LEAD) && list.text().contains("剩 15 个工作日"), "{}", list.text());
    let path = format!("{LEAD}/step");
    let filed = |officers: &'static str| {
        [("step", "file"), ("officers", officers), ("approver", "陈局"), ("seen", "0")]
    };
    let alone = visitor.post(&path, &filed("王芳")).await;
    assert_eq!(alone.status, StatusCode::CONFLICT);
    assert!(alone.text().contains("两人"), "the page says what is missing");
    assert!(visitor.changes().is_empty());
    let done = visitor.post(&path, &filed("王芳、李强")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(visitor.changes(), ["file l-a000000000000000"]);
    let shown = visitor.get(LEAD).await.text();
    for words in ["已立案", "王芳、李强（陈局）", "第六十四条"] {
        assert!(shown.contains(words), "{words}");
    }
    assert!(!shown.contains("value=\"decline\""), "what the state does not allow is not offered");
    let stale = visitor.post(&path, &[("step", "decide"), ("outcome", "罚款"), ("seen", "0")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "somebody else was faster");
    let unknown = visitor.post(&path, &[("step", "forget")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(visitor.get("/leads/l-0").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn hostile_words_stay_words_on_the_pages_of_leads() {
    let hostile = "</bdi><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}\0";
    let desk: MemoryDesk = standard();
    for listed in desk.leads.lock().unwrap().iter_mut() {
        listed.ad.draft.title = Some(hostile.to_owned());
        listed.ad.draft.text = hostile.to_owned();
    }
    let visitor = log_in(desk).await;
    let fields = [("step", "refer"), ("to", "police"), ("office", hostile), ("note", hostile)];
    assert_eq!(visitor.post(&format!("{LEAD}/step"), &fields).await.status, StatusCode::SEE_OTHER);
    for path in ["/leads", "/leads?state=all", LEAD] {
        let answered = visitor.get(path).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}");
        assert_inert(&answered.text(), path);
        assert!(!answered.text().contains('\u{202e}'), "{path}");
    }
}
