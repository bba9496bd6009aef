//! NAT gateways: one in each zone of their clients, a regional one, bandwidth instead of bytes, IPv6 around them.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

use super::endpoints::resource;
use super::line::{Advice, Line, Side};
use super::{Confidence, Estate, Kind};
use crate::error::Error;
use crate::price::Charge;
use crate::schema::Column;
use crate::schema::frame::{int, moments, texts};
use crate::schema::output;
use crate::units::human;

/// Bits a second of one Gbps.
const GBPS_BITS: u128 = 1_000_000_000;
const HOUR_SECONDS: u128 = 3600;
/// How much more than an hour's average its busiest seconds may take: hours hide bursts.
const HEADROOM: u128 = 2;

/// Clients in another zone than their NAT gateway, by gateway, VPC and zone.
pub(super) fn per_zone(estate: &Estate<'_>) -> Vec<Advice> {
    let known = nats_by_zone(estate);
    let mut found: BTreeMap<(&str, &str, &str), Advice> = BTreeMap::new();
    for (place, line, client) in legs(estate) {
        let (Some(nat), Some(zone)) = (line.nat, client.zone) else { continue };
        let vpc = client.vpc.unwrap_or_default();
        let advice = found.entry((nat, vpc, zone)).or_insert_with(|| {
            let mut advice = Advice::new(
                Kind::NatPerZone,
                &line.from,
                Confidence::High,
                "each zone's subnets can have a route table of their own",
            );
            advice.resource = resource(line, client);
            if let Some(there) = known.get(&(vpc, zone)) {
                advice.action = format!("route {zone} to {there}, its own NAT gateway, instead of {nat}");
            } else {
                advice.action = format!("add a NAT gateway in {zone}, whose clients use {nat}");
                advice.hourly = vec![(Charge::NatHour, 1), (Charge::PublicAddressHour, 1)];
            }
            advice
        });
        advice.remove(place, line);
        advice.bytes += if line.is(Charge::InterZoneOut) { line.bytes } else { 0 };
    }
    found.into_values().collect()
}

/// A VPC whose zonal NAT gateways serve other zones.
pub(super) fn regional(estate: &Estate<'_>) -> Vec<Advice> {
    let mut found: BTreeMap<&str, Advice> = BTreeMap::new();
    for (place, line, client) in legs(estate) {
        let Some(vpc) = client.vpc else { continue };
        let advice = found.entry(vpc).or_insert_with(|| {
            let mut advice = Advice::new(
                Kind::RegionalNat,
                &line.from,
                Confidence::Medium,
                "a regional NAT gateway is paid by the hour in each zone with clients, with a public address there",
            );
            vpc.clone_into(&mut advice.resource);
            advice
        });
        advice.remove(place, line);
        advice.bytes += if line.is(Charge::InterZoneOut) { line.bytes } else { 0 };
    }
    let mut zones: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut nats: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in estate.lines.iter().filter(|line| line.is_via("nat") && !line.is_via("transit-gateway")) {
        let Some((client, _)) = line.client() else { continue };
        let (Some(vpc), Some(nat)) = (client.vpc, line.nat.filter(|_| line.nat_zone.is_some())) else { continue };
        zones.entry(vpc).or_default().extend(client.zone);
        nats.entry(vpc).or_default().insert(nat);
    }
    let finished = |(vpc, mut advice): (&str, Advice)| {
        let count = |of: &BTreeMap<&str, BTreeSet<&str>>| of.get(vpc).map_or(0, BTreeSet::len);
        let (zones, nats) = (count(&zones), count(&nats));
        let more = i64::try_from(zones).unwrap_or(0) - i64::try_from(nats).unwrap_or(0);
        let (nats, zones) = (human::counted(nats as u64, "NAT gateway"), human::counted(zones as u64, "zone"));
        advice.action = format!("replace {nats} by a regional one in {zones}");
        advice.hourly = vec![(Charge::NatHour, more), (Charge::PublicAddressHour, more)];
        advice
    };
    found.into_iter().map(finished).collect()
}

/// Bytes that NAT gateways process by their bytes, where their bandwidth has a price.
pub(super) fn provisioned(estate: &Estate<'_>, peaks: &BTreeMap<String, u128>) -> Vec<Advice> {
    let mut found: BTreeMap<&str, Advice> = BTreeMap::new();
    for (place, line) in estate.lines.iter().enumerate().filter(|(_, line)| line.is(Charge::NatProcessing)) {
        let Some(nat) = line.nat else { continue };
        // It is not sold everywhere: a region without a price has none to recommend.
        if estate.prices.hourly(Charge::NatProvisionedHour, &line.from, estate.moment).is_none() {
            continue;
        }
        let advice = found.entry(nat).or_insert_with(|| {
            let mut advice = Advice::new(
                Kind::NatProvisioned,
                &line.from,
                Confidence::Low,
                "bandwidth is sold in whole Gbps; twice the busiest hour's average holds its bursts",
            );
            nat.clone_into(&mut advice.resource);
            let gbps = gbps(peaks.get(nat).copied().unwrap_or(0));
            advice.action = format!("provision {gbps} Gbps instead of paying by the GB");
            advice.hourly = vec![(Charge::NatProvisionedHour, gbps)];
            advice
        });
        advice.remove(place, line);
        advice.bytes += line.bytes;
    }
    found.into_values().collect()
}

