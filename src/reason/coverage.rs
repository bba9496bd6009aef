//! Which hours of a window a judgement can rest on: those that are over, delivered and covered by the logs.
//!
//! `anomalies`, `anomalies --signals` and `compare` say in one sentence what they could not judge, and end as incomplete:
//! an empty answer must never be read as "nothing happened" where nothing was looked at.

use super::hours::HOUR_SECONDS;
use super::hours::gather::DELIVERY_SECONDS;
use crate::group::Logged;
use crate::units::human::{self, counted};
use crate::units::time::{Window, Zone};

/// Stretches that one sentence names.
const STRETCHES_SHOWN_MAX: usize = 5;

/// The full hours of a window, and how far the logs cover them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Full hours that are over and delivered.
    pub expected: u64,
    /// Of them, those that the logs do not cover.
    pub missing: u64,
    /// The first second of the first such hour.
    first_missing: u32,
    /// The first second after the last covered hour, in the window or before it.
    ended: Option<u32>,
    /// The window, as it was asked for.
    window: Window,
    /// Whether the logs hold records of it, if not of a full hour.
    has_records: bool,
}

impl Coverage {
    /// Compares a window with the covered hours, each by its first second. An open side ends where the logs do: hours
    /// that they begin or end in are no gap.
    #[must_use]
    pub fn of(window: &Window, now: u32, covered: impl Iterator<Item = u32>) -> Self {
        let mut hours: Vec<u32> = covered.map(|moment| moment / HOUR_SECONDS).collect();
        hours.sort_unstable();
        hours.dedup();
        let first = window.from.map(|from| from.div_ceil(HOUR_SECONDS));
        let end = window.to.map(|to| to.min(now.saturating_sub(DELIVERY_SECONDS)) / HOUR_SECONDS);
        let inside = |hour: &&u32| first.is_none_or(|first| first <= **hour) && end.is_none_or(|end| **hour < end);
        let first = first.or_else(|| hours.iter().find(inside).copied()).unwrap_or(0);
        let end = end.or_else(|| hours.iter().rfind(inside).map(|hour| hour + 1)).unwrap_or(first);
        let there: Vec<u32> = hours.iter().copied().filter(|hour| (first..end).contains(hour)).collect();
        let expected = u64::from(end.saturating_sub(first));
        let gap = there.iter().zip(first..).find(|(hour, expected)| *hour != expected).map(|(_, expected)| expected);
        let after = u32::try_from(there.len()).map_or(end, |there| first.saturating_add(there));
        let ended = hours.iter().rfind(|hour| **hour < end.max(first)).map(|hour| (hour + 1) * HOUR_SECONDS);
        Self {
            expected,
            missing: expected.saturating_sub(there.len() as u64),
            first_missing: gap.unwrap_or(after).saturating_mul(HOUR_SECONDS),
            ended,
            window: *window,
            has_records: false,
        }
    }

    /// The stretches of its full hours that the logs do not cover, as first seconds and the seconds after them.
    fn stretches(window: &Window, now: u32, logged: &Logged) -> Vec<(u32, u32)> {
        let mut stretches: Vec<(u32, u32)> = Vec::new();
        let coverage = Self::of_logged(window, now, logged);
        let mut hour = coverage.first_missing;
        for _ in 0..coverage.missing {
            while logged.has_hour(hour) {
                hour = hour.saturating_add(HOUR_SECONDS);
            }
            match stretches.last_mut().filter(|last| last.1 == hour) {
                Some(last) => last.1 = hour.saturating_add(HOUR_SECONDS),
                None => stretches.push((hour, hour.saturating_add(HOUR_SECONDS))),
            }
            hour = hour.saturating_add(HOUR_SECONDS);
        }
        stretches
    }

    /// The same where it is known whether the logs hold records of the window.
    #[must_use]
    pub fn with_records(self, has_records: bool) -> Self {
        Self { has_records, ..self }
    }

    /// The same by the hours in which any interface was logged, with or without traffic.
    #[must_use]
    pub fn of_logged(window: &Window, now: u32, logged: &Logged) -> Self {
        Self::of(window, now, logged.hours())
    }

