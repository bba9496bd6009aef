//! What traffic costs as rows of FOCUS 1.2, the FinOps Foundation's form of a bill.
//!
//! A row is a billing month, payer, charge, its two sides, keys and tier: within one price, as unit price × quantity
//! is to be the cost. It is, to the last digit: quantities are whole bytes / 2³⁰, and costs are not rounded, so the
//! rows add up to the cost report's total before it is rounded. What is free of charge is left out, and so are bytes
//! without a price, for a cost is never null in FOCUS; a note tells how many they are.
//!
//! These are estimates from logs and no bill. Ids of SKUs are made of the charge, its sides and the tier, since logs
//! and price tables do not hold the provider's; `SkuMeter` is the usage type on its bill.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::amounts::plain;
use super::cost::{gb, unpriced_note};
use super::{Cell, Head, Report, Row};
use crate::price::charged::{self, Bill, Charged};
use crate::price::{Charge, Discounts, Money, Rate, Step};
use crate::schema::output::CellKind;
use crate::schema::region::region_name;
use crate::units::time;

/// Issuer, provider and publisher: they have to be one where a cost is not zero.
const PROVIDER: &str = "AWS";
/// The unit that the provider's price list has. FOCUS would call 2³⁰ bytes GiB, and asks for the price list's word.
const UNIT: &str = "GB";
/// What stands for the account of a charge whose payer is not known, as flow logs say it.
const UNKNOWN_ACCOUNT: &str = "unknown";

/// What the rows hold besides what FOCUS asks for.
#[derive(Clone, Debug, Default)]
pub struct FocusShape {
    /// The columns of the keys, written as `x_Team` is for `team`.
    pub key_heads: Vec<Head>,
    /// How many of them, from the first, are owners: those are tags too.
    pub owner_keys: usize,
    /// The account that is billed for the organisation; each payer is its own where it is not told.
    pub billing_account: Option<Arc<str>>,
}

/// The report: one table of FOCUS rows.
#[must_use]
pub fn report(bill: &Bill, shape: &FocusShape) -> Report {
    let mut report = Report { name: "focus".to_owned(), ..Report::default() };
    report.meta.window = bill.window;
    report.meta.notes = charged::notes(bill);
    let unpriced: u128 = bill.current().map(|line| u128::from(line.priced.unpriced_bytes)).sum();
    if unpriced > 0 {
        report.meta.notes.push(format!("left out: {}", unpriced_note(unpriced)));
    }
    let mut table = plain("focus", "Cost and usage, FOCUS 1.2");
    table.columns = COLUMNS.iter().map(|(name, kind, _)| Head { name: (*name).to_owned(), kind: *kind }).collect();
    table.columns.extend(shape.key_heads.iter().map(custom));
    table.rows = entries(bill, shape).iter().map(row).collect();
    report.tables = vec![table];
    report
}

/// What tells rows apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// The billing month: its first second, and the next one's.
    month: (u32, u32),
    payer: Cell,
    charge: Charge,
    from: Arc<str>,
    to: Arc<str>,
    keys: Vec<Cell>,
    assumed: bool,
    /// Where the tier begins, in GB; none of what is free before the first.
    tier: Option<u64>,
    list: Rate,
    contracted: Rate,
}

/// A row.
struct Entry {
    place: Place,
    bytes: u128,
    list: Money,
    contracted: Money,
    /// The part of the month that the window has.
    period: (u32, u32),
    billing_account: Cell,
    tags: Cell,
}

fn entries(bill: &Bill, shape: &FocusShape) -> Vec<Entry> {
    let mut sums: BTreeMap<Place, (u128, Money, Money)> = BTreeMap::new();
    for line in bill.current() {
        let Some(charge) = line.charged.charge else { continue };
        for step in line.priced.steps.iter().filter(|step| step.usd.is_some()) {
            let place = place(&line.charged, charge, step, &bill.terms.discounts);
            let (list, contracted) = (place.list.of(step.bytes), place.contracted.of(step.bytes));
            let sum = sums.entry(place).or_default();
            *sum = (sum.0 + u128::from(step.bytes), sum.1 + list, sum.2 + contracted);
        }
    }
    let (from, to) = (bill.window.0.unwrap_or(0), bill.window.1.unwrap_or(u32::MAX));
    let entry = |(place, (bytes, list, contracted)): (Place, (u128, Money, Money))| {
        let period = (place.month.0.max(from), place.month.1.min(to));
        let own = || if place.payer == Cell::Absent { UNKNOWN_ACCOUNT.into() } else { place.payer.clone() };
        let billing_account = shape.billing_account.clone().map_or_else(own, Cell::Text);
        let tags = tags(&shape.key_heads, place.keys.get(..shape.owner_keys).unwrap_or_default());
        Entry { place, bytes, list, contracted, period, billing_account, tags }
    };
    sums.into_iter().map(entry).collect()
}

