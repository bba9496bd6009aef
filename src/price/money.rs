//! Exact money: rates per GB, amounts, discounts.
//!
//! AWS prints rates with ten decimals of a dollar and bills GB of 2³⁰ bytes; a discount has two decimals of a per
//! cent, which is four more. So a rate is a whole number of 10⁻¹⁴ USD per GB, and an amount, rate × bytes, a whole
//! number of 10⁻¹⁴ USD / 2³⁰: no product of a published rate, a discount and a count of bytes has anything to round.
//! Rounding happens once, to the ten decimals that [`Money::rounded`] gives. Nothing here is negative.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use crate::error::Error;
use crate::units::human::{CENT, USD_DECIMALS};

/// Bytes of a GB on AWS bills.
pub const GB_BYTES: u64 = 1 << 30;
/// The highest rate that a table may have, in USD per GB. With it, 2⁶⁴ bytes a hundred times over fit in [`Money`].
pub const RATE_USD_MAX: u64 = 1_000;
/// Decimals of a discount's per cent.
pub const PERCENT_DECIMALS: u32 = 2;

/// Units of a [`Rate`] in the last decimal that is written.
const UNITS_PER_DECIMAL: u64 = 10_u64.pow(PERCENT_DECIMALS + 2);
/// Units of [`Money`] in the last decimal that is written.
const MONEY_PER_DECIMAL: u128 = UNITS_PER_DECIMAL as u128 * GB_BYTES as u128;
/// A discount of everything: 100 %, with its decimals.
const WHOLE: u64 = 10_u64.pow(PERCENT_DECIMALS + 2);

/// A price for a GB of 2³⁰ bytes, in 10⁻¹⁴ USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

impl Rate {
    /// The rate of a decimal such as `0.0093`.
    ///
    /// # Errors
    /// If it is not a decimal number, negative, has more decimals than AWS writes, or exceeds
    /// [`RATE_USD_MAX`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.starts_with('-') {
            return Err(Error::usage(format!("`{text}` is negative")));
        }
        let units = decimal(text, USD_DECIMALS)?;
        let most = RATE_USD_MAX * 10_u64.pow(USD_DECIMALS);
        let units = u64::try_from(units).ok().filter(|units| *units <= most);
        let too_much = || Error::usage(format!("`{text}` is more than {RATE_USD_MAX} USD per GB"));
        let units = units.ok_or_else(too_much)?;
        Ok(Self(units * UNITS_PER_DECIMAL))
    }

    /// The rate after a discount, exactly.
    #[must_use]
    pub fn less(self, discount: Discount) -> Self {
        // A rate as written is a multiple of `WHOLE`.
        Self(self.0 / WHOLE * (WHOLE - discount.0))
    }

    /// What this many bytes cost.
    #[must_use]
    pub fn of(self, bytes: u64) -> Money {
        Money(u128::from(self.0) * u128::from(bytes))
    }

    /// What so many hours cost at a rate by the hour.
    #[must_use]
    pub fn of_hours(self, hours: u64) -> Money {
        self.of_many(u128::from(hours) * u128::from(GB_BYTES))
    }

    /// What more bytes cost than fit into 2⁶⁴.
    #[must_use]
    pub fn of_many(self, bytes: u128) -> Money {
        Money(u128::from(self.0).saturating_mul(bytes))
    }

    /// The rate in its own units, as a frame holds it.
    #[must_use]
    pub fn units(self) -> i128 {
        self.0.into()
    }

    /// The rate of so many of its own units.
    #[must_use]
    pub fn of_units(units: i128) -> Self {
        Self(u64::try_from(units).unwrap_or(0))
    }

    /// The rate of so many 10⁻¹⁰ USD per GB.
    #[must_use]
    pub fn of_decimals(decimals: i128) -> Self {
        Self(u64::try_from(decimals).unwrap_or(0).saturating_mul(UNITS_PER_DECIMAL))
    }

    /// The rate in USD per GB as a fraction: its units and how many of them a dollar has.
    #[must_use]
    pub fn fraction(self) -> (u128, u128) {
        (self.0.into(), u128::from(UNITS_PER_DECIMAL) * 10_u128.pow(USD_DECIMALS))
    }

    /// The rate in 10⁻¹⁰ USD per GB, halves rounded up; exact for a rate as written.
    #[must_use]
    pub fn rounded(self) -> u128 {
        u128::from(self.0).saturating_add(u128::from(UNITS_PER_DECIMAL / 2)) / u128::from(UNITS_PER_DECIMAL)
    }
}

/// An amount, in 10⁻¹⁴ USD / 2³⁰.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub(super) u128);

