//! Counting each byte once, by the rules of the accounting alone, gives the transfers.
//!
//! Uses the interfaces and addresses that a user's inventory has, and nothing of the traffic.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::read::{Cells, Record, Row, Simulated, day, seen_at};

/// Seconds before its first and after its last record during which an interface counts as logged.
const MARGIN_SECONDS: u32 = 60;

#[test]
fn each_byte_counts_once_by_the_rules_and_the_pairs_are_the_true_ones() {
    let mut expected: BTreeMap<(IpAddr, IpAddr), u64> = BTreeMap::new();
    for pair in day().truth("pairs") {
        *expected.entry((pair.address("src"), pair.address("dst"))).or_default() += pair.number("bytes");
    }
    for format in ["v3", "v5", "v11"] {
        let (pairs, classes) = Counter::new(day(), format).count();
        let differs = expected.iter().find(|(pair, bytes)| pairs.get(pair) != Some(bytes));
        assert_eq!(differs, None, "{format}: a pair has other bytes");
        assert_eq!(pairs.len(), expected.len(), "{format}: pairs that are none");
        for row in day().truth("account") {
            let shown = Some(&(row.number("records"), row.number("bytes")));
            assert_eq!(classes.get(row["class"].as_str()), shown, "{format}: {}", row["class"]);
        }
        assert_eq!(classes.len(), day().truth("account").len(), "{format}");
    }
}

#[test]
fn the_naive_sums_are_wrong_by_much() {
    let of = |class: &str| day().truth("account").iter().find(|row| row["class"] == class).expect("it").number("bytes");
    let once = of("counted");
    let raw = once + of("deduplicated") + of("transit");
    let egress: u64 =
        day().logs["v5"].iter().filter(|one| one.is_accepted() && one.direction == "egress").map(|one| one.bytes).sum();
    assert!(raw * 10 > once * 15, "every view: {raw} of {once}");
    assert!(egress != once, "what leaves interfaces: {egress} of {once}");
}

type Pairs = BTreeMap<(IpAddr, IpAddr), u64>;
type Classes = BTreeMap<&'static str, (u64, u64)>;

/// What is known beside the records that are counted.
pub(super) struct Counter<'s> {
    records: &'s [Record],
    interfaces: HashMap<&'s str, &'s Row>,
    /// The private address behind a public one.
    behind: HashMap<IpAddr, IpAddr>,
    /// The interfaces that have an address.
    holders: HashMap<IpAddr, Vec<&'s str>>,
    /// The logged span of each interface, by its records.
    boundaries: HashMap<&'s str, (u32, u32)>,
    /// When records of an interface were lost.
    gaps: HashMap<&'s str, Vec<(u32, u32)>>,
}

impl<'s> Counter<'s> {
    pub(super) fn new(of: &'s Simulated, format: &str) -> Self {
        let records = of.logs[format].as_slice();
        let mut boundaries: HashMap<&str, (u32, u32)> = HashMap::new();
        for record in records.iter().filter(|record| record.status != "SKIPDATA") {
            let flow_log_scope = boundaries.entry(&record.interface).or_insert((u32::MAX, 0));
            *flow_log_scope = (
                flow_log_scope.0.min(record.start - MARGIN_SECONDS),
                flow_log_scope.1.max(record.end + MARGIN_SECONDS),
            );
        }
        let mut gaps: HashMap<&str, Vec<(u32, u32)>> = HashMap::new();
        for record in records.iter().filter(|record| record.status == "SKIPDATA") {
            gaps.entry(&record.interface).or_default().push((record.start, record.end));
        }
        let behind = of.behind().into_iter().map(|(public, (private, _))| (public, private)).collect();
        Self { records, interfaces: of.interfaces(), behind, holders: holders(of), boundaries, gaps }
    }

    /// The bytes of each pair of ends, each byte once, and all records by class.
    fn count(&self) -> (Pairs, Classes) {
        let (mut pairs, mut classes) = (Pairs::new(), Classes::new());
        for record in self.records {
            let class = self.class(record);
            let (records, bytes) = classes.entry(class).or_default();
            *records += 1;
            *bytes += record.bytes;
            if class == "counted" {
                *pairs.entry(self.ends(record)).or_default() += record.bytes;
            }
        }
        (pairs, classes)
    }

