//! Rows → a Parquet file of a store, and what the table's log says of it. Where the file goes is not decided here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use super::Kind;
use crate::decode::parquet::unwrapped;
use crate::decode::{Dictionary, Flows, Values};
use crate::error::Error;
use crate::group::derive;
use crate::group::wire::{address_array, text_array};
use crate::schema::stored::{self, STORE_MARK};
use crate::schema::{ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, ABSENT_TIME, BIG_MAX, Column, ColumnSet};
use crate::units::escape;
use crate::units::time;

/// Rows of a row group, which are sorted together and held in memory until they are written.
const ROW_GROUP_ROWS: usize = 128 << 10;
/// Bytes of a column's distinct values up to which they are written once each: enough for the addresses of a row group.
const DICTIONARY_BYTES: usize = 4 << 20;
const MICROSECONDS: i64 = 1_000_000;
/// What rows are sorted by, so that neighbours have much in common.
const ORDER: [Column; 4] = [Column::AccountId, Column::Region, Column::Hour, Column::InterfaceId];
/// The sums that a row has at most [`BIG_MAX`] of, as a record has.
const COUNTS: [Column; 3] = [Column::RecordCount, Column::Bytes, Column::Packets];

/// A finished file.
#[derive(Debug)]
pub struct Written {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many rows it has.
    pub rows: u64,
    /// Its statistics as Delta's log has them: JSON.
    pub statistics: String,
}

/// A file of facts or of interfaces' hours being written.
pub(super) struct FileWriter {
    columns: Vec<Column>,
    schema: SchemaRef,
    writer: ArrowWriter<Vec<u8>>,
    pending: Flows,
    statistics: Statistics,
}

/// What is said of a file, so that readers need not open it.
#[derive(Debug, Default)]
struct Statistics {
    rows: u64,
    hours: Option<(u32, u32)>,
    accounts: BTreeSet<String>,
    regions: BTreeSet<String>,
    /// How many values are null, by column.
    nulls: BTreeMap<&'static str, u64>,
}

impl std::fmt::Debug for FileWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileWriter").field("pending", &self.pending.rows()).finish_non_exhaustive()
    }
}

impl FileWriter {
    /// An empty file of a kind that is made of records.
    ///
    /// # Errors
    /// If the library refuses the columns.
    pub(super) fn new(kind: Kind) -> Result<Self, Error> {
        let columns = kind.columns().to_vec();
        let field = |column: &Column| Field::new(stored::name(*column), data_type(*column), true);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        Ok(Self {
            writer: writer(&schema, kind)?,
            pending: Flows::new(ColumnSet::of(&columns)),
            statistics: Statistics::default(),
            columns,
            schema,
        })
    }

    /// Adds rows. The dictionary must be the same one every time.
    ///
    /// # Errors
    /// If the library refuses them.
    pub(super) fn add(&mut self, flows: &Flows, dictionary: &Dictionary, picked: &[u32]) -> Result<(), Error> {
        self.pending.extend_from(flows, picked);
        if self.pending.rows() >= ROW_GROUP_ROWS { self.flush(dictionary) } else { Ok(()) }
    }

    /// Writes what was added as a row group.
    fn flush(&mut self, dictionary: &Dictionary) -> Result<(), Error> {
        let (empty, mut hours) = (Flows::new(ColumnSet::of(&self.columns)), Values::Time(Vec::new()));
        let mut pending = split_large(std::mem::replace(&mut self.pending, empty));
        derive::derive(Column::Hour, &pending, &mut hours);
        if let Some(into) = pending.values_mut(Column::Hour) {
            *into = hours;
        }
        let sorted = sorted(&pending, &self.columns);
        self.statistics.add(&sorted, dictionary);
        let arrays = self.columns.iter().map(|column| array(&sorted, *column, dictionary));
        let arrays = arrays.collect::<Result<Vec<_>, Error>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(refused)?;
        self.writer.write(&batch).map_err(refused)?;
        self.writer.flush().map_err(refused)
    }

    /// The file, if it has any rows.
    ///
    /// # Errors
    /// If the library refuses the last rows.
    pub(super) fn finish(mut self, dictionary: &Dictionary) -> Result<Option<Written>, Error> {
        if self.pending.rows() > 0 {
            self.flush(dictionary)?;
        }
        let rows = self.statistics.rows;
        let bytes = self.writer.into_inner().map_err(refused)?;
        Ok((rows > 0).then(|| Written { bytes, rows, statistics: self.statistics.json() }))
    }
}

impl Kind {
    /// The columns of its rows, where these are made of records.
    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Fact => &stored::FACT,
            Self::Interface => &stored::INTERFACE,
            Self::Object => &[],
        }
    }
}

/// A writer of a store's files of a kind.
pub(super) fn writer(schema: &SchemaRef, kind: Kind) -> Result<ArrowWriter<Vec<u8>>, Error> {
    let mark = KeyValue::new(STORE_MARK.to_owned(), kind.name().to_owned());
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_key_value_metadata(Some(vec![mark]))
        .build();
    // Other readers are to see texts, not how they are held here.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options).map_err(refused)
}

pub(super) fn refused(error: impl Into<parquet::errors::ParquetError>) -> Error {
    Error::write(format!("a file of the store cannot be written: {}", unwrapped(error.into())))
}

