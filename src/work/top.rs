//! `top`: scan, sum by key, rank.

use std::sync::Arc;

use polars::prelude::DataFrame;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::answer::Answer;
use super::leaf::Machine;
use super::plan::{Needs, Plan};
use super::root::Parallel;
use super::traffic::{TrafficQuestion, next, spilled_bytes, summed};
use super::{Job, Progress};
use crate::error::Error;
use crate::group::{ActionFilter, Batcher, Class, Key, Rollup, Spec};
use crate::join::frame::{exact_frame, frame};
use crate::report::explain;
use crate::report::having::Having;
use crate::report::top::{Dollars, Order, Pricing, Ranking, Screen, Shape};
use crate::report::{Report, Table};
use crate::schema::output;
use crate::units::human;
use crate::units::time::Window;

/// What to sum by what, and how to show it.
#[derive(Debug)]
pub struct TopQuestion {
    /// Keys and sums.
    pub spec: Spec,
    /// Whether the last key is not grouped by, but its distinct values are counted.
    pub distinct: bool,
    /// Order, rows, columns.
    pub shape: Shape,
    /// Names of keys that are not those of their columns, at the keys' places.
    pub labels: Vec<Option<String>>,
    /// What of traffic is summed, then the charges for `pricing` and the rules for `explain`, if those are requested;
    /// none to sum the records as each interface saw them.
    pub traffic: Option<TrafficQuestion>,
    /// Pricing of dollars, if requested.
    pub pricing: Option<Pricing>,
    /// Whether to list the rules applied to each row.
    pub explain: bool,
    /// Which groups are shown; the others are part of `(other)`.
    pub having: Option<Having>,
}

impl TopQuestion {
    /// The keys of a row: what is counted distinct is none.
    fn own_keys(&self) -> Vec<Key> {
        self.spec.keys[..self.spec.keys.len() - usize::from(self.distinct)].to_vec()
    }
}

/// Ranks groups by traffic.
///
/// # Errors
/// If the inputs cannot be listed or threads cannot be started; errors of single objects are in the report.
pub fn top(job: &Job, question: &TopQuestion, progress: &Progress) -> Result<Answer, Error> {
    if let Some(traffic) = &question.traffic {
        return joined(job, question, traffic, progress);
    }
    let threads = job.threads()?;
    let needs = Needs { spec: question.spec.clone(), rejected: question.shape.rejected, interfaces: false };
    let machine = Machine { threads: &threads, overflow: job.overflow.clone(), progress };
    let ledger = job.leaves.ledger(job, &Plan::new(job, needs), &machine)?;
    let (mut report, _) = report(ledger.sums.finish(), None, question, &threads)?;
    report.meta.spilled_bytes = spilled_bytes(job);
    if ledger.read.account[Class::Counted].records > 0 {
        report.meta.notes.push(views_note(job.action_filter));
    }
    report.meta.notes.extend(unlooked_note(job));
    Ok(Answer::new(report, job, &ledger.read))
}

