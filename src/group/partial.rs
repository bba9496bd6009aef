//! The three types of one sum: [`Partial`] (merges), [`Rollup`] (merged, finished grouping) and, later, a report.
//!
//! Groups are spread over shards by their hash. Workers put records into a [`Batcher`] each, which hands full batches
//! of a shard to one [`Shared`] table set under the shard's lock: a shard fits a core's cache while its batch is
//! added, and no worker keeps a copy of a group. Whatever the order, the sums are the same.

use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use super::derive;
use super::key::{Key, KeyValue, Layout, Rows, is_wide};
use super::table::{NEVER_SEEN, Shape, Table, hash};
use crate::decode::{Dictionary, Flows, Values};
use crate::schema::{ABSENT_BIG, ABSENT_TIME, Column, ColumnSet, Kind};

/// Shards of a table set.
pub const SHARDS: usize = 256;
/// Rows of one shard that a worker collects before it takes the shard's lock.
const BATCH_ROWS: usize = 128;

/// What is summed, by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The columns to group by; none for one group of everything.
    pub keys: Vec<Key>,
    /// Whether bytes are summed. Flows always are.
    pub bytes: bool,
    /// Whether packets are summed.
    pub packets: bool,
    /// Whether the first start and the last end are kept.
    pub seen: bool,
    /// Whether the distinct values of a further column have been counted: see `Rollup::count_distinct`.
    pub distinct: bool,
}

impl Spec {
    /// The columns that must be decoded for it.
    #[must_use]
    pub fn columns(&self) -> ColumnSet {
        let measured = [
            (self.bytes, Column::Bytes),
            (self.packets, Column::Packets),
            (self.seen, Column::Start),
            (self.seen, Column::End),
        ];
        let measured =
            measured.iter().filter(|(asked, _)| *asked).fold(ColumnSet::default(), |set, (_, c)| set.with(*c));
        self.keys.iter().fold(measured, |set, key| set.union(key.column.decoded()))
    }

    pub(super) fn shape(&self, layout: &Layout) -> Shape {
        let sum_words = 1 + usize::from(self.bytes) + usize::from(self.packets) + usize::from(self.distinct);
        Shape { key_words: layout.words, sum_words, seen: self.seen }
    }

    /// One group's sums out of the words of its row after the key.
    fn sums(&self, words: &[u64]) -> Sums {
        let packets = 1 + usize::from(self.bytes);
        let distinct = packets + usize::from(self.packets);
        let seen = if self.seen { words[distinct + usize::from(self.distinct)] } else { NEVER_SEEN };
        let half = |word| u32::try_from(word).unwrap_or(ABSENT_TIME);
        Sums {
            flows: words[0].into(),
            bytes: if self.bytes { words[1].into() } else { 0 },
            packets: if self.packets { words[packets].into() } else { 0 },
            distinct: if self.distinct { words[distinct].into() } else { 0 },
            first_seen: half(seen >> 32),
            last_seen: half(seen & 0xffff_ffff),
        }
    }
}

/// The sums of one group or of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Records.
    pub flows: u128,
    /// Bytes, 0 where they are not summed.
    pub bytes: u128,
    /// Packets, 0 where they are not summed.
    pub packets: u128,
    /// Distinct values of a further column, 0 where they are not counted; those of two groups may be the same ones.
    pub distinct: u128,
    /// The earliest start, [`ABSENT_TIME`] where there is none.
    pub first_seen: u32,
    /// The latest end, 0 where there is none.
    pub last_seen: u32,
}

impl Default for Sums {
    fn default() -> Self {
        Self { flows: 0, bytes: 0, packets: 0, distinct: 0, first_seen: ABSENT_TIME, last_seen: 0 }
    }
}

impl Sums {
    /// Adds other sums.
    pub fn add(&mut self, other: &Self) {
        self.flows += other.flows;
        self.bytes += other.bytes;
        self.packets += other.packets;
        self.distinct += other.distinct;
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
    }
}

/// The four tables of a shard: by [`table_of`].
pub(super) type Shard = [Table; 4];

