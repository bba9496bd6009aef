//! Contents of the logs: objects, formats, fields, interfaces, malformed lines, and the supported questions.

pub mod tags;

use std::collections::BTreeMap;

use super::cells::moment;
use super::{Cell, Head, Report, Row, Table};
use crate::group::{ATTRIBUTES, Interface, NAMELESS, Survey};
use crate::schema::output::{self, Output};
use crate::schema::{ABSENT_TIME, Column};
use crate::units::human;

/// Attributes of an object in addition to its records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectFacts {
    /// As found.
    pub name: String,
    /// Detected format, if any.
    pub written: Option<&'static str>,
    /// The header lines of its formats.
    pub headers: Vec<String>,
    /// Its fields by name; those AWS did not have when this was written have no column.
    pub fields: Vec<(String, Option<Column>)>,
    /// As stored.
    pub stored_bytes: u64,
    /// Lines or rows.
    pub lines: u64,
    /// Well-formed records.
    pub records: u64,
    /// Malformed lines.
    pub malformed: u64,
    /// Malformed lines by reason.
    pub reasons: Vec<Malformed>,
}

/// The malformed lines of an object that were left out for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Malformed {
    /// Why.
    pub reason: String,
    /// How many.
    pub lines: u64,
    /// The line number of the first.
    pub line: u64,
    /// The first one's text.
    pub example: String,
}

/// The report.
#[must_use]
pub fn report(objects: &[ObjectFacts], survey: &Survey) -> Report {
    let tables = vec![
        objects_table(objects, survey),
        formats_table(objects),
        fields_table(objects, survey),
        interfaces_table(survey),
        malformed_table(objects),
        questions_table(objects, survey),
    ];
    let mut report = Report { name: "inspect".to_owned(), tables, ..Report::default() };
    if survey.unknown_accounts > 0 {
        let records = human::counted(survey.unknown_accounts, "record");
        report.meta.notes.push(format!("{records} from account `unknown` (interfaces created by AWS services)"));
    }
    report
}

fn table(name: &str, title: &str, columns: &[Output], rows: Vec<Row>) -> Table {
    let columns = columns.iter().map(|output| Head::from(*output)).collect();
    Table { name: name.to_owned(), title: title.to_owned(), columns, rows, ..Table::default() }
}

fn objects_table(objects: &[ObjectFacts], survey: &Survey) -> Table {
    let columns = [
        output::OBJECT,
        output::FORMAT,
        output::SIZE,
        output::FIELDS,
        output::LINES,
        output::RECORDS,
        output::OK,
        output::REJECTED,
        output::NO_DATA,
        output::SKIP_DATA,
        output::MALFORMED,
        output::FIRST_SEEN,
        output::LAST_SEEN,
    ];
    let row = |(place, object): (usize, &ObjectFacts)| {
        let kinds = survey.objects.get(&place).cloned().unwrap_or_default();
        let (first, last) = kinds.span.unwrap_or((ABSENT_TIME, ABSENT_TIME));
        let counts =
            [object.lines, object.records, kinds.ok, kinds.rejected, kinds.no_data, kinds.skip_data, object.malformed];
        let mut row = vec![object.name.as_str().into(), object.written.into(), object.stored_bytes.into()];
        row.push((object.fields.len() as u64).into());
        row.extend(counts.map(Cell::from));
        row.extend([moment(first), moment(last)]);
        row
    };
    table("objects", "Objects", &columns, objects.iter().enumerate().map(row).collect())
}

fn formats_table(objects: &[ObjectFacts]) -> Table {
    let mut formats: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for header in objects.iter().flat_map(|object| &object.headers) {
        let fields = header.split(' ').count() as u64;
        formats.entry(header).or_insert((0, fields)).0 += 1;
    }
    let row = |(header, (objects, fields)): (&str, (u64, u64))| vec![objects.into(), fields.into(), header.into()];
    let columns = [output::OBJECTS, output::FIELDS, output::HEADER];
    table("formats", "Formats", &columns, formats.into_iter().map(row).collect())
}

fn fields_table(objects: &[ObjectFacts], survey: &Survey) -> Table {
    let mut fields: BTreeMap<(Option<Column>, &str), (u64, u64)> = BTreeMap::new();
    for object in objects {
        let mut names: Vec<_> = object.fields.iter().collect();
        names.sort();
        names.dedup();
        for (name, column) in names {
            let sums = fields.entry((*column, column.map_or(name.as_str(), |column| column.name()))).or_default();
            *sums = (sums.0 + 1, sums.1 + object.records);
        }
    }
    let row = |((column, name), (objects, records)): ((Option<Column>, &str), (u64, u64))| {
        let filled = column.and_then(|column| survey.filled.get(&column)).copied();
        let version = column.map(|column| u64::from(column.version())).into();
        let share = filled.map_or(Cell::Absent, |filled| Cell::Share { part: filled.into(), whole: records.into() });
        let meaning = column.map_or("Unknown field; ignored.", Column::meaning);
        vec![name.into(), version, objects.into(), records.into(), filled.into(), share, meaning.into()]
    };
    let columns = [
        output::FIELD,
        output::VERSION,
        output::OBJECTS,
        output::RECORDS,
        output::FILLED,
        output::FILLED_SHARE,
        output::MEANING,
    ];
    table("fields", "Fields", &columns, fields.into_iter().map(row).collect())
}

