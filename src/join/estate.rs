//! The estate as far as it is known: interfaces of the logs and of the inventory, their VPCs, and who holds which
//! address when.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::learn::Learnt;
use super::prefixes::Prefixes;
use super::tables::{EndpointKind, KnownInterface, Name, Network, Role, Tables};
use crate::group::{Interface, Interfaces, NAMELESS};
use crate::schema::{Column, region};

/// Seconds before its first and after its last record that an interface counts as watched: what a record's start may be
/// off by ("up to 60 seconds", VPC user guide, "Flow log records").
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

/// An interface of the estate.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    pub(super) id: Arc<str>,
    pub(super) account: Name,
    pub(super) region: Name,
    pub(super) vpc_id: Name,
    pub(super) subnet: Name,
    pub(super) zone: Name,
    pub(super) instance: Name,
    pub(super) role: Role,
    /// Whether the inventory has it.
    pub(super) told: bool,
    /// Whether the inventory has a public address of it.
    pub(super) has_public: bool,
    /// First and last moment of its records; none if it is not logged.
    pub(super) watched: Option<(u32, u32)>,
    pub(super) gaps: Vec<(u32, u32)>,
    /// By the place in [`TAG_COLUMNS`].
    pub(super) tags: [Name; TAG_COLUMNS.len()],
    pub(super) ecs_service: Name,
    /// Its addresses inside the VPC as the inventory has them.
    pub(super) addresses: Vec<u128>,
    /// The NAT gateway or endpoint that it belongs to.
    pub(super) resource: Name,
    /// Its VPC, by its place in the estate.
    pub(super) vpc: u32,
}

impl Own {
    /// Whether its records of a moment would be in the input.
    pub(super) fn is_watched(&self, moment: u32) -> bool {
        let within = |(from, to): (u32, u32)| {
            (from.saturating_sub(WATCH_SLACK_SECONDS)..=to.saturating_add(WATCH_SLACK_SECONDS)).contains(&moment)
        };
        self.watched.is_some_and(within) && !self.gaps.iter().any(|(from, to)| (*from..=*to).contains(&moment))
    }

    /// Whether that changes between two moments, or inside.
    pub(super) fn watch_changes(&self, from: u32, to: u32) -> bool {
        let inside = |moment: u32| from < moment && moment <= to;
        let edges = self.watched.map(|(first, last)| {
            [first.saturating_sub(WATCH_SLACK_SECONDS), last.saturating_add(WATCH_SLACK_SECONDS + 1)]
        });
        edges.is_some_and(|edges| edges.into_iter().any(inside))
            || self.gaps.iter().any(|(first, last)| inside(*first) || inside(last.saturating_add(1)))
    }

    /// Whether its records are of traffic on its way between others.
    pub(super) fn is_hop(&self) -> bool {
        matches!(self.role, Role::Nat | Role::RegionalNat | Role::TransitGateway | Role::GatewayLoadBalancer)
    }

    pub(super) fn is_nat(&self) -> bool {
        matches!(self.role, Role::Nat | Role::RegionalNat)
    }
}

/// Interfaces of the logs and of the inventory, in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    pub(super) interfaces: Vec<Own>,
    places: HashMap<Arc<str>, u32, ahash::RandomState>,
}

impl Roster {
    /// Whatever the logs and the tables know.
    #[must_use]
    pub fn new(logged: &Interfaces, tables: &Tables) -> Self {
        let mut owns: BTreeMap<Arc<str>, Own> = BTreeMap::new();
        for known in &tables.interfaces {
            owns.insert(Arc::clone(&known.id), told(known));
        }
        let is_nameless = |id: &[u8]| id.starts_with(NAMELESS.as_bytes());
        // A format without interfaces tells nothing by their absence.
        let named = logged.iter().any(|(id, _)| !is_nameless(id));
        for (id, interface) in logged.iter().filter(|(id, _)| named || !is_nameless(id)) {
            let id: Arc<str> = String::from_utf8_lossy(id).into();
            let own = owns.entry(Arc::clone(&id)).or_insert_with(|| Own { id, ..Own::default() });
            learn(own, interface);
        }
        for nat in &tables.nat_gateways {
            if nat.regional {
                let own = owns
                    .entry(Arc::clone(&nat.id))
                    .or_insert_with(|| Own { id: Arc::clone(&nat.id), ..Own::default() });
                own.role = Role::RegionalNat;
                own.vpc_id = own.vpc_id.take().or_else(|| nat.vpc.clone());
                own.account = own.account.take().or_else(|| nat.account.clone());
            }
            for id in &nat.interfaces {
                if let Some(own) = owns.get_mut(id) {
                    own.resource = Some(Arc::clone(&nat.id));
                }
            }
        }
        for endpoint in tables.endpoints.iter().filter(|endpoint| endpoint.kind == EndpointKind::Interface) {
            for id in &endpoint.interfaces {
                if let Some(own) = owns.get_mut(id) {
                    (own.role, own.resource) = (Role::Endpoint, Some(Arc::clone(&endpoint.id)));
                }
            }
        }
        let aliases = name_gateways(&mut owns, tables);
        let interfaces: Vec<Own> = owns.into_values().collect();
        let mut places: HashMap<_, u32, _> =
            (0..).zip(&interfaces).map(|(place, own)| (Arc::clone(&own.id), place)).collect();
        for (alias, id) in aliases {
            if let Some(place) = places.get(&id).copied() {
                places.insert(alias, place);
            }
        }
        Self { interfaces, places }
    }

