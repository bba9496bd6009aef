//! Records as Parquet, as AWS types it: text as it stands in a log with `-` where absent, numbers as INT32 and INT64
//! with null where absent, names in `snake_case`, pages compressed by gzip.

use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, Int32Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema, SchemaRef};
use outflow::schema::{Column, Kind};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::{Field, fields};
use crate::flowgen::traffic::Record;
use crate::flowgen::world::Stream;

/// Records buffered before they are handed to the writer.
const BATCH_RECORDS: usize = 64 * 1024;

/// Writes Parquet to memory.
pub(crate) struct Columns<'w> {
    columns: Vec<(Column, Builder)>,
    version: u8,
    stream: &'w Stream,
    schema: SchemaRef,
    writer: ArrowWriter<Vec<u8>>,
}

/// The values of a column that wait to be written.
enum Builder {
    Text(StringBuilder),
    Small(Int32Builder),
    Big(Int64Builder),
}

impl<'w> Columns<'w> {
    pub(super) fn new(columns: &[Column], stream: &'w Stream) -> Result<Self, String> {
        let version = fields::version(columns);
        let columns: Vec<_> = columns.iter().map(|column| (*column, Builder::new(column.kind()))).collect();
        let field =
            |(column, builder): &(Column, Builder)| arrow_schema::Field::new(column.name(), builder.data_type(), true);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let properties = WriterProperties::builder().set_compression(Compression::GZIP(Default::default())).build();
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties)).map_err(message)?;
        Ok(Self { columns, version, stream, schema, writer })
    }

    /// Appends records.
    pub(super) fn write(&mut self, records: &[Record<'w>]) -> Result<(), String> {
        for (column, builder) in &mut self.columns {
            for record in records {
                builder.push(fields::field(self.stream, record, *column, self.version));
            }
        }
        if self.columns.first().is_some_and(|(_, builder)| builder.len() >= BATCH_RECORDS) {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// The whole file.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, String> {
        self.flush()?;
        self.writer.into_inner().map_err(message)
    }

    fn flush(&mut self) -> Result<(), String> {
        let arrays = self.columns.iter_mut().map(|(_, builder)| builder.finish()).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(message)?;
        self.writer.write(&batch).map_err(message)
    }
}

impl Builder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Address | Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Small => Self::Small(Int32Builder::new()),
            Kind::Big | Kind::Time => Self::Big(Int64Builder::new()),
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Text(_) => DataType::Utf8,
            Self::Small(_) => DataType::Int32,
            Self::Big(_) => DataType::Int64,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(builder) => builder.len(),
            Self::Small(builder) => builder.len(),
            Self::Big(builder) => builder.len(),
        }
    }

    fn push(&mut self, field: Field<'_>) {
        let number = if let Field::Number(number) = field { Some(number) } else { None };
        match self {
            Self::Small(builder) => builder.append_option(number.and_then(|number| i32::try_from(number).ok())),
            Self::Big(builder) => builder.append_option(number.and_then(|number| i64::try_from(number).ok())),
            Self::Text(builder) => match field {
                Field::Absent => builder.append_value("-"),
                Field::Text(text) => builder.append_value(text),
                Field::Made(text) => builder.append_value(text),
                Field::Address(address) => builder.append_value(address.to_string()),
                Field::Number(number) => builder.append_value(number.to_string()),
            },
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Small(builder) => Arc::new(builder.finish()),
            Self::Big(builder) => Arc::new(builder.finish()),
        }
    }
}

fn message(error: impl std::fmt::Display) -> String {
    error.to_string()
}
