//! Working days and statutory terms.
//!
//! The first day is not counted, and a last day that falls on a day off moves to the next working day
//! (市场监督管理行政处罚程序规定 art 80). Public holidays and make-up working days (调休) are data, see
//! `patterns/calendar.toml`; this module never asks for today's date.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};

use crate::kit::problem::Problem;

/// Which days are worked in China.
///
/// Outside the announced years Saturdays and Sundays are off and every other day is worked; what was computed with
/// such a year says so, see [`Deadline::assumed_years`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkCalendar {
    announced: BTreeMap<i16, bool>,
    exceptions: BTreeMap<Date, Day>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    Off,
    Worked,
}

/// How long the law gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "unit", content = "n", rename_all = "kebab-case")]
pub enum Term {
    /// 个工作日.
    WorkingDays(u16),
    /// 日, counted by the calendar.
    Days(u16),
}

/// The last day of a term.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deadline {
    /// The last day on which the duty can be done in time.
    pub last_day: Date,
    /// Years that the term touches and whose holidays are not announced: the day may still move.
    pub assumed_years: Vec<i16>,
}

impl WorkCalendar {
    /// Reads the form of `patterns/calendar.toml`. What cannot be read is left out and reported.
    pub fn parse(text: &str) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut calendar = Self::default();
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                problems.push(Problem::new("calendar-form", error.to_string()));
                return (calendar, problems);
            }
        };
        for year in file.years {
            if calendar.announced.insert(year.year, !year.assumed).is_some() {
                let why = format!("year {} stands twice; the later entry adds to the first", year.year);
                problems.push(Problem::new("calendar-year", why));
            }
            for (texts, day) in [(&year.off, Day::Off), (&year.work, Day::Worked)] {
                for text in texts {
                    match days_of(year.year, text) {
                        Some(dates) => calendar.exceptions.extend(dates.map(|date| (date, day))),
                        None => problems.push(Problem::new(
                            "calendar-day",
                            format!("year {}: `{text}` is neither `MM-DD` nor `MM-DD..MM-DD`", year.year),
                        )),
                    }
                }
            }
        }
        (calendar, problems)
    }

    /// Whether `date` is a working day.
    pub fn is_worked(&self, date: Date) -> bool {
        match self.exceptions.get(&date) {
            Some(day) => *day == Day::Worked,
            None => !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
        }
    }

    /// Whether the holidays of `year` are announced.
    pub fn is_announced(&self, year: i16) -> bool {
        self.announced.get(&year) == Some(&true)
    }

    /// The last day of a term that something on `first_day` started.
    ///
    /// ```
    /// use adwatch::domain::calendar::{Term, WorkCalendar};
    /// use jiff::civil::date;
    ///
    /// let (calendar, _) = WorkCalendar::parse(
    ///     "[[year]]\nyear = 2026\noff = [\"10-01..10-07\"]\nwork = [\"10-10\"]\n",
    /// );
    /// // Found on Wednesday 30 September; the holiday ends on the 7th, Saturday the 10th is worked.
    /// let deadline = calendar.deadline(date(2026, 9, 30), Term::WorkingDays(3));
    /// assert_eq!(deadline.last_day, date(2026, 10, 10));
    /// assert!(deadline.assumed_years.is_empty());
    /// ```
    pub fn deadline(&self, first_day: Date, term: Term) -> Deadline {
        self.deadline_without(first_day, term, &[])
    }

    /// As [`WorkCalendar::deadline`], without the days on which the term stood still: those after the first of a pair,
    /// up to and with the second.
    pub fn deadline_without(&self, first_day: Date, term: Term, still: &[(Date, Date)]) -> Deadline {
        let stands = |day: Date| still.iter().any(|(from, to)| *from < day && day <= *to);
        let counts = |day: Date| match term {
            Term::WorkingDays(_) => self.is_worked(day) && !stands(day),
            Term::Days(_) => !stands(day),
        };
        let (Term::WorkingDays(n) | Term::Days(n)) = term;
        let mut last_day = first_day;
        for _ in 0..n {
            last_day = next(last_day);
            while !counts(last_day) && last_day < Date::MAX {
                last_day = next(last_day);
            }
        }
        if matches!(term, Term::Days(_)) && !self.is_worked(last_day) {
            last_day = self.next_worked(last_day);
        }
        let years = first_day.year()..=last_day.year();
        Deadline { last_day, assumed_years: years.filter(|year| !self.is_announced(*year)).collect() }
    }

    /// Working days after `today` up to and with `last_day`; negative when the last day has passed.
    ///
    /// 0 on the last day itself, or when only days off are left.
    pub fn days_left(&self, today: Date, last_day: Date) -> i64 {
        let count = |after: Date, to: Date| {
            let mut n = 0_i64;
            let mut day = after;
            while day < to {
                day = next(day);
                n += i64::from(self.is_worked(day));
            }
            n
        };
        if today <= last_day { count(today, last_day) } else { -count(last_day, today).max(1) }
    }

    fn next_worked(&self, day: Date) -> Date {
        let mut day = next(day);
        while !self.is_worked(day) && day < Date::MAX {
            day = next(day);
        }
        day
    }
}

