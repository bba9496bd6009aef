//! The records themselves: picked rows and columns, nothing summed.

use super::cells::value_cell;
use super::{Row, Table};
use crate::decode::{Dictionary, Flows, Values};
use crate::group::derive;
use crate::schema::Column;

/// The columns shown where none are asked for: what was sent, from where to where, and whether it got through.
pub const DEFAULT_COLUMNS: [Column; 12] = [
    Column::Start,
    Column::End,
    Column::InterfaceId,
    Column::Srcaddr,
    Column::Dstaddr,
    Column::Srcport,
    Column::Dstport,
    Column::Protocol,
    Column::Packets,
    Column::Bytes,
    Column::Action,
    Column::LogStatus,
];

/// The head of the table that the records go into.
#[must_use]
pub fn table(columns: &[Column]) -> Table {
    let columns = columns.iter().map(|column| (*column).into()).collect();
    Table { name: "flows".to_owned(), columns, ..Table::default() }
}

/// The picked records of a block as rows.
#[must_use]
pub fn rows(flows: &Flows, dictionary: &Dictionary, columns: &[Column], picked: &[u32]) -> Vec<Row> {
    let mut scratch: Vec<Values> = columns.iter().map(|column| Values::new(column.kind())).collect();
    let values: Vec<&Values> =
        columns.iter().zip(&mut scratch).map(|(column, scratch)| derive::values(*column, flows, scratch)).collect();
    let record = |row: &u32| values.iter().map(|values| value_cell(values, *row as usize, dictionary)).collect();
    picked.iter().map(record).collect()
}
