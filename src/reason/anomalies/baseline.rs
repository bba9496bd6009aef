//! The detector: one series of hours → what each hour was expected to be, and how far off it was.
//!
//! The expected value of an hour is the median of its hour of day plus half of the last day's shift. Residuals are
//! measured in a scale from the tail of past residuals, not their middle: a series with occasional jumps has a wide
//! scale although its median deviation is small. An hour is judged only by earlier hours, so appending hours never
//! changes a verdict. This module is numeric: series, incidents, money, wording and suppression are handled elsewhere.

#[cfg(test)]
mod tests;
mod window;

use window::Window;
pub use window::{quantile, tail_scale};

/// The hours of a day, which are the slots of the profile.
pub const SLOTS: usize = 24;

/// Values are cut to this size, and distances to [`SCALES_MAX`], so that no sum of them is infinite.
const VALUE_MAX: f64 = 1e300;

/// Cap on the reported deviation, in scales.
pub const SCALES_MAX: f64 = 1e6;

/// In which direction an hour must be off to be flagged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Above what was expected.
    #[default]
    Up,
    /// Below it.
    Down,
    /// Either.
    Both,
}

/// Parameters of the detector. The defaults are tuned on labelled hours of public data sets; docs/anomalies.md lists
/// the effect of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// Direction of flagged hours. Up: increases cost money; drops are mostly missing logs.
    pub direction: Direction,
    /// Deviation from which hours are flagged, in scales: 6. 4 finds more with more false positives, 8 the opposite.
    pub threshold_scales: f64,
    /// The same for a young series: 8, since its scale is based on few days.
    pub threshold_young_scales: f64,
    /// An hour is flagged from this many times the expected on: 1.4. Less is not worth a person's time.
    pub ratio_min: f64,
    /// Minimum history before anything is flagged, in days: 3. Less does not show a daily pattern.
    pub history_min_days: u32,
    /// From this many days on, hours are compared with their hour of day: 4, the first at which each is compared with
    /// three others. Until then the daily season counts as deviation.
    pub history_profile_days: u32,
    /// A series is young for this many days: 7, since it has not seen a weekend and all weekdays before.
    pub history_young_days: u32,
    /// The median of an hour of day is over this many days: 28, four of each weekday.
    pub profile_days: u32,
    /// An hour of day with fewer values (others were masked) takes the median of all hours instead: 3.
    pub profile_values_min: u32,
    /// The level is the median excess over the profile in the last hours: 24, a day.
    pub level_hours: u32,
    /// The fraction of the level that is expected to continue: 0.5. With 1, a long incident would be learned within a
    /// day; with 0, a busy week would be flagged throughout.
    pub level_share: f64,
    /// Deviations and quantiles cover this many days: 14. Longer is no better, and slower to adapt.
    pub scale_days: u32,
    /// Past deviations count with at most this many scales of their time: 12, twice what flags. An incident must not
    /// hide the next one, but what returns every other day must widen the scale.
    pub clip_scales: f64,
    /// Minimum scale as a fraction of a high hour (`peak_quantile`): 0.05. Steady series have almost no deviation.
    pub scale_floor_share: f64,
    /// What a high hour is, as a quantile of the hours of `scale_days`, each clipped as deviations are: 0.95.
    pub peak_quantile: f64,
    /// Hours up to this quantile of the hours of `scale_days` are off-peak, which lowers their severity: 0.99.
    pub off_peak_quantile: f64,
    /// Hours this many scales off go on with an incident, flagged or not: 4. The hours after a long incident, which are
    /// below an expectation that it raised, are among them.
    pub incident_scales: f64,
    /// An incident ends after more than this many hours in line: 3, as incidents are merged.
    pub incident_gap_hours: u32,
    /// Of an incident, only the first so many hours count for the scale: 12, less than a twentieth of `scale_days`, so
    /// that what comes after it is still seen.
    pub incident_learnt_hours: u32,
    /// After this many days at another level, or in one incident, these days are the new baseline: 7, a whole week.
    pub shift_days: u32,
    /// Definition of a level shift: this many scales from the profile, 3, half of what flags an hour.
    pub shift_scales: f64,
    /// Severity begins at this distance: 3.
    pub severity_start_scales: f64,
    /// How slowly severity nears 100: 8 makes 6 scales 31, 12 scales 68 and 20 scales 88.
    pub severity_spread_scales: f64,
    /// Severity reduction of an off-peak hour: 20. A burst at night below the daily peak costs little.
    pub severity_off_peak_loss: u8,
    /// The most that a young series can reach: 60.
    pub severity_young_max: u8,
    /// Slow drift is looked for from this many days on: 21, three of each weekday.
    pub creep_history_days: u32,
    /// A day's residual that is not counted as drift, in scales: 0.5, half of the drift that is to be found soonest.
    pub creep_slack_scales: f64,
    /// Limit of the drift sum: 5 scales.
    pub creep_limit_scales: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            direction: Direction::Up,
            threshold_scales: 6.0,
            threshold_young_scales: 8.0,
            ratio_min: 1.4,
            history_min_days: 3,
            history_profile_days: 4,
            history_young_days: 7,
            profile_days: 28,
            profile_values_min: 3,
            level_hours: 24,
            level_share: 0.5,
            scale_days: 14,
            clip_scales: 12.0,
            scale_floor_share: 0.05,
            peak_quantile: 0.95,
            off_peak_quantile: 0.99,
            incident_scales: 4.0,
            incident_gap_hours: 3,
            incident_learnt_hours: 12,
            shift_days: 7,
            shift_scales: 3.0,
            severity_start_scales: 3.0,
            severity_spread_scales: 8.0,
            severity_off_peak_loss: 20,
            severity_young_max: 60,
            creep_history_days: 21,
            creep_slack_scales: 0.5,
            creep_limit_scales: 5.0,
        }
    }
}

