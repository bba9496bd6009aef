//! The records themselves: picked rows and columns, nothing summed.

use std::net::Ipv6Addr;

use polars::prelude::{
    Column as FrameColumn, DataFrame, Int64Chunked, IntoColumn, IntoSeries, NewChunkedArray, StringChunked,
    UInt32Chunked,
};

use super::cells::value_cell;
use super::{Row, Table};
use crate::decode::{Dictionary, Flows, Values};
use crate::error::Error;
use crate::group::derive;
use crate::schema::frame::{ints, milliseconds, times};
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, ABSENT_TIME, Column};
use crate::units::time::Zone;

/// The columns shown where none are requested: what was sent, from where to where, and whether it got through.
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
pub fn rows(flows: &Flows, dictionary: &Dictionary, (columns, zone): (&[Column], Zone), picked: &[u32]) -> Vec<Row> {
    let mut scratch: Vec<Values> = columns.iter().map(|column| Values::new(column.kind())).collect();
    let values: Vec<&Values> = columns
        .iter()
        .zip(&mut scratch)
        .map(|(column, scratch)| derive::values_in(zone, *column, flows, scratch))
        .collect();
    let cell = |row: u32, column: &Column, values: &Values| {
        let mut cell = value_cell(values, row as usize, dictionary);
        if *column == Column::Day {
            cell.date();
        }
        cell
    };
    let record = |row: &u32| columns.iter().zip(&values).map(|(column, values)| cell(*row, column, values)).collect();
    picked.iter().map(record).collect()
}

/// The picked records of a block as a frame with the columns' names: addresses and texts as `String`, counts as `Int128`,
/// other whole numbers as `Int64`, moments as `Datetime[ms, UTC]`. Absent is null.
///
/// # Errors
/// If a column is requested twice.
pub fn frame(
    flows: &Flows,
    dictionary: &Dictionary,
    (columns, zone): (&[Column], Zone),
    picked: &[u32],
) -> Result<DataFrame, Error> {
    let column = |column: &Column| {
        let mut scratch = Values::new(column.kind());
        frame_column(column.name(), derive::values_in(zone, *column, flows, &mut scratch), dictionary, picked)
    };
    Ok(DataFrame::new(picked.len(), columns.iter().map(column).collect::<Result<_, _>>()?)?)
}

fn frame_column(name: &str, values: &Values, dictionary: &Dictionary, picked: &[u32]) -> Result<FrameColumn, Error> {
    let picked = picked.iter().map(|row| *row as usize);
    let present = |value: u32, absent: u32| (value != absent).then_some(value);
    Ok(match values {
        Values::Big(values) => {
            ints(name, picked.map(|row| Some(values[row]).filter(|value| *value != ABSENT_BIG).map(i128::from)))
        }
        Values::Small(values) => {
            let values = picked.map(|row| present(values[row], ABSENT_SMALL).map(i64::from));
            Int64Chunked::from_iter_options(name.into(), values).into_column()
        }
        Values::Time(values) => times(name, picked.map(|row| present(values[row], ABSENT_TIME).map(milliseconds))),
        Values::Text(values) => {
            let text = |code: u32| dictionary.display(code).into_owned();
            shared_texts(name, picked.map(|row| present(values[row], ABSENT_TEXT)), text)?
        }
        Values::Address(values) => {
            let text = |address: u128| Ipv6Addr::from(address).to_canonical().to_string();
            shared_texts(name, picked.map(|row| Some(values[row]).filter(|value| *value != ABSENT_ADDRESS)), text)?
        }
    })
}

/// A column of texts in which each distinct one is held once.
fn shared_texts<V: Copy + Eq + std::hash::Hash>(
    name: &str,
    values: impl Iterator<Item = Option<V>>,
    text: impl Fn(V) -> String,
) -> Result<FrameColumn, Error> {
    let mut distinct = indexmap::IndexSet::<V, ahash::RandomState>::default();
    let places = values.map(|value| value.and_then(|value| u32::try_from(distinct.insert_full(value).0).ok()));
    let places = UInt32Chunked::from_iter_options("".into(), places);
    let texts = StringChunked::from_iter_values(name.into(), distinct.into_iter().map(text));
    Ok(texts.into_series().take(&places)?.into_column())
}
