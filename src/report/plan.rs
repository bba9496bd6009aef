//! What a run would read (`--dry-run`): objects and bytes by account, region and day, told by their keys.

use std::collections::BTreeMap;

use super::{Cell, Head, Report, Row, Table};
use crate::schema::Column;
use crate::schema::output;

/// Stored bytes that a thread reads in a second, for the estimate alone: docs/numbers.md, v2 text, gzip.
const STORED_BYTES_PER_SECOND: u64 = 60 << 20;

/// What the keys of the objects of one account, region and day say of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The account, if the key has it.
    pub account: Option<String>,
    /// The region, if the key has it.
    pub region: Option<String>,
    /// The day's first second, if the key has it.
    pub day: Option<u32>,
}

/// The report: one row for each part, of (part, stored bytes) for each object.
#[must_use]
pub fn report(objects: impl IntoIterator<Item = (Part, u64)>, threads: usize) -> Report {
    let mut parts: BTreeMap<Part, (u64, u64)> = BTreeMap::new();
    for (part, stored_bytes) in objects {
        let sums = parts.entry(part).or_default();
        *sums = (sums.0 + 1, sums.1 + stored_bytes);
    }
    let (objects, stored_bytes) = parts.values().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    let text = |text: Option<String>| text.map_or(Cell::Absent, Cell::from);
    let row = |(part, (objects, stored_bytes)): (Part, (u64, u64))| -> Row {
        let day = part.day.map_or(Cell::Absent, Cell::Time);
        vec![text(part.account), text(part.region), day, objects.into(), stored_bytes.into()]
    };
    let keys = [Column::AccountId, Column::Region, Column::Day].map(Head::from);
    let table = Table {
        name: "plan".to_owned(),
        title: "What would be read".to_owned(),
        columns: keys.into_iter().chain([output::OBJECTS.into(), output::SIZE.into()]).collect(),
        rows: parts.into_iter().map(row).collect(),
        total: Some(vec!["total".into(), Cell::Absent, Cell::Absent, objects.into(), stored_bytes.into()]),
    };
    let seconds = stored_bytes.div_ceil(STORED_BYTES_PER_SECOND * threads as u64);
    let mut report = Report { name: "plan".to_owned(), tables: vec![table], ..Report::default() };
    report.meta.notes.push(format!("nothing was read; reading it should take about {seconds} s on {threads} threads"));
    (report.meta.objects, report.meta.stored_bytes) = (objects, stored_bytes);
    report
}
