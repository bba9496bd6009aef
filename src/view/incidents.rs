//! Incident rows → input of alerting systems; columns are looked up by name.

use std::io;

use super::cells;
use crate::report::{Cell, Head, Row, Table};
use crate::units::human::Units;

/// Required columns.
pub(super) const COLUMNS: [&str; 9] =
    ["id", "severity", "score", "metric", "dimension", "scope", "started_at", "ended_at", "summary"];

/// The columns of a table of incidents.
pub(super) struct Columns(Vec<Head>);

impl Columns {
    /// Those of a table, if it is one of incidents.
    pub(super) fn of(table: &Table, format: &str) -> io::Result<Self> {
        let has = |name: &&&str| table.columns.iter().any(|head| head.name == **name);
        let missing: Vec<_> = COLUMNS.iter().filter(|name| !has(name)).copied().collect();
        if missing.is_empty() {
            return Ok(Self(table.columns.clone()));
        }
        let (name, missing) = (&table.name, missing.join(", "));
        let message =
            format!("{format} is for incidents, as `outflow anomalies` gives them: `{name}` has no column {missing}");
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }

    /// An incident.
    pub(super) fn row<'a>(&'a self, row: &'a Row) -> Incident<'a> {
        Incident { heads: &self.0, row }
    }
}

/// A row of incidents.
#[derive(Clone, Copy)]
pub(super) struct Incident<'a> {
    heads: &'a [Head],
    row: &'a Row,
}

impl Incident<'_> {
    /// A cell as data has it, with all its digits; none where it is absent or there is no such column.
    pub(super) fn exact(&self, name: &str) -> io::Result<Option<String>> {
        let Some((_, cell)) = self.cell(name) else { return Ok(None) };
        let mut text = Vec::new();
        cells::write_exact(&mut text, cell)?;
        String::from_utf8(text).map(Some).map_err(io::Error::other)
    }

    /// The same, and an empty text for nothing.
    pub(super) fn text(&self, name: &str) -> io::Result<String> {
        self.exact(name).map(Option::unwrap_or_default)
    }

    /// A cell in display form.
    pub(super) fn shown(&self, name: &str) -> Option<String> {
        let (head, cell) = self.cell(name)?;
        Some(cells::shown(head.kind, cell, Units::Iec))
    }

    /// A moment, in seconds.
    pub(super) fn moment(&self, name: &str) -> u32 {
        match self.cell(name) {
            Some((_, Cell::Time(seconds))) => *seconds,
            _ => 0,
        }
    }

    /// The part of the traffic: `team data`, `total`.
    pub(super) fn place(&self) -> io::Result<String> {
        let (dimension, scope) = (self.text("dimension")?, self.text("scope")?);
        Ok(if scope.is_empty() { dimension } else { format!("{dimension} {scope}") })
    }

    /// The impact beyond the expected value, in dollars and bytes, in display form.
    pub(super) fn impact(&self) -> Option<String> {
        let parts: Vec<_> = ["impact_usd", "impact_bytes"].into_iter().filter_map(|name| self.shown(name)).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The likely cause, its share and its class, in display form.
    pub(super) fn cause(&self) -> Option<String> {
        let cause = self.shown("cause")?;
        let more: Vec<_> = ["class", "cause_share"].into_iter().filter_map(|name| self.shown(name)).collect();
        Some(if more.is_empty() { cause } else { format!("{cause} ({})", more.join(", ")) })
    }

    fn cell(&self, name: &str) -> Option<(&Head, &Cell)> {
        let place = self.heads.iter().position(|head| head.name == name)?;
        self.row.get(place).filter(|cell| **cell != Cell::Absent).map(|cell| (&self.heads[place], cell))
    }
}

#[cfg(test)]
mod tests;
