//! Bytes from first to last, and how they end. Every layer (a file, an inflater) is one [`Stream`] over another.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use super::access::{self, RandomAccess};

/// How an object's bytes ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All of them were given.
    Complete,
    /// Compressed data that stops in its middle.
    Truncated {
        /// How many inflated bytes came before.
        after_bytes: u64,
    },
    /// Compressed data that is damaged. Output before a wrong checksum may be damaged as well.
    Corrupt {
        /// How many inflated bytes came before.
        after_bytes: u64,
        /// The error message.
        cause: String,
    },
    /// More inflated bytes than allowed; as many as are allowed were given.
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The store failed to give the bytes.
    Failed {
        /// What it says.
        cause: String,
    },
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Complete => f.write_str("complete"),
            Self::Truncated { after_bytes } => write!(f, "cut off after {after_bytes} inflated bytes"),
            Self::Corrupt { after_bytes, cause } => write!(f, "damaged after {after_bytes} inflated bytes: {cause}"),
            Self::TooLarge { limit } => write!(f, "inflates to more than the limit of {limit} bytes"),
            Self::Failed { cause } => write!(f, "cannot be read further: {cause}"),
        }
    }
}

/// Why a stream ended before its good end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    /// The same, for the reader.
    pub(super) ending: Ending,
    /// Whether a last line without a newline is a line nevertheless, and not the start of one.
    pub(super) last_line_whole: bool,
}

impl Stop {
    /// A stop in the midst of the data.
    pub(super) fn cut(ending: Ending) -> Self {
        Self { ending, last_line_whole: false }
    }
}

/// A layer: bytes in, bytes out.
pub(super) trait Stream: Send + std::fmt::Debug {
    /// Appends bytes to the spare capacity of the block, which must not be nothing and is not grown, and says how
    /// many. None are the good end. What could be given before a stop is given first.
    fn append(&mut self, block: &mut Vec<u8>) -> Result<usize, Stop>;

    /// How many bytes of the stored object have been used up.
    fn stored_bytes_read(&self) -> u64;

    /// The stored bytes at any place, where these are they and the store can give that; an inflater's are not. Only
    /// [`HEAD_BYTES`] may have been read before, and nothing may be read after.
    fn random_access(&mut self) -> io::Result<Option<Arc<dyn RandomAccess>>> {
        Ok(None)
    }
}

/// The lowest layer for a file of this machine.
#[derive(Debug)]
pub(super) struct FileStream {
    file: Plain<File>,
    /// Its size when it was listed; a file that is rotated or cut off since then holds less.
    listed_bytes: u64,
}

impl FileStream {
    pub(super) fn new(file: File, listed_bytes: u64) -> Self {
        Self { file: Plain::new(file), listed_bytes }
    }
}

impl Stream for FileStream {
    fn append(&mut self, block: &mut Vec<u8>) -> Result<usize, Stop> {
        match self.file.append(block) {
            Ok(0) if self.stored_bytes_read() < self.listed_bytes => {
                let (now, then) = (self.stored_bytes_read(), self.listed_bytes);
                let cause =
                    format!("the file was truncated: it had {then} bytes when it was listed, and ends at {now}");
                Err(Stop::cut(Ending::Failed { cause }))
            }
            appended => appended,
        }
    }

    fn stored_bytes_read(&self) -> u64 {
        self.file.stored_bytes_read()
    }

    fn random_access(&mut self) -> io::Result<Option<Arc<dyn RandomAccess>>> {
        access::of_file(&self.file.reader)
    }
}

/// The lowest layer where there is nothing but a reader: stored bytes as they are.
#[derive(Debug)]
pub(super) struct Plain<R> {
    reader: R,
    bytes_read: u64,
}

impl<R: Read> Plain<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, bytes_read: 0 }
    }
}

