//! Reported incidents → incidents to report now, so that an incident is reported once and not every hour.
//!
//! An incident is known if any of its members was reported before, so it may grow, merge or split. A known one is
//! reported again if it got worse (its impact doubled, or its severity rose), after a day if it continues, and once
//! when it ends. Time is that of the judged hours, not the clock: hours without data are not clean. The caller handles
//! files and locks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::incident::{Incident, Metric, Scope, Severity};
use super::suppress::DIMENSIONS;
use crate::error::Error;
use crate::units::time::{Zone, parse_moment, write};

/// The version of the JSON text that is written and understood.
pub const STATE_VERSION: u32 = 1;
/// After this many clean hours an incident is over.
pub const CLEAN_HOURS: u32 = 6;
/// An ongoing incident is reported again after this many hours.
pub const REMINDER_HOURS: u32 = 24;
/// An incident is reported again when its impact reaches this multiple of the reported one.
pub const WORSE_FACTOR: u128 = 2;
/// Days after which ended incidents are dropped. A window that reaches further back would report them again.
pub const KEPT_DAYS: u32 = 400;

const HOUR_SECONDS: u32 = 3600;
const DAY_SECONDS: u32 = 24 * HOUR_SECONDS;
const SEVERITIES: [Severity; 3] = [Severity::Low, Severity::Medium, Severity::High];

/// Change of an incident since it was last reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Not reported before, or reopened.
    New,
    /// Still open a day after the last report.
    Ongoing,
    /// Its impact doubled, or its severity rose.
    Worse,
    /// It is over.
    Closed,
}

impl Status {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ongoing => "ongoing",
            Self::Worse => "worse",
            Self::Closed => "closed",
        }
    }
}

/// An incident to report.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Why.
    pub status: Status,
    /// Current state; if no longer found, as last reported.
    pub incident: Incident,
}

/// The reported incidents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// By the incident's id.
    entries: BTreeMap<String, Entry>,
}

/// A reported incident.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    /// As it was when it was seen last, with all ids by which it was ever known.
    incident: Incident,
    /// Time of the last report.
    reported_at: u32,
    /// The last reported severity.
    severity: Severity,
    /// The last reported impact.
    impact: Impact,
    /// Whether its end was reported.
    is_closed: bool,
}

/// How much an incident is, in what can be compared. Of dollars and bytes the absolute amount: a drop has one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Impact {
    usd: u128,
    bytes: u128,
    excess: u128,
    metric: Metric,
}

impl State {
    /// What a text that [`Self::to_json`] wrote says.
    ///
    /// # Errors
    /// For any other text or version: continuing without the state would report every incident again.
    pub fn read(json: &str) -> Result<Self, Error> {
        let hint = "move the file away to start over; every incident in the window is then reported again";
        let broken = |why: Error| why.context("not an outflow state file").hint(hint);
        let unread = |error: serde_json::Error| broken(Error::read(error.to_string()).because(error));
        let Versioned { version } = serde_json::from_str(json).map_err(unread)?;
        if version != STATE_VERSION {
            let error = format!("the state has version {version}; this outflow supports version {STATE_VERSION}");
            return Err(Error::read(error).hint("use the outflow version that wrote it, or a newer one").hint(hint));
        }
        let written: Written = serde_json::from_str(json).map_err(unread)?;
        let entries = written.incidents.into_iter().map(|written| {
            let entry = Entry::try_from(written).map_err(broken)?;
            Ok((entry.incident.id.clone(), entry))
        });
        Ok(Self { entries: entries.collect::<Result<_, Error>>()? })
    }

    /// The state as a text: the same bytes for the same state.
    #[must_use]
    pub fn to_json(&self) -> String {
        let incidents = self.entries.values().map(WrittenEntry::from).collect();
        let written = Written { version: STATE_VERSION, incidents };
        // Texts and numbers always have a JSON form; nothing else is in it.
        serde_json::to_string_pretty(&written).map(|json| json + "\n").unwrap_or_default()
    }

