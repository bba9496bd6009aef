//! Other routes between two ends of the estate: a peering instead of a transit gateway, private addresses instead of
//! public ones.

use std::collections::BTreeMap;

use super::line::{Advice, Line};
use super::{Confidence, Estate, Kind, halves};
use crate::price::Charge;
use crate::schema::charge::SAME;

/// Pairs of VPCs that talk through a transit gateway.
pub(super) fn peering(estate: &Estate<'_>) -> Vec<Advice> {
    let mut found: BTreeMap<[&str; 2], Advice> = BTreeMap::new();
    for (place, line) in estate.lines.iter().enumerate() {
        if line.path != "transit-gateway" || !line.is(Charge::TransitGateway) {
            continue;
        }
        let (Some(src), Some(dst)) = (line.src.vpc, line.dst.vpc) else { continue };
        let pair = sorted(src, dst);
        if src == dst || estate.inventory.overlap(src, dst) {
            continue;
        }
        let advice = found.entry(pair).or_insert_with(|| {
            let mut advice = Advice::new(
                Kind::Peering,
                &line.from,
                Confidence::Medium,
                "the networks do not overlap, and nothing in between, such as a firewall, needs the transit gateway",
            );
            advice.resource = format!("{} ↔ {}", pair[0], pair[1]);
            "peer the two VPCs and route between them past the transit gateway".clone_into(&mut advice.action);
            advice
        });
        advice.remove(place, line);
        advice.bytes += line.bytes;
        add_halves(advice, line, true);
    }
    found.into_values().collect()
}

/// Pairs of interfaces that talk over public addresses in their region.
pub(super) fn private(estate: &Estate<'_>) -> Vec<Advice> {
    let mut found: BTreeMap<[&str; 2], Advice> = BTreeMap::new();
    for (place, line) in estate.lines.iter().enumerate() {
        let charges = [Charge::PublicAddressOut, Charge::PublicAddressIn];
        let Some(half) = charges.iter().position(|charge| line.is(*charge)) else { continue };
        if line.path != "public-address" || !line.src.is_own() || !line.dst.is_own() {
            continue;
        }
        let (Some(src), Some(dst)) = (line.src.interface, line.dst.interface) else { continue };
        let is_one_vpc = line.src.vpc == line.dst.vpc;
        // Where the networks overlap, or a zone is not known, there is no other route, or none with a price.
        let apart = line.src.vpc.zip(line.dst.vpc).filter(|_| !is_one_vpc);
        let is_blocked = apart.is_some_and(|(src, dst)| estate.inventory.overlap(src, dst));
        let (Some(src_zone), Some(dst_zone)) = (line.src.zone, line.dst.zone) else { continue };
        if is_blocked {
            continue;
        }
        let pair = sorted(src, dst);
        let advice = found.entry(pair).or_insert_with(|| {
            let (confidence, assumption) = if is_one_vpc {
                (Confidence::High, "the client can be given the private address")
            } else {
                (Confidence::Medium, "the two VPCs are peered, or can be")
            };
            let mut advice = Advice::new(Kind::PrivateAddress, &line.from, confidence, assumption);
            advice.resource = format!("{} ↔ {}", pair[0], pair[1]);
            let how = if is_one_vpc { "" } else { " and a peering" };
            advice.action = format!("use private addresses{how} between the two");
            advice
        });
        advice.remove(place, line);
        advice.bytes += if half == 0 { line.bytes } else { 0 };
        if src_zone != dst_zone {
            advice.add(halves(!is_one_vpc)[half], line, (&line.from, SAME));
        }
    }
    found.into_values().collect()
}

/// Charges what a line's bytes cost between the zones of their ends; unknown zones are taken for different ones.
fn add_halves(advice: &mut Advice, line: &Line<'_>, is_peering: bool) {
    let regions = [line.src.region, line.dst.region];
    // Between regions the charge of the pair stays, and there is none between zones.
    if regions[0].is_some() && regions[1].is_some() && regions[0] != regions[1] {
        return;
    }
    match (line.src.zone, line.dst.zone) {
        (Some(src), Some(dst)) if src == dst => return,
        (Some(_), Some(_)) => {}
        _ => advice.confidence = Confidence::Low,
    }
    for charge in halves(is_peering) {
        advice.add(charge, line, (&line.from, SAME));
    }
}

/// Two names in their order.
fn sorted<'n>(one: &'n str, other: &'n str) -> [&'n str; 2] {
    if one <= other { [one, other] } else { [other, one] }
}
