//! What is wrong with tag tables, told together.

use std::sync::Arc;

use super::claims::Place;
use crate::error::Error;

/// How many faults one error tells; of more it says how many there are.
pub const FAULTS_TOLD_MAX: usize = 10;

/// Something that is wrong with a table.
pub(super) struct Fault {
    pub(super) place: Place,
    column: Option<Arc<str>>,
    message: String,
    hint: Option<String>,
}

impl Fault {
    pub(super) fn of(place: Place, column: Option<&str>, message: impl Into<String>) -> Self {
        Self { place, column: column.map(Arc::from), message: message.into(), hint: None }
    }

    pub(super) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The error that files with these names and faults, at least one of them, are refused with.
pub(super) fn refusal(names: &[&str], mut faults: Vec<Fault>) -> Error {
    faults.sort_by_key(|fault| fault.place);
    let told = |fault: &Fault| {
        let column = fault.column.iter().map(|column| format!(", {column}")).collect::<String>();
        format!("{}, line {}{column}: {}", names[fault.place.file], fault.place.line, fault.message)
    };
    let mut error = Error::usage(faults.first().map(told).unwrap_or_default());
    error = faults.first().and_then(|fault| fault.hint.clone()).into_iter().fold(error, Error::hint);
    error = faults.iter().take(FAULTS_TOLD_MAX).skip(1).fold(error, |error, fault| {
        let hint = fault.hint.iter().map(|hint| format!(" ({hint})")).collect::<String>();
        error.hint(format!("and {}{hint}", told(fault)))
    });
    let more = faults.len().saturating_sub(FAULTS_TOLD_MAX);
    if more == 0 { error } else { error.hint(format!("and {more} faults more")) }
}
