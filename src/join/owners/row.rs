//! The column names of a tag table and its rows, one at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::claims::Place;
use super::fault::Fault;
use super::resource::Resource;
use crate::error::nearest;
use crate::schema::ABSENT_TIME;
use crate::units::time::{self, Zone};

/// The columns that are no keys.
const RESOURCE: &str = "resource";
const VALID_FROM: &str = "valid_from";
const VALID_TO: &str = "valid_to";
/// What to write where there are no columns.
pub(super) const COLUMNS: &str =
    "write resource,team,valid_from,valid_to, with the keys that you have in place of team";
const MOMENTS: &str = "write 2026-10-01 or 2026-10-01T12:00:00Z, or nothing for no limit";

/// Where each column stands.
pub(super) struct Header {
    resource: usize,
    valid_from: Option<usize>,
    valid_to: Option<usize>,
    pub(super) keys: Vec<(usize, Arc<str>)>,
    width: usize,
}

/// A row, with an owner or none for each key.
pub(super) struct Row {
    pub(super) place: Place,
    pub(super) resource: Resource,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) owners: Vec<Option<Arc<str>>>,
}

impl Header {
    pub(super) fn of(cells: &[&str], place: Place) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fixed = [(RESOURCE, None), (VALID_FROM, None), (VALID_TO, None)];
        let (mut keys, mut seen): (Vec<(usize, Arc<str>)>, _) = (Vec::new(), BTreeSet::new());
        for (at, name) in cells.iter().copied().enumerate() {
            let column = fixed.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let known = column.as_ref().map_or(name, |(known, _)| known);
            if !seen.insert(known) {
                faults.push(Fault::of(place, Some(known), "the column is there twice").hinted("leave one of them out"));
            } else if let Some((_, found)) = column {
                *found = Some(at);
            } else if let Some(fault) = wrong_key(name, at, place) {
                faults.push(fault);
            } else {
                keys.push((at, name.into()));
            }
        }
        let [resource, valid_from, valid_to] = fixed.map(|(_, found)| found);
        if resource.is_none() && faults.is_empty() {
            let fault = Fault::of(place, Some(RESOURCE), "the column is missing");
            let near = nearest(RESOURCE, keys.iter().map(|(_, key)| &**key));
            faults.push(fault.hinted(near.map_or(COLUMNS.to_owned(), |near| format!("call `{near}` resource"))));
        }
        if keys.is_empty() && faults.is_empty() {
            faults.push(Fault::of(place, None, "there is no column for a key such as team").hinted(COLUMNS));
        }
        match resource {
            Some(resource) if faults.is_empty() => {
                Ok(Self { resource, valid_from, valid_to, keys, width: cells.len() })
            }
            _ => Err(faults),
        }
    }

    pub(super) fn row(&self, cells: &[&str], place: Place) -> Result<Row, Vec<Fault>> {
        // An open quote would swallow the rows that follow, and these would be missed by nobody.
        if cells.iter().any(|cell| cell.contains('\n')) {
            let fault = Fault::of(place, None, "a cell runs over several lines");
            return Err(vec![fault.hinted("close its double quote; no owner has a line break")]);
        }
        if cells.len() != self.width {
            let message = format!("{} cells where the header has {}", cells.len(), self.width);
            return Err(vec![Fault::of(place, None, message).hinted("a text with a comma goes into double quotes")]);
        }
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).copied().unwrap_or_default();
        let mut faults = Vec::new();
        let mut wrong = |column, (message, hint): (String, String)| {
            faults.push(Fault::of(place, Some(column), message).hinted(hint));
        };
        let resource = Resource::parse(cell(Some(self.resource))).map_err(|fault| wrong(RESOURCE, fault));
        let from = moment(cell(self.valid_from), 0).map_err(|fault| wrong(VALID_FROM, fault));
        let to = moment(cell(self.valid_to), ABSENT_TIME).map_err(|fault| wrong(VALID_TO, fault));
        if let (Ok(from), Ok(to)) = (from, to)
            && to <= from
        {
            let hint = "valid_to names the first moment at which the row no longer holds";
            wrong(VALID_TO, ("the row ends before it begins to hold".to_owned(), hint.to_owned()));
        }
        let owner = |(at, _): &(usize, _)| Some(cell(Some(*at))).filter(|owner| !owner.is_empty()).map(Arc::from);
        match (resource, from, to) {
            (Ok(resource), Ok(from), Ok(to)) if faults.is_empty() => {
                Ok(Row { place, resource, from, to, owners: self.keys.iter().map(owner).collect() })
            }
            _ => Err(faults),
        }
    }
}

/// What is wrong with the name of a key.
fn wrong_key(name: &str, at: usize, place: Place) -> Option<Fault> {
    let fault = |message: String, hint: &str| Some(Fault::of(place, None, message).hinted(hint));
    if name.is_empty() {
        return fault(format!("column {} has no name", at + 1), "name it, or leave it out of every line");
    }
    if name.contains(';') {
        return fault(format!("`{name}` is one column"), "write commas between the columns");
    }
    let meant = column_of_time(name)?;
    fault(format!("`{name}` is neither a column of time nor a key"), &format!("did you mean `{meant}`?"))
}

/// The column of time that a name is a slip for. Taken for a key it would let rows hold for ever.
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
fn moment(text: &str, no_limit: u32) -> Result<u32, (String, String)> {
    if text.is_empty() {
        return Ok(no_limit);
    }
    // Tables outlive the day they are read on, so nothing in them is relative to it.
    let is_date = text.len() >= "2026-10-01".len() && text.as_bytes()[4] == b'-';
    if !is_date {
        return Err((format!("`{text}` is not a moment"), MOMENTS.to_owned()));
    }
    time::parse_moment(text, 0, Zone::default()).map_err(|error| (error.to_string(), MOMENTS.to_owned()))
}
