//! Monthly usage outside the logs, as CSV: `charge,from_region,gb`.
//!
//! The amounts are where each pool's tiers begin; they count in every month that is priced. GB have 2³⁰ bytes, and
//! what was free is no part of them.

use super::money::{GB_BYTES, decimal};
use super::pools::MonthUsage;
use super::read::{charge, named_region};
use crate::error::{Error, RowError};
use crate::schema::charge::Charge;
use crate::units::csv_table::{CsvTable, Layout, Row, refusal};

/// The columns of the table.
const LAYOUT: Layout = Layout {
    required: &["charge", "from_region", "gb"],
    optional: &[],
    others: false,
    written: "charge,from_region,gb",
};
/// Decimals that GB may have.
const GB_DECIMALS: u32 = 15;

/// The amounts of a file.
///
/// # Errors
/// The first fault, with its line and column, and the next ones as hints.
pub fn read_usage(name: &str, csv: &[u8]) -> Result<MonthUsage, Error> {
    let (usage, faults) = examine(csv);
    if faults.is_empty() { Ok(usage) } else { Err(refusal(faults.iter().map(|fault| (name, fault)))) }
}

fn examine(csv: &[u8]) -> (MonthUsage, Vec<RowError>) {
    let mut usage = MonthUsage::new();
    let faults = match CsvTable::open(csv, &LAYOUT) {
        Ok(table) => table.read(|row| amount(row, &mut usage)).1,
        Err(faults) => faults,
    };
    (usage, faults)
}

/// Adds a row's place and bytes.
fn amount(row: &mut Row<'_>, usage: &mut MonthUsage) -> Option<()> {
    let charge = row.read("charge", priced_charge);
    let region = row.read("from_region", named_region);
    let bytes = row.read("gb", bytes);
    let (charge, region, bytes) = (charge?, region?, bytes?);
    let message = format!("duplicate row for {} from {region}", charge.name());
    if usage.insert((charge, region), bytes).is_some() {
        row.fault(None, &Error::usage(message).hint("leave one of the lines out, or add them up"));
    }
    Some(())
}

/// A charge that has tiers of its own.
fn priced_charge(text: &str) -> Result<Charge, Error> {
    match charge(text)? {
        Charge::InternetEgressFree => Err(Error::usage("free usage has no tiers")),
        charge if charge.is_hourly() => Err(Error::usage(format!("{} is by the hour and has no tiers", charge.name()))),
        charge => Ok(charge),
    }
}

/// Whole bytes of GB with decimals, halves rounded up.
fn bytes(text: &str) -> Result<u64, Error> {
    let scale = 10_u128.pow(GB_DECIMALS);
    let units = decimal(text, GB_DECIMALS)?;
    let bytes = units.checked_mul(GB_BYTES.into()).map(|bytes| (bytes + scale / 2) / scale);
    let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok());
    bytes.ok_or_else(|| Error::usage(format!("`{text}` GB is too large for a month")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(lines: &str) -> Vec<String> {
        let (_, faults) = examine(format!("charge,from_region,gb\n{lines}").as_bytes());
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn amounts_are_bytes_by_charge_and_region() {
        let text = "\u{feff}# our bill\ncharge, from_region ,gb\ninternet_egress,us-east-1,10240\nnat-processing,eu-west-1,0.5\n";
        let usage = read_usage("bill.csv", text.as_bytes()).unwrap();
        let expected = [
            ((Charge::InternetEgress, "us-east-1".to_owned()), 10_240 * GB_BYTES),
            ((Charge::NatProcessing, "eu-west-1".to_owned()), GB_BYTES / 2),
        ];
        assert_eq!(usage, MonthUsage::from(expected));
        assert_eq!(bytes("0.000000553200000").unwrap(), 594, "as a bill prints 594 bytes");
    }

    #[test]
    fn each_fault_names_its_line_and_column() {
        for (line, message) in [
            ("egress,us-east-1,1", "line 2, charge: unknown charge `egress`"),
            ("internet-egress-free,us-east-1,1", "line 2, charge: free usage has no tiers"),
            ("nat-hour,us-east-1,1", "line 2, charge: nat-hour is by the hour and has no tiers"),
            ("nat-processing,us-esat-1,1", "line 2, from_region: unknown region `us-esat-1`"),
            ("nat-processing,us-east-1,-1", "line 2, gb: invalid decimal `-1`, expected a number such as 0.09"),
            ("nat-processing,us-east-1,99999999999", "line 2, gb: `99999999999` GB is too large for a month"),
            ("nat-processing,us-east-1", "line 2: 2 cells where the header has 3"),
        ] {
            assert_eq!(faults(line), [message]);
        }
        let twice = "nat-processing,us-east-1,1\nnat-processing,us-east-1,2\n";
        assert_eq!(faults(twice), ["line 3: duplicate row for nat-processing from us-east-1"]);
    }

    #[test]
    fn a_file_that_is_something_else_is_reported_and_all_faults_are_hints_of_the_first() {
        for (text, message) in [
            ("", "bill.csv, line 1: the header line is missing"),
            ("charge,gb\n", "bill.csv, line 1, from_region: the column is missing"),
            ("charge,gb,from_region,GB\n", "bill.csv, line 1, gb: duplicate column"),
            ("charge,gb,from_regoin\n", "bill.csv, line 1: unknown column `from_regoin`"),
        ] {
            assert_eq!(read_usage("bill.csv", text.as_bytes()).unwrap_err().to_string(), message);
        }
        let text = b"charge,from_region,gb\nx,us-east-1,1\nnat-processing,us-east-1,y\n\xff,us-east-1,1\n";
        let error = read_usage("bill.csv", text).unwrap_err();
        assert_eq!(error.to_string(), "bill.csv, line 2, charge: unknown charge `x`");
        assert_eq!(
            error.hints().last().map(String::as_str),
            Some("also line 4: the line is not UTF-8 (save the file as UTF-8)")
        );
    }
}