    pub(super) fn place(&self, id: &str) -> Option<u32> {
        self.places.get(id).copied()
    }
}

/// Puts what nameless records tell to the only regional NAT gateway that the inventory has in their VPC; gives the ids
/// that stood for them, and the gateways'.
fn name_gateways(owns: &mut BTreeMap<Arc<str>, Own>, tables: &Tables) -> Vec<(Arc<str>, Arc<str>)> {
    let nameless: Vec<Arc<str>> = owns.keys().filter(|id| id.starts_with(NAMELESS)).cloned().collect();
    let mut aliases = Vec::new();
    for id in nameless {
        let Some(vpc) = owns.get(&id).and_then(|own| own.vpc_id.clone()) else { continue };
        let mut here = tables.nat_gateways.iter().filter(|nat| nat.regional && nat.vpc.as_ref() == Some(&vpc));
        let (Some(only), None) = (here.next(), here.next()) else { continue };
        let Some(seen) = owns.remove(&id) else { continue };
        if let Some(own) = owns.get_mut(&only.id).filter(|own| own.watched.is_none()) {
            (own.watched, own.gaps) = (seen.watched, seen.gaps);
            own.account = own.account.take().or(seen.account);
            own.region = own.region.take().or(seen.region);
            aliases.push((id, Arc::clone(&only.id)));
        } else {
            owns.insert(id, seen);
        }
    }
    aliases
}

fn told(known: &KnownInterface) -> Own {
    Own {
        id: Arc::clone(&known.id),
        account: known.account.clone(),
        region: known.region.clone(),
        vpc_id: known.vpc.clone(),
        subnet: known.subnet.clone(),
        zone: known.zone.clone(),
        instance: known.instance.clone(),
        role: known.role,
        told: true,
        has_public: !known.public.is_empty(),
        addresses: known.addresses.clone(),
        ..Own::default()
    }
}

/// Adds what the records tell. An account that AWS calls `unknown` is none.
fn learn(own: &mut Own, interface: &Interface) {
    let attribute =
        |column: Column| -> Name { interface.attribute(column).map(|text| String::from_utf8_lossy(text).into()) };
    let either = |told: &mut Name, column: Column| *told = attribute(column).or_else(|| told.take());
    let account = attribute(Column::AccountId).filter(|account| &**account != "unknown");
    own.account = account.or_else(|| own.account.take());
    either(&mut own.region, Column::Region);
    either(&mut own.vpc_id, Column::VpcId);
    either(&mut own.subnet, Column::SubnetId);
    either(&mut own.zone, Column::AzId);
    either(&mut own.instance, Column::InstanceId);
    own.region = own.region.take().or_else(|| own.zone.as_deref().and_then(region::of_zone_id).map(Arc::from));
    own.ecs_service = attribute(Column::EcsServiceName);
    own.tags = TAG_COLUMNS.map(attribute);
    own.watched = interface.watched;
    own.gaps = interface.gaps().to_vec();
    own.role = match attribute(Column::InterfaceType).as_deref() {
        Some("nat_gateway") => Role::Nat,
        Some("regional_nat_gateway") => Role::RegionalNat,
        Some("transit_gateway") => Role::TransitGateway,
        Some("vpc_endpoint") => Role::Endpoint,
        _ if own.id.starts_with("nat-") || own.id.starts_with(NAMELESS) => Role::RegionalNat,
        _ => own.role,
    };
}

