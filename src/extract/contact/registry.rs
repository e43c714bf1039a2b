//! Numbers that registers give: ICP, 统一社会信用代码, licences; cards and wallets.

use std::sync::LazyLock;

use regex::Regex;

use super::checksum::{self, Erc55};
use super::run::{Run, digits_of};
use super::sheet::{Find, Sheet};
use super::tables::Tables;
use crate::domain::party::{Certainty, ContactKind, FoundBy};

/// Reads addresses of wallets: their case counts, so they are taken from the published words.
pub(super) fn read_wallets(sheet: &mut Sheet<'_>) {
    let Some(pattern) = WALLET.as_ref() else { return };
    let text = sheet.text().to_owned();
    for found in pattern.find_iter(&text) {
        let (start, end) = (found.start(), found.end());
        let is_glued = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if is_glued(sheet.char_before(start)) || is_glued(sheet.char_at(end)) {
            continue;
        }
        let raw: String = sheet.raw(start, end).chars().filter_map(narrow_letter).collect();
        if let Some((kind, value, certainty, by)) = wallet(&raw) {
            sheet.take(Find { kind, value, start, end, certainty, found_by: vec![FoundBy::Shape, by] });
        }
    }
}

fn narrow_letter(c: char) -> Option<char> {
    match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xfee0),
        c if c.is_ascii_alphanumeric() => Some(c),
        _ => None,
    }
}

fn wallet(raw: &str) -> Option<(ContactKind, String, Certainty, FoundBy)> {
    let holds = |name: &str| FoundBy::Checksum(name.to_owned());
    if let Some(kind) =
        checksum::base58check(raw).and_then(|payload| match (payload.len(), payload.first()) {
            (21, Some(0x41)) => Some(ContactKind::Tron),
            (21, Some(0x00 | 0x05)) => Some(ContactKind::Bitcoin),
            _ => None,
        })
    {
        return Some((kind, raw.to_owned(), Certainty::Certain, holds("Base58Check")));
    }
    let lower = raw.to_ascii_lowercase();
    if checksum::bech32(&lower) {
        return Some((ContactKind::Bitcoin, lower, Certainty::Certain, holds("Bech32")));
    }
    let (certainty, by) = match checksum::erc55(raw)? {
        Erc55::Holds => (Certainty::Certain, holds("ERC-55")),
        Erc55::Absent => (Certainty::Likely, FoundBy::Shape),
        Erc55::Broken => (Certainty::Possible, FoundBy::BrokenChecksum("ERC-55".to_owned())),
    };
    Some((ContactKind::Ethereum, lower, certainty, by))
}

/// Reads ICP numbers, credit codes and licences.
pub(super) fn read(sheet: &mut Sheet<'_>) {
    read_icp(sheet);
    read_credit_codes(sheet);
    read_licences(sheet);
}

fn read_icp(sheet: &mut Sheet<'_>) {
    let Some(pattern) = ICP.as_ref() else { return };
    let text = sheet.text().to_owned();
    for found in pattern.captures_iter(&text) {
        let (Some(all), Some(number)) = (found.get(0), found.get(3)) else { continue };
        let form = if &found[2] == "证" { "证" } else { "备" };
        let find = Find {
            kind: ContactKind::IcpNumber,
            value: format!("{}ICP{form}{}号", &found[1], number.as_str()),
            start: all.start(),
            end: all.end(),
            certainty: Certainty::Certain,
            found_by: vec![FoundBy::Shape],
        };
        sheet.take(find);
    }
}

fn read_credit_codes(sheet: &mut Sheet<'_>) {
    let Some(pattern) = CREDIT_CODE.as_ref() else { return };
    let text = sheet.text().to_owned();
    for found in pattern.find_iter(&text) {
        let (start, end) = (found.start(), found.end());
        let is_glued = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let code: String = found
            .as_str()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        if is_glued(sheet.char_before(start)) || is_glued(sheet.char_at(end)) || !sheet.is_free(start, end) {
            continue;
        }
        let label =
            ["信用代码", "税号", "识别号"].iter().find(|word| sheet.before(start, 14).contains(**word));
        let holds = checksum::credit_code(&code) && !checksum::identity_card(&code);
        let (certainty, by) = match (holds, label) {
            (true, _) => (Certainty::Certain, FoundBy::Checksum("GB 32100".to_owned())),
            (false, Some(_)) => (Certainty::Possible, FoundBy::BrokenChecksum("GB 32100".to_owned())),
            (false, None) => continue,
        };
        let mut found_by = vec![FoundBy::Shape];
        found_by.extend(label.map(|word| FoundBy::Label((*word).to_owned())));
        found_by.push(by);
        sheet.take(Find { kind: ContactKind::CreditCode, value: code, start, end, certainty, found_by });
    }
}

