//! The regions, the prefixes that AWS's bills and price lists have for them, and those of zone ids.
//!
//! A billing prefix is not the prefix of zone ids: `aps1` is Mumbai in a zone id, `APS1` is Singapore on a bill. The
//! pairs were read from usage types in public code; where several sources differ, the price list's own won.

use super::edge;
use crate::error::{Error, nearest};

/// Every region with prices, with its billing prefix and display name.
const REGIONS: [(&str, &str, &str); 38] = [
    ("af-south-1", "AFS1", "Africa (Cape Town)"),
    ("ap-east-1", "APE1", "Asia Pacific (Hong Kong)"),
    ("ap-east-2", "APE2", "Asia Pacific (Taipei)"),
    ("ap-northeast-1", "APN1", "Asia Pacific (Tokyo)"),
    ("ap-northeast-2", "APN2", "Asia Pacific (Seoul)"),
    ("ap-northeast-3", "APN3", "Asia Pacific (Osaka)"),
    ("ap-south-1", "APS3", "Asia Pacific (Mumbai)"),
    ("ap-south-2", "APS5", "Asia Pacific (Hyderabad)"),
    ("ap-southeast-1", "APS1", "Asia Pacific (Singapore)"),
    ("ap-southeast-2", "APS2", "Asia Pacific (Sydney)"),
    ("ap-southeast-3", "APS4", "Asia Pacific (Jakarta)"),
    ("ap-southeast-4", "APS6", "Asia Pacific (Melbourne)"),
    ("ap-southeast-5", "APS7", "Asia Pacific (Malaysia)"),
    ("ap-southeast-6", "APS8", "Asia Pacific (New Zealand)"),
    ("ap-southeast-7", "APS9", "Asia Pacific (Thailand)"),
    ("ca-central-1", "CAN1", "Canada (Central)"),
    ("ca-west-1", "CAN2", "Canada West (Calgary)"),
    ("cn-north-1", "CNN1", "China (Beijing)"),
    ("cn-northwest-1", "CNW1", "China (Ningxia)"),
    ("eu-central-1", "EUC1", "Europe (Frankfurt)"),
    ("eu-central-2", "EUC2", "Europe (Zurich)"),
    ("eu-north-1", "EUN1", "Europe (Stockholm)"),
    ("eu-south-1", "EUS1", "Europe (Milan)"),
    ("eu-south-2", "EUS2", "Europe (Spain)"),
    ("eu-west-1", "EU", "Europe (Ireland)"),
    ("eu-west-2", "EUW2", "Europe (London)"),
    ("eu-west-3", "EUW3", "Europe (Paris)"),
    ("il-central-1", "ILC1", "Israel (Tel Aviv)"),
    ("me-central-1", "MEC1", "Middle East (UAE)"),
    ("me-south-1", "MES1", "Middle East (Bahrain)"),
    ("mx-central-1", "MXC1", "Mexico (Central)"),
    ("sa-east-1", "SAE1", "South America (São Paulo)"),
    ("us-east-1", HOME_PREFIX, "US East (N. Virginia)"),
    ("us-east-2", "USE2", "US East (Ohio)"),
    ("us-gov-east-1", "UGE1", "AWS GovCloud (US-East)"),
    ("us-gov-west-1", "UGW1", "AWS GovCloud (US-West)"),
    ("us-west-1", "USW1", "US West (N. California)"),
    ("us-west-2", "USW2", "US West (Oregon)"),
];

/// Regions of AWS's separate partitions: they write flow logs, and no price is known of them.
const UNPRICED: [&str; 8] = [
    "eu-isoe-west-1",
    "eusc-de-east-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
];

/// The region whose usage types may stand without a prefix.
const HOME: &str = "us-east-1";
/// The prefix that it has where it has one.
const HOME_PREFIX: &str = "USE1";
/// How the regions begin whose traffic is outside AWS's global free tier.
const WITHOUT_FREE_TIER: [&str; 2] = ["us-gov-", "cn-"];

