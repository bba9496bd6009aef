//! Sums of traffic and of its charges → [`Hours`], shard by shard.
//!
//! Leaves and their names are defined in [`crate::reason::cube`]. Dollars are distributed by bytes among leaves with
//! the same charge in an hour.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{DataFrame, IntoLazy, col, lit};

use super::{Amounts, Cell, HOUR_SECONDS, Hours};
use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::Logged;
use crate::join::frame::Coded;
use crate::price::bill::{self, Bill, Periods, UNKNOWN, line};
use crate::price::{Money, PoolTerms, PriceTable, Uncharged, unpriced_notes};
use crate::reason::cube::{self, Cube, CubeKeys, Dimension, hours, sums};
use crate::schema::charge::ANY;
use crate::schema::frame::{int, moments, texts};
use crate::schema::{Column, output};

/// How long after its end an hour's records may still arrive. Source: the VPC user guide, "Flow log delivery".
pub const DELIVERY_SECONDS: u32 = 1800;
/// Seconds without a record at the start and end of an hour that still counts as fully covered.
const SLACK_SECONDS: u32 = 600;

/// The hours, and notes on how dollars were computed.
#[derive(Debug, Default)]
pub struct HoursAndNotes {
    /// The hours.
    pub hours: Hours,
    /// Notes on prices and folded keys.
    pub notes: Vec<String>,
    /// What is odd about the price tables.
    pub warnings: Vec<String>,
    /// The hours before the first and after the last traffic in which interfaces were logged, by their first seconds.
    pub quiet: Vec<u32>,
}

/// How traffic is priced.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// The prices.
    pub table: PriceTable,
    /// Terms other than prices.
    pub terms: PoolTerms,
}

/// The hours while they are put together.
#[derive(Debug)]
pub struct HoursBuilder {
    cube: Cube,
    rates: Rates,
    notes: Vec<String>,
    warnings: Vec<String>,
    keys: CubeKeys,
    /// By the numbers of leaves and the first seconds of hours; a leaf and hour may come several times.
    cells: Mutex<Vec<Cell>>,
    /// By the numbers of leaves: the bytes of conversations that the external end began, and of all.
    called: Mutex<HashMap<u32, [u128; 2]>>,
}

impl HoursBuilder {
    /// No hours yet. `charges` is a frame of all charges by [`bill::spec`] without further keys, hour by hour.
    ///
    /// # Errors
    /// If the charges have not these columns.
    pub fn new(keys: CubeKeys, charges: &DataFrame, pricing: &Pricing) -> Result<Self, Error> {
        // What is free has neither a price nor a note.
        let path = col(Column::Path.name()).fill_null(lit(UNKNOWN)).alias(line::REASON);
        let charged = charges.clone().lazy().with_column(path).filter(Uncharged::Free.is().not());
        let charged = charged.drop(polars::prelude::by_name([line::REASON], true, false)).collect()?;
        let charged = bill::by_price(&Periods::default().mark(&charged)?, &[], true)?;
        let bill = Bill::of(&charged, &[], (None, None), (&pricing.table, pricing.terms.clone()))?;
        let mut notes = bill::notes(&bill)?;
        notes.extend(unpriced_notes(&bill.lines)?);
        let (rates, cells, called) = (Rates::of(&bill)?, Mutex::default(), Mutex::default());
        Ok(Self { cube: Cube::new(keys.clone()), rates, notes, warnings: bill.warnings, keys, cells, called })
    }

