//! Cost, by owner and charge: bytes, dollars, shares, and what they were before.
//!
//! Every column of money adds up to its total, in ten decimals and in displayed cents. Unpriced bytes are excluded from
//! totals and never shown as zero dollars: they have their own column and table.

pub mod split;
mod sum;

use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, NULL, SortMultipleOptions, col, lit};

use self::split::Splits;
use self::sum::{Measured, PREVIOUS, Sum, known};
use super::amounts::{amounts, plain, share};
use super::explain;
use super::focus::{self, FocusShape};
use super::frame::rows;
use super::having::{Having, Shown};
use super::question::{Frames, Need, Question};
use super::{Cell, Head, Report, Row, Table};
use crate::error::Error;
use crate::group::Key;
use crate::price::bill::{Bill, Periods, UNKNOWN, line, notes};
use crate::price::{PoolTerms, PriceTable, Tiers, Uncharged, named_charge, unpriced_notes};
use crate::reason::coverage::Coverage;
use crate::schema::charge::unruled;
use crate::schema::frame::{int, moment, texts};
use crate::schema::{Column, output};
use crate::units::human::counted;
use crate::units::time::Window;

/// True of all rows: polars cannot group by one `Int128` column alone.
const ALL: &str = "all";
/// The frame of charges.
const CHARGES: &str = "charges";
/// Why charged bytes are unpriced.
const NO_PRICE: &str = "no price";
/// The row of the remaining keys.
pub(super) const OTHER: &str = "(other)";

/// What the rows are ordered by; equal ones by key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CostOrder {
    /// Most expensive first.
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
    /// The columns of the keys, as the table shows them.
    pub key_heads: Vec<Head>,
    /// The same columns, as the frames name them.
    pub keys: Vec<String>,
    /// Whether each charge has a row of its own.
    pub by_charge: bool,
    /// Whether what is free is in rows of its keys and reasons, and not all in one.
    pub free: bool,
    /// The number of rows; all where there is none.
    pub rows: Option<usize>,
    /// Their order.
    pub order: CostOrder,
    /// Whether the previous period is shown.
    pub compare: bool,
    /// Which rows are shown; the others are part of `(other)`.
    pub having: Option<Having>,
}

/// What the answer looks like.
#[derive(Debug)]
pub enum Billed {
    /// The report of cost.
    Cost(CostShape),
    /// Rows of FOCUS.
    Focus(FocusShape),
}

/// Cost, by these keys and at these prices.
#[derive(Debug)]
pub struct CostQuestion {
    /// The keys.
    pub keys: Vec<Key>,
    /// The current window, half-open; unbounded sides are none.
    pub window: (Option<u32>, Option<u32>),
    /// Where the period requested begins, if the one before it is read too.
    pub current_from: Option<u32>,
    /// That period.
    pub previous: Option<Window>,
    /// When the logs are read.
    pub now: u32,
    /// The prices.
    pub prices: PriceTable,
    /// What else decides the cost.
    pub terms: PoolTerms,
    /// What the answer looks like.
    pub billed: Billed,
    /// Things to know of how the question was understood.
    pub notes: Vec<String>,
    /// Whether to explain each row by its rules, and by the rates.
    pub explain: bool,
    /// Owners whose cost is split over the others.
    pub splits: Option<Splits>,
}

impl Question for CostQuestion {
    type Answer = Report;

    fn plan(&self) -> Vec<Need> {
        let is_hourly = self.terms.tiers == Tiers::Marginal || self.current_from.is_some();
        let charges = Need::charges(CHARGES, &self.keys, is_hourly);
        let rules = self.explain.then(|| explain::charges_need(&self.keys, self.current_from.is_some()));
        std::iter::once(charges).chain(rules).chain(self.splits.as_ref().map(Splits::need)).collect()
    }

