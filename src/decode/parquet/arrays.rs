//! Any Parquet file as Arrow's arrays, guarded against damage as logs are: for what the program itself writes and reads
//! again. What the columns mean, the caller knows.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::push_decoder::ParquetPushDecoderBuilder;
use parquet::file::metadata::ParquetMetaData;

use super::groups::{next_batch, read_chunks};
use super::{BATCH_ROWS, ParquetFault, check_chunks, guarded, read, read_footer};
use crate::collect::RandomAccess;

/// An opened file, nothing of its rows read yet.
#[derive(Clone)]
pub struct ArrayFile {
    source: Arc<dyn RandomAccess>,
    footer: Arc<ParquetMetaData>,
}

/// The same, its columns known to be those of a schema.
#[derive(Clone)]
pub struct TypedArrays {
    source: Arc<dyn RandomAccess>,
    metadata: ArrowReaderMetadata,
}

impl fmt::Debug for ArrayFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrayFile").field("source", &self.source).finish_non_exhaustive()
    }
}

impl fmt::Debug for TypedArrays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedArrays").field("schema", self.metadata.schema()).finish_non_exhaustive()
    }
}

impl ArrayFile {
    /// Reads the footer.
    ///
    /// # Errors
    /// Why it cannot be read, as a lower-case fragment.
    pub fn open(source: Arc<dyn RandomAccess>) -> Result<Self, ParquetFault> {
        let footer = Arc::new(read_footer(&*source)?);
        check_chunks(&footer, source.len())?;
        Ok(Self { source, footer })
    }

    /// How many rows the footer says there are.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let groups = self.footer.row_groups();
        groups.iter().map(|group| group.num_rows().cast_unsigned()).fold(0, u64::saturating_add)
    }

    /// What the file's metadata say under a key.
    #[must_use]
    pub fn note(&self, key: &str) -> Option<&str> {
        let notes = self.footer.file_metadata().key_value_metadata()?;
        notes.iter().find(|note| note.key == key)?.value.as_deref()
    }

    /// Bytes of the file outside its columns.
    ///
    /// # Errors
    /// Why they cannot be read, as a lower-case fragment.
    pub fn bytes(&self, range: &Range<u64>) -> Result<Vec<u8>, ParquetFault> {
        read(&*self.source, range)
    }

    /// Its columns as the file itself has them.
    ///
    /// # Errors
    /// If their types are not known, as a lower-case fragment.
    pub fn untyped(&self) -> Result<TypedArrays, ParquetFault> {
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = guarded(|| ArrowReaderMetadata::try_new(self.footer.clone(), options))?;
        Ok(TypedArrays { source: Arc::clone(&self.source), metadata })
    }

    /// Its columns as those of a schema, by name, type and order.
    ///
    /// # Errors
    /// If they are others, as a lower-case fragment.
    pub fn typed(&self, schema: SchemaRef) -> Result<TypedArrays, ParquetFault> {
        let columns = self.footer.file_metadata().schema_descr().columns();
        let names = columns.iter().map(|column| column.path().string());
        if !names.eq(schema.fields().iter().map(|field| field.name().clone())) {
            return Err(ParquetFault::Columns);
        }
        let options = ArrowReaderOptions::new().with_schema(schema);
        let metadata = guarded(|| ArrowReaderMetadata::try_new(self.footer.clone(), options))?;
        Ok(TypedArrays { source: Arc::clone(&self.source), metadata })
    }
}

impl TypedArrays {
    /// How many row groups there are; each can be read on its own.
    #[must_use]
    pub fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Reads a row group, batch by batch.
    ///
    /// # Errors
    /// The reason as a lower-case fragment, or the error of `each`.
    pub fn read_row_group<E: From<ParquetFault>>(
        &self,
        group: usize,
        each: &mut dyn FnMut(&RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let groups = self.metadata.metadata().row_groups();
        let rows = groups.get(group).map(|group| group.num_rows().cast_unsigned());
        let rows = rows.ok_or(ParquetFault::NoGroup(group))?;
        let builder = ParquetPushDecoderBuilder::new_with_metadata(self.metadata.clone());
        let builder = builder.with_row_groups(vec![group]).with_batch_size(BATCH_ROWS);
        let mut decoder = guarded(|| builder.build())?;
        let mut read = 0;
        while let Some(batch) = next_batch(&mut decoder, |ranges| read_chunks(&*self.source, ranges))? {
            read += batch.num_rows() as u64;
            each(&batch)?;
        }
        if read == rows { Ok(()) } else { Err(ParquetFault::Rows { group, found: read, expected: rows }.into()) }
    }
}
