//! A timeline in the format of mobile Weibo: `/api/container/getIndex`.

use serde_json::Value;
use url::Url;

use super::html;
use super::{MissingField, Shape, moment};
use crate::domain::ad::{AdDraft, AdKind};
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

/// A page of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// Posts in the order of the answer.
    pub drafts: Vec<AdDraft>,
    /// What was odd: posts without a field, long posts of which only the beginning is in the answer.
    pub problems: Vec<Problem>,
}

/// Why an answer is no timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTimeline {
    /// The visitor or login cookie is missing or has expired (`"ok": -100`).
    LoginWall,
    /// The answer says that there is nothing (`"ok": 0` with a message).
    Empty,
    /// The field whose absence says that the format changed.
    ShapeChanged(MissingField),
}

impl From<MissingField> for NoTimeline {
    fn from(field: MissingField) -> Self {
        Self::ShapeChanged(field)
    }
}

/// Reads the posts in `json`; times such as 3分钟前 are told from `now`, the time of the capture.
///
/// # Errors
/// See [`NoTimeline`].
pub fn timeline(json: &str, page_url: &Url, now: UnixMs) -> Result<Timeline, NoTimeline> {
    let answer: Value =
        serde_json::from_str(json).map_err(|error| MissingField(format!("data (not JSON: {error})")))?;
    match answer.get("ok").and_then(Value::as_i64) {
        Some(-100) => return Err(NoTimeline::LoginWall),
        Some(0) if answer.pointer("/data/cards").and_then(Value::as_array).is_none_or(Vec::is_empty) => {
            return Err(NoTimeline::Empty);
        }
        _ => {}
    }
    let cards = answer.pointer("/data/cards").and_then(Value::as_array);
    let cards = cards.ok_or_else(|| MissingField::new("data.cards"))?;
    let mut posts = Vec::new();
    for (nth, card) in cards.iter().enumerate() {
        let pointer = format!("/data/cards/{nth}");
        if let Some(post) = card.get("mblog") {
            posts.push((format!("{pointer}/mblog"), post));
        }
        for (inner, card) in
            card.get("card_group").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            if let Some(post) = card.get("mblog") {
                posts.push((format!("{pointer}/card_group/{inner}/mblog"), post));
            }
        }
    }
    let mut timeline = Timeline { drafts: Vec::new(), problems: Vec::new() };
    let mut missing = None;
    for (pointer, post) in posts {
        match draft(post, &pointer, page_url, now) {
            Ok((draft, problem)) => {
                timeline.drafts.push(draft);
                timeline.problems.extend(problem);
            }
            Err(field) => {
                timeline
                    .problems
                    .push(Problem::new("missing-field", format!("{pointer} has no `{}`", field.0)));
                missing.get_or_insert(field);
            }
        }
    }
    match missing {
        Some(field) if timeline.drafts.is_empty() => {
            Err(MissingField(format!("data.cards[].mblog.{}", field.0)).into())
        }
        _ => Ok(timeline),
    }
}

