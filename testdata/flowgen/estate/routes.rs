//! Routes: the interfaces that a packet of a conversation crosses, with the addresses that it bears there, and what of
//! it the logs are to be counted by.
//!
//! One rule gives all of AWS's documented examples (NAT gateway, transit gateway): a record shows the packet's addresses
//! as `pkt-srcaddr` and `pkt-dstaddr`, and the interface's own address as `srcaddr` of what leaves and as `dstaddr` of
//! what arrives. Only at a regional NAT gateway the two are always the same, and its own address is a public one.
//!
//! Where AWS's documents leave something open, this was chosen:
//! - A transit gateway takes a packet in at its interface in the sender's zone, and gives it out at the one in the same
//!   zone if there is one, else at the first; so a response may cross other interfaces than its request.
//! - What a transit gateway's interface gives out has traffic path 1, as what an instance sends to one.
//! - `az-id` of a regional NAT gateway's records is absent, as its subnet is.
//! - Fields of the next hop: none across an internet gateway, a peering of regions, or a transit gateway; of a regional
//!   NAT gateway the type alone; of another account's interface the zone alone; none at what arrives from a transit
//!   gateway or a load balancer.

use std::net::IpAddr;

use super::Estate;
use super::scenarios::{Outcome, RouteKind};
use super::talks::{End, Talk};
use crate::flowgen::world::Role;

/// A packet at an interface.
#[derive(Clone, Copy)]
pub(crate) struct Crossing {
    /// The interface, by its place.
    pub(crate) interface: usize,
    pub(crate) egress: bool,
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) rejected: bool,
    /// AWS's traffic path code; egress only.
    pub(crate) path: Option<u8>,
    /// The interface at the other side, as far as AWS logs it.
    pub(crate) next_hop: Option<usize>,
    pub(crate) class: Class,
}

/// What a record of a crossing is when each byte is counted once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Nobody logs the interface.
    Unseen,
    Counted,
    Deduplicated,
    Transit,
    Rejected,
}

impl Class {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::Counted => "counted",
            Self::Deduplicated => "deduplicated",
            Self::Transit => "transit",
            Self::Rejected => "rejected",
        }
    }
}

impl Crossing {
    /// Source and destination as the interface shows them.
    pub(crate) fn shown(&self, estate: &Estate) -> (IpAddr, IpAddr) {
        let interface = &estate.interfaces[self.interface];
        match (interface.role, self.egress) {
            (Role::RegionalNatGateway, _) => (self.source, self.destination),
            (_, true) => (interface.shown(self.source), self.destination),
            (_, false) => (self.source, interface.shown(self.destination)),
        }
    }
}

/// The crossings of one direction of a conversation, in the packet's order.
pub(crate) fn crossings(estate: &Estate, talk: &Talk, forward: bool) -> Vec<Crossing> {
    let mut crossings = outward(estate, talk, forward);
    if !forward {
        crossings.reverse();
        for crossing in &mut crossings {
            crossing.egress = !crossing.egress;
            std::mem::swap(&mut crossing.source, &mut crossing.destination);
            std::mem::swap(&mut crossing.source_port, &mut crossing.destination_port);
        }
    }
    for place in 0..crossings.len() {
        crossings[place].path = path(estate, talk, &crossings[place]);
        crossings[place].next_hop = next_hop(estate, talk, &crossings, place);
    }
    if let Some(last) = crossings.last_mut().filter(|_| matches!(talk.outcome, Outcome::Refused | Outcome::Blocked)) {
        last.rejected = true;
        last.path = last.path.filter(|_| talk.outcome != Outcome::Blocked);
    }
    classify(estate, talk, forward, &mut crossings);
    crossings
}

/// The crossings from the client to the server; `forward` is the direction of the packet.
fn outward(estate: &Estate, talk: &Talk, forward: bool) -> Vec<Crossing> {
    let gateway = talk.route_kind == RouteKind::Gateway;
    // The address of an end as its peer sees it.
    let seen = |end: End| match end {
        End::Own(place) if gateway => estate.interfaces[place].outer(talk.six),
        _ => estate.address(end, talk.six),
    };
    let (client, server) = (estate.address(talk.client, talk.six), estate.address(talk.server, talk.six));
    let at = |interface: usize, egress: bool, source: IpAddr, destination: IpAddr| Crossing {
        interface,
        egress,
        source,
        destination,
        source_port: talk.client_port,
        destination_port: talk.server_port,
        rejected: false,
        path: None,
        next_hop: None,
        class: Class::Unseen,
    };
    let transit = |of: usize| {
        let sender = if forward { talk.client.interface() } else { talk.nat.or(talk.server.interface()) };
        estate.transit(estate.interfaces[of].vpc, sender)
    };
    let mut crossings = Vec::new();
    if let Some(own) = talk.client.interface() {
        crossings.push(at(own, true, client, seen(talk.server)));
    }
    let through = matches!(talk.route_kind, RouteKind::Transit | RouteKind::CentralNat(_));
    let beyond = talk.nat.or(talk.server.interface());
    for (side, egress) in [(talk.client.interface(), false), (beyond, true)] {
        if let Some(transit) = side.filter(|_| through).and_then(transit) {
            crossings.push(at(transit, egress, client, server));
        }
    }
    if let Some(nat) = talk.nat {
        let inner = at(nat, false, client, server);
        let outer = at(nat, true, estate.interfaces[nat].address.into(), server);
        crossings.extend([inner, Crossing { source_port: talk.nat_port, ..outer }]);
    } else if let Some(own) = talk.server.interface() {
        crossings.push(at(own, false, seen(talk.client), server));
    }
    crossings
}

