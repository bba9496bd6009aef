//! A gzip file's bytes → what it inflates to, member after member, into the block the caller reads.
//!
//! [`Gunzip`] wraps the inflater, which does not know gzip ([`Gunzipper`] is the same for data in memory). It
//! distinguishes truncated from damaged files and enforces a size limit against decompression bombs. It streams, so
//! lines are returned before their member's checksum is verified.

mod bits;
mod codes;
mod fast;
mod inflate;
mod tables;
#[cfg(test)]
mod tests;

use crc32fast::Hasher;

use self::inflate::{Inflate, Invalid, Pause};
use super::stream::{Ending, Peeked, Plain, Stop, Stream};

/// What a gzip member begins with.
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// How many compressed bytes are read at once.
const INPUT_BYTES: usize = 64 << 10;

const METHOD_DEFLATE: u8 = 8;
const FLAG_HEADER_CRC: u8 = 1 << 1;
const FLAG_EXTRA: u8 = 1 << 2;
const FLAG_NAME: u8 = 1 << 3;
const FLAG_COMMENT: u8 = 1 << 4;
const FLAGS_RESERVED: u8 = 0b1110_0000;

/// How many times its size deflate data can inflate to.
const DEFLATE_RATIO_MAX: usize = 1032;

/// Gzip data in memory, as in the pages of Parquet files, inflated piece by piece with the same buffers.
#[derive(Debug)]
pub struct Gunzipper(Gunzip);

/// Why gzip data in memory does not inflate to what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uninflated {
    /// It is damaged, cut off, or more than it should be.
    #[error("{0}")]
    Ended(Ending),
    /// It is less than it should be.
    #[error("inflates to {given} bytes instead of {length}")]
    Length {
        /// How many bytes it gave.
        given: usize,
        /// How many it should give.
        length: usize,
    },
}

impl Default for Gunzipper {
    fn default() -> Self {
        Self(Gunzip::new(in_memory(Vec::new()), 0))
    }
}

impl Gunzipper {
    /// Appends what a whole piece of gzip data inflates to, which must be so many bytes.
    ///
    /// # Errors
    /// If the data is damaged.
    pub fn inflate(&mut self, gzip: &[u8], length: usize, output: &mut Vec<u8>) -> Result<(), Uninflated> {
        self.0.begin(in_memory(gzip.to_vec()), length as u64);
        let (start, possible) = (output.len(), gzip.len().saturating_mul(DEFLATE_RATIO_MAX));
        // A byte of room is left over, so that the end is come to.
        output.reserve(length.min(possible) + 1);
        while self.0.append(output).map_err(|stop| Uninflated::Ended(stop.ending))? > 0 {}
        let given = output.len() - start;
        if given == length { Ok(()) } else { Err(Uninflated::Length { given, length }) }
    }
}

fn in_memory(bytes: Vec<u8>) -> Peeked {
    Peeked::new(Box::new(Plain::new(std::io::Cursor::new(bytes))))
}

/// Where in the file we are.
#[derive(Debug)]
enum Place {
    /// At the start of the file or behind a member.
    Between,
    Body,
    Trailer,
    Stopped(Stop),
}

/// A stream of gzip members, inflated.
#[derive(Debug)]
pub(super) struct Gunzip {
    source: Peeked,
    input: Vec<u8>,
    used: usize,
    inflate: Inflate,
    /// Of the member's inflated bytes, or of its header.
    checksum: Hasher,
    /// How many bytes the member inflated to.
    length: u64,
    place: Place,
    given: u64,
    limit: u64,
}

impl Gunzip {
    /// Inflates up to `limit` bytes of a source that begins with [`GZIP_MAGIC`].
    pub(super) fn new(source: Peeked, limit: u64) -> Self {
        Self {
            source,
            input: Vec::with_capacity(INPUT_BYTES),
            used: 0,
            inflate: Inflate::new(),
            checksum: Hasher::new(),
            length: 0,
            place: Place::Between,
            given: 0,
            limit,
        }
    }

    /// Restarts with another source, keeping the buffers.
    fn begin(&mut self, source: Peeked, limit: u64) {
        self.input.clear();
        (self.source, self.used, self.place, self.given, self.limit) = (source, 0, Place::Between, 0, limit);
        self.inflate.reset();
    }

    /// Reads more compressed bytes after the unused ones; false at a regular end of the source.
    fn read(&mut self) -> Result<bool, Stop> {
        self.input.drain(..self.used);
        self.used = 0;
        Ok(self.source.append(&mut self.input)? > 0)
    }

    /// Whether there are compressed bytes.
    fn refill(&mut self) -> Result<bool, Stop> {
        Ok(self.used < self.input.len() || self.read()?)
    }

    /// The next compressed byte, which must be there.
    fn byte(&mut self) -> Result<u8, Stop> {
        if !self.refill().map_err(|stop| Stop::cut(stop.ending))? {
            return Err(Stop::cut(Ending::Truncated { after_bytes: self.given }));
        }
        self.used += 1;
        Ok(self.input[self.used - 1])
    }