fn draft(post: &Value, pointer: &str, page_url: &Url, now: UnixMs) -> Shape<(AdDraft, Option<Problem>)> {
    let id = text_or_number(post, "id").or_else(|| text_or_number(post, "mid"));
    let id = id.ok_or_else(|| MissingField::new("id"))?;
    let own = words(post, page_url).ok_or_else(|| MissingField::new("text"))?;
    let mut text = own.text;
    let mut links = own.links;
    let mut images = pictures(post);
    if let Some(original) = post.get("retweeted_status").filter(|original| original.is_object())
        && let Some(words) = words(original, page_url)
    {
        // As the page shows it: the original below the new words, behind its author's name.
        let author = original.pointer("/user/screen_name").and_then(Value::as_str).unwrap_or_default();
        text = format!("{text}\n@{author}:{}", words.text);
        links.extend(words.links);
        images.extend(pictures(original));
    }
    let name = |path: &str| {
        post.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    if let Some(title) = name("/page_info/page_title").filter(|title| !text.contains(title.as_str())) {
        text = format!("{text}\n{title}");
    }
    let label = name("/mblogtypename")
        .or_else(|| post.get("promotion").is_some_and(Value::is_object).then(|| "推广".to_owned()));
    let landing_url =
        links.first().cloned().or_else(|| name("/page_info/page_url").filter(|link| !is_own_page(link)));
    let mut platform_ids = std::collections::BTreeMap::from([("id".to_owned(), id.clone())]);
    for key in ["bid", "mid"] {
        platform_ids.extend(text_or_number(post, key).map(|value| (key.to_owned(), value)));
    }
    platform_ids.extend(
        post.get("user").and_then(|user| text_or_number(user, "id")).map(|value| ("user".to_owned(), value)),
    );
    let problem = own.is_cut.then(|| {
        Problem::new("long-text", format!("post {id} is long and only its beginning is in the answer"))
    });
    let draft = AdDraft {
        locator: pointer.to_owned(),
        images,
        landing_url,
        links,
        publisher: name("/user/screen_name"),
        label,
        published_at: name("/created_at").and_then(|at| moment::parse_relative(&at, now)),
        platform_ids,
        ..AdDraft::of_text(AdKind::Post, text)
    };
    Ok((draft, problem))
}

struct Words {
    text: String,
    links: Vec<String>,
    /// Only the beginning is there.
    is_cut: bool,
}

/// The words of a post: the long form when the answer carries it, `None` when it has no text at all.
fn words(post: &Value, page_url: &Url) -> Option<Words> {
    let long =
        post.pointer("/longText/longTextContent").and_then(Value::as_str).filter(|text| !text.is_empty());
    let short = post.get("text").and_then(Value::as_str);
    let markup = long.or(short)?;
    let is_cut = long.is_none() && post.get("isLongText").and_then(Value::as_bool).unwrap_or(false);
    let page = html::parse_fragment(markup);
    let links = html::links_of(page.root_element(), page_url)
        .iter()
        .map(|link| html::unwrap_redirect(link))
        .filter(|link| !is_own_page(link))
        .collect();
    Some(Words { text: html::text_of(page.root_element()), links, is_cut })
}

/// Hash tags, mentions and "full text" lead to Weibo itself and say nothing about where the post leads.
fn is_own_page(link: &str) -> bool {
    let host = Url::parse(link).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let belongs_to =
        |own: &str| host.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    belongs_to("weibo.com") || belongs_to("weibo.cn")
}

/// `pics` is an array, or an object with numbers for names.
fn pictures(post: &Value) -> Vec<String> {
    let pictures: Vec<&Value> = match post.get("pics") {
        Some(Value::Array(pictures)) => pictures.iter().collect(),
        Some(Value::Object(pictures)) => pictures.values().collect(),
        _ => Vec::new(),
    };
    let large = |picture: &Value| {
        let address = picture.pointer("/large/url").or_else(|| picture.get("url")).unwrap_or(picture);
        address.as_str().map(str::to_owned)
    };
    let cover = post.pointer("/page_info/page_pic/url").and_then(Value::as_str).map(str::to_owned);
    pictures.into_iter().filter_map(large).chain(cover).collect()
}

fn text_or_number(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_795_395_900_000);

    fn read(json: &str) -> Result<Timeline, NoTimeline> {
        timeline(
            json,
            &Url::parse("https://m.weibo.cn/api/container/getIndex?containerid=107603").unwrap(),
            NOW,
        )
    }

    fn cards(post: &str) -> String {
        format!(r#"{{"ok":1,"data":{{"cards":[{{"card_type":9,"mblog":{post}}}]}}}}"#)
    }

    #[test]
    fn a_post_is_read_with_its_odd_forms() {
        let json = cards(
            r#"{"id":"4600000000000001","mid":"4600000000000001","bid":"K1","created_at":"3分钟前","isLongText":true,
              "text":"短...<a href=\"/status/1\">全文</a>","longText":{"longTextContent":"保本理财<br />年化15%<a href=\"https://weibo.cn/sinaurl?f=w&u=http%3A%2F%2Fx.example%2F\">网页链接</a>"},
              "pics":{"0":{"large":{"url":"http://p.example/1.jpg"}},"1":{"large":{"url":"http://p.example/2.jpg"}}},
              "user":{"id":77,"screen_name":"江州理财师"},"mblogtypename":"广告",
              "retweeted_status":{"id":"1","text":"原帖<a href='https://s.weibo.com/x'>#话题#</a>","user":{"screen_name":"原作者"}}}"#,
        );
        let timeline = read(&json).unwrap();
        let [draft] = &timeline.drafts[..] else { panic!("{timeline:?}") };
        assert_eq!(draft.text, "保本理财\n年化15%网页链接\n@原作者:原帖#话题#");
        assert_eq!(draft.landing_url.as_deref(), Some("http://x.example/"));
        assert_eq!(draft.links, ["http://x.example/"]);
        assert_eq!(draft.images.len(), 2);
        assert_eq!(draft.label.as_deref(), Some("广告"));
        assert_eq!(draft.published_at, Some(NOW.plus_ms(-180_000)));
        assert_eq!(
            (draft.publisher.as_deref(), draft.platform_ids["user"].as_str()),
            (Some("江州理财师"), "77")
        );
        assert_eq!(timeline.problems, []);
    }

    #[test]
    fn posts_in_card_groups_are_read_and_cut_posts_reported() {
        let json = r#"{"ok":1,"data":{"cards":[{"card_type":11,"card_group":[{"card_type":9,"mblog":{"id":5,"text":"一","isLongText":true}},{"card_type":42,"desc":"x"}]}]}}"#;
        let timeline = read(json).unwrap();
        assert_eq!(timeline.drafts[0].locator, "/data/cards/0/card_group/0/mblog");
        assert_eq!(timeline.problems[0].code, "long-text");
    }

    #[test]
    fn answers_without_posts_say_why() {
        let changed = |field: &str| NoTimeline::ShapeChanged(MissingField::new(field));
        let cases = [
            (r#"{"ok":-100,"url":"https://passport.weibo.cn/"}"#, NoTimeline::LoginWall),
            (r#"{"ok":0,"msg":"这里还没有内容","data":{"cards":[]}}"#, NoTimeline::Empty),
            (r#"{"ok":1}"#, changed("data.cards")),
            (r#"{"ok":1,"data":{"cards":{}}}"#, changed("data.cards")),
            (&cards(r#"{"id":"1"}"#), changed("data.cards[].mblog.text")),
            (&cards(r#"{"text":"x"}"#), changed("data.cards[].mblog.id")),
        ];
        for (json, expected) in cases {
            assert_eq!(read(json), Err(expected), "{json}");
        }
        assert!(matches!(read("<html>"), Err(NoTimeline::ShapeChanged(_))));
        assert_eq!(read(r#"{"ok":1,"data":{"cards":[]}}"#).unwrap().drafts, []);
    }
}
