//! The detectors that are compared: ours with its parameters, and what others do.

use outflow::reason::anomalies::baseline::{Parameters, Series, Verdict, judge, quantile, tail_scale};
use outflow::reason::anomalies::decompose::decompose;

use super::hours::Hours;

/// The least scale, for all methods: the labelled hours have all kinds of units.
const FLOOR: f64 = 1e-9;

/// What flags an hour.
#[derive(Clone)]
pub(crate) struct Method {
    pub(crate) name: String,
    /// Whether an hour is judged by what came before it alone.
    pub(crate) is_causal: bool,
    /// How far each hour is out of line; compared with the threshold.
    pub(crate) distances: fn(&Hours, &Parameters) -> Vec<f64>,
    pub(crate) parameters: Parameters,
    /// None: the one with the best F1 of all, a favour.
    pub(crate) threshold: Option<f64>,
}

impl Method {
    fn new(name: &str, distances: fn(&Hours, &Parameters) -> Vec<f64>, threshold: Option<f64>) -> Self {
        let parameters = Parameters::default();
        Self { name: name.to_owned(), is_causal: true, distances, parameters, threshold }
    }

    /// Whether what it gives has been compared with a threshold already.
    pub(crate) fn is_flag(&self) -> bool {
        self.threshold == Some(0.0)
    }

    fn retrospective(self) -> Self {
        Self { is_causal: false, ..self }
    }

    fn with(self, change: impl Fn(&mut Parameters)) -> Self {
        let mut parameters = self.parameters.clone();
        change(&mut parameters);
        Self { parameters, ..self }
    }
}

/// All compared methods. Our flags count by their threshold, for any threshold.
pub(crate) fn all() -> Vec<Method> {
    vec![
        Method::new("**outflow, as it comes**", ours, Some(0.0)),
        Method::new("outflow, gated", gated, Some(0.0)),
        Method::new("outflow, 4 scales", ours, Some(0.0)).with(|parameters| parameters.threshold_scales = 4.0),
        Method::new("outflow, best threshold", ours_distance, None),
        Method::new("mean + 3σ, 7 d", mean, Some(3.0)),
        Method::new("mean + kσ, 7 d, best k", mean, None),
        Method::new("hour of week, median + 6 MAD", hour_of_week, Some(6.0)),
        Method::new("hour of week, median + k MAD, best k", hour_of_week, None),
        Method::new("robust STL + 6 MAD", stl_middle, Some(6.0)).retrospective(),
        Method::new("robust STL + k MAD, best k", stl_middle, None).retrospective(),
        Method::new("robust STL + 6 tail scales", stl_tail, Some(6.0)).retrospective(),
        Method::new("robust STL + k tail scales, best k", stl_tail, None).retrospective(),
    ]
}

/// Ours with one thing changed each.
pub(crate) fn ablations() -> Vec<Method> {
    let ours = |name: &str| Method::new(name, ours, Some(0.0));
    vec![
        ours("as it comes"),
        ours("no clip of past deviations").with(|parameters| parameters.clip_scales = 1e9),
        ours("clip at 3 scales").with(|parameters| parameters.clip_scales = 3.0),
        ours("clip at 6 scales").with(|parameters| parameters.clip_scales = 6.0),
        ours("incidents count in full").with(|parameters| parameters.incident_learnt_hours = 10_000),
        ours("6 hours of an incident count").with(|parameters| parameters.incident_learnt_hours = 6),
        ours("24 hours of an incident count").with(|parameters| parameters.incident_learnt_hours = 24),
        ours("incidents go on at 3 scales").with(|parameters| parameters.incident_scales = 3.0),
        ours("incidents go on at 6 scales").with(|parameters| parameters.incident_scales = 6.0),
        ours("no floor of a high hour").with(|parameters| parameters.scale_floor_share = 0.0),
        ours("floor of 10 % of a high hour").with(|parameters| parameters.scale_floor_share = 0.1),
        ours("no least ratio").with(|parameters| parameters.ratio_min = 0.0),
        ours("least ratio 1.3").with(|parameters| parameters.ratio_min = 1.3),
        ours("least ratio 1.5").with(|parameters| parameters.ratio_min = 1.5),
        ours("no level").with(|parameters| parameters.level_share = 0.0),
        ours("all of the level").with(|parameters| parameters.level_share = 1.0),
        ours("level never accepted").with(|parameters| parameters.shift_days = 10_000),
        ours("level accepted after 3 days").with(|parameters| parameters.shift_days = 3),
        ours("level from 1 scale on").with(|parameters| parameters.shift_scales = 1.0),
        ours("profile of 14 days").with(|parameters| parameters.profile_days = 14),
        ours("scale of 28 days").with(|parameters| parameters.scale_days = 28),
        ours("profile from 3 days on").with(|parameters| parameters.history_profile_days = 3),
        ours("profile from 7 days on").with(|parameters| parameters.history_profile_days = 7),
        ours("young for 4 days").with(|parameters| parameters.history_young_days = 4),
        ours("young for 14 days").with(|parameters| parameters.history_young_days = 14),
        ours("young threshold 6").with(|parameters| parameters.threshold_young_scales = 6.0),
        ours("young threshold 12").with(|parameters| parameters.threshold_young_scales = 12.0),
        ours("threshold 5").with(|parameters| parameters.threshold_scales = 5.0),
        ours("threshold 8").with(|parameters| parameters.threshold_scales = 8.0),
        Method::new("MAD instead of the tail scale", middle_only, Some(0.0)),
    ]
}

