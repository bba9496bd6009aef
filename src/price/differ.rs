//! How a table differs from another, tier by tier, by the newest row of each.

use std::collections::BTreeMap;

use super::money::Rate;
use super::table::{Place, PriceRow};

/// How a tier of a table compares with the same tier of the table below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The table below has no such tier.
    New,
    /// The table below has another rate or end.
    Changed,
    /// The table below has it, and this one, which prices the same charge, does not.
    Dropped,
    /// It takes the price away.
    Unpriced,
    /// It does not say where the price was read.
    Unverified,
    /// A price list has another price, and the table keeps its own.
    Kept,
}

impl Status {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Dropped => "dropped",
            Self::Unpriced => "unpriced",
            Self::Unverified => "unverified",
            Self::Kept => "kept",
        }
    }
}

/// A tier that is not as it is in the table below.
#[derive(Clone, Debug)]
pub struct Difference<'a> {
    /// How it is not.
    pub status: Status,
    /// The row; of the table below where this one has none.
    pub row: &'a PriceRow,
    /// What the table below has.
    pub below: Option<Rate>,
}

/// Differences from the table below, sorted by charge, location and tier; and the number of equal tiers.
#[must_use]
pub fn differences<'a>(
    below: impl Iterator<Item = &'a PriceRow>,
    table: impl Iterator<Item = &'a PriceRow>,
) -> (Vec<Difference<'a>>, usize) {
    let (below, table) = (newest(below), newest(table));
    let (mut found, mut same) = (Vec::new(), 0);
    for (tier, row) in &table {
        let other = below.get(tier);
        let status = match other {
            _ if row.rate.is_none() => Some(Status::Unpriced),
            None => Some(Status::New),
            Some(other) => ((other.rate, other.end_gb) != (row.rate, row.end_gb)).then_some(Status::Changed),
        };
        same += usize::from(status.is_none());
        let unverified = (row.rate.is_some() && row.source.is_empty()).then_some(Status::Unverified);
        let below = other.and_then(|other| other.rate);
        found.extend([status, unverified].into_iter().flatten().map(|status| Difference { status, row, below }));
    }
    for (tier, row) in &below {
        // A table lies over the one below: what it has no row of is as it was.
        if !table.contains_key(tier) && table.keys().any(|(place, _)| *place == tier.0) {
            found.push(Difference { status: Status::Dropped, row, below: row.rate });
        }
    }
    found.sort_by_key(|difference| (difference.row.place(), difference.row.start_gb, difference.status));
    (found, same)
}

/// The newest row of each tier.
fn newest<'a>(rows: impl Iterator<Item = &'a PriceRow>) -> BTreeMap<(Place, u64), &'a PriceRow> {
    let mut newest: BTreeMap<_, &PriceRow> = BTreeMap::new();
    for row in rows {
        let held = newest.entry((row.place(), row.start_gb)).or_insert(row);
        if row.effective_from > held.effective_from {
            *held = row;
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::super::PriceTable;
    use super::*;

    #[test]
    fn each_way_to_differ_has_its_word() {
        let head = "charge,from,to,usd_per_gb,effective_from,effective_to,source\n";
        let read = |rows: &str| PriceTable::read("test", format!("{head}{rows}").as_bytes()).unwrap();
        let below = read(
            "nat-processing,us-east-1,any,0.045,,,list\nnat-processing,us-east-2,any,0.045,,,list\n\
             nat-processing,us-west-1,any,0.045,,,list\nnat-processing,us-west-2,any,0.045,,,list\n\
             transit-gateway,us-east-1,any,0.02,,,list\n",
        );
        let table = read(
            "nat-processing,us-east-1,any,0.045,,,list\nnat-processing,us-east-2,any,0.1,,2026-01-01,list\n\
             nat-processing,us-east-2,any,0.04,2026-01-01,,\nnat-processing,us-west-1,any,,,,list\n\
             nat-processing,eu-west-1,any,0.048,,,list\n",
        );
        let (found, same) = differences(below.rows(), table.rows());
        let shown: Vec<_> = found.iter().map(|found| (found.row.from.as_str(), found.status.name())).collect();
        let expected =
            [("eu-west-1", "new"), ("us-east-2", "changed"), ("us-east-2", "unverified"), ("us-west-1", "unpriced")];
        assert_eq!((shown.as_slice(), same), (expected.as_slice(), 1));
        assert_eq!(found[1].row.rate, Rate::parse("0.04").ok(), "the newest row is compared");
    }
}
