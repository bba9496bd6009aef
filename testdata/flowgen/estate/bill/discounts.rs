//! The lines that are money alone: a discount on everything, a credit, a refund of an earlier month, taxes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Item;
use super::lines::{Kind, Line, Month, SCALE, rounded};
use super::meters::{EC2, HUB};

/// The discount of an Enterprise Discount Program, and the tax, in hundredths.
const DISCOUNT_PER_CENT: u64 = 5;
const TAX_PER_CENT: u64 = 7;
const CREDIT_USD: i64 = 25;
const REFUND_CENTS: i64 = 317;

/// The lines of a month that has its usage.
pub(super) fn of_month(month: &Month) -> Vec<Line> {
    let mut lines = discount(month);
    let cents = SCALE.cast_signed() / 100;
    let mut net: BTreeMap<&'static str, i64> = BTreeMap::new();
    for line in month.lines.iter().chain(&lines) {
        *net.entry(line.item.account).or_default() += line.cost;
    }
    let plain = |kind, account, product, cost| line(month, kind, Item { account, product, ..empty() }, cost);
    let others = [
        plain(Kind::Credit, HUB, EC2, -CREDIT_USD * SCALE.cast_signed()),
        plain(Kind::Refund, "111122223333", "AmazonS3", -REFUND_CENTS * cents),
    ];
    let tax = |(account, net): (&'static str, i64)| {
        let whole = u128::from(net.max(0).unsigned_abs()) * u128::from(TAX_PER_CENT);
        // Taxes are whole cents.
        let cost = rounded(whole, 100 * cents.unsigned_abs()).cast_signed() * cents;
        plain(Kind::Tax, account, EC2, cost)
    };
    let taxes: Vec<Line> = net.into_iter().map(tax).collect();
    lines.extend(others);
    lines.extend(taxes.into_iter().filter(|line| line.cost != 0));
    lines
}

/// The discount: a line for each account and product that costs anything.
fn discount(month: &Month) -> Vec<Line> {
    let mut sums: BTreeMap<(&'static str, &str), (&Line, u128)> = BTreeMap::new();
    for line in &month.lines {
        let Some(product) = &line.product else { continue };
        sums.entry((line.item.account, &product.sku)).or_insert((line, 0)).1 += u128::from(line.cost.unsigned_abs());
    }
    let discounted = |(first, cost): (&Line, u128)| {
        let item = Item { operation: "", resource: String::new(), charge: "", ..Item::clone(&first.item) };
        let cost = -rounded(cost * u128::from(DISCOUNT_PER_CENT), 100).cast_signed();
        Line { product: first.product.clone(), ..line(month, Kind::EdpDiscount, item, cost) }
    };
    sums.into_values().map(discounted).filter(|line| line.cost != 0).collect()
}

fn line(month: &Month, kind: Kind, item: Item, cost: i64) -> Line {
    let (start, end, item) = (month.start, month.end, Arc::new(item));
    Line { kind, start, end, item, number: None, product: None, step: None, quantity: 0, cost }
}

fn empty() -> Item {
    let usage_type = String::new();
    let resource = String::new();
    Item { account: "", product: "", usage_type, operation: "", resource, meter: "", from: "", to: "", charge: "" }
}
