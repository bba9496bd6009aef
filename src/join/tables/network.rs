//! The network table as CSV: text → networks with their lines, and everything that is wrong with them.
//!
//! Columns go by their names in the first line, in any order; all but `cidr` may be absent, and an empty cell tells
//! nothing. Lines that begin with `#` are left out. What rows say against each other, in one file or in several, is
//! not judged here.

use std::sync::Arc;

use super::{Kind, Name, Network, Prefix};
use crate::error::{Fault, nearest};
use crate::schema::region;
use crate::units::lines::Lines;

/// The column that a network table must have, and by which it is recognised.
pub(super) const CIDR: &str = "cidr";
/// The columns of a network table.
pub(super) const COLUMNS: [&str; 8] = [CIDR, "account", "vpc", "subnet", "region", "zone", "name", "kind"];
/// How many digits an account has.
const ACCOUNT_DIGITS: usize = 12;
/// What comes before the location of a network that is reached by Direct Connect.
const DIRECT_CONNECT: &str = "dx:";

/// A row and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) network: Network,
}

/// The names of a table's columns in lower case; none if there is no line of them.
pub(super) fn header(csv: &[u8]) -> Result<Vec<String>, Fault> {
    let lower = |record: csv::StringRecord| record.iter().map(str::to_ascii_lowercase).collect();
    reader(csv).records().next().map_or(Ok(Vec::new()), |record| record.map(lower).map_err(|error| unreadable(&error)))
}

/// The rows that can be read and everything that is wrong with the others.
pub(super) fn rows(csv: &[u8]) -> (Vec<Row>, Vec<Fault>) {
    let (mut rows, mut faults, mut header) = (Vec::new(), Vec::new(), None);
    let mut lines = Lines::of(csv);
    for record in reader(csv).records() {
        match (record.map(|record| lines.placed(record)), &header) {
            (Err(error), _) => faults.push(unreadable(&error)),
            (Ok(record), None) => {
                header = Some(Header::of(&record, &mut faults));
                if !faults.is_empty() {
                    break;
                }
            }
            (Ok(record), Some(header)) => rows.extend(header.row(&record, &mut faults)),
        }
    }
    (rows, faults)
}

fn reader(csv: &[u8]) -> csv::Reader<&[u8]> {
    let mut reader = csv::ReaderBuilder::new();
    reader.flexible(true).comment(Some(b'#')).trim(csv::Trim::All).has_headers(false);
    reader.from_reader(csv)
}

fn unreadable(error: &csv::Error) -> Fault {
    let line = error.position().map_or(1, csv::Position::line);
    Fault::new(line, None, "the line is not UTF-8").hinted("save the file as UTF-8")
}

/// Where each column stands.
struct Header {
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
}

impl Header {
    fn of(record: &csv::StringRecord, faults: &mut Vec<Fault>) -> Self {
        let line = line(record);
        let mut places = [None; COLUMNS.len()];
        for (place, name) in record.iter().enumerate() {
            match COLUMNS.iter().position(|known| known.eq_ignore_ascii_case(name)) {
                Some(column) if places[column].is_some() => {
                    faults.push(Fault::new(line, Some(COLUMNS[column]), "the column is there twice"));
                }
                Some(column) => places[column] = Some(place),
                None => faults.push(unknown_column(line, name)),
            }
        }
        Self { places, width: record.len() }
    }

    /// The row of a record, if all of it can be read.
    fn row(&self, record: &csv::StringRecord, faults: &mut Vec<Fault>) -> Option<Row> {
        let line = line(record);
        if record.len() != self.width {
            let message = format!("{} cells where the header has {}", record.len(), self.width);
            faults.push(Fault::new(line, None, message).hinted("a text with a comma goes into double quotes"));
            return None;
        }
        let before = faults.len();
        let mut cells = Cells { header: self, record, line, faults };
        let prefix = cells.read(CIDR, prefix);
        let network = Network {
            prefix: prefix.unwrap_or_default(),
            account: cells.name("account", account),
            vpc: cells.name("vpc", |text| id(text, "vpc-")),
            subnet: cells.name("subnet", |text| id(text, "subnet-")),
            region: cells.name("region", known_region),
            zone: cells.name("zone", zone),
            name: cells.name("name", |_| Ok(())),
            kind: cells.read("kind", kind).unwrap_or_default(),
        };
        let network = with_region_of_zone(network, line, faults);
        (faults.len() == before).then_some(Row { line, network })
    }
}

