//! Reports: a [`Report`] has titled tables, notes, and the account of the input.
//!
//! A report is finished: nothing merges it any more. It says nothing of how it is shown; that is `view`'s.

pub mod advise;
mod amounts;
pub mod anomalies;
mod cells;
pub mod compare;
pub mod config;
pub mod cost;
pub mod coverage;
pub mod cube;
pub mod explain;
pub mod fields;
pub mod flows;
pub mod focus;
mod frame;
pub mod having;
pub mod inspect;
mod label;
mod matrix;
pub mod pivot;
pub mod plan;
pub mod prices;
pub mod question;
pub mod reconcile;
pub mod signals;
pub mod sql;
pub mod store;
pub mod top;
pub mod transfer;

use std::net::IpAddr;
use std::sync::Arc;

use crate::price::Uncharged;
use crate::schema::Column;
use crate::schema::output::{CellKind, Output};

/// An answered question.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The command that asked: `top`, `inspect`…
    pub name: String,
    /// The tables, the main one first.
    pub tables: Vec<Table>,
    /// The account of the input.
    pub meta: Meta,
}

/// A titled table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The stable name, `snake_case`: a member of the JSON output, a choice of `--table`.
    pub name: String,
    /// A one-line title.
    pub title: String,
    /// The columns, keys first.
    pub columns: Vec<Head>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Row>,
    /// The column totals, where meaningful; shown in display formats, omitted in data formats.
    pub total: Option<Row>,
    /// Columns that display formats leave out where they are zero throughout. In data formats the columns of a table
    /// depend on flags alone.
    pub hidden_if_zero: Vec<&'static str>,
    /// Whether display formats leave the whole table out where it has no rows.
    pub hidden_if_empty: bool,
}

impl Table {
    /// Makes days of the moments of columns that hold days.
    pub fn date(&mut self) {
        let is_date: Vec<bool> = self.columns.iter().map(|head| head.kind == CellKind::Date).collect();
        for row in self.rows.iter_mut().chain(&mut self.total) {
            row.iter_mut().zip(&is_date).filter(|(_, is_date)| **is_date).for_each(|(cell, _)| cell.date());
        }
    }

    /// Keeps the first rows and sums the rest as `(other)`, so that what is left adds up to the total; the rows of
    /// what has no charge stay. Tables without a total are cut.
    pub fn cut(&mut self, most: usize) {
        let is_uncharged =
            |row: &Row| Uncharged::ALL.iter().any(|uncharged| row.first() == Some(&uncharged.row().into()));
        let charged = self.rows.iter().rposition(|row| !is_uncharged(row)).map_or(0, |last| last + 1);
        let uncharged = self.rows.split_off(charged);
        let rest = self.rows.split_off(most.min(self.rows.len()));
        if self.total.is_some() && !rest.is_empty() {
            let sum =
                |place: usize| rest.iter().map(|row| row[place].clone()).reduce(Cell::and).unwrap_or(Cell::Absent);
            let mut other: Row = (0..self.columns.len()).map(sum).collect();
            if let Some(first) = other.first_mut() {
                *first = cost::OTHER.into();
            }
            self.rows.push(other);
        }
        self.rows.extend(uncharged);
    }
}

impl Cell {
    /// Makes a day of a moment.
    pub fn date(&mut self) {
        if let Self::Time(seconds) = self {
            *self = Self::Date(*seconds);
        }
    }

    /// The sum of two cells of a column; absent of what does not add up, such as names, rates and moments. An absent
    /// amount, as that of bytes without a price, adds nothing.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => Self::Integer(one + other),
            (Self::Amount { amount, cents }, Self::Amount { amount: more, cents: more_cents }) => {
                Self::Amount { amount: amount + more, cents: cents + more_cents }
            }
            (Self::Share { part, whole }, Self::Share { part: more, whole: same }) if whole == same => {
                Self::Share { part: part + more, whole }
            }
            (Self::Change { change, was }, Self::Change { change: more, was: more_was }) => {
                Self::Change { change: change + more, was: was + more_was }
            }
            (Self::Decimal { units, per }, Self::Decimal { units: more, per: same }) if per == same => {
                Self::Decimal { units: units + more, per }
            }
            (Self::Signed { units, per }, Self::Signed { units: more, per: same }) if per == same => {
                Self::Signed { units: units + more, per }
            }
            (Self::Absent, sum @ (Self::Amount { .. } | Self::Share { .. } | Self::Change { .. })) => sum,
            (sum @ (Self::Amount { .. } | Self::Share { .. } | Self::Change { .. }), Self::Absent) => sum,
            _ => Self::Absent,
        }
    }
}

