//! Random expressions, printed and parsed, select what a naive evaluator selects row by row.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use regex::bytes::Regex;

use super::{Cell, NOW, Row, block, parse};
use crate::decode::Dictionary;
use crate::group::filter::Filter;
use crate::schema::Column;
use crate::units::time::{self, Zone};

/// An expression, with the spelling that it is printed in.
#[derive(Clone, Debug)]
enum Tree {
    Any(Vec<Self>, bool),
    All(Vec<Self>, bool),
    Not(Box<Self>, bool),
    Leaf(Leaf),
}

#[derive(Clone, Debug)]
struct Leaf {
    name: &'static str,
    /// The bits that are compared.
    bits: Option<u64>,
    operator: &'static str,
    values: Vec<Value>,
}

#[derive(Clone, Debug)]
enum Value {
    One(Cell),
    /// How it is spelt, and what it means.
    Spelt(String, Cell),
    Range(Cell, Cell),
    Moment(u32),
    Cidr(IpAddr, u32),
    Glob(String),
    Column(&'static str),
}

impl Tree {
    fn print(&self, outer: u8) -> String {
        let (text, own) = match self {
            Self::Any(parts, plain) => (join(parts, 0, if *plain { " or " } else { "||" }), 0),
            Self::All(parts, plain) => (join(parts, 1, if *plain { " AND " } else { " && " }), 1),
            Self::Not(part, plain) => (format!("{}{}", if *plain { "not " } else { "! " }, part.print(2)), 2),
            Self::Leaf(leaf) => (leaf.print(), 2),
        };
        if own < outer { format!("({text})") } else { text }
    }

    fn holds(&self, row: &Row) -> bool {
        match self {
            Self::Any(parts, _) => parts.iter().any(|part| part.holds(row)),
            Self::All(parts, _) => parts.iter().all(|part| part.holds(row)),
            Self::Not(part, _) => !part.holds(row),
            Self::Leaf(leaf) => leaf.holds(row),
        }
    }
}

/// Parts of the same rank stand in parentheses, for the tree's sake.
fn join(parts: &[Tree], own: u8, between: &str) -> String {
    parts.iter().map(|part| part.print(own + 1)).collect::<Vec<_>>().join(between)
}

impl Leaf {
    fn print(&self) -> String {
        let values: Vec<_> = self.values.iter().map(Value::print).collect();
        let name = match self.bits {
            Some(bits) if bits % 2 == 0 => format!("{} & 0x{bits:x}", self.name),
            Some(bits) => format!("{}&{bits}", self.name),
            None => self.name.to_owned(),
        };
        match (self.operator, values.as_slice()) {
            (operator, []) => format!("{name} {operator}"),
            (operator, [one]) => format!("{name} {operator} {one}"),
            (operator, many) => format!("{name} {operator} ({})", many.join(" , ")),
        }
    }

    fn holds(&self, row: &Row) -> bool {
        let masked = |cell| match (cell, self.bits) {
            (Cell::Number(number), Some(bits)) => Cell::Number(number & bits),
            (cell, _) => cell,
        };
        let either = |relation: &dyn Fn(Option<Cell>) -> bool| {
            meant(self.name, row).into_iter().map(|cell| cell.map(masked)).any(relation)
        };
        // A column evaluates to its value; comparisons with an absent one are false.
        let value = |value: &Value| match value {
            Value::Column(name) => meant(name, row).into_iter().next().flatten().map(Value::One),
            value => Some(value.clone()),
        };
        let compares = |passes: &dyn Fn(&Cell, &Value) -> bool| {
            either(&|cell| {
                cell.is_some_and(|cell| self.values.iter().filter_map(value).any(|value| passes(&cell, &value)))
            })
        };
        let order = |cell: &Cell, value: &Value| number(cell).cmp(&value.number());
        match self.operator {
            "=" | "in" => compares(&|cell, value| value.is(cell)),
            "!=" | "not in" => !compares(&|cell, value| value.is(cell)),
            "<" => compares(&|cell, value| order(cell, value).is_lt()),
            "<=" => compares(&|cell, value| order(cell, value).is_le()),
            ">" => compares(&|cell, value| order(cell, value).is_gt()),
            ">=" => compares(&|cell, value| order(cell, value).is_ge()),
            "~" => compares(&|cell, value| value.like(cell)),
            "!~" => !compares(&|cell, value| value.like(cell)),
            "is absent" => either(&|cell| cell.is_none()),
            "is present" => !either(&|cell| cell.is_none()),
            other => panic!("{other}"),
        }
    }
}

impl Value {
    fn print(&self) -> String {
        match self {
            Self::One(cell) => print(cell),
            Self::Spelt(text, _) => text.clone(),
            Self::Range(low, high) => format!("{}..{}", print(low), print(high)),
            Self::Moment(seconds) => time::write(*seconds),
            Self::Cidr(address, length) => format!("{address}/{length}"),
            Self::Glob(glob) => glob.clone(),
            Self::Column(name) => (*name).to_owned(),
        }
    }

