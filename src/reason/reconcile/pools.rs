//! What a bill says of prices: the pools of its tiers, and what a GB really cost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Line, Logs};
use crate::price::statement::{Family, Meter, Statement, metered};
use crate::price::{Charge, GB_BYTES};
use crate::schema::charge::ANY;
use crate::schema::edge;
use crate::units::time::month_around;

/// A month, charge, Region and other side.
type Sides = (u32, Charge, Arc<str>, Arc<str>);

/// A pool of tiers: what one SKU has, over all services and accounts of the bill.
///
/// Tiers of a pool are not in strict time order on a bill (in one of 2024 a later hour of another account has the first
/// tier again), so a row's rate is not reproduced; the pool's total and average are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The SKU; empty where the bill has none.
    pub sku: Arc<str>,
    /// The charge.
    pub charge: Charge,
    /// The Region.
    pub from: Arc<str>,
    /// Bytes on the bill.
    pub billed_bytes: i128,
    /// What they cost before discounts, in 10⁻¹⁴ USD.
    pub cost: i128,
    /// Bytes in the logs.
    pub logged_bytes: i128,
}

/// The pools of internet egress, by SKU.
#[must_use]
pub fn pools(statement: &Statement, logs: &Logs) -> Vec<Pool> {
    let (lines, _) = statement.finish();
    let mut found: BTreeMap<(Arc<str>, &'static str), (i128, i128)> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.usage_type.ends_with("DataTransfer-Out-Bytes")) {
        // An edge of CloudFront has a pool of its own, under the code of a continent.
        let is_edge = line.product.contains("CloudFront");
        let read = metered(&line.usage_type, &line.operation, &line.product, &line.resource);
        let Some(from) = read.from.filter(|_| !is_edge) else { continue };
        let sum = found.entry((Arc::clone(&line.sku), from)).or_default();
        sum.0 += line.bytes;
        sum.1 += line.cost;
    }
    let pool = |((sku, from), (billed_bytes, cost)): ((Arc<str>, &str), (i128, i128))| Pool {
        sku,
        charge: Charge::InternetEgress,
        from: from.into(),
        billed_bytes,
        cost,
        logged_bytes: 0,
    };
    let mut pools: Vec<Pool> = found.into_iter().map(pool).collect();
    let regions: BTreeSet<Arc<str>> = pools.iter().map(|pool| Arc::clone(&pool.from)).collect();
    for from in regions {
        // The free tier has an SKU of its own. What of the logs is free cannot be told; their bytes stand in the paid pool.
        let paid = pools.iter_mut().filter(|pool| pool.from == from).max_by_key(|pool| (pool.cost, pool.billed_bytes));
        if let Some(paid) = paid {
            paid.logged_bytes = logs.bytes(&[Family::Internet, Family::Vpn], &from);
        }
    }
    pools
}

/// What a GB of a charge really cost in a month, after discounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeanRate {
    /// The first second of the month, and of the next one.
    pub month: (u32, u32),
    /// The charge.
    pub charge: Charge,
    /// The Region.
    pub from: Arc<str>,
    /// The other side, as price tables have it.
    pub to: Arc<str>,
    /// Bytes on the bill.
    pub bytes: i128,
    /// What they cost after discounts, in 10⁻¹⁴ USD.
    pub cost: i128,
}

impl MeanRate {
    /// 10⁻¹⁰ USD per GB, halves up.
    #[must_use]
    pub fn usd_per_gb(&self) -> i128 {
        let per_gb = self.cost * i128::from(GB_BYTES);
        let parts = self.bytes * 10_000;
        (per_gb + parts / 2) / parts
    }
}

/// The mean rates of a bill's months: of each charge and its two sides, over all accounts and resources.
#[must_use]
pub fn mean_rates(statement: &Statement) -> Vec<MeanRate> {
    let mut months: BTreeMap<Sides, (i128, i128)> = BTreeMap::new();
    for line in statement.finish().0 {
        let Meter::Charged(family) = line.meter else { continue };
        let place = super::place_of(&line, false, statement.has_operations());
        // A bill does not say where peerings lead: their rate is for all Regions without one of their own.
        let to = Arc::from(if place.other_side().is_empty() { ANY } else { place.other_side() });
        let sum = months.entry((month_around(line.start).0, family.charge(), place.from, to)).or_default();
        sum.0 += line.bytes;
        sum.1 += line.cost + line.discount;
    }
    let is_priced =
        |((_, _, from, _), (bytes, cost)): &(Sides, (i128, i128))| *bytes > 0 && *cost >= 0 && edge::is_place(from);
    // A code that is not known names no side of a price.
    let is_placed = |((_, charge, _, to), _): &(Sides, (i128, i128))| {
        *charge != Charge::InterRegion || &**to == ANY || edge::is_place(to)
    };
    let rate = |((month, charge, from, to), (bytes, cost))| MeanRate {
        month: month_around(month),
        charge,
        from,
        to,
        bytes,
        cost,
    };
    months.into_iter().filter(is_priced).filter(is_placed).map(rate).collect()
}

/// Bytes of lines that flow logs explain, of those that they could.
#[must_use]
pub fn compared_bytes(lines: &[Line]) -> (i128, i128) {
    let of_family = lines.iter().filter(|line| line.place.family.is_some());
    of_family.fold((0, 0), |sum, line| (sum.0 + line.logged_bytes, sum.1 + line.billed_bytes))
}
