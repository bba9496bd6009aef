//! The line items: each hour's amounts, at the prices of the tiers that the month has reached by then.
//!
//! A pool of tiers is a product over the whole organisation. Within an hour the items come in the order in which they
//! first occurred; an hour that crosses a tier has two lines that differ in their rate code.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Datelike, Months, NaiveDate};

use super::rates::{FREE_BYTES, Product, RATE_SCALE, Step};
use super::{Item, Reason, discounts};
use crate::flowgen::estate::HOUR_SECONDS;

/// Parts of a unit and of a dollar that a bill has: 10⁻¹⁰.
pub(super) const SCALE: u64 = 10_000_000_000;

/// AWS's kinds of line items, as far as they occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Usage,
    EdpDiscount,
    Credit,
    Refund,
    Tax,
}

/// A line item.
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) item: Arc<Item>,
    /// The item's number, of usage.
    pub(super) number: Option<u32>,
    pub(super) product: Option<Arc<Product>>,
    pub(super) step: Option<Step>,
    /// In parts of a unit.
    pub(super) quantity: u64,
    /// In parts of a dollar.
    pub(super) cost: i64,
}

/// The bill of a month.
pub(super) struct Month {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) lines: Vec<Line>,
    /// By product, the average price of the organisation in parts of a dollar.
    pub(super) blended: HashMap<String, u64>,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Usage => "Usage",
            Self::EdpDiscount => "EdpDiscount",
            Self::Credit => "Credit",
            Self::Refund => "Refund",
            Self::Tax => "Tax",
        }
    }
}

/// The first seconds of a moment's month and of the next.
pub(super) fn month(moment: u32) -> (u32, u32) {
    let date = DateTime::from_timestamp(moment.into(), 0).unwrap_or_default().date_naive();
    let first = date.with_day(1).unwrap_or(date);
    let second = |date: NaiveDate| {
        let midnight = date.and_hms_opt(0, 0, 0).unwrap_or_default();
        u32::try_from(midnight.and_utc().timestamp()).unwrap_or(0)
    };
    (second(first), second(first.checked_add_months(Months::new(1)).unwrap_or(first)))
}

/// The bills of the months that amounts are in.
pub(super) fn months(
    items: &[Arc<Item>],
    amounts: &BTreeMap<(u32, u32, Reason), u64>,
    free_tier: bool,
) -> Result<Vec<Month>, String> {
    let products = items.iter().map(|item| Product::of(item).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    let mut sums: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for ((hour, item, _), amount) in amounts {
        *sums.entry((*hour, *item)).or_default() += amount;
    }
    let (mut months, mut pools): (Vec<Month>, Pools) = (Vec::new(), Pools::new(free_tier));
    for ((hour, number), amount) in sums {
        let (start, end) = month(hour);
        if months.last().is_none_or(|month| month.start != start) {
            pools = Pools::new(free_tier);
            months.push(Month { start, end, lines: Vec::new(), blended: HashMap::new() });
        }
        let Some(month) = months.last_mut() else { continue };
        let (item, product) = (&items[number as usize], &products[number as usize]);
        for (step, part) in pools.divide(product, amount) {
            let quantity = rounded(u128::from(part) * u128::from(SCALE), product.unit.scale());
            let cost = rounded(u128::from(quantity) * u128::from(product.rate(step)), RATE_SCALE);
            month.lines.push(Line {
                kind: Kind::Usage,
                start: hour,
                end: hour + HOUR_SECONDS,
                item: Arc::clone(item),
                number: Some(number),
                product: Some(Arc::clone(product)),
                step: Some(step),
                quantity,
                cost: cost.cast_signed(),
            });
        }
    }
    for month in &mut months {
        month.blended = blended(&month.lines);
        let money = discounts::of_month(month);
        month.lines.extend(money);
    }
    Ok(months)
}

/// How far a month has come.
struct Pools {
    used: HashMap<String, u64>,
    free: u64,
}

impl Pools {
    fn new(free_tier: bool) -> Self {
        Self { used: HashMap::new(), free: if free_tier { FREE_BYTES } else { 0 } }
    }

    /// Divides an amount between the prices that it reaches. What is free is not in the tiers.
    fn divide(&mut self, product: &Product, amount: u64) -> Vec<(Step, u64)> {
        let mut parts = Vec::new();
        let free = if product.has_free_tier { self.free.min(amount) } else { 0 };
        if free > 0 {
            self.free -= free;
            parts.push((Step::Free, free));
        }
        let used = self.used.entry(product.sku.clone()).or_default();
        let mut left = amount - free;
        while left > 0 {
            let (tier, room) = product.tier(*used);
            let part = left.min(room);
            parts.push((Step::Tier(tier), part));
            *used += part;
            left -= part;
        }
        parts
    }
}

fn blended(lines: &[Line]) -> HashMap<String, u64> {
    let mut sums: HashMap<&str, (u128, u128)> = HashMap::new();
    for line in lines {
        let Some(product) = &line.product else { continue };
        let sum = sums.entry(&product.sku).or_default();
        sum.0 += u128::from(line.cost.unsigned_abs());
        sum.1 += u128::from(line.quantity);
    }
    let average =
        |(cost, quantity): (u128, u128)| u64::try_from(cost * u128::from(SCALE) / quantity.max(1)).unwrap_or(0);
    sums.into_iter().map(|(sku, sum)| (sku.to_owned(), average(sum))).collect()
}

/// A quotient, rounded half up.
pub(super) fn rounded(number: u128, divisor: u64) -> u64 {
    u64::try_from((number + u128::from(divisor / 2)) / u128::from(divisor)).unwrap_or(u64::MAX)
}
