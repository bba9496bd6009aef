//! `anomalies`: what spiked, why, and what it cost.

pub mod baseline;
mod cron;
pub mod decompose;
pub mod drift;
pub mod incident;
pub mod state;
pub mod suppress;
