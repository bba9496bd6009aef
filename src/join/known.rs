//! Ends with all that is known of them, as a worker has met them: each is looked up once, not for every record.

use std::collections::HashMap;
use std::sync::Arc;

use super::ends::{End, EndpointInfo};
use super::estate::TAG_COLUMNS;
use super::geoip::Origin;
use super::owners::{EndFacts, Timeline};
use super::sides::{Side, Sides};
use super::traffic::Traffic;
use super::vantage::{Direction, Fact, Vantage};
use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::is_public;

/// Cache size of endpoints per worker, of some 350 bytes each; a full cache is cleared.
const ENDS_KEPT_MAX: usize = 1 << 16;

/// Attributes of an endpoint, with the codes of its texts.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) info: EndpointInfo,
    pub(super) vpc: u32,
    pub(super) account: u32,
    pub(super) region: u32,
    pub(super) zone: u32,
    pub(super) subnet: u32,
    pub(super) interface: u32,
    pub(super) instance: u32,
    pub(super) place: u32,
    pub(super) country: u32,
    pub(super) network: u32,
    pub(super) owners: Vec<Timeline>,
}

/// The ends that a worker has met.
#[derive(Debug)]
pub(super) struct KnownEnds<'a> {
    traffic: &'a Traffic<'a>,
    known: Vec<Known>,
    /// By the end: its place among those known.
    places: HashMap<End, usize, ahash::RandomState>,
    /// Public addresses outside of the estate, by where their range is kept; none for those outside of AWS's.
    strangers: HashMap<Option<usize>, usize, ahash::RandomState>,
    sides: Sides<usize>,
    failed: Option<Error>,
}

impl<'a> KnownEnds<'a> {
    pub(super) fn new(traffic: &'a Traffic<'a>) -> Self {
        let (known, places, strangers) = Default::default();
        Self { traffic, known, places, strangers, sides: Sides::new(), failed: None }
    }

    /// Whether a database of places was found damaged.
    pub(super) fn failed(&mut self) -> Result<(), Error> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Forgets ends that are too many to be kept. Places of those known mean nothing any more.
    pub(super) fn trim(&mut self) {
        if self.known.len() > ENDS_KEPT_MAX {
            self.known.clear();
            self.places.clear();
            self.strangers.clear();
            self.sides.clear();
        }
    }

    /// What is known of an end, by its place.
    pub(super) fn at(&self, place: usize) -> &Known {
        &self.known[place]
    }

    /// One side of a record, and the place of what is known of it.
    pub(super) fn side(
        &mut self,
        vantage: &Vantage,
        fact: &Fact,
        direction: Option<Direction>,
        source: bool,
        dictionary: &mut Dictionary,
    ) -> (End, usize) {
        let resolver = &self.traffic.resolver;
        let side = Side::new(resolver, vantage, fact, direction, source);
        if let Some(found) = self.sides.get(side) {
            return found;
        }
        // Strangers are many, and what is known of them is found as fast.
        if let Some(known) = self.stranger(side.address, dictionary) {
            return (End::outside(side.address), known);
        }
        let end = resolver.side(vantage, fact, direction, source);
        let known = self.known(end, dictionary);
        if side.is_steady(resolver) {
            self.sides.keep(side, end, known);
        }
        (end, known)
    }

    /// Attributes of a public address that only AWS's ranges describe: the same for the whole range.
    fn stranger(&mut self, address: u128, dictionary: &mut Dictionary) -> Option<usize> {
        let Traffic { resolver, sources, .. } = self.traffic;
        let is_described = !sources.geography.is_empty() || sources.owners.tell_of(address);
        if is_described || !is_public(address) || !resolver.estate.is_foreign(address) {
            return None;
        }
        let range = resolver.ranges.look_up(address).map(|range| std::ptr::from_ref(range).addr());
        if let Some(known) = self.strangers.get(&range) {
            return Some(*known);
        }
        let known = self.known(End::outside(address), dictionary);
        self.strangers.insert(range, known);
        Some(known)
    }

    /// What is known of an end.
    fn known(&mut self, end: End, dictionary: &mut Dictionary) -> usize {
        if let Some(place) = self.places.get(&end) {
            return *place;
        }
        let Traffic { resolver, sources, .. } = self.traffic;
        let info = resolver.info(end);
        let own = end.interface.map(|place| &resolver.estate.interfaces[place as usize]);
        let logged = own.and_then(|own| own.owners.as_deref());
        let vpc = end.vpc.and_then(|vpc| resolver.estate.vpcs[vpc as usize].id.clone());
        let origin = sources.geography.look_up(end.address).unwrap_or_else(|error| {
            self.failed.get_or_insert(error);
            Origin::default()
        });
        let system = origin.system.map(|system| match origin.organisation {
            Some(name) => format!("AS{system} {name}"),
            None => format!("AS{system}"),
        });
        let mut facts = EndFacts {
            interface: own.map(|own| Arc::clone(&own.id)),
            instance: own.and_then(|own| own.instance.clone()),
            resource: own.and_then(|own| own.resource.clone()),
            vpc: vpc.clone(),
            address: end.address,
            subnet: info.subnet.clone(),
            account: info.account.clone(),
            tag: None,
            ecs_service: logged.and_then(|owners| owners.ecs_service.clone()),
        };
        let owners = sources.v11_tags.iter().enumerate().map(|(key, column)| {
            let tag = column.and_then(|column| TAG_COLUMNS.iter().position(|tag| *tag == column));
            facts.tag = tag.and_then(|tag| logged.and_then(|owners| owners.tags[tag].clone()));
            sources.owners.timeline(key, &facts)
        });
        let owners = owners.collect();
        let mut code = |text: Option<&str>| text.map_or(Dictionary::ABSENT, |text| dictionary.code(text.as_bytes()));
        let known = Known {
            vpc: code(vpc.as_deref()),
            account: code(info.account.as_deref()),
            region: code(info.region.as_deref()),
            zone: code(info.zone.as_deref()),
            subnet: code(info.subnet.as_deref()),
            interface: code(own.map(|own| &*own.id)),
            instance: code(own.and_then(|own| own.instance.as_deref())),
            place: code(Some(&info.place)),
            country: code(origin.country),
            network: code(system.as_deref()),
            info,
            owners,
        };
        self.known.push(known);
        self.places.insert(end, self.known.len() - 1);
        self.known.len() - 1
    }
}
