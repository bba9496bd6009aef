//! Errors in tag tables, in file and line order.

use super::claims::Place;
use crate::error::{self, Error};
use crate::units::csv_table;

/// Something that is wrong with one of several tables.
pub(super) struct TagTableError {
    /// The file, by position.
    pub(super) file: usize,
    pub(super) fault: error::RowError,
}

impl TagTableError {
    /// A fault of a column that a file names.
    pub(super) fn of(place: Place, column: &str, message: impl Into<String>) -> Self {
        let fault = error::RowError::new(place.line, None, message).in_column(column.to_owned());
        Self { file: place.file, fault }
    }

    pub(super) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.fault = self.fault.hinted(hint);
        self
    }
}

/// Builds the error for files with these names and errors.
pub(super) fn refusal(names: &[&str], mut faults: Vec<TagTableError>) -> Error {
    faults.sort_by_key(|of| (of.file, of.fault.line));
    csv_table::refusal(faults.iter().map(|of| (names[of.file], &of.fault)))
}
