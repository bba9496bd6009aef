//! Classes of records, rule by rule, in a small test language.
//!
//! A log is a text of lines. `web: vpc-id=vpc-a az-id=use1-az1` sets fields of every record of the interface `web`;
//! `web out 10.0.0.1>10.0.1.1 700 @0-60` is a record: its direction (omitted if not logged), addresses, bytes, and
//! seconds after midnight. `NODATA`, `SKIPDATA` and `REJECT` are keywords, and `name=value` sets any other field. The
//! log is written in one of AWS's formats and decoded again, so fields missing from the format are dropped.

mod charges;
mod counting;
mod directions;
mod estate;
mod filters;
mod laws;
mod paths;
mod places;

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::Arc;

use super::owners::{Owners, TagTable};
use super::ranges::Ranges;
use super::tables::{ListedEni, Reader, Role, Tables};
use super::*;
use crate::decode::{Dictionary, Flows, Skips, TextDecoder, Values};
use crate::error::Error;
use crate::group::filter::{Filter, Names};
use crate::group::{Account, ActionFilter, Batcher, Class, Classifier, Interfaces, Learner, Rollup, Shared, Tally};
use crate::schema::{Column, ColumnSet};
use crate::units::time::Window;

/// 2026-10-01T00:00:00Z.
const MIDNIGHT: u32 = 1_790_812_800;
const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

/// Some of AWS's ranges, so that no test depends on the embedded ones.
const RANGES: &str = r#"{"prefixes": [
    {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "AMAZON"},
    {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "S3"},
    {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "EC2"},
    {"ip_prefix": "52.218.0.0/17", "region": "eu-west-1", "service": "S3"},
    {"ip_prefix": "52.94.0.0/22", "region": "us-east-1", "service": "DYNAMODB"},
    {"ip_prefix": "52.46.0.0/22", "region": "us-east-1", "service": "AMAZON"},
    {"ip_prefix": "13.224.0.0/14", "region": "GLOBAL", "service": "CLOUDFRONT"},
    {"ip_prefix": "54.144.0.0/14", "region": "us-east-1", "service": "EC2"},
    {"ip_prefix": "34.240.0.0/13", "region": "eu-west-1", "service": "EC2"}
], "ipv6_prefixes": [
    {"ipv6_prefix": "2600:1f18::/33", "region": "us-east-1", "service": "EC2"}
]}"#;

/// A flow log: its format version, the fields of its object key, its records.
struct Log {
    version: u8,
    id: &'static str,
    account: &'static str,
    region: &'static str,
    text: String,
}

/// What is joined.
#[derive(Default)]
struct World {
    logs: Vec<Log>,
    tables: Tables,
    tags: Option<TagTable>,
    v11_tag: Option<Column>,
    charge_to: ChargeTo,
    every_view: bool,
    /// Columns of the records that ride along.
    passthrough: Vec<Column>,
    /// What records and traffic have to pass.
    filter: Option<Filter>,
    /// Whether the input is taken in the other order, and put together from the other end.
    reversed: bool,
    /// Lines of an object; all of a log's where it is 0.
    object_lines: usize,
}

/// What came out.
#[derive(Debug, Default, PartialEq)]
struct Joined {
    /// Column by column, in words, in no order.
    rows: Vec<BTreeMap<&'static str, String>>,
    account: Account,
    boundary: Tally,
    limits: Vec<String>,
}

impl World {
    /// One flow log of some format.
    fn of(version: u8, text: &str) -> Self {
        Self::default().log("fl-1", version, text)
    }

    /// A flow log more, of the usual account and region.
    fn log(self, id: &'static str, version: u8, text: &str) -> Self {
        self.log_at((ACCOUNT, REGION), id, version, text)
    }

    /// A flow log more.
    fn log_at(
        mut self,
        (account, region): (&'static str, &'static str),
        id: &'static str,
        version: u8,
        text: &str,
    ) -> Self {
        self.logs.push(Log { version, id, account, region, text: text.to_owned() });
        self
    }

    /// A network table with the columns `cidr,account,vpc,subnet,region,zone,name,kind`.
    fn networks(mut self, rows: &[&str]) -> Self {
        let mut reader = Reader::default();
        let csv = format!("cidr,account,vpc,subnet,region,zone,name,kind\n{}\n", rows.join("\n"));
        reader.add("network.csv", csv.into_bytes()).unwrap();
        self.tables.networks.extend(reader.finish().networks);
        self
    }

    /// Interfaces of an inventory: `web vpc=vpc-a zone=use1-az1 at=10.0.0.1 public=54.144.0.1 role=nat`.
    fn inventory(mut self, lines: &[&str]) -> Self {
        self.tables.interfaces.extend(lines.iter().map(|line| known(line)));
        self
    }

