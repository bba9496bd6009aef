//! Each object counts once, however often it is there: copies, other forms of it, and what outflow made of it.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::program::{self, Printed};
use crate::store::Held;
use crate::{s3, testdata};

const TOP: &str = "top --by dstport --top all -o csv";
const NAME: &str = "111122223333_vpcflowlogs_eu-west-1_fl-0a1b2c3d_20261001T1200Z_fe123456.log";

fn run(folder: &Path, line: &str) -> Printed {
    program::run(&program::words(line).expect("quotes"), folder, b"").expect("the program runs")
}

fn said(printed: &Printed) -> String {
    String::from_utf8_lossy(&printed.stderr).into_owned()
}

/// The data of a run that ends well.
fn data(folder: &Path, line: &str) -> String {
    let printed = run(folder, line);
    assert_eq!(printed.exit, "0", "{line}: {}", said(&printed));
    String::from_utf8_lossy(&printed.stdout).into_owned()
}

/// Lines of a log, of so many records.
fn log(records: u32) -> String {
    let header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n";
    let record = |number: u32| {
        format!(
            "2 111122223333 eni-0a 10.0.0.{} 203.0.113.9 40000 {} 6 9 {number} 1790856000 1790856059 ACCEPT OK\n",
            number % 250,
            number % 7
        )
    };
    header.to_owned() + &(0..records).map(record).collect::<String>()
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::create_dir(folder.path().join("logs")).expect("a folder");
    fs::write(folder.path().join("logs/a.log"), log(500)).expect("a file");
    folder
}

#[test]
fn every_command_counts_copies_once_and_says_which_were_left_out() {
    let folder = folder();
    let folder = folder.path();
    let questions = [
        TOP.to_owned() + " logs",
        "top --no-dedup --by src logs".to_owned(),
        "cost logs --by charge -o csv".to_owned(),
        "transfer logs -o json".to_owned(),
        "pivot logs --rows src --columns dstport".to_owned(),
        "flows logs -o csv".to_owned(),
        "flows logs --sort bytes --limit 3 -o csv".to_owned(),
        "sql 'select sum(bytes) from flows' logs".to_owned(),
        "sql 'select sum(bytes) from traffic' logs".to_owned(),
        "inspect logs -o csv".to_owned(),
        "top logs --dry-run -o csv".to_owned(),
    ];
    let before: Vec<String> =
        questions.iter().map(|line| String::from_utf8_lossy(&run(folder, line).stdout).into()).collect();
    fs::copy(folder.join("logs/a.log"), folder.join("logs/b.txt")).expect("a copy");
    let note = "note: skipped: 1 copy: logs/b.txt has the content of logs/a.log; --count-copies counts them too";
    for (line, before) in questions.iter().zip(before) {
        let printed = run(folder, line);
        if !line.contains("json") {
            assert_eq!(String::from_utf8_lossy(&printed.stdout), before, "{line}");
        }
        assert!(said(&printed).contains(note), "{line}: {}", said(&printed));
        let twice = run(folder, &format!("{line} --count-copies"));
        assert!(!said(&twice).contains("skipped"), "{line}: {}", said(&twice));
        assert_ne!(String::from_utf8_lossy(&twice.stdout), before, "{line} --count-copies");
    }
}

#[test]
fn one_object_in_three_forms_is_one_object() {
    let folder = folder();
    let folder = folder.path();
    fs::rename(folder.join("logs/a.log"), folder.join("logs").join(NAME)).expect("a file");
    let before = data(folder, &format!("{TOP} logs"));
    let parquet = NAME.replace(".log", ".parquet");
    data(folder, &format!("flows logs --columns all --out {parquet}"));
    fs::create_dir(folder.join("logs/b")).expect("a folder");
    fs::rename(folder.join(&parquet), folder.join("logs/b").join(&parquet)).expect("a file");
    assert_eq!(data(folder, &format!("{TOP} logs")), before);
    // The text wins wherever it is: what outflow made of it would be left out.
    fs::rename(folder.join("logs").join(NAME), folder.join("logs/b").join(NAME)).expect("a file");
    fs::rename(folder.join("logs/b").join(&parquet), folder.join("logs").join(&parquet)).expect("a file");
    assert_eq!(data(folder, &format!("{TOP} logs")), before);
}

