//! `outflow inspect`: flags → answer.

use clap::Args;

use super::flags::{InputFlags, OutputFlags};
use super::job::{job_of_records, run_on};
use crate::error::{Error, Exit};
use crate::group::ActionFilter;
use crate::work;

/// Flags of `outflow inspect`.
#[derive(Debug, Args)]
pub(super) struct InspectFlags {
    #[command(flatten)]
    input: InputFlags,

    #[command(flatten)]
    output: OutputFlags,
}

impl InspectFlags {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let job = job_of_records(&self.input, ActionFilter::Accept)?;
        run_on(&job, &self.input, &self.output, |progress| work::inspect(&job, progress))
    }
}
