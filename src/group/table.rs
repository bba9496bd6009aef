//! Sums by packed key: an open-addressing table of rows of words.
//!
//! A row is the key's words, then flows (never zero in a filled row, so it marks one), then the other sums, then the
//! seen word. Keys of any width and any choice of sums are one table type; the row is the whole memory of a group,
//! which is what limits how many groups fit. Rows are found by linear probing from a place proportional to the
//! hash, so the table can grow by less than doubling.

/// A table of sums.
#[derive(Debug)]
pub(super) struct Table {
    shape: Shape,
    seed: u64,
    words: Vec<u64>,
    /// The word that the first row starts at, where a line of the cache starts: short rows then lie in one line each.
    start: usize,
    /// Rows there is room for.
    capacity: usize,
    filled: usize,
    /// Whether a sum reached the top of 64 bits, and so is none.
    overflowed: bool,
}

/// How a row is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) key_words: usize,
    /// Flows, and bytes and packets where requested.
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
/// Bytes that memory is read by.
const LINE_BYTES: usize = 64;
/// Bytes that the system gives memory by, at least.
const PAGE_BYTES: usize = 4096;
/// The seen word of nothing: the latest first and the earliest last.
pub(super) const NEVER_SEEN: u64 = 0xffff_ffff_0000_0000;

impl Table {
    pub(super) fn new(shape: Shape, seed: u64) -> Self {
        Self { shape, seed, words: Vec::new(), start: 0, capacity: 0, filled: 0, overflowed: false }
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }

    /// Whether any sum passed 64 bits.
    pub(super) fn has_overflowed(&self) -> bool {
        self.overflowed
    }

    /// Adds packed rows to those of the same keys.
    pub(super) fn add(&mut self, rows: &[u64]) {
        // Widths known when compiling make hashing, comparing and copying straight-line code.
        match (self.shape.key_words, self.shape.stride()) {
            (1, 2) => self.add_by(rows, 1, 2),
            (1, 3) => self.add_by(rows, 1, 3),
            (1, 4) => self.add_by(rows, 1, 4),
            (1, 5) => self.add_by(rows, 1, 5),
            (2, 4) => self.add_by(rows, 2, 4),
            (2, 5) => self.add_by(rows, 2, 5),
            (3, 7) => self.add_by(rows, 3, 7),
            (key_words, stride) => self.add_by(rows, key_words, stride),
        }
    }

    #[inline(always)]
    fn add_by(&mut self, rows: &[u64], key_words: usize, stride: usize) {
        for group in rows.chunks(stride * TOUCHED_ROWS) {
            if (self.filled + TOUCHED_ROWS) * 4 > self.capacity * 3 {
                self.grow();
            }
            let slots = &mut self.words[self.start..][..self.capacity * stride];
            let mut places = [0; TOUCHED_ROWS];
            let mut touched = 0;
            for (place, row) in places.iter_mut().zip(group.chunks_exact(stride)) {
                *place = slot_place(hash(&row[..key_words], self.seed), self.capacity) * stride;
                touched ^= slots[*place + key_words];
            }
            std::hint::black_box(touched);
            for (place, row) in places.into_iter().zip(group.chunks_exact(stride)) {
                let added = add_at(slots, place, row, key_words, stride, self.shape.seen);
                self.filled += usize::from(added == Added::New);
                self.overflowed |= added == Added::Overflowed;
            }
        }
    }

