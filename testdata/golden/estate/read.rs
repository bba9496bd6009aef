//! A simulated day, as a reader finds it: the logs by the library's own decoder, the truth and the tables as CSV.
//!
//! Nothing here knows what the generator had in mind; it is read from the files alone.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;
use std::sync::OnceLock;

use flate2::read::{DeflateDecoder, MultiGzDecoder};
use outflow::decode::{Dictionary, Flows, Skips, TextDecoder};
use outflow::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, Column, ColumnSet, Stage};
use serde_json::Value;
use walkdir::WalkDir;

use crate::flowgen::estate;
use crate::program;

/// The formats that are written, with how many fields each has.
pub(crate) const FORMATS: [(&str, u8, usize); 4] = [("v2", 2, 14), ("v3", 3, 21), ("v5", 5, 29), ("v11", 11, 54)];

const GZIP_HEADER_BYTES: usize = 10;

/// What a run wrote.
pub(crate) struct Simulated {
    pub(crate) logs: BTreeMap<&'static str, Vec<Record>>,
    pub(crate) truth: HashMap<String, Vec<Row>>,
    pub(crate) tables: HashMap<String, Vec<Row>>,
    /// The JSON below `tables/`, by its path.
    pub(crate) lists: BTreeMap<String, Value>,
}

/// A row of CSV by column.
pub(crate) type Row = HashMap<String, String>;

/// A record, as far as the laws need it. Texts that are absent are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) interface: String,
    pub(crate) resource: String,
    pub(crate) account: String,
    pub(crate) vpc: String,
    pub(crate) status: String,
    pub(crate) action: String,
    pub(crate) direction: String,
    pub(crate) interface_tag: String,
    pub(crate) instance_tag: String,
    pub(crate) interface_type: String,
    pub(crate) next_hop: String,
    pub(crate) source: Option<IpAddr>,
    pub(crate) destination: Option<IpAddr>,
    pub(crate) packet_source: Option<IpAddr>,
    pub(crate) packet_destination: Option<IpAddr>,
    pub(crate) source_port: u32,
    pub(crate) destination_port: u32,
    pub(crate) protocol: u32,
    pub(crate) flags: u32,
    pub(crate) path: Option<u32>,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The columns that have a value.
    pub(crate) present: Vec<Column>,
}

impl Record {
    pub(crate) fn is_flow(&self) -> bool {
        self.status == "OK"
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.is_flow() && self.action == "ACCEPT"
    }
}

/// The simulated day that the laws are read from; made once.
pub(crate) fn day() -> &'static Simulated {
    static DAY: OnceLock<Simulated> = OnceLock::new();
    DAY.get_or_init(|| simulate("--seed 3"))
}

/// Runs the generator and reads what it wrote.
pub(crate) fn simulate(flags: &str) -> Simulated {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), flags);
    Simulated::read(scratch.path())
}

/// Runs the generator into a folder.
pub(crate) fn generate(folder: &Path, flags: &str) {
    let words = program::words(&format!("--out logs --gz-level 0 {flags}")).expect("quotes");
    let mut options = estate::Options::parse(words).expect("flags of the generator");
    options.out = folder.to_owned();
    estate::run(&options).expect("logs are written");
}

impl Simulated {
    pub(crate) fn read(folder: &Path) -> Self {
        let logs = FORMATS.iter().map(|(name, ..)| (*name, logs(&folder.join(format!("logs-{name}"))))).collect();
        Self { logs, ..Self::without_logs(folder) }
    }

    /// The truth and the tables alone.
    pub(crate) fn without_logs(folder: &Path) -> Self {
        let tables = |name: &str| csv_files(&folder.join(name));
        let lists = files(&folder.join("tables"), "json")
            .into_iter()
            .map(|(path, bytes)| (path, serde_json::from_slice(&bytes).expect("the list is JSON")));
        Self { logs: BTreeMap::new(), truth: tables("truth"), tables: tables("tables"), lists: lists.collect() }
    }

    /// A table of the truth.
    pub(crate) fn truth(&self, name: &str) -> &[Row] {
        self.truth.get(name).map(Vec::as_slice).unwrap_or_else(|| panic!("truth/{name}.csv is missing"))
    }

    /// The interfaces by the id that [`Record::seen_at`] gives.
    pub(crate) fn interfaces(&self) -> HashMap<&str, &Row> {
        self.truth("interfaces").iter().map(|row| (seen_at(&row["interface"], &row["resource"]), row)).collect()
    }

    /// The private address and the VPC behind each public address that the lists name.
    pub(crate) fn behind(&self) -> HashMap<IpAddr, (IpAddr, String)> {
        let listed = self.lists.iter().filter(|(path, _)| path.ends_with("describe-network-interfaces.json"));
        let interfaces = listed.flat_map(|(_, list)| list["NetworkInterfaces"].as_array().expect("a list"));
        let pair = |one: &Value| {
            let public = one["Association"]["PublicIp"].as_str()?.parse().ok()?;
            let private = one["PrivateIpAddress"].as_str()?.parse().ok()?;
            Some((public, (private, one["VpcId"].as_str()?.to_owned())))
        };
        interfaces.filter_map(pair).collect()
    }
}

/// The lines of the log files of a format, by the file's path. Gzip's check sum is not looked at.
pub(crate) fn lines(folder: &Path, format: &str) -> BTreeMap<String, Vec<String>> {
    let mut lines = BTreeMap::new();
    for (path, bytes) in files(&folder.join(format!("logs-{format}")), "gz") {
        let mut text = String::new();
        DeflateDecoder::new(&bytes[GZIP_HEADER_BYTES..]).read_to_string(&mut text).expect("deflate");
        drop(lines.insert(path, text.lines().map(str::to_owned).collect()));
    }
    lines
}

