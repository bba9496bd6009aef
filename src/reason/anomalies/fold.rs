//! Runs of many series → incidents: one for each thing that happened, however many series show it.
//!
//! The weightiest run is looked at first: what caused it is headed by the series that describes this cause best, which
//! is mostly not the weightiest: the total has every other noise of its hours too. Every other run about the same time
//! that the conversations of the causes explain is part of the incident: the team of the service, the path it takes,
//! the side that pays the other half, the answers, its flows.

use std::cmp::Reverse;
use std::ops::Range;

use super::conversations::Conversations;
use super::incident::{Incident, Scope, Severity};
use super::parts::{Part, TOTAL};
use super::runs::{Run, is_open};
use super::settings::Settings;
use super::usual::beyond;
use super::why::{DescribedCause, Why, why};
use crate::reason::hours::{Dimension, Hours, Metric};

/// How far apart a run may be from an incident that it is part of, in hours.
const APART_HOURS_MAX: usize = 3;
/// A series that heads an incident has this part of its cause at least, by every measure: it says what it costs.
const HEAD_SHARE_MIN: f64 = 0.9;
/// A cause is another incident's if this part of it is among that incident's conversations.
const COVERED_SHARE: f64 = 0.5;
/// The conversations of a cause are those of its leaves, the greatest first, that make this part of it together. Others
/// that it describes did not rise, and their answers are others' business.
const CONVERSATIONS_SHARE: f64 = 0.95;
/// Among series that describe a cause equally well, to one part in so many, the one with the fewest leaves is taken.
const SCORE_STEPS: f64 = 50.0;

/// Of series with as many leaves, which says more.
const SPECIFIC: [Dimension; 4] = [Dimension::Interface, Dimension::Destination, Dimension::Service, Dimension::Team];

/// An incident with its details.
#[derive(Clone, Debug)]
pub struct Found {
    /// The incident.
    pub incident: Incident,
    /// The run that heads it.
    pub run: Run,
    /// Causes.
    pub why: Why,
    /// The leaves of all conversations of the causes, ascending.
    pub leaves: Vec<u32>,
    /// The folded scopes and their metrics.
    pub folded: Vec<(Metric, Scope)>,
}

/// Puts runs together. The order of the runs does not matter.
#[must_use]
pub fn fold(hours: &Hours, parts: &[Part], mut runs: Vec<Run>, settings: &Settings) -> Vec<Found> {
    let weight = |run: &Run| run.weight(settings);
    runs.sort_by(|one, other| {
        // The rest of a dimension can name no cause: what has a name comes first.
        let is_nameless = |run: &Run| parts[run.part].scope.is_nameless();
        let order = is_nameless(one).cmp(&is_nameless(other)).then(weight(other).total_cmp(&weight(one)));
        order.then_with(|| (one.part, one.metric, one.hours.start).cmp(&(other.part, other.metric, other.hours.start)))
    });
    let mut folding = Folding { hours, parts, settings, conversations: Conversations::of(hours), found: Vec::new() };
    let mut open: Vec<Run> = runs;
    while !open.is_empty() {
        folding.fold_first(&mut open);
    }
    let mut found = folding.found;
    found.sort_by(|one, other| {
        let impact = |found: &Found| (-found.incident.impact_usd.abs(), -found.incident.impact_bytes.abs());
        let key = |found: &Found| (impact(found), Reverse(found.incident.score), found.incident.id.clone());
        key(one).cmp(&key(other))
    });
    found
}

/// What the head of an incident should have: leaves, and what they come to by each measure.
struct Sought {
    leaves: Vec<u32>,
    sums: Vec<(Metric, f64)>,
}

/// The incidents so far.
struct Folding<'h> {
    hours: &'h Hours,
    parts: &'h [Part],
    settings: &'h Settings,
    conversations: Conversations<'h>,
    found: Vec<Found>,
}

