//! What a run gives: the report with the account of its input, the malformed lines, and how it ended.

use super::Job;
use super::ledger::{Read, ReadObject, UnknownField};
use crate::error::Exit;
use crate::group::Class;
use crate::report::{Meta, Report, Row, Table, coverage};
use crate::schema::output;
use crate::units::human;

/// How many bytes of a malformed line a warning shows.
const SHOWN_LINE_BYTES: usize = 80;

/// What is said where nothing was read.
pub(super) const NOTHING_READ: &str = "no object was read: no key matches the window, account and region";

/// How many unknown fields are named.
const FIELDS_SHOWN: usize = 10;

/// An answered question.
#[derive(Debug)]
pub struct Answer {
    /// The report.
    pub report: Report,
    /// Malformed lines: every one if the job keeps them, else a few for each reason and object.
    pub malformed: Vec<MalformedLine>,
}

/// A malformed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedLine {
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
    /// Completes a report with the account of the input.
    pub(super) fn new(mut report: Report, job: &Job, read: &Read) -> Self {
        let mut account = read.account.clone();
        let malformed: u64 = read.objects.iter().map(|object| object.skips.total()).sum();
        account[Class::Malformed].records = malformed;
        report.tables.iter_mut().for_each(Table::date);
        let meta = &mut report.meta;
        meta.window = (job.window.from, job.window.to);
        meta.objects = read.objects.len() as u64;
        meta.pruned_objects = read.pruned;
        meta.stored_bytes = read.objects.iter().map(|object| object.stored_bytes).sum();
        meta.account = coverage::lines(&account);
        meta.notes.extend(coverage::notes(&account));
        if read.foreign > 0 {
            meta.notes.push(format!("skipped: {} of other services", human::counted(read.foreign, "object")));
        }
        meta.notes.extend(read.notes.iter().cloned());
        let repeated: u64 = read.objects.iter().map(|object| object.repeated).sum();
        if repeated > 0 {
            let events = human::counted(repeated, "event");
            meta.notes.push(format!(
                "repeated: {events} of CloudWatch Logs, delivered before in the same object; each counts once"
            ));
        }
        // What a listing of S3 left out is in no count.
        if read.objects.is_empty() && read.outputs.is_empty() && (read.pruned > 0 || read.foreign == 0) {
            meta.notes.push(NOTHING_READ.to_owned());
        }
        meta.warnings.extend(read.warnings.iter().cloned());
        note_outputs(meta, read);
        note_unknown_fields(meta, read);
        let mut unreadable = 0;
        for object in &read.objects {
            unreadable += u64::from(object.problem.is_some());
            meta.warnings.extend(object.problem.as_ref().map(|problem| format!("{}: {problem}", object.name)));
            meta.warnings.extend(malformed_warning(object));
        }
        if unreadable > 1 {
            meta.notes.push(format!("{unreadable} objects could not be read completely"));
        }
        let lost = job.strict && account[Class::SkipData].records > 0;
        meta.incomplete |= unreadable > 0 || malformed > job.max_malformed || lost || !read.warnings.is_empty();
        Self { malformed: read.objects.iter().flat_map(malformed_lines).collect(), report }
    }

    /// The malformed lines as a report of their own.
    #[must_use]
    pub fn malformed_report(&self) -> Report {
        let row = |line: &MalformedLine| -> Row {
            let text = String::from_utf8_lossy(&line.text).into_owned();
            vec![line.object.as_str().into(), line.line.into(), line.reason.as_str().into(), text.into()]
        };
        let columns = [output::OBJECT, output::LINE, output::REASON, output::TEXT];
        let table = Table {
            name: "malformed".to_owned(),
            columns: columns.map(Into::into).to_vec(),
            rows: self.malformed.iter().map(row).collect(),
            ..Table::default()
        };
        Report { name: "malformed".to_owned(), tables: vec![table], ..Report::default() }
    }

    /// How the run ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.report.meta.incomplete { Exit::Incomplete } else { Exit::Done }
    }
}

/// Names the outputs of this program that were skipped, and those that were read beside other logs.
fn note_outputs(meta: &mut Meta, read: &Read) {
    if let Some(first) = read.outputs.first() {
        let count = human::counted(read.outputs.len() as u64, "output");
        let more = if read.outputs.len() > 1 { ", …" } else { "" };
        let text = format!(
            "skipped: {count} of outflow itself: {first}{more}; name the file itself to read it, or use --count-copies"
        );
        if read.objects.is_empty() {
            meta.incomplete = true;
            meta.warnings.push(text);
        } else {
            meta.notes.push(text);
        }
    }
    let (outputs, logs): (Vec<_>, Vec<_>) = read.objects.iter().partition(|object| object.is_output);
    if let (Some(first), false) = (outputs.first(), logs.is_empty() && outputs.len() < 2) {
        meta.warnings.push(format!(
            "{}: an output of outflow, read beside other logs; records that are in both count twice",
            first.name
        ));
    }
}

/// Names unknown fields. One that looks misspelt is a warning, since the figures are missing its values.
fn note_unknown_fields(meta: &mut Meta, read: &Read) {
    let described = |(name, field): (&String, &UnknownField)| {
        let meant = field.meant.as_ref().map(|meant| format!(", did you mean {meant}?")).unwrap_or_default();
        format!("{name} ({}{meant})", human::counted(field.objects, "object"))
    };
    let (misspelt, new): (Vec<_>, Vec<_>) = read.unknown.iter().partition(|(_, field)| field.meant.is_some());
    for (fields, messages) in [(misspelt, &mut meta.warnings), (new, &mut meta.notes)] {
        let count = fields.len();
        let mut shown: Vec<_> = fields.into_iter().take(FIELDS_SHOWN).map(described).collect();
        if let Some(more) = count.checked_sub(FIELDS_SHOWN).filter(|more| *more > 0) {
            shown.push(format!("{more} more"));
        }
        if count > 0 {
            messages.push(format!("unknown fields are ignored: {}", shown.join(", ")));
        }
    }
}

fn malformed_warning(object: &ReadObject) -> Option<String> {
    let first = object.skips.samples().first()?;
    let reasons: Vec<_> = object.skips.counts().iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
    let shown = String::from_utf8_lossy(&first.text[..first.text.len().min(SHOWN_LINE_BYTES)]).into_owned();
    let lines = human::counted(object.skips.total(), "malformed line");
    Some(format!(
        "{}: {lines} skipped: {}; the first is line {}: `{shown}`",
        object.name,
        reasons.join(", "),
        first.line
    ))
}

fn malformed_lines(object: &ReadObject) -> impl Iterator<Item = MalformedLine> + '_ {
    object.skips.samples().iter().map(|sample| MalformedLine {
        object: object.name.clone(),
        line: sample.line,
        reason: sample.reason.to_string(),
        text: sample.text.clone(),
    })
}
