//! Numbers with their units, in digits or in Chinese: `15%`, `百分之十五`, `十几个点`, `1分5厘`, `3万8`, `半年`.

use std::ops::Range;

use super::masked;

/// What a number counts. Rates are percent, money is yuan, time is days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Percent, also from ‰, 个点 and 成.
    Percent,
    /// 分 and 厘 of interest: 1分 is 1 % a month or 10 % a year; the value is in 分.
    Fen,
    /// 倍.
    Times,
    /// 番: doubled so many times.
    Doublings,
    /// Money, with its unit (元, 块, U) or as bare 万/亿.
    Yuan,
    /// A length of time; the value is in days.
    Days,
    /// `1:10`, `1比10`; the value is the larger side.
    Ratio,
    /// A bare number.
    None,
}

/// A number in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token {
    pub start: usize,
    pub end: usize,
    /// In the unit's scale; the upper end of a range.
    pub value: f64,
    pub unit: Unit,
}

/// Appends the numbers of `text[range]` to `tokens`, in order; whether 翻 stands among them.
pub(super) fn tokens(text: &str, range: Range<usize>, tokens: &mut Vec<Token>) -> bool {
    let text = &text[..range.end];
    let bytes = text.as_bytes();
    let mut turns = false;
    let mut at = range.start;
    while at < bytes.len() {
        let byte = bytes[at];
        if !(0xE4..=0xE9).contains(&byte) {
            // ASCII, or a character outside the Han block; a continuation byte is stepped over.
            if !byte.is_ascii_digit() && !masked::begins(bytes, at) {
                at += 1;
                continue;
            }
        } else {
            let (Some(second), Some(third)) = (bytes.get(at + 1), bytes.get(at + 2)) else { break };
            let code = u32::from(byte & 0x0F) << 12 | u32::from(second & 0x3F) << 6 | u32::from(third & 0x3F);
            turns |= code == u32::from('翻');
            if !starts_number(code) {
                at += 3;
                continue;
            }
        }
        match token(text, at) {
            Some(token) => {
                at = token.end;
                tokens.push(token);
            }
            None => at += if byte.is_ascii() { 1 } else { 3 },
        }
    }
    turns
}

/// Han characters that may begin a number: numerals, 半, 几, 数, and 过, 上, 破 as in 月入过万.
const BEGINNINGS: [char; 23] = [
    '零', '〇', '一', '二', '两', '三', '四', '五', '六', '七', '八', '九', '十', '百', '千', '半', '几',
    '数', '过', '上', '破', '每', '某',
];

/// One bit for each character of the basic plane: most characters of a text are asked.
static BEGINS: [u64; 1024] = {
    let mut bits = [0; 1024];
    let mut at = 0;
    while at < BEGINNINGS.len() {
        let code = BEGINNINGS[at] as usize;
        bits[code / 64] |= 1 << (code % 64);
        at += 1;
    }
    bits
};

/// Whether a character of the basic plane may begin a number.
fn starts_number(code: u32) -> bool {
    BEGINS.get(code as usize / 64).is_some_and(|bits| bits & (1 << (code % 64)) != 0)
}

fn han_digit(c: char) -> Option<f64> {
    Some(match c {
        '零' | '〇' => 0.0,
        '一' => 1.0,
        '二' | '两' => 2.0,
        '三' => 3.0,
        '四' => 4.0,
        '五' => 5.0,
        '六' => 6.0,
        '七' => 7.0,
        '八' => 8.0,
        '九' => 9.0,
        _ => return None,
    })
}

/// The number with its unit at `at`, with the other end of a range if one follows.
fn token(text: &str, at: usize) -> Option<Token> {
    let first = simple_token(text, at)?;
    let rest = &text[first.end..];
    let joint = ["-", "~", "—", "–", "至", "到"]
        .iter()
        .find_map(|joint| rest.strip_prefix(joint).map(|_| joint.len()));
    if let Some(joint) = joint
        && let Some(second) = simple_token(text, first.end + joint)
        && (first.unit == second.unit || first.unit == Unit::None)
        && second.unit != Unit::None
        && first.unit != Unit::Days
    {
        return Some(Token { start: first.start, value: second.value.max(first.value), ..second });
    }
    Some(first)
}

