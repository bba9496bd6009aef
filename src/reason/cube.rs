//! The cube: traffic by seven dimensions, and by further keys on request. `anomalies` and `compare` build on it with
//! the same names.
//!
//! An end of the estate is named by its service, else by its network, else by its interface. An external end is named by
//! its address if that is among those kept ([`survey`]), else by its autonomous system where that is known, else by what
//! it is: an AWS service, `internet`… What traffic comes from has `from` before its name. Dollars and periods are not
//! known here.

mod names;
pub mod survey;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use self::names::{Made, Names, Sides};
use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::{Key, Spec};
use crate::join::frame::Coded;
use crate::join::{Kept, Wanted};
use crate::schema::frame::{int, moments};
use crate::schema::{ABSENT_ADDRESS, ABSENT_SMALL, Column, ColumnSet, output};

/// What an end that traffic comes from has before its name as a destination.
pub const FROM: &str = "from ";
/// How many dimensions there are.
pub const DIMENSIONS: usize = 7;

/// The keys of the cube.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The allocated owner: for traffic the sender, for inbound traffic from outside the receiver.
    Team,
    /// The service of that end.
    Service,
    /// The interface of the sender; for inbound traffic from outside the receiver's.
    Interface,
    /// What the other end is.
    Destination,
    /// From which region to which, or else from what to what.
    RegionPair,
    /// The service port; the many high ones together.
    Port,
    /// The class of the transfer, and what it went through.
    Path,
}

impl Dimension {
    /// All, in the order of a leaf's values.
    pub const ALL: [Self; DIMENSIONS] =
        [Self::Team, Self::Service, Self::Interface, Self::Destination, Self::RegionPair, Self::Port, Self::Path];

    /// The stable `snake_case` name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Service => "service",
            Self::Interface => "interface",
            Self::Destination => "destination",
            Self::RegionPair => "region_pair",
            Self::Port => "port",
            Self::Path => "path",
        }
    }
}

/// What the dimensions are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CubeKeys {
    /// Position of the team key among the requested owner keys.
    pub team: Option<usize>,
    /// Position of the service key.
    pub service: Option<usize>,
    /// Whether autonomous systems are known.
    pub networks: bool,
    /// Whether it matters which external ends call.
    pub callers: bool,
    /// Further keys.
    pub further: Vec<Key>,
}

/// The columns of owners by the place of their key: who it is allocated to, the source's, the destination's.
const OWNERS: [[Column; 3]; 3] = [
    [Column::Owner1, Column::SrcOwner1, Column::DstOwner1],
    [Column::Owner2, Column::SrcOwner2, Column::DstOwner2],
    [Column::Owner3, Column::SrcOwner3, Column::DstOwner3],
];
/// The columns of both ends, the source's first.
const INTERFACES: [Column; 2] = [Column::SrcInterface, Column::DstInterface];
const VPCS: [Column; 2] = [Column::SrcVpc, Column::DstVpc];
const PLACES: [Column; 2] = [Column::SrcLocation, Column::DstLocation];
const REGIONS: [Column; 2] = [Column::SrcRegion, Column::DstRegion];
const NETWORKS: [Column; 2] = [Column::SrcNetwork, Column::DstNetwork];
/// Further keys, and those of charges and hours.
const OTHERS: [Column; 8] = [
    Column::Outside,
    Column::Port,
    Column::Via,
    Column::Path,
    Column::Charge,
    Column::FromRegion,
    Column::ToRegion,
    Column::Hour,
];

impl CubeKeys {
    fn columns(&self) -> impl Iterator<Item = Column> {
        let owners = |place: Option<usize>| place.and_then(|place| OWNERS.get(place));
        let team = owners(self.team).map(|of| of[0]);
        let service = owners(self.service).into_iter().flatten().copied();
        let networks = if self.networks { &NETWORKS[..] } else { &[] };
        let ends = [&INTERFACES[..], &VPCS, &PLACES, &REGIONS, networks].concat();
        let side = self.callers.then_some(Column::ServiceSide);
        team.into_iter().chain(service).chain(ends).chain(OTHERS).chain(side)
    }

    /// Traffic, charges and rejected traffic by leaf keys and hour.
    #[must_use]
    pub fn sum(&self, mut kept: Kept) -> (Wanted, Spec) {
        // What is requested by name is not folded.
        let is_asked = |column: Column| self.further.iter().any(|key| key.column == column);
        kept.addresses.take_if(|_| is_asked(Column::Outside));
        kept.ports.take_if(|_| is_asked(Column::Port));
        let mut keys: Vec<Key> = Vec::new();
        for key in self.further.iter().cloned().chain(self.columns().map(|column| Key { column, cut: None })) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let columns = keys.iter().filter(|key| key.column != Column::Hour).map(|key| key.column);
        let measures = ColumnSet::of(&[Column::Start, Column::Bytes, Column::RecordCount]);
        let columns = columns.fold(measures, ColumnSet::with);
        let wanted = Wanted { columns, traffic: true, charges: true, rejected: true, kept, unfiltered: false };
        let spec = Spec { keys, bytes: true, ..Spec::default() };
        (wanted, spec)
    }
}

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// Interned values, numbered in order of insertion.
#[derive(Debug)]
struct Numbered<T>(Map<T, u32>);

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self(Map::default())
    }
}

