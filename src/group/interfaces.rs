//! Interfaces and what belongs to them, kept once instead of in every key.
//!
//! An interface's attributes (account, VPC, subnet, zone, instance…) rarely change; among several values the latest
//! wins, and at equal times the last in byte order, so that input order does not matter.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::hours::Hours;
use super::vantages::present;
use crate::decode::{Dictionary, Flows};
use crate::schema::{ABSENT_TEXT, ABSENT_TIME, Column, ColumnSet};
use crate::units::escape;

pub(super) const HOUR_SECONDS: u32 = 3600;
/// What the join keeps of an interface, about, as measured with a million: it is counted while logs are read, so that a
/// limit ends a run then and not after.
const JOINED_BYTES: usize = 640;

/// The columns that belong to an interface.
pub const ATTRIBUTES: [Column; 15] = [
    Column::AccountId,
    Column::Region,
    Column::VpcId,
    Column::SubnetId,
    Column::AzId,
    Column::SublocationId,
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

/// A value of an attribute, as a code, and the latest moment it was seen at. Absent values have [`ABSENT_TEXT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Attribute {
    moment: u32,
    code: u32,
}

impl Attribute {
    fn keep_later(&mut self, other: Self, texts: &Dictionary) {
        let is_later = self.code == ABSENT_TEXT
            || match other.moment.cmp(&self.moment) {
                Ordering::Equal => texts.text(other.code) > texts.text(self.code),
                order => order.is_gt(),
            };
        if other.code != ABSENT_TEXT && is_later {
            *self = other;
        }
    }
}

/// What is known of one interface; the codes are those of the dictionary beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    /// By the place in [`ATTRIBUTES`].
    attributes: [Attribute; ATTRIBUTES.len()],
    records: Records,
}

/// How many records an interface has, and when it was logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Records {
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

impl Records {
    /// The intervals in which AWS lost records, `[start, end]`, sorted and apart.
    #[must_use]
    pub fn gaps(&self) -> &[(u32, u32)] {
        &self.gaps
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in
            [(&mut self.ok, other.ok), (&mut self.no_data, other.no_data), (&mut self.skip_data, other.skip_data)]
        {
            *mine = mine.saturating_add(theirs);
        }
        self.logged = other.logged.map(|span| joined(self.logged, span)).or(self.logged);
        if !other.gaps.is_empty() {
            self.gaps.extend_from_slice(&other.gaps);
            self.join_gaps();
        }
    }

    /// Counts NODATA or SKIPDATA records, and extends the logged span or notes that AWS dropped records.
    fn met(&mut self, status: u32, (start, end): (u32, u32), records: u64) {
        let dated = start != ABSENT_TIME && end != ABSENT_TIME;
        if status == Dictionary::SKIPDATA {
            self.skip_data += records;
            self.gaps.extend(dated.then_some((start, end.max(start))));
            return self.join_gaps();
        }
        self.no_data += records;
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
pub(super) fn joined(one: Option<(u32, u32)>, other: (u32, u32)) -> (u32, u32) {
    let (from, to) = one.unwrap_or(other);
    (from.min(other.0), to.max(other.1))
}

/// Learns of interfaces from blocks of records; one per worker.
///
/// Attributes are stored at the worker's code of the interface id, so a record without news costs a few comparisons.
/// All codes are those of the worker's dictionary, which is needed to read what was learnt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learner {
    met: Vec<Option<Box<Met>>>,
    /// How many interfaces are in it.
    count: usize,
    /// Placeholders for records with neither interface nor resource, by the codes that make up [`NAMELESS`] ids.
    nameless: Vec<([u32; 3], Met)>,
    /// The hours with coverage of any interface of an account, region and flow log, and the last one added.
    hours: HashMap<[u32; 3], Hours, ahash::RandomState>,
    last_hour: Option<([u32; 3], u32)>,
}

/// An account, region and flow log, whose logs are delivered together; empty where records do not name them.
pub type Delivery = [String; 3];

/// Prefix of placeholder ids for records with neither an interface nor a resource, as for regional NAT gateways before
/// version 9: one per account, region and VPC.
pub const NAMELESS: &str = "-/";

/// The placeholder id for records without an interface id of an account, region and VPC, `-` for unknown parts.
#[must_use]
pub fn nameless_id(account: &str, region: &str, vpc: &str) -> String {
    format!("{NAMELESS}{account}/{region}/{vpc}")
}

/// Attributes of records without an id, by the first three attributes.
fn nameless(known: &mut Vec<([u32; 3], Met)>, codes: [u32; 3]) -> &mut Met {
    let place = known.iter().position(|(of, _)| *of == codes).unwrap_or_else(|| {
        known.push((codes, Met::default()));
        known.len() - 1
    });
    &mut known[place].1
}

/// An interface as one worker has seen it: small, for there may be millions. Nearly all keep their attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Met {
    /// Records of traffic, and their earliest start and latest end.
    ok: u64,
    logged: Option<(u32, u32)>,
    /// The latest start of the records with the attributes met last.
    moment: u32,
    /// The attributes met last.
    codes: [u32; ATTRIBUTES.len()],
    /// What was known before the attributes changed, and of records without traffic.
    before: Option<Box<Known>>,
}

