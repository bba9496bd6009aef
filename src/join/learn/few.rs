//! Sorted sets that nearly always have a value or two. A tree's first node has room for eleven, which is much for each of
//! a million interfaces.

use std::collections::BTreeSet;

/// Values up to which they are kept in a row, where inserting one moves the others.
const IN_A_ROW_MAX: usize = 32;

/// A sorted set.
#[derive(Clone, Debug, Default)]
pub(super) enum Few<T> {
    #[default]
    None,
    One(T),
    Row(Vec<T>),
    Tree(BTreeSet<T>),
}

impl<T: Copy + Ord> Few<T> {
    pub(super) fn insert(&mut self, value: T) {
        match self {
            Self::None => *self = Self::One(value),
            Self::One(one) => {
                if *one != value {
                    *self = Self::Row(vec![value.min(*one), value.max(*one)]);
                }
            }
            Self::Tree(values) => drop(values.insert(value)),
            Self::Row(values) => {
                let Err(place) = values.binary_search(&value) else { return };
                if values.len() < IN_A_ROW_MAX {
                    values.insert(place, value);
                } else {
                    *self = Self::Tree(values.iter().copied().chain([value]).collect());
                }
            }
        }
    }

    pub(super) fn extend(&mut self, values: impl IntoIterator<Item = T>) {
        values.into_iter().for_each(|value| self.insert(value));
    }

    pub(super) fn contains(&self, value: T) -> bool {
        match self {
            Self::Tree(values) => values.contains(&value),
            _ => self.row().binary_search(&value).is_ok(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Tree(values) => values.len(),
            _ => self.row().len(),
        }
    }

    /// The values in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = T> {
        let tree = match self {
            Self::Tree(values) => Some(values),
            _ => None,
        };
        self.row().iter().chain(tree.into_iter().flatten()).copied()
    }

    /// The values where they are no tree.
    fn row(&self) -> &[T] {
        match self {
            Self::None | Self::Tree(_) => &[],
            Self::One(value) => std::slice::from_ref(value),
            Self::Row(values) => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_set(values in prop::collection::vec(0u8..100, 0..200)) {
            let (mut few, mut set) = (Few::default(), BTreeSet::new());
            for value in values {
                few.insert(value);
                set.insert(value);
                prop_assert_eq!(few.len(), set.len());
            }
            prop_assert_eq!(few.iter().collect::<Vec<_>>(), set.iter().copied().collect::<Vec<_>>());
            for value in 0..100 {
                prop_assert_eq!(few.contains(value), set.contains(&value));
            }
        }
    }
}
