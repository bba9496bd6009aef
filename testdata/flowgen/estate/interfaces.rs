//! The estate's network interfaces: their addresses over time, and the flow log of each.
//!
//! `old-1` and `new-1` have the same address, one after the other. `pods-1` has a second private address that its
//! traffic bears, as a node with pods has. Interfaces of endpoints and load balancers, which an AWS service made, are
//! logged under the account `unknown`. A regional NAT gateway has no interface, and is here as one without an id.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::changes::{Changes, MOVED, SECOND_NAT};
use super::network::Network;
use super::{HOUR_SECONDS, Moments};
use crate::flowgen::random::Random;
use crate::flowgen::world::Role;

const PUBLIC: u8 = 1;
const SIX: u8 = 2;
/// An instance from before Nitro: records of up to ten minutes, and a traffic path that does not distinguish gateways.
const SLOW: u8 = 4;
const PODS: u8 = 8;
const OLD: u8 = 16;
const NEW: u8 = 32;

/// The first host of a subnet that the estate uses; AWS keeps the first four for itself.
const FIRST_HOST: u8 = 10;
const POD_HOST: u8 = 100;

use Role::{
    Endpoint, Instance, LoadBalancer as Balancer, NatGateway as Nat, RegionalNatGateway as Regional,
    TransitGateway as Transit,
};

