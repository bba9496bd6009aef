//! The tables of transfer: what stands in them, and that all of them add up to the same.

use crate::price::GB_BYTES;
use crate::units::human::{self, Units};

use polars::prelude::{IntoColumn, NewChunkedArray, StringChunked};
use proptest::prelude::*;

use super::*;
use crate::schema::frame::{milliseconds, times};
use crate::units::time::Zone;

const GB: u64 = GB_BYTES;
/// 2026-10-01.
const OCTOBER: u32 = 1_790_812_800;

/// A row of traffic or a charge on it: values of columns by name, and bytes.
type Sent<'a> = (&'a [(Column, &'a str)], u64);

fn keys() -> TransferKeys {
    let pair = |columns: [Column; 2]| columns.map(|column| Key { column, cut: None });
    TransferKeys {
        ends: pair([Column::SrcRegion, Column::DstRegion]),
        services: pair([Column::SrcSubnet, Column::DstSubnet]),
        by: Vec::new(),
    }
}

/// A frame of charges with a column for each key.
fn charges(rows: &[Sent]) -> DataFrame {
    let need = Need::charges("traffic", &keys().all(), false);
    let texts = need.spec.keys.iter().map(|key| key.column).filter(|column| *column != Column::Day);
    let mut columns: Vec<_> = texts
        .map(|column| {
            let value = |message: &[(Column, &str)]| {
                message.iter().find(|(known, _)| *known == column).map(|(_, text)| text.to_string())
            };
            let values = rows.iter().map(|(message, _)| value(message));
            StringChunked::from_iter_options(column.name().into(), values).into_column()
        })
        .collect();
    columns.push(times(Column::Day.name(), rows.iter().map(|_| Some(milliseconds(OCTOBER)))));
    columns.push(ints(output::BYTES.name, rows.iter().map(|(_, bytes)| Some((*bytes).into()))));
    DataFrame::new(rows.len(), columns).unwrap()
}

fn shape() -> TransferShape {
    TransferShape { ends: ["src_region".into(), "dst_region".into()], ..TransferShape::default() }
}

fn report_of(rows: &[Sent], shape: &TransferShape) -> Report {
    report_in(rows, shape, 73)
}

fn report_in(rows: &[Sent], shape: &TransferShape, hours: u64) -> Report {
    let prices = PriceTable::embedded().unwrap();
    let charges = Periods::default().mark(&charges(rows)).unwrap();
    let names: Vec<String> = keys().all().iter().map(Key::name).collect();
    let bill = Bill::of(&charges, &names, (None, None), (&prices, PoolTerms::default())).unwrap();
    report(&bill, &keys(), shape, hours).unwrap().0
}

/// Between two regions, by subnets that are called after their numbers.
fn between<'a>(regions: [&'a str; 2], subnets: [&'a str; 2], path: &'a str) -> Vec<(Column, &'a str)> {
    vec![
        (Column::SrcRegion, regions[0]),
        (Column::DstRegion, regions[1]),
        (Column::SrcSubnet, subnets[0]),
        (Column::DstSubnet, subnets[1]),
        (Column::SrcLocation, "vpc-1"),
        (Column::DstLocation, "vpc-1"),
        (Column::Path, path),
    ]
}

fn charged<'a>(of: &[(Column, &'a str)], charge: &'a str, from: &'a str, to: &'a str) -> Vec<(Column, &'a str)> {
    let charge = [(Column::Charge, charge), (Column::FromRegion, from), (Column::ToRegion, to)];
    of.iter().copied().chain(charge).collect()
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Absent => "-".to_owned(),
        Cell::Text(text) => text.to_string(),
        Cell::Integer(number) if *number > 1000 => human::bytes(*number, Units::Iec),
        Cell::Integer(number) => number.to_string(),
        Cell::Amount { amount, .. } => format!("${}", human::usd_exact(amount.unsigned_abs())),
        Cell::Usd(rate) => human::usd_rate(*rate),
        Cell::Share { part, whole } => human::percent(*part, *whole).unwrap_or_else(|| "-".to_owned()),
        other => format!("{other:?}"),
    }
}

