//! The parts of traffic that have a series: all of it, and the values of each dimension; and how their hours are judged.

use std::collections::BTreeMap;

use super::baseline::{Series, Verdict, judge};
use super::incident::Scope;
use super::settings::Settings;
use crate::reason::hours::{Amounts, Dimension, FROM, Hours, Metric};

/// The dimensions that have series; ports are for causes alone.
pub const DIMENSIONS: [Dimension; 6] = [
    Dimension::Team,
    Dimension::Service,
    Dimension::Interface,
    Dimension::Destination,
    Dimension::RegionPair,
    Dimension::Path,
];
/// The scope of everything.
pub const TOTAL: &str = "total";
/// What of a dimension has no series of its own.
pub(super) const OTHER: &str = "(other)";

/// A part of the traffic.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is.
    pub scope: Scope,
    /// Its dimension; none for the total.
    pub dimension: Option<Dimension>,
    /// Its leaves, ascending.
    pub leaves: Vec<u32>,
}

/// The parts with a series, the total first. Dimensions without values have none.
#[must_use]
pub fn parts(hours: &Hours, settings: &Settings) -> Vec<Part> {
    let all = (0..).take(hours.leaves.len()).collect();
    let mut parts = vec![Part { scope: Scope { dimension: TOTAL, value: "".into() }, dimension: None, leaves: all }];
    for dimension in DIMENSIONS.into_iter().filter(|dimension| hours.has_dimension(*dimension)) {
        let mut ranked: Vec<_> = hours
            .by_value(dimension)
            .into_iter()
            .map(|(value, leaves)| {
                let sum = total(hours, &leaves);
                (
                    std::cmp::Reverse((sum.of(Metric::Usd), sum.of(Metric::Bytes), sum.of(Metric::Rejected))),
                    value,
                    leaves,
                )
            })
            .collect();
        ranked.sort_unstable();
        let rest = ranked.split_off((settings.series_max as usize).min(ranked.len()));
        let part = |value: &str, leaves| Part {
            scope: Scope { dimension: dimension.name(), value: value.into() },
            dimension: Some(dimension),
            leaves,
        };
        let own = ranked.into_iter().filter(|(_, value, _)| &**hours.name(*value) != "-");
        parts.extend(own.map(|(_, value, leaves)| part(hours.name(value), leaves)));
        let mut rest: Vec<u32> = rest.into_iter().flat_map(|(_, _, leaves)| leaves).collect();
        rest.sort_unstable();
        parts.extend((!rest.is_empty()).then(|| part(OTHER, rest)));
    }
    parts
}

fn total(hours: &Hours, leaves: &[u32]) -> Amounts {
    let mut sum = Amounts::default();
    leaves.iter().flat_map(|leaf| hours.cells_of(*leaf)).for_each(|cell| sum.add(cell.amounts));
    sum
}

/// A part's hours, measured and judged, by metric.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The actual value; none if the hour is not covered.
    pub values: [Vec<Option<f64>>; 4],
    /// The verdict on it.
    pub verdicts: [Vec<Verdict>; 4],
}

/// Time-related context of judging.
#[derive(Clone, Copy)]
pub struct Calendar<'a> {
    /// The hour of day of each hour, where the user is.
    pub slots: &'a [u8],
    /// Whether an hour of a series is suppressed, and so not learnt from.
    pub is_suppressed: &'a (dyn Fn(Metric, &Scope, u32) -> bool + Sync),
}

impl std::fmt::Debug for Calendar<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calendar").field("slots", &self.slots).finish_non_exhaustive()
    }
}

/// Judges a part.
#[must_use]
pub fn judged(hours: &Hours, part: &Part, calendar: Calendar<'_>, settings: &Settings) -> Judged {
    let sums = hours.sums(&part.leaves);
    let masked = masked(hours, part, &sums, settings);
    let one = |metric: Metric| {
        let value = |(sum, masked): (&Amounts, &bool)| (!masked).then(|| sum.of(metric) as f64);
        let values: Vec<_> = sums.iter().zip(&masked).map(value).collect();
        let excluded = |hour: usize| (calendar.is_suppressed)(metric, &part.scope, hours.moment(hour));
        let excluded: Vec<_> = (0..hours.count).map(excluded).collect();
        let series =
            Series { values: &values, slots: calendar.slots, excluded: &excluded, floor: settings.scale_min(metric) };
        let verdicts = judge(&series, &settings.detector);
        (values, verdicts)
    };
    let [usd, bytes, flows, rejects] = Metric::ALL.map(one);
    Judged { values: [usd.0, bytes.0, flows.0, rejects.0], verdicts: [usd.1, bytes.1, flows.1, rejects.1] }
}

/// Masked hours: those not fully covered, those in which AWS dropped records of an interface with a large share of the
/// part, and, for intermittent parts, all before the first traffic.
fn masked(hours: &Hours, part: &Part, sums: &[Amounts], settings: &Settings) -> Vec<bool> {
    let mut masked: Vec<bool> = hours.covered.iter().map(|covered| !covered).collect();
    let place = Dimension::Interface as usize;
    let flows = |leaf: u32| -> u64 { hours.cells_of(leaf).iter().map(|cell| cell.amounts.of(Metric::Flows)).sum() };
    let (mut all, mut by_interface) = (0, BTreeMap::<u32, u64>::new());
    for leaf in part.leaves.iter().filter(|_| !hours.lost.is_empty()) {
        let flows = flows(*leaf);
        all += flows;
        *by_interface.entry(hours.leaves[*leaf as usize][place]).or_default() += flows;
    }
    for (interface, hour) in &hours.lost {
        let its = by_interface.get(interface).copied().unwrap_or(0) as f64;
        if its > 0.0 && its >= settings.gap_share * all as f64 {
            masked[*hour as usize] = true;
        }
    }
    let comes_and_goes = match part.dimension {
        Some(Dimension::Team | Dimension::Service | Dimension::Interface) => true,
        Some(Dimension::Destination) => part.scope.value.trim_start_matches(FROM).starts_with("eni-"),
        _ => false,
    };
    if comes_and_goes {
        let first = sums.iter().position(|sum| *sum != Amounts::default()).unwrap_or(0);
        masked[..first].fill(true);
    }
    masked
}
