//! Pivot table: one key as rows, another as columns; bytes, records, packets or dollars in each cell.
//!
//! Data formats get one row per cell, so that their columns never depend on the data; display formats get the matrix.

use polars::prelude::{DataFrame, Expr, IntoLazy, SortMultipleOptions, col};

use super::amounts::{self, exact_amounts, plain};
use super::cost::add_unpriced;
use super::having::{Having, Shown};
use super::label::{self, Label};
use super::matrix::{Axes, OTHER, Place};
use super::question::{Frames, Need, Question, key_columns};
use super::{Cell, Head, Report, Row, Table};
use crate::error::Error;
use crate::group::{Key, Spec};
use crate::join::{Kept, Wanted};
use crate::price::bill::{self, Bill, Periods, line};
use crate::price::{Money, PoolTerms, PriceTable, Tiers, rounded_parts};
use crate::schema::frame::int;
use crate::schema::output::{self, CellKind, Output};
use crate::schema::{Column, ColumnSet};

/// The aggregated frame.
const SUMS: &str = "sums";

/// Measure in the cells.
#[derive(Debug)]
pub enum PivotMeasure {
    /// A sum of traffic: bytes, packets or flows.
    Traffic(Output),
    /// Dollars, at these prices.
    Usd(Box<(PriceTable, PoolTerms)>),
}

/// A pivot.
#[derive(Debug)]
pub struct PivotQuestion {
    /// The key down, and the one across.
    pub keys: [Key; 2],
    /// Their columns.
    pub heads: [Head; 2],
    /// What is summed.
    pub measure: PivotMeasure,
    /// The window, half-open; unbounded sides are none.
    pub window: (Option<u32>, Option<u32>),
    /// Which cells are shown; all where there is none.
    pub having: Option<Having>,
    /// Whether the format is for display.
    pub is_square: bool,
}

/// The columns of a row for each cell.
#[must_use]
pub fn heads([row, column]: &[Head; 2], measure: &PivotMeasure) -> Vec<Head> {
    vec![row.clone(), column.clone(), measure.output().into()]
}

impl PivotMeasure {
    fn output(&self) -> Output {
        match self {
            Self::Traffic(measure) => *measure,
            Self::Usd(_) => output::USD,
        }
    }
}

impl Question for PivotQuestion {
    type Answer = Report;

    fn plan(&self) -> Vec<Need> {
        match &self.measure {
            PivotMeasure::Usd(pricing) => vec![Need::charges(SUMS, &self.keys, pricing.1.tiers == Tiers::Marginal)],
            PivotMeasure::Traffic(measure) => {
                let sums = ColumnSet::of(&[Column::Bytes, Column::Packets, Column::RecordCount, Column::Start]);
                let columns = key_columns(&self.keys).union(sums);
                let wanted = Wanted {
                    columns,
                    traffic: true,
                    charges: false,
                    rejected: false,
                    kept: Kept::default(),
                    unfiltered: false,
                };
                let keys = self.keys.to_vec();
                let (bytes, packets) = (*measure == output::BYTES, *measure == output::PACKETS);
                let spec = Spec { keys, bytes, packets, ..Spec::default() };
                vec![Need { name: SUMS, wanted, spec }]
            }
        }
    }

    fn answer(self, mut frames: Frames) -> Result<Report, Error> {
        let names = [self.keys[0].name(), self.keys[1].name()];
        let sums = frames.take(SUMS)?;
        let mut report = Report { name: "pivot".to_owned(), ..Report::default() };
        report.meta.window = self.window;
        let (frame, measure) = match &self.measure {
            PivotMeasure::Traffic(measure) => (summed(&sums, &names, measure.name)?, *measure),
            PivotMeasure::Usd(pricing) => {
                let charges = Periods::default().mark(&sums)?;
                let bill = Bill::of(&charges, &names, self.window, (&pricing.0, pricing.1.clone()))?;
                report.meta.notes = bill::notes(&bill)?;
                report.meta.warnings.clone_from(&bill.warnings);
                add_unpriced(&mut report, &bill, &bill.current()?)?;
                (summed(&bill.lines, &names, line::COST)?, output::USD)
            }
        };
        let (rows, columns) = (labels(&frame, &names[0])?, labels(&frame, &names[1])?);
        let values = values(&frame, measure)?;
        let places: Vec<Place<'_>> =
            rows.iter().zip(&columns).zip(values).map(|((row, column), value)| (row, column, value)).collect();
        let (cells, total) = cells(&places, measure);
        let row = |((row, column, _), cell): (&Place<'_>, &Cell)| vec![row.cell(), column.cell(), cell.clone()];
        let rows: Vec<Row> = places.iter().zip(&cells).map(row).collect();
        let shown = Shown::of(self.having.as_ref(), (places.len(), None), || Ok(rows.clone()))?;
        report.meta.notes.extend(shown.note.clone());
        let table = if self.is_square {
            self.square(places, &shown, measure)
        } else {
            self.list(rows, &shown, (measure, total))
        };
        report.tables.insert(0, table);
        Ok(report)
    }
}

impl PivotQuestion {
    fn title(&self, measure: Output) -> String {
        format!("{} by {} and {}", measure.name, self.heads[0].name, self.heads[1].name)
    }

