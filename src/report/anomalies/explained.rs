//! One incident in full as tables: its series, and which other series show it.

use crate::reason::anomalies::baseline::Basis;
use crate::reason::anomalies::explained::{SeriesHour, series};
use crate::reason::anomalies::fold::{Found, as_integer};
use crate::reason::anomalies::parts::Judged;
use crate::reason::hours::{Hours, Metric};
use crate::report::{Cell, Head, Row, Table};
use crate::schema::Column;
use crate::schema::output::{self, CellKind};

/// Hours of the series shown before and after an incident: two weeks, the history that scales use.
const AROUND_HOURS: (usize, usize) = (14 * 24, 24);
/// The same on a terminal, to show the incident and its surroundings.
const AROUND_HOURS_BRIEF: (usize, usize) = (12, 6);
/// In the unit of [`Metric::Usd`].
const USD_PER_CENT: f64 = 1e8;

/// The series of an incident, and the incidents folded into it; brief is the terminal form.
#[must_use]
pub fn tables(hours: &Hours, found: &Found, judged: &Judged, is_brief: bool) -> [Table; 2] {
    let (before, after) = if is_brief { AROUND_HOURS_BRIEF } else { AROUND_HOURS };
    let range = found.run.hours.start.saturating_sub(before)..(found.run.hours.end + after).min(hours.count);
    let metric = found.run.metric;
    let series = Table {
        name: "series".to_owned(),
        title: format!("Its hours: {}", metric.name()),
        columns: series_columns(metric),
        rows: series(hours, found, judged, range).iter().map(|hour| series_row(hour, metric)).collect(),
        ..Table::default()
    };
    [series, folded(found)]
}

fn series_row(hour: &SeriesHour, metric: Metric) -> Row {
    let cell = |value: f64| match metric {
        Metric::Usd => Cell::Usd(as_integer(value.max(0.0)).unsigned_abs()),
        _ => as_integer(value.max(0.0)).unsigned_abs().into(),
    };
    let signed = |value: f64| match (metric, as_integer(value)) {
        (Metric::Usd, amount) => Cell::Amount { amount, cents: as_integer(value / USD_PER_CENT) },
        (_, units) => Cell::Signed { units, per: 1 },
    };
    let part = |part: Option<f64>| part.map_or(Cell::Absent, signed);
    let verdict = &hour.verdict;
    let is_judged = verdict.basis != Basis::None;
    let judged = |value: f64| if is_judged { cell(value) } else { Cell::Absent };
    let [low, high] = verdict.limits();
    let state = match hour.value {
        None => "masked",
        Some(_) if verdict.flagged => "flagged",
        Some(_) if !is_judged => "not judged",
        Some(_) if verdict.shifted => "new baseline",
        Some(_) => "usual",
    };
    vec![
        Cell::Time(hour.moment),
        hour.value.map_or(Cell::Absent, cell),
        judged(verdict.expected),
        judged(low),
        judged(high),
        if is_judged { Cell::Signed { units: as_integer(verdict.z * 10.0), per: 10 } } else { Cell::Absent },
        state.into(),
        part(hour.trend),
        part(hour.season),
        part(hour.rest),
    ]
}

fn series_columns(metric: Metric) -> Vec<Head> {
    let kind = match metric {
        Metric::Usd => CellKind::Usd,
        Metric::Bytes => CellKind::Bytes,
        Metric::Flows | Metric::Rejected => CellKind::Count,
    };
    let measured = |output: output::Output| Head { kind, ..output.into() };
    vec![
        Column::Hour.into(),
        measured(output::ACTUAL),
        measured(output::EXPECTED),
        measured(output::LOW),
        measured(output::HIGH),
        output::DEVIATION.into(),
        output::STATE.into(),
        measured(output::TREND_PART),
        measured(output::SEASONAL),
        measured(output::RESIDUAL),
    ]
}

/// Other series that show the incident.
fn folded(found: &Found) -> Table {
    let mut rows: Vec<Row> = found
        .folded
        .iter()
        .map(|(metric, scope)| vec![metric.name().into(), scope.dimension.into(), Cell::Text(scope.value.clone())])
        .collect();
    rows.sort();
    Table {
        name: "folded".to_owned(),
        title: "Related series".to_owned(),
        columns: [output::METRIC, output::DIMENSION, output::SCOPE].map(Head::from).into(),
        rows,
        ..Table::default()
    }
}
