//! One incident in full: its series, what was expected in each hour and why, and which records are behind it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::baseline::Basis;
use super::decompose::{Decomposition, decompose};
use super::fold::{Found, as_integer};
use super::parts::Judged;
use super::told::limits;
use crate::report::hours::{Dimension, Hours, Metric};
use crate::report::{Cell, Head, Row, Table};
use crate::schema::Column;
use crate::schema::output::{self, CellKind};

/// How many hours before an incident its series is shown, and how many after: two weeks, what scales are told by.
const AROUND_HOURS: (usize, usize) = (14 * 24, 24);
/// The same where people read it, so that they see the incident and what it stands out from.
const AROUND_HOURS_BRIEF: (usize, usize) = (12, 6);
/// In the unit of [`Metric::Usd`].
const USD_PER_CENT: f64 = 1e8;
/// So many values of a column go into an expression at most; with more, it says nothing of that column.
const VALUES_MAX: usize = 100;

/// The series of an incident, and what was folded into it; brief is what people read on a terminal.
#[must_use]
pub fn tables(hours: &Hours, found: &Found, judged: &Judged, is_brief: bool) -> [Table; 2] {
    [series(hours, found, judged, is_brief), folded(found)]
}

fn series(hours: &Hours, found: &Found, judged: &Judged, is_brief: bool) -> Table {
    let metric = found.run.metric;
    let (values, verdicts) = (&judged.values[metric as usize], &judged.verdicts[metric as usize]);
    // What is out of line would be taken for a part of the season: it belongs to the rest.
    let is_usual = |hour: usize| !verdicts[hour].flagged && !found.run.hours.contains(&hour);
    let usual: Vec<_> = values.iter().enumerate().map(|(hour, value)| value.filter(|_| is_usual(hour))).collect();
    let parts = decompose(&usual);
    let rest = |parts: &Decomposition, hour: usize| {
        Some(values[hour]? - parts.trend.get(hour).copied()? - parts.season.get(hour).copied()?)
    };
    let cell = |value: f64| match metric {
        Metric::Usd => Cell::Usd(as_integer(value.max(0.0)).unsigned_abs()),
        _ => as_integer(value.max(0.0)).unsigned_abs().into(),
    };
    let signed = |value: f64| match (metric, as_integer(value)) {
        (Metric::Usd, amount) => Cell::Amount { amount, cents: as_integer(value / USD_PER_CENT) },
        (_, units) => Cell::Signed { units, per: 1 },
    };
    let row = |hour: usize| -> Row {
        let verdict = &verdicts[hour];
        let is_judged = verdict.basis != Basis::None;
        let judged = |value: f64| if is_judged { cell(value) } else { Cell::Absent };
        let [low, high] = limits(verdict);
        let state = match values[hour] {
            None => "masked",
            Some(_) if verdict.flagged => "flagged",
            Some(_) if !is_judged => "not judged",
            Some(_) if verdict.shifted => "new baseline",
            Some(_) => "usual",
        };
        let part = |part: &dyn Fn(&Decomposition, usize) -> Option<f64>| {
            parts.as_ref().and_then(|parts| part(parts, hour)).map_or(Cell::Absent, signed)
        };
        vec![
            Cell::Time(hours.moment(hour)),
            values[hour].map_or(Cell::Absent, cell),
            judged(verdict.expected),
            judged(low),
            judged(high),
            if is_judged { Cell::Signed { units: as_integer(verdict.z * 10.0), per: 10 } } else { Cell::Absent },
            state.into(),
            part(&|parts, hour| parts.trend.get(hour).copied()),
            part(&|parts, hour| parts.season.get(hour).copied()),
            part(&rest),
        ]
    };
    let (before, after) = if is_brief { AROUND_HOURS_BRIEF } else { AROUND_HOURS };
    let range = found.run.hours.start.saturating_sub(before)..(found.run.hours.end + after).min(hours.count);
    Table {
        name: "series".to_owned(),
        title: format!("Its hours: {}", metric.name()),
        columns: series_columns(metric),
        rows: range.map(row).collect(),
        ..Table::default()
    }
}

fn series_columns(metric: Metric) -> Vec<Head> {
    let kind = match metric {
        Metric::Usd => CellKind::Usd,
        Metric::Bytes => CellKind::Bytes,
        Metric::Flows | Metric::Rejects => CellKind::Count,
    };
    let measured = |output: output::Output| Head { kind, ..output.into() };
    vec![
        Column::Hour.into(),
        measured(output::ACTUAL),
        measured(output::EXPECTED),
        measured(output::LOW),
        measured(output::HIGH),
        output::SCALES.into(),
        output::STATE.into(),
        measured(output::TREND_PART),
        measured(output::SEASON),
        measured(output::REST),
    ]
}

/// Which series showed it besides.
fn folded(found: &Found) -> Table {
    let mut rows: Vec<Row> = found
        .folded
        .iter()
        .map(|(metric, scope)| vec![metric.name().into(), scope.dimension.into(), Cell::Text(scope.value.clone())])
        .collect();
    rows.sort();
    Table {
        name: "folded".to_owned(),
        title: "Other series that show it".to_owned(),
        columns: [output::METRIC, output::DIMENSION, output::SCOPE].map(Head::from).into(),
        rows,
        ..Table::default()
    }
}

/// The records behind an incident, as an expression for `--where`; none if it cannot say which.
#[must_use]
pub fn records_where(hours: &Hours, found: &Found) -> Option<String> {
    let range = &found.run.hours;
    let is_there = |leaf: &&u32| {
        let mut cells = hours.cells_of(**leaf).iter();
        cells.any(|cell| range.contains(&(cell.hour as usize)))
    };
    let leaves: Vec<u32> = found.why.causes.iter().flat_map(|cause| &cause.leaves).filter(is_there).copied().collect();
    let values = |dimension: Dimension| -> BTreeSet<&str> {
        leaves.iter().map(|leaf| &**hours.name(hours.leaves[*leaf as usize][dimension as usize])).collect()
    };
    let list = |values: BTreeSet<&str>| values.into_iter().collect::<Vec<_>>().join(", ");
    let few = |values: &BTreeSet<&str>| !values.is_empty() && values.len() <= VALUES_MAX;
    let interfaces = Some(values(Dimension::Interface)).filter(|values| few(values) && !values.contains("-"));
    let ports = values(Dimension::Port);
    let is_port = |port: &&str| port.parse::<u16>().is_ok();
    let ports = Some(ports).filter(|ports| few(ports) && ports.iter().all(is_port));
    let ends = values(Dimension::Destination);
    let ends: BTreeSet<&str> = ends.into_iter().map(|end| end.trim_start_matches("from ")).collect();
    let is_address = |end: &&str| end.parse::<IpAddr>().is_ok();
    let ends = Some(ends).filter(|ends| few(ends) && ends.iter().all(is_address));
    let of = |column: &str, values: Option<BTreeSet<&str>>| Some(format!("{column} in ({})", list(values?)));
    let parts = [of("interface_id", interfaces), of("addr", ends), of("port", ports)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}
