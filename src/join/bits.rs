//! A set of hashes that may seem to have more than was put in, and never less: for what is decided exactly later on.

/// An odd number of even bits: 2⁶⁴ by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
/// Bits of a set: one hundred thousand hashes fill a tenth of them.
const BITS: u64 = 1 << 20;

/// The set. Merges in any order.
#[derive(Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn set(&mut self, hash: u64) {
        let (word, bit) = place(hash);
        self.0.resize(place(u64::MAX).0 + 1, 0);
        self.0[word] |= bit;
    }

    pub(super) fn has(&self, hash: u64) -> bool {
        let (word, bit) = place(hash);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    pub(super) fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
        } else {
            self.0.iter_mut().zip(other.0).for_each(|(mine, other)| *mine |= other);
        }
    }
}

/// A hash of a few numbers, the same every time.
#[expect(clippy::cast_possible_truncation, reason = "the halves of the numbers are what is mixed")]
pub(super) fn hash<const N: usize>(numbers: [u128; N]) -> u64 {
    let mix = |hash: u64, number: u128| {
        let low = (hash.rotate_left(23) ^ number as u64).wrapping_mul(GOLDEN);
        (low.rotate_left(23) ^ (number >> 64) as u64).wrapping_mul(GOLDEN)
    };
    numbers.into_iter().fold(0, mix) >> 32
}

/// The word and the bit of a hash.
fn place(hash: u64) -> (usize, u64) {
    let bit = hash % BITS;
    (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
}
