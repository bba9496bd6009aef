//! An object that is no flow log, such as a price list or a bill: its bytes without compression, in order.

use std::io::{self, Read};

use super::content::{ObjectError, inflated};
use super::stream::Ending;
use super::{Limits, Lines, Object};

/// The bytes of an object without its gzip layers, if it has any. One that is cut or damaged ends with an error.
#[derive(Debug)]
pub struct Inflated {
    lines: Lines,
    piece: Vec<u8>,
    taken: usize,
}

impl Inflated {
    /// Opens an object, whatever it holds.
    ///
    /// # Errors
    /// If it cannot be opened, or was gzipped again and again.
    pub fn open(object: &Object, limits: &Limits) -> Result<Self, ObjectError> {
        let stream = Box::new(inflated(object.stream(), limits)?);
        Ok(Self::of(Lines::new(stream, limits.block_bytes, limits.line_bytes)))
    }

    /// The bytes of text that was recognised.
    #[must_use]
    pub fn of(lines: Lines) -> Self {
        Self { lines, piece: Vec::new(), taken: 0 }
    }
}

impl Read for Inflated {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() {
            self.taken = 0;
            if !self.lines.next_piece(&mut self.piece) {
                return match self.lines.ending() {
                    Ending::Complete => Ok(0),
                    ending => Err(io::Error::other(ending.to_string())),
                };
            }
        }
        let bytes = room.len().min(self.piece.len() - self.taken);
        room[..bytes].copy_from_slice(&self.piece[self.taken..self.taken + bytes]);
        self.taken += bytes;
        Ok(bytes)
    }
}