    /// Tags by team.
    fn tags(mut self, rows: &[&str]) -> Self {
        let csv = format!("resource,team,valid_from,valid_to\n{}\n", rows.join("\n"));
        self.tags = Some(TagTable::read([("tags.csv", csv.as_bytes())]).unwrap());
        self
    }

    /// Scans and joins.
    fn join(&self) -> Joined {
        let passthrough = self.filter.iter().flat_map(Filter::passthrough).filter(|column| passes_through(*column));
        let spec = Arc::new(spec(&passthrough.chain(self.passthrough.clone()).collect::<Vec<_>>(), true));
        let shared = Arc::new(Shared::new(Arc::clone(&spec), 7, None));
        let (mut interfaces, mut account) = (Interfaces::default(), Account::default());
        let mut objects: Vec<(&Log, String)> = self.logs.iter().flat_map(|log| self.objects(log)).collect();
        if self.reversed {
            objects.reverse();
        }
        for (log, object) in &objects {
            let (flows, dictionary) = decode(log, object);
            let mut classifier = Classifier::new(Window::default(), ActionFilter::Accept, self.filter.as_ref());
            classifier.classify(&flows, &dictionary, &mut account);
            let mut batcher = Batcher::new(Arc::clone(&shared));
            let bits = classifier.filter_bits(&flows, &dictionary).cloned();
            let bits = bits.as_ref().map(|bits| (Column::FilterBits, bits));
            batcher.add_noted(&flows, bits, &dictionary, &classifier.counted, false);
            batcher.add_noted(&flows, bits, &dictionary, &classifier.rejected, true);
            let mut learner = Learner::default();
            let every: Vec<u32> = (0..u32::try_from(flows.rows()).unwrap()).collect();
            learner.learn(&flows, &dictionary, &every);
            learner.finish_into(&dictionary, &mut interfaces);
        }
        let rollup = Arc::into_inner(shared).unwrap().into_partial().unwrap().finish();
        let mut joined = self.joined(&rollup, &interfaces);
        account[Class::Counted] = Tally::default();
        if self.filter.as_ref().is_some_and(|filter| filter.parts().1.is_some()) {
            account[Class::Rejected] = Tally::default();
        }
        account.add(&joined.account);
        joined.account = account;
        joined
    }

    fn joined(&self, rollup: &Rollup, interfaces: &Interfaces) -> Joined {
        let team: [Arc<str>; 1] = ["team".into()];
        let v11: &[Arc<str>] = if self.v11_tag.is_some() { &team } else { &[] };
        let owners = match (&self.tags, self.v11_tag) {
            (None, None) => Owners::default(),
            (table, _) => Owners::of(&team, &table.clone().unwrap_or_default(), &[], v11).unwrap(),
        };
        let sources = Sources {
            tables: self.tables.clone(),
            ranges: Arc::new(Ranges::read("ip-ranges.json", RANGES.as_bytes()).unwrap()),
            geography: geoip::GeoIp::default(),
            owners,
            v11_tags: vec![self.v11_tag],
            charge_to: self.charge_to,
            every_view: self.every_view,
        };
        let enis = Enis::new(interfaces.clone(), &sources.tables);
        let shards = OneByOne { shards: rollup.shards().collect(), reversed: self.reversed };
        let traffic = Traffic::new(Facts::new(rollup, &enis), enis, &sources, &shards).unwrap();
        let columns =
            shown().iter().chain(&self.passthrough).fold(ColumnSet::default(), |set, column| set.with(*column));
        let wanted =
            Wanted { columns, traffic: true, charges: true, rejected: true, kept: Kept::default(), unfiltered: false };
        let traffic_alone = Wanted { charges: false, rejected: false, ..wanted.clone() };
        let (mut rows, mut rows_alone) = (Vec::new(), Vec::new());
        let outputs = [(&wanted, Collect(&mut rows)), (&traffic_alone, Collect(&mut rows_alone))];
        let mut writer = Writer::new(&traffic, self.filter.as_ref(), outputs);
        rollup.shards().for_each(|shard| writer.shard(shard).unwrap());
        let (account, boundary) = (writer.account().clone(), writer.boundary());
        drop(writer);
        rows.sort();
        rows_alone.sort();
        // What else the same pass is requested changes nothing.
        let is_traffic = |row: &&BTreeMap<_, _>| !row.contains_key("charge") && !row.contains_key("rejected");
        assert!(rows.iter().filter(is_traffic).eq(&rows_alone));
        Joined { rows, account, boundary, limits: traffic.limits().collect() }
    }

