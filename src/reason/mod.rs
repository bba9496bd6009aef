//! Analyses of traffic and cost: hourly, between periods, anomalies and signals; all of it as values.
//!
//! Nothing here knows tables for people: findings are structs, and `report` makes tables of them. Everything is a pure
//! function of what was summed, wherever that is from.

pub mod anomalies;
pub mod causes;
pub mod compare;
pub mod cube;
pub mod hours;
pub mod signals;
