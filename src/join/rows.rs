//! Writes the rows of traffic shard by shard: each fact is judged once for all outputs.

use super::charges::{self, Item};
use super::count::{Judgement, Sighting};
use super::ends::Ends;
use super::gate::{Counted, Gate, Pending};
use super::index::{Part, client};
use super::known::KnownEnds;
use super::output::{Output, Sink, Texts, Wanted, include_route};
use super::path::{Route, Sides, Via, assumption};
use super::row::Row;
use super::tables::Role;
use super::traffic::Traffic;
use super::vantage::{Direction, Fact};
use crate::error::Error;
use crate::group::filter::Filter;
use crate::group::{Account, Class, KeyValue, Tally};
use crate::schema::charge::unruled;

/// How many keys owners can be asked by at the same time.
pub const OWNER_KEYS_MAX: usize = 3;

/// Writes traffic to any number of outputs; one per worker.
#[derive(Debug)]
pub struct Writer<'a, S> {
    known: KnownEnds<'a>,
    rows: Rows<'a, S>,
}

/// The rows of facts whose ends are known.
#[derive(Debug)]
struct Rows<'a, S> {
    traffic: &'a Traffic<'a>,
    outputs: Vec<Output<'a, S>>,
    /// What is to be decided on traffic, if anything is.
    gate: Option<Gate>,
    /// Whether any output needs the route.
    needs_route: bool,
    /// Whether any output asks for charges.
    asks_charges: bool,
    texts: Texts<'a>,
    items: Vec<Item>,
    counted: Counted,
}

impl<'a, S: Sink> Writer<'a, S> {
    /// Writes the requested rows to one sink per output, filtered.
    pub fn new(
        traffic: &'a Traffic<'a>,
        filter: Option<&Filter>,
        outputs: impl IntoIterator<Item = (&'a Wanted, S)>,
    ) -> Self {
        let outputs: Vec<_> = outputs.into_iter().map(|(wanted, sink)| Output::new(wanted, sink)).collect();
        let gate = filter.and_then(Gate::new);
        let is_gate_of_way = |gate: &Gate| gate.asks_charges() || include_route(gate.columns());
        let rows = Rows {
            traffic,
            needs_route: outputs.iter().any(|output| output.wanted.needs_route())
                || gate.as_ref().is_some_and(is_gate_of_way),
            asks_charges: outputs.iter().any(|output| output.wanted.charges),
            outputs,
            gate,
            texts: Texts::new(traffic),
            items: Vec::new(),
            counted: Counted::default(),
        };
        Self { known: KnownEnds::new(traffic), rows }
    }

    /// What became of the records that the roll-up counted, and of the rejected ones if traffic is filtered.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.rows.counted.account
    }

    /// Counted records of unknown direction; both vantages may be counted.
    #[must_use]
    pub fn undirected(&self) -> Tally {
        self.rows.counted.undirected
    }

    /// Bytes counted at coverage boundaries, where vantages are separated by difference.
    #[must_use]
    pub fn boundary(&self) -> Tally {
        self.rows.counted.boundary
    }

    /// Counted records from and to Global Accelerator.
    #[must_use]
    pub fn accelerated(&self) -> Tally {
        self.rows.counted.accelerated
    }

    /// Records at endpoints of gateway load balancers that do not say whether they arrive there.
    #[must_use]
    pub fn unmetered(&self) -> Tally {
        self.rows.counted.unmetered
    }

    /// Writes a shard.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read, or a database of places is damaged.
    pub fn shard(&mut self, shard: usize) -> Result<(), Error> {
        let Self { known, rows } = self;
        rows.traffic.facts.for_each(shard, |fact, passthrough| {
            rows.fact(known, fact, passthrough);
            if rows.gate.as_ref().is_some_and(Gate::is_full) {
                rows.flush();
            }
        })?;
        rows.flush();
        known.failed()
    }
}

impl<'a, S: Sink> Rows<'a, S> {
    fn flush(&mut self) {
        let passes = self.gate.as_mut().map(|gate| gate.decide(&self.texts, &mut self.counted)).unwrap_or_default();
        self.outputs.iter_mut().for_each(|output| output.flush(&self.texts.dictionary, passes));
    }

