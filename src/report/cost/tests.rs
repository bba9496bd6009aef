//! The tables of cost: what stands in them, and that they add up.

use proptest::prelude::*;

use super::*;
use crate::price::bill::tests::{Charged, bill_of, egress, moment, zones};
use crate::price::{Charge, Discounts, PoolTerms, PriceTable, Tiers};
use crate::schema::output::CellKind;
use crate::units::human::{self, Units};
use crate::units::time::Zone;

const OCTOBER: &str = "2026-10-01";

fn shape() -> CostShape {
    let key_heads = vec![Head { name: "team".to_owned(), kind: CellKind::Text }];
    CostShape { key_heads, keys: vec!["key_0".to_owned()], by_charge: true, ..CostShape::default() }
}

fn bill(rows: Vec<Charged>, table: &PriceTable) -> Bill<'_> {
    let window = (Some(moment(OCTOBER)), Some(moment("2026-11-01")));
    bill_of(&rows, window, table, PoolTerms::default())
}

fn report_of(rows: Vec<Charged>, shape: &CostShape) -> Report {
    report(&bill(rows, &PriceTable::embedded().unwrap()), shape).unwrap()
}

/// A cell in display form.
fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Absent => "-".to_owned(),
        Cell::Text(text) => text.to_string(),
        Cell::Integer(bytes) => human::bytes(*bytes, Units::Iec),
        Cell::Decimal { units, per } => human::decimal2(*units, *per),
        Cell::Usd(rate) => human::usd_rate(*rate),
        Cell::Amount { cents, .. } => {
            format!("{}{}", if *cents < 0 { "-" } else { "" }, human::cents(cents.unsigned_abs()))
        }
        Cell::Share { part, whole } => human::percent(*part, *whole).unwrap_or_else(|| "-".to_owned()),
        Cell::Change { was: 0, .. } => "-".to_owned(),
        Cell::Change { change, was } => format!("{change} of {was}"),
        other => format!("{other:?}"),
    }
}

fn lines(table: &Table) -> Vec<String> {
    let line = |row: &Row| row.iter().map(shown).collect::<Vec<_>>().join(" | ");
    table.rows.iter().chain(&table.total).map(line).collect()
}

fn names(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|head| head.name.as_str()).collect()
}

#[test]
fn the_dearest_comes_first_with_the_free_in_one_row_and_all_adds_up() {
    let free = |team, reason: &str, gb| Charged { charge: None, reason: reason.into(), ..egress(team, OCTOBER, gb) };
    let rows = vec![
        egress("web", OCTOBER, 10),
        zones("web", OCTOBER, 500),
        zones("data", OCTOBER, 20),
        free("web", "same-zone", 100),
        free("data", "ingress", 1),
    ];
    let report = report_of(rows.clone(), &shape());
    let table = &report.tables[0];
    assert_eq!(
        names(table),
        ["team", "charge", "bytes", "gb", "effective_usd_per_gb", "usd", "share", "unpriced_bytes"]
    );
    assert_eq!(table.hidden_if_zero, ["unpriced_bytes"]);
    let expected = [
        "web | inter-zone-out | 500 GiB | 500.00 | $0.01 | $5.00 | 82.0 % | 0 B",
        "web | internet-egress | 10.0 GiB | 10.00 | $0.09 | $0.90 | 14.8 % | 0 B",
        "data | inter-zone-out | 20.0 GiB | 20.00 | $0.01 | $0.20 | 3.3 % | 0 B",
        "(free) | - | 101 GiB | 101.00 | $0.00 | $0.00 | 0.0 % | 0 B",
        "- | - | 631 GiB | 631.00 | $0.0096671949 | $6.10 | 100.0 % | 0 B",
    ];
    assert_eq!(lines(table), expected);
    let all = report_of(rows.clone(), &CostShape { free: true, ..shape() });
    let last = lines(&all.tables[0]);
    assert_eq!(last[3], "web | free: same-zone | 100 GiB | 100.00 | $0.00 | $0.00 | 0.0 % | 0 B");
    assert_eq!(last[4], "data | free: ingress | 1.00 GiB | 1.00 | $0.00 | $0.00 | 0.0 % | 0 B");
    let first = report_of(rows, &CostShape { rows: Some(1), by_charge: false, ..shape() });
    let expected = [
        "web | 510 GiB | 510.00 | $0.0115686274 | $5.90 | 96.7 % | 0 B",
        "(other) | 20.0 GiB | 20.00 | $0.01 | $0.20 | 3.3 % | 0 B",
        "(free) | 101 GiB | 101.00 | $0.00 | $0.00 | 0.0 % | 0 B",
    ];
    assert_eq!(lines(&first.tables[0])[..3], expected);
}

