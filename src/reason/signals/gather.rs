//! A roll-up of traffic → what was observed: read three times, and nothing kept by record but what is bounded.
//!
//! First pass: connection attempts and rejected records by source and hour; then pairs with their hours; then start
//! times of pairs selected for timing. Text codes and the order of groups differ between runs, so results do not depend
//! on them: limits have deterministic rules, and output is sorted.

mod row;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::hours::{self, HourSums, hour_of};
use super::lists::Lists;
use super::observed::{Observed, Pair, Probes, RejectedBySource, Source, TCP, Thinned};
use super::series::{self, Series, Start};
use super::{Terms, Text};
use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::Rollup;
use crate::join::owners::{EXTERNAL, UNALLOCATED};
use row::{End, Reader, Seen, Side};

/// The most hours that are kept of all pairs together; with more, pairs are left out.
pub const PAIR_HOURS_MAX: usize = 1 << 23;
/// The most targets that are kept of a source in an hour.
pub const PROBES_KEPT_MAX: usize = 1024;
/// A pair whose records lie closer together has no timing to look at.
const SERIES_SECONDS_MIN: u32 = 20 * 60;
/// A first segment without an answer is sent again, and then no more: what has more packets was answered.
const UNANSWERED_PACKETS_MAX: u128 = 2;
/// Ports that administer hosts or share their files, of which whole networks are swept.
const SWEPT_PORTS: [u32; 9] = [21, 22, 23, 25, 139, 445, 3389, 5985, 5986];
/// SYN, and SYN with ACK, of `tcp_flags`.
const SYN: u32 = 2;
const HANDSHAKE: u32 = 18;

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// The key: the source by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct PairKey {
    peer: u128,
    source: u32,
    port: u32,
    protocol: u32,
    is_served: bool,
}

/// A pair before it is finished.
#[derive(Debug)]
struct PairSeen {
    /// The code of the place, with when it was seen last.
    place: (u32, u32),
    is_aws: bool,
    first: u32,
    last: u32,
    packets_out: u128,
    rejected: u128,
    /// Records sent.
    starts: u64,
    hours: Vec<HourSums>,
}

/// What a source tried in an hour.
#[derive(Debug, Default)]
struct Tried {
    failed: BTreeSet<(u128, u32)>,
    admin: BTreeSet<(u128, u32)>,
    is_full: bool,
}

/// The collected data.
struct Gatherer<'a> {
    reader: Reader<'a>,
    lists: &'a Lists,
    from: u32,
    to: u32,
    /// Those in which any record starts.
    hours: BTreeSet<u32>,
    has_flags: bool,
    /// Ends of the estate, and their numbers.
    numbers: Map<(u32, u128), u32>,
    /// With the code of the last owner and when it was seen.
    sources: Vec<(End, (u32, u32))>,
    tried: Map<(u32, u32), Tried>,
    rejected: Map<u32, BTreeMap<u32, u64>>,
    pairs: Map<PairKey, PairSeen>,
    pair_hours: usize,
    thinned: Thinned,
}

/// Observes.
///
/// # Errors
/// If rows of the roll-up were spilled and cannot be read.
pub(super) fn observed(rollup: &Rollup, lists: &Lists, terms: &Terms) -> Result<Observed, Error> {
    let (numbers, sources, tried, rejected, pairs) = Default::default();
    let mut gatherer = Gatherer {
        reader: Reader::new(rollup)?,
        lists,
        from: u32::MAX,
        to: 0,
        hours: BTreeSet::new(),
        has_flags: false,
        numbers,
        sources,
        tried,
        rejected,
        pairs,
        pair_hours: 0,
        thinned: Thinned::default(),
    };
    let reader = gatherer.reader.clone();
    reader.for_each(|seen| gatherer.try_out(seen))?;
    reader.for_each(|seen| gatherer.pair(seen))?;
    let timed = |(key, pair): (&PairKey, &PairSeen)| {
        let is_long = pair.starts >= 2 && pair.last.saturating_sub(pair.first) >= SERIES_SECONDS_MIN;
        let is_judged = !key.is_served && !pair.is_aws && !lists.allowed.holds(key.peer);
        (is_long && is_judged).then(|| (pair.starts, gatherer.stable(key)))
    };
    let (chosen, unsampled) = series::chosen(gatherer.pairs.iter().filter_map(timed).collect());
    let mut starts: Map<PairKey, Vec<Start>> = chosen.into_iter().map(|(.., key)| (key, Vec::new())).collect();
    reader.for_each(|seen| gatherer.start(seen, &mut starts))?;
    Ok(gatherer.finish(starts, unsampled, terms))
}

