//! What a transfer is and costs: its path, what it went through, and its charges in bytes. Prices are not known here.
//!
//! What was chosen where several readings are possible:
//! - `via` has `endpoint` for gateway and interface endpoints both, beside the path that says so too.
//! - The owner of a charge if the payer's side is outside the estate: transit gateway charges on responses from the
//!   internet to a central NAT gateway go to the client, as NAT processing does.
//! - A half that somebody outside of the estate pays is no charge here.
//! - What a receiver refuses was sent, and is charged as if it had been taken.

use super::Estate;
use super::interfaces::Interface;
use super::outside::{Outside, Scope};
use super::scenarios::RouteKind;
use super::talks::{End, Talk};
use crate::flowgen::world::Role;

/// What a transfer is.
pub(crate) struct Nature {
    pub(crate) path: &'static str,
    /// What it went through, joined by `+`.
    pub(crate) via: &'static str,
    pub(crate) charges: Vec<Charge>,
    /// Of each charge, the interface whose account pays it, by its place.
    pub(crate) payers: Vec<usize>,
}

/// A charge on all of a transfer's bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Charge {
    pub(crate) charge: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) payer: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
}

/// A charge, and the interface whose account pays it, by its place.
type Due = (Charge, usize);

/// The charges and the path of one direction of a conversation.
pub(crate) fn nature(estate: &Estate, talk: &Talk, forward: bool) -> Nature {
    let sides = Sides { estate, talk, forward };
    let (path, dues) = match talk.route_kind {
        RouteKind::Inside => sides.inside(),
        RouteKind::Peering => sides.peering(),
        RouteKind::Transit => sides.transit(),
        RouteKind::Gateway => sides.gateway(),
        RouteKind::Nat(_) | RouteKind::CentralNat(_) => sides.nat(),
        RouteKind::GatewayEndpoint => ("gateway-endpoint", Vec::new()),
        RouteKind::PrivateGateway => sides.site(),
    };
    let via = match talk.route_kind {
        RouteKind::Nat(_) => "nat",
        RouteKind::CentralNat(_) => "nat+transit-gateway",
        RouteKind::Transit => "transit-gateway",
        RouteKind::GatewayEndpoint => "endpoint",
        _ if path == "interface-endpoint" => "endpoint",
        _ => "",
    };
    let (charges, payers) = dues.into_iter().unzip();
    Nature { path, via, charges, payers }
}

/// One direction of a conversation.
struct Sides<'e> {
    estate: &'e Estate,
    talk: &'e Talk,
    forward: bool,
}

