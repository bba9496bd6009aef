//! Which meters count a transfer: account, product, usage type, operation and resource of each charge, and of what
//! passes at a price of zero.

use super::Item;
use super::rates::code;
use crate::flowgen::estate::charges::{Charge, Nature};
use crate::flowgen::estate::interfaces::Interface;
use crate::flowgen::estate::outside::{Outside, Scope};
use crate::flowgen::estate::scenarios::RouteKind;
use crate::flowgen::estate::talks::{End, Talk};
use crate::flowgen::estate::{BILL, Estate};
use crate::flowgen::random::Random;
use crate::flowgen::world::Role;

pub(super) const EC2: &str = "AmazonEC2";
pub(super) const BALANCING: &str = "AWSELB";
pub(super) const VPC: &str = "AmazonVPC";
/// The account that owns the transit gateways and the lines to the company's sites.
pub(super) const HUB: &str = "444455556666";
/// Charges of a NAT gateway's own records, and of its clients' way to it.
const BY_NAT: [&str; 4] = ["nat-processing", "transit-gateway", "inter-zone-out", "inter-zone-in"];

/// Ids of what has no interface of its own.
pub(super) struct Ids {
    transits: [String; 2],
    vpn: String,
    line: String,
}

/// The meters of one direction of a conversation.
pub(super) struct Meters<'e> {
    estate: &'e Estate,
    ids: &'e Ids,
    talk: &'e Talk,
    forward: bool,
}

/// What is due for a transfer.
pub(super) struct Due {
    pub(super) item: Item,
    /// Whether the NAT gateway's records say when.
    pub(super) by_nat: bool,
    pub(super) is_free: bool,
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed, BILL);
        let mut id = |kind: &str| format!("{kind}-0{}", random.hex(16));
        Self { transits: [id("tgw"), id("tgw")], vpn: id("vpn"), line: id("dxvif") }
    }

    /// The ARN of a Region's transit gateway.
    pub(super) fn transit(&self, region: &str) -> String {
        let id = &self.transits[usize::from(region != "us-east-1")];
        format!("arn:aws:ec2:{region}:{HUB}:transit-gateway/{id}")
    }
}

/// A usage type with its Region's code; us-east-1 is left out where AWS does.
pub(super) fn usage_type(region: &str, meter: &str) -> String {
    const CODED: [&str; 3] = ["TransitGateway", "VpcPeering", "RegionalNatGateway"];
    let bare = region == "us-east-1" && !CODED.iter().any(|coded| meter.starts_with(coded));
    if bare { meter.to_owned() } else { format!("{}-{meter}", code(region)) }
}

/// The resource behind an interface, as the bill names it.
pub(super) fn resource(estate: &Estate, interface: &Interface) -> String {
    let vpc = &estate.network.vpcs[interface.vpc];
    let (region, account) = (vpc.region.name, vpc.account.id);
    let id = interface.resource.as_deref().unwrap_or(&interface.id);
    match interface.role {
        Role::NatGateway | Role::RegionalNatGateway => format!("arn:aws:ec2:{region}:{account}:natgateway/{id}"),
        Role::Endpoint => format!("arn:aws:ec2:{region}:{account}:vpc-endpoint/{id}"),
        Role::LoadBalancer => {
            format!("arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/net/{}/1", interface.name)
        }
        _ => interface.instance.clone().unwrap_or_else(|| id.to_owned()),
    }
}

impl<'e> Meters<'e> {
    pub(super) fn new(estate: &'e Estate, ids: &'e Ids, talk: &'e Talk, forward: bool) -> Self {
        Self { estate, ids, talk, forward }
    }

    /// What is due for the transfer.
    pub(super) fn all(&self, nature: &Nature) -> Vec<Due> {
        let charged = nature.charges.iter().zip(&nature.payers).map(|(charge, payer)| Due {
            item: self.charged(charge, &self.estate.interfaces[*payer]),
            by_nat: self.talk.nat.is_some() && BY_NAT.contains(&charge.charge),
            is_free: false,
        });
        let free = self.free(nature.path).into_iter().map(|item| Due { item, by_nat: false, is_free: true });
        charged.chain(free).collect()
    }

