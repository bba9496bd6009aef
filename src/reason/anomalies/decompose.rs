//! A decomposed series for display: seasonal component, trend, and residual.
//!
//! It looks at the whole series at once, so the newest hours change as others follow; the detector does not use it.

use super::baseline::SLOTS;
use super::baseline::quantile;

/// The parts of a series, which add up to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition {
    /// What returns every day.
    pub season: Vec<f64>,
    /// What changes slowly.
    pub trend: Vec<f64>,
    /// The residual; none in hours without coverage.
    pub rest: Vec<Option<f64>>,
    /// Fraction of the detrended variance explained by the season, 0 to 1.
    pub strength: f64,
}

/// Decomposes a series of consecutive hours by STL with a daily season and robust weights. None for less than two days,
/// or without coverage. Hours without coverage, which the method does not support, are replaced by the median of their
/// hour of day.
#[must_use]
pub fn decompose(values: &[Option<f64>]) -> Option<Decomposition> {
    let covered = |value: &Option<f64>| value.filter(|value| value.is_finite());
    let filled = filled(values.iter().map(covered).collect())?;
    let result = stlrs::Stl::params().robust(true).seasonal_length(periodic(values.len())).fit(&filled, SLOTS).ok()?;
    let rest = |(value, rest): (&Option<f64>, &f64)| covered(value).map(|_| *rest);
    let strength = result.seasonal_strength();
    Some(Decomposition {
        rest: values.iter().zip(result.remainder()).map(rest).collect(),
        season: result.seasonal().to_vec(),
        trend: result.trend().to_vec(),
        strength: if strength.is_finite() { strength.clamp(0.0, 1.0) } else { 0.0 },
    })
}

/// A seasonal window so long that all days weigh nearly the same.
const fn periodic(hours: usize) -> usize {
    10 * hours + 1
}

/// The values, with the median of the same hour of day where there is none, or of all hours.
fn filled(values: Vec<Option<f64>>) -> Option<Vec<f64>> {
    let median = |slot: Option<usize>| {
        let of_slot = values.iter().enumerate().filter(|(at, _)| slot.is_none_or(|slot| at % SLOTS == slot));
        let mut known: Vec<f64> = of_slot.filter_map(|(_, value)| *value).collect();
        known.sort_by(f64::total_cmp);
        (!known.is_empty()).then(|| quantile(&known, 0.5))
    };
    let overall = median(None)?;
    let by_slot: Vec<f64> = (0..SLOTS).map(|slot| median(Some(slot)).unwrap_or(overall)).collect();
    Some(values.iter().enumerate().map(|(at, value)| value.unwrap_or(by_slot[at % SLOTS])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_and_a_spike_is_in_the_rest() {
        let mut values = seasonal(21);
        values[300] = Some(900.0);
        values[100] = None;
        let parts = decompose(&values).unwrap();
        for (at, value) in values.iter().enumerate() {
            let sum = parts.rest[at].map(|rest| parts.season[at] + parts.trend[at] + rest);
            assert!(value.zip(sum).is_none_or(|(value, sum)| (value - sum).abs() < 1e-6));
        }
        assert_eq!(parts.rest[100], None);
        assert!(parts.rest[300].unwrap() > 600.0);
        assert!(decompose(&seasonal(21)).unwrap().strength > 0.9);
    }

    #[test]
    fn too_little_is_not_taken_apart() {
        assert_eq!(decompose(&[]), None);
        assert_eq!(decompose(&seasonal(1)), None);
        assert_eq!(decompose(&[None; 100]), None);
    }

    #[test]
    fn a_series_without_season_has_no_strength_that_is_not_a_number() {
        let strength = decompose(&[Some(0.0); 240]).unwrap().strength;
        assert!((0.0..=1.0).contains(&strength), "{strength}");
        assert!(decompose(&[Some(f64::NAN); 240]).is_none());
    }

    fn seasonal(days: usize) -> Vec<Option<f64>> {
        let angle = |at: usize| at as f64 / SLOTS as f64 * std::f64::consts::TAU;
        (0..days * SLOTS).map(|at| Some(100.0 + at as f64 * 0.1 + 50.0 * angle(at).sin())).collect()
    }
}