fn simple_token(text: &str, at: usize) -> Option<Token> {
    let rest = &text[at..];
    if let Some(tail) = rest.strip_prefix(['过', '上', '破']) {
        // 月入过万, 日赚上千.
        let (value, length) = magnitude(tail, 1.0, 0);
        let end = at + rest.len() - tail.len() + length;
        let counted = NOT_MONEY.iter().any(|word| tail[length..].starts_with(word));
        return (length > 0 && value >= 100.0 && !counted).then_some(Token {
            start: at,
            end,
            value,
            unit: Unit::Yuan,
        });
    }
    if let Some(tail) = rest.strip_prefix('每') {
        // 每万元每月返180.
        let (value, length) = magnitude(tail, 1.0, 0);
        let unit = ["元", "块"].iter().find(|unit| tail[length..].starts_with(**unit));
        let counted = NOT_MONEY.iter().any(|word| tail[length..].starts_with(word));
        return (length > 0 && value >= 100.0 && (unit.is_some() || value >= 10_000.0 && !counted)).then(
            || Token {
                start: at,
                end: at + '每'.len_utf8() + length + unit.map_or(0, |unit| unit.len()),
                value,
                unit: Unit::Yuan,
            },
        );
    }
    if let Some(tail) = rest.strip_prefix('某') {
        // 月入某万: a masked digit before a magnitude.
        let (value, length) = magnitude(tail, 1.0, 0);
        let counted = NOT_MONEY.iter().any(|word| tail[length..].starts_with(word));
        return (length > 0 && value >= 100.0 && !counted).then_some(Token {
            start: at,
            end: at + '某'.len_utf8() + length,
            value,
            unit: Unit::Yuan,
        });
    }
    for (prefix, per) in [("百分之", 1.0), ("千分之", 0.1), ("万分之", 0.01)] {
        if let Some(tail) = rest.strip_prefix(prefix) {
            let (value, length) = number(tail)?;
            let end = at + prefix.len() + length;
            return Some(Token { start: at, end, value: value * per, unit: Unit::Percent });
        }
    }
    if rest.starts_with("百分百") {
        return Some(Token { start: at, end: at + "百分百".len(), value: 100.0, unit: Unit::Percent });
    }
    if rest.starts_with("半年") {
        return Some(Token { start: at, end: at + "半年".len(), value: 182.5, unit: Unit::Days });
    }
    let (value, length) = number(rest)?;
    let end = at + length;
    if value == 1.0
        && let Some(tail) = text[end..].strip_prefix([':', '：', '比'])
        && let Some((value, length)) = number(tail)
    {
        let joint = text.len() - end - tail.len();
        return Some(Token { start: at, end: end + joint + length, value, unit: Unit::Ratio });
    }
    let (value, unit, end) = with_unit(text, at, end, value);
    Some(Token { start: at, end, value, unit })
}

/// Value and length in bytes of the number that `text` starts with, magnitudes included.
fn number(text: &str) -> Option<(f64, usize)> {
    let c = text.chars().next()?;
    let (value, length) = match masked::least(text) {
        Some(found) => found,
        None if c.is_ascii_digit() => digits(text)?,
        None => han_number(text)?,
    };
    Some(magnitude(text, value, length))
}

/// `1,234.5`.
fn digits(text: &str) -> Option<(f64, usize)> {
    let bytes = text.as_bytes();
    let mut value = 0.0;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' => value = value * 10.0 + f64::from(byte - b'0'),
            b',' if bytes.get(at + 1..at + 4).is_some_and(|group| group.iter().all(u8::is_ascii_digit))
                && !bytes.get(at + 4).is_some_and(u8::is_ascii_digit) => {}
            _ => break,
        }
        at += 1;
    }
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at += 1;
        let mut scale = 0.1;
        while let Some(byte) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            value += f64::from(byte - b'0') * scale;
            scale /= 10.0;
            at += 1;
        }
        // A second point makes it a version or a date, not a quantity.
        if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
            return None;
        }
    }
    Some((value, at))
}

