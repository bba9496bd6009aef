//! Rows of a report that are shown: `--having`, the grammar of filters over the report's own columns.
//!
//! Every row is tested before the list is cut; the others are summed in `(other)`, and totals stay those of all rows.
//! Numbers are compared exactly, as fractions; money in units of 10⁻¹⁰ USD. A comparison with an absent cell is false.

mod number;
mod terms;
#[cfg(test)]
mod tests;

use polars::prelude::{BooleanChunked, NewChunkedArray};

use self::number::Number;
use self::terms::Columns;
use super::{Cell, Head, Row};
use crate::error::Error;
use crate::group::filter::{Pattern, Ranges, Relation, Tree, conjuncts, together};
use crate::schema::output;
use crate::units::address;
use crate::units::human::{self, Units};
use crate::units::time::Zone;

/// A checked expression over the columns of a report's rows.
#[derive(Clone, Debug)]
pub struct Having {
    heads: Vec<Head>,
    tree: Tree<Test>,
}

/// A test of a row; columns by their positions.
#[derive(Clone, Debug)]
enum Test {
    Absent(usize),
    /// In one of these ranges, or in this relation to the first value of one.
    Number(usize, Relation, Vec<(Number, Number)>),
    Address(usize, Ranges<u128>),
    Text(usize, Pattern),
    Compare(usize, Relation, usize),
}

impl Having {
    /// Reads an expression over these columns; `now` and `zone` are for the moments in it.
    ///
    /// # Errors
    /// A usage error that shows the expression, points at the character, and suggests a correction.
    pub fn parse(text: &str, heads: Vec<Head>, now: u32, zone: Zone) -> Result<Self, Error> {
        let mut columns = Columns { heads, now, zone };
        let tree = conjuncts(text, &mut columns).map(together).map_err(|fault| fault.into_error("--having", text))?;
        Ok(Self { heads: columns.heads, tree })
    }

    /// Whether a row matches; `cell` gives its cells by position.
    pub fn holds(&self, mut cell: impl FnMut(usize) -> Cell) -> bool {
        self.tree.holds(&mut |test| match test {
            Test::Absent(place) => is_absent(&cell(*place)),
            Test::Number(place, relation, ranges) => Number::of(&cell(*place)).is_some_and(|value| {
                ranges.iter().any(|(low, high)| match relation {
                    relation if relation.is_order() => relation.holds(value.cmp(low)),
                    _ => *low <= value && value <= *high,
                })
            }),
            Test::Address(place, ranges) => match cell(*place) {
                Cell::Address(value) => ranges.holds(address::held(value)),
                _ => false,
            },
            Test::Text(place, pattern) => text(&cell(*place)).is_some_and(|text| pattern.takes(text.as_bytes())),
            Test::Compare(left, relation, right) => {
                let (left, right) = (cell(*left), cell(*right));
                match (Number::of(&left), Number::of(&right)) {
                    (Some(left), Some(right)) => relation.holds(left.cmp(&right)),
                    _ => text(&left).zip(text(&right)).is_some_and(|(left, right)| relation.holds(left.cmp(&right))),
                }
            }
        })
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.heads.iter().position(|head| head.name == name)
    }
}

/// Which rows of a list are shown, and a note on those that do not match.
#[derive(Debug)]
pub(super) struct Shown {
    is_shown: Vec<bool>,
    pub(super) note: Option<String>,
}

impl Shown {
    /// The first `most` of the rows that match; of `count` rows, whose cells are made only if there is a filter.
    ///
    /// # Errors
    /// Those of `cells`.
    pub(super) fn of(
        having: Option<&Having>,
        (count, most): (usize, Option<usize>),
        cells: impl FnOnce() -> Result<Vec<Row>, Error>,
    ) -> Result<Self, Error> {
        let most = most.unwrap_or(usize::MAX);
        let Some(having) = having else {
            return Ok(Self { is_shown: (0..count).map(|row| row < most).collect(), note: None });
        };
        let mut left_out = LeftOut { of: count as u64, ..LeftOut::default() };
        let (bytes, usd) = (having.place(output::BYTES.name), having.place(output::USD.name));
        let mut matching = 0;
        let is_shown = cells()?.into_iter().map(|row| {
            let matches = having.holds(|place| row.get(place).cloned().unwrap_or(Cell::Absent));
            if matches {
                matching += 1;
            } else {
                left_out.add(bytes.and_then(|place| row.get(place)), usd.and_then(|place| row.get(place)));
            }
            matches && matching <= most
        });
        let is_shown = is_shown.collect();
        Ok(Self { is_shown, note: left_out.note() })
    }

    /// The same as a mask of a frame's rows.
    pub(super) fn mask(&self) -> BooleanChunked {
        BooleanChunked::from_slice("is_shown".into(), &self.is_shown)
    }

    /// The rows shown, and the others.
    pub(super) fn split<T>(&self, rows: Vec<T>) -> (Vec<T>, Vec<T>) {
        let (shown, others): (Vec<_>, Vec<_>) = rows.into_iter().zip(&self.is_shown).partition(|(_, shown)| **shown);
        let row = |(row, _)| row;
        (shown.into_iter().map(row).collect(), others.into_iter().map(row).collect())
    }
}

/// Rows that do not match, and their sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// How many.
    pub(super) rows: u64,
    /// Of how many.
    pub(super) of: u64,
    /// Their bytes, if the list has any.
    pub(super) bytes: Option<u128>,
    /// Their dollars in 10⁻¹⁰ USD, if the list has any.
    pub(super) usd: Option<i128>,
}

impl LeftOut {
    fn add(&mut self, bytes: Option<&Cell>, usd: Option<&Cell>) {
        self.rows += 1;
        if let Some(Cell::Integer(bytes)) = bytes {
            self.bytes = Some(self.bytes.unwrap_or(0) + bytes);
        }
        if let Some(Cell::Amount { amount, .. }) = usd {
            self.usd = Some(self.usd.unwrap_or(0) + amount);
        }
    }

    /// Note on them, if there are any.
    pub(super) fn note(&self) -> Option<String> {
        if self.rows == 0 {
            return None;
        }
        let exact = |bytes| format!("{} ({} bytes)", human::bytes(bytes, Units::Iec), human::count(bytes));
        let usd = self.usd.map(|usd| human::usd(usd.unsigned_abs()));
        let sums: Vec<String> = self.bytes.map(exact).into_iter().chain(usd).collect();
        let with = if sums.is_empty() { String::new() } else { format!(" with {}", sums.join(" and ")) };
        let of = human::counted(self.of, "row");
        Some(format!(
            "--having matches {} of {of}; (other) includes the {} that do not match{with}",
            human::count((self.of - self.rows).into()),
            human::count(self.rows.into())
        ))
    }
}

/// Whether a cell shows nothing.
fn is_absent(cell: &Cell) -> bool {
    match cell {
        Cell::Absent => true,
        Cell::Share { whole, .. } => *whole == 0,
        Cell::Change { was, .. } => *was == 0,
        _ => false,
    }
}

/// A text, or an address as it is written.
fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.to_string()),
        Cell::Address(address) => Some(address.to_string()),
        Cell::Prefix(address, bits) => Some(format!("{address}/{bits}")),
        _ => None,
    }
}
