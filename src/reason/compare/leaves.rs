//! Sums of charges → the finest groups of a comparison, shard by shard: the leaves of the cube, each with its bytes in
//! both periods by how they are charged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::decode::Dictionary;
use crate::error::Error;
use crate::join::frame::Coded;
use crate::price::bill::{Periods, UNKNOWN};
use crate::reason::cube::{self, Cube, CubeKeys, DIMENSIONS, hours, sums};
use crate::schema::charge::{ANY, Charge};
use crate::schema::{Column, output};

/// How bytes are charged, or why they are free.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Route {
    pub(crate) charge: Option<Charge>,
    /// Empty for charged bytes.
    pub(crate) reason: Arc<str>,
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
}

/// All leaves.
#[derive(Debug, Default)]
pub struct Leaves {
    /// The keys requested in words, by the number of a row.
    pub(crate) rows: Vec<Vec<Arc<str>>>,
    /// The routes that bytes are charged, or free, by their numbers.
    pub(crate) routes: Vec<Route>,
    /// The names of elements, in their order.
    pub(crate) names: Vec<Arc<str>>,
    /// Sorted.
    pub(crate) leaves: Vec<Fine>,
    /// How many hours of each period have traffic: of the previous one, and of the one requested.
    pub hours: [u64; 2],
}

/// One of the finest groups.
#[derive(Debug)]
pub(crate) struct Fine {
    /// Its row.
    pub(crate) row: u32,
    /// Its elements, codes of names; the path is the last one.
    pub(crate) elements: Vec<u32>,
    /// Its bytes in each period, by route. Bytes with several charges appear once per charge.
    pub(crate) routes: BTreeMap<u32, [u128; 2]>,
}

/// The leaves while they are put together.
#[derive(Debug)]
pub struct LeavesBuilder {
    cube: Cube,
    asked: usize,
    periods: Periods,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// By the codes of charge, reason and sides.
    routes: HashMap<[u32; 4], u32>,
    texts: Vec<Route>,
    /// By the numbers of leaf and route.
    bytes: HashMap<(u32, u32), [u128; 2], ahash::RandomState>,
    hours: [BTreeSet<u32>; 2],
}

impl LeavesBuilder {
    /// Creates an empty builder. Rows are keyed by the further keys of the cube.
    #[must_use]
    pub fn new(keys: CubeKeys, periods: Periods) -> Self {
        Self { asked: keys.further.len(), cube: Cube::new(keys), periods, known: Mutex::default() }
    }

    /// Adds a shard of [`CubeKeys::sum`] of charges alone.
    ///
    /// # Errors
    /// If the shard has not these columns.
    pub fn add(&self, shard: &Coded<'_>) -> Result<(), Error> {
        let leaves = self.cube.leaves(shard)?;
        let [charges, paths, from, to] =
            [Column::Charge, Column::Path, Column::FromRegion, Column::ToRegion].map(|column| shard.codes(column));
        let (charges, paths, from, to) = (charges?, paths?, from?, to?);
        let bytes = sums(shard, output::BYTES)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (row, hour) in hours(shard)?.into_iter().enumerate() {
            let reason = if charges[row] == Dictionary::ABSENT { paths[row] } else { Dictionary::ABSENT };
            for is_previous in self.periods.of(hour) {
                let side = usize::from(!is_previous);
                known.hours[side].insert(hour);
                let route = known.route([charges[row], reason, from[row], to[row]], shard.names);
                known.bytes.entry((leaves[row], route)).or_default()[side] += bytes[row];
            }
        }
        Ok(())
    }

    /// The leaves of all shards. Their elements are those at some places of the cube's leaves: the seven dimensions
    /// come first there, then the keys requested.
    #[must_use]
    pub fn finish(self, places: &[usize]) -> Leaves {
        let known = self.known.into_inner().unwrap_or_else(PoisonError::into_inner);
        let cube::Leaves { names, leaves, .. } = self.cube.finish();
        let sorted: BTreeSet<&Arc<str>> = names.iter().collect();
        let order: HashMap<&str, u32> = sorted.iter().map(|name| &***name).zip(0..).collect();
        let code = |code: &u32| order[&*names[*code as usize]];
        let mut rows: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
        let row_of = |leaf: &[u32]| leaf[DIMENSIONS..DIMENSIONS + self.asked].iter().map(code).collect::<Vec<_>>();
        rows.extend(leaves.iter().map(|leaf| (row_of(leaf), 0)));
        rows.values_mut().zip(0..).for_each(|(row, number)| *row = number);
        let mut fine: BTreeMap<(u32, Vec<u32>), BTreeMap<u32, [u128; 2]>> = BTreeMap::new();
        for ((leaf, route), bytes) in known.bytes {
            let leaf = &leaves[leaf as usize];
            let elements = places.iter().map(|place| code(&leaf[*place])).collect();
            let routes = fine.entry((rows[&row_of(leaf)], elements)).or_default();
            routes.entry(route).or_default().iter_mut().zip(bytes).for_each(|(sum, bytes)| *sum += bytes);
        }
        let names: Vec<Arc<str>> = sorted.into_iter().cloned().collect();
        let words = |row: &Vec<u32>| row.iter().map(|code| Arc::clone(&names[*code as usize])).collect();
        Leaves {
            rows: rows.keys().map(words).collect(),
            routes: known.texts,
            leaves: fine.into_iter().map(|((row, elements), routes)| Fine { row, elements, routes }).collect(),
            hours: known.hours.map(|hours| hours.len() as u64),
            names,
        }
    }
}

impl Known {
    fn route(&mut self, codes: [u32; 4], names: &Dictionary) -> u32 {
        let next = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        *self.routes.entry(codes).or_insert_with(|| {
            let text = |code: u32, none: &str| -> Arc<str> {
                if code == Dictionary::ABSENT { none.into() } else { names.display(code).into() }
            };
            let [charge, reason, from, to] = codes;
            let charge = Charge::of_name(&text(charge, ""));
            let reason = text(reason, if charge.is_some() { "" } else { UNKNOWN });
            self.texts.push(Route { charge, reason, from: text(from, UNKNOWN), to: text(to, ANY) });
            next
        })
    }
}

impl Leaves {
    /// The name of an element.
    pub(crate) fn name(&self, element: u32) -> Arc<str> {
        Arc::clone(&self.names[element as usize])
    }
}
