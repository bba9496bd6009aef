//! Tests the rules on small lists, and the full AWS list against an independent formulation of the rules.

use std::path::Path;

use serde_json::Value;

use super::*;

fn address(text: &str) -> u128 {
    let length = if text.contains(':') { 128 } else { 32 };
    Prefix::parse(&format!("{text}/{length}")).unwrap().first
}

/// A file that lists `prefix region service` each.
fn json(lists: &[&str]) -> String {
    let entry = |list: &&str| {
        let words: Vec<&str> = list.split(' ').collect();
        let key = if words[0].contains(':') { "ipv6_prefix" } else { "ip_prefix" };
        format!(
            r#"{{"{key}": "{}", "region": "{}", "service": "{}", "network_border_group": "x"}}"#,
            words[0], words[1], words[2]
        )
    };
    let of = |ipv6| {
        let some = lists.iter().filter(|list| list.contains(':') == ipv6);
        some.map(entry).collect::<Vec<_>>().join(",\n")
    };
    format!(
        "{{\"createDate\": \"2026-01-02-03-04-05\",\n\"prefixes\": [{}],\n\"ipv6_prefixes\": [{}]}}",
        of(false),
        of(true)
    )
}

fn ranges(lists: &[&str]) -> Ranges {
    Ranges::read("ranges.json", json(lists).as_bytes()).unwrap()
}

/// `region service` of an address.
fn said(ranges: &Ranges, at: &str) -> String {
    ranges.look_up(address(at)).map_or("nothing".to_owned(), shown)
}

fn shown(range: &Range) -> String {
    let service = match &range.service {
        Service::Instance => "instance",
        Service::Named(name) => name,
    };
    format!("{} {service}", range.region.as_deref().unwrap_or("-"))
}

fn fault(json: &str) -> String {
    let error = Ranges::read("mine.json", json.as_bytes()).unwrap_err();
    assert!(error.hints()[0].contains(RANGES_URL));
    error.to_string()
}

#[test]
fn ec2_is_somebodys_instance_and_a_service_beside_it_is_the_service() {
    let ranges = ranges(&[
        "1.0.0.0/24 r1 EC2",
        "1.0.1.0/24 r1 AMAZON",
        "1.0.1.0/24 r1 EC2",
        "1.0.2.0/24 r1 EC2",
        "1.0.2.0/24 r1 EC2_INSTANCE_CONNECT",
        "1.0.3.0/24 r1 AMAZON",
        "1.0.3.0/24 r1 S3",
        "1.0.3.0/24 r1 EC2",
        "1.0.4.0/24 GLOBAL AMAZON",
        "1.0.5.0/24 r1 EC2",
        "1.0.5.0/24 r1 NEW_SERVICE",
        "1.0.6.0/24 r1 EC2_INSTANCE_CONNECT",
        "2600::/32 r2 AMAZON",
        "2600::/32 r2 EC2",
    ]);
    for (at, expected) in [
        ("1.0.0.1", "r1 instance"),
        ("1.0.1.1", "r1 instance"),
        ("1.0.2.1", "r1 instance"),
        ("1.0.3.1", "r1 S3"),
        ("1.0.4.1", "- AMAZON"),
        ("1.0.5.1", "r1 NEW_SERVICE"),
        ("1.0.6.1", "r1 EC2_INSTANCE_CONNECT"),
        ("2600::1", "r2 instance"),
        ("1.0.7.1", "nothing"),
        ("2601::1", "nothing"),
    ] {
        assert_eq!(said(&ranges, at), expected, "{at}");
    }
}

