//! What the traffic of each group costs, for the ranking of groups: charges priced, and summed by the groups' keys.
//!
//! Groups that are not shown are told apart only where that changes an amount that is: where a pool reaches several
//! tiers its bytes are shared out over its rows, so fewer rows could be other amounts.

use std::collections::{BTreeMap, BTreeSet};

use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::{KeyValue, Rollup};
use crate::price::bill::{self, unpriced_note};
use crate::price::charged::{self, Bill, Charged};
use crate::price::{Charge, Money, PoolTerms, PriceTable, Value};
use crate::report::Cell;
use crate::report::cells::key_cell;
use crate::units::time;

/// What decides the amounts.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// The prices.
    pub table: PriceTable,
    /// What decides the cost besides.
    pub terms: PoolTerms,
    /// The window, half-open; none of its sides where it is unbounded.
    pub window: (Option<u32>, Option<u32>),
}

/// The key of a group in words of its own, so that groups of two roll-ups can be compared. The order is that of
/// [`Rollup::compare_keys`].
pub type ExactKey = Vec<(KeyValue, Box<[u8]>)>;

/// What a group costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) usd: Money,
    pub(super) unpriced_bytes: u128,
}

/// What groups cost, and all of them together.
#[derive(Debug, Default)]
pub struct Dollars {
    costs: BTreeMap<ExactKey, Cost>,
    pub(super) total: Cost,
    /// What tells a reader how the amounts came about.
    pub notes: Vec<String>,
}

impl Dollars {
    /// Prices a roll-up by [`charged::spec`]; of the costs those of `shown` alone are kept, if it is given.
    ///
    /// # Errors
    /// If rows of the roll-up were spilled and cannot be read.
    pub fn of(charges: &Rollup, shown: Option<&BTreeSet<ExactKey>>, pricing: &Pricing) -> Result<Self, Error> {
        let bill = |folded| {
            let (keys, rows) = gathered(charges, folded)?;
            Ok::<_, Error>((keys, Bill::of(rows, pricing.window, &pricing.table, pricing.terms.clone())?))
        };
        let (mut keys, mut priced) = bill(shown)?;
        if shown.is_some() && is_shared_out(&priced) {
            (keys, priced) = bill(None)?;
        }
        let (mut costs, mut total) = (BTreeMap::<_, Cost>::new(), Cost::default());
        for line in &priced.lines {
            let cost = Cost { usd: line.priced.usd, unpriced_bytes: line.priced.unpriced_bytes.into() };
            total = total.plus(cost);
            if let Some(key) = place(&line.charged).and_then(|place| keys.get(place)) {
                let sum = costs.entry(key).or_default();
                *sum = sum.plus(cost);
            }
        }
        let is_kept = |key: &ExactKey| shown.is_none_or(|shown| shown.contains(key));
        let costs = costs.into_iter().filter(|(key, _)| is_kept(key)).map(|(key, cost)| (key.clone(), cost)).collect();
        let mut notes = bill::notes(&priced.frame)?;
        notes.extend((total.unpriced_bytes > 0).then(|| unpriced_note(total.unpriced_bytes)));
        Ok(Self { costs, total, notes })
    }

    /// What the group of a key costs.
    pub(super) fn cost(&self, key: &ExactKey) -> Cost {
        self.costs.get(key).copied().unwrap_or_default()
    }

    /// The keys of charges on records that count in no group of a roll-up: those of gateways, or of what has no
    /// traffic's key, such as a payer.
    pub(super) fn keys_without(&self, rollup: &Rollup) -> Result<Vec<ExactKey>, Error> {
        let mut keys: BTreeSet<_> = self.costs.keys().collect();
        for shard in rollup.shards() {
            rollup.for_each_group(shard, |group| {
                keys.remove(&exact_key(rollup.group_values(&group), rollup.names()));
            })?;
        }
        Ok(keys.into_iter().cloned().collect())
    }
}

