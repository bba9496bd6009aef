//! The estate as far as it is known: interfaces of the logs and of the inventory, their VPCs, and who holds which
//! address when.

mod by_id;
mod changes;
mod holders;
mod names;
mod vpcs;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use self::by_id::{ById, name_gateways, place_of};
use self::changes::Changes;
use self::holders::{Holder, Holders};
use self::names::{Commons, EniNames};
use super::learn::{FlowLog, Learnt};
use super::prefixes::Prefixes;
use super::tables::texts::Texts;
use super::tables::{EndpointKind, ListedEni, Name, Network, Role, Tables};
use super::vantage::{Fact, HOUR_SECONDS};
use crate::group::{Interface, Interfaces, NAMELESS, is_public};
use crate::schema::{Column, edge, region};
use crate::units::address::Prefix;

/// Seconds before the first and after the last record during which an interface counts as logged: the tolerance of a
/// record's start ("up to 60 seconds", VPC user guide, "Flow log records").
pub const WATCH_SLACK_SECONDS: u32 = 60;

/// The columns of version 11 that hold tags.
pub const TAG_COLUMNS: [Column; 6] = [
    Column::InterfaceTag,
    Column::InterfaceTag2,
    Column::InstanceTag,
    Column::InstanceTag2,
    Column::AsgTag,
    Column::AsgTag2,
];

/// An interface of the estate. There may be a million.
#[derive(Clone, Debug, Default)]
pub(super) struct Eni {
    pub(super) id: Arc<str>,
    /// Where it is. Many share that.
    pub(super) names: Arc<EniNames>,
    pub(super) instance: Name,
    pub(super) role: Role,
    /// Whether its records name the clients that it forwards for.
    pub(super) names_clients: bool,
    /// First and last moment of its records; none if it is not logged.
    pub(super) logged: Option<(u32, u32)>,
    /// Intervals in which AWS lost records of it, if there are any.
    gaps: Option<Box<Gaps>>,
    /// What its records say of owners, if anything.
    pub(super) owners: Option<Box<LoggedOwners>>,
    /// What the inventory has of it; none if it is not listed.
    listed: Option<Box<Listed>>,
    /// The NAT gateway, endpoint, load balancer or attachment that it belongs to.
    pub(super) resource: Name,
    /// Its VPC, by its place in the estate.
    pub(super) vpc: u32,
}

/// Intervals, `[first, last]`, sorted and apart.
#[derive(Clone, Debug)]
struct Gaps(Vec<(u32, u32)>);

/// Owners that records name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LoggedOwners {
    /// By the place in [`TAG_COLUMNS`].
    pub(super) tags: [Name; TAG_COLUMNS.len()],
    pub(super) ecs_service: Name,
}

/// Where an interface is as the inventory has it.
#[derive(Clone, Debug)]
struct Listed {
    /// Inside of the VPC.
    addresses: Vec<u128>,
    prefixes: Vec<Prefix>,
    has_public: bool,
}

impl Eni {
    /// Whether the inventory has it.
    pub(super) fn is_listed(&self) -> bool {
        self.listed.is_some()
    }

    /// Whether the inventory has a public address of it.
    pub(super) fn has_public(&self) -> bool {
        self.listed.as_ref().is_some_and(|listed| listed.has_public)
    }

    /// Its addresses inside the VPC as the inventory has them.
    pub(super) fn addresses(&self) -> &[u128] {
        self.listed.as_ref().map_or(&[], |listed| &listed.addresses)
    }

    /// Whole prefixes that the inventory has on it.
    fn prefixes(&self) -> &[Prefix] {
        self.listed.as_ref().map_or(&[], |listed| &listed.prefixes)
    }

    /// The id of the gateway or endpoint that it belongs to, else its own; none where the logs give it no name.
    pub(super) fn resource_id(&self) -> Option<&str> {
        let id = self.resource.as_deref().unwrap_or(&self.id);
        Some(id).filter(|id| !id.starts_with(NAMELESS))
    }

    fn gaps(&self) -> &[(u32, u32)] {
        self.gaps.as_ref().map_or(&[], |gaps| &gaps.0)
    }

    /// Whether its records of a moment would be in the input.
    pub(super) fn is_logged(&self, moment: u32) -> bool {
        self.logged.is_some_and(|span| covers(span, moment))
            && !self.gaps().iter().any(|(from, to)| (*from..=*to).contains(&moment))
    }

