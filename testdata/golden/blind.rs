//! What was not looked at is said: by an exit code where a command judges, by a warning where a table joins nothing.

use std::fmt::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::program::{self, Printed};

const HOUR: u64 = 3600;

#[expect(clippy::disallowed_methods, reason = "what is stale is so by the clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

/// The hour that has begun, `ago` hours ago.
fn hour(ago: u64) -> u64 {
    now() / HOUR * HOUR - ago * HOUR
}

/// A folder with a log of one interface that has traffic in each of these hours, counted back from the current one.
fn logs(hours: impl Iterator<Item = u64>) -> TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut text =
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action \
                    log-status\n"
            .to_owned();
    for start in hours.map(hour) {
        for minute in [0, 10, 20, 30, 40, 50] {
            let (from, to) = (start + minute * 60 + 30, start + minute * 60 + 590);
            let line = format!("2 111122223333 eni-0a 10.0.0.4 203.0.113.9 40000 443 6 9 900000 {from} {to} ACCEPT OK");
            writeln!(text, "{line}").expect("a text");
        }
    }
    put(folder.path(), "stale.log", &text);
    folder
}

fn put(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a file");
}

fn run(folder: &Path, line: &str) -> Printed {
    program::run(&program::words(line).expect("quotes"), folder, b"").expect("the program runs")
}

fn said(printed: &Printed) -> String {
    String::from_utf8_lossy(&printed.stderr).into_owned()
}

/// Fails unless the run ends as incomplete and says so in a warning with this part.
fn is_incomplete(folder: &Path, line: &str, part: &str) {
    let printed = run(folder, line);
    let said = said(&printed);
    let told = said.lines().any(|line| line.starts_with("warning: ") && line.contains(part));
    assert!(printed.exit == "3" && told, "{line}: {} {said}", printed.exit);
}

fn is_complete(folder: &Path, line: &str) {
    let printed = run(folder, line);
    assert!(printed.exit == "0", "{line}: {} {}", printed.exit, said(&printed));
}

#[test]
fn a_judgement_on_logs_that_ended_before_the_window_is_incomplete() {
    let folder = logs((5 * 24..13 * 24).rev());
    let folder = folder.path();
    let ended = "no hour of the window was judged: the logs end at ";
    for line in [
        "anomalies stale.log --last 3h --fail-on low --quiet -o alertmanager",
        "anomalies stale.log --last 3h --quiet -o csv",
        "anomalies stale.log --signals --last 3h --quiet -o csv",
    ] {
        is_incomplete(folder, line, ended);
    }
    is_incomplete(folder, "compare stale.log --last 3h --quiet -o csv", "no hour of the current period was judged");
    // An empty window of a command that does not judge is an answer.
    is_complete(folder, "top stale.log --last 3h -o csv");
    is_complete(folder, "cost stale.log --last 3h -o csv");
    is_complete(folder, "anomalies stale.log -o csv");
}

#[test]
fn a_judgement_without_data_or_with_masked_hours_or_without_history_is_incomplete() {
    let empty = logs(0..0);
    for line in ["anomalies", "anomalies --signals", "anomalies --last 3h"] {
        is_incomplete(
            empty.path(),
            &format!("{line} stale.log --quiet -o csv"),
            "was judged: the logs hold no records",
        );
    }
    let gaps = logs((1..9 * 24).rev().filter(|ago| !(20..24).contains(ago)));
    let masked = "4 of ";
    is_incomplete(gaps.path(), "anomalies stale.log --last 2d --quiet -o csv", masked);
    is_incomplete(gaps.path(), "anomalies stale.log --signals --last 2d --quiet -o csv", masked);
    is_incomplete(gaps.path(), "compare stale.log --last 2d --quiet -o csv", masked);
    let young = logs((2..30).rev());
    is_incomplete(young.path(), "anomalies stale.log --quiet -o csv", "the detector needs 3 days of history");
    is_incomplete(young.path(), "anomalies stale.log --last 6h --quiet -o csv", "3 days of history");
}

/// Records of an account, an hour each.
fn records(account: &str, hours: impl Iterator<Item = u64>) -> String {
    let mut text = String::new();
    for start in hours.map(hour) {
        for minute in [0, 10, 20, 30, 40, 50] {
            let (from, to) = (start + minute * 60 + 30, start + minute * 60 + 590);
            let line =
                format!("2 {account} eni-{account} 10.0.0.5 203.0.113.9 40000 443 6 9 900000 {from} {to} ACCEPT OK");
            writeln!(text, "{line}").expect("a text");
        }
    }
    text
}

