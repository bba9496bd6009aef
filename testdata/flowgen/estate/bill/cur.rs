//! The columns of CUR 2.0 and of the legacy CUR. Both are of the same values; only CUR 2.0 has the accounts' names.
//!
//! `pricing_public_on_demand_*` has the last tier's rate, as AWS documents it, and `*_blended_*` the organisation's
//! average: neither is the list price of a line.

use super::form::{Cell, Column, Row, Type, time};
use super::lines::{Kind, SCALE, rounded};
use super::meters::HUB;
use super::rates::{Product, RATE_SCALE, place};
use crate::flowgen::estate::BILL;
use crate::flowgen::random::Random;
use Type::{Number, Text, Time};

type Value = for<'r> fn(&Row<'r>) -> Cell<'r>;

/// CUR 2.0's name, the legacy one or none, type and value.
type Plan = (&'static str, &'static str, Type, Value);

#[rustfmt::skip]
const COLUMNS: [Plan; 39] = [
    ("identity_line_item_id", "identity/LineItemId", Text, |row| Cell::text(line_id(row))),
    ("identity_time_interval", "identity/TimeInterval", Text, |row| Cell::text(interval(row))),
    ("bill_bill_type", "bill/BillType", Text, |row| Cell::text(bill_type(row))),
    ("bill_billing_entity", "bill/BillingEntity", Text, |_| Cell::text("AWS")),
    ("bill_billing_period_start_date", "bill/BillingPeriodStartDate", Time, |row| Cell::Time(row.month.start)),
    ("bill_billing_period_end_date", "bill/BillingPeriodEndDate", Time, |row| Cell::Time(row.month.end)),
    ("bill_invoice_id", "bill/InvoiceId", Text, |_| Cell::Null),
    ("bill_payer_account_id", "bill/PayerAccountId", Text, |_| Cell::text(HUB)),
    ("bill_payer_account_name", "", Text, |_| Cell::text(account_name(HUB))),
    ("line_item_usage_account_id", "lineItem/UsageAccountId", Text, |row| Cell::text(row.line.item.account)),
    ("line_item_usage_account_name", "", Text, |row| Cell::text(account_name(row.line.item.account))),
    ("line_item_line_item_type", "lineItem/LineItemType", Text, |row| Cell::text(row.line.kind.name())),
    ("line_item_usage_start_date", "lineItem/UsageStartDate", Time, |row| Cell::Time(row.line.start)),
    ("line_item_usage_end_date", "lineItem/UsageEndDate", Time, |row| Cell::Time(row.line.end)),
    ("line_item_product_code", "lineItem/ProductCode", Text, |row| Cell::text(row.line.item.product)),
    ("line_item_usage_type", "lineItem/UsageType", Text, |row| Cell::text(&*row.line.item.usage_type)),
    ("line_item_operation", "lineItem/Operation", Text, |row| Cell::text(row.line.item.operation)),
    ("line_item_availability_zone", "lineItem/AvailabilityZone", Text, |_| Cell::Null),
    ("line_item_resource_id", "lineItem/ResourceId", Text, |row| Cell::text(&*row.line.item.resource)),
    ("line_item_usage_amount", "lineItem/UsageAmount", Number, |row| Cell::Number(row.line.quantity.cast_signed())),
    ("line_item_currency_code", "lineItem/CurrencyCode", Text, |_| Cell::text("USD")),
    ("line_item_unblended_rate", "lineItem/UnblendedRate", Text, |row| rate(row, Row::rate)),
    ("line_item_unblended_cost", "lineItem/UnblendedCost", Number, |row| Cell::Number(row.line.cost)),
    ("line_item_blended_rate", "lineItem/BlendedRate", Text, |row| rate(row, average)),
    ("line_item_blended_cost", "lineItem/BlendedCost", Number, |row| cost(row, average)),
    ("line_item_line_item_description", "lineItem/LineItemDescription", Text, |row| Cell::text(row.description())),
    ("line_item_tax_type", "lineItem/TaxType", Text, |row| Cell::text(tax_type(row))),
    ("line_item_legal_entity", "lineItem/LegalEntity", Text, |_| Cell::text("Amazon Web Services, Inc.")),
    ("product_servicecode", "product/servicecode", Text, |row| of(row, |product| product.service)),
    ("product_product_family", "product/productFamily", Text, |row| of(row, |product| product.family)),
    ("product_region_code", "product/regionCode", Text, |row| Cell::text(row.line.item.from)),
    ("product_from_region_code", "product/fromRegionCode", Text, |row| Cell::text(from_region(row))),
    ("product_to_region_code", "product/toRegionCode", Text, |row| Cell::text(to_region(row))),
    ("product_sku", "product/sku", Text, |row| of(row, |product| &product.sku)),
    ("pricing_rate_code", "pricing/RateCode", Text, |row| Cell::text(row.rate_code())),
    ("pricing_term", "pricing/term", Text, |row| of(row, |_| "OnDemand")),
    ("pricing_unit", "pricing/unit", Text, |row| of(row, |product| product.unit.name())),
    ("pricing_public_on_demand_rate", "pricing/publicOnDemandRate", Text, |row| rate(row, last_rate)),
    ("pricing_public_on_demand_cost", "pricing/publicOnDemandCost", Number, |row| cost(row, last_rate)),
];

