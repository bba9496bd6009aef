//! The path of a transfer: by AWS's traffic path where that decides, else by the places of both ends.

use super::ends::{AddressResolver, Basis, EndpointInfo, EndpointKind, Ends};
use super::estate::Eni;
use super::index::Index;
use super::tables::Role;
use super::vantage::Vantage;
use crate::group::is_public;

/// The class of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Path {
    Unknown,
    SameZone,
    CrossZone,
    SameRegion,
    CrossRegion,
    Internet,
    AwsService,
    AwsServiceCrossRegion,
    PublicAddress,
    GatewayEndpoint,
    InterfaceEndpoint,
    PeeringSameZone,
    PeeringCrossZone,
    Peering,
    PeeringCrossRegion,
    TransitGateway,
    OnPremises,
    Edge,
}

impl Path {
    const ALL: [Self; 18] = [
        Self::Unknown,
        Self::SameZone,
        Self::CrossZone,
        Self::SameRegion,
        Self::CrossRegion,
        Self::Internet,
        Self::AwsService,
        Self::AwsServiceCrossRegion,
        Self::PublicAddress,
        Self::GatewayEndpoint,
        Self::InterfaceEndpoint,
        Self::PeeringSameZone,
        Self::PeeringCrossZone,
        Self::Peering,
        Self::PeeringCrossRegion,
        Self::TransitGateway,
        Self::OnPremises,
        Self::Edge,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::SameZone => "same-zone",
            Self::CrossZone => "cross-zone",
            Self::SameRegion => "same-region",
            Self::CrossRegion => "cross-region",
            Self::Internet => "internet",
            Self::AwsService => "aws-service",
            Self::AwsServiceCrossRegion => "aws-service-cross-region",
            Self::PublicAddress => "public-address",
            Self::GatewayEndpoint => "gateway-endpoint",
            Self::InterfaceEndpoint => "interface-endpoint",
            Self::PeeringSameZone => "peering-same-zone",
            Self::PeeringCrossZone => "peering-cross-zone",
            Self::Peering => "peering",
            Self::PeeringCrossRegion => "peering-cross-region",
            Self::TransitGateway => "transit-gateway",
            Self::OnPremises => "on-premises",
            Self::Edge => "edge",
        }
    }
}

/// The names of all classes, as the column `path` has them.
#[must_use]
pub fn path_names() -> Vec<&'static str> {
    Path::ALL.map(Path::name).to_vec()
}

/// What a transfer went through, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Via(u8);

impl Via {
    pub(super) const NAT: Self = Self(1);
    pub(super) const TRANSIT_GATEWAY: Self = Self(2);
    pub(super) const ENDPOINT: Self = Self(4);

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The parts joined by `+`; none if empty.
    pub(super) fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => return None,
            1 => "nat",
            2 => "transit-gateway",
            3 => "nat+transit-gateway",
            4 => "endpoint",
            5 => "nat+endpoint",
            6 => "transit-gateway+endpoint",
            _ => "nat+transit-gateway+endpoint",
        })
    }
}

