//! Each byte once: sections 2 and 4.

use super::*;

const PAIR: &str =
    "web: vpc-id=vpc-a az-id=use1-az1 instance-id=i-1\napp: vpc-id=vpc-a az-id=use1-az2 instance-id=i-2\n";

fn pair(lines: &str) -> World {
    World::of(5, &format!("{PAIR}{lines}"))
}

#[test]
fn a_flow_that_both_ends_logged_counts_at_its_sender() {
    let joined = pair("web out 10.0.0.1>10.0.1.1 700\napp in 10.0.0.1>10.0.1.1 700").join();
    assert_eq!(joined.traffic("src dst bytes count_rule"), ["10.0.0.1 10.0.1.1 700 at the sender"]);
    assert_eq!(joined.class(Class::Counted), (1, 700));
    assert_eq!(joined.class(Class::Deduplicated), (1, 700));
}

#[test]
fn a_flow_whose_sender_is_not_logged_counts_at_its_receiver() {
    let joined = pair("app in 10.0.0.1>10.0.1.1 700\napp out 10.0.1.1>10.0.0.1 50").join();
    let rows =
        ["10.0.0.1 10.0.1.1 700 at the receiver: the sender is not logged", "10.0.1.1 10.0.0.1 50 at the sender"];
    assert_eq!(joined.traffic("src dst bytes count_rule"), rows);
}

#[test]
fn a_sender_is_logged_from_a_minute_before_its_first_record_to_a_minute_after_its_last() {
    for (start, duplicate) in [(939, false), (940, true), (1000, true), (1120, true), (1121, false)] {
        let received = format!("app in 10.0.0.1>10.0.1.1 700 @{start}-{}", start + 20);
        let joined = pair(&format!("web out 10.0.0.1>10.0.1.9 5 @1000-1060\n{received}")).join();
        let class = if duplicate { Class::Deduplicated } else { Class::Counted };
        assert_eq!(joined.account[class].bytes, if duplicate { 700 } else { 705 }, "{start}");
    }
}

#[test]
fn a_record_that_starts_while_its_sender_is_logged_is_a_duplicate_wherever_it_ends() {
    let world = pair("web out 10.0.0.1>10.0.1.1 300 @1000-1060\napp in 10.0.0.1>10.0.1.1 700 @1100-1700");
    let joined = world.join();
    assert_eq!(joined.class(Class::Counted), (1, 300));
    assert_eq!(joined.class(Class::Deduplicated), (1, 700));
    assert_eq!(joined.boundary, Tally::default());
}

#[test]
fn a_quiet_interface_is_logged() {
    let lines = "web out 10.0.0.1>10.0.1.9 5 @0-60\nweb NODATA @3000-3060\napp in 10.0.0.1>10.0.1.1 700 @3000-3060";
    assert_eq!(pair(lines).join().class(Class::Deduplicated), (1, 700));
    let lines = "web out 10.0.0.1>10.0.1.9 5 @0-60\napp in 10.0.0.1>10.0.1.1 700 @3000-3060";
    assert_eq!(pair(lines).join().class(Class::Deduplicated), (0, 0));
}

#[test]
fn between_two_records_an_interface_is_logged_however_quiet() {
    let lines = "web out 10.0.0.1>10.0.1.9 5 @0-60\nweb out 10.0.0.1>10.0.1.9 5 @86000-86060\n\
                 app in 10.0.0.1>10.0.1.1 700 @40000-40060";
    assert_eq!(pair(lines).join().class(Class::Deduplicated), (1, 700));
}

#[test]
fn a_sender_is_not_logged_where_its_records_were_lost() {
    let lines = "web out 10.0.0.1>10.0.1.9 5 @0-60\nweb SKIPDATA @600-1200\nweb out 10.0.0.1>10.0.1.9 5 @7200-7260\n";
    for (start, duplicate) in [(599, true), (600, false), (1200, false), (1201, true)] {
        let joined = pair(&format!("{lines}app in 10.0.0.1>10.0.1.1 700 @{start}-{start}")).join();
        assert_eq!(joined.class(Class::Deduplicated), if duplicate { (1, 700) } else { (0, 0) }, "{start}");
        assert_eq!(joined.class(Class::SkipData), (1, 0));
    }
}

