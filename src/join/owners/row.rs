//! The keys of a tag table and its rows, one at a time.

use std::sync::Arc;

use super::is_reserved;
use super::resource::Resource;
use crate::error::{Error, RowError, nearest};
use crate::schema::ABSENT_TIME;
use crate::units::csv_table::{CsvTable, Layout, Row};
use crate::units::time::{self, Zone};

/// The columns that are no keys.
const RESOURCE: &str = "resource";
const VALID_FROM: &str = "valid_from";
const VALID_TO: &str = "valid_to";
/// The columns, as hints write them.
const COLUMNS: &str = "resource,team,valid_from,valid_to, with the keys that you have in place of team";
const MOMENTS: &str = "write 2026-10-01 or 2026-10-01T12:00:00Z, or nothing for no limit";

/// The columns of a tag table; the others are keys.
pub(super) const LAYOUT: Layout =
    Layout { required: &[RESOURCE], optional: &[VALID_FROM, VALID_TO], others: true, written: COLUMNS };

/// A row, with an owner or none for each key.
pub(super) struct TagRow {
    pub(super) line: u64,
    pub(super) resource: Resource,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) owners: Vec<Option<Arc<str>>>,
}

impl TagRow {
    pub(super) fn of(row: &mut Row<'_>) -> Option<Self> {
        let resource = row.read(RESOURCE, Resource::parse);
        let from = row.read(VALID_FROM, |text| moment(text, 0));
        let to = row.read(VALID_TO, |text| moment(text, ABSENT_TIME));
        let (from, to) = (from?, to?);
        if to <= from {
            let error = Error::usage("the row ends before it starts");
            let hint = "valid_to is exclusive";
            row.fault(Some(VALID_TO), &error.hint(hint));
        }
        let owners: Vec<Option<Arc<str>>> =
            row.others().map(|owner| (!owner.is_empty()).then(|| owner.into())).collect();
        if let Some(owner) = owners.iter().flatten().find(|owner| is_reserved(owner)) {
            let error = Error::usage(format!("`{owner}` is the name of rows that are no owner's"));
            row.fault(None, &error.hint("give the owner another name; an empty cell says that there is none"));
        }
        Some(Self { line: row.line, resource: resource?, from, to, owners })
    }
}

/// The keys of a table.
pub(super) fn keys(table: &CsvTable<'_>) -> Result<Vec<Arc<str>>, Vec<RowError>> {
    let line = table.header_line();
    let faults: Vec<RowError> = table.others().filter_map(|name| slip(name, line)).collect();
    let keys: Vec<Arc<str>> = table.others().map(Arc::from).collect();
    match faults.is_empty() {
        true if keys.is_empty() => {
            let fault = RowError::new(line, None, "no owner key column, such as team");
            Err(vec![fault.hinted(format!("write {COLUMNS}"))])
        }
        true => Ok(keys),
        false => Err(faults),
    }
}

/// Detects a key name that is a misspelt time column. As a key it would make rows valid forever.
fn slip(name: &str, line: u64) -> Option<RowError> {
    let meant = column_of_time(name)?;
    let fault = RowError::new(line, None, format!("`{name}` is neither a time column nor a key"));
    Some(fault.hinted(format!("did you mean `{meant}`?")))
}

/// The column of time that a name is a slip for.
fn column_of_time(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let word = plain.strip_prefix("valid").or_else(|| plain.strip_prefix("effective")).unwrap_or(&plain);
    match word {
        "from" | "since" | "start" => Some(VALID_FROM),
        "to" | "until" | "till" | "end" => Some(VALID_TO),
        _ => name.starts_with("valid_").then(|| nearest(&name, [VALID_FROM, VALID_TO]).unwrap_or(VALID_TO)),
    }
}

/// The moment that a cell names; an empty one has no limit.
fn moment(text: &str, no_limit: u32) -> Result<u32, Error> {
    if text.is_empty() {
        return Ok(no_limit);
    }
    // Tables outlive the day they are read on, so nothing in them is relative to it.
    let is_date = text.len() >= "2026-10-01".len() && text.as_bytes()[4] == b'-';
    if !is_date {
        return Err(Error::usage(format!("`{text}` is not a valid time")).hint(MOMENTS));
    }
    time::parse_moment(text, 0, Zone::default()).map_err(|error| Error::usage(error.to_string()).hint(MOMENTS))
}
