//! The VPC of an address, and its attributes: section 5.

use super::*;

/// Two VPCs with one network, and a third.
const OVERLAP: &str = "a1: vpc-id=vpc-a az-id=use1-az1\na2: vpc-id=vpc-a az-id=use1-az2\nb2: vpc-id=vpc-b az-id=use1-az1\n\
                       c1: vpc-id=vpc-c az-id=use1-az1\na1 out 10.0.0.1>10.0.9.9 1\na2 out 10.0.0.2>10.0.9.9 1\n\
                       b2 out 10.0.0.2>10.0.9.9 1\nc1 out 10.9.0.1>10.9.9.9 1\n";

/// The counted rows of a world with more records, but for those above.
fn rows(version: u8, records: &str, columns: &str) -> Vec<String> {
    let joined = World::of(version, &format!("{OVERLAP}{records}")).join();
    let rows = joined.traffic(&format!("bytes {columns}")).into_iter();
    rows.filter_map(|row| row.strip_prefix("700 ").map(str::to_owned)).collect()
}

#[test]
fn an_address_is_of_the_records_own_vpc_if_that_has_it() {
    let sent = "a1 out 10.0.0.1>10.0.0.2 700 traffic-path=1";
    assert_eq!(rows(5, sent, "src_vpc dst_vpc dst_interface path"), ["vpc-a vpc-a a2 cross-zone"]);
}

#[test]
fn an_address_that_nobody_has_is_of_the_own_vpc_by_traffic_path_1() {
    assert_eq!(rows(5, "a1 out 10.0.0.1>10.0.7.7 700 traffic-path=1", "dst_vpc"), ["vpc-a"]);
    assert_eq!(rows(5, "a1 out 10.0.0.1>10.0.7.7 700 traffic-path=4", "dst_vpc"), ["-"]);
}

#[test]
fn an_address_in_several_other_vpcs_is_of_the_one_that_logged_the_other_view() {
    let both = "c1 out 10.9.0.1>10.0.0.2 700 traffic-path=1\nb2 in 10.9.0.1>10.0.0.2 700";
    assert_eq!(rows(5, both, "src_vpc dst_vpc"), ["vpc-c vpc-b"]);
}

#[test]
fn an_address_in_one_other_vpc_is_of_that() {
    assert_eq!(rows(5, "c1 out 10.9.0.1>10.0.0.1 700 traffic-path=1", "dst_vpc dst_interface"), ["vpc-a a1"]);
}

#[test]
fn an_address_in_several_other_vpcs_that_nobody_else_saw_is_of_none() {
    let sent = "c1 out 10.9.0.1>10.0.0.2 700 traffic-path=1";
    assert_eq!(rows(5, sent, "dst_vpc dst_interface dst_location path"), ["- - private-unknown unknown"]);
}

#[test]
fn who_answers_from_an_overlapping_network_is_no_duplicate_of_its_namesake() {
    // vpc-c is connected with vpc-b only; vpc-a, which has the address too, logs no such flow.
    let received = "c1 in 10.0.0.2>10.9.0.1 700\nb2 out 10.0.0.2>10.9.0.1 700 traffic-path=1";
    assert_eq!(rows(5, received, "src_vpc src_interface"), ["vpc-b b2"]);
}

#[test]
fn a_network_table_shows_vpc_subnet_zone_and_name() {
    let joined = World::of(2, "web 10.0.0.1>10.0.1.1 700\nweb 10.0.0.1>10.0.0.9 1")
        .networks(&[
            &format!("10.0.0.0/16,{ACCOUNT},vpc-a,,{REGION},,shop,"),
            &format!("10.0.0.0/24,{ACCOUNT},vpc-a,subnet-a,{REGION},use1-az1,,"),
            &format!("10.0.1.0/24,{ACCOUNT},vpc-a,subnet-b,{REGION},use1-az2,database,"),
        ])
        .join();
    let rows = joined.traffic("bytes src_vpc src_subnet src_zone dst_subnet dst_zone dst_location path");
    assert_eq!(rows[1], "700 vpc-a subnet-a use1-az1 subnet-b use1-az2 database cross-zone");
}

