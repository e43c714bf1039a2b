//! Sort-friendly spelling of addresses (SURT), the key of CDXJ lines, as `cdxj-indexer` and `pywb` compute it.

use std::sync::LazyLock;

use regex::bytes::Regex;
use url::Url;

/// Names of sessions that a server puts into a query; replay tools look addresses up without them.
static SESSIONS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?i)^(.*)(?:jsessionid=[0-9a-z]{32})(?:&(.*))?$",
        r"(?i)^(.*)(?:phpsessid=[0-9a-z]{32})(?:&(.*))?$",
        r"(?i)^(.*)(?:sid=[0-9a-z]{32})(?:&(.*))?$",
        r"(?i)^(.*)(?:aspsessionid[a-z]{8}=[a-z]{24})(?:&(.*))?$",
        r"(?i)^(.*)(?:cfid=[^&]+&cftoken=[^&]+)(?:&(.*))?$",
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// `http://www.News.example:8080/A/?b=2&a=1` becomes `example,news:8080)/a?a=1&b=2`.
pub(super) fn surt(address: &str) -> String {
    let Ok(url) = Url::parse(address) else { return address.to_lowercase() };
    let Some(host) = url.host_str() else { return address.to_lowercase() };
    let host = without_www(host);
    let mut parts: Vec<&str> = host.split('.').collect();
    parts.reverse();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = match url.query() {
        None | Some("") => String::new(),
        Some(query) => match reordered(&folded(query.as_bytes())) {
            empty if empty.is_empty() => String::new(),
            query => format!("?{query}"),
        },
    };
    format!("{}{port}){}{query}", parts.join(","), path(url.path()))
}

fn without_www(host: &str) -> &str {
    let digits = |rest: &str| rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    host.strip_prefix("www").and_then(|rest| rest[digits(rest)..].strip_prefix('.')).unwrap_or(host)
}

fn path(path: &str) -> String {
    let plain = unescaped(path.as_bytes());
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in plain.split(|byte| *byte == b'/').skip(1) {
        match part {
            b"." => {}
            b".." => {
                kept.pop();
            }
            part => kept.push(part),
        }
    }
    let (last, folders) = kept.split_last().map_or((&b""[..], &[][..]), |(last, folders)| (*last, folders));
    let mut joined = b"/".to_vec();
    for folder in folders.iter().filter(|folder| !folder.is_empty()) {
        joined.extend_from_slice(folder);
        joined.push(b'/');
    }
    joined.extend_from_slice(last);
    if joined.len() > 1 && joined.ends_with(b"/") {
        joined.pop();
    }
    escaped(&joined).to_lowercase()
}

fn folded(query: &[u8]) -> Vec<u8> {
    let mut query = escaped(&unescaped(query)).into_bytes();
    for session in SESSIONS.iter() {
        if let Some(found) = session.captures(&query) {
            let part = |n| found.get(n).map(|part| part.as_bytes()).unwrap_or_default();
            query = [part(1), part(2)].concat();
        }
    }
    query.to_ascii_lowercase()
}

/// Parameters in the order of their bytes; `a` before `a=`.
fn reordered(query: &[u8]) -> String {
    let text = String::from_utf8_lossy(query);
    if text.len() <= 1 {
        return text.into_owned();
    }
    let mut parameters: Vec<(&str, Option<&str>)> = text
        .split('&')
        .map(|parameter| {
            parameter.split_once('=').map_or((parameter, None), |(name, value)| (name, Some(value)))
        })
        .collect();
    parameters.sort_unstable();
    let spelled: Vec<String> = parameters
        .iter()
        .map(|(name, value)| value.map_or_else(|| (*name).to_owned(), |value| format!("{name}={value}")))
        .collect();
    spelled.join("&")
}

/// Percent signs undone until none is left that means a byte.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    loop {
        let mut plain = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while at < bytes.len() {
            let digits = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
            let byte = digits
                .filter(|pair| bytes[at] == b'%' && pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .and_then(|pair| u8::from_str_radix(pair, 16).ok());
            plain.push(byte.unwrap_or(bytes[at]));
            at += if byte.is_some() { 3 } else { 1 };
        }
        if plain == bytes {
            return plain;
        }
        bytes = plain;
    }
}

/// Everything but printable ASCII, and `#` and `%`, as percent signs.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_graphic() && !matches!(byte, b'#' | b'%') {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Addresses and their keys; the test of the whole package asks `cdxj-indexer` about the same list.
    pub(in crate::evidence) const CASES: &[(&str, &str)] = &[
        ("http://example.com/", "com,example)/"),
        ("http://www.example.com", "com,example)/"),
        ("http://www12.Example.com/A/B/", "com,example)/a/b"),
        ("http://wwwx.example.com/", "com,example,wwwx)/"),
        ("https://example.com:443/a", "com,example)/a"),
        ("http://example.com:8080/a?b=2&a=1&a", "com,example:8080)/a?a&a=1&b=2"),
        ("http://127.0.0.1:9000/index.html", "1,0,0,127:9000)/index.html"),
        ("http://example.com/%E5%B9%BF?q=%E5%91%8A", "com,example)/%e5%b9%bf?q=%e5%91%8a"),
        ("http://example.com/广告", "com,example)/%e5%b9%bf%e5%91%8a"),
        ("http://example.com/a//b/./c/", "com,example)/a/b/c"),
        ("http://example.com/a?", "com,example)/a"),
        ("http://example.com/a%2525b", "com,example)/a%25b"),
        ("http://example.com/a?x=1&phpsessid=0123456789abcdef0123456789abcdef&y=2", "com,example)/a?x=1&y=2"),
    ];

    #[test]
    fn addresses_are_spelled_as_replay_tools_look_them_up() {
        for (address, key) in CASES {
            assert_eq!(surt(address), *key, "{address}");
        }
    }
}
