//! A roll-up of traffic and its charges → [`Hours`].
//!
//! An end of the estate is told by its service, else by its network, else by its interface. One outside is told by its
//! address if it stands out (the [`ADDRESSES_MAX`] with the greatest sums of an hour), else by its autonomous system
//! where that is known, else by what it is: an AWS service, `internet`… What comes from outside has its sender as
//! `from …`. Dollars are shared out by bytes among those that are charged alike in an hour.

mod names;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use self::names::{Names, Numbered};
use super::{Amounts, Cell, HOUR_SECONDS, Hours};
use crate::error::Error;
use crate::group::{Interfaces, Key, KeyValue, Rollup, Spec, Sums};
use crate::join::Shards;
use crate::price::bill::{self, unpriced_note};
use crate::price::charged::{self, Bill, Charged};
use crate::price::{Charge, PoolTerms, PriceTable};
use crate::schema::{Column, ColumnSet};
use crate::units::human::count;

/// How many addresses outside of the estate are told apart.
pub const ADDRESSES_MAX: usize = 400;
/// How many ports are told apart.
pub const PORTS_MAX: usize = 250;
/// The first of the ports that callers are given for a while, which say nothing of a service.
const EPHEMERAL_PORT_MIN: u64 = 32_768;
/// How long after its end an hour's records may still arrive. Source: the VPC user guide, "Flow log delivery".
pub const DELIVERY_SECONDS: u32 = 1800;
/// How much of an hour may be without any record at its begin and its end, so that it still counts as told whole.
const SLACK_SECONDS: u32 = 600;

/// Which owners are known, by the places of their keys among those asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The key of teams.
    pub team: Option<usize>,
    /// The key of services.
    pub service: Option<usize>,
    /// Whether autonomous systems are known.
    pub networks: bool,
}

/// The columns of owners: the bearer's, the source's, the destination's.
const OWNERS: [[Column; 3]; 2] =
    [[Column::Owner1, Column::SrcOwner1, Column::DstOwner1], [Column::Owner2, Column::SrcOwner2, Column::DstOwner2]];

/// How many columns of its own the key has.
const COLUMNS: usize = 16;

/// The key columns, in order; the charge and the hour follow.
fn columns_by(told: Told) -> [Column; COLUMNS] {
    use Column as C;
    let owner = |place: Option<usize>, side: usize| OWNERS[place.unwrap_or(0).min(1)][side];
    [
        owner(told.team, 0),
        owner(told.service, 1),
        owner(told.service, 2),
        C::SrcInterface,
        C::DstInterface,
        C::SrcVpc,
        C::DstVpc,
        C::SrcPlace,
        C::DstPlace,
        C::SrcRegion,
        C::DstRegion,
        if told.networks { C::SrcNetwork } else { C::SrcPlace },
        if told.networks { C::DstNetwork } else { C::DstPlace },
        C::Outside,
        C::Port,
        C::Via,
    ]
}

/// What to sum: traffic, its charges and what was refused.
#[must_use]
pub fn spec(told: Told) -> Spec {
    let keys = columns_by(told).into_iter().map(|column| Key { column, cut: None });
    charged::spec(keys.collect(), true)
}

/// The columns that traffic must have for it, and those of the records that ride along.
#[must_use]
pub fn columns(told: Told) -> (ColumnSet, Vec<Column>) {
    let columns = columns_by(told).into_iter().fold(charged::columns().with(Column::Weight), ColumnSet::with);
    (columns, vec![Column::Port])
}

/// The hours, and what tells a reader how dollars came about.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The hours.
    pub hours: Hours,
    /// Notes of prices and of what was put together.
    pub notes: Vec<String>,
}

/// How traffic is priced.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// The prices.
    pub table: PriceTable,
    /// What decides the cost besides.
    pub terms: PoolTerms,
}

