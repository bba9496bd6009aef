//! One report with every kind of cell and hostile texts, literally, in every format; and laws that hold for any.

use std::sync::{Arc, Mutex};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::basic::Compression;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type, TimestampMillisecondType};
use proptest::prelude::*;

use super::*;
use crate::report::{AccountLine, Cell, Head};
use crate::schema::output::{self, CellKind};
use crate::units::human;

const STYLE: Style = Style { units: Units::Iec, header: true, width: Some(80), color: false };

/// An output that stays readable after the view has taken it.
#[derive(Clone, Default)]
pub(super) struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    /// What was written, as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn bytes_of(report: &Report, chosen: Option<&str>, format: Format, style: &Style) -> Vec<u8> {
    let sink = Sink::default();
    write(report, chosen, format, style, Box::new(sink.clone())).unwrap();
    Arc::into_inner(sink.0).unwrap().into_inner().unwrap()
}

fn text_of(report: &Report, format: Format) -> String {
    String::from_utf8(bytes_of(report, None, format, &STYLE)).unwrap()
}

fn head(name: &str, kind: CellKind) -> Head {
    Head { name: name.into(), kind }
}

fn address(text: &str) -> Cell {
    Cell::Address(text.parse().unwrap())
}

/// Every kind of cell, a share of nothing, numbers over 2⁵³, an `(other)` row, sums, and texts that mean harm.
fn report() -> Report {
    let top = Table {
        name: "top".into(),
        title: "Who talks most".into(),
        columns: vec![
            head("rank", CellKind::Integer),
            head("src", CellKind::Text),
            head("port", CellKind::Integer),
            head("hour", CellKind::Time),
            head("bytes", CellKind::Bytes),
            head("share", CellKind::Share),
            head("flows", CellKind::Count),
        ],
        rows: vec![
            vec![
                Cell::Integer(1),
                address("10.0.0.1"),
                Cell::Integer(443),
                Cell::Time(1_790_812_800),
                Cell::Integer(9_007_199_254_740_993),
                Cell::Share { part: 2, whole: 3 },
                Cell::Integer(1_234_567),
            ],
            vec![
                Cell::Integer(2),
                Cell::Prefix("2001:db8::".parse().unwrap(), 32),
                Cell::Absent,
                Cell::Absent,
                Cell::Integer(999),
                Cell::Share { part: 1, whole: 0 },
                Cell::Integer(0),
            ],
            vec![
                Cell::Absent,
                Cell::from("(other)"),
                Cell::from("(other)"),
                Cell::from("(other)"),
                Cell::Integer(1_331_439_862),
                Cell::Share { part: 1, whole: 8_000_000 },
                Cell::Integer(1000),
            ],
        ],
        total: Some(vec![
            Cell::Absent,
            Cell::Absent,
            Cell::Absent,
            Cell::Absent,
            Cell::Integer(9_007_200_586_181_854),
            Cell::Absent,
            Cell::Integer(1_235_567),
        ]),
        ..Table::default()
    };
    let tags = Table {
        name: "tags".into(),
        title: "Tags | as logged".into(),
        columns: vec![head("tag", CellKind::Text), head("records", CellKind::Count)],
        rows: vec![
            vec![Cell::from("=cmd|'/c calc'!A1"), Cell::Integer(1)],
            vec![Cell::from("\u{1b}[2Jgone\r\nnew\tline"), Cell::Integer(2)],
            vec![Cell::from("a, \"b\" \\ ![x](http://x) <b> nat_gateway _c_"), Cell::Integer(3)],
            vec![Cell::from("user\u{202e}gpj\u{9b}31m"), Cell::Integer(4)],
        ],
        ..Table::default()
    };
    let account = vec![
        AccountLine { class: "counted", records: 10, bytes: 1 << 70 },
        AccountLine { class: "malformed", records: 1, bytes: 0 },
    ];
    let meta = Meta {
        window: (Some(1_790_812_800), None),
        objects: 3,
        pruned_objects: 4,
        stored_bytes: 5,
        spilled_bytes: 4096,
        account,
        notes: vec!["no `start`".into()],
        warnings: vec!["bad \u{1b}[31mobject".into()],
        incomplete: true,
    };
    Report { name: "top".into(), tables: vec![top, tags], meta }
}