/// Answers by traffic in which each byte stands once.
fn joined(job: &Job, question: &TopQuestion, traffic: &TrafficQuestion, progress: &Progress) -> Result<Answer, Error> {
    let threads = job.threads()?;
    let mut summed = summed(job, traffic, &threads, progress)?;
    let mut rollups = std::mem::take(&mut summed.rollups).into_iter();
    let rollup = next(&mut rollups)?;
    let charges = question.pricing.as_ref().map(|_| next(&mut rollups)).transpose()?;
    let (mut report, shown) = report(rollup, charges.as_ref(), question, &threads)?;
    if question.explain {
        let rules = next(&mut rollups)?;
        let rules = frame(&rules, &Parallel(&threads, &rules))?;
        let names: Vec<String> = question.own_keys().iter().map(Key::name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        report.tables.push(explain::table(rules, &shown, &names, &report.tables[0])?);
    }
    if traffic.sources.every_view {
        report.meta.notes.push(views_note(job.action_filter));
    }
    if question.pricing.is_some() && job.action_filter != ActionFilter::Accept {
        report
            .meta
            .notes
            .push("usd: rejected traffic is priced as if it had been accepted; AWS does not bill it".to_owned());
    }
    Ok(summed.with_lacks(job, &job.windows(), false).answer(report, job))
}

fn report(
    rollup: Rollup,
    charges: Option<&Rollup>,
    question: &TopQuestion,
    threads: &ThreadPool,
) -> Result<(Report, DataFrame), Error> {
    let rollup = if question.distinct { threads.install(|| count_distinct(rollup))? } else { rollup };
    let rank = |shape, dollars, screen| threads.install(|| rank(&rollup, shape, dollars, screen));
    let dollars = match (charges, &question.pricing) {
        (Some(charges), Some(pricing)) => {
            let asks_all = question.shape.order == Order::Usd || question.having.is_some();
            let shown = if asks_all { None } else { rank(question.shape, None, None)?.shown() };
            let is_settled = shown.is_some();
            let charges = frame(charges, &Parallel(threads, charges))?;
            let keys = question.own_keys();
            Some((Dollars::of(&charges, &keys, shown.as_ref(), pricing)?, is_settled))
        }
        _ => None,
    };
    let (of, is_settled) = dollars.as_ref().map_or((None, true), |(dollars, settled)| (Some(dollars), *settled));
    let none = Shape { rows: Some(0), ..question.shape };
    let screen = question.having.as_ref().map(|having| Ok::<_, Error>(rank(none, of, None)?.screen(having)));
    let screen = screen.transpose()?;
    let ranking = rank(question.shape, of, screen.as_ref())?;
    let ranking = if is_settled { ranking } else { ranking.with_charges_alone()? };
    let screen_note = ranking.screen_note();
    let more = ranking.groups().saturating_sub(question.shape.rows.map_or(u64::MAX, |rows| rows as u64));
    let (mut table, shown) = ranking.table();
    let shown = exact_frame(&question.own_keys(), &shown)?;
    label(&mut table, &question.labels);
    let mut report = Report { name: "top".to_owned(), tables: vec![table], ..Report::default() };
    if more > 0 {
        report.meta.notes.push(format!("(other) sums {}", human::counted(more, "more group")));
    }
    report.meta.notes.extend(screen_note);
    if let Some((dollars, _)) = dollars {
        report.meta.notes.extend(dollars.notes);
        report.meta.warnings.extend(dollars.warnings);
    }
    Ok((report, shown))
}

/// Calls the columns of keys by the names that they were requested by.
pub(super) fn label(table: &mut Table, labels: &[Option<String>]) {
    let keys = table.columns.iter_mut().filter(|head| head.name != output::RANK.name);
    for (head, label) in keys.zip(labels).filter_map(|(head, label)| Some((head, label.as_ref()?))) {
        head.name.clone_from(label);
    }
}

fn count_distinct(rollup: Rollup) -> Result<Rollup, Error> {
    let shared = Arc::new(rollup.distinct());
    let count = |batcher: &mut Batcher, shard| rollup.count_distinct(shard, batcher);
    rollup.shards().into_par_iter().try_for_each_init(|| Batcher::new(Arc::clone(&shared)), count)?;
    super::rollup(shared)
}

fn rank<'a>(
    rollup: &'a Rollup,
    shape: Shape,
    dollars: Option<&'a Dollars>,
    screen: Option<&'a Screen<'a>>,
) -> Result<Ranking<'a>, Error> {
    let none = || Ranking::new(rollup, shape, dollars).screened(screen);
    let ranked = rollup.shards().into_par_iter().try_fold(none, Ranking::with_shard);
    ranked.try_reduce(none, |one, other| Ok(one.merge(other)))
}

/// Note that hours of the window without records go unnoticed: what covers them is learnt of interfaces, for the join.
fn unlooked_note(job: &Job) -> Option<String> {
    let is_asked = |window: &Window| window.from.is_some() || window.to.is_some();
    let note = "whether the logs cover all hours of the window is not looked at with --no-dedup";
    job.windows().iter().any(is_asked).then(|| note.to_owned())
}

/// Note on sums without deduplication.
fn views_note(action_filter: ActionFilter) -> String {
    let records = if action_filter == ActionFilter::Reject { "rejected records" } else { "records" };
    format!("{records} are not deduplicated: a flow logged at two interfaces counts at both")
}