#[test]
fn bytes_without_a_price_are_reported_and_never_zero_dollars() {
    let nat = |team, gb| Charged {
        charge: Some(Charge::NatProcessing),
        from: "cn-north-1".into(),
        to: "any".into(),
        ..egress(team, OCTOBER, gb)
    };
    let report = report_of(vec![egress("web", OCTOBER, 10), nat("web", 1), nat("app", 2)], &shape());
    let table = &report.tables[0];
    assert_eq!(names(table).last(), Some(&"unpriced_bytes"));
    let expected = [
        "web | internet-egress | 10.0 GiB | 10.00 | $0.09 | $0.90 | 100.0 % | 0 B",
        "app | nat-processing | 2.00 GiB | 2.00 | - | - | - | 2.00 GiB",
        "web | nat-processing | 1.00 GiB | 1.00 | - | - | - | 1.00 GiB",
        "- | - | 13.0 GiB | 13.00 | $0.09 | $0.90 | 100.0 % | 3.00 GiB",
    ];
    assert_eq!(lines(table), expected);
    assert_eq!(report.tables[3].name, "unpriced");
    assert_eq!(lines(&report.tables[3]), ["nat-processing | cn-north-1 | any | no price | 3.00 GiB"]);
    assert_eq!(report.meta.notes.len(), 1);
    assert!(report.meta.notes[0].starts_with("3.00 GiB (3,221,225,472 bytes) are unpriced and excluded from totals"));
}

#[test]
fn a_path_without_a_rule_is_unpriced_and_not_free() {
    let on = |path: &str, gb| Charged { charge: None, reason: path.into(), ..egress("web", OCTOBER, gb) };
    let rows = vec![on("same-region", 3), on("unknown", 1), on("edge", 2), on("same-zone", 5)];
    let report = report_of(rows.clone(), &shape());
    let expected = [
        "(free) | - | 5.00 GiB | 5.00 | $0.00 | $0.00 | - | 0 B",
        "(unpriced) | - | 6.00 GiB | 6.00 | - | - | - | 6.00 GiB",
        "- | - | 11.0 GiB | 11.00 | $0.00 | - | - | 6.00 GiB",
    ];
    assert_eq!(lines(&report.tables[0]), expected);
    let expected = [
        "- | - | - | no rule for local gateways | 2.00 GiB",
        "- | - | - | unknown zones | 3.00 GiB",
        "- | - | - | unknown path | 1.00 GiB",
    ];
    assert_eq!(lines(&report.tables[3]), expected);
    let notes = report.meta.notes;
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].contains("zones are unknown: they are unpriced and cost at most $0.06;"), "{notes:?}");
    let by_path = report_of(rows, &CostShape { free: true, order: CostOrder::Bytes, ..shape() });
    let names: Vec<_> =
        lines(&by_path.tables[0]).iter().map(|line| line.split(" | ").nth(1).unwrap().to_owned()).collect();
    assert_eq!(names[..4], ["free: same-zone", "unpriced: same-region", "unpriced: edge", "unpriced: unknown"]);
}

