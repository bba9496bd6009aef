//! Numbers of cells and numbers as typed, compared exactly.

use std::cmp::Ordering;

use crate::report::Cell;
use crate::units::human::USD_DECIMALS;

/// How many digits may stand before the point; 10³⁵ units still fit.
const DIGITS_MAX: usize = 25;

/// A fraction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    is_negative: bool,
    units: u128,
    /// Not zero.
    per: u128,
}

impl Number {
    pub(super) fn whole(number: u64) -> Self {
        Self { is_negative: false, units: number.into(), per: 1 }
    }

    fn signed(units: i128, per: u128) -> Self {
        Self { is_negative: units < 0, units: units.unsigned_abs(), per }
    }

    /// The number of a cell, if it holds one.
    pub(super) fn of(cell: &Cell) -> Option<Self> {
        let per_usd = 10_u128.pow(USD_DECIMALS);
        let number = match *cell {
            Cell::Integer(units) => Self { is_negative: false, units, per: 1 },
            Cell::Time(seconds) | Cell::Date(seconds) => Self::whole(seconds.into()),
            Cell::Share { part, whole } => Self { is_negative: false, units: part, per: whole },
            Cell::Usd(units) => Self { is_negative: false, units, per: per_usd },
            Cell::Amount { amount, .. } => Self::signed(amount, per_usd),
            Cell::Change { change, was } => Self::signed(change, was),
            Cell::Decimal { units, per } | Cell::Exact { units, per } => Self { is_negative: false, units, per },
            Cell::Signed { units, per } => Self::signed(units, per),
            Cell::Absent | Cell::Text(_) | Cell::Address(_) | Cell::Prefix(..) => return None,
        };
        Some(number).filter(|number| number.per > 0)
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let is_below = |number: &Self| number.is_negative && number.units > 0;
        match (is_below(self), is_below(other)) {
            (false, false) => compare((self.units, self.per), (other.units, other.per)),
            (true, true) => compare((other.units, other.per), (self.units, self.per)),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

/// Compares two fractions by their continued fractions, so that no product overflows.
fn compare(mut one: (u128, u128), mut other: (u128, u128)) -> Ordering {
    loop {
        let (whole, rest) = (one.0 / one.1, one.0 % one.1);
        let (other_whole, other_rest) = (other.0 / other.1, other.0 % other.1);
        match (whole.cmp(&other_whole), rest, other_rest) {
            (Ordering::Equal, 0, 0) => return Ordering::Equal,
            (Ordering::Equal, 0, _) => return Ordering::Less,
            (Ordering::Equal, _, 0) => return Ordering::Greater,
            // Both remainders are below one: their inverses are in the opposite order.
            (Ordering::Equal, ..) => (one, other) = ((other.1, other_rest), (one.1, rest)),
            (order, ..) => return order,
        }
    }
}

/// A decimal number with ten decimals at most, perhaps negative.
pub(super) fn decimal(text: &str) -> Option<Number> {
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let decimals = USD_DECIMALS as usize;
    let is_number = |digits: &str, most: usize| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
    };
    if !is_number(whole, DIGITS_MAX) || !is_number(fraction, decimals) {
        return None;
    }
    let per = 10_u128.pow(USD_DECIMALS);
    let fraction: u128 = format!("{fraction:0<decimals$}").parse().ok()?;
    Some(Number { is_negative, units: whole.parse::<u128>().ok()? * per + fraction, per })
}

/// An amount: a decimal number, or one after `$`.
pub(super) fn usd(text: &str) -> Option<Number> {
    match text.strip_prefix("-$") {
        Some(digits) if !digits.starts_with('-') => decimal(&format!("-{digits}")),
        Some(_) => None,
        None => decimal(text.strip_prefix('$').unwrap_or(text)),
    }
}

/// A share: a decimal number, or a percentage.
pub(super) fn share(text: &str) -> Option<Number> {
    match text.strip_suffix('%') {
        Some(percent) => decimal(percent).map(|number| Number { per: number.per * 100, ..number }),
        None => decimal(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fractions_are_compared_as_their_products_are(
            one in (any::<u64>(), 1..u64::MAX), other in (any::<u64>(), 1..u64::MAX), are_negative: (bool, bool)
        ) {
            let number = |(units, per): (u64, u64), is_negative| Number { is_negative, units: units.into(), per: per.into() };
            let signed = |value: u64, is_negative: bool| if is_negative { -i128::from(value) } else { i128::from(value) };
            // Halved, so that a signed product fits.
            let (one, other) = ((one.0 / 4, one.1 / 4 + 1), (other.0 / 4, other.1 / 4 + 1));
            let expected = (signed(one.0, are_negative.0) * i128::from(other.1))
                .cmp(&(signed(other.0, are_negative.1) * i128::from(one.1)));
            prop_assert_eq!(number(one, are_negative.0).cmp(&number(other, are_negative.1)), expected);
        }
    }

    #[test]
    fn decimals_are_read_to_the_last_unit() {
        let usd = |units: u128| Number { is_negative: false, units, per: 10_000_000_000 };
        assert_eq!(decimal("0.0000000001"), Some(usd(1)));
        assert_eq!(decimal("12.5"), Some(usd(125_000_000_000)));
        assert_eq!(decimal("-1"), Some(Number { is_negative: true, ..usd(10_000_000_000) }));
        assert_eq!(decimal("-0"), decimal("0"));
        assert_eq!(super::usd("$12.5"), decimal("12.5"));
        assert_eq!((super::usd("-$1"), super::usd("$-1")), (decimal("-1"), decimal("-1")));
        assert_eq!((super::usd("-$-1"), super::usd("$"), share("%")), (None, None, None));
        assert_eq!(share("5%"), decimal("0.05"));
        for wrong in ["", ".5", "1.", "1.00000000001", "1e3", "1,5", "$1", "--1", "1_000"] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
    }
}
