//! Sums against a naive model: a map from keys in words to sums, filled row by row.

mod account;
mod input;
mod interfaces;
mod sums;
mod wire;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::decode::{Dictionary, Flows, Values};
use crate::error::Error;
use crate::schema::{Column, ColumnSet, Kind, Stage};

/// The seed of all sums here.
const SEED: u64 = 0x1234_5678_9abc_def0;

/// A value of a record; an absent one is left out of the record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Plain {
    Address(IpAddr),
    Number(u64),
    Text(&'static str),
}

type Record = BTreeMap<Column, Plain>;

/// The columns that a record may have.
fn decoded() -> Vec<Column> {
    Column::all().filter(|column| column.stage() == Stage::Decode).collect()
}

fn number(record: &Record, column: Column) -> Option<u64> {
    match record.get(&column) {
        Some(Plain::Number(number)) => Some(*number),
        _ => None,
    }
}

fn text(record: &Record, column: Column) -> Option<&'static str> {
    match record.get(&column) {
        Some(Plain::Text(text)) => Some(text),
        _ => None,
    }
}

/// Few values of each kind, so that they meet; the least and the greatest are among them.
fn value(column: Column) -> BoxedStrategy<Plain> {
    let texts = |texts: &'static [&'static str]| select(texts).prop_map(Plain::Text).boxed();
    match (column, column.kind()) {
        (Column::Action, _) => texts(&["ACCEPT", "REJECT"]),
        (Column::LogStatus, _) => texts(&["OK", "OK", "OK", "NODATA", "SKIPDATA"]),
        (_, Kind::Text) => texts(&["a", "b", "unknown", "", "z z", "ACCEPT", "ä"]),
        (_, Kind::Address) => {
            let addresses = [
                "10.0.0.1",
                "10.0.1.1",
                "172.31.5.6",
                "192.168.3.4",
                "100.64.0.1",
                "169.254.0.9",
                "127.0.0.1",
                "52.1.2.3",
                "52.1.9.3",
                "0.0.0.0",
                "255.255.255.255",
                "::",
                "::1",
                "2001:db8::1",
                "2001:db8:0:1::1",
                "fd00::1",
                "fe80::1",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ];
            select(addresses.to_vec()).prop_map(|address| Plain::Address(address.parse().unwrap())).boxed()
        }
        (_, Kind::Small) => select(vec![0, 1, 6, 443, u64::from(u32::MAX) - 1]).prop_map(Plain::Number).boxed(),
        (_, Kind::Big) => select(vec![0, 1, 1500, crate::schema::BIG_MAX]).prop_map(Plain::Number).boxed(),
        (_, Kind::Time) => {
            prop_oneof![Just(0), 3500u64..3700, Just(u64::from(u32::MAX) - 1)].prop_map(Plain::Number).boxed()
        }
    }
}

/// A record of some columns, a value now and then absent.
fn record(columns: Vec<Column>) -> impl Strategy<Value = Record> {
    let value = |column: &Column| {
        let column = *column;
        prop::option::weighted(0.8, value(column)).prop_map(move |value| value.map(|value| (column, value)))
    };
    columns.iter().map(value).collect::<Vec<_>>().prop_map(|values| values.into_iter().flatten().collect())
}

fn held(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// A block of records, with these columns.
fn block<'a>(records: impl IntoIterator<Item = &'a Record>, columns: ColumnSet, dictionary: &mut Dictionary) -> Flows {
    let mut flows = Flows::new(columns);
    let mut rows = 0;
    for record in records {
        for column in columns.iter() {
            match (flows.values_mut(column).unwrap(), record.get(&column)) {
                (Values::Address(values), Some(Plain::Address(address))) => values.push(held(*address)),
                (Values::Big(values), Some(Plain::Number(number))) => values.push(*number),
                (Values::Small(values) | Values::Time(values), Some(Plain::Number(number))) => {
                    values.push(u32::try_from(*number).unwrap());
                }
                (Values::Text(values), Some(Plain::Text(text))) => values.push(dictionary.code(text.as_bytes())),
                (values, _) => values.fill_absent(rows + 1),
            }
        }
        rows += 1;
    }
    flows.set_rows(rows);
    flows
}

/// A dictionary that has given other codes already.
fn used_dictionary(words: usize) -> Dictionary {
    let mut dictionary = Dictionary::default();
    for word in ["z z", "other", "b", "ä", "a"].iter().cycle().take(words) {
        dictionary.code(word.as_bytes());
    }
    dictionary
}
