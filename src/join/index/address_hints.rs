//! What the records reveal about the VPC and zone of an address. Built first: everything else needs the endpoints of
//! records.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::ends::AddressResolver;
use super::super::tables::Role;
use super::super::traffic::Traffic;
use super::super::vantage::{Direction, Fact, Facts, Vantage};
use crate::error::Error;
use crate::group::is_public;

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// The collected hints. Merge order does not matter.
#[derive(Debug, Default)]
pub(in super::super) struct AddressHints {
    /// The VPCs whose own interfaces showed an address as theirs towards a peer, of addresses that several VPCs have.
    vantages: Map<(u128, u128), Vec<u32>>,
    /// Source and destination of packets that a transit gateway's interface saw.
    transits: HashSet<(u128, u128), ahash::RandomState>,
    /// Addresses that interfaces of a VPC sent to by traffic path 1, through nothing known but the VPC itself.
    neighbours: HashSet<(u32, u128), ahash::RandomState>,
    /// The same of addresses that only other VPCs are known to have, by interfaces that were logged then: these may be others
    /// with the same address.
    namesakes: HashSet<(u32, u128), ahash::RandomState>,
    /// The addresses of those that are neighbours.
    shared: HashSet<u128, ahash::RandomState>,
    /// The VPC that next hops name for an address, by the observer's VPC.
    next_vpcs: Map<(u32, u128), u32>,
    /// The zone that next hops name for an address of a VPC.
    next_zones: Map<(Option<u32>, u128), Arc<str>>,
}

impl AddressHints {
    /// The only VPC whose interfaces showed an address as theirs towards a peer.
    pub(in super::super) fn vpc(&self, address: u128, peer: u128) -> Option<u32> {
        match self.vantages.get(&(address, peer)).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        }
    }

    /// Whether packets between two addresses were seen at a transit gateway.
    pub(in super::super) fn by_transit_gateway(&self, one: u128, other: u128) -> bool {
        self.transits.contains(&(one, other)) || self.transits.contains(&(other, one))
    }

    /// Whether an address that nobody is known to have is in the observer's VPC: its interfaces sent there by traffic
    /// path 1, and no transit gateway logged the packets.
    pub(in super::super) fn is_neighbour(&self, observer: u32, address: u128, peer: u128) -> bool {
        self.neighbours.contains(&(observer, address)) && !self.by_transit_gateway(address, peer)
    }

    /// Whether an address that another VPC has is a neighbour of some.
    pub(in super::super) fn has_namesake(&self, address: u128) -> bool {
        self.shared.contains(&address)
    }

    /// Keeps the namesakes that conversations show to be neighbours: they answered, and who has the address elsewhere, and
    /// was logged, never sent anything to the VPC.
    pub(in super::super) fn settle(&mut self, talks: &Talks) {
        self.namesakes.retain(|end| talks.answered.contains(end) && !talks.elsewhere.contains(end));
        self.shared = self.namesakes.iter().map(|(_, address)| *address).collect();
        self.neighbours.extend(&self.namesakes);
    }

    /// Whether there are addresses whose conversations decide.
    pub(in super::super) fn has_namesakes(&self) -> bool {
        !self.namesakes.is_empty()
    }

    /// Whether any transit gateway logged records.
    pub(in super::super) fn tell_of_transit(&self) -> bool {
        !self.transits.is_empty()
    }

    /// The VPC that next hops name for an address, to an observer in a VPC.
    pub(in super::super) fn next_vpc(&self, observer: u32, address: u128) -> Option<u32> {
        self.next_vpcs.get(&(observer, address)).copied()
    }

    /// The zone that next hops name for an address of a VPC, or of none that is known.
    pub(in super::super) fn next_zone(&self, vpc: Option<u32>, address: u128) -> Option<&Arc<str>> {
        self.next_zones.get(&(vpc, address))
    }

    fn meet(&mut self, resolver: &AddressResolver, vantage: &Vantage, fact: &Fact, direction: Option<Direction>) {
        let Some(own) = vantage.interface.map(|place| &resolver.estate.interfaces[place as usize]) else { return };
        if own.role == Role::TransitGateway {
            self.transits.insert((fact.src, fact.dst));
        }
        if own.is_hop() {
            return;
        }
        let (address, peer) = match direction {
            Some(Direction::Egress) => (fact.src, fact.dst),
            Some(Direction::Ingress) => (fact.dst, fact.src),
            None => return,
        };
        if direction == Some(Direction::Egress) {
            self.meet_next_hop(resolver, vantage, own.vpc, fact);
            self.meet_neighbour(resolver, vantage, own.vpc, fact);
        }
        let apart = || !resolver.estate.vpcs_of(peer).any(|vpc| vpc == own.vpc);
        if resolver.estate.has_several_vpcs(address) && apart() {
            self.add_view((address, peer), own.vpc);
        }
    }

    /// The next hop is the other endpoint if it is no middlebox and is reached inside the VPC or by a peering
    /// connection.
    fn meet_next_hop(&mut self, resolver: &AddressResolver, vantage: &Vantage, observer: u32, fact: &Fact) {
        let is_end = matches!(vantage.route.next_hop_type.as_deref(), None | Some("vpc_endpoint"));
        let has_next = vantage.route.next_hop_zone.is_some() || vantage.route.next_hop_vpc.is_some();
        if !has_next || !is_end || !matches!(vantage.traffic_path, Some(1 | 4)) {
            return;
        }
        let named = vantage.route.next_hop_vpc.as_ref().and_then(|id| resolver.estate.vpc_of_id(id));
        if let Some(vpc) = named {
            least(&mut self.next_vpcs, (observer, fact.dst), &vpc);
        }
        if let Some(zone) = &vantage.route.next_hop_zone {
            let vpc = named.or_else(|| resolver.vpc(vantage, Some(observer), fact.dst, fact.src).0);
            if vpc.is_none() && is_public(fact.dst) {
                return;
            }
            least(&mut self.next_zones, (vpc, fact.dst), zone);
        }
    }

    fn meet_neighbour(&mut self, resolver: &AddressResolver, vantage: &Vantage, observer: u32, fact: &Fact) {
        let is_plain = vantage.traffic_path == Some(1) && vantage.route.next_hop_type.is_none();
        if is_plain && resolver.estate.is_unplaced(fact.dst) {
            self.neighbours.insert((observer, fact.dst));
        } else if is_plain && resolver.estate.is_logged_elsewhere(observer, fact) {
            self.namesakes.insert((observer, fact.dst));
        }
    }

    fn add_view(&mut self, pair: (u128, u128), vpc: u32) {
        let vpcs = self.vantages.entry(pair).or_default();
        if !vpcs.contains(&vpc) {
            vpcs.push(vpc);
        }
    }
}