#[test]
fn the_period_before_stands_beside_with_its_change() {
    let before = |team, gb| Charged { previous: true, ..egress(team, "2026-09-01", gb) };
    let rows = vec![egress("web", OCTOBER, 10), before("web", 20), before("gone", 5), egress("new", OCTOBER, 1)];
    let report = report_of(rows.clone(), &CostShape { compare: true, by_charge: false, ..shape() });
    let table = &report.tables[0];
    assert_eq!(names(table)[5..], ["share", "unpriced_bytes", "previous_usd", "change_usd", "change_ratio"]);
    let of = |lines: Vec<String>| {
        lines.iter().map(|line| line.rsplit(" | ").take(3).collect::<Vec<_>>().join("; ")).collect::<Vec<_>>()
    };
    let expected = [
        "-9000000000 of 18000000000; -$0.90; $1.80",
        "-; $0.09; $0.00",
        "-4500000000 of 4500000000; -$0.45; $0.45",
        "-12600000000 of 22500000000; -$1.26; $2.25",
    ];
    assert_eq!(of(lines(table)), expected);
    let alone = report_of(rows, &CostShape { by_charge: false, ..shape() });
    assert_eq!(lines(&alone.tables[0]).len(), 3, "what is gone is not in the period requested");
}

#[test]
fn payers_and_assumptions_add_up() {
    let rows = vec![
        egress("web", OCTOBER, 10),
        Charged { assumed: Some("the path".into()), payer: None, ..egress("web", OCTOBER, 5) },
        Charged { assumed: Some("the path".into()), payer: Some("222222222222".into()), ..zones("web", OCTOBER, 100) },
    ];
    let report = report_of(rows, &shape());
    let expected = [
        "- | internet-egress | 5.00 GiB | $0.45 | 19.1 %",
        "111111111111 | internet-egress | 10.0 GiB | $0.90 | 38.3 %",
        "222222222222 | inter-zone-out | 100 GiB | $1.00 | 42.6 %",
        "- | - | 115 GiB | $2.35 | 100.0 %",
    ];
    assert_eq!(lines(&report.tables[1]), expected);
    let expected = [
        "the path | internet-egress | 5.00 GiB | $0.45",
        "the path | inter-zone-out | 100 GiB | $1.00",
        "- | - | 105 GiB | $1.45",
    ];
    assert_eq!(lines(&report.tables[2]), expected);
}

#[test]
fn what_decides_a_price_besides_the_table_is_noted() {
    let table = PriceTable::embedded().unwrap();
    let discounts = Discounts::parse(&["internet-egress=12%".to_owned()]).unwrap();
    let terms = PoolTerms { tiers: Tiers::Marginal, discounts, ..PoolTerms::default() };
    let window = (Some(moment("2026-10-05")), None);
    let report = report(&bill_of(&[egress("web", "2026-10-05", 1)], window, &table, terms), &shape()).unwrap();
    assert_eq!(report.meta.notes.len(), 3);
    assert_eq!(report.meta.notes[1], "internet-egress: 12 % off the price");
    assert!(report.meta.notes[2].starts_with("2026-10: only traffic in the window is priced"));
}

#[test]
fn nothing_charged_is_an_empty_table() {
    let report = report_of(Vec::new(), &shape());
    assert_eq!(lines(&report.tables[0]), ["- | - | 0 B | 0.00 | - | $0.00 | - | 0 B"]);
}

/// The money of a column, in ten decimals and in cents.
fn column(table: &Table, name: &str) -> (Vec<(i128, i128)>, (i128, i128)) {
    let place = table.columns.iter().position(|head| head.name == name).unwrap();
    let money = |row: &Row| match row[place] {
        Cell::Amount { amount, cents } => (amount, cents),
        _ => (0, 0),
    };
    (table.rows.iter().map(money).collect(), table.total.as_ref().map(money).unwrap_or_default())
}

