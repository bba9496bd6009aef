//! `outflow top` and `outflow cost` on the estate match the truth: bytes by both endpoints, by owners and path, by
//! charge, and the account. Formats with fewer fields differ only as listed in docs/accounting.md.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::read::{Row, Simulated, day, generate, report, rows, simulate};

/// All tables that a user may have.
const TABLES: &str = "--network tables/network.csv --network tables/aws --tags tables/tags.csv --ip-ranges \
                      tables/ip-ranges.json --top all --quiet -o json";
const ENDS: [&str; 4] = ["src_vpc", "src", "dst_vpc", "dst"];
const OWNERS_AND_PATH: [&str; 4] = ["src_team", "dst_team", "path", "via"];
const CHARGES: [&str; 5] = ["team", "charge", "payer_account", "from_region", "to_region"];

/// Bytes by the texts of some columns; nothing where nothing was counted.
type Sums = BTreeMap<Vec<String>, u64>;

fn sums<'a>(rows: impl Iterator<Item = &'a Row>, columns: &[&str]) -> Sums {
    let mut sums = Sums::new();
    for row in rows {
        let key = columns.iter().map(|column| row[*column].clone()).collect();
        *sums.entry(key).or_default() += row["bytes"].parse::<u64>().expect("bytes");
    }
    sums.retain(|_, bytes| *bytes > 0);
    sums
}

/// The same with other names for the columns.
fn of_truth(rows: &[Row], columns: &[&str]) -> Sums {
    sums(rows.iter(), columns)
}

fn top(folder: &Path, format: &str, by: &[&str]) -> (Sums, Value) {
    let answer = report(folder, &format!("top logs-{format} --by {} {TABLES}", by.join(",")));
    (sums(rows(&answer, "top").iter(), by), answer)
}

fn cost(folder: &Path, format: &str) -> Sums {
    let by = "team,payer_account,from_region,to_region";
    let answer = report(folder, &format!("cost logs-{format} --by {by} {TABLES}"));
    sums(rows(&answer, "cost").iter().filter(|row| !row["charge"].is_empty()), &CHARGES)
}

/// Every report of a format with all fields.
pub(crate) fn assert_true(folder: &Path, format: &str, simulated: &Simulated) {
    let (pairs, answer) = top(folder, format, &ENDS);
    assert_eq!(pairs, of_truth(simulated.truth("pairs"), &ENDS), "{format}");
    let (paths, _) = top(folder, format, &OWNERS_AND_PATH);
    assert_eq!(paths, of_truth(simulated.truth("paths"), &["src_owner", "dst_owner", "path", "via"]), "{format}");
    let charges =
        of_truth(simulated.truth("charges"), &["owner", "charge", "payer_account", "from_region", "to_region"]);
    assert_eq!(cost(folder, format), charges, "{format}");
    for class in simulated.truth("account") {
        let shown = &answer["meta"]["account"][class["class"].replace('-', "_")];
        let of_truth = |column: &str| class[column].parse::<u64>().ok();
        assert_eq!(shown["records"].as_u64(), of_truth("records"), "{format} {class:?}");
        assert_eq!(shown["bytes"].as_u64(), of_truth("bytes"), "{format} {class:?}");
    }
}

#[test]
fn every_report_of_a_day_is_true() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v5,v11");
    assert_true(scratch.path(), "v5", day());
    assert_true(scratch.path(), "v11", day());
}

/// More records than are kept by the second, so that hours stand for them.
#[test]
fn every_report_of_ten_days_is_true() {
    let flags = "--seed 6 --days 10 --formats v5";
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), flags);
    assert_true(scratch.path(), "v5", &simulate(flags));
}

fn transfers() -> impl Iterator<Item = &'static Row> {
    day().truth("transfers").iter().filter(|row| matches!(row["verdict"].as_str(), "accepted" | "refused"))
}

#[test]
fn without_traffic_paths_bytes_by_both_ends_are_true_and_paths_but_for_ipv6_between_vpcs() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v3");
    let (pairs, _) = top(scratch.path(), "v3", &ENDS);
    assert_eq!(pairs, of_truth(day().truth("pairs"), &ENDS));
    let by = ["src_vpc", "src", "dst_vpc", "dst", "path", "via"];
    let (paths, _) = top(scratch.path(), "v3", &by);
    let is_untold = |key: &[String]| {
        let [src_vpc, src, dst_vpc, ..] = key else { return false };
        src.contains(':') && !src_vpc.is_empty() && !dst_vpc.is_empty() && src_vpc != dst_vpc
    };
    let shown = |sums: Sums| sums.into_iter().filter(|(key, _)| !is_untold(key)).collect::<Sums>();
    assert_eq!(shown(paths), shown(sums(transfers(), &by)));
}

/// The default format has neither packet addresses nor traffic paths: transfers logged only at gateways are missing, a
/// pod's records show the address of its interface, and so its peers in overlapping networks cannot be resolved by the
/// other vantage.
#[test]
fn the_default_format_misses_what_gateways_alone_saw() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v2");
    let interfaces = day().interfaces();
    let shown = |row: &Row, side: &str, is_shown: bool| {
        let interface = interfaces.get(row[&format!("{side}_interface")].as_str()).filter(|_| is_shown);
        match interface {
            Some(interface) if !row[side].contains(':') => interface["address"].clone(),
            _ => row[side].clone(),
        }
    };
    let mut expected = Sums::new();
    for row in transfers().filter(|row| matches!(row["counted_at"].as_str(), "sender" | "receiver")) {
        let at_sender = row["counted_at"] == "sender";
        let (src, dst) = (shown(row, "src", at_sender), shown(row, "dst", !at_sender));
        let key = vec![row["src_vpc"].clone(), src, row["dst_vpc"].clone(), dst];
        *expected.entry(key).or_default() += row["bytes"].parse::<u64>().expect("bytes");
    }
    let pods = day().truth("interfaces").iter().find(|row| row["name"] == "pods-1").expect("an instance with pods");
    let is_told = |key: &[String]| {
        let [_, src, _, dst] = key else { return false };
        let of_pods = |one: &str, other: &str| *one == pods["address"] && other.starts_with("10.2.");
        !of_pods(src, dst) && !of_pods(dst, src)
    };
    let shown = |sums: Sums| sums.into_iter().filter(|(key, _)| is_told(key)).collect::<Sums>();
    assert_eq!(shown(top(scratch.path(), "v2", &ENDS).0), shown(expected));
}
