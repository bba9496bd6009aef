//! Prices: tables and price lists, from files; bills.

mod statement;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

pub use statement::{ReadStatement, Reading, statement, with_rates_of_bill};

use crate::collect::{Inflated, Limits, Prune, S3Options, find, io_cause};
use crate::error::Error;
use crate::price::offer::{Import, Imported};
use crate::price::split::{Weights, read_weights};
use crate::price::{MonthUsage, PriceRow, PriceTable, read_usage, update};
use crate::report::{Report, prices};

/// The most bytes that a price table, or a table of a month's usage, may have.
pub const PRICE_TABLE_BYTES_MAX: u64 = 64 << 20;
/// How much of a price list is read at a time.
const BUFFER_BYTES: usize = 256 << 10;
/// Standard input.
const STDIN: &str = "-";

/// The embedded prices with the tables of files laid over them, the last one deciding.
///
/// # Errors
/// If a file cannot be read, or is no price table without faults.
pub fn price_table(paths: &[String]) -> Result<PriceTable, Error> {
    paths.iter().try_fold(PriceTable::embedded()?, |table, path| {
        Ok(table.with_overrides(PriceTable::read(path, &table_bytes(path)?)?))
    })
}

/// Usage outside the logs by charge and region, from a file.
///
/// # Errors
/// If it cannot be read, or has faults.
pub fn month_usage(path: &str) -> Result<MonthUsage, Error> {
    read_usage(path, &table_bytes(path)?)
}

/// Weights by owner, from a file.
///
/// # Errors
/// If it cannot be read, or has faults.
pub fn split_weights(path: &str) -> Result<Weights, Error> {
    read_weights(path, &table_bytes(path)?)
}

/// Errors of a price table, or its differences from the embedded one; and whether the file is valid.
///
/// # Errors
/// If it cannot be read.
pub fn check_prices(path: &str) -> Result<(Report, bool), Error> {
    let (rows, faults) = PriceTable::examine(&table_bytes(path)?);
    Ok((prices::check(path, &rows, &faults, &PriceTable::embedded()?), faults.is_empty()))
}

/// The price table of AWS's price lists: files, folders, `s3://` or `-`, gzipped or not. `strict` calls it incomplete also
/// where regions are unknown or doubtful.
///
/// # Errors
/// If one cannot be read to its end, or is no price list.
pub fn import_prices(inputs: &[String], strict: bool, s3: &S3Options) -> Result<Report, Error> {
    Ok(prices::import(&imported(inputs, s3)?, strict))
}

/// An update of a price table, before it is written.
#[derive(Debug)]
pub struct PriceUpdate {
    /// What changed.
    pub report: Report,
    /// The table with its new rows.
    pub table: Report,
    /// The prices of before.
    pub before: PriceTable,
    /// The newest prices, in force at all times.
    pub after: PriceTable,
}

/// Brings the table of a file up to date with price lists; a file that does not exist is an empty table.
///
/// # Errors
/// If the table or a list cannot be read, or is not what it should be.
pub fn update_prices(path: &str, inputs: &[String], strict: bool, s3: &S3Options) -> Result<PriceUpdate, Error> {
    let own = own_rows(path)?;
    let embedded = PriceTable::embedded()?;
    let list = imported(inputs, s3)?;
    let updated = update(&own, &embedded, &list.rows);
    Ok(PriceUpdate {
        report: prices::update::update(path, &updated, &list, strict),
        table: prices::update::updated(&updated.rows),
        after: updated.ahead(&embedded, &list.rows),
        before: embedded.with_overrides(PriceTable::of_rows(own)),
    })
}

/// The rows of the user's table. A row of an unknown region would be lost, so here it is an error as any fault is.
fn own_rows(path: &str) -> Result<Vec<PriceRow>, Error> {
    if !Path::new(path).exists() {
        return Ok(Vec::new());
    }
    let (rows, faults) = PriceTable::examine(&table_bytes(path)?);
    let Some(first) = faults.first() else { return Ok(rows) };
    let error = Error::usage(format!("{path}, {first}"));
    let error = first.hint.iter().fold(error, |error, hint| error.hint(hint));
    Err(error.hint(format!("nothing was written; `outflow prices check {path}` shows every fault")))
}

/// What price lists give.
fn imported(inputs: &[String], s3: &S3Options) -> Result<Imported, Error> {
    // A list that is there twice gives the same prices again, which are counted.
    let found = find(inputs, &Prune { copies: true, ..Prune::default() }, s3)?;
    if let Some(warning) = found.warnings.first() {
        return Err(Error::read(warning.clone()));
    }
    let mut import = Import::default();
    for object in &found.objects {
        let list = Inflated::open(object, &Limits::default());
        let list = list.map_err(|error| Error::read(format!("{}: {error}", object.name)))?;
        import.read(&object.name, BufReader::with_capacity(BUFFER_BYTES, list))?;
    }
    Ok(import.finish())
}

