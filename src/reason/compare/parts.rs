//! What a change of dollars is made of, in whole 10⁻¹⁰ USD that add up to it.
//!
//! - **path**: bytes that go another route than before between the same ends, at the prices of before: what they cost on
//!   the route they take now, less what they cost on the route they took.
//! - **price**: the bytes of now at the price of now, less the same bytes at the price of before. Prices are averages of
//!   a key, a charge and its two sides, so tiers that are reached are in it. What rounding alone may make is none.
//! - **volume**: all the rest, which is the bytes that came or went, at the price of before, and what rounding left over.
//!   Of a row that was not there before, or is not there any more, the rest is **new** or **gone**.

/// Bytes and what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// How many.
    pub bytes: u128,
    /// Of these without a price.
    pub unpriced: u128,
    /// In 10⁻¹⁰ USD.
    pub usd: u128,
}

impl Side {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.unpriced += other.unpriced;
        self.usd += other.usd;
    }

    fn priced(&self) -> u128 {
        self.bytes - self.unpriced
    }

    /// Whether all bytes are unpriced.
    #[must_use]
    pub fn is_unpriced(&self) -> bool {
        self.unpriced > 0 && self.priced() == 0
    }
}

/// Bytes of a key that are charged alike, before and now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RouteSums {
    pub(super) sides: [Side; 2],
    /// How many of its bytes came from another path between the same ends, or went to one.
    pub(super) moved: i128,
}

impl RouteSums {
    /// What a changed price does to the bytes of now.
    pub(super) fn price(&self) -> i128 {
        let [before, now] = &self.sides;
        if before.bytes == 0 || now.bytes == 0 || before.is_unpriced() && now.is_unpriced() {
            return 0;
        }
        if now.is_unpriced() {
            return -signed(before.usd);
        }
        if before.is_unpriced() {
            return signed(now.usd);
        }
        let change = signed(now.usd) - signed(scaled(before.usd, now.priced(), before.priced()));
        // Both amounts are rounded, the one of before as many times over as there are bytes now.
        let rounding = now.priced().div_ceil(before.priced()) + 1;
        if change.unsigned_abs() <= rounding { 0 } else { change }
    }

    /// What bytes that moved cost here, or no longer cost, at the price of before; of now where there was none.
    pub(super) fn path(&self) -> i128 {
        let side = self.sides.iter().find(|side| side.priced() > 0);
        let usd = side.map_or(0, |side| scaled(side.usd, self.moved.unsigned_abs(), side.priced()));
        signed(usd) * self.moved.signum()
    }
}

/// The parts of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) new: i128,
    pub(super) gone: i128,
    pub(super) volume: i128,
    pub(super) price: i128,
    pub(super) path: i128,
}

impl Parts {
    /// Of a row, and what prices and paths do to the routes that its bytes are charged.
    pub(super) fn of(row: &[Side; 2], price: i128, path: i128) -> Self {
        let change = signed(row[1].usd) - signed(row[0].usd);
        match (row[0].bytes, row[1].bytes) {
            (0, _) => Self { path, new: change - path, ..Self::default() },
            (_, 0) => Self { path, gone: change - path, ..Self::default() },
            _ => Self { path, price, volume: change - path - price, ..Self::default() },
        }
    }

    /// In column order.
    pub(super) fn in_order(self) -> [i128; 5] {
        [self.new, self.gone, self.volume, self.price, self.path]
    }
}

/// The place of the volume in that order.
const VOLUME: usize = 2;

/// Units of 10⁻¹⁰ USD as a number that may fall below zero.
#[must_use]
pub fn signed(amount: u128) -> i128 {
    i128::try_from(amount).unwrap_or(i128::MAX)
}

/// An amount's share of so many bytes out of others, halves rounded up.
pub(super) fn scaled(amount: u128, part: u128, whole: u128) -> u128 {
    let (mut part, mut whole) = (part, whole);
    // Beyond 2¹²⁸ bytes lose their last bits, and the share what is far below a unit.
    while amount.checked_mul(part).is_none_or(|product| product.checked_add(whole).is_none()) {
        (part, whole) = (part >> 1, whole >> 1);
    }
    (amount * part + whole / 2).checked_div(whole).unwrap_or(0)
}

