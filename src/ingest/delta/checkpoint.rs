//! Checkpoints: what the log amounts to at a version as one Parquet file, so that readers need not read all commits.
//!
//! The classic form, in one file; those of other writers in several parts are read too. Actions are taken from and to the
//! JSON that commits have, column by column, so what an action is stands in one place.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value, json};

use super::snapshot::{LAST_CHECKPOINT, Replay};
use super::{Action, DeltaFault, LOG, Snapshot, Storage};
use crate::collect::of_bytes;
use crate::decode::parquet::{ArrayFile, ParquetFault};

/// Actions that become columns together.
const BATCH_ACTIONS: usize = 8 << 10;

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

fn map(name: &str) -> Field {
    let entry = Fields::from(vec![Field::new("key", DataType::Utf8, false), field("value", DataType::Utf8)]);
    field(name, DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entry), false)), false))
}

fn texts<const N: usize>(names: [&str; N]) -> Vec<Field> {
    names.map(|name| field(name, DataType::Utf8)).to_vec()
}

fn structure(name: &str, fields: Vec<Vec<Field>>) -> Field {
    field(name, DataType::Struct(fields.concat().into()))
}

/// The columns of a checkpoint, as the protocol has them.
fn schema() -> Schema {
    let (long, int) =
        (|name: &str| vec![field(name, DataType::Int64)], |name: &str| vec![field(name, DataType::Int32)]);
    let flag = |name: &str| vec![field(name, DataType::Boolean)];
    let format = structure("format", vec![texts(["provider"]), vec![map("options")]]);
    let columns = DataType::List(Arc::new(field("element", DataType::Utf8)));
    Schema::new(vec![
        structure("txn", vec![texts(["appId"]), long("version"), long("lastUpdated")]),
        structure(
            "add",
            vec![
                texts(["path"]),
                vec![map("partitionValues")],
                long("size"),
                long("modificationTime"),
                flag("dataChange"),
                vec![map("tags")],
                texts(["stats"]),
            ],
        ),
        structure(
            "remove",
            vec![
                texts(["path"]),
                long("deletionTimestamp"),
                flag("dataChange"),
                flag("extendedFileMetadata"),
                vec![map("partitionValues")],
                long("size"),
            ],
        ),
        structure(
            "metaData",
            vec![
                texts(["id", "name", "description"]),
                vec![format],
                texts(["schemaString"]),
                vec![field("partitionColumns", columns), map("configuration")],
                long("createdTime"),
            ],
        ),
        structure("protocol", vec![int("minReaderVersion"), int("minWriterVersion")]),
    ])
}

