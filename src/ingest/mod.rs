//! Sums of records ↔ a store: a Delta Lake table whose rows are hourly facts, the hours of interfaces, and the ledger of
//! the objects that were read.
//!
//! Values become files here and files values; what is read when, and which objects, `work` decides. Nothing is joined: tags,
//! networks and prices are those of the day on which a question is asked.

pub mod delta;
mod facts;
mod file;
mod hourly;
mod objects;
mod rewrite;
mod table;

pub use facts::{files, spec};
pub use file::Written;
pub use hourly::Hourly;
pub use objects::{Status, StoredObject, read as read_objects, write as write_objects};
pub use rewrite::{Rewritten, merged, rows_by_object, without};
pub use table::{Part, check, metadata};

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Sums of records by object, hour and all that decides ends, path and charge.
    Fact,
    /// What records say of an interface in an hour.
    Interface,
    /// The objects that were read.
    Object,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Fact, Self::Interface, Self::Object];

    /// Its value in the table's column `kind`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Interface => "interface",
            Self::Object => "object",
        }
    }
}
