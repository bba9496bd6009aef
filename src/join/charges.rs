//! Charges on traffic: the charge, its payer, its region, and the endpoint it is allocated to. Prices are not known
//! here.

use std::sync::Arc;

use super::ends::{AddressResolver, Basis, End, EndpointInfo, EndpointKind, edge_of};
use super::estate::Eni;
use super::path::{Path, Route, Sides, Via, assumption};
use super::tables::{Kind, Name, Role};
use crate::schema::charge::{ANY, Charge, INTERNET, SAME};
use crate::schema::edge;

/// The halves of transfer between Availability Zones.
const INTER_ZONE: [Charge; 2] = [Charge::InterZoneOut, Charge::InterZoneIn];

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
struct Side {
    is_own: bool,
    payer: Name,
    region: Name,
    /// The group of its Local or Wavelength Zone.
    edge: Name,
    interface: Option<u32>,
    bearer: Allocation,
}

impl Side {
    /// Where its prices are looked up.
    fn place(&self) -> Name {
        self.edge.clone().or_else(|| self.region.clone())
    }

    fn charge(&self, charge: Charge, other: &str, assumed: Option<&'static str>) -> Item {
        Item {
            charge,
            payer: self.payer.clone(),
            from: self.place(),
            to: other.into(),
            interface: self.interface,
            bearer: self.bearer,
            assumed,
        }
    }
}

