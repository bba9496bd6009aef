//! The suspicion score of a destination: named contributions, positive and negative.
//!
//! Parts of several kinds of evidence are independent; only with two of them, and with volume, is a score high. Regular
//! or scanning traffic alone is a matter of policy and makes no suspect.

use std::collections::{BTreeMap, BTreeSet};

use super::hours::busiest_day;
use super::observed::{Family, Finding, Observed, Pair, Part};
use super::{DAY_SECONDS, HOUR_SECONDS, Text};
use crate::units::human;

/// The most that a score can be.
pub(crate) const SCORE_MAX: u32 = 100;
/// From which score on a destination is suspect.
const MEDIUM_MIN: u32 = 50;
/// From which score on it may be high, and with how many kinds of evidence.
const HIGH_MIN: u32 = 75;
const HIGH_FAMILIES_MIN: usize = 2;
/// A destination of at most so many per cent of the sources is rare, from so many on common.
const RARE_PERCENT: usize = 2;
const COMMON_PERCENT: usize = 50;
/// Sources without which nothing is rare, or common.
const RARE_SOURCES_MIN: usize = 50;
const COMMON_SOURCES_MIN: usize = 4;
const RARE_POINTS: i32 = 10;
const COMMON_POINTS: i32 = -15;
/// A destination first seen so long ago is settled.
const SETTLED_SECONDS: u32 = 30 * DAY_SECONDS;
/// Services of AWS in the region, and approved destinations.
const APPROVED_POINTS: i32 = -20;
/// Off-hours: what it adds, from which share of bytes on, and the history it takes.
const OFF_HOURS_POINTS: i32 = 5;
const OFF_HOURS_PERCENT: u128 = 80;
const OFF_HOURS_SECONDS_MIN: u32 = 7 * DAY_SECONDS;
/// Hours of the day.
const DAY_HOURS: usize = 24;

/// A destination of a source, and why it is suspect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub(crate) source: usize,
    pub(crate) peer: u128,
    pub(crate) place: Text,
    pub(crate) score: u32,
    /// Kinds of evidence.
    pub(crate) families: BTreeSet<Family>,
    /// Each part with its points.
    pub(crate) parts: String,
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// Bytes sent, and the most in a day.
    pub(crate) bytes: u128,
    day_bytes: u128,
}

impl Suspect {
    /// The word for its score.
    pub(crate) fn band(&self, bytes_min: u64) -> &'static str {
        let is_high = self.score >= HIGH_MIN
            && self.families.len() >= HIGH_FAMILIES_MIN
            && self.day_bytes >= u128::from(bytes_min);
        match self.score {
            _ if is_high => "high",
            MEDIUM_MIN.. => "medium",
            _ => "low",
        }
    }
}

/// Every destination that some finding adds points to, by source and destination.
pub(crate) fn suspects(observed: &Observed, findings: &[Finding]) -> BTreeMap<(usize, u128), Suspect> {
    let mut parts: BTreeMap<(usize, u128), BTreeMap<Part, u32>> = BTreeMap::new();
    for finding in findings {
        if let (Some(source), Some(peer), Some((part, points))) = (finding.source, finding.peer, finding.part) {
            let known = parts.entry((source, peer)).or_default().entry(part).or_default();
            *known = points.max(*known);
        }
    }
    let prevalence = Prevalence::of(observed);
    let busy = BusyHours::of(observed);
    let mut pairs: BTreeMap<(usize, u128), Vec<&Pair>> = BTreeMap::new();
    for pair in observed.pairs.iter().filter(|pair| parts.contains_key(&(pair.source, pair.peer))) {
        pairs.entry((pair.source, pair.peer)).or_default().push(pair);
    }
    let suspect = |((source, peer), parts): ((usize, u128), BTreeMap<Part, u32>)| {
        let pairs = pairs.get(&(source, peer))?;
        let place = Text::clone(&pairs.first()?.place);
        let families: BTreeSet<Family> = parts.keys().map(|part| part.family()).collect();
        let mut parts: Vec<(String, i32)> =
            parts.iter().map(|(part, points)| (part.name().to_owned(), i32::try_from(*points).unwrap_or(0))).collect();
        parts.extend(prevalence.part(peer));
        parts.extend(settled(pairs, observed).filter(|_| !parts.iter().any(|(_, points)| *points == COMMON_POINTS)));
        parts.extend(approved(pairs));
        parts.extend(busy.part(observed, source, pairs));
        let sum: i32 = parts.iter().map(|(_, points)| *points).sum();
        let words: Vec<String> = parts.iter().map(|(name, points)| format!("{name} {points:+}")).collect();
        Some((
            (source, peer),
            Suspect {
                source,
                peer,
                place,
                score: u32::try_from(sum.max(0)).unwrap_or(0).min(SCORE_MAX),
                families,
                parts: words.join(", "),
                first: pairs.iter().map(|pair| pair.first).min()?,
                last: pairs.iter().map(|pair| pair.last).max()?,
                bytes: pairs.iter().map(|pair| pair.bytes_out()).sum(),
                day_bytes: pairs.iter().map(|pair| busiest_day(&pair.hours).0).sum(),
            },
        ))
    };
    parts.into_iter().filter_map(suspect).collect()
}

