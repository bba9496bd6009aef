//! The configuration as tables: every setting with its origin, or the errors of a file.

use super::{Cell, Head, Report, Row, Table};
use crate::schema::output::{self, CellKind};

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// Its value where nothing is said.
    pub default: String,
    /// Who says so.
    pub origin: String,
}

/// A window of suppression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Why.
    pub reason: String,
    /// When.
    pub when: String,
    /// Of which metric; all without.
    pub metric: Option<String>,
    /// Of which part of the traffic; all without.
    pub scope: Option<String>,
    /// Until when it applies.
    pub expires: String,
    /// Whether it applies now.
    pub in_force: bool,
}

/// Something that is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The line, from 1.
    pub line: u64,
    /// The character in it, from 1.
    pub column: u64,
    /// The error message.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<String>,
}

/// All settings.
#[must_use]
pub fn shown(settings: &[Setting], windows: &[Window]) -> Report {
    let setting = |setting: &Setting| -> Row {
        let Setting { name, value, default, origin } = setting;
        vec![(*name).into(), value.as_str().into(), default.as_str().into(), origin.as_str().into()]
    };
    let parameters = Table {
        name: "parameters".to_owned(),
        title: "Detector parameters".to_owned(),
        columns: [output::PARAMETER, output::VALUE, output::DEFAULT, output::ORIGIN].map(Into::into).to_vec(),
        rows: settings.iter().map(setting).collect(),
        ..Table::default()
    };
    let suppress = Table {
        name: "suppress".to_owned(),
        title: "Suppressed hours".to_owned(),
        columns: ["reason", "when", "metric", "scope", "expires", "in_force"].map(text_head).to_vec(),
        rows: windows.iter().map(Window::row).collect(),
        ..Table::default()
    };
    Report { name: "config".to_owned(), tables: vec![parameters, suppress], ..Report::default() }
}

/// Errors of a file.
#[must_use]
pub fn checked(faults: &[ConfigError]) -> Report {
    let fault = |fault: &ConfigError| -> Row {
        let hints = if fault.hints.is_empty() { Cell::Absent } else { fault.hints.join("; ").into() };
        vec![fault.line.into(), fault.column.into(), fault.message.as_str().into(), hints]
    };
    let column = Head { kind: CellKind::Integer, ..output::COLUMN.into() };
    let columns = vec![output::LINE.into(), column, output::FAULT.into(), output::HINT.into()];
    let (name, title) = ("faults".to_owned(), "Errors".to_owned());
    let faults = Table { name, title, columns, rows: faults.iter().map(fault).collect(), ..Table::default() };
    Report { name: "config".to_owned(), tables: vec![faults], ..Report::default() }
}

impl Window {
    fn row(&self) -> Row {
        let optional = |text: &Option<String>| Cell::from(text.as_deref());
        let in_force = if self.in_force { "yes" } else { "no" };
        vec![
            self.reason.as_str().into(),
            self.when.as_str().into(),
            optional(&self.metric),
            optional(&self.scope),
            self.expires.as_str().into(),
            in_force.into(),
        ]
    }
}

fn text_head(name: &str) -> Head {
    Head { name: name.to_owned(), kind: CellKind::Text }
}
