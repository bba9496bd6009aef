//! `outflow flows`: flags → records, streamed.

use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use super::flags::{InputFlags, OutputFlags};
use super::job::{dry_run, job_of_records, write_malformed};
use super::notice::{self, ProgressDisplay};
use super::output;
use crate::error::{Error, Exit};
use crate::group::ActionFilter;
use crate::report::flows::{DEFAULT_COLUMNS, table};
use crate::schema::Column;
use crate::view::{self, Format};
use crate::work::{self, FlowsQuestion, Job, Progress};

/// Records shown on a terminal unless --limit asks for more.
const TERMINAL_RECORDS: u64 = 100;

/// Flags of `outflow flows`.
#[derive(Debug, Args)]
pub(super) struct FlowsFlags {
    #[command(flatten)]
    input: InputFlags,

    /// Columns to write, comma separated, or `all`
    #[arg(long, value_name = "COLUMNS", help_heading = "Report")]
    columns: Option<String>,

    /// Maximum number of records [default: 100 as a table, else all]
    #[arg(long, value_name = "N", help_heading = "Report")]
    limit: Option<u64>,

    /// List the records with the largest values of this column, largest first, as many as --limit [default: 100] says
    #[arg(long, value_name = "COLUMN", help_heading = "Report")]
    sort: Option<String>,

    #[command(flatten)]
    output: OutputFlags,
}

impl FlowsFlags {
    /// Streams the records and returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let began = Instant::now();
        let job = job_of_records(&self.input, ActionFilter::Every)?;
        let format = output::format(&self.output)?;
        output::check_targets(&self.input, &self.output, &[])?;
        if self.input.dry_run {
            return dry_run(&job, &self.output);
        }
        let sort = self.sort.as_deref().map(|name| Column::named("--sort", name)).transpose()?;
        let is_limited = format == Format::Table || sort.is_some();
        let limit = self.limit.or(is_limited.then_some(TERMINAL_RECORDS));
        let question = FlowsQuestion { columns: self.columns(&job)?, limit, sort };
        let style = output::style(&self.output);
        let progress = Arc::new(Progress::default());
        let display = ProgressDisplay::start(&self.output, &progress);
        let mut failed = None;
        let written = output::to_destination(&self.output, |out| {
            let mut view = view::view(format, &style, "flows", out);
            view.begin(&table(&question.columns))?;
            match work::flows(&job, &question, &progress, &mut |rows| view.rows(rows)) {
                Err(error) => failed = Some(error),
                Ok((answer, written)) => {
                    written?;
                    view.end(None)?;
                    view.finish(&answer.report.meta)?;
                    return Ok(Some(answer));
                }
            }
            Ok(None)
        });
        if let Some(display) = display {
            display.stop();
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let Some(answer) = written?.flatten() else { return Ok(Exit::Done) };
        write_malformed(&self.input, &answer)?;
        notice::trailer(&answer.report.meta, began, self.output.quiet);
        Ok(answer.exit())
    }

    fn columns(&self, job: &Job) -> Result<Vec<Column>, Error> {
        let Some(names) = &self.columns else { return Ok(DEFAULT_COLUMNS.to_vec()) };
        if names == "all" {
            return work::columns_met(job);
        }
        names.split(',').map(|name| Column::named("--columns", name.trim())).collect()
    }
}
