//! What a run gives: the report with the account of its input, the malformed lines, and how it ended.

use super::Job;
use super::ledger::{Read, ReadObject};
use crate::error::Exit;
use crate::group::Class;
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
    pub(super) fn new(mut report: Report, job: &Job, read: &Read) -> Self {
        let mut account = read.account.clone();
        let malformed: u64 = read.objects.iter().map(|object| object.skips.total()).sum();
        account[Class::Malformed].records = malformed;
        let meta = &mut report.meta;
        meta.window = (job.window.from, job.window.to);
        meta.objects = read.objects.len() as u64;
        meta.pruned_objects = read.pruned;
        meta.stored_bytes = read.objects.iter().map(|object| object.stored_bytes).sum();
        meta.account = coverage::lines(&account);
        meta.notes.extend(coverage::notes(&account));
        if read.foreign > 0 {
            meta.notes.push(format!("left out: {} of other services", human::counted(read.foreign, "object")));
        }
        // What a listing of S3 left out is in no count.
        if read.objects.is_empty() && (read.pruned > 0 || read.foreign == 0) {
            meta.notes.push("no object was read: by their keys, none is of the window, account and region".to_owned());
        }
        meta.warnings.extend(read.warnings.iter().cloned());
        let mut unreadable = 0;
        for object in &read.objects {
            unreadable += u64::from(object.problem.is_some());
            meta.warnings.extend(object.problem.as_ref().map(|problem| format!("{}: {problem}", object.name)));
            meta.warnings.extend(malformed_warning(object));
        }
        if unreadable > 1 {
            meta.notes.push(format!("{unreadable} objects could not be read, or not to their end"));
        }
        let lost = job.strict && account[Class::SkipData].records > 0;
        meta.incomplete = unreadable > 0 || malformed > job.max_malformed || lost || !read.warnings.is_empty();
        Self { rejects: read.objects.iter().flat_map(rejects).collect(), report }
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

fn malformed_warning(object: &ReadObject) -> Option<String> {
    let first = object.skips.samples().first()?;
    let reasons: Vec<_> = object.skips.counts().iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
    let shown = String::from_utf8_lossy(&first.text[..first.text.len().min(SHOWN_LINE_BYTES)]).into_owned();
    let lines = human::counted(object.skips.total(), "malformed line");
    Some(format!(
        "{}: {lines} left out: {}; the first is line {}: `{shown}`",
        object.name,
        reasons.join(", "),
        first.line
    ))
}

fn rejects(object: &ReadObject) -> impl Iterator<Item = Reject> + '_ {
    object.skips.samples().iter().map(|sample| Reject {
        object: object.name.clone(),
        line: sample.line,
        reason: sample.reason.to_string(),
        text: sample.text.clone(),
    })
}
