//! Endpoints: the VPC of an address, and its attributes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::estate::{Estate, Vpc};
pub(super) use super::index::AddressHints;
use super::learn::{Learnt, by_packet};
use super::ranges::{AMAZON, Ranges, Service};
use super::tables::{Kind, Name, Network, Role};
use super::vantage::{Direction, Fact, Vantage};
use crate::group::is_public;
use crate::schema::edge;

/// Locations of addresses without a better description: public ones, those in AWS's EC2 ranges, private ones.
pub const UNKNOWN_PLACES: [&str; 3] = ["internet", "external EC2", "private-unknown"];

/// The location of addresses that AWS lists under no service of their own.
const AMAZON_LOCATION: &str = "aws:amazon";

/// One side of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct End {
    /// Its VPC, by its place in the estate; none if it is not the estate's, or not known.
    pub(super) vpc: Option<u32>,
    pub(super) address: u128,
    /// The interface that held the address, by its place in the estate.
    pub(super) interface: Option<u32>,
    pub(super) basis: Basis,
}

impl End {
    /// An address that is not the estate's.
    pub(super) fn outside(address: u128) -> Self {
        Self { vpc: None, address, interface: None, basis: Basis::Known }
    }
}

/// How an endpoint's VPC was determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Basis {
    /// By records or tables, or not at all.
    Known,
    /// By an own public address that the record shows.
    Public,
    /// No interface has the address, and the evidence points to the observer's VPC.
    Observer,
}

/// What an end is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EndpointKind {
    /// In a VPC of the estate.
    Own,
    /// In a site of the company outside of the cloud.
    Site(Kind),
    /// An AWS service.
    Service(Arc<str>),
    /// An external instance, by its public address.
    ExternalEc2,
    /// A private address that no source describes.
    PrivateUnknown,
    /// Anything else.
    Internet,
}

/// Attributes of an endpoint.
#[derive(Clone, Debug)]
pub(super) struct EndpointInfo {
    pub(super) kind: EndpointKind,
    pub(super) account: Name,
    /// None for global services.
    pub(super) region: Name,
    pub(super) zone: Name,
    /// The group of its Local or Wavelength Zone, which has prices of its own; none in an Availability Zone.
    pub(super) edge: Name,
    pub(super) subnet: Name,
    /// Display name.
    pub(super) place: Arc<str>,
    pub(super) role: Role,
}

impl EndpointInfo {
    /// Whether it is an address of Global Accelerator, by AWS's ranges or the record.
    pub(super) fn is_accelerator(&self) -> bool {
        matches!(&self.kind, EndpointKind::Service(name) if &**name == "GLOBALACCELERATOR")
    }
}

/// What places an address: the estate, then AWS's ranges.
#[derive(Debug)]
pub(super) struct AddressResolver {
    pub(super) estate: Estate,
    pub(super) ranges: Arc<Ranges>,
    /// What else was seen of addresses.
    pub(super) address_hints: AddressHints,
    /// Whether a network of the tables has any of the ends.
    pub(super) matched: AtomicBool,
}

/// Both ends of a record, and where it was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) src: End,
    pub(super) dst: End,
}

impl AddressResolver {
    /// The source or the destination of a record.
    pub(super) fn side(&self, vantage: &Vantage, fact: &Fact, direction: Option<Direction>, source: bool) -> End {
        let (address, peer) = if source { (fact.src, fact.dst) } else { (fact.dst, fact.src) };
        let observer = vantage.interface.map(|place| self.estate.interfaces[place as usize].vpc);
        match self.at_interface(vantage, fact, direction, source) {
            Some(place) => End { vpc: observer, address, interface: Some(place), basis: Basis::Known },
            None => {
                let (vpc, basis, address) = match self.estate.inside(address) {
                    Some((vpc, inside)) => (Some(vpc), Basis::Public, inside),
                    None => {
                        let (vpc, basis) = self.vpc(vantage, observer, address, peer);
                        (vpc, basis, address)
                    }
                };
                let interface = vpc.and_then(|vpc| self.estate.holder(vpc, address, fact.hour));
                End { vpc, address, interface, basis }
            }
        }
    }

