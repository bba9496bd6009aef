//! `outflow prices`: the price table, checked, shown and made from AWS's price lists.

mod update;

use clap::{Args, Subcommand, ValueEnum};

use self::update::UpdateFlags;

use super::flags::OutputFlags;
use super::flags::pricing::PriceTableFlags;
use super::job::now;
use super::{notice, output};
use crate::collect::S3Options;
use crate::error::{Error, Exit};
use crate::price::{Charge, Discounts};
use crate::report::Report;
use crate::report::prices::{self, Quote, Shown};
use crate::schema::region::known_region;
use crate::units::size;
use crate::units::time::{Zone, parse_moment};
use crate::work;

/// Commands of `outflow prices`.
#[derive(Debug, Subcommand)]
pub(super) enum PricesCommand {
    /// Show effective prices and their sources; with --bytes, the cost of amounts
    Show(ShowFlags),
    /// Check a price table and compare it with the embedded one (exit code 4 if it has errors)
    Check(CheckFlags),
    /// Import AWS price lists (AWSDataTransfer, AmazonEC2, AmazonVPC; CSV or JSON) as a price table
    Import(ImportFlags),
    /// Update your price table from AWS price lists: what changed, and its effect on the cost of logs
    #[command(mut_args(update::said))]
    Update(Box<UpdateFlags>),
}

/// Flags of `outflow prices show`.
#[derive(Debug, Args)]
pub(super) struct ShowFlags {
    /// Only these charges: internet-egress, inter-region, nat-processing…
    #[arg(long, value_name = "CHARGE", value_delimiter = ',', help_heading = "Prices")]
    charge: Vec<String>,

    /// Only prices from or to these regions
    #[arg(long, value_name = "REGION", value_delimiter = ',', help_heading = "Prices")]
    region: Vec<String>,

    /// Date of the prices: a date, a time, `yesterday`, 30d [default: now]
    #[arg(long, value_name = "DATE", help_heading = "Prices")]
    at: Option<String>,

    #[command(flatten)]
    prices: PriceTableFlags,

    /// Also price these monthly amounts in total and individually: 5TiB or 5TiB,300GiB (a GB on a bill is 1GiB)
    #[arg(long, value_name = "SIZE", value_delimiter = ',', help_heading = "Cost")]
    bytes: Vec<String>,

    /// Bytes already billed in the month, where tiers start
    #[arg(long, value_name = "SIZE", requires = "bytes", help_heading = "Cost")]
    already: Option<String>,

    /// Share tiered prices: the average for all amounts, or the tiers each amount reaches in order
    #[arg(long, value_enum, default_value_t = Method::Blended, help_heading = "Cost")]
    method: Method,

    /// Apply the global free tier to internet egress
    #[arg(long, requires = "bytes", help_heading = "Cost")]
    free_tier: bool,

    /// Discount on a charge: internet-egress=12%
    #[arg(long, value_name = "CHARGE=PERCENT", requires = "bytes", help_heading = "Cost")]
    discount: Vec<String>,

    #[command(flatten)]
    output: OutputFlags,
}

/// How a tiered total is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    /// The average price for all
    Blended,
    /// In the given order, cumulatively
    Marginal,
}

/// Flags of `outflow prices check`.
#[derive(Debug, Args)]
pub(super) struct CheckFlags {
    /// A price table, or `-` for standard input
    #[arg(value_name = "FILE")]
    file: String,

    #[command(flatten)]
    output: OutputFlags,
}

/// Flags of `outflow prices import`.
#[derive(Debug, Args)]
pub(super) struct ImportFlags {
    /// AWS price list offer files (CSV or JSON, gzipped or not), folders of them, s3://BUCKET/PREFIX, or `-` for standard
    /// input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    /// Exit with code 3 (incomplete) also if a region is unknown or contradicts the usage type
    #[arg(long, help_heading = "Reading")]
    strict: bool,

    #[command(flatten)]
    output: OutputFlags,
}

impl PricesCommand {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        match self {
            Self::Show(flags) => flags.run(),
            Self::Check(flags) => flags.run(),
            Self::Import(flags) => flags.run(),
            Self::Update(flags) => flags.run(),
        }
    }
}

impl ShowFlags {
    fn run(self) -> Result<Exit, Error> {
        let charges = self.charge.iter().map(|name| Charge::named("--charge", name)).collect::<Result<_, _>>()?;
        for region in &self.region {
            known_region("--region", region)?;
        }
        let now = now()?;
        let moment = self.at.as_deref().map_or(Ok(now), |text| parse_moment(text, now, Zone::default()))?;
        let shown = Shown { charges, regions: self.region.clone(), moment };
        let quote = self.quote()?;
        let table = self.prices.table()?;
        write(prices::show(&table, &shown, quote.as_ref()), &self.output, Exit::Done)
    }

    fn quote(&self) -> Result<Option<Quote>, Error> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let bytes =
            |flag: &str, text: &str| size::parse(text).map_err(|error| Error::usage(format!("{flag}: {error}")));
        let amounts = self.bytes.iter().map(|text| bytes("--bytes", text)).collect::<Result<Vec<_>, _>>()?;
        if amounts.iter().try_fold(0_u64, |sum, amount| sum.checked_add(*amount)).is_none() {
            return Err(Error::usage("--bytes: the total is 16 EiB or more"));
        }
        Ok(Some(Quote {
            amounts,
            already_bytes: self.already.as_deref().map_or(Ok(0), |text| bytes("--already", text))?,
            free_tier: self.free_tier,
            marginal: self.method == Method::Marginal,
            discounts: Discounts::parse(&self.discount)?,
        }))
    }
}

impl CheckFlags {
    fn run(self) -> Result<Exit, Error> {
        let (report, is_right) = work::check_prices(&self.file)?;
        write(report, &self.output, if is_right { Exit::Done } else { Exit::Condition })
    }
}

impl ImportFlags {
    fn run(self) -> Result<Exit, Error> {
        // A wrong format is said before gigabytes are read.
        output::format(&self.output)?;
        let report = work::import_prices(&self.files, self.strict, &S3Options::default())?;
        let exit = if report.meta.incomplete { Exit::Incomplete } else { Exit::Done };
        write(report, &self.output, exit)
    }
}

/// Writes a report that reads no logs, and says its notes and warnings.
pub(super) fn write(mut report: Report, flags: &OutputFlags, exit: Exit) -> Result<Exit, Error> {
    output::write(&mut report, flags)?;
    if !flags.quiet {
        notice::notes(&report.meta);
    }
    notice::warnings(&report.meta);
    Ok(exit)
}
