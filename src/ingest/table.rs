//! The table of a store as Delta's log describes it: columns, partitions, and where a file lies.

use chrono::NaiveDate;

use super::delta::{Add, DataType, Field, Metadata};
use super::{Kind, Written, objects};
use crate::error::Error;
use crate::schema::{Kind as Held, stored};

/// The setting by which a table says that it is a store, and of which version.
const VERSION: (&str, &str) = ("outflow.storeVersion", "1");
/// The column of a row's kind.
const KIND: &str = "kind";
/// The column of its day.
const DAY: &str = "day";
/// The folder of rows without a day, as Hive names it.
const NO_DAY: &str = "__HIVE_DEFAULT_PARTITION__";

/// Where a file of a store belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The kind of its rows.
    pub kind: Kind,
    /// Their day, counted since 1970, if they have one.
    pub day: Option<u32>,
}

impl Part {
    /// The part of a file in the log; none if it is no file of ours.
    #[must_use]
    pub fn of(add: &Add) -> Option<Self> {
        let kind = add.partition_values.get(KIND)?.as_deref()?;
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
        let day = match add.partition_values.get(DAY)?.as_deref() {
            None | Some("") => None,
            Some(day) => Some(u32::try_from(day.parse::<NaiveDate>().ok()?.to_epoch_days()).ok()?),
        };
        Some(Self { kind, day })
    }

    fn day_name(self) -> Option<String> {
        let date = NaiveDate::from_epoch_days(self.day?.cast_signed())?;
        Some(date.format("%Y-%m-%d").to_string())
    }

    /// Where the file of a batch lies, below the table's folder.
    #[must_use]
    pub fn path(self, batch: &str) -> String {
        let day = self.day_name().unwrap_or_else(|| NO_DAY.to_owned());
        format!("{KIND}={}/{DAY}={day}/part-{batch}.parquet", self.kind.name())
    }

    /// What the log says of a file that was written there.
    #[must_use]
    pub fn add(self, path: String, written: &Written, now_milliseconds: i64, data_change: bool) -> Add {
        let values = [(KIND, Some(self.kind.name().to_owned())), (DAY, self.day_name())];
        Add {
            path,
            partition_values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            size: i64::try_from(written.bytes.len()).unwrap_or(i64::MAX),
            modification_time: now_milliseconds,
            data_change,
            stats: Some(written.statistics.clone()),
            tags: None,
        }
    }
}

/// The columns of the table: those of all kinds, each of which has only its own.
fn fields() -> Vec<Field> {
    let field = |name: &str, data_type| Field { name: name.to_owned(), data_type };
    let mut fields = vec![field(KIND, DataType::String), field(DAY, DataType::Date)];
    let mut add = |name: &str, data_type| {
        if !fields.iter().any(|field| field.name == name) {
            fields.push(field(name, data_type));
        }
    };
    for column in stored::FACT.into_iter().chain(stored::INTERFACE) {
        let data_type = match column.kind() {
            Held::Address | Held::Text => DataType::String,
            Held::Small | Held::Big => DataType::Long,
            Held::Time => DataType::Timestamp,
        };
        add(stored::name(column), data_type);
    }
    for column in objects::schema().fields() {
        let data_type = match column.data_type() {
            arrow_schema::DataType::Int64 => DataType::Long,
            arrow_schema::DataType::Timestamp(..) => DataType::Timestamp,
            _ => DataType::String,
        };
        add(column.name(), data_type);
    }
    fields
}

/// The description of a new table.
#[must_use]
pub fn metadata(id: &str, now_milliseconds: i64) -> Metadata {
    let mut metadata = Metadata::new(id, "outflow", &fields(), &[KIND, DAY], now_milliseconds);
    metadata.configuration.insert(VERSION.0.to_owned(), VERSION.1.to_owned());
    metadata
}

/// Refuses a table that is no store, or one of another version.
///
/// # Errors
/// If so.
pub fn check(metadata: &Metadata) -> Result<(), Error> {
    match metadata.configuration.get(VERSION.0).map(String::as_str) {
        Some(version) if version == VERSION.1 => Ok(()),
        Some(version) => {
            Err(Error::read(format!("the store has version {version}; this outflow supports {}", VERSION.1)))
        }
        None => Err(Error::read("a Delta Lake table that outflow did not make")
            .hint("`outflow ingest LOGS --store FOLDER` makes one of logs")),
    }
}