#[test]
fn a_service_may_be_reported_around_the_longest_prefix_but_not_across_regions() {
    let ranges = ranges(&[
        "1.0.0.0/16 r1 S3",
        "1.0.1.0/24 r1 EC2",
        "1.0.2.0/24 r1 AMAZON",
        "1.0.3.0/24 r2 EC2",
        "1.0.4.0/24 r1 EFS",
        "2.0.0.0/16 r1 AMAZON",
        "2.0.0.0/16 r1 EC2",
        "2.0.1.0/24 r1 AMAZON",
        "2.0.2.0/24 r1 EFS",
        "3.0.0.0/16 GLOBAL CLOUDFRONT",
        "3.0.1.0/24 r1 AMAZON",
        "4.0.0.0/16 r1 AMAZON",
        "4.0.0.0/16 r2 AMAZON",
    ]);
    for (at, expected) in [
        ("1.0.0.1", "r1 S3"),
        ("1.0.1.1", "r1 S3"),
        ("1.0.2.1", "r1 S3"),
        ("1.0.3.1", "r2 instance"),
        ("1.0.4.1", "r1 EFS"),
        ("2.0.0.1", "r1 instance"),
        ("2.0.1.1", "r1 AMAZON"),
        ("2.0.2.1", "r1 EFS"),
        ("3.0.0.1", "- CLOUDFRONT"),
        ("3.0.1.1", "r1 AMAZON"),
        ("4.0.0.1", "- AMAZON"),
    ] {
        assert_eq!(said(&ranges, at), expected, "{at}");
    }
}

#[test]
fn a_prefix_in_two_regions_is_a_warning_and_global_beside_one_is_none() {
    let sound = ranges(&["1.2.3.0/24 r1 S3", "1.2.3.0/24 r1 AMAZON", "1.2.3.0/24 GLOBAL EC2", "1.2.0.0/16 r2 S3"]);
    assert_eq!(sound.warnings, Vec::<String>::new());
    let twice = ["1.2.3.0/24 r1 S3", "1.2.3.0/24 r2 EC2", "1.2.3.0/24 r3 EC2", "5.6.0.0/16 r1 S3", "5.6.0.0/16 r2 S3"];
    let said = "ranges.json: 1.2.3.0/24 is listed in both r1 and r2: its addresses have no region (and 1 more like it)";
    assert_eq!(ranges(&twice).warnings, [said]);
}

#[test]
fn of_two_services_the_one_with_fewer_prefixes_says_more() {
    let ranges = ranges(&[
        "1.0.0.0/24 GLOBAL CLOUDFRONT",
        "1.0.0.0/24 GLOBAL CLOUDFRONT_ORIGIN_FACING",
        "1.0.1.0/24 GLOBAL CLOUDFRONT",
    ]);
    assert_eq!(said(&ranges, "1.0.0.1"), "- CLOUDFRONT_ORIGIN_FACING");
    assert_eq!(said(&ranges, "1.0.1.1"), "- CLOUDFRONT");
}

