//! Scans: port scans, network sweeps, and bursts of rejected records.
//!
//! Targets count if they rejected (REJECT) or did not answer (SYN only). Internal targets count too, as lateral
//! movement does.

use std::collections::{BTreeMap, BTreeSet};

use super::hours::hour_of;
use super::observed::{Finding, Observed, Probes, Signal};
use super::volume::z_text;
use super::{DAY_SECONDS, HOUR_SECONDS, robust};
use crate::units::human;
use crate::units::time;

/// Distinct ports of one destination that fail within an hour, common ones apart.
const SCAN_PORTS_MIN: usize = 10;
/// Ports that fail for innocent reasons.
const COMMON_PORTS: [u32; 5] = [53, 80, 123, 443, 8080];
/// Distinct destinations that fail within an hour on one port.
const SWEEP_FAILED_MIN: usize = 25;
/// Distinct destinations within an hour on ports that administer hosts, whether or not they fail.
const SWEEP_ADMIN_MIN: usize = 100;
/// Rejected records per hour below which a burst is ignored.
const BURST_MIN: u64 = 1000;
/// A scale below this is none.
const BURST_FLOOR: u128 = 100;
const BURST_Z_MIN: u128 = 6;
/// Hours without which nothing is a burst.
const BURST_HOURS_MIN: usize = 24;
/// How long before and after an hour others are looked at.
const BURST_SECONDS_COMPARED: u32 = 28 * DAY_SECONDS;

/// All findings about tries.
pub(super) fn findings(observed: &Observed) -> Vec<Finding> {
    let mut scans: BTreeMap<(usize, u128), Worst> = BTreeMap::new();
    let mut sweeps: BTreeMap<(usize, Option<u32>), Worst> = BTreeMap::new();
    for probes in &observed.probes {
        let more = if probes.is_full { " or more" } else { "" };
        for (target, ports) in by_target(probes) {
            if ports.len() >= SCAN_PORTS_MIN {
                let first: Vec<String> = ports.iter().take(SCAN_PORTS_MIN).map(ToString::to_string).collect();
                let examples = format!("{}{}", first.join(", "), if ports.len() > SCAN_PORTS_MIN { ", …" } else { "" });
                Worst::add(
                    &mut scans,
                    (probes.source, target),
                    probes.hour,
                    ports.len(),
                    format!("{more}: {examples}"),
                );
            }
        }
        for (port, targets) in by_port(&probes.failed) {
            if targets >= SWEEP_FAILED_MIN {
                Worst::add(&mut sweeps, (probes.source, Some(port)), probes.hour, targets, more.to_owned());
            }
        }
        let ports: BTreeSet<u32> = probes.admin.iter().map(|(_, port)| *port).collect();
        let targets: BTreeSet<u128> = probes.admin.iter().map(|(target, _)| *target).collect();
        if targets.len() >= SWEEP_ADMIN_MIN {
            let ports = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Worst::add(&mut sweeps, (probes.source, None), probes.hour, targets.len(), format!("{more} on {ports}"));
        }
    }
    let scans = scans.into_iter().map(|((source, target), worst)| worst.scan(source, target));
    let sweeps = sweeps.into_iter().map(|((source, port), worst)| worst.sweep(source, port));
    scans.chain(sweeps).chain(bursts(observed)).collect()
}

/// The failed ports of each target, without commonly failing ones.
fn by_target(probes: &Probes) -> BTreeMap<u128, BTreeSet<u32>> {
    let mut targets: BTreeMap<u128, BTreeSet<u32>> = BTreeMap::new();
    for (target, port) in probes.failed.iter().filter(|(_, port)| !COMMON_PORTS.contains(port)) {
        targets.entry(*target).or_default().insert(*port);
    }
    targets
}

/// Number of targets by port.
fn by_port(targets: &[(u128, u32)]) -> BTreeMap<u32, usize> {
    let mut ports = BTreeMap::new();
    targets.iter().for_each(|(_, port)| *ports.entry(*port).or_default() += 1);
    ports
}

/// The worst hour of a scan, and from when to when it went on.
struct Worst {
    first: u32,
    last: u32,
    hour: u32,
    count: usize,
    detail: String,
}

impl Worst {
    /// Hours come in order.
    fn add<K: Ord>(worst: &mut BTreeMap<K, Self>, key: K, hour: u32, count: usize, detail: String) {
        let end = hour.saturating_add(HOUR_SECONDS - 1);
        match worst.get_mut(&key) {
            Some(known) => {
                known.last = end;
                if count > known.count {
                    (known.hour, known.count, known.detail) = (hour, count, detail);
                }
            }
            None => {
                worst.insert(key, Self { first: hour, last: end, hour, count, detail });
            }
        }
    }

    fn scan(self, source: usize, target: u128) -> Finding {
        let evidence = format!(
            "{} distinct ports rejected or unanswered in the hour from {}{} (at least {SCAN_PORTS_MIN}, common ones \
             apart)",
            self.count,
            time::write(self.hour),
            self.detail
        );
        Finding { peer: Some(target), ..self.finding(Signal::PortScan, source, evidence) }
    }

    fn sweep(self, source: usize, port: Option<u32>) -> Finding {
        let (what, least) = match port {
            Some(_) => ("rejected or unanswered", SWEEP_FAILED_MIN),
            None => ("tried", SWEEP_ADMIN_MIN),
        };
        let evidence = format!(
            "{} distinct destinations {what} in the hour from {}{} (at least {least})",
            self.count,
            time::write(self.hour),
            self.detail
        );
        Finding { port, ..self.finding(Signal::Sweep, source, evidence) }
    }

    fn finding(&self, signal: Signal, source: usize, evidence: String) -> Finding {
        let (first, last) = (self.first, self.last);
        Finding { first, last, evidence, ..Finding::bare(signal, Some(source)) }
    }
}

/// Hours in which an endpoint of the estate rejected, or was rejected, far more than usual.
fn bursts(observed: &Observed) -> impl Iterator<Item = Finding> + '_ {
    observed.rejected.iter().filter_map(|rejected| {
        let (hour, count) = *rejected.hours.iter().max_by_key(|(hour, count)| (*count, u32::MAX - hour))?;
        if count < BURST_MIN {
            return None;
        }
        let known: BTreeMap<u32, u64> = rejected.hours.iter().copied().collect();
        let first = hour_of(observed.from).max(hour.saturating_sub(BURST_SECONDS_COMPARED));
        let last = observed.to.min(hour.saturating_add(BURST_SECONDS_COMPARED));
        let hours = (0..=last.saturating_sub(first) / HOUR_SECONDS).map(|number| first + number * HOUR_SECONDS);
        let of = |hour: u32| u128::from(known.get(&hour).copied().unwrap_or(0));
        let others: Vec<u128> = hours.filter(|other| *other != hour).map(of).collect();
        let z = robust::z(count.into(), &others, BURST_FLOOR);
        let evidence = format!(
            "{} rejected in the hour from {}: z {} beside {} other hours (at least {BURST_Z_MIN}, and {})",
            human::counted(count, "record"),
            time::write(hour),
            z_text(z),
            others.len(),
            human::counted(BURST_MIN, "record"),
        );
        let finding = Finding::bare(Signal::RejectBurst, Some(rejected.source));
        let finding = Finding { first: hour, last: hour.saturating_add(HOUR_SECONDS - 1), evidence, ..finding };
        (others.len() >= BURST_HOURS_MIN && z >= BURST_Z_MIN * robust::Z_PER).then_some(finding)
    })
}
