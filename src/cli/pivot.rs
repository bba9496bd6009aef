//! `outflow pivot`: flags → question → answer.

use clap::{Args, ValueEnum};

use super::dimensions::Dimensions;
use super::flags::report::ReportFlags;
use super::flags::{HavingFlags, InputFlags};
use super::job::{job_of_traffic, run_on};
use super::output::format;
use crate::error::{Error, Exit};
use crate::group::ActionFilter;
use crate::join::Sources;
use crate::report::Head;
use crate::report::pivot::{PivotMeasure, PivotQuestion, heads};
use crate::schema::output;
use crate::view::Format;
use crate::work::{self, Job};

/// Flags of `outflow pivot`.
#[derive(Debug, Args)]
pub(super) struct PivotFlags {
    #[command(flatten)]
    pub(super) input: InputFlags,

    /// Row key: a column, or an owner key such as team
    #[arg(long, value_name = "KEY", default_value = "src_region", help_heading = "Report")]
    rows: String,

    /// Column key
    #[arg(long, value_name = "KEY", default_value = "path", help_heading = "Report")]
    columns: String,

    /// Measure in the cells
    #[arg(long, value_enum, default_value_t = Measure::Bytes, help_heading = "Report")]
    measure: Measure,

    #[command(flatten)]
    having: HavingFlags,

    #[command(flatten)]
    report: ReportFlags,
}

/// Measure in the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// Deduplicated bytes
    Bytes,
    /// Packets
    Packets,
    /// Records
    Flows,
    /// Dollars
    Usd,
}

impl PivotFlags {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let (job, question, sources) = self.question()?;
        run_on(&job, &self.input, &self.report.output, |progress| work::ask(&job, question, sources, progress))
    }

    fn question(&self) -> Result<(Job, PivotQuestion, Sources), Error> {
        let estate = self.report.tables.estate()?;
        let known = estate.owner_keys();
        let mut dimensions = Dimensions::default();
        dimensions.add("--rows", &self.rows, &known)?;
        dimensions.add("--columns", &self.columns, &known)?;
        let two =
            || Error::usage("--rows and --columns take one key each").hint("for example --rows team --columns path");
        let key_heads: [Head; 2] = dimensions.heads().try_into().map_err(|_| two())?;
        let job = job_of_traffic(&self.input, ActionFilter::Accept, &mut dimensions, &known)?;
        let sources = self.report.tables.sources(estate, &dimensions.owner_keys)?;
        let measure = match self.measure {
            Measure::Bytes => PivotMeasure::Traffic(output::BYTES),
            Measure::Packets => PivotMeasure::Traffic(output::PACKETS),
            Measure::Flows => PivotMeasure::Traffic(output::FLOWS),
            Measure::Usd => {
                PivotMeasure::Usd(Box::new((self.report.pricing.table(&self.input)?, self.report.pricing.terms()?)))
            }
        };
        let question = PivotQuestion {
            keys: dimensions.keys.try_into().map_err(|_| two())?,
            having: self.having.of(|| heads(&key_heads, &measure), &job)?,
            heads: key_heads,
            measure,
            window: (job.window.from, job.window.to),
            is_square: matches!(format(&self.report.output)?, Format::Table | Format::Markdown),
        };
        Ok((job, question, sources))
    }
}
