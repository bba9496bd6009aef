//! `top`: scan, sum by key, rank.

use std::sync::Arc;

use rayon::prelude::*;

use super::answer::Answer;
use super::scan::{Scan, Take};
use super::{Job, Progress};
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::group::{Account, Batcher, Class, Classifier, Overflow, Rollup, Shared, Spec, Verdict};
use crate::report::Report;
use crate::report::top::{Ranking, Shape};
use crate::units::human;

/// What to sum by what, and how to show it.
#[derive(Clone, Debug)]
pub struct TopQuestion {
    /// Keys and sums.
    pub spec: Spec,
    /// Whether the last key is not grouped by, but its distinct values are counted.
    pub distinct: bool,
    /// Order, rows, columns.
    pub shape: Shape,
    /// How much memory the sums may take, and where the rest goes.
    pub overflow: Option<Overflow>,
}

/// Sorts a block's records into classes and sums those that count.
struct Summing {
    classifier: Classifier,
    batcher: Batcher,
    account: Account,
    blocked: bool,
}

impl Take for Summing {
    fn take(&mut self, _object: usize, flows: &Flows, dictionary: &Dictionary) {
        self.classifier.classify(flows, dictionary, &mut self.account);
        self.batcher.add(flows, dictionary, &self.classifier.counted, false);
        if self.blocked {
            self.batcher.add(flows, dictionary, &self.classifier.blocked, true);
        }
    }
}

/// Answers who talks most.
///
/// # Errors
/// If the inputs cannot be found or threads cannot be started; what is wrong with single objects is in the answer.
pub fn top(job: &Job, question: &TopQuestion, progress: &Progress) -> Result<Answer, Error> {
    let found = job.find()?;
    let threads = job.threads()?;
    let shared = Arc::new(Shared::new(Arc::new(question.spec.clone()), question.overflow.clone()));
    let scan = Scan {
        job,
        objects: &found.objects,
        columns: question.spec.columns().union(job.class_columns()),
        progress,
        new_taker: &|| Summing {
            classifier: job.classifier(),
            batcher: Batcher::new(Arc::clone(&shared)),
            account: Account::default(),
            blocked: question.shape.blocked,
        },
        object_done: None,
        stopped: Some(shared.failed()),
    };
    let (outcomes, takers) = scan.run(&threads);
    let mut account = Account::default();
    takers.iter().for_each(|taker| account.add(&taker.account));
    drop(takers);
    let rollup = rollup(shared)?;
    let rollup = if question.distinct { threads.install(|| count_distinct(rollup))? } else { rollup };
    let ranking = threads.install(|| rank(&rollup, question.shape))?;
    let more = ranking.groups().saturating_sub(question.shape.rows.map_or(u64::MAX, |rows| rows as u64));
    let mut report = Report { name: "top".to_owned(), tables: vec![ranking.table()], ..Report::default() };
    if more > 0 {
        report.meta.notes.push(format!("(other) sums {}", human::counted(more, "more group")));
    }
    report.meta.spilled_bytes = question.overflow.as_ref().map_or(0, |overflow| overflow.spill.spilled_bytes());
    if account[Class::Counted].records > 0 {
        report.meta.notes.push(views_note(job.verdict));
    }
    Ok(Answer::new(report, job, &found, &outcomes, account))
}

/// The sums, once no batcher holds any.
fn rollup(shared: Arc<Shared>) -> Result<Rollup, Error> {
    let shared = Arc::into_inner(shared).ok_or_else(|| Error::failed("a worker still holds the sums"))?;
    Ok(shared.into_partial()?.finish())
}

fn count_distinct(rollup: Rollup) -> Result<Rollup, Error> {
    let shared = Arc::new(rollup.distinct());
    let count = |batcher: &mut Batcher, shard| rollup.count_distinct(shard, batcher);
    rollup.shards().into_par_iter().try_for_each_init(|| Batcher::new(Arc::clone(&shared)), count)?;
    self::rollup(shared)
}

fn rank(rollup: &Rollup, shape: Shape) -> Result<Ranking<'_>, Error> {
    let none = || Ranking::new(rollup, shape);
    let ranked = rollup.shards().into_par_iter().try_fold(none, Ranking::with_shard);
    ranked.try_reduce(none, |one, other| Ok(one.merge(other)))
}

/// Until records are joined with the interfaces they cross, nobody can tell two views of one flow apart.
fn views_note(verdict: Verdict) -> String {
    let records = if verdict == Verdict::Reject { "blocked records" } else { "records" };
    format!("{records} are summed as each interface saw them: a flow seen at two interfaces counts at both")
}
