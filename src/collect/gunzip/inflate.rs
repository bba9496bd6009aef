//! Deflate data (RFC 1951) → bytes, as much at a time as there is input or room for.
//!
//! Implemented here instead of a library because it dominates the run time: see decision 008. Every check is safe Rust
//! or explicit; it rejects what libraries reject, and returns the same output before an error.

use super::bits::Bits;
use super::codes::{Codes, Next};
use super::fast;
use super::tables::{DISTANCES, END_OF_BLOCK, FIRST_LENGTH, LENGTHS, Tables};

/// How far back a match can reach.
const WINDOW_BYTES: usize = 32 << 10;
/// How much is inflated at once: little enough to be still in the cache when it is summed up and given.
const CHUNK_BYTES: usize = 96 << 10;
/// Where there is no more room for output.
pub(super) const FULL_BYTES: usize = WINDOW_BYTES + CHUNK_BYTES;
/// The output, with room for the longest match behind its end, and for what is copied too much.
pub(super) const OUTPUT_BYTES: usize = FULL_BYTES + 512;

/// Up to here a block is not worth pairing its table's entries.
const SMALL_BLOCK_BYTES: usize = 2 << 10;

const END_OF_BLOCK_PLACE: usize = END_OF_BLOCK as usize;
/// In which order the lengths of the codes of lengths are given.
const LENGTHS_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// More symbols with codes are not allowed, although there is room to say so.
const SYMBOL_COUNT_MAX: usize = 286;
const DISTANCE_COUNT_MAX: usize = 30;

/// The data is no deflate data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

/// Why there is a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// More input is needed, or there is no more room.
    Midst,
    /// The data is at its end.
    End,
}

/// Where in the data we are.
#[derive(Clone, Copy, Debug)]
enum Place {
    Header,
    /// So many bytes are stored as they are.
    Stored(usize),
    Symbols,
}

/// What a step led to.
enum Step {
    Onward,
    /// Nothing was used up, since a part of it is not there yet.
    Short,
    BlockEnd,
}

/// A decoder and what it gave last.
#[derive(Debug)]
pub(super) struct Inflate {
    bits: u64,
    count: u32,
    place: Place,
    in_last_block: bool,
    /// To where there is output when the block is no small one.
    small_until: usize,
    tables: Box<Tables>,
    /// Whether the tables are those of fixed codes, which small blocks one after another have.
    tables_are_fixed: bool,
    output: Box<[u8; OUTPUT_BYTES]>,
    /// To where output was given, and to where there is some.
    given: usize,
    end: usize,
}

impl Inflate {
    pub(super) fn new() -> Self {
        Self {
            bits: 0,
            count: 0,
            place: Place::Header,
            in_last_block: false,
            small_until: 0,
            tables: Box::new(Tables::none()),
            tables_are_fixed: false,
            output: Box::new([0; OUTPUT_BYTES]),
            given: 0,
            end: 0,
        }
    }

    /// Resets all state.
    pub(super) fn reset(&mut self) {
        (self.bits, self.count, self.given, self.end) = (0, 0, 0, 0);
        (self.place, self.in_last_block) = (Place::Header, false);
    }

    /// What was inflated and not given yet.
    pub(super) fn pending(&self) -> &[u8] {
        &self.output[self.given..self.end]
    }

    /// Gives what there is room for.
    pub(super) fn give(&mut self, block: &mut Vec<u8>) -> usize {
        let bytes = self.pending().len().min(block.capacity() - block.len());
        block.extend_from_slice(&self.output[self.given..self.given + bytes]);
        self.given += bytes;
        bytes
    }

    /// Forgets so many of the bytes that were inflated last.
    pub(super) fn take_back(&mut self, bytes: usize) {
        self.end = self.given.max(self.end.saturating_sub(bytes));
    }

