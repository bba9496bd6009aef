//! AWS's own price lists → rows of ours.
//!
//! An offer file (AWSDataTransfer, AmazonEC2, AmazonVPC…) is recognised by its first bytes and streamed: AmazonEC2 has
//! gigabytes, of which a few rows per region are kept. Every skipped row is counted with its reason. Files of several
//! dates form one table: a price is effective until the next one for the same key.

mod json;
mod meter;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, BufRead};

pub use meter::Reason;
use meter::{Meter, Product};

use super::attested::Confidence;
use super::money::Rate;
use super::read::{TIER_GB_MAX, midnight};
use super::table::{Place, PriceRow};
use crate::error::Error;
use crate::schema::charge::Charge;

/// What price lists write for a tier without an end.
const NO_END: &str = "Inf";
/// What some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// The units that mean a GB, and those of a price by the hour.
const GB_UNITS: [&str; 2] = ["GB", "GigaBytes"];
const HOUR_UNITS: [&str; 5] = ["Hrs", "Hours", "Hour", "Gbps-Hrs", "Gbps-Hours"];
/// The currency that we have.
const CURRENCY: &str = "USD";
/// The term of the prices.
const ON_DEMAND: &str = "OnDemand";

/// Price lists being read.
#[derive(Debug, Default)]
pub struct Import {
    kept: BTreeMap<Place, BTreeMap<u32, Kept>>,
    left_out: BTreeMap<Reason, LeftOut>,
    taken: u64,
}

/// What the lists gave.
#[derive(Debug)]
pub struct Imported {
    /// Rows without faults.
    pub rows: Vec<PriceRow>,
    /// How many rows of the lists they come from.
    pub taken: u64,
    /// What was not taken.
    pub left_out: Vec<(Reason, LeftOut)>,
}

/// Rows that were not taken for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many; a product whose prices were not looked at is one.
    pub rows: u64,
    /// The usage type of the first.
    pub example: String,
}

/// The tiers of a place from one date on.
#[derive(Clone, Debug, Default)]
struct Kept {
    tiers: BTreeMap<u64, (Option<u64>, Rate)>,
    source: String,
    /// The day of the price list.
    published: Option<u32>,
    usage_type: String,
    is_contradicted: bool,
    /// Whether its rows are counted with the other half that they price.
    is_second_half: bool,
}

/// Metadata of a price list.
#[derive(Clone, Debug, Default)]
struct List {
    offer: String,
    published: String,
}

/// A price of a product, as the list writes it.
#[derive(Clone, Copy, Debug)]
struct Dimension<'a> {
    unit: &'a str,
    currency: &'a str,
    price: &'a str,
    start: &'a str,
    end: &'a str,
    effective: &'a str,
}

impl Import {
    /// Reads one offer file.
    ///
    /// # Errors
    /// If it is none, or is damaged: then nothing of the import should be used.
    pub fn read(&mut self, name: &str, mut input: impl BufRead) -> Result<(), Error> {
        let broken = |cause: String| Error::read(format!("{name}: the price list cannot be read: {cause}"));
        let failed = |error: io::Error| broken(error.to_string());
        if input.fill_buf().map_err(failed)?.starts_with(BYTE_ORDER_MARK) {
            input.consume(BYTE_ORDER_MARK.len());
        }
        let start = input.fill_buf().map_err(failed)?.trim_ascii_start();
        if start.starts_with(b"{") {
            return json::read(input, self).map_err(|error| broken(error.to_string()));
        }
        if start.strip_prefix(b"\"").unwrap_or(start).starts_with(rows::FIRST) {
            return rows::read(input, self).map_err(failed);
        }
        let error = Error::read(format!("{name}: not an AWS price list"));
        let error = error.hint("give the CSV or JSON offer file of AWSDataTransfer, AmazonEC2 or AmazonVPC");
        Err(error.hint("a table of outflow's own goes to --prices"))
    }

    /// The table of everything that was read.
    #[must_use]
    pub fn finish(mut self) -> Imported {
        let mut rows = Vec::new();
        for (place, dates) in std::mem::take(&mut self.kept) {
            let (whole, broken): (Vec<_>, Vec<_>) = dates.into_iter().partition(|(_, kept)| kept.is_whole());
            for (_, kept) in broken.into_iter().filter(|(_, kept)| !kept.is_second_half) {
                self.taken -= kept.tiers.len() as u64;
                self.leave_out(Reason::Conflict, &kept.usage_type, kept.tiers.len() as u64);
            }
            rows.extend(in_turn(&place, whole));
        }
        Imported { rows, taken: self.taken, left_out: self.left_out.into_iter().collect() }
    }

