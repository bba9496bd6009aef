//! Traffic: which way a record went, whose bytes they are, which way they took and what is charged for them.
//!
//! The stage takes a roll-up of records, as the interfaces saw them, and the tables that people keep of their estate,
//! and gives rows in which every byte stands once, with both ends, their owners, the path and the charges. It knows no
//! prices, and reads no files.

pub mod geoip;
pub mod prefixes;
pub mod ranges;
pub mod tables;
pub mod zones;
