//! Causes of the change: of the rows that rose, and of those that fell.
//!
//! Increases and decreases are attributed separately, because they would cancel out. Dollars decide; for traffic that
//! is free in both periods, bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::RowRoutes;
use super::leaves::{Fine, Leaves};
use super::moved::each_once;
use super::parts::{scaled, signed};
use crate::reason::causes::{Cause, Class, Elements, Leaf, Parameters, causes, class};

/// Elements by the places of their dimensions.
pub type Description = Vec<(usize, Arc<str>)>;

/// What a part of the change is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// What has these elements.
    Described(Description),
    /// Everything alike.
    Everywhere,
    /// What is in no cause.
    Unexplained,
}

/// A part of the change, and what it is due to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whether it is an increase.
    pub is_up: bool,
    /// What it is in.
    pub what: What,
    /// The class of the change; none for the unexplained part.
    pub class: Option<&'static str>,
    /// The path that it went before.
    pub other_path: Option<Arc<str>>,
    /// The part of the whole change, in 10⁻¹⁰ USD or in bytes; negative in the opposite direction.
    pub change: i128,
    /// The whole increase or decrease, in the same unit.
    pub whole: u128,
    /// Its bytes before and now.
    pub bytes: [u128; 2],
    /// Its dollars before and now, in 10⁻¹⁰ USD.
    pub usd: [u128; 2],
    /// What everything would cost now without its change, in 10⁻¹⁰ USD.
    pub without: i128,
    /// Other descriptions of the same.
    pub also_matches: Vec<Description>,
}

/// A leaf in both periods: bytes each once, and dollars in 10⁻¹⁰ USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amounts {
    bytes: [u128; 2],
    usd: [u128; 2],
    /// What changed prices do to the bytes of now.
    price: i128,
}

impl Amounts {
    fn add(&mut self, other: &Self) {
        self.bytes.iter_mut().zip(other.bytes).for_each(|(mine, theirs)| *mine += theirs);
        self.usd.iter_mut().zip(other.usd).for_each(|(mine, theirs)| *mine += theirs);
        self.price += other.price;
    }

    fn sum<'a>(of: impl Iterator<Item = &'a Self>) -> Self {
        of.fold(Self::default(), |mut sum, one| {
            sum.add(one);
            sum
        })
    }

    fn change(&self) -> i128 {
        signed(self.usd[1]) - signed(self.usd[0])
    }
}

/// Rows that rose, or those that fell.
struct Side<'g> {
    is_up: bool,
    leaves: Vec<(&'g Fine, Amounts)>,
    /// What everything costs now.
    now: u128,
    by_usd: bool,
}

/// Causes of the change: of increases, then of decreases.
pub(super) fn due(leaves: &Leaves, routes: &RowRoutes) -> Vec<Due> {
    let amounts: Vec<Amounts> = leaves.leaves.iter().map(|leaf| amounts(leaf, leaves, routes)).collect();
    let total = Amounts::sum(amounts.iter());
    let by_usd = total.usd != [0, 0];
    let mut rows: BTreeMap<u32, Amounts> = BTreeMap::new();
    for (leaf, amounts) in leaves.leaves.iter().zip(&amounts) {
        rows.entry(leaf.row).or_default().add(amounts);
    }
    let mut due = Vec::new();
    for is_up in [true, false] {
        let rose = |row: u32| {
            let [before, now] = if by_usd { rows[&row].usd } else { rows[&row].bytes };
            if is_up { now > before } else { now < before }
        };
        let its = leaves.leaves.iter().zip(amounts.iter().copied()).filter(|(leaf, _)| rose(leaf.row)).collect();
        let side = Side { is_up, leaves: its, now: total.usd[1], by_usd };
        due.extend(side.due(leaves));
    }
    due
}

/// The total of a leaf: dollars in proportion to its bytes among those charged alike.
fn amounts(leaf: &Fine, leaves: &Leaves, routes: &RowRoutes) -> Amounts {
    let (mut usd, mut price) = ([0; 2], 0);
    for (route, bytes) in &leaf.routes {
        if let Some(sums) = routes.get(&(leaf.row, *route)) {
            let [before, now] = &sums.sides;
            usd[0] += scaled(before.usd, bytes[0], before.bytes);
            usd[1] += scaled(now.usd, bytes[1], now.bytes);
            let part = signed(scaled(sums.price().unsigned_abs(), bytes[1], now.bytes));
            price += part * sums.price().signum();
        }
    }
    Amounts { bytes: each_once(leaf, leaves), usd, price }
}

