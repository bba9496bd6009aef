//! One row group → batches of flows and of rows left out.

use arrow_array::RecordBatch;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};

use super::readers::{Reader, reason};
use super::{BATCH_ROWS, ParquetFile, guarded, pages, read_all};
use crate::decode::{Dictionary, Flows, Skips, Values};
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, ABSENT_TIME, Column, ColumnSet, Kind};

/// Decodes a row group; see [`ParquetFile::read_row_group`].
pub(super) fn read(
    file: &ParquetFile,
    group: usize,
    flows: &mut Flows,
    dictionary: &mut Dictionary,
    each: &mut dyn FnMut(&mut Flows, &mut Dictionary, Skips),
) -> Result<(), String> {
    let footer = file.metadata.metadata();
    let found = footer.row_groups().get(group).ok_or_else(|| format!("there is no row group {group}"))?;
    let mut batches = Batches::new(file, flows);
    let mut decoder = batches.decoder(file, group)?;
    while let Some(batch) = next_batch(file, &mut decoder)? {
        let skips = batches.decode(&batch, flows, dictionary)?;
        each(flows, dictionary, skips);
    }
    let rows = found.num_rows().cast_unsigned();
    let missing = || format!("damaged Parquet: row group {group} has {} rows of {rows}", batches.rows_before);
    if batches.rows_before == rows { Ok(()) } else { Err(missing()) }
}

/// The next batch; column chunks are read when the decoder asks for them.
fn next_batch(file: &ParquetFile, decoder: &mut ParquetPushDecoder) -> Result<Option<RecordBatch>, String> {
    loop {
        match guarded(|| decoder.try_decode())? {
            DecodeResult::Data(batch) => return Ok(Some(batch)),
            DecodeResult::Finished => return Ok(None),
            DecodeResult::NeedsData(ranges) => {
                let read = read_all(&*file.source, &ranges)?;
                for (range, bytes) in ranges.into_iter().zip(read) {
                    pages::check(&bytes)?;
                    guarded(|| decoder.push_range(range, bytes.into()))?;
                }
            }
        }
    }
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

    fn decoder(&self, file: &ParquetFile, group: usize) -> Result<ParquetPushDecoder, String> {
        let leaves = self.readers.iter().flat_map(Reader::leaves);
        let mask = ProjectionMask::leaves(file.metadata.parquet_schema(), leaves);
        let builder = ParquetPushDecoderBuilder::new_with_metadata(file.metadata.clone());
        guarded(|| builder.with_row_groups(vec![group]).with_projection(mask).with_batch_size(BATCH_ROWS).build())
    }

    /// Fills `flows` with the batch's records and gives the rows that are none.
    fn decode(&mut self, batch: &RecordBatch, flows: &mut Flows, dictionary: &mut Dictionary) -> Result<Skips, String> {
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

    /// The rows that tell of no traffic, or of lost records.
    fn quiet_rows(&self, flows: &Flows) -> Vec<usize> {
        let statuses = flows.smalls(Column::LogStatus).or(self.unwanted.smalls(Column::LogStatus)).unwrap_or_default();
        let quiet = |code: u32| code == Dictionary::NODATA || code == Dictionary::SKIPDATA;
        statuses.iter().enumerate().filter(|(_, code)| quiet(**code)).map(|(row, _)| row).collect()
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

/// Whether a column tells of packets, and so has no value where there were none.
fn is_of_packet(column: Column) -> bool {
    match column.kind() {
        Kind::Address | Kind::Big => true,
        Kind::Small => column != Column::Version,
        Kind::Text => column == Column::Action,
        Kind::Time => false,
    }
}

/// Makes the packet's fields of quiet rows absent, whatever was found there.
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
