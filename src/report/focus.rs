//! Cost as rows of FOCUS 1.2, the FinOps Foundation's form of a bill.
//!
//! A row is a billing month, payer, charge, its two sides, keys and tier, so that it has one price and unit price ×
//! quantity equals the cost. It does, to the last digit: quantities are whole bytes / 2³⁰, and costs are not rounded,
//! so the rows add up to the unrounded total of the cost report. Free and unpriced bytes are omitted, because a cost is
//! never null in FOCUS; a note has their amount.
//!
//! These are estimates from logs and no bill. Ids of SKUs are made of the charge, its sides and the tier, since logs
//! and price tables do not hold the provider's; `SkuMeter` is the usage type on its bill.

use std::sync::Arc;

use polars::prelude::{Column as FrameColumn, DataFrame, IntoLazy, SortMultipleOptions, col};

use super::amounts::plain;

use super::frame::{cells, rows};
use super::{Cell, Head, Report, Row};
use crate::error::Error;
use crate::price::bill::{Bill, line, notes};
use crate::price::{Charge, GB_BYTES, Money, Rate, unpriced_notes};
use crate::schema::edge;
use crate::schema::frame::{int, ints, milliseconds, moments, texts, times};
use crate::schema::output::CellKind;
use crate::schema::region::region_name;
use crate::schema::{Column as Field, output};
use crate::units::time;

/// Issuer, provider and publisher: they have to be one where a cost is not zero.
pub(super) const PROVIDER: &str = "AWS";
/// The unit that the provider's price list has. FOCUS would call 2³⁰ bytes GiB, and asks for the price list's word.
pub(super) const UNIT: &str = "GB";
/// Placeholder for an unknown payer account, as in flow logs.
const UNKNOWN_ACCOUNT: &str = "unknown";

/// Custom columns in addition to FOCUS.
#[derive(Clone, Debug, Default)]
pub struct FocusShape {
    /// The columns of the keys, written as `x_Team` is for `team`.
    pub key_heads: Vec<Head>,
    /// The same columns, as the frames name them.
    pub keys: Vec<String>,
    /// How many of them, from the first, are owners: those are tags too.
    pub owner_keys: usize,
    /// The billing account of the organisation; by default each payer account.
    pub billing_account: Option<Arc<str>>,
}

/// The report: one table of FOCUS rows.
///
/// # Errors
/// If the bill has not the columns of the shape.
pub fn report(bill: &Bill, shape: &FocusShape) -> Result<Report, Error> {
    let mut report = Report { name: "focus".to_owned(), ..Report::default() };
    report.meta.window = bill.window;
    report.meta.notes = notes(bill)?;
    report.meta.warnings.clone_from(&bill.warnings);
    let skipped = unpriced_notes(&bill.current()?)?;
    report.meta.notes.extend(skipped.into_iter().map(|note| format!("skipped: {note}")));
    let mut table = plain("focus", "Cost and usage, FOCUS 1.2");
    table.columns = COLUMNS.iter().map(|(name, kind, _)| Head { name: (*name).to_owned(), kind: *kind }).collect();
    table.columns.extend(shape.key_heads.iter().map(custom));
    table.rows = entries(bill, shape)?.iter().map(row).collect();
    report.tables = vec![table];
    Ok(report)
}