#[test]
fn one_account_that_is_silent_while_others_go_on_is_named() {
    let folder = logs((1..9 * 24).rev());
    let folder = folder.path();
    put(folder, "other.log", &records("444455556666", (1..9 * 24).rev().filter(|ago| !(20..26).contains(ago))));
    let silent = "no records at all while others go on, of 444455556666: 6 hours from ";
    for line in ["anomalies --last 2d", "anomalies --signals --last 2d", "compare --last 2d", "anomalies"] {
        is_incomplete(folder, &format!("{line} stale.log other.log --quiet -o csv"), silent);
    }
    for line in ["inspect", "cost", "top", "transfer", "pivot", "sql 'select sum(bytes) from traffic'"] {
        warns(folder, &format!("{line} stale.log other.log -o csv"), silent);
        is_incomplete(folder, &format!("{line} stale.log other.log -o csv --strict"), silent);
    }
    // What is not asked for need not be there.
    is_complete(folder, "anomalies stale.log other.log --last 12h --quiet -o csv");
    has_no_warning(folder, "cost stale.log other.log --last 12h -o csv");
    has_no_warning(folder, "cost other.log -o csv");
}

#[test]
fn days_of_a_window_that_the_logs_do_not_cover_are_named() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let folder = folder.path();
    let day = |day: u64| 1_727_740_800 + (day - 1) * 24 * HOUR;
    let mut text = String::new();
    let whole =
        (3..=30).filter(|date| ![11, 12, 20].contains(date)).flat_map(|date| (0..24).map(move |hour| (date, hour)));
    for (date, hour) in whole.filter(|of| ![(15, 7), (15, 8)].contains(of)) {
        let start = day(date) + hour * HOUR + 60;
        let line = format!(
            "2 111122223333 eni-0a 10.0.0.4 203.0.113.9 40000 443 6 9 900000 {start} {} ACCEPT OK",
            start + 590
        );
        writeln!(text, "{line}").expect("a text");
    }
    put(folder, "month.log", &text);
    let lacks = "146 of 744 full hours of the window are missing from the logs and the sums: 2024-10-01 to 2024-10-02, \
                 2024-10-11 to 2024-10-12, 2024-10-15T07:00:00Z to 2024-10-15T09:00:00Z, 2024-10-20, 2024-10-31";
    for line in ["cost", "top", "transfer", "pivot", "top --where 'dstport = 22'", "sql 'select sum(usd) from charges'"]
    {
        let asked = format!("{line} month.log --month 2024-10 -o csv");
        warns(folder, &asked, lacks);
        is_incomplete(folder, &format!("{asked} --strict"), lacks);
    }
    warns(folder, "cost month.log --month 2024-10 -o csv --tz Europe/Berlin", "2024-10-31T00:00:00Z to ");
    for window in ["--from 2024-10-03 --to 2024-10-11", "--from 2024-10-21", "--to 2024-10-11"] {
        has_no_warning(folder, &format!("cost month.log {window} -o csv"));
    }
    has_no_warning(folder, "cost month.log -o csv");
}

/// Fails unless the run ends well and warns of this.
fn warns(folder: &Path, line: &str, part: &str) {
    let printed = run(folder, line);
    let said = said(&printed);
    let told = said.lines().any(|line| line.starts_with("warning: ") && line.contains(part));
    assert!(printed.exit == "0" && told, "{line}: {} {said}", printed.exit);
}

fn has_no_warning(folder: &Path, line: &str) {
    let printed = run(folder, line);
    assert!(!said(&printed).contains("warning:"), "{line}: {}", said(&printed));
}

