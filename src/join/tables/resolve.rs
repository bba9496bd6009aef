//! The parts of a listing → the known estate: each resource once, completed from the others.
//!
//! The first value wins and later ones fill gaps; networks of tables precede the listing's subnets. Nothing is
//! inferred: values that no source has stay absent.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::guard::Contradictions;
use super::inventory::{
    Address, Association, Endpoint, Instance, Interface, Listing, NatGateway, Subnet, Tag, TagMapping,
};
use super::texts::Texts;
use super::{
    EndpointKind, Kind, KnownEndpoint, KnownNatGateway, ListedEni, Name, Network, ResourceTags, Role, network,
};
use crate::schema::region;

/// How the description of a load balancer's interface begins.
const OF_BALANCER: &str = "ELB ";
/// The kinds of resources, as their ARNs name them, that an end of traffic is known by.
const TAGGED: [&str; 6] = ["instance", "natgateway", "network-interface", "subnet", "vpc", "vpc-endpoint"];

/// The state so far.
#[derive(Debug, Default)]
pub(super) struct Estate {
    texts: Texts,
    networks: IndexMap<network::Identity, Network>,
    interfaces: IndexMap<Arc<str>, ListedEni>,
    nat_gateways: IndexMap<Arc<str>, (KnownNatGateway, Name)>,
    endpoints: IndexMap<Arc<str>, KnownEndpoint>,
    tags: IndexMap<Arc<str>, IndexMap<Arc<str>, Arc<str>>>,
    /// Tags listed again with another value.
    pub(super) contradictions: usize,
    /// What else is listed again and otherwise.
    pub(super) found: Contradictions,
}

/// Known networks, in table form.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) networks: Vec<Network>,
    pub(super) interfaces: Vec<ListedEni>,
    pub(super) nat_gateways: Vec<KnownNatGateway>,
    pub(super) endpoints: Vec<KnownEndpoint>,
    pub(super) tags: Vec<ResourceTags>,
}

impl Estate {
    /// Adds a network.
    pub(super) fn network(&mut self, new: Network) {
        let identity = network::identity(&new);
        let Some(known) = self.networks.get_mut(&identity) else {
            self.networks.insert(identity, new);
            return;
        };
        let (found, of) = (&mut self.found, known.prefix.to_string());
        // In a shared subnet the account is the owner's in one source, the participant's in another.
        fill(&mut known.account, new.account);
        found.fill(&of, "subnet", &mut known.subnet, new.subnet);
        found.fill(&of, "region", &mut known.region, new.region);
        found.fill(&of, "zone", &mut known.zone, new.zone);
        fill(&mut known.name, new.name);
        if known.kind == Kind::Cloud {
            known.kind = new.kind;
        }
    }

    /// Adds a listing.
    pub(super) fn listing(&mut self, listing: &Listing) {
        listing.subnets.iter().for_each(|subnet| self.subnet(subnet));
        for interface in &listing.interfaces {
            let known = self.interface(interface);
            self.known(known);
            self.tags(&interface.network_interface_id, interface.tag_set.as_deref());
        }
        for reservation in &listing.reservations {
            let instances = reservation.instances.iter().flatten();
            instances.for_each(|instance| self.instance(instance, reservation.owner_id.as_deref()));
        }
        listing.nat_gateways.iter().for_each(|gateway| self.nat_gateway(gateway));
        listing.endpoints.iter().for_each(|endpoint| self.endpoint(endpoint));
        listing.mappings.iter().for_each(|mapping| self.mapping(mapping));
    }

    /// Everything, completed.
    pub(super) fn finish(mut self) -> Resolved {
        self.complete_interfaces();
        self.complete_nat_gateways();
        let tags =
            self.tags.into_iter().map(|(resource, tags)| ResourceTags { resource, tags: tags.into_iter().collect() });
        Resolved {
            networks: self.networks.into_values().collect(),
            interfaces: self.interfaces.into_values().collect(),
            nat_gateways: self.nat_gateways.into_values().map(|(gateway, _)| gateway).collect(),
            endpoints: self.endpoints.into_values().collect(),
            tags: tags.collect(),
        }
    }

