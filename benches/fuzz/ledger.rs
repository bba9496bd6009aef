//! Ledgers that other processes have written: one is read as a whole or refused, in bounded memory; what was read is
//! written so that it is read again.

use std::fs;
use std::sync::OnceLock;

use outflow::collect::{Prune, S3Options, find, of_bytes};
use outflow::group::wire::Wire;
use outflow::work::{Ledger, Machine, Plan, Progress, Unit, leaf, threads};

/// What the note of a file begins with, behind its check sum and a space.
const NOTE: &[u8] = b"{\"version\":";
const CHECK_DIGITS: usize = 8;
/// A file may rightly say that it has billions of rows; no more are read here.
const ROWS_MAX: u64 = 1 << 18;
/// Keys of every kind, and texts as one.
const PLAN: &str = r#"{"version": 1, "seed": 7, "now": 0, "zone": "UTC", "window": {"from": null, "to": null}, "gap": null,
    "filter": null, "format": null, "verdict": "accept", "spec": {"keys": [{"column": "view", "cut": null},
    {"column": "hour", "cut": null}, {"column": "src", "cut": {"v4_bits": 24, "v6_bits": 48, "public_only": true}},
    {"column": "dstport", "cut": null}], "views": ["interface_id", "traffic_path", "region"], "bytes": true,
    "packets": true, "seen": true, "starts": true, "distinct": false}, "blocked": true, "interfaces": true,
    "keep_rejects": false, "limits": {"decompressed_bytes": 1000000, "line_bytes": 1000, "json_line_bytes": 1000,
    "block_bytes": 1000, "parquet_in_memory_bytes": 1000}, "s3": {"region": null, "profile": null, "endpoint_url": null,
    "path_style": false, "request_payer": false, "unsigned": false, "retries": null}}"#;

pub(crate) fn run(input: &[u8]) {
    let bytes = mended(input);
    match Wire::open(of_bytes(bytes.clone())) {
        Ok(wire) if wire.rows() <= ROWS_MAX => {}
        _ => return,
    }
    let path = std::env::temp_dir().join("ledger");
    fs::write(&path, bytes).expect("a file");
    let Ok(read) = with_machine(|plan, machine| Ledger::read_all(&[path.clone()], plan, machine)) else { return };
    fs::write(&path, written(&read)).expect("a file");
    let again = with_machine(|plan, machine| Ledger::read_all(&[path.clone()], plan, machine));
    assert!(again.is_ok_and(|again| written(&again).len() > NOTE.len()), "a ledger is not read as it was written");
}

/// The same with the check sum that its note should have: else few inputs would be more than a damaged note.
fn mended(input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    let note = bytes.windows(NOTE.len()).rposition(|window| window == NOTE).filter(|at| *at > CHECK_DIGITS);
    if let Some(at) = note {
        let mut values = serde_json::Deserializer::from_slice(&bytes[at..]).into_iter::<serde_json::Value>();
        if let Some(Ok(_)) = values.next() {
            let end = at + values.byte_offset();
            let check = format!("{:08x}", crc32fast::hash(&bytes[at..end]));
            bytes[at - 1 - CHECK_DIGITS..at - 1].copy_from_slice(check.as_bytes());
        }
    }
    bytes
}

fn with_machine<T>(work: impl FnOnce(&Plan, &Machine<'_>) -> T) -> T {
    static PLANNED: OnceLock<(Plan, rayon::ThreadPool)> = OnceLock::new();
    let (plan, threads) = PLANNED.get_or_init(|| (Plan::read(PLAN).expect("a plan"), threads(1).expect("a thread")));
    work(plan, &Machine { threads, overflow: None, progress: &Progress::default() })
}

fn written(ledger: &Ledger) -> Vec<u8> {
    let mut bytes = Vec::new();
    ledger.write(&mut bytes).expect("it is written");
    bytes
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let folder = std::env::temp_dir().join("ledger-seeds");
    fs::create_dir_all(&folder).expect("a folder");
    let short = folder.join("short.log");
    let lines = "version interface-id srcaddr dstaddr dstport bytes packets start end traffic-path action log-status\n\
                 2 eni-1 10.0.0.1 2001:db8::1 443 100 2 7000 7059 8 ACCEPT OK\n\
                 2 eni-2 2001:db8::1 10.0.0.1 40000 100 2 7000 7059 - REJECT OK\n2 some prose\n";
    fs::write(&short, lines).expect("a file");
    let found = find(&[short.display().to_string()], &Prune::default(), &S3Options::default()).expect("objects");
    let full = with_machine(|plan, machine| leaf(plan, &Unit::from(found), machine)).expect("a ledger");
    let empty = with_machine(|plan, _| Ledger::new(plan)).expect("a ledger");
    vec![written(&full), written(&empty)]
}

/// Names in a note and its lines.
pub(crate) fn words() -> Vec<String> {
    let names = "version head plan account classes counted records bytes rows digest lines offset check object interface \
                 hours stored_bytes problem skips attributes watched gaps";
    names.split_whitespace().map(str::to_owned).collect()
}
