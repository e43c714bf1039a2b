//! Names on platforms: 微信 abc123, QQ 12345, 飞机 @abc.

use super::phone::counts_something;
use super::run::{Chunk, Run, Script, digits_of};
use super::sheet::{Find, Sheet};
use super::tables::{Platform, Tables};
use crate::domain::party::{Certainty, ContactKind, FoundBy};

/// Words between a platform and a name at most.
const MAX_FILLERS: usize = 5;

/// A name of a platform in the text and what follows it.
struct Mention<'t> {
    platform: &'t Platform,
    start: usize,
    /// Where a name could begin.
    id_at: usize,
    /// Something like a colon or 号 stands between.
    is_set_apart: bool,
}

/// An id with its place.
struct Id {
    value: String,
    start: usize,
    end: usize,
    /// Letters only, or digits only: only the words around tell it from an ordinary word or number.
    is_plain: bool,
    is_hidden: bool,
}

/// Reads every name behind the name of a platform.
pub(super) fn read(sheet: &mut Sheet<'_>, tables: &Tables, runs: &[Run]) {
    let Some(names) = &tables.platform_names else { return };
    let text = sheet.text().to_owned();
    let mentions: Vec<Mention<'_>> = names
        .find_iter(&text)
        .filter_map(|found| {
            let platform = tables.platforms.iter().find(|known| known.name == found.as_str())?;
            mention(sheet, tables, platform, found.start(), found.end())
        })
        .collect();
    // From the last to the first: in 微信/QQ同号 the first name shares what the second one has.
    let mut shared: Option<(usize, Id)> = None;
    for mention in mentions.iter().rev() {
        let own = read_id(sheet, tables, runs, mention);
        let id = match (own, shared.take()) {
            (Some(id), _) => Some(id),
            (None, Some((at, id))) if at == mention.id_at && shares(mention, &id) => Some(id),
            _ => None,
        };
        let Some(id) = id else { continue };
        keep(sheet, mention, &id);
        if let Some(second) = second_id(sheet, tables, mention, &id) {
            keep(sheet, mention, &second);
        }
        shared = Some((mention.start, id));
    }
}

/// QQ has numbers only.
fn shares(mention: &Mention<'_>, id: &Id) -> bool {
    let is_number = id.value.chars().all(|c| c.is_ascii_digit());
    is_number || !matches!(mention.platform.kind, ContactKind::Qq | ContactKind::QqGroup)
}

fn mention<'t>(
    sheet: &Sheet<'_>,
    tables: &Tables,
    platform: &'t Platform,
    start: usize,
    end: usize,
) -> Option<Mention<'t>> {
    let is_word = platform.name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let before = sheet.char_before(start);
    if is_word && before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@')) {
        return None;
    }
    let behind = sheet.char_at(end);
    let is_other_word = is_word && platform.is_weak && behind.is_some_and(|c| c.is_ascii_alphabetic());
    if is_other_word || !sheet.is_free(start, end) {
        return None;
    }
    let text = sheet.text();
    let mut at = end;
    let mut n_words = 0;
    let mut n_strong = usize::from(platform.name.ends_with(['号', '：']));
    while n_words < MAX_FILLERS {
        let rest = &text[at..];
        let Some(filler) = tables.fillers.iter().find(|filler| rest.starts_with(filler.as_str())) else {
            if rest.starts_with(' ') {
                at += 1;
                continue;
            }
            break;
        };
        let is_letters = filler.starts_with(|c: char| c.is_ascii_alphanumeric());
        let behind = rest[filler.len()..].chars().next();
        if is_letters && behind.is_some_and(|c| c.is_ascii_alphanumeric()) {
            break;
        }
        n_strong += usize::from(filler.as_str() != "_");
        n_words += 1;
        at += filler.len();
    }
    if text[at..].starts_with(' ') {
        at += 1;
    }
    let raw = sheet.raw_between(end, at.min(text.len().saturating_sub(1)).max(end));
    let is_pointed = text.len() > at && raw.contains(['@', '：', ':', '+', '→', '➕', '=', '👉']);
    let is_called =
        ["加", "联系", "搜", "搜索", "添加", "十", "➕"].iter().any(|word| text[..start].ends_with(word))
            || sheet.raw_before(start).trim_end().ends_with(['+', '➕', '＋', '┼', '伽']);
    Some(Mention { platform, start, id_at: at, is_set_apart: n_strong > 0 || is_pointed || is_called })
}

fn read_id(sheet: &Sheet<'_>, tables: &Tables, runs: &[Run], mention: &Mention<'_>) -> Option<Id> {
    let kind = mention.platform.kind;
    let number = number_at(sheet, tables, runs, mention);
    if matches!(kind, ContactKind::Qq | ContactKind::QqGroup) {
        return number.filter(|id| {
            (5..=11).contains(&id.value.len()) && !id.value.starts_with('0') && fits_weak(mention, id)
        });
    }
    let word = word_at(sheet, mention.id_at).filter(|id| is_id(tables, mention, id));
    if word.is_some() {
        return word;
    }
    let lengths = match kind {
        ContactKind::Wechat => 5..=11,
        ContactKind::Whatsapp => 8..=15,
        ContactKind::Telegram | ContactKind::WechatAccount => return None,
        _ => 6..=12,
    };
    number.filter(|id| {
        lengths.contains(&id.value.len())
            && (mention.is_set_apart || is_mobile(&id.value))
            && fits_weak(mention, id)
    })
}

