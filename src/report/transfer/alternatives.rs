//! What would be cheaper: which two ends talk in a way that costs, while another way costs nothing.
//!
//! What is told is what the charges that the other way avoids come to. What the other way takes besides (another
//! subnet, a copy of the data) is not known here.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::gathered::{Measured, Part};
use super::{OTHER, TransferShape};
use crate::price::{Charge, Money, rounded_parts};
use crate::report::amounts::{exact_amounts, plain};
use crate::report::{Cell, Head, Row, Table};
use crate::schema::{Column, output};
use crate::units::human;

/// Hours of what is called a month.
pub(super) const MONTH_HOURS: u64 = 730;
/// The services that have gateway endpoints, which cost nothing.
const BY_GATEWAY_ENDPOINT: [&str; 2] = ["S3", "DYNAMODB"];

/// A cheaper way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    SameZone,
    PrivateAddress,
    GatewayEndpoint,
    SameRegion,
    NatInZone,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::SameZone => "the same zone",
            Self::PrivateAddress => "private addresses in the same zone",
            Self::GatewayEndpoint => "a gateway endpoint",
            Self::SameRegion => "the same region",
            Self::NatInZone => "a NAT gateway in each zone",
        }
    }

    /// The way that all charges of a part could do without, by how its bytes went.
    fn of_part(part: &Part) -> Option<Self> {
        let Cell::Text(path) = &part.path else { return None };
        let is = |cell: &Cell, names: &[&str]| matches!(cell, Cell::Text(text) if names.contains(&&**text));
        let by_nat = matches!(&part.via, Cell::Text(via) if via.split('+').any(|via| via == "nat"));
        match &**path {
            "cross-zone" | "peering-cross-zone" => Some(Self::SameZone),
            "public-address" => Some(Self::PrivateAddress),
            "aws-service" if by_nat && part.places.iter().any(|place| is(place, &BY_GATEWAY_ENDPOINT)) => {
                Some(Self::GatewayEndpoint)
            }
            "cross-region" | "peering-cross-region" | "aws-service-cross-region" => Some(Self::SameRegion),
            _ => None,
        }
    }

    /// The way that one charge could do without.
    fn of(part: &Part, charge: Charge) -> Option<Self> {
        let way = Self::of_part(part);
        match (way, charge) {
            (Some(Self::SameZone), Charge::InterZoneOut | Charge::InterZoneIn)
            | (Some(Self::SameZone), Charge::PeeringZoneOut | Charge::PeeringZoneIn)
            | (Some(Self::PrivateAddress), Charge::PublicAddressOut | Charge::PublicAddressIn)
            | (Some(Self::GatewayEndpoint), _)
            | (Some(Self::SameRegion), Charge::InterRegion) => way,
            // Through a transit gateway, whatever the rest of the way.
            (None, Charge::InterRegion) => Some(Self::SameRegion),
            // Between a client and its NAT gateway.
            (_, Charge::InterZoneOut | Charge::InterZoneIn) => Some(Self::NatInZone),
            _ => None,
        }
    }
}

/// Two ends, how they talk, and what would be cheaper.
type Talk = ([Cell; 2], Cell, Cell, Way);

#[derive(Clone, Debug, Default)]
struct Avoidable {
    bytes: u128,
    usd: Money,
}

