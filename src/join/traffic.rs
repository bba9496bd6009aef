//! Traffic: facts joined with all that is known, as blocks of columns again, each byte once.
//!
//! A block has the requested columns; a row is a part of the traffic, or a charge on it (see the column `charge`).
//! Blocks are grouped by the same kernels as records. The caller schedules shards through [`Shards`].

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::ends::{AddressHints, AddressResolver};
use super::estate::{Eni, Enis, Estate};
use super::geoip::GeoIp;
use super::index::address_hints::Talks;
use super::index::{Index, Pass, address_hints};
use super::learn::Learnt;
use super::owners::{Owners, UNALLOCATED};
use super::ranges::Ranges;
use super::tables::{Role, Tables};
use super::vantage::Facts;
use crate::error::Error;
use crate::schema::Column;
use crate::units::human::{self, Units};

/// Runs a function for every shard and merges the results, in any order, perhaps on many threads.
pub trait Shards {
    /// Folds every shard into one of a few accumulators, about one per thread, and merges those.
    ///
    /// # Errors
    /// The first error of any shard.
    fn fold<T: Send>(
        &self,
        none: impl Fn() -> T + Send + Sync,
        each: impl Fn(&mut T, usize) -> Result<(), Error> + Send + Sync,
        merge: impl Fn(T, T) -> T + Send + Sync,
    ) -> Result<T, Error>;
}

/// The allocated owner of a charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChargeTo {
    /// The owner of the end on the side of the account that pays; of gateways and endpoints their client.
    #[default]
    Payer,
    /// The owner of the source end.
    Sender,
    /// The owner of the destination end.
    Receiver,
}

/// What is joined with the records.
#[derive(Debug)]
pub struct Sources {
    /// The user's tables.
    pub tables: Tables,
    /// AWS's address ranges.
    pub ranges: Arc<Ranges>,
    /// Countries and networks.
    pub geography: GeoIp,
    /// Owners by the keys requested.
    pub owners: Owners,
    /// The v11 column of each key, if any.
    pub v11_tags: Vec<Option<Column>>,
    /// Allocation of charges.
    pub charge_to: ChargeTo,
    /// Whether each record counts, without deduplication.
    pub every_view: bool,
}

impl Sources {
    /// What is odd about the tables without being wrong.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.tables.faults.iter().chain(&self.tables.warnings).chain(&self.owners.warnings).cloned()
    }

    /// Whether something of the tables is missing or contradictory.
    #[must_use]
    pub fn are_faulty(&self) -> bool {
        !self.tables.faults.is_empty()
    }
}

/// Facts with all that is known of them.
#[derive(Debug)]
pub struct Traffic<'a> {
    pub(super) facts: Facts<'a>,
    pub(super) resolver: AddressResolver,
    pub(super) learnt: Learnt,
    pub(super) index: Index,
    pub(super) sources: &'a Sources,
}

impl<'a> Traffic<'a> {
    /// Learns what records reveal about each other.
    ///
    /// # Errors
    /// If rows of the roll-up were spilled and cannot be read.
    pub fn new(facts: Facts<'a>, enis: Enis, sources: &'a Sources, shards: &impl Shards) -> Result<Self, Error> {
        let learn = |known: Option<&Learnt>| {
            shards.fold(
                || Learnt::new(&enis),
                |learnt, shard| learnt.add_shard(&facts, shard, &enis, &sources.ranges, known),
                Learnt::merge,
            )
        };
        let mut learnt = learn(None)?;
        if learnt.undirected {
            learnt = learnt.eliminate(&enis);
            // Without packet addresses there is nothing more to be learnt by directions.
            if learnt.rewritten {
                learnt = learn(Some(&learnt))?.with_own_addresses_of(&learnt);
            }
        }
        let estate = Estate::new(enis, &sources.tables, &learnt);
        let (address_hints, matched) = Default::default();
        let resolver = AddressResolver { estate, ranges: Arc::clone(&sources.ranges), address_hints, matched };
        let mut traffic = Self { facts, resolver, learnt, index: Index::default(), sources };
        traffic.index(shards)?;
        Ok(traffic)
    }

    /// Limitations of these logs and tables, as sentences.
    pub fn limits(&self) -> impl Iterator<Item = String> {
        let interfaces = &self.resolver.estate.interfaces;
        // A regional NAT gateway's records show the packets' addresses as they are.
        let gateway = |own: &Eni| matches!(own.role, Role::Nat | Role::TransitGateway) && own.logged.is_some();
        let unnamed = (interfaces.iter().any(gateway) && !self.learnt.rewritten).then_some(
            "packet addresses are missing (pkt-srcaddr, pkt-dstaddr; version 3): traffic of unlogged clients through \
             NAT and transit gateways is not shown",
        );
        let is_endpoint = |own: &Eni| matches!(own.role, Role::Endpoint | Role::GatewayLoadBalancerEndpoint);
        let has_endpoints = interfaces.iter().any(|own| own.is_listed() || is_endpoint(own));
        let endpoints = (!has_endpoints).then_some(
            "VPC endpoint charges are missing: endpoints are only known from version 11 fields, or --network with the output \
             of `aws ec2 describe-vpc-endpoints` and `describe-network-interfaces`",
        );
        let unlogged = |own: &&Eni| own.role == Role::GatewayLoadBalancerEndpoint && own.logged.is_none();
        let unlogged = interfaces.iter().filter(unlogged).count() as u64;
        let unlogged = (unlogged > 0).then(|| {
            let endpoints = human::counted(unlogged, "gateway load balancer endpoint");
            format!("{endpoints} without records: processing charges of what passes there are missing")
        });
        let notes = unnamed.into_iter().chain(endpoints).map(str::to_owned);
        notes.chain(unlogged)
    }

