//! The rows of traffic, written shard by shard as blocks of columns.

use super::charges::{self, Bearer, Item};
use super::count::Judgement;
use super::ends::{Ends, Scope};
use super::index::client;
use super::known::{Known, KnownEnds};
use super::owners::{EXTERNAL, UNALLOCATED};
use super::path::{Sides, Way, assumption};
use super::row::Row;
use super::traffic::{ChargeTo, Traffic};
use super::view::{Direction, Fact};
use crate::decode::{Dictionary, Flows, Values};
use crate::error::Error;
use crate::group::{Account, Class, KeyValue, Tally};
use crate::schema::{Column, ColumnSet};

/// Rows of a block: enough to be packed at a stretch, few enough for a core's cache.
const BLOCK_ROWS: usize = 2048;
/// How many keys owners can be asked by at the same time.
pub const OWNER_KEYS_MAX: usize = 3;

/// Where blocks go: columns, the dictionary of their texts, and the rows of counted and of blocked traffic.
pub trait Sink {
    /// Takes a block. The dictionary is the same one every time.
    fn take(&mut self, flows: &Flows, dictionary: &Dictionary, counted: &[u32], blocked: &[u32]);
}

/// What is asked for of traffic.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The columns of the blocks.
    pub columns: ColumnSet,
    /// Whether traffic is wanted.
    pub traffic: bool,
    /// Whether charges are wanted.
    pub charges: bool,
    /// Whether what was blocked is wanted.
    pub blocked: bool,
}

/// Writes traffic; one per worker.
#[derive(Debug)]
pub struct Writer<'a, S> {
    traffic: &'a Traffic<'a>,
    wanted: &'a Wanted,
    /// The columns that are keys of their own in the facts.
    riders: Vec<Column>,
    sink: S,
    dictionary: Dictionary,
    columns: Vec<(Column, Values)>,
    flows: Flows,
    counted: Vec<u32>,
    blocked: Vec<u32>,
    rows: usize,
    known: KnownEnds<'a>,
    items: Vec<Item>,
    /// What became of the records that the roll-up counted.
    pub account: Account,
    /// What counts although nobody can tell its direction: perhaps both views of it.
    pub undirected: Tally,
    /// Bytes that count at the edges of watches, where views are told apart by difference.
    pub boundary: Tally,
}

impl<'a, S: Sink> Writer<'a, S> {
    /// A writer to a sink.
    pub fn new(traffic: &'a Traffic<'a>, wanted: &'a Wanted, sink: S) -> Self {
        let columns = wanted.columns.iter().map(|column| (column, Values::new(column.kind()))).collect();
        let (dictionary, account, undirected, boundary) = Default::default();
        let (counted, blocked, items) = Default::default();
        let flows = Flows::new(wanted.columns);
        let riders = traffic.facts.riders();
        Self {
            traffic,
            riders,
            wanted,
            sink,
            dictionary,
            columns,
            flows,
            counted,
            blocked,
            rows: 0,
            known: KnownEnds::new(traffic),
            items,
            account,
            undirected,
            boundary,
        }
    }

    /// Writes a shard.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read, or a database of places is damaged.
    pub fn shard(&mut self, shard: usize) -> Result<(), Error> {
        let traffic = self.traffic;
        traffic.facts.for_each(shard, |fact, extra| self.fact(fact, extra))?;
        self.flush();
        self.known.failed()
    }

    fn fact(&mut self, fact: &Fact, extra: &[KeyValue]) {
        let Traffic { facts, atlas, learnt, index, sources } = self.traffic;
        let view = &facts.views[fact.view];
        let (direction, direction_rule) = atlas.direction(view, fact, learnt);
        let (source, src) = self.known.side(view, fact, direction, true, &mut self.dictionary);
        let (destination, dst) = self.known.side(view, fact, direction, false, &mut self.dictionary);
        let ends = Ends { src: source, dst: destination };
        let judgement = if sources.every_view {
            Judgement { class: Class::Counted, rule: "each view counts", bytes: fact.counted.bytes }
        } else {
            atlas.judge(index, view, fact, direction, ends)
        };
        if fact.counted.flows > 0 {
            self.tally(fact, &judgement);
            if direction.is_none() && judgement.class == Class::Counted {
                self.undirected.records += u64::try_from(fact.counted.flows).unwrap_or(u64::MAX);
                self.undirected.bytes += judgement.bytes;
            }
        }
        let row = Row {
            view,
            fact,
            extra,
            ends,
            src: &src,
            dst: &dst,
            way: None,
            item: None,
            direction_rule,
            count_rule: judgement.rule,
            bytes: 0,
            packets: 0,
            flows: 0,
        };
        if self.wanted.blocked && fact.blocked.flows > 0 {
            let sums = &fact.blocked;
            let way = self.way(&row, direction);
            self.write(&Row { way, bytes: sums.bytes, packets: sums.packets, flows: sums.flows, ..row }, true);
        }
        if fact.counted.flows > 0 {
            self.accepted(row, direction, &judgement);
        }
    }

