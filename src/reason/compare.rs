//! Two periods compared: what each key costs in both, and what the change is made of.
//!
//! The parts of a change add up to it in every line, in ten decimals and in displayed cents, and every column adds up
//! to its total. Nothing is scaled: periods of different lengths are compared as they are.

mod attribution;
pub mod leaves;
mod moved;
mod parts;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, NULL, SortMultipleOptions, col, lit, when};

use self::leaves::{Leaves, Route};
use self::parts::{Parts, RouteSums, shown_parts};
use crate::error::Error;
use crate::price::bill::{Bill, line};
use crate::price::{Money, Uncharged, cent_parts, named_charge, rounded_parts};
use crate::schema::charge::Charge;
use crate::schema::frame::{int, ints, texts, words};
use crate::schema::{Column, output};
use crate::units::human::CENT;

pub use attribution::{Description, Due, What};
pub use parts::{Side, signed};

/// In a frame of lines: the row that a line is, if it is all that is free or all that no rule covers; the charge, or
/// why there is none.
const UNCHARGED: &str = "uncharged";
pub(crate) const CHARGE_NAME: &str = "charge_name";
/// What changed prices do to a route, and what bytes do that moved.
const PRICE: &str = "price";
const MOVED: &str = "moved";
/// Bytes, unpriced bytes and cost of the previous period and of the one requested.
const SIDES: [[&str; 3]; 2] = [
    ["previous_bytes", "previous_unpriced_bytes", "previous_cost"],
    [output::BYTES.name, output::UNPRICED_BYTES.name, line::COST],
];

/// What changed between two periods.
#[derive(Debug)]
pub struct Comparison {
    /// The keys of the lines, and last their charge or why they have none: null of all that is free together, and of
    /// all that no rule covers.
    pub keys: DataFrame,
    /// By key, the last ones for all free traffic and for all that no rule covers, if these have one row each.
    pub lines: Vec<Line>,
    /// Causes of the change: of increases, then of decreases.
    pub due: Vec<Due>,
}

impl Comparison {
    /// Compares the periods of a bill by these keys, which identify the rows of the leaves. With `by_charge` each
    /// charge has its own line; with `free` traffic without a charge has lines by key and path, else a line for what is
    /// free and one for what no rule covers.
    ///
    /// # Errors
    /// If the bill has not these keys.
    pub fn of(leaves: &Leaves, bill: &Bill, keys: &[String], by_charge: bool, free: bool) -> Result<Self, Error> {
        let (frame, routes) = routes(leaves, bill, keys)?;
        let (keys, lines) = lines(frame, keys, by_charge, free)?;
        Ok(Self { keys, lines, due: attribution::due(leaves, &routes) })
    }
}

/// Bytes of a key and route in both periods, by the numbers of row and route.
type RowRoutes = BTreeMap<(u32, u32), RouteSums>;

/// Totals by key and route: as a frame of [`SIDES`], [`PRICE`] and [`MOVED`], and by the leaves' numbers.
fn routes(leaves: &Leaves, bill: &Bill, keys: &[String]) -> Result<(DataFrame, RowRoutes), Error> {
    let mut by: Vec<&str> = keys.iter().map(String::as_str).collect();
    let route =
        [line::CHARGE_PLACE, Column::Charge.name(), line::REASON, Column::FromRegion.name(), Column::ToRegion.name()];
    by.extend(route.into_iter().filter(|name| !keys.iter().any(|key| key == name)));
    let sum = |side: usize, place: usize| {
        let is_previous = col(line::IS_PREVIOUS);
        let of_side = if side == 0 { is_previous } else { is_previous.not() };
        col(SIDES[1][place]).filter(of_side).sum().alias(SIDES[side][place])
    };
    let sums: Vec<Expr> = [0, 1].into_iter().flat_map(|side| (0..3).map(move |place| sum(side, place))).collect();
    let by: Vec<Expr> = by.into_iter().map(col).collect();
    let mut frame = bill.lines.clone().lazy().group_by(by).agg(sums).collect()?;
    let sides = [sides(&frame, 0)?, sides(&frame, 1)?];
    let moved = moved::moved(leaves);
    let (mut sums, mut of_row) = (RowRoutes::new(), Vec::with_capacity(frame.height()));
    for (row, key) in numbers(&frame, leaves, keys)?.into_iter().enumerate() {
        let sides = [0, 1].map(|side: usize| {
            let (side, cost) = sides[side][row];
            Side { usd: cost.rounded(), ..side }
        });
        let moved = key.and_then(|key| moved.get(&key)).copied().unwrap_or(0);
        let route = RouteSums { sides, moved };
        of_row.push(route);
        sums.extend(key.map(|key| (key, route)));
    }
    frame.with_column(ints(PRICE, of_row.iter().map(|route| Some(route.price()))))?;
    frame.with_column(ints(MOVED, of_row.iter().map(|route| Some(route.path()))))?;
    Ok((frame, sums))
}