impl<T: Hash + Eq> Numbered<T> {
    fn number(&mut self, thing: T) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(thing).or_insert(next)
    }

    fn in_order(self) -> Vec<T> {
        let mut pairs: Vec<_> = self.0.into_iter().collect();
        pairs.sort_unstable_by_key(|(_, number)| *number);
        pairs.into_iter().map(|(thing, _)| thing).collect()
    }
}

impl Numbered<Box<[u32]>> {
    fn number_of(&mut self, codes: &[u32]) -> u32 {
        match self.0.get(codes) {
            Some(number) => *number,
            None => self.number(codes.into()),
        }
    }
}

/// The leaves that there are by now, and their names. Shards are added in any order, so numbers mean nothing by
/// themselves.
#[derive(Debug)]
pub struct Cube {
    keys: CubeKeys,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    names: Names,
    leaves: Numbered<Box<[u32]>>,
    own_destinations: BTreeSet<(u32, u32)>,
}

/// All leaves of a cube.
#[derive(Debug, Default)]
pub struct Leaves {
    /// The names, by their codes.
    pub names: Vec<Arc<str>>,
    /// The leaves by their numbers: the codes of the seven dimensions and of the further keys.
    pub leaves: Vec<Box<[u32]>>,
    /// Which interfaces of the estate are which destinations, by the codes of both.
    pub own_destinations: BTreeSet<(u32, u32)>,
}

impl Cube {
    /// No leaves yet.
    #[must_use]
    pub fn new(keys: CubeKeys) -> Self {
        Self { keys, known: Mutex::default() }
    }

    /// The leaf of each row of a shard of [`CubeKeys::sum`], by its number.
    ///
    /// # Errors
    /// If the shard has not these columns.
    pub fn leaves(&self, shard: &Coded<'_>) -> Result<Vec<u32>, Error> {
        let ends = Ends::of(shard, &self.keys)?;
        let words = self.keys.further.iter().map(|key| shard.words(&key.name()));
        let words = words.collect::<Result<Vec<_>, Error>>()?;
        let (mut made, mut texts, mut leaves) =
            (Numbered::<Made>::default(), Numbered::<Arc<str>>::default(), Numbered::<Box<[u32]>>::default());
        let mut own = HashSet::<[Made; 2], ahash::RandomState>::default();
        let mut codes = Vec::new();
        let mut of_row = Vec::with_capacity(shard.frame.height());
        for row in 0..shard.frame.height() {
            codes.clear();
            codes.extend(ends.made(row).map(|one| made.number(one)));
            codes.extend(words.iter().map(|words| texts.number(Arc::clone(&words[row]))));
            of_row.push(leaves.number_of(&codes));
            own.extend(ends.own(row));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let made: Vec<u32> = made.in_order().into_iter().map(|made| known.names.code(made, shard.names)).collect();
        for pair in own {
            let [interface, destination] = pair.map(|made| known.names.code(made, shard.names));
            known.own_destinations.insert((interface, destination));
        }
        let texts: Vec<u32> = texts.in_order().into_iter().map(|text| known.names.code_of_text(text)).collect();
        let number = |leaf: Box<[u32]>| {
            codes.clear();
            codes.extend(leaf.iter().zip(0..).map(|(code, place)| {
                let codes = if place < DIMENSIONS { &made } else { &texts };
                codes[*code as usize]
            }));
            known.leaves.number_of(&codes)
        };
        let numbers: Vec<u32> = leaves.in_order().into_iter().map(number).collect();
        Ok(of_row.into_iter().map(|leaf| numbers[leaf as usize]).collect())
    }

    /// All leaves.
    #[must_use]
    pub fn finish(self) -> Leaves {
        let known = self.known.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Known { names, leaves, own_destinations } = known;
        Leaves { names: names.in_order(), leaves: leaves.in_order(), own_destinations }
    }
}

/// Whether the other end of each row of a shard is external and calls the estate: the service port is the estate's.
///
/// # Errors
/// If the shard has not these columns.
pub fn calls(shard: &Coded<'_>, keys: &CubeKeys) -> Result<Vec<bool>, Error> {
    let ends = Ends::of(shard, keys)?;
    let sides = int(&shard.frame, Column::ServiceSide.name())?;
    let calls = |(row, side): (usize, Option<i128>)| {
        let is_own = ends.is_own(row);
        // Of two ends of the estate neither is external.
        side.and_then(|side| usize::try_from(side).ok()).is_some_and(|side| is_own[side] && !is_own[1 - side])
    };
    Ok(sides.iter().enumerate().map(calls).collect())
}

/// The hours of a shard's rows, in seconds since 1970.
///
/// # Errors
/// If it has no hours.
pub fn hours(shard: &Coded<'_>) -> Result<Vec<u32>, Error> {
    Ok(moments(&shard.frame, Column::Hour.name())?.map(|hour| hour.unwrap_or(0)).collect())
}

/// A sum of a shard's rows.
///
/// # Errors
/// If it has no such sum.
pub fn sums(shard: &Coded<'_>, sum: output::Output) -> Result<Vec<u128>, Error> {
    let sums = int(&shard.frame, sum.name)?.iter();
    Ok(sums.map(|sum| u128::try_from(sum.unwrap_or(0)).unwrap_or(0)).collect())
}

/// The columns of both ends, as codes of the shard's dictionary.
struct Ends {
    team: Vec<u32>,
    service: Vec<u32>,
    services: [Vec<u32>; 2],
    interfaces: [Vec<u32>; 2],
    vpcs: [Vec<u32>; 2],
    places: [Vec<u32>; 2],
    regions: [Vec<u32>; 2],
    networks: [Vec<u32>; 2],
    outside: Vec<u128>,
    port: Vec<u32>,
    via: Vec<u32>,
    path: Vec<u32>,
}

impl Ends {
    fn of(shard: &Coded<'_>, keys: &CubeKeys) -> Result<Self, Error> {
        let none = || vec![Dictionary::ABSENT; shard.frame.height()];
        let pair = |[src, dst]: [Column; 2]| Ok::<_, Error>([shard.codes(src)?, shard.codes(dst)?]);
        let owners = |place: Option<usize>| place.and_then(|place| OWNERS.get(place));
        let (service, services) = match owners(keys.service) {
            Some([owner, src, dst]) => (shard.codes(*owner)?, pair([*src, *dst])?),
            None => (none(), [none(), none()]),
        };
        Ok(Self {
            team: owners(keys.team).map_or_else(|| Ok(none()), |of| shard.codes(of[0]))?,
            service,
            services,
            interfaces: pair(INTERFACES)?,
            vpcs: pair(VPCS)?,
            places: pair(PLACES)?,
            regions: pair(REGIONS)?,
            networks: if keys.networks { pair(NETWORKS)? } else { [none(), none()] },
            outside: addresses(shard)?,
            port: ports(shard)?,
            via: shard.codes(Column::Via)?,
            path: shard.codes(Column::Path)?,
        })
    }