impl<R: Read + Send + std::fmt::Debug> Stream for Plain<R> {
    fn append(&mut self, block: &mut Vec<u8>) -> Result<usize, Stop> {
        let before = block.len();
        let spare = (block.capacity() - before) as u64;
        let result = self.reader.by_ref().take(spare).read_to_end(block);
        let bytes = block.len() - before;
        self.bytes_read += bytes as u64;
        match result {
            Err(error) if bytes == 0 => Err(Stop::cut(Ending::Failed { cause: io_cause(&error) })),
            _ => Ok(bytes),
        }
    }

    fn stored_bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

/// What an I/O error says, in the words of this program.
#[must_use]
pub fn io_cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// Number of bytes at the start used for content detection.
pub(super) const HEAD_BYTES: usize = 1024;

/// A stream with a peekable start, which stays at its end.
#[derive(Debug)]
pub(super) struct Peeked {
    rest: Box<dyn Stream>,
    head: Vec<u8>,
    taken: usize,
    end: Option<Result<usize, Stop>>,
}

impl Peeked {
    /// Reads the first [`HEAD_BYTES`] and keeps them.
    pub(super) fn new(rest: Box<dyn Stream>) -> Self {
        let mut peeked = Self { rest, head: Vec::new(), taken: 0, end: None };
        let mut head = Vec::with_capacity(HEAD_BYTES);
        while head.len() < HEAD_BYTES && peeked.append(&mut head).is_ok_and(|bytes| bytes > 0) {}
        peeked.head = head;
        peeked
    }

    /// The remainder of the start.
    pub(super) fn head(&self) -> &[u8] {
        &self.head[self.taken..]
    }

    /// Leaves out bytes at the start.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.taken = self.head.len().min(self.taken + bytes);
    }

    /// How a stream ends that has no bytes (left); nothing where it has some.
    pub(super) fn end_if_empty(&self) -> Option<&Result<usize, Stop>> {
        if self.head().is_empty() { self.end.as_ref() } else { None }
    }
}

impl Stream for Peeked {
    fn append(&mut self, block: &mut Vec<u8>) -> Result<usize, Stop> {
        let bytes = self.head().len().min(block.capacity() - block.len());
        if bytes > 0 {
            block.extend_from_slice(&self.head[self.taken..self.taken + bytes]);
            self.taken += bytes;
            return Ok(bytes);
        }
        if let Some(end) = &self.end {
            return end.clone();
        }
        let result = self.rest.append(block);
        if !matches!(result, Ok(bytes) if bytes > 0) {
            self.end = Some(result.clone());
        }
        result
    }

    fn stored_bytes_read(&self) -> u64 {
        self.rest.stored_bytes_read()
    }

    fn random_access(&mut self) -> io::Result<Option<Arc<dyn RandomAccess>>> {
        self.rest.random_access()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives some bytes and fails then.
    #[derive(Debug)]
    struct Failing(usize);

    impl Read for Failing {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let bytes = self.0.min(room.len());
            self.0 -= bytes;
            room[..bytes].fill(b'x');
            if bytes == 0 { Err(io::Error::other("the disk is gone")) } else { Ok(bytes) }
        }
    }

    #[test]
    fn bytes_before_an_io_error_are_given_and_the_error_stays() {
        let mut stream = Peeked::new(Box::new(Plain::new(Failing(1500))));
        let mut block = Vec::with_capacity(4096);
        while stream.append(&mut block).is_ok() {}
        assert_eq!((block.len(), stream.stored_bytes_read()), (1500, 1500));
        let stop = Stop::cut(Ending::Failed { cause: "the disk is gone".to_owned() });
        assert_eq!(stream.append(&mut block), Err(stop));
    }

    #[test]
    fn what_was_looked_at_is_read_again_and_what_was_skipped_is_not() {
        let text: Vec<u8> = (0..3000u32).map(|place| place.to_le_bytes()[0]).collect();
        let mut stream = Peeked::new(Box::new(Plain::new(io::Cursor::new(text.clone()))));
        assert_eq!(stream.head(), &text[..HEAD_BYTES]);
        stream.skip(3);
        let mut all = Vec::new();
        loop {
            all.reserve_exact(7);
            if stream.append(&mut all) == Ok(0) {
                break;
            }
        }
        assert!(all == text[3..]);
    }
}
