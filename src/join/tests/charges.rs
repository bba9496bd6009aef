//! Charges, payers and allocation: section 7.

use super::*;

const HUB: &str = "444455556666";

/// Charges on records of 700 bytes: charge, payer, regions, allocated side.
fn charged(world: &World) -> Vec<String> {
    let rows = world.join().charges("bytes charge payer_account from_region to_region owner").into_iter();
    rows.filter_map(|row| row.strip_prefix("700 ").map(str::to_owned)).collect()
}

/// A company of two VPCs in one region and one in another; teams own subnets by their addresses.
fn world(version: u8, lines: &str) -> World {
    let text = format!(
        "web: vpc-id=vpc-a az-id=use1-az1 region=us-east-1\napp: vpc-id=vpc-a az-id=use1-az2 region=us-east-1\n\
         peer: vpc-id=vpc-b az-id=use1-az2 region=us-east-1 account-id={HUB}\n\
         far: vpc-id=vpc-c az-id=euw1-az1 region=eu-west-1 account-id={HUB}\n\
         web out 10.0.0.1>10.0.9.9 1\napp out 10.0.1.1>10.0.9.9 1\npeer out 10.5.0.1>10.5.9.9 1\n\
         far out 10.7.0.1>10.7.9.9 1\n{lines}"
    );
    World::of(version, &text).tags(&[
        "10.0.0.0/24,web,,",
        "10.0.1.0/24,app,,",
        "10.5.0.0/16,peer,,",
        "10.7.0.0/16,far,,",
    ])
}

#[track_caller]
fn check(lines: &str, expected: &[&str]) {
    assert_eq!(charged(&world(5, lines)), expected, "{lines}");
}

#[test]
fn what_leaves_for_the_internet_is_charged_to_the_sender() {
    check("web out 10.0.0.1>198.51.100.7 700 traffic-path=8", &["internet-egress 111122223333 us-east-1 internet web"]);
    check("web in 198.51.100.7>10.0.0.1 700", &[]);
}

#[test]
fn another_region_is_charged_to_the_sender_by_the_pair() {
    let inter = ["inter-region 111122223333 us-east-1 eu-west-1 web"];
    check("web out 10.0.0.1>34.240.0.9 700 traffic-path=8", &inter);
    check("web out 10.0.0.1>52.218.0.1 700 traffic-path=8", &inter);
    check("web out 10.0.0.1>10.7.0.1 700 traffic-path=5", &inter);
    check("web in 52.218.0.1>10.0.0.1 700", &[]);
}

#[test]
fn another_zone_is_charged_to_both_ends() {
    let halves = ["inter-zone-in 111122223333 us-east-1 same app", "inter-zone-out 111122223333 us-east-1 same web"];
    check("web out 10.0.0.1>10.0.1.1 700 traffic-path=1\napp in 10.0.0.1>10.0.1.1 700", &halves);
    check("web out 10.0.0.1>10.0.0.1 700 traffic-path=1", &[]);
}

/// A VPC with an instance in an Availability Zone, two in Los Angeles, one in Seattle and one in a Wavelength Zone, none of
/// which has a zone's id in its records but the first.
fn edges(lines: &str) -> Vec<String> {
    let zones = [
        ("zone", "az-id=usw2-az1"),
        ("lax", "sublocation-type=localzone sublocation-id=usw2-lax1-az1"),
        ("lax2", "sublocation-type=localzone sublocation-id=usw2-lax1-az2"),
        ("sea", "sublocation-type=localzone sublocation-id=usw2-sea1-az1"),
        ("wave", "sublocation-type=wavelength sublocation-id=usw2-wl1-den-wlz1"),
        ("post", "az-id=usw2-az1 sublocation-type=outpost sublocation-id=op-0123456789abcdef0"),
    ];
    let mut text = String::new();
    for (place, (name, zone)) in (1..).zip(zones) {
        text += &format!("{name}: vpc-id=vpc-a region=us-west-2 {zone}\n{name} out 10.0.{place}.1>10.0.9.9 1\n");
    }
    let rows =
        World::of(5, &(text + lines)).join().charges("bytes charge from_region to_region src_zone assumed").into_iter();
    rows.filter_map(|row| row.strip_prefix("700 ").map(str::to_owned)).collect()
}

