//! A gzip file in memory. The check sum is not the compressor's own: unoptimized, as in tests, that one takes two thirds
//! of the generator's time.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// A member without name or time, made by an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A file that is being written.
pub(crate) struct Gzip {
    deflate: DeflateEncoder<Vec<u8>>,
    sum: crc32fast::Hasher,
    /// Bytes written, modulo 2³².
    length: u32,
}

impl Gzip {
    /// An empty file.
    pub(crate) fn new(level: u32) -> Self {
        let deflate = DeflateEncoder::new(HEADER.to_vec(), Compression::new(level));
        Self { deflate, sum: crc32fast::Hasher::new(), length: 0 }
    }

    /// Appends text.
    pub(crate) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.sum.update(text);
        self.length = self.length.wrapping_add(u32::try_from(text.len()).map_err(io::Error::other)?);
        self.deflate.write_all(text)
    }

    /// The whole file.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        let mut bytes = self.deflate.finish()?;
        bytes.extend(self.sum.finalize().to_le_bytes());
        bytes.extend(self.length.to_le_bytes());
        Ok(bytes)
    }
}
