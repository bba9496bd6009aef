//! Files of the library's own writer with the variations of real writers, and files from elsewhere.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray, UInt16Array,
};
use arrow_schema::Field as ArrowField;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};

use super::*;
use crate::decode::{Reason, Sample, Values};
use crate::schema::Column;
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, ColumnSet};

/// A file in memory that counts read bytes.
#[derive(Debug)]
struct Memory {
    bytes: Vec<u8>,
    read: AtomicU64,
}

impl Memory {
    fn new(bytes: Vec<u8>) -> Arc<Self> {
        Arc::new(Self { bytes, read: AtomicU64::new(0) })
    }
}

impl RandomAccess for Memory {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, offset: u64, length: usize) -> std::io::Result<Vec<u8>> {
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        let start = usize::try_from(offset).unwrap();
        Ok(self.bytes[start..start + length].to_vec())
    }
}

/// Every record of a file in words, a text for each, and the rows left out.
fn read_all(bytes: Vec<u8>, wanted: ColumnSet) -> Result<(Vec<String>, Vec<Sample>), ParquetFault> {
    let file = ParquetFile::open(Memory::new(bytes))?;
    let (mut flows, mut dictionary) = (Flows::new(wanted), Dictionary::default());
    let (mut records, mut skips) = (Vec::new(), Skips::new(true));
    for group in 0..file.row_groups() {
        file.read_row_group(
            group,
            (&mut flows, &mut dictionary),
            &mut |_| Ok(()),
            &mut |flows, dictionary, left_out| {
                records.extend((0..flows.rows()).map(|row| in_words(flows, dictionary, row)));
                skips.append(left_out, 0);
            },
        )?;
    }
    Ok((records, skips.samples().to_vec()))
}

fn in_words(flows: &Flows, dictionary: &Dictionary, row: usize) -> String {
    let word = |values: &Values| match values {
        _ if !values.present(row) => "-".to_owned(),
        Values::Address(values) => std::net::Ipv6Addr::from(values[row]).to_canonical().to_string(),
        Values::Big(values) => values[row].to_string(),
        Values::Small(values) | Values::Time(values) => values[row].to_string(),
        Values::Text(values) => dictionary.display(values[row]).into_owned(),
    };
    flows.columns().iter().map(|(_, values)| word(values)).collect::<Vec<_>>().join(" ")
}

