//! The page as a tree, and what of it a visitor can read.

use std::borrow::Cow;

use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use scraper::{ElementRef, Html, Node, Selector};
use url::Url;

/// Elements that never show text.
const HIDDEN: &[&str] = &[
    "script", "style", "noscript", "template", "head", "svg", "iframe", "object", "select", "datalist",
    "math",
];

/// Elements that begin and end a line.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "button",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
];

/// Deepest nesting that is read as nesting; browsers stop at the same number.
pub const MAX_DEPTH: usize = 512;

/// Tags that hold nothing or that the next of their kind closes, so that they do not nest by being left open.
const CHILDLESS: &[&[u8]] = &[
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"param",
    b"source", b"track", b"wbr", b"p", b"li", b"dt", b"dd", b"option", b"tr", b"td", b"th", b"tbody",
    b"thead", b"tfoot", b"path",
];

/// Parameters in which redirecting links carry their target.
const TARGET_PARAMETERS: &[&str] = &[
    "url",
    "u",
    "to",
    "target",
    "targeturl",
    "target_url",
    "dest",
    "redirect",
    "redirect_url",
    "jump",
    "link",
    "goto",
    "raw_url",
];

/// A selector that is known when the program is written.
macro_rules! selector {
    ($css:literal) => {{
        static SELECTOR: std::sync::LazyLock<Option<scraper::Selector>> =
            std::sync::LazyLock::new(|| scraper::Selector::parse($css).ok());
        SELECTOR.as_ref()
    }};
}
pub(crate) use selector;

/// The words of a page in reading order: its title, then the visible text, one line per block.
pub fn page_text(html: &str) -> String {
    page_text_of(&parse(html))
}

/// [`page_text`] of a page that was parsed.
pub fn page_text_of(page: &Html) -> String {
    let title = select(page.root_element(), selector!("title")).next().map(text_of).unwrap_or_default();
    let body = text_of(page.root_element());
    match (title.is_empty(), body.is_empty()) {
        (true, _) => body,
        (_, true) => title,
        _ => format!("{title}\n{body}"),
    }
}

/// The tree of a page; nesting beyond [`MAX_DEPTH`] is laid flat.
pub fn parse(html: &str) -> Html {
    Html::parse_document(&flattened(html))
}

/// The tree of a piece of a page.
pub fn parse_fragment(html: &str) -> Html {
    Html::parse_fragment(&flattened(html))
}

/// `html` without the tags that open deeper than [`MAX_DEPTH`].
///
/// A parser looks through all open elements at every tag, so depth times length is what a page can cost us.
fn flattened(html: &str) -> Cow<'_, str> {
    let mut depth = 0_usize;
    let mut kept_to = 0;
    let mut flat = String::new();
    let mut n_dropped = 0_usize;
    for (at, _) in html.match_indices('<') {
        let after = &html.as_bytes()[at + 1..];
        let closes = after.first() == Some(&b'/');
        let name = if closes { &after[1..] } else { after };
        let name_len = name.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(name.len());
        let name = &name[..name_len];
        if !name.first().is_some_and(u8::is_ascii_alphabetic)
            || CHILDLESS.iter().any(|tag| name.eq_ignore_ascii_case(tag))
        {
            continue;
        }
        let is_dropped = if closes {
            let was_dropped = n_dropped > 0;
            n_dropped = n_dropped.saturating_sub(1);
            if !was_dropped {
                depth = depth.saturating_sub(1);
            }
            was_dropped
        } else if depth >= MAX_DEPTH {
            n_dropped += 1;
            true
        } else {
            depth += 1;
            false
        };
        if is_dropped && at >= kept_to {
            flat.push_str(&html[kept_to..at]);
            kept_to = html[at..].find('>').map_or(html.len(), |end| at + end + 1);
        }
    }
    if kept_to == 0 {
        return Cow::Borrowed(html);
    }
    flat.push_str(html.get(kept_to..).unwrap_or(""));
    Cow::Owned(flat)
}

/// Elements below `scope` that match; none when the selector did not compile.
pub(crate) fn select<'a, 'b>(
    scope: ElementRef<'a>,
    selector: Option<&'b Selector>,
) -> impl Iterator<Item = ElementRef<'a>> + use<'a, 'b> {
    selector.into_iter().flat_map(move |selector| scope.select(selector))
}

