//! `outflow prices`: the price table, checked, shown and made from AWS's price lists.

use clap::{Args, Subcommand, ValueEnum};

use super::flags::OutputFlags;
use super::flags::pricing::PriceTableFlags;
use super::job::now;
use super::{notice, output};
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
    /// The prices in force, with their sources; with --bytes, what amounts cost
    Show(ShowFlags),
    /// What is wrong with a price table, and how it differs from the embedded one (exit code 4 if anything is wrong)
    Check(CheckFlags),
    /// AWS's price lists (AWSDataTransfer, AmazonEC2, AmazonVPC; CSV or JSON) as a table for --prices
    Import(ImportFlags),
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

    /// When they are in force: a date, a time, `yesterday`, 30d [default: now]
    #[arg(long, value_name = "DATE", help_heading = "Prices")]
    at: Option<String>,

    #[command(flatten)]
    prices: PriceTableFlags,

    /// Also what these bytes of a month cost together, and each of several its share: 5TiB or 5TiB,300GiB (a GB on a
    /// bill is 1GiB)
    #[arg(long, value_name = "SIZE", value_delimiter = ',', help_heading = "Cost")]
    bytes: Vec<String>,

    /// Bytes of the month that were charged before, for the tier to begin in
    #[arg(long, value_name = "SIZE", requires = "bytes", help_heading = "Cost")]
    already: Option<String>,

    /// Whether all amounts pay the same average, or each the tiers that it reaches after those before it
    #[arg(long, value_enum, default_value_t = Method::Blended, help_heading = "Cost")]
    method: Method,

    /// Take the global free tier off egress to the internet
    #[arg(long, requires = "bytes", help_heading = "Cost")]
    free_tier: bool,

    /// Take this off a charge's prices: internet-egress=12%
    #[arg(long, value_name = "CHARGE=PERCENT", requires = "bytes", help_heading = "Cost")]
    discount: Vec<String>,

    #[command(flatten)]
    output: OutputFlags,
}

/// How a tiered total is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    /// All pay the average
    Blended,
    /// In the order given, each on top of those before it
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
    /// Offer files of AWS's price list, or `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    /// Also call the run incomplete (exit code 3) where a region is unknown or contradicts the usage type
    #[arg(long, help_heading = "Reading")]
    strict: bool,

    #[command(flatten)]
    output: OutputFlags,
}

impl PricesCommand {
    /// Answers, writes and tells how it ended.
    pub(super) fn run(self) -> Result<Exit, Error> {
        match self {
            Self::Show(flags) => flags.run(),
            Self::Check(flags) => flags.run(),
            Self::Import(flags) => flags.run(),
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
            return Err(Error::usage("--bytes: the amounts together are 16 EiB or more"));
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
        let report = work::import_prices(&self.files, self.strict)?;
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