#[test]
fn what_is_no_such_file_is_reported_with_its_line() {
    assert_eq!(fault(""), "mine.json: EOF while parsing a value at line 1 column 0");
    assert_eq!(fault("{}"), "mine.json: missing field `prefixes` at line 1 column 2");
    assert_eq!(fault(r#"{"prefixes": []}"#), "mine.json: there are no prefixes in it");
    let google = r#"{"prefixes": [{"ipv4Prefix": "8.8.4.0/24"}]}"#;
    assert_eq!(fault(google), "mine.json: missing field `ip_prefix` at line 1 column 42");
    let host_bits = fault(&json(&["1.0.0.0/8 r1 EC2", "1.0.0.1/16 r1 EC2"]));
    assert!(host_bits.starts_with("mine.json: `1.0.0.1/16` has host bits set"), "{host_bits}");
    assert!(host_bits.contains(" at line 3 column "), "{host_bits}");
    let nameless = json(&["1.0.0.0/8  EC2"]);
    assert!(fault(&nameless).starts_with("mine.json: a region or service without a name at line 2 "));
}

#[test]
fn a_file_may_have_a_mark_in_front_escapes_and_no_ipv6() {
    let text =
        "\u{feff}{\"prefixes\": [{\"ip_prefix\": \"1.0.0.0\\/8\", \"region\": \"r\\u0031\", \"service\": \"S3\"}]}";
    assert_eq!(said(&Ranges::read("x", text.as_bytes()).unwrap(), "1.2.3.4"), "r1 S3");
}

#[test]
fn the_embedded_ranges_are_whole() {
    let ranges = Ranges::embedded().unwrap();
    assert!(ranges.look_up(crate::units::address::parse("52.95.0.1").unwrap()).is_some());
    // Each name has the expected kind, so no line was misread.
    for line in EMBEDDED.lines().skip(1) {
        let (names, prefixes) = line.split_once(": ").unwrap();
        let (region, services) = names.split_once(' ').unwrap();
        assert!(region == GLOBAL || (region.contains('-') && region == region.to_lowercase()), "{region}");
        assert!(!services.is_empty() && services == services.to_uppercase(), "{services}");
        for prefix in prefixes.split(' ') {
            let range = ranges.look_up(Prefix::parse(prefix).unwrap().last()).unwrap();
            assert!(range.region.as_deref() != Some(GLOBAL));
        }
    }
    assert_eq!(said(&ranges, "15.193.0.1"), "ap-south-1 AMAZON_CONNECT");
    assert_eq!(said(&ranges, "3.5.140.1"), "ap-northeast-2 S3");
    assert_eq!(said(&ranges, "8.8.8.8"), "nothing");
}

/// The lists that hold an address: bits, region, service.
fn holding(file: &Value, address: u128) -> Vec<(u8, String, String)> {
    let entries = ["prefixes", "ipv6_prefixes"].into_iter().flat_map(|key| file[key].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let held = entries.filter_map(|entry| {
        let prefix = entry.get("ip_prefix").unwrap_or(&entry["ipv6_prefix"]);
        let prefix = Prefix::parse(prefix.as_str().unwrap()).unwrap();
        prefix.contains(address).then(|| (prefix.bits, text(&entry["region"]), text(&entry["service"])))
    });
    held.collect()
}

/// The rule said by sets: which answers are right for an address.
fn is_right(lists: &[(u8, String, String)], range: &Range) -> bool {
    let longest = lists.iter().map(|(bits, ..)| *bits).max().unwrap();
    let region = &lists.iter().find(|(bits, ..)| *bits == longest).unwrap().1;
    let own = |(_, of, service): &&(u8, String, String)| of == region && !["AMAZON", "EC2"].contains(&&**service);
    let most = lists.iter().filter(own).map(|(bits, ..)| *bits).max();
    let names: Vec<&str> =
        lists.iter().filter(own).filter(|(bits, ..)| Some(*bits) == most).map(|(.., name)| &**name).collect();
    let is_instance = lists.iter().any(|(bits, _, service)| *bits == longest && service == "EC2");
    let service = match &range.service {
        Service::Instance => names.is_empty() && is_instance,
        Service::Named(name) if names.is_empty() => **name == *AMAZON && !is_instance,
        Service::Named(name) => names.contains(&&**name) && (!names.contains(&S3) || **name == *S3),
    };
    service && range.region.as_deref() == Some(&**region).filter(|region| *region != GLOBAL)
}

#[test]
fn the_whole_of_a_published_file_is_read_by_the_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths =
        ["../shared", "../../shared"].map(|up| root.join(up).join("samples/seligman-aws-ip-ranges/ip-ranges.json"));
    let Some(json) = paths.iter().find_map(|path| std::fs::read(path).ok()) else {
        eprintln!("skipped: there is no published file beside the project");
        return;
    };
    let ranges = Ranges::read("ip-ranges.json", &json).unwrap();
    let file: Value = serde_json::from_slice(&json).unwrap();
    let mut asked: Vec<u128> = Vec::new();
    let entries = ["prefixes", "ipv6_prefixes"].into_iter().flat_map(|key| file[key].as_array().unwrap());
    for (place, entry) in entries.enumerate() {
        let prefix = entry.get("ip_prefix").unwrap_or(&entry["ipv6_prefix"]);
        let prefix = Prefix::parse(prefix.as_str().unwrap()).unwrap();
        assert!(ranges.look_up(prefix.first).is_some() && ranges.look_up(prefix.last()).is_some());
        // Looking through the whole file for each would take minutes.
        if place % 200 == 0 {
            asked.extend([prefix.first, prefix.last()]);
        }
    }
    asked.sort_unstable();
    for address in &asked {
        let (lists, range) = (holding(&file, *address), ranges.look_up(*address));
        assert!(is_right(&lists, range.unwrap()), "{lists:?} {range:?}");
    }
    assert_eq!(said(&ranges, "15.193.0.1"), "ap-south-1 AMAZON_CONNECT");
    assert_eq!(said(&ranges, "15.193.31.1").split(' ').next(), Some("-"));
}