/// Visible text below `scope`, one line per block, white space as a browser shows it.
pub fn text_of(scope: ElementRef<'_>) -> String {
    text_without(scope, &|_| false)
}

/// Visible text below `scope` outside the elements for which `leave_out` is true.
pub(crate) fn text_without(scope: ElementRef<'_>, leave_out: &dyn Fn(NodeId) -> bool) -> String {
    let mut lines = Lines::default();
    let mut hidden_below: Option<NodeId> = None;
    for edge in scope.traverse() {
        match edge {
            Edge::Open(node) if hidden_below.is_none() => match node.value() {
                Node::Text(text) => lines.push(text),
                Node::Element(element) => {
                    let name = element.name();
                    let is_scope = node.id() == scope.id();
                    if !is_scope && (is_hidden(node) || leave_out(node.id())) {
                        hidden_below = Some(node.id());
                    } else if name == "br" || BLOCKS.contains(&name) {
                        lines.end_line();
                    } else if matches!(name, "td" | "th") {
                        lines.gap();
                    }
                }
                _ => {}
            },
            Edge::Open(_) => {}
            Edge::Close(node) => {
                if hidden_below == Some(node.id()) {
                    hidden_below = None;
                } else if hidden_below.is_none()
                    && node.value().as_element().is_some_and(|element| BLOCKS.contains(&element.name()))
                {
                    lines.end_line();
                }
            }
        }
    }
    lines.finish()
}

/// Whether the node and all below it are not shown.
pub(crate) fn is_hidden(node: NodeRef<'_, Node>) -> bool {
    let Some(element) = node.value().as_element() else { return false };
    HIDDEN.contains(&element.name())
        || element.attr("hidden").is_some()
        || element.attr("style").is_some_and(|style| {
            let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
            style.to_ascii_lowercase().contains("display:none")
        })
}

/// Whether the element begins a line of its own.
pub(crate) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name) || matches!(name, "td" | "th")
}

/// A CSS path from the root, or from the nearest ancestor with an id, that leads to `element`.
pub(crate) fn css_path(element: ElementRef<'_>) -> String {
    let mut steps = Vec::new();
    let ancestors = std::iter::once(element).chain(element.ancestors().filter_map(ElementRef::wrap));
    for step in ancestors.take(40) {
        let name = step.value().name();
        if let Some(id) = step.value().id().filter(|id| crate::kit::id::is_valid(id)) {
            steps.push(format!("{name}#{id}"));
            break;
        }
        let same = |node: &NodeRef<'_, Node>| {
            node.value().as_element().is_some_and(|element| element.name() == name)
        };
        let nth = step.prev_siblings().filter(same).count() + 1;
        let is_only = nth == 1 && !step.next_siblings().any(|node| same(&node));
        steps.push(if is_only { name.to_owned() } else { format!("{name}:nth-of-type({nth})") });
    }
    steps.reverse();
    steps.join(" > ")
}

/// The address against which the page's links are read: `<base href>` when there is one.
pub(crate) fn base_of(page: &Html, page_url: &Url) -> Url {
    select(page.root_element(), selector!("base[href]"))
        .next()
        .and_then(|base| page_url.join(base.attr("href")?).ok())
        .unwrap_or_else(|| page_url.clone())
}