    fn bytes<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], Stop> {
        let mut bytes = [0; COUNT];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    /// The next bytes of a header, which may be summed up at its end.
    fn header_bytes<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], Stop> {
        let bytes = self.bytes()?;
        self.checksum.update(&bytes);
        Ok(bytes)
    }

    fn corrupt(&self, cause: impl Into<String>) -> Stop {
        Stop::cut(Ending::Corrupt { after_bytes: self.given, cause: cause.into() })
    }

    /// Reads the header of the next member; false if there is none. Zeros between members are padding.
    fn begin_member(&mut self) -> Result<bool, Stop> {
        loop {
            if !self.refill()? {
                return Ok(false);
            }
            match self.input[self.used] {
                0 => self.used += 1,
                first if first == GZIP_MAGIC[0] => break,
                _ => return Err(self.trailing_garbage()),
            }
        }
        self.checksum.reset();
        if self.header_bytes()? != GZIP_MAGIC {
            return Err(self.trailing_garbage());
        }
        self.header()?;
        self.inflate.reset();
        self.checksum.reset();
        self.length = 0;
        Ok(true)
    }

    /// The members before it were whole, and so is their last line.
    fn trailing_garbage(&self) -> Stop {
        Stop { last_line_whole: true, ..self.corrupt("garbage after the end of the gzip data") }
    }

    /// Reads a header behind its magic number (RFC 1952, section 2.3).
    fn header(&mut self) -> Result<(), Stop> {
        let [method, flags, _, _, _, _, _, _] = self.header_bytes()?;
        if method != METHOD_DEFLATE || flags & FLAGS_RESERVED != 0 {
            return Err(self.corrupt("the gzip header is not one"));
        }
        if flags & FLAG_EXTRA != 0 {
            for _ in 0..u16::from_le_bytes(self.header_bytes()?) {
                self.header_bytes::<1>()?;
            }
        }
        for text in [FLAG_NAME, FLAG_COMMENT] {
            while flags & text != 0 && self.header_bytes()? != [0] {}
        }
        let [low, high, _, _] = self.checksum.clone().finalize().to_le_bytes();
        if flags & FLAG_HEADER_CRC != 0 && self.bytes()? != [low, high] {
            return Err(self.corrupt("the checksum of the gzip header is wrong"));
        }
        Ok(())
    }

    /// Inflates further, once everything was given.
    fn body(&mut self) -> Result<(), Stop> {
        let (used, result) = self.inflate.inflate(&self.input[self.used..]);
        self.used += used;
        self.account()?;
        match result {
            // What was inflated before the damage is good until the checksum says otherwise.
            Err(Invalid) => Err(self.corrupt("the deflate data is invalid")),
            Ok(Pause::End) => {
                self.place = Place::Trailer;
                Ok(())
            }
            Ok(Pause::Midst) if !self.inflate.pending().is_empty() => Ok(()),
            Ok(Pause::Midst) => match self.read().map_err(|stop| Stop::cut(stop.ending))? {
                true => Ok(()),
                false => Err(Stop::cut(Ending::Truncated { after_bytes: self.given })),
            },
        }
    }

    /// Counts what was inflated, and takes back what is beyond the limit.
    fn account(&mut self) -> Result<(), Stop> {
        let new = self.inflate.pending();
        self.checksum.update(new);
        self.length += new.len() as u64;
        self.given += new.len() as u64;
        let Some(excess @ 1..) = self.given.checked_sub(self.limit) else { return Ok(()) };
        self.inflate.take_back(usize::try_from(excess).unwrap_or(usize::MAX));
        self.given = self.limit;
        Err(Stop::cut(Ending::TooLarge { limit: self.limit }))
    }

    fn trailer(&mut self) -> Result<(), Stop> {
        let checksum = u32::from_le_bytes(self.bytes()?);
        let length = u64::from(u32::from_le_bytes(self.bytes()?));
        if checksum != self.checksum.clone().finalize() {
            return Err(self.corrupt("the checksum (CRC-32) is wrong"));
        }
        if length != self.length & u64::from(u32::MAX) {
            return Err(self.corrupt("the length in the gzip trailer is wrong"));
        }
        self.place = Place::Between;
        Ok(())
    }

    /// Goes one place on; false at the good end.
    fn step(&mut self) -> Result<bool, Stop> {
        match &self.place {
            Place::Between => {
                if !self.begin_member()? {
                    return Ok(false);
                }
                self.place = Place::Body;
            }
            Place::Body => self.body()?,
            Place::Trailer => self.trailer()?,
            Place::Stopped(stop) => return Err(stop.clone()),
        }
        Ok(true)
    }
}

impl Stream for Gunzip {
    fn append(&mut self, block: &mut Vec<u8>) -> Result<usize, Stop> {
        while self.inflate.pending().is_empty() {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(stop) if self.inflate.pending().is_empty() => return Err(stop),
                Err(stop) => self.place = Place::Stopped(stop),
            }
        }
        Ok(self.inflate.give(block))
    }

    fn stored_bytes_read(&self) -> u64 {
        self.source.stored_bytes_read()
    }
}
