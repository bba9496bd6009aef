//! How much goes where: new destinations with volume, days unlike others, and ends that begin to give more than they take.

use std::collections::{BTreeMap, BTreeSet};

use super::hours::{HourSums, busiest_day, day_of, days, history};
use super::observed::{Finding, Observed, Pair, Part, Signal};
use super::robust::{self, Z_PER, median};
use super::{DAY_SECONDS, Terms, Text, span};
use crate::units::human::{self, Units};
use crate::units::time;

/// History without which nothing is called new.
pub(super) const HISTORY_SECONDS_MIN: u32 = DAY_SECONDS;
/// For how long a destination is new.
const NEW_SECONDS: u32 = 7 * DAY_SECONDS;
/// What a new destination adds to a score; and one that is new in a network that is not: addresses of a provider change.
const NEW_POINTS: u32 = 25;
const NEW_ADDRESS_POINTS: u32 = 15;
/// Days of a pair's own before which its volume is compared with that of the interface's other destinations.
const OWN_DAYS_MIN: usize = 7;
/// How many of those it takes.
const PEERS_MIN: usize = 10;
/// Days that a day is compared with.
const DAYS_COMPARED: u32 = 28;
/// From which z on a volume is unusual, and from which it adds all points; in units.
const Z_MIN: u128 = 6;
const Z_FULL: u128 = 20;
/// What an unusual volume adds: at the least z, and at the full one.
const VOLUME_POINTS_MIN: u128 = 10;
const VOLUME_POINTS_MAX: u128 = 25;
/// A value is above all that it is compared with by so many per cent.
const ABOVE_PERCENT: u128 = 130;
/// A scale of less than this part of the least volume is none.
const FLOOR_PARTS: u128 = 10;
/// The producer-consumer ratio is (out − back) / (out + back), here in thousandths.
const RATIO_PER: i128 = 1000;
/// 70 % out, 30 % back.
const RATIO_MIN: i128 = 400;
const RATIO_SHIFT_MIN: i128 = 500;
/// What a shift adds to a score.
const RATIO_POINTS: u32 = 20;
/// Days with traffic that a ratio is compared with: how many at least, and how far back.
const RATIO_DAYS_MIN: usize = 3;
const RATIO_DAYS: u32 = 14;
/// A day with less traffic has no ratio.
const RATIO_BYTES_MIN: u128 = 1 << 20;
/// Percentage of an interface's daily bytes above which a destination explains the interface's shift.
const SHARE_OF_SHIFT_PERCENT: u128 = 50;

/// All findings about volume.
pub(super) fn findings(observed: &Observed, terms: &Terms) -> Vec<Finding> {
    let mut findings = new_destinations(observed, terms);
    findings.extend(outliers(observed, terms));
    findings.extend(ratio_shifts(observed, terms));
    findings
}

/// Who a destination is new to: an owner with all its ends, else one end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Owner(Text),
    Source(usize),
}

/// What is new: a service of AWS as a whole, else a network, else an address of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Peer {
    Place(Text),
    Network(u128),
    Address(u128),
}

fn group(observed: &Observed, pair: &Pair) -> Group {
    let source = &observed.sources[pair.source];
    if source.is_owned { Group::Owner(Text::clone(&source.owner)) } else { Group::Source(pair.source) }
}

/// What of a pair's other end can be new, the widest first: its word, and what it adds to a score.
fn peers(pair: &Pair) -> Vec<(Peer, &'static str, u32)> {
    if pair.is_aws {
        return vec![(Peer::Place(Text::clone(&pair.place)), "service", NEW_POINTS)];
    }
    let host_bits = if pair.peer >> 32 == 0xffff { 8 } else { 80 };
    let network = Peer::Network(pair.peer >> host_bits << host_bits);
    vec![(network, "network", NEW_POINTS), (Peer::Address(pair.peer), "address", NEW_ADDRESS_POINTS)]
}

/// In which hours who called whom, and talked at all.
#[derive(Default)]
struct Met<'a> {
    /// Of the logs.
    logged: &'a [u32],
    groups: BTreeMap<Group, Vec<u32>>,
    by_group: BTreeMap<(Group, Peer, u32, u32), Vec<u32>>,
    by_all: BTreeMap<(Peer, u32, u32), Vec<u32>>,
}

