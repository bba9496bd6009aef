//! Endpoints and paths from inventories, flow logs and own public addresses.

use super::*;
use crate::join::tables::{EndpointKind, KnownEndpoint};
use crate::units::address::Prefix;

const PUBLIC: [&str; 3] = [
    "web vpc=vpc-a zone=use1-az1 at=10.0.0.1 public=54.144.0.1",
    "app vpc=vpc-b zone=use1-az2 at=10.5.0.1 public=54.144.0.2",
    "far vpc=vpc-c zone=euw1-az1 at=10.7.0.1 public=34.240.0.1 region=eu-west-1",
];

#[test]
fn own_ends_that_meet_by_public_addresses_take_no_peering() {
    let text = "web: vpc-id=vpc-a\napp: vpc-id=vpc-b\nfar: vpc-id=vpc-c region=eu-west-1\n\
                web out 10.0.0.1>54.144.0.2 700\napp in 54.144.0.1>10.5.0.1 700\n\
                web out 10.0.0.1>34.240.0.1 90\nfar in 54.144.0.1>10.7.0.1 90";
    for version in [4, 5] {
        let joined = World::of(version, text).inventory(&PUBLIC).join();
        let rows = joined.traffic("bytes src dst path assumed");
        assert_eq!(rows, ["700 10.0.0.1 10.5.0.1 public-address -", "90 10.0.0.1 10.7.0.1 cross-region -"]);
        assert_eq!(joined.class(Class::Deduplicated), (2, 790));
    }
}

#[test]
fn ipv6_between_own_vpcs_is_assumed_to_be_over_public_addresses() {
    let text = "a: vpc-id=vpc-a region=us-east-1\nb: vpc-id=vpc-b region=us-east-1\n\
                a out 2600:1f18::1>2600:1f18:8000::1 700\na out 2600:1f18::1>2600:1f18::9 1\n\
                b in 2600:1f18::1>2600:1f18:8000::1 700\nb out 2600:1f18:8000::1>2600:1f18:8000::9 1";
    let rows = World::of(4, text).join().traffic("bytes path assumed");
    assert!(rows[2].starts_with("700 public-address other VPCs are reached over public"), "{rows:?}");
}

#[test]
fn a_delegated_prefix_is_on_its_interface() {
    let text = "web out 10.0.0.1>10.0.9.1 1 @0-60\nweb NODATA @3000-3060\napp in 10.0.8.7>10.0.1.1 700\napp out 10.0.1.1>10.0.9.9 1";
    let mut world = World::of(5, &format!("web: vpc-id=vpc-a\napp: vpc-id=vpc-a\n{text}"));
    world = world.inventory(&["web vpc=vpc-a at=10.0.0.1"]);
    let first = u128::from("10.0.8.0".parse::<std::net::Ipv4Addr>().unwrap().to_ipv6_mapped());
    world.tables.interfaces[0].prefixes = vec![Prefix { first, bits: 124 }];
    let joined = world.join();
    assert_eq!(joined.class(Class::Deduplicated), (1, 700));
}

#[test]
fn an_interface_that_nothing_names_is_of_its_flow_logs_vpc() {
    let text = "web 10.0.0.1>10.0.0.9 1\nweb 10.0.0.1>10.0.0.8 1\nold 10.0.0.15>10.0.0.1 700\nold 10.0.0.15>10.0.0.9 1\n\
                web 10.0.0.15>10.0.0.1 700";
    let networks =
        [&*format!("10.0.0.0/16,{ACCOUNT},vpc-a,,{REGION},,,"), &format!("10.0.0.0/16,{ACCOUNT},vpc-b,,{REGION},,,")];
    let joined = World::of(2, text).inventory(&["web vpc=vpc-a at=10.0.0.1"]).networks(&networks).join();
    assert_eq!(
        joined.traffic("bytes src_vpc src_interface"),
        ["1 vpc-a old", "1 vpc-a web", "1 vpc-a web", "700 vpc-a old"]
    );
    assert_eq!(joined.class(Class::Deduplicated), (1, 700));
}

#[test]
fn the_vpcs_gateway_endpoint_takes_what_is_its_services() {
    let text = "web: vpc-id=vpc-a\nweb out 10.0.0.1>3.5.0.1 700\nweb out 10.0.0.1>52.94.0.1 90";
    let mut world = World::of(4, text).inventory(&["web vpc=vpc-a at=10.0.0.1"]);
    world.tables.endpoints = vec![KnownEndpoint {
        vpc: Some("vpc-a".into()),
        service: Some("s3".into()),
        kind: EndpointKind::Gateway,
        ..KnownEndpoint::default()
    }];
    let rows = world.join().traffic("bytes path via");
    assert_eq!(rows, ["700 gateway-endpoint endpoint", "90 aws-service nat"]);
}