    fn subnet(&mut self, subnet: &Subnet) {
        let of_arn = || subnet.subnet_arn.as_deref().and_then(|arn| arn.split(':').nth(3));
        let network = Network {
            account: self.texts.name(subnet.owner_id.as_deref()),
            vpc: self.texts.name(subnet.vpc_id.as_deref()),
            subnet: self.texts.name(Some(&subnet.subnet_id)),
            region: region_of(
                &mut self.texts,
                subnet.availability_zone.as_deref(),
                subnet.availability_zone_id.as_deref(),
                of_arn(),
            ),
            zone: self.texts.name(subnet.availability_zone_id.as_deref()),
            name: name_tag(subnet.tags.as_deref()).and_then(|name| self.texts.name(Some(name))),
            ..Network::default()
        };
        let is_there = |state: Option<&str>| state.is_none_or(|state| matches!(state, "associating" | "associated"));
        let six =
            subnet.ipv6_cidr_block_association_set.iter().flatten().filter(|block| {
                is_there(block.ipv6_cidr_block_state.as_ref().and_then(|state| state.state.as_deref()))
            });
        for cidr in subnet.cidr_block.into_iter().chain(six.map(|block| block.ipv6_cidr_block)) {
            self.network(Network { prefix: cidr.0, ..network.clone() });
        }
        self.tags(&subnet.subnet_id, subnet.tags.as_deref());
    }

    fn interface(&mut self, listed: &Interface) -> ListedEni {
        let zone = listed.availability_zone_id.as_deref();
        let instance = listed.attachment.as_ref().and_then(|attachment| attachment.instance_id.as_deref());
        let (addresses, public) = addresses(listed);
        let six = listed.ipv6_prefixes.iter().flatten().map(|prefix| prefix.ipv6_prefix.0);
        ListedEni {
            id: self.texts.one(&listed.network_interface_id),
            account: self.texts.name(listed.owner_id.as_deref()),
            region: region_of(&mut self.texts, listed.availability_zone.as_deref(), zone, None),
            vpc: self.texts.name(listed.vpc_id.as_deref()),
            subnet: self.texts.name(listed.subnet_id.as_deref()),
            zone: self.texts.name(zone),
            instance: self.texts.name(instance),
            role: role(listed),
            resource: self.texts.name(described(listed).map(|(_, resource)| resource)),
            addresses,
            prefixes: listed.ipv4_prefixes.iter().flatten().map(|prefix| prefix.ipv4_prefix.0).chain(six).collect(),
            public,
        }
    }

    /// Adds an interface, or what was not known of it.
    fn known(&mut self, new: ListedEni) {
        let known = self.interfaces.entry(Arc::clone(&new.id)).or_default();
        let found = &mut self.found;
        // Whoever owns an instance or endpoint need not own its interface.
        fill(&mut known.account, new.account);
        found.fill(&new.id, "region", &mut known.region, new.region);
        found.fill(&new.id, "VPC", &mut known.vpc, new.vpc);
        found.fill(&new.id, "subnet", &mut known.subnet, new.subnet);
        found.fill(&new.id, "zone", &mut known.zone, new.zone);
        found.fill(&new.id, "instance", &mut known.instance, new.instance);
        fill(&mut known.resource, new.resource);
        known.id = new.id;
        if known.role == Role::End {
            known.role = new.role;
        }
        add_new(&mut known.addresses, new.addresses);
        add_new(&mut known.prefixes, new.prefixes);
        add_new(&mut known.public, new.public);
    }

    fn instance(&mut self, instance: &Instance, owner: Option<&str>) {
        let interfaces = instance.network_interfaces.as_deref().unwrap_or_default();
        let placement = instance.placement.as_ref();
        let zone_name = placement.and_then(|placement| placement.availability_zone.as_deref());
        let zone = placement.and_then(|placement| placement.availability_zone_id.as_deref());
        for listed in interfaces {
            let mut known = self.interface(listed);
            fill(&mut known.account, self.texts.name(owner));
            fill(&mut known.region, region_of(&mut self.texts, zone_name, zone, None));
            fill(&mut known.vpc, self.texts.name(instance.vpc_id.as_deref()));
            // The instance's own subnet and addresses are those of its first interface.
            if interfaces.len() == 1 {
                fill(&mut known.subnet, self.texts.name(instance.subnet_id.as_deref()));
                add_new(&mut known.addresses, instance.private_ip_address.0);
                add_new(&mut known.public, instance.public_ip_address.0.zip(instance.private_ip_address.0));
            }
            fill(&mut known.zone, self.texts.name(zone));
            known.instance = self.texts.name(Some(&instance.instance_id));
            self.known(known);
            self.tags(&listed.network_interface_id, listed.tag_set.as_deref());
        }
        self.tags(&instance.instance_id, instance.tags.as_deref());
    }

