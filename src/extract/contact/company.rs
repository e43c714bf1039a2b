//! Full names of companies.

use super::sheet::{Find, Sheet};
use super::tables::Tables;
use crate::domain::party::{Certainty, ContactKind, FoundBy};

/// Characters of a name in front of its legal form at most.
const MAX_CHARS: usize = 26;

/// Reads names that end in a legal form (有限公司, 合伙企业).
pub(super) fn read(sheet: &mut Sheet<'_>, tables: &Tables) {
    let Some(endings) = &tables.company_endings else { return };
    let text = sheet.text().to_owned();
    let mut floor = 0;
    for ending in endings.find_iter(&text) {
        let start = name_start(sheet, tables, floor, ending.start());
        let end = branch_end(&text, ending.end());
        floor = end;
        let name = &text[start..ending.start()];
        let region = tables.regions.iter().find(|region| name.starts_with(region.as_str()));
        // 专业合作社 and 有限合伙 end sentences as often as names.
        let is_common = matches!(ending.as_str(), "专业合作社" | "有限合伙" | "合伙企业" | "基金会");
        let is_marked =
            || sheet.raw_before(start).trim_end().ends_with(['"', '“', '「', '《', '：', ':', '\n']);
        let is_short = name.chars().count() <= 14;
        if is_common && !(is_short && (region.is_some() || is_marked())) {
            continue;
        }
        if is_vague(tables, name, region) || !sheet.is_free(start, end) {
            continue;
        }
        let certainty = if region.is_some() { Certainty::Certain } else { Certainty::Likely };
        let value = text[start..end].replace(' ', "");
        sheet.take(Find {
            kind: ContactKind::Company,
            value,
            start,
            end,
            certainty,
            found_by: vec![FoundBy::Shape],
        });
    }
}

/// A name of a field of the page, when it is a whole company name.
pub(super) fn is_company(tables: &Tables, name: &str) -> bool {
    tables.company_endings.as_ref().is_some_and(|endings| {
        endings.find_iter(name).last().is_some_and(|found| found.end() == name.len() && found.start() > 6)
    })
}

/// Where the name begins: behind the clause, behind words that introduce a name, and at the first place name.
fn name_start(sheet: &Sheet<'_>, tables: &Tables, floor: usize, ending: usize) -> usize {
    let text = sheet.text();
    let mut start = ending;
    for (at, c) in text[floor..ending].char_indices().rev().take(MAX_CHARS) {
        let is_name = c.is_alphanumeric() || c == ' ' || c == '·';
        if !is_name {
            break;
        }
        start = floor + at;
    }
    start = cut_words(tables, text, start, ending);
    let own = &text[start..ending];
    let is_start = |at: usize| {
        // 华夏（上海）投资: a place name in brackets is inside the name.
        !sheet.raw_before(start + at).trim_end().ends_with(['(', '（', '〔'])
    };
    let first = tables
        .regions
        .iter()
        .filter_map(|region| own.find(region.as_str()).map(|at| (at, region.len())))
        .filter(|(at, len)| is_start(*at) && own.len() >= at + len + 6)
        .min();
    let start = first.map_or(start, |(at, _)| start + at);
    start + (text[start..ending].len() - text[start..ending].trim_start().len())
}

/// Cuts words that introduce a name; single characters only at the beginning or in front of a place name, since 和, 在
/// and 信 are parts of names.
fn cut_words(tables: &Tables, text: &str, start: usize, ending: usize) -> usize {
    let mut start = start;
    loop {
        let own = &text[start..ending];
        let is_cut = |at: usize, word: &str| {
            let rest = &own[at + word.len()..];
            let is_alone = if word.chars().count() > 1 {
                !is_inner(word)
            } else {
                tables.regions.iter().any(|region| rest.starts_with(region.as_str()))
            };
            rest.chars().count() >= 2 && (at == 0 || is_alone)
        };
        let cut = tables
            .before_company
            .iter()
            .flat_map(|word| own.match_indices(word.as_str()).map(move |(at, _)| (at, word)))
            .filter(|(at, word)| is_cut(*at, word))
            .map(|(at, word)| at + word.len())
            .max();
        match cut {
            Some(len) => start += len,
            None => return start,
        }
    }
}

/// Words that occur inside names as well.
fn is_inner(word: &str) -> bool {
    matches!(
        word,
        "联合"
            | "就是"
            | "选择"
            | "推荐"
            | "担保"
            | "客户"
            | "股东"
            | "成立"
            | "设立"
            | "控股"
            | "管理人"
            | "名称"
            | "主体"
            | "实控"
            | "公司"
    )
}

fn branch_end(text: &str, end: usize) -> usize {
    let rest = &text[end..];
    let Some(at) = rest.find("分公司") else { return end };
    let between = &rest[..at];
    let is_name = (2..=8).contains(&between.chars().count())
        && between
            .chars()
            .all(|c| c.is_alphabetic() && !c.is_ascii() && !matches!(c, '的' | '和' | '在' | '及'));
    if is_name { end + at + "分公司".len() } else { end }
}

/// Whether nothing in it tells it from others: 北京投资有限公司, 某科技有限公司.
fn is_vague(tables: &Tables, name: &str, region: Option<&String>) -> bool {
    let mut rest = region.map_or(name, |region| &name[region.len()..]).trim();
    rest = rest.strip_prefix('市').or_else(|| rest.strip_prefix('省')).unwrap_or(rest);
    if name.contains("某")
        || name.contains("xx")
        || tables.vague_starts.iter().any(|word| rest.starts_with(word.as_str()))
    {
        return true;
    }
    while let Some(word) = tables.vague.iter().find(|word| rest.starts_with(word.as_str())) {
        rest = &rest[word.len()..];
    }
    rest.chars().count() < 2 && region.is_none() || rest.is_empty()
}
