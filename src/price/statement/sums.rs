//! Sums of line items: transfer by all that tells its lines apart, everything else by product and kind.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::super::split_signed;
use super::item::{Fault, Kind, LineItem, resource_id};
use super::meter::{Meter, metered};
use crate::units::time::month_around;

/// Seconds of the longest period of a line that is called hourly.
const HOUR_SECONDS: u32 = 3600;
/// Weights are in 10⁻¹⁰ USD, of which those of any bill fit into 2⁶⁴.
const WEIGHT_UNITS: i128 = 10_000;

/// What tells lines of transfer apart. Texts are places in [`Statement::texts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    start: u32,
    account: u32,
    product: u32,
    usage_type: u32,
    operation: u32,
    resource: u32,
    sku: u32,
    rate_code: u32,
    /// 10⁻¹⁴ USD per GB.
    rate: Option<i128>,
}

/// The sums of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    bytes: i128,
    cost: i128,
    /// What the bill takes off the line in the line itself.
    discount: i128,
}

/// A line of transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilledLine {
    /// When its period begins: an hour, or a day of a daily bill.
    pub start: u32,
    /// The account that used it.
    pub account: Arc<str>,
    /// The service.
    pub product: Arc<str>,
    /// What was metered.
    pub usage_type: Arc<str>,
    /// The operation; empty where the bill has none.
    pub operation: Arc<str>,
    /// The resource as the bill has it; empty where it has none.
    pub resource: Arc<str>,
    /// The SKU, which is the pool of its tiers.
    pub sku: Arc<str>,
    /// The price of it.
    pub rate_code: Arc<str>,
    /// 10⁻¹⁴ USD per GB, where the bill says it.
    pub rate: Option<i128>,
    /// What it is for a comparison.
    pub meter: Meter,
    /// How much.
    pub bytes: i128,
    /// What it costs before discounts, in 10⁻¹⁴ USD.
    pub cost: i128,
    /// Discounts on it, negative, in 10⁻¹⁴ USD: its own, and its part of those that are rows of their own.
    pub discount: i128,
}

/// What is not compared, by what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// Line items.
    pub items: u64,
    /// 10⁻¹⁴ USD.
    pub cost: i128,
}

impl Rest {
    fn add(&mut self, cost: i128) {
        self.and(&Self { items: 1, cost });
    }

    fn and(&mut self, other: &Self) {
        self.items += other.items;
        self.cost += other.cost;
    }
}

/// What tells apart what is not compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RestKey {
    /// What it is.
    pub kind: Kind,
    /// The service.
    pub product: Arc<str>,
    /// The first second of its month.
    pub month: u32,
    /// The account that used it.
    pub account: Arc<str>,
}

/// What is not compared.
pub type RestByKind = BTreeMap<RestKey, Rest>;

/// Rows that could not be counted, by reason: how many, and where the first stands.
pub type Faults = BTreeMap<Fault, (u64, String)>;

/// A bill, or several parts of one.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    texts: Vec<Arc<str>>,
    codes: HashMap<Arc<str>, u32>,
    lines: HashMap<Key, Sum>,
    /// Discounts as rows of their own, by month, account, SKU and product.
    discounts: BTreeMap<(u32, u32, u32, u32), Rest>,
    rest: RestByKind,
    faults: Faults,
    /// Line items of any kind.
    items: u64,
    invoiced: u64,
    /// The first second of usage, and the one after the last.
    span: Option<(u32, u32)>,
    months: BTreeSet<u32>,
    /// The accounts that pay.
    payers: BTreeSet<Arc<str>>,
    is_hourly: bool,
    has_resources: bool,
    has_operations: bool,
}

