//! Tiers: what a total of bytes costs, and how that is split over those who sent them.
//!
//! AWS counts tiers per month, charge and region across an organisation. The caller decides which bytes form a pool,
//! and how much of it was used before. A ladder may end: bytes above its last tier, or in a tier without a rate, are
//! unpriced and reported separately, not free.

use super::money::{Discount, GB_BYTES, Money, split};
use super::table::PriceRow;

/// The tiers that apply to a charge between two places at a moment, the lowest first, without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder<'a> {
    pub(super) rows: Vec<&'a PriceRow>,
}

/// What else decides a price.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// Bytes of the pool that were charged before these.
    pub already_bytes: u64,
    /// Bytes that are free before the first tier begins.
    pub free_bytes: u64,
    /// Discount on every rate.
    pub discount: Discount,
}

impl Terms {
    /// The terms for what comes after these bytes.
    #[must_use]
    pub fn after(self, bytes: u64) -> Self {
        let free = bytes.min(self.free_bytes);
        let already_bytes = self.already_bytes.saturating_add(bytes - free);
        Self { already_bytes, free_bytes: self.free_bytes - free, ..self }
    }
}

/// Bytes that have one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The tier; none for free bytes, and above the last tier.
    pub row: Option<&'a PriceRow>,
    /// How many they are.
    pub bytes: u64,
    /// What they cost; none where there is no price.
    pub usd: Option<Money>,
}

impl Step<'_> {
    /// A part of the bytes, at the same price.
    pub(super) fn part(&self, bytes: u64, discount: Discount) -> Self {
        let rate = self.row.and_then(|row| row.rate).unwrap_or_default();
        Self { bytes, usd: self.usd.map(|_| rate.less(discount).of(bytes)), ..*self }
    }
}

/// The share of one of several senders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Its part of the cost.
    pub usd: Money,
    /// How many of its bytes have no price.
    pub unpriced_bytes: u64,
}

impl<'a> Ladder<'a> {
    /// The tiers, the lowest first.
    #[must_use]
    pub fn rows(&self) -> &[&'a PriceRow] {
        &self.rows
    }

