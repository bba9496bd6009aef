//! Every charge in every Region: flow logs are made of all 36 Regions in US dollars and two without prices, with a
//! transfer on each path, and each is priced or named unpriced with its reason. What they cost is worked out here from a
//! table of this file, in whole hundred-thousandths of a dollar, and not from the program's prices.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::program;

/// A Region, its tiers of internet egress, NAT processing, and transfer to the next Region of the list (after the last the
/// first one), in 10⁻⁵ USD per GB: AWS's pages, price lists and feeds, last read 2026-11-30.
type Rates = (&'static str, [u128; 4], u128, u128);
#[rustfmt::skip]
const RATES: [Rates; 36] = [
    ("af-south-1", [15400, 14700, 12600, 11200], 5700, 14700),
    ("ap-east-1", [12000, 8500, 8200, 8000], 6500, 9000),
    ("ap-east-2", [10830, 8455, 8170, 7980], 5580, 8000),
    ("ap-northeast-1", [11400, 8900, 8600, 8400], 6200, 9000),
    ("ap-northeast-2", [12600, 12200, 11700, 10800], 5900, 8000),
    ("ap-northeast-3", [11400, 8900, 8600, 8400], 6200, 9000),
    ("ap-south-1", [10930, 8500, 8200, 8000], 5600, 8600),
    ("ap-south-2", [10930, 8500, 8200, 8000], 5600, 8600),
    ("ap-southeast-1", [12000, 8500, 8200, 8000], 5900, 9000),
    ("ap-southeast-2", [11400, 9800, 9400, 9200], 5900, 9800),
    ("ap-southeast-3", [13200, 10000, 9500, 9000], 5900, 10000),
    ("ap-southeast-4", [11400, 9800, 9400, 9200], 5900, 10000),
    ("ap-southeast-5", [10800, 7650, 7380, 7200], 5015, 8000),
    ("ap-southeast-6", [11400, 9800, 9400, 9200], 6195, 9800),
    ("ap-southeast-7", [10800, 7650, 7380, 7200], 5015, 8000),
    ("ca-central-1", [9000, 8500, 7000, 5000], 5000, 2000),
    ("ca-west-1", [9000, 8500, 7000, 5000], 5000, 5000),
    ("eu-central-1", [9000, 8500, 7000, 5000], 5200, 2000),
    ("eu-central-2", [9000, 8500, 7000, 5000], 5720, 2000),
    ("eu-north-1", [9000, 8500, 7000, 5000], 4600, 2000),
    ("eu-south-1", [9000, 8500, 7000, 5000], 5000, 2000),
    ("eu-south-2", [9000, 8500, 7000, 5000], 4800, 2000),
    ("eu-west-1", [9000, 8500, 7000, 5000], 4800, 2000),
    ("eu-west-2", [9000, 8500, 7000, 5000], 5000, 2000),
    ("eu-west-3", [9000, 8500, 7000, 5000], 5000, 2000),
    ("il-central-1", [11000, 8500, 7700, 5500], 5040, 8000),
    ("me-central-1", [11000, 8500, 7700, 5500], 5280, 8500),
    ("me-south-1", [11700, 11050, 9100, 6500], 5280, 11050),
    ("mx-central-1", [9000, 8500, 7000, 5000], 4725, 5000),
    ("sa-east-1", [15000, 13800, 12600, 11400], 9300, 13800),
    ("us-east-1", [9000, 8500, 7000, 5000], 4500, 1000),
    ("us-east-2", [9000, 8500, 7000, 5000], 4500, 2000),
    ("us-gov-east-1", [15500, 11500, 9000, 6500], 5400, 3000),
    ("us-gov-west-1", [15500, 11500, 9000, 6500], 5400, 3000),
    ("us-west-1", [9000, 8500, 7000, 5000], 4800, 2000),
    ("us-west-2", [9000, 8500, 7000, 5000], 4500, 2000),
];
/// Regions whose prices are not in US dollars.
const OTHER_CURRENCY: [&str; 2] = ["cn-north-1", "eusc-de-east-1"];

/// Transfer between zones, in each direction, on whatever path; and into a transit gateway.
const ZONES: u128 = 1000;
const TRANSIT_GATEWAY: u128 = 2000;
/// Ends of the tiers, in GB of 2³⁰ bytes.
const EGRESS_ENDS: [u128; 3] = [10_240, 51_200, 153_600];
const ENDPOINT_ENDS: [u128; 2] = [1_048_576, 5_242_880];
const ENDPOINT: [u128; 3] = [1000, 600, 400];

/// The GB on each path.
const INTERNET: u128 = 100_000;
const NAT: u128 = 60_000;
const VPN: u128 = 10_000;
const CROSS_ZONE: u128 = 1_234;
const PEERING: u128 = 567;
const PUBLIC_OUT: u128 = 89;
const PUBLIC_IN: u128 = 98;
const TRANSIT: u128 = 4_321;
const TO_ENDPOINT: u128 = 2_000_000;
const UNKNOWN_ZONES: u128 = 3;
const UNKNOWN_PATH: u128 = 5;
const LOCAL_GATEWAY: u128 = 7;
const DIRECT_CONNECT: u128 = 11;
const SAME_ZONE: u128 = 13;
const BUCKET: u128 = 17;

/// The most GB of a record.
const RECORD_GB: usize = 100_000;

/// What goes from one Region to another, by their places.
fn across(from: usize, to: usize) -> u128 {
    300 + 40 * from as u128 + to as u128
}

fn regions() -> Vec<&'static str> {
    RATES.iter().map(|row| row.0).chain(OTHER_CURRENCY).collect()
}

