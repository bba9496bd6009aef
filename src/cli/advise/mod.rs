//! `outflow advise`: flags → question → answer.

use clap::Args;

use super::dimensions::{DEFAULT_KEY, Dimensions, absent_default};
use super::flags::InputFlags;
use super::flags::report::ReportFlags;
use super::job::{job_of_traffic, run_on};
use super::top::rows;
use crate::error::{Error, Exit, nearest};
use crate::group::ActionFilter;
use crate::join::Sources;
use crate::price::{Rate, dollars};
use crate::report::advise::{AdviseQuestion, AdviseShape, Inventory};
use crate::work::{self, Job};

/// Flags of `outflow advise`.
#[derive(Debug, Args)]
pub(crate) struct AdviseFlags {
    #[command(flatten)]
    pub(super) input: InputFlags,

    /// Owner to ask: an owner key of the tag tables [default: team]
    #[arg(long, value_name = "KEY", help_heading = "Report")]
    owner: Option<String>,

    /// Show candidates without a saving and every alternative, too
    #[arg(long, help_heading = "Report")]
    all: bool,

    /// Least net saving per month, in dollars
    #[arg(long, value_name = "USD", default_value = "1", help_heading = "Report")]
    min_usd: String,

    /// Maximum number of rows, or `all`; the others are summed as `(other)`
    #[arg(long, value_name = "N", default_value = "20", help_heading = "Report")]
    top: String,

    /// Price per GB that CloudFront is taken to have; without it CloudFront is not judged
    #[arg(long, value_name = "USD", help_heading = "Prices")]
    cloudfront_usd_per_gb: Option<String>,

    #[command(flatten)]
    report: ReportFlags,
}

impl AdviseFlags {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let (job, question, sources) = self.question()?;
        run_on(&job, &self.input, &self.report.output, |progress| work::ask(&job, question, sources, progress))
    }

    fn question(&self) -> Result<(Job, AdviseQuestion, Sources), Error> {
        let price =
            |flag: &str, text: &str| Rate::parse(text).map_err(|error| Error::usage(format!("{flag}: {error}")));
        let least_usd = dollars(&self.min_usd).map_err(|error| Error::usage(format!("--min-usd: {error}")))?;
        let cloudfront = self.cloudfront_usd_per_gb.as_deref();
        let cloudfront = cloudfront.map(|text| price("--cloudfront-usd-per-gb", text)).transpose()?;
        let shape = AdviseShape { all: self.all, least_usd, rows: rows("--top", &self.top)? };
        let mut estate = self.report.tables.estate()?;
        let known = estate.owner_keys();
        let mut dimensions = Dimensions::default();
        let key = self.owner.as_deref().unwrap_or(DEFAULT_KEY);
        let owner = dimensions.owner(key, &known)?.map(|key| key.column);
        if owner.is_none() && self.owner.is_some() {
            let error = Error::usage(format!("--owner: unknown owner key `{key}`"));
            let near = nearest(key, known.iter().map(AsRef::as_ref)).map(|near| format!("did you mean `{near}`?"));
            return Err(error.hint(near.unwrap_or_else(|| "owner keys need a tag table: --tags FILE".to_owned())));
        }
        if self.owner.is_none() {
            estate.warn(absent_default(&known, "no owner is named", "--owner"));
        }
        let job = job_of_traffic(&self.input, ActionFilter::Accept, &mut dimensions, &known)?;
        let sources = self.report.tables.sources(estate, &dimensions.owner_keys)?;
        let question = AdviseQuestion {
            inventory: Inventory::of(&sources.tables),
            window: (job.window.from, job.window.to),
            prices: self.report.pricing.table(&self.input)?,
            terms: self.report.pricing.terms()?,
            cloudfront,
            owner,
            is_filtered: job.filter.is_some(),
            shape,
        };
        Ok((job, question, sources))
    }
}
