//! An object's bytes from first to last: parts, several of them on their way, given in order.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::S3Object;
use super::part::{Bytes, First, Part};
use super::ranges::Ranges;
use crate::collect::access::{RandomAccess, of_bytes};
use crate::collect::stream::{Ending, HEAD_BYTES, Stop, Stream};

/// A download in progress.
#[derive(Debug)]
pub(super) struct Download {
    object: Arc<S3Object>,
    /// On their way, in order.
    parts: VecDeque<Part>,
    /// Where the part begins that is asked for next.
    next: u64,
    footer: Option<(u64, Part)>,
    /// What has come and was not given yet.
    piece: Bytes,
    given: u64,
    /// What was given, as long as it is no more than is looked at to tell what the object is.
    head: Vec<u8>,
}

impl Download {
    pub(super) fn new(object: Arc<S3Object>, first: First) -> Self {
        let First { start, end, footer } = first;
        let parts = VecDeque::from([start]);
        Self { object, parts, next: end, footer, piece: Bytes::new(), given: 0, head: Vec::new() }
    }

    /// Asks for more parts, once it is clear that the object is read from first to last.
    fn ask(&mut self) -> io::Result<()> {
        let limits = self.object.bucket.options().limits;
        self.footer = None;
        while self.parts.len() < limits.parts_ahead.max(1) && self.next < self.object.bytes {
            let end = self.object.bytes.min(self.next + limits.part_bytes.max(1));
            self.parts.push_back(Part::start(&self.object, self.next..end)?);
            self.next = end;
        }
        Ok(())
    }

    /// Waits until there is something to give, and says whether there is.
    fn wait(&mut self) -> io::Result<bool> {
        while self.piece.is_empty() {
            let Some(part) = self.parts.front_mut() else { return Ok(false) };
            match part.next() {
                Some(piece) => self.piece = piece.map_err(io::Error::other)?,
                None => {
                    self.parts.pop_front();
                    if self.next < self.object.bytes {
                        self.ask()?;
                    }
                }
            }
        }
        Ok(true)
    }
}

impl Stream for Download {
    fn append(&mut self, block: &mut Vec<u8>) -> Result<usize, Stop> {
        let failed = |error: io::Error| Stop::cut(Ending::Failed { cause: error.to_string() });
        if self.given >= HEAD_BYTES as u64 {
            self.ask().map_err(failed)?;
        }
        if !self.wait().map_err(failed)? {
            return Ok(0);
        }
        let length = self.piece.len().min(block.capacity() - block.len());
        let bytes = self.piece.split_to(length);
        block.extend_from_slice(&bytes);
        if self.head.len() < HEAD_BYTES {
            self.head.extend_from_slice(&bytes);
        }
        self.given += length as u64;
        Ok(length)
    }

    fn stored_bytes_read(&self) -> u64 {
        self.given
    }

    /// What was fetched already is used: the whole of a small object, the footer of a large one.
    fn random_access(&mut self) -> io::Result<Option<Arc<dyn RandomAccess>>> {
        let all_held = self.parts.len() <= 1 && self.head.len() as u64 == self.given;
        if all_held && self.next == self.object.bytes {
            let mut bytes = std::mem::take(&mut self.head);
            bytes.extend_from_slice(&self.piece);
            self.parts.front_mut().map_or(Ok(()), |part| part.rest(&mut bytes))?;
            return Ok(Some(of_bytes(bytes)));
        }
        self.parts.clear();
        Ok(Some(Arc::new(Ranges::new(Arc::clone(&self.object), self.footer.take()))))
    }
}
