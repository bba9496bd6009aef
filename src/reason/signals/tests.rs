//! Whole findings on observations made by hand: what fires, what must not, and laws.

use std::sync::Arc;

use proptest::prelude::*;

use super::hours::HourSums;
use super::observed::{Finding, Observed, Pair, Part, Probes, RejectedBySource, Signal, Source, Thinned};
use super::*;
use crate::decode::{Dictionary, Flows, Values};
use crate::group::{Batcher, Shared};

const MIB: u64 = 1 << 20;

const fn v4(a: u8, b: u8, c: u8, d: u8) -> u128 {
    0xffff_0000_0000 | u32::from_be_bytes([a, b, c, d]) as u128
}

fn source(owner: &str, address: u128) -> Source {
    let is_owned = !owner.starts_with('(');
    Source { interface: Some(format!("eni-{}", address & 255).into()), address, owner: owner.into(), is_owned }
}

/// A pair with bytes out and back at noon of days.
fn pair(source: usize, peer: u128, port: u32, days: &[(u32, u64, u64)]) -> Pair {
    let hour = |(day, out, back): &(u32, u64, u64)| HourSums {
        hour: day * DAY_SECONDS + 12 * HOUR_SECONDS,
        connections: 1,
        out: *out,
        back: *back,
    };
    let hours: Vec<HourSums> = days.iter().map(hour).collect();
    let bytes: u64 = days.iter().map(|(_, out, _)| out).sum();
    Pair {
        source,
        peer,
        place: "internet".into(),
        port,
        protocol: 6,
        is_served: false,
        is_aws: false,
        is_allowed: false,
        first: hours.first().map_or(0, |hour| hour.hour),
        last: hours.last().map_or(0, |hour| hour.hour),
        packets_out: u128::from(bytes / 1000),
        rejected: 0,
        hours,
    }
}

fn observed(sources: Vec<Source>, mut pairs: Vec<Pair>, days: u32) -> Observed {
    pairs.sort_by_key(|pair| (pair.source, pair.peer, pair.port, pair.protocol, pair.is_served));
    Observed {
        from: 0,
        to: days * DAY_SECONDS - 1,
        hours: (0..days * 24).map(|hour| hour * HOUR_SECONDS).collect(),
        sources,
        threats: vec![None; pairs.len()],
        pairs,
        interval_seconds: 60,
        ..Observed::default()
    }
}

fn all(observed: &Observed) -> Vec<Finding> {
    let terms = Terms::default();
    let mut findings = volume::findings(observed, &terms);
    findings.extend(timing::findings(observed));
    findings.extend(scans::findings(observed));
    findings.extend(ports::findings(observed, &terms));
    findings
}

fn signals(observed: &Observed) -> Vec<(Signal, Option<u128>)> {
    let mut reported_signals: Vec<_> = all(observed).iter().map(|finding| (finding.signal, finding.peer)).collect();
    reported_signals.sort_unstable();
    reported_signals
}

fn daily(days: std::ops::Range<u32>, out: u64, back: u64) -> Vec<(u32, u64, u64)> {
    days.map(|day| (day, out, back)).collect()
}

const OLD: u128 = v4(198, 51, 100, 7);
const NEW: u128 = v4(203, 0, 113, 50);

fn shop() -> Vec<Source> {
    vec![source("shop", v4(10, 0, 0, 1)), source("shop", v4(10, 0, 0, 2))]
}

/// A shop that contacts an old destination each day.
fn with(pairs: Vec<Pair>, days: u32) -> Observed {
    let usual = (0..2).map(|source| pair(source, OLD, 443, &daily(0..days, MIB, 9 * MIB)));
    observed(shop(), usual.chain(pairs).collect(), days)
}

#[test]
fn a_new_destination_needs_volume_and_history_and_counts_less_in_a_known_network() {
    let found = |peer: u128, day: u32, out: u64, days: u32| {
        let observed = with(vec![pair(0, peer, 443, &[(day, out, MIB)])], days);
        let new = all(&observed).into_iter().find(|finding| finding.signal == Signal::NewDestination);
        new.map_or(0, |finding| finding.part.map_or(0, |(_, points)| points))
    };
    assert_eq!(found(NEW, 15, 100 * MIB, 16), 25);
    assert_eq!(found(NEW, 15, 100 * MIB - 1, 16), 0, "too little");
    assert_eq!(found(NEW, 0, 500 * MIB, 16), 0, "nothing is known of the time before");
    assert_eq!(found(OLD + 1, 15, 500 * MIB, 16), 15, "its network is known, it is not");
    assert_eq!(found(OLD, 15, 500 * MIB, 16), 0, "it is known itself");
    let first = observed(shop(), vec![pair(0, NEW, 443, &[(15, 100 * MIB, MIB)])], 16);
    assert!(
        signals(&first).iter().any(|(signal, _)| *signal == Signal::NewDestination),
        "nobody called anybody before"
    );
    let short = with(vec![pair(0, NEW, 443, &[(3, 100 * MIB, MIB)])], 4);
    let finding = all(&short).into_iter().find(|finding| finding.signal == Signal::NewDestination).unwrap();
    assert!(finding.missing.starts_with("history: 3 d and not 14 d"), "{}", finding.missing);
}

