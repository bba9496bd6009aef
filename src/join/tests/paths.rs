//! The path of a transfer: section 6.

use super::*;

const WEB: &str = "web: vpc-id=vpc-a az-id=use1-az1 region=us-east-1\napp: vpc-id=vpc-a az-id=use1-az2 region=us-east-1\n\
                   near: vpc-id=vpc-a az-id=use1-az1 region=us-east-1\npeer: vpc-id=vpc-b az-id=use1-az1 region=us-east-1\n\
                   other: vpc-id=vpc-b az-id=use1-az2 region=us-east-1\nfar: vpc-id=vpc-c az-id=euw1-az1 region=eu-west-1\n\
                   app out 10.0.1.1>10.0.9.9 1\napp out 10.0.1.1>10.0.9.8 1\nnear out 10.0.0.2>10.0.9.9 1\n\
                   near out 10.0.0.2>10.0.9.8 1\npeer out 10.5.0.1>10.5.9.9 1\npeer out 10.5.0.1>10.5.9.8 1\n\
                   other out 10.5.1.1>10.5.9.9 1\nother out 10.5.1.1>10.5.9.8 1\nfar out 10.7.0.1>10.7.9.9 1\n\
                   far out 10.7.0.1>10.7.9.8 1\n";

/// Path, via and whether something is assumed, of records of 700 bytes.
fn paths(world: &World) -> Vec<String> {
    let rows = world.join().traffic("bytes path via assumed").into_iter();
    let rows = rows.filter_map(|row| row.strip_prefix("700 ").map(str::to_owned));
    let assumed = |row: String| {
        let words: Vec<&str> = row.splitn(3, ' ').collect();
        format!("{} {} {}", words[0], words[1], if words[2] == "-" { "known" } else { "assumed" })
    };
    rows.map(assumed).collect()
}

#[track_caller]
fn sent(version: u8, to: &str, code: &str, expected: &str) {
    let world =
        World::of(version, &format!("{WEB}web out 10.0.0.1>{to} 700 traffic-path={code}\nweb out 10.0.0.1>10.0.9.9 1"));
    assert_eq!(paths(&world), [expected], "{to} by {code}, version {version}");
}

#[test]
fn traffic_path_1_to_the_own_vpc_goes_by_zones() {
    sent(5, "10.0.0.2", "1", "same-zone - known");
    sent(5, "10.0.1.1", "1", "cross-zone - known");
    sent(5, "10.0.8.8", "1", "same-region - assumed");
}

#[test]
fn traffic_path_1_to_the_internet_goes_through_a_nat_gateway() {
    sent(5, "198.51.100.7", "1", "internet nat assumed");
    sent(5, "52.218.0.1", "1", "aws-service-cross-region nat assumed");
    sent(5, "52.46.0.1", "1", "aws-service nat assumed");
}

#[test]
fn traffic_path_1_to_another_vpc_goes_through_a_transit_gateway() {
    sent(5, "10.5.0.1", "1", "transit-gateway transit-gateway assumed");
    sent(5, "10.7.0.1", "1", "transit-gateway transit-gateway assumed");
}

#[test]
fn what_the_next_hop_or_the_inventory_shows_is_not_assumed() {
    sent(11, "10.5.0.1", "1 next-hop-interface-type=transit_gateway", "transit-gateway transit-gateway known");
    sent(11, "198.51.100.7", "1 next-hop-interface-type=nat_gateway", "internet nat known");
    let world = World::of(5, &format!("{WEB}web out 10.0.0.1>198.51.100.7 700 traffic-path=1"));
    let world = world.inventory(&["nat vpc=vpc-a at=10.0.0.220 role=nat zone=use1-az1"]);
    assert_eq!(paths(&world), ["internet nat known"]);
}

#[test]
fn traffic_path_1_to_where_a_transit_gateway_took_it_is_not_the_own_vpc() {
    let tgw = "tgw: vpc-id=vpc-a az-id=use1-az1 interface-type=transit_gateway instance-id=-\n\
               tgw in 10.0.0.1>10.0.0.50 3 pkt-dstaddr=10.8.8.8 traffic-path=-\n";
    let world = World::of(11, &format!("{WEB}{tgw}web out 10.0.0.1>10.8.8.8 700 traffic-path=1"));
    assert_eq!(paths(&world), ["transit-gateway transit-gateway known"]);
}

#[test]
fn traffic_path_2_goes_by_its_destination() {
    sent(5, "198.51.100.7", "2", "internet - known");
    sent(5, "3.5.0.1", "2", "gateway-endpoint endpoint assumed");
    sent(5, "52.94.0.1", "2", "gateway-endpoint endpoint assumed");
    sent(5, "52.218.0.1", "2", "aws-service-cross-region - known");
    sent(5, "52.46.0.1", "2", "aws-service - known");
    sent(5, "54.144.0.9", "2", "public-address - known");
}

