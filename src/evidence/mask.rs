//! A copy for sharing: numbers and addresses that reach or identify people are hidden, unless they are the ad's own
//! contacts. Hidden characters become `*`, one for each byte, so every offset of the analysis still holds.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::input::PackageInput;
use crate::domain::blob::BlobRef;
use crate::domain::evidence::PackageId;

/// What stands in a copy in place of what cannot be masked.
const LEFT_OUT: &str = "本副本不含此文件：图片、音视频等无法逐项遮盖。 Not in this copy: pictures, sound and binary files cannot be masked.\n";

/// A shorter contact would clear numbers that only end like it.
const MIN_OWN_CHARS: usize = 5;

/// From which package a masked copy was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedFrom {
    /// Its name.
    pub package_id: PackageId,
    /// Its seal.
    pub seal_sha256: String,
    /// How many stretches were hidden.
    pub n_masked: usize,
    /// How many files were left out, because they cannot be masked.
    pub n_left_out: usize,
}

/// What reaches or identifies a person: mainland mobile numbers and identity numbers, also printed in groups; bank
/// cards; e-mail addresses; numbers behind the words for QQ and WeChat.
static PERSONAL: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?-u)[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])[0-9]{3}[0-9Xx]",
        r"(?-u)(?:\+?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}",
        r"(?-u)[3-6][0-9]{3}(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{1,3})?",
        r"(?-u)[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
        r"(?i-u)(?:qq|wechat|weixin|wx)[ :=_-]{1,3}[a-z0-9_-]{5,20}",
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// The same input for a copy that may be shared. Decisions lose their notes, and earlier custody and extracts of the
/// capture log stay in the original: they name people and other pages.
#[must_use]
pub fn masked(mut input: PackageInput, from: &PackageId, seal_sha256: &str) -> PackageInput {
    let own: BTreeSet<String> = input.contacts.iter().map(|contact| bare(contact.value.as_bytes())).collect();
    let mut n_masked = 0;
    let mut n_left_out = 0;
    for captured in &mut input.captures {
        let exchange = &captured.capture.exchange;
        if is_text(exchange.response_header("content-type"), &captured.body) {
            n_masked += hide(&mut captured.body, &own);
        } else {
            n_left_out += 1;
            captured.body = LEFT_OUT.as_bytes().to_vec();
        }
        captured.capture.body = BlobRef::of(&captured.body);
        // Pictures cannot be masked, and elements and answers repeat what the body says.
        n_left_out += captured.rendering.take().map_or(0, |rendering| rendering.parts.len() + 1);
    }
    let mut words = |text: &mut String| {
        let mut bytes = std::mem::take(text).into_bytes();
        n_masked += hide(&mut bytes, &own);
        *text = String::from_utf8(bytes).unwrap_or_default();
    };
    let draft = &mut input.ad.draft;
    words(&mut draft.text);
    for text in [&mut draft.title, &mut draft.advertiser, &mut draft.publisher].into_iter().flatten() {
        words(text);
    }
    for hit in &mut input.finding.hits {
        words(&mut hit.normalized);
    }
    for decision in &mut input.decisions {
        decision.note.clear();
    }
    input.custody.clear();
    input.logs.clear();
    input.masked_from = Some(MaskedFrom {
        package_id: from.clone(),
        seal_sha256: seal_sha256.to_owned(),
        n_masked,
        n_left_out,
    });
    input
}

/// Hides what is personal and not the ad's own, in place; gives how many stretches.
fn hide(bytes: &mut [u8], own: &BTreeSet<String>) -> usize {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for pattern in PERSONAL.iter() {
        for stretch in pattern.find_iter(bytes) {
            let before = stretch.start().checked_sub(1).map(|at| bytes[at]);
            let after = bytes.get(stretch.end()).copied();
            let starts_in_number =
                stretch.as_bytes()[0].is_ascii_digit() && before.is_some_and(|byte| byte.is_ascii_digit());
            let ends_in_number = stretch.as_bytes().last().is_some_and(u8::is_ascii_digit)
                && after.is_some_and(|byte| byte.is_ascii_digit());
            let text = bare(stretch.as_bytes());
            let is_own =
                own.iter().any(|known| known.len() >= MIN_OWN_CHARS && text.ends_with(known.as_str()));
            if !starts_in_number && !ends_in_number && !is_own {
                found.push(stretch.range());
            }
        }
    }
    let mut n_hidden = 0;
    for range in found {
        let stretch = &mut bytes[range];
        if stretch.contains(&b'*') && !stretch.iter().any(u8::is_ascii_alphanumeric) {
            continue;
        }
        n_hidden += 1;
        // The word before a number stays, so that a reader sees what was there.
        let from = stretch.iter().position(|byte| b" :=_-".contains(byte) && !stretch[0].is_ascii_digit());
        let from = from.filter(|_| !stretch.contains(&b'@')).unwrap_or(0);
        for byte in &mut stretch[from..] {
            if byte.is_ascii_alphanumeric() {
                *byte = b'*';
            }
        }
    }
    n_hidden
}

/// Letters and digits only, lower case: how a contact is compared.
fn bare(text: &[u8]) -> String {
    text.iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect()
}

fn is_text(content_type: Option<&str>, body: &[u8]) -> bool {
    let mime = content_type.unwrap_or_default().to_ascii_lowercase();
    let says_text = mime.is_empty()
        || ["text/", "json", "xml", "html", "javascript", "urlencoded"]
            .iter()
            .any(|word| mime.contains(word));
    says_text && !body.iter().take(4_096).any(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str, own: &[&str]) -> String {
        let own = own.iter().map(|value| bare(value.as_bytes())).collect();
        let mut bytes = text.as_bytes().to_vec();
        hide(&mut bytes, &own);
        assert_eq!(bytes.len(), text.len(), "offsets hold");
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn bystanders_are_hidden_and_the_advertiser_is_not() {
        let own = ["13900001111", "jz88661", "boss@fund.example"];
        for (text, shown) in [
            ("读者王女士 13812345678 来电", "读者王女士 *********** 来电"),
            ("138-1234-5678", "***-****-****"),
            ("身份证 11010519491231002X。", "身份证 ******************。"),
            ("卡号 6222 0200 1234 5678 901", "卡号 **** **** **** **** ***"),
            ("写信 a.b@mail.example", "写信 *.*@****.*******"),
            ("QQ：", "QQ："),
            ("qq: 12345678", "qq: ********"),
            ("咨询电话 13900001111", "咨询电话 13900001111"),
            ("+86 139 0000 1111", "+86 139 0000 1111"),
            ("boss@fund.example 微信 wx: jz88661", "boss@fund.example 微信 wx: jz88661"),
            (
                "年化15%，起投100000元，编号2026112300010001000",
                "年化15%，起投100000元，编号2026112300010001000",
            ),
        ] {
            assert_eq!(hidden(text, &own), shown, "{text}");
        }
    }
}