/// Wide keys apart from narrow ones, blocked records apart from counted ones.
pub(super) fn table_of(wide: bool, blocked: bool) -> usize {
    usize::from(wide) * 2 + usize::from(blocked)
}

pub(super) fn shard_of(key: &[u64], seed: u64) -> usize {
    usize::from(hash(key, seed).to_le_bytes()[0])
}

/// Sums that can still be merged with others.
#[derive(Debug)]
pub struct Partial {
    pub(super) spec: Arc<Spec>,
    pub(super) seed: u64,
    pub(super) layouts: [Layout; 2],
    pub(super) names: Dictionary,
    pub(super) shards: Vec<Shard>,
}

impl Partial {
    /// No records yet.
    #[must_use]
    pub fn new(spec: Arc<Spec>) -> Self {
        let seed = std::hash::RandomState::new().build_hasher().finish();
        let layouts = [Layout::new(&spec.keys, false), Layout::new(&spec.keys, true)];
        let [narrow, wide] = [0, 1].map(|wide| Table::new(spec.shape(&layouts[wide]), seed));
        let shard = || [narrow.clone(), narrow.clone(), wide.clone(), wide.clone()];
        let shards = (0..SHARDS).map(|_| shard()).collect();
        Self { spec, seed, layouts, names: Dictionary::default(), shards }
    }

    /// Adds another partial of the same spec. Associative and commutative, with [`Self::new`] as the empty one.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        let codes = translation(&other.names, &mut self.names);
        for (place, table) in other.shards.iter().flat_map(|shard| shard.iter().enumerate()) {
            let layout = &self.layouts[place / 2];
            for row in table.rows() {
                let mut row = row.to_vec();
                layout.translate(&self.spec.keys, &mut row, &codes);
                let shard = shard_of(&row[..layout.words], self.seed);
                self.shards[shard][place].add(&row);
            }
        }
        self
    }

    /// Says that nothing more will be merged.
    #[must_use]
    pub fn finish(self) -> Rollup {
        Rollup { partial: self }
    }
}

/// Codes of one dictionary as codes of another, which learns what it lacks.
fn translation(from: &Dictionary, to: &mut Dictionary) -> Vec<u32> {
    (0..u32::try_from(from.len()).unwrap_or(u32::MAX)).map(|code| to.code(from.text(code))).collect()
}

/// A partial that many workers add to at the same time.
#[derive(Debug)]
pub struct Shared {
    spec: Arc<Spec>,
    seed: u64,
    layouts: [Layout; 2],
    names: Mutex<Dictionary>,
    shards: Vec<Mutex<Shard>>,
}

impl Shared {
    /// No records yet.
    #[must_use]
    pub fn new(spec: Arc<Spec>) -> Self {
        let Partial { spec, seed, layouts, names, shards } = Partial::new(spec);
        Self { spec, seed, layouts, names: Mutex::new(names), shards: shards.into_iter().map(Mutex::new).collect() }
    }

    /// The partial, once every batcher has been flushed.
    #[must_use]
    pub fn into_partial(self) -> Partial {
        let shards = self.shards.into_iter().map(|shard| shard.into_inner().unwrap_or_else(PoisonError::into_inner));
        let names = self.names.into_inner().unwrap_or_else(PoisonError::into_inner);
        Partial { spec: self.spec, seed: self.seed, layouts: self.layouts, names, shards: shards.collect() }
    }

    fn add(&self, shard: usize, table: usize, rows: &[u64]) {
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)[table].add(rows);
    }
}

/// One worker's way into a [`Shared`]: packs picked records and collects them by shard.
#[derive(Debug)]
pub struct Batcher {
    shared: Arc<Shared>,
    /// Codes of the worker's dictionary as codes of the shared one.
    codes: Vec<u32>,
    /// Batches by table and shard.
    batches: Vec<Vec<u64>>,
    packed: Vec<u64>,
    scratch: Vec<Values>,
    picks: [Vec<u32>; 2],
}

