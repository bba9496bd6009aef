//! The frame that a query gave → a table of a report.
//!
//! Numbers stay exact: whole ones and dollars are read as integers, a floating-point number as the shortest decimal that
//! reads back as it, with at most [`FRACTION_DIGITS_MAX`] digits after the point.

use polars::prelude::{Column as FrameColumn, DataFrame, DataType, TimeUnit, TimeZone};

use super::super::{Cell, Head, Row, Table};
use crate::error::Error;
use crate::schema::output::CellKind;
use crate::units::human::{CENT, USD_DECIMALS};

/// The most digits after the point of a floating-point number; Parquet holds as many.
const FRACTION_DIGITS_MAX: usize = 18;
const MILLISECONDS: i64 = 1000;
const DAY_SECONDS: u32 = 86_400;

/// The table of a frame, and what must be known to read it right. `like` gives the kind of the column that a result is
/// like.
///
/// # Errors
/// If a column holds lists or bytes, or a moment that no report can hold.
pub(super) fn table(
    frame: &DataFrame,
    like: impl Fn(usize, &str) -> Option<CellKind>,
) -> Result<(Table, Vec<String>), Error> {
    let mut table = Table { name: "result".to_owned(), title: "Result".to_owned(), ..Table::default() };
    table.rows = vec![Row::with_capacity(frame.width()); frame.height()];
    let mut notes = Vec::new();
    for (place, column) in frame.columns().iter().enumerate() {
        let name = column.name().to_string();
        let like = like(place, &name);
        let mut lost = 0_usize;
        let cells = cells(column, &mut lost)?;
        // What is computed of days need not be one.
        let is_midnight = |cell: &Cell| !matches!(cell, Cell::Time(seconds) if seconds % DAY_SECONDS != 0);
        let kind = match kind(column.dtype(), like) {
            CellKind::Time if like == Some(CellKind::Date) && cells.iter().all(is_midnight) => CellKind::Date,
            kind => kind,
        };
        table.rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
        if lost > 0 {
            notes.push(format!("{name}: {lost} values are null (division by zero)"));
        }
        table.columns.push(Head { name, kind });
    }
    Ok((table, notes))
}

/// Display of a column: by its type, and integers like their source column.
fn kind(data_type: &DataType, like: Option<CellKind>) -> CellKind {
    match data_type {
        whole if whole.is_integer() => match like {
            Some(kind @ (CellKind::Bytes | CellKind::Integer)) => kind,
            _ => CellKind::Count,
        },
        DataType::Decimal(..) => CellKind::Usd,
        DataType::Float32 | DataType::Float64 | DataType::Duration(_) => CellKind::Decimal,
        DataType::Datetime(..) => CellKind::Time,
        _ => CellKind::Text,
    }
}

/// The cells of a column; `lost` counts values that are not numbers.
fn cells(column: &FrameColumn, lost: &mut usize) -> Result<Vec<Cell>, Error> {
    let or_absent = |cell: Option<Cell>| cell.unwrap_or(Cell::Absent);
    Ok(match column.dtype() {
        whole if whole.is_integer() => {
            let whole = column.strict_cast(&DataType::Int128)?;
            whole.i128()?.iter().map(|number| or_absent(number.map(integer))).collect()
        }
        DataType::Decimal(_, scale) => {
            let scale = u32::try_from(*scale).unwrap_or(u32::MAX);
            let amounts = column.decimal()?.physical();
            amounts
                .iter()
                .map(|amount| amount.map_or(Ok(Cell::Absent), |amount| money(amount, scale)))
                .collect::<Result<_, _>>()?
        }
        DataType::Float32 | DataType::Float64 => {
            let floats = column.strict_cast(&DataType::Float64)?;
            let mut cell = |float: f64| {
                let cell = decimal(float);
                *lost += usize::from(cell.is_none());
                or_absent(cell)
            };
            floats.f64()?.iter().map(|float| float.map_or(Cell::Absent, &mut cell)).collect()
        }
        DataType::Duration(_) => {
            let durations = column.strict_cast(&DataType::Duration(TimeUnit::Milliseconds))?;
            let cell = |milliseconds: i64| Cell::Signed {
                units: milliseconds.into(),
                per: MILLISECONDS.unsigned_abs().into(),
            };
            durations.duration()?.physical().iter().map(|duration| or_absent(duration.map(cell))).collect()
        }
        DataType::Datetime(_, zone) => {
            let moment_type = DataType::Datetime(TimeUnit::Milliseconds, zone.clone());
            let moments = column.strict_cast(&moment_type)?;
            let is_utc = zone.as_ref().is_none_or(|zone| *zone == TimeZone::UTC);
            let cell = |moment: i64| moment_cell(moment).filter(|_| is_utc).ok_or_else(|| unfit(column));
            moments
                .datetime()?
                .physical()
                .iter()
                .map(|moment| moment.map_or(Ok(Cell::Absent), cell))
                .collect::<Result<_, _>>()?
        }
        DataType::List(_) | DataType::Array(..) | DataType::Struct(_) | DataType::Binary => return Err(unfit(column)),
        DataType::Null => vec![Cell::Absent; column.len()],
        _ => {
            let texts = column.strict_cast(&DataType::String)?;
            texts.str()?.iter().map(|text| or_absent(text.map(Cell::from))).collect()
        }
    })
}

