//! A batch of objects → the files of its facts, of its interfaces' hours, and of its rows of the ledger.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::Note;
use super::diff::Listed;
use super::ingest::New;
use crate::decode::{Dictionary, Flows, Values};
use crate::error::Error;
use crate::group::{Account, ActionFilter, Batcher, Class, Classifier, Partial, SHARDS, Shared};
use crate::ingest::{Hourly, Kind, Part, Status, StoredObject, Written, files, spec, write_objects};
use crate::schema::{ABSENT_TIME, Column};
use crate::units::time::Window;
use crate::work::ledger::Read;
use crate::work::object::Outcome;
use crate::work::scan::{Scan, Take};
use crate::work::{Job, Machine, partial};

/// Threads that make files of a batch, at most: each makes one for each day.
const WRITERS_MAX: usize = 4;
/// Records of a batch for each of them.
const RECORDS_A_WRITER: u64 = 500_000;

/// What a batch was made into.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) files: Vec<(Part, Written)>,
    /// In the order of the batch, each with what is said of it.
    pub(super) objects: Vec<(StoredObject, Read)>,
    /// How many facts there are.
    pub(super) facts: u64,
}

/// What became of an object's records.
#[derive(Debug, Default)]
struct Counted {
    account: Account,
    without_start: u64,
    starts: Option<(u32, u32)>,
}

/// Sums the records of each object apart.
struct Ingesting<'a> {
    ids: &'a [u64],
    classifier: Classifier,
    batcher: Batcher,
    hourly: Hourly,
    counted: HashMap<usize, Counted>,
    object: Values,
}

impl Take for Ingesting<'_> {
    fn bytes(&self) -> usize {
        self.batcher.bytes() + self.hourly.bytes()
    }

    fn take(&mut self, object: usize, flows: &Flows, dictionary: &Dictionary) {
        let counted = self.counted.entry(object).or_default();
        self.classifier.classify(flows, dictionary, &mut counted.account);
        for start in flows.smalls(Column::Start).unwrap_or_default() {
            if *start == ABSENT_TIME {
                counted.without_start += 1;
            } else {
                let (first, last) = counted.starts.unwrap_or((*start, *start));
                counted.starts = Some((first.min(*start), last.max(*start)));
            }
        }
        if let Values::Big(ids) = &mut self.object {
            ids.clear();
            ids.resize(flows.rows(), self.ids[object]);
        }
        for picked in [&self.classifier.counted, &self.classifier.rejected] {
            // The column `action` tells them apart.
            self.batcher.add_noted(flows, Some((Column::ObjectId, &self.object)), dictionary, picked, false);
        }
        self.hourly.learn(self.ids[object], flows);
    }
}

/// Reads a batch.
///
/// # Errors
/// If memory or disk space is insufficient, or a file cannot be made; errors of single objects are in their rows.
pub(super) fn read_batch(job: &Job, batch: &[New], id: &str, machine: &Machine<'_>) -> Result<Made, Error> {
    let objects: Vec<_> = batch.iter().map(|(listed, _)| listed.object.clone()).collect();
    let identity = |(Listed { object, location, version }, _): &(Listed, _)| {
        StoredObject::id_of(location, object.stored_bytes, version)
    };
    let ids: Vec<u64> = batch.iter().map(identity).collect();
    let spec = Arc::new(spec());
    let shared = Arc::new(Shared::new(Arc::clone(&spec), job.seed, machine.overflow.clone()));
    let (window, action) = (Window::default(), ActionFilter::Accept);
    let columns = spec.columns().union(Classifier::columns(window, action, None)).union(Hourly::columns());
    let scan = Scan {
        job,
        objects: &objects,
        columns,
        progress: machine.progress,
        new_taker: &|| Ingesting {
            ids: &ids,
            classifier: Classifier::new(window, action, None),
            batcher: Batcher::new(Arc::clone(&shared)),
            hourly: Hourly::default(),
            counted: HashMap::new(),
            object: Values::Big(Vec::new()),
        },
        object_done: None,
        stopped: Some(shared.failed()),
    };
    let (outcomes, takers) = scan.run(machine.threads)?;
    let (mut hourly, mut names, mut counted) = (Hourly::default(), Dictionary::default(), BTreeMap::new());
    for (taker, dictionary) in takers {
        hourly.merge(taker.hourly, &names.add(&dictionary));
        taker.counted.into_iter().for_each(|(object, of)| add(counted.entry(object).or_default(), &of));
    }
    let records = counted.values().map(|counted| counted.account[Class::Counted].records).sum();
    let (facts, hours) = machine
        .threads
        .install(|| rayon::join(|| fact_files(&partial(shared)?, records, machine), || hourly.files(&names)));
    let (facts, hours) = (facts?, hours?);
    let count = facts.iter().map(|(_, written)| written.rows).sum();
    let mut made = Made { files: Vec::new(), objects: Vec::new(), facts: count };
    for (kind, files) in [(Kind::Fact, facts), (Kind::Interface, hours)] {
        made.files.extend(files.into_iter().map(|(day, written)| (Part { kind, day }, written)));
    }
    for (place, ((listed, _), outcome)) in batch.iter().zip(outcomes).enumerate() {
        let counted = counted.remove(&place).unwrap_or_default();
        made.objects.push(stored(listed, outcome, counted, (ids[place], id, job.now))?);
    }
    made.add_ledger()?;
    Ok(made)
}

