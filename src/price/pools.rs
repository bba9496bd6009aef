//! Pools: which bytes are tiered together, and what each row of them costs.
//!
//! AWS counts tiers by month (UTC), charge and region, over a whole organisation. Rows of a pool that have other tiers
//! than its rest (pairs of regions) are a pool of their own. Where a price changes inside a month the pool is cut
//! there, and the tiers go on counting.
//!
//! The bytes of each tier are shared by largest remainder, ties to the lower key; so each row pays the average to
//! within a byte of a tier, its cost is a sum of rate × whole bytes, and all rows together cost the pool exactly.
//! Allocation and display are not handled here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::discount::Discounts;
use super::ladder::{Ladder, Step, Terms};
use super::money::{Discount, Money, Rate, split};
use super::table::PriceTable;
use crate::schema::charge::Charge;
use crate::units::time;

/// Charged bytes of one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The first second of the hour, UTC.
    pub hour: u32,
    /// What is charged.
    pub charge: Charge,
    /// The region that is charged.
    pub from: Arc<str>,
    /// The other side.
    pub to: Arc<str>,
    /// How many bytes.
    pub bytes: u64,
}

/// Whose bytes reach which tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tiers {
    /// The month is tiered once and all pay the average.
    #[default]
    Blended,
    /// Hour by hour in time order, with one average per hour.
    Marginal,
}

/// Bytes of a month by charge and region.
pub type MonthUsage = BTreeMap<(Charge, String), u64>;

/// Terms of pools other than prices.
#[derive(Clone, Debug, Default)]
pub struct PoolTerms {
    /// Whose bytes reach which tier.
    pub tiers: Tiers,
    /// Whether the global free tier is taken off each month's egress.
    pub free_tier: bool,
    /// What else was charged in each month, beyond what is free: where the tiers begin, those of each pair of regions
    /// with tiers of its own too.
    pub already: MonthUsage,
    /// Discounts on rates.
    pub discounts: Discounts,
}

/// What a row costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Priced<'t> {
    /// The cost of priced bytes.
    pub usd: Money,
    /// How many of its bytes have none.
    pub unpriced_bytes: u64,
    /// The row's bytes tier by tier; together they are the row's bytes and its cost.
    pub steps: Vec<Step<'t>>,
}

/// What each row costs, in the rows' order. Keys decide ties alone.
///
/// Where the free tier is requested, one pool of it covers a month's egress of all regions, most expensive first and of
/// equal ones the first by name. AWS does not say which regions it takes first; that is inferred from bills.
#[must_use]
pub fn price<'t, K: Ord>(rows: &[(K, Usage)], table: &'t PriceTable, terms: &PoolTerms) -> Vec<Priced<'t>> {
    let mut pools = pools(rows, table);
    if terms.free_tier {
        pools.chunk_by_mut(|a, b| a.month == b.month).for_each(|month| give_free(month, rows, table));
    }
    let mut priced = vec![Priced::default(); rows.len()];
    for pool in &pools {
        pool.price(rows, terms, &mut priced);
    }
    priced
}

/// Rows that are tiered together.
struct Pool<'r, 't> {
    month: u32,
    charge: Charge,
    from: &'r str,
    /// The tiers, each with the moment since when they apply; from the month's first on.
    ladders: Vec<(u32, Option<Ladder<'t>>)>,
    /// Indices of its rows, in time order.
    rows: Vec<usize>,
    /// Bytes that are free before the first tier begins.
    free_bytes: u64,
}

/// Every pool, by month.
fn pools<'r, 't, K>(rows: &'r [(K, Usage)], table: &'t PriceTable) -> Vec<Pool<'r, 't>> {
    let changes = table.changes();
    let place = |(row, (_, usage)): (usize, &'r (K, Usage))| {
        let month = time::month_around(usage.hour);
        (month, usage.charge, &*usage.from, &*usage.to, usage.hour, row)
    };
    let mut places: Vec<_> = rows.iter().enumerate().map(place).collect();
    places.sort_unstable();
    let mut pools: Vec<Pool> = Vec::new();
    let is_one = |a: &(_, _, _, _, _, _), b: &(_, _, _, _, _, _)| (a.0, a.1, a.2, a.3) == (b.0, b.1, b.2, b.3);
    for group in places.chunk_by(is_one) {
        let ((start, end), charge, from, to, ..) = group[0];
        let ladders = ladders(table, &changes, (start, end), (charge, from, to));
        let of_region = |pool: &&mut Pool| (pool.month, pool.charge, pool.from) == (start, charge, from);
        let same = pools.iter_mut().rev().take_while(of_region).find(|pool| pool.ladders == ladders);
        let places = group.iter().map(|place| place.5);
        match same {
            Some(pool) => pool.rows.extend(places),
            None => pools.push(Pool { month: start, charge, from, ladders, rows: places.collect(), free_bytes: 0 }),
        }
    }
    for pool in &mut pools {
        pool.rows.sort_by_key(|row| rows[*row].1.hour);
    }
    pools
}

/// The tiers between two places through a month.
fn ladders<'t>(
    table: &'t PriceTable,
    changes: &[u32],
    (start, end): (u32, u32),
    (charge, from, to): (Charge, &str, &str),
) -> Vec<(u32, Option<Ladder<'t>>)> {
    let inside = changes.iter().copied().filter(|moment| start < *moment && *moment < end);
    let moments = std::iter::once(start).chain(inside);
    let mut ladders: Vec<_> = moments.map(|moment| (moment, table.look_up(charge, from, to, moment))).collect();
    ladders.dedup_by(|later, earlier| later.1 == earlier.1);
    ladders
}