impl Money {
    /// The amount in 10⁻¹⁰ USD, halves rounded up.
    #[must_use]
    pub fn rounded(self) -> u128 {
        (self.0 + MONEY_PER_DECIMAL / 2) / MONEY_PER_DECIMAL
    }

    /// The amount in its own units, as a frame holds it.
    #[must_use]
    pub fn units(self) -> i128 {
        i128::try_from(self.0).unwrap_or(i128::MAX)
    }

    /// The amount of so many of its own units.
    #[must_use]
    pub fn of_units(units: i128) -> Self {
        Self(u128::try_from(units).unwrap_or(0))
    }

    /// The amount in USD as a fraction: its units and how many of them a dollar has.
    #[must_use]
    pub fn fraction(self) -> (u128, u128) {
        (self.0, MONEY_PER_DECIMAL * 10_u128.pow(USD_DECIMALS))
    }

    /// The remainder after a discount.
    #[must_use]
    pub fn without(self, part: Self) -> Self {
        Self(self.0.saturating_sub(part.0))
    }

    /// Average price per GB in 10⁻¹⁰ USD, rounded down; none for zero bytes.
    #[must_use]
    pub fn per_gb(self, bytes: u64) -> Option<u128> {
        self.0.checked_div(u128::from(bytes)).map(|units| units / u128::from(UNITS_PER_DECIMAL))
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Self::add)
    }
}

/// Amounts rounded to 10⁻¹⁰ USD each so that they add up to their rounded sum: all are rounded down, and the remainder
/// goes to those that lost most, the earlier first on ties.
#[must_use]
pub fn rounded_parts(parts: &[Money]) -> Vec<u128> {
    rounded_to(MONEY_PER_DECIMAL, &parts.iter().map(|part| part.0).collect::<Vec<_>>())
}

/// Amounts of 10⁻¹⁰ USD in cents so that they add up to their sum in cents, as [`rounded_parts`] does it.
#[must_use]
pub fn cent_parts(parts: &[u128]) -> Vec<u128> {
    rounded_to(CENT, parts)
}

/// The same of amounts that may be negative.
#[must_use]
pub fn signed_cent_parts(parts: &[i128]) -> Vec<i128> {
    let cent = i128::try_from(CENT).unwrap_or(i128::MAX);
    // All are made positive by whole cents, which are taken off again.
    let below = parts.iter().map(|part| part.div_euclid(cent)).min().unwrap_or(0);
    let raised: Vec<u128> = parts.iter().map(|part| (part - below * cent).unsigned_abs()).collect();
    cent_parts(&raised).into_iter().map(|cents| i128::try_from(cents).unwrap_or(i128::MAX) + below).collect()
}

/// Amounts in the order of a ranking, rounded to 10⁻¹⁰ USD so that they add up to their rounded sum, and so that none depends
/// on those after it: each is the rounded sum up to it, less the rounded sum before it.
#[must_use]
pub fn running_parts(parts: &[Money]) -> Vec<u128> {
    running_to(MONEY_PER_DECIMAL, parts.iter().map(|part| part.0))
}

/// Amounts of 10⁻¹⁰ USD in cents so that they add up to their sum in cents, as [`running_parts`] does it.
#[must_use]
pub fn running_cents(parts: &[u128]) -> Vec<u128> {
    running_to(CENT, parts.iter().copied())
}

fn running_to(unit: u128, parts: impl Iterator<Item = u128>) -> Vec<u128> {
    let (mut sum, mut before) = (0, 0);
    let rounded = parts.map(|part| {
        sum += part;
        let rounded = (sum + unit / 2) / unit;
        rounded - std::mem::replace(&mut before, rounded)
    });
    rounded.collect()
}

fn rounded_to(unit: u128, parts: &[u128]) -> Vec<u128> {
    let whole = (parts.iter().sum::<u128>() + unit / 2) / unit;
    let down = parts.iter().map(|part| part / unit).collect();
    let lost: Vec<_> = parts.iter().enumerate().map(|(place, part)| (part % unit, place)).collect();
    completed(whole, down, &lost)
}

