//! The report is byte-identical for any distribution of records over files and any number of readers.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::group::{Key, Overflow, Spec};
use crate::join::geoip::GeoIp;
use crate::join::owners::Owners;
use crate::join::ranges::Ranges;
use crate::join::tables::Tables;
use crate::join::{ChargeTo, Sources};
use crate::price::{PoolTerms, PriceTable};
use crate::report::cost::{Billed, CostQuestion, CostShape};
use crate::report::top::{Order, Shape};
use crate::report::{Report, Row};
use crate::schema::Column;
use crate::units::human::Units;
use crate::units::time::{Window, Zone};
use crate::view::{Style, write};

const HEADERS: [&str; 2] = [
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status",
    "log-status interface-id new-field srcaddr bytes packets start end action dstport tcp-flags",
];

/// A record in either format.
#[derive(Clone, Debug)]
struct Record {
    interface: u8,
    srcaddr: &'static str,
    port: u32,
    bytes: u64,
    start: u32,
    action: &'static str,
    status: &'static str,
}

impl Record {
    fn line(&self, format: usize) -> String {
        let Self { interface, srcaddr, port, bytes, start, action, status } = self;
        let (packets, end) = (bytes / 100 + 1, start + 59);
        let (srcaddr, port, sums, action) = match *status {
            "OK" => (*srcaddr, port.to_string(), [packets, *bytes].map(|sum| sum.to_string()), *action),
            _ => ("-", "-".to_owned(), ["-", "-"].map(str::to_owned), "-"),
        };
        let [packets, bytes] = sums;
        match format {
            0 => format!(
                "2 111122223333 eni-{interface} {srcaddr} 10.9.9.9 50000 {port} 6 {packets} {bytes} {start} {end} {action} {status}"
            ),
            _ => format!("{status} eni-{interface} ? {srcaddr} {bytes} {packets} {start} {end} {action} {port} 2"),
        }
    }
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let addresses = vec!["10.0.0.1", "10.0.0.2", "10.0.1.1", "52.1.2.3", "2001:db8::1"];
    let statuses = vec!["OK", "OK", "OK", "OK", "NODATA", "SKIPDATA"];
    let actions = select(vec!["ACCEPT", "ACCEPT", "REJECT"]);
    let one = (0u8..4, select(addresses), 440u32..444, 0u64..5000, 7000u32..7400, actions, select(statuses));
    let one = one.prop_map(|(interface, srcaddr, port, bytes, start, action, status)| Record {
        interface,
        srcaddr,
        port,
        bytes,
        start,
        action,
        status,
    });
    prop::collection::vec(one, 1..60)
}

/// How a part of the records is stored.
#[derive(Clone, Copy, Debug)]
struct Stored {
    /// The file of a part, among shared files.
    file: u8,
    format: usize,
    gzip: bool,
    line_end: &'static str,
    last_newline: bool,
}

fn stored() -> impl Strategy<Value = Stored> {
    (0u8..5, 0usize..2, any::<bool>(), select(vec!["\n", "\r\n", " \n", "\n\n"]), any::<bool>())
        .prop_map(|(file, format, gzip, line_end, last_newline)| Stored { file, format, gzip, line_end, last_newline })
}

