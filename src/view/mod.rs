//! Report → text or file, one format a file.
//!
//! A [`View`] takes a report in pieces, rows in any number of batches, so that a listing of millions of records is
//! written with bounded memory; [`write()`] feeds it a finished report. Numbers are rounded in `table` and `md`, and
//! exact in other formats. Files and terminals are handled by the caller: see [`Style`].

mod alertmanager;
mod cells;
mod csv;
mod incidents;
mod json;
mod markdown;
mod ocsf;
mod parquet;
mod table;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::str::FromStr;

use crate::error::{Error, nearest};
use crate::report::{Cell, Head, Meta, Report, Row, Table};
use crate::units::human::Units;

/// Bytes buffered before they are written to the output.
pub const OUTPUT_BUFFER_BYTES: usize = 64 * 1024;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a terminal.
    Table,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// One JSON object.
    Json,
    /// A JSON object per row.
    Ndjson,
    /// Markdown tables.
    Markdown,
    /// Apache Parquet.
    Parquet,
    /// Incidents as Alertmanager takes them.
    Alertmanager,
    /// Incidents as findings of OCSF, a JSON object per row.
    Ocsf,
}

impl Format {
    /// Every format with its name.
    const ALL: [(&'static str, Self); 9] = [
        ("table", Self::Table),
        ("csv", Self::Csv),
        ("tsv", Self::Tsv),
        ("json", Self::Json),
        ("ndjson", Self::Ndjson),
        ("md", Self::Markdown),
        ("parquet", Self::Parquet),
        ("alertmanager", Self::Alertmanager),
        ("ocsf", Self::Ocsf),
    ];

    /// The format names.
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut place = 0;
        while place < names.len() {
            names[place] = Self::ALL[place].0;
            place += 1;
        }
        names
    };

    /// The format that a file name's extension speaks of.
    #[must_use]
    pub fn of_extension(path: &str) -> Option<Self> {
        match std::path::Path::new(path).extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "txt" => Some(Self::Table),
            "jsonl" => Some(Self::Ndjson),
            "markdown" => Some(Self::Markdown),
            "table" | "alertmanager" | "ocsf" => None,
            other => other.parse().ok(),
        }
    }

    /// Whether one output holds all tables of a report; the others hold one.
    #[must_use]
    pub fn holds_several_tables(self) -> bool {
        matches!(self, Self::Table | Self::Markdown | Self::Json)
    }

    /// Whether it is for reports on incidents alone.
    #[must_use]
    pub fn is_for_incidents(self) -> bool {
        matches!(self, Self::Alertmanager | Self::Ocsf)
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        if let Some((_, format)) = Self::ALL.iter().find(|(known, _)| *known == name) {
            return Ok(*format);
        }
        let error = Error::usage(format!("unknown output format `{name}`"));
        let error = match nearest(name, Self::NAMES) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        };
        Err(error.hint(format!("the formats are {}", Self::NAMES.join(", "))))
    }
}

/// How the reader wants it.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Units of bytes in display formats.
    pub units: Units,
    /// Whether column names come first (table, csv, tsv).
    pub header: bool,
    /// Columns of the terminal, for `table`; unbounded where there is none.
    pub width: Option<u16>,
    /// Whether `table` may use the terminal's attributes.
    pub color: bool,
}

/// Writes one table after another, rows in any number of batches. Errors of the output are passed up unchanged.
pub trait View {
    /// Starts a table: its name, title (shown unless empty) and columns; its rows are not looked at.
    fn begin(&mut self, table: &Table) -> io::Result<()>;
    /// Writes rows of the table that was begun.
    fn rows(&mut self, rows: &[Row]) -> io::Result<()>;
    /// Ends the table, with the sums of its columns where they mean something; data formats leave them out.
    fn end(&mut self, _total: Option<&Row>) -> io::Result<()> {
        Ok(())
    }
    /// Ends the report and flushes the output.
    fn finish(&mut self, meta: &Meta) -> io::Result<()>;
}

