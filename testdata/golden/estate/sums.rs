//! The tables of the truth agree with each other, with the tables that a user has, and with what can be said anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use outflow::price::Charge;

use super::read::{Cells, Row, day, seen_at};

/// The paths that the accounting knows and this estate has.
const PATHS: [&str; 16] = [
    "same-zone",
    "cross-zone",
    "cross-region",
    "internet",
    "aws-service",
    "aws-service-cross-region",
    "public-address",
    "gateway-endpoint",
    "interface-endpoint",
    "peering-same-zone",
    "peering-cross-zone",
    "peering-cross-region",
    "transit-gateway",
    "on-premises",
    "internet through nat",
    "internet through nat+transit-gateway",
];

fn transfers() -> impl Iterator<Item = &'static Row> {
    let is_transfer = |row: &&Row| matches!(row["verdict"].as_str(), "accepted" | "refused");
    day().truth("transfers").iter().filter(is_transfer)
}

fn sums<'r, K: Ord>(rows: impl Iterator<Item = &'r Row>, key: impl Fn(&'r Row) -> K) -> BTreeMap<K, u64> {
    let mut sums = BTreeMap::new();
    rows.for_each(|row| *sums.entry(key(row)).or_default() += row.number("bytes"));
    sums
}

#[test]
fn sums_by_pair_path_and_charge_are_those_of_the_transfers() {
    let pair = |row: &'static Row| ["src_vpc", "src", "dst_vpc", "dst"].map(|column| row[column].as_str());
    assert_eq!(sums(transfers(), pair), sums(day().truth("pairs").iter(), pair));
    let path = |row: &'static Row| ["src_owner", "dst_owner", "path", "via"].map(|column| row[column].as_str());
    assert_eq!(sums(transfers(), path), sums(day().truth("paths").iter(), path));
    let mut charged: BTreeMap<&str, u64> = BTreeMap::new();
    for transfer in transfers() {
        for charge in transfer["charges"].split('+').filter(|charge| !charge.is_empty()) {
            *charged.entry(charge).or_default() += transfer.number("bytes");
        }
    }
    assert_eq!(charged, sums(day().truth("charges").iter(), |row| row["charge"].as_str()));
    assert!(charged.keys().all(|charge| Charge::of_name(charge).is_some()), "{charged:?}");
    // All that have a price for bytes but what is free of egress, and those of what the estate has not: Local Zones, and
    // endpoints of gateway load balancers.
    let absent = ["internet-egress-free", "local-zone-out", "local-zone-in", "gwlb-endpoint-processing"];
    let of_bytes = Charge::names().filter(|name| Charge::of_name(name).is_some_and(|charge| !charge.is_hourly()));
    assert_eq!(charged.len(), of_bytes.filter(|name| !absent.contains(name)).count());
    assert!(day().truth("transfers").iter().all(|row| row["verdict"] != "rejected" || row["charges"].is_empty()));
}

#[test]
fn every_path_occurs_and_is_what_the_places_of_its_ends_say() {
    let mut met = BTreeSet::new();
    for row in transfers() {
        let same = |what: &str| row[&format!("src_{what}")] == row[&format!("dst_{what}")];
        let both = !row["src_vpc"].is_empty() && !row["dst_vpc"].is_empty();
        let region = |side: &str| row[&format!("{side}_region")].as_str();
        let path = row["path"].as_str();
        let holds = match path {
            "same-zone" => both && same("vpc") && same("zone"),
            "cross-zone" => both && same("vpc") && !same("zone"),
            "interface-endpoint" => both && same("vpc"),
            "peering-same-zone" => both && !same("vpc") && same("zone"),
            "peering-cross-zone" => both && !same("vpc") && !same("zone") && same("region"),
            "peering-cross-region" => both && !same("region"),
            "transit-gateway" => both && !same("vpc") && row["via"] == "transit-gateway",
            "public-address" => same("region") && !same("vpc"),
            "cross-region" => !same("region") && !region("src").is_empty() && !region("dst").is_empty(),
            "internet" => !both && [region("src"), region("dst")].contains(&""),
            "aws-service" => same("region") || [region("src"), region("dst")].contains(&"GLOBAL"),
            "gateway-endpoint" => same("region") && row["via"] == "endpoint",
            "aws-service-cross-region" => !both && !same("region"),
            "on-premises" => [&row["src"], &row["dst"]].iter().any(|end| end.starts_with("172.2")),
            _ => false,
        };
        assert!(holds, "{row:?}");
        met.insert(path);
        let through = format!("{path} through {}", row["via"]);
        met.extend(PATHS.into_iter().filter(|path| *path == through));
    }
    assert_eq!(met, PATHS.into_iter().collect());
}

/// A row of the tag table.
struct Tag<'t> {
    team: &'t str,
    from: Option<u64>,
    to: Option<u64>,
}

fn tags() -> HashMap<&'static str, Vec<Tag<'static>>> {
    let mut tags: HashMap<&str, Vec<Tag<'_>>> = HashMap::new();
    for row in &day().tables["tags"] {
        let moment = |column: &str| {
            let time = chrono::DateTime::parse_from_rfc3339(&row[column]).ok()?;
            u64::try_from(time.timestamp()).ok()
        };
        let tag = Tag { team: &row["team"], from: moment("valid_from"), to: moment("valid_to") };
        tags.entry(&row["resource"]).or_default().push(tag);
    }
    tags
}