/// The charges of a counted transfer of an hour.
pub(super) fn of_transfer(resolver: &AddressResolver, sides: &Sides<'_>, route: &Route, items: &mut Vec<Item>) {
    let [from, to] = payers(resolver, sides, route);
    let one = |charge: Charge, side: &Side, other: &str| side.charge(charge, other, route.assumed);
    let sent = sides.src.kind == EndpointKind::Own;
    let region = || sides.dst.edge.as_deref().or(sides.dst.region.as_deref()).unwrap_or(ANY);
    match route.path {
        Path::Internet if sent => items.push(one(Charge::InternetEgress, &from, INTERNET)),
        Path::CrossRegion | Path::AwsServiceCrossRegion | Path::PeeringCrossRegion if sent => {
            items.push(one(Charge::InterRegion, &from, region()));
        }
        Path::CrossZone => {
            between_zones([&from, &to], INTER_ZONE, route.assumed, items);
            without_balancers(resolver, sides, items);
        }
        Path::PeeringCrossZone => {
            between_zones([&from, &to], [Charge::PeeringZoneOut, Charge::PeeringZoneIn], route.assumed, items);
        }
        Path::PublicAddress => {
            halves([&from, &to], [Charge::PublicAddressOut, Charge::PublicAddressIn], route.assumed, items);
        }
        Path::TransitGateway if sent => {
            // A transit gateway is its Region's.
            items.push(Item { from: from.region.clone(), ..one(Charge::TransitGateway, &from, ANY) });
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

/// Both halves of a charge, of the ends that are known.
fn halves(sides: [&Side; 2], charges: [Charge; 2], assumed: Option<&'static str>, items: &mut Vec<Item>) {
    let own = charges.into_iter().zip(sides).filter(|(_, side)| side.is_own);
    items.extend(own.map(|(charge, side)| side.charge(charge, SAME, assumed)));
}

/// Charges between two zones of a Region: both halves; of a Local Zone and another zone that of the Local Zone, at its own
/// price; between groups of Local and Wavelength Zones, and a Wavelength Zone and its Region, as between Regions.
///
/// Source: AWS's data transfer pricing feed of 2025-12-02 ("DataTransfer Local Zone within same AWS Region"; pairs of
/// zones, and of Wavelength Zones and Regions). Whether the other side pays a half too, it does not say.
fn between_zones(sides: [&Side; 2], charges: [Charge; 2], assumed: Option<&'static str>, items: &mut Vec<Item>) {
    let [from, to] = sides;
    let (edge, is_halved) = match (&from.edge, &to.edge) {
        (None, None) => return halves(sides, charges, assumed, items),
        (Some(edge), None) | (None, Some(edge)) => (edge, true),
        (Some(edge), Some(other)) => (edge, edge == other),
    };
    if !is_halved || edge::is_wavelength(edge) {
        if from.is_own {
            items.push(from.charge(Charge::InterRegion, to.place().as_deref().unwrap_or(ANY), assumed));
        }
        return;
    }
    let at_one = from.edge.is_none() || to.edge.is_none();
    let assumed = assumed.or(at_one.then_some(assumption::LOCAL_ZONE));
    let local = [Charge::LocalZoneOut, Charge::LocalZoneIn].into_iter().zip(sides);
    let local = local.filter(|(_, side)| side.is_own && side.edge.is_some());
    items.extend(local.map(|(charge, side)| side.charge(charge, SAME, assumed)));
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
fn payers(resolver: &AddressResolver, sides: &Sides<'_>, route: &Route) -> [Side; 2] {
    let sides = [(sides.src, sides.ends.src, Allocation::Source), (sides.dst, sides.ends.dst, Allocation::Destination)];
    sides.map(|(info, end, bearer)| {
        let place = route.nat.filter(|_| info.kind == EndpointKind::Own);
        let gateway = place.map(|place| &resolver.estate.interfaces[place as usize]);
        Side {
            is_own: info.kind == EndpointKind::Own,
            interface: place.or(end.interface),
            payer: gateway.and_then(|nat| nat.names.account.clone()).or_else(|| info.account.clone()),
            region: gateway.and_then(|nat| nat.names.region.clone()).or_else(|| info.region.clone()),
            edge: gateway.map_or_else(|| info.edge.clone(), |nat| edge_of(&nat.names.zone)),
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
        payer: nat_name(|nat| &nat.names.account).or_else(|| client.account.clone()),
        from: nat.and_then(place_of).or_else(|| client.edge.clone()).or_else(|| client.region.clone()),
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

/// Where a gateway's prices are looked up.
fn place_of(gateway: &Eni) -> Name {
    edge_of(&gateway.names.zone).or_else(|| gateway.names.region.clone())
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
        payer: nat.names.account.clone(),
        from: place_of(nat),
        to: ANY.into(),
        interface: Some(place),
        bearer: Allocation::client(forward),
        assumed,
    });
    client_leg(resolver, place, (client, info), forward, assumed, items);
}

/// The charge of what arrives at an endpoint of a gateway load balancer.
///
/// Source: the VPC pricing page charges each GB processed through the endpoint; that a packet that returns from
/// inspection is not processed again is assumed.
pub(super) fn of_gwlb_endpoint(resolver: &AddressResolver, sides: &Sides<'_>, place: u32) -> Item {
    let endpoint = &resolver.estate.interfaces[place as usize];
    Item {
        charge: Charge::GwlbEndpointProcessing,
        payer: endpoint.names.account.clone(),
        from: place_of(endpoint),
        to: ANY.into(),
        interface: Some(place),
        bearer: Allocation::client(sides.is_forward()),
        assumed: Some(assumption::GWLB_ENDPOINT),
    }
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
            ((&nat.names.account, &nat.names.region), Some(place))
        };
        let (payer, from, bearer) = (payer.clone(), from.clone(), Allocation::client(forward));
        items.push(Item { charge: Charge::TransitGateway, payer, from, to: ANY.into(), interface, bearer, assumed });
    } else if nat.role == Role::Nat {
        zone_leg((info, client.interface), (nat, place), forward, assumed, items);
    }
}

/// Charges of the leg between a client and its zonal NAT gateway, if their zones differ; each half with its interface.
fn zone_leg(
    (client, interface): (&EndpointInfo, Option<u32>),
    (nat, place): (&Eni, u32),
    forward: bool,
    assumed: Option<&'static str>,
    items: &mut Vec<Item>,
) {
    if client.zone.is_none() || nat.names.zone.is_none() || client.zone == nat.names.zone {
        return;
    }
    let bearer = Allocation::client(forward);
    let client = Side {
        is_own: true,
        payer: client.account.clone(),
        region: client.region.clone(),
        edge: client.edge.clone(),
        interface,
        bearer,
    };
    let gateway = Side {
        is_own: true,
        payer: nat.names.account.clone(),
        region: nat.names.region.clone(),
        edge: edge_of(&nat.names.zone),
        interface: Some(place),
        bearer,
    };
    let sides = if forward { [&client, &gateway] } else { [&gateway, &client] };
    between_zones(sides, INTER_ZONE, assumed, items);
}
