//! Rows × columns: sums in a square, the rest of each axis in one row and one column.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::amounts::{amount, plain};
use super::label::Label;
use super::{Cell, Head, Table};
use crate::price::cent_parts;
use crate::schema::output::CellKind;

/// Columns that have a name of their own.
pub(super) const MATRIX_COLUMNS_MAX: usize = 12;
/// Rows that have a name of their own.
pub(super) const MATRIX_ROWS_MAX: usize = 200;
/// The row and column of the remaining keys.
pub(super) const OTHER: &str = "(other)";
/// The column of a row's sum.
const TOTAL: &str = "(total)";

/// The sum of a row and a column.
pub(super) type Place<'l> = (&'l Label, &'l Label, u128);

/// The names of both axes, in their order.
#[derive(Debug)]
pub(super) struct Axes<'l> {
    rows: Vec<&'l Label>,
    columns: Vec<&'l Label>,
}

impl<'l> Axes<'l> {
    /// Both axes in the same order, by the weights of both, so that equal names are on the diagonal.
    pub(super) fn alike(places: &[Place<'l>]) -> Self {
        let mut ranks: BTreeMap<&Label, u128> = BTreeMap::new();
        for (row, column, weight) in places {
            *ranks.entry(row).or_default() += weight;
            if row != column {
                *ranks.entry(column).or_default() += weight;
            }
        }
        Self::ranked(places, &ranks, &ranks)
    }

    /// Each axis by its own weights.
    pub(super) fn apart(places: &[Place<'l>]) -> Self {
        let (mut rows, mut columns): (BTreeMap<&Label, u128>, BTreeMap<&Label, u128>) = Default::default();
        for (row, column, weight) in places {
            *rows.entry(row).or_default() += weight;
            *columns.entry(column).or_default() += weight;
        }
        Self::ranked(places, &rows, &columns)
    }

    fn ranked(places: &[Place<'l>], rows: &BTreeMap<&Label, u128>, columns: &BTreeMap<&Label, u128>) -> Self {
        let first = |of: fn(&Place<'l>) -> &'l Label, ranks: &BTreeMap<&Label, u128>, most: usize| {
            let mut names: Vec<&'l Label> = places.iter().map(of).collect();
            names.sort_unstable();
            names.dedup();
            names.sort_by_key(|name| Reverse(ranks.get(name).copied()));
            names.truncate(most);
            names
        };
        Self {
            rows: first(|place| place.0, rows, MATRIX_ROWS_MAX),
            columns: first(|place| place.1, columns, MATRIX_COLUMNS_MAX),
        }
    }

    /// Whether some names share a row or a column.
    pub(super) fn are_folded(&self, places: &[Place<'l>]) -> bool {
        places.iter().any(|(row, column, _)| !self.rows.contains(row) || !self.columns.contains(column))
    }

    /// The table of some sums: bytes, counts, or dollars in 10⁻¹⁰ USD, by their kind. What is in none of the places is in the
    /// row and the column of the remaining keys.
    pub(super) fn table(
        &self,
        (name, title): (&str, &str),
        row_head: Head,
        kind: CellKind,
        places: &[Place<'l>],
        rest: u128,
    ) -> Table {
        let place = |names: &[&Label], name: &Label| names.iter().position(|one| *one == name).unwrap_or(names.len());
        let mut sums: BTreeMap<(usize, usize), u128> = BTreeMap::new();
        for (row, column, sum) in places {
            *sums.entry((place(&self.rows, row), place(&self.columns, column))).or_default() += sum;
        }
        if rest > 0 {
            *sums.entry((self.rows.len(), self.columns.len())).or_default() += rest;
        }
        let cents = cent_parts(&sums.values().copied().collect::<Vec<_>>());
        let square =
            Square { kind, sums: sums.into_iter().zip(cents).map(|((at, sum), cents)| (at, [sum, cents])).collect() };
        let (height, width) = (square.extent(|at| at.0), square.extent(|at| at.1));
        let mut table = plain(name, title);
        let head = |place: usize| self.columns.get(place).map_or_else(|| OTHER.to_owned(), |name| name.name());
        table.columns = vec![row_head];
        table.columns.extend((0..width).map(|column| Head { name: head(column), kind }));
        table.columns.push(Head { name: TOTAL.to_owned(), kind });
        for row in 0..height {
            let label = self.rows.get(row).map_or_else(|| OTHER.into(), |name| name.cell());
            let cells = (0..width).map(|column| square.sum(|at| at == (row, column)));
            table.rows.push(std::iter::once(label).chain(cells).chain([square.sum(|at| at.0 == row)]).collect());
        }
        let totals = (0..width).map(|column| square.sum(|at| at.1 == column));
        table.total = Some(std::iter::once(Cell::Absent).chain(totals).chain([square.sum(|_| true)]).collect());
        table
    }
}

/// The sums of a table by row and column, and of dollars their cents.
struct Square {
    kind: CellKind,
    sums: BTreeMap<(usize, usize), [u128; 2]>,
}

impl Square {
    /// How many rows or columns there are.
    fn extent(&self, axis: impl Fn(&(usize, usize)) -> usize) -> usize {
        self.sums.keys().map(axis).max().map_or(0, |last| last + 1)
    }

    /// The sum of some cells; none if there are none.
    fn sum(&self, inside: impl Fn((usize, usize)) -> bool) -> Cell {
        let parts = self.sums.iter().filter(|(at, _)| inside(**at)).map(|(_, parts)| *parts);
        let Some([sum, cents]) = parts.reduce(|one, other| [one[0] + other[0], one[1] + other[1]]) else {
            return Cell::Absent;
        };
        if self.kind == CellKind::Usd { amount(sum, cents) } else { sum.into() }
    }
}