/// A VPC, or what stands for one where the logs do not name it: the interfaces of one flow log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Vpc {
    /// None where it is not known.
    pub(super) id: Name,
    pub(super) account: Name,
    pub(super) region: Name,
    /// What tells nameless ones apart.
    flow_log: Name,
}

/// Who holds an address.
#[derive(Clone, Copy, Debug)]
struct Holder {
    interface: u32,
    vpc: u32,
    /// Whether the address is the interface's as its records show it; else it was met inside of packets alone.
    direct: bool,
}

/// Everything known of the estate.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) interfaces: Vec<Own>,
    pub(super) vpcs: Vec<Vpc>,
    vpc_places: HashMap<Arc<str>, u32, ahash::RandomState>,
    holders: HashMap<u128, Vec<Holder>, ahash::RandomState>,
    /// Own public addresses: VPC and address inside.
    publics: HashMap<u128, (u32, u128), ahash::RandomState>,
    pub(super) networks: Vec<Network>,
    by_prefix: Prefixes<Vec<u32>>,
    accounts: HashSet<Arc<str>, ahash::RandomState>,
    /// The only NAT gateway of a VPC, by the inventory.
    pub(super) only_nat: HashMap<u32, u32, ahash::RandomState>,
    /// By interface: which flow log's records count, where there are several.
    pub(super) flow_logs: HashMap<u32, Name, ahash::RandomState>,
}

impl Estate {
    /// The estate by what was told and what the records taught.
    #[must_use]
    pub(super) fn new(roster: Roster, tables: &Tables, learnt: &Learnt) -> Self {
        let mut by_prefix: BTreeMap<_, Vec<u32>> = BTreeMap::new();
        for (place, network) in (0..).zip(&tables.networks) {
            by_prefix.entry(network.prefix).or_default().push(place);
        }
        let mut estate = Self {
            interfaces: roster.interfaces,
            vpcs: Vec::new(),
            vpc_places: HashMap::default(),
            holders: HashMap::default(),
            publics: HashMap::default(),
            networks: tables.networks.clone(),
            by_prefix: Prefixes::new(by_prefix),
            accounts: HashSet::default(),
            only_nat: HashMap::default(),
            flow_logs: HashMap::default(),
        };
        learnt.complete(&mut estate.interfaces);
        estate.settle_vpcs(learnt);
        estate.settle_holders(tables, learnt);
        estate.settle_gateways(tables);
        let accounts = estate.interfaces.iter().map(|own| &own.account);
        estate.accounts =
            accounts.chain(estate.networks.iter().map(|network| &network.account)).flatten().cloned().collect();
        estate.flow_logs = learnt.chosen_flow_logs();
        estate
    }

    /// Gives every interface its VPC: named by its records or the inventory, else the only one of the network table
    /// with its address, else one of the flow log's own.
    fn settle_vpcs(&mut self, learnt: &Learnt) {
        for network in self.networks.clone() {
            if let Some(id) = &network.vpc {
                let place = self.vpc(Vpc { id: Some(Arc::clone(id)), ..Vpc::default() });
                let vpc = &mut self.vpcs[place as usize];
                vpc.account = vpc.account.take().or(network.account);
                vpc.region = vpc.region.take().or(network.region);
            }
        }
        for place in 0..self.interfaces.len() {
            let own = &self.interfaces[place];
            let id = own.vpc_id.clone().or_else(|| self.vpc_by_addresses(own, &learnt.direct(place)));
            let flow_log = if id.is_some() { None } else { learnt.flow_log(place) };
            let (account, region) = (own.account.clone(), own.region.clone());
            let told = Vpc { id, account: account.clone(), region: region.clone(), flow_log };
            let vpc = self.vpc(told);
            let known = &mut self.vpcs[vpc as usize];
            known.account = known.account.take().or(account);
            known.region = known.region.take().or(region);
            self.interfaces[place].vpc = vpc;
        }
        for place in 0..self.interfaces.len() {
            let vpc = self.vpcs[self.interfaces[place].vpc as usize].clone();
            let own = &mut self.interfaces[place];
            own.account = own.account.take().or(vpc.account);
            own.region = own.region.take().or(vpc.region);
            own.vpc_id = own.vpc_id.take().or(vpc.id);
        }
        self.settle_subnets(learnt);
    }

