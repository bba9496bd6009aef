//! Any question of traffic: leaves sum what the join needs for it, and the root answers.

use rayon::ThreadPool;

use super::answer::Answer;
use super::leaf::Machine;
use super::plan::Plan;
use super::root::root;
use super::traffic::{Summed, TrafficQuestion};
use super::{Job, Progress};
use crate::error::Error;
use crate::group::Overflow;
use crate::join::Sources;
use crate::report::Report;
use crate::report::question::{Need, Question};
use crate::schema::Column;

/// What a question is asked with.
#[derive(Debug)]
pub struct Means {
    /// What is joined with the records.
    pub sources: Sources,
    /// How much memory the sums may take, and where the rest goes.
    pub overflow: Option<Overflow>,
}

/// Answers a question.
///
/// # Errors
/// If the inputs cannot be found or threads cannot be started; what is wrong with single objects is in the answer.
pub fn ask(
    job: &Job,
    question: impl Question<Answer = Report>,
    means: Means,
    progress: &Progress,
) -> Result<Answer, Error> {
    let threads = job.threads()?;
    let (report, summed) = asked(job, question, means, &threads, progress)?;
    let window = report.meta.window;
    let mut answer = summed.answer(report, job);
    // A period that is only compared with was read too, and is none of what was asked for.
    if window != (None, None) {
        answer.report.meta.window = window;
    }
    Ok(answer)
}

/// Answers a question whose answer need not be a report.
///
/// # Errors
/// As [`ask`].
pub(super) fn asked<Q: Question>(
    job: &Job,
    question: Q,
    means: Means,
    threads: &ThreadPool,
    progress: &Progress,
) -> Result<(Q::Answer, Summed), Error> {
    let sums = question.survey().into_iter().chain(question.plan()).collect::<Vec<_>>();
    let traffic = TrafficQuestion { sources: means.sources, extra: passthrough(&sums), sums, overflow: means.overflow };
    let machine = Machine { threads, overflow: traffic.overflow.clone(), progress };
    let ledger = job.leaves.ledger(job, &Plan::new(job, traffic.needs(job)), &machine)?;
    root(job, ledger, question, &traffic, &machine)
}

/// The columns of the records that joined traffic needs for some sums, each once.
pub(super) fn passthrough(sums: &[Need]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for column in sums.iter().flat_map(Need::passthrough) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}