/// An amount by tiers, in 10⁻⁵ USD.
fn tiered(mut gb: u128, ends: &[u128], rates: &[u128]) -> u128 {
    let starts = std::iter::once(&0).chain(ends);
    let widths = ends.iter().zip(starts).map(|(end, start)| end - start).chain([u128::MAX]);
    let step = |(width, rate): (u128, &u128)| {
        let part = gb.min(width);
        gb -= part;
        part * rate
    };
    widths.zip(rates).map(step).sum()
}

/// A flow log of version 5 with two zones, a second VPC, a NAT gateway and an endpoint in each Region.
fn log() -> String {
    let mut log =
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action \
        log-status vpc-id subnet-id instance-id pkt-srcaddr pkt-dstaddr region az-id flow-direction traffic-path\n"
            .to_owned();
    for (place, region) in regions().into_iter().enumerate() {
        let mut record = |interface: &str,
                          (src, dst): (&str, &str),
                          packet_dst: &str,
                          gb: u128,
                          direction: &str,
                          path: &str| {
            let (vpc, zone, has_instance) = match interface {
                "app" => ("a", 2, true),
                "peer" => ("b", 2, true),
                "nat" => ("a", 1, false),
                _ => ("a", 1, true),
            };
            let instance = if has_instance { format!("i-{place}{interface}") } else { "-".to_owned() };
            let packet_dst = if packet_dst.is_empty() { dst } else { packet_dst };
            // No record has more bytes than an interface sends in an interval of ten minutes.
            let parts = (0..gb).step_by(RECORD_GB).map(|sent| (gb - sent).min(RECORD_GB as u128));
            for gb in parts {
                writeln!(
                    log,
                    "5 111122223333 eni-{place}{interface} {src} {dst} 40000 443 6 1 {} 1790812800 1790812860 ACCEPT OK \
                     vpc-{place}{vpc} subnet-{place}{vpc}{zone} {instance} {src} {packet_dst} {region} {region}-z{zone} \
                     {direction} {path}",
                    gb << 30
                )
                .expect("a text takes it");
            }
        };
        let of = |vpc: &str, host: &str| match vpc {
            "a" => format!("10.{place}.{host}"),
            _ => format!("10.{}.{host}", 100 + place),
        };
        let (web, app, nat, endpoint) = (of("a", "0.1"), of("a", "1.1"), of("a", "2.1"), of("a", "3.1"));
        let (peer, public) = (of("b", "0.1"), format!("52.{place}.0.9"));
        record("web", (&web, "198.51.100.7"), "", INTERNET, "egress", "8");
        record("web", (&web, "198.51.100.9"), "", NAT, "egress", "1");
        record("nat", (&web, &nat), "198.51.100.9", NAT, "ingress", "-");
        record("web", (&web, "192.168.0.1"), "", VPN, "egress", "3");
        record("web", (&web, "172.16.0.1"), "", DIRECT_CONNECT, "egress", "3");
        record("web", (&web, &app), "", CROSS_ZONE, "egress", "1");
        record("web", (&web, &of("a", "0.2")), "", SAME_ZONE, "egress", "1");
        record("other", (&of("a", "0.2"), &web), "", SAME_ZONE, "egress", "1");
        record("app", (&app, &of("a", "9.9")), "", UNKNOWN_ZONES, "egress", "1");
        record("web", (&web, &peer), "", PEERING, "egress", "4");
        record("web", (&web, &public), "", PUBLIC_OUT, "egress", "8");
        record("web", (&public, &web), "", PUBLIC_IN, "ingress", "-");
        record("app", (&app, &peer), "", TRANSIT, "egress", "1");
        record("web", (&web, &endpoint), "", TO_ENDPOINT, "egress", "1");
        record("web", (&web, "3.5.0.1"), "", BUCKET, "egress", "7");
        record("web", (&web, "10.250.0.1"), "", UNKNOWN_PATH, "egress", "8");
        record("web", (&web, "10.251.0.1"), "", LOCAL_GATEWAY, "egress", "6");
        record("peer", (&peer, &of("b", "9.9")), "", UNKNOWN_ZONES, "egress", "1");
        for to in (0..regions().len()).filter(|to| *to != place) {
            record("web", (&web, &format!("10.{to}.0.1")), "", across(place, to), "egress", "5");
        }
    }
    log
}

