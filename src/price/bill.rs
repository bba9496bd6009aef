//! The bill: a frame of charges with what each line costs.
//!
//! The current and previous period are priced separately: comparing does not change a cost. Display and rounding are up
//! to the reports.

use std::sync::Arc;

use polars::prelude::{
    Column as FrameColumn, DataFrame, DataType, Expr, IntoLazy, NULL, SortMultipleOptions, col, lit, when,
};

use super::ladder::Step;
use super::pools::{PoolTerms, Priced, Tiers, Usage, price};
use super::read::written_date;
use super::table::{PriceRow, PriceTable};
use super::unruled::Uncharged;
use super::{attested, edge};
use crate::error::Error;
use crate::group::{Key, Spec};
use crate::schema::charge::{ANY, Charge};
use crate::schema::frame::{self, int, ints, moments, texts};
use crate::schema::{Column, ColumnSet, output};
use crate::units::time::{self, Window};

const DAY_SECONDS: u32 = 86_400;
/// Stands for unknown values.
pub const UNKNOWN: &str = "unknown";

/// Names of the columns of a bill's lines that are not in the schema of traffic.
pub mod line {
    /// True in the previous period.
    pub const IS_PREVIOUS: &str = "is_previous";
    /// The start of the hour or day, as the question needs it.
    pub const TIME: &str = "time";
    /// The path of bytes without a charge, which is why they are free or unpriced; null where they are charged.
    pub const REASON: &str = "reason";
    /// The place of the charge in the schema, which is the order of reports.
    pub const CHARGE_PLACE: &str = "charge_place";
    /// The cost in 10⁻¹⁴ USD / 2³⁰: [`crate::price::Money`].
    pub const COST: &str = "cost";
    /// In the steps, the line of a step.
    pub const LINE: &str = "line";
    /// In the steps, the row of the price table by index in [`super::Bill::prices`]; null for free or unpriced bytes.
    pub const PRICE: &str = "price";
}

/// Columns of charges that [`Bill::of`] needs, in addition to a report's keys.
const CHARGE_COLUMNS: [Column; 6] =
    [Column::Charge, Column::PayerAccount, Column::FromRegion, Column::ToRegion, Column::Assumed, Column::Path];

/// The aggregation for a report with these keys. Prices change by day; hourly tiers, and periods that start at any
/// time, need the hour.
#[must_use]
pub fn spec(mut keys: Vec<Key>, is_hourly: bool) -> Spec {
    let time = if is_hourly { Column::Hour } else { Column::Day };
    for column in CHARGE_COLUMNS.into_iter().chain([time]) {
        let key = Key { column, cut: None };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Spec { keys, bytes: true, ..Spec::default() }
}

/// Columns that traffic must have, in addition to the report's keys.
#[must_use]
pub fn columns() -> ColumnSet {
    ColumnSet::of(&CHARGE_COLUMNS).union(ColumnSet::of(&[Column::Bytes, Column::Start]))
}

/// Assigns hours to the current and the previous period. The two may overlap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Periods {
    /// The period requested.
    pub current: Window,
    /// The one it is compared with.
    pub previous: Option<Window>,
}

impl Periods {
    /// Hours before this time, if any, belong to the previous period.
    #[must_use]
    pub fn before(current_from: Option<u32>) -> Self {
        let previous = current_from.map(|from| Window { from: None, to: Some(from) });
        Self { current: Window { from: current_from, to: None }, previous }
    }

    /// For each period of an hour, whether it is the previous one.
    pub fn of(&self, hour: u32) -> impl Iterator<Item = bool> + use<> {
        let is_current = self.current.contains(hour);
        let is_previous = self.previous.is_some_and(|previous| previous.contains(hour));
        is_current.then_some(false).into_iter().chain(is_previous.then_some(true))
    }

    /// The charges of both periods: those of the previous one are marked, and hours in both appear twice.
    ///
    /// # Errors
    /// If the charges have neither an hour nor a day.
    pub fn mark(&self, charges: &DataFrame) -> Result<DataFrame, Error> {
        let charges = timed(charges.clone())?;
        let of = |window: &Window, is_previous: bool| {
            let marked = charges.clone().lazy().filter(inside(window));
            marked.with_column(lit(is_previous).alias(line::IS_PREVIOUS)).collect()
        };
        let mut marked = of(&self.current, false)?;
        if let Some(previous) = &self.previous {
            marked.vstack_mut(&of(previous, true)?)?;
        }
        Ok(marked)
    }
}