fn write(columns: Vec<(&str, ArrayRef)>, properties: WriterProperties) -> Vec<u8> {
    let fields: Vec<_> =
        columns.iter().map(|(name, array)| ArrowField::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::new(arrow_schema::Schema::new(fields)), arrays).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn plain() -> WriterProperties {
    WriterProperties::builder().set_compression(Compression::SNAPPY).build()
}

fn texts(texts: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

const NAMES: [&str; 14] = [
    "version",
    "account-id",
    "interface_id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
];

/// Six records, field by field; the text log would hold exactly these.
const RECORDS: [&str; 6] = [
    "2 000000000012 eni-a 10.0.0.1 52.95.110.1 443 49152 6 10 5000 1700000000 1700000060 ACCEPT OK",
    "2 000000000012 eni-a 10.0.0.1 2001:db8::1 0 0 58 1 40 1700000001 1700000061 REJECT OK",
    "2 123456789012 eni-b 10.0.0.2 10.0.0.1 53 53 17 7 1125899906842624 1700000002 1700000062 ACCEPT OK",
    "2 123456789012 eni-b - - - - - - - 1700000003 1700000063 - NODATA",
    "2 123456789012 eni-b - - - - - - - 1700000004 1700000064 - SKIPDATA",
    "2 123456789012 eni-c 1.2.3.4 255.255.255.255 65535 1 6 0 0 1700000005 1700000065 ACCEPT OK",
];

fn field(place: usize) -> Vec<&'static str> {
    RECORDS.iter().map(|record| record.split(' ').nth(place).unwrap()).collect()
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// The records' columns as one writer or another would write them.
fn variant(name: &str) -> Vec<(&'static str, ArrayRef)> {
    let column = |(place, column): (usize, &&'static str)| {
        let values = field(place);
        let is_text = matches!(place, 1..=4 | 12 | 13);
        let array: ArrayRef = match name {
            "texts" => texts(&values),
            "nulls" if is_text => {
                Arc::new(values.iter().map(|text| (*text != "-").then_some(*text)).collect::<StringArray>())
            }
            "large texts" if is_text => {
                Arc::new(values.iter().map(|text| Some(*text)).collect::<arrow_array::LargeStringArray>())
            }
            "views" if is_text => {
                Arc::new(values.iter().map(|text| Some(*text)).collect::<arrow_array::StringViewArray>())
            }
            "bytes" if is_text => {
                Arc::new(values.iter().map(|text| Some(text.as_bytes())).collect::<arrow_array::BinaryArray>())
            }
            "account numbers" if place == 1 => Arc::new(values.iter().map(|text| number(text)).collect::<Int64Array>()),
            _ if is_text => texts(&values),
            "floats" => {
                Arc::new(values.iter().map(|text| number::<f64>(text).or(Some(f64::NAN))).collect::<Float64Array>())
            }
            "timestamps" if place == 10 || place == 11 => {
                let micros = |text: &&str| number::<i64>(text).map(|seconds| seconds * 1_000_000 + 999_999);
                Arc::new(values.iter().map(micros).collect::<TimestampMicrosecondArray>())
            }
            "small ints" if place == 5 || place == 6 => {
                Arc::new(values.iter().map(|text| number(text)).collect::<UInt16Array>())
            }
            "as AWS" if place == 0 || (5..=7).contains(&place) => {
                Arc::new(values.iter().map(|text| number(text)).collect::<Int32Array>())
            }
            _ => Arc::new(values.iter().map(|text| number(text)).collect::<Int64Array>()),
        };
        (*column, array)
    };
    NAMES.iter().enumerate().map(column).collect()
}

#[test]
fn one_log_in_the_types_of_many_writers_gives_the_same_records() {
    for name in [
        "as AWS",
        "texts",
        "nulls",
        "large texts",
        "views",
        "bytes",
        "account numbers",
        "floats",
        "timestamps",
        "small ints",
        "longs",
    ] {
        let (records, skips) =
            read_all(write(variant(name), plain()), ColumnSet::of(&crate::schema::DEFAULT_FORMAT)).unwrap();
        assert_eq!((records, skips), (RECORDS.map(str::to_owned).to_vec(), vec![]), "{name}");
    }
}

/// As in text: what a question does not read is not judged.
#[test]
fn a_port_of_more_than_16_bits_is_malformed_where_ports_are_read() {
    let mut columns = variant("longs");
    columns[6].1 = Arc::new(Int64Array::from(vec![70_000, 0, 53, 0, 0, 1]));
    let file = write(columns, plain());
    let (records, skips) = read_all(file.clone(), ColumnSet::of(&[Column::Srcaddr, Column::Bytes])).unwrap();
    assert_eq!((records.len(), skips.len()), (RECORDS.len(), 0));
    for wanted in [ColumnSet::of(&[Column::Dstport]), ColumnSet::of(&crate::schema::DEFAULT_FORMAT)] {
        let (records, skips) = read_all(file.clone(), wanted).unwrap();
        assert_eq!((records.len(), skips.len()), (RECORDS.len() - 1, 1));
    }
}

#[test]
fn codecs_pages_and_row_groups_do_not_matter() {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::ZSTD(Default::default()),
    ];
    for codec in codecs {
        for (dictionary, version, rows) in [
            (true, WriterVersion::PARQUET_1_0, 100),
            (false, WriterVersion::PARQUET_1_0, 2),
            (true, WriterVersion::PARQUET_2_0, 4),
        ] {
            let properties = WriterProperties::builder().set_compression(codec).set_dictionary_enabled(dictionary);
            let properties = properties
                .set_writer_version(version)
                .set_max_row_group_row_count(Some(rows))
                .set_data_page_row_count_limit(2);
            let bytes = write(variant("as AWS"), properties.set_write_batch_size(1).build());
            let (records, skips) = read_all(bytes, ColumnSet::of(&crate::schema::DEFAULT_FORMAT)).unwrap();
            assert_eq!((records, skips), (RECORDS.map(str::to_owned).to_vec(), vec![]), "{codec} {dictionary} {rows}");
        }
    }
}

#[test]
fn texts_in_a_delta_encoding_are_rejected_and_numbers_are_not() {
    let properties = || WriterProperties::builder().set_writer_version(WriterVersion::PARQUET_2_0);
    let bytes = || write(variant("as AWS"), properties().set_dictionary_enabled(false).build());
    let refused = read_all(bytes(), ColumnSet::of(&[Column::InterfaceId])).unwrap_err().to_string();
    assert!(refused.contains("delta-encoded strings are not supported"), "{refused}");
    assert_eq!(read_all(bytes(), ColumnSet::of(&[Column::Start])).unwrap().0.len(), RECORDS.len());
}

#[test]
fn a_dictionary_that_gives_way_to_plain_pages_keeps_its_texts() {
    let names: Vec<_> = (0..100_000).map(|row| format!("eni-{:x}", row % 30_000)).collect();
    let properties = WriterProperties::builder().set_dictionary_page_size_limit(20_000).build();
    let bytes = write(vec![("interface_id", texts(&names.iter().map(String::as_str).collect::<Vec<_>>()))], properties);
    let (records, _) = read_all(bytes, ColumnSet::of(&[Column::InterfaceId])).unwrap();
    assert_eq!(records, names);
}

#[test]
fn a_malformed_row_is_left_out_with_its_reason_and_the_others_stay() {
    let columns = vec![
        ("srcaddr", texts(&["10.0.0.1", "10.0.0.256", "10.0.0.3", "10.0.0.4", "10.0.0.5", "::fffe:0:0", "10.0.0.7"])),
        ("srcport", texts(&["1", "2", "None", "4", "5", "6", "None"])),
        ("action", texts(&["ACCEPT", "ACCEPT", "ACCEPT", "accept", "ACCEPT", "ACCEPT", "-"])),
        ("log_status", texts(&["OK", "OK", "OK", "OK", "FINE", "OK", "NODATA"])),
        ("bytes", Arc::new(Int64Array::from(vec![1; 7])) as ArrayRef),
        ("start", Arc::new(Int64Array::from(vec![1_700_000_000; 7])) as ArrayRef),
    ];
    let wanted = ColumnSet::of(&[Column::Srcaddr, Column::Srcport, Column::Action, Column::LogStatus, Column::Bytes]);
    let (records, skips) = read_all(write(columns, plain()), wanted).unwrap();
    assert_eq!(records, ["10.0.0.1 1 1 ACCEPT OK", "- - - - NODATA"]);
    let expected = [
        (2, Reason::Address(Column::Srcaddr), "srcaddr=10.0.0.256 srcport=2 action=ACCEPT log_status=OK bytes=1"),
        (3, Reason::Number(Column::Srcport), "srcaddr=10.0.0.3 srcport=None action=ACCEPT log_status=OK bytes=1"),
        (4, Reason::Action, "srcaddr=10.0.0.4 srcport=4 action=accept log_status=OK bytes=1"),
        (5, Reason::Status, "srcaddr=10.0.0.5 srcport=5 action=ACCEPT log_status=FINE bytes=1"),
        (6, Reason::Address(Column::Srcaddr), "srcaddr=::fffe:0:0 srcport=6 action=ACCEPT log_status=OK bytes=1"),
    ];
    let shown: Vec<_> =
        skips.iter().map(|sample| (sample.line, sample.reason, std::str::from_utf8(&sample.text).unwrap())).collect();
    assert_eq!(shown, expected);
}

#[test]
fn malformed_values_are_found_among_many_good_and_absent_ones() {
    let rows = 3_000_u32;
    let there = |row: &u32| !row.is_multiple_of(7);
    let numbers = (0..rows).map(|row| there(&row).then_some(if row == 1_500 { -1 } else { i64::from(row) }));
    let addresses: Vec<_> =
        (0..rows).map(|row| format!("10.0.{}.{}", row / 256, if row == 2_001 { 256 } else { row % 256 })).collect();
    let addresses = (0..rows).zip(&addresses).map(|(row, text)| there(&row).then_some(text.as_str()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("srcaddr", Arc::new(addresses.collect::<StringArray>())),
        ("bytes", Arc::new(numbers.collect::<Int64Array>())),
    ];
    let (records, skips) = read_all(write(columns, plain()), ColumnSet::of(&[Column::Srcaddr, Column::Bytes])).unwrap();
    let expected = (0..rows).filter(|row| ![1_500, 2_001].contains(row)).map(|row| match there(&row) {
        true => format!("10.0.{}.{} {row}", row / 256, row % 256),
        false => "- -".to_owned(),
    });
    assert_eq!(records, expected.collect::<Vec<_>>());
    assert_eq!(skips.iter().map(|sample| sample.line).collect::<Vec<_>>(), [1_501, 2_002]);
}

#[test]
fn gzip_pages_of_many_kibibytes_give_what_other_pages_give() {
    let rows = 40_000_i64;
    let names: Vec<_> = (0..rows).map(|row| format!("eni-{:x}", row * row % 30_011)).collect();
    let names = texts(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let bytes: ArrayRef = Arc::new((0..rows).map(|row| (row % 5 > 0).then_some(row * 7_919)).collect::<Int64Array>());
    let read = |codec, version, dictionary| {
        let properties = WriterProperties::builder().set_compression(codec).set_writer_version(version);
        let properties = properties.set_dictionary_enabled(dictionary).set_data_page_size_limit(20_000).build();
        let file = write(
            vec![("log_status", names.clone()), ("interface-id", names.clone()), ("bytes", bytes.clone())],
            properties,
        );
        read_all(file, ColumnSet::of(&[Column::InterfaceId, Column::Bytes]))
            .map(|(records, skips)| (records, skips.len()))
            .unwrap()
    };
    for (version, dictionary) in
        [(WriterVersion::PARQUET_1_0, true), (WriterVersion::PARQUET_1_0, false), (WriterVersion::PARQUET_2_0, true)]
    {
        let expected = read(Compression::SNAPPY, version, dictionary);
        assert_eq!(
            read(Compression::GZIP(Default::default()), version, dictionary),
            expected,
            "{version:?} {dictionary}"
        );
    }
}

#[test]
fn numbers_out_of_range_are_malformed_in_every_type() {
    let wanted = ColumnSet::of(&[Column::Bytes, Column::Start, Column::Dstport, Column::Protocol]);
    let bad: [(&str, ArrayRef); 10] = [
        ("bytes", Arc::new(Int64Array::from(vec![-1]))),
        ("bytes", Arc::new(Int64Array::from(vec![(1 << 50) + 1]))),
        ("bytes", Arc::new(arrow_array::UInt64Array::from(vec![u64::MAX]))),
        ("bytes", Arc::new(Float64Array::from(vec![0.5]))),
        ("bytes", Arc::new(Float64Array::from(vec![f64::INFINITY]))),
        ("start", Arc::new(Int64Array::from(vec![1_700_000_000_000_i64]))),
        ("start", Arc::new(TimestampMicrosecondArray::from(vec![-1]))),
        ("dstport", Arc::new(Int64Array::from(vec![65_536]))),
        ("dstport", texts(&["65536"])),
        ("protocol", Arc::new(Int64Array::from(vec![256]))),
    ];
    for (name, array) in bad {
        let shown = format!("{array:?}");
        let bytes = write(vec![(name, array), ("log_status", texts(&["OK"]))], plain());
        let (records, skips) = read_all(bytes, wanted).unwrap();
        assert_eq!((records.len(), skips.len()), (0, 1), "{shown}");
        assert!(matches!(skips[0].reason, Reason::Number(_)));
    }
}

#[test]
fn tags_are_decoded_and_absent_columns_are_absent() {
    let bytes =
        write(vec![("instance_tag", texts(&["web%20shop", "-"])), ("interface-id", texts(&["eni-1", ""]))], plain());
    let (records, _) =
        read_all(bytes, ColumnSet::of(&[Column::InterfaceId, Column::Bytes, Column::InstanceTag])).unwrap();
    assert_eq!(records, ["eni-1 - web shop", "- - -"]);
}

#[test]
fn wanting_nothing_that_is_there_gives_rows_all_the_same() {
    let (records, _) = read_all(write(variant("as AWS"), plain()), ColumnSet::of(&[Column::VpcId])).unwrap();
    assert_eq!(records, vec!["-"; 6]);
}

#[test]
fn only_wanted_columns_are_read() {
    let rows = 50_000_i64;
    let mut columns: Vec<(&str, ArrayRef)> = vec![("log_status", texts(&vec!["OK"; 50_000]))];
    for name in ["bytes", "packets", "start", "end"] {
        let values = (0..rows).map(|row| (row * 7_919) % 1_000_003);
        columns.push((name, Arc::new(values.collect::<Int64Array>())));
    }
    let memory = Memory::new(write(columns, plain()));
    let bytes_read = |wanted: &[Column]| {
        let file = ParquetFile::open(memory.clone()).unwrap();
        memory.read.store(0, Ordering::Relaxed);
        let mut batches = 0;
        let (mut flows, mut dictionary) = (Flows::new(ColumnSet::of(wanted)), Dictionary::default());
        file.read_row_group(0, (&mut flows, &mut dictionary), &mut |_| Ok(()), &mut |flows, _, _| {
            assert!(flows.rows() <= BATCH_ROWS);
            batches += 1;
        })
        .unwrap();
        assert_eq!(batches, 2);
        memory.read.load(Ordering::Relaxed)
    };
    let one = bytes_read(&[Column::Bytes]);
    let all = bytes_read(&[Column::Bytes, Column::Packets, Column::Start, Column::End, Column::LogStatus]);
    assert!(one * 3 < all && one > 0, "{one} of {all}");
}

#[test]
fn a_file_that_is_no_flow_log_says_what_it_is_instead() {
    let names = texts(&["a"]);
    let other = write(vec![("order", names.clone()), ("region", names.clone()), ("version", names.clone())], plain());
    assert_eq!(
        ParquetFile::open(Memory::new(other)).unwrap_err().to_string(),
        "not a flow log: its 3 columns are order, region, version"
    );
    let odd = write(vec![("srcaddr", names), ("bytes", Arc::new(BooleanArray::from(vec![true])))], plain());
    let shown = ParquetFile::open(Memory::new(odd)).unwrap_err().to_string();
    assert_eq!(shown, "not a flow log's types: column bytes holds Boolean");
    assert!(ParquetFile::open(Memory::new(b"version account-id\n2 123".to_vec())).is_err());
    assert!(ParquetFile::open(Memory::new(Vec::new())).is_err());
}

#[test]
fn the_fields_are_those_of_the_file_in_its_order() {
    let file = ParquetFile::open(Memory::new(write(
        vec![("year", texts(&["1"])), ("src-addr", texts(&["1"])), ("dstaddr", texts(&["1"]))],
        plain(),
    )))
    .unwrap();
    let expected = [("year", None), ("src-addr", None), ("dstaddr", Some(Column::Dstaddr))];
    assert_eq!(file.fields().iter().map(|field| (field.name.as_str(), field.column)).collect::<Vec<_>>(), expected);
    assert_eq!((file.rows(), file.row_groups(), file.shape()), (1, 1, &Shape::Flat));
}

/// A structure of named columns.
fn structure(children: Vec<(&str, ArrayRef)>) -> ArrayRef {
    let child =
        |(name, array): (&str, ArrayRef)| (Arc::new(ArrowField::new(name, array.data_type().clone(), true)), array);
    Arc::new(StructArray::from(children.into_iter().map(child).collect::<Vec<_>>()))
}

/// Security Lake's second source version (OCSF 1.1), of which no real file is at hand: a NAT's record and a quiet one.
fn newer_ocsf() -> Vec<u8> {
    let ints = |values: [Option<i32>; 2]| Arc::new(Int32Array::from(values.to_vec())) as ArrayRef;
    let times = |seconds: [i64; 2]| {
        Arc::new(TimestampMicrosecondArray::from(seconds.map(|s| s * 1_000_000).to_vec())) as ArrayRef
    };
    let mut hops = ListBuilder::new(StringBuilder::new());
    hops.values().append_value("10.0.0.1");
    hops.append(true);
    hops.append(false);
    let mut unmapped = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for (key, value) in [("ecs_task_id", "task-1"), ("reject_reason", "BPA")] {
        unmapped.keys().append_value(key);
        unmapped.values().append_value(value);
    }
    unmapped.append(true).unwrap();
    unmapped.append(false).unwrap();
    let mut profile = ListBuilder::new(Int32Builder::new());
    profile.append(true);
    profile.append(false);
    write(
        vec![
            (
                "metadata",
                structure(vec![
                    ("version", texts(&["1.1.0", "1.1.0"])),
                    ("product", structure(vec![("version", texts(&["8", "8"]))])),
                    ("profiles", Arc::new(profile.finish())),
                ]),
            ),
            ("time", Arc::new(Int64Array::from(vec![1_752_247_584_000, 1_752_247_585_000]))),
            ("start_time_dt", times([1_752_247_584, 1_752_247_585])),
            ("end_time_dt", times([1_752_247_603, 1_752_247_604])),
            (
                "cloud",
                structure(vec![
                    ("account", structure(vec![("uid", texts(&["123456789012", "unknown"]))])),
                    ("region", texts(&["us-east-2", "us-east-2"])),
                    ("zone", texts(&["use2-az2", "use2-az2"])),
                ]),
            ),
            (
                "src_endpoint",
                structure(vec![
                    ("ip", texts(&["1.2.3.4", "-"])),
                    ("port", ints([Some(8080), None])),
                    ("interface_uid", texts(&["eni-1", "eni-2"])),
                    ("svc_name", texts(&["-", "-"])),
                ]),
            ),
            (
                "dst_endpoint",
                structure(vec![
                    ("ip", texts(&["1.2.3.5", "-"])),
                    ("port", ints([Some(443), None])),
                    ("intermediate_ips", Arc::new(hops.finish())),
                ]),
            ),
            (
                "connection_info",
                structure(vec![
                    ("direction", texts(&["Outbound", "-"])),
                    ("boundary_id", ints([Some(11), Some(99)])),
                    ("protocol_num", ints([Some(6), None])),
                ]),
            ),
            ("traffic", structure(vec![("bytes", Arc::new(Int64Array::from(vec![Some(38_526), None])))])),
            ("action_id", ints([Some(2), Some(0)])),
            ("activity_id", ints([Some(6), Some(0)])),
            ("status_code", texts(&["OK", "NODATA"])),
            ("unmapped", Arc::new(unmapped.finish())),
        ],
        WriterProperties::builder().set_statistics_enabled(EnabledStatistics::Chunk).build(),
    )
}

#[test]
fn a_newer_ocsf_file_gives_the_fields_it_was_made_from() {
    use Column::*;
    let columns = [
        Version,
        AccountId,
        InterfaceId,
        Srcaddr,
        Dstaddr,
        Srcport,
        Dstport,
        Protocol,
        Bytes,
        Start,
        End,
        Action,
        LogStatus,
        PktSrcaddr,
        PktDstaddr,
        Region,
        AzId,
        FlowDirection,
        TrafficPath,
        EcsTaskId,
        RejectReason,
    ];
    let (records, skips) = read_all(newer_ocsf(), ColumnSet::of(&columns)).unwrap();
    assert_eq!(skips, []);
    assert_eq!(
        records,
        [
            "8 123456789012 eni-1 1.2.3.4 10.0.0.1 8080 443 6 38526 1752247584 1752247603 REJECT OK \
             1.2.3.4 1.2.3.5 us-east-2 use2-az2 egress 8 task-1 BPA",
            "8 unknown eni-2 - - - - - - 1752247585 1752247604 - NODATA - - us-east-2 use2-az2 - - - -",
        ]
    );
    let file = ParquetFile::open(Memory::new(newer_ocsf())).unwrap();
    assert_eq!(file.shape(), &Shape::Ocsf { version: Some("1.1.0".to_owned()) });
    assert!(file.fields().contains(&FormatField { name: "traffic.bytes".to_owned(), column: Some(Column::Bytes) }));
}

/// A sample from the folder beside the project; they are not part of it.
fn sample(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = ["../shared/samples", "../../shared/samples"].iter().map(|folder| root.join(folder).join(path));
    let bytes = found.filter_map(|path| std::fs::read(path).ok()).next();
    if bytes.is_none() {
        eprintln!("skipped: {path} is not here");
    }
    bytes
}

const OCSF_SAMPLE: &str = "elastic-beats/x-pack/libbeat/reader/parquet/testdata/vpc_flow.gz.parquet";

#[test]
fn a_security_lake_file_gives_what_its_text_twin_says() {
    let (Some(bytes), Some(twin)) = (sample(OCSF_SAMPLE), sample("_derived/ocsf-parquet-as-v5-custom.log.gz")) else {
        return;
    };
    let mut text = String::new();
    #[expect(clippy::disallowed_types, reason = "a test's own file of one member")]
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*twin), &mut text).unwrap();
    let mut lines = text.lines();
    let header: Vec<_> =
        lines.next().unwrap().split(' ').map(|token| Column::of_header(token.as_bytes()).unwrap()).collect();
    let wanted = ColumnSet::of(&header);
    let in_order = |line: &str| {
        let fields: Vec<_> = line.split(' ').collect();
        let field = |column| fields[header.iter().position(|other| *other == column).unwrap()];
        wanted.iter().map(field).collect::<Vec<_>>().join(" ")
    };
    let (records, skips) = read_all(bytes, wanted).unwrap();
    assert_eq!(skips, []);
    assert_eq!(records.len(), 1304);
    for (row, (record, line)) in records.iter().zip(lines).enumerate() {
        assert_eq!(*record, in_order(line), "row {row}");
    }
}

#[test]
fn a_file_of_pandas_gives_its_one_flow_and_its_two_quiet_records() {
    let Some(bytes) = sample("obsrvbl-oss-flowlogs-reader/tests/data/flows.parquet") else { return };
    let (records, skips) = read_all(bytes, ColumnSet::of(&crate::schema::DEFAULT_FORMAT)).unwrap();
    assert_eq!(skips, []);
    let quiet = "2 123456789010 eni-202010ab - - - - - - - 1439387263 1439387264 - NODATA";
    let flow = "2 123456789010 eni-102010ab 198.51.100.1 192.0.2.1 443 49152 6 10 840 1439387263 1439387264 ACCEPT OK";
    assert_eq!(records, [flow, quiet, quiet]);
}

/// Opens and reads any input; it only must not panic.
fn survive(bytes: Vec<u8>) -> bool {
    let wanted = ColumnSet::of(&crate::schema::DEFAULT_FORMAT).with(Column::EcsTaskId).with(Column::PktDstaddr);
    read_all(bytes, wanted).is_ok()
}

#[test]
fn a_cut_file_is_an_error_at_every_length() {
    let bytes = write(variant("as AWS"), plain());
    for length in 0..bytes.len() {
        assert!(!survive(bytes[..length].to_vec()), "cut to {length} bytes");
    }
}

#[test]
fn no_flipped_byte_brings_the_reader_down() {
    let newer = WriterProperties::builder().set_writer_version(WriterVersion::PARQUET_2_0);
    let newer = newer.set_dictionary_enabled(false).set_statistics_enabled(EnabledStatistics::None).build();
    let gzip = |properties: WriterPropertiesBuilder| properties.set_compression(Compression::GZIP(Default::default()));
    let older = gzip(WriterProperties::builder()).build();
    let newer_gzip = gzip(newer.clone().into_builder()).build();
    // The bigger files are damaged at every third or seventh byte, for the sake of time.
    let files = [
        (write(variant("nulls"), plain()), 1),
        (write(variant("nulls"), newer), 3),
        (write(variant("nulls"), older), 7),
        (write(variant("nulls"), newer_gzip), 7),
        (newer_ocsf(), 3),
    ];
    for (bytes, step) in files {
        for place in (0..bytes.len()).step_by(step) {
            let mut damaged = bytes.clone();
            damaged[place] ^= if place % 4 == 0 { 0xff } else { 1 << (place % 8) };
            survive(damaged);
        }
    }
}

#[test]
fn absent_values_are_the_schemas_own() {
    let file = ParquetFile::open(Memory::new(write(variant("nulls"), plain()))).unwrap();
    let wanted = ColumnSet::of(&[Column::Srcaddr, Column::Srcport, Column::Bytes, Column::Action]);
    let (mut flows, mut dictionary) = (Flows::new(wanted), Dictionary::default());
    file.read_row_group(0, (&mut flows, &mut dictionary), &mut |_| Ok(()), &mut |_, _, _| {}).unwrap();
    assert_eq!(flows.addresses(Column::Srcaddr).unwrap()[3], ABSENT_ADDRESS);
    assert_eq!(flows.smalls(Column::Srcport).unwrap()[3], ABSENT_SMALL);
    assert_eq!(flows.bigs(Column::Bytes).unwrap()[3], ABSENT_BIG);
    assert_eq!(flows.smalls(Column::Action).unwrap()[3], ABSENT_TEXT);
}

#[test]
fn room_is_asked_for_before_pages_are_inflated() {
    const ROWS: usize = 3200;
    let long = "a".repeat(4000);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_data_page_size_limit(1 << 30)
        .build();
    let addresses: Vec<&str> = vec!["10.0.0.1"; ROWS];
    let columns = vec![
        ("interface_id", texts(&vec![&*long; ROWS])),
        ("srcaddr", texts(&addresses)),
        ("dstaddr", texts(&addresses)),
        ("bytes", texts(&vec!["5"; ROWS])),
    ];
    let bytes = write(columns, properties);
    let page_bytes = (ROWS * long.len()) as u64;
    assert!((bytes.len() as u64) < page_bytes / 10, "a small file of a large page");
    let file = ParquetFile::open(Memory::new(bytes)).unwrap();
    let read = |most_bytes: u64| {
        let mut flows = Flows::new(ColumnSet::of(&[Column::InterfaceId, Column::Bytes]));
        let (mut dictionary, mut asked, mut rows) = (Dictionary::default(), 0, 0);
        let mut room = |needed_bytes| {
            asked = needed_bytes;
            let fault = ParquetFault::Memory { needed_bytes, most_bytes: usize::try_from(most_bytes).unwrap() };
            if needed_bytes <= most_bytes { Ok(()) } else { Err(fault) }
        };
        let read = file.read_row_group(0, (&mut flows, &mut dictionary), &mut room, &mut |flows, _, _| {
            rows += flows.rows();
        });
        (read.map_err(|fault| fault.to_string()), asked, rows)
    };
    let (done, asked, rows) = read(page_bytes * 3);
    assert_eq!((done, rows), (Ok(()), ROWS));
    assert!(asked >= 2 * page_bytes, "{asked}");
    let (refused, _, rows) = read(page_bytes);
    assert_eq!((refused.is_err(), rows), (true, 0));
    assert!(refused.unwrap_err().starts_with("its pages need "));
}
