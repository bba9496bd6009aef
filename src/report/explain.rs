//! Why figures are what they are: the rules that applied to the rows of a report, and the rates behind its dollars.
//!
//! Rules are summed from the same records as the table that they explain, so per row they add up to its records and
//! bytes; rates are summed from the lines of the bill, so they add up to its total. No rule is decided here.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, NULL, SortMultipleOptions, col, lit};

use super::amounts::{amounts, plain};

use super::cost::OTHER;
use super::frame::{left_join, rows};
use super::prices::{date, usd_per_gb};
use super::question::{Need, key_columns};
use super::{Cell, Head, Row, Table};
use crate::error::Error;
use crate::group::{Key, Spec};
use crate::join::{Kept, Wanted};
use crate::price::bill::{Bill, line};
use crate::price::{Charge, Confidence, Money, PriceRow, Rate};
use crate::schema::frame::{codes, int, texts};
use crate::schema::output::{self, Output};
use crate::schema::{Column, ColumnSet};

/// The frame of the rules that applied.
pub const RULES: &str = "rules";
/// In that frame, the name of a group's row, if it does not follow from the keys.
pub(super) const ROW: &str = "row";
/// The place of a row in the table that is explained.
const PLACE: &str = "place";
/// The source of bytes that the free tier covers, and of bytes that no row of the price table covers.
const FREE_TIER: &str = "free tier";
const UNPRICED: &str = "(unpriced)";
/// The columns that explain a row.
const RULE_COLUMNS: [Column; 4] = [Column::DirectionRule, Column::CountRule, Column::PathRule, Column::Assumed];

/// What to sum to explain rows with these keys: of traffic, or of charges and what is free.
#[must_use]
pub fn need(keys: &[Key], of_charges: bool) -> Need {
    let others = [Column::Bytes, Column::RecordCount, Column::Start, Column::Charge, Column::Path, Column::Via];
    let columns = key_columns(keys).union(ColumnSet::of(&RULE_COLUMNS)).union(ColumnSet::of(&others));
    let mut all = keys.to_vec();
    all.extend(RULE_COLUMNS.map(|column| Key { column, cut: None }).into_iter().filter(|key| !keys.contains(key)));
    let spec = Spec { keys: all, bytes: true, ..Spec::default() };
    let wanted = Wanted {
        columns,
        traffic: !of_charges,
        charges: of_charges,
        rejected: false,
        kept: Kept::default(),
        unfiltered: false,
    };
    Need { name: RULES, wanted, spec }
}

/// What to sum to explain the rows of a cost, perhaps with the period before beside it.
#[must_use]
pub(super) fn charges_need(keys: &[Key], is_compared: bool) -> Need {
    let more = [Column::Charge, Column::Path].into_iter().chain(is_compared.then_some(Column::Hour));
    let more = more.map(|column| Key { column, cut: None }).filter(|key| !keys.contains(key));
    need(&keys.iter().cloned().chain(more).collect::<Vec<_>>(), true)
}

