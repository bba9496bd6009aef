//! Row groups whose pages are gzip data, inflated by the inflater of text logs, which is faster than the Parquet
//! library's. Pages are inflated one at a time, when the library asks for the next; what is in them it decodes itself.
//!
//! A page never inflates to more than its header declares, which `pages.rs` has bounded. The library's own codec for
//! gzip (parquet 60) ignores the declared size and reads to the end, so a page of 1 MiB could take 1 GiB.

use std::sync::{Arc, Mutex};

use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::pages::{Header, Numbers};
use crate::collect::{Gunzipper, Uninflated};

const DATA_PAGE: u64 = 0;
const INDEX_PAGE: u64 = 1;
const DICTIONARY_PAGE: u64 = 2;
const DATA_PAGE_V2: u64 = 3;

/// A row group of which some column chunks are in memory, their page headers checked.
pub(super) struct Chunks {
    pub(super) footer: Arc<ParquetMetaData>,
    pub(super) group: usize,
    /// The chunks by their columns' places.
    pub(super) read: Vec<(usize, Arc<Vec<u8>>)>,
    /// Shared by the columns, as its buffers are large and pages are many.
    pub(super) gunzipper: Arc<Mutex<Gunzipper>>,
}

impl RowGroups for Chunks {
    fn num_rows(&self) -> usize {
        usize::try_from(self.footer.row_group(self.group).num_rows()).unwrap_or_default()
    }

    fn column_chunks(&self, leaf: usize) -> Result<Box<dyn PageIterator>> {
        let found = self.read.iter().find(|(read, _)| *read == leaf);
        let (_, chunk) = found.ok_or_else(|| ParquetError::General(format!("column {leaf} was not read")))?;
        let pages = Pages { chunk: chunk.clone(), at: 0, gunzipper: self.gunzipper.clone() };
        Ok(Box::new(OneChunk(Some(pages))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.footer.row_group(self.group)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.footer
    }
}

/// A column's chunks in the row groups that are read, which is one.
struct OneChunk(Option<Pages>);

impl Iterator for OneChunk {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(|pages| Ok(Box::new(pages) as Box<dyn PageReader>))
    }
}

impl PageIterator for OneChunk {}

/// The pages of a column chunk.
struct Pages {
    chunk: Arc<Vec<u8>>,
    /// Where in the chunk the next page's header is.
    at: usize,
    gunzipper: Arc<Mutex<Gunzipper>>,
}

impl Pages {
    /// The next page's header, where its bytes begin and where they end. Pages of indices are passed over.
    fn next_header(&mut self) -> Result<Option<(Header, usize, usize)>> {
        while self.at < self.chunk.len() {
            let read = Header::read(&self.chunk[self.at..]);
            let (header, rest) =
                read.filter(|(header, rest)| header.is_sound(rest.len() as u64)).ok_or_else(damaged)?;
            let start = self.chunk.len() - rest.len();
            let end = start + size(header.compressed_bytes)?;
            if header.page_type != INDEX_PAGE {
                return Ok(Some((header, start, end)));
            }
            self.at = end;
        }
        Ok(None)
    }

    /// A page's bytes, of which the first ones are not compressed.
    fn inflate(&mut self, header: &Header, start: usize, end: usize, plain_bytes: usize) -> Result<Vec<u8>> {
        let page = &self.chunk[start..end];
        let length = size(header.uncompressed_bytes)?.checked_sub(plain_bytes).ok_or_else(damaged)?;
        let (plain, gzip) = page.split_at_checked(plain_bytes).ok_or_else(damaged)?;
        let mut bytes = plain.to_vec();
        // A page without values may be nothing at all.
        if length > 0 {
            let damaged_page = |cause: Uninflated| ParquetError::General(format!("a gzip page: {cause}"));
            self.gunzipper.lock().map_err(|_| damaged())?.inflate(gzip, length, &mut bytes).map_err(damaged_page)?;
        }
        Ok(bytes)
    }

    fn page(&mut self, header: &Header, start: usize, end: usize) -> Result<Page> {
        match (header.page_type, header.data, header.dictionary, header.data_v2) {
            (DATA_PAGE, Some(data), _, _) => Ok(Page::DataPage {
                buf: self.inflate(header, start, end, 0)?.into(),
                num_values: number(data, 1)?,
                encoding: encoding(data, 2)?,
                def_level_encoding: encoding(data, 3)?,
                rep_level_encoding: encoding(data, 4)?,
                statistics: None,
            }),
            (DICTIONARY_PAGE, _, Some(dictionary), _) => Ok(Page::DictionaryPage {
                buf: self.inflate(header, start, end, 0)?.into(),
                num_values: number(dictionary, 1)?,
                encoding: encoding(dictionary, 2)?,
                is_sorted: dictionary.size(3) == Some(1),
            }),
            (DATA_PAGE_V2, _, _, Some(data)) => {
                let (definitions, repetitions) = (number(data, 5)?, number(data, 6)?);
                let plain_bytes = size(u64::from(definitions) + u64::from(repetitions))?;
                let compressed = data.size(7) != Some(0);
                let buf = if compressed {
                    self.inflate(header, start, end, plain_bytes)?
                } else {
                    self.chunk[start..end].to_vec()
                };
                if plain_bytes > buf.len() {
                    return Err(damaged());
                }
                Ok(Page::DataPageV2 {
                    buf: buf.into(),
                    num_values: number(data, 1)?,
                    encoding: encoding(data, 4)?,
                    num_nulls: number(data, 2)?,
                    num_rows: number(data, 3)?,
                    def_levels_byte_len: definitions,
                    rep_levels_byte_len: repetitions,
                    is_compressed: compressed,
                    statistics: None,
                })
            }
            _ => Err(damaged()),
        }
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some((header, start, end)) = self.next_header()? else { return Ok(None) };
        self.at = end;
        self.page(&header, start, end).map(Some)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        let Some((header, ..)) = self.next_header()? else { return Ok(None) };
        let count = |numbers: Option<Numbers>, field| {
            numbers.and_then(|numbers| numbers.size(field)).and_then(|count| usize::try_from(count).ok())
        };
        Ok(Some(match header.page_type {
            DICTIONARY_PAGE => PageMetadata { num_rows: None, num_levels: None, is_dict: true },
            DATA_PAGE => PageMetadata { num_rows: None, num_levels: count(header.data, 1), is_dict: false },
            _ => PageMetadata {
                num_rows: count(header.data_v2, 3),
                num_levels: count(header.data_v2, 1),
                is_dict: false,
            },
        }))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        if let Some((_, _, end)) = self.next_header()? {
            self.at = end;
        }
        Ok(())
    }
}

fn damaged() -> ParquetError {
    ParquetError::General("a page header contradicts its page".to_owned())
}

fn size(bytes: u64) -> Result<usize> {
    usize::try_from(bytes).map_err(|_| damaged())
}

fn number(numbers: Numbers, field: usize) -> Result<u32> {
    numbers.size(field).and_then(|number| u32::try_from(number).ok()).ok_or_else(damaged)
}

/// The encoding that a field names, by the numbers of the Parquet format.
#[expect(deprecated, reason = "old files name it")]
fn encoding(numbers: Numbers, field: usize) -> Result<Encoding> {
    Ok(match numbers.size(field).ok_or_else(damaged)? {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        4 => Encoding::BIT_PACKED,
        5 => Encoding::DELTA_BINARY_PACKED,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        other => return Err(ParquetError::General(format!("encoding {other} of values is not known"))),
    })
}
