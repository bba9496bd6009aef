//! Parts of billed lines, reason by reason: small bills whose parts were computed by hand.

use proptest::prelude::*;

use super::*;
use crate::price::GB_BYTES;
use crate::price::statement::Kind;
use crate::price::statement::{LineItem, USD_UNITS};

const GB: i128 = GB_BYTES as i128;
/// 2026-10-01.
const DAY: u32 = 1_790_812_800;
const HOUR: u32 = 3600;
/// A dollar in 10⁻¹⁰.
const USD: i128 = 10_000_000_000;

fn item(usage_type: &'static str, resource: &'static str, hour: u32, gb: i128, rate: &str) -> LineItem<'static> {
    let rate = crate::price::Rate::parse(rate).unwrap().units();
    LineItem {
        period: (DAY + hour * HOUR, DAY + (hour + 1) * HOUR),
        account: "111122223333",
        payer: "",
        kind: Kind::Usage,
        product: "AmazonEC2",
        usage_type,
        operation: "InterZone-Out",
        resource,
        bytes: gb * GB,
        cost: gb * rate,
        net: None,
        rate: Some(rate),
        sku: "A",
        rate_code: "",
        is_invoiced: true,
    }
}

fn place(family: Family, resource: &str) -> Place {
    Place {
        account: "111122223333".into(),
        family: Some(family),
        from: "us-east-1".into(),
        to: "".into(),
        usage_type: "".into(),
        resource: resource.into(),
    }
}

fn used(gb: i128, rate: &str) -> Use {
    let rate = crate::price::Rate::parse(rate).unwrap().units();
    Use { bytes: gb * GB, cost: gb * GB * rate, unpriced: 0 }
}