/// AWS's ranges with an external EC2 network in each Region, the endpoints, and two sites.
fn tables() -> (String, String, String) {
    let (mut prefixes, mut endpoints) = (Vec::new(), Vec::new());
    for (place, region) in regions().into_iter().enumerate() {
        prefixes
            .push(serde_json::json!({"ip_prefix": format!("52.{place}.0.0/16"), "region": region, "service": "EC2"}));
        endpoints.push(serde_json::json!({
            "NetworkInterfaceId": format!("eni-{place}endpoint"), "InterfaceType": "vpc_endpoint",
            "OwnerId": "111122223333", "VpcId": format!("vpc-{place}a"), "SubnetId": format!("subnet-{place}a1"),
            "PrivateIpAddress": format!("10.{place}.3.1"),
            "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": format!("10.{place}.3.1")}],
        }));
    }
    prefixes.push(serde_json::json!({"ip_prefix": "3.5.0.0/16", "region": "us-east-1", "service": "S3"}));
    let ranges = serde_json::json!({"prefixes": prefixes, "ipv6_prefixes": []}).to_string();
    let inventory = serde_json::json!({"NetworkInterfaces": endpoints}).to_string();
    (ranges, inventory, "cidr,kind\n192.168.0.0/16,vpn\n172.16.0.0/16,dx:EqDC2\n".to_owned())
}

