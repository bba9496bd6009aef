//! **outflow** reads VPC flow logs and tells what leaves your cloud and who sent it.
//!
//! ```text
//! cli │ collect → decode → group → join → price → reason → report → view │ work
//! ```
//!
//! The stages are verbs whose alphabet is the order of the data; each names only stages that sort before it.
//! `work` runs them, `cli` is the door. docs/architecture.md tells the life of a record.

pub mod error;

pub mod schema;
pub mod units;

pub mod cli;

pub mod collect;
pub mod decode;
pub mod group;
pub mod join;
pub mod price;
pub mod reason;
pub mod report;
pub mod view;

pub mod work;

#[cfg(test)]
mod tidy;
