//! Two periods compared: what each key costs in both, and what the change is made of, as tables.
//!
//! Nothing is compared here; that is [`crate::reason::compare`]. Every column adds up to its total. Nothing is scaled:
//! where periods differ in length, so do their sums, and a note says so.

mod attribution;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use super::amounts::{change, plain};
use super::cost::{OTHER, add_unpriced};
use super::cube::{CHARGES, CUBE, CubePlan};
use super::frame::rows;
use super::having::{Having, Shown};
use super::question::{Frames, Need, Question};
use super::{Cell, Head, Report, Row, Table};
use crate::error::Error;
use crate::group::Key;
use crate::price::bill::{self, Bill, Periods};
use crate::price::{PoolTerms, PriceTable, Tiers};
use crate::reason::compare::leaves::{Leaves, LeavesBuilder};
use crate::reason::compare::{Amount, CHARGE_NAME, Comparison, Line, signed};
use crate::reason::coverage::Coverage;
use crate::reason::cube::{CubeKeys, DIMENSIONS, Dimension};
use crate::schema::{Column, output};
use crate::units::human;
use crate::units::time::Window;

/// What the rows are ordered by; equal ones by key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompareOrder {
    /// Largest absolute change in dollars first.
    #[default]
    Change,
    /// Most expensive first.
    Usd,
    /// By key alone, ascending.
    Key,
}

/// Which rows and columns.
#[derive(Clone, Debug, Default)]
pub struct CompareShape {
    /// The columns of the keys.
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
    pub order: CompareOrder,
    /// The period before and the one requested.
    pub windows: [Window; 2],
    /// Which rows are shown; the others are part of `(other)`.
    pub having: Option<Having>,
}

/// What changed between two periods, by these keys and at these prices.
#[derive(Debug)]
pub struct CompareQuestion {
    /// The keys of the rows.
    pub keys: Vec<Key>,
    /// Keys of the attribution; its further keys are those of the rows.
    pub cube: CubePlan,
    /// The prices.
    pub prices: PriceTable,
    /// What else decides the cost.
    pub terms: PoolTerms,
    /// The periods, and what the answer looks like.
    pub shape: CompareShape,
    /// Things to know of how the question was understood.
    pub notes: Vec<String>,
    /// When the logs are read.
    pub now: u32,
}

impl Question for CompareQuestion {
    type Answer = Report;

    fn survey(&self) -> Vec<Need> {
        CubePlan::survey()
    }

    fn surveyed(&mut self, frames: Frames) -> Result<(), Error> {
        self.cube.surveyed(frames)
    }

    fn plan(&self) -> Vec<Need> {
        let mut cube = self.cube.need();
        (cube.wanted.traffic, cube.wanted.rejected) = (false, false);
        vec![Need::charges(CHARGES, &self.keys, true), cube]
    }

    fn judges(&self) -> bool {
        true
    }

    fn answer(self, mut frames: Frames) -> Result<Report, Error> {
        let [previous, current] = self.shape.windows;
        let periods = Periods { current, previous: Some(previous) };
        let charges = periods.mark(&frames.take(CHARGES)?)?;
        let charges = bill::by_price(&charges, &self.shape.keys, self.terms.tiers == Tiers::Marginal)?;
        let window = (current.from, current.to);
        let bill = Bill::of(&charges, &self.shape.keys, window, (&self.prices, self.terms))?;
        let gathering = LeavesBuilder::new(self.cube.keys.clone(), periods);
        frames.each(CUBE, |shard| gathering.add(shard))?;
        let dimensions = dimensions(&self.cube.keys, &self.shape.key_heads);
        let leaves = gathering.finish(&dimensions.iter().map(|(_, place)| *place).collect::<Vec<_>>());
        let names: Vec<String> = dimensions.into_iter().map(|(name, _)| name).collect();
        let mut report = report(&leaves, &bill, &self.shape, &names)?;
        for (window, what) in self.shape.windows.iter().zip(["the previous period", "the current period"]) {
            let coverage = Coverage::of_logged(window, self.now, &frames.logged);
            report.meta.not_judged(coverage.sentence(what));
        }
        report.meta.notes.extend(self.notes.into_iter().chain(self.cube.note));
        Ok(report)
    }
}

