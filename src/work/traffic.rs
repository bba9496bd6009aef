//! Scan, sum by what the join needs, join, and sum again by what the report asks for.

use std::sync::Arc;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::answer::Answer;
use super::object::Outcome;
use super::scan::{Scan, Take};
use super::{Job, Progress, rollup};
use crate::collect::Found;
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::group::{Account, Batcher, Class, Classifier, Interfaces, Learner, Overflow, Rollup, Shared, Tally};
use crate::join::{EXACT_GROUPS_MAX, Facts, Roster, Shards, Sink, Sources, Traffic, Writer, spec};
use crate::report::Report;
use crate::report::question::Need;
use crate::schema::Column;
use crate::units::human;

/// What is asked of traffic.
#[derive(Debug)]
pub struct TrafficQuestion {
    /// What is joined.
    pub sources: Sources,
    /// Columns of the records that ride along.
    pub extra: Vec<Column>,
    /// The sums, of one scan.
    pub sums: Vec<Need>,
    /// How much memory sums may take, and where the rest goes.
    pub overflow: Option<Overflow>,
}

/// Traffic, summed.
#[derive(Debug)]
pub(super) struct Summed {
    found: Found,
    outcomes: Vec<Outcome>,
    pub(super) account: Account,
    /// What the reader must know of how traffic was told apart.
    notes: Vec<String>,
    /// What is odd about the tables.
    warnings: Vec<String>,
    /// In the order of the sums asked for.
    pub(super) rollups: Vec<Rollup>,
    /// What was learnt of interfaces.
    pub(super) interfaces: Interfaces,
    /// Where the sums went that memory has no room for.
    overflow: Option<Overflow>,
}

impl Summed {
    /// The answer that a report of these sums is.
    pub(super) fn answer(self, mut report: Report, job: &Job) -> Answer {
        report.meta.spilled_bytes = spilled_bytes(self.overflow.as_ref());
        report.meta.notes.extend(self.notes);
        report.meta.warnings.extend(self.warnings);
        Answer::new(report, job, &self.found, &self.outcomes, self.account)
    }
}

/// How much memory had no room for.
pub(super) fn spilled_bytes(overflow: Option<&Overflow>) -> u64 {
    overflow.map_or(0, |overflow| overflow.spill.spilled_bytes())
}

/// What became of the records.
#[derive(Debug, Default)]
struct Became {
    account: Account,
    /// What counts at the edges of watches by difference.
    boundary: Tally,
    /// What counts without a direction.
    undirected: Tally,
}

impl Became {
    fn and(mut self, other: Self) -> Self {
        self.account.add(&other.account);
        for (mine, theirs) in [(&mut self.boundary, other.boundary), (&mut self.undirected, other.undirected)] {
            mine.records += theirs.records;
            mine.bytes += theirs.bytes;
        }
        self
    }
}

/// Sorts a block's records into classes, sums those that count and those that were blocked, and learns of interfaces.
struct Summing {
    classifier: Classifier,
    batcher: Batcher,
    /// By the second, as long as there are few enough groups.
    exact: Option<Batcher>,
    exact_groups: Arc<Shared>,
    learner: Learner,
    account: Account,
    every: Vec<u32>,
}

impl Take for Summing {
    fn take(&mut self, _object: usize, flows: &Flows, dictionary: &Dictionary) {
        self.classifier.classify(flows, dictionary, &mut self.account);
        self.batcher.add(flows, dictionary, &self.classifier.counted, false);
        self.batcher.add(flows, dictionary, &self.classifier.blocked, true);
        if self.exact_groups.groups() > EXACT_GROUPS_MAX {
            self.exact = None;
        }
        if let Some(exact) = &mut self.exact {
            exact.add(flows, dictionary, &self.classifier.counted, false);
            exact.add(flows, dictionary, &self.classifier.blocked, true);
        }
        // What an interface was watched is told by records of any kind and time.
        let known = u32::try_from(self.every.len()).unwrap_or(u32::MAX);
        self.every.extend(known..u32::try_from(flows.rows()).unwrap_or(u32::MAX));
        self.learner.learn(flows, dictionary, &self.every[..flows.rows()]);
    }
}

/// Hands blocks of traffic to the tables.
struct Tables(Batcher);

impl Sink for Tables {
    fn take(&mut self, flows: &Flows, dictionary: &Dictionary, counted: &[u32], blocked: &[u32]) {
        self.0.add(flows, dictionary, counted, false);
        self.0.add(flows, dictionary, blocked, true);
    }
}

/// All shards on all threads.
pub(super) struct Parallel<'a>(pub(super) &'a ThreadPool, pub(super) &'a Rollup);

impl Shards for Parallel<'_> {
    fn fold<T: Send>(
        &self,
        none: impl Fn() -> T + Send + Sync,
        each: impl Fn(usize) -> Result<T, Error> + Send + Sync,
        merge: impl Fn(T, T) -> T + Send + Sync,
    ) -> Result<T, Error> {
        let results = || self.1.shards().into_par_iter().map(&each);
        self.0.install(|| results().try_reduce(&none, |one, other| Ok(merge(one, other))))
    }
}

