//! The lines of a Delta Lake log, as the protocol has them ("Delta Transaction Log Protocol", section Actions). What they
//! amount to is [`super::Snapshot`]'s matter.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use super::DeltaFault;

/// The versions of the protocol that this reads and writes; no features.
pub(super) const READER_VERSION: i32 = 1;
pub(super) const WRITER_VERSION: i32 = 2;
/// What a path does not have as it is in a URL.
const ENCODED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');

/// Values of a map whose values may be null.
pub type Values = BTreeMap<String, Option<String>>;

/// One line.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum Action {
    /// What readers and writers must know.
    #[serde(rename = "protocol")]
    Protocol(Protocol),
    /// What the table is.
    #[serde(rename = "metaData")]
    Metadata(Box<Metadata>),
    /// A file that belongs to the table.
    #[serde(rename = "add")]
    Add(Add),
    /// A file that does not any more.
    #[serde(rename = "remove")]
    Remove(Remove),
    /// How far an application has come.
    #[serde(rename = "txn")]
    Transaction(Transaction),
    /// Who wrote the commit.
    #[serde(rename = "commitInfo")]
    Info(Map<String, Value>),
}

/// What readers and writers must know.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Protocol {
    /// For readers.
    pub min_reader_version: i32,
    /// For writers.
    pub min_writer_version: i32,
    /// Features of readers, from version 3 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader_features: Option<Vec<String>>,
    /// Features of writers, from version 7 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer_features: Option<Vec<String>>,
}

impl Protocol {
    /// What tables of ours ask for.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            min_reader_version: READER_VERSION,
            min_writer_version: WRITER_VERSION,
            reader_features: None,
            writer_features: None,
        }
    }

    /// Refuses a table that asks for more than this can do.
    ///
    /// # Errors
    /// If so.
    pub fn check(&self) -> Result<(), DeltaFault> {
        if self.min_reader_version > READER_VERSION || self.min_writer_version > WRITER_VERSION {
            return Err(DeltaFault::Unsupported(format!(
                "the table asks for version {} of Delta's readers and {} of its writers; outflow has {READER_VERSION} and \
                 {WRITER_VERSION}",
                self.min_reader_version, self.min_writer_version
            )));
        }
        Ok(())
    }
}

/// What the table is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Identifies the table.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How its files are written.
    pub format: Format,
    /// Its columns, as JSON in a text.
    pub schema_string: String,
    /// The columns that are in the paths.
    pub partition_columns: Vec<String>,
    /// Settings.
    #[serde(default)]
    pub configuration: BTreeMap<String, String>,
    /// When it was made, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_time: Option<i64>,
}

/// How files are written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Format {
    /// `parquet`.
    pub provider: String,
    /// Settings.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

/// A file that belongs to the table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Add {
    /// Below the table's folder.
    #[serde(with = "encoded")]
    pub path: String,
    /// The values of the partition columns.
    pub partition_values: Values,
    /// Its bytes.
    pub size: i64,
    /// When it was written, in milliseconds since 1970.
    pub modification_time: i64,
    /// Whether the table's rows change by it.
    pub data_change: bool,
    /// What it holds, as JSON in a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<String>,
    /// Further notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Values>,
}

impl Add {
    /// How many rows it has, where its statistics say so.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        serde_json::from_str::<Value>(self.stats.as_deref()?).ok()?.get("numRecords")?.as_u64()
    }
}

/// A file that does not belong to the table any more.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remove {
    /// Below the table's folder.
    #[serde(with = "encoded")]
    pub path: String,
    /// When it was removed, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<i64>,
    /// Whether the table's rows change by it.
    pub data_change: bool,
    /// Whether the following are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_file_metadata: Option<bool>,
    /// The values of the partition columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_values: Option<Values>,
    /// Its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
}

impl Remove {
    /// The removal of a file.
    #[must_use]
    pub fn of(add: &Add, now_milliseconds: i64, data_change: bool) -> Self {
        Self {
            path: add.path.clone(),
            deletion_timestamp: Some(now_milliseconds),
            data_change,
            extended_file_metadata: Some(true),
            partition_values: Some(add.partition_values.clone()),
            size: Some(add.size),
        }
    }
}

/// How far an application has come.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// The application.
    pub app_id: String,
    /// Its own count.
    pub version: i64,
    /// When, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<i64>,
}

impl Action {
    /// Reads a line; nothing for an action that is not known, which need not be.
    ///
    /// # Errors
    /// If it is damaged, or of a kind that must be known.
    pub(super) fn read(line: &str) -> Result<Option<Self>, String> {
        Self::of(serde_json::from_str(line).map_err(|error| error.to_string())?)
    }

    /// The same of an object with one member.
    pub(super) fn of(object: Map<String, Value>) -> Result<Option<Self>, String> {
        let known = ["protocol", "metaData", "add", "remove", "txn", "commitInfo"];
        if !object.keys().any(|key| known.contains(&key.as_str())) {
            return Ok(None);
        }
        let vector =
            |key: &str| object.get(key).and_then(|file| file.get("deletionVector")).is_some_and(|v| !v.is_null());
        if vector("add") {
            return Err("it has a deletion vector, which outflow does not read".to_owned());
        }
        serde_json::from_value(Value::Object(object)).map(Some).map_err(|error| error.to_string())
    }
}

/// Paths are URLs in the log.
mod encoded {
    use super::{Deserialize, Deserializer, ENCODED, Serializer, de, percent_decode_str, utf8_percent_encode};

    pub(super) fn serialize<S: Serializer>(path: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&utf8_percent_encode(path, ENCODED))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let path = String::deserialize(deserializer)?;
        percent_decode_str(&path).decode_utf8().map(Into::into).map_err(de::Error::custom)
    }
}