/// Writes the checkpoint of a snapshot. Files that were removed before a moment are forgotten in it.
///
/// # Errors
/// If it cannot be written; the log is as it was then.
pub fn write_checkpoint(
    storage: &dyn Storage,
    snapshot: &Snapshot,
    tombstones_after_milliseconds: i64,
) -> Result<(), DeltaFault> {
    let path = format!("{LOG}/{:020}.checkpoint.parquet", snapshot.version);
    let of = |cause: String| DeltaFault::Damaged { path: path.clone(), line: None, cause };
    let is_kept = |at: Option<i64>| at.unwrap_or(0) > tombstones_after_milliseconds;
    let removed = snapshot.tombstones.values().filter(|remove| is_kept(remove.deletion_timestamp));
    // Readers of a checkpoint are told no news.
    let files = snapshot.files.values().cloned().map(|add| Action::Add(super::Add { data_change: false, ..add }));
    let removed = removed.cloned().map(|remove| Action::Remove(super::Remove { data_change: false, ..remove }));
    let head = [Action::Protocol(snapshot.protocol.clone()), Action::Metadata(Box::new(snapshot.metadata.clone()))];
    let transactions = snapshot.transactions.values().cloned().map(Action::Transaction);
    let actions: Vec<Action> = head.into_iter().chain(transactions).chain(files).chain(removed).collect();
    let schema = Arc::new(schema());
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(&schema), options);
    let mut writer = writer.map_err(|error| of(error.to_string()))?;
    for actions in actions.chunks(BATCH_ACTIONS) {
        let values = actions.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>();
        let values = values.map_err(|error| of(error.to_string()))?;
        let column = |field: &Arc<Field>| {
            array(field.data_type(), &values.iter().map(|value| value.get(field.name())).collect::<Vec<_>>())
        };
        let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, String>>().map_err(of)?;
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(|error| of(error.to_string()))?;
        writer.write(&batch).map_err(|error| of(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| of(error.to_string()))?;
    let io = |source| DeltaFault::Io { path: path.clone(), source };
    storage.put(&path, &bytes).map_err(io)?;
    let hint = json!({ "version": snapshot.version, "size": actions.len(), "sizeInBytes": bytes.len() });
    storage.put(LAST_CHECKPOINT, hint.to_string().as_bytes()).map_err(io)
}

/// Values of JSON as an array of a type; those of another type are absent.
fn array(data_type: &DataType, values: &[Option<&Value>]) -> Result<ArrayRef, String> {
    let text = |value: &Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    Ok(match data_type {
        DataType::Utf8 => Arc::new(values.iter().map(text).collect::<StringArray>()),
        DataType::Int64 => Arc::new(values.iter().map(|value| value.and_then(Value::as_i64)).collect::<Int64Array>()),
        DataType::Int32 => {
            let number = |value: &Option<&Value>| i32::try_from(value.and_then(Value::as_i64)?).ok();
            Arc::new(values.iter().map(number).collect::<Int32Array>())
        }
        DataType::Boolean => {
            Arc::new(values.iter().map(|value| value.and_then(Value::as_bool)).collect::<BooleanArray>())
        }
        DataType::Struct(fields) => {
            let column = |field: &Arc<Field>| {
                let of = |value: &Option<&Value>| -> Option<Value> { value.and_then(|v| v.get(field.name())).cloned() };
                let values: Vec<Option<Value>> = values.iter().map(of).collect();
                array(field.data_type(), &values.iter().map(Option::as_ref).collect::<Vec<_>>())
            };
            let columns = fields.iter().map(column).collect::<Result<Vec<_>, String>>()?;
            let there: BooleanArray =
                values.iter().map(|value| value.is_some_and(Value::is_object).then_some(true)).collect();
            let structure = StructArray::try_new(fields.clone(), columns, there.nulls().cloned());
            Arc::new(structure.map_err(|error| error.to_string())?)
        }
        DataType::List(element) => {
            let mut list = ListBuilder::new(StringBuilder::new()).with_field(Arc::clone(element));
            for value in values {
                let items = value.and_then(Value::as_array);
                items.into_iter().flatten().for_each(|item| list.values().append_option(item.as_str()));
                list.append(items.is_some());
            }
            Arc::new(list.finish())
        }
        DataType::Map(..) => maps(values)?,
        other => return Err(format!("{other} is no type of a checkpoint")),
    })
}

fn maps(values: &[Option<&Value>]) -> Result<ArrayRef, String> {
    let names = MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
    let mut map = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    for value in values {
        let entries = value.and_then(Value::as_object);
        for (key, value) in entries.into_iter().flatten() {
            map.keys().append_value(key);
            map.values().append_option(value.as_str());
        }
        map.append(entries.is_some()).map_err(|error| error.to_string())?;
    }
    Ok(Arc::new(map.finish()))
}

/// What the parts of a checkpoint amount to.
pub(super) fn read_checkpoint(storage: &dyn Storage, parts: &[String]) -> Result<Replay, DeltaFault> {
    let mut replay = Replay::default();
    // `….checkpoint.0000000001.0000000003.parquet`: all three, or it is none.
    let of = parts.first().and_then(|path| path.rsplit('.').nth(1)?.parse::<usize>().ok());
    if of.is_some_and(|of| of != parts.len()) {
        let path = parts.first().cloned().unwrap_or_default();
        return Err(DeltaFault::Damaged { path, line: None, cause: format!("{} of its parts are there", parts.len()) });
    }
    for path in parts {
        let damaged = |cause: String| DeltaFault::Damaged { path: path.clone(), line: None, cause };
        let bytes = storage.read(path).map_err(|source| DeltaFault::Io { path: path.clone(), source })?;
        let bytes = bytes.ok_or_else(|| DeltaFault::Missing { path: path.clone() })?;
        read_part(bytes, &mut replay).map_err(damaged)?;
    }
    match (&replay.protocol, &replay.metadata) {
        (Some(_), Some(_)) => Ok(replay),
        _ => Err(DeltaFault::Damaged {
            path: parts.first().cloned().unwrap_or_default(),
            line: None,
            cause: "it has no protocol or no metadata".to_owned(),
        }),
    }
}

fn read_part(bytes: Vec<u8>, replay: &mut Replay) -> Result<(), String> {
    let shown = |fault: ParquetFault| fault.to_string();
    let file = ArrayFile::open(of_bytes(bytes)).and_then(|file| file.untyped()).map_err(shown)?;
    let known: BTreeSet<String> = schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut faulty = None;
    for group in 0..file.row_groups() {
        let read = file.read_row_group::<ParquetFault>(group, &mut |batch| {
            let schema = batch.schema();
            for row in 0..batch.num_rows() {
                let columns = schema.fields().iter().zip(batch.columns());
                let action = columns.filter(|(field, _)| known.contains(field.name())).find_map(|(field, column)| {
                    let value = value(column, row);
                    (!value.is_null()).then(|| Map::from_iter([(field.name().clone(), value)]))
                });
                match action.map(Action::of).transpose() {
                    Ok(action) => action.flatten().into_iter().for_each(|action| replay.apply(action)),
                    Err(cause) => faulty = Some(cause),
                }
            }
            Ok(())
        });
        read.map_err(shown)?;
    }
    faulty.map_or(Ok(()), Err)
}

/// A cell as JSON; what is absent in a structure is left out. Types that no action has are null.
fn value(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            let members = columns.map(|(field, column)| (field.name().clone(), value(column, row)));
            Value::Object(members.filter(|(_, value)| !value.is_null()).collect())
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            (0..items.len()).map(|item| value(&items, item)).collect()
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (Some(keys), Some(values)) = (entries.columns().first(), entries.columns().get(1)) else {
                return Value::Null;
            };
            let entry = |place: usize| Some((value(keys, place).as_str()?.to_owned(), value(values, place)));
            Value::Object((0..entries.len()).filter_map(entry).collect())
        }
        _ => Value::Null,
    }
}
