//! The ledger of a store: a row for each object that was read, with what identifies its content and what became of its
//! records. Other engines read its columns; outflow reads the `detail`, which holds everything.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Kind;
use super::facts::DAY_SECONDS;
use super::file::{Written, moments, refused, writer};
use crate::collect::{KeyFacts, of_bytes};
use crate::decode::parquet::{ArrayFile, ParquetFault};
use crate::error::Error;
use crate::group::{Account, Class};

/// Bits of an object's id: as many as a record's count may have, so that a double holds it.
const ID_BITS: u32 = 50;
/// Basis and prime of the 64-bit FNV-1a hash.
const FNV: (u64, u64) = (0xcbf2_9ce4_8422_2325, 0x100_0000_01b3);
/// The column that holds everything.
const DETAIL: &str = "detail";

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was read to its end.
    Read,
    /// Part of it could not be read; it is tried again by the next run.
    Pending,
    /// An output of this program, of which nothing is kept.
    Output,
}

impl Status {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Pending => "pending",
            Self::Output => "output",
        }
    }
}

/// An object of the ledger.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct StoredObject {
    /// Identifies its rows.
    pub id: u64,
    /// Where it is: `s3://bucket/key`, or an absolute path.
    pub location: String,
    /// The name by which the input found it.
    pub name: String,
    /// Its size.
    pub stored_bytes: u64,
    /// What tells this content from a later one: the ETag, or the moment of its last change.
    pub version: String,
    /// When it was read, in seconds since 1970.
    pub ingested: u32,
    /// The commit that it came with.
    pub batch: String,
    /// What became of it.
    pub status: Status,
    /// What became of its records, no window set.
    pub account: Account,
    /// Records without a start.
    pub without_start: u64,
    /// The earliest and the latest start of its records.
    pub starts: Option<(u32, u32)>,
    /// Why it could not be read, if so.
    pub problem: Option<String>,
    /// Lines that are no records.
    pub malformed: u64,
    /// What the reader notes of it, as the reader writes it.
    pub note: Value,
}

impl StoredObject {
    /// The id of the content of an object.
    #[must_use]
    pub fn id_of(location: &str, stored_bytes: u64, version: &str) -> u64 {
        let text = format!("{location}\n{stored_bytes}\n{version}");
        let hash = text.bytes().fold(FNV.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV.1));
        (hash ^ hash >> ID_BITS) & ((1 << ID_BITS) - 1)
    }

    /// Whether an object that was listed is the content that was read.
    #[must_use]
    pub fn is_same(&self, stored_bytes: u64, version: &str) -> bool {
        self.stored_bytes == stored_bytes && self.version == version
    }

    /// The facts of its key.
    #[must_use]
    pub fn key(&self) -> KeyFacts {
        KeyFacts::of(&self.name)
    }

    /// The days of its records, counted since 1970, with those between them.
    pub fn days(&self) -> impl Iterator<Item = u32> {
        self.starts.into_iter().flat_map(|(first, last)| first / DAY_SECONDS..=last / DAY_SECONDS)
    }

    /// The records and their bytes, of all classes.
    #[must_use]
    pub fn all(&self) -> (u64, u128) {
        let tallies = Class::ALL.iter().filter(|class| **class != Class::Malformed).map(|class| self.account[*class]);
        tallies.fold((0, 0), |(records, bytes), tally| (records + tally.records, bytes + tally.bytes))
    }
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn number(name: &str) -> Field {
    Field::new(name, DataType::Int64, true)
}

/// The columns of the ledger.
pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        number("object_id"),
        text("location"),
        number("size"),
        text("version"),
        Field::new("ingested", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        text("status"),
        text("problem"),
        number("records"),
        number("bytes"),
        number("accepted"),
        number("rejected"),
        number("no_data"),
        number("skip_data"),
        number("malformed"),
        text(DETAIL),
    ]))
}

/// The file of some objects.
///
/// # Errors
/// If the library refuses them.
pub fn write(objects: &[StoredObject]) -> Result<Written, Error> {
    let schema = schema();
    let texts = |of: &dyn Fn(&StoredObject) -> Option<String>| -> ArrayRef {
        Arc::new(objects.iter().map(of).collect::<StringArray>())
    };
    let numbers = |of: &dyn Fn(&StoredObject) -> u128| -> ArrayRef {
        Arc::new(objects.iter().map(|object| i64::try_from(of(object)).ok()).collect::<Int64Array>())
    };
    let class = |class: Class| numbers(&move |object| object.account[class].records.into());
    let details = objects.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
    let details = details.map_err(|error| Error::internal(format!("an object cannot be written: {error}")))?;
    let arrays = vec![
        numbers(&|object| object.id.into()),
        texts(&|object| Some(object.location.clone())),
        numbers(&|object| object.stored_bytes.into()),
        texts(&|object| Some(object.version.clone())),
        moments(objects.iter().map(|object| object.ingested)),
        texts(&|object| Some(object.status.name().to_owned())),
        texts(&|object| object.problem.clone()),
        numbers(&|object| object.all().0.into()),
        numbers(&|object| object.all().1),
        class(Class::Counted),
        class(Class::Rejected),
        class(Class::NoData),
        class(Class::SkipData),
        numbers(&|object| object.malformed.into()),
        Arc::new(StringArray::from(details)),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(refused)?;
    let mut writer = writer(&schema, Kind::Object)?;
    writer.write(&batch).map_err(refused)?;
    let bytes = writer.into_inner().map_err(refused)?;
    let statistics = json!({ "numRecords": objects.len() }).to_string();
    Ok(Written { bytes, rows: objects.len() as u64, statistics })
}

/// Reads such a file.
///
/// # Errors
/// If it is damaged.
pub fn read(bytes: Vec<u8>) -> Result<Vec<StoredObject>, Error> {
    let damaged = |cause: &dyn std::fmt::Display| Error::read(format!("damaged: {cause}"));
    let arrays = ArrayFile::open(of_bytes(bytes)).and_then(|file| file.typed(schema()));
    let arrays = arrays.map_err(|fault| damaged(&fault))?;
    let mut objects = Vec::new();
    for group in 0..arrays.row_groups() {
        let mut faulty = None;
        let read = arrays.read_row_group::<ParquetFault>(group, &mut |batch| {
            let details = batch.column_by_name(DETAIL).and_then(|column| column.as_string_opt::<i32>());
            for detail in details.into_iter().flatten() {
                match serde_json::from_str(detail.unwrap_or_default()) {
                    Ok(object) => objects.push(object),
                    Err(error) => faulty = Some(error),
                }
            }
            Ok(())
        });
        read.map_err(|fault| damaged(&fault))?;
        if let Some(error) = faulty {
            return Err(damaged(&error));
        }
    }
    Ok(objects)
}