/// Makes hours of a roll-up by [`spec`], its shards in any order. `now` is when the logs were read.
///
/// # Errors
/// If rows of the roll-up were spilled and cannot be read.
pub fn gather(
    rollup: &Rollup,
    shards: &impl Shards,
    interfaces: &Interfaces,
    (told, pricing): (Told, &Pricing),
    now: u32,
) -> Result<Gathered, Error> {
    let survey = shards.fold(Survey::default, |shard| Survey::of(rollup, shard), Survey::merge)?;
    let Some((first, last)) = survey.span else { return Ok(Gathered::default()) };
    let bill = Bill::of(survey.charged(rollup), (None, None), &pricing.table, pricing.terms.clone())?;
    let rates = survey.rates(rollup, &bill);
    let apart =
        Apart { addresses: greatest(&survey.addresses, ADDRESSES_MAX), ports: greatest(&survey.ports, PORTS_MAX) };
    let of_shard = |shard| sums(rollup, shard, &apart, &rates);
    let sums = shards.fold(Sum::default, of_shard, |one, other| add_all(one, other, Amounts::add))?;
    let count = (last.saturating_sub(first) / HOUR_SECONDS) as usize + 1;
    let covered = covered(interfaces, (first, count), now);
    let unpriced: u128 = bill.lines.iter().map(|line| u128::from(line.priced.unpriced_bytes)).sum();
    let mut notes = bill::notes(&bill.frame)?;
    notes.extend((unpriced > 0).then(|| unpriced_note(unpriced)));
    notes.extend(survey.note());
    let (mut names, mut leaves, mut cells) =
        (Names::new(rollup.names(), told, &apart), Numbered::default(), Map::default());
    for ((raw, hour), amounts) in &sums {
        let leaf = leaves.number(names.leaf(raw));
        let hour = hour.saturating_sub(first) / HOUR_SECONDS;
        cells.entry((leaf, hour)).or_insert_with(Amounts::default).add(*amounts);
    }
    let lost = lost(&names, interfaces, (first, count));
    let cells = cells.into_iter().map(|((leaf, hour), amounts)| Cell { leaf, hour, amounts }).collect();
    let hours = Hours::new((first, covered), &names.all(), &leaves.in_order(), cells, &lost);
    Ok(Gathered { hours, notes })
}

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// What leaves had by the hour, before they have names.
type Sum = Map<(Raw, u32), Amounts>;

/// What a group of the roll-up is, by codes of its dictionary plus one, 0 where there is none; of pairs the source
/// stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Raw {
    team: u32,
    service: [u32; 2],
    interface: [u32; 2],
    is_own: [bool; 2],
    place: [u32; 2],
    region: [u32; 2],
    network: [u32; 2],
    /// Its place among the addresses that are told apart, plus one.
    address: u32,
    port: Port,
    via: u32,
    path: u32,
}

/// A port, as far as ports are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Port {
    Single(u64),
    Ephemeral,
    Other,
    Absent,
}

/// What is told apart, sorted.
struct Apart {
    addresses: Vec<u128>,
    ports: Vec<u64>,
}

impl Apart {
    fn port(&self, port: KeyValue) -> Port {
        match port {
            KeyValue::Number(port) if port >= EPHEMERAL_PORT_MIN => Port::Ephemeral,
            KeyValue::Number(port) if self.ports.binary_search(&port).is_ok() => Port::Single(port),
            KeyValue::Number(_) => Port::Other,
            _ => Port::Absent,
        }
    }

    fn address(&self, address: KeyValue) -> u32 {
        let KeyValue::Address(address) = address else { return 0 };
        self.addresses.binary_search(&address).map_or(0, |place| u32::try_from(place + 1).unwrap_or(0))
    }
}

/// A group of the roll-up, its key taken apart.
struct Group {
    /// What it is, but for its address and port.
    raw: Raw,
    address: KeyValue,
    port: KeyValue,
    /// What is charged alike; nothing of traffic itself.
    charged: Option<Alike>,
    hour: u32,
    counted: Sums,
    blocked: Sums,
}

/// What is charged alike in an hour: the charge, its sides, the hour.
type Alike = (u32, KeyValue, KeyValue, u32);
/// The same in words.
type Named = (Option<Charge>, Arc<str>, Arc<str>, u32);