/// Assumptions made where the logs lack information.
pub(super) mod assumption {
    pub(in super::super) const GATEWAY_ENDPOINT: &str =
        "S3 and DynamoDB in the same region use a gateway endpoint (traffic path 2)";
    pub(in super::super) const ENDPOINT_OF_VPC: &str =
        "S3 and DynamoDB in the same region use the VPC's gateway endpoint (no traffic path)";
    pub(in super::super) const NAT: &str = "internet traffic uses a NAT gateway";
    pub(in super::super) const TRANSIT_GATEWAY: &str =
        "other VPCs are reached through a transit gateway (traffic path 1)";
    pub(in super::super) const PEERING: &str = "other VPCs are reached through a peering connection";
    pub(in super::super) const SAME_VPC: &str = "unknown private addresses are in the same VPC (traffic path 1)";
    pub(in super::super) const IPV6: &str = "other VPCs are reached over public addresses (IPv6, no traffic path)";
    pub(in super::super) const NAT_CLIENT: &str = "unknown clients of a NAT gateway are in its VPC";
    pub(in super::super) const VPN: &str = "a site of unknown kind is reached by VPN";
    pub(in super::super) const NAT_UNLOGGED: &str = "traffic was processed by a NAT gateway that is not logged";
    pub(in super::super) const NAT_UNNAMED: &str =
        "traffic was processed by a NAT gateway whose records do not name its clients (no packet addresses)";
    pub(in super::super) const BALANCER: &str = "who an internal load balancer talks to is its client, not its target";
    pub(in super::super) const LOCAL_ZONE: &str =
        "traffic between a Local Zone and its region is charged at the Local Zone alone";
    pub(in super::super) const GWLB_ENDPOINT: &str =
        "a gateway load balancer endpoint processes what arrives at it, and not again what it sends on";
    pub(in super::super) const DIRECTION: &str = "the direction follows from address types";
    pub(in super::super) const NO_PUBLIC: &str =
        "interfaces without a public address reach the internet through a NAT gateway";
}

/// How a transfer went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    pub(super) path: Path,
    pub(super) via: Via,
    /// The NAT gateway, by its place in the estate, if it is known which one.
    pub(super) nat: Option<u32>,
    pub(super) assumed: Option<&'static str>,
    pub(super) rule: &'static str,
}

impl Route {
    fn plain(path: Path, rule: &'static str) -> Self {
        Self { path, via: Via::default(), nat: None, assumed: None, rule }
    }

    fn through(self, via: Via) -> Self {
        Self { via: self.via.and(via), ..self }
    }

    fn assuming(self, assumed: &'static str) -> Self {
        Self { assumed: Some(assumed), ..self }
    }
}

/// Both endpoints of a transfer with their attributes.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) ends: Ends,
    pub(super) src: &'a EndpointInfo,
    pub(super) dst: &'a EndpointInfo,
}