#[test]
fn traffic_path_3_is_a_site() {
    sent(5, "172.20.0.9", "3", "on-premises - assumed");
}

#[test]
fn traffic_path_4_is_a_peering_by_zones() {
    sent(5, "10.5.0.1", "4", "peering-same-zone - known");
    sent(5, "10.5.1.1", "4", "peering-cross-zone - known");
    sent(5, "10.6.0.1", "4", "peering - known");
}

#[test]
fn traffic_paths_5_and_6_are_a_peering_of_regions_and_the_edge() {
    sent(5, "10.7.0.1", "5", "peering-cross-region - known");
    sent(5, "10.8.0.1", "5", "peering-cross-region - known");
    sent(5, "10.0.0.2", "6", "edge - known");
}

#[test]
fn traffic_path_7_is_a_gateway_endpoint() {
    sent(5, "3.5.0.1", "7", "gateway-endpoint endpoint known");
}

#[test]
fn traffic_path_8_goes_by_its_destination() {
    sent(5, "198.51.100.7", "8", "internet - known");
    sent(5, "3.5.0.1", "8", "aws-service - known");
    sent(5, "52.218.0.1", "8", "aws-service-cross-region - known");
    sent(5, "13.224.0.1", "8", "aws-service - known");
    sent(5, "54.144.0.9", "8", "public-address - known");
    sent(5, "34.240.0.9", "8", "cross-region - known");
}

#[test]
fn without_a_traffic_path_places_decide() {
    for version in [3, 4] {
        sent(version, "198.51.100.7", "-", "internet - known");
        sent(version, "3.5.0.1", "-", "aws-service - known");
        sent(version, "52.218.0.1", "-", "aws-service-cross-region - known");
        sent(version, "54.144.0.9", "-", "public-address - known");
        sent(version, "34.240.0.9", "-", "cross-region - known");
        sent(version, "10.77.0.1", "-", "unknown - known");
    }
    sent(4, "10.0.0.2", "-", "same-zone - known");
    sent(4, "10.0.1.1", "-", "cross-zone - known");
    sent(3, "10.0.1.1", "-", "same-region - known");
    sent(4, "10.5.0.1", "-", "peering-same-zone - assumed");
    sent(4, "10.5.1.1", "-", "peering-cross-zone - assumed");
    sent(3, "10.5.1.1", "-", "peering - assumed");
    sent(4, "10.7.0.1", "-", "peering-cross-region - assumed");
}

#[test]
fn another_vpc_is_reached_by_the_transit_gateway_that_saw_the_packets() {
    let tgw = "tgw: vpc-id=vpc-a az-id=use1-az1 region=us-east-1\ntgw 10.0.0.1>10.0.0.50 700 pkt-dstaddr=10.5.0.1\n\
               web: vpc-id=vpc-a az-id=use1-az1 region=us-east-1 instance-id=i-1\nweb out 10.0.0.1>10.0.9.9 1\n";
    let world = World::of(4, &format!("{WEB}{tgw}web out 10.0.0.1>10.5.0.1 700"));
    assert_eq!(paths(&world), ["transit-gateway transit-gateway known"]);
}

#[test]
fn transfers_over_own_public_addresses_are_no_peering() {
    let to = |address: &str| {
        let world =
            World::of(3, &format!("web: vpc-id=vpc-a\nweb out 10.0.0.1>{address} 700\nweb out 10.0.0.1>10.0.9.9 1"));
        paths(&world.inventory(&[
            "web vpc=vpc-a at=10.0.0.1 public=54.144.0.1",
            "near vpc=vpc-a at=10.0.0.2 public=54.144.0.2",
            "peer vpc=vpc-b at=10.5.0.1 public=54.144.0.3",
            "far vpc=vpc-c at=10.7.0.1 public=34.240.0.9 region=eu-west-1",
        ]))
    };
    assert_eq!(to("54.144.0.2"), ["public-address - known"]);
    assert_eq!(to("54.144.0.3"), ["public-address - known"]);
    assert_eq!(to("34.240.0.9"), ["cross-region - known"]);
    assert_eq!(to("10.5.0.1"), ["peering - assumed"]);
}

