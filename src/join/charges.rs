//! Charges on traffic: the charge, its payer, its region, and the endpoint it is allocated to. Prices are not known
//! here.

use std::sync::Arc;

use super::ends::{AddressResolver, Basis, End, EndpointInfo, EndpointKind};
use super::estate::Eni;
use super::path::{Path, Route, Sides, Via, assumption};
use super::tables::{Kind, Name, Role};
use crate::schema::charge::{ANY, Charge, INTERNET, SAME};

/// The endpoint whose owner a charge is allocated to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allocation {
    Source,
    Destination,
}

impl Allocation {
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
    /// The interface whose resource AWS's bill has the charge under, by its place in the estate, if it is known.
    pub(super) interface: Option<u32>,
    pub(super) bearer: Allocation,
    pub(super) assumed: Option<&'static str>,
}

/// A side that may pay.
struct Side<'a> {
    info: &'a EndpointInfo,
    payer: Name,
    region: Name,
    interface: Option<u32>,
    bearer: Allocation,
}

/// The charges of a counted transfer of an hour.
pub(super) fn of_transfer(resolver: &AddressResolver, sides: &Sides<'_>, route: &Route, items: &mut Vec<Item>) {
    let [from, to] = payers(resolver, sides, route);
    let one = |charge: Charge, side: &Side<'_>, other: &str| Item {
        charge,
        payer: side.payer.clone(),
        from: side.region.clone(),
        to: other.into(),
        interface: side.interface,
        bearer: side.bearer,
        assumed: route.assumed,
    };
    let sent = sides.src.kind == EndpointKind::Own;
    let halves = |charges: [Charge; 2], items: &mut Vec<Item>| {
        for (charge, side) in charges.into_iter().zip([&from, &to]) {
            if side.info.kind == EndpointKind::Own {
                items.push(one(charge, side, SAME));
            }
        }
    };
    let region = || sides.dst.region.as_deref().unwrap_or(ANY);
    match route.path {
        Path::Internet if sent => items.push(one(Charge::InternetEgress, &from, INTERNET)),
        Path::CrossRegion | Path::AwsServiceCrossRegion | Path::PeeringCrossRegion if sent => {
            items.push(one(Charge::InterRegion, &from, region()));
        }
        Path::CrossZone => {
            halves([Charge::InterZoneOut, Charge::InterZoneIn], items);
            without_balancers(resolver, sides, items);
        }
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
        Path::OnPremises if sent => match &sides.dst.kind {
            EndpointKind::Site(Kind::DirectConnect(location)) => {
                items.push(one(Charge::DirectConnect, &from, location))
            }
            _ => items.push(one(Charge::InternetEgress, &from, INTERNET)),
        },
        // What arrives is free, and what these stand for.
        Path::Internet
        | Path::CrossRegion
        | Path::AwsServiceCrossRegion
        | Path::PeeringCrossRegion
        | Path::TransitGateway
        | Path::OnPremises
        | Path::SameZone
        | Path::PeeringSameZone
        | Path::GatewayEndpoint
        | Path::AwsService => {}
        // No rule covers these: their bytes are unpriced (`UNRULED_PATHS`).
        Path::Unknown | Path::SameRegion | Path::Peering | Path::Edge => {}
    }
}

/// Takes out halves of transfer between zones that AWS does not charge: a load balancer's, unless it is a network load
/// balancer, and its target's. Who an internal one talks to may also be a client, which is charged.
///
/// Source: AWS bills no cross-zone transfer between application and classic load balancers and their targets (pricing
/// page of Elastic Load Balancing); in a bill of 2024, 0 of 61 rows of transfer inside a region are a balancer's.
fn without_balancers(resolver: &AddressResolver, sides: &Sides<'_>, items: &mut Vec<Item>) {
    let ends = [(sides.src, sides.ends.src), (sides.dst, sides.ends.dst)];
    let balancer = |info: &EndpointInfo| info.role == Role::LoadBalancer;
    let Some((_, end)) = ends.into_iter().find(|(info, _)| balancer(info)) else { return };
    let is_public = end.interface.is_some_and(|place| resolver.estate.interfaces[place as usize].has_public());
    let [source, destination] = [sides.src, sides.dst].map(balancer);
    items.retain_mut(|item| {
        let is_own = if item.bearer == Allocation::Source { source } else { destination };
        item.assumed = item.assumed.or(Some(assumption::BALANCER));
        !is_public && !is_own
    });
}

/// Who pays at either side: the account of the interface that faces the outside, which is the NAT gateway's where the
/// transfer goes through one.
fn payers<'a>(resolver: &AddressResolver, sides: &Sides<'a>, route: &Route) -> [Side<'a>; 2] {
    let sides = [(sides.src, sides.ends.src, Allocation::Source), (sides.dst, sides.ends.dst, Allocation::Destination)];
    sides.map(|(info, end, bearer)| {
        let place = route.nat.filter(|_| info.kind == EndpointKind::Own);
        let gateway = place.map(|place| &resolver.estate.interfaces[place as usize]);
        Side {
            info,
            interface: place.or(end.interface),
            payer: gateway.and_then(|nat| nat.account.clone()).or_else(|| info.account.clone()),
            region: gateway.and_then(|nat| nat.region.clone()).or_else(|| info.region.clone()),
            bearer,
        }
    })
}