/// `十五`, `一百二十`, `二〇二四`, `三点五`, `十几`; 几 and 数 count as 2, the least they mean.
fn han_number(text: &str) -> Option<(f64, usize)> {
    let mut section = 0.0;
    let mut pending: Option<f64> = None;
    let mut last_unit = 0.0;
    let mut has_zero = false;
    let mut length = 0;
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        if let Some(digit) = han_digit(c) {
            has_zero |= digit == 0.0;
            pending = Some(match pending {
                Some(before) if c != '零' || last_unit == 0.0 => before * 10.0 + digit,
                _ => digit,
            });
        } else if matches!(c, '几' | '数') {
            if section == 0.0 || c == '数' {
                if section > 0.0 {
                    break;
                }
                pending = Some(2.0);
            }
        } else if c == '半' {
            if pending.is_some() || section > 0.0 {
                break;
            }
            pending = Some(0.5);
        } else if let Some(unit) =
            [('十', 10.0), ('百', 100.0), ('千', 1000.0)].iter().find(|(name, _)| *name == c)
        {
            section += pending.take().unwrap_or(1.0) * unit.1;
            last_unit = unit.1;
        } else if c == '点' && pending.is_some() {
            let mut ahead = chars.clone();
            ahead.next();
            let Some(tenths) = ahead.next().and_then(han_digit) else { break };
            length += '点'.len_utf8() + '一'.len_utf8();
            return Some((section + pending.unwrap_or(0.0) + tenths / 10.0, length));
        } else {
            break;
        }
        length += c.len_utf8();
        chars.next();
    }
    // 一千三 is 1300, 两百五 is 250; 一千零三 is 1003.
    let rest = match pending {
        Some(digit) if last_unit >= 100.0 && !has_zero && digit >= 1.0 => digit * last_unit / 10.0,
        pending => pending.unwrap_or(0.0),
    };
    (length > 0).then_some((section + rest, length))
}

/// Adds 百/千/万/亿/w/k after a number, and a digit after 万 (3万8).
fn magnitude(text: &str, mut value: f64, mut length: usize) -> (f64, usize) {
    let around = |at: usize| {
        ["多", "余", "来", "几"]
            .iter()
            .find(|word| text[at..].starts_with(**word))
            .map_or(0, |word| word.len())
    };
    let mut last = f64::INFINITY;
    loop {
        let skip = around(length);
        let Some((scale, size)) = scale_at(&text[length + skip..]) else { break };
        value *= scale;
        length += skip + size;
        last = scale;
    }
    if last == 10_000.0
        && let Some((digit, size)) = one_digit(&text[length..])
    {
        let tail = &text[length + size..];
        if let Some(rest) = tail.strip_prefix('千') {
            let hundreds = one_digit(rest).filter(|(_, size)| rest[*size..].starts_with('百'));
            value += digit * 1000.0 + hundreds.map_or(0.0, |(digit, _)| digit * 100.0);
            length += size + '千'.len_utf8() + hundreds.map_or(0, |(_, size)| size + '百'.len_utf8());
        } else if !tail
            .starts_with(['%', '.', '-', '个', '天', '日', '周', '月', '季', '年', '倍', '百', '十', '万'])
            && one_digit(tail).is_none()
        {
            value += digit * 1000.0;
            length += size;
        }
    }
    (value, length)
}

fn scale_at(text: &str) -> Option<(f64, usize)> {
    let mut chars = text.chars();
    let c = chars.next()?;
    let letter_follows = chars.next().is_some_and(|next| next.is_ascii_alphabetic());
    match c {
        '十' => Some((10.0, c.len_utf8())),
        '百' if !text.starts_with("百分") => Some((100.0, c.len_utf8())),
        '千' => (!text.starts_with("千瓦") && !text.starts_with("千克") && !text.starts_with("千米"))
            .then_some((1000.0, c.len_utf8())),
        '万' => Some((10_000.0, c.len_utf8())),
        '亿' => Some((100_000_000.0, c.len_utf8())),
        'w' if !letter_follows => Some((10_000.0, 1)),
        'k' if !letter_follows => Some((1000.0, 1)),
        _ => None,
    }
}