/// Charges with marked periods, without columns that are neither keys nor affect the price: the payer, the assumption
/// and, unless tiers are hourly, the hour.
///
/// # Errors
/// If the charges have not the columns of [`spec`].
pub fn by_price(charges: &DataFrame, keys: &[String], is_hourly: bool) -> Result<DataFrame, Error> {
    let none = [Column::PayerAccount, Column::Assumed].into_iter().map(Column::name);
    let none = none.filter(|name| !keys.iter().any(|key| key == name));
    let none: Vec<Expr> = none.map(|name| lit(NULL).cast(DataType::String).alias(name)).collect();
    let day = lit(frame::milliseconds(DAY_SECONDS));
    let moment = col(line::TIME).cast(DataType::Int64);
    let time = if is_hourly { col(line::TIME) } else { (moment.clone() - moment % day).cast(frame::moment_type()) };
    Ok(charges.clone().lazy().with_columns(none).with_column(time.alias(line::TIME)).collect()?)
}

/// Whether a line's time is in a window.
fn inside(window: &Window) -> Expr {
    let from = window.from.map(|from| col(line::TIME).gt_eq(frame::moment(from)));
    let to = window.to.map(|to| col(line::TIME).lt(frame::moment(to)));
    from.into_iter().chain(to).fold(lit(true), Expr::and)
}

/// Everything that was charged in a window, priced.
#[derive(Clone, Debug)]
pub struct Bill<'t> {
    /// The keys, [`mod@line`]'s columns, `charge`, `payer_account`, `from_region`, `to_region`, `assumed`, `bytes`, `cost` and
    /// `unpriced_bytes`. Sorted; no two lines have the same keys. Bytes without a charge are free, or unpriced where no
    /// rule covers their path: see [`Uncharged`].
    pub lines: DataFrame,
    /// The bytes of the lines tier by tier: `line`, `price`, `bytes`, `cost` (null where there is no price).
    pub steps: DataFrame,
    /// The rows of the price table that the steps name.
    pub prices: Vec<&'t PriceRow>,
    /// The current period, half-open; open sides are none.
    pub window: (Option<u32>, Option<u32>),
    /// By what it was priced.
    pub terms: PoolTerms,
    /// What is odd about the price tables: rows left out, and tables that price nothing here.
    pub warnings: Vec<String>,
}

