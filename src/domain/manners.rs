//! 采集分寸: how a source is treated beyond what every source is owed.

use crate::kit::clock::UnixMs;

/// The zone of hours and days.
const ZONE: &str = "Asia/Shanghai";

/// How a source is treated. The default is the usual way: at any time, without a daily limit, obeying robots.txt.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Manners {
    /// Hours of the day (China) outside which nothing is asked.
    pub hours: Option<Hours>,
    /// Pages that are asked for on one day (China) at most.
    pub daily_pages: Option<u32>,
    /// Who ordered that robots.txt be overridden, and why they may.
    pub robots: Option<RobotsOverride>,
}

/// An order to fetch what robots.txt asks not to be fetched. It stands in the record of every capture made under it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RobotsOverride {
    /// Who ordered it.
    pub operator: String,
    /// The legal basis, for example `《网络交易监督管理办法》第三十五条`.
    pub legal_basis: String,
    /// When.
    pub ordered_at: UnixMs,
}

/// Hours of the day in China, for example `08:00-18:00`; `22:00-06:00` goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    from_minute: u16,
    to_minute: u16,
}

/// Why a text is no [`Hours`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` are no hours of the day; write them like 08:00-18:00")]
pub struct ParseHoursError(String);

impl Hours {
    /// Parses `08:00-18:00`. Both ends alike are refused: whether that is all day or never is not clear.
    ///
    /// # Errors
    /// Shows the right form.
    pub fn parse(text: &str) -> Result<Self, ParseHoursError> {
        let wrong = || ParseHoursError(text.chars().take(40).collect());
        let (from, to) = text.trim().split_once('-').ok_or_else(wrong)?;
        let hours =
            Self { from_minute: minute(from).ok_or_else(wrong)?, to_minute: minute(to).ok_or_else(wrong)? };
        if hours.from_minute == hours.to_minute { Err(wrong()) } else { Ok(hours) }
    }

    /// Whether `at` is within them: from the first minute on, up to and without the last.
    pub fn contain(self, at: UnixMs) -> bool {
        let Some(now) = at.zoned(ZONE) else { return false };
        let minute = u16::from(now.hour().unsigned_abs()) * 60 + u16::from(now.minute().unsigned_abs());
        if self.from_minute < self.to_minute {
            (self.from_minute..self.to_minute).contains(&minute)
        } else {
            minute >= self.from_minute || minute < self.to_minute
        }
    }
}

impl Manners {
    /// Why nothing is asked at `at`, after `n_asked_today` pages of the day; `None` when it may go on.
    pub fn forbids(&self, at: UnixMs, n_asked_today: u32) -> Option<String> {
        if let Some(hours) = self.hours.filter(|hours| !hours.contain(at)) {
            return Some(format!("it is asked only at {hours} (Asia/Shanghai)"));
        }
        let daily = self.daily_pages.filter(|daily| n_asked_today >= *daily)?;
        Some(format!("its {daily} pages of the day are used up"))
    }
}

/// The day of `at` in China, for example `2026-11-23`.
pub fn day(at: UnixMs) -> String {
    at.zoned(ZONE).map_or_else(String::new, |zoned| zoned.strftime("%Y-%m-%d").to_string())
}

impl std::fmt::Display for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (from, to) = (self.from_minute, self.to_minute);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

impl TryFrom<String> for Hours {
    type Error = ParseHoursError;

    fn try_from(text: String) -> Result<Self, ParseHoursError> {
        Self::parse(&text)
    }
}

/// Minutes since midnight; 24:00 is the end of the day.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && minutes <= 24 * 60).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 2026-11-23 08:00:00 +08:00.
    const EIGHT: UnixMs = UnixMs(1_795_392_000_000);

    #[test]
    fn hours_are_those_of_china_and_may_go_over_midnight() {
        let at = |hours: i64| EIGHT.plus_ms(hours * 3_600_000);
        for (text, inside, outside) in [
            ("08:00-18:00", vec![0, 9, 24], vec![-1, 10, 15]),
            ("22:00-06:00", vec![14, 16, 21, -3], vec![0, 13, 22]),
            ("00:00-24:00", vec![-8, 0, 15], vec![]),
        ] {
            let hours = Hours::parse(text).unwrap();
            assert_eq!(hours.to_string(), text);
            assert!(inside.iter().all(|hour| hours.contain(at(*hour))), "{text}");
            assert!(outside.iter().all(|hour| !hours.contain(at(*hour))), "{text}");
        }
        for wrong in ["", "8", "08:00", "08:00-08:00", "25:00-26:00", "08:61-09:00", "a-b", "24:01-25:00"] {
            assert!(Hours::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_forbids_is_said() {
        let manners = Manners {
            hours: Some(Hours::parse("08:00-18:00").unwrap()),
            daily_pages: Some(100),
            robots: None,
        };
        assert_eq!(manners.forbids(EIGHT, 99), None);
        assert!(manners.forbids(EIGHT, 100).unwrap().contains("100 pages"));
        assert!(manners.forbids(EIGHT.plus_ms(-1), 0).unwrap().contains("08:00-18:00"));
        assert_eq!(Manners::default().forbids(EIGHT, u32::MAX), None);
        let kept = serde_json::to_string(&manners).unwrap();
        assert_eq!(serde_json::from_str::<Manners>(&kept).unwrap(), manners);
    }

    #[test]
    fn the_day_is_that_of_china() {
        assert_eq!(day(EIGHT), "2026-11-23");
        assert_eq!(day(EIGHT.plus_ms(-9 * 3_600_000)), "2026-11-22");
    }
}