    fn number(&self) -> u64 {
        match self {
            Self::One(cell) | Self::Spelt(_, cell) => number(cell),
            Self::Moment(seconds) => (*seconds).into(),
            other => panic!("{other:?}"),
        }
    }

    fn is(&self, cell: &Cell) -> bool {
        match (self, cell) {
            (Self::One(own) | Self::Spelt(_, own), cell) => own == cell,
            (Self::Moment(seconds), cell) => number(cell) == u64::from(*seconds),
            (Self::Range(Cell::Address(low), Cell::Address(high)), Cell::Address(address)) => {
                low.is_ipv4() == address.is_ipv4() && low <= address && address <= high
            }
            (Self::Range(low, high), cell) => (number(low)..=number(high)).contains(&number(cell)),
            (Self::Cidr(IpAddr::V4(network), length), Cell::Address(IpAddr::V4(address))) => {
                (network.to_bits() ^ address.to_bits()).checked_shr(32 - length).unwrap_or(0) == 0
            }
            (Self::Cidr(IpAddr::V6(network), length), Cell::Address(IpAddr::V6(address))) => {
                (network.to_bits() ^ address.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0
            }
            (Self::Cidr(..), _) => false,
            (Self::Glob(glob), Cell::Text(text)) => fits(glob.as_bytes(), text.as_bytes()),
            other => panic!("{other:?}"),
        }
    }

    fn like(&self, cell: &Cell) -> bool {
        match (self, cell) {
            (Self::One(Cell::Text(pattern)), Cell::Text(text)) => {
                Regex::new(pattern).expect("a pattern").is_match(text.as_bytes())
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Whether a glob of plain letters and `*` fits a text.
fn fits(glob: &[u8], text: &[u8]) -> bool {
    match (glob, text) {
        ([b'*', rest @ ..], text) => (0..=text.len()).any(|skipped| fits(rest, &text[skipped..])),
        ([letter, rest @ ..], [first, text @ ..]) => letter == first && fits(rest, text),
        (glob, text) => glob.is_empty() && text.is_empty(),
    }
}

fn number(cell: &Cell) -> u64 {
    if let Cell::Number(number) = cell { *number } else { panic!("{cell:?}") }
}

fn print(cell: &Cell) -> String {
    match cell {
        Cell::Address(address) => address.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) if text.len() % 2 == 0 => format!("'{}'", text.replace('\'', "''")),
        Cell::Text(text) => format!("\"{}\"", text.replace('"', "\"\"")),
    }
}

/// The values of a name in a row; derived ones are computed independently here.
fn meant(name: &str, row: &Row) -> Vec<Option<Cell>> {
    use Column::{Dstaddr, Dstport, PktDstaddr, PktSrcaddr, Protocol, Srcaddr, Srcport, Start, TcpFlags};
    let get = |column| row.get(&column).cloned();
    let [src, dst] = [get(PktSrcaddr).or_else(|| get(Srcaddr)), get(PktDstaddr).or_else(|| get(Dstaddr))];
    let floored = |seconds| get(Start).map(|start| Cell::Number(number(&start) / seconds * seconds));
    match name {
        "src" => vec![src],
        "dst" => vec![dst],
        "addr" => vec![src, dst],
        "anyport" => vec![get(Srcport), get(Dstport)],
        "minute" => vec![floored(60)],
        "hour" => vec![floored(3600)],
        "day" => vec![floored(86_400)],
        "port" => {
            let small = |column| get(column).map(|cell| number(&cell));
            let has_ports = small(Protocol).is_none_or(|protocol| [6, 17, 33, 132, 136].contains(&protocol));
            let port = match small(TcpFlags).map(|flags| (flags & 2 > 0, flags & 16 > 0)) {
                _ if !has_ports => Some(0),
                Some((true, false)) => small(Dstport),
                Some((true, true)) => small(Srcport),
                _ => small(Srcport).zip(small(Dstport)).map(|(one, other)| one.min(other)),
            };
            vec![port.map(Cell::Number)]
        }
        "dst_port" => vec![get(Dstport)],
        "src-port" => vec![get(Srcport)],
        "dst_addr" => vec![get(Dstaddr)],
        "team" => vec![get(Column::Owner1)],
        "src_team" => vec![get(Column::SrcOwner1)],
        name => vec![get(Column::of_name(name).expect(name))],
    }
}

/// Few values, so that expressions often hit a row.
const SMALLS: std::ops::Range<u64> = 0..24;

fn moments() -> impl Strategy<Value = u32> {
    (0..200_u32).prop_map(|step| NOW - step * 1800)
}

fn addresses() -> impl Strategy<Value = IpAddr> {
    let ipv4 = (0..24_u32).prop_map(|low| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_00f8 + low)));
    let ipv6 = (0..8_u128).prop_map(|low| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | low)));
    prop_oneof![3 => ipv4, 1 => ipv6]
}

fn texts() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["eni-1", "eni-2", "it's", "say \"é\"", "a..b", "x y", "\\d"]).prop_map(str::to_owned)
}

