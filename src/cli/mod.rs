//! The command line: arguments → job, report → file or terminal, messages → stderr, result → exit code.
//!
//! The only stage that knows clap, the terminal, the environment and the clock.

mod advise;
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
mod misspelt;
mod notice;
mod output;
mod panics;
mod pivot;
mod prices;
mod reconcile;
mod signals;
mod split;
mod sql;
mod store;
mod top;
mod transfer;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::{Error, Exit};

/// Network traffic and cost from VPC flow logs: what leaves your cloud, and who sent it
///
/// Reads AWS VPC flow logs (text, gzip, Parquet) from S3, files, folders, globs or standard input and reports exact
/// totals. Data goes to standard output, messages to standard error.
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
    /// Top talkers: totals by any columns, largest first
    #[command(after_long_help = flags::FILTERS_OF_ROWS)]
    Top(Box<top::TopFlags>),
    /// Cost: by team or any other owner, account, region, path…, and charge
    #[command(after_long_help = flags::FILTERS_OF_ROWS)]
    Cost(Box<cost::CostFlags>),
    /// Changes from another period and their causes: new, gone, volume, price and path
    #[command(after_long_help = flags::FILTERS_OF_ROWS)]
    Compare(Box<compare::CompareFlags>),
    /// Transfer between regions, zones, owners…: bytes and cost by path, with recommendations
    #[command(after_long_help = flags::FILTERS_OF_ROWS)]
    Transfer(Box<transfer::TransferFlags>),
    /// Traffic and cost anomalies: incidents with causes and impact
    #[command(after_long_help = flags::FILTERS_OF_TRAFFIC)]
    Anomalies(Box<anomalies::AnomaliesFlags>),
    /// Savings: changes that would cost less, net of what they need, ranked by likely saving for effort
    #[command(after_long_help = flags::FILTERS_OF_TRAFFIC)]
    Advise(Box<advise::AdviseFlags>),
    /// Pivot table: one key as rows, another as columns
    #[command(after_long_help = flags::FILTERS_OF_ROWS)]
    Pivot(Box<pivot::PivotFlags>),
    /// A bill of AWS's against flow logs: explained, differing with reasons, unexplained; allocated to teams
    Reconcile(Box<reconcile::ReconcileFlags>),
    /// SQL over records, deduplicated traffic and charges
    Sql(Box<sql::SqlFlags>),
    /// List records: filter, select columns, write (also converts text logs to Parquet)
    #[command(after_long_help = flags::FILTERS_OF_RECORDS)]
    Flows(Box<flows::FlowsFlags>),
    /// Inspect logs: formats, fields, interfaces, gaps, malformed lines, and supported questions
    #[command(after_long_help = flags::FILTERS_OF_RECORDS)]
    Inspect(Box<inspect::InspectFlags>),
    /// Read new logs into a store, each object once; every command reads a store in place of logs
    Ingest(Box<store::ingest::IngestFlags>),
    /// A store's objects, checks and upkeep
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// List the columns for --by, --where and --columns
    Fields(fields::FieldsFlags),
    /// Show prices, check a price table, or import AWS price lists
    #[command(subcommand)]
    Prices(prices::PricesCommand),
    /// Show the configuration or check a file
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Plan a command for several processes
    #[command(hide = true)]
    Plan(split::PlanFlags),
    /// Aggregate units of a plan
    #[command(hide = true)]
    Leaf(split::LeafFlags),
    /// Run a planned command on ledgers
    #[command(hide = true)]
    Root(split::RootFlags),
}

/// Runs the program on its arguments.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    panics::keep_silent();
    panics::caught(|| parsed(arguments)).unwrap_or_else(|error| {
        notice::error(&error);
        error.exit()
    })
}

fn parsed(arguments: impl IntoIterator<Item = OsString>) -> Result<Exit, Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let matches = match Outflow::command().try_get_matches_from(&arguments) {
        Ok(matches) => matches,
        Err(mut error) => {
            misspelt::suggest(&mut error, Outflow::command(), &arguments);
            return from_clap(&error);
        }
    };
    match Outflow::from_arg_matches(&matches) {
        Ok(outflow) => {
            outflow.log.start(&matches);
            output::check_inputs(&Outflow::command(), &matches)?;
            outflow.command.checked().and_then(Command::run)
        }
        Err(error) => from_clap(&error),
    }
}

impl Command {
    /// Refuses a faulty configuration in every command, also in those that need nothing of it: a typo is found where it
    /// was made. `anomalies` reads the file that it is given, and `config` is for mending one.
    fn checked(self) -> Result<Self, Error> {
        match &self {
            Self::Config(_) => {}
            Self::Anomalies(flags) => flags.config.load().map(drop)?,
            _ => config::ConfigFlags::default().load().map(drop)?,
        }
        Ok(self)
    }

    fn run(self) -> Result<Exit, Error> {
        match self {
            Self::Top(flags) => flags.run(),
            Self::Cost(flags) => flags.run(),
            Self::Compare(flags) => flags.run(),
            Self::Transfer(flags) => flags.run(),
            Self::Anomalies(flags) => flags.run(),
            Self::Advise(flags) => flags.run(),
            Self::Pivot(flags) => flags.run(),
            Self::Reconcile(flags) => flags.run(),
            Self::Sql(flags) => flags.run(),
            Self::Flows(flags) => flags.run(),
            Self::Inspect(flags) => flags.run(),
            Self::Ingest(flags) => flags.run(),
            Self::Store(command) => command.run(),
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
fn from_clap(error: &clap::Error) -> Result<Exit, Error> {
    output::heard(notice::clap_error(error), "cannot write the help")?;
    Ok(if error.use_stderr() { Exit::Usage } else { Exit::Done })
}
