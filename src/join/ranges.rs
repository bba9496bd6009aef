//! AWS's published address ranges: in which region a public address is, and which service it belongs to.
//!
//! The file lists a prefix once for each service, ranges lie in one another, and they need not agree. The rule:
//!
//! - **Region**: that of the longest prefix. `GLOBAL` is none. A prefix that is listed in two regions has none either.
//! - **Service**: considers the prefixes around the address in the region of the longest one; prefixes of other regions
//!   are ignored. The longest of them with a service of its own decides: any but `AMAZON` (lists everything), `EC2`
//!   (customer addresses), and `EC2_INSTANCE_CONNECT` next to `EC2`. So a part of an S3 range listed again as `EC2` or
//!   `AMAZON` belongs to S3. Of several services on one prefix S3 wins, else the most specific, with the fewest
//!   prefixes.
//! - Without such a service, the longest prefix decides: `EC2` means an external **instance**, `AMAZON` alone an
//!   address of AWS, even inside an `EC2` range, since it is listed separately.
//!
//! Regions and services are open sets: the file is ahead of any list of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::prefixes::Prefixes;
use super::tables::Name;
use crate::error::Error;
use crate::units::address::Prefix;

/// Where AWS publishes its ranges.
pub const RANGES_URL: &str = "https://ip-ranges.amazonaws.com/ip-ranges.json";
/// The ranges that are part of the program: AWS's file, as the crate aws-ip-ranges 0.1517.0 (MIT or Apache-2.0) has it,
/// condensed by `ranges.jq`.
const EMBEDDED: &str = include_str!("ranges.txt");
/// The region of global ranges.
const GLOBAL: &str = "GLOBAL";
pub(super) const AMAZON: &str = "AMAZON";
const EC2: &str = "EC2";
const INSTANCE_CONNECT: &str = "EC2_INSTANCE_CONNECT";
const S3: &str = "S3";

/// AWS's address ranges.
#[derive(Clone, Debug)]
pub struct Ranges {
    ranges: Prefixes<Range>,
    /// What the file says against itself.
    pub warnings: Vec<String>,
}

/// AWS's data on an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Its region; none if it belongs to no single one.
    pub region: Name,
    /// Who has it.
    pub service: Service,
}

/// Who has an address of AWS's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// A customer: an external instance, load balancer or gateway.
    Instance,
    /// A service by its AWS name; `AMAZON` if no other is listed.
    Named(Arc<str>),
}

impl Ranges {
    /// The embedded ranges. They are compiled on each start, in a few milliseconds.
    ///
    /// # Errors
    /// None, as a test reads them.
    pub fn embedded() -> Result<Self, Error> {
        let mut entries = Entries::default();
        for line in EMBEDDED.lines() {
            // The first line is the date of the source file.
            let Some((names, prefixes)) = line.split_once(": ") else { continue };
            let mut names = names.split(' ');
            let region = names.next().unwrap_or(GLOBAL);
            let services: Vec<&str> = names.collect();
            for prefix in prefixes.split(' ') {
                let prefix = Prefix::parse(prefix)?;
                services.iter().for_each(|service| entries.add(prefix, region, service));
            }
        }
        Ok(Self { ranges: entries.compile(), warnings: Vec::new() })
    }

    /// AWS's `ip-ranges.json`, or a file of its form; `name` is that of the file, for messages.
    ///
    /// # Errors
    /// For what is no such file, with the line: other JSON, a prefix with bits set behind it, no prefixes at all.
    pub fn read(name: &str, json: &[u8]) -> Result<Self, Error> {
        let json = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json);
        let wrong = |cause: String| {
            Error::usage(format!("{name}: {cause}")).hint(format!("give a file of the form of {RANGES_URL}"))
        };
        let file: File<'_> = serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
        let mut entries = Entries::default();
        for entry in file.prefixes.iter().chain(&file.ipv6_prefixes) {
            entries.add(entry.prefix, &entry.region, &entry.service);
        }
        if entries.listed.is_empty() {
            return Err(wrong("there are no prefixes in it".to_owned()));
        }
        let warnings = entries.in_two_regions(name).into_iter().collect();
        Ok(Self { ranges: entries.compile(), warnings })
    }

    /// The range data of an address; none outside AWS's ranges.
    #[must_use]
    pub fn look_up(&self, address: u128) -> Option<&Range> {
        self.ranges.look_up(address)
    }
}

