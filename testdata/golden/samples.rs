//! Logs that nobody here wrote: real ones, those of other projects' tests, and files that are no AWS flow logs.
//!
//! Their licences differ, so none is shipped; the tests say that they are skipped where the folder is absent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::WalkDir;

use crate::program::{self, Printed};

const BEATS: &str = "elastic-beats/x-pack/filebeat/module/aws/vpcflow/test";
const OTEL: &str = "open-telemetry-opentelemetry-collector-contrib/extension/encoding/awslogsencodingextension/internal/\
                    unmarshaler/vpc-flow-log/testdata";
const SECURITY_LAKE: &str = "elastic-beats/x-pack/libbeat/reader/parquet/testdata/vpc_flow.gz.parquet";
/// The same rows as a text log, without the packet addresses.
const TWIN: &str = "_derived/ocsf-parquet-as-v5-custom.log.gz";
const PANDAS: &str = "obsrvbl-oss-flowlogs-reader/tests/data/flows.parquet";
const GRAFANA: &str = "grafana-lambda-promtail/testdata/vpcflowlog.log.gz";
/// Lines of several formats, and what became of them: JSON with the line as `message`.
const PROCESSOR: &str = "elastic-beats/x-pack/filebeat/processors/aws_vpcflow/testdata";
/// The format of a transit gateway's log that was sent without a header.
const GATEWAY: &str = "${version} ${account-id} ${tgw-id} ${tgw-attachment-id} ${tgw-src-vpc-id} ${tgw-dst-vpc-id} \
                       ${tgw-src-subnet-id} ${tgw-dst-subnet-id} ${tgw-src-eni} ${tgw-dst-eni} ${tgw-src-az-id} \
                       ${tgw-dst-az-id} ${tgw-pair-attachment-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} \
                       ${protocol} ${packets} ${bytes} ${start} ${end} ${log-status} ${type} ${tcp-flags} \
                       ${flow-direction} ${region}";

/// What a log holds: lines, then records by kind, then the bytes of those that are counted.
struct Held {
    folder: &'static str,
    file: &'static str,
    lines: u64,
    ok: u64,
    rejected: u64,
    no_data: u64,
    skip_data: u64,
    counted_bytes: u64,
}

const fn held(folder: &'static str, file: &'static str, lines: u64, kinds: [u64; 4], counted_bytes: u64) -> Held {
    let [ok, rejected, no_data, skip_data] = kinds;
    Held { folder, file, lines, ok, rejected, no_data, skip_data, counted_bytes }
}

const LOGS: [Held; 16] = [
    held("", SECURITY_LAKE, 1304, [1138, 30, 166, 0], 4_609_485),
    held("", TWIN, 1305, [1138, 30, 166, 0], 4_609_485),
    held("", PANDAS, 3, [1, 0, 2, 0], 840),
    held("", GRAFANA, 4, [3, 0, 0, 0], 34_052),
    held(PROCESSOR, "default-v2-format.golden.json", 7, [5, 2, 1, 1], 13_440),
    held(BEATS, "accept-reject-traffic.log", 5, [4, 2, 0, 0], 4585),
    held(BEATS, "custom-nat-gateway.log", 3, [2, 0, 0, 0], 0),
    held(BEATS, "custom-transit-gateway.log", 2, [1, 0, 0, 0], 0),
    held(BEATS, "ipv6.log", 1, [1, 0, 0, 0], 8855),
    held(BEATS, "no-data-skip-data.log", 2, [0, 0, 1, 1], 0),
    held(BEATS, "tcp-flag-sequence-skip-data.log", 5, [0, 0, 1, 1], 0),
    held(BEATS, "tcp-flag-sequence.log", 4, [3, 0, 0, 0], 2795),
    held(OTEL, "valid_tgw_flow_log.log", 2, [1, 0, 0, 0], 1000),
    held(OTEL, "valid_vpc_flow_cw.json", 2, [2, 1, 0, 0], 4249),
    held(OTEL, "valid_vpc_flow_log_ecs.log", 2, [1, 0, 0, 0], 3500),
    held(OTEL, "valid_vpc_flow_log_multi.log", 3, [2, 1, 0, 0], 4249),
];

