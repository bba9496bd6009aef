//! One row group → batches of flows and of rows left out.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use parquet::DecodeResult;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;

use super::fault::ParquetFault;
use super::gzip::Chunks;
use super::readers::{Reader, reason};
use super::{BATCH_ROWS, ParquetFile, Room, guarded, pages, read_all};
use crate::collect::RandomAccess;
use crate::decode::{Dictionary, Flows, Skips, Values};
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, ABSENT_TIME, Column, ColumnSet, Kind};

/// What the rows decoded at a time take, about, if rows are large.
const BATCH_BYTES_MAX: u64 = 64 << 20;
/// How many rows are looked at together for quiet ones.
const STRETCH_ROWS: usize = 64;

/// Decodes a row group; see [`ParquetFile::read_row_group`].
pub(super) fn read(
    file: &ParquetFile,
    group: usize,
    (flows, dictionary): (&mut Flows, &mut Dictionary),
    room: &mut Room<'_>,
    each: &mut dyn FnMut(&mut Flows, &mut Dictionary, Skips),
) -> Result<(), ParquetFault> {
    let footer = file.metadata.metadata();
    let described = footer.row_groups().get(group).ok_or(ParquetFault::NoGroup(group))?;
    let mut batches = Batches::new(file, flows);
    let mut chunks = ChunkReader { source: &*file.source, room, bytes: 0 };
    let mut decoder = batches.decoder(file, group, &mut chunks)?;
    while let Some(batch) = decoder.next_batch(&mut chunks)? {
        let skips = batches.decode(&batch, flows, dictionary)?;
        each(flows, dictionary, skips);
    }
    let (found, expected) = (batches.rows_before, described.num_rows().cast_unsigned());
    if found == expected { Ok(()) } else { Err(ParquetFault::Rows { group, found, expected }) }
}

/// The bytes of column chunks, in the order of their ranges.
type ChunkBytes = Vec<Vec<u8>>;

/// What gives batches of a row group.
enum Decoder {
    /// The library, which asks for column chunks when it needs them.
    Asking(ParquetPushDecoder),
    /// The library, with our own pages.
    OwnPages(ParquetRecordBatchReader),
}

impl Decoder {
    fn next_batch(&mut self, chunks: &mut ChunkReader<'_, '_>) -> Result<Option<RecordBatch>, ParquetFault> {
        match self {
            Self::Asking(decoder) => next_batch(decoder, |ranges| chunks.read(ranges)),
            Self::OwnPages(batches) => guarded(|| batches.next().transpose().map_err(ParquetError::from)),
        }
    }
}

/// The next batch; column chunks are read when the decoder asks for them.
pub(super) fn next_batch(
    decoder: &mut ParquetPushDecoder,
    mut read: impl FnMut(&[Range<u64>]) -> Result<ChunkBytes, ParquetFault>,
) -> Result<Option<RecordBatch>, ParquetFault> {
    loop {
        match guarded(|| decoder.try_decode())? {
            DecodeResult::Data(batch) => return Ok(Some(batch)),
            DecodeResult::Finished => return Ok(None),
            DecodeResult::NeedsData(ranges) => {
                let read = read(&ranges)?;
                for (range, bytes) in ranges.into_iter().zip(read) {
                    guarded(|| decoder.push_range(range, bytes.into()))?;
                }
            }
        }
    }
}

/// Reads the column chunks of a row group, once there is room for their pages.
struct ChunkReader<'s, 'r> {
    source: &'s dyn RandomAccess,
    room: &'s mut Room<'r>,
    /// What the chunks that were read take.
    bytes: u64,
}

impl ChunkReader<'_, '_> {
    /// Reads column chunks, whose page headers can be trusted then.
    fn read(&mut self, ranges: &[Range<u64>]) -> Result<ChunkBytes, ParquetFault> {
        let (read, bytes) = checked_chunks(self.source, ranges)?;
        self.bytes = self.bytes.saturating_add(bytes);
        (self.room)(self.bytes)?;
        Ok(read)
    }
}

/// The same of a file of our own, whose pages are small.
pub(super) fn read_chunks(source: &dyn RandomAccess, ranges: &[Range<u64>]) -> Result<ChunkBytes, ParquetFault> {
    Ok(checked_chunks(source, ranges)?.0)
}

