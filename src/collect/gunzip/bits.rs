//! Bytes → bits, the least significant first, as deflate reads them.

/// Minimum bits after a refill, if enough bytes are available.
const REFILL_BITS: u32 = 56;

/// The bits of a slice of bytes, and those left over from the slice before.
///
/// Above `count` may stand bits of the bytes to come, never others: reading these bytes sets the same bits again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    pub(super) bits: u64,
    /// How many of them were read, at most 63.
    pub(super) count: u32,
    pub(super) input: &'a [u8],
    /// How many bytes of the input were read.
    pub(super) used: usize,
}

impl Bits<'_> {
    /// Reads bytes while there is room for one.
    pub(super) fn refill(&mut self) {
        while self.count < REFILL_BITS
            && let Some(byte) = self.input.get(self.used)
        {
            self.bits |= u64::from(*byte) << self.count;
            self.count += 8;
            self.used += 1;
        }
    }

    /// The next bits as a number, at most 32; nothing where they are not there yet.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        if self.count < count {
            self.refill();
        }
        let value = low(self.bits & !(u64::MAX << count));
        self.skip(count).then_some(value)
    }

    /// Uses up bits; false where they are not there yet.
    pub(super) fn skip(&mut self, count: u32) -> bool {
        if self.count < count {
            return false;
        }
        self.bits >>= count;
        self.count -= count;
        true
    }

    /// Returns unused whole bytes to the input. Earlier input holds at most 7 bits.
    pub(super) fn unread(&mut self) {
        self.used -= (self.count >> 3) as usize;
        self.count &= 7;
        self.bits &= !(u64::MAX << self.count);
    }
}

/// The lower half of the bits.
pub(super) fn low(bits: u64) -> u32 {
    (bits & 0xffff_ffff) as u32
}