impl Gatherer<'_> {
    /// The number of an end of the estate.
    fn number(&mut self, end: End, moment: u32) -> u32 {
        let next = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry((end.interface, end.address)).or_insert(next);
        if number == next {
            self.sources.push((end, (moment, end.owner)));
        }
        let owner = &mut self.sources[number as usize].1;
        later(owner, (moment, end.owner), self.reader.names);
        number
    }

    /// First pass: rejected and unanswered records.
    fn try_out(&mut self, seen: &Seen) {
        self.from = self.from.min(seen.first);
        self.to = self.to.max(seen.last);
        self.has_flags |= seen.has_flags;
        let hour = hour_of(seen.first);
        self.hours.insert(hour);
        if seen.is_rejected {
            let number = self.number(seen.refusing(), seen.last);
            let count = self.rejected.entry(number).or_default().entry(hour).or_default();
            *count = count.saturating_add(u64::try_from(seen.flows).unwrap_or(u64::MAX));
        }
        if seen.side == Side::Inward || !seen.calls() {
            return;
        }
        let number = self.number(seen.own, seen.last);
        let is_failed = seen.is_rejected || is_unanswered(seen);
        let is_admin = SWEPT_PORTS.contains(&seen.peer_port);
        if !is_failed && !is_admin {
            return;
        }
        let tried = self.tried.entry((number, hour)).or_default();
        for (is_asked, set) in [(is_failed, &mut tried.failed), (is_admin, &mut tried.admin)] {
            if is_asked {
                set.insert((seen.peer, seen.peer_port));
            }
            if set.len() > PROBES_KEPT_MAX {
                set.pop_last();
                tried.is_full = true;
            }
        }
    }

    /// Second pass: pairs of source and peer.
    fn pair(&mut self, seen: &Seen) {
        let is_outward = match seen.side {
            Side::Outward => true,
            Side::Inward => false,
            Side::Inside => return,
        };
        let is_threat = is_outward && self.lists.threats.holds(seen.peer);
        if seen.is_rejected && !is_threat {
            return;
        }
        let number = self.number(seen.own, seen.last);
        let hour = hour_of(seen.first);
        let is_scan = || self.tried.get(&(number, hour)).is_some_and(|tried| tried.is_full);
        if is_outward && !is_threat && is_unanswered(seen) && is_scan() {
            return;
        }
        let key = seen.key(number);
        if !keeps(self.thinned, &key) {
            return;
        }
        let pair = self.pairs.entry(key).or_insert_with(|| PairSeen::of(seen));
        self.pair_hours += pair.add(seen, is_outward, hour, self.reader.names);
        while self.pair_hours > PAIR_HOURS_MAX {
            self.thinned.level += 1;
            let thinned = self.thinned;
            self.pairs.retain(|key, _| keeps(thinned, key));
            self.pair_hours = self.pairs.values().map(|pair| pair.hours.len()).sum();
        }
    }

    /// Third reading: when it was.
    fn start(&mut self, seen: &Seen, starts: &mut Map<PairKey, Vec<Start>>) {
        if seen.side != Side::Outward || seen.is_rejected {
            return;
        }
        let number = self.number(seen.own, seen.last);
        if let Some(starts) = starts.get_mut(&seen.key(number)) {
            let bytes = u64::try_from(seen.bytes).unwrap_or(u64::MAX);
            starts.push(Start { own_port: seen.own_port, first: seen.first, last: seen.last, bytes });
        }
    }

    /// A key that sorts alike in every run: sources have the same number where interface and address are the same.
    fn stable(&self, key: &PairKey) -> (u128, &[u8], u128, PairKey) {
        let end = self.sources[key.source as usize].0;
        (key.peer, self.reader.names.text(end.interface), end.address, *key)
    }

    fn finish(self, mut starts: Map<PairKey, Vec<Start>>, unsampled: u64, terms: &Terms) -> Observed {
        let names = self.reader.names;
        let text = |code: u32| Text::from(names.display(code).as_ref());
        let source = |(end, (_, owner)): &(End, (u32, u32))| Source {
            interface: (end.interface != Dictionary::ABSENT).then(|| text(end.interface)),
            address: end.address,
            owner: text(*owner),
            is_owned: !matches!(&*text(*owner), UNALLOCATED | EXTERNAL),
        };
        let mut sorted: Vec<(Source, usize)> = self.sources.iter().map(source).zip(0..).collect();
        sorted.sort_unstable();
        let mut places = vec![0; sorted.len()];
        sorted.iter().enumerate().for_each(|(place, (_, number))| places[*number] = place);
        let mut pairs: Vec<(Pair, PairKey)> = (self.pairs.into_iter())
            .map(|(key, pair)| {
                let place = places[key.source as usize];
                (pair.finish(&key, place, text, self.lists), key)
            })
            .collect();
        pairs.sort_unstable_by_key(|(pair, _)| (pair.source, pair.peer, pair.port, pair.protocol, pair.is_served));
        let series = |(place, (_, key)): (usize, &(Pair, PairKey))| {
            let mut starts = starts.remove(key)?;
            starts.sort_unstable();
            Some(Series { pair: place, starts })
        };
        let series: Vec<Series> = pairs.iter().enumerate().filter_map(series).collect();
        let pairs: Vec<Pair> = pairs.into_iter().map(|(pair, _)| pair).collect();
        Observed {
            from: self.from.min(self.to),
            to: self.to,
            hours: self.hours.into_iter().collect(),
            has_flags: self.has_flags,
            threats: pairs.iter().map(|pair| self.lists.threats.find(pair.peer)).collect(),
            interval_seconds: terms.interval_seconds.unwrap_or_else(|| series::interval_seconds(&series)),
            series,
            pairs,
            probes: probes(self.tried, &places),
            rejected: rejected(self.rejected, &places),
            sources: sorted.into_iter().map(|(source, _)| source).collect(),
            thinned: self.thinned,
            unsampled,
        }
    }
}

