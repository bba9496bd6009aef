//! Objects → decoded blocks → takers, on all threads.
//!
//! Each thread takes whole objects, largest first, as long as there are any: inflating, decoding and grouping a block
//! in one thread keeps it in that core's cache. A thread that finds no object left helps with the blocks of those
//! still being read. What a taker makes of a block must not depend on the order of blocks.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::{Scope, ThreadPool};

use super::Job;
use super::object::{BlockOutcome, Outcome};
use super::progress::Progress;
use super::stages::Stages;
use crate::collect::{Ahead, Object};
use crate::decode::{Dictionary, Flows, Format, TextDecoder};
use crate::error::Error;
use crate::group::Share;
use crate::schema::ColumnSet;

/// Blocks that may wait for a free thread, for each thread: enough to keep it busy, few enough to bound memory.
const READ_AHEAD_BLOCKS: usize = 4;

/// Formats that are kept once for all objects: logs have a handful, and looking for one among many takes time.
const FORMATS_SHARED_MAX: usize = 64;

/// What is done with decoded blocks; one per worker.
pub(super) trait Take: Send {
    /// Bytes of memory that grow with the texts of the input and cannot be spilled, about.
    fn bytes(&self) -> usize {
        0
    }

    /// Takes a block of an object; the dictionary is the same one for all blocks of this taker.
    fn take(&mut self, object: usize, flows: &Flows, dictionary: &Dictionary);
}

/// A scan as it is set up.
pub(super) struct Scan<'a, T> {
    pub(super) job: &'a Job,
    pub(super) objects: &'a [Object],
    /// The columns to decode.
    pub(super) columns: ColumnSet,
    pub(super) progress: &'a Progress,
    pub(super) new_taker: &'a (dyn Fn() -> T + Sync),
    /// Called for every object that has been read. If set, objects are taken in order and each is read by one thread,
    /// so that its blocks are in order too.
    pub(super) object_done: Option<&'a (dyn Fn(usize) + Sync)>,
    /// Set by a taker that needs no more.
    pub(super) stopped: Option<&'a AtomicBool>,
}

/// What one thread at a time uses: decoders keep their buffers, and codes belong to one dictionary.
pub(super) struct Worker<T> {
    pub(super) decoder: TextDecoder,
    pub(super) dictionary: Dictionary,
    pub(super) flows: Flows,
    pub(super) taker: T,
    /// What dictionary and taker use of the memory.
    pub(super) share: Share,
}

/// What became of each object, in their order, and the takers with their dictionaries.
pub(super) type Scanned<T> = (Vec<Outcome>, Vec<(T, Dictionary)>);

/// A scan in progress.
pub(super) struct Running<'a, T> {
    pub(super) scan: &'a Scan<'a, T>,
    order: Vec<usize>,
    /// Opens the objects, and fetches those far away before it is their turn.
    pub(super) ahead: Ahead<'a>,
    next: AtomicUsize,
    blocks_ahead: AtomicUsize,
    workers: Mutex<Vec<Worker<T>>>,
    buffers: Mutex<Vec<Vec<u8>>>,
    formats: Mutex<Vec<Arc<Format>>>,
    outcomes: Vec<Mutex<Outcome>>,
    failed: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl<T: Take> Scan<'_, T> {
    /// Reads everything.
    ///
    /// # Errors
    /// If more memory is needed than there may be.
    pub(super) fn run(&self, threads: &ThreadPool) -> Result<Scanned<T>, Error> {
        let mut order: Vec<usize> = (0..self.objects.len()).collect();
        if self.object_done.is_none() {
            order.sort_by_key(|object| std::cmp::Reverse(self.objects[*object].stored_bytes));
        }
        self.progress.expect_stored_bytes(self.objects.iter().map(|object| object.stored_bytes).sum());
        let mut stages = Stages::begin();
        let running = Running {
            scan: self,
            ahead: Ahead::new(self.objects, &order),
            order,
            next: AtomicUsize::new(0),
            blocks_ahead: AtomicUsize::new(0),
            workers: Mutex::default(),
            buffers: Mutex::default(),
            formats: Mutex::default(),
            outcomes: self.objects.iter().map(|_| Mutex::default()).collect(),
            failed: AtomicBool::new(false),
            failure: Mutex::default(),
        };
        threads.scope(|scope| {
            for _ in 0..self.job.jobs {
                scope.spawn(|scope| running.read_objects(scope));
            }
        });
        stages.ended("objects were read");
        if let Some(failure) = into_inner(running.failure) {
            return Err(failure);
        }
        let outcomes = running.outcomes.into_iter().map(into_inner).map(Outcome::settled).collect();
        let takers = into_inner(running.workers).into_iter().map(|worker| (worker.taker, worker.dictionary));
        Ok((outcomes, takers.collect()))
    }
}