    /// Inflates once the input is complete, and returns the number of used input bytes. Unused bytes must be passed
    /// again, followed by more. Pending output is valid even if the data turns out to be invalid.
    pub(super) fn inflate(&mut self, input: &[u8]) -> (usize, Result<Pause, Invalid>) {
        if self.end >= FULL_BYTES {
            self.output.copy_within(self.end - WINDOW_BYTES..self.end, 0);
            (self.given, self.end, self.small_until) = (WINDOW_BYTES, WINDOW_BYTES, WINDOW_BYTES);
        }
        let mut bits = Bits { bits: self.bits, count: self.count, input, used: 0 };
        let result = self.blocks(&mut bits);
        bits.unread();
        (self.bits, self.count) = (bits.bits, bits.count);
        (bits.used, result)
    }

    fn blocks(&mut self, bits: &mut Bits<'_>) -> Result<Pause, Invalid> {
        loop {
            let step = match self.place {
                Place::Header if self.in_last_block => return Ok(Pause::End),
                Place::Header => self.header(bits)?,
                Place::Stored(bytes) => self.stored(bits, bytes),
                Place::Symbols => self.symbols(bits)?,
            };
            match step {
                Step::Onward => {}
                Step::BlockEnd => self.place = Place::Header,
                Step::Short => return Ok(Pause::Midst),
            }
        }
    }

    /// Reads the header of a block, or nothing of it.
    fn header(&mut self, bits: &mut Bits<'_>) -> Result<Step, Invalid> {
        let mut ahead = *bits;
        let header = match (ahead.take(1), ahead.take(2)) {
            (Some(last), Some(0)) => stored_bytes(&mut ahead)?.map(|bytes| (last, Place::Stored(bytes))),
            (Some(last), Some(1)) => {
                if !self.tables_are_fixed {
                    let (symbols, distances) = fixed_codes().ok_or(Invalid)?;
                    self.tables.build(symbols, distances);
                    self.tables_are_fixed = true;
                }
                Some((last, Place::Symbols))
            }
            (Some(last), Some(2)) => dynamic_codes(&mut ahead)?.map(|(symbols, distances)| {
                self.tables.build(symbols, distances);
                self.tables_are_fixed = false;
                (last, Place::Symbols)
            }),
            (Some(_), Some(_)) => return Err(Invalid),
            _ => None,
        };
        let Some((last, place)) = header else { return Ok(Step::Short) };
        (self.in_last_block, self.place) = (last == 1, place);
        self.small_until = self.end + SMALL_BLOCK_BYTES;
        *bits = ahead;
        Ok(Step::Onward)
    }

    fn stored(&mut self, bits: &mut Bits<'_>, bytes: usize) -> Step {
        let input = &bits.input[bits.used..];
        let now = bytes.min(input.len()).min(FULL_BYTES.saturating_sub(self.end));
        self.output[self.end..self.end + now].copy_from_slice(&input[..now]);
        self.end += now;
        bits.used += now;
        self.place = Place::Stored(bytes - now);
        if now == bytes { Step::BlockEnd } else { Step::Short }
    }

    fn symbols(&mut self, bits: &mut Bits<'_>) -> Result<Step, Invalid> {
        loop {
            let enough = if self.tables.are_paired { FULL_BYTES } else { self.small_until };
            self.end = fast::run(&self.tables, bits, &mut self.output, self.end, enough);
            if self.end >= FULL_BYTES {
                return Ok(Step::Short);
            }
            if self.end >= enough {
                self.tables.pair();
                continue;
            }
            match self.symbol(bits)? {
                Step::Onward => {}
                step => return Ok(step),
            }
        }
    }

    /// Reads a literal, a match, or the end of a block by the slow path, or nothing.
    fn symbol(&mut self, bits: &mut Bits<'_>) -> Result<Step, Invalid> {
        bits.refill();
        let mut ahead = *bits;
        let Some(symbol) = code(&mut ahead, &self.tables.symbol_codes)? else { return Ok(Step::Short) };
        let mut step = Step::Onward;
        if let Ok(literal) = u8::try_from(symbol) {
            self.output[self.end] = literal;
            self.end += 1;
        } else if symbol == END_OF_BLOCK {
            step = Step::BlockEnd;
        } else {
            let length = LENGTHS.get(usize::from(symbol - FIRST_LENGTH)).ok_or(Invalid)?;
            let Some(length) = with_extra(&mut ahead, *length) else { return Ok(Step::Short) };
            let Some(symbol) = code(&mut ahead, &self.tables.distance_codes)? else { return Ok(Step::Short) };
            let distance = DISTANCES.get(usize::from(symbol)).ok_or(Invalid)?;
            let Some(back) = with_extra(&mut ahead, *distance) else { return Ok(Step::Short) };
            let start = self.end;
            let from = start.checked_sub(back).ok_or(Invalid)?;
            for place in 0..length {
                self.output[start + place] = self.output[from + place];
            }
            self.end += length;
        }
        *bits = ahead;
        Ok(step)
    }
}

