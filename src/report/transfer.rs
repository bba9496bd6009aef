//! What goes from where to where: bytes and dollars by the places of both ends and the path between, as a list, as
//! matrices, and what would be cheaper.
//!
//! Bytes are those of traffic, dollars those of all its charges. Dollars are rounded once, in the list before it is
//! cut, and every other table sums those, so all tables have the same total to ten decimals. In cents each table adds
//! up by itself. Payers and price derivation are in other reports.

mod parts;
mod recommendations;
#[cfg(test)]
mod tests;

use polars::prelude::{DataFrame, SortMultipleOptions};

use super::amounts::{self, exact_amounts, plain, share};

use super::cost::{add_unpriced, assumptions};
use super::explain;
use super::frame::rows;
use super::having::{Having, Shown};
use super::label::Label;
use super::matrix::{Axes, MATRIX_COLUMNS_MAX, MATRIX_ROWS_MAX, Place};
use super::question::{Frames, Need, Question};
use super::{Cell, Head, Report, Row, Table};
use crate::error::Error;
use crate::group::{Key, Spec};
use crate::join::{Kept, Wanted};
use crate::price::bill::{self, Bill, Periods, line};
use crate::price::{Money, PoolTerms, PriceTable, Tiers, rounded_parts};
use crate::schema::frame::{int, ints, moments};
use crate::schema::output::{self, CellKind};
use crate::schema::{Column, ColumnSet};
pub use parts::TransferKeys;

/// The name of the list.
pub const LIST: &str = "transfer";
/// The row or column of the remaining keys.
const OTHER: &str = "(other)";
/// The frame of traffic and charges, and that of the hours that have traffic.
const TRAFFIC: &str = "traffic";
pub(super) const HOURS: &str = "hours";
/// The dollars of a row in 10⁻¹⁰ USD, rounded so that all rows add up.
const EXACT_USD: &str = "exact_usd";

/// What the rows are ordered by; equal ones by key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransferOrder {
    /// Most expensive first, of equal ones that with most bytes.
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
    /// Which rows of the list are shown; the others are part of `(other)`.
    pub having: Option<Having>,
}

impl TransferShape {
    /// The columns of the list after the rank.
    #[must_use]
    pub fn heads(&self) -> Vec<Head> {
        let ends = self.ends.iter().map(|name| end_head(name)).chain(self.by.iter().cloned());
        let route = [Column::Path, Column::Via].map(|column: Column| Head::from(column));
        ends.chain(route).chain(measures().map(Head::from)).collect()
    }
}

/// Transfer.
#[derive(Debug)]
pub struct TransferQuestion {
    /// The aggregation keys.
    pub keys: TransferKeys,
    /// The window, half-open; unbounded sides are none.
    pub window: (Option<u32>, Option<u32>),
    /// The prices.
    pub prices: PriceTable,
    /// Terms other than prices.
    pub terms: PoolTerms,
    /// Order, rows, columns.
    pub shape: TransferShape,
    /// Whether to explain each row of the list by its rules.
    pub explain: bool,
    /// Things to know of how the question was understood.
    pub notes: Vec<String>,
}

impl Question for TransferQuestion {
    type Answer = Report;

    fn plan(&self) -> Vec<Need> {
        let keys = self.keys.all();
        let mut traffic = Need::charges(TRAFFIC, &keys, self.terms.tiers == Tiers::Marginal);
        traffic.wanted.traffic = true;
        let rules = self.explain.then(|| explain::need(&keys, false));
        [traffic, hours()].into_iter().chain(rules).collect()
    }

    fn answer(self, mut frames: Frames) -> Result<Report, Error> {
        let names: Vec<String> = self.keys.all().iter().map(Key::name).collect();
        let charges = Periods::default().mark(&frames.take(TRAFFIC)?)?;
        let hours = covered(&frames.take(HOURS)?)?.hours;
        let bill = Bill::of(&charges, &names, self.window, (&self.prices, self.terms))?;
        let (mut report, shown) = report(&bill, &self.keys, &self.shape, hours)?;
        if self.explain {
            let (rules, _) = parts::labelled(frames.take(explain::RULES)?, &self.keys)?;
            let by_charge = parts::by_charge(&parts::of_bill(&bill, &self.keys)?.0, &self.keys)?;
            let shown = sorted(&parts::listed(&by_charge, &self.keys)?, &self.shape)?.filter(&shown.mask())?;
            let listed = self.keys.listed();
            let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
            let list = report.tables.iter().find(|table| table.name == LIST);
            let explained = list.map(|list| explain::table(rules, &shown, &listed, list)).transpose()?;
            report.tables.extend(explained);
        }
        report.meta.notes.extend(self.notes);
        Ok(report)
    }
}

/// The hours that have traffic.
pub(super) struct Covered {
    pub(super) hours: u64,
    /// The first second of the last one.
    pub(super) last: Option<u32>,
}

