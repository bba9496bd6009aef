//! The columns of FOCUS: AWS's exports of 1.0 and 1.2, and 1.4 as the specification has it. The same line items as in
//! the CUR, discounts too as rows of their own.

use super::cur::account_name;
use super::form::{Cell, Column, Row, Type};
use super::lines::Kind;
use super::meters::HUB;
use super::rates::{Product, place};
use Type::{Number, Text, Time};

type Value = for<'r> fn(&Row<'r>) -> Cell<'r>;

/// The versions as bits.
pub(super) const V1_0: u8 = 1;
pub(super) const V1_2: u8 = 2;
pub(super) const V1_4: u8 = 4;
const ALL: u8 = V1_0 | V1_2 | V1_4;
const LATER: u8 = V1_2 | V1_4;
const AWS: u8 = V1_0 | V1_2;

const NOTHING: Value = |_| Cell::Null;
const COST: Value = |row| Cell::Number(row.line.cost);
const QUANTITY: Value = |row| usage(row, Cell::Number(row.line.quantity.cast_signed()));
const UNIT: Value = |row| of(row, |product| product.unit.name());
const RATE: Value = |row| row.rate().map_or(Cell::Null, |rate| Cell::Number(rate.cast_signed()));
const AMAZON: Value = |_| Cell::text("Amazon Web Services, Inc.");

