//! Distinct values of a column: a roll-up by one column more, its groups joined and counted.

use std::sync::Arc;

use super::batcher::Batcher;
use super::key::{Key, KeyValue, is_wide};
use super::partial::Rollup;
use super::shared::{Frame, Shared, table_of};
use super::spec::Spec;
use crate::error::Error;
use crate::schema::Kind;

/// Makes the seed of distinct counts differ from that of the counted groups.
const DISTINCT_SEED: u64 = 0x5bd1_e995_9d1c_6a2f;

impl Rollup {
    /// Where [`Self::count_distinct`] counts: the columns but the last one, whose distinct values are a sum.
    #[must_use]
    pub fn distinct(&self) -> Shared {
        let spec = self.spec();
        let keys = spec.keys.iter().take(spec.keys.len().saturating_sub(1)).cloned().collect();
        let spec = Arc::new(Spec { vantages: Vec::new(), keys, distinct: true, ..*spec });
        // A key that differs only in the dropped column would be inserted in hash order again: see `tables`.
        let seed = self.partial.frame.seed ^ DISTINCT_SEED;
        Shared::with_names(spec, seed, self.overflow().cloned(), self.names().clone())
    }

    /// Joins the groups of a shard that differ in the last column alone, and counts its distinct values in each; an
    /// absent value is none. `to` leads into what [`Self::distinct`] gave; all shards make it whole, in any order.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub fn count_distinct(&self, shard: usize, to: &mut Batcher) -> Result<(), Error> {
        let Frame { spec, layouts, .. } = &self.partial.frame;
        let Some((last, keys)) = spec.keys.split_last() else { return Ok(()) };
        let target = to.shared();
        let mut row = Vec::new();
        for (place, table) in self.tables(shard)?.iter().enumerate() {
            let (from, is_rejected) = (&layouts[place / 2], place % 2 == 1);
            for packed in table.rows() {
                let is_six = |(place, key): (usize, &Key)| {
                    key.column.kind() == Kind::Address && is_wide(from.part(place).address(packed))
                };
                let wide = keys.iter().enumerate().any(is_six);
                let layout = &target.frame.layouts[usize::from(wide)];
                let shape = target.frame.spec.shape(layout);
                row.clear();
                row.resize(shape.stride(), 0);
                for (place, key) in keys.iter().enumerate() {
                    layout.repack(place, key, from, packed, &mut row);
                }
                let is_absent = from.value(keys.len(), last, packed) == KeyValue::Absent;
                let (sums, seen) = packed[from.words..].split_at(shape.sum_words - 1);
                let counted = shape.key_words + sums.len();
                row[shape.key_words..counted].copy_from_slice(sums);
                row[counted] = u64::from(!is_absent);
                row[counted + 1..].copy_from_slice(seen);
                to.add_row(table_of(wide, is_rejected), &row);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::decode::{Dictionary, Flows, Values};
    use crate::group::{Group, Shared};
    use crate::schema::{ABSENT_ADDRESS, Column, ColumnSet};
    use proptest::prelude::*;

    /// An IPv4, an IPv6 or no address, of few so that groups share them.
    fn address() -> impl Strategy<Value = u128> {
        prop_oneof![4 => (0u128..5).prop_map(|low| 0xffff_0000_0000 | low), 2 => 1u128 << 64..(1 << 64) + 3, 1 => Just(ABSENT_ADDRESS)]
    }

    proptest! {
        #[test]
        fn distinct_values_are_those_of_a_set(pairs in proptest::collection::vec((address(), address()), 0..200)) {
            let keys = [Column::Srcaddr, Column::Dstaddr].map(|column| Key { column, cut: None }).to_vec();
            let spec = Spec { keys, ..Spec::default() };
            let shared = Arc::new(Shared::new(Arc::new(spec), 3, None));
            let mut flows = Flows::new(ColumnSet::of(&[Column::Srcaddr, Column::Dstaddr]));
            for (column, values) in [(Column::Srcaddr, pairs.iter().map(|pair| pair.0).collect()), (Column::Dstaddr, pairs.iter().map(|pair| pair.1).collect())] {
                *flows.values_mut(column).unwrap() = Values::Address(values);
            }
            flows.set_rows(pairs.len());
            let mut batcher = Batcher::new(Arc::clone(&shared));
            let rows: Vec<u32> = (0..u32::try_from(pairs.len()).unwrap()).collect();
            batcher.add(&flows, &Dictionary::default(), &rows, false);
            drop(batcher);
            let by_pair = Arc::into_inner(shared).unwrap().into_partial().unwrap().finish();
            let shared = Arc::new(by_pair.distinct());
            let mut batcher = Batcher::new(Arc::clone(&shared));
            by_pair.shards().for_each(|shard| by_pair.count_distinct(shard, &mut batcher).unwrap());
            drop(batcher);
            let rollup = Arc::into_inner(shared).unwrap().into_partial().unwrap().finish();
            let mut expected: BTreeMap<u128, (u128, BTreeSet<u128>)> = BTreeMap::new();
            for (source, destination) in pairs {
                let (flows, destinations) = expected.entry(source).or_default();
                *flows += 1;
                destinations.extend((destination != ABSENT_ADDRESS).then_some(destination));
            }
            let expected: Vec<_> = expected.into_iter().map(|(source, (flows, set))| (source, flows, set.len() as u128)).collect();
            let source = |value| match value {
                Some(KeyValue::Address(address)) => address,
                _ => ABSENT_ADDRESS,
            };
            let mut found = Vec::new();
            for shard in rollup.shards() {
                let each = |group: Group<'_>| {
                    let source = source(rollup.values(&group.key()).next());
                    found.push((source, group.counted.flows, group.counted.distinct));
                };
                rollup.for_each_group(shard, each).unwrap();
            }
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
