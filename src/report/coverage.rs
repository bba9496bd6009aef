//! The account of the input, part of every report.

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
    let mut note = |records: u64, noun: &str, what: &str| {
        if records > 0 {
            notes.push(format!("{} {what}", human::counted(records, noun)));
        }
    };
    note(account.without_bytes, "record", "without bytes, counted as 0 bytes");
    note(account.without_start, "record", "without a start, counted as out_of_window");
    note(
        account[Class::SkipData].records,
        "interval",
        "with records dropped by AWS (SKIPDATA); totals are a lower bound",
    );
    notes
}
