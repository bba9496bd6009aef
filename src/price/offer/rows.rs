//! Offer files as CSV: a few lines about the list, a line of column names, and a price a line.
//!
//! Columns are matched by name, ignoring differences in case and blanks between offers and years (`usageType`, `Usage
//! Type`); an absent column is empty.

use std::io::{self, Read};

use super::meter::{Product, Reason};
use super::{CURRENCY, Dimension, Import, List, ON_DEMAND};
use crate::units::csv_stream::{ByteRecord, CsvStream};

/// How such a file begins.
pub(super) const FIRST: &[u8] = b"FormatVersion";
/// Lines about the list that may come before the column names.
const ABOUT_LINES_MAX: usize = 50;

/// The columns that we look at, without case and blanks.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Field {
    Sku,
    Term,
    Usage,
    Operation,
    Unit,
    Price,
    Currency,
    Start,
    End,
    Effective,
    Region,
    FromRegion,
    FromLocation,
    FromLocationType,
    ToRegion,
    ToLocation,
    ToLocationType,
}

const NAMES: [&str; 17] = [
    "sku",
    "termtype",
    "usagetype",
    "operation",
    "unit",
    "priceperunit",
    "currency",
    "startingrange",
    "endingrange",
    "effectivedate",
    "regioncode",
    "fromregioncode",
    "fromlocation",
    "fromlocationtype",
    "toregioncode",
    "tolocation",
    "tolocationtype",
];
/// The columns without which there is nothing to read.
const NEEDED: [Field; 3] = [Field::Sku, Field::Usage, Field::Price];

/// Reads a file into the import.
pub(super) fn read(input: impl Read, import: &mut Import) -> io::Result<()> {
    let mut lines = CsvStream::new(input);
    let (mut record, mut list) = (ByteRecord::new(), List::default());
    let mut columns = None;
    for _ in 0..ABOUT_LINES_MAX {
        if columns.is_some() || !lines.next(&mut record)? {
            break;
        }
        columns = Columns::of(&record);
        list.note(&record);
    }
    let columns = columns.ok_or_else(|| io::Error::other("no line has the columns SKU, usageType and PricePerUnit"))?;
    let mut product = Product::default();
    while lines.next(&mut record)? {
        columns.fill(&record, &mut product);
        columns.price(&record, &list, &product, import);
    }
    Ok(())
}

impl List {
    /// What a line about the list says.
    fn note(&mut self, line: &ByteRecord) {
        let value = line.get(1).map(String::from_utf8_lossy).unwrap_or_default();
        match line.get(0).map(plain).as_deref() {
            Some("publicationdate") => self.published = value.into_owned(),
            Some("offercode") => self.offer = value.into_owned(),
            _ => {}
        }
    }
}

/// A column's name without case and blanks.
fn plain(name: &[u8]) -> String {
    let letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
    letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// Where each column stands, and how many a line has.
struct Columns {
    places: [Option<usize>; NAMES.len()],
    width: usize,
}

impl Columns {
    /// The columns of a line of names; none if the line is something else.
    fn of(line: &ByteRecord) -> Option<Self> {
        let names: Vec<String> = line.iter().map(plain).collect();
        let places = NAMES.map(|name| names.iter().position(|found| found == name));
        NEEDED.iter().all(|field| places[*field as usize].is_some()).then_some(Self { places, width: line.len() })
    }

    fn text<'a>(&self, record: &'a ByteRecord, field: Field) -> &'a str {
        let bytes = self.places[field as usize].and_then(|place| record.get(place)).unwrap_or_default();
        // What is not UTF-8 is nothing that we know.
        str::from_utf8(bytes).unwrap_or("\u{fffd}")
    }

    /// Fills a product from a line.
    fn fill(&self, record: &ByteRecord, product: &mut Product) {
        let fill = |text: &mut String, field| {
            text.clear();
            text.push_str(self.text(record, field));
        };
        fill(&mut product.sku, Field::Sku);
        fill(&mut product.usage_type, Field::Usage);
        fill(&mut product.operation, Field::Operation);
        fill(&mut product.region, Field::Region);
        fill(&mut product.from_region, Field::FromRegion);
        fill(&mut product.from_location, Field::FromLocation);
        fill(&mut product.from_location_type, Field::FromLocationType);
        fill(&mut product.to_region, Field::ToRegion);
        fill(&mut product.to_location, Field::ToLocation);
        fill(&mut product.to_location_type, Field::ToLocationType);
    }

    /// Takes the line's price, or counts why not.
    fn price(&self, record: &ByteRecord, list: &List, product: &Product, import: &mut Import) {
        // A quote that is not closed takes cells of the next line into its own, and then the number of cells is another.
        if record.len() != self.width {
            let is_cut = record.len() < self.width;
            let example = if is_cut { "a line that is cut off" } else { "a line with too many cells" };
            return import.leave_out(Reason::Malformed, example, 1);
        }
        let text = |field| self.text(record, field);
        let or = |field, absent| if self.places[field as usize].is_none() { absent } else { text(field) };
        if or(Field::Term, ON_DEMAND) != ON_DEMAND {
            return import.leave_out(Reason::Term, &product.usage_type, 1);
        }
        let dimension = Dimension {
            unit: text(Field::Unit),
            currency: or(Field::Currency, CURRENCY),
            price: text(Field::Price),
            start: or(Field::Start, "0"),
            end: or(Field::End, super::NO_END),
            effective: text(Field::Effective),
        };
        match product.meter() {
            Ok(meter) => import.price(list, product, &meter, dimension),
            Err(reason) => import.leave_out(reason, &product.usage_type, 1),
        }
    }
}