fn compared(items: &[LineItem<'static>], logs: &Logs) -> Reconciliation {
    let mut statement = Statement::default();
    items.iter().for_each(|item| statement.add(Ok(item.clone()), String::new));
    let prices = PriceTable::embedded().unwrap();
    reconcile(&statement, &Against { logs, prices: &prices, window: (None, None) })
}

/// The parts of the only line, in GB and cents.
fn parts(items: &[LineItem<'static>], logs: &Logs) -> Vec<(&'static str, i128, i128)> {
    let found = compared(items, logs);
    assert_eq!(found.lines.len(), 1, "{found:?}");
    let line = &found.lines[0];
    assert_eq!(line.parts.iter().map(|part| part.usd).sum::<i128>(), line.billed_usd);
    assert_eq!(line.parts.iter().map(|part| part.bytes).sum::<i128>(), line.billed_bytes);
    line.parts.iter().map(|part| (part.reason.name(), part.bytes / GB, part.usd / (USD / 100))).collect()
}

const ALWAYS: Option<(u32, u32)> = Some((0, u32::MAX));

fn nat() -> Place {
    place(Family::Nat, "nat-1")
}

#[test]
fn what_is_in_the_logs_is_explained_to_the_last_unit() {
    let logs = Logs::of_uses(HOUR, &[(&nat(), DAY, used(100, "0.045"), "web")]).watched("nat-1", ALWAYS, None);
    let arn = "arn:aws:ec2:us-east-1:111122223333:natgateway/nat-1";
    assert_eq!(parts(&[item("NatGateway-Bytes", arn, 0, 100, "0.045")], &logs), [("logged", 100, 450)]);
}

#[test]
fn more_on_the_bill_is_unlogged_skipped_or_not_explained() {
    let bill = [item("NatGateway-Bytes", "nat-1", 0, 100, "0.045")];
    let logs = || Logs::of_uses(HOUR, &[(&nat(), DAY, used(60, "0.045"), "web")]);
    let rest = |reason| [("logged", 60, 270), (reason, 40, 180)];
    assert_eq!(parts(&bill, &logs().watched("nat-1", None, None)), rest("unlogged"));
    assert_eq!(parts(&bill, &logs().watched("nat-1", Some((DAY + 1800, DAY + 9000)), None)), rest("unlogged-hours"));
    assert_eq!(parts(&bill, &logs().watched("nat-1", Some((DAY, DAY + 1800)), None)), rest("unlogged-hours"));
    assert_eq!(parts(&bill, &logs().watched("nat-1", ALWAYS, Some(DAY))), rest("skipped"));
    assert_eq!(parts(&bill, &logs().watched("nat-1", ALWAYS, Some(DAY + HOUR))), rest("residual"));
    assert_eq!(parts(&bill, &Logs::of_uses(HOUR, &[]))[0].0, "unlogged");
}

#[test]
fn less_on_the_bill_is_a_negative_residual_and_hours_make_up_for_each_other_in_a_day() {
    let bill = [item("NatGateway-Bytes", "nat-1", 0, 50, "0.045"), item("NatGateway-Bytes", "nat-1", 1, 70, "0.045")];
    let logs = |gb| {
        let uses = [(&nat(), DAY, used(60, "0.045"), "web"), (&nat(), DAY + HOUR, used(gb, "0.045"), "web")];
        Logs::of_uses(HOUR, &uses).watched("nat-1", ALWAYS, None)
    };
    assert_eq!(parts(&bill, &logs(60)), [("logged", 120, 540)], "a record across the hour's edge");
    assert_eq!(parts(&bill, &logs(80)), [("logged", 140, 630), ("residual", -20, -90)]);
}

#[test]
fn what_only_the_logs_have_is_not_explained() {
    let logs = Logs::of_uses(HOUR, &[(&nat(), DAY, used(10, "0.045"), "web")]).watched("nat-1", ALWAYS, None);
    assert_eq!(parts(&[], &logs), [("logged", 10, 45), ("residual", -10, -45)]);
}

#[test]
fn another_rate_is_a_tier_the_free_tier_a_price_or_a_discount() {
    let place = place(Family::Internet, "i-1");
    let logs = Logs::of_uses(HOUR, &[(&place, DAY, used(100, "0.09"), "web")]).watched("i-1", ALWAYS, None);
    let of = |rate| parts(&[item("DataTransfer-Out-Bytes", "i-1", 0, 100, rate)], &logs);
    assert_eq!(of("0.085"), [("logged", 100, 900), ("tiers", 0, -50)]);
    assert_eq!(of("0"), [("logged", 100, 900), ("free-tier", 0, -900)]);
    assert_eq!(of("0.08"), [("logged", 100, 900), ("price", 0, -100)], "no tier of us-east-1 has it");
    let discounted = LineItem { net: Some(8 * USD_UNITS), ..item("DataTransfer-Out-Bytes", "i-1", 0, 100, "0.09") };
    assert_eq!(parts(&[discounted], &logs), [("logged", 100, 900), ("discount", 0, -100)]);
    let mixed = [
        item("DataTransfer-Out-Bytes", "i-1", 0, 60, "0.09"),
        LineItem { rate_code: "2", ..item("DataTransfer-Out-Bytes", "i-1", 0, 40, "0.085") },
    ];
    assert_eq!(parts(&mixed, &logs), [("logged", 100, 900), ("tiers", 0, -20)]);
}

#[test]
fn a_rate_that_does_not_give_the_cost_is_not_believed() {
    let logs = Logs::of_uses(HOUR, &[(&nat(), DAY, used(100, "0.045"), "web")]).watched("nat-1", ALWAYS, None);
    let rate = crate::price::Rate::parse("0.045").unwrap().units();
    let blended =
        LineItem { cost: 5 * USD_UNITS, rate: Some(rate), ..item("NatGateway-Bytes", "nat-1", 0, 100, "0.045") };
    assert_eq!(parts(&[blended], &logs), [("logged", 100, 450), ("price", 0, 50)]);
}

#[test]
fn bytes_without_a_price_say_so() {
    let unpriced = Use { unpriced: 100 * GB, ..used(100, "0") };
    let logs = Logs::of_uses(HOUR, &[(&nat(), DAY, unpriced, "web")]).watched("nat-1", ALWAYS, None);
    let bill = [item("NatGateway-Bytes", "nat-1", 0, 100, "0.045")];
    assert_eq!(parts(&bill, &logs), [("logged", 100, 0), ("unpriced", 0, 450)]);
}

#[test]
fn what_flow_logs_do_not_show_has_its_own_reasons() {
    let none = Logs::of_uses(HOUR, &[]);
    let of = |item: LineItem<'static>| parts(&[item], &none)[0].0;
    let product = |product, usage_type| LineItem { product, ..item(usage_type, "x", 0, 1, "0.09") };
    assert_eq!(of(product("AmazonS3", "DataTransfer-Out-Bytes")), "no-interface");
    assert_eq!(of(product("AmazonEC2", "USE1-SomeNew-Out-Bytes")), "unknown");
    let hours = compared(&[product("AmazonEC2", "NatGateway-Hours")], &none).lines;
    assert_eq!((hours[0].parts[0].reason, hours[0].billed_bytes), (Reason::Hours, 0), "hours are no GB");
    let free = parts(&[item("DataTransfer-xAZ-Out-Bytes", "i-1", 0, 1, "0")], &none);
    assert_eq!(free, [("free", 1, 0)]);
}

#[test]
fn interfaces_that_a_bill_has_other_names_of_are_compared_as_one() {
    let place = place(Family::Internet, OTHER_RESOURCES);
    let logs = Logs::of_uses(HOUR, &[(&place, DAY, used(10, "0.09"), "data")]);
    let rds = |resource| item("DataTransfer-Out-Bytes", resource, 0, 5, "0.09");
    let bill = [rds("arn:aws:rds:us-east-1:111122223333:db:a"), rds("arn:aws:rds:us-east-1:111122223333:db:b")];
    assert_eq!(parts(&bill, &logs), [("logged", 10, 90)]);
    assert_eq!(&*compared(&bill, &logs).lines[0].resource, OTHER_RESOURCES);
}

#[test]
fn a_daily_bill_is_compared_by_the_day() {
    let place = nat();
    let logs = Logs::of_uses(86_400, &[(&place, DAY, used(100, "0.045"), "web")]).watched("nat-1", ALWAYS, None);
    let daily = LineItem { period: (DAY, DAY + 86_400), ..item("NatGateway-Bytes", "nat-1", 0, 100, "0.045") };
    assert_eq!(parts(&[daily], &logs), [("logged", 100, 450)]);
}

#[test]
fn a_window_leaves_out_lines_of_other_days() {
    let mut statement = Statement::default();
    [0, 30]
        .into_iter()
        .for_each(|hour| statement.add(Ok(item("NatGateway-Bytes", "nat-1", hour, 1, "0.045")), String::new));
    let (logs, prices) = (Logs::of_uses(HOUR, &[]), PriceTable::embedded().unwrap());
    let found =
        reconcile(&statement, &Against { logs: &logs, prices: &prices, window: (Some(DAY), Some(DAY + 86_400)) });
    assert_eq!((found.lines.len(), found.outside), (1, 1));
}

#[test]
fn billed_dollars_are_split_by_the_logs_bytes_and_add_up() {
    let uses = [(&nat(), DAY, used(1, "0.045"), "web"), (&nat(), DAY, used(2, "0.045"), "data")];
    let logs = Logs::of_uses(HOUR, &uses).watched("nat-1", ALWAYS, None);
    let bill = [item("NatGateway-Bytes", "nat-1", 0, 4, "0.045"), item("NatGateway-Hours", "nat-1", 0, 1, "0.045")];
    let found = compared(&bill, &logs);
    let parts = allocate(&found.lines, &logs);
    let owner = |part: &Allocated| part.owners.as_ref().and_then(|owners| owners[0].as_deref().map(str::to_owned));
    let shown: Vec<_> = parts.iter().map(|part| (owner(part), part.bytes, part.usd)).collect();
    let total = found.lines.iter().map(|line| line.billed_usd).sum::<i128>();
    assert_eq!(shown.iter().map(|(_, _, usd)| usd).sum::<i128>(), total);
    assert!(shown.contains(&(Some("web".to_owned()), 4 * GB / 3, 18 * USD / 300)), "{shown:?}");
    assert!(shown.contains(&(None, 0, 45 * USD / 1000)), "hours have no owner: {shown:?}");
    let ratios: u64 = parts.iter().filter(|part| part.owners.is_some()).map(|part| part.ratio).sum();
    assert_eq!(ratios, RATIO_WHOLE);
}

#[test]
fn a_pool_has_all_services_and_the_mean_rate_what_was_really_paid() {
    let place = place(Family::Internet, "i-1");
    let logs = Logs::of_uses(HOUR, &[(&place, DAY, used(100, "0.09"), "web")]);
    let bill = [
        item("DataTransfer-Out-Bytes", "i-1", 0, 100, "0.09"),
        LineItem { product: "AmazonS3", ..item("DataTransfer-Out-Bytes", "bucket", 0, 900, "0.09") },
        LineItem { product: "AmazonCloudFront", ..item("EU-DataTransfer-Out-Bytes", "edge", 0, 7, "0.09") },
        LineItem { kind: Kind::Discount, cost: -90 * USD_UNITS / 2, ..item("", "", 0, 0, "0") },
    ];
    let mut statement = Statement::default();
    bill.iter().for_each(|item| statement.add(Ok(item.clone()), String::new));
    let pools = pools(&statement, &logs);
    assert_eq!(pools.len(), 1);
    assert_eq!((pools[0].billed_bytes / GB, pools[0].logged_bytes / GB), (1000, 100));
    let rates = mean_rates(&statement);
    assert_eq!(rates.len(), 1, "S3 is no charge of ours");
    // The discount is spread over all of the account's usage of the SKU, the other services' too.
    assert_eq!(rates[0].usd_per_gb(), 9 * USD / 100 - (45 * USD * 100 / 1007) / 100 - 1);
}

proptest! {
    #[test]
    fn the_parts_of_any_line_add_up(
        billed in prop::collection::vec((0_u32..3, 0_i128..1 << 50, 0_u32..4), 0..6),
        logged in prop::collection::vec((0_u32..3, 0_i128..1 << 50), 0..4),
        span in prop::option::of((0_u32..20_000, 0_u32..20_000)),
        gap in prop::option::of(0_u32..3),
    ) {
        let rates = ["0", "0.05", "0.085", "0.09"];
        let items: Vec<_> = billed.iter().map(|(hour, bytes, rate)| {
            let item = item("DataTransfer-Out-Bytes", "i-1", *hour, 0, rates[*rate as usize]);
            let cost = bytes * item.rate.unwrap() / GB;
            LineItem { bytes: *bytes, cost, ..item }
        }).collect();
        let place = place(Family::Internet, "i-1");
        let rate = crate::price::Rate::parse("0.09").unwrap().units();
        let uses: Vec<_> = logged.iter().map(|(hour, bytes)| {
            (&place, DAY + hour * HOUR, Use { bytes: *bytes, cost: bytes * rate, unpriced: 0 }, "web")
        }).collect();
        let span = span.map(|(from, to)| (DAY + from.min(to), DAY + from.max(to)));
        let logs = Logs::of_uses(HOUR, &uses).watched("i-1", span, gap.map(|hour| DAY + hour * HOUR));
        let found = compared(&items, &logs);
        for line in &found.lines {
            prop_assert_eq!(line.parts.iter().map(|part| part.usd).sum::<i128>(), line.billed_usd);
            prop_assert_eq!(line.parts.iter().map(|part| part.bytes).sum::<i128>(), line.billed_bytes);
            prop_assert!(line.part(Reason::Rounding).usd.abs() <= 20);
        }
        let bytes: i128 = billed.iter().map(|(_, bytes, _)| bytes).sum();
        prop_assert_eq!(found.lines.iter().map(|line| line.billed_bytes).sum::<i128>(), bytes);
        let allocated: i128 = allocate(&found.lines, &logs).iter().map(|part| part.usd).sum();
        prop_assert_eq!(allocated, found.lines.iter().map(|line| line.billed_usd).sum::<i128>());
    }
}
