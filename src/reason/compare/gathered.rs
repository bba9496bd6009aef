//! A roll-up of charged traffic → what a comparison is made of: rows to be priced, and the finest groups behind them.
//!
//! Each group is told by the keys asked for and by owners, and besides by its interface, what it talks to, the pair of
//! regions, the port and the path. An end outside is told by its address if it is one of the [`ADDRESSES_MAX`] with
//! most bytes, else by what it is; ports likewise.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use super::Way;
use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::{Key, KeyValue, Rollup, Spec};
use crate::price::Value;
use crate::price::charged::{self, Charged, Periods};
use crate::reason::hours::gather::{ADDRESSES_MAX, PORTS_MAX};
use crate::schema::{Column, ColumnSet};

/// What every group has besides the keys asked for and owners.
pub const DETAILS: [&str; 5] = ["interface", "destination", "region_pair", "port", "path"];

const DAY_SECONDS: u32 = 86_400;
/// The element of what has no value.
const NONE: &str = "-";
/// The element of what is not told apart.
const OTHERS: &str = "(other)";
/// The columns of the details; of pairs the source stands first.
const COLUMNS: [Column; 13] = [
    Column::SrcInterface,
    Column::DstInterface,
    Column::SrcVpc,
    Column::DstVpc,
    Column::SrcPlace,
    Column::DstPlace,
    Column::SrcRegion,
    Column::DstRegion,
    Column::Src,
    Column::Dst,
    Column::Port,
    Column::Via,
    Column::Path,
];

/// What to sum: charges by the keys that are told, and the details.
#[must_use]
pub fn spec(told: Vec<Key>) -> Spec {
    let details = COLUMNS.map(|column| Key { column, cut: None });
    charged::spec(told.into_iter().chain(details).collect(), true)
}

/// The columns that traffic must have for it, besides those of the keys that are told.
#[must_use]
pub fn columns() -> ColumnSet {
    charged::columns().union(ColumnSet::of(&COLUMNS))
}

/// The columns of records that ride along.
#[must_use]
pub fn extra() -> Vec<Column> {
    vec![Column::Port]
}

/// Both periods, taken apart.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The keys asked for, by the number of a row.
    pub(crate) rows: Vec<Vec<Value>>,
    /// The ways that bytes are charged, or free, by their numbers.
    pub(crate) ways: Vec<Way>,
    /// By dimension the names of elements, in their order.
    pub(crate) elements: Vec<Vec<Arc<str>>>,
    /// The finest groups, sorted.
    pub(crate) leaves: Vec<Fine>,
    /// How many hours of each period have traffic: of the one before, and of the one asked for.
    pub hours: [u64; 2],
    charged: Vec<Charged>,
}

/// One of the finest groups.
#[derive(Debug)]
pub(crate) struct Fine {
    /// The row that it is of.
    pub(crate) row: u32,
    /// Its elements: of the keys asked for, of owners, of the details.
    pub(crate) elements: Vec<u32>,
    /// Its bytes in each period, by way. Bytes with several charges are there once for each.
    pub(crate) ways: BTreeMap<u32, [u128; 2]>,
}

impl Gathered {
    /// Takes a roll-up by [`spec`] apart, of which the first so many keys are those asked for. With `is_hourly` rows to
    /// be priced keep their hours.
    ///
    /// # Errors
    /// If rows of the roll-up were spilled and cannot be read.
    pub fn of(rollup: &Rollup, asked: usize, periods: &Periods, is_hourly: bool) -> Result<Self, Error> {
        let mut sizes = Sizes::default();
        charged::for_each(rollup, |own, charged| {
            if periods.of(charged.hour).next().is_some() {
                sizes.add(&Details::of(own), charged.bytes);
            }
        })?;
        let mut gathering = Gathering::new(rollup.names(), asked, sizes);
        charged::for_each(rollup, |own, charged| {
            for previous in periods.of(charged.hour) {
                gathering.hours[usize::from(!previous)].insert(charged.hour);
                let hour = if is_hourly { charged.hour } else { charged.hour - charged.hour % DAY_SECONDS };
                gathering.add(own, Charged { previous, hour, ..charged.clone() });
            }
        })?;
        Ok(gathering.finish())
    }

    /// The name of an element of a dimension.
    pub(crate) fn name(&self, dimension: usize, element: u32) -> Arc<str> {
        Arc::clone(&self.elements[dimension][element as usize])
    }

    /// The rows, to be priced; the key is the row's number.
    #[must_use]
    pub fn take_charged(&mut self) -> Vec<Charged> {
        std::mem::take(&mut self.charged)
    }
}

/// The details of a group; of pairs its own end stands first.
struct Details {
    /// Whether its own end is the source.
    is_sent: bool,
    interfaces: [KeyValue; 2],
    other_vpc: KeyValue,
    other_place: KeyValue,
    other_address: KeyValue,
    regions: [KeyValue; 2],
    port: KeyValue,
    path: [KeyValue; 2],
}

