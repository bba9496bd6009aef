//! Traffic and its charges by the keys of all tables of the report, with their sums.

use polars::prelude::{Column as FrameColumn, DataFrame, Expr, IntoLazy, SortMultipleOptions, col, when};

use crate::error::Error;
use crate::group::Key;
use crate::join::owners::EXTERNAL;
use crate::price::bill::{Bill, line};
use crate::report::label;
use crate::schema::{Column, output};

/// Names of key columns in addition to the user's keys.
pub(super) const SRC: &str = "src_label";
pub(super) const DST: &str = "dst_label";
pub(super) const SERVICES: [&str; 2] = ["src_service_label", "dst_service_label"];
pub(super) const PLACES: [Column; 2] = [Column::SrcLocation, Column::DstLocation];
/// Bytes that rest on an assumption.
pub(super) const ASSUMED: &str = "assumed_bytes";
/// The greatest of the sums of a part's charges.
const MOST_CHARGED: &str = "most_charged_bytes";
const MOST_ASSUMED: &str = "most_assumed_bytes";

/// The keys that traffic is summed by: the ends requested, what the ends of alternatives are, and the user's further
/// keys.
#[derive(Clone, Debug)]
pub struct TransferKeys {
    /// The names of source and destination.
    pub ends: [Key; 2],
    /// The same for endpoints of recommendations.
    pub services: [Key; 2],
    /// Further keys of the list.
    pub by: Vec<Key>,
}

impl TransferKeys {
    /// All keys, each once.
    #[must_use]
    pub fn all(&self) -> Vec<Key> {
        let always = PLACES.into_iter().chain([Column::Path, Column::Via]).map(|column| Key { column, cut: None });
        let mut keys: Vec<Key> = Vec::new();
        for key in self.ends.iter().chain(&self.services).cloned().chain(always).chain(self.by.iter().cloned()) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// Key columns of the list, in order.
    pub(super) fn listed(&self) -> Vec<String> {
        let by = self.by.iter().map(Key::name);
        let ends = [SRC, DST].map(str::to_owned).into_iter();
        ends.chain(by).chain([Column::Path, Column::Via].map(|column| column.name().to_owned())).collect()
    }
}

/// A frame of [`TransferKeys::all`] with the labels of ends; and whether any end of the list has the name requested.
///
/// # Errors
/// If the frame has not these keys.
pub(super) fn labelled(mut frame: DataFrame, keys: &TransferKeys) -> Result<(DataFrame, bool), Error> {
    let mut is_named = false;
    for (name, key, place) in [
        (SRC, &keys.ends[0], PLACES[0]),
        (DST, &keys.ends[1], PLACES[1]),
        (SERVICES[0], &keys.services[0], PLACES[0]),
        (SERVICES[1], &keys.services[1], PLACES[1]),
    ] {
        let (column, has_names) = labels(&frame, name, (&key.name(), place.name()))?;
        is_named |= has_names && !SERVICES.contains(&name);
        frame.with_column(column)?;
    }
    Ok((frame, is_named))
}

/// The labels of ends, by their names or for want of one their places; and whether any has a name.
fn labels(frame: &DataFrame, name: &str, (end, place): (&str, &str)) -> Result<(FrameColumn, bool), Error> {
    let names = label::bytes(frame, end, |name| name != EXTERNAL)?;
    let is_named = names.iter().any(Option::is_some);
    let places = label::bytes(frame, place, |_| true)?;
    Ok((label::column(name, names.into_iter().zip(places).map(|(name, place)| name.or(place))), is_named))
}

/// The lines of a bill by part and charge: `bytes`, `assumed_bytes`, `unpriced_bytes`, `cost`.
///
/// # Errors
/// If the bill has not these keys.
pub(super) fn by_charge(lines: &DataFrame, keys: &TransferKeys) -> Result<DataFrame, Error> {
    let labels = [SRC, DST, SERVICES[0], SERVICES[1]].map(str::to_owned);
    let mut by: Vec<String> = labels.into_iter().chain(keys.all().iter().map(Key::name)).collect();
    by.push(line::CHARGE_PLACE.to_owned());
    if !by.iter().any(|name| name == Column::Charge.name()) {
        by.push(Column::Charge.name().to_owned());
    }
    let assumed = col(output::BYTES.name).filter(col(Column::Assumed.name()).is_not_null()).sum().alias(ASSUMED);
    let sums = [output::BYTES.name, output::UNPRICED_BYTES.name, line::COST].map(|name| col(name).sum());
    let by: Vec<Expr> = by.into_iter().map(col).collect();
    Ok(lines.clone().lazy().group_by(by).agg(sums.into_iter().chain([assumed]).collect::<Vec<_>>()).collect()?)
}

/// The rows of the list, sorted by key: `bytes` once however many charges are on them, `cost` of all charges,
/// `unpriced_bytes` and `assumed_bytes`.
///
/// # Errors
/// If the frame is not one of [`by_charge`].
pub(super) fn listed(by_charge: &DataFrame, keys: &TransferKeys) -> Result<DataFrame, Error> {
    let (bytes, unpriced, charge) = (output::BYTES.name, output::UNPRICED_BYTES.name, Column::Charge.name());
    let (traffic, charged) = (
        |name: &str| col(name).filter(col(charge).is_null()).sum(),
        |name: &str| col(name).filter(col(charge).is_not_null()).max().fill_null(0),
    );
    let all = keys.all();
    let parts = SERVICES.map(str::to_owned).into_iter().chain(all.iter().map(Key::name));
    let parts = keys.listed().into_iter().chain(parts).collect::<std::collections::BTreeSet<_>>();
    let parts: Vec<Expr> = parts.into_iter().filter(|name| name != charge).map(col).collect();
    let sums = by_charge.clone().lazy().group_by(parts).agg([
        traffic(bytes),
        traffic(ASSUMED),
        col(line::COST).sum(),
        charged(unpriced),
        charged(bytes).alias(MOST_CHARGED),
        charged(ASSUMED).alias(MOST_ASSUMED),
    ]);
    // Bytes with several charges are unpriced, or assumed, once.
    let least = |one: Expr, other: Expr| when(one.clone().lt(other.clone())).then(one).otherwise(other);
    let most = |one: Expr, other: Expr| when(one.clone().gt(other.clone())).then(one).otherwise(other);
    let once = sums.with_columns([
        least(col(unpriced), most(col(bytes), col(MOST_CHARGED))).alias(unpriced),
        least(most(col(ASSUMED), col(MOST_ASSUMED)), col(bytes)).alias(ASSUMED),
    ]);
    let by: Vec<Expr> = keys.listed().into_iter().map(col).collect();
    let rows = once.group_by(by.clone()).agg([bytes, unpriced, line::COST, ASSUMED].map(|name| col(name).sum()));
    Ok(rows.sort_by_exprs(by, SortMultipleOptions::default()).collect()?)
}

/// The lines of the period of a bill, with labels.
///
/// # Errors
/// If the bill has not these keys.
pub(super) fn of_bill(bill: &Bill, keys: &TransferKeys) -> Result<(DataFrame, bool), Error> {
    labelled(bill.current()?, keys)
}