/// What names the place of a record: the interface, or the NAT gateway that has none.
pub(crate) fn seen_at<'a>(interface: &'a str, resource: &'a str) -> &'a str {
    if interface == "-" || interface.is_empty() { resource } else { interface }
}

impl Cells for Row {
    fn number(&self, column: &str) -> u64 {
        self[column].parse().unwrap_or_else(|_| panic!("{column}: `{}` is no number", self[column]))
    }

    fn address(&self, column: &str) -> IpAddr {
        self[column].parse().unwrap_or_else(|_| panic!("{column}: `{}` is no address", self[column]))
    }
}

/// Cells as what they are.
pub(crate) trait Cells {
    fn number(&self, column: &str) -> u64;
    fn address(&self, column: &str) -> IpAddr;
}

/// The records of all logs of a format, in the order of their paths.
fn logs(folder: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    for (path, bytes) in files(folder, "gz") {
        let mut text = Vec::new();
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut text).expect("gzip");
        let wanted = Column::all().filter(|column| column.stage() == Stage::Decode).collect::<Vec<_>>();
        let mut flows = Flows::new(ColumnSet::of(&wanted));
        let (mut dictionary, mut skips, mut format) = (Dictionary::default(), Skips::default(), None);
        let mut decoder = TextDecoder::new(None);
        decoder.decode(&text, &mut format, &mut flows, &mut dictionary, &mut skips);
        assert_eq!(skips.total(), 0, "{path}");
        records.extend((0..flows.rows()).map(|row| record(&flows, &dictionary, row)));
    }
    records
}

fn record(flows: &Flows, dictionary: &Dictionary, row: usize) -> Record {
    let small = |column| flows.smalls(column).expect("the column")[row];
    let text = |column| match small(column) {
        Dictionary::ABSENT => String::new(),
        code => dictionary.display(code).into_owned(),
    };
    let number = |column| if small(column) == ABSENT_SMALL { 0 } else { small(column) };
    let big = |column| flows.bigs(column).expect("the column")[row];
    let count = |column| if big(column) == ABSENT_BIG { 0 } else { big(column) };
    let address = |column| match flows.addresses(column).expect("the column")[row] {
        ABSENT_ADDRESS => None,
        address => Some(Ipv6Addr::from(address).to_canonical()),
    };
    let present = flows.columns().iter().filter(|(_, values)| values.present(row)).map(|(column, _)| *column);
    Record {
        interface: text(Column::InterfaceId),
        resource: text(Column::ResourceId),
        account: text(Column::AccountId),
        vpc: text(Column::VpcId),
        status: text(Column::LogStatus),
        action: text(Column::Action),
        direction: text(Column::FlowDirection),
        interface_tag: text(Column::InterfaceTag),
        instance_tag: text(Column::InstanceTag),
        interface_type: text(Column::InterfaceType),
        next_hop: text(Column::NextHopInterfaceId),
        source: address(Column::Srcaddr),
        destination: address(Column::Dstaddr),
        packet_source: address(Column::PktSrcaddr),
        packet_destination: address(Column::PktDstaddr),
        source_port: number(Column::Srcport),
        destination_port: number(Column::Dstport),
        protocol: number(Column::Protocol),
        flags: number(Column::TcpFlags),
        path: Some(small(Column::TrafficPath)).filter(|path| *path != ABSENT_SMALL),
        packets: count(Column::Packets),
        bytes: count(Column::Bytes),
        start: small(Column::Start),
        end: small(Column::End),
        present: present.collect(),
    }
}

/// The CSV files of a folder by name.
fn csv_files(folder: &Path) -> HashMap<String, Vec<Row>> {
    let table = |(path, bytes): (String, Vec<u8>)| {
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let rows = reader.deserialize().map(|row| row.unwrap_or_else(|error| panic!("{path}: {error}"))).collect();
        (path.trim_end_matches(".csv").to_owned(), rows)
    };
    files(folder, "csv").into_iter().map(table).collect()
}

/// The files below a folder whose names end so, by their path there, in its order.
fn files(folder: &Path, ending: &str) -> Vec<(String, Vec<u8>)> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let wanted = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == ending));
    let read = |entry: walkdir::DirEntry| {
        let path = entry.path().strip_prefix(folder).expect("it is below").display().to_string();
        (path, fs::read(entry.path()).expect("the file can be read"))
    };
    wanted.map(read).collect()
}

/// What the program answers as JSON, asked in a folder.
pub(crate) fn report(folder: &Path, question: &str) -> Value {
    let words = program::words(question).expect("quotes");
    let printed = program::run(&words, folder, b"").expect("the program runs");
    assert_eq!(printed.exit, "0", "{question}: {}", String::from_utf8_lossy(&printed.stderr));
    serde_json::from_slice(&printed.stdout).expect("JSON")
}

/// The rows of a table of an answer, cells as text, dollars with ten decimals; nothing for what is absent.
pub(crate) fn rows(report: &Value, table: &str) -> Vec<Row> {
    let is_usd = |name: &str| name == "usd" || name.ends_with("_usd");
    let cell = |name: &str, value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(usd) if is_usd(name) => format!("{:.10}", usd.as_f64().expect("a number")),
        number => number.to_string(),
    };
    let row = |row: &Value| {
        row.as_object().expect("a row").iter().map(|(name, value)| (name.clone(), cell(name, value))).collect()
    };
    report["tables"][table].as_array().expect("rows").iter().map(row).collect()
}
