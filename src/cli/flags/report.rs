//! The flags of every command that joins records and prices them: the tables, the prices, and where the report goes.

use clap::Args;

use super::OutputFlags;
use super::pricing::PricingFlags;
use super::tables::TableFlags;

/// What is joined, what it costs, and where the report goes, as typed.
#[derive(Debug, Args)]
pub(in crate::cli) struct ReportFlags {
    #[command(flatten)]
    pub(in crate::cli) tables: TableFlags,

    #[command(flatten)]
    pub(in crate::cli) pricing: PricingFlags,

    #[command(flatten)]
    pub(in crate::cli) output: OutputFlags,
}
