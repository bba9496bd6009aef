//! A roll-up as a frame: every key and every sum is a column with its name of the schema.
//!
//! Rows come in no order that means anything; a report sorts by names. Texts are `String`. Addresses are `Binary`: their
//! sixteen bytes in network order, IPv4 in `::ffff:0:0/96`, and of a prefix its length as a seventeenth, so that they sort
//! as numbers. Times are `Datetime[ms, UTC]`. Sums are `Int128`, which no count of records can pass. Absent is null.

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::{
    BinaryChunked, Column as FrameColumn, DataFrame, DataType, IntoColumn, IntoSeries, NewChunkedArray, StringChunked,
    UInt32Chunked,
};

use super::traffic::Shards;
use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::{Key, KeyValue, Rollup, Spec, Sums};
use crate::schema::frame::{self, address_bytes, int, ints, milliseconds, moments, texts, times, words};
use crate::schema::{ABSENT_TIME, Column, Kind, output};

/// The frame of a roll-up: its keys by [`Key::name`], then the sums of its spec, counted ones and rejected ones.
///
/// # Errors
/// If rows of the roll-up were spilled and cannot be read, or two keys have one name.
pub fn frame(rollup: &Rollup, shards: &impl Shards) -> Result<DataFrame, Error> {
    let spec = rollup.spec();
    let columns = shards.fold(|| Columns::new(spec), |columns, shard| columns.add(rollup, shard), Columns::and)?;
    columns.frame(spec, Some(rollup.names()))
}

/// The groups of a shard as a frame whose texts are codes (`UInt32`), for kernels that read a roll-up shard by shard.
#[derive(Clone, Debug)]
pub struct Coded<'r> {
    /// As [`frame()`] gives it, but for the texts.
    pub frame: DataFrame,
    /// The dictionary of the codes, shared by all shards.
    pub names: &'r Dictionary,
}

impl<'r> Coded<'r> {
    /// The frame of a shard.
    ///
    /// # Errors
    /// As [`frame()`].
    pub fn of(rollup: &'r Rollup, shard: usize) -> Result<Self, Error> {
        let mut columns = Columns::new(rollup.spec());
        columns.add(rollup, shard)?;
        Ok(Self { frame: columns.frame(rollup.spec(), None)?, names: rollup.names() })
    }

    /// The codes of a column of texts, [`Dictionary::ABSENT`] where there is none.
    ///
    /// # Errors
    /// If there is no such column of texts.
    pub fn codes(&self, column: Column) -> Result<Vec<u32>, Error> {
        let codes = self.frame.column(column.name())?.u32()?;
        Ok(codes.iter().map(|code| code.unwrap_or(Dictionary::ABSENT)).collect())
    }

    /// The values of a column in words; `-` where there is none.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn words(&self, name: &str) -> Result<Vec<Arc<str>>, Error> {
        let column = self.frame.column(name)?;
        let Ok(codes) = column.u32() else { return words(&self.frame, name) };
        let mut known: HashMap<u32, Arc<str>> = HashMap::new();
        let mut word = |code: Option<u32>| {
            let code = code.unwrap_or(Dictionary::ABSENT);
            Arc::clone(known.entry(code).or_insert_with(|| self.names.display(code).into()))
        };
        Ok(codes.iter().map(&mut word).collect())
    }
}

/// The rows of some shards, column by column.
struct Columns {
    keys: Vec<Values>,
    counted: Vec<Sums>,
    rejected: Vec<Sums>,
}

/// The values of a key.
enum Values {
    Text(Vec<Option<u32>>),
    Address(Vec<KeyValue>),
    Number(Vec<Option<i128>>),
    Time(Vec<Option<i64>>),
}

impl Values {
    fn new(key: &Key) -> Self {
        match key.column.kind() {
            Kind::Text => Self::Text(Vec::new()),
            Kind::Address => Self::Address(Vec::new()),
            Kind::Small | Kind::Big => Self::Number(Vec::new()),
            Kind::Time => Self::Time(Vec::new()),
        }
    }

    fn push(&mut self, value: KeyValue) {
        match self {
            Self::Text(values) => values.push(if let KeyValue::Text(code) = value { Some(code) } else { None }),
            Self::Address(values) => values.push(value),
            Self::Number(values) => values.push(if let KeyValue::Number(n) = value { Some(n.into()) } else { None }),
            Self::Time(values) => {
                values.push(if let KeyValue::Time(time) = value { Some(milliseconds(time)) } else { None })
            }
        }
    }

    fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Text(mine), Self::Text(other)) => mine.extend(other),
            (Self::Address(mine), Self::Address(other)) => mine.extend(other),
            (Self::Number(mine), Self::Number(other)) => mine.extend(other),
            (Self::Time(mine), Self::Time(other)) => mine.extend(other),
            _ => {}
        }
    }

    /// A column; texts are codes if there is no dictionary.
    fn column(self, name: &str, names: Option<&Dictionary>) -> Result<FrameColumn, Error> {
        Ok(match (self, names) {
            (Self::Text(codes), None) => frame::codes(name, codes.into_iter()),
            (Self::Text(codes), Some(names)) => {
                let all = 0..u32::try_from(names.len()).unwrap_or(u32::MAX);
                let texts = StringChunked::from_iter_values(name.into(), all.map(|code| names.display(code)));
                let codes = UInt32Chunked::from_iter_options("".into(), codes.into_iter());
                texts.into_series().take(&codes)?.into_column()
            }
            (Self::Address(values), _) => {
                BinaryChunked::from_iter_options(name.into(), values.into_iter().map(bytes)).into_column()
            }
            (Self::Number(values), _) => ints(name, values.into_iter()),
            (Self::Time(values), _) => times(name, values.into_iter()),
        })
    }
}