    fn fact(&mut self, known: &mut KnownEnds<'a>, fact: &Fact, passthrough: &[KeyValue]) {
        let Traffic { facts, resolver, learnt, index, sources } = self.traffic;
        let vantage = &facts.vantages[fact.vantage];
        let (direction, direction_rule) = resolver.direction(vantage, fact, learnt);
        known.trim();
        let (source, src) = known.side(vantage, fact, direction, true, &mut self.texts.dictionary);
        let (destination, dst) = known.side(vantage, fact, direction, false, &mut self.texts.dictionary);
        let (src, dst) = (known.at(src), known.at(dst));
        let ends = Ends { src: source, dst: destination };
        let judgement = if sources.every_view {
            Judgement::of_all((Class::Counted, "counted at each vantage"), fact)
        } else {
            resolver.judge(index, &Sighting { vantage, fact, direction, ends }, passthrough)
        };
        let row = Row {
            vantage,
            fact,
            passthrough,
            ends,
            src,
            dst,
            route: None,
            item: None,
            direction_rule,
            count_rule: judgement.rule,
            bytes: 0,
            packets: 0,
            flows: 0,
        };
        if fact.rejected.flows > 0 {
            self.rejected(row, direction);
        }
        if fact.counted.flows > 0 {
            self.accepted(row, direction, &judgement);
        }
    }

    /// Writes the rejected records of a fact.
    fn rejected(&mut self, row: Row<'_>, direction: Option<Direction>) {
        let is_wanted = self.outputs.iter().any(|output| output.wanted.rejected);
        if !is_wanted && self.gate.is_none() {
            return;
        }
        let sums = &row.fact.rejected;
        let route = self.route(&row, direction);
        let (bytes, packets, flows) = (sums.bytes, sums.packets, sums.flows);
        let row = Row { route, count_rule: "rejected", bytes, packets, flows, ..row };
        let gated = self.gate.as_mut().map(|gate| {
            let place = gate.row(&row, &mut self.texts);
            let tally = Tally { records: records(flows), bytes };
            gate.decides(place, Pending { class: Some(Class::Rejected), tally, ..Pending::default() });
            place
        });
        self.write(&row, true, gated, |wanted| wanted.rejected);
    }

    /// Writes the accepted records of a fact: traffic where they count, and charges.
    fn accepted(&mut self, row: Row<'_>, direction: Option<Direction>, judgement: &Judgement) {
        let counts = judgement.class == Class::Counted;
        let sums = &row.fact.counted;
        let row = Row { bytes: judgement.part.bytes, packets: judgement.part.packets, flows: sums.flows, ..row };
        let route = if counts { self.route(&row, direction) } else { None };
        let row = Row { route, ..row };
        let mut items = std::mem::take(&mut self.items);
        items.clear();
        let is_asked = self.asks_charges || self.gate.as_ref().is_some_and(Gate::asks_charges);
        let charged = route.filter(|_| is_asked).map(|route| self.charges(&row, &route, direction, &mut items));
        let gated = self.tally(&row, direction, judgement, &mut items, charged);
        if counts {
            self.write(&row, false, gated, |wanted| wanted.traffic);
        }
        if self.asks_charges {
            if let Some((on_all, part)) = charged {
                let (whole, partly) = items.split_at(on_all);
                self.charge(&row, whole);
                self.charge(&Row { bytes: part.bytes, packets: part.packets, ..row }, partly);
                if items.is_empty() || route.is_some_and(|route| unruled(route.path.name()).is_some()) {
                    // What is free stands among the charges where it does not stand as traffic, and so does what no rule
                    // covers, whatever a gateway on its route charges.
                    self.write_gated(&row, |wanted| wanted.charges && !wanted.traffic);
                }
            }
            self.charge_gateway(&row, direction, &mut items);
        }
        self.items = items;
    }

