//! How unusual a value is beside others, in whole numbers: the median, and a scale that spiky values do not fool.
//!
//! The scale is the maximum of the median deviation, the normal equivalent of the tail deviation, a fraction of the
//! values, and a floor. With the median deviation alone, series of mostly equal values would make everything unusual.

/// Units of a z: hundredths.
pub(super) const Z_PER: u128 = 100;

/// The median of sorted values, rounded down; zero of none.
pub(super) fn median(sorted: &[u128]) -> u128 {
    let half = sorted.len() / 2;
    match (sorted.get(half), half.checked_sub(1).and_then(|place| sorted.get(place))) {
        (Some(upper), Some(lower)) if sorted.len().is_multiple_of(2) => lower + (upper - lower) / 2,
        (Some(middle), _) => *middle,
        _ => 0,
    }
}

/// The value that a share of sorted values, in per cent, is not above; zero of none.
fn quantile(sorted: &[u128], percent: usize) -> u128 {
    let place = sorted.len().saturating_sub(1) * percent / 100;
    sorted.get(place).copied().unwrap_or(0)
}

/// How many scales a value is above the median of others, in hundredths; zero if it is not above.
pub(super) fn z(value: u128, others: &[u128], floor: u128) -> u128 {
    let mut sorted = others.to_vec();
    sorted.sort_unstable();
    let middle = median(&sorted);
    let mut deviations: Vec<u128> = sorted.iter().map(|other| other.abs_diff(middle)).collect();
    deviations.sort_unstable();
    let by_median = median(&deviations).saturating_mul(14_826) / 10_000;
    let tail = |percent, normal: u128| quantile(&deviations, percent).saturating_mul(1000) / normal;
    let by_tail = (tail(90, 1645) + tail(95, 1960)) / 2;
    let scale = by_median.max(by_tail).max(quantile(&sorted, 95) / 20).max(floor).max(1);
    value.saturating_sub(middle).saturating_mul(Z_PER) / scale
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_two() {
        assert_eq!([&[][..], &[5], &[1, 4], &[1, 2, 90]].map(median), [0, 5, 2, 2]);
    }

    #[test]
    fn constant_values_make_nothing_unusual_but_what_passes_the_floor() {
        assert_eq!(z(1000, &[1000; 10], 1), 0);
        assert_eq!(z(1049, &[1000; 10], 1), 98);
        assert_eq!(z(0, &[], 10), 0);
        assert_eq!(z(70, &[], 10), 700);
    }

    #[test]
    fn one_spike_among_others_is_unusual_and_the_second_alike_is_not_if_spikes_are_usual() {
        let quiet = [10, 12, 9, 11, 10, 13, 8, 10, 11, 10, 12, 9];
        assert!(z(100, &quiet, 1) > 2000);
        let spiky = [10, 100, 10, 90, 10, 110, 10, 10, 95, 10, 10, 100];
        assert!(z(100, &spiky, 1) < 200);
    }

    proptest! {
        #[test]
        fn order_changes_nothing_and_more_is_more_unusual(
            mut values in prop::collection::vec(0u128..1_000_000, 1..40),
            value in 0u128..9_000_000,
        ) {
            let before = z(value, &values, 0);
            prop_assert!(z(value + 1, &values, 0) >= before);
            values.reverse();
            prop_assert_eq!(z(value, &values, 0), before);
        }

        #[test]
        fn units_change_nothing(values in prop::collection::vec(1000u128..1_000_000, 2..40), value in 0u128..9_000_000) {
            let scaled: Vec<u128> = values.iter().map(|other| other * 1_000_000).collect();
            let (small, large) = (z(value, &values, 100), z(value * 1_000_000, &scaled, 100_000_000));
            // Scales are rounded down to whole units, so by less than a part in ten of these.
            prop_assert!(large.abs_diff(small) <= 2 + small / 10, "{small} and {large}");
        }
    }
}
