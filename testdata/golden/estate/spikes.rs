//! Business traffic with known spikes: the logs contain them as listed, in every format, and nothing else differs
//! without them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::read::{Cells, Row, Simulated, generate, lines};
use super::reports::assert_true;

/// A week from a Thursday to a Wednesday.
const WEEK: &str = "--seed 8 --days 7 --busy";
const HOUR_SECONDS: u64 = 3600;
const GIB: u64 = 1 << 30;
/// USD per GB of 2³⁰ bytes, in thousandths, by charge and region. Of some pairs of regions no price is known.
const RATES: [(&str, &str, u64); 6] = [
    ("nat-processing", "us-east-1", 45),
    ("internet-egress", "us-east-1", 90),
    ("inter-region", "us-east-1", 20),
    ("inter-region", "eu-west-1", 20),
    ("inter-zone-out", "us-east-1", 10),
    ("inter-zone-in", "us-east-1", 10),
];

/// A week of business in a scratch folder, with its truth.
fn week(flags: &str) -> (tempfile::TempDir, Simulated) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), &format!("{WEEK} {flags}"));
    let truth = Simulated::without_logs(scratch.path());
    (scratch, truth)
}

#[test]
fn business_has_its_hours_and_less_on_weekends_and_does_not_jump() {
    let (_scratch, simulated) = week("--formats v2");
    let (mut all, mut work) = (BTreeMap::<u64, u64>::new(), BTreeMap::<u64, u64>::new());
    let first =
        simulated.truth("interfaces").iter().find_map(|row| row["logged_from"].parse::<u64>().ok()).expect("one");
    for row in simulated.truth("transfers") {
        let hour = (row.number("start") - first) / HOUR_SECONDS;
        *all.entry(hour).or_default() += row.number("bytes");
        let is_work = row["src_owner"] == "web" && row["path"] == "cross-zone";
        *work.entry(hour).or_default() += if is_work { row.number("bytes") } else { 0 };
    }
    let at = |hours: &BTreeMap<u64, u64>, day: u64, hour: u64| hours[&(24 * day + hour)];
    let of_day = |hours: &BTreeMap<u64, u64>, day: u64| (0..24).map(|hour| at(hours, day, hour)).sum::<u64>();
    assert!(all.values().all(|bytes| (300 * GIB..1500 * GIB).contains(bytes)), "{all:?}");
    assert!(at(&work, 4, 14) > 3 * at(&work, 4, 3), "by day and by night: {work:?}");
    for weekend in [2, 3] {
        assert!(of_day(&work, weekend) * 10 < of_day(&work, 4) * 8 && of_day(&all, weekend) < of_day(&all, 4));
    }
    for (hour, day) in (0..24).flat_map(|hour| [0, 1, 5, 6].map(|day| (hour, day))) {
        for hours in [&all, &work] {
            let (one, other) = (at(hours, day, hour), at(hours, 4, hour));
            assert!(one * 10 < other * 16 && other * 10 < one * 16, "{hour} o'clock: {one} and {other}");
        }
    }
}

#[test]
fn every_report_of_a_week_with_spikes_is_true() {
    let (scratch, simulated) = week("--spikes --formats v5");
    assert_true(scratch.path(), "v5", &simulated);
    assert_adds_up(&simulated);
}

/// The sums of the truth are those of its transfers.
fn assert_adds_up(simulated: &Simulated) {
    let (mut bytes, mut charges) = (0, BTreeMap::<&str, u64>::new());
    let is_transfer = |row: &&Row| matches!(row["verdict"].as_str(), "accepted" | "refused");
    for row in simulated.truth("transfers").iter().filter(is_transfer) {
        bytes += row.number("bytes");
        for charge in row["charges"].split('+').filter(|charge| !charge.is_empty()) {
            *charges.entry(charge).or_default() += row.number("bytes");
        }
    }
    for table in ["pairs", "paths"] {
        assert_eq!(simulated.truth(table).iter().map(|row| row.number("bytes")).sum::<u64>(), bytes, "{table}");
    }
    let mut shown = BTreeMap::<&str, u64>::new();
    simulated.truth("charges").iter().for_each(|row| *shown.entry(&row["charge"]).or_default() += row.number("bytes"));
    assert_eq!(shown, charges);
    let counted = simulated.truth("account").iter().find(|row| row["class"] == "counted").expect("a class");
    assert_eq!(counted.number("bytes"), bytes);
}