/// The view of a format, writing to `out`.
#[must_use]
pub fn view<'a>(
    format: Format,
    style: &Style,
    report_name: &str,
    out: Box<dyn Write + Send + 'a>,
) -> Box<dyn View + Send + 'a> {
    let out = BufWriter::with_capacity(OUTPUT_BUFFER_BYTES, out);
    match format {
        Format::Table => Box::new(table::TableView::new(out, *style)),
        Format::Csv => Box::new(csv::CsvView::new(out, style.header)),
        Format::Tsv => Box::new(csv::TsvView::new(out, style.header)),
        Format::Json => Box::new(json::JsonView::new(out, report_name)),
        Format::Ndjson => Box::new(json::NdjsonView::new(out)),
        Format::Markdown => Box::new(markdown::MarkdownView::new(out, style.units)),
        Format::Parquet => Box::new(parquet::ParquetView::new(out, report_name)),
        Format::Alertmanager => Box::new(alertmanager::AlertmanagerView::new(out)),
        Format::Ocsf => Box::new(ocsf::OcsfView::new(out)),
    }
}

/// Writes a finished report: the table chosen by its name; else all of them where the format holds several, and the
/// first where it holds one. Titles are left out where a single table is written.
pub fn write<'a>(
    report: &Report,
    chosen: Option<&str>,
    format: Format,
    style: &Style,
    out: Box<dyn Write + Send + 'a>,
) -> io::Result<()> {
    let tables = match chosen {
        Some(name) => std::slice::from_ref(table_called(report, name)?),
        None if format.holds_several_tables() => &report.tables,
        None => report.tables.get(..1).unwrap_or_default(),
    };
    let is_display = matches!(format, Format::Table | Format::Markdown);
    let is_shown = |table: &&Table| {
        let is_left_out = is_display && chosen.is_none() && table.hidden_if_empty && table.rows.is_empty();
        !is_left_out
    };
    let tables: Vec<Cow<'_, Table>> = tables
        .iter()
        .filter(is_shown)
        .map(|table| if is_display { displayed(table) } else { Cow::Borrowed(table) })
        .collect();
    let mut view = view(format, style, &report.name, out);
    for table in &tables {
        let title = if tables.len() > 1 { table.title.clone() } else { String::new() };
        let (name, columns) = (table.name.clone(), table.columns.clone());
        view.begin(&Table { name, title, columns, ..Table::default() })?;
        view.rows(&table.rows)?;
        view.end(table.total.as_ref())?;
    }
    view.finish(&report.meta)
}

/// A table without the columns that say nothing to a reader.
fn displayed(table: &Table) -> Cow<'_, Table> {
    let cells = |place: usize| table.rows.iter().chain(&table.total).map(move |row| &row[place]);
    let is_zero = |place: usize| cells(place).all(|cell| matches!(cell, Cell::Integer(0) | Cell::Absent));
    let is_hidden = |(place, head): (usize, &Head)| table.hidden_if_zero.contains(&&*head.name) && is_zero(place);
    let hidden: Vec<bool> = table.columns.iter().enumerate().map(is_hidden).collect();
    if !hidden.contains(&true) {
        return Cow::Borrowed(table);
    }
    fn kept<T: Clone>(all: &[T], hidden: &[bool]) -> Vec<T> {
        all.iter().zip(hidden).filter(|(_, hidden)| !**hidden).map(|(one, _)| one.clone()).collect()
    }
    Cow::Owned(Table {
        name: table.name.clone(),
        title: table.title.clone(),
        columns: kept(&table.columns, &hidden),
        rows: table.rows.iter().map(|row| kept(row, &hidden)).collect(),
        total: table.total.as_ref().map(|row| kept(row, &hidden)),
        ..Table::default()
    })
}

fn table_called<'a>(report: &'a Report, name: &str) -> io::Result<&'a Table> {
    report.tables.iter().find(|table| table.name == name).ok_or_else(|| {
        let names: Vec<_> = report.tables.iter().map(|table| table.name.as_str()).collect();
        let message = format!("the report `{}` has no table `{name}`; available: {}", report.name, names.join(", "));
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

/// What a format of one table says to a second one.
fn one_table_only(format: &str, table: &Table) -> io::Error {
    let message = format!("{format} supports one table; remove `{}`", table.name);
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
