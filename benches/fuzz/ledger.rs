//! Ledgers written by other processes: a ledger is read completely or rejected, in bounded memory; what was read can be
//! written and read again.

use std::error::Error;
use std::{fs, io, slice};

use outflow::collect::{Prune, S3Options, find, of_bytes};
use outflow::group::wire::Wire;
use outflow::work::{Ledger, Machine, Plan, Progress, Unit, leaf, threads};

type Failure = Box<dyn Error>;

/// What the note of a file begins with, behind its check sum and a space.
const NOTE: &[u8] = b"{\"version\":";
const CHECK_DIGITS: usize = 8;
/// A file may rightly say that it has billions of rows; no more are read here.
const ROWS_MAX: u64 = 1 << 18;
/// Keys of every kind, and texts as one.
const PLAN: &str = r#"{"version": 1, "seed": 7, "now": 0, "zone": "UTC", "window": {"from": null, "to": null}, "gap": null,
    "filter": null, "filter_owners": [], "format": null, "action_filter": "accept", "spec": {"keys": [
    {"column": "vantage", "cut": null}, {"column": "hour", "cut": null},
    {"column": "src", "cut": {"v4_bits": 24, "v6_bits": 48, "public_only": true}}, {"column": "dstport", "cut": null}],
    "vantages": ["interface_id", "traffic_path", "region"], "bytes": true, "packets": true, "seen": true, "starts": true,
    "distinct": false}, "rejected": true, "interfaces": true, "keep_malformed": false, "limits":
    {"decompressed_bytes": 1000000, "line_bytes": 1000, "json_line_bytes": 1000, "block_bytes": 1000,
    "parquet_in_memory_bytes": 1000}, "s3": {"region": null, "profile": null, "endpoint_url": null, "path_style": false,
    "request_payer": false, "unsigned": false, "retries": null}}"#;

pub(crate) fn run(input: &[u8]) {
    let bytes = mended(input);
    let is_small = |wire: Wire| wire.rows() <= ROWS_MAX;
    if !Wire::open(of_bytes(bytes.clone())).is_ok_and(is_small) {
        return;
    }
    let read = |bytes: &[u8]| -> Result<Option<Ledger>, Failure> {
        let path = std::env::temp_dir().join("ledger");
        fs::write(&path, bytes)?;
        with_machine(|plan, machine| Ledger::read_all(slice::from_ref(&path), plan, machine).ok())
    };
    let again = read(&bytes).and_then(|ledger| ledger.map(|ledger| read(&written(&ledger)?)).transpose());
    match again {
        Ok(None | Some(Some(_))) => {}
        Ok(Some(None)) => panic!("a ledger is not read as it was written"),
        Err(failure) => panic!("the target cannot be run: {failure}"),
    }
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

fn with_machine<T>(work: impl FnOnce(&Plan, &Machine<'_>) -> T) -> Result<T, Failure> {
    let (plan, threads) = (Plan::read(PLAN)?, threads(1)?);
    Ok(work(&plan, &Machine { threads: &threads, overflow: None, progress: &Progress::default() }))
}

fn written(ledger: &Ledger) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ledger.write(&mut bytes)?;
    Ok(bytes)
}

/// The ledger of a few records, and an empty one.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    [of_records(), with_machine(|plan, _| Ledger::new(plan)).and_then(|empty| Ok(written(&empty?)?))]
        .into_iter()
        .filter_map(Result::ok)
        .collect()
}

fn of_records() -> Result<Vec<u8>, Failure> {
    let path = std::env::temp_dir().join("records.log");
    let lines = "version interface-id srcaddr dstaddr dstport bytes packets start end traffic-path action log-status\n\
                 2 eni-1 10.0.0.1 2001:db8::1 443 100 2 7000 7059 8 ACCEPT OK\n\
                 2 eni-2 2001:db8::1 10.0.0.1 40000 100 2 7000 7059 - REJECT OK\n2 some prose\n";
    fs::write(&path, lines)?;
    let found = find(&[path.display().to_string()], &Prune::default(), &S3Options::default())?;
    Ok(written(&with_machine(|plan, machine| leaf(plan, &Unit::from(found), machine))??)?)
}

/// Names in a note and its lines.
pub(crate) fn words() -> Vec<String> {
    let names = "version head plan account classes counted records bytes rows digest lines offset check object interface \
                 hours stored_bytes problem skips attributes watched gaps";
    names.split_whitespace().map(str::to_owned).collect()
}
