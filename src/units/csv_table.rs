//! CSV tables that users write: text → cells by column name, each row with its line, and everything that is wrong.
//!
//! Columns are matched by name in the first line, in any order and letter case. Blank lines, lines that start with `#`
//! and rows of empty cells are skipped. A record is one line: a missing closing quote is an error of its own line and
//! never consumes the following lines. All errors are collected, so that a table can be fixed at once; therefore cells
//! are read one by one and not by serde, which stops at the first invalid cell of a row. The meaning of cells and
//! consistency of rows is up to the caller. AWS's price lists, which are streamed and generated, are read in
//! `price/offer/rows.rs`.

use std::collections::BTreeSet;
use std::ops::Range;

use csv::StringRecord;

use crate::error::{Error, RowError, nearest};
use crate::units::human::counted;

/// The most bytes that a line of a table may have.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// Faults after which a table is read no further.
pub const FAULTS_MAX: usize = 1_000;
/// Faults of tables that one error shows.
pub const FAULTS_SHOWN_MAX: usize = 10;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// How a text begins that a Windows shell wrote.
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// The columns of a kind of table.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Columns that must be there.
    pub required: &'static [&'static str],
    /// Columns that may be absent; their cells are empty then.
    pub optional: &'static [&'static str],
    /// Whether columns of other names may be there.
    pub others: bool,
    /// The columns as a hint writes them.
    pub written: &'static str,
}

impl Layout {
    /// Its columns, the required ones first.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.names().position(|name| name.eq_ignore_ascii_case(column))
    }
}

/// A table whose column names have been read.
#[derive(Debug)]
pub struct CsvTable<'a> {
    records: Records<'a>,
    header: Header,
}

/// Where each column stands.
#[derive(Debug)]
struct Header {
    layout: &'static Layout,
    /// The line of the column names.
    line: u64,
    /// The place of each column of the layout, in its order.
    places: Vec<Option<usize>>,
    /// Columns of other names.
    others: Vec<(usize, String)>,
    width: usize,
}

impl<'a> CsvTable<'a> {
    /// Reads the line of column names.
    ///
    /// # Errors
    /// All faults of that line: none at all, a name that is unknown, missing, empty or there twice, an open quote. A
    /// table without its column names cannot be read.
    pub fn open(text: &'a [u8], layout: &'static Layout) -> Result<Self, Vec<RowError>> {
        let mut records = Records::of(text).map_err(|fault| vec![fault])?;
        match records.next_filled() {
            None => Err(vec![
                RowError::new(1, None, "the header line is missing").hinted(format!("write {}", layout.written)),
            ]),
            Some(Err(fault)) => Err(vec![fault]),
            Some(Ok((line, names))) => Ok(Self { records, header: Header::of(line, &names, layout)? }),
        }
    }

    /// The line of the column names.
    #[must_use]
    pub fn header_line(&self) -> u64 {
        self.header.line
    }

    /// The names of columns that the layout does not have, in their order.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.header.others.iter().map(|(_, name)| name.as_str())
    }

    /// Visits each row; returns the results of valid rows, and all errors in line order.
    pub fn read<T>(mut self, mut row: impl FnMut(&mut Row<'_>) -> Option<T>) -> (Vec<T>, Vec<RowError>) {
        let (mut rows, mut faults) = (Vec::new(), Vec::new());
        while let Some(record) = self.records.next_filled() {
            let before = faults.len();
            match record.and_then(|(line, cells)| self.header.same_width(line, cells)) {
                Err(fault) => faults.push(fault),
                Ok((line, cells)) => {
                    let made = row(&mut Row { line, header: &self.header, cells: &cells, faults: &mut faults });
                    rows.extend(made.filter(|_| faults.len() == before));
                }
            }
            if faults.len() >= FAULTS_MAX {
                let line = faults.last().map_or(1, |fault| fault.line);
                faults.push(RowError::new(line, None, format!("stopped after {FAULTS_MAX} errors")));
                break;
            }
        }
        (rows, faults)
    }
}

