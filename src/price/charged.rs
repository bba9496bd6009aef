//! Charged traffic with its prices: what the reports of cost are summed from.
//!
//! The period asked for and the one before it are priced apart, each as what it is: to compare does not change a cost.

use std::sync::Arc;

use polars::prelude::DataFrame;

use super::bill;
use super::{Charge, PoolTerms, PriceTable, Priced, Usage, Value, price};
use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::{Key, KeyValue, Rollup, Spec};
use crate::schema::{Column, ColumnSet};
use crate::units::time::Window;

/// Bytes that were counted, and what is charged for them. Bytes with several charges are there once for each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Charged {
    /// Whether they are of the period before the one asked for.
    pub previous: bool,
    /// What the rows of the report are: owners and other dimensions.
    pub keys: Vec<Value>,
    /// What is charged; nothing where the bytes are free.
    pub charge: Option<Charge>,
    /// Why they are free: `same-zone`…; empty where they are not.
    pub reason: Arc<str>,
    /// The account that is charged; none where it is not known.
    pub payer: Option<Arc<str>>,
    /// The region that is charged.
    pub from: Arc<str>,
    /// The other side of the charge.
    pub to: Arc<str>,
    /// The first second of the hour, UTC.
    pub hour: u32,
    /// What was assumed, if the charge rests on something that the logs do not tell.
    pub assumed: Option<Arc<str>>,
    /// How many bytes.
    pub bytes: u64,
}

/// Stands for what the logs and tables do not tell.
pub const UNKNOWN: &str = "unknown";
/// The columns that follow a report's own keys in the roll-up that its rows are made of, before the time.
const CHARGE_COLUMNS: [Column; 6] =
    [Column::Charge, Column::PayerAccount, Column::FromRegion, Column::ToRegion, Column::Assumed, Column::Path];

/// What to sum for a report with these keys of its own. Prices change with the day; tiers that go by the hour, and
/// periods that begin with any, need that.
#[must_use]
pub fn spec(keys: Vec<Key>, is_hourly: bool) -> Spec {
    let time = if is_hourly { Column::Hour } else { Column::Day };
    let charge = CHARGE_COLUMNS.into_iter().chain([time]).map(|column| Key { column, cut: None });
    let keys = keys.into_iter().chain(charge).collect();
    Spec { keys, views: Vec::new(), bytes: true, packets: false, seen: false, starts: false, distinct: false }
}

/// The columns that traffic must have for it, besides those of the report's own keys.
#[must_use]
pub fn columns() -> ColumnSet {
    ColumnSet::of(&CHARGE_COLUMNS).union(ColumnSet::of(&[Column::Bytes, Column::Start]))
}

/// Which hours are of the period asked for, and which of the one that it is compared with. An hour may be of both, or of
/// neither.
#[derive(Clone, Copy, Debug, Default)]
pub struct Periods {
    /// The period asked for.
    pub current: Window,
    /// The other one.
    pub previous: Option<Window>,
}

impl Periods {
    /// What was before a moment, if there is one, is of the period before.
    #[must_use]
    pub fn before(current_from: Option<u32>) -> Self {
        let previous = current_from.map(|from| Window { from: None, to: Some(from) });
        Self { current: Window { from: current_from, to: None }, previous }
    }

    /// The periods of an hour: for each whether it is the one before.
    pub fn of(&self, hour: u32) -> impl Iterator<Item = bool> + use<> {
        let is_current = self.current.contains(hour);
        let is_previous = self.previous.is_some_and(|previous| previous.contains(hour));
        is_current.then_some(false).into_iter().chain(is_previous.then_some(true))
    }
}

/// The rows of a roll-up by [`spec`].
///
/// # Errors
/// If rows of the roll-up were spilled and cannot be read.
pub fn rows(rollup: &Rollup, periods: &Periods) -> Result<Vec<Charged>, Error> {
    let mut rows = Vec::new();
    for_each(rollup, |own, charged| {
        let keys: Vec<_> = own.iter().map(|key| Value::of(*key, rollup.names())).collect();
        let of_period = |previous| Charged { previous, keys: keys.clone(), ..charged.clone() };
        rows.extend(periods.of(charged.hour).map(of_period));
    })?;
    Ok(rows)
}

