//! Parquet, exact and typed, zstd-compressed, written a row group at a time.
//!
//! Text, addresses and prefixes are UTF-8; whole numbers 64-bit integers; shares decimals with six places, money with
//! ten, other decimals with 18, to which they are rounded; moments UTC timestamps, days dates. Every column may be null. A text in a column of numbers or moments (`(other)` in a key
//! column) is null. A number that its column's type cannot hold stops the writing: half a file is better than a wrong one.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, TimestampMillisecondArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::{View, cells, one_table_only};
use crate::decode::parquet::unwrapped;
use crate::report::{Cell, Head, Meta, Row, Table};
use crate::schema::output::{CellKind, REPORT_MARK};
use crate::units::human::{self, USD_DECIMALS};

/// Rows of a row group, which is held in memory, encoded, until it is full.
pub(super) const ROW_GROUP_ROWS: usize = 128 * 1024;
/// Rows that are turned into columns together.
const BATCH_ROWS: usize = 8 * 1024;
/// Digits of a share, and how many of them are decimals.
const SHARE_DIGITS: (u8, i8) = (9, 6);
/// Digits of a change, and how many of them are decimals.
const CHANGE_DIGITS: (u8, i8) = (38, 6);
/// Digits of other decimal numbers, and how many of them are decimals; here alone are they rounded.
const DECIMAL_DIGITS: (u8, i8) = (38, 18);
/// Digits of money, and how many of them are decimals, as many as in the other formats.
const USD_DIGITS: (u8, i8) = (38, 10);
const _: () = assert!(USD_DIGITS.1.unsigned_abs() as u32 == USD_DECIMALS);
/// The largest share in millionths that so many digits hold.
const SHARE_MILLIONTHS_MAX: u128 = 999_999_999;

/// A Parquet file.
pub(super) struct ParquetView<W: Write + Send> {
    /// Where the file goes, until there is a table.
    out: Option<W>,
    /// The report's name, by which the file is known as an output.
    report: String,
    file: Option<ParquetFile<W>>,
}

struct ParquetFile<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    columns: Vec<Head>,
}

impl<W: Write + Send> ParquetView<W> {
    pub(super) fn new(out: W, report: &str) -> Self {
        Self { out: Some(out), report: report.to_owned(), file: None }
    }
}

impl<W: Write + Send> View for ParquetView<W> {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        let out = self.out.take().ok_or_else(|| one_table_only("parquet", table))?;
        let fields = table.columns.iter().map(|head| Field::new(&head.name, data_type(head.kind), true));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_key_value_metadata(Some(vec![KeyValue::new(REPORT_MARK.to_owned(), self.report.clone())]))
            .build();
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties)).map_err(unwrapped)?;
        self.file = Some(ParquetFile { writer, schema, columns: table.columns.clone() });
        Ok(())
    }

    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        let file = self.file.as_mut().ok_or_else(no_table)?;
        for rows in rows.chunks(BATCH_ROWS) {
            let arrays = file.columns.iter().enumerate().map(|(place, head)| array(head, place, rows));
            let arrays = arrays.collect::<io::Result<Vec<_>>>()?;
            let batch = RecordBatch::try_new(Arc::clone(&file.schema), arrays).map_err(not_columns)?;
            file.writer.write(&batch).map_err(unwrapped)?;
        }
        Ok(())
    }

    fn finish(&mut self, _meta: &Meta) -> io::Result<()> {
        let file = self.file.take().ok_or_else(no_table)?;
        file.writer.into_inner().map_err(unwrapped)?.flush()
    }
}

fn data_type(kind: CellKind) -> DataType {
    match kind {
        CellKind::Text => DataType::Utf8,
        CellKind::Integer | CellKind::Count | CellKind::Bytes => DataType::Int64,
        CellKind::Share => DataType::Decimal128(SHARE_DIGITS.0, SHARE_DIGITS.1),
        CellKind::Change => DataType::Decimal128(CHANGE_DIGITS.0, CHANGE_DIGITS.1),
        CellKind::Decimal => DataType::Decimal128(DECIMAL_DIGITS.0, DECIMAL_DIGITS.1),
        CellKind::Usd | CellKind::Rate => DataType::Decimal128(USD_DIGITS.0, USD_DIGITS.1),
        CellKind::Date => DataType::Date32,
        CellKind::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
    }
}

/// The column at a place of the rows.
fn array(head: &Head, place: usize, rows: &[Row]) -> io::Result<ArrayRef> {
    let cells = rows.iter().map(|row| row.get(place).unwrap_or(&Cell::Absent));
    Ok(match head.kind {
        CellKind::Text => Arc::new(texts(cells)?),
        CellKind::Integer | CellKind::Count | CellKind::Bytes => {
            Arc::new(cells.map(|cell| integer(head, cell)).collect::<io::Result<Int64Array>>()?)
        }
        CellKind::Share => {
            let shares = cells.map(|cell| share(head, cell)).collect::<io::Result<Decimal128Array>>()?;
            Arc::new(shares.with_precision_and_scale(SHARE_DIGITS.0, SHARE_DIGITS.1).map_err(not_columns)?)
        }
        CellKind::Usd | CellKind::Rate => {
            let amounts = cells.map(|cell| usd(head, cell)).collect::<io::Result<Decimal128Array>>()?;
            Arc::new(amounts.with_precision_and_scale(USD_DIGITS.0, USD_DIGITS.1).map_err(not_columns)?)
        }
        CellKind::Change => {
            let changes = cells.map(|cell| change(head, cell)).collect::<io::Result<Decimal128Array>>()?;
            Arc::new(changes.with_precision_and_scale(CHANGE_DIGITS.0, CHANGE_DIGITS.1).map_err(not_columns)?)
        }
        CellKind::Decimal => {
            let decimals = cells.map(|cell| decimal(head, cell)).collect::<io::Result<Decimal128Array>>()?;
            Arc::new(decimals.with_precision_and_scale(DECIMAL_DIGITS.0, DECIMAL_DIGITS.1).map_err(not_columns)?)
        }
        CellKind::Date => Arc::new(cells.map(|cell| days(head, cell)).collect::<io::Result<Date32Array>>()?),
        CellKind::Time => {
            let moments =
                cells.map(|cell| milliseconds(head, cell)).collect::<io::Result<TimestampMillisecondArray>>()?;
            Arc::new(moments.with_timezone("UTC"))
        }
    })
}

