//! A gzip file's bytes → what it inflates to, member after member, into the block the caller reads.
//!
//! [`Gunzip`] is the only door to an inflater: a faster one is swapped in behind the same [`Stream`]. It tells a file
//! that was cut off from one that is damaged, and stops at a limit, so that a small file cannot fill the disk or the
//! day. It streams, so lines are given before their member's checksum is known to be right.

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

use super::stream::{Ending, Peeked, Stop, Stream};

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
    inflate: Decompress,
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
            inflate: Decompress::new(false),
            checksum: Hasher::new(),
            length: 0,
            place: Place::Between,
            given: 0,
            limit,
        }
    }

    /// Reads compressed bytes where all were used; false at the good end of the source.
    fn refill(&mut self) -> Result<bool, Stop> {
        if self.used == self.input.len() {
            self.input.clear();
            self.used = 0;
            self.source.append(&mut self.input)?;
        }
        Ok(self.used < self.input.len())
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
        self.inflate.reset(false);
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

    /// Inflates into the block until there is something new, or the member ends.
    fn body(&mut self, block: &mut Vec<u8>) -> Result<(), Stop> {
        loop {
            let before = block.len();
            let total_in = self.inflate.total_in();
            let input = &self.input[self.used..];
            let result = self.inflate.decompress_vec(input, block, FlushDecompress::None);
            let consumed = usize::try_from(self.inflate.total_in() - total_in).unwrap_or(usize::MAX);
            self.used = self.input.len().min(self.used + consumed);
            self.account(&block[before..]);
            match result {
                // What was inflated before the damage is good until the checksum says otherwise.
                Err(_) => return Err(self.corrupt("the deflate data is invalid")),
                Ok(Status::StreamEnd) => {
                    self.place = Place::Trailer;
                    return Ok(());
                }
                Ok(_) if block.len() > before => return Ok(()),
                Ok(_) if self.used < self.input.len() && consumed == 0 => {
                    return Err(self.corrupt("the deflate data leads nowhere"));
                }
                Ok(_) => {}
            }
            if !self.refill().map_err(|stop| Stop::cut(stop.ending))? {
                return Err(Stop::cut(Ending::Truncated { after_bytes: self.given }));
            }
        }
    }

    fn account(&mut self, new: &[u8]) {
        self.checksum.update(new);
        self.given += new.len() as u64;
        self.length += new.len() as u64;
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
    fn step(&mut self, block: &mut Vec<u8>) -> Result<bool, Stop> {
        match &self.place {
            Place::Between => {
                if !self.begin_member()? {
                    return Ok(false);
                }
                self.place = Place::Body;
            }
            Place::Body => self.body(block)?,
            Place::Trailer => self.trailer()?,
            Place::Stopped(stop) => return Err(stop.clone()),
        }
        Ok(true)
    }

    /// Takes back what is beyond the limit.
    fn keep_to_limit(&mut self, block: &mut Vec<u8>) {
        let excess = usize::try_from(self.given.saturating_sub(self.limit)).unwrap_or(usize::MAX);
        if excess > 0 {
            block.truncate(block.len() - excess.min(block.len()));
            self.given = self.limit;
            self.place = Place::Stopped(Stop::cut(Ending::TooLarge { limit: self.limit }));
        }
    }
}

impl Stream for Gunzip {
    fn append(&mut self, block: &mut Vec<u8>) -> Result<usize, Stop> {
        let before = block.len();
        while block.len() == before {
            match self.step(block) {
                Ok(true) => {}
                Ok(false) => break,
                Err(stop) => self.place = Place::Stopped(stop),
            }
            self.keep_to_limit(block);
            match &self.place {
                Place::Stopped(stop) if block.len() == before => return Err(stop.clone()),
                _ => {}
            }
        }
        Ok(block.len() - before)
    }

    fn stored_bytes_read(&self) -> u64 {
        self.source.stored_bytes_read()
    }
}