impl Held {
    fn path(&self, samples: &Path) -> PathBuf {
        samples.join(self.folder).join(self.file)
    }
}

/// The folder of samples, where there is one.
fn samples() -> Option<PathBuf> {
    let folders = [
        concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/samples"),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/samples"),
    ];
    let found = folders.iter().map(PathBuf::from).find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: there is no folder of samples beside the repository");
    }
    found
}

fn outflow(arguments: &[&str], input: &Path, stdin: &str) -> Printed {
    let input = input.to_str().expect("the path is UTF-8").to_owned();
    let words: Vec<_> = arguments.iter().map(|word| (*word).to_owned()).chain([input]).collect();
    program::run(&words, crate::root(), stdin.as_bytes()).expect("outflow runs")
}

/// A report as JSON, of a run that read everything.
fn report(arguments: &[&str], input: &Path, stdin: &str) -> Value {
    let printed = outflow(&[arguments, &["-o", "json"]].concat(), input, stdin);
    let said = String::from_utf8_lossy(&printed.stderr);
    assert_eq!(printed.exit, "0", "{arguments:?} {}: {said}", input.display());
    serde_json::from_slice(&printed.stdout).expect("the report is JSON")
}

/// Records and bytes of a class of the account.
fn account(report: &Value, class: &str) -> (u64, u64) {
    let class = &report["meta"]["account"][class];
    (class["records"].as_u64().expect("records"), class["bytes"].as_u64().expect("bytes"))
}

#[test]
fn aws_logs_of_others_hold_what_they_are_known_to_hold() {
    let Some(samples) = samples() else { return };
    for log in &LOGS {
        let path = log.path(&samples);
        let inspected = report(&["inspect"], &path, "");
        let object = &inspected["tables"]["objects"][0];
        let of = |name: &str| object[name].as_u64().unwrap_or(u64::MAX);
        let kinds = [of("lines"), of("ok"), of("rejected"), of("no_data"), of("skip_data"), of("malformed")];
        let expected = [log.lines, log.ok, log.rejected, log.no_data, log.skip_data, 0];
        assert_eq!(kinds, expected, "lines, ok, rejected, no_data, skip_data, malformed of {}", log.file);
        assert_eq!(of("records"), log.ok + log.no_data + log.skip_data, "{}", log.file);

        let top = report(&["top", "--no-dedup", "--top", "1", "--by", "eni,dst"], &path, "");
        assert_eq!(account(&top, "counted"), (log.ok - log.rejected, log.counted_bytes), "{}", log.file);
        let total = &top["totals"]["top"];
        assert_eq!(total["bytes"], log.counted_bytes, "{}", log.file);
        assert_eq!(total["flows"], log.ok - log.rejected, "{}", log.file);
    }
}

#[test]
fn the_real_security_lake_file_is_known_to_the_last_record() {
    let Some(samples) = samples() else { return };
    let inspected = report(&["inspect"], &samples.join(SECURITY_LAKE), "");
    let interfaces = inspected["tables"]["interfaces"].as_array().expect("interfaces");
    assert_eq!(interfaces.iter().filter(|interface| interface["ok"] != 0).count(), 4);
    let notes = inspected["meta"]["notes"].to_string();
    assert!(notes.contains("130 records from account `unknown`"), "{notes}");
    let top = report(&["top", "--by", "action", "--action", "all"], &samples.join(SECURITY_LAKE), "");
    assert_eq!(account(&top, "counted").0, 1138);
    let flows = top["tables"]["top"].as_array().expect("rows").iter();
    let flows: BTreeMap<_, _> = flows.map(|row| (row["action"].as_str().unwrap_or("-"), &row["flows"])).collect();
    assert_eq!(flows, BTreeMap::from([("ACCEPT", &1108.into()), ("REJECT", &30.into())]));
}

