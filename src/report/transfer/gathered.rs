//! Traffic and its charges by everything that the tables of the report tell apart, and what each such part sums to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Sum;
use crate::error::Error;
use crate::group::{Key, KeyValue, Rollup};
use crate::join::owners::EXTERNAL;
use crate::price::charged::{self, Bill, Charged};
use crate::price::{Charge, Money, Value};
use crate::report::cells::key_cell;
use crate::report::{Cell, Row};
use crate::schema::Column;

/// The keys that traffic is summed by: the ends asked for, what the ends of alternatives are, and the user's further
/// keys.
#[derive(Clone, Debug)]
pub struct TransferKeys {
    /// What stands for the source and the destination.
    pub ends: [Key; 2],
    /// The same, of what talks to each other.
    pub services: [Key; 2],
    /// Further keys of the list.
    pub by: Vec<Key>,
}

/// The columns besides: the places of ends that have no other name, and how the bytes went.
const ALWAYS: [Column; 4] = [Column::SrcPlace, Column::DstPlace, Column::Path, Column::Via];

impl TransferKeys {
    /// The keys of the roll-up, in the order in which [`Gathered::of`] takes them.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        let always = ALWAYS.map(|column| Key { column, cut: None });
        self.ends.iter().chain(&self.services).chain(&always).chain(&self.by).cloned().collect()
    }
}

/// What the tables of the report tell apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Source and destination as asked for.
    pub(super) ends: [Cell; 2],
    /// Who talks to each other.
    pub(super) services: [Cell; 2],
    /// The names of their places.
    pub(super) places: [Cell; 2],
    pub(super) path: Cell,
    pub(super) via: Cell,
    pub(super) by: Vec<Cell>,
}

/// Traffic and charges, by parts.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// The parts, sorted.
    pub(super) parts: Vec<Part>,
    /// Whether any end is what was asked for, and not its place for want of that.
    pub(super) is_told: bool,
    /// Traffic (without a charge) and charges; the key is the part's number.
    rows: Vec<Charged>,
}

impl Gathered {
    /// Takes a roll-up by [`TransferKeys::keys`] apart.
    ///
    /// # Errors
    /// If rows of it were spilled and cannot be read.
    pub fn of(rollup: &Rollup) -> Result<Self, Error> {
        let mut numbers: BTreeMap<Vec<KeyValue>, usize> = BTreeMap::new();
        let mut rows: Vec<(usize, Charged)> = Vec::new();
        charged::for_each(rollup, |keys, charged| {
            let next = numbers.len();
            let number = match numbers.get(keys) {
                Some(number) => *number,
                None => *numbers.entry(keys.to_vec()).or_insert(next),
            };
            // Why bytes are free is told by the path, which is a key here.
            rows.push((number, Charged { reason: Arc::default(), ..charged }));
        })?;
        let cell = |value: &KeyValue| key_cell(*value, rollup.names());
        let is_told = numbers.keys().any(|keys| keys.iter().take(2).any(|end| is_told(&cell(end))));
        let mut told: Vec<_> =
            numbers.into_iter().filter_map(|(keys, number)| Some((part(&keys, cell)?, number))).collect();
        told.sort_unstable();
        let mut places = vec![None; told.len()];
        let mut parts: Vec<Part> = Vec::new();
        for (part, number) in told {
            if parts.last() != Some(&part) {
                parts.push(part);
            }
            places[number] = Some((parts.len() - 1) as u64);
        }
        let keyed = |(number, charged): (usize, Charged)| {
            let place = places.get(number).copied().flatten()?;
            Some(Charged { keys: vec![place.into()], ..charged })
        };
        let rows = rows.into_iter().filter_map(keyed).collect();
        Ok(Self { parts, is_told, rows })
    }

    /// The rows, to be priced.
    #[must_use]
    pub fn take_rows(&mut self) -> Vec<Charged> {
        std::mem::take(&mut self.rows)
    }

    /// The part that a priced row is of.
    fn place(&self, charged: &Charged) -> Option<usize> {
        match charged.keys.first() {
            Some(Value::Number(number)) => usize::try_from(*number).ok().filter(|place| *place < self.parts.len()),
            _ => None,
        }
    }
}

/// The keys of the list's row that cells are of, in the order of [`TransferKeys::keys`].
#[must_use]
pub fn list_key(cells: Row) -> Option<Row> {
    let Part { ends, path, via, by, .. } = part(&cells, Cell::clone)?;
    Some(ends.into_iter().chain(by).chain([path, via]).collect())
}

/// The part that keys are of, in the order of [`TransferKeys::keys`].
fn part<V>(keys: &[V], cell: impl Fn(&V) -> Cell) -> Option<Part> {
    let mut cells = keys.iter().map(cell);
    let mut next = || cells.next();
    let (ends, services) = ([next()?, next()?], [next()?, next()?]);
    let (places, path, via) = ([next()?, next()?], next()?, next()?);
    let (ends, services) = (named(ends, &places), named(services, &places));
    Some(Part { ends, services, places, path, via, by: cells.collect() })
}

/// Ends by their names, else by their places.
fn named(ends: [Cell; 2], places: &[Cell; 2]) -> [Cell; 2] {
    let [src, dst] = ends;
    let name = |end: Cell, place: &Cell| if is_told(&end) { end } else { place.clone() };
    [name(src, &places[0]), name(dst, &places[1])]
}

/// Whether an end is known by more than that it is not one's own.
fn is_told(end: &Cell) -> bool {
    match end {
        Cell::Absent => false,
        Cell::Text(name) => **name != *EXTERNAL,
        _ => true,
    }
}

/// What a part sums to.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    pub(super) bytes: u128,
    assumed: u128,
    pub(super) charges: BTreeMap<Charge, OfCharge>,
}

/// What was charged by one kind of charge.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OfCharge {
    pub(super) bytes: u128,
    pub(super) usd: Money,
    unpriced: u128,
    assumed: u128,
}

/// The sums of each part.
pub(super) fn measured(gathered: &Gathered, bill: &Bill) -> Vec<Measured> {
    let mut all = vec![Measured::default(); gathered.parts.len()];
    for line in bill.current() {
        let Some(measured) = gathered.place(&line.charged).map(|place| &mut all[place]) else { continue };
        let bytes = u128::from(line.charged.bytes);
        let assumed = if line.charged.assumed.is_some() { bytes } else { 0 };
        match line.charged.charge {
            None => {
                measured.bytes += bytes;
                measured.assumed += assumed;
            }
            Some(charge) => {
                let of = measured.charges.entry(charge).or_default();
                of.bytes += bytes;
                of.usd = of.usd + line.priced.usd;
                of.unpriced += u128::from(line.priced.unpriced_bytes);
                of.assumed += assumed;
            }
        }
    }
    all
}

impl Measured {
    /// All of it; bytes with several charges are there once.
    pub(super) fn sum(&self) -> Sum {
        let most = |of: fn(&OfCharge) -> u128| self.charges.values().map(of).max().unwrap_or(0);
        Sum {
            bytes: self.bytes,
            usd: self.charges.values().map(|of| of.usd).sum(),
            unpriced: most(|of| of.unpriced).min(self.bytes.max(most(|of| of.bytes))),
            assumed: self.assumed.max(most(|of| of.assumed)).min(self.bytes),
        }
    }
}