fn read_licences(sheet: &mut Sheet<'_>) {
    type Canonical = fn(&regex::Captures<'_>) -> String;
    let forms: [(&LazyLock<Option<Regex>>, Canonical); 6] = [
        (&TELECOM, |found| {
            format!("{}{}-{}", &found[1], found[2].to_ascii_uppercase().replace(' ', ""), &found[3])
        }),
        (&POLICE, |found| format!("{}公网安备{}", &found[1], &found[2])),
        (&FUND_MANAGER, |found| found[1].to_ascii_uppercase()),
        (&APPROVAL, |found| format!("{}〔{}〕{}号", &found[1], &found[2], &found[3])),
        (&CULTURE, |found| format!("{}〔{}〕{}-{}号", &found[1], &found[2], &found[3], &found[4])),
        (&FINANCE, |found| found[1].to_ascii_uppercase()),
    ];
    for (pattern, canonical) in forms {
        let Some(pattern) = pattern.as_ref() else { continue };
        let text = sheet.text().to_owned();
        for found in pattern.captures_iter(&text) {
            let Some(all) = found.get(0) else { continue };
            let (start, end) = (all.start(), all.end());
            let is_glued = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            if is_glued(sheet.char_at(end))
                || is_glued(sheet.char_before(start))
                || !sheet.is_free(start, end)
            {
                continue;
            }
            let value = canonical(&found);
            let (kind, certainty, found_by) = (ContactKind::Licence, Certainty::Likely, vec![FoundBy::Shape]);
            sheet.take(Find { kind, value, start, end, certainty, found_by });
        }
    }
}

/// Reads bank cards: Luhn, a known beginning, and no identity card.
pub(super) fn read_cards(sheet: &mut Sheet<'_>, tables: &Tables, runs: &[Run]) {
    for run in runs {
        let mut from = 0;
        while from < run.len() {
            from += card_at(sheet, tables, run, from).unwrap_or(1);
        }
    }
}

fn card_at(sheet: &mut Sheet<'_>, tables: &Tables, run: &Run, from: usize) -> Option<usize> {
    let mut n_digits = 0;
    for (n, chunk) in run[from..].iter().enumerate() {
        n_digits += chunk.len();
        let is_far = n > 0 && chunk.is_far;
        if n_digits > 19 || is_far {
            return None;
        }
        let is_last = run.get(from + n + 1).is_none_or(|next| next.is_far || n_digits + next.len() > 19);
        if n_digits < 16 || !is_last && chunk.len() == 4 {
            continue;
        }
        let chunks = &run[from..=from + n];
        let digits = digits_of(chunks);
        let (start, end) = (chunks.first()?.start(), chunks.last()?.end());
        let has_prefix = tables.card_prefixes.iter().any(|prefix| digits.starts_with(prefix.as_str()));
        if !has_prefix
            || !checksum::luhn(&digits)
            || checksum::identity_card(&digits)
            || !sheet.is_free(start, end)
        {
            continue;
        }
        let before = sheet.before(start, 24);
        let label = tables.card.last_in(before);
        let other = tables.other.last_in(before).filter(|(_, distance)| *distance <= 6);
        let is_card = match (label, other) {
            (Some((_, label)), Some((_, other))) => label <= other,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => digits.starts_with("62"),
        };
        let is_glued = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.');
        if !is_card || is_glued(sheet.char_at(end)) {
            continue;
        }
        let mut found_by = vec![FoundBy::Checksum("Luhn".to_owned())];
        found_by.extend(label.map(|(word, _)| FoundBy::Label(word.to_owned())));
        let certainty = if label.is_some() { Certainty::Certain } else { Certainty::Likely };
        sheet.take(Find { kind: ContactKind::BankCard, value: digits, start, end, certainty, found_by });
        return Some(n + 1);
    }
    None
}

macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
    };
}

pattern!(WALLET, r"t[1-9a-z]{33}|[13][1-9a-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71}|0x[0-9a-f]{40}");
pattern!(
    ICP,
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]) ?icp ?(备案|备|证)(?:字|第|：| )*([0-9a-z]?[0-9]{5,9}) ?号(?: ?-? ?[0-9]{1,3}(?:x|(?-u:\b)))?"
);
pattern!(CREDIT_CODE, r"[0-9a-hj-npqrtuwxy](?:[ -]?[0-9a-hj-npqrtuwxy]){17}");
pattern!(
    TELECOM,
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]?)(b1\.? ?b2|b1|b2|a2\.b1\.b2) ?-? ?(20[0-9]{6})"
);
pattern!(
    POLICE,
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]) ?公网安备 ?([0-9]{11,14}) ?号?"
);
pattern!(FUND_MANAGER, r"(p1[0-9]{6})");
pattern!(
    APPROVAL,
    r"(证监许可|银监复|银保监复|保监许可|保监发改|金监复|证监机构字|金融办复|京金融|沪金融办|银发)[\[(]? ?(20[0-9]{2}) ?[\])]? ?第?([0-9]{1,5})号"
);
pattern!(
    CULTURE,
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]网文)[\[(]? ?(20[0-9]{2}) ?[\])]? ?([0-9]{4})-?([0-9]{3})号"
);
pattern!(FINANCE, r"([bcdejklmrtxyz][0-9]{4}[a-z][0-9]{9})");
