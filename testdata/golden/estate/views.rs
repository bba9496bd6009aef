//! What each interface logged, against the transfers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use super::read::{Cells, FORMATS, Record, Row, Simulated, day, seen_at};

/// Place, direction, source, destination, ports, protocol, action.
type Key = (String, String, IpAddr, IpAddr, u32, u32, u32, String);

/// What records of a key have together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    packets: u64,
    bytes: u64,
}

impl Sum {
    fn add(&mut self, packets: u64, bytes: u64) {
        self.packets += packets;
        self.bytes += bytes;
    }
}

#[test]
fn every_format_has_every_view_with_all_its_bytes_and_no_other() {
    for (format, version, _) in FORMATS {
        let shown = |record: &Record| {
            let packet = (record.packet_source, record.packet_destination);
            (record.interface.clone(), record.source, record.destination, packet, record.direction.clone())
        };
        let ports = |record: &Record| (record.source_port, record.destination_port, record.protocol);
        let mut logged: BTreeMap<_, Sum> = BTreeMap::new();
        for record in day().logs[format].iter().filter(|record| record.is_flow()) {
            let key = (shown(record), ports(record), record.action.clone());
            logged.entry(key).or_default().add(record.packets, record.bytes);
        }
        let mut expected: BTreeMap<_, Sum> = BTreeMap::new();
        for view in day().truth("views").iter().filter(|view| view["class"] != "unseen") {
            let address = |column| Some(view.address(column));
            let packet = if version < 3 { (None, None) } else { (address("pkt_srcaddr"), address("pkt_dstaddr")) };
            let direction = if version < 5 { String::new() } else { view["direction"].clone() };
            let interface = view["interface"].clone();
            // A regional NAT gateway's records have no interface, which the truth writes as they do.
            let interface = if interface == "-" { String::new() } else { interface };
            let shown = (interface, address("srcaddr"), address("dstaddr"), packet, direction);
            let key = (shown, ports_of(view), view["action"].clone());
            expected.entry(key).or_default().add(view.number("packets"), view.number("bytes"));
        }
        assert!(logged.len() > 3000, "{format}: only {} views", logged.len());
        let differs = logged.iter().find(|(key, sum)| expected.get(key) != Some(sum));
        assert_eq!(differs, None, "{format}: logged, and not so in the truth");
        assert_eq!(logged.len(), expected.len(), "{format}: views that are in no log");
    }
}

fn ports_of(row: &Row) -> (u32, u32, u32) {
    let small = |column| u32::try_from(row.number(column)).expect("a small number");
    (small("srcport"), small("dstport"), small("protocol"))
}

/// Whether an endpoint of a transfer is an interface that was logged then.
fn is_logged(interfaces: &HashMap<&str, &Row>, transfer: &Row, side: &str) -> bool {
    let interface = interfaces.get(transfer[&format!("{side}_interface")].as_str());
    interface.is_some_and(|row| {
        let start = transfer.number("start");
        !row["logged_from"].is_empty() && (row.number("logged_from")..row.number("logged_to")).contains(&start)
    })
}

/// What the ends of the estate logged, public addresses of the estate as the private ones behind them.
fn at_ends(of: &Simulated, format: &str) -> BTreeMap<Key, (Sum, Vec<Record>)> {
    let (interfaces, behind) = (of.interfaces(), of.behind());
    let mut sums: BTreeMap<Key, (Sum, Vec<Record>)> = BTreeMap::new();
    for record in of.logs[format].iter().filter(|record| record.is_flow()) {
        let role = interfaces.get(record.interface.as_str()).map(|row| row["role"].as_str());
        if !matches!(role, Some("instance" | "load-balancer" | "endpoint")) {
            continue;
        }
        let end = |address: Option<IpAddr>| {
            let address = address.expect("flows have addresses");
            behind.get(&address).map_or(address, |(private, _)| *private)
        };
        let key = (
            record.interface.clone(),
            record.direction.clone(),
            end(record.packet_source),
            end(record.packet_destination),
            record.source_port,
            record.destination_port,
            record.protocol,
            record.action.clone(),
        );
        let (sum, records) = sums.entry(key).or_default();
        sum.add(record.packets, record.bytes);
        records.push(record.clone());
    }
    sums
}

/// The key that a transfer has at one of its ends.
fn key_at(transfer: &Row, side: &str) -> Key {
    let egress = side == "src";
    let refused = transfer["verdict"] == "rejected" || (transfer["verdict"] == "refused" && !egress);
    let (from, to, protocol) = ports_of(transfer);
    (
        transfer[&format!("{side}_interface")].clone(),
        if egress { "egress" } else { "ingress" }.to_owned(),
        transfer.address("src"),
        transfer.address("dst"),
        from,
        to,
        protocol,
        if refused { "REJECT" } else { "ACCEPT" }.to_owned(),
    )
}

