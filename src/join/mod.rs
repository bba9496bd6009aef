//! Traffic: the direction of records, deduplicated bytes, their routes and charges.
//!
//! The stage takes a roll-up of records, as logged by the interfaces, and the user's tables, and returns rows in which
//! every byte appears once, with both endpoints, their owners, the path and the charges. It has no prices, and reads no
//! files.

mod bits;
mod charges;
mod count;
mod ends;
mod estate;
pub mod frame;
mod gate;
pub mod geoip;
mod index;
mod kept;
mod known;
mod learn;
mod output;
pub mod owners;
mod path;
pub mod prefixes;
pub mod ranges;
mod row;
mod rows;
mod sides;
pub mod tables;
#[cfg(test)]
pub(crate) mod tests;
mod traffic;
mod vantage;

pub use ends::UNKNOWN_PLACES;
pub use estate::{Enis, TAG_COLUMNS, WATCH_SLACK_SECONDS};
pub use kept::{EPHEMERAL_PORT_MIN, Kept, OTHER_PORT};
pub use output::{Sink, Wanted};
pub use path::path_names;
pub use rows::{OWNER_KEYS_MAX, Writer};
pub use traffic::{ChargeTo, Shards, Sources, Traffic};
pub use vantage::{Facts, passes_through, spec};