    /// The interface that a record was seen at, if the side is its own.
    pub(super) fn at_interface(
        &self,
        vantage: &Vantage,
        fact: &Fact,
        direction: Option<Direction>,
        source: bool,
    ) -> Option<u32> {
        let (own, address, shown) = match source {
            true => (Direction::Egress, fact.src, fact.srcaddr),
            false => (Direction::Ingress, fact.dst, fact.dstaddr),
        };
        vantage.interface.filter(|place| {
            direction == Some(own) && address == shown && !self.estate.interfaces[*place as usize].is_hop()
        })
    }

    /// Whether an undescribed address seen here belongs to the VPC: traffic within the VPC, and a NAT gateway's clients.
    pub(super) fn is_near(&self, vantage: &Vantage) -> bool {
        let at_nat = || vantage.interface.is_some_and(|place| self.estate.interfaces[place as usize].is_nat());
        vantage.traffic_path == Some(1) || at_nat()
    }

    /// Whether an address means the same endpoint to an observer in a VPC at all times, whoever the peer is.
    pub(super) fn is_steady(&self, address: u128) -> bool {
        let hints = &self.address_hints;
        let may_be_near = || self.estate.is_unplaced(address) || hints.has_namesake(address);
        let by_peer = hints.tell_of_transit() && may_be_near();
        self.estate.is_steady(address) && !by_peer
    }

    /// The VPC of an address: the observer's own if it has the address; else the one named by next hops; else the observer's
    /// own if it has a neighbour of that address; else the only one that has it, or the one whose interface showed the same packets as its own, or the only one with an
    /// interface that has it; else unknown.
    pub(super) fn vpc(
        &self,
        vantage: &Vantage,
        observer: Option<u32>,
        address: u128,
        peer: u128,
    ) -> (Option<u32>, Basis) {
        let (mut first, mut several) = (None, false);
        for vpc in self.estate.vpcs_of(address) {
            if Some(vpc) == observer {
                return (observer, Basis::Known);
            }
            several |= *first.get_or_insert(vpc) != vpc;
        }
        let next = observer.and_then(|observer| self.address_hints.next_vpc(observer, address));
        if next.is_some() {
            return (next, Basis::Known);
        }
        let is_neighbour = |vpc: u32| self.address_hints.is_neighbour(vpc, address, peer);
        if let Some(vpc) = observer.filter(|vpc| is_neighbour(*vpc)) {
            return (Some(vpc), Basis::Observer);
        }
        match first {
            None if self.estate.is_unplaced(address)
                && self.is_near(vantage)
                && !self.address_hints.by_transit_gateway(address, peer) =>
            {
                (observer, Basis::Observer)
            }
            Some(_) if several => {
                let seen = self.address_hints.vpc(address, peer);
                (seen.or_else(|| self.estate.only_holder(address)), Basis::Known)
            }
            only => (only, Basis::Known),
        }
    }

    /// Returns the attributes of an endpoint.
    pub(super) fn info(&self, end: End) -> EndpointInfo {
        let Some(vpc) = end.vpc else { return self.outside(end.address) };
        let own = end.interface.map(|place| &self.estate.interfaces[place as usize]);
        let network = || self.estate.network(Some(vpc), end.address);
        let (subnet, zone) = own.map_or((None, None), |own| (own.names.subnet.clone(), own.names.zone.clone()));
        let known_network: Option<Network> = network();
        self.matched.fetch_or(known_network.is_some(), Ordering::Relaxed);
        let next_zone = || self.address_hints.next_zone(Some(vpc), end.address).cloned();
        let of = |name: fn(&Network) -> &Name| known_network.as_ref().and_then(|network| name(network).clone());
        let known: &Vpc = &self.estate.vpcs[vpc as usize];
        let account = own.and_then(|own| own.names.account.clone()).or_else(|| known.account.clone());
        let region = own.and_then(|own| own.names.region.clone()).or_else(|| known.region.clone());
        let place = of(|network| &network.name).or_else(|| known.id.clone()).unwrap_or_else(|| "own".into());
        let zone = zone.or_else(next_zone).or_else(|| of(|network| &network.zone));
        EndpointInfo {
            kind: EndpointKind::Own,
            account: account.or_else(|| of(|network| &network.account)),
            region: region.or_else(|| of(|network| &network.region)),
            edge: edge_of(&zone),
            zone,
            subnet: subnet.or_else(|| of(|network| &network.subnet)),
            place,
            role: own.map_or(Role::End, |own| own.role),
        }
    }

