//! Flagged hours of a series → runs that matter.

use std::ops::Range;

use super::baseline::{Basis, Verdict, severity};
use super::parts::Judged;
use super::settings::Settings;
use crate::reason::hours::{Hours, Metric};

/// Anomalous hours of a part in the same direction, with the hours in between.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The part, by its place.
    pub part: usize,
    /// The anomalous metric.
    pub metric: Metric,
    /// From the first to the last flagged hour, with adjacent ramp hours.
    pub hours: Range<usize>,
    /// How many of them are flagged.
    pub flagged: u32,
    /// Whether it is above what was expected.
    pub is_up: bool,
    /// Actual values by metric, over the covered hours.
    pub actual: [f64; 4],
    /// And what it was expected to be.
    pub expected: [f64; 4],
    /// The greatest distance, in scales.
    pub peak: f64,
    /// How unusual its most unusual hour is, 0 to 100.
    pub score: u8,
    /// The hours in its own metric: what each was, and the verdict on it. Empty where there is no value.
    pub own: Vec<Option<(f64, Verdict)>>,
}

impl Run {
    /// How far it is from what was expected, in its own metric.
    #[must_use]
    pub fn excess(&self) -> f64 {
        let metric = self.metric as usize;
        (self.actual[metric] - self.expected[metric]).abs()
    }

    /// Whether every hour would be in line without so much of it.
    #[must_use]
    pub fn is_in_line_without(&self, excess: impl Fn(usize) -> f64, settings: &Settings) -> bool {
        let is_in_line = |(hour, own): (usize, &Option<(f64, Verdict)>)| {
            let Some((value, verdict)) = own else { return true };
            let (left, beyond) = if self.is_up {
                let left = value - excess(hour);
                (left, left - verdict.expected)
            } else {
                let left = value + excess(hour);
                (left, verdict.expected - left)
            };
            let is_unlike = !self.is_up || left >= settings.detector.ratio_min * verdict.expected;
            beyond < settings.detector.threshold_scales * verdict.scale || !is_unlike
        };
        self.hours.clone().zip(&self.own).all(is_in_line)
    }

    /// Its excess, in multiples of the least impact that is reported.
    #[must_use]
    pub fn weight(&self, settings: &Settings) -> f64 {
        self.excess() / settings.impact_min(self.metric)
    }

    /// Whether its impact is large enough to be reported.
    #[must_use]
    pub fn matters(&self, settings: &Settings) -> bool {
        self.matters_by(1.0, settings)
    }

    /// Whether it comes to so many times the floors: of dollars and bytes either is enough.
    #[must_use]
    pub fn matters_by(&self, factor: f64, settings: &Settings) -> bool {
        let weight = |metric: Metric| {
            let excess = self.actual[metric as usize] - self.expected[metric as usize];
            if self.is_up { excess } else { -excess }.max(0.0) / settings.impact_min(metric)
        };
        match self.metric {
            Metric::Usd | Metric::Bytes => weight(Metric::Usd) >= factor || weight(Metric::Bytes) >= factor,
            metric => weight(metric) >= factor,
        }
    }
}

/// What a part's verdicts give.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// The runs that matter.
    pub notable: Vec<Run>,
    /// Number of runs, including minor ones.
    pub found: usize,
    /// Runs that are suppressed: metric and hours.
    pub suppressed: Vec<(Metric, Range<usize>)>,
}

/// The runs of a part with a flagged hour in `asked`.
pub fn runs(
    place: usize,
    judged: &Judged,
    asked: Range<usize>,
    is_suppressed: impl Fn(Metric, usize) -> bool,
    settings: &Settings,
) -> Runs {
    let mut runs = Runs::default();
    for metric in Metric::ALL {
        let verdicts = &judged.verdicts[metric as usize];
        for is_up in [true, false] {
            let flagged = |hour: &usize| verdicts[*hour].flagged && (verdicts[*hour].z > 0.0) == is_up;
            let flagged: Vec<usize> = (0..verdicts.len()).filter(flagged).collect();
            let gap = settings.detector.incident_gap_hours as usize;
            for group in flagged.chunk_by(|one, other| other - one <= gap + 1) {
                if !group.iter().any(|hour| asked.contains(hour)) {
                    continue;
                }
                let heard: Vec<usize> = group.iter().copied().filter(|hour| !is_suppressed(metric, *hour)).collect();
                let (Some(first), Some(last)) = (heard.first(), heard.last()) else {
                    runs.suppressed.push((metric, group[0]..group[group.len() - 1] + 1));
                    continue;
                };
                runs.found += 1;
                let hours = widened(verdicts, *first..last + 1, is_up, settings);
                let run = run(place, judged, (metric, is_up), hours, &heard, settings);
                runs.notable.extend(run.matters(settings).then_some(run));
            }
        }
    }
    runs
}

/// Adjacent ramp hours: part of the impact, although not flagged themselves.
fn widened(verdicts: &[Verdict], hours: Range<usize>, is_up: bool, settings: &Settings) -> Range<usize> {
    let near = |hour: &usize| {
        let z = verdicts[*hour].z;
        (if is_up { z } else { -z }) >= settings.detector.incident_scales
    };
    let before = (0..hours.start).rev().take_while(near).count();
    let after = (hours.end..verdicts.len()).take_while(near).count();
    hours.start - before..hours.end + after
}

fn run(
    part: usize,
    judged: &Judged,
    (metric, is_up): (Metric, bool),
    hours: Range<usize>,
    flagged: &[usize],
    settings: &Settings,
) -> Run {
    let of = |verdict: fn(&Verdict) -> f64, metric: usize| -> f64 {
        let judged_hours = hours.clone().filter(|hour| judged.verdicts[metric][*hour].basis != Basis::None);
        judged_hours.map(|hour| verdict(&judged.verdicts[metric][hour])).sum()
    };
    let values = |metric: usize| -> f64 {
        let judged_hours = hours.clone().filter(|hour| judged.verdicts[metric][*hour].basis != Basis::None);
        judged_hours.filter_map(|hour| judged.values[metric][hour]).sum()
    };
    let own = &judged.verdicts[metric as usize];
    let hour_of_it = |hour: usize| Some((judged.values[metric as usize][hour]?, own[hour]));
    let worst = flagged.iter().map(|hour| &own[*hour]);
    Run {
        part,
        metric,
        flagged: u32::try_from(flagged.len()).unwrap_or(u32::MAX),
        is_up,
        actual: [0, 1, 2, 3].map(values),
        expected: [0, 1, 2, 3].map(|metric| of(|verdict| verdict.expected, metric)),
        peak: worst.clone().map(|verdict| verdict.z.abs()).fold(0.0, f64::max),
        own: hours.clone().map(hour_of_it).collect(),
        score: worst.map(|verdict| severity(verdict, &settings.detector)).max().unwrap_or(0),
        hours,
    }
}

/// Whether a run may go on: its last hour is not followed by so many hours that are known to be in line.
#[must_use]
pub fn is_open(hours: &Hours, run: &Run, settings: &Settings) -> bool {
    let after = hours.covered.get(run.hours.end..).unwrap_or_default();
    after.iter().filter(|covered| **covered).count() <= settings.detector.incident_gap_hours as usize
}
