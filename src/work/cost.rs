//! `cost`: scan, join, sum by what is charged, price.

use super::answer::Answer;
use super::explain::next;
use super::traffic::{TrafficQuestion, summed};
use super::{Job, Progress};
use crate::error::Error;
use crate::price::charged::{self, Bill, Periods};
use crate::price::{PoolTerms, PriceTable};
use crate::report::cost::{self, CostShape};
use crate::report::explain;
use crate::report::focus::{self, FocusShape};

/// What the answer looks like.
#[derive(Debug)]
pub enum Billed {
    /// The report of cost.
    Cost(CostShape),
    /// Rows of FOCUS.
    Focus(FocusShape),
}

/// What is charged, by what it is summed, and its prices.
#[derive(Debug)]
pub struct CostQuestion {
    /// The charges, summed by [`charged::spec`], and the rules for `explain`.
    pub traffic: TrafficQuestion,
    /// Where the period asked for begins, if the one before it is read too.
    pub current_from: Option<u32>,
    /// The prices.
    pub table: PriceTable,
    /// What else decides the cost.
    pub terms: PoolTerms,
    /// What the answer looks like.
    pub billed: Billed,
    /// Things to know of how the question was understood.
    pub notes: Vec<String>,
    /// Whether the rules that applied to each row are told, and the rates.
    pub explain: bool,
}

/// Answers what traffic costs.
///
/// # Errors
/// If the inputs cannot be found or threads cannot be started; what is wrong with single objects is in the answer.
pub fn cost(job: &Job, question: CostQuestion, progress: &Progress) -> Result<Answer, Error> {
    let threads = job.threads()?;
    let mut summed = summed(job, &question.traffic, &threads, progress)?;
    let mut rollups = std::mem::take(&mut summed.rollups).into_iter();
    let rows = charged::rows(&next(&mut rollups)?, &Periods::before(question.current_from))?;
    let window = (question.current_from.or(job.window.from), job.window.to);
    let bill = Bill::of(rows, window, &question.table, question.terms);
    let mut report = match &question.billed {
        Billed::Cost(shape) => cost::report(&bill, shape),
        Billed::Focus(shape) => focus::report(&bill, shape),
    };
    if let (Billed::Cost(shape), true) = (&question.billed, question.explain) {
        let rules = next(&mut rollups)?;
        let explained = explain::cost(&rules, &report.tables[0], shape, question.current_from)?;
        report.tables.extend([explained, explain::rates(&bill)]);
    }
    report.meta.notes.extend(question.notes);
    let mut answer = summed.answer(report, job);
    // The period before was read too, and is none of what was asked for.
    answer.report.meta.window = window;
    Ok(answer)
}