/// Counts the hours of a frame of [`hours`].
///
/// # Errors
/// If it is none.
pub(super) fn covered(frame: &DataFrame) -> Result<Covered, Error> {
    let hours: Vec<u32> = moments(frame, Column::Hour.name())?.flatten().collect();
    Ok(Covered { hours: hours.len() as u64, last: hours.into_iter().max() })
}

/// Hours with traffic, rejected included.
pub(super) fn hours() -> Need {
    let keys = vec![Key { column: Column::Hour, cut: None }];
    let spec = Spec { keys, ..Spec::default() };
    let columns = ColumnSet::of(&[Column::Start]);
    Need {
        name: HOURS,
        // The covered hours are independent of the filter.
        wanted: Wanted {
            columns,
            traffic: true,
            charges: false,
            rejected: true,
            kept: Kept::default(),
            unfiltered: true,
        },
        spec,
    }
}

/// A row of the list before it is written.
#[derive(Clone, Debug)]
struct Listed {
    src: Label,
    dst: Label,
    /// The further keys, the path and what it went through.
    by: Row,
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

/// The report: the list `transfer`, the matrices, what would be cheaper, and what rests on what. And which rows are in
/// the list.
fn report(bill: &Bill, keys: &TransferKeys, shape: &TransferShape, hours: u64) -> Result<(Report, Shown), Error> {
    let (lines, is_named) = parts::of_bill(bill, keys)?;
    let by_charge = parts::by_charge(&lines, keys)?;
    let rows = listed(&parts::listed(&by_charge, keys)?, keys, shape)?;
    let mut report = Report { name: "transfer".to_owned(), ..Report::default() };
    report.meta.window = bill.window;
    report.meta.notes = bill::notes(bill)?;
    report.meta.warnings.clone_from(&bill.warnings);
    report.meta.notes.extend(notes(is_named, &rows, shape));
    let (matrices, folded) = matrices(&rows, shape);
    report.meta.notes.extend(folded);
    let (list, shown) = list(rows, shape)?;
    report.meta.notes.extend(shown.note.clone());
    report.tables = if shape.matrix_first {
        matrices.into_iter().chain([list]).collect()
    } else {
        std::iter::once(list).chain(matrices).collect()
    };
    let (recommendations, note) = recommendations::table(&by_charge, shape, hours)?;
    report.tables.push(recommendations);
    report.meta.notes.extend(note);
    report.tables.push(assumptions(bill)?);
    add_unpriced(&mut report, bill, &bill.current()?)?;
    Ok((report, shown))
}

/// The rows of the list in the requested order; ties are sorted by key.
fn sorted(rows: &DataFrame, shape: &TransferShape) -> Result<DataFrame, Error> {
    let by = match shape.order {
        TransferOrder::Usd => [line::COST, output::BYTES.name],
        TransferOrder::Bytes => [output::BYTES.name, line::COST],
        TransferOrder::Key => return Ok(rows.clone()),
    };
    let options = SortMultipleOptions::default().with_order_descending(true).with_maintain_order(true);
    Ok(rows.sort(by, options)?)
}

/// Every row, in order, with its dollars rounded.
fn listed(frame: &DataFrame, keys: &TransferKeys, shape: &TransferShape) -> Result<Vec<Listed>, Error> {
    // Dollars are rounded in key order, independent of the requested order.
    let cost = int(frame, line::COST)?.iter().map(|cost| Money::of_units(cost.unwrap_or(0)));
    let exact = rounded_parts(&cost.collect::<Vec<_>>());
    let mut frame = frame.clone();
    frame.with_column(ints(EXACT_USD, exact.iter().map(|usd| i128::try_from(*usd).ok())))?;
    let frame = sorted(&frame, shape)?;
    let by = keys.listed();
    let by_cells = rows(&frame, by[2..].iter().map(String::as_str))?;
    let (src, dst) = (frame.column(parts::SRC)?.binary()?, frame.column(parts::DST)?.binary()?);
    let number = |name: &str| {
        let numbers = int(&frame, name)?.iter().map(|value| u128::try_from(value.unwrap_or(0)).unwrap_or(0));
        Ok::<_, Error>(numbers.collect::<Vec<_>>())
    };
    let (bytes, unpriced) = (number(output::BYTES.name)?, number(output::UNPRICED_BYTES.name)?);
    let (assumed, exact, cost) = (number(parts::ASSUMED)?, number(EXACT_USD)?, int(&frame, line::COST)?);
    let row = |(place, by): (usize, Row)| Listed {
        src: Label::of(src.get(place)),
        dst: Label::of(dst.get(place)),
        by,
        sum: Sum {
            bytes: bytes[place],
            usd: Money::of_units(cost.get(place).unwrap_or(0)),
            unpriced: unpriced[place],
            assumed: assumed[place],
        },
        exact_usd: exact[place],
    };
    Ok(by_cells.into_iter().enumerate().map(row).collect())
}

/// Sources × destinations, with the same bytes and dollars as in the list, and a note if some ends share a row or a column.
fn matrices(rows: &[Listed], shape: &TransferShape) -> ([Table; 2], Option<String>) {
    let places = |sum: fn(&Listed) -> u128| -> Vec<Place<'_>> {
        rows.iter().map(|row| (&row.src, &row.dst, sum(row))).collect()
    };
    let is_by_key = shape.order == TransferOrder::Key;
    let (bytes, usd) = (places(|row| row.sum.bytes), places(|row| row.exact_usd));
    let axes = Axes::alike(&if is_by_key { places(|_| 0) } else { bytes.clone() });
    let table =
        |name, title, kind, places: &[Place<'_>]| axes.table((name, title), end_head(&shape.ends[0]), kind, places, 0);
    let folded = axes.are_folded(&bytes).then(|| {
        format!(
            "matrices show at most {MATRIX_ROWS_MAX} rows and {MATRIX_COLUMNS_MAX} columns; (other) sums the rest, \
             and the list is complete"
        )
    });
    let bytes = table("matrix_bytes", "Bytes by source (rows) and destination (columns)", CellKind::Bytes, &bytes);
    ([bytes, table("matrix_usd", "Cost by source (rows) and destination (columns)", CellKind::Usd, &usd)], folded)
}

/// The list, its other rows as one; and which rows are in it.
fn list(rows: Vec<Listed>, shape: &TransferShape) -> Result<(Table, Shown), Error> {
    let whole = rows.iter().fold(Sum::default(), |sum, row| sum.and(&row.sum));
    let row = |rank: Cell, keys: Row, (sum, usd): (&Sum, Cell), total: &Cell| -> Row {
        let cells = sum.cells(usd, &whole, total, shape.order);
        std::iter::once(rank).chain(keys).chain(cells).collect()
    };
    let keys = |row: &Listed| [row.src.cell(), row.dst.cell()].into_iter().chain(row.by.iter().cloned()).collect();
    // All rows are rounded together, so that none depends on how many are shown.
    let (usd, total) = exact_amounts(&rows.iter().map(|row| row.exact_usd).collect::<Vec<_>>());
    let shown = Shown::of(shape.having.as_ref(), (rows.len(), shape.rows), || {
        let cells = |(listed, usd): (&Listed, &Cell)| {
            row(Cell::Absent, keys(listed), (&listed.sum, usd.clone()), &total).split_off(1)
        };
        Ok(rows.iter().zip(&usd).map(cells).collect())
    })?;
    let ((rows, others), (mut usd, other_usd)) = (shown.split(rows), shown.split(usd));
    let other = (!others.is_empty()).then(|| others.iter().fold(Sum::default(), |sum, row| sum.and(&row.sum)));
    usd.extend(other.map(|_| amounts::sum(&other_usd)));
    let named =
        |name: Cell| std::iter::once(name).chain(std::iter::repeat_n(Cell::Absent, shape.by.len() + 3)).collect();
    let mut table = plain(LIST, "Transfer");
    table.columns = std::iter::once(output::RANK.into()).chain(shape.heads()).collect();
    let ranked = (1u64..).zip(&rows).map(|(rank, listed)| (rank.into(), keys(listed), &listed.sum));
    let rows = ranked.chain(other.iter().map(|sum| (Cell::Absent, named(OTHER.into()), sum)));
    table.rows = rows.zip(usd).map(|((rank, keys, sum), usd)| row(rank, keys, (sum, usd), &total)).collect();
    table.total = Some(row(Cell::Absent, named(Cell::Absent), (&whole, total.clone()), &total));
    Ok((table, shown))
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
        output::EFFECTIVE_USD_PER_GB,
        output::UNPRICED_BYTES,
        output::ASSUMED_BYTES,
    ]
}

impl Sum {
    fn and(mut self, other: &Self) -> Self {
        self.bytes += other.bytes;
        self.usd = self.usd + other.usd;
        self.unpriced += other.unpriced;
        self.assumed += other.assumed;
        self
    }

    fn cells(&self, usd: Cell, whole: &Self, total: &Cell, order: TransferOrder) -> Row {
        // If all charged bytes are unpriced, dollars are unknown and not zero.
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
fn notes(is_named: bool, rows: &[Listed], shape: &TransferShape) -> Vec<String> {
    let mut notes = Vec::new();
    if !is_named && !rows.is_empty() {
        let kind = shape.ends[0].strip_prefix("src_").unwrap_or(&shape.ends[0]);
        notes.push(format!(
            "no endpoint has a known {kind}: neither the logs nor a table (--network, --tags) has it; endpoints are \
             shown by location"
        ));
    }
    notes
}
