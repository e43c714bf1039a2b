//! E-mail addresses, hosts, links and package names.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

use super::sheet::{Find, Sheet};
use super::tables::Tables;
use crate::domain::party::{Certainty, ContactKind, FoundBy};

/// Reads addresses in the words.
pub(super) fn read(sheet: &mut Sheet<'_>, tables: &Tables) {
    read_mail(sheet, tables);
    read_links(sheet, tables);
    read_packages(sheet);
    read_hosts(sheet, tables);
}

/// What a link leads to: a host, a name on a platform, a package, a number. Nothing for what is no address.
pub(super) fn of_link(tables: &Tables, link: &str) -> Vec<(ContactKind, String, FoundBy)> {
    let Ok(url) = Url::parse(link) else { return Vec::new() };
    let by = |name: &str| FoundBy::Link(name.to_owned());
    let rest = url.path().trim_matches('/');
    match url.scheme() {
        "tel" | "sms" | "smsto" => {
            let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
            let value = digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&digits);
            let is_mobile = value.len() == 11 && value.starts_with('1');
            let kind = match value {
                _ if is_mobile => ContactKind::Mobile,
                _ if value.starts_with("400") && value.len() == 10 => ContactKind::ServiceLine,
                _ if value.starts_with('0') && value.len() >= 10 => ContactKind::Landline,
                _ => return Vec::new(),
            };
            let value = match tables
                .areas
                .iter()
                .find(|area| kind == ContactKind::Landline && value.starts_with(area.as_str()))
            {
                Some(area) => format!("{area}-{}", &value[area.len()..]),
                None => value.to_owned(),
            };
            vec![(kind, value, by(url.scheme()))]
        }
        "mailto" => {
            let address = rest.to_ascii_lowercase();
            address.contains('@').then(|| (ContactKind::Email, address, by("mailto"))).into_iter().collect()
        }
        "tg" => parameter(&url, "domain")
            .map(|name| (ContactKind::Telegram, name.to_ascii_lowercase(), by("tg")))
            .into_iter()
            .collect(),
        "tencent" | "mqqwpa" | "mqqapi" => parameter(&url, "uin")
            .map(|number| (ContactKind::Qq, number, by(url.scheme())))
            .into_iter()
            .collect(),
        "http" | "https" => of_web(tables, &url),
        _ => Vec::new(),
    }
}

fn of_web(tables: &Tables, url: &Url) -> Vec<(ContactKind, String, FoundBy)> {
    let Some(host) = url.host_str().map(plain_host) else { return Vec::new() };
    let by = |name: &str| FoundBy::Link(name.to_owned());
    let first = || url.path_segments().and_then(|mut parts| parts.next()).unwrap_or_default().to_owned();
    let found = match host.as_str() {
        "t.me" | "telegram.me" | "telegram.dog" => {
            let name = match first().as_str() {
                "s" | "joinchat" | "addlist" => {
                    url.path_segments().and_then(|mut parts| parts.nth(1)).unwrap_or_default().to_owned()
                }
                name => name.to_owned(),
            };
            let name = name.trim_start_matches('+').to_owned();
            // Invitations tell upper from lower case, names do not.
            let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                && !url.path().contains('+')
                && !url.path().contains("joinchat");
            let name = if is_name { name.to_ascii_lowercase() } else { name };
            (name.len() >= 4).then(|| (ContactKind::Telegram, name, by("t.me")))
        }
        "wa.me" => {
            let digits: String = first().chars().filter(char::is_ascii_digit).collect();
            (digits.len() >= 8).then(|| (ContactKind::Whatsapp, format!("+{digits}"), by("wa.me")))
        }
        "wpa.qq.com" => parameter(url, "uin").map(|number| (ContactKind::Qq, number, by("wpa.qq.com"))),
        "play.google.com" => {
            parameter(url, "id").map(|id| (ContactKind::AppPackage, id, by("play.google.com")))
        }
        _ if is_platform(tables, &host) => None,
        _ => Some((ContactKind::Host, host, by(url.scheme()))),
    };
    found.into_iter().collect()
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .filter(|value| !value.is_empty())
}

fn plain_host(host: &str) -> String {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host.strip_prefix("www.").map(str::to_owned).unwrap_or(host)
}

/// Whether the host belongs to a platform that serves everybody.
fn is_platform(tables: &Tables, host: &str) -> bool {
    let mut rest = host;
    loop {
        if tables.platform_hosts.contains(rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, parent)) => rest = parent,
            None => return false,
        }
    }
}

