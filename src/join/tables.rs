//! User-supplied descriptions of the estate: networks, interfaces, gateways, endpoints and owners.
//!
//! Readers of tables produce these values, independent of the file format. [`Reader`] reads them from files.

mod guard;
mod inventory;
mod network;
mod read;
mod resolve;
pub(super) mod texts;

use std::sync::Arc;

pub use read::{Reader, Refused};

use crate::units::address::Prefix;

/// The content of all tables.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Networks, in no order.
    pub networks: Vec<Network>,
    /// Interfaces at the time of the listing: a snapshot.
    pub interfaces: Vec<ListedEni>,
    /// NAT gateways of the same snapshot.
    pub nat_gateways: Vec<KnownNatGateway>,
    /// VPC endpoints of the same snapshot.
    pub endpoints: Vec<KnownEndpoint>,
    /// Tags of the same snapshot, a resource once.
    pub tags: Vec<ResourceTags>,
    /// Tag tables as they were written, with the names of their files.
    pub tag_tables: Vec<(Arc<str>, Vec<u8>)>,
    /// What the reader of a report should know of how these were read.
    pub warnings: Vec<String>,
    /// Why they are incomplete or contradict themselves, so that the answer may be wrong: warnings that change the exit code.
    pub faults: Vec<String>,
}

/// A text shared by many rows; none if absent.
pub type Name = Option<Arc<str>>;

/// A row of the network table, or a subnet of the inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Its addresses.
    pub prefix: Prefix,
    /// The account that owns it.
    pub account: Name,
    /// Its VPC; none for networks outside of the cloud.
    pub vpc: Name,
    /// Its subnet.
    pub subnet: Name,
    /// Its region.
    pub region: Name,
    /// Its zone id, such as `use1-az1`.
    pub zone: Name,
    /// Display name.
    pub name: Name,
    /// How it is reached, if it is a site outside of the cloud.
    pub kind: Kind,
}

/// How a network is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Part of a VPC, or unspecified.
    #[default]
    Cloud,
    /// By Direct Connect at this location (`dx:EqDC2`).
    DirectConnect(Arc<str>),
    /// By a site-to-site VPN (`vpn`).
    Vpn,
}

/// What an interface is for, as far as it decides what is counted and charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// An end: an instance's, a task's, a load balancer's.
    #[default]
    End,
    /// A zonal NAT gateway's.
    Nat,
    /// A regional NAT gateway, which has no interface of its own.
    RegionalNat,
    /// A transit gateway's attachment.
    TransitGateway,
    /// A gateway load balancer's.
    GatewayLoadBalancer,
    /// An endpoint's that leads to a gateway load balancer: a hop that is charged for.
    GatewayLoadBalancerEndpoint,
    /// An interface endpoint's: an end that is charged for.
    Endpoint,
    /// An application or classic load balancer's: an end at which AWS charges nothing between zones. A network load
    /// balancer is an end as any other.
    LoadBalancer,
}

/// An interface of the inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedEni {
    /// `eni-…`
    pub id: Arc<str>,
    /// Owner of the interface.
    pub account: Name,
    /// Its region.
    pub region: Name,
    /// Its VPC.
    pub vpc: Name,
    /// Its subnet.
    pub subnet: Name,
    /// Zone id; none if only the zone's name is known and no subnet has the id.
    pub zone: Name,
    /// The instance that it is attached to.
    pub instance: Name,
    /// What it is for.
    pub role: Role,
    /// What AWS made it for, by its description: `nat-…`, `vpce-…`, `tgw-attach-…`, and of a load balancer how its ARN
    /// ends: `app/NAME/ID`, `net/NAME/ID`, or a classic one's name.
    pub resource: Name,
    /// Its addresses inside the VPC, the primary one first, IPv6 too.
    pub addresses: Vec<u128>,
    /// Whole prefixes assigned to it, as on nodes of container clusters.
    pub prefixes: Vec<Prefix>,
    /// Public addresses, each with its private address.
    pub public: Vec<(u128, u128)>,
}

/// A NAT gateway of the inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownNatGateway {
    /// `nat-…`
    pub id: Arc<str>,
    /// Its VPC.
    pub vpc: Name,
    /// Account of the owner, if a subnet or interface has it.
    pub account: Name,
    /// Its interfaces; none for a regional one.
    pub interfaces: Vec<Arc<str>>,
    /// Its public addresses.
    pub public: Vec<u128>,
    /// Whether it is regional.
    pub regional: bool,
}

/// A VPC endpoint of the inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownEndpoint {
    /// `vpce-…`
    pub id: Arc<str>,
    /// Its VPC.
    pub vpc: Name,
    /// The owner's account.
    pub account: Name,
    /// The service's short name, such as `s3` or `sqs`.
    pub service: Name,
    /// What kind it is.
    pub kind: EndpointKind,
    /// Its interfaces; none for a gateway endpoint.
    pub interfaces: Vec<Arc<str>>,
}

/// Kinds of endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndpointKind {
    /// An interface in a subnet, charged by the byte.
    #[default]
    Interface,
    /// Gateway endpoint: a route, free of charge.
    Gateway,
    /// Endpoint of a gateway load balancer.
    GatewayLoadBalancer,
}

impl EndpointKind {
    /// What its interfaces are for; none of a kind that has none.
    #[must_use]
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Interface => Some(Role::Endpoint),
            Self::Gateway => None,
            Self::GatewayLoadBalancer => Some(Role::GatewayLoadBalancerEndpoint),
        }
    }
}

/// The tags of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceTags {
    /// `i-…`, `eni-…`, `subnet-…`, `vpc-…`, `nat-…` or `vpce-…`
    pub resource: Arc<str>,
    /// Keys with their values, a key once.
    pub tags: Vec<(Arc<str>, Arc<str>)>,
}