impl Folding<'_> {
    /// Makes the first run part of an incident, or another one the head of a new incident.
    fn fold_first(&mut self, open: &mut Vec<Run>) {
        if let Some((place, is_of_it_alone)) = self.explaining(&open[0]) {
            let run = open.remove(0);
            self.join(place, &run, is_of_it_alone);
            return;
        }
        let causes = why(self.hours, &self.parts[open[0].part], &open[0], self.settings);
        let cause = causes.causes.iter().find(|cause| !self.is_covered(cause, &open[0]));
        let head = cause.map_or(0, |cause| self.head(cause, open));
        let run = open.remove(head);
        let causes = if head == 0 { causes } else { why(self.hours, &self.parts[run.part], &run, self.settings) };
        let found = self.headed(run, causes);
        self.found.push(found);
    }

    /// The incident that a run is part of, by its place, and whether it is part of that alone.
    fn explaining(&self, run: &Run) -> Option<(usize, bool)> {
        let part = &self.parts[run.part];
        let places: Vec<usize> = (0..self.found.len()).filter(|place| is_near(&self.found[*place].run, run)).collect();
        let is_of = |place: &&usize| {
            let (found, headed) = (&self.found[**place], &self.parts[self.found[**place].run.part]);
            // What rose everywhere rose in every part of it.
            let is_within = || part.leaves.iter().all(|leaf| headed.leaves.binary_search(leaf).is_ok());
            headed.scope == part.scope || found.why.is_spread && is_within()
        };
        if let Some(place) = places.iter().find(is_of) {
            return Some((*place, true));
        }
        let of = |place: &usize| (*place, self.excess(&self.found[*place].leaves, run, run.metric));
        let most = places.iter().map(of).max_by(|one, other| one.1.total_cmp(&other.1));
        let (place, excess) = most.filter(|(_, excess)| *excess > 0.0)?;
        let is_enough = |excess: f64| excess >= self.settings.fold_share * run.excess();
        if is_enough(excess) {
            return Some((place, true));
        }
        // Two things that happened at a time explain a series of both together. And without them the rest may be in
        // line: noise that they lifted above the threshold.
        let mut all: Vec<u32> = places.iter().flat_map(|place| &self.found[*place].leaves).copied().collect();
        all.sort_unstable();
        all.dedup();
        let of_hour = |hour: usize| self.excess_in(hour..hour + 1, &all, run, run.metric);
        let is_of_all = is_enough(self.excess(&all, run, run.metric)) || run.is_in_line_without(of_hour, self.settings);
        is_of_all.then_some((place, false))
    }

    /// What the leaves of a run's part that are among these have in the run's hours beyond the usual, in its direction.
    fn excess(&self, leaves: &[u32], run: &Run, metric: Metric) -> f64 {
        self.excess_in(run.hours.clone(), leaves, run, metric)
    }

    fn excess_in(&self, hours: Range<usize>, leaves: &[u32], run: &Run, metric: Metric) -> f64 {
        let part = &self.parts[run.part];
        let shared = leaves.iter().filter(|leaf| part.leaves.binary_search(leaf).is_ok());
        shared.map(|leaf| beyond(self.hours, *leaf, (&hours, run.is_up), metric)).sum()
    }

    fn beyond(&self, leaf: u32, run: &Run, metric: Metric) -> f64 {
        beyond(self.hours, leaf, (&run.hours, run.is_up), metric)
    }

    /// Whether a cause of a run belongs to incidents that are known.
    fn is_covered(&self, cause: &DescribedCause, run: &Run) -> bool {
        let known = |leaf: &u32| {
            let near = self.found.iter().filter(|found| is_near(&found.run, run));
            near.clone().any(|found| found.leaves.binary_search(leaf).is_ok())
        };
        let beyond = |leaf: &u32| self.beyond(*leaf, run, run.metric);
        let all: f64 = cause.leaves.iter().map(beyond).sum();
        cause.leaves.iter().filter(|leaf| known(leaf)).map(beyond).sum::<f64>() >= COVERED_SHARE * all
    }

    /// The run that describes a cause of the first one best, by its place: that has nearly all of it, and little else. The
    /// total, or what names nobody, gives way to one that has less of it.
    fn head(&self, cause: &DescribedCause, open: &[Run]) -> usize {
        let first = &open[0];
        let leaves = self.conversations_of(std::slice::from_ref(cause), first);
        let all = |metric: Metric| leaves.iter().map(|leaf| self.beyond(*leaf, first, metric)).sum::<f64>();
        // What costs has to be in the head in dollars and in bytes.
        let measures: &[Metric] = match first.metric {
            Metric::Usd | Metric::Bytes => &[Metric::Usd, Metric::Bytes],
            Metric::Flows => &[Metric::Flows],
            Metric::Rejected => &[Metric::Rejected],
        };
        let sums = measures.iter().map(|metric| (*metric, all(*metric))).filter(|(_, all)| *all > 0.0).collect();
        let cause = Sought { leaves, sums };
        let scope = |place: usize| &self.parts[open[place].part].scope;
        let best = |share_min: f64| {
            let places = (0..open.len()).filter(|place| is_near(first, &open[*place]) && !scope(*place).is_nameless());
            let of_metric = places.filter(|place| open[*place].metric == first.metric);
            let scored = of_metric.filter_map(|place| Some((self.fit(&cause, &open[place], share_min)?, place)));
            scored.max_by_key(|(score, place)| (*score, Reverse((self.breadth(&open[*place]), *place))))
        };
        let best_of = |share_min: f64| best(share_min).map_or(0, |(_, place)| place);
        let head = best_of(HEAD_SHARE_MIN);
        if is_total(scope(head)) || scope(head).is_nameless() { best_of(self.settings.fold_share) } else { head }
    }

    /// How well a run describes what is sought, by the measure that it does so worst: the part of it that the run has, by
    /// the part of the run that it is. None if the run has too little of it, or is too short.
    fn fit(&self, sought: &Sought, run: &Run, share_min: f64) -> Option<i128> {
        let mut least = 1.0_f64;
        for (metric, all) in &sought.sums {
            let own = self.excess(&sought.leaves, run, *metric);
            let (actual, expected) = (run.actual[*metric as usize], run.expected[*metric as usize]);
            let whole = if run.is_up { actual } else { expected };
            let is_short = *metric == run.metric && run.excess() < self.settings.fold_share * all;
            if is_short || own < share_min * all {
                return None;
            }
            least = least.min((own / all).min(1.0) * (own / whole.max(f64::MIN_POSITIVE)).min(1.0));
        }
        Some(as_integer(least * SCORE_STEPS))
    }

    /// How many leaves a run's series has, and which of those with as many says less.
    fn breadth(&self, run: &Run) -> (usize, usize) {
        let part = &self.parts[run.part];
        let place = SPECIFIC.iter().position(|dimension| Some(*dimension) == part.dimension);
        (part.leaves.len(), place.unwrap_or(SPECIFIC.len()))
    }

    /// The leaves of the conversations of a run's causes, ascending.
    fn conversations_of(&self, causes: &[DescribedCause], run: &Run) -> Vec<u32> {
        let most = causes.iter().flat_map(|cause| {
            let excess = |leaf: &u32| (self.beyond(*leaf, run, run.metric), *leaf);
            let mut leaves: Vec<(f64, u32)> =
                cause.leaves.iter().map(excess).filter(|(excess, _)| *excess > 0.0).collect();
            leaves.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
            let enough = CONVERSATIONS_SHARE * leaves.iter().map(|(excess, _)| excess).sum::<f64>();
            leaves.into_iter().scan(0.0, move |sum, (excess, leaf)| {
                let is_more = *sum < enough;
                *sum += excess;
                is_more.then_some(leaf)
            })
        });
        self.conversations.all(most)
    }

    fn join(&mut self, place: usize, run: &Run, is_of_it_alone: bool) {
        let scope = &self.parts[run.part].scope;
        let (id, severity) = (id(self.hours, scope, run), severity(run, self.settings));
        let Found { incident, folded, .. } = &mut self.found[place];
        incident.members.push(id);
        incident.members.sort();
        incident.members.dedup();
        // The series that heads it says best what happened, not always how unusual that is.
        if is_of_it_alone {
            incident.severity = incident.severity.max(severity);
            incident.score = incident.score.max(run.score);
        }
        folded.push((run.metric, scope.clone()));
    }

    fn headed(&self, run: Run, why: Why) -> Found {
        let (hours, part) = (self.hours, &self.parts[run.part]);
        let id = id(hours, &part.scope, &run);
        let units = |value: f64| as_integer(value.max(0.0)).unsigned_abs();
        // Where flows or rejects rise, dollars and bytes may fall by chance: that is no impact.
        let impact = |metric: Metric| {
            let impact = as_integer(run.actual[metric as usize] - run.expected[metric as usize]);
            if run.is_up { impact.max(0) } else { impact.min(0) }
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
            severity: severity(&run, self.settings),
            impact_usd: impact(Metric::Usd),
            impact_bytes: impact(Metric::Bytes),
            is_open: is_open(hours, &run, self.settings),
        };
        let leaves = self.conversations_of(&why.causes, &run);
        Found { incident, run, why, leaves, folded: Vec::new() }
    }
}

/// Whether two runs are of about the same time, and in the same direction.
fn is_near(one: &Run, other: &Run) -> bool {
    let near = |one: &Range<usize>, other: &Range<usize>| one.start <= other.end + APART_HOURS_MAX;
    near(&one.hours, &other.hours) && near(&other.hours, &one.hours) && one.is_up == other.is_up
}

/// How much a run matters.
fn severity(run: &Run, settings: &Settings) -> Severity {
    match run.score {
        0..50 => Severity::Low,
        80.. if run.weight(settings) >= settings.high_impact_factor => Severity::High,
        _ => Severity::Medium,
    }
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