fn read_mail(sheet: &mut Sheet<'_>, tables: &Tables) {
    let Some(pattern) = MAIL.as_ref() else { return };
    let text = sheet.text().to_owned();
    for found in pattern.captures_iter(&text) {
        let (Some(all), Some(name), Some(at), Some(host)) =
            (found.get(0), found.get(1), found.get(2), found.get(3))
        else {
            continue;
        };
        let host_plain = unhidden(host.as_str());
        let is_plain = at.as_str() == "@" && host_plain == host.as_str();
        let ending = host_plain.rsplit('.').next().unwrap_or_default();
        let is_known = tables.mail_hosts.contains(&host_plain);
        if !(is_known || is_plain && tables.endings.contains(ending)) {
            continue;
        }
        let (start, name) = own_letters(sheet, name.start(), name.as_str());
        if name.is_empty() || sheet.char_at(all.end()).is_some_and(|c| c.is_ascii_alphanumeric() || c == '-')
        {
            continue;
        }
        let mut found_by = vec![FoundBy::Shape];
        if !is_plain {
            found_by.push(FoundBy::Hidden("marks-in-words".to_owned()));
        }
        let certainty = if is_plain { Certainty::Certain } else { Certainty::Likely };
        let value = format!("{name}@{host_plain}");
        sheet.take(Find { kind: ContactKind::Email, value, start, end: all.end(), certainty, found_by });
    }
}

/// The name without a platform in front of it (微信abc@163.com), with letters that the normalizer took for one.
fn own_letters(sheet: &Sheet<'_>, start: usize, name: &str) -> (usize, String) {
    let mut value = String::new();
    let mut from = start;
    let mut at = start;
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let len = if rest.starts_with("微信") || rest.starts_with("电报") {
            "微信".len()
        } else {
            c.len_utf8()
        };
        if c.is_ascii() {
            value.push(c);
        } else {
            let raw = sheet.raw(at, at + len);
            if raw.chars().all(|c| c.is_ascii_alphanumeric()) && value.is_empty() {
                value.push_str(&raw.to_ascii_lowercase());
            } else {
                value.clear();
                from = at + len;
            }
        }
        at += len;
        rest = &rest[len..];
    }
    (from, value)
}

fn unhidden(host: &str) -> String {
    let mut plain = host.to_owned();
    for mark in ["[.]", "(.)", "[点]", "(点)", " 点 ", "点", "。", "，", " dot ", " . "] {
        plain = plain.replace(mark, ".");
    }
    plain.replace(' ', "")
}

/// Addresses with their scheme, in the published words: case and marks count in them.
fn read_links(sheet: &mut Sheet<'_>, tables: &Tables) {
    let Some(pattern) = LINK.as_ref() else { return };
    let text = sheet.text().to_owned();
    for found in pattern.captures_iter(&text) {
        let (Some(all), Some(rest)) = (found.get(0), found.get(1)) else { continue };
        let raw = sheet.raw(rest.start(), rest.end());
        let raw: String = raw.chars().map(narrow).filter(|c| c.is_ascii_graphic()).collect();
        let raw = unhidden(raw.trim_start_matches('/'));
        let link = format!("https://{raw}");
        let finds = of_link(tables, &link);
        let is_host = |value: &str| {
            let ending = value.rsplit('.').next().unwrap_or_default();
            value.contains('.')
                && (tables.endings.contains(ending) || ending.chars().all(|c| c.is_ascii_alphanumeric()))
        };
        sheet.claim(all.start(), all.end());
        for (kind, value, by) in finds {
            if kind == ContactKind::Host && !is_host(&value) {
                continue;
            }
            let (start, end, certainty) = (all.start(), all.end(), Certainty::Certain);
            sheet.add(Find { kind, value, start, end, certainty, found_by: vec![by] });
        }
    }
}

/// Full-width forms as their ASCII characters.
fn narrow(c: char) -> char {
    match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

fn read_packages(sheet: &mut Sheet<'_>) {
    let Some(pattern) = PACKAGE.as_ref() else { return };
    let text = sheet.text().to_owned();
    for found in pattern.find_iter(&text) {
        let (start, end) = (found.start(), found.end());
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '/');
        if !sheet.is_free(start, end)
            || sheet.char_before(start).is_some_and(is_word)
            || sheet.char_at(end).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '@' | '/' | '-'))
        {
            continue;
        }
        let raw: String =
            sheet.raw(start, end).chars().map(narrow).filter(|c| c.is_ascii_graphic()).collect();
        let before = sheet.before(start, 8);
        let label: Option<&str> = ["包名", "应用id", "bundleid", "bundle id", "package", "应用标识"]
            .into_iter()
            .find(|word| before.contains(word));
        let mut found_by = vec![FoundBy::Shape];
        found_by.extend(label.map(|word| FoundBy::Label(word.to_owned())));
        let certainty = if label.is_some() { Certainty::Certain } else { Certainty::Likely };
        sheet.take(Find { kind: ContactKind::AppPackage, value: raw, start, end, certainty, found_by });
    }
}