    /// Adds a shard of [`CubeKeys::sum`].
    ///
    /// # Errors
    /// If the shard has not these columns.
    pub fn add(&self, shard: &Coded<'_>) -> Result<(), Error> {
        let (of_row, hours) = (self.cube.leaves(shard)?, hours(shard)?);
        let usd = self.rates.usd(shard, &hours)?;
        let [bytes, flows, rejects] =
            [output::BYTES, output::FLOWS, output::REJECTED_FLOWS].map(|output| sums(shard, output));
        let (bytes, flows, rejects) = (bytes?, flows?, rejects?);
        let narrow = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
        let mut cells: HashMap<(u32, u32), Amounts, ahash::RandomState> = HashMap::default();
        for (row, (leaf, hour)) in of_row.iter().copied().zip(hours).enumerate() {
            // Bytes of a charge are those of traffic once more.
            let amounts = match usd[row] {
                Some(usd) => [usd, 0, 0, 0],
                None => [0, bytes[row], flows[row], rejects[row]],
            };
            cells.entry((leaf, hour)).or_default().add(Amounts(amounts.map(narrow)));
        }
        if self.keys.callers {
            self.add_callers(&of_row, &cube::calls(shard, &self.keys)?, &bytes);
        }
        let cells = cells.into_iter().map(|((leaf, hour), amounts)| Cell { leaf, hour, amounts });
        self.cells.lock().unwrap_or_else(PoisonError::into_inner).extend(cells);
        Ok(())
    }

    fn add_callers(&self, leaves: &[u32], calls: &[bool], bytes: &[u128]) {
        let mut sums: HashMap<u32, [u128; 2]> = HashMap::new();
        for ((leaf, calls), bytes) in leaves.iter().zip(calls).zip(bytes) {
            let sum = sums.entry(*leaf).or_default();
            *sum = [sum[0] + if *calls { *bytes } else { 0 }, sum[1] + bytes];
        }
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        for (leaf, [more, all]) in sums {
            let sum = called.entry(leaf).or_default();
            *sum = [sum[0] + more, sum[1] + all];
        }
    }

    /// Builds the hours of all shards; uncovered hours are masked. `now` is the time of reading.
    #[must_use]
    pub fn finish(self, logged: &Logged, now: u32) -> HoursAndNotes {
        let mut cells = self.cells.into_inner().unwrap_or_else(PoisonError::into_inner);
        let span = cells.iter().map(|cell| (cell.hour, cell.hour));
        let Some((first, last)) = span.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))) else {
            return HoursAndNotes { quiet: logged.hours().collect(), ..HoursAndNotes::default() };
        };
        let quiet = logged.hours().filter(|moment| *moment < first || *moment > last).collect();
        cells.iter_mut().for_each(|cell| cell.hour = cell.hour.saturating_sub(first) / HOUR_SECONDS);
        let count = (last.saturating_sub(first) / HOUR_SECONDS) as usize + 1;
        let covered = covered(logged, (first, count), now);
        let leaves = self.cube.finish();
        let lost = lost(&leaves.names, logged, (first, count));
        let seven: Vec<_> = leaves.leaves.iter().filter_map(|leaf| leaf.first_chunk().copied()).collect();
        let mut hours = Hours::new((first, covered), &leaves.names, &seven, cells, &lost);
        let name = |code: u32| &*leaves.names[code as usize];
        let own = leaves.own_destinations.iter().map(|(interface, destination)| (name(*interface), name(*destination)));
        let called = self.called.into_inner().unwrap_or_else(PoisonError::into_inner);
        hours.set_ends(callers(&leaves.leaves, &called).map(name), own);
        HoursAndNotes { hours, notes: self.notes, warnings: self.warnings, quiet }
    }
}

/// The destinations most of whose bytes are of conversations that the external end began, by their codes.
fn callers(leaves: &[Box<[u32]>], called: &HashMap<u32, [u128; 2]>) -> impl Iterator<Item = u32> {
    let mut sums: BTreeMap<u32, [u128; 2]> = BTreeMap::new();
    for (leaf, [called, all]) in called {
        let sum = sums.entry(leaves[*leaf as usize][Dimension::Destination as usize]).or_default();
        *sum = [sum[0] + called, sum[1] + all];
    }
    sums.into_iter().filter(|(_, [called, all])| 2 * called > *all).map(|(destination, _)| destination)
}

/// What is charged alike in an hour: the charge, its sides, the hour.
type Alike<T> = ([T; 3], u32);

/// What those cost that are charged alike, in 10⁻¹⁰ USD, and their bytes.
#[derive(Debug)]
struct Rates(HashMap<Alike<Arc<str>>, (u128, u128)>);

