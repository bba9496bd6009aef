//! What the detector must do, on made series, and what it must never do, on any.

use proptest::prelude::*;

use super::*;

const DAY: usize = SLOTS;

#[test]
fn a_spike_in_a_seasonal_series_is_flagged_and_nothing_else_is() {
    let mut values = seasonal(35 * DAY);
    assert_eq!(flagged(&values), [0; 0]);
    values[30 * DAY + 3] *= 5.0;
    assert_eq!(flagged(&values), [30 * DAY + 3]);
    let verdict = judged(&values)[30 * DAY + 3];
    assert!(verdict.z > 12.0 && verdict.basis == Basis::HourOfDay && !verdict.is_young && !verdict.shifted);
    assert!((verdict.expected / seasonal(35 * DAY)[30 * DAY + 3] - 1.0).abs() < 0.1);
}

#[test]
fn the_direction_says_which_hours_are_flagged() {
    let mut values = seasonal(20 * DAY);
    values[15 * DAY + 12] *= 4.0;
    values[17 * DAY + 12] = 0.0;
    let flagged_to = |direction| {
        let parameters = Parameters { direction, ..Parameters::default() };
        places(&judge(&series(&covered(&values), &slots(values.len()), &[]), &parameters))
    };
    assert_eq!(flagged_to(Direction::Up), [15 * DAY + 12]);
    assert_eq!(flagged_to(Direction::Down), [17 * DAY + 12]);
    assert_eq!(flagged_to(Direction::Both), [15 * DAY + 12, 17 * DAY + 12]);
}

#[test]
fn what_it_takes_to_be_flagged_depends_on_the_history() {
    let mut values = seasonal(9 * DAY);
    let peak = values.iter().copied().fold(0.0, f64::max);
    [2 * DAY, 3 * DAY + 12, 5 * DAY, 8 * DAY].iter().for_each(|at| values[*at] = *at as f64 * peak);
    let verdicts = judged(&values);
    assert_eq!(places(&verdicts), [3 * DAY + 12, 5 * DAY, 8 * DAY]);
    let basis = |at: usize| (verdicts[at].basis, verdicts[at].is_young);
    assert_eq!(basis(3 * DAY - 1), (Basis::None, false));
    assert_eq!(basis(3 * DAY), (Basis::Median, true));
    assert_eq!(basis(4 * DAY), (Basis::HourOfDay, true));
    assert_eq!(basis(7 * DAY), (Basis::HourOfDay, false));
    let scores = [5 * DAY, 8 * DAY].map(|at| severity(&verdicts[at], &Parameters::default()));
    assert_eq!(scores, [60, 100]);
}

#[test]
fn an_hour_of_day_with_hardly_a_value_is_compared_with_all_hours() {
    let mut values = covered(&seasonal(20 * DAY));
    (0..19).for_each(|day| values[day * DAY + 7] = None);
    let verdicts = judge(&series(&values, &slots(values.len()), &[]), &Parameters::default());
    assert_eq!(verdicts[19 * DAY + 7].basis, Basis::Median);
    assert_eq!(verdicts[19 * DAY + 8].basis, Basis::HourOfDay);
}

#[test]
fn a_new_level_is_flagged_accepted_once_and_spikes_on_it_are_found() {
    let mut values = seasonal(50 * DAY);
    values[30 * DAY..].iter_mut().for_each(|value| *value *= 4.0);
    values[45 * DAY + 5] *= 5.0;
    let verdicts = judged(&values);
    let shifts: Vec<usize> = (0..values.len()).filter(|at| verdicts[*at].shifted).collect();
    assert_eq!(shifts.len(), 1);
    assert!((37 * DAY..38 * DAY).contains(&shifts[0]), "{shifts:?}");
    let flagged = places(&verdicts);
    assert!((30 * DAY..31 * DAY).any(|at| flagged.contains(&at)));
    assert_eq!(flagged.iter().copied().filter(|at| *at > 38 * DAY).collect::<Vec<_>>(), [45 * DAY + 5]);
}

