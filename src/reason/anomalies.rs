//! `anomalies`: what spiked, why, and what it cost.
//!
//! `parts` builds series from the hours, `baseline` judges them, `runs` joins flagged hours, `fold` merges runs into
//! incidents, `why` finds their causes; `drifts` detects slow increases, `explained` shows one incident hour by hour.
//! All of it are pure functions of hours and settings, independent of the source.

pub mod baseline;
pub mod callers;
mod conversations;
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
