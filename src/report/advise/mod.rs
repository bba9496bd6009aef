//! Savings, net of what they cost, ranked by likely saving for effort.
//!
//! Each rule looks for traffic that a change would charge less for, and says which charges go, which come, and what
//! hours of gateways and endpoints the change needs. All of them are priced in one way: the pools of the window's
//! bill with and without the bytes. What a change does to availability or latency is not known here.

mod egress;
mod endpoints;
mod idle;
mod inventory;
mod line;
mod nat;
mod routes;
mod table;
#[cfg(test)]
mod tests;
mod what_if;
mod zones;

use polars::prelude::DataFrame;

pub use inventory::Inventory;
use line::{Line, lines};
pub use table::AdviseShape;
use what_if::WhatIf;

use super::Report;
use super::question::{Frames, Need, Question};
use super::transfer;
use crate::error::Error;
use crate::group::{Key, Logged};
use crate::price::bill::{self, Bill, Periods};
use crate::price::{Charge, PoolTerms, PriceTable, Rate, Tiers};
use crate::schema::Column;
use crate::units::human;

/// Hours of a month, as AWS's own estimates have them.
pub const MONTH_HOURS: u64 = 730;
/// Covered hours below which a month is too far a guess to pass without a word: a week, for its days differ.
const HOURS_MIN: u64 = 168;

/// The frames: charges by ends and route, processing by NAT gateway and hour, and what web servers send.
const TRANSFERS: &str = "transfers";
const NAT_HOURS: &str = "nat_hours";
const EGRESS: &str = "egress";

/// The keys of the charges, in addition to what decides a price.
const KEYS: [Column; 16] = [
    Column::SrcInterface,
    Column::DstInterface,
    Column::SrcInstance,
    Column::DstInstance,
    Column::SrcVpc,
    Column::DstVpc,
    Column::SrcZone,
    Column::DstZone,
    Column::SrcRegion,
    Column::DstRegion,
    Column::SrcLocation,
    Column::DstLocation,
    Column::Path,
    Column::Via,
    Column::NatGateway,
    Column::NatZone,
];

/// A change that saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// S3 or DynamoDB by a gateway endpoint instead of a NAT gateway.
    GatewayEndpoint,
    /// Another AWS service by an interface endpoint instead of a NAT gateway.
    InterfaceEndpoint,
    /// A workload in the zone of those that it talks to.
    CoLocation,
    /// A NAT gateway in the zone of its clients.
    NatPerZone,
    /// A regional NAT gateway instead of those of single zones.
    RegionalNat,
    /// Bandwidth of a NAT gateway instead of its bytes.
    NatProvisioned,
    /// A peering between two VPCs instead of a transit gateway.
    Peering,
    /// CloudFront in front of a web server.
    CloudFront,
    /// Private addresses instead of public ones.
    PrivateAddress,
    /// IPv6 by an egress-only internet gateway instead of a NAT gateway.
    Ipv6,
    /// A gateway, endpoint or attachment without traffic.
    Idle,
}

/// What a change takes, by the engineers' time that it usually needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effort {
    Low,
    Medium,
    High,
}

/// How sure it is that the change is possible and saves that much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Confidence {
    Low,
    Medium,
    High,
}

impl Kind {
    /// The word for it, as the column has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GatewayEndpoint => "gateway-endpoint",
            Self::InterfaceEndpoint => "interface-endpoint",
            Self::CoLocation => "co-location",
            Self::NatPerZone => "nat-per-zone",
            Self::RegionalNat => "regional-nat",
            Self::NatProvisioned => "nat-provisioned-bandwidth",
            Self::Peering => "peering",
            Self::CloudFront => "cloudfront",
            Self::PrivateAddress => "private-address",
            Self::Ipv6 => "ipv6",
            Self::Idle => "idle",
        }
    }

    fn effort(self) -> Effort {
        match self {
            Self::GatewayEndpoint | Self::NatProvisioned | Self::Idle => Effort::Low,
            Self::InterfaceEndpoint | Self::NatPerZone | Self::RegionalNat => Effort::Medium,
            Self::Peering | Self::PrivateAddress => Effort::Medium,
            Self::CoLocation | Self::CloudFront | Self::Ipv6 => Effort::High,
        }
    }
}

impl Effort {
    fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// What a saving is divided by to rank it.
    fn weight(self) -> i128 {
        match self {
            Self::Low => 1,
            Self::Medium => 3,
            Self::High => 10,
        }
    }
}

impl Confidence {
    fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The quarters of a saving that count when it is ranked.
    fn quarters(self) -> i128 {
        match self {
            Self::Low => 1,
            Self::Medium => 3,
            Self::High => 4,
        }
    }
}

/// Savings.
#[derive(Debug)]
pub struct AdviseQuestion {
    /// What the user's tables list.
    pub inventory: Inventory,
    /// The window, half-open; unbounded sides are none.
    pub window: (Option<u32>, Option<u32>),
    /// The prices.
    pub prices: PriceTable,
    /// Terms other than prices.
    pub terms: PoolTerms,
    /// The price per GB that CloudFront is taken to have; without one it is not recommended.
    pub cloudfront: Option<Rate>,
    /// The owner to ask: the column of an owner key, if there is one.
    pub owner: Option<Column>,
    /// Whether records or traffic are filtered, so that a gateway without bytes may have had some.
    pub is_filtered: bool,
    /// Which rows.
    pub shape: AdviseShape,
}

