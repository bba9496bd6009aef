//! Why a Parquet file, or the rest of it, cannot be read.

use std::io;
use std::ops::Range;

use arrow_schema::DataType;
use parquet::errors::ParquetError;

use crate::schema::Column;
use crate::units::human::{self, Units};

/// Errors of a Parquet file, as lower-case fragments.
#[derive(Debug, thiserror::Error)]
pub enum ParquetFault {
    /// The footer does not hold what it says.
    #[error("damaged Parquet footer")]
    Footer,
    /// A number of the file leads out of it.
    #[error("damaged Parquet: bytes {0:?} are not in the file")]
    Range(Range<u64>),
    /// Column chunks lie outside of the file or over each other.
    #[error("damaged Parquet: the columns of row group {0} are not in the file")]
    Chunks(usize),
    /// There are other rows than the footer says.
    #[error("damaged Parquet: row group {group} has {found} rows of {expected}")]
    Rows {
        /// The row group, from 0.
        group: usize,
        /// Rows that were decoded.
        found: u64,
        /// Rows by the footer.
        expected: u64,
    },
    /// The library refuses it.
    #[error("damaged Parquet: {0}")]
    Damaged(#[from] ParquetError),
    /// The library panicked.
    #[error("damaged Parquet: its pages contradict each other")]
    Contradiction,
    /// A page header at this byte of its column chunk cannot be.
    #[error("damaged page header at byte {0} of the column chunk")]
    Page(usize),
    /// Its pages are larger than memory may be.
    #[error(
        "its pages need {} of memory, over the limit of {} (--memory)",
        human::bytes(u128::from(*needed_bytes), Units::Iec),
        human::bytes(*most_bytes as u128, Units::Iec)
    )]
    Memory {
        /// What they need, about.
        needed_bytes: u64,
        /// What there may be.
        most_bytes: usize,
    },
    /// Texts whose reader cannot be bounded; see `pages.rs`.
    #[error("delta-encoded strings are not supported; write the file with plain or dictionary pages")]
    DeltaTexts,
    /// The store gives fewer bytes than there are.
    #[error("{found} of {length} bytes could be read at byte {at}")]
    Short {
        /// Where they begin.
        at: u64,
        /// How many were requested.
        length: usize,
        /// How many came.
        found: usize,
    },
    /// The store gives nothing.
    #[error("{0}")]
    Store(#[from] io::Error),
    /// It has other columns than those requested.
    #[error("its columns are not the requested ones")]
    Columns,
    /// There is no such row group.
    #[error("there is no row group {0}")]
    NoGroup(usize),
    /// A column is not where the schema has it.
    #[error("a column chunk gave no values for {0}")]
    NoValues(String),
    /// A column has values of another type than the schema says.
    #[error("values of type {0} are none of a flow log")]
    Type(DataType),
    /// The same within a dictionary.
    #[error("a dictionary of {0} is none of a flow log")]
    DictionaryType(DataType),
    /// A column is of a type that has no text.
    #[error("column {column} holds {held}, which cannot be read")]
    NoTexts {
        /// The column, as the file names it.
        column: String,
        /// Its type.
        held: DataType,
    },
    /// A different file type, recognised by some of its columns.
    #[error("not a flow log: its {columns} columns are {names}")]
    NoFlowLog {
        /// How many columns there are.
        columns: usize,
        /// The first ones.
        names: String,
    },
    /// Two columns are the same field.
    #[error("has the field {} twice", .0.name())]
    Twice(Column),
    /// A column of a flow log holds something else.
    #[error("not a flow log's types: column {column} holds {held}")]
    Misfit {
        /// The column, as the file names it.
        column: String,
        /// Its type.
        held: DataType,
    },
}

/// The output's own error, so that a broken pipe is still seen to be one.
pub(crate) fn unwrapped(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    }
}