/// The leaves' numbers of row and route of each row of a frame.
fn numbers(frame: &DataFrame, leaves: &Leaves, keys: &[String]) -> Result<Vec<Option<(u32, u32)>>, Error> {
    let rows: HashMap<&[Arc<str>], u32> = leaves.rows.iter().map(Vec::as_slice).zip(0..).collect();
    let routes: HashMap<&Route, u32> = leaves.routes.iter().zip(0..).collect();
    let key_words = keys.iter().map(|key| words(frame, key)).collect::<Result<Vec<_>, Error>>()?;
    let shared = |text: Option<&str>| Arc::<str>::from(text.unwrap_or_default());
    let column = |name: &str| Ok::<_, Error>(texts(frame, name)?.map(shared).collect::<Vec<_>>());
    let (charge, reason) = (column(Column::Charge.name())?, column(line::REASON)?);
    let (from, to) = (column(Column::FromRegion.name())?, column(Column::ToRegion.name())?);
    let of = |row: usize| {
        let key: Vec<Arc<str>> = key_words.iter().map(|words| Arc::clone(&words[row])).collect();
        let [reason, from, to] = [&reason, &from, &to].map(|texts| Arc::clone(&texts[row]));
        let route = Route { charge: Charge::of_name(&charge[row]), reason, from, to };
        Some((*rows.get(&key[..])?, *routes.get(&route)?))
    };
    Ok((0..frame.height()).map(of).collect())
}

/// A side of each row of a frame of [`SIDES`], and what it costs.
fn sides(frame: &DataFrame, side: usize) -> Result<Vec<(Side, Money)>, Error> {
    let [bytes, unpriced, cost] = SIDES[side].map(|name| int(frame, name));
    let count = |value: Option<i128>| u128::try_from(value.unwrap_or(0)).unwrap_or(0);
    let sums = bytes?.iter().zip(unpriced?.iter()).zip(cost?.iter());
    let one = |((bytes, unpriced), cost): ((Option<i128>, Option<i128>), Option<i128>)| {
        (Side { bytes: count(bytes), unpriced: count(unpriced), usd: 0 }, Money::of_units(cost.unwrap_or(0)))
    };
    Ok(sums.map(one).collect())
}

/// An amount, in 10⁻¹⁰ USD and in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// In 10⁻¹⁰ USD.
    pub exact: i128,
    /// The displayed amount, in cents.
    pub cents: i128,
}

impl Amount {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.exact += other.exact;
        self.cents += other.cents;
    }
}

/// A row of the comparison.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Whether it is all that is free, or all that no rule covers.
    pub uncharged: Option<Uncharged>,
    /// What there was and is; of their dollars the columns add up.
    pub sides: [Side; 2],
    /// Before and now.
    pub usd: [Amount; 2],
    /// New, gone, volume, price, path.
    pub parts: [Amount; 5],
}

impl Line {
    /// By how much its dollars changed.
    #[must_use]
    pub fn change(&self) -> Amount {
        let [before, now] = self.usd;
        Amount { exact: now.exact - before.exact, cents: now.cents - before.cents }
    }

    fn add(&mut self, other: &Self) {
        self.sides.iter_mut().zip(&other.sides).for_each(|(mine, theirs)| mine.add(theirs));
        self.usd.iter_mut().zip(other.usd).for_each(|(mine, theirs)| mine.add(theirs));
        self.parts.iter_mut().zip(other.parts).for_each(|(mine, theirs)| mine.add(theirs));
    }