#[test]
fn the_table_is_aligned_rounded_and_harmless() {
    let expected = r"Who talks most

 rank  src               port  hour                     bytes   share      flows
─────  ─────────────  ───────  ────────────────────  ────────  ──────  ─────────
    1  10.0.0.1           443  2026-10-01T00:00:00Z  8.00 PiB  66.7 %  1,234,567
    2  2001:db8::/32        -  -                        999 B       -          0
    -  (other)        (other)  (other)               1.24 GiB   0.0 %      1,000
─────  ─────────────  ───────  ────────────────────  ────────  ──────  ─────────
total                                                8.00 PiB          1,235,567

Tags | as logged

tag                                          records
───────────────────────────────────────────  ───────
=cmd|'/c calc'!A1                                  1
\u{1b}[2Jgone\u{d}\u{a}new\u{9}line                2
a, @b@ \ ![x](http://x) <b> nat_gateway _c_        3
user\u{202e}gpj\u{9b}31m                           4
";
    assert_eq!(text_of(&report(), Format::Table), expected.replace('@', "\""));
}

#[test]
fn csv_is_exact_and_inert() {
    let expected = "rank,src,port,hour,bytes,share,flows
1,10.0.0.1,443,2026-10-01T00:00:00Z,9007199254740993,0.666667,1234567
2,2001:db8::/32,,,999,,0
,(other),(other),(other),1331439862,0.000000,1000
";
    assert_eq!(text_of(&report(), Format::Csv), expected);
    let tags = bytes_of(&report(), Some("tags"), Format::Csv, &Style { header: false, ..STYLE });
    let expected = "'=cmd|'/c calc'!A1,1
\"\u{1b}[2Jgone\r\nnew\tline\",2
\"a, \"\"b\"\" \\ ![x](http://x) <b> nat_gateway _c_\",3
user\u{202e}gpj\u{9b}31m,4
";
    assert_eq!(String::from_utf8(tags).unwrap(), expected);
}

#[test]
fn tsv_is_exact_and_keeps_a_row_on_a_line() {
    let expected = "rank\tsrc\tport\thour\tbytes\tshare\tflows
1\t10.0.0.1\t443\t2026-10-01T00:00:00Z\t9007199254740993\t0.666667\t1234567
2\t2001:db8::/32\t\t\t999\t\t0
\t(other)\t(other)\t(other)\t1331439862\t0.000000\t1000
";
    assert_eq!(text_of(&report(), Format::Tsv), expected);
    let tags = bytes_of(&report(), Some("tags"), Format::Tsv, &STYLE);
    let expected = "tag\trecords
'=cmd|'/c calc'!A1\t1
\u{1b}[2Jgone\\r\\nnew\\tline\t2
a, \"b\" \\\\ ![x](http://x) <b> nat_gateway _c_\t3
user\u{202e}gpj\u{9b}31m\t4
";
    assert_eq!(String::from_utf8(tags).unwrap(), expected);
}

#[test]
fn json_holds_all_tables_sums_and_the_account() {
    let expected = r#"{"report":"top","tables":{
"top":[
{"rank":1,"src":"10.0.0.1","port":443,"hour":"2026-10-01T00:00:00Z","bytes":9007199254740993,"share":0.666667,"flows":1234567},
{"rank":2,"src":"2001:db8::/32","port":null,"hour":null,"bytes":999,"share":null,"flows":0},
{"rank":null,"src":"(other)","port":"(other)","hour":"(other)","bytes":1331439862,"share":0.000000,"flows":1000}
],
"tags":[
{"tag":"=cmd|'/c calc'!A1","records":1},
{"tag":"\u001b[2Jgone\r\nnew\tline","records":2},
{"tag":"a, \"b\" \\ ![x](http://x) <b> nat_gateway _c_","records":3},
{"tag":"user\u202egpj\u009b31m","records":4}
]
},
"totals":{"top":{"rank":null,"src":null,"port":null,"hour":null,"bytes":9007200586181854,"share":null,"flows":1235567}},
"meta":{"window":{"from":"2026-10-01T00:00:00Z","to":null},"objects":3,"pruned_objects":4,"stored_bytes":5,"account":{"counted":{"records":10,"bytes":1180591620717411303424},"malformed":{"records":1,"bytes":0}},"notes":["no `start`"],"warnings":["bad \u001b[31mobject"],"incomplete":true}}
"#;
    let text = text_of(&report(), Format::Json);
    assert_eq!(text, expected);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["tables"]["tags"][3]["tag"], "user\u{202e}gpj\u{9b}31m");
}