/// Calls with the report's own keys of each group of a roll-up by [`spec`], and with the rest of its row.
///
/// # Errors
/// If rows of the roll-up were spilled and cannot be read.
pub fn for_each(rollup: &Rollup, mut each: impl FnMut(&[KeyValue], Charged)) -> Result<(), Error> {
    let keys = rollup.spec().keys.len().saturating_sub(CHARGE_COLUMNS.len() + 1);
    for shard in rollup.shards() {
        rollup.for_each_group(shard, |group| {
            let values: Vec<KeyValue> = rollup.group_values(&group).collect();
            let (own, charge) = values.split_at(keys);
            let text = |place: usize| match charge.get(place) {
                Some(KeyValue::Text(code)) => Some(Arc::<str>::from(rollup.names().display(*code))),
                _ => None,
            };
            let kind = text(0).and_then(|name| Charge::of_name(&name));
            let value = |place: usize| charge.get(place).copied().unwrap_or(KeyValue::Absent);
            let (from, to) = sides(value(2), value(3), rollup.names());
            let hour = if let Some(KeyValue::Time(hour)) = charge.get(CHARGE_COLUMNS.len()) { *hour } else { 0 };
            let charged = Charged {
                previous: false,
                keys: Vec::new(),
                charge: kind,
                reason: if kind.is_some() { "".into() } else { text(5).unwrap_or_else(|| UNKNOWN.into()) },
                payer: text(1),
                from,
                to,
                hour,
                assumed: text(4),
                bytes: u64::try_from(group.counted.bytes).unwrap_or(u64::MAX),
            };
            each(own, charged);
        })?;
    }
    Ok(())
}

/// Both sides of a charge, as they are written in the keys of a roll-up.
pub fn sides(from: KeyValue, to: KeyValue, names: &Dictionary) -> (Arc<str>, Arc<str>) {
    let text = |value, none: &str| match value {
        KeyValue::Text(code) => names.display(code).into(),
        _ => none.into(),
    };
    (text(from, UNKNOWN), text(to, "any"))
}

/// What was charged, and what it costs.
#[derive(Clone, Debug)]
pub struct Line<'t> {
    /// What was charged.
    pub charged: Charged,
    /// What it costs; nothing where it is free.
    pub priced: Priced<'t>,
}

/// Everything that was charged in a window, priced.
#[derive(Clone, Debug)]
pub struct Bill<'t> {
    /// Sorted; no two lines differ in their bytes alone, save those that would not fit in one.
    pub lines: Vec<Line<'t>>,
    /// The window of the period asked for, half-open; none of its sides where it is unbounded.
    pub window: (Option<u32>, Option<u32>),
    /// By what it was priced.
    pub terms: PoolTerms,
    /// The same as a frame.
    pub frame: bill::Bill<'t>,
}

impl<'t> Bill<'t> {
    /// Prices rows of any order.
    ///
    /// # Errors
    /// If no frame can be made of them.
    pub fn of(
        rows: Vec<Charged>,
        window: (Option<u32>, Option<u32>),
        table: &'t PriceTable,
        terms: PoolTerms,
    ) -> Result<Self, Error> {
        let (charges, keys) = frame_of(&rows)?;
        let frame = bill::Bill::of(&charges, &keys, window, (table, terms.clone()))?;
        let rows = merged(rows);
        let (current, previous) = rows.split_at(rows.partition_point(|row| !row.previous));
        let priced: Vec<_> =
            [current, previous].into_iter().flat_map(|rows| price(&usages(rows), table, &terms)).collect();
        let mut priced = priced.into_iter();
        let cost = |charged: &Charged| charged.charge.and_then(|_| priced.next()).unwrap_or_default();
        let priced: Vec<_> = rows.iter().map(cost).collect();
        let lines = rows.into_iter().zip(priced).map(|(charged, priced)| Line { charged, priced }).collect();
        Ok(Self { lines, window, terms, frame })
    }

