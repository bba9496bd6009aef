//! A stream → blocks of whole lines.
//!
//! What is in a line is the decoder's matter. Here lines are only kept whole, and bounded: whether a line is too long
//! depends on the line alone, not on where the blocks happen to be cut.

use memchr::{memchr, memrchr};

use super::stream::{Ending, Stream};

/// How much of a line that is too long is given, to show it.
pub const LONG_LINE_START_BYTES: usize = 4096;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Whole lines. Only the last line of an object may end without a newline.
    Lines,
    /// One line that is longer than the limit was skipped at this place; the buffer holds its first bytes, at most
    /// [`LONG_LINE_START_BYTES`].
    LongLine {
        /// How long it is, without its newline.
        bytes: u64,
    },
}

/// The lines of an object, from first to last.
#[derive(Debug)]
pub struct Lines {
    stream: Box<dyn Stream>,
    block_bytes: usize,
    line_bytes: usize,
    /// Read and not given yet: whole lines (only after a line that is too long), then the start of a line.
    held: Vec<u8>,
    held_from: usize,
    /// Where the whole lines end; at or before `held_from` if there are none.
    held_whole: usize,
    ending: Ending,
    ended: bool,
    last_line_whole: bool,
}

impl Lines {
    /// Cuts a stream into blocks of about `block_bytes`, and skips lines longer than `line_bytes`.
    pub(super) fn new(stream: Box<dyn Stream>, block_bytes: usize, line_bytes: usize) -> Self {
        Self {
            stream,
            block_bytes: block_bytes.max(1),
            line_bytes,
            held: Vec::new(),
            held_from: 0,
            held_whole: 0,
            ending: Ending::Complete,
            ended: false,
            last_line_whole: true,
        }
    }

    /// Replaces the buffer by the next lines; empty after the last.
    ///
    /// The last line of a truncated object is dropped, since it may look like a valid record. Memory is bounded by the
    /// block size and the line limit for any object.
    pub fn next_block(&mut self, block: &mut Vec<u8>) -> Option<Block> {
        block.clear();
        if let Some(given) = self.give_held(block) {
            return Some(given);
        }
        block.extend_from_slice(&self.held[self.held_from..]);
        self.hold(&[], 0);
        let Some(whole) = self.read_lines(block) else {
            return Some(self.skip_long_line(block));
        };
        if self.ended {
            block.truncate(whole);
        }
        let good = first_long_line(&block[..whole], self.line_bytes).map_or(whole, |(start, _)| start);
        self.hold(&block[good..], whole - good);
        block.truncate(good);
        if good == 0 { self.give_held(block) } else { Some(Block::Lines) }
    }

    /// Replaces the buffer by what comes next, whole lines or not; false after the end. Not to be mixed with
    /// [`Self::next_block`].
    pub fn next_piece(&mut self, piece: &mut Vec<u8>) -> bool {
        piece.clear();
        self.read(piece);
        !piece.is_empty()
    }

    /// How the object ended, once [`Self::next_block`] has given none.
    #[must_use]
    pub fn ending(&self) -> &Ending {
        &self.ending
    }

    /// How many bytes of the stored (compressed) object have been read, for showing progress.
    #[must_use]
    pub fn stored_bytes_read(&self) -> u64 {
        self.stream.stored_bytes_read()
    }

    fn hold(&mut self, bytes: &[u8], whole: usize) {
        self.held.clear();
        self.held.extend_from_slice(bytes);
        (self.held_from, self.held_whole) = (0, whole);
    }

    /// Gives from the whole lines that are held: those before a line that is too long, or that one.
    fn give_held(&mut self, block: &mut Vec<u8>) -> Option<Block> {
        let lines = self.held.get(self.held_from..self.held_whole).filter(|lines| !lines.is_empty())?;
        let (end, given) = match first_long_line(lines, self.line_bytes) {
            Some((0, length)) => {
                block.extend_from_slice(&lines[..length.min(LONG_LINE_START_BYTES)]);
                ((length + 1).min(lines.len()), Block::LongLine { bytes: length as u64 })
            }
            found => {
                let end = found.map_or(lines.len(), |(start, _)| start);
                block.extend_from_slice(&lines[..end]);
                (end, Block::Lines)
            }
        };
        self.held_from += end;
        Some(given)
    }