#[test]
fn lost_records_alone_do_not_make_a_span() {
    let lines = "web SKIPDATA @0-3600\nweb out 10.0.0.1>10.0.1.9 5 @7200-7260\napp in 10.0.0.1>10.0.1.1 700 @3700-3700";
    assert_eq!(pair(lines).join().class(Class::Deduplicated), (0, 0));
}

/// The sender's flow log begins in the middle of an hour.
const EDGE: &str = "web out 10.0.0.1>10.0.1.1 300 @1800-1860 srcport=1\nweb out 10.0.0.1>10.0.1.1 300 @1800-1860 srcport=2\n\
                    web NODATA @3000-3060\n\
                    app in 10.0.0.1>10.0.1.1 500 @600-660 srcport=1\napp in 10.0.0.1>10.0.1.1 500 @600-660 srcport=2\n\
                    app in 10.0.0.1>10.0.1.1 300 @1800-1860 srcport=1\napp in 10.0.0.1>10.0.1.1 300 @1800-1860 srcport=2";

#[test]
fn at_the_edge_of_a_span_the_receivers_bytes_count_that_the_sender_did_not_log() {
    let joined = pair(EDGE).join();
    assert_eq!((joined.class(Class::Counted), joined.class(Class::Deduplicated)), ((6, 1600), (0, 600)));
    assert_eq!((joined.boundary.records, joined.boundary.bytes), (4, 1000));
    let rows = joined.traffic("bytes packets record_count count_rule");
    assert_eq!(rows, ["1000 2 4 by difference from the preceding vantage", "600 2 2 at the sender"]);
}

#[test]
fn what_counts_at_an_edge_does_not_depend_on_what_else_records_are_grouped_by() {
    let whole = pair(EDGE).join();
    // By the minute some of the receiver's rows lie wholly before the edge, and some wholly after.
    for passthrough in [vec![Column::Srcport], vec![Column::Minute], vec![Column::Start, Column::Srcport]] {
        let joined = World { passthrough, ..pair(EDGE) }.join();
        assert_eq!((&joined.account, &joined.boundary), (&whole.account, &whole.boundary));
        let received = joined.traffic("count_rule bytes").into_iter().filter(|row| row.starts_with("by difference"));
        let bytes = received.map(|row| row.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap());
        assert_eq!(bytes.sum::<u64>(), 1000);
    }
}

#[test]
fn many_records_of_others_change_nothing_at_an_edge() {
    let related = |joined: &Joined| -> Vec<BTreeMap<&'static str, String>> {
        joined.rows.iter().filter(|row| !row["src"].starts_with("10.77.")).cloned().collect()
    };
    let others: String = (0..20_000u32)
        .map(|n| format!("zulu out 10.77.{}.{}>10.77.255.1 {n} @{}-{}\n", n / 250, n % 250, n % 3600, n % 3600 + 60))
        .collect();
    let joined = pair(&format!("zulu: vpc-id=vpc-z\n{EDGE}\n{others}")).join();
    assert_eq!(related(&pair(EDGE).join()), related(&joined));
}

#[test]
fn shares_of_what_counts_at_an_edge_add_up() {
    let mut lines = EDGE.replace("500", "501");
    (0..7).for_each(|port| lines += &format!("\napp in 10.0.0.1>10.0.1.1 {} @700-760 srcport={port}", 7 * port + 1));
    let bytes: u128 = 2 * (501 + 300) + (0..7).map(|port| 7 * port + 1).sum::<u128>();
    let world = World { passthrough: vec![Column::Srcport, Column::Minute], ..pair(&lines) };
    for joined in [world.join(), pair(&lines).join()] {
        assert_eq!(joined.account[Class::Counted].bytes, bytes);
        assert_eq!(joined.account[Class::Deduplicated].bytes, 600);
    }
}