    /// Writes the accepted records of a fact: traffic where they count, and charges.
    fn accepted(&mut self, row: Row<'_>, direction: Option<Direction>, judgement: &Judgement) {
        let counts = judgement.class == Class::Counted;
        let sums = &row.fact.counted;
        let row = Row { bytes: judgement.bytes, packets: sums.packets, flows: sums.flows, ..row };
        let way = if counts { self.way(&row, direction) } else { None };
        if counts && self.wanted.traffic {
            self.write(&Row { way, ..row }, false);
        }
        if !self.wanted.charges {
            return;
        }
        let mut items = std::mem::take(&mut self.items);
        items.clear();
        let (atlas, moment) = (&self.traffic.atlas, row.fact.moment());
        if let Some(way) = &way {
            let sides = Sides { ends: row.ends, src: &row.src.facet, dst: &row.dst.facet };
            charges::of_transfer(atlas, &sides, way, moment, &mut items);
            items.retain(|item| item.payer.is_none() || atlas.estate.owns(&item.payer));
            self.charge(&Row { way: Some(*way), ..row }, &items);
            if items.is_empty() && !self.wanted.traffic {
                self.write(&Row { way: Some(*way), ..row }, false);
            }
        }
        items.clear();
        let own = row.view.interface.map(|place| (place, &atlas.estate.interfaces[place as usize]));
        let nat = own.filter(|(_, own)| own.is_nat() && !atlas.is_other_flow_log(row.view, row.fact));
        if let Some((place, own)) = nat
            && let Some(client) = client(own.role, row.fact, direction, row.ends)
        {
            let forward = client == row.ends.src;
            let facet = if forward { &row.src.facet } else { &row.dst.facet };
            charges::of_nat(atlas, place, client, facet, forward, &mut items);
            let sides = Sides { ends: row.ends, src: &row.src.facet, dst: &row.dst.facet };
            let way = sides.at_hop(atlas, place);
            self.charge(&Row { way: Some(way), bytes: sums.bytes, ..row }, &items);
        }
        self.items = items;
    }

    fn charge(&mut self, row: &Row<'_>, items: &[Item]) {
        for item in items {
            self.write(&Row { item: Some(item), ..*row }, false);
        }
    }

    /// The way of what counts here, if anything asks for it.
    fn way(&self, row: &Row<'_>, direction: Option<Direction>) -> Option<Way> {
        let asked = [Column::Path, Column::Via, Column::PathRule, Column::Assumed];
        if !self.wanted.charges && !asked.into_iter().any(|column| self.wanted.columns.has(column)) {
            return None;
        }
        let Traffic { atlas, index, .. } = self.traffic;
        let sides = Sides { ends: row.ends, src: &row.src.facet, dst: &row.dst.facet };
        let hop = row.view.interface.filter(|place| atlas.estate.interfaces[*place as usize].is_hop());
        let way = match (hop, direction) {
            (Some(hop), _) => sides.at_hop(atlas, hop),
            (None, Some(Direction::Egress)) => sides.egress(atlas, index, row.view),
            (None, _) => index.way_back(row.ends).unwrap_or_else(|| sides.by_places(atlas, index)),
        };
        let guessed = row.direction_rule == "by private and public addresses" && way.assumed.is_none();
        Some(if guessed { Way { assumed: Some(assumption::DIRECTION), ..way } } else { way })
    }

    fn tally(&mut self, fact: &Fact, judgement: &Judgement) {
        let records = u64::try_from(fact.counted.flows).unwrap_or(u64::MAX);
        let tally = &mut self.account[judgement.class];
        tally.records += records;
        let rest = fact.counted.bytes - judgement.bytes;
        if judgement.class == Class::Counted {
            tally.bytes += judgement.bytes;
            self.account[Class::Duplicate].bytes += rest;
            if rest > 0 {
                self.boundary.records += records;
                self.boundary.bytes += judgement.bytes;
            }
        } else {
            tally.bytes += fact.counted.bytes;
        }
    }

    /// Writes a row of the columns asked for.
    fn write(&mut self, row: &Row<'_>, blocked: bool) {
        let place = u32::try_from(self.rows).unwrap_or(u32::MAX);
        if blocked {
            self.blocked.push(place)
        } else {
            self.counted.push(place)
        }
        self.rows += 1;
        let mut columns = std::mem::take(&mut self.columns);
        for (column, values) in &mut columns {
            match values {
                Values::Address(values) => values.push(row.address(*column)),
                Values::Big(values) => values.push(row.big(*column)),
                Values::Time(values) => values.push(row.time(*column, &self.riders)),
                Values::Small(values) => values.push(row.small(*column, &self.riders)),
                Values::Text(values) => values.push(self.text(*column, row)),
            }
        }
        self.columns = columns;
        if self.rows >= BLOCK_ROWS {
            self.flush();
        }
    }