    fn answer(self, mut frames: Frames) -> Result<Report, Error> {
        let keys: Vec<String> = self.keys.iter().map(Key::name).collect();
        let charges = Periods::before(self.current_from).mark(&frames.take(CHARGES)?)?;
        let bill = Bill::of(&charges, &keys, self.window, (&self.prices, self.terms))?;
        let mut report = match &self.billed {
            Billed::Cost(shape) => report(&bill, shape)?,
            Billed::Focus(shape) => focus::report(&bill, shape)?,
        };
        if let (Billed::Cost(shape), true) = (&self.billed, self.explain) {
            let rules = rules(frames.take(explain::RULES)?, self.current_from, shape)?;
            let (ranked, shown) = ranked_and_shown(&bill, shape)?;
            let shown = ranked.filter(&shown.mask())?;
            let explained = explain::table(rules, &shown, &shape.columns().collect::<Vec<_>>(), &report.tables[0])?;
            report.tables.extend([explained, explain::rates(&bill)?]);
        }
        if let Some(splits) = &self.splits {
            splits.add(&mut report, &bill, &mut frames)?;
        }
        report.meta.notes.extend(self.notes);
        if let Some(previous) = self.previous {
            let current = Window { from: self.window.0, to: self.window.1 };
            let of = |window: Window| Coverage::of_logged(&window, self.now, &frames.logged);
            report.meta.notes.extend(unequal(&[previous, current], &[of(previous), of(current)]));
        }
        Ok(report)
    }
}

/// What is said of periods that differ in length, or in how much of them the logs have.
fn unequal(windows: &[Window; 2], coverage: &[Coverage; 2]) -> Option<String> {
    let hours = |window: Window| u64::from(window.to.unwrap_or(0).saturating_sub(window.from.unwrap_or(0)) / 3600);
    let covered = |coverage: Coverage| coverage.expected - coverage.missing;
    let (hours, covered) = (windows.map(hours), coverage.map(covered));
    let span = |hours: u64| if hours.is_multiple_of(24) { counted(hours / 24, "day") } else { counted(hours, "hour") };
    let there = |place: usize| match covered[place] {
        there if there == hours[place] => span(hours[place]),
        there => format!("{} ({} of them in the logs)", span(hours[place]), span(there)),
    };
    ((hours[0], covered[0]) != (hours[1], covered[1])).then(|| {
        let (previous, current) = (there(0), there(1));
        format!("the previous period has {previous}, the current one {current}: totals are compared without scaling")
    })
}

/// The report: the table `cost`, and beside it who pays, what is assumed, and what has no price.
///
/// # Errors
/// If the bill has not the columns of the shape.
pub fn report(bill: &Bill, shape: &CostShape) -> Result<Report, Error> {
    let mut report = Report { name: "cost".to_owned(), ..Report::default() };
    report.meta.window = bill.window;
    report.meta.notes = notes(bill)?;
    report.meta.warnings.clone_from(&bill.warnings);
    let (cost, note) = cost(bill, shape)?;
    report.meta.notes.extend(note);
    report.tables = vec![cost, payers(bill)?, assumptions(bill)?];
    add_unpriced(&mut report, bill, &bill.current()?)?;
    Ok(report)
}

/// Adds the table of what has no price, and notes on these lines if anything has none.
pub(super) fn add_unpriced(report: &mut Report, bill: &Bill, lines: &DataFrame) -> Result<(), Error> {
    report.meta.notes.extend(unpriced_notes(lines)?);
    report.tables.push(Table { hidden_if_empty: true, ..unpriced(bill)? });
    Ok(())
}

/// The sum of a column.
pub(super) fn total(frame: &DataFrame, name: &str) -> Result<u128, Error> {
    Ok(int(frame, name)?.iter().flatten().map(|value| u128::try_from(value).unwrap_or(0)).sum())
}