    /// The moments at which that changes: each is the first one that is other than the moment before.
    pub(super) fn edges(&self) -> impl Iterator<Item = u32> {
        let gaps = self.gaps().iter().flat_map(|(first, last)| [*first, last.saturating_add(1)]);
        self.logged.into_iter().flat_map(edges).chain(gaps)
    }

    /// Whether its records show transit traffic.
    pub(super) fn is_hop(&self) -> bool {
        !matches!(self.role, Role::End | Role::Endpoint | Role::LoadBalancer)
    }

    /// Whether its records of some moment of an hour would be in the input.
    pub(super) fn is_logged_in(&self, hour: u32) -> bool {
        let inside = |edge: &u32| (hour..hour.saturating_add(HOUR_SECONDS)).contains(edge);
        self.is_logged(hour) || self.edges().filter(inside).any(|edge| self.is_logged(edge))
    }

    /// Whether its records at this time would be in the input and name the client.
    pub(super) fn names_clients_at(&self, moment: u32) -> bool {
        (self.names_clients || self.role == Role::RegionalNat) && self.is_logged(moment)
    }

    /// The resource that AWS's bill has its transfer under: a gateway, endpoint or load balancer, else the instance, else
    /// the interface itself, for which a bill has an id that logs do not know.
    pub(super) fn billed_resource(&self) -> &str {
        self.resource.as_ref().or(self.instance.as_ref()).unwrap_or(&self.id)
    }

    pub(super) fn is_nat(&self) -> bool {
        matches!(self.role, Role::Nat | Role::RegionalNat)
    }

    /// Whether records without packet addresses are of the leg between a public NAT gateway and a client: between the
    /// gateway's private address and another private one. A private gateway's outer leg looks the same.
    pub(super) fn is_client_leg(&self, fact: &Fact) -> bool {
        let Fact { srcaddr, dstaddr, src, dst, .. } = *fact;
        let is_own = |address: u128| self.addresses().contains(&address);
        let is_client = |address: u128| !is_public(address) && !is_own(address);
        let is_public_nat = self.role == Role::Nat && self.has_public();
        is_public_nat
            && (src, dst) == (srcaddr, dstaddr)
            && (is_own(srcaddr) && is_client(dstaddr) || is_client(srcaddr) && is_own(dstaddr))
    }
}

/// Whether the records, from first to last start, cover this time.
pub(super) fn covers((first, last): (u32, u32), moment: u32) -> bool {
    (first.saturating_sub(WATCH_SLACK_SECONDS)..=last.saturating_add(WATCH_SLACK_SECONDS)).contains(&moment)
}

/// The first time covered by records, and the first one after.
pub(super) fn edges((first, last): (u32, u32)) -> [u32; 2] {
    [first.saturating_sub(WATCH_SLACK_SECONDS), last.saturating_add(WATCH_SLACK_SECONDS + 1)]
}

/// Interfaces of the logs and of the inventory, sorted by id.
#[derive(Clone, Debug, Default)]
pub struct Enis {
    pub(super) interfaces: Vec<Eni>,
    /// Other ids that stand for one of them, by its place.
    aliases: HashMap<Arc<str>, u32, ahash::RandomState>,
}

impl Enis {
    /// Everything that the logs and the tables know.
    #[must_use]
    pub fn new(logged: Interfaces, tables: &Tables) -> Self {
        let mut owns = known(&logged, tables);
        drop(logged);
        for nat in &tables.nat_gateways {
            if nat.regional {
                let own = owns.get_or_insert(&nat.id);
                own.role = Role::RegionalNat;
                let names = Arc::make_mut(&mut own.names);
                names.vpc = names.vpc.take().or_else(|| nat.vpc.clone());
                names.account = names.account.take().or_else(|| nat.account.clone());
            }
            for id in &nat.interfaces {
                if let Some(own) = owns.get_mut(id) {
                    own.resource = Some(Arc::clone(&nat.id));
                }
            }
        }
        for (endpoint, role) in tables.endpoints.iter().filter_map(|one| Some((one, one.kind.role()?))) {
            for id in &endpoint.interfaces {
                if let Some(own) = owns.get_mut(id) {
                    (own.role, own.resource) = (role, Some(Arc::clone(&endpoint.id)));
                }
            }
        }
        let aliases = name_gateways(&mut owns, tables);
        let mut enis = Self { interfaces: owns.0, aliases: HashMap::default() };
        let aliases = aliases.into_iter().filter_map(|(alias, id)| Some((alias, enis.place(&id)?))).collect();
        enis.aliases = aliases;
        enis
    }