/// AWS's traffic path code of a packet that leaves an interface.
fn path(estate: &Estate, talk: &Talk, crossing: &Crossing) -> Option<u8> {
    let interface = &estate.interfaces[crossing.interface];
    let shown = |code: u8| if interface.nitro { code } else { 2 };
    let outer = crossing.source == IpAddr::from(interface.address);
    let code = match (interface.role, talk.route_kind) {
        (Role::NatGateway | Role::RegionalNatGateway, _) if outer => shown(8),
        (Role::NatGateway | Role::RegionalNatGateway | Role::TransitGateway, _) => 1,
        (_, RouteKind::Inside | RouteKind::Nat(_) | RouteKind::CentralNat(_) | RouteKind::Transit) => 1,
        (_, RouteKind::Gateway) => shown(8),
        (_, RouteKind::GatewayEndpoint) => shown(7),
        (_, RouteKind::PrivateGateway) => 3,
        (_, RouteKind::Peering) if estate.crosses_regions(talk) => 5,
        (_, RouteKind::Peering) => 4,
    };
    crossing.egress.then_some(code)
}

/// The interface that takes over what leaves, or that gave over what arrives.
fn next_hop(estate: &Estate, talk: &Talk, crossings: &[Crossing], place: usize) -> Option<usize> {
    let crossing = &crossings[place];
    let other = if crossing.egress { crossings.get(place + 1)? } else { crossings.get(place.checked_sub(1)?)? };
    let role = estate.interfaces[other.interface].role;
    let untold = !crossing.egress && matches!(role, Role::TransitGateway | Role::LoadBalancer);
    let apart = talk.route_kind == RouteKind::Gateway
        || (talk.route_kind == RouteKind::Peering && estate.crosses_regions(talk));
    (!untold && !apart).then_some(other.interface)
}

fn is_transit(estate: &Estate, crossing: &Crossing) -> bool {
    estate.interfaces[crossing.interface].role == Role::TransitGateway
}

/// Decides at which crossing the bytes are counted: at the sender; else at the receiver; else at the NAT gateway's side
/// to the client; else at the first transit gateway on the route.
fn classify(estate: &Estate, talk: &Talk, forward: bool, crossings: &mut [Crossing]) {
    let (sender, receiver) = talk.ends(forward);
    let logged = |place: usize| estate.interfaces[place].logged(&estate.network, talk.start);
    let seen = |end: End| end.interface().filter(|place| logged(*place));
    let (sender, receiver) = (seen(sender), seen(receiver));
    let client = estate.address(talk.client, talk.six);
    let side_to_client = |crossing: &Crossing| {
        Some(crossing.interface) == talk.nat && [crossing.source, crossing.destination].contains(&client)
    };
    let counted = if talk.outcome == Outcome::Dropped {
        None
    } else if let Some(end) = sender.or(receiver) {
        crossings.iter().position(|crossing| crossing.interface == end)
    } else {
        let logged_at = |crossing: &Crossing| logged(crossing.interface);
        let nat = crossings.iter().position(|crossing| logged_at(crossing) && side_to_client(crossing));
        nat.or_else(|| crossings.iter().position(|crossing| logged_at(crossing) && is_transit(estate, crossing)))
    };
    for (place, crossing) in crossings.iter_mut().enumerate() {
        crossing.class = match () {
            () if !logged(crossing.interface) => Class::Unseen,
            () if crossing.rejected => Class::Rejected,
            () if Some(place) == counted => Class::Counted,
            () if Some(crossing.interface) == receiver && talk.outcome != Outcome::Dropped => Class::Deduplicated,
            () => Class::Transit,
        };
    }
}

impl Estate {
    /// The interface of the transit gateway in a VPC for what an interface sends.
    fn transit(&self, vpc: usize, sender: Option<usize>) -> Option<usize> {
        let zone = sender.map(|place| &self.network.subnets[self.interfaces[place].subnet].zone_id);
        let there =
            |place: &usize| self.interfaces[*place].vpc == vpc && self.interfaces[*place].role == Role::TransitGateway;
        let all: Vec<usize> = (0..self.interfaces.len()).filter(there).collect();
        let near =
            all.iter().find(|place| Some(&self.network.subnets[self.interfaces[**place].subnet].zone_id) == zone);
        near.or(all.first()).copied()
    }

    /// Whether the two ends of a conversation are the estate's, in two regions.
    pub(crate) fn crosses_regions(&self, talk: &Talk) -> bool {
        let region = |end: End| end.interface().map(|place| self.network.vpcs[self.interfaces[place].vpc].region.name);
        matches!((region(talk.client), region(talk.server)), (Some(one), Some(other)) if one != other)
    }
}