/// What the rules look at.
struct Estate<'f> {
    lines: Vec<Line<'f>>,
    inventory: &'f Inventory,
    logged: &'f Logged,
    prices: &'f PriceTable,
    /// The first second of the last hour: prices by the hour are those of then.
    moment: u32,
    hours: u64,
}

impl Question for AdviseQuestion {
    type Answer = Report;

    fn plan(&self) -> Vec<Need> {
        let is_hourly = self.terms.tiers == Tiers::Marginal;
        let mut needs = vec![
            Need::charges(TRANSFERS, &self.keys(&KEYS), is_hourly),
            Need::charges(NAT_HOURS, &self.keys(&[Column::NatGateway]), true),
            transfer::hours(),
        ];
        if self.cloudfront.is_some() {
            needs.push(Need::charges(EGRESS, &self.keys(&egress::KEYS), is_hourly));
        }
        needs
    }

    fn answer(self, mut frames: Frames) -> Result<Report, Error> {
        let names: Vec<String> = self.keys(&KEYS).iter().map(Key::name).collect();
        let charges = Periods::default().mark(&frames.take(TRANSFERS)?)?;
        let covered = transfer::covered(&frames.take(transfer::HOURS)?)?;
        let bill = Bill::of(&charges, &names, self.window, (&self.prices, self.terms.clone()))?;
        let mut report = Report { name: "advise".to_owned(), ..Report::default() };
        report.meta.window = self.window;
        report.meta.warnings.clone_from(&bill.warnings);
        let Some(last) = covered.last else {
            let sentence = "not judged: no hour of the window has traffic in these logs";
            report.meta.not_judged(Some(sentence.to_owned()));
            report.tables = table::none();
            return Ok(report);
        };
        let current = bill.current()?;
        let nat_hours = frames.take(NAT_HOURS)?;
        let egress = if self.cloudfront.is_some() { Some(frames.take(EGRESS)?) } else { None };
        let estate = Estate {
            lines: lines(&current, self.owner)?,
            inventory: &self.inventory,
            logged: &frames.logged,
            prices: &self.prices,
            moment: last,
            hours: covered.hours,
        };
        let found = self.found(&estate, &nat_hours, egress.as_ref())?;
        let what_if = WhatIf::new(&estate, &self.terms);
        let mut judged: Vec<_> = found.into_iter().map(|advice| what_if.judge(advice)).collect();
        table::rank(&mut judged);
        report.meta.notes = self.notes(&bill, covered.hours)?;
        let (tables, notes) = table::tables(judged, &self.shape);
        report.tables = tables;
        report.meta.notes.extend(notes);
        Ok(report)
    }
}

impl AdviseQuestion {
    fn keys(&self, columns: &[Column]) -> Vec<Key> {
        columns.iter().copied().chain(self.owner).map(|column| Key { column, cut: None }).collect()
    }

    /// What every rule finds, in no order that matters.
    fn found(
        &self,
        estate: &Estate<'_>,
        nat_hours: &DataFrame,
        egress: Option<&DataFrame>,
    ) -> Result<Vec<line::Advice>, Error> {
        let mut found = endpoints::gateway(estate);
        found.extend(endpoints::interface(estate));
        found.extend(zones::co_location(estate));
        found.extend(nat::per_zone(estate));
        found.extend(nat::regional(estate));
        found.extend(nat::provisioned(estate, &nat::peaks(nat_hours)?));
        found.extend(nat::ipv6(estate));
        found.extend(routes::peering(estate));
        found.extend(routes::private(estate));
        if let (Some(rate), Some(frame)) = (self.cloudfront, egress) {
            found.extend(egress::cloudfront(frame, self.owner, rate)?);
        }
        if !self.is_filtered {
            found.extend(idle::idle(estate));
        }
        Ok(found)
    }

    /// What the figures rest on.
    fn notes(&self, bill: &Bill, hours: u64) -> Result<Vec<String>, Error> {
        let covered = human::counted(hours, "covered hour");
        let mut notes = vec![format!("a month is {MONTH_HOURS} hours, extrapolated from {covered}")];
        if hours < HOURS_MIN {
            notes.push(format!(
                "fewer than {HOURS_MIN} hours (a week) are covered: days and weekends differ, so a month may be far off"
            ));
        }
        if self.cloudfront.is_none() {
            let sentence = "CloudFront is not judged: state its price with --cloudfront-usd-per-gb";
            notes.push(sentence.to_owned());
        }
        if self.is_filtered {
            notes.push("idle gateways are not judged where --where leaves traffic out".to_owned());
        } else if self.inventory.is_empty() {
            notes.push("idle gateways are only found with an inventory (--network)".to_owned());
        }
        notes.extend(bill::notes(bill)?);
        Ok(notes)
    }
}

/// Charges of both halves between zones, by a peering or inside a VPC.
fn halves(is_peering: bool) -> [Charge; 2] {
    if is_peering {
        [Charge::PeeringZoneOut, Charge::PeeringZoneIn]
    } else {
        [Charge::InterZoneOut, Charge::InterZoneIn]
    }
}