#[test]
fn spikes_are_what_the_records_have_above_the_usual_in_each_format() {
    let (usual_folder, usual) = week("--formats v2,v5");
    let (folder, spiky) = week("--spikes --formats v2,v5");
    assert_eq!(spiky.truth("spikes").len(), 6);
    assert!(!usual.truth.contains_key("spikes"));
    let logs = |folder: &Path| ["v2", "v5"].map(|format| lines(folder, format));
    let ([usual_v2, usual_v5], [spiky_v2, spiky_v5]) = (logs(usual_folder.path()), logs(folder.path()));
    assert_same_traffic(&spiky_v2, &spiky_v5);
    for (format, before, after) in [("v2", &usual_v2, &spiky_v2), ("v5", &usual_v5, &spiky_v5)] {
        for row in spiky.truth("spikes") {
            let sight = Sight::of(row, &spiky);
            let ([before, ..], [after, ..]) = (sight.sums(before), sight.sums(after));
            let shown = ["bytes", "returned_bytes", "refused"].map(|column| row.number(column));
            let above = [0, 1, 2].map(|place| after[place] - before[place]);
            assert_eq!(above, shown, "{format} {}", row["spike"]);
            assert!(shown.iter().sum::<u64>() > 1000, "{row:?}");
            assert!(row["class"] != "new" || before == [0; 3], "{format}: {before:?} before {row:?}");
        }
    }
    let row = &spiky.truth("spikes")[0];
    let sight = Sight { interface: &row["src_interface"], peer: &row["dst"], ..Sight::of(row, &spiky) };
    let [before, after] = [&usual_v5, &spiky_v5].map(|logs| sight.sums(logs)[1][0]);
    assert_eq!(before - after, row.number("bytes"), "what the gateway endpoint lacks");
    assert_dollars(&usual, &spiky);
}

type Logs = BTreeMap<String, Vec<String>>;

/// The default format's fields are among version 5's, in the same places.
fn assert_same_traffic(default: &Logs, five: &Logs) {
    assert!(default.keys().eq(five.keys()));
    for (path, lines) in default {
        assert_eq!(lines.len(), five[path].len(), "{path}");
        for (one, other) in lines.iter().zip(&five[path]).skip(1) {
            let common = |line: &'_ str| line.split(' ').skip(1).take(13).map(str::to_owned).collect::<Vec<_>>();
            assert!(common(one) == common(other), "{path}: {one} and {other}");
        }
    }
}

/// Where a spike can be seen: at an interface, between one of its ends and a peer.
struct Sight<'r> {
    row: &'r Row,
    interface: &'r str,
    own: &'r str,
    peer: &'r str,
}

impl<'r> Sight<'r> {
    /// At the client, at the server for external clients, and at the NAT gateway if the route is new.
    fn of(row: &'r Row, simulated: &'r Simulated) -> Self {
        if !row["usual_path"].is_empty() && row["usual_path"] != row["path"] {
            let nat = simulated.truth("interfaces").iter().find(|one| one["name"] == "nat-shop").expect("a gateway");
            return Self { row, interface: &nat["interface"], own: &row["src"], peer: &nat["address"] };
        }
        if row["src_interface"].is_empty() {
            return Self { row, interface: &row["dst_interface"], own: &row["src"], peer: &row["dst"] };
        }
        Self { row, interface: &row["src_interface"], own: &row["src"], peer: &row["dst"] }
    }

    /// Bytes sent, bytes returned and records rejected: in total, and through a gateway endpoint.
    fn sums(&self, logs: &Logs) -> [[u64; 3]; 2] {
        let mut sums = [[0; 3]; 2];
        let (from, to) = (self.row.number("from"), self.row.number("to"));
        for line in logs.values().flatten().filter(|line| line.contains(self.interface)) {
            let fields: Vec<&str> = line.split(' ').collect();
            let [_, _, interface, source, destination, source_port, port, _, _, bytes, start, _, action, ..] =
                fields[..]
            else {
                continue;
            };
            let sends = (source, destination, port) == (self.own, self.peer, &self.row["port"]);
            let receives = (destination, source, source_port) == (self.own, self.peer, &self.row["port"]);
            let within = start.parse().is_ok_and(|start: u64| (from..to).contains(&start));
            if interface != self.interface || !within || !(sends || receives) {
                continue;
            }
            let refused = action == "REJECT";
            let by_endpoint = fields.get(28).is_some_and(|path| *path == "7");
            for sums in sums.iter_mut().take(1 + usize::from(by_endpoint)) {
                let place = if refused { 2 } else { usize::from(receives) };
                sums[place] += if refused { 1 } else { bytes.parse::<u64>().expect("bytes") };
            }
        }
        sums
    }
}

/// The dollars of the spikes are those of all charges above the usual ones.
fn assert_dollars(usual: &Simulated, spiky: &Simulated) {
    let bytes = |simulated: &Simulated| {
        let mut bytes: HashMap<(String, String), u64> = HashMap::new();
        for row in simulated.truth("charges") {
            *bytes.entry((row["charge"].clone(), row["from_region"].clone())).or_default() += row.number("bytes");
        }
        bytes
    };
    let (before, mut above) = (bytes(usual), 0_u128);
    for (key, bytes) in bytes(spiky).into_iter().filter(|(key, bytes)| before.get(key) != Some(bytes)) {
        let rate = RATES.iter().find(|(charge, from, _)| *charge == key.0 && *from == key.1);
        let (_, _, rate) = rate.expect("a charge that spikes have");
        above += u128::from(bytes - before[&key]) * u128::from(*rate);
    }
    // In ten decimals of a dollar, each row rounded for itself.
    let above = above * 10_u128.pow(7) / u128::from(GIB);
    let usd = |row: &Row| row["usd"].replace('.', "").parse::<u128>().expect("an amount");
    let shown: u128 = spiky.truth("spikes").iter().map(usd).sum();
    assert!(shown.abs_diff(above) <= 6, "{shown} of {above}");
    assert!(shown > 100 * 10_u128.pow(10), "{shown}");
}