#[test]
fn what_a_colleague_knows_is_not_new_and_after_a_long_silence_it_is_again() {
    let known = vec![pair(1, NEW, 443, &[(2, MIB, MIB)]), pair(0, NEW, 443, &[(10, 200 * MIB, MIB)])];
    let is_new = |observed: &Observed| signals(observed).contains(&(Signal::NewDestination, Some(NEW)));
    assert!(!is_new(&with(known, 16)));
    let silent = vec![pair(0, NEW, 443, &[(2, MIB, MIB), (20, 200 * MIB, MIB)])];
    assert!(is_new(&with(silent, 21)));
    let later = vec![pair(0, NEW, 443, &[(5, 120 * MIB, MIB), (7, MIB, MIB), (20, 300 * MIB, MIB)])];
    assert!(is_new(&with(later, 21)), "what comes later is more, and no excuse");
    let often = vec![pair(0, NEW, 443, &[(2, MIB, MIB), (11, MIB, MIB), (20, 200 * MIB, MIB)])];
    assert!(!is_new(&with(often, 21)));
    let other_port = vec![pair(1, NEW, 22, &[(2, MIB, MIB)]), pair(0, NEW, 443, &[(10, 200 * MIB, MIB)])];
    assert!(is_new(&with(other_port, 16)));
}

#[test]
fn an_end_that_has_just_begun_is_judged_by_what_others_know() {
    let mut sources = shop();
    sources.push(source("(unallocated)", v4(10, 0, 0, 3)));
    let young = |peer: u128| {
        let usual = pair(0, OLD, 443, &daily(0..16, MIB, 9 * MIB));
        let observed = observed(sources.clone(), vec![usual, pair(2, peer, 443, &[(15, 200 * MIB, MIB)])], 16);
        signals(&observed).contains(&(Signal::NewDestination, Some(peer)))
    };
    assert!(young(NEW));
    assert!(!young(OLD), "others talk to it");
}

#[test]
fn a_day_unlike_its_own_days_is_unusual_and_a_large_usual_day_is_not() {
    let mut days = daily(0..14, 20 * MIB, MIB);
    days.push((14, 2048 * MIB, MIB));
    let volume = |days: &[(u32, u64, u64)]| {
        all(&with(vec![pair(0, NEW, 443, days)], 16)).into_iter().find(|finding| finding.signal == Signal::Volume)
    };
    let found = volume(&days).unwrap();
    assert_eq!(found.part, Some((Part::Volume, 25)));
    assert!(found.evidence.contains("2.00 GiB sent on 1970-01-15"), "{}", found.evidence);
    assert!(volume(&daily(0..15, 500 * MIB, MIB)).is_none());
    let weekly: Vec<_> = (0..15).map(|day| (day, if day % 7 == 0 { 5000 * MIB } else { MIB }, MIB)).collect();
    assert!(volume(&weekly[7..]).is_none() && volume(&weekly).is_none(), "a backup each week");
    let mut little = daily(0..14, 1000, MIB);
    little.push((14, 99 * MIB, MIB));
    assert!(volume(&little).is_none());
}

#[test]
fn without_days_of_its_own_a_destination_is_compared_with_the_others_of_that_day() {
    let others = |count: u8| (0..count).map(|number| pair(0, v4(198, 51, 100, 100 + number), 443, &[(2, MIB, MIB)]));
    let found = |count: u8, out: u64| {
        let observed = with(others(count).chain([pair(0, NEW, 443, &[(2, out, MIB)])]).collect(), 4);
        signals(&observed).contains(&(Signal::Volume, Some(NEW)))
    };
    assert!(found(10, 500 * MIB));
    assert!(!found(8, 500 * MIB), "too few to compare with");
    assert!(!found(10, 50 * MIB));
}

