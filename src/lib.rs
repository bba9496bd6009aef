//! **outflow** reads VPC flow logs and tells what leaves your cloud, who sent it and what it costs.
//!
//! ```text
//! cli │ collect → decode → group → report → view │ work
//! ```
//!
//! The stages are verbs whose alphabet is the order of the data; each names only stages that sort before it.
//! `work` runs them, `cli` is the door. docs/architecture.md tells the life of a record.

pub mod error;
pub mod schema;
pub mod units;

pub mod collect;
pub mod decode;
pub mod group;
pub mod report;
pub mod view;

#[cfg(test)]
mod tidy;