    pub(super) fn place(&self, id: &str) -> Option<u32> {
        let place = place_of(&self.interfaces, id).ok();
        place.and_then(|place| u32::try_from(place).ok()).or_else(|| self.aliases.get(id).copied())
    }
}

/// The interfaces of the logs and of the inventory.
fn known(logged: &Interfaces, tables: &Tables) -> ById {
    let mut commons = Commons::default();
    let listed = tables.interfaces.iter().map(|known| (&*known.id, listed_eni(known, &mut commons)));
    let (mut listed, mut texts): (BTreeMap<_, _>, Texts) = (listed.collect(), Texts::default());
    let is_nameless = |id: &[u8]| id.starts_with(NAMELESS.as_bytes());
    // In a format without interface ids, missing ids prove nothing.
    let named = logged.iter().any(|(id, _)| !is_nameless(id));
    let mut owns = Vec::with_capacity(logged.len() + listed.len());
    for (id, interface) in logged.iter().filter(|(id, _)| named || !is_nameless(id)) {
        let id = String::from_utf8_lossy(id);
        let mut own = listed.remove(&*id).unwrap_or_else(|| Eni { id: id.into(), ..Eni::default() });
        learn(&mut own, &interface, &mut texts, &mut commons);
        owns.push(own);
    }
    owns.extend(listed.into_values());
    owns.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    ById(owns)
}

fn listed_eni(known: &ListedEni, commons: &mut Commons) -> Eni {
    let names = EniNames {
        account: known.account.clone(),
        region: known.region.clone(),
        vpc: known.vpc.clone(),
        subnet: known.subnet.clone(),
        zone: known.zone.clone(),
    };
    Eni {
        id: Arc::clone(&known.id),
        names: commons.one(names),
        instance: known.instance.clone(),
        role: known.role,
        resource: known.resource.clone(),
        listed: Some(Box::new(Listed {
            addresses: known.addresses.clone(),
            prefixes: known.prefixes.clone(),
            has_public: !known.public.is_empty(),
        })),
        ..Eni::default()
    }
}

/// Merges what the records show. The account `unknown` counts as none.
fn learn(own: &mut Eni, interface: &Interface<'_>, texts: &mut Texts, commons: &mut Commons) {
    let mut attribute =
        |column: Column| interface.attribute(column).map(|text| texts.one(&String::from_utf8_lossy(text)));
    let account = attribute(Column::AccountId).filter(|account| &**account != "unknown");
    commons.change(own, |names| {
        names.account = account.or_else(|| names.account.take());
        for (value, column) in [
            (&mut names.region, Column::Region),
            (&mut names.vpc, Column::VpcId),
            (&mut names.subnet, Column::SubnetId),
            (&mut names.zone, Column::AzId),
        ] {
            *value = attribute(column).or_else(|| value.take());
        }
        // Records of a sublocation have no az-id (VPC user guide, "Flow log records"); an Outpost is no zone.
        let sublocation = attribute(Column::SublocationId).filter(|id| edge::is_zone(id));
        names.zone = sublocation.or_else(|| names.zone.take());
        let of_zone = || names.zone.as_deref().and_then(region::of_zone_id).map(Arc::from);
        names.region = names.region.take().or_else(of_zone);
    });
    own.instance = attribute(Column::InstanceId).or_else(|| own.instance.take());
    let owners = LoggedOwners { tags: TAG_COLUMNS.map(&mut attribute), ecs_service: attribute(Column::EcsServiceName) };
    own.owners = (owners != LoggedOwners::default()).then(|| Box::new(owners));
    own.logged = interface.records.logged;
    let gaps = interface.records.gaps();
    own.gaps = (!gaps.is_empty()).then(|| Box::new(Gaps(gaps.to_vec())));
    own.role = match attribute(Column::InterfaceType).as_deref() {
        Some("nat_gateway") => Role::Nat,
        Some("regional_nat_gateway") => Role::RegionalNat,
        Some("transit_gateway") => Role::TransitGateway,
        Some("vpc_endpoint") if own.role != Role::GatewayLoadBalancerEndpoint => Role::Endpoint,
        _ if own.id.starts_with("nat-") || own.id.starts_with(NAMELESS) => Role::RegionalNat,
        _ => own.role,
    };
}

