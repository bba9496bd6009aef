//! `anomalies`: what spiked, why, and what it cost.
//!
//! `parts` makes series of the hours, `baseline` judges them, `runs` puts flagged hours together, `fold` makes incidents of
//! runs, `why` finds their causes; `drifts` tells what rises from day to day, `explained` one incident hour by hour. Everything here is a pure function of hours and
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
mod usual;
pub mod why;

#[cfg(test)]
pub(crate) mod tests;
