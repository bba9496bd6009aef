//! Huffman codes, given by the length of each symbol's code (RFC 1951, section 3.2.2), read bit by bit.
//!
//! The slow path, for the ends of the input and rare cases. The tables of the fast path are built from it.

/// How many symbols a set of codes can have: the literals and lengths of fixed codes.
const SYMBOLS_MAX: usize = 288;
/// How long a code can be.
const CODE_BITS_MAX: usize = 15;

/// A set of codes.
#[derive(Clone, Debug)]
pub(super) struct Codes {
    /// Number of codes of each length.
    counts: [u16; CODE_BITS_MAX + 1],
    /// Symbols by the length of their codes, then by number.
    symbols: [u16; SYMBOLS_MAX],
}

/// What the next bits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The code of a symbol.
    Symbol {
        /// The symbol.
        symbol: u16,
        /// The length of its code.
        bits: u32,
    },
    /// The start of a code.
    Short,
    /// No code.
    Invalid,
}

impl Codes {
    /// No codes.
    pub(super) fn none() -> Self {
        Self { counts: [0; CODE_BITS_MAX + 1], symbols: [0; SYMBOLS_MAX] }
    }

    /// The codes for symbols with these lengths, each at most 15; 0 means no code. None if the lengths are over- or
    /// undersubscribed, except for a single code of one bit, or no code at all.
    pub(super) fn new(lengths: &[u8]) -> Option<Self> {
        let mut codes = Self::none();
        for length in lengths {
            codes.counts[usize::from(*length)] += 1;
        }
        codes.counts[0] = 0;
        let mut unused = 1_u32;
        for count in &codes.counts[1..] {
            unused = (unused << 1).checked_sub(u32::from(*count))?;
        }
        if unused > 0 && codes.counts[2..].iter().any(|count| *count > 0) {
            return None;
        }
        let mut places = [0; CODE_BITS_MAX + 1];
        for length in 1..CODE_BITS_MAX {
            places[length + 1] = places[length] + usize::from(codes.counts[length]);
        }
        for (symbol, length) in (0..).zip(lengths).filter(|(_, length)| **length > 0) {
            let place = &mut places[usize::from(*length)];
            codes.symbols[*place] = symbol;
            *place += 1;
        }
        Some(codes)
    }

    /// Whether all bits are some code's.
    pub(super) fn is_complete(&self) -> bool {
        let places = (1..).zip(&self.counts[1..]).map(|(bits, count)| usize::from(*count) << (CODE_BITS_MAX - bits));
        places.sum::<usize>() == 1 << CODE_BITS_MAX
    }

    /// Each symbol whose code has at most so many bits, with its code as the bits come, and the code's length.
    pub(super) fn each(&self, bits_max: u32, mut give: impl FnMut(u16, usize, u32)) {
        let (mut code, mut symbols) = (0_u32, self.symbols.iter());
        for (bits, count) in (1..=bits_max).zip(&self.counts[1..]) {
            for symbol in symbols.by_ref().take(usize::from(*count)) {
                give(*symbol, (code.reverse_bits() >> (32 - bits)) as usize, bits);
                code += 1;
            }
            code <<= 1;
        }
    }

    /// Reads a code out of so many bits.
    pub(super) fn next(&self, bits: u64, count: u32) -> Next {
        // How far the bits are behind the first code of their length, and where that code's symbol stands.
        let (mut ahead, mut place) = (0, 0);
        for (length, codes) in (1..).zip(&self.counts[1..]) {
            if length > count {
                return Next::Short;
            }
            ahead = ahead << 1 | usize::from(bits >> (length - 1) & 1 == 1);
            let codes = usize::from(*codes);
            if ahead < codes {
                return Next::Symbol { symbol: self.symbols[place + ahead], bits: length };
            }
            ahead -= codes;
            place += codes;
        }
        Next::Invalid
    }
}
