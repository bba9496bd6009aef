//! A bill's lines as values, and a recommendation while a rule puts it together.

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::DataFrame;

use super::{Confidence, Kind};
use crate::error::Error;
use crate::price::bill::line;
use crate::price::{Charge, Money, Rate};
use crate::schema::Column;
use crate::schema::frame::{int, moments, texts};
use crate::schema::output;

/// An end of a line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side<'f> {
    pub(super) interface: Option<&'f str>,
    pub(super) instance: Option<&'f str>,
    pub(super) vpc: Option<&'f str>,
    pub(super) zone: Option<&'f str>,
    pub(super) region: Option<&'f str>,
    pub(super) location: Option<&'f str>,
}

impl Side<'_> {
    /// Whether the end is the estate's.
    pub(super) fn is_own(&self) -> bool {
        self.interface.is_some() || self.vpc.is_some()
    }
}

/// Bytes on one route with one charge on them, or none, of a day or hour.
#[derive(Clone, Debug)]
pub(super) struct Line<'f> {
    pub(super) charge: Option<Charge>,
    pub(super) from: Arc<str>,
    pub(super) to: Arc<str>,
    pub(super) time: u32,
    pub(super) bytes: u128,
    pub(super) cost: Money,
    pub(super) src: Side<'f>,
    pub(super) dst: Side<'f>,
    pub(super) path: &'f str,
    via: &'f str,
    pub(super) nat: Option<&'f str>,
    pub(super) nat_zone: Option<&'f str>,
    /// Whether its path or charge rests on an assumption.
    pub(super) is_assumed: bool,
    owner: Option<&'f str>,
    payer: Option<&'f str>,
}

impl<'f> Line<'f> {
    /// Whether a gateway is on the path.
    pub(super) fn is_via(&self, gateway: &str) -> bool {
        self.via.split('+').any(|via| via == gateway)
    }

    pub(super) fn is(&self, charge: Charge) -> bool {
        self.charge == Some(charge)
    }

    /// Whether it is a half of the charge between zones.
    pub(super) fn is_between_zones(&self) -> bool {
        matches!(self.charge, Some(Charge::InterZoneOut | Charge::InterZoneIn))
    }

    /// The only end of the estate, and the one outside; none if both or neither are the estate's.
    pub(super) fn client(&self) -> Option<(Side<'f>, Side<'f>)> {
        match (self.src.is_own(), self.dst.is_own()) {
            (true, false) => Some((self.src, self.dst)),
            (false, true) => Some((self.dst, self.src)),
            _ => None,
        }
    }
}

/// The lines of a bill with the keys of the question.
///
/// # Errors
/// If a column is missing.
pub(super) fn lines(frame: &DataFrame, owner: Option<Column>) -> Result<Vec<Line<'_>>, Error> {
    let column = |column: Column| -> Result<Vec<Option<&str>>, Error> { Ok(texts(frame, column.name())?.collect()) };
    let (src, dst) = (sides(frame, SRC)?, sides(frame, DST)?);
    let (charge, path, via) = (column(Column::Charge)?, column(Column::Path)?, column(Column::Via)?);
    let (nat, nat_zone) = (column(Column::NatGateway)?, column(Column::NatZone)?);
    let (from, to) = (column(Column::FromRegion)?, column(Column::ToRegion)?);
    let (assumed, payer) = (column(Column::Assumed)?, column(Column::PayerAccount)?);
    let owner = owner.map(column).transpose()?;
    let times: Vec<_> = moments(frame, line::TIME)?.collect();
    let (bytes, cost) = (int(frame, output::BYTES.name)?, int(frame, line::COST)?);
    let shared = |text: Option<&str>| Arc::<str>::from(text.unwrap_or_default());
    let row = |place: usize| Line {
        charge: charge[place].and_then(Charge::of_name),
        from: shared(from[place]),
        to: shared(to[place]),
        time: times[place].unwrap_or(0),
        bytes: u128::try_from(bytes.get(place).unwrap_or(0)).unwrap_or(0),
        cost: Money::of_units(cost.get(place).unwrap_or(0)),
        src: src[place],
        dst: dst[place],
        path: path[place].unwrap_or_default(),
        via: via[place].unwrap_or_default(),
        nat: nat[place],
        nat_zone: nat_zone[place],
        is_assumed: assumed[place].is_some(),
        owner: owner.as_ref().and_then(|owner| owner[place]),
        payer: payer[place],
    };
    Ok((0..frame.height()).map(row).collect())
}

const SRC: [Column; 6] = [
    Column::SrcInterface,
    Column::SrcInstance,
    Column::SrcVpc,
    Column::SrcZone,
    Column::SrcRegion,
    Column::SrcLocation,
];
const DST: [Column; 6] = [
    Column::DstInterface,
    Column::DstInstance,
    Column::DstVpc,
    Column::DstZone,
    Column::DstRegion,
    Column::DstLocation,
];

