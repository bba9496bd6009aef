//! Laws that hold for any records.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// A record at one of a few interfaces, among few addresses, so that views of one flow meet.
fn record() -> impl Strategy<Value = String> {
    let gateways = prop::option::weighted(0.2, select(vec!["pkt-srcaddr=10.5.0.1", "pkt-dstaddr=198.51.100.7"]));
    let ends = (select(vec!["10.0.0.1", "10.0.1.1", "10.5.0.1", "198.51.100.7", "3.5.0.1"]), 0..5usize);
    let what = select(vec!["", "", "", "", "", "REJECT", "NODATA", "SKIPDATA"]);
    let at = (select(vec!["web", "app", "peer", "nat"]), any::<bool>(), 0..7200u32, 0..900u32, 0..3u8);
    (at, ends, what, gateways, 1..5000u32, select(vec!["-", "1", "8"])).prop_map(
        |((interface, out, start, length, port), (one, other), what, packet, bytes, path)| {
            let other = ["10.0.0.1", "10.0.1.1", "10.5.0.1", "198.51.100.7", "52.218.0.1"][other];
            let direction = if out { "out" } else { "in" };
            let path = if out { path } else { "-" };
            format!(
                "{interface} {direction} {one}>{other} {bytes} {} @{start}-{} traffic-path={path} srcport={port} {what}",
                packet.unwrap_or_default(),
                start + length
            )
        },
    )
}

const ESTATE: &str = "web: vpc-id=vpc-a az-id=use1-az1 instance-id=i-1\napp: vpc-id=vpc-a az-id=use1-az2 instance-id=i-2\n\
                      peer: vpc-id=vpc-b az-id=use1-az1 instance-id=i-3\n\
                      nat: vpc-id=vpc-a az-id=use1-az1 interface-type=nat_gateway\n";

fn records() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(record(), 1..25)
}

/// A record of interfaces and addresses that the others know nothing of.
fn unrelated() -> impl Strategy<Value = String> {
    let ends =
        select(vec!["10.77.0.1>10.77.0.2", "10.77.0.2>10.77.0.1", "10.77.0.1>203.0.113.9", "203.0.113.9>10.77.0.2"]);
    let packet = select(vec!["", "", "", "pkt-dstaddr=203.0.113.9", "pkt-srcaddr=10.77.0.9"]);
    let what = select(vec!["", "", "", "REJECT", "NODATA", "SKIPDATA"]);
    let interface = select(vec!["afar", "other", "zulu"]);
    (interface, any::<bool>(), ends, packet, what, 0..7200u32, 1..5000u32).prop_map(
        |(interface, out, ends, packet, what, start, bytes)| {
            let direction = if out { "out" } else { "in" };
            format!("{interface} {direction} {ends} {bytes} {packet} @{start}-{} {what}", start + 60)
        },
    )
}

const UNRELATED: &str = "afar: vpc-id=vpc-z az-id=use1-az1 instance-id=i-7\nother: vpc-id=vpc-z instance-id=i-8\n\
                         zulu: vpc-id=vpc-z az-id=use1-az2 interface-type=nat_gateway\n";

/// The rows that unrelated records are not in.
fn related(joined: &Joined) -> Vec<&BTreeMap<&'static str, String>> {
    let is_unrelated = |end: &String| end.starts_with("10.77.") || end == "203.0.113.9";
    joined.rows.iter().filter(|row| !["src", "dst"].iter().any(|end| row.get(end).is_some_and(is_unrelated))).collect()
}

/// Passthrough columns in several combinations.
fn passthrough() -> impl Strategy<Value = Vec<Column>> {
    select(vec![
        vec![],
        vec![Column::Srcport],
        vec![Column::Minute],
        vec![Column::Start, Column::End],
        vec![Column::Port, Column::TcpFlags, Column::Type],
        vec![Column::InstanceId, Column::Minute, Column::Srcport],
    ])
}

