//! Partials → files.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray, UInt64Array};
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata;
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use super::WireFault;
use super::columns::{Keyed, counts, keyed, line_schema, schema, times, to_array};
use super::digest::{Groups, Texts};
use super::{Lines, NOTE, Note, VERSION};
use crate::decode::parquet::unwrapped;
use crate::decode::{Dictionary, Values};
use crate::group::key::KeyValue;
use crate::group::partial::Partial;
use crate::group::shared::{Frame, SHARDS};
use crate::group::spec::Spec;
use crate::group::vantages;
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, ABSENT_TIME, Column, Kind};

/// Rows of a row group, which are sorted together and held in memory until they are written.
const ROW_GROUP_ROWS: usize = 128 << 10;
/// Bytes of a column's distinct values up to which they are written once each: enough for the addresses of a row group.
const DICTIONARY_BYTES: usize = 4 << 20;
/// Lines that are turned into a column together.
const BATCH_LINES: usize = 8 << 10;

/// Writes a partial, with the caller's note and lines.
///
/// # Errors
/// If spilled rows cannot be read, or the file cannot be written. Distinct values that were counted cannot be.
pub fn write<W: Write + Send>(
    partial: &Partial,
    head: Value,
    lines: impl Iterator<Item = String>,
    out: W,
) -> io::Result<()> {
    let spec = &partial.frame.spec;
    if spec.distinct {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "counts of distinct values cannot be merged"));
    }
    let file_schema = schema(spec);
    let mut file = Rows {
        writer: writer(out, &file_schema)?,
        schema: file_schema,
        keyed: keyed(spec),
        texts: Texts::default(),
        viewed: Viewed::default(),
        rows: 0,
        digest: 0,
    };
    let mut packed: [Vec<u64>; 4] = Default::default();
    for shard in 0..SHARDS {
        let tables = partial.tables(shard).map_err(io::Error::other)?;
        for (packed, table) in packed.iter_mut().zip(tables.iter()) {
            table.rows().for_each(|row| packed.extend_from_slice(row));
        }
        file.write(partial, &mut packed, ROW_GROUP_ROWS)?;
    }
    file.write(partial, &mut packed, 1)?;
    file.finish(head, lines)
}

/// A file being written.
struct Rows<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    keyed: Vec<Keyed>,
    texts: Texts,
    viewed: Viewed,
    rows: u64,
    digest: u64,
}

/// What the columns of a view hold, by its code.
#[derive(Default)]
pub(super) struct Viewed {
    pub(super) names: Dictionary,
    known: HashMap<u32, Box<[u32]>, ahash::RandomState>,
}

impl<W: Write + Send> Rows<W> {
    /// Writes the packed rows of every table, if there are at least so many, and forgets them.
    fn write(&mut self, partial: &Partial, packed: &mut [Vec<u64>; 4], rows_min: usize) -> io::Result<()> {
        let Frame { spec, layouts, .. } = &partial.frame;
        let stride = |table: usize| spec.shape(&layouts[table / 2]).stride();
        let rows: usize = packed.iter().enumerate().map(|(table, packed)| packed.len() / stride(table)).sum();
        if rows < rows_min {
            return Ok(());
        }
        for (table, packed) in packed.iter_mut().enumerate() {
            // Neighbours that have much in common take little room.
            let mut rows: Vec<&[u64]> = packed.chunks_exact(stride(table)).collect();
            rows.sort_unstable();
            for rows in rows.chunks(ROW_GROUP_ROWS) {
                self.write_rows(partial, table, rows)?;
            }
            packed.clear();
        }
        self.writer.flush().map_err(unwrapped)
    }

    fn write_rows(&mut self, partial: &Partial, table: usize, rows: &[&[u64]]) -> io::Result<()> {
        let (spec, names) = (&partial.frame.spec, &partial.names);
        let groups = groups(partial, table, rows);
        self.digest = self.digest.wrapping_add(groups.digest(names, &mut self.texts));
        self.rows += rows.len() as u64;
        let arrays = self.arrays(spec, &groups, names).map_err(io::Error::other)?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(io::Error::other)?;
        self.writer.write(&batch).map_err(unwrapped)
    }

    /// The columns of the file.
    fn arrays(&mut self, spec: &Spec, groups: &Groups, names: &Dictionary) -> Result<Vec<ArrayRef>, WireFault> {
        let columns = self.viewed.spread(spec, groups, names);
        let names = self.viewed.names_of(spec, names);
        let keys = self.keyed.iter().zip(&columns).map(|(key, values)| to_array(key, values, names));
        let mut arrays = keys.collect::<Result<Vec<_>, WireFault>>()?;
        arrays.push(Arc::new(BooleanArray::from(groups.rejected.clone())));
        let counts = groups.counts.iter().map(|counts| -> ArrayRef { Arc::new(UInt64Array::from(counts.clone())) });
        arrays.extend(counts);
        if let Some((firsts, lasts)) = groups.moments() {
            arrays.push(times(firsts.into_iter().map(|first| Some(first).filter(|first| *first != ABSENT_TIME))));
            arrays.push(times(lasts.into_iter().map(|last| Some(last).filter(|last| *last != ABSENT_TIME))));
        }
        Ok(arrays)
    }

