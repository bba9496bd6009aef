//! Who holds which address of which VPC, and when.

use std::collections::{BTreeMap, HashMap};

use super::super::ends::End;
use super::super::learn::Learnt;
use super::super::prefixes::Prefixes;
use super::super::tables::Tables;
use super::super::vantage::{Fact, HOUR_SECONDS};
use super::{Eni, Estate};
use crate::group::is_public;
use crate::units::address::Prefix;

/// Who holds an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) interface: u32,
    vpc: u32,
    /// Whether the address is the interface's as its records show it; else it was met inside of packets alone.
    direct: bool,
}

/// Who holds each address, end to end: there may be millions, nearly all of them with one holder.
#[derive(Clone, Debug, Default)]
pub(super) struct Holders {
    all: Vec<Holder>,
    /// By the address: where its holders begin and end.
    places: HashMap<u128, (u32, u32), ahash::RandomState>,
}

impl Holders {
    /// Those of holders by address, of which one that met an address inside of packets counts only in a VPC in which
    /// nobody has it otherwise.
    fn of(mut held: Vec<(u128, Holder)>) -> Self {
        // Stable: the holders of an address stay in the order of their interfaces.
        held.sort_by_key(|(address, _)| *address);
        let addresses = held.chunk_by(|one, other| one.0 == other.0).count();
        let mut holders = Self { all: Vec::with_capacity(held.len()), places: HashMap::default() };
        holders.places.reserve(addresses);
        for group in held.chunk_by(|one, other| one.0 == other.0) {
            let is_direct = |vpc: u32| group.iter().any(|(_, other)| other.direct && other.vpc == vpc);
            let start = holders.next();
            let counting = group.iter().map(|(_, holder)| *holder);
            holders.all.extend(counting.filter(|holder| holder.direct || !is_direct(holder.vpc)));
            holders.places.insert(group[0].0, (start, holders.next()));
        }
        holders
    }

    fn next(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    fn get(&self, address: u128) -> &[Holder] {
        self.places.get(&address).map_or(&[], |place| self.at(*place))
    }

    fn at(&self, (start, end): (u32, u32)) -> &[Holder] {
        &self.all[start as usize..end as usize]
    }

    /// The addresses with their holders, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, &[Holder])> {
        self.places.iter().map(|(address, place)| (*address, self.at(*place)))
    }
}

impl Estate {
    pub(super) fn settle_holders(&mut self, tables: &Tables, learnt: &Learnt) {
        let mut all: Vec<(u128, Holder)> = Vec::with_capacity(self.interfaces.len());
        for (interface, own) in (0u32..).zip(&self.interfaces) {
            let mut direct = learnt.direct(interface as usize);
            direct.extend(own.addresses());
            direct.sort_unstable();
            direct.dedup();
            let inner = if own.is_hop() { Vec::new() } else { learnt.inner(interface as usize) };
            let held = direct.iter().map(|address| (*address, true));
            let met = inner.into_iter().filter(|address| !direct.contains(address)).map(|address| (address, false));
            all.extend(held.chain(met).map(|(address, direct)| (address, Holder { interface, vpc: own.vpc, direct })));
        }
        let holders = Holders::of(all);
        for (address, held) in holders.iter() {
            for holder in held {
                let several = held.iter().filter(|other| other.vpc == holder.vpc).map(|other| other.interface);
                if several.clone().nth(1).is_some() {
                    self.successive.entry((holder.vpc, address)).or_insert_with(|| several.collect());
                }
            }
        }
        self.holders = holders;
        self.settle_delegated();
        for known in &tables.interfaces {
            let place = self.interfaces.binary_search_by(|own| own.id.cmp(&known.id));
            let Ok(vpc) = place.map(|place| self.interfaces[place].vpc) else { continue };
            self.publics.extend(known.public.iter().map(|(public, private)| (*public, (vpc, *private))));
        }
    }

    fn settle_delegated(&mut self) {
        let mut delegated: BTreeMap<Prefix, Vec<Holder>> = BTreeMap::new();
        for (interface, own) in (0u32..).zip(&self.interfaces) {
            for prefix in own.prefixes() {
                delegated.entry(*prefix).or_default().push(Holder { interface, vpc: own.vpc, direct: false });
            }
        }
        self.delegated = Prefixes::new(delegated);
    }

    /// The VPCs that an address may be of, some more than once.
    pub(in super::super) fn vpcs_of(&self, address: u128) -> impl Iterator<Item = u32> {
        let held = self.holders.get(address).iter();
        let delegated = self.delegated.all(address).flat_map(|(_, held)| held);
        let networks = self.by_prefix.all(address).flat_map(|(_, places)| places);
        let of_networks = networks.filter_map(|place| self.network_vpcs[*place as usize]);
        held.chain(delegated).map(|holder| holder.vpc).chain(of_networks)
    }

