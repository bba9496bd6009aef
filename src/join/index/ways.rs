//! How conversations went, told by what an end sent: what comes back to it bears no traffic path of its own.
//!
//! A way that never changes is kept once, however long it lasts. Of a pair whose way changes, and of no other, the hours
//! are looked through again, and only those are kept in which it becomes another one.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::super::count::Sighting;
use super::super::ends::{Atlas, End, Ends, Facet};
use super::super::learn::Learnt;
use super::super::path::{Path, Sides, Via, Way};
use super::super::view::{Direction, Fact, Facts, View};
use super::{Held, Index};
use crate::error::Error;

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// An end of the estate, and an address that it sent to.
type Pair = (Held, u128);

/// The ways of pairs that at some time went as places alone would not tell. Merges in any order.
#[derive(Debug, Default)]
pub(in super::super) struct Ways(Map<Pair, Kept>);

/// The way of a pair.
#[derive(Debug)]
enum Kept {
    Steady(Way),
    /// By the hour; none of hours in which places tell it.
    Changing(BTreeMap<u32, Option<Way>>),
}

impl Kept {
    fn add(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Steady(mine), Self::Steady(way)) if *mine == way => {}
            (Self::Steady(_), Self::Steady(_)) => *self = Self::Changing(BTreeMap::new()),
            (Self::Steady(_), changing) => *self = changing,
            (Self::Changing(_), Self::Steady(_)) => {}
            (Self::Changing(mine), Self::Changing(hours)) => {
                for (hour, way) in hours {
                    let mine = mine.entry(hour).or_insert(way);
                    *mine = std::cmp::max_by_key(*mine, way, rank);
                }
            }
        }
    }
}

/// Of several ways in one hour one that is known goes before those assumed, and those before what places tell.
fn rank(way: &Option<Way>) -> Option<(bool, Way)> {
    way.map(|way| (way.assumed.is_none(), way))
}

impl Ways {
    /// How what a pair's end sent in an hour went, if places do not tell it. What was seen last holds until something
    /// else is seen, and what was seen first also held before.
    pub(super) fn at(&self, ends: Ends, hour: u32) -> Option<Way> {
        match self.0.get(&pair(ends))? {
            Kept::Steady(way) => Some(*way),
            Kept::Changing(hours) => {
                let last = hours.range(..=hour).next_back();
                last.or_else(|| hours.first_key_value()).and_then(|(_, way)| *way)
            }
        }
    }

    /// Adds what another part of the records tells.
    pub(super) fn merge(&mut self, other: Self) {
        for (pair, kept) in other.0 {
            self.add(pair, kept);
        }
    }

    /// Whether there are any, so that [`follow`] is needed.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether some pair is known to change, and not yet when.
    pub(super) fn lack_hours(&self) -> bool {
        self.0.values().any(|kept| matches!(kept, Kept::Changing(hours) if hours.is_empty()))
    }

    /// Keeps the hours alone in which a way becomes another one.
    pub(super) fn settle(&mut self) {
        for kept in self.0.values_mut() {
            let Kept::Changing(hours) = kept else { continue };
            let mut before = None;
            hours.retain(|_, way| before.replace(*way) != Some(*way));
        }
    }

    fn add(&mut self, pair: Pair, kept: Kept) {
        match self.0.entry(pair) {
            Entry::Occupied(mut mine) => mine.get_mut().add(kept),
            Entry::Vacant(none) => drop(none.insert(kept)),
        }
    }
}

fn pair(ends: Ends) -> Pair {
    ((ends.src.vpc, ends.src.address), ends.dst.address)
}

/// What requests are judged by.
struct Requests<'a> {
    atlas: &'a Atlas,
    learnt: &'a Learnt,
    before: &'a Index,
    facets: Map<End, Facet>,
}

impl<'a> Requests<'a> {
    fn new(atlas: &'a Atlas, learnt: &'a Learnt, before: &'a Index) -> Self {
        Self { atlas, learnt, before, facets: Map::default() }
    }

