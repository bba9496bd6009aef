//! A partial as a Parquet file and back: what a leaf sends to the root, and what other engines read as a table.
//!
//! A row is a group: its key columns by name (columns grouped as one are separate), whether its records were rejected,
//! and its sums. Addresses are text, masked ones with their prefix; times UTC timestamps; sums unsigned 64-bit
//! integers; absent values null. Other readers see a plain Parquet file. Between rows and footer is additional data as
//! lines of text in a table of its own, and the footer has a note on both. Checksums detect damage that Parquet does
//! not.
//!
//! Rows are in no order that means anything. What the lines and the note's own part mean, the caller knows.

mod blocks;
mod columns;
mod digest;
mod read;
mod write;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decode::parquet::ParquetFault;

pub use blocks::blocks;
pub use columns::{address_array, text_array};
pub(super) use digest::Groups;
pub use read::{Tallied, Wire, WireGroups, WireReader};
pub use write::write;

/// The version of this format; others are rejected.
pub const VERSION: u32 = 1;
/// The key of the file's note.
const NOTE: &str = "outflow";

/// The footer's note on the rest of the file.
#[derive(Debug, Deserialize, Serialize)]
struct Note {
    version: u32,
    /// The caller's part.
    head: Value,
    rows: u64,
    /// The sum of the rows' digests.
    digest: u64,
    lines: Lines,
}

/// Where the lines are.
#[derive(Debug, Deserialize, Serialize)]
struct Lines {
    offset: u64,
    bytes: u64,
    check: u32,
}

/// Why a written form cannot be read, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WireFault(String);

impl From<String> for WireFault {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl From<&str> for WireFault {
    fn from(message: &str) -> Self {
        Self(message.to_owned())
    }
}

impl From<ParquetFault> for WireFault {
    fn from(fault: ParquetFault) -> Self {
        Self(fault.to_string())
    }
}

/// A note begins with this many digits of its check sum, and a space.
const CHECK_DIGITS: usize = 8;

impl Note {
    fn write(&self) -> Result<String, WireFault> {
        let text = serde_json::to_string(self).map_err(|error| error.to_string())?;
        Ok(format!("{:0CHECK_DIGITS$x} {text}", crc32fast::hash(text.as_bytes())))
    }

    fn read(note: &str) -> Result<Self, WireFault> {
        let damaged = || "the note in its footer is damaged".to_owned();
        let (check, text) = note.split_at_checked(CHECK_DIGITS).ok_or_else(damaged)?;
        let text = text.strip_prefix(' ').ok_or_else(damaged)?;
        if u32::from_str_radix(check, 16) != Ok(crc32fast::hash(text.as_bytes())) {
            return Err(damaged().into());
        }
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(text).map_err(|_| damaged())?;
        if version != VERSION {
            return Err(format!("it has version {version}; this outflow supports version {VERSION}").into());
        }
        serde_json::from_str(text).map_err(|_| damaged().into())
    }
}