    /// Subnets and zones by the network table, where the records and the inventory are silent.
    fn settle_subnets(&mut self, learnt: &Learnt) {
        for place in 0..self.interfaces.len() {
            let own = &self.interfaces[place];
            let of_subnet = |network: &&Network| network.subnet.is_some() && network.subnet == own.subnet;
            let by_subnet = || self.networks.iter().find(of_subnet).cloned();
            let direct = learnt.direct(place);
            let addresses = own.addresses.iter().chain(&direct);
            let network =
                by_subnet().or_else(|| addresses.clone().find_map(|address| self.network(Some(own.vpc), *address)));
            if let Some(network) = network {
                let own = &mut self.interfaces[place];
                own.subnet = own.subnet.take().or(network.subnet);
                own.zone = own.zone.take().or(network.zone);
            }
        }
    }

    /// The VPC whose network, and no other's of that account and region, holds all of an interface's addresses.
    fn vpc_by_addresses(&self, own: &Own, addresses: &[u128]) -> Name {
        let fits = |network: &&Network| {
            let same = |one: &Name, other: &Name| one.is_none() || other.is_none() || one == other;
            network.vpc.is_some() && same(&network.account, &own.account) && same(&network.region, &own.region)
        };
        let first = addresses.first()?;
        let mut vpcs: Vec<&Arc<str>> =
            self.networks_of(*first).filter(fits).filter_map(|network| network.vpc.as_ref()).collect();
        vpcs.sort();
        vpcs.dedup();
        match vpcs[..] {
            [only] => Some(Arc::clone(only)),
            _ => None,
        }
    }

    fn vpc(&mut self, vpc: Vpc) -> u32 {
        let key: Arc<str> = match &vpc.id {
            Some(id) => Arc::clone(id),
            None => {
                let part = |name: &Name| name.clone().unwrap_or_default();
                format!("\n{}\n{}\n{}", part(&vpc.account), part(&vpc.region), part(&vpc.flow_log)).into()
            }
        };
        if let Some(place) = self.vpc_places.get(&key) {
            return *place;
        }
        let place = u32::try_from(self.vpcs.len()).unwrap_or(u32::MAX);
        self.vpcs.push(vpc);
        self.vpc_places.insert(key, place);
        place
    }

    fn settle_holders(&mut self, tables: &Tables, learnt: &Learnt) {
        let mut holders: BTreeMap<u128, Vec<Holder>> = BTreeMap::new();
        for (interface, own) in (0u32..).zip(&self.interfaces) {
            let mut direct = learnt.direct(interface as usize);
            direct.extend(&own.addresses);
            direct.sort_unstable();
            direct.dedup();
            let inner = if own.is_hop() { Vec::new() } else { learnt.inner(interface as usize) };
            let held = direct.iter().map(|address| (*address, true));
            let met = inner.into_iter().filter(|address| !direct.contains(address)).map(|address| (address, false));
            for (address, direct) in held.chain(met) {
                holders.entry(address).or_default().push(Holder { interface, vpc: own.vpc, direct });
            }
        }
        for held in holders.values_mut() {
            let direct: Vec<u32> = held.iter().filter(|holder| holder.direct).map(|holder| holder.vpc).collect();
            held.retain(|holder| holder.direct || !direct.contains(&holder.vpc));
        }
        self.holders = holders.into_iter().collect();
        for known in &tables.interfaces {
            let place = self.interfaces.binary_search_by(|own| own.id.cmp(&known.id));
            let Ok(vpc) = place.map(|place| self.interfaces[place].vpc) else { continue };
            self.publics.extend(known.public.iter().map(|(public, private)| (*public, (vpc, *private))));
        }
    }

    fn settle_gateways(&mut self, tables: &Tables) {
        let mut gateways: BTreeMap<u32, Vec<(Name, u32)>> = BTreeMap::new();
        for (place, own) in (0u32..).zip(&self.interfaces).filter(|(_, own)| own.is_nat() && own.told) {
            let id = own.resource.clone().or_else(|| Some(Arc::clone(&own.id)));
            gateways.entry(own.vpc).or_default().push((id, place));
        }
        for nat in tables.nat_gateways.iter().filter(|nat| nat.regional) {
            let place =
                self.interfaces.binary_search_by(|own| own.id.cmp(&nat.id)).ok().and_then(|p| u32::try_from(p).ok());
            if let Some(place) = place.filter(|place| !self.interfaces[*place as usize].told) {
                let vpc = self.interfaces[place as usize].vpc;
                gateways.entry(vpc).or_default().push((Some(Arc::clone(&nat.id)), place));
            }
        }
        for (vpc, mut found) in gateways {
            found.dedup_by(|one, other| one.0 == other.0);
            if let [(_, place)] = found[..] {
                self.only_nat.insert(vpc, place);
            }
        }
    }

