//! The program against a store in this process: the same answers as from files, and what it says when something fails.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use walkdir::WalkDir;

use crate::program::{self, Printed};
use crate::store::{Asked, Fault, Held, KEYS, Server};
use crate::{root, testdata};

/// A server that wants signatures, with the shipped logs and some of the last hours.
pub(crate) fn server_of_logs() -> Server {
    let server = Server::start(true).expect("a port of this machine");
    for folder in ["logs", "logs-v5-parquet"] {
        put_folder(&server, &testdata().join(folder), if folder == "logs" { "" } else { "v5/" });
    }
    server.store.put(recent_key(), Held::Bytes(recent_log().into()));
    server
}

fn put_folder(server: &Server, folder: &Path, prefix: &str) {
    for entry in WalkDir::new(folder) {
        let entry = entry.expect("the shipped logs");
        if entry.file_type().is_file() {
            let key = entry.path().strip_prefix(folder).expect("below").to_string_lossy().into_owned();
            let bytes = std::fs::read(entry.path()).expect("the shipped logs");
            server.store.put(format!("{prefix}{key}"), Held::Bytes(bytes.into()));
        }
    }
}

/// Two hours ago.
#[expect(clippy::disallowed_methods, reason = "a question of the last hours needs logs of the last hours")]
fn recently() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now() - chrono::Duration::hours(2)
}

fn recent_key() -> String {
    let day = recently().format("%Y/%m/%d");
    format!("AWSLogs/111122223333/vpcflowlogs/us-east-1/{day}/x.log")
}

fn recent_log() -> String {
    let start = recently().timestamp();
    format!(
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n\
         2 111122223333 eni-044a4887a3d5e557e 10.0.0.1 10.0.0.2 443 49017 6 80 3520 {start} {} ACCEPT OK\n",
        start + 60
    )
}

/// What leads the program to a server.
pub(crate) fn environment(server: &Server) -> [(&str, &str); 4] {
    [
        ("AWS_ENDPOINT_URL_S3", &server.url),
        ("AWS_ACCESS_KEY_ID", KEYS.0),
        ("AWS_SECRET_ACCESS_KEY", KEYS.1),
        ("AWS_REGION", "us-east-1"),
    ]
}

fn run(server: &Server, line: &str) -> Printed {
    run_with(line, &environment(server))
}