/// `href` as an absolute http(s) address; `None` for anchors, scripts, mail and what is no address.
pub(crate) fn resolve(base: &Url, href: &str) -> Option<String> {
    let href = href.trim();
    if href.is_empty() || href.starts_with('#') {
        return None;
    }
    let url = base.join(href).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// Where a redirecting link leads in the end, read from its parameters and never by following it.
pub(crate) fn unwrap_redirect(url: &str) -> String {
    let mut current = url.to_owned();
    for _ in 0..3 {
        let Some(inner) = Url::parse(&current).ok().and_then(|parsed| {
            parsed.query_pairs().find_map(|(key, value)| {
                let key = key.to_ascii_lowercase();
                let is_address = value.starts_with("http://") || value.starts_with("https://");
                (TARGET_PARAMETERS.contains(&key.as_str()) && is_address).then(|| value.into_owned())
            })
        }) else {
            break;
        };
        match Url::parse(&inner) {
            Ok(parsed) if parsed.host_str().is_some() => current = parsed.into(),
            _ => break,
        }
    }
    current
}

/// Addresses of the images of `scope`: `img` with its lazy forms, and background images.
pub(crate) fn images_of(scope: ElementRef<'_>, base: &Url) -> Vec<String> {
    let mut images = Vec::new();
    let elements = std::iter::once(scope).chain(scope.descendent_elements());
    for element in elements {
        let address = match element.value().name() {
            "img" => ["data-src", "data-original", "data-lazy-src", "src"]
                .into_iter()
                .filter_map(|name| element.attr(name))
                .find_map(|src| resolve(base, src)),
            _ => element.attr("style").and_then(background_image).and_then(|src| resolve(base, &src)),
        };
        if let Some(address) = address.filter(|address| !images.contains(address)) {
            images.push(address);
        }
    }
    images
}

/// Addresses that the links of `scope` lead to, each once.
pub(crate) fn links_of(scope: ElementRef<'_>, base: &Url) -> Vec<String> {
    let own = scope.attr("href").filter(|_| scope.value().name() == "a").into_iter();
    let below = select(scope, selector!("a[href]")).filter_map(|link| link.attr("href"));
    let mut links = Vec::new();
    for link in own.chain(below).filter_map(|href| resolve(base, href)) {
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

/// The `content` of the first `<meta>` whose `property`, `name` or `itemprop` is one of `names`, in their order.
pub(crate) fn meta(page: &Html, names: &[&str]) -> Option<String> {
    let metas: Vec<_> = select(page.root_element(), selector!("meta[content]")).collect();
    names.iter().find_map(|name| {
        metas.iter().find_map(|meta| {
            let is_named = ["property", "name", "itemprop"]
                .iter()
                .any(|key| meta.attr(key).is_some_and(|value| value.eq_ignore_ascii_case(name)));
            let content = meta.attr("content").unwrap_or("").trim();
            (is_named && !content.is_empty()).then(|| content.to_owned())
        })
    })
}

/// JSON-LD objects of the page, with those in arrays and `@graph` laid flat.
pub(crate) fn json_ld(page: &Html) -> Vec<serde_json::Value> {
    let mut found = Vec::new();
    for script in select(page.root_element(), selector!("script[type='application/ld+json']")) {
        let text: String = script.text().collect();
        let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        let values = match value {
            serde_json::Value::Array(values) => values,
            value => vec![value],
        };
        for mut value in values {
            if let Some(serde_json::Value::Array(graph)) =
                value.get_mut("@graph").map(serde_json::Value::take)
            {
                found.extend(graph);
            }
            found.push(value);
        }
    }
    found
}

/// The address in `url(…)` of a style.
pub(crate) fn background_image(style: &str) -> Option<String> {
    let (_, after) = style.split_once("url(")?;
    let (inside, _) = after.split_once(')')?;
    Some(inside.trim().trim_matches(['"', '\'']).to_owned())
}

/// Text as a browser lays it out: runs of white space are one space, blocks are lines.
#[derive(Default)]
struct Lines {
    text: String,
    line: String,
    space_due: bool,
}

impl Lines {
    fn push(&mut self, text: &str) {
        let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c');
        for (nth, word) in text.split(is_space).enumerate() {
            self.space_due |= nth > 0;
            if word.is_empty() {
                continue;
            }
            if self.space_due && !self.line.is_empty() {
                self.line.push(' ');
            }
            self.space_due = false;
            self.line.push_str(word);
        }
    }

    fn gap(&mut self) {
        self.space_due = true;
    }

    fn end_line(&mut self) {
        let line = self.line.trim();
        if !line.is_empty() {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            self.text.push_str(line);
        }
        self.line.clear();
        self.space_due = false;
    }

    fn finish(mut self) -> String {
        self.end_line();
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_as_its_visitor_sees_it() {
        let cases = [
            ("<title>标题</title><body>正文", "标题\n正文"),
            ("<p>年化\n  收益<b>15%</b></p><p>第二段</p>", "年化 收益15%\n第二段"),
            ("保<span>本</span>保<i>息</i>", "保本保息"),
            ("一<br>二<br/>三<div>四</div>五", "一\n二\n三\n四\n五"),
            ("<script>var a='保本'</script><style>p{}</style><noscript>x</noscript>看得见", "看得见"),
            ("<p style='DISPLAY : none'>藏</p><p hidden>藏</p><template>藏</template>见", "见"),
            ("&#20445;&#x672C;&nbsp;&lt;b&gt;&amp;amp;", "保本\u{a0}<b>&amp;"),
            ("<table><tr><td>年化</td><td>15%</td></tr><tr><td>起投</td></tr></table>", "年化 15%\n起投"),
            ("<ul><li>一<li>二</ul>", "一\n二"),
            ("<p>未关闭<p>标签<div>嵌套", "未关闭\n标签\n嵌套"),
            ("<!-- 注释 -->文<!---->字", "文字"),
            ("", ""),
        ];
        for (html, expected) in cases {
            assert_eq!(page_text(html), expected, "{html}");
        }
    }

    #[test]
    fn deep_nesting_is_read_without_recursion() {
        let deep = format!("前{}深{}后", "<div>".repeat(50_000), "</div>".repeat(50_000));
        assert_eq!(page_text(&deep), "前\n深\n后");
        let unclosed = format!("{}深", "<b><i><span>".repeat(20_000));
        assert_eq!(page_text(&unclosed), "深");
    }

    #[test]
    fn ordinary_pages_are_not_flattened() {
        let page = format!(
            "<div>{}</div>",
            "<p>a<p>b<br><ul><li>c<li>d</ul><img src=x><span>e</span>".repeat(2_000)
        );
        assert!(matches!(flattened(&page), Cow::Borrowed(_)));
    }

    #[test]
    fn links_resolve_to_web_addresses_only() {
        let base = Url::parse("http://news.example.com/a/b.html").unwrap();
        let cases = [
            ("c.html", Some("http://news.example.com/a/c.html")),
            ("//ad.example.com/x", Some("http://ad.example.com/x")),
            (" /y?z=1 ", Some("http://news.example.com/y?z=1")),
            ("javascript:void(0)", None),
            ("mailto:a@b.c", None),
            ("tel:123", None),
            ("#top", None),
            ("", None),
            ("http://[bad", None),
        ];
        for (href, expected) in cases {
            assert_eq!(resolve(&base, href).as_deref(), expected, "{href}");
        }
    }

    #[test]
    fn redirecting_links_are_read_and_not_followed() {
        let cases = [
            (
                "http://ad.example.com/c?id=3&url=https%3A%2F%2Finvest.example.net%2Fa%3Fb%3D1",
                "https://invest.example.net/a?b=1",
            ),
            ("https://weibo.cn/sinaurl?f=w&u=http%3A%2F%2Ft.example.org%2F&ep=x", "http://t.example.org/"),
            (
                "http://a.example/?to=http%3A%2F%2Fb.example%2F%3Fto%3Dhttp%253A%252F%252Fc.example%252F",
                "http://c.example/",
            ),
            ("http://plain.example/?q=url", "http://plain.example/?q=url"),
            (
                "http://plain.example/?url=javascript:alert(1)",
                "http://plain.example/?url=javascript:alert(1)",
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(unwrap_redirect(url), expected);
        }
    }

    #[test]
    fn a_css_path_leads_back_to_its_element() {
        let page = Html::parse_document(
            "<div><p>a</p><p>b<i>x</i></p></div><div id=k><ul><li>1<li><a>y</a></ul></div>",
        );
        for element in page.root_element().descendent_elements() {
            let selector = Selector::parse(&css_path(element)).unwrap();
            let found: Vec<_> = page.select(&selector).collect();
            assert_eq!(found, [element], "{}", css_path(element));
        }
    }

    #[test]
    fn lazy_and_background_images_are_found() {
        let page = Html::parse_document(
            "<div style=\"width:9px;background-image:url('/bg.jpg')\"><img src=blank.gif data-src=/real.png><img src='data:image/gif;base64,R0'></div>",
        );
        let base = Url::parse("http://a.example/").unwrap();
        assert_eq!(
            images_of(page.root_element(), &base),
            ["http://a.example/bg.jpg", "http://a.example/real.png"]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_markup_makes_it_panic(html in "[<>a-c/ ='\"!&;#本-]{0,120}") {
            page_text(&html);
        }
    }
}