    /// Reads behind the start of a line until there are whole lines, and says where they end; nothing if the first
    /// line is longer than the limit already and goes on.
    fn read_lines(&mut self, block: &mut Vec<u8>) -> Option<usize> {
        loop {
            let searched = block.len();
            self.read(block);
            if self.ended && self.last_line_whole {
                return Some(block.len());
            }
            match memrchr(b'\n', &block[searched..]) {
                Some(place) => return Some(searched + place + 1),
                None if self.ended => return Some(0),
                None if block.len() > self.line_bytes => return None,
                None => {}
            }
        }
    }

    /// Reads on until the line in the block, which is too long, ends.
    fn skip_long_line(&mut self, block: &mut Vec<u8>) -> Block {
        let mut bytes = block.len() as u64;
        block.truncate(LONG_LINE_START_BYTES);
        let mut next = std::mem::take(&mut self.held);
        let mut place = None;
        while place.is_none() && !self.ended {
            next.clear();
            self.read(&mut next);
            place = memchr(b'\n', &next);
            let more = &next[..place.unwrap_or(next.len())];
            bytes += more.len() as u64;
            block.extend_from_slice(&more[..more.len().min(LONG_LINE_START_BYTES - block.len())]);
        }
        self.held_from = place.map_or(next.len(), |place| place + 1);
        self.held_whole = if self.ended && self.last_line_whole {
            next.len()
        } else {
            memrchr(b'\n', &next).map_or(0, |place| place + 1)
        };
        self.held = next;
        Block::LongLine { bytes }
    }

    /// Appends from the stream until the buffer is about a block longer, or notes how the stream ended.
    fn read(&mut self, buffer: &mut Vec<u8>) {
        let target = (buffer.len() / self.block_bytes + 1) * self.block_bytes;
        // A stream fills all the room there is. Room that was left of a long stretch without a newline would let the next
        // one be longer, and so on.
        buffer.reserve_exact(target - buffer.len());
        buffer.shrink_to(target);
        while buffer.len() < target && !self.ended {
            match self.stream.append(buffer) {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(stop) => {
                    self.ended = true;
                    self.ending = stop.ending;
                    self.last_line_whole = stop.last_line_whole;
                }
            }
        }
    }
}

