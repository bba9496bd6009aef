//! What traffic costs, by owner and charge: bytes, dollars, shares, and what they were before.
//!
//! Every column of money adds up to its total, in ten decimals and in the cents that people are shown. Bytes without a
//! price are in no sum of money and never stand as zero dollars: they have a column and a table of their own.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::amounts::{ZONES_UNKNOWN, amounts, change, difference, plain, share, zones_unknown_note};
use super::{Cell, Head, Report, Row, Table};
use crate::price::charged::{self, Bill, Charged, Line};
pub(super) use crate::price::charged::{free, unpriced_note};
use crate::price::{Charge, GB_BYTES, Money};
use crate::schema::output;
use crate::units::human::{self, Units};

/// The row of what costs nothing.
pub(super) const FREE: &str = "(free)";
/// The path of what nothing tells the way of.
const UNKNOWN_PATH: &str = "unknown";
/// The row of what is not among the first rows.
pub(super) const OTHER: &str = "(other)";

/// What the rows are ordered by; equal ones by key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CostOrder {
    /// The dearest first.
    #[default]
    Usd,
    /// Most bytes first.
    Bytes,
    /// By key alone, ascending.
    Key,
}

/// Which rows and columns.
#[derive(Clone, Debug, Default)]
pub struct CostShape {
    /// The columns of the keys.
    pub key_heads: Vec<Head>,
    /// Whether each charge has a row of its own.
    pub by_charge: bool,
    /// Whether what is free is in rows of its keys and reasons, and not all in one.
    pub free: bool,
    /// The number of rows; all where there is none.
    pub rows: Option<usize>,
    /// Their order.
    pub order: CostOrder,
    /// Whether the period before stands beside.
    pub compare: bool,
}

/// The report: the table `cost`, and beside it who pays, what is assumed, and what has no price.
#[must_use]
pub fn report(bill: &Bill, shape: &CostShape) -> Report {
    let mut report = Report { name: "cost".to_owned(), ..Report::default() };
    report.meta.window = bill.window;
    report.meta.notes = charged::notes(bill);
    report.meta.notes.extend(untold(bill));
    report.tables = vec![cost(bill, shape), payers(bill), assumptions(bill)];
    let unpriced = unpriced(bill);
    if !unpriced.rows.is_empty() {
        let bytes = bill.current().map(|line| u128::from(line.priced.unpriced_bytes)).sum();
        report.meta.notes.push(unpriced_note(bytes));
        report.tables.push(unpriced);
    }
    report
}

/// What is said of bytes that are free for want of knowing better.
pub(super) fn untold(bill: &Bill) -> impl Iterator<Item = String> {
    let free = |paths: &[&str]| -> u128 {
        let lines = bill.current().filter(|line| line.charged.charge.is_none());
        lines.filter(|line| paths.contains(&&*line.charged.reason)).map(|line| u128::from(line.charged.bytes)).sum()
    };
    let lost = free(&[UNKNOWN_PATH]);
    let lost = (lost > 0).then(|| {
        let (bytes, exact) = (human::bytes(lost, Units::Iec), human::count(lost));
        format!("{bytes} ({exact} bytes) go a way that nothing tells, and are shown as free: --network tells more")
    });
    zones_unknown_note(free(&ZONES_UNKNOWN)).into_iter().chain(lost)
}

/// The sums of a row.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    bytes: u128,
    unpriced: u128,
    usd: Money,
    /// Of the period before.
    previous: Money,
    previous_bytes: u128,
    previous_unpriced: u128,
}

impl Sum {
    fn add_line(&mut self, line: &Line) {
        let (bytes, unpriced) = (u128::from(line.charged.bytes), u128::from(line.priced.unpriced_bytes));
        let usd = line.priced.usd;
        let of = if line.charged.previous {
            Self { previous: usd, previous_bytes: bytes, previous_unpriced: unpriced, ..Self::default() }
        } else {
            Self { usd, bytes, unpriced, ..Self::default() }
        };
        self.add(&of);
    }

    fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.unpriced += other.unpriced;
        self.usd = self.usd + other.usd;
        self.previous = self.previous + other.previous;
        self.previous_bytes += other.previous_bytes;
        self.previous_unpriced += other.previous_unpriced;
    }

    /// What a GB of what has a price costs on average.
    fn average(&self) -> Cell {
        let priced = u64::try_from(self.bytes - self.unpriced).unwrap_or(u64::MAX);
        self.usd.per_gb(priced).map_or(Cell::Absent, Cell::Usd)
    }
}

