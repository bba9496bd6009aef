//! Analyses of traffic and cost: hourly, between periods, anomalies and signals; all of it as values.
//!
//! Findings are structs, and `report` formats them. Everything is a pure function of the aggregated data, independent
//! of the source.

pub mod anomalies;
pub mod causes;
pub mod compare;
pub mod coverage;
pub mod cube;
pub mod hours;
pub mod reconcile;
pub mod signals;