impl Details {
    fn of(own: &[KeyValue]) -> Self {
        let first = own.len().saturating_sub(COLUMNS.len());
        let value = |place: usize| own.get(first + place).copied().unwrap_or(KeyValue::Absent);
        let is_known = |side: usize| value(side) != KeyValue::Absent || value(2 + side) != KeyValue::Absent;
        // What comes from outside is its receiver's.
        let is_sent = is_known(0) || !is_known(1);
        let (mine, other) = if is_sent { (0, 1) } else { (1, 0) };
        Self {
            is_sent,
            interfaces: [value(mine), value(other)],
            other_vpc: value(2 + other),
            other_place: value(4 + other),
            other_address: value(8 + other),
            regions: [value(6), value(7)],
            port: value(10),
            path: [value(12), value(11)],
        }
    }

    /// The address of an end that is nobody's known.
    fn stranger(&self) -> Option<KeyValue> {
        let is_own = self.interfaces[1] != KeyValue::Absent || self.other_vpc != KeyValue::Absent;
        (!is_own).then_some(self.other_address)
    }
}

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// How many bytes addresses and ports have, to tell the great ones apart.
#[derive(Default)]
struct Sizes {
    addresses: Map<KeyValue, u128>,
    ports: Map<KeyValue, u128>,
}

impl Sizes {
    fn add(&mut self, details: &Details, bytes: u64) {
        if let Some(address) = details.stranger() {
            *self.addresses.entry(address).or_default() += u128::from(bytes);
        }
        *self.ports.entry(details.port).or_default() += u128::from(bytes);
    }
}

/// Those with most bytes; of equal ones the lower.
fn greatest(sizes: Map<KeyValue, u128>, count: usize) -> BTreeSet<KeyValue> {
    let mut all: Vec<_> = sizes.into_iter().map(|(value, bytes)| (std::cmp::Reverse(bytes), value)).collect();
    all.sort_unstable();
    all.into_iter().take(count).map(|(_, value)| value).collect()
}

/// Numbers for things, in the order in which they come.
struct Numbers<T>(Map<T, u32>);

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn number(&mut self, thing: &T) -> (u32, bool) {
        if let Some(number) = self.0.get(thing) {
            return (*number, false);
        }
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(thing.clone(), next);
        (next, true)
    }

    fn in_order(self) -> Vec<T> {
        let mut all: Vec<_> = self.0.into_iter().map(|(thing, number)| (number, thing)).collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, thing)| thing).collect()
    }
}

/// The elements of a dimension: what they are made of, and how they are called.
struct Named {
    of: Numbers<[KeyValue; 5]>,
    texts: Vec<Arc<str>>,
}

/// What a row to be priced is of: its row, its way, its hour, and whether it is of the period before.
type Kind = (u32, u32, u32, bool);

struct Gathering<'r> {
    names: &'r Dictionary,
    asked: usize,
    addresses: BTreeSet<KeyValue>,
    ports: BTreeSet<KeyValue>,
    rows: Numbers<Vec<KeyValue>>,
    ways: Numbers<Way>,
    dimensions: Vec<Named>,
    leaves: Map<(u32, Vec<u32>), BTreeMap<u32, [u128; 2]>>,
    charged: Map<Kind, u128>,
    hours: [BTreeSet<u32>; 2],
}

impl<'r> Gathering<'r> {
    fn new(names: &'r Dictionary, asked: usize, sizes: Sizes) -> Self {
        Self {
            names,
            asked,
            addresses: greatest(sizes.addresses, ADDRESSES_MAX),
            ports: greatest(sizes.ports, PORTS_MAX),
            rows: Numbers(Map::default()),
            ways: Numbers(Map::default()),
            dimensions: Vec::new(),
            leaves: Map::default(),
            charged: Map::default(),
            hours: Default::default(),
        }
    }

    fn add(&mut self, own: &[KeyValue], charged: Charged) {
        let (row, _) = self.rows.number(&own[..self.asked].to_vec());
        let elements = self.elements(own);
        let (way, _) = self.ways.number(&Way::of(&charged));
        let Charged { previous, hour, bytes, .. } = charged;
        let bytes = u128::from(bytes);
        self.leaves.entry((row, elements)).or_default().entry(way).or_default()[usize::from(!previous)] += bytes;
        *self.charged.entry((row, way, hour, previous)).or_default() += bytes;
    }