    fn charged(&self, charge: &Charge, payer: &Interface) -> Item {
        let (from, to) = (charge.from, charge.to);
        let usual = Item { charge: charge.charge, ..self.usual(payer) };
        let balances = payer.role == Role::LoadBalancer;
        let metered = |meter: &'static str, usage: &str, operation: &'static str| Item {
            meter,
            operation,
            usage_type: usage_type(from, usage),
            ..usual.clone()
        };
        match charge.charge {
            "internet-egress" if self.talk.route_kind == RouteKind::PrivateGateway => Item {
                product: VPC,
                resource: self.ids.vpn.clone(),
                ..metered("internet-egress", "DataTransfer-Out-Bytes", "CreateVpnConnection")
            },
            "internet-egress" => metered("internet-egress", "DataTransfer-Out-Bytes", usual.operation),
            "inter-region" if self.talk.route_kind == RouteKind::Peering => Item {
                meter: "inter-region",
                usage_type: format!("{}-AWS-Out-Bytes", code(from)),
                operation: "VPCPeering-Out",
                ..usual.clone()
            },
            "inter-region" => Item {
                meter: "inter-region",
                to,
                usage_type: format!("{}-{}-AWS-Out-Bytes", code(from), code(to)),
                ..usual.clone()
            },
            "inter-zone-out" => metered("regional", "DataTransfer-Regional-Bytes", "InterZone-Out"),
            "inter-zone-in" => metered("regional", "DataTransfer-Regional-Bytes", "InterZone-In"),
            "public-address-out" if balances => {
                metered("regional", "DataTransfer-Regional-Bytes", "LoadBalancing-PublicIP-Out")
            }
            "public-address-in" if balances => {
                metered("regional", "DataTransfer-Regional-Bytes", "LoadBalancing-PublicIP-In")
            }
            "public-address-out" => metered("regional", "DataTransfer-Regional-Bytes", "PublicIP-Out"),
            "public-address-in" => metered("regional", "DataTransfer-Regional-Bytes", "PublicIP-In"),
            "peering-zone-out" => metered("peering-out", "VpcPeering-Out-Bytes", "VPCPeering-Out"),
            "peering-zone-in" => metered("peering-in", "VpcPeering-In-Bytes", "VPCPeering-In"),
            "nat-processing" if payer.role == Role::RegionalNatGateway => {
                metered("regional-nat", "RegionalNatGateway-Bytes", "NatGateway")
            }
            "nat-processing" => metered("nat", "NatGateway-Bytes", "NatGateway"),
            "transit-gateway" => Item {
                product: VPC,
                resource: self.ids.transit(from),
                ..metered("transit-gateway", "TransitGateway-Bytes", "TransitGatewayVPC")
            },
            "endpoint-processing" => Item { product: VPC, ..metered("endpoint", "VpcEndpoint-Bytes", "VpcEndpoint") },
            "direct-connect" => self.line(usual, to, "DataXfer-Out:dc.3", "direct-connect"),
            other => Item { usage_type: usage_type(from, other), ..usual },
        }
    }

    /// What passes at a price of zero.
    fn free(&self, path: &str) -> Vec<Item> {
        let (sender, receiver) = self.talk.ends(self.forward);
        let nat = self.talk.nat.map(|place| &self.estate.interfaces[place]);
        let own = |end: End| end.interface().map(|place| &self.estate.interfaces[place]);
        let mut items = Vec::new();
        match (path, own(sender), own(receiver)) {
            ("internet", None, Some(end)) => items.push(self.zero(nat.unwrap_or(end), "in", "DataTransfer-In-Bytes")),
            ("on-premises", None, Some(end)) => items.push(self.site_in(sender, end)),
            ("aws-service", Some(end), None) if is_everywhere(receiver) => {
                items.push(self.zero(nat.unwrap_or(end), "cloudfront-out", "CloudFront-Out-Bytes"));
            }
            ("interface-endpoint", Some(from), Some(to)) => items.extend(self.zones(from, to)),
            (_, _, Some(end)) => items.extend(self.region_in(sender, nat.unwrap_or(end))),
            _ => {}
        }
        if let (Some(nat), Some(client)) = (nat, own(self.talk.client))
            && nat.role == Role::RegionalNatGateway
        {
            let [from, to] = if self.forward { [client, nat] } else { [nat, client] };
            items.extend(self.zones(from, to));
        }
        items
    }

