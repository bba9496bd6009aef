//! How long ours takes for as many series as a large estate has.

use std::time::Instant;

use outflow::reason::anomalies::baseline::Parameters;

use super::hours::{Hours, Random, seasonal};
use super::methods::verdicts;

/// Series, of six weeks each.
const SERIES: usize = 5_000;

pub(crate) fn section(is_short: bool) -> String {
    let mut random = Random::new(7);
    let series: Vec<Hours> = (0..if is_short { 20 } else { SERIES }).map(|_| seasonal(&mut random, 42)).collect();
    let parameters = Parameters::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    let flagged: usize = std::thread::scope(|scope| {
        let part = |part: &[Hours]| -> usize {
            let flagged = |hours: &Hours| {
                verdicts(hours, &parameters).iter().filter(|action_filter| action_filter.flagged).count()
            };
            part.iter().map(flagged).sum()
        };
        let parts: Vec<_> =
            series.chunks(series.len().div_ceil(threads)).map(|hours| scope.spawn(move || part(hours))).collect();
        parts.into_iter().map(|part| part.join().unwrap_or(0)).sum()
    });
    let seconds = begun.elapsed().as_secs_f64();
    let hours = series.len() * 1_008;
    format!(
        "### Speed\n\n{} series of 1,008 hours: {seconds:.2} s on {threads} threads, {:.2} µs an hour and thread; {flagged} hours flagged.\n",
        series.len(),
        seconds * 1e6 * threads as f64 / hours as f64
    )
}