/// A second name behind 或, 和 or a stroke; it must look like one.
fn second_id(sheet: &Sheet<'_>, tables: &Tables, mention: &Mention<'_>, first: &Id) -> Option<Id> {
    let rest = &sheet.text()[first.end..];
    let bridge =
        ["或者", "或", "和", "、", "/", " / ", "，或"].into_iter().find(|bridge| rest.starts_with(bridge))?;
    let id = word_at(sheet, first.end + bridge.len())?;
    (!id.is_plain && is_id(tables, mention, &id)).then_some(id)
}

/// A weak name needs a sign in front of its id.
fn fits_weak(mention: &Mention<'_>, id: &Id) -> bool {
    let is_group_word = mention.platform.kind == ContactKind::QqGroup && id.value.len() >= 6;
    !mention.platform.is_weak
        || mention.is_set_apart
        || is_group_word
        || id.value.len() >= 6 && id.value.len() <= 11
}

fn is_id(tables: &Tables, mention: &Mention<'_>, id: &Id) -> bool {
    let value = &id.value;
    let starts_right = value.starts_with(|c: char| c.is_ascii_lowercase());
    let (lengths, needs_letter) = match mention.platform.kind {
        ContactKind::Wechat | ContactKind::WechatAccount => (5..=20, true),
        ContactKind::Telegram => (5..=32, true),
        _ => (4..=24, false),
    };
    let letters = value.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_mixed = value.contains(|c: char| c.is_ascii_digit() || c == '_')
        && value.contains(|c: char| c.is_ascii_lowercase());
    let is_word = tables.not_ids.contains(value.as_str()) || tables.not_ids.contains(letters);
    lengths.contains(&value.len())
        && (is_mixed || value.len() >= 6 || !needs_letter)
        && (starts_right || !needs_letter && is_mixed)
        && !is_word
        && (is_mixed || mention.is_set_apart)
        && (!mention.platform.is_weak || mention.is_set_apart || is_mixed && value.len() >= 6)
}

/// A word of Latin letters and digits at `at`, or one whose characters stand apart.
fn word_at(sheet: &Sheet<'_>, at: usize) -> Option<Id> {
    let text = sheet.text();
    let mut value = String::new();
    let mut end = at;
    let mut is_apart = false;
    loop {
        let rest = &text[end..];
        let Some(c) = rest.chars().next() else { break };
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') && !value.is_empty() {
            value.push(c);
            end += 1;
        } else if let Some((alias, letters)) = alias_at(sheet, end).filter(|(alias, _)| {
            // Another label behind the id (abc123 vx:…) is none of it.
            let is_joined = value.is_empty() || sheet.raw_between(end, end).is_empty();
            is_joined && sheet.char_at(end + alias).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        }) {
            value.push_str(&letters);
            end += alias;
        } else if matches!(c, ' ' | '.') && (value.len() == 1 || is_apart) && is_single(&rest[1..]) {
            is_apart = true;
            end += 1;
        } else {
            break;
        }
    }
    let trimmed = value.trim_end_matches('-').len();
    end -= value.len() - trimmed;
    value.truncate(trimmed);
    let is_free = sheet.is_free(at, end.max(at + 1).min(text.len()));
    let is_plain = value.chars().all(|c| c.is_ascii_digit()) || value.chars().all(|c| c.is_ascii_lowercase());
    (!value.is_empty() && is_free && value.contains(|c: char| c.is_ascii_lowercase())).then_some(Id {
        value,
        start: at,
        end,
        is_plain,
        is_hidden: is_apart,
    })
}

/// Whether one character stands alone in front of `rest`'s next blank: `b c 1`.
fn is_single(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && chars.next().is_none_or(|c| !c.is_ascii_alphanumeric())
}

/// An alias that the normalizer undid inside an id (`wx123` in 微信号wx123): its bytes here, and its letters.
fn alias_at(sheet: &Sheet<'_>, at: usize) -> Option<(usize, String)> {
    let rest = &sheet.text()[at..];
    let name = ["微信", "电报"].into_iter().find(|name| rest.starts_with(name))?;
    let raw = sheet.raw(at, at + name.len());
    raw.chars().all(|c| c.is_ascii_alphanumeric()).then(|| (name.len(), raw.to_ascii_lowercase()))
}

