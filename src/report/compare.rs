//! Two periods compared: what each key costs in both, and what the change is made of.
//!
//! The parts of a change add up to it in every row, in ten decimals and in the cents that people are shown, and every
//! column adds up to its total. Nothing is scaled: where periods differ in length, so do their sums, and a note says so.

mod attribution;
pub mod gathered;
mod moved;
mod parts;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use self::gathered::Gathered;
use self::parts::{Parts, Side, WaySums, shown_parts, signed};
use super::charged::{self, Bill, Charged, change, plain};
use super::cost::{FREE, OTHER, free, unpriced, unpriced_note, unknown_notes};
use super::{Cell, Head, Report, Row, Table};
use crate::error::Error;
use crate::price::{Charge, Money, cent_parts, rounded_parts};
use crate::schema::output;
use crate::units::human::{self, CENT};
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

/// How bytes are charged, or why they are free.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Way {
    charge: Option<Charge>,
    reason: Arc<str>,
    from: Arc<str>,
    to: Arc<str>,
}

impl Way {
    fn of(charged: &Charged) -> Self {
        let Charged { charge, reason, from, to, .. } = charged;
        Self { charge: *charge, reason: Arc::clone(reason), from: Arc::clone(from), to: Arc::clone(to) }
    }
}

/// Bytes of a key and way in both periods, by the numbers of row and way.
type Ways = BTreeMap<(u32, u32), WaySums>;

/// The report: the tables `compare`, `waterfall` and `causes`, and what has no price.
///
/// # Errors
/// If the bill cannot be summed.
pub fn report(gathered: &Gathered, bill: &Bill, shape: &CompareShape) -> Result<Report, Error> {
    let ways = ways(gathered, bill);
    let lines = lines(gathered, bill, &ways, shape);
    let mut report = Report { name: "compare".to_owned(), ..Report::default() };
    report.meta.window = bill.window;
    report.meta.notes = window_notes(gathered, shape);
    report.meta.notes.extend(charged::notes(&bill.frame)?);
    report.meta.notes.extend(unknown_notes(&bill.frame)?);
    let waterfall = waterfall(&lines);
    report.tables = vec![compare(lines, shape), waterfall, attribution::table(gathered, &ways, shape)];
    let unpriced_bytes: u128 = bill.lines.iter().map(|line| u128::from(line.priced.unpriced_bytes)).sum();
    if unpriced_bytes > 0 {
        report.meta.notes.push(unpriced_note(unpriced_bytes));
        report.tables.push(unpriced(&bill.frame)?);
    }
    Ok(report)
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

/// What each key and way comes to.
fn ways(gathered: &Gathered, bill: &Bill) -> Ways {
    let numbers: BTreeMap<&Way, u32> = gathered.ways.iter().zip(0..).collect();
    let mut sums: BTreeMap<(u32, u32), [(Side, Money); 2]> = BTreeMap::new();
    for line in &bill.lines {
        let Some(row) = row_of(&line.charged.keys) else { continue };
        let Some(way) = numbers.get(&Way::of(&line.charged)) else { continue };
        let (side, usd) = &mut sums.entry((row, *way)).or_default()[usize::from(!line.charged.previous)];
        let (bytes, unpriced) = (line.charged.bytes.into(), line.priced.unpriced_bytes.into());
        side.add(&Side { bytes, unpriced, usd: 0 });
        *usd = *usd + line.priced.usd;
    }
    let moved = moved::moved(gathered);
    let way = |(key, sides): ((u32, u32), [(Side, Money); 2])| {
        let sides = sides.map(|(side, usd)| Side { usd: usd.rounded(), ..side });
        (key, WaySums { sides, moved: moved.get(&key).copied().unwrap_or(0) })
    };
    sums.into_iter().map(way).collect()
}

/// The number of the row that a priced row is of.
fn row_of(keys: &[Cell]) -> Option<u32> {
    match keys.first() {
        Some(Cell::Integer(number)) => u32::try_from(*number).ok(),
        _ => None,
    }
}

/// An amount, in 10⁻¹⁰ USD and in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amount {
    exact: i128,
    cents: i128,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.exact += other.exact;
        self.cents += other.cents;
    }

    fn cell(self) -> Cell {
        Cell::Amount { amount: self.exact, cents: self.cents }
    }
}

