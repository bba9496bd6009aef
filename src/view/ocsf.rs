//! Incidents as Detection Findings of the Open Cybersecurity Schema Framework (class 2004), one a line.
//!
//! Uses only fields defined by OCSF; the figures of the incident are in `unmapped`, money and bytes as texts with all
//! digits. Open findings have the status new: triage is unknown here. Times are milliseconds since 1970. A finding's
//! own time is the end of its last hour, not the clock: the same incidents give the same lines. No profile is applied.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::incidents::{Columns, Incident};
use super::{View, json, one_table_only};
use crate::report::{Meta, Row, Table};

/// The version of OCSF that the lines hold to.
const OCSF_VERSION: &str = "1.3.0";
const FORMAT: &str = "ocsf";
const CATEGORY: u32 = 2;
const CLASS: u32 = 2004;
const PRODUCT: &str = "outflow";
/// Columns that OCSF has no place for.
const UNMAPPED: [&str; 15] = [
    "metric",
    "dimension",
    "scope",
    "direction",
    "hours",
    "peak_deviation",
    "score",
    "impact_usd",
    "impact_bytes",
    "actual_usd",
    "expected_usd",
    "actual_bytes",
    "expected_bytes",
    "cause",
    "class",
];

/// A finding a line.
pub(super) struct OcsfView<W> {
    out: W,
    columns: Option<Columns>,
}

impl<W: Write> OcsfView<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, columns: None }
    }
}

impl<W: Write> View for OcsfView<W> {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        if self.columns.replace(Columns::of(table, FORMAT)?).is_some() {
            return Err(one_table_only(FORMAT, table));
        }
        Ok(())
    }

    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        let Some(columns) = &self.columns else { return Ok(()) };
        for row in rows {
            writeln!(self.out, "{}", json::written(&Finding::of(columns.row(row))?)?)?;
        }
        Ok(())
    }

    fn finish(&mut self, _meta: &Meta) -> io::Result<()> {
        self.out.flush()
    }
}

#[derive(Serialize)]
struct Finding {
    activity_id: u32,
    activity_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    type_name: String,
    severity_id: u32,
    severity: &'static str,
    status_id: u32,
    status: &'static str,
    time: u64,
    start_time: u64,
    end_time: u64,
    message: String,
    metadata: Metadata,
    finding_info: FindingInfo,
    resources: [Resource; 1],
    unmapped: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Metadata {
    version: &'static str,
    product: Product,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct FindingInfo {
    uid: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<String>,
    types: [String; 1],
    first_seen_time: u64,
    last_seen_time: u64,
    analytic: Analytic,
}

#[derive(Serialize)]
struct Analytic {
    name: &'static str,
    type_id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Resource {
    #[serde(rename = "type")]
    kind: String,
    name: String,
}

impl Finding {
    fn of(incident: Incident) -> io::Result<Self> {
        let (activity_id, activity_name, status_id, status) = match incident.text("status")?.as_str() {
            "ongoing" | "worse" => (2, "Update", 1, "New"),
            "closed" => (3, "Close", 4, "Resolved"),
            _ => (1, "Create", 1, "New"),
        };
        let (severity_id, severity) = match incident.text("severity")?.as_str() {
            "low" => (2, "Low"),
            "medium" => (3, "Medium"),
            "high" => (4, "High"),
            _ => (0, "Unknown"),
        };
        let (begin, finish) = (milliseconds(incident.moment("started_at")), milliseconds(incident.moment("ended_at")));
        let mut unmapped = BTreeMap::new();
        for name in UNMAPPED {
            unmapped.extend(incident.exact(name)?.map(|text| (name, text)));
        }
        Ok(Self {
            activity_id,
            activity_name,
            category_uid: CATEGORY,
            category_name: "Findings",
            class_uid: CLASS,
            class_name: "Detection Finding",
            type_uid: CLASS * 100 + activity_id,
            type_name: format!("Detection Finding: {activity_name}"),
            severity_id,
            severity,
            status_id,
            status,
            time: finish,
            start_time: begin,
            end_time: finish,
            message: incident.text("summary")?,
            metadata: Metadata { version: OCSF_VERSION, product: product() },
            finding_info: finding_info(incident, begin, finish)?,
            resources: [resource(incident)?],
            unmapped,
        })
    }
}

fn product() -> Product {
    Product { name: PRODUCT, vendor_name: PRODUCT, version: env!("CARGO_PKG_VERSION") }
}

fn finding_info(incident: Incident, begin: u64, finish: u64) -> io::Result<FindingInfo> {
    let metric = incident.text("metric")?;
    let details = [("cause", incident.cause()), ("impact", incident.impact())];
    let details: Vec<_> = details.into_iter().filter_map(|(name, text)| Some(format!("{name}: {}", text?))).collect();
    Ok(FindingInfo {
        uid: incident.text("id")?,
        title: format!("anomalous {metric} of {}", incident.place()?),
        desc: (!details.is_empty()).then(|| details.join("; ")),
        types: [format!("traffic anomaly: {metric}")],
        first_seen_time: begin,
        last_seen_time: finish,
        analytic: Analytic { name: "hourly baseline", type_id: 3, kind: "Statistical" },
    })
}

/// What is affected: a team, a service, an interface…
fn resource(incident: Incident) -> io::Result<Resource> {
    let (kind, scope) = (incident.text("dimension")?, incident.text("scope")?);
    let name = if scope.is_empty() { kind.clone() } else { scope };
    Ok(Resource { kind, name })
}

fn milliseconds(seconds: u32) -> u64 {
    u64::from(seconds) * 1000
}