#[test]
fn a_table_that_joins_nothing_is_named_with_what_to_do() {
    let folder = logs((30..40).rev());
    let folder = folder.path();
    for (name, text) in [
        ("tags.csv", "resource,team\neni-0a,shop\n"),
        ("other.csv", "resource,team\neni-0f,shop\n"),
        ("capital.csv", "resource,Team\neni-0a,shop\n"),
        ("network.csv", "cidr,account,vpc,name\n10.0.0.0/16,111122223333,vpc-1,shop\n"),
        ("far.csv", "cidr,account,vpc,name\n10.99.0.0/16,444455556666,vpc-1,shop\n"),
        (
            "eni.json",
            r#"{"NetworkInterfaces": [{"NetworkInterfaceId": "eni-0f", "VpcId": "vpc-1", "SubnetId": "subnet-1", "OwnerId": "111122223333", "PrivateIpAddress": "10.99.0.4"}]}"#,
        ),
        ("prices.csv", "charge,from,to,usd_per_gb\ninternet-egress,us-east-1,internet,0.05\n"),
        ("sydney.csv", "charge,from,to,usd_per_gb\ninternet-egress,ap-southeast-2,internet,0.05\n"),
        (
            "mixed.csv",
            "charge,from,to,usd_per_gb\ninternet-egress,xx-north-9,internet,0.04\ninternet-egress,us-east-1,internet,0.05\n",
        ),
    ] {
        put(folder, name, text);
    }
    std::fs::create_dir_all(folder.join("logs")).expect("a folder");
    let name = "logs/111122223333_vpcflowlogs_us-east-1_fl-0a_20260101T0000Z_aa.log";
    std::fs::rename(folder.join("stale.log"), folder.join(name)).expect("a file");
    let matched = "--tags tags.csv --network network.csv --prices prices.csv";
    for command in ["top --by src_team --sort usd", "cost", "transfer", "pivot --rows team --columns path"] {
        has_no_warning(folder, &format!("{command} logs {matched} --quiet"));
    }
    let unowned = "no resource with the owner key `team` is in these logs";
    for command in ["top --by src_team", "cost", "transfer --by team", "pivot --rows team --columns path"] {
        warns(folder, &format!("{command} logs --tags other.csv --quiet"), unowned);
        let unknown = "no network or interface of the tables is in these logs";
        warns(folder, &format!("{command} logs --tags tags.csv --network far.csv --quiet"), unknown);
        warns(folder, &format!("{command} logs --tags tags.csv --network eni.json --quiet"), unknown);
    }
    let capital = "no table has the owner key `team`: grouped by payer_account; the owner keys are Team";
    warns(folder, "cost logs --tags capital.csv --quiet", capital);
    has_no_warning(folder, "cost logs --tags capital.csv --by Team --quiet");
    let blank = "src_country is absent without a database of places: add --geoip";
    for command in ["top --by src_country", "cost --by src_country", "top --where 'src_country = DE'"] {
        warns(folder, &format!("{command} logs --quiet"), blank);
    }
    for command in ["cost", "transfer", "top --sort usd", "pivot --rows src --columns path --measure usd"] {
        let unused = "sydney.csv: none of its 1 row prices a charge of these logs";
        warns(folder, &format!("{command} logs --prices sydney.csv --quiet"), unused);
        let left_out = "mixed.csv, line 2, from: unknown region `xx-north-9`: the row is left out";
        warns(folder, &format!("{command} logs --prices mixed.csv --quiet"), left_out);
    }
}

#[test]
fn every_command_refuses_a_faulty_configuration() {
    let folder = logs(30..40);
    put(folder.path(), "outflow.toml", "[anomalies]\nratio_mni = 2\n");
    for command in [
        "top stale.log",
        "cost stale.log",
        "compare stale.log --last 24h",
        "transfer stale.log",
        "anomalies stale.log",
        "anomalies --signals stale.log",
        "pivot --rows src --columns dst stale.log",
        "sql 'SELECT bytes FROM flows' stale.log",
        "flows stale.log",
        "inspect stale.log",
        "fields",
        "prices show",
        "config show",
    ] {
        let printed = run(folder.path(), command);
        let said = said(&printed);
        assert!(
            printed.exit == "2" && said.starts_with("error: outflow.toml, line 2, column 1: "),
            "{command}: {said}"
        );
        assert!(said.contains("ratio_min"), "{command}: {said}");
    }
    assert_eq!(run(folder.path(), "config check").exit, "4");
}

#[test]
fn two_runs_on_one_state_report_an_incident_once() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let case = crate::testdata().join("cases/anomalies");
    for name in ["days.log.gz", "tags.csv"] {
        std::fs::copy(case.join(name), folder.path().join(name)).expect("a file");
    }
    let words = program::words("anomalies --tags tags.csv --state s.json -o ndjson days.log.gz").expect("quotes");
    let incidents: usize = std::thread::scope(|scope| {
        let one = || scope.spawn(|| program::run(&words, folder.path(), b"").expect("the program runs"));
        let runs: Vec<_> = (0..4).map(|_| one()).collect();
        let ended = runs.into_iter().map(|run| run.join().expect("no panic"));
        ended.map(|printed| String::from_utf8_lossy(&printed.stdout).lines().count()).sum()
    });
    assert_eq!(incidents, 1);
}

