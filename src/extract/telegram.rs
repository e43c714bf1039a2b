//! The public preview of a Telegram channel, `https://t.me/s/<channel>`.

use scraper::{ElementRef, Html};
use url::Url;

use super::html::{self, selector};
use super::{MissingField, Shape, moment};
use crate::domain::ad::{AdDraft, AdKind};
use crate::kit::problem::Problem;

/// A page of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Its posts in the order of the page, oldest first.
    pub drafts: Vec<AdDraft>,
    /// Posts without words, such as stickers; they are counted, not judged.
    pub n_wordless: usize,
    /// Number to ask for as `?before=` to get older posts.
    pub older_before: Option<String>,
    /// What was odd.
    pub problems: Vec<Problem>,
}

/// Reads the posts of `page`.
///
/// # Errors
/// Names the field when the page is no channel preview, or its posts have no number.
pub fn preview(page: &Html, page_url: &Url) -> Shape<Preview> {
    let root = page.root_element();
    let posts: Vec<ElementRef<'_>> =
        html::select(root, selector!(".tgme_widget_message[data-post]")).collect();
    let is_channel =
        html::select(root, selector!(".tgme_channel_history, .tgme_channel_info, .tgme_widget_message"));
    if posts.is_empty() {
        let field =
            if is_channel.count() == 0 { "tgme_widget_message" } else { "tgme_widget_message[data-post]" };
        let empty_channel = html::select(root, selector!(".tgme_channel_history")).next().is_some()
            && html::select(root, selector!(".tgme_widget_message")).next().is_none();
        if !empty_channel {
            return Err(MissingField::new(field));
        }
    }
    let mut preview =
        Preview { drafts: Vec::new(), n_wordless: 0, older_before: older(page), problems: Vec::new() };
    for post in posts {
        let number = post.attr("data-post").unwrap_or_default().to_owned();
        let draft = draft(post, &number, page_url);
        if draft.published_at.is_none() {
            let message = format!("post {number} has no time");
            preview.problems.push(Problem::new("missing-field", message));
        }
        if draft.text.is_empty() {
            preview.n_wordless += 1;
        } else {
            preview.drafts.push(draft);
        }
    }
    Ok(preview)
}

fn draft(post: ElementRef<'_>, number: &str, page_url: &Url) -> AdDraft {
    let first_text =
        |element: Option<ElementRef<'_>>| element.map(html::text_of).filter(|text| !text.is_empty());
    let mut lines = Vec::new();
    // A reply quotes another post inside a link; those words are not this post's.
    let texts = html::select(post, selector!(".tgme_widget_message_text")).filter(|text| {
        !is_inside(*text, "tgme_widget_message_reply") && !is_inside(*text, "tgme_widget_message_text")
    });
    lines.extend(texts.map(html::text_of));
    let parts = html::select(
        post,
        selector!(
            ".tgme_widget_message_poll_question, .tgme_widget_message_poll_option_text, .link_preview_site_name, \
             .link_preview_title, .link_preview_description, .tgme_widget_message_document_title"
        ),
    );
    lines.extend(parts.map(html::text_of));
    lines.extend(html::select(post, selector!(".tgme_widget_message_inline_button_text")).map(html::text_of));
    lines.retain(|line| !line.is_empty());
    let mut links = Vec::new();
    let in_words = selector!(
        ".tgme_widget_message_text a[href], a.tgme_widget_message_link_preview[href], a.tgme_widget_message_inline_button[href]"
    );
    for href in html::select(post, in_words).filter_map(|link| link.attr("href")) {
        // Since 2024 the preview escapes `&` in links twice.
        if let Some(link) = html::resolve(page_url, &href.replace("&amp;", "&"))
            && !links.contains(&link)
        {
            links.push(link);
        }
    }
    let photos = html::select(
        post,
        selector!(".tgme_widget_message_photo_wrap, .tgme_widget_message_video_thumb, .link_preview_image"),
    );
    let images = photos.flat_map(|photo| html::images_of(photo, page_url)).collect();
    let published_at =
        html::select(post, selector!(".tgme_widget_message_date time[datetime], time[datetime]"))
            .next()
            .and_then(|time| moment::parse(time.attr("datetime")?));
    let forwarded = html::select(post, selector!(".tgme_widget_message_forwarded_from_name")).next();
    let owner = html::select(post, selector!(".tgme_widget_message_owner_name")).next();
    let platform_ids = [("data-post".to_owned(), number.to_owned())].into_iter().collect();
    AdDraft {
        locator: format!(".tgme_widget_message[data-post='{number}']"),
        images,
        landing_url: links.first().cloned(),
        links,
        advertiser: first_text(forwarded),
        publisher: first_text(owner),
        published_at,
        platform_ids,
        ..AdDraft::of_text(AdKind::Post, lines.join("\n"))
    }
}