/// A series of consecutive hours.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// The value of each hour; none without coverage, which is never zero. Values that are not finite count as not
    /// covered.
    pub values: &'a [Option<f64>],
    /// The hour of day of each hour in the user's zone, 0 to 23.
    pub slots: &'a [u8],
    /// The hours that are judged but not learnt from; hours past its end are learnt from, so it may be empty.
    pub excluded: &'a [bool],
    /// Minimum scale, in the unit of the values: smaller deviations are irrelevant.
    pub floor: f64,
}

/// What an hour was compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// Nothing: it was not covered, or there is too little history.
    #[default]
    None,
    /// The median of all earlier hours, with less than a week of history, or too few values at its hour of day.
    Median,
    /// The median of its hour of day.
    HourOfDay,
}

/// The verdict on an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// What it was expected to be; 0 without a basis.
    pub expected: f64,
    /// What a usual deviation is; 0 without a basis.
    pub scale: f64,
    /// How many scales it is above what was expected; below 0 where it is below.
    pub z: f64,
    /// Whether it is anomalous.
    pub flagged: bool,
    /// Whether it is at most a high hour of the last days.
    pub off_peak: bool,
    /// What it was compared with.
    pub basis: Basis,
    /// Whether there is so little history that it takes more to be flagged.
    pub is_young: bool,
    /// Whether the level of the last days became the baseline after this hour: said once for each shift.
    pub shifted: bool,
}

impl Verdict {
    /// Three scales below and above what was expected.
    #[must_use]
    pub fn limits(&self) -> [f64; 2] {
        let reach = 3.0 * self.scale;
        [(self.expected - reach).max(0.0), self.expected + reach]
    }
}

/// Judges every hour of a series by the hours before it.
#[must_use]
pub fn judge(series: &Series, parameters: &Parameters) -> Vec<Verdict> {
    let mut detector = Detector::new(series.floor, parameters);
    let hour = |(at, value): (usize, &Option<f64>)| {
        let Some(value) = value.filter(|value| value.is_finite()) else { return Verdict::default() };
        let slot = series.slots.get(at).map_or(at, |slot| usize::from(*slot)) % SLOTS;
        let hour = Hour { slot, value: value.clamp(-VALUE_MAX, VALUE_MAX) };
        let is_excluded = series.excluded.get(at).copied().unwrap_or(false);
        detector.judge(hour, is_excluded)
    };
    series.values.iter().enumerate().map(hour).collect()
}

/// How unusual an hour of that distance is, 0 to 100; it says nothing of its cost.
#[must_use]
pub fn severity(verdict: &Verdict, parameters: &Parameters) -> u8 {
    let distance = (verdict.z.abs() - parameters.severity_start_scales).max(0.0);
    let score = 100.0 * (1.0 - (-distance / parameters.severity_spread_scales.max(f64::MIN_POSITIVE)).exp());
    let whole = (0_u8..=100).rev().find(|whole| f64::from(*whole) <= score + 0.5).unwrap_or(0);
    let loss = if verdict.off_peak { parameters.severity_off_peak_loss } else { 0 };
    let most = if verdict.is_young { parameters.severity_young_max } else { 100 };
    whole.saturating_sub(loss).min(most)
}