    fn leave_out(&mut self, reason: Reason, usage_type: &str, rows: u64) {
        let left_out = self.left_out.entry(reason).or_default();
        if left_out.rows == 0 {
            usage_type.clone_into(&mut left_out.example);
        }
        left_out.rows += rows;
    }

    /// Takes a price of a product, or counts why not.
    fn price(&mut self, list: &List, product: &Product, meter: &Meter, dimension: Dimension) {
        if let Err(reason) = self.take(list, product, meter, dimension) {
            self.leave_out(reason, &product.usage_type, 1);
        }
    }

    fn take(&mut self, list: &List, product: &Product, meter: &Meter, dimension: Dimension) -> Result<(), Reason> {
        let is_hourly = meter.charges[0].is_hourly();
        let units = if is_hourly { &HOUR_UNITS[..] } else { &GB_UNITS };
        if !units.iter().any(|unit| unit.eq_ignore_ascii_case(dimension.unit)) {
            return Err(Reason::Unit);
        }
        if dimension.currency != CURRENCY {
            return Err(Reason::Currency);
        }
        let rate = Rate::parse(dimension.price).map_err(|_| Reason::Malformed)?;
        let start = edge(dimension.start).ok_or(Reason::Malformed)?;
        let end = if dimension.end == NO_END { None } else { Some(edge(dimension.end).ok_or(Reason::Malformed)?) };
        if end.is_some_and(|end| end <= start) {
            return Err(Reason::Malformed);
        }
        if is_hourly && (start, end) != (0, None) {
            return Err(Reason::HourTiers);
        }
        let date = if dimension.effective.is_empty() { &list.published } else { dimension.effective };
        let effective = date.get(..10).and_then(midnight).ok_or(Reason::Malformed)?;
        if meter.charges[0] == Charge::InternetEgressFree && (rate != Rate::default() || end.is_none()) {
            return Err(Reason::FreeTier);
        }
        let mut is_new = false;
        for charge in meter.charges {
            let dates = self.kept.entry((*charge, meter.from.clone(), meter.to.clone())).or_default();
            let is_second_half = *charge != meter.charges[0];
            let kept = dates.entry(effective).or_insert_with(|| Kept::of(list, product, is_second_half));
            is_new |= kept.take(start, end, rate);
        }
        self.taken += u64::from(is_new);
        if is_new { Ok(()) } else { Err(Reason::Repeated) }
    }
}

impl Kept {
    fn of(list: &List, product: &Product, is_second_half: bool) -> Self {
        let published = list.published.get(..10).unwrap_or("an unknown day");
        let source = format!("{} price list published {published}, SKU {}", list.offer, product.sku);
        let published = list.published.get(..10).and_then(midnight);
        Self { source, published, usage_type: product.usage_type.clone(), is_second_half, ..Self::default() }
    }

    /// Adds a tier; false if it exists already.
    fn take(&mut self, start: u64, end: Option<u64>, rate: Rate) -> bool {
        let held = self.tiers.insert(start, (end, rate));
        self.is_contradicted |= held.is_some_and(|held| held != (end, rate));
        held.is_none()
    }

    /// Whether its tiers follow each other from zero on, and nothing speaks against them.
    fn is_whole(&self) -> bool {
        let mut at = Some(0);
        let follows = self.tiers.iter().all(|(start, (end, _))| std::mem::replace(&mut at, *end) == Some(*start));
        follows && !self.is_contradicted
    }
}

/// Rows of the tiers of several dates, each in force until the next; a date that changes nothing is left out.
fn in_turn(place: &Place, dates: Vec<(u32, Kept)>) -> Vec<PriceRow> {
    let mut changes: Vec<(u32, Kept)> = Vec::new();
    for (date, kept) in dates {
        if changes.last().is_none_or(|(_, before)| before.tiers != kept.tiers) {
            changes.push((date, kept));
        }
    }
    let ends = changes.iter().skip(1).map(|(date, _)| Some(*date)).chain([None]).collect::<Vec<_>>();
    let rows = changes.into_iter().zip(ends).flat_map(|((effective_from, kept), effective_to)| {
        kept.tiers.into_iter().map(move |(start_gb, (end_gb, rate))| PriceRow {
            charge: place.0,
            from: place.1.clone(),
            to: place.2.clone(),
            start_gb,
            end_gb,
            rate: Some(rate),
            effective_from,
            effective_to,
            confidence: Some(Confidence::Verified),
            as_of: kept.published,
            source: kept.source.clone(),
            line: 0,
        })
    });
    rows.collect()
}

/// The GB at an edge of a tier.
fn edge(text: &str) -> Option<u64> {
    text.parse().ok().filter(|gb| *gb <= TIER_GB_MAX)
}
