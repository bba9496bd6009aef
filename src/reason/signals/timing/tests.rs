//! Beacons, strobes and long connections in synthetic traffic, with decoys.

use super::super::hours::HourSums;
use super::super::series::Start;
use super::*;
use crate::reason::signals::DAY_SECONDS;

/// A small generator: the same numbers in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Of [0, 1).
    fn part(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / f64::from(u32::MAX)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "moments of a day, made up")]
fn whole(seconds: f64) -> u32 {
    seconds.max(0.0) as u32
}

/// How connections use ports.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ports {
    /// Each connection has its own.
    Own,
    /// All on one port, so that each interval with traffic has a record.
    One,
}

/// How traffic at given times appears in the logs.
fn logged(moments: &[u32], sizes: &[u64], ports: Ports, interval_seconds: u32) -> Series {
    let mut starts: Vec<Start> = Vec::new();
    for (place, (moment, bytes)) in (0u32..).zip(moments.iter().zip(sizes)) {
        let window = moment / interval_seconds;
        match (ports, starts.last_mut()) {
            (Ports::One, Some(last)) if last.first / interval_seconds == window => last.bytes += bytes,
            _ => {
                let own_port = if ports == Ports::Own { 10_000 + place } else { 50_000 };
                starts.push(Start { own_port, first: *moment, last: *moment, bytes: *bytes });
            }
        }
    }
    starts.sort_unstable();
    Series { pair: 0, starts }
}

fn beats_of(numbers: &mut Numbers, period: f64, jitter: f64) -> Vec<u32> {
    let (mut moments, mut tick) = (Vec::new(), numbers.part() * period);
    while tick < f64::from(DAY_SECONDS) {
        moments.push(whole(tick + (numbers.part() * 2.0 - 1.0) * jitter * period));
        tick += period;
    }
    moments.sort_unstable();
    moments
}

/// As much traffic as a beacon of this period, at random times.
fn chance_of(numbers: &mut Numbers, period: f64) -> Vec<u32> {
    let (mut moments, mut moment) = (Vec::new(), 0.0);
    loop {
        moment -= (1.0 - numbers.part()).max(1e-9).ln() * period;
        if moment >= f64::from(DAY_SECONDS) {
            return moments;
        }
        moments.push(whole(moment));
    }
}

/// Human traffic: visits of some requests each, during working hours.
fn people_of(numbers: &mut Numbers, period: f64) -> Vec<u32> {
    let mut moments = Vec::new();
    for visit in chance_of(numbers, period * 6.0).into_iter().filter(|visit| (28_800..64_800).contains(visit)) {
        let mut moment = f64::from(visit);
        for _ in 0..1 + numbers.below(12) {
            moments.push(whole(moment));
            moment -= (1.0 - numbers.part()).max(1e-9).ln() * 40.0;
        }
    }
    moments.sort_unstable();
    moments
}

fn sizes_of(numbers: &mut Numbers, count: usize, spread: u64) -> Vec<u64> {
    (0..count).map(|_| 400 + numbers.below(spread)).collect()
}

fn beacon(moments: &[u32], sizes: &[u64], ports: Ports, interval_seconds: u32) -> Option<Beacon> {
    let series = logged(moments, sizes, ports, interval_seconds);
    Beacon::of(&series.connections(interval_seconds / 2 * 3), DAY_SECONDS, interval_seconds)
}

/// The chance that one of the first scores higher than one of the others; equal ones count half.
fn area_under_curve(positives: &[u128], negatives: &[u128]) -> f64 {
    let won = |one: u128, other: u128| match one.cmp(&other) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let sum: f64 = positives.iter().flat_map(|one| negatives.iter().map(move |other| won(*one, *other))).sum();
    sum / f64::from(u32::try_from(positives.len() * negatives.len()).unwrap())
}

/// Scores of beacons and of equal amounts of random and human traffic, with a period of at least two intervals. Sizes
/// are equally regular in both, so only timing separates them.
fn scores(jitter: f64, interval_seconds: u32, ports: Ports) -> (Vec<u128>, Vec<u128>, [usize; 2]) {
    let mut numbers = Numbers(7);
    let (mut positives, mut negatives, mut reported_signals) = (Vec::new(), Vec::new(), [0, 0]);
    let is_reported = |beacon: &Option<Beacon>| usize::from(beacon.is_some_and(|beacon| beacon.is_reported()));
    let score = |beacon: &Option<Beacon>| beacon.map_or(0, |beacon| beacon.score());
    for period in [60u32, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600] {
        if period < 2 * interval_seconds {
            continue;
        }
        let period = f64::from(period);
        for _ in 0..20 {
            let moments = beats_of(&mut numbers, period, jitter);
            let sizes = sizes_of(&mut numbers, moments.len(), 20);
            let found = beacon(&moments, &sizes, ports, interval_seconds);
            positives.push(score(&found));
            reported_signals[0] += is_reported(&found);
            for (moments, spread) in [(chance_of(&mut numbers, period), 20), (people_of(&mut numbers, period), 20_000)]
            {
                let sizes = sizes_of(&mut numbers, moments.len(), spread);
                let found = beacon(&moments, &sizes, ports, interval_seconds);
                negatives.push(score(&found));
                reported_signals[1] += is_reported(&found);
            }
        }
    }
    (positives, negatives, reported_signals)
}