    /// Lines together, without keys.
    #[must_use]
    pub fn sum<'l>(lines: impl Iterator<Item = &'l Self>) -> Self {
        lines.fold(Self::default(), |mut sum, line| {
            sum.add(line);
            sum
        })
    }

    /// What became of it: by dollars, and by bytes where these are the same. Where the two go apart, the word is of the
    /// price: nothing "grew" by a negative number of bytes.
    #[must_use]
    pub fn status(&self) -> &'static str {
        let [before, now] = &self.sides;
        let rose = (self.usd[1].exact, now.bytes).cmp(&(self.usd[0].exact, before.bytes));
        match (before.bytes, now.bytes, rose) {
            (0, 1.., _) => "new",
            (1.., 0, _) => "gone",
            (was, is, std::cmp::Ordering::Greater) if is < was => "costlier",
            (was, is, std::cmp::Ordering::Less) if is > was => "cheaper",
            (_, _, std::cmp::Ordering::Greater) => "grew",
            (_, _, std::cmp::Ordering::Less) => "shrank",
            _ => "same",
        }
    }
}

/// Every line with its keys, sorted by these, the last ones for all traffic without a charge, if that has rows of its
/// own.
fn lines(routes: DataFrame, keys: &[String], by_charge: bool, free: bool) -> Result<(DataFrame, Vec<Line>), Error> {
    let none = || lit(NULL);
    let uncharged = if free { none().cast(DataType::String) } else { Uncharged::rows() };
    let name = if by_charge { named_charge() } else { none().cast(DataType::String) };
    let mut of_line = vec![uncharged.alias(UNCHARGED), name.alias(CHARGE_NAME)];
    let places: Vec<String> = (0..keys.len()).map(|place| format!("key_{place}")).collect();
    of_line.extend(keys.iter().zip(&places).map(|(key, place)| col(key.as_str()).alias(place.as_str())));
    let blank = |name: &str| when(col(UNCHARGED).is_not_null()).then(none()).otherwise(col(name)).alias(name);
    let blanks: Vec<Expr> = places.iter().map(String::as_str).chain([CHARGE_NAME]).map(blank).collect();
    let by: Vec<Expr> =
        [UNCHARGED].into_iter().chain(places.iter().map(String::as_str)).chain([CHARGE_NAME]).map(col).collect();
    let sums: Vec<Expr> = SIDES.into_iter().flatten().chain([PRICE, MOVED]).map(|name| col(name).sum()).collect();
    let lines = routes.lazy().with_columns(of_line).with_columns(blanks).group_by(by.clone()).agg(sums);
    let lines = lines.sort_by_exprs(by, SortMultipleOptions::default()).collect()?;
    let sides = [sides(&lines, 0)?, sides(&lines, 1)?];
    let exact = [0, 1].map(|side: usize| rounded_parts(&sides[side].iter().map(|(_, usd)| *usd).collect::<Vec<_>>()));
    let cents = [0, 1].map(|side: usize| cent_parts(&exact[side]));
    let names: Vec<Option<&str>> = texts(&lines, UNCHARGED)?.collect();
    let uncharged = |row: usize| Uncharged::ALL.into_iter().find(|one| names[row] == Some(one.row()));
    let (price, path) = (int(&lines, PRICE)?, int(&lines, MOVED)?);
    let line = |row: usize| {
        let usd = [0, 1].map(|side: usize| (exact[side][row], cents[side][row]));
        let sides = [0, 1].map(|side: usize| Side { usd: exact[side][row], ..sides[side][row].0 });
        let by = |sums: &polars::prelude::Int128Chunked| sums.get(row).unwrap_or(0);
        Line { uncharged: uncharged(row), ..Line::of(sides, usd, by(price), by(path)) }
    };
    let all = (0..lines.height()).map(line).collect();
    let keys = keys.iter().zip(&places).map(|(key, place)| col(place.as_str()).alias(key.as_str()));
    let keys: Vec<Expr> = keys.chain([col(CHARGE_NAME)]).collect();
    Ok((lines.lazy().select(keys).collect()?, all))
}

impl Line {
    /// Both sides, their cost in 10⁻¹⁰ USD and in cents, the price effect and the path effect.
    fn of(sides: [Side; 2], usd: [(u128, u128); 2], price: i128, path: i128) -> Self {
        let usd = usd.map(|(exact, cents)| Amount { exact: signed(exact), cents: signed(cents) });
        let parts = Parts::of(&sides, price, path).in_order();
        let cents = shown_parts(parts, signed(CENT), usd[1].cents - usd[0].cents);
        let mut amounts = [Amount::default(); 5];
        for ((amount, exact), cents) in amounts.iter_mut().zip(parts).zip(cents) {
            *amount = Amount { exact, cents };
        }
        Self { sides, usd, parts: amounts, uncharged: None }
    }
}