fn approved(pairs: &[&Pair]) -> Option<(String, i32)> {
    if pairs.iter().any(|pair| pair.is_allowed) {
        return Some(("approved destination".to_owned(), APPROVED_POINTS));
    }
    pairs.iter().all(|pair| pair.is_aws).then(|| ("AWS service".to_owned(), APPROVED_POINTS))
}

fn settled(pairs: &[&Pair], observed: &Observed) -> Option<(String, i32)> {
    let first = pairs.iter().map(|pair| pair.first).min()?;
    let is_settled = observed.to.saturating_sub(first) >= SETTLED_SECONDS;
    is_settled.then(|| ("first seen 30 d ago or earlier".to_owned(), COMMON_POINTS))
}

/// How many of the ends that call the internet call a destination.
struct Prevalence {
    sources: usize,
    by_peer: BTreeMap<u128, BTreeSet<usize>>,
}

impl Prevalence {
    fn of(observed: &Observed) -> Self {
        let (mut sources, mut by_peer): (BTreeSet<usize>, BTreeMap<u128, BTreeSet<usize>>) = Default::default();
        for pair in observed.pairs.iter().filter(|pair| !pair.is_served && !pair.hours.is_empty()) {
            sources.insert(pair.source);
            by_peer.entry(pair.peer).or_default().insert(pair.source);
        }
        Self { sources: sources.len(), by_peer }
    }

    fn part(&self, peer: u128) -> Option<(String, i32)> {
        let calling = self.by_peer.get(&peer).map_or(0, BTreeSet::len);
        let parts =
            |points| Some((format!("called by {calling} of {} sources", human::count(self.sources as u128)), points));
        match calling * 100 {
            0 => None,
            part if self.sources >= RARE_SOURCES_MIN && part <= self.sources * RARE_PERCENT => parts(RARE_POINTS),
            part if self.sources >= COMMON_SOURCES_MIN && part >= self.sources * COMMON_PERCENT => parts(COMMON_POINTS),
            _ => None,
        }
    }
}

/// The hours of the day (UTC) in which an owner's endpoints exchange traffic with the internet, by number of
/// destinations.
struct BusyHours {
    by_owner: BTreeMap<Text, [u64; DAY_HOURS]>,
}

impl BusyHours {
    fn of(observed: &Observed) -> Self {
        let mut by_owner: BTreeMap<Text, [u64; DAY_HOURS]> = BTreeMap::new();
        if observed.to.saturating_sub(observed.from) < OFF_HOURS_SECONDS_MIN {
            return Self { by_owner };
        }
        for pair in &observed.pairs {
            let hours = by_owner.entry(Text::clone(&observed.sources[pair.source].owner)).or_default();
            pair.hours.iter().for_each(|hour| hours[hour_of_day(hour.hour)] += 1);
        }
        Self { by_owner }
    }

    fn part(&self, observed: &Observed, source: usize, pairs: &[&Pair]) -> Option<(String, i32)> {
        let hours = self.by_owner.get(&observed.sources[source].owner)?;
        let sum_of_all: u64 = hours.iter().sum();
        // An hour of less than half of the mean is quiet.
        let is_quiet = |hour: usize| hours[hour] * 2 * (DAY_HOURS as u64) < sum_of_all;
        let all = || pairs.iter().flat_map(|pair| &pair.hours);
        let sum: u128 = all().map(|hour| u128::from(hour.out)).sum();
        let quiet: u128 = all().filter(|hour| is_quiet(hour_of_day(hour.hour))).map(|hour| u128::from(hour.out)).sum();
        let percent = quiet.saturating_mul(100) / sum.max(1);
        (percent >= OFF_HOURS_PERCENT)
            .then(|| (format!("{percent} % sent outside of its owner's busy hours"), OFF_HOURS_POINTS))
    }
}

fn hour_of_day(hour: u32) -> usize {
    (hour % DAY_SECONDS / HOUR_SECONDS) as usize
}
