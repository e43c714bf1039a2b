//! The article of a page: title, main text, who and when. 软文 are read whole, with the contact lines at their end.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ego_tree::NodeId;
use ego_tree::iter::Edge;
use regex::Regex;
use scraper::{ElementRef, Html, Node};
use url::Url;

use super::html::{self, selector};
use super::{MissingField, Shape, moment};
use crate::domain::ad::{AdDraft, AdKind};

/// Names of classes and ids that main text stands under, and that it does not.
const GOOD_NAMES: &[&str] = &[
    "article",
    "content",
    "body",
    "main",
    "text",
    "detail",
    "post",
    "entry",
    "zhengwen",
    "trs_editor",
    "artibody",
    "ozoom",
    "js_content",
    "news",
];
const BAD_NAMES: &[&str] = &[
    "comment",
    "footer",
    "foot",
    "sidebar",
    "side",
    "nav",
    "menu",
    "related",
    "recommend",
    "relate",
    "hot",
    "rank",
    "copyright",
    "share",
    "header",
    "login",
    "breadcrumb",
    "search",
    "tuijian",
    "pinglun",
    "reply",
];

/// Least number of characters outside links for a main text.
const MIN_TEXT_CHARS: usize = 40;

/// Reads the article of `page`; `leave_out` are elements that are read as ads of their own.
///
/// # Errors
/// Names the field when the page has no main text, as for list pages and refusals.
pub fn article(page: &Html, page_url: &Url, leave_out: &HashSet<NodeId>) -> Shape<AdDraft> {
    let body = main_text(page, leave_out).ok_or_else(|| MissingField::new("article text"))?;
    let base = html::base_of(page, page_url);
    let title = title(page);
    let words = html::text_without(body, &|id| leave_out.contains(&id));
    let closing = closing_lines(body, leave_out);
    let mut text = match &title {
        Some(title) if !words.starts_with(title.as_str()) => format!("{title}\n{words}"),
        _ => words,
    };
    for line in &closing {
        text.push('\n');
        text.push_str(line);
    }
    let around = around(page, body);
    let links = html::links_of(body, &base);
    Ok(AdDraft {
        title,
        locator: html::css_path(body),
        images: html::images_of(body, &base),
        links,
        publisher: publisher(page, &around),
        published_at: published_at(page, &around),
        label: None,
        ..AdDraft::of_text(AdKind::Article, text)
    })
}

/// The headline: a heading that the window title repeats, else what the page gives to sharing services, else the
/// window title without the names of site and column.
pub fn title(page: &Html) -> Option<String> {
    let window = html::select(page.root_element(), selector!("title")).next().map(html::text_of);
    let window = window.unwrap_or_default();
    let headings: Vec<String> = html::select(page.root_element(), selector!("h1, h2"))
        .map(|heading| html::text_of(heading).replace('\n', " "))
        .filter(|heading| heading.chars().count() >= 4)
        .collect();
    let folded_window = folded(&window);
    let repeated = headings.iter().find(|heading| folded_window.contains(&folded(heading)));
    let shared = || html::meta(page, &["og:title", "twitter:title", "ArticleTitle"]);
    let first_part = || {
        let parts = window.split(['_', '|', '–', '—']).flat_map(|part| part.split(" - "));
        let part = parts.map(str::trim).find(|part| part.chars().count() >= 4)?;
        Some(match part.rsplit_once('-') {
            Some((headline, site)) if is_site_name(site) => headline.trim_end_matches('-').to_owned(),
            _ => part.to_owned(),
        })
    };
    repeated
        .cloned()
        .or_else(shared)
        .or_else(first_part)
        .or_else(|| headings.first().cloned())
        .filter(|title| !title.is_empty())
}

fn is_site_name(text: &str) -> bool {
    let text = text.trim();
    text.chars().count() <= 12
        && ["网", "报", "新闻", "频道", "在线", "台"].iter().any(|end| text.ends_with(end))
}

/// White space removed, so that a heading is found again in a window title.
fn folded(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What counts for or against an element as the holder of the main text.
#[derive(Default, Clone, Copy)]
struct Weight {
    /// From paragraphs in it.
    score: f64,
    /// Characters of visible text below it, links included.
    n_chars: usize,
    /// Those of them inside links.
    n_link_chars: usize,
}

/// The element with the best ratio of running text, by paragraphs that vote for their parents.
fn main_text<'a>(page: &'a Html, leave_out: &HashSet<NodeId>) -> Option<ElementRef<'a>> {
    let weights = weigh(page, leave_out);
    let best = weights
        .iter()
        .filter_map(|(id, weight)| {
            let element = ElementRef::wrap(page.tree.get(*id)?)?;
            let n_plain = weight.n_chars - weight.n_link_chars;
            let may_hold = !matches!(element.value().name(), "html" | "p" | "span" | "a" | "form");
            (may_hold && n_plain >= MIN_TEXT_CHARS).then(|| {
                let link_share = weight.n_link_chars as f64 / weight.n_chars.max(1) as f64;
                (element, weight.score * (1.0 - link_share) * name_factor(element))
            })
        })
        // Of equals the first in the page, so that the same page is always read in the same way.
        .max_by(|(a, a_score), (b, b_score)| a_score.total_cmp(b_score).then(b.id().cmp(&a.id())))?;
    (best.1 > 0.0).then_some(best.0)
}

