//! Directions of records: section 3.

use super::*;

/// Direction rules of a world's rows, counted or not.
fn rules(joined: &Joined) -> Vec<String> {
    joined.traffic("src dst direction_rule")
}

const OWN: &str = "by the interface's own address";

fn own(pairs: &[&str]) -> Vec<String> {
    pairs.iter().map(|pair| format!("{pair} {OWN}")).collect()
}

/// Without deduplication, so that each vantage shows its direction rule.
fn vantages(version: u8, text: &str) -> World {
    World { every_view: true, ..World::of(version, text) }
}

#[test]
fn what_the_record_says_goes_before_all_else() {
    let joined = World::of(5, "web: vpc-id=vpc-a\nweb out 198.51.100.7>10.0.0.1 700 traffic-path=8").join();
    assert_eq!(joined.traffic("direction_rule count_rule"), ["by the record at the sender"]);
}

#[test]
fn an_inventory_shows_own_addresses() {
    let world = vantages(2, "web 10.0.0.1>10.0.1.1 700\nweb 10.0.1.1>10.0.0.1 90");
    let joined = world.inventory(&["web vpc=vpc-a at=10.0.0.1"]).join();
    assert_eq!(rules(&joined), own(&["10.0.0.1 10.0.1.1", "10.0.1.1 10.0.0.1"]));
}

#[test]
fn interfaces_that_an_inventory_misses_are_learnt() {
    let world = vantages(2, "web 10.0.0.1>10.0.1.1 700\napp 10.0.0.1>10.0.1.1 700");
    let joined = world.inventory(&["web vpc=vpc-a at=10.0.0.1"]).join();
    // The app is known to be in the same VPC: its address cannot be the server's.
    assert_eq!(rules(&joined).len(), 2);
}

#[test]
fn an_own_address_is_common_to_all_records_of_its_interface() {
    let joined = vantages(2, "web 10.0.0.1>10.0.1.1 700\nweb 10.0.1.2>10.0.0.1 90\nweb 10.0.0.1>198.51.100.7 1").join();
    assert_eq!(rules(&joined), own(&["10.0.0.1 10.0.1.1", "10.0.0.1 198.51.100.7", "10.0.1.2 10.0.0.1"]));
}

#[test]
fn what_is_one_interfaces_is_no_others_of_the_same_vpc() {
    let text =
        "web 10.0.0.1>10.0.1.1 700\nweb 10.0.1.2>10.0.0.1 90\napp 10.0.0.1>10.0.1.1 700\ndb 10.0.1.2>10.0.0.1 90";
    let joined = vantages(2, text).join();
    let pairs = ["10.0.0.1 10.0.1.1", "10.0.0.1 10.0.1.1", "10.0.1.2 10.0.0.1", "10.0.1.2 10.0.0.1"];
    assert_eq!(rules(&joined), own(&pairs));
    let counted = World::of(2, text).join();
    assert_eq!(counted.class(Class::Deduplicated), (2, 790));
}

#[test]
fn elimination_goes_on_until_nothing_more_is_reported() {
    let text = "one 10.0.0.1>10.0.0.2 1\none 10.0.0.1>10.0.0.9 1\ntwo 10.0.0.1>10.0.0.2 1\ntwo 10.0.0.3>10.0.0.2 1\n\
                three 10.0.0.3>10.0.0.2 1\nthree 10.0.0.3>10.0.0.4 1\nfour 10.0.0.3>10.0.0.4 1";
    let joined = vantages(2, text).join();
    assert!(rules(&joined).iter().all(|row| row.ends_with(OWN)), "{:?}", rules(&joined));
}

#[test]
fn the_address_met_most_often_need_not_be_the_own_one() {
    // A proxy mostly exchanges traffic with one server; the server also with others.
    let mut text = "server 10.0.0.2>10.0.0.7 1\nserver 10.0.0.2>10.0.0.8 1\n".to_owned();
    for _ in 0..9 {
        text += "proxy 10.0.0.1>10.0.0.2 1\n";
    }
    let joined = vantages(2, &text).join();
    assert!(rules(&joined).iter().all(|row| row.ends_with(OWN)), "{:?}", rules(&joined));
}