/// Key columns of the rows.
#[derive(Clone, Debug)]
struct Place {
    /// The billing month: its first second, and the next one's.
    month: (u32, u32),
    payer: Cell,
    charge: Charge,
    from: Arc<str>,
    to: Arc<str>,
    keys: Vec<Cell>,
    assumed: bool,
    /// Start of the tier, in GB; none for free bytes before the first.
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

/// Names of the columns that steps get for FOCUS's rows.
const MONTH: &str = "month";
const TIER: &str = "tier";
const LIST: &str = "list_rate";
const IS_ASSUMED: &str = "is_assumed";

fn entries(bill: &Bill, shape: &FocusShape) -> Result<Vec<Entry>, Error> {
    let sums = sums(bill, shape)?;
    let (from, to) = (bill.window.0.unwrap_or(0), bill.window.1.unwrap_or(u32::MAX));
    let shared = |text: Option<&str>| Arc::<str>::from(text.unwrap_or_default());
    let sides = texts(&sums, Field::FromRegion.name())?.zip(texts(&sums, Field::ToRegion.name())?);
    let charges = texts(&sums, Field::Charge.name())?.zip(sums.column(IS_ASSUMED)?.bool()?.iter());
    let prices = int(&sums, TIER)?.iter().zip(int(&sums, LIST)?.iter());
    let sizes = moments(&sums, MONTH)?.zip(int(&sums, output::BYTES.name)?.iter());
    let keys = rows(&sums, shape.keys.iter().map(String::as_str))?;
    let payers = cells(&sums, Field::PayerAccount.name())?;
    let mut entries = Vec::with_capacity(sums.height());
    for ((((sides, (charge, assumed)), (tier, list)), (month, bytes)), (keys, payer)) in
        sides.zip(charges).zip(prices).zip(sizes).zip(keys.into_iter().zip(payers))
    {
        let Some(charge) = charge.and_then(Charge::of_name) else { continue };
        let list = Rate::of_units(list.unwrap_or(0));
        let place = Place {
            month: time::month_around(month.unwrap_or(0)),
            payer,
            charge,
            from: shared(sides.0),
            to: shared(sides.1),
            keys,
            assumed: assumed.unwrap_or(false),
            tier: tier.and_then(|gb| u64::try_from(gb).ok()),
            list,
            contracted: list.less(bill.terms.discounts.of(charge)),
        };
        let bytes = u128::try_from(bytes.unwrap_or(0)).unwrap_or(0);
        let period = (place.month.0.max(from), place.month.1.min(to));
        let own = || if place.payer == Cell::Absent { UNKNOWN_ACCOUNT.into() } else { place.payer.clone() };
        let billing_account = shape.billing_account.clone().map_or_else(own, Cell::Text);
        let tags = tags(&shape.key_heads, place.keys.get(..shape.owner_keys).unwrap_or_default());
        let (list, contracted) = (place.list.of_many(bytes), place.contracted.of_many(bytes));
        entries.push(Entry { place, bytes, list, contracted, period, billing_account, tags });
    }
    Ok(entries)
}

/// The priced bytes by the keys of FOCUS rows, sorted.
fn sums(bill: &Bill, shape: &FocusShape) -> Result<DataFrame, Error> {
    let mut steps = bill.current_steps()?.lazy().filter(col(line::COST).is_not_null()).collect()?;
    let added = [months(&steps)?, of_price(bill, &steps, TIER, |row| i128::from(row.start_gb))?];
    let list = of_price(bill, &steps, LIST, |row| row.rate.unwrap_or_default().units())?;
    for column in added.into_iter().chain([list]) {
        steps.with_column(column)?;
    }
    let fixed = [
        MONTH,
        Field::PayerAccount.name(),
        line::CHARGE_PLACE,
        Field::Charge.name(),
        Field::FromRegion.name(),
        Field::ToRegion.name(),
    ];
    let keys = shape.keys.iter().map(String::as_str).filter(|key| !fixed.contains(key));
    let by: Vec<_> = fixed.into_iter().chain(keys).chain([IS_ASSUMED, TIER, LIST]).map(col).collect();
    let steps = steps.lazy().with_column(col(Field::Assumed.name()).is_not_null().alias(IS_ASSUMED));
    let sums = steps.group_by(by.clone()).agg([col(output::BYTES.name).sum()]);
    Ok(sums.sort_by_exprs(by, SortMultipleOptions::default()).collect()?)
}

/// The first moment of the month of each step.
fn months(steps: &DataFrame) -> Result<FrameColumn, Error> {
    let month = |moment: Option<u32>| moment.map(|moment| milliseconds(time::month_around(moment).0));
    Ok(times(MONTH, moments(steps, line::TIME)?.map(month)))
}

/// Something of the row of the price table that each step names.
fn of_price(
    bill: &Bill,
    steps: &DataFrame,
    name: &str,
    of: impl Fn(&crate::price::PriceRow) -> i128,
) -> Result<FrameColumn, Error> {
    let prices = steps.column(line::PRICE)?.u32()?;
    let row = |place: Option<u32>| place.and_then(|place| bill.prices.get(place as usize)).map(|row| of(row));
    Ok(ints(name, prices.iter().map(row)))
}

/// Owners as a flat object; missing owners are omitted.
pub(super) fn tags(heads: &[Head], owners: &[Cell]) -> Cell {
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
pub(super) fn custom(head: &Head) -> Head {
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

/// FOCUS's columns in its alphabetical order, followed by custom ones. Conditional columns that do not apply are
/// omitted: commitments, reservations, other currencies, several types of accounts.
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
    ("ConsumedQuantity", CellKind::Decimal, |entry| quantity(entry.bytes)),
    ("ConsumedUnit", CellKind::Text, |_| UNIT.into()),
    ("ContractedCost", CellKind::Decimal, |entry| usd(entry.contracted)),
    ("ContractedUnitPrice", CellKind::Decimal, |entry| rate(entry.place.contracted)),
    ("EffectiveCost", CellKind::Decimal, |entry| usd(entry.contracted)),
    ("InvoiceId", CellKind::Text, nothing),
    ("InvoiceIssuerName", CellKind::Text, |_| PROVIDER.into()),
    ("ListCost", CellKind::Decimal, |entry| usd(entry.list)),
    ("ListUnitPrice", CellKind::Decimal, |entry| rate(entry.place.list)),
    ("PricingCategory", CellKind::Text, |_| "Standard".into()),
    ("PricingQuantity", CellKind::Decimal, |entry| quantity(entry.bytes)),
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

/// A mandatory column without a value.
fn nothing(_: &Entry) -> Cell {
    Cell::Absent
}

/// Bytes as GB of bills.
fn quantity(bytes: u128) -> Cell {
    Cell::Exact { units: bytes, per: GB_BYTES.into() }
}

fn usd(amount: Money) -> Cell {
    let (units, per) = amount.fraction();
    Cell::Exact { units, per }
}

fn rate(rate: Rate) -> Cell {
    let (units, per) = rate.fraction();
    Cell::Exact { units, per }
}

/// The id or name of the region that a place of prices is in; neither where it is not known, for they stand or fall
/// together.
pub(super) fn region(place: &str, id: Option<&Arc<str>>) -> Cell {
    let region = edge::region_of(place);
    match (region_name(region), id) {
        (Some(_), Some(id)) if **id == *region => Cell::Text(Arc::clone(id)),
        (Some(_), Some(_)) => region.into(),
        (Some(name), None) => name.into(),
        (None, _) => Cell::Absent,
    }
}

/// The service under which the provider bills the charge.
fn service(charge: Charge) -> &'static str {
    match charge {
        Charge::NatProcessing | Charge::NatHour | Charge::NatProvisionedHour => "Amazon Elastic Compute Cloud",
        Charge::TransitGateway | Charge::TransitGatewayHour => "Amazon Virtual Private Cloud",
        Charge::EndpointProcessing | Charge::GwlbEndpointProcessing => "Amazon Virtual Private Cloud",
        Charge::PeeringZoneOut | Charge::PeeringZoneIn | Charge::EndpointHour | Charge::PublicAddressHour => {
            "Amazon Virtual Private Cloud"
        }
        Charge::DirectConnect => "AWS Direct Connect",
        Charge::InternetEgress | Charge::InternetEgressFree | Charge::InterRegion => "AWS Data Transfer",
        Charge::InterZoneOut | Charge::InterZoneIn => "AWS Data Transfer",
        Charge::LocalZoneOut | Charge::LocalZoneIn => "AWS Data Transfer",
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
