//! The names of what a group of traffic is, dimension by dimension.

use std::net::Ipv6Addr;
use std::sync::Arc;

use super::{Apart, EPHEMERAL_PORT_MIN, Map, Port, Raw, Told};
use crate::decode::Dictionary;
use crate::join::STRANGERS;
use crate::reason::hours::Leaf;

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

/// What a name is made of; codes are those of [`Raw`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Made {
    /// A text as it is.
    Plain(u32),
    /// An end of the estate: its service, its network or VPC, its interface; and whether traffic comes from it.
    Own([u32; 3], bool),
    /// An end outside: its address if it stands out, its autonomous system, what it is; and whether traffic comes from it.
    Outside([u32; 3], bool),
    /// The regions, or else the places, of both ends.
    Pair([u32; 2], [u32; 2]),
    Port(Port),
    /// The path, and what it goes through.
    Path(u32, u32),
}

/// All names.
pub(super) struct Names<'r> {
    dictionary: &'r Dictionary,
    told: Told,
    apart: &'r Apart,
    made: Map<Made, u32>,
    names: Numbered<Arc<str>>,
}

impl<'r> Names<'r> {
    /// No names yet.
    pub(super) fn new(dictionary: &'r Dictionary, told: Told, apart: &'r Apart) -> Self {
        Self { dictionary, told, apart, made: Map::default(), names: Numbered::default() }
    }

    /// The names in the order of their codes.
    pub(super) fn all(self) -> Vec<Arc<str>> {
        self.names.in_order()
    }

    /// The code of a name, if anything has it.
    pub(super) fn code(&self, name: &str) -> Option<u32> {
        self.names.0.get(name).copied()
    }

    /// What a group is, in the order of the dimensions. What comes from outside is its receiver's.
    pub(super) fn leaf(&mut self, raw: &Raw) -> Leaf {
        let (mine, other) = if raw.is_own[0] || !raw.is_own[1] { (0, 1) } else { (1, 0) };
        let service = |side: usize| if self.told.service.is_some() { raw.service[side] } else { 0 };
        let network = if self.told.networks { raw.network[other] } else { 0 };
        let comes = other == 0;
        let peer = if raw.is_own[other] {
            Made::Own([service(other), raw.place[other], raw.interface[other]], comes)
        } else {
            Made::Outside([raw.address, network, raw.place[other]], comes)
        };
        let made = [
            Made::Plain(if self.told.team.is_some() { raw.team } else { 0 }),
            Made::Plain(service(mine)),
            Made::Plain(raw.interface[mine]),
            peer,
            Made::Pair(raw.region, raw.place),
            Made::Port(raw.port),
            Made::Path(raw.path, raw.via),
        ];
        made.map(|made| self.code_of(made))
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
            Made::Plain(code) => self.text(code).unwrap_or_else(unknown),
            Made::Own([service, place, interface], comes) => {
                let service = self.text(service).filter(|name| !name.starts_with('('));
                // A VPC is too much to be one destination: the interface tells more.
                let place = self.text(place).filter(|place| !place.starts_with("vpc-") && place != "own");
                let name = service.or(place).or_else(|| self.text(interface));
                from(name.unwrap_or_else(unknown), comes)
            }
            Made::Outside([address, network, place], comes) => {
                let place = self.text(place);
                // What has a name needs no address: an AWS service has many.
                let is_stranger = place.as_deref().is_some_and(|place| STRANGERS.contains(&place));
                let address = self.address(address).filter(|_| is_stranger);
                from(address.or_else(|| self.text(network)).or(place).unwrap_or_else(unknown), comes)
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

    fn text(&self, code: u32) -> Option<String> {
        Some(self.dictionary.display(code.checked_sub(1)?).into_owned())
    }

    fn address(&self, place: u32) -> Option<String> {
        let address = self.apart.addresses.get(place.checked_sub(1)? as usize)?;
        Some(Ipv6Addr::from(*address).to_canonical().to_string())
    }
}
