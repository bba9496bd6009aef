//! A group of the roll-up, seen from the estate: which end is ours, who the other one is, and who calls.

use std::rc::Rc;

use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::{Group, Key, KeyValue, Rollup, is_public};
use crate::join::owners::{EXTERNAL, UNALLOCATED};
use crate::reason::signals::observed::number;
use crate::schema::{ABSENT_ADDRESS, ABSENT_SMALL, ABSENT_TIME, Column};

/// Paths to services of AWS that stay in the region, or have none.
const AWS_PATHS: [&str; 3] = ["aws-service", "gateway-endpoint", "interface-endpoint"];
/// The path to the company's own sites.
const SITE_PATH: &str = "on-premises";
/// IPv4 addresses are held in `::ffff:0:0/96`.
const IPV4_BITS_BEFORE: u128 = 0xffff;
/// No host has addresses below the first or from the second one on (this network, multicast, reserved), nor the
/// corresponding IPv6 prefixes.
const IPV4_FIRST: u128 = 1 << 24;
const IPV4_SPECIAL_FIRST: u128 = 0xe000_0000;
const IPV6_MULTICAST: u128 = 0xff;

/// An end of the estate, its texts as codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) interface: u32,
    pub(super) owner: u32,
    pub(super) address: u128,
}

/// Direction of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// From the estate to the internet.
    Outward,
    /// From the internet to the estate.
    Inward,
    /// Between two endpoints that are not on the internet.
    Inside,
}

/// Records that are alike, in a minute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) side: Side,
    /// The end of the estate; inside, the source.
    pub(super) own: End,
    pub(super) peer: u128,
    /// The destination, if it is in the estate too.
    receiver: Option<End>,
    /// What the peer is.
    pub(super) place: u32,
    pub(super) is_aws: bool,
    pub(super) own_port: u32,
    pub(super) peer_port: u32,
    /// The service port.
    pub(super) port: u32,
    pub(super) protocol: u32,
    pub(super) has_flags: bool,
    pub(super) flags: u32,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) is_rejected: bool,
    pub(super) flows: u128,
    pub(super) bytes: u128,
    pub(super) packets: u128,
}

impl Seen {
    /// The endpoint that rejected the records: where they arrived, else where they left.
    pub(super) fn refusing(&self) -> End {
        self.receiver.unwrap_or(self.own)
    }

    /// Whether the estate's side calls: the service port is the peer's.
    pub(super) fn calls(&self) -> bool {
        self.port != ABSENT_SMALL && self.port == self.peer_port
    }
}

/// What a path means here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum PathKind {
    #[default]
    Other,
    Aws,
    Site,
}

/// Where the keys that are read are among those of a roll-up.
#[derive(Clone, Copy)]
struct Places {
    src: HalfPlaces,
    dst: HalfPlaces,
    path: usize,
    protocol: usize,
    flags: usize,
    port: usize,
}

/// The same for what one side has.
#[derive(Clone, Copy)]
struct HalfPlaces {
    owner: usize,
    interface: usize,
    vpc: usize,
    location: usize,
    address: usize,
    port: usize,
}

impl Places {
    fn of(keys: &[Key]) -> Result<Self, Error> {
        let place = |column: Column| {
            let place = keys.iter().position(|key| key.column == column);
            place.ok_or_else(|| Error::internal(format!("the sums for signals have no column {}", column.name())))
        };
        let half = |[owner, interface, vpc, location, address, port]: [Column; 6]| {
            Ok::<_, Error>(HalfPlaces {
                owner: place(owner)?,
                interface: place(interface)?,
                vpc: place(vpc)?,
                location: place(location)?,
                address: place(address)?,
                port: place(port)?,
            })
        };
        use Column::{
            Dst, DstInterface, DstLocation, DstOwner1, DstVpc, Dstport, Src, SrcInterface, SrcLocation, SrcOwner1,
            SrcVpc, Srcport,
        };
        Ok(Self {
            src: half([SrcOwner1, SrcInterface, SrcVpc, SrcLocation, Src, Srcport])?,
            dst: half([DstOwner1, DstInterface, DstVpc, DstLocation, Dst, Dstport])?,
            path: place(Column::Path)?,
            protocol: place(Column::Protocol)?,
            flags: place(Column::TcpFlags)?,
            port: place(Column::Port)?,
        })
    }
}

/// Reads the groups of a roll-up.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    rollup: &'a Rollup,
    places: Places,
    pub(super) names: &'a Dictionary,
    /// What the text of a code says as a path.
    path_kinds: Rc<[PathKind]>,
    unallocated: Option<u32>,
    external: Option<u32>,
}

/// One side of a group, before it is known whose it is.
#[derive(Clone, Copy)]
struct Half {
    end: End,
    vpc: u32,
    place: u32,
    port: u32,
}

