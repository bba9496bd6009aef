//! AWS's list prices as far as the estate's bill needs them, its codes of Regions, and the ids of its price list.
//!
//! A table of its own, so that a fault in outflow's prices shows. Ids of products are made up; a pool of tiers has one.

use super::Item;
use crate::flowgen::estate::BILL;
use crate::flowgen::random::Random;

/// Units of a price: 10⁻⁷ USD.
pub(super) const RATE_SCALE: u64 = 10_000_000;
/// Bytes in a GB.
pub(super) const GB: u64 = 1 << 30;
/// What of a month's internet egress is free.
pub(super) const FREE_BYTES: u64 = 100 * GB;
const TERM: &str = "JRTCKXETXF";
const SINGLE: &str = "6YS6EN2CT7";
const TIERS: [&str; 4] = ["Q3Z75P77EN", "VF6T3GAUKQ", "N9EW5UVVPA", "GPHXDESFBB"];
const FREE: &str = "E63J5HTPNN";

/// What a rate is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Gb,
    /// What transit gateways call it.
    GigaBytes,
    GbMonth,
    Hours,
}

use Unit::{Gb, GbMonth, GigaBytes, Hours};

/// Service code and product family of a meter.
type Family = (&'static str, &'static str);

const TRANSFER: Family = ("AWSDataTransfer", "Data Transfer");
const NAT: Family = ("AmazonEC2", "NAT Gateway");
const TRANSIT: Family = ("AmazonVPC", "Transit Gateway");
const ENDPOINT: Family = ("AmazonVPC", "VpcEndpoint");

/// Where tiers begin, in GB, and their prices.
type Ladder = &'static [(u64, u64)];

const ZERO: Ladder = &[(0, 0)];
const CENT: Ladder = &[(0, 100_000)];
const TWO_CENTS: Ladder = &[(0, 200_000)];
const INTERNET: Ladder = &[(0, 900_000), (10_240, 850_000), (51_200, 700_000), (153_600, 500_000)];
const EDGE: Ladder = &[(0, 850_000), (10_240, 800_000), (51_200, 600_000), (153_600, 400_000)];
const ENDPOINTS: Ladder = &[(0, 100_000), (1_048_576, 60_000), (5_242_880, 40_000)];

/// A meter's name, the Region that it is of or none for all, its family, unit, prices, and what a bill calls it.
type Rate = (&'static str, &'static str, Family, Unit, Ladder, &'static str);

#[rustfmt::skip]
const RATES: [Rate; 33] = [
    ("internet-egress", "", TRANSFER, Gb, INTERNET, "data transfer out"),
    ("inter-region", "", TRANSFER, Gb, TWO_CENTS, "data transfer to another Region"),
    ("regional", "", TRANSFER, Gb, CENT, "regional data transfer - in/out/between EC2 AZs or using elastic IPs or ELB"),
    ("peering-out", "", TRANSFER, Gb, CENT, "VPC peering data transfer out between AZs"),
    ("peering-in", "", TRANSFER, Gb, CENT, "VPC peering data transfer in between AZs"),
    ("nat", "us-east-1", NAT, Gb, &[(0, 450_000)], "data processed by NAT gateways"),
    ("nat", "eu-west-1", NAT, Gb, &[(0, 480_000)], "data processed by NAT gateways"),
    ("regional-nat", "us-east-1", NAT, Gb, &[(0, 450_000)], "data processed by regional NAT gateways"),
    ("regional-nat", "eu-west-1", NAT, Gb, &[(0, 480_000)], "data processed by regional NAT gateways"),
    ("transit-gateway", "", TRANSIT, GigaBytes, TWO_CENTS, "data processed by transit gateways"),
    ("endpoint", "", ENDPOINT, Gb, ENDPOINTS, "data processed by VPC endpoints"),
    ("direct-connect", "us-east-1", TRANSFER, Gb, TWO_CENTS, "data transfer out over Direct Connect"),
    ("direct-connect", "eu-west-1", TRANSFER, Gb, &[(0, 282_000)], "data transfer out over Direct Connect"),
    ("direct-connect-in", "", TRANSFER, Gb, ZERO, "data transfer in over Direct Connect"),
    ("in", "", TRANSFER, Gb, ZERO, "data transfer in per month"),
    ("aws-in", "", TRANSFER, Gb, ZERO, "data transfer from another Region"),
    ("xaz-out", "", TRANSFER, Gb, ZERO, "data transfer between AZs inside a service, out"),
    ("xaz-in", "", TRANSFER, Gb, ZERO, "data transfer between AZs inside a service, in"),
    ("cloudfront-out", "", TRANSFER, Gb, ZERO, "data transfer to CloudFront"),
    ("s3-out", "", TRANSFER, Gb, ZERO, "data transfer between S3 and EC2, out"),
    ("s3-in", "", TRANSFER, Gb, ZERO, "data transfer between S3 and EC2, in"),
    ("edge-out", "", ("AmazonCloudFront", "Data Transfer"), Gb, EDGE, "data transfer out to viewers (Europe)"),
    ("storage", "", ("AmazonS3", "Storage"), GbMonth, &[(0, 230_000)], "standard storage"),
    ("logs", "", ("AmazonCloudWatch", "Data Payload"), Gb, &[(0, 5_000_000)], "log data ingested"),
    ("box", "us-east-1", ("AmazonEC2", "Compute Instance"), Hours, &[(0, 960_000)], "On Demand Linux m5.large"),
    ("box", "eu-west-1", ("AmazonEC2", "Compute Instance"), Hours, &[(0, 1_070_000)], "On Demand Linux m5.large"),
    ("nat-hours", "us-east-1", NAT, Hours, &[(0, 450_000)], "NAT gateway hour"),
    ("nat-hours", "eu-west-1", NAT, Hours, &[(0, 480_000)], "NAT gateway hour"),
    ("regional-nat-hours", "us-east-1", NAT, Hours, &[(0, 450_000)], "regional NAT gateway hour and AZ"),
    ("endpoint-hours", "us-east-1", ENDPOINT, Hours, CENT, "VPC endpoint hour and AZ"),
    ("endpoint-hours", "eu-west-1", ENDPOINT, Hours, &[(0, 110_000)], "VPC endpoint hour and AZ"),
    ("transit-hours", "", TRANSIT, Hours, &[(0, 500_000)], "transit gateway attachment hour"),
    ("balancer-hours", "", ("AWSELB", "Load Balancer-Network"), Hours, &[(0, 225_000)], "Network Load Balancer hour"),
];

/// A product of the price list: what shares tiers.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub(super) sku: String,
    pub(super) service: &'static str,
    pub(super) family: &'static str,
    pub(super) unit: Unit,
    pub(super) ladder: Ladder,
    pub(super) what: &'static str,
    /// Whether the free tier is of it.
    pub(super) has_free_tier: bool,
}

