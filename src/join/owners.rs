//! Owners of endpoints over time, from tag tables, the inventory and the records.
//!
//! For each key and time the most specific source wins: interface, instance, the NAT gateway or endpoint behind an
//! interface, address in a VPC, address, subnet, longest CIDR, VPC, account. A row of a tag table precedes an inventory
//! tag of the same kind of resource, because the inventory is an undated snapshot. Without any, the v11 tag column of
//! the key is used, then the ECS service name, for every requested key.
//!
//! Which interface held an address when, and whether an end is the estate's own, is for the caller to know. Keys are
//! compared as written, as AWS does: `Team` and `team` are two.

mod claims;
mod fault;
mod read;
mod resource;
mod row;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::claims::{Claims, Place};
pub use self::read::TagTable;
use self::resource::Resource;
pub use self::timeline::Timeline;
use super::tables::{Name, ResourceTags};
use crate::error::{Error, nearest};
use crate::schema::ABSENT_ADDRESS;

/// Shown for endpoints of the estate without an owner.
pub const UNALLOCATED: &str = "(unallocated)";
/// Shown for external endpoints without a row.
pub const EXTERNAL: &str = "(external)";
/// Rows that are no owner's: an owner of that name would be added to what they stand for.
const RESERVED: [&str; 7] = [UNALLOCATED, EXTERNAL, "(other)", "(total)", "(free)", "(unpriced)", "(unexplained)"];
/// How many of the keys that there are an error lists.
pub const KEYS_SHOWN_MAX: usize = 20;

/// Identity of an endpoint. For an external one only the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndFacts {
    /// `eni-…`
    pub interface: Name,
    /// `i-…`
    pub instance: Name,
    /// The NAT gateway or endpoint that the interface belongs to: `nat-…`, `vpce-…`.
    pub resource: Name,
    /// `vpc-…`
    pub vpc: Name,
    /// Its address, or [`ABSENT_ADDRESS`].
    pub address: u128,
    /// `subnet-…`
    pub subnet: Name,
    /// Twelve digits.
    pub account: Name,
    /// What the v11 column says that was chosen for the key requested.
    pub tag: Name,
    /// The name of its ECS service.
    pub ecs_service: Name,
}

/// Owners by the keys that were requested.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    keys: Vec<Index>,
    /// Each key requested, and whether any end had an owner by it.
    matched: Vec<(Arc<str>, Arc<AtomicBool>)>,
    /// What is odd without being wrong.
    pub warnings: Vec<String>,
}

impl Owners {
    /// Owners by these keys, from the tag tables, the tags of the inventory, and v11 columns.
    ///
    /// # Errors
    /// A usage error for an unknown key.
    pub fn of(
        keys: &[Arc<str>],
        table: &TagTable,
        listed: &[ResourceTags],
        v11_keys: &[Arc<str>],
    ) -> Result<Self, Error> {
        let listed: Vec<_> =
            listed.iter().filter_map(|of| Some((Resource::parse(&of.resource).ok()?, &of.tags[..]))).collect();
        let mut there: BTreeSet<&str> = table.keys().chain(v11_keys.iter().map(AsRef::as_ref)).collect();
        there.extend(listed.iter().flat_map(|(_, tags)| tags.iter().map(|(key, _)| &**key)));
        if let Some(unknown) = keys.iter().find(|key| !there.contains(&***key)) {
            return Err(unknown_key(unknown, &there));
        }
        let mut warnings = table.warnings.clone();
        let index = |key: &Arc<str>| Index::of(key, table, &listed, &mut warnings);
        let matched = keys.iter().map(|key| (Arc::clone(key), Arc::default())).collect();
        let keys = keys.iter().map(index).collect();
        Ok(Self { keys, matched, warnings })
    }

    /// Whether any row is about the address itself, or a CIDR around it.
    #[must_use]
    pub fn tell_of(&self, address: u128) -> bool {
        let has_owner = |index: &Index| {
            let mut resources = index.networks(address).chain([Resource::Address(address)]);
            resources.any(|resource| index.by_resource.contains_key(&resource))
        };
        self.keys.iter().any(has_owner)
    }

    /// Who owns an end, over all time, by the key at this place of those requested.
    #[must_use]
    pub fn timeline(&self, key: usize, end: &EndFacts) -> Timeline {
        let last = end.tag.as_ref().or(end.ecs_service.as_ref()).map(tag);
        let sources = self.keys.get(key).map(|index| index.sources(end)).unwrap_or_default();
        if let Some((_, matched)) = self.matched.get(key).filter(|_| last.is_some() || !sources.is_empty()) {
            matched.store(true, Ordering::Relaxed);
        }
        Timeline::of(&sources, last.as_ref())
    }

    /// The rows of tag tables on the key at this place: how many, and those that no end that was looked up is about.
    #[must_use]
    pub fn rows(&self, key: usize) -> TagRows {
        let mut rows = TagRows::default();
        let entries = self.keys.get(key).into_iter().flat_map(|index| &index.by_resource);
        for (resource, entry) in entries {
            rows.all += entry.claims.rows().len() as u64;
            if !entry.is_met.load(Ordering::Relaxed) {
                let unmet = entry.claims.rows().iter().map(|claim| UnmetRow {
                    file: claim.place.file,
                    line: claim.place.line,
                    resource: resource.to_string(),
                    owner: Arc::clone(&claim.owner),
                });
                rows.unmet.extend(unmet);
            }
        }
        rows.unmet.sort_by_key(|row| Place { file: row.file, line: row.line });
        rows
    }

