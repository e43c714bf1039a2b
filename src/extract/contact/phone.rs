//! Telephone numbers: mobile, landline, 400/800 and foreign ones.

use super::run::{Chunk, Run, Script, digits_of};
use super::sheet::{Find, Sheet};
use super::tables::Tables;
use crate::domain::party::{Certainty, ContactKind, FoundBy};

/// Characters in front of a number in which the word for it is looked for.
const LABEL_CHARS: usize = 16;
/// A word for other numbers that is farther away than this says nothing.
const MAX_OTHER_DISTANCE: usize = 6;

/// Ways in which people group the digits of a mobile number, its country code aside.
const MOBILE_GROUPS: [&[usize]; 9] =
    [&[11], &[3, 4, 4], &[3, 3, 5], &[4, 3, 4], &[4, 4, 3], &[3, 8], &[7, 4], &[5, 6], &[3, 2, 2, 4]];
const LANDLINE_GROUPS: [&[usize]; 6] = [&[3, 8], &[3, 4, 4], &[4, 8], &[4, 7], &[4, 4, 4], &[4, 3, 4]];
const SERVICE_GROUPS: [&[usize]; 8] =
    [&[10], &[3, 3, 4], &[3, 4, 3], &[4, 3, 3], &[3, 7], &[4, 6], &[3, 2, 5], &[6, 4]];

/// A number as read from some chunks of a run.
struct Reading {
    kind: ContactKind,
    value: String,
    /// Its digits stand as people usually write them.
    is_usual: bool,
}

/// Reads the telephone numbers of one run.
pub(super) fn read(sheet: &mut Sheet<'_>, tables: &Tables, run: &Run) {
    let mut from = 0;
    while from < run.len() {
        from += longest(sheet, tables, run, from).unwrap_or(1);
    }
}

/// The number that begins at chunk `from`; how many chunks it takes.
fn longest(sheet: &mut Sheet<'_>, tables: &Tables, run: &Run, from: usize) -> Option<usize> {
    let mut n_digits = 0;
    let mut readings = Vec::new();
    for (n, chunk) in run[from..].iter().enumerate() {
        n_digits += chunk.len();
        if n_digits > 17 {
            break;
        }
        let chunks = &run[from..=from + n];
        if n_digits >= 7
            && let Some(reading) = reading(sheet, tables, chunks)
        {
            readings.push((n + 1, reading));
        }
    }
    let is_whole = |n: usize| from == 0 && n == run.len();
    // The usual form first, then the longest.
    readings.sort_by_key(|(n, reading)| (!reading.is_usual, std::cmp::Reverse(*n)));
    readings.into_iter().find_map(|(n, reading)| {
        let chunks = &run[from..from + n];
        accept(sheet, tables, chunks, reading, is_whole(n)).map(|find| {
            sheet.take(find);
            n
        })
    })
}

fn reading(sheet: &Sheet<'_>, tables: &Tables, chunks: &[Chunk]) -> Option<Reading> {
    let digits = digits_of(chunks);
    let groups: Vec<usize> = chunks.iter().map(Chunk::len).collect();
    let start = chunks.first()?.start();
    let has_plus = sheet.raw_before(start).trim_end().ends_with(['+', '＋', '➕']);
    foreign(tables, &digits, has_plus)
        .or_else(|| mobile(&digits, &groups))
        .or_else(|| service(&digits, &groups))
        .or_else(|| landline(tables, &digits, &groups))
}

/// `+` or 00, a country code, and 8 to 15 digits in all (ITU-T E.164); 86 is none here.
fn foreign(tables: &Tables, digits: &str, has_plus: bool) -> Option<Reading> {
    let rest = match digits.strip_prefix("00") {
        Some(rest) => rest,
        None if has_plus => digits,
        None => return None,
    };
    let known = (1..=3).find(|len| rest.get(..*len).is_some_and(|code| tables.countries.contains(code)))?;
    let is_usual = (6..=11).contains(&(rest.len() - known)) && !rest.contains('*');
    is_usual.then(|| Reading { kind: ContactKind::ForeignPhone, value: format!("+{rest}"), is_usual })
}