/// The first line longer than the limit: its start, and its length without its newline. Looks at few bytes only.
fn first_long_line(lines: &[u8], line_bytes: usize) -> Option<(usize, usize)> {
    let mut start = 0;
    while lines.len() - start > line_bytes {
        let reach = &lines[start..lines.len().min(start + line_bytes + 1)];
        match memrchr(b'\n', reach) {
            Some(newline) => start += newline + 1,
            None => return Some((start, memchr(b'\n', &lines[start..]).unwrap_or(lines.len() - start))),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::super::stream::{Peeked, Plain, Stop};
    use super::*;

    fn lines(text: &[u8], block_bytes: usize, line_bytes: usize) -> Lines {
        let plain = Plain::new(Cursor::new(text.to_vec()));
        Lines::new(Box::new(Peeked::new(Box::new(plain))), block_bytes, line_bytes)
    }

    /// Every block, with the buffer as it was given.
    fn all(mut lines: Lines) -> Vec<(Block, Vec<u8>)> {
        let (mut blocks, mut buffer) = (Vec::new(), Vec::new());
        while let Some(block) = lines.next_block(&mut buffer) {
            blocks.push((block, buffer.clone()));
        }
        assert!(lines.next_block(&mut buffer).is_none() && buffer.is_empty(), "the end stays the end");
        assert_eq!(lines.ending(), &Ending::Complete);
        blocks
    }

    /// A text of short and long lines, some empty.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let line = prop_oneof![Just(Vec::new()), vec_of(1..20), vec_of(90..140)];
        (proptest::collection::vec(line, 0..30), any::<bool>()).prop_map(|(lines, ends)| {
            let mut text = lines.join(&b'\n');
            if ends {
                text.push(b'\n');
            }
            text
        })
    }

    fn vec_of(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(b'a'..=b'z', length)
    }

    proptest! {
        #[test]
        fn blocks_are_whole_lines_and_together_the_text(text in text(), block_bytes in 1usize..300) {
            let blocks = all(lines(&text, block_bytes, 1000));
            let whole: Vec<u8> = blocks.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
            prop_assert_eq!(&whole, &text);
            for (place, (block, bytes)) in blocks.iter().enumerate() {
                prop_assert_eq!(*block, Block::Lines);
                prop_assert!(!bytes.is_empty() && (bytes.ends_with(b"\n") || place + 1 == blocks.len()));
            }
        }

        #[test]
        fn a_line_is_too_long_by_itself_and_not_by_the_blocks(
            text in text(), block_bytes in 1usize..300, line_bytes in 0usize..120,
        ) {
            let mut given = Vec::new();
            for (block, bytes) in all(lines(&text, block_bytes, line_bytes)) {
                let most = line_bytes + 2 * block_bytes;
                prop_assert!(block != Block::Lines || bytes.len() <= most, "{} bytes of {most}", bytes.len());
                match block {
                    Block::Lines => given.extend(bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
                        (Block::Lines, line.strip_suffix(b"\n").unwrap_or(line).to_vec())
                    })),
                    Block::LongLine { .. } => given.push((block, bytes)),
                }
            }
            let expected = text.split_inclusive(|byte| *byte == b'\n').map(|line| {
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                let is_long = line.len() > line_bytes;
                (if is_long { Block::LongLine { bytes: line.len() as u64 } } else { Block::Lines }, line.to_vec())
            });
            prop_assert_eq!(given, expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_line_beyond_the_limit_is_distinguished_from_the_others() {
        let blocks = all(lines(b"aa\nbbbbb\ncc\ndddddd", 100, 4));
        let expected = [
            (Block::Lines, b"aa\n".to_vec()),
            (Block::LongLine { bytes: 5 }, b"bbbbb".to_vec()),
            (Block::Lines, b"cc\n".to_vec()),
            (Block::LongLine { bytes: 6 }, b"dddddd".to_vec()),
        ];
        assert_eq!(blocks, expected);
    }

    #[test]
    fn a_line_without_end_does_not_grow_memory() {
        let mut text = vec![b'x'; 8 << 20];
        text.extend_from_slice(b"\ngood\n");
        let mut lines = lines(&text, 4096, 10_000);
        let mut buffer = Vec::new();
        assert_eq!(lines.next_block(&mut buffer), Some(Block::LongLine { bytes: 8 << 20 }));
        assert_eq!(buffer.len(), LONG_LINE_START_BYTES);
        assert_eq!((lines.next_block(&mut buffer), buffer.as_slice()), (Some(Block::Lines), &b"good\n"[..]));
        assert!(buffer.capacity() < 64 << 10 && lines.held.capacity() < 64 << 10);
    }

    #[test]
    fn the_buffer_is_used_again() {
        let text = b"0123456789\n".repeat(10_000);
        let (mut lines, mut buffer) = (lines(&text, 4096, 1000), Vec::new());
        lines.next_block(&mut buffer);
        let (place, capacity) = (buffer.as_ptr(), buffer.capacity());
        while lines.next_block(&mut buffer).is_some() {
            assert_eq!((buffer.as_ptr(), buffer.capacity()), (place, capacity));
        }
    }

    /// Gives some text and stops.
    #[derive(Debug)]
    struct Stopping(Plain<Cursor<Vec<u8>>>, Stop);

    impl Stream for Stopping {
        fn append(&mut self, block: &mut Vec<u8>) -> Result<usize, Stop> {
            self.0.append(block).and_then(|bytes| if bytes == 0 { Err(self.1.clone()) } else { Ok(bytes) })
        }

        fn stored_bytes_read(&self) -> u64 {
            0
        }
    }

    #[test]
    fn a_cut_line_is_left_out_and_a_whole_one_is_not() {
        for (last_line_whole, expected) in [(false, "a\nb\n"), (true, "a\nb\ncut")] {
            for block_bytes in 1..12 {
                let stop = Stop { ending: Ending::Truncated { after_bytes: 7 }, last_line_whole };
                let stream = Stopping(Plain::new(Cursor::new(b"a\nb\ncut".to_vec())), stop);
                let (mut lines, mut buffer) = (Lines::new(Box::new(stream), block_bytes, 100), Vec::new());
                let mut text = Vec::new();
                while lines.next_block(&mut buffer).is_some() {
                    text.extend_from_slice(&buffer);
                }
                assert_eq!(String::from_utf8(text).unwrap(), expected);
                assert_eq!(lines.ending(), &Ending::Truncated { after_bytes: 7 });
            }
        }
    }
}
