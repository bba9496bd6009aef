//! Made hours with spikes put in, whose truth is known, and the same hours without them, in which nothing is true.

use std::fmt::Write;

use super::hours::{Hours, Random, seasonal};
use super::methods::{Method, ablations, all};
use super::score::Score;

/// What hours are multiplied by, each once in every series.
const FACTORS: [f64; 4] = [1.5, 2.0, 3.0, 5.0];

/// Days of a series, those before it is judged among them.
const DAYS: usize = 25;

/// No method is judged by what it says of the first week.
const WARM_UP_HOURS: usize = 168;

/// Series: 280 events from each 70.
const SERIES: usize = 700;

/// The long incident that may hide what comes after it: its factor and its hours.
const LONG: (f64, usize) = (10.0, 48);

/// The spike after it: its factor, and its hours.
const AFTER: (f64, usize) = (3.0, 6);

/// The longest spike in hours.
const HOURS_MAX: usize = 12;

/// A series, and the same with its spikes: from, to, which factor.
struct Case {
    quiet: Hours,
    spiky: Hours,
    spikes: Vec<(usize, usize, usize)>,
    /// The quiet series with a long incident, and a spike some days after it: from and to.
    poisoned: Hours,
    after: (usize, usize),
}

pub(crate) fn section(is_short: bool) -> String {
    let mut random = Random::new(6);
    let cases: Vec<Case> = (0..if is_short { 6 } else { SERIES }).map(|_| case(&mut random)).collect();
    let mut text = "### Spikes put into seasonal hours\n\n".to_owned();
    let events = cases.len() * FACTORS.len();
    let weeks = cases.len() as f64 * (DAYS * 24 - WARM_UP_HOURS) as f64 / 168.0;
    let _infallible = writeln!(
        text,
        "{events} spikes of 1 to {HOURS_MAX} hours; {weeks:.0} series-weeks without any. In the column before the last, \
         {} hours at ×{} come two to seven days before.\n",
        LONG.1, LONG.0
    );
    let head = "causal | recall | ×1.5 | ×2 | ×3 | ×5 | ×3 after a long one | false incidents / series-week |\n|---|---|---:|---:|---:|---:|---:|---:|---:|\n";
    let _infallible = write!(text, "| method | {head}");
    all().iter().filter(|method| method.threshold.is_some()).for_each(|method| write_row(&mut text, method, &cases));
    let _infallible = write!(text, "\nOurs with one thing changed:\n\n| | {head}");
    ablations().iter().for_each(|method| write_row(&mut text, method, &cases));
    text
}

fn case(random: &mut Random) -> Case {
    let quiet = seasonal(random, DAYS);
    let mut spiky = quiet.clone();
    let mut order: Vec<usize> = (0..FACTORS.len()).collect();
    (1..order.len()).for_each(|at| order.swap(at, random.below(at + 1)));
    let stretch = (DAYS * 24 - WARM_UP_HOURS) / FACTORS.len();
    let mut spikes = Vec::new();
    for (place, factor) in order.into_iter().enumerate() {
        let length = 1 + random.below(HOURS_MAX);
        let from = WARM_UP_HOURS + place * stretch + HOURS_MAX + random.below(stretch - 3 * HOURS_MAX);
        spiky.values[from..from + length].iter_mut().for_each(|value| *value *= FACTORS[factor]);
        spikes.push((from, from + length, factor));
    }
    let mut poisoned = quiet.clone();
    let long = 2 * WARM_UP_HOURS + random.below(24);
    poisoned.values[long..long + LONG.1].iter_mut().for_each(|value| *value *= LONG.0);
    let from = long + LONG.1 + 48 + random.below(120);
    poisoned.values[from..from + AFTER.1].iter_mut().for_each(|value| *value *= AFTER.0);
    Case { quiet, spiky, spikes, poisoned, after: (from, from + AFTER.1) }
}

fn write_row(text: &mut String, method: &Method, cases: &[Case]) {
    let (mut quiet, mut after, mut found) = (Score::default(), Score::default(), [Score::default(); FACTORS.len()]);
    let flags = |hours: &Hours| -> Vec<bool> {
        let threshold = method.threshold.unwrap_or(0.0);
        (method.distances)(hours, &method.parameters).iter().map(|distance| *distance >= threshold).collect()
    };
    for case in cases {
        quiet.add(&case.quiet.labels[WARM_UP_HOURS..], &flags(&case.quiet)[WARM_UP_HOURS..]);
        after.add(&marked(case.after, case.quiet.values.len()), &flags(&case.poisoned));
        let flags = flags(&case.spiky);
        for (from, to, factor) in &case.spikes {
            found[*factor].add(&marked((*from, *to), flags.len()), &flags);
        }
    }
    let mut overall = Score::default();
    found.iter().for_each(|score| overall.merge(*score));
    let causal = if method.is_causal { "yes" } else { "no" };
    let _infallible = write!(text, "| {} | {causal} | {:.2} |", method.name, overall.recall());
    found.iter().for_each(|score| {
        let _infallible = write!(text, " {:.2} |", score.recall());
    });
    let _infallible = writeln!(text, " {:.2} | {:.3} |", after.recall(), quiet.false_rate());
}

/// So many hours, of which some are marked.
fn marked((from, to): (usize, usize), count: usize) -> Vec<bool> {
    (0..count).map(|at| (from..to).contains(&at)).collect()
}