fn cidrs() -> impl Strategy<Value = Value> {
    (addresses(), 0..=128_u32).prop_map(|(address, length)| match address {
        IpAddr::V4(address) => {
            let length = length % 33;
            let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
            Value::Cidr(IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & !hosts)), length)
        }
        IpAddr::V6(address) => {
            let hosts = u128::MAX.checked_shr(length).unwrap_or(0);
            Value::Cidr(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !hosts)), length)
        }
    })
}

fn address_values() -> impl Strategy<Value = Value> {
    let range = (addresses(), addresses()).prop_map(|(one, other)| match one.is_ipv4() == other.is_ipv4() {
        true => Value::Range(Cell::Address(one.min(other)), Cell::Address(one.max(other))),
        false => Value::Range(Cell::Address(one), Cell::Address(one)),
    });
    prop_oneof![addresses().prop_map(|address| Value::One(Cell::Address(address))), cidrs(), range]
}

fn number_values() -> impl Strategy<Value = Value> {
    let range = (SMALLS, SMALLS)
        .prop_map(|(one, other)| Value::Range(Cell::Number(one.min(other)), Cell::Number(one.max(other))));
    prop_oneof![SMALLS.prop_map(|number| Value::One(Cell::Number(number))), range]
}

fn is(names: &'static [&'static str]) -> impl Strategy<Value = Leaf> {
    (prop::sample::select(names), prop::sample::select(&["is absent", "is present"][..]))
        .prop_map(|(name, operator)| Leaf { name, bits: None, operator, values: Vec::new() })
}

fn leaf<V: Strategy<Value = Value>>(
    names: &'static [&'static str],
    operators: &'static [&'static str],
    values: V,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Leaf> {
    let values = prop::collection::vec(values, count);
    (prop::sample::select(names), prop::sample::select(operators), values).prop_map(|(name, operator, values)| Leaf {
        name,
        bits: None,
        operator,
        values,
    })
}

/// Names of one kind that are compared with each other.
fn compared(names: &'static [&'static str], operators: &'static [&'static str]) -> impl Strategy<Value = Leaf> {
    leaf(names, operators, prop::sample::select(names).prop_map(Value::Column), 1..2)
        .prop_map(|mut leaf| match &leaf.values[..] {
            // A pair is allowed only on the left.
            [Value::Column("addr" | "anyport")] => {
                leaf.values = vec![Value::Column(leaf.name)];
                leaf.name = names[0];
                leaf
            }
            _ => leaf,
        })
        .prop_filter("a pair at the right", |leaf| !matches!(leaf.values[..], [Value::Column("addr" | "anyport")]))
}

