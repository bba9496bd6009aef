//! Savings: pairs of endpoints with avoidable charges, and the recommendation that avoids them.
//!
//! An amount is the sum of the avoidable charges. The cost of the change itself (another subnet, a copy of the data) is
//! unknown.

use polars::prelude::{DataFrame, Expr, IntoLazy, SortMultipleOptions, col, lit, when};

use super::parts::{PLACES, SERVICES};
use super::{OTHER, TransferShape};
use crate::error::Error;
use crate::price::bill::line;
use crate::price::{Charge, Money, rounded_parts};
use crate::report::amounts::{self, exact_amounts, plain};
use crate::report::frame::rows;
use crate::report::label::Label;
use crate::report::{Cell, Head, Row, Table};
use crate::schema::frame::{codes, int, texts};
use crate::schema::{Column, output};
use crate::units::human;

/// Hours of a month.
pub(super) const MONTH_HOURS: u64 = 730;
/// The services that have gateway endpoints, which cost nothing.
const BY_GATEWAY_ENDPOINT: [&str; 2] = ["S3", "DYNAMODB"];

/// A change that avoids charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Recommendation {
    SameZone,
    PrivateAddress,
    GatewayEndpoint,
    SameRegion,
    NatInZone,
}

impl Recommendation {
    fn name(self) -> &'static str {
        match self {
            Self::SameZone => "co-locate in one zone",
            Self::PrivateAddress => "use private addresses, co-locate in one zone",
            Self::GatewayEndpoint => "use a gateway endpoint",
            Self::SameRegion => "co-locate in one region",
            Self::NatInZone => "use one NAT gateway per zone",
        }
    }

    const ALL: [Self; 5] =
        [Self::SameZone, Self::PrivateAddress, Self::GatewayEndpoint, Self::SameRegion, Self::NatInZone];

    /// The recommendation that avoids all charges of a part, by its path.
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

    /// The recommendation that avoids one charge.
    fn of(part: &Part, charge: Charge) -> Option<Self> {
        let recommendation = Self::of_part(part);
        match (recommendation, charge) {
            (Some(Self::SameZone), Charge::InterZoneOut | Charge::InterZoneIn)
            | (Some(Self::SameZone), Charge::PeeringZoneOut | Charge::PeeringZoneIn)
            | (Some(Self::PrivateAddress), Charge::PublicAddressOut | Charge::PublicAddressIn)
            | (Some(Self::GatewayEndpoint), _)
            | (Some(Self::SameRegion), Charge::InterRegion) => recommendation,
            // Through a transit gateway, independent of the path.
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

/// Index of the recommendation in [`Recommendation::ALL`].
const RECOMMENDATION: &str = "saving";
/// The two ends, whichever of them sends.
const ENDS: [&str; 2] = ["endpoint_a", "endpoint_b"];

/// Two endpoints, path and recommendation; bytes and 10⁻¹⁰ USD.
type Talk = ((Row, Recommendation), u128, u128);

/// The table, and what its months rest on.
pub(super) fn table(
    by_charge: &DataFrame,
    shape: &TransferShape,
    hours: u64,
) -> Result<(Table, Option<String>), Error> {
    let rows = ranked(&talks(by_charge)?)?;
    // All rows are rounded together, so that none depends on how many are shown.
    let (usd, usd_total) = exact_amounts(&rows.iter().map(|(_, _, usd)| *usd).collect::<Vec<_>>());
    let months: Vec<_> = rows.iter().map(|(_, _, usd)| month(*usd, hours)).collect();
    let (known, month_total) = exact_amounts(&months.iter().flatten().copied().collect::<Vec<_>>());
    let mut known = known.into_iter();
    let months = months.iter().map(|month| month.and_then(|_| known.next()).unwrap_or(Cell::Absent));
    let sums =
        rows.iter().zip(usd.into_iter().zip(months)).map(|((_, bytes, _), (usd, month))| [(*bytes).into(), usd, month]);
    let rows = cut(rows.iter().map(|(talk, ..)| Some(talk)).zip(sums).collect(), shape.rows);
    let mut table = plain("recommendations", "Savings");
    table.columns = vec![output::RANK.into(), output::ENDPOINT_A.into(), output::ENDPOINT_B.into()];
    table.columns.extend([Column::Path, Column::Via].map(Head::from));
    table.columns.extend([output::BYTES, output::USD, output::MONTH_USD, output::RECOMMENDATION].map(Head::from));
    let whole = amounts::sum([&0_u64.into()].into_iter().chain(rows.iter().map(|(_, [bytes, ..])| bytes)));
    table.rows = (1u64..).zip(rows).map(|(rank, (talk, sums))| row(rank, talk, sums)).collect();
    let keys = std::iter::repeat_n(Cell::Absent, 5);
    table.total = Some(keys.chain([whole, usd_total, month_total, Cell::Absent]).collect());
    let note = (!table.rows.is_empty()).then(|| {
        let hours = human::counted(hours, "hour");
        format!("recommendations: a month is {MONTH_HOURS} hours, extrapolated from {hours} with traffic")
    });
    Ok((table, note))
}

fn row(rank: u64, talk: Option<&(Row, Recommendation)>, sums: [Cell; 3]) -> Row {
    let (keys, shown) = match talk {
        Some((keys, recommendation)) => {
            (std::iter::once(rank.into()).chain(keys.iter().cloned()).collect(), recommendation.name().into())
        }
        None => {
            let mut keys = vec![Cell::Absent; 5];
            keys[1] = OTHER.into();
            (keys, Cell::Absent)
        }
    };
    keys.into_iter().chain(sums).chain([shown]).collect()
}

/// The first rows, and the others as one.
fn cut<T>(mut rows: Vec<(Option<T>, [Cell; 3])>, most: Option<usize>) -> Vec<(Option<T>, [Cell; 3])> {
    let rest = rows.split_off(most.unwrap_or(usize::MAX).min(rows.len()));
    if !rest.is_empty() {
        rows.push((None, [0, 1, 2].map(|place| amounts::sum(rest.iter().map(|(_, sums)| &sums[place])))));
    }
    rows
}

/// An hourly amount extrapolated to a month.
fn month(usd: u128, hours: u64) -> Option<u128> {
    usd.checked_mul(MONTH_HOURS.into())?.checked_div(hours.into())
}

/// Rows of a frame of [`talks`], most expensive first.
fn ranked(talks: &DataFrame) -> Result<Vec<Talk>, Error> {
    let cost = int(talks, line::COST)?.iter().map(|cost| Money::of_units(cost.unwrap_or(0)));
    let exact = rounded_parts(&cost.collect::<Vec<_>>());
    let [one, other] = ENDS.map(|end| talks.column(end).and_then(|column| column.binary()));
    let labels = one?.iter().zip(other?.iter());
    let recommendations = talks.column(RECOMMENDATION)?.u32()?.iter().zip(int(talks, output::BYTES.name)?.iter());
    let paths = rows(talks, [Column::Path.name(), Column::Via.name()])?;
    let mut ranked = Vec::with_capacity(talks.height());
    for (((one, other), path), ((recommendation, bytes), usd)) in labels.zip(paths).zip(recommendations.zip(exact)) {
        let Some(recommendation) =
            recommendation.and_then(|recommendation| Recommendation::ALL.get(recommendation as usize))
        else {
            continue;
        };
        let keys = [one, other].map(|label| Label::of(label).cell()).into_iter().chain(path).collect();
        ranked.push(((keys, *recommendation), u128::try_from(bytes.unwrap_or(0)).unwrap_or(0), usd));
    }
    Ok(ranked)
}

/// Avoidable charges by unordered pair of endpoints: a frame of endpoints, path, via, recommendation, `bytes` and
/// `cost`.
fn talks(by_charge: &DataFrame) -> Result<DataFrame, Error> {
    let charge = Column::Charge.name();
    let [path, via] = [Column::Path, Column::Via].map(|column| col(column.name()));
    // Both halves of a charge apply to the same bytes, even if further keys separate them.
    let mut part: Vec<Expr> = SERVICES.iter().map(|name| col(*name)).collect();
    part.extend(PLACES.map(|place| col(place.name())));
    part.extend([path.clone(), via.clone()]);
    let sums = [output::BYTES.name, line::COST].map(|name| col(name).sum());
    let charged = by_charge.clone().lazy().filter(col(charge).is_not_null());
    let mut charged = charged.group_by([part.clone(), vec![col(charge)]].concat()).agg(sums.clone()).collect()?;
    charged.with_column(recommendations(&charged)?)?;
    let of_part = [part, vec![col(RECOMMENDATION)]].concat();
    let avoidable = charged.lazy().filter(col(RECOMMENDATION).is_not_null());
    let avoidable = avoidable.group_by(of_part).agg([col(output::BYTES.name).max(), col(line::COST).sum()]);
    let [src, dst] = SERVICES.map(col);
    let is_sorted = dst.clone().is_not_null().and(src.clone().is_null().or(src.clone().lt_eq(dst.clone())));
    let is_sorted = is_sorted.or(dst.clone().is_null().and(src.clone().is_null()));
    let ends = [
        when(is_sorted.clone()).then(src.clone()).otherwise(dst.clone()).alias(ENDS[0]),
        when(is_sorted).then(dst).otherwise(src).alias(ENDS[1]),
    ];
    let by = [ENDS.map(col).to_vec(), vec![path, via, col(RECOMMENDATION)]].concat();
    let talks = avoidable.filter(col(line::COST).gt(lit(0))).with_columns(ends).group_by(by.clone()).agg(sums);
    let order = [vec![col(line::COST), col(output::BYTES.name)], by].concat();
    let descending = (0..order.len()).map(|place| place < 2).collect::<Vec<_>>();
    let options = SortMultipleOptions::default().with_order_descending_multi(descending);
    Ok(talks.sort_by_exprs(order, options).collect()?)
}

/// The recommendation for each charge.
fn recommendations(charged: &DataFrame) -> Result<polars::prelude::Column, Error> {
    let [path, via, src, dst, charge] =
        [Column::Path, Column::Via, PLACES[0], PLACES[1], Column::Charge].map(|column| texts(charged, column.name()));
    let parts = path?.zip(via?).zip(src?.zip(dst?)).zip(charge?);
    let recommendation = |(((path, via), (src, dst)), charge): (((Option<&str>, _), (_, _)), Option<&str>)| {
        let recommendation =
            Recommendation::of(&Part { path, via, places: [src, dst] }, charge.and_then(Charge::of_name)?)?;
        Recommendation::ALL.iter().position(|one| *one == recommendation).and_then(|place| u32::try_from(place).ok())
    };
    Ok(codes(RECOMMENDATION, parts.map(recommendation)))
}
