//! `outflow reconcile`: flags → question → answer.

use clap::Args;

use super::dimensions::Dimensions;
use super::flags::InputFlags;
use super::flags::report::ReportFlags;
use super::job::{job_of_traffic, reading, run_on};
use crate::error::{Error, Exit, nearest};
use crate::group::ActionFilter;
use crate::report::reconcile::{By, FocusVersion, Form, ReconcileQuestion};
use crate::units::time::Window;
use crate::work::{self, ReadStatement};

/// The name of the output format that is a report of its own.
const FOCUS: &str = "focus";

/// Flags of `outflow reconcile`.
#[derive(Debug, Args)]
#[command(mut_arg("inputs", |arg| {
    arg.long("logs").help("Flow logs of the bill's window: a file, folder, glob, s3://BUCKET/PREFIX; repeatable").num_args(1)
}))]
pub(super) struct ReconcileFlags {
    #[command(flatten)]
    pub(super) input: InputFlags,

    /// The bill: files or export folders of CUR 2.0, CUR or FOCUS (Parquet, CSV, gzip), or s3://BUCKET/PREFIX; of a folder
    /// with manifests only what they name is read
    #[arg(required = true, value_name = "BILL")]
    bill: Vec<String>,

    /// Columns of the rows, comma separated: day, usage_account, usage_type, charge, from, resource
    #[arg(long, value_name = "KEYS", default_value = "usage_type,resource,day", help_heading = "Report")]
    by: String,

    /// Split the billed dollars of each resource over owners by their bytes in the logs: team, team,env… Adds the table
    /// `allocation`; -o focus writes the parts as FOCUS rows
    #[arg(long, value_name = "KEYS", help_heading = "Report")]
    allocate: Option<String>,

    /// Version of FOCUS for -o focus: 1.2, 1.3 or 1.4
    #[arg(long, value_name = "VERSION", default_value = "1.3", help_heading = "Report")]
    focus_version: String,

    #[command(flatten)]
    report: ReportFlags,
}

impl ReconcileFlags {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(mut self) -> Result<Exit, Error> {
        let is_focus = self.report.output.output.as_deref() == Some(FOCUS);
        if is_focus {
            self.report.output.output = self.report.output.out.is_none().then(|| "csv".to_owned());
        }
        let (by, form) = (self.keys()?, self.form(is_focus)?);
        if self.input.filter.is_some() {
            return Err(Error::usage("--where: a bill is compared with all traffic of the logs")
                .hint("leave it out; choose rows of the answer instead"));
        }
        self.report.pricing.refuse_what_a_bill_says()?;
        let estate = self.report.tables.estate()?;
        let known = estate.owner_keys();
        let mut dimensions = Dimensions::default();
        if let Some(keys) = &self.allocate {
            dimensions.add("--allocate", keys, &known)?;
        }
        let mut job = job_of_traffic(&self.input, ActionFilter::Accept, &mut dimensions, &known)?;
        let sources = self.report.tables.sources(estate, &dimensions.owner_keys)?;
        let ReadStatement { statement, notes, warnings } = work::statement(&reading(&self.input)?, &self.bill)?;
        if job.window == Window::default() {
            let span = statement.span();
            job.window = Window { from: span.map(|(from, _)| from), to: span.map(|(_, to)| to) };
        }
        let owners = dimensions.keys.iter().cloned().zip(dimensions.heads()).collect();
        let question = ReconcileQuestion {
            statement,
            notes,
            warnings,
            window: (job.window.from, job.window.to),
            now: job.now,
            prices: self.report.pricing.table(&self.input)?,
            terms: self.report.pricing.terms()?,
            by,
            owners,
            form,
        };
        run_on(&job, &self.input, &self.report.output, |progress| work::ask(&job, question, sources, progress))
    }

    fn keys(&self) -> Result<Vec<By>, Error> {
        let names = || By::ALL.map(|by| by.output().name);
        let key = |name: &str| {
            let plain = name.trim().replace('-', "_");
            By::ALL.into_iter().find(|by| by.output().name == plain).ok_or_else(|| {
                let error = Error::usage(format!("--by: unknown column `{}`", name.trim()));
                match nearest(&plain, names()) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint(format!("the columns are {}", names().join(", "))),
                }
            })
        };
        let keys = self.by.split(',').map(key).collect::<Result<Vec<_>, _>>()?;
        match keys.iter().enumerate().find(|(place, key)| keys[..*place].contains(key)) {
            Some((_, key)) => Err(Error::usage(format!("--by: duplicate column `{}`", key.output().name))),
            None => Ok(keys),
        }
    }

    fn form(&self, is_focus: bool) -> Result<Form, Error> {
        let versions = [FocusVersion::V1_2, FocusVersion::V1_3, FocusVersion::V1_4];
        let version = versions.into_iter().find(|version| version.name() == self.focus_version);
        let version = version
            .ok_or_else(|| Error::usage(format!("--focus-version: `{}` is not 1.2, 1.3 or 1.4", self.focus_version)))?;
        if is_focus && self.allocate.is_none() {
            return Err(Error::usage("-o focus: the bill's dollars are not allocated")
                .hint("add --allocate team, or another owner key of --tags"));
        }
        Ok(if is_focus { Form::Focus(version) } else { Form::Tables })
    }
}
