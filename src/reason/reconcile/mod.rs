//! AWS's bill against the logs: what of each billed line flow logs explain, and why the rest differs.
//!
//! Lines are compared by account, meter, Regions, resource and day, in which each hour is judged where the bill is hourly.
//! The parts of a line add up to it, in bytes and to 10⁻¹⁰ USD, and what no reason explains is one of them. Quantities
//! come first, then money: a quantity has no discount, tier or currency. Nothing is scaled to fit.

mod allocate;
mod gather;
mod parts;
mod pools;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub use allocate::{Allocated, RATIO_WHOLE, UNALLOCATED_PART, allocate};
pub use gather::{Logs, OwnerBytes, Use, Watches};
pub use pools::{MeanRate, Pool, compared_bytes, mean_rates, pools};

use crate::price::PriceTable;
use crate::price::statement::{
    BilledLine, Family, Meter, Rest, RestKey, Statement, is_known_kind, metered, resource_id,
};
use crate::schema::charge::{ANY, Charge, INTERNET, SAME};
use crate::schema::region;
use crate::units::time::month_around;

const DAY_SECONDS: u32 = 86_400;
const HOUR_SECONDS: u32 = 3_600;
/// Stands for resources of a bill that flow logs have no name of, and for interfaces that a bill has another name of.
pub const OTHER_RESOURCES: &str = "(other)";

/// Why a part of a billed line is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Flow logs show it; at the list prices of the price table.
    Logged,
    /// A service whose transfer passes no network interface.
    NoInterface,
    /// A resource without any record in the logs.
    Unlogged,
    /// Hours in which the resource, or one of its interfaces, was not logged.
    UnloggedHours,
    /// Hours in which AWS dropped records.
    Skipped,
    /// Bytes that AWS does not charge.
    Free,
    /// Hours of gateways, endpoints and public addresses.
    Hours,
    /// A usage type that is in no list here.
    Unknown,
    /// The tier that was reached is another than the logs alone would reach.
    Tiers,
    /// The free tier.
    FreeTier,
    /// A rate other than the list price.
    Price,
    /// The price table has no price.
    Unpriced,
    /// Discounts.
    Discount,
    /// Amounts of a bill are rounded line by line.
    Rounding,
    /// What no reason explains.
    Residual,
}

impl Reason {
    /// Every reason, in the order of reports.
    pub const ALL: [Self; 15] = [
        Self::Logged,
        Self::NoInterface,
        Self::Unlogged,
        Self::UnloggedHours,
        Self::Skipped,
        Self::Free,
        Self::Hours,
        Self::Unknown,
        Self::Tiers,
        Self::FreeTier,
        Self::Price,
        Self::Unpriced,
        Self::Discount,
        Self::Rounding,
        Self::Residual,
    ];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Logged => "logged",
            Self::NoInterface => "no-interface",
            Self::Unlogged => "unlogged",
            Self::UnloggedHours => "unlogged-hours",
            Self::Skipped => "skipped",
            Self::Free => "free",
            Self::Hours => "hours",
            Self::Unknown => "unknown",
            Self::Tiers => "tiers",
            Self::FreeTier => "free-tier",
            Self::Price => "price",
            Self::Unpriced => "unpriced",
            Self::Discount => "discount",
            Self::Rounding => "rounding",
            Self::Residual => "residual",
        }
    }

    /// What it means, in a sentence fragment.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Logged => "explained by flow logs, at list prices",
            Self::NoInterface => "services whose transfer passes no network interface (S3, SNS, CloudFront…)",
            Self::Unlogged => "resources without any record in the logs",
            Self::UnloggedHours => "hours in which the resource was not logged",
            Self::Skipped => "hours in which AWS dropped records (SKIPDATA)",
            Self::Free => "transfer that AWS does not charge",
            Self::Hours => "hours of gateways, endpoints and public addresses",
            Self::Unknown => "transfer of usage types that outflow does not know",
            Self::Tiers => "the whole organisation's usage reached another tier than the logs alone",
            Self::FreeTier => "the free tier",
            Self::Price => "a rate other than the list price",
            Self::Unpriced => "no price in the price table",
            Self::Discount => "discounts",
            Self::Rounding => "a bill rounds each line",
            Self::Residual => "not explained",
        }
    }
}

/// What is compared with what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The usage account.
    pub account: Arc<str>,
    /// The charges; none of what flow logs do not show.
    pub family: Option<Family>,
    /// The Region.
    pub from: Arc<str>,
    /// The other side, where the meter has one.
    pub to: Arc<str>,
    /// The usage type, where there is no family.
    pub usage_type: Arc<str>,
    /// The resource as flow logs name it, or [`OTHER_RESOURCES`]; empty where the bill's id means nothing to them.
    pub resource: Arc<str>,
}

impl Place {
    /// The other side of its charge, as price tables have it.
    #[must_use]
    pub fn other_side(&self) -> &str {
        match self.family.map(Family::charge) {
            Some(Charge::InternetEgress) => INTERNET,
            Some(Charge::InterRegion | Charge::DirectConnect) => &self.to,
            Some(Charge::NatProcessing | Charge::TransitGateway) => ANY,
            Some(Charge::EndpointProcessing | Charge::GwlbEndpointProcessing) => ANY,
            _ => SAME,
        }
    }
}

/// A part of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Why.
    pub reason: Reason,
    /// Bytes; 0 of what is a difference of money.
    pub bytes: i128,
    /// 10⁻¹⁰ USD.
    pub usd: i128,
}

