//! The root: a ledger of all objects is joined with all that is known, summed by what the question asks for, and
//! answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude::DataFrame;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::leaf::Machine;
use super::ledger::Ledger;
use super::stages::Stages;
use super::traffic::{Summed, TrafficQuestion};
use super::{Job, rollup};
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::group::filter::Filter;
use crate::group::{Account, Batcher, Class, Key, Logged, Overflow, Rollup, Shared, Spec, Tally};
use crate::join::frame::{Coded, frame};
use crate::join::{Enis, Facts, Shards, Sink, Sources, Traffic, Writer};
use crate::price::accelerator_premium;
use crate::report::question::{self, Frames, Need, Question};
use crate::schema::Column;
use crate::units::human::{self, Units};
use crate::units::time::Zone;

/// What became of the records.
#[derive(Debug, Default)]
struct Became {
    account: Account,
    /// What counts at coverage boundaries by difference.
    boundary: Tally,
    /// What counts without a direction.
    undirected: Tally,
    /// What counts from and to Global Accelerator.
    accelerated: Tally,
    /// What is at endpoints of gateway load balancers without a direction.
    unmetered: Tally,
}

impl Became {
    fn and(mut self, other: Self) -> Self {
        self.account.add(&other.account);
        for (mine, theirs) in [
            (&mut self.boundary, other.boundary),
            (&mut self.undirected, other.undirected),
            (&mut self.accelerated, other.accelerated),
            (&mut self.unmetered, other.unmetered),
        ] {
            mine.records += theirs.records;
            mine.bytes += theirs.bytes;
        }
        self
    }
}

/// Hands blocks of traffic to the tables.
struct Tables(Batcher);

impl Sink for Tables {
    fn take(&mut self, flows: &Flows, dictionary: &Dictionary, counted: &[u32], rejected: &[u32]) {
        self.0.add(flows, dictionary, counted, false);
        self.0.add(flows, dictionary, rejected, true);
    }
}

/// All shards on all threads.
pub(super) struct Parallel<'a>(pub(super) &'a ThreadPool, pub(super) &'a Rollup);

impl Shards for Parallel<'_> {
    fn fold<T: Send>(
        &self,
        none: impl Fn() -> T + Send + Sync,
        each: impl Fn(&mut T, usize) -> Result<(), Error> + Send + Sync,
        merge: impl Fn(T, T) -> T + Send + Sync,
    ) -> Result<T, Error> {
        // A sum for each thread and no more: it may be large, and be of every interface.
        let (first, shards) = (self.1.shards().start, self.1.shards());
        let next = AtomicUsize::new(first);
        let one = |_| {
            let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|shard| shards.contains(shard));
            std::iter::from_fn(take).try_fold(none(), |mut sum, shard| each(&mut sum, shard).map(|()| sum))
        };
        let threads = self.0.current_num_threads();
        let merged = || (0..threads).into_par_iter().with_max_len(1).map(one).try_reduce_with(|a, b| Ok(merge(a, b)));
        self.0.install(merged).unwrap_or_else(|| Ok(none()))
    }
}

/// Answers a question from what leaves have found out for it.
///
/// # Errors
/// If spilled rows cannot be read or written, or the question has no answer.
pub(super) fn root<Q: Question>(
    job: &Job,
    ledger: Ledger,
    mut question: Q,
    traffic: &TrafficQuestion,
    machine: &Machine<'_>,
) -> Result<(Q::Answer, Summed), Error> {
    let survey = question.survey();
    let plan = |surveyed: Vec<Rollup>| {
        if !survey.is_empty() {
            question.surveyed(frames(&survey, surveyed, machine.threads))?;
        }
        Ok(question.plan())
    };
    let mut summed = surveyed(job, ledger, traffic, (&survey, plan), machine)?;
    let mut frames = frames(&question.plan(), std::mem::take(&mut summed.rollups), machine.threads);
    frames.logged = Arc::clone(&summed.logged);
    frames.watches = std::mem::take(&mut summed.watches);
    Ok((question.answer(frames)?, summed))
}

fn frames<'t>(needs: &[Need], rollups: Vec<Rollup>, threads: &'t ThreadPool) -> Frames<'t> {
    let mut frames = Frames::default();
    for (need, rollup) in needs.iter().zip(rollups) {
        frames.add(need.name, OnThreads { rollup, threads });
    }
    frames
}

/// A roll-up that becomes a frame on all threads.
#[derive(Debug)]
struct OnThreads<'t> {
    rollup: Rollup,
    threads: &'t ThreadPool,
}

