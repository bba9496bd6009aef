//! What made a sum rise: the fewest groups of traffic, over up to three dimensions, that most of an increase is in.
//!
//! The input is leaves, the finest groups, each with its actual and expected value; the search goes through layers of
//! descriptions: one dimension, two, three. The best one is a cause, its leaves are removed, and the rest is searched
//! again. Dimensions, expectations and relevance are opaque here; a decrease is an increase with both sides swapped.

mod class;
mod search;

pub use class::{Class, Priced, class};

use search::{Candidate, Rows, Sum};

/// One of the finest groups of traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// The code of its element in each dimension. Codes follow the order of element names, as they break ties;
    /// dimensions are in order of preference, the broadest first.
    pub elements: Vec<u32>,
    /// What it is.
    pub real: f64,
    /// What was expected of it.
    pub pred: f64,
}

/// What is a cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Maximum dimensions of a description. With more, descriptions match single conversations.
    pub dimensions_max: usize,
    /// Minimum share of the increase in the first cause, and in every group searched. Below it no description is better
    /// than "rose everywhere".
    pub element_share_min: f64,
    /// The part that further causes have at least.
    pub next_share_min: f64,
    /// The search ends when causes explain this fraction of the increase; the remainder is mostly noise.
    pub enough_share: f64,
    /// It ends with so many causes, too.
    pub causes_max: usize,
    /// What each further dimension takes from a score, so that a longer description must be better by that.
    pub dimension_penalty: f64,
    /// Minimum ratio between the relative increase of a cause and that of the rest. If everything rose alike, the
    /// largest group is not the cause.
    pub distinct_factor: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            dimensions_max: 3,
            element_share_min: 0.15,
            next_share_min: 0.10,
            enough_share: 0.80,
            causes_max: 3,
            dimension_penalty: 0.02,
            distinct_factor: 2.0,
        }
    }
}

/// A description: elements of some dimensions, in their order.
pub type Elements = Vec<(usize, u32)>;

/// A group of traffic that an increase is in.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Its description; of several the broadest.
    pub elements: Elements,
    /// The leaves of the cause, ascending, disjoint from earlier causes.
    pub leaves: Vec<usize>,
    /// What it is.
    pub real: f64,
    /// What was expected of it.
    pub pred: f64,
    /// Its part of the whole increase.
    pub share: f64,
    /// Which part of it is more than was expected.
    pub lift: f64,
    /// What describes the same traffic too.
    pub also_matches: Vec<Elements>,
}

/// What an increase is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribution {
    /// The causes, the best first.
    pub causes: Vec<Cause>,
    /// The increase.
    pub delta: f64,
    /// How much of it is in the causes.
    pub explained: f64,
    /// How much is not.
    pub unexplained: f64,
    /// Whether it rose so evenly that no cause can be named.
    pub is_spread: bool,
}

/// Scores that differ by less are equal, so that the last bits of sums decide nothing.
const SCORE_STEPS: f64 = 1e3;
/// Cap for causes above the whole increase: the rest decreased meanwhile, which is no merit.
const SHARE_SCORED_MAX: f64 = 1.05;
/// Two descriptions match the same traffic if their difference is at most this fraction of it.
const SAME_SHARE: f64 = 1e-3;
/// There is a rest to compare causes with if it is this part of the whole at least.
const REST_SHARE_MIN: f64 = 0.05;

/// What the increase of the sum of these leaves is made of. A sum that did not rise has no causes.
///
/// The order of the leaves does not matter; values that are no finite numbers, or below zero, are read as zero.
#[must_use]
pub fn causes(leaves: &[Leaf], parameters: &Parameters) -> Attribution {
    let rows = Rows::of(leaves);
    let mut open: Vec<bool> = vec![true; rows.len()];
    let all = rows.sum(&open);
    let delta = all.delta();
    // A description that covers everything is useless, unless all of it is new or it is a single leaf.
    let is_distinctive = |found: &Candidate| all.pred <= 0.0 || rows.len() == 1 || !rows.covers(&found.elements);
    let mut attribution = Attribution { delta, ..Attribution::default() };
    while delta > 0.0
        && attribution.causes.len() < parameters.causes_max
        && attribution.explained < parameters.enough_share * delta
    {
        let is_first = attribution.causes.is_empty();
        let least = if is_first { parameters.element_share_min } else { parameters.next_share_min };
        let found = search::candidates(&rows, &open, parameters.element_share_min * delta, parameters.dimensions_max);
        let found =
            found.into_iter().filter(|found| found.sum.delta() >= least * delta && is_distinctive(found)).collect();
        let Some(cause) = best(&rows, &open, found, delta, parameters) else { break };
        rows.close(&mut open, &cause.elements);
        attribution.explained += cause.real - cause.pred;
        attribution.causes.push(cause);
    }
    attribution.is_spread = delta > 0.0 && !is_distinct(&rows, &open, &attribution.causes, parameters);
    if attribution.is_spread {
        (attribution.causes, attribution.explained) = (Vec::new(), 0.0);
    }
    attribution.unexplained = delta - attribution.explained;
    attribution
}

