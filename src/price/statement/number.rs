//! Numbers of a bill: decimals that may be negative or have an exponent → whole units, halves rounded away from zero.

/// Units of an amount of a bill in a dollar, as those of a [`crate::price::Rate`]: 10⁻¹⁴ USD.
pub const USD_UNITS: i128 = 10_i128.pow(USD_UNIT_DECIMALS);
const USD_UNIT_DECIMALS: u32 = 14;
/// Significant digits that are read; doubles have seventeen.
const DIGITS_MAX: usize = 26;
/// The greatest power of ten that a number may have; AWS writes up to `1E-10`.
const EXPONENT_MAX: i32 = 30;

/// An amount in 10⁻¹⁴ USD.
pub(super) fn usd(text: &str) -> Option<i128> {
    scaled(text, USD_UNIT_DECIMALS, 1)
}

/// A quantity in GB of 2³⁰ bytes, in whole bytes: bills have ten decimals, so the nearest byte is the one meant.
pub(super) fn gb_bytes(text: &str) -> Option<i128> {
    scaled(text, 0, super::GB_BYTES.into())
}

/// `text × factor × 10^decimals` as a whole number.
fn scaled(text: &str, decimals: u32, factor: i128) -> Option<i128> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = || whole.bytes().chain(fraction.bytes());
    if all().next().is_none() || !all().all(|byte| byte.is_ascii_digit()) || exponent.abs() > EXPONENT_MAX {
        return None;
    }
    let leading = all().take_while(|byte| *byte == b'0').count();
    let digits: Vec<u8> = all().skip(leading).collect();
    let kept = digits.len().min(DIGITS_MAX);
    let number = digits[..kept].iter().fold(0_i128, |number, digit| number * 10 + i128::from(digit - b'0'));
    // The power of ten of the last digit that is kept.
    let last = i32::try_from(digits.len() - kept).ok()? - i32::try_from(fraction.len()).ok()? + exponent;
    let power = last + i32::try_from(decimals).ok()?;
    let product = number.checked_mul(factor)?;
    let units = match 10_i128.checked_pow(power.unsigned_abs()) {
        Some(ten) if power >= 0 => product.checked_mul(ten)?,
        Some(ten) => (product + ten / 2) / ten,
        None if power < 0 || product == 0 => 0,
        None => return None,
    };
    Some(if negative { -units } else { units })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_have_signs_exponents_and_any_number_of_decimals() {
        for (text, units) in [
            ("0.09", 9_000_000_000_000),
            ("-12", -1_200_000_000_000_000),
            ("+1.5", 150_000_000_000_000),
            ("1E-10", 10_000),
            ("4.5e-05", 4_500_000_000),
            ("0.000000000000005", 1),
            ("-0.000000000000005", -1),
            ("0.000000000000004", 0),
            ("1e-30", 0),
            ("00.10", 10_000_000_000_000),
            (".5", 50_000_000_000_000),
            ("0.123456789012345678901234567890123", 12_345_678_901_235),
        ] {
            assert_eq!(usd(text), Some(units), "{text}");
        }
        for wrong in ["", "-", ".", "abc", "1,5", "1e", "1e999", "NaN", "0x1", "99999999999999999999999999999999"] {
            assert_eq!(usd(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_quantity_is_the_nearest_byte() {
        assert_eq!(gb_bytes("0.0000000373"), Some(40), "a bare SYN");
        assert_eq!(gb_bytes("1"), Some(1 << 30));
        assert_eq!(gb_bytes("6.3277086448"), Some(6_794_325_422));
    }

    proptest! {
        #[test]
        fn bytes_come_back_from_ten_decimals(bytes in 0..1_u64 << 50) {
            let units = (u128::from(bytes) * 10_u128.pow(10) + (1 << 29)) >> 30;
            let text = format!("{}.{:010}", units / 10_u128.pow(10), units % 10_u128.pow(10));
            prop_assert_eq!(gb_bytes(&text), Some(i128::from(bytes)));
        }

        #[test]
        fn no_text_panics(text in "[-+]?[0-9.eE]{0,40}") {
            let _any = (usd(&text), gb_bytes(&text));
        }
    }
}
