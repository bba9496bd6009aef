//! Sums of records by object and hour → files of facts, one for each day.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Kind;
use super::file::{FileWriter, Written};
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::group::wire::blocks;
use crate::group::{Key, Partial, Spec};
use crate::schema::{ABSENT_TIME, Column, Kind as Values, stored};

pub(super) const DAY_SECONDS: u32 = 86_400;
/// What facts are sums by: every column of a fact that is no sum.
#[must_use]
pub fn spec() -> Spec {
    let (texts, others): (Vec<_>, Vec<_>) = stored::FACT
        .into_iter()
        .filter(|column| stored::is_key(*column))
        .partition(|column| column.kind() == Values::Text);
    let keys = std::iter::once(Column::Vantage).chain(others).map(|column| Key { column, cut: None });
    Spec {
        keys: keys.collect(),
        vantages: texts,
        bytes: true,
        packets: true,
        seen: true,
        starts: true,
        distinct: false,
    }
}

/// The day of a moment, counted since 1970; none where there is no moment.
fn day_of(moment: u32) -> Option<u32> {
    (moment != ABSENT_TIME).then_some(moment / DAY_SECONDS)
}

/// Files of rows by their day.
#[derive(Debug)]
pub(super) struct ByDay {
    kind: Kind,
    days: BTreeMap<Option<u32>, FileWriter>,
}

impl ByDay {
    /// No rows of a kind yet.
    #[must_use]
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, days: BTreeMap::new() }
    }

    /// Adds a block of rows. The dictionary must be the same one every time.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(super) fn add(&mut self, flows: &Flows, dictionary: &Dictionary) -> Result<(), Error> {
        let mut rows: BTreeMap<Option<u32>, Vec<u32>> = BTreeMap::new();
        for (row, start) in (0u32..).zip(flows.smalls(Column::Start).unwrap_or_default()) {
            rows.entry(day_of(*start)).or_default().push(row);
        }
        for (day, rows) in rows {
            if !self.days.contains_key(&day) {
                self.days.insert(day, FileWriter::new(self.kind)?);
            }
            if let Some(file) = self.days.get_mut(&day) {
                file.add(flows, dictionary, &rows)?;
            }
        }
        Ok(())
    }

    /// The files.
    ///
    /// # Errors
    /// If one cannot be written.
    pub(super) fn finish(self, dictionary: &Dictionary) -> Result<Vec<(Option<u32>, Written)>, Error> {
        let mut written = Vec::new();
        for (day, file) in self.days {
            written.extend(file.finish(dictionary)?.map(|file| (day, file)));
        }
        Ok(written)
    }
}

/// The files of the facts in some shards of a partial, whose sums are by [`spec`].
///
/// # Errors
/// If spilled rows cannot be read, or a file cannot be written.
pub fn files(partial: &Partial, shards: Range<usize>) -> Result<Vec<(Option<u32>, Written)>, Error> {
    let mut days = ByDay::new(Kind::Fact);
    let names = blocks(partial, shards, &mut |flows, dictionary| days.add(flows, dictionary))?;
    days.finish(&names)
}