/// Writes records to files; parts of one file follow each other, as gzip members or as text with a header each. Returns
/// the records of each file, sorted by file name.
fn store(folder: &Path, records: &[Record], parts: &[Stored]) -> Vec<Record> {
    let mut order = Vec::new();
    for file in 0..5 {
        // File names do not show the content; gzip is detected from the first bytes.
        let mine: Vec<_> = parts.iter().enumerate().filter(|(_, part)| part.file == file).collect();
        let Some((_, first)) = mine.first() else { continue };
        let (mut bytes, last) = (Vec::new(), mine.len() - 1);
        for (place, (part, stored)) in mine.iter().enumerate() {
            let picked = records.iter().enumerate().filter(|(row, _)| row % parts.len() == *part);
            let picked: Vec<_> = picked.map(|(_, record)| record).collect();
            let lines = picked.iter().map(|record| record.line(stored.format));
            let lines: Vec<_> = std::iter::once(HEADERS[stored.format].to_owned()).chain(lines).collect();
            let end = if place < last || stored.last_newline { stored.line_end } else { "" };
            let text = lines.join(stored.line_end) + end;
            bytes.extend(if first.gzip { gzipped(text.as_bytes()) } else { text.into_bytes() });
            order.extend(picked.into_iter().cloned());
        }
        fs::write(folder.join(format!("{file}.log")), bytes).unwrap();
    }
    order
}

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn job(folder: &Path, jobs: usize, block_bytes: usize) -> Job {
    Job {
        inputs: vec![folder.to_str().unwrap().to_owned()],
        accounts: Vec::new(),
        regions: Vec::new(),
        window: Window { from: Some(7010), to: None },
        gap: None,
        filter: Some(Filter::parse("bytes > 10 and not srcaddr = 10.0.0.2", 0, Zone::default()).unwrap()),
        format: None,
        action_filter: ActionFilter::Accept,
        seed: 5,
        now: 0,
        zone: Zone::default(),
        jobs,
        overflow: None,
        keep_malformed: false,
        // Parts of random records may well be equal.
        copies: true,
        max_malformed: 0,
        strict: false,
        max_age_seconds: None,
        limits: Limits { block_bytes, ..Limits::default() },
        s3: S3Options::default(),
        leaves: Arc::new(Local),
    }
}

