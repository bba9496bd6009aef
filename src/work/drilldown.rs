//! The records behind an incident: one more scan, of its hours and of its causes' ends alone.

use std::cmp::Reverse;

use super::scan::{Scan, Take};
use super::{Job, Progress, is_store};
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::group::filter::Filter;
use crate::group::{Account, ActionFilter, Classifier};
use crate::reason::anomalies::explained::records_where;
use crate::reason::anomalies::fold::Found;
use crate::reason::hours::{Hours, Metric};
use crate::report::flows::{DEFAULT_COLUMNS, rows};
use crate::report::{Cell, Meta, Row, Table};
use crate::schema::{Column, ColumnSet};
use crate::units::time::{self, Window, Zone};

/// How many records are shown: the largest.
const RECORDS_MAX: usize = 20;
/// Where bytes stand among the columns.
const BYTES: usize = 9;

/// Keeps the largest of the records that count.
struct Keeping {
    classifier: Classifier,
    account: Account,
    rejected: bool,
    rows: Vec<Row>,
}

impl Take for Keeping {
    fn take(&mut self, _object: usize, flows: &Flows, dictionary: &Dictionary) {
        self.classifier.classify(flows, dictionary, &mut self.account);
        let picked = if self.rejected { &self.classifier.rejected } else { &self.classifier.counted };
        self.rows.extend(rows(flows, dictionary, (&DEFAULT_COLUMNS, Zone::default()), picked));
        largest(&mut self.rows);
    }
}

/// Leaves the largest records, in their order; equal ones by what they say.
fn largest(rows: &mut Vec<Row>) {
    let bytes = |row: &Row| if let Cell::Integer(bytes) = row[BYTES] { bytes } else { 0 };
    rows.sort_by(|one, other| (Reverse(bytes(one)), one).cmp(&(Reverse(bytes(other)), other)));
    rows.truncate(RECORDS_MAX);
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@%+=,".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Why the records cannot be read after the sums, if so.
fn unreadable(inputs: &[String]) -> Option<&'static str> {
    if inputs.iter().any(|input| input == "-") {
        return Some("standard input cannot be read a second time");
    }
    inputs.iter().any(|input| is_store(input)).then_some("a store has none; name the logs to see them")
}

/// The largest records behind an incident; a note says how all of them are listed.
///
/// # Errors
/// If the inputs cannot be listed again.
pub(super) fn drilldown(
    job: &Job,
    hours: &Hours,
    found: &Found,
    progress: &Progress,
    meta: &mut Meta,
) -> Result<Option<Table>, Error> {
    let Some(expression) = records_where(hours, found) else {
        meta.notes.push("records: the causes name no interface, address or port to filter by".to_owned());
        return Ok(None);
    };
    if let Some(why) = unreadable(&job.inputs) {
        meta.notes.push(format!("records: {why}"));
        return Ok(None);
    }
    // What was asked of the records holds for these too.
    let (of_records, of_traffic) = job.filter.as_ref().map(Filter::parts).unwrap_or_default();
    let expression = match of_records {
        Some(text) => format!("({text}) and {expression}"),
        None => expression,
    };
    if let Some(text) = of_traffic {
        meta.notes.push(format!("records: `{text}` filters traffic and is not applied to records"));
    }
    let incident = &found.incident;
    let (from, to) = (time::write(incident.start), time::write(incident.end));
    let rejected = incident.metric == Metric::Rejected;
    let action = if rejected { " and action = REJECT" } else { "" };
    let inputs = job.inputs.iter().map(|input| quoted(input)).collect::<Vec<_>>().join(" ");
    let records = quoted(&format!("{expression}{action}"));
    meta.notes.push(format!(
        "records: the {RECORDS_MAX} largest, not deduplicated; list all: outflow flows {inputs} --from {from} --to \
         {to} --where {records}"
    ));
    let job = Job {
        window: Window { from: Some(incident.start), to: Some(incident.end) },
        filter: Some(Filter::parse(&expression, incident.end, Zone::default())?),
        action_filter: ActionFilter::Accept,
        ..job.clone()
    };
    let objects = job.find()?;
    let decoded = DEFAULT_COLUMNS.iter().fold(ColumnSet::default(), |set, column| set.union(column.decoded()));
    let scan = Scan {
        job: &job,
        objects: &objects.objects,
        columns: decoded.union(job.class_columns()),
        progress,
        new_taker: &|| Keeping {
            classifier: job.classifier(),
            account: Account::default(),
            rejected,
            rows: Vec::new(),
        },
        object_done: None,
        stopped: None,
    };
    let (_, takers) = scan.run(&job.threads()?)?;
    let mut rows: Vec<Row> = takers.into_iter().flat_map(|(taker, _)| taker.rows).collect();
    largest(&mut rows);
    let columns = DEFAULT_COLUMNS.map(Into::into).to_vec();
    debug_assert_eq!(DEFAULT_COLUMNS[BYTES], Column::Bytes);
    Ok(Some(Table {
        name: "records".to_owned(),
        title: "Largest records".to_owned(),
        columns,
        rows,
        ..Table::default()
    }))
}
