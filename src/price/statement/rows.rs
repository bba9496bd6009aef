//! A bill as CSV, streamed: bytes → line items.

use std::io::{self, Read};

use super::columns::Columns;
use super::item::{Fault, LineItem};
use crate::error::Error;
use crate::units::csv_stream::{ByteRecord, CsvStream};

/// Reads a bill; `each` gets every line item, or why a row is none, with its number from 1 behind the column names.
///
/// # Errors
/// If the bytes cannot be read further, or are no bill.
pub fn read_csv(input: impl Read, each: &mut dyn FnMut(u64, Result<LineItem<'_>, Fault>)) -> Result<(), Error> {
    let failed = |error: io::Error| Error::read(format!("the bill cannot be read further: {error}"));
    let (mut rows, mut record) = (CsvStream::new(input), ByteRecord::new());
    if !rows.next(&mut record).map_err(failed)? {
        return Err(Error::read("the bill is empty"));
    }
    let columns = Columns::of(record.iter().map(|name| str::from_utf8(name).unwrap_or_default()))?;
    let (width, mut number) = (record.len(), 0);
    while rows.next(&mut record).map_err(failed)? {
        number += 1;
        if record.len() != width {
            each(number, Err(Fault::Width));
            continue;
        }
        // What is not UTF-8 is nothing that we know.
        each(
            number,
            LineItem::of(&columns, |place| record.get(place).map(|cell| str::from_utf8(cell).unwrap_or("\u{fffd}"))),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/UsageAccountId,lineItem/LineItemType,\
                        lineItem/ProductCode,lineItem/UsageType,lineItem/UsageAmount,lineItem/UnblendedCost\n";

    /// Usage types with their bytes, and faults with their row.
    type ReadRows = (Vec<(String, i128)>, Vec<(u64, Fault)>, Result<(), Error>);

    fn read(text: &str) -> ReadRows {
        let (mut items, mut faults) = (Vec::new(), Vec::new());
        let result = read_csv(text.as_bytes(), &mut |row, item| match item {
            Ok(item) => items.push((item.usage_type.to_owned(), item.bytes)),
            Err(fault) => faults.push((row, fault)),
        });
        (items, faults, result)
    }

    #[test]
    fn rows_that_cannot_be_read_are_told_with_their_number() {
        let text = format!(
            "{HEAD}2026-10-01T00:00:00Z,2026-10-01T01:00:00Z,1,Usage,AmazonEC2,NatGateway-Bytes,1,0.045\n\
             2026-10-01T00:00:00Z,2026-10-01T01:00:00Z,1,Usage,AmazonEC2,NatGateway-Bytes,much,0.045\n\
             cut,off\n"
        );
        let (items, faults, result) = read(&text);
        assert_eq!(items, [("NatGateway-Bytes".to_owned(), 1 << 30)]);
        assert_eq!(faults, [(2, Fault::Quantity), (3, Fault::Width)]);
        assert!(result.is_ok());
    }

    #[test]
    fn nothing_and_something_else_are_errors() {
        assert_eq!(read("").2.unwrap_err().to_string(), "the bill is empty");
        assert!(read("a,b\n1,2\n").2.unwrap_err().to_string().starts_with("not a bill"));
        let open_quote = format!("{HEAD}\"{}", "x,".repeat(1 << 20));
        assert!(read(&open_quote).2.unwrap_err().to_string().contains("a line has more than"));
    }
}
