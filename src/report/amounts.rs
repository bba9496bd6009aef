//! Money as cells that add up, and what several reports of dollars say alike.

use super::{Cell, Table};
use crate::price::{Money, cent_parts, rounded_parts, running_cents, running_parts, signed_cent_parts};

/// Amounts as cells that add up to the total, in ten decimals and in cents.
pub(super) fn amounts(parts: &[Money]) -> (Vec<Cell>, Cell) {
    exact_amounts(&rounded_parts(parts))
}

/// Amounts of 10⁻¹⁰ USD as cells that add up to the total, in cents too.
pub(super) fn exact_amounts(exact: &[u128]) -> (Vec<Cell>, Cell) {
    let cents = cent_parts(exact);
    let total = amount(exact.iter().sum(), cents.iter().sum());
    (exact.iter().zip(cents).map(|(exact, cents)| amount(*exact, cents)).collect(), total)
}

/// Amounts of 10⁻¹⁰ USD that may be negative, as cells that add up to the total, in cents too.
pub(super) fn signed_amounts(exact: &[i128]) -> (Vec<Cell>, Cell) {
    let cents = signed_cent_parts(exact);
    let total = Cell::Amount { amount: exact.iter().sum(), cents: cents.iter().sum() };
    (exact.iter().zip(cents).map(|(exact, cents)| Cell::Amount { amount: *exact, cents }).collect(), total)
}

/// Amounts in the order of a ranking as cells that add up to the total, in ten decimals and in cents. None depends on those
/// after it, so that it is the same however many rows are shown.
pub(super) fn ranked_amounts(parts: &[Money]) -> (Vec<Cell>, Cell) {
    let exact = running_parts(parts);
    let cents = running_cents(&exact);
    let total = amount(exact.iter().sum(), cents.iter().sum());
    (exact.into_iter().zip(cents).map(|(exact, cents)| amount(exact, cents)).collect(), total)
}

/// Cells as one, such as amounts that were rounded together; nothing where there are none.
pub(super) fn sum<'a>(parts: impl IntoIterator<Item = &'a Cell>) -> Cell {
    parts.into_iter().cloned().reduce(Cell::and).unwrap_or(Cell::Absent)
}

/// An amount of 10⁻¹⁰ USD displayed in whole cents.
pub(super) fn amount(exact: u128, cents: u128) -> Cell {
    let signed = |number: u128| i128::try_from(number).unwrap_or(i128::MAX);
    Cell::Amount { amount: signed(exact), cents: signed(cents) }
}

/// One amount less another.
pub(super) fn difference(now: &Cell, before: &Cell) -> Cell {
    match (now, before) {
        (Cell::Amount { amount, cents }, Cell::Amount { amount: was, cents: were }) => {
            Cell::Amount { amount: amount - was, cents: cents - were }
        }
        _ => Cell::Absent,
    }
}

/// An amount's part of a total.
pub(super) fn share(part: &Cell, whole: &Cell) -> Cell {
    match (part, whole) {
        (Cell::Amount { amount, .. }, Cell::Amount { amount: whole, .. }) => {
            Cell::Share { part: amount.unsigned_abs(), whole: whole.unsigned_abs() }
        }
        _ => Cell::Absent,
    }
}

/// A relative change.
pub(super) fn change(difference: &Cell, before: &Cell) -> Cell {
    match (difference, before) {
        (Cell::Amount { amount, .. }, Cell::Amount { amount: was, .. }) => {
            Cell::Change { change: *amount, was: was.unsigned_abs() }
        }
        _ => Cell::Absent,
    }
}

/// Columns and rows, without sums.
pub(super) fn plain(name: &str, title: &str) -> Table {
    Table { name: name.to_owned(), title: title.to_owned(), ..Table::default() }
}
