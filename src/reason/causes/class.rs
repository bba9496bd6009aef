//! Which kind of change a cause is.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cause, Leaf};

/// The kind of an increase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Nothing of it was there before.
    New,
    /// Existing traffic increased.
    Growth,
    /// The same ends talked before, by another path.
    PathChange {
        /// The element of the path that most of it came from.
        from: u32,
    },
    /// The same bytes cost more.
    Price,
    /// It rose everywhere; no cause can be named.
    Spread,
}

/// The bytes of a cause and what they cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Priced {
    /// Bytes as expected, and as they are.
    pub bytes: [f64; 2],
    /// Their dollars.
    pub usd: [f64; 2],
}

/// More than this part of an increase decides what kind it is.
const DECISIVE_SHARE: f64 = 0.5;

/// The class of a cause's increase. `volumes` are the leaves of the search, at the same positions, in bytes: moving
/// from a free path to a charged one does not reduce dollars anywhere. `path` is the path dimension; `priced` is set
/// for increases of dollars.
#[must_use]
pub fn class(cause: &Cause, volumes: &[Leaf], path: Option<usize>, priced: Option<&Priced>) -> Class {
    if let Some(from) = path.and_then(|path| moved_from(cause, volumes, path)) {
        return Class::PathChange { from };
    }
    match priced {
        _ if cause.pred <= 0.0 => Class::New,
        Some(priced) if priced.is_of_price() => Class::Price,
        _ => Class::Growth,
    }
}

impl Priced {
    /// Whether most of the increase is what the new price makes of the new bytes.
    fn is_of_price(&self) -> bool {
        let [(bytes, usd), (bytes_now, usd_now)] = [0, 1].map(|side| (self.bytes[side], self.usd[side]));
        if bytes <= 0.0 || bytes_now <= 0.0 || usd_now <= usd {
            return false;
        }
        let by_price = bytes_now * (usd_now / bytes_now - usd / bytes);
        by_price > DECISIVE_SHARE * (usd_now - usd)
    }
}

/// The path that most of an increase came from, if leaves that differ from the cause's in their path alone fell by half
/// of it or more.
fn moved_from(cause: &Cause, volumes: &[Leaf], path: usize) -> Option<u32> {
    let without = |leaf: &Leaf| {
        let mut elements = leaf.elements.clone();
        let own = (path < elements.len()).then(|| elements.remove(path))?;
        Some((elements, own))
    };
    let delta = |leaf: &Leaf| leaf.real - leaf.pred;
    let own: Vec<&Leaf> = cause.leaves.iter().filter_map(|place| volumes.get(*place)).collect();
    let mine: BTreeSet<usize> = cause.leaves.iter().copied().collect();
    let ends: BTreeSet<Vec<u32>> = own.iter().filter_map(|leaf| Some(without(leaf)?.0)).collect();
    let mut fell: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (_, leaf) in volumes.iter().enumerate().filter(|(place, _)| !mine.contains(place)) {
        if let Some((_, from)) = without(leaf).filter(|(elements, _)| ends.contains(elements)) {
            fell.entry(from).or_default().push(-delta(leaf));
        }
    }
    let fell: Vec<(u32, f64)> = fell.into_iter().map(|(from, parts)| (from, sum(parts))).collect();
    let increase = sum(own.iter().map(|leaf| delta(leaf)).collect());
    let moved = sum(fell.iter().map(|(_, bytes)| *bytes).collect());
    let is_moved = increase > 0.0 && moved >= DECISIVE_SHARE * increase;
    let most = fell.into_iter().max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)));
    most.filter(|_| is_moved).map(|(from, _)| from)
}

/// The sum, independent of order.
fn sum(mut parts: Vec<f64>) -> f64 {
    parts.sort_by(f64::total_cmp);
    parts.into_iter().sum()
}
