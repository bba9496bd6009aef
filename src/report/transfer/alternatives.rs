//! What would be cheaper: which two ends talk in a way that costs, while another way costs nothing.
//!
//! What is told is what the charges that the other way avoids come to. What the other way takes besides (another
//! subnet, a copy of the data) is not known here.

use polars::prelude::{DataFrame, Expr, IntoLazy, SortMultipleOptions, col, lit, when};

use super::parts::{PLACES, SERVICES};
use super::{OTHER, TransferShape};
use crate::error::Error;
use crate::price::bill::line;
use crate::price::{Charge, Money, rounded_parts};
use crate::report::amounts::{exact_amounts, plain};
use crate::report::frame::rows;
use crate::report::label::Label;
use crate::report::{Cell, Head, Row, Table};
use crate::schema::frame::{codes, int, texts};
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

    const ALL: [Self; 5] =
        [Self::SameZone, Self::PrivateAddress, Self::GatewayEndpoint, Self::SameRegion, Self::NatInZone];

    /// The way that all charges of a part could do without, by how its bytes went.
    fn of_part(part: &Part) -> Option<Self> {
        let by_nat = part.via.is_some_and(|via| via.split('+').any(|via| via == "nat"));
        match part.path? {
            "cross-zone" | "peering-cross-zone" => Some(Self::SameZone),
            "public-address" => Some(Self::PrivateAddress),
            "aws-service"
                if by_nat && part.places.iter().flatten().any(|place| BY_GATEWAY_ENDPOINT.contains(place)) =>
            {
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

/// How bytes went.
struct Part<'f> {
    path: Option<&'f str>,
    via: Option<&'f str>,
    places: [Option<&'f str>; 2],
}

/// The place of the cheaper way in [`Way::ALL`].
const WAY: &str = "way";
/// The two ends, whichever of them sends.
const ENDS: [&str; 2] = ["endpoint_a", "endpoint_b"];

/// Two ends, how they talk, what would be cheaper; bytes and 10⁻¹⁰ USD.
type Talk = (Option<(Row, Way)>, u128, u128);

/// The table, and what its months rest on.
pub(super) fn table(
    by_charge: &DataFrame,
    shape: &TransferShape,
    hours: u64,
) -> Result<(Table, Option<String>), Error> {
    let rows = cut(ranked(&talks(by_charge)?)?, shape.rows);
    let months: Vec<_> = rows.iter().filter_map(|(_, _, usd)| month(*usd, hours)).collect();
    let (usd, usd_total) = exact_amounts(&rows.iter().map(|(_, _, usd)| *usd).collect::<Vec<_>>());
    let (months, month_total) = exact_amounts(&months);
    let mut table = plain("recommendations", "Who talks in a way that costs, and what would be cheaper");
    table.columns = vec![output::RANK.into(), output::ENDPOINT_A.into(), output::ENDPOINT_B.into()];
    table.columns.extend([Column::Path, Column::Via].map(Head::from));
    table.columns.extend([output::BYTES, output::USD, output::MONTH_USD, output::RECOMMENDATION].map(Head::from));
    let whole: u128 = rows.iter().map(|(_, bytes, _)| bytes).sum();
    let mut months = months.into_iter();
    for (rank, ((talk, bytes, _), usd)) in (1u64..).zip(rows.into_iter().zip(usd)) {
        let sums = [bytes.into(), usd, months.next().unwrap_or(Cell::Absent)];
        table.rows.push(row(rank, talk, sums));
    }
    let keys = std::iter::repeat_n(Cell::Absent, 5);
    table.total = Some(keys.chain([whole.into(), usd_total, month_total, Cell::Absent]).collect());
    let note = (!table.rows.is_empty()).then(|| {
        let hours = human::counted(hours, "hour");
        format!("alternatives: a month is {MONTH_HOURS} hours like the {hours} that these logs have traffic of")
    });
    Ok((table, note))
}

fn row(rank: u64, talk: Option<(Row, Way)>, sums: [Cell; 3]) -> Row {
    let (keys, cheaper) = match talk {
        Some((keys, way)) => (std::iter::once(rank.into()).chain(keys).collect(), way.name().into()),
        None => {
            let mut keys = vec![Cell::Absent; 5];
            keys[1] = OTHER.into();
            (keys, Cell::Absent)
        }
    };
    keys.into_iter().chain(sums).chain([cheaper]).collect()
}

/// The first rows, and the others as one.
fn cut(mut rows: Vec<Talk>, most: Option<usize>) -> Vec<Talk> {
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

/// The talks of a frame of [`talks`], the most expensive first.
fn ranked(talks: &DataFrame) -> Result<Vec<Talk>, Error> {
    let cost = int(talks, line::COST)?.iter().map(|cost| Money::of_units(cost.unwrap_or(0)));
    let exact = rounded_parts(&cost.collect::<Vec<_>>());
    let [one, other] = ENDS.map(|end| talks.column(end).and_then(|column| column.binary()));
    let labels = one?.iter().zip(other?.iter());
    let ways = talks.column(WAY)?.u32()?.iter().zip(int(talks, output::BYTES.name)?.iter());
    let paths = rows(talks, [Column::Path.name(), Column::Via.name()])?;
    let mut ranked = Vec::with_capacity(talks.height());
    for (((one, other), path), ((way, bytes), usd)) in labels.zip(paths).zip(ways.zip(exact)) {
        let Some(way) = way.and_then(|way| Way::ALL.get(way as usize)) else { continue };
        let keys = [one, other].map(|label| Label::of(label).cell()).into_iter().chain(path).collect();
        ranked.push((Some((keys, *way)), u128::try_from(bytes.unwrap_or(0)).unwrap_or(0), usd));
    }
    Ok(ranked)
}

/// What each two ends could do without, whichever of them sends: a frame of ends, path, via, way, `bytes` and `cost`.
fn talks(by_charge: &DataFrame) -> Result<DataFrame, Error> {
    let charge = Column::Charge.name();
    let [path, via] = [Column::Path, Column::Via].map(|column| col(column.name()));
    // Both halves of a charge are on the same bytes, also where further keys tell them apart.
    let mut part: Vec<Expr> = SERVICES.iter().map(|name| col(*name)).collect();
    part.extend(PLACES.map(|place| col(place.name())));
    part.extend([path.clone(), via.clone()]);
    let sums = [output::BYTES.name, line::COST].map(|name| col(name).sum());
    let charged = by_charge.clone().lazy().filter(col(charge).is_not_null());
    let mut charged = charged.group_by([part.clone(), vec![col(charge)]].concat()).agg(sums.clone()).collect()?;
    charged.with_column(ways(&charged)?)?;
    let of_part = [part, vec![col(WAY)]].concat();
    let avoidable = charged.lazy().filter(col(WAY).is_not_null());
    let avoidable = avoidable.group_by(of_part).agg([col(output::BYTES.name).max(), col(line::COST).sum()]);
    let [src, dst] = SERVICES.map(col);
    let is_sorted = dst.clone().is_not_null().and(src.clone().is_null().or(src.clone().lt_eq(dst.clone())));
    let is_sorted = is_sorted.or(dst.clone().is_null().and(src.clone().is_null()));
    let ends = [
        when(is_sorted.clone()).then(src.clone()).otherwise(dst.clone()).alias(ENDS[0]),
        when(is_sorted).then(dst).otherwise(src).alias(ENDS[1]),
    ];
    let by = [ENDS.map(col).to_vec(), vec![path, via, col(WAY)]].concat();
    let talks = avoidable.filter(col(line::COST).gt(lit(0))).with_columns(ends).group_by(by.clone()).agg(sums);
    let order = [vec![col(line::COST), col(output::BYTES.name)], by].concat();
    let descending = (0..order.len()).map(|place| place < 2).collect::<Vec<_>>();
    let options = SortMultipleOptions::default().with_order_descending_multi(descending);
    Ok(talks.sort_by_exprs(order, options).collect()?)
}

/// The way that each charge could do without.
fn ways(charged: &DataFrame) -> Result<polars::prelude::Column, Error> {
    let [path, via, src, dst, charge] =
        [Column::Path, Column::Via, PLACES[0], PLACES[1], Column::Charge].map(|column| texts(charged, column.name()));
    let parts = path?.zip(via?).zip(src?.zip(dst?)).zip(charge?);
    let way = |(((path, via), (src, dst)), charge): (((Option<&str>, _), (_, _)), Option<&str>)| {
        let way = Way::of(&Part { path, via, places: [src, dst] }, charge.and_then(Charge::of_name)?)?;
        Way::ALL.iter().position(|one| *one == way).and_then(|place| u32::try_from(place).ok())
    };
    Ok(codes(WAY, parts.map(way)))
}