    /// The requested keys by which no end that was looked up has an owner.
    pub fn unmatched(&self) -> impl Iterator<Item = &Arc<str>> {
        self.matched.iter().filter(|(_, matched)| !matched.load(Ordering::Relaxed)).map(|(key, _)| key)
    }
}

/// Rows of tag tables on a key.
#[derive(Clone, Debug, Default)]
pub struct TagRows {
    /// How many; of rows that repeat another one, one.
    pub all: u64,
    /// Those that no end is about, in the order of the tables.
    pub unmet: Vec<UnmetRow>,
}

/// A row that no end is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmetRow {
    /// The table, counted from 0.
    pub file: usize,
    /// The line, counted from 1.
    pub line: u64,
    /// What it is about.
    pub resource: String,
    /// Whose that is.
    pub owner: Arc<str>,
}

/// Whether a name stands for what is no owner's.
fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// A tag's value as an owner. What AWS was told cannot be refused here, so a reserved name is marked.
fn tag(value: &Arc<str>) -> Arc<str> {
    if is_reserved(value) { format!("{value} (tag)").into() } else { Arc::clone(value) }
}

fn unknown_key(key: &str, there: &BTreeSet<&str>) -> Error {
    let error = Error::usage(format!("unknown owner key `{key}`"));
    if there.is_empty() {
        return error.hint("add a tag table (--tags FILE) or a v11 column (--v11-tag interface-tag=team)");
    }
    let same = there.iter().find(|other| other.eq_ignore_ascii_case(key)).copied();
    let near = same.or_else(|| nearest(key, there.iter().copied()));
    let error = near.iter().fold(error, |error, near| error.hint(format!("did you mean `{near}`?")));
    let listed = there.iter().take(KEYS_SHOWN_MAX).copied().collect::<Vec<_>>().join(", ");
    let more = there.len().saturating_sub(KEYS_SHOWN_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    error.hint(format!("the keys are {listed}{more}"))
}

/// A resource of the inventory and its tags.
type Listed<'a> = (Resource, &'a [(Arc<str>, Arc<str>)]);

/// The statements on a resource, and whether any end is one of its; clones of it share that.
#[derive(Clone, Debug, Default)]
struct Entry {
    claims: Claims,
    is_met: Arc<AtomicBool>,
}

/// All statements on one key.
#[derive(Clone, Debug, Default)]
struct Index {
    by_resource: HashMap<Resource, Entry>,
    /// The lengths of the CIDRs among the resources, the longest first.
    network_bits: Vec<u8>,
}

impl Index {
    fn of(key: &str, table: &TagTable, listed: &[Listed<'_>], warnings: &mut Vec<String>) -> Self {
        let claims = table.claims(key).into_iter().flatten();
        let entry = |(resource, claims): (&Resource, &Claims)| {
            (resource.clone(), Entry { claims: claims.clone(), is_met: Arc::default() })
        };
        let mut by_resource: HashMap<Resource, Entry> = claims.map(entry).collect();
        for (resource, tags) in listed {
            // An empty value says as little as an empty cell.
            let Some((_, owner)) = tags.iter().find(|(other, value)| &**other == key && !value.is_empty()) else {
                continue;
            };
            let first = by_resource.entry(resource.clone()).or_default();
            let owner = &tag(owner);
            let first = first.claims.listed.get_or_insert_with(|| owner.clone());
            if first != owner {
                let message = format!("the inventory lists {resource} with {key} `{first}` and `{owner}`");
                warnings.push(format!("{message}: using the first, `{first}`"));
            }
        }
        let mut network_bits: Vec<u8> = by_resource.keys().filter_map(Resource::network_bits).collect();
        network_bits.sort_unstable_by(|a, b| b.cmp(a));
        network_bits.dedup();
        Self { by_resource, network_bits }
    }

    /// Statements on an endpoint, most specific first.
    fn sources(&self, end: &EndFacts) -> Vec<&Claims> {
        let address = (end.address != ABSENT_ADDRESS).then_some(end.address);
        let named = [
            end.interface.clone().map(Resource::Interface),
            end.instance.clone().map(Resource::Instance),
            end.resource.clone().map(Resource::Managed),
            end.vpc.clone().zip(address).map(|(vpc, address)| Resource::AddressInVpc(vpc, address)),
            address.map(Resource::Address),
            end.subnet.clone().map(Resource::Subnet),
        ];
        let networks = address.into_iter().flat_map(|address| self.networks(address));
        let wide = [end.vpc.clone().map(Resource::Vpc), end.account.clone().map(Resource::Account)];
        let resources = named.into_iter().flatten().chain(networks).chain(wide.into_iter().flatten());
        let entries = resources.filter_map(|resource| self.by_resource.get(&resource));
        entries.inspect(|entry| entry.is_met.store(true, Ordering::Relaxed)).map(|entry| &entry.claims).collect()
    }

    /// The CIDRs that may hold an address, the longest first.
    fn networks(&self, address: u128) -> impl Iterator<Item = Resource> {
        self.network_bits.iter().filter_map(move |bits| Resource::network_of(address, *bits))
    }
}