/// A row of the comparison.
#[derive(Clone, Debug, Default)]
struct Line {
    keys: Row,
    /// What there was and is; of their dollars the columns add up.
    sides: [Side; 2],
    usd: [Amount; 2],
    /// In the order of [`Parts::in_order`].
    parts: [Amount; 5],
}

impl Line {
    fn change(&self) -> Amount {
        let [before, now] = self.usd;
        Amount { exact: now.exact - before.exact, cents: now.cents - before.cents }
    }

    fn add(&mut self, other: &Self) {
        self.sides.iter_mut().zip(&other.sides).for_each(|(mine, theirs)| mine.add(theirs));
        self.usd.iter_mut().zip(other.usd).for_each(|(mine, theirs)| mine.add(theirs));
        self.parts.iter_mut().zip(other.parts).for_each(|(mine, theirs)| mine.add(theirs));
    }

    fn sum(keys: Row, lines: &[Self]) -> Self {
        lines.iter().fold(Self { keys, ..Self::default() }, |mut sum, line| {
            sum.add(line);
            sum
        })
    }

    /// What became of it: by dollars, and by bytes where these are the same.
    fn status(&self) -> &'static str {
        let [before, now] = &self.sides;
        let rose = (self.usd[1].exact, now.bytes).cmp(&(self.usd[0].exact, before.bytes));
        match (before.bytes, now.bytes, rose) {
            (0, 1.., _) => "new",
            (1.., 0, _) => "gone",
            (_, _, std::cmp::Ordering::Greater) => "grew",
            (_, _, std::cmp::Ordering::Less) => "shrank",
            _ => "same",
        }
    }

    /// The cells after the keys.
    fn cells(&self) -> Row {
        let [before, now] = &self.sides;
        let usd = |side: usize| if self.sides[side].is_unpriced() { Cell::Absent } else { self.usd[side].cell() };
        let grown = Cell::Change { change: signed(now.bytes) - signed(before.bytes), was: before.bytes };
        let changed = self.change().cell();
        let rate = change(&changed, &usd(0));
        let measures = [before.bytes.into(), now.bytes.into(), grown, usd(0), usd(1), changed, rate];
        measures.into_iter().chain(self.parts.map(Amount::cell)).collect()
    }
}

/// Every row, in order; the last one is of what is free, if that has one row.
fn lines(gathered: &Gathered, bill: &Bill, ways: &Ways, shape: &CompareShape) -> Vec<Line> {
    let mut rows: BTreeMap<(bool, Row), (Vec<WaySums>, [Money; 2])> = BTreeMap::new();
    let key = |row: u32, way: &Way| {
        let is_together = way.charge.is_none() && !shape.free;
        if is_together {
            return (true, named(FREE, shape));
        }
        let charge = way.charge.map_or_else(|| free(&way.reason), |charge| charge.name().to_owned());
        let keys = gathered.rows[row as usize].iter().cloned();
        (false, keys.chain(shape.by_charge.then(|| charge.into())).collect())
    };
    for ((row, way), sums) in ways {
        rows.entry(key(*row, &gathered.ways[*way as usize])).or_default().0.push(*sums);
    }
    for line in &bill.lines {
        if let Some(row) = row_of(&line.charged.keys) {
            let key = key(row, &Way::of(&line.charged));
            let usd = &mut rows.entry(key).or_default().1[usize::from(!line.charged.previous)];
            *usd = *usd + line.priced.usd;
        }
    }
    let exact = [0, 1].map(|side| rounded_parts(&rows.values().map(|(_, usd)| usd[side]).collect::<Vec<_>>()));
    let cents = [0, 1].map(|side: usize| cent_parts(&exact[side]));
    let rows = rows.into_iter().enumerate();
    let mut lines: Vec<_> = rows
        .map(|(place, ((_, keys), (ways, _)))| {
            line(keys, &ways, [0, 1].map(|side| (exact[side][place], cents[side][place])))
        })
        .collect();
    let free = (!shape.free).then(|| lines.pop_if(|line| line.keys == named(FREE, shape))).flatten();
    // The order is stable, so equal ones stay in that of their keys.
    match shape.order {
        CompareOrder::Change => lines.sort_by_key(|line| {
            let [before, now] = &line.sides;
            Reverse((line.change().exact.unsigned_abs(), before.bytes.abs_diff(now.bytes)))
        }),
        CompareOrder::Usd => lines.sort_by_key(|line| Reverse([line.usd[1].exact, line.usd[0].exact])),
        CompareOrder::Key => {}
    }
    lines.into_iter().chain(free).collect()
}