fn read_hosts(sheet: &mut Sheet<'_>, tables: &Tables) {
    let Some(pattern) = HOST.as_ref() else { return };
    let text = sheet.text().to_owned();
    for found in pattern.captures_iter(&text) {
        let (Some(all), Some(host)) = (found.get(0), found.get(1)) else { continue };
        let value = unhidden(host.as_str());
        let is_hidden = value != host.as_str();
        let (shift, value) = match own_host(sheet, host.start(), &value) {
            Some(own) => own,
            None => continue,
        };
        let (start, end) = (host.start() + shift, all.end());
        if !sheet.is_free(start, end)
            || sheet
                .char_before(start)
                .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '-' | '_'))
        {
            continue;
        }
        if sheet
            .char_at(host.end())
            .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '@'))
        {
            continue;
        }
        let value = plain_host(&value);
        let mut labels = value.rsplit('.');
        let ending = labels.next().unwrap_or_default();
        let main = match labels.next() {
            Some("com" | "net" | "org" | "gov" | "edu" | "ac") => labels.next().unwrap_or("com"),
            Some(main) => main,
            None => continue,
        };
        let is_telling = main.contains(|c: char| c.is_ascii_lowercase())
            || main.len() >= if is_hidden { 4 } else { 2 }
                && matches!(ending, "com" | "cn" | "net" | "cc" | "top" | "vip" | "xyz");
        if !tables.endings.contains(ending) || !is_telling || tables.not_hosts.contains(&value) {
            continue;
        }
        sheet.claim(start, end);
        if value == "t.me" || value == "telegram.me" || value == "wa.me" {
            let raw: String =
                sheet.raw(start, end).chars().map(narrow).filter(|c| c.is_ascii_graphic()).collect();
            for (kind, value, by) in of_link(tables, &format!("https://{}", unhidden(&raw))) {
                sheet.add(Find {
                    kind,
                    value,
                    start,
                    end,
                    certainty: Certainty::Certain,
                    found_by: vec![by],
                });
            }
            continue;
        }
        if is_platform(tables, &value) {
            continue;
        }
        let mut found_by = vec![FoundBy::Shape];
        if is_hidden {
            found_by.push(FoundBy::Hidden("marks-in-words".to_owned()));
        }
        let certainty = if is_hidden { Certainty::Possible } else { Certainty::Likely };
        sheet.add(Find { kind: ContactKind::Host, value, start, end, certainty, found_by });
    }
}

/// The host without a platform's name in front of it; letters that the normalizer took for one are its own.
fn own_host(sheet: &Sheet<'_>, start: usize, host: &str) -> Option<(usize, String)> {
    let Some(name) = ["微信", "电报"].into_iter().find(|name| host.starts_with(name)) else {
        return Some((0, host.to_owned()));
    };
    let raw = sheet.raw(start, start + name.len());
    let rest = &host[name.len()..];
    if raw.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Some((0, format!("{}{rest}", raw.to_ascii_lowercase())));
    }
    rest.starts_with(|c: char| c.is_ascii_alphanumeric()).then(|| (name.len(), rest.to_owned()))
}

static MAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"((?:微信|电报|[a-z0-9]|[._%+-])+) ?(@|#|艾特|爱特|圈a|\(at\)|\[at\]| at ) ?",
        r"([a-z0-9-]+(?:(?:\.|点|\[\.\]|\(\.\)|\[点\]|\(点\)| dot | \. )[a-z0-9-]+|[。，](?:com|cn|net|org)){1,3})",
    ))
    .ok()
});

static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"h(?:tt|xx)ps?(?:：|:)((?:[a-z0-9._~%/？?=&+#：:\[\]()，@!*-]|微信|电报)+[a-z0-9/])").ok()
});

static PACKAGE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:com|cn|org|net|io)\.[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){1,4}").ok());

static HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"((?:微信|电报)?[a-z0-9][a-z0-9-]*(?:(?:\.|点|。|\[\.\]|\(\.\)|\[点\]|\(点\))[a-z0-9][a-z0-9-]*)*(?:\.|点|。|\[\.\]|\(\.\)|\[点\]|\(点\))[a-z]{2,7})",
        r"(?:[：:]\d{2,5})?(?:/[a-z0-9._~%/=&+#？-]*)?",
    ))
    .ok()
});
