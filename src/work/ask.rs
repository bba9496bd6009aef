//! Any question of traffic: leaves sum what the join needs for it, and the root answers.

use rayon::ThreadPool;

use super::answer::Answer;
use super::flows::{records, records_columns};
use super::leaf::Machine;
use super::plan::Plan;
use super::root::root;
use super::traffic::{Summed, TrafficQuestion};
use super::{Job, Progress};
use crate::error::Error;
use crate::group::{ActionFilter, Interfaces};
use crate::join::{Sources, spec};
use crate::report::Report;
use crate::report::question::{Frames, Need, Question};
use crate::report::sql::SqlQuestion;
use crate::schema::{Column, ColumnSet};

/// Answers a question; `sources` are joined with the records.
///
/// # Errors
/// If the inputs cannot be listed or threads cannot be started; errors of single objects are in the report.
pub fn ask(
    job: &Job,
    question: impl Question<Answer = Report>,
    sources: Sources,
    progress: &Progress,
) -> Result<Answer, Error> {
    let threads = job.threads()?;
    let judges = question.judges();
    let (report, summed) = asked(job, question, sources, &threads, progress)?;
    let window = report.meta.window;
    let mut answer = summed.with_lacks(job, &job.windows(), judges).answer(report, job);
    // The reference period was read too, but is not part of the requested window.
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
    sources: Sources,
    threads: &ThreadPool,
    progress: &Progress,
) -> Result<(Q::Answer, Summed), Error> {
    let sums = question.survey().into_iter().chain(question.plan()).collect::<Vec<_>>();
    let traffic = TrafficQuestion { sources, extra: passthrough(&sums), sums };
    let machine = Machine { threads, overflow: job.overflow.clone(), progress };
    let ledger = job.leaves.ledger(job, &Plan::new(job, traffic.needs(job)), &machine)?;
    root(job, ledger, question, &traffic, &machine)
}

/// Answers a query; the records that it names are held for it.
///
/// # Errors
/// As [`ask`], if the records take more memory than they may, or the query cannot be computed.
pub fn sql(job: &Job, mut question: SqlQuestion, sources: Sources, progress: &Progress) -> Result<Answer, Error> {
    let Some(columns) = question.records() else { return ask(job, question, sources, progress) };
    let reads_traffic = !question.plan().is_empty();
    if reads_traffic && job.inputs.iter().any(|input| input == "-") {
        return Err(Error::usage("flows with other tables: standard input can be read only once")
            .hint("name a file, or run two queries"));
    }
    let every = Job { action_filter: ActionFilter::Every, ..job.clone() };
    let (records, read) = records(&every, &columns, progress)?;
    question.hold(records);
    if reads_traffic {
        return ask(job, question, sources, progress);
    }
    Ok(Answer::new(question.answer(Frames::default())?, &every, &read))
}

/// How a query is carried out; nothing is read.
///
/// # Errors
/// If it cannot be planned.
pub fn explain_sql(job: &Job, question: &SqlQuestion) -> Result<Report, Error> {
    let mut decoded = ColumnSet::default();
    if let Some(columns) = question.records() {
        decoded = decoded.union(records_columns(&Job { action_filter: ActionFilter::Every, ..job.clone() }, &columns));
    }
    let sums = question.plan();
    if !sums.is_empty() {
        let facts = spec(&passthrough(&sums), sums.iter().any(|sum| sum.spec.packets)).columns().with(Column::Start);
        decoded = decoded.union(facts).union(job.class_columns()).union(Interfaces::columns());
    }
    question.explanation(decoded)
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