    /// Returns the incidents to report and the next state. `now` is the first second after the last judged hour.
    ///
    /// Notifications follow the order of the incidents; closed ones that are no longer found come last.
    #[must_use]
    pub fn next(&self, incidents: &[Incident], now: u32) -> (Vec<Notification>, Self) {
        let by_member = self.by_member();
        let (mut notifications, mut next, mut found) = (Vec::new(), Self::default(), BTreeSet::new());
        for incident in incidents {
            let ids = incident.members.iter().chain([&incident.id]);
            let by_id = ids.filter_map(|id| by_member.get(id.as_str())).flatten().copied();
            let by_hours = self.entries.iter().filter(|(_, entry)| is_same(&entry.incident, incident));
            let known: BTreeSet<&str> = by_id.chain(by_hours.map(|(id, _)| id.as_str())).collect();
            let before = Entry::of_all(known.iter().filter_map(|id| self.entries.get(*id)));
            let (status, entry) = Entry::after(before, incident, now);
            notifications.extend(status.map(|status| Notification { status, incident: incident.clone() }));
            next.entries.insert(incident.id.clone(), entry);
            found.extend(known);
        }
        for (id, entry) in self.entries.iter().filter(|(id, _)| !found.contains(id.as_str())) {
            let mut entry = entry.clone();
            if !entry.is_closed && is_over(&entry.incident, now) {
                entry.is_closed = true;
                entry.incident.is_open = false;
                notifications.push(Notification { status: Status::Closed, incident: entry.incident.clone() });
            }
            next.entries.entry(id.clone()).or_insert(entry);
        }
        next.entries.retain(|_, entry| !entry.is_forgotten(now));
        (notifications, next)
    }

    /// The entries that each id ever belonged to.
    fn by_member(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut by_member: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, entry) in &self.entries {
            for member in entry.incident.members.iter().chain([id]) {
                by_member.entry(member).or_default().push(id);
            }
        }
        by_member
    }
}

impl Entry {
    /// Merges entries that are now one incident: all ids, the highest reported severity, the latest report.
    fn of_all<'a>(entries: impl Iterator<Item = &'a Self>) -> Option<Self> {
        entries.cloned().reduce(|one, other| Self {
            reported_at: one.reported_at.max(other.reported_at),
            severity: one.severity.max(other.severity),
            is_closed: one.is_closed && other.is_closed,
            impact: if one.impact.is_less_than(&other.impact) { other.impact } else { one.impact },
            incident: {
                let members = all_ids(&one.incident, &other.incident);
                Incident { members, ..if one.incident.end < other.incident.end { other } else { one }.incident }
            },
        })
    }

    /// Returns the notification of an incident, if any, and its next entry.
    fn after(before: Option<Self>, incident: &Incident, now: u32) -> (Option<Status>, Self) {
        let is_closed = is_over(incident, now);
        let status = before.as_ref().map_or(Some(Status::New), |before| before.status(incident, is_closed, now));
        let mut incident = incident.clone();
        let severity = incident.severity;
        let impact = Impact::of(&incident);
        let entry = match before {
            None => Self { incident, reported_at: now, severity, impact, is_closed },
            Some(before) => {
                incident.members = all_ids(&before.incident, &incident);
                match status {
                    Some(_) => Self { incident, reported_at: now, severity, impact, is_closed },
                    None => Self { incident, is_closed, ..before },
                }
            }
        };
        (status, entry)
    }

    fn status(&self, incident: &Incident, over: bool, now: u32) -> Option<Status> {
        match (self.is_closed, over) {
            (true, true) => None,
            (true, false) => Some(Status::New),
            (false, true) => Some(Status::Closed),
            (false, false) => {
                let is_worse = incident.severity > self.severity || self.impact.has_doubled(&Impact::of(incident));
                let is_old = now.saturating_sub(self.reported_at) >= REMINDER_HOURS * HOUR_SECONDS;
                if is_worse { Some(Status::Worse) } else { is_old.then_some(Status::Ongoing) }
            }
        }
    }

    fn is_forgotten(&self, now: u32) -> bool {
        self.is_closed && self.incident.end.saturating_add(KEPT_DAYS * DAY_SECONDS) <= now
    }
}

impl Impact {
    fn of(incident: &Incident) -> Self {
        Self {
            usd: incident.impact_usd.unsigned_abs(),
            bytes: incident.impact_bytes.unsigned_abs(),
            excess: incident.actual.abs_diff(incident.expected),
            metric: incident.metric,
        }
    }

    /// What was, and what is: in dollars if there were any, else in bytes, else in the metric if it is the same.
    fn compared(&self, now: &Self) -> Option<(u128, u128)> {
        if self.usd > 0 {
            Some((self.usd, now.usd))
        } else if self.bytes > 0 {
            Some((self.bytes, now.bytes))
        } else {
            (self.metric == now.metric).then_some((self.excess, now.excess))
        }
    }

    fn has_doubled(&self, now: &Self) -> bool {
        self.compared(now).is_some_and(|(was, is)| was > 0 && is >= was.saturating_mul(WORSE_FACTOR))
    }

    fn is_less_than(&self, other: &Self) -> bool {
        self.compared(other).is_some_and(|(mine, theirs)| mine < theirs)
    }
}

/// Whether two incidents are one that begins in another hour, as may be when more or less is known of what was before.
fn is_same(one: &Incident, other: &Incident) -> bool {
    let overlap = one.start < other.end && other.start < one.end;
    overlap && one.metric == other.metric && one.scope == other.scope
}