impl Columns {
    fn new(spec: &Spec) -> Self {
        Self { keys: spec.keys.iter().map(Values::new).collect(), counted: Vec::new(), rejected: Vec::new() }
    }

    fn add(&mut self, rollup: &Rollup, shard: usize) -> Result<(), Error> {
        rollup.for_each_group(shard, |group| {
            self.keys.iter_mut().zip(rollup.group_values(&group)).for_each(|(key, value)| key.push(value));
            self.counted.push(group.counted);
            self.rejected.push(group.rejected);
        })
    }

    fn and(mut self, other: Self) -> Self {
        if self.counted.is_empty() {
            return other;
        }
        self.keys.iter_mut().zip(other.keys).for_each(|(mine, other)| mine.append(other));
        self.counted.extend(other.counted);
        self.rejected.extend(other.rejected);
        self
    }

    fn frame(self, spec: &Spec, names: Option<&Dictionary>) -> Result<DataFrame, Error> {
        let rows = self.counted.len();
        let keys = spec.keys.iter().zip(self.keys).map(|(key, values)| values.column(&key.name(), names));
        let mut columns = keys.collect::<Result<Vec<_>, Error>>()?;
        let sums = |name: &str, of: &[Sums], sum: fn(&Sums) -> u128| {
            ints(name, of.iter().map(|sums| Some(i128::try_from(sum(sums)).unwrap_or(i128::MAX))))
        };
        let (counted, rejected) = (&self.counted[..], &self.rejected[..]);
        columns.push(sums(output::FLOWS.name, counted, |sums| sums.flows));
        columns.push(sums(output::REJECTED_FLOWS.name, rejected, |sums| sums.flows));
        if spec.bytes {
            columns.push(sums(output::BYTES.name, counted, |sums| sums.bytes));
            columns.push(sums(output::REJECTED_BYTES.name, rejected, |sums| sums.bytes));
        }
        if spec.packets {
            columns.push(sums(output::PACKETS.name, counted, |sums| sums.packets));
            columns.push(sums(output::REJECTED_PACKETS.name, rejected, |sums| sums.packets));
        }
        if spec.seen {
            let both = || counted.iter().zip(rejected);
            let first = both().map(|(one, other)| one.first_seen.min(other.first_seen));
            let last = both().map(|(one, other)| one.last_seen.max(other.last_seen));
            columns.push(times(
                output::FIRST_SEEN.name,
                first.map(|time| (time != ABSENT_TIME).then(|| milliseconds(time))),
            ));
            columns.push(times(output::LAST_SEEN.name, last.map(|time| (time != 0).then(|| milliseconds(time)))));
        }
        Ok(DataFrame::new(rows, columns)?)
    }
}

/// The key of a group with its texts beside it, so that groups of two roll-ups, and of a frame, can be compared. The
/// order is that of [`Rollup::compare_keys`].
pub type ExactKey = Vec<(KeyValue, Box<[u8]>)>;

/// The keys of the rows of a frame, by these columns.
///
/// # Errors
/// If the frame has not these columns.
pub fn exact_keys(frame: &DataFrame, names: &[String]) -> Result<Vec<ExactKey>, Error> {
    let mut keys: Vec<ExactKey> = vec![Vec::with_capacity(names.len()); frame.height()];
    for name in names {
        let mut push = |row: usize, value: Option<KeyValue>, text: &[u8]| {
            keys[row].push((value.unwrap_or(KeyValue::Absent), text.into()));
        };
        match frame.column(name)?.dtype() {
            DataType::String => texts(frame, name)?.enumerate().for_each(|(row, text)| {
                push(row, text.map(|_| KeyValue::Text(0)), text.unwrap_or_default().as_bytes());
            }),
            DataType::Binary => frame.column(name)?.binary()?.iter().enumerate().for_each(|(row, bytes)| {
                push(row, bytes.and_then(address_value), &[]);
            }),
            DataType::Datetime(..) => moments(frame, name)?.enumerate().for_each(|(row, moment)| {
                push(row, moment.map(KeyValue::Time), &[]);
            }),
            _ => int(frame, name)?.iter().enumerate().for_each(|(row, number)| {
                push(row, number.and_then(|number| u64::try_from(number).ok()).map(KeyValue::Number), &[]);
            }),
        }
    }
    Ok(keys)
}

fn address_value(bytes: &[u8]) -> Option<KeyValue> {
    let (address, rest) = bytes.split_first_chunk::<16>()?;
    let address = u128::from_be_bytes(*address);
    Some(rest.first().map_or(KeyValue::Address(address), |bits| KeyValue::Prefix(address, *bits)))
}

/// A frame of such keys.
///
/// # Errors
/// If two keys have one name.
pub fn exact_frame(keys: &[Key], rows: &[ExactKey]) -> Result<DataFrame, Error> {
    let mut names = Dictionary::default();
    let mut columns: Vec<Values> = keys.iter().map(Values::new).collect();
    for row in rows {
        for (column, (value, text)) in columns.iter_mut().zip(row) {
            let is_text = matches!(value, KeyValue::Text(_));
            column.push(if is_text { KeyValue::Text(names.code(text)) } else { *value });
        }
    }
    let columns = keys.iter().zip(columns).map(|(key, values)| values.column(&key.name(), Some(&names)));
    Ok(DataFrame::new(rows.len(), columns.collect::<Result<_, Error>>()?)?)
}

fn bytes(value: KeyValue) -> Option<Vec<u8>> {
    match value {
        KeyValue::Address(address) => Some(address_bytes(address, None)),
        KeyValue::Prefix(address, bits) => Some(address_bytes(address, Some(bits))),
        _ => None,
    }
}