fn weigh(page: &Html, leave_out: &HashSet<NodeId>) -> HashMap<NodeId, Weight> {
    let mut weights: HashMap<NodeId, Weight> = HashMap::new();
    // Open blocks: node, text directly in it, and the sums of what it contains.
    let mut open: Vec<(NodeId, usize, usize, Weight)> = Vec::new();
    let mut n_links_open = 0_usize;
    let mut hidden_below = None;
    for edge in page.root_element().traverse() {
        match edge {
            Edge::Open(node) if hidden_below.is_none() => match node.value() {
                Node::Text(text) => {
                    let (n_chars, n_marks) = count(text);
                    if let Some((_, own, marks, weight)) = open.last_mut() {
                        weight.n_chars += n_chars;
                        if n_links_open > 0 {
                            weight.n_link_chars += n_chars;
                        } else {
                            *own += n_chars;
                            *marks += n_marks;
                        }
                    }
                }
                Node::Element(element) => {
                    if html::is_hidden(node) || leave_out.contains(&node.id()) {
                        hidden_below = Some(node.id());
                    } else if element.name() == "a" {
                        n_links_open += 1;
                    } else if html::is_block(element.name()) {
                        open.push((node.id(), 0, 0, Weight::default()));
                    }
                }
                _ => {}
            },
            Edge::Open(_) => {}
            Edge::Close(node) => {
                if hidden_below.is_some() {
                    if hidden_below == Some(node.id()) {
                        hidden_below = None;
                    }
                    continue;
                }
                let Some(element) = node.value().as_element() else { continue };
                if element.name() == "a" {
                    n_links_open = n_links_open.saturating_sub(1);
                }
                if open.last().is_none_or(|(id, ..)| *id != node.id()) {
                    continue;
                }
                let Some((id, own, marks, mut weight)) = open.pop() else { continue };
                // Short lines without punctuation are menus and captions.
                let vote = if own >= 15 || marks > 0 { own as f64 + 5.0 * marks as f64 } else { 0.0 };
                if element.name() != "p" {
                    weight.score += vote;
                }
                let depth = open.len();
                for (up, share) in [(1, 1.0), (2, 0.5)] {
                    if let Some((.., above)) = depth.checked_sub(up).and_then(|at| open.get_mut(at)) {
                        above.score += vote * share;
                    }
                }
                if let Some((.., above)) = open.last_mut() {
                    above.n_chars += weight.n_chars;
                    above.n_link_chars += weight.n_link_chars;
                }
                weights.insert(id, weight);
            }
        }
    }
    weights
}

fn count(text: &str) -> (usize, usize) {
    let n_chars = text.chars().filter(|c| !c.is_whitespace()).count();
    let n_marks = text
        .chars()
        .filter(|c| matches!(c, '，' | '。' | '；' | '：' | '！' | '？' | '、' | '”' | ','))
        .count();
    (n_chars, n_marks)
}

fn name_factor(element: ElementRef<'_>) -> f64 {
    let value = element.value();
    let names =
        format!("{} {}", value.id().unwrap_or(""), value.attr("class").unwrap_or("")).to_ascii_lowercase();
    let named = |list: &[&str]| list.iter().any(|name| names.contains(name));
    let tag = match value.name() {
        "article" | "main" => 1.3,
        "aside" | "nav" | "footer" | "header" | "ul" | "ol" | "li" => 0.4,
        "body" => 0.6,
        _ => 1.0,
    };
    tag * if named(GOOD_NAMES) { 1.3 } else { 1.0 } * if named(BAD_NAMES) { 0.4 } else { 1.0 }
}

static CONTACT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x) 1[3-9]\d[\s-]?\d{4}[\s-]?\d{4} | 400[\s-]?\d{3,4}[\s-]?\d{3,4} | 0\d{2,3}[\s-]\d{7,8}
         | (?i:微信|薇信|QQ|加群|热线|咨询|联系电话|联系人|报名|扫码|二维码|地址[:：]|官网|公众号)",
    )
    .ok()
});

