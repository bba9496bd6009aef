//! Whose things are: the tags of the estate, of every kind of resource that one may hang on, and the owner that they
//! make of an end at a moment.
//!
//! The most specific row wins: interface, instance, address within a VPC, subnet, longest CIDR, VPC, account. Rows are
//! valid from one moment to another; `moved-1` changes hands at a full hour. Some ends have no owner at all.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use super::Moments;
use super::interfaces::Interface;
use super::network::{ACCOUNTS, Network};

/// The owner of an end of the estate that no row names.
pub(crate) const UNALLOCATED: &str = "(unallocated)";
/// The owner of an end outside of the estate that no row names.
pub(crate) const EXTERNAL: &str = "(external)";

/// What a row of the plan hangs on.
#[derive(Clone, Copy)]
enum On {
    Interface(&'static str),
    Instance(&'static str),
    /// The VPC and the private address of this interface.
    Address(&'static str),
    Subnet(&'static str, &'static str),
    Network(Ipv4Addr, u8),
    Vpc(&'static str),
    Account(usize),
}

#[rustfmt::skip]
const ROWS: [(On, &str); 22] = [
    (On::Instance("web-1"), "web"),
    (On::Instance("web-2"), "web"),
    (On::Instance("web-3"), "web"),
    (On::Instance("web-eu-1"), "web"),
    (On::Interface("balancer"), "web"),
    (On::Instance("app-1"), "checkout"),
    (On::Instance("app-2"), "checkout"),
    (On::Instance("app-3"), "search & ads"),
    (On::Instance("pods-1"), "checkout"),
    (On::Interface("pods-1"), "platform"),
    (On::Interface("queue-a"), "platform"),
    (On::Interface("nat-shop"), "platform"),
    (On::Instance("old-1"), "web"),
    (On::Instance("new-1"), "search & ads"),
    (On::Subnet("stage", "private-a"), "quality"),
    (On::Subnet("shop-eu", "private-a"), "checkout"),
    (On::Vpc("hub"), "platform"),
    (On::Address("names-2"), "network"),
    (On::Account(1), "data"),
    (On::Network(Ipv4Addr::new(10, 6, 0, 0), 16), "legacy"),
    (On::Network(Ipv4Addr::new(172, 20, 0, 0), 16), "office"),
    (On::Network(Ipv4Addr::new(198, 51, 100, 0), 25), "partner"),
];
/// The instance that changes hands, from whom and to whom.
const MOVED: (&str, [&str; 2]) = ("moved-1", ["checkout", "payments"]);

/// The tags of the estate.
pub(crate) struct Owners {
    pub(crate) tags: Vec<Tag>,
}

/// A row: a resource is somebody's for a time.
pub(crate) struct Tag {
    pub(crate) resource: String,
    pub(crate) kind: ResourceKind,
    pub(crate) team: &'static str,
    pub(crate) from: Option<u32>,
    pub(crate) to: Option<u32>,
    /// The addresses of a CIDR.
    within: Option<Range<u64>>,
}

/// What a resource is; AWS keeps tags of some, the others are in the user's own table alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResourceKind {
    Interface,
    Instance,
    Subnet,
    Vpc,
    Other,
}

impl Owners {
    /// The tags of these interfaces.
    pub(crate) fn new(network: &Network, interfaces: &[Interface], moments: &Moments) -> Self {
        let tag = |(on, team): &(On, &'static str)| Tag::new(network, interfaces, *on, team);
        let mut tags: Vec<Tag> = ROWS.iter().map(tag).collect();
        let (name, [before, after]) = MOVED;
        let row = |team| Tag::new(network, interfaces, On::Instance(name), team);
        tags.push(Tag { to: Some(moments.handed_over), ..row(before) });
        tags.push(Tag { from: Some(moments.handed_over), ..row(after) });
        Self { tags }
    }

    /// The owner of an interface at a moment.
    pub(crate) fn of(&self, network: &Network, interface: &Interface, moment: u32) -> &'static str {
        let vpc = &network.vpcs[interface.vpc];
        let named = |resource: &str| self.tag(resource, moment);
        named(&interface.id)
            .or_else(|| interface.instance.as_deref().and_then(named))
            .or_else(|| named(&format!("{}/{}", vpc.id, interface.address)))
            .or_else(|| named(&network.subnets[interface.subnet].id))
            .or_else(|| self.within(interface.address.into()))
            .or_else(|| named(&vpc.id))
            .or_else(|| named(vpc.account.id))
            .unwrap_or(UNALLOCATED)
    }

    /// The owner of an address that is not the estate's.
    pub(crate) fn of_outside(&self, address: IpAddr) -> &'static str {
        self.within(address).unwrap_or(EXTERNAL)
    }

    /// What a resource is tagged with at a moment.
    pub(crate) fn tag(&self, resource: &str, moment: u32) -> Option<&'static str> {
        let valid = |tag: &&Tag| tag.from.is_none_or(|from| from <= moment) && tag.to.is_none_or(|to| moment < to);
        self.tags.iter().filter(valid).find(|tag| tag.resource == resource).map(|tag| tag.team)
    }

    /// The CIDRs of the table do not overlap, so the first is the longest.
    fn within(&self, address: IpAddr) -> Option<&'static str> {
        let IpAddr::V4(address) = address else { return None };
        let number = u64::from(u32::from(address));
        self.tags
            .iter()
            .find(|tag| tag.within.as_ref().is_some_and(|range| range.contains(&number)))
            .map(|tag| tag.team)
    }
}

impl Tag {
    fn new(network: &Network, interfaces: &[Interface], on: On, team: &'static str) -> Self {
        let interface = |name| interfaces.iter().find(|interface| interface.name == name);
        let vpc = |name: &str| network.vpcs.iter().find(|vpc| vpc.name == name).map(|vpc| vpc.id.clone());
        let (kind, resource) = match on {
            On::Interface(name) => (ResourceKind::Interface, interface(name).map(|interface| interface.id.clone())),
            On::Instance(name) => (ResourceKind::Instance, interface(name).and_then(|found| found.instance.clone())),
            On::Address(name) => {
                let text = |found: &Interface| format!("{}/{}", network.vpcs[found.vpc].id, found.address);
                (ResourceKind::Other, interface(name).map(text))
            }
            On::Subnet(vpc, name) => {
                (ResourceKind::Subnet, Some(network.subnets[network.subnet(vpc, name)].id.clone()))
            }
            On::Network(address, length) => (ResourceKind::Other, Some(format!("{address}/{length}"))),
            On::Vpc(name) => (ResourceKind::Vpc, vpc(name)),
            On::Account(place) => (ResourceKind::Other, Some(ACCOUNTS[place].id.to_owned())),
        };
        let within = match on {
            On::Network(address, length) => {
                let first = u64::from(u32::from(address));
                Some(first..first + (1 << (32 - length)))
            }
            _ => None,
        };
        Self { resource: resource.unwrap_or_default(), kind, team, from: None, to: None, within }
    }
}