fn mobile(digits: &str, groups: &[usize]) -> Option<Reading> {
    let prefix = ["0086", "86", "0", ""].into_iter().find(|prefix| {
        digits.len() == prefix.len() + 11
            && digits.starts_with(prefix)
            && digits[prefix.len()..].starts_with('1')
    })?;
    let value = &digits[prefix.len()..];
    let n_hidden = value.matches('*').count();
    let second = value.as_bytes()[1];
    if n_hidden > 6 || !(b'3'..=b'9').contains(&second) && second != b'*' || value.starts_with("1*") {
        return None;
    }
    // The country code is a group of its own, or part of the first.
    let own: Vec<usize> = match groups.split_first() {
        Some((first, rest)) if *first == prefix.len() => rest.to_vec(),
        Some((first, rest)) => {
            std::iter::once(first.saturating_sub(prefix.len())).chain(rest.iter().copied()).collect()
        }
        None => return None,
    };
    let is_usual = MOBILE_GROUPS.contains(&own.as_slice());
    Some(Reading { kind: ContactKind::Mobile, value: value.to_owned(), is_usual })
}

fn service(digits: &str, groups: &[usize]) -> Option<Reading> {
    let is_service = digits.len() == 10
        && (digits.starts_with("400") && !digits.starts_with("40000000") || digits.starts_with("800"))
        && !digits.contains('*');
    let is_usual = SERVICE_GROUPS.contains(&groups);
    (is_service && (digits.starts_with("400") || groups.len() > 1 && is_usual)).then(|| Reading {
        kind: ContactKind::ServiceLine,
        value: digits.to_owned(),
        is_usual,
    })
}

fn landline(tables: &Tables, digits: &str, groups: &[usize]) -> Option<Reading> {
    let (digits, groups) = match digits.strip_prefix("86") {
        Some(rest) if groups.first() == Some(&2) && rest.starts_with('0') => (rest, &groups[1..]),
        _ => (digits, groups),
    };
    let code =
        [3, 4].into_iter().find_map(|len| digits.get(..len).filter(|code| tables.areas.contains(*code)))?;
    let number = &digits[code.len()..];
    let has_len = match code.len() {
        3 => number.len() == 8,
        _ => matches!(number.len(), 7 | 8),
    };
    let is_usual = LANDLINE_GROUPS.contains(&groups) || groups.len() == 1;
    let is_number = has_len && number.starts_with(|c| ('2'..='8').contains(&c)) && !number.contains('*');
    is_number.then(|| Reading { kind: ContactKind::Landline, value: format!("{code}-{number}"), is_usual })
}

/// Whether the words around let it be a telephone number.
fn accept(
    sheet: &Sheet<'_>,
    tables: &Tables,
    chunks: &[Chunk],
    reading: Reading,
    is_whole_run: bool,
) -> Option<Find> {
    let (start, end) = (chunks.first()?.start(), chunks.last()?.end());
    if counts_something(sheet, tables, start, end) || is_of_authority(sheet, tables, start) {
        return None;
    }
    let before = sheet.before(start, LABEL_CHARS);
    let phone = tables.phone.last_in(before);
    let other = tables.other.last_in(before).filter(|(_, distance)| *distance <= MAX_OTHER_DISTANCE);
    if let Some((_, other)) = other
        && phone.is_none_or(|(_, phone)| other <= phone)
    {
        return None;
    }
    let scripts = |script: Script| {
        chunks.iter().flat_map(|chunk| &chunk.digits).filter(|digit| digit.script == script).count()
    };
    let is_far = chunks[1..].iter().any(|chunk| chunk.is_far);
    let is_apart = chunks.len() >= 7 && chunks.iter().all(|chunk| chunk.len() <= 2);
    let is_hidden = !reading.is_usual || is_far || scripts(Script::Word) > 0;
    // Digits put together from pieces are a number only where something says so.
    let is_whole = is_whole_run
        && !is_far
        && (is_apart || chunks.len() <= 4 && chunks.iter().any(|chunk| chunk.len() >= 4));
    let may_be = match reading.kind {
        ContactKind::ForeignPhone => !is_far,
        _ if reading.is_usual && !is_far => true,
        _ => phone.is_some() && (is_whole_run || reading.is_usual) || is_whole,
    };
    if !may_be {
        return None;
    }
    let n_hidden = scripts(Script::Hidden);
    let certainty = match (n_hidden, phone, is_hidden) {
        (1.., ..) => Certainty::Possible,
        (0, Some(_), false) => Certainty::Certain,
        _ => Certainty::Likely,
    };
    let mut found_by = vec![FoundBy::Shape];
    found_by.extend(phone.map(|(word, _)| FoundBy::Label(word.to_owned())));
    for (is_so, name) in [
        (!reading.is_usual || is_far, "digits-apart"),
        (scripts(Script::Word) > 0, "digits-in-words"),
        (scripts(Script::Letter) > 0, "letters-for-digits"),
        (n_hidden > 0, "digits-hidden"),
    ] {
        if is_so {
            found_by.push(FoundBy::Hidden(name.to_owned()));
        }
    }
    Some(Find { kind: reading.kind, value: reading.value, start, end, certainty, found_by })
}

