//! The pages of leads: reading, steps, and hostile words.

use axum::http::StatusCode;

use super::desk::MemoryDesk;
use super::{assert_inert, log_in, standard};

const LEAD: &str = "/leads/l-a000000000000000";
const CASE: &str = "/cases/c-a000000000000000";

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
    assert_eq!(done.header(axum::http::header::LOCATION), CASE, "the lead is a case now");
    let moved = visitor.get(LEAD).await;
    assert_eq!((moved.status, moved.header(axum::http::header::LOCATION)), (StatusCode::SEE_OTHER, CASE));
    let listed = visitor.get("/cases").await.text();
    assert!(listed.contains(CASE) && listed.contains("作出处理决定"), "{listed}");
    let shown = visitor.get(CASE).await.text();
    for words in ["调查取证", "王芳、李强（陈局）", "第六十四条", "value=\"submit\""] {
        assert!(shown.contains(words), "{words}");
    }
    assert!(!shown.contains("value=\"decline\""), "what the state does not allow is not offered");
    let stale = visitor.post(&path, &[("step", "decide"), ("outcome", "罚款"), ("seen", "0")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "somebody else was faster");
    let unknown = visitor.post(&path, &[("step", "forget")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(visitor.get("/leads/l-0").await.status, StatusCode::NOT_FOUND);
    assert_eq!(visitor.get("/cases/l-a000000000000000").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_case_goes_to_the_police_and_comes_back_by_forms_that_the_page_offers() {
    let visitor = log_in(standard()).await;
    let path = format!("{LEAD}/step");
    let steps: &[&[(&str, &str)]] = &[
        &[("step", "file"), ("officers", "王芳 李强"), ("approver", "陈局")],
        &[("step", "pause"), ("kind", "suspension"), ("approver", "陈局"), ("note", "等待裁判结果")],
        &[("step", "resume")],
        &[("step", "begin"), ("task", "police-approval"), ("what", "涉嫌非法吸收公众存款")],
        &[("step", "end"), ("of", "4"), ("approved", "yes"), ("note", "同意移送")],
        &[("step", "refer"), ("to", "police"), ("office", "江州市公安局"), ("number", "江市监移〔2026〕3号")],
        &[("step", "receive"), ("referral", "6"), ("on", "2026-11-23"), ("note", "经侦支队签收")],
        &[("step", "answer"), ("referral", "6"), ("answer", "refused"), ("note", "不予立案通知书")],
        &[("step", "order"), ("what", "责令停止发布"), ("by", "2026-11-30")],
        &[("step", "submit"), ("note", "调查终结")],
        &[("step", "review"), ("reviewer", "赵敏"), ("agreed", "yes"), ("note", "同意")],
        &[("step", "inform"), ("note", "告知书直接送达")],
        &[("step", "hear"), ("note", "书面放弃")],
        &[("step", "decide"), ("kind", "penalty"), ("outcome", "罚款十万元")],
        &[("step", "serve"), ("note", "直接送达")],
        &[("step", "execute"), ("note", "已缴清")],
        &[("step", "close"), ("note", "")],
    ];
    for (seen, fields) in steps.iter().enumerate() {
        let page = if seen == 0 { LEAD } else { CASE };
        let offered = visitor.get(page).await.text();
        let name = format!("name=\"step\" value=\"{}\"", fields[0].1);
        assert!(offered.contains(&name), "{name} is not offered after {seen} steps");
        let number = seen.to_string();
        let mut all = vec![("seen", number.as_str())];
        all.extend_from_slice(fields);
        let answered = visitor.post(&path, &all).await;
        assert_eq!(answered.status, StatusCode::SEE_OTHER, "{fields:?}: {}", answered.text());
    }
    let shown = visitor.get(CASE).await.text();
    for words in ["已结案", "不予立案通知书", "经侦支队签收", "江市监移〔2026〕3号", "罚款十万元"]
    {
        assert!(shown.contains(words), "{words}");
    }
    assert!(!shown.contains("value=\"close\""));
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
