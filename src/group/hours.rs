//! Hours since 1970 as stretches: those that follow each other, as logged hours do, take no memory.

use serde::{Deserialize, Serialize};

/// A set of hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Hours(Vec<(u32, u32)>);

impl Hours {
    /// Its stretches, `[first, end)`, sorted and apart.
    #[must_use]
    pub fn stretches(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Its hours, sorted.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|(first, end)| *first..*end)
    }

    /// Whether it has an hour.
    #[must_use]
    pub fn has(&self, hour: u32) -> bool {
        let next = self.0.partition_point(|(first, _)| *first <= hour);
        next.checked_sub(1).is_some_and(|place| hour < self.0[place].1)
    }

    /// How many hours it has.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(first, end)| u64::from(end - first)).sum()
    }

    /// Adds an hour.
    pub fn insert(&mut self, hour: u32) {
        self.insert_stretch((hour, hour.saturating_add(1)));
    }

    /// Adds the hours of another set.
    pub fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|stretch| self.insert_stretch(*stretch));
    }

    fn insert_stretch(&mut self, (first, end): (u32, u32)) {
        // Those that it touches become one with it.
        let from = self.0.partition_point(|stretch| stretch.1 < first);
        let to = self.0.partition_point(|stretch| stretch.0 <= end);
        let all = match self.0.get(from..to) {
            Some([only]) => (only.0.min(first), only.1.max(end)),
            Some([head, .., last]) => (head.0.min(first), last.1.max(end)),
            _ => (first, end),
        };
        self.0.splice(from..to.max(from), [all]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set_in_whichever_order_it_is_made(hours in prop::collection::vec(0..60_u32, 0..80), cut in 0..80_usize) {
            let of = |hours: &[u32]| {
                let mut all = Hours::default();
                hours.iter().for_each(|hour| all.insert(*hour));
                all
            };
            let (all, set) = (of(&hours), hours.iter().copied().collect::<BTreeSet<_>>());
            prop_assert!(all.iter().eq(set.iter().copied()));
            prop_assert_eq!(all.count(), set.len() as u64);
            prop_assert!((0..70).all(|hour| all.has(hour) == set.contains(&hour)));
            prop_assert!(all.stretches().windows(2).all(|pair| pair[0].1 < pair[1].0), "{:?}", all);
            let (some, rest) = hours.split_at(cut.min(hours.len()));
            let mut merged = of(rest);
            merged.extend(&of(some));
            prop_assert_eq!(merged, all);
        }
    }
}