#[test]
fn an_interface_that_begins_to_give_shifts_and_one_that_always_gave_does_not() {
    let shifts = |before: (u64, u64), now: (u64, u64)| {
        let mut days = daily(0..5, before.0, before.1);
        days.push((5, now.0, now.1));
        let observed = observed(shop(), vec![pair(0, OLD, 443, &days)], 7);
        all(&observed).into_iter().filter(|finding| finding.signal == Signal::RatioShift).collect::<Vec<_>>()
    };
    let found = shifts((MIB, 9 * MIB), (200 * MIB, 10 * MIB));
    assert_eq!(
        found.iter().map(|finding| (finding.peer, finding.part)).collect::<Vec<_>>(),
        [(Some(OLD), Some((Part::RatioShift, 20)))]
    );
    assert!(found[0].evidence.contains("ratio 0.90 on 1970-01-06, -0.80 as median of 5 days"), "{}", found[0].evidence);
    assert!(shifts((90 * MIB, 10 * MIB), (200 * MIB, 10 * MIB)).is_empty());
    assert!(shifts((MIB, 9 * MIB), (99 * MIB, MIB)).is_empty(), "too little");
    assert!(shifts((MIB, 9 * MIB), (200 * MIB, 100 * MIB)).is_empty(), "no more than two out of three bytes go out");
}

fn probes(failed: Vec<(u128, u32)>, admin: Vec<(u128, u32)>) -> Observed {
    let probes = vec![Probes { source: 0, hour: 7200, failed, admin, is_full: false }];
    Observed { probes, ..with(Vec::new(), 2) }
}

#[test]
fn scans_and_sweeps_need_many_distinct_doors() {
    let ports = |ports: std::ops::Range<u32>| probes(ports.map(|port| (NEW, port)).collect(), Vec::new());
    assert_eq!(signals(&ports(1000..1010)), [(Signal::PortScan, Some(NEW))]);
    assert_eq!(signals(&ports(1000..1009)), []);
    let common = probes(
        [53, 80, 123, 443, 8080].map(|port| (NEW, port)).into_iter().chain((1..6).map(|port| (NEW, port))).collect(),
        Vec::new(),
    );
    assert_eq!(signals(&common), [], "common ports do not count");
    let hosts = |count: u8, port| (0..count).map(|host| (v4(10, 9, 9, host), port)).collect::<Vec<_>>();
    assert_eq!(signals(&probes(hosts(25, 2222), Vec::new())), [(Signal::Sweep, None)]);
    assert_eq!(signals(&probes(hosts(24, 2222), Vec::new())), []);
    assert_eq!(signals(&probes(Vec::new(), hosts(100, 22))), [(Signal::Sweep, None)]);
    assert_eq!(signals(&probes(Vec::new(), hosts(99, 22))), []);
}

#[test]
fn a_burst_of_refusals_stands_out_of_the_other_hours() {
    let refused = |usual: u64, most: u64| {
        let hours = (0..48).map(|hour| (hour * HOUR_SECONDS, if hour == 30 { most } else { usual })).collect();
        signals(&Observed { rejected: vec![RejectedBySource { source: 1, hours }], ..with(Vec::new(), 2) })
    };
    assert_eq!(refused(10, 1000), [(Signal::RejectBurst, None)]);
    assert_eq!(refused(10, 999), [], "too few");
    assert_eq!(refused(990, 1100), [], "as always");
}

#[test]
fn ports_and_protocols_are_named_where_the_estate_calls() {
    let of = |port, protocol, change: fn(&mut Pair)| {
        let mut pair = pair(0, NEW, port, &[(0, 10_000, 20_000)]);
        pair.protocol = protocol;
        change(&mut pair);
        signals(&with(vec![pair], 2)).into_iter().map(|(signal, _)| signal).collect::<Vec<_>>()
    };
    assert_eq!(of(53, 17, |_| ()), [Signal::PublicDns]);
    assert_eq!(of(853, 6, |_| ()), [Signal::PublicDns]);
    assert_eq!(of(53, 17, |pair| pair.hours[0].out = 50_000_000), [Signal::PublicDns, Signal::DnsTunnel]);
    assert_eq!(
        of(53, 17, |pair| (pair.hours[0].out, pair.hours[0].back) = (1_000_000, 500_000)),
        [Signal::PublicDns, Signal::DnsTunnel]
    );
    assert_eq!(of(53, 17, |pair| pair.is_allowed = true), []);
    assert_eq!(of(21, 6, |_| ()), [Signal::Cleartext]);
    assert_eq!(of(3389, 6, |_| ()), [Signal::AdminPort]);
    assert_eq!(of(21, 6, |pair| pair.is_served = true), []);
    assert_eq!(of(443, 6, |_| ()), []);
    assert_eq!(of(0, 47, |_| ()), [Signal::RareProtocol]);
    assert_eq!(of(0, 58, |pair| pair.packets_out = 20), [Signal::IcmpTunnel]);
    assert_eq!(of(0, 1, |pair| pair.packets_out = 9), [], "too few packets");
    assert_eq!(of(0, 1, |pair| pair.packets_out = 100), [], "pings");
}

