//! Series that rise a little every day as a table.

use std::cmp::Reverse;

use crate::reason::anomalies::drifts::{Drift, METRICS};
use crate::reason::anomalies::fold::as_integer;
use crate::reason::hours::Metric;
use crate::report::{Cell, Head, Row, Table};
use crate::schema::output;

/// The drifts, largest impact first.
#[must_use]
pub fn table(mut drifts: Vec<Drift>) -> Table {
    drifts.sort_by_key(|drift| (drift.metric, Reverse(drift.month()), drift.scope.clone(), drift.day));
    let measured = |drift: &Drift, metric: Metric| -> [Cell; 3] {
        if drift.metric != metric {
            return [Cell::Absent, Cell::Absent, Cell::Absent];
        }
        let whole = |value: f64| as_integer(value.max(0.0)).unsigned_abs();
        let values = [whole(drift.actual), whole(drift.expected), drift.month()];
        values.map(|value| if metric == Metric::Usd { Cell::Usd(value) } else { value.into() })
    };
    let row = |drift: &Drift| -> Row {
        let mut row = vec![
            drift.metric.name().into(),
            drift.scope.dimension.into(),
            Cell::Text(drift.scope.value.clone()),
            Cell::Time(drift.since),
            Cell::Time(drift.day),
        ];
        row.extend(METRICS.into_iter().flat_map(|metric| measured(drift, metric)));
        row
    };
    let columns = [
        output::METRIC,
        output::DIMENSION,
        output::SCOPE,
        output::SINCE,
        output::DETECTED_AT,
        output::ACTUAL_USD,
        output::EXPECTED_USD,
        output::MONTH_IMPACT_USD,
        output::ACTUAL_BYTES,
        output::EXPECTED_BYTES,
        output::MONTH_IMPACT_BYTES,
    ];
    Table {
        name: "drifts".to_owned(),
        title: "Drift".to_owned(),
        columns: columns.map(Head::from).into(),
        rows: drifts.iter().map(row).collect(),
        ..Table::default()
    }
}