#[test]
fn an_interface_without_a_public_address_reaches_the_internet_by_a_nat_gateway() {
    let text = "web 10.0.0.1>198.51.100.7 700\nweb 10.0.0.1>10.0.9.9 1";
    let inventory =
        |public: &'static str| World::of(2, text).inventory(&[&format!("web vpc=vpc-a at=10.0.0.1{public}")]);
    assert_eq!(paths(&inventory("")), ["internet nat assumed"]);
    assert_eq!(paths(&inventory(" public=54.144.0.1")), ["internet - known"]);
}

#[test]
fn what_only_a_receiver_saw_goes_the_way_of_the_answer() {
    let answered = |code: &str, expected: &str| {
        let text =
            format!("{WEB}web out 10.0.0.1>198.51.100.7 1 traffic-path={code}\nweb in 198.51.100.7>10.0.0.1 700");
        assert_eq!(paths(&World::of(5, &text)), [expected], "{code}");
    };
    answered("8", "internet - known");
    answered("1", "internet nat assumed");
    let text = format!("{WEB}web in 198.51.100.7>10.0.0.1 700");
    assert_eq!(paths(&World::of(5, &text)), ["internet - known"]);
}

#[test]
fn the_answer_of_a_gateway_endpoint_came_by_it() {
    let text = format!("{WEB}web out 10.0.0.1>3.5.0.1 1 traffic-path=7\nweb in 3.5.0.1>10.0.0.1 700");
    assert_eq!(paths(&World::of(5, &text)), ["gateway-endpoint endpoint known"]);
}

#[test]
fn ports_play_no_part_in_what_is_an_answer() {
    let text = format!(
        "{WEB}web out 10.0.0.1>198.51.100.7 1 traffic-path=1 srcport=1 dstport=2\n\
                        web in 198.51.100.7>10.0.0.1 700 srcport=3 dstport=4"
    );
    assert_eq!(paths(&World::of(5, &text)), ["internet nat assumed"]);
}

#[test]
fn an_unlogged_senders_request_came_by_the_way_of_the_answer() {
    let text = format!("{WEB}web in 10.6.0.1>10.0.0.1 700\nweb out 10.0.0.1>10.6.0.1 1 traffic-path=4");
    let world = World::of(5, &text).networks(&[&format!("10.6.0.0/16,444455556666,vpc-d,,{REGION},use1-az2,,")]);
    assert_eq!(paths(&world), ["peering-cross-zone - known"]);
}

#[test]
fn interface_endpoints_are_reported_by_version_11_or_an_inventory() {
    let text = "queue: vpc-id=vpc-a az-id=use1-az2 interface-type=vpc_endpoint\nqueue out 10.0.1.100>10.0.0.1 1\n\
                web: vpc-id=vpc-a az-id=use1-az1\nweb out 10.0.0.1>10.0.1.100 700 traffic-path=1";
    assert_eq!(paths(&World::of(11, text)), ["interface-endpoint endpoint known"]);
    assert_eq!(paths(&World::of(5, text)), ["cross-zone - known"]);
    let joined = World::of(5, text).inventory(&["queue vpc=vpc-a zone=use1-az2 at=10.0.1.100 role=endpoint"]);
    assert_eq!(paths(&joined), ["interface-endpoint endpoint known"]);
}

#[test]
fn a_central_nat_gateway_is_reached_through_a_transit_gateway() {
    let text = "nat: vpc-id=vpc-h az-id=use1-az1 interface-type=nat_gateway\n\
                nat in 10.0.0.1>10.9.0.220 700 pkt-dstaddr=198.51.100.7\nnat out 10.9.0.220>198.51.100.7 700\n\
                web: vpc-id=vpc-a az-id=use1-az1\nweb out 10.0.0.1>198.51.100.7 700 traffic-path=1";
    assert_eq!(paths(&World::of(11, text)), ["internet nat+transit-gateway known"]);
}

#[test]
fn transfers_between_unlogged_ends_go_by_the_gateway_they_were_seen_at() {
    let text = "nat: vpc-id=vpc-a az-id=use1-az1 interface-type=nat_gateway\n\
                nat in 10.0.0.1>10.0.0.220 700 pkt-dstaddr=198.51.100.7";
    let network = format!("10.0.0.0/16,{ACCOUNT},vpc-a,,{REGION},,,");
    assert_eq!(paths(&World::of(11, text).networks(&[&network])), ["internet nat known"]);
    let text = "tgw: vpc-id=vpc-h interface-type=transit_gateway\ntgw in 10.0.0.1>10.9.0.50 700 pkt-dstaddr=10.5.0.1";
    let other = format!("10.5.0.0/16,{ACCOUNT},vpc-b,,{REGION},,,");
    let world = World::of(11, text).networks(&[&network, &other]);
    assert_eq!(paths(&world), ["transit-gateway transit-gateway known"]);
}
