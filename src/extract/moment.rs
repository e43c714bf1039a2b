//! Dates and times as Chinese pages write them.

use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::Regex;

use crate::kit::clock::UnixMs;

/// The zone of times that name none.
const ZONE: &str = "Asia/Shanghai";

static FULL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let date = r"(20\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?";
    let time = r"(?:\s*(?:T|\||星期.)?\s*(\d{1,2})[:：时](\d{1,2})(?:[:：分](\d{1,2}))?)?";
    Regex::new(&format!("{date}{time}")).ok()
});

/// The first date of this century in `text`, with its time of day when one follows; midnight in China otherwise.
pub fn first_in(text: &str) -> Option<UnixMs> {
    FULL.as_ref()?.captures_iter(text).find_map(|found| {
        let number = |nth: usize| found.get(nth).and_then(|part| part.as_str().parse::<i16>().ok());
        let small = |nth: usize| number(nth).and_then(|value| i8::try_from(value).ok());
        let (hour, minute) = (small(4).unwrap_or(0), small(5).unwrap_or(0));
        let second = small(6).unwrap_or(0);
        in_china(DateTime::new(number(1)?, small(2)?, small(3)?, hour, minute, second, 0).ok()?)
    })
}

/// A machine-written time: RFC 3339, RFC 2822, `Tue Feb 23 12:28:47 +0800 2021`, or the forms of [`first_in`].
pub fn parse(text: &str) -> Option<UnixMs> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(UnixMs(timestamp.as_millisecond()));
    }
    if let Ok(zoned) = jiff::fmt::rfc2822::parse(text) {
        return Some(UnixMs(zoned.timestamp().as_millisecond()));
    }
    if let Ok(zoned) = jiff::Zoned::strptime("%a %b %d %H:%M:%S %z %Y", text) {
        return Some(UnixMs(zoned.timestamp().as_millisecond()));
    }
    first_in(text)
}

/// A time told from `now`, as timelines do: 刚刚, 30秒前, 3分钟前, 2小时前, 今天 08:30, 昨天 08:30, 06-27, 6月27日 08:30.
pub fn parse_relative(text: &str, now: UnixMs) -> Option<UnixMs> {
    let text = text.trim();
    if let Some(at) = parse(text) {
        return Some(at);
    }
    if text == "刚刚" {
        return Some(now);
    }
    for (unit, unit_ms) in [("秒前", 1_000), ("分钟前", 60_000), ("小时前", 3_600_000), ("天前", 86_400_000)]
    {
        if let Some(count) = text.strip_suffix(unit) {
            return Some(now.plus_ms(-count.trim().parse::<i64>().ok()?.checked_mul(unit_ms)?));
        }
    }
    let today = now.zoned(ZONE)?.date();
    for (word, days_back) in [("今天", 0), ("昨天", 1), ("前天", 2)] {
        if let Some(time) = text.strip_prefix(word) {
            let date = today.checked_sub(jiff::Span::new().days(days_back)).ok()?;
            return in_china(date.to_datetime(clock_time(time)?));
        }
    }
    let text = text.replace(['月', '/'], "-").replace('日', " ");
    let (date, time) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let (month, day) = date.split_once('-')?;
    let day =
        jiff::civil::Date::new(today.year(), month.trim().parse().ok()?, day.trim().parse().ok()?).ok()?;
    // A date without a year is the last one of that name.
    let day = if day > today { day.checked_sub(jiff::Span::new().years(1)).ok()? } else { day };
    in_china(day.to_datetime(clock_time(time)?))
}

/// A date, with its time of day if `format` (`strptime`) has one, in China.
pub fn parse_form(text: &str, format: &str) -> Option<UnixMs> {
    let parsed = jiff::fmt::strtime::parse(format, text.trim()).ok()?;
    let local = parsed
        .to_datetime()
        .or_else(|_| parsed.to_date().map(|day| day.to_datetime(jiff::civil::Time::midnight())));
    in_china(local.ok()?)
}

/// `08:30`, or midnight when empty.
fn clock_time(text: &str) -> Option<jiff::civil::Time> {
    let text = text.trim();
    if text.is_empty() {
        return Some(jiff::civil::Time::midnight());
    }
    let (hour, minute) = text.split_once(':')?;
    jiff::civil::Time::new(hour.parse().ok()?, minute.get(..2)?.parse().ok()?, 0, 0).ok()
}

fn in_china(local: DateTime) -> Option<UnixMs> {
    let zone = TimeZone::get(ZONE).ok()?;
    Some(UnixMs(zone.to_timestamp(local).ok()?.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(at: Option<UnixMs>) -> String {
        at.map_or_else(|| "-".to_owned(), UnixMs::beijing)
    }

    #[test]
    fn absolute_times_are_read_in_every_usual_form() {
        let cases = [
            ("2026-11-20T08:30:00+08:00", "2026-11-20 08:30:00 +08:00"),
            ("2026-11-20T00:30:00Z", "2026-11-20 08:30:00 +08:00"),
            ("2026-11-20 08:30:15", "2026-11-20 08:30:15 +08:00"),
            ("发布时间：2026年11月20日 08:30 来源：江州日报", "2026-11-20 08:30:00 +08:00"),
            ("2026/1/2", "2026-01-02 00:00:00 +08:00"),
            ("2026.11.20", "2026-11-20 00:00:00 +08:00"),
            ("Fri, 20 Nov 2026 00:30:00 GMT", "2026-11-20 08:30:00 +08:00"),
            ("Tue Feb 23 12:28:47 +0800 2021", "2021-02-23 12:28:47 +08:00"),
            ("2026-13-45 2026-11-20", "2026-11-20 00:00:00 +08:00"),
            ("电话 2026-1234", "-"),
            ("", "-"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(parse(text)), expected, "{text}");
        }
    }

    #[test]
    fn relative_times_are_told_from_now() {
        let now = UnixMs(1_795_393_500_000); // 2026-11-23 08:25:00 in China
        let cases = [
            ("刚刚", "2026-11-23 08:25:00 +08:00"),
            ("30秒前", "2026-11-23 08:24:30 +08:00"),
            ("3分钟前", "2026-11-23 08:22:00 +08:00"),
            ("10小时前", "2026-11-22 22:25:00 +08:00"),
            ("今天 07:05", "2026-11-23 07:05:00 +08:00"),
            ("昨天 23:59", "2026-11-22 23:59:00 +08:00"),
            ("06-27", "2026-06-27 00:00:00 +08:00"),
            ("12-31", "2025-12-31 00:00:00 +08:00"),
            ("6月27日 08:30", "2026-06-27 08:30:00 +08:00"),
            ("2020-06-27", "2020-06-27 00:00:00 +08:00"),
            ("99999999999999999天前", "-"),
            ("很久以前", "-"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(parse_relative(text, now)), expected, "{text}");
        }
    }
}