/// What each charge of a Region costs by its other side, in 10⁻⁵ USD; the rest of the pairs has no row here.
fn worked(place: usize) -> Vec<((&'static str, String), u128)> {
    let (_, egress, nat, next) = RATES[place];
    let to = (place + 1) % RATES.len();
    let sent = INTERNET + NAT + VPN;
    let inside = |charge: &'static str, gb: u128| ((charge, "same".to_owned()), gb * ZONES);
    vec![
        (("internet-egress", "internet".to_owned()), tiered(sent, &EGRESS_ENDS, &egress)),
        (("nat-processing", "any".to_owned()), NAT * nat),
        (("transit-gateway", "any".to_owned()), TRANSIT * TRANSIT_GATEWAY),
        (("endpoint-processing", "any".to_owned()), tiered(TO_ENDPOINT, &ENDPOINT_ENDS, &ENDPOINT)),
        (("inter-region", RATES[to].0.to_owned()), across(place, to) * next),
        inside("inter-zone-out", CROSS_ZONE),
        inside("inter-zone-in", CROSS_ZONE),
        inside("peering-zone-out", PEERING),
        inside("peering-zone-in", PEERING),
        inside("public-address-out", PUBLIC_OUT),
        inside("public-address-in", PUBLIC_IN),
    ]
}

/// The lines of an answer as CSV, by the columns named.
fn answer(folder: &std::path::Path, table: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let line = "cost flows.log --network inventory.json --network sites.csv --ip-ranges ranges.json -o csv \
                --by from_region,to_region";
    let words = program::words(&format!("{line} --table {table}")).expect("quotes");
    let printed = program::run(&words, folder, b"").expect("the program runs");
    assert_eq!(printed.exit, "0", "{}", String::from_utf8_lossy(&printed.stderr));
    let mut reader = csv::Reader::from_reader(&*printed.stdout);
    let names = reader.headers().expect("a header").clone();
    let places: Vec<_> = columns.iter().map(|name| names.iter().position(|own| own == *name).expect(name)).collect();
    let row = |row: Result<csv::StringRecord, csv::Error>| {
        let row = row.expect("a row");
        places.iter().map(|place| row[*place].to_owned()).collect()
    };
    reader.records().map(row).collect()
}

/// Dollars in hundred-thousandths, which they are whole numbers of.
fn hundred_thousandths(usd: &str) -> u128 {
    let (whole, part) = usd.split_once('.').unwrap_or((usd, ""));
    let parsed = format!("{whole}{part:0<5}").parse();
    parsed.unwrap_or_else(|_| panic!("{usd} is no whole number of 10⁻⁵ USD"))
}

#[test]
fn every_charge_in_every_region_is_priced_to_the_cent_or_unpriced_for_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ranges, inventory, sites) = tables();
    for (name, text) in
        [("flows.log", log()), ("ranges.json", ranges), ("inventory.json", inventory), ("sites.csv", sites)]
    {
        fs::write(folder.path().join(name), text).expect("the file is written");
    }
    let cost = answer(folder.path(), "cost", &["from_region", "to_region", "charge", "usd", "bytes", "unpriced_bytes"]);
    let unpriced = answer(folder.path(), "unpriced", &["from", "to", "charge", "reason", "unpriced_bytes"]);
    let found: BTreeMap<[&str; 3], (&str, u128)> = cost
        .iter()
        .filter(|row| row[5] == "0")
        .map(|row| ([&*row[0], &*row[2], &*row[1]], (&*row[3], row[4].parse::<u128>().expect("bytes"))))
        .collect();
    let reason = |from: &str, charge: &str, to: &str| {
        let is_it = |row: &&Vec<String>| (&*row[0], &*row[2], &*row[1]) == (from, charge, to);
        unpriced.iter().find(is_it).map(|row| row[3].as_str())
    };
    for (place, region) in regions().into_iter().enumerate() {
        let is_in_dollars = place < RATES.len();
        for ((charge, to), expected) in worked(place % RATES.len()) {
            // The list of a Region without prices has no next one.
            let to = if !is_in_dollars && charge == "inter-region" { "us-east-1".to_owned() } else { to };
            match found.get(&[region, charge, &to]) {
                Some((usd, _)) if is_in_dollars => {
                    assert_eq!(hundred_thousandths(usd), expected, "{region} {charge} {to}: {usd}");
                }
                other => {
                    assert!(!is_in_dollars && other.is_none(), "{region} {charge} {to}: {other:?}");
                    assert_eq!(reason(region, charge, &to), Some("no price"), "{region} {charge} {to}");
                }
            }
        }
        for (other, to) in regions().into_iter().enumerate().filter(|(other, _)| *other != place) {
            let bytes = across(place, other) << 30;
            let priced = found.get(&[region, "inter-region", to]);
            let is_priced = priced.is_some_and(|(usd, all)| *all == bytes && !usd.is_empty() && *usd != "0");
            let is_named = reason(region, "inter-region", to) == Some("no price");
            assert_eq!(is_priced, !is_named, "{region} to {to}: {priced:?}");
            assert_eq!(is_priced, place.max(other) < RATES.len(), "{region} to {to}");
        }
        let direct_connect = found.contains_key(&[region, "direct-connect", "EqDC2"]);
        assert_ne!(direct_connect, reason(region, "direct-connect", "EqDC2") == Some("no price"), "{region}");
    }
    let all = regions().len() as u128;
    let of_paths: BTreeMap<&str, u128> = unpriced
        .iter()
        .filter(|row| row[2].is_empty())
        .map(|row| (&*row[3], row[4].parse::<u128>().expect("bytes") >> 30))
        .collect();
    let expected = [
        ("no rule for local gateways", LOCAL_GATEWAY * all),
        ("unknown path", UNKNOWN_PATH * all),
        ("unknown zones", 2 * UNKNOWN_ZONES * all),
    ];
    assert_eq!(of_paths, BTreeMap::from(expected));
    let free = cost.iter().find(|row| row[0] == "(free)").expect("a row of what is free");
    assert_eq!(free[4].parse::<u128>().expect("bytes") >> 30, (2 * SAME_ZONE + BUCKET) * all);
    let named = cost.iter().find(|row| row[0] == "(unpriced)").expect("a row of what no rule covers");
    assert_eq!((&*named[3], &named[4]), ("", &named[5]), "no dollars, and all of it unpriced");
}

