//! The first pass over a block of text: where every field and every line ends.
//!
//! One pass of wide compares writes the place after each byte that separates (any byte ≤ 0x20), so that fields are
//! then addressed by index, with no search per field. Nothing is interpreted here: quotes, names and numbers are not
//! looked at.

use super::avx;

/// The separators of a block.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Room for the starts of fields, of which some are filled.
    starts: Vec<u32>,
    filled: usize,
    /// How many lines end in `\n`.
    newlines: usize,
    /// Whether two separators follow each other somewhere, so that a field may be empty.
    pub(super) has_runs: bool,
}

/// How many starts more there is room for, when there is none for those of a step.
const GROWTH_PLACES: usize = 4096;
/// Bytes that one step looks at.
pub(super) const STEP_BYTES: usize = 64;
/// Largest block that can be indexed: places are `u32`.
pub(super) const BLOCK_BYTES_MAX: usize = 1 << 31;

impl Index {
    /// Indexes a block, at most [`BLOCK_BYTES_MAX`] long; a longer one is cut off there, which no caller does.
    pub(super) fn scan(&mut self, text: &[u8]) {
        if !avx::scan(self, text) {
            self.scan_by(text, masks_by_word, starts_by_eight);
        }
    }

    /// Starts of fields: 0, then the place after each separator.
    #[inline]
    pub(super) fn starts(&self) -> &[u32] {
        &self.starts[..self.filled]
    }

    /// How many lines end in `\n`.
    pub(super) fn newlines(&self) -> usize {
        self.newlines
    }

    /// For each line that ends in `\n`, stores the start of the next line, replacing the old content.
    pub(super) fn lines(&self, text: &[u8], lines: &mut Vec<u32>) {
        lines.clear();
        let is_newline = |place: usize| text.get(place) == Some(&b'\n');
        let after_newline = (0u32..).zip(self.starts()).skip(1).filter(|(_, start)| is_newline(**start as usize - 1));
        lines.extend(after_newline.map(|(place, _)| place));
    }

    /// Says where the last field ends, in a text that does not end in a separator: one byte past it.
    pub(super) fn end_field(&mut self, text: &[u8]) {
        self.starts.truncate(self.filled);
        self.starts.push(u32::try_from(text.len() + 1).unwrap_or(u32::MAX));
        self.filled += 1;
    }

    /// Indexes by a function that gives the separators and the newlines among the bytes of a step, a bit for each; and
    /// one that writes the places after the separators, counted from a base, and may write anything behind them.
    #[inline(always)]
    pub(super) fn scan_by(
        &mut self,
        text: &[u8],
        masks: impl Fn(&[u8; STEP_BYTES]) -> (u64, u64),
        write: impl Fn(&mut [u32; STEP_BYTES], u32, u64),
    ) {
        let text = &text[..text.len().min(BLOCK_BYTES_MAX)];
        // Overwrites leftovers of the previous block.
        self.starts.resize(self.starts.len().max(1), 0);
        self.starts[0] = 0;
        self.filled = 1;
        let mut before_was_separator = 0;
        let (mut runs, mut lines) = (0, 0);
        let mut base = 0;
        let (steps, rest) = text.as_chunks::<STEP_BYTES>();
        let mut last = [b'x'; STEP_BYTES];
        last[..rest.len()].copy_from_slice(rest);
        for step in steps.iter().chain([&last]) {
            let (separators, newlines) = masks(step);
            runs |= separators & (separators << 1 | before_was_separator);
            before_was_separator = separators >> 63;
            lines += newlines.count_ones() as usize;
            if self.starts.len() < self.filled + STEP_BYTES {
                self.starts.resize(self.filled + GROWTH_PLACES, 0);
            }
            let Some(starts) = self.starts[self.filled..].first_chunk_mut() else { return };
            write(starts, base, separators);
            self.filled += separators.count_ones() as usize;
            base += 64;
        }
        (self.has_runs, self.newlines) = (runs != 0, lines);
    }
}

/// Writes the place after each separator. How many there are cannot be foreseen, so eight are written whether there are
/// as many or not.
#[inline(always)]
pub(super) fn starts_by_eight(starts: &mut [u32; STEP_BYTES], base: u32, mut separators: u64) {
    for eight in starts.as_chunks_mut::<8>().0 {
        for start in eight {
            *start = base + separators.trailing_zeros() + 1;
            separators &= separators.wrapping_sub(1);
        }
        if separators == 0 {
            break;
        }
    }
}

/// One bit per byte, eight bytes at a time: separators (≤ 0x20), and newlines among them. Mycroft's zero-byte test,
/// made exact by sparing the high bit of each byte.
#[inline]
fn masks_by_word(step: &[u8; STEP_BYTES]) -> (u64, u64) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    /// Moves the high bit of each byte into one bit per byte.
    const GATHER: u64 = 0x0002_0408_1020_4081;
    let (words, _) = step.as_chunks::<8>();
    let (mut separators, mut newlines) = (0, 0);
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let above_space = ((word & !HIGHS) + (0x7f - 0x20) * ONES) | word;
        let newline = word ^ (0x0a * ONES);
        let not_newline = ((newline & !HIGHS) + 0x7f * ONES) | newline;
        separators |= ((!above_space & HIGHS) >> 7).wrapping_mul(GATHER << 7) >> 56 << (8 * place);
        newlines |= ((!not_newline & HIGHS) >> 7).wrapping_mul(GATHER << 7) >> 56 << (8 * place);
    }
    (separators, newlines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(text: &[u8]) -> (Vec<u32>, Vec<u32>, bool) {
        let (mut starts, mut lines) = (vec![0], vec![]);
        for (place, byte) in (0u32..).zip(text) {
            if *byte <= b' ' {
                if *byte == b'\n' {
                    lines.push(u32::try_from(starts.len()).unwrap());
                }
                starts.push(place + 1);
            }
        }
        (starts, lines, text.windows(2).any(|pair| pair[0] <= b' ' && pair[1] <= b' '))
    }

    proptest! {
        #[test]
        fn the_index_is_that_of_a_plain_loop(text in proptest::collection::vec(prop_oneof![
            3 => Just(b' '), 2 => Just(b'\n'), 9 => b'!'..=b'z', 1 => any::<u8>()], 0..400)) {
            let mut index = Index::default();
            // A block is indexed as if there had been none before.
            index.scan(b" x y\n\n z ");
            index.scan(&text);
            let mut lines = Vec::new();
            index.lines(&text, &mut lines);
            prop_assert_eq!(index.newlines(), lines.len());
            prop_assert_eq!((index.starts().to_vec(), lines, index.has_runs), plain(&text));
        }

        #[test]
        fn every_machine_gives_the_same_index(text in proptest::collection::vec(0u8..0x30, 0..300)) {
            let (mut best, mut plain) = (Index::default(), Index::default());
            best.scan(&text);
            plain.scan_by(&text, masks_by_word, starts_by_eight);
            prop_assert_eq!((best.starts(), best.newlines(), best.has_runs), (plain.starts(), plain.newlines(), plain.has_runs));
        }
    }
}