impl Sides<'_> {
    /// The route of egress traffic.
    pub(super) fn egress(&self, resolver: &AddressResolver, index: &Index, vantage: &Vantage) -> Route {
        const BY: &str = "by the traffic path";
        match vantage.traffic_path {
            Some(3) => self.site(BY),
            Some(4) => Route::plain(self.zones(PEERING), BY),
            Some(5) => Route::plain(Path::PeeringCrossRegion, BY),
            Some(6) => Route::plain(Path::Edge, BY),
            Some(7) => Route::plain(Path::GatewayEndpoint, BY).through(Via::ENDPOINT),
            Some(8) => Route::plain(self.public_path(), BY),
            Some(2) if self.is_by_gateway_endpoint() => {
                let route = Route::plain(Path::GatewayEndpoint, BY).through(Via::ENDPOINT);
                route.assuming(assumption::GATEWAY_ENDPOINT)
            }
            Some(2) => Route::plain(self.public_path(), BY),
            Some(1) => self.inside(resolver, index, vantage),
            _ => self.by_places(resolver, index),
        }
    }

    /// By traffic path 1: to another resource of the VPC, a NAT or transit gateway among them.
    fn inside(&self, resolver: &AddressResolver, index: &Index, vantage: &Vantage) -> Route {
        const BY: &str = "by traffic path 1 and locations";
        let next_hop = vantage.route.next_hop_type.as_deref();
        match &self.dst.kind {
            EndpointKind::Own if self.ends.dst.basis != Basis::Public && self.same_vpc(resolver) => {
                let route = self.in_vpc(BY);
                if self.ends.dst.basis == Basis::Known { route } else { route.assuming(assumption::SAME_VPC) }
            }
            EndpointKind::Own if self.ends.dst.basis != Basis::Public => {
                let route = Route::plain(Path::TransitGateway, BY).through(Via::TRANSIT_GATEWAY);
                let known = next_hop == Some("transit_gateway") || self.by_transit_gateway(resolver);
                if known { route } else { route.assuming(assumption::TRANSIT_GATEWAY) }
            }
            EndpointKind::Site(_) => self.site(BY).through(Via::TRANSIT_GATEWAY),
            EndpointKind::PrivateUnknown => self.with_unknown(resolver, BY),
            _ => self.by_nat(resolver, index, Route::plain(self.public_path(), BY), (assumption::NAT, next_hop)),
        }
    }

    /// By the locations of both endpoints; symmetric in direction.
    pub(super) fn by_places(&self, resolver: &AddressResolver, index: &Index) -> Route {
        const BY: &str = "by locations";
        match (&self.src.kind, &self.dst.kind) {
            (EndpointKind::Own, EndpointKind::Own) => self.between_own(resolver, index, BY),
            (EndpointKind::Site(_), _) | (_, EndpointKind::Site(_)) => self.site(BY),
            (EndpointKind::Own, EndpointKind::PrivateUnknown) | (EndpointKind::PrivateUnknown, _) => {
                self.with_unknown(resolver, BY)
            }
            (EndpointKind::Own, EndpointKind::Service(name)) if self.has_gateway_endpoint(resolver, name) => {
                let route = Route::plain(Path::GatewayEndpoint, BY).through(Via::ENDPOINT);
                route.assuming(assumption::ENDPOINT_OF_VPC)
            }
            (EndpointKind::Own, _) => self.over_public(resolver, index, BY),
            (_, EndpointKind::Own) => self.turned().by_places(resolver, index),
            _ => Route::plain(Path::Unknown, BY),
        }
    }

    /// By places between two ends of the estate. Where the record shows an own public address, it is by that.
    fn between_own(&self, resolver: &AddressResolver, index: &Index, rule: &'static str) -> Route {
        if self.ends.dst.basis == Basis::Public {
            return self.over_public(resolver, index, rule);
        }
        if self.ends.src.basis == Basis::Public {
            return self.turned().over_public(resolver, index, rule);
        }
        if self.same_vpc(resolver) {
            return self.in_vpc(rule);
        }
        if self.by_transit_gateway(resolver) {
            return Route::plain(Path::TransitGateway, rule).through(Via::TRANSIT_GATEWAY);
        }
        if is_public(self.ends.src.address) && is_public(self.ends.dst.address) {
            return Route::plain(self.public_path(), rule).assuming(assumption::IPV6);
        }
        let path = if self.crosses_regions() { Path::PeeringCrossRegion } else { self.zones(PEERING) };
        Route::plain(path, rule).assuming(assumption::PEERING)
    }

    fn over_public(&self, resolver: &AddressResolver, index: &Index, rule: &'static str) -> Route {
        let route = Route::plain(self.public_path(), rule);
        if !self.needs_nat(resolver, index) {
            return route;
        }
        let route = self.by_nat(resolver, index, route, (assumption::NO_PUBLIC, None));
        // Traffic that may use a gateway endpoint does not pass a NAT gateway.
        if self.is_by_gateway_endpoint() { route.assuming(assumption::NO_PUBLIC) } else { route }
    }

    /// Between an endpoint of the estate and an undescribed private address.
    fn with_unknown(&self, resolver: &AddressResolver, rule: &'static str) -> Route {
        if self.by_transit_gateway(resolver) {
            return Route::plain(Path::TransitGateway, rule).through(Via::TRANSIT_GATEWAY);
        }
        Route::plain(Path::Unknown, rule)
    }

    fn by_transit_gateway(&self, resolver: &AddressResolver) -> bool {
        resolver.address_hints.by_transit_gateway(self.ends.src.address, self.ends.dst.address)
    }

    /// The route of traffic counted at a gateway, since neither endpoint is logged.
    pub(super) fn at_hop(&self, resolver: &AddressResolver, hop: u32) -> Route {
        const BY: &str = "by the gateway that logged it";
        let own: &Eni = &resolver.estate.interfaces[hop as usize];
        if own.is_nat() {
            let forward = self.ends.src.interface != Some(hop) && self.is_forward();
            let sides = if forward { *self } else { self.turned() };
            let client = sides.ends.src;
            // Without packet addresses the record shows the gateway in place of the outside.
            let to_gateway = sides.ends.dst.interface == Some(hop);
            let path = if to_gateway { Path::Unknown } else { sides.public_path() };
            let route = Route { nat: Some(hop), ..Route::plain(path, BY) }.through(Via::NAT);
            let route = if client.basis == Basis::Observer { route.assuming(assumption::NAT_CLIENT) } else { route };
            return if resolver.estate.apart(client.vpc, own.vpc) {
                route.through(Via::TRANSIT_GATEWAY)
            } else {
                route
            };
        }
        let through = if own.role == Role::TransitGateway { Via::TRANSIT_GATEWAY } else { Via::default() };
        match (&self.src.kind, &self.dst.kind) {
            (EndpointKind::Own, EndpointKind::Own) => Route::plain(Path::TransitGateway, BY).through(through),
            (EndpointKind::Site(_), _) | (_, EndpointKind::Site(_)) => self.site(BY).through(through),
            (EndpointKind::PrivateUnknown, _) | (_, EndpointKind::PrivateUnknown) => {
                Route::plain(Path::TransitGateway, BY).through(through)
            }
            (EndpointKind::Own, _) => {
                Route::plain(self.public_path(), BY).through(through.and(Via::NAT)).assuming(assumption::NAT)
            }
            _ => Route::plain(self.turned().public_path(), BY).through(through.and(Via::NAT)).assuming(assumption::NAT),
        }
    }

    /// Whether the source is a NAT gateway's client rather than the destination.
    pub(super) fn is_forward(&self) -> bool {
        match (&self.src.kind, &self.dst.kind) {
            (EndpointKind::Own, _) => true,
            (_, EndpointKind::Own) => false,
            _ => self.src.kind == EndpointKind::PrivateUnknown,
        }
    }

    /// The same transfer in the opposite direction.
    pub(super) fn turned(&self) -> Self {
        Self { ends: Ends { src: self.ends.dst, dst: self.ends.src }, src: self.dst, dst: self.src }
    }

    /// Through the NAT gateway that the client uses or that its VPC has; otherwise assumed, unless the next hop's type
    /// shows it.
    fn by_nat(
        &self,
        resolver: &AddressResolver,
        index: &Index,
        route: Route,
        (assumed, next_hop): (&'static str, Option<&str>),
    ) -> Route {
        let route = route.through(Via::NAT);
        if let Some(nat) = index.nat_of(self.ends.src) {
            let apart = resolver.estate.apart(self.ends.src.vpc, resolver.estate.interfaces[nat as usize].vpc);
            let route = Route { nat: Some(nat), ..route };
            return if apart { route.through(Via::TRANSIT_GATEWAY) } else { route };
        }
        if next_hop == Some("transit_gateway") {
            return route.through(Via::TRANSIT_GATEWAY).assuming(assumed);
        }
        let only = match resolver.estate.nats_of(self.ends.src.vpc) {
            [only] => Some(*only),
            _ => None,
        };
        let known = only.is_some() || matches!(next_hop, Some("nat_gateway" | "regional_nat_gateway"));
        Route { nat: only, assumed: Some(assumed).filter(|_| !known), ..route }
    }

    /// Whether the source has no public address: the inventory has its interface without one, or a NAT gateway's
    /// records name it as a client.
    fn needs_nat(&self, resolver: &AddressResolver, index: &Index) -> bool {
        let own = self.ends.src.interface.map(|place| &resolver.estate.interfaces[place as usize]);
        let listed = own.filter(|own| own.is_listed());
        let has_public = is_public(self.ends.src.address) || listed.is_some_and(|own| own.has_public());
        !has_public && (listed.is_some() || index.nat_of(self.ends.src).is_some())
    }

    fn same_vpc(&self, resolver: &AddressResolver) -> bool {
        let vpc = |place: Option<u32>| place.map(|place| &resolver.estate.vpcs[place as usize]);
        match (vpc(self.ends.src.vpc), vpc(self.ends.dst.vpc)) {
            // Placeholder VPCs represent flow logs, of which a VPC may have several.
            (Some(one), Some(other)) if one.id.is_none() || other.id.is_none() => {
                one.account == other.account && one.region == other.region
            }
            (one, other) => one == other,
        }
    }

    fn in_vpc(&self, rule: &'static str) -> Route {
        if self.src.role == Role::Endpoint || self.dst.role == Role::Endpoint {
            return Route::plain(Path::InterfaceEndpoint, rule).through(Via::ENDPOINT);
        }
        Route::plain(self.zones([Path::SameZone, Path::CrossZone, Path::SameRegion]), rule)
    }

    /// The path by whether the zones are the same, differ, or are not known.
    fn zones(&self, [same, cross, unknown]: [Path; 3]) -> Path {
        match (&self.src.zone, &self.dst.zone) {
            (Some(one), Some(other)) if one == other => same,
            (Some(_), Some(_)) => cross,
            _ => unknown,
        }
    }

    /// Whether the regions of both ends are known, and differ.
    pub(super) fn crosses_regions(&self) -> bool {
        self.src.region.is_some() && self.dst.region.is_some() && self.src.region != self.dst.region
    }

    fn site(&self, rule: &'static str) -> Route {
        let route = Route::plain(Path::OnPremises, rule);
        let kind = [self.src, self.dst].into_iter().find_map(|info| match &info.kind {
            EndpointKind::Site(kind) => Some(kind),
            _ => None,
        });
        let is_known = kind.is_some_and(|kind| *kind != super::tables::Kind::Cloud);
        if is_known { route } else { route.assuming(assumption::VPN) }
    }

    /// The path over public addresses, by what the destination is.
    fn public_path(&self) -> Path {
        match &self.dst.kind {
            EndpointKind::Own | EndpointKind::ExternalEc2 if self.crosses_regions() => Path::CrossRegion,
            EndpointKind::Own | EndpointKind::ExternalEc2 => Path::PublicAddress,
            EndpointKind::Service(_) if self.crosses_regions() => Path::AwsServiceCrossRegion,
            EndpointKind::Service(_) => Path::AwsService,
            EndpointKind::Site(_) => Path::OnPremises,
            EndpointKind::PrivateUnknown => Path::Unknown,
            EndpointKind::Internet => Path::Internet,
        }
    }

    /// Whether the inventory has a gateway endpoint in the source's VPC that takes this.
    fn has_gateway_endpoint(&self, resolver: &AddressResolver, service: &str) -> bool {
        let has = |vpc: u32| resolver.estate.has_gateway_endpoint(vpc, service);
        self.is_by_gateway_endpoint() && self.ends.src.vpc.is_some_and(has)
    }

    fn is_by_gateway_endpoint(&self) -> bool {
        let EndpointKind::Service(name) = &self.dst.kind else { return false };
        let region = &self.dst.region;
        GATEWAY_ENDPOINT_SERVICES.contains(&&**name) && region.is_some() && *region == self.src.region
    }
}

const PEERING: [Path; 3] = [Path::PeeringSameZone, Path::PeeringCrossZone, Path::Peering];
/// The services that have gateway endpoints, by their names in AWS's ranges (VPC guide, "Gateway endpoints").
const GATEWAY_ENDPOINT_SERVICES: [&str; 2] = ["S3", "DYNAMODB"];