impl Batcher {
    /// A worker's batcher.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        let scratch = shared.spec.keys.iter().map(|key| Values::new(key.column.kind())).collect();
        let batches = vec![Vec::new(); 4 * SHARDS];
        Self { shared, codes: Vec::new(), batches, packed: Vec::new(), scratch, picks: [Vec::new(), Vec::new()] }
    }

    /// Adds the picked records of a block. `dictionary` must be the same one every time.
    pub fn add(&mut self, flows: &Flows, dictionary: &Dictionary, picked: &[u32], blocked: bool) {
        if picked.is_empty() {
            return;
        }
        self.learn(dictionary);
        let shared = Arc::clone(&self.shared);
        let mut scratch = std::mem::take(&mut self.scratch);
        let keys: Vec<&Values> = (shared.spec.keys.iter().zip(&mut scratch))
            .map(|(key, scratch)| derive::values(key.column, flows, scratch))
            .collect();
        let mut picks = std::mem::take(&mut self.picks);
        split_by_width(&keys, picked, &mut picks);
        for (wide, picks) in picks.iter().enumerate().filter(|(_, picks)| !picks.is_empty()) {
            self.pack(wide, &keys, flows, picks);
            self.spread(wide, blocked);
        }
        self.picks = picks;
        self.scratch = scratch;
    }

    /// Hands everything collected to the shared tables.
    pub fn flush(&mut self) {
        for (place, batch) in self.batches.iter_mut().enumerate().filter(|(_, batch)| !batch.is_empty()) {
            self.shared.add(place % SHARDS, place / SHARDS, batch);
            batch.clear();
        }
    }

    /// Translates the codes that the worker's dictionary has learnt since the last block.
    fn learn(&mut self, dictionary: &Dictionary) {
        let textual = self.shared.spec.keys.iter().any(|key| key.column.kind() == Kind::Text);
        if textual && self.codes.len() < dictionary.len() {
            let mut names = self.shared.names.lock().unwrap_or_else(PoisonError::into_inner);
            let new = self.codes.len()..dictionary.len();
            self.codes.extend(new.map(|code| names.code(dictionary.text(u32::try_from(code).unwrap_or(0)))));
        }
    }

    /// Packs the picked rows: key, flows, sums, seen.
    fn pack(&mut self, wide: usize, keys: &[&Values], flows: &Flows, picks: &[u32]) {
        let (spec, layout) = (&self.shared.spec, &self.shared.layouts[wide]);
        let shape = spec.shape(layout);
        self.packed.clear();
        self.packed.resize(picks.len() * shape.stride(), 0);
        let mut rows = Rows { words: &mut self.packed, stride: shape.stride() };
        for (place, (key, values)) in spec.keys.iter().zip(keys).enumerate() {
            layout.encode(place, key, values, &self.codes, picks, &mut rows);
        }
        let mut word = shape.key_words;
        rows.put(word, picks, |_| 1);
        for (asked, column) in [(spec.bytes, Column::Bytes), (spec.packets, Column::Packets)] {
            if asked {
                word += 1;
                let values = flows.bigs(column).unwrap_or(&[]);
                rows.put(word, picks, |row| values.get(row).copied().filter(|v| *v != ABSENT_BIG).unwrap_or(0));
            }
        }
        if spec.seen {
            let [starts, ends] = [Column::Start, Column::End].map(|column| flows.smalls(column).unwrap_or(&[]));
            rows.put(word + 1, picks, |row| {
                let first = starts.get(row).copied().unwrap_or(ABSENT_TIME);
                let last = ends.get(row).copied().filter(|end| *end != ABSENT_TIME).unwrap_or(0);
                u64::from(first) << 32 | u64::from(last)
            });
        }
    }

    /// Spreads the packed rows over the shards' batches and hands on the full ones.
    fn spread(&mut self, wide: usize, blocked: bool) {
        let shape = self.shared.spec.shape(&self.shared.layouts[wide]);
        let table = table_of(wide == 1, blocked);
        // The widths of most questions, known when compiling: a row is then copied by a few moves and not by a call.
        match (shape.key_words, shape.stride()) {
            (1, 3) => self.spread_by(table, 1, 3),
            (1, 4) => self.spread_by(table, 1, 4),
            (2, 5) => self.spread_by(table, 2, 5),
            (key_words, stride) => self.spread_by(table, key_words, stride),
        }
    }

    #[inline(always)]
    fn spread_by(&mut self, table: usize, key_words: usize, stride: usize) {
        let full = BATCH_ROWS * stride;
        for row in self.packed.chunks_exact(stride) {
            let shard = shard_of(&row[..key_words], self.shared.seed);
            let batch = &mut self.batches[table * SHARDS + shard];
            batch.extend_from_slice(row);
            if batch.len() >= full {
                self.shared.add(shard, table, batch);
                batch.clear();
            }
        }
    }
}

