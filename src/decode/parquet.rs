//! Parquet objects → flows: AWS's flat columns and Security Lake's nested ones, requested columns only.
//!
//! The file is read by ranges through [`RandomAccess`]: its footer when it is opened, then of each row group the column
//! chunks that the wanted columns need. A damaged file gives an error that says so; rows given before it stay given.
//! Which bytes are a Parquet file, and what lies where, the caller knows.

mod arrays;
mod cells;
mod fault;
mod groups;
mod gzip;
mod layout;
mod pages;
mod readers;
mod texts;

use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parquet::DecodeResult;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    KeyValue, PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder, RowGroupMetaData,
};

pub use self::arrays::{ArrayFile, TypedArrays};
pub use self::fault::ParquetFault;
pub(crate) use self::fault::unwrapped;
pub use self::layout::Shape;
pub use self::texts::{TextColumn, TextFile};

use self::layout::Layout;
use super::{Dictionary, Flows, FormatField, Skips};
use crate::collect::RandomAccess;
use crate::schema::output::OUTPUT_MARK;
use crate::schema::stored::STORE_MARK;

/// How many rows are decoded and handed on at a time.
pub const BATCH_ROWS: usize = 32 * 1024;
/// How many bytes at the end are read at once in the hope that the footer is in them.
const FOOTER_GUESS_BYTES: u64 = 64 * 1024;

/// Asked for room for so many bytes of a row group in all, its pages among them: waits for it, or says that there is not
/// as much.
pub type Room<'r> = dyn FnMut(u64) -> Result<(), ParquetFault> + 'r;

/// An opened Parquet file: its schema understood, nothing of its data read yet. Clones share it.
#[derive(Clone)]
pub struct ParquetFile {
    source: Arc<dyn RandomAccess>,
    metadata: ArrowReaderMetadata,
    layout: Arc<Layout>,
    shape: Shape,
    fields: Arc<[FormatField]>,
}

impl fmt::Debug for ParquetFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetFile").field("shape", &self.shape).field("rows", &self.rows()).finish_non_exhaustive()
    }
}

impl ParquetFile {
    /// Reads the footer and finds the columns of flow records.
    ///
    /// # Errors
    /// Why it cannot be read or is no flow log.
    pub fn open(source: Arc<dyn RandomAccess>) -> Result<Self, ParquetFault> {
        let footer = Arc::new(read_footer(&*source)?);
        check_chunks(&footer, source.len())?;
        // Types are taken from the columns themselves: writer-specific schema metadata is not needed.
        let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let plain = guarded(|| ArrowReaderMetadata::try_new(footer.clone(), plain))?;
        let is_stored = notes(&footer).any(|note| note.key == STORE_MARK);
        let layout = if is_stored { Layout::stored(plain.schema()) } else { Layout::of(plain.schema())? };
        let hinted = ArrowReaderOptions::new().with_schema(Arc::new(layout.with_dictionaries(plain.schema())));
        let metadata = guarded(|| ArrowReaderMetadata::try_new(footer.clone(), hinted))?;
        let shape = if layout.ocsf { Shape::Ocsf { version: ocsf_version(&footer) } } else { Shape::Flat };
        let names = metadata.parquet_schema().columns().iter().map(|column| column.path().string());
        let fields =
            names.enumerate().map(|(leaf, name)| FormatField { name, column: layout.column_of(leaf) }).collect();
        Ok(Self { source, metadata, layout: Arc::new(layout), shape, fields })
    }

    /// How many rows the footer says there are.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let groups = self.metadata.metadata().row_groups();
        groups.iter().map(|group| group.num_rows().cast_unsigned()).fold(0, u64::saturating_add)
    }

    /// How many row groups there are; each can be read on its own.
    #[must_use]
    pub fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Whether this program wrote it, as a report or a ledger.
    #[must_use]
    pub fn is_output(&self) -> bool {
        is_marked(self.metadata.metadata())
    }

    /// How the records stand in it.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Its columns in their order, unknown ones too.
    #[must_use]
    pub fn fields(&self) -> &[FormatField] {
        &self.fields
    }

    /// Decodes a row group batch by batch into `flows`, whose columns are the wanted ones, and hands each batch to
    /// `each` with the rows that were left out of it, numbered from 1 within the row group. The codes of `dictionary`
    /// are kept from one batch to the next, so `each` must not put another one in its place. `room` is called before
    /// pages are inflated.
    ///
    /// # Errors
    /// Why the rest cannot be read.
    pub fn read_row_group(
        &self,
        group: usize,
        (flows, dictionary): (&mut Flows, &mut Dictionary),
        room: &mut Room<'_>,
        each: &mut dyn FnMut(&mut Flows, &mut Dictionary, Skips),
    ) -> Result<(), ParquetFault> {
        groups::read(self, group, (flows, dictionary), room, each)
    }
}

/// Whether this program wrote a Parquet file, whatever it holds.
#[must_use]
pub fn is_output(source: &dyn RandomAccess) -> bool {
    read_footer(source).is_ok_and(|footer| is_marked(&footer))
}

