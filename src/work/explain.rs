//! What explains a report: one more sum of the same scan.

use super::Sum;
use crate::error::Error;
use crate::group::{Key, Rollup};
use crate::join::Wanted;
use crate::report::explain;
use crate::schema::ColumnSet;

/// What is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explained {
    /// Traffic, each byte once.
    Traffic,
    /// Charges, and what is free.
    Charges,
}

/// The sum of the rules that applied, by these keys, which need these columns.
#[must_use]
pub fn rules(keys: Vec<Key>, columns: ColumnSet, of: Explained) -> Sum {
    let columns = columns.union(explain::columns());
    let charges = of == Explained::Charges;
    let wanted = Wanted { columns, traffic: !charges, charges, blocked: false };
    Sum { wanted, spec: explain::spec(keys) }
}

/// The next of the sums, in the order asked for.
pub(super) fn next(rollups: &mut impl Iterator<Item = Rollup>) -> Result<Rollup, Error> {
    rollups.next().ok_or_else(|| Error::failed("a sum was asked for and not made"))
}
