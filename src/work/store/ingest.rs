//! `ingest`: finds the objects that a store does not have yet, and reads each of them into it once.
//!
//! Objects go in batches, each of which is one commit: its facts, the hours of its interfaces, its rows of the ledger, and
//! the removal of what it supersedes appear together or not at all. A run that ends early has lost the batch it was at.

use std::collections::BTreeMap;

use super::batch::{self, read_batch};
use super::commit::{Outcome, commit};
use super::diff::{Listed, Wanted, listed, wanted};
use super::{Place, Store};
use crate::error::Error;
use crate::ingest::delta::{Committed, create_table, heeds_conditions, write_checkpoint};
use crate::ingest::{Kind, Status, StoredObject, metadata};
use crate::report::store as report;
use crate::report::{Cell, Report, Row};
use crate::units::time::Window;
use crate::work::answer::NOTHING_READ;
use crate::work::ledger::Read;
use crate::work::{Answer, Job, Machine, Progress};

/// Stored bytes of the objects of a batch, at most, if it has several: as much is read anew by a run after one that was
/// killed.
const BATCH_BYTES: u64 = 64 << 20;
/// Objects of a batch, at most.
const BATCH_OBJECTS: usize = 2000;
/// Commits after which a checkpoint is written, so that opening the store reads few files.
const CHECKPOINT_COMMITS: u64 = 10;
/// How long the log remembers files that were removed, as Delta's default has it: a week.
const TOMBSTONE_MILLISECONDS: i64 = 7 * 24 * 3600 * 1000;
const DAY_SECONDS: u32 = 86_400;
/// How often a batch is read again because others wrote to the same objects.
const ATTEMPTS_MAX: usize = 8;

/// A part of the objects, by their locations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub place: u32,
    /// Of how many.
    pub of: u32,
}

/// What to ingest, and into what.
#[derive(Clone, Debug)]
pub struct IngestQuestion {
    /// The folder of the store; it is made if it does not exist.
    pub store: String,
    /// How long before the newest day of the store objects are looked for; always if absent.
    pub look_back_seconds: Option<u32>,
    /// The part of the objects that this run takes.
    pub shard: Option<Shard>,
}

/// What a run did.
#[derive(Debug, Default)]
struct Done {
    objects: BTreeMap<&'static str, u64>,
    records: u64,
    facts: u64,
    written_bytes: u64,
    removed_files: u64,
    commits: u64,
}

/// A run.
struct Run<'a> {
    store: Store,
    /// What became of each object is said as of a scan of all of it.
    job: Job,
    machine: Machine<'a>,
    read: Read,
    done: Done,
    /// How many batches were read.
    number: u32,
}

/// An object that is to be read, with the row of the ledger that it supersedes.
pub(super) type New = (Listed, Option<StoredObject>);

/// Reads new, changed and failed objects into a store.
///
/// # Errors
/// If the inputs cannot be listed, or the store cannot be read or written.
pub fn ingest(job: &Job, question: &IngestQuestion, progress: &Progress) -> Result<Answer, Error> {
    let store = opened(job, question)?;
    let job = looking_back(job, question, &store);
    let (found, prune) = (job.find()?, job.prune());
    let is_listed = |day: u32| prune.needs_days(&(day..day + 1));
    let Wanted { new, notes, unchanged } =
        wanted(listed(&found.objects, question.shard)?, &store.objects(&is_listed)?, job.copies);
    let threads = job.threads()?;
    let mut run = Run {
        store,
        job: Job { window: Window::default(), gap: None, filter: None, ..job.clone() },
        machine: Machine { threads: &threads, overflow: job.overflow.clone(), progress },
        read: Read::of_listing(&found),
        done: Done { objects: BTreeMap::from([("unchanged", unchanged)]), ..Done::default() },
        number: 0,
    };
    run.read.notes.extend(notes);
    for batch in batches(new) {
        run.batch(batch)?;
    }
    checkpoint(&run.store, &job)?;
    let objects = run.store.objects(&is_listed)?;
    let pending = objects.iter().filter(|object| object.status == Status::Pending).count() as u64;
    let mut answer = Answer::new(run.done.report(&run.store, pending), &run.job, &run.read);
    answer.report.meta.incomplete |= pending > 0;
    if unchanged > 0 {
        answer.report.meta.notes.retain(|note| note != NOTHING_READ);
    }
    Ok(answer)
}

impl Run<'_> {
    /// Reads a batch into the store; what another run has read meanwhile is not read a second time.
    fn batch(&mut self, mut batch: Vec<New>) -> Result<(), Error> {
        for _ in 0..ATTEMPTS_MAX {
            if batch.is_empty() {
                return Ok(());
            }
            let id = format!("{:016x}-{:04}", self.job.seed, self.number);
            self.number += 1;
            let made = read_batch(&self.job, &batch, &id, &self.machine)?;
            let outcome = if made.is_known(&batch) {
                None
            } else {
                Some(commit(&mut self.store, &made, &batch, (&id, self.job.now))?)
            };
            match outcome {
                Some(Outcome::Overtaken) => {
                    let known = self.store.objects(&|_| true)?;
                    let again = wanted(batch.into_iter().map(|(listed, _)| listed).collect(), &known, self.job.copies);
                    self.read.notes.extend(again.notes);
                    batch = again.new;
                    continue;
                }
                Some(Outcome::Done { removed_files }) => self.done.add(&made, &batch, removed_files),
                None => {}
            }
            made.objects.into_iter().for_each(|(_, of)| self.read.add(of));
            return Ok(());
        }
        Err(Error::failed(format!("{}: other runs write to the same objects", self.store.name))
            .hint("let one run at a time ingest a source, or give each a --shard"))
    }
}