#[test]
fn each_byte_of_the_real_security_lake_file_counts_once() {
    let Some(samples) = samples() else { return };
    // Without the packet addresses, which are those of the interfaces there, nothing is counted otherwise.
    for file in [SECURITY_LAKE, TWIN].map(|file| samples.join(file)) {
        let counted = |arguments: &[&str]| account(&report(&[&["top"], arguments].concat(), &file, ""), "counted");
        assert_eq!(counted(&["--no-dedup"]).1, 4_609_485);
        assert_eq!(counted(&["--no-dedup", "--where", "flow_direction = egress"]).1, 2_839_497);
        for by in ["src,dst", "src,dst,port", "path,via", "src_interface", "hour"] {
            let top = report(&["top", "--by", by], &file, "");
            assert_eq!(account(&top, "counted").1, 3_201_926, "by {by}");
            assert_eq!(account(&top, "deduplicated").1, 4_609_485 - 3_201_926, "by {by}");
            assert_eq!(account(&top, "transit"), (0, 0), "by {by}");
            assert_eq!(top["totals"]["top"]["bytes"], 3_201_926, "by {by}");
        }
    }
}

#[test]
fn the_security_lake_file_and_its_text_twin_give_the_same_bytes() {
    let Some(samples) = samples() else { return };
    let same = |arguments: &[&str]| {
        let [lake, twin] = [SECURITY_LAKE, TWIN].map(|file| outflow(arguments, &samples.join(file), ""));
        assert_eq!((lake.exit.as_str(), twin.exit.as_str()), ("0", "0"), "{arguments:?}");
        assert!(lake.stdout.iter().filter(|byte| **byte == b'\n').count() > 1, "{arguments:?} gives no rows");
        let [lake, twin] = [lake, twin].map(|printed| String::from_utf8(printed.stdout).expect("csv is UTF-8"));
        assert!(lake == twin, "{arguments:?}\n{lake}\n{twin}");
    };
    for by in [
        "src,dst",
        "srcaddr,dstaddr,srcport,dstport,protocol",
        "account,eni,vpc,subnet,instance,az,region",
        "port,direction,traffic_path,tcp_flags,type",
        "hour,action,log_status",
        "minute,src/24,dst/16:public",
    ] {
        let measures = "bytes,packets,flows,rejected,seen";
        same(&["top", "--by", by, "--top", "all", "--measures", measures, "-o", "csv"]);
        same(&["top", "--by", by, "--top", "3", "--sort", "flows", "--action", "all", "-o", "csv"]);
    }
    same(&["top", "--where", "dstport = 443 and not src in 172.16.0.0/12", "-o", "csv"]);
    same(&["top", "--from", "2023-03-30T10:20:00Z", "--by", "eni", "-o", "csv"]);
    let twin = outflow(&["inspect", "-o", "csv", "--table", "formats"], &samples.join(TWIN), "");
    let formats = String::from_utf8(twin.stdout).expect("csv is UTF-8");
    let header = formats.trim_end().rsplit(',').next().expect("a header line");
    assert_eq!(header.split(' ').count(), 27);
    same(&["flows", "--columns", &header.replace(' ', ","), "-o", "csv"]);
}

#[test]
fn formats_in_aws_s_words_read_the_lines_that_were_written_with_them() {
    let Some(samples) = samples() else { return };
    let text =
        std::fs::read_to_string(samples.join(PROCESSOR).join("aws-vpc-flow-logs.yml")).expect("the file can be read");
    let sections = sections(&text);
    let bytes =
        [("default-v2-format", 13_440), ("tcp-flag-sequence", 23_462_480), ("service-name-path-direction", 15_515)];
    let bytes = BTreeMap::from(bytes);
    assert_eq!(sections.iter().map(|section| section.lines.len()).collect::<Vec<_>>(), [7, 8, 6, 4, 2, 1]);
    for Section { name, format, lines } in sections {
        let by = ["--no-dedup", "--format", &format, "--by", "src,dst,port"];
        let wrapped = samples.join(PROCESSOR).join(format!("{name}.golden.json"));
        let wrapped = report(&[&["top"], &by[..]].concat(), &wrapped, "");
        for stdin in [lines.join("\n"), lines.join("\r\n") + "\r\n"] {
            let top = report(&[&["top"], &by[..]].concat(), Path::new("-"), &stdin);
            assert_eq!(top["tables"], wrapped["tables"], "{name}");
            assert_eq!(top["meta"]["account"], wrapped["meta"]["account"], "{name}");
            let records = ["counted", "rejected", "no_data", "skip_data"].map(|class| account(&top, class).0);
            assert_eq!(records.iter().sum::<u64>(), lines.len() as u64, "{name}");
            assert_eq!(account(&top, "counted").1, bytes.get(name.as_str()).copied().unwrap_or(0), "{name}");
        }
    }
}