impl<'a> Met<'a> {
    fn of(observed: &'a Observed) -> Self {
        let mut met = Self { logged: &observed.hours, ..Self::default() };
        // A peer contacted by others is known, even if this source never contacted it.
        for pair in observed.pairs.iter().filter(|pair| !pair.hours.is_empty()) {
            let group = group(observed, pair);
            let hours = || pair.hours.iter().map(|hour| hour.hour);
            met.groups.entry(group.clone()).or_default().extend(hours());
            if pair.is_served {
                continue;
            }
            for (peer, ..) in peers(pair) {
                met.by_group
                    .entry((group.clone(), peer.clone(), pair.port, pair.protocol))
                    .or_default()
                    .extend(hours());
                met.by_all.entry((peer, pair.port, pair.protocol)).or_default().extend(hours());
            }
        }
        let single = met.by_group.values_mut().chain(met.by_all.values_mut());
        for hours in single.chain(met.groups.values_mut()) {
            hours.sort_unstable();
            hours.dedup();
        }
        met
    }

    /// The history that makes a peer new to a group at a time, and whose history it is. A group that is itself new has
    /// no history: then all others are used.
    fn history(&self, group: &Group, peer: Peer, pair: &Pair, moment: u32, look_back: u32) -> (u32, &'static str) {
        let of = |hours: Option<&Vec<u32>>| hours.map_or(0, |hours| history(hours, moment, look_back));
        let own = of(self.groups.get(group));
        let who = if matches!(group, Group::Owner(_)) { "no interface of its owner" } else { "its interface never" };
        match own {
            HISTORY_SECONDS_MIN.. => (own, who),
            _ if of(self.by_all.get(&(peer, pair.port, pair.protocol))) > 0 => (0, who),
            _ => {
                (history(self.logged, moment, look_back), "no interface of the estate (its owner or interface is new)")
            }
        }
    }
}

/// What the estate calls.
fn called(observed: &Observed) -> impl Iterator<Item = &Pair> {
    observed.pairs.iter().filter(|pair| !pair.is_served && !pair.hours.is_empty())
}

/// Destinations that no interface of the same owner (without owners, the same interface) contacted on that port within
/// the look-back, with a large volume on one of their first days.
fn new_destinations(observed: &Observed, terms: &Terms) -> Vec<Finding> {
    let met = Met::of(observed);
    called(observed).filter_map(|pair| new_destination(observed, &met, pair, terms)).collect()
}

fn new_destination(observed: &Observed, met: &Met<'_>, pair: &Pair, terms: &Terms) -> Option<Finding> {
    if busiest_day(&pair.hours).0 < u128::from(terms.bytes_min) {
        return None;
    }
    let group = group(observed, pair);
    peers(pair).into_iter().find_map(|peer| new_peer(&group, met, pair, peer, terms))
}

/// Describes a pair whose other end, at this scope, is new.
fn new_peer(
    group: &Group,
    met: &Met<'_>,
    pair: &Pair,
    (peer, word, points): (Peer, &str, u32),
    terms: &Terms,
) -> Option<Finding> {
    let hours = met.by_group.get(&(group.clone(), peer.clone(), pair.port, pair.protocol))?;
    let new = |appeared: u32| {
        let (history, who) = met.history(group, peer.clone(), pair, appeared, terms.look_back_seconds);
        let first = pair.hours.partition_point(|hour| hour.hour < appeared);
        let end = pair.hours.partition_point(|hour| hour.hour < appeared.saturating_add(NEW_SECONDS));
        let (sent, _) = busiest_day(&pair.hours[first..end]);
        (history >= HISTORY_SECONDS_MIN && sent >= u128::from(terms.bytes_min))
            .then_some((sent, appeared, history, who))
    };
    let (sent, appeared, shown, who) = appearances(hours, terms.look_back_seconds).into_iter().filter_map(new).max()?;
    let evidence = format!(
        "{who} contacted this {word} on this port in the {} before {}; {} sent within 24 h of its first {} (at least \
         {})",
        span(shown),
        time::write(appeared),
        human::bytes(sent, Units::Iec),
        span(NEW_SECONDS),
        human::bytes(u128::from(terms.bytes_min), Units::Iec),
    );
    let mut finding = Finding::of(Signal::NewDestination, pair, evidence).scored(Part::NewDestination, points);
    if shown < terms.look_back_seconds {
        finding.missing =
            format!("history: {} and not {}; {}", span(shown), span(terms.look_back_seconds), finding.missing);
    }
    Some(finding)
}

/// The hours in which contact started: the first one, and those after a silence longer than the look-back.
fn appearances(hours: &[u32], look_back_seconds: u32) -> Vec<u32> {
    let again = hours.windows(2).filter(|pair| pair[1] - pair[0] > look_back_seconds).map(|pair| pair[1]);
    hours.first().copied().into_iter().chain(again).collect()
}

