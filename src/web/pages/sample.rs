//! Samples by chance: draw one, answer, and what the answers say about the whole.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;

use super::queue::title;
use crate::app;
use crate::domain::sample::{Agreement, Answer, Sample, SampleId, SampleItem, SampleKind, share_95};
use crate::kit::clock::UnixMs;
use crate::web::Site;
use crate::web::error::Failure;
use crate::web::form::Form;
use crate::web::guard::see_other;
use crate::web::lang::Lang;
use crate::web::page::{Frame, Visit, When, html, visible, visible_lines};
use crate::web::session::Flash;

const DAY_MS: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "samples.html")]
struct Page {
    frame: Frame,
    lines: Vec<Line>,
    from: String,
    until: String,
}

struct Line {
    kind: &'static str,
    made: When,
    made_by: String,
    span: String,
    n: usize,
    n_frame: u64,
    n_answered: usize,
    seed: String,
    result: String,
    /// The next item that waits for the visitor.
    mine: Option<String>,
}

#[derive(Template)]
#[template(path = "sample_item.html")]
struct ItemPage {
    frame: Frame,
    action: String,
    ad_title: String,
    ad_kind: &'static str,
    publisher: String,
    advertiser: String,
    text: String,
    answers: Vec<(usize, &'static str, &'static str)>,
    answered: Option<&'static str>,
    ordinal: u32,
}

/// `GET /samples`.
pub async fn list(State(site): State<Arc<Site>>, visit: Visit) -> Result<Response, Failure> {
    let session = visit.logged_in()?;
    let samples = site.registry.samples(&session.actor).await?;
    let date = |at: UnixMs| at.beijing().chars().take(10).collect::<String>();
    let now = site.desk.now();
    let page = Page {
        lines: samples
            .iter()
            .map(|(sample, items)| line(visit.lang, session.actor.name(), sample, items))
            .collect(),
        from: date(now.plus_ms(-30 * DAY_MS)),
        until: date(now),
        frame: Frame::new(&visit, "samples", visit.lang.pick("抽查", "Samples")).with_flash(&site, &visit),
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// `POST /samples`: draws one.
pub async fn draw(State(site): State<Arc<Site>>, visit: Visit, form: Form) -> Result<Response, Failure> {
    let lang = visit.lang;
    let wrong = |field, zh, en| app::Error::invalid(field, lang.pick(zh, en));
    let kind =
        SampleKind::parse(form.one("kind")).ok_or_else(|| wrong("kind", "请选择种类", "choose a kind"))?;
    let day = |name| -> Result<UnixMs, Failure> {
        let date: Option<Date> = form.one(name).parse().ok();
        let zoned = date.and_then(|date| date.in_tz("Asia/Shanghai").ok());
        let zoned = zoned.ok_or_else(|| wrong(name, "请填写日期", "give a date"))?;
        Ok(UnixMs(zoned.timestamp().as_millisecond()))
    };
    let (from, until) = (day("from")?, day("until")?.plus_ms(DAY_MS));
    let n = form.one("n").parse().map_err(|_| wrong("n", "请填写数量", "give a number"))?;
    site.registry.draw_sample(&form.session.actor, kind, (from, until), n).await?;
    site.flashes.tell(&form.session.id, Flash::good(lang.pick("已抽取。", "Drawn.")));
    Ok(see_other("/samples"))
}

/// `GET /samples/{id}/{n}`: the ad as published, without what anybody or anything said about it.
pub async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((id, ordinal)): Path<(String, u32)>,
) -> Result<Response, Failure> {
    let id = SampleId::parse(&id).map_err(|_| Failure::NoPage)?;
    let (item, ad) = site.registry.sample_item(&visit.logged_in()?.actor, &id, ordinal).await?;
    let lang = visit.lang;
    let w = lang.words();
    let shown = |name: &Option<String>| name.as_deref().map_or_else(|| w.not_shown.to_owned(), visible);
    let page = ItemPage {
        action: format!("/samples/{id}/{ordinal}"),
        ad_title: title(lang, &ad.draft),
        ad_kind: lang.of(ad.draft.kind.label()),
        publisher: shown(&ad.draft.publisher),
        advertiser: shown(&ad.draft.advertiser),
        text: visible_lines(&ad.draft.text),
        answers: (1..).zip(Answer::ALL).map(|(key, one)| (key, one.as_str(), named(lang, one))).collect(),
        answered: item.answer.map(|answer| named(lang, answer)),
        ordinal,
        frame: Frame::new(&visit, "samples", lang.pick("抽查", "Samples")).with_flash(&site, &visit),
    };
    Ok(html(StatusCode::OK, &page)?)
}

/// `POST /samples/{id}/{n}`: the answer, and on to the next.
pub async fn answer(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((id, ordinal)): Path<(String, u32)>,
    form: Form,
) -> Result<Response, Failure> {
    let id = SampleId::parse(&id).map_err(|_| Failure::NoPage)?;
    let none = || app::Error::invalid("answer", visit.lang.pick("请选择结论", "choose an answer"));
    let answer = Answer::parse(form.one("answer")).ok_or_else(none)?;
    let actor = &form.session.actor;
    site.registry.answer_sample(actor, &id, ordinal, answer, form.one("note")).await?;
    site.flashes.tell(&form.session.id, Flash::good(visit.lang.pick("已记录。", "Recorded.")));
    let samples = site.registry.samples(actor).await?;
    let next = samples
        .iter()
        .find(|(sample, _)| sample.id == id)
        .and_then(|(_, items)| waiting(items, actor.name()));
    Ok(see_other(
        &next.map_or_else(|| "/samples".to_owned(), |item| format!("/samples/{id}/{}", item.ordinal)),
    ))
}

/// The first item that waits for this person.
fn waiting<'a>(items: &'a [SampleItem], who: &str) -> Option<&'a SampleItem> {
    items.iter().find(|item| item.answer.is_none() && item.assigned == who)
}

