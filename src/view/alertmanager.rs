//! Incidents as the body of `POST /api/v2/alerts`: what Alertmanager routes, groups and silences.
//!
//! Alerts are identified by their labels, so labels are stable while an incident lasts, except severity, which is used
//! for routing: a higher severity is a new alert, and the old one expires. Open incidents end [`ALIVE_HOURS`] after
//! their last hour: without an end time Alertmanager would resolve them after `resolve_timeout`, which is minutes,
//! whereas incidents are repeated daily. Nothing is sent here.

use std::io::{self, Write};

use serde::Serialize;

use super::incidents::{Columns, Incident};
use super::{View, json, one_table_only};
use crate::report::{Meta, Row, Table};
use crate::units::human;

/// Lifetime of an open alert: a day until it is repeated, plus an hour of slack.
const ALIVE_HOURS: u32 = 25;
/// The name that all alerts have.
const ALERT_NAME: &str = "OutflowAnomaly";
const FORMAT: &str = "alertmanager";

/// One array, an alert a line.
pub(super) struct AlertmanagerView<W> {
    out: W,
    columns: Option<Columns>,
    alerts: usize,
}

impl<W: Write> AlertmanagerView<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, columns: None, alerts: 0 }
    }
}

impl<W: Write> View for AlertmanagerView<W> {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        if self.columns.replace(Columns::of(table, FORMAT)?).is_some() {
            return Err(one_table_only(FORMAT, table));
        }
        Ok(())
    }

    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        let Some(columns) = &self.columns else { return Ok(()) };
        for row in rows {
            let alert = json::written(&Alert::of(columns.row(row))?)?;
            let mark = if self.alerts == 0 { "[\n" } else { ",\n" };
            self.alerts += 1;
            write!(self.out, "{mark}{alert}")?;
        }
        Ok(())
    }

    fn finish(&mut self, _meta: &Meta) -> io::Result<()> {
        self.out.write_all(if self.alerts == 0 { b"[]\n" } else { b"\n]\n" })?;
        self.out.flush()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    labels: Labels,
    annotations: Annotations,
    starts_at: String,
    ends_at: String,
}

#[derive(Serialize)]
struct Labels {
    alertname: &'static str,
    id: String,
    severity: String,
    metric: String,
    dimension: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
}

#[derive(Serialize)]
struct Annotations {
    summary: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact: Option<String>,
    /// With all its digits, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_usd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_bytes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

impl Alert {
    fn of(incident: Incident) -> io::Result<Self> {
        let status = incident.exact("status")?;
        let last = incident.moment("ended_at");
        let is_closed = status.as_deref() == Some("closed");
        let end = if is_closed { last } else { last.saturating_add(ALIVE_HOURS * 3600) };
        Ok(Self {
            labels: Labels {
                alertname: ALERT_NAME,
                id: incident.text("id")?,
                severity: incident.text("severity")?,
                metric: incident.text("metric")?,
                dimension: incident.text("dimension")?,
                scope: incident.text("scope")?,
            },
            annotations: Annotations {
                summary: incident.text("summary")?,
                description: description(incident)?,
                cause: incident.cause(),
                impact: incident.impact(),
                impact_usd: incident.exact("impact_usd")?,
                impact_bytes: incident.exact("impact_bytes")?,
                status,
            },
            starts_at: human::moment(incident.moment("started_at")),
            ends_at: human::moment(end),
        })
    }
}

/// Anomalies and since when, in a sentence.
fn description(incident: Incident) -> io::Result<String> {
    let (metric, place, score) = (incident.text("metric")?, incident.place()?, incident.text("score")?);
    let (begin, finish) = (human::moment(incident.moment("started_at")), human::moment(incident.moment("ended_at")));
    let hours = incident.shown("hours").map(|hours| format!(", {hours} anomalous h")).unwrap_or_default();
    Ok(format!("{metric} of {place} from {begin} to {finish}{hours}, score {score} of 100"))
}
