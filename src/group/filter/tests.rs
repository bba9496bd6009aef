//! The grammar as tables, and a second evaluator, row by row, that the first must agree with.

use super::*;
use crate::decode::{Dictionary, Flows, Values};
use crate::schema::{Column, Kind};

mod law;

/// 2026-10-15T13:14:15Z.
pub(super) const NOW: u32 = 1_792_070_055;

pub(super) fn parse(text: &str) -> Filter {
    Filter::parse(text, NOW, Zone::default()).unwrap_or_else(|error| panic!("{text}: {error} {:?}", error.hints()))
}

/// Columns of traffic, and owners by `team` and by a key that needs quotes.
pub(super) struct Teams;

impl Names for Teams {
    fn take_traffic(&self) -> bool {
        true
    }

    fn owner(&mut self, name: &str) -> Result<Option<Column>, Error> {
        Ok(match name {
            "team" => Some(Column::Owner1),
            "src_team" => Some(Column::SrcOwner1),
            "dst_team" => Some(Column::DstOwner1),
            "Cost Center" => Some(Column::Owner2),
            _ => None,
        })
    }

    fn owner_keys(&self) -> Vec<&str> {
        vec!["Cost Center", "team"]
    }

    fn texts(&self, column: Column) -> Option<Vec<&'static str>> {
        (column == Column::Path).then(|| vec!["same-zone", "cross-zone", "internet", "aws-service"])
    }
}

pub(super) fn parse_traffic(text: &str) -> Filter {
    Filter::parse_with(text, NOW, Zone::default(), &mut Teams)
        .unwrap_or_else(|error| panic!("{text}: {error} {:?}", error.hints()))
}

/// A value of a record as the tests write it; an absent one is left out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Address(std::net::IpAddr),
    Number(u64),
    Text(String),
}

pub(super) type Row = std::collections::BTreeMap<Column, Cell>;

/// A block of these rows, with the columns that a filter asks for.
pub(super) fn block(rows: &[Row], columns: ColumnSet, dictionary: &mut Dictionary) -> Flows {
    let mut flows = Flows::new(columns);
    for column in columns.iter() {
        let Some(values) = flows.values_mut(column) else { continue };
        for (place, row) in rows.iter().enumerate() {
            match (values as &mut Values, row.get(&column)) {
                (values, None) => values.fill_absent(place + 1),
                (Values::Address(values), Some(Cell::Address(address))) => values.push(literal_address(*address)),
                (Values::Big(values), Some(Cell::Number(number))) => values.push(*number),
                (Values::Text(values), Some(Cell::Text(text))) => values.push(dictionary.code(text.as_bytes())),
                (Values::Small(values) | Values::Time(values), Some(Cell::Number(number))) => {
                    values.push(u32::try_from(*number).expect("small"));
                }
                (_, Some(cell)) => panic!("{column:?} does not hold {cell:?}"),
            }
        }
    }
    flows.set_rows(rows.len());
    flows
}

fn literal_address(address: std::net::IpAddr) -> u128 {
    match address {
        std::net::IpAddr::V4(address) => 0xffff_0000_0000 | u128::from(address.to_bits()),
        std::net::IpAddr::V6(address) => address.to_bits(),
    }
}

/// A row of `name value` pairs.
fn row(pairs: &[(Column, &str)]) -> Row {
    let cell = |column: Column, text: &str| match column.kind() {
        Kind::Address => Cell::Address(text.parse().expect(text)),
        Kind::Text => Cell::Text(text.to_owned()),
        Kind::Small | Kind::Big | Kind::Time => Cell::Number(text.parse().expect(text)),
    };
    pairs.iter().map(|(column, text)| (*column, cell(*column, text))).collect()
}

