//! Records → the hours of interfaces: of each object, hour, status and set of attributes how many records there are, and
//! from when to when. It is what a scan of the records learns of interfaces, in rows that can be added up.

use indexmap::IndexMap;

use super::Kind;
use super::facts::ByDay;
use super::file::Written;
use crate::decode::{Dictionary, Flows, Values};
use crate::error::Error;
use crate::schema::{ABSENT_TEXT, ABSENT_TIME, Column, ColumnSet, Kind as Held, stored};

const HOUR_SECONDS: u32 = 3600;
/// How many of an interface's columns are texts.
const TEXTS: usize = 19;
/// Rows handed on at a time.
const BLOCK_ROWS: usize = 32 << 10;

/// What rows are sums by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Hour {
    object: u64,
    /// The start of the hour; [`ABSENT_TIME`] of records without a start.
    hour: u32,
    /// Whether the records have an end.
    has_end: bool,
    /// The start and end of a SKIPDATA record: these intervals are kept one by one.
    gap: (u32, u32),
    texts: [u32; TEXTS],
}

/// The sums of a row.
#[derive(Clone, Copy, Debug)]
struct Sums {
    records: u64,
    first_start: u32,
    last_start: u32,
    last_end: u32,
}

/// The hours of interfaces that one worker has met; codes are those of its dictionary.
#[derive(Clone, Debug, Default)]
pub struct Hourly {
    rows: IndexMap<Hour, Sums, ahash::RandomState>,
}

fn texts() -> impl Iterator<Item = Column> {
    stored::INTERFACE.into_iter().filter(|column| column.kind() == Held::Text)
}

impl Hourly {
    /// The columns that it is made of.
    #[must_use]
    pub fn columns() -> ColumnSet {
        texts().fold(ColumnSet::of(&[Column::Start, Column::End]), ColumnSet::with)
    }

    /// Bytes of memory that it takes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * (size_of::<(Hour, Sums)>() + 2 * size_of::<usize>())
    }

    /// Learns from the records of a block of an object. `dictionary` must be the same one every time.
    pub fn learn(&mut self, object: u64, flows: &Flows) {
        let columns: Vec<&[u32]> = texts().map(|column| flows.smalls(column).unwrap_or_default()).collect();
        let status = texts().position(|column| column == Column::LogStatus).unwrap_or(0);
        let [starts, ends] = [Column::Start, Column::End].map(|column| flows.smalls(column).unwrap_or_default());
        for row in 0..flows.rows() {
            let at = |values: &[u32], absent| values.get(row).copied().unwrap_or(absent);
            let (start, end) = (at(starts, ABSENT_TIME), at(ends, ABSENT_TIME));
            let mut codes = [ABSENT_TEXT; TEXTS];
            codes.iter_mut().zip(&columns).for_each(|(code, values)| *code = at(values, ABSENT_TEXT));
            let is_gap = codes[status] == Dictionary::SKIPDATA;
            let hour = Hour {
                object,
                hour: if start == ABSENT_TIME { ABSENT_TIME } else { start - start % HOUR_SECONDS },
                has_end: end != ABSENT_TIME,
                gap: if is_gap { (start, end) } else { (0, 0) },
                texts: codes,
            };
            self.add(hour, Sums { records: 1, first_start: start, last_start: start, last_end: end });
        }
    }

    fn add(&mut self, hour: Hour, sums: Sums) {
        let known = self.rows.entry(hour).or_insert(Sums { records: 0, ..sums });
        known.records = known.records.saturating_add(sums.records);
        // Where starts or ends are absent they are so in all records of a row.
        known.first_start = known.first_start.min(sums.first_start);
        known.last_start = known.last_start.max(sums.last_start);
        known.last_end = known.last_end.max(sums.last_end);
    }

    /// Adds what another worker has met. `codes` has this one's codes by the other's.
    pub fn merge(&mut self, other: Self, codes: &[u32]) {
        for (mut hour, sums) in other.rows {
            hour.texts.iter_mut().for_each(|code| *code = codes.get(*code as usize).copied().unwrap_or(ABSENT_TEXT));
            self.add(hour, sums);
        }
    }

    /// The files of its rows, one for each day.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn files(&self, dictionary: &Dictionary) -> Result<Vec<(Option<u32>, Written)>, Error> {
        let mut days = ByDay::new(Kind::Interface);
        let rows: Vec<(&Hour, &Sums)> = self.rows.iter().collect();
        for rows in rows.chunks(BLOCK_ROWS) {
            days.add(&block(rows), dictionary)?;
        }
        days.finish(dictionary)
    }
}

/// Rows as columns.
fn block(rows: &[(&Hour, &Sums)]) -> Flows {
    let mut flows = Flows::new(ColumnSet::of(&stored::INTERFACE));
    let mut put = |column, values| {
        if let Some(into) = flows.values_mut(column) {
            *into = values;
        }
    };
    for (place, column) in texts().enumerate() {
        put(column, Values::Text(rows.iter().map(|(hour, _)| hour.texts[place]).collect()));
    }
    put(Column::ObjectId, Values::Big(rows.iter().map(|(hour, _)| hour.object).collect()));
    put(Column::RecordCount, Values::Big(rows.iter().map(|(_, sums)| sums.records).collect()));
    let time = |of: fn(&Sums) -> u32| Values::Time(rows.iter().map(|(_, sums)| of(sums)).collect());
    put(Column::Start, time(|sums| sums.first_start));
    put(Column::LastStart, time(|sums| sums.last_start));
    put(Column::End, time(|sums| sums.last_end));
    flows.set_rows(rows.len());
    flows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_an_interface_has_a_place() {
        assert_eq!(texts().count(), TEXTS);
        assert!(crate::group::ATTRIBUTES.iter().all(|attribute| texts().any(|column| column == *attribute)));
    }
}