/// The main table, and a note if rows do not match.
fn cost(bill: &Bill, shape: &CostShape) -> Result<(Table, Option<String>), Error> {
    let (ranked, shown) = ranked_and_shown(bill, shape)?;
    let mut sums = Sum::of(&ranked)?;
    let uncharged = if shape.free { Vec::new() } else { Uncharged::ALL.to_vec() };
    for uncharged in &uncharged {
        let lines = bill.lines.clone().lazy().filter(uncharged.is());
        sums.push(Sum::of(&lines.select(Sum::columns()).collect()?)?.into_iter().next().unwrap_or_default());
    }
    // All rows are rounded together, so that none depends on how many are shown.
    let mut measured = Measured::of(&sums);
    let total = Measured::sum(&measured);
    let rest = measured.split_off(ranked.height());
    let rows = rows(&ranked, shape.columns())?.into_iter().zip(measured).collect();
    let (mut rows, others): (Vec<(Row, Measured)>, _) = shown.split(rows);
    if !others.is_empty() {
        rows.push((named(OTHER, shape), Measured::sum(others.iter().map(|(_, other)| other))));
    }
    let is_shown = |row: &Measured| row.sum.bytes > 0 || shape.compare && row.sum.previous_bytes > 0;
    let rest = uncharged.into_iter().zip(rest).filter(|(_, row)| is_shown(row));
    rows.extend(rest.map(|(uncharged, row)| (named(uncharged.row(), shape), row)));
    let mut table = plain("cost", "Cost");
    table.columns = shape.heads();
    let row = |keys: Row, measured: &Measured| keys.into_iter().chain(measured.cells(&total, shape)).collect();
    table.rows = rows.into_iter().map(|(keys, measured)| row(keys, &measured)).collect();
    table.total = Some(row(vec![Cell::Absent; shape.columns().count()], &total));
    table.hidden_if_zero = vec![output::UNPRICED_BYTES.name];
    Ok((table, shown.note))
}

/// Every row except the free one, in order, and which of them are shown.
fn ranked_and_shown(bill: &Bill, shape: &CostShape) -> Result<(DataFrame, Shown), Error> {
    let ranked = ranked(bill, shape)?;
    let cells = || {
        let measured = Measured::of(&Sum::of(&ranked)?);
        let total = Measured::sum(&measured);
        let rows = rows(&ranked, shape.columns())?.into_iter().zip(measured);
        Ok(rows.map(|(keys, measured)| keys.into_iter().chain(measured.cells(&total, shape)).collect()).collect())
    };
    let shown = Shown::of(shape.having.as_ref(), (ranked.height(), shape.rows), cells)?;
    Ok((ranked, shown))
}

impl CostShape {
    /// The columns of the rows.
    #[must_use]
    pub fn heads(&self) -> Vec<Head> {
        let charge = self.has_charge_column().then(|| output::CHARGE.into());
        let asked = columns(self).into_iter().filter(|(asked, _)| *asked).map(|(_, head)| head);
        self.key_heads.iter().cloned().chain(charge).chain(asked).collect()
    }

    /// Whether the charge is an additional key.
    fn has_charge_column(&self) -> bool {
        self.by_charge && !self.keys.iter().any(|key| key == Column::Charge.name())
    }

    /// The key columns of the frame.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let charge = self.has_charge_column().then_some(Column::Charge.name());
        self.keys.iter().map(String::as_str).chain(charge)
    }
}