impl PairSeen {
    fn of(seen: &Seen) -> Self {
        let (place, first, last) = ((0, seen.place), seen.first, seen.last);
        Self { place, is_aws: false, first, last, packets_out: 0, rejected: 0, starts: 0, hours: Vec::new() }
    }

    /// Adds records; gives how many hours there are more.
    fn add(&mut self, seen: &Seen, is_outward: bool, hour: u32, names: &Dictionary) -> usize {
        later(&mut self.place, (seen.last, seen.place), names);
        self.is_aws |= seen.is_aws;
        self.first = self.first.min(seen.first);
        self.last = self.last.max(seen.last);
        if seen.is_rejected {
            self.rejected += seen.flows;
            return 0;
        }
        let bytes = u64::try_from(seen.bytes).unwrap_or(u64::MAX);
        let mut sums = HourSums { hour, ..HourSums::default() };
        if is_outward {
            self.packets_out += seen.packets;
            self.starts += 1;
            sums.out = bytes;
            let is_begun = !seen.has_flags || seen.flags & HANDSHAKE == SYN;
            sums.connections = if is_begun { u32::try_from(seen.flows).unwrap_or(u32::MAX) } else { 0 };
        } else {
            sums.back = bytes;
        }
        hours::add(&mut self.hours, sums)
    }