#[test]
fn two_that_talk_to_each_other_alone_are_not_distinguished_and_count() {
    let text = "one 10.0.0.1>10.0.0.2 700\ntwo 10.0.0.1>10.0.0.2 700";
    let joined = World::of(2, text).join();
    assert_eq!(joined.traffic("direction_rule count_rule"), ["unknown direction unknown"; 2]);
    assert_eq!(joined.class(Class::Counted), (2, 1400));
}

#[test]
fn addresses_are_exclusive_inside_one_vpc_alone() {
    let text = |vpc: &str| {
        format!("a: vpc-id=vpc-a\nb: vpc-id={vpc}\na 10.0.0.1>10.0.0.2 1\na 10.0.0.1>10.0.0.3 1\nb 10.0.0.1>10.0.0.2 1")
    };
    let open = |vpc: &str| rules(&vantages(3, &text(vpc)).join()).iter().filter(|row| row.ends_with("unknown")).count();
    assert_eq!((open("vpc-a"), open("vpc-b")), (0, 1));
}

#[test]
fn without_vpcs_addresses_are_exclusive_inside_one_account_and_region() {
    let one = "a 10.0.0.1>10.0.0.2 1\na 10.0.0.1>10.0.0.3 1";
    let other = "b 10.0.0.1>10.0.0.2 1";
    let open = |place: (&'static str, &'static str)| {
        let world = World::of(2, one).log_at(place, "fl-9", 2, other);
        rules(&World { every_view: true, ..world }.join()).iter().filter(|row| row.ends_with("unknown")).count()
    };
    assert_eq!((open(("444455556666", REGION)), open((ACCOUNT, "eu-west-1"))), (1, 1));
    assert_eq!(
        rules(&vantages(2, &format!("{one}\n{other}")).join()).iter().filter(|row| row.ends_with("unknown")).count(),
        0
    );
}

#[test]
fn addresses_are_exclusive_while_both_interfaces_live_alone() {
    let text = |hour: u32| {
        format!(
            "a 10.0.0.1>10.0.0.2 1\na 10.0.0.1>10.0.0.3 1\nb 10.0.0.1>10.0.0.2 1 @{}-{}",
            hour * 3600,
            hour * 3600 + 60
        )
    };
    let open =
        |hour: u32| rules(&vantages(2, &text(hour)).join()).iter().filter(|row| row.ends_with("unknown")).count();
    assert_eq!((open(0), open(5)), (0, 1));
}

#[test]
fn each_family_has_an_own_address() {
    let text = "web 10.0.0.1>10.0.1.1 1\nweb 10.0.0.1>10.0.1.2 1\n\
                web 2001:db8::1>2001:db8::7 1\nweb 2001:db8::8>2001:db8::1 1";
    let joined = vantages(2, text).join();
    assert!(rules(&joined).iter().all(|row| row.ends_with(OWN)), "{:?}", rules(&joined));
}

#[test]
fn where_packets_bear_another_address_is_the_interfaces_own_side() {
    let joined = vantages(3, "tgw: vpc-id=vpc-a\ntgw 10.0.0.50>10.0.1.1 1 pkt-srcaddr=10.5.1.1").join();
    assert!(!joined.traffic("direction_rule")[0].contains("unknown"), "{:?}", joined.traffic("direction_rule"));
}

#[test]
fn an_own_network_on_one_side_shows() {
    let world = vantages(2, "web 10.0.0.1>172.20.0.9 700");
    let joined = world.networks(&[&format!("10.0.0.0/16,{ACCOUNT},vpc-a,,{REGION},,,")]).join();
    assert_eq!(joined.traffic("direction_rule"), ["by the estate's networks"]);
}

#[test]
fn from_private_to_public_is_out() {
    let joined = vantages(2, "web 10.0.0.1>198.51.100.7 700\nweb 198.51.100.7>10.0.0.1 700").join();
    let rules = joined.traffic("src direction_rule assumed");
    assert!(rules.iter().all(|row| !row.contains("unknown")), "{rules:?}");
}

#[test]
fn what_stays_open_is_counted_and_shown() {
    let joined = World::of(2, "web 10.0.0.1>10.0.0.2 700").join();
    assert_eq!(joined.traffic("bytes direction_rule path"), ["700 unknown unknown"]);
    assert_eq!(joined.class(Class::Counted), (1, 700));
}
