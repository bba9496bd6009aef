//! What single records cannot tell and the other records can: which NAT gateway a client uses, which gateway saw a
//! transfer of unlogged ends, how a conversation's other direction went.
//!
//! Maps keep a value that does not depend on the order in which records come: the least, or the greatest.

use std::collections::{HashMap, HashSet};

use super::ends::{Atlas, End, Ends, Facet, Sights};
use super::learn::Learnt;
use super::path::{Sides, Way};
use super::tables::Role;
use super::view::{Direction, Fact, Facts};
use crate::error::Error;
use crate::group::is_public;

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// An end of the estate: its VPC and address.
type Held = (Option<u32>, u128);
/// Source and destination of packets, and the hour.
type Hourly = (u128, u128, u32);

/// What the records tell of each other.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The NAT gateway that a client's packets were seen at.
    nats: Map<Held, u32>,
    /// Gateways that saw packets whose ends are both not logged: a NAT gateway on its client's side, else a transit
    /// gateway's interface that took them in.
    gates: Map<(u128, u128), (Option<u32>, Option<u32>)>,
    /// How what an end sent to a peer went, where places alone would tell otherwise.
    ways: Map<(Held, u128), Way>,
    /// Ends of packets that a transit gateway's interface saw.
    transits: HashSet<(u128, u128), ahash::RandomState>,
    /// Rows of receivers in whose time the sender's watch begins or ends, and what the sender's rows bear of them.
    boundaries: Map<Hourly, u128>,
}

impl Index {
    /// The NAT gateway that an end was seen to use.
    pub(super) fn nat_of(&self, end: End) -> Option<u32> {
        self.nats.get(&(end.vpc, end.address)).copied()
    }

    /// Whether packets between these ends were seen at a transit gateway.
    pub(super) fn by_transit_gateway(&self, ends: Ends) -> bool {
        let (src, dst) = (ends.src.address, ends.dst.address);
        self.transits.contains(&(src, dst)) || self.transits.contains(&(dst, src))
    }

    /// How what the receiver of this sent back went.
    pub(super) fn way_back(&self, ends: Ends) -> Option<Way> {
        self.ways.get(&((ends.dst.vpc, ends.dst.address), ends.src.address)).copied()
    }

    /// The gateways that saw packets between two unlogged ends.
    pub(super) fn gates(&self, fact: &Fact) -> (Option<u32>, Option<u32>) {
        self.gates.get(&(fact.src, fact.dst)).copied().unwrap_or_default()
    }

    /// The bytes that the sender's own rows bear of a receiver's row at the edge of a watch.
    pub(super) fn sent_bytes(&self, fact: &Fact) -> u128 {
        self.boundaries.get(&(fact.src, fact.dst, fact.hour)).copied().unwrap_or(0)
    }

    /// Whether some receiver's row stands at the edge of a watch, so that [`Self::weigh`] is needed.
    #[must_use]
    pub(super) fn has_boundaries(&self) -> bool {
        !self.boundaries.is_empty()
    }

    /// Adds what another part of the records tells.
    #[must_use]
    pub(super) fn merge(mut self, other: Self) -> Self {
        for (end, nat) in other.nats {
            self.nats.entry(end).and_modify(|mine| *mine = nat.min(*mine)).or_insert(nat);
        }
        for (pair, (nat, transit)) in other.gates {
            let mine = self.gates.entry(pair).or_default();
            *mine = (least(mine.0, nat), least(mine.1, transit));
        }
        for (key, way) in other.ways {
            self.ways.entry(key).and_modify(|mine| *mine = way.max(*mine)).or_insert(way);
        }
        self.transits.extend(other.transits);
        for (key, bytes) in other.boundaries {
            *self.boundaries.entry(key).or_default() += bytes;
        }
        self
    }
}