impl Met {
    /// Whether a record has the latest attributes: the present ones equal, the others absent.
    fn has(&self, attributes: &[&[u32]; ATTRIBUTES.len()], present: &[usize], row: usize) -> bool {
        let mut absent = 0;
        present.iter().all(|place| {
            let among = self.codes[absent..*place].iter().all(|code| *code == ABSENT_TEXT);
            absent = place + 1;
            among && self.codes[*place] == attributes[*place][row]
        }) && self.codes[absent..].iter().all(|code| *code == ABSENT_TEXT)
    }

    /// Counts records of one status.
    fn met(&mut self, status: u32, (start, end): (u32, u32), records: u64) {
        if matches!(status, Dictionary::SKIPDATA | Dictionary::NODATA) {
            return self.before.get_or_insert_default().records.met(status, (start, end), records);
        }
        self.ok += records;
        if start != ABSENT_TIME && end != ABSENT_TIME {
            self.logged = Some(joined(self.logged, (start, end)));
        }
    }

    /// The attributes met last.
    fn attributes(&self) -> [Attribute; ATTRIBUTES.len()] {
        self.codes.map(|code| Attribute { moment: self.moment, code })
    }

    /// Begins other attributes.
    fn change(&mut self, codes: [u32; ATTRIBUTES.len()], moment: u32, texts: &Dictionary) {
        if self.codes.iter().any(|code| *code != ABSENT_TEXT) {
            let last = self.attributes();
            let before = self.before.get_or_insert_default();
            for (kept, other) in before.attributes.iter_mut().zip(last) {
                kept.keep_later(other, texts);
            }
        }
        (self.codes, self.moment) = (codes, moment);
    }
}

