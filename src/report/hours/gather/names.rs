//! The names of what a group of traffic is, dimension by dimension.

use std::net::Ipv6Addr;
use std::sync::Arc;

use super::{Group, Map, Told};
use crate::decode::Dictionary;
use crate::group::KeyValue;
use crate::join::STRANGERS;
use crate::report::hours::Leaf;

/// The first of the ports that callers are given for a while, which say nothing of a service.
const EPHEMERAL_PORT_MIN: u64 = 32_768;
/// Stands for what nothing tells.
const UNKNOWN: &str = "-";

/// Things with a number each, in the order in which they came.
#[derive(Debug)]
pub(super) struct Numbered<T>(Map<T, u32>);

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self(Map::default())
    }
}

impl<T: std::hash::Hash + Eq> Numbered<T> {
    pub(super) fn number(&mut self, thing: T) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(thing).or_insert(next)
    }

    pub(super) fn in_order(self) -> Vec<T> {
        let mut pairs: Vec<_> = self.0.into_iter().collect();
        pairs.sort_unstable_by_key(|(_, number)| *number);
        pairs.into_iter().map(|(thing, _)| thing).collect()
    }
}

/// What a name is made of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Made {
    /// A text as it is.
    Plain(KeyValue),
    /// An end of the estate: its service, its network or VPC, its interface; and whether traffic comes from it.
    Own([KeyValue; 3], bool),
    /// An end outside: its address if it stands out, its autonomous system, what it is; and whether traffic comes from it.
    Outside([KeyValue; 3], bool),
    /// The regions, or else the places, of both ends.
    Pair([KeyValue; 2], [KeyValue; 2]),
    Port(Port),
    /// The path, and what it goes through.
    Path(KeyValue, KeyValue),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Port {
    Single(u64),
    Ephemeral,
    Other,
    Absent,
}

/// All names, and which addresses and ports have one.
pub(super) struct Names<'r> {
    dictionary: &'r Dictionary,
    told: Told,
    /// The codes of [`STRANGERS`].
    strangers: Vec<u32>,
    addresses: Vec<u128>,
    ports: Vec<u64>,
    made: Map<Made, u32>,
    names: Numbered<Arc<str>>,
}

impl<'r> Names<'r> {
    /// No names yet; addresses and ports are sorted.
    pub(super) fn new(dictionary: &'r Dictionary, told: Told, (addresses, ports): (Vec<u128>, Vec<u64>)) -> Self {
        let strangers = (0..).take(dictionary.len());
        let strangers = strangers.filter(|code| STRANGERS.contains(&&*dictionary.display(*code))).collect();
        Self { dictionary, told, strangers, addresses, ports, made: Map::default(), names: Numbered::default() }
    }

    /// The names in the order of their codes.
    pub(super) fn all(self) -> Vec<Arc<str>> {
        self.names.in_order()
    }

    /// The code of a name, if anything has it.
    pub(super) fn code(&self, name: &str) -> Option<u32> {
        self.names.0.get(name).copied()
    }

    /// What a group is, in the order of the dimensions.
    pub(super) fn leaf(&mut self, group: &Group) -> Leaf {
        let (mine, other) = group.sides();
        let absent = KeyValue::Absent;
        let service = |side: usize| if self.told.service.is_some() { group.service[side] } else { absent };
        // What has a name needs no address: an AWS service has many.
        let is_stranger = matches!(group.place[other], KeyValue::Text(code) if self.strangers.contains(&code));
        let address = match group.address[other] {
            KeyValue::Address(address) if is_stranger && self.addresses.binary_search(&address).is_ok() => {
                group.address[other]
            }
            _ => absent,
        };
        let network = if self.told.networks { group.network[other] } else { absent };
        let comes = other == 0;
        let peer = if group.is_own(other) {
            Made::Own([service(other), group.place[other], group.interface[other]], comes)
        } else {
            Made::Outside([address, network, group.place[other]], comes)
        };
        let team = if self.told.team.is_some() { group.team } else { absent };
        let made = [
            Made::Plain(team),
            Made::Plain(service(mine)),
            Made::Plain(group.interface[mine]),
            peer,
            Made::Pair(group.region, group.place),
            Made::Port(self.port(group.port)),
            Made::Path(group.path, group.via),
        ];
        made.map(|made| self.code_of(made))
    }

    fn port(&self, port: KeyValue) -> Port {
        match port {
            KeyValue::Number(port) if port >= EPHEMERAL_PORT_MIN => Port::Ephemeral,
            KeyValue::Number(port) if self.ports.binary_search(&port).is_ok() => Port::Single(port),
            KeyValue::Number(_) => Port::Other,
            _ => Port::Absent,
        }
    }

    fn code_of(&mut self, made: Made) -> u32 {
        if let Some(code) = self.made.get(&made) {
            return *code;
        }
        let code = self.names.number(self.compose(made).into());
        self.made.insert(made, code);
        code
    }

    fn compose(&self, made: Made) -> String {
        let unknown = || UNKNOWN.to_owned();
        let from = |name: String, comes: bool| if comes { format!("from {name}") } else { name };
        match made {
            Made::Plain(value) => self.text(value).unwrap_or_else(unknown),
            Made::Own([service, place, interface], comes) => {
                let service = self.text(service).filter(|name| !name.starts_with('('));
                // A VPC is too much to be one destination: the interface tells more.
                let place = self.text(place).filter(|place| !place.starts_with("vpc-") && place != "own");
                let name = service.or(place).or_else(|| self.text(interface));
                from(name.unwrap_or_else(unknown), comes)
            }
            Made::Outside(values, comes) => {
                from(values.into_iter().find_map(|value| self.text(value)).unwrap_or_else(unknown), comes)
            }
            Made::Pair(regions, places) => {
                let end = |side: usize| self.text(regions[side]).or_else(|| self.text(places[side]));
                let [from, to] = [0, 1].map(|side| end(side).unwrap_or_else(unknown));
                format!("{from} > {to}")
            }
            Made::Port(Port::Single(0)) => "none".to_owned(),
            Made::Port(Port::Single(port)) => port.to_string(),
            Made::Port(Port::Ephemeral) => format!("{EPHEMERAL_PORT_MIN}-65535"),
            Made::Port(Port::Other) => "other".to_owned(),
            Made::Port(Port::Absent) => unknown(),
            Made::Path(path, via) => match (self.text(path), self.text(via)) {
                (Some(path), Some(via)) => format!("{path} via {via}"),
                (path, _) => path.unwrap_or_else(unknown),
            },
        }
    }

    fn text(&self, value: KeyValue) -> Option<String> {
        match value {
            KeyValue::Text(code) => Some(self.dictionary.display(code).into_owned()),
            KeyValue::Address(address) => Some(Ipv6Addr::from(address).to_canonical().to_string()),
            _ => None,
        }
    }
}