fn next(day: Date) -> Date {
    day.tomorrow().unwrap_or(Date::MAX)
}

/// `02-07` or `02-07..02-13` of a year.
fn days_of(year: i16, text: &str) -> Option<impl Iterator<Item = Date>> {
    let day = |text: &str| {
        let (month, day) = text.trim().split_once('-')?;
        Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
    };
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(text)?, day(text)?),
    };
    (first <= last).then(|| std::iter::successors(Some(first), move |day| (*day < last).then(|| next(*day))))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "year", default)]
    years: Vec<YearEntry>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct YearEntry {
    year: i16,
    #[serde(default)]
    assumed: bool,
    #[serde(default)]
    off: Vec<String>,
    #[serde(default)]
    work: Vec<String>,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn shipped() -> WorkCalendar {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/patterns/calendar.toml"));
        let (calendar, problems) = WorkCalendar::parse(text);
        assert_eq!(problems, []);
        calendar
    }

    #[test]
    fn worked_examples_of_the_rules() {
        let calendar = shipped();
        let worked = Term::WorkingDays;
        let cases = [
            // 核查 15 working days; found on a Monday, no holiday between.
            (date(2026, 3, 2), worked(15), date(2026, 3, 23), "the first day is not counted"),
            // Found on the last day before the Spring Festival; 14 and 28 February are worked Saturdays.
            (date(2026, 2, 13), worked(15), date(2026, 3, 12), "make-up days count, holidays do not"),
            (date(2026, 2, 14), worked(1), date(2026, 2, 24), "found on a worked Saturday"),
            (date(2025, 9, 26), worked(7), date(2025, 10, 13), "28 September and 11 October are worked"),
            // 听证 5 working days from a notice served on a Friday.
            (date(2026, 4, 3), worked(5), date(2026, 4, 13), "清明 takes the Monday"),
            // 90 days from filing to decision, ending on a Sunday of the National Day holiday.
            (
                date(2026, 7, 6),
                Term::Days(90),
                date(2026, 10, 8),
                "a last day in the holiday moves behind it",
            ),
            (date(2026, 7, 1), Term::Days(30), date(2026, 7, 31), "a worked last day stays"),
            (date(2026, 4, 9), Term::Days(30), date(2026, 5, 9), "a worked Saturday is no day off"),
            (date(2026, 6, 5), worked(0), date(2026, 6, 5), "no term ends at once"),
        ];
        for (first, term, last, why) in cases {
            assert_eq!(calendar.deadline(first, term).last_day, last, "{first} {term:?}: {why}");
        }
    }

    #[test]
    fn a_term_into_a_year_without_notice_says_so() {
        let calendar = shipped();
        let deadline = calendar.deadline(date(2026, 12, 28), Term::WorkingDays(15));
        assert_eq!(deadline.assumed_years, [2027]);
        assert_eq!(calendar.deadline(date(2030, 1, 7), Term::Days(1)).assumed_years, [2030]);
        assert!(!calendar.is_worked(date(2027, 2, 8)), "the statutory days are known all the same");
    }

    #[test]
    fn what_is_left_counts_working_days_and_turns_negative() {
        let calendar = shipped();
        let last = date(2026, 10, 9);
        let left = |month, day| calendar.days_left(date(2026, month, day), last);
        assert_eq!([left(9, 28), left(9, 30), left(10, 5), left(10, 9)], [4, 2, 2, 0]);
        assert_eq!([left(10, 10), left(10, 11), left(10, 12)], [-1, -1, -2]);
    }

    #[test]
    fn what_cannot_be_read_is_named_and_the_rest_stands() {
        let text = "[[year]]\nyear = 2026\noff = [\"10-01\", \"13-01\", \"02-10..02-01\"]\nwork = [\"x\"]\n";
        let (calendar, problems) = WorkCalendar::parse(text);
        assert!(!calendar.is_worked(date(2026, 10, 1)));
        let named: Vec<bool> = ["13-01", "02-10..02-01", "`x`"]
            .iter()
            .zip(&problems)
            .map(|(text, problem)| problem.message.contains(text))
            .collect();
        assert_eq!(named, [true, true, true], "{problems:?}");
        assert_eq!(WorkCalendar::parse("[[year").1.len(), 1);
    }

    fn any_day() -> impl Strategy<Value = Date> {
        (0..4_383_i32).prop_map(|n| date(2016, 1, 1).saturating_add(jiff::Span::new().days(n)))
    }

    proptest! {
        #[test]
        fn a_deadline_is_a_working_day_with_the_right_number_of_them_before(first in any_day(), n in 1_u16..40) {
            let calendar = shipped();
            let last = calendar.deadline(first, Term::WorkingDays(n)).last_day;
            prop_assert!(calendar.is_worked(last));
            prop_assert_eq!(calendar.days_left(first, last), i64::from(n));
            prop_assert!(calendar.deadline(first, Term::WorkingDays(n + 1)).last_day > last);
        }

        #[test]
        fn a_term_in_days_ends_on_its_day_or_on_the_next_worked_one(first in any_day(), n in 1_u16..120) {
            let calendar = shipped();
            let nominal = first.saturating_add(jiff::Span::new().days(i32::from(n)));
            let last = calendar.deadline(first, Term::Days(n)).last_day;
            prop_assert!(last >= nominal && calendar.is_worked(last));
            prop_assert_eq!(calendar.days_left(nominal, last), i64::from(last > nominal));
        }

        /// Whatever the year: each day on which the term stood still and that would have counted moves the end by one.
        #[test]
        fn days_on_which_a_term_stood_still_are_given_back(
            first in any_day(), n in 1_u16..60, from in 0_i32..80, long in 0_i32..60, days in any::<bool>(),
        ) {
            let calendar = shipped();
            let term = if days { Term::Days(n) } else { Term::WorkingDays(n) };
            let after = |day: Date, n: i32| day.saturating_add(jiff::Span::new().days(n));
            let still = (after(first, from), after(first, from + long));
            let plain = calendar.deadline(first, term).last_day;
            let moved = calendar.deadline_without(first, term, &[still]).last_day;
            prop_assert!(calendar.is_worked(moved));
            prop_assert!(moved >= plain, "it never ends earlier");
            prop_assert!(moved <= after(plain, long + 12), "{plain} {moved}: a holiday lasts nine days at most");
            if long == 0 || still.0 >= plain {
                prop_assert_eq!(moved, plain, "nothing stood still within the term");
            }
            if !days {
                let mut counted = 0;
                let mut day = first;
                while day < moved {
                    day = next(day);
                    counted += u16::from(calendar.is_worked(day) && !(still.0 < day && day <= still.1));
                }
                prop_assert_eq!(counted, n);
            }
        }

        #[test]
        fn starting_later_never_ends_earlier(first in any_day(), n in 0_u16..40, days in any::<bool>()) {
            let calendar = shipped();
            let term = if days { Term::Days(n) } else { Term::WorkingDays(n) };
            prop_assert!(calendar.deadline(next(first), term).last_day >= calendar.deadline(first, term).last_day);
        }
    }
}
