//! The loop that most bytes come out of, while neither the input nor the room ends.
//!
//! What takes its time is the chain from one code to the next: bits → table → how many bits → next bits. So all else is
//! kept out of that chain: the next entry is looked up before the bits are filled up and before the match is copied.

use super::bits::{Bits, low};
use super::inflate::{FULL_BYTES, OUTPUT_BYTES};
use super::tables::Tables;

/// How many bytes of a match are copied at once; what is copied too much is overwritten by what comes next.
const COPY_BYTES: usize = 64;

/// Inflates until there is enough output, the input or the room is nearly used up, or an entry needs the slow path or
/// is invalid. Returns where output ends. An entry that needs the slow path is not consumed, including its literals.
#[inline(never)]
pub(super) fn run(
    tables: &Tables,
    state: &mut Bits<'_>,
    output: &mut [u8; OUTPUT_BYTES],
    start: usize,
    enough: usize,
) -> usize {
    let (mut bits, mut count, mut rest) = (state.bits, state.count, &state.input[state.used..]);
    let mut end = start;
    // As large a refill as in the loop, so that the first look-up has its bits.
    let Some(word) = rest.first_chunk() else { return end };
    (bits, rest, count) = filled(bits, count, word, rest);
    let mut entry = tables.symbol(bits);
    let enough = enough.min(FULL_BYTES);
    while end < enough {
        let Some(word) = rest.first_chunk() else { break };
        (bits, rest, count) = filled(bits, count, word, rest);
        let [first, second] = entry.two_literals();
        (output[end], output[end + 1]) = (first, second);
        let behind = bits >> entry.bits();
        if !entry.is_match() {
            if entry.is_slow() {
                break;
            }
            end += entry.literal_count();
            (bits, count) = (behind, count - entry.bits());
            entry = tables.symbol(bits);
            continue;
        }
        let distance = tables.distance(behind);
        if distance.is_slow() {
            break;
        }
        let to = end + entry.literal_count();
        let length = entry.length_base() + entry.extra(low(bits));
        let back = distance.distance_base() + distance.extra(low(behind));
        let Some(from) = to.checked_sub(back) else { break };
        count -= entry.bits() + distance.bits();
        bits = behind >> distance.bits();
        entry = tables.symbol(bits);
        copy(output, from, to, length);
        end = to + length;
    }
    (state.bits, state.count, state.used) = (bits, count, state.input.len() - rest.len());
    end
}

/// Adds eight bytes above the available bits, and advances by those that fit: 56 bits are available afterwards.
#[inline]
fn filled<'a>(bits: u64, count: u32, word: &[u8; 8], rest: &'a [u8]) -> (u64, &'a [u8], u32) {
    let bytes = ((63 - count) >> 3 & 7) as usize;
    (bits | u64::from_le_bytes(*word) << (count & 63), &rest[bytes..], count | 56)
}

/// Copies earlier output, which may overlap with the destination.
#[inline]
fn copy(output: &mut [u8; OUTPUT_BYTES], from: usize, to: usize, length: usize) {
    if to - from >= COPY_BYTES {
        let mut done = 0;
        while done < length {
            output.copy_within(from + done..from + done + COPY_BYTES, to + done);
            done += COPY_BYTES;
        }
    } else {
        for place in to..to + length {
            output[place] = output[place - (to - from)];
        }
    }
}
