//! A store is filled by runs that are killed, that meet late, replaced and damaged files, and that run at once; it answers
//! every report exactly as one scan of the final files does, and other engines read the same sums.
//!
//! What asks `deltalake` and `duckdb` needs a Python that has both, named by `OUTFLOW_LAKE_PYTHON`, and says that it is
//! skipped where there is none.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use walkdir::WalkDir;

use crate::estate::generate;
use crate::program::{self, Printed};
use crate::root;
use crate::s3::environment;
use crate::store::{Fault, Held, Server};

const TABLES: &str =
    "--network tables/network.csv --network tables/aws --tags tables/tags.csv --ip-ranges tables/ip-ranges.json";
const REPORTS: [&str; 12] = [
    "top @ --by src_team,dst_team,path --measures bytes,packets,usd --top all --explain",
    "top @ --by src,dst,port,protocol --top 50",
    "top @ --by subnet_id,instance_id,az_id --no-dedup --top all",
    "top @ --by region,day --where 'port = 443 and not dst in 10.0.0.0/8' --top all",
    "cost @ --by team,path",
    "cost @ --by src_region,day --from 2026-10-01T06:00 --to 2026-10-02T03:00 --explain",
    "transfer @",
    "pivot @ --measure usd",
    "advise @ --all --top all",
    "compare @ --from 2026-10-02 --to 2026-10-03 --against previous",
    "anomalies @",
    "sql 'select src_region, port, sum(bytes) as bytes, count(*) as n from traffic group by src_region, port order by src_region, port' @",
];

fn run(line: &str, folder: &Path) -> Printed {
    program::run(&program::words(line).expect("quotes"), folder, b"").expect("it runs")
}

fn done(line: &str, folder: &Path) -> String {
    let printed = run(line, folder);
    assert_eq!(printed.exit, "0", "{line}: {}", String::from_utf8_lossy(&printed.stderr));
    String::from_utf8(printed.stdout).expect("text")
}

/// Two days of an estate's logs, an object every few hours, and its tables.
fn logs() -> (tempfile::TempDir, Vec<PathBuf>) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 11 --days 2 --formats v5 --start 1790812800");
    let files = WalkDir::new(scratch.path().join("logs-v5")).sort_by_file_name().into_iter().flatten();
    let files: Vec<_> = files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect();
    assert!(files.len() >= 4, "{} files", files.len());
    (scratch, files)
}

/// Every report of the store is that of the logs, byte for byte.
fn assert_same(logs: &str, folder: &Path) {
    for report in REPORTS {
        let tables = if report.contains("--no-dedup") { "" } else { TABLES };
        let ask = |input: &str| run(&format!("{} {tables} -o csv --quiet", report.replace('@', input)), folder);
        let (direct, stored) = (ask(logs), ask("store"));
        assert!(direct.stdout.len() > 40, "{report}: {}", String::from_utf8_lossy(&direct.stderr));
        assert_eq!(direct.exit, stored.exit, "{report}: {}", String::from_utf8_lossy(&stored.stderr));
        assert!(direct.stdout == stored.stdout, "{report}");
    }
}

/// The row of the report of a run, by the names of its columns.
fn cell(report: &str, name: &str) -> u64 {
    let mut lines = report.lines().map(|line| line.split(','));
    let place = lines.next().and_then(|mut names| names.position(|column| column == name)).expect("a column");
    lines.next().and_then(|mut cells| cells.nth(place)).and_then(|cell| cell.parse().ok()).expect("a number")
}

