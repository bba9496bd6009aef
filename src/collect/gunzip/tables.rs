//! Codes → lookup tables indexed by the next bits.
//!
//! Flow logs compress to matches with at most one literal before them, so one lookup returns up to two literals, or the
//! length of a match with up to one literal before it. Codes longer than the tables are wide, and everything else, take
//! the slow path.

use super::codes::Codes;

/// How many bits the table of literals and lengths is looked up by. Wider is slower: it leaves the nearest cache.
pub(super) const SYMBOL_TABLE_BITS: u32 = 11;
/// How many bits the table of distances is looked up by.
pub(super) const DISTANCE_TABLE_BITS: u32 = 9;

/// Base and number of extra bits of a length code, from symbol 257 on.
pub(super) const LENGTHS: [(u16, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// The same of a distance's code.
pub(super) const DISTANCES: [(u16, u32); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];
/// The symbol that ends a block.
pub(super) const END_OF_BLOCK: u16 = 256;
/// The symbol of the shortest length.
pub(super) const FIRST_LENGTH: u16 = 257;
/// How long a match is at least.
pub(super) const LENGTH_MIN: u16 = 3;

/// The packed action: from the lowest, 6 bits for the number of used bits, 4 for how many of them are codes, 2 for the
/// number of literals, 1 for a following length, 1 for the slow path. The upper half is the base of a distance, or the
/// literals; its last byte may be the base of a length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry(u32);

const CODES_SHIFT: u32 = 6;
const LITERALS_SHIFT: u32 = 10;
const MATCH: u32 = 1 << 12;
const SLOW: Entry = Entry(1 << 13);
const FIRST_SHIFT: u32 = 16;
const SECOND_SHIFT: u32 = 24;

impl Entry {
    fn literal(symbol: u16, code_bits: u32) -> Self {
        Self(code_bits | code_bits << CODES_SHIFT | 1 << LITERALS_SHIFT | u32::from(symbol) << FIRST_SHIFT)
    }

    fn length(base: u16, extra_bits: u32, code_bits: u32) -> Self {
        let base = u32::from(base - LENGTH_MIN) << SECOND_SHIFT;
        Self((code_bits + extra_bits) | code_bits << CODES_SHIFT | MATCH | base)
    }

    fn distance(base: u16, extra_bits: u32, code_bits: u32) -> Self {
        Self((code_bits + extra_bits) | code_bits << CODES_SHIFT | u32::from(base) << FIRST_SHIFT)
    }

    /// This literal, and what comes behind it.
    fn and(self, next: Self) -> Self {
        let bits = (self.bits() + next.bits()) | ((self.code_bits() + next.code_bits()) << CODES_SHIFT);
        let behind = if next.is_match() { next.0 >> SECOND_SHIFT } else { next.0 >> FIRST_SHIFT };
        let kind = (1 + next.literals()) << LITERALS_SHIFT | next.0 & MATCH;
        Self(bits | kind | self.0 & 0xff << FIRST_SHIFT | behind << SECOND_SHIFT)
    }

    /// How many bits are used up.
    pub(super) fn bits(self) -> u32 {
        self.0 & 0x3f
    }

    fn code_bits(self) -> u32 {
        self.0 >> CODES_SHIFT & 0xf
    }

    fn literals(self) -> u32 {
        self.0 >> LITERALS_SHIFT & 3
    }

    /// What stands in the bits behind the codes.
    pub(super) fn extra(self, bits: u32) -> usize {
        ((bits & !(u32::MAX << self.bits())) >> self.code_bits()) as usize
    }

    /// How many literals there are.
    pub(super) fn literal_count(self) -> usize {
        self.literals() as usize
    }

    /// The literals, as many as there are.
    pub(super) fn two_literals(self) -> [u8; 2] {
        let [_, _, first, second] = self.0.to_le_bytes();
        [first, second]
    }

    /// Whether a match comes after the literals.
    pub(super) fn is_match(self) -> bool {
        self.0 & MATCH != 0
    }

    /// Whether this needs the slow path.
    pub(super) fn is_slow(self) -> bool {
        self.0 & SLOW.0 != 0
    }

    /// The base of the match's length.
    pub(super) fn length_base(self) -> usize {
        (self.0 >> SECOND_SHIFT) as usize + usize::from(LENGTH_MIN)
    }

    /// The base of the distance.
    pub(super) fn distance_base(self) -> usize {
        (self.0 >> FIRST_SHIFT) as usize
    }
}

/// The tables of a block, and the codes they are made of.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) symbol_codes: Codes,
    pub(super) distance_codes: Codes,
    symbols: [Entry; 1 << SYMBOL_TABLE_BITS],
    distances: [Entry; 1 << DISTANCE_TABLE_BITS],
    /// Whether literals were paired with what is behind them.
    pub(super) are_paired: bool,
}

impl Tables {
    /// Tables that send everything to the slow path, which reports the error.
    pub(super) fn none() -> Self {
        Self {
            symbol_codes: Codes::none(),
            distance_codes: Codes::none(),
            symbols: [SLOW; 1 << SYMBOL_TABLE_BITS],
            distances: [SLOW; 1 << DISTANCE_TABLE_BITS],
            are_paired: false,
        }
    }

    /// Makes the tables of a block, with one literal or length an entry.
    pub(super) fn build(&mut self, symbol_codes: Codes, distance_codes: Codes) {
        (self.symbol_codes, self.distance_codes) = (symbol_codes, distance_codes);
        fill(&mut self.symbols, &self.symbol_codes, |symbol, bits| {
            let Some(place) = symbol.checked_sub(FIRST_LENGTH) else {
                return (symbol < END_OF_BLOCK).then(|| Entry::literal(symbol, bits));
            };
            LENGTHS.get(usize::from(place)).map(|(base, extra_bits)| Entry::length(*base, *extra_bits, bits))
        });
        fill(&mut self.distances, &self.distance_codes, |symbol, bits| {
            DISTANCES.get(usize::from(symbol)).map(|(base, extra_bits)| Entry::distance(*base, *extra_bits, bits))
        });
        self.are_paired = false;
    }

    /// Puts behind each literal what the bits behind it are, where they are all in the index. Decoding is the same
    /// without it, and slower; but it takes its time, which a small block does not repay.
    pub(super) fn pair(&mut self) {
        // Backwards, because what follows a literal comes from a later entry, which must be single.
        for index in (0..self.symbols.len()).rev() {
            let first = self.symbols[index];
            if first.is_match() || first.is_slow() {
                continue;
            }
            let second = self.symbols[index >> first.bits()];
            if !second.is_slow() && first.bits() + second.code_bits() <= SYMBOL_TABLE_BITS {
                self.symbols[index] = first.and(second);
            }
        }
        self.are_paired = true;
    }

    /// What comes next.
    #[inline]
    pub(super) fn symbol(&self, bits: u64) -> Entry {
        self.symbols[(bits & ((1 << SYMBOL_TABLE_BITS) - 1)) as usize]
    }

    /// The distance that comes next.
    #[inline]
    pub(super) fn distance(&self, bits: u64) -> Entry {
        self.distances[(bits & ((1 << DISTANCE_TABLE_BITS) - 1)) as usize]
    }
}

/// Puts each code's entry wherever an index begins with the code. The table grows by doubling: a code of some bits is
/// written once, among as many entries as there are such codes.
fn fill<const SIZE: usize>(table: &mut [Entry; SIZE], codes: &Codes, entry: impl Fn(u16, u32) -> Option<Entry>) {
    let mut size = 1;
    let mut grow = |table: &mut [Entry; SIZE], to: usize| {
        while size < to {
            table.copy_within(..size, size);
            size *= 2;
        }
    };
    table[0] = SLOW;
    codes.each(SIZE.ilog2(), |symbol, code, bits| {
        grow(table, 1 << bits);
        table[code] = entry(symbol, bits).unwrap_or(SLOW);
    });
    grow(table, SIZE);
}