fn one_digit(text: &str) -> Option<(f64, usize)> {
    let c = text.chars().next()?;
    let value = c.to_digit(10).map(f64::from).or_else(|| han_digit(c))?;
    Some((value, c.len_utf8()))
}

/// Things counted in 万 that are not money.
const NOT_MONEY: [&str; 34] = [
    "人", "名", "位", "户", "家", "台", "亩", "吨", "次", "粉", "个", "用", "条", "件", "册", "里", "公",
    "平", "辆", "头", "只", "张", "票", "股", "字", "篇", "步", "播", "点", "份", "套", "棵", "斤", "千",
];

/// The unit after `text[start..end]`, which holds a number: value in the unit's scale, unit, new end.
fn with_unit(text: &str, start: usize, end: usize, value: f64) -> (f64, Unit, usize) {
    let spaces = text[end..].len() - text[end..].trim_start_matches(' ').len();
    let from = end + spaces;
    let rest = &text[from..];
    if !rest.starts_with(begins_unit)
        && !text[start..end].contains(['万', '亿', 'w', 'k'])
        && !text[..start].ends_with(['¥', '￥', '$'])
    {
        return (value, Unit::None, end);
    }
    let found = |value: f64, unit: Unit, word: &str| (value, unit, from + word.len());
    for (word, scale) in [("%", 1.0), ("‰", 0.1), ("‱", 0.01)] {
        if rest.starts_with(word) {
            return found(value * scale, Unit::Percent, word);
        }
    }
    if rest.starts_with("个百分点")
        || rest.starts_with("百分点")
        || rest.starts_with("个基点")
        || rest.starts_with("基点")
    {
        return (value, Unit::None, end);
    }
    for word in ["多个点", "余个点", "来个点", "几个点", "个多点", "个点"] {
        if rest.starts_with(word) && !rest[word.len()..].starts_with(['评', '赞', '位', '子']) {
            return found(value, Unit::Percent, word);
        }
    }
    if let Some(tail) = rest.strip_prefix('点')
        && value < 100.0
        && ["收益", "利", "的收益", "的利", "回报", "的回报"].iter().any(|word| tail.starts_with(word))
    {
        return found(value, Unit::Percent, "点");
    }
    if let Some(tail) = rest.strip_prefix('成')
        && value <= 10.0
        && !tail.starts_with([
            '为', '功', '立', '员', '人', '果', '交', '本', '都', '熟', '就', '新', '年', '长', '效', '千',
            '群',
        ])
    {
        let (more, size) = one_digit(tail).unwrap_or((0.0, 0));
        return (value * 10.0 + more, Unit::Percent, from + "成".len() + size);
    }
    if let Some(tail) = rest.strip_prefix('分')
        && value < 20.0
        && !tail.starts_with([
            '钟', '之', '店', '公', '享', '红', '期', '成', '类', '析', '别', '配', '部', '行', '明', '散',
            '数', '以', '子',
        ])
    {
        let (more, size) = one_digit(tail).unwrap_or((0.0, 0));
        let li = if size > 0 && tail[size..].starts_with('厘') { "厘".len() } else { 0 };
        return (value + more / 10.0, Unit::Fen, from + "分".len() + size + li);
    }
    if rest.starts_with('厘') && !rest.starts_with("厘米") {
        return found(value / 10.0, Unit::Fen, "厘");
    }
    if rest.starts_with('倍') && !rest.starts_with("倍速") {
        return found(value, Unit::Times, "倍");
    }
    if rest.starts_with("多倍") || rest.starts_with("余倍") {
        return found(value, Unit::Times, "多倍");
    }
    if rest.starts_with('番') && value < 20.0 {
        return found(value, Unit::Doublings, "番");
    }
    if let Some(money) = money(text, start, end, from, value) {
        return money;
    }
    if let Some((days, word)) = duration(text, start, rest, value) {
        return found(days, Unit::Days, word);
    }
    (value, Unit::None, end)
}

