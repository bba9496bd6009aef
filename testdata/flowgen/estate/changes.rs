//! Changes of the estate that a recommendation would make, so that the same traffic can be logged and priced again.
//!
//! With any of them, `none` among them, records are drawn from a seed of each conversation: the transfers of two runs
//! are then the same but for what the changes are about.

use super::Estate;
use super::interfaces::Interface;
use super::outside::{Outside, Scope, service};
use super::scenarios::RouteKind;
use super::talks::{End, Talk};

/// The changes, by their names.
pub(crate) const NAMES: [&str; 8] = [
    "none",
    "gateway-endpoint",
    "interface-endpoint",
    "co-location",
    "nat-per-zone",
    "peering",
    "private-address",
    "ipv6",
];
/// The VPC that gets a gateway endpoint for S3.
pub(crate) const WITH_ENDPOINT: &str = "stage";
/// The workload that moves, and the subnet that it moves to.
pub(crate) const MOVED: (&str, &str) = ("app-3", "private-a");
/// The NAT gateway that is added, and the one that it relieves.
pub(crate) const SECOND_NAT: (&str, &str) = ("second-nat-shop", "nat-shop");
/// The VPCs that are peered.
const PEERED: [&str; 2] = ["shop", "hub"];

/// What is changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Vec<String>);

impl Changes {
    /// The changes of a list of names.
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let names: Vec<String> = list.split(',').map(str::to_owned).collect();
        match names.iter().find(|name| !NAMES.contains(&name.as_str())) {
            Some(_) => Err(format!("not of {}", NAMES.join(", "))),
            None => Ok(Self(names)),
        }
    }

    /// Whether there are any, if only in name.
    pub(crate) fn are_any(&self) -> bool {
        !self.0.is_empty()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|own| own == name)
    }
}

impl Estate {
    /// A conversation on the route that it has after the changes.
    pub(crate) fn changed(&self, talk: Talk) -> Talk {
        let (client, server) = (self.own(talk.client), self.own(talk.server));
        let vpc = |end: Option<&Interface>| end.map(|own| self.network.vpcs[own.vpc].name);
        let pair = [vpc(client), vpc(server)];
        let is_between = |names: [&str; 2]| pair == names.map(Some) || pair == [Some(names[1]), Some(names[0])];
        let direct = |route_kind: RouteKind| Talk { route_kind, nat: None, ..talk };
        match (talk.route_kind, talk.server) {
            (RouteKind::Nat(_), End::Outside(outside))
                if self.changes.has("gateway-endpoint")
                    && pair[0] == Some(WITH_ENDPOINT)
                    && service(outside.address) == Some("S3") =>
            {
                direct(RouteKind::GatewayEndpoint)
            }
            (RouteKind::Nat("nat-shop"), End::Outside(outside))
                if self.changes.has("interface-endpoint") && service(outside.address) == Some("AMAZON") =>
            {
                let zone = client.map(|own| self.zone_of(own));
                let is_endpoint = |own: &Interface| own.name.starts_with("queue-") && Some(self.zone_of(own)) == zone;
                match self.interfaces.iter().position(is_endpoint) {
                    Some(endpoint) => Talk { server: End::Own(endpoint), ..direct(RouteKind::Inside) },
                    None => talk,
                }
            }
            // The way to the internet is the same, without what the gateway in between costs.
            (RouteKind::Nat("nat-shop"), End::Outside(Outside { scope: Scope::Internet, .. }))
                if self.changes.has("ipv6") =>
            {
                direct(RouteKind::Gateway)
            }
            (RouteKind::Nat(name), _) if self.changes.has("nat-per-zone") && name == SECOND_NAT.1 => {
                let second = self.interfaces.iter().position(|own| own.name == SECOND_NAT.0);
                let is_near =
                    |place: &usize| client.map(|own| self.zone_of(own)) == Some(self.zone_of(&self.interfaces[*place]));
                Talk { nat: second.filter(is_near).or(talk.nat), ..talk }
            }
            (RouteKind::Transit, _) if self.changes.has("peering") && is_between(PEERED) => direct(RouteKind::Peering),
            (RouteKind::Gateway, _) if self.changes.has("private-address") && is_between(PEERED) => {
                direct(RouteKind::Peering)
            }
            _ => talk,
        }
    }

    fn own(&self, end: End) -> Option<&Interface> {
        end.interface().map(|place| &self.interfaces[place])
    }

    fn zone_of(&self, interface: &Interface) -> usize {
        self.network.subnets[interface.subnet].zone
    }
}
