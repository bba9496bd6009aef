//! Exact numbers → display text: sizes in units, counts with separators, shares, times.
//!
//! Whole-number arithmetic only: every figure is rounded once, half to even, from the exact value. Reading such
//! texts back is [`super::size`]'s and [`super::time`]'s work.

use chrono::{DateTime, SecondsFormat, TimeDelta};

/// Maximum displayed characters of a text; the rest is an ellipsis. Data formats are complete.
pub const SHOWN_CHARS_MAX: usize = 4096;
/// Decimals of a dollar that amounts are written with: as many as AWS's price lists have.
pub const USD_DECIMALS: u32 = 10;
/// Displayed decimals of a dollar amount.
const CENTS_DECIMALS: u32 = 2;
/// A cent, in 10⁻¹⁰ USD.
pub const CENT: u128 = 10_u128.pow(USD_DECIMALS - CENTS_DECIMALS);
/// The most decimals of a number in data formats: as many as Parquet's columns of decimals have.
pub const DATA_DECIMALS_MAX: u32 = 18;
/// Decimals after which a number is cut that does not end.
const EXACT_DECIMALS_MAX: usize = 64;
/// Invisible and reordering characters, in addition to control characters.
const HIDDEN: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{e0000}', '\u{e007f}'),
];

/// Display units of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Units {
    /// Powers of 1024: KiB, MiB, GiB.
    #[default]
    Iec,
    /// Powers of 1000: kB, MB, GB, as AWS bills some things.
    Si,
    /// Every digit, with separators and no unit.
    Raw,
}

impl Units {
    /// The factor between two units, and their names from the smallest; [`Units::Raw`] has none.
    fn scale(self) -> (u128, &'static [&'static str]) {
        match self {
            Self::Iec => (1024, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB", "RiB", "QiB"]),
            Self::Si => (1000, &["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB", "RB", "QB"]),
            Self::Raw => (1, &[]),
        }
    }
}

/// Bytes with three significant digits, four between 1000 and 1023: `999 B`, `12.3 MiB`, `1.24 GiB`.
#[must_use]
pub fn bytes(bytes: u128, units: Units) -> String {
    let (factor, names) = units.scale();
    let mut size = 1;
    for (place, name) in names.iter().enumerate() {
        let decimals_max = if place == 0 { 0 } else { 2 };
        for decimals in (0..=decimals_max).rev() {
            let rounded = divide(bytes, size, decimals);
            if rounded.whole < if decimals == 0 { factor } else { 10_u128.pow(3 - decimals) } {
                return format!("{rounded} {name}");
            }
        }
        if place + 1 == names.len() {
            return format!("{} {name}", count(divide(bytes, size, 0).whole));
        }
        size *= factor;
    }
    count(bytes)
}

/// A count with its thousands separated: `1,234,567`.
#[must_use]
pub fn count(count: u128) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in per cent with one decimal: `12.3 %`; none for a whole of zero.
#[must_use]
pub fn percent(part: u128, whole: u128) -> Option<String> {
    let Decimal { whole, fraction, .. } = (whole > 0).then(|| divide(part, whole, 3))?;
    let (hundredths, tenths) = (fraction / 10, fraction % 10);
    // The decimal point moves by two places in the text, where no number can overflow.
    Some(if whole > 0 { format!("{whole}{hundredths:02}.{tenths} %") } else { format!("{hundredths}.{tenths} %") })
}

/// A share as a decimal fraction with six digits: `0.123456`; none for a whole of zero.
#[must_use]
pub fn fraction6(part: u128, whole: u128) -> Option<String> {
    (whole > 0).then(|| divide(part, whole, 6).to_string())
}

/// A share in millionths, [`fraction6`] without its point; none for a whole of zero or on overflow.
#[must_use]
pub fn millionths(part: u128, whole: u128) -> Option<u128> {
    let share = (whole > 0).then(|| divide(part, whole, 6))?;
    share.whole.checked_mul(1_000_000)?.checked_add(share.fraction.into())
}

/// An amount of 10⁻¹⁰ USD with all its decimals: `0.0900000000`.
#[must_use]
pub fn usd_exact(amount: u128) -> String {
    let per_usd = 10_u128.pow(USD_DECIMALS);
    format!("{}.{:0places$}", amount / per_usd, amount % per_usd, places = USD_DECIMALS as usize)
}