#[test]
fn periods_keep_their_length_or_say_that_they_differ() {
    let folder = logs((1..60).rev());
    let printed = run(folder.path(), "compare stale.log --last 24h --table waterfall -o csv");
    let said = said(&printed);
    assert!(printed.exit == "0" && said.contains("note: --last: compared in full hours"), "{said}");
    assert!(!said.contains("without scaling"), "{said}");
    let case = "testdata/cases/prices-cost";
    let line = format!("cost {case} --month 2026-03 --previous -o csv");
    let printed = run(crate::root(), &line);
    let said = self::said(&printed);
    assert!(said.contains("the previous period has 28 days (") && said.contains("the current one 31 days"), "{said}");
}

#[test]
fn records_of_a_window_that_the_logs_do_not_cover_are_told_with_the_hours_that_are_missing() {
    let folder = logs([6, 5, 3].into_iter());
    let folder = folder.path();
    let moment = |ago: u64| hour(ago);
    let window = format!("--from {} --to {}", moment(6), moment(2));
    let missing = "1 of 4 full hours of the window are missing from the logs and the sums: ";
    for flags in ["", "--sort bytes", "--where 'srcport = 1'"] {
        let printed = run(folder, &format!("flows stale.log {window} {flags} -o csv"));
        let said = said(&printed);
        assert!(printed.exit == "0" && said.contains(&format!("warning: {missing}")), "{flags}: {said}");
        is_incomplete(folder, &format!("flows stale.log {window} {flags} --strict --quiet -o csv"), missing);
    }
    for line in ["flows stale.log -o csv", "flows stale.log --limit 1 -o csv"] {
        assert!(!said(&run(folder, line)).contains("missing"), "{line}");
    }
    let not_looked_at = "note: whether the logs cover all hours of the window is not looked at with --no-dedup";
    let printed = run(folder, &format!("top stale.log {window} --no-dedup -o csv"));
    assert!(printed.exit == "0" && said(&printed).contains(not_looked_at), "{}", said(&printed));
    assert!(!said(&run(folder, "top stale.log --no-dedup -o csv")).contains(not_looked_at));
}

#[test]
fn an_account_that_begins_late_is_told() {
    let folder = logs([9, 8, 7, 6, 5, 4].into_iter());
    let folder = folder.path();
    let text = std::fs::read_to_string(folder.join("stale.log")).expect("a file");
    let late = text.lines().filter(|line| line.starts_with("version") || line.ends_with("OK"));
    let late: Vec<String> = late.map(|line| line.replace("111122223333 eni-0a", "222233334444 eni-0b")).collect();
    put(folder, "late.log", &format!("{}\n{}\n", late[0], late[late.len() - 6..].join("\n")));
    for line in ["top . -o csv", "inspect . -o csv", "cost . -o csv"] {
        let printed = run(folder, line);
        assert_eq!(printed.exit, "0", "{line}");
        assert!(said(&printed).contains("note: logs begin late for 222233334444 (from "), "{line}: {}", said(&printed));
    }
    assert!(!said(&run(folder, "top stale.log -o csv")).contains("late"));
}

#[test]
fn pages_of_log_events_are_one_log_and_the_empty_last_one_is_no_damage() {
    let folder = logs([5, 4].into_iter());
    let folder = folder.path();
    let text = std::fs::read_to_string(folder.join("stale.log")).expect("a file");
    let events = |lines: &[&str]| {
        let events: Vec<_> = lines.iter().map(|line| serde_json::json!({"timestamp": 1, "message": line})).collect();
        serde_json::to_string_pretty(&serde_json::json!({"events": events, "nextForwardToken": "f/1"})).expect("JSON")
    };
    let lines: Vec<&str> = text.lines().skip(1).collect();
    for (page, lines) in [&lines[..7], &lines[7..], &[]].into_iter().enumerate() {
        put(folder, &format!("page-{page}.json"), &events(lines));
    }
    let expected = run(folder, "top stale.log -o csv").stdout;
    let printed = run(folder, "top 'page-*.json' -o csv");
    assert_eq!((printed.exit.as_str(), &printed.stdout), ("0", &expected), "{}", said(&printed));
}
