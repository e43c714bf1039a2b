//! The name of an ad, made from what it says and where it leads.

use url::Url;

use crate::domain::ad::{AdDraft, AdId};
use crate::kit::digest::sha256_hex;

/// With fewer folded characters the words alone do not tell creatives apart, so the images count too.
const MIN_TELLING_CHARS: usize = 20;

/// Names the creative of `draft`: the same wherever it is seen, another as soon as a word of it changes.
///
/// Covered are, in this order: the text without white space, punctuation and case (`%`, `‰` and the point inside a
/// number stay, because they change the promise); the host of the landing address without `www.`; and, when the
/// text has fewer than 20 such characters, the file names of the images, sorted. Not covered are the kind, the
/// page, the publisher, times, tracking parameters and the path of the landing address, and what was read in pictures:
/// a better reading must not make another ad.
///
/// The id is the first 32 hexadecimal characters of the SHA-256 of these parts, separated by line feeds.
pub fn fingerprint(draft: &AdDraft) -> AdId {
    let words = folded(draft.published_text());
    let mut parts = vec![draft.landing_url.as_deref().map(host).unwrap_or_default()];
    if words.chars().count() < MIN_TELLING_CHARS {
        let mut names: Vec<String> = draft.images.iter().map(|image| file_name(image)).collect();
        names.sort();
        names.dedup();
        parts.extend(names);
    }
    parts.insert(0, words);
    let digest = sha256_hex(parts.join("\n").as_bytes());
    named(&digest[..32])
}

/// Hexadecimal text always passes the check of identifiers; the loop ends at its first turn.
fn named(hex: &str) -> AdId {
    let mut text = hex.to_owned();
    loop {
        match AdId::parse(&text) {
            Ok(id) => return id,
            Err(_) => text = "0".to_owned(),
        }
    }
}

fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut after_digit = false;
    while let Some(c) = chars.next() {
        let is_point = c == '.' && after_digit && chars.peek().is_some_and(char::is_ascii_digit);
        if c.is_alphanumeric() {
            folded.extend(c.to_lowercase());
        } else if is_point || matches!(c, '%' | '％' | '‰') {
            folded.push(c);
        }
        after_digit = c.is_ascii_digit();
    }
    folded
}

fn host(url: &str) -> String {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(&host).to_owned()
}

fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ad::AdKind;

    const WORDS: &str = "养老公寓床位预订，交三万元，每年福利补贴12%，到期全额返还。";

    fn draft(text: &str, landing: &str, images: &[&str]) -> AdDraft {
        AdDraft {
            landing_url: (!landing.is_empty()).then(|| landing.to_owned()),
            images: images.iter().map(|image| (*image).to_owned()).collect(),
            ..AdDraft::of_text(AdKind::Display, text)
        }
    }

    #[test]
    fn the_same_creative_is_one_ad() {
        let first = draft(WORDS, "http://www.x.example/a?from=portal", &["http://cdn1.example/1.jpg"]);
        let mut elsewhere = draft(
            "养老公寓 床位预订：交三万元！\n每年福利补贴12%——到期全额返还",
            "https://x.example/a?from=other",
            &["http://cdn2.example/2.jpg"],
        );
        elsewhere.kind = AdKind::Post;
        elsewhere.publisher = Some("别家".to_owned());
        elsewhere.locator = "elsewhere".to_owned();
        assert_eq!(fingerprint(&first), fingerprint(&elsewhere));
        let (a, b) =
            (draft("Vip Club", "", &["http://a/x/1.jpg?v=1"]), draft("VIP CLUB", "", &["http://b/1.jpg"]));
        assert_eq!(fingerprint(&a), fingerprint(&b));
    }

    #[test]
    fn another_word_number_target_or_picture_is_another_ad() {
        let drafts = [
            draft(WORDS, "http://x.example/", &[]),
            draft(&WORDS.replace("三万", "五万"), "http://x.example/", &[]),
            draft(&WORDS.replace("12%", "1.2%"), "http://x.example/", &[]),
            draft(&WORDS.replace("12%", "12‰"), "http://x.example/", &[]),
            draft(&WORDS.replace("12%", "12"), "http://x.example/", &[]),
            draft(WORDS, "http://y.example/", &[]),
            draft(WORDS, "", &[]),
            draft("点击查看", "http://x.example/", &["http://p/1.jpg"]),
            draft("点击查看", "http://x.example/", &["http://p/2.jpg"]),
            draft("", "", &[]),
        ];
        let ids: std::collections::BTreeSet<_> = drafts.iter().map(fingerprint).collect();
        assert_eq!(ids.len(), drafts.len());
        assert!(ids.iter().all(|id| id.as_str().len() == 32));
    }
}
