//! Incidents as tables: one row for each, its causes, and what was looked at.

use std::sync::Arc;

use crate::reason::anomalies::fold::{Found, as_integer, is_total};
use crate::reason::anomalies::incident::{Incident, Severity};
use crate::reason::anomalies::parts::Judged;
use crate::reason::anomalies::settings::Settings;
use crate::reason::anomalies::why::{DescribedCause, Description};
use crate::reason::causes::Class;
use crate::reason::hours::{Dimension, FROM, Metric};
use crate::report::{Cell, Head, Report, Row, Table};
use crate::schema::output::{self, CellKind};
use crate::units::human::{self, Units, counted};

/// The hours that a trend shows, and how many of them are one character.
const TREND_HOURS: usize = 72;
const TREND_HOURS_PER_MARK: usize = 6;
/// From nothing to the most.
const MARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Hours that are not covered.
const NO_MARK: char = '·';
/// Maximum number of alternative descriptions per cause.
const ALSO_MATCHES_MAX: usize = 4;

/// Options of the incident tables.
#[derive(Clone, Debug)]
pub struct AnomaliesShape {
    /// The brief columns for terminals, or all of them.
    pub brief: bool,
    /// Maximum number of incidents; none for all.
    pub rows: Option<usize>,
    /// Less severe ones are counted alone.
    pub severity_min: Severity,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Series.
    pub series: u64,
    /// Runs of flagged hours.
    pub runs: u64,
    /// The notable ones.
    pub notable: u64,
    /// Incidents after folding, reported before or not.
    pub incidents: u64,
    /// The suppressed ones.
    pub suppressed: u64,
    /// Fully covered hours.
    pub hours: u64,
    /// Hours that they do not.
    pub masked: u64,
    /// Fully covered hours that are not judged for want of history.
    pub young: u64,
}

/// An incident as it is shown.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// The incident; a closed one as last reported.
    pub incident: &'a Incident,
    /// `new`, or what a state file makes of it.
    pub status: &'static str,
    /// The details of the incident, and the judged hours of its series; none for closed ones that are no longer found.
    pub detail: Option<(&'a Found, &'a Judged)>,
}

