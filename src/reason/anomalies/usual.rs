//! What leaves were expected to have: the mean of the same hours of the days before, without the greatest and least.
//!
//! A leaf is too small for the detector, and many are intermittent, so that their median would be zero.

use std::ops::Range;

use crate::reason::hours::{Hours, Metric};

/// The days that are looked back.
const DAYS: usize = 28;
/// Of so many days one is left out at each end, for an incident among them.
const DAYS_PER_LEFT_OUT: usize = 7;
const DAY_HOURS: usize = 24;

/// What a leaf had over some hours, and what it usually has in them.
pub(super) fn usual(hours: &Hours, leaf: u32, range: &Range<usize>, metric: Metric) -> (f64, f64) {
    let cells = hours.cells_of(leaf);
    let at = |hour: usize| {
        let found = cells.binary_search_by_key(&hour, |cell| cell.hour as usize);
        found.map_or(0.0, |place| cells[place].amounts.of(metric) as f64)
    };
    let (mut real, mut usual) = (0.0, 0.0);
    let mut days = Vec::with_capacity(DAYS);
    for hour in range.clone().filter(|hour| hours.covered[*hour]) {
        real += at(hour);
        days.clear();
        // Days of the incident itself do not define the usual value.
        let before = (1..=DAYS).filter_map(|day| hour.checked_sub(day * DAY_HOURS)).filter(|hour| *hour < range.start);
        days.extend(before.filter(|hour| hours.covered[*hour]).map(at));
        days.sort_unstable_by(f64::total_cmp);
        let left_out = days.len().div_ceil(DAYS_PER_LEFT_OUT).min(days.len().saturating_sub(1) / 2);
        let kept = &days[left_out..days.len() - left_out];
        usual += kept.iter().sum::<f64>() / kept.len().max(1) as f64;
    }
    (real, usual)
}

/// What a leaf had beyond the usual over some hours: above it, or below it where that is what is looked for.
pub(super) fn beyond(hours: &Hours, leaf: u32, (range, is_up): (&Range<usize>, bool), metric: Metric) -> f64 {
    let (real, usual) = usual(hours, leaf, range, metric);
    if is_up { real - usual } else { usual - real }
}