#[test]
fn own_fields_go_before_the_network_table() {
    let joined = World::of(
        5,
        "web: vpc-id=vpc-a az-id=use1-az4 subnet-id=subnet-x\nweb out 10.0.0.1>10.0.1.1 700 traffic-path=1",
    )
    .networks(&[&format!("10.0.0.0/16,{ACCOUNT},vpc-a,subnet-a,{REGION},use1-az1,,")])
    .join();
    assert_eq!(joined.traffic("src_subnet src_zone dst_zone"), ["subnet-x use1-az4 use1-az1"]);
}

#[test]
fn the_region_is_the_fields_else_the_keys_else_the_zones() {
    let region = |at: &str, key: &'static str| {
        let text = format!("web: {at}\nweb out 10.0.0.1>198.51.100.7 700 traffic-path=8");
        World::default().log_at((ACCOUNT, key), "fl-1", 5, &text).join().traffic("src_region")
    };
    assert_eq!(region("region=eu-west-1 az-id=use1-az1", "ap-south-1"), ["eu-west-1"]);
    assert_eq!(region("az-id=use1-az1", "ap-south-1"), ["ap-south-1"]);
}

#[test]
fn the_account_is_the_fields_else_that_of_others_in_the_vpc() {
    let joined = |lines: &str| {
        let text = format!("lb: vpc-id=vpc-a account-id=unknown\nweb: vpc-id=vpc-a account-id=444455556666\n{lines}");
        World::of(5, &text).join().traffic("src src_account")
    };
    let balancer = "lb out 10.0.0.9>198.51.100.7 700 traffic-path=8\n";
    assert_eq!(
        joined(&format!("{balancer}web out 10.0.0.1>198.51.100.7 1 traffic-path=8"))[1],
        "10.0.0.9 444455556666"
    );
    assert_eq!(joined(balancer), ["10.0.0.9 -"]);
}

#[test]
fn the_account_of_a_record_without_one_is_that_of_the_key() {
    let text = "web: vpc-id=vpc-a account-id=-\nweb out 10.0.0.1>198.51.100.7 700 traffic-path=8";
    assert_eq!(World::of(5, text).join().traffic("src_account"), [ACCOUNT]);
}

#[test]
fn aws_ranges_show_what_a_public_address_is() {
    let place = |address: &str| {
        let text = format!("web: vpc-id=vpc-a region=us-east-1\nweb out 10.0.0.1>{address} 700 traffic-path=8");
        World::of(5, &text).join().traffic("dst_location dst_region")
    };
    assert_eq!(place("3.5.0.1"), ["S3 us-east-1"]);
    assert_eq!(place("52.218.0.1"), ["S3 eu-west-1"]);
    assert_eq!(place("54.144.0.1"), ["external EC2 us-east-1"]);
    assert_eq!(place("13.224.0.1"), ["CLOUDFRONT -"]);
    assert_eq!(place("198.51.100.7"), ["internet -"]);
    for private in ["10.77.0.1", "100.64.0.1", "192.168.0.1", "172.16.0.1", "fd00::1"] {
        assert_eq!(place(private), ["private-unknown -"], "{private}");
    }
}

#[test]
fn a_site_in_the_network_table_has_its_name() {
    let joined = World::of(5, "web: vpc-id=vpc-a\nweb out 10.0.0.1>172.20.0.9 700 traffic-path=3")
        .networks(&["172.20.0.0/16,,,,,,office,dx:EqDC2"])
        .join();
    assert_eq!(joined.traffic("dst_location dst_vpc path assumed"), ["office - on-premises -"]);
}

#[test]
fn next_hops_show_of_the_other_end_where_it_is_one() {
    let text = "web: vpc-id=vpc-a az-id=use1-az1\n\
                web out 10.0.0.1>10.0.1.1 700 traffic-path=1 next-hop-vpc-id=vpc-a next-hop-az-id=use1-az2";
    assert_eq!(World::of(11, text).join().traffic("dst_vpc dst_zone path"), ["vpc-a use1-az2 cross-zone"]);
}

