//! Sizes as typed: `10MiB`.
//!
//! A size is an integer, or a decimal with a unit, computed exactly in integers. Binary units (KiB … PiB) are powers of
//! 1024, decimal units (kB … PB) powers of 1000; a lone `k` or `M` is ambiguous and rejected.

use crate::error::Error;

/// How many digits may follow the decimal point; the more exact are a slip of the keyboard.
pub const FRACTION_DIGITS_MAX: usize = 18;

/// The units, in lower case, and their bytes.
const UNITS: [(&str, u64); 11] = [
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("pb", 1_000_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("pib", 1 << 50),
];

/// The bytes of a size such as `10MiB`, `1.5GiB`, `20MB` or `1_000`, with case-insensitive units; fractions of a byte
/// are dropped.
///
/// # Errors
/// Anything else, a decimal without a unit, and sizes of 2⁶⁴ bytes and more are usage errors.
pub fn parse(text: &str) -> Result<u64, Error> {
    let wrong = || Error::usage(format!("invalid size `{text}`"));
    let unit_at = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let whole = digits(whole).ok_or_else(|| wrong().hint("write 1000, 10MiB, 1.5GiB or 20MB"))?;
    let bytes_per_unit = unit_bytes(unit, fraction.is_some()).map_err(|fault| wrong().hint(fault.to_string()))?;
    let part = match fraction {
        Some(fraction) => part_bytes(fraction, bytes_per_unit)
            .ok_or_else(|| wrong().hint(format!("write 1 to {FRACTION_DIGITS_MAX} digits after the point")))?,
        None => 0,
    };
    let bytes = whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(bytes_per_unit)?.checked_add(part));
    bytes.ok_or_else(|| Error::usage(format!("`{text}` is too large: sizes end below 16 EiB")))
}

/// A hint on how to write the unit.
#[derive(Debug, thiserror::Error)]
enum UnitFault {
    #[error("a decimal needs a unit, as in 1.5GiB")]
    Missing,
    #[error("write {0}iB for powers of 1024, {0}B for powers of 1000")]
    Ambiguous(String),
    #[error("the units are KiB MiB GiB TiB PiB and kB MB GB TB PB")]
    Unknown,
}

/// The bytes of a unit.
fn unit_bytes(unit: &str, is_decimal: bool) -> Result<u64, UnitFault> {
    match unit.to_ascii_lowercase().as_str() {
        "" if is_decimal => Err(UnitFault::Missing),
        "" => Ok(1),
        short @ ("k" | "m" | "g" | "t" | "p") => Err(UnitFault::Ambiguous(short.to_ascii_uppercase())),
        unit => {
            let known = UNITS.iter().find(|(name, _)| *name == unit);
            known.map(|(_, bytes)| *bytes).ok_or(UnitFault::Unknown)
        }
    }
}

/// The whole bytes in a decimal's digits after the point.
fn part_bytes(fraction: &str, bytes_per_unit: u64) -> Option<u64> {
    let fraction = digits(fraction).filter(|fraction| fraction.len() <= FRACTION_DIGITS_MAX)?;
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    u64::try_from(fraction.parse::<u128>().ok()? * u128::from(bytes_per_unit) / scale).ok()
}

/// Digits without the underscores between them; none if there is anything else.
fn digits(text: &str) -> Option<String> {
    let is_number = text.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    is_number.then(|| text.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_read_exactly() {
        let table = [
            ("0", 0),
            ("10", 10),
            ("1_000_000", 1_000_000),
            ("7B", 7),
            ("10kB", 10_000),
            ("10KB", 10_000),
            ("10MB", 10_000_000),
            ("10MiB", 10 << 20),
            ("10mib", 10 << 20),
            ("1.5GiB", 1_610_612_736),
            ("0.1KiB", 102),
            ("1.9B", 1),
            ("1_0.2_5kB", 10_250),
            ("2TiB", 2 << 40),
            ("3PiB", 3 << 50),
            ("3PB", 3_000_000_000_000_000),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, bytes) in table {
            assert_eq!(parse(text).expect(text), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_rejected_with_advice() {
        let table = [
            ("", "write 1000"),
            ("MiB", "write 1000"),
            ("-1", "write 1000"),
            ("+1", "write 1000"),
            ("1__0", "write 1000"),
            ("_1", "write 1000"),
            ("1e3", "the units are"),
            ("10 MiB", "write 1000"),
            ("10k", "write KiB for powers of 1024, KB for powers of 1000"),
            ("10Mbit", "the units are"),
            ("1.GiB", "write 1 to 18 digits after the point"),
            ("1.0000000000000000005GiB", "write 1 to 18 digits after the point"),
            ("1.5", "a decimal needs a unit"),
        ];
        for (text, hint) in table {
            let error = parse(text).expect_err(text);
            assert!(error.hints()[0].contains(hint), "{text}: {:?}", error.hints());
        }
        for text in ["18446744073709551616", "16384PiB", "99999999999999999999"] {
            assert!(parse(text).expect_err(text).to_string().contains("too large"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_whole_number_of_a_unit_is_that_many_times_its_bytes(count in 0..16_000_u64, (unit, bytes) in prop::sample::select(UNITS.to_vec())) {
            prop_assert_eq!(parse(&format!("{count}{unit}")).expect("a size"), count * bytes);
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            drop(parse(&text));
        }
    }
}