    /// Adds a NAT gateway and its data on interfaces.
    fn nat_gateway(&mut self, listed: &NatGateway) {
        let vpc = self.texts.name(listed.vpc_id.as_deref());
        let subnet = self.texts.name(listed.subnet_id.as_deref());
        let addresses = || listed.nat_gateway_addresses.iter().flatten();
        let mut interfaces = Vec::new();
        for address in addresses() {
            let Some(id) = self.texts.name(address.network_interface_id.as_deref()) else { continue };
            add_new(&mut interfaces, [Arc::clone(&id)]);
            self.made_for(
                Role::Nat,
                ListedEni {
                    id,
                    vpc: vpc.clone(),
                    subnet: subnet.clone(),
                    addresses: address.private_ip.0.into_iter().collect(),
                    public: address.public_ip.0.zip(address.private_ip.0).into_iter().collect(),
                    ..ListedEni::default()
                },
            );
        }
        let id = self.texts.one(&listed.nat_gateway_id);
        let (known, known_subnet) = self.nat_gateways.entry(Arc::clone(&id)).or_default();
        known.regional |= listed.availability_mode.as_deref() == Some("regional");
        self.found.fill(&id, "VPC", &mut known.vpc, vpc);
        self.found.fill(&id, "subnet", known_subnet, subnet);
        known.id = id;
        add_new(&mut known.interfaces, interfaces);
        add_new(&mut known.public, addresses().filter_map(|address| address.public_ip.0));
        self.tags(&listed.nat_gateway_id, listed.tags.as_deref());
    }

    fn endpoint(&mut self, listed: &Endpoint) {
        let kind = match listed.vpc_endpoint_type.as_deref() {
            Some("Gateway") => EndpointKind::Gateway,
            Some("GatewayLoadBalancer") => EndpointKind::GatewayLoadBalancer,
            // Those of resources and service networks have interfaces too, and are charged by the byte.
            _ => EndpointKind::Interface,
        };
        let role = kind.role().unwrap_or(Role::Endpoint);
        let (account, vpc) = (self.texts.name(listed.owner_id.as_deref()), self.texts.name(listed.vpc_id.as_deref()));
        let interfaces: Vec<_> =
            listed.network_interface_ids.iter().flatten().map(|interface| self.texts.one(interface)).collect();
        for id in interfaces.iter().cloned() {
            self.made_for(role, ListedEni { id, account: account.clone(), vpc: vpc.clone(), ..ListedEni::default() });
        }
        let id = self.texts.one(&listed.vpc_endpoint_id);
        let known = self.endpoints.entry(Arc::clone(&id)).or_default();
        self.found.fill(&id, "VPC", &mut known.vpc, vpc);
        self.found.fill(&id, "account", &mut known.account, account);
        let service = self.texts.name(listed.service_name.as_deref().map(short_service));
        self.found.fill(&id, "service", &mut known.service, service);
        (known.id, known.kind) = (id, kind);
        add_new(&mut known.interfaces, interfaces);
        self.tags(&listed.vpc_endpoint_id, listed.tags.as_deref());
    }

    /// Adds an interface whose role is given by another resource, which overrides its own type.
    fn made_for(&mut self, role: Role, new: ListedEni) {
        let id = Arc::clone(&new.id);
        self.known(new);
        if let Some(known) = self.interfaces.get_mut(&id) {
            known.role = role;
        }
    }

    /// Adds the tags of a resource that ends of traffic are known by.
    fn mapping(&mut self, mapping: &TagMapping) {
        let mut parts = mapping.resource_arn.splitn(6, ':').skip(2);
        let (service, resource) = (parts.next(), parts.nth(2));
        let id = resource.filter(|_| service == Some("ec2")).and_then(|resource| resource.split_once('/'));
        if let Some((_, id)) = id.filter(|(kind, _)| TAGGED.contains(kind)) {
            self.tags(id, mapping.tags.as_deref());
        }
    }

    fn tags(&mut self, resource: &str, tags: Option<&[Tag]>) {
        let Some(tags) = tags.filter(|tags| !tags.is_empty()) else { return };
        let known = self.tags.entry(self.texts.one(resource)).or_default();
        for tag in tags {
            let value = self.texts.one(tag.value.as_deref().unwrap_or_default());
            let held = known.entry(self.texts.one(&tag.key)).or_insert_with(|| Arc::clone(&value));
            self.contradictions += usize::from(*held != value);
        }
    }

    /// Completes interfaces from their subnets.
    fn complete_interfaces(&mut self) {
        let subnets = self.networks.values().filter_map(|network| Some((network.subnet.as_ref()?, network)));
        let mut by_subnet: HashMap<&Arc<str>, &Network> = HashMap::new();
        subnets.for_each(|(subnet, network)| _ = by_subnet.entry(subnet).or_insert(network));
        for interface in self.interfaces.values_mut() {
            let network = interface.subnet.as_ref().and_then(|subnet| by_subnet.get(subnet));
            let Some(network) = network else { continue };
            fill(&mut interface.account, network.account.clone());
            fill(&mut interface.vpc, network.vpc.clone());
            fill(&mut interface.zone, network.zone.clone());
            fill(&mut interface.region, network.region.clone());
        }
    }

