//! Laws: a format and a spacing of any kind give the same values, and a text cut anywhere gives the same records.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::*;
use crate::schema::Kind;

/// A value as written in a line, and as decoded.
#[derive(Clone, Debug)]
struct Written {
    text: String,
    read: String,
}

/// Every AWS field, in schema order.
fn fields() -> Vec<Column> {
    Column::all().filter(|column| column.version() > 0).collect()
}

/// A well-formed value of a column.
fn value(column: Column) -> BoxedStrategy<Written> {
    fn same(text: String) -> Written {
        Written { read: text.clone(), text }
    }
    let one_of = |words: &'static [&'static str]| select(words).prop_map(|word| same(word.to_owned())).boxed();
    let present = match (column, column.kind()) {
        (Column::Action, _) => one_of(&["ACCEPT", "REJECT"]),
        (Column::LogStatus, _) => one_of(&["OK", "NODATA", "SKIPDATA"]),
        (_, Kind::Address) => prop_oneof![
            any::<[u8; 4]>().prop_map(|octets| std::net::Ipv4Addr::from(octets).to_string()),
            any::<[u16; 8]>().prop_map(|groups| std::net::Ipv6Addr::from(groups).to_string()),
        ]
        .prop_map(same)
        .boxed(),
        (Column::Srcport | Column::Dstport, _) => any::<u16>().prop_map(|port| same(port.to_string())).boxed(),
        (Column::Protocol, _) => any::<u8>().prop_map(|protocol| same(protocol.to_string())).boxed(),
        (_, Kind::Small) => prop_oneof![0u32..70_000, 0..u32::MAX].prop_map(|n| same(n.to_string())).boxed(),
        (_, Kind::Big) => (0u64..=crate::schema::BIG_MAX).prop_map(|number| same(number.to_string())).boxed(),
        (_, Kind::Time) => (0..u32::MAX).prop_map(|seconds| same(seconds.to_string())).boxed(),
        (_, Kind::Text) if column.is_tag() => "[a-zA-Z0-9 =/%-]{0,8}[ä/]"
            .prop_map(|read| {
                let text = read.bytes().map(|byte| format!("%{byte:02X}")).collect();
                Written { text, read }
            })
            .boxed(),
        // Never the name of a field.
        (_, Kind::Text) => "[a-z]{0,4}-[0-9A-F]{1,6}".prop_map(same).boxed(),
    };
    prop_oneof![1 => Just(same("-".to_owned())), 4 => present].boxed()
}

/// Columns in format order, and records with a value for each.
fn records() -> impl Strategy<Value = (Vec<Column>, Vec<Vec<Written>>)> {
    subsequence(fields(), 1..16).prop_shuffle().prop_flat_map(|format| {
        let record: Vec<_> = format.iter().map(|column| value(*column)).collect();
        (Just(format), vec(record, 0..12))
    })
}

/// How a text is spaced: what is put between, before and after, drawn as needed.
#[derive(Clone, Debug)]
struct Spacing(Vec<Index>);

impl Spacing {
    fn any() -> impl Strategy<Value = Self> {
        vec(any::<Index>(), 1..40).prop_map(Self)
    }

    fn draw<'a>(&self, place: usize, choices: &[&'a str]) -> &'a str {
        choices[self.0[place % self.0.len()].index(choices.len())]
    }

    fn line(&self, seed: usize, fields: &[String]) -> String {
        let separator = |place| self.draw(seed + place, &[" ", " ", " ", " ", "  ", "\t", " \t "]);
        let mut line = self.draw(seed + 1, &["", "", "", " ", "2025-02-25T12:25:04.000Z "]).to_owned();
        for (place, field) in fields.iter().enumerate() {
            line += if place > 0 { separator(place) } else { "" };
            line += field;
        }
        line + self.draw(seed + 2, &["\n", "\n", "\r\n", " \n", "\n\n", "\n\t\r\n"])
    }
}

/// The text of records: their header, repeated now and then and in either spelling, and their lines.
fn written(format: &[Column], records: &[Vec<Written>], spacing: &Spacing) -> String {
    let spelt = |dash: &str| -> Vec<_> { format.iter().map(|column| column.name().replace('_', dash)).collect() };
    let mut text = spelt("-").join("  ") + "\n";
    for (place, record) in records.iter().enumerate() {
        let header = spelt(spacing.draw(place, &["-", "_"])).join(" ") + "\n";
        text += if spacing.draw(place * 3, &["", "", "", "again"]).is_empty() { "" } else { &header };
        let fields: Vec<_> = record.iter().map(|value| value.text.clone()).collect();
        text += &spacing.line(place * 7, &fields);
    }
    text
}

