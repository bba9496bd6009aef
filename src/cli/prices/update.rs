//! `outflow prices update`: price lists → the user's table, what changed, and what it does to the cost of logs.

use clap::{Arg, Args};

use super::super::dimensions::Dimensions;
use super::super::flags::InputFlags;
use super::super::flags::report::ReportFlags;
use super::super::job::{job_of_traffic, run_on, s3};
use super::super::output;
use super::write;
use crate::error::{Error, Exit};
use crate::group::ActionFilter;
use crate::report::Report;
use crate::report::prices::update::EffectQuestion;
use crate::units::human::Units;
use crate::view::{self, Format, Style};
use crate::work::{self, PriceUpdate};

/// The period whose cost is shown, unless a window is given.
const PERIOD: &str = "last-month";

/// Flags of `outflow prices update`.
#[derive(Debug, Args)]
pub(in crate::cli) struct UpdateFlags {
    /// AWS price list offer files (CSV or JSON, gzipped or not), folders of them, s3://BUCKET/PREFIX, or `-` for standard
    /// input
    #[arg(required = true, value_name = "LIST")]
    lists: Vec<String>,

    #[command(flatten)]
    input: InputFlags,

    #[command(flatten)]
    report: ReportFlags,
}

/// What flags of every command mean in this one, whose only position is that of the lists.
pub(super) fn said(flag: Arg) -> Arg {
    let help = match flag.get_id().as_str() {
        "inputs" => {
            let help = "Logs to price before and after: files, folders, globs, s3://BUCKET/PREFIX; repeatable. Without a \
                        window, those of last month";
            return flag.long("logs").required(false).num_args(1).help(help).help_heading("Effect");
        }
        "prices" => "Price table to update; made if there is none. Its old rows stay, with an end",
        "dry_run" => "Show the changes and their effect, and write no table",
        "strict" => {
            "Exit with code 3 (incomplete) also if a listed region is unknown or contradicts the usage type, or if AWS \
             dropped records (SKIPDATA)"
        }
        _ => return flag,
    };
    flag.help(help)
}

impl UpdateFlags {
    /// Runs the command: reads lists and logs, writes the table and the report, returns the exit status.
    pub(super) fn run(mut self) -> Result<Exit, Error> {
        let path = self.table()?;
        output::format(&self.report.output)?;
        let writes = !std::mem::take(&mut self.input.dry_run);
        let others: &[(&str, &str)] = if writes { &[("--prices", &path)] } else { &[] };
        output::check_targets(&self.input, &self.report.output, others)?;
        if [&self.lists, &self.input.inputs].iter().all(|inputs| inputs.iter().any(|input| input == "-")) {
            return Err(Error::usage("`-` is given for lists and logs, but standard input can be read only once"));
        }
        let mut update = work::update_prices(&path, &self.lists, self.input.strict, &s3(&self.input))?;
        let table = std::mem::take(&mut update.table);
        if self.input.inputs.is_empty() {
            return self.without_logs(update.report, writes.then_some((&path, table)));
        }
        self.with_logs(update, writes.then_some((&path, table)))
    }

    /// The file of the table.
    fn table(&self) -> Result<String, Error> {
        let hint = "name the price table to update: --prices prices.csv";
        match self.report.pricing.files() {
            [path] => output::local_path(path).map_err(|error| Error::usage(format!("--prices {path}: {error}"))),
            [] => Err(Error::usage("--prices: the table is missing").hint(hint)),
            _ => Err(Error::usage("--prices: one table is updated at a time").hint(hint)),
        }
    }

    fn without_logs(self, report: Report, table: Option<(&String, Report)>) -> Result<Exit, Error> {
        let window = [&self.input.from, &self.input.to, &self.input.last, &self.input.month];
        if window.iter().any(|flag| flag.is_some()) {
            return Err(Error::usage("a window of no logs: nothing is priced").hint("name the logs with --logs"));
        }
        let exit = if report.meta.incomplete { Exit::Incomplete } else { Exit::Done };
        let mut report = written(report, table)?;
        output::shorten(&mut report, &self.report.output)?;
        write(report, &self.report.output, exit)
    }

    fn with_logs(mut self, update: PriceUpdate, table: Option<(&String, Report)>) -> Result<Exit, Error> {
        let input = &mut self.input;
        let window = [&input.from, &input.to, &input.last, &input.month];
        if window.iter().all(|flag| flag.is_none()) {
            input.month = Some(PERIOD.to_owned());
        }
        let estate = self.report.tables.estate()?;
        let known = estate.owner_keys();
        let mut dimensions = Dimensions::default();
        let job = job_of_traffic(&self.input, ActionFilter::Accept, &mut dimensions, &known)?;
        let sources = self.report.tables.sources(estate, &dimensions.owner_keys)?;
        let question = EffectQuestion {
            report: update.report,
            window: (job.window.from, job.window.to),
            before: update.before,
            after: update.after,
            terms: self.report.pricing.terms()?,
        };
        run_on(&job, &self.input, &self.report.output, |progress| {
            let mut answer = work::ask(&job, question, sources, progress)?;
            answer.report = written(answer.report, table)?;
            Ok(answer)
        })
    }
}

/// Writes the table, if it is to be, and notes it.
fn written(mut report: Report, table: Option<(&String, Report)>) -> Result<Report, Error> {
    let Some((path, table)) = table else {
        report.meta.notes.push("no table was written (--dry-run)".to_owned());
        return Ok(report);
    };
    let style = Style { units: Units::Raw, header: true, width: None, color: false };
    output::to_file(path, |out| view::write(&table, None, Format::Csv, &style, out))?;
    report.meta.notes.push(format!("wrote {path}: --prices {path} prices by it"));
    Ok(report)
}