/// Days on which a destination took far more than on its other days, or than the interface's other destinations.
fn outliers(observed: &Observed, terms: &Terms) -> Vec<Finding> {
    let is_large = |pair: &&Pair| days(&pair.hours).values().any(|(out, _)| *out >= u128::from(terms.bytes_min));
    let large: Vec<&Pair> = observed.pairs.iter().filter(is_large).collect();
    let large_sources: BTreeSet<usize> = large.iter().map(|pair| pair.source).collect();
    let mut all: BTreeMap<(usize, u32), Vec<u128>> = BTreeMap::new();
    for pair in observed.pairs.iter().filter(|pair| large_sources.contains(&pair.source)) {
        for (day, (out, _)) in days(&pair.hours).into_iter().filter(|(_, (out, _))| *out > 0) {
            all.entry((pair.source, day)).or_default().push(out);
        }
    }
    let unusual = |pair: &&Pair| {
        let by_day = days(&pair.hours);
        let judged = by_day.iter().filter(|(_, (out, _))| *out >= u128::from(terms.bytes_min));
        let days = judged.filter_map(|(day, (out, _))| {
            let own = own_days(&by_day, *day, day_of(pair.first));
            let is_own = own.len() >= OWN_DAYS_MIN;
            let compared = if is_own { own } else { without(all.get(&(pair.source, *day))?, *out) };
            let most = compared.iter().max().copied().unwrap_or(0);
            let z = robust::z(*out, &compared, u128::from(terms.bytes_min) / FLOOR_PARTS);
            let is_enough = is_own || compared.len() >= PEERS_MIN;
            let is_above = out.saturating_mul(100) >= most.saturating_mul(ABOVE_PERCENT);
            (is_enough && is_above && z >= Z_MIN * Z_PER).then(|| Unusual::new(z, *out, *day, is_own, &compared))
        });
        days.max_by_key(|day| (day.z, std::cmp::Reverse(day.day))).map(|day| day.finding(pair))
    };
    large.iter().filter_map(unusual).collect()
}

/// The values without one of this size.
fn without(values: &[u128], one: u128) -> Vec<u128> {
    let mut rest = values.to_vec();
    if let Some(place) = rest.iter().position(|value| *value == one) {
        rest.swap_remove(place);
    }
    rest
}

/// What went on the days before, from the first one of the pair on; days without traffic are zero.
fn own_days(days: &BTreeMap<u32, (u128, u128)>, day: u32, first: u32) -> Vec<u128> {
    let from = first.max(day.saturating_sub(DAYS_COMPARED * DAY_SECONDS));
    let count = day.saturating_sub(from) / DAY_SECONDS;
    (0..count).map(|number| days.get(&(from + number * DAY_SECONDS)).map_or(0, |(out, _)| *out)).collect()
}

/// A day unlike others.
struct Unusual {
    z: u128,
    out: u128,
    day: u32,
    is_own: bool,
    compared: usize,
    middle: u128,
}

impl Unusual {
    fn new(z: u128, out: u128, day: u32, is_own: bool, compared: &[u128]) -> Self {
        let mut sorted = compared.to_vec();
        sorted.sort_unstable();
        Self { z, out, day, is_own, compared: compared.len(), middle: median(&sorted) }
    }

    fn finding(&self, pair: &Pair) -> Finding {
        let what = if self.is_own { "days of its own before" } else { "other destinations of the interface that day" };
        let capped = self.z.min(Z_FULL * Z_PER) - Z_MIN * Z_PER;
        let more = capped * (VOLUME_POINTS_MAX - VOLUME_POINTS_MIN) / ((Z_FULL - Z_MIN) * Z_PER);
        let points = u32::try_from(VOLUME_POINTS_MIN + more).unwrap_or(0);
        let evidence = format!(
            "{}{} sent on {}; the median of {} {what} is {}: z {} (at least {Z_MIN})",
            if pair.is_served { "inbound connections: " } else { "" },
            human::bytes(self.out, Units::Iec),
            date(self.day),
            self.compared,
            human::bytes(self.middle, Units::Iec),
            z_text(self.z),
        );
        Finding::of(Signal::Volume, pair, evidence).scored(Part::Volume, points)
    }
}

/// A z-score in hundredths, in words; capped for very large values.
pub(super) fn z_text(z: u128) -> String {
    const SHOWN_MAX: u128 = 1000;
    if z >= SHOWN_MAX * Z_PER { format!("over {SHOWN_MAX}") } else { format!("{}.{:02}", z / Z_PER, z % Z_PER) }
}

/// The date of a day.
pub(super) fn date(day: u32) -> String {
    time::write(day).chars().take(10).collect()
}