/// A day of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The first second of the day, UTC.
    pub day: u32,
    /// What is compared.
    pub place: Place,
    /// The usage type of the bill; of what is in the logs alone, the one that it would have.
    pub usage_type: Arc<str>,
    /// The resource as the bill has it, else as the logs do.
    pub resource: Arc<str>,
    /// The service; empty of what is in the logs alone.
    pub product: Arc<str>,
    /// The SKU; empty where there is none, or several.
    pub sku: Arc<str>,
    /// Bytes on the bill.
    pub billed_bytes: i128,
    /// Bytes in the logs.
    pub logged_bytes: i128,
    /// What the bill has after discounts, in 10⁻¹⁰ USD.
    pub billed_usd: i128,
    /// The parts of it, which add up to it.
    pub parts: Vec<Part>,
}

impl Line {
    /// The part of a reason.
    #[must_use]
    pub fn part(&self, reason: Reason) -> Part {
        let zero = Part { reason, bytes: 0, usd: 0 };
        self.parts.iter().copied().find(|part| part.reason == reason).unwrap_or(zero)
    }
}

/// A bill, explained.
#[derive(Clone, Debug, Default)]
pub struct Reconciliation {
    /// Transfer, by place and day, sorted.
    pub lines: Vec<Line>,
    /// The account that pays, where the bill names one.
    pub payer: Option<Arc<str>>,
    /// Everything else on the bill: line items and 10⁻¹⁰ USD.
    pub rest: BTreeMap<RestKey, (u64, i128)>,
    /// Lines of the bill outside the window, which were not compared.
    pub outside: u64,
    /// The same of everything else, of months that are not wholly in the window: line items and 10⁻¹⁰ USD.
    pub rest_outside: (u64, i128),
}

/// The bill's lines of a place and day, by period: an hour, or a day of a daily bill.
type Billed<'b> = BTreeMap<(Place, u32), BTreeMap<u32, Vec<&'b BilledLine>>>;

/// What a bill is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Against<'a> {
    /// What the logs have.
    pub logs: &'a Logs,
    /// List prices.
    pub prices: &'a PriceTable,
    /// The window of both, half-open; open sides are none.
    pub window: (Option<u32>, Option<u32>),
}

/// Compares a bill with what the logs have.
#[must_use]
pub fn reconcile(statement: &Statement, against: &Against<'_>) -> Reconciliation {
    let window = against.window;
    let (billed, rest) = statement.finish();
    let has_resources = statement.has_resources();
    let is_inside = |start: u32| window.0.is_none_or(|from| start >= from) && window.1.is_none_or(|to| start < to);
    let mut days: Billed<'_> = BTreeMap::new();
    let (mut outside, mut cut) = (0, BTreeSet::new());
    for line in &billed {
        if !is_inside(line.start) {
            outside += 1;
            cut.insert(month_around(line.start).0);
            continue;
        }
        let place = place_of(line, has_resources, statement.has_operations());
        let day = line.start - line.start % DAY_SECONDS;
        days.entry((place, day)).or_default().entry(line.start).or_default().push(line);
    }
    let mut all: BTreeSet<(Place, u32)> = days.keys().cloned().collect();
    all.extend(against.logs.days().map(|(place, day)| (place.clone(), day)));
    let none = BTreeMap::new();
    let lines = all.into_iter().map(|(place, day)| {
        let billed = days.get(&(place.clone(), day)).unwrap_or(&none);
        parts::line(place, day, billed, against)
    });
    let cents = |rest: Rest| (rest.items, parts::rounded(rest.cost));
    let (rest, left_out): (BTreeMap<_, _>, BTreeMap<_, _>) =
        rest.into_iter().map(|(key, sum)| (key, cents(sum))).partition(|(key, _)| !cut.contains(&key.month));
    let rest_outside = left_out.values().fold((0, 0), |sum, (items, usd)| (sum.0 + items, sum.1 + usd));
    Reconciliation { lines: lines.collect(), payer: statement.payer().cloned(), rest, outside, rest_outside }
}

/// What a line of the bill is compared with.
fn place_of(line: &BilledLine, has_resources: bool, has_operations: bool) -> Place {
    let read = metered(&line.usage_type, &line.operation, &line.product, &line.resource);
    let empty = || Arc::<str>::from("");
    let Meter::Charged(family) = line.meter else {
        let (account, usage_type) = (Arc::clone(&line.account), Arc::clone(&line.usage_type));
        let resource = Arc::clone(&line.resource);
        let from = read.from.unwrap_or_default().into();
        return Place { account, family: None, from, to: empty(), usage_type, resource };
    };
    let family = if has_operations { family } else { family.without_operation() };
    let resource = if !has_resources || !family.has_resource() {
        empty()
    } else if is_known_kind(resource_id(&line.resource)) {
        resource_id(&line.resource).into()
    } else {
        OTHER_RESOURCES.into()
    };
    Place {
        account: Arc::clone(&line.account),
        family: Some(family),
        from: read.from.unwrap_or(region::without_prefix()).into(),
        to: if family.has_other_side() { read.to.unwrap_or_default().into() } else { empty() },
        usage_type: empty(),
        resource,
    }
}

/// The usage type that a place in the logs would have on a bill.
fn usage_type(place: &Place) -> Arc<str> {
    let Some(family) = place.family else { return Arc::clone(&place.usage_type) };
    let of_peering = || region::with_prefix(&place.from, "AWS-Out-Bytes");
    let known = if family == Family::PeeringRegion {
        of_peering()
    } else {
        family.charge().usage_type(&place.from, place.other_side())
    };
    known.unwrap_or_else(|| family.charge().name().to_owned()).into()
}

/// The moments at which something was there, by name.
type Moments = HashMap<Arc<str>, BTreeSet<u32>>;
