//! The rows of traffic, written shard by shard: each fact is judged once, whatever is asked of it.

use super::charges::{self, Item};
use super::count::{Judgement, Sighting};
use super::ends::Ends;
use super::index::{Part, client};
use super::known::KnownEnds;
use super::output::{Output, Sink, Texts, Wanted};
use super::path::{Sides, Via, Way, assumption};
use super::row::Row;
use super::traffic::Traffic;
use super::view::{Direction, Fact};
use crate::error::Error;
use crate::group::{Account, Class, KeyValue, Tally};

/// How many keys owners can be asked by at the same time.
pub const OWNER_KEYS_MAX: usize = 3;

/// Writes traffic to any number of outputs; one per worker.
#[derive(Debug)]
pub struct Writer<'a, S> {
    traffic: &'a Traffic<'a>,
    outputs: Vec<Output<'a, S>>,
    /// Whether any of them asks which way traffic went.
    asks_way: bool,
    /// Whether any of them asks for charges.
    asks_charges: bool,
    texts: Texts<'a>,
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
    /// A writer of what is wanted to a sink each.
    pub fn new(traffic: &'a Traffic<'a>, outputs: impl IntoIterator<Item = (&'a Wanted, S)>) -> Self {
        let outputs: Vec<_> = outputs.into_iter().map(|(wanted, sink)| Output::new(wanted, sink)).collect();
        let (items, account, undirected, boundary) = Default::default();
        Self {
            traffic,
            asks_way: outputs.iter().any(|output| output.wanted.asks_way()),
            asks_charges: outputs.iter().any(|output| output.wanted.charges),
            outputs,
            texts: Texts::new(traffic),
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
        self.outputs.iter_mut().for_each(|output| output.flush(&self.texts.dictionary));
        self.known.failed()
    }

    fn fact(&mut self, fact: &Fact, extra: &[KeyValue]) {
        let Traffic { facts, atlas, learnt, index, sources } = self.traffic;
        let view = &facts.views[fact.view];
        let (direction, direction_rule) = atlas.direction(view, fact, learnt);
        let (source, src) = self.known.side(view, fact, direction, true, &mut self.texts.dictionary);
        let (destination, dst) = self.known.side(view, fact, direction, false, &mut self.texts.dictionary);
        let ends = Ends { src: source, dst: destination };
        let judgement = if sources.every_view {
            Judgement::of_all((Class::Counted, "each view counts"), fact)
        } else {
            atlas.judge(index, &Sighting { view, fact, direction, ends }, extra)
        };
        if fact.counted.flows > 0 {
            self.tally(fact, &judgement);
            if direction.is_none() && judgement.class == Class::Counted {
                self.undirected.records += u64::try_from(fact.counted.flows).unwrap_or(u64::MAX);
                self.undirected.bytes += judgement.part.bytes;
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
        if fact.blocked.flows > 0 && self.outputs.iter().any(|output| output.wanted.blocked) {
            let sums = &fact.blocked;
            let way = self.way(&row, direction);
            let (bytes, packets, flows) = (sums.bytes, sums.packets, sums.flows);
            let row = Row { way, count_rule: "refused", bytes, packets, flows, ..row };
            self.write(&row, true, |wanted| wanted.blocked);
        }
        if fact.counted.flows > 0 {
            self.accepted(row, direction, &judgement);
        }
    }

    /// Writes the accepted records of a fact: traffic where they count, and charges.
    fn accepted(&mut self, row: Row<'_>, direction: Option<Direction>, judgement: &Judgement) {
        let counts = judgement.class == Class::Counted;
        let sums = &row.fact.counted;
        let row = Row { bytes: judgement.part.bytes, packets: judgement.part.packets, flows: sums.flows, ..row };
        let way = if counts { self.way(&row, direction) } else { None };
        if counts {
            self.write(&Row { way, ..row }, false, |wanted| wanted.traffic);
        }
        if !self.asks_charges {
            return;
        }
        let mut items = std::mem::take(&mut self.items);
        if let Some(way) = way {
            self.charge_transfer(&Row { way: Some(way), ..row }, &way, direction, &mut items);
        }
        self.charge_gateway(&row, direction, &mut items);
        self.items = items;
    }

    /// Writes the charges of a transfer, or that it is free.
    fn charge_transfer(&mut self, row: &Row<'_>, way: &Way, direction: Option<Direction>, items: &mut Vec<Item>) {
        let Traffic { atlas, index, .. } = self.traffic;
        let sides = Sides { ends: row.ends, src: &row.src.facet, dst: &row.dst.facet };
        let is_own = |item: &Item| item.payer.is_none() || atlas.estate.owns(&item.payer);
        items.clear();
        charges::of_transfer(atlas, &sides, way, items);
        items.retain(is_own);
        self.charge(row, items);
        let mut is_free = items.is_empty();
        let whole = Part { bytes: row.bytes, packets: row.packets, counts: way.via.has(Via::NAT) };
        let untold = || Some(whole).filter(|_| !charges::is_told_by_nat(atlas, way, row.fact.moment()));
        let by_difference = || {
            let sighting = Sighting { view: row.view, fact: row.fact, direction, ends: row.ends };
            atlas.charged_on_the_way(index, &sighting, row.extra)
        };
        let part = if whole.counts { by_difference().or_else(untold) } else { None };
        if let Some(part) = part.filter(|part| part.counts) {
            items.clear();
            charges::unlogged_nat(atlas, &sides, way, row.fact.hour, items);
            items.retain(is_own);
            self.charge(&Row { bytes: part.bytes, packets: part.packets, ..*row }, items);
            is_free &= items.is_empty();
        }
        if is_free {
            // What is free stands among the charges where it does not stand as traffic.
            self.write(row, false, |wanted| wanted.charges && !wanted.traffic);
        }
    }

    /// Writes what a NAT gateway's own records are charged for.
    fn charge_gateway(&mut self, row: &Row<'_>, direction: Option<Direction>, items: &mut Vec<Item>) {
        let Traffic { atlas, index, .. } = self.traffic;
        let own = row.view.interface.map(|place| (place, &atlas.estate.interfaces[place as usize]));
        let Some((place, own)) = own.filter(|(_, own)| own.is_nat()) else { return };
        let Some(client) = client(own.role, row.fact, direction, row.ends) else { return };
        let sighting = Sighting { view: row.view, fact: row.fact, direction, ends: row.ends };
        let part = atlas.charged(index, &sighting, row.extra);
        if !part.counts {
            return;
        }
        let forward = client == row.ends.src;
        let facet = if forward { &row.src.facet } else { &row.dst.facet };
        items.clear();
        charges::of_nat(atlas, place, client, facet, forward, items);
        let sides = Sides { ends: row.ends, src: &row.src.facet, dst: &row.dst.facet };
        let way = sides.at_hop(atlas, place);
        self.charge(&Row { way: Some(way), bytes: part.bytes, packets: part.packets, ..*row }, items);
    }

    fn charge(&mut self, row: &Row<'_>, items: &[Item]) {
        for item in items {
            self.write(&Row { item: Some(item), ..*row }, false, |wanted| wanted.charges);
        }
    }

    /// The way of what counts here, if anything asks for it.
    fn way(&self, row: &Row<'_>, direction: Option<Direction>) -> Option<Way> {
        if !self.asks_way {
            return None;
        }
        let Traffic { atlas, index, .. } = self.traffic;
        let sides = Sides { ends: row.ends, src: &row.src.facet, dst: &row.dst.facet };
        let hop = row.view.interface.filter(|place| atlas.estate.interfaces[*place as usize].is_hop());
        let way = match (hop, direction) {
            (Some(hop), _) => sides.at_hop(atlas, hop),
            (None, Some(Direction::Egress)) => sides.egress(atlas, index, row.view),
            (None, _) => index.way_back(row.ends, row.fact.hour).unwrap_or_else(|| sides.by_places(atlas, index)),
        };
        let guessed = row.direction_rule == "by private and public addresses" && way.assumed.is_none();
        Some(if guessed { Way { assumed: Some(assumption::DIRECTION), ..way } } else { way })
    }

    fn tally(&mut self, fact: &Fact, judgement: &Judgement) {
        let records = u64::try_from(fact.counted.flows).unwrap_or(u64::MAX);
        let part = if judgement.class == Class::Counted { judgement.part.bytes } else { fact.counted.bytes };
        let tally = &mut self.account[judgement.class];
        tally.records += records;
        tally.bytes += part;
        let rest = fact.counted.bytes - part;
        self.account[judgement.rest].bytes += rest;
        if rest > 0 {
            self.boundary.records += records;
            self.boundary.bytes += part;
        }
    }

    /// Writes a row to the outputs that ask for such.
    fn write(&mut self, row: &Row<'_>, blocked: bool, asks: impl Fn(&Wanted) -> bool) {
        for output in self.outputs.iter_mut().filter(|output| asks(output.wanted)) {
            output.write(row, blocked, &mut self.texts);
        }
    }
}