#[test]
fn outputs_are_no_inputs_unless_they_are_named_or_asked_for() {
    let folder = folder();
    let folder = folder.path();
    let before = data(folder, &format!("{TOP} logs"));
    // Twice: the output of the first run is no input of the second, so it may be overwritten.
    for _ in 0..2 {
        data(folder, "flows logs --columns all --out logs/x.parquet");
    }
    data(folder, "top logs --out logs/top.parquet");
    data(folder, "flows logs --columns srcaddr,dstaddr,dstport,bytes,packets --out logs/x.tsv");
    let printed = run(folder, &format!("{TOP} logs"));
    assert_eq!((printed.exit.as_str(), String::from_utf8_lossy(&printed.stdout).as_ref()), ("0", before.as_str()));
    assert!(
        said(&printed).contains("note: skipped: 3 outputs of outflow itself: logs/top.parquet, …; name"),
        "{}",
        said(&printed)
    );
    let inspected = data(folder, "inspect logs -o csv");
    assert!(inspected.contains("logs/x.tsv,\"outflow output, skipped\","), "{inspected}");
    // Texts of one column, and tables for people, could pass for logs.
    for (columns, format) in [("bytes", "csv"), ("bytes", "tsv"), ("srcaddr", "table"), ("srcaddr,bytes", "table")] {
        data(folder, &format!("flows logs/a.log --columns {columns} -o {format} --out logs/y.{format}"));
        let printed = run(folder, &format!("{TOP} logs"));
        let read = String::from_utf8_lossy(&printed.stdout).into_owned();
        assert_eq!((printed.exit.as_str(), read), ("0", before.clone()), "{columns} {format}");
        assert!(said(&printed).contains("note: skipped: 4 outputs of outflow itself"), "{}", said(&printed));
        fs::remove_file(folder.join(format!("logs/y.{format}"))).expect("a file");
    }
    assert_eq!(data(folder, "flows logs --columns all -o csv"), data(folder, "flows logs/a.log --columns all -o csv"));

    assert_eq!(data(folder, &format!("{TOP} logs/x.parquet")), before, "a conversion that is named is read");
    let piped = fs::read(folder.join("logs/x.parquet")).expect("a file");
    let piped = program::run(&program::words(&format!("{TOP} -")).expect("quotes"), folder, &piped).expect("it runs");
    assert_eq!(String::from_utf8_lossy(&piped.stdout), before, "and one on standard input");
    let both = run(folder, &format!("{TOP} logs/a.log logs/x.parquet"));
    assert!(
        said(&both).contains("warning: logs/x.parquet: an output of outflow, read beside other logs"),
        "{}",
        said(&both)
    );
    assert_ne!(String::from_utf8_lossy(&both.stdout), before);
    let refused = run(folder, "flows logs/x.parquet --out logs/x.parquet");
    assert_eq!(refused.exit, "2", "{}", said(&refused));
}

#[test]
fn a_folder_of_outputs_alone_is_an_incomplete_answer() {
    let folder = folder();
    let folder = folder.path();
    fs::create_dir(folder.join("out")).expect("a folder");
    data(folder, "flows logs --out out/x.parquet");
    let printed = run(folder, &format!("{TOP} out"));
    assert_eq!(printed.exit, "3");
    assert!(
        said(&printed).contains("warning: skipped: 1 output of outflow itself: out/x.parquet; name"),
        "{}",
        said(&printed)
    );
    assert_eq!(data(folder, &format!("{TOP} out --count-copies")), data(folder, &format!("{TOP} logs")));
}