fn line(record: &csv::StringRecord) -> u64 {
    record.position().map_or(1, csv::Position::line)
}

fn unknown_column(line: u64, name: &str) -> Fault {
    let hint = match nearest(name, COLUMNS) {
        _ if name.contains(';') => "write commas between the columns".to_owned(),
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the columns are {}", COLUMNS.join(",")),
    };
    Fault::new(line, None, format!("there is no column `{name}`")).hinted(hint)
}

/// What a cell says, or what is wrong with it and a hint.
type Read<T> = Result<T, (String, Option<String>)>;

/// The cells of a line.
struct Cells<'a> {
    header: &'a Header,
    record: &'a csv::StringRecord,
    line: u64,
    faults: &'a mut Vec<Fault>,
}

impl Cells<'_> {
    /// The value of a column, or a fault.
    fn read<T>(&mut self, column: &'static str, read: impl FnOnce(&str) -> Read<T>) -> Option<T> {
        let place = COLUMNS.iter().position(|known| *known == column).and_then(|place| self.header.places[place]);
        match read(place.and_then(|place| self.record.get(place)).unwrap_or_default()) {
            Ok(value) => Some(value),
            Err((message, hint)) => {
                self.faults.push(Fault { line: self.line, column: Some(column), message, hint });
                None
            }
        }
    }

    /// The text of a column that may be empty, if nothing is wrong with it.
    fn name(&mut self, column: &'static str, check: impl FnOnce(&str) -> Read<()>) -> Name {
        let read = |text: &str| if text.is_empty() { Ok(None) } else { check(text).map(|()| Some(Arc::from(text))) };
        self.read(column, read).flatten()
    }
}

fn prefix(text: &str) -> Read<Prefix> {
    Prefix::parse(text).map_err(|error| (error.to_string(), error.hints().first().cloned()))
}

fn account(text: &str) -> Read<()> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && text.len() == ACCOUNT_DIGITS {
        return Ok(());
    }
    // A spreadsheet takes an account for a number, and its zeros go.
    let hint = (is_number && text.len() < ACCOUNT_DIGITS).then(|| format!("did you mean `{text:0>ACCOUNT_DIGITS$}`?"));
    Err((format!("`{text}` is no account of {ACCOUNT_DIGITS} digits"), hint))
}

fn id(text: &str, start: &str) -> Read<()> {
    if text.len() > start.len() && text.starts_with(start) {
        return Ok(());
    }
    Err((
        format!("`{text}` is no id that begins with `{start}`"),
        Some("a name for people goes into `name`".to_owned()),
    ))
}

fn known_region(text: &str) -> Read<()> {
    if region::is_region(text) {
        return Ok(());
    }
    let near = region::nearest_region(text).map(|near| format!("did you mean `{near}`?"));
    Err((format!("there is no region `{text}`"), near.or_else(|| Some("write a code such as eu-west-1".to_owned()))))
}

/// A zone's id has its region cut short and a number before the first hyphen; its name, which another account has for
/// another zone, has only letters there.
fn zone(text: &str) -> Read<()> {
    let hint =
        || Some("write a zone's id, such as use1-az1; `aws ec2 describe-availability-zones` tells them".to_owned());
    let (start, rest) = text.split_once('-').unwrap_or((text, ""));
    let is_id = start.ends_with(|letter: char| letter.is_ascii_digit())
        && start.starts_with(|letter: char| letter.is_ascii_lowercase())
        && rest.ends_with(|letter: char| letter.is_ascii_digit());
    if is_id {
        return Ok(());
    }
    if region::of_zone_name(text).is_some_and(region::is_region) {
        return Err((format!("`{text}` is a zone's name, and another zone in another account"), hint()));
    }
    Err((format!("`{text}` is no zone's id"), hint()))
}