impl Learner {
    /// Learns from the picked records of a block, or rows that stand for many of an hour. `dictionary` must be the same
    /// one every time.
    pub fn learn(&mut self, flows: &Flows, dictionary: &Dictionary, picked: &[u32]) {
        let column = |column| flows.smalls(column).unwrap_or(&[]);
        let (ids, resources) = (column(Column::InterfaceId), column(Column::ResourceId));
        let delivered = [Column::AccountId, Column::Region, Column::FlowLogId].map(column);
        let (statuses, starts, ends) = (column(Column::LogStatus), column(Column::Start), column(Column::End));
        let (last_starts, weights) = (flows.smalls(Column::LastStart), flows.bigs(Column::RecordCount));
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
            let last_start = last_starts.map_or(start, |starts| starts[row]);
            let moment = if last_start == ABSENT_TIME { 0 } else { last_start };
            let codes = || attributes.map(|values| at(values, ABSENT_TEXT));
            let met = match id {
                Some(id) => {
                    let met = &mut self.met[id as usize];
                    self.count += usize::from(met.is_none());
                    met.get_or_insert_default()
                }
                None => {
                    let [account, region, vpc, ..] = codes();
                    nameless(&mut self.nameless, [account, region, vpc])
                }
            };
            if !met.has(&attributes, &present, row) {
                met.change(codes(), moment, dictionary);
            }
            met.moment = met.moment.max(moment);
            let status = at(statuses, Dictionary::OK);
            met.met(status, (start, end), weights.map_or(1, |weights| weights[row]));
            let hour = (delivered.map(|values| at(values, ABSENT_TEXT)), start / HOUR_SECONDS);
            if start != ABSENT_TIME && status != Dictionary::SKIPDATA && self.last_hour != Some(hour) {
                self.last_hour = Some(hour);
                self.hours.entry(hour.0).or_default().insert(hour.1);
            }
        }
    }

    /// Bytes of memory that the interfaces take until the answer, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.met.capacity() * size_of::<Option<Box<Met>>>() + self.count * (size_of::<Met>() + JOINED_BYTES)
    }

    /// Adds what was learnt, an interface at a time; `dictionary` is the one it was learnt with.
    pub fn finish_into(self, dictionary: &Dictionary, interfaces: &mut Interfaces) {
        let text = |code| if code == ABSENT_TEXT { String::new() } else { dictionary.display(code).into() };
        self.hours.iter().for_each(|(delivery, hours)| interfaces.insert_hours(delivery.map(text), hours));
        let codes = interfaces.texts.add(dictionary);
        // Room that doubles is much beside a million interfaces.
        interfaces.by_id.reserve_exact(self.count);
        for (id, met) in codes.iter().zip(self.met).filter_map(|(id, met)| Some((*id, met?))) {
            interfaces.add_met(id, &met, &codes);
        }
        for (parts, met) in self.nameless {
            let [account, region, vpc] = parts.map(|code| dictionary.display(code));
            let id = interfaces.texts.code(nameless_id(&account, &region, &vpc).as_bytes());
            interfaces.add_met(id, &met, &codes);
        }
        interfaces.by_id.shrink_to_fit();
    }
}

/// All interfaces by their id. Ids and attributes are interned: there may be millions of interfaces.
#[derive(Clone, Debug, Default)]
pub struct Interfaces {
    texts: Dictionary,
    /// By the code of the id.
    by_id: IndexMap<u32, Known, ahash::RandomState>,
    /// The hours with coverage of any interface.
    hours: BTreeMap<Delivery, Hours>,
}

/// One of [`Interfaces`].
#[derive(Clone, Copy, Debug)]
pub struct Interface<'a> {
    texts: &'a Dictionary,
    attributes: &'a [Attribute; ATTRIBUTES.len()],
    /// How many records it has, and when it was logged.
    pub records: &'a Records,
}

impl<'a> Interface<'a> {
    /// An attribute's value.
    #[must_use]
    pub fn attribute(&self, column: Column) -> Option<&'a [u8]> {
        let place = ATTRIBUTES.iter().position(|attribute| *attribute == column)?;
        let code = self.attributes[place].code;
        (code != ABSENT_TEXT).then(|| self.texts.text(code))
    }

    /// The same with its texts, as ledgers have it.
    #[must_use]
    pub fn written(&self) -> WrittenInterface {
        let known = ATTRIBUTES.iter().zip(self.attributes).filter(|(_, attribute)| attribute.code != ABSENT_TEXT);
        let text = |attribute: &Attribute| WrittenAttribute(attribute.moment, self.texts.text(attribute.code).to_vec());
        let attributes = known.map(|(column, attribute)| (*column, text(attribute))).collect();
        WrittenInterface { attributes, records: self.records.clone() }
    }
}

