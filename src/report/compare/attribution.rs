//! What the change is due to: causes of the rows that rose, and of those that fell.
//!
//! Rows that rose and rows that fell are told apart, since what one gains another's loss would hide. Dollars decide; of
//! traffic that costs nothing in either period, bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::gathered::{DETAILS, Fine, Gathered};
use super::moved::each_once;
use super::parts::{scaled, signed};
use super::{CompareShape, Ways};
use crate::report::causes::{Cause, Class, Elements, Leaf, Parameters, causes, class};
use crate::report::charged::plain;
use crate::report::{Cell, Head, Row, Table};
use crate::schema::output::{self, Output};
use crate::units::human::CENT;

/// The rows of what is in no cause.
const UNEXPLAINED: &str = "(unexplained)";
const EVERYWHERE: &str = "(everywhere)";

const COLUMNS: [Output; 12] = [
    output::DIRECTION,
    output::CAUSE,
    output::CLASS,
    output::OTHER_PATH,
    output::CHANGE_SHARE,
    output::PREVIOUS_BYTES,
    output::BYTES,
    output::PREVIOUS_USD,
    output::USD,
    output::CHANGE_USD,
    output::WITHOUT_USD,
    output::EQUIVALENTS,
];

/// A leaf in both periods: bytes each once, and dollars in 10⁻¹⁰ USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amounts {
    bytes: [u128; 2],
    usd: [u128; 2],
    /// What changed prices do to the bytes of now.
    price: i128,
}

impl Amounts {
    fn add(&mut self, other: &Self) {
        self.bytes.iter_mut().zip(other.bytes).for_each(|(mine, theirs)| *mine += theirs);
        self.usd.iter_mut().zip(other.usd).for_each(|(mine, theirs)| *mine += theirs);
        self.price += other.price;
    }

    fn sum<'a>(of: impl Iterator<Item = &'a Self>) -> Self {
        of.fold(Self::default(), |mut sum, one| {
            sum.add(one);
            sum
        })
    }

    fn change(&self) -> i128 {
        signed(self.usd[1]) - signed(self.usd[0])
    }
}

/// Rows that rose, or those that fell.
struct Side<'g> {
    is_up: bool,
    leaves: Vec<(&'g Fine, Amounts)>,
    /// What everything costs now.
    now: u128,
    by_usd: bool,
}

/// The table.
pub(super) fn table(gathered: &Gathered, ways: &Ways, shape: &CompareShape) -> Table {
    let amounts: Vec<Amounts> = gathered.leaves.iter().map(|leaf| amounts(leaf, gathered, ways)).collect();
    let total = Amounts::sum(amounts.iter());
    let by_usd = total.usd != [0, 0];
    let mut rows: BTreeMap<u32, Amounts> = BTreeMap::new();
    for (leaf, amounts) in gathered.leaves.iter().zip(&amounts) {
        rows.entry(leaf.row).or_default().add(amounts);
    }
    let mut table = plain("causes", "What the change is due to");
    table.columns = COLUMNS.map(Head::from).into();
    for is_up in [true, false] {
        let rose = |row: u32| {
            let [before, now] = if by_usd { rows[&row].usd } else { rows[&row].bytes };
            if is_up { now > before } else { now < before }
        };
        let leaves = gathered.leaves.iter().zip(amounts.iter().copied()).filter(|(leaf, _)| rose(leaf.row)).collect();
        let side = Side { is_up, leaves, now: total.usd[1], by_usd };
        table.rows.extend(side.rows(gathered, shape));
    }
    table
}

/// What a leaf comes to, its dollars by its part of the bytes that are charged alike.
fn amounts(leaf: &Fine, gathered: &Gathered, ways: &Ways) -> Amounts {
    let (mut usd, mut price) = ([0; 2], 0);
    for (way, bytes) in &leaf.ways {
        if let Some(sums) = ways.get(&(leaf.row, *way)) {
            let [before, now] = &sums.sides;
            usd[0] += scaled(before.usd, bytes[0], before.bytes);
            usd[1] += scaled(now.usd, bytes[1], now.bytes);
            let part = signed(scaled(sums.price().unsigned_abs(), bytes[1], now.bytes));
            price += part * sums.price().signum();
        }
    }
    Amounts { bytes: each_once(leaf, gathered), usd, price }
}

