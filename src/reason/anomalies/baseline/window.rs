//! The last values of a series in sorted order, maintained as hours enter and leave, and their quantiles.

use std::collections::VecDeque;

/// The median absolute deviation of a normal distribution, as a part of its standard deviation, inverted.
const MEDIAN_DEVIATION: f64 = 1.4826;

/// Quantiles of absolute deviations, and what they are in a normal distribution of standard deviation 1.
const TAILS: [(f64, f64); 2] = [(0.90, 1.645), (0.95, 1.96)];

/// The last values of a sequence, in order of time and of size.
#[derive(Clone)]
pub(super) struct Window {
    limit: usize,
    sequence: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl Window {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, sequence: VecDeque::new(), sorted: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn clear(&mut self) {
        self.sequence.clear();
        self.sorted.clear();
    }

    pub(super) fn push(&mut self, value: f64) {
        if self.sequence.len() == self.limit
            && let Some(oldest) = self.sequence.pop_front()
        {
            let at = self.place(oldest);
            self.sorted.remove(at);
        }
        self.sequence.push_back(value);
        self.sorted.insert(self.place(value), value);
    }

    /// Where a value stands, or would stand, among the sorted ones.
    fn place(&self, value: f64) -> usize {
        self.sorted.partition_point(|other| other.total_cmp(&value).is_lt())
    }

    pub(super) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// A quantile, between the two values next to it in proportion; 0 of nothing.
    pub(super) fn quantile(&self, part: f64) -> f64 {
        quantile(&self.sorted, part)
    }

    /// See [`tail_scale`].
    pub(super) fn tail_scale(&self) -> f64 {
        tail_scale(&self.sorted)
    }

    /// The median of the other values.
    pub(super) fn median_without(&self, value: f64) -> f64 {
        let mut others = self.sorted.clone();
        let at = self.place(value);
        if at < others.len() {
            others.remove(at);
        }
        quantile(&others, 0.5)
    }
}

/// What a usual deviation is, of sorted absolute deviations: their middle or their tail, whichever says more, as the
/// standard deviation of a normal distribution that had the same.
#[must_use]
pub fn tail_scale(sorted: &[f64]) -> f64 {
    let tails = TAILS.map(|(part, normal)| quantile(sorted, part) / normal / TAILS.len() as f64);
    tails.iter().sum::<f64>().max(MEDIAN_DEVIATION * quantile(sorted, 0.5))
}

/// A quantile of sorted values, between the two values next to it in proportion; 0 of nothing.
#[must_use]
pub fn quantile(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = part.clamp(0.0, 1.0) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last place")]
    let below = (place as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_lie_between_values() {
        assert_eq!([0.0, 0.25, 0.5, 0.9, 1.0].map(|part| quantile(&[1.0, 2.0, 5.0], part)), [1.0, 1.5, 2.0, 4.4, 5.0]);
        assert_eq!([quantile(&[], 0.5), quantile(&[3.0], 0.9), tail_scale(&[])], [0.0, 3.0, 0.0]);
    }

    proptest! {
        #[test]
        fn a_window_is_sorted_and_holds_the_last_values(
            values in prop::collection::vec(-9.0..9.0_f64, 0..60),
            limit in 1_usize..20,
        ) {
            let mut window = Window::new(limit);
            values.iter().for_each(|value| window.push(value.round()));
            let mut last: Vec<f64> = values.iter().rev().take(limit).map(|value| value.round()).collect();
            last.sort_by(f64::total_cmp);
            prop_assert_eq!(&window.sorted, &last);
        }
    }
}