    /// Lines of the period asked for.
    pub fn current(&self) -> impl Iterator<Item = &Line<'t>> {
        self.lines.iter().filter(|line| !line.charged.previous)
    }
}

/// Rows as a frame of charges whose periods are marked, and the names of its keys.
///
/// # Errors
/// If no frame can be made of them.
pub fn frame_of(rows: &[Charged]) -> Result<(DataFrame, Vec<String>), Error> {
    use polars::prelude::{Column as FrameColumn, IntoColumn, NamedFrom, NewChunkedArray, Series, StringChunked};
    let text = |name: &str, values: Vec<Option<String>>| -> FrameColumn {
        StringChunked::from_iter_options(name.into(), values.into_iter()).into_column()
    };
    let words = |value: &Value| match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Number(number) => Some(format!("{number:020}")),
        _ => None,
    };
    let width = rows.iter().map(|row| row.keys.len()).max().unwrap_or(0);
    let keys: Vec<String> = (0..width).map(|place| format!("key_{place}")).collect();
    let mut columns: Vec<FrameColumn> = (keys.iter().enumerate())
        .map(|(place, name)| text(name, rows.iter().map(|row| row.keys.get(place).and_then(words)).collect()))
        .collect();
    columns.push(
        Series::new(bill::line::IS_PREVIOUS.into(), rows.iter().map(|row| row.previous).collect::<Vec<_>>()).into(),
    );
    let of = |of: &dyn Fn(&Charged) -> Option<String>| rows.iter().map(of).collect::<Vec<_>>();
    columns.push(text(Column::Charge.name(), of(&|row| row.charge.map(|charge| charge.name().to_owned()))));
    columns.push(text(Column::Path.name(), of(&|row| Some(row.reason.to_string()))));
    columns.push(text(Column::PayerAccount.name(), of(&|row| row.payer.as_deref().map(str::to_owned))));
    columns.push(text(Column::FromRegion.name(), of(&|row| Some(row.from.to_string()))));
    columns.push(text(Column::ToRegion.name(), of(&|row| Some(row.to.to_string()))));
    columns.push(text(Column::Assumed.name(), of(&|row| row.assumed.as_deref().map(str::to_owned))));
    let moments = rows.iter().map(|row| Some(crate::schema::frame::milliseconds(row.hour)));
    columns.push(crate::schema::frame::times(bill::line::TIME, moments));
    columns.push(crate::schema::frame::ints("bytes", rows.iter().map(|row| Some(row.bytes.into()))));
    Ok((DataFrame::new_infer_height(columns)?, keys))
}

/// What has a charge, for pricing; places decide ties, so the order of the input does not matter.
fn usages(rows: &[Charged]) -> Vec<(usize, Usage)> {
    let usage = |row: &Charged| {
        let (from, to) = (Arc::clone(&row.from), Arc::clone(&row.to));
        Some(Usage { hour: row.hour, charge: row.charge?, from, to, bytes: row.bytes })
    };
    rows.iter().filter_map(usage).enumerate().collect()
}