/// An amount of 10⁻¹⁰ USD in cents, halves rounded up as on a bill: `$1,234.57`.
#[must_use]
pub fn usd(amount: u128) -> String {
    cents(amount.saturating_add(CENT / 2) / CENT)
}

/// An amount of cents: `$1,234.57`.
#[must_use]
pub fn cents(cents: u128) -> String {
    format!("${}.{:02}", count(cents / 100), cents % 100)
}

/// A price of 10⁻¹⁰ USD with the decimals that say something, two at least: `$0.0093`, `$0.10`.
#[must_use]
pub fn usd_rate(price: u128) -> String {
    let exact = usd_exact(price);
    let least = exact.len() - (USD_DECIMALS - CENTS_DECIMALS) as usize;
    format!("${}", &exact[..exact.trim_end_matches('0').len().max(least)])
}

/// `units / per` with all its decimals, of which it has as many as `per` has factors of 2 or of 5: `0.0625`.
#[must_use]
pub fn decimal_exact(units: u128, per: u128) -> String {
    let per = per.max(1);
    let (mut text, mut rest) = ((units / per).to_string(), units % per);
    let mark = text.len();
    while rest > 0 && text.len() - mark < EXACT_DECIMALS_MAX {
        let digit;
        (digit, rest) = next_digit(rest, per);
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
    if text.len() > mark {
        text.insert(mark, '.');
    }
    text
}

/// `units / per` as data has it: without zeros at the end, and with at most [`DATA_DECIMALS_MAX`] decimals, to which it is
/// rounded.
#[must_use]
pub fn decimal_data(units: u128, per: u128) -> String {
    let Some(scaled) = decimal_scaled(units, per, DATA_DECIMALS_MAX) else { return decimal_exact(units, per) };
    decimal_exact(scaled, 10_u128.pow(DATA_DECIMALS_MAX))
}

/// How many times as much something is: `×2,926`, below a hundred with one decimal.
#[must_use]
pub fn factor(now: u128, was: u128) -> String {
    let was = was.max(1);
    let decimals = u32::from(now / was < 100);
    let times = divide(now, was, decimals);
    if decimals == 0 { format!("×{}", count(times.whole)) } else { format!("×{times}") }
}

/// `units / per` in units of its last of so many decimals, halves rounded up; none where it does not fit.
#[must_use]
pub fn decimal_scaled(units: u128, per: u128, decimals: u32) -> Option<u128> {
    let per = per.max(1);
    let (mut scaled, mut rest) = (units / per, units % per);
    for _ in 0..decimals {
        let digit;
        (digit, rest) = next_digit(rest, per);
        scaled = scaled.checked_mul(10)?.checked_add(digit.into())?;
    }
    scaled.checked_add(u128::from(rest >= per - rest))
}

/// `units / per` with two decimals: `1,234.57`.
#[must_use]
pub fn decimal2(units: u128, per: u128) -> String {
    let Decimal { whole, fraction, .. } = divide(units, per.max(1), 2);
    format!("{}.{fraction:02}", count(whole))
}

/// A moment as RFC 3339 in UTC: `2026-10-01T00:00:00Z`.
#[must_use]
pub fn moment(seconds: u32) -> String {
    (DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds.into())).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The date that a moment has in UTC: `2026-10-01`.
#[must_use]
pub fn date(seconds: u32) -> String {
    (DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds.into())).format("%Y-%m-%d").to_string()
}

/// A rounded number: its whole part, and its fraction as a number of that many decimals.
struct Decimal {
    whole: u128,
    fraction: u32,
    decimals: u32,
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.decimals {
            0 => write!(f, "{}", self.whole),
            decimals => write!(f, "{}.{:0places$}", self.whole, self.fraction, places = decimals as usize),
        }
    }
}

