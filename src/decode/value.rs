//! The bytes of one field → its value, by the same rules in every format.
//!
//! Strict and free of allocation: digits only, no sign, no space, nothing out of the column's range. What an absent
//! value looks like (`-`, empty, null) is the caller's matter. How many digits a number has cannot be predicted, so they
//! are loaded and judged eight at a time; addresses repeat, so theirs are read one by one.

use std::borrow::Cow;

use crate::schema::{ABSENT_ADDRESS, ABSENT_SMALL, ABSENT_TIME, BIG_MAX, Column};

/// The largest number of digits that are weighed, leading zeros apart: all that a count up to [`BIG_MAX`] can have.
const DIGITS_MAX: usize = 16;
/// IPv4 addresses are held in `::ffff:0:0/96`.
const IPV4_MAPPED: u128 = 0xffff_0000_0000;
/// The length of the longest text of an IPv6 address: six groups of hexadecimal digits and an IPv4 address.
const IPV6_LENGTH_MAX: usize = 45;

/// A tag's value, which AWS writes percent-encoded.
pub(super) fn decode_tag(text: &[u8]) -> Cow<'_, [u8]> {
    percent_encoding::percent_decode(text).into()
}

/// An IPv4 or IPv6 address in any of its forms, without zone or brackets.
#[inline]
pub(super) fn parse_address(text: &[u8]) -> Option<u128> {
    match parse_ipv4(text) {
        Some(address) => Some(of_ipv4(address)),
        None => parse_ipv6(text),
    }
}

/// An IPv4 address as all addresses are held.
#[inline]
pub(super) fn of_ipv4(address: u32) -> u128 {
    IPV4_MAPPED | u128::from(address)
}

/// Whether two texts are the same; without a call where they are as short as most fields are.
#[inline]
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    match one.len() {
        length if length != other.len() => false,
        0..8 => load_eight(one) == load_eight(other),
        8..=16 => ends::<8>(one) == ends::<8>(other),
        17..=32 => ends::<16>(one) == ends::<16>(other),
        _ => one == other,
    }
}

/// The first and the last bytes of a text, which may overlap.
#[inline]
fn ends<const BYTES: usize>(text: &[u8]) -> Option<([u8; BYTES], [u8; BYTES])> {
    Some((*text.first_chunk()?, *text.last_chunk()?))
}

/// A whole number below 2³²−1.
#[inline]
pub(super) fn parse_small(text: &[u8]) -> Option<u32> {
    small(parse_number(text)?)
}

/// A number that such a column can hold.
#[inline]
pub(super) fn small(number: u64) -> Option<u32> {
    u32::try_from(number).ok().filter(|value| *value != ABSENT_SMALL)
}

/// The largest number of a column of small ones that AWS could write: ports have 16 bits, protocols eight.
pub(super) fn small_max(column: Column) -> u32 {
    match column {
        Column::Srcport | Column::Dstport => u16::MAX.into(),
        Column::Protocol => u8::MAX.into(),
        _ => ABSENT_SMALL - 1,
    }
}

/// A whole number up to [`BIG_MAX`].
#[inline]
pub(super) fn parse_big(text: &[u8]) -> Option<u64> {
    big(parse_number(text)?)
}

/// A number that such a column can hold.
#[inline]
pub(super) fn big(number: u64) -> Option<u64> {
    Some(number).filter(|value| *value <= BIG_MAX)
}

/// A number of seconds since 1970, before 2106.
#[inline]
pub(super) fn time(number: u64) -> Option<u32> {
    u32::try_from(number).ok().filter(|value| *value != ABSENT_TIME)
}

/// The whole number in a field of a text. A short one is loaded with what stands before it, which is then taken off:
/// how long it is need not be asked.
#[inline]
pub(super) fn number_at(text: &[u8], start: usize, end: usize) -> Option<u64> {
    match text[..end].last_chunk() {
        Some(last) if (1..=8).contains(&(end - start)) => weigh(u64::from_le_bytes(*last), end - start),
        _ => parse_number(&text[start..end]),
    }
}