fn leaves() -> impl Strategy<Value = Leaf> {
    const ADDRESSES: &[&str] = &["src", "dst", "addr", "srcaddr", "dst_addr"];
    const NUMBERS: &[&str] = &["bytes", "dst_port", "src-port", "anyport", "port"];
    const TIMES: &[&str] = &["start", "minute", "hour", "day"];
    const ORDER: &[&str] = &["=", "!=", "<", "<=", ">", ">="];
    let one_number = || SMALLS.prop_map(|number| Value::One(Cell::Number(number)));
    let one_text = || texts().prop_map(|text| Value::One(Cell::Text(text)));
    let patterns = prop::sample::select(vec!["^eni", "1$", "a|é", r"\.", "", "(?i)E"])
        .prop_map(|pattern| Value::One(Cell::Text(pattern.to_owned())));
    let protocols = prop::sample::select(vec![("tcp", 6), ("UDP", 17), ("icmp", 1), ("6", 6)])
        .prop_map(|(name, number)| Value::Spelt(name.to_owned(), Cell::Number(number)));
    let actions = prop::sample::select(vec!["ACCEPT", "REJECT"])
        .prop_map(|text| Value::Spelt(text.to_owned(), Cell::Text(text.to_owned())));
    prop_oneof![
        leaf(ADDRESSES, &["=", "!="], addresses().prop_map(|address| Value::One(Cell::Address(address))), 1..2),
        leaf(ADDRESSES, &["in", "not in"], address_values(), 1..4),
        leaf(NUMBERS, ORDER, one_number(), 1..2),
        leaf(NUMBERS, &["in", "not in"], number_values(), 1..4),
        leaf(&["protocol"], &["in", "not in"], protocols, 1..3),
        leaf(TIMES, ORDER, moments().prop_map(Value::Moment), 1..2).prop_map(at_its_start),
        leaf(&["eni", "interface-id"], &["=", "!="], one_text(), 1..2),
        leaf(&["eni"], &["in", "not in"], one_text(), 1..4),
        leaf(&["eni"], &["~", "!~"], patterns, 1..2),
        leaf(&["action"], &["in", "not in"], actions, 1..3),
        is(&["src", "addr", "bytes", "dstport", "anyport", "port", "start", "hour", "eni", "action"]),
        additions(),
    ]
}

/// The same with the start of the stretch of time that its name means, as nothing else is equal to one.
fn at_its_start(leaf: Leaf) -> Leaf {
    let of = match leaf.name {
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        _ => 1,
    };
    let at_start = |value| match value {
        Value::Moment(seconds) => Value::Moment(seconds - seconds % of),
        other => other,
    };
    Leaf { values: leaf.values.into_iter().map(at_start).collect(), ..leaf }
}

/// Bits, names of ports, globs, and columns compared with each other.
fn additions() -> impl Strategy<Value = Leaf> {
    const ORDER: &[&str] = &["=", "!=", "<", "<=", ">", ">="];
    let one_number = || SMALLS.prop_map(|number| Value::One(Cell::Number(number)));
    let bits = (leaf(&["flags", "bytes", "anyport"], ORDER, one_number(), 1..2), SMALLS)
        .prop_map(|(leaf, bits)| Leaf { bits: Some(bits), ..leaf });
    let ports = prop::sample::select(vec![("ftp", 21), ("SSH", 22), ("echo", 7), ("telnet", 23)])
        .prop_map(|(name, number)| Value::Spelt(name.to_owned(), Cell::Number(number)));
    let globs = prop::sample::select(vec!["eni-*", "*1", "*", "*..*", "a*b", "it*"])
        .prop_map(|glob| Value::Glob(glob.to_owned()));
    let one_glob = globs.clone();
    prop_oneof![
        bits,
        leaf(&["dst_port", "anyport", "port"], &["=", "!=", "<", "in"], ports, 1..2),
        leaf(&["eni"], &["in", "not in"], globs, 1..3),
        leaf(&["eni"], &["=", "!="], one_glob, 1..2),
        compared(&["src", "dst", "dst_addr", "addr"], &["=", "!="]),
        compared(&["bytes", "dst_port", "flags", "port"], ORDER),
        compared(&["start", "hour", "day"], ORDER),
        compared(&["interface_id", "action"], &["=", "!="]),
    ]
}