/// `part / whole`, rounded half to even at that many decimals (nine at most); `whole` is not zero.
fn divide(part: u128, whole: u128, decimals: u32) -> Decimal {
    let (mut quotient, mut rest) = (part / whole, part % whole);
    let mut fraction = 0_u32;
    for _ in 0..decimals {
        let digit;
        (digit, rest) = next_digit(rest, whole);
        fraction = fraction * 10 + digit;
    }
    let odd = if decimals == 0 { quotient % 2 == 1 } else { fraction % 2 == 1 };
    let up = match rest.cmp(&(whole - rest)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => odd,
        std::cmp::Ordering::Greater => true,
    };
    // A quotient that is rounded up has a rest, so a divisor over one, and is far from the type's end.
    if up && decimals > 0 && fraction + 1 < 10_u32.pow(decimals) {
        fraction += 1;
    } else if up {
        (quotient, fraction) = (quotient + 1, 0);
    }
    Decimal { whole: quotient, fraction, decimals }
}

/// The next digit of `rest / whole` (`rest < whole`) and the remainder: ten times the rest, computed as ten sums modulo
/// the whole, because the product may overflow.
fn next_digit(rest: u128, whole: u128) -> (u32, u128) {
    let (mut digit, mut sum) = (0, 0);
    for _ in 0..10 {
        if sum >= whole - rest {
            sum -= whole - rest;
            digit += 1;
        } else {
            sum += rest;
        }
    }
    (digit, sum)
}

/// A text that does nothing to a terminal or a page but be read.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (place, character) in text.chars().enumerate() {
        if place == SHOWN_CHARS_MAX {
            shown.push('…');
            break;
        }
        if is_hidden(character) { shown.extend(character.escape_unicode()) } else { shown.push(character) }
    }
    shown
}

/// Whether a character does something other than be seen.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control() || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

