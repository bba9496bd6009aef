//! Real hours that people labelled: 60 series of a cloud's telemetry.

use std::fmt::Write;
use std::path::Path;

use super::hours::{Hours, Random, labelled};
use super::methods::{Method, ablations, all};
use super::score::Score;

/// No method is judged by what it says of the first three days.
const WARM_UP_HOURS: usize = 72;

/// The thresholds that the best is chosen from: each 5 % above the one before, from 1 to about 370.
const THRESHOLDS: i32 = 121;

/// How often the series are halved at random, to choose the threshold by one half and score the other.
const SPLITS: u32 = 50;

pub(crate) fn section(data: &Path, is_short: bool) -> std::io::Result<String> {
    let mut text = "### Labelled hours\n\n".to_owned();
    let Some(mut series) = labelled(&data.join("ms-hourly.csv"))? else {
        text.push_str("skipped: there is no ms-hourly.csv in the folder of `--data`\n");
        return Ok(text);
    };
    series.truncate(if is_short { 6 } else { series.len() });
    let mut rows = String::new();
    let mut last = Score::default();
    for method in all() {
        last = write_row(&mut rows, &method, &series);
    }
    let (events, weeks) = (last.events(), last.series_weeks());
    let _infallible = writeln!(text, "{} series, {events} events, {weeks:.0} series-weeks.\n", series.len());
    let head = "causal | threshold | F1 | F1 held out | precision | recall | false incidents / series-week |\n|---|---|---:|---:|---:|---:|---:|---:|\n";
    let _infallible = write!(text, "| method | {head}{rows}\nOurs with one thing changed:\n\n| | {head}");
    for method in ablations() {
        write_row(&mut text, &method, &series);
    }
    Ok(text)
}

/// What a method scores in each series, at each of its thresholds.
struct Scores {
    thresholds: Vec<f64>,
    by_threshold: Vec<Vec<Score>>,
}

impl Scores {
    fn new(method: &Method, series: &[Hours]) -> Self {
        let thresholds = method
            .threshold
            .map_or_else(|| (0..THRESHOLDS).map(|step| 1.05_f64.powi(step)).collect(), |only| vec![only]);
        let distances: Vec<Vec<f64>> =
            series.iter().map(|hours| (method.distances)(hours, &method.parameters)).collect();
        let score = |threshold: f64| {
            let of_series = |(hours, distances): (&Hours, &Vec<f64>)| {
                let flags: Vec<bool> = distances.iter().map(|distance| *distance >= threshold).collect();
                let from = WARM_UP_HOURS.min(flags.len());
                let mut score = Score::default();
                score.add(&hours.labels[from..], &flags[from..]);
                score
            };
            series.iter().zip(&distances).map(of_series).collect()
        };
        let by_threshold = thresholds.iter().map(|threshold| score(*threshold)).collect();
        Self { thresholds, by_threshold }
    }

    /// The threshold of the best F1 over some series, by its place.
    fn best(&self, of: &[bool]) -> usize {
        let places = 0..self.thresholds.len();
        places.max_by(|left, right| self.of(*left, of).f1().total_cmp(&self.of(*right, of).f1())).unwrap_or(0)
    }

    /// The score at a threshold over some series.
    fn of(&self, place: usize, of: &[bool]) -> Score {
        let mut sum = Score::default();
        self.by_threshold[place].iter().zip(of).filter(|(_, of)| **of).for_each(|(score, _)| sum.merge(*score));
        sum
    }

    /// The mean F1 over halves of the series, with the threshold that was best on the other half.
    fn held_out(&self) -> f64 {
        let count = self.by_threshold.first().map_or(0, Vec::len);
        let mut random = Random::new(5);
        let f1 = |_| {
            let half: Vec<bool> = (0..count).map(|_| random.below(2) == 0).collect();
            let other: Vec<bool> = half.iter().map(|is_in| !is_in).collect();
            self.of(self.best(&half), &other).f1()
        };
        (0..SPLITS).map(f1).sum::<f64>() / f64::from(SPLITS)
    }
}

/// Writes the row of a method; gives its score over all series.
fn write_row(text: &mut String, method: &Method, series: &[Hours]) -> Score {
    let scores = Scores::new(method, series);
    let all = vec![true; series.len()];
    let best = scores.best(&all);
    let score = scores.of(best, &all);
    let threshold = if method.is_flag() { method.parameters.threshold_scales } else { scores.thresholds[best] };
    let causal = if method.is_causal { "yes" } else { "no" };
    let (f1, held_out, name) = (score.f1(), scores.held_out(), &method.name);
    let (precision, recall, rate) = (score.precision(), score.recall(), score.false_rate());
    let _infallible = writeln!(
        text,
        "| {name} | {causal} | {threshold:.1} | {f1:.3} | {held_out:.3} | {precision:.2} | {recall:.2} | {rate:.2} |"
    );
    score
}