fn valid<'t>(tags: &HashMap<&str, Vec<Tag<'t>>>, resource: &str, moment: u64) -> Option<&'t str> {
    let is = |tag: &&Tag<'_>| tag.from.is_none_or(|from| from <= moment) && tag.to.is_none_or(|to| moment < to);
    tags.get(resource)?.iter().find(is).map(|tag| tag.team)
}

fn within(tags: &HashMap<&str, Vec<Tag<'static>>>, address: IpAddr) -> Option<&'static str> {
    let IpAddr::V4(address) = address else { return None };
    let holds = |cidr: &str| {
        let (network, length) = cidr.split_once('/')?;
        let network = network.parse::<std::net::Ipv4Addr>().ok()?;
        let shift = 32 - length.parse::<u32>().ok()?;
        Some(u32::from(network) >> shift == u32::from(address) >> shift)
    };
    tags.iter().find(|(cidr, _)| holds(cidr) == Some(true)).and_then(|(_, rows)| rows.first()).map(|tag| tag.team)
}

#[test]
fn owners_are_those_of_the_most_specific_row_that_was_valid_in_that_hour() {
    let (tags, interfaces) = (tags(), day().interfaces());
    let mut met: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for transfer in day().truth("transfers") {
        let hour = transfer.number("start") / 3600 * 3600;
        for side in ["src", "dst"] {
            let of = |what: &str| transfer[&format!("{side}_{what}")].as_str();
            let named = |resource: &str| valid(&tags, resource, hour);
            let expected = match interfaces.get(seen_at(of("interface"), "")) {
                Some(row) if row["role"] != "nat" => named(&row["interface"])
                    .or_else(|| named(&row["instance"]))
                    .or_else(|| named(&format!("{}/{}", row["vpc"], row["address"])))
                    .or_else(|| named(&row["subnet"]))
                    .or_else(|| within(&tags, row.address("address")))
                    .or_else(|| named(&row["vpc"]))
                    .or_else(|| named(&row["account"]))
                    .unwrap_or("(unallocated)"),
                Some(_) => continue,
                None => within(&tags, transfer.address(side)).unwrap_or("(external)"),
            };
            assert_eq!(of("owner"), expected, "{transfer:?}");
            let name = interfaces.get(of("interface")).map_or("", |row| row["name"].as_str());
            met.entry(name).or_default().insert(expected);
        }
    }
    assert_eq!(met["moved-1"], BTreeSet::from(["checkout", "payments"]));
    assert_eq!((&met["old-1"], &met["new-1"]), (&["web"].into(), &["search & ads"].into()));
    assert!(met[""].contains("partner") && met[""].contains("office") && met[""].contains("(external)"));
    assert!(met.values().any(|owners| owners.contains("(unallocated)")));
}

#[test]
fn tag_columns_of_version_11_are_the_tags_of_that_moment_percent_encoded() {
    let (tags, interfaces) = (tags(), day().interfaces());
    let mut met = BTreeSet::new();
    for record in &day().logs["v11"] {
        let row = interfaces[seen_at(&record.interface, &record.resource)];
        let named = |resource: &str| valid(&tags, resource, record.start.into()).unwrap_or("");
        assert_eq!(record.interface_tag, named(&row["interface"]), "{record:?}");
        assert_eq!(record.instance_tag, named(&row["instance"]), "{record:?}");
        met.insert(record.instance_tag.as_str());
    }
    assert!(met.contains("search & ads") && met.contains(""), "{met:?}");
}

#[test]
fn the_network_table_and_the_lists_of_aws_name_the_same_places() {
    let mut zones: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let rows = &day().tables["network"];
    for (path, list) in &day().lists {
        for subnet in list["Subnets"].as_array().into_iter().flatten() {
            let text = |name: &str| subnet[name].as_str().expect("a text");
            let row = rows.iter().find(|row| row["subnet"] == text("SubnetId") && !row["cidr"].contains(':'));
            let row = row.unwrap_or_else(|| panic!("{path}: {subnet} is in no row"));
            assert_eq!(
                ["cidr", "vpc", "zone", "account"].map(|column| row[column].as_str()),
                [text("CidrBlock"), text("VpcId"), text("AvailabilityZoneId"), text("OwnerId"),]
            );
            assert!(path.contains(&row["account"]) && path.contains(&row["region"]));
            let named = zones.insert((text("OwnerId"), text("AvailabilityZone")), text("AvailabilityZoneId"));
            assert!(named.is_none_or(|zone| zone == text("AvailabilityZoneId")));
        }
    }
    let ids: BTreeSet<_> = zones.iter().filter(|((_, name), _)| *name == "us-east-1b").map(|(_, id)| *id).collect();
    assert!(ids.len() > 1, "accounts name zones alike: {zones:?}");
    let gone: BTreeSet<_> = day().truth("events").iter().map(|event| event["resource"].as_str()).take(1).collect();
    for row in day().truth("interfaces").iter().filter(|row| row["interface"] != "-") {
        let listed = day().lists.values().filter_map(|list| list["NetworkInterfaces"].as_array()).flatten();
        let found = listed.filter(|one| one["NetworkInterfaceId"] == row["interface"].as_str()).count();
        assert_eq!(found == 1, !gone.contains(row["interface"].as_str()), "{}", row["name"]);
    }
}
