//! Pricing flags, for every command that shows dollars.

use clap::{Args, ValueEnum};

use super::super::job::reading;
use super::InputFlags;
use crate::error::Error;
use crate::join::ChargeTo;
use crate::price::{Discounts, PoolTerms, PriceTable, Tiers};
use crate::work;

/// Which prices apply.
#[derive(Debug, Args)]
pub(in crate::cli) struct PriceTableFlags {
    /// Price table that overrides embedded prices, as written by `prices show -o csv`; repeatable
    #[arg(long, value_name = "FILE", help_heading = "Prices")]
    prices: Vec<String>,
}

impl PriceTableFlags {
    /// The files, as typed.
    pub(in crate::cli) fn files(&self) -> &[String] {
        &self.prices
    }

    /// The embedded prices with those tables laid over them.
    pub(in crate::cli) fn table(&self) -> Result<PriceTable, Error> {
        work::price_table(&self.prices)
    }
}

/// Cost by them.
#[derive(Debug, Args)]
pub(in crate::cli) struct PricingFlags {
    #[command(flatten)]
    prices: PriceTableFlags,

    /// Price by what a bill of AWS's really charged: the mean rate of each charge and month after discounts, so that
    /// dollars sum to what was paid; an export's folder or files, repeatable. See `outflow reconcile`
    #[arg(long, value_name = "BILL", help_heading = "Prices")]
    rates_from_bill: Vec<String>,

    /// Discount on a charge: internet-egress=12%
    #[arg(long, value_name = "CHARGE=PERCENT", help_heading = "Prices")]
    discount: Vec<String>,

    /// Apply the global free tier to each month's internet egress, most expensive regions first
    #[arg(long, help_heading = "Prices")]
    free_tier: bool,

    /// Share tiered prices: the month's average for all bytes, or the tiers each hour reaches
    #[arg(long, value_enum, default_value_t = TiersFlag::Blended, help_heading = "Prices")]
    tiers: TiersFlag,

    /// Monthly usage outside these logs, where tiers start: CSV of charge,from_region,gb
    #[arg(long, value_name = "FILE", help_heading = "Prices")]
    billing_month_usage: Option<String>,
}

impl PricingFlags {
    /// The prices: embedded ones, tables laid over them, and the rates of a bill over these.
    pub(in crate::cli) fn table(&self, input: &InputFlags) -> Result<PriceTable, Error> {
        let table = self.prices.table()?;
        if self.rates_from_bill.is_empty() {
            return Ok(table);
        }
        if !self.discount.is_empty() {
            return Err(Error::usage("--discount: the rates of --rates-from-bill are after discounts")
                .hint("leave out one of them"));
        }
        work::with_rates_of_bill(table, &reading(input)?, &self.rates_from_bill)
    }

    /// Refuses what a bill itself says.
    ///
    /// # Errors
    /// If there is such a flag.
    pub(in crate::cli) fn refuse_what_a_bill_says(&self) -> Result<(), Error> {
        let flags = [("--free-tier", self.free_tier), ("--rates-from-bill", !self.rates_from_bill.is_empty())];
        match flags.into_iter().find(|(_, is_set)| *is_set) {
            Some((flag, _)) => Err(Error::usage(format!("{flag}: a bill is compared with list prices"))
                .hint("leave it out: what was free or cheaper is a reason of the answer")),
            None => Ok(()),
        }
    }

    /// The files of price tables.
    pub(in crate::cli) fn files(&self) -> &[String] {
        self.prices.files()
    }

    /// Terms other than prices.
    pub(in crate::cli) fn terms(&self) -> Result<PoolTerms, Error> {
        let already = self.billing_month_usage.as_deref().map(work::month_usage).transpose()?.unwrap_or_default();
        let discounts = Discounts::parse(&self.discount)?;
        Ok(PoolTerms { tiers: self.tiers.into(), free_tier: self.free_tier, already, discounts })
    }
}

/// Allocation of charges, as typed.
#[derive(Debug, Args)]
pub(in crate::cli) struct BearerFlags {
    /// Allocate charges to the owner of the payer's endpoint (for gateways and endpoints, their client), the sender, or
    /// the receiver
    #[arg(long, value_enum, default_value_t = BearerFlag::Payer, help_heading = "Report")]
    charge_to: BearerFlag,
}

/// The endpoint whose owner a charge is allocated to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BearerFlag {
    /// The endpoint in the paying account
    Payer,
    /// The source end
    Sender,
    /// The destination end
    Receiver,
}

impl BearerFlags {
    /// Who that is.
    pub(in crate::cli) fn charge_to(&self) -> ChargeTo {
        match self.charge_to {
            BearerFlag::Payer => ChargeTo::Payer,
            BearerFlag::Sender => ChargeTo::Sender,
            BearerFlag::Receiver => ChargeTo::Receiver,
        }
    }

    /// Note on charges that are allocated to another owner than the payer.
    pub(in crate::cli) fn note(&self) -> Option<String> {
        let end = match self.charge_to {
            BearerFlag::Payer => return None,
            BearerFlag::Sender => "sender",
            BearerFlag::Receiver => "receiver",
        };
        Some(format!("charges are allocated to the owner of the {end}"))
    }
}

/// Whose bytes reach which tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TiersFlag {
    /// The month's average for all bytes
    Blended,
    /// Hour by hour, cumulatively
    Marginal,
}

impl From<TiersFlag> for Tiers {
    fn from(flag: TiersFlag) -> Self {
        match flag {
            TiersFlag::Blended => Self::Blended,
            TiersFlag::Marginal => Self::Marginal,
        }
    }
}