#[test]
fn zones_go_by_their_ids_alone() {
    let world = World::of(2, "web 10.0.0.1>10.0.1.1 700\nweb 10.0.0.1>10.0.0.9 1");
    let joined = world.inventory(&["web vpc=vpc-a at=10.0.0.1", "app vpc=vpc-a at=10.0.1.1"]).join();
    assert_eq!(joined.traffic("bytes src_zone dst_zone path")[1], "700 - - same-region");
}

#[test]
fn two_vpcs_that_hold_the_same_address_are_two_ends() {
    let text = "a: vpc-id=vpc-a\nb: vpc-id=vpc-b\na out 10.0.0.1>198.51.100.7 700 traffic-path=8\n\
                b out 10.0.0.1>198.51.100.7 90 traffic-path=8";
    assert_eq!(World::of(5, text).join().traffic("src src_vpc bytes"), ["10.0.0.1 vpc-a 700", "10.0.0.1 vpc-b 90"]);
}

#[test]
fn a_neighbour_with_the_address_of_another_vpc_is_no_duplicate_and_not_reached_by_a_gateway() {
    let world = |more: &str| {
        let text = "a: vpc-id=vpc-a az-id=use1-az1\nb: vpc-id=vpc-b az-id=use1-az2\n\
                    a out 10.0.1.5>10.0.1.9 1 traffic-path=1\na out 10.0.1.5>10.0.1.9 1 @0-50 traffic-path=1\n\
                    b in 10.0.1.5>10.0.2.7 700 @10-40\nb out 10.0.2.7>10.0.1.5 800 @10-40 traffic-path=1\n";
        let rows = World::of(5, &format!("{text}{more}")).join().traffic("bytes src_vpc dst_vpc path").into_iter();
        rows.filter(|row| row.starts_with('7') || row.starts_with('8')).collect::<Vec<_>>()
    };
    let near = ["700 vpc-b vpc-b same-region", "800 vpc-b vpc-b same-region"];
    assert_eq!(world(""), near);
    // Who has the address in vpc-a talks to others, and was logged then.
    assert_eq!(world("a in 10.9.9.9>10.0.1.5 5 @10-40\na out 10.0.1.5>10.9.9.9 5 @10-40 traffic-path=1\n"), near);
    // Its own view of the conversation shows who it is.
    let far = ["800 vpc-b vpc-a transit-gateway"];
    assert_eq!(world("a out 10.0.1.5>10.0.2.7 3 @10-40 traffic-path=1\n"), far);
    assert_eq!(world("a out 10.0.1.5>10.0.2.7 3 @30-60 traffic-path=1\n"), far, "at any time");
    // What is received need not be logged: a record of it changes nothing.
    assert_eq!(world("a in 10.0.2.7>10.0.1.5 3 @10-40\n"), near);
    // What got no answer proves nothing: it may have been rejected there, and rejected records may not be logged.
    let text =
        "a: vpc-id=vpc-a\nb: vpc-id=vpc-b\na out 10.0.1.5>10.0.1.9 1\nb out 10.0.2.7>10.0.1.5 800 traffic-path=1\n";
    assert!(World::of(5, text).join().traffic("bytes dst_vpc").contains(&"800 vpc-a".to_owned()));
    // Nor does silence of one that was not logged then.
    let text = "a: vpc-id=vpc-a\nb: vpc-id=vpc-b\na out 10.0.1.5>10.0.1.9 1 @3000-3060\n\
                b in 10.0.1.5>10.0.2.7 700\nb out 10.0.2.7>10.0.1.5 800 traffic-path=1\n";
    assert!(World::of(5, text).join().traffic("bytes dst_vpc").contains(&"800 vpc-a".to_owned()));
}

#[test]
fn a_neighbour_by_traffic_path_is_of_the_own_vpc_in_both_directions() {
    let text =
        "b: vpc-id=vpc-b az-id=use1-az2\nb in 10.0.2.66>10.0.2.7 700\nb out 10.0.2.7>10.0.2.66 800 traffic-path=1\n";
    let rows = World::of(5, text).join().traffic("bytes src_vpc dst_vpc path");
    assert_eq!(rows, ["700 vpc-b vpc-b same-region", "800 vpc-b vpc-b same-region"]);
}
