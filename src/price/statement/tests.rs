//! Sums of line items: discounts spread, months open, everything adding up to the whole bill.

use super::*;

const DAY: (u32, u32) = (1_790_812_800, 1_790_812_800 + 3600);

fn item(kind: Kind, usage_type: &'static str, sku: &'static str, cost: i128) -> LineItem<'static> {
    LineItem {
        period: DAY,
        account: "111122223333",
        payer: "999988887777",
        kind,
        product: "AmazonEC2",
        usage_type,
        operation: "",
        resource: "i-1",
        bytes: 100,
        cost,
        net: None,
        rate: None,
        sku,
        rate_code: "",
        is_invoiced: false,
    }
}

fn statement(items: &[LineItem<'static>]) -> Statement {
    let mut statement = Statement::default();
    items.iter().for_each(|item| statement.add(Ok(item.clone()), String::new));
    statement
}

fn whole(statement: &Statement) -> i128 {
    let (lines, rest) = statement.finish();
    let lines: i128 = lines.iter().map(|line| line.cost + line.discount).sum();
    lines + rest.values().map(|rest| rest.cost).sum::<i128>()
}

/// What is not compared of a kind.
fn of_kind(rest: &RestByKind, kind: Kind) -> Rest {
    let sums: Vec<&Rest> = rest.iter().filter(|(key, _)| key.kind == kind).map(|(_, rest)| rest).collect();
    assert_eq!(sums.len(), 1);
    sums[0].clone()
}

#[test]
fn a_discount_is_spread_over_the_usage_of_its_account_and_sku() {
    let mut items = [
        item(Kind::Usage, "DataTransfer-Out-Bytes", "A", 3 * USD_UNITS),
        LineItem { resource: "i-2", ..item(Kind::Usage, "DataTransfer-Out-Bytes", "A", 6 * USD_UNITS) },
        item(Kind::Usage, "NatGateway-Bytes", "B", 9 * USD_UNITS),
        item(Kind::Discount, "DataTransfer-Out-Bytes", "A", -USD_UNITS),
        item(Kind::Discount, "BoxUsage", "C", -2 * USD_UNITS),
    ];
    let (lines, rest) = statement(&items).finish();
    let discounts: Vec<_> = lines.iter().map(|line| (&*line.sku, line.discount)).collect();
    assert_eq!(discounts, [("A", -USD_UNITS / 3), ("A", -(USD_UNITS - USD_UNITS / 3)), ("B", 0)]);
    assert_eq!(of_kind(&rest, Kind::Discount), Rest { items: 1, cost: -2 * USD_UNITS });
    assert_eq!(whole(&statement(&items)), 15 * USD_UNITS);
    let parts = statement(&items[3..]).and(statement(&items[..3]));
    assert_eq!(parts.finish(), (lines.clone(), rest.clone()), "in parts");
    items.reverse();
    assert_eq!(statement(&items).finish(), (lines, rest), "in any order");
}

#[test]
fn a_net_cost_is_a_discount_of_its_own_line() {
    let items = [LineItem { net: Some(2 * USD_UNITS), ..item(Kind::Usage, "NatGateway-Bytes", "B", 3 * USD_UNITS) }];
    let lines = statement(&items).finish().0;
    assert_eq!((lines[0].cost, lines[0].discount), (3 * USD_UNITS, -USD_UNITS));
}

#[test]
fn what_is_no_transfer_is_summed_by_product_and_kind() {
    let items = [
        item(Kind::Usage, "BoxUsage:m5.large", "D", 5 * USD_UNITS),
        item(Kind::Usage, "BoxUsage:m5.large", "D", 5 * USD_UNITS),
        item(Kind::Tax, "", "", USD_UNITS),
        item(Kind::Credit, "DataTransfer-Out-Bytes", "A", -USD_UNITS),
    ];
    let statement = statement(&items);
    let (lines, rest) = statement.finish();
    assert!(lines.is_empty());
    let rest: Vec<_> = rest.into_iter().map(|(key, rest)| (key.kind, rest.items, rest.cost / USD_UNITS)).collect();
    assert_eq!(rest, [(Kind::Usage, 2, 10), (Kind::Credit, 1, -1), (Kind::Tax, 1, 1)]);
    assert_eq!((statement.items(), statement.span()), (4, None));
}

#[test]
fn a_line_that_crosses_a_tier_stays_two_and_equal_ones_become_one() {
    let priced =
        |code: &'static str| LineItem { rate_code: code, ..item(Kind::Usage, "DataTransfer-Out-Bytes", "A", 9) };
    let statement = statement(&[priced("A.1"), priced("A.2"), priced("A.1")]);
    let bytes: Vec<_> = statement.finish().0.iter().map(|line| (line.rate_code.to_string(), line.bytes)).collect();
    assert_eq!(bytes, [("A.1".to_owned(), 200), ("A.2".to_owned(), 100)]);
}

#[test]
fn a_bill_says_what_it_has() {
    let mut open = statement(&[item(Kind::Usage, "NatGateway-Bytes", "B", 1)]);
    assert!(open.is_open() && open.is_hourly() && open.has_resources() && !open.has_operations());
    open.add(Err(Fault::Cost), || "row 7".to_owned());
    open.add(Err(Fault::Cost), || "row 9".to_owned());
    assert_eq!(open.faults()[&Fault::Cost], (2, "row 7".to_owned()));
    let daily = LineItem {
        period: (DAY.0, DAY.0 + 86_400),
        is_invoiced: true,
        ..item(Kind::Usage, "NatGateway-Bytes", "B", 1)
    };
    let daily = statement(&[daily]);
    assert!(!daily.is_open() && !daily.is_hourly());
}