#[test]
fn days_late_replaced_and_removed_files_and_runs_at_once_answer_as_a_scan_of_the_final_files() {
    let (scratch, files) = logs();
    let folder = scratch.path();
    let aside = folder.join("aside");
    fs::create_dir(&aside).expect("a folder");
    // The second day is not there yet, and a file of the first is late.
    let place = |file: &Path| aside.join(file.file_name().expect("a name"));
    let is_first = |file: &Path| file.to_string_lossy().contains("/2026/10/01/");
    let late: Vec<_> = files.iter().enumerate().filter(|(number, file)| *number == 0 || !is_first(file)).collect();
    late.iter().for_each(|(_, file)| fs::rename(file, place(file)).expect("it is moved"));
    let report = done("ingest logs-v5 --store store -o csv --quiet", folder);
    assert_eq!(cell(&report, "new_objects"), (files.len() - late.len()) as u64);
    assert_same("logs-v5", folder);
    let again = done("ingest logs-v5 --store store -o csv --quiet", folder);
    assert_eq!((cell(&again, "new_objects"), cell(&again, "commits")), (0, 0), "nothing is read twice");
    let said = String::from_utf8(run("ingest logs-v5 --store store", folder).stderr).expect("text");
    assert!(!said.contains("no object was read"), "{said}");
    // Another file takes the place of one that was read: half of its records.
    let replaced = files.iter().find(|file| is_first(file) && file.exists()).expect("a file of the first day");
    let original = fs::read(replaced).expect("it is read");
    let mut text = String::new();
    MultiGzDecoder::new(&original[..]).read_to_string(&mut text).expect("it is gzip");
    let half: Vec<&str> = text.lines().take(text.lines().count() / 2).collect();
    fs::write(replaced, half.join("\n") + "\n").expect("it is written");
    late.iter().for_each(|(_, file)| fs::rename(place(file), file).expect("it is moved"));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| done("ingest logs-v5 --store store -o csv --quiet", folder));
        }
    });
    assert_same("logs-v5", folder);
    fs::write(replaced, original).expect("it is written");
    let back = done("ingest logs-v5 --store store -o csv --quiet", folder);
    assert_eq!(cell(&back, "replaced_objects"), 1);
    assert_same("logs-v5", folder);
    done("store compact store --quiet", folder);
    assert_same("logs-v5", folder);
    assert_eq!(done("store verify store -o csv --quiet", folder), "object,fault\n");
    done("store prune store --quiet", folder);
    assert_same("logs-v5", folder);
}

#[test]
fn shards_fill_one_store_at_once_each_object_once() {
    let (scratch, files) = logs();
    let folder = scratch.path();
    let counts: Vec<u64> = std::thread::scope(|scope| {
        let runs = (1..=4).map(|shard| {
            scope.spawn(move || {
                let report = done(&format!("ingest logs-v5 --store store --shard {shard}/4 -o csv --quiet"), folder);
                cell(&report, "new_objects")
            })
        });
        runs.collect::<Vec<_>>().into_iter().map(|run| run.join().expect("it ends")).collect()
    });
    assert_eq!(counts.iter().sum::<u64>(), files.len() as u64);
    assert!(counts.iter().filter(|count| **count > 0).count() > 1, "{counts:?}");
    assert_same("logs-v5", folder);
    assert_eq!(done("store verify store -o csv --quiet", folder), "object,fault\n");
}

/// Rounds of the test of killed runs.
const KILLS: u32 = 24;

#[test]
fn runs_that_are_killed_at_any_moment_leave_a_store_that_the_next_one_completes() {
    let (scratch, files) = logs();
    let folder = scratch.path();
    for round in 0..KILLS {
        // Each round changes a file, so that there is always something to write and to remove.
        let file = &files[round as usize % files.len()];
        fs::write(file, fs::read(file).expect("it is read")).expect("it is written");
        let words = program::words("ingest logs-v5 --store store --quiet").expect("quotes");
        let mut child = program::command(&words, folder, &[])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        sleep(Duration::from_millis(u64::from(round * 37 % 500) * 3));
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        if folder.join("store/_delta_log/00000000000000000000.json").exists() {
            let faults = run("store verify store -o csv --quiet", folder);
            assert_eq!(faults.exit, "0", "round {round}: {}", String::from_utf8_lossy(&faults.stdout));
        }
    }
    done("ingest logs-v5 --store store --quiet", folder);
    assert_same("logs-v5", folder);
    assert_eq!(done("store verify store -o csv --quiet", folder), "object,fault\n");
}