fn data_type(column: Column) -> DataType {
    use crate::schema::Kind::{Address, Big, Small, Text, Time};
    match column.kind() {
        Address | Text => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Small | Big => DataType::Int64,
        Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

fn array(flows: &Flows, column: Column, dictionary: &Dictionary) -> Result<ArrayRef, Error> {
    let refused = |fault| Error::internal(format!("{}: {fault}", column.name()));
    Ok(match flows.values(column) {
        Some(Values::Address(values)) => address_array(values).map_err(refused)?,
        Some(Values::Text(values)) => text_array(values, dictionary).map_err(refused)?,
        Some(Values::Small(values)) => {
            let number = |value: &u32| Some(i64::from(*value)).filter(|_| *value != ABSENT_SMALL);
            Arc::new(values.iter().map(number).collect::<Int64Array>())
        }
        Some(Values::Big(values)) => {
            let number = |value: &u64| i64::try_from(*value).ok().filter(|_| *value != ABSENT_BIG);
            Arc::new(values.iter().map(number).collect::<Int64Array>())
        }
        Some(Values::Time(values)) => moments(values.iter().copied()),
        None => return Err(Error::internal(format!("{} is missing in a block", column.name()))),
    })
}

/// Moments as an array.
pub(super) fn moments(seconds: impl Iterator<Item = u32>) -> ArrayRef {
    let microseconds = |seconds: u32| Some(i64::from(seconds) * MICROSECONDS).filter(|_| seconds != ABSENT_TIME);
    Arc::new(seconds.map(microseconds).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// The rows in the order of a file.
fn sorted(flows: &Flows, columns: &[Column]) -> Flows {
    let keys = ORDER.map(|column| flows.smalls(column).unwrap_or_default());
    let ends = [Column::Srcaddr, Column::Dstaddr].map(|column| flows.addresses(column).unwrap_or_default());
    let key = |row: &u32| {
        let row = *row as usize;
        (keys.map(|values| values.get(row).copied()), ends.map(|values| values.get(row).copied()))
    };
    let mut rows: Vec<u32> = (0..u32::try_from(flows.rows()).unwrap_or(u32::MAX)).collect();
    rows.sort_by_cached_key(key);
    let mut sorted = Flows::new(ColumnSet::of(columns));
    sorted.extend_from(flows, &rows);
    sorted
}

/// Gives rows whose sums no single row may have several rows instead: readers take larger counts for damage.
fn split_large(mut flows: Flows) -> Flows {
    loop {
        let counts = COUNTS.map(|column| flows.bigs(column).unwrap_or_default());
        let large = |row: &usize| counts.iter().any(|values| is_large(values, *row));
        let rows: Vec<u32> = (0..flows.rows()).filter(large).filter_map(|row| u32::try_from(row).ok()).collect();
        if rows.is_empty() {
            return flows;
        }
        let before = flows.rows();
        let copy = flows.clone();
        flows.extend_from(&copy, &rows);
        for column in COUNTS {
            if let Some(Values::Big(values)) = flows.values_mut(column) {
                for (place, row) in rows.iter().map(|row| *row as usize).enumerate() {
                    let taken = if column == Column::RecordCount { 1 } else { values[row].min(BIG_MAX) };
                    // Each row is of one record at least, and no record has more than a row may have.
                    let (taken, is_absent) = (taken, values[row] == ABSENT_BIG);
                    if !is_absent {
                        values[before + place] = taken;
                        values[row] -= taken;
                    }
                }
            }
        }
    }
}

fn is_large(values: &[u64], row: usize) -> bool {
    values.get(row).is_some_and(|value| *value > BIG_MAX && *value != ABSENT_BIG)
}

impl Statistics {
    fn add(&mut self, flows: &Flows, dictionary: &Dictionary) {
        self.rows += flows.rows() as u64;
        for hour in flows.smalls(Column::Hour).unwrap_or_default().iter().filter(|hour| **hour != ABSENT_TIME) {
            let (first, last) = self.hours.unwrap_or((*hour, *hour));
            self.hours = Some((first.min(*hour), last.max(*hour)));
        }
        for (column, texts) in [(Column::AccountId, &mut self.accounts), (Column::Region, &mut self.regions)] {
            let codes: BTreeSet<u32> = flows.smalls(column).unwrap_or_default().iter().copied().collect();
            let present = codes.into_iter().filter(|code| *code != ABSENT_TEXT);
            texts.extend(present.map(|code| escape::to_text(dictionary.text(code)).into_owned()));
        }
        for column in [Column::Hour, Column::AccountId, Column::Region] {
            let nulls =
                flows.values(column).map_or(0, |values| (0..values.len()).filter(|r| !values.present(*r)).count());
            *self.nulls.entry(stored::name(column)).or_default() += nulls as u64;
        }
    }

    fn json(&self) -> String {
        let (mut least, mut greatest) = (serde_json::Map::new(), serde_json::Map::new());
        let mut put = |column, bounds: Option<(String, String)>| {
            if let Some((first, last)) = bounds {
                least.insert(stored::name(column).to_owned(), Value::String(first));
                greatest.insert(stored::name(column).to_owned(), Value::String(last));
            }
        };
        let ends = |texts: &BTreeSet<String>| Some((texts.first()?.clone(), texts.last()?.clone()));
        put(Column::Hour, self.hours.map(|(first, last)| (time::write(first), time::write(last))));
        put(Column::AccountId, ends(&self.accounts));
        put(Column::Region, ends(&self.regions));
        json!({ "numRecords": self.rows, "minValues": least, "maxValues": greatest, "nullCount": self.nulls })
            .to_string()
    }
}