    /// Gives NAT gateways an account: their interfaces', their subnet's, or that of all of their VPC's networks.
    fn complete_nat_gateways(&mut self) {
        for (gateway, subnet) in self.nat_gateways.values_mut() {
            let mut interfaces = gateway.interfaces.iter().filter_map(|id| self.interfaces.get(id));
            let of_interface = interfaces.find_map(|interface| interface.account.clone());
            let networks = || self.networks.values();
            let of_subnet =
                || networks().find(|network| subnet.is_some() && network.subnet == *subnet)?.account.clone();
            let of_vpc = || {
                let of_vpc = networks().filter(|network| gateway.vpc.is_some() && network.vpc == gateway.vpc);
                let mut accounts = of_vpc.filter_map(|network| network.account.clone());
                let first = accounts.next()?;
                accounts.all(|account| account == first).then_some(first)
            };
            gateway.account = of_interface.or_else(of_subnet).or_else(of_vpc);
        }
    }
}

/// Takes a name where there is none.
fn fill(known: &mut Name, new: Name) {
    if known.is_none() {
        *known = new;
    }
}

/// Adds what is not there yet.
fn add_new<T: PartialEq>(known: &mut Vec<T>, new: impl IntoIterator<Item = T>) {
    for value in new {
        if !known.contains(&value) {
            known.push(value);
        }
    }
}

/// The region of a zone by its name or id, else the given one.
fn region_of(texts: &mut Texts, zone_name: Option<&str>, zone: Option<&str>, new: Option<&str>) -> Name {
    let region = zone_name.and_then(region::of_zone_name).or_else(|| zone.and_then(region::of_zone_id)).or(new);
    texts.name(region)
}

fn name_tag(tags: Option<&[Tag]>) -> Option<&str> {
    tags?.iter().find(|tag| tag.key == "Name")?.value.as_deref()
}

/// The private addresses, primary first, and the public ones with their private addresses.
fn addresses(listed: &Interface) -> (Vec<u128>, Vec<(u128, u128)>) {
    let own = [(true, listed.private_ip_address, &listed.association)];
    let all = listed.private_ip_addresses.iter().flatten();
    let all = all.map(|address| (address.primary, address.private_ip_address, &address.association));
    let mut inside: Vec<_> = own.into_iter().chain(all).collect();
    inside.sort_by_key(|(primary, ..)| !primary);
    let (mut addresses, mut public) = (Vec::new(), Vec::new());
    for (_, address, association) in inside {
        add_new(&mut addresses, address.0);
        let outside =
            association.iter().flat_map(|association: &Association| [association.public_ip, association.carrier_ip]);
        add_new(&mut public, outside.filter_map(|outside: Address| outside.0.zip(address.0)));
    }
    add_new(&mut addresses, listed.ipv6_addresses.iter().flatten().filter_map(|six| six.ipv6_address.0));
    (addresses, public)
}

/// The role of an interface by its type, or by AWS's description for types that predate it.
fn role(listed: &Interface) -> Role {
    match listed.interface_type.as_deref() {
        Some("nat_gateway" | "natGateway") => Role::Nat,
        Some("regional_nat_gateway") => Role::RegionalNat,
        Some("transit_gateway") => Role::TransitGateway,
        Some("gateway_load_balancer") => Role::GatewayLoadBalancer,
        Some("gateway_load_balancer_endpoint") => Role::GatewayLoadBalancerEndpoint,
        Some("load_balancer") => Role::LoadBalancer,
        Some("vpc_endpoint") => Role::Endpoint,
        None | Some("interface") => described(listed).map_or(Role::End, |(role, _)| role),
        _ => Role::End,
    }
}

/// What AWS's description of an interface says that it is for, and of which resource.
fn described(listed: &Interface) -> Option<(Role, &str)> {
    const STARTS: [(&str, Role); 6] = [
        ("Interface for NAT Gateway ", Role::Nat),
        ("Network Interface for Transit Gateway Attachment ", Role::TransitGateway),
        ("VPC Endpoint Interface ", Role::Endpoint),
        ("ELB gwy/", Role::GatewayLoadBalancer),
        ("ELB net/", Role::End),
        (OF_BALANCER, Role::LoadBalancer),
    ];
    // Users describe their own interfaces as they like.
    let description = listed.description.as_deref().filter(|_| listed.requester_managed == Some(true))?;
    let (start, role) = STARTS.iter().find(|(start, _)| description.starts_with(start))?;
    let resource = description.strip_prefix(OF_BALANCER).unwrap_or(&description[start.len()..]);
    Some((*role, resource))
}

/// `com.amazonaws.us-east-1.ecr.dkr` → `ecr.dkr`; for third-party services the id.
fn short_service(name: &str) -> &str {
    let name = name.strip_prefix("cn.").unwrap_or(name);
    let name = name.strip_prefix("com.amazonaws.").unwrap_or(name);
    let name = name.strip_prefix("vpce.").unwrap_or(name);
    name.split_once('.').filter(|(start, _)| region::of_zone_name(start) == Some(start)).map_or(name, |(_, rest)| rest)
}