#[test]
fn damage_is_named_tried_again_and_mended() {
    let (scratch, files) = logs();
    let folder = scratch.path();
    let whole = fs::read(&files[1]).expect("it is read");
    fs::write(&files[1], &whole[..whole.len() / 2]).expect("it is written");
    let first = run("ingest logs-v5 --store store -o csv --quiet", folder);
    assert_eq!(first.exit, "3", "an object is damaged");
    let said = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(said.contains(files[1].file_name().and_then(|name| name.to_str()).expect("a name")), "{said}");
    // What came before the damage counts, as in a scan, and the answer says that it is incomplete.
    assert_same("logs-v5", folder);
    assert_eq!(run("top store --quiet", folder).exit, "3");
    let pending = done("store list store --pending -o csv --quiet", folder);
    assert_eq!(pending.lines().count(), 2, "{pending}");
    let again = run("ingest logs-v5 --store store -o csv --quiet", folder);
    let report = String::from_utf8_lossy(&again.stdout).into_owned();
    assert_eq!((again.exit.as_str(), cell(&report, "commits"), cell(&report, "pending_objects")), ("3", 0, 1));
    fs::write(&files[1], &whole).expect("it is written");
    let mended = done("ingest logs-v5 --store store -o csv --quiet", folder);
    assert_eq!(
        (cell(&mended, "replaced_objects") + cell(&mended, "retried_objects"), cell(&mended, "pending_objects")),
        (1, 0)
    );
    assert_same("logs-v5", folder);
    // A damaged, missing or emptied file of the store is named, and never left out.
    done("ingest logs-v5 --store fresh --quiet", folder);
    let facts = WalkDir::new(folder.join("fresh/kind=fact")).into_iter().flatten();
    let fact = facts.map(walkdir::DirEntry::into_path).find(|path| path.extension().is_some()).expect("a file");
    let bytes = fs::read(&fact).expect("it is read");
    for damaged in [Some(bytes[..bytes.len() - 100].to_vec()), Some(Vec::new()), None] {
        match damaged {
            Some(damaged) => fs::write(&fact, damaged).expect("it is written"),
            None => fs::remove_file(&fact).expect("it is removed"),
        }
        let asked = run("top fresh --quiet", folder);
        assert_eq!(asked.exit, "1");
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        assert!(said.contains("kind=fact/") && said.contains("store verify"), "{said}");
        assert_eq!(run("store verify fresh --quiet", folder).exit, "4");
    }
    fs::write(&fact, &bytes).expect("it is written");
    assert_eq!(run("store verify fresh --quiet", folder).exit, "0");
}

#[test]
fn what_a_store_cannot_answer_is_refused_with_the_objects_that_can() {
    let (scratch, _) = logs();
    let folder = scratch.path();
    done("ingest logs-v5 --store store --quiet", folder);
    for (line, expected) in [
        ("top store --from 2026-10-01T06:30", "2026-10-01T06:30:00Z: a store holds whole hours"),
        ("top store --where 'srcport = 443'", "a store has hourly facts, which have no srcport"),
        ("top store --where 'bytes > 1KiB'", "a store has hourly facts, which have no bytes"),
        ("top store --by tcp_flags --no-dedup", "a store has hourly facts, which have no tcp_flags"),
        ("flows store", "store: is a store of hourly facts, and this reads records"),
        ("inspect store", "store: is a store of hourly facts, and this reads records"),
        ("top store logs-v5", "store: a store is read alone, not beside other inputs"),
        ("ingest store --store other", "a store is no source of records"),
        ("ingest logs-v5 --store store --where 'port = 1'", "--where: a store holds every record of an object"),
        ("top store --by day --no-dedup --tz Asia/Kolkata", "day: Asia/Kolkata is not whole hours off UTC"),
        ("top store --malformed-out x.csv", "--malformed-out: a store keeps a few malformed lines"),
        ("ingest logs-v5 --store logs-v5/store", "--store logs-v5/store: lies in the input logs-v5"),
        ("ingest s3://logs --store s3://logs/store", "--store s3://logs/store: lies in the input s3://logs"),
        ("ingest - --store store", "-: standard input cannot be ingested"),
        ("store list logs-v5", "logs-v5: is no store"),
    ] {
        let printed = run(line, folder);
        let said = String::from_utf8_lossy(&printed.stderr).into_owned();
        assert_eq!(printed.exit, "2", "{line}: {said}");
        assert!(said.starts_with(&format!("error: {expected}")), "{line}: {said}");
    }
    // Another's table is none, and one of a later version is not guessed at.
    let log = folder.join("store/_delta_log/00000000000000000000.json");
    let whole = fs::read_to_string(&log).expect("it is read");
    for (from, to, expected) in [
        ("\"outflow.storeVersion\":\"1\"", "", "store: a Delta Lake table that outflow did not make"),
        ("storeVersion\":\"1\"", "storeVersion\":\"2\"", "store: the store has version 2"),
    ] {
        assert!(whole.contains(from));
        fs::write(&log, whole.replace(from, to)).expect("it is written");
        let printed = run("top store", folder);
        let said = String::from_utf8_lossy(&printed.stderr).into_owned();
        assert!(printed.exit == "1" && said.starts_with(&format!("error: {expected}")), "{said}");
    }
    fs::write(&log, whole).expect("it is written");
    let said = String::from_utf8_lossy(&run("top store --by srcport", folder).stderr).into_owned();
    assert!(said.contains("scan the ") && said.contains("logs-v5/AWSLogs/"), "{said}");
}