/// An integer of any length with at most [`DIGITS_MAX`] digits after leading zeros.
#[inline]
fn parse_number(text: &[u8]) -> Option<u64> {
    match text.len() {
        1..=8 => eight_digits(text),
        9..=DIGITS_MAX => {
            let (high, low) = text.split_at(text.len() - 8);
            Some(eight_digits(high)? * 100_000_000 + eight_digits(low)?)
        }
        _ => long_number(text),
    }
}

/// A number that is longer than its value needs, or none.
#[cold]
fn long_number(text: &[u8]) -> Option<u64> {
    let zeros = text.iter().take_while(|byte| **byte == b'0').count().min(text.len().saturating_sub(1));
    let digits = &text[zeros..];
    if (1..=DIGITS_MAX).contains(&digits.len()) { parse_number(digits) } else { None }
}

/// The number of one to eight digits.
#[inline]
fn eight_digits(text: &[u8]) -> Option<u64> {
    weigh(load_eight(text)? << (64 - 8 * text.len()), text.len())
}

/// The number of this many digits, the last one in the highest byte; lower bytes are ignored.
#[inline(always)]
fn weigh(bytes: u64, length: usize) -> Option<u64> {
    let shift = 64 - 8 * length;
    let digits = (bytes ^ 0x3030_3030_3030_3030) >> shift << shift;
    if (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    // Neighbours are joined: digits to pairs, pairs to fours, fours to eight.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let high = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let low = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    Some(high.wrapping_add(low) >> 32)
}

/// One to eight bytes, the first one lowest, zeros after them.
#[inline]
fn load_eight(text: &[u8]) -> Option<u64> {
    // Two loads that overlap where the text is shorter than both: the same bytes are joined with themselves.
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (text.len() - 4));
        return Some(u64::from(u32::from_le_bytes(*first)) | last);
    }
    let (first, last) = (text.first()?, text.last()?);
    let middle = text[text.len() / 2];
    Some(u64::from(*first) | u64::from(middle) << (8 * (text.len() / 2)) | u64::from(*last) << (8 * (text.len() - 1)))
}

/// Four octets and the three dots between them.
#[inline]
pub(super) fn parse_ipv4(text: &[u8]) -> Option<u32> {
    let (first, rest) = octet(text)?;
    let (second, rest) = octet(rest.strip_prefix(b".")?)?;
    let (third, rest) = octet(rest.strip_prefix(b".")?)?;
    let (fourth, rest) = octet(rest.strip_prefix(b".")?)?;
    rest.is_empty().then_some(first << 24 | second << 16 | third << 8 | fourth)
}

/// The first octet of a text, and the remainder. A leading zero is rejected, because it is ambiguous (octal or
/// decimal).
#[inline]
fn octet(text: &[u8]) -> Option<(u32, &[u8])> {
    let digit = |place: usize| text.get(place).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10);
    let first = u32::from(digit(0)?);
    let Some(second) = digit(1) else { return Some((first, &text[1..])) };
    let two = first * 10 + u32::from(second);
    let Some(third) = digit(2) else { return (first > 0).then_some((two, &text[2..])) };
    let three = two * 10 + u32::from(third);
    (first > 0 && three <= 255).then_some((three, &text[3..]))
}