/// A covered hour.
#[derive(Clone, Copy)]
struct Hour {
    slot: usize,
    value: f64,
}

/// The state of a series up to an hour.
struct Detector<'a> {
    parameters: &'a Parameters,
    floor: f64,
    /// The learned values, in order; the last days are read again when the baseline is rebuilt.
    learnt: Vec<Hour>,
    /// How many of the last hours the baseline is made of.
    history: usize,
    /// The hours by hour of day.
    profile: Vec<Window>,
    /// The hours of the days in the scale.
    values: Window,
    /// The same, clipped: what is high without incidents.
    clipped: Window,
    /// What the last hours were above their centre.
    level: Window,
    /// Absolute deviations, clipped.
    deviations: Window,
    incident: Incident,
    shift: Shift,
}

/// A stretch of hours that are off, with short gaps.
#[derive(Default)]
struct Incident {
    /// How long it has lasted, gaps too; 0 is none.
    hours: usize,
    /// How many of them were off.
    off_hours: usize,
    /// The hours in line since the last one that was off.
    gap_hours: usize,
    /// The scale when it began, before it widened the scale itself.
    scale: f64,
}

impl Incident {
    /// Follows it by an hour.
    fn follow(&mut self, z: f64, scale: f64, parameters: &Parameters) {
        let is_off = z.abs() >= parameters.incident_scales;
        self.gap_hours = if is_off { 0 } else { self.gap_hours + 1 };
        if self.gap_hours > parameters.incident_gap_hours as usize {
            *self = Self::default();
        } else if self.hours > 0 || is_off {
            self.scale = if self.hours == 0 { scale } else { self.scale };
            self.hours += 1;
            self.off_hours += usize::from(is_off);
        }
    }
}

/// A stretch of hours at another level.
#[derive(Default)]
struct Shift {
    hours: usize,
    is_up: bool,
    /// The scale when it began, before the shift itself widened it.
    scale: f64,
}

impl<'a> Detector<'a> {
    fn new(floor: f64, parameters: &'a Parameters) -> Self {
        let days = |days: u32| hours(days).max(1);
        Self {
            parameters,
            floor: if floor.is_finite() { floor.clamp(f64::MIN_POSITIVE, VALUE_MAX) } else { f64::MIN_POSITIVE },
            learnt: Vec::new(),
            history: 0,
            profile: vec![Window::new(parameters.profile_days.max(1) as usize); SLOTS],
            values: Window::new(days(parameters.scale_days)),
            clipped: Window::new(days(parameters.scale_days)),
            level: Window::new(parameters.level_hours.max(1) as usize),
            deviations: Window::new(days(parameters.scale_days)),
            incident: Incident::default(),
            shift: Shift::default(),
        }
    }

    fn judge(&mut self, hour: Hour, is_excluded: bool) -> Verdict {
        if self.history < hours(self.parameters.history_min_days).max(1) {
            self.learn_young(hour, is_excluded);
            return Verdict::default();
        }
        let (centre, basis) = self.centre(hour.slot);
        let level = self.level.median();
        let expected = (centre + self.parameters.level_share * level).max(0.0);
        let scale = self.scale();
        let residual = hour.value - expected;
        let is_young = self.history < hours(self.parameters.history_young_days);
        let z = (residual / scale).clamp(-SCALES_MAX, SCALES_MAX);
        let flagged = self.is_flagged(hour.value, expected, z, is_young);
        let off_peak = hour.value <= self.values.quantile(self.parameters.off_peak_quantile);
        let mut verdict = Verdict { expected, scale, z, flagged, off_peak, is_young, basis, shifted: false };
        if !is_excluded {
            self.incident.follow(z, scale, self.parameters);
            self.learn(hour);
            self.learn_deviation(hour.value, centre, residual, scale);
            verdict.shifted = self.follow(scale);
            if self.history == hours(self.parameters.history_profile_days) {
                self.begin_anew(self.history);
            }
        }
        verdict
    }

