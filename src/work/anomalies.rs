//! `anomalies`: scan, join, aggregate by hour, judge every series, fold anomalies into incidents.

use std::ops::Range;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::answer::Answer;
use super::ask::asked;
use super::drilldown::drilldown;
use super::{Job, Progress};
use crate::error::Error;
use crate::join::Sources;
use crate::reason::anomalies::callers::is_demand;
use crate::reason::anomalies::drifts::{Drift, drifts};
use crate::reason::anomalies::fold::{Found, fold};
use crate::reason::anomalies::incident::{Incident, Metric, Scope, Severity};
use crate::reason::anomalies::parts::{Calendar, Judged, Part, judged, parts};
use crate::reason::anomalies::runs::{Run, Runs, runs};
use crate::reason::anomalies::settings::Settings;
use crate::reason::anomalies::state::{State, Status};
use crate::reason::anomalies::suppress::{Rule, Suppressions};
use crate::reason::coverage::Coverage;
use crate::reason::cube::CubeKeys;
use crate::reason::hours::Hours;
use crate::reason::hours::gather::Pricing;
use crate::report::Table;
use crate::report::anomalies::tables::{AnomaliesShape, Looked, Shown, report};
use crate::report::anomalies::{drifts as drift_table, explained};
use crate::report::cube::{CubePlan, HoursQuestion};
use crate::units::human::counted;
use crate::units::time::{Window, Zone};

/// How many ids an error lists.
const IDS_SHOWN_MAX: usize = 20;

/// What is looked for, in which hours, and how it is shown.
#[derive(Debug)]
pub struct AnomaliesQuestion {
    /// What is joined.
    pub sources: Sources,
    /// The aggregation keys.
    pub keys: CubeKeys,
    /// Cost.
    pub pricing: Pricing,
    /// What is an incident.
    pub settings: Settings,
    /// When nothing is reported.
    pub rules: Vec<Rule>,
    /// The state of earlier reports, if kept.
    pub state: Option<State>,
    /// Start of the requested window; earlier data is history.
    pub asked_from: Option<u32>,
    /// When it is.
    pub now: u32,
    /// Time zone of the user, for hours of the day.
    pub zone: Zone,
    /// The incident that is explained, by the begin of its id; all are listed where there is none.
    pub explain: Option<String>,
    /// Rows and columns.
    pub shape: AnomaliesShape,
}

/// What spiked.
#[derive(Debug)]
pub struct Anomalies {
    /// The answer.
    pub answer: Answer,
    /// The most severe reported incident that is still open.
    pub worst: Option<Severity>,
    /// What is to be kept of it for the next time, if anything is.
    pub state: Option<State>,
}