    /// Attributes of an address outside the estate's VPCs.
    fn outside(&self, address: u128) -> EndpointInfo {
        let network = self.estate.network(None, address);
        self.matched.fetch_or(network.is_some(), Ordering::Relaxed);
        let of_service = |service: &Service, region: Name| match service {
            Service::Instance => (EndpointKind::ExternalEc2, region, UNKNOWN_PLACES[1].into()),
            Service::Named(name) => (EndpointKind::Service(Arc::clone(name)), region, location_of(name)),
        };
        let (kind, region, place): (EndpointKind, Name, Arc<str>) = match (&network, self.ranges.look_up(address)) {
            (Some(network), _) => {
                let named = network.name.clone().unwrap_or_else(|| "site".into());
                (EndpointKind::Site(network.kind.clone()), network.region.clone(), named)
            }
            (None, Some(range)) => of_service(&range.service, range.region.clone()),
            (None, None) if let Some(service) = self.estate.service(address) => {
                let instance = &**service == "EC2";
                let service = if instance { Service::Instance } else { Service::Named(Arc::clone(service)) };
                of_service(&service, None)
            }
            (None, None) if is_public(address) => (EndpointKind::Internet, None, UNKNOWN_PLACES[0].into()),
            (None, None) => (EndpointKind::PrivateUnknown, None, UNKNOWN_PLACES[2].into()),
        };
        let account = network.and_then(|network| network.account);
        let zone = self.address_hints.next_zone(None, address).cloned();
        EndpointInfo { kind, account, region, zone, edge: None, subnet: None, place, role: Role::End }
    }

    /// The direction of a record: the logged one; else the side whose packet address differs; else own addresses; else
    /// the only side in a network of the interface's VPC; else private to public is egress. An address held by another
    /// interface proves nothing: it may be the peer's.
    pub(super) fn direction(
        &self,
        vantage: &Vantage,
        fact: &Fact,
        learnt: &Learnt,
    ) -> (Option<Direction>, &'static str) {
        if vantage.direction.is_some() {
            return (vantage.direction, "by the record");
        }
        let by_packet = by_packet(fact);
        if by_packet.is_some() {
            return (by_packet, "by the packets' addresses");
        }
        let (src, dst) = (fact.srcaddr, fact.dstaddr);
        let by_addresses = vantage.interface.and_then(|place| learnt.direction(place as usize, src, dst));
        if by_addresses.is_some() {
            return (by_addresses, "by the interface's own address");
        }
        let one_side = |src: bool, dst: bool| match (src, dst) {
            (true, false) => Some(Direction::Egress),
            (false, true) => Some(Direction::Ingress),
            _ => None,
        };
        let vpc = vantage.interface.map(|place| self.estate.interfaces[place as usize].vpc);
        let ours = |address: u128| self.estate.is_in_network(vpc, address);
        if let Some(direction) = one_side(ours(src), ours(dst)) {
            return (Some(direction), "by the estate's networks");
        }
        match one_side(!is_public(src), !is_public(dst)) {
            Some(direction) => (Some(direction), "by private and public addresses"),
            None => (None, "unknown"),
        }
    }
}

/// The group of a Local or Wavelength Zone.
pub(super) fn edge_of(zone: &Name) -> Name {
    zone.as_deref().and_then(edge::group_of_zone).map(Arc::from)
}

/// The location of an AWS service: its name, or [`AMAZON_LOCATION`] for ranges that no service claims.
fn location_of(service: &Arc<str>) -> Arc<str> {
    if &**service == AMAZON { AMAZON_LOCATION.into() } else { Arc::clone(service) }
}
