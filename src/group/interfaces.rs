//! Interfaces and what belongs to them, kept once instead of in every key.
//!
//! An interface's attributes (account, VPC, subnet, zone, instance…) rarely change; among several values the latest
//! wins, and at equal times the last in byte order, so that input order does not matter.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::vantages::present;
use crate::decode::{Dictionary, Flows};
use crate::schema::{ABSENT_TEXT, ABSENT_TIME, Column, ColumnSet};

const HOUR_SECONDS: u32 = 3600;

/// The columns that belong to an interface.
pub const ATTRIBUTES: [Column; 14] = [
    Column::AccountId,
    Column::Region,
    Column::VpcId,
    Column::SubnetId,
    Column::AzId,
    Column::InstanceId,
    Column::InterfaceType,
    Column::InterfaceTag,
    Column::InterfaceTag2,
    Column::InstanceTag,
    Column::InstanceTag2,
    Column::AsgTag,
    Column::AsgTag2,
    Column::EcsServiceName,
];

/// By the place in [`ATTRIBUTES`]: the moment it was seen at, and its value.
type Attributes = [Option<(u32, Box<[u8]>)>; ATTRIBUTES.len()];

/// Attributes of one interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Interface {
    /// By the place in [`ATTRIBUTES`]: the moment it was seen at, and its value.
    #[serde(with = "attributes")]
    attributes: Attributes,
    /// Records of traffic.
    pub ok: u64,
    /// NODATA records.
    pub no_data: u64,
    /// SKIPDATA records.
    pub skip_data: u64,
    /// The earliest start and the latest end of an OK or NODATA record: the logged span.
    pub logged: Option<(u32, u32)>,
    /// Intervals of SKIPDATA records, `[start, end]`, sorted, joined where they touch.
    gaps: Vec<(u32, u32)>,
}

impl Interface {
    /// An attribute's value.
    #[must_use]
    pub fn attribute(&self, column: Column) -> Option<&[u8]> {
        let place = ATTRIBUTES.iter().position(|attribute| *attribute == column)?;
        self.attributes[place].as_ref().map(|(_, value)| &value[..])
    }

    /// The intervals in which AWS lost records, `[start, end]`, sorted and apart.
    #[must_use]
    pub fn gaps(&self) -> &[(u32, u32)] {
        &self.gaps
    }

    fn add(&mut self, other: Self) {
        for (mine, theirs) in self.attributes.iter_mut().zip(other.attributes) {
            // None comes before every value, so the greater one is the later one.
            if theirs > *mine {
                *mine = theirs;
            }
        }
        for (mine, theirs) in
            [(&mut self.ok, other.ok), (&mut self.no_data, other.no_data), (&mut self.skip_data, other.skip_data)]
        {
            *mine = mine.saturating_add(theirs);
        }
        self.logged = other.logged.map(|span| joined(self.logged, span)).or(self.logged);
        self.gaps.extend(other.gaps);
        self.join_gaps();
    }

    /// Counts a NODATA or SKIPDATA record, and extends the logged span or notes that AWS dropped records.
    fn met(&mut self, status: u32, start: u32, end: u32) {
        let dated = start != ABSENT_TIME && end != ABSENT_TIME;
        if status == Dictionary::SKIPDATA {
            self.skip_data += 1;
            self.gaps.extend(dated.then_some((start, end.max(start))));
            return self.join_gaps();
        }
        self.no_data += 1;
        if dated {
            self.logged = Some(joined(self.logged, (start, end)));
        }
    }

    fn join_gaps(&mut self) {
        self.gaps.sort_unstable();
        self.gaps.dedup_by(|later, earlier| {
            let touches = later.0 <= earlier.1.saturating_add(1);
            if touches {
                earlier.1 = earlier.1.max(later.1);
            }
            touches
        });
    }
}

/// The span from the earlier start to the later end.
fn joined(one: Option<(u32, u32)>, other: (u32, u32)) -> (u32, u32) {
    let (from, to) = one.unwrap_or(other);
    (from.min(other.0), to.max(other.1))
}

/// Learns of interfaces from blocks of records; one per worker.
///
/// Attributes are stored at the worker's code of the interface id, so a record without news costs a few comparisons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learner {
    met: Vec<Option<Box<Met>>>,
    /// Placeholders for records with neither interface nor resource, by the codes that make up [`NAMELESS`] ids.
    nameless: Vec<([u32; 3], Met)>,
    /// The hours with coverage of any interface, counted since 1970, and the last one added.
    hours: BTreeSet<u32>,
    last_hour: Option<u32>,
}