fn least(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Looks at a shard for views of addresses that several VPCs have.
///
/// # Errors
/// If rows of the shard were spilled and cannot be read.
pub(super) fn sights(atlas: &Atlas, learnt: &Learnt, facts: &Facts<'_>, shard: usize) -> Result<Sights, Error> {
    let mut sights = Sights::default();
    facts.for_each(shard, |fact, _| {
        let view = &facts.views[fact.view];
        let Some(own) = view.interface.map(|place| &atlas.estate.interfaces[place as usize]) else { return };
        let (address, peer) = match atlas.direction(view, fact, learnt).0 {
            Some(Direction::Egress) => (fact.src, fact.dst),
            Some(Direction::Ingress) => (fact.dst, fact.src),
            None => return,
        };
        let apart = |vpcs: Vec<u32>| !vpcs.contains(&own.vpc);
        if !own.is_hop() && atlas.estate.vpcs_of(address).len() > 1 && apart(atlas.estate.vpcs_of(peer)) {
            add_sight(&mut sights, (address, peer), own.vpc);
        }
    })?;
    Ok(sights)
}

/// Adds what was seen in another part of the records.
pub(super) fn add_sights(mut sights: Sights, other: Sights) -> Sights {
    for (pair, vpcs) in other {
        vpcs.into_iter().for_each(|vpc| add_sight(&mut sights, pair, vpc));
    }
    sights
}

fn add_sight(sights: &mut Sights, pair: (u128, u128), vpc: u32) {
    let vpcs = sights.entry(pair).or_default();
    if !vpcs.contains(&vpc) {
        vpcs.push(vpc);
    }
}

/// Indexes a shard. The ways of conversations need what the gateways saw, so that comes first: `before` is the index of
/// all shards without ways, or none.
///
/// # Errors
/// If rows of the shard were spilled and cannot be read.
pub(super) fn gateways(atlas: &Atlas, learnt: &Learnt, facts: &Facts<'_>, shard: usize) -> Result<Index, Error> {
    let mut index = Index::default();
    facts.for_each(shard, |fact, _| {
        let view = &facts.views[fact.view];
        let Some((place, own)) = view.interface.map(|place| (place, &atlas.estate.interfaces[place as usize])) else {
            return;
        };
        let (direction, _) = atlas.direction(view, fact, learnt);
        if !own.is_hop() {
            return;
        }
        let ends = atlas.ends(view, fact, direction);
        let client = client(own.role, fact, direction, ends);
        if let Some(client) = client {
            let nat = index.nats.entry((client.vpc, client.address)).or_insert(place);
            *nat = place.min(*nat);
        }
        if own.role == Role::TransitGateway {
            index.transits.insert((ends.src.address, ends.dst.address));
        }
        let unlogged = [ends.src, ends.dst].into_iter().all(|end| !atlas.is_watched(end, fact.moment()));
        if unlogged && (client.is_some() || own.role == Role::TransitGateway && direction == Some(Direction::Ingress)) {
            let gate = index.gates.entry((fact.src, fact.dst)).or_default();
            let slot = if client.is_some() { &mut gate.0 } else { &mut gate.1 };
            *slot = least(*slot, Some(place));
        }
    })?;
    Ok(index)
}

/// Indexes a shard's conversations.
///
/// # Errors
/// If rows of the shard were spilled and cannot be read.
pub(super) fn ways(
    atlas: &Atlas,
    learnt: &Learnt,
    before: &Index,
    facts: &Facts<'_>,
    shard: usize,
) -> Result<Index, Error> {
    let mut index = Index::default();
    let mut facets: Map<End, Facet> = Map::default();
    facts.for_each(shard, |fact, _| {
        let view = &facts.views[fact.view];
        let (direction, _) = atlas.direction(view, fact, learnt);
        // Without a traffic path the way is told by places, which tell the same of both directions.
        if direction == Some(Direction::Egress) && view.traffic_path.is_none() {
            return;
        }
        let hop = view.interface.is_some_and(|place| atlas.estate.interfaces[place as usize].is_hop());
        if hop || fact.counted.flows == 0 {
            return;
        }
        let ends = atlas.ends(view, fact, direction);
        if direction == Some(Direction::Ingress) {
            let sender = ends.src.interface.map(|place| &atlas.estate.interfaces[place as usize]);
            if sender.is_some_and(|own| own.watch_changes(fact.moment(), fact.last_moment())) {
                index.boundaries.entry((fact.src, fact.dst, fact.hour)).or_default();
            }
            return;
        }
        if direction.is_none() || atlas.is_watched(ends.dst, fact.moment()) {
            return;
        }
        for end in [ends.src, ends.dst] {
            facets.entry(end).or_insert_with(|| atlas.facet(end));
        }
        let (Some(src), Some(dst)) = (facets.get(&ends.src), facets.get(&ends.dst)) else { return };
        let sides = Sides { ends, src, dst };
        let way = sides.egress(atlas, before, view);
        if (way.path, way.via) != plain(&sides.turned().by_places(atlas, before)) {
            let key = ((ends.src.vpc, ends.src.address), ends.dst.address);
            index.ways.entry(key).and_modify(|mine| *mine = way.max(*mine)).or_insert(way);
        }
    })?;
    Ok(index)
}

fn plain(way: &Way) -> (super::path::Path, super::path::Via) {
    (way.path, way.via)
}

/// Sums what senders' rows bear of the receivers' rows at the edges of watches.
///
/// # Errors
/// If rows of the shard were spilled and cannot be read.
pub(super) fn weigh(
    atlas: &Atlas,
    learnt: &Learnt,
    before: &Index,
    facts: &Facts<'_>,
    shard: usize,
) -> Result<Index, Error> {
    let mut index = Index::default();
    facts.for_each(shard, |fact, _| {
        let view = &facts.views[fact.view];
        let key = (fact.src, fact.dst, fact.hour);
        let end = view.interface.is_some_and(|place| !atlas.estate.interfaces[place as usize].is_hop());
        if end
            && before.boundaries.contains_key(&key)
            && atlas.direction(view, fact, learnt).0 == Some(Direction::Egress)
        {
            *index.boundaries.entry(key).or_default() += fact.counted.bytes;
        }
    })?;
    Ok(index)
}

/// The client that a NAT gateway's record names: the far end of what is not the gateway's own on its own side. A
/// regional gateway's records show the packets' addresses alone: there it is the private one.
pub(super) fn client(role: Role, fact: &Fact, direction: Option<Direction>, ends: Ends) -> Option<End> {
    match (role, direction) {
        (Role::Nat, Some(Direction::Egress)) => (fact.src != fact.srcaddr).then_some(ends.dst),
        (Role::Nat, Some(Direction::Ingress)) => (fact.dst != fact.dstaddr).then_some(ends.src),
        (Role::RegionalNat, _) => match (is_public(fact.src), is_public(fact.dst)) {
            (false, true) => Some(ends.src),
            (true, false) => Some(ends.dst),
            _ => None,
        },
        _ => None,
    }
}
