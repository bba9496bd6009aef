//! A root that reads ledgers of several processes produces the same bytes as one process, including standard error.

use std::fs;
use std::path::Path;

use crate::estate::generate;
use crate::program::{self, Printed};

const TABLES: &str =
    "--network tables/network.csv --network tables/aws --tags tables/tags.csv --ip-ranges tables/ip-ranges.json";
const LEAVES: usize = 8;

fn run(line: &str, folder: &Path) -> Printed {
    program::run(&program::words(line).expect("quotes"), folder, b"").expect("it runs")
}

/// What is said on standard error, without how long it took.
fn said(printed: &Printed) -> Vec<String> {
    let text = String::from_utf8_lossy(&printed.stderr).into_owned();
    text.lines().map(|line| line.split(" in ").next().unwrap_or(line).to_owned()).collect()
}

/// Plans a question, sums each unit in a process of its own, and answers from the ledgers.
fn split(question: &str, folder: &Path) -> Printed {
    let planned = run(&format!("plan --out split --units {LEAVES} -- {question}"), folder);
    assert_eq!(planned.exit, "0", "{question}: {}", String::from_utf8_lossy(&planned.stderr));
    assert!(planned.stdout.is_empty() && planned.stderr.is_empty());
    std::thread::scope(|scope| {
        for leaf in 0..LEAVES {
            scope.spawn(move || {
                // Half of them spill nearly everything.
                let memory = if leaf % 2 == 0 { "--memory 1MiB --jobs 1" } else { "--jobs 2" };
                let line = format!("leaf --plan split/plan.json split/unit-{leaf}.json --out split/{leaf} {memory}");
                let summed = run(&line, folder);
                assert_eq!(summed.exit, "0", "{line}: {}", String::from_utf8_lossy(&summed.stderr));
            });
        }
    });
    // In an order that is not the units'.
    let ledgers: Vec<_> = (0..LEAVES).map(|leaf| format!("split/{}", (leaf * 3 + 1) % LEAVES)).collect();
    run(&format!("root --plan split/plan.json {}", ledgers.join(" ")), folder)
}

fn assert_same(question: &str, folder: &Path) {
    let (one, several) = (run(question, folder), split(question, folder));
    assert_eq!(several.exit, one.exit, "{question}: {}", String::from_utf8_lossy(&several.stderr));
    assert!(one.stdout.len() > 200, "{question}: {}", String::from_utf8_lossy(&one.stderr));
    assert!(several.stdout == one.stdout, "{question}");
    let spilled = |line: &String| line.starts_with("spilled: ");
    let said = |printed| said(printed).into_iter().filter(|line| !spilled(line)).collect::<Vec<_>>();
    assert_eq!(said(&several), said(&one), "{question}");
}

#[test]
fn eight_processes_give_the_bytes_of_one() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path();
    generate(folder, "--seed 5 --days 2 --formats v5 --start 1790812800");
    for question in [
        format!("top logs-v5 --by src_team,dst_team,path --measures bytes,usd,seen --explain {TABLES} -o json"),
        "top logs-v5 --by src/24,dstport,flow_direction --distinct dst --no-dedup --top all -o csv".to_owned(),
        format!("cost logs-v5 --by team,src_region --where 'bytes > 1KiB' --explain {TABLES} -o ndjson"),
        format!("advise logs-v5 --all --top all --cloudfront-usd-per-gb 0.05 {TABLES} -o json"),
        format!("transfer logs-v5 --where 'src_team = web or bytes > 1MiB' --explain {TABLES} -o json"),
        format!("compare logs-v5 --from 2026-10-02 --to 2026-10-03 --against previous {TABLES} -o json"),
        format!("anomalies logs-v5 {TABLES} -o json"),
        format!("anomalies logs-v5 --signals {TABLES} -o json"),
    ] {
        assert_same(&question, folder);
    }
}

#[test]
fn damage_in_objects_is_reported_alike_and_in_one_order() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path();
    fs::create_dir(folder.join("logs")).expect("a folder");
    for place in 0..20 {
        let header = "version interface-id srcaddr dstaddr bytes packets start end action log-status";
        let line = format!("2 eni-{place} 10.0.0.{place} 10.9.9.9 {place}00 1 7000 7059 ACCEPT OK");
        let text = match place % 4 {
            0 => format!("{header}\n{line}\nsome \u{e4} prose\n"),
            1 => String::new(),
            2 => "no log at all\n".to_owned(),
            _ => format!("{header}\n{line}\n"),
        };
        fs::write(folder.join(format!("logs/{place}.log")), text).expect("it is written");
    }
    assert_same("top logs --by src --no-dedup -o json", folder);
    assert_same("cost logs --by src_interface -o json", folder);
}

#[test]
fn ledgers_that_do_not_belong_together_are_rejected() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let folder = scratch.path();
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/logs").display().to_string();
    let done = |line: &str| {
        let printed = run(line, folder);
        assert_eq!(printed.exit, "0", "{line}: {}", String::from_utf8_lossy(&printed.stderr));
    };
    let refused = |line: &str| {
        let printed = run(line, folder);
        assert_eq!((printed.exit.as_str(), printed.stdout.len()), ("1", 0), "{line}");
        String::from_utf8(printed.stderr).expect("text")
    };
    for name in ["one", "other"] {
        done(&format!("plan --out {name} -- top '{logs}' --by src"));
        done(&format!("leaf --plan {name}/plan.json {name}/unit-0.json --out {name}/ledger"));
    }
    done("root --plan one/plan.json one/ledger");
    let twice = refused("root --plan one/plan.json one/ledger one/ledger");
    assert!(twice.contains("is in two ledgers"), "{twice}");
    let foreign = refused("root --plan one/plan.json other/ledger");
    assert!(foreign.contains("other/ledger: the ledger cannot be read: it belongs to another plan"), "{foreign}");
    let bytes = fs::read(folder.join("one/ledger")).expect("a ledger");
    fs::write(folder.join("cut"), &bytes[..bytes.len() / 2]).expect("it is written");
    assert!(refused("root --plan one/plan.json cut").contains("cut: the ledger cannot be read"));
    let plan = fs::read_to_string(folder.join("one/plan.json")).expect("a plan");
    fs::write(folder.join("later.json"), plan.replace("\"version\": 1", "\"version\": 9")).expect("it is written");
    let later = refused("leaf --plan later.json one/unit-0.json --out none");
    assert!(later.contains("the plan has version 9; this outflow supports version 1"), "{later}");
    assert!(!folder.join("none").exists());
    let printed = run("plan --out none -- inspect x", folder);
    assert_eq!(printed.exit, "2");
}
