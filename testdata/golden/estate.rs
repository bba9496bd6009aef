//! Laws of the simulated estate: what its logs show is what is said to be true. Each law reads the files anew and by its
//! own simple means; none asks the generator.

#[path = "estate/advise.rs"]
mod advise;
#[path = "estate/anomalies.rs"]
mod anomalies;
#[path = "estate/bill.rs"]
mod bill;
#[path = "estate/charges.rs"]
mod charges;
#[path = "estate/counting.rs"]
mod counting;
#[path = "estate/edges.rs"]
mod edges;
#[path = "estate/filters.rs"]
mod filters;
#[path = "estate/read.rs"]
mod read;
#[path = "estate/reconcile.rs"]
mod reconcile;
#[path = "estate/reports.rs"]
mod reports;
#[path = "estate/spikes.rs"]
mod spikes;
#[path = "estate/sql.rs"]
mod sql;
#[path = "estate/sums.rs"]
mod sums;
#[path = "estate/transfer.rs"]
mod transfer;
#[path = "estate/views.rs"]
mod views;

use std::collections::BTreeMap;

pub(crate) use read::generate;
use read::{FORMATS, day, simulate};
use walkdir::WalkDir;

use crate::flowgen::estate::{Options, USAGE};

#[test]
fn the_same_options_give_the_same_files_and_another_seed_other_traffic() {
    let written = |flags: &str| {
        let folder = tempfile::tempdir().expect("a scratch folder");
        generate(folder.path(), flags);
        let files = WalkDir::new(folder.path()).into_iter().filter_map(Result::ok);
        let files = files.filter(|entry| entry.file_type().is_file());
        let held = |entry: walkdir::DirEntry| {
            let name = entry.path().strip_prefix(folder.path()).expect("it is below").display().to_string();
            (name, std::fs::read(entry.path()).expect("the file can be read"))
        };
        files.map(held).collect::<BTreeMap<_, _>>()
    };
    let first = written("--seed 5 --formats v2 --layout hive-hourly");
    assert!(first.keys().any(|name| name.contains("/hour=23/")), "no folder of the last hour");
    assert!(first == written("--seed 5 --formats v2 --layout hive-hourly"), "two runs differ");
    let other = written("--seed 6 --formats v2 --layout hive-hourly");
    assert_ne!(first["truth/transfers.csv"], other["truth/transfers.csv"]);
    assert!(first.keys().filter(|name| name.starts_with("logs")).all(|name| !other.contains_key(name)));
}

#[test]
fn records_lost_leave_gaps_and_the_truth_as_it_was() {
    let whole = simulate("--seed 4 --formats v5");
    let holed = simulate("--seed 4 --formats v5 --skipdata 50");
    assert_eq!(whole.truth("transfers"), holed.truth("transfers"));
    let gaps: Vec<_> = holed.logs["v5"].iter().filter(|record| record.status == "SKIPDATA").collect();
    let shown = holed.truth("account").iter().find(|row| row["class"] == "skip-data").expect("a class of gaps");
    assert_eq!(shown["records"], gaps.len().to_string());
    assert!(gaps.len() > 10 && whole.logs["v5"].iter().all(|record| record.status != "SKIPDATA"));
    for gap in gaps {
        let inside = holed.logs["v5"].iter().find(|record| {
            record.is_flow() && record.interface == gap.interface && (gap.start..=gap.end).contains(&record.start)
        });
        assert_eq!(inside, None, "in the gap {gap:?}");
    }
}

#[test]
fn a_second_flow_log_gives_each_record_of_its_subnet_once_more() {
    let once = simulate("--seed 4 --formats v5 --days 1");
    let twice = simulate("--seed 4 --formats v5 --days 1 --doubled v3");
    assert_eq!(once.truth("account"), twice.truth("account"));
    let counts = |records: &[read::Record]| {
        let mut counts = BTreeMap::new();
        for record in records {
            let key = (record.interface.clone(), record.source, record.destination, record.start, record.bytes);
            *counts.entry((key, record.source_port, record.status.clone())).or_insert(0) += 1;
        }
        counts
    };
    let (interfaces, twice) = (once.interfaces(), counts(&twice.logs["v5"]));
    let first = &once.truth("interfaces").iter().find(|row| row["name"] == "app-1").expect("it")["subnet"];
    for (key, count) in counts(&once.logs["v5"]) {
        let doubled = interfaces.get(key.0.0.as_str()).is_some_and(|row| row["subnet"] == *first);
        assert_eq!(twice[&key], if doubled { 2 * count } else { count }, "{key:?}");
    }
}

#[test]
fn each_format_has_its_own_fields_and_the_same_records() {
    for (name, version, fields) in FORMATS {
        let columns = outflow::schema::Column::all().filter(|column| (1..=version).contains(&column.version()));
        assert_eq!(columns.filter(|column| column.version() != 6).count(), fields, "{name}");
        for record in &day().logs[name] {
            let foreign = record.present.iter().find(|column| column.version() > version || column.version() == 6);
            assert_eq!(foreign, None, "{name}: {record:?}");
        }
        let common = |record: &read::Record| {
            let ports = (record.source_port, record.destination_port, record.protocol);
            let volume = (record.packets, record.bytes, record.start, record.end);
            (record.interface.clone(), record.source, record.destination, ports, volume, record.action.clone())
        };
        let (these, all) = (&day().logs[name], &day().logs["v11"]);
        assert_eq!(these.len(), all.len(), "{name}");
        let differs = these.iter().zip(all).find(|(one, other)| common(one) != common(other));
        assert_eq!(differs, None, "{name}");
    }
}

#[test]
fn flags_of_the_estate_are_rejected_with_the_reason() {
    let refused = |line: &str| Options::parse(line.split(' ').map(str::to_owned)).err().unwrap_or_default();
    assert_eq!(refused("--formats v5,v6"), "--formats v5,v6: not one of v2, v3, v4, v5, v7, v11");
    assert_eq!(refused("--start 1790812801"), "--start 1790812801: not a whole hour");
    assert_eq!(refused("--days 1"), "--out DIR is needed");
    assert_eq!(refused("--out x --days 9 --spikes"), "--spikes needs --busy and --days 7 or more");
    assert_eq!(refused("--out x --busy --spikes"), "--spikes needs --busy and --days 7 or more");
    assert_eq!(refused("--out x --busy --days 20 --drawn-spikes"), "--drawn-spikes needs --busy and --days 21 or more");
    assert_eq!(refused("--out x --days 21 --drawn-spikes"), "--drawn-spikes needs --busy and --days 21 or more");
    assert!(USAGE.contains("--skipdata"));
}