#[test]
fn ndjson_is_a_row_on_a_line() {
    let expected = r#"{"rank":1,"src":"10.0.0.1","port":443,"hour":"2026-10-01T00:00:00Z","bytes":9007199254740993,"share":0.666667,"flows":1234567}
{"rank":2,"src":"2001:db8::/32","port":null,"hour":null,"bytes":999,"share":null,"flows":0}
{"rank":null,"src":"(other)","port":"(other)","hour":"(other)","bytes":1331439862,"share":0.000000,"flows":1000}
"#;
    assert_eq!(text_of(&report(), Format::Ndjson), expected);
}

#[test]
fn markdown_shows_texts_as_they_are_and_ends_with_the_notes() {
    let expected = r#"## Who talks most

| rank | src | port | hour | bytes | share | flows |
| ---: | --- | ---: | --- | ---: | ---: | ---: |
| 1 | 10.0.0.1 | 443 | 2026-10-01T00:00:00Z | 8.00 PiB | 66.7 % | 1,234,567 |
| 2 | 2001:db8::/32 | - | - | 999 B | - | 0 |
| - | (other) | (other) | (other) | 1.24 GiB | 0.0 % | 1,000 |
| total |  |  |  | 8.00 PiB |  | 1,235,567 |

## Tags \| as logged

| tag | records |
| --- | ---: |
| =cmd\|'/c calc'!A1 | 1 |
| \\u{1b}\[2Jgone\\u{d}\\u{a}new\\u{9}line | 2 |
| a, "b" \\ !\[x\](http://x) \<b\> nat_gateway \_c_ | 3 |
| user\\u{202e}gpj\\u{9b}31m | 4 |

Notes:

- no \`start\`

Warnings:

- bad \\u{1b}\[31mobject
"#;
    assert_eq!(text_of(&report(), Format::Markdown), expected);
}

/// The rows of a Parquet file, its schema and its number of row groups.
fn parquet_of(bytes: Vec<u8>) -> (Vec<arrow_array::RecordBatch>, arrow_schema::SchemaRef, usize) {
    // The reader needs a file; no dependency offers an in-memory one.
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let metadata = Arc::clone(builder.metadata());
    assert!(matches!(metadata.row_group(0).column(0).compression(), Compression::ZSTD(_)));
    let schema = Arc::clone(builder.schema());
    let batches = builder.build().unwrap().collect::<Result<_, _>>().unwrap();
    (batches, schema, metadata.num_row_groups())
}

#[test]
fn parquet_is_typed_and_null_where_nothing_or_a_text_stands_for_a_number() {
    let (batches, schema, _) = parquet_of(bytes_of(&report(), None, Format::Parquet, &STYLE));
    let types: Vec<_> = schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect();
    let expected = [
        "rank Int64",
        "src Utf8",
        "port Int64",
        "hour Timestamp(ms, \"UTC\")",
        "bytes Int64",
        "share Decimal128(9, 6)",
        "flows Int64",
    ];
    assert_eq!(types, expected);
    let column = |name| batches[0].column_by_name(name).unwrap();
    let integers = |name| column(name).as_primitive::<Int64Type>().iter().collect::<Vec<_>>();
    assert_eq!(integers("rank"), [Some(1), Some(2), None]);
    assert_eq!(integers("port"), [Some(443), None, None]);
    assert_eq!(integers("bytes"), [Some(9_007_199_254_740_993), Some(999), Some(1_331_439_862)]);
    assert_eq!(integers("flows"), [Some(1_234_567), Some(0), Some(1000)]);
    let texts: Vec<_> = column("src").as_string::<i32>().iter().collect();
    assert_eq!(texts, [Some("10.0.0.1"), Some("2001:db8::/32"), Some("(other)")]);
    let moments: Vec<_> = column("hour").as_primitive::<TimestampMillisecondType>().iter().collect();
    assert_eq!(moments, [Some(1_790_812_800_000), None, None]);
    let shares: Vec<_> = column("share").as_primitive::<Decimal128Type>().iter().collect();
    assert_eq!(shares, [Some(666_667), None, Some(0)]);
    let (batches, ..) = parquet_of(bytes_of(&report(), Some("tags"), Format::Parquet, &STYLE));
    assert_eq!(batches[0].column(0).as_string::<i32>().value(1), "\u{1b}[2Jgone\r\nnew\tline");
}

#[test]
fn parquet_refuses_a_number_that_it_cannot_hold_and_says_which() {
    let mut report = report();
    report.tables[0].rows[1][4] = Cell::Integer(1 << 63);
    let error = write(&report, None, Format::Parquet, &STYLE, Box::new(io::sink())).unwrap_err();
    let expected = "the parquet column `bytes` (bytes) cannot hold 9223372036854775808; use csv or json";
    assert_eq!(error.to_string(), expected);
    report.tables[0].rows[1][4] = Cell::Integer(1);
    report.tables[0].rows[1][5] = Cell::Share { part: 1000, whole: 1 };
    assert!(write(&report, None, Format::Parquet, &STYLE, Box::new(io::sink())).is_err());
}

fn listing(numbers: impl IntoIterator<Item = u64>) -> Report {
    let columns = vec![head("text", CellKind::Text), head("bytes", CellKind::Bytes), head("share", CellKind::Share)];
    let row = |number: u64| {
        let share = Cell::Share { part: number.into(), whole: u128::from(u64::MAX) };
        vec![Cell::from(format!("t{number}")), Cell::from(number), share]
    };
    let rows = numbers.into_iter().map(row).collect();
    let table = Table { name: "flows".into(), title: String::new(), columns, rows, ..Table::default() };
    Report { name: "flows".into(), tables: vec![table], meta: Meta::default() }
}

#[test]
fn row_groups_are_written_as_they_fill_and_tables_as_pages_fill() {
    let rows = parquet::ROW_GROUP_ROWS + 1;
    let long = listing((0..rows as u64).map(|number| number % 10));
    let (batches, _, groups) = parquet_of(bytes_of(&long, None, Format::Parquet, &STYLE));
    assert_eq!((batches.iter().map(arrow_array::RecordBatch::num_rows).sum::<usize>(), groups), (rows, 2));

    let pages = listing((0..=table::PAGE_ROWS as u64).map(|number| if number < 4096 { 1 } else { 1_000_000 }));
    let text = text_of(&pages, Format::Table);
    assert_eq!(text.lines().count(), 2 + 4097, "the column names stand above the first page alone");
    let last: Vec<_> = text.lines().skip(4096).collect();
    assert_eq!(last, ["t1      1 B  0.0 %", "t1      1 B  0.0 %", "t1000000  977 KiB  0.0 %"]);
}

#[test]
fn a_narrow_terminal_breaks_texts_at_spaces_and_never_an_address_or_a_number() {
    let long = "2001:db8:1111:2222:3333:4444:5555:6666";
    let columns = vec![head("src", CellKind::Text), head("dst", CellKind::Text), head("bytes", CellKind::Bytes)];
    let rows = vec![vec![address(long), address(long), Cell::Integer(1_331_439_862)]];
    let wide = Table { name: "wide".into(), columns, rows, ..Table::default() };
    let columns =
        vec![head("format", CellKind::Text), head("header", CellKind::Text), head("objects", CellKind::Count)];
    let header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end";
    let rows = vec![vec![address(long), Cell::from(header), Cell::Integer(12_345_678)]];
    let wrapped = Table { name: "wrapped".into(), columns, rows, ..Table::default() };
    let report = Report { name: "x".into(), tables: vec![wide, wrapped], ..Report::default() };
    let expected = "\
src                                     dst                                        bytes
──────────────────────────────────────  ──────────────────────────────────────  ────────
2001:db8:1111:2222:3333:4444:5555:6666  2001:db8:1111:2222:3333:4444:5555:6666  1.24 GiB

format                                  header                           objects
──────────────────────────────────────  ────────────────────────────  ──────────
2001:db8:1111:2222:3333:4444:5555:6666  version account-id            12,345,678
                                        interface-id srcaddr dstaddr
                                        srcport dstport protocol
                                        packets bytes start end
";
    assert_eq!(text_of(&report, Format::Table), expected);
}

#[test]
fn a_narrow_terminal_hides_what_says_least_and_says_so() {
    let counts = [output::PACKETS, output::FLOWS, output::REJECTED_BYTES, output::REJECTED_FLOWS];
    let mut columns: Vec<Head> = vec![output::RANK.into(), head("src", CellKind::Text), head("dst", CellKind::Text)];
    columns.extend([output::BYTES, output::SHARE].into_iter().chain(counts).map(Head::from));
    let share = Cell::Share { part: 1, whole: 4 };
    let row = |rank: u64| -> Row {
        let ends = ["10.100.100.100", "203.0.113.250"].map(address);
        [rank.into()]
            .into_iter()
            .chain(ends)
            .chain([Cell::Integer(1 << 40), share.clone()])
            .chain([9_999_999_u64; 4].map(Cell::from))
            .collect()
    };
    let total = Some(std::iter::repeat_n(Cell::Absent, 3).chain([1_u64; 6].map(Cell::from)).collect());
    let top = Table { name: "top".into(), columns, rows: vec![row(1), row(2)], total, ..Table::default() };
    let report = Report { name: "top".into(), tables: vec![top], ..Report::default() };
    let of = |width| String::from_utf8(bytes_of(&report, None, Format::Table, &Style { width, ..STYLE })).unwrap();
    let narrow = of(Some(80));
    assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
    let last = "2 columns hidden, -o csv shows all: rejected_bytes, rejected_flows";
    assert_eq!(narrow.lines().last(), Some(last));
    assert!(narrow.contains("packets") && narrow.contains("flows\n"), "{narrow}");
    for width in [Some(140), None] {
        assert!(of(width).contains("rejected_flows") && !of(width).contains("hidden"));
    }
    let thin = of(Some(48));
    let names: Vec<_> = thin.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(names, ["src", "dst", "bytes", "share"]);
    let csv = text_of(&report, Format::Csv);
    assert!(csv.starts_with("rank,src,dst,bytes,share,packets,flows,rejected_bytes,rejected_flows\n"), "{csv}");
}

#[test]
fn attributes_are_sent_only_where_they_are_asked_for() {
    let colored = bytes_of(&report(), Some("tags"), Format::Table, &Style { color: true, ..STYLE });
    let colored = String::from_utf8(colored).unwrap();
    assert!(colored.starts_with("\u{1b}[1mtag\u{1b}[0m"), "{colored:?}");
    assert_eq!(colored.matches('\u{1b}').count(), 4);
    assert!(!text_of(&report(), Format::Table).contains('\u{1b}'));
}

#[test]
fn a_text_without_end_is_cut_for_people_and_whole_in_data() {
    let mut report = report();
    report.tables[1].rows[0][0] = Cell::from("x".repeat(70_000));
    let shown = bytes_of(&report, Some("tags"), Format::Table, &STYLE);
    assert!(String::from_utf8(shown).unwrap().contains(&format!("{}…  ", "x".repeat(human::SHOWN_CHARS_MAX))));
    let data = bytes_of(&report, Some("tags"), Format::Csv, &STYLE);
    assert!(String::from_utf8(data).unwrap().contains(&"x".repeat(70_000)));
}

#[test]
fn formats_are_found_by_name_and_by_extension() {
    for (name, format) in Format::NAMES.into_iter().zip(Format::ALL) {
        assert_eq!((name, name.parse::<Format>().unwrap()), format);
    }
    let error = "parqet".parse::<Format>().unwrap_err();
    assert_eq!(error.hints()[0], "did you mean `parquet`?");
    let found = ["a/b.CSV", "x.parquet", "x.jsonl", "x.markdown", "x.txt"].map(Format::of_extension);
    let expected = [Format::Csv, Format::Parquet, Format::Ndjson, Format::Markdown, Format::Table].map(Some);
    assert_eq!(found, expected);
    assert_eq!(["x", "x.gz", "dir.csv/x", "x.table"].map(Format::of_extension), [None; 4]);
}

#[test]
fn a_table_that_is_not_there_is_an_error_that_names_those_that_are() {
    let error = write(&report(), Some("cost"), Format::Csv, &STYLE, Box::new(io::sink())).unwrap_err();
    assert_eq!(error.to_string(), "the report `top` has no table `cost`; available: top, tags");
    let mut csv = view(Format::Csv, &STYLE, "top", Box::new(io::sink()));
    csv.begin(&report().tables[0]).unwrap();
    assert_eq!(csv.begin(&report().tables[1]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_report_without_tables_is_still_json() {
    let json = text_of(&Report { name: "none".into(), ..Report::default() }, Format::Json);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["tables"], serde_json::json!({}));
}

#[test]
fn a_broken_pipe_comes_out_as_it_went_in() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for (name, format) in Format::ALL.into_iter().filter(|(_, format)| !format.is_for_incidents()) {
        for report in [report(), listing(0..20_000)] {
            let error = write(&report, None, format, &STYLE, Box::new(Closed)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{name}");
        }
    }
}

proptest! {
    #[test]
    fn data_formats_carry_the_integers_of_the_report(numbers in proptest::collection::vec(0..1_u64 << 63, 1..50)) {
        let report = listing(numbers.iter().copied());
        let bytes = bytes_of(&report, None, Format::Csv, &STYLE);
        let rows = ::csv::Reader::from_reader(&bytes[..]).into_records().map(Result::unwrap).collect::<Vec<_>>();
        prop_assert!(rows.iter().map(|row| row[1].parse::<u64>().unwrap()).eq(numbers.iter().copied()));
        let json: serde_json::Value = serde_json::from_str(&text_of(&report, Format::Json)).unwrap();
        let rows = json["tables"]["flows"].as_array().unwrap();
        prop_assert!(rows.iter().map(|row| row["bytes"].as_u64().unwrap()).eq(numbers.iter().copied()));
        let (batches, ..) = parquet_of(bytes_of(&report, None, Format::Parquet, &STYLE));
        let column = batches[0].column(1).as_primitive::<Int64Type>();
        prop_assert!(column.values().iter().map(|number| number.cast_unsigned()).eq(numbers.iter().copied()));
    }

    #[test]
    fn rows_in_any_batches_give_the_same_bytes(numbers in proptest::collection::vec(0..1_u64 << 63, 1..30), size in 1..10_usize) {
        let report = listing(numbers);
        for (name, format) in Format::ALL.into_iter().filter(|(_, format)| !format.is_for_incidents()) {
            let sink = Sink::default();
            let mut view = view(format, &STYLE, &report.name, Box::new(sink.clone()));
            view.begin(&report.tables[0]).unwrap();
            report.tables[0].rows.chunks(size).for_each(|rows| view.rows(rows).unwrap());
            view.end(None).unwrap();
            view.finish(&report.meta).unwrap();
            let bytes = sink.0.lock().unwrap().clone();
            if format == Format::Parquet {
                let rows = |bytes| parquet_of(bytes).0;
                prop_assert_eq!(rows(bytes), rows(bytes_of(&report, None, format, &STYLE)));
            } else {
                prop_assert_eq!(bytes, bytes_of(&report, None, format, &STYLE), "{}", name);
            }
        }
    }

    #[test]
    fn no_text_reaches_a_terminal_as_a_command(text: String) {
        let mut report = report();
        report.tables[1].rows[0][0] = Cell::from(text);
        for format in [Format::Table, Format::Markdown, Format::Json] {
            let shown = text_of(&report, format);
            prop_assert!(!shown.replace('\n', "").contains(human::is_hidden), "{format:?} {shown:?}");
        }
        let lines = bytes_of(&report, Some("tags"), Format::Tsv, &STYLE);
        prop_assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 5);
    }
}

#[test]
fn money_is_in_cents_for_people_and_exact_in_data() {
    let table = Table {
        name: "cost".into(),
        title: String::new(),
        columns: vec![head("usd_per_gb", CellKind::Rate), head("usd", CellKind::Usd)],
        rows: vec![vec![Cell::Usd(1_093_000_000), Cell::Usd(828_750_000_001)], vec![Cell::Absent, Cell::Absent]],
        total: Some(vec![Cell::Absent, Cell::Usd(828_750_000_001)]),
        ..Table::default()
    };
    let report = Report { name: "cost".into(), tables: vec![table], ..Report::default() };
    assert!(text_of(&report, Format::Table).contains("   $0.1093  $82.88\n"), "{}", text_of(&report, Format::Table));
    assert!(
        text_of(&report, Format::Markdown).contains("| $0.1093 | $82.88 |"),
        "{}",
        text_of(&report, Format::Markdown)
    );
    assert_eq!(text_of(&report, Format::Csv), "usd_per_gb,usd\n0.1093,82.8750000001\n,\n");
    let ndjson = text_of(&report, Format::Ndjson);
    assert!(ndjson.starts_with("{\"usd_per_gb\":0.1093,\"usd\":82.8750000001}\n"), "{ndjson}");
    let (batches, ..) = parquet_of(bytes_of(&report, None, Format::Parquet, &STYLE));
    let usd = batches[0].column(1).as_primitive::<Decimal128Type>();
    assert_eq!((usd.value(0), usd.scale(), batches[0].column(0).is_null(1)), (828_750_000_001, 10, true));
}

#[test]
fn exact_decimals_have_all_their_digits_in_data() {
    let exact = |units, per| Cell::Exact { units, per };
    let table = Table {
        name: "focus".into(),
        columns: vec![head("PricingQuantity", CellKind::Decimal), head("ListCost", CellKind::Decimal)],
        rows: vec![vec![exact(594, 1 << 30), exact(594, 100 << 30)]],
        ..Table::default()
    };
    let report = Report { name: "focus".into(), tables: vec![table], ..Report::default() };
    let digits = ["0.00000055320560932159423828125", "0.0000000055320560932159423828125"];
    let csv = text_of(&report, Format::Csv);
    assert_eq!(csv, format!("PricingQuantity,ListCost\n{}\n", digits.join(",")));
    assert!(text_of(&report, Format::Ndjson).contains(&format!("\"ListCost\":{}", digits[1])));
    assert!(text_of(&report, Format::Table).contains("0.00"));
}

#[test]
fn numbers_below_zero_are_numbers_in_every_format() {
    let signed = |units, per| Cell::Signed { units, per };
    let table = Table {
        name: "series".into(),
        columns: vec![head("residual", CellKind::Bytes), head("deviation", CellKind::Decimal)],
        rows: vec![vec![signed(-3 << 20, 1), signed(-25, 10)], vec![signed(2048, 1), signed(0, 10)]],
        ..Table::default()
    };
    let report = Report { name: "anomalies".into(), tables: vec![table], ..Report::default() };
    let shown = text_of(&report, Format::Table);
    assert!(shown.contains("-3.00 MiB") && shown.contains("-2.50") && shown.contains("2.00 KiB"), "{shown}");
    assert_eq!(text_of(&report, Format::Csv), "residual,deviation\n-3145728,-2.5\n2048,0\n");
    let ndjson = text_of(&report, Format::Ndjson);
    assert!(ndjson.starts_with("{\"residual\":-3145728,\"deviation\":-2.5}\n"), "{ndjson}");
    let (batches, ..) = parquet_of(bytes_of(&report, None, Format::Parquet, &STYLE));
    let (rest, scales) = (batches[0].column(0), batches[0].column(1).as_primitive::<Decimal128Type>());
    assert_eq!(rest.as_primitive::<Int64Type>().value(0), -3_145_728);
    assert_eq!(scales.value(0), -25 * 10_i128.pow(17));
}

#[test]
fn cents_are_those_of_the_report_and_signs_and_decimals_are_kept_everywhere() {
    let amount = |amount, cents| Cell::Amount { amount, cents };
    let quantity = |units| Cell::Decimal { units, per: 1 << 30 };
    let table = Table {
        name: "cost".into(),
        title: String::new(),
        columns: vec![
            head("usd", CellKind::Usd),
            head("change_ratio", CellKind::Change),
            head("gb", CellKind::Decimal),
        ],
        rows: vec![
            vec![amount(33_333_333_333, 334), Cell::Change { change: -1, was: 3 }, quantity(594)],
            vec![amount(-12_345_678_900_000, -123_457), Cell::Change { change: 25, was: 2 }, quantity(5 << 40)],
            vec![amount(0, 0), Cell::Change { change: 7, was: 0 }, Cell::Absent],
        ],
        ..Table::default()
    };
    let report = Report { name: "cost".into(), tables: vec![table], ..Report::default() };
    let shown = text_of(&report, Format::Table);
    let lines: Vec<_> =
        shown.lines().skip(2).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["$3.34 -33.3 % 0.00", "-$1,234.57 ×13.5 5,120.00", "$0.00 new -"]);
    let csv = "usd,change_ratio,gb\n3.3333333333,-0.333333,0.000000553205609322\n-1234.56789,12.500000,5120\n0,,\n";
    assert_eq!(text_of(&report, Format::Csv), csv);
    let ndjson = text_of(&report, Format::Ndjson);
    let first = "{\"usd\":3.3333333333,\"change_ratio\":-0.333333,\"gb\":0.000000553205609322}\n";
    assert!(ndjson.starts_with(first), "{ndjson}");
    assert!(ndjson.ends_with("{\"usd\":0,\"change_ratio\":null,\"gb\":null}\n"), "{ndjson}");
    let (batches, schema, _) = parquet_of(bytes_of(&report, None, Format::Parquet, &STYLE));
    let types: Vec<_> = schema.fields().iter().map(|field| field.data_type().to_string()).collect();
    assert_eq!(types, ["Decimal128(38, 10)", "Decimal128(38, 6)", "Decimal128(38, 18)"]);
    let column = |place: usize| batches[0].column(place).as_primitive::<Decimal128Type>().iter().collect::<Vec<_>>();
    assert_eq!(column(0), [Some(33_333_333_333), Some(-12_345_678_900_000), Some(0)]);
    assert_eq!(column(1), [Some(-333_333), Some(12_500_000), None]);
    assert_eq!(column(2), [Some(553_205_609_322), Some(5_120_000_000_000_000_000_000), None], "rounded at 18 decimals");
}

#[test]
fn displays_leave_out_columns_of_zeros_and_empty_tables_and_data_do_not() {
    let of = |unpriced: u64| {
        let table = Table {
            name: "cost".into(),
            columns: vec![head("team", CellKind::Text), head("unpriced_bytes", CellKind::Bytes)],
            rows: vec![vec!["web".into(), unpriced.into()], vec!["(free)".into(), Cell::Integer(0)]],
            hidden_if_zero: vec!["unpriced_bytes"],
            ..Table::default()
        };
        let empty = Table {
            name: "unpriced".into(),
            columns: vec![head("charge", CellKind::Text)],
            hidden_if_empty: true,
            ..Table::default()
        };
        Report { name: "cost".into(), tables: vec![table, empty], ..Report::default() }
    };
    for format in [Format::Table, Format::Markdown] {
        assert!(!text_of(&of(0), format).contains("unpriced") && !text_of(&of(0), format).contains("charge"));
        assert!(
            text_of(&of(1), format).contains("unpriced\\_bytes") || text_of(&of(1), format).contains("unpriced_bytes")
        );
    }
    let header = |report: &Report| text_of(report, Format::Csv).lines().next().map(str::to_owned);
    assert_eq!(header(&of(0)), header(&of(1)));
    assert!(text_of(&of(0), Format::Json).contains("\"unpriced\":["));
}

#[test]
fn a_table_that_is_cut_still_adds_up_to_its_total() {
    let row = |name: &str, bytes: u64, usd: i128| -> Row {
        let share = Cell::Share { part: bytes.into(), whole: 60 };
        let change = Cell::Change { change: -1, was: u128::from(bytes) + 1 };
        vec![name.into(), bytes.into(), Cell::Amount { amount: usd * 100_000_000, cents: usd }, share, change]
    };
    let mut table = Table {
        name: "cost".into(),
        columns: ["team", "bytes", "usd", "share", "change_ratio"].map(|name| head(name, CellKind::Text)).into(),
        rows: vec![row("a", 30, 5), row("b", 15, 3), row("c", 10, 2), row("d", 5, 1), row("(free)", 7, 0)],
        total: Some(row("", 67, 11)),
        ..Table::default()
    };
    table.cut(2);
    assert_eq!(table.rows[..2], [row("a", 30, 5), row("b", 15, 3)]);
    let mut other = row("(other)", 15, 3);
    other[4] = Cell::Change { change: -2, was: 17 };
    assert_eq!(table.rows[2..], [other, row("(free)", 7, 0)]);
}
