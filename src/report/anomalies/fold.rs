//! Runs of many series → incidents: one for each thing that happened, however many series show it.
//!
//! The weightiest run heads an incident. Its causes are looked for among its leaves, and every other run about the same
//! time that these causes explain is part of it: the team of the service, the path it takes, its flows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::incident::{Incident, Scope, Severity};
use super::parts::{Part, TOTAL};
use super::runs::{Run, is_open};
use super::settings::Settings;
use super::usual::usual;
use crate::report::causes::{self, Cause, Class, Priced, causes, class};
use crate::report::hours::{DIMENSIONS, Dimension, Hours, Leaf, Metric};

/// How far apart a run may be from an incident that it is part of, in hours.
const APART_HOURS_MAX: usize = 3;
/// What is new was not there for so many hours: 14 days. Source: GuardDuty learns for as long.
const NEW_HOURS: usize = 14 * 24;
/// What a cause is said to be has this part of its change at least.
const PROFILE_SHARE_MIN: f64 = 0.9;
/// In so many values of a dimension: two that talk to each other are told as both.
const PROFILE_VALUES_MAX: usize = 2;
/// The sums of what leaves are expected to have are brought to what their series was expected to have, by no more than
/// this factor: beyond it they say something else.
const SCALING_MAX: f64 = 2.0;

/// An incident, and what is known of it.
#[derive(Clone, Debug)]
pub struct Found {
    /// The incident.
    pub incident: Incident,
    /// The run that heads it.
    pub run: Run,
    /// What made it, the most first.
    pub causes: Vec<Told>,
    /// The part of its excess that is in no cause.
    pub unexplained_share: f64,
    /// Whether it rose everywhere.
    pub is_spread: bool,
    /// The scopes of what was folded into it, and in which metric.
    pub folded: Vec<(Metric, Scope)>,
}

/// A description in words: dimensions and values.
pub type Description = Vec<(Dimension, Arc<str>)>;

/// A cause in words.
#[derive(Clone, Debug)]
pub struct Told {
    /// What it is.
    pub what: Description,
    /// What else describes the same traffic.
    pub equivalents: Vec<Description>,
    /// What nearly all of it is, in every dimension that is so.
    pub profile: Description,
    /// Which kind of change.
    pub class: Class,
    /// The path it came from, of a change of paths.
    pub from_path: Option<Arc<str>>,
    /// Its part of the incident's excess.
    pub share: f64,
    /// By metric: what it was, and what it usually is.
    pub amounts: [(f64, f64); 4],
    /// Its leaves.
    pub leaves: Vec<u32>,
}

