//! What there is: accounts, regions, VPCs, subnets, network interfaces, and the addresses outside that they talk to.
//!
//! A world is a function of a seed and of how many accounts and regions it has. Nothing happens here; see `traffic`.

use std::net::{Ipv4Addr, Ipv6Addr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::random::{Random, Ranks};

/// The accounts, one of them with a leading zero.
pub(crate) const ACCOUNTS: [&str; 4] = ["111122223333", "012345678901", "444455556666", "777788889999"];

/// The regions and what their zone ids begin with.
pub(crate) const REGIONS: [(&str, &str); 6] = [
    ("us-east-1", "use1"),
    ("eu-west-1", "euw1"),
    ("us-west-2", "usw2"),
    ("ap-southeast-2", "apse2"),
    ("eu-central-1", "euc1"),
    ("us-gov-east-1", "usge1"),
];

/// The service names of ip-ranges.json that public peers have; absent for those outside AWS.
const SERVICES: [Option<&str>; 6] =
    [None, Some("AMAZON"), Some("S3"), Some("EC2"), Some("DYNAMODB"), Some("CLOUDFRONT")];
const TEAMS: [&str; 6] = ["web shop", "payments", "data & ml", "café", "core-infra", "50% off/promo"];
const STAGES: [&str; 3] = ["prod", "staging", "dev test"];
const CLUSTERS: [&str; 3] = ["orders", "search", "batch"];
const CLIENTS: u32 = 600_000;
const CLIENTS6: u32 = 60_000;
const PUBLIC_SERVICES: u32 = 6_000;
const SUBNETS_PER_VPC: u32 = 6;

/// What a tag value keeps as it is in a log; all else is percent-encoded.
const TAG_ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Everything there is.
pub(crate) struct World {
    pub(crate) streams: Vec<Stream>,
    /// Clients in the internet, the busiest first.
    pub(crate) clients: Vec<Ipv4Addr>,
    pub(crate) client_ranks: Ranks,
    pub(crate) clients6: Vec<Ipv6Addr>,
    pub(crate) client6_ranks: Ranks,
    /// Public services that interfaces call, the busiest first, with their name in ip-ranges.json.
    pub(crate) services: Vec<(Ipv4Addr, Option<&'static str>)>,
    pub(crate) service_ranks: Ranks,
}

/// One flow log: the interfaces of an account in a region.
pub(crate) struct Stream {
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
    pub(crate) flow_log: String,
    pub(crate) vpcs: Vec<Vpc>,
    /// Those that open and serve connections come first, as many as there are speaker ranks; the others only relay.
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) speaker_ranks: Ranks,
}

/// A VPC: its network is a /16, or a /56 of IPv6.
pub(crate) struct Vpc {
    pub(crate) id: String,
    pub(crate) subnets: Vec<Subnet>,
    /// The NAT gateway, as a place among the stream's interfaces.
    pub(crate) gateway: usize,
}

/// A subnet: its network is a /20, or a /64 of IPv6.
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) zone: String,
    network: u32,
    network6: u128,
    /// Without a public address: what it sends to the internet goes through the NAT gateway.
    pub(crate) private: bool,
}

/// What an interface is there for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Instance,
    Task,
    LoadBalancer,
    TransitGateway,
    Endpoint,
    NatGateway,
    /// Logged without an interface id, subnet and private address of its own.
    RegionalNatGateway,
}

/// A network interface.
pub(crate) struct Interface {
    /// Its place among the stream's interfaces.
    pub(crate) place: usize,
    pub(crate) id: String,
    /// The owner as logged: `unknown` where an AWS service created it.
    pub(crate) account: &'static str,
    pub(crate) vpc: usize,
    pub(crate) subnet: usize,
    pub(crate) address: Ipv4Addr,
    pub(crate) address6: Option<Ipv6Addr>,
    pub(crate) role: Role,
    pub(crate) instance: Option<String>,
    /// The id of a regional NAT gateway.
    pub(crate) resource: Option<String>,
    pub(crate) task: Option<Task>,
    /// Tag values as logged, percent-encoded.
    pub(crate) team: Option<String>,
    pub(crate) stage: Option<String>,
}

/// An ECS task.
pub(crate) struct Task {
    pub(crate) cluster: &'static str,
    pub(crate) service: Option<String>,
    pub(crate) id: String,
    pub(crate) container: String,
    pub(crate) second_container: Option<String>,
}

impl World {
    /// The world of a seed.
    pub(crate) fn new(seed: u64, accounts: usize, regions: usize) -> Self {
        let mut random = Random::new(seed, 1);
        let mut networks = 0..;
        let pairs =
            ACCOUNTS.iter().take(accounts).flat_map(|account| REGIONS.iter().take(regions).map(move |r| (account, r)));
        let streams =
            pairs.map(|(account, (region, zones))| Stream::new(&mut random, account, region, zones, &mut networks));
        Self {
            streams: streams.collect(),
            clients: (0..CLIENTS).map(|_| public(&mut random)).collect(),
            client_ranks: Ranks::new(CLIENTS, 30),
            clients6: (0..CLIENTS6).map(|_| public6(&mut random)).collect(),
            client6_ranks: Ranks::new(CLIENTS6, 60),
            services: (0..PUBLIC_SERVICES).map(|_| (public(&mut random), *random.pick(&SERVICES))).collect(),
            service_ranks: Ranks::new(PUBLIC_SERVICES, 1),
        }
    }
}

