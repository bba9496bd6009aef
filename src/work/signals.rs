//! `anomalies --signals`: scan, join, sum what goes between the estate and the internet by minute, look for signals.

use super::answer::Answer;
use super::prices::whole;
use super::traffic::{Summed, TrafficQuestion, next, summed};
use super::{Job, Progress};
use crate::error::Error;
use crate::group::Class;
use crate::join::{Kept, Sources, Wanted};
use crate::reason::coverage::Coverage;
use crate::reason::signals::{self, CidrList, Lists, LogHealth, Terms};
use crate::report::question::Need;
use crate::report::signals::{SignalsShape, report};

/// The most bytes that a list of prefixes may have.
pub const LIST_BYTES_MAX: u64 = 1 << 28;

/// What to look for, and beside what.
#[derive(Debug)]
pub struct SignalsQuestion {
    /// What is joined; owners by the first key.
    pub sources: Sources,
    /// Threats, and approved destinations.
    pub lists: Lists,
    /// What decides whether something is found.
    pub terms: Terms,
    /// How the report looks.
    pub shape: SignalsShape,
}

/// Answers what is suspect.
///
/// # Errors
/// If the inputs cannot be listed or threads cannot be started; errors of single objects are in the report.
pub fn signals(job: &Job, question: SignalsQuestion, progress: &Progress) -> Result<Answer, Error> {
    let SignalsQuestion { sources, lists, terms, shape } = question;
    let wanted = Wanted {
        columns: signals::columns(),
        traffic: true,
        charges: false,
        rejected: true,
        kept: Kept::default(),
        unfiltered: false,
    };
    let sums = vec![Need { name: "traffic", wanted, spec: signals::spec() }];
    let traffic = TrafficQuestion { sources, extra: signals::EXTRA.to_vec(), sums };
    let threads = job.threads()?;
    let mut summed = summed(job, &traffic, &threads, progress)?;
    let rollup = next(&mut std::mem::take(&mut summed.rollups).into_iter())?;
    let records = |class: Class| summed.read.account[class].records;
    let health = LogHealth { lost: records(Class::SkipData), quiet: records(Class::NoData) };
    let mut report = report(&signals::signals(&rollup, &lists, &terms, health)?, &terms, &shape);
    report.meta.not_judged(unseen(job, &summed));
    Ok(summed.with_lacks(job, &job.windows(), true).answer(report, job))
}

/// What could not be looked at, if the logs do not reach over the window.
fn unseen(job: &Job, summed: &Summed) -> Option<String> {
    Coverage::of_logged(&job.window, job.now, &summed.logged).sentence("the window")
}

/// A list of prefixes, from files.
///
/// # Errors
/// If one cannot be read, or a line of it holds neither a prefix nor an address.
pub fn cidrs(paths: &[String]) -> Result<CidrList, Error> {
    let read = |path: &String| {
        let bytes = whole(path, LIST_BYTES_MAX)?;
        bytes.ok_or_else(|| Error::limit(format!("{path}: a list has at most {LIST_BYTES_MAX} bytes")).hint("cut it"))
    };
    let files = paths.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    CidrList::read(paths.iter().map(String::as_str).zip(files.iter().map(Vec::as_slice)))
}