/// Puts runs together. The order of the runs does not matter.
#[must_use]
pub fn fold(hours: &Hours, parts: &[Part], mut runs: Vec<Run>, settings: &Settings) -> Vec<Found> {
    let weight = |run: &Run| run.weight(settings);
    runs.sort_by(|one, other| {
        let order = weight(other).total_cmp(&weight(one));
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
    if head.is_spread {
        return part.leaves.iter().all(|leaf| headed.leaves.binary_search(leaf).is_ok());
    }
    let shared = head.causes.iter().flat_map(|cause| &cause.leaves).filter(|leaf| is_of(leaf));
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
    let impact = |metric: Metric| as_integer(run.actual[metric as usize] - run.expected[metric as usize]);
    let (causes, unexplained_share, is_spread) = explained(hours, part, &run, settings);
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
    Found { incident, run, causes, unexplained_share, is_spread, folded: Vec::new() }
}

/// What made a run, in words; the part of it that is in no cause; and whether it rose everywhere.
fn explained(hours: &Hours, part: &Part, run: &Run, settings: &Settings) -> (Vec<Told>, f64, bool) {
    let dimensions: Vec<Dimension> = Dimension::ALL.into_iter().filter(|dimension| hours.tells(*dimension)).collect();
    let measured = |leaf: u32, metric: Metric| usual(hours, leaf, &run.hours, metric);
    let turned = |(real, usual): (f64, f64)| if run.is_up { (real, usual) } else { (usual, real) };
    let pairs: Vec<_> = part.leaves.iter().map(|leaf| measured(*leaf, run.metric)).collect();
    let usual: f64 = pairs.iter().map(|(_, usual)| usual).sum();
    let scaling =
        (run.expected[run.metric as usize] / usual.max(f64::MIN_POSITIVE)).clamp(1.0 / SCALING_MAX, SCALING_MAX);
    let leaf = |(leaf, (real, usual)): (&u32, &(f64, f64))| {
        let (real, pred) = turned((*real, usual * scaling));
        causes::Leaf { elements: elements(hours, &dimensions, *leaf), real, pred }
    };
    let leaves: Vec<_> = part.leaves.iter().zip(&pairs).map(leaf).collect();
    let mut attribution = causes(&leaves, &settings.attribution);
    // Where a part rose as a whole it is the cause itself, unless it is everything.
    let of_scope = part.dimension.and_then(|dimension| dimensions.iter().position(|told| *told == dimension));
    let of_scope = of_scope.map(|place| (place, hours.leaves[part.leaves[0] as usize][dimensions[place] as usize]));
    let of_scope = of_scope.filter(|(_, code)| *hours.name(*code) == part.scope.value);
    if let (true, Some((place, code))) = (attribution.is_spread, of_scope) {
        attribution.causes = vec![whole(&leaves, (place, code))];
        (attribution.is_spread, attribution.unexplained) = (false, 0.0);
    }
    let path = dimensions.iter().position(|dimension| *dimension == Dimension::Path);
    let mut rest: Vec<u32> = part.leaves.clone();
    let tell = |cause: &Cause| {
        // Leaves that have nothing of this metric may have much of another.
        let is_its = |leaf: &u32| {
            let leaf = &hours.leaves[*leaf as usize];
            cause.elements.iter().all(|(place, code)| leaf[dimensions[*place] as usize] == *code)
        };
        let own: Vec<u32> = rest.extract_if(.., |leaf| is_its(leaf)).collect();
        let sum = |metric: Metric| {
            let pairs = own.iter().map(|leaf| measured(*leaf, metric));
            pairs.fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1))
        };
        let amounts = Metric::ALL.map(sum);
        let class = class_of(hours, (&own, cause), &dimensions, path, (run, &amounts));
        let words = |description: &causes::Elements| -> Description {
            let word = |(place, code): &(usize, u32)| (dimensions[*place], Arc::clone(hours.name(*code)));
            description.iter().map(word).collect()
        };
        Told {
            what: words(&cause.elements),
            equivalents: cause.equivalents.iter().map(words).collect(),
            profile: profile(hours, &own, &dimensions, run),
            from_path: if let Class::PathChange { from } = class { Some(Arc::clone(hours.name(from))) } else { None },
            class,
            share: cause.share,
            amounts,
            leaves: own,
        }
    };
    let unexplained = if attribution.delta > 0.0 { attribution.unexplained / attribution.delta } else { 1.0 };
    let causes = attribution.causes.iter().map(tell).collect();
    (causes, unexplained, attribution.is_spread)
}

/// All leaves of a part as one cause.
fn whole(leaves: &[causes::Leaf], element: (usize, u32)) -> Cause {
    let sum = |of: fn(&causes::Leaf) -> f64| leaves.iter().map(of).sum::<f64>();
    let (real, pred) = (sum(|leaf| leaf.real), sum(|leaf| leaf.pred));
    let lift = if real > 0.0 { (real - pred) / real } else { 0.0 };
    let places = (0..leaves.len()).collect();
    Cause { elements: vec![element], leaves: places, real, pred, share: 1.0, lift, equivalents: Vec::new() }
}