/// Column chunks with sound page headers, and the bytes of memory that decoding them takes, about.
fn checked_chunks(source: &dyn RandomAccess, ranges: &[Range<u64>]) -> Result<(ChunkBytes, u64), ParquetFault> {
    let read = read_all(source, ranges)?;
    let bytes = read.iter().map(|chunk| pages::check(chunk)).sum::<Result<u64, ParquetFault>>()?;
    Ok((read, bytes))
}

/// Reads the column chunks for a decoder that inflates them with our own inflater.
fn own_pages(
    file: &ParquetFile,
    group: usize,
    leaves: &[usize],
    mask: ProjectionMask,
    chunks: &mut ChunkReader<'_, '_>,
) -> Result<Decoder, ParquetFault> {
    let footer = file.metadata.metadata();
    let range = |leaf: &usize| {
        let (start, length) = guarded(|| Ok(footer.row_group(group).column(*leaf).byte_range()))?;
        Ok(start..start.saturating_add(length))
    };
    let ranges = leaves.iter().map(range).collect::<Result<Vec<_>, ParquetFault>>()?;
    let read = leaves.iter().copied().zip(chunks.read(&ranges)?.into_iter().map(Arc::new)).collect();
    let chunks = Chunks { footer: footer.clone(), group, read, gunzipper: Arc::default() };
    let hint = file.metadata.schema().fields();
    let batches = guarded(|| {
        let levels = parquet_to_arrow_field_levels(file.metadata.parquet_schema(), mask, Some(hint))?;
        let batch_rows = batch_rows(footer.row_group(group), leaves);
        ParquetRecordBatchReader::try_new_with_row_groups(&levels, &chunks, batch_rows, None)
    })?;
    Ok(Decoder::OwnPages(batches))
}

/// Rows that are decoded at a time: fewer where they are large, so that a batch of long texts does not take a gibibyte.
fn batch_rows(group: &RowGroupMetaData, leaves: &[usize]) -> usize {
    let bytes = leaves.iter().map(|leaf| u64::try_from(group.column(*leaf).uncompressed_size()).unwrap_or(0));
    let bytes = bytes.fold(0, u64::saturating_add).max(1);
    let rows = u128::from(group.num_rows().cast_unsigned()) * u128::from(BATCH_BYTES_MAX) / u128::from(bytes);
    usize::try_from(rows).unwrap_or(BATCH_ROWS).clamp(1, BATCH_ROWS)
}

/// A value that is not its column's.
struct Malformed {
    row: usize,
    column: Column,
}

struct Batches {
    readers: Vec<Reader>,
    /// Takes the status where it is not among the wanted columns: in a row without data, what the packet's fields
    /// hold is not judged.
    unwanted: Flows,
    rows_before: u64,
}

impl Batches {
    fn new(file: &ParquetFile, flows: &Flows) -> Self {
        let wanted = ColumnSet::of(&flows.columns().iter().map(|(column, _)| *column).collect::<Vec<_>>());
        let judged = !wanted.has(Column::LogStatus) && wanted.iter().any(is_of_packet);
        let unwanted = if judged { ColumnSet::of(&[Column::LogStatus]) } else { ColumnSet::default() };
        let read = file.layout.columns.iter().filter(|(column, _)| wanted.union(unwanted).has(*column));
        let readers = read.map(|(column, origins)| Reader::new(*column, origins)).collect();
        Self { readers, unwanted: Flows::new(unwanted), rows_before: 0 }
    }

    fn decoder(
        &self,
        file: &ParquetFile,
        group: usize,
        chunks: &mut ChunkReader<'_, '_>,
    ) -> Result<Decoder, ParquetFault> {
        let mut leaves: Vec<_> = self.readers.iter().flat_map(Reader::leaves).collect();
        leaves.sort_unstable();
        leaves.dedup();
        let mask = ProjectionMask::leaves(file.metadata.parquet_schema(), leaves.iter().copied());
        let columns = file.metadata.metadata().row_group(group);
        let is_gzip = |leaf: &usize| matches!(columns.column(*leaf).compression(), Compression::GZIP(_));
        if !leaves.is_empty() && leaves.iter().all(is_gzip) {
            return own_pages(file, group, &leaves, mask, chunks);
        }
        let builder = ParquetPushDecoderBuilder::new_with_metadata(file.metadata.clone());
        let batch_rows = batch_rows(columns, &leaves);
        let builder = builder.with_row_groups(vec![group]).with_projection(mask).with_batch_size(batch_rows);
        guarded(|| builder.build()).map(Decoder::Asking)
    }