fn line(lang: Lang, me: &str, sample: &Sample, items: &[SampleItem]) -> Line {
    let until = sample.until.plus_ms(-1);
    Line {
        kind: match sample.kind {
            SampleKind::Blind => lang.pick("盲审复核", "blind second review"),
            SampleKind::Unflagged => lang.pick("未命中抽查", "ads that were not flagged"),
        },
        made: sample.made_at.into(),
        made_by: visible(&sample.made_by),
        span: [sample.from, until].map(|at| at.beijing().chars().take(10).collect::<String>()).join(" – "),
        n: items.len(),
        n_frame: sample.n_frame,
        n_answered: items.iter().filter(|item| item.answer.is_some()).count(),
        seed: sample.seed.chars().take(12).collect(),
        result: match sample.kind {
            SampleKind::Blind => agreement(lang, items),
            SampleKind::Unflagged => missed(lang, sample, items),
        },
        mine: waiting(items, me).map(|item| format!("/samples/{}/{}", sample.id, item.ordinal)),
    }
}

fn agreement(lang: Lang, items: &[SampleItem]) -> String {
    let found = Agreement::of(items);
    let (same, n) = (found.both_violating + found.both_fine, found.n());
    if n == 0 {
        return String::new();
    }
    let kappa = match found.kappa() {
        Some(kappa) => format!("κ = {kappa:.2}"),
        None => {
            lang.pick("κ 无法计算（结论全部相同）", "κ cannot be told (always the same answer)").to_owned()
        }
    };
    format!("{} {same}/{n}，{kappa}", lang.pick("一致", "agree"))
}

fn missed(lang: Lang, sample: &Sample, items: &[SampleItem]) -> String {
    let count = |wanted| items.iter().filter(|item| item.answer == Some(wanted)).count() as u64;
    let (hits, n) = (count(Answer::Violating), count(Answer::Violating) + count(Answer::Fine));
    let Some((low, high)) = share_95(hits, n) else { return String::new() };
    let of_frame = |share: f64| (share * sample.n_frame as f64).round();
    let share = format!("{:.1} %–{:.1} %", low * 100.0, high * 100.0);
    lang.pick(
        format!(
            "漏报 {hits}/{n}；95% 区间 {share}，即 {} 条中约 {}–{} 条",
            sample.n_frame,
            of_frame(low),
            of_frame(high)
        ),
        format!(
            "missed {hits} of {n}; 95 % interval {share}, that is {}–{} of {}",
            of_frame(low),
            of_frame(high),
            sample.n_frame
        ),
    )
}

fn named(lang: Lang, answer: Answer) -> &'static str {
    match answer {
        Answer::Violating => lang.pick("涉嫌违法", "suspected"),
        Answer::Fine => lang.pick("不违法", "not suspect"),
        Answer::Unsure => lang.pick("无法判断", "cannot tell"),
    }
}
