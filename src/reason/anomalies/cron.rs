//! The five fields of cron → the moments they name.
//!
//! Minute, hour, day of month, month, day of week: `*`, numbers, names (JAN, MON), lists, ranges and steps. As in cron,
//! a day matches by either of its two fields if neither starts with `*`. Local times skipped by a clock change count as
//! the first time after it, repeated ones count once. Extensions of some crons (`@daily`, `L`, `W`, `#`, seconds,
//! years) are not supported.

use chrono::{DateTime, Datelike, Days, NaiveDate};

use crate::error::Error;
use crate::units::time::{Zone, parse_moment};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FORMS: &str = "write five fields: minute hour day-of-month month day-of-week, such as `30 2 * * mon-fri` \
     (numbers, *, lists 1,15, ranges 1-5, steps */15)";

/// A field: its name, minimum and maximum, and names for the numbers from the minimum on.
struct Field {
    name: &'static str,
    least: u32,
    greatest: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, greatest: 59, names: &[] },
    Field { name: "hour", least: 0, greatest: 23, names: &[] },
    Field { name: "day of month", least: 1, greatest: 31, names: &[] },
    Field { name: "month", least: 1, greatest: 12, names: &MONTHS },
    // Sunday is 0 and also 7.
    Field { name: "day of week", least: 0, greatest: 7, names: &WEEKDAYS },
];

/// Errors in cron fields.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("{0} fields where five belong")]
    Fields(usize),
    #[error("`{range}` of the {field} runs backwards")]
    Backwards { range: String, field: &'static str },
    #[error("`{text}` is no step of the {field}")]
    Step { text: String, field: &'static str },
    #[error("`{text}` is no {field}, which is {least} to {greatest}")]
    Number { text: String, field: &'static str, least: u32, greatest: u32 },
}

/// Five fields, each as the set of its numbers: bit n is number n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether a day matches by one of its two fields, as both are restricted.
    by_either: bool,
}

impl Cron {
    /// What five fields mean.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: Wrong| Error::usage(format!("cron `{text}`: {why}")).hint(FORMS);
        let parts: Vec<&str> = text.split_whitespace().collect();
        let parts: [&str; 5] = parts.try_into().map_err(|parts: Vec<_>| wrong(Wrong::Fields(parts.len())))?;
        let mut sets = [0; 5];
        for ((set, field), part) in sets.iter_mut().zip(&FIELDS).zip(parts) {
            *set = field.parse(part).map_err(wrong)?;
        }
        let [minutes, hours, days, months, weekdays] = sets;
        let by_either = !parts[2].starts_with('*') && !parts[4].starts_with('*');
        Ok(Self { minutes, hours, days, months, weekdays: weekdays | weekdays >> 7, by_either })
    }

    /// Of every hour of that zone with any moment in it, the first and the last of them, from one moment until before
    /// another.
    pub(super) fn first_and_last(&self, from: u32, to: u32, zone: Zone) -> Vec<(u32, u32)> {
        let date = |seconds: u32| DateTime::from_timestamp(seconds.into(), 0).map(|at| at.date_naive());
        // Local dates are at most a day away from those of UTC.
        let first = date(from).and_then(|date| date.checked_sub_days(Days::new(1)));
        let last = date(to).and_then(|date| date.checked_add_days(Days::new(1)));
        let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
        let minutes = (self.minutes.trailing_zeros(), 63 - self.minutes.leading_zeros());
        let mut found = Vec::new();
        for date in first.iter_days().take_while(|date| *date <= last).filter(|date| self.has_day(*date)) {
            for hour in (0..24).filter(|hour| has(self.hours, *hour)) {
                let at = |minute: u32| parse_moment(&format!("{date}T{hour:02}:{minute:02}"), 0, zone).ok();
                let (Some(first), Some(last)) = (at(minutes.0), at(minutes.1)) else { continue };
                if from <= last && first < to {
                    found.push((first, last));
                }
            }
        }
        found
    }

    fn has_day(&self, date: NaiveDate) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().num_days_from_sunday());
        has(self.months, date.month()) && if self.by_either { day || weekday } else { day && weekday }
    }
}