impl Side<'_> {
    fn rows(&self, gathered: &Gathered, shape: &CompareShape) -> Vec<Row> {
        let leaf = |values: fn(&Amounts) -> [u128; 2]| -> Vec<Leaf> {
            let leaf = |(fine, amounts): &(&Fine, Amounts)| {
                let [before, now] = values(amounts).map(|value| value as f64);
                let (real, pred) = if self.is_up { (now, before) } else { (before, now) };
                Leaf { elements: fine.elements.clone(), real, pred }
            };
            self.leaves.iter().map(leaf).collect()
        };
        let volumes = leaf(|amounts| amounts.bytes);
        let measured = if self.by_usd { leaf(|amounts| amounts.usd) } else { leaf(|amounts| amounts.bytes) };
        let found = causes(&measured, &Parameters::default());
        let whole = Amounts::sum(self.leaves.iter().map(|(_, amounts)| amounts));
        let names = Names { gathered, shape };
        let mut rest = whole;
        let mut rows = Vec::new();
        for cause in &found.causes {
            let sums = Amounts::sum(cause.leaves.iter().map(|place| &self.leaves[*place].1));
            for side in 0..2 {
                rest.bytes[side] -= sums.bytes[side];
                rest.usd[side] -= sums.usd[side];
            }
            rest.price -= sums.price;
            let class = self.class(cause, &sums, &volumes);
            let told = Told { sums, name: names.text(&cause.elements), class: class_name(class, self.is_up) };
            let other = if let Class::PathChange { from } = class { names.path(from) } else { Cell::Absent };
            let equivalents: Vec<_> = cause.equivalents.iter().map(|elements| names.text(elements)).collect();
            rows.push(self.row(told, &whole, other, equivalents));
        }
        if found.is_spread {
            let class = class_name(Class::Spread, self.is_up);
            rows.push(self.row(
                Told { sums: rest, name: EVERYWHERE.to_owned(), class },
                &whole,
                Cell::Absent,
                Vec::new(),
            ));
        } else if self.change(&rest) != 0 {
            let told = Told { sums: rest, name: UNEXPLAINED.to_owned(), class: "" };
            rows.push(self.row(told, &whole, Cell::Absent, Vec::new()));
        }
        rows
    }

    /// By how much something changed, of what decides.
    fn change(&self, amounts: &Amounts) -> i128 {
        if self.by_usd { amounts.change() } else { signed(amounts.bytes[1]) - signed(amounts.bytes[0]) }
    }

    fn class(&self, cause: &Cause, sums: &Amounts, volumes: &[Leaf]) -> Class {
        let path = volumes.first().map(|leaf| leaf.elements.len().saturating_sub(1));
        // Of several charges and of bytes that are free the average price says nothing, so prices are told by charge.
        let half = sums.change() / 2;
        let is_price = sums.price.signum() == half.signum() && sums.price.abs() > half.abs();
        match class(cause, volumes, path, None) {
            Class::Growth if is_price => Class::Price,
            class => class,
        }
    }

    fn row(&self, told: Told, whole: &Amounts, other_path: Cell, equivalents: Vec<String>) -> Row {
        let Told { sums, name, class } = told;
        let changed = self.change(&sums);
        let amount = |amount: i128| Cell::Amount { amount, cents: cents(amount) };
        let text = |text: String| if text.is_empty() { Cell::Absent } else { text.into() };
        vec![
            if self.is_up { "up" } else { "down" }.into(),
            name.into(),
            text(class.to_owned()),
            other_path,
            Cell::Change {
                change: if self.is_up { changed } else { -changed },
                was: self.change(whole).unsigned_abs(),
            },
            sums.bytes[0].into(),
            sums.bytes[1].into(),
            amount(signed(sums.usd[0])),
            amount(signed(sums.usd[1])),
            amount(sums.change()),
            amount(signed(self.now) - sums.change()),
            text(equivalents.join("; ")),
        ]
    }
}

/// What a row tells first.
struct Told {
    sums: Amounts,
    name: String,
    class: &'static str,
}

/// An amount in cents, halves rounded away from zero.
fn cents(amount: i128) -> i128 {
    let cent = signed(CENT);
    (amount.abs() + cent / 2) / cent * amount.signum()
}

/// How a class is called; what fell is the other way round.
fn class_name(class: Class, is_up: bool) -> &'static str {
    match (class, is_up) {
        (Class::New, true) => "new",
        (Class::New, false) => "gone",
        (Class::Growth, true) => "growth",
        (Class::Growth, false) => "decline",
        (Class::PathChange { .. }, _) => "path-change",
        (Class::Price, _) => "price",
        (Class::Spread, _) => "spread",
    }
}

/// What descriptions are called.
struct Names<'g> {
    gathered: &'g Gathered,
    shape: &'g CompareShape,
}

impl Names<'_> {
    fn text(&self, elements: &Elements) -> String {
        let one = |(dimension, element): &(usize, u32)| {
            let told = self.shape.dimensions.len();
            let name = match dimension.checked_sub(told) {
                None => self.shape.dimensions[*dimension].as_str(),
                Some(detail) => DETAILS[detail],
            };
            format!("{name} {}", self.element(*dimension, *element))
        };
        elements.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn element(&self, dimension: usize, element: u32) -> Arc<str> {
        Arc::clone(&self.gathered.elements[dimension][element as usize])
    }

    fn path(&self, element: u32) -> Cell {
        Cell::Text(self.element(self.gathered.elements.len() - 1, element))
    }
}