#[test]
fn of_what_a_sender_lost_inside_of_an_hour_the_receivers_difference_counts() {
    let at = |interface: &str, start: u32, bytes: u32| {
        let route = if interface == "web" { "out" } else { "in" };
        format!("{interface} {route} 10.0.0.1>10.0.1.1 {bytes} @{start}-{start}\n")
    };
    let sent = [at("web", 60, 100), "web SKIPDATA @600-1200\n".to_owned(), at("web", 3000, 300)].concat();
    let received = [at("app", 60, 100), at("app", 900, 200), at("app", 3000, 300)].concat();
    for passthrough in [vec![], vec![Column::Minute]] {
        let joined = World { passthrough, ..pair(&format!("{sent}{received}")) }.join();
        assert_eq!((joined.account[Class::Counted].bytes, joined.account[Class::Deduplicated].bytes), (600, 400));
    }
}

#[test]
fn an_address_that_is_handed_over_inside_of_an_hour_is_logged_by_both() {
    let lines = "old: vpc-id=vpc-a\nnew: vpc-id=vpc-a\nold out 10.0.0.1>10.0.1.1 100 @60-120\n\
                 new out 10.0.0.1>10.0.1.1 300 @1800-1860\nnew NODATA @3000-3060\n";
    for (start, bytes, counted) in [(60, 100, 400), (900, 50, 450), (1800, 300, 400)] {
        let joined = pair(&format!("{lines}app in 10.0.0.1>10.0.1.1 {bytes} @{start}-{start}")).join();
        assert_eq!(joined.account[Class::Counted].bytes, counted, "{start}");
    }
    let all = "app in 10.0.0.1>10.0.1.1 100 @60-60\napp in 10.0.0.1>10.0.1.1 50 @900-900\napp in 10.0.0.1>10.0.1.1 300 @1800-1800";
    for passthrough in [vec![], vec![Column::Minute]] {
        let joined = World { passthrough, ..pair(&format!("{lines}{all}")) }.join();
        assert_eq!((joined.account[Class::Counted].bytes, joined.account[Class::Deduplicated].bytes), (450, 400));
    }
}

#[test]
fn in_an_hour_an_address_belongs_to_the_interface_that_was_logged_longest() {
    let lines = "old: vpc-id=vpc-a\nnew: vpc-id=vpc-a\nold out 10.0.0.1>10.0.9.9 1 @60-120\n\
                 new out 10.0.0.1>10.0.9.9 1 @1800-1860\nnew NODATA @3000-3060\n";
    let joined = pair(&format!("{lines}app out 10.0.1.1>10.0.0.1 70 @60-120")).join();
    let rows = joined.traffic("bytes src_interface dst_interface");
    assert_eq!(rows, ["1 new -", "1 old -", "70 app new"]);
}

#[test]
fn where_a_better_flow_log_begins_inside_of_an_hour_the_others_difference_counts() {
    let sent = |start: u32, bytes: u32| format!("web out 10.0.0.1>10.0.1.9 {bytes} @{start}-{start}\n");
    let better = format!("{PAIR}{}", sent(1800, 700));
    let other = format!("{PAIR}{}{}", sent(600, 200), sent(1800, 700));
    for passthrough in [vec![], vec![Column::Minute]] {
        let world = World { passthrough, ..World::default() };
        let joined = world.log("fl-1", 5, &better).log("fl-2", 5, &other).join();
        assert_eq!((joined.account[Class::Counted].bytes, joined.account[Class::Deduplicated].bytes), (900, 700));
    }
}

#[test]
fn where_a_clients_span_begins_inside_of_an_hour_the_gateways_difference_counts() {
    let nat = "nat: vpc-id=vpc-a az-id=use1-az1 interface-type=nat_gateway\n\
               nat in 10.0.1.1>10.0.0.220 200 pkt-dstaddr=198.51.100.7 @600-660\n\
               nat in 10.0.1.1>10.0.0.220 700 pkt-dstaddr=198.51.100.7 @1800-1860\n";
    let client = "app out 10.0.1.1>198.51.100.7 700 traffic-path=1 @1800-1860\napp NODATA @3000-3060";
    for passthrough in [vec![], vec![Column::Minute]] {
        let joined = World { passthrough, ..pair(&format!("{nat}{client}")) }.join();
        assert_eq!((joined.account[Class::Counted].bytes, joined.account[Class::Transit].bytes), (900, 700));
        let processed = joined
            .charges("charge bytes")
            .into_iter()
            .filter_map(|row| row.strip_prefix("nat-processing ").map(|bytes| bytes.parse::<u64>().unwrap()));
        assert_eq!(processed.sum::<u64>(), 900);
    }
}