#[test]
fn local_and_wavelength_zones_are_charged_by_their_groups() {
    let between = |from: u8, to: u8| {
        let names = ["zone", "lax", "lax2", "sea", "wave", "post"];
        let name = names[usize::from(from) - 1];
        edges(&format!("{name} out 10.0.{from}.1>10.0.{to}.1 700 traffic-path=1"))
    };
    let alone = "traffic between a Local Zone and its region is charged at the Local Zone alone";
    assert_eq!(between(2, 1), [format!("local-zone-out us-west-2-lax-1 same usw2-lax1-az1 {alone}")]);
    assert_eq!(between(1, 2), [format!("local-zone-in us-west-2-lax-1 same usw2-az1 {alone}")]);
    let halves =
        ["local-zone-in us-west-2-lax-1 same usw2-lax1-az1 -", "local-zone-out us-west-2-lax-1 same usw2-lax1-az1 -"];
    assert_eq!(between(2, 3), halves, "two zones of one group");
    assert_eq!(between(2, 4), ["inter-region us-west-2-lax-1 us-west-2-sea-1 usw2-lax1-az1 -"]);
    assert_eq!(between(2, 5), ["inter-region us-west-2-lax-1 us-west-2-wl1-den-wlz-1 usw2-lax1-az1 -"]);
    assert_eq!(between(5, 1), ["inter-region us-west-2-wl1-den-wlz-1 us-west-2 usw2-wl1-den-wlz1 -"]);
    assert_eq!(between(1, 5), ["inter-region us-west-2 us-west-2-wl1-den-wlz-1 usw2-az1 -"]);
    assert_eq!(between(6, 1), Vec::<String>::new(), "an Outpost is in its zone");
    let out = |to: &str| edges(&format!("lax out 10.0.2.1>{to} 700 traffic-path=8"));
    assert_eq!(out("198.51.100.7"), ["internet-egress us-west-2-lax-1 internet usw2-lax1-az1 -"]);
    assert_eq!(out("52.218.0.1"), ["inter-region us-west-2-lax-1 eu-west-1 usw2-lax1-az1 -"]);
}

/// A client whose packets pass the endpoint of a gateway load balancer to and from the internet: each is at the endpoint
/// twice, as it arrives and as it is sent on.
#[test]
fn an_endpoint_of_a_gateway_load_balancer_is_charged_for_what_arrives() {
    let joined = |version, endpoint: &str| {
        let text = "client: vpc-id=vpc-a az-id=use1-az1\ngwlbe: vpc-id=vpc-a az-id=use1-az1\n\
            client out 10.0.0.1>198.51.100.7 700 traffic-path=8\nclient in 198.51.100.7>10.0.0.1 90000\n\
            gwlbe in 10.0.0.1>10.0.5.5 700 pkt-dstaddr=198.51.100.7\n\
            gwlbe out 10.0.5.5>198.51.100.7 700 pkt-srcaddr=10.0.0.1 traffic-path=8\n\
            gwlbe in 198.51.100.7>10.0.5.5 90000 pkt-dstaddr=10.0.0.1\n\
            gwlbe out 10.0.5.5>10.0.0.1 90000 pkt-srcaddr=198.51.100.7 traffic-path=1";
        World::of(version, text).inventory(&["client vpc=vpc-a zone=use1-az1 at=10.0.0.1", endpoint]).join()
    };
    let listed = "gwlbe vpc=vpc-a zone=use1-az1 role=gwlb-endpoint resource=vpce-1";
    for version in [5, 3] {
        let rows = joined(version, listed).charges("bytes charge payer_account billed_resource from_region to_region");
        let processing: Vec<_> = rows.iter().filter(|row| row.contains("gwlb")).collect();
        let tail = "gwlb-endpoint-processing 111122223333 vpce-1 us-east-1 any";
        assert_eq!(processing, [&format!("700 {tail}"), &format!("90000 {tail}")], "version {version}");
    }
    let egress = joined(5, listed).charges("bytes charge").into_iter().filter(|row| row.contains("internet-egress"));
    assert_eq!(egress.collect::<Vec<_>>(), ["700 internet-egress"], "the rest of the bill is as without it");
}

