//! What is joined with records, from files: the user's tables, AWS's ranges, databases of places.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::prices::whole;
use super::tables;
use crate::error::Error;
use crate::join::geoip::GeoIp;
use crate::join::owners::{Owners, TagTable};
use crate::join::ranges::Ranges;
use crate::join::tables::Tables;
use crate::join::{ChargeTo, Sources};
use crate::schema::Column;

/// The most bytes that a file of address ranges or of places may have.
pub const PLACES_BYTES_MAX: u64 = 1 << 30;

/// Tables of the estate, read but not yet joined.
#[derive(Debug)]
pub struct EstateTables {
    tables: Tables,
    tag_table: TagTable,
    /// The columns of records that hold tags, with the tags' keys.
    tag_columns: Vec<(Column, Arc<str>)>,
}

impl EstateTables {
    /// Reads tables from files and folders.
    ///
    /// # Errors
    /// If one cannot be read, is no table, or has faults.
    pub fn read(paths: &[String], tag_columns: Vec<(Column, Arc<str>)>) -> Result<Self, Error> {
        let tables = if paths.is_empty() { Tables::default() } else { tables(paths)? };
        let tag_table = TagTable::read(tables.tag_tables.iter().map(|(name, bytes)| (&**name, bytes.as_slice())))?;
        Ok(Self { tables, tag_table, tag_columns })
    }

    /// Every key that owners can be asked by.
    #[must_use]
    pub fn owner_keys(&self) -> BTreeSet<Arc<str>> {
        let listed = self.tables.tags.iter().flat_map(|of| &of.tags).map(|(key, _)| Arc::clone(key));
        let columns = self.tag_columns.iter().map(|(_, key)| Arc::clone(key));
        self.tag_table.keys().map(Arc::from).chain(listed).chain(columns).collect()
    }

    /// The names of the tag tables, in their order.
    #[must_use]
    pub fn tag_files(&self) -> Vec<String> {
        self.tables.tag_tables.iter().map(|(name, _)| name.to_string()).collect()
    }

    /// Adds a warning on how the tables are used.
    pub fn warn(&mut self, warning: Option<String>) {
        self.tables.warnings.extend(warning);
    }

    /// Everything that records are joined with, owners by these keys.
    ///
    /// # Errors
    /// If ranges or places cannot be read.
    pub fn sources(self, owner_keys: &[Arc<str>], ip_ranges: Option<&str>, geoip: &[String]) -> Result<Sources, Error> {
        let v11_keys: Vec<_> = self.tag_columns.iter().map(|(_, key)| Arc::clone(key)).collect();
        let owners = Owners::of(owner_keys, &self.tag_table, &self.tables.tags, &v11_keys)?;
        let column = |key: &Arc<str>| self.tag_columns.iter().find(|(_, of)| of == key).map(|(column, _)| *column);
        let v11_tags = owner_keys.iter().map(column).collect();
        let ranges = match ip_ranges {
            Some(path) => Ranges::read(path, &places(path)?)?,
            None => Ranges::embedded()?,
        };
        let mut tables = self.tables;
        tables.faults.extend(ranges.warnings.iter().cloned());
        let mut geography = GeoIp::default();
        for path in geoip {
            geography.add(path, places(path)?)?;
        }
        Ok(Sources {
            tables,
            ranges: Arc::new(ranges),
            geography,
            owners,
            v11_tags,
            charge_to: ChargeTo::default(),
            every_view: false,
        })
    }
}

fn places(path: &str) -> Result<Vec<u8>, Error> {
    let name = Path::new(path).display();
    whole(path, PLACES_BYTES_MAX)?.ok_or_else(|| {
        Error::limit(format!("{name}: has more than {PLACES_BYTES_MAX} bytes")).hint("is it the right file?")
    })
}
