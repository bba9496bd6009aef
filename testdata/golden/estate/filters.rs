//! What filters on traffic keep of the estate is what is true of each transfer: bytes by both ends, and charges.

use std::collections::BTreeMap;
use std::path::Path;

use super::read::{Cells, Row, day, generate, report, rows};

const TABLES: &str = "--network tables/network.csv --network tables/aws --tags tables/tags.csv --ip-ranges \
                      tables/ip-ranges.json --top all --quiet -o json";
const ENDS: [&str; 4] = ["src_vpc", "src", "dst_vpc", "dst"];
const CHARGES: [&str; 4] = ["team", "charge", "payer_account", "from_region"];

type Sums = BTreeMap<Vec<String>, u64>;

fn sums<'a>(rows: impl Iterator<Item = &'a Row>, columns: &[&str]) -> Sums {
    let mut sums = Sums::new();
    for row in rows {
        let key = columns.iter().map(|column| row[*column].clone()).collect();
        *sums.entry(key).or_default() += row.number("bytes");
    }
    sums.retain(|_, bytes| *bytes > 0);
    sums
}

/// The owner of traffic: the sender, or of what comes from outside the receiver.
fn owner(transfer: &Row) -> &str {
    &transfer[if transfer["src_vpc"].is_empty() { "dst_owner" } else { "src_owner" }]
}

fn bears(transfer: &Row, charge: &str) -> bool {
    transfer["charges"].split('+').any(|one| one == charge)
}

/// A filter, and whether a transfer passes it.
type Filter = (&'static str, fn(&Row) -> bool);

const FILTERS: [Filter; 10] = [
    ("team = web", |transfer| owner(transfer) == "web"),
    ("team != web and path = internet", |transfer| owner(transfer) != "web" && transfer["path"] == "internet"),
    ("src_team = dst_team", |transfer| transfer["src_owner"] == transfer["dst_owner"]),
    ("src_region != dst_region and src_vpc is present and dst_vpc is present", |transfer| {
        let is_own = |column: &str| !transfer[column].is_empty();
        transfer["src_region"] != transfer["dst_region"] && is_own("src_vpc") && is_own("dst_vpc")
    }),
    ("src_account = 444455556666 or via = nat*", |transfer| {
        transfer["src_account"] == "444455556666" || transfer["via"].starts_with("nat")
    }),
    ("charge = nat-processing", |transfer| bears(transfer, "nat-processing")),
    ("charge = inter-region and team = web", |transfer| bears(transfer, "inter-region") && owner(transfer) == "web"),
    ("charge is absent", |transfer| transfer["charges"].is_empty()),
    // Part of it is decided on records, part of it on traffic.
    ("dstport = https and path = same-zone", |transfer| {
        transfer["dstport"] == "443" && transfer["path"] == "same-zone"
    }),
    ("dstport = https or path = cross-zone", |transfer| {
        transfer["dstport"] == "443" || transfer["path"] == "cross-zone"
    }),
];

fn assert_kept(folder: &Path, format: &str) {
    let transfers = || {
        let counted = |row: &&Row| matches!(row["verdict"].as_str(), "accepted" | "refused");
        day().truth("transfers").iter().filter(counted)
    };
    for (text, passes) in FILTERS {
        let by = ENDS.join(",");
        let answer = report(folder, &format!("top logs-{format} --by {by} --where '{text}' {TABLES}"));
        let expected = sums(transfers().filter(|row| passes(row)), &ENDS);
        assert!(!expected.is_empty(), "{text} keeps nothing");
        let shown = sums(rows(&answer, "top").iter(), &ENDS);
        assert!(shown == expected, "{format} {text}");
        let counted = answer["meta"]["account"]["counted"]["bytes"].as_u64();
        assert_eq!(counted, Some(expected.values().sum()), "{format} {text}");
    }
}

#[test]
fn filters_on_traffic_keep_what_is_true_of_each_transfer() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v5,v11");
    for format in ["v5", "v11"] {
        assert_kept(scratch.path(), format);
    }
}

#[test]
fn filters_on_charges_keep_the_rows_of_the_whole_bill_that_pass() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v5");
    let cost = |filter: &str| {
        let by = "team,payer_account,from_region";
        let answer = report(scratch.path(), &format!("cost logs-v5 --by {by} {filter} {TABLES}"));
        sums(rows(&answer, "cost").iter().filter(|row| !row["charge"].is_empty()), &CHARGES)
    };
    let whole = cost("");
    type Passes = fn(&[String]) -> bool;
    let table: [(&str, Passes); 4] = [
        ("team = web", |key| key[0] == "web"),
        ("charge = inter-zone-* and not team = web", |key| key[1].starts_with("inter-zone-") && key[0] != "web"),
        ("payer_account = 444455556666 or charge = nat-processing", |key| {
            key[2] == "444455556666" || key[1] == "nat-processing"
        }),
        ("from_region = eu-west-1", |key| key[3] == "eu-west-1"),
    ];
    for (text, passes) in table {
        let expected: Sums =
            whole.iter().filter(|(key, _)| passes(key)).map(|(key, sum)| (key.clone(), *sum)).collect();
        assert!(!expected.is_empty() && expected.len() < whole.len(), "{text}");
        assert_eq!(cost(&format!("--where '{text}'")), expected, "{text}");
    }
}
