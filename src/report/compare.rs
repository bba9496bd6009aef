//! Two periods compared: what each key costs in both, and what the change is made of, as tables.
//!
//! Nothing is compared here; that is [`crate::reason::compare`]. Every column adds up to its total. Nothing is scaled:
//! where periods differ in length, so do their sums, and a note says so.

mod attribution;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use super::amounts::{change, plain};
use super::cost::{FREE, OTHER, unknown_notes, unpriced};
use super::{Cell, Head, Report, Row, Table};
use crate::error::Error;
use crate::price::bill::{self, unpriced_note};
use crate::price::charged::Bill;
use crate::reason::compare::gathered::Gathered;
use crate::reason::compare::{Amount, Comparison, Line, signed};
use crate::schema::output;
use crate::units::human;
use crate::units::time::Window;

/// What the rows are ordered by; equal ones by key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompareOrder {
    /// Those whose dollars changed most first, whichever way.
    #[default]
    Change,
    /// The dearest now first.
    Usd,
    /// By key alone, ascending.
    Key,
}

/// Which rows and columns.
#[derive(Clone, Debug, Default)]
pub struct CompareShape {
    /// The columns of the keys.
    pub key_heads: Vec<Head>,
    /// The names of what causes are told by, but for the details: the keys, and owners.
    pub dimensions: Vec<String>,
    /// Whether each charge has a row of its own.
    pub by_charge: bool,
    /// Whether what is free is in rows of its keys and reasons, and not all in one.
    pub free: bool,
    /// The number of rows; all where there is none.
    pub rows: Option<usize>,
    /// Their order.
    pub order: CompareOrder,
    /// The period before and the one asked for.
    pub windows: [Window; 2],
}

/// The report: the tables `compare`, `waterfall` and `causes`, and what has no price.
///
/// # Errors
/// If the bill cannot be summed.
pub fn report(gathered: &Gathered, bill: &Bill, shape: &CompareShape) -> Result<Report, Error> {
    let Comparison { mut lines, due } = Comparison::of(gathered, bill, shape.by_charge, shape.free);
    sort(&mut lines, shape.order);
    let mut report = Report { name: "compare".to_owned(), ..Report::default() };
    report.meta.window = bill.window;
    report.meta.notes = window_notes(gathered, shape);
    report.meta.notes.extend(bill::notes(&bill.frame)?);
    report.meta.notes.extend(unknown_notes(&bill.frame)?);
    let waterfall = waterfall(&lines);
    report.tables = vec![compare(lines, shape), waterfall, attribution::table(&due, shape)];
    let unpriced_bytes: u128 = bill.lines.iter().map(|line| u128::from(line.priced.unpriced_bytes)).sum();
    if unpriced_bytes > 0 {
        report.meta.notes.push(unpriced_note(unpriced_bytes));
        report.tables.push(unpriced(&bill.frame)?);
    }
    Ok(report)
}

/// The order is stable, so equal ones stay in that of their keys; what is free stays last.
fn sort(lines: &mut [Line], order: CompareOrder) {
    match order {
        CompareOrder::Change => lines.sort_by_key(|line| {
            let [before, now] = &line.sides;
            (line.is_free, Reverse((line.change().exact.unsigned_abs(), before.bytes.abs_diff(now.bytes))))
        }),
        CompareOrder::Usd => lines.sort_by_key(|line| (line.is_free, Reverse([line.usd[1].exact, line.usd[0].exact]))),
        CompareOrder::Key => {}
    }
}

/// What a reader must know of the periods.
fn window_notes(gathered: &Gathered, shape: &CompareShape) -> Vec<String> {
    let [before, _] = shape.windows;
    let mut notes = vec![format!("compared with {before}")];
    let seconds = shape.windows.map(|window| window.to.unwrap_or(0).saturating_sub(window.from.unwrap_or(0)));
    let hours = seconds.map(|seconds| u64::from(seconds / 3600));
    if hours[0] != hours[1] {
        let [before, now] = hours.map(|hours| human::counted(hours, "hour"));
        notes.push(format!(
            "the period before has {before}, the other {now}: sums are compared as they are, not scaled"
        ));
    }
    for ((name, there), of) in ["before", "asked for"].into_iter().zip(gathered.hours).zip(hours) {
        if there == 0 {
            notes.push(format!("no record of the period {name} counts: all of the other period stands as a change"));
        } else if there < of {
            let of = human::counted(of, "hour");
            notes.push(format!("of {of} of the period {name}, {there} have records that count: its sums are of these"));
        }
    }
    notes
}

/// The table of rows.
fn compare(mut lines: Vec<Line>, shape: &CompareShape) -> Table {
    let total = Line::sum(&lines);
    let free = lines.pop_if(|line| line.is_free);
    let other = shape.rows.filter(|most| *most < lines.len()).map(|most| {
        let rest = lines.split_off(most);
        Line::sum(&rest)
    });
    let mut table = plain("compare", "What changed");
    table.columns = shape.key_heads.clone();
    table.columns.extend(shape.by_charge.then(|| output::CHARGE.into()));
    table.columns.extend(COLUMNS.map(Head::from));
    let row =
        |keys: Row, line: &Line, status: Cell| -> Row { keys.into_iter().chain([status]).chain(cells(line)).collect() };
    let told = |line: &Line| row(line.keys.iter().map(Cell::from).collect(), line, line.status().into());
    table.rows = lines.iter().map(told).collect();
    table.rows.extend(other.map(|other| row(named(OTHER, shape), &other, Cell::Absent)));
    table.rows.extend(free.map(|free| row(named(FREE, shape), &free, free.status().into())));
    let width = shape.key_heads.len() + usize::from(shape.by_charge);
    table.total = Some(row(vec![Cell::Absent; width], &total, Cell::Absent));
    table
}

/// The columns after the keys.
const COLUMNS: [output::Output; 13] = [
    output::STATUS,
    output::PREVIOUS_BYTES,
    output::BYTES,
    output::CHANGE_BYTES,
    output::PREVIOUS_USD,
    output::USD,
    output::CHANGE_USD,
    output::CHANGE,
    output::NEW_USD,
    output::GONE_USD,
    output::VOLUME_USD,
    output::PRICE_USD,
    output::PATH_USD,
];

/// The cells of a line after its keys.
fn cells(line: &Line) -> Row {
    let [before, now] = &line.sides;
    let usd = |side: usize| if line.sides[side].is_unpriced() { Cell::Absent } else { cell(line.usd[side]) };
    let grown = Cell::Change { change: signed(now.bytes) - signed(before.bytes), was: before.bytes };
    let changed = cell(line.change());
    let rate = change(&changed, &usd(0));
    let measures = [before.bytes.into(), now.bytes.into(), grown, usd(0), usd(1), changed, rate];
    measures.into_iter().chain(line.parts.map(cell)).collect()
}

fn cell(amount: Amount) -> Cell {
    Cell::Amount { amount: amount.exact, cents: amount.cents }
}

/// From what it was to what it is, a step for each part.
fn waterfall(lines: &[Line]) -> Table {
    let total = Line::sum(lines);
    let [new, gone, _, price, path] = total.parts;
    let volume = |is_more: bool| {
        let parts = lines.iter().map(|line| line.parts[2]);
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
    let mut table = plain("waterfall", "From what it was to what it is");
    table.columns = [output::STEP, output::USD, output::AFTER_USD].map(Head::from).into();
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
    let mut keys = vec![Cell::Absent; shape.key_heads.len() + usize::from(shape.by_charge)];
    if let Some(first) = keys.first_mut() {
        *first = name.into();
    }
    keys
}