/// A line of a log in trouble: headers, records of two formats, damage, blanks.
fn trouble() -> impl Strategy<Value = Vec<&'static str>> {
    let lines = [
        "srcaddr bytes log-status",
        "log_status interface-id bytes start",
        "  srcaddr bytes log-status",
        "10.0.0.1 7 OK",
        "10.0.0.1  8 OK",
        "10.0.0.2 9 NODATA\r",
        "2025-02-25T12:25:04.000Z 10.0.0.1 7 OK",
        "- x NODATA",
        "- x OK",
        "10.0.0.999 7 OK",
        "OK eni-1 7 1700000000",
        "SKIPDATA eni-2 - 1700000000 ",
        "OK eni-1 7 soon",
        "FINE eni-1 7 1700000000",
        " eni-1 7",
        "eni-1 7 ",
        "10.0.0.1\t7\u{1}OK",
        "unknown",
        "some prose of five words",
        "",
        " \t",
        "\r",
        "\0",
    ];
    vec(select(lines.to_vec()), 0..30)
}

fn is_header(line: &str) -> bool {
    line.contains("bytes")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn records_in_any_format_and_spacing_are_read_as_they_were((format, records) in records(), spacing in Spacing::any()) {
        let text = written(&format, &records, &spacing);
        let decoded = decode(&[text.as_bytes()], None, &format).unwrap();
        let words = |record: &Vec<Written>| record.iter().map(|value| value.read.as_str()).collect::<Vec<_>>().join(" ");
        prop_assert_eq!(decoded.skips.samples(), &[]);
        prop_assert_eq!(decoded.rows, records.iter().map(words).collect::<Vec<_>>());
        prop_assert_eq!(decoded.lines, text.matches('\n').count() as u64);
    }

    #[test]
    fn wanting_fewer_columns_gives_the_same_values((format, records) in records(), some in vec(any::<Index>(), 1..8)) {
        let text = written(&format, &records, &Spacing(some.clone()));
        let shown: Vec<_> = some.iter().map(|index| format[index.index(format.len())]).collect();
        let all = decode(&[text.as_bytes()], None, &shown).unwrap();
        let few = decode_columns(&[text.as_bytes()], None, &shown, ColumnSet::of(&shown), true).unwrap();
        prop_assert_eq!(all, few);
    }

    #[test]
    fn a_text_cut_at_any_line_ends_gives_the_same(
        lines in trouble(), ends in any::<bool>(), cuts in vec(any::<bool>(), 30), keep_all: bool,
    ) {
        let text = lines.join("\n") + if ends && !lines.is_empty() { "\n" } else { "" };
        let given = Format::of_log_format("srcaddr bytes log-status").unwrap();
        let (mut blocks, mut start) = (Vec::new(), 0);
        for ((newline, _), cut) in text.match_indices('\n').zip(&cuts) {
            if *cut {
                blocks.push(&text.as_bytes()[start..=newline]);
                start = newline + 1;
            }
        }
        blocks.push(&text.as_bytes()[start..]);
        let shown = [Column::Srcaddr, Column::Bytes, Column::InterfaceId, Column::Start, Column::LogStatus];
        let of = |blocks: &[&[u8]]| decode_columns(blocks, Some(&given), &shown, ColumnSet::decoded(), keep_all).unwrap();
        let whole = of(&[text.as_bytes()]);
        prop_assert_eq!(&whole, &of(&blocks));

        let headers = lines.iter().filter(|line| is_header(line)).count();
        let blanks = lines.iter().filter(|line| line.trim_ascii().is_empty()).count();
        // A text that ends with an empty line without a newline has no such line.
        let blanks = blanks - usize::from(!ends && lines.last() == Some(&""));
        let accounted = whole.rows.len() as u64 + whole.skips.total() + (headers + blanks) as u64;
        prop_assert_eq!(whole.lines, accounted);
        prop_assert!(whole.skips.samples().is_sorted_by_key(|sample| sample.line));
    }

    #[test]
    fn no_bytes_make_it_panic_or_lose_count(text in vec(prop_oneof![
        3 => Just(b' '), 2 => Just(b'\n'), 9 => b'!'..=b'z', 1 => any::<u8>()], 0..200)) {
        let given = Format::of_log_format("interface-id").unwrap();
        let decoded = decode(&[&text], Some(&given), &[Column::InterfaceId]).unwrap();
        let blank = |line: &&[u8]| line.trim_ascii().is_empty();
        let lines = text.split_inclusive(|byte| *byte == b'\n').filter(|line| !blank(line)).count() as u64;
        prop_assert!(decoded.rows.len() as u64 + decoded.skips.total() <= lines);
        prop_assert!(decoded.rows.iter().all(|row| !row.is_empty()));
    }
}
