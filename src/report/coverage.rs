//! What was read and what became of it, as every report carries it.

use super::AccountLine;
use crate::group::{Account, Class};
use crate::units::human;

/// The account's lines, those of no records too: an account that balances shows all its classes.
#[must_use]
pub fn lines(account: &Account) -> Vec<AccountLine> {
    let line = |class: Class| {
        let tally = account[class];
        AccountLine { class: class.name(), records: tally.records, bytes: tally.bytes }
    };
    Class::ALL.into_iter().map(line).collect()
}

/// What the reader must know of the counted records to read their sums right.
#[must_use]
pub fn notes(account: &Account) -> Vec<String> {
    let mut notes = Vec::new();
    if account.without_bytes > 0 {
        let records = human::count(account.without_bytes.into());
        notes.push(format!("{records} records bear no bytes: they count as flows of 0 bytes"));
    }
    if account.without_start > 0 {
        let records = human::count(account.without_start.into());
        notes.push(format!("{records} records have no start: they cannot be in a window and count as out_of_window"));
    }
    if account[Class::SkipData].records > 0 {
        let records = human::count(account[Class::SkipData].records.into());
        notes.push(format!("AWS lost records in {records} intervals (SKIPDATA): true sums are higher"));
    }
    notes
}