fn number_at(sheet: &Sheet<'_>, tables: &Tables, runs: &[Run], mention: &Mention<'_>) -> Option<Id> {
    let run = runs.iter().find(|run| run.iter().any(|chunk| chunk.start() == mention.id_at))?;
    let first = run.iter().position(|chunk| chunk.start() == mention.id_at)?;
    let chunks = whole_number(&run[first..]);
    let (start, end) = (chunks.first()?.start(), chunks.last()?.end());
    let value = digits_of(chunks);
    let is_glued = sheet.char_at(end).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '@'));
    let is_people = ["人", "名", "位", "天", "小时", "年", "月", "分钟", "多", "余"]
        .iter()
        .any(|unit| sheet.text()[end..].starts_with(unit));
    let is_words = chunks.iter().flat_map(|chunk| &chunk.digits).any(|digit| digit.script == Script::Word);
    (!is_glued
        && !is_people
        && !value.contains('*')
        && !counts_something(sheet, tables, start, end)
        && sheet.is_free(start, end))
    .then_some(Id { value, start, end, is_plain: true, is_hidden: chunks.len() > 1 || is_words })
}

/// The first chunk when it is long enough to be a number, else the pieces that follow it as well.
fn whole_number(chunks: &[Chunk]) -> &[Chunk] {
    let mut n_digits = 0;
    for (at, chunk) in chunks.iter().enumerate() {
        let is_end = chunk.is_far && at > 0;
        if is_end || n_digits + chunk.len() > 11 {
            return &chunks[..at.max(1)];
        }
        n_digits += chunk.len();
        let next_is_long = chunks.get(at + 1).is_some_and(|next| next.len() >= 5);
        if n_digits >= 5 && (at == 0 && chunk.len() >= 7 || next_is_long) {
            return &chunks[..=at];
        }
    }
    chunks
}

fn is_mobile(value: &str) -> bool {
    value.len() == 11 && value.starts_with('1') && matches!(value.as_bytes()[1], b'3'..=b'9')
}

fn keep(sheet: &mut Sheet<'_>, mention: &Mention<'_>, id: &Id) {
    let Platform { name, kind, is_weak } = mention.platform;
    // 企鹅群 is read as qq.
    let says_group = || sheet.raw(mention.start, mention.start + name.len()).contains(['群', '裙']);
    let kind = match kind {
        ContactKind::Qq if says_group() => ContactKind::QqGroup,
        kind => *kind,
    };
    let value = match kind {
        ContactKind::Messenger => format!("{}:{}", name.trim_end_matches('号'), id.value),
        ContactKind::Whatsapp if id.value.chars().all(|c| c.is_ascii_digit()) && !is_mobile(&id.value) => {
            format!("+{}", id.value)
        }
        _ => id.value.clone(),
    };
    let certainty = match (is_weak, id.is_plain && !mention.is_set_apart || id.is_hidden) {
        (false, false) => Certainty::Certain,
        _ => Certainty::Likely,
    };
    let mut found_by = vec![FoundBy::Label(sheet.raw(mention.start, mention.start + name.len()).to_owned())];
    if id.is_hidden {
        found_by.push(FoundBy::Hidden("digits-apart".to_owned()));
    }
    let find = Find { kind, value, start: id.start, end: id.end, certainty, found_by };
    // A mobile number is a telephone as well: the reader of telephones finds it again.
    if is_mobile(&id.value) && kind != ContactKind::Qq {
        sheet.add(find);
    } else {
        sheet.take(find);
    }
}

/// 13800138000（微信同号）: the words behind a mobile number make it a name as well.
pub(super) fn read_behind(sheet: &mut Sheet<'_>, mobiles: &[(String, usize, usize)]) {
    const NAMES: [(&str, ContactKind); 4] = [
        ("微信", ContactKind::Wechat),
        ("v", ContactKind::Wechat),
        ("薇", ContactKind::Wechat),
        ("qq", ContactKind::Qq),
    ];
    for (value, start, end) in mobiles {
        let behind: String = sheet.text()[*end..].chars().take(14).collect();
        let behind = behind.split(['。', '！', '？', '；', '\n']).next().unwrap_or_default();
        let Some((name, kind, at)) = NAMES
            .iter()
            .filter_map(|(name, kind)| behind.find(name).map(|at| (*name, *kind, at)))
            .min_by_key(|(.., at)| *at)
        else {
            continue;
        };
        let (between, rest) = (&behind[..at], &behind[at + name.len()..]);
        let is_bridge =
            |word: &str| word.chars().all(|c| "，、/ (手机电话也是加可即就又同步号：+可".contains(c));
        let says_same = between.contains('同')
            || between.contains('是')
            || rest.starts_with('同')
            || rest.starts_with("号同")
            || rest.starts_with("电话同")
            || rest.starts_with("手机同")
            || sheet.raw_between(*end, *end + at.max(1)).contains(['(', '（'])
                && rest.chars().next().is_none_or(|c| !c.is_ascii_alphanumeric() && c != '：');
        if is_bridge(between) && says_same && kind == ContactKind::Wechat {
            let found_by = vec![FoundBy::Label(format!("{between}{name}"))];
            let certainty = Certainty::Certain;
            let (start, end, value) = (*start, *end, value.clone());
            sheet.add(Find { kind, value, start, end, certainty, found_by });
        }
    }
}
