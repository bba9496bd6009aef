//! Hours in which the counting vantage of a pair changes because of a coverage boundary.
//!
//! Records are aggregated by hour, so records before and after a boundary cannot be separated. In such an hour an
//! observer counts the difference to the preceding vantages: `max(0, seen − seen before)`. The boundary and the counted
//! bytes are determined from all records of the observer, pair and hour, independent of grouping; the facts then share
//! the bytes in proportion, so that the shares add up.
//!
//! Three passes find them: pairs that may be concerned (`note`), what each observer saw of them (`weigh`), and the facts
//! that share (`share`). Only facts of hours with changes are looked at, and of most pairs nothing but two bits is kept:
//! whether some records start before the last change of the hour, and some after its first one.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::super::bits::{Bits, hash};
use super::super::count::{Observer, Seat, Sighting};
use super::super::ends::AddressResolver;
use super::super::traffic::Traffic;
use super::super::vantage::{Fact, Facts, HOUR_SECONDS};
use super::{Hourly, Index, Map, Pass, hourly};
use crate::error::Error;
use crate::group::{Class, KeyValue};

/// What counts of a fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Part {
    pub(in super::super) bytes: u128,
    pub(in super::super) packets: u128,
    /// Whether its records count; counted records may have no counted bytes.
    pub(in super::super) counts: bool,
}

impl Part {
    /// All of a fact.
    pub(in super::super) fn all(fact: &Fact) -> Self {
        Self { bytes: fact.counted.bytes, packets: fact.counted.packets, counts: true }
    }
}

/// Who saw what of a pair in hours in which that matters. Merges in any order.
#[derive(Debug, Default)]
pub(in super::super) struct Splits {
    /// Until the shares are settled: what each observer saw.
    pairs: Map<Hourly, Vec<Seen>>,
    shared: Map<(Hourly, Observer), Shared>,
    /// Pairs of which some records start before the last change of the hour.
    before: Bits,
    /// Pairs of which some start after the first one; then the pairs of what is shared.
    after: Bits,
    /// The hours of the pairs, then of what is shared.
    hours: HashSet<u32, ahash::RandomState>,
}

/// What an observer saw of a pair in an hour.
#[derive(Clone, Copy, Debug)]
struct Seen {
    observer: Observer,
    bytes: u128,
    packets: u128,
    flows: u128,
    /// The first and the last start.
    first: u32,
    last: u32,
}

impl Seen {
    fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.packets += other.packets;
        self.flows += other.flows;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// With the latest observation; among simultaneous ones the larger.
    fn or(self, other: &Self) -> Self {
        let apart = self.last < other.first || other.last < self.first;
        let both = |one: u128, two: u128| if apart { one + two } else { one.max(two) };
        Self {
            bytes: both(self.bytes, other.bytes),
            packets: both(self.packets, other.packets),
            flows: both(self.flows, other.flows),
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            ..self
        }
    }

    /// What counts of it beside what counts before.
    fn beyond(&self, before: Option<Self>) -> Part {
        let Some(before) = before else { return Part { bytes: self.bytes, packets: self.packets, counts: true } };
        let bytes = self.bytes.saturating_sub(before.bytes);
        let counts = if self.bytes > 0 { bytes > 0 } else { self.flows > before.flows };
        let packets = if counts { self.packets.saturating_sub(before.packets) } else { 0 };
        Part { bytes, packets, counts }
    }
}

/// The facts that share what counts of an observer's.
#[derive(Debug)]
struct Shared {
    /// What becomes of the rest.
    rest: Class,
    facts: Vec<(Who, Part)>,
}

/// Identifies a fact among those of its pair, hour and observer: vantage, addresses and passthrough columns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Who(usize, [u128; 4], Box<[KeyValue]>);

impl Who {
    fn new(fact: &Fact, passthrough: &[KeyValue]) -> Self {
        Self(fact.vantage, [fact.srcaddr, fact.dstaddr, fact.src, fact.dst], passthrough.into())
    }

    /// The same in every run: codes of views differ.
    fn compare(&self, other: &Self, facts: &Facts<'_>) -> Ordering {
        let values = |who: &Self| facts.vantage_values(who.0);
        values(self).cmp(values(other)).then_with(|| (&self.1, &self.2).cmp(&(&other.1, &other.2)))
    }
}

