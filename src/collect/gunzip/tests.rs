//! Compares the inflater with another one: for any data, complete, truncated or damaged, both return the same.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use proptest::prelude::*;

use super::inflate::{Inflate, Pause};
use super::*;

/// How inflating ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole { used: usize },
    Cut,
    Invalid,
}

/// Inflates with the other inflater.
fn expected(data: &[u8]) -> (Vec<u8>, End) {
    let (mut inflate, mut output) = (Decompress::new(false), Vec::new());
    loop {
        output.reserve(64 << 10);
        let before = (inflate.total_in(), output.len());
        let used = usize::try_from(before.0).unwrap();
        let end = match inflate.decompress_vec(&data[used..], &mut output, FlushDecompress::None) {
            Ok(Status::StreamEnd) => End::Whole { used: usize::try_from(inflate.total_in()).unwrap() },
            Err(_) => End::Invalid,
            Ok(_) if (inflate.total_in(), output.len()) == before => End::Cut,
            Ok(_) => continue,
        };
        return (output, end);
    }
}

/// Inflates with ours, by so many bytes at once; what is not used up comes again with so many more.
fn ours(data: &[u8], piece_bytes: usize) -> (Vec<u8>, End) {
    let (mut inflate, mut output) = (Inflate::new(), Vec::new());
    let (mut used, mut there) = (0, 0);
    loop {
        let (bytes, result) = inflate.inflate(&data[used..there]);
        used += bytes;
        let is_new = !inflate.pending().is_empty();
        output.extend_from_slice(inflate.pending());
        inflate.give(&mut Vec::with_capacity(1 << 20));
        let end = match result {
            Ok(Pause::End) => End::Whole { used },
            Err(Invalid) => End::Invalid,
            Ok(Pause::Midst) if is_new => continue,
            Ok(Pause::Midst) if there == data.len() => End::Cut,
            Ok(Pause::Midst) => {
                there = data.len().min(there + piece_bytes);
                continue;
            }
        };
        return (output, end);
    }
}

fn assert_same(data: &[u8], piece_bytes: usize) {
    let (expected, ours) = (expected(data), ours(data, piece_bytes));
    assert_eq!(ours.1, expected.1, "after {} and {} bytes", ours.0.len(), expected.0.len());
    assert!(ours.0 == expected.0, "{:?}: {} and {} bytes", ours.1, ours.0.len(), expected.0.len());
}

/// The same, but a cut may be found to be invalid: of a block without any codes for lengths, the other inflater reads
/// what would be lengths before it refuses them.
fn assert_alike(data: &[u8], piece_bytes: usize) {
    let (expected, ours) = (expected(data), ours(data, piece_bytes));
    let is_earlier = expected.1 == End::Cut && ours.1 == End::Invalid;
    assert!(is_earlier || ours.1 == expected.1, "{:?} and {:?}", ours.1, expected.1);
    assert!(ours.0 == expected.0, "{:?}: {} and {} bytes", ours.1, ours.0.len(), expected.0.len());
}

fn deflate(text: &[u8], level: u32) -> Vec<u8> {
    let (mut deflate, mut data) = (Compress::new(Compression::new(level), false), Vec::new());
    loop {
        data.reserve(64 << 10);
        let used = usize::try_from(deflate.total_in()).unwrap();
        if deflate.compress_vec(&text[used..], &mut data, FlushCompress::Finish).unwrap() == Status::StreamEnd {
            return data;
        }
    }
}

/// Numbers without order, always the same.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed), |last| Some(last.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)))
        .map(|number| number >> 33)
}

/// Lines as flow logs have them.
fn log(lines: usize, seed: u64) -> Vec<u8> {
    let mut numbers = numbers(seed);
    let mut next = |below: u64| numbers.next().unwrap() % below;
    let line = |_| {
        let (host, peer, port, bytes) = (next(200), next(70_000), next(60_000), next(9_000_000));
        let action = ["ACCEPT", "ACCEPT", "REJECT"][usize::try_from(next(3)).unwrap()];
        let peer = format!("52.{}.{}.9", peer / 256, peer % 256);
        format!("2 123456789012 eni-0a{host:04x} 10.0.0.{host} {peer} {port} 443 6 9 {bytes} 1 2 {action} OK\n")
    };
    (0..lines).map(line).collect::<String>().into_bytes()
}

