//! Why a run is anomalous: the causes of its excess, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::parts::Part;
use super::runs::Run;
use super::settings::Settings;
use super::usual::{beyond, usual};
use crate::reason::causes::{self, Attribution, Cause, Class, causes, class};
use crate::reason::hours::{Dimension, FROM, Hours, Leaf, Metric};

/// What is new was not there for so many hours: 14 days. Source: GuardDuty learns for as long.
const NEW_HOURS: usize = 14 * 24;
/// What a cause is said to be has this part of its change at least.
const PROFILE_SHARE_MIN: f64 = 0.9;
/// Maximum values per dimension in a profile: two endpoints of a conversation are both listed.
const PROFILE_VALUES_MAX: usize = 2;
/// Of a rise of dollars, more than this part is by price if it is one of prices.
const PRICE_SHARE_MIN: f64 = 0.5;
/// The leaves' expected sums are scaled to the expected value of their series, by at most this factor.
const SCALING_MAX: f64 = 2.0;

/// A description in words: dimensions and values.
pub type Description = Vec<(Dimension, Arc<str>)>;

/// A cause in words.
#[derive(Clone, Debug)]
pub struct DescribedCause {
    /// What it is.
    pub what: Description,
    /// What else describes the same traffic.
    pub also_matches: Vec<Description>,
    /// What nearly all of it is, in every dimension that is so.
    pub profile: Description,
    /// Which kind of change.
    pub class: Class,
    /// The path it came from, of a change of paths.
    pub from_path: Option<Arc<str>>,
    /// Its part of the run's excess.
    pub share: f64,
    /// By metric: what it was, and what it usually is.
    pub amounts: [(f64, f64); 4],
    /// Its leaves.
    pub leaves: Vec<u32>,
}

/// All that made a run.
#[derive(Clone, Debug)]
pub struct Why {
    /// The causes, the most first.
    pub causes: Vec<DescribedCause>,
    /// The fraction of the excess without a cause.
    pub unexplained_share: f64,
    /// Whether it rose everywhere.
    pub is_spread: bool,
}

/// Looks for what made a run.
#[must_use]
pub fn why(hours: &Hours, part: &Part, run: &Run, settings: &Settings) -> Why {
    let dimensions = Dimension::ALL.into_iter().filter(|dimension| hours.has_dimension(*dimension)).collect();
    let asked = Asked { hours, part, run, dimensions };
    let leaves = asked.leaves();
    let mut attribution = causes(&leaves, &settings.attribution);
    if attribution.is_spread {
        asked.name_whole(&leaves, &mut attribution);
    }
    let mut left = part.leaves.clone();
    let described = attribution.causes.iter().map(|cause| asked.described(cause, &mut left)).collect();
    let unexplained_share = if attribution.delta > 0.0 { attribution.unexplained / attribution.delta } else { 1.0 };
    Why { causes: described, unexplained_share, is_spread: attribution.is_spread }
}

/// A run, and the dimensions with values.
struct Asked<'a> {
    hours: &'a Hours,
    part: &'a Part,
    run: &'a Run,
    dimensions: Vec<Dimension>,
}