/// Every row except the free one, in order.
fn ranked(bill: &Bill, shape: &CostShape) -> Result<DataFrame, Error> {
    let charge = Column::Charge.name();
    let is_charged = col(charge).is_not_null();
    let asked = if shape.free { lit(true) } else { is_charged };
    let asked = if shape.compare { asked } else { asked.and(col(line::IS_PREVIOUS).not()) };
    let keys: Vec<Expr> = shape.columns().map(col).collect();
    let (by, are_descending) = match shape.order {
        CostOrder::Usd => (vec![col(line::COST), col(PREVIOUS[2].1), col(output::BYTES.name)], true),
        CostOrder::Bytes => (vec![col(output::BYTES.name), col(PREVIOUS[0].1)], true),
        CostOrder::Key => (Vec::new(), false),
    };
    let descending = by.iter().map(|_| are_descending).chain(keys.iter().map(|_| false)).collect::<Vec<_>>();
    let options = SortMultipleOptions::default().with_order_descending_multi(descending);
    let lines = bill.lines.clone().lazy().filter(asked).with_column(named_charge().alias(Column::Charge.name()));
    let sums = if keys.is_empty() {
        lines.select(Sum::columns())
    } else {
        lines.with_column(lit(true).alias(ALL)).group_by([keys.clone(), vec![col(ALL)]].concat()).agg(Sum::columns())
    };
    Ok(sums.sort_by_exprs([by, keys].concat(), options).collect()?)
}

/// The rules of the current period, with the charge as shown in the table and the row of free traffic.
fn rules(rules: DataFrame, current_from: Option<u32>, shape: &CostShape) -> Result<DataFrame, Error> {
    let charge = Column::Charge.name();
    let is_current = current_from.map_or(lit(true), |from| col(Column::Hour.name()).gt_eq(moment(from)));
    let row = if shape.free { lit(NULL).cast(DataType::String) } else { Uncharged::rows() };
    let path = col(Column::Path.name()).fill_null(lit(UNKNOWN)).alias(line::REASON);
    let rules = rules.lazy().filter(is_current).with_column(path).with_column(row.alias(explain::ROW));
    Ok(rules.with_column(named_charge().alias(charge)).collect()?)
}

/// A name in the first of the keys' columns.
pub(super) fn named(name: &str, shape: &CostShape) -> Row {
    let mut keys = vec![Cell::Absent; shape.columns().count()];
    if let Some(first) = keys.first_mut() {
        *first = name.into();
    }
    keys
}

/// The columns after the keys, and whether each is requested.
fn columns(shape: &CostShape) -> [(bool, Head); 9] {
    let columns = [
        (true, output::BYTES),
        (true, output::GB),
        (true, output::EFFECTIVE_USD_PER_GB),
        (true, output::USD),
        (true, output::SHARE),
        (true, output::UNPRICED_BYTES),
        (shape.compare, output::PREVIOUS_USD),
        (shape.compare, output::CHANGE_USD),
        (shape.compare, output::CHANGE_RATIO),
    ];
    columns.map(|(asked, column)| (asked, column.into()))
}

/// Sums of the period's charged lines by some of their columns, sorted by these; charges in schema order.
fn sums<const N: usize>(bill: &Bill, by: [&str; N]) -> Result<(DataFrame, Vec<Sum>), Error> {
    let order = |name: &str| if name == Column::Charge.name() { col(line::CHARGE_PLACE) } else { col(name) };
    let lines = bill.current()?.lazy().filter(col(Column::Charge.name()).is_not_null());
    let keys = [&by[..], &[line::CHARGE_PLACE]].concat();
    let sums = lines.group_by(keys.into_iter().map(col).collect::<Vec<_>>()).agg(Sum::columns());
    let sums = sums.sort_by_exprs(by.map(order), SortMultipleOptions::default()).collect()?;
    let rows = Sum::of(&sums)?;
    Ok((sums, rows))
}