impl Field {
    fn parse(&self, text: &str) -> Result<u64, Wrong> {
        let mut set = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(self.step(step)?)),
                None => (part, None),
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (self.least, self.greatest),
                Some((from, to)) => (self.number(from)?, self.number(to)?),
                None if step.is_some() => (self.number(range)?, self.greatest),
                None => (self.number(range)?, self.number(range)?),
            };
            if from > to {
                return Err(Wrong::Backwards { range: range.to_owned(), field: self.name });
            }
            set |= (from..=to).step_by(step.unwrap_or(1)).fold(0, |set, number| set | 1 << number);
        }
        Ok(set)
    }

    fn step(&self, text: &str) -> Result<usize, Wrong> {
        let step = text.parse().ok().filter(|step| (1..=60).contains(step));
        step.ok_or_else(|| Wrong::Step { text: text.to_owned(), field: self.name })
    }

    fn number(&self, text: &str) -> Result<u32, Wrong> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|place| u32::try_from(place).ok()).map(|place| place + self.least);
        let number = named.or_else(|| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?);
        let (least, greatest) = (self.least, self.greatest);
        let number = number.filter(|number| (least..=greatest).contains(number));
        number.ok_or_else(|| Wrong::Number { text: text.to_owned(), field: self.name, least, greatest })
    }
}

fn has(set: u64, number: u32) -> bool {
    set >> number & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::time::write;

    fn moment(text: &str) -> u32 {
        parse_moment(text, 0, Zone::default()).unwrap()
    }

    fn named(cron: &str, from: &str, to: &str, zone: &str) -> Vec<String> {
        let moments = Cron::parse(cron).unwrap().first_and_last(moment(from), moment(to), Zone::parse(zone).unwrap());
        moments.into_iter().map(|(first, _)| write(first)).collect()
    }

    #[test]
    fn fields_name_moments() {
        let table = [
            ("30 2 * * *", "2026-11-01", "2026-11-03", vec!["2026-11-01T02:30:00Z", "2026-11-02T02:30:00Z"]),
            ("0 22 * * fri", "2026-11-01", "2026-11-15", vec!["2026-11-06T22:00:00Z", "2026-11-13T22:00:00Z"]),
            (
                "0 0 1 * *",
                "2026-11-01",
                "2027-01-02",
                vec!["2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"],
            ),
            ("0 0 2 NOV 7", "2026-11-01", "2026-11-08", vec!["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"]),
            (
                "15-45/15 */12 3,4 11 *",
                "2026-11-01",
                "2026-11-05",
                vec!["2026-11-03T00:15:00Z", "2026-11-03T12:15:00Z", "2026-11-04T00:15:00Z", "2026-11-04T12:15:00Z"],
            ),
        ];
        for (cron, from, to, expected) in table {
            assert_eq!(named(cron, from, to, "UTC"), expected, "{cron}");
        }
    }

    #[test]
    fn the_first_and_the_last_moment_of_an_hour_are_reported() {
        let cron = Cron::parse("5-50/15 4 * * *").unwrap();
        let found = cron.first_and_last(moment("2026-11-01"), moment("2026-11-02"), Zone::default());
        assert_eq!(found, [(moment("2026-11-01T04:05"), moment("2026-11-01T04:50"))]);
    }

    #[test]
    fn clock_changes_neither_lose_a_moment_nor_double_it() {
        let spring = named("30 2 * * *", "2026-03-28T12:00", "2026-03-29T12:00", "Europe/Berlin");
        assert_eq!(spring, ["2026-03-29T01:00:00Z"], "02:30 does not exist; 03:00 is the first moment after it");
        let autumn = named("30 2 * * *", "2026-10-24T12:00", "2026-10-25T12:00", "Europe/Berlin");
        assert_eq!(autumn, ["2026-10-25T00:30:00Z"], "02:30 comes twice and counts once");
    }

    #[test]
    fn what_is_no_cron_is_rejected() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "+1 * * * *",
            "1, * * * *",
            "@daily",
            "0 0 L * *",
        ] {
            let error = Cron::parse(text).unwrap_err();
            assert!(error.to_string().starts_with("cron `"), "{error}");
            assert_eq!(error.hints().len(), 1, "{text}");
        }
    }
}
