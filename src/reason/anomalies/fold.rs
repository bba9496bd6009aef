//! Runs of many series → incidents: one for each thing that happened, however many series show it.
//!
//! The weightiest run heads an incident. Its causes are looked for among its leaves, and every other run about the same
//! time that these causes explain is part of it: the team of the service, the path it takes, its flows.

use std::ops::Range;

use super::incident::{Incident, Scope, Severity};
use super::parts::{OTHER, Part, TOTAL};
use super::runs::{Run, is_open};
use super::settings::Settings;
use super::usual::usual;
use super::why::{Why, why};
use crate::reason::hours::{Hours, Metric};

/// How far apart a run may be from an incident that it is part of, in hours.
const APART_HOURS_MAX: usize = 3;

/// An incident with its details.
#[derive(Clone, Debug)]
pub struct Found {
    /// The incident.
    pub incident: Incident,
    /// The run that heads it.
    pub run: Run,
    /// Causes.
    pub why: Why,
    /// The folded scopes and their metrics.
    pub folded: Vec<(Metric, Scope)>,
}

/// Puts runs together. The order of the runs does not matter.
#[must_use]
pub fn fold(hours: &Hours, parts: &[Part], mut runs: Vec<Run>, settings: &Settings) -> Vec<Found> {
    let weight = |run: &Run| run.weight(settings);
    runs.sort_by(|one, other| {
        // The rest of a dimension can name no cause: what has a name comes first.
        let is_rest = |run: &Run| *parts[run.part].scope.value == *OTHER;
        let order = is_rest(one).cmp(&is_rest(other)).then(weight(other).total_cmp(&weight(one)));
        order.then_with(|| (one.part, one.metric, one.hours.start).cmp(&(other.part, other.metric, other.hours.start)))
    });
    let mut found: Vec<Found> = Vec::new();
    for run in runs {
        match found.iter_mut().find(|head| explains(hours, parts, head, &run, settings)) {
            Some(head) => join(head, hours, parts, &run),
            None => found.push(head(hours, parts, run, settings)),
        }
    }
    found.sort_by(|one, other| {
        let impact = |found: &Found| (-found.incident.impact_usd.abs(), -found.incident.impact_bytes.abs());
        let key = |found: &Found| (impact(found), std::cmp::Reverse(found.incident.score), found.incident.id.clone());
        key(one).cmp(&key(other))
    });
    found
}

/// Whether a run is part of an incident: its leaves that are causes of the incident explain most of it.
fn explains(hours: &Hours, parts: &[Part], head: &Found, run: &Run, settings: &Settings) -> bool {
    let near = |one: &Range<usize>, other: &Range<usize>| one.start <= other.end + APART_HOURS_MAX;
    let is_near = near(&head.run.hours, &run.hours) && near(&run.hours, &head.run.hours);
    if !is_near || head.run.is_up != run.is_up {
        return false;
    }
    let (headed, part) = (&parts[head.run.part], &parts[run.part]);
    if headed.scope == part.scope {
        return true;
    }
    let is_of = |leaf: &u32| part.leaves.binary_search(leaf).is_ok();
    // What rose everywhere rose in every part of it.
    if head.why.is_spread {
        return part.leaves.iter().all(|leaf| headed.leaves.binary_search(leaf).is_ok());
    }
    let shared = head.why.causes.iter().flat_map(|cause| &cause.leaves).filter(|leaf| is_of(leaf));
    let excess: f64 = shared
        .map(|leaf| {
            let (real, usual) = usual(hours, *leaf, &run.hours, run.metric);
            if run.is_up { real - usual } else { usual - real }
        })
        .sum();
    excess >= settings.fold_share * run.excess()
}

fn join(head: &mut Found, hours: &Hours, parts: &[Part], run: &Run) {
    head.incident.members.push(id(hours, &parts[run.part].scope, run));
    head.incident.members.sort();
    head.incident.members.dedup();
    head.folded.push((run.metric, parts[run.part].scope.clone()));
}

fn head(hours: &Hours, parts: &[Part], run: Run, settings: &Settings) -> Found {
    let part = &parts[run.part];
    let id = id(hours, &part.scope, &run);
    let units = |value: f64| as_integer(value.max(0.0)).unsigned_abs();
    // Where flows or rejects rise, dollars and bytes may fall by chance: that is no impact.
    let impact = |metric: Metric| {
        let impact = as_integer(run.actual[metric as usize] - run.expected[metric as usize]);
        if run.is_up { impact.max(0) } else { impact.min(0) }
    };
    let why = why(hours, part, &run, settings);
    let severity = match run.score {
        0..50 => Severity::Low,
        80.. if run.weight(settings) >= settings.high_impact_factor => Severity::High,
        _ => Severity::Medium,
    };
    let incident = Incident {
        members: vec![id.clone()],
        id,
        metric: run.metric,
        scope: part.scope.clone(),
        start: hours.moment(run.hours.start),
        end: hours.moment(run.hours.end),
        hours: run.flagged,
        actual: units(run.actual[run.metric as usize]),
        expected: units(run.expected[run.metric as usize]),
        peak: run.peak,
        score: run.score,
        severity,
        impact_usd: impact(Metric::Usd),
        impact_bytes: impact(Metric::Bytes),
        is_open: is_open(hours, &run, settings),
    };
    Found { incident, run, why, folded: Vec::new() }
}

/// An id that is stable as long as the run starts in the same hour: 48 bits of an FNV-1a hash of its identity.
fn id(hours: &Hours, scope: &Scope, run: &Run) -> String {
    let start = hours.moment(run.hours.start);
    let text = format!("{}|{}|{}|{start}", run.metric.name(), scope.dimension, scope.value);
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{:012x}", hash & 0xffff_ffff_ffff)
}

/// A value in whole units.
#[expect(clippy::cast_possible_truncation, reason = "the nearest whole number, and the greatest beyond")]
pub fn as_integer(value: f64) -> i128 {
    value.round() as i128
}

/// Whether it is the total.
#[must_use]
pub fn is_total(scope: &Scope) -> bool {
    scope.dimension == TOTAL
}
