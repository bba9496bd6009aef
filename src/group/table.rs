//! Sums by packed key: an open-addressing table of rows of words.
//!
//! A row is the key's words, then flows (never zero in a filled row, so it marks one), then the other sums, then the
//! seen word. Keys of any width and any choice of sums are one table type; the row is the whole memory of a group,
//! which is what limits how many groups fit. Rows are found by linear probing from a place proportional to the
//! hash, so the table can grow by less than doubling.

/// A table of sums.
#[derive(Clone, Debug)]
pub(super) struct Table {
    shape: Shape,
    seed: u64,
    words: Vec<u64>,
    filled: usize,
}

/// How a row is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) key_words: usize,
    /// Flows, and bytes and packets where asked for.
    pub(super) sum_words: usize,
    /// Whether a word with the first and last moment follows: `first << 32 | last`.
    pub(super) seen: bool,
}

impl Shape {
    pub(super) fn stride(self) -> usize {
        self.key_words + self.sum_words + usize::from(self.seen)
    }
}

/// Rows of a new table.
const ROWS_MIN: usize = 32;
/// Rows whose places are all read before the first of them is added: a place is mostly not in the cache, and reads
/// that do not wait for each other come together.
const TOUCHED_ROWS: usize = 16;
/// The seen word of nothing: the latest first and the earliest last.
pub(super) const NEVER_SEEN: u64 = 0xffff_ffff_0000_0000;

impl Table {
    pub(super) fn new(shape: Shape, seed: u64) -> Self {
        Self { shape, seed, words: Vec::new(), filled: 0 }
    }

    /// Filled rows.
    pub(super) fn len(&self) -> usize {
        self.filled
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }

    /// Adds packed rows to those of the same keys.
    pub(super) fn add(&mut self, rows: &[u64]) {
        // Widths known when compiling make hashing, comparing and copying straight-line code.
        match (self.shape.key_words, self.shape.stride()) {
            (1, 3) => self.add_by(rows, 1, 3),
            (1, 4) => self.add_by(rows, 1, 4),
            (1, 5) => self.add_by(rows, 1, 5),
            (2, 4) => self.add_by(rows, 2, 4),
            (2, 5) => self.add_by(rows, 2, 5),
            (key_words, stride) => self.add_by(rows, key_words, stride),
        }
    }

    #[inline(always)]
    fn add_by(&mut self, rows: &[u64], key_words: usize, stride: usize) {
        for group in rows.chunks(stride * TOUCHED_ROWS) {
            if (self.filled + TOUCHED_ROWS) * 4 > self.capacity() * 3 {
                self.grow();
            }
            let mut places = [0; TOUCHED_ROWS];
            let mut touched = 0;
            for (place, row) in places.iter_mut().zip(group.chunks_exact(stride)) {
                *place = self.place(hash(&row[..key_words], self.seed)) * stride;
                touched ^= self.words[*place + key_words];
            }
            std::hint::black_box(touched);
            for (place, row) in places.into_iter().zip(group.chunks_exact(stride)) {
                self.add_at(place, row, key_words, stride);
            }
        }
    }

    /// Adds a row that belongs at a place or after it; there must be a free one.
    #[inline(always)]
    fn add_at(&mut self, mut place: usize, row: &[u64], key_words: usize, stride: usize) {
        loop {
            if place == self.words.len() {
                place = 0;
            }
            let slot = &mut self.words[place..place + stride];
            if slot[key_words] == 0 {
                slot.copy_from_slice(row);
                self.filled += 1;
                return;
            }
            if slot[..key_words] == row[..key_words] {
                join(&mut slot[key_words..], &row[key_words..], self.shape);
                return;
            }
            place += stride;
        }
    }

    /// The sums of a packed key, if it is there.
    pub(super) fn find(&self, key: &[u64]) -> Option<&[u64]> {
        let (stride, key_words) = (self.shape.stride(), self.shape.key_words);
        if self.filled == 0 {
            return None;
        }
        let mut place = self.place(hash(key, self.seed)) * stride;
        loop {
            if place == self.words.len() {
                place = 0;
            }
            let slot = &self.words[place..place + stride];
            if slot[key_words] == 0 {
                return None;
            }
            if slot[..key_words] == *key {
                return Some(&slot[key_words..]);
            }
            place += stride;
        }
    }

