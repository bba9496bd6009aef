//! Any question of traffic: leaves sum what the join needs for it, and the root answers.

use super::answer::Answer;
use super::leaf::Machine;
use super::plan::Plan;
use super::root::root;
use super::traffic::TrafficQuestion;
use super::{Job, Progress};
use crate::error::Error;
use crate::group::Overflow;
use crate::join::Sources;
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
pub fn ask(job: &Job, question: impl Question, means: Means, progress: &Progress) -> Result<Answer, Error> {
    let sums = question.plan();
    let traffic = TrafficQuestion { sources: means.sources, extra: passthrough(&sums), sums, overflow: means.overflow };
    let threads = job.threads()?;
    let machine = Machine { threads: &threads, overflow: traffic.overflow.clone(), progress };
    let ledger = job.leaves.ledger(job, &Plan::new(job, traffic.needs()), &machine)?;
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