/// A format and lines written with it.
struct Section {
    name: String,
    format: String,
    lines: Vec<String>,
}

/// The sections that have lines of their own; of YAML just what this file has.
fn sections(text: &str) -> Vec<Section> {
    let mut sections = Vec::<Section>::new();
    for line in text.lines() {
        if let Some(name) =
            line.split(':').next().filter(|_| line.starts_with(|first: char| first.is_ascii_lowercase()))
        {
            sections.push(Section { name: name.to_owned(), format: String::new(), lines: Vec::new() });
        }
        let Some(section) = sections.last_mut() else { continue };
        if let Some(format) = line.strip_prefix("  format: ") {
            section.format = format.split(' ').map(|field| format!("${{{field}}} ")).collect();
        } else if let Some(sample) = line.strip_prefix("    - ") {
            let sample = sample.split(" #").next().unwrap_or_default();
            section.lines.push(sample.trim_matches('\'').to_owned());
        }
    }
    sections.retain(|section| !section.lines.is_empty());
    sections
}

#[test]
fn a_transit_gateway_s_log_without_a_header_is_read_by_the_format_that_is_given() {
    let Some(samples) = samples() else { return };
    let path = samples.join(OTEL).join("valid_tgw_flow_cw.json");
    let top = report(&["top", "--format", GATEWAY, "--by", "tgw_id,tgw_src_vpc_id"], &path, "");
    assert_eq!(account(&top, "counted"), (1, 1000));
    assert_eq!(top["tables"]["top"][0]["tgw_id"], "tgw-0abc12345def67890");
}

#[test]
fn any_else_there_is_is_rejected_with_the_reason_and_never_misread() {
    let Some(samples) = samples() else { return };
    let logs: Vec<_> = LOGS.iter().map(|log| log.path(&samples)).collect();
    let files = WalkDir::new(&samples).into_iter().map(|entry| entry.expect("the samples can be listed"));
    let files = files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    let foreign: Vec<_> = files.filter(|path| !logs.contains(path)).collect();
    for name in ["bad.log", "ip-ranges.json", "vpc-flow-log-entries.json.log", "blob_fixtures_vnetflowlogs.json"] {
        assert!(foreign.iter().any(|path| path.ends_with(name)), "{name} is not there");
    }
    for path in foreign {
        let printed = outflow(&["top", "-o", "json"], &path, "");
        let said = String::from_utf8_lossy(&printed.stderr).into_owned();
        let name = path.display();
        assert_eq!(printed.exit, "3", "{name}: {said}");
        assert!(said.contains(&format!("warning: {name}: ")) && said.contains("not a"), "{name}: {said}");
        let top: Value = serde_json::from_slice(&printed.stdout).expect("the report is JSON");
        let records = |class: &Value| class["records"].as_u64().unwrap_or(u64::MAX);
        let records: u64 = top["meta"]["account"].as_object().expect("an account").values().map(records).sum();
        assert_eq!((records, &top["tables"]["top"]), (0, &Value::Array(Vec::new())), "{name}");
    }
}

#[test]
fn the_logs_among_everything_else_are_summed_as_each_alone() {
    let Some(samples) = samples() else { return };
    let printed = outflow(&["top", "--no-dedup", "-o", "json", "--by", "eni"], &samples, "");
    assert_eq!(printed.exit, "3");
    let top: Value = serde_json::from_slice(&printed.stdout).expect("the report is JSON");
    let sum = |of: fn(&Held) -> u64| LOGS.iter().map(of).sum::<u64>();
    assert_eq!(account(&top, "counted"), (sum(|log| log.ok - log.rejected), sum(|log| log.counted_bytes)));
    let quiet = ["rejected", "no_data", "skip_data", "malformed"].map(|class| account(&top, class).0);
    assert_eq!(quiet, [sum(|log| log.rejected), sum(|log| log.no_data), sum(|log| log.skip_data), 0]);
}