impl Stream {
    fn new(
        random: &mut Random,
        account: &'static str,
        region: &'static str,
        zones: &str,
        networks: &mut impl Iterator<Item = u32>,
    ) -> Self {
        let vpc_count = 1 + random.place(3);
        let mut vpcs: Vec<Vpc> = networks.take(vpc_count).map(|number| Vpc::new(random, number, zones)).collect();
        let speakers = 30 + random.below_small(60);
        let mut interfaces: Vec<Interface> = Vec::new();
        for _ in 0..speakers {
            let role =
                *random.pick(&[Role::Instance, Role::Instance, Role::Instance, Role::Instance, Role::Task, Role::Task]);
            let role = if random.chance(60) { Role::LoadBalancer } else { role };
            let vpc = random.place(vpcs.len());
            interfaces.push(Interface::new(random, interfaces.len(), role, account, vpc, &vpcs[vpc]));
        }
        for (place, vpc) in vpcs.iter_mut().enumerate() {
            vpc.gateway = interfaces.len();
            let gateway = if random.chance(250) { Role::RegionalNatGateway } else { Role::NatGateway };
            for role in [gateway, Role::TransitGateway, Role::Endpoint] {
                interfaces.push(Interface::new(random, interfaces.len(), role, account, place, vpc));
            }
        }
        let flow_log = format!("fl-0{}", random.hex(16));
        Self { account, region, flow_log, vpcs, interfaces, speaker_ranks: Ranks::new(speakers, 2) }
    }

    /// The subnet of an interface.
    pub(crate) fn subnet(&self, interface: &Interface) -> &Subnet {
        &self.vpcs[interface.vpc].subnets[interface.subnet]
    }

    /// The NAT gateway of an interface's VPC.
    pub(crate) fn gateway(&self, interface: &Interface) -> &Interface {
        &self.interfaces[self.vpcs[interface.vpc].gateway]
    }
}

impl Vpc {
    fn new(random: &mut Random, number: u32, zones: &str) -> Self {
        let prefix6 = 0x2600_1f18_u128 << 96 | u128::from(random.next() & 0xffff_ff00) << 64;
        let subnet = |random: &mut Random, place: u32| Subnet {
            id: format!("subnet-0{}", random.hex(16)),
            zone: format!("{zones}-az{}", 1 + place % 3),
            network: 10 << 24 | (number & 0xff) << 16 | place << 12,
            network6: prefix6 | u128::from(place) << 64,
            private: place >= SUBNETS_PER_VPC / 2,
        };
        let id = format!("vpc-0{}", random.hex(16));
        Self { id, subnets: (0..SUBNETS_PER_VPC).map(|place| subnet(random, place)).collect(), gateway: 0 }
    }
}

impl Interface {
    fn new(random: &mut Random, place: usize, role: Role, account: &'static str, vpc: usize, of: &Vpc) -> Self {
        let relays = matches!(role, Role::NatGateway | Role::RegionalNatGateway);
        // Gateways stand in a public subnet, and those are the first ones.
        let subnet = random.place(if relays { of.subnets.len() / 2 } else { of.subnets.len() });
        let (network, network6) = (of.subnets[subnet].network, of.subnets[subnet].network6);
        let regional = role == Role::RegionalNatGateway;
        let private = Ipv4Addr::from(network | (4 + random.below_small(4000)));
        let drawn = |random: &mut Random, values: &[&str]| {
            let value = values[random.place(values.len())];
            random.chance(850).then(|| tag(value))
        };
        Self {
            place,
            id: if regional { "-".to_owned() } else { format!("eni-0{}", random.hex(16)) },
            account: if role == Role::Endpoint { "unknown" } else { account },
            vpc,
            subnet,
            address: if regional { public(random) } else { private },
            address6: (!relays && random.chance(230)).then(|| Ipv6Addr::from(network6 | u128::from(random.next()))),
            role,
            instance: (role == Role::Instance).then(|| format!("i-0{}", random.hex(16))),
            resource: regional.then(|| format!("nat-1{}", random.hex(16))),
            task: (role == Role::Task).then(|| Task::new(random)),
            team: drawn(random, &TEAMS),
            stage: drawn(random, &STAGES),
        }
    }
}

impl Task {
    fn new(random: &mut Random) -> Self {
        let cluster = *random.pick(&CLUSTERS);
        Self {
            cluster,
            service: random.chance(800).then(|| format!("{cluster}-api")),
            id: random.hex(32),
            container: random.hex(32),
            second_container: random.chance(300).then(|| random.hex(32)),
        }
    }
}

/// A tag's value as logs have it.
pub(crate) fn tag(value: &str) -> String {
    utf8_percent_encode(value, TAG_ESCAPED).to_string()
}

/// An IPv4 address of the internet: none of the blocks that are private or special.
pub(crate) fn public(random: &mut Random) -> Ipv4Addr {
    loop {
        let address = random.below_small(224 << 24);
        if !matches!(address >> 24, 0 | 10 | 100 | 127 | 169 | 172 | 192 | 198 | 203) {
            return Ipv4Addr::from(address);
        }
    }
}

/// An IPv6 address of the internet; every third has a short host part, as servers do.
fn public6(random: &mut Random) -> Ipv6Addr {
    let site = u128::from(0x2400 + random.below_small(0x0800)) << 112 | u128::from(random.next() >> 32) << 80;
    let host = if random.chance(300) { u128::from(random.below_small(1 << 16)) } else { u128::from(random.next()) };
    Ipv6Addr::from(site | host)
}
