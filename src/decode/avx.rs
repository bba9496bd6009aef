//! Kernels for processors with AVX2 or AVX-512, and the only `unsafe` of the project: calling them after asking the
//! processor, and putting a wide register into memory.
//!
//! What they do is defined elsewhere, by plain code that runs where there is no AVX2 and that tests compare with: the
//! index of a block in [`super::scan`], addresses in [`super::value`].

use super::scan::Index;

/// Indexes a block if the processor can, and says whether it could.
pub(super) fn scan(index: &mut Index, text: &[u8]) -> bool {
    scan_as(index, text, true)
}

/// The same, with the widest kernel that there is or without that one.
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables, reason = "there is no kernel for this processor"))]
fn scan_as(index: &mut Index, text: &[u8], widest: bool) -> bool {
    #[cfg(target_arch = "x86_64")]
    if x86::is_there() {
        #[expect(
            unsafe_code,
            reason = "the processor's features were just requested; the functions are safe beside that"
        )]
        // SAFETY: the functions need AVX2, BMI1 and POPCNT, and one of them AVX-512 with VBMI2; this processor has them.
        unsafe {
            if widest && x86::is_wide() { x86::scan_wide(index, text) } else { x86::scan(index, text) }
        }
        return true;
    }
    false
}

/// Calls with the address of each field that is plainly IPv4, and with none for another one: IPv6, none, or malformed.
/// Fields are given by their starts and ends in the text.
pub(super) fn ipv4_addresses(
    text: &[u8],
    fields: impl Iterator<Item = (usize, usize)>,
    mut each: impl FnMut((usize, usize), Option<u32>),
) {
    #[cfg(target_arch = "x86_64")]
    if x86::is_there() {
        #[expect(
            unsafe_code,
            reason = "the processor's features were just requested; the function is safe beside that"
        )]
        // SAFETY: the function needs AVX2, BMI1 and POPCNT, and this processor has them.
        unsafe {
            x86::ipv4_addresses(text, fields, each);
        }
        return;
    }
    for (start, end) in fields {
        each((start, end), super::value::parse_ipv4(&text[start..end]));
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, __m256i, __m512i, _mm_cmpeq_epi8, _mm_cmpgt_epi32, _mm_cmplt_epi32, _mm_cvtsi128_si32, _mm_madd_epi16,
        _mm_maddubs_epi16, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi8, _mm_set_epi32, _mm_set_epi64x,
        _mm_set1_epi8, _mm_set1_epi16, _mm_set1_epi32, _mm_shuffle_epi8, _mm_sub_epi8, _mm256_cmpeq_epi8,
        _mm256_min_epu8, _mm256_movemask_epi8, _mm256_set_epi64x, _mm256_set1_epi8, _mm512_add_epi32,
        _mm512_cmpeq_epi8_mask, _mm512_cmple_epu8_mask, _mm512_cvtepu8_epi32, _mm512_extracti32x4_epi32,
        _mm512_maskz_compress_epi8, _mm512_set_epi64, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_storeu_si512,
    };

    use super::super::scan::{Index, STEP_BYTES, starts_by_eight};

    pub(super) fn is_there() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt")
    }

    pub(super) fn is_wide() -> bool {
        is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi2")
    }

    /// The places after the bytes of a step, to be picked from.
    const AFTER: [u8; STEP_BYTES] = {
        let mut after = [0; STEP_BYTES];
        let (mut place, mut next) = (0, 1);
        while place < STEP_BYTES {
            after[place] = next;
            (place, next) = (place + 1, next + 1);
        }
        after
    };

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,popcnt")]
    pub(super) fn scan_wide(index: &mut Index, text: &[u8]) {
        let load = |bytes: &[u8; STEP_BYTES]| {
            let (words, _) = bytes.as_chunks::<8>();
            let [w0, w1, w2, w3, w4, w5, w6, w7] = std::array::from_fn(|word| i64::from_le_bytes(words[word]));
            _mm512_set_epi64(w7, w6, w5, w4, w3, w2, w1, w0)
        };
        let masks = |step: &[u8; STEP_BYTES]| {
            let bytes = load(step);
            let separators = _mm512_cmple_epu8_mask(bytes, _mm512_set1_epi8(0x20));
            (separators, _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(0x0a)))
        };
        let after = load(&AFTER);
        index.scan_by(text, masks, |starts, base, separators| {
            let places = _mm512_maskz_compress_epi8(separators, after);
            let base = _mm512_set1_epi32(base.cast_signed());
            let put =
                |starts: &mut [u32; 16], sixteen| store(starts, _mm512_add_epi32(_mm512_cvtepu8_epi32(sixteen), base));
            let [first, second, third, fourth] = starts.as_chunks_mut::<16>().0 else { return };
            put(first, _mm512_extracti32x4_epi32::<0>(places));
            if separators.count_ones() > 16 {
                put(second, _mm512_extracti32x4_epi32::<1>(places));
                put(third, _mm512_extracti32x4_epi32::<2>(places));
                put(fourth, _mm512_extracti32x4_epi32::<3>(places));
            }
        });
    }

    #[target_feature(enable = "avx512f")]
    fn store(words: &mut [u32; 16], register: __m512i) {
        #[expect(unsafe_code, reason = "a register is put into memory through a pointer alone")]
        // SAFETY: the 64 bytes of the register fit in the 16 words, which may be written and need no alignment here.
        unsafe {
            _mm512_storeu_si512(words.as_mut_ptr().cast(), register);
        }
    }

    #[target_feature(enable = "avx2,bmi1,popcnt")]
    pub(super) fn scan(index: &mut Index, text: &[u8]) {
        let mask = |is_so: __m256i| u64::from(_mm256_movemask_epi8(is_so).cast_unsigned());
        let masks = |step: &[u8; STEP_BYTES]| {
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
        };
        index.scan_by(text, masks, starts_by_eight);
    }

    /// The lengths of four octets: where their digits are moved to, and what they must be at least to have no leading
    /// zero.
    #[derive(Clone, Copy)]
    struct Shape {
        /// For each octet four bytes: hundreds, tens, ones, nothing.
        places: [u8; 16],
        least: [i32; 4],
    }

    /// A place that nothing is moved to.
    const NOTHING: u8 = 0x80;
    const PLACES: [u8; 15] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
    /// By the lengths, from 1 to 3, of the four octets, the first one's weighing most.
    const SHAPES: [Shape; 81] = {
        let mut shapes = [Shape { places: [NOTHING; 16], least: [0; 4] }; 81];
        let mut shape = 0;
        while shape < 81 {
            let (mut weight, mut start, mut octet) = (27, 0, 0);
            while octet < 4 {
                let length = shape / weight % 3 + 1;
                let mut digit = 0;
                while digit < length {
                    shapes[shape].places[4 * octet + 3 - length + digit] = PLACES[start + digit];
                    digit += 1;
                }
                shapes[shape].least[octet] = [0, 10, 100][length - 1];
                start += length + 1;
                weight /= 3;
                octet += 1;
            }
            shape += 1;
        }
        shapes
    };

    #[target_feature(enable = "avx2,bmi1,popcnt")]
    pub(super) fn ipv4_addresses(
        text: &[u8],
        fields: impl Iterator<Item = (usize, usize)>,
        mut each: impl FnMut((usize, usize), Option<u32>),
    ) {
        for (start, end) in fields {
            let loaded = text.get(start..).and_then(|text| text.first_chunk::<16>());
            each((start, end), loaded.and_then(|loaded| ipv4(loaded, end - start)));
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(bytes: [u8; 16]) -> __m128i {
        let (words, _) = bytes.as_chunks::<8>();
        _mm_set_epi64x(i64::from_le_bytes(words[1]), i64::from_le_bytes(words[0]))
    }

    /// Parses an address of this many bytes; following bytes are ignored. All octets are read at once, as in Lemire,
    /// "Parsing IP addresses crazily fast" (2023).
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    #[inline]
    fn ipv4(text: &[u8; 16], length: usize) -> Option<u32> {
        let bytes = load(*text);
        let is_dot = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x2e))).cast_unsigned();
        let length = u32::try_from(length).ok().filter(|length| *length <= 15)?;
        let dots = is_dot & ((1 << length) - 1);
        let after_first = dots & dots.wrapping_sub(1);
        let after_second = after_first & after_first.wrapping_sub(1);
        if dots.count_ones() != 3 {
            return None;
        }
        let [first, second, third] = [dots, after_first, after_second].map(u32::trailing_zeros);
        // Lengths less one; that of an empty octet wraps and is too long then.
        let before = [u32::MAX, first, second, third];
        let after = [first, second, third, length];
        let [one, two, three, four] =
            std::array::from_fn(|octet| after[octet].wrapping_sub(before[octet]).wrapping_sub(2));
        if one.max(two).max(three).max(four) > 2 {
            return None;
        }
        let shape = SHAPES.get((one * 27 + two * 9 + three * 3 + four) as usize)?;
        let digits = _mm_sub_epi8(bytes, _mm_set1_epi8(0x30));
        let digits = _mm_shuffle_epi8(digits, load(shape.places));
        let weights = _mm_set1_epi32(i32::from_le_bytes([100, 10, 1, 0]));
        let octets = _mm_madd_epi16(_mm_maddubs_epi16(digits, weights), _mm_set1_epi16(1));
        let [l0, l1, l2, l3] = shape.least;
        let wrong = _mm_or_si128(
            _mm_cmpgt_epi32(octets, _mm_set1_epi32(255)),
            _mm_cmplt_epi32(octets, _mm_set_epi32(l3, l2, l1, l0)),
        );
        let are_digits = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
        if _mm_movemask_epi8(wrong) != 0 || _mm_movemask_epi8(are_digits) != 0xffff {
            return None;
        }
        let last_first = _mm_set_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12);
        Some(_mm_cvtsi128_si32(_mm_shuffle_epi8(octets, last_first)).cast_unsigned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::value::parse_ipv4;
    use super::*;

    proptest! {
        #[test]
        fn every_kernel_gives_the_same_index(text in proptest::collection::vec(0u8..0x30, 0..300)) {
            let (mut wide, mut narrow) = (Index::default(), Index::default());
            prop_assert_eq!(scan_as(&mut wide, &text, true), scan_as(&mut narrow, &text, false));
            prop_assert_eq!((wide.starts(), wide.newlines(), wide.has_runs), (narrow.starts(), narrow.newlines(), narrow.has_runs));
        }
    }

    /// What a field at any place of a text is read as.
    fn read(text: &[u8], field: (usize, usize)) -> Option<u32> {
        let mut read = None;
        ipv4_addresses(text, std::iter::once(field), |_, address| read = address);
        read
    }

    proptest! {
        #[test]
        fn every_machine_reads_the_same_addresses(octets: [u8; 4], before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
            let address = std::net::Ipv4Addr::from(octets);
            let text = format!("{before}{address}{after}");
            let field = (before.len(), before.len() + address.to_string().len());
            let expected = Some(u32::from(address)).filter(|_| !x86_is_short(&text, field.0));
            prop_assert_eq!(read(text.as_bytes(), field), expected);
        }

        #[test]
        fn what_is_no_address_is_none(field in "[0-9.]{0,17}|[0-9]{1,4}([.][0-9]{0,4}){2,4}|[ -~]{0,20}", after in "[ -~]{16}") {
            let text = format!("{field}{after}");
            prop_assert_eq!(read(text.as_bytes(), (0, field.len())), parse_ipv4(field.as_bytes()), "{}", field);
        }
    }

    /// Near the end of a text the kernel has not enough bytes to load, and leaves the field to others.
    fn x86_is_short(text: &str, start: usize) -> bool {
        let has_kernel = scan(&mut Index::default(), b"");
        has_kernel && text.len() < start + 16
    }
}
