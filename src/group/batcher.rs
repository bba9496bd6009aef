//! A worker's buffer in front of the shared tables: packs selected records, pre-aggregates recent groups, and collects
//! the others by shard, so that a shard's lock is taken once for many rows.

use std::sync::Arc;

use super::derive;
use super::key::{Rows, is_wide};
use super::recent::Recent;
use super::shared::{SHARDS, Shared, overflowed, shard_of, table_of};
use super::spec::Spec;
use super::table::hash;
use super::vantages::Vantages;
use super::wire::Groups;
use crate::decode::{Dictionary, Flows, Values};
use crate::schema::{ABSENT_BIG, ABSENT_TIME, Column, Kind};

/// Rows of one shard that a worker collects before it takes the shard's lock.
const BATCH_ROWS: usize = 128;

/// Packs records and collects them by shard. Flushes to the shared tables when dropped.
#[derive(Debug)]
pub struct Batcher {
    shared: Arc<Shared>,
    /// Codes of the worker's dictionary as codes of the shared one.
    codes: Vec<u32>,
    /// For each table, the rows met last.
    recent: [Recent; 4],
    /// Batches by table and shard.
    batches: Vec<Vec<u64>>,
    packed: Vec<u64>,
    scratch: Vec<Values>,
    picks: [Vec<u32>; 2],
    views: Option<Vantages>,
}

impl Batcher {
    /// A worker's batcher.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        let frame = &shared.frame;
        let scratch = frame.spec.keys.iter().map(|key| Values::new(key.column.kind())).collect();
        let recent = [0, 0, 1, 1].map(|wide: usize| Recent::new(frame.spec.shape(&frame.layouts[wide])));
        let batches = vec![Vec::new(); 4 * SHARDS];
        let views = (!frame.spec.vantages.is_empty()).then(|| Vantages::new(&frame.spec.vantages));
        let (codes, packed, picks) = Default::default();
        Self { shared, codes, recent, batches, packed, scratch, picks, views }
    }

    /// Adds the picked records of a block. `dictionary` must be the same one every time.
    pub fn add(&mut self, flows: &Flows, dictionary: &Dictionary, picked: &[u32], rejected: bool) {
        self.add_noted(flows, None, dictionary, picked, rejected);
    }

    /// The same for records of which something is known beside their own columns: the values of a further column.
    pub fn add_noted(
        &mut self,
        flows: &Flows,
        noted: Option<(Column, &Values)>,
        dictionary: &Dictionary,
        picked: &[u32],
        rejected: bool,
    ) {
        if picked.is_empty() {
            return;
        }
        let mut views = self.views.take();
        if let Some(views) = &mut views {
            views.look(flows, dictionary, picked);
        }
        match &mut views {
            Some(views) => self.learn_vantages(&views.take_new()),
            None => self.learn(dictionary),
        }
        let shared = self.shared();
        let mut scratch = std::mem::take(&mut self.scratch);
        let keys: Vec<&Values> = (shared.frame.spec.keys.iter().zip(&mut scratch))
            .map(|(key, scratch)| match (&views, noted) {
                (Some(views), _) if key.column == Column::Vantage => views.values(),
                (_, Some((column, values))) if key.column == column => values,
                _ => derive::values_in(shared.frame.zone, key.column, flows, scratch),
            })
            .collect();
        let mut picks = std::mem::take(&mut self.picks);
        split_by_width(&keys, picked, &mut picks);
        for (wide, picks) in picks.iter().enumerate().filter(|(_, picks)| !picks.is_empty()) {
            self.pack(wide, &keys, picks, |rows, word, picks| put_sums(&shared.frame.spec, flows, rows, word, picks));
            self.spread(wide, rejected);
        }
        self.picks = picks;
        self.scratch = scratch;
        self.views = views;
    }

    /// Bytes of memory that grow with the texts met, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.codes.capacity() * size_of::<u32>() + self.views.as_ref().map_or(0, Vantages::bytes)
    }

    /// Adds groups that are summed already. `names` has the texts of their keys, and must be the same one every time.
    pub(super) fn add_groups(&mut self, groups: &Groups, names: &Dictionary) {
        self.learn(names);
        let keys: Vec<&Values> = groups.keys.iter().collect();
        let mut picks = std::mem::take(&mut self.picks);
        for rejected in [false, true] {
            let picked = (0u32..).zip(&groups.rejected).filter(|(_, is_rejected)| **is_rejected == rejected);
            let picked: Vec<u32> = picked.map(|(row, _)| row).collect();
            split_by_width(&keys, &picked, &mut picks);
            for (wide, picks) in picks.iter().enumerate().filter(|(_, picks)| !picks.is_empty()) {
                self.pack(wide, &keys, picks, |rows, word, picks| {
                    for (word, column) in (word..).zip(groups.counts.iter().chain(&groups.seen)) {
                        rows.put(word, picks, |row| column[row]);
                    }
                });
                self.spread(wide, rejected);
            }
        }
        self.picks = picks;
    }

    /// The tables that it leads into.
    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Adds a packed row whose texts have the shared dictionary's codes.
    pub(super) fn add_row(&mut self, table: usize, row: &[u64]) {
        let key_words = self.shared.frame.layouts[table / 2].words;
        let hash = hash(&row[..key_words], self.shared.frame.seed);
        collect(&self.shared, &mut self.batches, table, hash, row);
    }

    /// Translates the codes that the worker's dictionary has learnt since the last block.
    fn learn(&mut self, dictionary: &Dictionary) {
        let textual = self.shared.frame.spec.keys.iter().any(|key| key.column.kind() == Kind::Text);
        if textual && self.codes.len() < dictionary.len() {
            let new = self.codes.len()..dictionary.len();
            let texts = new.map(|code| dictionary.text(u32::try_from(code).unwrap_or(0)));
            self.shared.codes(texts, &mut self.codes);
        }
    }

    /// The same for vantages met since then. They are the only texts of a key that has them.
    fn learn_vantages(&mut self, new: &[Vec<u8>]) {
        if self.codes.is_empty() {
            self.learn(&Dictionary::default());
        }
        if !new.is_empty() {
            self.shared.codes(new.iter().map(Vec::as_slice), &mut self.codes);
        }
    }

    /// Packs the picked rows: the key, and from the given word on what `sums` puts there.
    fn pack(&mut self, wide: usize, keys: &[&Values], picks: &[u32], sums: impl FnOnce(&mut Rows<'_>, usize, &[u32])) {
        let (spec, layout) = (&self.shared.frame.spec, &self.shared.frame.layouts[wide]);
        let shape = spec.shape(layout);
        self.packed.clear();
        self.packed.resize(picks.len() * shape.stride(), 0);
        let mut rows = Rows { words: &mut self.packed, stride: shape.stride() };
        for (place, (key, values)) in spec.keys.iter().zip(keys).enumerate() {
            layout.encode(place, key, values, &self.codes, picks, &mut rows);
        }
        sums(&mut rows, shape.key_words, picks);
    }

    /// Spreads the packed rows over the shards' batches.
    fn spread(&mut self, wide: usize, rejected: bool) {
        let shape = self.shared.frame.spec.shape(&self.shared.frame.layouts[wide]);
        let table = table_of(wide == 1, rejected);
        // The widths of most questions, known when compiling: a row is then copied by a few moves and not by a call.
        match (shape.key_words, shape.stride()) {
            (1, 2) => self.spread_by(table, 1, 2),
            (1, 3) => self.spread_by(table, 1, 3),
            (1, 4) => self.spread_by(table, 1, 4),
            (2, 5) => self.spread_by(table, 2, 5),
            (3, 6) => self.spread_by(table, 3, 6),
            (3, 7) => self.spread_by(table, 3, 7),
            (key_words, stride) => self.spread_by(table, key_words, stride),
        }
    }

    #[inline(always)]
    fn spread_by(&mut self, table: usize, key_words: usize, stride: usize) {
        let Self { shared, recent, batches, packed, .. } = self;
        let seed = shared.frame.seed;
        recent[table].add(
            packed,
            (key_words, stride),
            |key| hash(key, seed),
            |hash, row| {
                collect(shared, batches, table, hash, row);
            },
        );
    }

    /// Hands everything collected to the shared tables.
    fn flush(&mut self) {
        let Self { shared, recent, batches, .. } = self;
        let seed = shared.frame.seed;
        for (table, recent) in recent.iter_mut().enumerate() {
            if recent.has_overflowed() {
                shared.fail(overflowed());
            }
            recent.flush(|key| hash(key, seed), |hash, row| collect(shared, batches, table, hash, row));
        }
        for (place, batch) in batches.iter_mut().enumerate().filter(|(_, batch)| !batch.is_empty()) {
            shared.add(place % SHARDS, place / SHARDS, batch);
            batch.clear();
        }
    }
}

