//! Local Zones and Wavelength Zones: their groups, which AWS prices apart from their Region, and the codes that bills
//! have for these.
//!
//! A group is named as AWS's network border groups are: `us-west-2-lax-1`, `us-east-1-wl1-bos-wlz-1` (EC2 API reference,
//! `AvailabilityZone`; Wavelength developer guide, "Available Wavelength Zones"). Codes were read from usage types in
//! public code.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::region;

/// The groups that AWS's data transfer pricing feed of 2025-12-02 has.
#[rustfmt::skip]
const GROUPS: [&str; 67] = [
    "af-south-1-los-1", "ap-northeast-1-tpe-1", "ap-northeast-1-wl1-kix-wlz-1", "ap-northeast-1-wl1-nrt-wlz-1",
    "ap-northeast-2-wl1-cjj-wlz-1", "ap-northeast-2-wl1-sel-wlz-1", "ap-south-1-ccu-1", "ap-south-1-del-1",
    "ap-southeast-1-bkk-1", "ap-southeast-1-mnl-1", "ap-southeast-2-akl-1", "ap-southeast-2-per-1",
    "ca-central-1-wl1-yto-wlz-1", "eu-central-1-ham-1", "eu-central-1-waw-1", "eu-central-1-wl1-ber-wlz-1",
    "eu-central-1-wl1-dtm-wlz-1", "eu-central-1-wl1-muc-wlz-1", "eu-north-1-cph-1", "eu-north-1-hel-1",
    "eu-west-2-wl1-lon-wlz-1", "eu-west-2-wl1-man-wlz-1", "eu-west-2-wl2-man-wlz-1", "eu-west-3-wl1-cmn-wlz-1",
    "eu-west-3-wl1-dss-wlz-1", "me-south-1-mct-1", "us-east-1-atl-1", "us-east-1-bos-1", "us-east-1-bue-1",
    "us-east-1-chi-1", "us-east-1-dfw-1", "us-east-1-iah-1", "us-east-1-lim-1", "us-east-1-mci-1", "us-east-1-mia-1",
    "us-east-1-msp-1", "us-east-1-nyc-1", "us-east-1-phl-1", "us-east-1-qro-1", "us-east-1-scl-1",
    "us-east-1-wl1-atl-wlz-1", "us-east-1-wl1-bna-wlz-1", "us-east-1-wl1-bos-wlz-1", "us-east-1-wl1-chi-wlz-1",
    "us-east-1-wl1-clt-wlz-1", "us-east-1-wl1-dfw-wlz-1", "us-east-1-wl1-dtw-wlz-1", "us-east-1-wl1-foe-wlz-1",
    "us-east-1-wl1-iah-wlz-1", "us-east-1-wl1-mia-wlz-1", "us-east-1-wl1-msp-wlz-1", "us-east-1-wl1-nyc-wlz-1",
    "us-east-1-wl1-tpa-wlz-1", "us-east-1-wl1-was-wlz-1", "us-west-2-den-1", "us-west-2-hnl-1", "us-west-2-las-1",
    "us-west-2-lax-1", "us-west-2-pdx-1", "us-west-2-phx-1", "us-west-2-sea-1", "us-west-2-wl1-den-wlz-1",
    "us-west-2-wl1-las-wlz-1", "us-west-2-wl1-lax-wlz-1", "us-west-2-wl1-phx-wlz-1", "us-west-2-wl1-sea-wlz-1",
    "us-west-2-wl1-sfo-wlz-1",
];

/// Wavelength Zones whose codes do not name their city: they were the first of their Regions.
const WITHOUT_CITY: [&str; 2] = ["us-east-1-wl1-bos-wlz-1", "us-west-2-wl1-sfo-wlz-1"];

/// What a group's name says beside its Region.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Parts<'a> {
    /// `wl1` of a Wavelength Zone.
    carrier: Option<&'a str>,
    city: &'a str,
    number: &'a str,
}

