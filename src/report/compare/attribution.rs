//! Causes of the change, as a table.

use crate::reason::compare::{Description, Due, What, signed};
use crate::report::amounts::plain;
use crate::report::{Cell, Head, Row, Table};
use crate::schema::output::{self, Output};
use crate::units::human::CENT;

/// The rows without a cause.
const UNEXPLAINED: &str = "(unexplained)";
const EVERYWHERE: &str = "(everywhere)";

const COLUMNS: [Output; 12] = [
    output::DIRECTION,
    output::CAUSE,
    output::CLASS,
    output::OTHER_PATH,
    output::CHANGE_SHARE,
    output::PREVIOUS_BYTES,
    output::BYTES,
    output::PREVIOUS_USD,
    output::USD,
    output::CHANGE_USD,
    output::COUNTERFACTUAL_USD,
    output::ALSO_MATCHES,
];

/// The table.
pub(super) fn table(due: &[Due], dimensions: &[String]) -> Table {
    let mut table = plain("causes", "Causes of the change");
    table.columns = COLUMNS.map(Head::from).into();
    table.rows = due.iter().map(|due| row(due, dimensions)).collect();
    table
}

fn row(due: &Due, dimensions: &[String]) -> Row {
    let amount = |amount: i128| Cell::Amount { amount, cents: cents(amount) };
    let [before, now] = due.usd.map(signed);
    let what = match &due.what {
        What::Described(description) => words(description, dimensions),
        What::Everywhere => EVERYWHERE.to_owned(),
        What::Unexplained => UNEXPLAINED.to_owned(),
    };
    let also_matches: Vec<_> = due.also_matches.iter().map(|description| words(description, dimensions)).collect();
    vec![
        if due.is_up { "up" } else { "down" }.into(),
        what.into(),
        due.class.into(),
        due.other_path.clone().into(),
        Cell::Change { change: due.change, was: due.whole },
        due.bytes[0].into(),
        due.bytes[1].into(),
        amount(before),
        amount(now),
        amount(now - before),
        amount(due.without),
        if also_matches.is_empty() { Cell::Absent } else { also_matches.join("; ").into() },
    ]
}

/// A description in words.
fn words(description: &Description, dimensions: &[String]) -> String {
    let one = |(place, element): &(usize, std::sync::Arc<str>)| format!("{} {element}", dimensions[*place]);
    description.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// An amount in cents, halves rounded away from zero.
fn cents(amount: i128) -> i128 {
    let cent = signed(CENT);
    (amount.abs() + cent / 2) / cent * amount.signum()
}
