//! The bytes of one field → its value, by the same rules in every format.
//!
//! Strict and free of allocation: digits only, no sign, no space, nothing out of the column's range. What an absent
//! value looks like (`-`, empty, null) is the caller's matter. How many digits a number or an octet has cannot be
//! predicted, so bytes are loaded and judged eight or sixteen at a time instead of one by one.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use crate::schema::{ABSENT_ADDRESS, ABSENT_SMALL, ABSENT_TIME, BIG_MAX};

/// The largest number of digits that are weighed, leading zeros apart: all that a count up to [`BIG_MAX`] can have.
const DIGITS_MAX: usize = 16;
/// IPv4 addresses are held in `::ffff:0:0/96`.
const IPV4_MAPPED: u128 = 0xffff_0000_0000;
/// The smallest octet of so many digits: `01` is refused, being octal to some and decimal to others.
const OCTET_MIN: [u32; 4] = [u32::MAX, 0, 10, 100];

/// A tag's value, which AWS writes percent-encoded.
pub(super) fn decode_tag(text: &[u8]) -> Cow<'_, [u8]> {
    percent_encoding::percent_decode(text).into()
}

/// An IPv4 or IPv6 address in any of its forms, without zone or brackets.
#[inline]
pub(super) fn parse_address(text: &[u8]) -> Option<u128> {
    match parse_ipv4(text) {
        Some(address) => Some(IPV4_MAPPED | u128::from(address)),
        None => parse_ipv6(text),
    }
}

/// A whole number below 2³²−1.
#[inline]
pub(super) fn parse_small(text: &[u8]) -> Option<u32> {
    u32::try_from(parse_number(text)?).ok().filter(|value| *value != ABSENT_SMALL)
}

/// A whole number up to [`BIG_MAX`].
#[inline]
pub(super) fn parse_big(text: &[u8]) -> Option<u64> {
    parse_number(text).filter(|value| *value <= BIG_MAX)
}

/// Seconds since 1970, before 2106.
#[inline]
pub(super) fn parse_time(text: &[u8]) -> Option<u32> {
    u32::try_from(parse_number(text)?).ok().filter(|value| *value != ABSENT_TIME)
}

/// A whole number of any length, as long as it has no more than [`DIGITS_MAX`] digits after its leading zeros.
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
    // The first digit stands in the lowest byte; shifting puts zeros before it.
    let shift = 64 - 8 * text.len();
    let digits = (load_eight(text)? << shift) ^ (0x3030_3030_3030_3030 << shift);
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

/// Seven to fifteen bytes, the first one lowest, zeros after them.
#[inline]
fn load_fifteen(text: &[u8]) -> Option<u128> {
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let last = u128::from(u64::from_le_bytes(*last)) << (8 * (text.len() - 8));
        return Some(u128::from(u64::from_le_bytes(*first)) | last);
    }
    load_eight(text).map(u128::from)
}

/// Four octets and the three dots between them.
#[inline]
fn parse_ipv4(text: &[u8]) -> Option<u32> {
    if !(7..=15).contains(&text.len()) {
        return None;
    }
    let bytes = load_fifteen(text)?;
    let inside = (1u128 << (8 * text.len())) - 1;
    let undotted = bytes ^ repeat(b'.');
    let other_than_dot = (undotted & repeat(0x7f)).wrapping_add(repeat(0x7f)) | undotted;
    let dots = !other_than_dot & repeat(0x80);
    let digits = bytes ^ repeat(b'0');
    let no_digit = (digits.wrapping_add(repeat(0x76)) | digits) & repeat(0x80) & inside;
    // Whatever is no digit must be one of three dots (a dot is no digit, so it is in both).
    if no_digit != dots || dots.count_ones() != 3 {
        return None;
    }
    let after_first = dots & (dots - 1);
    let after_second = after_first & (after_first - 1);
    let [first, second, third] = [dots, after_first, after_second].map(|dots| dots.trailing_zeros() / 8);
    let high = octet(digits, 0, first)? << 24 | octet(digits, first + 1, second)? << 16;
    let end = u32::try_from(text.len()).ok()?;
    Some(high | octet(digits, second + 1, third)? << 8 | octet(digits, third + 1, end)?)
}

/// A byte in all places.
const fn repeat(byte: u8) -> u128 {
    u128::from_le_bytes([byte; 16])
}

/// The octet whose digits stand from `start` to `end`.
#[inline]
fn octet(digits: u128, start: u32, end: u32) -> Option<u32> {
    let length = end - start;
    let smallest = *OCTET_MIN.get(length as usize)?;
    let three = (((digits >> (8 * start)) & 0x00ff_ffff) as u32) << (8 * (3 - length.min(3)));
    let value = (three & 0xff) * 100 + ((three >> 8) & 0xff) * 10 + ((three >> 16) & 0xff);
    (value >= smallest && value <= 255).then_some(value)
}

/// The forms of RFC 4291. An address that stands for an absent one is refused: nobody is assigned it.
fn parse_ipv6(text: &[u8]) -> Option<u128> {
    let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(u128::from(address)).filter(|address| *address != ABSENT_ADDRESS)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

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
        assert_eq!(parse_time(b"1680171259"), Some(1_680_171_259));
        assert_eq!(parse_time(b"1680171259000"), None, "milliseconds are no seconds");
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
        fn no_bytes_are_read_otherwise_than_by_the_standard_library(text in proptest::collection::vec(any::<u8>(), 0..20)) {
            let plain = std::str::from_utf8(&text).ok().filter(|text| !text.starts_with('+'));
            prop_assert_eq!(parse_address(&text), plain.and_then(std_address));
            prop_assert_eq!(parse_number(&text), plain.and_then(|text| text.parse().ok()));
        }

        #[test]
        fn numbers_are_what_the_standard_library_says(value: u64, digits in 1usize..=16, width in 0usize..20) {
            let text = format!("{:0width$}", value % 10u64.pow(u32::try_from(digits).unwrap()));
            prop_assert_eq!(parse_number(text.as_bytes()), text.parse().ok());
            prop_assert_eq!(parse_small(text.as_bytes()), text.parse().ok().filter(|value| *value != u32::MAX));
        }
    }
}