/// What goes to the internet through NAT gateways, by the client's VPC.
pub(super) fn ipv6(estate: &Estate<'_>) -> Vec<Advice> {
    let mut found: BTreeMap<(Option<&str>, &str), Advice> = BTreeMap::new();
    for (place, line) in estate.lines.iter().enumerate() {
        let is_gateways = line.is_between_zones() || line.is(Charge::NatProcessing) || line.is(Charge::TransitGateway);
        if line.path != "internet" || !line.is_via("nat") || !is_gateways {
            continue;
        }
        let Some((client, _)) = line.client() else { continue };
        let advice = found.entry((client.vpc, &*line.from)).or_insert_with(|| {
            let mut advice = Advice::new(
                Kind::Ipv6,
                &line.from,
                Confidence::Low,
                "every destination has IPv6: the saving is the most that can be",
            );
            advice.resource = resource(line, client);
            "reach the internet over IPv6 and an egress-only internet gateway".clone_into(&mut advice.action);
            advice
        });
        advice.remove(place, line);
        advice.bytes += if line.is(Charge::NatProcessing) { line.bytes } else { 0 };
    }
    found.into_values().collect()
}

/// The most bytes that each NAT gateway processes in an hour.
///
/// # Errors
/// If the frame has not these columns.
pub(super) fn peaks(frame: &DataFrame) -> Result<BTreeMap<String, u128>, Error> {
    let mut hours: BTreeMap<(&str, u32), u128> = BTreeMap::new();
    let keys = texts(frame, Column::NatGateway.name())?.zip(texts(frame, Column::Charge.name())?);
    let sums = moments(frame, Column::Hour.name())?.zip(int(frame, output::BYTES.name)?.iter());
    for ((nat, charge), (hour, bytes)) in keys.zip(sums) {
        if let (Some(nat), Some(hour)) = (nat.filter(|_| charge == Some(Charge::NatProcessing.name())), hour) {
            *hours.entry((nat, hour)).or_default() += u128::try_from(bytes.unwrap_or(0)).unwrap_or(0);
        }
    }
    let mut peaks = BTreeMap::new();
    for ((nat, _), bytes) in hours {
        let peak = peaks.entry(nat.to_owned()).or_default();
        *peak = bytes.max(*peak);
    }
    Ok(peaks)
}

/// Whole Gbps for an hour of so many bytes, with room for its bursts; at least one.
pub(super) fn gbps(peak_bytes: u128) -> i64 {
    let bits = peak_bytes.saturating_mul(8 * HEADROOM);
    i64::try_from(bits.div_ceil(HOUR_SECONDS * GBPS_BITS)).unwrap_or(i64::MAX).max(1)
}

/// Both halves of the legs between clients and zonal NAT gateways of their VPC: place, line, client.
fn legs<'e, 'f>(estate: &'e Estate<'f>) -> impl Iterator<Item = (usize, &'e Line<'f>, Side<'f>)> {
    estate.lines.iter().enumerate().filter_map(|(place, line)| {
        let is_leg = line.is_between_zones() && line.is_via("nat") && !line.is_via("transit-gateway");
        let (client, _) = line.client().filter(|_| is_leg)?;
        Some((place, line, client))
    })
}

/// A zonal NAT gateway of each VPC and zone, by the inventory or by what its clients use.
fn nats_by_zone<'e>(estate: &'e Estate<'_>) -> BTreeMap<(&'e str, &'e str), &'e str> {
    let mut nats = BTreeMap::new();
    for nat in &estate.inventory.nats {
        if let (Some(vpc), Some(zone)) = (&nat.vpc, &nat.zone) {
            nats.insert((&**vpc, &**zone), &*nat.id);
        }
    }
    for line in estate.lines.iter().filter(|line| line.is_via("nat") && !line.is_via("transit-gateway")) {
        let Some((client, _)) = line.client() else { continue };
        if let (Some(vpc), Some(zone), Some(nat)) = (client.vpc, line.nat_zone, line.nat) {
            nats.entry((vpc, zone)).or_insert(nat);
        }
    }
    nats
}