fn table<'r>(report: &'r Report, name: &str) -> &'r Table {
    report.tables.iter().find(|table| table.name == name).unwrap()
}

fn lines(report: &Report, name: &str) -> Vec<String> {
    let table = table(report, name);
    let line = |row: &Row| row.iter().map(shown).collect::<Vec<_>>().join(" | ");
    table.rows.iter().chain(&table.total).map(line).collect()
}

const EAST: &str = "us-east-1";
const EUROPE: &str = "eu-west-1";

#[test]
fn rows_have_the_bytes_once_and_the_dollars_of_all_their_charges() {
    let zones = between([EAST, EAST], ["a", "b"], "cross-zone");
    let [out, into] = ["inter-zone-out", "inter-zone-in"].map(|charge| charged(&zones, charge, EAST, "same"));
    let regions = between([EAST, EUROPE], ["a", "c"], "cross-region");
    let across = charged(&regions, "inter-region", EAST, EUROPE);
    let free = between([EAST, EAST], ["a", "a"], "same-zone");
    let rows: [Sent; 6] =
        [(&zones, 10 * GB), (&out, 10 * GB), (&into, 10 * GB), (&regions, 5 * GB), (&across, 5 * GB), (&free, GB)];
    let report = report_of(&rows, &shape());
    let expected = [
        "1 | us-east-1 | us-east-1 | cross-zone | - | 10.0 GiB | $0.2000000000 | 66.7 % | $0.02 | 0 | 0",
        "2 | us-east-1 | eu-west-1 | cross-region | - | 5.00 GiB | $0.1000000000 | 33.3 % | $0.02 | 0 | 0",
        "3 | us-east-1 | us-east-1 | same-zone | - | 1.00 GiB | $0.0000000000 | 0.0 % | $0.00 | 0 | 0",
        "- | - | - | - | - | 16.0 GiB | $0.3000000000 | 100.0 % | $0.01875 | 0 | 0",
    ];
    assert_eq!(lines(&report, "transfer"), expected);
    let first = report_of(&rows, &TransferShape { rows: Some(1), order: TransferOrder::Bytes, ..shape() });
    assert_eq!(
        lines(&first, "transfer")[1],
        "- | (other) | - | - | - | 6.00 GiB | $0.1000000000 | 37.5 % | $0.0166666666 | 0 | 0"
    );
    let bytes = ["us-east-1 | 11.0 GiB | 5.00 GiB | 16.0 GiB", "- | 11.0 GiB | 5.00 GiB | 16.0 GiB"];
    assert_eq!(lines(&report, "matrix_bytes"), bytes);
    let usd = "us-east-1 | $0.2000000000 | $0.1000000000 | $0.3000000000";
    assert_eq!(lines(&report, "matrix_usd")[0], usd);
    let heads: Vec<_> = table(&report, "matrix_usd").columns.iter().map(|head| head.name.as_str()).collect();
    assert_eq!(heads, ["src_region", "us-east-1", "eu-west-1", "(total)"]);
    assert_eq!(report.tables[0].name, "transfer");
    let turned = report_of(&rows, &TransferShape { matrix_first: true, ..shape() });
    assert_eq!(turned.tables[0].name, "matrix_bytes");
}

