//! `outflow ingest`: flags → question → what was read.

use std::path::Path;
use std::time::Duration;

use clap::Args;

use crate::cli::flags::{InputFlags, OutputFlags};
use crate::cli::job::{job_of_records, run_on};
use crate::cli::output::{Lock, lock};
use crate::error::{Error, Exit};
use crate::group::ActionFilter;
use crate::units::time::parse_span;
use crate::work::{self, IngestQuestion, Shard};

/// How locations in S3 begin.
const S3: &str = "s3://";
/// How long a run waits for another one that fills the same store.
const PATIENCE: Duration = Duration::from_secs(60);

/// Flags of `outflow ingest`.
#[derive(Debug, Args)]
pub(in crate::cli) struct IngestFlags {
    #[command(flatten)]
    input: InputFlags,

    /// The store, a folder or s3://bucket/prefix; it is made if it does not exist
    #[arg(long, value_name = "STORE", help_heading = "Store")]
    store: String,

    /// Look for objects only of days up to so long before the newest one of the store, such as 3d; later ones are always
    /// looked for [default: of all days]
    #[arg(long, value_name = "SPAN", help_heading = "Store")]
    look_back: Option<String>,

    /// Read a fixed part of the objects: 1/16 to 16/16, for as many jobs at once
    #[arg(long, value_name = "N/M", value_parser = shard, help_heading = "Store")]
    shard: Option<Shard>,

    #[command(flatten)]
    output: OutputFlags,
}

/// `3/16`: the third of sixteen parts.
fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(place, of)| Some((place.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((place @ 1.., of)) if place <= of => Ok(Shard { place: place - 1, of }),
        _ => Err("a part is N/M with N from 1 to M, such as 3/16".to_owned()),
    }
}

impl IngestFlags {
    /// Runs the command: fills the store, writes what was read, returns the exit status.
    pub(in crate::cli) fn run(self) -> Result<Exit, Error> {
        if self.input.filter.is_some() {
            return Err(Error::usage("--where: a store holds every record of an object")
                .hint("filter when you ask: outflow top STORE --where …"));
        }
        if self.input.inputs.iter().any(|input| work::is_store(input)) {
            return Err(Error::usage("a store is no source of records").hint("name logs to read, and --store to fill"));
        }
        self.is_outside()?;
        let look_back = self.look_back.as_deref().map(parse_span).transpose();
        let question = IngestQuestion {
            store: self.store.clone(),
            look_back_seconds: look_back.map_err(|error| error.context("--look-back"))?,
            shard: self.shard,
        };
        let job = job_of_records(&self.input, ActionFilter::Accept)?;
        if self.input.dry_run {
            return run_on(&job, &self.input, &self.output, |progress| work::ingest(&job, &question, progress));
        }
        let _lock = self.lock()?;
        run_on(&job, &self.input, &self.output, |progress| work::ingest(&job, &question, progress))
    }

    /// Refuses a store among its own logs: each run would look at what the last one wrote.
    fn is_outside(&self) -> Result<(), Error> {
        let is_in_bucket = self.store.starts_with(S3);
        let whole = |path: &str| std::path::absolute(path).map(|path| path.canonicalize().unwrap_or(path)).ok();
        let store = if is_in_bucket { None } else { whole(&self.store) };
        let holds = |input: &&String| match &store {
            Some(store) => whole(input).is_some_and(|input| store.starts_with(input)),
            None => format!("{}/", self.store).starts_with(&format!("{}/", input.trim_end_matches('/'))),
        };
        match self.input.inputs.iter().find(holds) {
            Some(input) => Err(Error::usage(format!("--store {}: lies in the input {input}", self.store))
                .hint("give it a folder of its own, beside the logs")),
            None => Ok(()),
        }
    }

    /// Sole use of the store's folder, or of the part of it, until the run ends. It saves work: two runs at once would be as
    /// right, and in a bucket they are.
    fn lock(&self) -> Result<Option<Lock>, Error> {
        if self.store.starts_with(S3) {
            return Ok(None);
        }
        let folder = Path::new(&self.store);
        std::fs::create_dir_all(folder).map_err(|error| {
            let cause = crate::collect::io_cause(&error);
            Error::write(format!("--store {}: cannot make the folder: {cause}", self.store)).because(error)
        })?;
        let part = self.shard.map(|Shard { place, of }| format!("-{place}-{of}")).unwrap_or_default();
        let file = folder.join(format!(".outflow-lock{part}"));
        lock(&file.to_string_lossy(), &format!("--store {}", self.store), PATIENCE)
            .map(Some)
            .map_err(|error| error.hint("wait until it has ended; several runs at once take a --shard each"))
    }
}