/// The table, and what its months rest on.
pub(super) fn table(parts: &[Part], measured: &[Measured], shape: &TransferShape) -> (Table, Option<String>) {
    let mut rows: Vec<(Talk, Avoidable)> = talks(parts, measured).into_iter().collect();
    rows.sort_by_key(|(_, talk)| Reverse((talk.usd, talk.bytes)));
    let exact = rounded_parts(&rows.iter().map(|(_, talk)| talk.usd).collect::<Vec<_>>());
    let rows: Vec<_> = rows.into_iter().zip(exact).map(|((talk, of), usd)| (Some(talk), of.bytes, usd)).collect();
    let rows = cut(rows, shape.rows);
    let months: Vec<_> = rows.iter().filter_map(|(_, _, usd)| month(*usd, shape.hours)).collect();
    let (usd, usd_total) = exact_amounts(&rows.iter().map(|(_, _, usd)| *usd).collect::<Vec<_>>());
    let (months, month_total) = exact_amounts(&months);
    let mut table = plain("alternatives", "Who talks in a way that costs, and what would be cheaper");
    table.columns = vec![output::RANK.into(), output::ONE_END.into(), output::OTHER_END.into()];
    table.columns.extend([Column::Path, Column::Via].map(Head::from));
    table.columns.extend([output::BYTES, output::USD, output::MONTH_USD, output::CHEAPER].map(Head::from));
    let whole: u128 = rows.iter().map(|(_, bytes, _)| bytes).sum();
    let mut months = months.into_iter();
    for (rank, ((talk, bytes, _), usd)) in (1u64..).zip(rows.into_iter().zip(usd)) {
        let sums = [bytes.into(), usd, months.next().unwrap_or(Cell::Absent)];
        table.rows.push(row(rank, talk, sums));
    }
    let keys = std::iter::repeat_n(Cell::Absent, 5);
    table.total = Some(keys.chain([whole.into(), usd_total, month_total, Cell::Absent]).collect());
    let note = (!table.rows.is_empty()).then(|| {
        let hours = human::counted(shape.hours, "hour");
        format!("alternatives: a month is {MONTH_HOURS} hours like the {hours} that these logs have traffic of")
    });
    (table, note)
}

fn row(rank: u64, talk: Option<Talk>, sums: [Cell; 3]) -> Row {
    let (keys, cheaper) = match talk {
        Some(([one, other], path, via, way)) => ([rank.into(), one, other, path, via], way.name().into()),
        None => ([Cell::Absent, OTHER.into(), Cell::Absent, Cell::Absent, Cell::Absent], Cell::Absent),
    };
    keys.into_iter().chain(sums).chain([cheaper]).collect()
}

/// The first rows, and the others as one.
fn cut(mut rows: Vec<(Option<Talk>, u128, u128)>, most: Option<usize>) -> Vec<(Option<Talk>, u128, u128)> {
    let rest = rows.split_off(most.unwrap_or(usize::MAX).min(rows.len()));
    if !rest.is_empty() {
        rows.push((None, rest.iter().map(|row| row.1).sum(), rest.iter().map(|row| row.2).sum()));
    }
    rows
}

/// What an amount of so many hours comes to in a month.
fn month(usd: u128, hours: u64) -> Option<u128> {
    usd.checked_mul(MONTH_HOURS.into())?.checked_div(hours.into())
}

/// What each two ends could do without, whichever of them sends.
fn talks(parts: &[Part], measured: &[Measured]) -> BTreeMap<Talk, Avoidable> {
    let mut sent: BTreeMap<Part, BTreeMap<Charge, Avoidable>> = BTreeMap::new();
    for (part, measured) in parts.iter().zip(measured) {
        // Both halves of a charge are on the same bytes, also where further keys tell them apart.
        let charges = sent.entry(Part { by: Vec::new(), ..part.clone() }).or_default();
        for (charge, of) in &measured.charges {
            let avoidable = charges.entry(*charge).or_default();
            avoidable.usd = avoidable.usd + of.usd;
            avoidable.bytes += of.bytes;
        }
    }
    let mut talks: BTreeMap<Talk, Avoidable> = BTreeMap::new();
    for (part, charges) in &sent {
        let mut of_part: BTreeMap<Way, Avoidable> = BTreeMap::new();
        for (charge, of) in charges {
            let Some(way) = Way::of(part, *charge) else { continue };
            let avoidable = of_part.entry(way).or_default();
            avoidable.usd = avoidable.usd + of.usd;
            avoidable.bytes = avoidable.bytes.max(of.bytes);
        }
        let mut services = part.services.clone();
        services.sort();
        for (way, of) in of_part.into_iter().filter(|(_, of)| of.usd > Money::default()) {
            let talk = talks.entry((services.clone(), part.path.clone(), part.via.clone(), way)).or_default();
            talk.usd = talk.usd + of.usd;
            talk.bytes += of.bytes;
        }
    }
    talks
}
