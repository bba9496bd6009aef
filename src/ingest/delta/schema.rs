//! The columns of a table as Delta's log has them. Nested types are not needed here.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Format, Metadata};

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// Text.
    String,
    /// 64 bits.
    Long,
    /// Microseconds, UTC.
    Timestamp,
    /// A day.
    Date,
}

impl DataType {
    /// Its name in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Long => "long",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
        }
    }
}

impl Metadata {
    /// A table of such columns, all of which may be null.
    #[must_use]
    pub fn new(id: &str, name: &str, fields: &[Field], partition_columns: &[&str], created_milliseconds: i64) -> Self {
        let field = |Field { name, data_type }: &Field| json!({ "name": name, "type": data_type.name(), "nullable": true, "metadata": {} });
        let fields: Vec<_> = fields.iter().map(field).collect();
        Self {
            id: id.to_owned(),
            name: Some(name.to_owned()),
            description: None,
            format: Format { provider: "parquet".to_owned(), options: BTreeMap::new() },
            schema_string: json!({ "type": "struct", "fields": fields }).to_string(),
            partition_columns: partition_columns.iter().map(|column| (*column).to_owned()).collect(),
            configuration: BTreeMap::new(),
            created_time: Some(created_milliseconds),
        }
    }
}
