//! Parquet: a file gives its rows or an error, in bounded memory; each row is a record or skipped, and every value is one
//! of the column's kind.

use std::io;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{Field, Schema};
use outflow::collect::RandomAccess;
use outflow::decode::parquet::{BATCH_ROWS, ParquetFile};
use outflow::decode::{Dictionary, Flows, Skips, Values};
use outflow::schema::{Column, ColumnSet};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};

const MAGIC: &[u8] = b"PAR1";
/// An input that begins with this is a file without its magic numbers and the length of its footer, which stands behind
/// this: else few inputs would be more than a damaged footer.
const BARE: u8 = b'B';
/// A file may rightly say that it has billions of rows; no more are read here.
const ROWS_MAX: u64 = 1 << 18;

pub(crate) fn run(input: &[u8]) {
    let bytes = match input {
        [BARE, high, low, body @ ..] => {
            let footer_bytes = u32::from(u16::from_be_bytes([*high, *low]));
            [MAGIC, body, &footer_bytes.to_le_bytes(), MAGIC].concat()
        }
        _ => input.to_vec(),
    };
    let Ok(file) = ParquetFile::open(Arc::new(Memory(bytes))) else { return };
    if file.rows() > ROWS_MAX {
        return;
    }
    let (mut flows, mut dictionary) = (Flows::new(ColumnSet::decoded()), Dictionary::default());
    let (mut rows, mut whole) = (0, true);
    for group in 0..file.row_groups() {
        let read = file.read_row_group(
            group,
            (&mut flows, &mut dictionary),
            &mut |_| Ok(()),
            &mut |flows, dictionary, skips| {
                rows += check(flows, dictionary, &skips);
                assert!(rows <= ROWS_MAX, "there are no more rows than the footer says");
            },
        );
        whole &= read.is_ok();
    }
    assert!(!whole || rows == file.rows(), "{rows} of {} rows were given without an error", file.rows());
}

/// A batch's rows, those that were left out too.
fn check(flows: &Flows, dictionary: &Dictionary, skips: &Skips) -> u64 {
    for (column, values) in flows.columns() {
        assert_eq!(values.len(), flows.rows(), "{column:?}");
        if let Values::Text(codes) = values {
            assert!(codes.iter().all(|code| (*code as usize) < dictionary.len()), "{column:?}");
        }
    }
    let rows = flows.rows() as u64 + skips.total();
    assert!(rows <= BATCH_ROWS as u64, "{rows} rows in a batch");
    rows
}

#[derive(Debug)]
struct Memory(Vec<u8>);

impl RandomAccess for Memory {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let bytes = usize::try_from(offset).ok().and_then(|offset| self.0.get(offset..)?.get(..length));
        bytes.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let base = || WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None).set_write_batch_size(1);
    let plain = || base().set_dictionary_enabled(false);
    let second = WriterVersion::PARQUET_2_0;
    let ways = [
        base().build(),
        plain().build(),
        plain().set_writer_version(second).build(),
        base().set_writer_version(second).set_max_row_group_row_count(Some(2)).build(),
        base().set_data_page_row_count_limit(1).set_compression(Compression::SNAPPY).build(),
        plain().set_compression(Compression::GZIP(Default::default())).build(),
        plain().set_compression(Compression::ZSTD(Default::default())).build(),
        base().set_statistics_enabled(EnabledStatistics::Chunk).build(),
    ];
    let contents = [numbers(), texts(), nested()];
    let files = contents.iter().flat_map(|content| ways.iter().filter_map(|way| written(content, way).ok()));
    files.flat_map(|file| [bare(&file), file]).collect()
}

/// Names of columns, flat and nested.
pub(crate) fn words() -> Vec<String> {
    let nested =
        ["ip", "port", "interface_uid", "connection_info", "boundary_id", "cloud", "unmapped", "list", "element"];
    ColumnSet::decoded().iter().map(Column::name).chain(nested).map(str::to_owned).collect()
}

/// The same file as the target takes it apart.
fn bare(file: &[u8]) -> Vec<u8> {
    let (body, end) = file.split_at(file.len() - 8);
    [&[BARE, end[1], end[0]], &body[MAGIC.len()..]].concat()
}

fn written(columns: &[(&str, ArrayRef)], properties: &WriterProperties) -> Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = columns.iter().map(|(_, array)| Arc::clone(array)).collect();
    let options = ArrowWriterOptions::new().with_properties(properties.clone()).with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, schema.clone(), options)?;
    writer.write(&RecordBatch::try_new(schema, arrays)?)?;
    writer.close()?;
    Ok(bytes)
}

fn ints(values: [Option<i32>; 4]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

fn longs(values: [Option<i64>; 4]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn strings(values: [Option<&str>; 4]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// As AWS writes its own format.
fn numbers() -> Vec<(&'static str, ArrayRef)> {
    vec![
        ("srcaddr", strings([Some("10.0.0.1"), Some("10.0.0.1"), Some("2001:db8::1"), Some("-")])),
        ("dstport", ints([Some(443), Some(443), Some(53), None])),
        ("bytes", longs([Some(5000), Some(1 << 50), Some(0), None])),
        ("start", longs([Some(1_790_856_000); 4])),
        ("log_status", strings([Some("OK"), Some("OK"), Some("OK"), Some("NODATA")])),
    ]
}

/// Everything as text, as some pipelines write it.
fn texts() -> Vec<(&'static str, ArrayRef)> {
    vec![
        ("dstport", strings([Some("443"), Some("70000"), Some("x"), None])),
        ("bytes", strings([Some("5000"), Some("-"), Some("-1"), Some("")])),
        ("instance_tag", strings([Some("web%20shop"), None, Some("%"), Some("-")])),
    ]
}

/// As Security Lake nests it.
fn nested() -> Vec<(&'static str, ArrayRef)> {
    let group = |children: Vec<(&str, ArrayRef)>| -> ArrayRef {
        let child =
            |(name, array): (&str, ArrayRef)| (Arc::new(Field::new(name, array.data_type().clone(), true)), array);
        Arc::new(StructArray::from(children.into_iter().map(child).collect::<Vec<_>>()))
    };
    vec![
        ("metadata", group(vec![("version", strings([Some("1.1.0"); 4]))])),
        ("src_endpoint", group(vec![("ip", strings([Some("1.2.3.4"), None, Some("-"), Some("::1")]))])),
        ("dst_endpoint", group(vec![("port", ints([Some(443), None, Some(0), Some(-1)]))])),
        ("connection_info", group(vec![("protocol_num", ints([Some(6), None, Some(17), Some(256)]))])),
        ("traffic", group(vec![("bytes", longs([Some(38_526), None, Some(1), Some(2)]))])),
        ("start_time", longs([Some(1_752_247_584_000); 4])),
        ("status_code", strings([Some("OK"), Some("NODATA"), Some("OK"), None])),
    ]
}