fn run_with(line: &str, environment: &[(&str, &str)]) -> Printed {
    program::run_with(&program::words(line).expect("quotes"), root(), b"", environment).expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn answers_are_the_same_as_from_files() {
    let server = server_of_logs();
    server.store.remove(&recent_key());
    for (question, s3, files) in [
        ("top --by src,dst --top 50 -o csv", "s3://logs/AWSLogs", "testdata/logs"),
        (
            "top --by eni,hour --top all --from 2026-10-02T18:00 --to 2026-10-02T21:00 -o csv",
            "s3://logs",
            "testdata/logs",
        ),
        ("flows --columns all --limit 500 -o csv", "s3://logs/AWSLogs/", "testdata/logs"),
        ("top --by region,day --account 012345678901 --top all -o csv", "s3://logs/AWSLogs", "testdata/logs"),
        ("top --by src --top all -o csv", "s3://logs/v5/", "testdata/logs-v5-parquet"),
        ("top --by src,port --top all -o csv", "s3://logs", "testdata/logs testdata/logs-v5-parquet"),
        ("inspect --table interfaces -o csv", "s3://logs/v5/", "testdata/logs-v5-parquet"),
    ] {
        let (there, here) = (run(&server, &format!("{question} {s3}")), run(&server, &format!("{question} {files}")));
        assert_eq!(there.exit, "0", "{}", text(&there.stderr));
        assert!(here.stdout.len() > 200, "{question}: something to compare");
        assert_eq!(text(&there.stdout), text(&here.stdout), "{question}");
    }
    let last = run(&server_of_logs(), "top s3://logs/ --last 24h -o csv");
    assert!(text(&last.stdout).contains("10.0.0.1,10.0.0.2,3520"), "{}{}", text(&last.stdout), text(&last.stderr));
}

#[test]
fn an_object_that_cannot_be_read_makes_the_answer_incomplete_and_is_named() {
    let server = server_of_logs();
    let is_denied =
        |asked: &Asked| asked.key.as_deref().is_some_and(|key| key.contains("eu-west-1_fl-073da41c30882ae1e_20261001"));
    server.store.plan(move |asked| is_denied(asked).then_some(Fault::Answer(403, "AccessDenied", "no", None)));
    let printed = run(&server, "top s3://logs/AWSLogs/111122223333/ --month 2026-10 --by region,day --top all -o csv");
    let said = text(&printed.stderr);
    assert_eq!(printed.exit, "3", "{said}");
    assert!(said.contains("warning: s3://logs/AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/10/01/1111"), "{said}");
    assert!(
        said.contains("access is denied (AccessDenied); allow s3:GetObject on arn:aws:s3:::logs/AWSLogs"),
        "{said}"
    );
    assert_eq!(text(&printed.stdout).lines().count(), 1 + 3, "the other three days are there");
}

#[test]
fn what_is_listed_fetched_and_tried_again_is_reported_to_those_who_ask() {
    // The first request for an object is rejected, and the second breaks off.
    let faulty = || {
        let server = server_of_logs();
        server.store.plan(|asked| match (asked.key.is_some() && asked.from == 0, asked.before) {
            (true, 0) => Some(Fault::Answer(503, "SlowDown", "please reduce", None)),
            (true, 1) => Some(Fault::Break(100)),
            _ => None,
        });
        server
    };
    let question = "top s3://logs/AWSLogs/111122223333/ --month 2026-10 --by region -o csv";
    let (silent, said) = (run(&faulty(), question), run(&faulty(), &format!("{question} -vv")));
    assert_eq!(silent.exit, "0", "{}", text(&silent.stderr));
    assert_eq!(text(&silent.stdout), text(&said.stdout), "{}", text(&said.stderr));
    let said = text(&said.stderr);
    for part in [
        "listed a page bucket=\"logs\"",
        "objects were found objects=",
        "fetches key=\"AWSLogs/",
        "a request failed and is sent again path=",
        "a download broke off and is asked for again key=",
        "objects were read took=",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let secrets = ["Signature", "Credential", "Authorization", "x-amz-security-token"];
    assert!(secrets.iter().all(|secret| !said.contains(secret)), "{said}");
}

#[test]
fn what_keeps_the_program_from_the_store_is_one_sentence_and_the_next_step() {
    let server = server_of_logs();
    let with = |more: &[(&'static str, &'static str)]| {
        let mut all: Vec<(&str, &str)> = environment(&server).to_vec();
        all.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
        all.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        let printed = run_with("top s3://logs/ --retries 0", &all);
        assert_eq!((printed.exit.as_str(), text(&printed.stdout).as_str()), ("1", ""));
        text(&printed.stderr)
    };
    // The machine's own service for credentials is not asked: it may exist where the tests run.
    let nobody = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("AWS_EC2_METADATA_DISABLED", "true")];
    let said = with(&nobody);
    assert!(
        said.starts_with("error: cannot list `s3://logs/`: there are no credentials\nhint: set AWS_PROFILE"),
        "{said}"
    );
    let absent = [("AWS_ENDPOINT_URL_S3", server.url.as_str()), ("AWS_PROFILE", "absent"), nobody[2]];
    let printed = run_with("top s3://logs/ --retries 0", &absent);
    let said = text(&printed.stderr);
    assert_eq!((printed.exit.as_str(), text(&printed.stdout).as_str()), ("2", ""));
    assert!(said.starts_with("error: AWS_PROFILE: there is no profile `absent`\nhint: "), "{said}");
    let said = with(&[("AWS_SECRET_ACCESS_KEY", "wrong")]);
    assert!(
        said.contains("the credentials are not valid (SignatureDoesNotMatch)") && !said.contains("wrong"),
        "{said}"
    );
    let said = with(&[("HTTP_PROXY", "http://somebody:password@127.0.0.1:1")]);
    assert!(said.contains("the proxy that HTTP_PROXY names must be reachable") && !said.contains("password"), "{said}");
    let said = with(&[("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")]);
    assert!(said.contains("no answer from S3"), "{said}");
}

#[test]
fn a_dry_run_shows_the_requests_and_their_price_and_reads_nothing() {
    let server = server_of_logs();
    server.store.remove(&recent_key());
    let printed = run(&server, "top s3://logs/AWSLogs/ --from 2026-10-02 --to 2026-10-03 --dry-run -o csv");
    assert_eq!(
        (printed.exit.as_str(), text(&printed.stdout).lines().count()),
        ("0", 1 + 8),
        "{}",
        text(&printed.stderr)
    );
    let said = text(&printed.stderr);
    assert!(said.contains("note: S3: 17 LIST requests made, about 8 GET requests to come, $0.0001 in all"), "{said}");
    let asked = server.store.asked();
    assert!(asked.iter().all(|asked| asked.key.is_none()) && asked.len() == 17, "{}", asked.len());
    assert!(asked.iter().all(|asked| asked.region.as_deref() == Some("us-east-1")));
}

/// Whether interrupts are ignored, as by what a shell runs in the background; a program started from there ignores them
/// too, and should.
#[cfg(unix)]
fn ignores_interrupts() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).map(str::trim);
    let ignores = ignored.and_then(|bits| u64::from_str_radix(bits, 16).ok()).is_some_and(|bits| bits & 2 != 0);
    if ignores {
        eprintln!("skipped: interrupts are ignored here; only SIGTERM is tried");
    }
    ignores
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_at_once_and_leaves_no_file() {
    let server = server_of_logs();
    server.store.plan(|asked| asked.key.as_ref().map(|_| Fault::Stall(0)));
    let signals = if ignores_interrupts() { vec!["-TERM"] } else { vec!["-TERM", "-INT"] };
    for (question, signal) in
        ["top", "flows"].iter().flat_map(|question| signals.iter().map(move |signal| (question, signal)))
    {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let out = scratch.path().join("answer.csv").display().to_string();
        let words = program::words(&format!("{question} s3://logs/ --out {out}")).expect("quotes");
        let mut command = program::command(&words, root(), &environment(&server));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        server.store.asked();
        while !server.store.asked().iter().any(|asked| asked.key.is_some()) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let began = Instant::now();
        let interrupted = std::process::Command::new("kill").args([signal, child.id().to_string().as_str()]).status();
        assert!(interrupted.expect("kill is there").success());
        let ended = child.wait().expect("the program ends");
        assert!(!ended.success() && began.elapsed() < Duration::from_secs(1), "{question}: {ended}");
        assert_eq!(std::fs::read_dir(scratch.path()).expect("the folder").count(), 0, "{question}");
    }
}