pub(crate) fn verdicts(hours: &Hours, parameters: &Parameters) -> Vec<Verdict> {
    let values: Vec<Option<f64>> = hours.values.iter().map(|value| Some(*value)).collect();
    judge(&Series { values: &values, slots: &hours.slots(), excluded: &[], floor: FLOOR }, parameters)
}

fn ours(hours: &Hours, parameters: &Parameters) -> Vec<f64> {
    verdicts(hours, parameters).iter().map(|verdict| if verdict.flagged { 0.0 } else { f64::NEG_INFINITY }).collect()
}

fn ours_distance(hours: &Hours, parameters: &Parameters) -> Vec<f64> {
    let distance = |(verdict, value): (&Verdict, &f64)| {
        if *value >= parameters.ratio_min * verdict.expected { verdict.z } else { f64::NEG_INFINITY }
    };
    verdicts(hours, parameters).iter().zip(&hours.values).map(distance).collect()
}

/// Flagged hours that are above nearly all of the last days, too, and well above what was expected.
fn gated(hours: &Hours, parameters: &Parameters) -> Vec<f64> {
    let passes = |(verdict, value): (&Verdict, &f64)| {
        let passes = verdict.flagged && !verdict.off_peak && *value >= 1.5 * verdict.expected;
        if passes { 0.0 } else { f64::NEG_INFINITY }
    };
    verdicts(hours, parameters).iter().zip(&hours.values).map(passes).collect()
}

/// Our expectation, with the scale that is usually advised.
fn middle_only(hours: &Hours, parameters: &Parameters) -> Vec<f64> {
    let verdicts = verdicts(hours, parameters);
    let residuals: Vec<f64> =
        verdicts.iter().zip(&hours.values).map(|(verdict, value)| value - verdict.expected).collect();
    let distance = |at: usize| {
        let past = sorted(residuals[at.saturating_sub(336)..at].iter().map(|residual| residual.abs()));
        let high = quantile(&sorted(hours.values[at.saturating_sub(336)..at].iter().copied()), 0.95);
        let scale = (1.4826 * quantile(&past, 0.5)).max(0.05 * high).max(FLOOR);
        let is_far = residuals[at] / scale >= 6.0 && hours.values[at] >= 1.3 * verdicts[at].expected;
        if is_far { 0.0 } else { f64::NEG_INFINITY }
    };
    (0..residuals.len()).map(distance).collect()
}

/// A week's mean and standard deviation.
fn mean(hours: &Hours, _: &Parameters) -> Vec<f64> {
    let distance = |at: usize| {
        let past = &hours.values[at.saturating_sub(168)..at];
        let count = past.len().max(1) as f64;
        let mean = past.iter().sum::<f64>() / count;
        let variance = past.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        (hours.values[at] - mean) / variance.sqrt().max(FLOOR)
    };
    (0..hours.values.len()).map(distance).collect()
}

/// The median of the same hour of up to four weeks (of all hours of two weeks where there is none), and
/// the median deviation of two weeks.
fn hour_of_week(hours: &Hours, _: &Parameters) -> Vec<f64> {
    let centre = |at: usize| {
        let same = sorted((1..=4).filter_map(|week| at.checked_sub(168 * week)).map(|past| hours.values[past]));
        let past = || sorted(hours.values[at.saturating_sub(336)..at].iter().copied());
        if !same.is_empty() { quantile(&same, 0.5) } else { quantile(&past(), 0.5) }
    };
    let residuals: Vec<f64> = (0..hours.values.len()).map(|at| hours.values[at] - centre(at)).collect();
    let distance = |at: usize| {
        let past = sorted(residuals[at.saturating_sub(336)..at].iter().map(|residual| residual.abs()));
        residuals[at] / (1.4826 * quantile(&past, 0.5)).max(FLOOR)
    };
    (0..residuals.len()).map(distance).collect()
}

fn stl_middle(hours: &Hours, _: &Parameters) -> Vec<f64> {
    stl(hours, |sorted| 1.4826 * quantile(sorted, 0.5))
}

fn stl_tail(hours: &Hours, _: &Parameters) -> Vec<f64> {
    stl(hours, tail_scale)
}

/// What robust STL of the whole series leaves, in scales of the whole series.
fn stl(hours: &Hours, scale: fn(&[f64]) -> f64) -> Vec<f64> {
    let values: Vec<Option<f64>> = hours.values.iter().map(|value| Some(*value)).collect();
    let rest: Vec<f64> = decompose(&values).map(|parts| parts.rest).unwrap_or_default().into_iter().flatten().collect();
    let scale = scale(&sorted(rest.iter().map(|rest| rest.abs()))).max(FLOOR);
    rest.iter().map(|rest| rest / scale).collect()
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}
