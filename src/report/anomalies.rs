//! `anomalies`: what spiked, why, and what it cost.
//!
//! `parts` makes series of the hours, `baseline` judges them, `runs` puts flagged hours together, `fold` makes incidents of
//! runs, `why` finds their causes; `told` and `explained` write them down. Everything here is a pure function of hours and
//! settings, wherever the hours are from.

pub mod baseline;
mod cron;
pub mod decompose;
pub mod drift;
pub mod drifts;
pub mod explained;
pub mod fold;
pub mod incident;
pub mod parts;
pub mod runs;
pub mod settings;
pub mod state;
pub mod suppress;
pub mod told;
mod usual;
pub mod why;

#[cfg(test)]
mod tests;