/// Whether a number is an amount or a measure: a currency in front of it, a unit behind it.
pub(super) fn counts_something(sheet: &Sheet<'_>, tables: &Tables, start: usize, end: usize) -> bool {
    if matches!(sheet.char_before(start), Some('¥' | '$' | '€' | '£' | '第' | '№')) {
        return true;
    }
    let behind = &sheet.text()[end..];
    let Some(unit) = tables.units.iter().find(|unit| behind.starts_with(unit.as_str())) else { return false };
    // 13800138000 张经理
    let rest = &behind[unit.len()..];
    !tables.titles.iter().any(|title| rest.starts_with(title.as_str()))
}

/// Whether the number is where complaints go.
fn is_of_authority(sheet: &Sheet<'_>, tables: &Tables, start: usize) -> bool {
    let before = sheet.before(start, LABEL_CHARS);
    let Some((_, distance)) = tables.authority.last_in(before) else { return false };
    let between = before.chars().rev().take(distance).collect::<Vec<_>>();
    distance <= 8 && !between.contains(&'，') && !between.contains(&'、')
}

/// A number of seven or eight digits directly behind the word telephone.
pub(super) fn read_local(sheet: &mut Sheet<'_>, tables: &Tables, run: &Run) {
    const WORDS: [&str; 12] =
        ["电话", "热线", "座机", "致电", "来电", "拨打", "tel", "传真", "专线", "固话", "请拨", "电联"];
    for (at, chunk) in run.iter().enumerate() {
        let is_pair = chunk.len() == 4 && run.get(at + 1).is_some_and(|next| next.len() == 4 && !next.is_far);
        let chunks = &run[at..=at + usize::from(is_pair)];
        let value = digits_of(chunks);
        let (start, end) = (chunk.start(), chunks.last().map_or(chunk.end(), Chunk::end));
        let is_alone = run.len() == chunks.len();
        if !matches!(value.len(), 7 | 8)
            || !is_alone
            || !value.starts_with(|c| ('2'..='8').contains(&c))
            || !sheet.is_free(start, end)
            || value.contains('*')
            || counts_something(sheet, tables, start, end)
            || is_of_authority(sheet, tables, start)
        {
            continue;
        }
        let before = sheet.before(start, 8);
        let label = WORDS.iter().find(|word| {
            before.rfind(*word).is_some_and(|found| {
                before[found + word.len()..]
                    .chars()
                    .all(|c| matches!(c, '：' | ' ' | '是' | '为' | '号' | '码' | '('))
            })
        });
        if let Some(label) = label {
            let found_by = vec![FoundBy::Shape, FoundBy::Label((*label).to_owned())];
            let (kind, certainty) = (ContactKind::Landline, Certainty::Likely);
            sheet.take(Find { kind, value, start, end, certainty, found_by });
        }
    }
}