/// A row of ways that bytes are charged, and of what both periods cost, in 10⁻¹⁰ USD and in cents.
fn line(keys: Row, ways: &[WaySums], usd: [(u128, u128); 2]) -> Line {
    let mut sides = [Side::default(); 2];
    for way in ways {
        sides.iter_mut().zip(&way.sides).for_each(|(sum, side)| sum.add(side));
    }
    sides.iter_mut().zip(usd).for_each(|(side, (exact, _))| side.usd = exact);
    let usd = usd.map(|(exact, cents)| Amount { exact: signed(exact), cents: signed(cents) });
    let parts = Parts::of(&sides, ways).in_order();
    let cents = shown_parts(parts, signed(CENT), usd[1].cents - usd[0].cents);
    let mut amounts = [Amount::default(); 5];
    for ((amount, exact), cents) in amounts.iter_mut().zip(parts).zip(cents) {
        *amount = Amount { exact, cents };
    }
    Line { keys, sides, usd, parts: amounts }
}

/// The table of rows.
fn compare(mut lines: Vec<Line>, shape: &CompareShape) -> Table {
    let width = shape.key_heads.len() + usize::from(shape.by_charge);
    let total = Line::sum(vec![Cell::Absent; width], &lines);
    let free = lines.pop_if(|line| !shape.free && line.keys == named(FREE, shape));
    let other = shape.rows.filter(|most| *most < lines.len()).map(|most| {
        let rest = lines.split_off(most);
        Line::sum(named(OTHER, shape), &rest)
    });
    let mut table = plain("compare", "What changed");
    table.columns = shape.key_heads.clone();
    table.columns.extend(shape.by_charge.then(|| output::CHARGE.into()));
    table.columns.extend(COLUMNS.map(Head::from));
    let row = |(line, status): (Line, Cell)| -> Row {
        let cells = line.cells();
        line.keys.into_iter().chain([status]).chain(cells).collect()
    };
    let told = |line: Line| {
        let status = line.status().into();
        (line, status)
    };
    let shown = lines.into_iter().map(told).chain(other.map(|other| (other, Cell::Absent))).chain(free.map(told));
    table.rows = shown.map(row).collect();
    table.total = Some(row((total, Cell::Absent)));
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

/// From what it was to what it is, a step for each part.
fn waterfall(lines: &[Line]) -> Table {
    let total = Line::sum(Vec::new(), lines);
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
    table.rows.push(vec!["before".into(), after.cell(), after.cell()]);
    for (step, amount) in steps {
        after.add(amount);
        table.rows.push(vec![step.into(), amount.cell(), after.cell()]);
    }
    table.rows.push(vec!["now".into(), total.usd[1].cell(), total.usd[1].cell()]);
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

#[cfg(test)]
mod tests;