fn place(charged: &Charged, charge: Charge, step: &Step, discounts: &Discounts) -> Place {
    let list = step.row.and_then(|row| row.rate).unwrap_or_default();
    Place {
        month: time::month_around(charged.hour),
        payer: charged.payer.clone().map_or(Cell::Absent, Cell::Text),
        charge,
        from: Arc::clone(&charged.from),
        to: Arc::clone(&charged.to),
        keys: charged.keys.iter().map(Cell::from).collect(),
        assumed: charged.assumed.is_some(),
        tier: step.row.map(|row| row.start_gb),
        list,
        contracted: list.less(discounts.of(charge)),
    }
}

/// Owners as a flat object; what stands for no owner is no tag.
fn tags(heads: &[Head], owners: &[Cell]) -> Cell {
    let tag = |(head, cell): (&Head, &Cell)| match cell {
        Cell::Text(text) if !(text.starts_with('(') && text.ends_with(')')) => {
            Some((head.name.clone(), serde_json::Value::from(&**text)))
        }
        _ => None,
    };
    let tags: serde_json::Map<_, _> = heads.iter().zip(owners).filter_map(tag).collect();
    if tags.is_empty() { Cell::Absent } else { serde_json::Value::Object(tags).to_string().into() }
}

/// A key's column as a custom one of FOCUS: `x_` and words that begin with capitals.
fn custom(head: &Head) -> Head {
    let words = head.name.split(|letter: char| !letter.is_alphanumeric()).map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        first + letters.as_str()
    });
    Head { name: format!("x_{}", words.collect::<String>()), kind: head.kind }
}

fn row(entry: &Entry) -> Row {
    let keys = entry.place.keys.iter().cloned();
    COLUMNS.iter().map(|(_, _, cell)| cell(entry)).chain(keys).collect()
}