/// A record, another one that differs in everything, and one where everything is absent.
fn three_rows() -> [Row; 3] {
    use Column::{
        Action, Bytes, Dstaddr, Dstport, FlowDirection, InstanceTag, InterfaceId, Packets, PktSrcaddr, Protocol,
        Srcaddr, Srcport, Start,
    };
    [
        row(&[
            (Srcaddr, "10.1.2.3"),
            (Dstaddr, "52.0.0.1"),
            (Srcport, "40000"),
            (Dstport, "443"),
            (Protocol, "6"),
            (Bytes, "20971520"),
            (Packets, "9"),
            (Start, "1792065600"), // 2026-10-15T12:00:00Z
            (Action, "REJECT"),
            (InterfaceId, "eni-1"),
            (InstanceTag, "it's \"web\""),
            (FlowDirection, "egress"),
        ]),
        row(&[
            (Srcaddr, "10.9.9.9"),
            (PktSrcaddr, "2001:db8::1"),
            (Dstaddr, "192.168.0.1"),
            (Srcport, "9000"),
            (Dstport, "8080"),
            (Protocol, "58"),
            (Bytes, "100"),
            (Packets, "1"),
            (Start, "1790812800"), // 2026-10-01T00:00:00Z
            (Action, "ACCEPT"),
            (InterfaceId, "eni-2"),
            (InstanceTag, "a..b"),
            (FlowDirection, "ingress"),
        ]),
        Row::new(),
    ]
}

/// What an expression selects of the three rows: `+` or `-` for each.
fn selected(text: &str) -> String {
    let filter = parse(text);
    let mut dictionary = Dictionary::default();
    let flows = block(&three_rows(), filter.columns(), &mut dictionary);
    let mut evaluator = filter.evaluator();
    evaluator.select(&flows, &dictionary).iter().map(|mark| if *mark { '+' } else { '-' }).collect()
}

fn assert_table(table: &[(&str, &str)]) {
    for (text, marks) in table {
        assert_eq!(selected(text), *marks, "{text}");
    }
}

#[test]
fn every_operator_on_addresses() {
    assert_table(&[
        ("src = 10.1.2.3", "+--"),
        ("src == 2001:db8::1", "-+-"),
        ("src = ::ffff:10.1.2.3", "+--"),
        ("src != 10.1.2.3", "-++"),
        ("src <> 9.9.9.9", "+++"),
        ("src in 10.0.0.0/8", "+--"),
        ("srcaddr in 10.0.0.0/8", "++-"),
        ("src in 10.1.2.3", "+--"),
        ("src in 10.1.2.3/32", "+--"),
        ("src in 10.1.2.4/31", "---"),
        ("src in 2001:db8::/32", "-+-"),
        ("src in 2001:db8::1/128", "-+-"),
        ("src in ::/0", "-+-"),
        ("src in ::/16", "---"),
        ("src in 0.0.0.0/0", "+--"),
        ("src in ::ffff:10.0.0.0/104", "+--"),
        ("src in (0.0.0.0/0, ::/0)", "++-"),
        ("src in (9.9.9.9, '10.1.2.3', 10.1.2.3)", "+--"),
        ("src in 10.1.2.0..10.1.2.3", "+--"),
        ("src in ::..ffff::", "-+-"),
        ("src not in 10.0.0.0/8", "-++"),
        ("src not in (0.0.0.0/0, ::/0)", "--+"),
        ("src is absent", "--+"),
        ("src is present", "++-"),
        ("pkt_srcaddr is absent", "+-+"),
        ("src is not absent", "++-"),
        ("src is not present", "--+"),
    ]);
}

#[test]
fn every_operator_on_integers() {
    assert_table(&[
        ("bytes = 20MiB", "+--"),
        ("bytes = 20_971_520", "+--"),
        ("bytes != 100", "+-+"),
        ("bytes < 101", "-+-"),
        ("bytes < 100", "---"),
        ("bytes < 0", "---"),
        ("bytes < 18446744073709551615", "++-"),
        ("bytes <= 100", "-+-"),
        ("bytes <= 18446744073709551615", "++-"),
        ("bytes > 10MiB", "+--"),
        ("bytes > 100", "+--"),
        ("bytes >= 0.1kB", "++-"),
        ("bytes > 18446744073709551615", "---"),
        ("bytes = 18446744073709551615", "---"),
        ("bytes in 100", "-+-"),
        ("bytes in (1, 100, 20MiB)", "++-"),
        ("bytes in 99..20MiB", "++-"),
        ("bytes not in 0..99", "+++"),
        ("bytes not in 0..100", "+-+"),
        ("bytes is absent", "--+"),
        ("bytes is present", "++-"),
        ("dstport = 443", "+--"),
        ("dstport != 443", "-++"),
        ("dstport < 8080", "+--"),
        ("dstport <= 8080", "++-"),
        ("dstport > 443", "-+-"),
        ("dstport >= 443", "++-"),
        ("dstport >= 4294967295", "---"),
        ("dstport = 4294967295", "---"),
        ("dstport <= 4294967296", "++-"),
        ("dstport in 8000..8999", "-+-"),
        ("dstport in (80, 443, 8000..8079)", "+--"),
        ("dstport not in (80, 443, 8000..8079)", "-++"),
        ("dstport is absent", "--+"),
        ("dstport is present", "++-"),
        ("port = 443", "+--"),
        ("port = 0", "-+-"),
        ("packets >= 9", "+--"),
    ]);
}

