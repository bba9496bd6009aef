//! `transfer`: traffic and its charges by both ends, priced.

use std::collections::BTreeSet;

use super::answer::Answer;
use super::explain::{Explained, next, rules};
use super::traffic::{Sum, TrafficQuestion, summed};
use super::{Job, Progress};
use crate::error::Error;
use crate::group::{Key, KeyValue, Overflow, Rollup, Spec};
use crate::join::{Sources, Wanted};
use crate::price::charged::{self, Bill};
use crate::price::{PoolTerms, PriceTable, Tiers};
use crate::report::explain;
use crate::report::transfer::{Gathered, LIST, TransferKeys, TransferShape, list_key, report};
use crate::schema::{Column, ColumnSet};

/// What to sum by what, at which prices, and how to show it.
#[derive(Debug)]
pub struct TransferQuestion {
    /// What is joined.
    pub sources: Sources,
    /// What traffic is told apart by.
    pub keys: TransferKeys,
    /// The columns that traffic must have for the keys.
    pub columns: ColumnSet,
    /// Columns of the records that ride along.
    pub extra: Vec<Column>,
    /// Prices.
    pub prices: PriceTable,
    /// What decides the cost besides.
    pub terms: PoolTerms,
    /// Order, rows, columns.
    pub shape: TransferShape,
    /// How much memory the sums may take, and where the rest goes.
    pub overflow: Option<Overflow>,
    /// Whether the rules that applied to each row of the list are told.
    pub explain: bool,
}

/// Answers what goes from where to where, and what it costs.
///
/// # Errors
/// If the inputs cannot be found or threads cannot be started; what is wrong with single objects is in the answer.
pub fn transfer(job: &Job, question: TransferQuestion, progress: &Progress) -> Result<Answer, Error> {
    let TransferQuestion { sources, keys, columns, extra, prices, terms, mut shape, overflow, explain: is_explained } =
        question;
    let wanted = Wanted { columns: columns.union(charged::columns()), traffic: true, charges: true, blocked: false };
    let mut sums = vec![hours(), Sum { wanted, spec: charged::spec(keys.keys(), terms.tiers == Tiers::Marginal) }];
    if is_explained {
        sums.push(rules(keys.keys(), columns, Explained::Traffic));
    }
    let traffic = TrafficQuestion { sources, extra, sums, overflow };
    let threads = job.threads()?;
    let mut summed = summed(job, &traffic, &threads, progress)?;
    let mut rollups = std::mem::take(&mut summed.rollups).into_iter();
    let (hours, sums) = (next(&mut rollups)?, next(&mut rollups)?);
    shape.hours = count(&hours)?;
    let mut gathered = Gathered::of(&sums)?;
    let window = (job.window.from, job.window.to);
    let bill = Bill::of(gathered.take_rows(), window, &prices, terms);
    let mut report = report(&gathered, &bill, &shape);
    if is_explained {
        let (rules, keys) = (next(&mut rollups)?, 1..shape.by.len() + 5);
        let list = report.tables.iter().find(|table| table.name == LIST);
        let explained = list.map(|list| explain::table(&rules, list, keys, list_key)).transpose()?;
        report.tables.extend(explained);
    }
    Ok(summed.answer(report, job))
}

/// The hours that have traffic, refused or not.
fn hours() -> Sum {
    let keys = vec![Key { column: Column::Hour, cut: None }];
    let spec =
        Spec { keys, views: Vec::new(), bytes: false, packets: false, seen: false, starts: false, distinct: false };
    let columns = ColumnSet::of(&[Column::Start]);
    Sum { wanted: Wanted { columns, traffic: true, charges: false, blocked: true }, spec }
}

fn count(hours: &Rollup) -> Result<u64, Error> {
    let mut all = BTreeSet::new();
    for shard in hours.shards() {
        hours.for_each_group(shard, |group| {
            all.extend(hours.group_values(&group).filter(|hour| *hour != KeyValue::Absent));
        })?;
    }
    Ok(all.len() as u64)
}