#[test]
fn each_logged_end_logs_its_transfers_and_nothing_else() {
    let interfaces = day().interfaces();
    let mut expected: BTreeMap<Key, Sum> = BTreeMap::new();
    let mut unlogged = 0;
    for transfer in day().truth("transfers").iter().filter(|transfer| transfer["verdict"] != "dropped") {
        for side in ["src", "dst"] {
            if is_logged(&interfaces, transfer, side) {
                let sum = expected.entry(key_at(transfer, side)).or_default();
                sum.add(transfer.number("packets"), transfer.number("bytes"));
            } else if !transfer[&format!("{side}_interface")].is_empty() {
                unlogged += 1;
            }
        }
    }
    assert!(unlogged > 100, "too few ends that nobody watches");
    for format in ["v5", "v11"] {
        let logged: BTreeMap<Key, Sum> = at_ends(day(), format).into_iter().map(|(key, (sum, _))| (key, sum)).collect();
        let differs = expected.iter().find(|(key, sum)| logged.get(key) != Some(sum));
        assert_eq!(differs, None, "{format}: not logged so");
        assert_eq!(logged.len(), expected.len(), "{format}: logged, and no transfer's");
    }
}

#[test]
fn two_views_of_a_transfer_have_other_windows() {
    let (interfaces, ends) = (day().interfaces(), at_ends(day(), "v5"));
    let (mut both, mut same_start, mut apart) = (0, 0, 0);
    for transfer in day().truth("transfers").iter().filter(|transfer| transfer["verdict"] == "accepted") {
        if !["src", "dst"].iter().all(|side| is_logged(&interfaces, transfer, side)) {
            continue;
        }
        let window = |side| {
            let (_, records) = &ends[&key_at(transfer, side)];
            let times = records.iter().map(|record| (record.start, record.end));
            times.fold((u32::MAX, 0), |(from, to), (start, end)| (from.min(start), to.max(end)))
        };
        let ((from, to), (other_from, other_to)) = (window("src"), window("dst"));
        both += 1;
        same_start += u32::from(from == other_from);
        apart += u32::from(to < other_from || other_to < from);
    }
    assert!(both > 1000 && same_start * 10 < both && apart * 20 > both, "{both} {same_start} {apart}");
}

#[test]
fn records_lie_in_their_interval_and_while_their_interface_is_logged() {
    let interfaces = day().interfaces();
    let slow: BTreeSet<&str> = ["web-2", "app-2"].into();
    for record in &day().logs["v11"] {
        let row = interfaces.get(seen_at(&record.interface, &record.resource)).expect("an interface of the estate");
        let span = if slow.contains(row["name"].as_str()) { 600 } else { 60 };
        assert!(record.start <= record.end && record.end - record.start < span, "{record:?}");
        assert!(!row["logged_from"].is_empty(), "nobody watches {}", row["name"]);
        let logged = row.number("logged_from")..row.number("logged_to");
        assert!(logged.contains(&record.start.into()) && logged.contains(&record.end.into()), "{record:?}");
        assert_eq!(record.vpc, row["vpc"]);
        assert!(!record.is_flow() || (record.packets > 0 && record.bytes > 0));
    }
    let silent = day().truth("interfaces").iter().filter(|row| row["logged_from"].is_empty());
    assert!(silent.count() >= 7, "legacy, cold subnets and a NAT gateway are not watched");
}

