//! Why figures are what they are: the rules that applied to the rows of a report, and the rates behind its dollars.
//!
//! Rules are summed from the same records as the table that they explain, so per row they add up to its records and
//! bytes; rates are summed from the lines of the bill, so they add up to its total. No rule is decided here.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use super::amounts::{amounts, plain};
use super::cells::key_cell;
use super::cost::{CostShape, FREE, OTHER, free, named};
use super::{Cell, Head, Row, Table};
use crate::error::Error;
use crate::group::{Key, Rollup, Spec};
use crate::price::charged::{Bill, Charged, UNKNOWN};
use crate::price::{Charge, Money, Rate, Step, written_date};
use crate::schema::output::{self, Output};
use crate::schema::{Column, ColumnSet};

/// The source of bytes that the free tier covers, and of bytes that no row of the price table covers.
const FREE_TIER: &str = "free tier";
const UNPRICED: &str = "(unpriced)";
/// What tells how a record's row came about.
const RULES: [Column; 4] = [Column::DirectionRule, Column::CountRule, Column::PathRule, Column::Assumed];

/// What to sum to explain rows with these keys.
#[must_use]
pub fn spec(keys: Vec<Key>) -> Spec {
    let rules = RULES.map(|column| Key { column, cut: None });
    let keys = keys.into_iter().chain(rules).collect();
    Spec { keys, views: Vec::new(), bytes: true, packets: false, seen: false, starts: false, distinct: false }
}

/// The columns that traffic must have for it, besides those of the report's own keys.
#[must_use]
pub fn columns() -> ColumnSet {
    let others = [Column::Bytes, Column::Weight, Column::Start, Column::Charge, Column::Path, Column::Via];
    ColumnSet::of(&RULES).union(ColumnSet::of(&others))
}

/// The table `explain`: for each row of a table, whose keys are in these columns, the rules that applied, most bytes
/// first. `key` says of which row's keys a group of the roll-up by [`spec`] is, and of none if it is of no row at all;
/// what is of no row shown is of the row `(other)`.
///
/// # Errors
/// If rows of the roll-up were spilled and cannot be read.
pub fn table(rules: &Rollup, of: &Table, keys: Range<usize>, key: impl Fn(Row) -> Option<Row>) -> Result<Table, Error> {
    let rows: BTreeMap<&[Cell], usize> = (of.rows.iter()).map(|row| &row[keys.clone()]).zip(0..).collect();
    let mut other = vec![Cell::Absent; keys.len()];
    if let Some(first) = other.first_mut() {
        *first = OTHER.into();
    }
    let mut sums: BTreeMap<(usize, Row), (u128, u128)> = BTreeMap::new();
    let others = rows.get(&other[..]).copied().unwrap_or(of.rows.len());
    for shard in rules.shards() {
        rules.for_each_group(shard, |group| {
            let mut own: Row = rules.group_values(&group).map(|value| key_cell(value, rules.names())).collect();
            let told = own.split_off(own.len() - RULES.len());
            if let Some(own) = key(own) {
                let place = rows.get(&own[..]).copied().unwrap_or(others);
                let (records, bytes) = sums.entry((place, told)).or_default();
                (*records, *bytes) = (*records + group.counted.flows, *bytes + group.counted.bytes);
            }
        })?;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|((place, _), (records, bytes))| (*place, Reverse((*bytes, *records))));
    let mut table = plain("explain", "Which rules applied");
    table.columns = of.columns[keys.clone()].to_vec();
    table.columns.extend(RULES[..3].iter().map(|column| Head::from(*column)));
    table.columns.extend([output::ASSUMPTION, output::RECORDS, output::BYTES].map(Head::from));
    let (mut records, mut bytes) = (0, 0);
    for ((place, told), sum) in sums {
        (records, bytes) = (records + sum.0, bytes + sum.1);
        let own = of.rows.get(place).map_or(&other[..], |row| &row[keys.clone()]);
        table.rows.push(own.iter().cloned().chain(told).chain([sum.0.into(), sum.1.into()]).collect());
    }
    let empty = std::iter::repeat_n(Cell::Absent, keys.len() + RULES.len());
    table.total = Some(empty.chain([records.into(), bytes.into()]).collect());
    Ok(table)
}

/// The keys of what explains the rows of a cost, perhaps with the period before beside it.
#[must_use]
pub fn cost_keys(keys: Vec<Key>, is_compared: bool) -> Vec<Key> {
    let more = [Column::Charge, Column::Path].into_iter().chain(is_compared.then_some(Column::Hour));
    keys.into_iter().chain(more.map(|column| Key { column, cut: None })).collect()
}

