//! Layout of the estate: accounts, regions, zones, VPCs, subnets, and their flow logs.
//!
//! Two pairs of VPCs have the same network: `shop` and `stage` in one account and region, `lake` and `lake-eu` in two
//! regions. `legacy` has no flow log, the one of `batch` is created during the period, and those of `stage` and
//! `lake-eu` cover single subnets, so that a NAT gateway and a subnet of theirs are not logged.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::flowgen::random::Random;

/// The accounts: the shop's, the data team's (with a leading zero), and the network team's.
pub(crate) const ACCOUNTS: [Account; 3] = [
    Account { id: "111122223333", first_zone: 0 },
    Account { id: "012345678901", first_zone: 1 },
    Account { id: "444455556666", first_zone: 2 },
];
const SHOP: usize = 0;
const DATA: usize = 1;
const HUB: usize = 2;

/// The regions: name, what zone ids begin with, a block of AWS's IPv6 addresses for instances there, and one of its
/// IPv4 addresses.
pub(crate) const REGIONS: [Region; 2] = [
    Region {
        name: "us-east-1",
        zones: "use1",
        network6: 0x2600_1f18_4a00 << 80,
        public: Ipv4Addr::new(52, 4, 0, 0),
        public_length: 14,
    },
    Region {
        name: "eu-west-1",
        zones: "euw1",
        network6: 0x2a05_d018_0a00 << 80,
        public: Ipv4Addr::new(54, 72, 0, 0),
        public_length: 15,
    },
];
const US: usize = 0;
const EU: usize = 1;

/// Zones of a region that the estate uses, of which accounts have different names.
pub(crate) const ZONES: usize = 3;

/// An account.
pub(crate) struct Account {
    pub(crate) id: &'static str,
    /// Which zone this account calls `a`, counted from 0: names of zones differ between accounts, ids do not.
    pub(crate) first_zone: usize,
}

/// A region.
pub(crate) struct Region {
    pub(crate) name: &'static str,
    pub(crate) zones: &'static str,
    pub(crate) network6: u128,
    pub(crate) public: Ipv4Addr,
    pub(crate) public_length: u8,
}

/// What a VPC's flow logs cover.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FlowLogScope {
    Nobody,
    Whole,
    /// Whole, by a flow log that is made while the period runs.
    Late,
    /// The subnets that are marked, each by a flow log of its own.
    Subnets,
}

struct VpcPlan {
    name: &'static str,
    account: usize,
    region: usize,
    /// The second number of its network, `10.x.0.0/16`.
    octet: u8,
    six: bool,
    flow_log_scope: FlowLogScope,
    subnets: &'static [SubnetPlan],
}

struct SubnetPlan {
    name: &'static str,
    /// The third number of its network, `10.x.y.0/24`.
    octet: u8,
    zone: usize,
    logged: bool,
}

const fn subnet(name: &'static str, octet: u8, zone: usize) -> SubnetPlan {
    SubnetPlan { name, octet, zone, logged: true }
}

const fn unlogged(name: &'static str, octet: u8, zone: usize) -> SubnetPlan {
    SubnetPlan { name, octet, zone, logged: false }
}

const fn vpc(
    name: &'static str,
    (account, region, octet): (usize, usize, u8),
    six: bool,
    flow_log_scope: FlowLogScope,
    subnets: &'static [SubnetPlan],
) -> VpcPlan {
    VpcPlan { name, account, region, octet, six, flow_log_scope, subnets }
}

#[rustfmt::skip]
const VPCS: [VpcPlan; 8] = [
    vpc("shop", (SHOP, US, 0), true, FlowLogScope::Whole,
        &[subnet("public-a", 0, 1), subnet("public-b", 1, 2), subnet("private-a", 2, 1), subnet("private-b", 3, 2)]),
    vpc("stage", (SHOP, US, 0), false, FlowLogScope::Subnets,
        &[unlogged("public-a", 0, 1), subnet("private-a", 2, 1), subnet("private-b", 3, 2)]),
    vpc("lake", (DATA, US, 2), true, FlowLogScope::Whole, &[subnet("private-a", 0, 1), subnet("private-b", 1, 2)]),
    vpc("hub", (HUB, US, 3), true, FlowLogScope::Whole,
        &[subnet("public-a", 0, 1), subnet("private-a", 1, 1), subnet("private-b", 2, 2)]),
    vpc("shop-eu", (SHOP, EU, 4), false, FlowLogScope::Whole,
        &[subnet("public-a", 0, 1), subnet("private-a", 1, 1), subnet("private-b", 2, 3)]),
    vpc("lake-eu", (DATA, EU, 2), false, FlowLogScope::Subnets, &[subnet("private-a", 0, 1), unlogged("cold-b", 1, 2)]),
    vpc("legacy", (DATA, US, 6), false, FlowLogScope::Nobody, &[subnet("private-a", 0, 1), subnet("private-b", 1, 2)]),
    vpc("batch", (DATA, US, 7), false, FlowLogScope::Late, &[subnet("private-a", 0, 1), subnet("private-b", 1, 3)]),
];