/// A column: its name, what it holds, and a row's cell of it.
type Column = (&'static str, CellKind, fn(&Entry) -> Cell);

/// FOCUS's columns in its order, which is the alphabet's, and ours after them. Left out are conditional ones of what
/// does not occur here: commitments, reservations, other currencies, several types of accounts.
#[rustfmt::skip]
const COLUMNS: [Column; 47] = [
    ("AvailabilityZone", CellKind::Text, nothing),
    ("BilledCost", CellKind::Decimal, |entry| usd(entry.contracted)),
    ("BillingAccountId", CellKind::Text, |entry| entry.billing_account.clone()),
    ("BillingAccountName", CellKind::Text, nothing),
    ("BillingCurrency", CellKind::Text, |_| "USD".into()),
    ("BillingPeriodEnd", CellKind::Time, |entry| Cell::Time(entry.place.month.1)),
    ("BillingPeriodStart", CellKind::Time, |entry| Cell::Time(entry.place.month.0)),
    ("ChargeCategory", CellKind::Text, |_| "Usage".into()),
    ("ChargeClass", CellKind::Text, nothing),
    ("ChargeDescription", CellKind::Text, |entry| description(&entry.place).into()),
    ("ChargeFrequency", CellKind::Text, |_| "Usage-Based".into()),
    ("ChargePeriodEnd", CellKind::Time, |entry| Cell::Time(entry.period.1)),
    ("ChargePeriodStart", CellKind::Time, |entry| Cell::Time(entry.period.0)),
    ("ConsumedQuantity", CellKind::Decimal, |entry| gb(entry.bytes)),
    ("ConsumedUnit", CellKind::Text, |_| UNIT.into()),
    ("ContractedCost", CellKind::Decimal, |entry| usd(entry.contracted)),
    ("ContractedUnitPrice", CellKind::Decimal, |entry| rate(entry.place.contracted)),
    ("EffectiveCost", CellKind::Decimal, |entry| usd(entry.contracted)),
    ("InvoiceId", CellKind::Text, nothing),
    ("InvoiceIssuerName", CellKind::Text, |_| PROVIDER.into()),
    ("ListCost", CellKind::Decimal, |entry| usd(entry.list)),
    ("ListUnitPrice", CellKind::Decimal, |entry| rate(entry.place.list)),
    ("PricingCategory", CellKind::Text, |_| "Standard".into()),
    ("PricingQuantity", CellKind::Decimal, |entry| gb(entry.bytes)),
    ("PricingUnit", CellKind::Text, |_| UNIT.into()),
    ("ProviderName", CellKind::Text, |_| PROVIDER.into()),
    ("PublisherName", CellKind::Text, |_| PROVIDER.into()),
    ("RegionId", CellKind::Text, |entry| region(&entry.place.from, Some(&entry.place.from))),
    ("RegionName", CellKind::Text, |entry| region(&entry.place.from, None)),
    ("ResourceId", CellKind::Text, nothing),
    ("ResourceName", CellKind::Text, nothing),
    ("ResourceType", CellKind::Text, nothing),
    ("ServiceCategory", CellKind::Text, |_| "Networking".into()),
    ("ServiceName", CellKind::Text, |entry| service(entry.place.charge).into()),
    ("ServiceSubcategory", CellKind::Text, |_| "Network Connectivity".into()),
    ("SkuId", CellKind::Text, |entry| sku(&entry.place).into()),
    ("SkuMeter", CellKind::Text, |entry| meter(&entry.place).into()),
    ("SkuPriceDetails", CellKind::Text, nothing),
    ("SkuPriceId", CellKind::Text, |entry| sku_price(&entry.place).into()),
    ("SubAccountId", CellKind::Text, |entry| entry.place.payer.clone()),
    ("SubAccountName", CellKind::Text, |entry| entry.place.payer.clone()),
    ("Tags", CellKind::Text, |entry| entry.tags.clone()),
    ("x_Basis", CellKind::Text, |entry| if entry.place.assumed { "assumed" } else { "measured" }.into()),
    ("x_Bytes", CellKind::Bytes, |entry| entry.bytes.into()),
    ("x_Charge", CellKind::Text, |entry| entry.place.charge.name().into()),
    ("x_From", CellKind::Text, |entry| Cell::Text(Arc::clone(&entry.place.from))),
    ("x_To", CellKind::Text, |entry| Cell::Text(Arc::clone(&entry.place.to))),
];

/// A column that has to be there, of what is not known or does not apply.
fn nothing(_: &Entry) -> Cell {
    Cell::Absent
}

fn usd(amount: Money) -> Cell {
    let (units, per) = amount.fraction();
    Cell::Decimal { units, per }
}

fn rate(rate: Rate) -> Cell {
    let (units, per) = rate.fraction();
    Cell::Decimal { units, per }
}

/// A region's id or name; neither where it is not known, for they stand or fall together.
fn region(region: &str, id: Option<&Arc<str>>) -> Cell {
    match (region_name(region), id) {
        (Some(_), Some(id)) => Cell::Text(Arc::clone(id)),
        (Some(name), None) => name.into(),
        (None, _) => Cell::Absent,
    }
}

/// The service under which the provider bills the charge.
fn service(charge: Charge) -> &'static str {
    match charge {
        Charge::NatProcessing => "Amazon Elastic Compute Cloud",
        Charge::TransitGateway | Charge::EndpointProcessing => "Amazon Virtual Private Cloud",
        Charge::PeeringZoneOut | Charge::PeeringZoneIn => "Amazon Virtual Private Cloud",
        Charge::DirectConnect => "AWS Direct Connect",
        Charge::InternetEgress | Charge::InternetEgressFree | Charge::InterRegion => "AWS Data Transfer",
        Charge::InterZoneOut | Charge::InterZoneIn => "AWS Data Transfer",
        Charge::PublicAddressOut | Charge::PublicAddressIn => "AWS Data Transfer",
    }
}

fn description(place: &Place) -> String {
    let Place { charge, from, to, .. } = place;
    match place.tier {
        Some(gb) => format!("{} from {from} to {to}, tier from {gb} GB", charge.name()),
        None => format!("{} from {from} to {to}, global free tier", charge.name()),
    }
}

fn sku(place: &Place) -> String {
    format!("{}/{}/{}", place.charge.name(), place.from, place.to)
}

fn sku_price(place: &Place) -> String {
    let tier = place.tier.map_or_else(|| "free".to_owned(), |gb| gb.to_string());
    format!("{}/{tier}", sku(place))
}

fn meter(place: &Place) -> String {
    place.charge.usage_type(&place.from, &place.to).unwrap_or_else(|| place.charge.name().to_owned())
}

#[cfg(test)]
mod tests;