    /// An own public address as VPC and address inside.
    pub(super) fn inside(&self, public: u128) -> Option<(u32, u128)> {
        self.publics.get(&public).copied()
    }

    /// Whether an account is the estate's.
    pub(super) fn owns(&self, account: &Name) -> bool {
        account.as_ref().is_some_and(|account| self.accounts.contains(account))
    }

    /// The VPCs that an address may be of, by their places, in order.
    pub(super) fn vpcs_of(&self, address: u128) -> Vec<u32> {
        let held = self.holders.get(&address).into_iter().flatten().map(|holder| holder.vpc);
        let networks =
            self.networks_of(address).filter_map(|network| self.vpc_places.get(network.vpc.as_deref()?).copied());
        let mut vpcs: Vec<u32> = held.chain(networks).collect();
        vpcs.sort_unstable();
        vpcs.dedup();
        vpcs
    }

    /// Whether nothing tells of an address.
    pub(super) fn is_foreign(&self, address: u128) -> bool {
        let held = self.holders.contains_key(&address) || self.publics.contains_key(&address);
        !held && self.by_prefix.look_up(address).is_none()
    }

    /// Whether any address may be of several VPCs.
    pub(super) fn has_namesakes(&self) -> bool {
        let held = self.holders.keys().any(|address| self.vpcs_of(*address).len() > 1);
        held || self.networks.iter().any(|network| {
            let same = |other: &Network| other.vpc.is_some() && other.vpc != network.vpc;
            network.vpc.is_some() && self.networks_of(network.prefix.first).any(same)
        })
    }

    /// Whether an address means the same to everybody in a VPC at any time: no two interfaces hold it, and no two VPCs
    /// have it.
    pub(super) fn is_steady(&self, address: u128) -> bool {
        self.holders.get(&address).is_none_or(|held| held.len() < 2) && self.vpcs_of(address).len() < 2
    }

    /// Every network that an address lies in, the longest prefix first.
    fn networks_of(&self, address: u128) -> impl Iterator<Item = &Network> {
        self.by_prefix.all(address).flat_map(|(_, places)| places).map(|place| &self.networks[*place as usize])
    }

    /// The longest network of a VPC that has the address, or of none, with what containing networks tell besides.
    pub(super) fn network(&self, vpc: Option<u32>, address: u128) -> Option<Network> {
        let vpc = vpc.map(|vpc| &self.vpcs[vpc as usize]);
        let fits = |network: &&Network| match vpc {
            None => network.vpc.is_none(),
            Some(Vpc { id: Some(id), .. }) => network.vpc.as_ref() == Some(id),
            Some(nameless) => {
                let same = |one: &Name, other: &Name| one.is_none() || other.is_none() || one == other;
                network.vpc.is_some()
                    && same(&network.account, &nameless.account)
                    && same(&network.region, &nameless.region)
            }
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
            found.account = found.account.take().or_else(|| network.account.clone());
            found.region = found.region.take().or_else(|| network.region.clone());
        }
        found
    }

    /// The interface that holds an address of a VPC at a moment: one that is watched then, else one of the inventory,
    /// else the only one that ever did.
    pub(super) fn holder(&self, vpc: u32, address: u128, moment: u32) -> Option<u32> {
        let held = self.holders.get(&address)?;
        let mut here = held.iter().filter(|holder| holder.vpc == vpc);
        let own = |holder: &&Holder| &self.interfaces[holder.interface as usize];
        // One that an interface gave up and another has taken since is watched at both for the slack's length.
        let latest = |holder: &&Holder| own(holder).watched.map(|(from, _)| from);
        let watched = here.clone().filter(|holder| own(holder).is_watched(moment)).max_by_key(latest);
        let told = || here.clone().find(|holder| own(holder).told && own(holder).watched.is_none());
        let lost =
            || here.clone().find(|holder| own(holder).watched.is_some_and(|(from, to)| (from..=to).contains(&moment)));
        let found = watched.or_else(lost).or_else(told).copied();
        found.or_else(|| here.next().filter(|_| here.next().is_none()).copied()).map(|holder| holder.interface)
    }
}