#[test]
fn between_zones_a_load_balancer_pays_nothing_and_its_targets_neither() {
    let text = "web: vpc-id=vpc-a az-id=use1-az1\napp: vpc-id=vpc-a az-id=use1-az2\n\
                web out 10.0.0.1>10.0.9.9 1\napp out 10.0.1.1>10.0.9.9 1\n\
                web out 10.0.0.1>10.0.1.1 700 traffic-path=1\napp out 10.0.1.1>10.0.0.1 700 traffic-path=1";
    let halves = |balancer: &str| {
        let web = format!("web vpc=vpc-a zone=use1-az1 at=10.0.0.1 {balancer}");
        let joined = World::of(5, text).inventory(&[web.trim_end(), "app vpc=vpc-a zone=use1-az2 at=10.0.1.1"]).join();
        let rows = joined.charges("bytes charge billed_resource assumed").into_iter();
        rows.filter_map(|row| row.strip_prefix("700 inter-zone-").map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(halves(""), ["in app -", "in web -", "out app -", "out web -"], "an instance, a network load balancer");
    assert_eq!(halves("public=54.144.0.1 role=balancer"), Vec::<String>::new());
    let assumed = "who an internal load balancer talks to is its client, not its target";
    assert_eq!(halves("role=balancer"), [format!("in app {assumed}"), format!("out app {assumed}")]);
}

#[test]
fn a_bill_has_charges_under_the_gateway_endpoint_or_instance() {
    let text = "web: vpc-id=vpc-a az-id=use1-az1 instance-id=i-1\nnat: vpc-id=vpc-a az-id=use1-az1\n\
                web out 10.0.0.1>10.0.9.9 1\n\
                web out 10.0.0.1>198.51.100.7 700 traffic-path=1\n\
                nat in 10.0.0.1>10.0.0.220 700 pkt-dstaddr=198.51.100.7\n\
                web out 10.0.0.1>198.51.100.8 600 traffic-path=8";
    let nat = ["nat vpc=vpc-a zone=use1-az1 at=10.0.0.220 public=54.144.0.1 role=nat resource=nat-1"];
    let joined = World::of(5, text).inventory(&nat).join();
    let rows = joined.charges("bytes charge billed_resource");
    let rows: Vec<_> = rows.iter().filter(|row| row.starts_with('7') || row.starts_with('6')).collect();
    assert_eq!(rows, ["600 internet-egress i-1", "700 internet-egress nat-1", "700 nat-processing nat-1"]);
}

#[test]
fn a_peering_between_zones_is_charged_to_both_accounts() {
    let halves =
        ["peering-zone-in 444455556666 us-east-1 same peer", "peering-zone-out 111122223333 us-east-1 same web"];
    check("web out 10.0.0.1>10.5.0.1 700 traffic-path=4\npeer in 10.0.0.1>10.5.0.1 700", &halves);
    check("app out 10.0.1.1>10.5.0.1 700 traffic-path=4", &[]);
}

#[test]
fn a_public_address_in_the_region_is_charged_to_our_half_alone() {
    check("web out 10.0.0.1>54.144.0.9 700 traffic-path=8", &["public-address-out 111122223333 us-east-1 same web"]);
    check("web in 54.144.0.9>10.0.0.1 700", &["public-address-in 111122223333 us-east-1 same web"]);
}

#[test]
fn services_of_the_own_region_and_gateway_endpoints_are_free() {
    check("web out 10.0.0.1>3.5.0.1 700 traffic-path=8", &[]);
    check("web out 10.0.0.1>3.5.0.1 700 traffic-path=7", &[]);
    check("web out 10.0.0.1>13.224.0.1 700 traffic-path=8", &[]);
}

#[test]
fn what_comes_back_is_charged_by_the_way_of_its_hour() {
    let answers = "web out 10.0.0.1>3.5.0.1 1 traffic-path=7\nweb in 3.5.0.1>10.0.0.1 600\n\
                   web out 10.0.0.1>3.5.0.1 1 traffic-path=1 @3660-3720\nweb in 3.5.0.1>10.0.0.1 700 @3660-3720\n\
                   web out 10.0.0.1>3.5.0.1 1 traffic-path=7 @7260-7320\nweb in 3.5.0.1>10.0.0.1 800 @7260-7320";
    let answered = world(5, answers).join().charges("bytes charge owner");
    assert_eq!(answered, ["1 nat-processing web", "700 nat-processing web"]);
}

#[test]
fn a_half_that_somebody_else_pays_is_not_charged() {
    let text = "web: vpc-id=vpc-a az-id=use1-az1\nweb out 10.0.0.1>10.8.0.1 700 traffic-path=4";
    let world = World::of(5, text).networks(&["10.8.0.0/16,,vpc-x,,us-east-1,use1-az2,partner,"]);
    let out = format!("peering-zone-out {ACCOUNT} us-east-1 same -");
    let rows = charged(&world);
    assert!(rows.iter().any(|row| row.starts_with(out.trim_end_matches(" -"))), "{rows:?}");
}

#[test]
fn where_zones_are_unknown_neither_half_is_charged() {
    check("web out 10.0.0.1>10.0.8.8 700 traffic-path=1", &[]);
    let joined = world(3, "web out 10.0.0.1>10.0.1.1 700\napp out 10.0.1.1>10.0.9.8 1");
    assert_eq!(charged(&joined), Vec::<String>::new());
    assert!(joined.join().traffic("bytes path").contains(&"700 same-region".to_owned()));
}

#[test]
fn an_unknown_account_pays_as_unknown() {
    let text = "lb: vpc-id=vpc-z account-id=unknown\nlb out 10.0.0.9>198.51.100.7 700 traffic-path=8";
    let joined = World::default().log_at(("unknown", REGION), "fl-1", 5, text);
    let rows = joined.join().charges("charge payer_account");
    assert_eq!(rows, ["internet-egress unknown"]);
}

const NAT: &str = "nat: vpc-id=vpc-a az-id=use1-az1 region=us-east-1 interface-type=nat_gateway\n\
                   nat in 10.0.1.1>10.0.0.220 700 pkt-dstaddr=198.51.100.7\nnat out 10.0.0.220>198.51.100.7 700\n";

#[test]
fn a_nat_gateway_processes_each_byte_once_and_the_client_bears_it() {
    let sent = format!("{NAT}app out 10.0.1.1>198.51.100.7 700 traffic-path=1");
    let all = [
        "inter-zone-in 111122223333 us-east-1 same app",
        "inter-zone-out 111122223333 us-east-1 same app",
        "internet-egress 111122223333 us-east-1 internet app",
        "nat-processing 111122223333 us-east-1 any app",
    ];
    check(&sent, &all);
    let same_zone = sent.replace("10.0.1.1", "10.0.0.1").replace("app out", "web out");
    check(
        &same_zone,
        &["internet-egress 111122223333 us-east-1 internet web", "nat-processing 111122223333 us-east-1 any web"],
    );
}

#[test]
fn what_comes_through_a_nat_gateway_is_processed_too() {
    let back = "nat: vpc-id=vpc-a az-id=use1-az2 region=us-east-1 interface-type=nat_gateway\n\
                nat in 198.51.100.7>10.0.1.220 700\nnat out 10.0.1.220>10.0.1.1 700 pkt-srcaddr=198.51.100.7\n\
                app in 198.51.100.7>10.0.1.1 700";
    check(back, &["nat-processing 111122223333 us-east-1 any app"]);
}

#[test]
fn an_unlogged_clients_charges_are_reported_by_the_nat_gateway() {
    let nat = NAT.replace("10.0.1.1", "10.0.1.7");
    let joined = world(5, &nat).networks(&[&format!("10.0.1.0/24,{ACCOUNT},vpc-a,,{REGION},use1-az2,,")]);
    let all = [
        "inter-zone-in 111122223333 us-east-1 same app",
        "inter-zone-out 111122223333 us-east-1 same app",
        "internet-egress 111122223333 us-east-1 internet app",
        "nat-processing 111122223333 us-east-1 any app",
    ];
    assert_eq!(charged(&joined), all);
}

#[test]
fn a_client_that_nobody_knows_is_not_taken_for_one_behind_a_transit_gateway() {
    let joined = world(5, &NAT.replace("10.0.1.1", "10.0.8.8"));
    assert_eq!(joined.join().traffic("bytes path via").iter().filter(|row| **row == "700 internet nat").count(), 1);
    let charges: Vec<String> = joined.join().charges("bytes charge payer_account");
    let all = ["700 internet-egress 111122223333", "700 nat-processing 111122223333"];
    assert_eq!(charges, all);
}

#[test]
fn what_an_unlogged_nat_gateway_processes_is_assumed() {
    let joined = world(5, "app out 10.0.1.1>198.51.100.7 700 traffic-path=1");
    let all = ["internet-egress 111122223333 us-east-1 internet app", "nat-processing 111122223333 us-east-1 any app"];
    assert_eq!(charged(&joined), all);
    assert!(joined.join().charges("charge assumed").iter().all(|row| !row.ends_with(" -")));
    let known = joined.inventory(&["nat vpc=vpc-a zone=use1-az1 at=10.0.0.220 role=nat"]);
    let zones = ["inter-zone-in 111122223333 us-east-1 same app", "inter-zone-out 111122223333 us-east-1 same app"];
    assert_eq!(charged(&known), [&zones[..], &all[..]].concat());
}

#[test]
fn a_logged_nat_gateway_that_names_no_client_is_charged_by_its_clients_flows() {
    let text = format!("{NAT}app out 10.0.1.1>198.51.100.7 700\napp out 10.0.1.1>10.0.9.8 1");
    let joined = world(2, &text).inventory(&[
        "nat vpc=vpc-a zone=use1-az1 at=10.0.0.220 role=nat",
        "app vpc=vpc-a zone=use1-az2 at=10.0.1.1",
        "web vpc=vpc-a zone=use1-az1 at=10.0.0.1",
    ]);
    let all = [
        "inter-zone-in 111122223333 us-east-1 same app",
        "inter-zone-out 111122223333 us-east-1 same app",
        "internet-egress 111122223333 us-east-1 internet app",
        "nat-processing 111122223333 us-east-1 any app",
    ];
    assert_eq!(charged(&joined), all);
}

#[test]
fn of_a_regional_nat_gateway_no_way_between_zones_is_charged() {
    let text = "-: vpc-id=vpc-a region=us-east-1 resource-id=nat-1 interface-type=regional_nat_gateway\n\
                - in 10.0.1.1>198.51.100.7 700\n- out 54.144.0.9>198.51.100.7 700\n\
                app out 10.0.1.1>198.51.100.7 700 traffic-path=1";
    let all = ["internet-egress 111122223333 us-east-1 internet app", "nat-processing 111122223333 us-east-1 any app"];
    for version in [5, 11] {
        assert_eq!(charged(&world(version, text)), all, "{version}");
    }
}

#[test]
fn a_central_nat_gateways_account_pays_and_the_client_bears_it() {
    let text = format!(
        "nat: vpc-id=vpc-h az-id=use1-az1 region=us-east-1 account-id={HUB} interface-type=nat_gateway\n\
         nat in 10.0.1.1>10.9.0.220 700 pkt-dstaddr=198.51.100.7\nnat out 10.9.0.220>198.51.100.7 700\n\
         app out 10.0.1.1>198.51.100.7 700 traffic-path=1"
    );
    check(
        &text,
        &[
            "internet-egress 444455556666 us-east-1 internet app",
            "nat-processing 444455556666 us-east-1 any app",
            "transit-gateway 111122223333 us-east-1 any app",
        ],
    );
}

#[test]
fn the_answer_through_a_central_nat_gateway_enters_the_transit_gateway_at_the_hub() {
    let text = format!(
        "nat: vpc-id=vpc-h az-id=use1-az1 region=us-east-1 account-id={HUB} interface-type=nat_gateway\n\
         nat in 198.51.100.7>10.9.0.220 700\nnat out 10.9.0.220>10.0.1.1 700 pkt-srcaddr=198.51.100.7\n\
         app in 198.51.100.7>10.0.1.1 700"
    );
    check(&text, &["nat-processing 444455556666 us-east-1 any app", "transit-gateway 444455556666 us-east-1 any app"]);
}

#[test]
fn an_hour_in_which_a_central_nat_gateway_is_not_logged_has_the_same_charges() {
    let text = format!(
        "nat: vpc-id=vpc-h az-id=use1-az1 region=us-east-1 account-id={HUB} interface-type=nat_gateway\n\
         nat in 10.0.1.1>10.9.0.220 5 pkt-dstaddr=198.51.100.7\nnat out 10.9.0.220>198.51.100.7 5\n\
         app out 10.0.1.1>198.51.100.7 5 traffic-path=1\napp out 10.0.1.1>198.51.100.7 700 traffic-path=1 @7200-7260"
    );
    check(
        &text,
        &[
            "internet-egress 444455556666 us-east-1 internet app",
            "nat-processing 444455556666 us-east-1 any app",
            "transit-gateway 111122223333 us-east-1 any app",
        ],
    );
}

#[test]
fn a_transit_gateway_is_charged_once_to_the_source_attachments_account() {
    check("web out 10.0.0.1>10.5.0.1 700 traffic-path=1", &["transit-gateway 111122223333 us-east-1 any web"]);
    check(
        "peer out 10.5.0.1>10.0.0.1 700 traffic-path=1\nweb in 10.5.0.1>10.0.0.1 700",
        &["transit-gateway 444455556666 us-east-1 any peer"],
    );
    let far = ["inter-region 111122223333 us-east-1 eu-west-1 web", "transit-gateway 111122223333 us-east-1 any web"];
    check("web out 10.0.0.1>10.7.0.1 700 traffic-path=1", &far);
}

#[test]
fn an_interface_endpoint_processes_both_directions_and_no_zones() {
    let text = "queue: vpc-id=vpc-a az-id=use1-az2 region=us-east-1 interface-type=vpc_endpoint\n\
                queue out 10.0.2.100>10.0.0.9 1\n";
    let there = format!("{text}web out 10.0.0.1>10.0.2.100 700 traffic-path=1");
    let back = format!("{text}queue out 10.0.2.100>10.0.0.1 700");
    for lines in [there, back] {
        assert_eq!(charged(&world(11, &lines)), ["endpoint-processing 111122223333 us-east-1 any web"], "{lines}");
    }
}

#[test]
fn a_site_by_direct_connect_is_charged_by_its_location() {
    let sent = "web out 10.0.0.1>172.20.0.9 700 traffic-path=3";
    let joined = world(5, sent).networks(&["172.20.0.0/16,,,,,,office,dx:EqDC2"]);
    assert_eq!(charged(&joined), ["direct-connect 111122223333 us-east-1 EqDC2 web"]);
    let joined = world(5, sent).networks(&["172.20.0.0/16,,,,,,branch,vpn"]);
    assert_eq!(charged(&joined), ["internet-egress 111122223333 us-east-1 internet web"]);
    check(sent, &["internet-egress 111122223333 us-east-1 internet web"]);
    let received = world(5, "web in 172.20.0.9>10.0.0.1 700").networks(&["172.20.0.0/16,,,,,,office,dx:EqDC2"]);
    assert_eq!(charged(&received), Vec::<String>::new());
}

#[test]
fn ipv6_to_another_vpc_of_the_region_is_over_public_addresses() {
    let text = "a: vpc-id=vpc-a az-id=use1-az1 region=us-east-1\nb: vpc-id=vpc-b az-id=use1-az2 region=us-east-1\n\
                a out 2600:1f18::1>2600:1f18:8000::1 700 traffic-path=8\nb in 2600:1f18::1>2600:1f18:8000::1 700\n\
                b out 2600:1f18:8000::1>2600:1f18:8000::9 1";
    let rows: Vec<String> = charged(&World::of(5, text));
    let halves = ["public-address-in 111122223333 us-east-1 same", "public-address-out 111122223333 us-east-1 same"];
    assert_eq!(rows.iter().map(|row| row.rsplit_once(' ').unwrap().0).collect::<Vec<_>>(), halves);
}

#[test]
fn a_charge_can_be_put_to_the_other_end() {
    let lines = "web out 10.0.0.1>10.0.1.1 700 traffic-path=1";
    for (charge_to, bearer) in [(ChargeTo::Sender, "web"), (ChargeTo::Receiver, "app")] {
        let world = World { charge_to, ..world(5, lines) };
        let rows = charged(&world);
        assert!(rows.len() == 2 && rows.iter().all(|row| row.ends_with(bearer)), "{rows:?}");
    }
}

#[test]
fn what_a_receiver_refuses_is_charged_as_what_it_takes() {
    let halves = ["inter-zone-in 111122223333 us-east-1 same app", "inter-zone-out 111122223333 us-east-1 same web"];
    check("web out 10.0.0.1>10.0.1.1 700 traffic-path=1\napp in 10.0.0.1>10.0.1.1 700 REJECT", &halves);
    check("web out 10.0.0.1>10.0.1.1 700 REJECT", &[]);
}

#[test]
fn owners_are_those_of_the_hour() {
    let text = "eni-1: vpc-id=vpc-a\neni-1 out 10.0.0.1>198.51.100.7 700 traffic-path=8\n\
                eni-1 out 10.0.0.1>198.51.100.7 700 traffic-path=8 @7200-7260";
    let tags = ["eni-1,old,,2026-10-01T02:00:00Z", "eni-1,new,2026-10-01T02:00:00Z,"];
    let joined = World::of(5, text).tags(&tags).join();
    assert_eq!(joined.charges("owner"), ["new", "old"]);
    assert_eq!(joined.traffic("src_owner dst_owner"), ["new (external)", "old (external)"]);
}

#[test]
fn ends_without_an_owner_are_unallocated_or_external() {
    let text = "web: vpc-id=vpc-a\nweb out 10.0.0.1>198.51.100.7 700 traffic-path=8\nweb in 198.51.100.8>10.0.0.1 700";
    let joined = World::of(5, text).tags(&["198.51.100.8,partner,,"]).join();
    assert_eq!(joined.traffic("src_owner dst_owner"), ["(unallocated) (external)", "partner (unallocated)"]);
}

/// A client, and NAT gateways of a public address by their names and private addresses.
fn nats(version: u8, lines: &str, gateways: &[(&str, &str)]) -> World {
    let mut inventory = vec!["web vpc=vpc-a zone=use1-az1 at=10.0.0.1".to_owned()];
    let one = |(name, address): &(&str, &str)| {
        format!("{name} vpc=vpc-a zone=use1-az2 at={address} public=54.144.0.1 role=nat")
    };
    inventory.extend(gateways.iter().map(one));
    World::of(version, lines).inventory(&inventory.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn traffic_that_no_gateway_of_the_vpc_logged_passed_none() {
    let seen = |name: &str, own: &str, peer: &str| {
        format!("\n{name} in 10.0.0.2>{own} 1 pkt-dstaddr={peer}\n{name} out {own}>{peer} 1")
    };
    let both = seen("nat", "10.0.9.1", "198.51.100.7") + &seen("nat2", "10.0.9.2", "198.51.100.8");
    let gateways = [("nat", "10.0.9.1"), ("nat2", "10.0.9.2")];
    let charges = |lines: &str| {
        let rows = nats(3, lines, &gateways).join().charges("bytes charge");
        rows.into_iter().filter(|row| row.starts_with("700 ")).collect::<Vec<_>>()
    };
    assert_eq!(charges(&format!("web out 10.0.0.1>3.5.0.1 700{both}")), Vec::<String>::new());
    // One that is not logged may have passed it.
    let one = seen("nat", "10.0.9.1", "198.51.100.7");
    assert_eq!(charges(&format!("web out 10.0.0.1>3.5.0.1 700{one}")), ["700 nat-processing"]);
}

#[test]
fn the_leg_to_a_gateway_names_its_client_without_packet_addresses() {
    let lines = "nat in 10.0.0.1>10.0.9.1 700\nnat out 10.0.9.1>198.51.100.7 700\n\
                 nat in 198.51.100.7>10.0.9.1 500\nnat out 10.0.9.1>10.0.0.1 500";
    let rows = nats(2, lines, &[("nat", "10.0.9.1")]).join().charges("bytes charge src dst");
    let expected = [
        "500 inter-zone-in 10.0.9.1 10.0.0.1",
        "500 inter-zone-out 10.0.9.1 10.0.0.1",
        "500 nat-processing 10.0.9.1 10.0.0.1",
        "700 inter-zone-in 10.0.0.1 10.0.9.1",
        "700 inter-zone-out 10.0.0.1 10.0.9.1",
        "700 nat-processing 10.0.0.1 10.0.9.1",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_logged_client_is_charged_by_the_gateways_records_if_they_show_the_outside() {
    let client = "web out 10.0.0.1>198.51.100.7 700\n";
    let charges = |version, gateway: &str| {
        let world = nats(version, &format!("{client}{gateway}"), &[("nat", "10.0.9.1")]);
        let rows = world.join().charges("bytes charge dst").into_iter();
        rows.filter(|row| row.contains("nat-processing")).collect::<Vec<_>>()
    };
    let shown = "nat in 10.0.0.1>10.0.9.1 700 pkt-dstaddr=198.51.100.7\nnat out 10.0.9.1>198.51.100.7 700";
    assert_eq!(charges(3, shown), ["700 nat-processing 198.51.100.7"]);
    let hidden = "nat in 10.0.0.1>10.0.9.1 700\nnat out 10.0.9.1>198.51.100.7 700";
    assert_eq!(charges(2, hidden), ["700 nat-processing 198.51.100.7"]);
}
