//! A workload in the zone of those that it talks to.
//!
//! Moving one ends the charges with the peers in the new zone, and brings charges with those that it leaves, its NAT
//! gateway among them. Both are counted, so the saving is that of the whole move and not of one pair.

use std::collections::{BTreeMap, BTreeSet};

use super::line::{Advice, Line, Side};
use super::{Confidence, Estate, Kind, halves};
use crate::price::Charge;
use crate::schema::charge::SAME;
use crate::units::human;

/// How a line is part of a workload's traffic.
#[derive(Clone, Copy)]
enum Peer<'f> {
    /// Another end, in this zone.
    End { interface: &'f str, zone: &'f str, is_peering: bool },
    /// Its NAT gateway, in this zone.
    Nat { zone: &'f str },
}

/// A workload: its side, and the places of its lines.
struct Workload<'f> {
    side: Side<'f>,
    lines: Vec<(usize, Peer<'f>)>,
}

/// Moves of single interfaces to the zone of some of their peers.
pub(super) fn co_location(estate: &Estate<'_>) -> Vec<Advice> {
    let workloads = workloads(estate);
    // Where the logs name instances, what has none is a load balancer's or a service's and stays where it is.
    let names_instances = workloads.values().any(|workload| workload.side.instance.is_some());
    let mut found = Vec::new();
    for (interface, workload) in &workloads {
        if names_instances && workload.side.instance.is_none() {
            continue;
        }
        let Some(own) = workload.side.zone else { continue };
        let zones: BTreeSet<&str> = workload.lines.iter().map(|(_, peer)| peer.zone()).collect();
        for zone in zones.into_iter().filter(|zone| *zone != own) {
            found.extend(moved(estate, (interface, workload), (own, zone)));
        }
    }
    found
}

impl<'f> Peer<'f> {
    fn zone(self) -> &'f str {
        match self {
            Self::End { zone, .. } | Self::Nat { zone } => zone,
        }
    }
}

/// The interfaces with a zone, and their traffic with ends and NAT gateways of known zones.
fn workloads<'f>(estate: &Estate<'f>) -> BTreeMap<&'f str, Workload<'f>> {
    let mut workloads: BTreeMap<&'f str, Workload<'f>> = BTreeMap::new();
    let mut add = |side: Side<'f>, place: usize, peer: Peer<'f>| {
        if let Some(interface) = side.interface.filter(|_| side.zone.is_some()) {
            let workload = workloads.entry(interface).or_insert_with(|| Workload { side, lines: Vec::new() });
            workload.lines.push((place, peer));
        }
    };
    for (place, line) in estate.lines.iter().enumerate() {
        let is_peering = line.path.starts_with("peering-");
        let ends = [(line.src, line.dst), (line.dst, line.src)];
        match line.path {
            "same-zone" | "cross-zone" | "peering-same-zone" | "peering-cross-zone" => {
                for (side, other) in ends {
                    if let (Some(interface), Some(zone)) = (other.interface, other.zone) {
                        add(side, place, Peer::End { interface, zone, is_peering });
                    }
                }
            }
            _ if line.is_via("nat") && !line.is_via("transit-gateway") => {
                if let (Some((client, _)), Some(zone)) = (line.client(), line.nat_zone) {
                    add(client, place, Peer::Nat { zone });
                }
            }
            _ => {}
        }
    }
    workloads
}

/// A workload's move from one zone to another; none if nothing of its cost goes.
fn moved<'f>(
    estate: &Estate<'f>,
    (interface, workload): (&str, &Workload<'f>),
    (own, zone): (&str, &str),
) -> Option<Advice> {
    let region = workload.side.region.unwrap_or_default().into();
    let assumption = "the workload may leave its zone: its copies elsewhere keep it available";
    let mut advice = Advice::new(Kind::CoLocation, &region, Confidence::Medium, assumption);
    let mut peers: BTreeMap<&str, u128> = BTreeMap::new();
    for (place, peer) in &workload.lines {
        let line = &estate.lines[*place];
        match peer {
            Peer::End { interface, zone: of, .. } if *of == zone && line.charge.is_some() => {
                let own_half = if is_out(line) { line.src.interface } else { line.dst.interface };
                advice.remove_half(*place, line, own_half == workload.side.interface);
                *peers.entry(interface).or_default() += line.bytes;
                advice.bytes += if is_out(line) { line.bytes } else { 0 };
            }
            Peer::Nat { zone: of } if *of == zone && line.is_between_zones() => advice.remove(*place, line),
            // What is free inside the zone that it leaves.
            Peer::End { zone: of, is_peering, .. } if *of == own && line.charge.is_none() => {
                // Another move may count on the same traffic staying free.
                advice.claims.push(*place);
                add(&mut advice, line, *is_peering, &region);
            }
            Peer::Nat { zone: of } if *of == own && line.is(Charge::NatProcessing) => {
                add(&mut advice, line, false, &region);
            }
            _ => {}
        }
    }
    let (peer, _) = peers.iter().max_by_key(|(name, bytes)| (**bytes, std::cmp::Reverse(**name)))?;
    let others = match peers.len() - 1 {
        0 => String::new(),
        others => format!(" and {}", human::counted(others as u64, "other")),
    };
    advice.resource = workload.side.instance.unwrap_or(interface).to_owned();
    advice.action = format!("move it from {own} to {zone}, next to {peer}{others}");
    Some(advice)
}

fn add(advice: &mut Advice, line: &Line<'_>, is_peering: bool, region: &str) {
    for charge in halves(is_peering) {
        advice.add(charge, line, (region, SAME));
    }
}

fn is_out(line: &Line<'_>) -> bool {
    line.is(Charge::InterZoneOut) || line.is(Charge::PeeringZoneOut)
}