    /// The objects of a log: each a text with its header.
    fn objects<'l>(&self, log: &'l Log) -> Vec<(&'l Log, String)> {
        let fields: Vec<Column> = Column::all()
            .filter(|column| (1..=log.version).contains(&column.version()) && column.version() != 6)
            .collect();
        let header = fields.iter().map(|field| field.name().replace('_', "-")).collect::<Vec<_>>().join(" ");
        let lines = lines(&log.text, &fields);
        let size = if self.object_lines == 0 { lines.len().max(1) } else { self.object_lines };
        lines.chunks(size).map(|lines| (log, format!("{header}\n{}\n", lines.join("\n")))).collect()
    }
}

impl Joined {
    /// The counted traffic, row by row in order, in these columns.
    fn traffic(&self, columns: &str) -> Vec<String> {
        self.shown(columns, |row| !row.contains_key("charge") && !row.contains_key("rejected"))
    }

    /// The charges.
    fn charges(&self, columns: &str) -> Vec<String> {
        self.shown(columns, |row| row.contains_key("charge"))
    }

    /// The rejected records.
    fn rejected(&self, columns: &str) -> Vec<String> {
        self.shown(columns, |row| row.contains_key("rejected"))
    }

    fn shown(&self, columns: &str, picked: impl Fn(&BTreeMap<&str, String>) -> bool) -> Vec<String> {
        let cell = |row: &BTreeMap<&str, String>, column: &str| row.get(column).map_or("-", String::as_str).to_owned();
        let row = |row: &BTreeMap<&str, String>| columns.split(' ').map(|column| cell(row, column)).collect::<Vec<_>>();
        let mut rows: Vec<String> = self.rows.iter().filter(|row| picked(row)).map(|one| row(one).join(" ")).collect();
        rows.sort();
        rows
    }

    /// Records and bytes of a class.
    fn class(&self, class: Class) -> (u64, u128) {
        (self.account[class].records, self.account[class].bytes)
    }
}

/// The columns that tests look at.
fn shown() -> Vec<Column> {
    let names = "src dst bytes packets record_count src_vpc dst_vpc src_account dst_account src_region dst_region \
                 src_zone dst_zone src_subnet dst_subnet src_interface dst_interface src_location dst_location path \
                 via charge payer_account billed_resource from_region to_region assumed direction_rule count_rule path_rule owner \
                 src_owner dst_owner";
    let inner = [(Column::RecordCount, "record_count"), (Column::Owner1, "owner")];
    let inner = inner.into_iter().chain([(Column::SrcOwner1, "src_owner"), (Column::DstOwner1, "dst_owner")]);
    let inner: BTreeMap<&str, Column> = inner.map(|(column, name)| (name, column)).collect();
    let column = |name: &str| inner.get(name).copied().or_else(|| Column::of_name(name)).unwrap();
    names.split_whitespace().map(column).collect()
}

/// Shards on one thread.
pub(crate) struct OneByOne {
    shards: Vec<usize>,
    reversed: bool,
}

impl OneByOne {
    pub(crate) fn all() -> Self {
        Self { shards: (0..crate::group::SHARDS).collect(), reversed: false }
    }
}

impl Shards for OneByOne {
    fn fold<T: Send>(
        &self,
        none: impl Fn() -> T + Send + Sync,
        each: impl Fn(&mut T, usize) -> Result<(), Error> + Send + Sync,
        merge: impl Fn(T, T) -> T + Send + Sync,
    ) -> Result<T, Error> {
        let one = |so_far: T, shard: &usize| -> Result<T, Error> {
            let mut next = none();
            each(&mut next, *shard)?;
            Ok(if self.reversed { merge(next, so_far) } else { merge(so_far, next) })
        };
        self.shards.iter().try_fold(none(), one)
    }
}

/// Keeps rows in words.
struct Collect<'r>(&'r mut Vec<BTreeMap<&'static str, String>>);

impl Sink for Collect<'_> {
    fn take(&mut self, flows: &Flows, dictionary: &Dictionary, counted: &[u32], rejected: &[u32]) {
        for row in counted.iter().chain(rejected).map(|row| *row as usize) {
            let mut words: BTreeMap<&str, String> =
                flows.columns().iter().filter_map(|(column, values)| word(*column, values, row, dictionary)).collect();
            if rejected.contains(&u32::try_from(row).unwrap()) {
                words.insert("rejected", "yes".to_owned());
            }
            self.0.push(words);
        }
    }
}

fn word(column: Column, values: &Values, row: usize, dictionary: &Dictionary) -> Option<(&'static str, String)> {
    if !values.present(row) {
        return None;
    }
    let word = match values {
        Values::Address(values) => Ipv6Addr::from(values[row]).to_canonical().to_string(),
        Values::Big(values) => values[row].to_string(),
        Values::Small(values) | Values::Time(values) => values[row].to_string(),
        Values::Text(values) => dictionary.display(values[row]).into_owned(),
    };
    Some((column.name(), word))
}

