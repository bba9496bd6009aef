//! Slow drift: made days that rise a little every day, and the same days without.

use outflow::reason::anomalies::baseline::Parameters;
use outflow::reason::anomalies::drift::creep;

use super::hours::{Hours, Random, seasonal};

/// Days of a series, and the one from which on it rises.
const DAYS: usize = 168;
const RISE_DAY: usize = 84;

/// Series.
const SERIES: usize = 500;

/// What a day is above the one before.
const RISES: [f64; 5] = [0.001, 0.002, 0.005, 0.01, 0.02];

pub(crate) fn section(is_short: bool) -> String {
    let mut random = Random::new(8);
    let series: Vec<Hours> = (0..if is_short { 10 } else { SERIES }).map(|_| seasonal(&mut random, DAYS)).collect();
    let mut text =
        "### Creep\n\n| a day | found within 4 weeks | median days until then |\n|---|---:|---:|\n".to_owned();
    for rise in RISES {
        let found = |hours: &Hours| shown(hours, rise).into_iter().find(|day| *day >= RISE_DAY);
        let mut days: Vec<usize> =
            series.iter().filter_map(found).map(|day| day - RISE_DAY).filter(|day| *day < 28).collect();
        days.sort_unstable();
        let share = days.len() as f64 / series.len() as f64;
        let median = days.get(days.len() / 2).map_or_else(|| "-".to_owned(), usize::to_string);
        text.push_str(&format!("| +{:.1} % | {share:.2} | {median} |\n", rise * 100.0));
    }
    let shown: usize = series.iter().map(|hours| shown(hours, 0.0).len()).sum();
    let years = series.len() as f64 * (DAYS - 21) as f64 / 365.0;
    text.push_str(&format!(
        "\nOf days that do not rise, {:.2} are reported per series and year.\n",
        shown as f64 / years
    ));
    text
}

/// The days on which drift is reported for a series that rises from one day on.
fn shown(hours: &Hours, rise: f64) -> Vec<usize> {
    let day = |(day, hours): (usize, &[f64])| {
        let risen = (1.0 + rise).powf(day.saturating_sub(RISE_DAY) as f64);
        Some(hours.iter().sum::<f64>() * risen)
    };
    let days: Vec<Option<f64>> = hours.values.chunks(24).enumerate().map(day).collect();
    creep(&days, 1e-9, &Parameters::default()).into_iter().map(|creep| creep.day).collect()
}