/// Whether records of the NAT gateway on the route would show this traffic at this time. Where the gateway is not known,
/// whether those of every gateway of the client's VPC would: then none of them passed it.
pub(super) fn is_logged_by_nat(resolver: &AddressResolver, sides: &Sides<'_>, route: &Route, moment: u32) -> bool {
    let names = |nat: &u32| resolver.estate.interfaces[*nat as usize].names_clients_at(moment);
    let client = if sides.src.kind == EndpointKind::Own { sides.ends.src } else { sides.ends.dst };
    match (route.nat, resolver.estate.nats_of(client.vpc)) {
        (Some(nat), _) => names(&nat),
        (None, []) => false,
        (None, all) => !route.via.has(Via::TRANSIT_GATEWAY) && all.iter().all(names),
    }
}

/// Processing charges of a NAT gateway that is not logged, or whose records do not name its clients, from the flows
/// through it.
pub(super) fn unlogged_nat(
    resolver: &AddressResolver,
    sides: &Sides<'_>,
    route: &Route,
    hour: u32,
    items: &mut Vec<Item>,
) {
    let nat = route.nat.map(|place| &resolver.estate.interfaces[place as usize]);
    let forward = sides.src.kind == EndpointKind::Own;
    let client = if forward { sides.src } else { sides.dst };
    let names_clients = |nat: &Eni| nat.names_clients || nat.role == Role::RegionalNat;
    let unnamed = nat.is_some_and(|nat| !names_clients(nat) && nat.is_logged_in(hour));
    let assumed = Some(if unnamed { assumption::NAT_UNNAMED } else { assumption::NAT_UNLOGGED });
    let nat_name = |name: fn(&Eni) -> &Name| nat.and_then(|nat| name(nat).clone());
    items.push(Item {
        charge: Charge::NatProcessing,
        payer: nat_name(|nat| &nat.account).or_else(|| client.account.clone()),
        from: nat_name(|nat| &nat.region).or_else(|| client.region.clone()),
        to: ANY.into(),
        interface: route.nat,
        bearer: Allocation::client(forward),
        assumed,
    });
    if let Some(place) = route.nat {
        let end = if forward { sides.ends.src } else { sides.ends.dst };
        client_leg(resolver, place, (end, client), forward, assumed, items);
    }
}

/// Charges of a NAT gateway's record that names its client: processing, and the leg between client and gateway.
pub(super) fn of_nat(
    resolver: &AddressResolver,
    place: u32,
    client: End,
    info: &EndpointInfo,
    forward: bool,
    items: &mut Vec<Item>,
) {
    let nat = &resolver.estate.interfaces[place as usize];
    let assumed = (client.basis == Basis::Observer).then_some(assumption::NAT_CLIENT);
    items.push(Item {
        charge: Charge::NatProcessing,
        payer: nat.account.clone(),
        from: nat.region.clone(),
        to: ANY.into(),
        interface: Some(place),
        bearer: Allocation::client(forward),
        assumed,
    });
    client_leg(resolver, place, (client, info), forward, assumed, items);
}

/// Charges between a client and its NAT gateway: into a transit gateway where that is in another VPC, else between zones.
fn client_leg(
    resolver: &AddressResolver,
    place: u32,
    (client, info): (End, &EndpointInfo),
    forward: bool,
    assumed: Option<&'static str>,
    items: &mut Vec<Item>,
) {
    let nat = &resolver.estate.interfaces[place as usize];
    if resolver.estate.apart(client.vpc, nat.vpc) {
        let ((payer, from), interface) = if forward {
            ((&info.account, &info.region), client.interface)
        } else {
            ((&nat.account, &nat.region), Some(place))
        };
        let (payer, from, bearer) = (payer.clone(), from.clone(), Allocation::client(forward));
        items.push(Item { charge: Charge::TransitGateway, payer, from, to: ANY.into(), interface, bearer, assumed });
    } else if nat.role == Role::Nat {
        zone_leg((info, client.interface), (nat, place), forward, assumed, items);
    }
}

/// Both halves of the leg between a client and its zonal NAT gateway, if their zones differ; each with its interface.
fn zone_leg(
    (client, interface): (&EndpointInfo, Option<u32>),
    (nat, place): (&Eni, u32),
    forward: bool,
    assumed: Option<&'static str>,
    items: &mut Vec<Item>,
) {
    if client.zone.is_none() || nat.zone.is_none() || client.zone == nat.zone {
        return;
    }
    let bearer = Allocation::client(forward);
    let mut sides = [(&client.account, &client.region, interface), (&nat.account, &nat.region, Some(place))];
    if !forward {
        sides.reverse();
    }
    for (charge, (payer, from, interface)) in [Charge::InterZoneOut, Charge::InterZoneIn].into_iter().zip(sides) {
        let (payer, from) = (payer.clone(), from.clone());
        items.push(Item { charge, payer, from, to: SAME.into(), interface, bearer, assumed });
    }
}