fn moment_cell(milliseconds: i64) -> Option<Cell> {
    u32::try_from(milliseconds.div_euclid(MILLISECONDS)).ok().map(Cell::Time)
}

fn unfit(column: &FrameColumn) -> Error {
    let error = Error::usage(format!("{}: {} cannot be shown in a table", column.name(), column.dtype()));
    match column.dtype() {
        DataType::List(_) => error.hint("use string_agg or unnest"),
        DataType::Datetime(..) => error.hint("times are from 1970 to 2106, UTC"),
        _ => error,
    }
}

fn integer(number: i128) -> Cell {
    u128::try_from(number).map_or(Cell::Signed { units: number, per: 1 }, Cell::Integer)
}

/// Dollars; each amount in cents by itself, as the amounts of a query need not be parts of one whole.
fn money(amount: i128, scale: u32) -> Result<Cell, Error> {
    let too_large = || Error::failed("an amount has too many digits");
    let amount = match USD_DECIMALS.checked_sub(scale) {
        Some(places) => 10_i128.checked_pow(places).and_then(|unit| amount.checked_mul(unit)).ok_or_else(too_large)?,
        None => return Ok(Cell::Signed { units: amount, per: 10_u128.checked_pow(scale).ok_or_else(too_large)? }),
    };
    let cents = (amount.unsigned_abs() + CENT / 2) / CENT;
    let cents = i128::try_from(cents).map_err(|_| too_large())? * amount.signum();
    Ok(Cell::Amount { amount, cents })
}

/// A floating-point number as a decimal; none if not finite, or too large.
fn decimal(float: f64) -> Option<Cell> {
    let shortest = float.is_finite().then(|| float.to_string())?;
    let places = shortest.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let text = if places > FRACTION_DIGITS_MAX { format!("{float:.FRACTION_DIGITS_MAX$}") } else { shortest };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let units = format!("{whole}{fraction}").parse().ok()?;
    let per = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    Some(Cell::Signed { units, per })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_point_numbers_become_the_decimals_that_they_are_read_as() {
        let cell = |units, per| Some(Cell::Signed { units, per });
        assert_eq!(decimal(0.1), cell(1, 10));
        assert_eq!(decimal(-12.5), cell(-125, 10));
        assert_eq!(decimal(3e20), cell(300_000_000_000_000_000_000, 1));
        assert_eq!(decimal(1e-20), cell(0, 1), "beyond the digits that are shown");
        assert_eq!(decimal(1.0 / 3.0), cell(3_333_333_333_333_333, 10_000_000_000_000_000));
        assert_eq!([f64::NAN, f64::INFINITY, 1e300].map(decimal), [None, None, None]);
    }

    #[test]
    fn dollars_keep_their_digits_and_are_rounded_to_cents_one_by_one() {
        assert_eq!(money(-12_345_678_901, 10).unwrap(), Cell::Amount { amount: -12_345_678_901, cents: -123 });
        assert_eq!(money(5, 2).unwrap(), Cell::Amount { amount: 500_000_000, cents: 5 });
        assert_eq!(money(5, 12).unwrap(), Cell::Signed { units: 5, per: 1_000_000_000_000 });
        assert!(money(i128::MAX, 2).is_err());
    }
}
