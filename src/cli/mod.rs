//! The door: what was typed → a job, its answer → a file or the terminal, talk → stderr, the end → an exit code.
//!
//! The only stage that knows clap, the terminal, the environment and the clock.

mod anomalies;
mod compare;
mod config;
mod cost;
mod dimensions;
mod fields;
mod flags;
mod flows;
mod inspect;
mod interrupt;
mod job;
mod log;
mod notice;
mod output;
mod pivot;
mod prices;
mod signals;
mod split;
mod sql;
mod state;
mod top;
mod transfer;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::{Error, Exit};

/// What leaves your cloud and who sent it: VPC flow logs, read fast and exactly
///
/// Reads AWS VPC flow logs (text, gzip, Parquet) from S3, files, folders, globs or standard input and reports exact
/// sums. Data goes to standard output, talk to standard error.
#[derive(Debug, Parser)]
#[command(name = "outflow", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 finished but something is missing from the answer, 4 a check \
                  found something wrong"
)]
struct Outflow {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    log: log::LogFlags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Who talks most: sums by any columns, the greatest first
    #[command(after_long_help = flags::FILTERS_OF_TRAFFIC)]
    Top(Box<top::TopFlags>),
    /// What traffic costs: by team or any other owner, account, region, path…, and charge
    #[command(after_long_help = flags::FILTERS_OF_TRAFFIC)]
    Cost(Box<cost::CostFlags>),
    /// What changed since another period, and why: new, gone, grew, shrank, by price and by path
    #[command(after_long_help = flags::FILTERS_OF_TRAFFIC)]
    Compare(Box<compare::CompareFlags>),
    /// What goes between regions, zones, owners…: bytes and dollars by path, and what would be cheaper
    #[command(after_long_help = flags::FILTERS_OF_TRAFFIC)]
    Transfer(Box<transfer::TransferFlags>),
    /// What spiked, why, and what it cost: incidents with their causes
    #[command(after_long_help = flags::FILTERS_OF_TRAFFIC)]
    Anomalies(Box<anomalies::AnomaliesFlags>),
    /// Two-way sums: one key down, another across
    #[command(after_long_help = flags::FILTERS_OF_TRAFFIC)]
    Pivot(Box<pivot::PivotFlags>),
    /// Ask with SQL: tables of records, of traffic in which each byte stands once, and of dollars
    Sql(Box<sql::SqlFlags>),
    /// The records themselves: filter, pick columns, write (also converts text logs to Parquet)
    #[command(after_long_help = flags::FILTERS_OF_RECORDS)]
    Flows(flows::FlowsFlags),
    /// What is in these logs: formats, fields, interfaces, gaps, damage, and what each question will lack
    #[command(after_long_help = flags::FILTERS_OF_RECORDS)]
    Inspect(inspect::InspectFlags),
    /// The columns there are, for --by, --where and --columns
    Fields(fields::FieldsFlags),
    /// What traffic is priced by: show the prices, check a table, make one of AWS's price lists
    #[command(subcommand)]
    Prices(prices::PricesCommand),
    /// What is configured: show it, check a file
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Write the plan of a question, for several processes
    #[command(hide = true)]
    Plan(split::PlanFlags),
    /// Sum units of a plan
    #[command(hide = true)]
    Leaf(split::LeafFlags),
    /// Answer a plan's question from ledgers
    #[command(hide = true)]
    Root(split::RootFlags),
}

/// Runs the program on its arguments.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let matches = match Outflow::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return told_by_clap(&error),
    };
    let ended = match Outflow::from_arg_matches(&matches) {
        Ok(outflow) => {
            outflow.log.start(&matches);
            outflow.command.run()
        }
        Err(error) => return told_by_clap(&error),
    };
    ended.unwrap_or_else(|error| {
        notice::error(&error);
        error.exit()
    })
}

impl Command {
    fn run(self) -> Result<Exit, Error> {
        match self {
            Self::Top(flags) => flags.run(),
            Self::Cost(flags) => flags.run(),
            Self::Compare(flags) => flags.run(),
            Self::Transfer(flags) => flags.run(),
            Self::Anomalies(flags) => flags.run(),
            Self::Pivot(flags) => flags.run(),
            Self::Sql(flags) => flags.run(),
            Self::Flows(flags) => flags.run(),
            Self::Inspect(flags) => flags.run(),
            Self::Fields(flags) => flags.run(),
            Self::Prices(command) => command.run(),
            Self::Config(command) => command.run(),
            Self::Plan(flags) => flags.run(),
            Self::Leaf(flags) => flags.run(),
            Self::Root(flags) => flags.run(),
        }
    }
}

/// Help and version are answers; everything else that clap says is a usage error.
fn told_by_clap(error: &clap::Error) -> Exit {
    notice::clap_error(error);
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}