/// The store, which is made if there is none.
fn opened(job: &Job, question: &IngestQuestion) -> Result<Store, Error> {
    let name = &question.store;
    let failed = |error: &dyn std::fmt::Display| Error::write(format!("{name}: the store cannot be made: {error}"));
    let now = i64::from(job.now) * 1000;
    if let Some(store) = Store::open(name, &job.s3)? {
        return Ok(store);
    }
    let (place, run) = (Place::of(name, &job.s3)?, format!("{:016x}", job.seed));
    heeds_conditions(place.storage(), &run).map_err(|fault| failed(&fault))?;
    let id = uuid(job.seed, job.now);
    let made = create_table(place.storage(), metadata(&id, now), &run, now);
    match made.map_err(|fault| failed(&fault))? {
        // Another run may have made it just now, which is as well.
        Committed::Done(_) | Committed::Conflict => {}
    }
    Store::open(name, &job.s3)?.ok_or_else(|| failed(&"its log is not there"))
}

/// An id of a table in the form of a version 4 UUID.
fn uuid(seed: u64, now: u32) -> String {
    let (high, low) = (seed, seed.rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(now));
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

/// The job with a window on its objects' keys that begins so long before the newest day of the store.
fn looking_back(job: &Job, question: &IngestQuestion, store: &Store) -> Job {
    let Some(seconds) = question.look_back_seconds else { return job.clone() };
    let newest = store.files(Kind::Object, &|_| true).into_iter().filter_map(|(part, _)| part.day).max();
    let from = newest.map(|day| (day + 1).saturating_mul(DAY_SECONDS).saturating_sub(seconds));
    let from = job.window.from.max(from);
    Job { window: Window { from, ..job.window }, ..job.clone() }
}

/// Objects in the order of their keys' days and names, cut into batches. What failed the last time is a batch of its own,
/// as nearly all of it fails again, and then nothing changes.
fn batches(mut objects: Vec<New>) -> Vec<Vec<New>> {
    let is_retry = |(listed, before): &New| {
        before.as_ref().is_some_and(|before| before.is_same(listed.object.stored_bytes, &listed.version))
    };
    let retries = objects.extract_if(.., |object| is_retry(object)).map(|object| vec![object]).collect::<Vec<_>>();
    objects.sort_by(|(one, _), (other, _)| {
        (one.object.key.day, &one.object.name).cmp(&(other.object.key.day, &other.object.name))
    });
    let (mut batches, mut bytes): (Vec<Vec<_>>, u64) = (Vec::new(), 0);
    for object in objects {
        bytes += object.0.object.stored_bytes;
        match batches.last_mut().filter(|batch| bytes <= BATCH_BYTES && batch.len() < BATCH_OBJECTS) {
            Some(batch) => batch.push(object),
            None => {
                bytes = object.0.object.stored_bytes;
                batches.push(vec![object]);
            }
        }
    }
    batches.extend(retries);
    batches
}

/// Writes a checkpoint if the last one is many commits ago.
fn checkpoint(store: &Store, job: &Job) -> Result<(), Error> {
    if store.snapshot.commits_since_checkpoint < CHECKPOINT_COMMITS {
        return Ok(());
    }
    let after = i64::from(job.now) * 1000 - TOMBSTONE_MILLISECONDS;
    write_checkpoint(store.storage(), &store.snapshot, after)
        .map_err(|fault| Error::write(format!("{}: {fault}", store.name)))
}

impl Done {
    fn add(&mut self, made: &batch::Made, batch: &[New], removed_files: u64) {
        for ((object, _), (_, before)) in made.objects.iter().zip(batch) {
            let what = match before {
                None => "new",
                Some(before) if before.status == Status::Pending => "tried_again",
                Some(_) => "replaced",
            };
            *self.objects.entry(what).or_default() += 1;
            self.records += object.all().0;
        }
        self.facts += made.facts;
        self.written_bytes += made.files.iter().map(|(_, written)| written.bytes.len() as u64).sum::<u64>();
        self.removed_files += removed_files;
        self.commits += 1;
    }

    fn report(&self, store: &Store, pending: u64) -> Report {
        let of = |what: &str| Cell::from(self.objects.get(what).copied().unwrap_or(0));
        let row: Row = vec![
            store.name.as_str().into(),
            of("new"),
            of("replaced"),
            of("tried_again"),
            of("unchanged"),
            pending.into(),
            self.records.into(),
            self.facts.into(),
            self.written_bytes.into(),
            self.commits.into(),
            store.snapshot.version.into(),
        ];
        report::ingested(row)
    }
}
