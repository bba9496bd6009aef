//! The network table as CSV: text → networks with their lines, and everything that is wrong with them.
//!
//! All columns but `cidr` may be absent, and an empty cell says nothing. What rows say against each other, in one file
//! or in several, is not judged here.

use std::sync::Arc;

use super::{Kind, Name, Network};
use crate::error::{Error, RowError};
use crate::schema::region;
use crate::units::address::Prefix;
use crate::units::csv_table::{CsvTable, Layout, Row};

/// The column that a network table must have, and by which it is recognised.
pub(super) const CIDR: &str = "cidr";
/// The columns of a network table, as hints write them.
pub(super) const COLUMNS: &str = "cidr,account,vpc,subnet,region,zone,name,kind";
/// How many digits an account has.
const ACCOUNT_DIGITS: usize = 12;
/// What comes before the location of a network that is reached by Direct Connect.
const DIRECT_CONNECT: &str = "dx:";

/// The columns of a network table.
const LAYOUT: Layout = Layout {
    required: &[CIDR],
    optional: &["account", "vpc", "subnet", "region", "zone", "name", "kind"],
    others: false,
    written: COLUMNS,
};

/// A row and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) line: u64,
    pub(super) network: Network,
}

/// The rows that can be read and everything that is wrong with the others.
pub(super) fn rows(csv: &[u8]) -> (Vec<Placed>, Vec<RowError>) {
    match CsvTable::open(csv, &LAYOUT) {
        Ok(table) => table.read(placed),
        Err(faults) => (Vec::new(), faults),
    }
}

fn placed(row: &mut Row<'_>) -> Option<Placed> {
    let prefix = row.read(CIDR, Prefix::parse);
    let network = Network {
        prefix: prefix.unwrap_or_default(),
        account: name(row, "account", account),
        vpc: name(row, "vpc", |text| id(text, "vpc-")),
        subnet: name(row, "subnet", |text| id(text, "subnet-")),
        region: name(row, "region", known_region),
        zone: name(row, "zone", zone),
        name: name(row, "name", |_| Ok(())),
        kind: row.read("kind", kind).unwrap_or_default(),
    };
    Some(Placed { line: row.line, network: with_region_of_zone(network, row) })
}

/// The text of a column that may be empty, if the file is valid with it.
fn name(row: &mut Row<'_>, column: &'static str, check: impl FnOnce(&str) -> Result<(), Error>) -> Name {
    row.read_filled(column, |text| check(text).map(|()| Arc::from(text))).flatten()
}

fn account(text: &str) -> Result<(), Error> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && text.len() == ACCOUNT_DIGITS {
        return Ok(());
    }
    let error = Error::usage(format!("invalid account `{text}`: expected {ACCOUNT_DIGITS} digits"));
    // A spreadsheet takes an account for a number, and its zeros go.
    let is_cut = is_number && text.len() < ACCOUNT_DIGITS;
    Err(if is_cut { error.hint(format!("did you mean `{text:0>ACCOUNT_DIGITS$}`?")) } else { error })
}

fn id(text: &str, start: &str) -> Result<(), Error> {
    if text.len() > start.len() && text.starts_with(start) {
        return Ok(());
    }
    Err(Error::usage(format!("invalid id `{text}`: expected the prefix `{start}`"))
        .hint("a name for people goes into `name`"))
}

fn known_region(text: &str) -> Result<(), Error> {
    if region::is_region(text) {
        return Ok(());
    }
    let near = region::nearest_region(text).map(|near| format!("did you mean `{near}`?"));
    let hint = near.unwrap_or_else(|| "write a code such as eu-west-1".to_owned());
    Err(Error::usage(format!("unknown region `{text}`")).hint(hint))
}

/// A zone's id has its region cut short and a number before the first hyphen; its name, which another account has for
/// another zone, has only letters there.
fn zone(text: &str) -> Result<(), Error> {
    let (start, rest) = text.split_once('-').unwrap_or((text, ""));
    let is_id = start.ends_with(|letter: char| letter.is_ascii_digit())
        && start.starts_with(|letter: char| letter.is_ascii_lowercase())
        && rest.ends_with(|letter: char| letter.is_ascii_digit());
    if is_id {
        return Ok(());
    }
    let message = if region::of_zone_name(text).is_some_and(region::is_region) {
        format!("`{text}` is a zone's name, and another zone in another account")
    } else {
        format!("invalid zone id `{text}`")
    };
    let hint = "write a zone's id, such as use1-az1; see `aws ec2 describe-availability-zones`";
    Err(Error::usage(message).hint(hint))
}

fn kind(text: &str) -> Result<Kind, Error> {
    match text.strip_prefix(DIRECT_CONNECT) {
        Some("") => Err(Error::usage("the location is missing").hint("write dx:EqDC2")),
        Some(location) => Ok(Kind::DirectConnect(location.into())),
        None if text == "vpn" => Ok(Kind::Vpn),
        None if text.is_empty() => Ok(Kind::Cloud),
        None => {
            let hint = "write dx:LOCATION for Direct Connect, vpn, or nothing";
            Err(Error::usage(format!("unknown kind `{text}`")).hint(hint))
        }
    }
}

