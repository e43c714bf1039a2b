//! One name for the many spellings of an address, so that a page is fetched once.

use url::Url;

use crate::kit::digest::sha256_hex;
use crate::source::Target;

/// Parameters that say from where a visitor came and never what the page is.
const TRACKING: &[&str] = &[
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "utm_id",
    "spm",
    "scm",
    "fbclid",
    "gclid",
    "msclkid",
    "yclid",
    "share_token",
    "share_source",
    "share_medium",
    "isappinstalled",
    "from_wecom",
];

/// Short name of what a target asks for: the canonical address and the body.
pub(super) fn key(target: &Target) -> String {
    let body = target.ask.body.as_deref().unwrap_or_default();
    let mut digest = sha256_hex(format!("{}\n{body}", canonical(&target.url)).as_bytes());
    digest.truncate(32);
    digest
}

/// The address without its fragment and tracking parameters, the others in order, escapes in one form.
///
/// Only for comparing: what is fetched is the address as it was found.
pub(super) fn canonical(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return address.split('#').next().unwrap_or_default().to_owned();
    };
    url.set_fragment(None);
    let path = escapes(url.path());
    url.set_path(&path);
    if let Some(query) = url.query() {
        let is_tracking = |pair: &str| {
            let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
            TRACKING.contains(&name.as_str())
        };
        let mut pairs: Vec<String> =
            query.split('&').filter(|pair| !pair.is_empty() && !is_tracking(pair)).map(escapes).collect();
        // Stable: parameters of one name keep their order, which may mean something.
        pairs.sort_by(|a, b| a.split('=').next().cmp(&b.split('=').next()));
        let query = pairs.join("&");
        url.set_query((!query.is_empty()).then_some(&query));
    }
    url.into()
}

/// Escapes of letters, digits and `-._~` decoded, others in upper case (RFC 3986 §6.2.2).
fn escapes(text: &str) -> String {
    let mut one_form = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        one_form.push_str(before);
        let byte = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                one_form.push(char::from(byte));
                rest = &after[2..];
            }
            Some(byte) => {
                one_form.push_str(&format!("%{byte:02X}"));
                rest = &after[2..];
            }
            None => {
                one_form.push('%');
                rest = after;
            }
        }
    }
    one_form.push_str(rest);
    one_form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_page_are_one_and_other_pages_are_others() {
        let page = canonical("http://a.example/x/1.html?id=7&page=2");
        for same in [
            "http://a.example/x/1.html?id=7&page=2#top",
            "HTTP://A.EXAMPLE:80/x/1.html?id=7&page=2",
            "http://a.example/x/./1.html?page=2&id=7",
            "http://a.example/x/y/../1.html?id=7&page=2&utm_source=wx&spm=a.b",
            "http://a.example/x/%31.html?id=7&&page=%32",
        ] {
            assert_eq!(canonical(same), page, "{same}");
        }
        for other in [
            "https://a.example/x/1.html?id=7&page=2",
            "http://a.example/X/1.html?id=7&page=2",
            "http://a.example/x/1.html?id=7&page=3",
            "http://a.example/x/1.html",
            "http://a.example/x%2F1.html?id=7&page=2",
            "http://b.example/x/1.html?id=7&page=2",
        ] {
            assert_ne!(canonical(other), page, "{other}");
        }
        assert_eq!(canonical("http://a.example/?utm_source=1"), canonical("http://a.example"));
        assert_ne!(canonical("http://a.example/?a=1&a=2"), canonical("http://a.example/?a=2&a=1"));
        assert_eq!(canonical("http://a.example/100%"), "http://a.example/100%");
    }
}
