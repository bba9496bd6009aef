//! What is not of the estate: clients and servers in the internet, AWS's services, instances of strangers, and the
//! company's own sites.
//!
//! Addresses of the internet are of the blocks for documentation (RFC 5737, RFC 3849). Those of AWS have to be where
//! its published ranges have them, as the rules under test look there: they are the first hosts of blocks that the
//! ranges have had for years, and stand for no machine. `tables/ip-ranges.json` has the same blocks, so that a test
//! depends on no download.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::network::REGIONS;
use crate::flowgen::random::Random;

/// The hosts of a block that occur.
const HOSTS: u32 = 200;

/// An address outside of the estate.
#[derive(Clone, Copy)]
pub(crate) struct Outside {
    pub(crate) address: IpAddr,
    pub(crate) scope: Scope,
}

/// Whose it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Internet,
    /// A service of AWS, with its region unless it is everywhere.
    Service(Option<&'static str>),
    /// Somebody's instance.
    Stranger(&'static str),
    /// A site of the company behind a Direct Connect location, or (none) a VPN.
    Site(Option<&'static str>),
}

/// Outsiders that scenarios name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Internet,
    S3Us,
    S3Eu,
    S3Central,
    TableUs,
    QueueUs,
    Edge,
    StrangerUs,
    StrangerEu,
    StrangerWest,
    Office,
    Branch,
}

/// The internet's blocks: of two, the first is a partner's half.
const INTERNET: [Ipv4Addr; 3] =
    [Ipv4Addr::new(198, 51, 100, 0), Ipv4Addr::new(203, 0, 113, 0), Ipv4Addr::new(192, 0, 2, 0)];
const INTERNET6: u128 = 0x2001_0db8 << 96;

/// A block of AWS's ranges.
pub(crate) struct Block {
    pub(crate) address: Ipv4Addr,
    pub(crate) length: u8,
    pub(crate) region: &'static str,
    /// The services that list it, beside `AMAZON`.
    pub(crate) service: &'static str,
    kind: Kind,
}

const fn block(kind: Kind, [a, b, c]: [u8; 3], length: u8, region: &'static str, service: &'static str) -> Block {
    Block { address: Ipv4Addr::new(a, b, c, 0), length, region, service, kind }
}

/// The blocks that outsiders are in.
pub(crate) const BLOCKS: [Block; 9] = [
    block(Kind::S3Us, [52, 216, 0], 15, "us-east-1", "S3"),
    block(Kind::S3Eu, [52, 218, 0], 17, "eu-west-1", "S3"),
    block(Kind::S3Central, [52, 219, 72], 22, "eu-central-1", "S3"),
    block(Kind::TableUs, [52, 94, 0], 22, "us-east-1", "DYNAMODB"),
    block(Kind::QueueUs, [52, 46, 128], 19, "us-east-1", "AMAZON"),
    block(Kind::Edge, [13, 224, 0], 14, "GLOBAL", "CLOUDFRONT"),
    block(Kind::StrangerUs, [44, 192, 0], 11, "us-east-1", "EC2"),
    block(Kind::StrangerEu, [54, 74, 0], 15, "eu-west-1", "EC2"),
    block(Kind::StrangerWest, [54, 148, 0], 15, "us-west-2", "EC2"),
];

/// The company's sites: their networks, as `kind` in the network table has them, and their names.
pub(crate) const SITES: [(Ipv4Addr, &str, &str); 2] =
    [(Ipv4Addr::new(172, 20, 0, 0), "dx:EqDC2", "office"), (Ipv4Addr::new(172, 21, 0, 0), "vpn", "branch")];

impl Outside {
    /// Somebody of a kind.
    pub(crate) fn draw(random: &mut Random, kind: Kind, six: bool) -> Self {
        let host = 1 + random.below_small(HOSTS);
        // Of the internet's IPv4 blocks one is drawn.
        let named = BLOCKS.iter().any(|block| block.kind == kind) || matches!(kind, Kind::Office | Kind::Branch);
        let block = if named || six { INTERNET[0] } else { *random.pick(&INTERNET) };
        Self::of_host(kind, host, block, six)
    }

    /// The one with this number; of the internet in its second block.
    pub(crate) fn numbered(kind: Kind, host: u32) -> Self {
        Self::of_host(kind, host, INTERNET[1], false)
    }

    fn of_host(kind: Kind, host: u32, internet: Ipv4Addr, six: bool) -> Self {
        let at = |network: Ipv4Addr| IpAddr::from(Ipv4Addr::from(u32::from(network) | host));
        if let Some(block) = BLOCKS.iter().find(|block| block.kind == kind) {
            let scope = match block.region {
                "GLOBAL" => Scope::Service(None),
                region if block.service == "EC2" => Scope::Stranger(region),
                region => Scope::Service(Some(region)),
            };
            return Self { address: at(block.address), scope };
        }
        match kind {
            Kind::Office => Self { address: at(SITES[0].0), scope: Scope::Site(SITES[0].1.strip_prefix("dx:")) },
            Kind::Branch => Self { address: at(SITES[1].0), scope: Scope::Site(None) },
            _ if six => Self { address: Ipv6Addr::from(INTERNET6 | u128::from(host)).into(), scope: Scope::Internet },
            _ => Self { address: at(internet), scope: Scope::Internet },
        }
    }
}

/// The service whose ranges hold an address, as records show it.
pub(crate) fn service(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => {
            let within = |(network, length): (Ipv4Addr, u8)| {
                u32::from(network) >> (32 - length) == u32::from(address) >> (32 - length)
            };
            let of_estate = || REGIONS.iter().any(|region| within((region.public, region.public_length)));
            let block = BLOCKS.iter().find(|block| within((block.address, block.length)));
            block.map(|block| block.service).or_else(|| of_estate().then_some("EC2"))
        }
        IpAddr::V6(address) => {
            let of_estate = |region: &super::network::Region| region.network6 >> 80 == u128::from(address) >> 80;
            REGIONS.iter().any(of_estate).then_some("EC2")
        }
    }
}