impl Group {
    /// Takes the key of a roll-up by [`spec`] apart.
    fn new(key: &[KeyValue], counted: Sums, blocked: Sums) -> Option<Self> {
        let (own, rest) = key.split_first_chunk::<COLUMNS>()?;
        let code = |value: KeyValue| if let KeyValue::Text(code) = value { code.saturating_add(1) } else { 0 };
        let [charge, _payer, from, to, _assumed, path, KeyValue::Time(hour)] = *rest.first_chunk::<7>()? else {
            return None;
        };
        let [team, src_service, dst_service, pairs @ .., address, port, via] = *own;
        let pair = |place: usize| [code(pairs[2 * place]), code(pairs[2 * place + 1])];
        let [interface, vpc, place, region, network] = [0, 1, 2, 3, 4].map(pair);
        let raw = Raw {
            team: code(team),
            service: [code(src_service), code(dst_service)],
            interface,
            is_own: [0, 1].map(|side| interface[side] != 0 || vpc[side] != 0),
            place,
            region,
            network,
            address: 0,
            port: Port::Absent,
            via: code(via),
            path: code(path),
        };
        let charged = if let KeyValue::Text(charge) = charge { Some((charge, from, to, hour)) } else { None };
        Some(Self { raw, address, port, charged, hour, counted, blocked })
    }
}

fn each(rollup: &Rollup, shard: usize, mut take: impl FnMut(Group)) -> Result<(), Error> {
    let mut key = Vec::new();
    rollup.for_each_group(shard, |group| {
        key.clear();
        key.extend(rollup.group_values(&group));
        if let Some(group) = Group::new(&key, group.counted, group.blocked) {
            take(group);
        }
    })
}

/// What the leaves of a shard had.
fn sums(rollup: &Rollup, shard: usize, apart: &Apart, rates: &Map<Alike, (u128, u128)>) -> Result<Sum, Error> {
    let mut sums = Sum::default();
    let narrow = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
    each(rollup, shard, |group| {
        let amounts = match group.charged {
            Some(alike) => {
                let (usd, bytes) = rates.get(&alike).copied().unwrap_or((0, 1));
                Amounts([narrow(usd * group.counted.bytes / bytes.max(1)), 0, 0, 0])
            }
            None => Amounts([0, group.counted.bytes, group.counted.flows, group.blocked.flows].map(narrow)),
        };
        let raw = Raw { address: apart.address(group.address), port: apart.port(group.port), ..group.raw };
        sums.entry((raw, group.hour)).or_default().add(amounts);
    })?;
    Ok(sums)
}

/// Both maps in one.
fn add_all<K: Hash + Eq, V: Copy>(one: Map<K, V>, other: Map<K, V>, add: impl Fn(&mut V, V)) -> Map<K, V> {
    let (mut into, from) = if one.len() < other.len() { (other, one) } else { (one, other) };
    for (key, value) in from {
        into.entry(key).and_modify(|kept| add(kept, value)).or_insert(value);
    }
    into
}

/// What must be known of all groups before they are told apart.
#[derive(Default)]
struct Survey {
    span: Option<(u32, u32)>,
    charges: Map<Alike, u128>,
    /// By address and by port: the greatest sum of a group, of bytes and of records.
    addresses: Map<u128, [u128; 2]>,
    ports: Map<u64, [u128; 2]>,
}

impl Survey {
    fn of(rollup: &Rollup, shard: usize) -> Result<Self, Error> {
        let mut survey = Self::default();
        each(rollup, shard, |group| survey.add(&group))?;
        Ok(survey)
    }

    fn add(&mut self, group: &Group) {
        let (first, last) = self.span.unwrap_or((group.hour, group.hour));
        self.span = Some((first.min(group.hour), last.max(group.hour)));
        if let Some(alike) = group.charged {
            *self.charges.entry(alike).or_default() += group.counted.bytes;
            return;
        }
        let size = [group.counted.bytes, group.counted.flows + group.blocked.flows];
        if let KeyValue::Address(address) = group.address {
            widen(self.addresses.entry(address).or_default(), size);
        }
        if let KeyValue::Number(port) = group.port {
            widen(self.ports.entry(port).or_default(), size);
        }
    }