/// Parts of an amount in display units that add up to the displayed total: each is rounded down, and the remainder goes
/// to those that lost most, the earlier first among equals. Zero stays zero, unless all parts are; then the remainder
/// goes to the volume.
pub(super) fn shown_parts(parts: [i128; 5], unit: i128, shown: i128) -> [i128; 5] {
    let mut down = parts.map(|part| part.div_euclid(unit));
    let mut order: Vec<usize> = (0..parts.len()).filter(|place| parts[*place] != 0).collect();
    order.sort_by_key(|place| (std::cmp::Reverse(parts[*place].rem_euclid(unit)), *place));
    let missing = shown - down.iter().sum::<i128>();
    if order.is_empty() {
        order.push(VOLUME);
    }
    if missing < 0 {
        order.reverse();
    }
    let places = order.iter().cycle();
    for (place, _) in places.zip(0..missing.unsigned_abs()) {
        down[*place] += missing.signum();
    }
    down
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn side(bytes: u128, usd: u128) -> Side {
        Side { bytes, unpriced: 0, usd }
    }

    fn of(before: Side, now: Side, moved: i128) -> Parts {
        of_routes(&[before, now], &[RouteSums { sides: [before, now], moved }])
    }

    fn of_routes(row: &[Side; 2], routes: &[RouteSums]) -> Parts {
        Parts::of(row, routes.iter().map(RouteSums::price).sum(), routes.iter().map(RouteSums::path).sum())
    }

    #[test]
    fn more_bytes_at_the_same_price_are_volume() {
        assert_eq!(of(side(10, 100), side(15, 150), 0), Parts { volume: 50, ..Parts::default() });
        assert_eq!(of(side(10, 100), side(4, 40), 0), Parts { volume: -60, ..Parts::default() });
    }

    #[test]
    fn the_same_bytes_at_another_price_are_price() {
        assert_eq!(of(side(10, 100), side(10, 150), 0), Parts { price: 50, ..Parts::default() });
        assert_eq!(of(side(10, 100), side(20, 150), 0), Parts { volume: 100, price: -50, ..Parts::default() });
    }

    #[test]
    fn what_rounding_makes_is_no_price() {
        assert_eq!(of(side(3, 33), side(1_000, 11_111), 0), Parts { volume: 11_078, ..Parts::default() });
        assert_eq!(of(side(3, 33), side(1_000, 11_400), 0), Parts { volume: 10_967, price: 400, ..Parts::default() });
    }

    #[test]
    fn what_was_not_there_is_new_and_what_is_not_there_is_gone() {
        assert_eq!(of(Side::default(), side(10, 100), 0), Parts { new: 100, ..Parts::default() });
        assert_eq!(of(side(10, 100), Side::default(), 0), Parts { gone: -100, ..Parts::default() });
        assert_eq!(of(Side::default(), side(10, 100), 4), Parts { new: 60, path: 40, ..Parts::default() });
    }

    #[test]
    fn bytes_that_moved_count_at_the_price_of_before() {
        let nat = RouteSums { sides: [side(10, 450), side(0, 0)], moved: -10 };
        let direct = RouteSums { sides: [side(10, 900), side(20, 1800)], moved: 10 };
        let row = [side(20, 1350), side(20, 1800)];
        assert_eq!(of_routes(&row, &[nat, direct]), Parts { path: 450, ..Parts::default() });
    }

    #[test]
    fn a_price_that_is_known_on_one_side_alone_is_price() {
        let unpriced = Side { bytes: 10, unpriced: 10, usd: 0 };
        assert_eq!(of(unpriced, side(10, 70), 0), Parts { price: 70, ..Parts::default() });
        assert_eq!(of(side(10, 70), unpriced, 0), Parts { price: -70, ..Parts::default() });
        assert_eq!(of(unpriced, unpriced, 0), Parts::default());
    }

    #[test]
    fn very_large_amounts_have_shares_too() {
        assert_eq!(scaled(1 << 70, 1 << 69, 1 << 70), 1 << 69);
        assert_eq!(scaled(7, 1, 0), 0);
    }

    fn sides() -> impl Strategy<Value = Side> {
        (0..1_u128 << 70, 0..1_u128 << 60, 0_u128..3).prop_map(|(bytes, usd, unpriced)| Side {
            bytes: if usd % 5 == 0 { 0 } else { bytes },
            unpriced: if usd % 5 == 0 { 0 } else { bytes * unpriced / 2 },
            usd: if usd % 5 == 0 || unpriced == 2 { 0 } else { usd },
        })
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_change(routes in prop::collection::vec((sides(), sides(), -1_000_i128..1_000), 0..6)) {
            let mut row = [Side::default(); 2];
            for (before, now, _) in &routes {
                row[0].add(before);
                row[1].add(now);
            }
            let routes: Vec<_> = routes.iter().map(|(before, now, moved)| RouteSums { sides: [*before, *now], moved: *moved }).collect();
            let parts = of_routes(&row, &routes);
            prop_assert_eq!(parts.in_order().iter().sum::<i128>(), signed(row[1].usd) - signed(row[0].usd));
        }

        #[test]
        fn shown_parts_add_up_to_what_is_shown(parts: [i32; 5], off in -3_i128..3) {
            let parts = parts.map(i128::from);
            let shown = parts.iter().sum::<i128>().div_euclid(100) + off;
            let shown_values = shown_parts(parts, 100, shown);
            prop_assert_eq!(shown_values.iter().sum::<i128>(), shown);
        }
    }
}
