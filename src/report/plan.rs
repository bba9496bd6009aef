//! Dry run (`--dry-run`): objects and bytes by account, region and day, from their keys.

use std::collections::BTreeMap;

use super::{Cell, Head, Report, Row, Table};
use crate::schema::Column;
use crate::schema::output;
use crate::units::human;

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

/// Requests to S3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Requests already made to list the objects.
    pub lists: u64,
    /// Estimated requests to read the objects.
    pub gets: u64,
}

/// The prices of requests to S3 Standard in us-east-1, in 10⁻⁸ dollars: LIST costs 0.005 a thousand, GET 0.0004. Other
/// regions take up to half as much again.
const LIST_PRICE: u64 = 500;
const GET_PRICE: u64 = 40;

impl Requests {
    /// What the requests are and cost.
    fn note(self) -> String {
        let Self { lists, gets } = self;
        let price = u128::from(lists) * u128::from(LIST_PRICE) + u128::from(gets) * u128::from(GET_PRICE);
        let (lists, gets) = (human::counted(lists, "LIST request"), human::counted(gets, "GET request"));
        format!(
            "S3: {lists} made, about {gets} to come, {} in all at the prices of us-east-1 ($0.005 and $0.0004 per 1,000)",
            dollars(price)
        )
    }
}

/// A sum of 10⁻⁸ dollars to a hundredth of a cent, rounded up.
fn dollars(price: u128) -> String {
    let shown = price.div_ceil(10_000);
    format!("${}.{:04}", shown / 10_000, shown % 10_000)
}

/// The report: one row for each part, of (part, stored bytes) for each object.
#[must_use]
pub fn report(objects: impl IntoIterator<Item = (Part, u64)>, requests: Requests, threads: usize) -> Report {
    let mut parts: BTreeMap<Part, (u64, u64)> = BTreeMap::new();
    for (part, stored_bytes) in objects {
        let sums = parts.entry(part).or_default();
        *sums = (sums.0 + 1, sums.1 + stored_bytes);
    }
    let (objects, stored_bytes) = parts.values().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    let row = |(part, (objects, stored_bytes)): (Part, (u64, u64))| -> Row {
        let day = part.day.map_or(Cell::Absent, Cell::Time);
        vec![part.account.into(), part.region.into(), day, objects.into(), stored_bytes.into()]
    };
    let keys = [Column::AccountId, Column::Region, Column::Day].map(Head::from);
    let mut table = Table {
        name: "plan".to_owned(),
        title: "Objects to read".to_owned(),
        columns: keys.into_iter().chain([output::OBJECTS.into(), output::SIZE.into()]).collect(),
        rows: parts.into_iter().map(row).collect(),
        total: Some(vec!["total".into(), Cell::Absent, Cell::Absent, objects.into(), stored_bytes.into()]),
        ..Table::default()
    };
    table.date();
    let seconds = stored_bytes.div_ceil(STORED_BYTES_PER_SECOND * threads as u64);
    let mut report = Report { name: "plan".to_owned(), tables: vec![table], ..Report::default() };
    report.meta.notes.push(format!("dry run: nothing was read; estimated time {seconds} s on {threads} threads"));
    if requests != Requests::default() {
        report.meta.notes.push(requests.note());
    }
    (report.meta.objects, report.meta.stored_bytes) = (objects, stored_bytes);
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_priced_without_rounding_before_the_end() {
        let note = |lists, gets| Requests { lists, gets }.note();
        assert!(note(12, 10_000).contains("12 LIST requests made, about 10,000 GET requests to come, $0.0041 in all"));
        assert!(note(1, 0).contains("1 LIST request made, about 0 GET requests to come, $0.0001 in all"));
        assert_eq!(dollars(1_234_567_890_000), "$12345.6789");
    }
}