/// The file, as far as it is read.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    prefixes: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    ipv6_prefixes: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(rename = "ip_prefix", alias = "ipv6_prefix", deserialize_with = "prefix")]
    prefix: Prefix,
    #[serde(borrow, deserialize_with = "name")]
    region: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "name")]
    service: Cow<'a, str>,
}

/// Reads a prefix; the reader of JSON adds the line to the error.
fn prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Prefix, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    Prefix::parse(&text).map_err(|error| D::Error::custom(format!("{error}; {}", error.hints().join("; "))))
}

/// Reads a text that is not empty.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let Text(text) = Text::deserialize(deserializer)?;
    if text.is_empty() { Err(D::Error::custom("a region or service without a name")) } else { Ok(text) }
}

/// What is listed, each text held once.
#[derive(Default)]
struct Entries {
    names: HashSet<Arc<str>>,
    listed: Vec<Listed>,
}

/// A prefix in the list of a service.
struct Listed {
    prefix: Prefix,
    region: Arc<str>,
    service: Arc<str>,
}

/// What all lists say of one prefix.
struct Described {
    region: Name,
    /// The service of its own that it names.
    service: Name,
    /// Whether customers get its addresses.
    is_ec2: bool,
}

impl Entries {
    fn add(&mut self, prefix: Prefix, region: &str, service: &str) {
        let (region, service) = (self.shared(region), self.shared(service));
        self.listed.push(Listed { prefix, region, service });
    }

    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let name = Arc::from(name);
        self.names.insert(Arc::clone(&name));
        name
    }

    /// What is said of prefixes that are listed in two regions. AWS lists none so.
    fn in_two_regions(&self, name: &str) -> Option<String> {
        let mut regions: BTreeMap<Prefix, &Arc<str>> = BTreeMap::new();
        let mut twice: BTreeMap<Prefix, (&Arc<str>, &Arc<str>)> = BTreeMap::new();
        for entry in self.listed.iter().filter(|entry| *entry.region != *GLOBAL) {
            let first = *regions.entry(entry.prefix).or_insert(&entry.region);
            if *first != entry.region {
                twice.entry(entry.prefix).or_insert((first, &entry.region));
            }
        }
        let (prefix, (first, second)) = twice.first_key_value()?;
        let more = match twice.len() {
            1 => String::new(),
            all => format!(" (and {} more like it)", all - 1),
        };
        Some(format!("{name}: {prefix} is listed in both {first} and {second}: its addresses have no region{more}"))
    }

    fn compile(mut self) -> Prefixes<Range> {
        let mut sizes: HashMap<Arc<str>, usize> = HashMap::new();
        for entry in &self.listed {
            *sizes.entry(Arc::clone(&entry.service)).or_default() += 1;
        }
        self.listed.sort_by_key(|entry| entry.prefix);
        let same = self.listed.chunk_by(|one, other| one.prefix == other.prefix);
        let described = same.filter_map(|lists| Some((lists.first()?.prefix, describe(lists, &sizes))));
        let amazon: Arc<str> = Arc::from(AMAZON);
        Prefixes::new(described).resolve(|around| range(around, &amazon))
    }
}

/// Puts together what the lists say of one prefix.
fn describe(lists: &[Listed], sizes: &HashMap<Arc<str>, usize>) -> Described {
    let is_ec2 = lists.iter().any(|entry| *entry.service == *EC2);
    let is_own = |name: &str| !(name == AMAZON || name == EC2 || (is_ec2 && name == INSTANCE_CONNECT));
    let rank = |name: &Arc<str>| (**name != *S3, sizes.get(name).copied(), Arc::clone(name));
    let own = lists.iter().map(|entry| &entry.service).filter(|name| is_own(name));
    let regions = || lists.iter().map(|entry| &entry.region);
    let region = regions().next().filter(|first| ***first != *GLOBAL && regions().all(|region| region == *first));
    Described { region: region.cloned(), service: own.min_by_key(|name| rank(name)).cloned(), is_ec2 }
}

/// The data of a prefix, from it and the prefixes around it, longest first.
fn range(around: &mut dyn Iterator<Item = &Described>, amazon: &Arc<str>) -> Range {
    let Some(longest) = around.next() else {
        return Range { region: None, service: Service::Named(Arc::clone(amazon)) };
    };
    let outer = || around.filter(|outer| outer.region == longest.region).find_map(|outer| outer.service.clone());
    let service = match longest.service.clone().or_else(outer) {
        Some(name) => Service::Named(name),
        None if longest.is_ec2 => Service::Instance,
        None => Service::Named(Arc::clone(amazon)),
    };
    Range { region: longest.region.clone(), service }
}

#[cfg(test)]
mod tests;
