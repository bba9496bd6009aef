//! The values that pass a test, as ranges: every comparison of numbers, times and addresses comes down to these.
//!
//! The ranges of a test exclude the absent value, so it passes none of them; only `is absent` is the range of that
//! value alone.

/// Inclusive ranges, sorted and apart from each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ranges<T>(Vec<(T, T)>);

impl<T: Copy + Ord> Ranges<T> {
    /// The values in any of these ranges.
    pub(crate) fn of(mut ranges: Vec<(T, T)>) -> Self {
        ranges.retain(|(low, high)| low <= high);
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let touches = next.0 <= kept.1;
            if touches {
                kept.1 = kept.1.max(next.1);
            }
            touches
        });
        Self(ranges)
    }

    /// Writes a mark for each value: whether it is in a range.
    pub(super) fn mark(&self, values: &[T], marks: &mut Vec<bool>) {
        marks.clear();
        match self.0[..] {
            // A CIDR or a single number, so the common case: no branch in the loop.
            [(low, high)] => marks.extend(values.iter().map(|value| (low <= *value) & (*value <= high))),
            ref ranges => marks.extend(values.iter().map(|value| holds(ranges, *value))),
        }
    }

    /// Whether a value is in a range.
    pub(crate) fn holds(&self, value: T) -> bool {
        holds(&self.0, value)
    }
}

fn holds<T: Copy + Ord>(ranges: &[(T, T)], value: T) -> bool {
    let before = ranges.partition_point(|(low, _)| *low <= value);
    ranges[..before].last().is_some_and(|(_, high)| value <= *high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_is_marked_if_any_range_holds_it(ranges in prop::collection::vec((0..50_u32, 0..50_u32), 0..6)) {
            let values: Vec<u32> = (0..50).collect();
            let mut marks = vec![true; 3];
            Ranges::of(ranges.clone()).mark(&values, &mut marks);
            let expected: Vec<bool> = values.iter().map(|value| ranges.iter().any(|(low, high)| (low..=high).contains(&value))).collect();
            prop_assert_eq!(marks, expected);
        }
    }
}
