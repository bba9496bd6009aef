//! What AWS billed: line items of a bill (CUR, CUR 2.0, FOCUS) → sums of transfer by resource and hour, and of all else
//! by what it is.
//!
//! A bill and flow logs measure the same bytes: IP packets with their headers (in a bill of 2024 the smallest quantities
//! are 40 and 44 bytes, a bare SYN). So nothing is scaled here. Which files make up a bill is not known here, nor what
//! the logs say of it.

mod columns;
mod item;
mod manifest;
mod meter;
mod number;
mod rows;
mod sums;
#[cfg(test)]
mod tests;

pub use columns::Columns;
pub use item::{Fault, Kind, LineItem, is_known_kind, resource_id};
pub use manifest::{Chosen, MANIFEST_BYTES_MAX, Manifest, choose, is_manifest};
pub use meter::{Family, Meter, Metered, metered};
pub use number::USD_UNITS;
pub use rows::read_csv;
pub use sums::{BilledLine, Faults, Rest, RestByKind, RestKey, Statement};

use super::money::GB_BYTES;
