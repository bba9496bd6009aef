//! Diagnosis: what the stages with files and threads say of their work → standard error, as far as it is requested.
//!
//! Only this program's own events are shown: those of libraries may hold what a request was signed with. Nothing of an
//! answer is said here.

use std::io;

use clap::{ArgAction, ArgMatches, Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// These flags come behind those of the command.
const LAST: usize = 1_000;

/// How much is said.
#[derive(Debug, Args)]
pub(super) struct LogFlags {
    /// Say on standard error what is listed, read and tried again, and how long each stage takes; -vv names every
    /// object and request
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = LAST, help_heading = "Output")]
    verbose: u8,

    /// The same by name
    #[arg(long, global = true, value_enum, value_name = "LEVEL", conflicts_with = "verbose", display_order = LAST, help_heading = "Output")]
    log_level: Option<LogLevel>,
}

/// Log levels, each including the previous ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogLevel {
    /// Nothing
    Off,
    /// What is tried again or given up
    Warn,
    /// Stages and how long they take (-v)
    Info,
    /// Objects and requests (-vv)
    Debug,
}

impl LogFlags {
    fn level(&self) -> LevelFilter {
        match (self.log_level, self.verbose) {
            (Some(LogLevel::Off), _) | (None, 0) => LevelFilter::OFF,
            (Some(LogLevel::Warn), _) => LevelFilter::WARN,
            (Some(LogLevel::Info), _) | (None, 1) => LevelFilter::INFO,
            (Some(LogLevel::Debug), _) | (None, _) => LevelFilter::DEBUG,
        }
    }

    /// From here on events are written, unless the command is to be quiet.
    pub(super) fn start(&self, matches: &ArgMatches) {
        let level = if is_quiet(matches) { LevelFilter::OFF } else { self.level() };
        if level == LevelFilter::OFF {
            return;
        }
        let lines =
            fmt::layer().with_writer(io::stderr).with_ansi(false).with_target(false).with_timer(fmt::time::uptime());
        let ours = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
        // A program that has set up its own goes on with it.
        let _set = tracing_subscriber::registry().with(ours).with(lines).try_init();
    }
}

/// Whether the command, or the command of a command, has `--quiet`.
fn is_quiet(matches: &ArgMatches) -> bool {
    let own = matches.try_get_one::<bool>("quiet").ok().flatten().is_some_and(|quiet| *quiet);
    own || matches.subcommand().is_some_and(|(_, inner)| is_quiet(inner))
}