    /// Whether there is nothing to judge.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        self.missing == self.expected
    }

    /// What was not judged, and why; `what` is the period as the sentence names it. None if all of it was.
    #[must_use]
    pub fn sentence(&self, what: &str) -> Option<String> {
        if self.expected > 0 && self.missing == 0 {
            return None;
        }
        if !self.is_blind() {
            let (missing, of) = (human::count(self.missing.into()), counted(self.expected, "full hour"));
            let first = human::moment(self.first_missing);
            return Some(format!("{missing} of {of} of {what} not judged: missing from the logs (first {first})"));
        }
        let why = match (self.expected, self.ended) {
            (0, _) if self.window.to.is_some() => {
                let minutes = DELIVERY_SECONDS / 60;
                format!("it has no full hour that ended at least {minutes} minutes ago; choose a longer window")
            }
            (_, None) if self.has_records => "the logs cover no full hour of it".to_owned(),
            (_, None) => "the logs hold no records of it".to_owned(),
            (_, Some(ended)) if self.window.from.is_some_and(|from| ended <= from.saturating_add(HOUR_SECONDS)) => {
                format!("the logs end at {}", human::moment(ended))
            }
            _ => "the logs cover no full hour of it".to_owned(),
        };
        Some(format!("no hour of {what} was judged: {why}"))
    }
}

/// Which part of the windows that were asked for the logs do not cover, as a sentence for reports that only sum: whole days
/// of the zone by their dates, other stretches by their moments. None where no side was named, or all is covered.
#[must_use]
pub fn uncovered(windows: &[Window], now: u32, zone: Zone, logged: &Logged) -> Option<String> {
    let asked = || windows.iter().filter(|window| window.from.is_some() || window.to.is_some());
    let missing: Vec<_> = asked().flat_map(|window| Coverage::stretches(window, now, logged)).collect();
    let hours: u32 = missing.iter().map(|(from, to)| (to - from) / HOUR_SECONDS).sum();
    let expected = asked().map(|window| Coverage::of_logged(window, now, logged).expected).sum();
    let mut shown: Vec<String> =
        missing.iter().take(STRETCHES_SHOWN_MAX).map(|stretch| written(*stretch, zone)).collect();
    if let Some(more) = missing.len().checked_sub(STRETCHES_SHOWN_MAX).filter(|more| *more > 0) {
        shown.push(format!("and {more} more"));
    }
    let (hours, of, shown) = (human::count(hours.into()), counted(expected, "full hour"), shown.join(", "));
    (!missing.is_empty())
        .then(|| format!("{hours} of {of} of the window are missing from the logs and the sums: {shown}"))
}