#[test]
fn processes_agree_on_copies_and_outputs() {
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("logs/c.log"), log(300)).expect("a file");
    fs::copy(folder.join("logs/a.log"), folder.join("logs/b.log")).expect("a copy");
    data(folder, "flows logs --out logs/x.parquet");
    for flag in ["", " --count-copies"] {
        let question = format!("{TOP} logs{flag}");
        let one = run(folder, &question);
        data(folder, &format!("plan --out split --units 2 -- {question}"));
        for unit in 0..2 {
            data(folder, &format!("leaf --plan split/plan.json split/unit-{unit}.json --out split/{unit}"));
        }
        let several = run(folder, "root --plan split/plan.json split/1 split/0");
        let without_time = |printed: &Printed| said(printed).lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!((&several.stdout, without_time(&several)), (&one.stdout, without_time(&one)), "{question}");
        assert_eq!(without_time(&one).iter().any(|line| line.contains("skipped: 1 copy: logs/b.log")), flag.is_empty());
    }
}

#[test]
fn ledgers_are_no_logs() {
    let folder = folder();
    let folder = folder.path();
    let before = data(folder, &format!("{TOP} logs"));
    data(folder, "plan --out split -- top logs");
    data(folder, "leaf --plan split/plan.json split/unit-0.json --out logs/ledger");
    let printed = run(folder, &format!("{TOP} logs"));
    assert_eq!((printed.exit.as_str(), String::from_utf8_lossy(&printed.stdout).as_ref()), ("0", before.as_str()));
    assert!(said(&printed).contains("1 output of outflow itself: logs/ledger"), "{}", said(&printed));
}

#[test]
fn objects_of_a_store_are_known_by_name_and_digest() {
    let server = s3::server_of_logs();
    let environment = s3::environment(&server);
    let ask = |line: &str| {
        program::run_with(&program::words(line).expect("quotes"), &testdata(), b"", &environment).expect("it runs")
    };
    let before = ask(&format!("{TOP} s3://logs/AWSLogs/"));
    let local = testdata().join("logs");
    for entry in
        walkdir::WalkDir::new(&local).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file())
    {
        let key = entry.path().strip_prefix(&local).expect("below").to_string_lossy().into_owned();
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = fs::read(entry.path()).expect("the shipped logs");
        server.store.put(format!("AWSLogs/replica/{name}"), Held::Bytes(bytes.into()));
        server.store.copy(&key, format!("AWSLogs/renamed/old-{name}"));
    }
    let after = ask(&format!("{TOP} s3://logs/AWSLogs/"));
    assert_eq!(String::from_utf8_lossy(&after.stdout), String::from_utf8_lossy(&before.stdout), "{}", said(&after));
    assert!(said(&after).contains("copies: s3://logs/AWSLogs/"), "{}", said(&after));
    let mixed = ask(&format!("{TOP} s3://logs/AWSLogs/ logs"));
    assert_eq!(mixed.stdout, before.stdout, "a copy on this machine: {}", said(&mixed));
    let all = ask(&format!("{TOP} s3://logs/AWSLogs/ --count-copies"));
    assert_ne!(all.stdout, before.stdout);
}

#[test]
fn a_misspelt_field_is_a_warning_and_a_new_one_a_note() {
    let folder = folder();
    let folder = folder.path();
    fs::write(
        folder.join("logs/a.log"),
        log(5)
            .replace(" bytes ", " byts ")
            .replace("log-status", "log-status quantum-leap")
            .replace(" OK\n", " OK 1\n"),
    )
    .expect("a file");
    for question in
        ["top", "cost", "transfer", "flows", "inspect", "pivot --rows src --columns dst", "sql 'select 1 from flows'"]
    {
        let printed = run(folder, &format!("{question} logs"));
        let said = said(&printed);
        assert!(
            said.contains("warning: unknown fields are ignored: byts (1 object, did you mean bytes?)\n"),
            "{question}: {said}"
        );
        assert!(said.contains("note: unknown fields are ignored: quantum-leap (1 object)\n"), "{question}: {said}");
    }
}