/// A count and what is counted: `1 record`, `2 records`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number.into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_decimal_that_ends_is_written_to_its_end() {
        let gb = 1 << 30;
        assert_eq!(decimal_exact(594, gb), "0.00000055320560932159423828125");
        assert_eq!([(0, gb), (3 * gb, gb), (1, 10)].map(|(units, per)| decimal_exact(units, per)), ["0", "3", "0.1"]);
        assert_eq!(decimal_exact(2, 3).len(), 2 + EXACT_DECIMALS_MAX, "one that does not end is cut");
        assert_eq!(
            [(1, 3, 2), (2, 3, 2), (1, 8, 2), (7, 1, 0)].map(|(a, b, n)| decimal_scaled(a, b, n).unwrap()),
            [33, 67, 13, 7]
        );
        assert_eq!(decimal_scaled(u128::MAX, 1, 1), None);
        assert_eq!([decimal2(1_234_567, 1000), decimal2(1, 1000)], ["1,234.57", "0.00"]);
    }

    #[test]
    fn money_is_exact_for_machines_and_in_cents_for_people() {
        assert_eq!(usd_exact(900_000_000), "0.0900000000");
        assert_eq!(usd(828_750_000_000), "$82.88");
        assert_eq!(usd(12_345_674_900_000_000), "$1,234,567.49");
        assert_eq!(usd(0), "$0.00");
        assert_eq!(
            [1_000_000_000, 35_000_000, 1, 120_000_000_000].map(usd_rate),
            ["$0.10", "$0.0035", "$0.0000000001", "$12.00"]
        );
    }

    #[test]
    fn bytes_have_three_digits_and_go_up_to_the_next_unit_when_rounding_takes_them_there() {
        let iec = [
            (0, "0 B"),
            (999, "999 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1029, "1.00 KiB"),
            (1034, "1.01 KiB"),
            (10_234, "9.99 KiB"),
            (10_235, "10.0 KiB"),
            (102_348, "99.9 KiB"),
            (102_349, "100 KiB"),
            (1023 * 1024 + 511, "1023 KiB"),
            (1023 * 1024 + 512, "1.00 MiB"),
            (1023 * 1024 + 973, "1.00 MiB"),
            (1_331_439_862, "1.24 GiB"),
            (12_897_485, "12.3 MiB"),
            (1 << 100, "1.00 QiB"),
            (u128::MAX, "268,435,456 QiB"),
        ];
        for (number, text) in iec {
            assert_eq!(bytes(number, Units::Iec), text, "{number}");
        }
        for (number, text) in [(999, "999 B"), (1000, "1.00 kB"), (999_499, "999 kB"), (999_500, "1.00 MB")] {
            assert_eq!(bytes(number, Units::Si), text, "{number}");
        }
        assert_eq!(bytes(1_331_439_862, Units::Raw), "1,331,439,862");
    }

    #[test]
    fn halves_are_rounded_to_the_even_digit() {
        assert_eq!(bytes(1024 + 512, Units::Iec), "1.50 KiB");
        assert_eq!((bytes(1_005, Units::Si), bytes(1_015, Units::Si)), ("1.00 kB".into(), "1.02 kB".into()));
        assert_eq!((percent(1, 2000), percent(3, 2000)), (Some("0.0 %".into()), Some("0.2 %".into())));
        assert_eq!(fraction6(1, 2_000_000).as_deref(), Some("0.000000"));
        assert_eq!(fraction6(3, 2_000_000).as_deref(), Some("0.000002"));
        assert_eq!(fraction6(1_999_999, 2_000_000).as_deref(), Some("1.000000"));
    }

    #[test]
    fn shares_are_exact_up_to_the_largest_numbers() {
        assert_eq!(percent(123, 1000).as_deref(), Some("12.3 %"));
        assert_eq!(percent(5, 2).as_deref(), Some("250.0 %"));
        assert_eq!(percent(1, 0), None);
        assert_eq!(percent(u128::MAX, u128::MAX).as_deref(), Some("100.0 %"));
        assert_eq!(fraction6(u128::MAX / 3, u128::MAX).as_deref(), Some("0.333333"));
        assert_eq!(fraction6(7, 0), None);
        assert_eq!((millionths(1, 3), millionths(5, 2)), (Some(333_333), Some(2_500_000)));
        assert_eq!((millionths(1, 0), millionths(u128::MAX, 1)), (None, None));
    }

    #[test]
    fn counts_and_moments_are_as_people_write_them() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(count(u128::MAX), "340,282,366,920,938,463,463,374,607,431,768,211,455");
        assert_eq!(moment(0), "1970-01-01T00:00:00Z");
        assert_eq!(moment(1_790_812_800), "2026-10-01T00:00:00Z");
        assert_eq!(moment(u32::MAX), "2106-02-07T06:28:15Z");
    }

    /// The digits of a text as a number, its decimals, and its unit.
    fn read(text: &str) -> (u128, u32, &str) {
        let (number, unit) = text.split_once(' ').unwrap();
        let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        (digits.parse().unwrap(), decimals.try_into().unwrap(), unit)
    }

    proptest! {
        #[test]
        fn shown_bytes_are_within_half_a_unit_of_the_last_place(number in 0..u128::from(u64::MAX), shift in 0..64_u32, si: bool) {
            let (number, units) = (number >> shift, if si { Units::Si } else { Units::Iec });
            let text = bytes(number, units);
            let (shown, decimals, unit) = read(&text);
            let (factor, names) = units.scale();
            let place = names.iter().position(|name| *name == unit).unwrap();
            let size = factor.pow(place.try_into().unwrap());
            let scale = 10_u128.pow(decimals);
            prop_assert!((number * scale).abs_diff(shown * size) * 2 <= size, "{number} is not {text}");
            prop_assert!(place == 0 || ((100..1000).contains(&shown) || decimals == 0 && shown < factor), "{text}");
        }

        #[test]
        fn shown_shares_are_within_half_a_unit_of_the_last_place(part in 0..1_u128 << 90, whole in 1..1_u128 << 90) {
            let six = millionths(part, whole);
            if let Some(six) = six.filter(|six| *six < 1 << 30) {
                prop_assert!((part * 1_000_000).abs_diff(six * whole) * 2 <= whole);
                let text = percent(part, whole).unwrap();
                prop_assert!((part * 1000).abs_diff(read(&text).0 * whole) * 2 <= whole, "{text}");
                prop_assert_eq!(fraction6(part, whole).unwrap().replace('.', "").parse::<u128>().unwrap(), six);
            }
        }

        #[test]
        fn a_count_without_its_separators_is_the_number(number: u128) {
            let text = count(number);
            prop_assert_eq!(text.replace(',', "").parse::<u128>().unwrap(), number);
            prop_assert!(text.rsplit(',').skip(1).all(|group| !group.is_empty() && group.len() <= 3));
        }
    }
}