#[test]
fn a_full_disk_is_said_and_leaves_the_store_as_it_was() {
    let (scratch, _) = logs();
    let folder = scratch.path();
    let disk = folder.join("disk");
    fs::create_dir(&disk).expect("a folder");
    let of_disk =
        |words: &[&str]| Command::new("mount").args(words).arg(&disk).output().is_ok_and(|o| o.status.success());
    if !of_disk(&["-t", "tmpfs", "-o", "size=200k", "tmpfs"]) {
        eprintln!("skipped: no small disk can be mounted here");
        return;
    }
    let full = run("ingest logs-v5 --store disk/store --quiet", folder);
    let left: Vec<_> =
        WalkDir::new(disk.join("store")).into_iter().flatten().map(walkdir::DirEntry::into_path).collect();
    let grown = of_disk(&["-o", "remount,size=64m"]);
    let ended = done("ingest logs-v5 --store disk/store --quiet", folder);
    let whole = run("store verify disk/store --quiet", folder);
    let said = String::from_utf8_lossy(&full.stderr).into_owned();
    let gone = Command::new("umount").arg(&disk).status().is_ok_and(|status| status.success());
    assert!(grown && gone);
    assert!(full.exit == "1" && said.contains("No space left on device"), "{said}");
    assert!(!left.iter().any(|path| path.extension().is_some_and(|extension| extension == "parquet")), "{left:?}");
    assert!(cell(&ended, "new_objects") > 3);
    assert_eq!(whole.exit, "0");
}

#[test]
fn what_is_too_old_or_not_there_is_said_of_logs_as_of_a_store() {
    let (scratch, _) = logs();
    let folder = scratch.path();
    done("ingest logs-v5 --store store --quiet", folder);
    for input in ["logs-v5", "store"] {
        for command in ["top", "cost", "transfer", "anomalies"] {
            let stale = run(&format!("{command} {input} --max-age 2h --quiet"), folder);
            let said = String::from_utf8_lossy(&stale.stderr).into_owned();
            assert_eq!(stale.exit, "3", "{command} {input}: {said}");
            assert!(said.contains("--max-age: the newest record ended at 2026-10-0"), "{said}");
        }
        assert_eq!(run(&format!("top {input} --max-age 9999d --quiet"), folder).exit, "0");
        let nothing = run(&format!("top {input} --max-age 9999d --from 2027-01-01 --quiet"), folder);
        assert_eq!(nothing.exit, "3");
        let blind = run(&format!("anomalies {input} --last 2h --fail-on low --quiet -o alertmanager"), folder);
        assert_eq!(blind.exit, "3", "{input}: {}", String::from_utf8_lossy(&blind.stderr));
    }
    assert_eq!(run("top store --last 9000d", folder).exit, "0", "a span that ends now is one of full hours");
    for line in ["flows logs-v5 --max-age 2h", "top logs-v5 --no-dedup --max-age 2h", "top logs-v5 --max-age x"] {
        assert_eq!(run(line, folder).exit, "2", "{line}");
    }
    let read_only = folder.join("file");
    fs::write(&read_only, "").expect("it is written");
    let refused = run("ingest logs-v5 --store file", folder);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.exit == "1" && said.starts_with("error: --store file: cannot make the folder"), "{said}");
}

