//! `anomalies`: what spiked, why, and what it cost.

mod cron;
pub mod incident;
pub mod state;
pub mod suppress;