    /// Hands on what is written.
    fn flush(&mut self) {
        if self.rows == 0 {
            return;
        }
        self.flows.clear();
        for (column, values) in &mut self.columns {
            if let Some(out) = self.flows.values_mut(*column) {
                std::mem::swap(out, values);
            }
        }
        self.flows.set_rows(self.rows);
        self.sink.take(&self.flows, &self.dictionary, &self.counted, &self.blocked);
        for (column, values) in &mut self.columns {
            *values = Values::new(column.kind());
        }
        self.rows = 0;
        self.counted.clear();
        self.blocked.clear();
    }

    fn text(&mut self, column: Column, row: &Row<'_>) -> u32 {
        let (src, dst) = (row.src, row.dst);
        let fixed = |text: Option<&'static str>| text.map(str::as_bytes);
        let item = row.item;
        let text: Option<&[u8]> = match column {
            Column::SrcVpc => return src.vpc,
            Column::DstVpc => return dst.vpc,
            Column::SrcAccount => return src.account,
            Column::DstAccount => return dst.account,
            Column::SrcRegion => return src.region,
            Column::DstRegion => return dst.region,
            Column::SrcZone => return src.zone,
            Column::DstZone => return dst.zone,
            Column::SrcSubnet => return src.subnet,
            Column::DstSubnet => return dst.subnet,
            Column::SrcInterface => return src.interface,
            Column::DstInterface => return dst.interface,
            Column::SrcInstance => return src.instance,
            Column::DstInstance => return dst.instance,
            Column::SrcPlace => return src.place,
            Column::DstPlace => return dst.place,
            Column::SrcCountry => return src.country,
            Column::DstCountry => return dst.country,
            Column::SrcNetwork => return src.network,
            Column::DstNetwork => return dst.network,
            Column::Path => fixed(row.way.map(|way| way.path.name())),
            Column::Via => fixed(row.way.and_then(|way| way.via.name())),
            Column::PathRule => fixed(row.way.map(|way| way.rule)),
            Column::Assumed => match item {
                Some(item) => fixed(item.assumed),
                None => fixed(row.way.and_then(|way| way.assumed)),
            },
            Column::DirectionRule => fixed(Some(row.direction_rule)),
            Column::CountRule => fixed(Some(row.count_rule)),
            Column::Charge => fixed(item.map(|item| item.charge.name())),
            Column::PayerAccount => item.map(|item| item.payer.as_deref().unwrap_or("unknown").as_bytes()),
            Column::FromRegion => item.map(|item| item.from.as_deref().unwrap_or("unknown").as_bytes()),
            Column::ToRegion => item.map(|item| item.to.as_bytes()),
            _ => return self.owner_or_extra(column, row),
        };
        text.map_or(Dictionary::ABSENT, |text| self.dictionary.code(text))
    }

    /// An owner, or a column that the question groups records by.
    fn owner_or_extra(&mut self, column: Column, row: &Row<'_>) -> u32 {
        let bearer = self.bearer(row);
        let (known, key) = match column {
            Column::Owner1 => (bearer, 0),
            Column::Owner2 => (bearer, 1),
            Column::Owner3 => (bearer, 2),
            Column::SrcOwner1 => (row.src, 0),
            Column::SrcOwner2 => (row.src, 1),
            Column::SrcOwner3 => (row.src, 2),
            Column::DstOwner1 => (row.dst, 0),
            Column::DstOwner2 => (row.dst, 1),
            Column::DstOwner3 => (row.dst, 2),
            _ => {
                let views = &self.traffic.facts.rollup().spec().views;
                let value = views.iter().position(|view| *view == column).and_then(|place| row.view.values.get(place));
                return value
                    .and_then(Option::as_deref)
                    .map_or(Dictionary::ABSENT, |text| self.dictionary.code(text.as_bytes()));
            }
        };
        let owner = known.owners.get(key).and_then(|timeline| timeline.at(row.fact.hour));
        let label = if known.facet.scope == Scope::Own { UNALLOCATED } else { EXTERNAL };
        self.dictionary.code(owner.map_or(label, |owner| owner).as_bytes())
    }

    /// The end that bears a charge; of traffic the sender if it is the estate's, else the receiver.
    fn bearer<'r>(&self, row: &Row<'r>) -> &'r Known {
        let source = match (row.item, self.traffic.sources.charge_to) {
            (Some(_), ChargeTo::Sender) => true,
            (Some(_), ChargeTo::Receiver) => false,
            (Some(item), ChargeTo::Payer) => item.bearer == Bearer::Source,
            (None, _) => row.src.facet.scope == Scope::Own,
        };
        if source { row.src } else { row.dst }
    }
}