/// Answers what spiked.
///
/// # Errors
/// If the inputs cannot be listed or threads cannot be started, or the incident to explain does not exist; errors of
/// single objects are in the report.
pub fn anomalies(job: &Job, question: AnomaliesQuestion, progress: &Progress) -> Result<Anomalies, Error> {
    let AnomaliesQuestion { sources, keys, pricing, settings, rules, asked_from, now, zone, .. } = question;
    let threads = job.threads()?;
    let of_hours = HoursQuestion { cube: CubePlan::new(keys), pricing, now };
    let (mut priced, summed) = asked(job, of_hours, sources, &threads, progress)?;
    priced.hours.cut(&job.window);
    let hours = &priced.hours;
    let slots: Vec<u8> = (0..hours.count).map(|hour| zone.hour_of_day(hours.moment(hour))).collect();
    let suppressions = Suppressions::of(&rules, hours.first, hours.moment(hours.count), now);
    let is_suppressed = |metric: Metric, scope: &Scope, hour: u32| suppressions.covers(metric, scope, hour).is_some();
    let calendar = Calendar { slots: &slots, is_suppressed: &is_suppressed };
    let asked = asked_from.map_or(0, |from| hours.hour_of(from))..hours.count;
    let window = Window { from: asked_from, to: job.window.to };
    let covered = (0..hours.count).filter(|hour| hours.covered[*hour]).map(|hour| hours.moment(hour));
    let coverage = Coverage::of(&window, now, covered.chain(priced.quiet.iter().copied()));
    let coverage = coverage.with_records(hours.count > 0);
    let Out { parts, found, looked, drifts } =
        out_of_line(hours, calendar, asked, &settings, (&threads, asked_from.is_some()));
    let judged: Vec<_> = found.iter().map(|found| judged(hours, &parts[found.run.part], calendar, &settings)).collect();
    let details: Vec<_> = found.iter().zip(&judged).collect();
    let remembered = remembered(&details, question.state.as_ref(), hours);
    let shown: Vec<_> = remembered.reported.iter().map(|reported| shown(reported, &details)).collect();
    let mut report = match question.explain.as_deref() {
        Some(id) => {
            let one = explained(&details, id)?;
            let shown = Shown { incident: &one.0.incident, status: Status::New.name(), detail: Some(one) };
            let mut report = report(&[shown], &looked, &question.shape, &settings);
            report.tables.extend(explained::tables(hours, one.0, one.1, question.shape.brief));
            report.tables.extend(drilldown(job, hours, one.0, progress, &mut report.meta)?);
            report
        }
        None => report(&shown, &looked, &question.shape, &settings),
    };
    if question.explain.is_none() {
        report.tables.push(Table { hidden_if_empty: true, ..drift_table::table(drifts) });
    }
    let known = remembered.known;
    report.meta.notes.extend((known > 0).then(|| format!("{} already reported", counted(known, "incident"))));
    report.meta.notes.extend(priced.notes);
    report.meta.warnings.extend(priced.warnings);
    report.meta.warnings.extend(suppressions.warnings.iter().cloned());
    report.meta.not_judged(coverage.sentence("the window"));
    let mut answer = summed.with_lacks(job, &[window], true).answer(report, job);
    // Earlier hours serve as history and are not reported.
    answer.report.meta.window = (asked_from.or(job.window.from), job.window.to);
    let alive = remembered.reported.iter().filter(|(status, _)| *status != Status::Closed);
    let worst = alive.map(|(_, incident)| incident.severity).max();
    Ok(Anomalies { answer, worst, state: remembered.state })
}

/// Selects the incidents to report, given the state.
#[derive(Default)]
struct Remembered {
    reported: Vec<(Status, Incident)>,
    /// Number of incidents reported before and omitted now.
    known: u64,
    state: Option<State>,
}

fn remembered(details: &[(&Found, &Judged)], state: Option<&State>, hours: &Hours) -> Remembered {
    let incidents: Vec<Incident> = details.iter().map(|(found, _)| found.incident.clone()).collect();
    let judged = hours.covered.iter().rposition(|covered| *covered);
    let (Some(state), Some(last)) = (state, judged) else {
        let reported = incidents.into_iter().map(|incident| (Status::New, incident)).collect();
        return Remembered { reported, known: 0, state: state.cloned() };
    };
    let (reported, next) = state.next(&incidents, hours.moment(last + 1));
    let again =
        reported.iter().filter(|reported| incidents.iter().any(|incident| incident.id == reported.incident.id)).count();
    let known = (incidents.len() - again) as u64;
    Remembered {
        reported: reported.into_iter().map(|reported| (reported.status, reported.incident)).collect(),
        known,
        state: Some(next),
    }
}

fn shown<'a>((status, incident): &'a (Status, Incident), details: &[(&'a Found, &'a Judged)]) -> Shown<'a> {
    let detail = details.iter().find(|(found, _)| found.incident.id == incident.id).copied();
    Shown { incident, status: status.name(), detail }
}