/// Each byte about 1.6 times as often as the next, in no order: the rare ones have the longest codes there are.
fn skewed() -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut count, mut next) = (1, 1);
    for byte in 0..20 {
        bytes.extend(std::iter::repeat_n(byte * 11, count));
        (count, next) = (next, count + next);
    }
    let mut numbers = numbers(7);
    for place in (1..bytes.len()).rev() {
        bytes.swap(place, usize::try_from(numbers.next().unwrap()).unwrap() % place);
    }
    bytes
}

/// Texts that lead to matches, near and far, long and short, to none, and to codes of all lengths.
fn texts() -> Vec<Vec<u8>> {
    let noise: Vec<u8> = numbers(3).map(|number| number.to_le_bytes()[0]).take(150_000).collect();
    let periods = (1..200).flat_map(|period: usize| noise[..period].repeat(700 / period + 2)).collect();
    let far = [&noise[..32_768], &noise[..9_000], &noise[..70_000], &noise[40_000..60_000]].concat();
    let few = numbers(5).map(|number| b"0123456789 "[usize::try_from(number % 11).unwrap()]).take(90_000).collect();
    let mut texts = vec![Vec::new(), b"a".to_vec(), vec![0; 700_000], log(9_000, 1), skewed()];
    texts.extend([noise, periods, far, few]);
    texts
}

#[test]
fn every_text_comes_back_at_every_level_and_by_any_pieces() {
    for (number, text) in texts().iter().enumerate() {
        for level in 0..=9 {
            let data = [&deflate(text, level)[..], b"behind"].concat();
            for piece_bytes in [13, 1000, 64 << 10, data.len()] {
                let (output, end) = ours(&data, piece_bytes);
                assert_eq!(end, End::Whole { used: data.len() - 6 }, "text {number}, level {level}");
                assert!(output == *text, "text {number}, level {level}");
            }
        }
    }
}

#[test]
fn data_cut_at_any_byte_gives_what_it_is_enough_for() {
    for text in [log(20, 2), skewed()[..900].to_vec(), b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab".to_vec()] {
        for level in [0, 1, 6] {
            let data = deflate(&text, level);
            for cut in 0..=data.len() {
                assert_same(&data[..cut], 1 << 20);
                assert_same(&data[..cut], 97);
            }
        }
    }
}

#[test]
fn data_damaged_at_any_bit_gives_what_others_give() {
    for text in [log(25, 2), b"0123456789".repeat(3)] {
        for level in [0, 1, 9] {
            let data = deflate(&text, level);
            for bit in 0..data.len() * 8 {
                let mut data = data.clone();
                data[bit / 8] ^= 1 << (bit % 8);
                assert_same(&data, 1 << 20);
            }
        }
    }
}

#[test]
fn blocks_of_all_kinds_follow_one_another() {
    let mut deflate = Compress::new(Compression::new(6), false);
    let (mut text, mut data) = (Vec::new(), Vec::with_capacity(1 << 20));
    let noise: Vec<u8> = numbers(9).map(|number| number.to_le_bytes()[0]).take(900).collect();
    for part in [&b"fixed"[..], b"", b"fixed again", &log(90, 1), b"fixed", &noise, &log(50, 2), b"fixed"] {
        text.extend_from_slice(part);
        deflate.compress_vec(part, &mut data, FlushCompress::Sync).unwrap();
    }
    deflate.compress_vec(&[], &mut data, FlushCompress::Finish).unwrap();
    for piece_bytes in 1..50 {
        assert!(ours(&data, piece_bytes) == (text.clone(), End::Whole { used: data.len() }), "{piece_bytes}");
    }
}