/// Lines with a way to get in touch that stand right behind the main text, outside its element.
fn closing_lines(body: ElementRef<'_>, leave_out: &HashSet<NodeId>) -> Vec<String> {
    let following = body.next_siblings().filter_map(ElementRef::wrap).take(3);
    following
        .take_while(|element| !leave_out.contains(&element.id()) && !html::is_hidden(**element))
        .filter_map(|element| {
            let text = html::text_of(element);
            let n_link_chars: usize =
                html::select(element, selector!("a")).map(|link| html::text_of(link).chars().count()).sum();
            let n_chars = text.chars().count();
            let is_contact = CONTACT.as_ref().is_some_and(|contact| contact.is_match(&text));
            (is_contact && (1..=400).contains(&n_chars) && n_link_chars * 2 < n_chars).then_some(text)
        })
        .collect()
}

/// The words before the main text (up to 60 lines above it) and its first lines: where pages tell who and when.
fn around(page: &Html, body: ElementRef<'_>) -> String {
    let mut before = html::text_without(page.root_element(), &|id| id == body.id());
    let inside = html::text_of(body);
    // What follows the text is left out by looking only at the lines that stand before it.
    let whole = html::text_of(page.root_element());
    if let Some(at) = inside.lines().next().and_then(|first| whole.find(first)) {
        before = whole[..at].to_owned();
    }
    let last: Vec<&str> = before.lines().rev().take(60).collect();
    let lines = last.into_iter().rev().chain(inside.lines().take(5)).chain(inside.lines().rev().take(2));
    lines.collect::<Vec<_>>().join("\n")
}

fn published_at(page: &Html, around: &str) -> Option<crate::kit::clock::UnixMs> {
    let names = [
        "article:published_time",
        "og:published_time",
        "og:release_date",
        "publishdate",
        "pubdate",
        "PubDate",
        "datePublished",
        "weibo: article:create_at",
    ];
    let from_meta = html::meta(page, &names).and_then(|text| moment::parse(&text));
    let from_ld = || {
        html::json_ld(page).iter().find_map(|object| moment::parse(object.get("datePublished")?.as_str()?))
    };
    let from_time = || {
        html::select(page.root_element(), selector!("time[datetime]"))
            .find_map(|time| moment::parse(time.attr("datetime")?))
    };
    from_meta.or_else(from_ld).or_else(from_time).or_else(|| moment::first_in(around))
}

static ORIGIN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:来源|稿源|文章来源|信息来源)\s*[:：]\s*([^\s|：:，。]{2,30})").ok());
static AUTHOR: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:作者|记者|通讯员|编辑)\s*[:：]\s*([^\s|：:，。）)]{2,20})").ok());

