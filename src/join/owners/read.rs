//! Tag tables, as CSV: texts → what each key is said to be of each resource, and everything that is wrong.
//!
//! A table has a column `resource`, maybe `valid_from` and `valid_to`, and any others are keys. They go by their names
//! in the first line, in any order; lines that begin with `#` are left out. An empty cell says nothing of its key.
//! Moments are UTC, and a row holds from its `valid_from` until before its `valid_to`, for ever on a side that is empty.
//! Every fault of every file is found, not only the first, so that tables are mended in one go.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::claims::{Claim, Claims, Overlap, Place};
use super::fault::{self, Fault};
use super::resource::Resource;
use super::row::{COLUMNS, Header, Row};
use crate::error::Error;
use crate::units::lines::Lines;
use crate::units::time;

/// What tag tables say.
#[derive(Clone, Debug, Default)]
pub struct TagTable {
    claims: BTreeMap<Arc<str>, HashMap<Resource, Claims>>,
    /// What is odd without being wrong.
    pub(super) warnings: Vec<String>,
}

impl TagTable {
    /// The tables of these files, each with the name that messages call it by. Together they are one table: no row of
    /// one goes before a row of another.
    ///
    /// # Errors
    /// A usage error that tells the first fault with its file, line and column, and the next ones as hints.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, Error> {
        let mut reading = Reading::default();
        for (name, text) in files {
            reading.file(name, text);
        }
        reading.finish()
    }

    /// The keys that it has a column for, in the order of their names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.claims.keys().map(AsRef::as_ref)
    }

    /// What is said of a key.
    pub(super) fn claims(&self, key: &str) -> Option<&HashMap<Resource, Claims>> {
        self.claims.get(key)
    }
}

/// Rows by key and resource.
type Rows = BTreeMap<Arc<str>, HashMap<Resource, Vec<Claim>>>;

/// Files as far as they have been read.
#[derive(Default)]
struct Reading<'a> {
    names: Vec<&'a str>,
    rows: Rows,
    faults: Vec<Fault>,
    warnings: Vec<String>,
}

impl<'a> Reading<'a> {
    fn file(&mut self, name: &'a str, text: &[u8]) {
        let file = self.names.len();
        self.names.push(name);
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let mut lines = Lines::of(text);
        let mut reader = csv::ReaderBuilder::new();
        reader.flexible(true).comment(Some(b'#')).trim(csv::Trim::All).has_headers(false);
        let (mut header, mut rows) = (None, 0_usize);
        for record in reader.from_reader(text).records() {
            let start = match &record {
                Ok(record) => record.position(),
                Err(error) => error.position(),
            };
            let place = Place { file, line: lines.line(start.map_or(0, csv::Position::byte)) };
            let read = match (record, &header) {
                (Err(_), _) => {
                    Err(vec![Fault::of(place, None, "the line is not UTF-8").hinted("save the file as UTF-8")])
                }
                (Ok(record), None) => Header::of(&cells(&record), place).map(|names| header = Some(names)),
                (Ok(record), Some(_)) if record.iter().all(str::is_empty) => Ok(()),
                (Ok(record), Some(header)) => header.row(&cells(&record), place).map(|row| {
                    rows += 1;
                    self.add(header, row);
                }),
            };
            let is_read = read.is_ok();
            self.faults.extend(read.err().into_iter().flatten());
            // Without its column names a file says nothing more.
            if header.is_none() && !is_read {
                return;
            }
        }
        self.end(file, header, rows);
    }

    /// What can be told only at the end of a file.
    fn end(&mut self, file: usize, header: Option<Header>, rows: usize) {
        let Some(header) = header else {
            let fault = Fault::of(Place { file, line: 1 }, None, "there is no line of column names").hinted(COLUMNS);
            return self.faults.push(fault);
        };
        for (_, key) in header.keys {
            self.rows.entry(key).or_default();
        }
        if rows == 0 && self.faults.iter().all(|fault| fault.place.file != file) {
            self.warnings.push(format!("{} has no rows, so it tells no owners", self.names[file]));
        }
    }

    fn add(&mut self, header: &Header, row: Row) {
        for ((_, key), owner) in header.keys.iter().zip(row.owners) {
            let Some(owner) = owner else { continue };
            let claim = Claim { from: row.from, to: row.to, owner, place: row.place };
            let rows = self.rows.entry(key.clone()).or_default();
            rows.entry(row.resource.clone()).or_default().push(claim);
        }
    }

    fn finish(mut self) -> Result<TagTable, Error> {
        let mut odd: Vec<(Place, String)> = Vec::new();
        let mut table = TagTable::default();
        for (key, rows) in std::mem::take(&mut self.rows) {
            let mut settled = HashMap::with_capacity(rows.len());
            for (resource, rows) in rows {
                let (claims, overlaps) = Claims::settle(rows);
                for overlap in overlaps {
                    if overlap.first.owner == overlap.second.owner {
                        odd.push(self.repeated(&key, &resource, &overlap));
                    } else {
                        self.faults.push(self.contradicted(&key, &resource, &overlap));
                    }
                }
                settled.insert(resource, claims);
            }
            table.claims.insert(key, settled);
        }
        if !self.faults.is_empty() {
            return Err(fault::refusal(&self.names, self.faults));
        }
        odd.sort();
        table.warnings = self.warnings;
        table.warnings.extend(odd.into_iter().map(|(_, warning)| warning));
        Ok(table)
    }

    fn repeated(&self, key: &str, resource: &Resource, overlap: &Overlap) -> (Place, String) {
        let (first, second) = overlap.in_order_of_places();
        let (file, line) = (self.names[second.place.file], second.place.line);
        let before = self.named(first.place, second.place);
        let owner = &second.owner;
        (second.place, format!("{file}, line {line}, {key}: {before} says already that {resource} is `{owner}`'s"))
    }

    fn contradicted(&self, key: &str, resource: &Resource, overlap: &Overlap) -> Fault {
        let (first, second) = overlap.in_order_of_places();
        let before = self.named(first.place, second.place);
        let both = (&second.owner, &first.owner);
        let message = format!("{resource} is `{}`'s here and `{}`'s by {before} at the same time", both.0, both.1);
        let fault = Fault::of(second.place, Some(key), message);
        if overlap.first.from == overlap.second.from {
            return fault.hinted("leave one of them out, or say when each holds");
        }
        let ends = self.named(overlap.first.place, second.place);
        fault.hinted(format!("give {ends} a valid_to of {}", time::write(overlap.second.from)))
    }

    /// A line, as it is called beside another one.
    fn named(&self, place: Place, beside: Place) -> String {
        let file = (place.file != beside.file).then(|| format!(" of {}", self.names[place.file]));
        format!("line {}{}", place.line, file.unwrap_or_default())
    }
}

fn cells(record: &csv::StringRecord) -> Vec<&str> {
    record.iter().collect()
}