/// The report: the table `anomalies`, and beside it the causes.
#[must_use]
pub fn report(shown: &[Shown<'_>], looked: &Looked, shape: &AnomaliesShape, settings: &Settings) -> Report {
    let severe = |shown: &&Shown| shown.incident.severity >= shape.severity_min;
    let all: Vec<&Shown> = shown.iter().filter(severe).collect();
    let listed = &all[..shape.rows.unwrap_or(usize::MAX).min(all.len())];
    let mut report = Report { name: "anomalies".to_owned(), ..Report::default() };
    report.meta.notes = notes(looked);
    if looked.young > 0 {
        let (young, days) = (counted(looked.young, "hour"), settings.detector.history_min_days);
        report.meta.warnings.push(format!(
            "{young} of {} not judged: the detector needs {days} days of history before them (add older logs)",
            human::count(u128::from(looked.hours + looked.young))
        ));
        report.meta.incomplete = true;
    }
    let less = shown.len() - all.len();
    if less > 0 {
        let less = counted(less as u64, "incident");
        report.meta.notes.push(format!("{less} below severity {} not shown", shape.severity_min.name()));
    }
    let more = all.len() - listed.len();
    if more > 0 {
        let more = counted(more as u64, "incident");
        report.meta.notes.push(format!("{more} more (show with --max-incidents all)"));
    }
    report.tables = vec![incidents(listed, shape), if shape.brief { causes_in_words(listed) } else { causes(listed) }];
    report
}

fn notes(looked: &Looked) -> Vec<String> {
    let (series, runs) = (human::count(looked.series.into()), counted(looked.runs, "run"));
    let listed = human::count(looked.notable.into());
    let mut notes = vec![format!(
        "{series} series judged over {}: {runs} of anomalous hours, {listed} above the impact thresholds, folded into \
         {}",
        counted(looked.hours, "hour"),
        counted(looked.incidents, "incident")
    )];
    if looked.masked > 0 {
        let masked = counted(looked.masked, "hour");
        notes.push(format!("{masked} not fully covered by the logs and not judged (gaps, first and last hours)"));
    }
    if looked.suppressed > 0 {
        notes.push(format!("{} suppressed by configuration", counted(looked.suppressed, "run")));
    }
    notes
}

/// A column, whether it is part of the brief form, and its cell.
type Column = (Head, bool, fn(&Shown<'_>) -> Cell);

fn incidents(listed: &[&Shown<'_>], shape: &AnomaliesShape) -> Table {
    let columns: Vec<Column> =
        columns(shape.brief).into_iter().filter(|(_, brief, _)| *brief || !shape.brief).collect();
    let row = |shown: &&Shown| -> Row { columns.iter().map(|(_, _, cell)| cell(shown)).collect() };
    Table {
        name: "anomalies".to_owned(),
        title: "Anomalies".to_owned(),
        rows: listed.iter().map(row).collect(),
        columns: columns.iter().map(|(head, ..)| head.clone()).collect(),
        ..Table::default()
    }
}

fn columns(is_brief: bool) -> Vec<Column> {
    type Ref<'a> = &'a Shown<'a>;
    fn run(shown: Ref<'_>, metric: Metric) -> Option<(f64, f64)> {
        let (Found { run, .. }, _) = shown.detail?;
        Some((run.actual[metric as usize], run.expected[metric as usize]))
    }
    fn actual(shown: Ref<'_>, metric: Metric) -> Cell {
        let cell = if metric == Metric::Usd { usd } else { whole };
        run(shown, metric).map_or(Cell::Absent, |(actual, _)| cell(actual))
    }
    fn expected(shown: Ref<'_>, metric: Metric) -> Cell {
        let cell = if metric == Metric::Usd { usd } else { whole };
        run(shown, metric).map_or(Cell::Absent, |(_, expected)| cell(expected))
    }
    fn of<T: Into<Cell>>(shown: Ref<'_>, cell: impl Fn(&Found) -> T) -> Cell {
        shown.detail.map_or(Cell::Absent, |(found, _)| cell(found).into())
    }
    fn is(what: bool) -> Cell {
        if what { "yes" } else { "no" }.into()
    }
    let column =
        |output: output::Output, brief: bool, cell: fn(&Shown<'_>) -> Cell| -> Column { (output.into(), brief, cell) };
    vec![
        column(output::ID, true, |shown| shown.incident.id.as_str().into()),
        column(output::STATUS, false, |shown| shown.status.into()),
        column(output::SEVERITY, true, |shown| shown.incident.severity.name().into()),
        column(output::SCORE, false, |shown| u64::from(shown.incident.score).into()),
        column(output::METRIC, false, |shown| shown.incident.metric.name().into()),
        column(output::DIMENSION, false, |shown| shown.incident.scope.dimension.into()),
        column(output::SCOPE, false, |shown| Cell::Text(Arc::clone(&shown.incident.scope.value))),
        column(output::DIRECTION, false, |shown| of(shown, |found| if found.run.is_up { "up" } else { "down" })),
        column(output::STARTED_AT, true, |shown| Cell::Time(shown.incident.start)),
        column(output::ENDED_AT, false, |shown| Cell::Time(shown.incident.end)),
        column(output::OPEN, false, |shown| is(shown.incident.is_open)),
        column(output::HOURS, true, |shown| u64::from(shown.incident.hours).into()),
        column(output::PEAK_DEVIATION, false, |shown| tenths(shown.incident.peak)),
        column(output::ACTUAL_USD, false, |shown| actual(shown, Metric::Usd)),
        column(output::EXPECTED_USD, false, |shown| expected(shown, Metric::Usd)),
        column(output::IMPACT_USD, true, |shown| Cell::Usd(shown.incident.impact_usd.unsigned_abs())),
        column(output::ACTUAL_BYTES, false, |shown| actual(shown, Metric::Bytes)),
        column(output::EXPECTED_BYTES, false, |shown| expected(shown, Metric::Bytes)),
        column(output::IMPACT_BYTES, true, |shown| shown.incident.impact_bytes.unsigned_abs().into()),
        column(output::ACTUAL_FLOWS, false, |shown| actual(shown, Metric::Flows)),
        column(output::EXPECTED_FLOWS, false, |shown| expected(shown, Metric::Flows)),
        column(output::ACTUAL_REJECTED, false, |shown| actual(shown, Metric::Rejected)),
        column(output::EXPECTED_REJECTED, false, |shown| expected(shown, Metric::Rejected)),
        column(output::CAUSE, false, |shown| of(shown, cause)),
        column(output::CAUSE_SHARE, false, |shown| {
            of(shown, |found| share(found.why.causes.first().map_or(0.0, |cause| cause.share)))
        }),
        column(output::CLASS, false, |shown| of(shown, class_name)),
        column(output::UNEXPLAINED_SHARE, false, |shown| of(shown, |found| share(found.why.unexplained_share))),
        column(output::TREND, true, |shown| shown.detail.map(trend).into()),
        column(output::USUAL, false, |shown| shown.detail.map(usual_words).into()),
        // Causes are shown in a separate table below.
        column(
            output::SUMMARY,
            true,
            if is_brief { |shown| in_words(shown, true) } else { |shown| in_words(shown, false) },
        ),
    ]
}

fn whole(value: f64) -> Cell {
    as_integer(value.max(0.0)).unsigned_abs().into()
}

fn usd(value: f64) -> Cell {
    Cell::Usd(as_integer(value.max(0.0)).unsigned_abs())
}

fn tenths(value: f64) -> Cell {
    Cell::Decimal { units: as_integer(value * 10.0).unsigned_abs(), per: 10 }
}

/// A share of an estimate, in thousandths.
fn share(share: f64) -> Cell {
    Cell::Share { part: as_integer((share * 1000.0).max(0.0)).unsigned_abs(), whole: 1000 }
}

/// The kind of the first cause.
fn class_name(found: &Found) -> &'static str {
    match found.why.causes.first() {
        _ if found.why.is_spread => "spread",
        Some(cause) => name(found, cause),
        None => "unknown",
    }
}

fn name(found: &Found, cause: &DescribedCause) -> &'static str {
    let (real, _) = cause.amounts[found.run.metric as usize];
    match cause.class {
        _ if !found.run.is_up && real <= 0.0 => "gone",
        _ if !found.run.is_up => "decline",
        Class::New => "new",
        Class::Growth => "growth",
        Class::PathChange { .. } => "path-change",
        Class::Price => "price",
        Class::Spread => "spread",
    }
}

/// A description in words.
fn words(what: &Description) -> String {
    let word = |(dimension, value): &(Dimension, Arc<str>)| format!("{} {value}", dimension.name().replace('_', " "));
    what.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// The first cause in words, and how many more there are.
fn cause(found: &Found) -> String {
    match found.why.causes.as_slice() {
        _ if found.why.is_spread => format!("{}: no dominant cause", broad(found)),
        [] => "unknown".to_owned(),
        [cause] => words(&cause.what),
        [cause, others @ ..] => format!("{}; and {} more", words(&cause.what), others.len()),
    }
}

/// Who sends what to whom, as far as nearly all of a cause is the same; else how it is described.
fn who(cause: &DescribedCause) -> String {
    use Dimension::{Destination, Interface, Path, Port, Service, Team};
    let of = |dimension: Dimension| {
        let value = cause.profile.iter().find(|(listed, _)| *listed == dimension);
        value.map(|(_, value)| &**value).filter(|value| !["-", "none", "other"].contains(value))
    };
    let sender = [Team, Service, Interface].into_iter().filter_map(of).collect::<Vec<_>>().join(" ");
    let to = of(Destination).map(|to| if to.starts_with(FROM) { to.to_owned() } else { format!("to {to}") });
    let path = of(Path).map(|path| format!("by {path}"));
    let port = of(Port).map(|port| format!("port {port}"));
    let sender = Some(sender).filter(|sender| !sender.is_empty());
    let words: Vec<String> = [sender, to, path].into_iter().flatten().collect();
    let words = [Some(words.join(" ")).filter(|words| !words.is_empty()), port];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() { self::words(&cause.what) } else { words.join(", ") }
}

fn in_words(shown: &Shown<'_>, is_brief: bool) -> Cell {
    match shown.detail {
        Some((found, _)) if is_brief && !found.why.is_spread && !found.why.causes.is_empty() => what(found).into(),
        Some((found, _)) => format!("{}; {}", what(found), why(found)).into(),
        None => format!("{}: over", scope_words(shown.incident)).into(),
    }
}

/// Summary in one sentence.
fn what(found: &Found) -> String {
    let incident = &found.incident;
    let of = scope_words(incident);
    let actual = measure(incident.metric, incident.actual);
    let expected = match (incident.metric, incident.expected) {
        (_, 0) => "nothing was".to_owned(),
        (Metric::Flows | Metric::Rejected, 1) => "1 was".to_owned(),
        (Metric::Flows | Metric::Rejected, expected) => format!("{} were", human::count(expected)),
        (metric, expected) => format!("{} was", measure(metric, expected)),
    };
    format!("{of}: {actual} where {expected} expected")
}

/// Why it happened, in another.
fn why(found: &Found) -> String {
    match found.why.causes.first() {
        _ if found.why.is_spread => format!("{}, no dominant cause", broad(found)),
        None => "no cause found".to_owned(),
        Some(cause) => {
            let share = format!("{:.0} %", cause.share.min(1.0) * 100.0);
            format!("{share} of it is {} ({})", who(cause), kind(found, cause))
        }
    }
}

fn broad(found: &Found) -> &'static str {
    if found.run.is_up { "broad increase" } else { "broad decline" }
}

/// Which kind of change a cause is, in words.
fn kind(found: &Found, cause: &DescribedCause) -> String {
    match (&cause.from_path, name(found, cause)) {
        (Some(from), _) if found.run.is_up => format!("path change, previously via {from}"),
        (None, "new") => "first seen".to_owned(),
        (_, name) => name.to_owned(),
    }
}

/// The part of the traffic of an incident.
fn scope_words(incident: &Incident) -> String {
    if is_total(&incident.scope) {
        return "all traffic".to_owned();
    }
    format!("{} {}", incident.scope.dimension.replace('_', " "), incident.scope.value)
}

/// A metric value for display.
fn measure(metric: Metric, value: u128) -> String {
    match metric {
        Metric::Usd => human::usd(value),
        Metric::Bytes => human::bytes(value, Units::Iec),
        Metric::Flows => format!("{} flows", human::count(value)),
        Metric::Rejected => format!("{} rejects", human::count(value)),
    }
}

/// Sparkline of the last days up to the incident's end, one mark per several hours: the maximum, for decreases the
/// minimum.
fn trend((Found { run, .. }, judged): (&Found, &Judged)) -> String {
    let values = &judged.values[run.metric as usize];
    let end = (run.hours.end + TREND_HOURS_PER_MARK).min(values.len());
    let shown = &values[end.saturating_sub(TREND_HOURS)..end];
    let most = shown.iter().flatten().fold(0.0_f64, |most, value| most.max(*value));
    let extreme = if run.is_up { f64::max } else { f64::min };
    let mark = |hours: &[Option<f64>]| match hours.iter().flatten().copied().reduce(extreme) {
        None => NO_MARK,
        Some(_) if most <= 0.0 => MARKS[0],
        Some(value) => {
            let level = as_integer(value / most * (MARKS.len() - 1) as f64);
            MARKS[usize::try_from(level).unwrap_or(0).min(MARKS.len() - 1)]
        }
    };
    shown.chunks(TREND_HOURS_PER_MARK).map(mark).collect()
}

/// The usual range of the incident's peak hour, from lowest to highest.
fn usual_words((Found { run, .. }, judged): (&Found, &Judged)) -> String {
    let verdicts = &judged.verdicts[run.metric as usize];
    let peak = verdicts[run.hours.clone()].iter().max_by(|one, other| one.z.abs().total_cmp(&other.z.abs()));
    let of = |value: f64| measure(run.metric, as_integer(value.max(0.0)).unsigned_abs());
    peak.map_or_else(String::new, |verdict| {
        let [low, high] = verdict.limits();
        let low = match run.metric {
            Metric::Usd | Metric::Bytes => of(low),
            Metric::Flows | Metric::Rejected => human::count(as_integer(low).unsigned_abs()),
        };
        format!("{low} to {} an hour", of(high))
    })
}

fn causes(listed: &[&Shown<'_>]) -> Table {
    let heads = [output::ID, output::RANK, output::CLASS];
    let mut columns: Vec<Head> = heads.map(Head::from).to_vec();
    columns.extend(Dimension::ALL.map(|dimension| Head { name: dimension.name().to_owned(), kind: CellKind::Text }));
    let rest = [
        output::FROM_PATH,
        output::CAUSE_SHARE,
        output::ACTUAL_USD,
        output::EXPECTED_USD,
        output::COUNTERFACTUAL_USD,
        output::ACTUAL_BYTES,
        output::EXPECTED_BYTES,
        output::COUNTERFACTUAL_BYTES,
        output::ALSO_MATCHES,
    ];
    columns.extend(rest.map(Head::from));
    let rows = listed
        .iter()
        .filter_map(|shown| shown.detail)
        .flat_map(|(found, _)| found.why.causes.iter().zip(1_u64..).map(|(cause, rank)| cause_row(found, cause, rank)));
    Table { name: "causes".to_owned(), title: "Causes".to_owned(), rows: rows.collect(), columns, ..Table::default() }
}

/// The causes in display form.
fn causes_in_words(listed: &[&Shown<'_>]) -> Table {
    let columns = [
        output::ID,
        output::CAUSE_SHARE,
        output::ACTUAL_USD,
        output::EXPECTED_USD,
        output::ACTUAL_BYTES,
        output::EXPECTED_BYTES,
        output::CAUSE,
    ];
    let row = |found: &Found, cause: &DescribedCause| -> Row {
        let [(usd_now, usd_usual), (bytes_now, bytes_usual), ..] = cause.amounts;
        vec![
            found.incident.id.as_str().into(),
            share(cause.share),
            usd(usd_now),
            usd(usd_usual),
            whole(bytes_now),
            whole(bytes_usual),
            format!("{} ({})", who(cause), kind(found, cause)).into(),
        ]
    };
    let found = listed.iter().filter_map(|shown| shown.detail).map(|(found, _)| found);
    Table {
        rows: found.flat_map(|found| found.why.causes.iter().map(|cause| row(found, cause))).collect(),
        columns: columns.map(Head::from).to_vec(),
        ..causes(&[])
    }
}

fn cause_row(found: &Found, cause: &DescribedCause, rank: u64) -> Row {
    let of = |dimension: Dimension| {
        let value = cause.profile.iter().find(|(listed, _)| *listed == dimension);
        value.map_or(Cell::Absent, |(_, value)| Cell::Text(Arc::clone(value)))
    };
    // What the incident's traffic would have come to, had the cause been as usual.
    let without = |metric: Metric| {
        let (real, usual) = cause.amounts[metric as usize];
        found.run.actual[metric as usize] - (real - usual)
    };
    let ([usd_now, usd_usual], [bytes_now, bytes_usual]) = {
        let [usd, bytes, ..] = cause.amounts;
        ([usd.0, usd.1], [bytes.0, bytes.1])
    };
    let also: Vec<String> = cause.also_matches.iter().take(ALSO_MATCHES_MAX).map(words).collect();
    let mut row: Row = vec![found.incident.id.as_str().into(), rank.into(), name(found, cause).into()];
    row.extend(Dimension::ALL.map(of));
    row.extend([
        cause.from_path.clone().into(),
        share(cause.share),
        usd(usd_now),
        usd(usd_usual),
        usd(without(Metric::Usd)),
        whole(bytes_now),
        whole(bytes_usual),
        whole(without(Metric::Bytes)),
        if also.is_empty() { Cell::Absent } else { also.join("; ").into() },
    ]);
    row
}
