//! CSV files of AWS's, streamed: price lists and bills have gigabytes. A record has bounded bytes, so that a quote that
//! is not closed does not take the rest of the file. Tables that users write are read in `csv_table.rs`.

use std::io::{self, Read};

pub use csv::ByteRecord;

/// Maximum bytes of a record; more means an unterminated quote, which would be buffered until the end.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// The records of a file, one after another.
#[derive(Debug)]
pub struct CsvStream<R> {
    reader: csv::Reader<Bounded<R>>,
}

impl<R: Read> CsvStream<R> {
    /// Nothing of the input read yet.
    pub fn new(input: R) -> Self {
        let bounded = Bounded { input, left: RECORD_BYTES_MAX };
        Self { reader: csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(bounded) }
    }

    /// Reads a record; false after the last one.
    ///
    /// # Errors
    /// If the input cannot be read, or a record has more than [`RECORD_BYTES_MAX`].
    pub fn next(&mut self, record: &mut ByteRecord) -> io::Result<bool> {
        self.reader.get_mut().left = RECORD_BYTES_MAX;
        Ok(self.reader.read_byte_record(record)?)
    }
}

/// An input that limits the length of a record until the next one starts.
#[derive(Debug)]
struct Bounded<R> {
    input: R,
    left: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other(format!("a line has more than {RECORD_BYTES_MAX} bytes")));
        }
        let most = buffer.len().min(self.left);
        let taken = self.input.read(&mut buffer[..most])?;
        self.left -= taken;
        Ok(taken)
    }
}