#[test]
fn a_fallen_level_is_accepted_so_that_later_spikes_are_found() {
    let mut values = seasonal(50 * DAY);
    values[30 * DAY..].iter_mut().for_each(|value| *value /= 10.0);
    values[40 * DAY + 5] *= 5.0;
    let verdicts = judged(&values);
    assert_eq!(verdicts.iter().filter(|verdict| verdict.shifted).count(), 1);
    assert_eq!(places(&verdicts), [40 * DAY + 5]);
}

#[test]
fn a_series_that_turned_restless_is_accepted_so_that_it_is_not_flagged_for_ever() {
    let mut values = seasonal(50 * DAY);
    (30 * DAY..values.len()).for_each(|at| values[at] *= if at % 2 == 0 { 6.0 } else { 1.0 });
    let flagged = flagged(&values);
    assert!(flagged.iter().any(|at| *at < 38 * DAY));
    assert!(flagged.iter().all(|at| *at < 39 * DAY), "{:?}", flagged.last());
}

#[test]
fn a_long_incident_does_not_hide_the_next_one() {
    let mut values = seasonal(35 * DAY);
    values[25 * DAY..27 * DAY].iter_mut().for_each(|value| *value *= 10.0);
    values[29 * DAY + 12..29 * DAY + 15].iter_mut().for_each(|value| *value *= 3.0);
    let flagged = flagged(&values);
    assert!((29 * DAY + 12..29 * DAY + 15).any(|at| flagged.contains(&at)), "{flagged:?}");
}

#[test]
fn excluded_hours_are_judged_and_not_learnt_from() {
    let mut values = seasonal(30 * DAY);
    let calm = judged(&values);
    values[20 * DAY..22 * DAY].iter_mut().for_each(|value| *value *= 8.0);
    let excluded: Vec<bool> = (0..values.len()).map(|at| (20 * DAY..22 * DAY).contains(&at)).collect();
    let values = covered(&values);
    let verdicts = judge(&series(&values, &slots(values.len()), &excluded), &Parameters::default());
    assert_eq!(places(&verdicts), (20 * DAY..22 * DAY).collect::<Vec<_>>());
    let masked: Vec<Option<f64>> =
        values.iter().zip(&excluded).map(|(value, is_out)| value.filter(|_| !is_out)).collect();
    let without = judge(&series(&masked, &slots(values.len()), &[]), &Parameters::default());
    assert_eq!(verdicts[22 * DAY..], without[22 * DAY..]);
    assert_eq!(verdicts[..20 * DAY], calm[..20 * DAY]);
}

#[test]
fn series_without_deviation_or_of_hardly_an_hour_are_never_flagged() {
    for values in [vec![], vec![7.0], vec![0.0; 40 * DAY], vec![123.456; 40 * DAY], vec![1e300; 40 * DAY]] {
        assert_eq!(flagged(&values), [0; 0]);
    }
}

#[test]
fn severity_grows_with_the_distance_and_falls_off_peak() {
    let verdict = |z, off_peak| Verdict { z, off_peak, ..Verdict::default() };
    let score = |z, off_peak| severity(&verdict(z, off_peak), &Parameters::default());
    assert_eq!([2.0, 6.0, 12.0, 20.0, SCALES_MAX].map(|z| score(z, false)), [0, 31, 68, 88, 100]);
    assert_eq!([6.0, 12.0].map(|z| score(z, true)), [11, 48]);
    assert_eq!(score(-12.0, false), 68);
}