/// Whether an incident has had enough clean hours after it.
fn is_over(incident: &Incident, now: u32) -> bool {
    !incident.is_open && incident.end.saturating_add(CLEAN_HOURS * HOUR_SECONDS) <= now
}

/// All ids by which two incidents that are one are known, sorted.
fn all_ids(one: &Incident, other: &Incident) -> Vec<String> {
    let ids: BTreeSet<_> = one.members.iter().chain(&other.members).chain([&one.id, &other.id]).cloned().collect();
    ids.into_iter().collect()
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// The state as JSON.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    incidents: Vec<WrittenEntry>,
}

/// An entry as JSON. Amounts are texts, as numbers of their size do not survive most readers of JSON.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    id: String,
    members: Vec<String>,
    metric: String,
    dimension: String,
    scope: String,
    start: String,
    end: String,
    hours: u32,
    actual: String,
    expected: String,
    peak: f64,
    score: u8,
    severity: String,
    impact_usd_e10: String,
    impact_bytes: String,
    is_open: bool,
    is_closed: bool,
    reported_at: String,
    told_severity: String,
    told_metric: String,
    told_usd_e10: String,
    told_bytes: String,
    told_excess: String,
}

impl From<&Entry> for WrittenEntry {
    fn from(entry: &Entry) -> Self {
        let incident = &entry.incident;
        Self {
            id: incident.id.clone(),
            members: incident.members.clone(),
            metric: incident.metric.name().to_owned(),
            dimension: incident.scope.dimension.to_owned(),
            scope: incident.scope.value.to_string(),
            start: write(incident.start),
            end: write(incident.end),
            hours: incident.hours,
            actual: incident.actual.to_string(),
            expected: incident.expected.to_string(),
            peak: if incident.peak.is_finite() { incident.peak } else { 0.0 },
            score: incident.score,
            severity: incident.severity.name().to_owned(),
            impact_usd_e10: incident.impact_usd.to_string(),
            impact_bytes: incident.impact_bytes.to_string(),
            is_open: incident.is_open,
            is_closed: entry.is_closed,
            reported_at: write(entry.reported_at),
            told_severity: entry.severity.name().to_owned(),
            told_metric: entry.impact.metric.name().to_owned(),
            told_usd_e10: entry.impact.usd.to_string(),
            told_bytes: entry.impact.bytes.to_string(),
            told_excess: entry.impact.excess.to_string(),
        }
    }
}

impl TryFrom<WrittenEntry> for Entry {
    type Error = Error;

    fn try_from(written: WrittenEntry) -> Result<Self, Error> {
        let dimension = DIMENSIONS.into_iter().find(|known| *known == written.dimension);
        let dimension = dimension.ok_or_else(|| Error::read(format!("unknown dimension `{}`", written.dimension)))?;
        Ok(Self {
            incident: Incident {
                id: written.id,
                metric: metric(&written.metric)?,
                scope: Scope { dimension, value: written.scope.into() },
                start: moment(&written.start)?,
                end: moment(&written.end)?,
                hours: written.hours,
                actual: number(&written.actual)?,
                expected: number(&written.expected)?,
                peak: written.peak,
                score: written.score,
                severity: severity(&written.severity)?,
                impact_usd: number(&written.impact_usd_e10)?,
                impact_bytes: number(&written.impact_bytes)?,
                members: written.members,
                is_open: written.is_open,
            },
            reported_at: moment(&written.reported_at)?,
            severity: severity(&written.told_severity)?,
            impact: Impact {
                usd: number(&written.told_usd_e10)?,
                bytes: number(&written.told_bytes)?,
                excess: number(&written.told_excess)?,
                metric: metric(&written.told_metric)?,
            },
            is_closed: written.is_closed,
        })
    }
}

fn metric(name: &str) -> Result<Metric, Error> {
    let known = Metric::ALL.into_iter().find(|metric| metric.name() == name);
    known.ok_or_else(|| Error::read(format!("unknown metric `{name}`")))
}

fn severity(name: &str) -> Result<Severity, Error> {
    let known = SEVERITIES.into_iter().find(|severity| severity.name() == name);
    known.ok_or_else(|| Error::read(format!("unknown severity `{name}`")))
}

fn moment(text: &str) -> Result<u32, Error> {
    parse_moment(text, 0, Zone::default()).map_err(|error| Error::read(error.to_string()))
}

fn number<N: FromStr<Err: Display>>(text: &str) -> Result<N, Error> {
    text.parse().map_err(|error: N::Err| Error::read(format!("`{text}`: {error}")))
}

#[cfg(test)]
mod tests;
