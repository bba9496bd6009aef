//! Flows → sums by key.

pub mod derive;
pub mod filter;