/// Name, versions, type and value.
type Plan = (&'static str, u8, Type, Value);

#[rustfmt::skip]
const COLUMNS: [Plan; 70] = [
    ("AllocatedMethodDetails", V1_4, Text, NOTHING),
    ("AllocatedMethodId", V1_4, Text, NOTHING),
    ("AllocatedResourceId", V1_4, Text, NOTHING),
    ("AllocatedResourceName", V1_4, Text, NOTHING),
    ("AllocatedTags", V1_4, Text, NOTHING),
    ("AvailabilityZone", ALL, Text, NOTHING),
    ("BilledCost", ALL, Number, COST),
    ("BillingAccountId", ALL, Text, |_| Cell::text(HUB)),
    ("BillingAccountName", ALL, Text, |_| Cell::text(account_name(HUB))),
    ("BillingAccountType", LATER, Text, |_| Cell::text("AWS Organization")),
    ("BillingCurrency", ALL, Text, |_| Cell::text("USD")),
    ("BillingPeriodEnd", ALL, Time, |row| Cell::Time(row.month.end)),
    ("BillingPeriodStart", ALL, Time, |row| Cell::Time(row.month.start)),
    ("CapacityReservationId", LATER, Text, NOTHING),
    ("CapacityReservationStatus", LATER, Text, NOTHING),
    ("ChargeCategory", ALL, Text, |row| Cell::text(category(row))),
    ("ChargeClass", ALL, Text, |row| Cell::text(class(row))),
    ("ChargeDescription", ALL, Text, |row| Cell::text(row.description())),
    ("ChargeFrequency", ALL, Text, |row| Cell::text(frequency(row))),
    ("ChargePeriodEnd", ALL, Time, |row| Cell::Time(row.line.end)),
    ("ChargePeriodStart", ALL, Time, |row| Cell::Time(row.line.start)),
    ("CommitmentDiscountCategory", ALL, Text, NOTHING),
    ("CommitmentDiscountId", ALL, Text, NOTHING),
    ("CommitmentDiscountName", ALL, Text, NOTHING),
    ("CommitmentDiscountQuantity", LATER, Number, NOTHING),
    ("CommitmentDiscountStatus", ALL, Text, NOTHING),
    ("CommitmentDiscountType", ALL, Text, NOTHING),
    ("CommitmentDiscountUnit", LATER, Text, NOTHING),
    ("CommitmentProgramEligibilityDetails", V1_4, Text, NOTHING),
    ("ConsumedQuantity", ALL, Number, QUANTITY),
    ("ConsumedUnit", ALL, Text, UNIT),
    ("ContractedCost", ALL, Number, COST),
    ("ContractedUnitPrice", ALL, Number, RATE),
    ("EffectiveCost", ALL, Number, COST),
    ("HostProviderName", V1_4, Text, |_| Cell::text("AWS")),
    ("InvoiceId", LATER, Text, NOTHING),
    ("InvoiceIssuerName", ALL, Text, AMAZON),
    ("ListCost", ALL, Number, COST),
    ("ListUnitPrice", ALL, Number, RATE),
    ("PricingCategory", ALL, Text, |row| usage(row, Cell::text("Standard"))),
    ("PricingCurrency", LATER, Text, |_| Cell::text("USD")),
    ("PricingCurrencyContractedUnitPrice", LATER, Number, RATE),
    ("PricingCurrencyEffectiveCost", LATER, Number, COST),
    ("PricingCurrencyListUnitPrice", LATER, Number, RATE),
    ("PricingQuantity", ALL, Number, QUANTITY),
    ("PricingUnit", ALL, Text, UNIT),
    ("ProviderName", AWS, Text, |_| Cell::text("AWS")),
    ("PublisherName", AWS, Text, AMAZON),
    ("RegionId", ALL, Text, |row| Cell::text(row.line.item.from)),
    ("RegionName", ALL, Text, |row| Cell::text(region_name(row))),
    ("ResourceId", ALL, Text, |row| Cell::text(&*row.line.item.resource)),
    ("ResourceName", ALL, Text, NOTHING),
    ("ResourceType", ALL, Text, NOTHING),
    ("ServiceCategory", ALL, Text, |row| Cell::text(service(row).1)),
    ("ServiceName", ALL, Text, |row| Cell::text(service(row).0)),
    ("ServiceProviderName", V1_4, Text, |_| Cell::text("AWS")),
    ("ServiceSubcategory", LATER, Text, NOTHING),
    ("SkuId", ALL, Text, |row| of(row, |product| &product.sku)),
    ("SkuMeter", LATER, Text, |row| Cell::text(&*row.line.item.usage_type)),
    ("SkuPriceDetails", LATER, Text, NOTHING),
    ("SkuPriceId", ALL, Text, |row| Cell::text(row.rate_code())),
    ("SubAccountId", ALL, Text, |row| Cell::text(row.line.item.account)),
    ("SubAccountName", ALL, Text, |row| Cell::text(account_name(row.line.item.account))),
    ("SubAccountType", LATER, Text, |_| Cell::text("AWS Account")),
    ("Tags", ALL, Text, |_| Cell::text("{}")),
    ("x_CostCategories", V1_0, Text, NOTHING),
    ("x_Discounts", ALL, Text, NOTHING),
    ("x_Operation", ALL, Text, |row| Cell::text(row.line.item.operation)),
    ("x_ServiceCode", ALL, Text, |row| Cell::text(row.line.item.product)),
    ("x_UsageType", V1_0, Text, |row| Cell::text(&*row.line.item.usage_type)),
];

/// The columns of a version.
pub(super) fn columns(version: u8) -> Vec<Column> {
    let named = COLUMNS.iter().filter(|(_, versions, ..)| versions & version != 0);
    named.map(|(name, _, of, value)| Column { name, of: *of, value: *value }).collect()
}

fn category(row: &Row<'_>) -> &'static str {
    match row.line.kind {
        Kind::Usage => "Usage",
        Kind::EdpDiscount | Kind::Refund => "Adjustment",
        Kind::Credit => "Credit",
        Kind::Tax => "Tax",
    }
}

/// A refund changes a month that was invoiced.
fn class(row: &Row<'_>) -> &'static str {
    if row.line.kind == Kind::Refund { "Correction" } else { "" }
}

fn frequency(row: &Row<'_>) -> &'static str {
    if row.line.kind == Kind::Usage { "Usage-Based" } else { "One-Time" }
}

/// AWS gives inbound transfer the name of where it comes from.
fn region_name(row: &Row<'_>) -> &'static str {
    if row.line.item.meter == "in" { "External" } else { place(row.line.item.from) }
}

/// Name and category of the service.
fn service(row: &Row<'_>) -> (&'static str, &'static str) {
    match row.line.item.product {
        "AWSELB" => ("Elastic Load Balancing", "Networking"),
        "AmazonVPC" => ("Amazon Virtual Private Cloud", "Networking"),
        "AWSDirectConnect" => ("AWS Direct Connect", "Networking"),
        "AmazonS3" => ("Amazon Simple Storage Service", "Storage"),
        "AmazonSNS" => ("Amazon Simple Notification Service", "Integration"),
        "AmazonCloudFront" => ("Amazon CloudFront", "Networking"),
        "AmazonCloudWatch" => ("AmazonCloudWatch", "Management and Governance"),
        _ => ("Amazon Elastic Compute Cloud", "Compute"),
    }
}

fn usage<'r>(row: &Row<'r>, cell: Cell<'r>) -> Cell<'r> {
    if row.line.kind == Kind::Usage { cell } else { Cell::Null }
}

fn of<'r>(row: &Row<'r>, value: impl FnOnce(&'r Product) -> &'r str) -> Cell<'r> {
    row.line.product.as_deref().map_or(Cell::Null, |product| Cell::text(value(product)))
}