/// A stretch of time: days of the zone if it is made of such, else the moments of both sides.
fn written((from, to): (u32, u32), zone: Zone) -> String {
    if zone.day_start(from) != from || zone.day_start(to) != to {
        return format!("{} to {}", human::moment(from), human::moment(to));
    }
    let [first, last] = [from, to - 1].map(|moment| human::date(zone.day(moment)));
    if first == last { first } else { format!("{first} to {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{Hours, Interfaces};

    const DAY: u32 = 20_000 * 86_400;

    fn sentence(from: Option<u32>, to: Option<u32>, now: u32, covered: impl Iterator<Item = u32>) -> Option<String> {
        let hour = |hour: u32| DAY + hour * HOUR_SECONDS;
        let window = Window { from: from.map(hour), to: to.map(hour) };
        Coverage::of(&window, DAY + now, covered.map(hour)).sentence("the window")
    }

    #[test]
    fn what_is_covered_needs_no_sentence() {
        let now = 48 * HOUR_SECONDS;
        assert_eq!(sentence(Some(0), Some(24), now, 0..24), None);
        assert_eq!(sentence(Some(0), Some(24), now, 0..30), None);
        assert_eq!(sentence(None, None, now, 3..9), None, "logs may begin and end at any hour");
        assert_eq!(sentence(Some(4), None, now, 3..9), None);
        // The last hour may still arrive.
        assert_eq!(sentence(Some(0), Some(24), 24 * HOUR_SECONDS + 100, 0..23), None);
    }

    #[test]
    fn what_is_missing_is_counted_and_named() {
        let said = |from, to, covered: &[u32]| sentence(from, to, 48 * HOUR_SECONDS, covered.iter().copied());
        let gap = said(None, None, &[3, 4, 6]).unwrap();
        assert_eq!(
            gap,
            "1 of 4 full hours of the window not judged: missing from the logs (first 2024-10-04T05:00:00Z)"
        );
        assert!(said(Some(0), Some(3), &[0, 1]).unwrap().starts_with("1 of 3 full hours"), "the end is missing");
        assert!(
            said(Some(0), Some(3), &[1, 2]).unwrap().contains("first 2024-10-04T00:00:00Z"),
            "the start is missing"
        );
    }

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "one stretch of hours")]
    fn what_a_sum_lacks_is_named_by_days_of_the_zone_or_by_hours() {
        let logged = |hours: &[std::ops::Range<u32>]| {
            let mut all = Hours::default();
            hours.iter().cloned().flatten().for_each(|hour| all.insert(DAY / HOUR_SECONDS + hour));
            let mut interfaces = Interfaces::default();
            interfaces.insert_hours(Default::default(), &all);
            Logged::of(&interfaces)
        };
        let said = |from: Option<u32>, to: Option<u32>, zone: &str, hours: &[std::ops::Range<u32>]| {
            let moment = |hour: u32| DAY + hour * HOUR_SECONDS;
            let window = Window { from: from.map(moment), to: to.map(moment) };
            uncovered(&[window], DAY + 240 * HOUR_SECONDS, Zone::parse(zone).unwrap(), &logged(hours))
        };
        let utc = |from, to, hours: &[std::ops::Range<u32>]| said(from, to, "UTC", hours);
        assert_eq!(utc(Some(0), Some(72), &[0..72]), None);
        assert_eq!(utc(None, None, &[0..2, 9..12]), None, "no window was asked for");
        let days = "48 of 72 full hours of the window are missing from the logs and the sums: 2024-10-04, 2024-10-06";
        assert_eq!(utc(Some(0), Some(72), &[24..48]).as_deref(), Some(days), "at both sides");
        let hours = utc(Some(0), Some(72), &[0..30, 33..72]).unwrap();
        assert!(hours.ends_with(": 2024-10-05T06:00:00Z to 2024-10-05T09:00:00Z"), "{hours}");
        let two = utc(Some(0), Some(96), &[0..24, 72..96]).unwrap();
        assert!(two.ends_with(": 2024-10-05 to 2024-10-06"), "{two}");
        let berlin = said(Some(22), Some(70), "Europe/Berlin", &[22..46]).unwrap();
        assert!(berlin.ends_with(": 2024-10-06"), "{berlin}");
        assert!(utc(Some(0), Some(24), &[]).unwrap().starts_with("24 of 24 full hours"));
        assert!(
            utc(Some(0), None, &[4..9]).unwrap().starts_with("4 of 9 full hours"),
            "an open side ends with the logs"
        );
        let many = utc(Some(0), Some(20), &[1..2, 3..4, 5..6, 7..8, 9..10, 11..12, 13..20]).unwrap();
        assert!(many.ends_with("T08:00:00Z to 2024-10-04T09:00:00Z, and 2 more"), "{many}");
    }

    #[test]
    fn a_window_of_which_nothing_is_known_says_why() {
        let said = |from, to, now, covered: &[u32]| sentence(from, to, now, covered.iter().copied()).unwrap();
        let now = 48 * HOUR_SECONDS;
        let old = "no hour of the window was judged: the logs end at 2024-10-04T02:00:00Z";
        assert_eq!(said(Some(40), Some(42), now, &[0, 1]), old);
        assert_eq!(said(Some(40), None, now, &[0, 1]), old);
        let none = "no hour of the window was judged: the logs hold no records of it";
        assert_eq!(said(Some(40), Some(42), now, &[]), none);
        assert_eq!(said(None, None, now, &[]), none);
        assert!(said(Some(40), Some(41), 41 * HOUR_SECONDS + 60, &[39]).ends_with("choose a longer window"));
    }
}