/// Keys of the attribution with their positions in a leaf of the cube: the keys of the rows, then other dimensions with
/// values.
fn dimensions(cube: &CubeKeys, key_heads: &[Head]) -> Vec<(String, usize)> {
    let is_told = |dimension: &Dimension| match dimension {
        Dimension::Team => cube.team.is_some(),
        Dimension::Service => cube.service.is_some(),
        _ => true,
    };
    let is_key = |dimension: &Dimension| key_heads.iter().any(|head| head.name == dimension.name());
    let keys = key_heads.iter().map(|head| head.name.clone()).zip(DIMENSIONS..);
    let others = Dimension::ALL.into_iter().filter(|dimension| is_told(dimension) && !is_key(dimension));
    keys.chain(others.map(|dimension| (dimension.name().to_owned(), dimension as usize))).collect()
}

/// The report: the tables `compare`, `waterfall` and `causes`, and what has no price. `dimensions` are the names of a
/// leaf's elements.
///
/// # Errors
/// If the bill cannot be summed.
fn report(leaves: &Leaves, bill: &Bill, shape: &CompareShape, dimensions: &[String]) -> Result<Report, Error> {
    let Comparison { keys, lines, due } = Comparison::of(leaves, bill, &shape.keys, shape.by_charge, shape.free)?;
    let charge = shape.has_charge_column().then_some(CHARGE_NAME);
    let keys = rows(&keys, shape.keys.iter().map(String::as_str).chain(charge))?;
    let mut lines: Vec<(Row, Line)> = keys.into_iter().zip(lines).collect();
    sort(&mut lines, shape.order);
    let mut report = Report { name: "compare".to_owned(), ..Report::default() };
    report.meta.window = bill.window;
    report.meta.notes = window_notes(leaves, shape);
    report.meta.notes.extend(bill::notes(bill)?);
    report.meta.warnings.clone_from(&bill.warnings);
    let waterfall = waterfall(&lines);
    let (compare, note) = compare(lines, shape)?;
    report.meta.notes.extend(note);
    report.tables = vec![compare, waterfall, attribution::table(&due, dimensions)];
    add_unpriced(&mut report, bill, &bill.lines)?;
    Ok(report)
}

impl CompareShape {
    /// The columns of the rows.
    #[must_use]
    pub fn heads(&self) -> Vec<Head> {
        let charge = self.has_charge_column().then(|| output::CHARGE.into());
        self.key_heads.iter().cloned().chain(charge).chain(COLUMNS.map(Head::from)).collect()
    }

    /// Whether the charge is an additional key.
    fn has_charge_column(&self) -> bool {
        self.by_charge && !self.keys.iter().any(|key| key == Column::Charge.name())
    }

    /// Number of key columns.
    fn width(&self) -> usize {
        self.keys.len() + usize::from(self.has_charge_column())
    }
}

/// The order is stable, so equal ones stay in that of their keys; what has no charge stays last.
fn sort(lines: &mut [(Row, Line)], order: CompareOrder) {
    match order {
        CompareOrder::Change => lines.sort_by_key(|(_, line)| {
            let [before, now] = &line.sides;
            (line.uncharged, Reverse((line.change().exact.unsigned_abs(), before.bytes.abs_diff(now.bytes))))
        }),
        CompareOrder::Usd => {
            lines.sort_by_key(|(_, line)| (line.uncharged, Reverse([line.usd[1].exact, line.usd[0].exact])));
        }
        CompareOrder::Key => {}
    }
}

/// What a reader must know of the periods.
fn window_notes(leaves: &Leaves, shape: &CompareShape) -> Vec<String> {
    let [before, _] = shape.windows;
    let mut notes = vec![format!("compared with {before}")];
    let seconds = shape.windows.map(|window| window.to.unwrap_or(0).saturating_sub(window.from.unwrap_or(0)));
    let hours = seconds.map(|seconds| u64::from(seconds / 3600));
    if hours[0] != hours[1] {
        let [before, now] = hours.map(|hours| human::counted(hours, "hour"));
        notes.push(format!(
            "the previous period has {before}, the current one {now}: totals are compared without scaling"
        ));
    }
    for ((name, there), of) in ["previous", "current"].into_iter().zip(leaves.hours).zip(hours) {
        if there == 0 {
            notes.push(format!("the {name} period has no counted records: the whole other period is shown as change"));
        } else if there < of {
            let of = human::counted(of, "hour");
            notes
                .push(format!("the {name} period has counted records in {there} of {of}: its totals cover only these"));
        }
    }
    notes
}

