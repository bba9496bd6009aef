//! An object that is no flow log, such as a price list: its bytes without compression, in order.

use std::io::{self, Read};

use super::content::{ObjectError, inflated};
use super::stream::{Peeked, Stream};
use super::{BLOCK_BYTES, Limits, Object};

/// The bytes of an object without its gzip layers, if it has any.
#[derive(Debug)]
pub struct Inflated {
    stream: Peeked,
    block: Vec<u8>,
    taken: usize,
}

impl Inflated {
    /// Opens an object, whatever it holds.
    ///
    /// # Errors
    /// If it cannot be opened, or was gzipped again and again.
    pub fn open(object: &Object, limits: &Limits) -> Result<Self, ObjectError> {
        Ok(Self { stream: inflated(object.stream(), limits)?, block: Vec::with_capacity(BLOCK_BYTES), taken: 0 })
    }
}

impl Read for Inflated {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.block.len() {
            self.block.clear();
            self.taken = 0;
            self.stream.append(&mut self.block).map_err(|stop| io::Error::other(stop.ending.to_string()))?;
        }
        let bytes = room.len().min(self.block.len() - self.taken);
        room[..bytes].copy_from_slice(&self.block[self.taken..self.taken + bytes]);
        self.taken += bytes;
        Ok(bytes)
    }
}