/// The table `explain` of the table `cost` from a roll-up by [`cost_keys`].
///
/// # Errors
/// If rows of the roll-up were spilled and cannot be read.
pub fn cost(rules: &Rollup, of: &Table, shape: &CostShape, current_from: Option<u32>) -> Result<Table, Error> {
    let key = |mut own: Row| {
        let is_previous = match current_from {
            Some(from) => own.pop()? < Cell::Time(from),
            None => false,
        };
        let (path, charge) = (own.pop()?, own.pop()?);
        let charge = match (charge, path) {
            _ if is_previous => return None,
            (Cell::Text(charge), _) => Some(charge),
            (_, Cell::Text(path)) if shape.free => Some(free(&path).into()),
            _ if shape.free => Some(free(UNKNOWN).into()),
            _ => None,
        };
        Some(match charge {
            Some(charge) => own.into_iter().chain(shape.by_charge.then_some(Cell::Text(charge))).collect(),
            None => named(FREE, shape),
        })
    };
    table(rules, of, 0..shape.key_heads.len() + usize::from(shape.by_charge), key)
}

/// What bytes were charged by: the charge with its two sides, and the row of the price table; none of what is free and
/// of what has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rated<'b> {
    charge: Charge,
    from: &'b str,
    to: &'b str,
    has_price: bool,
    tier: Option<Tier<'b>>,
}

/// A row of the price table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tier<'b> {
    effective_from: u32,
    start_gb: u64,
    end_gb: Option<u64>,
    rate: Option<Rate>,
    source: &'b str,
}

/// The table `rates`: at which price of the price table how many bytes of each charge were charged, tier by tier.
#[must_use]
pub fn rates(bill: &Bill) -> Table {
    let mut sums: BTreeMap<Rated, (u128, Money)> = BTreeMap::new();
    for line in bill.current() {
        for step in &line.priced.steps {
            let Some(rated) = rated(&line.charged, step) else { continue };
            let (bytes, usd) = sums.entry(rated).or_default();
            (*bytes, *usd) = (*bytes + u128::from(step.bytes), *usd + step.usd.unwrap_or_default());
        }
    }
    let (usd, total) = amounts(&sums.values().map(|(_, usd)| *usd).collect::<Vec<_>>());
    let bytes: u128 = sums.values().map(|(bytes, _)| bytes).sum();
    let mut table = plain("rates", "What was charged at which price");
    table.columns = RATED.map(Head::from).into();
    table.rows = sums.into_iter().zip(usd).map(|((rated, (bytes, _)), usd)| rated.row(bill, bytes, usd)).collect();
    let total = RATED.map(|column| match column {
        output::BYTES => bytes.into(),
        output::USD => total.clone(),
        _ => Cell::Absent,
    });
    table.total = Some(total.into());
    table
}

/// The columns of the table.
const RATED: [Output; 11] = [
    output::CHARGE,
    output::FROM,
    output::TO,
    output::TIER_START_GB,
    output::TIER_END_GB,
    output::USD_PER_GB,
    output::NET_USD_PER_GB,
    output::BYTES,
    output::USD,
    output::EFFECTIVE_FROM,
    output::SOURCE,
];

fn rated<'b>(charged: &'b Charged, step: &Step<'b>) -> Option<Rated<'b>> {
    let tier = step.row.map(|row| Tier {
        effective_from: row.effective_from,
        start_gb: row.start_gb,
        end_gb: row.end_gb,
        rate: row.rate,
        source: &row.source,
    });
    let (charge, from, to) = (charged.charge?, &*charged.from, &*charged.to);
    Some(Rated { charge, from, to, has_price: step.usd.is_some(), tier })
}

