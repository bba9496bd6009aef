//! When destinations are talked to: beacons, strobes and long connections.
//!
//! The score of a beacon is the mean of four parts, as RITA defines them: how even intervals are, how even sizes, how
//! evenly the time is filled, how long it lasts. Everything is in whole thousandths. Only calls of the estate to the
//! internet are looked at; time servers and AWS's services of the region are not, as they are meant to be regular.

use std::collections::BTreeMap;

use super::hours::day_of;
use super::observed::{Finding, Observed, Pair, Part, Signal, UDP};
use super::robust::median;
use super::series::{Connection, Series, hours};
use super::{HOUR_SECONDS, span};
use crate::units::human;

/// A score of one.
const PER: u128 = 1000;
/// Connections and periods that a beacon has at least.
const CONNECTIONS_MIN: usize = 12;
const PERIODS_MIN: u32 = 6;
/// Minimum period in aggregation intervals: shorter ones are indistinguishable from one connection.
const PERIOD_INTERVALS_MIN: u32 = 2;
/// Per cent of that which a period has at least: its median is a little less as often as more.
const PERIOD_PERCENT: u32 = 90;
/// Longer periods are those of daily work.
const PERIOD_SECONDS_MAX: u32 = 6 * HOUR_SECONDS;
/// Connections that begin within so many seconds of each other are one beat.
const BEAT_SECONDS: u32 = 10;
/// The scores from which a beacon is reported, and from which it adds to the score of the destination.
const BEACON_MIN: u128 = 700;
const BEACON_SCORED: u128 = 900;
/// Intervals with a lower median-deviation score are no beacon, regardless of the other scores; skewness of few
/// intervals is weak evidence.
const STEADY_MIN: u128 = 750;
/// The words for beacon scores, as RITA has them.
const BEACON_BANDS: [(u128, &str); 3] = [(1000, "certain"), (900, "high"), (700, "medium")];
/// What a beacon adds.
const BEACON_POINTS: u32 = 15;
/// Hours that must be seen before a duration counts, and those of a run that is as long as can be.
const HOURS_SEEN_MIN: usize = 6;
const RUN_HOURS_FULL: u128 = 12;
/// Stretches that the time is cut into.
const BARS: u32 = 24;
/// The port of time servers.
const NTP_PORT: u32 = 123;
/// Connections of a day from which on a pair is a strobe: one a second.
const STROBE_CONNECTIONS_MIN: u64 = 86_400;
/// How long connections are long, and the words for it, as RITA has them.
const LONG_BANDS: [(u32, &str); 4] =
    [(12 * HOUR_SECONDS, "high"), (8 * HOUR_SECONDS, "medium"), (4 * HOUR_SECONDS, "low"), (HOUR_SECONDS, "base")];
/// What the longest add to a score.
const LONG_POINTS: u32 = 5;
/// How many intervals a connection may be silent.
const LONG_SILENCE_INTERVALS: u32 = 2;

/// All findings about timing.
pub(super) fn findings(observed: &Observed) -> Vec<Finding> {
    let mut findings = Vec::new();
    let strobes: Vec<bool> = observed.pairs.iter().map(|pair| strobe(pair).is_some()).collect();
    findings.extend(observed.pairs.iter().filter_map(strobe));
    let span_seconds = observed.to.saturating_sub(observed.from);
    for series in &observed.series {
        let Some(pair) = observed.pairs.get(series.pair) else { continue };
        let is_time = pair.protocol == UDP && pair.port == NTP_PORT;
        if is_time || !pair.is_judged() {
            continue;
        }
        findings.extend(long_connection(series, pair, observed.interval_seconds));
        if !strobes[series.pair] {
            let connections = series.connections(observed.interval_seconds / 2 * 3);
            let beacon = Beacon::of(&connections, span_seconds, observed.interval_seconds);
            findings.extend(beacon.filter(Beacon::is_reported).map(|beacon| beacon.finding(pair)));
        }
    }
    findings
}

/// Connections that begin at even intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beacon {
    connections: usize,
    period_seconds: u32,
    steady: u128,
    even: u128,
    size: u128,
    filled: u128,
    lasting: u128,
}