#[test]
fn a_store_in_a_bucket_answers_as_one_in_a_folder_and_survives_a_server_that_loses_its_answers() {
    let (scratch, files) = logs();
    let folder = scratch.path();
    let server = Server::start(true).expect("a port of this machine");
    let environment = environment(&server);
    let ask = |line: &str| {
        program::run_with(&program::words(line).expect("quotes"), folder, b"", &environment).expect("it runs")
    };
    let done = |line: &str| {
        let printed = ask(line);
        assert_eq!(printed.exit, "0", "{line}: {}", String::from_utf8_lossy(&printed.stderr));
        String::from_utf8(printed.stdout).expect("text")
    };
    // The logs are in the bucket too.
    for file in &files {
        let key = file.strip_prefix(folder).expect("below").to_string_lossy().into_owned();
        server.store.put(key, Held::Bytes(fs::read(file).expect("it is read").into()));
    }
    let ingest = "ingest s3://logs/logs-v5 --store s3://logs/a/store -o csv --quiet";
    // Every second commit is carried out, and its answer is lost; some are refused at first.
    server.store.plan(|asked| match &asked.key {
        Some(key) if asked.puts && key.ends_with("1.json") && asked.before == 0 => Some(Fault::Lost),
        Some(key) if asked.puts && asked.before == 0 && key.contains("kind=fact") => {
            Some(Fault::Answer(503, "SlowDown", "", None))
        }
        _ => None,
    });
    let counts: Vec<u64> = std::thread::scope(|scope| {
        let runs = (1..=3).map(|shard| {
            let (done, ingest) = (&done, &ingest);
            scope.spawn(move || cell(&done(&format!("{ingest} --shard {shard}/3")), "new_objects"))
        });
        runs.collect::<Vec<_>>().into_iter().map(|run| run.join().expect("it ends")).collect()
    });
    assert_eq!(counts.iter().sum::<u64>(), files.len() as u64);
    let again = done(ingest);
    assert_eq!((cell(&again, "new_objects"), cell(&again, "commits")), (0, 0));
    let replaced = files[0].strip_prefix(folder).expect("below").to_string_lossy().into_owned();
    server.store.put(replaced, Held::Bytes(fs::read(&files[0]).expect("it is read").into()));
    assert_eq!(cell(&done(ingest), "replaced_objects"), 1);
    for report in
        ["top @ --by src_region,path --measures bytes,usd --top all", "cost @ --from 2026-10-01T06:00 --to 2026-10-02"]
    {
        let ask = |input: &str| done(&format!("{} {TABLES} -o csv --quiet", report.replace('@', input)));
        let direct = ask("s3://logs/logs-v5");
        assert!(direct.lines().count() > 2, "{report}: {direct}");
        assert_eq!(direct, ask("s3://logs/a/store"), "{report}");
    }
    done("store compact s3://logs/a/store --quiet");
    assert_eq!(done("store verify s3://logs/a/store -o csv --quiet"), "object,fault\n");
    done("store prune s3://logs/a/store --quiet");
    // A server that does not heed conditions would lose commits.
    server.store.plan(|asked| asked.puts.then_some(Fault::Heedless));
    let refused = ask("ingest s3://logs/logs-v5 --store s3://logs/b --quiet");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.exit, "1", "{said}");
    assert!(said.contains("the server does not heed If-None-Match"), "{said}");
    server.store.plan(|asked| asked.puts.then_some(Fault::Answer(403, "AccessDenied", "", None)));
    let refused = ask("ingest s3://logs/logs-v5 --store s3://logs/b --quiet");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.exit == "1" && said.contains("allow s3:PutObject on arn:aws:s3:::logs/b/"), "{said}");
}

#[test]
fn other_engines_read_the_same_sums() {
    let Some(python) = std::env::var_os("OUTFLOW_LAKE_PYTHON") else {
        eprintln!("skipped: OUTFLOW_LAKE_PYTHON names no Python with deltalake and duckdb");
        return;
    };
    let (scratch, files) = logs();
    let folder = scratch.path();
    for _ in 0..12 {
        // Commits enough for a checkpoint.
        fs::write(&files[0], fs::read(&files[0]).expect("it is read")).expect("it is written");
        done("ingest logs-v5 --store store --quiet", folder);
    }
    let ours = done(
        "top store --by account_id,day --no-dedup --action all --measures bytes --top all --sort key -o csv --quiet",
        folder,
    );
    let script = root().join("testdata/golden/lake.py");
    let asked = Command::new(python)
        .arg(script)
        .arg(folder.join("store"))
        .arg(root().join("docs/store.md"))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert!(asked.status.success(), "{said}");
    let theirs = String::from_utf8_lossy(&asked.stdout).into_owned();
    let rows = |text: &str, columns: [&str; 4]| -> Vec<Vec<String>> {
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let head = lines.next().expect("a header");
        let places = columns.map(|name| head.iter().position(|column| column == name).expect("a column"));
        let mut rows: Vec<Vec<String>> = lines.map(|line| places.map(|place| line[place].clone()).to_vec()).collect();
        rows.sort();
        rows
    };
    let columns = ["account_id", "day", "bytes", "flows"];
    assert!(rows(&ours, columns).len() > 2);
    assert_eq!(rows(&ours, columns), rows(&theirs, columns));
}