/// All resources with a location, and their flow logs.
pub(crate) struct Network {
    pub(crate) vpcs: Vec<Vpc>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) flow_logs: Vec<FlowLog>,
    /// A flow log of a subnet that another one also covers, for `--doubled`.
    pub(crate) second: (usize, FlowLog),
}

/// A VPC: its network is a /16, and a /56 of IPv6 if it has any.
pub(crate) struct Vpc {
    pub(crate) name: &'static str,
    pub(crate) id: String,
    pub(crate) account: &'static Account,
    pub(crate) region: &'static Region,
    pub(crate) network: Ipv4Addr,
    pub(crate) network6: Option<Ipv6Addr>,
}

/// A subnet: its network is a /24, and a /64 of IPv6.
pub(crate) struct Subnet {
    pub(crate) name: &'static str,
    pub(crate) id: String,
    pub(crate) vpc: usize,
    /// The number of its zone, from 1.
    pub(crate) zone: usize,
    /// The id of its zone.
    pub(crate) zone_id: String,
    pub(crate) network: Ipv4Addr,
    pub(crate) network6: Option<Ipv6Addr>,
    pub(crate) flow_log: Option<usize>,
}

/// A flow log: covered interfaces refer to its number.
pub(crate) struct FlowLog {
    pub(crate) id: String,
    pub(crate) vpc: usize,
    /// When it was made, seconds since 1970.
    pub(crate) from: u32,
}

impl Network {
    /// The network; flow logs are there from `start`, the late one from `late`.
    pub(crate) fn new(random: &mut Random, start: u32, late: u32) -> Self {
        let second = FlowLog { id: format!("fl-0{}", random.hex(16)), vpc: 0, from: start };
        let mut network = Self { vpcs: Vec::new(), subnets: Vec::new(), flow_logs: Vec::new(), second: (0, second) };
        for plan in &VPCS {
            let vpc = network.vpcs.len();
            let region = &REGIONS[plan.region];
            let network6 = plan.six.then_some(region.network6 | (vpc as u128) << 72);
            network.vpcs.push(Vpc {
                name: plan.name,
                id: format!("vpc-0{}", random.hex(16)),
                account: &ACCOUNTS[plan.account],
                region,
                network: Ipv4Addr::new(10, plan.octet, 0, 0),
                network6: network6.map(Ipv6Addr::from),
            });
            let whole = match plan.flow_log_scope {
                FlowLogScope::Whole => Some(network.flow_log_scope(random, vpc, start)),
                FlowLogScope::Late => Some(network.flow_log_scope(random, vpc, late)),
                FlowLogScope::Nobody | FlowLogScope::Subnets => None,
            };
            for part in plan.subnets {
                let own = plan.flow_log_scope == FlowLogScope::Subnets && part.logged;
                let flow_log = if own { Some(network.flow_log_scope(random, vpc, start)) } else { whole };
                network.subnets.push(Subnet {
                    name: part.name,
                    id: format!("subnet-0{}", random.hex(16)),
                    vpc,
                    zone: part.zone,
                    zone_id: format!("{}-az{}", region.zones, part.zone),
                    network: Ipv4Addr::new(10, plan.octet, part.octet, 0),
                    network6: network6.map(|network6| Ipv6Addr::from(network6 | u128::from(part.octet) << 64)),
                    flow_log,
                });
            }
        }
        network.second.0 = network.subnet("shop", "private-a");
        network
    }

    fn flow_log_scope(&mut self, random: &mut Random, vpc: usize, from: u32) -> usize {
        self.flow_logs.push(FlowLog { id: format!("fl-0{}", random.hex(16)), vpc, from });
        self.flow_logs.len() - 1
    }

    /// The place of a subnet by the names of its VPC and its own.
    pub(crate) fn subnet(&self, vpc: &str, name: &str) -> usize {
        let found = self.subnets.iter().position(|subnet| self.vpcs[subnet.vpc].name == vpc && subnet.name == name);
        found.unwrap_or_default()
    }

    /// What an account calls a subnet's zone.
    pub(crate) fn zone_name(&self, subnet: &Subnet) -> String {
        let vpc = &self.vpcs[subnet.vpc];
        let letter = (subnet.zone - 1 + ZONES - vpc.account.first_zone) % ZONES;
        format!("{}{}", vpc.region.name, ["a", "b", "c"][letter])
    }
}