/// The report as JSON, without file-specific parts.
fn json(mut report: Report) -> String {
    (report.meta.objects, report.meta.stored_bytes) = (0, 0);
    // It has the number of objects.
    report.meta.notes.retain(|note| !note.starts_with("unknown fields"));
    let style = Style { units: Units::Raw, header: true, width: None, color: false };
    let mut bytes = Vec::new();
    write(&report, None, crate::view::Format::Json, &style, Box::new(&mut bytes)).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn question() -> TopQuestion {
    let keys = ["src/24", "dstport", "eni", "minute"].map(|key| Key::parse(key).unwrap()).to_vec();
    TopQuestion {
        labels: Vec::new(),
        traffic: None,
        pricing: None,
        explain: false,
        having: None,
        spec: Spec { keys, bytes: true, packets: true, seen: true, ..Spec::default() },
        distinct: false,
        shape: Shape { order: Order::Bytes, rows: Some(7), rejected: true },
    }
}

fn answered(job: &Job) -> String {
    json(top(job, &question(), &Progress::default()).unwrap().report)
}

/// The result, without tables on objects.
fn inspected(job: &Job) -> String {
    let mut report = inspect(job, &Progress::default()).unwrap().report;
    report.tables.retain(|table| matches!(table.name.as_str(), "interfaces" | "questions" | "malformed"));
    json(report)
}

fn streamed(job: &Job, columns: &[Column]) -> Vec<Row> {
    let question = FlowsQuestion { columns: columns.to_vec(), limit: None, sort: None };
    let mut rows = Vec::new();
    let mut keep = |batch: &[Row]| {
        rows.extend_from_slice(batch);
        Ok(())
    };
    flows(job, &question, &Progress::default(), &mut keep).unwrap().1.unwrap();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn files_formats_compression_blocks_and_threads_do_not_matter(
        records in records(), parts in prop::collection::vec(stored(), 1..7), block_bytes in select(vec![1, 100, 333, 4096]),
    ) {
        let [one, many, again] = [0, 1, 2].map(|_| tempfile::tempdir().unwrap());
        let plain = Stored { file: 0, format: parts[0].format, gzip: false, line_end: "\n", last_newline: true };
        // Only a format that all share makes all fields and notes the same.
        let parts: Vec<_> = parts.iter().map(|part| Stored { format: plain.format, ..*part }).collect();
        store(one.path(), &records, &[plain]);
        let order = store(many.path(), &records, &parts);
        store(again.path(), &order, &[plain]);
        let expected = job(one.path(), 1, 1 << 18);
        let (answer, found) = (answered(&expected), inspected(&expected));
        let columns = [Column::InterfaceId, Column::Srcaddr, Column::Bytes, Column::Start, Column::LogStatus];
        for jobs in [1, 2] {
            let job = Job { action_filter: ActionFilter::Accept, ..job(many.path(), jobs, block_bytes) };
            prop_assert_eq!(&answered(&job), &answer);
            prop_assert_eq!(&inspected(&job), &found);
            let of = |job: Job| streamed(&Job { window: Window::default(), filter: None, action_filter: ActionFilter::Every, ..job }, &columns);
            let rows = of(job);
            prop_assert_eq!(&rows, &of(self::job(again.path(), 1, 1 << 18)));
            prop_assert_eq!(rows.len(), records.len());
        }
    }

    #[test]
    fn formats_that_change_within_a_file_do_not_matter_to_the_sums(
        records in records(), parts in prop::collection::vec(stored(), 1..7), block_bytes in select(vec![1, 100, 333]),
    ) {
        let [one, many] = [0, 1].map(|_| tempfile::tempdir().unwrap());
        store(one.path(), &records, &[Stored { file: 0, format: 0, gzip: false, line_end: "\n", last_newline: true }]);
        store(many.path(), &records, &parts);
        let expected = answered(&job(one.path(), 1, 1 << 18));
        for jobs in [1, 2] {
            prop_assert_eq!(&answered(&job(many.path(), jobs, block_bytes)), &expected);
        }
    }

    #[test]
    fn damage_is_reported_alike_whoever_reads_it(
        records in records(), damaged in prop::collection::vec((any::<prop::sample::Index>(), 0usize..5), 0..20), keep_malformed: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut lines: Vec<_> = records.iter().map(|record| record.line(0)).collect();
        for (place, kind) in &damaged {
            let bad = ["some prose", "  ", "2 1 eni-1 x y", " \u{1}", HEADERS[1]][*kind];
            lines.insert(place.index(lines.len() + 1), bad.to_owned());
        }
        fs::write(folder.path().join("a.log"), format!("{}\n{}", HEADERS[0], lines.join("\n"))).unwrap();
        let read = |jobs, block_bytes| {
            let job = Job { keep_malformed, ..job(folder.path(), jobs, block_bytes) };
            let answer = inspect(&job, &Progress::default()).unwrap();
            let malformed = answer.malformed.clone();
            (json(answer.report), malformed)
        };
        let expected = read(1, 1 << 18);
        prop_assert_eq!(&read(2, 100), &expected);
        prop_assert_eq!(&read(2, 1), &expected);
    }
}

/// A ledger as the root gets it from another process.
fn through_the_wire(ledger: &Ledger, plan: &Plan, machine: &Machine<'_>, folder: &Path) -> Ledger {
    let path = folder.join("ledger");
    ledger.write(fs::File::create(&path).unwrap()).unwrap();
    Ledger::read_all(&[path], plan, machine).unwrap()
}

/// Splits a job's objects into units, aggregates each separately, and merges the ledgers in a given order.
#[derive(Debug)]
struct Cut {
    order: Vec<u8>,
    /// Which ledgers go through the wire, and which have no memory.
    wired: u8,
    spilled: u8,
}

impl Leaves for Cut {
    fn ledger(&self, job: &Job, plan: &Plan, machine: &Machine<'_>) -> Result<Ledger, Error> {
        let plan = &Plan::read(&plan.write()?)?;
        let folder = tempfile::tempdir().unwrap();
        let mut ledgers = Vec::new();
        for (place, unit) in Unit::from(job.find()?).split(self.order.len()).iter().enumerate() {
            let unit = Unit::read(&unit.write()?, plan)?;
            let spill: Arc<dyn crate::group::Spill> = Arc::new(TemporaryFile::new(folder.path().to_owned()));
            let overflow = (self.spilled >> place & 1 == 1).then(|| Overflow::new(0, spill));
            let ledger = leaf(plan, &unit, &Machine { overflow, ..*machine })?;
            let is_wired = self.wired >> place & 1 == 1;
            let ledger = if is_wired { through_the_wire(&ledger, plan, machine, folder.path()) } else { ledger };
            ledgers.push((self.order[place], ledger));
        }
        ledgers.sort_by_key(|(order, _)| *order);
        // Pairs first, so that it is a tree and no list.
        let mut ledgers: Vec<Ledger> = ledgers.into_iter().map(|(_, ledger)| ledger).collect();
        while let (Some(two), one) = (ledgers.pop(), ledgers.pop()) {
            let Some(one) = one else { return Ok(two) };
            ledgers.insert(0, one.merge(two, machine.threads)?);
        }
        Ledger::new(plan)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_split_into_units_gives_the_same_bytes(
        records in records(), parts in prop::collection::vec(stored(), 1..7), order in prop::collection::vec(any::<u8>(), 1..6),
        wired: u8, spilled: u8, damage in prop::option::of(0usize..200), filtered: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        store(folder.path(), &records, &parts);
        if let Some(damage) = damage {
            let text = format!("{}\n\u{e4} \n{}\n2 x\n", HEADERS[0], records[0].line(0));
            fs::write(folder.path().join("damaged"), &text.as_bytes()[..damage.min(text.len())]).unwrap();
        }
        let whole = job(folder.path(), 2, 333);
        let whole = if filtered { whole } else { Job { filter: None, window: Window::default(), keep_malformed: true, ..whole } };
        let split = Job { leaves: Arc::new(Cut { order, wired, spilled }), ..whole.clone() };
        for of in [answers_bare, answers_joined] {
            prop_assert_eq!(of(&split), of(&whole));
        }
    }
}

fn answers_bare(job: &Job) -> (String, Vec<MalformedLine>) {
    let answer = top(job, &question(), &Progress::default()).unwrap();
    (json(answer.report), answer.malformed)
}

fn answers_joined(job: &Job) -> (String, Vec<MalformedLine>) {
    let (question, sources) = cost_question();
    let answer = ask(job, question, sources, &Progress::default()).unwrap();
    (json(answer.report), answer.malformed)
}

/// With room for nothing and for a little, on one thread and on two, with and without distinct values.
#[test]
fn what_is_spilled_does_not_matter_to_the_answer() {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/logs");
    let folder = tempfile::tempdir().unwrap();
    for distinct in [false, true] {
        let answered = |jobs, memory_bytes: Option<usize>| {
            let spill = Arc::new(TemporaryFile::new(folder.path().to_owned()));
            let overflow = memory_bytes.map(|memory_bytes| Overflow::new(memory_bytes, spill));
            let question = TopQuestion { distinct, ..question() };
            let job = Job { filter: None, window: Window::default(), overflow, ..job(&logs, jobs, 1 << 16) };
            let report = top(&job, &question, &Progress::default()).unwrap().report;
            assert_eq!(report.meta.spilled_bytes > 0, memory_bytes.is_some());
            json(report)
        };
        let expected = answered(1, None);
        for (jobs, memory_bytes) in [(2, None), (1, Some(0)), (2, Some(0)), (2, Some(1 << 20))] {
            assert_eq!(answered(jobs, memory_bytes), expected);
        }
    }
}

fn cost_question() -> (CostQuestion, Sources) {
    let keys = vec![Key { column: Column::SrcInterface, cut: None }];
    let sources = Sources {
        tables: Tables::default(),
        ranges: Arc::new(Ranges::embedded().unwrap()),
        geography: GeoIp::default(),
        owners: Owners::default(),
        v11_tags: Vec::new(),
        charge_to: ChargeTo::default(),
        every_view: false,
    };
    let key_heads = vec![Column::SrcInterface.into()];
    let names = vec![Column::SrcInterface.name().to_owned()];
    let question = CostQuestion {
        keys,
        window: (None, None),
        current_from: None,
        previous: None,
        now: 0,
        prices: PriceTable::embedded().unwrap(),
        terms: PoolTerms::default(),
        billed: Billed::Cost(CostShape { key_heads, keys: names, ..CostShape::default() }),
        notes: Vec::new(),
        explain: true,
        splits: None,
    };
    (question, sources)
}

/// Several sums of one pass share the file.
#[test]
fn what_cost_spills_does_not_matter_and_is_reported() {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/logs");
    let folder = tempfile::tempdir().unwrap();
    let answered = |memory_bytes: Option<usize>| {
        let spill: Arc<dyn crate::group::Spill> = Arc::new(TemporaryFile::new(folder.path().to_owned()));
        let (question, sources) = cost_question();
        let overflow = memory_bytes.map(|memory_bytes| Overflow::new(memory_bytes, spill));
        let job = Job { filter: None, window: Window::default(), overflow, ..job(&logs, 2, 1 << 16) };
        let report = ask(&job, question, sources, &Progress::default()).unwrap().report;
        assert_eq!(report.meta.spilled_bytes > 0, memory_bytes.is_some());
        json(report)
    };
    assert_eq!(answered(Some(0)), answered(None));
}

/// The shipped logs of one generator, as text and as Parquet.
#[test]
fn parquet_gives_the_answers_of_the_text_it_was_made_with() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let of = |folder: &str, jobs, block_bytes| {
        let job = Job { filter: None, window: Window::default(), ..job(&testdata.join(folder), jobs, block_bytes) };
        (answered(&job), inspected(&job))
    };
    let text = of("logs-v5", 1, 1 << 18);
    assert_eq!(of("logs-v5", 2, 100), text);
    assert_eq!(of("logs-v5-parquet", 1, 1 << 18), text);
    assert_eq!(of("logs-v5-parquet", 2, 100), text);
}

/// What cannot be spilled is limited too: a small file of long texts, and one of many interfaces.
#[test]
fn texts_and_interfaces_beyond_the_memory_end_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let line = |id: &str, place: usize| format!("{id}{place} 10.0.0.1 10.0.0.2 5 7000 7060\n");
    let log = |id: &str, lines: usize| {
        let lines: String = (0..lines).map(|place| line(id, place)).collect();
        gzipped(format!("interface-id srcaddr dstaddr bytes start end\n{lines}").as_bytes())
    };
    let (long, many) = (log(&"e".repeat(4_000), 20_000), log("eni-", 700_000));
    assert!(long.len() < 1 << 20);
    for (name, bytes) in [("long", &long), ("many", &many)] {
        let file = folder.path().join(format!("{name}.log.gz"));
        fs::write(&file, bytes).unwrap();
        let overflow =
            |memory_bytes| Some(Overflow::new(memory_bytes, Arc::new(TemporaryFile::new(folder.path().to_owned()))));
        let run = |overflow| {
            let job = Job { filter: None, window: Window::default(), overflow, ..job(&file, 2, 1 << 18) };
            let (question, sources) = cost_question();
            ask(&job, question, sources, &Progress::default()).map(|answer| json(answer.report))
        };
        let error = run(overflow(1 << 20)).unwrap_err();
        assert!(error.to_string().starts_with("interfaces and texts of the records need more memory"), "{error}");
    }
    fs::remove_file(folder.path().join("many.log.gz")).unwrap();
    let job = job(folder.path(), 2, 1 << 18);
    let job = Job { filter: None, window: Window::default(), ..job };
    assert!(top(&job, &question(), &Progress::default()).is_ok(), "no limit, no error");
}
