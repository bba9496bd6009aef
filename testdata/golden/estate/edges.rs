//! Coverage boundaries inside an hour: the error of the hourly rule against judging each record by its own start. Logs
//! of half of the estate's instances are cut in the middle of an hour, as if their flow log had been created then, and
//! records are dropped in gaps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::counting::Counter;
use super::read::{Simulated, generate, lines, report, rows};

const FLAGS: &str = "--seed 3 --formats v5 --scale 3";
const START: u32 = 1_790_812_800;
const HOUR_SECONDS: u32 = 3600;
const TABLES: &str = "--network tables/network.csv --network tables/aws --ip-ranges tables/ip-ranges.json --top all \
                      --quiet -o json";

/// Bytes by source, destination and hour.
type Sums = BTreeMap<(IpAddr, IpAddr, u32), u64>;

/// Leaves out of the files what half of the instances logged before a moment.
fn cut(folder: &Path, from: u32) {
    let simulated = Simulated::without_logs(folder);
    let instances = simulated.truth("interfaces").iter().filter(|row| row["role"] == "instance");
    let late: BTreeSet<String> = instances.step_by(2).map(|row| row["interface"].clone()).collect();
    for (path, lines) in lines(folder, "v5") {
        let mut fields = lines[0].split(' ');
        let interface = fields.clone().position(|field| field == "interface-id").expect("it has the field");
        let start = fields.position(|field| field == "start").expect("it has the field");
        let is_kept = |line: &&String| {
            let values: Vec<&str> = line.split(' ').collect();
            let in_time = values[start].parse::<u32>().is_ok_and(|start| start >= from);
            values[start] == "start" || !late.contains(values[interface]) || in_time
        };
        let kept: Vec<String> = lines.iter().filter(is_kept).cloned().collect();
        let file = fs::File::create(folder.join("logs-v5").join(path)).expect("the file can be written");
        let mut gzip = GzEncoder::new(file, Compression::none());
        gzip.write_all((kept.join("\n") + "\n").as_bytes()).and_then(|()| gzip.try_finish()).expect("it is written");
    }
}

/// What outflow says of the logs in a folder, and how many bytes count by difference.
fn shown(folder: &Path) -> (Sums, String) {
    let answer = report(folder, &format!("top logs-v5 --by src,dst,hour {TABLES}"));
    let mut sums = Sums::new();
    for row in rows(&answer, "top") {
        let [src, dst] = ["src", "dst"].map(|end| row[end].parse().expect("an address"));
        let hour = chrono::DateTime::parse_from_rfc3339(&row["hour"]).expect("a time").timestamp();
        let bytes = row["bytes"].parse::<u64>().expect("bytes");
        *sums.entry((src, dst, u32::try_from(hour).expect("a time"))).or_default() += bytes;
    }
    sums.retain(|_, bytes| *bytes > 0);
    let notes = answer["meta"]["notes"].as_array().expect("notes").iter().filter_map(|note| note.as_str());
    let boundary = notes.filter(|note| note.starts_with("boundary")).collect::<Vec<_>>().join("; ");
    (sums, boundary)
}

/// Compares judging each record by its own start with outflow, for endpoints whose addresses no other interface has:
/// for the others the sender is ambiguous.
fn both(simulated: &Simulated, folder: &Path) -> (Sums, (Sums, String)) {
    let counter = Counter::new(simulated, "v5");
    let (mut exact, (mut shown, boundary)) = (counter.hourly(), shown(folder));
    for sums in [&mut exact, &mut shown] {
        sums.retain(|(src, dst, _), _| counter.is_plain(*src) && counter.is_plain(*dst));
    }
    (exact, (shown, boundary))
}

/// How far apart two tables are: rows that differ, bytes too few, bytes too many.
fn difference(exact: &Sums, shown: &Sums) -> (usize, u64, u64) {
    let keys: BTreeSet<_> = exact.keys().chain(shown.keys()).collect();
    let of = |sums: &Sums, key| sums.get(key).copied().unwrap_or(0);
    let pairs = keys.into_iter().map(|key| (of(exact, key), of(shown, key))).filter(|(exact, shown)| exact != shown);
    pairs.fold((0, 0, 0), |(rows, fewer, more), (exact, shown)| {
        (rows + 1, fewer + exact.saturating_sub(shown), more + shown.saturating_sub(exact))
    })
}

/// What judging each record by its own start gives, and what outflow says, in words.
fn compared(what: &str, exact: &Sums, shown: &(Sums, String)) -> (usize, u64) {
    let (rows, fewer, more) = difference(exact, &shown.0);
    let whole = exact.values().sum::<u64>();
    println!("{what}: {rows} of {} rows differ, {fewer} bytes too few and {more} too many of {whole}", exact.len());
    println!("    {}", shown.1);
    (rows, fewer + more)
}

#[test]
fn where_flow_logs_begin_inside_of_an_hour_little_is_given_up_and_only_in_that_hour() {
    for minutes in [5, 20, 40] {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        generate(scratch.path(), FLAGS);
        let hour = START + 12 * HOUR_SECONDS;
        cut(scratch.path(), hour + minutes * 60);
        let simulated = Simulated::read(scratch.path());
        let (exact, shown) = both(&simulated, scratch.path());
        let of_hour = |sums: &Sums, inside: bool| -> Sums {
            sums.iter().filter(|(key, _)| (key.2 == hour) == inside).map(|(key, bytes)| (*key, *bytes)).collect()
        };
        let elsewhere = difference(&of_hour(&exact, false), &of_hour(&shown.0, false));
        assert_eq!(elsewhere, (0, 0, 0), "rows of other hours differ");
        let exact = of_hour(&exact, true);
        let shown = (of_hour(&shown.0, true), shown.1);
        let (rows, bytes) = compared(&format!("cut at minute {minutes}, of that hour"), &exact, &shown);
        let whole = exact.values().sum::<u64>();
        assert!(rows * 20 < exact.len() && bytes * 200 < whole, "{rows} rows and {bytes} bytes of {whole}");
    }
}

#[test]
fn where_records_are_lost_inside_of_hours_little_is_given_up() {
    let flags = format!("{FLAGS} --skipdata 50");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), &flags);
    let simulated = Simulated::read(scratch.path());
    let (exact, shown) = both(&simulated, scratch.path());
    let (rows, bytes) = compared("gaps in 5 % of hours", &exact, &shown);
    let whole = exact.values().sum::<u64>();
    assert!(rows * 100 < exact.len() && bytes * 1000 < whole, "{rows} rows and {bytes} bytes of {whole}");
}