impl Statement {
    /// Adds a line item, or counts why there is none; `place` names the row where it is asked.
    pub fn add(&mut self, item: Result<LineItem<'_>, Fault>, place: impl FnOnce() -> String) {
        let item = match item {
            Ok(item) => item,
            Err(fault) => {
                self.faults.entry(fault).or_insert_with(|| (0, place())).0 += 1;
                return;
            }
        };
        self.items += 1;
        self.invoiced += u64::from(item.is_invoiced);
        let (start, end) = item.period;
        self.months.insert(month_around(start).0);
        if !item.payer.is_empty() && !self.payers.contains(item.payer) {
            self.payers.insert(item.payer.into());
        }
        let meter = metered(item.usage_type, item.operation, item.product, item.resource).meter;
        match item.kind {
            Kind::Usage if meter != Meter::Other => {
                let (from, to) = self.span.unwrap_or((start, end));
                self.span = Some((from.min(start), to.max(end)));
                self.is_hourly |= end - start <= HOUR_SECONDS && matches!(meter, Meter::Charged(_));
                self.has_resources |= !item.resource.is_empty() && matches!(meter, Meter::Charged(_));
                self.has_operations |= !item.operation.is_empty();
                self.line(&item, meter);
            }
            Kind::Discount => {
                let place = [item.account, item.sku, item.product].map(|text| self.code(text));
                let key = (month_around(start).0, place[0], place[1], place[2]);
                self.discounts.entry(key).or_default().add(item.net.unwrap_or(item.cost));
            }
            _ => self.rest(&item, item.net.unwrap_or(item.cost)),
        }
    }