    fn merge(self, other: Self) -> Self {
        let span = [self.span, other.span].into_iter().flatten();
        Self {
            span: span.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))),
            charges: add_all(self.charges, other.charges, |kept, bytes| *kept += bytes),
            addresses: add_all(self.addresses, other.addresses, widen),
            ports: add_all(self.ports, other.ports, widen),
        }
    }

    /// The charges as rows for pricing.
    fn charged(&self, rollup: &Rollup) -> Vec<Charged> {
        let mut rows = Vec::new();
        for ((charge, from, to, hour), bytes) in &self.charges {
            let (from, to) = charged::sides(*from, *to, rollup.names());
            let row = Charged {
                previous: false,
                keys: Vec::new(),
                charge: Charge::of_name(&rollup.names().display(*charge)),
                reason: "".into(),
                payer: None,
                from,
                to,
                hour: *hour,
                assumed: None,
                bytes: 0,
            };
            let mut left = *bytes;
            while left > 0 {
                let bytes = u64::try_from(left).unwrap_or(u64::MAX);
                left -= u128::from(bytes);
                rows.push(Charged { bytes, ..row.clone() });
            }
        }
        rows
    }

    /// What those that are charged alike cost, in 10⁻¹⁰ USD, and their bytes.
    fn rates(&self, rollup: &Rollup, bill: &Bill) -> Map<Alike, (u128, u128)> {
        let mut usd: HashMap<Named, u128> = HashMap::new();
        for line in &bill.lines {
            let Charged { charge, from, to, hour, .. } = &line.charged;
            *usd.entry((*charge, Arc::clone(from), Arc::clone(to), *hour)).or_default() += line.priced.usd.rounded();
        }
        let rate = |(alike, bytes): (&Alike, &u128)| {
            let (charge, from, to, hour) = alike;
            let (from, to) = charged::sides(*from, *to, rollup.names());
            let cost = usd.get(&(Charge::of_name(&rollup.names().display(*charge)), from, to, *hour));
            (*alike, (cost.copied().unwrap_or(0), *bytes))
        };
        self.charges.iter().map(rate).collect()
    }

    /// What was put together.
    fn note(&self) -> Option<String> {
        let more = self.addresses.len().checked_sub(ADDRESSES_MAX).filter(|more| *more > 0)?;
        let more = count(more as u128);
        Some(format!(
            "of the addresses outside, the {ADDRESSES_MAX} that stand out are told apart, {more} others are not"
        ))
    }
}

fn widen(kept: &mut [u128; 2], size: [u128; 2]) {
    kept.iter_mut().zip(size).for_each(|(kept, size)| *kept = (*kept).max(size));
}

/// Those with the greatest sums, half by bytes and half by records, sorted; equal ones by what they are.
fn greatest<T: Copy + Ord>(of: &Map<T, [u128; 2]>, count: usize) -> Vec<T> {
    let mut kept = Vec::new();
    for measure in 0..2 {
        let mut all: Vec<_> = of.iter().map(|(key, sizes)| (Reverse(sizes[measure]), *key)).collect();
        all.sort_unstable();
        kept.extend(all.into_iter().take(count / 2).map(|(_, key)| key));
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// The hours in which AWS lost records of interfaces that have traffic.
fn lost(names: &Names<'_>, interfaces: &Interfaces, (first, count): (u32, usize)) -> Vec<(u32, u32)> {
    let last = u32::try_from(count).unwrap_or(u32::MAX).saturating_sub(1);
    let hour = |moment: u32| moment.saturating_sub(first) / HOUR_SECONDS;
    let mut lost = Vec::new();
    for (id, interface) in interfaces.iter() {
        let Some(code) = names.code(&String::from_utf8_lossy(id)) else { continue };
        let gaps = interface.gaps().iter().filter(|(from, to)| *to >= first && hour(*from) <= last);
        lost.extend(gaps.flat_map(|(from, to)| hour(*from)..=hour(*to).min(last)).map(|hour| (code, hour)));
    }
    lost
}

/// The hours of which logs tell the whole: those in which any interface was watched, with traffic or without, but one
/// that has begun before the first record or ends after the last one, or whose records may still arrive.
fn covered(interfaces: &Interfaces, (first, count): (u32, usize), now: u32) -> Vec<bool> {
    let watched = interfaces.iter().filter_map(|(_, interface)| interface.watched);
    let (begun, ended) = watched.fold((u32::MAX, 0), |(begun, ended), (from, to)| (begun.min(from), ended.max(to)));
    let whole = |hour: usize| {
        let start = first.saturating_add(u32::try_from(hour).unwrap_or(u32::MAX).saturating_mul(HOUR_SECONDS));
        let end = start.saturating_add(HOUR_SECONDS);
        interfaces.tell_of_hour(start)
            && begun <= start.saturating_add(SLACK_SECONDS)
            && ended >= end.saturating_sub(SLACK_SECONDS)
            && now >= end.saturating_add(DELIVERY_SECONDS)
    };
    (0..count).map(whole).collect()
}
