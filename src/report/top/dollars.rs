//! What the traffic of each group costs, for the ranking of groups: charges priced, and summed by the groups' keys.
//!
//! Hidden groups are priced individually only if that affects a visible amount: a pool that spans several tiers is
//! shared among its rows, so fewer rows could change amounts.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{DataFrame, IntoLazy, NULL, col, lit, when};

use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::{Key, KeyValue, Rollup};
use crate::join::frame::{ExactKey, exact_frame, exact_keys};
use crate::price::bill::{self, Bill, Periods, line};
use crate::price::{Money, PoolTerms, PriceTable, unpriced_notes};
use crate::report::Cell;
use crate::report::cells::key_cell;
use crate::report::frame::left_join;
use crate::schema::frame::{int, moments, texts};
use crate::schema::{Column, output};
use crate::units::time;

/// What decides the amounts.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// The prices.
    pub table: PriceTable,
    /// Terms other than prices.
    pub terms: PoolTerms,
    /// The window, half-open; unbounded sides are none.
    pub window: (Option<u32>, Option<u32>),
}

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
    /// Notes on how amounts were computed.
    pub notes: Vec<String>,
    /// What is odd about the price tables.
    pub warnings: Vec<String>,
}

/// True of the rows of a group that is shown.
const IS_SHOWN: &str = "is_shown";
/// What decides a price, and so is never put together.
const PRICED_BY: [Column; 5] =
    [Column::Charge, Column::PayerAccount, Column::FromRegion, Column::ToRegion, Column::Assumed];

impl Dollars {
    /// Prices a frame of charges with these keys; of the costs those of `shown` alone are kept, if it is given.
    ///
    /// # Errors
    /// If the frame has not the keys.
    pub fn of(
        charges: &DataFrame,
        keys: &[Key],
        shown: Option<&BTreeSet<ExactKey>>,
        pricing: &Pricing,
    ) -> Result<Self, Error> {
        let names: Vec<String> = keys.iter().map(Key::name).collect();
        let charges = Periods::default().mark(charges)?;
        let bill = |charges: &DataFrame| {
            let lines: Vec<String> = names.iter().cloned().chain([IS_SHOWN.to_owned()]).collect();
            Bill::of(charges, &lines, pricing.window, (&pricing.table, pricing.terms.clone()))
        };
        let marked = marked(&charges, keys, shown)?;
        let mut priced = bill(&folded(&marked, &names)?)?;
        if shown.is_some() && is_shared_out(&priced)? {
            priced = bill(&marked)?;
        }
        let by: Vec<_> = names.iter().map(col).collect();
        let sums = [line::COST, output::UNPRICED_BYTES.name].map(|name| col(name).sum());
        let shown = priced.lines.clone().lazy().filter(col(IS_SHOWN));
        let shown = if by.is_empty() {
            shown.select(sums)
        } else {
            shown.group_by([by, vec![col(IS_SHOWN)]].concat()).agg(sums)
        }
        .collect()?;
        let cost = |cost: Option<i128>, unpriced: Option<i128>| Cost {
            usd: Money::of_units(cost.unwrap_or(0)),
            unpriced_bytes: u128::try_from(unpriced.unwrap_or(0)).unwrap_or(0),
        };
        let costs = int(&shown, line::COST)?.iter().zip(int(&shown, output::UNPRICED_BYTES.name)?.iter());
        let costs = exact_keys(&shown, &names)?.into_iter().zip(costs.map(|(usd, unpriced)| cost(usd, unpriced)));
        let sum = |name: &str| Ok::<_, Error>(int(&priced.lines, name)?.iter().flatten().sum::<i128>());
        let total = cost(Some(sum(line::COST)?), Some(sum(output::UNPRICED_BYTES.name)?));
        let mut notes = bill::notes(&priced)?;
        notes.extend(unpriced_notes(&priced.lines)?);
        Ok(Self { costs: costs.collect(), total, notes, warnings: priced.warnings })
    }

    /// What the group of a key costs.
    pub(super) fn cost(&self, key: &ExactKey) -> Cost {
        self.costs.get(key).copied().unwrap_or_default()
    }

