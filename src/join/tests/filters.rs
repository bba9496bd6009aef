//! What a filter lets through, decided on records and on traffic.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::units::time::Zone;

/// Owners by `team`.
struct Teams;

impl Names for Teams {
    fn take_traffic(&self) -> bool {
        true
    }

    fn owner(&mut self, name: &str) -> Result<Option<Column>, Error> {
        Ok(match name {
            "team" => Some(Column::Owner1),
            "src_team" => Some(Column::SrcOwner1),
            "dst_team" => Some(Column::DstOwner1),
            _ => None,
        })
    }

    fn owner_keys(&self) -> Vec<&str> {
        vec!["team"]
    }

    fn texts(&self, column: Column) -> Option<Vec<&'static str>> {
        (column == Column::Path).then(path_names)
    }
}

fn filtered(world: World, text: &str) -> World {
    World { filter: Some(Filter::parse_with(text, MIDNIGHT, Zone::default(), &mut Teams).unwrap()), ..world }
}

const NAT: &str = "nat: vpc-id=vpc-a az-id=use1-az1 region=us-east-1 interface-type=nat_gateway\n\
                   nat in 10.0.1.1>10.0.0.220 500 pkt-dstaddr=198.51.100.7\nnat out 10.0.0.220>198.51.100.7 500\n\
                   nat in 198.51.100.7>10.0.0.220 90\nnat out 198.51.100.7>10.0.1.1 90 srcaddr=10.0.0.220\n";

/// Two teams in a VPC with a NAT gateway: within a zone, across zones, to the internet straight and by the gateway.
fn world() -> World {
    let text = format!(
        "web: vpc-id=vpc-a az-id=use1-az1 region=us-east-1\napp: vpc-id=vpc-a az-id=use1-az2 region=us-east-1\n{NAT}\
         web out 10.0.0.1>10.0.1.1 100 traffic-path=1\napp in 10.0.0.1>10.0.1.1 100\n\
         web out 10.0.0.1>198.51.100.9 200 traffic-path=8 dstport=22\nweb in 198.51.100.9>10.0.0.1 30\n\
         web out 10.0.0.1>34.240.0.9 40 traffic-path=8\n\
         app out 10.0.1.1>198.51.100.7 500 traffic-path=1\napp in 198.51.100.7>10.0.1.1 90\n\
         web in 198.51.100.66>10.0.0.1 7 REJECT\napp in 198.51.100.66>10.0.1.1 8 REJECT\n"
    );
    World::of(5, &text).tags(&["10.0.0.1,web,,", "10.0.1.1,app,,"])
}

/// Records of all classes.
fn all_records(joined: &Joined) -> u64 {
    Class::ALL.iter().map(|class| joined.class(*class).0).sum()
}