/// The table `explain`: for each row of a table the applied rules, most bytes first. `shown` has the keys of the
/// table's first rows, in their order; other groups belong to the row that `ROW` names, else to `(other)`.
///
/// # Errors
/// If the frame of rules has not the keys.
pub fn table(rules: DataFrame, shown: &DataFrame, keys: &[&str], of: &Table) -> Result<Table, Error> {
    let first = usize::from(of.columns.first().is_some_and(|head| head.name == output::RANK.name));
    let of_keys = first..first + keys.len();
    let others = row_named(of, OTHER, first).unwrap_or(of.rows.len());
    let mut rules = rules;
    if rules.column(ROW).is_err() {
        rules = rules.lazy().with_column(lit(NULL).cast(DataType::String).alias(ROW)).collect()?;
    }
    let named: Vec<_> = texts(&rules, ROW)?.map(|name| name.and_then(|name| row_named(of, name, first))).collect();
    rules.with_column(codes(ROW, named.into_iter().map(|place| place.and_then(|place| u32::try_from(place).ok()))))?;
    let by: Vec<Expr> = keys.iter().map(|key| col(*key)).collect();
    let shown = shown.clone().lazy().select(by.clone()).with_row_index(PLACE, None);
    let place = col(ROW).fill_null(col(PLACE)).fill_null(lit(u32::try_from(others).unwrap_or(u32::MAX))).alias(PLACE);
    let rule_keys = [PLACE].into_iter().chain(RULE_COLUMNS.map(Column::name));
    let rule_keys: Vec<Expr> = rule_keys.map(col).collect();
    let measures = [output::BYTES.name, output::FLOWS.name];
    let descending = [false, true, true, false, false, false, false];
    let sort = SortMultipleOptions::default().with_order_descending_multi(descending);
    let order = [&rule_keys[..1], &measures.map(col), &rule_keys[1..]].concat();
    let joined = if keys.is_empty() {
        rules.lazy().with_column(lit(0_u32).alias(PLACE))
    } else {
        left_join(rules.lazy(), shown, by)
    };
    let sums = joined.with_column(place).group_by(rule_keys).agg(measures.map(|name| col(name).sum()));
    let sums = sums.sort_by_exprs(order, sort).collect()?;
    let mut table = plain("explain", "Applied rules");
    table.columns = of.columns[of_keys.clone()].to_vec();
    table.columns.extend(RULE_COLUMNS[..3].iter().map(|column| Head::from(*column)));
    table.columns.extend([output::ASSUMPTION, output::RECORDS, output::BYTES].map(Head::from));
    let mut other = vec![Cell::Absent; keys.len()];
    if let Some(first) = other.first_mut() {
        *first = OTHER.into();
    }
    let names = RULE_COLUMNS.map(Column::name).into_iter().chain([output::FLOWS.name, output::BYTES.name]);
    for (place, rule_keys) in sums.column(PLACE)?.u32()?.iter().zip(rows(&sums, names)?) {
        let row = place.and_then(|place| of.rows.get(place as usize));
        let own = row.map_or(&other[..], |row| &row[of_keys.clone()]);
        table.rows.push(own.iter().cloned().chain(rule_keys).collect());
    }
    let empty = std::iter::repeat_n(Cell::Absent, keys.len() + RULE_COLUMNS.len());
    let [records, bytes] = [output::FLOWS.name, output::BYTES.name].map(|name| super::cost::total(&sums, name));
    table.total = Some(empty.chain([records?.into(), bytes?.into()]).collect());
    Ok(table)
}

/// The row with a name in the first of its keys.
fn row_named(of: &Table, name: &str, first: usize) -> Option<usize> {
    of.rows.iter().position(|row| matches!(row.get(first), Some(Cell::Text(text)) if **text == *name))
}

/// The table `rates`: at which price of the price table how many bytes of each charge were charged, tier by tier.
///
/// # Errors
/// If the bill's steps cannot be summed.
pub fn rates(bill: &Bill) -> Result<Table, Error> {
    let mut sums: BTreeMap<Rated, (u128, Money)> = BTreeMap::new();
    let steps = bill.current_steps()?;
    let charges = texts(&steps, Column::Charge.name())?;
    let sides = texts(&steps, Column::FromRegion.name())?.zip(texts(&steps, Column::ToRegion.name())?);
    let amounts_of = int(&steps, output::BYTES.name)?.iter().zip(int(&steps, line::COST)?.iter());
    let prices = steps.column(line::PRICE)?.u32()?.iter();
    for ((charge, (from, to)), (price, (bytes, cost))) in charges.zip(sides).zip(prices.zip(amounts_of)) {
        let (Some(charge), Some(from), Some(to)) = (charge.and_then(Charge::of_name), from, to) else { continue };
        let tier = price.and_then(|price| bill.prices.get(price as usize)).map(|row| Tier::of(row));
        let sum = sums.entry(Rated { charge, from, to, has_price: cost.is_some(), tier }).or_default();
        let bytes = u128::try_from(bytes.unwrap_or(0)).unwrap_or(0);
        *sum = (sum.0 + bytes, sum.1 + Money::of_units(cost.unwrap_or(0)));
    }
    let (usd, total) = amounts(&sums.values().map(|(_, usd)| *usd).collect::<Vec<_>>());
    let bytes: u128 = sums.values().map(|(bytes, _)| bytes).sum();
    let mut table = plain("rates", "Applied prices");
    table.columns = RATED.map(Head::from).into();
    table.rows = sums.into_iter().zip(usd).map(|((rated, (bytes, _)), usd)| rated.row(bill, bytes, usd)).collect();
    let total = RATED.map(|column| match column {
        output::BYTES => bytes.into(),
        output::USD => total.clone(),
        _ => Cell::Absent,
    });
    table.total = Some(total.into());
    Ok(table)
}