impl Interfaces {
    /// The columns that are needed to learn of interfaces.
    #[must_use]
    pub fn columns() -> ColumnSet {
        let basic = [Column::InterfaceId, Column::ResourceId, Column::LogStatus, Column::Start, Column::End];
        let basic = ColumnSet::of(&basic).with(Column::FlowLogId);
        basic.union(ColumnSet::of(&ATTRIBUTES))
    }

    /// Adds what another part of the input taught. Associative and commutative.
    pub fn add(&mut self, other: Self) {
        let codes = self.texts.add(&other.texts);
        for (id, known) in &other.by_id {
            self.add_known(codes[*id as usize], known, &codes);
        }
        other.hours.into_iter().for_each(|(delivery, hours)| self.insert_hours(delivery, &hours));
    }

    /// How many there are, including placeholders.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The interfaces sorted by id, including placeholders.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Interface<'_>)> {
        let Self { texts, by_id, .. } = self;
        let mut sorted: Vec<(&[u8], &Known)> = by_id.iter().map(|(id, known)| (texts.text(*id), known)).collect();
        sorted.sort_unstable_by_key(|(id, _)| *id);
        sorted
            .into_iter()
            .map(move |(id, Known { attributes, records })| (id, Interface { texts, attributes, records }))
    }

    /// Merges what a ledger says of an interface.
    pub fn insert(&mut self, id: &[u8], written: &WrittenInterface) {
        let mut attributes = [Attribute::default(); ATTRIBUTES.len()];
        for (column, WrittenAttribute(moment, text)) in &written.attributes {
            if let Some(place) = ATTRIBUTES.iter().position(|attribute| attribute == column) {
                attributes[place] = Attribute { moment: *moment, code: self.texts.code(text) };
            }
        }
        let id = self.texts.code(id);
        self.keep(id, attributes, &written.records);
    }

    /// The hours with coverage of any interface, by what is delivered together.
    #[must_use]
    pub fn hours(&self) -> &BTreeMap<Delivery, Hours> {
        &self.hours
    }

    /// Adds hours with coverage of any interface.
    pub fn insert_hours(&mut self, delivery: Delivery, hours: &Hours) {
        self.hours.entry(delivery).or_default().extend(hours);
    }

    fn add_met(&mut self, id: u32, met: &Met, codes: &[u32]) {
        if let Some(before) = &met.before {
            self.add_known(id, before, codes);
        }
        let records = Records { ok: met.ok, logged: met.logged, ..Records::default() };
        self.add_known(id, &Known { attributes: met.attributes(), records }, codes);
    }

    fn add_known(&mut self, id: u32, known: &Known, codes: &[u32]) {
        let translated = |Attribute { moment, code }: Attribute| Attribute { moment, code: codes[code as usize] };
        self.keep(id, known.attributes.map(translated), &known.records);
    }

    fn keep(&mut self, id: u32, attributes: [Attribute; ATTRIBUTES.len()], records: &Records) {
        let mine = self.by_id.entry(id).or_default();
        for (mine, other) in mine.attributes.iter_mut().zip(attributes) {
            mine.keep_later(other, &self.texts);
        }
        mine.records.add(records);
    }
}

impl PartialEq for Interfaces {
    /// Whether both say the same, whatever the codes.
    fn eq(&self, other: &Self) -> bool {
        let written = |all: &Self| all.iter().map(|(id, one)| (id.to_vec(), one.written())).collect::<Vec<_>>();
        self.hours == other.hours && written(self) == written(other)
    }
}

impl Eq for Interfaces {}

/// An interface as ledgers have it: attributes by the names of their columns.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct WrittenInterface {
    attributes: BTreeMap<Column, WrittenAttribute>,
    #[serde(flatten)]
    records: Records,
}

/// The moment a value was seen at, and the value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct WrittenAttribute(u32, #[serde(with = "escape")] Vec<u8>);