impl Splits {
    /// Whether [`weigh`] is needed, or [`share`].
    pub(in super::super) fn is_empty(&self) -> bool {
        self.hours.is_empty()
    }

    /// Notes a fact's pair if of what its observer sees in that hour some may count and some may not. That depends on
    /// all that the observer sees of the pair, however it is grouped.
    pub(super) fn note(&mut self, resolver: &AddressResolver, index: &Index, sighting: &Sighting<'_>) {
        let hour = sighting.fact.hour;
        let (first, last) = sighting.fact.starts();
        let whole = (hour, hour.saturating_add(HOUR_SECONDS - 1));
        for observer in resolver.observers(index, sighting) {
            let Some((first_change, last_change)) = resolver.changes_of(index, sighting, observer, whole) else {
                continue;
            };
            if resolver.split(index, sighting, observer, whole).is_none() {
                continue;
            }
            let hash = hash_of(resolver, sighting.fact);
            if first < last_change {
                self.before.set(hash);
            }
            if last >= first_change {
                self.after.set(hash);
            }
            self.hours.insert(hour);
        }
    }

    /// Whether a fact may be of a pair that was noted.
    fn have(&self, resolver: &AddressResolver, fact: &Fact) -> bool {
        let hash = hash_of(resolver, fact);
        self.before.has(hash) && self.after.has(hash)
    }

    fn weigh(&mut self, key: Hourly, seen: &Seen) {
        let pair = self.pairs.entry(key).or_default();
        match pair.iter_mut().find(|mine| mine.observer == seen.observer) {
            Some(mine) => mine.add(seen),
            None => pair.push(*seen),
        }
    }