/// Every region with prices.
#[cfg(test)]
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    REGIONS.iter().map(|(code, ..)| *code)
}

/// Rejects what is no region, or group of zones of one, with prices.
///
/// # Errors
/// A usage error that suggests the nearest name.
pub fn known_region(flag: &str, name: &str) -> Result<(), Error> {
    if edge::is_place(name) { Ok(()) } else { Err(unknown_region(flag, name)) }
}

/// Refuses a region that no flow log is of.
///
/// # Errors
/// A usage error that suggests the nearest name.
pub fn logged_region(flag: &str, name: &str) -> Result<(), Error> {
    if is_region(name) || UNPRICED.contains(&name) { Ok(()) } else { Err(unknown_region(flag, name)) }
}

fn unknown_region(flag: &str, name: &str) -> Error {
    let hint = match nearest_region(name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write a code such as eu-west-1".to_owned(),
    };
    Error::usage(format!("{flag}: there is no region `{name}`")).hint(hint)
}

/// Whether there is such a region.
#[must_use]
pub fn is_region(name: &str) -> bool {
    REGIONS.iter().any(|(region, ..)| *region == name)
}

/// The region of a zone's id such as `use1-az1`, of a local zone's such as `usw2-lax1-az1` too. The first part is the
/// region's name cut short.
#[must_use]
pub fn of_zone_id(zone: &str) -> Option<&'static str> {
    of_zone_prefix(zone.split_once('-')?.0)
}

/// The region that zone ids with this first part are of.
pub(super) fn of_zone_prefix(prefix: &str) -> Option<&'static str> {
    REGIONS.iter().map(|(region, ..)| *region).find(|region| zone_prefix(region) == prefix)
}

/// What zone ids of a region begin with: its country in full, of the other words the first letters, and its number.
pub(super) fn zone_prefix(region: &str) -> String {
    let short = |(place, word): (usize, &str)| match word {
        _ if place == 0 => word.to_owned(),
        "northeast" => "ne".to_owned(),
        "northwest" => "nw".to_owned(),
        "southeast" => "se".to_owned(),
        "southwest" => "sw".to_owned(),
        word => word.chars().take(1).collect(),
    };
    region.split('-').enumerate().map(short).collect()
}

/// The region of a zone's name such as `us-east-1a`, of a local zone's such as `us-west-2-lax-1a` too: its words up to
/// the first number. Any word of that form is one, as AWS's own lists know regions that are newer than this table.
#[must_use]
pub fn of_zone_name(zone: &str) -> Option<&str> {
    let number = zone
        .match_indices('-')
        .map(|(at, _)| at + 1)
        .find(|at| zone[*at..].starts_with(|letter: char| letter.is_ascii_digit()))?;
    let digits = zone[number..].bytes().take_while(u8::is_ascii_digit).count();
    Some(&zone[..number + digits])
}

/// The region nearest to a mistyped name.
#[must_use]
pub fn nearest_region(name: &str) -> Option<&'static str> {
    nearest(name, REGIONS.iter().map(|(region, ..)| *region))
}

/// The region of a billing prefix.
#[must_use]
pub fn of_prefix(prefix: &str) -> Option<&'static str> {
    REGIONS.iter().find(|(_, known, _)| *known == prefix).map(|(region, ..)| *region)
}

/// The region of a usage type that has no prefix.
#[must_use]
pub fn without_prefix() -> &'static str {
    HOME
}

/// The billing prefix of a region.
fn prefix(region: &str) -> Option<&'static str> {
    REGIONS.iter().find(|(known, ..)| *known == region).map(|(_, prefix, _)| *prefix)
}

/// What usage types have for a region, or for the group of a Local or Wavelength Zone.
#[must_use]
pub fn code(place: &str) -> Option<String> {
    prefix(place).map(str::to_owned).or_else(|| edge::code(place))
}

/// The region or the group of zones of a code in usage types.
#[must_use]
pub fn of_code(code: &str) -> Option<&'static str> {
    of_prefix(code).or_else(|| edge::of_code(code))
}

