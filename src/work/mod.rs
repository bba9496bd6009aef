//! Runs the stages: a job in, an answer out.
//!
//! The stage with the threads (rayon), in which copies are searched for too. Objects are read in parallel; when there are fewer objects left than threads,
//! the blocks of the remaining ones are decoded in parallel too, a bounded number ahead of the decoders.

mod anomalies;
mod answer;
mod ask;
mod drilldown;
mod dry_run;
mod flows;
mod inspect;
mod leaf;
mod ledger;
mod local;
mod object;
mod plan;
mod prices;
mod progress;
mod root;
mod scan;
mod signals;
mod sources;
mod stages;
mod store;
mod tables;
mod temporary;
mod top;
mod traffic;

use std::sync::Arc;

pub use anomalies::{Anomalies, AnomaliesQuestion, anomalies};
pub use answer::{Answer, MalformedLine};
pub use ask::{ask, explain_sql, sql};
pub use dry_run::{columns_met, dry_run};
pub use flows::{FlowsQuestion, flows};
pub use inspect::inspect;
pub use leaf::{Machine, leaf};
pub use ledger::Ledger;
pub use local::{Leaves, Local, Written};
pub use plan::{Needs, PLAN_VERSION, Plan, UNIT_VERSION, Unit};
pub use prices::{
    PRICE_TABLE_BYTES_MAX, PriceUpdate, ReadStatement, Reading, check_prices, import_prices, month_usage, price_table,
    split_weights, statement, update_prices, with_rates_of_bill,
};
pub use progress::Progress;
pub use scan::threads;
pub use signals::{LIST_BYTES_MAX, SignalsQuestion, cidrs, signals};
pub use sources::{EstateTables, PLACES_BYTES_MAX};
pub use store::{IngestQuestion, Pruned, Shard, Store, compact, ingest, is_store, is_store_of, list, prune, verify};
pub use tables::{TABLE_BYTES_MAX, tables};
pub use temporary::TemporaryFile;
pub use top::{TopQuestion, top};
pub use traffic::TrafficQuestion;

use crate::collect::{Found, Limits, S3Options, find};
use crate::decode::Format;
use crate::error::Error;
use crate::group::filter::Filter;
use crate::group::{ActionFilter, Classifier, Memory, Overflow, Partial, Rollup, Shared};
use crate::schema::ColumnSet;
use crate::units::time::{Window, Zone};

/// What every question has in common: which logs, which records of them, and how to read them.
#[derive(Clone, Debug)]
pub struct Job {
    /// Files, folders, globs, `s3://` prefixes, `-`.
    pub inputs: Vec<String>,
    /// Accounts to read, by object key; all if empty.
    pub accounts: Vec<String>,
    /// Regions to read, by object key; all if empty.
    pub regions: Vec<String>,
    /// Records that start in it.
    pub window: Window,
    /// Except those that start in this stretch inside it.
    pub gap: Option<Window>,
    /// Records that pass it.
    pub filter: Option<Filter>,
    /// The format of text without a header line.
    pub format: Option<Arc<Format>>,
    /// The records to sum, by action.
    pub action_filter: ActionFilter,
    /// Where sums keep their groups: one for all sums of the job, so that parts of them can be merged.
    pub seed: u64,
    /// The moment that the run calls now, and the zone of its moments: what the filter was read with.
    pub now: u32,
    /// That zone.
    pub zone: Zone,
    /// Threads.
    pub jobs: usize,
    /// How much memory may be taken, and where sums go that are more.
    pub overflow: Option<Overflow>,
    /// Whether every malformed line is kept.
    pub keep_malformed: bool,
    /// Number of tolerated malformed lines.
    pub max_malformed: u64,
    /// Whether copies of objects and outputs of this program are read too.
    pub copies: bool,
    /// Whether records lost by AWS make the answer incomplete.
    pub strict: bool,
    /// How long ago the newest record may have ended, or the answer is incomplete.
    pub max_age_seconds: Option<u32>,
    /// Limits on the input.
    pub limits: Limits,
    /// How S3 is reached.
    pub s3: S3Options,
    /// What carries out what a question needs of the records.
    pub leaves: Arc<dyn Leaves>,
}

impl Job {
    /// Finds the objects that the job needs.
    ///
    /// # Errors
    /// If an input does not exist or holds no objects.
    pub fn find(&self) -> Result<Found, Error> {
        if let Some(store) = self.inputs.iter().find(|input| is_store(input)) {
            return Err(Error::usage(format!("{store}: is a store of hourly facts, and this reads records"))
                .hint("name the logs themselves; `outflow store list` shows where they are"));
        }
        self.threads()?.install(|| find(&self.inputs, &self.prune(), &self.s3))
    }

    /// The parts of the window that are asked for.
    fn windows(&self) -> Vec<Window> {
        match self.gap {
            Some(gap) => vec![Window { to: gap.from, ..self.window }, Window { from: gap.to, ..self.window }],
            None => vec![self.window],
        }
    }

    /// The memory of the run, if it is limited.
    fn memory(&self) -> Option<&Arc<Memory>> {
        self.overflow.as_ref().map(|overflow| &overflow.memory)
    }

    /// A classifier of this job's records.
    fn classifier(&self) -> Classifier {
        Classifier::new(self.window, self.action_filter, self.filter.as_ref()).without(self.gap)
    }

    /// The columns that determine the class of this job's records.
    fn class_columns(&self) -> ColumnSet {
        Classifier::columns(self.window, self.action_filter, self.filter.as_ref())
    }
}

/// The sums, once no batcher holds any.
fn partial(shared: Arc<Shared>) -> Result<Partial, Error> {
    let shared = Arc::into_inner(shared).ok_or_else(|| Error::internal("a worker still holds the sums"))?;
    shared.into_partial()
}

/// The same, to which nothing is added any more.
fn rollup(shared: Arc<Shared>) -> Result<Rollup, Error> {
    Ok(partial(shared)?.finish())
}

#[cfg(test)]
mod tests;