fn kind(text: &str) -> Read<Kind> {
    match text.strip_prefix(DIRECT_CONNECT) {
        Some("") => Err(("the location is missing".to_owned(), Some("write dx:EqDC2".to_owned()))),
        Some(location) => Ok(Kind::DirectConnect(location.into())),
        None if text == "vpn" => Ok(Kind::Vpn),
        None if text.is_empty() => Ok(Kind::Cloud),
        None => {
            let hint = "write dx:LOCATION for Direct Connect, vpn, or nothing";
            Err((format!("there is no kind `{text}`"), Some(hint.to_owned())))
        }
    }
}

/// Takes the region from the zone where only that is told, and finds it wrong where they differ.
fn with_region_of_zone(mut network: Network, line: u64, faults: &mut Vec<Fault>) -> Network {
    let Some(of_zone) = network.zone.as_deref().and_then(region::of_zone_id) else { return network };
    let region = network.region.get_or_insert_with(|| of_zone.into());
    if **region != *of_zone {
        let message = format!("the zone is in {of_zone}, not in {region}");
        faults.push(Fault::new(line, Some("zone"), message));
    }
    network
}

/// What makes two networks one: the addresses and the VPC, or outside of VPCs the account and the region.
pub(super) type Identity = (Prefix, Name, Name, Name);