/// The best of the candidates as a cause, under the broadest of the names that it has.
fn best(rows: &Rows, open: &[bool], candidates: Vec<Candidate>, delta: f64, parameters: &Parameters) -> Option<Cause> {
    let score = |candidate: &Candidate| {
        let share = (candidate.sum.delta() / delta).min(SHARE_SCORED_MAX);
        let more = candidate.elements.len().saturating_sub(1) as f64;
        ((share * candidate.sum.lift() - parameters.dimension_penalty * more) * SCORE_STEPS).round()
    };
    let mut ranked: Vec<_> = candidates.into_iter().map(|candidate| (score(&candidate), candidate)).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.by_breadth(&other.1)));
    let (_, best) = ranked.first().filter(|(score, _)| *score > 0.0)?;
    let mut same: Vec<&Candidate> = ranked.iter().map(|(_, other)| other).collect();
    same.retain(|other| is_same_traffic(rows, open, best, other));
    same.sort_by(|one, other| one.by_breadth(other));
    let (broadest, others) = same.split_first()?;
    Some(Cause {
        elements: broadest.elements.clone(),
        leaves: rows.leaves(open, &broadest.elements),
        real: broadest.sum.real,
        pred: broadest.sum.pred,
        share: broadest.sum.delta() / delta,
        lift: broadest.sum.lift(),
        also_matches: shortest(&broadest.elements, others),
    })
}

/// Whether two descriptions match the same traffic.
fn is_same_traffic(rows: &Rows, open: &[bool], one: &Candidate, other: &Candidate) -> bool {
    let negligible = SAME_SHARE * one.sum.volume();
    let is_near = |one: f64, other: f64| (one - other).abs() <= negligible;
    is_near(one.sum.real, other.sum.real)
        && is_near(one.sum.pred, other.sum.pred)
        && rows.difference(open, &one.elements, &other.elements) <= negligible
}

/// Removes descriptions that only extend another one.
fn shortest(broadest: &Elements, others: &[&Candidate]) -> Vec<Elements> {
    let mut attribution: Vec<&Elements> = vec![broadest];
    for other in others {
        if !attribution.iter().any(|shorter| shorter.iter().all(|element| other.elements.contains(element))) {
            attribution.push(&other.elements);
        }
    }
    attribution.into_iter().skip(1).cloned().collect()
}

/// Whether any cause rose differently from the traffic without a cause; if that is negligible, from everything else.
fn is_distinct(rows: &Rows, open: &[bool], causes: &[Cause], parameters: &Parameters) -> bool {
    let all = rows.sum(&vec![true; rows.len()]);
    let left = rows.sum(open);
    let is_enough = |rest: &Sum| rest.volume() >= REST_SHARE_MIN * all.volume();
    // Relative increases, cross-multiplied, because either base may be zero.
    let rose_more =
        |(delta, pred): (f64, f64), (other, was): (f64, f64)| delta * was >= parameters.distinct_factor * other * pred;
    causes.iter().any(|cause| {
        let own = (cause.real - cause.pred, cause.pred);
        let others = Sum { real: all.real - cause.real, pred: all.pred - cause.pred, ..left };
        let rest = [left, others].into_iter().find(is_enough);
        let of = |rest: &Sum| (rest.delta(), rest.pred);
        // What is next to nothing may have risen by much more for a reason of its own.
        rest.map_or_else(
            || rose_more(own, of(&others)) || rose_more(of(&others), own),
            |rest| rose_more(own, of(&rest)),
        )
    })
}

#[cfg(test)]
mod tests;