/// VPC, subnet, name, role, features.
type Plan = (&'static str, &'static str, &'static str, Role, u8);

#[rustfmt::skip]
const INTERFACES: [Plan; 50] = [
    ("shop", "public-a", "web-1", Instance, PUBLIC | SIX),
    ("shop", "public-a", "web-2", Instance, PUBLIC | SLOW),
    ("shop", "public-a", "balancer", Balancer, PUBLIC),
    ("shop", "public-a", "nat-shop", Nat, PUBLIC),
    ("shop", "public-b", "web-3", Instance, PUBLIC | SIX),
    ("shop", "private-a", "app-1", Instance, SIX),
    ("shop", "private-a", "app-2", Instance, SLOW),
    ("shop", "private-a", "pods-1", Instance, PODS),
    ("shop", "private-a", "transit-shop-a", Transit, 0),
    ("shop", "private-a", "queue-a", Endpoint, 0),
    ("shop", "private-a", "old-1", Instance, OLD),
    ("shop", "private-a", "new-1", Instance, NEW),
    ("shop", "private-b", "app-3", Instance, SIX),
    ("shop", "private-b", "moved-1", Instance, 0),
    ("shop", "private-b", "transit-shop-b", Transit, 0),
    ("shop", "private-b", "queue-b", Endpoint, 0),
    ("stage", "public-a", "nat-stage", Nat, PUBLIC),
    ("stage", "private-a", "test-1", Instance, 0),
    ("stage", "private-a", "test-2", Instance, 0),
    ("stage", "private-b", "test-3", Instance, 0),
    ("stage", "private-b", "test-4", Instance, 0),
    ("lake", "private-a", "spark-1", Instance, SIX),
    ("lake", "private-a", "spark-2", Instance, 0),
    ("lake", "private-b", "spark-3", Instance, SIX),
    ("lake", "private-b", "spark-4", Instance, 0),
    ("lake", "private-a", "nat-lake", Regional, PUBLIC),
    ("hub", "public-a", "bastion", Instance, PUBLIC | SIX),
    ("hub", "public-a", "nat-hub", Nat, PUBLIC),
    ("hub", "private-a", "names-1", Instance, 0),
    ("hub", "private-a", "transit-hub-a", Transit, 0),
    ("hub", "private-b", "names-2", Instance, 0),
    ("hub", "private-b", "transit-hub-b", Transit, 0),
    ("shop-eu", "public-a", "web-eu-1", Instance, PUBLIC),
    ("shop-eu", "private-a", "app-eu-1", Instance, 0),
    ("shop-eu", "private-a", "app-eu-2", Instance, 0),
    ("shop-eu", "private-a", "queue-eu-a", Endpoint, 0),
    ("shop-eu", "private-b", "app-eu-3", Instance, 0),
    ("lake-eu", "private-a", "spark-eu-1", Instance, 0),
    ("lake-eu", "private-a", "spark-eu-2", Instance, 0),
    ("lake-eu", "private-a", "transit-lake-eu-a", Transit, 0),
    ("lake-eu", "cold-b", "cold-1", Instance, 0),
    ("lake-eu", "cold-b", "cold-2", Instance, 0),
    ("legacy", "private-a", "mainframe-1", Instance, SLOW),
    ("legacy", "private-a", "transit-legacy-a", Transit, 0),
    ("legacy", "private-b", "mainframe-2", Instance, SLOW),
    ("legacy", "private-b", "transit-legacy-b", Transit, 0),
    ("batch", "private-a", "job-1", Instance, 0),
    ("batch", "private-a", "transit-batch-a", Transit, 0),
    ("batch", "private-b", "job-2", Instance, 0),
    ("batch", "private-b", "transit-batch-b", Transit, 0),
];

/// A network interface.
pub(crate) struct Interface {
    /// Its place in the list of all.
    pub(crate) place: usize,
    pub(crate) name: &'static str,
    /// `-` for a regional NAT gateway.
    pub(crate) id: String,
    pub(crate) role: Role,
    pub(crate) vpc: usize,
    pub(crate) subnet: usize,
    pub(crate) address: Ipv4Addr,
    /// A second private address, which its traffic bears.
    pub(crate) second: Option<Ipv4Addr>,
    pub(crate) address6: Option<Ipv6Addr>,
    pub(crate) public: Option<Ipv4Addr>,
    pub(crate) instance: Option<String>,
    /// The id of a NAT gateway or an endpoint.
    pub(crate) resource: Option<String>,
    pub(crate) nitro: bool,
    pub(crate) flow_log: Option<usize>,
    /// When it is there, seconds since 1970.
    pub(crate) life: Range<u32>,
    /// Where its aggregation intervals begin.
    pub(crate) phase: u32,
}

impl Interface {
    /// The interfaces of a network over a period.
    pub(crate) fn all(random: &mut Random, network: &Network, moments: &Moments, changes: &Changes) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let second = changes.has("nat-per-zone").then_some(("shop", "public-b", SECOND_NAT.0, Nat, PUBLIC));
        for plan in INTERFACES.into_iter().chain(second) {
            let (vpc, subnet, name, role, features) = plan;
            let subnet = if changes.has("co-location") && name == MOVED.0 { MOVED.1 } else { subnet };
            let made = Self::new(random, network, moments, &(vpc, subnet, name, role, features), &all);
            all.push(made);
        }
        all
    }

    fn new(random: &mut Random, network: &Network, moments: &Moments, plan: &Plan, others: &[Self]) -> Self {
        let (vpc, subnet, name, role, features) = *plan;
        let within = network.subnet(vpc, subnet);
        let subnet = &network.subnets[within];
        let has = |feature| features & feature != 0;
        let neighbours = others.iter().filter(|other| other.subnet == within && other.role != Regional).count();
        // The new holder of an address comes right after the old one in the list.
        let host = FIRST_HOST + u8::try_from(neighbours).unwrap_or(0) - u8::from(has(NEW));
        let region = network.vpcs[subnet.vpc].region;
        let own = |host: u8| Ipv4Addr::from(u32::from(subnet.network) | u32::from(host));
        // Public addresses run through the region's block in the order of the list.
        let number = u32::try_from(others.len()).unwrap_or(0) + u32::from(FIRST_HOST);
        let public = has(PUBLIC).then(|| Ipv4Addr::from(u32::from(region.public) | number));
        let resource = match role {
            Nat => Some(format!("nat-0{}", random.hex(16))),
            Regional => Some(format!("nat-1{}", random.hex(16))),
            Endpoint => Some(endpoint_of(others, subnet.vpc).unwrap_or_else(|| format!("vpce-0{}", random.hex(16)))),
            _ => None,
        };
        let life = match features & (OLD | NEW) {
            OLD => moments.from..moments.released,
            NEW => moments.released + HOUR_SECONDS..moments.to,
            _ => moments.from..moments.to,
        };
        Self {
            place: others.len(),
            name,
            id: if role == Regional { "-".to_owned() } else { format!("eni-0{}", random.hex(16)) },
            role,
            vpc: subnet.vpc,
            subnet: within,
            address: if role == Regional { public.unwrap_or(own(host)) } else { own(host) },
            second: has(PODS).then(|| own(POD_HOST)),
            address6: subnet
                .network6
                .filter(|_| has(SIX))
                .map(|net| Ipv6Addr::from(u128::from(net) | u128::from(host))),
            public,
            instance: (role == Instance).then(|| format!("i-0{}", random.hex(16))),
            resource,
            nitro: !has(SLOW),
            flow_log: subnet.flow_log,
            life,
            phase: random.below_small(600),
        }
    }

    /// The account that records bear: none is known of what an AWS service made.
    pub(crate) fn logged_account(&self, network: &Network) -> &'static str {
        if matches!(self.role, Endpoint | Balancer) { "unknown" } else { network.vpcs[self.vpc].account.id }
    }

    /// The address that it has as an end.
    pub(crate) fn end(&self, six: bool) -> IpAddr {
        match self.address6 {
            Some(address) if six => address.into(),
            _ => self.second.unwrap_or(self.address).into(),
        }
    }

    /// The address that a peer sees beyond the internet gateway.
    pub(crate) fn outer(&self, six: bool) -> IpAddr {
        match self.public {
            Some(address) if !six => address.into(),
            _ => self.end(six),
        }
    }

    /// The address that records show as its own, of the same family as a packet's.
    pub(crate) fn shown(&self, packet: IpAddr) -> IpAddr {
        match self.address6 {
            Some(address) if packet.is_ipv6() => address.into(),
            _ => self.address.into(),
        }
    }

    /// Whether its records reach a log at a moment.
    pub(crate) fn logged(&self, network: &Network, moment: u32) -> bool {
        self.flow_log.is_some_and(|log| network.flow_logs[log].from <= moment)
    }
}

/// The endpoint of a VPC, if an interface of it is there already.
fn endpoint_of(others: &[Interface], vpc: usize) -> Option<String> {
    others.iter().find(|other| other.role == Endpoint && other.vpc == vpc).and_then(|other| other.resource.clone())
}
