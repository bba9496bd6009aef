//! Group keys as typed: columns of records and of traffic, and owner keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::{Error, nearest};
use crate::group::Key;
use crate::group::filter::Names;
use crate::join::{OWNER_KEYS_MAX, passes_through, path_names};
use crate::schema::{Column, ColumnSet, Stage};
use crate::work::EstateTables;

/// The owner key used by default.
pub(super) const DEFAULT_KEY: &str = "team";
/// The grouping without that owner key.
const DEFAULT_COLUMN: &str = "payer_account";

/// Pairs that have a name of their own.
const PAIRS: [(&str, [&str; 2]); 4] = [
    ("region_pair", ["src_region", "dst_region"]),
    ("zone_pair", ["src_zone", "dst_zone"]),
    ("account_pair", ["src_account", "dst_account"]),
    ("vpc_pair", ["src_vpc", "dst_vpc"]),
];
/// The owner columns by key and side: allocated owner, source, destination.
const OWNERS: [[Column; OWNER_KEYS_MAX]; 3] = [
    [Column::Owner1, Column::Owner2, Column::Owner3],
    [Column::SrcOwner1, Column::SrcOwner2, Column::SrcOwner3],
    [Column::DstOwner1, Column::DstOwner2, Column::DstOwner3],
];

/// What to group by.
#[derive(Debug, Default)]
pub(super) struct Dimensions {
    /// The keys.
    pub(super) keys: Vec<Key>,
    /// Names of the owner keys, by position.
    pub(super) labels: Vec<Option<String>>,
    /// The keys that owners are requested by.
    pub(super) owner_keys: Vec<Arc<str>>,
}

impl Dimensions {
    /// The grouping of `--by`; by default the owner key `team`, or the payer account if no table has that key.
    pub(super) fn by(by: Option<&str>, estate: &mut EstateTables, known: &BTreeSet<Arc<str>>) -> Result<Self, Error> {
        let default = if known.contains(DEFAULT_KEY) { DEFAULT_KEY } else { DEFAULT_COLUMN };
        if by.is_none() {
            estate.warn(absent_default(known, &format!("grouped by {DEFAULT_COLUMN}"), "--by"));
        }
        let mut dimensions = Self::default();
        dimensions.add("--by", by.unwrap_or(default), known)?;
        Ok(dimensions)
    }

    /// Adds what is typed, names with commas between; `known` are the owner keys that there are.
    pub(super) fn add(&mut self, flag: &str, text: &str, known: &BTreeSet<Arc<str>>) -> Result<(), Error> {
        for name in text.split(',').map(str::trim) {
            let pair = PAIRS.iter().find(|(pair, _)| *pair == name.replace('-', "_"));
            match pair {
                Some((_, both)) => both.iter().try_for_each(|name| self.add_one(flag, name, known))?,
                None => self.add_one(flag, name, known)?,
            }
        }
        Ok(())
    }

    fn add_one(&mut self, flag: &str, name: &str, known: &BTreeSet<Arc<str>>) -> Result<(), Error> {
        let plain = name.split(['/', ':']).next().unwrap_or_default();
        let (key, label) = match self.owner(plain, known)? {
            Some(key) => (key, Some(plain.replace('-', "_"))),
            None => (column(flag, name, plain, known)?, None),
        };
        if matches!(key.column, Column::Bytes | Column::Packets) {
            let error = Error::usage(format!("{flag}: {} are summed, and nothing is grouped by them", key.name()));
            return Err(error.hint("`outflow flows --sort bytes` lists the largest records"));
        }
        let label_of = |place: usize| self.labels[place].clone().unwrap_or_else(|| self.keys[place].name());
        let shown = label.clone().unwrap_or_else(|| key.name());
        if (0..self.keys.len()).any(|place| label_of(place) == shown) {
            return Err(Error::usage(format!("{flag}: duplicate column `{shown}`")));
        }
        self.keys.push(key);
        self.labels.push(label);
        Ok(())
    }

    /// The column of an owner, if the name is a key, perhaps after `src_` or `dst_`.
    pub(super) fn owner(&mut self, name: &str, known: &BTreeSet<Arc<str>>) -> Result<Option<Key>, Error> {
        let sides = [("", 0), ("src_", 1), ("dst_", 2), ("src-", 1), ("dst-", 2)];
        let found = sides.iter().find_map(|(prefix, side)| {
            let key = known.get(name.strip_prefix(prefix)?)?;
            Some((Arc::clone(key), *side))
        });
        let Some((key, side)) = found.filter(|_| Column::of_name(name).is_none_or(Column::is_inner)) else {
            return Ok(None);
        };
        Ok(Some(Key { column: OWNERS[side][self.owner_place(key)?], cut: None }))
    }

