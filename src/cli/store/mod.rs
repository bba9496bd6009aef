//! `outflow store`: what a store holds, whether it is whole, and its upkeep.

pub(super) mod ingest;

use clap::{Args, Subcommand};

use super::flags::{OutputFlags, S3Flags};
use super::job::{now, s3_options, seed};
use super::notice;
use super::output;
use crate::error::{Error, Exit};
use crate::report::{Meta, Report};
use crate::units::human;
use crate::work::{self, Store};

/// Commands of `outflow store`.
#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// List the objects of a store, and what became of each
    List(Box<ListFlags>),
    /// Check every file of a store, and that its facts add up to its ledger; exit code 4 if they do not
    Verify(Box<VerifyFlags>),
    /// Put small files together and write a checkpoint; no answer changes
    Compact(CompactFlags),
    /// Delete files that no version of the store has had for a day
    Prune(PruneFlags),
}

/// Flags of `outflow store list`.
#[derive(Debug, Args)]
pub(super) struct ListFlags {
    #[command(flatten)]
    store: StoreFlags,

    /// Only objects that could not be read completely; the next ingest tries them again
    #[arg(long)]
    pending: bool,

    #[command(flatten)]
    output: OutputFlags,
}

/// Flags of `outflow store verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyFlags {
    #[command(flatten)]
    store: StoreFlags,

    #[command(flatten)]
    output: OutputFlags,
}

/// Flags of `outflow store compact`.
#[derive(Debug, Args)]
pub(super) struct CompactFlags {
    #[command(flatten)]
    store: StoreFlags,

    /// Print only warnings and errors
    #[arg(short, long)]
    quiet: bool,
}

/// Flags of `outflow store prune`.
#[derive(Debug, Args)]
pub(super) struct PruneFlags {
    #[command(flatten)]
    store: StoreFlags,

    /// Print only warnings and errors
    #[arg(short, long)]
    quiet: bool,
}

impl StoreCommand {
    /// Runs the command, returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        match self {
            Self::List(flags) => {
                let store = flags.store.opened()?;
                written(work::list(&store, flags.pending)?, &flags.output)?;
                Ok(Exit::Done)
            }
            Self::Verify(flags) => {
                let report = work::verify(&flags.store.opened()?)?;
                let is_whole = report.tables.iter().all(|table| table.rows.is_empty());
                written(report, &flags.output)?;
                Ok(if is_whole { Exit::Done } else { Exit::Condition })
            }
            Self::Compact(flags) => flags.run(),
            Self::Prune(flags) => flags.run(),
        }
    }
}

impl CompactFlags {
    fn run(self) -> Result<Exit, Error> {
        let (before, after) = work::compact(&mut self.store.opened()?, &run_id(), milliseconds()?)?;
        if !self.quiet {
            let (before, after) = (human::counted(before, "file"), human::counted(after, "file"));
            said(format!("{}: {before} became {after}", self.store.store));
        }
        Ok(Exit::Done)
    }
}

impl PruneFlags {
    fn run(self) -> Result<Exit, Error> {
        let pruned = work::prune(&self.store.opened()?, milliseconds()?)?;
        if !self.quiet {
            said(format!(
                "{}: {} of {} deleted",
                self.store.store,
                human::counted(pruned.deleted_files, "file"),
                human::bytes(pruned.deleted_bytes.into(), human::Units::Iec)
            ));
        }
        Ok(Exit::Done)
    }
}

/// Which store.
#[derive(Debug, Args)]
pub(super) struct StoreFlags {
    /// The store: a folder, or s3://bucket/prefix
    #[arg(value_name = "STORE")]
    store: String,

    #[command(flatten)]
    s3: S3Flags,
}

impl StoreFlags {
    fn opened(&self) -> Result<Store, Error> {
        let name = &self.store;
        let missing = || {
            Error::usage(format!("{name}: is no store"))
                .hint("`outflow ingest LOGS --store FOLDER` makes one; `outflow top FOLDER` reads it")
        };
        Store::open(name, &s3_options(&self.s3))?.ok_or_else(missing)
    }
}

fn written(mut report: Report, flags: &OutputFlags) -> Result<(), Error> {
    output::write(&mut report, flags)?;
    if !flags.quiet {
        notice::notes(&report.meta);
    }
    notice::warnings(&report.meta);
    Ok(())
}

/// Says what was done.
fn said(note: String) {
    notice::notes(&Meta { notes: vec![note], ..Meta::default() });
}

/// Tells the commits of this run from others.
fn run_id() -> String {
    format!("{:016x}", seed())
}

fn milliseconds() -> Result<i64, Error> {
    Ok(i64::from(now()?) * 1000)
}