/// What a GB costs out of or into Local Zones at which that is not 0.01, in 10⁻⁵ USD: the feed of AWS's pricing page.
const LOCAL_HALVES: [(&str, u128); 13] = [
    ("af-south-1-los-1", 13_700),
    ("ap-northeast-1-tpe-1", 8_000),
    ("ap-south-1-ccu-1", 7_600),
    ("ap-south-1-del-1", 7_600),
    ("ap-southeast-1-bkk-1", 8_000),
    ("ap-southeast-1-mnl-1", 8_000),
    ("ap-southeast-2-akl-1", 8_800),
    ("ap-southeast-2-per-1", 8_800),
    ("me-south-1-mct-1", 10_100),
    ("us-east-1-bue-1", 12_800),
    ("us-east-1-lim-1", 12_800),
    ("us-east-1-scl-1", 12_800),
    ("us-west-2-hnl-1", 2_200),
];
/// The first tier of egress where that is not the Region's: of Local Zones in South America, and of Wavelength Zones.
const ZONE_EGRESS: [(&str, u128); 9] = [
    ("us-east-1-bue-1", 15_000),
    ("us-east-1-lim-1", 15_000),
    ("us-east-1-scl-1", 15_000),
    ("ap-northeast-1-wl", 13_680),
    ("ap-northeast-2-wl", 13_860),
    ("ca-central-1-wl", 10_800),
    ("eu-", 9_900),
    ("us-east-1-wl", 10_800),
    ("us-west-2-wl", 10_800),
];
/// Wavelength Zones between which and their Regions the feed has a price, by the direction.
const FROM_REGION: [&str; 5] = ["ber", "dtm", "muc", "cmn", "dss"];
const TO_REGION: &str = "dss";
/// The GB between a zone and its Region, in each direction; the rest is as between Regions.
const WITH_REGION: u128 = 23;
const ZONE_NAT: u128 = 29;

/// A zone that has prices of its own: its group, its Region and its id.
struct Zone {
    group: String,
    region: &'static str,
    id: String,
}

impl Zone {
    fn is_wavelength(&self) -> bool {
        self.group.contains("-wlz-")
    }
}

/// The zones that the program lists prices of.
fn zones(folder: &std::path::Path) -> Vec<Zone> {
    let words = program::words("prices show --charge internet-egress --at 2026-10-15 -o csv").expect("quotes");
    let printed = program::run(&words, folder, b"").expect("the program runs");
    let mut groups: Vec<String> = csv::Reader::from_reader(&*printed.stdout)
        .records()
        .map(|row| row.expect("a row")[1].to_owned())
        .filter(|from| !RATES.iter().any(|row| row.0 == from))
        .collect();
    groups.dedup();
    let zone = |group: String| {
        let region =
            RATES.iter().map(|row| row.0).find(|region| group.starts_with(&format!("{region}-"))).expect("a Region");
        let words: Vec<&str> = region.split('-').collect();
        let [land, side, number] = words.as_slice() else { panic!("{region}") };
        let side = match *side {
            "northeast" => "ne",
            "southeast" => "se",
            side => &side[..1],
        };
        let rest: Vec<&str> = group[region.len() + 1..].split('-').collect();
        let rest = match rest.as_slice() {
            [city, zone] => format!("{city}{zone}-az1"),
            [carrier, city, word, zone] => format!("{carrier}-{city}-{word}{zone}"),
            _ => panic!("{group}"),
        };
        Zone { id: format!("{land}{side}{number}-{rest}"), group, region }
    };
    groups.into_iter().map(zone).collect()
}

/// A VPC for each zone, with an instance and a NAT gateway in it, and one in an Availability Zone.
fn zone_log(zones: &[Zone]) -> String {
    let mut log = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action \
        log-status vpc-id instance-id pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id flow-direction \
        traffic-path\n"
        .to_owned();
    for (place, zone) in zones.iter().enumerate() {
        let mut record = |interface: &str, host: u8, (dst, packet_dst): (&str, &str), gb: u128, way: &str| {
            let src = format!("10.{place}.{host}.1");
            let shown = if interface == "nat" { format!("10.{place}.0.1") } else { src };
            let instance = if interface == "nat" { "-".to_owned() } else { format!("i-{place}{interface}") };
            let kind = if zone.is_wavelength() { "wavelength" } else { "localzone" };
            let at = if interface == "app" { "own-az1 - -".to_owned() } else { format!("- {kind} {}", zone.id) };
            writeln!(
                log,
                "5 111122223333 eni-{place}{interface} {shown} {dst} 40000 443 6 1 {} 1790812800 1790812860 ACCEPT OK \
                 vpc-{place} {instance} {shown} {packet_dst} {} {at} {way}",
                gb << 30,
                zone.region
            )
            .expect("a text takes it");
        };
        let next = format!("10.{}.0.1", (place + 1) % zones.len());
        let crosses = zones[(place + 1) % zones.len()].region != zone.region;
        let (web, app, nat) = (format!("10.{place}.0.1"), format!("10.{place}.1.1"), format!("10.{place}.2.1"));
        record("web", 0, ("198.51.100.7", "198.51.100.7"), DIRECT_CONNECT, "egress 8");
        record("web", 0, (&app, &app), WITH_REGION, "egress 1");
        record("app", 1, (&web, &web), WITH_REGION, "egress 1");
        record("web", 0, (&next, &next), SAME_ZONE, if crosses { "egress 5" } else { "egress 4" });
        record("web", 0, ("52.0.0.9", "52.0.0.9"), BUCKET, "egress 8");
        record("nat", 2, (&nat, "198.51.100.9"), ZONE_NAT, "ingress -");
    }
    log
}