#[test]
fn a_port_is_rare_once_and_with_history() {
    let rare = |pairs: Vec<Pair>, days| {
        signals(&with(pairs, days)).iter().filter(|(signal, _)| *signal == Signal::RarePort).count()
    };
    assert_eq!(rare(vec![pair(0, NEW, 8443, &[(5, 2 * MIB, MIB)])], 6), 1);
    assert_eq!(rare(vec![pair(0, NEW, 8443, &[(5, MIB - 1, MIB)])], 6), 0);
    assert_eq!(rare(vec![pair(0, NEW, 50_000, &[(5, 2 * MIB, MIB)])], 6), 0, "perhaps a caller's own port");
    assert_eq!(rare(vec![pair(0, NEW, 8443, &[(0, 2 * MIB, MIB)])], 6), 0, "nothing is known of the time before");
    assert_eq!(rare(vec![pair(1, OLD, 8443, &[(0, MIB, MIB)]), pair(0, NEW, 8443, &[(5, 2 * MIB, MIB)])], 6), 0);
}

#[test]
fn threats_score_where_they_were_called_and_not_where_they_knock() {
    let mut observed = with(vec![pair(0, NEW, 443, &[(1, 100, 100)])], 2);
    let place = observed.pairs.iter().position(|pair| pair.peer == NEW).unwrap();
    observed.threats[place] = Some("203.0.113.0/24".into());
    let found = all(&observed);
    assert_eq!(
        found.iter().map(|finding| (finding.signal, finding.part)).collect::<Vec<_>>(),
        [(Signal::ThreatList, Some((Part::ThreatList, 50)))]
    );
    observed.pairs[place].is_served = true;
    assert_eq!(all(&observed)[0].part, None);
}

#[test]
fn scores_add_up_and_say_of_what() {
    let mut days = daily(0..14, MIB, 9 * MIB);
    days.push((14, 2048 * MIB, MIB));
    let observed = with(vec![pair(0, NEW, 443, &days)], 16);
    let suspects = score::suspects(&observed, &all(&observed));
    let suspect = &suspects[&(0, NEW)];
    assert_eq!((suspect.score, suspect.parts.as_str()), (45, "unusual volume +25, producer-consumer shift +20"));
    assert_eq!(suspect.band(1), "low");
    let mut with_new = all(&observed);
    let new = Finding::of(Signal::NewDestination, &observed.pairs[0], String::new());
    with_new.push(Finding { peer: Some(NEW), ..new.clone().scored(Part::NewDestination, 25) });
    with_new.push(Finding { peer: Some(NEW), ..new.scored(Part::Beacon, 15) });
    let suspects = score::suspects(&observed, &with_new);
    let suspect = &suspects[&(0, NEW)];
    assert_eq!((suspect.score, suspect.band(100 * MIB), suspect.families.len()), (85, "high", 3));
    assert_eq!(suspect.band(1 << 40), "medium", "too little volume to be high");
}

#[test]
fn what_many_call_what_is_approved_and_what_is_old_is_less_suspect() {
    let sources: Vec<_> = (0..60).map(|number| source("shop", v4(10, 0, 0, number))).collect();
    let score = |callers: usize, change: fn(&mut Pair)| {
        let mut pairs: Vec<Pair> = (0..60).map(|source| pair(source, OLD, 443, &[(0, 1, 1), (40, 1, 1)])).collect();
        pairs.extend((0..callers).map(|source| pair(source, NEW, 21, &[(39, 1, 1)])));
        pairs.iter_mut().filter(|pair| pair.peer == NEW).for_each(change);
        let observed = observed(sources.clone(), pairs, 41);
        let finding = Finding::of(Signal::Beacon, &pair(0, NEW, 21, &[]), String::new()).scored(Part::Volume, 40);
        let suspects = score::suspects(&observed, &[finding]);
        (suspects[&(0, NEW)].score, suspects[&(0, NEW)].parts.clone())
    };
    assert_eq!(score(1, |_| ()), (50, "unusual volume +40, called by 1 of 60 sources +10".to_owned()));
    assert_eq!(score(10, |_| ()).0, 40);
    assert_eq!(score(30, |_| ()).0, 25);
    assert_eq!(score(10, |pair| pair.is_allowed = true).0, 20);
    assert_eq!(score(10, |pair| pair.is_aws = true), (20, "unusual volume +40, AWS service -20".to_owned()));
    assert_eq!(score(10, |pair| pair.first = 0).0, 25);
}