    /// What bytes cost, tier by tier: first what is free, then the tiers, then what is above the last one.
    #[must_use]
    pub fn steps(&self, bytes: u64, terms: Terms) -> Vec<Step<'a>> {
        let free = bytes.min(terms.free_bytes);
        let mut steps = vec![Step { row: None, bytes: free, usd: Some(Money::default()) }];
        let (mut at, mut left) = (u128::from(terms.already_bytes), bytes - free);
        for row in &self.rows {
            let end = row.end_gb.map_or(u128::MAX, |gb| u128::from(gb) * u128::from(GB_BYTES));
            let taken = u64::try_from(end.saturating_sub(at)).unwrap_or(u64::MAX).min(left);
            let usd = row.rate.map(|rate| rate.less(terms.discount).of(taken));
            steps.push(Step { row: Some(row), bytes: taken, usd });
            (at, left) = (at + u128::from(taken), left - taken);
        }
        steps.push(Step { row: None, bytes: left, usd: None });
        steps.retain(|step| step.bytes > 0);
        steps
    }

    /// Shares of each part if all are charged together at the average price: costs and unpriced bytes add up exactly,
    /// independent of order. None for 2⁶⁴ bytes or more.
    #[must_use]
    pub fn shares<K: Ord>(&self, parts: &[(K, u64)], terms: Terms) -> Option<Vec<Share>> {
        let bytes = parts.iter().try_fold(0_u64, |sum, (_, bytes)| sum.checked_add(*bytes))?;
        let steps = self.steps(bytes, terms);
        let usd: Money = steps.iter().filter_map(|step| step.usd).sum();
        let unpriced: u64 = steps.iter().filter(|step| step.usd.is_none()).map(|step| step.bytes).sum();
        let costs = split(usd.0, parts);
        let unpriced = split(unpriced.into(), parts);
        let share = |(usd, unpriced)| Some(Share { usd: Money(usd), unpriced_bytes: u64::try_from(unpriced).ok()? });
        costs.into_iter().zip(unpriced).map(share).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Charge, PriceTable};
    use super::*;

    const NOW: u32 = 1_792_000_000;

    /// The tiers that AWS has for most regions, as a user may give them.
    const FOUR: &str = "charge,from,to,tier_start_gb,tier_end_gb,usd_per_gb\n\
        internet-egress,us-west-2,internet,0,10240,0.09\n\
        internet-egress,us-west-2,internet,10240,51200,0.085\n\
        internet-egress,us-west-2,internet,51200,153600,0.07\n\
        internet-egress,us-west-2,internet,153600,Inf,0.05\n";

    fn table(csv: &str) -> PriceTable {
        PriceTable::embedded().unwrap().with_overrides(PriceTable::read("test", csv.as_bytes()).unwrap())
    }

    fn usd(steps: &[Step]) -> u128 {
        steps.iter().filter_map(|step| step.usd).sum::<Money>().rounded()
    }

    #[test]
    fn a_ladder_that_ends_leaves_bytes_unpriced() {
        let ending =
            "charge,from,to,tier_start_gb,tier_end_gb,usd_per_gb\ninternet-egress,sa-east-1,internet,0,10240,0.15\n";
        let table = table(ending);
        let ladder = table.look_up(Charge::InternetEgress, "sa-east-1", "internet", NOW).unwrap();
        let steps = ladder.steps(20_000 * GB_BYTES, Terms::default());
        assert_eq!(steps.iter().map(|step| step.bytes / GB_BYTES).collect::<Vec<_>>(), [10_240, 9_760]);
        assert_eq!((steps[1].row, steps[1].usd), (None, None));
        let shares = ladder.shares(&[("a", 5_000 * GB_BYTES), ("b", 15_000 * GB_BYTES)], Terms::default()).unwrap();
        assert_eq!(shares.iter().map(|share| share.unpriced_bytes / GB_BYTES).collect::<Vec<_>>(), [2_440, 7_320]);
        assert_eq!(shares[0].usd + shares[1].usd, steps[0].usd.unwrap());
    }

    #[test]
    fn the_free_part_comes_before_the_first_tier() {
        let table = table(FOUR);
        let ladder = table.look_up(Charge::InternetEgress, "us-west-2", "internet", NOW).unwrap();
        let terms = Terms { free_bytes: 100 * GB_BYTES, ..Terms::default() };
        let steps = ladder.steps(10_340 * GB_BYTES, terms);
        assert_eq!(steps.iter().map(|step| step.bytes / GB_BYTES).collect::<Vec<_>>(), [100, 10_240]);
        assert_eq!(usd(&steps), 9_216_000_000_000, "the second tier begins at 10,340 GB in all");
    }

    proptest! {
        /// Edges at any place, as bytes, so that amounts fall on both sides of them.
        #[test]
        fn more_bytes_never_cost_less_and_hours_add_up_to_the_month(
            hours in prop::collection::vec(0..40_000_u64, 1..20),
            free in 0..200_u64,
            odd in 0..GB_BYTES,
        ) {
            let table = table(FOUR);
            let ladder = table.look_up(Charge::InternetEgress, "us-west-2", "internet", NOW).unwrap();
            let terms = Terms { free_bytes: free * GB_BYTES, ..Terms::default() };
            let hours: Vec<_> = hours.into_iter().map(|gb| gb * GB_BYTES + odd).collect();
            let whole: u64 = hours.iter().sum();
            let cost = |bytes: u64, terms: Terms| ladder.steps(bytes, terms).iter().filter_map(|step| step.usd).sum();
            let month: Money = cost(whole, terms);
            prop_assert!(cost(whole + 1, terms) >= month);
            let (mut before, mut sum) = (terms, Money::default());
            for hour in &hours {
                sum = sum + cost(*hour, before);
                before = before.after(*hour);
            }
            prop_assert_eq!(sum, month);
            let parts: Vec<_> = hours.iter().copied().enumerate().collect();
            let shares = ladder.shares(&parts, terms).unwrap();
            prop_assert_eq!(shares.iter().map(|share| share.usd).sum::<Money>(), month);
        }
    }
}