fn open(path: &str) -> Result<Box<dyn BufRead>, Error> {
    if path == STDIN {
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, io::stdin())));
    }
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, file)))
}

fn table_bytes(path: &str) -> Result<Vec<u8>, Error> {
    whole(path, PRICE_TABLE_BYTES_MAX)?.ok_or_else(|| {
        Error::limit(format!("{path}: a price table has at most {PRICE_TABLE_BYTES_MAX} bytes"))
            .hint("AWS's own price lists go through `outflow prices import`")
    })
}

/// A whole file, or nothing if it has more bytes than it may.
pub(super) fn whole(path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(bytes_max + 1).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(path, error))?;
    Ok((bytes.len() as u64 <= bytes_max).then_some(bytes))
}

/// A path that cannot be read, and why.
pub(super) fn unreadable(path: &str, error: io::Error) -> Error {
    Error::read(io_cause(&error)).because(error).context(path)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;

    use super::*;
    use crate::price::{ANY, Charge, Confidence, INTERNET, PriceRow, Rate, TIER_GB_MAX};
    use crate::report::prices::Shown;
    use crate::units::human::{Units, usd_exact};
    use crate::units::time::{Zone, parse_moment};
    use crate::view::{self, Format, Style};

    /// A day on which every row of the embedded table is in force.
    const DAY: &str = "2026-10-15";

    fn moment(day: &str) -> u32 {
        parse_moment(day, 0, Zone::default()).unwrap()
    }

    /// An output that stays readable after the view has taken it.
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn csv_of(report: &Report) -> Vec<u8> {
        let style = Style { units: Units::Raw, header: true, width: None, color: false };
        let sink = Sink::default();
        view::write(report, None, Format::Csv, &style, Box::new(sink.clone())).unwrap();
        Arc::into_inner(sink.0).unwrap().into_inner().unwrap()
    }

    /// The rows that come back from what `prices show -o csv` writes of some.
    fn shown_and_read(rows: &[PriceRow]) -> Vec<PriceRow> {
        let shown = Shown { moment: moment(DAY), ..Shown::default() };
        let report = prices::show(&PriceTable::of_rows(rows.to_vec()), &shown, None);
        let (again, faults) = PriceTable::examine(&csv_of(&report));
        assert_eq!(faults, []);
        unnumbered(again)
    }

    fn unnumbered(rows: Vec<PriceRow>) -> Vec<PriceRow> {
        rows.into_iter().map(|row| PriceRow { line: 0, ..row }).collect()
    }

    #[test]
    fn the_embedded_table_comes_back_as_it_was_shown() {
        let rows: Vec<_> = PriceTable::embedded().unwrap().rows().cloned().collect();
        assert_eq!(shown_and_read(&rows), unnumbered(rows));
    }

    #[test]
    fn what_is_imported_comes_back_as_it_was_written() {
        let list = "FormatVersion,v1.0\nPublication Date,2026-09-04\nOfferCode,AmazonEC2\nSKU,usageType,Unit,PricePerUnit\n\
            A,EU-NatGateway-Bytes,GB,0.048\nB,NatGateway-Bytes,GB,0.045\nC,NatGateway-Hours,Hrs,0.045\nD,LAX1-DataTransfer-Regional-Bytes,GB,0.01\n";
        let mut import = Import::default();
        import.read("test", list.as_bytes()).unwrap();
        let imported = import.finish();
        let (again, faults) = PriceTable::examine(&csv_of(&prices::import(&imported, false)));
        assert_eq!((unnumbered(again), faults), (imported.rows, vec![]));
    }

    proptest! {
        #[test]
        fn any_ladder_comes_back_as_it_was_shown(
            edges in prop::collection::btree_set(1..TIER_GB_MAX, 0..6),
            rates in prop::collection::vec(0..10_000_000_000_u64, 7),
            source in "[ -~]{0,20}",
            is_open in any::<bool>(),
            is_nat in any::<bool>(),
        ) {
            let starts: Vec<_> = [0].into_iter().chain(edges).collect();
            let ends = starts.iter().skip(1).map(|end| Some(*end)).chain([(!is_open).then_some(TIER_GB_MAX)]);
            let rows: Vec<_> = starts.iter().zip(ends).zip(&rates).map(|((start_gb, end_gb), rate)| PriceRow {
                charge: if is_nat { Charge::NatProcessing } else { Charge::InternetEgress },
                from: "eu-west-1".into(),
                to: if is_nat { ANY } else { INTERNET }.into(),
                start_gb: *start_gb,
                end_gb,
                rate: Some(Rate::parse(&usd_exact((*rate).into())).unwrap()),
                effective_from: moment("2026-01-01"),
                effective_to: None,
                confidence: is_open.then_some(Confidence::Single),
                as_of: is_nat.then(|| moment("2026-02-03")),
                source: source.trim().to_owned(),
                line: 0,
            }).collect();
            prop_assume!(!source.trim().starts_with('\''));
            prop_assert_eq!(shown_and_read(&rows), rows);
        }
    }
}
