//! 采集计划: when a source is looked at.

use crate::kit::clock::UnixMs;

/// A cron expression in a time zone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Schedule {
    cron: String,
    time_zone: String,
}

/// Why a schedule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseScheduleError {
    /// The cron expression does not parse.
    #[error("cron expression `{cron}` is not valid: {why}; use five fields, for example `0 8 * * 1-5`")]
    Cron {
        /// What was given.
        cron: String,
        /// What the parser says.
        why: String,
    },
    /// The time zone is not an IANA name.
    #[error("time zone `{0}` is unknown; use an IANA name, for example `Asia/Shanghai`")]
    TimeZone(String),
}

impl Schedule {
    /// The zone of a schedule that names none.
    pub const DEFAULT_TIME_ZONE: &'static str = "Asia/Shanghai";

    /// Parses a cron expression of five fields in an IANA time zone.
    ///
    /// # Errors
    /// [`ParseScheduleError`] says which of the two is wrong and shows a right one.
    pub fn parse(cron: &str, time_zone: &str) -> Result<Self, ParseScheduleError> {
        use std::str::FromStr as _;
        croner::Cron::from_str(cron)
            .map_err(|why| ParseScheduleError::Cron { cron: cron.to_owned(), why: why.to_string() })?;
        if UnixMs(0).zoned(time_zone).is_none() {
            return Err(ParseScheduleError::TimeZone(time_zone.to_owned()));
        }
        Ok(Self { cron: cron.to_owned(), time_zone: time_zone.to_owned() })
    }

    /// The cron expression.
    pub fn cron(&self) -> &str {
        &self.cron
    }

    /// The IANA time zone.
    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }

    /// The first due time strictly after `after`, or `None` if there is none.
    pub fn next_after(&self, after: UnixMs) -> Option<UnixMs> {
        use std::str::FromStr as _;
        let cron = croner::Cron::from_str(&self.cron).ok()?;
        let from = after.zoned(&self.time_zone)?;
        let next = cron.find_next_occurrence(&from, false).ok()?;
        Some(UnixMs(next.timestamp().as_millisecond()))
    }

    /// The latest due time after `after` and not after `now`: what is to be done now, also when others were missed.
    pub fn latest_due(&self, after: UnixMs, now: UnixMs) -> Option<UnixMs> {
        use std::str::FromStr as _;
        let cron = croner::Cron::from_str(&self.cron).ok()?;
        // A second later and exclusive, so that a due time within this very second counts.
        let from =
            UnixMs(now.0.div_euclid(1_000).saturating_add(1).saturating_mul(1_000)).zoned(&self.time_zone)?;
        let due = UnixMs(cron.find_previous_occurrence(&from, false).ok()?.timestamp().as_millisecond());
        (due > after).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_o_clock_on_workdays_is_beijing_time() {
        let schedule = Schedule::parse("0 8 * * 1-5", Schedule::DEFAULT_TIME_ZONE).unwrap();
        // Friday 2026-11-20 08:00:00 +08:00 is over; the next is Monday 2026-11-23.
        let friday = UnixMs(1_795_132_800_000);
        assert_eq!(friday.beijing(), "2026-11-20 08:00:00 +08:00");
        assert_eq!(schedule.next_after(friday).unwrap().beijing(), "2026-11-23 08:00:00 +08:00");
    }

    #[test]
    fn of_missed_due_times_only_the_latest_is_due() {
        let schedule = Schedule::parse("0 8 * * *", Schedule::DEFAULT_TIME_ZONE).unwrap();
        let eight = UnixMs(1_795_392_000_000);
        assert_eq!(eight.beijing(), "2026-11-23 08:00:00 +08:00");
        let day_ms = 86_400_000;
        for (what, after, now, expected) in [
            ("at the due time", eight.plus_ms(-day_ms), eight, Some(eight)),
            ("within its second", eight.plus_ms(-day_ms), eight.plus_ms(999), Some(eight)),
            ("a millisecond early", eight.plus_ms(-day_ms), eight.plus_ms(-1), None),
            ("done already", eight, eight.plus_ms(5_000), None),
            ("after a week of downtime", eight.plus_ms(-7 * day_ms), eight.plus_ms(3_600_000), Some(eight)),
            ("added after it", eight.plus_ms(1), eight.plus_ms(60_000), None),
        ] {
            assert_eq!(schedule.latest_due(after, now), expected, "{what}");
        }
        let never = Schedule::parse("0 0 30 2 *", Schedule::DEFAULT_TIME_ZONE).unwrap();
        assert_eq!(never.latest_due(UnixMs(0), eight), None);
    }

    #[test]
    fn errors_show_a_right_one() {
        assert!(
            Schedule::parse("every day", "Asia/Shanghai").unwrap_err().to_string().contains("0 8 * * 1-5")
        );
        assert!(Schedule::parse("0 8 * * *", "Beijing").unwrap_err().to_string().contains("Asia/Shanghai"));
    }
}
