//! Which columns a file has for a spec, and columns of values as Arrow's arrays and back.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMillisecondType, UInt32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int32Array, StringArray, TimestampMillisecondArray, UInt32Array, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::WireFault;
use crate::decode::{Dictionary, Values};
use crate::group::key::{Cut, is_v4};
use crate::group::spec::Spec;
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TIME, Column, Kind};
use crate::units::escape;

const MILLISECONDS: i64 = 1000;
/// The columns of the sums, by their places in a row's words.
const RECORDS: &str = "records";
const BYTES: &str = "bytes";
const PACKETS: &str = "packets";
const FIRST_START: &str = "first_start";
const LAST_START: &str = "last_start";
const LAST_END: &str = "last_end";
pub(super) const REJECTED: &str = "rejected";
/// The one column of the lines.
const LINE: &str = "line";

/// A column of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keyed {
    pub(super) name: String,
    pub(super) column: Column,
    pub(super) cut: Option<Cut>,
}

/// The key columns, with columns grouped as one listed separately.
pub(super) fn keyed(spec: &Spec) -> Vec<Keyed> {
    let mut keyed: Vec<Keyed> = Vec::new();
    let mut add = |name: String, column, cut| {
        let taken = |name: &str| {
            counts(spec).contains(&name) || moments(spec).contains(&name) || keyed.iter().any(|key| key.name == name)
        };
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let name = std::iter::once(name.clone()).chain(numbered).find(|name| name != REJECTED && !taken(name));
        keyed.extend(name.map(|name| Keyed { name, column, cut }));
    };
    for key in &spec.keys {
        if key.column == Column::Vantage && !spec.vantages.is_empty() {
            spec.vantages.iter().for_each(|column| add(column.name().to_owned(), *column, None));
        } else {
            add(key.name(), key.column, key.cut);
        }
    }
    keyed
}

/// The counts, in row word order.
pub(super) fn counts(spec: &Spec) -> Vec<&'static str> {
    let asked = [(true, RECORDS), (spec.bytes, BYTES), (spec.packets, PACKETS)];
    asked.into_iter().filter(|(asked, _)| *asked).map(|(_, name)| name).collect()
}

/// The first moment and the last one, where they are kept.
pub(super) fn moments(spec: &Spec) -> Vec<&'static str> {
    match (spec.seen, spec.starts) {
        (false, _) => Vec::new(),
        (true, true) => vec![FIRST_START, LAST_START],
        (true, false) => vec![FIRST_START, LAST_END],
    }
}

/// The schema of the file. In memory texts are in dictionaries; in the file they are plain texts.
pub(super) fn schema(spec: &Spec) -> SchemaRef {
    let keys = keyed(spec).into_iter().map(|key| Field::new(key.name, data_type(key.column.kind()), true));
    let rejected = std::iter::once(Field::new(REJECTED, DataType::Boolean, false));
    let counts = counts(spec).into_iter().map(|name| Field::new(name, DataType::UInt64, false));
    let moments = moments(spec).into_iter().map(|name| Field::new(name, data_type(Kind::Time), true));
    Arc::new(Schema::new(keys.chain(rejected).chain(counts).chain(moments).collect::<Vec<_>>()))
}

/// The schema of the lines.
pub(super) fn line_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(LINE, DataType::Utf8, false)]))
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Address | Kind::Text => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Kind::Small => DataType::UInt32,
        Kind::Big => DataType::UInt64,
        Kind::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
    }
}

/// Values as an array; `names` has the texts.
pub(super) fn to_array(key: &Keyed, values: &Values, names: &Dictionary) -> Result<ArrayRef, WireFault> {
    match values {
        Values::Address(values) => texts(values, ABSENT_ADDRESS, |address| shown(address, key.cut)),
        Values::Text(values) => text_array(values, names),
        Values::Small(values) => {
            Ok(Arc::new(values.iter().map(|value| (*value != ABSENT_SMALL).then_some(*value)).collect::<UInt32Array>()))
        }
        Values::Big(values) => {
            Ok(Arc::new(values.iter().map(|value| (*value != ABSENT_BIG).then_some(*value)).collect::<UInt64Array>()))
        }
        Values::Time(values) => Ok(times(values.iter().map(|value| (*value != ABSENT_TIME).then_some(*value)))),
    }
}

/// Addresses as texts, each of which is written once.
///
/// # Errors
/// If the library refuses them.
pub fn address_array(values: &[u128]) -> Result<ArrayRef, WireFault> {
    texts(values, ABSENT_ADDRESS, |address| shown(address, None))
}