    /// Finds the charges of a transfer: the number that apply to all of it, and the part that the others apply to,
    /// those of an unlogged NAT gateway on the route.
    fn charges(
        &self,
        row: &Row<'_>,
        route: &Route,
        direction: Option<Direction>,
        items: &mut Vec<Item>,
    ) -> (usize, Part) {
        let Traffic { resolver, index, .. } = self.traffic;
        let sides = Sides { ends: row.ends, src: &row.src.info, dst: &row.dst.info };
        let is_own = |item: &Item| item.payer.is_none() || resolver.estate.owns(&item.payer);
        charges::of_transfer(resolver, &sides, route, items);
        items.retain(is_own);
        let on_all = items.len();
        let whole = Part { bytes: row.bytes, packets: row.packets, counts: route.via.has(Via::NAT) };
        let untold = || Some(whole).filter(|_| !charges::is_logged_by_nat(resolver, &sides, route, row.fact.moment()));
        let by_difference = || {
            let sighting = Sighting { vantage: row.vantage, fact: row.fact, direction, ends: row.ends };
            resolver.charged_on_route(index, &sighting, row.passthrough)
        };
        let part = if whole.counts { by_difference().or_else(untold) } else { None };
        if part.is_some_and(|part| part.counts) {
            charges::unlogged_nat(resolver, &sides, route, row.fact.hour, items);
            let mut place = 0;
            items.retain(|item| {
                place += 1;
                place <= on_all || is_own(item)
            });
        }
        (on_all, part.unwrap_or_default())
    }

    /// Says what becomes of accepted records; gives their place in the gate, if there is one and they count. `items` are
    /// the charges on them.
    fn tally(
        &mut self,
        row: &Row<'_>,
        direction: Option<Direction>,
        judgement: &Judgement,
        items: &mut Vec<Item>,
        charged: Option<(usize, Part)>,
    ) -> Option<u32> {
        let counts = judgement.class == Class::Counted;
        let sums = &row.fact.counted;
        let bytes = if counts { judgement.part.bytes } else { sums.bytes };
        let rest = sums.bytes - bytes;
        self.counted.account[judgement.rest].bytes += rest;
        let pending = Pending {
            class: Some(judgement.class),
            tally: Tally { records: records(sums.flows), bytes },
            is_undirected: counts && direction.is_none(),
            is_boundary: rest > 0,
            is_accelerated: counts && [row.src, row.dst].into_iter().any(|end| end.info.is_accelerator()),
        };
        let Some(gate) = self.gate.as_mut().filter(|_| counts) else {
            self.counted.add(&pending, true);
            return None;
        };
        let on_transfer = items.len();
        // What its NAT gateway's own records are charged for is on the traffic too.
        if charged.is_some_and(|(on_all, _)| on_all == on_transfer) && gate.asks_charges() {
            at_its_nat(self.traffic, row, items);
        }
        let place = gate.traffic(row, items, &mut self.texts);
        gate.decides(place, pending);
        items.truncate(on_transfer);
        Some(place)
    }

    /// Writes what a NAT gateway's own records are charged for.
    fn charge_gateway(&mut self, row: &Row<'_>, direction: Option<Direction>, items: &mut Vec<Item>) {
        let Traffic { resolver, index, .. } = self.traffic;
        let own = row.vantage.interface.map(|place| (place, &resolver.estate.interfaces[place as usize]));
        if let Some((place, _)) = own.filter(|(_, own)| own.role == Role::GatewayLoadBalancerEndpoint) {
            return self.charge_gwlb_endpoint(row, place, direction, items);
        }
        let Some((place, own)) = own.filter(|(_, own)| own.is_nat()) else { return };
        let Some(client) = client(own, row.fact, direction, row.ends) else { return };
        // Without packet addresses the outside is not in the record: a logged client's own flows are charged instead.
        let is_leg = own.is_client_leg(row.fact);
        if is_leg && resolver.is_logged(client, row.fact.moment()) {
            return;
        }
        let sighting = Sighting { vantage: row.vantage, fact: row.fact, direction, ends: row.ends };
        let part = resolver.charged(index, &sighting, row.passthrough);
        if !part.counts {
            return;
        }
        let forward = client == row.ends.src;
        let info = if forward { &row.src.info } else { &row.dst.info };
        items.clear();
        charges::of_nat(resolver, place, client, info, forward, items);
        let sides = Sides { ends: row.ends, src: &row.src.info, dst: &row.dst.info };
        let route = sides.at_hop(resolver, place);
        self.charge(&Row { route: Some(route), bytes: part.bytes, packets: part.packets, ..*row }, items);
    }