    /// Whether only other VPCs than the observer's have the destination of a fact, a private address, each by an interface
    /// that was logged then.
    pub(in super::super) fn is_logged_elsewhere(&self, observer: u32, fact: &Fact) -> bool {
        let is_logged = |vpc: u32| {
            let holder = self.holder(vpc, fact.dst, fact.hour);
            vpc != observer && holder.is_some_and(|place| self.interfaces[place as usize].is_logged(fact.moment()))
        };
        let mut vpcs = self.vpcs_of(fact.dst).peekable();
        !is_public(fact.dst) && vpcs.peek().is_some() && vpcs.all(is_logged)
    }

    /// Whether nothing describes the address.
    pub(in super::super) fn is_foreign(&self, address: u128) -> bool {
        let held = !self.holders.get(address).is_empty() || self.publics.contains_key(&address);
        let is_held = held || self.by_prefix.look_up(address).is_some() || self.delegated.look_up(address).is_some();
        !is_held && !self.services.contains_key(&address)
    }

    /// Whether the address is private and undescribed, so that other vantages decide its VPC.
    pub(in super::super) fn is_unplaced(&self, address: u128) -> bool {
        !is_public(address) && self.is_foreign(address)
    }

    /// Whether any address may be of several VPCs.
    pub(in super::super) fn has_namesakes(&self) -> bool {
        let prefixes =
            self.interfaces.iter().flat_map(Eni::prefixes).chain(self.networks.iter().map(|network| &network.prefix));
        let firsts = prefixes.map(|prefix| prefix.first);
        firsts.chain(self.holders.iter().map(|(address, _)| address)).any(|address| self.has_several_vpcs(address))
    }

    /// Whether several VPCs have an address.
    pub(in super::super) fn has_several_vpcs(&self, address: u128) -> bool {
        let mut vpcs = self.vpcs_of(address);
        let first = vpcs.next();
        vpcs.any(|vpc| Some(vpc) != first)
    }

    /// Of several VPCs that may have an address the only one in which an interface holds it, if the inventory has the
    /// interfaces of all of them.
    pub(in super::super) fn only_holder(&self, address: u128) -> Option<u32> {
        let held = self.holders.get(address).iter();
        let delegated = self.delegated.all(address).flat_map(|(_, held)| held);
        let mut vpcs = held.chain(delegated).map(|holder| holder.vpc);
        let first = vpcs.next().filter(|first| vpcs.all(|vpc| vpc == *first));
        first.filter(|_| self.vpcs_of(address).all(|vpc| self.listed.contains(&vpc)))
    }

    /// Whether an address is unambiguous at all times: held by at most one interface, and in at most one VPC.
    pub(in super::super) fn is_steady(&self, address: u128) -> bool {
        let address = self.inside_of(address);
        let held = self.holders.get(address).len();
        let delegated: usize = self.delegated.all(address).map(|(_, held)| held.len()).sum();
        held + delegated < 2 && !self.has_several_vpcs(address)
    }

    /// The interfaces whose records cover an endpoint: every holder of the address, not only the longest.
    pub(in super::super) fn watchers<'a>(&'a self, end: &'a End) -> &'a [u32] {
        let several = end.vpc.and_then(|vpc| self.successive.get(&(vpc, end.address)));
        several.map_or(end.interface.as_slice(), Vec::as_slice)
    }

    /// The interface that holds an address of a VPC in an hour: by itself, else with the longest prefix.
    pub(in super::super) fn holder(&self, vpc: u32, address: u128, hour: u32) -> Option<u32> {
        let held = self.holder_of(self.holders.get(address), vpc, hour);
        let delegated = || self.delegated.all(address).find_map(|(_, held)| self.holder_of(held, vpc, hour));
        held.or_else(delegated)
    }

    /// Among several holders: the one whose records cover most of the hour, the later one on a tie; else one of the
    /// inventory that is not logged, else the only one.
    fn holder_of(&self, held: &[Holder], vpc: u32, hour: u32) -> Option<u32> {
        let mut here = held.iter().filter(|holder| holder.vpc == vpc);
        let logged = |holder: &&Holder| self.interfaces[holder.interface as usize].logged;
        let seconds = |holder: &&Holder| {
            let (from, to) = logged(holder)?;
            let end = hour.saturating_add(HOUR_SECONDS);
            (from < end && hour <= to).then(|| (to.min(end) - from.max(hour), from))
        };
        let longest = here.clone().filter(|holder| seconds(holder).is_some()).max_by_key(seconds);
        let from_inventory = || {
            here.clone()
                .find(|holder| self.interfaces[holder.interface as usize].is_listed() && logged(holder).is_none())
        };
        let found = longest.or_else(from_inventory).copied();
        found.or_else(|| here.next().filter(|_| here.next().is_none()).copied()).map(|holder| holder.interface)
    }
}