#[test]
fn damage_far_behind_the_start_loses_nothing_that_came_before() {
    let data = deflate(&log(20_000, 4), 6);
    for place in (0..data.len()).step_by(data.len() / 40) {
        let mut data = data.clone();
        data[place..place + 3].copy_from_slice(&[0xff, 0, 0xff]);
        assert_same(&data, 64 << 10);
    }
}

/// Deflate data of whole blocks' headers and what happens to come: few symbols, so that tables are odd.
fn odd_data() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), Just(0), Just(0xff), Just(0x24), Just(0x92)];
    (0_u8..8, prop::collection::vec(byte, 0..600)).prop_map(|(header, mut data)| {
        if let Some(first) = data.first_mut() {
            *first = *first & !7 | header;
        }
        data
    })
}

/// Text with matches of any length and distance.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let literals = prop::collection::vec(any::<u8>(), 1..40).prop_map(|bytes| (bytes, 0, 0));
    let again = (0_usize..40_000, 1_usize..700).prop_map(|(back, length)| (Vec::new(), back, length));
    let near = (0_usize..70, 1_usize..700).prop_map(|(back, length)| (Vec::new(), back, length));
    prop::collection::vec(prop_oneof![literals, again, near], 0..300).prop_map(|parts| {
        let mut text = Vec::new();
        for (literals, back, length) in parts {
            text.extend(literals);
            for _ in 0..length * usize::from(!text.is_empty()) {
                text.push(text[text.len() - 1 - back % text.len().min(40_000)]);
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn any_text_comes_back(text in text(), level in 0_u32..=9, piece_bytes in 1_usize..5_000) {
        let data = deflate(&text, level);
        prop_assert_eq!(ours(&data, piece_bytes), (text, End::Whole { used: data.len() }));
    }

    #[test]
    fn any_damage_does_the_same_to_both(
        text in text(), level in 0_u32..=9, places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut data = deflate(&text, level);
        for (place, byte) in places {
            let place = place.index(data.len());
            data[place] = byte;
        }
        assert_alike(&data, 64 << 10);
    }

    #[test]
    fn what_was_never_deflated_is_rejected_alike(data in odd_data(), piece_bytes in 1_usize..700) {
        assert_alike(&data, piece_bytes);
    }
}

#[test]
fn a_piece_in_memory_is_inflated_to_the_length_it_should_have_or_rejected() {
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
        std::io::Write::write_all(&mut encoder, text).unwrap();
        encoder.finish().unwrap()
    };
    let text: Vec<u8> = (0..300_000_u32).flat_map(|number| (number % 1_009 * number % 1_000).to_le_bytes()).collect();
    let one = gzip(&text);
    let two = [gzip(&text[..70_000]), gzip(&text[70_000..])].concat();
    let mut damaged = one.clone();
    damaged[one.len() / 2] ^= 0x10;
    let mut gunzipper = Gunzipper::default();
    let mut inflate = |data: &[u8], length| {
        let mut output = b"before".to_vec();
        gunzipper.inflate(data, length, &mut output).map(|()| output)
    };
    let whole = [b"before", &text[..]].concat();
    for _ in 0..2 {
        // Each piece is independent of the previous ones.
        assert_eq!(inflate(&one, text.len()).as_ref(), Ok(&whole));
        assert_eq!(inflate(&two, text.len()).as_ref(), Ok(&whole));
        assert!(inflate(&one, text.len() - 1).is_err(), "longer than it should be");
        assert!(inflate(&one, text.len() + 1).is_err(), "shorter than it should be");
        assert!(inflate(&one, 256 << 20).is_err(), "much shorter than it should be");
        assert!(inflate(&one[..one.len() - 9], text.len()).is_err(), "cut");
        assert!(inflate(&damaged, text.len()).is_err(), "damaged");
        assert!(inflate(b"no gzip", text.len()).is_err());
        assert!(inflate(&[], 1).is_err());
    }
}