    /// When each interface was logged, from its first to its last record, with the resource that AWS's bill has it under;
    /// none of those that never were.
    pub fn watches(&self) -> impl Iterator<Item = (&str, Option<(u32, u32)>)> {
        self.resolver.estate.interfaces.iter().map(|own| (own.billed_resource(), own.logged))
    }

    /// Interfaces that may be NAT gateways and are not known as such, as a sentence with the bytes at stake. Where
    /// records have packets' addresses, or the inventory has the interface, nothing is left open.
    #[must_use]
    pub fn passed_on(&self) -> Option<String> {
        let interfaces = (0..).zip(&self.resolver.estate.interfaces);
        let open = interfaces.filter(|(_, own)| !own.is_listed() && own.role == Role::End && own.instance.is_none());
        let passed: Vec<_> =
            open.filter_map(|(place, own)| Some((self.learnt.passed_on_bytes(place)?, &own.id))).collect();
        let (_, most) = passed.iter().max().filter(|_| !self.learnt.rewritten)?;
        let bytes = human::bytes(passed.iter().map(|(bytes, _)| u128::from(*bytes)).sum(), Units::Iec);
        let who = match passed.len() {
            1 => format!("{most} forwards as much as it receives"),
            more => format!("{more} interfaces forward as much as they receive, {most} the most"),
        };
        Some(format!(
            "{who} ({bytes}): traffic through a NAT gateway would count twice here; find out by adding --network with the \
             output of `aws ec2 describe-network-interfaces`"
        ))
    }

    /// Tables that joined nothing, as sentences with the remedy. To be called when all traffic was joined.
    pub fn unmatched(&self) -> impl Iterator<Item = String> {
        let Sources { tables, owners, geography, .. } = self.sources;
        let has_networks = !tables.networks.is_empty() || !tables.interfaces.is_empty();
        let mut interfaces = self.resolver.estate.interfaces.iter();
        let is_matched = self.resolver.matched.load(Ordering::Relaxed)
            || interfaces.any(|own| own.is_listed() && own.logged.is_some());
        let networks = (has_networks && !is_matched).then(|| {
            "no network or interface of the tables is in these logs: check that --network is of the same accounts and \
             names their VPCs"
                .to_owned()
        });
        let places = geography
            .is_unmatched()
            .then(|| "--geoip: no database has an address of these logs: countries and networks are absent".to_owned());
        let owners = owners.unmatched().map(|key| {
            format!(
                "no resource with the owner key `{key}` is in these logs: everything is {UNALLOCATED}; compare the column \
                 resource of --tags with the ids in `outflow inspect`"
            )
        });
        networks.into_iter().chain(places).chain(owners)
    }

    fn index(&mut self, shards: &impl Shards) -> Result<(), Error> {
        if address_hints::is_needed(&self.resolver, &self.facts) {
            let look = |hints: &mut AddressHints, shard| address_hints::look(hints, self, shard);
            self.resolver.address_hints = shards.fold(AddressHints::default, look, address_hints::add)?;
        }
        if self.resolver.address_hints.has_namesakes() {
            let listen = |talks: &mut Talks, shard| address_hints::listen(talks, self, shard);
            let talks = shards.fold(Talks::default, listen, Talks::and)?;
            self.resolver.address_hints.settle(&talks);
        }
        if self.resolver.estate.interfaces.iter().any(Eni::is_hop) {
            self.pass(shards, |pass, shard| pass.gateways(shard))?;
        }
        self.pass(shards, |pass, shard| pass.routes(shard))?;
        if self.index.has_routes() {
            self.pass(shards, |pass, shard| pass.follow(shard))?;
        }
        if self.index.lacks_hours_of_routes() {
            self.pass(shards, |pass, shard| pass.follow(shard))?;
        }
        self.index.settle();
        if !self.index.splits.is_empty() {
            self.pass(shards, |pass, shard| pass.weigh(shard))?;
            self.pass(shards, |pass, shard| pass.share(shard))?;
            self.index.splits.settle(&self.facts);
        }
        Ok(())
    }

    /// Looks at all facts once more and adds what is found to the index.
    fn pass(
        &mut self,
        shards: &impl Shards,
        look: impl Fn(&mut Pass<'_>, usize) -> Result<(), Error> + Send + Sync,
    ) -> Result<(), Error> {
        let found = shards.fold(|| Pass::new(self), look, Pass::merge)?.finish();
        self.index = std::mem::take(&mut self.index).merge(found);
        Ok(())
    }
}
