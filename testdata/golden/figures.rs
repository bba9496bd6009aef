//! Figures as programs and people take them: columns that do not come and go, numbers that can be summed, days of a zone,
//! and files that are not lost to an answer.

use std::fs;
use std::path::Path;

use crate::program::{self, Printed};
use crate::root;

fn run(folder: &Path, line: &str) -> Printed {
    program::run(&program::words(line).expect("quotes"), folder, b"").expect("the program runs")
}

/// The answer of a run that ends well.
fn answer(line: &str) -> String {
    let printed = run(root(), line);
    assert_eq!(printed.exit, "0", "{line}: {}", String::from_utf8_lossy(&printed.stderr));
    String::from_utf8_lossy(&printed.stdout).into_owned()
}

fn header(line: &str) -> String {
    answer(line).lines().next().unwrap_or_default().to_owned()
}

const PRICED: &str = "testdata/cases/compare-periods/shop.log";

#[test]
fn columns_and_tables_of_data_depend_on_flags_alone() {
    // Nothing of the first window is unpriced; of the second there is nothing at all.
    for command in ["cost", "top --by src --measures bytes,usd", "cost --by src --previous"] {
        let of = |window: &str| header(&format!("{command} {PRICED} {window} -o csv"));
        let some = of("--from 2026-10-01 --to 2026-10-02");
        assert!(some.contains("unpriced_bytes"), "{command}: {some}");
        assert_eq!(some, of("--from 2026-01-01 --to 2026-01-02"), "{command}");
    }
    for command in ["cost", "transfer", "compare --from 2026-10-03 --to 2026-10-04"] {
        assert_eq!(
            header(&format!("{command} {PRICED} --table unpriced -o csv")),
            "charge,from,to,reason,unpriced_bytes"
        );
    }
}

#[test]
fn money_is_a_number_without_zeros_at_its_end() {
    let rows = answer(&format!("cost {PRICED} --by day -o ndjson"));
    for line in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(row["usd"].is_number() && row["gb"].is_number(), "{line}");
        assert!(
            row["day"].is_null()
                || row["day"]
                    .as_str()
                    .is_some_and(|day| ["(free)", "2026-10-01", "2026-10-02", "2026-10-03"].contains(&day)),
            "{line}"
        );
    }
    let csv = answer(&format!("cost {PRICED} --by day -o csv"));
    let decimals = csv.split([',', '\n']).filter_map(|cell| cell.split_once('.'));
    for (_, decimals) in decimals {
        assert!(decimals.len() <= 18, "{decimals}");
    }
    assert!(csv.contains("\n2026-10-01,"), "{csv}");
}

#[test]
fn days_are_of_the_zone_and_months_of_the_bill_stay() {
    let days = |flags: &str| -> Vec<String> {
        let rows = answer(&format!("top {PRICED} --by day --sort key --top all {flags} -o csv"));
        rows.lines().skip(1).filter_map(|row| row.split(',').nth(1).map(str::to_owned)).collect()
    };
    let window = "--tz America/New_York --from 2026-10-02 --to 2026-10-04";
    assert_eq!(days(window), ["2026-10-02", "2026-10-03"]);
    assert_eq!(days(&format!("{window} --no-dedup")), ["2026-10-02", "2026-10-03"]);
    assert_eq!(days("--tz UTC --from 2026-10-02 --to 2026-10-04"), ["2026-10-02", "2026-10-03"]);
    let total = |by: &str, tz: &str| {
        let json = answer(&format!("cost {PRICED} --by {by} --tz {tz} -o json"));
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        json["totals"]["cost"]["usd"].to_string()
    };
    assert_eq!(total("day", "America/New_York"), total("payer_account", "UTC"));
    let printed = run(root(), &format!("cost {PRICED} --by day --tz Asia/Kolkata"));
    assert!(printed.exit == "2" && String::from_utf8_lossy(&printed.stderr).contains("whole hours"));
}

#[test]
fn the_largest_records_are_those_of_all_and_ties_stay_in_order() {
    let bytes =
        |line: &str| -> Vec<u64> { answer(line).lines().skip(1).map(|row| row.parse().expect("a number")).collect() };
    let mut all = bytes("flows testdata/logs --columns bytes --where 'bytes is present' -o csv");
    all.sort_unstable_by(|one, other| other.cmp(one));
    for jobs in [1, 4] {
        let five = bytes(&format!("flows testdata/logs --columns bytes --sort bytes --limit 5 --jobs {jobs} -o csv"));
        assert_eq!(five, all[..5], "{jobs} threads");
    }
    let tied = |jobs: u8| {
        answer(&format!("flows testdata/logs --where 'protocol = 17' --sort protocol --limit 40 --jobs {jobs} -o csv"))
    };
    assert_eq!(tied(1), tied(3));
    let first = answer("flows testdata/logs --where 'protocol = 17' --limit 40 -o csv");
    assert_eq!(tied(2), first, "of one value the first records");
}

#[test]
fn no_input_and_no_other_output_is_written_over() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("logs")).expect("a folder");
    fs::copy(root().join(PRICED), at("logs/a.log")).expect("a file");
    fs::hard_link(at("logs/a.log"), at("hard.csv")).expect("a link");
    let before = fs::read(at("logs/a.log")).expect("a file");
    for (line, part) in [
        ("top logs/a.log --out logs/a.log -o csv", "is one of the inputs"),
        ("top logs --out logs/a.log -o csv", "is one of the inputs"),
        ("top logs/*.log --out ./logs/../logs/a.log -o csv", "is one of the inputs"),
        ("flows logs/a.log --out hard.csv", "is one of the inputs"),
        ("top logs/a.log --malformed-out logs/a.log", "is one of the inputs"),
        ("top logs/a.log --out new.csv --malformed-out ./new.csv", "writes to the same file"),
        ("anomalies logs/a.log --out s.json --state s.json", "writes to the same file"),
    ] {
        let printed = run(folder.path(), line);
        let said = String::from_utf8_lossy(&printed.stderr).into_owned();
        assert!(printed.exit == "2" && said.contains(part), "{line}: {} {said}", printed.exit);
    }
    assert_eq!(fs::read(at("logs/a.log")).expect("a file"), before);
    #[cfg(unix)]
    {
        let made = std::process::Command::new("mkfifo").arg(at("fifo")).status();
        assert!(made.expect("mkfifo is there").success());
        let printed = run(folder.path(), "anomalies logs/a.log --state fifo");
        assert_eq!(printed.exit, "2", "{}", String::from_utf8_lossy(&printed.stderr));
    }
    assert_eq!(run(folder.path(), "top logs/a.log --out top.csv").exit, "0");
    assert_eq!(run(folder.path(), "top logs/a.log --out top.csv").exit, "0", "an answer may be replaced");
}