impl Cost {
    pub(super) fn plus(self, other: Self) -> Self {
        Self { usd: self.usd + other.usd, unpriced_bytes: self.unpriced_bytes + other.unpriced_bytes }
    }

    /// What is left without a part.
    pub(super) fn less(self, part: Self) -> Self {
        Self { usd: self.usd.without(part.usd), unpriced_bytes: self.unpriced_bytes - part.unpriced_bytes }
    }

    /// Whether bytes are charged and none of them has a price.
    pub(super) fn is_unknown(self) -> bool {
        self.unpriced_bytes > 0 && self.usd == Money::default()
    }
}

/// A key in words of its own.
pub(super) fn exact_key(values: impl Iterator<Item = KeyValue>, names: &Dictionary) -> ExactKey {
    let exact = |value| match value {
        KeyValue::Text(code) => (KeyValue::Text(0), names.text(code).into()),
        value => (value, Box::default()),
    };
    values.map(exact).collect()
}

/// The cells of such a key.
pub(super) fn exact_cells(key: &ExactKey) -> Vec<Cell> {
    let cell = |(value, text): &(KeyValue, Box<[u8]>)| match value {
        KeyValue::Text(_) => Cell::from(String::from_utf8_lossy(text).as_ref()),
        value => key_cell(*value, &Dictionary::default()),
    };
    key.iter().map(cell).collect()
}

/// The charges of a roll-up with the place of their key among the keys; without one where the key is not shown.
fn gathered(charges: &Rollup, shown: Option<&BTreeSet<ExactKey>>) -> Result<(Vec<ExactKey>, Vec<Charged>), Error> {
    let mut numbers: BTreeMap<ExactKey, u64> = BTreeMap::new();
    // Rows that differ in their bytes alone become one while they are read: folded ones are many and soon few.
    let mut sums: BTreeMap<Charged, u128> = BTreeMap::new();
    charged::for_each(charges, |own, charged| {
        let key = exact_key(own.iter().copied(), charges.names());
        let next = numbers.len() as u64;
        let is_folded = shown.is_some_and(|shown| !shown.contains(&key));
        let keys = if is_folded { Vec::new() } else { vec![(*numbers.entry(key).or_insert(next)).into()] };
        *sums.entry(Charged { keys, bytes: 0, ..charged }).or_default() += u128::from(charged.bytes);
    })?;
    // Numbers go by keys, not by who was read first: ties between rows are decided by them.
    let mut places = vec![0_u64; numbers.len()];
    for (sorted, number) in (0_u64..).zip(numbers.values()) {
        if let Some(place) = usize::try_from(*number).ok().and_then(|number| places.get_mut(number)) {
            *place = sorted;
        }
    }
    let mut rows = Vec::with_capacity(sums.len());
    for (charged, mut bytes) in sums {
        let keys = place(&charged).and_then(|number| places.get(number)).map(|place| (*place).into());
        let charged = Charged { keys: keys.into_iter().collect(), ..charged };
        while bytes > 0 {
            let part = u64::try_from(bytes).unwrap_or(u64::MAX);
            rows.push(Charged { bytes: part, ..charged.clone() });
            bytes -= u128::from(part);
        }
    }
    Ok((numbers.into_keys().collect(), rows))
}

/// The number that a row has for a key.
fn place(charged: &Charged) -> Option<usize> {
    match charged.keys.first() {
        Some(Value::Number(number)) => usize::try_from(*number).ok(),
        _ => None,
    }
}