/// The table of rows, and a note if some do not match.
fn compare(mut lines: Vec<(Row, Line)>, shape: &CompareShape) -> Result<(Table, Option<String>), Error> {
    let sum = |lines: &[(Row, Line)]| Line::sum(lines.iter().map(|(_, line)| line));
    let row = |keys: &[Cell], line: &Line, status: Cell| -> Row {
        keys.iter().cloned().chain([status]).chain(cells(line)).collect()
    };
    let rows = |lines: &[(Row, Line)]| -> Vec<Row> {
        lines.iter().map(|(keys, line)| row(keys, line, line.status().into())).collect()
    };
    let total = sum(&lines);
    let uncharged = lines.split_off(lines.partition_point(|(_, line)| line.uncharged.is_none()));
    let shown = Shown::of(shape.having.as_ref(), (lines.len(), shape.rows), || Ok(rows(&lines)))?;
    let (lines, others) = shown.split(lines);
    let mut table = plain("compare", "What changed");
    table.columns = shape.heads();
    table.rows = rows(&lines);
    table.rows.extend((!others.is_empty()).then(|| row(&named(OTHER, shape), &sum(&others), Cell::Absent)));
    table.rows.extend(
        uncharged
            .iter()
            .filter_map(|(_, line)| Some(row(&named(line.uncharged?.row(), shape), line, line.status().into()))),
    );
    table.total = Some(row(&vec![Cell::Absent; shape.width()], &total, Cell::Absent));
    Ok((table, shown.note))
}

/// The columns after the keys.
const COLUMNS: [output::Output; 13] = [
    output::STATUS,
    output::PREVIOUS_BYTES,
    output::BYTES,
    output::BYTES_CHANGE_RATIO,
    output::PREVIOUS_USD,
    output::USD,
    output::CHANGE_USD,
    output::CHANGE_RATIO,
    output::NEW_USD,
    output::GONE_USD,
    output::VOLUME_USD,
    output::PRICE_USD,
    output::PATH_USD,
];

/// The cells of a line after its keys.
fn cells(line: &Line) -> Row {
    let [before, now] = &line.sides;
    let is_unknown = |side: usize| line.sides[side].unpriced > 0 && line.usd[side].exact == 0;
    let usd = |side: usize| if is_unknown(side) { Cell::Absent } else { cell(line.usd[side]) };
    let grown = Cell::Change { change: signed(now.bytes) - signed(before.bytes), was: before.bytes };
    let changed = cell(line.change());
    let rate = change(&changed, &usd(0));
    let measures = [before.bytes.into(), now.bytes.into(), grown, usd(0), usd(1), changed, rate];
    measures.into_iter().chain(line.parts.map(cell)).collect()
}

fn cell(amount: Amount) -> Cell {
    Cell::Amount { amount: amount.exact, cents: amount.cents }
}

/// Waterfall, a step for each part.
fn waterfall(lines: &[(Row, Line)]) -> Table {
    let total = Line::sum(lines.iter().map(|(_, line)| line));
    let [new, gone, _, price, path] = total.parts;
    let volume = |is_more: bool| {
        let parts = lines.iter().map(|(_, line)| line.parts[2]);
        parts.filter(|part| (part.exact > 0) == is_more).fold(Amount::default(), |mut sum, part| {
            sum.add(part);
            sum
        })
    };
    let steps = [
        ("new", new),
        ("gone", gone),
        ("grew", volume(true)),
        ("shrank", volume(false)),
        ("price", price),
        ("path", path),
    ];
    let mut after = total.usd[0];
    let mut table = plain("waterfall", "Waterfall");
    table.columns = [output::STEP, output::USD, output::RUNNING_TOTAL_USD].map(Head::from).into();
    table.rows.push(vec!["before".into(), cell(after), cell(after)]);
    for (step, amount) in steps {
        after.add(amount);
        table.rows.push(vec![step.into(), cell(amount), cell(after)]);
    }
    table.rows.push(vec!["now".into(), cell(total.usd[1]), cell(total.usd[1])]);
    table
}

/// A name in the first of the keys' columns.
fn named(name: &str, shape: &CompareShape) -> Row {
    let mut keys = vec![Cell::Absent; shape.width()];
    if let Some(first) = keys.first_mut() {
        *first = name.into();
    }
    keys
}
