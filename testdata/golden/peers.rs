//! An independent engine, asked the same questions of the same files, gives the same rows, in every output format.
//!
//! Needs `../shared/tools/peers.py` and, in `OUTFLOW_PEERS_PYTHON`, a Python that has the engine (duckdb); says that it
//! is skipped where either is absent.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::flowgen::{self, Options};
use crate::program;

type Rows = BTreeSet<Vec<String>>;

/// A question as the engine names it, the flags that ask it here, and the columns that are compared.
struct Question {
    name: &'static str,
    flags: &'static str,
    columns: &'static [&'static str],
}

const QUESTIONS: [Question; 4] = [
    Question {
        name: "pairs",
        flags: "--by srcaddr,dstaddr --action all --top 100",
        columns: &["srcaddr", "dstaddr", "bytes", "packets", "flows"],
    },
    Question {
        name: "hours",
        flags: "--by eni,hour --action all --top all --sort key",
        columns: &["interface_id", "hour", "bytes"],
    },
    Question {
        name: "fanout",
        flags: "--by srcaddr --distinct dstaddr --sort distinct --action all --top 50",
        columns: &["srcaddr", "distinct"],
    },
    Question { name: "rejects", flags: "--by dstport --action reject --top 50", columns: &["dstport", "bytes"] },
];

/// Every format, on one set of logs; the first is enough for the others.
const VIEWS: [&str; 7] = ["csv", "tsv", "json", "ndjson", "md", "table", "parquet"];

#[test]
fn an_independent_engine_gives_the_same_rows_in_every_format() {
    let Some((python, script)) = engine() else {
        eprintln!("skipped: no ../shared/tools/peers.py, or OUTFLOW_PEERS_PYTHON names no Python");
        return;
    };
    for format in ["v2", "v5"] {
        let logs = tempfile::tempdir().expect("a scratch folder");
        let command = format!("--out logs --format {format} --records 30000 --seed 5 --per-file 5000");
        let mut options = Options::parse(program::words(&command).expect("quotes")).expect("flags of the generator");
        options.out = logs.path().to_owned();
        flowgen::run(&options).expect("logs are written");
        for question in &QUESTIONS {
            let theirs = ask(&python, &script, question, logs.path());
            assert!(theirs.len() > 10, "{}: the engine gives too few rows to compare", question.name);
            let views = if format == "v2" { &VIEWS[..] } else { &VIEWS[..1] };
            for view in views {
                let ours = answer(question, view, logs.path());
                let differs: Vec<_> = ours.symmetric_difference(&theirs).take(4).collect();
                assert!(differs.is_empty(), "{format} {} as {view}: {differs:?}", question.name);
            }
        }
    }
}

fn engine() -> Option<(PathBuf, PathBuf)> {
    let python = std::env::var_os("OUTFLOW_PEERS_PYTHON").map(PathBuf::from)?;
    let script = crate::root().join("../shared/tools/peers.py");
    (python.is_file() && script.is_file()).then_some((python, script))
}

/// The engine's rows; moments are Unix seconds.
fn ask(python: &Path, script: &Path, question: &Question, logs: &Path) -> Rows {
    let output = Command::new(python)
        .arg(script)
        .args(["--tool", "duckdb", "--query", question.name])
        .arg(logs)
        .output()
        .expect("the engine starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let row = |line: &str| line.split(',').zip(question.columns).map(|(cell, column)| settled(column, cell)).collect();
    text.lines().map(row).collect()
}

/// The program's rows in a format, without `(other)` and the total.
fn answer(question: &Question, view: &str, logs: &Path) -> Rows {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let out = scratch.path().join("answer");
    let mut words = program::words(&format!("top {} --units raw -q -o {view}", question.flags)).expect("quotes");
    words.extend(["--out".to_owned(), out.display().to_string(), ".".to_owned()]);
    let printed = program::run(&words, logs, b"").expect("the program runs");
    assert_eq!(printed.exit, "0", "{}", String::from_utf8_lossy(&printed.stderr));
    let bytes = std::fs::read(&out).expect("the answer is written");
    let (names, rows) = match view {
        "parquet" => parquet_rows(&out),
        "json" | "ndjson" => json_rows(&String::from_utf8(bytes).expect("text")),
        _ => text_rows(view, &String::from_utf8(bytes).expect("text")),
    };
    let places: Vec<_> = question
        .columns
        .iter()
        .map(|column| names.iter().position(|name| name == column).expect("the column"))
        .collect();
    let is_group = |row: &&Vec<String>| !row.iter().any(|cell| cell == "(other)" || cell == "total");
    let pick = |row: &Vec<String>| places.iter().map(|place| settled(&names[*place], &row[*place])).collect();
    rows.iter().filter(is_group).map(pick).collect()
}

/// A cell as the engine writes it: no separators in numbers, moments as Unix seconds, nothing for what is absent.
fn settled(column: &str, cell: &str) -> String {
    if column == "hour" && cell.contains('T') {
        let moment = outflow::units::time::parse_moment(cell, 0, outflow::units::time::Zone::default());
        return moment.expect("a moment").to_string();
    }
    if matches!(cell, "-" | "null") { String::new() } else { cell.replace(',', "") }
}

type Named = (Vec<String>, Vec<Vec<String>>);

fn text_rows(view: &str, text: &str) -> Named {
    let cells = |line: &str| -> Vec<String> {
        match view {
            "csv" => line.split(',').map(str::to_owned).collect(),
            "tsv" => line.split('\t').map(str::to_owned).collect(),
            "md" => line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\\', "")).collect(),
            _ => line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect(),
        }
    };
    let is_row = |line: &&str| match view {
        "md" => line.starts_with('|') && !line.contains("---"),
        _ => !line.is_empty() && !line.contains('─'),
    };
    let mut rows = text.lines().filter(is_row).map(cells);
    let names = rows.next().expect("a line of names");
    (names, rows.collect())
}

fn json_rows(text: &str) -> Named {
    let rows: Vec<serde_json::Value> = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(report) if report.get("tables").is_some() => report["tables"]["top"].as_array().expect("rows").clone(),
        _ => text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect(),
    };
    let names: Vec<_> = rows[0].as_object().expect("an object").keys().cloned().collect();
    let cell = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let rows = rows.iter().map(|row| names.iter().map(|name| cell(&row[name.as_str()])).collect()).collect();
    (names, rows)
}

fn parquet_rows(path: &Path) -> Named {
    let file = File::open(path).expect("the answer is there");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("Parquet");
    let batches: Vec<RecordBatch> = reader.map(|batch| batch.expect("a batch")).collect();
    let names = batches[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    let cell = |batch: &RecordBatch, column: usize, row: usize| -> String {
        let values = batch.column(column);
        if let Some(texts) = values.as_string_opt::<i32>() {
            return texts.value(row).to_owned();
        }
        if let Some(numbers) = values.as_primitive_opt::<Int64Type>() {
            return if values.is_null(row) { "(other)".to_owned() } else { numbers.value(row).to_string() };
        }
        let moments = values.as_primitive_opt::<arrow_array::types::TimestampMillisecondType>();
        moments.map_or_else(String::new, |moments| (moments.value(row) / 1000).to_string())
    };
    let row = |batch: &RecordBatch, row| (0..batch.num_columns()).map(|column| cell(batch, column, row)).collect();
    let rows =
        batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|place| row(batch, place)).collect::<Vec<_>>());
    (names, rows.collect())
}