/// Whether some pool reaches several tiers; then what a row costs depends on the others.
fn is_shared_out(bill: &Bill) -> bool {
    let mut tiers: BTreeMap<(u32, Charge, &str), (Option<u64>, bool)> = BTreeMap::new();
    bill.lines.iter().any(|line| {
        let Some(charge) = line.charged.charge else { return false };
        let pool = (time::month_around(line.charged.hour).0, charge, &*line.charged.from);
        let mut steps = line.priced.steps.iter();
        steps.any(|step| {
            let tier = (step.row.map(|row| row.start_gb), step.usd.is_some());
            *tiers.entry(pool).or_insert(tier) != tier
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::{Order, Ranking, Shape};
    use super::*;
    use crate::decode::{Flows, Values};
    use crate::group::{Batcher, Key, Shared, Spec};
    use crate::price::GB_BYTES;
    use crate::schema::{Column, ColumnSet};

    const TEAMS: [&str; 6] = ["app", "data", "edge", "hub", "lake", "web"];
    const DAY: u32 = 1_790_812_800;

    /// A team, a day of the month, whether it goes to the internet, and bytes.
    type Charge = (usize, u32, bool, u64);

    fn charges() -> impl Strategy<Value = Vec<Charge>> {
        // Either few bytes, or many enough for pools to reach their second tier.
        let bytes = prop_oneof![0..1_u64 << 30, 0..9_000 * GB_BYTES];
        prop::collection::vec((0..TEAMS.len(), 0..3_u32, any::<bool>(), bytes), 0..30)
    }

    /// A roll-up of rows that have a text for each column, a day and bytes.
    fn rollup(spec: Spec, rows: &[(Vec<&str>, u32, u64)]) -> Rollup {
        let texts = spec.keys.iter().map(|key| key.column).filter(|column| *column != Column::Day);
        let columns = texts.fold(ColumnSet::of(&[Column::Start, Column::Bytes]), ColumnSet::with);
        let (mut flows, mut dictionary) = (Flows::new(columns), Dictionary::default());
        for (texts, day, bytes) in rows {
            let mut texts = texts.iter();
            for key in spec.keys.iter().filter(|key| key.column != Column::Day) {
                let Some(Values::Text(values)) = flows.values_mut(key.column) else { panic!("a text") };
                values.push(dictionary.code(texts.next().unwrap().as_bytes()));
            }
            let Some(Values::Time(values)) = flows.values_mut(Column::Start) else { panic!("a time") };
            values.push(DAY + day * 86_400);
            let Some(Values::Big(values)) = flows.values_mut(Column::Bytes) else { panic!("bytes") };
            values.push(*bytes);
        }
        flows.set_rows(rows.len());
        let shared = Arc::new(Shared::new(Arc::new(spec), None));
        let picked: Vec<u32> = (0..u32::try_from(rows.len()).unwrap()).collect();
        Batcher::new(Arc::clone(&shared)).add(&flows, &dictionary, &picked, false);
        Arc::into_inner(shared).unwrap().into_partial().unwrap().finish()
    }

    fn keys() -> Vec<Key> {
        vec![Key { column: Column::SrcOwner1, cut: None }]
    }

    fn charged_rollup(charges: &[Charge]) -> Rollup {
        let row = |(team, day, internet, bytes): &Charge| {
            let (charge, to) = if *internet { ("internet-egress", "internet") } else { ("inter-zone-out", "same") };
            (vec![TEAMS[*team], charge, "111122223333", "us-east-1", to, "-", "-"], *day, *bytes)
        };
        rollup(charged::spec(keys(), false), &charges.iter().map(row).collect::<Vec<_>>())
    }

    fn traffic_rollup(teams: &[(usize, u64)]) -> Rollup {
        let keys = keys();
        let spec =
            Spec { keys, views: Vec::new(), bytes: true, packets: false, seen: false, starts: false, distinct: false };
        rollup(spec, &teams.iter().map(|(team, bytes)| (vec![TEAMS[*team]], 0, *bytes)).collect::<Vec<_>>())
    }

    fn pricing() -> Pricing {
        Pricing { table: PriceTable::embedded().unwrap(), terms: PoolTerms::default(), window: (None, None) }
    }

    fn key(team: &str) -> ExactKey {
        vec![(KeyValue::Text(0), team.as_bytes().into())]
    }

    #[test]
    fn what_a_second_tier_costs_is_shared_out_over_all_groups_shown_or_not() {
        let rollup = charged_rollup(&[(0, 0, true, 10_240 * GB_BYTES), (1, 0, true, 10_240 * GB_BYTES)]);
        let dollars = Dollars::of(&rollup, Some(&BTreeSet::from([key("app")])), &pricing()).unwrap();
        let average = (9 + 8) * 10_240 * 100_000_000 / 2 + 5 * 10_240 * 10_000_000 / 2;
        assert_eq!(dollars.cost(&key("app")).usd.rounded(), average);
        assert_eq!(dollars.total.usd.rounded(), 2 * average);
        assert_eq!(dollars.cost(&key("data")), Cost::default(), "what is not shown is not kept");
    }

    #[test]
    fn charges_on_records_that_count_elsewhere_have_a_row_where_rows_are_left() {
        let (traffic, charges) =
            (traffic_rollup(&[(0, 5), (1, 9)]), charged_rollup(&[(0, 0, true, 5), (5, 0, false, 7)]));
        let shape = Shape { order: Order::Bytes, rows: Some(2), blocked: false };
        let mut ranking = Ranking::new(&traffic, shape, None);
        for shard in traffic.shards() {
            ranking = ranking.with_shard(shard).unwrap();
        }
        assert_eq!(ranking.shown(), Some(BTreeSet::from([key("app"), key("data")])));
        let dollars = Dollars::of(&charges, None, &pricing()).unwrap();
        let table = |order, rows| {
            let none = Ranking::new(&traffic, Shape { order, rows, blocked: false }, Some(&dollars));
            traffic.shards().try_fold(none, Ranking::with_shard).unwrap().with_charges_alone().unwrap().table().0
        };
        let names = |order, rows| table(order, rows).rows.into_iter().map(|row| row[1].clone()).collect::<Vec<_>>();
        assert_eq!(names(Order::Bytes, None), ["data", "app", "web"].map(Cell::from));
        assert_eq!(names(Order::Usd, Some(1)), ["app", "(other)"].map(Cell::from));
        assert_eq!(names(Order::Key, None), ["app", "data", "web"].map(Cell::from));
    }

    proptest! {
        #[test]
        fn what_is_shown_costs_the_same_whatever_is_folded_and_rows_add_up_to_the_bill(
            charges in charges(),
            shown in prop::collection::btree_set(0..TEAMS.len(), 0..6),
            rows in 0..7_usize,
        ) {
            let rollup = charged_rollup(&charges);
            let shown: BTreeSet<_> = shown.into_iter().map(|team| key(TEAMS[team])).collect();
            let all = Dollars::of(&rollup, None, &pricing()).unwrap();
            let some = Dollars::of(&rollup, Some(&shown), &pricing()).unwrap();
            for key in &shown {
                prop_assert_eq!(all.cost(key), some.cost(key));
            }
            prop_assert_eq!(all.total, some.total);
            let bill = Bill::of(charged::rows(&rollup, &charged::Periods::default()).unwrap(), (None, None), &pricing().table, PoolTerms::default()).unwrap()
                .lines.iter().map(|line| line.priced.usd).sum::<Money>();
            prop_assert_eq!(all.total.usd, bill);

            let traffic = traffic_rollup(&[(0, 1), (1, 2), (2, 3)]);
            let shape = Shape { order: Order::Usd, rows: Some(rows), blocked: false };
            let ranking = traffic.shards().try_fold(Ranking::new(&traffic, shape, Some(&all)), Ranking::with_shard);
            let table = ranking.unwrap().with_charges_alone().unwrap().table().0;
            let place = table.columns.iter().position(|head| head.name == "usd").unwrap();
            let amount = |row: &Vec<Cell>| match row[place] {
                Cell::Amount { amount, .. } => amount.unsigned_abs(),
                _ => 0,
            };
            prop_assert_eq!(table.rows.iter().map(amount).sum::<u128>(), bill.rounded());
            prop_assert_eq!(table.total.as_ref().map(amount), Some(bill.rounded()));
            let ranked: Vec<_> = table.rows.iter().take(rows).map(amount).collect();
            prop_assert!(ranked.windows(2).all(|pair| pair[0] + 1 >= pair[1]), "{ranked:?}");
        }
    }
}