    /// The sums of a packed key, if present.
    pub(super) fn find(&self, key: &[u64]) -> Option<&[u64]> {
        let (stride, key_words) = (self.shape.stride(), self.shape.key_words);
        if self.filled == 0 {
            return None;
        }
        let slots = self.slots();
        let mut place = slot_place(hash(key, self.seed), self.capacity) * stride;
        loop {
            if place == slots.len() {
                place = 0;
            }
            let slot = &slots[place..place + stride];
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
        self.slots().chunks_exact(self.shape.stride()).filter(move |row| row[key_words] != 0)
    }

    fn slots(&self) -> &[u64] {
        &self.words[self.start..][..self.capacity * self.shape.stride()]
    }

    #[cold]
    fn grow(&mut self) {
        let (stride, key_words) = (self.shape.stride(), self.shape.key_words);
        let capacity = (self.capacity + self.capacity / 2).max(ROWS_MIN);
        let mut words = zeros(capacity * stride + LINE_BYTES / size_of::<u64>() - 1);
        let start = words.as_ptr().addr().wrapping_neg() % LINE_BYTES / size_of::<u64>();
        let slots = &mut words[start..][..capacity * stride];
        for row in self.rows() {
            let place = slot_place(hash(&row[..key_words], self.seed), capacity) * stride;
            add_at(slots, place, row, key_words, stride, self.shape.seen);
        }
        (self.words, self.start, self.capacity) = (words, start, capacity);
    }
}

/// Zeroes words in existing memory.
///
/// Fresh memory is one shared page of zeros until it is written to. A table looks at a place before it writes there, and
/// taking the shared page back interrupts every other core of the process: a fifth of all time on two cores.
fn zeros(words: usize) -> Vec<u64> {
    let mut zeros = vec![0; words];
    zeros.iter_mut().step_by(PAGE_BYTES / size_of::<u64>()).for_each(|word| *word = std::hint::black_box(0));
    zeros
}

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Added {
    New,
    Joined,
    Overflowed,
}

/// Adds a row that belongs at a place or after it, where there must be a free one.
#[inline(always)]
fn add_at(slots: &mut [u64], mut place: usize, row: &[u64], key_words: usize, stride: usize, seen: bool) -> Added {
    loop {
        if place == slots.len() {
            place = 0;
        }
        let slot = &mut slots[place..place + stride];
        if slot[key_words] == 0 {
            slot.copy_from_slice(row);
            return Added::New;
        }
        if slot[..key_words] == row[..key_words] {
            let overflowed = join(&mut slot[key_words..], &row[key_words..], seen);
            return if overflowed { Added::Overflowed } else { Added::Joined };
        }
        place += stride;
    }
}

/// A position proportional to the hash's upper bits; shards use the lower ones.
#[inline]
fn slot_place(hash: u64, capacity: usize) -> usize {
    let place = (u128::from(hash) * capacity as u128) >> 64;
    usize::try_from(place).unwrap_or(0)
}

/// Adds one row's sums to another's. A sum beyond 64 bits saturates, in any order of adding; returns whether one did.
/// The saturated value is also the absent value, so it must never pass for a sum.
#[inline(always)]
pub(super) fn join(sums: &mut [u64], other: &[u64], seen: bool) -> bool {
    let counts = sums.len() - usize::from(seen);
    let mut overflowed = false;
    for (sum, other) in sums[..counts].iter_mut().zip(other) {
        *sum = sum.saturating_add(*other);
        overflowed |= *sum == u64::MAX;
    }
    if seen {
        sums[counts] = join_seen(sums[counts], other[counts]);
    }
    overflowed
}

/// The earlier first and the later last.
#[inline]
pub(super) fn join_seen(one: u64, other: u64) -> u64 {
    const LAST: u64 = 0xffff_ffff;
    (one & !LAST).min(other & !LAST) | (one & LAST).max(other & LAST)
}

/// The places below a number, each once, in an order every beginning of which is spread evenly.
///
/// Rows of a table are in hash order. Inserted into another table in that order they would cluster at one end while it
/// is growing.
pub(super) fn scattered(count: usize) -> impl Iterator<Item = usize> {
    let mut step = (count / 8 * 5).max(1);
    while greatest_common_divisor(step, count) > 1 {
        step += 1;
    }
    (0..count).scan(0, move |next, _| {
        let place = *next;
        *next = (place + step) % count;
        Some(place)
    })
}

fn greatest_common_divisor(one: usize, other: usize) -> usize {
    if other == 0 { one } else { greatest_common_divisor(other, one % other) }
}

/// Hashes the words of a key: a folded multiplication for each, with a random seed per run so that crafted logs cannot
/// make a table slow; all tables of a job share a seed, drawn when it is planned.
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
            prop_assert_eq!(table.filled, map.len());
            prop_assert!(map.iter().all(|(key, sums)| table.find(key) == Some(&sums[..])));
            prop_assert_eq!(found, map);
            prop_assert_eq!(table.find(&[99, 99]), None);
        }
    }

    #[test]
    fn scattered_places_are_all_of_them_and_their_beginnings_are_spread() {
        for count in [0, 1, 2, 3, 8, 32, 48, 972, 1000] {
            let mut places: Vec<_> = scattered(count).collect();
            if count > 500 {
                let mut first = places[..32].to_vec();
                first.sort_unstable();
                assert!(first.windows(2).all(|pair| pair[1] - pair[0] < count / 8), "{first:?}");
            }
            places.sort_unstable();
            assert_eq!(places, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_sum_stays_at_the_top_in_any_order() {
        let shape = Shape { key_words: 1, sum_words: 2, seen: false };
        let mut table = Table::new(shape, 7);
        for bytes in [u64::MAX - 1, 5, 3] {
            table.add(&[1, 1, bytes]);
        }
        assert_eq!(table.find(&[1]), Some(&[3, u64::MAX][..]));
        assert!(table.has_overflowed());
    }
}