/// Bytes, packets and flows by all other columns except passthrough ones.
fn sums(joined: &Joined) -> BTreeMap<BTreeMap<&'static str, &str>, [u128; 3]> {
    const SUMMED: [&str; 3] = ["bytes", "packets", "record_count"];
    let shown: Vec<&str> = shown().iter().map(|column| column.name()).chain(["rejected"]).collect();
    let mut sums: BTreeMap<_, [u128; 3]> = BTreeMap::new();
    for row in &joined.rows {
        let key = row.iter().filter(|(name, _)| shown.contains(name) && !SUMMED.contains(name));
        let sum = sums.entry(key.map(|(name, value)| (*name, value.as_str())).collect()).or_default();
        let amounts = SUMMED.map(|name| row.get(name).map_or(0, |text| text.parse().unwrap()));
        *sum = std::array::from_fn(|place| sum[place] + amounts[place]);
    }
    sums
}

fn world(version: u8, records: &[String]) -> World {
    World::of(version, &format!("{ESTATE}{}", records.join("\n")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn how_records_are_split_and_in_which_order_they_come_changes_nothing(
        records in records(), version in select(vec![2u8, 3, 5, 11]), object_lines in 1..9usize, passthrough in passthrough()
    ) {
        let whole = World { passthrough: passthrough.clone(), ..world(version, &records) };
        let split = World { object_lines, reversed: true, passthrough: passthrough.clone(), ..world(version, &records) };
        prop_assert_eq!(whole.join(), split.join());
        let turned: Vec<String> = records.iter().rev().cloned().collect();
        prop_assert_eq!(whole.join(), World { passthrough, ..world(version, &turned) }.join());
    }

    #[test]
    fn unrelated_records_change_no_row_that_they_are_not_in(
        records in records(), others in prop::collection::vec(unrelated(), 1..60), version in select(vec![2u8, 3, 5, 11]),
        passthrough in passthrough()
    ) {
        // One that shows whether the format names instances, which is a fact of the log and not of an interface.
        let records = format!("{}\nweb out 10.0.0.1>10.0.9.9 1", records.join("\n"));
        let alone = World { passthrough: passthrough.clone(), ..World::of(version, &format!("{ESTATE}{records}")) }.join();
        let together = format!("{ESTATE}{UNRELATED}{}\n{records}", others.join("\n"));
        let joined = World { passthrough, ..World::of(version, &together) }.join();
        prop_assert_eq!(related(&alone), related(&joined));
    }

    #[test]
    fn what_else_records_are_grouped_by_changes_no_sum(
        records in records(), doubled in records(), version in select(vec![2u8, 3, 5, 11]), passthrough in passthrough()
    ) {
        let of = |passthrough: Vec<Column>| {
            let text = format!("{ESTATE}{}\n", doubled.join("\n"));
            World { passthrough, ..world(version, &records) }.log("fl-2", 3, &text).join()
        };
        let (whole, joined) = (of(Vec::new()), of(passthrough));
        prop_assert_eq!(sums(&whole), sums(&joined));
        prop_assert_eq!(&whole.boundary, &joined.boundary);
        prop_assert_eq!(whole.class(Class::Counted), joined.class(Class::Counted));
    }

    #[test]
    fn counted_duplicate_and_hop_are_all_that_was_accepted(
        records in records(), version in select(vec![2u8, 3, 5, 11])
    ) {
        let joined = world(version, &records).join();
        let accepted: Vec<&String> =
            records.iter().filter(|record| !["REJECT", "NODATA", "SKIPDATA"].iter().any(|word| record.contains(word))).collect();
        let bytes = |record: &&String| record.split(' ').nth(3).unwrap().parse::<u128>().unwrap();
        let classes = [Class::Counted, Class::Deduplicated, Class::Transit].map(|class| joined.class(class));
        prop_assert_eq!(classes.iter().map(|class| class.1).sum::<u128>(), accepted.iter().map(bytes).sum::<u128>());
        prop_assert_eq!(classes.iter().map(|class| class.0).sum::<u64>(), accepted.len() as u64);
        let rows: u128 = joined.traffic("bytes").iter().map(|bytes| bytes.parse::<u128>().unwrap()).sum();
        prop_assert_eq!(rows, joined.class(Class::Counted).1);
    }

    #[test]
    fn a_receivers_view_of_what_a_logged_sender_sent_changes_nothing_that_counts(
        records in records(), sent in 0..3600u32, bytes in 1..5000u32
    ) {
        // The sender is logged all the time, so its records are known to be present.
        let logged = ["web NODATA @0-60", "web NODATA @9000-9060", "app NODATA @0-60", "app NODATA @9000-9060"];
        let flow = format!("10.0.0.1>10.0.1.1 {bytes} @{sent}-{}", sent + 60);
        let quiet = |record: &&String| !record.contains("SKIPDATA");
        let mut all: Vec<String> = records.iter().filter(quiet).filter(|record| !record.starts_with("nat")).cloned().collect();
        all.extend(logged.map(str::to_owned));
        // Each has its own address and no other.
        all.retain(|record| !record.starts_with("web") && !record.starts_with("app") || record.contains("NODATA"));
        all.push(format!("web out {flow}"));
        all.push("app out 10.0.1.1>10.0.9.9 1 @0-60".to_owned());
        let one = world(5, &all).join();
        all.push(format!("app in {flow}"));
        let both = world(5, &all).join();
        prop_assert_eq!(one.class(Class::Counted), both.class(Class::Counted));
        prop_assert_eq!(one.traffic("src dst bytes path"), both.traffic("src dst bytes path"));
    }

    #[test]
    fn what_comes_back_goes_the_way_of_the_last_request(
        codes in prop::collection::vec(select(vec!["1", "7", "8", "unseen"]), 1..8),
        order in Just((0..16).collect::<Vec<_>>()).prop_shuffle(), reversed: bool
    ) {
        let mut records = Vec::new();
        for (hour, code) in codes.iter().enumerate() {
            let at = format!("@{}-{}", hour * 3600 + 60, hour * 3600 + 120);
            if *code != "unseen" {
                records.push(format!("web out 10.0.0.1>3.5.0.1 {} {at} traffic-path={code}", 1000 + hour));
            }
            records.push(format!("web in 3.5.0.1>10.0.0.1 {} {at} traffic-path=-", 2000 + hour));
        }
        let place = |record: &String| order[records.iter().position(|one| one == record).unwrap()];
        let mut shuffled = records.clone();
        shuffled.sort_by_key(place);
        let world = World { reversed, ..world(5, &shuffled) };
        let joined = world.join();
        let routes: BTreeMap<usize, String> = joined
            .traffic("bytes path via")
            .iter()
            .map(|row| row.split_once(' ').unwrap())
            .map(|(bytes, route)| (bytes.parse().unwrap(), route.to_owned()))
            .collect();
        let seen = |hour: &usize| codes[*hour] != "unseen";
        for hour in 0..codes.len() {
            let request = (0..=hour).rev().find(seen).or_else(|| (hour..codes.len()).find(seen));
            let expected = request.map_or("aws-service -", |request| &routes[&(1000 + request)]);
            prop_assert_eq!(&routes[&(2000 + hour)], expected, "hour {} of {:?}", hour, &codes);
        }
    }

    #[test]
    fn without_packet_addresses_no_gateways_record_counts(records in records()) {
        let plain: Vec<String> = records
            .iter()
            .map(|record| record.split(' ').filter(|word| !word.starts_with("pkt-")).collect::<Vec<_>>().join(" "))
            .collect();
        let mut joined = World::of(2, &format!("{ESTATE}{}", plain.join("\n")));
        joined = joined.inventory(&["nat vpc=vpc-a at=10.0.0.220 role=nat zone=use1-az1"]);
        let joined = joined.join();
        let at_gateways: u128 = plain
            .iter()
            .filter(|record| record.starts_with("nat") && !["REJECT", "NODATA", "SKIPDATA"].iter().any(|word| record.contains(word)))
            .map(|record| record.split(' ').nth(3).unwrap().parse::<u128>().unwrap())
            .sum();
        prop_assert_eq!(joined.class(Class::Transit).1, at_gateways);
    }
}