/// A VPC, or a placeholder if the logs do not name it: the interfaces of one flow log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Vpc {
    /// None where it is not known.
    pub(super) id: Name,
    pub(super) account: Name,
    pub(super) region: Name,
    /// What identifies interfaces without an id.
    flow_log: Name,
}

impl Vpc {
    /// Whether a network is the VPC's; of one without a name, whether account and region allow that.
    fn may_have(&self, network: &Network) -> bool {
        match &self.id {
            Some(id) => network.vpc.as_ref() == Some(id),
            None => {
                let same = |one: &Name, other: &Name| one.is_none() || other.is_none() || one == other;
                network.vpc.is_some() && same(&network.account, &self.account) && same(&network.region, &self.region)
            }
        }
    }
}

/// Everything known of the estate.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) interfaces: Vec<Eni>,
    pub(super) vpcs: Vec<Vpc>,
    vpc_places: HashMap<Arc<str>, u32, ahash::RandomState>,
    holders: Holders,
    /// Who holds whole prefixes.
    delegated: Prefixes<Vec<Holder>>,
    /// Own public addresses: VPC and address inside.
    publics: HashMap<u128, (u32, u128), ahash::RandomState>,
    networks: Vec<Network>,
    by_prefix: Prefixes<Vec<u32>>,
    /// The VPCs of the networks, by their places.
    network_vpcs: Vec<Option<u32>>,
    accounts: HashSet<Arc<str>, ahash::RandomState>,
    /// The NAT gateways of a VPC, by the inventory: of each the first interface.
    nats: HashMap<u32, Vec<u32>, ahash::RandomState>,
    /// VPCs with their gateway endpoints' services, by the inventory.
    gateway_endpoints: HashMap<u32, Vec<Arc<str>>, ahash::RandomState>,
    /// AWS services of addresses outside the published ranges, as named in the records.
    services: HashMap<u128, Arc<str>, ahash::RandomState>,
    /// VPCs whose interfaces the inventory has.
    listed: HashSet<u32, ahash::RandomState>,
    /// By interface: its flow logs, the best first, where there are several.
    pub(super) flow_logs: HashMap<u32, Vec<FlowLog>, ahash::RandomState>,
    /// By VPC and address: the interfaces that had it, where there are several.
    successive: HashMap<(u32, u128), Vec<u32>, ahash::RandomState>,
    changes: Changes,
}

impl Estate {
    /// Builds the estate from tables and records.
    #[must_use]
    pub(super) fn new(enis: Enis, tables: &Tables, learnt: &Learnt) -> Self {
        let mut by_prefix: BTreeMap<_, Vec<u32>> = BTreeMap::new();
        for (place, network) in (0..).zip(&tables.networks) {
            by_prefix.entry(network.prefix).or_default().push(place);
        }
        let mut estate = Self {
            interfaces: enis.interfaces,
            vpcs: Vec::new(),
            vpc_places: HashMap::default(),
            holders: Holders::default(),
            delegated: Prefixes::default(),
            publics: HashMap::default(),
            networks: tables.networks.clone(),
            by_prefix: Prefixes::new(by_prefix),
            network_vpcs: Vec::new(),
            accounts: HashSet::default(),
            nats: HashMap::default(),
            gateway_endpoints: HashMap::default(),
            services: learnt.services.clone(),
            listed: HashSet::default(),
            flow_logs: learnt.several_flow_logs(),
            successive: HashMap::default(),
            changes: Changes::default(),
        };
        learnt.complete(&mut estate.interfaces);
        estate.settle_vpcs(learnt);
        estate.settle_holders(tables, learnt);
        estate.settle_gateways(tables);
        estate.listed = estate.interfaces.iter().filter(|own| own.is_listed()).map(|own| own.vpc).collect();
        let accounts = estate.interfaces.iter().map(|own| &own.names.account);
        estate.accounts =
            accounts.chain(estate.networks.iter().map(|network| &network.account)).flatten().cloned().collect();
        estate.settle_changes();
        estate
    }

