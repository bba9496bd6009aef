//! What is charged for traffic: which charge, to whom, in which region, and who bears it. Prices are not known here.

use std::sync::Arc;

use super::ends::{Atlas, Basis, End, Facet, Scope};
use super::estate::Own;
use super::path::{Path, Sides, Way, assumption};
use super::tables::{Kind, Name, Role};
use crate::schema::charge::{ANY, Charge, INTERNET, SAME};

/// The end whose owner bears a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearer {
    Source,
    Destination,
}

impl Bearer {
    /// The client of a gateway, by whether it sends.
    fn client(forward: bool) -> Self {
        if forward { Self::Source } else { Self::Destination }
    }
}

/// A charge on all bytes of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) charge: Charge,
    /// None where the account is not known.
    pub(super) payer: Name,
    pub(super) from: Name,
    pub(super) to: Arc<str>,
    pub(super) bearer: Bearer,
    pub(super) assumed: Option<&'static str>,
}

/// A side that may pay.
struct Side<'a> {
    facet: &'a Facet,
    payer: Name,
    region: Name,
    bearer: Bearer,
}

/// The charges of a counted transfer of an hour.
pub(super) fn of_transfer(atlas: &Atlas, sides: &Sides<'_>, way: &Way, items: &mut Vec<Item>) {
    let [from, to] = payers(atlas, sides, way);
    let one = |charge: Charge, side: &Side<'_>, other: &str| Item {
        charge,
        payer: side.payer.clone(),
        from: side.region.clone(),
        to: other.into(),
        bearer: side.bearer,
        assumed: way.assumed,
    };
    let sent = sides.src.scope == Scope::Own;
    let halves = |charges: [Charge; 2], items: &mut Vec<Item>| {
        for (charge, side) in charges.into_iter().zip([&from, &to]) {
            if side.facet.scope == Scope::Own {
                items.push(one(charge, side, SAME));
            }
        }
    };
    let region = || sides.dst.region.as_deref().unwrap_or(ANY);
    match way.path {
        Path::Internet if sent => items.push(one(Charge::InternetEgress, &from, INTERNET)),
        Path::CrossRegion | Path::AwsServiceCrossRegion | Path::PeeringCrossRegion if sent => {
            items.push(one(Charge::InterRegion, &from, region()));
        }
        Path::CrossZone => halves([Charge::InterZoneOut, Charge::InterZoneIn], items),
        Path::PeeringCrossZone => halves([Charge::PeeringZoneOut, Charge::PeeringZoneIn], items),
        Path::PublicAddress => halves([Charge::PublicAddressOut, Charge::PublicAddressIn], items),
        Path::TransitGateway if sent => {
            items.push(one(Charge::TransitGateway, &from, ANY));
            if sides.crosses_regions() {
                items.push(one(Charge::InterRegion, &from, region()));
            }
        }
        Path::InterfaceEndpoint => {
            let at_source = sides.src.role == Role::Endpoint;
            let (endpoint, client) = if at_source { (&from, &to) } else { (&to, &from) };
            items.push(Item { bearer: client.bearer, ..one(Charge::EndpointProcessing, endpoint, ANY) });
        }
        Path::OnPremises if sent => match &sides.dst.scope {
            Scope::Site(Kind::DirectConnect(location)) => items.push(one(Charge::DirectConnect, &from, location)),
            _ => items.push(one(Charge::InternetEgress, &from, INTERNET)),
        },
        _ => {}
    }
}

/// Who pays at either side: the account of the interface that faces the outside, which is the NAT gateway's where the
/// transfer goes through one.
fn payers<'a>(atlas: &Atlas, sides: &Sides<'a>, way: &Way) -> [Side<'a>; 2] {
    let nat = way.nat.map(|place| &atlas.estate.interfaces[place as usize]);
    [(sides.src, Bearer::Source), (sides.dst, Bearer::Destination)].map(|(facet, bearer)| {
        let gateway = nat.filter(|_| facet.scope == Scope::Own);
        Side {
            facet,
            payer: gateway.and_then(|nat| nat.account.clone()).or_else(|| facet.account.clone()),
            region: gateway.and_then(|nat| nat.region.clone()).or_else(|| facet.region.clone()),
            bearer,
        }
    })
}