fn texts<'a>(cells: impl Iterator<Item = &'a Cell>) -> io::Result<arrow_array::StringArray> {
    let mut texts = StringBuilder::new();
    let mut text = Vec::new();
    for cell in cells {
        text.clear();
        cells::write_exact(&mut text, cell)?;
        let absent = matches!(cell, Cell::Absent | Cell::Share { whole: 0, .. } | Cell::Change { was: 0, .. });
        texts.append_option((!absent).then_some(str::from_utf8(&text).map_err(io::Error::other)?));
    }
    Ok(texts.finish())
}

fn integer(head: &Head, cell: &Cell) -> io::Result<Option<i64>> {
    match cell {
        Cell::Absent | Cell::Text(_) => Ok(None),
        Cell::Integer(number) => i64::try_from(*number).map(Some).map_err(|_| unfit(head, number)),
        Cell::Signed { units, per: 1 } => i64::try_from(*units).map(Some).map_err(|_| unfit(head, units)),
        other => Err(unfit(head, other)),
    }
}

fn share(head: &Head, cell: &Cell) -> io::Result<Option<i128>> {
    match cell {
        Cell::Absent | Cell::Text(_) | Cell::Share { whole: 0, .. } => Ok(None),
        Cell::Share { part, whole } => {
            let millionths = human::millionths(*part, *whole).filter(|share| *share <= SHARE_MILLIONTHS_MAX);
            let millionths = millionths.and_then(|share| i128::try_from(share).ok());
            millionths.map(Some).ok_or_else(|| unfit(head, cell))
        }
        other => Err(unfit(head, other)),
    }
}

fn usd(head: &Head, cell: &Cell) -> io::Result<Option<i128>> {
    match cell {
        Cell::Absent | Cell::Text(_) => Ok(None),
        Cell::Amount { amount, .. } => Ok(Some(*amount)),
        Cell::Usd(amount) => i128::try_from(*amount).map(Some).map_err(|_| unfit(head, amount)),
        other => Err(unfit(head, other)),
    }
}

fn change(head: &Head, cell: &Cell) -> io::Result<Option<i128>> {
    match cell {
        Cell::Absent | Cell::Text(_) | Cell::Change { was: 0, .. } => Ok(None),
        Cell::Change { change, was } => {
            let millionths = human::millionths(change.unsigned_abs(), *was);
            let millionths = millionths.and_then(|part| i128::try_from(part).ok()).map(|part| part * change.signum());
            millionths.map(Some).ok_or_else(|| unfit(head, cell))
        }
        other => Err(unfit(head, other)),
    }
}

fn decimal(head: &Head, cell: &Cell) -> io::Result<Option<i128>> {
    match cell {
        Cell::Absent | Cell::Text(_) => Ok(None),
        Cell::Decimal { units, per } | Cell::Exact { units, per } => {
            let scaled = human::decimal_scaled(*units, *per, DECIMAL_DIGITS.1.unsigned_abs().into());
            let scaled = scaled.and_then(|scaled| i128::try_from(scaled).ok());
            scaled.map(Some).ok_or_else(|| unfit(head, cell))
        }
        Cell::Signed { units, per } => {
            let scaled = human::decimal_scaled(units.unsigned_abs(), *per, DECIMAL_DIGITS.1.unsigned_abs().into());
            let scaled = scaled.and_then(|scaled| i128::try_from(scaled).ok()).map(|scaled| scaled * units.signum());
            scaled.map(Some).ok_or_else(|| unfit(head, cell))
        }
        other => Err(unfit(head, other)),
    }
}

fn days(head: &Head, cell: &Cell) -> io::Result<Option<i32>> {
    match cell {
        Cell::Absent | Cell::Text(_) => Ok(None),
        Cell::Date(seconds) => i32::try_from(seconds / 86_400).map(Some).map_err(|_| unfit(head, seconds)),
        other => Err(unfit(head, other)),
    }
}

fn milliseconds(head: &Head, cell: &Cell) -> io::Result<Option<i64>> {
    match cell {
        Cell::Absent | Cell::Text(_) => Ok(None),
        Cell::Time(seconds) => Ok(Some(i64::from(*seconds) * 1000)),
        other => Err(unfit(head, other)),
    }
}

fn unfit(head: &Head, value: &impl std::fmt::Debug) -> io::Error {
    let message =
        format!("the parquet column `{}` ({}) cannot hold {value:?}; use csv or json", head.name, head.kind.name(),);
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn no_table() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "the report has no table for Parquet")
}

fn not_columns(error: ArrowError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