    fn share(&mut self, key: (Hourly, Observer), shared: Shared) {
        self.hours.insert(key.0.2);
        match self.shared.get_mut(&key) {
            Some(mine) => {
                mine.rest = mine.rest.min(shared.rest);
                mine.facts.extend(shared.facts);
            }
            None => drop(self.shared.insert(key, shared)),
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (key, seen) in other.pairs {
            self.pairs.entry(key).or_default();
            seen.iter().for_each(|seen| self.weigh(key, seen));
        }
        other.shared.into_iter().for_each(|(key, shared)| self.share(key, shared));
        self.before.merge(other.before);
        self.after.merge(other.after);
        self.hours.extend(other.hours);
    }

    /// Shares out what counts, when all facts are known that share.
    pub(in super::super) fn settle(&mut self, facts: &Facts<'_>) {
        for ((key, observer), shared) in &mut self.shared {
            let seen = self.pairs.get(key).map_or(&[][..], Vec::as_slice);
            let Some(whole) = seen.iter().find(|seen| seen.observer == *observer) else { continue };
            let mut before: Vec<&Seen> = seen.iter().filter(|seen| observer.comes_after(&seen.observer)).collect();
            before.sort_by_key(|seen| seen.observer);
            let before =
                before.into_iter().fold(None, |sum: Option<Seen>, seen| Some(sum.map_or(*seen, |sum| sum.or(seen))));
            let part = whole.beyond(before);
            shared.facts.sort_by(|(one, _), (other, _)| one.compare(other, facts));
            apportion(&mut shared.facts, part, whole);
            shared.facts.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        (self.pairs, self.before, self.after) = Default::default();
        self.shared.keys().for_each(|(pair, _)| self.after.set(hash_of_pair(*pair)));
        self.hours = self.shared.keys().map(|(pair, _)| pair.2).collect();
    }
}

impl Index {
    /// The counted part of a fact and the class of the rest, if determined by difference for an observer's seat.
    pub(in super::super) fn part(
        &self,
        resolver: &AddressResolver,
        sighting: &Sighting<'_>,
        passthrough: &[KeyValue],
        is_asked: impl Fn(Seat) -> bool,
    ) -> Option<(Part, Class)> {
        let splits = &self.splits;
        let pair = hourly(sighting);
        if !splits.hours.contains(&sighting.fact.hour) || !splits.after.has(hash_of_pair(pair)) {
            return None;
        }
        let observer = resolver.observers(self, sighting).find(|observer| is_asked(observer.seat))?;
        let shared = splits.shared.get(&(pair, observer))?;
        let who = Who::new(sighting.fact, passthrough);
        let place = shared.facts.binary_search_by(|(one, _)| one.cmp(&who)).ok()?;
        shared.facts.get(place).map(|(_, part)| (*part, shared.rest))
    }
}

/// The hash of a fact's pair: by the private addresses and the hour, which are known before the ends.
fn hash_of(resolver: &AddressResolver, fact: &Fact) -> u64 {
    let [src, dst] = [fact.src, fact.dst].map(|address| resolver.estate.inside_of(address));
    hash([src, dst, fact.hour.into()])
}

/// The hash of a pair whose ends are known.
fn hash_of_pair(((_, src), dst, hour): Hourly) -> u64 {
    hash([src, dst, hour.into()])
}

/// Shares out what counts of the whole by the facts' own sums. What is rounded down up to a fact goes to those after it,
/// so that the shares add up; none is more than the fact has.
fn apportion(facts: &mut [(Who, Part)], part: Part, whole: &Seen) {
    let share = |so_far: u128, part: u128, whole: u128| so_far.saturating_mul(part).checked_div(whole).unwrap_or(0);
    let (mut bytes, mut packets) = (0, 0);
    for (_, own) in facts {
        let [from, to] = [bytes, bytes + own.bytes].map(|so_far| share(so_far, part.bytes, whole.bytes));
        let [first, last] = [packets, packets + own.packets].map(|so_far| share(so_far, part.packets, whole.packets));
        (bytes, packets) = (bytes + own.bytes, packets + own.packets);
        *own = Part { bytes: to - from, packets: last - first, counts: part.counts };
    }
}

impl Pass<'_> {
    /// Calls with each accepted fact of a shard that is of a pair which was noted, as its interface saw it.
    fn noted(
        &mut self,
        shard: usize,
        mut each: impl FnMut(&mut Splits, &Sighting<'_>, Hourly, &[KeyValue]),
    ) -> Result<(), Error> {
        let Self { traffic: Traffic { facts, resolver, learnt, index, .. }, sides, found, .. } = self;
        facts.for_each(shard, |fact, passthrough| {
            if fact.counted.flows == 0 || !index.splits.have(resolver, fact) {
                return;
            }
            let vantage = &facts.vantages[fact.vantage];
            let (direction, _) = resolver.direction(vantage, fact, learnt);
            let ends = sides.ends(resolver, vantage, fact, direction);
            let sighting = Sighting { vantage, fact, direction, ends };
            each(&mut found.splits, &sighting, hourly(&sighting), passthrough);
        })
    }

    /// Sums what observers saw of the pairs that were noted.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub(in super::super) fn weigh(&mut self, shard: usize) -> Result<(), Error> {
        let Traffic { resolver, index, .. } = self.traffic;
        self.noted(shard, |splits, sighting, pair, _| {
            let sums = &sighting.fact.counted;
            for observer in resolver.observers(index, sighting) {
                let (first, last) = sighting.fact.starts();
                let (bytes, packets, flows) = (sums.bytes, sums.packets, sums.flows);
                splits.weigh(pair, &Seen { observer, bytes, packets, flows, first, last });
            }
        })
    }

    /// Collects the facts of which some records count and some do not, by all that their observer saw of the pair.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub(in super::super) fn share(&mut self, shard: usize) -> Result<(), Error> {
        let Traffic { resolver, index, .. } = self.traffic;
        self.noted(shard, |splits, sighting, key, passthrough| {
            let Some(pair) = index.splits.pairs.get(&key) else { return };
            for observer in resolver.observers(index, sighting) {
                let Some(seen) = pair.iter().find(|seen| seen.observer == observer) else { continue };
                if let Some(rest) = resolver.split(index, sighting, observer, (seen.first, seen.last)) {
                    let facts = vec![(Who::new(sighting.fact, passthrough), Part::all(sighting.fact))];
                    splits.share((key, observer), Shared { rest, facts });
                }
            }
        })
    }
}
