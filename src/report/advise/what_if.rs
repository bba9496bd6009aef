//! Prices a recommendation: the window's bill with and without the bytes that it moves, and the hours that it needs.
//!
//! Where a charge has one price, bytes times price is the difference. Where it has tiers, the whole pool is priced
//! again without the bytes, since they leave by the tiers that they end in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::line::{Advice, Delta};
use super::{Estate, MONTH_HOURS};
use crate::price::{Charge, Money, PoolTerms, PriceTable, Usage, price};

/// A change of the monthly cost by one charge in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The charge's name, or that of a stated price.
    pub(super) charge: &'static str,
    pub(super) region: Arc<str>,
    /// Bytes in the window; below zero they are no longer charged.
    pub(super) bytes: i128,
    /// Units by the hour, each of the hours of a month.
    pub(super) hours: i128,
    /// The change of a month's cost in 10⁻¹⁰ USD, below zero for a saving; none without a price.
    pub(super) month: Option<i128>,
}

/// A priced recommendation.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) advice: Advice,
    pub(super) parts: Vec<Part>,
}

impl Judged {
    /// What is saved and what is spent in a month, in 10⁻¹⁰ USD; none if any part has no price.
    pub(super) fn sums(&self) -> Option<(i128, i128)> {
        self.parts.iter().try_fold((0, 0), |(saved, spent), part| {
            let month = part.month?;
            Some((saved - month.min(0), spent + month.max(0)))
        })
    }

    /// The net saving.
    pub(super) fn net(&self) -> Option<i128> {
        self.sums().map(|(saved, spent)| saved - spent)
    }
}

/// The bytes of a pool by hour and other side.
type Pool = BTreeMap<(u32, Arc<str>), u128>;

/// The window's bill, to be priced with other bytes.
pub(super) struct WhatIf<'t> {
    prices: &'t PriceTable,
    terms: &'t PoolTerms,
    pools: HashMap<(Charge, Arc<str>), Pool, ahash::RandomState>,
    hours: u64,
    moment: u32,
}

impl<'t> WhatIf<'t> {
    pub(super) fn new(estate: &Estate<'t>, terms: &'t PoolTerms) -> Self {
        let mut pools: HashMap<_, Pool, _> = HashMap::default();
        for line in &estate.lines {
            let Some(charge) = line.charge else { continue };
            let pool = pools.entry((charge, Arc::clone(&line.from))).or_default();
            *pool.entry((line.time, Arc::clone(&line.to))).or_default() += line.bytes;
        }
        Self { prices: estate.prices, terms, pools, hours: estate.hours, moment: estate.moment }
    }

    /// Prices a recommendation.
    pub(super) fn judge(&self, advice: Advice) -> Judged {
        let mut parts = self.moved(&advice.removed, -1);
        parts.extend(self.moved(&advice.added, 1));
        parts.extend(advice.hourly.iter().map(|(charge, count)| self.hourly(*charge, &advice.region, *count)));
        parts.extend(advice.stated.map(|(bytes, rate)| Part {
            charge: "stated-price",
            region: Arc::clone(&advice.region),
            bytes: signed(bytes),
            hours: 0,
            month: Some(self.month(rate.of_many(bytes).units())),
        }));
        parts.retain(|part| part.bytes != 0 || part.hours != 0);
        Judged { advice, parts }
    }

    /// Bytes that come (1) or go (−1), by charge and region.
    fn moved(&self, deltas: &[Delta], sign: i128) -> Vec<Part> {
        let mut by_pool: BTreeMap<(Charge, Arc<str>), Pool> = BTreeMap::new();
        for delta in deltas {
            let pool = by_pool.entry((delta.charge, Arc::clone(&delta.from))).or_default();
            *pool.entry((delta.time, Arc::clone(&delta.to))).or_default() += delta.bytes;
        }
        let part = |((charge, from), moved): ((Charge, Arc<str>), Pool)| Part {
            charge: charge.name(),
            bytes: sign * signed(moved.values().sum()),
            hours: 0,
            month: self.change(charge, &from, &moved, sign).map(|units| self.month(units)),
            region: from,
        };
        by_pool.into_iter().map(part).collect()
    }

    /// The change of the window's cost, in units of money.
    fn change(&self, charge: Charge, from: &Arc<str>, moved: &Pool, sign: i128) -> Option<i128> {
        if let Some(flat) = moved.iter().map(|(place, bytes)| self.flat(charge, from, place, *bytes)).sum() {
            let flat: Money = flat;
            return Some(sign * flat.units());
        }
        let before = self.pools.get(&(charge, Arc::clone(from))).cloned().unwrap_or_default();
        let mut after = before.clone();
        for (place, bytes) in moved {
            let held = after.entry(place.clone()).or_default();
            *held = if sign < 0 { held.saturating_sub(*bytes) } else { *held + bytes };
        }
        Some(self.pool(charge, from, &after)?.units() - self.pool(charge, from, &before)?.units())
    }

    /// The cost of bytes at the only price that there is; none if there are tiers.
    fn flat(&self, charge: Charge, from: &str, (time, to): &(u32, Arc<str>), bytes: u128) -> Option<Money> {
        let ladder = self.prices.look_up(charge, from, to, *time)?;
        let [row] = ladder.rows() else { return None };
        let rate = row.rate.filter(|_| row.end_gb.is_none())?;
        Some(rate.less(self.terms.discounts.of(charge)).of_many(bytes))
    }

    /// The cost of a pool; none if any of it has no price.
    fn pool(&self, charge: Charge, from: &Arc<str>, pool: &Pool) -> Option<Money> {
        let usage = |((hour, to), bytes): (&(u32, Arc<str>), &u128)| Usage {
            hour: *hour,
            charge,
            from: Arc::clone(from),
            to: Arc::clone(to),
            bytes: u64::try_from(*bytes).unwrap_or(u64::MAX),
        };
        let usages: Vec<_> = pool.iter().map(usage).enumerate().collect();
        let priced = price(&usages, self.prices, self.terms);
        priced.iter().map(|priced| (priced.unpriced_bytes == 0).then_some(priced.usd)).sum()
    }

    /// Hours of so many gateways, endpoints or addresses in a month.
    fn hourly(&self, charge: Charge, region: &Arc<str>, count: i64) -> Part {
        let rate = self.prices.hourly(charge, region, self.moment);
        let rate = rate.map(|rate| rate.less(self.terms.discounts.of(charge)));
        let month = rate.map(|rate| {
            signed(rate.of_hours(count.unsigned_abs() * MONTH_HOURS).rounded()) * i128::from(count.signum())
        });
        let hours = i128::from(count) * i128::from(MONTH_HOURS);
        Part { charge: charge.name(), region: Arc::clone(region), bytes: 0, hours, month }
    }

    /// A window's amount, in units of money, as a month's in 10⁻¹⁰ USD, halves rounded away from zero.
    fn month(&self, units: i128) -> i128 {
        let scaled = units.unsigned_abs().saturating_mul(MONTH_HOURS.into()) / u128::from(self.hours.max(1));
        signed(Money::of_units(signed(scaled)).rounded()) * units.signum()
    }
}

fn signed(number: u128) -> i128 {
    i128::try_from(number).unwrap_or(i128::MAX)
}