fn sides(frame: &DataFrame, columns: [Column; 6]) -> Result<Vec<Side<'_>>, Error> {
    let [interface, instance, vpc, zone, region, location] = columns.map(|column| texts(frame, column.name()));
    let ends = interface?.zip(instance?).zip(vpc?.zip(zone?)).zip(region?.zip(location?));
    let side = |(((interface, instance), (vpc, zone)), (region, location))| Side {
        interface,
        instance,
        vpc,
        zone,
        region,
        location,
    };
    Ok(ends.map(side).collect())
}

/// Charged bytes that a change takes away or brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delta {
    pub(super) charge: Charge,
    pub(super) from: Arc<str>,
    pub(super) to: Arc<str>,
    pub(super) time: u32,
    pub(super) bytes: u128,
}

/// A recommendation that is not priced yet.
#[derive(Clone, Debug)]
pub(super) struct Advice {
    pub(super) kind: Kind,
    /// The resource to change.
    pub(super) resource: String,
    /// What to do with it.
    pub(super) action: String,
    pub(super) region: Arc<str>,
    pub(super) removed: Vec<Delta>,
    pub(super) added: Vec<Delta>,
    /// Hours that it needs, each of so many at a time; below zero those that it frees.
    pub(super) hourly: Vec<(Charge, i64)>,
    /// Bytes at a price that is stated and not of the table.
    pub(super) stated: Option<(u128, Rate)>,
    /// The lines whose charges it takes away, by their places: two that share one do not add up.
    pub(super) claims: Vec<usize>,
    /// The bytes that it is about.
    pub(super) bytes: u128,
    pub(super) confidence: Confidence,
    /// What it rests on.
    pub(super) assumption: &'static str,
    owners: BTreeMap<String, Money>,
    payers: BTreeMap<String, Money>,
}

impl Advice {
    pub(super) fn new(kind: Kind, region: &Arc<str>, confidence: Confidence, assumption: &'static str) -> Self {
        let (resource, action) = Default::default();
        let (removed, added, hourly, claims) = Default::default();
        let (owners, payers) = Default::default();
        let (region, stated, bytes) = (Arc::clone(region), None, 0);
        Self {
            kind,
            resource,
            action,
            region,
            removed,
            added,
            hourly,
            stated,
            claims,
            bytes,
            confidence,
            assumption,
            owners,
            payers,
        }
    }

    /// Takes the charge of a line away. What is assumed of it is not sure of the recommendation either.
    pub(super) fn remove(&mut self, place: usize, line: &Line<'_>) {
        self.end(place, line);
        self.bear(line.owner, line.payer, line.cost);
    }

    /// The same where somebody else than who is to be asked may bear it: only a half of the resource counts for that.
    pub(super) fn remove_half(&mut self, place: usize, line: &Line<'_>, is_own: bool) {
        self.end(place, line);
        if is_own {
            self.bear(line.owner, line.payer, line.cost);
        }
    }

    fn end(&mut self, place: usize, line: &Line<'_>) {
        let Some(charge) = line.charge else { return };
        self.removed.push(Delta {
            charge,
            from: Arc::clone(&line.from),
            to: Arc::clone(&line.to),
            time: line.time,
            bytes: line.bytes,
        });
        self.claims.push(place);
        if line.is_assumed {
            self.confidence = Confidence::Low;
        }
    }

    /// Notes who bears some of the cost.
    pub(super) fn bear(&mut self, owner: Option<&str>, payer: Option<&str>, cost: Money) {
        for (sums, name) in [(&mut self.owners, owner), (&mut self.payers, payer)] {
            if let Some(name) = name {
                let sum = sums.entry(name.to_owned()).or_default();
                *sum = *sum + cost;
            }
        }
    }

    /// Charges the bytes of a line anew.
    pub(super) fn add(&mut self, charge: Charge, line: &Line<'_>, (from, to): (&str, &str)) {
        self.added.push(Delta { charge, from: from.into(), to: to.into(), time: line.time, bytes: line.bytes });
    }

    /// Who bears most of it.
    pub(super) fn owner(&self) -> Option<&str> {
        most(&self.owners)
    }

    /// The account that pays most of it.
    pub(super) fn payer(&self) -> Option<&str> {
        most(&self.payers)
    }
}

/// The name with the largest sum, the first by name of equal ones.
fn most(sums: &BTreeMap<String, Money>) -> Option<&str> {
    let largest = sums.values().max()?;
    sums.iter().find(|(_, sum)| *sum == largest).map(|(name, _)| name.as_str())
}
