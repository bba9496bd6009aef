//! What a month's bill has besides the traffic of the logs, as CSV: `charge,from_region,gb`.
//!
//! The amounts are where each pool's tiers begin; they count in every month that is priced. GB have 2³⁰ bytes, and
//! what was free is no part of them.

use csv::StringRecord;

use super::money::{GB_BYTES, decimal};
use super::pools::MonthUsage;
use super::read::{Read, charge, named_region, unreadable};
use crate::error::{Error, Fault};
use crate::schema::charge::Charge;
use crate::units::lines::Lines;

/// The columns, in the order of the first line.
const COLUMNS: [&str; 3] = ["charge", "from_region", "gb"];
/// Decimals that GB may have.
const GB_DECIMALS: u32 = 15;

/// The amounts of a file.
///
/// # Errors
/// The first fault, with its line and column, and how many more there are.
pub fn read_usage(name: &str, csv: &[u8]) -> Result<MonthUsage, Error> {
    let (usage, faults) = examine(csv);
    let Some(first) = faults.first() else { return Ok(usage) };
    let error = Error::usage(format!("{name}, {first}"));
    let error = first.hint.iter().fold(error, |error, hint| error.hint(hint));
    let more: Vec<_> = faults[1..].iter().map(ToString::to_string).collect();
    Err(more.into_iter().fold(error, Error::hint))
}

fn examine(csv: &[u8]) -> (MonthUsage, Vec<Fault>) {
    let csv = csv.strip_prefix("\u{feff}".as_bytes()).unwrap_or(csv);
    let mut builder = csv::ReaderBuilder::new();
    builder.flexible(true).comment(Some(b'#')).trim(csv::Trim::All).has_headers(false);
    let (mut usage, mut faults, mut headed) = (MonthUsage::new(), Vec::new(), false);
    let mut lines = Lines::of(csv);
    for record in builder.from_reader(csv).records() {
        let record = match record {
            Ok(record) => lines.placed(record),
            Err(error) => {
                faults.push(unreadable(&error));
                continue;
            }
        };
        let line = record.position().map_or(1, csv::Position::line);
        if !headed {
            headed = true;
            if !record.iter().eq(COLUMNS) {
                faults.push(header_fault(line));
                break;
            }
            continue;
        }
        match row(&record, line) {
            Ok((place, _)) if usage.contains_key(&place) => {
                let message = format!("{} from {} is there already", place.0.name(), place.1);
                faults.push(Fault::new(line, None, message).hinted("leave one of the lines out, or add them up"));
            }
            Ok((place, bytes)) => {
                usage.insert(place, bytes);
            }
            Err(fault) => faults.push(fault),
        }
    }
    if !headed {
        faults.push(header_fault(1));
    }
    (usage, faults)
}

fn header_fault(line: u64) -> Fault {
    Fault::new(line, None, "these are not the columns").hinted(format!("the first line is {}", COLUMNS.join(",")))
}

/// A line's place and bytes.
fn row(record: &StringRecord, line: u64) -> Result<((Charge, String), u64), Fault> {
    if record.len() != COLUMNS.len() {
        return Err(Fault::new(line, None, format!("{} cells where the header has {}", record.len(), COLUMNS.len())));
    }
    let cell = |column: usize| (line, COLUMNS[column], record.get(column).unwrap_or_default());
    let charge = read(cell(0), priced_charge)?;
    Ok(((charge, read(cell(1), named_region)?), read(cell(2), bytes)?))
}

fn read<T>((line, column, text): (u64, &'static str, &str), read: impl FnOnce(&str) -> Read<T>) -> Result<T, Fault> {
    read(text).map_err(|(message, hint)| Fault { line, column: Some(column), message, hint })
}

/// A charge that has tiers of its own.
fn priced_charge(text: &str) -> Read<Charge> {
    match charge(text)? {
        Charge::InternetEgressFree => Err(("what is free is in no tier".to_owned(), None)),
        charge => Ok(charge),
    }
}

/// Whole bytes of GB with decimals, halves rounded up.
fn bytes(text: &str) -> Read<u64> {
    let scale = 10_u128.pow(GB_DECIMALS);
    let units = decimal(text, GB_DECIMALS).map_err(|message| (message, None))?;
    let bytes = units.checked_mul(GB_BYTES.into()).map(|bytes| (bytes + scale / 2) / scale);
    let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok());
    bytes.ok_or_else(|| (format!("`{text}` GB is more than a month can have"), None))
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
        assert_eq!(bytes("0.000000553200000"), Ok(594), "as a bill prints 594 bytes");
    }

    #[test]
    fn each_fault_names_its_line_and_column() {
        for (line, told) in [
            ("egress,us-east-1,1", "line 2, charge: there is no charge `egress`"),
            ("internet-egress-free,us-east-1,1", "line 2, charge: what is free is in no tier"),
            ("nat-processing,us-esat-1,1", "line 2, from_region: there is no region `us-esat-1`"),
            ("nat-processing,us-east-1,-1", "line 2, gb: `-1` is no decimal number, such as 0.09"),
            ("nat-processing,us-east-1,99999999999", "line 2, gb: `99999999999` GB is more than a month can have"),
            ("nat-processing,us-east-1", "line 2: 2 cells where the header has 3"),
        ] {
            assert_eq!(faults(line), [told]);
        }
        let twice = "nat-processing,us-east-1,1\nnat-processing,us-east-1,2\n";
        assert_eq!(faults(twice), ["line 3: nat-processing from us-east-1 is there already"]);
    }

    #[test]
    fn a_file_that_is_something_else_is_told_and_all_faults_are_hints_of_the_first() {
        for text in ["", "charge,gb\n", "gb,charge,from_region\n"] {
            let error = read_usage("bill.csv", text.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "bill.csv, line 1: these are not the columns");
        }
        let text = b"charge,from_region,gb\nx,us-east-1,1\nnat-processing,us-east-1,y\n\xff,us-east-1,1\n";
        let error = read_usage("bill.csv", text).unwrap_err();
        assert_eq!(error.to_string(), "bill.csv, line 2, charge: there is no charge `x`");
        assert_eq!(error.hints().last().map(String::as_str), Some("line 4: the line is not UTF-8"));
    }
}