/// Prefix of placeholder ids for records with neither an interface nor a resource, as for regional NAT gateways before
/// version 9: one per account, region and VPC.
pub const NAMELESS: &str = "-/";

/// The placeholder id for records without an interface id of an account, region and VPC, `-` for unknown parts.
#[must_use]
pub fn nameless_id(account: &str, region: &str, vpc: &str) -> String {
    format!("{NAMELESS}{account}/{region}/{vpc}")
}

/// Attributes of records without an id, by the first three attributes.
fn nameless<'a>(known: &'a mut Vec<([u32; 3], Met)>, codes: [u32; 3], dictionary: &Dictionary) -> &'a mut Met {
    let place = known.iter().position(|(of, _)| *of == codes).unwrap_or_else(|| {
        let [account, region, vpc] = codes.map(|code| dictionary.display(code));
        known.push((codes, Met::new(nameless_id(&account, &region, &vpc).as_bytes())));
        known.len() - 1
    });
    &mut known[place].1
}

/// An interface as one worker has seen it. The fields that every record touches come first, close together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C)]
struct Met {
    /// Records of traffic, and their earliest start and latest end.
    ok: u64,
    logged: Option<(u32, u32)>,
    /// The latest start of the records with the attributes met last.
    moment: u32,
    /// The attributes met last.
    codes: [u32; ATTRIBUTES.len()],
    texts: [Option<Box<[u8]>>; ATTRIBUTES.len()],
    id: Box<[u8]>,
    interface: Interface,
}

impl Met {
    fn new(id: &[u8]) -> Self {
        let (codes, texts) = ([ABSENT_TEXT; ATTRIBUTES.len()], Default::default());
        Self { ok: 0, logged: None, moment: 0, codes, texts, id: id.into(), interface: Interface::default() }
    }

    /// Whether a record has the latest attributes: the present ones equal, the others absent.
    fn has(&self, attributes: &[&[u32]; ATTRIBUTES.len()], present: &[usize], row: usize) -> bool {
        let mut absent = 0;
        present.iter().all(|place| {
            let among = self.codes[absent..*place].iter().all(|code| *code == ABSENT_TEXT);
            absent = place + 1;
            among && self.codes[*place] == attributes[*place][row]
        }) && self.codes[absent..].iter().all(|code| *code == ABSENT_TEXT)
    }

    /// Counts a record of traffic.
    fn met(&mut self, status: u32, start: u32, end: u32) {
        if matches!(status, Dictionary::SKIPDATA | Dictionary::NODATA) {
            return self.interface.met(status, start, end);
        }
        self.ok += 1;
        if start != ABSENT_TIME && end != ABSENT_TIME {
            self.logged = Some(joined(self.logged, (start, end)));
        }
    }

    /// Adds the counts of traffic records and returns the interface with its id.
    fn finish(mut self) -> (Box<[u8]>, Interface) {
        self.settle();
        let (ok, logged) = (self.ok, self.logged);
        self.interface.add(Interface { ok, logged, ..Interface::default() });
        (self.id, self.interface)
    }

    /// Keeps the attributes met last where they are later than those known.
    fn settle(&mut self) {
        for (kept, text) in self.interface.attributes.iter_mut().zip(&mut self.texts) {
            // None comes before every value, so the greater one is the later one.
            let latest = text.take().map(|text| (self.moment, text));
            if latest > *kept {
                *kept = latest;
            }
        }
    }
}