#[test]
fn interfaces_log_what_they_are_reported_to_have_logged() {
    for (id, row) in day().interfaces() {
        let mut sums = [0; 6];
        for record in &day().logs["v11"] {
            if seen_at(&record.interface, &record.resource) != id {
                continue;
            }
            let bytes = |is: bool| if is { record.bytes } else { 0 };
            let accepted = record.is_accepted();
            let counts = [
                u64::from(record.is_flow()),
                u64::from(record.status == "NODATA"),
                u64::from(record.status == "SKIPDATA"),
                bytes(accepted && record.direction == "egress"),
                bytes(accepted && record.direction == "ingress"),
                bytes(record.is_flow() && !accepted),
            ];
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        let columns = ["records", "no_data", "skip_data", "egress_bytes", "ingress_bytes", "rejected_bytes"];
        assert_eq!(sums, columns.map(|column| row.number(column)), "{}", row["name"]);
    }
}

/// What a gateway shows: itself, direction, source, destination, then the packet's.
type Shown = (String, &'static str, IpAddr, IpAddr, IpAddr, IpAddr);

#[test]
fn nat_gateways_show_themselves_on_both_sides_and_the_true_ends_in_the_packet() {
    let interfaces = day().interfaces();
    let mut expected: BTreeMap<Shown, u64> = BTreeMap::new();
    for transfer in day().truth("transfers").iter().filter(|transfer| !transfer["nat"].is_empty()) {
        let nat = day().truth("interfaces").iter().find(|row| row["resource"] == transfer["nat"]).expect("the gateway");
        if nat["logged_from"].is_empty() {
            continue;
        }
        let (from, to, own) = (transfer.address("src"), transfer.address("dst"), nat.address("address"));
        let regional = nat["role"] == "regional-nat";
        let shown = |end: IpAddr| if regional { end } else { own };
        let rows = if transfer["src_interface"].is_empty() {
            [("ingress", from, own, from, own), ("egress", shown(from), to, from, to)]
        } else {
            [("ingress", from, shown(to), from, to), ("egress", own, to, own, to)]
        };
        for (direction, source, destination, packet_source, packet_destination) in rows {
            let id = seen_at(&nat["interface"], &nat["resource"]).to_owned();
            let key = (id, direction, source, destination, packet_source, packet_destination);
            *expected.entry(key).or_default() += transfer.number("bytes");
        }
    }
    for transfer in day().truth("transfers").iter().filter(|transfer| transfer["verdict"] == "dropped") {
        let own = interfaces[transfer["dst_interface"].as_str()].address("address");
        let from = transfer.address("src");
        let key = (transfer["dst_interface"].clone(), "ingress", from, own, from, own);
        *expected.entry(key).or_default() += transfer.number("bytes");
    }
    assert_eq!(shown_by(&["nat", "regional-nat"]), expected);
    assert!(interfaces.values().filter(|row| row["role"].contains("nat")).any(|row| row["logged_from"].is_empty()));
}

#[test]
fn transit_gateways_show_themselves_inside_and_the_true_ends_in_the_packet() {
    let by_id: HashMap<&str, &Row> = day().interfaces();
    let vpc_of = |nat: &str| &day().truth("interfaces").iter().find(|row| row["resource"] == nat).expect("it")["vpc"];
    let logged: BTreeSet<&str> = by_id
        .values()
        .filter(|row| row["role"] == "transit-gateway" && !row["logged_from"].is_empty())
        .map(|row| row["vpc"].as_str())
        .collect();
    let mut expected: BTreeMap<(&str, &str, IpAddr, IpAddr), u64> = BTreeMap::new();
    for transfer in day().truth("transfers").iter().filter(|transfer| transfer["via"].contains("transit-gateway")) {
        let at_nat = |side: &'static str| match transfer[side].as_str() {
            "" => vpc_of(&transfer["nat"]).as_str(),
            vpc => vpc,
        };
        let ends = (transfer.address("src"), transfer.address("dst"));
        // What one VPC's interface takes in, another's gives out.
        for (vpc, direction) in [(at_nat("src_vpc"), "ingress"), (at_nat("dst_vpc"), "egress")] {
            let late = by_id.values().find(|row| row["vpc"] == vpc && row["role"] == "transit-gateway");
            let from = late.filter(|row| !row["logged_from"].is_empty()).map(|row| row.number("logged_from"));
            if logged.contains(vpc) && from.is_some_and(|from| from <= transfer.number("start")) {
                *expected.entry((vpc, direction, ends.0, ends.1)).or_default() += transfer.number("bytes");
            }
        }
    }
    let mut logged = BTreeMap::new();
    for ((id, direction, source, destination, from, to), bytes) in shown_by(&["transit-gateway"]) {
        let row = by_id[id.as_str()];
        let own = if direction == "egress" { source } else { destination };
        let peer = if direction == "egress" { (destination, to) } else { (source, from) };
        assert_eq!((own, peer.0), (row.address("address"), peer.1), "{}", row["name"]);
        *logged.entry((row["vpc"].as_str(), direction, from, to)).or_default() += bytes;
    }
    assert_eq!(logged, expected);
}

/// The bytes that interfaces of some roles show, by what they show.
fn shown_by(roles: &[&str]) -> BTreeMap<Shown, u64> {
    let interfaces = day().interfaces();
    let mut sums = BTreeMap::new();
    for record in day().logs["v11"].iter().filter(|record| record.is_flow()) {
        let id = seen_at(&record.interface, &record.resource);
        if !roles.contains(&interfaces[id]["role"].as_str()) {
            continue;
        }
        let address = |address: Option<IpAddr>| address.expect("flows have addresses");
        let direction = if record.direction == "egress" { "egress" } else { "ingress" };
        let packet = (address(record.packet_source), address(record.packet_destination));
        let key = (id.to_owned(), direction, address(record.source), address(record.destination), packet.0, packet.1);
        *sums.entry(key).or_default() += record.bytes;
    }
    sums
}

#[test]
fn the_way_out_is_reported_by_the_code_that_aws_has_for_it() {
    let (interfaces, ends) = (day().interfaces(), at_ends(day(), "v5"));
    let mut met = BTreeSet::new();
    for transfer in day().truth("transfers") {
        let sent = matches!(transfer["verdict"].as_str(), "accepted" | "refused");
        if !sent || !is_logged(&interfaces, transfer, "src") {
            continue;
        }
        let slow = matches!(interfaces[transfer["src_interface"].as_str()]["name"].as_str(), "web-2" | "app-2");
        let code = match (transfer["path"].as_str(), transfer["via"].as_str()) {
            (_, via) if via.contains("nat") || via.contains("transit") => 1,
            ("same-zone" | "cross-zone" | "interface-endpoint", _) => 1,
            ("on-premises", _) => 3,
            ("peering-same-zone" | "peering-cross-zone", _) => 4,
            ("peering-cross-region", _) => 5,
            _ if slow => 2,
            ("gateway-endpoint", _) => 7,
            _ => 8,
        };
        let (_, records) = &ends[&key_at(transfer, "src")];
        assert!(records.iter().all(|record| record.path == Some(code)), "{transfer:?}");
        met.insert(code);
    }
    assert_eq!(met, BTreeSet::from([1, 2, 3, 4, 5, 7, 8]));
}

#[test]
fn next_hops_of_version_11_see_the_same_packet_from_the_other_side() {
    let interfaces = day().interfaces();
    let packet = |row: &Row| (row.address("pkt_srcaddr"), row.address("pkt_dstaddr"), ports_of(row));
    let seen: BTreeSet<_> = day()
        .truth("views")
        .iter()
        .map(|view| (view["interface"].as_str(), view["direction"] == "egress", packet(view)))
        .collect();
    let mut shown = 0;
    for record in day().logs["v11"].iter().filter(|record| record.is_flow()) {
        let own = interfaces[seen_at(&record.interface, &record.resource)];
        let is_type = match own["role"].as_str() {
            "nat" => "nat_gateway",
            "regional-nat" => "regional_nat_gateway",
            "load-balancer" => "network_load_balancer",
            "transit-gateway" => "transit_gateway",
            "endpoint" => "vpc_endpoint",
            _ => "",
        };
        assert_eq!(record.interface_type, is_type, "{record:?}");
        if record.next_hop.is_empty() {
            continue;
        }
        shown += 1;
        let (from, to) = (record.packet_source.expect("a source"), record.packet_destination.expect("a destination"));
        let packet = (from, to, (record.source_port, record.destination_port, record.protocol));
        let egress = record.direction == "egress";
        assert!(seen.contains(&(record.next_hop.as_str(), !egress, packet)), "{record:?}");
        assert_eq!(interfaces[record.next_hop.as_str()]["account"], own["account"], "{record:?}");
        assert!(!egress || matches!(record.path, Some(1 | 4)), "{record:?}");
    }
    assert!(shown > 5000, "only {shown} next hops");
}

#[test]
fn an_address_means_what_its_interface_says_at_that_time() {
    let by_address = day().truth("interfaces").iter().filter(|row| row["interface"] != "-");
    let mut holders: BTreeMap<IpAddr, Vec<&Row>> = BTreeMap::new();
    by_address.for_each(|row| holders.entry(row.address("address")).or_default().push(row));
    let logged = |row: &&&Row| !row["logged_from"].is_empty();
    let shared = holders.values().filter(|rows| {
        let vpcs: BTreeSet<_> = rows.iter().filter(logged).map(|row| &row["vpc"]).collect();
        vpcs.len() > 1
    });
    assert!(shared.count() >= 4, "too few addresses that are in two VPCs");
    let reused = holders.values().filter(|rows| rows.len() == 2 && rows[0]["vpc"] == rows[1]["vpc"]);
    let lives: Vec<_> = reused.map(|rows| (rows[0].number("logged_to"), rows[1].number("logged_from"))).collect();
    assert!(matches!(lives.as_slice(), [(given_up, taken)] if given_up < taken), "{lives:?}");
}
