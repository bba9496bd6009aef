//! A cell as text: exact for machines, rounded and sanitised for display.
//!
//! Texts come from logs, tags and file names, so from anyone. Where a person reads them, characters that move the
//! cursor, change direction or cannot be seen are shown as `\u{…}` and never sent as they are.

use std::io::{self, Write};

use crate::report::{Cell, Head, Row};
use crate::schema::output::CellKind;
use crate::units::human::{self, USD_DECIMALS, Units};

/// Display of a change from nothing.
const NEW: &str = "new";
/// Changes of more than so many times what was are displayed as a factor.
const FACTOR_MIN: u128 = 10;
/// Display of absent values.
const ABSENT: &str = "-";

/// Writes a cell with all its digits, nothing where it is absent.
pub(super) fn write_exact(out: &mut impl Write, cell: &Cell) -> io::Result<()> {
    match cell {
        Cell::Absent => Ok(()),
        Cell::Text(text) => out.write_all(text.as_bytes()),
        Cell::Address(address) => write!(out, "{address}"),
        Cell::Prefix(address, bits) => write!(out, "{address}/{bits}"),
        Cell::Integer(number) => write!(out, "{number}"),
        Cell::Time(seconds) => out.write_all(human::moment(*seconds).as_bytes()),
        Cell::Date(seconds) => out.write_all(human::date(*seconds).as_bytes()),
        Cell::Usd(amount) => out.write_all(usd(*amount).as_bytes()),
        Cell::Amount { amount, .. } => out.write_all(signed(*amount, usd).as_bytes()),
        Cell::Change { was: 0, .. } => Ok(()),
        Cell::Change { change, was } => {
            out.write_all(signed(*change, |part| human::fraction6(part, *was).unwrap_or_default()).as_bytes())
        }
        Cell::Decimal { units, per } => out.write_all(human::decimal_data(*units, *per).as_bytes()),
        Cell::Exact { units, per } => out.write_all(human::decimal_exact(*units, *per).as_bytes()),
        Cell::Signed { units, per } => {
            out.write_all(signed(*units, |units| human::decimal_data(units, *per)).as_bytes())
        }
        Cell::Share { part, whole } => out.write_all(human::fraction6(*part, *whole).unwrap_or_default().as_bytes()),
    }
}

/// Money of 10⁻¹⁰ USD, exactly, without zeros at its end.
fn usd(amount: u128) -> String {
    human::decimal_data(amount, 10_u128.pow(USD_DECIMALS))
}

/// A number below zero with its sign, any other without.
fn signed(number: i128, write: impl FnOnce(u128) -> String) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", write(number.unsigned_abs()))
}

/// A row in display form.
pub(super) fn shown_row(columns: &[Head], row: &Row, units: Units) -> Vec<String> {
    columns.iter().zip(row).map(|(head, cell)| shown(head.kind, cell, units)).collect()
}

/// A total row in display form: blank without a total, and `total` in the first cell if that is blank.
pub(super) fn shown_total(columns: &[Head], total: &Row, units: Units) -> Vec<String> {
    let blank = |cell: &Cell, text| if *cell == Cell::Absent { String::new() } else { text };
    let texts = shown_row(columns, total, units);
    let mut texts: Vec<_> = total.iter().zip(texts).map(|(cell, text)| blank(cell, text)).collect();
    if let Some(first) = texts.first_mut().filter(|first| first.is_empty()) {
        "total".clone_into(first);
    }
    texts
}

/// Whether the column's cells are numbers, and so right-aligned.
pub(super) fn is_numeric(kind: CellKind) -> bool {
    match kind {
        CellKind::Integer | CellKind::Count | CellKind::Bytes | CellKind::Share => true,
        CellKind::Usd | CellKind::Rate | CellKind::Change | CellKind::Decimal => true,
        CellKind::Text | CellKind::Time | CellKind::Date => false,
    }
}

/// A cell in display form.
pub(super) fn shown(kind: CellKind, cell: &Cell, units: Units) -> String {
    match cell {
        Cell::Absent => ABSENT.to_owned(),
        Cell::Text(text) => human::harmless(text),
        Cell::Address(address) => address.to_string(),
        Cell::Prefix(address, bits) => format!("{address}/{bits}"),
        Cell::Integer(number) => match kind {
            CellKind::Bytes => human::bytes(*number, units),
            CellKind::Count => human::count(*number),
            _ => number.to_string(),
        },
        Cell::Time(seconds) => human::moment(*seconds),
        Cell::Date(seconds) => human::date(*seconds),
        Cell::Usd(price) if kind == CellKind::Rate => human::usd_rate(*price),
        Cell::Usd(amount) => human::usd(*amount),
        Cell::Amount { cents, .. } => signed(*cents, human::cents),
        Cell::Change { change: 1.., was: 0 } => NEW.to_owned(),
        Cell::Change { was: 0, .. } => ABSENT.to_owned(),
        Cell::Change { change, was } if change.unsigned_abs() > was.saturating_mul(FACTOR_MIN) => {
            human::factor(was.saturating_add_signed(*change), *was)
        }
        Cell::Change { change, was } => signed(*change, |part| human::percent(part, *was).unwrap_or_default()),
        Cell::Decimal { units, per } | Cell::Exact { units, per } => human::decimal2(*units, *per),
        Cell::Signed { units: number, per: 1 } => signed(*number, |number| shown(kind, &Cell::Integer(number), units)),
        Cell::Signed { units, per } => signed(*units, |units| human::decimal2(units, *per)),
        Cell::Share { part, whole } => human::percent(*part, *whole).unwrap_or_else(|| ABSENT.to_owned()),
    }
}
