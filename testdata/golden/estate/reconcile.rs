//! `outflow reconcile` against the truth of the simulated bill: each reason's bytes and dollars, by day, account, usage type
//! and resource, in every form of the bill.

use std::collections::BTreeMap;
use std::path::Path;

use super::read::{Cells, Row, Simulated, generate};
use crate::program;

const FORMS: [&str; 6] = ["cur2-csv", "cur2-parquet", "legacy-csv", "focus-1.0", "focus-1.2", "focus-1.4"];
const GB: i128 = 1 << 30;
/// Dollars have ten decimals.
const USD_DECIMALS: usize = 10;
/// What rounding may differ by in a line: an hour's line items, each rounded to ten decimals.
const ROUNDING: i128 = 200;

/// Day, account, usage type, resource, reason.
type Key = [String; 5];
/// Bytes and 10⁻¹⁰ USD.
type Sums = BTreeMap<Key, (i128, i128)>;

/// Runs the program; its rows, and how it ended.
fn reconciled(folder: &Path, bill: &str, logs: &str, flags: &str) -> (Vec<Row>, String) {
    let tables = "--network tables --tags tables --ip-ranges tables/ip-ranges.json";
    let line = format!("reconcile bill/{bill} --logs {logs} {tables} {flags} -o csv");
    let words = program::words(&line).expect("no open quote");
    let printed = program::run(&words, folder, &[]).expect("it runs");
    let mut csv = csv::Reader::from_reader(printed.stdout.as_slice());
    let names: Vec<String> = csv.headers().expect("a header").iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| names.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
    let rows = csv.records().map(|record| row(record.expect("a row"))).collect();
    let said = String::from_utf8_lossy(&printed.stderr).into_owned();
    let is_whole = !said.contains("full hours of the window are missing from the logs");
    assert_eq!(printed.exit, if is_whole { "0" } else { "3" }, "{said}");
    (rows, said)
}

/// A decimal in units of its last place.
fn units(text: &str, decimals: usize) -> i128 {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<decimals$}");
    let units: i128 = digits.parse().unwrap_or_else(|_| panic!("{text} has not {decimals} decimals"));
    if negative { -units } else { units }
}

/// The bytes of GB with as many decimals as they have.
fn bytes(gb: &str) -> i128 {
    let decimals = gb.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let scale = 10_i128.pow(u32::try_from(decimals).expect("few decimals"));
    (units(gb, decimals) * GB + scale / 2).div_euclid(scale)
}

/// What the bill is compared by: a bill's id that flow logs do not know stands for all of them.
fn resource(of: &str) -> String {
    let known = ["natgateway/", "vpc-endpoint/", "loadbalancer/"].iter().any(|kind| of.contains(kind));
    if known || of.starts_with("i-") { of.to_owned() } else { String::new() }
}

/// The sums by key of the reasons that both sides name.
fn sums<'r>(rows: impl Iterator<Item = (&'r Row, i128, i128)>) -> Sums {
    let mut sums = Sums::new();
    for (row, bytes, usd) in rows {
        let reason = match row["reason"].as_str() {
            "unlogged-hours" => "unlogged",
            "logged" | "unlogged" | "residual" => row["reason"].as_str(),
            _ => continue,
        };
        let key = [&row["day"], &row["usage_account"], &row["usage_type"], &resource(&row["resource"]), reason];
        let sum = sums.entry(key.map(|part: &str| part.to_owned())).or_default();
        sum.0 += bytes;
        sum.1 += usd;
    }
    sums
}

fn truth(simulated: &Simulated) -> Sums {
    let rows = simulated.truth("bill").iter().filter(|row| !row["bytes"].is_empty());
    sums(rows.map(|row| (row, i128::from(row.number("bytes")), units(&row["usd"], USD_DECIMALS))))
}

const DIFFERENCES: &str = "--table differences --by day,usage_account,usage_type,resource";

#[test]
fn every_form_of_the_bill_is_explained_to_the_byte_and_nothing_is_left() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    generate(folder.path(), "--seed 3 --days 2 --formats v5,v11 --bill");
    let expected = truth(&Simulated::without_logs(folder.path()));
    assert!(expected.len() > 200, "only {} lines", expected.len());
    let runs = FORMS.iter().map(|form| (*form, "logs-v5")).chain([("cur2-csv", "logs-v11")]);
    for (form, logs) in runs {
        let (rows, _) = reconciled(folder.path(), form, logs, DIFFERENCES);
        let found = sums(rows.iter().map(|row| (row, bytes(&row["gb"]), units(&row["usd"], USD_DECIMALS))));
        let keys = |sums: &Sums| sums.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&found), keys(&expected), "{form} {logs}: the logs explain other lines");
        for (key, (bytes, usd)) in &found {
            let (true_bytes, true_usd) = expected[key];
            assert_eq!(*bytes, true_bytes, "{form} {logs}: {key:?}");
            assert!((usd - true_usd).abs() <= ROUNDING, "{form} {logs}: {key:?} {usd} {true_usd}");
        }
    }
}

