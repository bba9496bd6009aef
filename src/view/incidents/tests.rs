//! Incidents as alerts and as findings, held to the schemas of those who take them.

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use crate::report::{Cell, Head, Meta, Report, Table};
use crate::schema::output::CellKind;
use crate::units::human::Units;
use crate::view::tests::Sink;
use crate::view::{Format, Style, write};

const ALERTS: &str = include_str!("../../../testdata/schemas/alertmanager-alerts.json");
const FINDING: &str = include_str!("../../../testdata/schemas/ocsf-detection-finding.json");
/// 2026-11-01T00:00:00Z.
const BEGINNING: u32 = 1_793_491_200;

/// The columns of the report on incidents that the views look at, and one that they do not.
const COLUMNS: [(&str, CellKind); 16] = [
    ("id", CellKind::Text),
    ("status", CellKind::Text),
    ("severity", CellKind::Text),
    ("score", CellKind::Integer),
    ("metric", CellKind::Text),
    ("dimension", CellKind::Text),
    ("scope", CellKind::Text),
    ("started_at", CellKind::Time),
    ("ended_at", CellKind::Time),
    ("hours", CellKind::Count),
    ("impact_usd", CellKind::Usd),
    ("impact_bytes", CellKind::Bytes),
    ("cause", CellKind::Text),
    ("cause_share", CellKind::Share),
    ("class", CellKind::Text),
    ("summary", CellKind::Text),
];

fn row(status: &str, severity: &str, dimension: &str, scope: Cell) -> Vec<Cell> {
    vec![
        Cell::from("0123456789ab"),
        if status.is_empty() { Cell::Absent } else { Cell::from(status) },
        Cell::from(severity),
        Cell::Integer(68),
        Cell::from("usd"),
        Cell::from(dimension),
        scope,
        Cell::Time(BEGINNING),
        Cell::Time(BEGINNING + 4 * 3600),
        Cell::Integer(3),
        Cell::Amount { amount: 123_456_789_012_345, cents: 1_234_568 },
        Cell::Integer(9_007_199_254_740_993),
        Cell::from("path=nat & service=s3"),
        Cell::Share { part: 19, whole: 20 },
        Cell::from("path-change"),
        Cell::from("team \"data\"\u{202e} pays\nmore"),
    ]
}

fn report(rows: Vec<Vec<Cell>>) -> Report {
    let columns = COLUMNS.map(|(name, kind)| Head { name: name.into(), kind }).to_vec();
    let incidents = Table { name: "incidents".into(), columns, rows, ..Table::default() };
    Report { name: "anomalies".into(), tables: vec![incidents], meta: Meta::default() }
}

fn all() -> Report {
    report(vec![
        row("new", "low", "team", Cell::from("data")),
        row("worse", "medium", "total", Cell::Absent),
        row("ongoing", "high", "region_pair", Cell::from("us-east-1 → eu-west-1")),
        row("closed", "high", "team", Cell::from("data")),
        row("", "low", "interface", Cell::from("eni-1")),
    ])
}

fn text_of(report: &Report, format: Format) -> String {
    let sink = Sink::default();
    let style = Style { units: Units::Iec, header: true, width: None, color: false };
    write(report, None, format, &style, Box::new(sink.clone())).unwrap();
    sink.text()
}

fn assert_valid(schema: &str, value: &Value) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    compiler.add_resource("file:///schema.json", serde_json::from_str(schema).unwrap()).unwrap();
    let schema = compiler.compile("file:///schema.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(value, schema) {
        panic!("{error:#}\n{value:#}");
    }
}