type Answer = (&'static str, Vec<Due>);

impl<'e> Sides<'e> {
    fn ends(&self) -> (End, End) {
        self.talk.ends(self.forward)
    }

    fn interface(&self, end: End) -> Option<&'e Interface> {
        end.interface().map(|place| &self.estate.interfaces[place])
    }

    fn owner(&self, end: End) -> &'static str {
        self.estate.owner(end, self.talk.start)
    }

    fn client_owner(&self) -> &'static str {
        self.owner(self.talk.client)
    }

    fn account(&self, interface: &Interface) -> &'static str {
        self.estate.network.vpcs[interface.vpc].account.id
    }

    fn region(&self, interface: &Interface) -> &'static str {
        self.estate.network.vpcs[interface.vpc].region.name
    }

    fn zone(&self, interface: &Interface) -> &'e str {
        &self.estate.network.subnets[interface.subnet].zone_id
    }

    /// A charge that an interface's account pays, in its region.
    fn charge(&self, charge: &'static str, payer: &Interface, owner: &'static str, to: &'static str) -> Due {
        let due = Charge { charge, owner, payer: self.account(payer), from: self.region(payer), to };
        (due, payer.place)
    }

    /// Both halves of a charge between two interfaces, each with who bears it.
    fn halves(&self, names: [&'static str; 2], sides: [(&Interface, &'static str); 2]) -> Vec<Due> {
        let half = |(name, (payer, owner)): (&'static str, (&Interface, &'static str))| {
            self.charge(name, payer, owner, "same")
        };
        names.into_iter().zip(sides).map(half).collect()
    }

    /// Both interfaces, with their owners.
    fn both(&self) -> Option<[(&'e Interface, &'static str); 2]> {
        let (sender, receiver) = self.ends();
        let side = |end| Some((self.interface(end)?, self.owner(end)));
        Some([side(sender)?, side(receiver)?])
    }

    fn inside(&self) -> Answer {
        let Some(both) = self.both() else { return ("unknown", Vec::new()) };
        let [(sender, _), (receiver, _)] = both;
        if let Some(endpoint) = [sender, receiver].into_iter().find(|one| one.role == Role::Endpoint) {
            let charge = self.charge("endpoint-processing", endpoint, self.client_owner(), "any");
            return ("interface-endpoint", vec![charge]);
        }
        if self.zone(sender) == self.zone(receiver) {
            return ("same-zone", Vec::new());
        }
        ("cross-zone", self.halves(["inter-zone-out", "inter-zone-in"], both))
    }

    fn peering(&self) -> Answer {
        let Some(both) = self.both() else { return ("unknown", Vec::new()) };
        let [(sender, owner), (receiver, _)] = both;
        if self.region(sender) != self.region(receiver) {
            return ("peering-cross-region", vec![self.charge("inter-region", sender, owner, self.region(receiver))]);
        }
        if self.zone(sender) == self.zone(receiver) {
            return ("peering-same-zone", Vec::new());
        }
        ("peering-cross-zone", self.halves(["peering-zone-out", "peering-zone-in"], both))
    }

    fn transit(&self) -> Answer {
        let Some([(sender, owner), (receiver, _)]) = self.both() else { return ("unknown", Vec::new()) };
        let mut charges = vec![self.charge("transit-gateway", sender, owner, "any")];
        if self.region(sender) != self.region(receiver) {
            charges.push(self.charge("inter-region", sender, owner, self.region(receiver)));
        }
        ("transit-gateway", charges)
    }

    /// By an internet gateway, without a NAT gateway.
    fn gateway(&self) -> Answer {
        if let Some(both) = self.both() {
            let [(sender, owner), (receiver, _)] = both;
            if self.region(sender) != self.region(receiver) {
                return ("cross-region", vec![self.charge("inter-region", sender, owner, self.region(receiver))]);
            }
            return ("public-address", self.halves(["public-address-out", "public-address-in"], both));
        }
        let (sender, receiver) = self.ends();
        match (self.interface(sender), self.interface(receiver)) {
            (Some(sent), _) => self.out(receiver, sent, self.owner(sender)),
            (_, Some(received)) => self.in_from(sender, received, self.owner(receiver)),
            _ => ("unknown", Vec::new()),
        }
    }

    /// What leaves the estate by an interface that faces the internet gateway.
    fn out(&self, to: End, payer: &Interface, owner: &'static str) -> Answer {
        let End::Outside(outside) = to else { return ("unknown", Vec::new()) };
        let own = self.region(payer);
        match outside.scope {
            Scope::Service(Some(region)) if region != own => {
                ("aws-service-cross-region", vec![self.charge("inter-region", payer, owner, region)])
            }
            Scope::Service(_) => ("aws-service", Vec::new()),
            Scope::Stranger(region) if region != own => {
                ("cross-region", vec![self.charge("inter-region", payer, owner, region)])
            }
            Scope::Stranger(_) => ("public-address", vec![self.charge("public-address-out", payer, owner, "same")]),
            Scope::Internet | Scope::Site(_) => {
                ("internet", vec![self.charge("internet-egress", payer, owner, "internet")])
            }
        }
    }

    /// What comes to the estate.
    fn in_from(&self, from: End, payer: &Interface, owner: &'static str) -> Answer {
        let (path, _) = self.out(from, payer, owner);
        let halved = path == "public-address";
        (path, halved.then(|| self.charge("public-address-in", payer, owner, "same")).into_iter().collect())
    }

    /// Through a NAT gateway: the client bears all of it.
    fn nat(&self) -> Answer {
        let (Some(nat), Some(client)) = (self.talk.nat, self.interface(self.talk.client)) else {
            return ("unknown", Vec::new());
        };
        let (nat, owner) = (&self.estate.interfaces[nat], self.client_owner());
        let (path, mut charges) = if self.forward {
            self.out(self.talk.server, nat, owner)
        } else {
            self.in_from(self.talk.server, nat, owner)
        };
        charges.push(self.charge("nat-processing", nat, owner, "any"));
        let (from, to) = if self.forward { (client, nat) } else { (nat, client) };
        if nat.vpc != client.vpc {
            charges.push(self.charge("transit-gateway", from, owner, "any"));
        } else if nat.role == Role::NatGateway && self.zone(nat) != self.zone(client) {
            charges.extend(self.halves(["inter-zone-out", "inter-zone-in"], [(from, owner), (to, owner)]));
        }
        (path, charges)
    }

    /// With a site of the company, by Direct Connect or VPN.
    fn site(&self) -> Answer {
        let (sender, receiver) = self.ends();
        let location = match receiver {
            End::Outside(Outside { scope: Scope::Site(location), .. }) => location,
            _ => None,
        };
        let charge = self.interface(sender).map(|sent| match location {
            Some(location) => self.charge("direct-connect", sent, self.owner(sender), location),
            None => self.charge("internet-egress", sent, self.owner(sender), "internet"),
        });
        ("on-premises", charge.into_iter().collect())
    }
}

impl Estate {
    /// The owner of an end at a moment.
    pub(crate) fn owner(&self, end: End, moment: u32) -> &'static str {
        match end {
            End::Own(place) => self.owners.of(&self.network, &self.interfaces[place], moment),
            End::Outside(outside) => self.owners.of_outside(outside.address),
        }
    }
}