    /// The keys of charges on records that are in no group of a roll-up: those of gateways, or with keys that traffic
    /// does not have, such as a payer.
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
    /// The remainder without a part.
    pub(super) fn less(self, part: Self) -> Self {
        Self { usd: self.usd.without(part.usd), unpriced_bytes: self.unpriced_bytes - part.unpriced_bytes }
    }

    /// The sum with another part.
    pub(super) fn and(self, part: Self) -> Self {
        Self { usd: self.usd + part.usd, unpriced_bytes: self.unpriced_bytes + part.unpriced_bytes }
    }

    /// Whether bytes are unpriced and nothing else costs anything.
    pub(super) fn is_unknown(self) -> bool {
        self.unpriced_bytes > 0 && self.usd == Money::default()
    }
}

/// A key in words of its own.
pub(super) fn exact_key(values: impl Iterator<Item = KeyValue>, names: &Dictionary) -> ExactKey {
    let exact = |value| match value {
        KeyValue::Text(code) => (KeyValue::Text(0), names.display(code).as_bytes().into()),
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

/// Charges of which those are marked whose group is shown.
fn marked(charges: &DataFrame, keys: &[Key], shown: Option<&BTreeSet<ExactKey>>) -> Result<DataFrame, Error> {
    let Some(shown) = shown.filter(|_| !keys.is_empty()) else {
        return Ok(charges.clone().lazy().with_column(lit(true).alias(IS_SHOWN)).collect()?);
    };
    let shown: Vec<ExactKey> = shown.iter().cloned().collect();
    let shown = exact_frame(keys, &shown)?.lazy().with_column(lit(true).alias(IS_SHOWN));
    let marked = left_join(charges.clone().lazy(), shown, keys.iter().map(|key| col(key.name())));
    Ok(marked.with_column(col(IS_SHOWN).fill_null(lit(false))).collect()?)
}

/// Charges with the groups that are not shown as one: they are many, and priced alike.
fn folded(marked: &DataFrame, names: &[String]) -> Result<DataFrame, Error> {
    let folds = names.iter().filter(|name| !PRICED_BY.iter().any(|column| column.name() == **name));
    let fold = |name: &String| when(col(IS_SHOWN)).then(col(name)).otherwise(lit(NULL)).alias(name);
    Ok(marked.clone().lazy().with_columns(folds.map(fold).collect::<Vec<_>>()).collect()?)
}

/// Whether some pool reaches several tiers; then what a row costs depends on the others.
fn is_shared_out(bill: &Bill) -> Result<bool, Error> {
    let steps = bill.current_steps()?;
    let pools = texts(&steps, Column::Charge.name())?.zip(texts(&steps, Column::FromRegion.name())?);
    let priced = steps.column(line::PRICE)?.u32()?.iter().zip(int(&steps, line::COST)?.iter());
    let mut tiers: BTreeMap<_, (Option<u64>, bool)> = BTreeMap::new();
    for ((moment, (charge, from)), (price, cost)) in moments(&steps, line::TIME)?.zip(pools).zip(priced) {
        let row = price.and_then(|price| bill.prices.get(price as usize));
        let tier = (row.map(|row| row.start_gb), cost.is_some());
        let month = time::month_around(moment.unwrap_or(0)).0;
        if *tiers.entry((month, charge, from)).or_insert(tier) != tier {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::{Order, Ranking, Shape};
    use super::*;
    use crate::decode::{Flows, Values};
    use crate::group::{Batcher, Key, Shared, Spec};
    use crate::join::frame::frame;
    use crate::join::tests::OneByOne;
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
        let shared = Arc::new(Shared::new(Arc::new(spec), 7, None));
        let picked: Vec<u32> = (0..u32::try_from(rows.len()).unwrap()).collect();
        Batcher::new(Arc::clone(&shared)).add(&flows, &dictionary, &picked, false);
        Arc::into_inner(shared).unwrap().into_partial().unwrap().finish()
    }

    fn keys() -> Vec<Key> {
        vec![Key { column: Column::SrcOwner1, cut: None }]
    }

    fn charges_frame(charges: &[Charge]) -> DataFrame {
        let row = |(team, day, internet, bytes): &Charge| {
            let (charge, to) = if *internet { ("internet-egress", "internet") } else { ("inter-zone-out", "same") };
            (vec![TEAMS[*team], charge, "111122223333", "us-east-1", to, "-", "-"], *day, *bytes)
        };
        let rollup = rollup(bill::spec(keys(), false), &charges.iter().map(row).collect::<Vec<_>>());
        frame(&rollup, &OneByOne::all()).unwrap()
    }

    fn traffic_rollup(teams: &[(usize, u64)]) -> Rollup {
        let keys = keys();
        let spec = Spec { keys, bytes: true, ..Spec::default() };
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
        let charges = charges_frame(&[(0, 0, true, 10_240 * GB_BYTES), (1, 0, true, 10_240 * GB_BYTES)]);
        let dollars = Dollars::of(&charges, &keys(), Some(&BTreeSet::from([key("app")])), &pricing()).unwrap();
        let average = (9 + 8) * 10_240 * 100_000_000 / 2 + 5 * 10_240 * 10_000_000 / 2;
        assert_eq!(dollars.cost(&key("app")).usd.rounded(), average);
        assert_eq!(dollars.total.usd.rounded(), 2 * average);
        assert_eq!(dollars.cost(&key("data")), Cost::default(), "what is not shown is not kept");
    }

    #[test]
    fn charges_on_records_that_count_elsewhere_have_a_row_where_rows_are_left() {
        let (traffic, charges) =
            (traffic_rollup(&[(0, 5), (1, 9)]), charges_frame(&[(0, 0, true, 5), (5, 0, false, 7)]));
        let shape = Shape { order: Order::Bytes, rows: Some(2), rejected: false };
        let mut ranking = Ranking::new(&traffic, shape, None);
        for shard in traffic.shards() {
            ranking = ranking.with_shard(shard).unwrap();
        }
        assert_eq!(ranking.shown(), Some(BTreeSet::from([key("app"), key("data")])));
        let dollars = Dollars::of(&charges, &keys(), None, &pricing()).unwrap();
        let table = |order, rows| {
            let none = Ranking::new(&traffic, Shape { order, rows, rejected: false }, Some(&dollars));
            traffic.shards().try_fold(none, Ranking::with_shard).unwrap().with_charges_alone().unwrap().table().0
        };
        let names = |order, rows| table(order, rows).rows.into_iter().map(|row| row[1].clone()).collect::<Vec<_>>();
        assert_eq!(names(Order::Bytes, None), ["data", "app", "web"].map(Cell::from));
        assert_eq!(names(Order::Usd, Some(1)), ["app", "(other)"].map(Cell::from));
        assert_eq!(names(Order::Key, None), ["app", "data", "web"].map(Cell::from));
    }

    proptest! {
        #[test]
        fn what_is_shown_costs_the_same_any_is_folded_and_rows_add_up_to_the_bill(
            charges in charges(),
            shown in prop::collection::btree_set(0..TEAMS.len(), 0..6),
            rows in 0..7_usize,
        ) {
            let charges = charges_frame(&charges);
            let shown: BTreeSet<_> = shown.into_iter().map(|team| key(TEAMS[team])).collect();
            let all = Dollars::of(&charges, &keys(), None, &pricing()).unwrap();
            let some = Dollars::of(&charges, &keys(), Some(&shown), &pricing()).unwrap();
            for key in &shown {
                prop_assert_eq!(all.cost(key), some.cost(key));
            }
            prop_assert_eq!(all.total, some.total);
            let marked = Periods::default().mark(&charges).unwrap();
            let names = vec![keys()[0].name()];
            let terms = (&pricing().table, PoolTerms::default());
            let bill = Bill::of(&marked, &names, (None, None), terms).unwrap();
            let bill = Money::of_units(int(&bill.lines, line::COST).unwrap().iter().flatten().sum());
            prop_assert_eq!(all.total.usd, bill);

            let traffic = traffic_rollup(&[(0, 1), (1, 2), (2, 3)]);
            let shape = Shape { order: Order::Usd, rows: Some(rows), rejected: false };
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