#[test]
fn two_ends_that_talk_are_one_row_of_alternatives_whoever_sends() {
    let there = between([EAST, EAST], ["b", "a"], "cross-zone");
    let back = between([EAST, EAST], ["a", "b"], "cross-zone");
    let halves = |of: &[(Column, &'static str)]| {
        ["inter-zone-out", "inter-zone-in"].map(|charge| charged(of, charge, EAST, "same"))
    };
    let ([one, two], [three, four]) = (halves(&there), halves(&back));
    let mut s3 = between([EAST, EAST], ["a", ""], "aws-service");
    s3.retain(|(column, _)| ![Column::DstSubnet, Column::DstLocation].contains(column));
    s3.extend([(Column::DstLocation, "S3"), (Column::Via, "nat")]);
    let nat = charged(&s3, "nat-processing", EAST, "any");
    let mut out = between([EAST, ""], ["a", ""], "internet");
    out.retain(|(column, _)| ![Column::DstRegion, Column::DstSubnet, Column::DstLocation].contains(column));
    out.extend([(Column::DstLocation, "internet"), (Column::Via, "nat")]);
    let [leg, egress] = [charged(&out, "inter-zone-out", EAST, "same"), charged(&out, "nat-processing", EAST, "any")];
    let rows: [Sent; 7] =
        [(&one, 6 * GB), (&two, 6 * GB), (&three, 4 * GB), (&four, 4 * GB), (&nat, 2 * GB), (&leg, GB), (&egress, GB)];
    let expected = [
        "1 | a | b | cross-zone | - | 10.0 GiB | $0.2000000000 | $2.0000000000 | co-locate in one zone",
        "2 | S3 | a | aws-service | nat | 2.00 GiB | $0.0900000000 | $0.9000000000 | use a gateway endpoint",
        "3 | a | internet | internet | nat | 1.00 GiB | $0.0100000000 | $0.1000000000 | use one NAT gateway per zone",
        "- | - | - | - | - | 13.0 GiB | $0.3000000000 | $3.0000000000 | -",
    ];
    let report = report_of(&rows, &shape());
    assert_eq!(lines(&report, "recommendations"), expected);
    assert!(report.meta.notes.iter().any(|note| note.contains("730 hours, extrapolated from 73 hours")), "{report:?}");
    let none = report_in(&rows, &shape(), 0);
    assert!(lines(&none, "recommendations")[0].contains("| - | co-locate in one zone"), "no hour, no month");
}

#[test]
fn what_is_not_known_is_reported_and_not_called_free() {
    let unknown = between([EAST, EAST], ["a", "b"], "same-region");
    let mut far = between(["mars-1", EAST], ["x", "a"], "cross-region");
    far.push((Column::Assumed, "other VPCs are reached through a peering connection"));
    let unpriced = charged(&far, "inter-region", "mars-1", EAST);
    let rows: [Sent; 3] = [(&unknown, 100 * GB), (&far, GB), (&unpriced, GB)];
    let report = report_of(&rows, &shape());
    let message = |part: &str| report.meta.notes.iter().any(|note| note.contains(part));
    assert!(message("stay in their region but their zones are unknown: they are unpriced and cost at most $2.00"));
    assert!(message("1.00 GiB (1,073,741,824 bytes) are unpriced and excluded from totals"));
    let expected = "2 | mars-1 | us-east-1 | cross-region | - | 1.00 GiB | - | - | - | 1.00 GiB | 1.00 GiB";
    assert_eq!(lines(&report, "transfer")[1], expected);
    assert_eq!(
        lines(&report, "unpriced"),
        ["inter-region | mars-1 | us-east-1 | no price | 1.00 GiB", "- | - | - | unknown zones | 100 GiB"]
    );
    let nowhere: [(Column, &str); 3] =
        [(Column::SrcLocation, "own"), (Column::DstLocation, "internet"), (Column::Path, "internet")];
    let report = report_of(&[(&nowhere, GB)], &shape());
    let is_said = |note: &String| note.starts_with("no endpoint has a known region");
    assert!(report.meta.notes.iter().any(is_said), "{:?}", report.meta.notes);
    assert!(lines(&report, "transfer")[0].starts_with("1 | own | internet | internet"), "places stand for them");
    assert!(table(&report, "recommendations").rows.is_empty());
}

#[test]
fn nothing_at_all_is_empty_tables() {
    let report = report_of(&[], &shape());
    assert!(report.tables.iter().all(|table| table.rows.is_empty()));
    assert_eq!(report.meta.notes, [""; 0]);
}

/// The exact amount and the cents of a cell; nothing of an absent one.
fn amounts(cell: &Cell) -> [i128; 2] {
    match cell {
        Cell::Amount { amount, cents } => [*amount, *cents],
        Cell::Integer(bytes) => [i128::try_from(*bytes).unwrap(), 0],
        _ => [0, 0],
    }
}

fn sum<'c>(cells: impl Iterator<Item = &'c Cell>) -> [i128; 2] {
    cells.map(amounts).fold([0, 0], |[one, two], [exact, cents]| [one + exact, two + cents])
}