    /// Whether an address is one interface's at most.
    pub(super) fn is_plain(&self, address: IpAddr) -> bool {
        self.holders.get(&address).is_none_or(|holders| holders.len() < 2)
    }

    /// The bytes that count by source, destination and hour.
    pub(super) fn hourly(&self) -> BTreeMap<(IpAddr, IpAddr, u32), u64> {
        let mut sums = BTreeMap::new();
        for record in self.records.iter().filter(|record| self.class(record) == "counted") {
            let (source, destination) = self.ends(record);
            *sums.entry((source, destination, record.start / 3600 * 3600)).or_default() += record.bytes;
        }
        sums
    }

    /// The class of a record: the first that fits.
    fn class(&self, record: &Record) -> &'static str {
        match record.status.as_str() {
            "NODATA" => return "no-data",
            "SKIPDATA" => return "skip-data",
            _ if record.action == "REJECT" => return "rejected",
            _ => {}
        }
        // Before version 9 nothing names a regional NAT gateway but that there is no interface.
        let row = self.interfaces.get(seen_at(&record.interface, &record.resource));
        let (source, destination) = self.ends(record);
        let unseen = !self.is_logged(source, record) && !self.is_logged(destination, record);
        match row.map_or("regional-nat", |row| row["role"].as_str()) {
            "instance" | "load-balancer" | "endpoint" => {
                let sends = record.source.is_some_and(|source| self.has(source, &record.interface));
                if !sends && self.is_logged(source, record) { "deduplicated" } else { "counted" }
            }
            // Records of a NAT gateway with an unlogged client name both endpoints, and not the gateway.
            "nat" if unseen && ![source, destination].iter().any(|end| self.has(*end, &record.interface)) => "counted",
            // What a transit gateway brings to a NAT gateway is counted there.
            "transit-gateway"
                if unseen && self.holders.contains_key(&source) && self.holders.contains_key(&destination) =>
            {
                "counted"
            }
            _ => "transit",
        }
    }

    /// The true ends of a record.
    fn ends(&self, record: &Record) -> (IpAddr, IpAddr) {
        let end = |address: Option<IpAddr>| {
            let address = address.expect("flows have addresses");
            self.behind.get(&address).copied().unwrap_or(address)
        };
        (end(record.packet_source), end(record.packet_destination))
    }

    fn has(&self, address: IpAddr, interface: &str) -> bool {
        self.holders.get(&address).is_some_and(|holders| holders.contains(&interface))
    }

    /// Whether an address belongs to an interface that was logged when a record started. In the record's own VPC the
    /// address means the interface there, else any.
    fn is_logged(&self, address: IpAddr, record: &Record) -> bool {
        let holders = self.holders.get(&address).map_or(&[][..], Vec::as_slice);
        let near: Vec<_> = holders.iter().filter(|id| self.interfaces[**id]["vpc"] == record.vpc).collect();
        let meant = if near.is_empty() { holders.iter().collect() } else { near };
        let at = |(from, to): &(u32, u32)| (*from..=*to).contains(&record.start);
        let lost = |id: &str| self.gaps.get(id).is_some_and(|gaps| gaps.iter().any(at));
        meant.into_iter().any(|id| self.boundaries.get(*id).is_some_and(at) && !lost(id))
    }
}

/// Who has an address: of the listed interfaces all that they have, of those that are gone the one that was known.
fn holders(of: &Simulated) -> HashMap<IpAddr, Vec<&str>> {
    let mut holders: HashMap<IpAddr, Vec<&str>> = HashMap::new();
    for row in of.truth("interfaces").iter().filter(|row| row["interface"] != "-") {
        holders.entry(row.address("address")).or_default().push(&row["interface"]);
    }
    for (_, list) in of.lists.iter().filter(|(path, _)| path.ends_with("describe-network-interfaces.json")) {
        for one in list["NetworkInterfaces"].as_array().expect("a list") {
            let id = one["NetworkInterfaceId"].as_str().expect("an id");
            let kinds = [("PrivateIpAddresses", "PrivateIpAddress"), ("Ipv6Addresses", "Ipv6Address")];
            for (many, single) in kinds {
                for address in one[many].as_array().expect("addresses") {
                    let address = address[single].as_str().and_then(|text| text.parse().ok()).expect("an address");
                    holders.entry(address).or_default().push(id);
                }
            }
        }
    }
    holders
}
