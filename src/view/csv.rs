//! Comma- and tab-separated values, exact.
//!
//! csv is RFC 4180 with `\n` line ends; tsv quotes nothing and writes a tab, line end or backslash inside a text as
//! `\t`, `\n`, `\r`, `\\`. Absent cells are empty. Sums, titles and the account are skipped: a file of values is for
//! adding up.
//!
//! A text that starts with `=`, `+`, `-`, `@`, a tab or a carriage return is prefixed by `'`. Spreadsheets would
//! evaluate such a cell as a formula, and tags and object names are attacker-controlled; ids, addresses and names from
//! AWS never start like this. Numbers, times, shares and addresses are never touched. For exact texts, use json or
//! parquet.

use std::io::{self, Write};

use super::{View, cells, one_table_only};
use crate::report::{Cell, Meta, Row, Table};

/// Comma-separated values.
pub(super) struct CsvView<W: Write> {
    out: csv::Writer<W>,
    header: bool,
    begun: bool,
    field: Vec<u8>,
}

impl<W: Write> CsvView<W> {
    pub(super) fn new(out: W, header: bool) -> Self {
        let out = csv::WriterBuilder::new().from_writer(out);
        Self { out, header, begun: false, field: Vec::new() }
    }
}

impl<W: Write> View for CsvView<W> {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Err(one_table_only("csv", table));
        }
        let names = table.columns.iter().map(|head| &head.name);
        if self.header { self.out.write_record(names).map_err(unwrapped) } else { Ok(()) }
    }

    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            for cell in row {
                self.field.clear();
                write_inert(&mut self.field, cell)?;
                self.out.write_field(&self.field).map_err(unwrapped)?;
            }
            self.out.write_record(None::<&[u8]>).map_err(unwrapped)?;
        }
        Ok(())
    }

    fn finish(&mut self, _meta: &Meta) -> io::Result<()> {
        self.out.flush()
    }
}

/// Tab-separated values.
pub(super) struct TsvView<W: Write> {
    out: W,
    header: bool,
    begun: bool,
    field: Vec<u8>,
}

impl<W: Write> TsvView<W> {
    pub(super) fn new(out: W, header: bool) -> Self {
        Self { out, header, begun: false, field: Vec::new() }
    }
}

impl<W: Write> View for TsvView<W> {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Err(one_table_only("tsv", table));
        }
        let names: Vec<_> = table.columns.iter().map(|head| head.name.as_str()).collect();
        if self.header { writeln!(self.out, "{}", names.join("\t")) } else { Ok(()) }
    }

    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            for (place, cell) in row.iter().enumerate() {
                if place > 0 {
                    self.out.write_all(b"\t")?;
                }
                self.field.clear();
                write_inert(&mut self.field, cell)?;
                write_escaped(&mut self.out, &self.field)?;
            }
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(&mut self, _meta: &Meta) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a cell that no spreadsheet takes for a formula.
fn write_inert(field: &mut Vec<u8>, cell: &Cell) -> io::Result<()> {
    if let Cell::Text(text) = cell
        && text.starts_with(['=', '+', '-', '@', '\t', '\r'])
    {
        field.push(b'\'');
    }
    cells::write_exact(field, cell)
}

fn write_escaped(out: &mut impl Write, field: &[u8]) -> io::Result<()> {
    for piece in field.split_inclusive(|byte| b"\t\n\r\\".contains(byte)) {
        let (text, escape): (&[u8], &[u8]) = match piece {
            [text @ .., b'\t'] => (text, b"\\t"),
            [text @ .., b'\n'] => (text, b"\\n"),
            [text @ .., b'\r'] => (text, b"\\r"),
            [text @ .., b'\\'] => (text, b"\\\\"),
            text => (text, b""),
        };
        out.write_all(text)?;
        out.write_all(escape)?;
    }
    Ok(())
}

/// The output's own error, so that a broken pipe is still seen to be one.
fn unwrapped(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, format!("csv could not be written: {other:?}")),
    }
}