/// The incident whose id, or that of something folded into it, begins so.
fn explained<'a>(details: &[(&'a Found, &'a Judged)], id: &str) -> Result<(&'a Found, &'a Judged), Error> {
    let begins = |(found, _): &&(&Found, &Judged)| found.incident.members.iter().any(|member| member.starts_with(id));
    let mut matching = details.iter().filter(begins);
    let error = match (matching.next(), matching.next()) {
        (Some(one), None) => return Ok(*one),
        (Some(_), Some(_)) => Error::usage(format!("--explain: several incidents begin with `{id}`")),
        (None, _) => Error::usage(format!("--explain: no incident `{id}`")),
    };
    let ids: Vec<_> = details.iter().take(IDS_SHOWN_MAX).map(|(found, _)| found.incident.id.as_str()).collect();
    Err(match ids.as_slice() {
        [] => error.hint("no anomalies in these logs and this window"),
        ids => error.hint(format!("available incidents: {}", ids.join(", "))),
    })
}

/// Anomalies.
struct Out {
    parts: Vec<Part>,
    found: Vec<Found>,
    looked: Looked,
    drifts: Vec<Drift>,
}

/// Judges every series, and folds anomalies.
fn out_of_line(
    hours: &Hours,
    calendar: Calendar<'_>,
    asked: Range<usize>,
    settings: &Settings,
    (threads, is_bounded): (&ThreadPool, bool),
) -> Out {
    let parts = parts(hours, settings);
    let drifting = |part: &Part, judged: &Judged, known: &[Found]| {
        drifts(hours, (part, judged), known, calendar.slots, &asked, settings)
    };
    let one = |(place, part): (usize, &Part)| -> (Runs, bool) {
        let judged = judged(hours, part, calendar, settings);
        let is_suppressed = |metric, hour: usize| (calendar.is_suppressed)(metric, &part.scope, hours.moment(hour));
        let mut runs = runs(place, &judged, asked.clone(), is_suppressed, settings);
        runs.notable.retain(|run| !is_demand(hours, part, run, settings));
        (runs, !drifting(part, &judged, &[]).is_empty())
    };
    let (all, may_drift): (Vec<Runs>, Vec<bool>) = threads.install(|| parts.par_iter().enumerate().map(one).unzip());
    let judgeable: Vec<usize> = asked.clone().filter(|hour| hours.covered[*hour]).collect();
    let young = young(hours, &judgeable, settings);
    // Where no start was asked for, the first hours of the logs are the history, and only a want of all of it counts.
    let is_want = is_bounded || young == judgeable.len();
    let mut looked = Looked {
        series: parts.len() as u64,
        runs: all.iter().map(|runs| runs.found as u64).sum(),
        notable: all.iter().map(|runs| runs.notable.len() as u64).sum(),
        incidents: 0,
        suppressed: all.iter().map(|runs| runs.suppressed.len() as u64).sum(),
        hours: (judgeable.len() - young) as u64,
        masked: (asked.len() - judgeable.len()) as u64,
        young: if is_want { young as u64 } else { 0 },
    };
    let runs: Vec<Run> = all.into_iter().flat_map(|runs| runs.notable).collect();
    let found = fold(hours, &parts, runs, settings);
    looked.incidents = found.len() as u64;
    let may_drift = parts.iter().zip(may_drift).filter(|(_, may)| *may);
    let drifts = may_drift.flat_map(|(part, _)| drifting(part, &judged(hours, part, calendar, settings), &found));
    let drifts = drifts.collect();
    Out { parts, found, looked, drifts }
}

/// How many of the requested hours have too little history before them.
fn young(hours: &Hours, judgeable: &[usize], settings: &Settings) -> usize {
    let least = settings.detector.history_min_days as usize * 24;
    let mut known = hours.covered.iter().enumerate().filter(|(_, covered)| **covered).map(|(hour, _)| hour);
    let judged_from = known.nth(least);
    judgeable.iter().filter(|hour| judged_from.is_none_or(|from| **hour < from)).count()
}