#[test]
fn protocols_have_names() {
    assert_table(&[
        ("protocol = tcp", "+--"),
        ("protocol = 6", "+--"),
        ("protocol = 'TCP'", "+--"),
        ("protocol in (icmp, ICMPv6)", "-+-"),
        ("protocol = ipv6-icmp", "-+-"),
        ("protocol != tcp", "-++"),
        ("protocol in 0..gre", "+--"),
    ]);
}

#[test]
fn every_operator_on_times() {
    assert_table(&[
        ("start = 2026-10-15T12:00", "+--"),
        ("start = @1792065600", "+--"),
        ("start = 1792065600", "+--"),
        ("start != 2026-10-15T12:00", "-++"),
        ("start < 2026-10-02", "-+-"),
        ("start <= '2026-10-01 00:00'", "-+-"),
        ("start > yesterday", "+--"),
        ("start >= 7d", "+--"),
        ("start >= 2026-10-15T14:00+02:00", "+--"),
        ("start in 2026-10-01..2026-10-02", "-+-"),
        ("start in '2026-10-01 00:00..2026-10-15 12:00'", "++-"),
        ("start not in (today..now, 2026-10-02)", "-++"),
        ("start is absent", "--+"),
        ("start is present", "++-"),
        ("day = today", "+--"),
        ("hour = 2026-10-15T12:00Z", "+--"),
        ("minute is absent", "--+"),
    ]);
}

#[test]
fn a_day_is_one_of_the_zone_and_an_hour_one_of_utc() {
    let starts = ["2026-10-15T03:59:59Z", "2026-10-15T04:00Z", "2026-10-16T03:59Z", "2026-10-16T04:00Z"];
    let moment = |text: &str| crate::units::time::parse_moment(text, NOW, Zone::default()).unwrap();
    let mut flows = Flows::new(ColumnSet::of(&[Column::Start]));
    *flows.values_mut(Column::Start).unwrap() = Values::Time(starts.map(moment).into());
    flows.set_rows(starts.len());
    for (zone, text, expected) in [
        ("America/New_York", "day = 2026-10-15", "-++-"),
        ("America/New_York", "day != 2026-10-15", "+--+"),
        ("America/New_York", "day < 2026-10-15", "+---"),
        ("America/New_York", "day in 2026-10-14..2026-10-15", "+++-"),
        ("America/New_York", "day in (2026-10-14, 2026-10-16)", "+--+"),
        ("America/New_York", "day >= 2026-10-15 and day <= 2026-10-15T12:00", "-++-"),
        ("America/New_York", "hour = day", "-+-+"),
        ("America/New_York", "hour = 2026-10-15T00:00", "-+--"),
        ("Asia/Kolkata", "day = 2026-10-15", "++--"),
        ("UTC", "day = 2026-10-15", "++--"),
    ] {
        let filter = Filter::parse(text, NOW, Zone::parse(zone).unwrap()).unwrap();
        let marks = filter.evaluator().select(&flows, &Dictionary::default()).to_vec();
        let shown: String = marks.into_iter().map(|mark| if mark { '+' } else { '-' }).collect();
        assert_eq!(shown, expected, "{zone}: {text}");
    }
    for (zone, text, message) in [
        (
            "Europe/Berlin",
            "day = 2026-10-15T02:00",
            "`day` is never `2026-10-15T02:00`: it begins at midnight (Europe/Berlin)",
        ),
        ("UTC", "day not in (2026-10-15, now)", "`day` is never `now`: it begins at midnight (UTC)"),
        (
            "Asia/Kolkata",
            "hour = 2026-10-15T05:00",
            "`hour` is never `2026-10-15T05:00`: it begins at full hours of UTC",
        ),
        ("UTC", "minute != 2026-10-15T05:00:30", "`minute` is never `2026-10-15T05:00:30`: it begins at full minutes"),
    ] {
        let error = Filter::parse(text, NOW, Zone::parse(zone).unwrap()).expect_err(text).to_string();
        assert!(error.starts_with(&format!("--where: {message}")), "{error}");
    }
}