/// A row's keys and, last, its charge.
type Keys = Vec<Cell>;

fn cost(bill: &Bill, shape: &CostShape) -> Table {
    let mut rows = ranked(bill, shape);
    if let Some(most) = shape.rows.filter(|most| *most < rows.len()) {
        let other = rows.drain(most..).fold(Sum::default(), |mut sum, (_, part)| {
            sum.add(&part);
            sum
        });
        rows.push((named(OTHER, shape), other));
    }
    let free = bill.lines.iter().filter(|line| line.charged.charge.is_none() && !shape.free);
    let free = free.fold(Sum::default(), |mut sum, line| {
        sum.add_line(line);
        sum
    });
    if free.bytes > 0 || shape.compare && free.previous_bytes > 0 {
        rows.push((named(FREE, shape), free));
    }
    let mut table = plain("cost", "What traffic costs");
    table.columns = shape.key_heads.clone();
    table.columns.extend(shape.by_charge.then(|| output::CHARGE.into()));
    let is_unpriced = rows.iter().any(|(_, sum)| sum.unpriced > 0);
    let measures = measures(&rows.iter().map(|(_, sum)| *sum).collect::<Vec<_>>());
    let (asked, heads): (Vec<_>, Vec<_>) = columns(shape, is_unpriced).into_iter().unzip();
    table.columns.extend(heads.into_iter().zip(&asked).filter(|(_, asked)| **asked).map(|(head, _)| head));
    let chosen = |row: Row| row.into_iter().zip(&asked).filter(|(_, asked)| **asked).map(|(cell, _)| cell);
    let keys = rows.into_iter().map(|(keys, _)| keys).chain([vec![Cell::Absent; width(shape)]]);
    let cells = keys.zip(measures).map(|(keys, row)| keys.into_iter().chain(chosen(row)).collect());
    table.rows = cells.collect();
    table.total = table.rows.pop();
    table
}

