//! What people type and how objects are named: nothing panics, and what is understood is understood again as written.

use std::sync::LazyLock;

use outflow::collect::KeyFacts;
use outflow::group::{IPV6_PREFIX_BITS, Key};
use outflow::schema::Column;
use outflow::units::{size, time};

use crate::seeds;

/// 2026-10-15T13:14:15Z.
pub(crate) const NOW: u32 = 1_792_070_055;
/// A zone whose clock changes, one that left out a day, and one that is half an hour off.
static ZONES: LazyLock<Vec<time::Zone>> = LazyLock::new(|| {
    ["UTC", "Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe"]
        .map(time::Zone::parse)
        .into_iter()
        .flatten()
        .collect()
});
/// A longer text is not tried as a zone: to look for the nearest name takes long.
const ZONE_BYTES_MAX: usize = 24;

pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    check_object_key(text);
    check_group_key(text);
    for zone in &*ZONES {
        check_moment(text, *zone);
    }
    if text.len() <= ZONE_BYTES_MAX
        && let Ok(zone) = time::Zone::parse(text)
    {
        assert_eq!(time::Zone::parse(&zone.to_string()).ok(), Some(zone));
    }
    if let Ok(span) = time::parse_span(text) {
        assert_eq!(time::parse_span(&format!("{span}s")).ok(), Some(span));
    }
    if let Ok(bytes) = size::parse(text) {
        assert_eq!(size::parse(&bytes.to_string()).ok(), Some(bytes));
    }
}

fn check_object_key(text: &str) {
    let facts = KeyFacts::of(text);
    assert!(facts.hour.is_none_or(|hour| hour < 24 && facts.day.is_some()), "{facts:?}");
    assert_eq!(KeyFacts::of(&format!("/.//{text}")), facts, "empty folders say nothing");
}

fn check_group_key(text: &str) {
    let Ok(key) = Key::parse(text) else { return };
    assert_eq!(Column::of_name(key.column.name()), Some(key.column));
    if let Some(cut) = key.cut {
        assert!(cut.v4_bits <= 32 && cut.v6_bits <= 128);
        let ending = if cut.public_only { ":public" } else { "" };
        let again = format!("{}/{}/{}{ending}", key.column.name(), cut.v4_bits, cut.v6_bits);
        assert_eq!(Key::parse(&again).ok().as_ref(), Some(&key), "{again}");
        if cut.v6_bits == IPV6_PREFIX_BITS {
            let short = format!("{}/{}{ending}", key.column.name(), cut.v4_bits);
            assert_eq!(Key::parse(&short).ok(), Some(key), "{short}");
        }
    }
}

fn check_moment(text: &str, zone: time::Zone) {
    if let Ok(moment) = time::parse_moment(text, NOW, zone) {
        assert_eq!(time::parse_moment(&time::write(moment), NOW, zone).ok(), Some(moment));
    }
    let mut parts = text.split('|').map(|part| Some(part).filter(|part| !part.is_empty()));
    let mut part = || parts.next().flatten();
    if let Ok(window) = time::window(part(), part(), part(), part(), NOW, zone)
        && let (Some(from), Some(to)) = (window.from, window.to)
    {
        assert!(from < to && window.contains(from) && !window.contains(to), "{window:?}");
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let logs =
        seeds::files("logs").into_iter().filter_map(|path| Some(path.to_str()?.split_once("testdata/")?.1.into()));
    let typed = [
        "prefix/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2024/month=03/day=09/hour=16/x.log",
        "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20240309T1620Z_fe12.log.gz",
        "src/24/56:public",
        "dst-port",
        "1.5GiB",
        "10MiB",
        "1_000",
        "7d",
        "2026-10-01T12:00:30+02:00",
        "2026-10-01 12:00",
        "@1790856000",
        "yesterday",
        "europe/berlin",
        "2026-10-01|2026-10-02||",
        "||36h|",
        "|||last-month",
        "|||2026-10",
    ];
    logs.chain(typed.map(str::to_owned)).map(String::into_bytes).collect()
}

pub(crate) fn words() -> Vec<String> {
    let words =
        ["AWSLogs/", "/vpcflowlogs/", "_vpcflowlogs_", "_20241231T2355Z_", "year=", "hour=", "T", "Z", "+14:00"];
    Column::names().chain(words).map(str::to_owned).collect()
}
