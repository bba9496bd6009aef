//! Tables that many workers add to at the same time, and that stay within a limit of memory.
//!
//! Groups are spread over shards by their hash: a shard's table fits a core's cache, no worker keeps a copy of a group,
//! and shards are finished one by one on any thread. When the tables exceed their limit, the shard that has just grown
//! is written to a [`Spill`] as a run and starts empty; a run is added back when its shard is finished. The storage of
//! a spill is abstract here.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::key::Layout;
use super::memory::{Memory, Share};
use super::partial::Partial;
use super::spec::Spec;
use super::table::Table;
use crate::decode::Dictionary;
use crate::error::Error;
use crate::units::time::Zone;

/// Shards of a table set.
pub const SHARDS: usize = 256;
/// Words of one run: enough for one write to be worth it, and all that is copied at a time.
const RUN_WORDS_MAX: usize = 1 << 17;

/// A shard with less than one in so many parts of an even share is not spilled: its run would be short and free next to
/// nothing, and those with more grow soon.
const SHARE_PARTS_MIN: usize = 2;

/// Keeps rows outside of memory.
pub trait Spill: Debug + Send + Sync {
    /// Stores words and returns their position.
    ///
    /// # Errors
    /// If there is no room.
    fn write(&self, words: &[u64]) -> Result<u64, Error>;

    /// The words that were kept at a place, as many as are requested.
    ///
    /// # Errors
    /// If they cannot be read any more.
    fn read(&self, place: u64, words: &mut [u64]) -> Result<(), Error>;

    /// How much is kept.
    fn spilled_bytes(&self) -> u64;
}

/// How much memory a run may take, and where rows of tables go that are more.
#[derive(Clone, Debug)]
pub struct Overflow {
    /// The limit, and what is used of it.
    pub memory: Arc<Memory>,
    /// Where rows go that are more.
    pub spill: Arc<dyn Spill>,
}

impl Overflow {
    /// A limit of which nothing is used.
    #[must_use]
    pub fn new(memory_bytes: usize, spill: Arc<dyn Spill>) -> Self {
        Self { memory: Arc::new(Memory::new(memory_bytes)), spill }
    }
}

/// The groups that a hash leads to.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) tables: Tables,
    runs: Vec<Run>,
}

/// The tables of a shard: by [`table_of`].
pub(super) type Tables = [Table; 4];

/// Rows of one table that were spilled.
#[derive(Clone, Copy, Debug)]
struct Run {
    table: usize,
    place: u64,
    words: usize,
}

/// Wide keys apart from narrow ones, rejected records apart from counted ones.
pub(super) fn table_of(wide: bool, rejected: bool) -> usize {
    usize::from(wide) * 2 + usize::from(rejected)
}

#[inline(always)]
pub(super) fn shard_of(hash: u64) -> usize {
    usize::from(hash.to_le_bytes()[0])
}

/// What the tables of one partial have in common.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) spec: Arc<Spec>,
    pub(super) seed: u64,
    /// How narrow keys are packed, and wide ones.
    pub(super) layouts: [Layout; 2],
    pub(super) overflow: Option<Overflow>,
    /// Whose days are grouped by.
    pub(super) zone: Zone,
}

impl Frame {
    pub(super) fn new(spec: Arc<Spec>, seed: u64, overflow: Option<Overflow>) -> Self {
        let layouts = [Layout::new(&spec.keys, false), Layout::new(&spec.keys, true)];
        Self { spec, seed, layouts, overflow, zone: Zone::default() }
    }

    fn memory(&self) -> Option<&Arc<Memory>> {
        self.overflow.as_ref().map(|overflow| &overflow.memory)
    }

    pub(super) fn tables(&self) -> Tables {
        let of = |wide: usize| Table::new(self.spec.shape(&self.layouts[wide]), self.seed);
        [of(0), of(0), of(1), of(1)]
    }

    /// What texts and tables use of the memory: nothing yet.
    pub(super) fn shares(&self) -> [Share; 2] {
        [Share::kept(self.memory()), Share::of_tables(self.memory())]
    }

    pub(super) fn shards(&self) -> Vec<Shard> {
        (0..SHARDS).map(|_| Shard { tables: self.tables(), runs: Vec::new() }).collect()
    }
}