#[test]
fn where_a_gateway_lost_records_inside_of_an_hour_it_is_charged_for_the_flows_difference() {
    let at = |start: u32, bytes: u32| format!("{bytes} pkt-dstaddr=198.51.100.7 @{start}-{start}\n");
    let nat = |start: u32, bytes: u32| format!("nat in 10.0.1.1>10.0.0.220 {}", at(start, bytes));
    let lost = "nat: vpc-id=vpc-a az-id=use1-az1 interface-type=nat_gateway\nnat SKIPDATA @600-1200\n";
    let gateway = format!("{lost}{}{}", nat(60, 100), nat(3000, 300));
    let sent =
        |start: u32, bytes: u32| format!("app out 10.0.1.1>198.51.100.7 {bytes} traffic-path=1 @{start}-{start}\n");
    let client = format!("{}{}{}", sent(60, 100), sent(900, 200), sent(3000, 300));
    for passthrough in [vec![], vec![Column::Minute]] {
        let joined = World { passthrough, ..pair(&format!("{gateway}{client}")) }.join();
        let of = |is_assumed: bool| -> u64 {
            let rows = joined.charges("charge bytes assumed").into_iter();
            let rows = rows.filter(|row| row.starts_with("nat-processing ") && row.ends_with(" -") != is_assumed);
            rows.map(|row| row.split(' ').nth(1).unwrap().parse::<u64>().unwrap()).sum()
        };
        assert_eq!((of(false), of(true)), (400, 200));
    }
}

#[test]
fn where_a_gateways_better_flow_log_begins_inside_of_an_hour_it_is_charged_once() {
    let nat = "nat: vpc-id=vpc-a az-id=use1-az1 interface-type=nat_gateway\n";
    let at = |start: u32, bytes: u32| {
        format!("nat in 10.0.1.1>10.0.0.220 {bytes} pkt-dstaddr=198.51.100.7 @{start}-{start}\n")
    };
    for passthrough in [vec![], vec![Column::Minute]] {
        let world = World { passthrough, ..World::default() };
        let world = world.log("fl-1", 5, &format!("{PAIR}{nat}{}", at(1800, 700)));
        let joined = world.log("fl-2", 5, &format!("{PAIR}{nat}{}{}", at(600, 200), at(1800, 700))).join();
        let processed = joined
            .charges("charge bytes")
            .into_iter()
            .filter_map(|row| row.strip_prefix("nat-processing ").map(|bytes| bytes.parse::<u64>().unwrap()));
        assert_eq!(processed.sum::<u64>(), 900);
    }
}

#[test]
fn columns_that_ride_along_keep_their_values() {
    let lines = "web out 10.0.0.1>10.0.1.1 300 srcport=7 dstport=9 tcp-flags=2 type=IPv4";
    let passthrough = vec![Column::Srcport, Column::TcpFlags, Column::Minute, Column::Port, Column::Type];
    let world = World { passthrough, ..pair(lines) };
    let minute = MIDNIGHT + 60;
    assert_eq!(world.join().traffic("srcport tcp_flags minute port type"), [format!("7 2 {minute} 9 IPv4")]);
}

#[test]
fn what_was_rejected_moves_no_edge() {
    let world = pair(
        "web out 10.0.0.1>10.0.1.1 300 @1800-1860\nweb NODATA @3000-3060\n\
         app in 10.0.0.1>10.0.1.1 40 REJECT @600-660\napp in 10.0.0.1>10.0.1.1 700 @1800-1860",
    );
    let joined = world.join();
    assert_eq!(joined.class(Class::Counted), (1, 300));
    assert_eq!(joined.class(Class::Deduplicated), (1, 700));
    assert_eq!(joined.class(Class::Rejected), (1, 40));
}

