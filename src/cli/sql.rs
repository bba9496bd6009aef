//! `outflow sql`: flags → question → answer.

use clap::Args;

use super::dimensions::Dimensions;
use super::flags::InputFlags;
use super::flags::pricing::BearerFlags;
use super::flags::report::ReportFlags;
use super::job::{job_of_records, run_on};
use super::{notice, output};
use crate::error::{Error, Exit};
use crate::group::ActionFilter;
use crate::join::{OWNER_KEYS_MAX, Sources};
use crate::report::sql::{Query, SqlOwners, SqlPricing, SqlQuestion, Table};
use crate::units::time::Window;
use crate::work;

/// The stack of the thread that a query is answered on: enough for the deepest that is taken.
const STACK_BYTES: usize = 16 << 20;

/// Flags of `outflow sql`.
#[derive(Debug, Args)]
pub(super) struct SqlFlags {
    /// A SELECT over the tables flows (the records), traffic (each byte once) and charges (dollars): `outflow fields
    /// --table traffic` lists the columns of one, and keys of --tags such as team, src_team, dst_team are columns too
    #[arg(value_name = "QUERY")]
    query: String,

    #[command(flatten)]
    pub(super) input: InputFlags,

    /// Show the query plan, its columns and the decoded fields; read nothing
    #[arg(long, help_heading = "Report")]
    explain: bool,

    #[command(flatten)]
    bearer: BearerFlags,

    /// Sum records without deduplication: traffic logged at several interfaces counts several times
    #[arg(long, help_heading = "Records")]
    no_dedup: bool,

    #[command(flatten)]
    report: ReportFlags,
}

impl SqlFlags {
    /// Runs the command: computes and writes the report, returns the exit status; on its own thread, because polars
    /// needs more stack for nested queries.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || self.answer());
        let thread = thread.map_err(|error| Error::system(format!("cannot start a thread: {error}")))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Whether the query reads raw records, without aggregation.
    pub(super) fn reads_records(&self) -> bool {
        Query::parse(&self.query).is_ok_and(|query| query.tables().contains(&Table::Flows))
    }

    fn answer(self) -> Result<Exit, Error> {
        let job = job_of_records(&self.input, ActionFilter::Accept)?;
        let (question, sources) = self.question(job.window)?;
        if self.explain {
            let mut report = work::explain_sql(&job, &question)?;
            output::write(&mut report, &self.report.output)?;
            if !self.report.output.quiet {
                notice::notes(&report.meta);
            }
            return Ok(Exit::Done);
        }
        run_on(&job, &self.input, &self.report.output, |progress| work::sql(&job, question, sources, progress))
    }

    fn question(&self, window: Window) -> Result<(SqlQuestion, Sources), Error> {
        let query = Query::parse(&self.query)?;
        let estate = self.report.tables.estate()?;
        let known = estate.owner_keys();
        let mut dimensions = Dimensions::default();
        let keys = known.iter().map(|key| key.to_string()).collect();
        let mut owners = SqlOwners { keys, columns: Vec::new() };
        // `*` expands to owners by the first keys.
        let usual = known.iter().take(OWNER_KEYS_MAX).map(|key| key.to_string()).filter(|_| query.has_wildcard());
        for name in query.names().iter().cloned().chain(usual) {
            if let Some(key) = dimensions.owner(&name, &known)? {
                owners.columns.push((name, key.column));
            }
        }
        let sources = self.report.tables.sources(estate, &dimensions.owner_keys)?;
        let sources = Sources { every_view: self.no_dedup, charge_to: self.bearer.charge_to(), ..sources };
        let pricing = SqlPricing {
            window: (window.from, window.to),
            prices: self.report.pricing.table(&self.input)?,
            terms: self.report.pricing.terms()?,
            notes: self.bearer.note().into_iter().collect(),
        };
        Ok((SqlQuestion::new(query, owners, pricing)?, sources))
    }
}
