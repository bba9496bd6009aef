//! Two periods compared: what each key costs in both, and what the change is made of.
//!
//! The parts of a change add up to it in every line, in ten decimals and in the cents that people are shown, and every
//! sum of lines adds up to its total. Nothing is scaled: where periods differ in length, so do their sums.

mod attribution;
pub mod gathered;
mod moved;
mod parts;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::gathered::Gathered;
use self::parts::{Parts, WaySums, shown_parts};
use crate::price::charged::{Bill, Charged};
use crate::price::{Charge, Money, Value, cent_parts, rounded_parts};
use crate::units::human::CENT;

pub use attribution::{Description, Due, What};
pub use parts::{Side, signed};

/// What changed between two periods.
#[derive(Debug)]
pub struct Comparison {
    /// By key, the last one of what is free, if that has one row.
    pub lines: Vec<Line>,
    /// What the change is due to: of what rose, then of what fell.
    pub due: Vec<Due>,
}

impl Comparison {
    /// Compares the periods of a bill. With `by_charge` each charge has a line of its own; with `free` what costs nothing
    /// is in lines of its keys and reasons, and else all in one.
    #[must_use]
    pub fn of(gathered: &Gathered, bill: &Bill, by_charge: bool, free: bool) -> Self {
        let ways = ways(gathered, bill);
        Self { lines: lines(gathered, bill, &ways, by_charge, free), due: attribution::due(gathered, &ways) }
    }
}

/// How bytes are charged, or why they are free.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Way {
    pub(crate) charge: Option<Charge>,
    pub(crate) reason: Arc<str>,
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
}

impl Way {
    fn of(charged: &Charged) -> Self {
        let Charged { charge, reason, from, to, .. } = charged;
        Self { charge: *charge, reason: Arc::clone(reason), from: Arc::clone(from), to: Arc::clone(to) }
    }
}

/// Bytes of a key and way in both periods, by the numbers of row and way.
type Ways = BTreeMap<(u32, u32), WaySums>;

/// What each key and way comes to.
fn ways(gathered: &Gathered, bill: &Bill) -> Ways {
    let numbers: BTreeMap<&Way, u32> = gathered.ways.iter().zip(0..).collect();
    let mut sums: BTreeMap<(u32, u32), [(Side, Money); 2]> = BTreeMap::new();
    for line in &bill.lines {
        let Some(row) = row_of(&line.charged.keys) else { continue };
        let Some(way) = numbers.get(&Way::of(&line.charged)) else { continue };
        let (side, usd) = &mut sums.entry((row, *way)).or_default()[usize::from(!line.charged.previous)];
        let (bytes, unpriced) = (line.charged.bytes.into(), line.priced.unpriced_bytes.into());
        side.add(&Side { bytes, unpriced, usd: 0 });
        *usd = *usd + line.priced.usd;
    }
    let moved = moved::moved(gathered);
    let way = |(key, sides): ((u32, u32), [(Side, Money); 2])| {
        let sides = sides.map(|(side, usd)| Side { usd: usd.rounded(), ..side });
        (key, WaySums { sides, moved: moved.get(&key).copied().unwrap_or(0) })
    };
    sums.into_iter().map(way).collect()
}

/// The number of the row that a priced row is of.
fn row_of(keys: &[Value]) -> Option<u32> {
    match keys.first() {
        Some(Value::Number(number)) => u32::try_from(*number).ok(),
        _ => None,
    }
}

/// An amount, in 10⁻¹⁰ USD and in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// In 10⁻¹⁰ USD.
    pub exact: i128,
    /// What people are shown, in cents.
    pub cents: i128,
}

impl Amount {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.exact += other.exact;
        self.cents += other.cents;
    }
}

/// A row of the comparison.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Its keys, and last its charge or why it is free, if that is asked for; none of what is free together.
    pub keys: Vec<Value>,
    /// Whether it is all that is free.
    pub is_free: bool,
    /// What there was and is; of their dollars the columns add up.
    pub sides: [Side; 2],
    /// Before and now.
    pub usd: [Amount; 2],
    /// New, gone, volume, price, path.
    pub parts: [Amount; 5],
}

impl Line {
    /// By how much its dollars changed.
    #[must_use]
    pub fn change(&self) -> Amount {
        let [before, now] = self.usd;
        Amount { exact: now.exact - before.exact, cents: now.cents - before.cents }
    }