fn is_marked(footer: &ParquetMetaData) -> bool {
    notes(footer).any(|note| note.key.starts_with(OUTPUT_MARK))
}

fn notes(footer: &ParquetMetaData) -> impl Iterator<Item = &KeyValue> {
    footer.file_metadata().key_value_metadata().into_iter().flatten()
}

fn read_footer(source: &dyn RandomAccess) -> Result<ParquetMetaData, ParquetFault> {
    check_footer(source)?;
    let decoder = guarded(|| ParquetMetaDataPushDecoder::try_new(source.len()))?;
    let mut decoder = decoder.with_page_index_policy(PageIndexPolicy::Skip);
    let tail = source.len().saturating_sub(FOOTER_GUESS_BYTES)..source.len();
    let mut ranges = Vec::from([tail]);
    loop {
        for (range, bytes) in ranges.iter().cloned().zip(read_all(source, &ranges)?) {
            guarded(|| decoder.push_range(range, bytes.into()))?;
        }
        match guarded(|| decoder.try_decode())? {
            DecodeResult::Data(metadata) => return Ok(metadata),
            DecodeResult::NeedsData(needed) => ranges = needed,
            DecodeResult::Finished => return Err(ParquetFault::Footer),
        }
    }
}

/// Checks a footer before the library trusts its sizes; a misplaced footer is left to the library to reject.
fn check_footer(source: &dyn RandomAccess) -> Result<(), ParquetFault> {
    let Some(length_at) = source.len().checked_sub(8) else { return Ok(()) };
    let length = read(source, &(length_at..length_at + 4))?;
    let length = length.first_chunk().map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)));
    match length_at.checked_sub(length) {
        Some(start) => pages::check_footer(&read(source, &(start..length_at))?),
        None => Ok(()),
    }
}

/// Reads a range that a file's own numbers ask for, if it is inside of it.
fn read(source: &dyn RandomAccess, range: &Range<u64>) -> Result<Vec<u8>, ParquetFault> {
    Ok(read_all(source, std::slice::from_ref(range))?.pop().unwrap_or_default())
}

/// Reads several ranges, together where the store is far away.
fn read_all(source: &dyn RandomAccess, ranges: &[Range<u64>]) -> Result<Vec<Vec<u8>>, ParquetFault> {
    let bounded = |range: &Range<u64>| {
        let length = range.end.checked_sub(range.start).filter(|_| range.end <= source.len());
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or_else(|| ParquetFault::Range(range.clone()))?;
        Ok((range.start, length))
    };
    let bounded = ranges.iter().map(bounded).collect::<Result<Vec<_>, ParquetFault>>()?;
    let read = source.read_all(&bounded)?;
    match bounded.iter().zip(&read).find(|((_, length), bytes)| bytes.len() != *length) {
        Some(((at, length), bytes)) => Err(ParquetFault::Short { at: *at, length: *length, found: bytes.len() }),
        None => Ok(read),
    }
}

/// Refuses a footer whose column chunks are not in the file or overlap: together they would be read many times over.
fn check_chunks(footer: &ParquetMetaData, file_bytes: u64) -> Result<(), ParquetFault> {
    let columns = footer.file_metadata().schema_descr().num_columns();
    let chunk = |group: &RowGroupMetaData, column| {
        let chunk = group.column(column);
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let bytes = u64::try_from(chunk.compressed_size()).ok()?;
        let end = u64::try_from(start).ok()?.checked_add(bytes)?;
        (end <= file_bytes).then_some(bytes)
    };
    let sound = |group: &RowGroupMetaData| {
        let bytes: Option<u64> = (0..columns).map(|column| chunk(group, column)).sum();
        group.num_rows() >= 0 && group.num_columns() == columns && bytes.is_some_and(|bytes| bytes <= file_bytes)
    };
    match footer.row_groups().iter().position(|group| !sound(group)) {
        Some(group) => Err(ParquetFault::Chunks(group)),
        None => Ok(()),
    }
}

/// The version of OCSF, where every row group's statistics name the same single one.
fn ocsf_version(footer: &ParquetMetaData) -> Option<String> {
    let columns = footer.file_metadata().schema_descr().columns();
    let leaf = columns.iter().position(|column| column.path().string() == "metadata.version")?;
    let mut bounds = footer.row_groups().iter().flat_map(|group| {
        let statistics = group.column(leaf).statistics();
        [statistics.and_then(|s| s.min_bytes_opt()), statistics.and_then(|s| s.max_bytes_opt())]
    });
    let version = bounds.next()??;
    bounds.all(|bound| bound == Some(version)).then(|| String::from_utf8_lossy(version).into_owned())
}

/// Calls the Parquet library, which panics on some damaged files where it should refuse them; what it was doing is
/// given up with the error, so nothing half done is seen.
fn guarded<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetFault> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => Ok(result?),
        Err(_) => Err(ParquetFault::Contradiction),
    }
}

#[cfg(test)]
mod tests;
