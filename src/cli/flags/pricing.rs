//! The flags of what is priced and how, for every command that tells dollars.

use clap::{Args, ValueEnum};

use crate::error::Error;
use crate::join::ChargeTo;
use crate::price::{Discounts, PoolTerms, PriceTable, Tiers};
use crate::work;

/// Which prices apply.
#[derive(Debug, Args)]
pub(in crate::cli) struct PriceTableFlags {
    /// Price table laid over the embedded one, as `prices show -o csv` writes it; may be given several times
    #[arg(long, value_name = "FILE", help_heading = "Prices")]
    prices: Vec<String>,
}

impl PriceTableFlags {
    /// The embedded prices with those tables laid over them.
    pub(in crate::cli) fn table(&self) -> Result<PriceTable, Error> {
        work::price_table(&self.prices)
    }
}

/// What traffic costs by them.
#[derive(Debug, Args)]
pub(in crate::cli) struct PricingFlags {
    #[command(flatten)]
    pub(in crate::cli) prices: PriceTableFlags,

    /// Take this off a charge's prices: internet-egress=12%
    #[arg(long, value_name = "CHARGE=PERCENT", help_heading = "Prices")]
    discount: Vec<String>,

    /// Take the global free tier off each month's egress to the internet, the dearest regions first
    #[arg(long, help_heading = "Prices")]
    free_tier: bool,

    /// Whether all bytes of a month pay the same average, or each hour the tiers that it reaches
    #[arg(long, value_enum, default_value_t = TiersFlag::Blended, help_heading = "Prices")]
    tiers: TiersFlag,

    /// What each month's bill has besides these logs, where the tiers begin: CSV of charge,from_region,gb
    #[arg(long, value_name = "FILE", help_heading = "Prices")]
    billing_month_usage: Option<String>,
}

impl PricingFlags {
    /// What decides the cost besides the prices.
    pub(in crate::cli) fn terms(&self) -> Result<PoolTerms, Error> {
        let already = self.billing_month_usage.as_deref().map(work::month_usage).transpose()?.unwrap_or_default();
        let discounts = Discounts::parse(&self.discount)?;
        Ok(PoolTerms { tiers: self.tiers.into(), free_tier: self.free_tier, already, discounts })
    }
}

/// Who bears charges, as typed.
#[derive(Debug, Args)]
pub(in crate::cli) struct BearerFlags {
    /// Whose owner bears a charge: of the end on the paying account's side (of gateways and endpoints their client), of
    /// the sender, or of the receiver
    #[arg(long, value_enum, default_value_t = BearerFlag::Payer, help_heading = "Report")]
    charge_to: BearerFlag,
}

/// Whose owner bears a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BearerFlag {
    /// The end on the side of the account that pays
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

    /// What is said of charges that are borne otherwise than they are paid.
    pub(in crate::cli) fn note(&self) -> Option<String> {
        let end = match self.charge_to {
            BearerFlag::Payer => return None,
            BearerFlag::Sender => "sender",
            BearerFlag::Receiver => "receiver",
        };
        Some(format!("charges are borne by the owner of the {end}"))
    }
}

/// Whose bytes reach which tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TiersFlag {
    /// All pay the month's average
    Blended,
    /// Hour by hour, each on top of those before it
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
