//! The log of a Delta Lake table: what belongs to it at a version, and commits of which each appears whole or not at all.
//!
//! Reader version 1, writer version 2: no deletion vectors, no column mapping, no further features, so that every reader of
//! Delta Lake reads it. Data files are not looked into.
//! Source: the Delta Transaction Log Protocol, <https://github.com/delta-io/delta/blob/master/PROTOCOL.md>.

mod action;
mod checkpoint;
mod commit;
mod schema;
mod snapshot;
mod storage;
#[cfg(test)]
mod tests;

use std::io;

pub use action::{Action, Add, Format, Metadata, Protocol, Remove, Transaction, Values};
pub use checkpoint::write_checkpoint;
pub use commit::{Commit, Committed, commit, create_table, heeds_conditions};
pub use schema::{DataType, Field};
pub use snapshot::Snapshot;
pub use storage::{Local, Storage, StoredFile};

/// The folder of the log.
pub const LOG: &str = "_delta_log";

/// Why a table cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DeltaFault {
    /// A file cannot be read or written.
    #[error("{path}: {}", crate::collect::io_cause(.source))]
    Io {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: damaged{}: {cause}", .line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Damaged {
        /// The file.
        path: String,
        /// The line, from 1.
        line: Option<usize>,
        /// Why.
        cause: String,
    },
    /// The log has a gap.
    #[error("{path}: is missing")]
    Missing {
        /// The file.
        path: String,
    },
    /// The table asks for more than this can do.
    #[error("{0}")]
    Unsupported(String),
}

/// The path of a version's commit.
fn commit_path(version: u64) -> String {
    format!("{LOG}/{version:020}.json")
}
