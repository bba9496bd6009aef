//! Columns of a bill: their values of a line item, as text of CSV and as Parquet's types.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringBuilder, TimestampMillisecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use chrono::DateTime;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::lines::{Line, Month, SCALE};
use super::truth::decimals;
use crate::flowgen::estate::gzip::Gzip;

/// A line item where it stands.
pub(super) struct Row<'b> {
    pub(super) line: &'b Line,
    pub(super) month: &'b Month,
    /// Its number in the month, from 0.
    pub(super) number: usize,
}

/// The type of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Number,
    Time,
}

/// A value: a number in parts of one, a time in seconds since 1970.
pub(super) enum Cell<'b> {
    Null,
    Text(Cow<'b, str>),
    Number(i64),
    Time(u32),
}

/// A column.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) of: Type,
    pub(super) value: for<'r> fn(&Row<'r>) -> Cell<'r>,
}

impl Type {
    /// AWS's word for it in a manifest.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "double",
            Self::Time => "timestamp",
        }
    }
}

impl<'b> Cell<'b> {
    /// A text; none if it is empty.
    pub(super) fn text(text: impl Into<Cow<'b, str>>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Null } else { Self::Text(text) }
    }
}

/// A time as AWS writes it.
pub(super) fn time(moment: u32) -> String {
    DateTime::from_timestamp(moment.into(), 0).unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A file of lines as gzipped CSV, with times that end so.
pub(super) fn csv(columns: &[Column], rows: &[Row<'_>], level: u32, zone: &str) -> Result<Vec<u8>, String> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(columns.iter().map(|column| column.name)).map_err(message)?;
    for row in rows {
        for column in columns {
            let written = match (column.value)(row) {
                Cell::Null => table.write_field(""),
                Cell::Text(text) => table.write_field(text.as_bytes()),
                Cell::Number(parts) => table.write_field(decimals(parts)),
                Cell::Time(moment) => table.write_field(time(moment).replace('Z', zone)),
            };
            written.map_err(message)?;
        }
        table.write_record(None::<&[u8]>).map_err(message)?;
    }
    let mut file = Gzip::new(level);
    file.write(&table.into_inner().map_err(message)?).map_err(message)?;
    file.finish().map_err(message)
}

/// A file of lines as Parquet.
pub(super) fn parquet(columns: &[Column], rows: &[Row<'_>]) -> Result<Vec<u8>, String> {
    let fields = columns.iter().map(|column| {
        let data_type = match column.of {
            Type::Text => DataType::Utf8,
            Type::Number => DataType::Float64,
            Type::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        };
        Field::new(column.name, data_type, true)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties)).map_err(message)?;
    let arrays = columns.iter().map(|column| array(column, rows)).collect();
    writer.write(&RecordBatch::try_new(schema, arrays).map_err(message)?).map_err(message)?;
    writer.into_inner().map_err(message)
}

fn array(column: &Column, rows: &[Row<'_>]) -> ArrayRef {
    let cells = rows.iter().map(column.value);
    match column.of {
        Type::Text => {
            let mut builder = StringBuilder::new();
            cells.for_each(|cell| builder.append_option(if let Cell::Text(text) = cell { Some(text) } else { None }));
            Arc::new(builder.finish())
        }
        Type::Number => {
            let mut builder = Float64Builder::new();
            let value = |cell| if let Cell::Number(parts) = cell { Some(parts as f64 / SCALE as f64) } else { None };
            cells.for_each(|cell| builder.append_option(value(cell)));
            Arc::new(builder.finish())
        }
        Type::Time => {
            let mut builder = TimestampMillisecondBuilder::new().with_timezone("UTC");
            let value = |cell| if let Cell::Time(moment) = cell { Some(i64::from(moment) * 1000) } else { None };
            cells.for_each(|cell| builder.append_option(value(cell)));
            Arc::new(builder.finish())
        }
    }
}

pub(super) fn message(error: impl std::fmt::Display) -> String {
    error.to_string()
}