/// Derives the region from the zone if missing, and rejects rows where they differ.
fn with_region_of_zone(mut network: Network, row: &mut Row<'_>) -> Network {
    let Some(of_zone) = network.zone.as_deref().and_then(region::of_zone_id) else { return network };
    let region = network.region.get_or_insert_with(|| of_zone.into());
    if **region != *of_zone {
        row.fault(Some("zone"), &Error::usage(format!("the zone is in {of_zone}, not in {region}")));
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
    fn a_row_shows_what_its_cells_say() {
        let (rows, faults) =
            rows(b"# ours\nname, CIDR ,zone,account\n\"shop, a\",10.0.0.0/24,use1-az1,012345678901\n,10.1.0.0/16,,\n");
        assert_eq!(faults, []);
        let shop = Network {
            prefix: Prefix::parse("10.0.0.0/24").unwrap(),
            account: Some("012345678901".into()),
            region: Some("us-east-1".into()),
            zone: Some("use1-az1".into()),
            name: Some("shop, a".into()),
            ..Network::default()
        };
        assert_eq!(rows[0], Placed { line: 3, network: shop });
        let bare = Network { prefix: Prefix::parse("10.1.0.0/16").unwrap(), ..Network::default() };
        assert_eq!(rows[1], Placed { line: 4, network: bare });
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
        for (line, message) in [
            ("10.0.1.0/16,,,,,,,", "line 2, cidr: `10.0.1.0/16` has host bits set"),
            (",,vpc-1,,,,,", "line 2, cidr: invalid CIDR ``"),
            ("10.0.0.0/16,12345,,,,,,", "line 2, account: invalid account `12345`: expected 12 digits"),
            ("10.0.0.0/16,12345678901x,,,,,,", "line 2, account: invalid account `12345678901x`: expected 12 digits"),
            ("10.0.0.0/16,,shop,,,,,", "line 2, vpc: invalid id `shop`: expected the prefix `vpc-`"),
            ("10.0.0.0/16,,,vpc-1,,,,", "line 2, subnet: invalid id `vpc-1`: expected the prefix `subnet-`"),
            ("10.0.0.0/16,,,,us-esat-1,,,", "line 2, region: unknown region `us-esat-1`"),
            (
                "10.0.0.0/16,,,,,us-east-1a,,",
                "line 2, zone: `us-east-1a` is a zone's name, and another zone in another account",
            ),
            ("10.0.0.0/16,,,,,a,,", "line 2, zone: invalid zone id `a`"),
            ("10.0.0.0/16,,,,eu-west-1,use1-az1,,", "line 2, zone: the zone is in us-east-1, not in eu-west-1"),
            ("10.0.0.0/16,,,,,,,wire", "line 2, kind: unknown kind `wire`"),
            ("10.0.0.0/16,,,,,,,dx:", "line 2, kind: the location is missing"),
            ("10.0.0.0/16,", "line 2: 2 cells where the header has 8"),
        ] {
            assert_eq!(faults(&format!("{line}\n")), [message]);
        }
        assert_eq!(faults("x,1,,,,,,\n10.0.0.0/8,,,,,,,\n10.0.0.0/8,,,,,,,y\n").len(), 3, "all are reported");
    }

    #[test]
    fn hints_say_what_is_meant() {
        for (line, message) in [
            ("10.0.1.0/16,,,,,,,", "write 10.0.0.0/16 for the network, 10.0.1.0/32 for the address"),
            ("10.0.0.0/16,12345678901,,,,,,", "did you mean `012345678901`?"),
            ("10.0.0.0/16,,,,us-esat-1,,,", "did you mean `us-east-1`?"),
            (
                "10.0.0.0/16,,,,,us-east-1a,,",
                "write a zone's id, such as use1-az1; see `aws ec2 describe-availability-zones`",
            ),
            ("10.0.0.0/16,,,,,,,wire", "write dx:LOCATION for Direct Connect, vpn, or nothing"),
        ] {
            assert_eq!(hint(line).as_deref(), Some(message));
        }
    }

    #[test]
    fn a_wrong_header_is_reported_by_its_names() {
        let message = |text: &str| {
            rows(text.as_bytes()).1.into_iter().map(|fault| (fault.to_string(), fault.hint)).collect::<Vec<_>>()
        };
        let near = ("line 1: unknown column `acount`".to_owned(), Some("did you mean `account`?".to_owned()));
        assert_eq!(message("cidr,acount\nx\n"), [near]);
        let twice = ("line 1, cidr: duplicate column".to_owned(), Some("remove one of them".to_owned()));
        assert_eq!(message("cidr,CIDR\n"), [twice]);
        let all = "the columns are cidr,account,vpc,subnet,region,zone,name,kind";
        assert_eq!(message("cidr,#\n")[0].1.as_deref(), Some(all));
    }

    #[test]
    fn bytes_that_are_no_text_are_a_fault_and_no_end() {
        let (rows, faults) = rows(b"cidr,name\n10.0.0.0/8,\xff\n10.0.0.0/9,a\n");
        assert_eq!((rows.len(), faults[0].to_string().as_str()), (1, "line 2: the line is not UTF-8"));
    }

    #[test]
    fn a_missing_closing_quote_swallows_no_rows() {
        let (rows, faults) = rows(b"cidr,name\n10.0.0.0/8,\"shop\n10.0.0.0/9,a\n10.0.0.0/10,\"b\"\n");
        let lines: Vec<_> = rows.iter().map(|row| row.line).collect();
        assert_eq!((lines, faults[0].to_string().as_str()), (vec![3, 4], "line 2: unterminated double quote"));
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
            let message: std::collections::BTreeSet<_> = rows.iter().map(|row| row.line).chain(faults.iter().map(|fault| fault.line)).collect();
            let is_filled = |line: &&String| line.chars().any(|letter| !matches!(letter, '"' | ',' | ' ' | '\n'));
            let filled = lines.iter().filter(is_filled).count();
            prop_assert!((filled..=lines.len()).contains(&message.len()));
        }
    }
}