impl Drop for Batcher {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Puts a row into its shard's batch and hands on a full one.
#[inline(always)]
fn collect(shared: &Shared, batches: &mut [Vec<u64>], table: usize, hash: u64, row: &[u64]) {
    let shard = shard_of(hash);
    let batch = &mut batches[table * SHARDS + shard];
    batch.extend_from_slice(row);
    if batch.len() >= BATCH_ROWS * row.len() {
        shared.add(shard, table, batch);
        batch.clear();
    }
}

/// Puts the sums of the picked records into their rows, from a word on: records, bytes, packets, seen.
fn put_sums(spec: &Spec, flows: &Flows, rows: &mut Rows<'_>, mut word: usize, picks: &[u32]) {
    match flows.bigs(Column::RecordCount) {
        Some(weights) => rows.put(word, picks, |row| weights[row]),
        None => rows.put(word, picks, |_| 1),
    }
    for (asked, column) in [(spec.bytes, Column::Bytes), (spec.packets, Column::Packets)] {
        if asked {
            word += 1;
            let values = flows.bigs(column).unwrap_or(&[]);
            rows.put(word, picks, |row| values.get(row).copied().filter(|v| *v != ABSENT_BIG).unwrap_or(0));
        }
    }
    if spec.seen {
        // A record's only start is its last one, unless it is a sum of many.
        let last = [Column::LastStart, Column::Start].into_iter().find_map(|column| flows.smalls(column));
        let last = if spec.starts { last } else { flows.smalls(Column::End) };
        let [starts, ends] = [flows.smalls(Column::Start), last].map(Option::unwrap_or_default);
        rows.put(word + 1, picks, |row| {
            let first = starts.get(row).copied().unwrap_or(ABSENT_TIME);
            let last = ends.get(row).copied().filter(|end| *end != ABSENT_TIME).unwrap_or(0);
            u64::from(first) << 32 | u64::from(last)
        });
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