    /// The columns of the owners of both ends.
    pub(super) fn owner_ends(&mut self, key: Arc<str>) -> Result<[Column; 2], Error> {
        let place = self.owner_place(key)?;
        Ok([OWNERS[1][place], OWNERS[2][place]])
    }

    /// The column of the owner that charges are allocated to.
    pub(super) fn owner_column(&mut self, key: Arc<str>) -> Result<Column, Error> {
        Ok(OWNERS[0][self.owner_place(key)?])
    }

    /// Where the owners by a key stand among those requested.
    pub(super) fn owner_place(&mut self, key: Arc<str>) -> Result<usize, Error> {
        let place = self.owner_keys.iter().position(|known| *known == key).unwrap_or(self.owner_keys.len());
        if place == OWNER_KEYS_MAX {
            return Err(
                Error::usage(format!("more than {OWNER_KEYS_MAX} owner keys")).hint("use another run for the others")
            );
        }
        if place == self.owner_keys.len() {
            self.owner_keys.push(key);
        }
        Ok(place)
    }

    /// Whether any key needs the join.
    pub(super) fn is_joined(&self) -> bool {
        self.keys.iter().any(|key| key.column.stage() == Stage::Join)
    }

    /// The columns that traffic must have for them.
    pub(super) fn columns(&self) -> ColumnSet {
        self.keys.iter().fold(ColumnSet::default(), |set, key| match key.column {
            Column::Hour | Column::Day => set.with(Column::Start),
            column => set.with(column),
        })
    }

    /// The columns of records that traffic does not have by itself.
    pub(super) fn extra(&self) -> Vec<Column> {
        self.keys.iter().map(|key| key.column).filter(|column| passes_through(*column)).collect()
    }
}

/// Resolves names in filters on joined traffic: also traffic columns, and known owner keys, which become requested.
pub(super) struct NamesOfTraffic<'a> {
    pub(super) dimensions: &'a mut Dimensions,
    pub(super) known: &'a BTreeSet<Arc<str>>,
}

impl Names for NamesOfTraffic<'_> {
    fn take_traffic(&self) -> bool {
        true
    }

    fn owner(&mut self, name: &str) -> Result<Option<Column>, Error> {
        Ok(self.dimensions.owner(name, self.known)?.map(|key| key.column))
    }

    fn owner_keys(&self) -> Vec<&str> {
        self.known.iter().map(AsRef::as_ref).collect()
    }

    fn texts(&self, column: Column) -> Option<Vec<&'static str>> {
        (column == Column::Path).then(path_names)
    }
}

/// Warning if the tables have owner keys, but not the default one: `Team` is not `team`.
pub(super) fn absent_default(known: &BTreeSet<Arc<str>>, instead: &str, flag: &str) -> Option<String> {
    let first = known.first().filter(|_| !known.contains(DEFAULT_KEY))?;
    let meant = known.iter().find(|key| key.eq_ignore_ascii_case(DEFAULT_KEY)).unwrap_or(first);
    let keys = known.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
    Some(format!(
        "no table has the owner key `{DEFAULT_KEY}`: {instead}; the owner keys are {keys} (for example {flag} {meant})"
    ))
}

fn column(flag: &str, name: &str, plain: &str, known: &BTreeSet<Arc<str>>) -> Result<Key, Error> {
    let hidden = Column::of_name(plain).is_some_and(Column::is_inner);
    let error = match Key::parse(name) {
        Ok(key) if !hidden => return Ok(key),
        Ok(_) => Error::usage(format!("{flag}: unknown column `{plain}`")),
        Err(error) => error,
    };
    if known.is_empty() {
        return Err(error.hint("owner keys such as team need a tag table: --tags FILE"));
    }
    let near = nearest(plain, known.iter().map(AsRef::as_ref));
    let keys = known.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
    Err(near
        .iter()
        .fold(error, |error, near| error.hint(format!("did you mean `{near}`?")))
        .hint(format!("the owner keys are {keys}")))
}