    /// Adds another part of the bill.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let codes: Vec<u32> = other.texts.iter().map(|text| self.code(text)).collect();
        let code = |of: u32| codes[of as usize];
        for (key, sum) in other.lines {
            let key = Key {
                start: key.start,
                account: code(key.account),
                product: code(key.product),
                usage_type: code(key.usage_type),
                operation: code(key.operation),
                resource: code(key.resource),
                sku: code(key.sku),
                rate_code: code(key.rate_code),
                rate: key.rate,
            };
            let whole = self.lines.entry(key).or_default();
            whole.bytes += sum.bytes;
            whole.cost += sum.cost;
            whole.discount += sum.discount;
        }
        for ((month, account, sku, product), discount) in other.discounts {
            let key = (month, code(account), code(sku), code(product));
            self.discounts.entry(key).or_default().and(&discount);
        }
        other.rest.into_iter().for_each(|(key, rest)| self.rest.entry(key).or_default().and(&rest));
        for (fault, (rows, place)) in other.faults {
            self.faults.entry(fault).or_insert((0, place)).0 += rows;
        }
        self.items += other.items;
        self.invoiced += other.invoiced;
        self.span = match (self.span, other.span) {
            (Some((from, to)), Some((start, end))) => Some((from.min(start), to.max(end))),
            (one, other) => one.or(other),
        };
        self.months.extend(other.months);
        self.payers.extend(other.payers);
        self.is_hourly |= other.is_hourly;
        self.has_resources |= other.has_resources;
        self.has_operations |= other.has_operations;
        self
    }

    fn line(&mut self, item: &LineItem<'_>, meter: Meter) {
        let key = Key {
            start: item.period.0,
            account: self.code(item.account),
            product: self.code(item.product),
            usage_type: self.code(item.usage_type),
            operation: self.code(item.operation),
            resource: self.code(item.resource),
            sku: self.code(item.sku),
            rate_code: self.code(item.rate_code),
            rate: item.rate,
        };
        let sum = self.lines.entry(key).or_default();
        // Hours are no GB.
        sum.bytes += if meter == Meter::Hours { 0 } else { item.bytes };
        sum.cost += item.cost;
        sum.discount += item.net.map_or(0, |net| net - item.cost);
    }

    fn rest(&mut self, item: &LineItem<'_>, cost: i128) {
        let key = RestKey {
            kind: item.kind,
            product: item.product.into(),
            month: month_around(item.period.0).0,
            account: item.account.into(),
        };
        self.rest.entry(key).or_default().add(cost);
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        let (text, code) = (Arc::<str>::from(text), u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(Arc::clone(&text));
        self.codes.insert(text, code);
        code
    }

    /// The lines of transfer, sorted, each with its part of the discounts; and everything else by kind and product,
    /// without the discounts that were spread.
    ///
    /// A discount that is a row of its own is spread by cost over the usage of its account and SKU in its month, which
    /// is what AWS computes it of (user guide of Cost and Usage Reports, "Discount details").
    #[must_use]
    pub fn finish(&self) -> (Vec<BilledLine>, RestByKind) {
        let mut keys: Vec<(&Key, &Sum)> = self.lines.iter().collect();
        let text = |code: u32| Arc::clone(&self.texts[code as usize]);
        keys.sort_by_cached_key(|(key, _)| {
            let texts = [key.account, key.usage_type, key.resource, key.operation, key.product, key.sku, key.rate_code];
            (key.start, texts.map(text), key.rate)
        });
        let (spread, rest) = self.spread(&keys);
        let line = |((key, sum), spread): (&(&Key, &Sum), i128)| BilledLine {
            start: key.start,
            account: text(key.account),
            product: text(key.product),
            usage_type: text(key.usage_type),
            operation: text(key.operation),
            resource: text(key.resource),
            sku: text(key.sku),
            rate_code: text(key.rate_code),
            rate: key.rate,
            meter: metered(&text(key.usage_type), &text(key.operation), &text(key.product), &text(key.resource)).meter,
            bytes: sum.bytes,
            cost: sum.cost,
            discount: sum.discount + spread,
        };
        (keys.iter().zip(spread).map(line).collect(), rest)
    }

    /// Each line's part of the discounts that are rows of their own, and what is not compared, among it the discounts
    /// that are on something else.
    fn spread(&self, lines: &[(&Key, &Sum)]) -> (Vec<i128>, RestByKind) {
        let mut weights: HashMap<(u32, u32, u32), Vec<(usize, u64)>> = HashMap::new();
        for (place, (key, sum)) in lines.iter().enumerate().filter(|(_, (_, sum))| sum.cost >= WEIGHT_UNITS) {
            let weight = u64::try_from(sum.cost / WEIGHT_UNITS).unwrap_or(u64::MAX);
            weights.entry((month_around(key.start).0, key.account, key.sku)).or_default().push((place, weight));
        }
        let (mut spread, mut rest) = (vec![0; lines.len()], self.rest.clone());
        let no_sku = self.codes.get("").copied();
        for ((month, account, sku, product), discount) in &self.discounts {
            match weights.get(&(*month, *account, *sku)).filter(|_| Some(*sku) != no_sku) {
                Some(weights) => {
                    let parts = split_signed(discount.cost, weights);
                    weights.iter().zip(parts).for_each(|((place, _), part)| spread[*place] += part);
                }
                None => {
                    let [product, account] = [product, account].map(|code| Arc::clone(&self.texts[*code as usize]));
                    let key = RestKey { kind: Kind::Discount, product, month: *month, account };
                    let rest = rest.entry(key).or_default();
                    rest.items += discount.items;
                    rest.cost += discount.cost;
                }
            }
        }
        (spread, rest)
    }

    /// Marks of its lines of transfer that are the same for the same lines in any format: each of a period, account, usage
    /// type and resource, with its bytes.
    #[must_use]
    pub fn marks(&self) -> BTreeSet<u64> {
        let mut bytes: HashMap<_, i128> = HashMap::new();
        for (key, sum) in &self.lines {
            let resource = resource_id(&self.texts[key.resource as usize]);
            *bytes.entry((key.start, key.account, key.usage_type, resource)).or_default() += sum.bytes;
        }
        let mark = |((start, account, usage_type, resource), bytes): ((u32, u32, u32, &str), i128)| {
            let mut hasher = DefaultHasher::new();
            let [account, usage_type] = [account, usage_type].map(|code| &self.texts[code as usize]);
            (start, account, usage_type, resource, bytes).hash(&mut hasher);
            hasher.finish()
        };
        bytes.into_iter().filter(|(_, bytes)| *bytes != 0).map(mark).collect()
    }

    /// Rows that could not be counted.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Line items, of any kind.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Whether some line items are on no invoice yet, so that the bill may still change.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.invoiced < self.items
    }

    /// The first second of transfer, and the one after the last.
    #[must_use]
    pub fn span(&self) -> Option<(u32, u32)> {
        self.span
    }

    /// The first seconds of its months.
    pub fn months(&self) -> impl Iterator<Item = u32> {
        self.months.iter().copied()
    }

    /// The account that pays, where it is one.
    #[must_use]
    pub fn payer(&self) -> Option<&Arc<str>> {
        self.payers.first().filter(|_| self.payers.len() == 1)
    }

    /// Whether transfer is billed by the hour.
    #[must_use]
    pub fn is_hourly(&self) -> bool {
        self.is_hourly
    }

    /// Whether any line of transfer names its resource.
    #[must_use]
    pub fn has_resources(&self) -> bool {
        self.has_resources
    }

    /// Whether lines name their operations.
    #[must_use]
    pub fn has_operations(&self) -> bool {
        self.has_operations
    }
}