    fn settle_gateways(&mut self, tables: &Tables) {
        let mut gateways: BTreeMap<u32, Vec<(Name, u32)>> = BTreeMap::new();
        for (place, own) in (0u32..).zip(&self.interfaces).filter(|(_, own)| own.is_nat() && own.is_listed()) {
            let id = own.resource.clone().or_else(|| Some(Arc::clone(&own.id)));
            gateways.entry(own.vpc).or_default().push((id, place));
        }
        for nat in tables.nat_gateways.iter().filter(|nat| nat.regional) {
            let place =
                self.interfaces.binary_search_by(|own| own.id.cmp(&nat.id)).ok().and_then(|p| u32::try_from(p).ok());
            if let Some(place) = place.filter(|place| !self.interfaces[*place as usize].is_listed()) {
                let vpc = self.interfaces[place as usize].vpc;
                gateways.entry(vpc).or_default().push((Some(Arc::clone(&nat.id)), place));
            }
        }
        for endpoint in tables.endpoints.iter().filter(|endpoint| endpoint.kind == EndpointKind::Gateway) {
            let vpc = endpoint.vpc.as_ref().and_then(|vpc| self.vpc_of_id(vpc));
            if let (Some(vpc), Some(service)) = (vpc, &endpoint.service) {
                self.gateway_endpoints.entry(vpc).or_default().push(Arc::clone(service));
            }
        }
        for (vpc, mut found) in gateways {
            found.dedup_by(|one, other| one.0 == other.0);
            self.nats.insert(vpc, found.into_iter().map(|(_, place)| place).collect());
        }
    }

    /// The NAT gateways of a VPC, by the inventory.
    pub(super) fn nats_of(&self, vpc: Option<u32>) -> &[u32] {
        vpc.and_then(|vpc| self.nats.get(&vpc)).map_or(&[], Vec::as_slice)
    }

    /// The place of a VPC by its id.
    pub(super) fn vpc_of_id(&self, id: &str) -> Option<u32> {
        self.vpc_places.get(id).copied()
    }

    /// The AWS service of an address outside the published ranges.
    pub(super) fn service(&self, address: u128) -> Option<&Arc<str>> {
        self.services.get(&address)
    }

    /// Whether two VPCs are known to be different ones; those without a name may be any.
    pub(super) fn apart(&self, one: Option<u32>, other: u32) -> bool {
        let id = |vpc: u32| self.vpcs[vpc as usize].id.as_ref();
        one.is_some_and(|one| one != other && id(one).is_some() && id(other).is_some())
    }

    /// Whether the inventory has a gateway endpoint of a service in a VPC.
    pub(super) fn has_gateway_endpoint(&self, vpc: u32, service: &str) -> bool {
        let mut services = self.gateway_endpoints.get(&vpc).into_iter().flatten();
        services.any(|known| known.eq_ignore_ascii_case(service))
    }

    /// An own public address as VPC and address inside.
    pub(super) fn inside(&self, public: u128) -> Option<(u32, u128)> {
        self.publics.get(&public).copied()
    }

    /// Whether an account is the estate's.
    pub(super) fn owns(&self, account: &Name) -> bool {
        account.as_ref().is_some_and(|account| self.accounts.contains(account))
    }

    /// Every network that an address lies in, the longest prefix first.
    fn networks_of(&self, address: u128) -> impl Iterator<Item = &Network> {
        self.by_prefix.all(address).flat_map(|(_, places)| places).map(|place| &self.networks[*place as usize])
    }

    /// Whether a network of the tables has the address, that of a VPC or, where none is given, of any.
    pub(super) fn is_in_network(&self, vpc: Option<u32>, address: u128) -> bool {
        self.networks_of(address).any(|network| match vpc {
            None => network.vpc.is_some(),
            Some(vpc) => self.vpcs[vpc as usize].may_have(network),
        })
    }

    /// The longest network of a VPC (or of no VPC) that contains the address, completed by the containing networks.
    pub(super) fn network(&self, vpc: Option<u32>, address: u128) -> Option<Network> {
        let fits = |network: &&Network| match vpc {
            None => network.vpc.is_none(),
            Some(vpc) => self.vpcs[vpc as usize].may_have(network),
        };
        let mut found: Option<Network> = None;
        for network in self.networks_of(address).filter(fits) {
            let Some(found) = &mut found else {
                found = Some(network.clone());
                continue;
            };
            // Of a nameless VPC several may fit: what they differ in is not known.
            let differs = network.prefix == found.prefix && network.zone != found.zone;
            found.zone = if differs { None } else { found.zone.take().or_else(|| network.zone.clone()) };
            found.subnet = if network.prefix == found.prefix { None } else { found.subnet.take() };
            found.name = found.name.take().or_else(|| network.name.clone());
            found.account = found.account.take().or_else(|| network.account.clone());
            found.region = found.region.take().or_else(|| network.region.clone());
        }
        found
    }
}