#[test]
fn the_parts_of_every_form_are_its_total() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    generate(folder.path(), "--seed 6 --formats v5 --bill --bill-free-tier");
    let simulated = Simulated::without_logs(folder.path());
    let kinds = simulated.truth("bill-total").iter().map(|row| units(&row["usd"], USD_DECIMALS));
    let total: i128 = kinds.sum();
    for form in FORMS {
        let (reasons, _) = reconciled(folder.path(), form, "logs-v5", "--table reasons");
        let sum: i128 = reasons.iter().map(|row| units(&row["usd"], USD_DECIMALS)).sum();
        assert!((sum - total).abs() <= ROUNDING, "{form}: {sum} is not {total}");
        let (parts, _) = reconciled(folder.path(), form, "logs-v5", "--allocate team --table allocation");
        let (lines, _) = reconciled(folder.path(), form, "logs-v5", "");
        let sum = |rows: &[Row], column: &str| rows.iter().map(|row| units(&row[column], USD_DECIMALS)).sum::<i128>();
        assert_eq!(sum(&parts, "allocated_usd"), sum(&lines, "billed_usd"), "{form}");
        let free = reasons.iter().any(|row| row["reason"] == "free-tier");
        assert!(free, "{form}: the free tier is named");
        let is_discount = |row: &&Row| row["reason"].ends_with("discount");
        let taken: i128 = reasons.iter().filter(is_discount).map(|row| units(&row["usd"], USD_DECIMALS)).sum();
        let discount = simulated.truth("bill-total").iter().filter(|row| row["kind"].ends_with("Discount"));
        let discount: i128 = discount.map(|row| units(&row["usd"], USD_DECIMALS)).sum();
        assert!(discount < 0 && (taken - discount).abs() <= ROUNDING, "{form}: {taken} is not {discount}");
    }
}

#[test]
fn hours_and_accounts_without_logs_have_their_reason() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    generate(folder.path(), "--seed 3 --days 3 --formats v5 --bill");
    let residual = |flags: &str| {
        let (rows, notes) = reconciled(folder.path(), "cur2-csv", "logs-v5", &format!("{DIFFERENCES} {flags}"));
        // Where the ends of accounts without logs are is not known.
        let told = notes.contains("the logs have no records of accounts on the bill: 012345678901, 444455556666");
        assert_eq!(told, !flags.is_empty(), "{notes}");
        let is_judged =
            |row: &&Row| !told || !row["usage_type"].contains("VpcPeering") && row["usage_account"] == "111122223333";
        let of = |reason: &str| {
            let rows = rows.iter().filter(|row| row["reason"] == reason && (reason != "residual" || is_judged(row)));
            rows.map(|row| bytes(&row["gb"])).sum::<i128>()
        };
        (of("residual"), of("unlogged-hours"), of("unlogged"))
    };
    let (left, hours, unlogged) = residual("");
    assert_eq!(left, 0);
    let (left, _, of_others) = residual("--account 111122223333");
    assert_eq!(left, 0, "but for peerings with accounts that are not logged");
    assert!(of_others > unlogged);
    let day = walkdir::WalkDir::new(folder.path().join("logs-v5")).into_iter().filter_map(Result::ok);
    let day: Vec<_> = day.filter(|entry| entry.path().to_string_lossy().contains("/2026/10/02/")).collect();
    let files = day.iter().filter(|entry| entry.file_type().is_file());
    files.for_each(|entry| std::fs::remove_file(entry.path()).expect("it is removed"));
    let (left, without, _) = residual("");
    assert_eq!(left, 0, "a day is not logged");
    assert!(without > hours, "{without} {hours}");
}

#[test]
fn what_was_lost_has_its_reason_and_a_narrower_window_less_of_the_bill() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    generate(folder.path(), "--seed 8 --days 2 --formats v5 --bill --skipdata 40");
    let (rows, _) = reconciled(folder.path(), "cur2-csv", "logs-v5", DIFFERENCES);
    let of = |reason: &str| {
        let rows = rows.iter().filter(|row| row["reason"] == reason);
        rows.map(|row| bytes(&row["gb"])).sum::<i128>()
    };
    let simulated = Simulated::without_logs(folder.path());
    let lost = simulated.truth("bill").iter().filter(|row| row["reason"] == "skipped");
    let lost: i128 = lost.map(|row| i128::from(row.number("bytes"))).sum();
    assert!(lost > 0 && of("skipped") != 0, "{lost} bytes are lost");
    assert_eq!(of("residual"), 0, "all that differs is around gaps");
    let (days, notes) = reconciled(folder.path(), "cur2-csv", "logs-v5", "--by day --to 2026-10-02");
    assert_eq!(days.len(), 1);
    assert!(notes.contains("lines of the bill are outside the window"), "{notes}");
    assert!(notes.contains("are left out: the window covers only part of their month"), "{notes}");
    let (rest, _) = reconciled(folder.path(), "cur2-csv", "logs-v5", "--table reasons --to 2026-10-02");
    assert!(rest.iter().all(|row| row["reason"] != "tax" && row["reason"] != "other-usage"), "{rest:?}");
    let (usage, _) = reconciled(folder.path(), "cur2-csv", "logs-v5", "--table month_usage --out usage.csv");
    assert!(usage.is_empty(), "it is in the file");
    let words =
        program::words("cost logs-v5 --network tables --billing-month-usage usage.csv -o csv").expect("no open quote");
    let priced = program::run(&words, folder.path(), &[]).expect("it runs");
    assert_eq!(priced.exit, "0", "{}", String::from_utf8_lossy(&priced.stderr));
}