impl<'a> Parts<'a> {
    /// The parts of a name after its Region.
    fn of(rest: &'a str) -> Option<Self> {
        let words: Vec<&str> = rest.split('-').collect();
        let parts = match words.as_slice() {
            [city, number] => Self { carrier: None, city, number },
            [carrier, city, "wlz", number] => Self { carrier: Some(carrier), city, number },
            _ => return None,
        };
        let is_carrier = |carrier: &str| carrier.strip_prefix("wl").is_some_and(is_number);
        (is_city(parts.city) && is_number(parts.number) && parts.carrier.is_none_or(is_carrier)).then_some(parts)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_city(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The Region and the rest of a group's name.
fn split(group: &str) -> Option<(&str, Parts<'_>)> {
    let region = region::of_zone_name(group)?;
    let rest = group.get(region.len()..)?.strip_prefix('-')?;
    Some((region, Parts::of(rest)?)).filter(|(region, _)| region::is_region(region))
}

/// The Region of a group; none of anything else.
#[must_use]
pub fn parent(group: &str) -> Option<&str> {
    split(group).map(|(region, _)| region)
}

/// The Region that a place of prices is, or is in.
#[must_use]
pub fn region_of(place: &str) -> &str {
    parent(place).unwrap_or(place)
}

/// Whether prices can be of a place: a Region, or the group of a zone of one.
#[must_use]
pub fn is_place(name: &str) -> bool {
    region::is_region(name) || parent(name).is_some()
}

/// Whether a group is of Wavelength Zones, and not of Local Zones.
#[must_use]
pub fn is_wavelength(group: &str) -> bool {
    split(group).is_some_and(|(_, parts)| parts.carrier.is_some())
}

/// Every group that AWS's pricing feed has.
pub fn groups() -> impl Iterator<Item = &'static str> {
    GROUPS.into_iter()
}

/// The group of a zone's id such as `usw2-lax1-az1` or `use1-wl1-bos-wlz1`; none of an Availability Zone's.
#[must_use]
pub fn group_of_zone(zone: &str) -> Option<String> {
    let (prefix, rest) = zone.split_once('-')?;
    // Most ids are those of Availability Zones, which have no further word.
    let (first, rest) = rest.split_once('-')?;
    let numbered = |word: &str| {
        let at = word.find(|letter: char| letter.is_ascii_digit())?;
        Some(format!("{}-{}", &word[..at], &word[at..]))
    };
    let rest = match rest.split_once('-') {
        None if rest.strip_prefix("az").is_some_and(is_number) => numbered(first)?,
        Some((city, zone)) => format!("{first}-{city}-{}", numbered(zone)?),
        None => return None,
    };
    let group = format!("{}-{rest}", region::of_zone_prefix(prefix)?);
    parent(&group).is_some().then_some(group)
}

/// Whether an id is one of a Local or Wavelength Zone.
#[must_use]
pub fn is_zone(id: &str) -> bool {
    group_of_zone(id).is_some()
}

/// What usage types have for a group: `LAX1`, `USE1WL1NYC1`.
#[must_use]
pub fn code(group: &str) -> Option<String> {
    let (region, parts) = split(group)?;
    let city = format!("{}{}", parts.city, parts.number);
    let code = match parts.carrier {
        None => city,
        Some(carrier) if WITHOUT_CITY.contains(&group) => region::zone_prefix(region) + carrier,
        Some(carrier) => region::zone_prefix(region) + carrier + &city,
    };
    Some(code.to_ascii_uppercase())
}

/// The group of a code in usage types, if it is one that AWS's pricing feed has.
#[must_use]
pub fn of_code(code: &str) -> Option<&'static str> {
    static GROUPS_BY_CODE: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    let by_code =
        GROUPS_BY_CODE.get_or_init(|| groups().filter_map(|group| Some((self::code(group)?, group))).collect());
    by_code.get(code).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_priced_by_their_group() {
        for (zone, group) in [
            ("usw2-lax1-az1", "us-west-2-lax-1"),
            ("usw2-lax1-az2", "us-west-2-lax-1"),
            ("use1-dfw2-az1", "us-east-1-dfw-2"),
            ("apne1-tpe1-az1", "ap-northeast-1-tpe-1"),
            ("use1-wl1-bos-wlz1", "us-east-1-wl1-bos-wlz-1"),
            ("euw2-wl2-man-wlz1", "eu-west-2-wl2-man-wlz-1"),
        ] {
            assert_eq!(group_of_zone(zone).as_deref(), Some(group), "{zone}");
            assert_eq!(parent(group), region::of_zone_id(zone), "{zone}");
            assert!(is_place(group));
        }
        for zone in ["use1-az1", "xxx1-lax1-az1", "usw2-lax1-op1", "usw2-lax1", "op-0123456789abcdef0", "", "-", "a--b"]
        {
            assert_eq!(group_of_zone(zone), None, "{zone}");
        }
    }

    #[test]
    fn only_groups_have_a_parent() {
        for name in ["us-west-2", "us-west-2-lax-1a", "us-west-9-lax-1", "us-west-2-lax", "internet", "any", "same", ""]
        {
            assert_eq!((parent(name), is_wavelength(name)), (None, false), "{name}");
        }
        assert_eq!(region_of("us-gov-west-1"), "us-gov-west-1");
        assert_eq!(region_of("us-west-2-lax-1"), "us-west-2");
        assert!(is_wavelength("us-east-1-wl1-bos-wlz-1") && !is_wavelength("us-west-2-lax-1"));
        assert!(groups().all(|group| parent(group).is_some()));
    }

    #[test]
    fn codes_are_those_of_usage_types() {
        for (group, code) in [
            ("us-west-2-lax-1", "LAX1"),
            ("us-east-1-wl1-bos-wlz-1", "USE1WL1"),
            ("us-east-1-wl1-atl-wlz-1", "USE1WL1ATL1"),
            ("us-west-2-wl1-sfo-wlz-1", "USW2WL1"),
            ("ap-northeast-1-wl1-nrt-wlz-1", "APNE1WL1NRT1"),
        ] {
            assert_eq!((self::code(group).as_deref(), of_code(code)), (Some(code), Some(group)));
        }
        let codes: std::collections::BTreeSet<_> = groups().filter_map(code).collect();
        assert_eq!(codes.len(), groups().count());
        assert!(codes.iter().all(|code| region::of_prefix(code).is_none()), "no code is a Region's too");
        assert_eq!(of_code("EqDC2"), None);
    }
}
