//! Hourly traffic by seven dimensions: bytes, dollars, flows and rejected records.
//!
//! `anomalies` asks nothing but this, so it is the same to it whether the hours come from a scan of logs or from anywhere
//! else. [`gather`] makes it of sums of traffic and of prices.

pub mod gather;

use std::sync::Arc;

pub use super::cube::{DIMENSIONS, Dimension, FROM};
use crate::units::time::Window;

/// Seconds of an hour.
pub const HOUR_SECONDS: u32 = 3600;
/// What is measured in each hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// What the traffic costs, in 10⁻¹⁰ USD.
    Usd,
    /// Deduplicated bytes.
    Bytes,
    /// Records of the traffic that counts.
    Flows,
    /// Rejected records.
    Rejected,
}

impl Metric {
    /// All, by importance.
    pub const ALL: [Self; 4] = [Self::Usd, Self::Bytes, Self::Flows, Self::Rejected];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usd => "usd",
            Self::Bytes => "bytes",
            Self::Flows => "flows",
            Self::Rejected => "rejected",
        }
    }
}

/// A value for each metric: an hour's, or a sum of hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts(pub [u64; 4]);

impl Amounts {
    /// The value of a metric.
    #[must_use]
    pub fn of(self, metric: Metric) -> u64 {
        self.0[metric as usize]
    }

    /// Adds others.
    pub fn add(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
    }
}

/// The values of the dimensions, as codes of [`Hours::names`].
pub type Leaf = [u32; DIMENSIONS];

/// What a leaf had in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The leaf, by its place.
    pub leaf: u32,
    /// The hour, counted from the first.
    pub hour: u32,
    /// What it had.
    pub amounts: Amounts,
}

/// All hours of all leaves.
#[derive(Clone, Debug, Default)]
pub struct Hours {
    /// The first hour's first second, UTC.
    pub first: u32,
    /// How many hours there are, with and without traffic.
    pub count: usize,
    /// Texts in their order, so that codes compare as they do.
    pub names: Vec<Arc<str>>,
    /// Each once, sorted.
    pub leaves: Vec<Leaf>,
    /// Sorted by leaf and hour, each once.
    pub cells: Vec<Cell>,
    /// Where each leaf's cells begin, and at the end where the last one's end.
    starts: Vec<usize>,
    /// Whether the hour is fully covered; uncovered hours are never zero.
    pub covered: Vec<bool>,
    /// Hours in which AWS lost records of an interface, sorted: the interface's code, and the hour.
    pub lost: Vec<(u32, u32)>,
    /// The destinations that are external ends which mostly call the estate: clients of its servers. By code, sorted.
    pub callers: Vec<u32>,
    /// Which interfaces of the estate are which destinations, by their codes, sorted.
    pub own_destinations: Vec<(u32, u32)>,
}

impl Hours {
    /// Puts leaves and cells in order; cells of the same leaf and hour are added. Codes are those of `names`, which are
    /// sorted here too.
    #[must_use]
    pub fn new(
        (first, covered): (u32, Vec<bool>),
        names: &[Arc<str>],
        leaves: &[Leaf],
        cells: Vec<Cell>,
        lost: &[(u32, u32)],
    ) -> Self {
        let mut order: Vec<u32> = codes(names.len()).collect();
        order.sort_by(|one, other| names[*one as usize].cmp(&names[*other as usize]));
        let mut code = vec![0; names.len()];
        order.iter().zip(0..).for_each(|(name, sorted)| code[*name as usize] = sorted);
        let coded: Vec<Leaf> = leaves.iter().map(|leaf| leaf.map(|name| code[name as usize])).collect();
        let mut by_leaf: Vec<u32> = codes(leaves.len()).collect();
        by_leaf.sort_by_key(|leaf| coded[*leaf as usize]);
        let mut place = vec![0; leaves.len()];
        by_leaf.iter().zip(0..).for_each(|(leaf, sorted)| place[*leaf as usize] = sorted);
        let moved = cells.into_iter().map(|cell| Cell { leaf: place[cell.leaf as usize], ..cell });
        let mut cells: Vec<Cell> = moved.collect();
        cells.sort_unstable_by_key(|cell| (cell.leaf, cell.hour));
        cells.dedup_by(|cell, kept| {
            let is_same = (cell.leaf, cell.hour) == (kept.leaf, kept.hour);
            if is_same {
                kept.amounts.add(cell.amounts);
            }
            is_same
        });
        let starts = (0..=leaves.len()).map(|leaf| cells.partition_point(|cell| (cell.leaf as usize) < leaf)).collect();
        let mut lost: Vec<_> = lost.iter().map(|(interface, hour)| (code[*interface as usize], *hour)).collect();
        lost.sort_unstable();
        lost.dedup();
        Self {
            first,
            count: covered.len(),
            names: order.iter().map(|name| Arc::clone(&names[*name as usize])).collect(),
            leaves: by_leaf.iter().map(|leaf| coded[*leaf as usize]).collect(),
            cells,
            starts,
            covered,
            lost,
            callers: Vec::new(),
            own_destinations: Vec::new(),
        }
    }