/// The next symbol; nothing where a part of its code is not there yet.
fn code(bits: &mut Bits<'_>, codes: &Codes) -> Result<Option<u16>, Invalid> {
    match codes.next(bits.bits, bits.count) {
        Next::Symbol { symbol, bits: length } => Ok(bits.skip(length).then_some(symbol)),
        Next::Short => Ok(None),
        Next::Invalid => Err(Invalid),
    }
}

fn with_extra(bits: &mut Bits<'_>, (base, extra_bits): (u16, u32)) -> Option<usize> {
    Some(usize::from(base) + bits.take(extra_bits)? as usize)
}

/// How many bytes are stored as they are, from the next whole byte on.
fn stored_bytes(bits: &mut Bits<'_>) -> Result<Option<usize>, Invalid> {
    bits.skip(bits.count & 7);
    let (Some(bytes), Some(complement)) = (bits.take(16), bits.take(16)) else { return Ok(None) };
    if bytes != complement ^ 0xffff {
        return Err(Invalid);
    }
    bits.unread();
    Ok(Some(bytes as usize))
}

/// The codes of blocks that bring none.
fn fixed_codes() -> Option<(Codes, Codes)> {
    let mut lengths = [8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    Some((Codes::new(&lengths)?, Codes::new(&[5; 32])?))
}

/// The codes that a block brings, whose lengths are themselves given in codes (RFC 1951, section 3.2.7).
fn dynamic_codes(bits: &mut Bits<'_>) -> Result<Option<(Codes, Codes)>, Invalid> {
    let (Some(symbols), Some(distances), Some(count)) = (bits.take(5), bits.take(5), bits.take(4)) else {
        return Ok(None);
    };
    let (symbols, distances) = (257 + symbols as usize, 1 + distances as usize);
    if symbols > SYMBOL_COUNT_MAX || distances > DISTANCE_COUNT_MAX {
        return Err(Invalid);
    }
    let mut lengths = [0; LENGTHS_ORDER.len()];
    for place in &LENGTHS_ORDER[..4 + count as usize] {
        let Some(length) = bits.take(3) else { return Ok(None) };
        lengths[*place] = length.to_le_bytes()[0];
    }
    let codes = Codes::new(&lengths).filter(Codes::is_complete).ok_or(Invalid)?;
    let mut lengths = [0; SYMBOL_COUNT_MAX + DISTANCE_COUNT_MAX];
    let lengths = &mut lengths[..symbols + distances];
    if code_lengths(bits, &codes, lengths)?.is_none() {
        return Ok(None);
    }
    if lengths[END_OF_BLOCK_PLACE] == 0 {
        return Err(Invalid);
    }
    let (symbols, distances) = lengths.split_at(symbols);
    Codes::new(symbols).zip(Codes::new(distances)).ok_or(Invalid).map(Some)
}

/// Reads the lengths of codes; nothing where some are not there yet.
fn code_lengths(bits: &mut Bits<'_>, codes: &Codes, lengths: &mut [u8]) -> Result<Option<()>, Invalid> {
    let mut place = 0;
    while place < lengths.len() {
        bits.refill();
        let Some(symbol) = code(bits, codes)? else { return Ok(None) };
        let (length, repeats) = match symbol {
            16 => (*place.checked_sub(1).and_then(|last| lengths.get(last)).ok_or(Invalid)?, (3, 2)),
            17 => (0, (3, 3)),
            18 => (0, (11, 7)),
            length => (length.to_le_bytes()[0], (1, 0)),
        };
        let Some(repeats) = with_extra(bits, repeats) else { return Ok(None) };
        lengths.get_mut(place..place + repeats).ok_or(Invalid)?.fill(length);
        place += repeats;
    }
    Ok(Some(()))
}
