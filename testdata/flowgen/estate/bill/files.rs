//! The bill's files: in each form a month's folders, data and manifest as AWS delivers them to a bucket.
//!
//! The legacy report keeps versions: beside the current one lies an older, of half the month, which no manifest of the
//! month's folder names.

use std::fs;
use std::path::Path;

use chrono::DateTime;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::form::{Column, Row, csv, message, parquet};
use super::lines::{Kind, Line, Month};
use super::meters::HUB;
use super::{cur, focus};
use crate::flowgen::estate::BILL;
use crate::flowgen::estate::options::Options;
use crate::flowgen::estate::tables::put;
use crate::flowgen::random::Random;

const BUCKET: &str = "estate-billing";
/// The name of every export and report.
const NAME: &str = "estate";
/// Lines of a file; AWS too divides large months.
const FILE_LINES: usize = 100_000;
/// Streams of random numbers for the ids of deliveries.
const DELIVERY: u64 = BILL + (4 << 32);

/// How a form is written.
#[derive(Clone, Copy)]
enum Form {
    /// A data export: its folder, what a month's folder is called, whether it is Parquet.
    Export(&'static str, &'static str, bool, fn() -> Vec<Column>),
    Legacy,
}

const FORMS: [Form; 6] = [
    Form::Export("cur2-csv", "BILLING_PERIOD", false, cur::columns),
    Form::Export("cur2-parquet", "BILLING_PERIOD", true, cur::columns),
    Form::Legacy,
    Form::Export("focus-1.0", "billing_period", false, || focus::columns(focus::V1_0)),
    Form::Export("focus-1.2", "billing_period", false, || focus::columns(focus::V1_2)),
    Form::Export("focus-1.4", "billing_period", false, || focus::columns(focus::V1_4)),
];

/// Writes all forms of all months.
pub(super) fn write(options: &Options, months: &[Month]) -> Result<(), String> {
    let folder = options.out.join("bill");
    let all: Vec<(Form, &Month)> =
        FORMS.iter().flat_map(|form| months.iter().map(move |month| (*form, month))).collect();
    all.into_par_iter().enumerate().try_for_each(|(number, (form, month))| {
        let mut random = Random::new(options.seed, DELIVERY + number as u64);
        match form {
            Form::Export(name, period, is_parquet, columns) => {
                let export = Export { folder: &folder, name, period, is_parquet, columns: columns() };
                export.write(month, options.gz_level, &mut random)
            }
            Form::Legacy => legacy(&folder, month, options.gz_level, &mut random),
        }
    })
}

/// A data export.
struct Export<'o> {
    folder: &'o Path,
    name: &'static str,
    period: &'static str,
    is_parquet: bool,
    columns: Vec<Column>,
}

impl Export<'_> {
    fn write(&self, month: &Month, level: u32, random: &mut Random) -> Result<(), String> {
        let rows = rows(month, |_| true);
        let period = format!("{}={}", self.period, stamp(month.start, "%Y-%m"));
        let ending = if self.is_parquet { "snappy.parquet" } else { "csv.gz" };
        let mut files = Vec::new();
        for (part, rows) in rows.chunks(FILE_LINES).enumerate() {
            let key = format!("{}/{NAME}/data/{period}/{NAME}-{:05}.{ending}", self.name, part + 1);
            // FOCUS has times to the second, CUR 2.0 fractions of it.
            let zone = if self.period == "BILLING_PERIOD" { ".000Z" } else { "Z" };
            let bytes = match self.is_parquet {
                true => parquet(&self.columns, rows)?,
                false => csv(&self.columns, rows, level, zone)?,
            };
            keep(self.folder, &key, &bytes)?;
            files.push(format!("s3://{BUCKET}/{key}"));
        }
        let columns: Vec<Value> =
            self.columns.iter().map(|column| json!({ "name": column.name, "type": column.of.name() })).collect();
        let manifest = json!({
            "additionalOutputFiles": [],
            "columns": columns,
            "dataFiles": files,
            "executionId": uuid(random),
            "exportArn": format!("arn:aws:bcm-data-exports:us-east-1:{HUB}:export/{NAME}-{}", uuid(random)),
        });
        let path = format!("{}/{NAME}/metadata/{period}", self.name);
        put(&self.folder.join(path), &format!("{NAME}-Manifest.json"), &format!("{manifest:#}\n"))
    }
}

/// The legacy report, in a version of some days before and the current one.
fn legacy(folder: &Path, month: &Month, level: u32, random: &mut Random) -> Result<(), String> {
    let columns = cur::legacy_columns();
    let range = format!("{}-{}", stamp(month.start, "%Y%m%d"), stamp(month.end, "%Y%m%d"));
    let usage = || month.lines.iter().filter(|line| line.kind == Kind::Usage).map(|line| line.start);
    let (first, last) = (usage().min().unwrap_or(month.start), usage().max().unwrap_or(month.start));
    let half = first + (last - first) / 2;
    let home = format!("legacy-csv/{NAME}/{range}");
    for is_current in [false, true] {
        let assembly = uuid(random);
        let rows = rows(month, |line| is_current || line.kind == Kind::Usage && line.start < half);
        let mut keys = Vec::new();
        for (part, rows) in rows.chunks(FILE_LINES).enumerate() {
            let key = format!("{home}/{assembly}/{NAME}-{}.csv.gz", part + 1);
            keep(folder, &key, &csv(&columns, rows, level, "Z")?)?;
            keys.push(key);
        }
        let column = |column: &Column| {
            let (category, name) = column.name.split_once('/').unwrap_or(("", column.name));
            json!({ "category": category, "name": name })
        };
        let manifest = json!({
            "assemblyId": assembly,
            "account": HUB,
            "columns": columns.iter().map(column).collect::<Vec<_>>(),
            "charset": "UTF-8",
            "compression": "GZIP",
            "contentType": "text/csv",
            "reportId": uuid(random),
            "reportName": NAME,
            "billingPeriod": {
                "start": stamp(month.start, "%Y%m%dT%H%M%S.000Z"), "end": stamp(month.end, "%Y%m%dT%H%M%S.000Z"),
            },
            "bucket": BUCKET,
            "reportKeys": keys,
            "additionalArtifactKeys": [],
        });
        let text = format!("{manifest:#}\n");
        let name = format!("{NAME}-Manifest.json");
        put(&folder.join(&home).join(&assembly), &name, &text)?;
        if is_current {
            put(&folder.join(&home), &name, &text)?;
        }
    }
    Ok(())
}

fn rows(month: &Month, wanted: impl Fn(&Line) -> bool) -> Vec<Row<'_>> {
    let numbered = month.lines.iter().enumerate().filter(|(_, line)| wanted(line));
    numbered.map(|(number, line)| Row { line, month, number }).collect()
}

fn keep(folder: &Path, key: &str, bytes: &[u8]) -> Result<(), String> {
    let path = folder.join(key);
    fs::create_dir_all(path.parent().unwrap_or(folder)).and_then(|()| fs::write(&path, bytes)).map_err(message)
}

fn stamp(moment: u32, form: &str) -> String {
    DateTime::from_timestamp(moment.into(), 0).unwrap_or_default().format(form).to_string()
}

fn uuid(random: &mut Random) -> String {
    [8, 4, 4, 4, 12].map(|digits| random.hex(digits)).join("-")
}