/// A whole split by weights: each part is its share rounded down, and what is missing goes to the largest remainders,
/// the lower key first among equals. So parts add up to the whole, and the order of the weights does not matter.
///
/// The weights together are below 2⁶⁴ and not all zero, unless the whole is.
pub(super) fn split<K: Ord>(whole: u128, weights: &[(K, u64)]) -> Vec<u128> {
    let sum: u128 = weights.iter().map(|(_, weight)| u128::from(*weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    // The share is taken of the quotient and of the rest apart, so that no product passes 2¹²⁸.
    let (quotient, rest) = (whole / sum, whole % sum);
    let shares = weights.iter().map(|(_, weight)| {
        let weight = u128::from(*weight);
        (quotient * weight + rest * weight / sum, rest * weight % sum)
    });
    let (down, remainders): (Vec<_>, Vec<_>) = shares.unzip();
    let lost: Vec<_> = remainders.into_iter().zip(weights.iter().map(|(key, _)| key)).collect();
    completed(whole, down, &lost)
}

/// The same of a whole that may be negative.
#[must_use]
pub fn split_signed<K: Ord>(whole: i128, weights: &[(K, u64)]) -> Vec<i128> {
    let sign = whole.signum();
    let parts = split(whole.unsigned_abs(), weights);
    parts.into_iter().map(|part| sign * i128::try_from(part).unwrap_or(i128::MAX)).collect()
}

/// Adds one to as many parts as the whole still needs: those with the largest remainders, the lower key first.
fn completed<K: Ord>(whole: u128, mut parts: Vec<u128>, lost: &[(u128, K)]) -> Vec<u128> {
    let missing = whole.saturating_sub(parts.iter().sum());
    let mut places: Vec<usize> = (0..parts.len()).collect();
    places.sort_by(|a, b| lost[*b].0.cmp(&lost[*a].0).then_with(|| lost[*a].1.cmp(&lost[*b].1)));
    for place in places.into_iter().take(usize::try_from(missing).unwrap_or(usize::MAX)) {
        parts[place] += 1;
    }
    parts
}

/// A part of a price that is not paid, in hundredths of a per cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discount(u64);

impl Discount {
    /// The discount of `12%` or `7.25%`.
    ///
    /// # Errors
    /// If the text is invalid.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let number = text
            .strip_suffix('%')
            .ok_or_else(|| Error::usage(format!("invalid percentage `{text}`, expected a value such as 12%")))?;
        let hundredths = decimal(number.trim_end(), PERCENT_DECIMALS)?;
        let hundredths = u64::try_from(hundredths).ok().filter(|hundredths| *hundredths <= WHOLE);
        hundredths.map(Self).ok_or_else(|| Error::usage(format!("`{text}` is more than 100%")))
    }
}

impl fmt::Display for Discount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = 10_u64.pow(PERCENT_DECIMALS);
        let text =
            format!("{}.{:0places$}", self.0 / hundredths, self.0 % hundredths, places = PERCENT_DECIMALS as usize);
        write!(f, "{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// An amount of dollars such as `12.50` or `$12.50`, in 10⁻¹⁰ USD.
///
/// # Errors
/// If it is not a decimal number, negative, or has more decimals than AWS writes.
pub fn dollars(text: &str) -> Result<u128, Error> {
    if text.starts_with('-') {
        return Err(Error::usage(format!("`{text}` is negative")));
    }
    decimal(text.strip_prefix('$').unwrap_or(text), USD_DECIMALS)
}

/// A decimal number in units of its last allowed decimal.
pub(super) fn decimal(text: &str, decimals: u32) -> Result<u128, Error> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.len() <= 30 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(Error::usage(format!("invalid decimal `{text}`, expected a number such as 0.09")));
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals as usize {
        return Err(Error::usage(format!("`{text}` has more than {decimals} decimals")));
    }
    let digits = format!("{whole}{fraction:0<places$}", places = decimals as usize);
    digits.parse().map_err(|_| Error::usage(format!("`{text}` is too large")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> Rate {
        Rate::parse(text).unwrap()
    }

    #[test]
    fn a_rate_times_bytes_is_exact() {
        assert_eq!(rate("0.09").of(10_240 * GB_BYTES).rounded(), 9_216_000_000_000);
        assert_eq!(rate("0.0000000001").of(1).0, 10_000, "the least rate on a single byte is not lost");
        assert_eq!(rate("0.1093"), rate("0.1093000000"));
    }

    #[test]
    fn what_is_no_rate_is_distinguished() {
        for (text, part) in [
            ("-0.01", "negative"),
            ("0.09 USD", "invalid decimal"),
            ("", "invalid decimal"),
            (".5", "invalid decimal"),
            ("1e3", "invalid decimal"),
            ("0.00000000001", "more than 10 decimals"),
            ("1000.01", "more than 1000 USD"),
            ("99999999999999999999999999999", "too large"),
        ] {
            let message = Rate::parse(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
        assert_eq!(rate("1000").rounded(), 10_000_000_000_000);
    }

    #[test]
    fn amounts_are_written_with_a_dollar_sign_or_without() {
        assert_eq!(
            ["1", "$12.50", "5000"].map(|text| dollars(text).unwrap()),
            [10_u128.pow(10), 125_000_000_000, 5 * 10_u128.pow(13)]
        );
        for wrong in ["", "-1", "$", "1e3", "0.00000000001"] {
            assert!(dollars(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn discounts_are_exact() {
        let twelve = Discount::parse("12%").unwrap();
        assert_eq!(rate("0.09").less(twelve), Rate(rate("0.0792").0));
        let fine = rate("0.0000000001").less(Discount::parse("33.33 %").unwrap());
        assert_eq!(fine, Rate(6_667), "10⁻¹⁰ USD less a third, to the last unit");
        assert_eq!(rate("0.09").less(Discount::parse("100%").unwrap()), Rate(0));
        assert_eq!([twelve, Discount::parse("7.05%").unwrap()].map(|d| d.to_string()), ["12 %", "7.05 %"]);
        assert_eq!(Discount::parse("100.00%").unwrap().to_string(), "100 %");
        for wrong in ["12", "-1%", "100.01%", "1.234%", "%", "x%"] {
            assert!(Discount::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_average_is_reported_per_gb() {
        assert_eq!(rate("0.09").of(12_345).per_gb(12_345), Some(900_000_000));
        assert_eq!(Money(0).per_gb(0), None);
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole_and_each_is_within_one_of_its_share(
            whole in 0..1_u128 << 120,
            weights in prop::collection::vec(0..1_u64 << 58, 1..40),
        ) {
            let weights: Vec<_> = weights.into_iter().enumerate().collect();
            let sum: u128 = weights.iter().map(|(_, weight)| u128::from(*weight)).sum();
            prop_assume!(sum > 0);
            let parts = split(whole, &weights);
            prop_assert_eq!(parts.iter().sum::<u128>(), whole);
            for (part, (_, weight)) in parts.iter().zip(&weights) {
                let down = split(whole, &[(0, *weight), (1, u64::try_from(sum).unwrap() - weight)])[0];
                prop_assert!(part.abs_diff(down) <= 1);
            }
        }

        #[test]
        fn the_order_of_the_parts_does_not_matter(
            whole in any::<u64>(),
            weights in prop::collection::btree_map(any::<u16>(), 0..1000_u64, 1..20),
            turn in any::<prop::sample::Index>(),
        ) {
            let weights: Vec<_> = weights.into_iter().collect();
            let mut turned = weights.clone();
            turned.rotate_left(turn.index(weights.len()));
            let by_key = |weights: &[(u16, u64)]| -> std::collections::BTreeMap<u16, u128> {
                weights.iter().map(|(key, _)| *key).zip(split(whole.into(), weights)).collect()
            };
            prop_assert_eq!(by_key(&weights), by_key(&turned));
        }

        #[test]
        fn cents_of_any_sign_add_up_and_each_is_within_one(parts in prop::collection::vec(-(1_i128 << 60)..1 << 60, 1..30)) {
            let cent = i128::try_from(CENT).unwrap();
            let cents = signed_cent_parts(&parts);
            let sum: i128 = parts.iter().sum();
            prop_assert!((cents.iter().sum::<i128>() * cent - sum).abs() * 2 <= cent);
            for (part, cents) in parts.iter().zip(cents) {
                prop_assert!((cents * cent - part).abs() <= cent);
            }
        }

        #[test]
        fn rounded_parts_add_up_to_the_rounded_whole(parts in prop::collection::vec(0..1_u128 << 80, 0..30)) {
            let parts: Vec<_> = parts.into_iter().map(Money).collect();
            let rounded = rounded_parts(&parts);
            prop_assert_eq!(rounded.iter().sum::<u128>(), parts.iter().copied().sum::<Money>().rounded());
            for (part, rounded) in parts.iter().zip(rounded) {
                prop_assert!((rounded * MONEY_PER_DECIMAL).abs_diff(part.0) <= MONEY_PER_DECIMAL);
            }
        }

        #[test]
        fn running_parts_add_up_and_do_not_depend_on_what_follows(
            parts in prop::collection::vec(0..1_u128 << 80, 0..30),
            first in 0..30_usize,
        ) {
            let parts: Vec<_> = parts.into_iter().map(Money).collect();
            let (first, rounded) = (first.min(parts.len()), running_parts(&parts));
            prop_assert_eq!(rounded.iter().sum::<u128>(), parts.iter().copied().sum::<Money>().rounded());
            let rest = parts[first..].iter().copied().sum::<Money>();
            let cut = running_parts(&[&parts[..first], &[rest]].concat());
            prop_assert_eq!(&cut[..first], &rounded[..first]);
            prop_assert_eq!(&running_cents(&cut)[..first], &running_cents(&rounded)[..first]);
            for (part, rounded) in parts.iter().zip(rounded) {
                prop_assert!((rounded * MONEY_PER_DECIMAL).abs_diff(part.0) <= MONEY_PER_DECIMAL);
            }
        }
    }
}