#[test]
fn an_address_belongs_to_the_interface_that_held_it_then() {
    let lines = "old: vpc-id=vpc-a\nnew: vpc-id=vpc-a\nold out 10.0.0.1>10.0.9.9 1 @0-60\nold NODATA @3000-3060\n\
                 new out 10.0.0.1>10.0.9.9 1 @7200-7260\nnew NODATA @9000-9060\n";
    for (start, holder, counted) in [(60, "old", false), (5000, "-", true), (8000, "new", false)] {
        let joined = pair(&format!("{lines}app in 10.0.0.1>10.0.1.1 700 @{start}-{start}")).join();
        let bytes = joined.account[Class::Counted].bytes;
        assert_eq!(bytes, if counted { 702 } else { 2 }, "{start}");
        let received = joined.traffic("dst src_interface").into_iter().find(|row| row.starts_with("10.0.1.1 "));
        assert_eq!(received, counted.then(|| format!("10.0.1.1 {holder}")), "{start}");
    }
}

#[test]
fn of_two_flow_logs_of_an_interface_the_one_with_more_fields_counts() {
    let lines = "web out 10.0.0.1>10.0.1.9 700";
    let joined = World::default().log("fl-1", 2, lines).log("fl-2", 5, &format!("{PAIR}{lines}")).join();
    assert_eq!((joined.class(Class::Counted), joined.class(Class::Deduplicated)), ((1, 700), (1, 700)));
    assert_eq!(joined.traffic("count_rule direction_rule"), ["at the sender by the record"]);
}

#[test]
fn packet_addresses_are_fields_too() {
    let lines = "pod out 10.0.0.1>10.0.1.9 700 pkt-srcaddr=10.0.0.77";
    let pod = "pod: vpc-id=vpc-a instance-id=i-1\n";
    let joined = World::default().log("fl-1", 2, lines).log("fl-2", 3, &format!("{pod}{lines}")).join();
    assert_eq!(joined.traffic("src bytes"), ["10.0.0.77 700"]);
}

#[test]
fn of_two_flow_logs_with_the_same_fields_the_one_with_the_lowest_id_counts() {
    let lines = format!("{PAIR}web out 10.0.0.1>10.0.1.9 700\napp in 10.9.0.1>10.0.1.1 50");
    let world = |one, other| World::default().log(one, 5, &lines).log(other, 5, &lines).join();
    let joined = world("fl-2", "fl-1");
    assert_eq!((joined.class(Class::Counted), joined.class(Class::Deduplicated)), ((2, 750), (2, 750)));
    assert_eq!(joined, world("fl-1", "fl-2"));
}

#[test]
fn of_two_flow_logs_each_counts_in_the_time_that_it_alone_has() {
    let sent = |start: u32| format!("web out 10.0.0.1>10.0.1.9 700 @{start}-{start}\n");
    let better = |id| World::default().log(id, 5, &format!("{PAIR}{}{}", sent(1000), sent(5000)));
    for (start, duplicate) in [(939, false), (940, true), (3000, true), (5060, true), (5061, false)] {
        let other = format!("{PAIR}{}", sent(start));
        let other_format = better("fl-2").log("fl-1", 3, &sent(start));
        for joined in [better("fl-1").log("fl-2", 5, &other).join(), other_format.join()] {
            let counted = if duplicate { (2, 1400) } else { (3, 2100) };
            assert_eq!(joined.class(Class::Counted), counted, "{start}");
            assert_eq!(joined.class(Class::Deduplicated), (3 - counted.0, 2100 - counted.1), "{start}");
        }
    }
}

