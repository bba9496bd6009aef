//! The records with the largest values of a column. Memory is bounded by the limit, and each object is read by one thread,
//! so that records of the same value stay in the order of the objects and of their lines.

use std::cmp::Reverse;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::answer::Answer;
use super::super::ledger::Read;
use super::super::scan::{Scan, Take};
use super::super::{Job, Progress};
use super::{FlowsQuestion, cover, records_columns, with_uncovered};
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::group::{Account, Class, Classifier, Hours};
use crate::report::{Cell, Report, Row, flows as report};
use crate::schema::Column;
use crate::units::human;
use crate::units::time::Zone;

/// Rows that are written together.
const ROWS_TOGETHER: usize = 1024;

/// A record: the value that decides, its object and its number there, and its cells.
struct Ranked {
    value: Cell,
    place: (usize, u64),
    row: Row,
}

impl Ranked {
    fn rank(&self) -> (Reverse<&Cell>, (usize, u64)) {
        (Reverse(&self.value), self.place)
    }
}

/// Keeps the largest records that a worker has met.
struct Keeping<'a> {
    classifier: Classifier,
    columns: &'a [Column],
    sort: Column,
    zone: Zone,
    limit: usize,
    account: Account,
    /// How many records each object had so far: of all workers, as its blocks are taken by one after the other.
    met: &'a [AtomicU64],
    kept: Vec<Ranked>,
    /// What a record must have at least, once enough are kept.
    least: Option<Cell>,
    hours: Hours,
}

impl Take for Keeping<'_> {
    fn take(&mut self, object: usize, flows: &Flows, dictionary: &Dictionary) {
        self.classifier.classify(flows, dictionary, &mut self.account);
        cover(&mut self.hours, flows);
        let picked = &self.classifier.counted;
        let places = self.met[object].fetch_add(picked.len() as u64, Ordering::Relaxed)..;
        let values = report::rows(flows, dictionary, (&[self.sort], self.zone), picked).into_iter().flatten();
        let all = picked.iter().zip(values).zip(places);
        // One of the same value may come before those that are kept.
        let is_large = |value: &Cell| self.least.as_ref().is_none_or(|least| value >= least);
        let large: Vec<_> = all.filter(|((_, value), _)| is_large(value)).collect();
        let rows: Vec<u32> = large.iter().map(|((row, _), _)| **row).collect();
        let rows = report::rows(flows, dictionary, (self.columns, self.zone), &rows);
        let ranked = large.into_iter().zip(rows);
        self.kept.extend(ranked.map(|(((_, value), place), row)| Ranked { value, place: (object, place), row }));
        if self.kept.len() > 2 * self.limit {
            largest_of(&mut self.kept, self.limit);
            self.least = self.kept.last().map(|last| last.value.clone());
        }
    }
}

/// Leaves the largest, in order.
fn largest_of(kept: &mut Vec<Ranked>, limit: usize) {
    kept.sort_by(|one, other| one.rank().cmp(&other.rank()));
    kept.truncate(limit);
}

/// Gives the records to `write`, largest first.
pub(super) fn largest(
    job: &Job,
    question: &FlowsQuestion,
    sort: Column,
    progress: &Progress,
    write: &mut (dyn FnMut(&[Row]) -> io::Result<()> + Send),
) -> Result<(Answer, io::Result<()>), Error> {
    let found = job.find()?;
    let limit = question.limit.map_or(usize::MAX / 2, |limit| usize::try_from(limit).unwrap_or(usize::MAX / 2));
    let limit = limit.min(usize::MAX / 2);
    let columns: Vec<Column> = question.columns.iter().copied().chain([sort]).collect();
    let met: Vec<AtomicU64> = found.objects.iter().map(|_| AtomicU64::new(0)).collect();
    let scan = Scan {
        job,
        objects: &found.objects,
        columns: records_columns(job, &columns),
        progress,
        new_taker: &|| Keeping {
            classifier: job.classifier(),
            columns: &question.columns,
            sort,
            zone: job.zone,
            limit,
            account: Account::default(),
            met: &met,
            kept: Vec::new(),
            least: None,
            hours: Hours::default(),
        },
        // So each object is read by one thread, and its blocks come in their order.
        object_done: Some(&|_| {}),
        stopped: None,
    };
    let (outcomes, takers) = scan.run(&job.threads()?)?;
    let (mut account, mut hours, mut kept) = (Account::default(), Hours::default(), Vec::new());
    for (taker, _) in takers {
        account.add(&taker.account);
        hours.extend(&taker.hours);
        kept.extend(taker.kept);
    }
    largest_of(&mut kept, limit);
    let rows: Vec<Row> = kept.into_iter().map(|ranked| ranked.row).collect();
    let written = rows.chunks(ROWS_TOGETHER).try_for_each(write);
    let mut report =
        Report { name: "flows".to_owned(), tables: vec![report::table(&question.columns)], ..Report::default() };
    let all = account[Class::Counted].records;
    if all > rows.len() as u64 {
        let (shown, all) = (human::count(rows.len() as u128), human::count(all.into()));
        report.meta.notes.push(format!("the {shown} of {all} records with the largest {}", sort.name()));
    }
    with_uncovered(&mut report, job, hours);
    Ok((Answer::new(report, job, &Read::new(&found, outcomes, account)), written))
}
