//! Tag tables, as CSV: texts → what each key is said to be of each resource, and everything that is wrong.
//!
//! A table has a column `resource`, maybe `valid_from` and `valid_to`, and any others are keys. An empty cell says
//! nothing of its key. Moments are UTC, and a row holds from its `valid_from` until before its `valid_to`, for ever on a
//! side that is empty. Every fault of every file is found, not only the first, so that tables are mended in one go.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::claims::{Claim, Claims, Overlap, Place};
use super::fault::{self, TagTableError};
use super::resource::Resource;
use super::row::{self, LAYOUT, TagRow};
use crate::error::Error;
use crate::units::csv_table::CsvTable;
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
    /// A usage error with the first fault's file, line and column, and further faults as hints.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, Error> {
        let mut reading = Reading::default();
        for (name, text) in files {
            reading.file(name, text);
        }
        reading.finish()
    }

    /// The key columns, sorted by name.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.claims.keys().map(AsRef::as_ref)
    }

    /// A statement on a key.
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
    faults: Vec<TagTableError>,
    warnings: Vec<String>,
}

impl<'a> Reading<'a> {
    fn file(&mut self, name: &'a str, text: &[u8]) {
        let file = self.names.len();
        self.names.push(name);
        let of_file = |fault| TagTableError { file, fault };
        let headed = CsvTable::open(text, &LAYOUT).and_then(|table| Ok((row::keys(&table)?, table)));
        let (keys, table) = match headed {
            Ok(headed) => headed,
            // Without its column names a file says nothing more.
            Err(faults) => return self.faults.extend(faults.into_iter().map(of_file)),
        };
        let (rows, faults) = table.read(|row| {
            let row = TagRow::of(row)?;
            self.add(&keys, row, file);
            Some(())
        });
        if rows.is_empty() && faults.is_empty() {
            self.warnings.push(format!("{name} has no rows and so no owners"));
        }
        self.faults.extend(faults.into_iter().map(of_file));
        for key in keys {
            self.rows.entry(key).or_default();
        }
    }

    fn add(&mut self, keys: &[Arc<str>], row: TagRow, file: usize) {
        let place = Place { file, line: row.line };
        for (key, owner) in keys.iter().zip(row.owners) {
            let Some(owner) = owner else { continue };
            let claim = Claim { from: row.from, to: row.to, owner, place };
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
        (second.place, format!("{file}, line {line}, {key}: {before} already assigns {resource} to `{owner}`"))
    }

    fn contradicted(&self, key: &str, resource: &Resource, overlap: &Overlap) -> TagTableError {
        let (first, second) = overlap.in_order_of_places();
        let before = self.named(first.place, second.place);
        let both = (&second.owner, &first.owner);
        let message =
            format!("{resource} is assigned to `{}` here and to `{}` by {before} at the same time", both.0, both.1);
        let fault = TagTableError::of(second.place, key, message);
        if overlap.first.from == overlap.second.from {
            return fault.hinted("remove one, or add valid_from and valid_to");
        }
        let ends = self.named(overlap.first.place, second.place);
        fault.hinted(format!("set valid_to of {ends} to {}", time::write(overlap.second.from)))
    }

    /// A line, as it is called beside another one.
    fn named(&self, place: Place, beside: Place) -> String {
        let file = (place.file != beside.file).then(|| format!(" of {}", self.names[place.file]));
        format!("line {}{}", place.line, file.unwrap_or_default())
    }
}
