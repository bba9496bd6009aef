//! The rows that a worker met last, summed before they go to the shared tables.
//!
//! Records that are near each other often have the same key: of pairs of addresses, half are met again soon. A place
//! in this table is in the core's cache, where one in the shared tables mostly is not. A place holds one row, and a
//! row of another key drives it out; so nothing has to be searched, and every row ends in the shared tables.

use super::table::{Shape, join};

/// Bytes of the table: within a core's own cache, beside a block of text and its columns.
const RECENT_BYTES: usize = 512 << 10;
/// One row in so many must have met its key again, or the table is not worth looking at for a while.
const ROWS_PER_HIT_MAX: usize = 8;
/// How many calls are passed over then.
const PAUSE_CALLS: u32 = 32;

/// A table of one row for each place.
#[derive(Debug)]
pub(super) struct Recent {
    shape: Shape,
    /// Empty until the first row.
    words: Vec<u64>,
    rows: usize,
    paused_calls: u32,
    overflowed: bool,
}

impl Recent {
    pub(super) fn new(shape: Shape) -> Self {
        let rows = (RECENT_BYTES / size_of::<u64>() / shape.stride()).next_power_of_two() / 2;
        Self { shape, words: Vec::new(), rows, paused_calls: 0, overflowed: false }
    }

    /// Whether any sum passed 64 bits.
    pub(super) fn has_overflowed(&self) -> bool {
        self.overflowed
    }

    /// Adds packed rows with their hashes, and passes on evicted ones.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        rows: &[u64],
        (key_words, stride): (usize, usize),
        hash: impl Fn(&[u64]) -> u64,
        mut pass_on: impl FnMut(u64, &[u64]),
    ) {
        if self.paused_calls > 0 {
            self.paused_calls -= 1;
            rows.chunks_exact(stride).for_each(|row| pass_on(hash(&row[..key_words]), row));
            return;
        }
        self.words.resize(self.rows * stride, 0);
        let mut hits = 0;
        for row in rows.chunks_exact(stride) {
            let slot = place(hash(&row[..key_words]), self.rows) * stride;
            let slot = &mut self.words[slot..slot + stride];
            if slot[key_words] != 0 {
                if slot[..key_words] == row[..key_words] {
                    self.overflowed |= join(&mut slot[key_words..], &row[key_words..], self.shape.seen);
                    hits += 1;
                    continue;
                }
                pass_on(hash(&slot[..key_words]), slot);
            }
            slot.copy_from_slice(row);
        }
        if hits * ROWS_PER_HIT_MAX * stride < rows.len() {
            self.paused_calls = PAUSE_CALLS;
        }
    }

    /// Passes everything on.
    pub(super) fn flush(&mut self, hash: impl Fn(&[u64]) -> u64, mut pass_on: impl FnMut(u64, &[u64])) {
        let key_words = self.shape.key_words;
        for row in self.words.chunks_exact(self.shape.stride()).filter(|row| row[key_words] != 0) {
            pass_on(hash(&row[..key_words]), row);
        }
        self.words.clear();
    }
}

/// A slot from hash bits used for neither the shard nor most of the position in its table.
#[inline(always)]
fn place(hash: u64, rows: usize) -> usize {
    usize::try_from((hash >> 8) & (rows as u64 - 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_is_driven_out_or_passed_over_nothing_is_lost(blocks in proptest::collection::vec(proptest::collection::vec(0u64..30, 0..40), 0..80)) {
            let shape = Shape { key_words: 1, sum_words: 1, seen: false };
            let mut recent = Recent { rows: 8, ..Recent::new(shape) };
            let (mut passed_on, mut expected): (BTreeMap<u64, u64>, BTreeMap<u64, u64>) = Default::default();
            let hash = |key: &[u64]| key[0].wrapping_mul(0x9e37_79b9_7f4a_7c15);
            for keys in &blocks {
                keys.iter().for_each(|key| *expected.entry(*key).or_default() += 1);
                let rows: Vec<u64> = keys.iter().flat_map(|key| [*key, 1]).collect();
                recent.add(&rows, (1, 2), hash, |_, row| *passed_on.entry(row[0]).or_default() += row[1]);
            }
            recent.flush(hash, |_, row| *passed_on.entry(row[0]).or_default() += row[1]);
            prop_assert_eq!(passed_on, expected);
        }
    }
}
