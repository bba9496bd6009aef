//! Every description of some leaves that enough of an increase is in, layer by layer.

use std::cmp::Ordering;

use super::{Elements, Leaf};

/// Maximum groups searched per set of dimensions: those with the largest increase. More occur only if increases are a
/// multiple of the net increase.
const GROUPS_MAX: usize = 200;
/// Of a row in no group.
const NONE: u32 = u32::MAX;

/// Leaves in an order that does not depend on how they came, column by column.
#[derive(Debug)]
pub(super) struct Rows {
    /// Which leaf it is.
    leaf: Vec<usize>,
    real: Vec<f64>,
    pred: Vec<f64>,
    /// By dimension: for each row, the index of its element.
    places: Vec<Vec<u32>>,
    /// By dimension: the elements that there are, ascending.
    elements: Vec<Vec<u32>>,
}

/// What some rows come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) real: f64,
    pub(super) pred: f64,
    /// By how much those rose that did.
    pub(super) rise: f64,
    pub(super) rows: u32,
}

/// A description and its sum.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) elements: Elements,
    pub(super) sum: Sum,
}

/// The groups of a set of dimensions.
#[derive(Debug)]
struct Cuboid {
    /// Its last dimension.
    last: usize,
    groups: Vec<Candidate>,
    /// Of each row the place of its group.
    of_row: Vec<u32>,
}

impl Sum {
    pub(super) fn delta(&self) -> f64 {
        self.real - self.pred
    }

    pub(super) fn volume(&self) -> f64 {
        self.real + self.pred
    }

    /// Which part of it is more than was expected.
    pub(super) fn lift(&self) -> f64 {
        if self.real > 0.0 { self.delta() / self.real } else { 0.0 }
    }

    fn add(&mut self, real: f64, pred: f64) {
        self.real += real;
        self.pred += pred;
        self.rise += (real - pred).max(0.0);
        self.rows += 1;
    }
}

impl Candidate {
    /// Fewer dimensions first, then more leaves, then by elements.
    pub(super) fn by_breadth(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (self.elements.len(), other.elements.len());
        mine.cmp(&theirs)
            .then_with(|| other.sum.rows.cmp(&self.sum.rows))
            .then_with(|| self.elements.cmp(&other.elements))
    }
}

impl Rows {
    pub(super) fn of(leaves: &[Leaf]) -> Self {
        let clean = |number: f64| if number.is_finite() { number.max(0.0) } else { 0.0 };
        let volume = |leaf: &Leaf| (clean(leaf.real), clean(leaf.pred));
        let mut leaf: Vec<usize> = (0..leaves.len()).filter(|place| volume(&leaves[*place]) != (0.0, 0.0)).collect();
        leaf.sort_by(|one, other| {
            let (one, other) = (&leaves[*one], &leaves[*other]);
            let elements = one.elements.cmp(&other.elements);
            elements.then(one.real.total_cmp(&other.real)).then(one.pred.total_cmp(&other.pred))
        });
        let (real, pred) = leaf.iter().map(|place| volume(&leaves[*place])).unzip();
        let dimensions = leaves.iter().map(|leaf| leaf.elements.len()).min().unwrap_or(0);
        let column = |dimension: usize| -> Vec<u32> { leaf.iter().map(|at| leaves[*at].elements[dimension]).collect() };
        let (elements, places) = (0..dimensions).map(|dimension| ranked(&column(dimension))).unzip();
        Self { leaf, real, pred, places, elements }
    }

    pub(super) fn len(&self) -> usize {
        self.leaf.len()
    }

    /// What the rows that are open come to.
    pub(super) fn sum(&self, open: &[bool]) -> Sum {
        let mut sum = Sum::default();
        (0..self.len()).filter(|row| open[*row]).for_each(|row| sum.add(self.real[row], self.pred[row]));
        sum
    }

    /// Closes the rows of a description.
    pub(super) fn close(&self, open: &mut [bool], elements: &Elements) {
        for row in self.rows_of(elements) {
            open[row] = false;
        }
    }

    /// The open leaves of a description.
    pub(super) fn leaves(&self, open: &[bool], elements: &Elements) -> Vec<usize> {
        let mut leaves: Vec<_> = self.rows_of(elements).filter(|row| open[*row]).map(|row| self.leaf[row]).collect();
        leaves.sort_unstable();
        leaves
    }

    /// How much traffic is in one of two descriptions alone.
    pub(super) fn difference(&self, open: &[bool], one: &Elements, other: &Elements) -> f64 {
        let is_of_one = |row: &usize| open[*row] && self.is_of(*row, one) != self.is_of(*row, other);
        (0..self.len()).filter(is_of_one).map(|row| self.real[row] + self.pred[row]).sum()
    }

    /// Whether a description matches every row.
    pub(super) fn covers(&self, elements: &Elements) -> bool {
        (0..self.len()).all(|row| self.is_of(row, elements))
    }

    fn rows_of(&self, elements: &Elements) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|row| self.is_of(*row, elements))
    }

    fn is_of(&self, row: usize, elements: &Elements) -> bool {
        let has = |(dimension, element): &(usize, u32)| {
            self.elements[*dimension][self.places[*dimension][row] as usize] == *element
        };
        elements.iter().all(has)
    }
}