    /// A row for each cell; those not shown are one.
    fn list(&self, rows: Vec<Row>, shown: &Shown, (measure, total): (Output, Cell)) -> Table {
        let (rows, others) = shown.split(rows);
        let mut table = plain("pivot", &self.title(measure));
        table.columns = heads(&self.heads, &self.measure);
        table.rows = rows;
        if !others.is_empty() {
            let sum = amounts::sum(others.iter().flat_map(|row| row.last()));
            table.rows.push(vec![OTHER.into(), OTHER.into(), sum]);
        }
        table.total = Some(vec![Cell::Absent, Cell::Absent, total]);
        table
    }

    /// Rows × columns; the cells not shown are in the row and the column of the rest.
    fn square(&self, places: Vec<Place<'_>>, shown: &Shown, measure: Output) -> Table {
        let (places, others) = shown.split(places);
        let rest = others.iter().map(|place| place.2).sum();
        let (title, row_head) = (self.title(measure), self.heads[0].clone());
        Axes::apart(&places).table(("pivot", &title), row_head, measure.kind, &places, rest)
    }
}

/// The cell of each place, and their sum.
fn cells(places: &[Place<'_>], measure: Output) -> (Vec<Cell>, Cell) {
    let exact: Vec<u128> = places.iter().map(|place| place.2).collect();
    match measure.kind {
        CellKind::Usd => exact_amounts(&exact),
        _ => (exact.iter().map(|value| (*value).into()).collect(), exact.iter().sum::<u128>().into()),
    }
}

/// A measure by two keys, the greatest first.
fn summed(frame: &DataFrame, names: &[String; 2], measure: &str) -> Result<DataFrame, Error> {
    let mut by: Vec<Expr> = names.iter().map(col).collect();
    by.dedup();
    let order = std::iter::once(col(measure)).chain(by.iter().cloned()).collect::<Vec<_>>();
    let descending = (0..order.len()).map(|place| place == 0).collect::<Vec<_>>();
    let options = SortMultipleOptions::default().with_order_descending_multi(descending);
    Ok(frame.clone().lazy().group_by(by).agg([col(measure).sum()]).sort_by_exprs(order, options).collect()?)
}

fn labels(frame: &DataFrame, name: &str) -> Result<Vec<Label>, Error> {
    Ok(label::bytes(frame, name, |_| true)?.iter().map(|bytes| Label::of(bytes.as_deref())).collect())
}

/// The sums of a frame of [`summed`]; dollars in 10⁻¹⁰ USD, rounded so that they add up.
fn values(frame: &DataFrame, measure: Output) -> Result<Vec<u128>, Error> {
    if measure != output::USD {
        let values = int(frame, measure.name)?.iter();
        return Ok(values.map(|value| u128::try_from(value.unwrap_or(0)).unwrap_or(0)).collect());
    }
    let cost = int(frame, line::COST)?.iter().map(|cost| Money::of_units(cost.unwrap_or(0)));
    Ok(rounded_parts(&cost.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoColumn, NewChunkedArray, StringChunked};

    use super::*;
    use crate::schema::frame::ints;

    fn question(is_square: bool) -> PivotQuestion {
        let keys = [Column::SrcRegion, Column::Path].map(|column| Key { column, cut: None });
        let heads = [Column::SrcRegion, Column::Path].map(Head::from);
        let measure = PivotMeasure::Traffic(output::BYTES);
        PivotQuestion { keys, heads, measure, window: (None, None), having: None, is_square }
    }

    fn answered(is_square: bool) -> Table {
        let text = |name: &str, values: [Option<&str>; 3]| {
            StringChunked::from_iter_options(name.into(), values.into_iter()).into_column()
        };
        let columns = vec![
            text("src_region", [Some("us-east-1"), Some("us-east-1"), None]),
            text("path", [Some("internet"), Some("same-zone"), Some("internet")]),
            ints("bytes", [5, 7, 9].into_iter().map(Some)),
        ];
        let mut frames = Frames::default();
        frames.add(SUMS, DataFrame::new_infer_height(columns).unwrap());
        question(is_square).answer(frames).unwrap().tables.remove(0)
    }

    #[test]
    fn people_get_the_square_and_programs_a_row_for_each_cell() {
        let square = answered(true);
        let names: Vec<_> = square.columns.iter().map(|head| head.name.as_str()).collect();
        assert_eq!(names, ["src_region", "internet", "same-zone", "(total)"]);
        let number = |number: u64| Cell::from(number);
        assert_eq!(square.rows[0], ["us-east-1".into(), number(5), number(7), number(12)]);
        assert_eq!(square.rows[1], [Cell::Absent, number(9), Cell::Absent, number(9)]);
        assert_eq!(square.total, Some(vec![Cell::Absent, number(14), number(7), number(21)]));
        let long = answered(false);
        assert_eq!(long.rows[0], [Cell::Absent, "internet".into(), number(9)]);
        assert_eq!((long.rows.len(), long.total.unwrap()[2].clone()), (3, number(21)));
    }
}