impl Asked<'_> {
    /// What a leaf had in the run's hours, and what it usually has.
    fn measured(&self, leaf: u32, metric: Metric) -> (f64, f64) {
        usual(self.hours, leaf, &self.run.hours, metric)
    }

    /// The excess of a leaf in the direction of the run.
    fn excess(&self, leaf: u32) -> f64 {
        beyond(self.hours, leaf, (&self.run.hours, self.run.is_up), self.run.metric)
    }

    fn elements(&self, leaf: u32) -> Vec<u32> {
        self.dimensions.iter().map(|dimension| self.hours.leaves[leaf as usize][*dimension as usize]).collect()
    }

    fn place(&self, dimension: Dimension) -> Option<usize> {
        self.dimensions.iter().position(|described| *described == dimension)
    }

    /// The leaves of the part, for attribution.
    fn leaves(&self) -> Vec<causes::Leaf> {
        let metric = self.run.metric;
        let pairs: Vec<_> = self.part.leaves.iter().map(|leaf| self.measured(*leaf, metric)).collect();
        let usual: f64 = pairs.iter().map(|(_, usual)| usual).sum();
        let expected = self.run.expected[metric as usize];
        let scaling = (expected / usual.max(f64::MIN_POSITIVE)).clamp(1.0 / SCALING_MAX, SCALING_MAX);
        let leaf = |(leaf, (real, usual)): (&u32, &(f64, f64))| {
            let (real, usual) = (*real, usual * scaling);
            let (real, pred) = if self.run.is_up { (real, usual) } else { (usual, real) };
            causes::Leaf { elements: self.elements(*leaf), real, pred }
        };
        self.part.leaves.iter().zip(&pairs).map(leaf).collect()
    }

    /// If a part rose as a whole, it is the cause itself, described by the values that nearly all of it shares, unless
    /// it is the total.
    fn name_whole(&self, leaves: &[causes::Leaf], attribution: &mut Attribution) {
        let Some(place) = self.part.dimension.and_then(|dimension| self.place(dimension)) else { return };
        let code = leaves[0].elements[place];
        if *self.hours.name(code) != self.part.scope.value {
            return;
        }
        let single = self.profile(&self.part.leaves).into_iter().filter_map(|(dimension, values)| match values[..] {
            [value] => Some((self.place(dimension)?, value)),
            _ => None,
        });
        let mut elements: causes::Elements =
            single.filter(|(described, _)| *described != place).chain([(place, code)]).collect();
        elements.sort_unstable();
        let is_its = |leaf: &causes::Leaf| elements.iter().all(|(place, code)| leaf.elements[*place] == *code);
        let places: Vec<usize> = (0..leaves.len()).filter(|place| is_its(&leaves[*place])).collect();
        let sum = |of: fn(&causes::Leaf) -> f64| places.iter().map(|place| of(&leaves[*place])).sum::<f64>();
        let (real, pred) = (sum(|leaf| leaf.real), sum(|leaf| leaf.pred));
        let lift = if real > 0.0 { (real - pred) / real } else { 0.0 };
        let share = (real - pred) / attribution.delta;
        (attribution.is_spread, attribution.unexplained) = (false, attribution.delta - (real - pred));
        let also_matches = Vec::new();
        attribution.causes = vec![Cause { elements, leaves: places, real, pred, share, lift, also_matches }];
    }

    /// How many leaves a description has in all of the traffic.
    fn breadth(&self, elements: &causes::Elements) -> usize {
        let is_of = |leaf: &&Leaf| elements.iter().all(|(place, code)| leaf[self.dimensions[*place] as usize] == *code);
        self.hours.leaves.iter().filter(is_of).count()
    }

    /// Describes a cause; its leaves are taken from the remaining ones.
    fn described(&self, cause: &Cause, left: &mut Vec<u32>) -> DescribedCause {
        // Leaves that have nothing of this metric may have much of another.
        let is_its = |leaf: &mut u32| {
            let leaf = &self.hours.leaves[*leaf as usize];
            cause.elements.iter().all(|(place, code)| leaf[self.dimensions[*place] as usize] == *code)
        };
        let leaves: Vec<u32> = left.extract_if(.., is_its).collect();
        let sum = |metric: Metric| {
            let pairs = leaves.iter().map(|leaf| self.measured(*leaf, metric));
            pairs.fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1))
        };
        let amounts = Metric::ALL.map(sum);
        let class = self.class(cause, &leaves, &amounts);
        // Of names of the same traffic here, the one that is a name of least else elsewhere.
        let mut names: Vec<&causes::Elements> = std::iter::once(&cause.elements).chain(&cause.also_matches).collect();
        names.sort_by_cached_key(|name| (name.len(), self.breadth(name)));
        let words = |description: &causes::Elements| -> Description {
            let word = |(place, code): &(usize, u32)| (self.dimensions[*place], Arc::clone(self.hours.name(*code)));
            description.iter().map(word).collect()
        };
        let values = |(dimension, values): (Dimension, Vec<u32>)| {
            let mut values: Vec<&str> = values.iter().map(|value| &**self.hours.name(*value)).collect();
            // What goes there before what comes from there.
            values.sort_by_key(|value| value.starts_with(FROM));
            (dimension, Arc::from(values.join(" and ")))
        };
        DescribedCause {
            what: words(names.remove(0)),
            also_matches: names.into_iter().map(words).collect(),
            profile: self.profile(&leaves).into_iter().map(values).collect(),
            from_path: if let Class::PathChange { from } = class {
                Some(Arc::clone(self.hours.name(from)))
            } else {
                None
            },
            class,
            share: cause.share,
            amounts,
            leaves,
        }
    }

    /// Which kind of change a cause is. A change of paths shows in leaves outside of the run's part too.
    fn class(&self, cause: &Cause, own: &[u32], amounts: &[(f64, f64); 4]) -> Class {
        let (hours, range) = (self.hours, &self.run.hours);
        let ends = |leaf: u32| -> Leaf {
            let mut leaf = hours.leaves[leaf as usize];
            leaf[Dimension::Path as usize] = 0;
            leaf
        };
        let mine: BTreeSet<Leaf> = own.iter().map(|leaf| ends(*leaf)).collect();
        let others = (0_u32..).take(hours.leaves.len());
        let others = others.filter(|leaf| mine.contains(&ends(*leaf)) && own.binary_search(leaf).is_err());
        let volume = |leaf: u32| {
            let (real, pred) = self.measured(leaf, Metric::Bytes);
            causes::Leaf { elements: self.elements(leaf), real, pred }
        };
        let volumes: Vec<_> = own.iter().copied().chain(others).map(volume).collect();
        let since = range.start.saturating_sub(NEW_HOURS)..range.start;
        // A description as short as `team a` has old traffic too: what counts is what nearly all of the rise is.
        let profile = self.profile(own);
        let is_most = |leaf: &&u32| {
            let leaf = &hours.leaves[**leaf as usize];
            profile.iter().all(|(dimension, values)| values.contains(&leaf[*dimension as usize]))
        };
        let mut cells = own.iter().filter(is_most).flat_map(|leaf| hours.cells_of(*leaf));
        let was_there = cells.any(|cell| since.contains(&(cell.hour as usize)));
        // A trimmed mean may be zero for intermittent traffic.
        let pred = if was_there { cause.pred.max(f64::MIN_POSITIVE) } else { 0.0 };
        let cause = Cause { leaves: (0..own.len()).collect(), pred, ..cause.clone() };
        let path = self.place(Dimension::Path);
        match class(&cause, &volumes, path, None) {
            Class::Growth if self.run.metric == Metric::Usd && self.is_of_price(own, amounts[0]) => Class::Price,
            class => class,
        }
    }

    /// Whether most of a cost increase comes from higher prices of the same bytes, leaf by leaf: in the total, more
    /// expensive bytes would look like a price increase.
    fn is_of_price(&self, leaves: &[u32], (usd, usual): (f64, f64)) -> bool {
        let by_price = |leaf: &u32| {
            let [(usd, usual_usd), (bytes, usual_bytes)] =
                [Metric::Usd, Metric::Bytes].map(|metric| self.measured(*leaf, metric));
            if usual_bytes > 0.0 { usd - bytes * usual_usd / usual_bytes } else { 0.0 }
        };
        let rise = usd - usual;
        rise > 0.0 && leaves.iter().map(by_price).sum::<f64>() > PRICE_SHARE_MIN * rise
    }

    /// What nearly all of an excess is in, dimension by dimension: the value, or the two.
    fn profile(&self, leaves: &[u32]) -> Vec<(Dimension, Vec<u32>)> {
        let excesses: Vec<(u32, f64)> = leaves.iter().map(|leaf| (*leaf, self.excess(*leaf))).collect();
        let all: f64 = excesses.iter().map(|(_, excess)| excess).sum();
        let of = |dimension: &Dimension| {
            let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
            for (leaf, excess) in &excesses {
                *sums.entry(self.hours.leaves[*leaf as usize][*dimension as usize]).or_default() += excess;
            }
            let mut sums: Vec<(u32, f64)> = sums.into_iter().collect();
            sums.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
            let is_most = |count: &usize| {
                let most: f64 = sums.iter().take(*count).map(|(_, excess)| excess).sum();
                all > 0.0 && most >= PROFILE_SHARE_MIN * all
            };
            let count = (1..=PROFILE_VALUES_MAX.min(sums.len())).find(is_most)?;
            Some((*dimension, sums[..count].iter().map(|(value, _)| *value).collect()))
        };
        self.dimensions.iter().filter_map(of).collect()
    }
}