proptest! {
    #[test]
    fn what_is_printed_adds_up_to_the_printed_total_in_every_column(
        rows in prop::collection::vec((0..5_u8, 0..3_u8, any::<bool>(), 0..1_u64 << 36), 0..30),
        most in prop::option::of(0..6_usize),
        by_charge: bool,
    ) {
        let charged = rows.iter().map(|(team, kind, previous, bytes)| {
            let row = if *kind == 0 { zones("x", OCTOBER, 0) } else { egress("x", OCTOBER, 0) };
            let charge = row.charge.filter(|_| *kind < 2);
            Charged { keys: vec![format!("team{team}")], charge, previous: *previous, bytes: *bytes, ..row }
        });
        let shape = CostShape { rows: most, by_charge, compare: true, ..shape() };
        let report = report_of(charged.collect(), &shape);
        let table = &report.tables[0];
        for name in ["usd", "previous_usd", "change_usd"] {
            let (parts, total) = column(table, name);
            let sum = parts.iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
            prop_assert_eq!(sum, total);
        }
        let (_, (amount, cents)) = column(table, "usd");
        let rounded = human::usd(amount.unsigned_abs());
        prop_assert_eq!(human::cents(cents.unsigned_abs()), rounded, "the total is rounded as any amount is");
        for other in &report.tables[1..3] {
            let (parts, total) = column(other, "usd");
            let sum = parts.iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
            prop_assert_eq!(sum, total, "{}", other.name);
        }
        prop_assert_eq!(column(&report.tables[1], "usd").1, (amount, cents), "what is paid is what it costs");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The rows shown are those that match of the list without a filter, and nothing else of the report changes.
    #[test]
    fn rows_that_do_not_match_are_part_of_the_other_row(
        rows in prop::collection::vec((0..5_u8, 0..3_u8, any::<bool>(), 0..1_u64 << 38), 0..30),
        most in prop::option::of(0..6_usize),
        text in prop::sample::select(vec![
            "usd > $1", "bytes >= 100GiB or share < 1%", "team in (team1, team3)", "change_usd > 0 and not usd in 1..3",
            "charge = inter* and gb > 0.5", "previous_usd = 0", "effective_usd_per_gb <= 0.01",
        ]),
    ) {
        let charged = rows.iter().map(|(team, kind, previous, bytes)| {
            let row = if *kind == 0 { zones("x", OCTOBER, 0) } else { egress("x", OCTOBER, 0) };
            let charge = row.charge.filter(|_| *kind < 2);
            // Whole GB of the first tier: dollars need no rounding, which depends on the rows shown.
            let bytes = bytes >> 30 << 30;
            Charged { keys: vec![format!("team{team}")], charge, previous: *previous, bytes, ..row }
        });
        let charged: Vec<_> = charged.collect();
        let shape = CostShape { compare: true, ..shape() };
        let all = report_of(charged.clone(), &shape);
        let having = || Having::parse(text, shape.heads(), 0, Zone::default()).unwrap();
        let of_table = having();
        let is_listed = |row: &&Row| Uncharged::ALL.iter().all(|one| row[0] != one.row().into());
        let matching = all.tables[0].rows.iter().filter(is_listed).filter(|row| of_table.holds(|place| row[place].clone()));
        let matching: Vec<&Row> = matching.collect();
        let some = report_of(charged, &CostShape { having: Some(having()), rows: most, ..shape.clone() });
        let is_other = |row: &&Row| is_listed(row) && row[0] != OTHER.into();
        let exact = |row: &Row| row.iter().map(|cell| match cell {
            // Cents are shared out among the rows shown.
            Cell::Amount { amount, .. } => amount.to_string(),
            cell => format!("{cell:?}"),
        }).collect::<Vec<_>>();
        let shown: Vec<_> = some.tables[0].rows.iter().filter(is_other).map(exact).collect();
        let most = most.unwrap_or(usize::MAX).min(matching.len());
        prop_assert_eq!(shown, matching[..most].iter().map(|row| exact(row)).collect::<Vec<_>>());
        prop_assert_eq!(&some.tables[0].total, &all.tables[0].total);
        prop_assert_eq!(format!("{:?}", &some.tables[1..]), format!("{:?}", &all.tables[1..]));
        for name in ["usd", "previous_usd", "change_usd"] {
            let (parts, total) = column(&some.tables[0], name);
            let sum = parts.iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
            prop_assert_eq!(sum, total, "{}", name);
        }
    }
}
