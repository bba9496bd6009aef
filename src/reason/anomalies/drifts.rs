//! Detects series that rise slowly, without an anomalous hour; reported separately from incidents.

use std::ops::{Range, RangeInclusive};

use super::baseline::{Basis, Verdict};
use super::drift::creep;
use super::fold::{Found, as_integer};
use super::incident::Scope;
use super::parts::{Judged, Part};
use super::settings::Settings;
use super::usual::usual;
use crate::reason::hours::{Hours, Metric};

/// What a drift is measured in; records drift with everything.
pub const METRICS: [Metric; 2] = [Metric::Usd, Metric::Bytes];
/// The days of a month, that a day's rise is reckoned in.
const MONTH_DAYS: f64 = 30.0;
/// A day when clocks change has an hour less, or one more.
const DAY_HOURS: RangeInclusive<usize> = 23..=25;

/// A series that drifts.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// Of which traffic.
    pub scope: Scope,
    /// What of it.
    pub metric: Metric,
    /// The first moment of the day since which it drifts.
    pub since: u32,
    /// The first moment of the day on which that became clear.
    pub day: u32,
    /// What it was on that day.
    pub actual: f64,
    /// What it was expected to be.
    pub expected: f64,
}

impl Drift {
    /// The excess of such days over the expected value in a month, in whole units.
    #[must_use]
    pub fn month(&self) -> u128 {
        as_integer((self.actual - self.expected).abs() * MONTH_DAYS).unsigned_abs()
    }
}

/// The drifts of a part that became clear in `asked`, and matter: a month of such days is worth an incident. What the
/// causes of known incidents had beyond the usual is taken out first: some of them in a row are no drift.
#[must_use]
pub fn drifts(
    hours: &Hours,
    (part, judged): (&Part, &Judged),
    known: &[Found],
    slots: &[u8],
    asked: &Range<usize>,
    settings: &Settings,
) -> Vec<Drift> {
    let days = days(slots);
    let mut drifts = Vec::new();
    for metric in METRICS {
        let beyond = beyond(hours, part, known, metric);
        let values = usual_values(judged, &beyond, metric, settings);
        let whole = |day: &Range<usize>| values[day.clone()].iter().copied().sum::<Option<f64>>();
        let sums: Vec<Option<f64>> = days.iter().map(whole).collect();
        let floor = settings.scale_min(metric) * f64::from(24_u8);
        for creep in creep(&sums, floor, &settings.detector) {
            let actual = sums[creep.day].unwrap_or_default();
            let excess = (actual - creep.expected).abs() * MONTH_DAYS;
            if !asked.contains(&days[creep.day].start) || excess < settings.impact_min(metric) {
                continue;
            }
            let [since, day] = [creep.since, creep.day].map(|day| hours.moment(days[day].start));
            drifts.push(Drift { scope: part.scope.clone(), metric, since, day, actual, expected: creep.expected });
        }
    }
    drifts
}

/// The excess of incident causes in each hour of a part. In the total it may be too small to be anomalous.
fn beyond(hours: &Hours, part: &Part, known: &[Found], metric: Metric) -> Vec<f64> {
    let mut beyond = vec![0.0; hours.count];
    for found in known {
        for leaf in found.leaves.iter().filter(|leaf| part.leaves.binary_search(leaf).is_ok()) {
            for hour in found.run.hours.clone() {
                let (real, usual) = usual(hours, *leaf, &(hour..hour + 1), metric);
                beyond[hour] += real - usual;
            }
        }
    }
    beyond
}

/// The series with anomalous hours replaced by expected values.
fn usual_values(judged: &Judged, beyond: &[f64], metric: Metric, settings: &Settings) -> Vec<Option<f64>> {
    let (values, verdicts) = (&judged.values[metric as usize], &judged.verdicts[metric as usize]);
    let usual = |((value, verdict), beyond): ((&Option<f64>, &Verdict), &f64)| {
        let is_out = verdict.basis != Basis::None && verdict.z.abs() >= settings.detector.incident_scales;
        value.map(|value| if is_out { verdict.expected } else { (value - beyond).max(0.0) })
    };
    values.iter().zip(verdicts).zip(beyond).map(usual).collect()
}

/// The hours of each whole day, where the user is. Where clocks change at midnight, two days may look like one: it is none.
fn days(slots: &[u8]) -> Vec<Range<usize>> {
    let mut begins: Vec<usize> = (0..slots.len()).filter(|hour| slots[*hour] == 0).collect();
    begins.push(slots.len());
    let days = begins.windows(2).map(|pair| pair[0]..pair[1]);
    days.filter(|day| DAY_HOURS.contains(&day.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_the_users_and_those_cut_off_are_none() {
        let slots: Vec<u8> = (20..24).chain((0..24).filter(|hour| *hour != 2)).chain(0..24).chain(0..7).collect();
        assert_eq!(days(&slots), [4..27, 27..51]);
        assert!(days(&[]).is_empty());
    }

    #[test]
    fn a_midnight_that_clocks_leave_out_makes_no_day_of_two() {
        let slots: Vec<u8> = (0..24).chain(1..24).chain(0..24).chain([0]).chain(0..24).collect();
        assert_eq!(days(&slots), [47..71, 72..96]);
    }
}