    /// The elements of a group, by the numbers that they have so far.
    fn elements(&mut self, own: &[KeyValue]) -> Vec<u32> {
        let details = Details::of(own);
        let told = own.len().saturating_sub(COLUMNS.len());
        let none = KeyValue::Absent;
        let side = KeyValue::Number(details.is_sent.into());
        let address = details.stranger().filter(|address| self.addresses.contains(address)).unwrap_or(none);
        let port = if self.ports.contains(&details.port) { details.port } else { KeyValue::Text(u32::MAX) };
        let made_of = [
            [details.interfaces[0], none, none, none, none],
            [details.interfaces[1], details.other_vpc, details.other_place, address, side],
            [details.regions[0], details.regions[1], none, none, none],
            [port, none, none, none, none],
            [details.path[0], details.path[1], none, none, none],
        ];
        let keys = own[..told].iter().map(|value| [*value, none, none, none, none]);
        let made_of: Vec<_> = keys.chain(made_of).collect();
        if self.dimensions.is_empty() {
            let empty = || Named { of: Numbers(Map::default()), texts: Vec::new() };
            self.dimensions.resize_with(made_of.len(), empty);
        }
        let mut numbers = Vec::with_capacity(made_of.len());
        for (place, (of, named)) in made_of.iter().zip(&mut self.dimensions).enumerate() {
            let (number, is_new) = named.of.number(of);
            if is_new {
                named.texts.push(text(of, place.checked_sub(told), self.names));
            }
            numbers.push(number);
        }
        numbers
    }

    fn finish(self) -> Gathered {
        let (elements, places): (Vec<_>, Vec<_>) =
            self.dimensions.into_iter().map(|dimension| sorted(dimension.texts)).unzip();
        let mut leaves: BTreeMap<(u32, Vec<u32>), BTreeMap<u32, [u128; 2]>> = BTreeMap::new();
        let rows: Vec<Vec<Value>> = self.rows.in_order().iter().map(|row| values(row, self.names)).collect();
        for ((row, numbers), ways) in self.leaves {
            let codes = numbers.iter().zip(&places).map(|(number, places)| places[*number as usize]).collect();
            let of_leaf = leaves.entry((row, codes)).or_default();
            for (way, bytes) in ways {
                of_leaf.entry(way).or_default().iter_mut().zip(bytes).for_each(|(sum, bytes)| *sum += bytes);
            }
        }
        let ways = self.ways.in_order();
        let charged = self.charged.into_iter().flat_map(|(kind, bytes)| to_price(kind, bytes, &ways)).collect();
        let fine = |((row, elements), ways)| Fine { row, elements, ways };
        let leaves = leaves.into_iter().map(fine).collect();
        Gathered { rows, ways, elements, leaves, hours: self.hours.map(|hours| hours.len() as u64), charged }
    }
}

fn values(row: &[KeyValue], names: &Dictionary) -> Vec<Value> {
    row.iter().map(|value| Value::of(*value, names)).collect()
}

/// Bytes as rows to be priced, which hold no more than 2⁶⁴ − 1 each.
fn to_price((row, way, hour, previous): Kind, bytes: u128, ways: &[Way]) -> Vec<Charged> {
    let Way { charge, reason, from, to } = ways[way as usize].clone();
    let keys = vec![u64::from(row).into()];
    let row = Charged { previous, keys, charge, reason, payer: None, from, to, hour, assumed: None, bytes: 0 };
    let (mut rows, mut left) = (Vec::new(), bytes);
    while left > 0 || rows.is_empty() {
        let bytes = u64::try_from(left).unwrap_or(u64::MAX);
        left -= u128::from(bytes);
        rows.push(Charged { bytes, ..row.clone() });
    }
    rows
}

/// Texts in their order, each once, and of each number the place of its text.
fn sorted(texts: Vec<Arc<str>>) -> (Vec<Arc<str>>, Vec<u32>) {
    let all: BTreeSet<Arc<str>> = texts.iter().cloned().collect();
    let sorted: Vec<Arc<str>> = all.into_iter().collect();
    let place = |text: &Arc<str>| u32::try_from(sorted.partition_point(|other| other < text)).unwrap_or(u32::MAX);
    let places = texts.iter().map(place).collect();
    (sorted, places)
}

/// How an element is called; `detail` is which of the details it is, if any.
fn text(of: &[KeyValue; 5], detail: Option<usize>, names: &Dictionary) -> Arc<str> {
    let one = |value: KeyValue| Value::of(value, names).to_string();
    let text = match (detail, of) {
        (Some(1), [interface, vpc, place, address, side]) => {
            let told = [interface, address, place, vpc].into_iter().find(|value| **value != KeyValue::Absent);
            let end = told.map_or_else(|| NONE.to_owned(), |value| one(*value));
            if *side == KeyValue::Number(1) { end } else { format!("from {end}") }
        }
        (Some(2), [from, to, ..]) => format!("{} to {}", one(*from), one(*to)),
        (Some(3), [KeyValue::Text(u32::MAX), ..]) => OTHERS.to_owned(),
        (Some(4), [path, KeyValue::Absent, ..]) => one(*path),
        (Some(4), [path, via, ..]) => format!("{} via {}", one(*path), one(*via)),
        (_, [value, ..]) => one(*value),
    };
    text.into()
}
