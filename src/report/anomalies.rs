//! What `anomalies` says: incidents and their causes, one of them in full, and what rises from day to day.
//!
//! Nothing is found here; that is [`crate::reason::anomalies`].

pub mod drifts;
pub mod explained;
pub mod tables;

#[cfg(test)]
mod tests;