/// Texts by their codes, each of which is written once.
///
/// # Errors
/// If the library refuses them.
pub fn text_array(values: &[u32], names: &Dictionary) -> Result<ArrayRef, WireFault> {
    texts(values, Dictionary::ABSENT, |code| escape::to_text(names.text(code)).into_owned())
}

/// Moments as an array.
pub(super) fn times(moments: impl Iterator<Item = Option<u32>>) -> ArrayRef {
    let milliseconds = moments.map(|moment| moment.map(|seconds| i64::from(seconds) * MILLISECONDS));
    Arc::new(milliseconds.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
}

/// Values as texts, each of which is written once.
fn texts<T: Copy + Eq + Hash>(values: &[T], absent: T, text: impl Fn(T) -> String) -> Result<ArrayRef, WireFault> {
    let (mut places, mut texts) = (HashMap::<T, i32, ahash::RandomState>::default(), Vec::new());
    let mut place = |value: T| {
        *places.entry(value).or_insert_with(|| {
            texts.push(text(value));
            i32::try_from(texts.len() - 1).unwrap_or(i32::MAX)
        })
    };
    let keys: Int32Array = values.iter().map(|value| (*value != absent).then(|| place(*value))).collect();
    let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from(texts)));
    Ok(Arc::new(array.map_err(|error| error.to_string())?))
}

/// An address, with its prefix if it is cut.
fn shown(address: u128, cut: Option<Cut>) -> String {
    let held = Ipv6Addr::from(address);
    let shown = if is_v4(address) { held.to_canonical() } else { IpAddr::V6(held) };
    match cut.and_then(|cut| cut.bits(address)) {
        Some(bits) => format!("{shown}/{bits}"),
        None => shown.to_string(),
    }
}

/// The address of such a text.
fn held(text: &str) -> Option<u128> {
    let address = text.split_once('/').map_or(text, |(address, _)| address);
    match address.parse().ok()? {
        IpAddr::V4(address) => Some(address.to_ipv6_mapped().to_bits()),
        IpAddr::V6(address) => Some(address.to_bits()),
    }
}

/// An array of a column as values; `names` learns the texts.
pub(super) fn to_values(column: Column, array: &dyn Array, names: &mut Dictionary) -> Result<Values, WireFault> {
    let wrong = || format!("the values of {} are none of its kind", column.name());
    Ok(match column.kind() {
        Kind::Address => Values::Address(of_texts(array, ABSENT_ADDRESS, held).ok_or_else(wrong)?),
        Kind::Text => {
            let code = |text: &str| Some(names.code(&escape::to_bytes(text)));
            Values::Text(of_texts(array, Dictionary::ABSENT, code).ok_or_else(wrong)?)
        }
        Kind::Small => {
            let values = array.as_primitive_opt::<UInt32Type>().ok_or_else(wrong)?;
            Values::Small(values.iter().map(|value| value.unwrap_or(ABSENT_SMALL)).collect())
        }
        Kind::Big => {
            let values = array.as_primitive_opt::<UInt64Type>().ok_or_else(wrong)?;
            Values::Big(values.iter().map(|value| value.unwrap_or(ABSENT_BIG)).collect())
        }
        Kind::Time => {
            let moments = of_times(array).ok_or_else(wrong)?;
            Values::Time(moments.into_iter().map(|moment| moment.unwrap_or(ABSENT_TIME)).collect())
        }
    })
}

/// The moments of an array; nothing if one of them is none that is held here.
pub(super) fn of_times(array: &dyn Array) -> Option<Vec<Option<u32>>> {
    let seconds = |milliseconds: i64| {
        (milliseconds % MILLISECONDS == 0).then(|| u32::try_from(milliseconds / MILLISECONDS).ok()).flatten()
    };
    let values = array.as_primitive_opt::<TimestampMillisecondType>()?;
    values.iter().map(|value| value.map_or(Some(None), |value| seconds(value).map(Some))).collect()
}

/// The counts of an array without nulls.
pub(super) fn of_counts(array: &dyn Array) -> Option<Vec<u64>> {
    array.as_primitive_opt::<UInt64Type>()?.iter().collect()
}

fn of_texts<T: Copy>(array: &dyn Array, absent: T, mut value: impl FnMut(&str) -> Option<T>) -> Option<Vec<T>> {
    let array = array.as_dictionary_opt::<Int32Type>()?;
    let texts = array.values().as_string_opt::<i32>()?;
    // A dictionary may have texts that no row refers to, which need be no values.
    let values: Vec<Option<T>> = texts.iter().map(|text| text.map_or(Some(absent), &mut value)).collect();
    let at = |key: i32| usize::try_from(key).ok().and_then(|key| values.get(key).copied().flatten());
    array.keys().iter().map(|key| key.map_or(Some(absent), at)).collect()
}
