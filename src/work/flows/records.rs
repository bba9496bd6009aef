//! The records as a frame, in object and line order, within memory limits.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use polars::prelude::DataFrame;

use super::super::ledger::Read;
use super::super::scan::{Scan, Take, lock};
use super::super::{Job, Progress};
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::group::{Account, Classifier};
use crate::report::flows as report;
use crate::schema::{Column, ColumnSet};
use crate::units::human::{self, Units};
use crate::units::time::Zone;

/// Memory limit for records if free memory is unknown, in bytes.
const RECORDS_BYTES_MAX: usize = 4 << 30;

/// Picks a block's records and keeps them as a frame.
struct Keeping<'a> {
    classifier: Classifier,
    columns: &'a [Column],
    zone: Zone,
    /// By object.
    blocks: &'a [Mutex<Vec<DataFrame>>],
    kept: &'a Kept,
    account: Account,
}

/// How much is kept, and whether no more can be.
struct Kept {
    bytes: AtomicUsize,
    bytes_max: usize,
    stopped: AtomicBool,
    failed: Mutex<Option<Error>>,
}

impl Take for Keeping<'_> {
    fn take(&mut self, object: usize, flows: &Flows, dictionary: &Dictionary) {
        self.classifier.classify(flows, dictionary, &mut self.account);
        if self.kept.stopped.load(Ordering::Relaxed) || self.classifier.counted.is_empty() {
            return;
        }
        match report::frame(flows, dictionary, (self.columns, self.zone), &self.classifier.counted) {
            Ok(block) => {
                self.kept.count(&block);
                lock(&self.blocks[object]).push(block);
            }
            Err(error) => self.kept.fail(error),
        }
    }
}

impl Kept {
    fn count(&self, block: &DataFrame) {
        let bytes = block.estimated_size();
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.bytes_max {
            let limit = human::bytes(self.bytes_max as u128, Units::Iec);
            let error = Error::limit(format!("flows: the records need more than {limit} for these columns"));
            self.fail(
                error
                    .hint("query traffic, which is aggregated while reading, or select fewer columns")
                    .hint("or narrow the input with --from, --to and --where, or raise --memory"),
            );
        }
    }

    fn fail(&self, error: Error) {
        self.stopped.store(true, Ordering::Relaxed);
        lock(&self.failed).get_or_insert(error);
    }
}

/// The records of a job in some columns, as [`report::frame`] has them, and the account of the input.
///
/// # Errors
/// If the inputs cannot be found, threads cannot be started, or the records take more memory than they may.
pub(in super::super) fn records(
    job: &Job,
    columns: &[Column],
    progress: &Progress,
) -> Result<(DataFrame, Read), Error> {
    let found = job.find()?;
    let blocks: Vec<Mutex<Vec<DataFrame>>> = found.objects.iter().map(|_| Mutex::default()).collect();
    let kept = Kept {
        bytes: AtomicUsize::new(0),
        bytes_max: job.memory().map_or(RECORDS_BYTES_MAX, |memory| memory.limit_bytes()),
        stopped: AtomicBool::new(false),
        failed: Mutex::default(),
    };
    let scan = Scan {
        job,
        objects: &found.objects,
        columns: records_columns(job, columns),
        progress,
        new_taker: &|| Keeping {
            classifier: job.classifier(),
            columns,
            zone: job.zone,
            blocks: &blocks,
            kept: &kept,
            account: Account::default(),
        },
        // So each object is read by one thread, and its blocks come in their order.
        object_done: Some(&|_| {}),
        stopped: Some(&kept.stopped),
    };
    let (outcomes, takers) = scan.run(&job.threads()?)?;
    let mut account = Account::default();
    takers.iter().for_each(|(taker, _)| account.add(&taker.account));
    drop(takers);
    if let Some(error) = kept.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    // A block of no records has the columns, with their types, where there is no other.
    let none = report::frame(&Flows::new(ColumnSet::default()), &Dictionary::default(), (columns, job.zone), &[])?;
    let mut frame = none;
    for block in blocks.into_iter().flat_map(|blocks| blocks.into_inner().unwrap_or_else(PoisonError::into_inner)) {
        frame.vstack_mut_owned(block)?;
    }
    frame.rechunk_mut();
    Ok((frame, Read::new(&found, outcomes, account)))
}

/// The fields that are decoded for these columns of the records.
pub(in super::super) fn records_columns(job: &Job, columns: &[Column]) -> ColumnSet {
    let decoded = columns.iter().fold(ColumnSet::default(), |set, column| set.union(column.decoded()));
    decoded.union(job.class_columns())
}