/// Which of a product's prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// What is free in a month.
    Free,
    Tier(usize),
}

impl Product {
    /// The product that an item is of.
    pub(super) fn of(item: &Item) -> Result<Self, String> {
        let fits = |rate: &&Rate| rate.0 == item.meter && (rate.1.is_empty() || rate.1 == item.from);
        let found = RATES.iter().find(fits);
        let (meter, _, (service, family), unit, ladder, what) =
            found.ok_or_else(|| format!("the simulator has no rate of {} in {}", item.meter, item.from))?;
        let name = format!("{meter}/{}/{}", item.from, item.to);
        let has_free_tier = *meter == "internet-egress";
        Ok(Self { sku: sku(&name), service, family, unit: *unit, ladder, what, has_free_tier })
    }

    /// The price, in units of 10⁻⁷ USD.
    pub(super) fn rate(&self, step: Step) -> u64 {
        if let Step::Tier(tier) = step { self.ladder[tier].1 } else { 0 }
    }

    /// The id of the price.
    pub(super) fn rate_code(&self, step: Step) -> String {
        let code = match step {
            Step::Free => FREE,
            Step::Tier(_) if self.ladder.len() == 1 => SINGLE,
            Step::Tier(tier) => TIERS[tier],
        };
        format!("{}.{TERM}.{code}", self.sku)
    }

    /// The tier that amounts beyond `used` are in, and how much of it is left.
    pub(super) fn tier(&self, used: u64) -> (usize, u64) {
        let scale = self.unit.scale();
        let tier = self.ladder.iter().rposition(|(from, _)| from * scale <= used).unwrap_or(0);
        (tier, self.ladder.get(tier + 1).map_or(u64::MAX, |(to, _)| to * scale - used))
    }
}

impl Unit {
    /// What an amount is divided by.
    pub(super) fn scale(self) -> u64 {
        match self {
            Gb | GigaBytes | GbMonth => GB,
            Hours => 1,
        }
    }

    /// Whether amounts are bytes that moved.
    pub(super) fn is_bytes(self) -> bool {
        matches!(self, Gb | GigaBytes)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Gb => "GB",
            GigaBytes => "GigaBytes",
            GbMonth => "GB-Mo",
            Hours => "Hrs",
        }
    }
}

/// AWS's billing code of a Region.
pub(super) fn code(region: &str) -> &'static str {
    match region {
        "us-east-1" => "USE1",
        "us-west-2" => "USW2",
        "eu-central-1" => "EUC1",
        "eu-west-1" => "EU",
        _ => "UNKNOWN",
    }
}

/// What bills call a Region.
pub(super) fn place(region: &str) -> &'static str {
    match region {
        "us-east-1" => "US East (N. Virginia)",
        "us-west-2" => "US West (Oregon)",
        "eu-central-1" => "EU (Frankfurt)",
        "eu-west-1" => "EU (Ireland)",
        _ => "",
    }
}

/// An id as those of products, always the same of a name.
fn sku(name: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789Z";
    // FNV-1a.
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut random = Random::new(hash, BILL);
    (0..16).map(|_| char::from(*random.pick(LETTERS))).collect()
}