/// The files of facts: of many records, several for a day, made by all threads.
fn fact_files(facts: &Partial, records: u64, machine: &Machine<'_>) -> Result<Vec<(Option<u32>, Written)>, Error> {
    let threads = machine.threads.current_num_threads().min(WRITERS_MAX);
    let parts = usize::try_from(records / RECORDS_A_WRITER).unwrap_or(threads).clamp(1, threads);
    let shards = (0..parts).into_par_iter().map(|part| part * SHARDS / parts..(part + 1) * SHARDS / parts);
    let files = shards.map(|shards| files(facts, shards)).collect::<Result<Vec<_>, Error>>()?;
    Ok(files.into_iter().flatten().collect())
}

fn add(sum: &mut Counted, other: &Counted) {
    sum.account.add(&other.account);
    sum.without_start += other.without_start;
    let ends = [sum.starts, other.starts].into_iter().flatten();
    sum.starts = ends.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
}

impl Made {
    /// Whether every object of the batch was read before, with the same result.
    pub(super) fn is_known(&self, batch: &[New]) -> bool {
        let is_same = |((now, _), (_, before)): (&(StoredObject, Read), &New)| {
            before.as_ref().is_some_and(|before| {
                (now.id, &now.status, &now.account, &now.note)
                    == (before.id, &before.status, &before.account, &before.note)
            })
        };
        self.objects.iter().zip(batch).all(is_same)
    }

    /// The files of the ledger, by the days of the objects' keys.
    fn add_ledger(&mut self) -> Result<(), Error> {
        let mut days: BTreeMap<Option<u32>, Vec<StoredObject>> = BTreeMap::new();
        for (object, _) in &self.objects {
            days.entry(object.key().day).or_default().push(object.clone());
        }
        for (day, objects) in days {
            self.files.push((Part { kind: Kind::Object, day }, write_objects(&objects)?));
        }
        Ok(())
    }
}

/// An object's row of the ledger, and what is said of it.
fn stored(
    Listed { object, location, version }: &Listed,
    outcome: Outcome,
    counted: Counted,
    (id, batch, now): (u64, &str, u32),
) -> Result<(StoredObject, Read), Error> {
    let (problem, malformed) = (outcome.problem.clone(), outcome.skips.total());
    let read = Read::of_object(object, outcome, counted.account.clone());
    let status = match (read.objects.is_empty(), &problem) {
        (true, _) => Status::Output,
        (false, Some(_)) => Status::Pending,
        (false, None) => Status::Read,
    };
    let note = Note { object: read.objects.first().cloned(), unknown: read.unknown.clone() };
    let note = serde_json::to_value(note).map_err(|error| Error::internal(error.to_string()))?;
    let stored = StoredObject {
        id,
        location: location.clone(),
        name: object.name.clone(),
        stored_bytes: object.stored_bytes,
        version: version.clone(),
        ingested: now,
        batch: batch.to_owned(),
        status,
        account: counted.account,
        without_start: counted.without_start,
        starts: counted.starts,
        problem,
        malformed,
        note,
    };
    Ok((stored, read))
}
