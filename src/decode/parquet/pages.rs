//! Page headers of a column chunk, judged before the reader of pages trusts them.
//!
//! Buffers are allocated from the sizes in a page header before the page is read: one damaged byte could request two
//! gibibytes. So headers are checked first, and implausible ones rejected. Nothing is decoded here.

use super::fault::ParquetFault;

/// The largest page that is read, compressed or not: writers make pages of a mebibyte, the greediest known of 100 MB.
pub(super) const PAGE_BYTES_MAX: u64 = 256 << 20;
/// How deep the structures of a header may be nested; real ones are three deep.
const DEPTH_MAX: u32 = 8;

/// How deep a footer may be nested; real ones are eight deep.
const FOOTER_DEPTH_MAX: u32 = 16;

/// What a page header says.
#[derive(Default)]
pub(super) struct Header {
    pub(super) page_type: u64,
    pub(super) uncompressed_bytes: u64,
    pub(super) compressed_bytes: u64,
    /// The header of the page's type: a data page's, a dictionary's, a data page's of version 2.
    pub(super) data: Option<Numbers>,
    pub(super) dictionary: Option<Numbers>,
    pub(super) data_v2: Option<Numbers>,
}

/// The numbers of a structure by the numbers of their fields.
#[derive(Clone, Copy, Default)]
pub(super) struct Numbers([Option<i64>; NUMBERS_COUNT]);

/// How many fields of a structure are kept, of which the first is number 1; no page header has more.
const NUMBERS_COUNT: usize = 9;

impl Numbers {
    /// A field's number, if present and not negative.
    pub(super) fn size(&self, field: usize) -> Option<u64> {
        u64::try_from(self.0[field]?).ok()
    }

    /// The same, 0 if it is not there; nothing where it is negative.
    fn size_or_none(&self, field: usize) -> Option<u64> {
        self.0[field].map_or(Some(0), |number| u64::try_from(number).ok())
    }
}

impl Header {
    /// The header that a chunk's bytes begin with, and the bytes behind it.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut input = Input { rest: bytes };
        let header = input.header()?;
        Some((header, input.rest))
    }

    /// Whether a page of that header can be, with so many bytes behind the header.
    pub(super) fn is_sound(&self, bytes: u64) -> bool {
        // A value of a dictionary takes four bytes at least, but for those of fixed length.
        let values = self.dictionary.map_or(Some(0), |dictionary| dictionary.size_or_none(1));
        self.compressed_bytes <= bytes
            && self.compressed_bytes.max(self.uncompressed_bytes) <= PAGE_BYTES_MAX
            && values.is_some_and(|values| values <= self.uncompressed_bytes)
    }
}

/// The encodings that write texts as differences, `DELTA_LENGTH_BYTE_ARRAY` and `DELTA_BYTE_ARRAY`. Their readers make
/// room for as many values as the page's own bytes claim, which nothing can check before: eleven hundred damaged bytes
/// were seen to ask for 27 GB and so to end the process. No known writer of flow logs uses them.
const DELTA_TEXTS: [u64; 2] = [6, 7];

/// Refuses a column chunk with a page that cannot be, and gives the bytes of memory that reading it takes, about: its
/// own, its dictionary's and those of its largest page, each of these as it is inflated and as it is decoded.
pub(super) fn check(chunk: &[u8]) -> Result<u64, ParquetFault> {
    let (mut rest, mut dictionary_bytes, mut page_bytes) = (chunk, 0, 0);
    while !rest.is_empty() {
        let damaged = || ParquetFault::Page(chunk.len() - rest.len());
        let (header, page) = Header::read(rest).ok_or_else(damaged)?;
        let encodings = [
            header.data.map_or(Some(0), |data| data.size_or_none(2)),
            header.data_v2.map_or(Some(0), |data| data.size_or_none(4)),
        ];
        if encodings.iter().any(|encoding| encoding.is_some_and(|encoding| DELTA_TEXTS.contains(&encoding))) {
            return Err(ParquetFault::DeltaTexts);
        }
        let sound = header.is_sound(page.len() as u64) && encodings.iter().all(Option::is_some);
        let length = usize::try_from(header.compressed_bytes).ok().filter(|_| sound).ok_or_else(damaged)?;
        let largest = if header.dictionary.is_some() { &mut dictionary_bytes } else { &mut page_bytes };
        *largest = header.uncompressed_bytes.max(*largest);
        rest = &page[length..];
    }
    Ok(chunk.len() as u64 + 2 * (dictionary_bytes + page_bytes))
}

