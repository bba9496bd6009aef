//! What follows from other records only: the NAT gateway of a client, the gateway that logged a transfer between
//! unlogged endpoints, the route of a conversation's other direction.
//!
//! Maps keep a value that does not depend on the order in which records come: the least, or the greatest.

pub(super) mod address_hints;
mod routes;
mod splits;

use std::collections::HashMap;

pub(super) use self::address_hints::AddressHints;
use self::routes::Routes;
pub(super) use self::splits::Part;
use self::splits::Splits;
use super::count::Sighting;
use super::ends::{End, EndpointInfo, Ends};
use super::estate::Eni;
use super::path::Route;
use super::sides::Sides;
use super::tables::Role;
use super::traffic::Traffic;
use super::vantage::{Direction, Fact};
use crate::error::Error;
use crate::group::is_public;

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// An end of the estate: its VPC and address.
type Held = (Option<u32>, u128);
/// What an end sent to an address in an hour. From one VPC an address is one end, so that the peer's VPC, which the
/// sender may not know, is no part of it.
type Hourly = (Held, u128, u32);

/// What records reveal about each other.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The NAT gateway that a client's packets were seen at.
    nats: Map<Held, u32>,
    /// Gateways that saw packets whose ends are both not logged: a NAT gateway on its client's side, else a transit
    /// gateway's interface that took them in.
    gates: Map<(u128, u128), (Option<u32>, Option<u32>)>,
    /// Routes by endpoint and peer, where locations alone would give another one.
    routes: Routes,
    /// Counts by difference at coverage boundaries.
    pub(super) splits: Splits,
}

impl Index {
    /// The NAT gateway that an end was seen to use.
    pub(super) fn nat_of(&self, end: End) -> Option<u32> {
        self.nats.get(&(end.vpc, end.address)).copied()
    }

    /// How what the receiver of this sent back in that hour went.
    pub(super) fn way_back(&self, ends: Ends, hour: u32) -> Option<Route> {
        self.routes.at(Ends { src: ends.dst, dst: ends.src }, hour)
    }

    /// Whether [`follow`] is needed.
    #[must_use]
    pub(super) fn has_routes(&self) -> bool {
        !self.routes.is_empty()
    }

    /// Whether [`follow`] is needed once more.
    #[must_use]
    pub(super) fn lacks_hours_of_routes(&self) -> bool {
        self.routes.lack_hours()
    }

    /// Forgets what was needed only to put the index together.
    pub(super) fn settle(&mut self) {
        self.routes.settle();
    }

    /// The gateways that saw packets between two unlogged ends.
    pub(super) fn gates(&self, fact: &Fact) -> (Option<u32>, Option<u32>) {
        self.gates.get(&(fact.src, fact.dst)).copied().unwrap_or_default()
    }

    /// Merges the index of another part of the records.
    #[must_use]
    pub(super) fn merge(mut self, other: Self) -> Self {
        for (end, nat) in other.nats {
            self.nats.entry(end).and_modify(|mine| *mine = nat.min(*mine)).or_insert(nat);
        }
        for (pair, (nat, transit)) in other.gates {
            let mine = self.gates.entry(pair).or_default();
            *mine = (least(mine.0, nat), least(mine.1, transit));
        }
        self.routes.merge(other.routes);
        self.splits.merge(other.splits);
        self
    }
}

fn hourly(Sighting { fact, ends, .. }: &Sighting<'_>) -> Hourly {
    ((ends.src.vpc, ends.src.address), ends.dst.address, fact.hour)
}

fn least(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// One worker's pass over the facts: what it found so far, and a cache of endpoints.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    traffic: &'a Traffic<'a>,
    sides: Sides<()>,
    infos: Map<End, EndpointInfo>,
    found: Index,
}

impl<'a> Pass<'a> {
    /// An empty pass. Results of earlier passes are in the traffic's index.
    pub(super) fn new(traffic: &'a Traffic<'a>) -> Self {
        Self { traffic, sides: Sides::new(), infos: Map::default(), found: Index::default() }
    }

    /// What it found.
    pub(super) fn finish(self) -> Index {
        self.found
    }

    /// Merges the results of two passes.
    #[must_use]
    pub(super) fn merge(self, other: Self) -> Self {
        Self { found: self.found.merge(other.found), ..self }
    }

    /// Indexes what a shard's gateways saw.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub(super) fn gateways(&mut self, shard: usize) -> Result<(), Error> {
        let Self { traffic: Traffic { facts, resolver, learnt, .. }, sides, found, .. } = self;
        facts.for_each(shard, |fact, _| {
            let vantage = &facts.vantages[fact.vantage];
            let Some((place, own)) =
                vantage.interface.map(|place| (place, &resolver.estate.interfaces[place as usize]))
            else {
                return;
            };
            if !own.is_hop() {
                return;
            }
            let (direction, _) = resolver.direction(vantage, fact, learnt);
            let ends = sides.ends(resolver, vantage, fact, direction);
            let client = client(own, fact, direction, ends);
            if let Some(client) = client {
                let nat = found.nats.entry((client.vpc, client.address)).or_insert(place);
                *nat = place.min(*nat);
            }
            let unlogged = [ends.src, ends.dst].into_iter().all(|end| !resolver.is_logged_throughout(end, fact.hour));
            let takes_in = own.role == Role::TransitGateway && direction == Some(Direction::Ingress);
            if unlogged && (client.is_some() || takes_in) {
                let gate = found.gates.entry((fact.src, fact.dst)).or_default();
                let slot = if client.is_some() { &mut gate.0 } else { &mut gate.1 };
                *slot = least(*slot, Some(place));
            }
        })
    }
}

/// The client in a NAT gateway's record: the far end of the side that is not the gateway's own. A regional gateway's
/// records only show packet addresses: there it is the private one. Without packet addresses the leg between client and
/// gateway shows both.
pub(super) fn client(own: &Eni, fact: &Fact, direction: Option<Direction>, ends: Ends) -> Option<End> {
    let is_leg = || own.is_client_leg(fact);
    match (own.role, direction) {
        (Role::Nat, Some(Direction::Egress)) => (fact.src != fact.srcaddr || is_leg()).then_some(ends.dst),
        (Role::Nat, Some(Direction::Ingress)) => (fact.dst != fact.dstaddr || is_leg()).then_some(ends.src),
        (Role::RegionalNat, _) => match (is_public(fact.src), is_public(fact.dst)) {
            (false, true) => Some(ends.src),
            (true, false) => Some(ends.dst),
            _ => None,
        },
        _ => None,
    }
}