/// The log's lines as AWS would write these fields of them.
fn lines(text: &str, fields: &[Column]) -> Vec<String> {
    let mut standing: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap();
        if let Some(interface) = first.strip_suffix(':') {
            standing.insert(interface, words.map(|word| word.split_once('=').unwrap()).collect());
            continue;
        }
        let of_interface = standing.get(first).into_iter().flatten().copied();
        let values = record(first, of_interface, words);
        let shown = |field: &Column| values.get(field.name()).map_or("-", String::as_str).to_owned();
        lines.push(fields.iter().map(shown).collect::<Vec<_>>().join(" "));
    }
    lines
}

fn record<'w>(
    interface: &str,
    standing: impl Iterator<Item = (&'w str, &'w str)>,
    words: impl Iterator<Item = &'w str>,
) -> BTreeMap<String, String> {
    let usual = "version=2 protocol=6 srcport=443 dstport=50000 packets=1 bytes=1000 action=ACCEPT log-status=OK";
    let pairs = |text: &'static str| text.split(' ').filter_map(|pair| pair.split_once('='));
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let mut give = |name: &str, value: &str| values.insert(name.replace('-', "_"), value.to_owned());
    pairs(usual).chain([("account-id", ACCOUNT)]).chain(standing).for_each(|(name, value)| drop(give(name, value)));
    give("interface-id", interface);
    let seconds = |text: &str| (MIDNIGHT + text.parse::<u32>().unwrap()).to_string();
    give("start", &seconds("60"));
    give("end", &seconds("120"));
    for word in words {
        if let Some(window) = word.strip_prefix('@') {
            let (start, end) = window.split_once('-').unwrap();
            give("start", &seconds(start));
            give("end", &seconds(end));
        } else if let Some((name, value)) = word.split_once('=') {
            give(name, value);
        } else if let Some((source, destination)) = word.split_once('>') {
            for (names, value) in [(["srcaddr", "pkt-srcaddr"], source), (["dstaddr", "pkt-dstaddr"], destination)] {
                names.iter().for_each(|name| drop(give(name, value)));
            }
        } else if word == "out" || word == "in" {
            give("flow-direction", if word == "out" { "egress" } else { "ingress" });
        } else if word == "REJECT" {
            give("action", word);
        } else if word == "NODATA" || word == "SKIPDATA" {
            for name in ["protocol", "srcport", "dstport", "packets", "bytes", "action"] {
                give(name, "-");
            }
            give("log-status", word);
        } else {
            give("bytes", &word.parse::<u64>().unwrap().to_string());
        }
    }
    values
}

fn decode(log: &Log, text: &str) -> (Flows, Dictionary) {
    let (mut flows, mut dictionary) = (Flows::new(ColumnSet::decoded()), Dictionary::default());
    let (mut format, mut skips) = (None, Skips::new(true));
    TextDecoder::new(None).decode(text.as_bytes(), &mut format, &mut flows, &mut dictionary, &mut skips);
    assert_eq!(skips, Skips::new(true), "{text}");
    let given = [(Column::AccountId, log.account), (Column::Region, log.region), (Column::FlowLogId, log.id)];
    for (column, value) in given {
        flows.complete_texts(column, dictionary.code(value.as_bytes()));
    }
    (flows, dictionary)
}

fn known(line: &str) -> ListedEni {
    let mut words = line.split(' ');
    let mut known = ListedEni { id: words.next().unwrap().into(), ..ListedEni::default() };
    (known.account, known.region) = (Some(ACCOUNT.into()), Some(REGION.into()));
    for (name, value) in words.map(|word| word.split_once('=').unwrap()) {
        match name {
            "vpc" => known.vpc = Some(value.into()),
            "zone" => known.zone = Some(value.into()),
            "subnet" => known.subnet = Some(value.into()),
            "account" => known.account = Some(value.into()),
            "region" => known.region = Some(value.into()),
            "instance" => known.instance = Some(value.into()),
            "resource" => known.resource = Some(value.into()),
            "at" => known.addresses.push(address(value)),
            "public" => known.public.push((address(value), *known.addresses.last().unwrap())),
            "role" => {
                known.role = match value {
                    "nat" => Role::Nat,
                    "transit" => Role::TransitGateway,
                    "endpoint" => Role::Endpoint,
                    "gwlb-endpoint" => Role::GatewayLoadBalancerEndpoint,
                    "balancer" => Role::LoadBalancer,
                    _ => panic!("no role {value}"),
                }
            }
            _ => panic!("{name} is nothing of an interface"),
        }
    }
    known
}

fn address(text: &str) -> u128 {
    crate::units::address::parse(text).unwrap()
}