    /// Writes what an endpoint of a gateway load balancer is charged for: what arrives at it, of both directions. Each
    /// packet is in its records a second time when it is sent on.
    fn charge_gwlb_endpoint(&mut self, row: &Row<'_>, place: u32, direction: Option<Direction>, items: &mut Vec<Item>) {
        let Traffic { resolver, index, .. } = self.traffic;
        let sighting = Sighting { vantage: row.vantage, fact: row.fact, direction, ends: row.ends };
        let part = resolver.charged(index, &sighting, row.passthrough);
        if !part.counts {
            return;
        }
        match direction.filter(|_| !GUESSED_DIRECTIONS.contains(&row.direction_rule)) {
            None => {
                self.counted.unmetered.records += records(row.fact.counted.flows);
                self.counted.unmetered.bytes += part.bytes;
            }
            Some(Direction::Egress) => {}
            Some(Direction::Ingress) => {
                let sides = Sides { ends: row.ends, src: &row.src.info, dst: &row.dst.info };
                items.clear();
                items.push(charges::of_gwlb_endpoint(resolver, &sides, place));
                let route = sides.by_places(resolver, index);
                self.charge(&Row { route: Some(route), bytes: part.bytes, packets: part.packets, ..*row }, items);
            }
        }
    }

    fn charge(&mut self, row: &Row<'_>, items: &[Item]) {
        for item in items {
            self.write_gated(&Row { item: Some(item), ..*row }, |wanted| wanted.charges);
        }
    }

    /// The route of counted traffic, if any output needs it.
    fn route(&self, row: &Row<'_>, direction: Option<Direction>) -> Option<Route> {
        if !self.needs_route {
            return None;
        }
        let Traffic { resolver, index, .. } = self.traffic;
        let sides = Sides { ends: row.ends, src: &row.src.info, dst: &row.dst.info };
        let hop = row.vantage.interface.filter(|place| resolver.estate.interfaces[*place as usize].is_hop());
        let route = match (hop, direction) {
            (Some(hop), _) => sides.at_hop(resolver, hop),
            (None, Some(Direction::Egress)) => sides.egress(resolver, index, row.vantage),
            (None, _) => index.way_back(row.ends, row.fact.hour).unwrap_or_else(|| sides.by_places(resolver, index)),
        };
        let guessed = row.direction_rule == GUESSED_DIRECTIONS[0] && route.assumed.is_none();
        Some(if guessed { Route { assumed: Some(assumption::DIRECTION), ..route } } else { route })
    }

    /// Writes a row that is decided by its own columns.
    fn write_gated(&mut self, row: &Row<'_>, asks: impl Fn(&Wanted) -> bool) {
        let gated = self.gate.as_mut().map(|gate| gate.row(row, &mut self.texts));
        self.write(row, false, gated, asks);
    }

    /// Writes a row, with its place in the gate if there is one, to the outputs that ask for such.
    fn write(&mut self, row: &Row<'_>, rejected: bool, gated: Option<u32>, asks: impl Fn(&Wanted) -> bool) {
        for output in self.outputs.iter_mut().filter(|output| asks(output.wanted)) {
            let gated = gated.filter(|_| !output.wanted.unfiltered);
            output.write(row, rejected, gated, &mut self.texts);
        }
    }
}

/// Rules that tell a direction by where addresses are, which says nothing of an interface between them.
const GUESSED_DIRECTIONS: [&str; 2] = ["by private and public addresses", "by the estate's networks"];

/// Adds what counted traffic is charged for at the NAT gateway that it went through, if it is known which.
fn at_its_nat(traffic: &Traffic<'_>, row: &Row<'_>, items: &mut Vec<Item>) {
    let Some(place) = row.route.filter(|route| route.via.has(Via::NAT)).and_then(|route| route.nat) else { return };
    let forward = Sides { ends: row.ends, src: &row.src.info, dst: &row.dst.info }.is_forward();
    let (client, info) = if forward { (row.ends.src, &row.src.info) } else { (row.ends.dst, &row.dst.info) };
    charges::of_nat(&traffic.resolver, place, client, info, forward, items);
}

fn records(flows: u128) -> u64 {
    u64::try_from(flows).unwrap_or(u64::MAX)
}