impl question::Summed for OnThreads<'_> {
    fn frame(&self) -> Result<DataFrame, Error> {
        frame(&self.rollup, &Parallel(self.threads, &self.rollup))
    }

    fn each(&self, kernel: &(dyn Fn(&Coded<'_>) -> Result<(), Error> + Sync)) -> Result<(), Error> {
        let of = |(): &mut (), shard| kernel(&Coded::of(&self.rollup, shard)?);
        Parallel(self.threads, &self.rollup).fold(|| (), of, |(), ()| ())
    }
}

/// Joins what leaves have found out, and sums what a question asks for.
///
/// # Errors
/// If spilled rows cannot be read or written.
pub(super) fn joined(
    job: &Job,
    ledger: Ledger,
    question: &TrafficQuestion,
    machine: &Machine<'_>,
) -> Result<Summed, Error> {
    surveyed(job, ledger, question, (&[], |_| Ok(question.sums.clone())), machine)
}

/// Joins what leaves have found out, sums a survey, and then what is planned with its sums in hand.
fn surveyed(
    job: &Job,
    ledger: Ledger,
    question: &TrafficQuestion,
    (survey, plan): (&[Need], impl FnOnce(Vec<Rollup>) -> Result<Vec<Need>, Error>),
    machine: &Machine<'_>,
) -> Result<Summed, Error> {
    let Ledger { sums: facts, interfaces, mut read, .. } = ledger;
    let mut stages = Stages::begin();
    let (facts, threads) = (facts.finish(), machine.threads);
    let (logged, enis) = (Logged::of(&interfaces), Enis::new(interfaces, &question.sources.tables));
    let traffic = Traffic::new(Facts::new(&facts, &enis), enis, &question.sources, &Parallel(threads, &facts))?;
    stages.ended("records were joined");
    let filter = job.filter.as_ref();
    let sum = |needs: &[Need]| {
        sums(&traffic, (filter, needs), (job.seed, job.zone, machine.overflow.as_ref()), &facts, threads)
    };
    let asked = plan(if survey.is_empty() { Vec::new() } else { sum(survey)?.0 })?;
    let (rollups, became) = sum(&asked)?;
    stages.ended("traffic was summed");
    let Became { account: judged, boundary, undirected, accelerated, unmetered } = became;
    read.account[Class::Counted] = Tally::default();
    if filter.is_some_and(|filter| filter.parts().1.is_some()) {
        read.account[Class::Rejected] = Tally::default();
    }
    read.account.add(&judged);
    let uncharged = accelerator_note(&accelerated).into_iter().chain(unmetered_note(&unmetered));
    let limits = traffic.limits().chain(uncharged).filter(|_| asked.iter().any(|sum| sum.wanted.charges));
    let messages = boundary_note(&boundary).into_iter().chain(undirected_note(&undirected));
    let notes = messages.chain(filter_note(job)).chain(parts_note(job)).chain(traffic.passed_on()).chain(limits);
    let notes = notes.chain(logged.late(job.window.from)).collect();
    let unmatched = traffic.unmatched().filter(|_| judged[Class::Counted].records > 0);
    let warnings = question.sources.warnings().chain(blank_columns(&asked, filter, &question.sources)).chain(unmatched);
    let has_resource = |need: &Need| need.spec.keys.iter().any(|key| key.column == Column::BilledResource);
    let watches = if asked.iter().any(has_resource) {
        traffic.watches().map(|(resource, logged)| (resource.to_owned(), logged)).collect()
    } else {
        Vec::new()
    };
    let stopped = logged.stopped(job.window.to);
    let warnings = warnings.chain(stopped.clone()).collect();
    let (is_incomplete, logged) = (question.sources.are_faulty(), Arc::new(logged));
    Ok(Summed { read, notes, warnings, is_incomplete, rollups, logged, watches, stopped })
}

/// Sums traffic by all that the question asks for, in one pass; gives also what became of the records.
fn sums(
    traffic: &Traffic<'_>,
    (filter, sums): (Option<&Filter>, &[Need]),
    (seed, zone, overflow): (u64, Zone, Option<&Overflow>),
    facts: &Rollup,
    threads: &ThreadPool,
) -> Result<(Vec<Rollup>, Became), Error> {
    let of = |sum: &Need| Shared::new(Arc::new(in_zone(sum, zone)), seed, overflow.cloned()).in_zone(zone);
    let shared = |sum: &Need| Arc::new(of(sum));
    let shared: Vec<Arc<Shared>> = sums.iter().map(shared).collect();
    let tables = |shared| Tables(Batcher::new(Arc::clone(shared)));
    let writer = || Writer::new(traffic, filter, sums.iter().map(|sum| &sum.wanted).zip(shared.iter().map(tables)));
    let became = threads.install(|| {
        let folded = facts.shards().into_par_iter().try_fold(writer, |mut writer, shard| {
            writer.shard(shard)?;
            Ok::<_, Error>(writer)
        });
        let became = folded.map(|writer| {
            writer.map(|writer| Became {
                account: writer.account().clone(),
                boundary: writer.boundary(),
                undirected: writer.undirected(),
                accelerated: writer.accelerated(),
                unmetered: writer.unmetered(),
            })
        });
        became.try_reduce(Became::default, |one, other| Ok(one.and(other)))
    })?;
    let rollups = shared.into_iter().map(rollup).collect::<Result<_, Error>>()?;
    Ok((rollups, became))
}

/// The columns that only a database of places fills.
const OF_PLACES: [Column; 4] = [Column::SrcCountry, Column::DstCountry, Column::SrcNetwork, Column::DstNetwork];

/// Columns that are asked for and absent for want of a table.
fn blank_columns(asked: &[Need], filter: Option<&Filter>, sources: &Sources) -> Option<String> {
    let of_filter = filter.map(Filter::traffic_columns).unwrap_or_default();
    let is_key = |column: &Column| asked.iter().any(|need| need.spec.keys.iter().any(|key| key.column == *column));
    let mut blank = OF_PLACES.iter().filter(|column| is_key(column) || of_filter.has(**column));
    let column = blank.next().filter(|_| sources.geography.is_empty())?;
    Some(format!("{} is absent without a database of places: add --geoip FILE.mmdb", column.name()))
}

/// What to sum by where days are a zone's. Prices are those of a moment and months those of UTC, so charges by such a day
/// are told by the hour too.
fn in_zone(need: &Need, zone: Zone) -> Spec {
    let mut spec = need.spec.clone();
    let hour = Key { column: Column::Hour, cut: None };
    let by_day = spec.keys.iter().any(|key| key.column == Column::Day);
    if zone != Zone::default() && need.wanted.charges && by_day && !spec.keys.contains(&hour) {
        spec.keys.push(hour);
    }
    spec
}

/// The premium of Global Accelerator, which flow logs do not determine, with what it may be.
fn accelerator_note(accelerated: &Tally) -> Option<String> {
    let [least, most] = accelerator_premium(accelerated.bytes).map(human::usd);
    let bytes = human::bytes(accelerated.bytes, Units::Iec);
    (accelerated.bytes > 0).then(|| {
        format!(
            "{bytes} are from or to Global Accelerator: its premium of {least} to {most} is not in the totals, since it \
             depends on edge locations that logs do not name"
        )
    })
}

/// Bytes at endpoints of gateway load balancers that are not charged for want of a direction. Each packet has two records.
fn unmetered_note(unmetered: &Tally) -> Option<String> {
    let bytes = human::bytes(unmetered.bytes / 2, Units::Iec);
    (unmetered.bytes > 0).then(|| {
        format!(
            "about {bytes} pass endpoints of gateway load balancers and are not charged: add the fields pkt-srcaddr and \
             pkt-dstaddr (version 3) or flow-direction (version 5) to tell what arrives from what is sent on"
        )
    })
}

/// Counts by difference at coverage boundaries.
fn boundary_note(boundary: &Tally) -> Option<String> {
    let records = human::counted(boundary.records, "record");
    (boundary.records > 0).then(|| {
        format!(
            "boundary: {} bytes of {records} at coverage boundaries count, as the difference from the vantages that \
             take precedence",
            boundary.bytes
        )
    })
}

/// A record without a direction counts, and so may the other view of its flow.
fn undirected_note(undirected: &Tally) -> Option<String> {
    let records = human::counted(undirected.records, "record");
    let bytes = undirected.bytes;
    (undirected.records > 0).then(|| {
        format!("the direction of {records} with {bytes} bytes is unknown, so that these may be counted twice")
    })
}

/// Columns that differ between the views of one flow.
const OF_THE_INTERFACE: [Column; 12] = [
    Column::InterfaceId,
    Column::FlowDirection,
    Column::AccountId,
    Column::Region,
    Column::VpcId,
    Column::SubnetId,
    Column::InstanceId,
    Column::AzId,
    Column::SublocationId,
    Column::TrafficPath,
    Column::Action,
    Column::FlowLogId,
];

/// Which part of a filter was applied to what, if not all of it to records.
fn parts_note(job: &Job) -> Option<String> {
    let (records, traffic) = job.filter.as_ref()?.parts();
    let traffic = traffic?;
    Some(match records {
        Some(records) => format!(
            "--where: `{records}` was applied to records before they were joined, `{traffic}` to the joined traffic"
        ),
        None => format!("--where: `{traffic}` was applied to the joined traffic"),
    })
}

/// A filter on one of two vantages often selects the one that does not count.
fn filter_note(job: &Job) -> Option<String> {
    let filtered = job.filter.as_ref()?.columns();
    let column = OF_THE_INTERFACE.into_iter().find(|column| filtered.has(*column))?;
    let name = column.name();
    Some(format!(
        "--where filters records before deduplication, and {name} describes the interface that logged them: received \
         traffic is counted at its sender; use --by src_interface,dst_interface or --no-dedup"
    ))
}