#[test]
fn lost_records_are_reported_first_and_quiet_ones_alone_are_not() {
    let observed = with(Vec::new(), 2);
    assert!(ports::log_health(LogHealth { lost: 0, quiet: 9 }, &observed).is_none());
    let reported_signals = ports::log_health(LogHealth { lost: 2, quiet: 9 }, &observed).unwrap();
    assert!(
        reported_signals.evidence.starts_with("2 intervals with records dropped by AWS"),
        "{}",
        reported_signals.evidence
    );
    let findings = vec![Finding::bare(Signal::Sweep, None), reported_signals];
    let signals = Signals::of(observed, findings, &Terms::default(), LogHealth::default());
    assert_eq!(signals.findings[0].1.signal.name(), "log-health");
}

#[test]
fn too_many_pairs_are_thinned_with_a_note() {
    assert_eq!(Thinned { level: 0 }.note(), None);
    assert!(Thinned { level: 1 }.note().unwrap().contains("inbound connections are ignored"));
    assert!(Thinned { level: 4 }.note().unwrap().contains("one in 8 destinations"));
}

proptest! {
    #[test]
    fn nothing_is_found_in_talk_that_is_the_same_every_day(out in 0u64..10_000 * MIB, back in 0u64..10_000 * MIB, days in 1u32..40) {
        let observed = observed(shop(), vec![pair(0, OLD, 443, &daily(0..days, out, back))], days);
        prop_assert_eq!(signals(&observed), []);
    }

    #[test]
    fn findings_are_the_same_whichever_pair_comes_first(
        mut talk in prop::collection::vec((0usize..2, 0u8..4, 0u32..20, 0u64..500), 0..40),
    ) {
        let found = |talk: &[(usize, u8, u32, u64)]| {
            let mut pairs: std::collections::BTreeMap<(usize, u8), Pair> = Default::default();
            for (source, peer, day, mib) in talk {
                let new = pair(*source, v4(203, 0, *peer, 1), 443, &[(*day, mib * MIB, MIB)]);
                let known = pairs.entry((*source, *peer)).or_insert_with(|| Pair { hours: Vec::new(), ..new.clone() });
                hours::add(&mut known.hours, new.hours[0]);
                known.first = known.first.min(new.first);
                known.last = known.last.max(new.last);
            }
            let observed = with(pairs.into_values().collect(), 21);
            let findings = all(&observed);
            let signals = Signals::of(observed, findings, &Terms::default(), LogHealth::default());
            format!("{:?} {:?}", signals.findings, signals.suspects)
        };
        let before = found(&talk);
        talk.reverse();
        prop_assert_eq!(found(&talk), before);
    }
}

/// A record between one of two hosts and an external address.
#[derive(Clone, Debug)]
struct Talk {
    host: u8,
    stranger: u8,
    is_outward: bool,
    is_rejected: bool,
    own_port: u32,
    port: u32,
    flags: u32,
    start: u32,
    kib: u64,
}

impl Talk {
    fn text(&self, column: Column) -> String {
        let is_source = column.name().starts_with("src_");
        let is_own = is_source == self.is_outward;
        match column {
            // The owner changes after a week.
            Column::SrcOwner1 | Column::DstOwner1 if is_own => format!("team-{}", self.start / (7 * DAY_SECONDS)),
            Column::SrcOwner1 | Column::DstOwner1 => "(external)".into(),
            Column::SrcInterface | Column::DstInterface if is_own => format!("eni-{}", self.host),
            Column::SrcVpc | Column::DstVpc if is_own => "vpc-1".into(),
            Column::SrcLocation | Column::DstLocation => {
                if is_own {
                    "vpc-1".into()
                } else {
                    "internet".into()
                }
            }
            Column::Path => "internet".into(),
            _ => "-".into(),
        }
    }

