//! Prices: which rate applies to a charge, and what bytes cost.
//!
//! This stage covers tables, tiers and exact money, not traffic: which bytes have which charge, and who pays, is
//! decided elsewhere. Rates and amounts are integers (see [`Rate`] and [`Money`]), and an unknown price is reported as
//! unpriced, never as zero.

mod attested;
pub mod bill;
mod differ;
mod discount;
mod edge;
mod ladder;
mod money;
pub mod offer;
mod pools;
mod read;
pub mod split;
pub mod statement;
mod table;
mod unruled;
mod update;
mod usage;

pub use attested::Confidence;
pub use differ::{Difference, Status, differences};
pub use discount::Discounts;
pub use ladder::{Ladder, Share, Step, Terms};
pub use money::{
    Discount, GB_BYTES, Money, PERCENT_DECIMALS, RATE_USD_MAX, Rate, cent_parts, dollars, rounded_parts, running_cents,
    running_parts, signed_cent_parts, split_signed,
};
pub use pools::{MonthUsage, PoolTerms, Priced, Tiers, Usage, price};
pub use read::{TIER_GB_MAX, written_date};
pub use table::{Place, PriceRow, PriceTable};
pub use unruled::{
    Uncharged, accelerator_premium, named_charge, no_price_note, uncharged, unpriced_notes, unruled_notes,
};
pub use update::{Change, Update, update};
pub use usage::read_usage;

pub use crate::schema::charge::{ANY, Charge, INTERNET, SAME};

#[cfg(test)]
mod tests;