#[test]
fn alerts_are_as_alertmanager_takes_them() {
    let text = text_of(&all(), Format::Alertmanager);
    let alerts: Value = serde_json::from_str(&text).unwrap();
    assert_valid(ALERTS, &alerts);
    assert_eq!(alerts.as_array().map(Vec::len), Some(5));
    assert_eq!(
        alerts[0],
        json!({
            "labels": {
                "alertname": "OutflowAnomaly", "id": "0123456789ab", "severity": "low", "metric": "usd",
                "dimension": "team", "scope": "data"
            },
            "annotations": {
                "summary": "team \"data\"\u{202e} pays\nmore",
                "description": "usd of team data from 2026-11-01T00:00:00Z to 2026-11-01T04:00:00Z, 3 anomalous h, score 68 of 100",
                "cause": "path=nat & service=s3 (path-change, 95.0 %)",
                "impact": "$12,345.68, 8.00 PiB",
                "impact_usd": "12345.6789012345",
                "impact_bytes": "9007199254740993",
                "status": "new"
            },
            "startsAt": "2026-11-01T00:00:00Z",
            "endsAt": "2026-11-02T05:00:00Z"
        })
    );
    assert_eq!(alerts[3]["endsAt"], "2026-11-01T04:00:00Z", "what is closed has ended");
    assert_eq!(alerts[1]["labels"].get("scope"), None, "the total has no scope");
    assert!(!text.contains('\u{202e}'), "what a terminal might obey is escaped");
}

#[test]
fn findings_are_as_ocsf_has_them() {
    let text = text_of(&all(), Format::Ocsf);
    let findings: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(findings.len(), 5);
    for finding in &findings {
        assert_valid(FINDING, finding);
        let (class, activity) = (&finding["class_uid"], &finding["activity_id"]);
        assert_eq!(
            finding["type_uid"].as_u64(),
            class.as_u64().zip(activity.as_u64()).map(|(class, of)| class * 100 + of)
        );
    }
    let of = |name: &str| findings.iter().map(|finding| finding[name].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(of("activity_id"), [1, 2, 2, 3, 1]);
    assert_eq!(of("severity_id"), [2, 3, 4, 4, 2]);
    assert_eq!(of("status_id"), [1, 1, 1, 4, 1]);
    let first = &findings[0];
    assert_eq!(first["time"], 1_793_505_600_000_u64);
    assert_eq!(first["unmapped"]["impact_usd"], "12345.6789012345", "money keeps its digits");
    assert_eq!(first["finding_info"]["title"], "anomalous usd of team data");
    assert_eq!(first["resources"][0], json!({ "type": "team", "name": "data" }));
    assert_eq!(findings[1]["resources"][0]["name"], "total");
}

#[test]
fn no_incidents_are_an_empty_answer() {
    assert_eq!(text_of(&report(Vec::new()), Format::Alertmanager), "[]\n");
    assert_eq!(text_of(&report(Vec::new()), Format::Ocsf), "");
    assert_eq!(text_of(&Report::default(), Format::Alertmanager), "[]\n");
}

#[test]
fn a_report_on_something_else_is_rejected() {
    let columns = vec![Head { name: "id".into(), kind: CellKind::Text }];
    let table = Table { name: "top".into(), columns, ..Table::default() };
    let other = Report { tables: vec![table], ..Report::default() };
    let style = Style { units: Units::Iec, header: true, width: None, color: false };
    for format in [Format::Alertmanager, Format::Ocsf] {
        let error = write(&other, None, format, &style, Box::new(Sink::default())).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("`top` has no column severity, score"), "{error}");
    }
}

#[test]
fn the_schemas_find_what_breaks_them() {
    let broken =
        |schema: &'static str, value: Value| std::panic::catch_unwind(move || assert_valid(schema, &value)).is_err();
    assert!(broken(ALERTS, json!([{ "annotations": {} }])));
    assert!(broken(ALERTS, json!([{ "labels": { "alertname": "a" }, "startsAt": "yesterday" }])));
    let mut finding: Value = serde_json::from_str(text_of(&all(), Format::Ocsf).lines().next().unwrap()).unwrap();
    finding["severity_id"] = json!(7);
    assert!(broken(FINDING, finding));
}