impl Rated<'_> {
    fn row(&self, bill: &Bill, bytes: u128, usd: Cell) -> Row {
        let rate = self.tier.and_then(|tier| tier.rate);
        let net = rate.map(|rate| rate.less(bill.terms.discounts.of(self.charge)));
        let price = |rate: Option<Rate>| rate.map_or(Cell::Absent, |rate| Cell::Usd(rate.rounded()));
        let source = match self.tier {
            Some(tier) => tier.source,
            None if self.has_price => FREE_TIER,
            None => UNPRICED,
        };
        let since = self.tier.map(|tier| tier.effective_from).filter(|since| *since > 0);
        RATED
            .map(|column| match column {
                output::CHARGE => self.charge.name().into(),
                output::FROM => self.from.into(),
                output::TO => self.to.into(),
                output::TIER_START_GB => self.tier.map_or(Cell::Absent, |tier| tier.start_gb.into()),
                output::TIER_END_GB => self.tier.and_then(|tier| tier.end_gb).map_or(Cell::Absent, Cell::from),
                output::USD_PER_GB => price(rate),
                output::NET_USD_PER_GB => price(net),
                output::BYTES => bytes.into(),
                output::USD if self.has_price => usd.clone(),
                output::USD => Cell::Absent,
                output::EFFECTIVE_FROM => since.map_or(Cell::Absent, |since| written_date(since).into()),
                _ => source.into(),
            })
            .into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::decode::{Dictionary, Flows, Values};
    use crate::group::{Batcher, Shared};
    use crate::price::charged::tests::{egress, zones};
    use crate::price::{Discounts, GB_BYTES, PoolTerms, PriceTable};

    /// A team, the rule of its direction, and bytes of one record each.
    fn rules(rows: &[(&str, &str, u64)]) -> Rollup {
        let spec = spec(vec![Key { column: Column::SrcOwner1, cut: None }]);
        let columns = spec.keys.iter().fold(columns(), |columns, key| columns.with(key.column));
        let (mut flows, mut dictionary) = (Flows::new(columns), Dictionary::default());
        for (team, rule, bytes) in rows {
            for column in columns.iter() {
                let text = match column {
                    Column::SrcOwner1 => team,
                    Column::DirectionRule => rule,
                    _ => "-",
                };
                match flows.values_mut(column).unwrap() {
                    Values::Text(values) => values.push(dictionary.code(text.as_bytes())),
                    Values::Big(values) => values.push(if column == Column::Weight { 1 } else { *bytes }),
                    Values::Time(values) => values.push(0),
                    _ => {}
                }
            }
        }
        flows.set_rows(rows.len());
        let shared = Arc::new(Shared::new(Arc::new(spec), None));
        let picked: Vec<u32> = (0..u32::try_from(rows.len()).unwrap()).collect();
        Batcher::new(Arc::clone(&shared)).add(&flows, &dictionary, &picked, false);
        Arc::into_inner(shared).unwrap().into_partial().unwrap().finish()
    }

    /// A table of two teams and others, with a rank before the key.
    fn shown(names: &[&str]) -> Table {
        let mut table = plain("top", "");
        table.columns = vec![output::RANK.into(), Column::SrcOwner1.into()];
        table.rows = names.iter().map(|name| vec![Cell::Absent, (*name).into()]).collect();
        table
    }

    fn lines(table: &Table) -> Vec<(String, String, u128, u128)> {
        let text = |cell: &Cell| if let Cell::Text(text) = cell { text.to_string() } else { "-".to_owned() };
        let number = |cell: &Cell| if let Cell::Integer(number) = cell { *number } else { 0 };
        let line = |row: &Row| (text(&row[0]), text(&row[1]), number(&row[5]), number(&row[6]));
        table.rows.iter().chain(&table.total).map(line).collect()
    }

    #[test]
    fn each_row_shown_has_its_rules_and_the_others_have_theirs_together() {
        let told =
            [("web", "told", 5), ("web", "guessed", 7), ("app", "told", 9), ("db", "told", 1), ("hub", "told", 2)];
        let table = table(&rules(&told), &shown(&["web", "app", "(other)"]), 1..2, Some).unwrap();
        let line = |team: &str, rule: &str, records, bytes| (team.to_owned(), rule.to_owned(), records, bytes);
        let expected = [
            line("web", "guessed", 1, 7),
            line("web", "told", 1, 5),
            line("app", "told", 1, 9),
            line("(other)", "told", 2, 3),
            line("-", "-", 5, 24),
        ];
        assert_eq!(lines(&table), expected);
    }

    #[test]
    fn what_is_of_no_row_is_left_out() {
        let table = table(&rules(&[("web", "told", 5)]), &shown(&["web"]), 1..2, |_| None).unwrap();
        assert_eq!(lines(&table).len(), 1, "the total alone");
    }

    #[test]
    fn rates_add_up_to_the_bill_tier_by_tier() {
        let table = PriceTable::embedded().unwrap();
        let terms = PoolTerms {
            discounts: Discounts::parse(&["inter-zone-out=50%".to_owned()]).unwrap(),
            ..PoolTerms::default()
        };
        let rows =
            vec![egress("web", "2026-10-01", 10_000), egress("app", "2026-10-02", 500), zones("app", "2026-10-02", 3)];
        let bill = Bill::of(rows, (None, None), &table, terms);
        let rates = rates(&bill);
        let cell = |row: usize, column: Output| {
            rates.rows[row][RATED.iter().position(|rated| *rated == column).unwrap()].clone()
        };
        let gb = |gb: u64| Cell::from(gb * GB_BYTES);
        assert_eq!([0, 1, 2].map(|row| cell(row, output::BYTES)), [gb(10_240), gb(260), gb(3)]);
        assert_eq!([0, 1].map(|row| cell(row, output::TIER_START_GB)), [0_u64, 10_240].map(Cell::from));
        assert_eq!(cell(2, output::USD_PER_GB), Cell::Usd(100_000_000));
        assert_eq!(cell(2, output::NET_USD_PER_GB), Cell::Usd(50_000_000));
        let usd = bill.current().map(|line| line.priced.usd).sum::<Money>();
        let total = rates.total.clone().unwrap();
        let total = total.iter().find(|cell| matches!(cell, Cell::Amount { .. }));
        assert!(matches!(total, Some(Cell::Amount { amount, .. }) if amount.unsigned_abs() == usd.rounded()));
    }

    #[test]
    fn what_has_no_price_is_told_as_such() {
        let table = PriceTable::embedded().unwrap();
        let rows = vec![egress("web", "2026-10-01", 1)];
        let rows = rows.into_iter().map(|row| Charged { from: "nowhere-1".into(), ..row }).collect();
        let bill = Bill::of(rows, (None, None), &table, PoolTerms::default());
        let rates = rates(&bill);
        assert_eq!(rates.rows[0].last(), Some(&UNPRICED.into()));
        assert!(rates.rows[0].iter().all(|cell| !matches!(cell, Cell::Amount { .. })), "never zero dollars");
    }
}