impl Rates {
    fn of(bill: &Bill) -> Result<Self, Error> {
        let [charge, from, to] =
            [Column::Charge, Column::FromRegion, Column::ToRegion].map(|column| texts(&bill.lines, column.name()));
        let alike = charge?.zip(from?.zip(to?)).zip(moments(&bill.lines, line::TIME)?);
        let sums = int(&bill.lines, line::COST)?.iter().zip(int(&bill.lines, output::BYTES.name)?.iter());
        let mut rates: HashMap<Alike<Arc<str>>, (u128, u128)> = HashMap::new();
        for (((charge, (from, to)), hour), (cost, bytes)) in alike.zip(sums) {
            let alike = [charge, from, to].map(|text| Arc::from(text.unwrap_or(UNKNOWN)));
            let rate = rates.entry((alike, hour.unwrap_or(0))).or_default();
            rate.0 += Money::of_units(cost.unwrap_or(0)).rounded();
            rate.1 += u128::try_from(bytes.unwrap_or(0)).unwrap_or(0);
        }
        Ok(Self(rates))
    }

    /// The dollars of a shard's rows that are charges.
    fn usd(&self, shard: &Coded<'_>, hours: &[u32]) -> Result<Vec<Option<u128>>, Error> {
        let [charges, from, to] =
            [Column::Charge, Column::FromRegion, Column::ToRegion].map(|column| shard.codes(column));
        let (charges, from, to) = (charges?, from?, to?);
        let text = |code: u32, none: &str| -> Arc<str> {
            if code == Dictionary::ABSENT { none.into() } else { shard.names.display(code).into() }
        };
        let rate = |([charge, from, to], hour): Alike<u32>| {
            let alike = ([text(charge, UNKNOWN), text(from, UNKNOWN), text(to, ANY)], hour);
            self.0.get(&alike).copied().unwrap_or((0, 1))
        };
        let mut known: HashMap<Alike<u32>, (u128, u128), ahash::RandomState> = HashMap::default();
        let mut usd = |(row, bytes): (usize, u128)| {
            let alike = ([charges[row], from[row], to[row]], hours[row]);
            let (usd, whole) = *known.entry(alike).or_insert_with(|| rate(alike));
            (charges[row] != Dictionary::ABSENT).then(|| usd * bytes / whole.max(1))
        };
        Ok(sums(shard, output::BYTES)?.into_iter().enumerate().map(&mut usd).collect())
    }
}

/// The hours in which AWS lost records of interfaces that have traffic.
fn lost(names: &[Arc<str>], logged: &Logged, (first, count): (u32, usize)) -> Vec<(u32, u32)> {
    let last = u32::try_from(count).unwrap_or(u32::MAX).saturating_sub(1);
    let codes: HashMap<&str, u32> = names.iter().map(|name| &**name).zip(0..).collect();
    let hour = |moment: u32| moment.saturating_sub(first) / HOUR_SECONDS;
    let mut lost = Vec::new();
    for (id, gaps) in &logged.gaps {
        let Some(code) = codes.get(&*String::from_utf8_lossy(id)).copied() else { continue };
        let gaps = gaps.iter().filter(|(from, to)| *to >= first && hour(*from) <= last);
        lost.extend(gaps.flat_map(|(from, to)| hour(*from)..=hour(*to).min(last)).map(|hour| (code, hour)));
    }
    lost
}

/// The fully covered hours: those in which any interface was logged, with or without traffic, except hours that start
/// before the first or end after the last record, or whose records may still arrive.
fn covered(logged: &Logged, (first, count): (u32, usize), now: u32) -> Vec<bool> {
    let (begun, ended) = logged.span.unwrap_or((u32::MAX, 0));
    let whole = |hour: usize| {
        let start = first.saturating_add(u32::try_from(hour).unwrap_or(u32::MAX).saturating_mul(HOUR_SECONDS));
        let end = start.saturating_add(HOUR_SECONDS);
        logged.has_hour(start)
            && begun <= start.saturating_add(SLACK_SECONDS)
            && ended >= end.saturating_sub(SLACK_SECONDS)
            && now >= end.saturating_add(DELIVERY_SECONDS)
    };
    (0..count).map(whole).collect()
}