/// Tests of traffic, and comparisons of traffic with records.
fn leaves_of_traffic() -> impl Strategy<Value = Leaf> {
    let one_text = || texts().prop_map(|text| Value::One(Cell::Text(text)));
    let patterns =
        prop::sample::select(vec!["^eni", "1$", ""]).prop_map(|pattern| Value::One(Cell::Text(pattern.to_owned())));
    prop_oneof![
        leaf(&["team", "src_team", "src_region", "dst-region"], &["=", "!=", "in", "not in"], one_text(), 1..2),
        leaf(&["team"], &["~", "!~"], patterns, 1..2),
        leaf(&["outside"], &["in", "not in"], address_values(), 1..4),
        is(&["team", "src_region", "outside"]),
        compared(&["src_region", "dst_region", "team", "interface_id", "src_team"], &["=", "!="]),
        leaf(&["outside"], &["=", "!="], prop::sample::select(&["src", "dst"][..]).prop_map(Value::Column), 1..2),
    ]
}

fn trees() -> impl Strategy<Value = Tree> {
    trees_of(leaves())
}

fn trees_of(leaves: impl Strategy<Value = Leaf> + 'static) -> impl Strategy<Value = Tree> {
    leaves.prop_map(Tree::Leaf).prop_recursive(4, 24, 4, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            (parts(), any::<bool>()).prop_map(|(parts, plain)| Tree::Any(parts, plain)),
            (parts(), any::<bool>()).prop_map(|(parts, plain)| Tree::All(parts, plain)),
            (inner.clone(), any::<bool>()).prop_map(|(part, plain)| Tree::Not(Box::new(part), plain)),
        ]
    })
}

fn rows() -> impl Strategy<Value = Row> {
    let address = || prop::option::of(addresses().prop_map(Cell::Address));
    let small = || prop::option::of(SMALLS.prop_map(Cell::Number));
    let start = prop::option::of(moments().prop_map(|seconds| Cell::Number(seconds.into())));
    let protocol = prop::option::of(prop::sample::select(vec![6, 17, 1]).prop_map(Cell::Number));
    let text = prop::option::of(texts().prop_map(Cell::Text));
    let action =
        prop::option::of(prop::sample::select(vec!["ACCEPT", "REJECT"]).prop_map(|text| Cell::Text(text.to_owned())));
    let addresses = (address(), address(), address(), address());
    (addresses, small(), small(), small(), small(), start, protocol, text, action).prop_map(
        |(
            (srcaddr, pkt_srcaddr, dstaddr, pkt_dstaddr),
            srcport,
            dstport,
            flags,
            bytes,
            start,
            protocol,
            eni,
            action,
        )| {
            let cells = [
                (Column::Srcaddr, srcaddr),
                (Column::PktSrcaddr, pkt_srcaddr),
                (Column::Dstaddr, dstaddr),
                (Column::PktDstaddr, pkt_dstaddr),
                (Column::Srcport, srcport),
                (Column::Dstport, dstport),
                (Column::TcpFlags, flags),
                (Column::Bytes, bytes),
                (Column::Start, start),
                (Column::Protocol, protocol),
                (Column::InterfaceId, eni),
                (Column::Action, action),
            ];
            cells.into_iter().filter_map(|(column, cell)| Some((column, cell?))).collect()
        },
    )
}

/// Rows that have columns of traffic too.
fn rows_of_traffic() -> impl Strategy<Value = Row> {
    let text = || prop::option::of(texts().prop_map(Cell::Text));
    let outside = prop::option::of(addresses().prop_map(Cell::Address));
    (rows(), text(), text(), text(), text(), outside).prop_map(|(row, team, src_team, src, dst, outside)| {
        let cells = [
            (Column::Owner1, team),
            (Column::SrcOwner1, src_team),
            (Column::SrcRegion, src),
            (Column::DstRegion, dst),
            (Column::Outside, outside),
        ];
        row.into_iter().chain(cells.into_iter().filter_map(|(column, cell)| Some((column, cell?)))).collect()
    })
}

