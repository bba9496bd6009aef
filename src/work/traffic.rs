//! What is asked of traffic, and the sums that answer it.

use std::sync::Arc;

use rayon::ThreadPool;

use super::answer::Answer;
use super::leaf::Machine;
use super::ledger::Read;
use super::plan::{Needs, Plan};
use super::root::joined;
use super::{Job, Progress};
use crate::error::Error;
use crate::group::filter::Filter;
use crate::group::{Class, Logged, Rollup};
use crate::join::{Sources, passes_through, spec};
use crate::reason::coverage::uncovered;
use crate::reason::reconcile::Watches;
use crate::report::Report;
use crate::report::question::Need;
use crate::schema::Column;
use crate::units::human;
use crate::units::time::Window;

/// What is asked of traffic.
#[derive(Debug)]
pub struct TrafficQuestion {
    /// What is joined.
    pub sources: Sources,
    /// Columns of the records that ride along.
    pub extra: Vec<Column>,
    /// The sums, of one scan.
    pub sums: Vec<Need>,
}

/// Traffic, summed.
#[derive(Debug)]
pub(super) struct Summed {
    pub(super) read: Read,
    /// Notes on folded keys.
    pub(super) notes: Vec<String>,
    /// What is odd about the tables.
    pub(super) warnings: Vec<String>,
    /// Whether something of the tables or the logs is missing, so that the answer is incomplete.
    pub(super) is_incomplete: bool,
    /// In the order of the requested aggregations.
    pub(super) rollups: Vec<Rollup>,
    /// The coverage of the logs.
    pub(super) logged: Arc<Logged>,
    /// When each interface was logged, by the resource of a bill; where a sum has it as a key.
    pub(super) watches: Watches,
    /// Accounts whose logs end before the others', as a sentence.
    pub(super) stopped: Option<String>,
}

impl Summed {
    /// Says what the logs lack of the windows that are asked for. A judgement is incomplete without it, and says itself which
    /// hours it lacks; a sum is so with `--strict`.
    pub(super) fn with_lacks(mut self, job: &Job, windows: &[Window], judges: bool) -> Self {
        let uncovered = if judges { None } else { uncovered(windows, job.now, job.zone, &self.logged) };
        let passed = [Class::Counted, Class::Rejected, Class::Deduplicated, Class::Transit];
        let none = judges && job.filter.is_some() && passed.iter().all(|class| self.read.account[*class].records == 0);
        let nothing = none.then(|| "nothing was judged: no record of the window passes --where".to_owned());
        let lacks: Vec<_> = self.logged.silent(windows).into_iter().chain(uncovered).chain(nothing).collect();
        self.is_incomplete |= (judges || job.strict) && (self.stopped.is_some() || !lacks.is_empty());
        self.warnings.extend(lacks);
        let stale = job.max_age_seconds.and_then(|most| too_old(self.logged.span, job.now, most));
        self.is_incomplete |= stale.is_some();
        self.warnings.extend(stale);
        self
    }

    /// The answer that a report of these sums is.
    pub(super) fn answer(self, mut report: Report, job: &Job) -> Answer {
        report.meta.spilled_bytes = spilled_bytes(job);
        report.meta.notes.extend(self.notes);
        report.meta.warnings.extend(self.warnings);
        report.meta.incomplete |= self.is_incomplete;
        Answer::new(report, job, &self.read)
    }
}

/// What is said where the newest record ended longer ago than it may have.
fn too_old(span: Option<(u32, u32)>, now: u32, most_seconds: u32) -> Option<String> {
    let Some((_, end)) = span else { return Some("--max-age: there is no record at all".to_owned()) };
    let age_seconds = now.saturating_sub(end);
    (age_seconds > most_seconds).then(|| {
        let minutes = human::counted(u64::from(age_seconds / 60), "minute");
        format!("--max-age: the newest record ended at {}, {minutes} ago", human::moment(end))
    })
}

/// How much memory had no room for.
pub(super) fn spilled_bytes(job: &Job) -> u64 {
    job.overflow.as_ref().map_or(0, |overflow| overflow.spill.spilled_bytes())
}

impl TrafficQuestion {
    /// What it needs of the records.
    pub(super) fn needs(&self, job: &Job) -> Needs {
        let packets = self.sums.iter().any(|sum| sum.spec.packets);
        Needs { spec: spec(&self.passthrough(job), packets), rejected: true, interfaces: true }
    }

    /// The columns of the records that ride along, for it and for what the job's filter asks of traffic.
    fn passthrough(&self, job: &Job) -> Vec<Column> {
        let mut columns = self.extra.clone();
        let of_filter = job.filter.iter().flat_map(Filter::passthrough).filter(|column| passes_through(*column));
        for column in of_filter {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }
}

/// Sums the records by what the join needs, joins them, and sums again.
pub(super) fn summed(
    job: &Job,
    question: &TrafficQuestion,
    threads: &ThreadPool,
    progress: &Progress,
) -> Result<Summed, Error> {
    let plan = Plan::new(job, question.needs(job));
    let machine = Machine { threads, overflow: job.overflow.clone(), progress };
    let ledger = job.leaves.ledger(job, &plan, &machine)?;
    joined(job, ledger, question, &machine)
}

/// The next aggregation, in the requested order.
pub(super) fn next(rollups: &mut impl Iterator<Item = Rollup>) -> Result<Rollup, Error> {
    rollups.next().ok_or_else(|| Error::internal("a sum was requested and not made"))
}