impl Header {
    fn of(line: u64, names: &StringRecord, layout: &'static Layout) -> Result<Self, Vec<RowError>> {
        let mut faults = Vec::new();
        let mut places = vec![None; layout.names().count()];
        let (mut others, mut seen) = (Vec::new(), BTreeSet::new());
        for (place, name) in names.iter().enumerate() {
            let known = layout.place(name);
            let column = known.and_then(|known| layout.names().nth(known));
            if name.is_empty() {
                let fault = RowError::new(line, None, format!("column {} has no name", place + 1));
                faults.push(fault.hinted("name it, or remove it from every line"));
            } else if !seen.insert(column.unwrap_or(name)) {
                let fault = RowError::new(line, column, "duplicate column").hinted("remove one of them");
                faults.push(if column.is_none() { fault.in_column(name.to_owned()) } else { fault });
            } else if let Some(known) = known {
                places[known] = Some(place);
            } else if layout.others && !name.contains(';') {
                others.push((place, name.to_owned()));
            } else {
                faults.push(unknown_column(line, name, layout));
            }
        }
        // Where other names are columns too, a wrong one may be the missing one.
        let is_settled = !layout.others || faults.is_empty();
        for (column, place) in layout.required.iter().zip(&places) {
            if place.is_none() && is_settled {
                faults.push(missing_column(line, column, &others, layout));
            }
        }
        let width = names.len();
        if faults.is_empty() { Ok(Self { layout, line, places, others, width }) } else { Err(faults) }
    }

    fn same_width(&self, line: u64, cells: StringRecord) -> Result<(u64, StringRecord), RowError> {
        if cells.len() == self.width {
            return Ok((line, cells));
        }
        let message = format!("{} cells where the header has {}", cells.len(), self.width);
        Err(RowError::new(line, None, message).hinted("quote values that contain a comma"))
    }
}

fn unknown_column(line: u64, name: &str, layout: &Layout) -> RowError {
    if name.contains(';') {
        let fault = RowError::new(line, None, format!("`{name}` is one column"));
        return fault.hinted("write commas between the columns");
    }
    let hint = match nearest(&name.to_ascii_lowercase(), layout.names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the columns are {}", layout.written),
    };
    RowError::new(line, None, format!("unknown column `{name}`")).hinted(hint)
}

fn missing_column(line: u64, column: &'static str, others: &[(usize, String)], layout: &Layout) -> RowError {
    let near = nearest(column, others.iter().map(|(_, name)| name.as_str()));
    let hint = near.map_or_else(|| format!("write {}", layout.written), |near| format!("call `{near}` {column}"));
    RowError::new(line, Some(column), "the column is missing").hinted(hint)
}

/// A row of a table.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its line, from 1.
    pub line: u64,
    header: &'a Header,
    cells: &'a StringRecord,
    faults: &'a mut Vec<RowError>,
}

impl<'a> Row<'a> {
    /// The text of a column of the layout; empty where the column is absent.
    #[must_use]
    pub fn text(&self, column: &str) -> &'a str {
        let place = self.header.layout.place(column);
        debug_assert!(place.is_some(), "the layout has no column {column}");
        place.and_then(|place| self.cells.get(self.header.places[place]?)).unwrap_or_default()
    }

    /// The value of a column, or a fault of the row.
    pub fn read<T>(&mut self, column: &'static str, read: impl FnOnce(&str) -> Result<T, Error>) -> Option<T> {
        read(self.text(column)).map_err(|error| self.fault(Some(column), &error)).ok()
    }

    /// The same of a cell that may be empty.
    pub fn read_filled<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, Error>,
    ) -> Option<Option<T>> {
        self.read(column, |text| if text.is_empty() { Ok(None) } else { read(text).map(Some) })
    }

    /// The cells of columns outside the layout, in the order of [`CsvTable::others`].
    pub fn others(&self) -> impl Iterator<Item = &'a str> {
        let (others, cells) = (&self.header.others, self.cells);
        others.iter().map(|(place, _)| cells.get(*place).unwrap_or_default())
    }

    /// Records an error on the row or one of its columns.
    pub fn fault(&mut self, column: Option<&'static str>, error: &Error) {
        self.faults.push(RowError::of(self.line, column, error));
    }
}

/// The names of a table's columns in lower case, for detecting the type of the table; none without lines.
///
/// # Errors
/// If the first line cannot be read.
pub fn column_names(text: &[u8]) -> Result<Vec<String>, RowError> {
    let first = Records::of(text)?.next_filled().transpose()?;
    Ok(first.iter().flat_map(|(_, names)| names.iter().map(str::to_ascii_lowercase)).collect())
}

/// Builds the error of invalid tables: the first error, and the next ones as hints, with file names.
#[must_use]
pub fn refusal<'a>(faults: impl IntoIterator<Item = (&'a str, &'a RowError)>) -> Error {
    let mut faults = faults.into_iter();
    let Some((first_name, first)) = faults.next() else { return Error::usage("a table is faulty") };
    let error = Error::usage(format!("{first_name}, {first}"));
    let mut error = first.hint.iter().fold(error, |error, hint| error.hint(hint));
    for (name, fault) in faults.by_ref().take(FAULTS_SHOWN_MAX - 1) {
        let file = if name == first_name { String::new() } else { format!("{name}, ") };
        let hint = fault.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        error = error.hint(format!("also {file}{fault}{hint}"));
    }
    match faults.count() as u64 {
        0 => error,
        more => error.hint(format!("and {} more", counted(more, "fault"))),
    }
}

