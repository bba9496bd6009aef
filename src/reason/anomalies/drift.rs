//! Creep: a series of days that rises a little every day, never so much that an hour or a day stands out.
//!
//! The days are summed up as far as they are above the same weekday of the weeks before (a cumulative sum, CUSUM), less
//! some slack; the sum passes its limit when they stay above. Growth that is slower than the slack is no creep.

use super::baseline::{Direction, Parameters, quantile, tail_scale};

/// The days of a week.
const WEEK: usize = 7;

/// The weeks before a day that it is compared with.
const WEEKS: usize = 4;

/// A drift that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Creep {
    /// The day from which on the sum grew, by its place.
    pub since: usize,
    /// The day at which it passed the limit.
    pub day: usize,
    /// What that day was expected to be by the weeks before.
    pub expected: f64,
    /// Whether the days rose.
    pub is_up: bool,
}

/// Detects drift in a series of full days; days without full coverage are none. Each drift is reported once, until its
/// sum returns to zero. A day is judged only by earlier days.
#[must_use]
pub fn creep(days: &[Option<f64>], floor: f64, parameters: &Parameters) -> Vec<Creep> {
    let signs: &[f64] = match parameters.direction {
        Direction::Up => &[1.0],
        Direction::Down => &[-1.0],
        Direction::Both => &[1.0, -1.0],
    };
    let days: Vec<Option<f64>> = days.iter().map(|day| day.filter(|day| day.is_finite())).collect();
    let distances = distances(&days, floor, parameters);
    let mut found: Vec<Creep> = signs.iter().flat_map(|sign| follow(&distances, *sign, parameters)).collect();
    found.sort_by_key(|creep| creep.day);
    found
}

/// What a day was expected to be, and how many scales it was above.
type Distance = Option<(f64, f64)>;

fn distances(days: &[Option<f64>], floor: f64, parameters: &Parameters) -> Vec<Distance> {
    let floor = if floor.is_finite() { floor.max(f64::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    let first = parameters.creep_history_days as usize;
    let mut deviations: Vec<f64> = Vec::new();
    let distance = |at: usize| {
        let (day, expected) = (days[at]?, expected(days, at)?);
        let past = sorted(deviations.iter().rev().take(WEEKS * WEEK).copied());
        let high = quantile(
            &sorted(days[at.saturating_sub(WEEKS * WEEK)..at].iter().copied().flatten()),
            parameters.peak_quantile,
        );
        let scale = tail_scale(&past).max(parameters.scale_floor_share * high).max(floor);
        let residual = day - expected;
        let most = if past.len() < WEEK { f64::MAX } else { parameters.clip_scales * scale };
        deviations.push(residual.abs().min(most));
        let covered = days[..at].iter().flatten().count();
        (covered >= first).then_some((expected, residual / scale))
    };
    (0..days.len()).map(distance).collect()
}

/// The median of the same weekday of the weeks before.
fn expected(days: &[Option<f64>], at: usize) -> Option<f64> {
    let before = (1..=WEEKS).filter_map(|weeks| days[at.checked_sub(weeks * WEEK)?]);
    let same = sorted(before);
    (!same.is_empty()).then(|| quantile(&same, 0.5))
}

/// Sums the deviations of one sign, and reports where the sum passes the limit.
fn follow(distances: &[Distance], sign: f64, parameters: &Parameters) -> Vec<Creep> {
    let limit = parameters.creep_limit_scales;
    let (mut sum, mut since, mut is_told) = (0.0_f64, 0, false);
    let mut found = Vec::new();
    for (day, distance) in distances.iter().enumerate() {
        let Some((expected, distance)) = *distance else { continue };
        if sum <= 0.0 {
            (since, is_told) = (day, false);
        }
        // One day alone is the detector's matter, and must not pass the limit by itself.
        let step = (sign * distance - parameters.creep_slack_scales).min(limit / 2.0);
        sum = (sum + step).clamp(0.0, 2.0 * limit.max(0.0));
        if sum >= limit && !is_told {
            found.push(Creep { since, day, expected, is_up: sign > 0.0 });
            is_told = true;
        }
    }
    found
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_that_rise_a_little_are_reported_once_and_the_first_of_them() {
        let days = days(90, |day| 1.02_f64.powf(day.saturating_sub(50) as f64));
        let found = creep(&days, 1.0, &Parameters::default());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((50..56).contains(&found[0].since) && (52..65).contains(&found[0].day) && found[0].is_up, "{found:?}");
    }

    #[test]
    fn steady_days_one_high_day_and_falling_days_are_no_creep() {
        let creeps = |days: &[Option<f64>]| creep(days, 1.0, &Parameters::default()).len();
        assert_eq!(creeps(&days(120, |_| 1.0)), 0);
        assert_eq!(creeps(&days(120, |day| if day == 70 { 20.0 } else { 1.0 })), 0);
        let falling = days(120, |day| 0.98_f64.powf(day.saturating_sub(50) as f64));
        assert_eq!(creeps(&falling), 0);
        let down = Parameters { direction: Direction::Down, ..Parameters::default() };
        assert!(creep(&falling, 1.0, &down).iter().any(|creep| !creep.is_up));
    }

    #[test]
    fn less_than_three_weeks_and_nothing_are_no_creep() {
        assert!(creep(&days(21, |day| 1.3_f64.powf(day as f64)), 1.0, &Parameters::default()).is_empty());
        for none in [vec![], vec![None; 100], vec![Some(0.0); 100], vec![Some(f64::NAN); 100]] {
            assert!(creep(&none, f64::NAN, &Parameters::default()).is_empty());
        }
    }

    proptest! {
        #[test]
        fn appending_days_changes_nothing_that_was_reported(values in prop::collection::vec(prop::option::of(0.0..1e9_f64), 0..80), kept in 0_usize..80) {
            let kept = kept.min(values.len());
            let all = creep(&values, 1.0, &Parameters::default());
            let first = creep(&values[..kept], 1.0, &Parameters::default());
            prop_assert_eq!(all.into_iter().filter(|creep| creep.day < kept).collect::<Vec<_>>(), first);
        }
    }

    /// Days with quiet weekends and a little noise.
    fn days(count: usize, factor: impl Fn(usize) -> f64) -> Vec<Option<f64>> {
        let noise = |day: usize| 1.0 + ((day * 37 % 17) as f64 / 17.0 - 0.5) * 0.04;
        let week = |day: usize| if day % WEEK < 2 { 500.0 } else { 1_000.0 };
        (0..count).map(|day| Some(week(day) * noise(day) * factor(day))).collect()
    }
}
