//! **outflow** reads VPC flow logs and shows what leaves your cloud and who sent it.
//!
//! ```text
//! cli │ collect → decode → group → ingest → join → price → reason → report → view │ work
//! ```
//!
//! Stages are verbs, alphabetical in the order of the data; each uses only stages that sort before it. `work` runs
//! them, `cli` is the entry point. docs/architecture.md follows a record through the stages.

pub mod error;

pub mod schema;
pub mod units;

pub mod cli;

pub mod collect;
pub mod decode;
pub mod group;
pub mod ingest;
pub mod join;
pub mod price;
pub mod reason;
pub mod report;
pub mod view;

pub mod work;

#[cfg(test)]
mod tidy;
