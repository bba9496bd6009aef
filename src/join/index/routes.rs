//! Routes of conversations, taken from the sender's records: responses have no traffic path of their own.
//!
//! A route that never changes is stored once. For pairs with several routes the hours are scanned again, and only the
//! hours of a change are stored.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::super::count::Sighting;
use super::super::ends::{End, EndpointInfo, Ends};
use super::super::path::{self, Path, Route, Via};
use super::super::sides::Sides;
use super::super::traffic::Traffic;
use super::super::vantage::{Direction, Fact, Vantage};
use super::{Held, Pass};
use crate::error::Error;

type Map<K, V> = HashMap<K, V, ahash::RandomState>;

/// An end of the estate, and an address that it sent to.
type Pair = (Held, u128);

/// Routes of the pairs whose route ever differed from the one by locations. Merge order does not matter.
#[derive(Debug, Default)]
pub(in super::super) struct Routes(Map<Pair, Kept>);

/// The route of a pair.
#[derive(Debug)]
enum Kept {
    Steady(Route),
    /// By hour; none if locations determine the route.
    Changing(BTreeMap<u32, Option<Route>>),
}

impl Kept {
    fn add(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Steady(mine), Self::Steady(route)) if *mine == route => {}
            (Self::Steady(_), Self::Steady(_)) => *self = Self::Changing(BTreeMap::new()),
            (Self::Steady(_), changing) => *self = changing,
            (Self::Changing(_), Self::Steady(_)) => {}
            (Self::Changing(mine), Self::Changing(hours)) => {
                for (hour, route) in hours {
                    let mine = mine.entry(hour).or_insert(route);
                    *mine = std::cmp::max_by_key(*mine, route, rank);
                }
            }
        }
    }
}

/// Among several routes in one hour, known routes precede assumed ones, and those precede routes by locations.
fn rank(route: &Option<Route>) -> Option<(bool, Route)> {
    route.map(|route| (route.assumed.is_none(), route))
}

impl Routes {
    /// The route of a pair in an hour, if it differs from the one by locations. A route holds until the next change;
    /// the first one also applies before.
    pub(super) fn at(&self, ends: Ends, hour: u32) -> Option<Route> {
        match self.0.get(&pair(ends))? {
            Kept::Steady(route) => Some(*route),
            Kept::Changing(hours) => {
                let last = hours.range(..=hour).next_back();
                last.or_else(|| hours.first_key_value()).and_then(|(_, route)| *route)
            }
        }
    }

    /// Merges the index of another part of the records.
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

    /// Keeps only the hours in which the route changes.
    pub(super) fn settle(&mut self) {
        for kept in self.0.values_mut() {
            let Kept::Changing(hours) = kept else { continue };
            let mut before = None;
            hours.retain(|_, route| before.replace(*route) != Some(*route));
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

/// Finds requests among a pass's facts, with their endpoints and routes.
struct Requests<'p> {
    traffic: &'p Traffic<'p>,
    sides: &'p mut Sides<()>,
    infos: &'p mut Map<End, EndpointInfo>,
}

impl Requests<'_> {
    /// The endpoints of a sent record that may determine a route: accepted, and not at a gateway. Without a traffic
    /// path the route follows from locations, which are the same for both directions.
    fn ends(&mut self, vantage: &Vantage, fact: &Fact) -> Option<Ends> {
        vantage.traffic_path.filter(|_| fact.counted.flows > 0)?;
        let Traffic { resolver, learnt, .. } = self.traffic;
        let (direction, _) = resolver.direction(vantage, fact, learnt);
        let hop = vantage.interface.is_some_and(|place| resolver.estate.interfaces[place as usize].is_hop());
        let sent = direction == Some(Direction::Egress) && !hop;
        let ends = sent.then(|| self.sides.ends(resolver, vantage, fact, direction))?;
        // If the responses are logged by their own sender, those records decide.
        Some(ends).filter(|ends| !resolver.is_logged_throughout(ends.dst, fact.hour))
    }

    /// The route of a request, if it differs from the one by locations.
    fn route(&mut self, vantage: &Vantage, ends: Ends) -> Option<Route> {
        let Traffic { resolver, index, .. } = self.traffic;
        for end in [ends.src, ends.dst] {
            self.infos.entry(end).or_insert_with(|| resolver.info(end));
        }
        let (Some(src), Some(dst)) = (self.infos.get(&ends.src), self.infos.get(&ends.dst)) else { return None };
        let sides = path::Sides { ends, src, dst };
        let route = sides.egress(resolver, index, vantage);
        Some(route).filter(|route| plain(route) != plain(&sides.turned().by_places(resolver, index)))
    }
}

fn plain(route: &Route) -> (Path, Via, Option<&'static str>) {
    (route.path, route.via, route.assumed)
}

impl Pass<'_> {
    /// Indexes a shard's routes, and the pairs that a coverage boundary may affect. Both need the gateways' index.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub(in super::super) fn routes(&mut self, shard: usize) -> Result<(), Error> {
        let Self { traffic, sides, infos, found } = self;
        let Traffic { facts, resolver, learnt, index, .. } = traffic;
        facts.for_each(shard, |fact, _| {
            let vantage = &facts.vantages[fact.vantage];
            if fact.counted.flows > 0 && resolver.estate.may_change(fact.src, fact.dst, fact.hour) {
                let (direction, _) = resolver.direction(vantage, fact, learnt);
                let ends = sides.ends(resolver, vantage, fact, direction);
                found.splits.note(resolver, index, &Sighting { vantage, fact, direction, ends });
            }
            let mut requests = Requests { traffic, sides, infos };
            let Some(ends) = requests.ends(vantage, fact) else { return };
            if let Some(route) = requests.route(vantage, ends) {
                found.routes.add(pair(ends), Kept::Steady(route));
            }
        })
    }

    /// Indexes the hours of routes that change, and marks routes that sometimes follow from locations as changing: a
    /// second run finds the hours of those.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub(in super::super) fn follow(&mut self, shard: usize) -> Result<(), Error> {
        let Self { traffic, sides, infos, found } = self;
        let Traffic { facts, index, .. } = traffic;
        facts.for_each(shard, |fact, _| {
            let vantage = &facts.vantages[fact.vantage];
            let mut requests = Requests { traffic, sides, infos };
            let Some(ends) = requests.ends(vantage, fact) else { return };
            let Some(kept) = index.routes.0.get(&pair(ends)) else { return };
            let route = requests.route(vantage, ends);
            match kept {
                Kept::Steady(_) if route.is_some() => {}
                Kept::Steady(_) => found.routes.add(pair(ends), Kept::Changing(BTreeMap::new())),
                Kept::Changing(_) => found.routes.add(pair(ends), Kept::Changing(BTreeMap::from([(fact.hour, route)]))),
            }
        })
    }
}
