//! Markdown tables, followed by the report's notes and warnings.
//!
//! Cells are not padded: renderers align the columns. Texts are escaped so that they cannot end a cell, be markup or
//! load an image.

use std::io::{self, Write};

use super::{View, cells};
use crate::report::{Head, Meta, Row, Table};
use crate::units::human;
use crate::units::human::Units;

/// Markdown tables.
pub(super) struct MarkdownView<W> {
    out: W,
    units: Units,
    columns: Vec<Head>,
    tables: usize,
}

impl<W: Write> MarkdownView<W> {
    pub(super) fn new(out: W, units: Units) -> Self {
        Self { out, units, columns: Vec::new(), tables: 0 }
    }

    fn write_line<T: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = T>) -> io::Result<()> {
        for text in texts {
            write!(self.out, "| {} ", text.as_ref())?;
        }
        self.out.write_all(b"|\n")
    }

    fn write_list(&mut self, title: &str, texts: &[String]) -> io::Result<()> {
        if !texts.is_empty() {
            writeln!(self.out, "\n{title}:\n")?;
        }
        texts.iter().try_for_each(|text| writeln!(self.out, "- {}", escaped(&human::harmless(text))))
    }
}

impl<W: Write> View for MarkdownView<W> {
    fn begin(&mut self, table: &Table) -> io::Result<()> {
        if self.tables > 0 {
            self.out.write_all(b"\n")?;
        }
        self.tables += 1;
        if !table.title.is_empty() {
            writeln!(self.out, "## {}\n", escaped(&human::harmless(&table.title)))?;
        }
        self.columns.clone_from(&table.columns);
        self.write_line(table.columns.iter().map(|head| escaped(&human::harmless(&head.name))))?;
        let rule = |head: &Head| if cells::is_numeric(head.kind) { "---:" } else { "---" };
        self.write_line(table.columns.iter().map(rule))
    }

    fn rows(&mut self, rows: &[Row]) -> io::Result<()> {
        for row in rows {
            let texts = cells::shown_row(&self.columns, row, self.units);
            self.write_line(texts.iter().map(|text| escaped(text)))?;
        }
        Ok(())
    }

    fn end(&mut self, total: Option<&Row>) -> io::Result<()> {
        let Some(total) = total else { return Ok(()) };
        let texts = cells::shown_total(&self.columns, total, self.units);
        self.write_line(texts.iter().map(|text| escaped(text)))
    }

    fn finish(&mut self, meta: &Meta) -> io::Result<()> {
        self.write_list("Notes", &meta.notes)?;
        self.write_list("Warnings", &meta.warnings)?;
        self.out.flush()
    }
}

/// A text without markup. An underscore inside a word is no markup, and names are full of them.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut in_word = false;
    for character in text.chars() {
        if "\\|`*[]<>&~".contains(character) || character == '_' && !in_word {
            safe.push('\\');
        }
        in_word = character.is_alphanumeric();
        safe.push(character);
    }
    safe
}
