//! Sources × destinations: the same bytes and dollars as in the list, in a square.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::label::Label;
use super::{Listed, OTHER, TransferOrder, TransferShape, end_head};
use crate::price::cent_parts;
use crate::report::amounts::{amount, plain};
use crate::report::{Cell, Head, Table};
use crate::schema::output::CellKind;

/// Destinations that have a column of their own.
pub(super) const MATRIX_COLUMNS_MAX: usize = 12;
/// Sources that have a row of their own.
pub(super) const MATRIX_ROWS_MAX: usize = 200;
/// The column of what a source sends in all.
const TOTAL: &str = "(total)";

/// A cell's bytes and its dollars in 10⁻¹⁰ USD.
type Sums = (u128, u128);

/// Both matrices, and a note if some ends share a row or a column.
pub(super) fn tables(rows: &[Listed], shape: &TransferShape) -> ([Table; 2], Option<String>) {
    let ranks = ranks(rows, shape.order);
    let sources = first(&ranks, rows.iter().map(|row| &row.src), MATRIX_ROWS_MAX);
    let destinations = first(&ranks, rows.iter().map(|row| &row.dst), MATRIX_COLUMNS_MAX);
    let place = |names: &[&Label], end: &Label| names.iter().position(|name| *name == end).unwrap_or(names.len());
    let mut cells: BTreeMap<(usize, usize), Sums> = BTreeMap::new();
    for row in rows {
        let (bytes, usd) = cells.entry((place(&sources, &row.src), place(&destinations, &row.dst))).or_default();
        *bytes += row.sum.bytes;
        *usd += row.exact_usd;
    }
    let matrix = Matrix { shape, sources, destinations, cells };
    let bytes = matrix.table("matrix_bytes", "Bytes, from rows to columns", CellKind::Bytes);
    let usd = matrix.table("matrix_usd", "Dollars, from rows to columns", CellKind::Usd);
    let is_folded =
        matrix.cells.keys().any(|(row, column)| *row == matrix.sources.len() || *column == matrix.destinations.len());
    let folded = is_folded.then(|| {
        format!(
            "the matrices have at most {MATRIX_ROWS_MAX} rows and {MATRIX_COLUMNS_MAX} columns; (other) sums the rest, \
             and the list has all"
        )
    });
    ([bytes, usd], folded)
}

struct Matrix<'a> {
    shape: &'a TransferShape,
    sources: Vec<&'a Label>,
    destinations: Vec<&'a Label>,
    cells: BTreeMap<(usize, usize), Sums>,
}

impl Matrix<'_> {
    fn table(&self, name: &str, title: &str, kind: CellKind) -> Table {
        let (height, width) = (self.extent(|place| place.0), self.extent(|place| place.1));
        let cents: Vec<_> = cent_parts(&self.cells.values().map(|(_, usd)| *usd).collect::<Vec<_>>());
        let places = self.cells.iter().zip(cents);
        let amounts: BTreeMap<_, _> =
            places.map(|((place, (bytes, usd)), cents)| (*place, [*bytes, *usd, cents])).collect();
        let cell = |of: &[[u128; 3]]| match of {
            [] => Cell::Absent,
            of if kind == CellKind::Bytes => of.iter().map(|[bytes, ..]| bytes).sum::<u128>().into(),
            of => amount(of.iter().map(|[_, usd, _]| usd).sum(), of.iter().map(|[.., cents]| cents).sum()),
        };
        let sum = |inside: &dyn Fn(usize, usize) -> bool| {
            let parts: Vec<_> =
                amounts.iter().filter(|((row, column), _)| inside(*row, *column)).map(|(_, parts)| *parts).collect();
            cell(&parts)
        };
        let label = |names: &[&Label], place: usize| names.get(place).map_or_else(|| OTHER.into(), |name| name.cell());
        let head = |place: usize| self.destinations.get(place).map_or_else(|| OTHER.to_owned(), |name| name.name());
        let mut table = plain(name, title);
        table.columns = vec![end_head(&self.shape.ends[0])];
        table.columns.extend((0..width).map(|column| Head { name: head(column), kind }));
        table.columns.push(Head { name: TOTAL.to_owned(), kind });
        for row in 0..height {
            let cells = (0..width).map(|column| cell(amounts.get(&(row, column)).map_or(&[], std::slice::from_ref)));
            let total = sum(&|at, _| at == row);
            table.rows.push(std::iter::once(label(&self.sources, row)).chain(cells).chain([total]).collect());
        }
        let sums = (0..width).map(|column| sum(&|_, at| at == column));
        table.total = Some(std::iter::once(Cell::Absent).chain(sums).chain([sum(&|_, _| true)]).collect());
        table
    }

    /// How many rows or columns there are.
    fn extent(&self, axis: impl Fn(&(usize, usize)) -> usize) -> usize {
        self.cells.keys().map(axis).max().map_or(0, |last| last + 1)
    }
}

/// Both axes have one order, so that what stays inside stands on the diagonal.
fn ranks(rows: &[Listed], order: TransferOrder) -> BTreeMap<&Label, Reverse<u128>> {
    let mut ranks: BTreeMap<&Label, Reverse<u128>> = BTreeMap::new();
    for row in rows {
        let of = match order {
            TransferOrder::Key => 0,
            _ => row.sum.bytes,
        };
        for end in BTreeSet::from([&row.src, &row.dst]) {
            ranks.entry(end).or_default().0 += of;
        }
    }
    ranks
}

/// The first ends of an axis.
fn first<'a>(
    ranks: &BTreeMap<&Label, Reverse<u128>>,
    ends: impl Iterator<Item = &'a Label>,
    most: usize,
) -> Vec<&'a Label> {
    let mut ends: Vec<_> = ends.collect::<BTreeSet<_>>().into_iter().collect();
    ends.sort_by_key(|end| ranks.get(end).copied());
    ends.truncate(most);
    ends
}