/// Whether a unit may begin with this character: most numbers end here.
fn begins_unit(c: char) -> bool {
    matches!(
        c,
        '%' | '‰'
            | '‱'
            | '个'
            | '百'
            | '基'
            | '多'
            | '余'
            | '来'
            | '几'
            | '点'
            | '成'
            | '分'
            | '厘'
            | '倍'
            | '番'
            | '元'
            | '块'
            | '圆'
            | '人'
            | 'r'
            | '大'
            | 'u'
            | '美'
            | '刀'
            | '欧'
            | '港'
            | '+'
            | '工'
            | '交'
            | '小'
            | '天'
            | '日'
            | '星'
            | '周'
            | '季'
            | '年'
    )
}

fn money(text: &str, start: usize, end: usize, from: usize, value: f64) -> Option<(f64, Unit, usize)> {
    const UNITS: [(&str, f64); 16] = [
        ("元", 1.0),
        ("块钱", 1.0),
        ("块", 1.0),
        ("圆", 1.0),
        ("人民币", 1.0),
        ("rmb", 1.0),
        ("大洋", 1.0),
        ("usdt", 7.0),
        ("usd", 7.0),
        ("美元", 7.0),
        ("美金", 7.0),
        ("美刀", 7.0),
        ("刀", 7.0),
        ("欧元", 8.0),
        ("港币", 0.9),
        ("港元", 0.9),
    ];
    let plus = text[from..].len() - text[from..].trim_start_matches(['多', '余', '来', '+']).len();
    let rest = &text[from + plus..];
    if let Some((word, rate)) = UNITS.iter().find(|(word, _)| rest.starts_with(word)) {
        return Some((value * rate, Unit::Yuan, from + plus + word.len()));
    }
    if let Some(tail) = rest.strip_prefix('u')
        && !tail.starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        return Some((value * 7.0, Unit::Yuan, from + plus + 1));
    }
    let before = text[..start].chars().next_back();
    if matches!(before, Some('¥' | '￥' | '$')) {
        return Some((if before == Some('$') { value * 7.0 } else { value }, Unit::Yuan, end));
    }
    // 百万 and 千万 have their magnitude inside; a bare 10万 is money unless something is counted.
    let digits = &text[start..end];
    let bare =
        value >= 10_000.0 && digits.contains(['万', '亿', 'w']) || value >= 1000.0 && digits.ends_with('k');
    (bare && !NOT_MONEY.iter().any(|word| rest.starts_with(word))).then_some((value, Unit::Yuan, end))
}

fn duration<'a>(text: &str, start: usize, rest: &'a str, value: f64) -> Option<(f64, &'a str)> {
    const UNITS: [(&str, f64); 17] = [
        ("个工作日", 1.4),
        ("工作日", 1.4),
        ("个交易日", 1.4),
        ("个自然日", 1.0),
        ("小时", 1.0 / 24.0),
        ("个小时", 1.0 / 24.0),
        ("天", 1.0),
        ("日", 1.0),
        ("个星期", 7.0),
        ("星期", 7.0),
        ("周年", 365.0),
        ("周", 7.0),
        ("个多月", 30.0),
        ("个月", 30.0),
        ("个季度", 91.0),
        ("季度", 91.0),
        ("年", 365.0),
    ];
    let (word, days) = UNITS.iter().find(|(word, _)| rest.starts_with(word))?;
    let is_year = *word == "年" && (value >= 1900.0 || rest.starts_with("年代") || rest.starts_with("年级"));
    let is_date = *word == "日" && text[..start].ends_with('月');
    let counted = !rest.starts_with("天猫") && !rest.starts_with("天使");
    (!is_year && !is_date && counted && value > 0.0).then(|| (value * days, &rest[..word.len()]))
}
