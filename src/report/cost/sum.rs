//! Sums of a bill's rows as cells: dollars are rounded together, so that rows add up however many of them are shown.

use polars::prelude::{DataFrame, Expr, col};

use super::{CostShape, columns};
use crate::error::Error;
use crate::price::bill::line;
use crate::price::{GB_BYTES, Money};
use crate::report::Cell;
use crate::report::amounts::{self, amount, amounts, change, difference, share};
use crate::schema::frame::int;
use crate::schema::output;

/// The sums of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) bytes: u128,
    pub(super) unpriced: u128,
    pub(super) usd: Money,
    /// Of the period before.
    pub(super) previous: Money,
    pub(super) previous_bytes: u128,
    pub(super) previous_unpriced: u128,
}

/// The columns of a [`Sum`] for the previous period.
pub(super) const PREVIOUS: [(&str, &str); 3] = [
    (output::BYTES.name, "previous_bytes"),
    (output::UNPRICED_BYTES.name, "previous_unpriced_bytes"),
    (line::COST, "previous_cost"),
];

impl Sum {
    /// What to sum of a bill's lines.
    pub(super) fn columns() -> Vec<Expr> {
        let current = PREVIOUS.map(|(name, _)| col(name).filter(col(line::IS_PREVIOUS).not()).sum());
        let previous = PREVIOUS.map(|(name, other)| col(name).filter(col(line::IS_PREVIOUS)).sum().alias(other));
        current.into_iter().chain(previous).collect()
    }

    /// The sums of each row of a frame of [`Self::columns`].
    pub(super) fn of(frame: &DataFrame) -> Result<Vec<Self>, Error> {
        let [bytes, unpriced, usd] = [0, 1, 2].map(|place| int(frame, PREVIOUS[place].0));
        let [was_bytes, was_unpriced, was_usd] = [0, 1, 2].map(|place| int(frame, PREVIOUS[place].1));
        let (bytes, unpriced, usd) = (bytes?, unpriced?, usd?);
        let (was_bytes, was_unpriced, was_usd) = (was_bytes?, was_unpriced?, was_usd?);
        let count = |value: Option<i128>| u128::try_from(value.unwrap_or(0)).unwrap_or(0);
        let sum = |row: usize| Self {
            bytes: count(bytes.get(row)),
            unpriced: count(unpriced.get(row)),
            usd: Money::of_units(usd.get(row).unwrap_or(0)),
            previous: Money::of_units(was_usd.get(row).unwrap_or(0)),
            previous_bytes: count(was_bytes.get(row)),
            previous_unpriced: count(was_unpriced.get(row)),
        };
        Ok((0..frame.height()).map(sum).collect())
    }

    pub(super) fn and(mut self, other: &Self) -> Self {
        self.bytes += other.bytes;
        self.unpriced += other.unpriced;
        self.usd = self.usd + other.usd;
        self.previous = self.previous + other.previous;
        self.previous_bytes += other.previous_bytes;
        self.previous_unpriced += other.previous_unpriced;
        self
    }

    /// The average price per GB of priced bytes.
    pub(super) fn average(&self) -> Cell {
        let priced = u64::try_from(self.bytes - self.unpriced).unwrap_or(u64::MAX);
        self.usd.per_gb(priced).map_or(Cell::Absent, Cell::Usd)
    }
}

/// A row's sums with its dollars rounded.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) sum: Sum,
    pub(super) usd: Cell,
    pub(super) previous: Cell,
}

impl Measured {
    /// Rows whose dollars add up.
    pub(super) fn of(sums: &[Sum]) -> Vec<Self> {
        let (usd, _) = amounts(&sums.iter().map(|sum| sum.usd).collect::<Vec<_>>());
        let (previous, _) = amounts(&sums.iter().map(|sum| sum.previous).collect::<Vec<_>>());
        let rows = sums.iter().zip(usd.into_iter().zip(previous));
        rows.map(|(sum, (usd, previous))| Self { sum: *sum, usd, previous }).collect()
    }

    /// Rows as one.
    pub(super) fn sum<'a>(rows: impl IntoIterator<Item = &'a Self> + Clone) -> Self {
        let (none, rows) = (amount(0, 0), || rows.clone().into_iter());
        Self {
            sum: rows().fold(Sum::default(), |sum, row| sum.and(&row.sum)),
            usd: amounts::sum([&none].into_iter().chain(rows().map(|row| &row.usd))),
            previous: amounts::sum([&none].into_iter().chain(rows().map(|row| &row.previous))),
        }
    }

    /// The cells after the keys.
    pub(super) fn cells(&self, total: &Self, shape: &CostShape) -> impl Iterator<Item = Cell> + use<> {
        let Self { sum, usd, previous } = self;
        let usd = known(usd.clone(), sum.unpriced);
        let previous = known(previous.clone(), sum.previous_unpriced);
        let changed = difference(&usd, &previous);
        let (share, change) = (share(&usd, &total.usd), change(&changed, &previous));
        let unpriced = sum.unpriced.into();
        let cells = [sum.bytes.into(), gb(sum.bytes), sum.average(), usd, share, unpriced, previous, changed, change];
        cells.into_iter().zip(columns(shape)).filter(|(_, (asked, _))| *asked).map(|(cell, _)| cell)
    }
}

/// An amount, or nothing where bytes are unpriced and nothing else costs anything.
pub(super) fn known(amount: Cell, unpriced: u128) -> Cell {
    let is_zero = matches!(amount, Cell::Amount { amount: 0, .. });
    if unpriced > 0 && is_zero { Cell::Absent } else { amount }
}

/// Bytes as GB of bills.
pub(in crate::report) fn gb(bytes: u128) -> Cell {
    Cell::Decimal { units: bytes, per: GB_BYTES.into() }
}