    /// Sets who calls, and which interface is which destination, by their names.
    pub fn set_ends<'n>(
        &mut self,
        callers: impl Iterator<Item = &'n str>,
        own_destinations: impl Iterator<Item = (&'n str, &'n str)>,
    ) {
        self.callers = callers.filter_map(|name| self.code(name)).collect();
        self.callers.sort_unstable();
        let codes = own_destinations.filter_map(|(interface, name)| self.code(interface).zip(self.code(name)));
        self.own_destinations = codes.collect();
        self.own_destinations.sort_unstable();
    }

    /// The code of a text, if it is a name.
    #[must_use]
    pub fn code(&self, name: &str) -> Option<u32> {
        let place = self.names.binary_search_by(|known| (**known).cmp(name)).ok()?;
        u32::try_from(place).ok()
    }

    /// An hour cut by the window is only partly covered.
    pub fn cut(&mut self, window: &Window) {
        let moments: Vec<u32> = (0..self.count).map(|hour| self.moment(hour)).collect();
        for (covered, moment) in self.covered.iter_mut().zip(moments) {
            let is_whole = window.from.is_none_or(|from| from <= moment)
                && window.to.is_none_or(|to| moment.saturating_add(HOUR_SECONDS) <= to);
            *covered &= is_whole;
        }
    }

    /// A leaf's cells, by hour.
    #[must_use]
    pub fn cells_of(&self, leaf: u32) -> &[Cell] {
        let leaf = leaf as usize;
        &self.cells[self.starts[leaf]..self.starts[leaf + 1]]
    }

    /// The first second of an hour.
    #[must_use]
    pub fn moment(&self, hour: usize) -> u32 {
        self.first.saturating_add(u32::try_from(hour).unwrap_or(u32::MAX).saturating_mul(HOUR_SECONDS))
    }

    /// The hour that a moment is in, as far as there are any; the count for one behind the last.
    #[must_use]
    pub fn hour_of(&self, moment: u32) -> usize {
        ((moment.saturating_sub(self.first) / HOUR_SECONDS) as usize).min(self.count)
    }

    /// The text of a code.
    #[must_use]
    pub fn name(&self, code: u32) -> &Arc<str> {
        &self.names[code as usize]
    }

    /// Whether a dimension has values.
    #[must_use]
    pub fn has_dimension(&self, dimension: Dimension) -> bool {
        let mut values = self.leaves.iter().map(|leaf| leaf[dimension as usize]);
        let first = values.next();
        values.any(|value| Some(value) != first)
    }

    /// The leaves by value of a dimension, sorted by value.
    #[must_use]
    pub fn by_value(&self, dimension: Dimension) -> Vec<(u32, Vec<u32>)> {
        let place = dimension as usize;
        let mut pairs: Vec<_> = self.leaves.iter().map(|leaf| leaf[place]).zip(0_u32..).collect();
        pairs.sort_unstable();
        let groups = pairs.chunk_by(|one, other| one.0 == other.0);
        groups.map(|group| (group[0].0, group.iter().map(|(_, leaf)| *leaf).collect())).collect()
    }

    /// What some leaves had together, hour by hour.
    #[must_use]
    pub fn sums(&self, leaves: &[u32]) -> Vec<Amounts> {
        let mut sums = vec![Amounts::default(); self.count];
        for cell in leaves.iter().flat_map(|leaf| self.cells_of(*leaf)) {
            sums[cell.hour as usize].add(cell.amounts);
        }
        sums
    }
}

/// The first so many codes.
fn codes(count: usize) -> impl Iterator<Item = u32> {
    0..u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Arc<str> {
        text.into()
    }

    #[test]
    fn hours_that_the_window_cuts_are_not_reported_whole() {
        let mut hours = Hours::new((7200, vec![true; 4]), &[], &[], Vec::new(), &[]);
        hours.cut(&Window { from: None, to: None });
        assert_eq!(hours.covered, [true; 4]);
        hours.cut(&Window { from: Some(7200), to: Some(21_600) });
        assert_eq!(hours.covered, [true; 4]);
        hours.cut(&Window { from: Some(7201), to: Some(21_599) });
        assert_eq!(hours.covered, [false, true, true, false]);
    }

    #[test]
    fn any_the_order_things_come_in_they_stand_in_that_of_their_texts() {
        let names = ["web", "b", "a"].map(name);
        let leaves = [[0, 1, 1, 1, 1, 1, 1], [0, 2, 1, 1, 1, 1, 1]];
        let cell = |leaf, hour, bytes| Cell { leaf, hour, amounts: Amounts([0, bytes, 1, 0]) };
        let mut cells = vec![cell(0, 1, 7), cell(1, 1, 3), cell(1, 0, 1), cell(1, 0, 1)];
        cells[3].amounts.0[Metric::Flows as usize] = 0;
        let hours = Hours::new((7200, vec![true; 2]), &names, &leaves, cells, &[(1, 1), (1, 1)]);
        assert_eq!(hours.names, ["a", "b", "web"].map(name));
        assert_eq!(hours.leaves, [[2, 0, 1, 1, 1, 1, 1], [2, 1, 1, 1, 1, 1, 1]]);
        assert_eq!(hours.cells_of(0), [cell(0, 0, 2), cell(0, 1, 3)]);
        assert_eq!(hours.by_value(Dimension::Service), [(0, vec![0]), (1, vec![1])]);
        assert_eq!(hours.sums(&[0, 1]), [Amounts([0, 2, 1, 0]), Amounts([0, 10, 2, 0])]);
        assert!(hours.has_dimension(Dimension::Service) && !hours.has_dimension(Dimension::Team));
        assert_eq!((hours.moment(1), hours.hour_of(10_799), hours.hour_of(u32::MAX)), (10_800, 0, 2));
        assert_eq!(hours.lost, [(1, 1)]);
    }
}
