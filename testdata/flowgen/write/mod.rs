//! How records become a file: which value each field of a format has, as text or as columns of Parquet.

use std::io::Write;
use std::net::IpAddr;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::options::{Encoding, Options};
use super::traffic::Record;
use super::world::Stream;

mod columns;
mod fields;
mod text;

use columns::Columns;
use text::Text;

pub(crate) use fields::{interface_type, version};
pub(crate) use text::{header, push};

/// The value of a field in a record.
pub(crate) enum Field<'a> {
    Absent,
    Text(&'a str),
    Number(u64),
    Address(IpAddr),
    /// Text that is put together for this record, as ARNs are.
    Made(String),
}

/// A file that is being written, to memory.
pub(super) enum File<'w> {
    Plain(Text<'w>, Vec<u8>),
    Gzip(Text<'w>, Box<GzEncoder<Vec<u8>>>),
    Parquet(Box<Columns<'w>>),
}

impl<'w> File<'w> {
    /// An empty file; a text's header is in it already.
    pub(super) fn new(options: &Options, stream: &'w Stream) -> Result<Self, String> {
        let mut file = match options.encoding {
            Encoding::Parquet => return Ok(Self::Parquet(Box::new(Columns::new(&options.columns, stream)?))),
            Encoding::Plain => Self::Plain(Text::new(&options.columns, stream), Vec::new()),
            Encoding::Gzip => {
                let encoder = GzEncoder::new(Vec::new(), Compression::new(options.gz_level));
                Self::Gzip(Text::new(&options.columns, stream), Box::new(encoder))
            }
        };
        file.write(&[])?;
        Ok(file)
    }

    /// Appends records.
    pub(super) fn write(&mut self, records: &[Record<'w>]) -> Result<(), String> {
        match self {
            Self::Plain(text, bytes) => {
                bytes.extend_from_slice(text.lines(records));
                Ok(())
            }
            Self::Gzip(text, encoder) => encoder.write_all(text.lines(records)).map_err(|error| error.to_string()),
            Self::Parquet(columns) => columns.write(records),
        }
    }

    /// The whole file.
    pub(super) fn finish(self) -> Result<Vec<u8>, String> {
        match self {
            Self::Plain(_, bytes) => Ok(bytes),
            Self::Gzip(_, encoder) => encoder.finish().map_err(|error| error.to_string()),
            Self::Parquet(columns) => columns.finish(),
        }
    }
}