/// What both parts of a filter select, the traffic's of a block that has what rides along.
fn selected_in_parts(filter: &Filter, rows: &[Row]) -> Vec<bool> {
    let mut dictionary = Dictionary::default();
    let flows = block(rows, filter.columns(), &mut dictionary);
    let passed = filter.evaluator().select(&flows, &dictionary).to_vec();
    let Some(mut evaluator) = filter.traffic_evaluator() else { return passed };
    let of_traffic = |row: &Row| -> Row {
        let ends = [("src", Column::PktSrcaddr), ("dst", Column::PktDstaddr)];
        let ends = ends.into_iter().filter_map(|(name, column)| Some((column, meant(name, row).pop()??)));
        let others = row.iter().filter(|(column, _)| !matches!(column, Column::PktSrcaddr | Column::PktDstaddr));
        others.map(|(column, cell)| (*column, cell.clone())).chain(ends).collect()
    };
    let traffic_rows: Vec<Row> = rows.iter().map(of_traffic).collect();
    let mut traffic = block(&traffic_rows, filter.traffic_columns(), &mut dictionary);
    if let Some(mut conditions) = filter.conditions() {
        *traffic.values_mut(Column::FilterBits).expect("requested") = conditions.bits(&flows, &dictionary).clone();
    }
    evaluator.select(&traffic, &dictionary).iter().zip(passed).map(|(traffic, record)| *traffic && record).collect()
}

proptest! {
    #[test]
    fn what_is_decided_in_two_parts_is_what_the_whole_says(
        tree in trees_of(prop_oneof![leaves(), leaves_of_traffic()]),
        rows in prop::collection::vec(rows_of_traffic(), 0..24),
    ) {
        let text = tree.print(0);
        let Ok(filter) = Filter::parse_with(&text, NOW, Zone::default(), &mut super::Teams) else {
            let error = Filter::parse_with(&text, NOW, Zone::default(), &mut super::Teams).expect_err("an error");
            prop_assert!(error.to_string().contains("more than 31 conditions"), "{}: {}", text, error);
            return Ok(());
        };
        let expected: Vec<_> = rows.iter().map(|row| tree.holds(row)).collect();
        prop_assert_eq!(selected_in_parts(&filter, &rows), expected, "{}", text);
        let (records, traffic) = filter.parts();
        let both = [records, traffic].into_iter().flatten().map(|part| format!("({part})")).collect::<Vec<_>>();
        let again = Filter::parse_with(&both.join(" and "), NOW, Zone::default(), &mut super::Teams);
        let again = again.expect("parts are expressions");
        prop_assert_eq!(selected_in_parts(&again, &rows), selected_in_parts(&filter, &rows), "{}", both.join(" and "));
    }

    #[test]
    fn columns_and_rows_agree(tree in trees(), rows in prop::collection::vec(rows(), 0..24), cut in 0..24_usize) {
        let text = tree.print(0);
        let filter = parse(&text);
        let mut evaluator = filter.evaluator();
        let mut dictionary = Dictionary::default();
        let (first, second) = rows.split_at(cut.min(rows.len()));
        for rows in [first, second] {
            let flows = block(rows, filter.columns(), &mut dictionary);
            let expected: Vec<_> = rows.iter().map(|row| tree.holds(row)).collect();
            prop_assert_eq!(evaluator.select(&flows, &dictionary), expected, "{}", text);
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC*|[a-z =<>!~()&|,.:/0-9'\"]{0,40}") {
        drop(Filter::parse(&text, NOW, Zone::default()));
        drop(Filter::parse_with(&text, NOW, Zone::default(), &mut super::Teams));
    }

    #[test]
    fn no_mixture_of_words_panics(words in prop::collection::vec(prop::sample::select(vec![
        "src", "dstport", "eni", "start", "protocol", "addr", "and", "or", "not", "in", "is", "absent", "(", ")", ",", "=",
        "<", "~", "!~", "10.0.0.0/8", "10.0.0.1", "::/0", "1..2", "..", "/", "é", "'", "\"x\"", "443", "7d", "tcp", "-",
        "&", "0x2", "https", "eni-*", "?", "team", "src_team", "src_region", "path", "internet", "charge",
    ]), 0..12)) {
        drop(Filter::parse(&words.join(" "), NOW, Zone::default()));
        drop(Filter::parse_with(&words.join(" "), NOW, Zone::default(), &mut super::Teams));
    }
}