/// Every row but the one of what is free, in order.
fn ranked(bill: &Bill, shape: &CostShape) -> Vec<(Keys, Sum)> {
    let keys = |charged: &Charged| {
        let charge = || match charged.charge {
            Some(charge) => charge.name().into(),
            None => free(&charged.reason).into(),
        };
        charged.keys.iter().map(Cell::from).chain(shape.by_charge.then(charge)).collect::<Keys>()
    };
    let asked =
        |line: &&Line| (line.charged.charge.is_some() || shape.free) && (shape.compare || !line.charged.previous);
    let mut sums: BTreeMap<Keys, Sum> = BTreeMap::new();
    for line in bill.lines.iter().filter(asked) {
        sums.entry(keys(&line.charged)).or_default().add_line(line);
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    // The order is stable, so equal ones stay in that of their keys.
    match shape.order {
        CostOrder::Usd => rows.sort_by_key(|(_, sum)| Reverse((sum.usd, sum.previous, sum.bytes))),
        CostOrder::Bytes => rows.sort_by_key(|(_, sum)| Reverse((sum.bytes, sum.previous_bytes))),
        CostOrder::Key => {}
    }
    rows
}

/// How many columns the keys are.
fn width(shape: &CostShape) -> usize {
    shape.key_heads.len() + usize::from(shape.by_charge)
}

/// A name in the first of the keys' columns.
pub(super) fn named(name: &str, shape: &CostShape) -> Keys {
    let mut keys = vec![Cell::Absent; width(shape)];
    if let Some(first) = keys.first_mut() {
        *first = name.into();
    }
    keys
}

/// The columns after the keys, and whether each is asked for.
fn columns(shape: &CostShape, is_unpriced: bool) -> Vec<(bool, Head)> {
    let columns = [
        (true, output::BYTES),
        (true, output::GB),
        (true, output::AVERAGE_USD_PER_GB),
        (true, output::USD),
        (true, output::SHARE),
        (is_unpriced, output::UNPRICED_BYTES),
        (shape.compare, output::PREVIOUS_USD),
        (shape.compare, output::CHANGE_USD),
        (shape.compare, output::CHANGE),
    ];
    columns.into_iter().map(|(asked, column)| (asked, column.into())).collect()
}

/// The cells of all of those columns, and at the end the row of sums.
fn measures(sums: &[Sum]) -> Vec<Row> {
    let (usd, total) = amounts(&sums.iter().map(|sum| sum.usd).collect::<Vec<_>>());
    let (previous, previous_total) = amounts(&sums.iter().map(|sum| sum.previous).collect::<Vec<_>>());
    let mut whole = Sum::default();
    sums.iter().for_each(|sum| whole.add(sum));
    let rows = sums.iter().chain([&whole]).zip(usd.into_iter().chain([total.clone()]));
    let rows = rows.zip(previous.into_iter().chain([previous_total]));
    let row = |((sum, usd), previous): ((&Sum, Cell), Cell)| {
        let usd = known(usd, sum.bytes, sum.unpriced);
        let previous = known(previous, sum.previous_bytes, sum.previous_unpriced);
        let changed = difference(&usd, &previous);
        let (share, change) = (share(&usd, &total), change(&changed, &previous));
        vec![sum.bytes.into(), gb(sum.bytes), sum.average(), usd, share, sum.unpriced.into(), previous, changed, change]
    };
    rows.map(row).collect()
}

/// An amount, or nothing where nothing of the bytes has a price.
fn known(amount: Cell, bytes: u128, unpriced: u128) -> Cell {
    if unpriced > 0 && unpriced == bytes { Cell::Absent } else { amount }
}

/// Bytes as GB of bills.
pub(super) fn gb(bytes: u128) -> Cell {
    Cell::Decimal { units: bytes, per: GB_BYTES.into() }
}

/// Sums of the period's charged lines by what `key` says of them.
fn sums<K: Ord>(bill: &Bill, key: impl Fn(&Charged) -> Option<K>) -> BTreeMap<K, Sum> {
    let mut sums: BTreeMap<K, Sum> = BTreeMap::new();
    for line in bill.current().filter(|line| line.charged.charge.is_some()) {
        if let Some(key) = key(&line.charged) {
            sums.entry(key).or_default().add_line(line);
        }
    }
    sums
}

/// Which account is charged how much.
fn payers(bill: &Bill) -> Table {
    let sums = sums(bill, |charged| Some((charged.payer.clone().map_or(Cell::Absent, Cell::Text), charged.charge?)));
    let (usd, total) = amounts(&sums.values().map(|sum| sum.usd).collect::<Vec<_>>());
    let mut table = plain("payers", "Which accounts pay");
    table.columns =
        [output::PAYER_ACCOUNT, output::CHARGE, output::BYTES, output::USD, output::SHARE].map(Head::from).into();
    let bytes: u128 = sums.values().map(|sum| sum.bytes).sum();
    let row = |(((payer, charge), sum), usd): (((Cell, Charge), Sum), Cell)| -> Row {
        let usd = known(usd, sum.bytes, sum.unpriced);
        let share = share(&usd, &total);
        vec![payer, charge.name().into(), sum.bytes.into(), usd, share]
    };
    table.rows = sums.into_iter().zip(usd).map(row).collect();
    table.total = Some(vec![Cell::Absent, Cell::Absent, bytes.into(), total.clone(), share(&total, &total)]);
    table
}

/// How much of each charge rests on which assumption; what rests on none has no name.
pub(super) fn assumptions(bill: &Bill) -> Table {
    let sums = sums(bill, |charged| Some((charged.assumed.clone()?, charged.charge?)));
    let (usd, total) = amounts(&sums.values().map(|sum| sum.usd).collect::<Vec<_>>());
    let mut table = plain("assumptions", "What rests on assumptions");
    table.columns = [output::ASSUMPTION, output::CHARGE, output::BYTES, output::USD].map(Head::from).into();
    let bytes: u128 = sums.values().map(|sum| sum.bytes).sum();
    let row = |(((assumed, charge), sum), usd): (((Arc<str>, Charge), Sum), Cell)| -> Row {
        vec![Cell::Text(assumed), charge.name().into(), sum.bytes.into(), known(usd, sum.bytes, sum.unpriced)]
    };
    table.rows = sums.into_iter().zip(usd).map(row).collect();
    table.total = Some(vec![Cell::Absent, Cell::Absent, bytes.into(), total]);
    table
}

/// The prices that are missing, and how many bytes want them.
pub(super) fn unpriced(bill: &Bill) -> Table {
    let sums = sums(bill, |charged| Some((charged.charge?, charged.from.clone(), charged.to.clone())));
    let mut table = plain("unpriced", "What has no price");
    table.columns = [output::CHARGE, output::FROM, output::TO, output::UNPRICED_BYTES].map(Head::from).into();
    let unpriced = sums.into_iter().filter(|(_, sum)| sum.unpriced > 0);
    table.rows = unpriced
        .map(|((charge, from, to), sum)| {
            vec![charge.name().into(), Cell::Text(from), Cell::Text(to), sum.unpriced.into()]
        })
        .collect();
    table
}

#[cfg(test)]
mod tests;
