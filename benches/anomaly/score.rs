//! Events: labelled hours and flagged hours, merged, and how they meet. No point of an event is worth more than
//! another, and an event found once is found: there is no adjustment of points.

/// Hours further apart than this are of two events.
const GAP_HOURS: usize = 3;

/// How far a flag may be from an event that it found.
const MARGIN_HOURS: usize = 1;

/// How labelled events and flags met, summed over series.
#[derive(Clone, Copy, Default)]
pub(crate) struct Score {
    events: usize,
    found: usize,
    false_incidents: usize,
    judged_hours: usize,
}

impl Score {
    /// Adds a series: whether each of its judged hours was labelled, and whether it was flagged.
    pub(crate) fn add(&mut self, labels: &[bool], flags: &[bool]) {
        let (events, incidents) = (events(labels), events(flags));
        let meets = |(from, to): (usize, usize), other: &[bool]| {
            other[from.saturating_sub(MARGIN_HOURS)..(to + MARGIN_HOURS + 1).min(other.len())].contains(&true)
        };
        self.events += events.len();
        self.found += events.iter().filter(|event| meets(**event, flags)).count();
        self.false_incidents += incidents.iter().filter(|incident| !meets(**incident, labels)).count();
        self.judged_hours += labels.len();
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.events += other.events;
        self.found += other.found;
        self.false_incidents += other.false_incidents;
        self.judged_hours += other.judged_hours;
    }

    pub(crate) fn events(&self) -> usize {
        self.events
    }

    pub(crate) fn series_weeks(&self) -> f64 {
        self.judged_hours as f64 / 168.0
    }

    pub(crate) fn recall(&self) -> f64 {
        self.found as f64 / self.events.max(1) as f64
    }

    pub(crate) fn precision(&self) -> f64 {
        self.found as f64 / (self.found + self.false_incidents).max(1) as f64
    }

    pub(crate) fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
    }

    /// False incidents in a series and week.
    pub(crate) fn false_rate(&self) -> f64 {
        self.false_incidents as f64 / self.series_weeks().max(f64::MIN_POSITIVE)
    }
}

/// The first and the last hour of each event.
fn events(marks: &[bool]) -> Vec<(usize, usize)> {
    let mut events: Vec<(usize, usize)> = Vec::new();
    for at in (0..marks.len()).filter(|at| marks[*at]) {
        match events.last_mut() {
            Some((_, to)) if at - *to <= GAP_HOURS => *to = at,
            _ => events.push((at, at)),
        }
    }
    events
}