#[test]
fn a_thousandfold_series_is_flagged_at_the_same_hours() {
    let mut values = seasonal(35 * DAY);
    [(20, 1.5), (25, 2.0), (30, 3.0)].iter().for_each(|(day, factor)| values[day * DAY + 11] *= factor);
    let flags = |scale: f64| {
        let values: Vec<f64> = values.iter().map(|value| value * scale).collect();
        let (values, slots) = (covered(&values), slots(values.len()));
        places(&judge(&Series { floor: scale, ..series(&values, &slots, &[]) }, &Parameters::default()))
    };
    assert!(!flags(1.0).is_empty());
    assert_eq!(flags(1.0), flags(1_000.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_gives_anything_but_finite_numbers(values in any_values(), floor in any::<f64>()) {
        let slots = slots(values.len());
        let series = Series { values: &values, slots: &slots, excluded: &[], floor };
        for verdict in judge(&series, &Parameters::default()) {
            prop_assert!(verdict.expected.is_finite() && verdict.scale.is_finite() && verdict.z.is_finite());
        }
    }

    #[test]
    fn hours_without_a_value_are_never_flagged(values in any_values()) {
        let verdicts = judge(&series(&values, &slots(values.len()), &[]), &Parameters::default());
        for (value, verdict) in values.iter().zip(verdicts) {
            prop_assert!(value.is_some_and(f64::is_finite) || verdict == Verdict::default());
        }
    }

    #[test]
    fn appending_hours_changes_no_verdict(values in any_values(), kept in 0_usize..400) {
        let slots = slots(values.len());
        let excluded: Vec<bool> = (0..values.len()).map(|at| at % 11 == 0).collect();
        let kept = kept.min(values.len());
        let all = judge(&series(&values, &slots, &excluded), &Parameters::default());
        let first = judge(&series(&values[..kept], &slots[..kept], &excluded[..kept]), &Parameters::default());
        prop_assert_eq!(&all[..kept], &first[..]);
    }

    #[test]
    fn the_unit_does_not_matter(values in usual_values()) {
        let scaled: Vec<Option<f64>> = values.iter().map(|value| value.map(|value| value * 1_024.0)).collect();
        let slots = slots(values.len());
        let judged = |values: &[Option<f64>], floor: f64| {
            places(&judge(&Series { values, slots: &slots, excluded: &[], floor }, &Parameters::default()))
        };
        prop_assert_eq!(judged(&values, 10.0), judged(&scaled, 10_240.0));
    }
}

/// Hours of all kinds, some without a value, some that are no numbers.
fn any_values() -> impl Strategy<Value = Vec<Option<f64>>> {
    let value = prop_oneof![8 => 0.0..1e6_f64, 2 => Just(0.0), 1 => any::<f64>()];
    prop::collection::vec(prop_oneof![9 => value.prop_map(Some), 1 => Just(None)], 0..400)
}

fn usual_values() -> impl Strategy<Value = Vec<Option<f64>>> {
    let value = prop_oneof![20 => 50.0..150.0_f64, 1 => 0.0..1e6_f64];
    prop::collection::vec(prop_oneof![19 => value.prop_map(Some), 1 => Just(None)], 0..400)
}

/// A day's season with a little noise, the same in every run.
fn seasonal(hours: usize) -> Vec<f64> {
    let noise = |at: usize| (at * 7_919 % 101) as f64 / 101.0 - 0.5;
    let angle = |at: usize| (at % DAY) as f64 / DAY as f64 * std::f64::consts::TAU;
    (0..hours).map(|at| 1e6 * (1.0 + 0.5 * angle(at).sin()) * (1.0 + 0.1 * noise(at))).collect()
}

fn slots(hours: usize) -> Vec<u8> {
    (0_u8..24).cycle().take(hours).collect()
}

fn covered(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().map(|value| Some(*value)).collect()
}

fn series<'a>(values: &'a [Option<f64>], slots: &'a [u8], excluded: &'a [bool]) -> Series<'a> {
    Series { values, slots, excluded, floor: 1.0 }
}

fn judged(values: &[f64]) -> Vec<Verdict> {
    judge(&series(&covered(values), &slots(values.len()), &[]), &Parameters::default())
}

fn flagged(values: &[f64]) -> Vec<usize> {
    places(&judged(values))
}

/// The hours that are flagged.
fn places(verdicts: &[Verdict]) -> Vec<usize> {
    (0..verdicts.len()).filter(|at| verdicts[*at].flagged).collect()
}
