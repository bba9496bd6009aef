//! Columns of a frame → cells of a table.

use polars::prelude::{DataFrame, DataType, Expr, JoinArgs, JoinType, LazyFrame, lit};

use super::Cell;
use crate::error::Error;
use crate::schema::frame::{address, int, moments, texts};

/// The cells of a column: texts, addresses, moments, whole numbers.
///
/// # Errors
/// If there is no such column, or it holds something else.
pub(super) fn cells(frame: &DataFrame, name: &str) -> Result<Vec<Cell>, Error> {
    let or_absent = |cell: Option<Cell>| cell.unwrap_or(Cell::Absent);
    Ok(match frame.column(name)?.dtype() {
        DataType::String => texts(frame, name)?.map(|text| or_absent(text.map(Cell::from))).collect(),
        DataType::Binary => {
            let bytes = frame.column(name)?.binary()?;
            let cell = |bytes: &[u8]| {
                address(bytes).map(|(ip, bits)| bits.map_or(Cell::Address(ip), |bits| Cell::Prefix(ip, bits)))
            };
            bytes.iter().map(|bytes| or_absent(bytes.and_then(cell))).collect()
        }
        DataType::Datetime(..) => moments(frame, name)?.map(|moment| or_absent(moment.map(Cell::Time))).collect(),
        _ => {
            let whole = |number: i128| u128::try_from(number).ok().map(Cell::Integer);
            int(frame, name)?.iter().map(|number| or_absent(number.and_then(whole))).collect()
        }
    })
}

/// The rows of some columns, in the order of the names.
///
/// # Errors
/// As [`cells`].
pub(super) fn rows<'n>(frame: &DataFrame, names: impl IntoIterator<Item = &'n str>) -> Result<Vec<Vec<Cell>>, Error> {
    let mut rows = vec![Vec::new(); frame.height()];
    for name in names {
        rows.iter_mut().zip(cells(frame, name)?).for_each(|(row, cell)| row.push(cell));
    }
    Ok(rows)
}

/// Each row of a frame with the columns of the row of another one that has the same keys; null keys are equal.
pub(super) fn left_join(rows: LazyFrame, others: LazyFrame, keys: impl IntoIterator<Item = Expr>) -> LazyFrame {
    // Polars cannot join by one `Int128` column alone.
    let by: Vec<Expr> = keys.into_iter().chain([lit(0_u32)]).collect();
    let mut join = JoinArgs::new(JoinType::Left);
    join.nulls_equal = true;
    rows.join(others, by.clone(), by, join)
}