    /// The ends of what was sent, if it may tell of a conversation: it was accepted, and not at a gateway. Without a
    /// traffic path the way is told by places, which tell the same of both directions.
    fn ends(&self, view: &View, fact: &Fact) -> Option<Ends> {
        view.traffic_path.filter(|_| fact.counted.flows > 0)?;
        let (direction, _) = self.atlas.direction(view, fact, self.learnt);
        let hop = view.interface.is_some_and(|place| self.atlas.estate.interfaces[place as usize].is_hop());
        let sent = direction == Some(Direction::Egress) && !hop;
        let ends = sent.then(|| self.atlas.ends(view, fact, direction))?;
        // Where the answers are records of their own sender, those tell.
        Some(ends).filter(|ends| !self.atlas.is_watched_throughout(ends.dst, fact.hour))
    }

    /// How a request went, if places alone would tell otherwise.
    fn way(&mut self, view: &View, ends: Ends) -> Option<Way> {
        for end in [ends.src, ends.dst] {
            self.facets.entry(end).or_insert_with(|| self.atlas.facet(end));
        }
        let (Some(src), Some(dst)) = (self.facets.get(&ends.src), self.facets.get(&ends.dst)) else { return None };
        let sides = Sides { ends, src, dst };
        let way = sides.egress(self.atlas, self.before, view);
        Some(way).filter(|way| plain(way) != plain(&sides.turned().by_places(self.atlas, self.before)))
    }
}

fn plain(way: &Way) -> (Path, Via, Option<&'static str>) {
    (way.path, way.via, way.assumed)
}

/// Indexes a shard's conversations, and where watches begin or end. Both need what the gateways saw, so that comes first:
/// `before` is the index of all shards without them.
///
/// # Errors
/// If rows of the shard were spilled and cannot be read.
pub(in super::super) fn ways(
    atlas: &Atlas,
    learnt: &Learnt,
    before: &Index,
    facts: &Facts<'_>,
    shard: usize,
) -> Result<Index, Error> {
    let mut index = Index::default();
    let mut requests = Requests::new(atlas, learnt, before);
    facts.for_each(shard, |fact, _| {
        let view = &facts.views[fact.view];
        if fact.counted.flows > 0 && atlas.estate.changes_in(fact.hour) {
            let (direction, _) = atlas.direction(view, fact, learnt);
            let ends = atlas.ends(view, fact, direction);
            index.splits.note(atlas, before, &Sighting { view, fact, direction, ends });
        }
        let Some(ends) = requests.ends(view, fact) else { return };
        if let Some(way) = requests.way(view, ends) {
            index.ways.add(pair(ends), Kept::Steady(way));
        }
    })?;
    Ok(index)
}

/// Indexes the hours of ways that change, and tells those that change because they sometimes go as places tell. The hours
/// of the latter are in what a further run gives.
///
/// # Errors
/// If rows of the shard were spilled and cannot be read.
pub(in super::super) fn follow(
    atlas: &Atlas,
    learnt: &Learnt,
    before: &Index,
    facts: &Facts<'_>,
    shard: usize,
) -> Result<Index, Error> {
    let mut index = Index::default();
    let mut requests = Requests::new(atlas, learnt, before);
    facts.for_each(shard, |fact, _| {
        let view = &facts.views[fact.view];
        let Some(ends) = requests.ends(view, fact) else { return };
        let Some(kept) = before.ways.0.get(&pair(ends)) else { return };
        let way = requests.way(view, ends);
        match kept {
            Kept::Steady(_) if way.is_some() => {}
            Kept::Steady(_) => index.ways.add(pair(ends), Kept::Changing(BTreeMap::new())),
            Kept::Changing(_) => index.ways.add(pair(ends), Kept::Changing(BTreeMap::from([(fact.hour, way)]))),
        }
    })?;
    Ok(index)
}