impl Job {
    /// As many threads as the job may have.
    pub(super) fn threads(&self) -> Result<ThreadPool, Error> {
        threads(self.jobs)
    }
}

/// So many threads.
///
/// # Errors
/// If they cannot be started.
pub fn threads(jobs: usize) -> Result<ThreadPool, Error> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    threads.map_err(|error| Error::failed(format!("cannot start {jobs} threads: {error}")))
}

impl<T: Take> Running<'_, T> {
    fn read_objects<'s>(&'s self, scope: &Scope<'s>) {
        while let Some(object) = self.order.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if !self.is_stopped() {
                let Object { name, stored_bytes, .. } = &self.scan.objects[*object];
                tracing::debug!(?name, stored_bytes, "reads an object");
                self.read_object(*object, scope);
            }
            if let Some(done) = self.scan.object_done {
                done(*object);
            }
        }
    }

    /// Whether no more records are needed.
    pub(super) fn is_stopped(&self) -> bool {
        self.scan.stopped.is_some_and(|stopped| stopped.load(Ordering::Relaxed)) || self.failed.load(Ordering::Relaxed)
    }

    /// Ends the scan; of several reasons the first is given.
    pub(super) fn stop(&self, failure: Error) {
        self.failed.store(true, Ordering::Relaxed);
        lock(&self.failure).get_or_insert(failure);
    }

    /// Whether a block should be left to another thread: some have run out of objects, and not too many blocks wait.
    pub(super) fn wants_help(&self) -> bool {
        let all_taken = self.next.load(Ordering::Relaxed) >= self.order.len();
        let limit = READ_AHEAD_BLOCKS * self.scan.job.jobs;
        let few_wait = self.blocks_ahead.load(Ordering::Relaxed) < limit;
        all_taken && few_wait && self.scan.object_done.is_none() && self.scan.job.jobs > 1
    }

    /// Leaves a piece of an object to whichever thread is free.
    pub(super) fn spawn<'s>(&'s self, scope: &Scope<'s>, work: impl FnOnce(&mut Worker<T>) + Send + 's) {
        self.blocks_ahead.fetch_add(1, Ordering::Relaxed);
        scope.spawn(move |_| {
            self.with_worker(work);
            self.blocks_ahead.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Runs a function on a worker that is currently unused.
    pub(super) fn with_worker<R>(&self, work: impl FnOnce(&mut Worker<T>) -> R) -> R {
        let idle = lock(&self.workers).pop();
        let mut worker = idle.unwrap_or_else(|| Worker {
            decoder: TextDecoder::new(self.scan.job.format.clone()),
            dictionary: Dictionary::default(),
            flows: Flows::new(self.scan.columns),
            taker: (self.scan.new_taker)(),
            share: Share::kept(self.scan.job.memory()),
        });
        let result = work(&mut worker);
        lock(&self.workers).push(worker);
        result
    }

    /// A buffer for a block, used before if possible.
    pub(super) fn buffer(&self) -> Vec<u8> {
        lock(&self.buffers).pop().unwrap_or_default()
    }

    /// Gives a buffer back.
    pub(super) fn recycle(&self, buffer: Vec<u8>) {
        lock(&self.buffers).push(buffer);
    }

    /// Formats are shared between objects: ten thousand copies took half of the memory.
    pub(super) fn shared(&self, format: Arc<Format>) -> Arc<Format> {
        let mut formats = lock(&self.formats);
        if let Some(known) = formats.iter().find(|known| **known == format) {
            return Arc::clone(known);
        }
        if formats.len() < FORMATS_SHARED_MAX {
            formats.push(Arc::clone(&format));
        }
        format
    }

    /// Notes what became of a block.
    pub(super) fn note_block(&self, object: usize, block: BlockOutcome) {
        self.scan.progress.add_records(block.records);
        self.note(object, |outcome| outcome.add_block(block));
    }

    /// Notes what became of an object.
    pub(super) fn note(&self, object: usize, note: impl FnOnce(&mut Outcome)) {
        note(&mut lock(&self.outcomes[object]));
    }
}

/// A lock whose holder panicked still guards whole values here: every change is one call.
pub(super) fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<V>(mutex: Mutex<V>) -> V {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