impl Beacon {
    /// None with too few connections or periods, or too short a period.
    fn of(connections: &[Connection], span_seconds: u32, interval_seconds: u32) -> Option<Self> {
        let (beats, sizes) = beats(connections);
        let (first, last) = (*beats.first()?, *beats.last()?);
        let mut steps: Vec<u128> = beats.windows(2).map(|pair| u128::from(pair[1] - pair[0])).collect();
        steps.sort_unstable();
        let period_seconds = u32::try_from(median(&steps)).unwrap_or(u32::MAX).max(1);
        let is_reported = beats.len() >= CONNECTIONS_MIN
            && (last - first) / period_seconds >= PERIODS_MIN
            && period_seconds >= PERIOD_INTERVALS_MIN * interval_seconds * PERIOD_PERCENT / 100
            && period_seconds <= PERIOD_SECONDS_MAX;
        is_reported.then(|| Self {
            connections: beats.len(),
            period_seconds,
            steady: steadiness(&steps),
            even: evenness(steps),
            size: evenness(sizes),
            filled: filled(&beats),
            lasting: lasting(connections, span_seconds),
        })
    }

    fn score(&self) -> u128 {
        (self.even + self.size + self.filled + self.lasting) / 4
    }

    fn is_reported(&self) -> bool {
        self.score() >= BEACON_MIN && self.steady >= STEADY_MIN
    }

    fn finding(&self, pair: &Pair) -> Finding {
        let score = self.score();
        let band = BEACON_BANDS.iter().find(|(least, _)| score >= *least).map_or("low", |(_, word)| word);
        let evidence = format!(
            "{} connections about every {}; score {} ({band}; at least {}): intervals {}, sizes {}, evenly filled {}, \
             lasting {}",
            human::count(self.connections as u128),
            span(self.period_seconds),
            decimal(score),
            decimal(BEACON_MIN),
            decimal(self.even),
            decimal(self.size),
            decimal(self.filled),
            decimal(self.lasting),
        );
        let finding = Finding::of(Signal::Beacon, pair, evidence);
        if score >= BEACON_SCORED { finding.scored(Part::Beacon, BEACON_POINTS) } else { finding }
    }
}

/// Thousandths with two decimals.
fn decimal(thousandths: u128) -> String {
    format!("{}.{:02}", thousandths / PER, thousandths % PER / 10)
}

/// When connections begin, those close together as one, and their sizes.
fn beats(connections: &[Connection]) -> (Vec<u32>, Vec<u128>) {
    let (mut beats, mut sizes): (Vec<u32>, Vec<u128>) = (Vec::new(), Vec::new());
    for connection in connections {
        match (beats.last(), sizes.last_mut()) {
            (Some(beat), Some(size)) if connection.first - beat <= BEAT_SECONDS => {
                *size += u128::from(connection.bytes)
            }
            _ => {
                beats.push(connection.first);
                sizes.push(connection.bytes.into());
            }
        }
    }
    (beats, sizes)
}

/// How even values are: the mean of one less Bowley's skewness and one less the median deviation as a part of the median.
fn evenness(mut values: Vec<u128>) -> u128 {
    values.sort_unstable();
    let middle = median(&values);
    let quarter = |parts: usize| values.get(values.len().saturating_sub(1) * parts / 4).copied().unwrap_or(0);
    let (low, high) = (quarter(1).min(middle), quarter(3).max(middle));
    let (below, above) = (middle - low, high - middle);
    let is_flat = below == 0 || above == 0;
    let skew = if is_flat { 0 } else { below.abs_diff(above) * PER / (below + above) };
    (PER - skew + steadiness(&values)) / 2
}

/// One less the median deviation of sorted values as a part of their median.
fn steadiness(sorted: &[u128]) -> u128 {
    let middle = median(sorted);
    let mut deviations: Vec<u128> = sorted.iter().map(|value| value.abs_diff(middle)).collect();
    deviations.sort_unstable();
    let spread = median(&deviations).saturating_mul(PER).checked_div(middle).map_or(PER, |spread| spread.min(PER));
    PER - spread
}