/// The bytes of the traffic that passes, in order.
#[track_caller]
fn passed(text: &str) -> String {
    let joined = filtered(world(), text).join();
    let whole = world().join();
    assert_eq!(all_records(&joined), all_records(&whole), "{text}: each record is in one class");
    let bytes = |joined: &Joined| Class::ALL.iter().map(|class| joined.class(*class).1).sum::<u128>();
    assert_eq!(bytes(&joined), bytes(&whole), "{text}");
    let mut rows: Vec<u128> = joined.traffic("bytes").iter().map(|bytes| bytes.parse().unwrap()).collect();
    rows.sort_unstable();
    assert_eq!(joined.class(Class::Counted), (rows.len() as u64, rows.iter().sum()), "{text}");
    rows.iter().map(u128::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn traffic_passes_by_its_own_columns() {
    let table = [
        ("bytes > 0", "30 40 90 100 200 500"),
        ("team = web", "30 40 100 200"),
        ("src_team = web", "40 100 200"),
        ("src_team = web or dst_team = web", "30 40 100 200"),
        ("not team = web", "90 500"),
        ("team = w*", "30 40 100 200"),
        ("path = internet", "30 90 200 500"),
        ("via = nat", "90 500"),
        ("src_region != dst_region and src_region is present and dst_region is present", "40"),
        // An absent value is like none.
        ("src_region != dst_region", "30 40 90 200 500"),
        ("src_region = dst_region", "100"),
        ("src_zone = dst_zone", ""),
        ("src_vpc = vpc_id and src_region = region", "40 100 200 500"),
        ("src_interface = interface_id", "40 100 200 500"),
        ("outside = dst", "40 200 500"),
        ("outside in 198.51.100.0/24 and team = web", "30 200"),
        ("src_location = 'external EC2' or dst_location = 'external EC2'", "40"),
    ];
    for (text, expected) in table {
        assert_eq!(passed(text), expected, "{text}");
    }
}

#[test]
fn conditions_on_records_are_of_records_wherever_they_stand() {
    assert_eq!(passed("bytes > 90 and team = web"), "100 200");
    assert_eq!(passed("bytes > 190 or path = cross-zone"), "100 200 500");
    assert_eq!(passed("(port = ssh or bytes < 50) and (team = app or dstport = 22)"), "200");
    assert_eq!(passed("not (bytes > 90 and path = internet)"), "30 40 90 100");
    assert_eq!(passed("team = web and (dst = 10.0.1.1 or path = cross-region)"), "40 100");
    // Two records of one hour that differ in what is asked of them alone.
    let text =
        "web: vpc-id=vpc-a\nweb out 10.0.0.1>10.0.0.9 100 traffic-path=1\nweb out 10.0.0.1>10.0.0.9 300 traffic-path=1";
    let joined = filtered(World::of(5, text), "bytes > 200 or team = nobody").join();
    assert_eq!(joined.traffic("bytes record_count"), ["300 1"]);
    assert_eq!(joined.class(Class::Filtered), (1, 100));
}

#[test]
fn traffic_passes_if_one_of_its_charges_does() {
    assert_eq!(passed("charge = nat-processing"), "90 500");
    assert_eq!(passed("charge = inter-zone-*"), "90 100 500");
    assert_eq!(passed("charge in (inter-region, internet-egress)"), "40 200 500");
    assert_eq!(passed("charge != internet-egress"), "30 40 90 100 500");
    assert_eq!(passed("charge is absent"), "30");
    assert_eq!(passed("payer_account = 111122223333 and team = web"), "40 100 200");
    assert_eq!(passed("to_region = eu-west-1"), "40");
    assert_eq!(passed("bytes > 300 or charge = inter-region"), "40 500");
}

#[test]
fn what_a_gateway_takes_that_is_not_logged_is_on_the_traffic_itself() {
    let text = "app: vpc-id=vpc-a az-id=use1-az2\napp out 10.0.1.1>198.51.100.7 500 traffic-path=1\n\
                app out 10.0.1.1>10.0.1.2 60 traffic-path=1";
    let world = || World::of(5, text);
    let joined = filtered(world(), "charge = nat-processing").join();
    assert_eq!(joined.traffic("bytes"), ["500"]);
    assert_eq!(joined.charges("bytes charge"), ["500 nat-processing"]);
    let joined = filtered(world(), "assumed is present").join();
    assert_eq!(joined.charges("bytes charge"), ["500 internet-egress", "500 nat-processing"]);
}

#[test]
fn a_charge_passes_by_its_own_columns() {
    let charges = |text: &str| filtered(world(), text).join().charges("bytes charge owner");
    assert_eq!(charges("charge = nat-processing"), ["500 nat-processing app", "90 nat-processing app"]);
    assert_eq!(charges("charge = inter-zone-in and bytes = 100"), ["100 inter-zone-in app"]);
    // A charge is allocated to its owner: the traffic is the sender's.
    assert_eq!(charges("team = web and bytes = 100"), ["100 inter-zone-out web"]);
    assert_eq!(charges("src_team = web and bytes = 100"), ["100 inter-zone-in app", "100 inter-zone-out web"]);
    assert_eq!(charges("payer_account = 999999999999"), Vec::<String>::new());
}

#[test]
fn what_was_rejected_passes_by_its_own_columns_and_is_filtered_else() {
    let joined = filtered(world(), "team = web").join();
    assert_eq!(joined.rejected("bytes"), ["7"]);
    assert_eq!((joined.class(Class::Rejected), joined.class(Class::Filtered).0), ((1, 7), 3));
    let joined = filtered(world(), "charge = nat-processing").join();
    assert_eq!((joined.rejected("bytes"), joined.class(Class::Rejected)), (vec![], (0, 0)));
}

#[test]
fn each_view_is_decided_on_where_each_counts() {
    let world = World { every_view: true, ..filtered(world(), "team = app and via is absent") };
    assert_eq!(world.join().traffic("bytes interface_id"), Vec::<String>::new());
}

/// A record among few ends, at a few interfaces.
fn record() -> impl Strategy<Value = String> {
    let ends = select(vec!["10.0.0.1", "10.0.1.1", "198.51.100.7", "34.240.0.9", "10.0.0.220"]);
    let packet = prop::option::weighted(0.3, select(vec!["pkt-srcaddr=10.0.1.1", "pkt-dstaddr=198.51.100.7"]));
    let at = (select(vec!["web", "app", "nat"]), any::<bool>(), 0..7200u32);
    (at, ends.clone(), ends, packet, 1..2000u32, select(vec!["-", "1", "8"]), select(vec!["", "", "", "REJECT"]))
        .prop_map(|((interface, out, start), one, other, packet, bytes, path, what)| {
            let (direction, path) = if out { ("out", path) } else { ("in", "-") };
            let packet = packet.unwrap_or_default();
            format!(
                "{interface} {direction} {one}>{other} {bytes} {packet} @{start}-{} traffic-path={path} {what}",
                start + 60
            )
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Filters that read no charges select from the rows that there are without one, and what they leave is filtered.
    #[test]
    fn a_filter_and_its_negation_part_the_traffic(
        records in prop::collection::vec(record(), 1..20),
        text in select(vec![
            "team = web", "path = internet", "src_region != dst_region", "bytes > 900 or team = app",
            "src_zone = dst_zone and bytes < 1500 or via is absent and bytes < 9", "via is present or dstport = 443 and src_vpc is present",
            "team = app or not (bytes > 500 and path in (internet, cross-zone))", "outside = dst or src_vpc = vpc_id",
        ]),
    ) {
        let estate = "web: vpc-id=vpc-a az-id=use1-az1\napp: vpc-id=vpc-a az-id=use1-az2\n\
                      nat: vpc-id=vpc-a az-id=use1-az1 interface-type=nat_gateway\n";
        let world = || World::of(11, &format!("{estate}{}", records.join("\n"))).tags(&["10.0.0.1,web,,", "10.0.1.1,app,,"]);
        let whole = world().join();
        let [with, without] =
            [text.to_owned(), format!("not ({text})")].map(|text| filtered(world(), &text).join());
        let sums = |joined: &Joined, picked: fn(&Joined, &str) -> Vec<String>| {
            let columns = "src dst path via src_interface dst_interface";
            let mut sums: BTreeMap<String, u128> = BTreeMap::new();
            for row in picked(joined, &format!("bytes {columns}")) {
                let (bytes, key) = row.split_once(' ').unwrap();
                *sums.entry(key.to_owned()).or_default() += bytes.parse::<u128>().unwrap();
            }
            sums
        };
        // Records of one fact that differ in the filter's conditions become two facts, also at a coverage boundary.
        for picked in [Joined::traffic as fn(&Joined, &str) -> Vec<String>, Joined::rejected] {
            let (all, mut parts) = (sums(&whole, picked), sums(&with, picked));
            let keys: BTreeSet<_> = parts.keys().cloned().collect();
            for (key, bytes) in sums(&without, picked) {
                *parts.entry(key).or_default() += bytes;
            }
            if text.contains("bytes") {
                prop_assert!(keys.iter().all(|key| all.contains_key(key)));
            } else {
                prop_assert_eq!(all, parts);
            }
        }
        for joined in [&with, &without] {
            prop_assert_eq!(all_records(joined), all_records(&whole));
            let counted: u128 = joined.traffic("bytes").iter().map(|bytes| bytes.parse::<u128>().unwrap()).sum();
            prop_assert_eq!(joined.class(Class::Counted).1, counted);
            let rejected: u128 = joined.rejected("bytes").iter().map(|bytes| bytes.parse::<u128>().unwrap()).sum();
            prop_assert_eq!(joined.class(Class::Rejected).1, rejected);
        }
    }
}