/// How bytes were charged: the charge with its two sides, and the row of the price table; none for free and unpriced
/// bytes.
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
    confidence: Option<Confidence>,
    as_of: Option<u32>,
    source: &'b str,
}

impl<'b> Tier<'b> {
    fn of(row: &'b PriceRow) -> Self {
        Self {
            effective_from: row.effective_from,
            start_gb: row.start_gb,
            end_gb: row.end_gb,
            rate: row.rate,
            confidence: row.confidence,
            as_of: row.as_of,
            source: &row.source,
        }
    }
}

/// The columns of the table.
const RATED: [Output; 13] = [
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
    output::CONFIDENCE,
    output::AS_OF,
    output::SOURCE,
];

impl Rated<'_> {
    fn row(&self, bill: &Bill, bytes: u128, usd: Cell) -> Row {
        let rate = self.tier.and_then(|tier| tier.rate);
        let net = rate.map(|rate| rate.less(bill.terms.discounts.of(self.charge)));
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
                output::TIER_START_GB => self.tier.map(|tier| tier.start_gb).into(),
                output::TIER_END_GB => self.tier.and_then(|tier| tier.end_gb).into(),
                output::USD_PER_GB => usd_per_gb(rate),
                output::NET_USD_PER_GB => usd_per_gb(net),
                output::BYTES => bytes.into(),
                output::USD if self.has_price => usd.clone(),
                output::USD => Cell::Absent,
                output::EFFECTIVE_FROM => date(since),
                output::CONFIDENCE => self.tier.and_then(|tier| tier.confidence).map(Confidence::name).into(),
                output::AS_OF => date(self.tier.and_then(|tier| tier.as_of)),
                _ => source.into(),
            })
            .into()
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoColumn, NewChunkedArray, StringChunked};

    use super::*;
    use crate::price::bill::tests::{Charged, bill_of, egress, zones};
    use crate::price::{Discounts, GB_BYTES, PoolTerms, PriceTable};
    use crate::schema::frame::ints;

    /// A team, the rule of its direction, and bytes of one record each.
    fn rules(rows: &[(&str, &str, i128)]) -> DataFrame {
        let text = |name: &str, of: &dyn Fn(&(&str, &str, i128)) -> String| {
            StringChunked::from_iter_values(name.into(), rows.iter().map(of)).into_column()
        };
        let columns = vec![
            text("team", &|row| row.0.to_owned()),
            text(RULE_COLUMNS[0].name(), &|row| row.1.to_owned()),
            text(RULE_COLUMNS[1].name(), &|_| "-".to_owned()),
            text(RULE_COLUMNS[2].name(), &|_| "-".to_owned()),
            text(RULE_COLUMNS[3].name(), &|_| "-".to_owned()),
            ints(output::BYTES.name, rows.iter().map(|row| Some(row.2))),
            ints(output::FLOWS.name, rows.iter().map(|_| Some(1))),
        ];
        DataFrame::new_infer_height(columns).unwrap()
    }

    /// A table of some teams, with a rank before the key, and the frame of its first rows.
    fn shown(names: &[&str]) -> (Table, DataFrame) {
        let mut table = plain("top", "");
        table.columns = vec![output::RANK.into(), Head { name: "team".to_owned(), kind: output::CellKind::Text }];
        table.rows = names.iter().map(|name| vec![Cell::Absent, (*name).into()]).collect();
        let teams = names.iter().filter(|name| **name != OTHER);
        let teams = StringChunked::from_iter_values("team".into(), teams.copied()).into_column();
        (table, DataFrame::new_infer_height(vec![teams]).unwrap())
    }

    fn lines(table: &Table) -> Vec<(String, String, u128, u128)> {
        let text = |cell: &Cell| if let Cell::Text(text) = cell { text.to_string() } else { "-".to_owned() };
        let number = |cell: &Cell| if let Cell::Integer(number) = cell { *number } else { 0 };
        let line = |row: &Row| (text(&row[0]), text(&row[1]), number(&row[5]), number(&row[6]));
        table.rows.iter().chain(&table.total).map(line).collect()
    }

    #[test]
    fn each_row_shown_has_its_rules_and_the_others_have_theirs_together() {
        let rule_keys =
            [("web", "known", 5), ("web", "guessed", 7), ("app", "known", 9), ("db", "known", 1), ("hub", "known", 2)];
        let (of, shown) = shown(&["web", "app", "(other)"]);
        let table = table(rules(&rule_keys), &shown, &["team"], &of).unwrap();
        let line = |team: &str, rule: &str, records, bytes| (team.to_owned(), rule.to_owned(), records, bytes);
        let expected = [
            line("web", "guessed", 1, 7),
            line("web", "known", 1, 5),
            line("app", "known", 1, 9),
            line("(other)", "known", 2, 3),
            line("-", "-", 5, 24),
        ];
        assert_eq!(lines(&table), expected);
    }

    #[test]
    fn a_row_can_be_named_that_no_key_leads_to() {
        let (of, shown) = shown(&["web", "(free)"]);
        let mut rules = rules(&[("web", "known", 5), ("web", "known", 2)]);
        let rows = StringChunked::from_iter_options(ROW.into(), [None, Some("(free)")].into_iter()).into_column();
        rules.with_column(rows).unwrap();
        let rule_keys = lines(&table(rules, &shown, &["team"], &of).unwrap());
        assert_eq!(
            rule_keys.iter().map(|line| (line.0.as_str(), line.3)).collect::<Vec<_>>(),
            [("web", 5), ("(free)", 2), ("-", 7)]
        );
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
        let bill = bill_of(&rows, (None, None), &table, terms);
        let rates = rates(&bill).unwrap();
        let cell = |row: usize, column: Output| {
            rates.rows[row][RATED.iter().position(|rated| *rated == column).unwrap()].clone()
        };
        let gb = |gb: u64| Cell::from(gb * GB_BYTES);
        assert_eq!([0, 1, 2].map(|row| cell(row, output::BYTES)), [gb(10_240), gb(260), gb(3)]);
        assert_eq!([0, 1].map(|row| cell(row, output::TIER_START_GB)), [0_u64, 10_240].map(Cell::from));
        assert_eq!(cell(2, output::USD_PER_GB), Cell::Usd(100_000_000));
        assert_eq!(cell(2, output::NET_USD_PER_GB), Cell::Usd(50_000_000));
        let usd = Money::of_units(int(&bill.current().unwrap(), line::COST).unwrap().iter().flatten().sum());
        let total = rates.total.clone().unwrap();
        let total = total.iter().find(|cell| matches!(cell, Cell::Amount { .. }));
        assert!(matches!(total, Some(Cell::Amount { amount, .. }) if amount.unsigned_abs() == usd.rounded()));
    }

    #[test]
    fn what_has_no_price_is_reported_as_such() {
        let table = PriceTable::embedded().unwrap();
        let rows = vec![egress("web", "2026-10-01", 1)];
        let rows = rows.into_iter().map(|row| Charged { from: "nowhere-1".into(), ..row }).collect::<Vec<_>>();
        let bill = bill_of(&rows, (None, None), &table, PoolTerms::default());
        let rates = rates(&bill).unwrap();
        assert_eq!(rates.rows[0].last(), Some(&UNPRICED.into()));
        assert!(rates.rows[0].iter().all(|cell| !matches!(cell, Cell::Amount { .. })), "never zero dollars");
    }
}