#[test]
fn every_operator_on_texts() {
    assert_table(&[
        ("action = REJECT", "+--"),
        ("action = \"REJECT\"", "+--"),
        ("action != REJECT", "-++"),
        ("eni = eni-1", "+--"),
        ("eni = ENI-1", "---"),
        ("eni = eni", "---"),
        ("eni in (eni-1, 'eni-2')", "++-"),
        ("eni in eni-2", "-+-"),
        ("eni not in (eni-1, eni-3)", "-++"),
        ("eni ~ ^eni-[13]$", "+--"),
        ("eni ~ ENI", "---"),
        ("eni ~ '(?i)ENI'", "++-"),
        (r#"eni ~ "\d""#, "++-"),
        ("eni ~ ''", "++-"),
        ("eni !~ 1", "-++"),
        ("instance_tag = 'it''s \"web\"'", "+--"),
        ("instance_tag = \"it's \"\"web\"\"\"", "+--"),
        ("instance_tag = a..b", "-+-"),
        ("instance_tag in (a..b)", "-+-"),
        ("eni is absent", "--+"),
        ("eni is present", "++-"),
        ("vpc is absent", "+++"),
    ]);
}

#[test]
fn unquoted_texts_may_be_globs() {
    assert_table(&[
        ("eni = eni-*", "++-"),
        ("eni = *-1", "+--"),
        ("eni != eni-?", "--+"),
        ("eni = eni-?1", "---"),
        ("eni = 'eni-*'", "---"),
        ("eni = *", "++-"),
        ("eni in (eni-2, *1)", "++-"),
        ("eni not in (x*, *1)", "-++"),
        ("instance_tag = it?s*", "+--"),
        ("instance_tag = *..*", "-+-"),
        ("action = REJ*", "+--"),
    ]);
}

#[test]
fn bits_of_integers_are_compared() {
    assert_table(&[
        ("dstport & 1 = 1", "+--"),
        ("dstport & 0x90 = 0x90", "++-"),
        ("dstport&0x90!=0x90", "--+"),
        ("bytes & 4 = 4", "-+-"),
        ("bytes & 4 = 0", "+--"),
        ("bytes & 255 in (100, 1..3)", "-+-"),
        ("bytes & 255 < 100", "+--"),
        ("anyport & 1 = 1", "+--"),
        ("not protocol & 4 = 4", "-++"),
    ]);
}

#[test]
fn ports_have_names() {
    assert_table(&[
        ("dstport = https", "+--"),
        ("dstport = HTTP-ALT", "-+-"),
        ("dstport in (ssh, https)", "+--"),
        ("dstport in http..https", "+--"),
        ("dstport >= https", "++-"),
        ("port = 'https'", "+--"),
        ("anyport != https", "-++"),
    ]);
}

#[test]
fn columns_of_one_kind_are_compared_and_an_absent_one_is_like_none() {
    assert_table(&[
        ("srcport > dstport", "++-"),
        ("srcport < dst-port", "---"),
        ("bytes > packets", "++-"),
        ("dstport >= bytes", "-+-"),
        ("src = srcaddr", "+--"),
        ("src != srcaddr", "-++"),
        ("addr = srcaddr", "+--"),
        ("start = day", "-+-"),
        ("start >= hour", "++-"),
        ("interface_id = interface_id", "++-"),
        ("interface_id != interface_id", "--+"),
        ("eni = 'interface_id'", "---"),
        ("eni = instance_tag", "---"),
        // Another kind's name is a text like any other.
        ("eni = bytes", "---"),
    ]);
}

#[test]
fn what_reads_traffic_waits_for_it_and_what_reads_records_does_not() {
    let parts = |text| {
        let filter = parse_traffic(text);
        let (records, traffic) = filter.parts();
        let of = |part: Option<&str>| part.unwrap_or("").to_owned();
        let conditions = filter.passthrough().iter().map(|column| column.name()).collect::<Vec<_>>().join(" ");
        [of(records), of(traffic), conditions]
    };
    let table = [
        ("bytes > 1", ["bytes > 1", "", ""]),
        ("team = web", ["", "team = web", ""]),
        ("bytes > 1 and team = web and not src = ::1", ["bytes > 1 and not src = ::1", "team = web", ""]),
        ("(bytes > 1 and (team = web and port = 1))", ["bytes > 1 and port = 1", "team = web", ""]),
        ("bytes > 1 or team = web", ["", "bytes > 1 or team = web", "filter_bits"]),
        ("port = 1 and (bytes > 1 or team = web)", ["port = 1", "(bytes > 1 or team = web)", "filter_bits"]),
        ("not (bytes > 1 and team = web)", ["", "not (bytes > 1 and team = web)", "filter_bits"]),
        ("src_region != dst_region", ["", "src_region != dst_region", ""]),
        (
            "src_region != region and vpc_id = src_vpc",
            ["", "src_region != region and vpc_id = src_vpc", "vpc_id region"],
        ),
        ("outside = src", ["", "outside = src", "pkt_srcaddr"]),
        ("\"Cost Center\" = 42", ["", "\"Cost Center\" = 42", ""]),
    ];
    for (text, expected) in table {
        assert_eq!(parts(text), expected, "{text}");
    }
    let many =
        |count| (0..count).map(|port| format!("(port = {port} or team = web)")).collect::<Vec<_>>().join(" and ");
    assert_eq!(parse_traffic(&many(CONDITIONS_MAX)).columns(), parse("port = 1").columns());
    let refused =
        Filter::parse_with(&many(CONDITIONS_MAX + 1), NOW, Zone::default(), &mut Teams).expect_err("too many");
    assert!(refused.to_string().contains("more than 31 record conditions"), "{refused}");
    assert_eq!(parse_traffic("(port = 1 or port = 2 or team = web)").conditions.len(), 1, "one bit for both ports");
}

#[test]
fn a_pair_holds_for_either_side_and_its_negation_for_neither() {
    assert_table(&[
        ("addr = 52.0.0.1", "+--"),
        ("addr in (10.0.0.0/8, 192.168.0.0/16)", "++-"),
        ("addr != 52.0.0.1", "-++"),
        ("addr not in (10.0.0.0/8, 192.168.0.0/16)", "--+"),
        ("anyport = 9000", "-+-"),
        ("any_port < 1024", "+--"),
        ("anyport != 9000", "+-+"),
        ("not anyport = 9000", "+-+"),
        ("anyport is absent", "--+"),
        ("anyport is present", "++-"),
    ]);
}

#[test]
fn names_are_taken_as_people_type_them() {
    assert_table(&[
        ("dst_port = 443", "+--"),
        ("dst-port = 443", "+--"),
        ("DstPort = 443", "+--"),
        ("src_addr = 10.1.2.3", "+--"),
        ("interfaceid = eni-1", "+--"),
        ("direction = egress", "+--"),
    ]);
    let plain = |name: &str| name.replace('_', "");
    let names: std::collections::BTreeSet<_> = Column::names().map(plain).collect();
    assert_eq!(names.len(), Column::names().count(), "no two names differ by underscores alone");
}

#[test]
fn or_binds_less_than_and_and_that_less_than_not() {
    assert_table(&[
        ("action = REJECT or action = ACCEPT and bytes < 1", "+--"),
        ("(action = REJECT or action = ACCEPT) and bytes < 1", "---"),
        ("bytes < 1 and action = ACCEPT or action = REJECT", "+--"),
        ("not action = REJECT and bytes > 0", "-+-"),
        ("not (action = REJECT and bytes > 0)", "-++"),
        ("not action = REJECT or bytes > 0", "+++"),
        ("not not action = REJECT", "+--"),
        ("! (action = REJECT)", "-++"),
        ("!action = REJECT && bytes > 0 || src is absent", "-++"),
        ("NOT action = REJECT AND bytes > 0 Or src IS Absent", "-++"),
        ("((((action = REJECT))))", "+--"),
        ("src in(10.0.0.0/8)and(dst_port=443)and\tbytes>10MiB\nand not action=ACCEPT", "+--"),
        ("not action = ACCEPT and not action = REJECT", "--+"),
    ]);
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let table = [
        ("", "expected a column, found the end", 0, "a comparison is written column, operator, value: dstport = 443"),
        ("srcprt = 1", "unknown column `srcprt`", 0, "did you mean `srcport`?"),
        ("Dst-Adr = 1", "unknown column `Dst-Adr`", 0, "did you mean `dstaddr`?"),
        ("bytes > 1 and adr = ::1", "unknown column `adr`", 14, "did you mean `addr`?"),
        (
            "path = \"internet\"",
            "`path` is a traffic column; this command reads records",
            0,
            "use it with top, cost, compare, transfer or anomalies",
        ),
        (
            "region = src_region",
            "`src_region` is a traffic column; this command reads records",
            9,
            "use it with top, cost",
        ),
        ("port = htps", "unknown port `htps`", 7, "did you mean `https`?"),
        ("port = zzzzz", "unknown port `zzzzz`", 7, "write its number, or a name such as https"),
        ("port = 44x", "invalid size `44x`", 7, "the units are"),
        (
            "bytes > region",
            "`bytes` is an integer and `region` is a text",
            8,
            "only columns of the same kind can be compared",
        ),
        ("src = port", "`src` is an address and `port` is an integer", 6, "only columns of the same kind"),
        ("eni in (x, region)", "`region` is a column; lists contain values", 11, "write `eni = region`"),
        ("eni & 2 = 2", "`eni` is a text, and & tests the bits of integers", 6, ""),
        ("start & 2 = 2", "`start` is a time, and & tests the bits of integers", 8, ""),
        ("flags & x = 2", "invalid size `x`", 8, "write 1000"),
        ("flags & 2", "expected an operator after `flags`, found the end", 9, "an integer supports"),
        ("flags & 2 is absent", "bit tests need a value", 10, "write `flags is absent`"),
        ("bytes > 1 & bytes < 2", "expected `and`, `or` or the end, found `&`", 10, "write and, or &&; a single &"),
        ("action = REF*", "`action` cannot be `REF*`", 9, "valid values: ACCEPT, REJECT"),
        ("xyzzy = 1", "unknown column `xyzzy`", 0, "`outflow fields` lists the columns"),
        ("'src' = 1", "expected a column, found a quoted text", 0, "a comparison is written"),
        ("bytes > 1 and", "expected a column, found the end", 13, "a comparison is written"),
        ("and = 1", "expected a column, found `and`", 0, "a comparison is written"),
        (
            "bytes",
            "expected an operator after `bytes`, found the end",
            5,
            "an integer supports = != < <= > >= in, not in",
        ),
        (
            "eni like x",
            "expected an operator after `eni`, found `like`",
            4,
            "a text supports = != ~ !~ in, not in, is absent",
        ),
        ("src '='", "expected an operator after `src`, found a quoted text", 4, "an address supports = != in, not in"),
        ("bytes =", "expected a value, found the end", 7, ""),
        ("bytes = = 1", "expected a value, found `=`", 8, ""),
        ("action = not", "expected a value, found `not`", 9, "a keyword as a value needs quotes"),
        ("bytes not 1", "expected `in` after `not`, found `1`", 10, ""),
        ("bytes is null", "expected `absent` or `present`, found `null`", 9, ""),
        ("bytes = 1 bytes = 2", "expected `and`, `or` or the end, found `bytes`", 10, ""),
        ("bytes = 1)", "`)` without its `(`", 9, ""),
        ("(bytes = 1", "expected `and`, `or` or `)`, found the end", 10, ""),
        ("bytes in 1, 2", "expected `and`, `or` or the end, found `,`", 10, "lists need parentheses"),
        ("bytes in (1 2)", "expected `,` or `)`, found `2`", 12, ""),
        ("bytes in ()", "expected a value, found `)`", 10, ""),
        ("eni = 'x", "unterminated quote", 6, "write '' for a literal quote"),
        ("eni = “x”", "`“` is not a quote here", 6, "use straight quotes"),
        ("eni ~ a|b", "a single `|`", 7, "write and, or; a pattern with such characters needs quotes"),
        ("bytes > x", "invalid size `x`", 8, "write 1000, 10MiB, 1.5GiB or 20MB"),
        ("bytes > -1", "invalid size `-1`", 8, "write 1000"),
        ("bytes > 10k", "invalid size `10k`", 8, "write KiB for powers of 1024, KB for powers of 1000"),
        ("bytes = 1..2", "`1..2` is not one value", 8, "`bytes in 1..2` compares with a range"),
        ("bytes in 2..1", "the range `2..1` ends before it begins", 9, ""),
        ("bytes in '1..x'", "invalid size `x`", 13, "write 1000"),
        ("bytes ~ 1", "`bytes` is an integer; `~` does not apply", 6, "an integer supports = !="),
        ("action < REJECT", "`action` is a text; `<` does not apply", 7, "`~` compares a text with a pattern"),
        ("action = reject", "`action` cannot be `reject`", 9, "valid values: ACCEPT, REJECT"),
        ("eni = '-'", "`-` in a log means an absent value", 6, "write `eni is absent`"),
        ("eni ~ '('", "invalid pattern `(`: unclosed group", 6, "patterns are regular expressions"),
        (r"eni ~ \w{999}{99}", r"invalid pattern `\w{999}{99}`: Compiled regex exceeds size limit", 6, "patterns are"),
        ("src < 10.0.0.1", "`src` is an address; `<` does not apply", 4, "`in` compares an address with a CIDR"),
        ("src ~ ^10", "`src` is an address; `~` does not apply", 4, "`in` compares an address with a CIDR"),
        ("src = 10.0.0.0/8", "`10.0.0.0/8` is not one address", 6, "`src in 10.0.0.0/8` compares with a CIDR"),
        ("src = 10.0.0", "invalid address `10.0.0`", 6, "write 10.0.0.1 or 2001:db8::1"),
        ("src = ::fffe:0:0", "invalid address `::fffe:0:0`", 6, "write 10.0.0.1"),
        ("src in 10.0.0.0/33", "invalid CIDR `10.0.0.0/33`", 7, "the length is a number up to 32"),
        ("src in 10.0.0.0/+8", "invalid CIDR `10.0.0.0/+8`", 7, "the length is a number up to 32"),
        (
            "src in 10.1.2.3/8",
            "`10.1.2.3/8` has host bits set",
            7,
            "write 10.0.0.0/8 for the network, 10.1.2.3/32 for the address",
        ),
        (
            "src in (::1, 2001:db8::1/32)",
            "`2001:db8::1/32` has host bits set",
            13,
            "write 2001:db8::/32 for the network",
        ),
        ("src in 10.0.0.1..::1", "the range `10.0.0.1..::1` ends before it begins", 7, ""),
        ("protocol = tcpp", "unknown protocol `tcpp`", 11, "did you mean `tcp`?"),
        ("protocol = zzz", "unknown protocol `zzz`", 11, "write its IANA number, or a name such as tcp"),
        ("start > noon", "`noon` is not a valid time", 8, "write a date (2026-10-01)"),
        ("start > 1969-01-01", "`1969-01-01` is outside the years 1970 to 2106", 8, ""),
        ("instance_tag = 'ü' und 1", "expected `and`, `or` or the end, found `und`", 19, ""),
    ];
    for (text, message, caret, hint) in table {
        let error = Filter::parse(text, NOW, Zone::default()).expect_err(text);
        let shown = error.to_string();
        let lines: Vec<_> = shown.lines().collect();
        assert!(lines[0].starts_with(&format!("--where: {message}")), "{text}: {shown}");
        assert_eq!(lines[1..], [format!("  {text}"), format!("{}^", " ".repeat(caret + 2))], "{shown}");
        let said = error.hints().first().map_or("", String::as_str);
        assert!(said.starts_with(hint) && said.is_empty() == hint.is_empty(), "{text}: {:?}", error.hints());
        assert_eq!(error.exit(), crate::error::Exit::Usage);
    }
}

#[test]
fn what_is_wrong_about_traffic_is_pointed_at() {
    let table = [
        ("taem = web", "unknown column `taem`", 0, "did you mean `team`?"),
        ("src_tem = web", "unknown column `src_tem`", 0, "did you mean `src_team`?"),
        ("vantage = x", "unknown column `vantage`", 0, ""),
        ("owner = x", "unknown column `owner`", 0, ""),
        ("path = intrnet", "`path` cannot be `intrnet`", 7, "did you mean `internet`?"),
        ("path in (internet, x*)", "`path` cannot be `x*`", 19, "valid values: same-zone, cross-zone"),
        ("charge = nat-procesing", "`charge` cannot be `nat-procesing`", 9, "did you mean `nat-processing`?"),
        ("bytes > team", "`bytes` is an integer and `team` is a text", 8, "only columns of the same kind"),
        ("team in (web, path)", "`path` is a column; lists contain values", 14, "write `team = path`"),
        ("outside = pkt_srcaddr", "traffic cannot be compared with `pkt_srcaddr`", 0, "compare it with src or dst"),
        ("'team' ~ (", "expected a value, found `(`", 9, ""),
    ];
    for (text, message, caret, hint) in table {
        let error = Filter::parse_with(text, NOW, Zone::default(), &mut Teams).expect_err(text);
        let shown = error.to_string();
        let lines: Vec<_> = shown.lines().collect();
        assert!(lines[0].starts_with(&format!("--where: {message}")), "{text}: {shown}");
        assert_eq!(lines[2], format!("{}^", " ".repeat(caret + 2)), "{shown}");
        assert!(
            error.hints().iter().any(|said| said.starts_with(hint)) || hint.is_empty(),
            "{text}: {:?}",
            error.hints()
        );
    }
    let keys = Filter::parse_with("x = 1", NOW, Zone::default(), &mut Teams).expect_err("no column").hints().to_vec();
    assert!(keys.contains(&"the owner keys are Cost Center, team".to_owned()), "{keys:?}");
}

#[test]
fn what_is_nested_too_deep_or_too_long_is_rejected() {
    let nested = |depth: usize| format!("{}bytes > 1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(selected(&nested(DEPTH_MAX)), "++-");
    let refused = |text: &str| Filter::parse(text, NOW, Zone::default()).expect_err("too much").to_string();
    assert!(refused(&nested(DEPTH_MAX + 1)).contains("nested more than 64 deep"));
    assert!(refused(&"not ".repeat(10_000)).contains("nested more than 64 deep"));
    assert!(refused(&"(".repeat(LENGTH_MAX)).contains("nested more than 64 deep"));
    assert!(refused(&"é".repeat(LENGTH_MAX)).contains("longer than 65536 bytes"));
    let many = vec!["bytes > 1"; 5000].join(" or ");
    assert_eq!(selected(&many), "++-", "parts in a row are not nested");
}

#[test]
fn a_filter_knows_its_columns_and_its_text() {
    use Column::{
        Action, Bytes, Dstaddr, Dstport, PktDstaddr, PktSrcaddr, Protocol, Srcaddr, Srcport, Start, TcpFlags,
    };
    let columns = |text| parse(text).columns();
    assert_eq!(columns("src = ::1"), ColumnSet::of(&[PktSrcaddr, Srcaddr]));
    assert_eq!(columns("addr = ::1"), ColumnSet::of(&[PktSrcaddr, Srcaddr, PktDstaddr, Dstaddr]));
    assert_eq!(columns("anyport = 1 or action = REJECT"), ColumnSet::of(&[Srcport, Dstport, Action]));
    assert_eq!(columns("port = 1 and day < now"), ColumnSet::of(&[Srcport, Dstport, TcpFlags, Protocol, Start]));
    assert_eq!(columns("not bytes is absent"), ColumnSet::of(&[Bytes]));
    assert_eq!(parse(" bytes > 1 ").text(), " bytes > 1 ");
}

#[test]
fn an_evaluator_serves_block_after_block_while_the_dictionary_grows() {
    let filter = parse("eni ~ '^eni-[0-4]$' and not eni in (eni-3, eni-4) or action = REJECT");
    let mut evaluator = filter.evaluator();
    let mut dictionary = Dictionary::default();
    for length in [3_usize, 0, 6, 1] {
        let rows: Vec<_> = (0..length).map(|at| row(&[(Column::InterfaceId, &format!("eni-{at}"))])).collect();
        let flows = block(&rows, filter.columns(), &mut dictionary);
        let expected: Vec<_> = (0..length).map(|at| at < 3).collect();
        assert_eq!(evaluator.select(&flows, &dictionary), expected);
    }
}

#[test]
fn columns_that_were_not_decoded_are_absent() {
    let mut flows = Flows::new(ColumnSet::default());
    flows.set_rows(2);
    let marks = |text| parse(text).evaluator().select(&flows, &Dictionary::default()).to_vec();
    assert_eq!(marks("eni = x or bytes > 1 or src in ::/0"), [false, false]);
    assert_eq!(marks("eni is absent and bytes is absent and src is absent"), [true, true]);
}

#[test]
fn filters_and_evaluators_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<Filter>();
    crosses::<Evaluator>();
}