    fn add(&mut self, other: &Self) {
        self.sides.iter_mut().zip(&other.sides).for_each(|(mine, theirs)| mine.add(theirs));
        self.usd.iter_mut().zip(other.usd).for_each(|(mine, theirs)| mine.add(theirs));
        self.parts.iter_mut().zip(other.parts).for_each(|(mine, theirs)| mine.add(theirs));
    }

    /// Lines together, without keys.
    #[must_use]
    pub fn sum(lines: &[Self]) -> Self {
        lines.iter().fold(Self::default(), |mut sum, line| {
            sum.add(line);
            sum
        })
    }

    /// What became of it: by dollars, and by bytes where these are the same.
    #[must_use]
    pub fn status(&self) -> &'static str {
        let [before, now] = &self.sides;
        let rose = (self.usd[1].exact, now.bytes).cmp(&(self.usd[0].exact, before.bytes));
        match (before.bytes, now.bytes, rose) {
            (0, 1.., _) => "new",
            (1.., 0, _) => "gone",
            (_, _, std::cmp::Ordering::Greater) => "grew",
            (_, _, std::cmp::Ordering::Less) => "shrank",
            _ => "same",
        }
    }
}

/// How the bytes of a line are charged, and what both periods cost.
type InLine = (Vec<WaySums>, [Money; 2]);

/// Every row by its keys, the last one of what is free, if that has one row. With `by_charge` each charge has a row of
/// its own; with `free` what costs nothing is in rows of its keys and reasons.
fn lines(gathered: &Gathered, bill: &Bill, ways: &Ways, by_charge: bool, free: bool) -> Vec<Line> {
    let mut rows: BTreeMap<(bool, Vec<Value>), InLine> = BTreeMap::new();
    let key = |row: u32, way: &Way| {
        let is_together = way.charge.is_none() && !free;
        if is_together {
            return (true, Vec::new());
        }
        let charge = || match way.charge {
            Some(charge) => charge.name().into(),
            None => crate::price::bill::free(&way.reason).into(),
        };
        let keys = gathered.rows[row as usize].iter().cloned();
        (false, keys.chain(by_charge.then(charge)).collect())
    };
    for ((row, way), sums) in ways {
        rows.entry(key(*row, &gathered.ways[*way as usize])).or_default().0.push(*sums);
    }
    for line in &bill.lines {
        if let Some(row) = row_of(&line.charged.keys) {
            let key = key(row, &Way::of(&line.charged));
            let usd = &mut rows.entry(key).or_default().1[usize::from(!line.charged.previous)];
            *usd = *usd + line.priced.usd;
        }
    }
    let exact = [0, 1].map(|side| rounded_parts(&rows.values().map(|(_, usd)| usd[side]).collect::<Vec<_>>()));
    let cents = [0, 1].map(|side: usize| cent_parts(&exact[side]));
    let rows = rows.into_iter().enumerate();
    let line = |(place, ((is_free, keys), (ways, _))): (usize, ((bool, Vec<Value>), InLine))| {
        let usd = [0, 1].map(|side: usize| (exact[side][place], cents[side][place]));
        Line { keys, is_free, ..line(&ways, usd) }
    };
    rows.map(line).collect()
}

/// A line without keys of ways that bytes are charged, and of what both periods cost, in 10⁻¹⁰ USD and in cents.
fn line(ways: &[WaySums], usd: [(u128, u128); 2]) -> Line {
    let mut sides = [Side::default(); 2];
    for way in ways {
        sides.iter_mut().zip(&way.sides).for_each(|(sum, side)| sum.add(side));
    }
    sides.iter_mut().zip(usd).for_each(|(side, (exact, _))| side.usd = exact);
    let usd = usd.map(|(exact, cents)| Amount { exact: signed(exact), cents: signed(cents) });
    let parts = Parts::of(&sides, ways).in_order();
    let cents = shown_parts(parts, signed(CENT), usd[1].cents - usd[0].cents);
    let mut amounts = [Amount::default(); 5];
    for ((amount, exact), cents) in amounts.iter_mut().zip(parts).zip(cents) {
        *amount = Amount { exact, cents };
    }
    Line { sides, usd, parts: amounts, ..Line::default() }
}
