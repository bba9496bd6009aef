//! Bytes that go another route than before between the same ends.
//!
//! For endpoints whose bytes fell on one path and rose on another, the smaller of both amounts moved. With several
//! paths, each takes a proportional part.

use std::collections::BTreeMap;

use super::leaves::{Fine, Leaves};
use super::parts::{scaled, signed};

/// By row and route, how many bytes came from another path (or, below zero, went to one).
pub(super) fn moved(leaves: &Leaves) -> BTreeMap<(u32, u32), i128> {
    let mut ends: BTreeMap<(u32, &[u32]), Vec<&Fine>> = BTreeMap::new();
    for leaf in &leaves.leaves {
        if let Some((_, ends_alone)) = leaf.elements.split_last() {
            ends.entry((leaf.row, ends_alone)).or_default().push(leaf);
        }
    }
    let mut moved = BTreeMap::new();
    for paths in ends.into_values().filter(|paths| paths.len() > 1) {
        add(&paths, leaves, &mut moved);
    }
    moved
}

/// Adds what moved between the paths of two ends.
fn add(paths: &[&Fine], leaves: &Leaves, moved: &mut BTreeMap<(u32, u32), i128>) {
    let change = |sides: [u128; 2]| signed(sides[1]) - signed(sides[0]);
    let changes: Vec<i128> = paths.iter().map(|path| change(each_once(path, leaves))).collect();
    let rose: u128 = changes.iter().filter(|change| **change > 0).map(|change| change.unsigned_abs()).sum();
    let fell: u128 = changes.iter().filter(|change| **change < 0).map(|change| change.unsigned_abs()).sum();
    let amount = rose.min(fell);
    if amount == 0 {
        return;
    }
    for (path, whole) in paths.iter().zip(changes) {
        let of = if whole > 0 { rose } else { fell };
        for (route, sides) in &path.routes {
            let changed = change(*sides);
            if changed.signum() == whole.signum() {
                let part = signed(scaled(changed.unsigned_abs(), amount, of)) * changed.signum();
                *moved.entry((path.row, *route)).or_default() += part;
            }
        }
    }
}

/// The bytes of a leaf in both periods, deduplicated: every charge applies to all of them.
pub(super) fn each_once(leaf: &Fine, leaves: &Leaves) -> [u128; 2] {
    let mut charges: BTreeMap<_, [u128; 2]> = BTreeMap::new();
    for (route, bytes) in &leaf.routes {
        let sums = charges.entry(leaves.routes[*route as usize].charge).or_default();
        sums.iter_mut().zip(bytes).for_each(|(sum, bytes)| *sum += bytes);
    }
    let most = |side: usize| charges.values().map(|sums| sums[side]).max().unwrap_or(0);
    [most(0), most(1)]
}
