//! The first pass over a block of text: where every field and every line ends.
//!
//! One pass of wide compares writes the place after each byte that separates (any byte ≤ 0x20), so that fields are
//! then addressed by index, with no search per field. Nothing is interpreted here: quotes, names and numbers are not
//! looked at. The only `unsafe` of the project is here: calling the AVX2 version after asking whether there is one.

/// The separators of a block.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Starts of fields: 0, then the place after each separator.
    pub(super) starts: Vec<u32>,
    /// For each line that ends in `\n`, the place in `starts` of the start of the line after it.
    pub(super) lines: Vec<u32>,
    /// Whether two separators follow each other somewhere, so that a field may be empty.
    pub(super) has_runs: bool,
}

/// Bytes that one step looks at.
const STEP_BYTES: usize = 64;
/// Largest block that can be indexed: places are `u32`.
pub(super) const BLOCK_BYTES_MAX: usize = 1 << 31;

impl Index {
    /// Indexes a block, at most [`BLOCK_BYTES_MAX`] long; a longer one is cut off there, which no caller does.
    pub(super) fn scan(&mut self, text: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt") {
            #[expect(
                unsafe_code,
                reason = "the processor's features were just asked for; the function is safe beside that"
            )]
            // SAFETY: the function needs AVX2, BMI1 and POPCNT, and this processor has them.
            unsafe {
                scan_avx2(self, text);
            }
            return;
        }
        self.scan_by(text, masks_by_word);
    }

    #[inline(always)]
    fn scan_by(&mut self, text: &[u8], masks: impl Fn(&[u8; STEP_BYTES]) -> (u64, u64)) {
        let text = &text[..text.len().min(BLOCK_BYTES_MAX)];
        self.starts.clear();
        self.lines.clear();
        self.starts.push(0);
        let mut before_was_separator = 0;
        let mut runs = 0;
        let mut base = 0;
        let (steps, rest) = text.as_chunks::<STEP_BYTES>();
        let mut last = [b'x'; STEP_BYTES];
        last[..rest.len()].copy_from_slice(rest);
        for step in steps.iter().chain([&last]) {
            let (separators, newlines) = masks(step);
            runs |= separators & (separators << 1 | before_was_separator);
            before_was_separator = separators >> 63;
            self.push(base, separators, newlines);
            base += 64;
        }
        self.has_runs = runs != 0;
    }

    #[inline(always)]
    fn push(&mut self, base: u32, mut separators: u64, mut newlines: u64) {
        let before = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        while newlines != 0 {
            let place = newlines.trailing_zeros();
            self.lines.push(before + (separators & ((1 << place) - 1)).count_ones());
            newlines &= newlines - 1;
        }
        while separators != 0 {
            self.starts.push(base + separators.trailing_zeros() + 1);
            separators &= separators - 1;
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn scan_avx2(index: &mut Index, text: &[u8]) {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_set_epi64x, _mm256_set1_epi8,
    };
    let mask = |is_so: __m256i| u64::from(_mm256_movemask_epi8(is_so).cast_unsigned());
    index.scan_by(text, |step| {
        let (halves, _) = step.as_chunks::<32>();
        let (mut separators, mut newlines) = (0, 0);
        for (place, half) in halves.iter().enumerate() {
            let (words, _) = half.as_chunks::<8>();
            let [w0, w1, w2, w3] = [0, 1, 2, 3].map(|word| i64::from_le_bytes(words[word]));
            let bytes = _mm256_set_epi64x(w3, w2, w1, w0);
            separators |=
                mask(_mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x20)), bytes)) << (32 * place);
            newlines |= mask(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x0a))) << (32 * place);
        }
        (separators, newlines)
    });
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
            index.scan(&text);
            prop_assert_eq!((index.starts, index.lines, index.has_runs), plain(&text));
        }

        #[test]
        fn every_machine_gives_the_same_index(text in proptest::collection::vec(0u8..0x30, 0..300)) {
            let (mut best, mut plain) = (Index::default(), Index::default());
            best.scan(&text);
            plain.scan_by(&text, masks_by_word);
            prop_assert_eq!((best.starts, best.lines, best.has_runs), (plain.starts, plain.lines, plain.has_runs));
        }
    }
}