#[test]
fn what_a_new_flow_log_shows_of_a_nat_gateway_is_charged_too() {
    let nat = "nat: vpc-id=vpc-a az-id=use1-az1 interface-type=nat_gateway\n\
               nat in 10.0.1.1>10.0.0.220 700 pkt-dstaddr=198.51.100.7";
    let at = |start: u32| format!("{PAIR}{nat} @{start}-{start}");
    let charged = |start: u32| {
        let joined = World::default().log("fl-1", 5, &at(1000)).log("fl-2", 5, &at(start)).join();
        joined.charges("charge bytes").into_iter().filter(|row| row.starts_with("nat-processing")).collect::<Vec<_>>()
    };
    assert_eq!(charged(1000), ["nat-processing 700"]);
    assert_eq!(charged(5000), ["nat-processing 700"; 2]);
}

#[test]
fn two_flow_logs_of_different_interfaces_are_no_duplicates() {
    let web = format!("{PAIR}web out 10.0.0.1>10.0.1.9 700");
    let app = format!("{PAIR}app out 10.0.1.1>10.0.1.9 700");
    let joined = World::default().log("fl-1", 5, &web).log("fl-2", 5, &app).join();
    assert_eq!(joined.class(Class::Counted), (2, 1400));
}

#[test]
fn what_a_receiver_refuses_counts_at_its_sender() {
    let joined = pair("web out 10.0.0.1>10.0.1.1 700\napp in 10.0.0.1>10.0.1.1 700 REJECT").join();
    assert_eq!((joined.class(Class::Counted), joined.class(Class::Rejected)), ((1, 700), (1, 700)));
    assert_eq!(joined.class(Class::Deduplicated), (0, 0));
    assert_eq!(joined.rejected("src dst bytes charge"), ["10.0.0.1 10.0.1.1 700 -"]);
}

#[test]
fn every_view_counts_where_that_is_asked_for() {
    let mut world = pair("web out 10.0.0.1>10.0.1.1 700\napp in 10.0.0.1>10.0.1.1 700");
    world.every_view = true;
    let joined = world.join();
    assert_eq!((joined.class(Class::Counted), joined.class(Class::Deduplicated)), ((2, 1400), (0, 0)));
}

const NAT: &str = "nat: vpc-id=vpc-a az-id=use1-az1 interface-type=nat_gateway\n\
                   nat in 10.0.1.1>10.0.0.220 700 pkt-dstaddr=198.51.100.7\n\
                   nat out 10.0.0.220>198.51.100.7 700\n\
                   nat in 198.51.100.7>10.0.0.220 90\n\
                   nat out 10.0.0.220>10.0.1.1 90 pkt-srcaddr=198.51.100.7\n";

#[test]
fn a_nat_gateways_records_are_hops_where_the_client_is_logged() {
    for version in [3, 5, 11] {
        let client = "app out 10.0.1.1>198.51.100.7 700 traffic-path=1\napp in 198.51.100.7>10.0.1.1 90\n\
                      app out 10.0.1.1>10.0.9.9 7";
        let joined = World::of(version, &format!("{PAIR}{NAT}{client}")).join();
        assert_eq!(
            joined.traffic("src dst bytes"),
            ["10.0.1.1 10.0.9.9 7", "10.0.1.1 198.51.100.7 700", "198.51.100.7 10.0.1.1 90"],
            "{version}"
        );
        assert_eq!(joined.class(Class::Transit), (4, 1580), "{version}");
    }
}

#[test]
fn a_nat_gateway_counts_on_its_clients_side_where_the_client_is_not_logged() {
    for version in [3, 5, 11] {
        let other = "app out 10.0.1.77>10.0.1.78 1";
        let joined = World::of(version, &format!("{PAIR}{NAT}{other}")).join();
        let rows = ["10.0.1.1 198.51.100.7 700", "10.0.1.77 10.0.1.78 1", "198.51.100.7 10.0.1.1 90"];
        assert_eq!(joined.traffic("src dst bytes"), rows, "{version}");
        assert_eq!(joined.class(Class::Transit), (2, 790), "{version}");
    }
}