/// The elements of a dimension, and of each row the place of its own.
fn ranked(column: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut elements = column.to_vec();
    elements.sort_unstable();
    elements.dedup();
    let place = |element: &u32| elements.partition_point(|other| other < element).try_into().unwrap_or(NONE);
    let places = column.iter().map(place).collect();
    (elements, places)
}

/// Every description of open rows whose leaves rise by at least so much. Those whose dimensions do not all narrow it
/// down are skipped: a service on one interface is that interface.
pub(super) fn candidates(rows: &Rows, open: &[bool], rise_min: f64, dimensions_max: usize) -> Vec<Candidate> {
    let singles: Vec<_> = (0..rows.places.len()).map(|dimension| single(rows, open, dimension, rise_min)).collect();
    let mut found: Vec<Candidate> = singles.iter().flat_map(|cuboid| cuboid.groups.iter().cloned()).collect();
    let mut layers: Vec<Cuboid> = Vec::new();
    for width in 1..dimensions_max {
        let shorter = if width == 1 { &singles } else { &layers };
        let pairs = shorter.iter().flat_map(|cuboid| singles[cuboid.last + 1..].iter().map(move |more| (cuboid, more)));
        let pairs = pairs.filter(|(cuboid, more)| !cuboid.groups.is_empty() && !more.groups.is_empty());
        let longer: Vec<_> = pairs.map(|(cuboid, more)| crossed(rows, cuboid, more, rise_min)).collect();
        found.extend(longer.iter().flat_map(|cuboid| cuboid.groups.iter().cloned()));
        layers = longer;
    }
    found
}

/// The groups of one dimension.
fn single(rows: &Rows, open: &[bool], dimension: usize, rise_min: f64) -> Cuboid {
    let elements = &rows.elements[dimension];
    let place = |row: usize| if open[row] { rows.places[dimension][row] } else { NONE };
    let of_row: Vec<u32> = (0..rows.len()).map(place).collect();
    let sums = sums(rows, &of_row, elements.len());
    let groups = sums.into_iter().zip(elements);
    let groups = groups.map(|(sum, element)| Candidate { elements: vec![(dimension, *element)], sum });
    Cuboid::of(dimension, groups.collect(), of_row, |group| group.sum.rise >= rise_min)
}

/// The groups of a set of dimensions and one more.
fn crossed(rows: &Rows, cuboid: &Cuboid, more: &Cuboid, rise_min: f64) -> Cuboid {
    let width = more.groups.len();
    let both = |(one, other): (&u32, &u32)| match (*one, *other) {
        (NONE, _) | (_, NONE) => NONE,
        (one, other) => u32::try_from(one as usize * width + other as usize).unwrap_or(NONE),
    };
    let of_row: Vec<u32> = cuboid.of_row.iter().zip(&more.of_row).map(both).collect();
    let sums = sums(rows, &of_row, cuboid.groups.len() * width);
    let pairs = cuboid.groups.iter().flat_map(|one| more.groups.iter().map(move |other| (one, other)));
    let is_narrower = |sum: &Sum, of: &Candidate| sum.rows < of.sum.rows;
    let group = |((one, other), sum): ((&Candidate, &Candidate), Sum)| {
        let is_kept = sum.rise >= rise_min && is_narrower(&sum, one) && is_narrower(&sum, other);
        let elements = if is_kept { [&one.elements[..], &other.elements].concat() } else { Vec::new() };
        Candidate { elements, sum }
    };
    let groups = pairs.zip(sums).map(group).collect();
    Cuboid::of(more.last, groups, of_row, |group| !group.elements.is_empty())
}

/// The sums of groups, by the group of each row.
fn sums(rows: &Rows, of_row: &[u32], groups: usize) -> Vec<Sum> {
    let mut sums = vec![Sum::default(); groups];
    for (row, group) in of_row.iter().enumerate() {
        if let Some(sum) = sums.get_mut(*group as usize) {
            sum.add(rows.real[row], rows.pred[row]);
        }
    }
    sums
}

impl Cuboid {
    /// With the groups that are kept alone.
    fn of(last: usize, groups: Vec<Candidate>, mut of_row: Vec<u32>, is_kept: impl Fn(&Candidate) -> bool) -> Self {
        let mut kept: Vec<usize> = (0..groups.len()).filter(|group| is_kept(&groups[*group])).collect();
        let rise = |group: &usize| groups[*group].sum.rise;
        kept.sort_by(|one, other| rise(other).total_cmp(&rise(one)).then(one.cmp(other)));
        kept.truncate(GROUPS_MAX);
        kept.sort_unstable();
        let mut places = vec![NONE; groups.len()];
        kept.iter().zip(0..).for_each(|(group, place)| places[*group] = place);
        for group in &mut of_row {
            *group = places.get(*group as usize).copied().unwrap_or(NONE);
        }
        let groups = kept.into_iter().map(|group| groups[group].clone()).collect();
        Self { last, groups, of_row }
    }
}
