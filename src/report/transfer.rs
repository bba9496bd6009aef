//! What goes from where to where: bytes and dollars by the places of both ends and the path between, as a list, as
//! matrices, and what would be cheaper.
//!
//! Bytes are those of traffic, dollars those of all charges on it. Dollars are rounded once, in the list before it is
//! cut, and every other table sums those; so all tables add up to the same total in ten decimals. In cents each table
//! adds up by itself. Who pays, and how prices come about, is told elsewhere.

mod alternatives;
mod gathered;
mod matrix;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::amounts::{ZONES_UNKNOWN, exact_amounts, plain, share, zones_unknown_note};
use super::cost::{assumptions, unpriced, unpriced_note};
use super::{Cell, Head, Report, Row, Table};
use crate::price::charged::{self, Bill};
use crate::price::{Money, rounded_parts};
use crate::schema::Column;
use crate::schema::output::{self, CellKind};

pub use gathered::{Gathered, Part, TransferKeys, list_key};
use gathered::{Measured, measured};

/// The name of the list.
pub const LIST: &str = "transfer";
/// The row or column of what is not among the first ones.
const OTHER: &str = "(other)";

/// What the rows are ordered by; equal ones by key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransferOrder {
    /// The dearest first, of equal ones that with most bytes.
    #[default]
    Usd,
    /// Most bytes first.
    Bytes,
    /// By key alone, ascending.
    Key,
}

/// Which rows and columns.
#[derive(Clone, Debug, Default)]
pub struct TransferShape {
    /// The columns of the two ends: `src_region`, `dst_region`.
    pub ends: [String; 2],
    /// The columns of further keys.
    pub by: Vec<Head>,
    /// The number of rows of the list and of the alternatives; all where there is none.
    pub rows: Option<usize>,
    /// Their order.
    pub order: TransferOrder,
    /// Whether the matrices stand before the list.
    pub matrix_first: bool,
    /// In how many hours there were records; what a window comes to in a month is told by them.
    pub hours: u64,
}

/// The keys of a row of the list.
type ListKey = (Cell, Cell, Vec<Cell>, Cell, Cell);

/// A row of the list before it is written.
#[derive(Clone, Debug)]
struct Listed {
    src: Cell,
    dst: Cell,
    by: Vec<Cell>,
    path: Cell,
    via: Cell,
    sum: Sum,
    /// The dollars, rounded so that all rows add up.
    exact_usd: u128,
}

/// The sums of a row.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    bytes: u128,
    usd: Money,
    unpriced: u128,
    assumed: u128,
}

/// The report: the list `transfer`, the matrices, what would be cheaper, and what rests on what.
#[must_use]
pub fn report(gathered: &Gathered, bill: &Bill, shape: &TransferShape) -> Report {
    let measured = measured(gathered, bill);
    let rows = listed(&gathered.parts, &measured, shape);
    let mut report = Report { name: "transfer".to_owned(), ..Report::default() };
    report.meta.window = bill.window;
    report.meta.notes = charged::notes(bill);
    report.meta.notes.extend(notes(gathered, &rows, shape));
    let (matrices, folded) = matrix::tables(&rows, shape);
    report.meta.notes.extend(folded);
    let list = list(rows, shape);
    report.tables = if shape.matrix_first {
        matrices.into_iter().chain([list]).collect()
    } else {
        std::iter::once(list).chain(matrices).collect()
    };
    let (alternatives, told) = alternatives::table(&gathered.parts, &measured, shape);
    report.tables.push(alternatives);
    report.meta.notes.extend(told);
    report.tables.extend(Some(assumptions(bill)).filter(|table| !table.rows.is_empty()));
    let unpriced = unpriced(bill);
    if !unpriced.rows.is_empty() {
        let bytes = bill.current().map(|line| u128::from(line.priced.unpriced_bytes)).sum();
        report.meta.notes.push(unpriced_note(bytes));
        report.tables.push(unpriced);
    }
    report
}

/// Every row, in order, with its dollars rounded.
fn listed(parts: &[Part], measured: &[Measured], shape: &TransferShape) -> Vec<Listed> {
    let mut sums: BTreeMap<ListKey, Sum> = BTreeMap::new();
    for (part, measured) in parts.iter().zip(measured) {
        let [src, dst] = part.ends.clone();
        let key = (src, dst, part.by.clone(), part.path.clone(), part.via.clone());
        sums.entry(key).or_default().add(&measured.sum());
    }
    let exact = rounded_parts(&sums.values().map(|sum| sum.usd).collect::<Vec<_>>());
    let row = |(((src, dst, by, path, via), sum), exact_usd)| Listed { src, dst, by, path, via, sum, exact_usd };
    let mut rows: Vec<_> = sums.into_iter().zip(exact).map(row).collect();
    // The order is stable, so equal ones stay in that of their keys.
    match shape.order {
        TransferOrder::Usd => rows.sort_by_key(|row| Reverse((row.sum.usd, row.sum.bytes))),
        TransferOrder::Bytes => rows.sort_by_key(|row| Reverse((row.sum.bytes, row.sum.usd))),
        TransferOrder::Key => {}
    }
    rows
}