/// Scans, joins and sums.
pub(super) fn summed(
    job: &Job,
    question: &TrafficQuestion,
    threads: &ThreadPool,
    progress: &Progress,
) -> Result<Summed, Error> {
    let found = job.find()?;
    let facts_spec = Arc::new(spec(&question.extra, false));
    let shared = Arc::new(Shared::new(Arc::clone(&facts_spec), question.overflow.clone()));
    let exact = Arc::new(Shared::new(Arc::new(spec(&question.extra, true)), None));
    let scan = Scan {
        job,
        objects: &found.objects,
        columns: facts_spec.columns().with(Column::Start).union(job.class_columns()).union(Interfaces::columns()),
        progress,
        new_taker: &|| Summing {
            classifier: job.classifier(),
            batcher: Batcher::new(Arc::clone(&shared)),
            exact: Some(Batcher::new(Arc::clone(&exact))),
            exact_groups: Arc::clone(&exact),
            learner: Learner::default(),
            account: Account::default(),
            every: Vec::new(),
        },
        object_done: None,
        stopped: Some(shared.failed()),
    };
    let (outcomes, takers) = scan.run(threads);
    let (mut account, mut interfaces) = (Account::default(), Interfaces::default());
    for taker in takers {
        account.add(&taker.account);
        interfaces.add(taker.learner.finish());
    }
    // Whether there are few enough groups depends on the records alone, not on who read them in which order.
    let is_exact = exact.groups() <= EXACT_GROUPS_MAX;
    let (facts, unused) = if is_exact { (exact, shared) } else { (shared, exact) };
    drop(unused);
    let facts = rollup(facts)?;
    let roster = Roster::new(&interfaces, &question.sources.tables);
    let traffic = Traffic::new(Facts::new(&facts, &roster), roster, &question.sources, &Parallel(threads, &facts))?;
    let overflow = question.overflow.as_ref();
    let (rollups, became) = sums(&traffic, &question.sums, overflow, &facts, threads)?;
    let Became { account: judged, boundary, undirected } = became;
    account[Class::Counted] = Tally::default();
    account.add(&judged);
    let limits = traffic.limits().filter(|_| question.sums.iter().any(|sum| sum.wanted.charges));
    let told = boundary_note(&boundary).into_iter().chain(undirected_note(&undirected)).chain(filter_note(job));
    let notes = told.chain(limits).collect();
    let warnings = question.sources.warnings().collect();
    let overflow = question.overflow.clone();
    Ok(Summed { found, outcomes, account, notes, warnings, rollups, interfaces, overflow })
}

/// Sums traffic by all that the question asks for, in one pass; gives also what became of the records.
fn sums(
    traffic: &Traffic<'_>,
    sums: &[Need],
    overflow: Option<&Overflow>,
    facts: &Rollup,
    threads: &ThreadPool,
) -> Result<(Vec<Rollup>, Became), Error> {
    let shared = |sum: &Need| Arc::new(Shared::new(Arc::new(sum.spec.clone()), overflow.cloned()));
    let shared: Vec<Arc<Shared>> = sums.iter().map(shared).collect();
    let tables = |shared| Tables(Batcher::new(Arc::clone(shared)));
    let writer = || Writer::new(traffic, sums.iter().map(|sum| &sum.wanted).zip(shared.iter().map(tables)));
    let became = threads.install(|| {
        let folded = facts.shards().into_par_iter().try_fold(writer, |mut writer, shard| {
            writer.shard(shard)?;
            Ok::<_, Error>(writer)
        });
        let became = folded.map(|writer| {
            writer.map(|Writer { account, boundary, undirected, .. }| Became { account, boundary, undirected })
        });
        became.try_reduce(Became::default, |one, other| Ok(one.and(other)))
    })?;
    let rollups = shared.into_iter().map(rollup).collect::<Result<_, Error>>()?;
    Ok((rollups, became))
}

/// What counts by difference where a watch begins or ends.
fn boundary_note(boundary: &Tally) -> Option<String> {
    let records = human::counted(boundary.records, "record");
    (boundary.records > 0).then(|| {
        format!(
            "boundary: of {records} at the edges of watches {} bytes count, by difference with the sender's",
            boundary.bytes
        )
    })
}

/// A record without a direction counts, and so may the other view of its flow.
fn undirected_note(undirected: &Tally) -> Option<String> {
    let records = human::counted(undirected.records, "record");
    (undirected.records > 0).then(|| {
        format!(
            "{records} of {} bytes count whose direction is unknown: another view of them may count too",
            undirected.bytes
        )
    })
}

/// Columns that differ between the views of one flow.
const OF_THE_INTERFACE: [Column; 11] = [
    Column::InterfaceId,
    Column::FlowDirection,
    Column::AccountId,
    Column::Region,
    Column::VpcId,
    Column::SubnetId,
    Column::InstanceId,
    Column::AzId,
    Column::TrafficPath,
    Column::Action,
    Column::FlowLogId,
];

/// A filter that picks one of two views picks, as often as not, the one that does not count.
fn filter_note(job: &Job) -> Option<String> {
    let filtered = job.filter.as_ref()?.columns();
    let column = OF_THE_INTERFACE.into_iter().find(|column| filtered.has(*column))?;
    let name = column.name();
    Some(format!(
        "--where chooses records before each byte counts once, and {name} is of the interface that saw them: what an \
         interface received counts at its sender; see --by src_interface,dst_interface, or --no-dedup"
    ))
}

/// The next of the sums, in the order asked for.
pub(super) fn next(rollups: &mut impl Iterator<Item = Rollup>) -> Result<Rollup, Error> {
    rollups.next().ok_or_else(|| Error::internal("a sum was asked for and not made"))
}