#[test]
fn every_zone_is_priced_by_its_group_or_unpriced_for_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let zones = zones(folder.path());
    assert_eq!(zones.len(), 67);
    let ranges =
        r#"{"prefixes":[{"ip_prefix":"52.0.0.0/16","region":"il-central-1","service":"EC2"}],"ipv6_prefixes":[]}"#;
    let inventory = r#"{"NetworkInterfaces":[]}"#;
    for (name, text) in [
        ("flows.log", zone_log(&zones).as_str()),
        ("ranges.json", ranges),
        ("inventory.json", inventory),
        ("sites.csv", "cidr,kind\n192.168.0.0/16,vpn\n"),
    ] {
        fs::write(folder.path().join(name), text).expect("the file is written");
    }
    let cost = answer(folder.path(), "cost", &["from_region", "to_region", "charge", "usd", "unpriced_bytes"]);
    let unpriced = answer(folder.path(), "unpriced", &["from", "to", "charge", "reason"]);
    let usd = |from: &str, charge: &str, to: &str| {
        let is_it = |row: &&Vec<String>| (&*row[0], &*row[1], &*row[2]) == (from, to, charge) && row[4] == "0";
        cost.iter().find(is_it).map(|row| hundred_thousandths(&row[3]))
    };
    let is_named = |from: &str, charge: &str, to: &str| {
        unpriced.iter().any(|row| (&*row[0], &*row[1], &*row[2], &*row[3]) == (from, to, charge, "no price"))
    };
    for (place, zone) in zones.iter().enumerate() {
        let group = zone.group.as_str();
        let of_region = RATES.iter().find(|row| row.0 == zone.region).expect("a Region");
        let own = |table: &[(&str, u128)]| {
            let fits = |key: &str| key == group || zone.is_wavelength() && group.starts_with(key);
            table.iter().find(|(key, _)| fits(key)).map(|(_, rate)| *rate)
        };
        let egress = own(&ZONE_EGRESS).unwrap_or(of_region.1[0]) * DIRECT_CONNECT;
        assert_eq!(usd(group, "internet-egress", "internet"), Some(egress), "{group}");
        let nat = match group {
            "us-west-2-lax-1" | "us-west-2-phx-1" => 5_400,
            _ => of_region.2,
        };
        assert_eq!(usd(group, "nat-processing", "any"), Some(nat * ZONE_NAT), "{group}");
        assert!(usd(group, "inter-region", "il-central-1").is_some_and(|usd| usd > 0), "{group}");
        if zone.is_wavelength() {
            let city = group.split('-').nth(4).expect("a city");
            for (from, to, is_priced) in
                [(group, zone.region, city == TO_REGION), (zone.region, group, FROM_REGION.contains(&city))]
            {
                let expected = is_priced.then_some(2_000 * WITH_REGION);
                assert_eq!(usd(from, "inter-region", to), expected, "{from} to {to}");
                assert_ne!(is_named(from, "inter-region", to), is_priced, "{from} to {to}");
            }
        } else {
            let half = own(&LOCAL_HALVES).unwrap_or(1_000) * WITH_REGION;
            for charge in ["local-zone-out", "local-zone-in"] {
                assert_eq!(usd(group, charge, "same"), Some(half), "{group} {charge}");
            }
        }
        let next = &zones[(place + 1) % zones.len()];
        let is_priced = usd(group, "inter-region", &next.group).is_some_and(|usd| usd > 0);
        assert_ne!(is_priced, is_named(group, "inter-region", &next.group), "{group} to {}", next.group);
        assert!(is_priced || next.region == zone.region, "{group} to {}", next.group);
    }
}