fn column<'t>(table: &'t Table, name: &str) -> (Vec<&'t Cell>, &'t Cell) {
    let place = table.columns.iter().position(|head| head.name == name).unwrap();
    (table.rows.iter().map(|row| &row[place]).collect(), &table.total.as_ref().unwrap()[place])
}

proptest! {
    #[test]
    fn every_table_adds_up_to_the_same_bytes_and_dollars(
        sent in prop::collection::vec((0usize..15, 0usize..15, 0usize..4, 1u64..3 * GB), 0..60),
        rows in prop_oneof![(0usize..20).prop_map(Some), Just(None)],
        order in prop::sample::select(vec![TransferOrder::Usd, TransferOrder::Bytes, TransferOrder::Key]),
        text in prop::sample::select(vec!["bytes >= 0", "bytes > 2GiB", "usd < 0.01 and path != internet", "share > 5%"]),
    ) {
        let having = Having::parse(text, shape().heads(), 0, Zone::default()).ok();
        let places: Vec<String> = (0..15).map(|place| format!("place-{place:02}")).collect();
        let kinds = [("internet", "internet-egress", "internet"), ("cross-zone", "inter-zone-out", "same"),
            ("cross-region", "inter-region", "nowhere"), ("same-zone", "", "")];
        let sent: Vec<_> = sent.into_iter().flat_map(|(src, dst, kind, bytes)| {
            let (path, charge, to) = kinds[kind];
            let traffic = between([&places[src], &places[dst]], [&places[src], &places[dst]], path);
            let charge = (!charge.is_empty()).then(|| (charged(&traffic, charge, EAST, to), bytes));
            std::iter::once((traffic, bytes)).chain(charge)
        }).collect();
        let sent: Vec<Sent> = sent.iter().map(|(row, bytes)| (row.as_slice(), *bytes)).collect();
        let whole = report_of(&sent, &TransferShape { order, ..shape() });
        let all = report_of(&sent, &TransferShape { rows, order, having: having.clone(), ..shape() });
        let holds = |row: &&Row| having.as_ref().is_some_and(|having| having.holds(|place| row[place + 1].clone()));
        let matching = table(&whole, "transfer").rows.iter().filter(holds).map(|row| format!("{:?}", &row[1..6]));
        let listed = table(&all, "transfer").rows.iter().filter(|row| row[0] != Cell::Absent);
        let listed: Vec<_> = listed.map(|row| format!("{:?}", &row[1..6])).collect();
        prop_assert_eq!(listed, matching.take(rows.unwrap_or(usize::MAX)).collect::<Vec<_>>());
        let list = table(&all, "transfer");
        for (name, matrix) in [("bytes", "matrix_bytes"), ("usd", "matrix_usd")] {
            let (cells, total) = column(list, name);
            prop_assert_eq!(sum(cells.into_iter()), amounts(total));
            let matrix = table(&all, matrix);
            prop_assert!(matrix.columns.len() <= MATRIX_COLUMNS_MAX + 3);
            let (sums, whole) = column(matrix, "(total)");
            prop_assert_eq!(amounts(whole), amounts(total), "{}", name);
            prop_assert_eq!(sum(sums.into_iter()), amounts(total));
            for row in matrix.rows.iter().chain(&matrix.total) {
                let last = row.len() - 1;
                prop_assert_eq!(sum(row[1..last].iter()), amounts(&row[last]));
            }
        }
        let bytes: u64 = sent.iter().filter(|(row, _)| row.len() == 7).map(|(_, bytes)| bytes).sum();
        prop_assert_eq!(amounts(column(list, "bytes").1)[0], i128::from(bytes));
        let (usd, total) = column(table(&all, "recommendations"), "usd");
        prop_assert_eq!(sum(usd.into_iter()), amounts(total));
        prop_assert!(amounts(total)[0] <= amounts(column(list, "usd").1)[0] + 1);
    }
}