/// Which account is charged how much.
fn payers(bill: &Bill) -> Result<Table, Error> {
    let by = [Column::PayerAccount.name(), Column::Charge.name()];
    let (frame, sums) = sums(bill, by)?;
    let (usd, total) = amounts(&sums.iter().map(|sum| sum.usd).collect::<Vec<_>>());
    let mut table = plain("payers", "Cost by payer account");
    table.columns =
        [output::PAYER_ACCOUNT, output::CHARGE, output::BYTES, output::USD, output::SHARE].map(Head::from).into();
    let whole = sums.iter().fold(Sum::default(), Sum::and);
    let total = known(total, whole.unpriced);
    let row = |((mut row, sum), usd): ((Row, Sum), Cell)| -> Row {
        let usd = known(usd, sum.unpriced);
        let share = share(&usd, &total);
        row.extend([sum.bytes.into(), usd, share]);
        row
    };
    table.rows = rows(&frame, by)?.into_iter().zip(sums).zip(usd).map(row).collect();
    table.total = Some(vec![Cell::Absent, Cell::Absent, whole.bytes.into(), total.clone(), share(&total, &total)]);
    Ok(table)
}

/// How much of each charge rests on which assumption; what rests on none has no name.
pub(super) fn assumptions(bill: &Bill) -> Result<Table, Error> {
    let by = [Column::Assumed.name(), Column::Charge.name()];
    let (frame, sums) = sums(bill, by)?;
    let assumed = rows(&frame, by)?.into_iter().zip(sums).filter(|(row, _)| row[0] != Cell::Absent);
    let (keys, sums): (Vec<Row>, Vec<Sum>) = assumed.unzip();
    let (usd, total) = amounts(&sums.iter().map(|sum| sum.usd).collect::<Vec<_>>());
    let mut table = Table { hidden_if_empty: true, ..plain("assumptions", "Assumptions") };
    table.columns = [output::ASSUMPTION, output::CHARGE, output::BYTES, output::USD].map(Head::from).into();
    let whole = sums.iter().fold(Sum::default(), Sum::and);
    let total = known(total, whole.unpriced);
    let row = |((mut row, sum), usd): ((Row, Sum), Cell)| -> Row {
        row.extend([sum.bytes.into(), known(usd, sum.unpriced)]);
        row
    };
    table.rows = keys.into_iter().zip(sums).zip(usd).map(row).collect();
    table.total = Some(vec![Cell::Absent, Cell::Absent, whole.bytes.into(), total]);
    Ok(table)
}

/// What has no price, why, and how many bytes that is: charges without a price, and paths without a rule.
fn unpriced(bill: &Bill) -> Result<Table, Error> {
    let by = [Column::Charge, Column::FromRegion, Column::ToRegion].map(Column::name);
    let keys = [by[0], by[1], by[2], line::REASON];
    let lines = bill.current()?.lazy().filter(col(output::UNPRICED_BYTES.name).gt(lit(0)));
    let lines = lines.group_by([&[line::CHARGE_PLACE], &keys[..]].concat().into_iter().map(col).collect::<Vec<_>>());
    let order = [line::CHARGE_PLACE, keys[1], keys[2], keys[3]].map(col);
    let options = SortMultipleOptions::default().with_nulls_last(true);
    let frame = lines.agg([col(output::UNPRICED_BYTES.name).sum()]).sort_by_exprs(order, options).collect()?;
    let mut table = plain("unpriced", "Unpriced");
    table.columns =
        [output::CHARGE, output::FROM, output::TO, output::REASON, output::UNPRICED_BYTES].map(Head::from).into();
    let bytes = int(&frame, output::UNPRICED_BYTES.name)?;
    let row = |((row, path), bytes): ((Row, Option<&str>), Option<i128>)| -> Row {
        // Only bytes without a charge have a path here, and they have no sides.
        let row = if path.is_some() { vec![Cell::Absent; by.len()] } else { row };
        let reason = path.map_or(NO_PRICE, |path| unruled(path).unwrap_or(path));
        let bytes = u128::try_from(bytes.unwrap_or(0)).unwrap_or(0);
        row.into_iter().chain([reason.into(), bytes.into()]).collect()
    };
    table.rows = rows(&frame, by)?.into_iter().zip(texts(&frame, line::REASON)?).zip(bytes.iter()).map(row).collect();
    Ok(table)
}

#[cfg(test)]
mod tests;