impl Learner {
    /// Learns from the picked records of a block. `dictionary` must be the same one every time.
    pub fn learn(&mut self, flows: &Flows, dictionary: &Dictionary, picked: &[u32]) {
        let column = |column| flows.smalls(column).unwrap_or(&[]);
        let (ids, resources) = (column(Column::InterfaceId), column(Column::ResourceId));
        let (statuses, starts, ends) = (column(Column::LogStatus), column(Column::Start), column(Column::End));
        let attributes = ATTRIBUTES.map(column);
        let present = present(ATTRIBUTES.into_iter().zip(attributes));
        if self.met.len() < dictionary.len() {
            self.met.resize_with(dictionary.len(), || None);
        }
        for row in picked.iter().map(|row| *row as usize) {
            let at = |values: &[u32], absent| values.get(row).copied().unwrap_or(absent);
            // A regional NAT gateway has no interface; its resource id is used instead.
            let id = [at(ids, ABSENT_TEXT), at(resources, ABSENT_TEXT)].into_iter().find(|code| *code != ABSENT_TEXT);
            let (start, end) = (at(starts, ABSENT_TIME), at(ends, ABSENT_TIME));
            let moment = if start == ABSENT_TIME { 0 } else { start };
            let codes = || attributes.map(|values| at(values, ABSENT_TEXT));
            let met = match id {
                Some(id) => self.met[id as usize].get_or_insert_with(|| Box::new(Met::new(dictionary.text(id)))),
                None => {
                    let [account, region, vpc, ..] = codes();
                    nameless(&mut self.nameless, [account, region, vpc], dictionary)
                }
            };
            if !met.has(&attributes, &present, row) {
                let codes = codes();
                met.settle();
                (met.codes, met.moment) = (codes, moment);
                met.texts = codes.map(|code| (code != ABSENT_TEXT).then(|| dictionary.text(code).into()));
            }
            met.moment = met.moment.max(moment);
            let status = at(statuses, Dictionary::OK);
            met.met(status, start, end);
            if start != ABSENT_TIME && status != Dictionary::SKIPDATA && self.last_hour != Some(start / HOUR_SECONDS) {
                self.last_hour = Some(start / HOUR_SECONDS);
                self.hours.insert(start / HOUR_SECONDS);
            }
        }
    }

    /// What was learnt.
    #[must_use]
    pub fn finish(self) -> Interfaces {
        let mut interfaces = Interfaces { hours: self.hours, ..Interfaces::default() };
        let nameless = self.nameless.into_iter().map(|(_, met)| met);
        for met in self.met.into_iter().flatten().map(|met| *met).chain(nameless) {
            let (id, interface) = met.finish();
            interfaces.entry(&id).add(interface);
        }
        interfaces
    }
}

/// All interfaces by their id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces {
    by_id: BTreeMap<Box<[u8]>, Interface>,
    /// The hours with coverage of any interface, counted since 1970.
    hours: BTreeSet<u32>,
}

impl Interfaces {
    /// The columns that are needed to learn of interfaces.
    #[must_use]
    pub fn columns() -> ColumnSet {
        let basic = [Column::InterfaceId, Column::ResourceId, Column::LogStatus, Column::Start, Column::End];
        ColumnSet::of(&basic).union(ColumnSet::of(&ATTRIBUTES))
    }

    /// Adds what another part of the input taught. Associative and commutative.
    pub fn add(&mut self, other: Self) {
        for (id, interface) in other.by_id {
            self.entry(&id).add(interface);
        }
        self.hours.extend(other.hours);
    }

    /// Whether an OK or NODATA record of any starts in the hour of a moment.
    #[must_use]
    pub fn tell_of_hour(&self, moment: u32) -> bool {
        self.hours.contains(&(moment / HOUR_SECONDS))
    }

    /// The interfaces sorted by id, including placeholders.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Interface)> {
        self.by_id.iter().map(|(id, interface)| (&id[..], interface))
    }

    /// Merges attributes of an interface.
    pub fn insert(&mut self, id: &[u8], interface: Interface) {
        self.entry(id).add(interface);
    }

    /// The hours with coverage of any interface, counted since 1970.
    pub fn hours(&self) -> impl Iterator<Item = u32> {
        self.hours.iter().copied()
    }

    /// Adds hours with coverage of any interface.
    pub fn insert_hours(&mut self, hours: impl IntoIterator<Item = u32>) {
        self.hours.extend(hours);
    }

    fn entry(&mut self, id: &[u8]) -> &mut Interface {
        self.by_id.entry(id.into()).or_default()
    }
}

/// Attributes as they are written: by the names of the columns.
mod attributes {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use super::{ATTRIBUTES, Attributes};
    use crate::schema::Column;
    use crate::units::escape;

    #[derive(Deserialize, Serialize)]
    struct Attribute(u32, #[serde(with = "escape")] Vec<u8>);

    pub(super) fn serialize<S: Serializer>(attributes: &Attributes, serializer: S) -> Result<S::Ok, S::Error> {
        let known = ATTRIBUTES.iter().zip(attributes).filter_map(|(column, known)| Some((column, known.as_ref()?)));
        serializer.collect_map(known.map(|(column, (moment, value))| (column, Attribute(*moment, value.to_vec()))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
        let mut attributes = Attributes::default();
        for (column, Attribute(moment, value)) in BTreeMap::<Column, Attribute>::deserialize(deserializer)? {
            let place = ATTRIBUTES.iter().position(|attribute| *attribute == column);
            let place = place.ok_or_else(|| de::Error::custom("a column that no interface has"))?;
            attributes[place] = Some((moment, value.into()));
        }
        Ok(attributes)
    }
}
