//! The three types of one sum: [`Partial`] (merges), [`Rollup`] (merged, finished grouping) and, later, a report.

use std::ops::{Deref, Range};
use std::sync::Arc;

use super::key::{KeyValue, Part};
use super::memory::Share;
use super::merge::Merge;
use super::shared::{Frame, Overflow, SHARDS, Shard, Tables, overflowed, table_of};
use super::spec::{Spec, Sums};
use super::table::Table;
use crate::decode::Dictionary;
use crate::error::Error;

/// Sums that can still be merged with others.
#[derive(Debug)]
pub struct Partial {
    pub(super) frame: Frame,
    pub(super) names: Dictionary,
    pub(super) shards: Vec<Shard>,
    /// What texts and tables use of the memory.
    pub(super) shares: [Share; 2],
}

impl Partial {
    /// No records yet; see [`Shared::new`](super::Shared::new) for the seed.
    #[must_use]
    pub fn new(spec: Arc<Spec>, seed: u64) -> Self {
        let frame = Frame::new(spec, seed, None);
        Self { names: Dictionary::default(), shards: frame.shards(), shares: frame.shares(), frame }
    }

    /// Adds another partial of the same spec and seed. Associative and commutative, with [`Self::new`] as the empty one.
    /// [`Merge`] does the same on many threads.
    ///
    /// # Errors
    /// If spec or seed differ, or spilled rows cannot be read or written.
    pub fn merge(self, other: Self) -> Result<Self, Error> {
        let merge = Merge::new(self, other)?;
        let mut batcher = merge.batcher();
        merge.shards().try_for_each(|shard| merge.shard(shard, &mut batcher))?;
        drop(batcher);
        merge.finish()
    }

    /// Limits the memory of sums that had no limit.
    pub(super) fn limit(&mut self, overflow: Option<Overflow>) {
        self.frame.overflow = overflow;
        self.shares = self.frame.shares();
        self.shares[1].grow(self.shards.iter().flat_map(|shard| &shard.tables).map(Table::bytes).sum());
    }

    /// A shard's tables with what was spilled of them.
    pub(super) fn tables(&self, shard: usize) -> Result<Whole<'_>, Error> {
        let (shard, frame) = (&self.shards[shard], &self.frame);
        if !shard.is_spilled() {
            return Ok(Whole::Kept(&shard.tables));
        }
        // Rows of a run are in hash order: inserted by the same hashes, they would cluster at one end of a growing
        // table.
        let mut tables = Frame { seed: !frame.seed, ..frame.clone() }.tables();
        shard.rows(frame, |table, rows| tables[table].add(rows))?;
        if tables.iter().any(Table::has_overflowed) {
            return Err(overflowed());
        }
        Ok(Whole::Rebuilt(Box::new(tables)))
    }

    /// Says that nothing more will be merged.
    #[must_use]
    pub fn finish(self) -> Rollup {
        Rollup { partial: self }
    }
}

/// Merged sums: every group, its key and its sums.
#[derive(Debug)]
pub struct Rollup {
    pub(super) partial: Partial,
}

/// A group of a roll-up, in its table.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    wide: bool,
    words: &'a [u64],
    /// The sums of its counted records.
    pub counted: Sums,
    /// The sums of its rejected records.
    pub rejected: Sums,
}

/// A group's key, taken out of its table: see [`Rollup::values`].
#[derive(Clone, Debug)]
pub struct GroupKey {
    wide: bool,
    words: Box<[u64]>,
}

/// A shard's tables with every row in them.
pub(super) enum Whole<'a> {
    Kept(&'a Tables),
    Rebuilt(Box<Tables>),
}

impl Deref for Whole<'_> {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        match self {
            Self::Kept(tables) => tables,
            Self::Rebuilt(tables) => tables,
        }
    }
}

/// Reads one column of keys without taking the others apart; see [`Rollup::reader`].
#[derive(Clone, Copy, Debug)]
pub struct KeyReader([Part; 2]);

