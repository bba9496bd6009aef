//! JSON, exact, written as it comes: one object with all tables, or (ndjson) one object per row.
//!
//! Whole numbers are always JSON numbers with all their digits, also beyond 2⁵³: a reader that keeps numbers as
//! floats must take care of that itself. Money and other decimals are numbers too, so that readers can sum them, exact but
//! for a reader that rounds to floats; shares are numbers with six decimals, moments RFC 3339 texts, absent cells null. Characters that a terminal might obey are written as `\u` escapes, which mean the same text.

use std::io::{self, Write};

use serde::Serialize;

use super::{View, cells, one_table_only};
use crate::report::{Cell, Meta, Row, Table};
use crate::units::human;

/// One object: `report`, `tables` (a row per line), `totals` where a table has one, and `meta`.
pub(super) struct JsonView<W> {
    out: W,
    report_name: String,
    table_name: String,
    keys: Vec<String>,
    tables: usize,
    rows: usize,
    /// The members of `totals`, as JSON.
    totals: Vec<String>,
}

impl<W: Write> JsonView<W> {
    pub(super) fn new(out: W, report_name: &str) -> Self {
        let (report_name, table_name) = (report_name.to_owned(), String::new());
        Self { out, report_name, table_name, keys: Vec::new(), tables: 0, rows: 0, totals: Vec::new() }
    }

    fn open(&mut self) -> io::Result<()> {
        write!(self.out, "{{\"report\":{},\"tables\":{{", quoted(&self.report_name)?)
    }
}

impl<W: Write> View for JsonView<W> {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        if self.tables == 0 {
            self.open()?;
        } else {
            self.out.write_all(b",")?;
        }
        self.tables += 1;
        self.rows = 0;
        self.keys = keys(table)?;
        self.table_name = quoted(&table.name)?;
        write!(self.out, "\n{}:[", self.table_name)
    }

    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            self.out.write_all(if self.rows == 0 { b"\n" } else { b",\n" })?;
            self.rows += 1;
            write_row(&mut self.out, &self.keys, row)?;
        }
        Ok(())
    }

    fn end(&mut self, total: Option<&Row>) -> io::Result<()> {
        if let Some(total) = total {
            let mut json = Vec::new();
            write!(json, "{}:", self.table_name)?;
            write_row(&mut json, &self.keys, total)?;
            self.totals.push(String::from_utf8(json).map_err(io::Error::other)?);
        }
        self.out.write_all(b"\n]")
    }

    fn finish(&mut self, meta: &Meta) -> io::Result<()> {
        if self.tables == 0 {
            self.open()?;
        }
        self.out.write_all(b"\n},\n")?;
        if !self.totals.is_empty() {
            writeln!(self.out, "\"totals\":{{{}}},", self.totals.join(","))?;
        }
        write_meta(&mut self.out, meta)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

/// One object per row and nothing else.
pub(super) struct NdjsonView<W> {
    out: W,
    begun: bool,
    keys: Vec<String>,
}

impl<W: Write> NdjsonView<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, begun: false, keys: Vec::new() }
    }
}

impl<W: Write> View for NdjsonView<W> {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Err(one_table_only("ndjson", table));
        }
        self.keys = keys(table)?;
        Ok(())
    }

    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            write_row(&mut self.out, &self.keys, row)?;
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(&mut self, _meta: &Meta) -> io::Result<()> {
        self.out.flush()
    }
}

/// The column names as JSON texts.
fn keys(table: &Table) -> io::Result<Vec<String>> {
    table.columns.iter().map(|head| quoted(&head.name)).collect()
}

fn write_row(out: &mut impl Write, keys: &[String], row: &Row) -> io::Result<()> {
    let mut mark = "{";
    for (key, cell) in keys.iter().zip(row) {
        write!(out, "{mark}{key}:")?;
        write_cell(out, cell)?;
        mark = ",";
    }
    out.write_all(if mark == "{" { b"{}" } else { b"}" })
}

fn write_cell(out: &mut impl Write, cell: &Cell) -> io::Result<()> {
    match cell {
        Cell::Absent | Cell::Share { whole: 0, .. } | Cell::Change { was: 0, .. } => out.write_all(b"null"),
        Cell::Text(text) => out.write_all(quoted(text)?.as_bytes()),
        Cell::Integer(_) | Cell::Share { .. } | Cell::Change { .. } => cells::write_exact(out, cell),
        Cell::Usd(_) | Cell::Amount { .. } | Cell::Decimal { .. } | Cell::Exact { .. } | Cell::Signed { .. } => {
            cells::write_exact(out, cell)
        }
        Cell::Address(_) | Cell::Prefix(..) | Cell::Time(_) | Cell::Date(_) => {
            out.write_all(b"\"")?;
            cells::write_exact(out, cell)?;
            out.write_all(b"\"")
        }
    }
}

fn write_meta(out: &mut impl Write, meta: &Meta) -> io::Result<()> {
    let side = |side: Option<u32>| match side {
        Some(seconds) => format!("\"{}\"", human::moment(seconds)),
        None => "null".to_owned(),
    };
    let (from, to) = (side(meta.window.0), side(meta.window.1));
    write!(out, "\"meta\":{{\"window\":{{\"from\":{from},\"to\":{to}}},\"objects\":{},", meta.objects)?;
    write!(out, "\"pruned_objects\":{},\"stored_bytes\":{},\"account\":{{", meta.pruned_objects, meta.stored_bytes)?;
    for (place, line) in meta.account.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let class = quoted(line.class)?;
        write!(out, "{comma}{class}:{{\"records\":{},\"bytes\":{}}}", line.records, line.bytes)?;
    }
    let (notes, warnings) = (list(&meta.notes)?, list(&meta.warnings)?);
    write!(out, "}},\"notes\":[{notes}],\"warnings\":[{warnings}],\"incomplete\":{}}}", meta.incomplete)
}

fn list(texts: &[String]) -> io::Result<String> {
    Ok(texts.iter().map(|text| quoted(text)).collect::<io::Result<Vec<_>>>()?.join(","))
}

/// A text as JSON.
fn quoted(text: &str) -> io::Result<String> {
    written(text)
}

/// Any value as JSON. What hides itself can only stand within texts, where its escapes mean the same.
pub(super) fn written(value: &(impl Serialize + ?Sized)) -> io::Result<String> {
    let json = serde_json::to_string(value)?;
    if !json.contains(human::is_hidden) {
        return Ok(json);
    }
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        if human::is_hidden(character) {
            let units =
                character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            safe.push_str(&units);
        } else {
            safe.push(character);
        }
    }
    Ok(safe)
}