/// Refuses a footer that does not hold what it says it holds: a list longer than its bytes, or a group of the schema
/// with more children than there are elements. Room is made for both before they are read.
pub(super) fn check_footer(footer: &[u8]) -> Result<(), ParquetFault> {
    Input { rest: footer }.footer().ok_or(ParquetFault::Footer)
}

/// The kinds of values in Thrift's compact protocol.
mod kind {
    pub(super) const STOP: u8 = 0;
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const SHORT: u8 = 4;
    pub(super) const LONG: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const STRUCT: u8 = 12;
}

/// Bytes in Thrift's compact protocol.
struct Input<'a> {
    rest: &'a [u8],
}

impl Input<'_> {
    /// A `PageHeader`: its field 1 is the type, 2 the size of the page, 3 the compressed size, 5 and 8 the data page's own header
    /// (versions 1 and 2), whose field 2 or 4 is the encoding, 7 the dictionary's, whose field 1 is its number of values.
    fn header(&mut self) -> Option<Header> {
        let mut header = Header::default();
        let mut last = 0;
        while let Some((id, kind)) = self.field(&mut last)? {
            match id {
                1 => header.page_type = self.size()?,
                2 => header.uncompressed_bytes = self.size()?,
                3 => header.compressed_bytes = self.size()?,
                5 if kind == kind::STRUCT => header.data = Some(self.numbers()?),
                7 if kind == kind::STRUCT => header.dictionary = Some(self.numbers()?),
                8 if kind == kind::STRUCT => header.data_v2 = Some(self.numbers()?),
                _ => self.skip(kind, DEPTH_MAX)?,
            }
        }
        Some(header)
    }

    /// A `FileMetaData`: its field 2 is the list of schema elements, whose field 5 is their number of children.
    fn footer(&mut self) -> Option<()> {
        let mut last = 0;
        while let Some((id, kind)) = self.field(&mut last)? {
            if (id, kind) != (2, kind::LIST) {
                self.skip(kind, FOOTER_DEPTH_MAX)?;
                continue;
            }
            let (length, _) = self.list()?;
            for _ in 0..length {
                self.size_in(5).filter(|children| *children <= length)?;
            }
        }
        Some(())
    }

    /// The length of a list, and the kind of its elements.
    fn list(&mut self) -> Option<(u64, u8)> {
        let byte = self.byte()?;
        let length = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
        // A truth value is a byte in a list and none in a structure.
        Some((length, if byte & 0x0f <= kind::FALSE { kind::BYTE } else { byte & 0x0f }))
    }

    /// The numbers and truth values of a structure's first fields.
    fn numbers(&mut self) -> Option<Numbers> {
        let (mut numbers, mut last) = (Numbers::default(), 0);
        while let Some((id, kind)) = self.field(&mut last)? {
            let known = usize::try_from(id).ok().and_then(|id| numbers.0.get_mut(id));
            match (known, kind) {
                (None, _) | (_, kind::STRUCT) => self.skip(kind, DEPTH_MAX)?,
                (Some(number), kind::TRUE | kind::FALSE) => *number = Some(i64::from(kind == kind::TRUE)),
                (Some(number), _) => *number = Some(self.zigzag()?),
            }
        }
        Some(numbers)
    }

    /// One field of a structure, 0 if it is not there.
    fn size_in(&mut self, wanted: i64) -> Option<u64> {
        let (mut size, mut last) = (0, 0);
        while let Some((id, kind)) = self.field(&mut last)? {
            if id == wanted {
                size = self.size()?;
            } else {
                self.skip(kind, DEPTH_MAX)?;
            }
        }
        Some(size)
    }

    /// The number and kind of the next field, or none at the end of the structure.
    fn field(&mut self, last: &mut i64) -> Option<Option<(i64, u8)>> {
        let byte = self.byte()?;
        if byte == kind::STOP {
            return Some(None);
        }
        *last = if byte >> 4 == 0 { self.zigzag()? } else { last.checked_add(i64::from(byte >> 4))? };
        Some(Some((*last, byte & 0x0f)))
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            kind::TRUE | kind::FALSE => {}
            kind::BYTE => self.take(1)?,
            kind::SHORT..=kind::LONG => drop(self.varint()?),
            kind::DOUBLE => self.take(8)?,
            kind::BINARY => {
                let length = self.varint()?;
                self.take(usize::try_from(length).ok()?)?;
            }
            kind::LIST | kind::SET => {
                let (length, element) = self.list()?;
                for _ in 0..length {
                    self.skip(element, depth)?;
                }
            }
            kind::STRUCT => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip(kind, depth)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn size(&mut self) -> Option<u64> {
        u64::try_from(self.zigzag()?).ok()
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn take(&mut self, length: usize) -> Option<()> {
        self.rest = self.rest.get(length..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page of so many bytes, said to hold `uncompressed`, then its bytes.
    fn page(uncompressed: &[u8], bytes: usize) -> Vec<u8> {
        let mut page = vec![0x15, 0x00, 0x15];
        page.extend_from_slice(uncompressed);
        page.extend_from_slice(&[0x15, u8::try_from(bytes * 2).unwrap()]);
        // The data page header: a number of values, an encoding, statistics with a list and a text that are skipped.
        page.extend_from_slice(&[
            0x2c, 0x15, 0x02, 0x15, 0x00, 0x2c, 0x18, 0x02, b'a', b'b', 0x19, 0x21, 0x01, 0x02, 0, 0, 0,
        ]);
        page.extend(std::iter::repeat_n(7, bytes));
        page
    }

    #[test]
    fn sound_pages_pass_one_after_another() {
        let mut chunk = page(&[20], 10);
        chunk.extend(page(&[8], 4));
        assert!(check(&chunk).is_ok());
        assert!(check(&[]).is_ok());
    }

    #[test]
    fn a_footer_cannot_claim_more_than_it_holds() {
        // A version, then a schema of one element with so many children.
        let footer = |children: &[u8]| [&[0x15, 0x04, 0x19, 0x1c, 0x55][..], children, &[0, 0]].concat();
        assert!(check_footer(&footer(&[0x02])).is_ok());
        assert!(check_footer(&footer(&[0xfe, 0xff, 0xff, 0xff, 0x0f])).is_err(), "two billion children");
        assert!(check_footer(&[0x15, 0x04, 0x19, 0xfc, 0xff, 0xff, 0x03, 0]).is_err(), "a list longer than its bytes");
    }

    #[test]
    fn sizes_that_cannot_be_are_rejected() {
        assert!(check(&page(&[0xfe, 0xff, 0xff, 0xff, 0x0f], 10)).is_err(), "two gibibytes");
        assert!(check(&page(&[0x01], 10)).is_err(), "a negative size");
        let whole = page(&[20], 10);
        for length in 1..whole.len() {
            assert!(check(&whole[..length]).is_err(), "cut after {length} bytes");
        }
        let dictionary = [0x15, 0x04, 0x15, 20, 0x15, 20, 0x4c, 0x15, 0xfe, 0xff, 0x03, 0x15, 0, 0, 0];
        let mut chunk = dictionary.to_vec();
        chunk.extend([0; 10]);
        assert!(check(&chunk).is_err(), "32,767 values in ten bytes");
    }

    #[test]
    fn nesting_without_end_is_rejected() {
        let mut chunk = vec![0x15, 0x04, 0x15, 20, 0x15, 20];
        chunk.extend(std::iter::repeat_n(0x1c, 100_000));
        assert!(check(&chunk).is_err());
    }
}