/// Interfaces and destinations that begin to give far more than they take.
fn ratio_shifts(observed: &Observed, terms: &Terms) -> Vec<Finding> {
    let mut hours: BTreeMap<usize, Vec<&HourSums>> = BTreeMap::new();
    for pair in &observed.pairs {
        hours.entry(pair.source).or_default().extend(&pair.hours);
    }
    let mut findings = Vec::new();
    for (source, hours) in hours {
        let Some(shift) = Shift::of(&days(hours), terms) else { continue };
        let pairs = observed.pairs.iter().filter(|pair| pair.source == source);
        let on_day = |pair: &Pair| days(&pair.hours).get(&shift.day).map_or(0, |(out, _)| *out);
        let bearing = pairs.max_by_key(|pair| (on_day(pair), std::cmp::Reverse(pair.peer)));
        let Some(pair) = bearing else { continue };
        let share = on_day(pair).saturating_mul(100) / shift.out.max(1);
        let evidence = shift.evidence("the interface, with all destinations");
        if share >= SHARE_OF_SHIFT_PERCENT {
            let evidence = format!("{evidence}; {share} % of it went to this destination");
            findings.push(shift.finding(pair, evidence));
        } else {
            let whole = shift.finding(pair, evidence);
            findings.push(Finding { peer: None, place: None, port: None, protocol: None, part: None, ..whole });
        }
    }
    let own = observed.pairs.iter().filter(|pair| !pair.is_served).filter_map(|pair| {
        let shift = Shift::of(&days(&pair.hours), terms)?;
        Some(shift.finding(pair, shift.evidence("this destination")))
    });
    let reported: Vec<_> = findings.iter().map(|finding| (finding.source, finding.peer, finding.port)).collect();
    findings.extend(own.filter(|own| !reported.contains(&(own.source, own.peer, own.port))));
    findings
}

/// A day on which the ratio shifted.
struct Shift {
    day: u32,
    out: u128,
    ratio: i128,
    usual: i128,
    compared: usize,
}

impl Shift {
    /// The day with most bytes sent among shifted ones.
    fn of(days: &BTreeMap<u32, (u128, u128)>, terms: &Terms) -> Option<Self> {
        let ratios: Vec<(u32, i128, u128)> = days
            .iter()
            .filter_map(|(day, (out, back))| {
                let sum = out + back;
                let (out_signed, back_signed) = (i128::try_from(*out).ok()?, i128::try_from(*back).ok()?);
                let ratio = (out_signed - back_signed).checked_mul(RATIO_PER)? / i128::try_from(sum.max(1)).ok()?;
                (sum >= RATIO_BYTES_MIN).then_some((*day, ratio, *out))
            })
            .collect();
        let shift = |(place, (day, ratio, out)): (usize, &(u32, i128, u128))| {
            let from = day.saturating_sub(RATIO_DAYS * DAY_SECONDS);
            let mut before: Vec<i128> =
                ratios[..place].iter().filter(|(other, ..)| *other >= from).map(|(_, ratio, _)| *ratio).collect();
            before.sort_unstable();
            let usual = *before.get(before.len() / 2)?;
            let is_shift =
                *ratio - usual >= RATIO_SHIFT_MIN && *ratio > RATIO_MIN && *out >= u128::from(terms.bytes_min);
            let shift = Self { day: *day, out: *out, ratio: *ratio, usual, compared: before.len() };
            (is_shift && before.len() >= RATIO_DAYS_MIN).then_some(shift)
        };
        let shifts = ratios.iter().enumerate().filter_map(shift);
        shifts.max_by_key(|shift| (shift.out, std::cmp::Reverse(shift.day)))
    }

    fn evidence(&self, who: &str) -> String {
        format!(
            "{who}: producer-consumer ratio {} on {}, {} as median of {} days before (a shift of 0.5 or more, to over \
             0.4); {} sent",
            thousandths(self.ratio),
            date(self.day),
            thousandths(self.usual),
            self.compared,
            human::bytes(self.out, Units::Iec),
        )
    }

    fn finding(&self, pair: &Pair, evidence: String) -> Finding {
        let bytes = self.out;
        let whole = Finding::of(Signal::RatioShift, pair, evidence).scored(Part::RatioShift, RATIO_POINTS);
        let last = pair.last.min(self.day.saturating_add(DAY_SECONDS - 1));
        Finding { first: self.day.max(pair.first), last, bytes, ..whole }
    }
}

/// A number of thousandths.
fn thousandths(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", number.abs() / RATIO_PER, number.abs() % RATIO_PER / 10)
}