impl Side<'_> {
    fn due(&self, leaves: &Leaves) -> Vec<Due> {
        let leaf = |values: fn(&Amounts) -> [u128; 2]| -> Vec<Leaf> {
            let leaf = |(fine, amounts): &(&Fine, Amounts)| {
                let [before, now] = values(amounts).map(|value| value as f64);
                let (real, pred) = if self.is_up { (now, before) } else { (before, now) };
                Leaf { elements: fine.elements.clone(), real, pred }
            };
            self.leaves.iter().map(leaf).collect()
        };
        let volumes = leaf(|amounts| amounts.bytes);
        let measured = if self.by_usd { leaf(|amounts| amounts.usd) } else { leaf(|amounts| amounts.bytes) };
        let found = causes(&measured, &Parameters::default());
        let whole = Amounts::sum(self.leaves.iter().map(|(_, amounts)| amounts));
        let described = |elements: &Elements| -> Description {
            elements.iter().map(|(place, element)| (*place, leaves.name(*element))).collect()
        };
        let mut rest = whole;
        let mut due = Vec::new();
        for cause in &found.causes {
            let sums = Amounts::sum(cause.leaves.iter().map(|place| &self.leaves[*place].1));
            for side in 0..2 {
                rest.bytes[side] -= sums.bytes[side];
                rest.usd[side] -= sums.usd[side];
            }
            rest.price -= sums.price;
            let class = self.class(cause, &sums, &volumes);
            let other_path = if let Class::PathChange { from } = class { Some(leaves.name(from)) } else { None };
            let also_matches = cause.also_matches.iter().map(described).collect();
            let what = What::Described(described(&cause.elements));
            due.push(Due { other_path, also_matches, ..self.one(what, Some(class), &sums, &whole) });
        }
        if found.is_spread {
            due.push(self.one(What::Everywhere, Some(Class::Spread), &rest, &whole));
        } else if self.change(&rest) != 0 {
            due.push(self.one(What::Unexplained, None, &rest, &whole));
        }
        due
    }

    /// What sums have a part in.
    fn one(&self, what: What, class: Option<Class>, sums: &Amounts, whole: &Amounts) -> Due {
        let changed = self.change(sums);
        Due {
            is_up: self.is_up,
            what,
            class: class.map(|class| class_name(class, self.is_up)),
            other_path: None,
            change: if self.is_up { changed } else { -changed },
            whole: self.change(whole).unsigned_abs(),
            bytes: sums.bytes,
            usd: sums.usd,
            without: signed(self.now) - sums.change(),
            also_matches: Vec::new(),
        }
    }

    /// The change of a leaf in the deciding unit.
    fn change(&self, amounts: &Amounts) -> i128 {
        if self.by_usd { amounts.change() } else { signed(amounts.bytes[1]) - signed(amounts.bytes[0]) }
    }

    fn class(&self, cause: &Cause, sums: &Amounts, volumes: &[Leaf]) -> Class {
        let path = volumes.first().map(|leaf| leaf.elements.len().saturating_sub(1));
        // An average price over several charges and free bytes is meaningless, so price effects are computed per
        // charge.
        let half = sums.change() / 2;
        let is_price = sums.price.signum() == half.signum() && sums.price.abs() > half.abs();
        match class(cause, volumes, path, None) {
            Class::Growth if is_price => Class::Price,
            class => class,
        }
    }
}

/// How a class is called; what fell is the other route round.
fn class_name(class: Class, is_up: bool) -> &'static str {
    match (class, is_up) {
        (Class::New, true) => "new",
        (Class::New, false) => "gone",
        (Class::Growth, true) => "growth",
        (Class::Growth, false) => "decline",
        (Class::PathChange { .. }, _) => "path-change",
        (Class::Price, _) => "price",
        (Class::Spread, _) => "spread",
    }
}
