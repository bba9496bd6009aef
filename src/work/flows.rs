//! `flows`: the records themselves, in object and line order.
//!
//! Objects are decoded in parallel, each into a channel of its own, and the channels are emptied in order. A channel
//! holds few blocks, so memory is bounded however large an object is that must wait for its turn.

mod largest;
mod records;

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

pub(super) use records::{records, records_columns};

use self::largest::largest;
use super::answer::Answer;
use super::ledger::Read;
use super::scan::{Scan, Take, lock};
use super::{Job, Progress};
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::group::{Account, Classifier, Hours, Logged};
use crate::reason::coverage::uncovered;
use crate::reason::hours::HOUR_SECONDS;
use crate::report::{Report, Row, flows as report};
use crate::schema::{ABSENT_TIME, Column, ColumnSet};
use crate::units::time::Zone;

/// Blocks of rows of one object that may wait to be written.
const BLOCKS_WAITING_MAX: usize = 8;

/// Which columns of which records.
#[derive(Clone, Debug)]
pub struct FlowsQuestion {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The number of records; all where there is none.
    pub limit: Option<u64>,
    /// The column whose largest values are wanted; the first records where there is none.
    pub sort: Option<Column>,
}

type Sender = Mutex<Option<SyncSender<Vec<Row>>>>;

/// Picks a block's records and sends them as rows.
struct Sending<'a> {
    classifier: Classifier,
    columns: &'a [Column],
    zone: Zone,
    senders: &'a [Sender],
    stopped: &'a AtomicBool,
    account: Account,
    hours: Hours,
}

impl Take for Sending<'_> {
    fn take(&mut self, object: usize, flows: &Flows, dictionary: &Dictionary) {
        self.classifier.classify(flows, dictionary, &mut self.account);
        cover(&mut self.hours, flows);
        if self.stopped.load(Ordering::Relaxed) || self.classifier.counted.is_empty() {
            return;
        }
        let rows = report::rows(flows, dictionary, (self.columns, self.zone), &self.classifier.counted);
        let sender = lock(&self.senders[object]).clone();
        // The receiver is gone once enough rows are written.
        let gone = sender.is_none_or(|sender| sender.send(rows).is_err());
        if gone {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }
}

/// Gives the records to `write`, in order.
///
/// # Errors
/// If the inputs cannot be listed, threads cannot be started, or the rows cannot be written; errors of single objects
/// are in the report.
pub fn flows(
    job: &Job,
    question: &FlowsQuestion,
    progress: &Progress,
    write: &mut (dyn FnMut(&[Row]) -> io::Result<()> + Send),
) -> Result<(Answer, io::Result<()>), Error> {
    if let Some(sort) = question.sort {
        return largest(job, question, sort, progress, write);
    }
    let found = job.find()?;
    let decoded = question.columns.iter().fold(ColumnSet::default(), |set, column| set.union(column.decoded()));
    let (senders, receivers): (Vec<_>, Vec<_>) = found.objects.iter().map(|_| sync_channel(BLOCKS_WAITING_MAX)).unzip();
    let senders: Vec<Sender> = senders.into_iter().map(|sender| Mutex::new(Some(sender))).collect();
    let stopped = AtomicBool::new(false);
    let scan = Scan {
        job,
        objects: &found.objects,
        columns: decoded.union(job.class_columns()),
        progress,
        new_taker: &|| Sending {
            classifier: job.classifier(),
            columns: &question.columns,
            zone: job.zone,
            senders: &senders,
            stopped: &stopped,
            account: Account::default(),
            hours: Hours::default(),
        },
        object_done: Some(&|object| *lock(&senders[object]) = None),
        stopped: Some(&stopped),
    };
    let threads = job.threads()?;
    let (scanned, written) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write_in_order(receivers, question.limit, write));
        let scanned = scan.run(&threads);
        let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writer panicked")));
        (scanned, written)
    });
    let (outcomes, takers) = scanned?;
    let (mut account, mut hours) = (Account::default(), Hours::default());
    for (taker, _) in &takers {
        account.add(&taker.account);
        hours.extend(&taker.hours);
    }
    let mut report =
        Report { name: "flows".to_owned(), tables: vec![report::table(&question.columns)], ..Report::default() };
    // Whether something was left out is the writer's to say: a reader may be done before it hears that it may stop.
    if let (Some(limit), Ok(true)) = (question.limit, &written) {
        report.meta.notes.push(format!("only the first {limit} records are shown; reading stopped"));
    } else {
        with_uncovered(&mut report, job, hours);
    }
    Ok((Answer::new(report, job, &Read::new(&found, outcomes, account)), written.map(|_| ())))
}

/// Adds the hours that records start in; those in which AWS lost records alone are not covered.
fn cover(hours: &mut Hours, flows: &Flows) {
    let statuses = flows.smalls(Column::LogStatus).unwrap_or(&[]);
    let is_lost = |row: usize| statuses.get(row) == Some(&Dictionary::SKIPDATA);
    let mut last = None;
    for (row, start) in flows.smalls(Column::Start).unwrap_or(&[]).iter().enumerate() {
        let hour = start / HOUR_SECONDS;
        if last != Some(hour) && *start != ABSENT_TIME && !is_lost(row) {
            hours.insert(hour);
            last = Some(hour);
        }
    }
}

/// Says which hours of the window the logs do not cover.
fn with_uncovered(report: &mut Report, job: &Job, hours: Hours) {
    let uncovered = uncovered(&job.windows(), job.now, job.zone, &Logged::with_hours(hours));
    report.meta.incomplete |= job.strict && uncovered.is_some();
    report.meta.warnings.extend(uncovered);
}

/// Writes the rows of each object in turn; returns whether the limit omitted some.
fn write_in_order(
    receivers: Vec<Receiver<Vec<Row>>>,
    limit: Option<u64>,
    write: &mut (dyn FnMut(&[Row]) -> io::Result<()> + Send),
) -> io::Result<bool> {
    let mut left = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    for receiver in receivers {
        for rows in receiver {
            let (shown, left_out) = rows.split_at(rows.len().min(left));
            if !shown.is_empty() {
                write(shown)?;
            }
            if !left_out.is_empty() {
                return Ok(true);
            }
            left -= shown.len();
        }
    }
    Ok(false)
}