/// What makes a network one with another.
pub(super) fn identity(network: &Network) -> Identity {
    let outside = |name: &Name| if network.vpc.is_some() { None } else { name.clone() };
    (network.prefix, network.vpc.clone(), outside(&network.account), outside(&network.region))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "cidr,account,vpc,subnet,region,zone,name,kind\n";

    fn faults(lines: &str) -> Vec<String> {
        rows(format!("{HEAD}{lines}").as_bytes()).1.iter().map(ToString::to_string).collect()
    }

    fn hint(lines: &str) -> Option<String> {
        rows(format!("{HEAD}{lines}").as_bytes()).1.remove(0).hint
    }

    #[test]
    fn a_row_tells_what_its_cells_say() {
        let (rows, faults) =
            rows(b"# ours\nname, CIDR ,zone,account\n\"shop, a\",10.0.0.0/24,use1-az1,012345678901\n,10.1.0.0/16,,\n");
        assert_eq!(faults, []);
        let shop = Network {
            prefix: prefix("10.0.0.0/24").unwrap(),
            account: Some("012345678901".into()),
            region: Some("us-east-1".into()),
            zone: Some("use1-az1".into()),
            name: Some("shop, a".into()),
            ..Network::default()
        };
        assert_eq!(rows[0], Row { line: 3, network: shop });
        let bare = Network { prefix: prefix("10.1.0.0/16").unwrap(), ..Network::default() };
        assert_eq!(rows[1], Row { line: 4, network: bare });
    }

    #[test]
    fn sites_outside_of_the_cloud_are_of_a_kind() {
        let (rows, faults) = rows(b"cidr,kind\n172.20.0.0/16,dx:EqDC2\n172.21.0.0/16,vpn\n");
        assert_eq!(faults, []);
        let kinds: Vec<_> = rows.into_iter().map(|row| row.network.kind).collect();
        assert_eq!(kinds, [Kind::DirectConnect("EqDC2".into()), Kind::Vpn]);
    }

    #[test]
    fn each_fault_names_its_line_and_column() {
        for (line, told) in [
            ("10.0.1.0/16,,,,,,,", "line 2, cidr: `10.0.1.0/16` has bits set behind its first 16"),
            (",,,,,,,", "line 2, cidr: `` is no prefix of addresses"),
            ("10.0.0.0/16,12345,,,,,,", "line 2, account: `12345` is no account of 12 digits"),
            ("10.0.0.0/16,12345678901x,,,,,,", "line 2, account: `12345678901x` is no account of 12 digits"),
            ("10.0.0.0/16,,shop,,,,,", "line 2, vpc: `shop` is no id that begins with `vpc-`"),
            ("10.0.0.0/16,,,vpc-1,,,,", "line 2, subnet: `vpc-1` is no id that begins with `subnet-`"),
            ("10.0.0.0/16,,,,us-esat-1,,,", "line 2, region: there is no region `us-esat-1`"),
            (
                "10.0.0.0/16,,,,,us-east-1a,,",
                "line 2, zone: `us-east-1a` is a zone's name, and another zone in another account",
            ),
            ("10.0.0.0/16,,,,,a,,", "line 2, zone: `a` is no zone's id"),
            ("10.0.0.0/16,,,,eu-west-1,use1-az1,,", "line 2, zone: the zone is in us-east-1, not in eu-west-1"),
            ("10.0.0.0/16,,,,,,,wire", "line 2, kind: there is no kind `wire`"),
            ("10.0.0.0/16,,,,,,,dx:", "line 2, kind: the location is missing"),
            ("10.0.0.0/16,", "line 2: 2 cells where the header has 8"),
        ] {
            assert_eq!(faults(&format!("{line}\n")), [told]);
        }
        assert_eq!(faults("x,1,,,,,,\n10.0.0.0/8,,,,,,,\n10.0.0.0/8,,,,,,,y\n").len(), 3, "all are told");
    }

    #[test]
    fn hints_say_what_is_meant() {
        for (line, told) in [
            ("10.0.1.0/16,,,,,,,", "the prefix is 10.0.0.0/16; the address alone is 10.0.1.0/32"),
            ("10.0.0.0/16,12345678901,,,,,,", "did you mean `012345678901`?"),
            ("10.0.0.0/16,,,,us-esat-1,,,", "did you mean `us-east-1`?"),
            (
                "10.0.0.0/16,,,,,us-east-1a,,",
                "write a zone's id, such as use1-az1; `aws ec2 describe-availability-zones` tells them",
            ),
            ("10.0.0.0/16,,,,,,,wire", "write dx:LOCATION for Direct Connect, vpn, or nothing"),
        ] {
            assert_eq!(hint(line).as_deref(), Some(told));
        }
    }

    #[test]
    fn a_wrong_header_is_told_by_its_names() {
        let told = |text: &str| {
            rows(text.as_bytes()).1.into_iter().map(|fault| (fault.to_string(), fault.hint)).collect::<Vec<_>>()
        };
        let near = ("line 1: there is no column `acount`".to_owned(), Some("did you mean `account`?".to_owned()));
        assert_eq!(told("cidr,acount\nx\n"), [near]);
        assert_eq!(told("cidr,CIDR\n"), [("line 1, cidr: the column is there twice".to_owned(), None)]);
        let all = "the columns are cidr,account,vpc,subnet,region,zone,name,kind";
        assert_eq!(told("cidr,#\n")[0].1.as_deref(), Some(all));
    }

    #[test]
    fn bytes_that_are_no_text_are_a_fault_and_no_end() {
        let (rows, faults) = rows(b"cidr,name\n10.0.0.0/8,\xff\n10.0.0.0/9,a\n");
        assert_eq!((rows.len(), faults[0].to_string().as_str()), (1, "line 2: the line is not UTF-8"));
        assert!(header(b"cidr,\xff\n").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics_and_every_row_is_read_or_found_wrong(
            cells in prop::collection::vec(
                prop::collection::vec("10\\.0\\.0\\.0/[0-9]{1,3}|vpc-1|use1-az1|us-east-1a?|dx:|[0-9]{12}|[ -~]{0,4}", 8), 0..8,
            ),
        ) {
            let quoted = |cells: Vec<String>| cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
            let lines: Vec<_> = cells.into_iter().map(|cells| quoted(cells) + "\n").collect();
            let (rows, faults) = rows(format!("{HEAD}{}", lines.concat()).as_bytes());
            let told: std::collections::BTreeSet<_> = rows.iter().map(|row| row.line).chain(faults.iter().map(|fault| fault.line)).collect();
            prop_assert_eq!(told.len(), lines.len());
        }
    }
}