/// The forms of RFC 4291: groups of hexadecimal digits, `::` in place of zeros, an IPv4 address at the end. The address
/// reserved for absent values is rejected; it is never assigned.
fn parse_ipv6(text: &[u8]) -> Option<u128> {
    if text.len() > IPV6_LENGTH_MAX {
        return None;
    }
    // The groups so far, those since `::` alone once it was met, and where the group begins that is being read.
    let (mut groups, mut count, mut before_gap) = (0_u128, 0, None);
    let (mut group, mut start) = (0_u128, 0);
    for (place, byte) in text.iter().enumerate() {
        match byte {
            b':' if place > start => {
                (groups, count, group, start) = (groups << 16 | group, count + 1, 0, place + 1);
            }
            b':' if place == 0 && text.get(1) == Some(&b':') => start = 1,
            b':' if place > 0 && before_gap.is_none() => {
                before_gap = Some((groups, count));
                (groups, count, start) = (0, 0, place + 1);
            }
            b'.' => {
                let last = u128::from(parse_ipv4(&text[start..])?);
                return joined(before_gap, groups << 32 | last, count + 2);
            }
            _ if place < start + 4 => group = group << 4 | u128::from(char::from(*byte).to_digit(16)?),
            _ => return None,
        }
    }
    if start < text.len() {
        return joined(before_gap, groups << 16 | group, count + 1);
    }
    if text.ends_with(b"::") { joined(before_gap, groups, count) } else { None }
}