/// Conversations of namesakes, each by the observer's VPC and the address.
#[derive(Debug, Default)]
pub(in super::super) struct Talks {
    /// The VPC received something from the address.
    answered: HashSet<(u32, u128), ahash::RandomState>,
    /// An interface of another VPC has the address, and sent packets to the VPC.
    elsewhere: HashSet<(u32, u128), ahash::RandomState>,
}

impl Talks {
    fn meet(&mut self, resolver: &AddressResolver, vantage: &Vantage, fact: &Fact, direction: Option<Direction>) {
        let Some(own) = vantage.interface.map(|place| &resolver.estate.interfaces[place as usize]) else { return };
        let namesakes = &resolver.address_hints.namesakes;
        let (address, peer) = match direction {
            Some(Direction::Egress) => (fact.src, fact.dst),
            Some(Direction::Ingress) => (fact.dst, fact.src),
            None => return,
        };
        if own.is_hop() {
            return;
        }
        if direction == Some(Direction::Ingress) && namesakes.contains(&(own.vpc, peer)) {
            self.answered.insert((own.vpc, peer));
        }
        // What was answered was sent, so its own view is there; what a logged sender sent need not be seen where it arrived.
        if direction == Some(Direction::Egress) {
            let observers = resolver.estate.vpcs_of(peer).filter(|observer| *observer != own.vpc);
            self.elsewhere.extend(observers.map(|observer| (observer, address)).filter(|end| namesakes.contains(end)));
        }
    }

    pub(in super::super) fn and(mut self, other: Self) -> Self {
        self.answered.extend(other.answered);
        self.elsewhere.extend(other.elsewhere);
        self
    }
}

/// Looks at a shard once namesakes are known.
///
/// # Errors
/// If rows of the shard were spilled and cannot be read.
pub(in super::super) fn listen(
    talks: &mut Talks,
    Traffic { facts, resolver, learnt, .. }: &Traffic<'_>,
    shard: usize,
) -> Result<(), Error> {
    facts.for_each(shard, |fact, _| {
        let vantage = &facts.vantages[fact.vantage];
        talks.meet(resolver, vantage, fact, resolver.direction(vantage, fact, learnt).0);
    })
}

/// Keeps the least value, whichever comes first.
fn least<K: Eq + std::hash::Hash, V: Ord + Clone>(map: &mut Map<K, V>, key: K, value: &V) {
    map.entry(key)
        .and_modify(|mine| {
            if value < mine {
                *mine = value.clone();
            }
        })
        .or_insert_with(|| value.clone());
}

/// Whether there is anything to be seen: transit gateways, next hops, neighbours, or addresses that several VPCs have.
pub(in super::super) fn is_needed(resolver: &AddressResolver, facts: &Facts<'_>) -> bool {
    let transit = resolver.estate.interfaces.iter().any(|own| own.role == Role::TransitGateway);
    let has_hint = |vantage: &Vantage| {
        vantage.route.next_hop_zone.is_some() || vantage.route.next_hop_vpc.is_some() || vantage.traffic_path == Some(1)
    };
    transit || facts.vantages.iter().any(has_hint) || resolver.estate.has_namesakes()
}

/// Looks at a shard.
///
/// # Errors
/// If rows of the shard were spilled and cannot be read.
pub(in super::super) fn look(
    hints: &mut AddressHints,
    Traffic { facts, resolver, learnt, .. }: &Traffic<'_>,
    shard: usize,
) -> Result<(), Error> {
    facts.for_each(shard, |fact, _| {
        let vantage = &facts.vantages[fact.vantage];
        hints.meet(resolver, vantage, fact, resolver.direction(vantage, fact, learnt).0);
    })
}

/// Merges hints from another part of the records.
pub(in super::super) fn add(mut address_hints: AddressHints, other: AddressHints) -> AddressHints {
    for (pair, vpcs) in other.vantages {
        vpcs.into_iter().for_each(|vpc| address_hints.add_view(pair, vpc));
    }
    address_hints.transits.extend(other.transits);
    address_hints.neighbours.extend(other.neighbours);
    address_hints.namesakes.extend(other.namesakes);
    other.next_vpcs.into_iter().for_each(|(key, vpc)| least(&mut address_hints.next_vpcs, key, &vpc));
    other.next_zones.into_iter().for_each(|(key, zone)| least(&mut address_hints.next_zones, key, &zone));
    address_hints
}
