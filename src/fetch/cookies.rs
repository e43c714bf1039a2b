//! Cookies of one source: sent back to the host that set them, and recorded nowhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use reqwest::header::{HeaderMap, HeaderValue};
use url::Url;

/// Cookies kept of one source; a host that sets more is made to keep us busy.
const MAX_COOKIES: usize = 60;
/// Longest cookie, in bytes of name and value, as browsers have it.
const MAX_COOKIE_BYTES: usize = 4_096;

/// The cookies that hosts set while one source is looked at. They end with it.
///
/// A cookie goes back to the very host that set it and nowhere else, whatever its `Domain` says; `Path` is not read.
#[derive(Debug, Default)]
pub struct Jar(Mutex<BTreeMap<(String, String), Cookie>>);

#[derive(Debug, Clone)]
struct Cookie {
    value: String,
    is_secure: bool,
}

impl Jar {
    /// Takes the cookies that `url` set.
    pub(super) fn keep(&self, url: &Url, headers: &HeaderMap) {
        let host = host_of(url);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for header in headers.get_all("set-cookie") {
            let Some((name, cookie, ends)) = header.to_str().ok().and_then(parse) else { continue };
            let key = (host.clone(), name);
            if ends {
                kept.remove(&key);
            } else if kept.len() < MAX_COOKIES || kept.contains_key(&key) {
                kept.insert(key, cookie);
            }
        }
    }

    /// The value of the request header for `url`; `None` when its host set none.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let host = host_of(url);
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<String> = kept
            .iter()
            .filter(|((of, _), cookie)| *of == host && (!cookie.is_secure || url.scheme() == "https"))
            .map(|((_, name), cookie)| format!("{name}={}", cookie.value))
            .collect();
        let mut value = HeaderValue::from_str(&pairs.join("; ")).ok().filter(|_| !pairs.is_empty())?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// `Set-Cookie` as it may be recorded: the name and the attributes, without the value.
pub(super) fn without_value(header: &str) -> String {
    let (pair, attributes) = header.split_once(';').map_or((header, None), |(pair, rest)| (pair, Some(rest)));
    let name = pair.split('=').next().unwrap_or_default();
    match attributes {
        Some(attributes) => format!("{name}=(not kept);{attributes}"),
        None => format!("{name}=(not kept)"),
    }
}

fn host_of(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

/// Name, cookie, and whether it is taken back.
fn parse(header: &str) -> Option<(String, Cookie, bool)> {
    let mut parts = header.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || name.len() + value.len() > MAX_COOKIE_BYTES {
        return None;
    }
    let (mut is_secure, mut ends) = (false, false);
    for attribute in parts {
        let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        match key.trim().to_ascii_lowercase().as_str() {
            "secure" => is_secure = true,
            "max-age" => ends = value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0),
            _ => {}
        }
    }
    Some((name.to_owned(), Cookie { value: value.to_owned(), is_secure }, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(jar: &Jar, url: &str) -> Option<String> {
        Some(jar.header(&Url::parse(url).unwrap())?.to_str().unwrap().to_owned())
    }

    fn set(jar: &Jar, url: &str, cookies: &[&str]) {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append("set-cookie", HeaderValue::from_str(cookie).unwrap());
        }
        jar.keep(&Url::parse(url).unwrap(), &headers);
    }

    #[test]
    fn a_cookie_goes_back_to_the_host_that_set_it_and_nowhere_else() {
        let jar = Jar::default();
        set(&jar, "https://a.example/x", &["sid=1; Path=/; HttpOnly", "t=2; Secure", "u=3; Domain=.example"]);
        assert_eq!(sent(&jar, "https://a.example/y").as_deref(), Some("sid=1; t=2; u=3"));
        assert_eq!(sent(&jar, "https://b.example/y"), None);
        assert_eq!(sent(&jar, "https://a.example:8443/y"), None);
        assert_eq!(sent(&jar, "http://a.example/y"), None, "another port is another server");
        set(&jar, "https://a.example/x", &["sid=9", "t=; Max-Age=0"]);
        assert_eq!(sent(&jar, "https://a.example/y").as_deref(), Some("sid=9; u=3"));
        set(&jar, "http://plain.example/", &["s=1; Secure"]);
        assert_eq!(sent(&jar, "http://plain.example/"), None);
    }

    #[test]
    fn hostile_cookies_are_bounded() {
        let jar = Jar::default();
        let long = format!("long={}", "x".repeat(5_000));
        set(&jar, "http://a.example/", &[&long, "=1", "nothing", "  ; Secure"]);
        assert_eq!(sent(&jar, "http://a.example/"), None);
        for n in 0..200 {
            set(&jar, "http://a.example/", &[&format!("c{n}=1")]);
        }
        assert_eq!(sent(&jar, "http://a.example/").unwrap().split("; ").count(), MAX_COOKIES);
    }

    #[test]
    fn what_is_recorded_has_no_value() {
        assert_eq!(without_value("sid=secret; Path=/; Secure"), "sid=(not kept); Path=/; Secure");
        assert_eq!(without_value("sid=secret"), "sid=(not kept)");
        assert_eq!(without_value("secret"), "secret=(not kept)");
    }
}