#[test]
fn packet_addresses_are_missed_where_gateways_are_logged_without_them() {
    let missed = |joined: Joined| joined.limits.iter().any(|limit| limit.contains("packet addresses are missing"));
    let client = "app out 10.0.1.1>198.51.100.7 700";
    let of = |version: u8, gateway: &str| World::of(version, &format!("{PAIR}{gateway}{client}"));
    let nat = ["nat vpc=vpc-a at=10.0.0.220 role=nat"];
    assert!(missed(of(2, NAT).inventory(&nat).join()));
    assert!(!missed(of(2, "").inventory(&nat).join()), "the gateway is not logged");
    assert!(!missed(of(3, NAT).inventory(&nat).join()));
    assert!(!missed(of(2, REGIONAL).join()));
    assert!(!missed(of(2, "").join()));
}

#[test]
fn without_packet_addresses_no_known_gateways_record_counts() {
    let text = format!("{PAIR}{NAT}");
    let joined = World::of(2, &text).inventory(&["nat vpc=vpc-a at=10.0.0.220 role=nat"]).join();
    assert_eq!((joined.class(Class::Counted), joined.class(Class::Transit)), ((0, 0), (4, 1580)));
}

const REGIONAL: &str = "-: vpc-id=vpc-a resource-id=nat-1 interface-type=regional_nat_gateway\n\
                        - in 10.0.1.1>198.51.100.7 700\n\
                        - out 54.144.0.9>198.51.100.7 700\n\
                        - in 198.51.100.7>54.144.0.9 90\n\
                        - out 198.51.100.7>10.0.1.1 90\n";

#[test]
fn a_regional_nat_gateways_records_are_hops_where_the_client_is_logged() {
    let client = "app out 10.0.1.1>198.51.100.7 700 traffic-path=1\napp in 198.51.100.7>10.0.1.1 90\n\
                      app out 10.0.1.1>10.0.9.9 7";
    for version in [2, 3, 5, 11] {
        let joined = World::of(version, &format!("{PAIR}{REGIONAL}{client}")).join();
        assert_eq!(
            joined.traffic("src dst bytes"),
            ["10.0.1.1 10.0.9.9 7", "10.0.1.1 198.51.100.7 700", "198.51.100.7 10.0.1.1 90"],
            "{version}"
        );
        assert_eq!(joined.class(Class::Transit), (4, 1580), "{version}");
    }
}

#[test]
fn a_regional_nat_gateway_counts_on_its_clients_side_where_the_client_is_not_logged() {
    for version in [3, 5, 11] {
        let joined = World::of(version, &format!("{PAIR}{REGIONAL}app out 10.0.1.77>10.0.1.78 1")).join();
        let rows = ["10.0.1.1 198.51.100.7 700", "10.0.1.77 10.0.1.78 1", "198.51.100.7 10.0.1.1 90"];
        assert_eq!(joined.traffic("src dst bytes"), rows, "{version}");
    }
}

const TRANSIT: &str = "near: vpc-id=vpc-a az-id=use1-az1 interface-type=transit_gateway\n\
                       far: vpc-id=vpc-b az-id=use1-az1 interface-type=transit_gateway\n\
                       near in 10.0.1.1>10.0.0.50 700 pkt-dstaddr=10.5.1.1\n\
                       far out 10.5.0.50>10.5.1.1 700 pkt-srcaddr=10.0.1.1\n";

#[test]
fn a_transit_gateways_records_are_hops_where_an_end_is_logged() {
    for end in ["app out 10.0.1.1>10.5.1.1 700 traffic-path=1", "db in 10.0.1.1>10.5.1.1 700"] {
        for version in [3, 5, 11] {
            let others = "app out 10.0.1.1>10.0.9.9 1 @0-60\ndb out 10.5.1.1>10.5.9.9 1 @0-60\n";
            let others = others.lines().find(|line| line[..2] == end[..2]).unwrap();
            let text = format!("{PAIR}db: vpc-id=vpc-b az-id=use1-az1 instance-id=i-3\n{TRANSIT}{others}\n{end}");
            let joined = World::of(version, &text).join();
            let counted = joined.traffic("bytes src dst").into_iter().filter(|row| row.starts_with("700 "));
            assert_eq!(counted.collect::<Vec<_>>(), ["700 10.0.1.1 10.5.1.1"], "{version} {end}");
            assert_eq!(joined.class(Class::Transit), (2, 1400), "{version} {end}");
        }
    }
}