#[test]
fn price_lists_are_read_from_the_store_gzipped_or_not() {
    let server = Server::start(true).expect("a port of this machine");
    let folder = tempfile::tempdir().expect("a folder");
    let lists = testdata().join("cases/prices-update");
    let list = std::fs::read(lists.join("november.csv")).expect("a list");
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zipped, &list).expect("memory takes it");
    server.store.put("plain/AWSDataTransfer/index.csv".to_owned(), Held::Bytes(list.into()));
    let zipped = zipped.finish().expect("memory takes it");
    server.store.put("cut/index.csv.gz".to_owned(), Held::Bytes(zipped[..zipped.len() / 2].to_vec().into()));
    server.store.put("zipped/index.csv.gz".to_owned(), Held::Bytes(zipped.into()));
    let update = |list: &str, name: &str| {
        let path = folder.path().join(name);
        let line = format!("prices update {list} --prices {} --path-style", path.display());
        (run(&server, &line), std::fs::read_to_string(&path).ok())
    };
    let bucket = crate::store::BUCKET;
    let (printed, plain) = update(&format!("s3://{bucket}/plain/"), "plain.csv");
    assert_eq!(printed.exit, "0", "{}", text(&printed.stderr));
    let (_, zipped) = update(&format!("s3://{bucket}/zipped/index.csv.gz"), "zipped.csv");
    assert_eq!(plain, zipped);
    assert!(plain.is_some_and(|table| table.contains("us-east-1,internet,10240,51200,0.08705,,2026-10-15")));
    let (printed, table) = update(&format!("s3://{bucket}/cut/index.csv.gz"), "cut.csv");
    assert_eq!((printed.exit.as_str(), table), ("1", None), "{}", text(&printed.stderr));
    assert!(text(&printed.stderr).contains("cut off after"), "{}", text(&printed.stderr));
}