    /// The filled rows, whole, in no order that means anything.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u64]> {
        let key_words = self.shape.key_words;
        self.words.chunks_exact(self.shape.stride()).filter(move |row| row[key_words] != 0)
    }

    fn capacity(&self) -> usize {
        self.words.len() / self.shape.stride()
    }

    /// A place proportional to the hash's upper bits; shards are told by the lower ones.
    fn place(&self, hash: u64) -> usize {
        let place = (u128::from(hash) * self.capacity() as u128) >> 64;
        usize::try_from(place).unwrap_or(0)
    }

    #[cold]
    fn grow(&mut self) {
        let capacity = (self.capacity() + self.capacity() / 2).max(ROWS_MIN);
        let words = vec![0; capacity * self.shape.stride()];
        let old = std::mem::replace(&mut self.words, words);
        self.filled = 0;
        let key_words = self.shape.key_words;
        let stride = self.shape.stride();
        for row in old.chunks_exact(stride).filter(|row| row[key_words] != 0) {
            let place = self.place(hash(&row[..key_words], self.seed)) * stride;
            self.add_at(place, row, key_words, stride);
        }
    }
}

/// Adds one row's sums to another's. A sum that would pass 2⁶⁴ stays at the top, whatever the order of adding.
#[inline(always)]
pub(super) fn join(sums: &mut [u64], other: &[u64], shape: Shape) {
    for (sum, other) in sums[..shape.sum_words].iter_mut().zip(other) {
        *sum = sum.saturating_add(*other);
    }
    if shape.seen {
        let place = shape.sum_words;
        sums[place] = join_seen(sums[place], other[place]);
    }
}

/// The earlier first and the later last.
#[inline]
pub(super) fn join_seen(one: u64, other: u64) -> u64 {
    const LAST: u64 = 0xffff_ffff;
    (one & !LAST).min(other & !LAST) | (one & LAST).max(other & LAST)
}

/// Hashes the words of a key: a multiplication folded onto itself for each, with a seed that differs from run to run
/// so that nobody can write logs that make a table slow.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "folding joins the low half of the product with its high half")]
pub(super) fn hash(key: &[u64], seed: u64) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |one: u64, two: u64| {
        let product = u128::from(one) * u128::from(two);
        (product >> 64) as u64 ^ product as u64
    };
    let joined = key.iter().fold(seed, |hash, word| fold(hash ^ word, ODD ^ seed.rotate_left(32) | 1));
    fold(joined, ODD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn a_table_sums_as_a_map_does(keys in proptest::collection::vec((0u64..40, 0u64..5, 0u32..1000), 0..400), seed: u64) {
            let shape = Shape { key_words: 2, sum_words: 2, seen: true };
            let mut table = Table::new(shape, seed);
            let mut map: BTreeMap<[u64; 2], [u64; 3]> = BTreeMap::new();
            for (one, two, time) in keys {
                let seen = u64::from(time) << 32 | u64::from(time);
                table.add(&[one, two, 1, one * 10, seen]);
                let sums = map.entry([one, two]).or_insert([0, 0, NEVER_SEEN]);
                *sums = [sums[0] + 1, sums[1] + one * 10, join_seen(sums[2], seen)];
            }
            let found: BTreeMap<_, _> = table.rows().map(|row| ([row[0], row[1]], [row[2], row[3], row[4]])).collect();
            prop_assert_eq!(table.len(), map.len());
            prop_assert!(map.iter().all(|(key, sums)| table.find(key) == Some(&sums[..])));
            prop_assert_eq!(found, map);
            prop_assert_eq!(table.find(&[99, 99]), None);
        }
    }

    #[test]
    fn a_sum_stays_at_the_top_in_whatever_order() {
        let shape = Shape { key_words: 1, sum_words: 2, seen: false };
        let mut table = Table::new(shape, 7);
        for bytes in [u64::MAX - 1, 5, 3] {
            table.add(&[1, 1, bytes]);
        }
        assert_eq!(table.find(&[1]), Some(&[3, u64::MAX][..]));
    }
}