impl Group<'_> {
    /// A column of texts, times or small numbers as it is packed: a code of the dictionary, seconds, a number, or the
    /// kind's absent value.
    #[inline]
    #[must_use]
    pub fn half(&self, column: KeyReader) -> u32 {
        column.0[usize::from(self.wide)].half(self.words)
    }

    /// A column of addresses.
    #[inline]
    #[must_use]
    pub fn address(&self, column: KeyReader) -> u128 {
        column.0[usize::from(self.wide)].address(self.words)
    }

    /// Its key, to be kept.
    #[must_use]
    pub fn key(&self) -> GroupKey {
        GroupKey { wide: self.wide, words: self.words.into() }
    }
}

impl Rollup {
    /// What was summed, by what.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.partial.frame.spec
    }

    /// The dictionary of the keys' texts.
    #[must_use]
    pub fn names(&self) -> &Dictionary {
        &self.partial.names
    }

    /// How much memory the tables may take, and where the rest goes.
    #[must_use]
    pub fn overflow(&self) -> Option<&Overflow> {
        self.partial.frame.overflow.as_ref()
    }

    /// Calls with each group of a shard, in no order that means anything.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub fn for_each_group(&self, shard: usize, mut each: impl FnMut(Group<'_>)) -> Result<(), Error> {
        let Frame { spec, layouts, .. } = &self.partial.frame;
        let tables = self.tables(shard)?;
        for wide in [false, true] {
            let words = layouts[usize::from(wide)].words;
            let (counted, rejected) = (&tables[table_of(wide, false)], &tables[table_of(wide, true)]);
            for row in counted.rows() {
                let (words, sums) = row.split_at(words);
                let rejected = rejected.find(words).map_or_else(Sums::default, |sums| spec.sums(sums));
                each(Group { wide, words, counted: spec.sums(sums), rejected });
            }
            for row in rejected.rows().filter(|row| counted.find(&row[..words]).is_none()) {
                let (words, sums) = row.split_at(words);
                each(Group { wide, words, counted: Sums::default(), rejected: spec.sums(sums) });
            }
        }
        Ok(())
    }

    /// Calls with the counted part of each group of a shard and, apart, with the rejected part.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub fn for_each_part(&self, shard: usize, mut each: impl FnMut(Group<'_>)) -> Result<(), Error> {
        let Frame { spec, layouts, .. } = &self.partial.frame;
        let tables = self.tables(shard)?;
        for (wide, is_rejected) in [(false, false), (false, true), (true, false), (true, true)] {
            for row in tables[table_of(wide, is_rejected)].rows() {
                let (words, sums) = row.split_at(layouts[usize::from(wide)].words);
                let (sums, none) = (spec.sums(sums), Sums::default());
                let (counted, rejected) = if is_rejected { (none, sums) } else { (sums, none) };
                each(Group { wide, words, counted, rejected });
            }
        }
        Ok(())
    }

    /// A shard's tables with what was spilled of them.
    pub(super) fn tables(&self, shard: usize) -> Result<Whole<'_>, Error> {
        self.partial.tables(shard)
    }

    /// A key's values, one per column.
    pub fn values<'a>(&'a self, key: &'a GroupKey) -> impl Iterator<Item = KeyValue> + use<'a> {
        self.unpack(key.wide, &key.words)
    }

    /// A reader of a column of the keys, by its place.
    #[must_use]
    pub fn reader(&self, place: usize) -> KeyReader {
        let layouts = &self.partial.frame.layouts;
        KeyReader([layouts[0].part(place), layouts[1].part(place)])
    }

    /// The values of a group's key, one per column.
    pub fn group_values<'a>(&'a self, group: &Group<'a>) -> impl Iterator<Item = KeyValue> + use<'a> {
        self.unpack(group.wide, group.words)
    }

    fn unpack<'a>(&'a self, wide: bool, words: &'a [u64]) -> impl Iterator<Item = KeyValue> + use<'a> {
        let Frame { spec, layouts, .. } = &self.partial.frame;
        let layout = &layouts[usize::from(wide)];
        spec.keys.iter().enumerate().map(move |(place, column)| layout.value(place, column, words))
    }

    /// The order of groups with equal sums: by key, column by column.
    #[must_use]
    pub fn compare_keys(&self, one: &GroupKey, other: &GroupKey) -> std::cmp::Ordering {
        let mut pairs = self.values(one).zip(self.values(other)).map(|(one, two)| one.compare(two, self.names()));
        pairs.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    }

    /// The shards, each of which has groups of its own.
    #[must_use]
    pub fn shards(&self) -> Range<usize> {
        0..SHARDS
    }
}