/// Distributes a month's free bytes over its egress pools.
fn give_free<K>(pools: &mut [Pool], rows: &[(K, Usage)], table: &PriceTable) {
    let mut egress: Vec<_> = pools
        .iter_mut()
        .filter(|pool| pool.charge == Charge::InternetEgress)
        .filter_map(|pool| Some((pool.first_rate()?, table.free_bytes(pool.from, pool.month), pool)))
        .filter(|(_, free, _)| *free > 0)
        .collect();
    egress.sort_by(|(rate, _, pool), (other, _, than)| other.cmp(rate).then_with(|| pool.from.cmp(than.from)));
    let mut left = egress.iter().map(|(_, free, _)| *free).max().unwrap_or(0);
    for (_, free, pool) in egress {
        let bytes = pool.rows.iter().fold(0_u64, |sum, row| sum.saturating_add(rows[*row].1.bytes));
        pool.free_bytes = bytes.min(left).min(free);
        left -= pool.free_bytes;
    }
}

impl<'t> Pool<'_, 't> {
    /// What the first byte costs.
    fn first_rate(&self) -> Option<Rate> {
        self.ladders.first()?.1.as_ref()?.rows().first()?.rate
    }

    /// The ladder that applies at a time.
    fn segment(&self, moment: u32) -> usize {
        self.ladders.partition_point(|(since, _)| *since <= moment).saturating_sub(1)
    }

    fn price<K: Ord>(&self, rows: &[(K, Usage)], terms: &PoolTerms, priced: &mut [Priced<'t>]) {
        let already_bytes = terms.already.get(&(self.charge, self.from.to_owned())).copied().unwrap_or(0);
        let discount = terms.discounts.of(self.charge);
        let mut at = Terms { already_bytes, free_bytes: self.free_bytes, discount };
        let hour = |row: usize| rows[row].1.hour;
        let is_one = |a: &usize, b: &usize| match terms.tiers {
            Tiers::Blended => self.segment(hour(*a)) == self.segment(hour(*b)),
            Tiers::Marginal => hour(*a) == hour(*b),
        };
        for batch in self.rows.chunk_by(is_one) {
            let ladder = self.ladders.get(self.segment(hour(batch[0]))).and_then(|(_, ladder)| ladder.as_ref());
            for (batch, bytes) in countable(batch, rows) {
                let steps = match ladder {
                    Some(ladder) => ladder.steps(bytes, at),
                    None => vec![Step { row: None, bytes, usd: None }],
                };
                share(&steps, batch, rows, discount, priced);
                at = at.after(bytes);
            }
        }
    }
}

/// Rows in as few parts as have fewer than 2⁶⁴ bytes each, and the bytes of each part.
fn countable<'a, K>(mut batch: &'a [usize], rows: &[(K, Usage)]) -> Vec<(&'a [usize], u64)> {
    let mut parts = Vec::new();
    while !batch.is_empty() {
        let mut bytes = 0_u64;
        let fits = |row: &&usize| bytes.checked_add(rows[**row].1.bytes).map(|sum| bytes = sum).is_some();
        let (part, rest) = batch.split_at(batch.iter().take_while(fits).count().max(1));
        parts.push((part, bytes));
        batch = rest;
    }
    parts
}

/// Shares the bytes of each step out to the rows of a batch.
fn share<'t, K: Ord>(
    steps: &[Step<'t>],
    batch: &[usize],
    rows: &[(K, Usage)],
    discount: Discount,
    priced: &mut [Priced<'t>],
) {
    // Rows with equal keys are ordered by their values, so input order does not matter.
    let weight = |row: &usize| {
        let (key, usage) = &rows[*row];
        ((key, usage.hour, &*usage.to, usage.bytes), usage.bytes)
    };
    let mut left: Vec<_> = batch.iter().map(weight).collect();
    for (place, step) in steps.iter().enumerate() {
        // The last step is the remainder of each row; most pools have no other.
        let parts = if place + 1 == steps.len() {
            left.iter().map(|(_, bytes)| u128::from(*bytes)).collect()
        } else {
            split(step.bytes.into(), &left)
        };
        for ((row, part), (_, left)) in batch.iter().zip(parts).zip(&mut left) {
            let bytes = u64::try_from(part).unwrap_or(u64::MAX).min(*left);
            *left -= bytes;
            priced[*row].add(step.part(bytes, discount));
        }
    }
}

impl<'t> Priced<'t> {
    fn add(&mut self, step: Step<'t>) {
        if step.bytes == 0 {
            return;
        }
        match step.usd {
            Some(usd) => self.usd = self.usd + usd,
            None => self.unpriced_bytes += step.bytes,
        }
        self.steps.push(step);
    }
}

#[cfg(test)]
mod tests;