fn interfaces_table(survey: &Survey) -> Table {
    let mut columns: Vec<Head> = vec![Column::InterfaceId.into()];
    columns.extend(ATTRIBUTES.map(Head::from));
    let measured = [
        output::OK,
        output::NO_DATA,
        output::SKIP_DATA,
        output::LOGGED_FROM,
        output::LOGGED_TO,
        output::GAPS,
        output::GAP_SECONDS,
    ];
    columns.extend(measured.map(Head::from));
    let row =
        |(id, interface): (&[u8], Interface<'_>)| {
            let records = interface.records;
            let mut row: Row = vec![String::from_utf8_lossy(id).into_owned().into()];
            row.extend(ATTRIBUTES.map(|column| {
                interface.attribute(column).map(|value| String::from_utf8_lossy(value).into_owned()).into()
            }));
            row.extend([records.ok, records.no_data, records.skip_data].map(Cell::from));
            let (from, to) = records.logged.unwrap_or((ABSENT_TIME, ABSENT_TIME));
            row.extend([moment(from), moment(to)]);
            let seconds: u64 = records.gaps().iter().map(|(from, to)| u64::from(to - from)).sum();
            row.extend([(records.gaps().len() as u64).into(), seconds.into()]);
            row
        };
    let named = survey.interfaces.iter().filter(|(id, _)| !id.starts_with(NAMELESS.as_bytes()));
    let rows = named.map(row).collect();
    Table { name: "interfaces".to_owned(), title: "Interfaces".to_owned(), columns, rows, ..Table::default() }
}

fn malformed_table(objects: &[ObjectFacts]) -> Table {
    let mut rows = Vec::new();
    for object in objects {
        for Malformed { reason, lines, line, example } in &object.reasons {
            let reason = reason.as_str().into();
            rows.push(vec![
                object.name.as_str().into(),
                reason,
                (*lines).into(),
                (*line).into(),
                example.as_str().into(),
            ]);
        }
    }
    let columns = [output::OBJECT, output::REASON, output::MALFORMED, output::LINE, output::EXAMPLE];
    table("malformed", "Malformed lines", &columns, rows)
}

/// A common question, the columns that answer it fully, and the consequence of missing ones.
struct Question {
    name: &'static str,
    /// Without one of these it cannot be answered.
    needed: &'static [Column],
    /// Without one of these it is answered by less.
    wanted: &'static [Column],
    otherwise: &'static str,
}

const QUESTIONS: &[Question] = &[
    Question {
        name: "bytes by any column",
        needed: &[Column::Bytes],
        wanted: &[],
        otherwise: "only flows can be counted",
    },
    Question {
        name: "windows, hours, spikes",
        needed: &[Column::Start],
        wanted: &[Column::End],
        otherwise: "last_seen is unknown",
    },
    Question {
        name: "rejected traffic",
        needed: &[Column::Action],
        wanted: &[Column::RejectReason],
        otherwise: "the reason for rejection is unknown",
    },
    Question {
        name: "gaps distinguished from silence",
        needed: &[Column::LogStatus],
        wanted: &[Column::InterfaceId],
        otherwise: "gaps cannot be attributed to an interface",
    },
    Question {
        name: "deduplicated bytes",
        needed: &[Column::InterfaceId],
        wanted: &[Column::FlowDirection],
        otherwise: "direction is inferred from the addresses that all records of an interface share",
    },
    Question {
        name: "endpoints behind NAT and transit gateways",
        needed: &[],
        wanted: &[Column::PktSrcaddr, Column::PktDstaddr],
        otherwise: "a NAT gateway appears in place of its clients",
    },
    Question {
        name: "service ports",
        needed: &[Column::Srcport, Column::Dstport],
        wanted: &[Column::TcpFlags],
        otherwise: "the lower port is assumed to be the service port",
    },
    Question {
        name: "zones and regions",
        needed: &[],
        wanted: &[Column::AzId, Column::Region],
        otherwise: "the region is taken from the object key, the zone from a network table",
    },
    Question {
        name: "egress path",
        needed: &[],
        wanted: &[Column::TrafficPath, Column::PktDstAwsService],
        otherwise: "the path is inferred from the addresses and marked as assumed",
    },
    Question {
        name: "owners without a tag table",
        needed: &[],
        wanted: &[Column::InterfaceTag, Column::InstanceTag, Column::EcsServiceName],
        otherwise: "owners need a tag table keyed by interface, instance or address",
    },
];

fn questions_table(objects: &[ObjectFacts], survey: &Survey) -> Table {
    let records: u64 = objects.iter().map(|object| object.records).sum();
    let has = |column: &Column| survey.filled.get(column).is_some_and(|filled| *filled > 0);
    let row = |question: &Question| {
        let names = |columns: Vec<&Column>| columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ");
        let missing_needed: Vec<_> = question.needed.iter().filter(|column| !has(column)).collect();
        let missing_wanted: Vec<_> = question.wanted.iter().filter(|column| !has(column)).collect();
        let (supported, missing) = if records == 0 {
            ("no", "no records".to_owned())
        } else if !missing_needed.is_empty() {
            ("no", names(missing_needed))
        } else if !missing_wanted.is_empty() {
            ("partly", format!("{}: {}", names(missing_wanted), question.otherwise))
        } else {
            ("yes", String::new())
        };
        vec![question.name.into(), supported.into(), if missing.is_empty() { Cell::Absent } else { missing.into() }]
    };
    let columns = [output::QUESTION, output::SUPPORTED, output::MISSING];
    table("questions", "Supported questions", &columns, QUESTIONS.iter().map(row).collect())
}