/// Sorts the picked rows by whether their key needs the wide layout.
fn split_by_width(keys: &[&Values], picked: &[u32], picks: &mut [Vec<u32>; 2]) {
    picks.iter_mut().for_each(Vec::clear);
    let addresses: Vec<&[u128]> = keys
        .iter()
        .filter_map(|values| match values {
            Values::Address(addresses) => Some(addresses.as_slice()),
            _ => None,
        })
        .collect();
    for row in picked {
        let wide = addresses.iter().any(|addresses| is_wide(addresses[*row as usize]));
        picks[usize::from(wide)].push(*row);
    }
}

/// Merged sums: every group, its key and its sums.
#[derive(Debug)]
pub struct Rollup {
    pub(super) partial: Partial,
}

/// A group of a roll-up, not yet taken out of its tables.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    rollup: &'a Rollup,
    wide: bool,
    key: &'a [u64],
    /// The sums of its counted records.
    pub counted: Sums,
    /// The sums of its blocked records.
    pub blocked: Sums,
}

impl Rollup {
    /// What was summed, by what.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.partial.spec
    }

    /// The dictionary of the keys' texts.
    #[must_use]
    pub fn names(&self) -> &Dictionary {
        &self.partial.names
    }

    /// Bytes of memory that the groups take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let tables: usize = self.partial.shards.iter().flatten().map(Table::bytes).sum();
        tables + self.partial.names.bytes()
    }

    /// The groups of a shard, in no order that means anything.
    pub fn groups(&self, shard: usize) -> impl Iterator<Item = Group<'_>> {
        let tables = &self.partial.shards[shard];
        let spec = &self.partial.spec;
        let of = |wide: bool| {
            let words = self.partial.layouts[usize::from(wide)].words;
            let (counted, blocked) = (&tables[table_of(wide, false)], &tables[table_of(wide, true)]);
            let sums = |words: Option<&[u64]>| words.map_or_else(Sums::default, |words| spec.sums(words));
            let of_counted = counted.rows().map(move |row| {
                let (key, words) = row.split_at(words);
                Group { rollup: self, wide, key, counted: spec.sums(words), blocked: sums(blocked.find(key)) }
            });
            let blocked_alone = blocked.rows().filter(move |row| counted.find(&row[..words]).is_none());
            let of_blocked = blocked_alone.map(move |row| {
                let (key, words) = row.split_at(words);
                Group { rollup: self, wide, key, counted: Sums::default(), blocked: spec.sums(words) }
            });
            of_counted.chain(of_blocked)
        };
        of(false).chain(of(true))
    }

    /// How many groups there are.
    #[must_use]
    pub fn len(&self) -> usize {
        (0..SHARDS).map(|shard| self.groups(shard).count()).sum()
    }

    /// Whether nothing was summed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.partial.shards.iter().flatten().all(|table| table.len() == 0)
    }
}

impl Group<'_> {
    /// The group's key, a value per column.
    pub fn key(&self) -> impl Iterator<Item = KeyValue> {
        let partial = &self.rollup.partial;
        let layout = &partial.layouts[usize::from(self.wide)];
        partial.spec.keys.iter().enumerate().map(|(place, key)| layout.value(place, key, self.key))
    }

    /// The order of groups with equal sums: by key, column by column.
    #[must_use]
    pub fn compare_keys(&self, other: &Self) -> std::cmp::Ordering {
        let names = self.rollup.names();
        let mut pairs = self.key().zip(other.key()).map(|(one, two)| one.compare(two, names));
        pairs.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    }
}
