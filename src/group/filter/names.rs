//! Names in an expression: record columns, and traffic columns if enabled.

use crate::error::Error;
use crate::schema::{Column, Stage};

/// Names for two columns: a test passes if either column passes.
pub(super) const PAIRS: [(&str, [Column; 2]); 2] =
    [("addr", [Column::Src, Column::Dst]), ("anyport", [Column::Srcport, Column::Dstport])];

/// Other names than record columns.
pub trait Names {
    /// Whether columns of traffic may be named.
    fn take_traffic(&self) -> bool;

    /// The column of owners by a key, if the name is one, perhaps after `src_` or `dst_`.
    ///
    /// # Errors
    /// For too many owner keys.
    fn owner(&mut self, name: &str) -> Result<Option<Column>, Error>;

    /// The available owner keys.
    fn owner_keys(&self) -> Vec<&str>;

    /// The texts of a column of traffic, where only these are possible.
    fn texts(&self, column: Column) -> Option<Vec<&'static str>>;
}

/// Columns of records alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfRecords;

impl Names for OfRecords {
    fn take_traffic(&self) -> bool {
        false
    }

    fn owner(&mut self, _: &str) -> Result<Option<Column>, Error> {
        Ok(None)
    }

    fn owner_keys(&self) -> Vec<&str> {
        Vec::new()
    }

    fn texts(&self, _: Column) -> Option<Vec<&'static str>> {
        None
    }
}

/// Columns of traffic and owners as an expression named them, to read it once more elsewhere.
#[derive(Clone, Debug, Default)]
pub struct AsNamed(pub Vec<(String, Column)>);

impl Names for AsNamed {
    fn take_traffic(&self) -> bool {
        true
    }

    fn owner(&mut self, name: &str) -> Result<Option<Column>, Error> {
        Ok(self.0.iter().find(|(known, _)| known == name).map(|(_, column)| *column))
    }

    fn owner_keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn texts(&self, _: Column) -> Option<Vec<&'static str>> {
        None
    }
}

/// The column of a name or alias, with or without underscores; internal columns excluded.
pub(super) fn column(typed: &str) -> Option<Column> {
    let exact = || Column::of_name(&typed.to_ascii_lowercase());
    let loose = || Column::names().find(|name| plain(name) == plain(typed)).and_then(Column::of_name);
    exact().or_else(loose).filter(|column| !column.is_inner())
}

/// The column of a canonical name, without aliases and other spellings.
pub(super) fn exact_column(typed: &str) -> Option<Column> {
    Column::all().find(|column| column.name() == typed && !column.is_inner())
}

/// The columns of a pair's name.
pub(super) fn pair(typed: &str) -> Option<[Column; 2]> {
    PAIRS.iter().find(|(name, _)| *name == plain(typed)).map(|(_, columns)| *columns)
}

/// Whether a column's value stands in the record, or is derived from the record alone.
pub(super) fn is_of_record(column: Column) -> bool {
    column.stage() != Stage::Join
}

fn plain(name: &str) -> String {
    name.replace(['_', '-'], "").to_ascii_lowercase()
}