/// Rows with those put together that differ in their bytes alone.
fn merged(mut rows: Vec<Charged>) -> Vec<Charged> {
    rows.sort_unstable();
    rows.dedup_by(|row, kept| {
        let Some(bytes) = kept.bytes.checked_add(row.bytes) else { return false };
        let is_same = Charged { bytes: 0, ..row.clone() } == Charged { bytes: 0, ..kept.clone() };
        if is_same {
            kept.bytes = bytes;
        }
        is_same
    });
    rows
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::price::{GB_BYTES, INTERNET, Money, SAME};
    use crate::units::time::{Zone, parse_moment};

    pub(crate) fn moment(text: &str) -> u32 {
        parse_moment(text, 0, Zone::default()).unwrap()
    }

    /// Egress of a team from us-east-1, in GB.
    pub(crate) fn egress(team: &str, hour: &str, gb: u64) -> Charged {
        Charged {
            previous: false,
            keys: vec![team.into()],
            charge: Some(Charge::InternetEgress),
            reason: "".into(),
            payer: Some("111111111111".into()),
            from: "us-east-1".into(),
            to: INTERNET.into(),
            hour: moment(hour),
            assumed: None,
            bytes: gb * GB_BYTES,
        }
    }

    /// The same between zones, the sender's half.
    pub(crate) fn zones(team: &str, hour: &str, gb: u64) -> Charged {
        Charged { charge: Some(Charge::InterZoneOut), to: SAME.into(), ..egress(team, hour, gb) }
    }

    /// The bill of some rows, whose keys are columns `key_0`…
    pub(crate) fn bill_of<'t>(
        rows: &[Charged],
        window: (Option<u32>, Option<u32>),
        table: &'t PriceTable,
        terms: PoolTerms,
    ) -> bill::Bill<'t> {
        use polars::prelude::{Column as FrameColumn, DataType};
        let (mut charges, mut keys) = frame_of(rows).unwrap();
        if keys.is_empty() {
            keys.push("key_0".to_owned());
            charges.with_column(FrameColumn::new_empty("key_0".into(), &DataType::String)).unwrap();
        }
        bill::Bill::of(&charges, &keys, window, (table, terms)).unwrap()
    }

    fn bill(rows: Vec<Charged>, table: &PriceTable) -> Bill<'_> {
        Bill::of(rows, (Some(moment("2026-10-01")), Some(moment("2026-11-01"))), table, PoolTerms::default()).unwrap()
    }

    #[test]
    fn equal_rows_become_one_line_and_the_order_of_rows_does_not_matter() {
        let table = PriceTable::embedded().unwrap();
        let rows = vec![egress("web", "2026-10-01", 1), zones("web", "2026-10-01", 5), egress("web", "2026-10-01", 2)];
        let turned = rows.iter().cloned().rev().collect();
        let lines = bill(rows, &table).lines;
        assert_eq!(lines.iter().map(|line| line.charged.bytes / GB_BYTES).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(format!("{lines:?}"), format!("{:?}", bill(turned, &table).lines));
        let full = Charged { bytes: u64::MAX, ..egress("web", "2026-10-01", 0) };
        assert_eq!(bill(vec![full.clone(), full], &table).lines.len(), 2, "what does not fit stays apart");
    }

    #[test]
    fn each_line_has_its_own_price_and_free_bytes_have_none() {
        let table = PriceTable::embedded().unwrap();
        let free = Charged { charge: None, reason: "same-zone".into(), ..egress("app", "2026-10-01", 7) };
        let before = Charged { previous: true, ..egress("web", "2026-10-01", 3) };
        let bill = bill(vec![egress("web", "2026-10-01", 1), zones("app", "2026-10-01", 2), free, before], &table);
        let told: Vec<_> =
            bill.lines.iter().map(|line| (line.charged.bytes / GB_BYTES, line.priced.usd.rounded())).collect();
        assert_eq!(told, [(7, 0), (2, 200_000_000), (1, 900_000_000), (3, 2_700_000_000)]);
    }

    #[test]
    fn a_period_costs_the_same_whether_or_not_another_is_beside_it() {
        let table = PriceTable::embedded().unwrap();
        let rows = vec![egress("web", "2026-10-20", 9_000)];
        let before = Charged { previous: true, ..egress("web", "2026-10-05", 9_000) };
        let cost = |rows| bill(rows, &table).current().map(|line| line.priced.usd).sum::<Money>();
        assert_eq!(cost(rows.clone()), cost([rows, vec![before]].concat()));
    }

    #[test]
    fn months_that_the_window_cuts_are_told() {
        let table = PriceTable::embedded().unwrap();
        let rows = vec![egress("web", "2026-09-30T23:00", 1), egress("web", "2026-10-31T23:00", 1)];
        let months = |window| bill_of(&rows, window, &table, PoolTerms::default()).partial_months().unwrap();
        let [september, october, november] = ["2026-09-01", "2026-10-01", "2026-11-01"].map(moment);
        assert_eq!(months((Some(september), Some(november))), [0_u32; 0]);
        assert_eq!(months((Some(september + 1), Some(november))), [september]);
        assert_eq!(months((None, None)), [september, october]);
    }
}