    /// Fills `flows` with the batch's records and gives the rows that are none.
    fn decode(
        &mut self,
        batch: &RecordBatch,
        flows: &mut Flows,
        dictionary: &mut Dictionary,
    ) -> Result<Skips, ParquetFault> {
        flows.clear();
        self.unwanted.clear();
        let mut malformed = Vec::new();
        for reader in &mut self.readers {
            let column = reader.column;
            let Some(values) = flows.values_mut(column).or(self.unwanted.values_mut(column)) else { continue };
            let rows = reader.read(batch, values, dictionary)?;
            malformed.extend(rows.into_iter().map(|row| Malformed { row, column }));
        }
        flows.set_rows(batch.num_rows());
        let quiet = self.quiet_rows(flows);
        silence(flows, &quiet);
        malformed.retain(|value| !is_of_packet(value.column) || quiet.binary_search(&value.row).is_err());
        let skips = self.leave_out(batch, flows, malformed);
        self.rows_before += batch.num_rows() as u64;
        Ok(skips)
    }

    /// NODATA and SKIPDATA rows.
    fn quiet_rows(&self, flows: &Flows) -> Vec<usize> {
        let statuses = flows.smalls(Column::LogStatus).or(self.unwanted.smalls(Column::LogStatus)).unwrap_or_default();
        let quiet = |code: u32| code == Dictionary::NODATA || code == Dictionary::SKIPDATA;
        let mut rows = Vec::new();
        for (place, stretch) in statuses.chunks(STRETCH_ROWS).enumerate() {
            // Most stretches have none, which is seen of all their rows at once.
            if stretch.iter().fold(false, |any, code| any | quiet(*code)) {
                let found = stretch.iter().enumerate().filter(|(_, code)| quiet(**code));
                rows.extend(found.map(|(row, _)| place * STRETCH_ROWS + row));
            }
        }
        rows
    }

    /// Takes the rows with a malformed value out of `flows`.
    fn leave_out(&self, batch: &RecordBatch, flows: &mut Flows, mut malformed: Vec<Malformed>) -> Skips {
        // Every one is kept here; the caller, to whose skips they are appended, knows how many it wants.
        let mut skips = Skips::new(true);
        if malformed.is_empty() {
            return skips;
        }
        malformed.sort_by_key(|value| value.row);
        malformed.dedup_by_key(|value| value.row);
        let mut keep = vec![true; batch.num_rows()];
        for value in &malformed {
            keep[value.row] = false;
            let line = self.rows_before + value.row as u64 + 1;
            skips.add(line, reason(value.column), &self.show(batch, value.row));
        }
        flows.retain(&keep);
        skips
    }

    /// A row as `name=value` pairs of the columns that were read.
    fn show(&self, batch: &RecordBatch, row: usize) -> Vec<u8> {
        let pair = |reader: &Reader| [reader.column.name().as_bytes(), b"=", &reader.show(batch, row)].concat();
        let pairs: Vec<_> = self.readers.iter().map(pair).collect();
        pairs.join(&b' ')
    }
}

/// Whether a column describes packets, and so is absent without traffic.
fn is_of_packet(column: Column) -> bool {
    match column.kind() {
        // How many records a stored row stands for, and where they are from.
        Kind::Big => !matches!(column, Column::RecordCount | Column::ObjectId),
        Kind::Address => true,
        Kind::Small => column != Column::Version,
        Kind::Text => column == Column::Action,
        Kind::Time => false,
    }
}

/// Clears the packet columns of NODATA rows, regardless of their content.
fn silence(flows: &mut Flows, quiet: &[usize]) {
    let columns: Vec<_> = flows.columns().iter().map(|(column, _)| *column).filter(|c| is_of_packet(*c)).collect();
    for column in columns {
        match flows.values_mut(column) {
            Some(Values::Address(values)) => put(values, quiet, ABSENT_ADDRESS),
            Some(Values::Big(values)) => put(values, quiet, ABSENT_BIG),
            Some(Values::Small(values)) => put(values, quiet, ABSENT_SMALL),
            Some(Values::Time(values)) => put(values, quiet, ABSENT_TIME),
            Some(Values::Text(values)) => put(values, quiet, ABSENT_TEXT),
            None => {}
        }
    }
}

fn put<T: Copy>(values: &mut [T], rows: &[usize], value: T) {
    for row in rows {
        values[*row] = value;
    }
}