/// A row of cells.
pub type Row = Vec<Cell>;

/// A column of a report's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The stable `snake_case` name.
    pub name: String,
    /// What its cells hold.
    pub kind: CellKind,
}

impl From<Output> for Head {
    fn from(output: Output) -> Self {
        Self { name: output.name.to_owned(), kind: output.kind }
    }
}

impl From<Column> for Head {
    fn from(column: Column) -> Self {
        Self { name: column.name().to_owned(), kind: CellKind::of(column) }
    }
}

/// A value in a table, exact: rounding is the views' work. The order is one to keep rows apart by, no more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Nothing: `-` in display formats, empty or null elsewhere.
    Absent,
    /// Text.
    Text(Arc<str>),
    /// An address.
    Address(IpAddr),
    /// An address prefix: its first address and its length in bits.
    Prefix(IpAddr, u8),
    /// A whole number: a count, bytes, a port.
    Integer(u128),
    /// Seconds since 1970, UTC.
    Time(u32),
    /// A calendar day, by its midnight as if it were UTC's.
    Date(u32),
    /// A part of a whole; of a whole of zero it is absent.
    Share {
        /// The part.
        part: u128,
        /// The whole.
        whole: u128,
    },
    /// Money, in 10⁻¹⁰ USD.
    Usd(u128),
    /// Additive money, also in displayed cents; negative for decreases.
    Amount {
        /// In 10⁻¹⁰ USD.
        amount: i128,
        /// The displayed amount, in cents.
        cents: i128,
    },
    /// A relative change; absent if the base is zero.
    Change {
        /// By how much.
        change: i128,
        /// From what.
        was: u128,
    },
    /// A decimal number that ends: `units / per`, where `per` has no prime factors but 2 and 5.
    Decimal {
        /// Its numerator.
        units: u128,
        /// Its denominator.
        per: u128,
    },
    /// The same with all its decimals in data formats, for numbers that others are multiplied with.
    Exact {
        /// Its numerator.
        units: u128,
        /// Its denominator.
        per: u128,
    },
    /// A decimal number that may be below zero.
    Signed {
        /// Its numerator.
        units: i128,
        /// Its denominator.
        per: u128,
    },
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u128> for Cell {
    fn from(number: u128) -> Self {
        Self::Integer(number)
    }
}

impl From<Arc<str>> for Cell {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

/// Absent if there is none.
impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, T::into)
    }
}

/// The account of the input.
#[derive(Clone, Debug, Default)]
pub struct Meta {
    /// The window, half-open, by a record's start; unbounded sides are none.
    pub window: (Option<u32>, Option<u32>),
    /// Objects read.
    pub objects: u64,
    /// Objects left out by their key before reading (another day, region, account).
    pub pruned_objects: u64,
    /// Bytes as stored.
    pub stored_bytes: u64,
    /// Bytes of sums that went through a temporary file, for want of memory. How a report came about is no part of it.
    pub spilled_bytes: u64,
    /// Every class of records, in the order of the account, with records and bytes.
    pub account: Vec<AccountLine>,
    /// What the reader must know to read the figures right.
    pub notes: Vec<String>,
    /// What went wrong without stopping the run: bad objects and lines.
    pub warnings: Vec<String>,
    /// Whether some input could not be read, so that the run ends with exit code 3.
    pub incomplete: bool,
}

impl Meta {
    /// Takes what a judgement could not look at: a report that is silent about it would read as an all-clear.
    pub fn not_judged(&mut self, sentence: Option<String>) {
        self.incomplete |= sentence.is_some();
        self.warnings.extend(sentence);
    }
}

/// A line of the coverage account: records and bytes that ended in one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLine {
    /// `counted`, `rejected`, `malformed`…
    pub class: &'static str,
    /// Records in it.
    pub records: u64,
    /// Their bytes, where present.
    pub bytes: u128,
}