impl Shard {
    /// Whether rows of it are outside of memory.
    pub(super) fn is_spilled(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Takes the rows out, leaving it empty.
    fn spill(&mut self, frame: &Frame, spill: &dyn Spill) -> Result<(), Error> {
        let tables = std::mem::replace(&mut self.tables, frame.tables());
        let mut run = Vec::new();
        for (place, table) in tables.iter().enumerate() {
            let mut rows = table.rows().peekable();
            while let Some(row) = rows.next() {
                run.extend_from_slice(row);
                if run.len() >= RUN_WORDS_MAX || rows.peek().is_none() {
                    self.runs.push(Run { table: place, place: spill.write(&run)?, words: run.len() });
                    run.clear();
                }
            }
        }
        Ok(())
    }

    /// Visits each table in batches of rows, spilled ones last; the rows of a batch are in hash order. A key may occur
    /// several times.
    pub(super) fn rows(&self, frame: &Frame, mut each: impl FnMut(usize, &[u64])) -> Result<(), Error> {
        let mut rows = Vec::new();
        for (place, table) in self.tables.iter().enumerate() {
            rows.clear();
            table.rows().for_each(|row| rows.extend_from_slice(row));
            each(place, &rows);
        }
        for run in &self.runs {
            rows.resize(run.words, 0);
            if let Some(overflow) = &frame.overflow {
                overflow.spill.read(run.place, &mut rows)?;
            }
            each(run.table, &rows);
        }
        Ok(())
    }
}

/// A partial that many workers add to at the same time.
#[derive(Debug)]
pub struct Shared {
    pub(super) frame: Frame,
    names: Mutex<Dictionary>,
    names_share: Share,
    shards: Vec<Mutex<Shard>>,
    tables_share: Share,
    failed: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl Shared {
    /// No records yet. The seed decides which shard a key belongs to: sums that are to be merged need the same one.
    #[must_use]
    pub fn new(spec: Arc<Spec>, seed: u64, overflow: Option<Overflow>) -> Self {
        Self::with_names(spec, seed, overflow, Dictionary::default())
    }

    /// The same with days of a zone.
    #[must_use]
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.frame.zone = zone;
        self
    }

    /// No records yet, but texts that have their codes.
    pub(super) fn with_names(spec: Arc<Spec>, seed: u64, overflow: Option<Overflow>, names: Dictionary) -> Self {
        let frame = Frame::new(spec, seed, overflow);
        Self::of(Partial { names, shards: frame.shards(), shares: frame.shares(), frame })
    }

    /// A partial that workers go on adding to.
    pub(super) fn of(partial: Partial) -> Self {
        let Partial { frame, names, shards, shares: [names_share, tables_share] } = partial;
        let shards = shards.into_iter().map(Mutex::new).collect();
        let (failed, failure) = Default::default();
        Self { frame, names: Mutex::new(names), names_share, shards, tables_share, failed, failure }
    }

    /// Whether rows could not be kept: nothing more need be added then, as [`Self::into_partial`] will say why.
    #[must_use]
    pub fn failed(&self) -> &AtomicBool {
        &self.failed
    }

    /// The partial, once every batcher is gone.
    ///
    /// # Errors
    /// If rows had to be spilled and could not be.
    pub fn into_partial(self) -> Result<Partial, Error> {
        match into_inner(self.failure) {
            Some(failure) => Err(failure),
            None => Ok(Partial {
                frame: self.frame,
                names: into_inner(self.names),
                shards: self.shards.into_iter().map(into_inner).collect(),
                shares: [self.names_share, self.tables_share],
            }),
        }
    }

    /// Notes why the sums cannot be given; of several reasons the first.
    pub(super) fn fail(&self, failure: Error) {
        self.failed.store(true, Ordering::Relaxed);
        lock(&self.failure).get_or_insert(failure);
    }

    /// The codes of texts in the dictionary of the keys' texts.
    pub(super) fn codes<'t>(&self, texts: impl Iterator<Item = &'t [u8]>, codes: &mut Vec<u32>) {
        let mut names = lock(&self.names);
        codes.extend(texts.map(|text| names.code(text)));
        if let Err(failure) = self.names_share.set(names.bytes()) {
            self.fail(failure);
        }
    }

    /// Adds packed rows of one table.
    pub(super) fn add(&self, shard: usize, table: usize, rows: &[u64]) {
        let mut shard = lock(&self.shards[shard]);
        let table = &mut shard.tables[table];
        let bytes_before = table.bytes();
        table.add(rows);
        if table.has_overflowed() {
            self.fail(overflowed());
        }
        let grown_bytes = table.bytes() - bytes_before;
        if grown_bytes == 0 || !self.tables_share.grow(grown_bytes) {
            return;
        }
        let Some(overflow) = &self.frame.overflow else { return };
        let freed_bytes = shard.tables.iter().map(Table::bytes).sum();
        if freed_bytes < overflow.memory.limit_bytes() / SHARDS / SHARE_PARTS_MIN {
            return;
        }
        if let Err(failure) = shard.spill(&self.frame, &*overflow.spill) {
            self.fail(failure);
        }
        self.tables_share.shrink(freed_bytes);
    }
}

/// Why sums of 64 bits cannot be given.
pub(super) fn overflowed() -> Error {
    Error::limit(
        "a sum of bytes, packets or records passes 2⁶⁴ − 1: larger than any cloud's traffic, so some record is wrong",
    )
    .hint("find it with `outflow flows --where 'bytes > 1000000000000'`, and leave it out with --where")
}

/// A lock whose holder panicked still guards whole values here: a panic ends the run.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