#[test]
fn clients_that_a_gateway_names_go_through_it() {
    let text = "nat: vpc-id=vpc-a\nweb: vpc-id=vpc-a instance-id=i-1\nnat in 10.0.0.1>10.0.0.220 700 pkt-dstaddr=198.51.100.7\n\
                web out 10.0.0.1>198.51.100.7 700\nweb out 10.0.0.1>10.0.0.9 1";
    let rows = World::of(4, text).join().traffic("bytes path via assumed");
    assert_eq!(rows, ["1 unknown - -", "700 internet nat -"]);
}

#[test]
fn a_gateway_that_names_no_clients_is_charged_by_the_flows_through_it() {
    let text = "nat 10.0.0.1>10.0.0.220 700\nnat 10.0.0.220>198.51.100.7 700\nweb 10.0.0.1>198.51.100.7 700";
    let inventory = ["nat vpc=vpc-a at=10.0.0.220 role=nat zone=use1-az1", "web vpc=vpc-a at=10.0.0.1 zone=use1-az2"];
    let rows = World::of(2, text).inventory(&inventory).join().charges("charge bytes assumed");
    assert!(
        rows.iter().any(|row| row.starts_with("nat-processing 700 traffic was processed by a NAT gateway whose")),
        "{rows:?}"
    );
    assert!(rows.iter().any(|row| row.starts_with("inter-zone-out 700 ")), "{rows:?}");
}

#[test]
fn an_unknown_client_of_a_gateway_is_in_its_vpc() {
    let text = "nat: vpc-id=vpc-a az-id=use1-az1 interface-type=nat_gateway\n\
                nat in 10.0.2.20>10.0.0.220 700 pkt-dstaddr=198.51.100.7\nnat out 10.0.0.220>198.51.100.7 700";
    let joined = World::of(11, text).join();
    let rows = joined.traffic("src src_vpc path via");
    assert_eq!(rows, ["10.0.2.20 vpc-a internet nat"]);
    assert_eq!(joined.charges("charge bytes"), ["internet-egress 700", "nat-processing 700"]);
    assert!(joined.charges("assumed").iter().all(|row| row.starts_with("unknown clients")));
}

#[test]
fn records_name_services_that_no_range_shows_of() {
    let text = "web: vpc-id=vpc-a\nweb out 10.0.0.1>198.51.100.7 700 traffic-path=8 pkt-dst-aws-service=AMAZON\n\
                web out 10.0.0.1>52.218.0.1 90 traffic-path=8 pkt-dst-aws-service=AMAZON";
    let rows = World::of(5, text).join().traffic("bytes dst_location path");
    assert_eq!(rows, ["700 aws:amazon aws-service", "90 S3 aws-service-cross-region"]);
}

#[test]
fn a_network_has_the_name_of_the_one_around_it() {
    let networks = [
        &*format!("10.0.0.0/16,{ACCOUNT},vpc-a,,{REGION},,shop,"),
        &format!("10.0.0.0/24,{ACCOUNT},vpc-a,subnet-a,,,,"),
    ];
    let text = "web: vpc-id=vpc-a\nweb out 10.0.0.1>198.51.100.7 700 traffic-path=8";
    let joined = World::of(5, text).networks(&networks).join();
    assert_eq!(joined.traffic("src_location src_subnet"), ["shop subnet-a"]);
}

#[test]
fn of_namesakes_by_networks_the_one_with_an_interface_is_meant() {
    let networks =
        [&*format!("10.0.0.0/16,{ACCOUNT},vpc-a,,{REGION},,,"), &format!("10.0.0.0/16,{ACCOUNT},vpc-b,,{REGION},,,")];
    let inventory = ["pods vpc=vpc-a at=10.0.2.100", "other vpc=vpc-b at=10.0.7.7", "lake vpc=vpc-c at=10.2.0.10"];
    let text = "lake: vpc-id=vpc-c\nlake out 10.2.0.10>10.0.2.100 700";
    let joined = World::of(5, text).networks(&networks).inventory(&inventory).join();
    assert_eq!(joined.traffic("dst_vpc dst_interface"), ["vpc-a pods"]);
    let unlisted = World::of(5, text).networks(&networks).inventory(&inventory[..1]).join();
    assert_eq!(unlisted.traffic("dst_vpc"), ["-"]);
}

#[test]
fn a_client_and_a_server_outside_are_distinguished_by_the_private_address() {
    let text = "nat 10.0.0.220>198.51.100.7 700\nnat 10.0.0.1>10.0.0.220 700\nweb 10.0.0.1>198.51.100.7 700";
    let joined = World::of(2, text).inventory(&["nat vpc=vpc-a at=10.0.0.220 role=nat"]).join();
    assert_eq!(joined.traffic("src src_interface direction_rule"), ["10.0.0.1 web by the interface's own address"]);
    assert_eq!(joined.class(Class::Transit), (2, 1400));
}

#[test]
fn a_sites_network_is_no_part_of_the_own_vpc() {
    let text = "web: vpc-id=vpc-a\nweb out 10.0.0.1>172.20.0.9 700 traffic-path=1";
    let joined = World::of(5, text).networks(&["172.20.0.0/16,,,,,,office,dx:EqDC2"]).join();
    assert_eq!(joined.traffic("dst_location path via"), ["office on-premises transit-gateway"]);
}
