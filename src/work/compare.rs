//! `compare`: scan both periods at once, join, sum, price each, tell what changed.

use super::answer::Answer;
use super::traffic::{TrafficQuestion, next, summed};
use super::{Job, Progress};
use crate::error::Error;
use crate::price::charged::{Bill, Periods};
use crate::price::{PoolTerms, PriceTable, Tiers};
use crate::reason::compare::gathered::Gathered;
use crate::report::compare::{CompareShape, report};

/// Two periods, by what they are summed, and prices.
#[derive(Debug)]
pub struct CompareQuestion {
    /// The charges, summed by [`gathered::spec`](crate::reason::compare::gathered::spec).
    pub traffic: TrafficQuestion,
    /// How many of its keys are the rows'.
    pub asked: usize,
    /// The prices.
    pub table: PriceTable,
    /// What else decides the cost.
    pub terms: PoolTerms,
    /// The periods, and what the answer looks like.
    pub shape: CompareShape,
    /// Things to know of how the question was understood.
    pub notes: Vec<String>,
}

/// Answers what changed between two periods.
///
/// # Errors
/// If the inputs cannot be found or threads cannot be started; what is wrong with single objects is in the answer.
pub fn compare(job: &Job, question: CompareQuestion, progress: &Progress) -> Result<Answer, Error> {
    let threads = job.threads()?;
    let mut summed = summed(job, &question.traffic, &threads, progress)?;
    let mut rollups = std::mem::take(&mut summed.rollups).into_iter();
    let [previous, current] = question.shape.windows;
    let periods = Periods { current, previous: Some(previous) };
    let is_hourly = question.terms.tiers == Tiers::Marginal;
    let mut gathered = Gathered::of(&next(&mut rollups)?, question.asked, &periods, is_hourly)?;
    let window = (current.from, current.to);
    let bill = Bill::of(gathered.take_charged(), window, &question.table, question.terms)?;
    let mut report = report(&gathered, &bill, &question.shape)?;
    report.meta.notes.extend(question.notes);
    let mut answer = summed.answer(report, job);
    // The period before was read too, and is none of what was asked for.
    answer.report.meta.window = window;
    Ok(answer)
}
