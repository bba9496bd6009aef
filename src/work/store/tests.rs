//! A store answers as the logs that it was made of.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::collect::{Limits, S3Options};
use crate::decode::{Dictionary, Flows, Values};
use crate::group::wire::blocks;
use crate::group::{ActionFilter, Overflow, SHARDS};
use crate::schema::Column;
use crate::units::time::{Window, Zone};
use crate::work::{Job, Ledger, Local as Here, Machine, Needs, Plan, Progress, TemporaryFile};

const LOGS: [&str; 4] = ["testdata/logs", "testdata/logs-v5", "testdata/logs-v11", "testdata/logs-v5-parquet"];

fn job(input: &Path) -> Job {
    Job {
        inputs: vec![input.display().to_string()],
        accounts: Vec::new(),
        regions: Vec::new(),
        window: Window::default(),
        gap: None,
        filter: None,
        format: None,
        action_filter: ActionFilter::Accept,
        seed: 7,
        now: 1_796_000_000,
        zone: Zone::default(),
        jobs: 2,
        overflow: Some(Overflow::new(1 << 30, Arc::new(TemporaryFile::new(std::env::temp_dir())))),
        keep_malformed: false,
        copies: false,
        max_malformed: 0,
        strict: false,
        max_age_seconds: None,
        limits: Limits::default(),
        s3: S3Options::default(),
        leaves: Arc::new(Here),
    }
}

fn ingested(logs: &Path, store: &Path) {
    let question = IngestQuestion { store: store.display().to_string(), look_back_seconds: None, shard: None };
    ingest(&job(logs), &question, &Progress::default()).unwrap();
}

/// What the join is given.
fn ledger(job: &Job) -> Ledger {
    let needs =
        Needs { spec: crate::join::spec(&[Column::Port, Column::ServiceSide], true), rejected: true, interfaces: true };
    let (threads, progress) = (job.threads().unwrap(), Progress::default());
    let machine = Machine { threads: &threads, overflow: job.overflow.clone(), progress: &progress };
    job.leaves.ledger(job, &Plan::new(job, needs), &machine).unwrap()
}

fn shown(values: &Values, row: usize, names: &Dictionary) -> String {
    match values {
        Values::Text(codes) => names.display(codes[row]).into_owned(),
        Values::Address(values) => format!("{:x}", values[row]),
        Values::Big(values) => values[row].to_string(),
        Values::Small(values) | Values::Time(values) => values[row].to_string(),
    }
}

/// The facts as texts, sorted.
fn facts(ledger: &Ledger) -> Vec<String> {
    let mut rows = Vec::new();
    let mut keep = |flows: &Flows, names: &Dictionary| {
        for row in 0..flows.rows() {
            let columns = flows.columns().iter();
            let cells = columns.map(|(column, values)| format!("{}={}", column.name(), shown(values, row, names)));
            rows.push(cells.collect::<Vec<_>>().join(" "));
        }
        Ok(())
    };
    blocks(&ledger.sums, 0..SHARDS, &mut keep).unwrap();
    rows.sort();
    rows
}

#[test]
fn a_store_knows_of_any_window_what_a_scan_of_the_logs_knows() {
    for logs in LOGS.map(Path::new) {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        ingested(logs, &store);
        let newest = Store::open(&store.display().to_string(), &S3Options::default())
            .unwrap()
            .unwrap()
            .objects(&|_| true)
            .unwrap();
        let last = newest.iter().filter_map(|object| object.starts).map(|(_, last)| last).max().unwrap();
        let hour = last / 3600 * 3600;
        let windows =
            [(None, None), (Some(hour - 7 * 3600), Some(hour)), (Some(hour), None), (Some(hour + 7200), None)];
        for (from, to) in windows {
            let [direct, stored] =
                [logs, &store].map(|input| ledger(&Job { window: Window { from, to }, ..job(input) }));
            assert_eq!(direct.read.account, stored.read.account, "{} {from:?}", logs.display());
            assert_eq!(direct.read.objects, stored.read.objects);
            assert_eq!(direct.read.pruned, stored.read.pruned);
            assert!(direct.interfaces == stored.interfaces, "{} {from:?}", logs.display());
            let [direct, stored] = [&direct, &stored].map(facts);
            assert_eq!(direct.len(), stored.len());
            assert_eq!(direct.iter().zip(&stored).find(|(one, other)| one != other), None);
        }
    }
}