/// The paper or account that the page names as its origin, else the author, else the site.
fn publisher(page: &Html, around: &str) -> Option<String> {
    let first = |pattern: &LazyLock<Option<Regex>>| {
        let found = (**pattern).as_ref()?.captures(around)?;
        Some(found.get(1)?.as_str().to_owned())
    };
    first(&ORIGIN)
        .or_else(|| html::meta(page, &["article:author", "og:article:author", "source", "author"]))
        .or_else(|| first(&AUTHOR))
        .or_else(|| html::meta(page, &["og:site_name"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(page: &str) -> Shape<AdDraft> {
        let url = Url::parse("http://news.example.com/2026/1.html").unwrap();
        article(&Html::parse_document(page), &url, &HashSet::new())
    }

    const PARAGRAPHS: &str = "<p>近日，江州某养老公寓推出预订床位活动，现场人头攒动。</p>\
        <p>据工作人员介绍，交纳三万元即可锁定床位，并享受每年百分之十二的福利补贴，到期全额返还。</p>\
        <p>多位老人表示，已经和家人商量，准备带上存折去现场看看。</p>";

    fn with_chrome(inside: &str) -> String {
        let nav = "<li><a href=/a>首页</a><li><a href=/b>要闻</a><li><a href=/c>财经</a>".repeat(8);
        let related = "<li><a href=/r>相关新闻：某地举行活动，吸引了很多市民前来参加</a>".repeat(12);
        format!(
            "<title>养老床位预订火爆_财经_江州新闻网</title><meta property=og:site_name content=江州新闻网>\
             <ul class=nav>{nav}</ul>{inside}<div class=related><ul>{related}</ul></div><div class=footer>版权所有，未经许可，不得转载，江州新闻网。</div>"
        )
    }

    #[test]
    fn title_text_origin_and_time_are_found_among_the_chrome() {
        let page = with_chrome(&format!(
            "<div class=main><h1>养老床位预订火爆</h1><div class=info>2026-11-20 08:30 来源：江州晚报 作者：李某</div>\
             <div class=content>{PARAGRAPHS}<img src=/1.jpg><p>咨询热线：<a href=http://shop.example/>0571-88001234</a></p></div></div>"
        ));
        let article = read(&page).unwrap();
        assert_eq!(article.title.as_deref(), Some("养老床位预订火爆"));
        assert_eq!(article.publisher.as_deref(), Some("江州晚报"));
        assert_eq!(article.published_at.unwrap().beijing(), "2026-11-20 08:30:00 +08:00");
        assert_eq!(article.links, ["http://shop.example/"]);
        assert_eq!(article.images, ["http://news.example.com/1.jpg"]);
        let lines: Vec<&str> = article.text.lines().collect();
        assert_eq!(lines[0], "养老床位预订火爆");
        assert_eq!(*lines.last().unwrap(), "咨询热线：0571-88001234");
        assert!(lines[1..].join("\n").contains("每年百分之十二的福利补贴"));
        assert!(!article.text.contains("相关新闻") && !article.text.contains("版权所有"), "{}", article.text);
    }

    #[test]
    fn contact_lines_behind_the_text_stay_with_it() {
        let page = with_chrome(&format!(
            "<div class=wrap><div class=text>{PARAGRAPHS}</div><div>投资咨询：13800000000 微信同号</div><div class=share>分享到</div></div>"
        ));
        let text = read(&page).unwrap().text;
        assert!(text.ends_with("投资咨询：13800000000 微信同号"), "{text}");
    }

    #[test]
    fn text_is_found_in_the_shapes_that_sites_use() {
        let sentences =
            "近日，江州某养老公寓推出预订床位活动，现场人头攒动。交纳三万元即可锁定床位，到期全额返还。";
        let cases = [
            format!("<td class=zhengwen>{sentences}<br><br>{sentences}<br>{sentences}</td>"),
            format!(
                "<article><section><p>{sentences}</p></section><section><p>{sentences}</p></section><section><p>{sentences}</p></section></article>"
            ),
            format!(
                "<div id=x><div><span>{sentences}</span></div><div><span>{sentences}</span></div><div><span>{sentences}</span></div></div>"
            ),
            format!(
                "<div id=js_content style='visibility: hidden'><p><span>{sentences}</span></p><p><span>{sentences}</span></p><p>{sentences}</p></div>"
            ),
        ];
        for inside in cases {
            let inside =
                if inside.starts_with("<td") { format!("<table><tr>{inside}</tr></table>") } else { inside };
            let article = read(&with_chrome(&inside)).unwrap();
            assert_eq!(article.text.matches("锁定床位").count(), 3, "{inside}\n{}", article.text);
            assert!(!article.text.contains("相关新闻"), "{}", article.text);
        }
    }

    #[test]
    fn elements_read_as_ads_are_left_out() {
        let page = with_chrome(&format!(
            "<div class=content>{PARAGRAPHS}<div id=slot>广告文字，在这里，不算正文。</div></div>"
        ));
        let page = Html::parse_document(&page);
        let slot = page
            .root_element()
            .descendent_elements()
            .find(|element| element.value().id() == Some("slot"))
            .unwrap();
        let url = Url::parse("http://news.example.com/").unwrap();
        let article = article(&page, &url, &HashSet::from([slot.id()])).unwrap();
        assert!(!article.text.contains("不算正文"), "{}", article.text);
    }

    #[test]
    fn a_page_without_running_text_is_a_changed_shape() {
        for page in ["", "<html></html>", "<ul><li><a href=/1>一条新闻的标题在这里</a></ul>", "<p>短</p>"]
        {
            assert_eq!(read(page), Err(MissingField("article text".to_owned())), "{page}");
        }
    }

    #[test]
    fn titles_come_from_the_best_place() {
        let cases = [
            ("<title>甲乙丙丁戊_频道_网站</title><h1>网站大名称</h1><h1>甲乙丙丁戊</h1>", "甲乙丙丁戊"),
            ("<title>网站</title><meta property=og:title content='分享用的标题'>", "分享用的标题"),
            ("<title>甲乙丙丁戊 - 江州网</title>", "甲乙丙丁戊"),
            ("<title>甲乙丙丁戊-江州网</title>", "甲乙丙丁戊"),
            ("<title>甲乙-丙丁戊</title>", "甲乙-丙丁戊"),
            ("<h1>只有一个标题</h1>", "只有一个标题"),
        ];
        for (page, expected) in cases {
            assert_eq!(title(&Html::parse_document(page)).as_deref(), Some(expected), "{page}");
        }
    }
}