impl<'t> Bill<'t> {
    /// Prices a frame of charges (see [`spec`]) whose periods are marked, summed by these keys.
    ///
    /// # Errors
    /// If the frame has not the columns of [`spec`].
    pub fn of(
        charges: &DataFrame,
        keys: &[String],
        window: (Option<u32>, Option<u32>),
        (table, terms): (&'t PriceTable, PoolTerms),
    ) -> Result<Self, Error> {
        let mut lines = lines(charges, keys)?;
        let usages = usages(&lines)?;
        let mut priced: Vec<Priced<'t>> = vec![Priced::default(); lines.height()];
        for is_previous in [false, true] {
            let rows: Vec<_> = usages.iter().filter(|row| row.is_previous == is_previous).collect();
            let asked: Vec<_> = rows.iter().map(|row| row.usage.clone()).enumerate().collect();
            for (row, part) in rows.iter().zip(price(&asked, table, &terms)) {
                let whole = &mut priced[row.line];
                whole.usd = whole.usd + part.usd;
                whole.unpriced_bytes += part.unpriced_bytes;
                whole.steps.extend(part.steps);
            }
        }
        let mut prices = Vec::new();
        let steps = steps(&priced, &mut prices)?;
        lines.with_column(ints(line::COST, priced.iter().map(|priced| Some(priced.usd.units()))))?;
        let unpriced = priced.iter().map(|priced| Some(i128::from(priced.unpriced_bytes)));
        lines.with_column(ints(output::UNPRICED_BYTES.name, unpriced))?;
        // A path without a rule has no charge, and is not free either.
        let [unpriced, bytes] = [output::UNPRICED_BYTES, output::BYTES].map(|output| col(output.name));
        let unpriced =
            when(Uncharged::Unpriced.is()).then(bytes).otherwise(unpriced).alias(output::UNPRICED_BYTES.name);
        let lines = lines.lazy().with_column(unpriced).collect()?;
        let unused = if usages.is_empty() { Vec::new() } else { table.unused(&prices) };
        let warnings = table.warnings.iter().cloned().chain(unused).collect();
        Ok(Self { lines, steps, prices, window, terms, warnings })
    }

    /// The lines of the period requested.
    ///
    /// # Errors
    /// If they cannot be filtered.
    pub fn current(&self) -> Result<DataFrame, Error> {
        Ok(self.lines.clone().lazy().filter(col(line::IS_PREVIOUS).not()).collect()?)
    }

    /// The steps of the period requested, each with the columns of its line.
    ///
    /// # Errors
    /// If they cannot be joined.
    pub fn current_steps(&self) -> Result<DataFrame, Error> {
        let place = self.lines.clone().lazy().drop(by_names([output::BYTES.name, line::COST]));
        let place = place.with_row_index(line::LINE, None).filter(col(line::IS_PREVIOUS).not());
        let join = polars::prelude::JoinArgs::new(polars::prelude::JoinType::Inner);
        Ok(self.steps.clone().lazy().join(place, [col(line::LINE)], [col(line::LINE)], join).collect()?)
    }

    /// The first seconds of the months that are charged and not wholly in the window.
    ///
    /// # Errors
    /// If the lines have no time.
    pub fn partial_months(&self) -> Result<Vec<u32>, Error> {
        let current = self.current()?;
        let mut months: Vec<_> = moments(&current, line::TIME)?.flatten().map(time::month_around).collect();
        months.sort_unstable();
        months.dedup();
        let (from, to) = self.window;
        let is_whole = |start: u32, end: u32| from.is_some_and(|from| from <= start) && to.is_some_and(|to| end <= to);
        Ok(months.into_iter().filter(|(start, end)| !is_whole(*start, *end)).map(|(start, _)| start).collect())
    }
}

fn by_names<const N: usize>(names: [&str; N]) -> polars::prelude::Selector {
    polars::prelude::by_name(names, true, false)
}

/// Charges with the time by which they are priced.
fn timed(mut charges: DataFrame) -> Result<DataFrame, Error> {
    let time = if charges.column(Column::Hour.name()).is_ok() { Column::Hour } else { Column::Day };
    let mut column = charges.column(time.name())?.clone();
    column.rename(line::TIME.into());
    charges.with_column(column)?;
    Ok(charges)
}

/// One line per key and price-determining columns, sorted.
fn lines(charges: &DataFrame, keys: &[String]) -> Result<DataFrame, Error> {
    let charge = Column::Charge.name();
    let path = col(Column::Path.name()).fill_null(lit(UNKNOWN));
    let reason = when(col(charge).is_null()).then(path).otherwise(lit(NULL).cast(DataType::String));
    let or = |column: Column, none: &'static str| col(column.name()).fill_null(lit(none));
    let fixed = [
        line::IS_PREVIOUS,
        line::CHARGE_PLACE,
        charge,
        line::REASON,
        Column::PayerAccount.name(),
        Column::FromRegion.name(),
        Column::ToRegion.name(),
        line::TIME,
        Column::Assumed.name(),
    ];
    let mut by: Vec<&str> = vec![fixed[0]];
    by.extend(keys.iter().map(String::as_str).filter(|key| !fixed.contains(key)));
    by.extend(&fixed[1..]);
    let by: Vec<Expr> = by.into_iter().map(col).collect();
    let options = SortMultipleOptions::default().with_maintain_order(true);
    let mut charges = charges.clone();
    charges.with_column(charge_places(&charges)?)?;
    let lines = charges.lazy().with_columns([
        reason.alias(line::REASON),
        or(Column::FromRegion, UNKNOWN),
        or(Column::ToRegion, ANY),
    ]);
    Ok(lines.group_by(by.clone()).agg([col(output::BYTES.name).sum()]).sort_by_exprs(by, options).collect()?)
}

/// The place of each line's charge in the schema.
fn charge_places(charges: &DataFrame) -> Result<FrameColumn, Error> {
    let place = |name: Option<&str>| name.and_then(Charge::of_name).map(|charge| i128::from(charge as u8));
    Ok(ints(line::CHARGE_PLACE, texts(charges, Column::Charge.name())?.map(place)))
}

/// What a line asks to be priced; bytes beyond 2⁶⁴ are requested in parts.
struct Asked {
    line: usize,
    is_previous: bool,
    usage: Usage,
}

fn usages(lines: &DataFrame) -> Result<Vec<Asked>, Error> {
    let is_previous = lines.column(line::IS_PREVIOUS)?.bool()?;
    let shared = |text: Option<&str>| Arc::<str>::from(text.unwrap_or(UNKNOWN));
    let charges = texts(lines, Column::Charge.name())?;
    let sides = texts(lines, Column::FromRegion.name())?.zip(texts(lines, Column::ToRegion.name())?);
    let sums = moments(lines, line::TIME)?.zip(int(lines, output::BYTES.name)?.iter());
    let mut asked = Vec::new();
    for (line, ((charge, (from, to)), ((time, bytes), previous))) in
        charges.zip(sides).zip(sums.zip(is_previous.iter())).enumerate()
    {
        let Some(charge) = charge.and_then(Charge::of_name) else { continue };
        let (from, to, hour) = (shared(from), shared(to), time.unwrap_or(0));
        let mut left = u128::try_from(bytes.unwrap_or(0)).unwrap_or(0);
        loop {
            let bytes = u64::try_from(left).unwrap_or(u64::MAX);
            left -= u128::from(bytes);
            let usage = Usage { hour, charge, from: Arc::clone(&from), to: Arc::clone(&to), bytes };
            asked.push(Asked { line, is_previous: previous.unwrap_or(false), usage });
            if left == 0 {
                break;
            }
        }
    }
    Ok(asked)
}

/// The steps of all lines; `prices` gets the rows of the price table that they name.
fn steps<'t>(priced: &[Priced<'t>], prices: &mut Vec<&'t PriceRow>) -> Result<DataFrame, Error> {
    let all =
        || priced.iter().zip(0_u32..).flat_map(|(priced, line)| priced.steps.iter().map(move |step| (line, step)));
    let mut known: std::collections::HashMap<*const PriceRow, u32> = std::collections::HashMap::new();
    let mut of = |step: &Step<'t>| {
        let row = step.row?;
        let next = u32::try_from(prices.len()).unwrap_or(u32::MAX);
        Some(*known.entry(std::ptr::from_ref(row)).or_insert_with(|| {
            prices.push(row);
            next
        }))
    };
    let rows: Vec<Option<u32>> = all().map(|(_, step)| of(step)).collect();
    let columns = vec![
        frame::codes(line::LINE, all().map(|(line, _)| Some(line))),
        frame::codes(line::PRICE, rows.into_iter()),
        ints(output::BYTES.name, all().map(|(_, step)| Some(step.bytes.into()))),
        ints(line::COST, all().map(|(_, step)| step.usd.map(super::Money::units))),
    ];
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Notes on how the bill was computed.
///
/// # Errors
/// If the lines have no time.
pub fn notes(bill: &Bill) -> Result<Vec<String>, Error> {
    let mut notes = Vec::new();
    if bill.terms.tiers == Tiers::Marginal {
        notes.push(
            "tiers are applied hour by hour: late traffic in a month pays the rates of the tiers it reaches".to_owned(),
        );
    }
    notes.extend(bill.terms.discounts.iter().map(|(charge, off)| format!("{}: {off} off the price", charge.name())));
    notes.extend(attested::notes(bill)?);
    notes.extend(edge::notes(bill)?);
    let months: Vec<_> = bill.partial_months()?.into_iter().map(|month| written_date(month)[..7].to_owned()).collect();
    if !months.is_empty() {
        let months = months.join(", ");
        notes.push(format!(
            "{months}: only traffic in the window is priced; tiers start at zero, or at --billing-month-usage"
        ));
    }
    Ok(notes)
}

#[cfg(test)]
pub(crate) mod tests;