    fn finish(self, key: &PairKey, source: usize, text: impl Fn(u32) -> Text, lists: &Lists) -> Pair {
        Pair {
            source,
            peer: key.peer,
            place: text(self.place.1),
            port: key.port,
            protocol: key.protocol,
            is_served: key.is_served,
            is_aws: self.is_aws,
            is_allowed: lists.allowed.holds(key.peer),
            first: self.first,
            last: self.last,
            packets_out: self.packets_out,
            rejected: self.rejected,
            hours: self.hours,
        }
    }
}

impl Seen {
    fn key(&self, source: u32) -> PairKey {
        let is_served = self.port == self.own_port && self.own_port != self.peer_port;
        PairKey { peer: self.peer, source, port: self.port, protocol: self.protocol, is_served }
    }
}

/// The later of two codes with their moments; of those at the same moment that whose text is greater.
fn later(mine: &mut (u32, u32), other: (u32, u32), names: &Dictionary) {
    if mine.1 != other.1 && (other.0, names.text(other.1)) > (mine.0, names.text(mine.1)) {
        *mine = other;
    } else if mine.1 == other.1 {
        mine.0 = mine.0.max(other.0);
    }
}

/// Whether nothing came back: a first segment, and perhaps its repeat.
fn is_unanswered(seen: &Seen) -> bool {
    seen.protocol == TCP && seen.has_flags && seen.flags == SYN && seen.packets <= UNANSWERED_PACKETS_MAX
}

/// Whether a pair is kept, by its key alone.
fn keeps(thinned: Thinned, key: &PairKey) -> bool {
    let mix = |sum: u64, word: u128| {
        let word = u64::try_from((word ^ word >> 64) & u128::from(u64::MAX)).unwrap_or(0);
        (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    };
    let hash = [key.peer, key.port.into(), key.protocol.into()].into_iter().fold(0, mix);
    thinned.level == 0 || (!key.is_served && (hash >> 20).trailing_zeros() >= thinned.level - 1)
}

fn probes(tried: Map<(u32, u32), Tried>, places: &[usize]) -> Vec<Probes> {
    let probes = |((number, hour), tried): ((u32, u32), Tried)| Probes {
        source: places[number as usize],
        hour,
        failed: tried.failed.into_iter().collect(),
        admin: tried.admin.into_iter().collect(),
        is_full: tried.is_full,
    };
    let mut probes: Vec<Probes> = tried.into_iter().map(probes).collect();
    probes.sort_unstable_by_key(|probes| (probes.source, probes.hour));
    probes
}

fn rejected(counts: Map<u32, BTreeMap<u32, u64>>, places: &[usize]) -> Vec<RejectedBySource> {
    let of = |(number, hours): (u32, BTreeMap<u32, u64>)| RejectedBySource {
        source: places[number as usize],
        hours: hours.into_iter().collect(),
    };
    let mut rejected: Vec<RejectedBySource> = counts.into_iter().map(of).collect();
    rejected.sort_unstable_by_key(|rejected| rejected.source);
    rejected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_leaves_out_what_others_call_first_and_then_halves_what_is_left() {
        let key = |peer: u32, is_served| PairKey { peer: peer.into(), source: 0, port: 443, protocol: 6, is_served };
        let kept = |level, is_served| {
            let thinned = Thinned { level };
            (0..10_000).filter(|peer| keeps(thinned, &key(*peer, is_served))).collect::<BTreeSet<_>>()
        };
        assert_eq!((kept(0, true).len(), kept(0, false).len()), (10_000, 10_000));
        assert_eq!((kept(1, true).len(), kept(1, false).len()), (0, 10_000));
        for level in 2..6 {
            let (more, less) = (kept(level - 1, false), kept(level, false));
            assert!(less.is_subset(&more), "what is left out stays out");
            assert!(
                less.len() * 9 / 4 > more.len() && less.len() * 7 / 4 < more.len(),
                "{} of {}",
                less.len(),
                more.len()
            );
        }
    }
}