/// The list, its last rows as one.
fn list(mut rows: Vec<Listed>, shape: &TransferShape) -> Table {
    let most = shape.rows.unwrap_or(usize::MAX).min(rows.len());
    let rest = rows.split_off(most);
    let other = rest.iter().fold((Sum::default(), 0), |(sum, exact), row| (sum.and(&row.sum), exact + row.exact_usd));
    let whole = rows.iter().fold(other, |(sum, exact), row| (sum.and(&row.sum), exact + row.exact_usd));
    let exact: Vec<_> = rows.iter().map(|row| row.exact_usd).chain((!rest.is_empty()).then_some(other.1)).collect();
    let (usd, total) = exact_amounts(&exact);
    let mut usd = usd.into_iter();
    let mut table = plain(LIST, "What goes from where to where, and what it costs");
    let by_column = |column: Column| Head::from(column);
    table.columns = vec![output::RANK.into()];
    table.columns.extend(shape.ends.iter().map(|name| end_head(name)));
    table.columns.extend(shape.by.iter().cloned());
    table.columns.extend([Column::Path, Column::Via].map(by_column));
    table.columns.extend(measures().map(Head::from));
    let cells = |sum: &Sum, usd: Cell| sum.cells(usd, &whole.0, &total, shape.order);
    for (rank, row) in (1u64..).zip(rows) {
        let cells = cells(&row.sum, usd.next().unwrap_or(Cell::Absent));
        let keys = [rank.into(), row.src, row.dst].into_iter().chain(row.by).chain([row.path, row.via]);
        table.rows.push(keys.chain(cells).collect());
    }
    let named = |name: Cell| {
        let keys = [Cell::Absent, name].into_iter();
        keys.chain(std::iter::repeat_n(Cell::Absent, shape.by.len() + 3))
    };
    if !rest.is_empty() {
        let cells = cells(&other.0, usd.next().unwrap_or(Cell::Absent));
        table.rows.push(named(OTHER.into()).chain(cells).collect());
    }
    table.total = Some(named(Cell::Absent).chain(cells(&whole.0, total.clone())).collect());
    table
}

/// The column of an end.
fn end_head(name: &str) -> Head {
    Head { name: name.to_owned(), kind: CellKind::Text }
}

/// The columns after the keys.
fn measures() -> [output::Output; 6] {
    [
        output::BYTES,
        output::USD,
        output::SHARE,
        output::AVERAGE_USD_PER_GB,
        output::UNPRICED_BYTES,
        output::ASSUMED_BYTES,
    ]
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.usd = self.usd + other.usd;
        self.unpriced += other.unpriced;
        self.assumed += other.assumed;
    }

    fn and(mut self, other: &Self) -> Self {
        self.add(other);
        self
    }

    fn cells(&self, usd: Cell, whole: &Self, total: &Cell, order: TransferOrder) -> Row {
        // Where nothing of what is charged has a price, the dollars are unknown and not zero.
        let is_unknown = self.unpriced > 0 && self.usd == Money::default();
        let usd = if is_unknown { Cell::Absent } else { usd };
        let share = match order {
            TransferOrder::Usd => share(&usd, total),
            _ => Cell::Share { part: self.bytes, whole: whole.bytes },
        };
        let priced = u64::try_from(self.bytes.saturating_sub(self.unpriced)).unwrap_or(u64::MAX);
        let average = self.usd.per_gb(priced).filter(|_| !is_unknown).map_or(Cell::Absent, Cell::Usd);
        vec![self.bytes.into(), usd, share, average, self.unpriced.into(), self.assumed.into()]
    }
}

/// What must be known to read the tables right.
fn notes(gathered: &Gathered, rows: &[Listed], shape: &TransferShape) -> Vec<String> {
    let mut notes = Vec::new();
    if !gathered.is_told && !rows.is_empty() {
        let kind = shape.ends[0].strip_prefix("src_").unwrap_or(&shape.ends[0]);
        notes.push(format!(
            "no end has a known {kind}: these logs do not have the field for it, and no table (--network, --tags) \
             tells it; ends stand by the names of their places"
        ));
    }
    let is_unknown = |row: &&Listed| matches!(&row.path, Cell::Text(path) if ZONES_UNKNOWN.contains(&&**path));
    let bytes: u128 = rows.iter().filter(is_unknown).map(|row| row.sum.bytes).sum();
    notes.extend(zones_unknown_note(bytes));
    notes
}