/// Whether the NAT gateway on the way of a transfer tells by its own records of a moment what it is charged for.
pub(super) fn is_told_by_nat(atlas: &Atlas, way: &Way, moment: u32) -> bool {
    way.nat.is_some_and(|nat| atlas.estate.interfaces[nat as usize].names_clients_at(moment))
}

/// What a NAT gateway on the way is charged for that is not logged, or whose records do not name its clients, told by the
/// flows through it.
pub(super) fn unlogged_nat(atlas: &Atlas, sides: &Sides<'_>, way: &Way, hour: u32, items: &mut Vec<Item>) {
    let nat = way.nat.map(|place| &atlas.estate.interfaces[place as usize]);
    let forward = sides.src.scope == Scope::Own;
    let client = if forward { sides.src } else { sides.dst };
    let names_clients = |nat: &Own| nat.names_clients || nat.role == Role::RegionalNat;
    let unnamed = nat.is_some_and(|nat| !names_clients(nat) && nat.is_watched_in(hour));
    let assumed = Some(if unnamed { assumption::NAT_UNNAMED } else { assumption::NAT_UNLOGGED });
    let told = |name: fn(&Own) -> &Name| nat.and_then(|nat| name(nat).clone());
    items.push(Item {
        charge: Charge::NatProcessing,
        payer: told(|nat| &nat.account).or_else(|| client.account.clone()),
        from: told(|nat| &nat.region).or_else(|| client.region.clone()),
        to: ANY.into(),
        bearer: Bearer::client(forward),
        assumed,
    });
    if let Some(nat) = nat.filter(|nat| nat.role == Role::Nat) {
        zone_leg(client, nat, forward, assumed, items);
    }
}

/// What a NAT gateway's record that names its client is charged for: processing, and the way between the two.
pub(super) fn of_nat(atlas: &Atlas, nat: u32, client: End, facet: &Facet, forward: bool, items: &mut Vec<Item>) {
    let nat = &atlas.estate.interfaces[nat as usize];
    let assumed = (client.basis == Basis::Observer).then_some(assumption::NAT_CLIENT);
    let bearer = Bearer::client(forward);
    let one = |charge: Charge, payer: &Name, from: &Name| Item {
        charge,
        payer: payer.clone(),
        from: from.clone(),
        to: ANY.into(),
        bearer,
        assumed,
    };
    items.push(one(Charge::NatProcessing, &nat.account, &nat.region));
    if atlas.estate.apart(client.vpc, nat.vpc) {
        let (payer, from) = if forward { (&facet.account, &facet.region) } else { (&nat.account, &nat.region) };
        items.push(one(Charge::TransitGateway, payer, from));
    } else if nat.role == Role::Nat {
        zone_leg(facet, nat, forward, assumed, items);
    }
}

/// Both halves of the way between a client and its zonal NAT gateway, where their zones differ.
fn zone_leg(client: &Facet, nat: &Own, forward: bool, assumed: Option<&'static str>, items: &mut Vec<Item>) {
    if client.zone.is_none() || nat.zone.is_none() || client.zone == nat.zone {
        return;
    }
    let bearer = Bearer::client(forward);
    let mut sides = [(&client.account, &client.region), (&nat.account, &nat.region)];
    if !forward {
        sides.reverse();
    }
    for (charge, (payer, from)) in [Charge::InterZoneOut, Charge::InterZoneIn].into_iter().zip(sides) {
        items.push(Item { charge, payer: payer.clone(), from: from.clone(), to: SAME.into(), bearer, assumed });
    }
}