fn is_inside(element: ElementRef<'_>, class: &str) -> bool {
    element
        .ancestors()
        .filter_map(ElementRef::wrap)
        .any(|above| above.value().classes().any(|name| name == class))
}

fn older(page: &Html) -> Option<String> {
    let more = html::select(page.root_element(), selector!("a.tme_messages_more[data-before]")).next()?;
    let before = more.attr("data-before")?;
    (!before.is_empty() && before.bytes().all(|byte| byte.is_ascii_digit())).then(|| before.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Shape<Preview> {
        preview(&Html::parse_document(html), &Url::parse("https://t.me/s/jiangzhou").unwrap())
    }

    #[test]
    fn a_post_is_read_with_words_links_pictures_and_time() {
        let html = r#"<section class="tgme_channel_history"><a class="tme_messages_more" data-before="118"></a>
            <div class="tgme_widget_message" data-post="jiangzhou/120">
            <a class="tgme_widget_message_owner_name"><span>江州财富圈</span></a>
            <a class="tgme_widget_message_photo_wrap" style="background-image:url('https://cdn.example/p.jpg')"></a>
            <a class="tgme_widget_message_reply"><div class="tgme_widget_message_text">别人的话</div></a>
            <div class="tgme_widget_message_text">日息千三<br>进群：<a href="https://t.me/+abc?a=1&amp;amp;b=2">点我</a></div>
            <a class="tgme_widget_message_link_preview" href="https://x.example/"><div class="link_preview_title">财富平台</div></a>
            <a class="tgme_widget_message_date"><time datetime="2026-11-20T08:30:00+08:00"></time></a></div></section>"#;
        let preview = read(html).unwrap();
        let [draft] = &preview.drafts[..] else { panic!("{preview:?}") };
        assert_eq!(draft.text, "日息千三\n进群：点我\n财富平台");
        assert_eq!(draft.links, ["https://t.me/+abc?a=1&b=2", "https://x.example/"]);
        assert_eq!(draft.images, ["https://cdn.example/p.jpg"]);
        assert_eq!(draft.publisher.as_deref(), Some("江州财富圈"));
        assert_eq!(draft.published_at.unwrap().beijing(), "2026-11-20 08:30:00 +08:00");
        assert_eq!(draft.platform_ids["data-post"], "jiangzhou/120");
        assert_eq!((preview.older_before.as_deref(), preview.problems), (Some("118"), vec![]));
    }

    #[test]
    fn other_pages_are_a_changed_shape_and_an_empty_channel_is_empty() {
        for (html, field) in [
            ("<html><body>Welcome</body></html>", "tgme_widget_message"),
            ("<div class=tgme_widget_message>x</div>", "tgme_widget_message[data-post]"),
        ] {
            assert_eq!(read(html), Err(MissingField::new(field)), "{html}");
        }
        assert_eq!(read("<section class=tgme_channel_history></section>").unwrap().drafts, []);
    }

    #[test]
    fn posts_without_words_are_counted() {
        let preview =
            read("<div class=tgme_widget_message data-post=a/1><i class=sticker></i></div>").unwrap();
        assert_eq!((preview.drafts.len(), preview.n_wordless, preview.problems.len()), (0, 1, 1));
    }
}