#[test]
fn the_first_transit_gateway_on_the_way_counts_where_neither_end_is_logged() {
    for version in [3, 5, 11] {
        let joined = World::of(version, &format!("{PAIR}{TRANSIT}web out 10.0.0.1>10.0.1.9 1")).join();
        assert_eq!(joined.traffic("src dst bytes"), ["10.0.0.1 10.0.1.9 1", "10.0.1.1 10.5.1.1 700"], "{version}");
    }
}

#[test]
fn the_last_transit_gateway_counts_where_the_first_is_not_logged_either() {
    let far: Vec<&str> = TRANSIT.lines().filter(|line| line.trim().starts_with("far")).collect();
    let joined = World::of(5, &format!("{PAIR}{}\nweb out 10.0.0.1>10.0.1.9 1", far.join("\n"))).join();
    assert_eq!(joined.traffic("src dst bytes"), ["10.0.0.1 10.0.1.9 1", "10.0.1.1 10.5.1.1 700"]);
}

#[test]
fn an_instances_pods_are_ends_and_no_sign_of_a_gateway() {
    for version in [3, 5, 11] {
        let lines = "web out 10.0.0.1>10.0.1.1 700 pkt-srcaddr=10.0.0.77\napp in 10.0.0.77>10.0.1.1 700\n\
                     app out 10.0.1.1>10.0.0.77 90\nweb in 10.0.1.1>10.0.0.1 90 pkt-dstaddr=10.0.0.77\n\
                     app in 10.9.9.9>10.0.1.1 5";
        let joined = World::of(version, &format!("{PAIR}{lines}")).join();
        assert_eq!(
            joined.traffic("src dst bytes"),
            ["10.0.0.77 10.0.1.1 700", "10.0.1.1 10.0.0.77 90", "10.9.9.9 10.0.1.1 5"],
            "{version}"
        );
        assert_eq!(joined.class(Class::Transit), (0, 0), "{version}");
        assert_eq!(joined.class(Class::Deduplicated), (2, 790), "{version}");
    }
}

#[test]
fn load_balancers_and_endpoints_end_connections() {
    let text = format!(
        "{PAIR}queue: vpc-id=vpc-a az-id=use1-az1 interface-type=vpc_endpoint\n\
                        balancer: vpc-id=vpc-a interface-type=network_load_balancer\n\
                        app out 10.0.1.1>10.0.2.100 700\nqueue in 10.0.1.1>10.0.2.100 700\n\
                        balancer out 10.0.2.7>10.0.1.1 90\napp in 10.0.2.7>10.0.1.1 90"
    );
    let joined = World::of(11, &text).join();
    assert_eq!(joined.traffic("src dst bytes"), ["10.0.1.1 10.0.2.100 700", "10.0.2.7 10.0.1.1 90"]);
    assert_eq!(joined.class(Class::Deduplicated), (2, 790));
}

const PUBLIC: &str = "web out 10.0.0.1>54.144.0.2 700 traffic-path=8\napp in 54.144.0.1>10.0.1.1 700";

#[test]
fn an_own_public_address_means_the_address_inside() {
    let inventory = [
        "web vpc=vpc-a zone=use1-az1 at=10.0.0.1 public=54.144.0.1",
        "app vpc=vpc-a zone=use1-az2 at=10.0.1.1 public=54.144.0.2",
    ];
    let joined = pair(PUBLIC).inventory(&inventory).join();
    assert_eq!(joined.traffic("src dst bytes path"), ["10.0.0.1 10.0.1.1 700 public-address"]);
    assert_eq!(joined.class(Class::Deduplicated), (1, 700));
}

#[test]
fn without_an_inventory_both_views_by_public_addresses_count_and_each_bears_its_half() {
    let joined = pair(PUBLIC).join();
    assert_eq!(joined.class(Class::Counted), (2, 1400));
    let halves = ["public-address-in 54.144.0.1 10.0.1.1 700", "public-address-out 10.0.0.1 54.144.0.2 700"];
    assert_eq!(joined.charges("charge src dst bytes"), halves);
}
