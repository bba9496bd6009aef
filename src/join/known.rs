//! Ends with all that is known of them, as a worker has met them: each is looked up once, not for every record.

use std::collections::HashMap;
use std::sync::Arc;

use super::ends::{End, EndpointInfo};
use super::estate::TAG_COLUMNS;
use super::geoip::Origin;
use super::owners::{EndFacts, Timeline};
use super::traffic::Traffic;
use super::vantage::{Direction, Fact, Vantage};
use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::is_public;

/// Cache size of endpoints per worker; a full cache is cleared.
const ENDS_KEPT_MAX: usize = 1 << 18;
/// The source that determines an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Teller {
    /// The interface whose own it is.
    Interface(u32),
    /// A record logged in a VPC or at no interface; with traffic path 1 or another one.
    Vpc(Option<u32>, bool),
}

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
    known: HashMap<End, Arc<Known>, ahash::RandomState>,
    /// Public addresses outside of the estate, by where their range is kept; none for those outside of AWS's.
    strangers: HashMap<Option<usize>, Arc<Known>, ahash::RandomState>,
    /// Endpoints that are the same at every occurrence, by source and address.
    sides: HashMap<(Teller, u128), (End, Arc<Known>), ahash::RandomState>,
    failed: Option<Error>,
}

impl<'a> KnownEnds<'a> {
    pub(super) fn new(traffic: &'a Traffic<'a>) -> Self {
        let (known, strangers, sides) = Default::default();
        Self { traffic, known, strangers, sides, failed: None }
    }

    /// Whether a database of places was found damaged.
    pub(super) fn failed(&mut self) -> Result<(), Error> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// One side of a record, with its attributes.
    pub(super) fn side(
        &mut self,
        vantage: &Vantage,
        fact: &Fact,
        direction: Option<Direction>,
        source: bool,
        dictionary: &mut Dictionary,
    ) -> (End, Arc<Known>) {
        if self.known.len() > ENDS_KEPT_MAX || self.sides.len() > ENDS_KEPT_MAX {
            self.known.clear();
            self.sides.clear();
        }
        let resolver = &self.traffic.resolver;
        let address = if source { fact.src } else { fact.dst };
        let teller = match resolver.at_interface(vantage, fact, direction, source) {
            Some(place) => Teller::Interface(place),
            None => {
                let vpc = vantage.interface.map(|place| resolver.estate.interfaces[place as usize].vpc);
                Teller::Vpc(vpc, vantage.traffic_path == Some(1))
            }
        };
        if let Some((end, known)) = self.sides.get(&(teller, address)) {
            return (*end, Arc::clone(known));
        }
        if let Some(known) = self.stranger(address, dictionary) {
            return (End::outside(address), known);
        }
        let end = resolver.side(vantage, fact, direction, source);
        let known = self.known(end, dictionary);
        if matches!(teller, Teller::Interface(_)) || resolver.estate.is_steady(address) {
            self.sides.insert((teller, address), (end, Arc::clone(&known)));
        }
        (end, known)
    }

    /// Data of a public address that only AWS's ranges describe: the same for the whole range.
    fn stranger(&mut self, address: u128, dictionary: &mut Dictionary) -> Option<Arc<Known>> {
        let Traffic { resolver, sources, .. } = self.traffic;
        let is_described = !sources.geography.is_empty() || sources.owners.tell_of(address);
        if is_described || !is_public(address) || !resolver.estate.is_foreign(address) {
            return None;
        }
        let range = resolver.ranges.look_up(address).map(|range| std::ptr::from_ref(range).addr());
        if let Some(known) = self.strangers.get(&range) {
            return Some(Arc::clone(known));
        }
        let known = self.known(End::outside(address), dictionary);
        self.strangers.insert(range, Arc::clone(&known));
        Some(known)
    }

    /// Attributes of an endpoint.
    fn known(&mut self, end: End, dictionary: &mut Dictionary) -> Arc<Known> {
        if let Some(known) = self.known.get(&end) {
            return Arc::clone(known);
        }
        let Traffic { resolver, sources, .. } = self.traffic;
        let info = resolver.info(end);
        let own = end.interface.map(|place| &resolver.estate.interfaces[place as usize]);
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
            ecs_service: own.and_then(|own| own.ecs_service.clone()),
        };
        let owners = sources.v11_tags.iter().enumerate().map(|(key, column)| {
            let tag = column.and_then(|column| TAG_COLUMNS.iter().position(|tag| *tag == column));
            facts.tag = tag.and_then(|tag| own.and_then(|own| own.tags[tag].clone()));
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
        let known = Arc::new(known);
        self.known.insert(end, Arc::clone(&known));
        known
    }
}