/// The address of eight groups, or of fewer with a gap between them.
fn joined(before_gap: Option<(u128, u32)>, groups: u128, count: u32) -> Option<u128> {
    let address = match before_gap {
        None => (count == 8).then_some(groups),
        Some((before, count_before)) if count_before + count < 8 => {
            Some(before.checked_shl(16 * (8 - count_before)).unwrap_or(0) | groups)
        }
        Some(_) => None,
    };
    address.filter(|address| *address != ABSENT_ADDRESS)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn std_address(text: &str) -> Option<u128> {
        let mapped = |address: Ipv4Addr| u128::from(address.to_ipv6_mapped());
        let address = text.parse().map(mapped).or_else(|_| text.parse::<Ipv6Addr>().map(u128::from)).ok()?;
        Some(address).filter(|address| *address != ABSENT_ADDRESS)
    }

    #[test]
    fn an_address_is_the_same_in_all_its_forms() {
        let mapped = parse_address(b"1.2.3.4");
        assert_eq!(mapped, Some(0xffff_0102_0304));
        assert_eq!(parse_address(b"::ffff:1.2.3.4"), mapped);
        assert_eq!(parse_address(b"::FFFF:102:304"), mapped);
        assert_eq!(parse_address(b"2001:DB8:0:0:0:0:0:1"), parse_address(b"2001:db8::1"));
        assert_eq!(parse_address(b"255.255.255.255"), Some(0xffff_ffff_ffff));
        assert_eq!(parse_address(b"0.0.0.0"), Some(0xffff_0000_0000));
        assert_eq!(parse_address(b"::"), Some(0));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in [
            "",
            "-",
            ".",
            "...",
            "1.2.3",
            "1.2.3.",
            ".1.2.3",
            "1..2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "01.2.3.4",
            "1.2.3.4 ",
            "1.2.3.+4",
            "1.2.3.4/8",
            "[::1]",
            "fe80::1%eth0",
            "1::2::3",
            "1.2.3.1000",
            "::fffe:0:0",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "12345::",
            "1.2.3.\u{b2}",
            "999.999.999.999",
            "0x1.2.3.4",
            "1,2,3,4",
            "1.2.3.4\0",
        ] {
            assert_eq!(parse_address(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_whole_digits_only_and_in_range() {
        assert_eq!(parse_small(b"443"), Some(443));
        assert_eq!(parse_small(b"4294967294"), Some(u32::MAX - 1));
        assert_eq!(parse_small(b"4294967295"), None, "it stands for an absent one");
        assert_eq!(parse_small(b"0000000000000000000000000000443"), Some(443));
        assert_eq!(parse_small(b"000000000000000000000000"), Some(0));
        assert_eq!(parse_big(b"1125899906842624"), Some(BIG_MAX));
        assert_eq!(parse_big(b"1125899906842625"), None);
        assert_eq!(parse_big(b"18446744073709551617"), None);
        assert_eq!(time(1_680_171_259), Some(1_680_171_259));
        assert_eq!(time(1_680_171_259_000), None, "milliseconds are no seconds");
        for text in ["", "-", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1", "12a45678", "\u{663}", "1234567890123456x"] {
            assert_eq!(parse_big(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn tags_are_percent_decoded_and_stray_signs_stay() {
        assert_eq!(&*decode_tag(b"web%20%C3%A4%2d"), "web ä-".as_bytes());
        assert_eq!(&*decode_tag(b"100%"), b"100%");
    }

    proptest! {
        #[test]
        fn addresses_are_what_the_standard_library_says(octets: [u8; 4], segments: [u16; 8], zeros in 0u8..=255) {
            let segments: Vec<u16> = (0..8).map(|i| if zeros & (1 << i) == 0 { segments[i] } else { 0 }).collect();
            let ipv6 = Ipv6Addr::from(<[u16; 8]>::try_from(segments).unwrap());
            let ipv4 = Ipv4Addr::from(octets);
            let long = ipv6.segments().map(|segment| format!("{segment:04X}")).join(":");
            for text in [ipv4.to_string(), format!("::ffff:{ipv4}"), format!("64:ff9b::{ipv4}"), ipv6.to_string(), long] {
                let address = parse_address(text.as_bytes());
                prop_assert_eq!(address, std_address(&text), "{}", text);
                prop_assert!(address.is_some());
            }
        }

        #[test]
        fn no_text_near_an_address_is_read_otherwise_than_by_the_standard_library(
            text in "[0-9]{0,4}[.:]?[0-9]{0,3}[.:0-9a-f]{0,4}[.:][0-9]{0,3}[.:/ %]?[0-9]{0,4}"
        ) {
            prop_assert_eq!(parse_address(text.as_bytes()), std_address(&text));
        }

        #[test]
        fn no_groups_are_read_otherwise_than_by_the_standard_library(
            text in "[0-9a-f]{0,2}(:{1,2}[0-9a-fA-F]{0,4}){0,9}(:?[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,2}[.][0-9]{1,2}:?)?"
        ) {
            prop_assert_eq!(parse_address(text.as_bytes()), std_address(&text));
        }

        #[test]
        fn no_bytes_are_read_otherwise_than_by_the_standard_library(text in proptest::collection::vec(any::<u8>(), 0..20)) {
            let plain = std::str::from_utf8(&text).ok().filter(|text| !text.starts_with('+'));
            prop_assert_eq!(parse_address(&text), plain.and_then(std_address));
            prop_assert_eq!(parse_number(&text), plain.and_then(|text| text.parse().ok()));
        }

        #[test]
        fn a_number_is_the_same_wherever_it_stands(before in "[ -~]{0,9}", number in "[0-9]{0,18}|[ -~]{0,10}", after in "[ -~]{0,3}") {
            let text = format!("{before}{number}{after}");
            let read = number_at(text.as_bytes(), before.len(), before.len() + number.len());
            prop_assert_eq!(read, parse_number(number.as_bytes()));
        }

        #[test]
        fn short_texts_are_the_same_as_their_bytes_are(one in "[ab]{0,40}", other in "[ab]{0,40}", place: prop::sample::Index) {
            prop_assert_eq!(same(one.as_bytes(), other.as_bytes()), one == other);
            let mut changed = one.clone().into_bytes();
            prop_assert!(same(one.as_bytes(), &changed));
            if !changed.is_empty() {
                let place = place.index(changed.len());
                changed[place] = b'c';
                prop_assert!(!same(one.as_bytes(), &changed));
            }
        }

        #[test]
        fn numbers_are_what_the_standard_library_says(value: u64, digits in 1usize..=16, width in 0usize..20) {
            let text = format!("{:0width$}", value % 10u64.pow(u32::try_from(digits).unwrap()));
            prop_assert_eq!(parse_number(text.as_bytes()), text.parse().ok());
            prop_assert_eq!(parse_small(text.as_bytes()), text.parse().ok().filter(|value| *value != u32::MAX));
        }
    }
}