/// Display name of the region.
#[must_use]
pub fn region_name(region: &str) -> Option<&'static str> {
    REGIONS.iter().find(|(known, ..)| *known == region).map(|(.., name)| *name)
}

/// A usage type of a region or group of zones that goes without a prefix in us-east-1.
#[must_use]
pub fn with_prefix(region: &str, meter: &str) -> Option<String> {
    if region == HOME { Some(meter.to_owned()) } else { code(region).map(|code| format!("{code}-{meter}")) }
}

/// Whether AWS's global free tier covers the region.
#[must_use]
pub fn has_free_tier(region: &str) -> bool {
    !WITHOUT_FREE_TIER.iter().any(|start| region.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_those_of_bills_and_not_of_zone_ids() {
        assert_eq!(of_prefix("APS1"), Some("ap-southeast-1"));
        assert_eq!(of_prefix("APS3"), Some("ap-south-1"));
        assert_eq!(of_prefix("EU"), Some("eu-west-1"));
        assert_eq!(of_prefix("EUW1"), None);
        let prefixes: std::collections::BTreeSet<_> = REGIONS.iter().map(|(_, prefix, _)| prefix).collect();
        assert_eq!(prefixes.len(), REGIONS.len());
    }

    #[test]
    fn us_east_1_has_a_prefix_in_pairs_alone() {
        assert_eq!(with_prefix("us-east-1", "DataTransfer-Out-Bytes").as_deref(), Some("DataTransfer-Out-Bytes"));
        assert_eq!(with_prefix("eu-west-1", "NatGateway-Bytes").as_deref(), Some("EU-NatGateway-Bytes"));
        assert_eq!(prefix("us-east-1"), Some("USE1"));
    }

    #[test]
    fn zones_show_their_region_by_id_and_by_name() {
        for (zone, region) in [
            ("use1-az1", "us-east-1"),
            ("usw2-lax1-az1", "us-west-2"),
            ("use1-wl1-bos-wlz1", "us-east-1"),
            ("aps1-az3", "ap-south-1"),
            ("apse2-az1", "ap-southeast-2"),
            ("apne1-az4", "ap-northeast-1"),
            ("cac1-az1", "ca-central-1"),
            ("usgw1-az2", "us-gov-west-1"),
            ("cnnw1-az1", "cn-northwest-1"),
        ] {
            assert_eq!(of_zone_id(zone), Some(region));
        }
        assert_eq!((of_zone_id("us-east-1a"), of_zone_id("use1"), of_zone_id("")), (None, None, None));
        for (zone, region) in [
            ("us-east-1a", "us-east-1"),
            ("us-west-2-lax-1a", "us-west-2"),
            ("us-east-1-wl1-bos-wlz-1", "us-east-1"),
            ("us-gov-west-1b", "us-gov-west-1"),
            ("xx-west-12c", "xx-west-12"),
        ] {
            assert_eq!(of_zone_name(zone), Some(region));
        }
        assert_eq!((of_zone_name("use1-az1"), of_zone_name("")), (None, None));
        let prefixes: std::collections::BTreeSet<_> = REGIONS.iter().map(|(region, ..)| zone_prefix(region)).collect();
        assert_eq!(prefixes.len(), REGIONS.len());
    }

    #[test]
    fn a_mistyped_region_finds_its_neighbour() {
        assert_eq!(nearest_region("eu-wset-1"), Some("eu-west-1"));
        assert_eq!(nearest_region("us-est-1"), Some("us-east-1"));
        assert!(!is_region("us-west-2-lax-1"));
        let logged = |name| logged_region("--region", name).map_err(|error| error.hints().join(" "));
        assert_eq!((logged("us-east-1"), logged("us-isob-east-1")), (Ok(()), Ok(())));
        assert_eq!(logged("us-est-1"), Err("did you mean `us-east-1`?".to_owned()));
        assert!(known_region("--region", "us-isob-east-1").is_err());
    }
}