    /// Writes the lines behind the rows, and the note.
    fn finish(self, head: Value, lines: impl Iterator<Item = String>) -> io::Result<()> {
        let Self { writer, rows, digest, .. } = self;
        let (mut file, _) = writer.into_serialized_writer().map_err(unwrapped)?;
        let beside = written_lines(lines)?;
        let offset = file.bytes_written() as u64;
        file.write_all(&beside)?;
        let lines = Lines { offset, bytes: beside.len() as u64, check: crc32fast::hash(&beside) };
        let note = Note { version: VERSION, head, rows, digest, lines }.write().map_err(io::Error::other)?;
        file.append_key_value_metadata(metadata::KeyValue::new(NOTE.to_owned(), note));
        file.into_inner().map_err(unwrapped)?.flush()
    }
}

/// Packed rows of a table as columns.
pub(super) fn groups(partial: &Partial, table: usize, rows: &[&[u64]]) -> Groups {
    let Frame { spec, layouts, .. } = &partial.frame;
    let layout = &layouts[table / 2];
    let mut groups = Groups {
        keys: spec.keys.iter().map(|key| Values::new(key.column.kind())).collect(),
        counts: vec![Vec::with_capacity(rows.len()); counts(spec).len()],
        seen: spec.seen.then(Vec::new),
        rejected: vec![table % 2 == 1; rows.len()],
    };
    for row in rows {
        for (place, (key, values)) in spec.keys.iter().zip(&mut groups.keys).enumerate() {
            push(values, layout.value(place, key, row));
        }
        let mut words = row[layout.words..].iter();
        groups.counts.iter_mut().chain(&mut groups.seen).for_each(|column| column.extend(words.next()));
    }
    groups
}

impl Viewed {
    /// The key columns of groups, with columns grouped as one separate.
    pub(super) fn spread<'g>(&mut self, spec: &Spec, groups: &'g Groups, names: &Dictionary) -> Vec<Cow<'g, Values>> {
        let mut columns = Vec::new();
        for (key, values) in spec.keys.iter().zip(&groups.keys) {
            match values {
                Values::Text(codes) if key.column == Column::Vantage && !spec.vantages.is_empty() => {
                    columns.extend(self.columns(&spec.vantages, codes, names).into_iter().map(Cow::Owned));
                }
                values => columns.push(Cow::Borrowed(values)),
            }
        }
        columns
    }

    /// The texts of these columns.
    pub(super) fn names_of<'n>(&'n self, spec: &Spec, names: &'n Dictionary) -> &'n Dictionary {
        if spec.vantages.is_empty() { names } else { &self.names }
    }

    /// The columns of views, by the views' codes.
    fn columns(&mut self, columns: &[Column], codes: &[u32], names: &Dictionary) -> Vec<Values> {
        let mut spread: Vec<Vec<u32>> = vec![Vec::with_capacity(codes.len()); columns.len()];
        for code in codes {
            let known = self.known.entry(*code).or_insert_with(|| {
                let fields = vantages::fields(names.text(*code)).chain(std::iter::repeat(&b""[..]));
                let value = |(column, field): (&Column, &[u8])| match column.kind() {
                    Kind::Text if field.is_empty() => ABSENT_TEXT,
                    Kind::Text => self.names.code(field),
                    _ => str::from_utf8(field).ok().and_then(|field| field.parse().ok()).unwrap_or(ABSENT_SMALL),
                };
                columns.iter().zip(fields).map(value).collect()
            });
            spread.iter_mut().zip(known.iter()).for_each(|(column, value)| column.push(*value));
        }
        let values = |(column, values): (&Column, Vec<u32>)| match column.kind() {
            Kind::Text => Values::Text(values),
            Kind::Time => Values::Time(values),
            _ => Values::Small(values),
        };
        columns.iter().zip(spread).map(values).collect()
    }
}

/// Adds a value of a key to its column.
fn push(values: &mut Values, value: KeyValue) {
    match (values, value) {
        (Values::Address(values), KeyValue::Address(address) | KeyValue::Prefix(address, _)) => values.push(address),
        (Values::Address(values), _) => values.push(ABSENT_ADDRESS),
        (Values::Big(values), KeyValue::Number(number)) => values.push(number),
        (Values::Big(values), _) => values.push(ABSENT_BIG),
        (Values::Small(values), KeyValue::Number(number)) => values.push(u32::try_from(number).unwrap_or(ABSENT_SMALL)),
        (Values::Small(values), _) => values.push(ABSENT_SMALL),
        (Values::Time(values), KeyValue::Time(time)) => values.push(time),
        (Values::Time(values), _) => values.push(ABSENT_TIME),
        (Values::Text(values), KeyValue::Text(code)) => values.push(code),
        (Values::Text(values), _) => values.push(ABSENT_TEXT),
    }
}

fn writer<W: Write + Send>(out: W, schema: &SchemaRef) -> io::Result<ArrowWriter<W>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .build();
    // Other readers are to see texts, not how they are held here.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(out, Arc::clone(schema), options).map_err(unwrapped)
}

/// Lines as a file of their own.
fn written_lines(mut lines: impl Iterator<Item = String>) -> io::Result<Vec<u8>> {
    let (mut bytes, schema) = (Vec::new(), line_schema());
    let mut writer = writer(&mut bytes, &schema)?;
    loop {
        let lines: StringArray = lines.by_ref().take(BATCH_LINES).map(Some).collect();
        if lines.is_empty() {
            break;
        }
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(lines)]).map_err(io::Error::other)?;
        writer.write(&batch).map_err(unwrapped)?;
    }
    writer.close().map_err(unwrapped)?;
    Ok(bytes)
}