#[test]
fn beacons_are_reported_from_talk_by_chance_and_by_people() {
    for ports in [Ports::Own, Ports::One] {
        for interval_seconds in [60, 600] {
            for jitter in [0.0, 0.1, 0.2, 0.3] {
                let (positives, negatives, [found, reported_signals]) = scores(jitter, interval_seconds, ports);
                let area = area_under_curve(&positives, &negatives);
                eprintln!(
                    "{ports:?} ports, {interval_seconds} s, jitter {jitter}: area under the curve {area:.4}, {found} of {} \
                     found, {reported_signals} of {} others",
                    positives.len(),
                    negatives.len()
                );
                assert!(jitter > 0.2 || area >= 0.95, "{ports:?} {interval_seconds} s, jitter {jitter}: {area}");
                assert!(
                    reported_signals * 20 <= negatives.len(),
                    "{reported_signals} of {} others are reported",
                    negatives.len()
                );
            }
        }
    }
}

#[test]
fn few_connections_few_periods_and_short_periods_make_no_beacon() {
    let even = |count: u32, step: u32| (0..count).map(|place| place * step).collect::<Vec<_>>();
    let of = |moments: &[u32]| beacon(moments, &vec![100; moments.len()], Ports::Own, 60);
    assert!(of(&even(12, 600)).is_some());
    assert!(of(&even(11, 600)).is_none());
    assert!(of(&even(500, 107)).is_none(), "shorter than two intervals");
    assert!(of(&even(13, 6 * HOUR_SECONDS + 60)).is_none(), "work of every few hours");
    assert!(of(&[]).is_none());
    let one = Beacon::of(&[], 0, 60);
    assert!(one.is_none());
}

#[test]
fn evenness_of_equal_values_is_whole_and_of_wild_ones_little() {
    assert_eq!(evenness(vec![300; 20]), PER);
    assert_eq!(evenness(vec![5; 1]), PER);
    assert!(evenness(vec![1, 1, 2, 3, 9, 50, 400, 2000]) < 500);
    assert_eq!(evenness(vec![0; 9]), 500);
}

fn pair(hours: Vec<HourSums>) -> Pair {
    Pair {
        source: 0,
        peer: 0xffff_cb00_7101,
        place: "internet".into(),
        port: 443,
        protocol: 6,
        is_served: false,
        is_aws: false,
        is_allowed: false,
        first: 0,
        last: 1,
        packets_out: 1,
        rejected: 0,
        hours,
    }
}

#[test]
fn a_connection_a_second_is_a_strobe_and_one_less_is_none() {
    let hours = |last: u32| {
        let of = |number: u32| HourSums {
            hour: number * HOUR_SECONDS,
            connections: if number == 23 { last } else { 3600 },
            out: 1,
            back: 0,
        };
        pair((0..24).map(of).collect())
    };
    assert!(strobe(&hours(3600)).is_some_and(|found| found.evidence.starts_with("86,400 connections on 1970-01-01")));
    assert!(strobe(&hours(3599)).is_none());
    assert!(strobe(&Pair { is_allowed: true, ..hours(3600) }).is_none());
    assert!(strobe(&Pair { is_served: true, ..hours(3600) }).is_none());
}

#[test]
fn long_connections_have_bands_and_end_with_silence() {
    let found = |moments: &[u32]| {
        let series = logged(moments, &vec![10; moments.len()], Ports::One, 60);
        long_connection(&series, &pair(Vec::new()), 60)
    };
    let each_minute = |minutes: u32| (0..=minutes).map(|minute| minute * 60).collect::<Vec<_>>();
    assert!(found(&each_minute(59)).is_none());
    for (hours, band) in [(1, "base"), (4, "low"), (8, "medium"), (12, "high")] {
        let reported_signals = found(&each_minute(hours * 60)).unwrap();
        assert!(reported_signals.evidence.contains(band), "{}", reported_signals.evidence);
        assert_eq!(reported_signals.part.is_some(), band == "high");
    }
    let mut broken = each_minute(50);
    broken.extend(each_minute(50).iter().map(|moment| moment + 50 * 60 + 181));
    assert!(found(&broken).is_none(), "two connections of less than an hour");
}