    fn small(&self, column: Column) -> u32 {
        let is_source = column == Column::Srcport;
        match column {
            Column::Srcport | Column::Dstport if is_source == self.is_outward => self.own_port,
            Column::Srcport | Column::Dstport => self.port,
            Column::Protocol => 6,
            _ => self.flags,
        }
    }

    fn address(&self, column: Column) -> u128 {
        let is_own = (column == Column::Src) == self.is_outward;
        if is_own { v4(10, 0, 0, self.host) } else { v4(203, 0, 113, self.stranger) }
    }

    fn push(&self, column: Column, values: &mut Values, dictionary: &mut Dictionary) {
        match values {
            Values::Address(values) => values.push(self.address(column)),
            Values::Small(values) => values.push(self.small(column)),
            Values::Time(values) if column == Column::Minute => values.push(self.start - self.start % 60),
            Values::Time(values) => values.push(self.start),
            Values::Big(values) if column == Column::Bytes => values.push(self.kib << 10),
            Values::Big(values) => values.push(1),
            Values::Text(values) => values.push(dictionary.code(self.text(column).as_bytes())),
        }
    }
}

/// Findings for traffic in blocks of this many records.
fn reported(talk: &[Talk], block: usize) -> String {
    let shared = Arc::new(Shared::new(Arc::new(spec()), 7, None));
    let mut batcher = Batcher::new(Arc::clone(&shared));
    let mut dictionary = Dictionary::default();
    for talk in talk.chunks(block) {
        let mut flows = Flows::new(columns());
        for column in columns().iter() {
            let mut values = Values::new(column.kind());
            talk.iter().for_each(|talk| talk.push(column, &mut values, &mut dictionary));
            *flows.values_mut(column).unwrap() = values;
        }
        flows.set_rows(talk.len());
        let picked = |is_rejected: bool| -> Vec<u32> {
            (0u32..).zip(talk).filter(|(_, talk)| talk.is_rejected == is_rejected).map(|(place, _)| place).collect()
        };
        batcher.add(&flows, &dictionary, &picked(false), false);
        batcher.add(&flows, &dictionary, &picked(true), true);
    }
    drop(batcher);
    let rollup = Arc::into_inner(shared).unwrap().into_partial().unwrap().finish();
    let threats = CidrList::read([("threats", &b"203.0.113.3"[..])]).unwrap();
    let lists = Lists { threats, ..Lists::default() };
    let terms = Terms { bytes_min: 1 << 20, ..Terms::default() };
    let signals = super::signals(&rollup, &lists, &terms, LogHealth::default()).unwrap();
    format!("{signals:#?}")
}

fn talk() -> impl Strategy<Value = Talk> {
    let who = (1u8..3, 1u8..5, any::<bool>(), prop::bool::weighted(0.2));
    let how = (
        40_000u32..40_003,
        prop::sample::select(vec![21u32, 443, 8443, 45_000]),
        prop::sample::select(vec![0u32, 2, 3, 18]),
    );
    (who, how, 0u32..20 * DAY_SECONDS, 0u64..2000).prop_map(|(who, how, start, kib)| Talk {
        host: who.0,
        stranger: who.1,
        is_outward: who.2,
        is_rejected: who.3,
        own_port: how.0,
        port: how.1,
        flags: how.2,
        start,
        kib,
    })
}

#[test]
fn records_become_pairs_seen_from_the_estate() {
    let one = Talk {
        host: 1,
        stranger: 3,
        is_outward: true,
        is_rejected: false,
        own_port: 40_000,
        port: 443,
        flags: 2,
        start: 100_000,
        kib: 5000,
    };
    let back = Talk { is_outward: false, flags: 18, kib: 7, start: 100_001, ..one.clone() };
    let reported_signals = reported(&[one.clone(), back], 2);
    assert!(reported_signals.contains("inbound: 4.88 MiB sent, 7.00 KiB received"), "{reported_signals}");
    let served = Talk { own_port: 443, port: 50_000, flags: 18, ..one };
    assert!(reported(&[served], 1).contains("it called: 4.88 MiB sent, 0 B received"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn neither_the_order_of_records_nor_their_blocks_change_a_report(
        (talk, shuffled) in prop::collection::vec(talk(), 0..150).prop_flat_map(|talk| (Just(talk.clone()), Just(talk).prop_shuffle())),
        block in 1usize..60,
    ) {
        prop_assert_eq!(reported(&talk, 1000), reported(&shuffled, block));
    }
}
