//! One question over several processes: its plan is written, leaves sum the units, a root answers from their ledgers.
//!
//! The commands are hidden: they are how a driver of many machines, and the tests, run outflow. The plan's file holds
//! the words of the question, which the root reads again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, CommandFactory, FromArgMatches};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::flags::InputFlags;
use super::flags::memory::MemoryFlags;
use super::job::{cores, now};
use super::output::{local_path, to_file};
use super::{Command, Outflow, from_clap};
use crate::collect::io_cause;
use crate::error::{Error, Exit};
use crate::work::{Job, Leaves, Ledger, Machine, Plan, Progress, Unit, Written, leaf};

const PLAN: &str = "plan.json";

/// What a command is run for, if not to be answered here and now.
#[derive(Clone, Debug, Default)]
pub(super) struct Occasion {
    /// The moment that is now.
    pub(super) now: Option<u32>,
    /// The job's seed.
    pub(super) seed: Option<u64>,
    /// Who carries the plan out.
    pub(super) leaves: Option<Arc<dyn Leaves>>,
}

/// Flags of `outflow plan`.
#[derive(Debug, Args)]
pub(super) struct PlanFlags {
    /// Output folder of the plan and its units: plan.json, unit-0.json…
    #[arg(long, value_name = "FOLDER", value_parser = local_path)]
    out: String,

    /// Number of units
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    units: u16,

    /// The command: `-- top LOGS --by src`
    #[arg(last = true, required = true, value_name = "QUESTION")]
    words: Vec<String>,
}

/// Flags of `outflow leaf`.
#[derive(Debug, Args)]
pub(super) struct LeafFlags {
    /// The plan
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// Units of the plan
    #[arg(required = true, value_name = "UNIT")]
    units: Vec<PathBuf>,

    /// Output path of the ledger
    #[arg(long, value_name = "FILE", value_parser = local_path)]
    out: String,

    /// Number of threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,

    #[command(flatten)]
    memory: MemoryFlags,
}

/// Flags of `outflow root`.
#[derive(Debug, Args)]
pub(super) struct RootFlags {
    /// The plan
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// The ledgers of all units
    #[arg(required = true, value_name = "LEDGER")]
    ledgers: Vec<PathBuf>,
}

/// A plan's file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    question: Vec<String>,
    plan: Value,
}

/// Writes the plan and its units instead of carrying it out.
#[derive(Debug)]
struct Planner {
    folder: PathBuf,
    units: usize,
    words: Vec<String>,
    is_written: AtomicBool,
}

impl Leaves for Planner {
    /// Ends the run, as there is nothing to be answered from.
    fn ledger(&self, job: &Job, plan: &Plan, _machine: &Machine<'_>) -> Result<Ledger, Error> {
        let json = |error: serde_json::Error| Error::failed(format!("the plan cannot be written: {error}"));
        let file = PlanFile { question: self.words.clone(), plan: serde_json::from_str(&plan.write()?).map_err(json)? };
        for (place, unit) in Unit::from(job.find()?).split(self.units).iter().enumerate() {
            self.write(&format!("unit-{place}.json"), &unit.write()?)?;
        }
        self.write(PLAN, &serde_json::to_string_pretty(&file).map_err(json)?)?;
        self.is_written.store(true, Ordering::Relaxed);
        Err(Error::failed("the plan was written; no report was computed"))
    }
}

impl Planner {
    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        to_file(&self.folder.join(name).to_string_lossy(), |mut out| out.write_all(text.as_bytes()))
    }
}

impl PlanFlags {
    /// Writes the plan of a question, and its units.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let Self { out, units, words } = self;
        let folder = PathBuf::from(out);
        let mut command = match question(&words)? {
            Ok(command) => command,
            Err(exit) => return Ok(exit),
        };
        std::fs::create_dir_all(&folder)
            .map_err(|error| Error::failed(format!("cannot make {}: {}", folder.display(), io_cause(&error))))?;
        let is_written = AtomicBool::new(false);
        let planner = Arc::new(Planner { folder, units: units.into(), words, is_written });
        let leaves: Arc<dyn Leaves> = Arc::clone(&planner) as _;
        command.input()?.occasion = Occasion { now: Some(now()?), seed: None, leaves: Some(leaves) };
        let ended = command.run();
        if planner.is_written.load(Ordering::Relaxed) { Ok(Exit::Done) } else { ended }
    }
}

impl LeafFlags {
    /// Sums units and writes their ledger.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let (_, plan) = plan(&self.plan)?;
        let mut unit = Unit::default();
        for path in &self.units {
            unit = unit.and(Unit::read(&text(path)?, &plan)?);
        }
        let threads = crate::work::threads(self.jobs.map_or_else(cores, usize::from))?;
        let machine = Machine { threads: &threads, overflow: self.memory.overflow()?, progress: &Progress::default() };
        let ledger = leaf(&plan, &unit, &machine)?;
        to_file(&self.out, |out| ledger.write(out))?;
        Ok(Exit::Done)
    }
}

impl RootFlags {
    /// Answers the plan's question from ledgers.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let (words, plan) = plan(&self.plan)?;
        let mut command = match question(&words)? {
            Ok(command) => command,
            Err(exit) => return Ok(exit),
        };
        let leaves: Arc<dyn Leaves> = Arc::new(Written(self.ledgers));
        command.input()?.occasion = Occasion { now: Some(plan.now), seed: Some(plan.seed), leaves: Some(leaves) };
        command.run()
    }
}

/// The command of a question's words, or how it ended where there is none.
fn question(words: &[String]) -> Result<Result<Command, Exit>, Error> {
    let words = std::iter::once("outflow").chain(words.iter().map(String::as_str));
    let parsed = Outflow::command().try_get_matches_from(words);
    Ok(match parsed.and_then(|matches| Outflow::from_arg_matches(&matches)) {
        Ok(outflow) => Ok(outflow.command),
        Err(error) => Err(from_clap(&error)?),
    })
}

/// A plan, and the words of its question.
fn plan(path: &PathBuf) -> Result<(Vec<String>, Plan), Error> {
    let file: PlanFile = serde_json::from_str(&text(path)?)
        .map_err(|error| Error::failed(format!("{}: the plan cannot be read: {error}", path.display())))?;
    Ok((file.question, Plan::read(&file.plan.to_string())?))
}

fn text(path: &PathBuf) -> Result<String, Error> {
    std::fs::read_to_string(path)
        .map_err(|error| Error::failed(format!("cannot read {}: {}", path.display(), io_cause(&error))))
}

impl Command {
    /// The flags of its input, if it is a question whose records can be summed elsewhere.
    fn input(&mut self) -> Result<&mut InputFlags, Error> {
        Ok(match self {
            Self::Top(flags) => &mut flags.input,
            Self::Cost(flags) => &mut flags.input,
            Self::Compare(flags) => &mut flags.input,
            Self::Transfer(flags) => &mut flags.input,
            Self::Anomalies(flags) => &mut flags.input,
            Self::Advise(flags) => &mut flags.input,
            Self::Pivot(flags) => &mut flags.input,
            Self::Sql(flags) if !flags.reads_records() => &mut flags.input,
            _ => {
                return Err(Error::usage("this command cannot be distributed").hint(
                    "top, pivot, cost, compare, transfer, anomalies, and sql without the table flows, can be \
                     distributed",
                ));
            }
        })
    }
}
