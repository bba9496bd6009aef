//! `outflow sql` says of the estate what is true, and what the built-in reports say, to the last unit.

use std::collections::BTreeMap;
use std::path::Path;

use super::read::{Cells, Row, day, generate, report, rows};

const TABLES: &str = "--network tables/network.csv --network tables/aws --tags tables/tags.csv --ip-ranges tables/ip-ranges.json --quiet -o json";

/// The texts of some columns, by those of others.
type Texts = BTreeMap<Vec<String>, Vec<String>>;

fn texts(rows: &[Row], keys: &[&str], values: &[&str]) -> Texts {
    let pick = |row: &Row, columns: &[&str]| columns.iter().map(|column| row[*column].clone()).collect();
    let texts: Texts = rows.iter().map(|row| (pick(row, keys), pick(row, values))).collect();
    assert_eq!(texts.len(), rows.len(), "a row for each of {keys:?}");
    texts
}

fn asked(folder: &Path, logs: &str, query: &str) -> Vec<Row> {
    rows(&report(folder, &format!("sql \"{query}\" {logs} {TABLES}")), "result")
}

/// A query groups by these keys and sums these values; a built-in report has the same columns.
fn assert_as(folder: &Path, built_in: (&str, &str), query: &str, keys: &[&str], values: &[&str]) {
    let (question, table) = built_in;
    let expected = rows(&report(folder, &format!("{question} {TABLES}")), table);
    let expected =
        texts(&expected.into_iter().filter(|row| row[keys[0]] != "(free)").collect::<Vec<_>>(), keys, values);
    let logs = question.split(' ').nth(1).expect("the logs are the second word");
    assert_eq!(texts(&asked(folder, logs, query), keys, values), expected, "{query}");
}

#[test]
fn queries_say_what_the_reports_say_to_the_last_unit() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v5");
    let folder = scratch.path();
    let cost = "select team, charge, sum(bytes) as bytes, sum(usd) as usd, sum(unpriced_bytes) as unpriced_bytes \
                from charges where charge is not null group by team, charge";
    let money = ["bytes", "usd", "unpriced_bytes"];
    assert_as(folder, ("cost logs-v5 --by team", "cost"), cost, &["team", "charge"], &money);
    let by_day = "select team, path, day, sum(bytes) as bytes, sum(usd) as usd from charges group by team, path, day";
    let with_free = "cost logs-v5 --by team,path,day --no-charges --free";
    assert_as(folder, (with_free, "cost"), by_day, &["team", "path", "day"], &["bytes", "usd"]);
    let top = "select src_team, dst_team, path, via, sum(bytes) as bytes, sum(packets) as packets, sum(flows) as flows, \
               sum(rejected_bytes) as rejected_bytes, sum(rejected_flows) as rejected_flows from traffic group by all";
    let sums = ["bytes", "packets", "flows", "rejected_bytes", "rejected_flows"];
    let by = ["src_team", "dst_team", "path", "via"];
    assert_as(folder, ("top logs-v5 --by src_team,dst_team,path,via --top all", "top"), top, &by, &sums);
    let records =
        "select action, count(*) as flows, sum(bytes) as bytes from flows where log_status = 'OK' group by action";
    let views = "top logs-v5 --by action --action all --no-dedup --top all";
    assert_as(folder, (views, "top"), records, &["action"], &["flows", "bytes"]);
}

#[test]
fn totals_are_those_of_the_reports_any_a_query_groups_by() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v5");
    let usd = |row: &Row| row["usd"].replace('.', "").parse::<u128>().unwrap_or(0);
    let cost = rows(&report(scratch.path(), &format!("cost logs-v5 --by payer_account {TABLES}")), "cost");
    let whole: u128 = cost.iter().map(usd).sum();
    for keys in ["src, dst, port", "team, hour", "charge", "day, src_zone, dst_zone"] {
        let query = format!("select {keys}, sum(usd) as usd from charges group by {keys}");
        assert_eq!(asked(scratch.path(), "logs-v5", &query).iter().map(usd).sum::<u128>(), whole, "{keys}");
    }
    let total = asked(scratch.path(), "logs-v5", "select sum(usd) as usd from charges");
    assert_eq!(total.iter().map(usd).sum::<u128>(), whole);
    let counted: u64 = day().truth("pairs").iter().map(|row| row.number("bytes")).sum();
    let total = asked(scratch.path(), "logs-v5", "select sum(bytes) as bytes from traffic");
    assert_eq!(total[0]["bytes"], counted.to_string());
}
