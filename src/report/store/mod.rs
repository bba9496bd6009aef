//! What a store holds, and whether it is whole.

use super::{Cell, Report, Row, Table};
use crate::ingest::StoredObject;
use crate::schema::output;
use crate::units::human::counted;

/// A fault of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file or object.
    pub object: String,
    /// What is wrong with it.
    pub fault: String,
}

/// The objects of a store.
#[must_use]
pub fn list(objects: &[StoredObject]) -> Report {
    let time = |moment: Option<u32>| moment.map_or(Cell::Absent, Cell::Time);
    let row = |object: &StoredObject| -> Row {
        vec![
            object.location.as_str().into(),
            object.stored_bytes.into(),
            object.status.name().into(),
            object.all().0.into(),
            object.malformed.into(),
            time(object.starts.map(|(first, _)| first)),
            time(object.starts.map(|(_, last)| last)),
            time(Some(object.ingested)),
            object.problem.as_deref().map_or(Cell::Absent, Into::into),
        ]
    };
    let columns = [
        output::OBJECT,
        output::SIZE,
        output::STATUS,
        output::RECORDS,
        output::MALFORMED,
        output::FIRST_START,
        output::LAST_START,
        output::INGESTED_AT,
        output::FAULT,
    ];
    let table = Table {
        name: "objects".to_owned(),
        title: "Objects of the store".to_owned(),
        columns: columns.map(Into::into).to_vec(),
        rows: objects.iter().map(row).collect(),
        ..Table::default()
    };
    Report { name: "store".to_owned(), tables: vec![table], ..Report::default() }
}

/// What a check of a store found.
#[must_use]
pub fn verified(name: &str, (files, objects): (u64, u64), records: u64, findings: &[Finding]) -> Report {
    let faults = Table {
        name: "faults".to_owned(),
        title: "Faults of the store".to_owned(),
        columns: [output::OBJECT, output::FAULT].map(Into::into).to_vec(),
        rows: findings
            .iter()
            .map(|finding| vec![finding.object.as_str().into(), finding.fault.as_str().into()])
            .collect(),
        ..Table::default()
    };
    let mut report = Report { name: "store".to_owned(), tables: vec![faults], ..Report::default() };
    let found = match findings.len() {
        0 => "no faults".to_owned(),
        count => counted(count as u64, "fault"),
    };
    report.meta.notes.push(format!(
        "{name}: {}, {}, {}: {found}",
        counted(files, "file"),
        counted(objects, "object"),
        counted(records, "record")
    ));
    report
}

/// What a run did, in one row.
#[must_use]
pub fn ingested(row: Row) -> Report {
    let columns = [
        output::STORE,
        output::NEW_OBJECTS,
        output::REPLACED_OBJECTS,
        output::RETRIED_OBJECTS,
        output::UNCHANGED_OBJECTS,
        output::PENDING_OBJECTS,
        output::RECORDS,
        output::FACTS,
        output::WRITTEN_BYTES,
        output::COMMITS,
        output::STORE_VERSION,
    ];
    let table = Table {
        name: "ingest".to_owned(),
        title: "Ingested".to_owned(),
        columns: columns.map(Into::into).to_vec(),
        rows: vec![row],
        ..Table::default()
    };
    Report { name: "ingest".to_owned(), tables: vec![table], ..Report::default() }
}
