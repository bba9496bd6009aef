//! What a run gives: the report with the account of its input, the malformed lines, and how it ended.

use super::Job;
use super::object::Outcome;
use crate::collect::{Found, Object};
use crate::error::Exit;
use crate::group::{Account, Class};
use crate::report::{Report, Row, Table, coverage};
use crate::schema::output;
use crate::units::human;

/// How many bytes of a malformed line a warning shows.
const SHOWN_LINE_BYTES: usize = 80;

/// An answered question.
#[derive(Debug)]
pub struct Answer {
    /// The report.
    pub report: Report,
    /// Malformed lines: every one if the job keeps them, else a few for each reason and object.
    pub rejects: Vec<Reject>,
}

/// A malformed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The object's name.
    pub object: String,
    /// The line, from 1; a row for Parquet, a message for JSON.
    pub line: u64,
    /// Why it was left out.
    pub reason: String,
    /// The line itself.
    pub text: Vec<u8>,
}

impl Answer {
    /// Completes a report by what was read and what became of it.
    pub(super) fn new(
        mut report: Report,
        job: &Job,
        found: &Found,
        outcomes: &[Outcome],
        mut account: Account,
    ) -> Self {
        let malformed: u64 = outcomes.iter().map(|outcome| outcome.skips.total()).sum();
        account[Class::Malformed].records = malformed;
        let meta = &mut report.meta;
        meta.window = (job.window.from, job.window.to);
        meta.objects = found.objects.len() as u64;
        meta.pruned_objects = found.pruned;
        meta.stored_bytes = found.objects.iter().map(|object| object.stored_bytes).sum();
        meta.account = coverage::lines(&account);
        meta.notes.extend(coverage::notes(&account));
        if found.foreign > 0 {
            meta.notes.push(format!("left out: {} of other services", human::counted(found.foreign, "object")));
        }
        if found.objects.is_empty() && found.pruned > 0 {
            meta.notes.push("no object was read: by their keys, none is of the window, account and region".to_owned());
        }
        meta.warnings.extend(found.warnings.iter().cloned());
        let mut unreadable = 0;
        for (object, outcome) in found.objects.iter().zip(outcomes) {
            unreadable += u64::from(outcome.problem.is_some());
            meta.warnings.extend(outcome.problem.as_ref().map(|problem| format!("{}: {problem}", object.name)));
            meta.warnings.extend(malformed_warning(object, outcome));
        }
        if unreadable > 1 {
            meta.notes.push(format!("{unreadable} objects could not be read, or not to their end"));
        }
        let lost = job.strict && account[Class::SkipData].records > 0;
        meta.incomplete = unreadable > 0 || malformed > job.max_malformed || lost || !found.warnings.is_empty();
        let rejects = found.objects.iter().zip(outcomes).flat_map(|(object, outcome)| rejects(object, outcome));
        Self { rejects: rejects.collect(), report }
    }

    /// The malformed lines as a report of their own.
    #[must_use]
    pub fn rejects_report(&self) -> Report {
        let row = |reject: &Reject| -> Row {
            let text = String::from_utf8_lossy(&reject.text).into_owned();
            vec![reject.object.as_str().into(), reject.line.into(), reject.reason.as_str().into(), text.into()]
        };
        let columns = [output::OBJECT, output::LINE, output::REASON, output::TEXT];
        let table = Table {
            name: "rejects".to_owned(),
            columns: columns.map(Into::into).to_vec(),
            rows: self.rejects.iter().map(row).collect(),
            ..Table::default()
        };
        Report { name: "rejects".to_owned(), tables: vec![table], ..Report::default() }
    }

    /// How the run ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.report.meta.incomplete { Exit::Incomplete } else { Exit::Done }
    }
}

fn malformed_warning(object: &Object, outcome: &Outcome) -> Option<String> {
    let first = outcome.skips.samples().first()?;
    let reasons: Vec<_> = outcome.skips.counts().iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
    let shown = String::from_utf8_lossy(&first.text[..first.text.len().min(SHOWN_LINE_BYTES)]).into_owned();
    let lines = human::counted(outcome.skips.total(), "malformed line");
    Some(format!(
        "{}: {lines} left out: {}; the first is line {}: `{shown}`",
        object.name,
        reasons.join(", "),
        first.line
    ))
}

fn rejects<'a>(object: &'a Object, outcome: &'a Outcome) -> impl Iterator<Item = Reject> + 'a {
    outcome.skips.samples().iter().map(|sample| Reject {
        object: object.name.clone(),
        line: sample.line,
        reason: sample.reason.to_string(),
        text: sample.text.clone(),
    })
}
