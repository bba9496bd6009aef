//! Any question of traffic: scan, join, sum what the question needs, and hand it the frames by name.

use super::answer::Answer;
use super::traffic::{Parallel, TrafficQuestion, summed};
use super::{Job, Progress};
use crate::error::Error;
use crate::group::Overflow;
use crate::join::Sources;
use crate::join::frame::frame;
use crate::report::question::{Frames, Need, Question};
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
    let mut summed = summed(job, &traffic, &threads, progress)?;
    let mut frames = Frames::default();
    for (need, rollup) in traffic.sums.iter().zip(std::mem::take(&mut summed.rollups)) {
        frames.add(need.name, frame(&rollup, &Parallel(&threads, &rollup))?);
    }
    let report = question.answer(frames)?;
    let window = report.meta.window;
    let mut answer = summed.answer(report, job);
    // A period that is only compared with was read too, and is none of what was asked for.
    if window != (None, None) {
        answer.report.meta.window = window;
    }
    Ok(answer)
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