    /// Whether the source and the destination of a row are of the estate.
    fn is_own(&self, row: usize) -> [bool; 2] {
        [0, 1]
            .map(|side| self.interfaces[side][row] != Dictionary::ABSENT || self.vpcs[side][row] != Dictionary::ABSENT)
    }

    /// Of a row between two ends of the estate: the sender's interface, and what it is called as a destination.
    fn own(&self, row: usize) -> Option<[Made; 2]> {
        let [service, place, interface] = [&self.services[0], &self.places[0], &self.interfaces[0]].map(|of| of[row]);
        let names = [Made::Plain(interface), Made::Own([service, place, interface], false)];
        (self.is_own(row) == [true; 2] && interface != Dictionary::ABSENT).then_some(names)
    }

    /// The parts of a row's names, in dimension order. Inbound traffic from outside belongs to its receiver.
    fn made(&self, row: usize) -> impl Iterator<Item = Made> {
        let both = |of: &[Vec<u32>; 2]| [of[0][row], of[1][row]];
        let (interfaces, places) = (both(&self.interfaces), both(&self.places));
        let is_own = self.is_own(row);
        let comes = !is_own[0] && is_own[1];
        let (mine, other) = if comes { (1, 0) } else { (0, 1) };
        let destination = if is_own[other] {
            Made::Own([self.services[other][row], places[other], interfaces[other]], comes)
        } else {
            Made::External(self.outside[row], [self.networks[other][row], places[other]], comes)
        };
        let made = [
            Made::Plain(self.team[row]),
            Made::Plain(self.service[row]),
            Made::Plain(interfaces[mine]),
            destination,
            Made::Pair(Sides { regions: both(&self.regions), places }),
            Made::Port(self.port[row]),
            Made::Path(self.path[row], self.via[row]),
        ];
        made.into_iter()
    }
}

/// The external addresses of a shard's rows, [`ABSENT_ADDRESS`] where there is none.
fn addresses(shard: &Coded<'_>) -> Result<Vec<u128>, Error> {
    let addresses = shard.frame.column(Column::Outside.name())?.binary()?;
    let one = |bytes: Option<&[u8]>| {
        bytes.and_then(|bytes| bytes.first_chunk()).map_or(ABSENT_ADDRESS, |bytes| u128::from_be_bytes(*bytes))
    };
    Ok(addresses.iter().map(one).collect())
}

/// The ports of a shard's rows, [`ABSENT_SMALL`] where there is none.
fn ports(shard: &Coded<'_>) -> Result<Vec<u32>, Error> {
    let ports = int(&shard.frame, Column::Port.name())?.iter();
    Ok(ports.map(|port| port.and_then(|port| u32::try_from(port).ok()).unwrap_or(ABSENT_SMALL)).collect())
}
