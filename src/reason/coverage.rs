//! Which hours of a window a judgement can rest on: those that are over, delivered and covered by the logs.
//!
//! `anomalies`, `anomalies --signals` and `compare` say in one sentence what they could not judge, and end as incomplete:
//! an empty answer must never be read as "nothing happened" where nothing was looked at.

use super::hours::HOUR_SECONDS;
use super::hours::gather::DELIVERY_SECONDS;
use crate::group::Logged;
use crate::units::human::{self, counted};
use crate::units::time::Window;

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

#[cfg(test)]
mod tests {
    use super::*;

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
