//! `outflow transfer` on the estate matches the truth: bytes by both endpoints and path, traffic across zones, and all
//! tables with the same total. Formats without path information are tested elsewhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::read::{Row, day, generate, report, rows};

/// The formats that determine every path.
const FORMATS: [&str; 2] = ["v5", "v11"];
const TABLES: &str = "--network tables/network.csv --network tables/aws --tags tables/tags.csv --ip-ranges \
                      tables/ip-ranges.json --top all --quiet -o json";
/// What a GB of 2³⁰ bytes across zones cost both sides together, in 10⁻¹⁰ USD.
const ACROSS_ZONES_RATE: u128 = 200_000_000;
const GB_BYTES: u128 = 1 << 30;

/// The rows of each table, cells as text.
fn answer(folder: &Path, format: &str, question: &str) -> HashMap<String, Vec<Row>> {
    let report = report(folder, &format!("transfer logs-{format} {TABLES} {question}"));
    let names = report["tables"].as_object().expect("tables").keys();
    names.map(|name| (name.clone(), rows(&report, name))).collect()
}

fn transfers() -> impl Iterator<Item = &'static Row> {
    let is_transfer = |row: &&Row| matches!(row["verdict"].as_str(), "accepted" | "refused");
    day().truth("transfers").iter().filter(is_transfer)
}

/// A decimal of ten places as a whole number; nothing is zero.
fn units(decimal: &str) -> u128 {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    format!("{whole}{fraction:0<10}").parse().unwrap_or(0)
}

fn bytes(row: &Row) -> u64 {
    row["bytes"].parse().expect("bytes")
}

#[test]
fn bytes_by_both_ends_and_path_are_true_and_every_table_has_the_same_total() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v5,v11");
    for (format, ends, end) in FORMATS.into_iter().flat_map(|format| {
        [("regions", "region"), ("zones", "zone"), ("vpcs", "vpc"), ("accounts", "account")]
            .map(|(s, e)| (format, s, e))
    }) {
        let sides = ["src", "dst"].map(|side| format!("{side}_{end}"));
        // Ends that have no such name stand by that of their place, which the truth does not know.
        let known: BTreeSet<&str> =
            transfers().flat_map(|row| sides.each_ref().map(|side| row[side].as_str())).collect();
        let name = |name: &str| if known.contains(name) && name != "GLOBAL" { name.to_owned() } else { String::new() };
        let sums = |rows: &mut dyn Iterator<Item = &Row>| {
            let mut sums: BTreeMap<_, u64> = BTreeMap::new();
            for row in rows {
                let [src, dst] = sides.each_ref().map(|side| name(&row[side]));
                *sums.entry((src, dst, row["path"].clone(), row["via"].clone())).or_default() += bytes(row);
            }
            sums
        };
        let tables = answer(scratch.path(), format, &format!("--between {ends}"));
        let list = &tables["transfer"];
        assert_eq!(sums(&mut list.iter()), sums(&mut transfers()), "{format} {ends}");
        for (column, table) in [("bytes", "matrix_bytes"), ("usd", "matrix_usd")] {
            let whole: u128 = list.iter().map(|row| units(&row[column])).sum();
            let matrix = tables[table].iter().map(|row| units(&row["(total)"]));
            assert_eq!(matrix.sum::<u128>(), whole, "{format} {ends} {table}");
        }
    }
}

#[test]
fn who_talks_across_zones_is_reported_with_true_bytes_and_both_halves() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v5,v11");
    let mut expected: BTreeMap<[String; 2], u64> = BTreeMap::new();
    for row in transfers().filter(|row| row["path"] == "cross-zone") {
        let mut owners = ["src_owner", "dst_owner"].map(|side| row[side].clone());
        owners.sort();
        *expected.entry(owners).or_default() += bytes(row);
    }
    for format in FORMATS {
        let tables = answer(scratch.path(), format, "--services team");
        let across = tables["recommendations"].iter().filter(|row| row["path"] == "cross-zone");
        let shown: BTreeMap<_, _> =
            across.map(|row| (["endpoint_a", "endpoint_b"].map(|side| row[side].clone()), row)).collect();
        let sums: BTreeMap<_, _> = shown.iter().map(|(owners, row)| (owners.clone(), bytes(row))).collect();
        assert_eq!(sums, expected, "{format}");
        for (owners, row) in shown {
            let usd = u128::from(bytes(row)) * ACROSS_ZONES_RATE / GB_BYTES;
            assert!(units(&row["usd"]).abs_diff(usd) <= 1, "{format} {owners:?}: {row:?}");
        }
    }
}
