//! What the user's tables list of gateways and networks, as far as recommendations need it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::join::tables::{EndpointKind, ListedEni, Name, Role, Tables};
use crate::units::address::Prefix;

/// A gateway, endpoint or attachment that is paid by the hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: Arc<str>,
    pub(super) vpc: Name,
    pub(super) account: Name,
    pub(super) region: Name,
    /// Of a NAT gateway in one zone.
    pub(super) zone: Name,
    /// Its interfaces; none for a regional NAT gateway.
    pub(super) interfaces: Vec<Arc<str>>,
    /// How many public addresses it has.
    pub(super) addresses: usize,
}

/// The tables' gateways and networks.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    pub(super) nats: Vec<Listed>,
    /// Interface endpoints.
    pub(super) endpoints: Vec<Listed>,
    /// Attachments of VPCs to transit gateways: one a VPC, as interfaces do not say which attachment they are of.
    pub(super) attachments: Vec<Listed>,
    /// VPCs with their gateway endpoints: service in upper case, and id.
    pub(super) gateway_endpoints: BTreeMap<(Arc<str>, String), Arc<str>>,
    networks: BTreeMap<Arc<str>, BTreeSet<Prefix>>,
}

impl Inventory {
    /// What tables list.
    #[must_use]
    pub fn of(tables: &Tables) -> Self {
        let enis: BTreeMap<&str, &ListedEni> = tables.interfaces.iter().map(|eni| (&*eni.id, eni)).collect();
        let first = |ids: &[Arc<str>]| ids.iter().find_map(|id| enis.get(&**id).copied());
        let mut inventory = Self::default();
        for nat in &tables.nat_gateways {
            let eni = first(&nat.interfaces);
            let vpc = nat.vpc.clone().or_else(|| eni.and_then(|eni| eni.vpc.clone()));
            inventory.nats.push(Listed {
                id: Arc::clone(&nat.id),
                account: nat.account.clone().or_else(|| eni.and_then(|eni| eni.account.clone())),
                region: eni.and_then(|eni| eni.region.clone()).or_else(|| region_of(tables, &vpc)),
                zone: eni.filter(|_| !nat.regional).and_then(|eni| eni.zone.clone()),
                vpc,
                interfaces: nat.interfaces.clone(),
                addresses: nat.public.len(),
            });
        }
        for endpoint in &tables.endpoints {
            let eni = first(&endpoint.interfaces);
            match (&endpoint.kind, &endpoint.vpc, &endpoint.service) {
                (EndpointKind::Gateway, Some(vpc), Some(service)) => {
                    let key = (Arc::clone(vpc), service.to_uppercase());
                    inventory.gateway_endpoints.insert(key, Arc::clone(&endpoint.id));
                }
                (EndpointKind::Interface, ..) => inventory.endpoints.push(Listed {
                    id: Arc::clone(&endpoint.id),
                    vpc: endpoint.vpc.clone(),
                    account: endpoint.account.clone(),
                    region: eni.and_then(|eni| eni.region.clone()).or_else(|| region_of(tables, &endpoint.vpc)),
                    zone: None,
                    interfaces: endpoint.interfaces.clone(),
                    addresses: 0,
                }),
                _ => {}
            }
        }
        inventory.add_attachments(tables);
        for network in &tables.networks {
            if let Some(vpc) = &network.vpc {
                inventory.networks.entry(Arc::clone(vpc)).or_default().insert(network.prefix);
            }
        }
        inventory
    }

    fn add_attachments(&mut self, tables: &Tables) {
        let mut by_vpc: BTreeMap<Arc<str>, Listed> = BTreeMap::new();
        for eni in tables.interfaces.iter().filter(|eni| eni.role == Role::TransitGateway) {
            let Some(vpc) = &eni.vpc else { continue };
            let listed = by_vpc.entry(Arc::clone(vpc)).or_insert_with(|| Listed {
                id: Arc::clone(vpc),
                vpc: eni.vpc.clone(),
                account: eni.account.clone(),
                region: eni.region.clone().or_else(|| region_of(tables, &eni.vpc)),
                ..Listed::default()
            });
            listed.interfaces.push(Arc::clone(&eni.id));
        }
        self.attachments = by_vpc.into_values().collect();
    }

    /// Whether nothing is listed that has a price by the hour.
    pub(super) fn is_empty(&self) -> bool {
        self.nats.is_empty() && self.endpoints.is_empty() && self.attachments.is_empty()
    }

    /// The VPC of a NAT gateway, by its id or that of an interface of it.
    pub(super) fn vpc_of_nat(&self, id: &str) -> Option<&str> {
        let is_it = |nat: &&Listed| *nat.id == *id || nat.interfaces.iter().any(|interface| **interface == *id);
        self.nats.iter().find(is_it)?.vpc.as_deref()
    }

    /// Whether two VPCs have addresses in common, so that they cannot be peered.
    pub(super) fn overlap(&self, one: &str, other: &str) -> bool {
        let of = |vpc: &str| self.networks.get(vpc).into_iter().flatten();
        let meets = |one: &Prefix, other: &Prefix| one.contains(other.first) || other.contains(one.first);
        of(one).any(|one| of(other).any(|other| meets(one, other)))
    }
}

/// The region of a VPC, by its networks.
fn region_of(tables: &Tables, vpc: &Name) -> Name {
    vpc.as_ref()?;
    tables.networks.iter().find(|network| network.vpc == *vpc && network.region.is_some())?.region.clone()
}