    /// Whether a distance is one to flag, in the directions requested.
    fn is_flagged(&self, value: f64, expected: f64, z: f64, is_young: bool) -> bool {
        let parameters = self.parameters;
        let threshold = match is_young {
            false => parameters.threshold_scales,
            true => parameters.threshold_young_scales.max(parameters.threshold_scales),
        };
        let up = z >= threshold && value >= parameters.ratio_min * expected;
        let down = z <= -threshold && parameters.ratio_min * value <= expected;
        match parameters.direction {
            Direction::Up => up,
            Direction::Down => down,
            Direction::Both => up || down,
        }
    }

    /// What an hour of day is compared with.
    fn centre(&self, slot: usize) -> (f64, Basis) {
        let slot = &self.profile[slot];
        let is_known = slot.len() >= self.parameters.profile_values_min.max(1) as usize;
        if is_known && self.history >= hours(self.parameters.history_profile_days) {
            (slot.median(), Basis::HourOfDay)
        } else {
            (self.values.median(), Basis::Median)
        }
    }

    /// What a usual deviation is, by the middle and by the tail of those before.
    fn scale(&self) -> f64 {
        let share = self.parameters.scale_floor_share * self.clipped.quantile(self.parameters.peak_quantile);
        self.deviations.tail_scale().max(share).max(self.floor)
    }

    /// Learns how far off an hour was, as far as an incident does not hide what comes after it.
    fn learn_deviation(&mut self, value: f64, centre: f64, residual: f64, scale: f64) {
        self.level.push(value - centre);
        let own = if self.incident.hours > 0 { self.incident.scale } else { scale };
        self.clipped.push(value.min(centre + self.parameters.clip_scales * own));
        if self.incident.off_hours <= self.parameters.incident_learnt_hours as usize {
            self.deviations.push(residual.abs().min(self.parameters.clip_scales * scale));
        }
    }

    fn learn(&mut self, hour: Hour) {
        self.learnt.push(hour);
        self.history += 1;
        self.values.push(hour.value);
        self.profile[hour.slot].push(hour.value);
    }

    /// Takes an hour in before there is anything to judge it by.
    fn learn_young(&mut self, hour: Hour, is_excluded: bool) {
        if !is_excluded {
            self.learn(hour);
            if self.history == hours(self.parameters.history_min_days).max(1) {
                self.begin_anew(self.history);
            }
        }
    }

    /// Follows a shift of the level; true when it, or an incident, has lasted so long that it is the baseline from now
    /// on.
    fn follow(&mut self, scale: f64) -> bool {
        if self.history <= hours(self.parameters.history_profile_days) {
            return false;
        }
        let level = self.level.median();
        let is_up = level > 0.0;
        if self.shift.hours == 0 || self.shift.is_up != is_up {
            self.shift = Shift { hours: 0, is_up, scale };
        }
        let is_off = level.abs() >= self.parameters.shift_scales * self.shift.scale;
        self.shift.hours = if is_off { self.shift.hours + 1 } else { 0 };
        let lasted = self.shift.hours.max(self.incident.hours);
        let is_accepted = lasted >= hours(self.parameters.shift_days).max(1);
        if is_accepted {
            self.begin_anew(lasted);
        }
        is_accepted
    }

    /// Rebuilds the baseline from the last hours, each judged against the others.
    fn begin_anew(&mut self, last: usize) {
        (self.shift, self.incident) = (Shift::default(), Incident::default());
        let others = [&mut self.values, &mut self.clipped, &mut self.level, &mut self.deviations];
        self.profile.iter_mut().chain(others).for_each(Window::clear);
        let first = self.learnt.len().saturating_sub(last);
        let again = self.learnt.split_off(first);
        self.learnt.clear();
        self.history = 0;
        again.iter().for_each(|hour| self.learn(*hour));
        let mut deviations = Vec::with_capacity(again.len());
        for hour in again {
            let centre = match self.centre(hour.slot) {
                (_, Basis::HourOfDay) => self.profile[hour.slot].median_without(hour.value),
                (centre, _) => centre,
            };
            let expected = (centre + self.parameters.level_share * self.level.median()).max(0.0);
            self.level.push(hour.value - centre);
            self.clipped.push(hour.value);
            deviations.push((hour.value - expected).abs());
        }
        deviations.iter().for_each(|deviation| self.deviations.push(*deviation));
        let most = self.parameters.clip_scales * self.scale();
        self.deviations.clear();
        deviations.iter().for_each(|deviation| self.deviations.push(deviation.min(most)));
    }
}

/// Days as hours.
const fn hours(days: u32) -> usize {
    days as usize * SLOTS
}