/// What nearly all of a change is in, dimension by dimension.
fn profile(hours: &Hours, leaves: &[u32], dimensions: &[Dimension], run: &Run) -> Description {
    let change = |leaf: &u32| {
        let (real, usual) = usual(hours, *leaf, &run.hours, run.metric);
        if run.is_up { real - usual } else { usual - real }
    };
    let changes: Vec<(u32, f64)> = leaves.iter().map(|leaf| (*leaf, change(leaf))).collect();
    let all: f64 = changes.iter().map(|(_, change)| change).sum();
    let of = |dimension: &Dimension| {
        let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
        for (leaf, change) in &changes {
            *sums.entry(hours.leaves[*leaf as usize][*dimension as usize]).or_default() += change;
        }
        let mut sums: Vec<(u32, f64)> = sums.into_iter().collect();
        sums.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        let is_most = |count: &usize| {
            let most: f64 = sums.iter().take(*count).map(|(_, change)| change).sum();
            all > 0.0 && most >= PROFILE_SHARE_MIN * all
        };
        let count = (1..=PROFILE_VALUES_MAX.min(sums.len())).find(is_most)?;
        let values: Vec<&str> = sums[..count].iter().map(|(value, _)| &**hours.name(*value)).collect();
        Some((*dimension, values.join(" and ").into()))
    };
    dimensions.iter().filter_map(of).collect()
}

/// A leaf's values of some dimensions.
fn elements(hours: &Hours, dimensions: &[Dimension], leaf: u32) -> Vec<u32> {
    dimensions.iter().map(|dimension| hours.leaves[leaf as usize][*dimension as usize]).collect()
}

/// Which kind of change a cause is. A change of paths shows in leaves outside of the run's part too.
fn class_of(
    hours: &Hours,
    (own, cause): (&[u32], &Cause),
    dimensions: &[Dimension],
    path: Option<usize>,
    (run, amounts): (&Run, &[(f64, f64); 4]),
) -> Class {
    let ends = |leaf: u32| -> Leaf {
        let mut leaf = hours.leaves[leaf as usize];
        leaf[Dimension::Path as usize] = 0;
        leaf
    };
    let mine: BTreeSet<Leaf> = own.iter().map(|leaf| ends(*leaf)).collect();
    let others = (0_u32..).take(hours.leaves.len());
    let others = others.filter(|leaf| mine.contains(&ends(*leaf)) && own.binary_search(leaf).is_err());
    let all: Vec<u32> = own.iter().copied().chain(others).collect();
    let volume = |leaf: &u32| {
        let (real, pred) = usual(hours, *leaf, &run.hours, Metric::Bytes);
        causes::Leaf { elements: elements(hours, dimensions, *leaf), real, pred }
    };
    let volumes: Vec<_> = all.iter().map(volume).collect();
    let places = (0..own.len()).collect();
    let [usd, bytes, ..] = *amounts;
    let priced = Priced { bytes: [bytes.1, bytes.0], usd: [usd.1, usd.0] };
    let since = run.hours.start.saturating_sub(NEW_HOURS)..run.hours.start;
    let was_there = own.iter().flat_map(|leaf| hours.cells_of(*leaf)).any(|cell| since.contains(&(cell.hour as usize)));
    // A mean without its greatest values may be nothing of what is there now and then.
    let pred = if was_there { cause.pred.max(f64::MIN_POSITIVE) } else { 0.0 };
    let cause = Cause { leaves: places, pred, ..cause.clone() };
    class(&cause, &volumes, path, (run.metric == Metric::Usd).then_some(&priced))
}

/// An id that stays the same as long as the run begins in the same hour: FNV-1a of what it is, 48 bits of it.
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
pub(super) fn as_integer(value: f64) -> i128 {
    value.round() as i128
}

/// Whether a scope is of everything.
#[must_use]
pub fn is_total(scope: &Scope) -> bool {
    scope.dimension == TOTAL
}

const _: () = assert!(DIMENSIONS == Dimension::ALL.len());