    /// What an interface's account is billed for it, but for the meter.
    fn usual(&self, at: &Interface) -> Item {
        let vpc = &self.estate.network.vpcs[at.vpc];
        let (product, operation) = match at.role {
            Role::LoadBalancer => (BALANCING, "LoadBalancing"),
            Role::Endpoint => (VPC, "VpcEndpoint"),
            _ => (EC2, "RunInstances"),
        };
        Item {
            account: vpc.account.id,
            product,
            usage_type: String::new(),
            operation,
            resource: resource(self.estate, at),
            meter: "",
            from: vpc.region.name,
            to: "",
            charge: "",
        }
    }

    fn zero(&self, at: &Interface, meter: &'static str, usage: &str) -> Item {
        let usual = self.usual(at);
        Item { meter, usage_type: usage_type(usual.from, usage), ..usual }
    }

    /// Across zones, where that is free.
    fn zones(&self, from: &Interface, to: &Interface) -> Vec<Item> {
        let zone = |one: &Interface| &self.estate.network.subnets[one.subnet].zone_id;
        let [out, into] = ["DataTransfer-xAZ-Out-Bytes", "DataTransfer-xAZ-In-Bytes"];
        let both = || vec![self.zero(from, "xaz-out", out), self.zero(to, "xaz-in", into)];
        if zone(from) == zone(to) { Vec::new() } else { both() }
    }

    /// What comes from another Region, which a peering's meter does not name.
    fn region_in(&self, sender: End, at: &Interface) -> Option<Item> {
        let region = match sender {
            End::Own(place) => self.estate.network.vpcs[self.estate.interfaces[place].vpc].region.name,
            End::Outside(Outside { scope: Scope::Service(Some(region)) | Scope::Stranger(region), .. }) => region,
            End::Outside(_) => return None,
        };
        let usual = Item { meter: "aws-in", ..self.usual(at) };
        if region == usual.from {
            return None;
        }
        Some(match self.talk.route_kind {
            RouteKind::Peering => {
                let usage_type = format!("{}-AWS-In-Bytes", code(usual.from));
                Item { usage_type, operation: "VPCPeering-In", ..usual }
            }
            _ => {
                Item { to: region, usage_type: format!("{}-{}-AWS-In-Bytes", code(usual.from), code(region)), ..usual }
            }
        })
    }

    fn site_in(&self, sender: End, at: &Interface) -> Item {
        match sender {
            End::Outside(Outside { scope: Scope::Site(Some(location)), .. }) => {
                self.line(self.usual(at), location, "DataXfer-In:dc.3", "direct-connect-in")
            }
            _ => Item {
                product: VPC,
                operation: "CreateVpnConnection",
                resource: self.ids.vpn.clone(),
                ..self.zero(at, "in", "DataTransfer-In-Bytes")
            },
        }
    }

    /// A meter of a Direct Connect line.
    fn line(&self, usual: Item, location: &'static str, usage: &str, meter: &'static str) -> Item {
        Item {
            product: "AWSDirectConnect",
            usage_type: format!("{}-{location}-{usage}", code(usual.from)),
            operation: "CreatePrivateVirtualInterface",
            resource: format!("arn:aws:directconnect:{}:{HUB}:dxvif/{}", usual.from, self.ids.line),
            meter,
            to: location,
            ..usual
        }
    }
}

fn is_everywhere(end: End) -> bool {
    matches!(end, End::Outside(Outside { scope: Scope::Service(None), .. }))
}