impl<'a> Reader<'a> {
    /// # Errors
    /// If the roll-up has not the keys that are read.
    pub(super) fn new(rollup: &'a Rollup) -> Result<Self, Error> {
        let names = rollup.names();
        let codes = || 0..u32::try_from(names.len()).unwrap_or(u32::MAX);
        let path_kind = |code: u32| match std::str::from_utf8(names.text(code)) {
            Ok(SITE_PATH) => PathKind::Site,
            Ok(text) if AWS_PATHS.contains(&text) => PathKind::Aws,
            _ => PathKind::Other,
        };
        let code_of = |text: &str| codes().find(|code| names.text(*code) == text.as_bytes());
        Ok(Self {
            rollup,
            places: Places::of(&rollup.spec().keys)?,
            names,
            path_kinds: codes().map(path_kind).collect(),
            unallocated: code_of(UNALLOCATED),
            external: code_of(EXTERNAL),
        })
    }

    /// Calls with every group of a known start that an end of the estate has to do with, in no order that means anything.
    ///
    /// # Errors
    /// If rows were spilled and cannot be read.
    pub(super) fn for_each(&self, mut each: impl FnMut(&Seen)) -> Result<(), Error> {
        let mut values = Vec::new();
        for shard in self.rollup.shards() {
            self.rollup.for_each_part(shard, |group| {
                values.clear();
                values.extend(self.rollup.group_values(&group));
                if let Some(seen) = self.seen(&values, &group) {
                    each(&seen);
                }
            })?;
        }
        Ok(())
    }

    fn seen(&self, values: &[KeyValue], group: &Group<'_>) -> Option<Seen> {
        let half = |places: &HalfPlaces| Half {
            end: End {
                interface: text(values[places.interface]),
                owner: text(values[places.owner]),
                address: address(values[places.address]),
            },
            vpc: text(values[places.vpc]),
            place: text(values[places.location]),
            port: number(values[places.port]),
        };
        let (src, dst) = (half(&self.places.src), half(&self.places.dst));
        let path = text(values[self.places.path]);
        let path_kind = self.path_kinds.get(path as usize).copied().unwrap_or_default();
        let (src_is_own, dst_is_own) = (self.is_own(&src), self.is_own(&dst));
        let is_internet =
            |half: &Half, is_own: bool| !is_own && path_kind != PathKind::Site && is_of_internet(half.end.address);
        let is_rejected = group.rejected.flows > 0;
        let (side, own, other) = match (src_is_own, dst_is_own) {
            (true, _) if is_internet(&dst, dst_is_own) => (Side::Outward, src, dst),
            (_, true) if is_internet(&src, src_is_own) => (Side::Inward, dst, src),
            (true, _) => (Side::Inside, src, dst),
            _ => return None,
        };
        let sums = if is_rejected { group.rejected } else { group.counted };
        if sums.first_seen == ABSENT_TIME {
            return None;
        }
        let [flags, port, protocol] =
            [self.places.flags, self.places.port, self.places.protocol].map(|place| number(values[place]));
        Some(Seen {
            side,
            own: own.end,
            peer: other.end.address,
            receiver: dst_is_own.then_some(dst.end),
            place: other.place,
            is_aws: path_kind == PathKind::Aws,
            own_port: own.port,
            peer_port: other.port,
            port,
            protocol,
            has_flags: flags != ABSENT_SMALL,
            flags,
            first: sums.first_seen,
            last: sums.last_seen.max(sums.first_seen),
            is_rejected,
            flows: sums.flows,
            bytes: sums.bytes,
            packets: sums.packets,
        })
    }

    /// Whether an endpoint belongs to the estate: it has an interface or a VPC, or, for private addresses, an owner. A
    /// public address that only a tag table names is external.
    fn is_own(&self, half: &Half) -> bool {
        let End { interface, owner, address } = half.end;
        let is_named = Some(owner) != self.external && !is_public(address);
        interface != Dictionary::ABSENT || half.vpc != Dictionary::ABSENT || Some(owner) == self.unallocated || is_named
    }
}

fn text(value: KeyValue) -> u32 {
    if let KeyValue::Text(code) = value { code } else { Dictionary::ABSENT }
}

fn address(value: KeyValue) -> u128 {
    if let KeyValue::Address(address) = value { address } else { ABSENT_ADDRESS }
}

/// Whether the address may be on the internet.
fn is_of_internet(address: u128) -> bool {
    let is_v4 = address >> 32 == IPV4_BITS_BEFORE;
    let low = address & 0xffff_ffff;
    let is_special =
        if is_v4 { !(IPV4_FIRST..IPV4_SPECIAL_FIRST).contains(&low) } else { address >> 120 == IPV6_MULTICAST };
    address != ABSENT_ADDRESS && is_public(address) && !is_special && address != 0
}