/// The columns of CUR 2.0.
pub(super) fn columns() -> Vec<Column> {
    COLUMNS.iter().map(|(name, _, of, value)| Column { name, of: *of, value: *value }).collect()
}

/// The columns of the legacy CUR.
pub(super) fn legacy_columns() -> Vec<Column> {
    let named = COLUMNS.iter().filter(|(_, name, ..)| !name.is_empty());
    named.map(|(_, name, of, value)| Column { name, of: *of, value: *value }).collect()
}

impl<'b> Row<'b> {
    /// The rate of usage, in parts of a dollar.
    pub(super) fn rate(&self) -> Option<u64> {
        let (product, step) = (self.line.product.as_ref()?, self.line.step?);
        Some(product.rate(step) * (SCALE / RATE_SCALE))
    }

    /// The id of the price of usage, or nothing.
    pub(super) fn rate_code(&self) -> String {
        let code = self.line.product.as_ref().zip(self.line.step).map(|(product, step)| product.rate_code(step));
        code.unwrap_or_default()
    }

    pub(super) fn description(&self) -> String {
        let what = self.line.product.as_ref().map_or("", |product| product.what);
        match self.line.kind {
            Kind::Usage => {
                let unit = self.line.product.as_ref().map_or("", |product| product.unit.name());
                let rate = self.rate().unwrap_or(0) / (SCALE / RATE_SCALE);
                format!("${}.{:07} per {unit} - {what}", rate / RATE_SCALE, rate % RATE_SCALE)
            }
            Kind::EdpDiscount => format!("Enterprise Program Discount: {what}"),
            Kind::Credit => "Promotional credit".to_owned(),
            Kind::Refund => "Refund of September's storage".to_owned(),
            Kind::Tax => "Tax for product code AmazonEC2".to_owned(),
        }
    }
}

/// What an account is called.
pub(super) fn account_name(account: &str) -> &'static str {
    match account {
        "111122223333" => "shop",
        "012345678901" => "data",
        HUB => "network",
        _ => "",
    }
}

/// The Region that transfer comes from.
fn from_region(row: &Row<'_>) -> &'static str {
    let is_transfer = row.line.product.as_ref().is_some_and(|product| product.service == "AWSDataTransfer");
    let comes_in = row.line.item.meter == "aws-in";
    match (is_transfer, comes_in) {
        (true, true) => row.line.item.to,
        (true, false) => row.line.item.from,
        _ => "",
    }
}

/// The Region that transfer goes to, if its meter names one.
fn to_region(row: &Row<'_>) -> &'static str {
    let item = &row.line.item;
    let named = if place(item.to).is_empty() { "" } else { item.to };
    if item.meter == "aws-in" { item.from } else { named }
}

fn bill_type(row: &Row<'_>) -> &'static str {
    if row.line.kind == Kind::Refund { "Refund" } else { "Anniversary" }
}

fn tax_type(row: &Row<'_>) -> &'static str {
    if row.line.kind == Kind::Tax { "USSalesTax" } else { "" }
}

fn interval(row: &Row<'_>) -> String {
    format!("{}/{}", time(row.line.start), time(row.line.end))
}

/// An id that no other line of the month has.
fn line_id(row: &Row<'_>) -> String {
    let mut random = Random::new(row.number as u64, BILL + u64::from(row.month.start));
    format!("{:016x}{:016x}{:08x}", random.next(), random.next(), row.number)
}

fn of<'r>(row: &Row<'r>, value: impl FnOnce(&'r Product) -> &'r str) -> Cell<'r> {
    row.line.product.as_deref().map_or(Cell::Null, |product| Cell::text(value(product)))
}

/// A rate as text with ten decimals.
fn rate<'r>(row: &Row<'r>, parts: fn(&Row<'r>) -> Option<u64>) -> Cell<'r> {
    parts(row).map_or(Cell::Null, |parts| Cell::text(super::truth::decimals(parts.cast_signed())))
}

/// What the quantity costs at a rate.
fn cost<'r>(row: &Row<'r>, parts: fn(&Row<'r>) -> Option<u64>) -> Cell<'r> {
    let at = |parts: u64| rounded(u128::from(parts) * u128::from(row.line.quantity), SCALE).cast_signed();
    parts(row).map_or(Cell::Null, |parts| Cell::Number(at(parts)))
}

fn average(row: &Row<'_>) -> Option<u64> {
    let product = row.line.product.as_ref().filter(|_| row.line.kind == Kind::Usage)?;
    row.month.blended.get(&product.sku).copied()
}

fn last_rate(row: &Row<'_>) -> Option<u64> {
    let product = row.line.product.as_ref().filter(|_| row.line.kind == Kind::Usage)?;
    product.ladder.last().map(|(_, rate)| rate * (SCALE / RATE_SCALE))
}