/// The records of a text, a line each.
#[derive(Debug)]
struct Records<'a> {
    /// The lines that have been looked at for faults.
    checked: Lines<'a>,
    /// Reads those of them that have none, up to the first one that has.
    reader: Option<csv::Reader<&'a [u8]>>,
    /// The lines as the reader takes them.
    placed: Lines<'a>,
    /// The error of the line after those.
    fault: Option<RowError>,
}

impl<'a> Records<'a> {
    fn of(text: &'a [u8]) -> Result<Self, RowError> {
        if UTF16_MARKS.iter().any(|mark| text.starts_with(mark)) {
            return Err(RowError::new(1, None, "the file is UTF-16").hinted("save it as UTF-8"));
        }
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let lines = Lines { text, at: 0, line: 1 };
        Ok(Self { checked: lines.clone(), reader: None, placed: lines, fault: None })
    }

    /// The next record that is more than empty cells, and its line.
    fn next_filled(&mut self) -> Option<Result<(u64, StringRecord), RowError>> {
        loop {
            let record = self.next_record()?;
            if !record.as_ref().is_ok_and(|(_, cells)| cells.iter().all(str::is_empty)) {
                return Some(record);
            }
        }
    }

    fn next_record(&mut self) -> Option<Result<(u64, StringRecord), RowError>> {
        loop {
            if let Some(reader) = &mut self.reader {
                let mut cells = StringRecord::new();
                let read = reader.read_record(&mut cells);
                if !matches!(read, Ok(false)) {
                    let (line, _) = self.placed.next()?;
                    let not_utf8 = |_| RowError::new(line, None, "the line is not UTF-8");
                    let read = read.map(|_| (line, cells));
                    return Some(read.map_err(|error| not_utf8(error).hinted("save the file as UTF-8")));
                }
                self.reader = None;
            }
            if let Some(fault) = self.fault.take() {
                return Some(Err(fault));
            }
            self.placed = self.checked.clone();
            let from = self.placed.at;
            let wrong =
                self.checked.find_map(|(line, bytes)| Some((bytes.start, wrong_line(&bytes, line, &self.placed)?)));
            let (until, fault) = wrong.map_or((self.placed.text.len(), None), |(at, fault)| (at, Some(fault)));
            if from == until && fault.is_none() {
                return None;
            }
            self.fault = fault;
            let mut reader = csv::ReaderBuilder::new();
            reader.flexible(true).comment(Some(b'#')).trim(csv::Trim::All).has_headers(false);
            self.reader = Some(reader.from_reader(&self.placed.text[from..until]));
        }
    }
}

/// What keeps a line from being a record.
fn wrong_line(bytes: &Range<usize>, line: u64, lines: &Lines<'_>) -> Option<RowError> {
    let text = &lines.text[bytes.clone()];
    if text.len() > LINE_BYTES_MAX {
        return Some(RowError::new(line, None, format!("the line has more than {LINE_BYTES_MAX} bytes")));
    }
    let fault = || RowError::new(line, None, "unterminated double quote");
    has_open_quote(text).then(|| fault().hinted("close it on this line: cells cannot span lines"))
}

/// Whether the csv reader would take what comes after a line into its last cell.
fn has_open_quote(line: &[u8]) -> bool {
    enum At {
        Start,
        Plain,
        Quoted,
        /// After a quote within quotes, which ends them unless it is doubled.
        Quote,
    }
    if memchr::memchr(b'"', line).is_none() {
        return false;
    }
    let step = |at, byte: &u8| match (at, byte) {
        (At::Start | At::Quote, b'"') => At::Quoted,
        (At::Quoted, b'"') => At::Quote,
        (At::Quoted, _) => At::Quoted,
        (_, b',') => At::Start,
        _ => At::Plain,
    };
    matches!(line.iter().fold(At::Start, step), At::Quoted)
}

/// The lines of a text that hold a record: their numbers and where their bytes are, without line ends.
#[derive(Clone, Debug)]
struct Lines<'a> {
    text: &'a [u8],
    /// Where the next line begins, and its number.
    at: usize,
    line: u64,
}

impl Iterator for Lines<'_> {
    type Item = (u64, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
            let is_comment = rest.starts_with(b"#");
            let end = if is_comment { memchr::memchr(b'\n', rest) } else { memchr::memchr2(b'\n', b'\r', rest) };
            let end = end.unwrap_or(rest.len());
            let (line, start) = (self.line, self.at);
            let line_end = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
            self.at = (start + end + line_end).min(self.text.len());
            self.line += 1;
            if end > 0 && !is_comment {
                return Some((line, start..start + end));
            }
        }
    }
}

#[cfg(test)]
mod tests;