/// Evenness of beats between the first and the last one: one minus the relative deviation of beats per stretch; or, if
/// beats occur in two kinds of stretches only, the fraction of those.
fn filled(beats: &[u32]) -> u128 {
    let (Some(first), Some(last)) = (beats.first(), beats.last()) else { return 0 };
    let mut bars = [0u128; BARS as usize];
    let width = ((last - first) / BARS + 1).max(1);
    beats.iter().for_each(|beat| bars[((beat - first) / width).min(BARS - 1) as usize] += 1);
    let (sum, count) = (bars.iter().sum::<u128>(), u128::from(BARS));
    let squares: u128 = bars.iter().map(|bar| (bar * count).abs_diff(sum).pow(2)).sum();
    // The deviation of `count` times the bars, in thousandths of the mean of those, which is the sum.
    let deviation = (squares * PER * PER / count).isqrt();
    let by_deviation = PER.saturating_sub(deviation / sum.max(1));
    let mut kinds: BTreeMap<u128, u128> = BTreeMap::new();
    bars.iter().filter(|bar| **bar > 0).for_each(|bar| *kinds.entry(*bar).or_default() += 1);
    let filled: u128 = kinds.values().sum();
    let mut common: Vec<u128> = kinds.into_values().collect();
    common.sort_unstable_by(|one, other| other.cmp(one));
    let two_kinds = common.iter().take(2).sum::<u128>() * PER / filled.max(1);
    let is_filled = filled * 2 >= count;
    by_deviation.max(if is_filled { two_kinds } else { 0 })
}

/// How long it lasts: as a part of the logs, or by its longest run of hours, whichever is more.
fn lasting(connections: &[Connection], span_seconds: u32) -> u128 {
    let seen = hours(connections, HOUR_SECONDS);
    let (Some(first), Some(last)) = (connections.first(), connections.iter().map(|connection| connection.last).max())
    else {
        return 0;
    };
    if seen.len() < HOURS_SEEN_MIN {
        return 0;
    }
    let share = u128::from(last - first.first) * PER / u128::from(span_seconds.max(1));
    let (mut run, mut longest) = (1u128, 1u128);
    for pair in seen.windows(2) {
        run = if pair[1] == pair[0] + 1 { run + 1 } else { 1 };
        longest = longest.max(run);
    }
    share.max(longest * PER / RUN_HOURS_FULL).min(PER)
}

/// A pair that is called more than once a second, a whole day long.
fn strobe(pair: &Pair) -> Option<Finding> {
    if !pair.is_judged() {
        return None;
    }
    let mut days: BTreeMap<u32, u64> = BTreeMap::new();
    for hour in &pair.hours {
        *days.entry(day_of(hour.hour)).or_default() += u64::from(hour.connections);
    }
    let (day, most) = days.into_iter().max_by_key(|(day, count)| (*count, u32::MAX - day))?;
    let evidence = || {
        format!(
            "{} connections on {} (at least {} a day: one each second)",
            human::count(most.into()),
            super::volume::date(day),
            human::count(STROBE_CONNECTIONS_MIN.into())
        )
    };
    (most >= STROBE_CONNECTIONS_MIN).then(|| Finding::of(Signal::Strobe, pair, evidence()))
}

/// The longest connection of a pair, if it is long.
fn long_connection(series: &Series, pair: &Pair, interval_seconds: u32) -> Option<Finding> {
    // Start times are accurate to about a minute; two silent intervals separate the starts of three.
    let silence = LONG_SILENCE_INTERVALS * interval_seconds + interval_seconds;
    let connections = series.connections(silence);
    let length = |connection: &Connection| connection.last - connection.first;
    let longest = connections.iter().max_by_key(|one| (length(one), u32::MAX - one.first))?;
    let (least, band) = LONG_BANDS.iter().find(|(least, _)| length(longest) >= *least)?;
    let evidence = format!(
        "a connection of at least {} ({band}: from {} on; records of the same ports, silent for at most {})",
        span(length(longest)),
        span(*least),
        span(silence)
    );
    let whole = Finding::of(Signal::LongConnection, pair, evidence);
    let whole = Finding { first: longest.first, last: longest.last, bytes: longest.bytes.into(), ..whole };
    let is_scored = *least == LONG_BANDS[0].0;
    Some(if is_scored { whole.scored(Part::LongConnection, LONG_POINTS) } else { whole })
}

#[cfg(test)]
#[path = "timing/tests.rs"]
mod tests;
