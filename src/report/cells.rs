//! Values of the records → cells of a report.

use super::{Cell, Head};
use crate::decode::{Dictionary, Values};
use crate::group::{Key, KeyValue};
use crate::schema::output::CellKind;
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TIME};
use crate::units::address;

/// The column of a key.
pub(super) fn head(key: &Key) -> Head {
    Head { name: key.name(), kind: CellKind::of(key.column) }
}

/// One column of a group's key.
pub(super) fn key_cell(value: KeyValue, names: &Dictionary) -> Cell {
    match value {
        KeyValue::Absent => Cell::Absent,
        KeyValue::Address(held) => Cell::Address(address::shown(held)),
        KeyValue::Prefix(held, bits) => Cell::Prefix(address::shown(held), bits),
        KeyValue::Number(number) => number.into(),
        KeyValue::Time(seconds) => Cell::Time(seconds),
        KeyValue::Text(code) => Cell::from(names.display(code).as_ref()),
    }
}

/// The value of a column in one record.
pub(super) fn value_cell(values: &Values, row: usize, dictionary: &Dictionary) -> Cell {
    match values {
        Values::Address(values) if values[row] == ABSENT_ADDRESS => Cell::Absent,
        Values::Address(values) => Cell::Address(address::shown(values[row])),
        Values::Small(values) if values[row] == ABSENT_SMALL => Cell::Absent,
        Values::Small(values) => u64::from(values[row]).into(),
        Values::Big(values) if values[row] == ABSENT_BIG => Cell::Absent,
        Values::Big(values) => values[row].into(),
        Values::Time(values) => moment(values[row]),
        Values::Text(values) if values[row] == Dictionary::ABSENT => Cell::Absent,
        Values::Text(values) => Cell::from(dictionary.display(values[row]).as_ref()),
    }
}

/// A moment, or none.
pub(super) fn moment(seconds: u32) -> Cell {
    if seconds == ABSENT_TIME { Cell::Absent } else { Cell::Time(seconds) }
}
